//! What fits to what is typed, and how it is written into the text.

use super::{Candidate, Completion};
use crate::lab::failure::printable;
use crate::lab::suggest::nearest;

/// The widest names that what is said about them stands in a column behind.
const WIDEST: usize = 24;

/// Something that there is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Offer {
    /// Its name.
    pub name: String,
    /// What is said about it.
    pub about: String,
    /// What it is in a script.
    pub form: Form,
}

/// What something is in a script.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Form {
    /// A name of the language.
    Name,
    /// The name of a function.
    Call {
        /// Whether it takes nothing at all.
        empty: bool,
    },
    /// The key of an option.
    Key,
    /// A text.
    Text,
    /// A text that goes on: a folder, a group of kernel parameters.
    Group,
}

impl Offer {
    /// Something of that form.
    pub fn new(name: impl Into<String>, about: impl Into<String>, form: Form) -> Self {
        Offer {
            name: name.into(),
            about: about.into(),
            form,
        }
    }
}

/// Where it is written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Writing {
    /// Between tokens.
    InCode {
        /// Whether a colon follows.
        has_colon: bool,
        /// Whether a bracket follows, as behind the name of a call.
        has_bracket: bool,
    },
    /// In a string.
    InText {
        /// What closes it.
        closing: String,
        /// Whether that follows.
        closed: bool,
    },
    /// In a line that is no script.
    Word,
}

/// What is typed, and what there is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Typed {
    /// The text before the cursor that is to be replaced.
    pub word: String,
    /// What there is.
    pub offers: Vec<Offer>,
    /// Where it is written.
    pub writing: Writing,
}

impl Typed {
    /// What fits: what begins like the word, else what has it in it, else what is most like it.
    pub fn choose(self, cursor: usize) -> Completion {
        let Typed {
            word,
            mut offers,
            writing,
        } = self;
        let mut seen = std::collections::HashSet::new();
        // What drives a terminal can be shown, but not be typed.
        offers.retain(|offer| {
            !offer.name.contains(char::is_control) && seen.insert((offer.name.clone(), offer.form))
        });
        let lower = word.to_lowercase();
        let begins = |offer: &Offer| offer.name.starts_with(&word);
        let has = |offer: &Offer| offer.name.to_lowercase().contains(&lower);
        if offers.iter().any(begins) {
            offers.retain(begins);
        } else if offers.iter().any(has) {
            offers.retain(has);
        } else {
            let names = offers.iter().map(|offer| offer.name.as_str());
            let like = nearest(&word, names).map(str::to_owned);
            offers.retain(|offer| Some(&offer.name) == like.as_ref());
        }
        Completion {
            start: cursor.saturating_sub(word.len()),
            candidates: candidates(offers, &writing),
        }
    }
}

fn candidates(offers: Vec<Offer>, writing: &Writing) -> Vec<Candidate> {
    let widths = offers.iter().map(|offer| offer.name.chars().count());
    let width = widths.max().unwrap_or(0).min(WIDEST);
    let candidate = |offer: Offer| {
        let about = printable(&offer.about).replace(['\n', '\t'], " ");
        let display = match about.as_str() {
            "" => offer.name.clone(),
            about => format!("{:width$}  {about}", offer.name),
        };
        Candidate {
            replacement: written(&offer, writing),
            name: offer.name,
            about,
            display,
        }
    };
    offers.into_iter().map(candidate).collect()
}

/// What is written for it.
fn written(offer: &Offer, writing: &Writing) -> String {
    let name = &offer.name;
    match (writing, offer.form) {
        (Writing::Word, _) | (Writing::InCode { .. }, Form::Name) => name.clone(),
        (
            Writing::InCode {
                has_bracket: true, ..
            },
            Form::Call { .. },
        ) => name.clone(),
        (Writing::InCode { .. }, Form::Call { empty: true }) => format!("{name}()"),
        (Writing::InCode { .. }, Form::Call { empty: false }) => format!("{name}("),
        (
            Writing::InCode {
                has_colon: true, ..
            },
            Form::Key,
        ) => name.clone(),
        (Writing::InCode { .. }, Form::Key) => format!("{name}: "),
        (Writing::InCode { .. }, Form::Text) => format!("\"{}\"", escaped(name, "\"")),
        (Writing::InCode { .. }, Form::Group) => format!("\"{}", escaped(name, "\"")),
        (Writing::InText { closing, .. }, Form::Group) => escaped(name, closing),
        (Writing::InText { closing, closed }, form) => {
            let end = match (closed, form) {
                (true, _) => String::new(),
                (false, Form::Key) => format!("{closing}: "),
                (false, _) => closing.clone(),
            };
            escaped(name, closing) + end.as_str()
        }
    }
}

/// A name as the inside of a string.
fn escaped(name: &str, closing: &str) -> String {
    match closing {
        "\"" => name.replace('\\', "\\\\").replace('"', "\\\""),
        "`" => name.replace('`', "``").replace("${", "\\${"),
        _ => name.into(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn chosen(word: &str, names: &[&str]) -> Vec<String> {
        let offers = names.iter().map(|name| Offer::new(*name, "", Form::Name));
        let typed = Typed {
            word: word.into(),
            offers: offers.collect(),
            writing: Writing::Word,
        };
        let candidates = typed.choose(9).candidates.into_iter();
        candidates.map(|one| one.replacement).collect()
    }

    #[test]
    fn what_begins_alike_comes_before_what_is_only_like_it() {
        let names = ["addr_add", "link_add", "link_set", "addr_add"];
        assert_eq!(chosen("link", &names), ["link_add", "link_set"]);
        assert_eq!(chosen("add", &names), ["addr_add"]);
        assert_eq!(chosen("ADD", &names), ["addr_add", "link_add"]);
        assert_eq!(chosen("lnik_set", &names), ["link_set"]);
        assert_eq!(chosen("zzz", &names), [""; 0]);
        assert_eq!(chosen("", &names), ["addr_add", "link_add", "link_set"]);
        assert_eq!(chosen("", &["a\u{1b}[31m", "b"]), ["b"]);
    }

    #[test]
    fn a_name_is_written_as_its_place_wants_it() {
        let code = |follows: bool| Writing::InCode {
            has_colon: follows,
            has_bracket: follows,
        };
        let call = |empty| Form::Call { empty };
        let text = |closing: &str, closed| Writing::InText {
            closing: closing.into(),
            closed,
        };
        for (name, form, writing, expected) in [
            ("a", Form::Name, code(false), "a"),
            ("a", call(false), code(false), "a("),
            ("a", call(true), code(false), "a()"),
            ("a", call(true), code(true), "a"),
            ("a", Form::Key, code(false), "a: "),
            ("a", Form::Key, code(true), "a"),
            ("a", Form::Key, text("\"", false), "a\": "),
            ("a\"b\\", Form::Text, code(false), r#""a\"b\\""#),
            ("a", Form::Group, code(false), "\"a"),
            ("a", Form::Text, text("\"", false), "a\""),
            ("a", Form::Text, text("\"", true), "a"),
            ("a", Form::Text, text("`", false), "a`"),
            ("a`${", Form::Text, text("`", true), "a``\\${"),
            ("a", Form::Group, text("\"", false), "a"),
            ("a b", Form::Text, Writing::Word, "a b"),
        ] {
            assert_eq!(written(&Offer::new(name, "", form), &writing), expected);
        }
    }
}
