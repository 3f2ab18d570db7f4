//! Other programs, started in a network namespace: with their output collected, or on the terminal.
//!
//! A program sees the namespace as `ip netns exec` would show it, /sys included. Ctrl-C at the terminal reaches it by
//! itself; where only netsh was told to stop, it is ended too.
#![allow(unsafe_code)]

use std::ffi::{OsStr, OsString};
use std::io::Read;
use std::os::fd::{AsFd, BorrowedFd};
use std::os::unix::process::{CommandExt, ExitStatusExt};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::time::{Duration, Instant};

use nix::errno::Errno;
use nix::sys::signal::{SigHandler, Signal, kill, signal};
use nix::sys::wait::{WaitPidFlag, WaitStatus, waitpid};
use nix::unistd::Pid;

use super::error::{Error, Result};
use super::limits;
use super::netns::{Namespace, own_sysfs};
use super::process;
use super::wait::{GLANCE, Waiter, ready};

/// What an interrupted program is given to end by itself.
const GRACE: Duration = Duration::from_secs(1);

/// How much of what a program writes is collected. More is a mistake, and would eat the memory.
const MOST: usize = 64 << 20;

/// What a program left behind.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Output {
    /// Its exit status; 128 and the signal's number if a signal ended it, as in a shell.
    pub code: i32,
    /// What it wrote to standard output.
    pub stdout: Vec<u8>,
    /// What it wrote to standard error.
    pub stderr: Vec<u8>,
}

/// Makes sure that the end of children is told. Whoever started netsh may have it ignore SIGCHLD, and then the kernel
/// collects children by itself and keeps silent (sigaction(2), SA_NOCLDWAIT). For the first lines of main.
pub fn hear_of_children() -> Result<()> {
    // SAFETY: the default action is a valid disposition, and replaces no handler of ours.
    unsafe { signal(Signal::SIGCHLD, SigHandler::SigDfl) }?;
    Ok(())
}

/// Runs `program` with no standard input and collects what it writes.
pub fn capture(
    namespace: &Namespace,
    program: &str,
    arguments: &[String],
    waiter: &dyn Waiter,
) -> Result<Output> {
    let mut command = Command::new(program);
    command
        .args(arguments)
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
    let mut child = spawn(namespace, &mut command).map_err(|error| match error.errno() {
        // A folder of PATH that the user may not look into is no answer about the program (execvp(3)).
        Some(Errno::EACCES) if is_nowhere(program.as_ref()) => Errno::ENOENT.into(),
        _ => error,
    })?;
    let output = collect(&mut child, waiter);
    if output.is_err() {
        let _ = child.kill();
        let _ = child.wait();
    }
    bury_orphans();
    output
}

fn collect(child: &mut Child, waiter: &dyn Waiter) -> Result<Output> {
    let mut stdout = Pipe::new(child.stdout.take());
    let mut stderr = Pipe::new(child.stderr.take());
    while (stdout.is_open() || stderr.is_open()) && !waiter.is_interrupted() {
        read_what_is_there(&mut stdout, &mut stderr, waiter)?;
        if stdout.collected.len().max(stderr.collected.len()) > MOST {
            return Err(Error::Refused {
                errno: Errno::EFBIG,
                said: Some(format!("it writes more than {} MiB", MOST >> 20)),
            });
        }
    }
    let status = wait(child, waiter)?;
    Ok(Output {
        code: exit_code(status),
        stdout: stdout.collected,
        stderr: stderr.collected,
    })
}

/// In the sandbox netsh is process 1, and inherits what programs left in the background: those that ended since are
/// taken off the list of processes. For when no child of our own is running.
fn bury_orphans() {
    if nix::unistd::getpid() != Pid::from_raw(1) {
        return;
    }
    let ended = || waitpid(None, Some(WaitPidFlag::WNOHANG));
    while let Ok(WaitStatus::Exited(..) | WaitStatus::Signaled(..)) = ended() {}
}

/// Whether no folder of PATH that can be looked into has a file of this name.
fn is_nowhere(program: &OsStr) -> bool {
    let path = std::env::var_os("PATH").unwrap_or_default();
    !program.as_encoded_bytes().contains(&b'/')
        && !std::env::split_paths(&path).any(|folder| folder.join(program).is_file())
}

