//! Processes seen from outside, through /proc: those that a test started are found by a mark in their environment, which
//! children of children carry too.

use std::os::unix::process::ExitStatusExt;
use std::process::{Child, Command, ExitStatus};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use libtest_mimic::Failed;
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;

use crate::support::Verdict;

/// How long anything may take before a test gives up. Nothing here comes near it unless it hangs.
const BOUND: Duration = Duration::from_secs(60);

/// How long a test waits. A machine that stood still meanwhile (a virtual one that was suspended) takes little of it: who is
/// waited for stood still too.
pub struct Patience {
    asked: Instant,
    spent: Duration,
}

impl Patience {
    /// The longest gap between two questions that is still waiting.
    const GAP: Duration = Duration::from_secs(1);

    /// From now on.
    pub fn new() -> Patience {
        Patience {
            asked: Instant::now(),
            spent: Duration::ZERO,
        }
    }

    /// Whether it is enough. Asked again and again.
    pub fn is_over(&mut self) -> bool {
        self.spent += self.asked.elapsed().min(Patience::GAP);
        self.asked = Instant::now();
        self.spent > BOUND
    }
}

/// How long to wait between two looks at /proc.
const PAUSE: Duration = Duration::from_millis(1);

/// Looks until there is something to see.
pub fn until<T>(what: &str, mut look: impl FnMut() -> Option<T>) -> Result<T, Failed> {
    let mut patience = Patience::new();
    loop {
        if let Some(seen) = look() {
            return Ok(seen);
        }
        if patience.is_over() {
            return Err(format!("waited in vain for {what}").into());
        }
        std::thread::sleep(PAUSE);
    }
}

/// A mark on a command, and by it on all processes that come of it.
pub struct Mark(String);

impl Mark {
    /// Marks `command`.
    pub fn on(command: &mut Command) -> Mark {
        static MADE: AtomicUsize = AtomicUsize::new(0);
        let number = MADE.fetch_add(1, Ordering::Relaxed);
        let value = format!("{}-{number}", std::process::id());
        command.env("MARK_OF_TEST", &value);
        Mark(format!("MARK_OF_TEST={value}"))
    }

    /// The living processes with this mark. (A dead one that nobody has waited for has no environment.)
    pub fn processes(&self) -> Vec<Process> {
        all().into_iter().filter(|it| it.has(&self.0)).collect()
    }

    /// Those of them that run `program`.
    pub fn running(&self, program: &str) -> Vec<Process> {
        let mut found = self.processes();
        found.retain(|process| process.name() == program);
        found
    }

    /// Waits until one of them runs `program`.
    pub fn until_running(&self, program: &str) -> Result<Process, Failed> {
        let what = format!("a process called {program}");
        until(&what, || self.running(program).first().copied())
    }

    /// Waits until none is left.
    pub fn until_gone(&self) -> Verdict {
        let gone = until("the end of all processes", || {
            self.processes().is_empty().then_some(())
        });
        let left = self.processes();
        gone.map_err(|_| format!("left behind: {left:#?}").into())
    }
}

/// What a failed test leaves behind ends with it.
impl Drop for Mark {
    fn drop(&mut self) {
        for process in self.processes() {
            let _ = process.signal(Signal::SIGKILL);
        }
    }
}

/// A process, by its number.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Process(i32);

/// All processes that /proc shows.
pub fn all() -> Vec<Process> {
    let entries = std::fs::read_dir("/proc").into_iter().flatten().flatten();
    entries
        .filter_map(|entry| entry.file_name().to_str()?.parse().ok().map(Process))
        .collect()
}

impl Process {
    /// The process of this child.
    pub fn of(child: &Child) -> Process {
        Process(i32::try_from(child.id()).unwrap_or(-1))
    }

    fn read(self, file: &str) -> Vec<u8> {
        std::fs::read(format!("/proc/{}/{file}", self.0)).unwrap_or_default()
    }

    fn has(self, variable: &str) -> bool {
        let environment = self.read("environ");
        environment
            .split(|byte| *byte == 0)
            .any(|word| word == variable.as_bytes())
    }

    /// What it runs (15 bytes of it).
    pub fn name(self) -> String {
        String::from_utf8_lossy(&self.read("comm")).trim().into()
    }

    /// The fields of /proc/PID/stat after the name, from `state` on (proc_pid_stat(5)).
    fn fields(self) -> Vec<String> {
        let stat = String::from_utf8_lossy(&self.read("stat")).into_owned();
        let after = stat.rsplit_once(')').map_or("", |(_, after)| after);
        after.split_whitespace().map(Into::into).collect()
    }

    /// R, S, T and so on; None when it is gone.
    pub fn state(self) -> Option<char> {
        self.fields().first()?.chars().next()
    }

    fn parent(self) -> Option<i32> {
        self.fields().get(1)?.parse().ok()
    }

    /// Whether it is the one that asks.
    pub fn is_myself(self) -> bool {
        u32::try_from(self.0) == Ok(std::process::id())
    }

    /// Its children.
    pub fn children(self) -> Vec<Process> {
        let mut found = all();
        found.retain(|process| process.parent() == Some(self.0));
        found
    }

    /// The number that stands for one of its namespaces: `net`, `mnt`, `pid` and so on.
    pub fn namespace(self, kind: &str) -> Option<String> {
        let link = std::fs::read_link(format!("/proc/{}/ns/{kind}", self.0)).ok()?;
        Some(link.to_string_lossy().into_owned())
    }

    /// Sends it a signal.
    pub fn signal(self, signal: Signal) -> Verdict {
        Ok(kill(Pid::from_raw(self.0), signal)?)
    }
}

impl std::fmt::Debug for Process {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let words = String::from_utf8_lossy(&self.read("cmdline")).replace('\0', " ");
        write!(f, "{} {} {:?}", self.0, words.trim(), self.state())
    }
}

/// Waits for a child, but not for ever.
pub fn end_of(child: &mut Child) -> Result<ExitStatus, Failed> {
    let ended = until("the end of a child", || child.try_wait().transpose());
    if ended.is_err() {
        let _ = child.kill();
        let _ = child.wait();
    }
    Ok(ended??)
}

/// An exit status as a shell has it in `$?`.
pub fn shells(status: ExitStatus) -> Option<i32> {
    status.code().or(status.signal().map(|number| 128 + number))
}
