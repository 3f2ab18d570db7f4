//! What netsh tells about itself without running anything: help, the reference, definitions for editors, the man page,
//! completions for shells.

use std::io;

use crate::catalog::help::answer;
use crate::lab::screen::Screen;
use crate::script;

use super::markdown;
use super::screen::{self, Terminal};

/// Why there is nothing to print.
#[derive(Debug)]
pub enum Refusal {
    /// Nothing is known about what was asked for; what to say instead.
    Unknown(String),
    /// Standard output takes no more.
    Output(io::Error),
}

/// What came of it.
pub type Told = Result<(), Refusal>;

/// `netsh help TOPIC`.
pub fn help(topic: &str) -> Told {
    let answer = answer(&script::catalog(), topic);
    if !answer.found {
        let words = markdown::draw(&answer.markdown, screen::paper(io::stderr()));
        return Err(Refusal::Unknown(words.trim_end().into()));
    }
    let terminal = Terminal::new(false, false, false);
    terminal.manual(&answer.markdown);
    match terminal.into_fault() {
        Some(error) => Err(Refusal::Output(error)),
        None => Ok(()),
    }
}
