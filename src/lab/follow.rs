//! The process that the user started, while its child is a command of the user's: signals, stops, the terminal and the exit
//! status pass through as if there were one process.
//!
//! Unlike the first process of a sandbox (`supervise.rs`) the command stops by itself, when it is ready to; this
//! process then stops after it.
#![allow(unsafe_code)]

use std::fs::File;

use nix::errno::Errno;
use nix::libc;
use nix::sys::signal::{SaFlags, SigAction, SigHandler, SigSet, Signal, kill, sigaction};
use nix::sys::signalfd::{SignalFd, siginfo};
use nix::sys::termios::{SetArg, Termios, tcgetattr, tcsetattr};
use nix::sys::wait::{WaitPidFlag, WaitStatus, waitpid};
use nix::unistd::{Pid, getpgid, getpgrp, tcgetpgrp, tcsetpgrp};

use crate::kernel::process;

use super::supervise::{block, obey};

/// How the command ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum End {
    /// With this exit status.
    Exited(i32),
    /// By a signal.
    Killed(Signal),
}

/// What the terminal sends to every process of the group in the foreground.
const FROM_KEYS: [Signal; 5] = [
    Signal::SIGINT,
    Signal::SIGQUIT,
    Signal::SIGTSTP,
    Signal::SIGTTIN,
    Signal::SIGTTOU,
];

/// What else is meant for the command.
const PASSED_ON: [Signal; 5] = [
    Signal::SIGHUP,
    Signal::SIGTERM,
    Signal::SIGUSR1,
    Signal::SIGUSR2,
    Signal::SIGCONT,
];

/// What there is to watch while the command runs.
pub(super) struct Watch {
    signals: SignalFd,
    terminal: Option<Terminal>,
}

/// Has this process read signals instead of obeying them. Before there is a child, that could change the terminal's modes.
/// The mask as it was is for the child.
pub(super) fn watch() -> nix::Result<(Watch, SigSet)> {
    let others = [Signal::SIGCHLD].into_iter().chain(PASSED_ON);
    let (signals, former) = block(FROM_KEYS.into_iter().chain(others))?;
    let terminal = Terminal::open();
    Ok((Watch { signals, terminal }, former))
}

/// Waits for the end of the command, and leaves the terminal as this process's own.
pub(super) fn until_end(child: Pid, watch: &Watch) -> End {
    let terminal = watch.terminal.as_ref();
    let end = loop {
        let Ok(Some(signal)) = watch.signals.read_signal() else {
            continue;
        };
        if let Some(end) = react(child, &signal, terminal) {
            break end;
        }
    };
    if let Some(terminal) = terminal {
        terminal.take_back();
        if !matches!(end, End::Exited(_)) {
            terminal.restore();
        }
    }
    end
}

fn react(child: Pid, info: &siginfo, terminal: Option<&Terminal>) -> Option<End> {
    let signal = Signal::try_from(i32::try_from(info.ssi_signo).ok()?).ok()?;
    if signal == Signal::SIGCHLD {
        return look_at(child, info, terminal);
    }
    let by_terminal = FROM_KEYS.contains(&signal) && info.ssi_code == libc::SI_KERNEL;
    // A command that made a group of its own has not heard of it yet.
    if !(by_terminal && getpgid(Some(child)) == Ok(getpgrp())) {
        let _ = kill(child, signal);
    }
    None
}

fn look_at(child: Pid, info: &siginfo, terminal: Option<&Terminal>) -> Option<End> {
    match waitpid(child, Some(WaitPidFlag::WNOHANG | WaitPidFlag::WUNTRACED)) {
        Ok(WaitStatus::Exited(_, status)) => Some(End::Exited(status)),
        Ok(WaitStatus::Signaled(_, signal, _)) => Some(End::Killed(signal)),
        Ok(WaitStatus::Stopped(_, signal)) => stop_too(child, signal, terminal),
        // It ended while this process was stopped.
        Err(Errno::ECHILD) => Some(match (info.ssi_code, Signal::try_from(info.ssi_status)) {
            (libc::CLD_EXITED, _) => End::Exited(info.ssi_status),
            (libc::CLD_KILLED | libc::CLD_DUMPED, Ok(signal)) => End::Killed(signal),
            // Several such signals become one, the first.
            _ => End::Killed(Signal::SIGKILL),
        }),
        _ => None,
    }
}

