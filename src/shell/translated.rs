//! What `netsh explain` shows: the lines on standard output; beside them what netsh has to say about them, and the part of
//! a command that it did not understand, underlined.

use annotate_snippets::{AnnotationKind, Group, Level, Snippet};

use super::report::{Style, renderer};
use crate::catalog::Catalog;
use crate::catalog::translate::{Fault, Translation, translate};

/// What is shown.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Told {
    /// For standard output: Rhai.
    pub lines: String,
    /// For standard error: notes and reports.
    pub aside: String,
    /// Whether all of it was understood.
    pub understood: bool,
}

/// The command that the words of netsh's own command line are: one in quotes, or word for word.
pub fn command_of(words: &[String]) -> Result<String, String> {
    match words {
        [line] => Ok(line.clone()),
        words => shlex::try_join(words.iter().map(String::as_str))
            .map_err(|_| "a command has no NUL in it".into()),
    }
}

/// Translates a text of commands.
pub fn tell(text: &str, catalog: &Catalog, style: Style) -> Told {
    let Translation {
        lines,
        notes,
        faults,
    } = translate(text, catalog);
    // One command that is not understood leaves nothing to print; a script goes on without it.
    let has_code = lines
        .iter()
        .any(|line| !line.starts_with("//") && !line.is_empty());
    let lines = match faults.is_empty() || has_code {
        true => lines,
        false => Vec::new(),
    };
    let mut aside: String = notes
        .iter()
        .map(|note| format!("note: {}\n", shown(note)))
        .collect();
    for fault in &faults {
        aside.push_str(&report(fault, text, style));
    }
    Told {
        lines: lines
            .iter()
            .map(|line| format!("{}\n", shown(line)))
            .collect(),
        aside,
        understood: faults.is_empty(),
    }
}

/// The line of a fault, with the part underlined.
fn report(fault: &Fault, text: &str, style: Style) -> String {
    let before = text.get(..fault.span.start).unwrap_or("");
    let start = before.rfind('\n').map_or(0, |at| at + 1);
    let number = before.matches('\n').count() + 1;
    let line = text.get(start..).unwrap_or("").lines().next().unwrap_or("");
    // Replaced characters may be of another length.
    let length = |end: usize| shown(line.get(..end.saturating_sub(start)).unwrap_or(line)).len();
    let span = length(fault.span.start)..length(fault.span.end.max(fault.span.start));
    let snippet = Snippet::source(shown(line)).line_start(number).annotation(
        AnnotationKind::Primary
            .span(span)
            .label(shown(&fault.label)),
    );
    let mut group: Group<'_> = Level::ERROR
        .primary_title(shown(&fault.title))
        .element(snippet);
    if let Some(help) = &fault.help {
        group = group.element(Level::HELP.message(shown(help)));
    }
    let mut report = renderer(style).render(&[group]);
    report.push('\n');
    report
}

/// Text as it may go to a terminal, character for character.
fn shown(text: &str) -> String {
    let steers = |c: char| {
        c.is_control() && c != '\t'
            || matches!(c, '\u{200e}' | '\u{200f}' | '\u{61c}' | '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
    };
    let replaced = |c: char| {
        if steers(c) {
            char::REPLACEMENT_CHARACTER
        } else {
            c
        }
    };
    text.chars().map(replaced).collect()
}
