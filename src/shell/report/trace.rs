//! Who called whom, and which text each position belongs to.
//!
//! Rhai wraps an error once for each function that it leaves: `ErrorInFunctionCall(name, source, inner, position)`.
//! The position is that of the call, so it lies in the text of the caller, which the wrapping AROUND this one names;
//! `source` is the text of the called function, so it is where the inner error lies. The outermost position lies in
//! the main script. The same goes for `ErrorInModule(path, inner, position)`.
//!
//! Rhai errs in one case (1.27, `func/script.rs`): a closure of the main script that is called by a function of a
//! module is said to lie in the module. So a position is believed only when the token there is the one that the
//! error speaks of, and looked for in the other texts of the chain otherwise.

use std::ops::Range;
use std::rc::Rc;

use rhai::{EvalAltResult, Position};

use super::thrown::verb_of;
use crate::shell::source::{Source, Sources};

/// What is said in place of a file name for the positions in a text that a script gave to `eval`.
const EVALUATED: &str = "text given to eval";

/// A position and the text that it lies in.
#[derive(Debug, Clone)]
pub struct Place {
    /// The text, where it is at hand.
    pub source: Option<Rc<Source>>,
    /// The position in it.
    pub position: Position,
    name: String,
}

impl Place {
    fn new(name: &str, source: Option<Rc<Source>>, position: Position) -> Self {
        Self {
            source,
            position,
            name: name.to_owned(),
        }
    }

    /// The path of the text.
    pub fn name(&self) -> &str {
        let path = self.source.as_deref().map(Source::path);
        path.unwrap_or(&self.name)
    }

    /// What a line, counted from 0, is shown as: the path, and the line there.
    pub fn caption(&self, line: usize) -> (&str, usize) {
        match self.source.as_deref() {
            Some(source) => source.caption(line),
            None => (&self.name, line + 1),
        }
    }

    /// The token at the position.
    pub fn lexeme(&self) -> Option<usize> {
        self.source.as_deref()?.lexeme_at(self.position)
    }

    /// The text of the token at the position, empty where there is none.
    pub fn word(&self) -> &str {
        match (self.source.as_deref(), self.lexeme()) {
            (Some(source), Some(index)) => source.word(index),
            _ => "",
        }
    }

    /// The bytes of the token at the position.
    pub fn span(&self) -> Option<Range<usize>> {
        self.source.as_deref()?.span_at(self.position)
    }

    /// Whether the token here is one of `words`; if there are none, whether any token starts here.
    fn has(&self, words: &[String]) -> bool {
        match words {
            [] => self.lexeme().is_some(),
            words => words.iter().any(|word| word == self.word()),
        }
    }
}

/// How a frame was entered.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Entry {
    Function(String),
    Closure,
    Import(String),
}

/// A call that led to the error.
#[derive(Debug, Clone)]
pub struct Frame {
    entry: Entry,
    /// Where the call stands.
    pub place: Place,
}

impl Frame {
    /// `called from here: f()`.
    pub fn title(&self) -> String {
        let word = self.place.word();
        match &self.entry {
            Entry::Function(name) => format!("called from here: {name}()"),
            Entry::Closure if is_name(word) => {
                format!("called from here: the closure, by {word}()")
            }
            Entry::Closure => "called from here: the closure".to_owned(),
            Entry::Import(path) => format!("imported from here: \"{path}\""),
        }
    }

    /// Rhai reports a closure that `map` calls twice, for the closure and for `map`, at one place.
    fn repeats(&self, inner: &Frame) -> bool {
        inner.entry == Entry::Closure
            && inner.place.position == self.place.position
            && inner.place.name() == self.place.name()
            && self.place.word() == self.name()
    }

    fn name(&self) -> &str {
        match &self.entry {
            Entry::Function(name) => name,
            _ => "",
        }
    }
}