/// Stops as the command did, so that the shell that waits for this process hears of it, and continues with it.
///
/// Meanwhile nobody could wait for the command, and a sandbox can't end before all in it have been waited for: so the
/// kernel is asked to forget it by itself (sigaction(2), SA_NOCLDWAIT).
fn stop_too(child: Pid, signal: Signal, terminal: Option<&Terminal>) -> Option<End> {
    let group = getpgid(Some(child)).ok();
    let held = terminal.filter(|terminal| group.is_some() && terminal.group() == group);
    wait_for_children(false);
    let end = match waitpid(child, Some(WaitPidFlag::WNOHANG)) {
        Ok(WaitStatus::Exited(_, status)) => Some(End::Exited(status)),
        Ok(WaitStatus::Signaled(_, signal, _)) => Some(End::Killed(signal)),
        _ => None,
    };
    if end.is_none() {
        obey(signal);
    }
    wait_for_children(true);
    if let (Some(terminal), Some(group)) = (held, group)
        && terminal.group() == Some(getpgrp())
    {
        // A shell that had the terminal has it again.
        terminal.give(group);
    }
    let _ = kill(child, Signal::SIGCONT);
    end
}

fn wait_for_children(wait: bool) {
    /// Never called, for the signal is blocked; the default action would throw away one that is to be read yet.
    extern "C" fn nothing(_: libc::c_int) {}
    let flags = match wait {
        true => SaFlags::empty(),
        false => SaFlags::SA_NOCLDWAIT,
    };
    let action = SigAction::new(SigHandler::Handler(nothing), flags, SigSet::empty());
    // SAFETY: the handler does nothing, which is safe at any moment, and it replaces the default action.
    let _ = unsafe { sigaction(Signal::SIGCHLD, &action) };
}

/// The terminal that controls this process (tty(4)).
struct Terminal {
    device: File,
    modes: Option<Termios>,
}

impl Terminal {
    fn open() -> Option<Terminal> {
        let device = File::open("/dev/tty").ok()?;
        let modes = tcgetattr(&device).ok();
        Some(Terminal { device, modes })
    }

    /// The process group in the foreground.
    fn group(&self) -> Option<Pid> {
        tcgetpgrp(&self.device).ok()
    }

    /// SIGTTOU is blocked, so a process of the background may do this.
    fn give(&self, group: Pid) {
        let _ = tcsetpgrp(&self.device, group);
    }

    /// A shell in the sandbox made its own group the foreground one, and can't name the one that was there before: that was
    /// made outside.
    fn take_back(&self) {
        let taken = self
            .group()
            .is_some_and(|group| group != getpgrp() && is_inside(group));
        if taken {
            self.give(getpgrp());
        }
    }

    /// A program that was killed had no time to put the terminal's modes in order.
    fn restore(&self) {
        if let Some(modes) = &self.modes
            && self.group() == Some(getpgrp())
        {
            let _ = tcsetattr(&self.device, SetArg::TCSANOW, modes);
        }
    }
}

/// Whether a process group is one of a sandbox, or was until it ended. Any other has a claim to the terminal.
fn is_inside(group: Pid) -> bool {
    let number = group.as_raw();
    let gone = || kill(Pid::from_raw(-number), None) == Err(Errno::ESRCH);
    let further_in = || process::status(number).is_some_and(|leader| leader.numbers.len() > 1);
    number > 0 && (gone() || further_in())
}
