//! What an object knows of a refusal beyond the kernel's words: many carry none (EEXIST, a bad MTU), or none that help.
//! Whoever tells the failure puts them in place; see `lab::explain`.

use std::ops::Range;

use nix::errno::Errno;

/// A refusal as the kernel gave it.
#[derive(Debug, Clone, Copy)]
pub struct Refusal<'a> {
    /// The errno.
    pub errno: Errno,
    /// The extended-ack text, where there is one.
    pub said: Option<&'a str>,
}

impl Refusal<'_> {
    /// Whether the kernel may mean the property of this name: it says so, or it says nothing.
    pub fn may_mean(&self, property: &str) -> bool {
        self.said.is_none_or(|said| said.contains(property))
    }
}

/// Why, what to do, and which parameter or option of the verb is to blame.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Reason {
    /// Why.
    pub words: String,
    /// What to do.
    pub hint: String,
    /// The parameter or option to blame; empty is the whole call.
    pub argument: &'static str,
    /// The part of that argument, a text, in bytes; None is all of it.
    pub within: Option<Range<usize>>,
    /// Names of which one may have been meant. If so, that is the hint.
    pub alike: Option<Alike>,
}

/// A name that does not exist among those that do.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Alike {
    /// The name that was given.
    pub wrong: String,
    /// Those that exist.
    pub among: Vec<String>,
    /// Where they exist, to follow the name: ` in net.ipv4`.
    pub place: String,
}

impl Reason {
    /// A reason with nothing but its words.
    pub fn new(words: impl Into<String>) -> Self {
        Reason {
            words: words.into(),
            ..Reason::default()
        }
    }

    /// Names the parameter or option to blame.
    pub fn blame(self, argument: &'static str) -> Self {
        Reason { argument, ..self }
    }

    /// Names the part of the parameter, a text, that is to blame.
    pub fn within(self, within: Option<Range<usize>>) -> Self {
        Reason { within, ..self }
    }

    /// Says what to do.
    pub fn hint(self, hint: impl Into<String>) -> Self {
        let hint = hint.into();
        Reason { hint, ..self }
    }

    /// Says among which names `wrong` may have been meant.
    pub fn alike(self, wrong: &str, among: Vec<String>, place: impl Into<String>) -> Self {
        let alike = Alike {
            wrong: wrong.into(),
            among,
            place: place.into(),
        };
        Reason {
            alike: Some(alike),
            ..self
        }
    }
}

/// Names in a row, and how many more there are.
pub fn listed(names: &[String]) -> String {
    const MOST: usize = 12;
    let shown = &names[..names.len().min(MOST)];
    let mut text = shown.join(", ");
    if names.len() > MOST {
        text += &format!(" and {} more", names.len() - MOST);
    }
    text
}
