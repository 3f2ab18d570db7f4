//! What people see when a script fails: what went wrong in words, the line of the script with the guilty part
//! underlined, the kernel's own words, what to do, and who called whom. The models are rustc, nushell and Elm.
//!
//! What an error means is told in `explain.rs` and the files it names; which text its position belongs to in
//! `trace.rs`; here it is drawn. Before running anything the caller calls `ast.set_source` on the main script and on
//! every module, with the names that `Sources` has them under: Rhai tells texts apart by nothing else.
//!
//! Nothing in a script, and no value that it throws, makes a report panic or drive the terminal.

mod call;
mod explain;
mod field;
mod in_use;
mod literal;
mod syntax;
#[cfg(test)]
mod tests;
mod thrown;
mod trace;
mod variable;
mod words;

use std::ops::Range;

use annotate_snippets::renderer::DecorStyle;
use annotate_snippets::{AnnotationKind, Element, Group, Level, Origin, Renderer, Snippet};
use rhai::{EvalAltResult, Position};

use self::explain::{Explanation, Kind, Quoted, Scene};
use self::trace::{Frame, Place, Trace};
use self::words::clean;
use super::source::Sources;
use crate::catalog::signature::{Signature, Signatures};
use crate::script;
use crate::script::caught::Told;

/// Of a long chain of calls, how many are shown next to the error, and how many next to the main script.
const SHOWN_CALLS: (usize, usize) = (5, 2);
/// A narrower terminal than this gets lines that are longer than it.
const NARROWEST: usize = 40;

/// How a report is drawn.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Style {
    /// With colours, as escape sequences.
    pub colour: bool,
    /// How many columns there are.
    pub width: usize,
    /// Only ASCII in what netsh itself draws.
    pub ascii: bool,
}

/// The report of a failed script, as text that ends with a line end.
///
/// A script that was interrupted (`ErrorTerminated`) gets the word `interrupted` and the place instead.
pub fn report(
    error: &EvalAltResult,
    sources: &Sources,
    signatures: &dyn Signatures,
    style: Style,
) -> String {
    let trace = Trace::of(error, sources);
    let scene = Scene {
        place: &trace.place,
        sources,
        signatures,
    };
    let explanation = explain::explain(trace.error, &scene);
    let mut groups = vec![cause(&explanation, &trace.place)];
    groups.extend(calls(&trace.frames));
    let mut text = renderer(style).render(&groups);
    text.push('\n');
    text
}

/// What is wrong with a call that Rhai has no function for, `name (type, type)`, in a script that defines these functions: the
/// title of its report, and what to do.
pub fn call_words(signature: &str, functions: &[Signature]) -> Told {
    let error = EvalAltResult::ErrorFunctionNotFound(signature.to_owned(), Position::NONE);
    let defined = functions.iter().map(|function| {
        let parameters = function.parameters.iter();
        let names: Vec<&str> = parameters.map(|one| one.name.as_str()).collect();
        format!("fn {}({}) {{}}\n", function.name, names.join(", "))
    });
    let sources = Sources::new("", defined.collect::<String>());
    let trace = Trace::of(&error, &sources);
    let scene = Scene {
        place: &trace.place,
        sources: &sources,
        signatures: script::catalog(),
    };
    let explanation = explain::explain(trace.error, &scene);
    let notes = explanation.notes.iter();
    let helps = notes.clone().filter(|note| note.kind == Kind::Help);
    let hint = helps.chain(notes).next();
    Told {
        hint: hint.map_or_else(String::new, |note| note.text.clone()),
        message: explanation.title,
    }
}

/// How reports are drawn, whatever they are about.
pub(super) fn renderer(style: Style) -> Renderer {
    let renderer = if style.colour {
        Renderer::styled()
    } else {
        Renderer::plain()
    };
    let decor = if style.ascii {
        DecorStyle::Ascii
    } else {
        DecorStyle::Unicode
    };
    renderer
        .decor_style(decor)
        .term_width(style.width.max(NARROWEST))
}

