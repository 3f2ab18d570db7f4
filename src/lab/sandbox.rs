//! The sandbox: netsh in fresh user, mount, network and process namespaces, so that nothing of the host's network can be
//! seen or changed, no privilege is needed, and nothing stays behind, `kill -9` included.
//!
//! Two processes: the one that the user started keeps only the terminal's business (`supervise.rs`); its child is the
//! init of the process namespace and does the work. When the first dies the kernel kills the second (PR_SET_PDEATHSIG),
//! and when an init dies the kernel kills everything in its namespace (pid_namespaces(7)).
//!
//! The order matters: user namespaces can't be entered once there are threads, uid_map has to be written before anything
//! else needs power, and /proc can only be mounted from inside the new process namespace.
#![allow(unsafe_code)]

use std::fs;
use std::io::{self, Read, Write};
use std::os::fd::{AsFd, AsRawFd};
use std::os::unix::fs::symlink;
use std::os::unix::net::UnixStream;
use std::path::Path;
use std::process::exit;
use std::sync::OnceLock;

use nix::errno::Errno;
use nix::mount::{MsFlags, mount};
use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
use nix::sys::prctl;
use nix::sys::signal::{SigSet, SigmaskHow, Signal, kill, pthread_sigmask};
use nix::unistd::{ForkResult, Gid, Pid, Uid, fork, getegid, geteuid, tcgetpgrp};

use crate::kernel::error::errno_words;
use crate::kernel::ioctl;
use crate::kernel::netns::{self, NAMED};

use super::supervise;

/// Why there is no sandbox to be had, and the ways out.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NoSandbox {
    /// What stands in the way.
    pub cause: String,
    /// What can be done.
    pub ways_out: Vec<String>,
}

/// The child's end of the line to its parent.
static PARENT: OnceLock<UnixStream> = OnceLock::new();

/// Enters the sandbox. Returns in the child, which is then process 1 of it; the parent stays in here and ends with the
/// child's exit status.
///
/// The process must have a single thread. Signals that the child is to handle must have their handlers already: the
/// init of a process namespace does not get signals for which it has none.
pub fn enter() -> Result<(), NoSandbox> {
    let (uid, gid) = (geteuid(), getegid());
    let own_users = match netns::isolate(true) {
        Ok(()) => true,
        Err(first) => {
            netns::isolate(false).map_err(|_| refused(uid, first))?;
            false
        }
    };
    if own_users {
        become_root(uid, gid).map_err(|error| powerless("write /proc/self/uid_map", &error))?;
    }
    let (to_child, to_parent) =
        UnixStream::pair().map_err(|error| no_process("make a socket pair", &error))?;
    let (signals, former) =
        supervise::watch().map_err(|errno| no_process("block signals", &errno.into()))?;
    // SAFETY: the process has one thread, so no lock can be held by another one across the fork.
    match unsafe { fork() }.map_err(|errno| no_process("fork", &errno.into()))? {
        ForkResult::Parent { child } => {
            drop(to_parent);
            supervise::until_end(child, &signals, to_child)
        }
        ForkResult::Child => {
            drop(to_child);
            die_with_parent(&to_parent);
            let _ = PARENT.set(to_parent);
            let _ = pthread_sigmask(SigmaskHow::SIG_SETMASK, Some(&former), None);
            furnish().map_err(|(step, error)| powerless(step, &error))
        }
    }
}

/// Gives the terminal back to netsh after a program in the sandbox (an interactive shell) took it.
///
/// Such a shell makes its own process group the foreground one, and at its end names the group that was there before.
/// That group was made outside, so in here it has no number to be named by; only the parent can do it.
pub fn take_terminal_back() {
    let Some(mut parent) = PARENT.get() else {
        return;
    };
    // A group outside the sandbox is shown as 0: then the terminal was not taken, or is not ours at all.
    let taken = fs::File::open("/dev/tty")
        .is_ok_and(|tty| tcgetpgrp(tty).is_ok_and(|group| group.as_raw() > 0));
    if taken && parent.write_all(&[0]).is_ok() {
        let _ = parent.read_exact(&mut [0]);
    }
}

