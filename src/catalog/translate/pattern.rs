//! The patterns of the catalog: the commands that verbs say they are equivalent to, read as commands are. Words in capitals
//! stand for parameters.

use crate::catalog::manual::OptionManual;
use crate::catalog::{Catalog, Entry};

use super::reading::{self, Argument, Reading};
use super::script::{self, Part};
use super::words::Word;

/// A command that a verb is equivalent to.
pub struct Pattern<'a> {
    /// The verb.
    pub entry: &'a Entry,
    /// The command, with capitals for what a script gives.
    pub reading: Reading,
}

impl Pattern<'_> {
    /// The parameter that the namespace is, for a verb that is no method: `netns_enter("h1")`.
    pub fn netns_parameter(&self) -> Option<String> {
        let name = self.reading.netns.as_ref().and_then(placeholder)?;
        let mut parameters = self.entry.signature.parameters.iter();
        parameters
            .any(|parameter| parameter.name == name)
            .then_some(name)
    }
}

/// What `...` stands for is said by the options.
const REST: &str = "...";

/// All patterns of the catalog.
pub fn patterns(catalog: &Catalog) -> Vec<Pattern<'_>> {
    let mut patterns = Vec::new();
    // What is a method only has no function to call; a module would have to be imported.
    let callable = |entry: &&Entry| entry.receiver.is_none() && entry.module.is_none();
    for entry in catalog.entries().iter().filter(callable) {
        for text in &entry.manual.equivalents {
            let reading = read(text);
            patterns.extend(reading.map(|reading| Pattern { entry, reading }));
        }
    }
    patterns
}

/// The first command of an equivalent; what follows a semicolon comes along with it.
fn read(text: &str) -> Option<Reading> {
    let parts = script::read(text).ok()?;
    let Some(Part::Pipeline(pipeline)) = parts.into_iter().next() else {
        return None;
    };
    let mut command = pipeline.commands.into_iter().next()?;
    command.words.retain(|word| word.text != REST);
    let first = command.words.first()?;
    // Any program, which is what sh() is for.
    let inner = match texts(&command.words).as_slice() {
        ["ip", "netns", "exec", _, ..] => command.words.get(4),
        _ => Some(first),
    };
    if inner.is_none_or(|program| placeholder(program).is_some()) {
        return None;
    }
    let readings = reading::read(&command).ok()?;
    readings.into_iter().next()
}

/// The parameter that a word in capitals stands for.
pub fn placeholder(word: &Word) -> Option<String> {
    let capital = |c: char| c.is_ascii_uppercase() || c == '_' || c.is_ascii_digit();
    let is_one =
        word.text.chars().all(capital) && word.text.starts_with(|c: char| c.is_ascii_uppercase());
    is_one.then(|| word.text.to_lowercase())
}

/// A place of a pattern.
pub enum Slot {
    /// This word itself, or this key with nothing or this value.
    Literal(String, Option<String>),
    /// A value for the parameter.
    Placeholder(String, String),
}

impl Slot {
    /// The word before the value; nothing where the place says it.
    pub fn key(&self) -> &str {
        match self {
            Slot::Literal(key, _) | Slot::Placeholder(key, _) => key,
        }
    }
}

/// How a command says this option.
pub fn spelling(option: &OptionManual) -> String {
    match (&option.spelling, option.key.strip_prefix("peer_")) {
        (Some(spelling), _) => spelling.clone(),
        (None, Some(rest)) => format!("peer {rest}"),
        (None, None) => option.key.clone(),
    }
}

/// The place that an argument of a pattern is.
pub fn slot(argument: &Argument) -> Slot {
    let value = argument.value.as_ref();
    match value.and_then(placeholder) {
        Some(parameter) => Slot::Placeholder(argument.key.clone(), parameter),
        None => {
            let value = value.map(|value| value.text.clone());
            Slot::Literal(argument.key.clone(), value)
        }
    }
}

/// `id ID` is a key and its value, a capital alone has its meaning from its place, the rest are words to be there.
pub fn tail_slots(words: &[Word]) -> Vec<Slot> {
    let mut slots = Vec::new();
    let mut words = words.iter().peekable();
    while let Some(word) = words.next() {
        slots.push(match placeholder(word) {
            Some(parameter) => Slot::Placeholder(String::new(), parameter),
            None => match words.next_if(|next| placeholder(next).is_some()) {
                Some(next) => {
                    let parameter = placeholder(next).unwrap_or_default();
                    Slot::Placeholder(word.text.clone(), parameter)
                }
                None => Slot::Literal(word.text.clone(), None),
            },
        });
    }
    slots
}

/// The texts of words.
pub fn texts(words: &[Word]) -> Vec<&str> {
    words.iter().map(|word| word.text.as_str()).collect()
}