/// The error itself: title, quoted lines, notes.
fn cause<'a>(explanation: &'a Explanation, place: &'a Place) -> Group<'a> {
    let level = if explanation.interruption {
        Level::WARNING.no_name()
    } else {
        Level::ERROR
    };
    let span = explanation.span.clone().or_else(|| place.span());
    let notes = explanation.notes.iter().map(|note| {
        let level = match note.kind {
            Kind::Kernel => Level::NOTE.with_name("kernel"),
            Kind::Note => Level::NOTE,
            Kind::Help => Level::HELP,
        };
        level.message(clean(&note.text))
    });
    level
        .primary_title(clean(&explanation.title))
        .elements(quote(
            place,
            span,
            &explanation.label,
            explanation.beside.as_ref(),
        ))
        .elements(explanation.quoted.as_ref().map(quoted))
        .elements(notes)
}

/// The calls that led to the error, innermost first, each with its line.
fn calls(frames: &[Frame]) -> Vec<Group<'_>> {
    let (first, last) = SHOWN_CALLS;
    let left_out = frames.len().saturating_sub(first + last);
    // One call more takes no more room than the line that says that it is left out.
    let left_out = if left_out > 1 { left_out } else { 0 };
    let mut groups = Vec::new();
    for (index, frame) in frames.iter().enumerate() {
        if left_out > 0 && (first..first + left_out).contains(&index) {
            if index == first {
                let title = format!("{left_out} more calls are not shown");
                groups.push(Group::with_title(Level::NOTE.secondary_title(title)));
            }
            continue;
        }
        let title = Level::NOTE.secondary_title(clean(&frame.title()));
        let elements = quote(&frame.place, frame.place.span(), "", None);
        groups.push(title.elements(elements));
    }
    groups
}

/// The line of a place with `span` underlined, or only the file, line and column where the text is not at hand.
fn quote<'a>(
    place: &'a Place,
    span: Option<Range<usize>>,
    label: &str,
    beside: Option<&'a (Range<usize>, String)>,
) -> Vec<Element<'a>> {
    let (Some(source), Some(span)) = (place.source.as_deref(), span) else {
        return vec![origin(place).into()];
    };
    let number = source.line_of(span.start);
    let Some(line) = source.line(number) else {
        return vec![origin(place).into()];
    };
    // What spans several lines is underlined to the end of its first one.
    let within = |span: &Range<usize>, line: &Range<usize>| {
        let start = span.start.clamp(line.start, line.end);
        start..span.end.clamp(start, line.end)
    };
    let beside = beside.and_then(|(span, label)| {
        let number = source.line_of(span.start);
        Some((number, within(span, &source.line(number)?), label))
    });
    let first = beside
        .as_ref()
        .map_or(number, |beside| beside.0.min(number));
    let last = beside
        .as_ref()
        .map_or(number, |beside| beside.0.max(number));
    let start = source.line(first).map_or(line.start, |line| line.start);
    let end = source.line(last).map_or(line.end, |line| line.end);
    let shift =
        |span: Range<usize>| span.start.saturating_sub(start)..span.end.saturating_sub(start);

    let label = Some(clean(label)).filter(|label| !label.is_empty());
    let (path, line_start) = source.caption(first);
    let mut snippet = Snippet::source(source.slice(start..end))
        .line_start(line_start)
        .path(clean(path))
        .annotation(
            AnnotationKind::Primary
                .span(shift(within(&span, &line)))
                .label(label),
        );
    if let Some((_, span, label)) = beside {
        let label = Some(clean(label)).filter(|label| !label.is_empty());
        snippet = snippet.annotation(AnnotationKind::Context.span(shift(span)).label(label));
    }
    vec![snippet.into()]
}

/// The line of a text that the script gave to a verb, with the part to blame underlined.
fn quoted(quoted: &Quoted) -> Element<'_> {
    let snippet = Snippet::source(&quoted.text)
        .line_start(quoted.line)
        .path(clean(&quoted.title))
        .annotation(AnnotationKind::Primary.span(quoted.span.clone()));
    snippet.into()
}

fn origin(place: &Place) -> Origin<'_> {
    // Rhai counts lines and columns up to here, and then no more.
    const LAST: usize = u16::MAX as usize;
    let line = place.position.line();
    let shown = line.map(|line| place.caption(line.saturating_sub(1)));
    match shown {
        Some((path, _)) if line == Some(LAST) => {
            Origin::path(format!("{}, behind line {}", clean(path), LAST - 1))
        }
        Some((path, line)) => {
            let origin = Origin::path(clean(path)).line(line);
            match place.position.position().unwrap_or(1) {
                LAST => origin,
                column => origin.char_column(column),
            }
        }
        None => Origin::path(clean(place.name())),
    }
}