/// Stops all of netsh, as Ctrl-Z stops any program that does not read keys itself. Returns when it goes on.
///
/// In a sandbox this process is an init and deaf to the signal: its parent hears it, stops it from outside, and continues
/// it in any case. That comes when it comes, so it is waited for.
pub fn stop() {
    let mut continued = SigSet::empty();
    continued.add(Signal::SIGCONT);
    let mut former = SigSet::empty();
    if pthread_sigmask(SigmaskHow::SIG_BLOCK, Some(&continued), Some(&mut former)).is_err() {
        return;
    }
    let told = kill(Pid::from_raw(0), Signal::SIGTSTP);
    if told.is_ok() && PARENT.get().is_some() {
        let _ = continued.wait();
    }
    let _ = pthread_sigmask(SigmaskHow::SIG_SETMASK, Some(&former), None);
}

/// Maps the user who started netsh to root of the new user namespace (user_namespaces(7)).
fn become_root(uid: Uid, gid: Gid) -> io::Result<()> {
    fs::write("/proc/self/uid_map", format!("0 {uid} 1\n"))?;
    // Without privilege a gid_map is accepted only after setgroups(2) was given up.
    fs::write("/proc/self/setgroups", "deny")?;
    fs::write("/proc/self/gid_map", format!("0 {gid} 1\n"))
}

/// Asks to be killed with the parent, and looks whether it is already gone: getppid() can't tell, for it is 0 across
/// process namespaces, but the parent holds the other end of the line.
pub(super) fn die_with_parent(line: &UnixStream) {
    let asked = prctl::set_pdeathsig(Signal::SIGKILL);
    let mut watched = [PollFd::new(line.as_fd(), PollFlags::POLLIN)];
    let hung_up = poll(&mut watched, PollTimeout::ZERO) != Ok(0);
    if asked.is_err() || hung_up {
        exit(1);
    }
}

/// The child's own /proc, /sys, /run/netns and loopback link.
fn furnish() -> Result<(), (&'static str, io::Error)> {
    let none = None::<&str>;
    let private = MsFlags::MS_REC | MsFlags::MS_PRIVATE;
    mount(none, "/", none, private, none)
        .map_err(|errno| ("make the mounts private", errno.into()))?;
    // Containers that hide parts of /proc or /sys forbid fresh ones. Then netsh works with those that are there: its
    // own entry and /proc/sys/net are right in any of them.
    let hidden = MsFlags::MS_NOSUID | MsFlags::MS_NODEV | MsFlags::MS_NOEXEC;
    let _ = mount(Some("proc"), "/proc", Some("proc"), hidden, none);
    if mount(Some("sysfs"), "/sys", Some("sysfs"), hidden, none).is_err() {
        hide_links_of_host(hidden);
    }
    name_namespaces().map_err(|error| ("make a /run/netns of its own", error))?;
    ioctl::bring_up("lo").map_err(|errno| ("bring up the loopback link", errno.into()))?;
    // Unprivileged ICMP sockets are off in a new namespace; group 0 is everyone in here.
    let _ = fs::write("/proc/sys/net/ipv4/ping_group_range", "0 0");
    Ok(())
}

/// Where /sys stays the one that there was: nothing to be seen of links is better than the links of another namespace.
fn hide_links_of_host(flags: MsFlags) {
    for place in ["/sys/class/net", "/sys/devices/virtual/net"] {
        let _ = mount(
            Some("netsh"),
            place,
            Some("tmpfs"),
            flags | MsFlags::MS_RDONLY,
            Some("mode=0555"),
        );
    }
}

/// An empty /run/netns. Where the host has none, making the directory would leave it behind: then /run becomes a
/// tmpfs in which everything that was there is mounted again.
fn name_namespaces() -> io::Result<()> {
    let hidden = MsFlags::MS_NOSUID | MsFlags::MS_NODEV | MsFlags::MS_NOEXEC;
    let tmpfs = |path: &str| {
        mount(
            Some("netsh"),
            path,
            Some("tmpfs"),
            hidden,
            Some("mode=0755"),
        )
    };
    if Path::new(NAMED).is_dir() {
        return Ok(tmpfs(NAMED)?);
    }
    let run = Path::new("/run");
    let former = fs::File::open(run)?;
    let entries: Vec<_> = fs::read_dir(run)?.collect::<io::Result<_>>()?;
    tmpfs("/run")?;
    for entry in entries {
        let source = format!("/proc/self/fd/{}", former.as_raw_fd());
        let source = Path::new(&source).join(entry.file_name());
        // What can't be shown again (it vanished meanwhile, say) is only missing in here.
        let _ = show_again(&source, &run.join(entry.file_name()), entry.file_type()?);
    }
    fs::create_dir(NAMED)
}

