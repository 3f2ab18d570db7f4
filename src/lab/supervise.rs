//! The process that the user started, while its child works in the sandbox: Ctrl-Z, whose turn it is to read from the
//! terminal, and the exit status, so that the two are one to the shell that waits for them.
#![allow(unsafe_code)]

use std::fs;
use std::io::{self, Read, Write};
use std::os::fd::AsFd;
use std::os::unix::net::UnixStream;
use std::process::exit;

use nix::libc;
use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
use nix::sys::prctl;
use nix::sys::signal::{SigSet, SigmaskHow, Signal, kill, pthread_sigmask, raise};
use nix::sys::signalfd::{SfdFlags, SignalFd, siginfo};
use nix::sys::wait::{WaitPidFlag, WaitStatus, waitpid};
use nix::unistd::{Pid, getpgrp, tcsetpgrp};

/// The signals that the parent reads instead of obeying, and the mask as it was.
pub(super) fn watch() -> nix::Result<(SignalFd, SigSet)> {
    block([
        Signal::SIGCHLD,
        Signal::SIGINT,
        Signal::SIGTSTP,
        Signal::SIGTTIN,
        Signal::SIGTTOU,
        Signal::SIGCONT,
    ])
}

/// Has these signals be read instead of obeyed. Returns the mask as it was.
pub(super) fn block(signals: impl IntoIterator<Item = Signal>) -> nix::Result<(SignalFd, SigSet)> {
    let watched: SigSet = signals.into_iter().collect();
    let mut former = SigSet::empty();
    pthread_sigmask(SigmaskHow::SIG_BLOCK, Some(&watched), Some(&mut former))?;
    Ok((
        SignalFd::with_flags(&watched, SfdFlags::SFD_CLOEXEC)?,
        former,
    ))
}

/// The parent: passes the terminal's signals on, stops and continues with the child, and ends as the child ended.
pub(super) fn until_end(child: Pid, signals: &SignalFd, line: UnixStream) -> ! {
    let mut line = Some(line);
    loop {
        let mut watched = vec![PollFd::new(signals.as_fd(), PollFlags::POLLIN)];
        watched.extend(
            line.iter()
                .map(|line| PollFd::new(line.as_fd(), PollFlags::POLLIN)),
        );
        let _ = poll(&mut watched, PollTimeout::NONE);
        let ready = |at: usize| watched.get(at).is_some_and(|fd| fd.any() == Some(true));
        let (signalled, asked) = (ready(0), ready(1));
        if asked
            && line
                .as_mut()
                .is_none_or(|line| grant_terminal(line).is_err())
        {
            line = None;
        }
        if signalled && let Ok(Some(signal)) = signals.read_signal() {
            pass_on(child, &signal);
        }
    }
}

/// Answers the child's question for the terminal. SIGTTOU is blocked, so a process of the background may do this.
fn grant_terminal(line: &mut UnixStream) -> io::Result<()> {
    line.read_exact(&mut [0])?;
    if let Ok(tty) = fs::File::open("/dev/tty") {
        let _ = tcsetpgrp(tty, getpgrp());
    }
    line.write_all(&[0])
}

fn pass_on(child: Pid, info: &siginfo) {
    let signal = i32::try_from(info.ssi_signo).map(Signal::try_from);
    match signal {
        Ok(Ok(Signal::SIGCHLD)) => match waitpid(child, Some(WaitPidFlag::WNOHANG)) {
            Ok(WaitStatus::Exited(_, status)) => exit(status),
            Ok(WaitStatus::Signaled(_, signal, _)) => end_by(signal),
            _ => {}
        },
        // From the terminal the child has it already; a second one that comes late would stop what runs next.
        Ok(Ok(Signal::SIGINT)) if info.ssi_code == libc::SI_KERNEL => {}
        Ok(Ok(Signal::SIGINT)) => drop(kill(child, Signal::SIGINT)),
        Ok(Ok(Signal::SIGCONT)) => drop(kill(child, Signal::SIGCONT)),
        Ok(Ok(signal @ (Signal::SIGTSTP | Signal::SIGTTIN | Signal::SIGTTOU))) => {
            // An init is deaf to these, so it is stopped from outside, and this process with it.
            let _ = kill(child, Signal::SIGSTOP);
            obey(signal);
            let _ = kill(child, Signal::SIGCONT);
        }
        _ => {}
    }
}

/// Lets a blocked signal do what it does to any program. For a stop that is nothing where nobody could continue it: in a
/// process group without a shell (setpgid(2), orphaned), such as that of a container's only program.
pub(super) fn obey(signal: Signal) {
    let mut only = SigSet::empty();
    only.add(signal);
    let _ = raise(signal);
    let _ = pthread_sigmask(SigmaskHow::SIG_UNBLOCK, Some(&only), None);
    let _ = pthread_sigmask(SigmaskHow::SIG_BLOCK, Some(&only), None);
}

/// Dies of the signal that the child died of.
pub(super) fn end_by(signal: Signal) -> ! {
    let _ = prctl::set_dumpable(false);
    if signal != Signal::SIGKILL && signal != Signal::SIGSTOP {
        // SAFETY: the default action is a valid disposition for any of these signals.
        let _ = unsafe { nix::sys::signal::signal(signal, nix::sys::signal::SigHandler::SigDfl) };
    }
    obey(signal);
    exit(128 + signal as i32)
}
