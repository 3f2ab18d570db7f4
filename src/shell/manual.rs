//! What netsh tells about itself without running anything: help, the reference, definitions for editors, the man page,
//! completions for shells.

use std::io::{self, Write};

use clap_complete::Shell;

use crate::catalog::Entry;
use crate::catalog::help::answer;
use crate::catalog::reference::cut;
use crate::lab::screen::Screen;
use crate::lab::suggest::nearest;
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
    let answer = answer(script::catalog(), topic);
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

/// The reference, made by the tests from the catalog and from what the examples print.
const REFERENCE: &str = include_str!("../../docs/reference.md");

/// `netsh doc`: the reference.
pub fn reference() -> Told {
    write(REFERENCE)
}

/// `netsh doc VERB`: its page of the reference.
pub fn page(verb: &str) -> Told {
    let catalog = script::catalog();
    let title = catalog.called(verb).next().map(Entry::title);
    let page = title.and_then(|title| cut(REFERENCE, &title));
    match page {
        Some(page) => write(&format!("{page}\n")),
        None => {
            // A verb: what is only a word to look for has no page.
            let names = catalog.entries().iter().map(Entry::path);
            let names: Vec<String> = names.collect();
            let near = nearest(verb, names.iter().map(String::as_str))
                .map_or(String::new(), |near| format!("; did you mean {near:?}?"));
            let words = format!("there is no verb {verb:?}{near} (netsh help shows all)");
            Err(Refusal::Unknown(words))
        }
    }
}

/// `netsh doc --definitions`.
pub fn definitions() -> Told {
    write(&crate::catalog::definitions::definitions(script::catalog()))
}

/// `netsh doc --man`.
pub fn man_page() -> Told {
    let page = super::man_page::man_page(script::catalog());
    write(&page.map_err(Refusal::Output)?)
}

/// `netsh completions SHELL`.
pub fn completions(shell: Shell) -> Told {
    write(&super::completions::completions(script::catalog(), shell))
}

/// Writes a text to standard output. A reader that goes away (`| head -1`) has read enough.
fn write(text: &str) -> Told {
    let mut out = io::stdout().lock();
    let written = out.write_all(text.as_bytes()).and_then(|()| out.flush());
    match written {
        Err(error) if error.kind() != io::ErrorKind::BrokenPipe => Err(Refusal::Output(error)),
        _ => Ok(()),
    }
}
