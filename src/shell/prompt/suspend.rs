//! Ctrl-Z while a line is typed.
//!
//! rustyline stops its process group itself, and goes on when the signal is sent. But in the sandbox it is the parent that
//! hears it, and stops this process a little later: that would find the terminal in the editor's modes again, and leave
//! them to the shell. So the editor is left first, and comes back with the line as it was.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use rustyline::{
    Cmd, ConditionalEventHandler, Event, EventContext, EventHandler, Helper, KeyEvent, RepeatCount,
    history::History,
};

/// The line that Ctrl-Z interrupted: what stands before the cursor, and behind it.
pub type Interrupted = (String, String);

/// What Ctrl-Z has interrupted, if that was the key.
#[derive(Clone, Default)]
pub struct Suspension(Arc<Mutex<Option<Interrupted>>>);

impl Suspension {
    /// Has the keys of an editor noticed.
    pub fn of_keys<H: Helper, I: History>(editor: &mut rustyline::Editor<H, I>) -> Self {
        let suspension = Suspension::default();
        for (letter, stops) in [('Z', true), ('C', false)] {
            let key = Key {
                stops,
                suspension: suspension.clone(),
            };
            let handler = EventHandler::Conditional(Box::new(key));
            editor.bind_sequence(KeyEvent::ctrl(letter), handler);
        }
        suspension
    }

    /// The line, once, if it was Ctrl-Z that interrupted it.
    pub fn take(&self) -> Option<Interrupted> {
        self.lock().take()
    }

    fn lock(&self) -> MutexGuard<'_, Option<Interrupted>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A key that interrupts the line. Ctrl-C is one only so that it is not taken for a Ctrl-Z that came to nothing, as where
/// the editor waits for a yes or a no.
struct Key {
    stops: bool,
    suspension: Suspension,
}

impl ConditionalEventHandler for Key {
    fn handle(&self, _: &Event, _: RepeatCount, _: bool, context: &EventContext) -> Option<Cmd> {
        let parts = context.line().split_at_checked(context.pos());
        let parts = parts.map(|(left, right)| (left.to_owned(), right.to_owned()));
        *self.suspension.lock() = parts.filter(|_| self.stops);
        Some(Cmd::Interrupt)
    }
}
