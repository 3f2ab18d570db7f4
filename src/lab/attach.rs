//! Joining a running sandbox with a command, from another terminal.
//!
//! Again two processes (`follow.rs`): this one gets into the sandbox's user namespace, and its child, born into the
//! process namespace, into the mounts and the network, and becomes the command. Whatever may go wrong in a sandbox of
//! another user's making goes wrong with that user's rights: root becomes that user before it joins.
#![allow(unsafe_code)]

use std::convert::Infallible;
use std::ffi::OsString;
use std::os::fd::{AsFd, OwnedFd};
use std::os::unix::net::UnixStream;
use std::path::Path;
use std::process::exit;

use nix::errno::Errno;
use nix::sys::signal::{SigSet, SigmaskHow, Signal, pthread_sigmask};
use nix::unistd::{
    ForkResult, Gid, Uid, User, fork, getegid, geteuid, setgroups, setresgid, setresuid,
};

use crate::kernel::error::Error;
use crate::kernel::{netns, process, program};

use super::failure::{Failure, Outcome};
use super::follow::{self, End};
use super::sandbox::die_with_parent;
use super::sandboxes::{SEE_LIST, Sandbox, is_still};
use super::supervise::end_by;

/// What a shell ends with when there is no such program, and when there is one that can't be run.
const NOT_FOUND: i32 = 127;
const NOT_RUN: i32 = 126;

/// What to do in a sandbox.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Work {
    /// In which of its network namespaces; None is its home.
    pub netns: Option<String>,
    /// The command and its arguments; empty is the user's shell.
    pub command: Vec<OsString>,
}

/// Joins the sandbox, does the work, and ends as the command ends. Returns only if it comes to nothing.
///
/// The process must have a single thread. `complain` tells the user of what went wrong once the child is on its way.
pub fn attach(sandbox: &Sandbox, work: &Work, complain: &dyn Fn(&Failure)) -> Box<Failure> {
    match join(sandbox, work, complain) {
        Ok(never) => match never {},
        Err(failure) => failure,
    }
}

fn join(sandbox: &Sandbox, work: &Work, complain: &dyn Fn(&Failure)) -> Outcome<Infallible> {
    if let Some(name) = &work.netns {
        well_named(name)?;
    }
    let folder = std::env::current_dir().ok();
    let first = open(sandbox)?;
    enter(sandbox, &first)?;
    let trouble = |words: &str, errno: Errno| {
        let error = Error::from_errno(errno);
        Failure::new(format!("cannot {words}: {error}"))
    };
    program::hear_of_children().map_err(|error| Failure::new(error.to_string()))?;
    let (watch, former) = follow::watch().map_err(|errno| trouble("watch for signals", errno))?;
    let (to_child, to_parent) = UnixStream::pair()
        .map_err(|error| Failure::new(format!("cannot make a socket pair: {error}")))?;
    // SAFETY: the process has one thread, so no lock can be held by another one across the fork.
    match unsafe { fork() } {
        Ok(ForkResult::Child) => {
            drop(to_child);
            die_with_parent(&to_parent);
            let failure = become_command(&first, work, folder.as_deref(), &former, complain);
            complain(&failure.0);
            exit(failure.1)
        }
        Ok(ForkResult::Parent { child }) => {
            drop(to_parent);
            let end = follow::until_end(child, &watch);
            drop(to_child);
            finish(end, || process::is_ending(sandbox.inner, &first))
        }
        Err(_) if process::is_ending(sandbox.inner, &first) => Err(over()),
        Err(errno) => Err(trouble("start a process", errno)),
    }
}

fn finish(end: End, is_over: impl Fn() -> bool) -> Outcome<Infallible> {
    match end {
        End::Exited(status) => exit(status),
        // The last act of a sandbox is to kill what is in it.
        End::Killed(Signal::SIGKILL) if is_over() => Err(over()),
        End::Killed(signal) => end_by(signal),
    }
}

fn over() -> Box<Failure> {
    Failure::new("the sandbox has ended")
}

fn well_named(name: &str) -> Outcome<()> {
    match netns::name_fault(name) {
        Some(fault) => Err(Failure::new(format!(
            "no network namespace is called {name:?}: {fault}"
        ))),
        None => Ok(()),
    }
}

/// A descriptor of the sandbox's first process. From here on its number can't fool.
fn open(sandbox: &Sandbox) -> Outcome<OwnedFd> {
    let first = process::open(sandbox.inner).map_err(|error| match error.errno() {
        Some(Errno::ESRCH) => over(),
        _ => not_joined(sandbox, error.errno().unwrap_or(Errno::UnknownErrno)),
    })?;
    let same = is_still(sandbox);
    if !same || process::has_ended(&first) {
        return Err(over().hint(SEE_LIST));
    }
    Ok(first)
}

