//! What is wrong with a text in a language of its own (a rule of nft, a capture filter), and where.

use std::ops::Range;

/// A text that can't be understood or can't be.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Fault {
    /// What is wrong.
    pub words: String,
    /// The part of the text, in bytes.
    pub at: Range<usize>,
    /// What to do.
    pub hint: String,
    /// A word that was not understood, and those that may stand there.
    pub alike: Option<(String, Vec<String>)>,
}

impl Fault {
    /// A fault with nothing but its words and its place.
    pub fn new(words: impl Into<String>, at: Range<usize>) -> Fault {
        Fault {
            words: words.into(),
            at,
            ..Fault::default()
        }
    }

    /// Says what to do.
    pub fn hint(self, hint: impl Into<String>) -> Fault {
        let hint = hint.into();
        Fault { hint, ..self }
    }

    /// Says which words may stand in the place of this one.
    pub fn among<S: Into<String>>(self, wrong: &str, words: impl IntoIterator<Item = S>) -> Fault {
        let words = words.into_iter().map(Into::into).collect();
        Fault {
            alike: Some((wrong.into(), words)),
            ..self
        }
    }
}