/// Becomes another program: the calling process, which must have one thread. Returns only if there is no such program
/// (ENOENT) or it can't be run.
pub fn become_program(program: &OsStr, arguments: &[OsString]) -> Error {
    let error = Error::from(Command::new(program).args(arguments).exec());
    match error.errno() {
        Some(Errno::EACCES) if is_nowhere(program) => Errno::ENOENT.into(),
        _ => error,
    }
}

/// Runs `command` by /bin/sh on netsh's own standard input and output, and returns its exit status.
pub fn stream(namespace: &Namespace, command: &str, waiter: &dyn Waiter) -> Result<i32> {
    let mut shell = Command::new("/bin/sh");
    shell.args(["-c", command]);
    let mut child = spawn(namespace, &mut shell)?;
    let status = wait(&mut child, waiter);
    bury_orphans();
    Ok(exit_code(status?))
}

fn exit_code(status: ExitStatus) -> i32 {
    let signalled = || status.signal().map_or(-1, |signal| 128 + signal);
    status.code().unwrap_or_else(signalled)
}

fn spawn(namespace: &Namespace, command: &mut Command) -> Result<Child> {
    let elsewhere = !namespace.is_home();
    // SAFETY: between fork and exec only system calls are made (prctl, setrlimit, unshare, mount), with static arguments: no
    // allocation, no locks.
    unsafe {
        command.pre_exec(move || {
            // A program dies with netsh, even when that is killed.
            nix::sys::prctl::set_pdeathsig(Signal::SIGKILL)?;
            limits::restore();
            if elsewhere {
                own_sysfs();
            }
            Ok(())
        });
    }
    // A child is born into the network namespace of the thread that makes it.
    Ok(namespace.enter(|| command.spawn())??)
}

/// Waits for the child's end, looking for an interruption meanwhile.
fn wait(child: &mut Child, waiter: &dyn Waiter) -> Result<ExitStatus> {
    let pid = i32::try_from(child.id()).unwrap_or(-1);
    let Ok(end) = process::open(pid) else {
        return Ok(child.wait()?);
    };
    let mut asked_to_stop: Option<Instant> = None;
    let pid = Pid::from_raw(pid);
    loop {
        let watched = [end.as_fd()];
        waiter.wait(&watched, GLANCE)?;
        if ready(&watched, Duration::ZERO)?.contains(&true) {
            return Ok(child.wait()?);
        }
        match asked_to_stop {
            None if waiter.is_interrupted() => {
                asked_to_stop = Some(Instant::now());
                let _ = kill(pid, Signal::SIGTERM);
            }
            Some(since) if since.elapsed() > GRACE => {
                let _ = kill(pid, Signal::SIGKILL);
                return Ok(child.wait()?);
            }
            _ => {}
        }
    }
}

struct Pipe<R> {
    end: Option<R>,
    collected: Vec<u8>,
}

impl<R: Read + AsFd> Pipe<R> {
    fn new(end: Option<R>) -> Self {
        Pipe {
            end,
            collected: Vec::new(),
        }
    }

    fn is_open(&self) -> bool {
        self.end.is_some()
    }

    /// Called when there is something to read, or the other side is closed.
    fn read(&mut self) -> Result<()> {
        let mut buffer = [0; 16 * 1024];
        if let Some(end) = &mut self.end {
            match end.read(&mut buffer)? {
                0 => self.end = None,
                length => self.collected.extend(&buffer[..length]),
            }
        }
        Ok(())
    }
}

fn read_what_is_there<A, B>(
    first: &mut Pipe<A>,
    second: &mut Pipe<B>,
    waiter: &dyn Waiter,
) -> Result<()>
where
    A: Read + AsFd,
    B: Read + AsFd,
{
    let ready = {
        let ends = [
            first.end.as_ref().map(AsFd::as_fd),
            second.end.as_ref().map(AsFd::as_fd),
        ];
        let watched: Vec<BorrowedFd<'_>> = ends.into_iter().flatten().collect();
        waiter.wait(&watched, GLANCE)?;
        let mut ready = ready(&watched, Duration::ZERO)?.into_iter();
        (
            first.is_open() && ready.next().unwrap_or(false),
            second.is_open() && ready.next().unwrap_or(false),
        )
    };
    if ready.0 {
        first.read()?;
    }
    if ready.1 {
        second.read()?;
    }
    Ok(())
}
