//! Where the sandbox can't be had, netsh says why and what to do; where only parts of it can, it works with the rest. The
//! surroundings are made by unshare(1) and a shell, which then becomes netsh.
#![allow(unsafe_code)]

use std::os::unix::process::CommandExt;
use std::process::{Command, Stdio};

use libtest_mimic::{Failed, Trial};
use nix::libc;

use crate::support::{
    Need, Ran, User, Verdict, become_user, binary, has, netsh, same, search_path, test,
};

/// The tests of this file.
pub fn trials() -> Vec<Trial> {
    const UNSHARE: &[Need] = &[Need::Program("unshare")];
    const SETPRIV: &[Need] = &[Need::Program("unshare"), Need::Program("setpriv")];
    [
        test(
            "refusals: user namespaces switched off",
            SETPRIV,
            switched_off,
        ),
        test(
            "refusals: root without user namespaces works",
            UNSHARE,
            root_alone,
        ),
        test("refusals: a limit on namespaces", UNSHARE, limit),
        test("refusals: a seccomp profile", &[], seccomp),
        test(
            "refusals: a seccomp profile with ENOSYS",
            &[],
            seccomp_unknown,
        ),
        test("refusals: no /run/netns", UNSHARE, no_run_netns),
        test("refusals: an empty /run", UNSHARE, empty_run),
        test("refusals: a masked /proc and /sys", UNSHARE, masked),
        test("refusals: a read-only /proc/sys", UNSHARE, read_only),
    ]
    .into_iter()
    .flatten()
    .collect()
}

/// Runs `netsh -e CODE` at the end of `setup`, a shell script in which `"$@"` is just that, in new namespaces.
fn surrounded(user: User, namespaces: &[&str], setup: &str, code: &str) -> Result<Ran, Failed> {
    let mut command = Command::new("unshare");
    command
        .args(["--user", "--map-root-user"])
        .args(namespaces)
        .args(["sh", "-c", setup, "setup"])
        .arg(binary())
        .args(["-e", code])
        .env("PATH", search_path())
        .env("LC_ALL", "C.UTF-8")
        .stdin(Stdio::null());
    become_user(&mut command, user);
    Ok(command.output()?.into())
}