fn show_again(source: &Path, target: &Path, kind: fs::FileType) -> io::Result<()> {
    if kind.is_symlink() {
        return symlink(fs::read_link(source)?, target);
    }
    if kind.is_dir() {
        fs::create_dir(target)?;
    } else {
        fs::File::create(target)?;
    }
    let none = None::<&str>;
    let again = MsFlags::MS_BIND | MsFlags::MS_REC;
    Ok(mount(Some(source), target, none, again, none)?)
}

/// No second process, or no line to it. (A limit on processes, most likely: RLIMIT_NPROC, a control group's pids.max.)
fn no_process(step: &str, error: &io::Error) -> NoSandbox {
    NoSandbox {
        cause: format!("cannot {step}: {error}"),
        ways_out: vec![
            "raise the limit on processes or files (ulimit -u, ulimit -n), or end some".into(),
        ],
    }
}

/// The namespaces were not to be had.
fn refused(uid: Uid, errno: Errno) -> NoSandbox {
    let setting = |name: &str| {
        fs::read_to_string(format!("/proc/sys/{name}"))
            .map(|value| value.trim().to_string())
            .ok()
    };
    let by_sysctl = |name: &str, wanted: &str| NoSandbox {
        cause: format!(
            "user namespaces are switched off on this machine ({} is {})",
            name.replace('/', "."),
            setting(name).unwrap_or_default()
        ),
        ways_out: vec![
            format!(
                "have root switch them on: sysctl -w {}={wanted}",
                name.replace('/', ".")
            ),
            "run netsh as root".into(),
        ],
    };
    if setting("user/max_user_namespaces").as_deref() == Some("0") {
        return by_sysctl("user/max_user_namespaces", "10000");
    }
    if setting("kernel/unprivileged_userns_clone").as_deref() == Some("0") {
        return by_sysctl("kernel/unprivileged_userns_clone", "1");
    }
    let words = format!("{} ({errno:?})", errno_words(errno));
    match errno {
        Errno::ENOSPC => NoSandbox {
            cause: format!("the limit on user or network namespaces is reached: {words}"),
            ways_out: vec![
                "end what holds them, or raise user.max_user_namespaces and user.max_net_namespaces".into(),
            ],
        },
        Errno::EPERM | Errno::EACCES => NoSandbox {
            cause: format!(
                "the kernel refuses new namespaces to this process (user {uid}): {words}; in a container, its seccomp profile or its missing CAP_SYS_ADMIN is the usual reason"
            ),
            ways_out: container_ways_out(),
        },
        _ => NoSandbox {
            cause: format!("the kernel refuses new namespaces: {words}"),
            ways_out: vec![host_way_out()],
        },
    }
}

/// The namespaces were made, and then gave no power over them.
fn powerless(step: &str, error: &io::Error) -> NoSandbox {
    const APPARMOR: &str = "/proc/sys/kernel/apparmor_restrict_unprivileged_userns";
    let restricted = fs::read_to_string(APPARMOR).is_ok_and(|value| value.trim() == "1");
    if restricted {
        return NoSandbox {
            cause: format!(
                "AppArmor lets an ordinary user make a user namespace, but gives no power in it (kernel.apparmor_restrict_unprivileged_userns is 1): cannot {step}: {error}"
            ),
            ways_out: vec![
                "have root allow them: sysctl -w kernel.apparmor_restrict_unprivileged_userns=0"
                    .into(),
                "have root write an AppArmor profile for netsh with the line `userns,`".into(),
                "run netsh as root".into(),
            ],
        };
    }
    NoSandbox {
        cause: format!("the new namespaces give no power over them: cannot {step}: {error}"),
        ways_out: container_ways_out(),
    }
}

fn container_ways_out() -> Vec<String> {
    vec![
        "start the container with --privileged, or with --cap-add SYS_ADMIN --cap-add NET_ADMIN --security-opt seccomp=unconfined".into(),
        host_way_out(),
    ]
}

fn host_way_out() -> String {
    "with CAP_NET_ADMIN, work in the network namespace that there is: netsh --host".into()
}