/// Gets this process into the sandbox's user namespace, where it has one of its own, and its children into the process
/// namespace.
fn enter(sandbox: &Sandbox, first: &OwnedFd) -> Outcome<()> {
    let users = process::namespace(sandbox.inner, "user")
        .ok_or_else(|| not_joined(sandbox, Errno::EPERM))?;
    let own_users = Some(users) != process::own_namespace("user");
    if own_users {
        become_user(Uid::from_raw(sandbox.uid), Gid::from_raw(sandbox.gid))
            .map_err(|errno| not_joined(sandbox, errno))?;
    }
    netns::join_processes(first, own_users).map_err(|errno| not_joined(sandbox, errno))?;
    if own_users && getegid().as_raw() != 0 {
        // The user is in another group than when the sandbox was made (newgrp(1)): the one that it has a name for.
        let root = Gid::from_raw(0);
        setresgid(root, root, root).map_err(|errno| not_joined(sandbox, errno))?;
    }
    Ok(())
}

/// The owner of a user namespace has all power in it. Root could enter it as it is, but would then be nobody there, and still
/// have its power over root's files.
fn become_user(uid: Uid, gid: Gid) -> nix::Result<()> {
    if uid == geteuid() {
        return Ok(());
    }
    setgroups(&[])?;
    setresgid(gid, gid, gid)?;
    setresuid(uid, uid, uid)
}

fn not_joined(sandbox: &Sandbox, errno: Errno) -> Box<Failure> {
    let pid = sandbox.outer;
    match errno {
        Errno::ESRCH => over(),
        Errno::ENOSYS | Errno::EINVAL => Failure::new(format!(
            "this kernel can't join the sandbox of process {pid}: that takes Linux 5.8"
        )),
        Errno::EPERM | Errno::EACCES if Uid::from_raw(sandbox.uid) != geteuid() => {
            let owner = user_name(sandbox.uid);
            let others = if sandbox.uid == 0 { "" } else { " or root" };
            Failure::new(format!(
                "the sandbox of process {pid} is that of the user {owner}"
            ))
            .hint(format!("join it as {owner}{others}"))
        }
        _ => Failure::new(format!(
            "cannot join the sandbox of process {pid}: {}",
            Error::from_errno(errno)
        )),
    }
}

/// What a user is called, or the number where there is no name.
pub fn user_name(uid: u32) -> String {
    let known = User::from_uid(Uid::from_raw(uid)).ok().flatten();
    known.map_or_else(|| uid.to_string(), |user| user.name)
}

/// The child: goes where the work is to be done and becomes the command. What comes back is why not, and the exit status.
fn become_command(
    first: &OwnedFd,
    work: &Work,
    folder: Option<&Path>,
    former: &SigSet,
    complain: &dyn Fn(&Failure),
) -> (Box<Failure>, i32) {
    let place = || {
        netns::join_surroundings(first.as_fd()).map_err(|errno| match errno {
            Errno::ESRCH => over(),
            _ => Failure::new(format!("cannot join: {}", Error::from_errno(errno))),
        })?;
        work.netns.as_deref().map_or(Ok(()), enter_netns)
    };
    if let Err(failure) = place() {
        return (failure, 1);
    }
    go_to(folder, complain);
    let (command, arguments) = match work.command.split_first() {
        Some((command, arguments)) => (command.clone(), arguments),
        None => (shell(), [].as_slice()),
    };
    let _ = pthread_sigmask(SigmaskHow::SIG_SETMASK, Some(former), None);
    let error = program::become_program(&command, arguments);
    let name = command.to_string_lossy();
    match error.errno() {
        Some(Errno::ENOENT) => (
            Failure::new(format!("cannot run {name}: there is no such program")),
            NOT_FOUND,
        ),
        _ => (Failure::new(format!("cannot run {name}: {error}")), NOT_RUN),
    }
}

fn shell() -> OsString {
    let wanted = std::env::var_os("SHELL").filter(|shell| !shell.is_empty());
    wanted.unwrap_or_else(|| "/bin/sh".into())
}

/// One of the sandbox's named namespaces, with the /sys that belongs to it.
fn enter_netns(name: &str) -> Outcome<()> {
    netns::join(&netns::named_path(name)).map_err(|error| match error.errno() {
        Some(Errno::ENOENT | Errno::EINVAL) => {
            let failure = Failure::new(format!("the sandbox has no network namespace {name}"));
            match netns::names().unwrap_or_default() {
                names if names.is_empty() => failure.hint("it has none with a name"),
                names => failure.hint(format!("those that it has are: {}", names.join(", "))),
            }
        }
        _ => Failure::new(format!(
            "cannot enter the network namespace {name}: {error}"
        )),
    })?;
    netns::own_sysfs();
    Ok(())
}

/// The folder where the user is, if the sandbox has it too.
fn go_to(folder: Option<&Path>, complain: &dyn Fn(&Failure)) {
    let words = match folder.map(|folder| (folder, std::env::set_current_dir(folder))) {
        Some((_, Ok(()))) => return,
        Some((folder, Err(error))) => format!(
            "{} can't be entered in the sandbox: {}",
            folder.display(),
            Error::from(error).kernel_words()
        ),
        None => "this folder is gone".into(),
    };
    // The root of the file system: there since the mounts were joined.
    complain(&Failure::new(format!("working in /, for {words}")));
}