/// A network that works, seen through netsh and through /proc.
const WORKS: &str = r#"
    veth_add("a", "b", #{ up: true });
    netns_add("h1").veth_add("c", "d");
    print(link_list().len());
    sh("grep -c : /proc/net/dev; id -u; ls /run/netns");
"#;
const WORKED: &str = "3\n3\n0\nh1\n";

fn switched_off(user: User) -> Verdict {
    let setup = "echo 0 > /proc/sys/user/max_user_namespaces
        exec setpriv --bounding-set=-all --inh-caps=-all \"$@\"";
    let ran = surrounded(user, &[], setup, "print(1)")?;
    same(ran.status, Some(1))?;
    same(ran.stdout.as_str(), "")?;
    has(&ran.stderr, "user.max_user_namespaces is 0")?;
    has(&ran.stderr, "sysctl -w user.max_user_namespaces=")?;
    has(&ran.stderr, "run netsh as root")
}

fn root_alone(user: User) -> Verdict {
    let setup = "echo 0 > /proc/sys/user/max_user_namespaces; exec \"$@\"";
    same(surrounded(user, &[], setup, WORKS)?.ok()?.as_str(), WORKED)
}

fn limit(user: User) -> Verdict {
    for kind in ["net", "pid", "mnt"] {
        let setup = format!("echo 0 > /proc/sys/user/max_{kind}_namespaces; exec \"$@\"");
        let ran = surrounded(user, &[], &setup, "print(1)")?;
        same(ran.status, Some(1))?;
        has(&ran.stderr, "limit on user or network namespaces")?;
        has(&ran.stderr, "ENOSPC")?;
    }
    Ok(())
}

fn seccomp(user: User) -> Verdict {
    let ran = without_unshare(user, libc::EPERM)?;
    same(ran.status, Some(1))?;
    has(&ran.stderr, "there is no sandbox to be had")?;
    has(&ran.stderr, "seccomp")?;
    has(&ran.stderr, "EPERM")?;
    has(&ran.stderr, "--security-opt seccomp=unconfined")?;
    has(&ran.stderr, "netsh --host")
}

fn seccomp_unknown(user: User) -> Verdict {
    let ran = without_unshare(user, libc::ENOSYS)?;
    same(ran.status, Some(1))?;
    has(&ran.stderr, "there is no sandbox to be had")?;
    has(&ran.stderr, "ENOSYS")?;
    has(&ran.stderr, "netsh --host")
}

/// netsh under a filter that answers unshare(2) with `errno` (seccomp(2)).
fn without_unshare(user: User, errno: i32) -> Result<Ran, Failed> {
    let number = u32::try_from(libc::SYS_unshare)?;
    let refusal = libc::SECCOMP_RET_ERRNO | u32::try_from(errno)?;
    let mut command = netsh(user);
    command.args(["-e", "print(1)"]);
    // SAFETY: only system calls between fork and exec; the filter lives on the stack until it was copied by the kernel.
    unsafe {
        command.pre_exec(move || {
            // The number of the call is the first word of struct seccomp_data.
            let mut filter = [
                libc::BPF_STMT((libc::BPF_LD | libc::BPF_W | libc::BPF_ABS) as u16, 0),
                libc::BPF_JUMP(
                    (libc::BPF_JMP | libc::BPF_JEQ | libc::BPF_K) as u16,
                    number,
                    0,
                    1,
                ),
                libc::BPF_STMT((libc::BPF_RET | libc::BPF_K) as u16, refusal),
                libc::BPF_STMT(
                    (libc::BPF_RET | libc::BPF_K) as u16,
                    libc::SECCOMP_RET_ALLOW,
                ),
            ];
            let program = libc::sock_fprog {
                len: filter.len() as u16,
                filter: filter.as_mut_ptr(),
            };
            nix::sys::prctl::set_no_new_privs()?;
            let mode = libc::SECCOMP_MODE_FILTER;
            nix::errno::Errno::result(libc::prctl(libc::PR_SET_SECCOMP, mode, &program))?;
            Ok(())
        });
    }
    Ok(command.output()?.into())
}

/// A /run with this and that in it, but no place for namespaces. (mount(8) keeps its notes in /run/mount.)
fn no_run_netns(user: User) -> Verdict {
    let setup = "mount -t tmpfs outside /run && echo kept > /run/file && mkdir -p /run/folder/below /run/mounted /run/mount
        ln -s file /run/link && ln -s nowhere /run/dangling && mkfifo /run/fifo
        mount -t tmpfs inner /run/mounted && echo deep > /run/mounted/file
        \"$@\" && ls /run";
    let code = r#"
        netns_add("h1");
        sh("ls -F /run; ls /run/netns /run/folder; cat /run/file /run/link /run/mounted/file; readlink /run/dangling");
    "#;
    let outside = "dangling\nfifo\nfile\nfolder\nlink\nmount\nmounted\n";
    let inside = "dangling@\nfifo|\nfile\nfolder/\nlink@\nmount/\nmounted/\nnetns/\n\
        /run/folder:\nbelow\n\n/run/netns:\nh1\nkept\nkept\ndeep\nnowhere\n";
    let ran = surrounded(user, &["--mount"], setup, code)?.ok()?;
    same(ran, format!("{inside}{outside}"))
}

fn empty_run(user: User) -> Verdict {
    let setup = "mount -t tmpfs outside /run; \"$@\"; ls -a /run";
    let ran = surrounded(user, &["--mount"], setup, WORKS)?.ok()?;
    same(ran, format!("{WORKED}.\n..\n"))
}

/// Something is mounted over parts of /proc and /sys, as container engines do: the kernel then refuses fresh ones.
const MASKED: &str = "mount -t tmpfs mask /proc/bus && mount -t tmpfs mask /sys/kernel && ";

fn masked(user: User) -> Verdict {
    let setup = format!("{MASKED} exec \"$@\"");
    let namespaces = ["--mount", "--pid", "--fork", "--mount-proc"];
    let ran = surrounded(user, &namespaces, &setup, WORKS)?.ok()?;
    same(ran.as_str(), WORKED)?;
    // A number for each of the process namespaces from that of this /proc on: it is the former one.
    let code = r#"sh("sed -n s/NSpid:.//p /proc/self/status | wc -w; ls /sys/class/net /sys/devices/virtual/net");
        netns_add("h1").sh("ls /sys/class/net")"#;
    let ran = surrounded(user, &namespaces, &setup, code)?.ok()?;
    same(
        ran.as_str(),
        "2\n/sys/class/net:\n\n/sys/devices/virtual/net:\n",
    )
}

fn read_only(user: User) -> Verdict {
    let setup = format!(
        "{MASKED} mount --bind /proc/sys /proc/sys && mount -o remount,bind,ro /proc/sys && exec \"$@\""
    );
    let namespaces = ["--mount", "--pid", "--fork", "--mount-proc"];
    let ran = surrounded(user, &namespaces, &setup, WORKS)?.ok()?;
    same(ran.as_str(), WORKED)?;
    let code = "sysctl_set(\"net.ipv4.ip_forward\", 1)";
    let ran = surrounded(user, &namespaces, &setup, code)?;
    same(ran.status, Some(1))?;
    has(&ran.stderr, "EROFS")?;
    has(&ran.stderr, "container")
}
