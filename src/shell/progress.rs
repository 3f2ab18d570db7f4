//! A sign of life while something takes long: what goes on, since when, and how to stop it, on the last line of the
//! terminal. It comes after a second of silence and makes way for everything else that is written.
//!
//! indicatif draws as soon as it is told to, and knows nothing of programs that have the terminal; what would remain for
//! it is the carriage return.

use std::io::{self, Write};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use nix::sys::signal::{SigSet, SigmaskHow, pthread_sigmask};

/// How long nothing is said.
const SILENCE: Duration = Duration::from_secs(1);

/// From one drawing to the next.
const PAUSE: Duration = Duration::from_millis(100);

/// The sign of life. A thread of its own draws it.
pub struct Progress(Arc<Shared>);

struct Shared {
    state: Mutex<State>,
    changed: Condvar,
}

#[derive(Default)]
struct State {
    /// Since when something is at work.
    since: Option<Instant>,
    /// When something else was last written.
    written: Option<Instant>,
    /// What it is at.
    words: String,
    /// Whether a program has the terminal.
    lent: bool,
    drawn: bool,
    ended: bool,
}

impl Progress {
    /// Starts the thread. None if there can be none.
    pub fn new() -> Option<Self> {
        let shared = Arc::new(Shared {
            state: Mutex::default(),
            changed: Condvar::new(),
        });
        let drawer = shared.clone();
        let builder = std::thread::Builder::new().name("progress".into());
        builder.spawn(move || drawer.draw()).ok()?;
        Some(Progress(shared))
    }

    /// Something is at work from now on.
    pub fn begin(&self) {
        self.change(|state| {
            *state = State {
                since: Some(Instant::now()),
                ..State::default()
            }
        });
    }

    /// It is done.
    pub fn end(&self) {
        self.change(|state| {
            state.clear();
            state.since = None;
        });
    }

    /// What it is at; nothing for no more.
    pub fn doing(&self, words: &str) {
        self.change(|state| state.words = words.into());
    }

    /// The terminal belongs to a program, or to netsh again.
    pub fn lend(&self, lent: bool) {
        self.change(|state| {
            state.clear();
            state.lent = lent;
            // The program was not silent, as far as anybody knows.
            state.written = Some(Instant::now());
        });
    }

    /// Writes something else.
    pub fn make_way<T>(&self, write: impl FnOnce() -> T) -> T {
        let mut state = self.0.lock();
        state.clear();
        state.written = Some(Instant::now());
        write()
    }

    fn change(&self, change: impl FnOnce(&mut State)) {
        change(&mut self.0.lock());
        self.0.changed.notify_all();
    }
}

impl Drop for Progress {
    fn drop(&mut self) {
        self.change(|state| {
            state.clear();
            state.ended = true;
        });
    }
}

impl Shared {
    /// A thread that panicked while it wrote leaves nothing that could be wrong.
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn draw(&self) {
        // Ctrl-C has to wake the thread that waits for something, not this one.
        let _ = pthread_sigmask(SigmaskHow::SIG_SETMASK, Some(&SigSet::all()), None);
        let mut state = self.lock();
        while !state.ended {
            state = match state.time_to_draw() {
                None => self
                    .changed
                    .wait(state)
                    .unwrap_or_else(PoisonError::into_inner),
                Some(pause) => {
                    if pause.is_zero() {
                        state.show();
                    }
                    let pause = if pause.is_zero() { PAUSE } else { pause };
                    let waited = self.changed.wait_timeout(state, pause);
                    waited.unwrap_or_else(PoisonError::into_inner).0
                }
            };
        }
    }
}

impl State {
    /// How long until it is to be drawn; None while there is nothing to draw.
    fn time_to_draw(&self) -> Option<Duration> {
        let since = self.since.filter(|_| !self.lent)?;
        let silent = self.written.map_or(since, |written| written.max(since));
        Some(SILENCE.saturating_sub(silent.elapsed()))
    }

    fn show(&mut self) {
        let Some(since) = self.since else {
            return;
        };
        let sign = ['|', '/', '-', '\\'];
        let turn = usize::try_from(since.elapsed().as_millis() / PAUSE.as_millis()).unwrap_or(0);
        let sign = sign.get(turn % sign.len()).unwrap_or(&'|');
        let seconds = since.elapsed().as_secs();
        let words = if self.words.is_empty() { "" } else { ": " };
        let line = format!("{sign} {seconds} s{words}{}  (Ctrl-C stops it)", self.words);
        // Cut to the window, for a line that wraps can't be taken back.
        let width = super::screen::width_of_errors().saturating_sub(1);
        let line: String = line.chars().take(width).collect();
        self.drawn = write!(io::stderr(), "\r\u{1b}[K{line}").is_ok();
    }

    fn clear(&mut self) {
        if std::mem::take(&mut self.drawn) {
            let _ = write!(io::stderr(), "\r\u{1b}[K");
        }
    }
}
