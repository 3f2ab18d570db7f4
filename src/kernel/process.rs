//! Processes as /proc shows them (proc(5)), and descriptors that stand for them (pidfd_open(2)).
//!
//! A process's number may be another one's by the time that it is used. A descriptor can't: open it first, look at /proc
//! then, and see that the process still lives.
#![allow(unsafe_code)]

use std::fs;
use std::os::fd::{AsFd, FromRawFd, OwnedFd};
use std::os::unix::fs::MetadataExt;
use std::time::Duration;

use nix::errno::Errno;
use nix::libc;
use nix::poll::{PollFd, PollFlags, PollTimeout, poll};

use super::error::{Error, Result};
use super::netns::Identity;

/// The unit of times in /proc/PID/stat: USER_HZ, which is 100 for every architecture that Rust knows.
const TICKS_PER_SECOND: u64 = 100;

/// `PF_EXITING` of linux/sched.h, as the flags in /proc/PID/stat have it.
const EXITING: u64 = 0x4;

/// What /proc/PID/status says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Status {
    /// The first 15 bytes of the program's name.
    pub name: String,
    /// The number of its parent; 0 if that is in another process namespace.
    pub parent: i32,
    /// Its effective user.
    pub uid: u32,
    /// Its effective group.
    pub gid: u32,
    /// Its number in this process namespace, and in each one further in that it is part of.
    pub numbers: Vec<i32>,
}

/// The numbers of all processes that /proc shows.
pub fn all() -> Vec<i32> {
    let entries = fs::read_dir("/proc").into_iter().flatten().flatten();
    let mut numbers: Vec<i32> = entries
        .filter_map(|entry| entry.file_name().to_str()?.parse().ok())
        .collect();
    numbers.sort_unstable();
    numbers
}

/// What there is to know of a process, for every user. None when it is gone.
pub fn status(pid: i32) -> Option<Status> {
    let bytes = fs::read(format!("/proc/{pid}/status")).ok()?;
    parse_status(&String::from_utf8_lossy(&bytes))
}

fn parse_status(text: &str) -> Option<Status> {
    let field = |key: &str| {
        let rest =
            |line: &'_ str| Some(line.strip_prefix(key)?.strip_prefix(':')?.trim().to_owned());
        text.lines().find_map(rest)
    };
    // Real, effective, saved and of the file system.
    let effective = |key: &str| field(key)?.split_whitespace().nth(1)?.parse().ok();
    Some(Status {
        name: field("Name")?,
        parent: field("PPid")?.parse().ok()?,
        uid: effective("Uid")?,
        gid: effective("Gid")?,
        numbers: field("NSpid")?
            .split_whitespace()
            .filter_map(|number| number.parse().ok())
            .collect(),
    })
}

/// The words that it was started with, itself included.
pub fn arguments(pid: i32) -> Vec<String> {
    let bytes = fs::read(format!("/proc/{pid}/cmdline")).unwrap_or_default();
    let text = String::from_utf8_lossy(&bytes).into_owned();
    let words = text.strip_suffix('\0').unwrap_or(&text);
    words.split('\0').map(Into::into).collect()
}

/// How long ago it was started.
pub fn age(pid: i32) -> Option<Duration> {
    // Counted from the start of the machine; field 22.
    let ticks = stat_field(pid, 22)?;
    let started = Duration::from_millis(ticks.saturating_mul(1000 / TICKS_PER_SECOND));
    let uptime = fs::read_to_string("/proc/uptime").ok()?;
    let uptime: f64 = uptime.split_whitespace().next()?.parse().ok()?;
    let uptime = Duration::try_from_secs_f64(uptime).ok()?;
    Some(uptime.saturating_sub(started))
}

/// A field of /proc/PID/stat by its number in proc_pid_stat(5). The second one may hold spaces and brackets.
fn stat_field(pid: i32, number: usize) -> Option<u64> {
    let stat = fs::read(format!("/proc/{pid}/stat")).ok()?;
    let stat = String::from_utf8_lossy(&stat);
    let (_, after) = stat.rsplit_once(')')?;
    let place = number.checked_sub(3)?;
    after.split_whitespace().nth(place)?.parse().ok()
}

/// What tells one of its namespaces (`net`, `user`) from others. Only those may know it who may trace the process.
pub fn namespace(pid: i32, kind: &str) -> Option<Identity> {
    let found = fs::metadata(format!("/proc/{pid}/ns/{kind}")).ok()?;
    Some((found.dev(), found.ino()))
}

/// What tells the calling process's namespace from others.
pub fn own_namespace(kind: &str) -> Option<Identity> {
    let found = fs::metadata(format!("/proc/self/ns/{kind}")).ok()?;
    Some((found.dev(), found.ino()))
}

/// A descriptor that stands for the process, and becomes readable when it ends (Linux 5.3).
pub fn open(pid: i32) -> Result<OwnedFd> {
    // SAFETY: pidfd_open takes a process id and flags, touches no memory of ours, and returns a new descriptor or -1.
    let fd = unsafe { libc::syscall(libc::SYS_pidfd_open, libc::pid_t::from(pid), 0) };
    let fd = i32::try_from(Errno::result(fd)?).map_err(|_| Error::from_errno(Errno::EBADF))?;
    // SAFETY: the descriptor was just made for us; nobody else owns it.
    Ok(unsafe { OwnedFd::from_raw_fd(fd) })
}

/// Whether the process has ended.
pub fn has_ended(process: impl AsFd) -> bool {
    let mut watched = [PollFd::new(process.as_fd(), PollFlags::POLLIN)];
    poll(&mut watched, PollTimeout::ZERO) != Ok(0)
}

/// Whether the process has ended or is about to. The init of a process namespace first kills all that is in it, and stays
/// until the last of them has been waited for.
pub fn is_ending(pid: i32, process: impl AsFd) -> bool {
    let exiting = stat_field(pid, 9).is_none_or(|flags| flags & EXITING != 0);
    // The number may be another process's, but not as long as this one lives.
    exiting || has_ended(process)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_status_is_read() {
        let text =
            "Name:\tnetsh\nPPid:\t41\nUid:\t1\t2\t3\t4\nGid:\t5\t6\t7\t8\nNSpid:\t42\t7\t1\n";
        let wanted = Status {
            name: "netsh".into(),
            parent: 41,
            uid: 2,
            gid: 6,
            numbers: vec![42, 7, 1],
        };
        assert_eq!(parse_status(text), Some(wanted));
        assert_eq!(parse_status("Name:\tnetsh\nPPid:\t41\n"), None);
        assert_eq!(parse_status(""), None);
    }

    #[test]
    fn this_process_is_found() {
        let pid = i32::try_from(std::process::id()).unwrap_or_default();
        assert!(all().contains(&pid));
        assert_eq!(status(pid).map(|status| status.numbers[0]), Some(pid));
        assert!(age(pid).is_some_and(|age| age < Duration::from_secs(3600)));
        assert_eq!(namespace(pid, "net"), own_namespace("net"));
        assert_eq!(arguments(pid), std::env::args().collect::<Vec<_>>());
        let process = open(pid).expect("a descriptor of this process");
        assert!(!has_ended(&process) && !is_ending(pid, &process));
    }
}
