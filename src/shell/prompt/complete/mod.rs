//! What can stand at the cursor.
//!
//! The text up to the cursor says what is wanted there ([`place`]): a name, a method of a value ([`value`]), an option,
//! the name of a link. What there is comes from the catalog and from the [`Surroundings`], and the latter are asked only
//! for what is wanted: they look at the kernel.
//!
//! | file | what it is |
//! |---|---|
//! | [`surroundings`] | what there is around the prompt |
//! | [`place`] | what is wanted at the cursor |
//! | [`value`] | what the value before a dot is |
//! | [`offer`] | what there is of what is wanted |
//! | [`rhai_words`] | Rhai's own words |
//! | [`choice`] | what fits to what is typed, and how it is written |

pub mod choice;
pub mod offer;
mod offer_words;
pub mod place;
pub mod rhai_words;
pub mod surroundings;
pub mod value;

#[cfg(test)]
mod tests;

use super::order::{self, Written};
use super::reading::{Ending, Reading};
use crate::catalog::Catalog;
use choice::{Typed, Writing};
use offer::Offers;
use place::Place;
use surroundings::Surroundings;

/// Something that can stand at the cursor.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Candidate {
    /// What takes the place of the text from the start of the completion to the cursor.
    pub replacement: String,
    /// Its name alone.
    pub name: String,
    /// A summary, a type; empty where there is nothing to say.
    pub about: String,
    /// The name and what is said about it, in columns: one line that can be printed as it is.
    pub display: String,
}

/// All that can stand at the cursor.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Completion {
    /// The byte from which on the text is replaced, up to the cursor.
    pub start: usize,
    /// What it can be replaced by, the likeliest first.
    pub candidates: Vec<Candidate>,
}

impl Completion {
    /// The same for an editor that lists no more than so many: of more there is only what they begin with in common, if that
    /// is more than what is typed.
    pub fn of_at_most(mut self, most: usize, typed: &str) -> Self {
        if self.candidates.len() <= most {
            return self;
        }
        let common = self.candidates.iter().map(|one| one.replacement.as_str());
        let common = common
            .reduce(common_beginning)
            .unwrap_or_default()
            .to_owned();
        self.candidates.clear();
        if common.len() > typed.len() {
            self.candidates.push(Candidate {
                replacement: common.clone(),
                name: common.clone(),
                about: String::new(),
                display: common,
            });
        }
        self
    }
}

/// What both texts begin with.
fn common_beginning<'a>(one: &'a str, other: &str) -> &'a str {
    let pairs = one.char_indices().zip(other.chars());
    let differs = |&((_, a), b): &((usize, char), char)| a != b;
    let end = match pairs.clone().find(differs) {
        Some(((at, _), _)) => at,
        None => one.len().min(other.len()),
    };
    one.get(..end).unwrap_or_default()
}

/// What can stand at the cursor, which is a byte of the text; within a character it stands before it.
pub fn complete(
    text: &str,
    cursor: usize,
    catalog: &Catalog,
    around: &dyn Surroundings,
) -> Completion {
    let mut cursor = cursor.min(text.len());
    while !text.is_char_boundary(cursor) {
        cursor -= 1;
    }
    let (before, after) = text.split_at(cursor);
    let none = Completion {
        start: cursor,
        candidates: Vec::new(),
    };
    let typed = match (order::read(before), order::statement(before)) {
        (_, Some(text)) => statement(text, after, catalog, around),
        (Some(Written::Program(words)), _) => Some(offer_words::shell(words, around)),
        (Some(Written::Order { name, rest: None }), _) => Some(offer_words::orders(name)),
        (Some(Written::Order { name, rest }), _) => {
            offer_words::argument(name, rest.unwrap_or(""), around)
        }
        (None, None) => None,
    };
    typed.map_or(none, |typed| typed.choose(cursor))
}

/// What is offered in a statement, which ends at the cursor.
fn statement(
    before: &str,
    after: &str,
    catalog: &Catalog,
    around: &dyn Surroundings,
) -> Option<Typed> {
    let reading = Reading::of(before);
    let (token, typed, writing) = match &reading.ending {
        Ending::Comment { .. } | Ending::Broken => return None,
        Ending::Text(text) if !text.whole => return None,
        Ending::Text(text) => {
            let closed = after.starts_with(&text.closing);
            let writing = Writing::InText {
                closing: text.closing.clone(),
                closed,
            };
            (text.token, before.get(text.start..)?, writing)
        }
        Ending::Code => {
            let token = reading.word_token();
            let lexeme = reading.source.lexemes().get(token);
            let word = lexeme.and_then(|lexeme| before.get(lexeme.range.clone()));
            let has_colon = after.trim_start().starts_with(':');
            let writing = Writing::InCode {
                has_colon,
                has_bracket: after.starts_with('('),
            };
            (token, word.unwrap_or(""), writing)
        }
    };
    let place = Place::of(&reading, token);
    Offers::new(&reading, after, catalog, around).of_place(&place, token, typed, writing)
}