/// An error without its wrappings.
#[derive(Debug)]
pub struct Trace<'a> {
    /// The innermost error.
    pub error: &'a EvalAltResult,
    /// Where it happened.
    pub place: Place,
    /// The calls that led there, innermost first.
    pub frames: Vec<Frame>,
}

impl<'a> Trace<'a> {
    /// Unwraps an error.
    pub fn of(error: &'a EvalAltResult, sources: &Sources) -> Self {
        let mut texts = Texts::new(sources);
        let mut frames: Vec<Frame> = Vec::new();
        let mut error = error;
        loop {
            let (entry, source, inner, position) = match error {
                EvalAltResult::ErrorInFunctionCall(name, source, inner, position) => {
                    let entry = match name.as_str() {
                        closure if closure.starts_with("anon$") => Entry::Closure,
                        name => Entry::Function(name.to_owned()),
                    };
                    (entry, source, inner, *position)
                }
                EvalAltResult::ErrorInModule(path, inner, position) => {
                    (Entry::Import(path.clone()), path, inner, *position)
                }
                _ => break,
            };
            let words = match &entry {
                Entry::Function(name) => vec![name.clone()],
                _ => Vec::new(),
            };
            let place = texts.place(position, &words);
            let evaluated = entry == Entry::Function("eval".to_owned());
            frames.push(Frame { entry, place });
            texts.enter(if evaluated { EVALUATED } else { source });
            error = inner;
        }
        let place = texts.place(error.position(), &subjects(error));
        frames.reverse();
        frames.dedup_by(|outer, inner| {
            let repeats = outer.repeats(inner);
            if repeats {
                inner.place = outer.place.clone();
            }
            repeats
        });
        Self {
            error,
            place,
            frames,
        }
    }
}

/// The texts that the chain has led through so far.
struct Texts<'a> {
    sources: &'a Sources,
    current: String,
    seen: Vec<String>,
}

impl<'a> Texts<'a> {
    fn new(sources: &'a Sources) -> Self {
        let main = sources.main().path().to_owned();
        Self {
            sources,
            current: main.clone(),
            seen: vec![main],
        }
    }

    /// A function of the text with that name was entered; a text without a name is the one we are in.
    fn enter(&mut self, name: &str) {
        if name.is_empty() {
            return;
        }
        name.clone_into(&mut self.current);
        if !self.seen.iter().any(|seen| seen == name) {
            self.seen.push(name.to_owned());
        }
    }

    fn place(&self, position: Position, words: &[String]) -> Place {
        let place = |name: &str| {
            let source = match name {
                EVALUATED => None,
                name => self.sources.get(name),
            };
            Place::new(name, source, position)
        };
        let claimed = place(&self.current);
        if self.current == EVALUATED || claimed.has(words) {
            return claimed;
        }
        let elsewhere = self.seen.iter().filter(|name| **name != self.current);
        let found = elsewhere
            .map(|name| place(name))
            .find(|place| place.has(words));
        found.unwrap_or(claimed)
    }
}

/// The words of which one must stand at the position of an error.
fn subjects(error: &EvalAltResult) -> Vec<String> {
    match error {
        EvalAltResult::ErrorFunctionNotFound(signature, _) => {
            let name = signature.split(" (").next().unwrap_or("");
            let name = name.rsplit("::").next().unwrap_or(name);
            Some(name)
                .filter(|name| is_name(name))
                .into_iter()
                .collect()
        }
        EvalAltResult::ErrorVariableNotFound(name, _) => vec![name.as_str()],
        EvalAltResult::ErrorRuntime(value, _) => match verb_of(value) {
            Some(verb) => return vec![verb, "throw".to_owned()],
            None => vec!["throw"],
        },
        _ => Vec::new(),
    }
    .into_iter()
    .map(str::to_owned)
    .collect()
}

fn is_name(word: &str) -> bool {
    word.starts_with(|c: char| c.is_alphabetic() || c == '_')
}
