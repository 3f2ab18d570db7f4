//! What there is where no code is: files, the words of a shell command, orders to the prompt.

use super::super::command::ORDERS;
use super::super::order::{Takes, takes};
use super::choice::{Form, Offer, Typed, Writing};
use super::surroundings::Surroundings;

/// The words of other programs after which the name of a link comes.
const BEFORE_LINKS: [&str; 4] = ["-i", "-I", "--interface", "dev"];

/// What is typed of a name, and what there is. The name is the last part of the word where names have levels.
pub(super) type Offered = (String, Vec<Offer>);

/// What is typed up to the last separator, and the rest.
pub(super) fn at_last(typed: &str, separator: char) -> (&str, &str) {
    let at = typed
        .rfind(separator)
        .map_or(0, |at| at + separator.len_utf8());
    typed.split_at(at)
}

/// What is in the folder that is typed.
pub(super) fn files(typed: &str, around: &dyn Surroundings) -> Offered {
    let (folder, word) = at_last(typed, '/');
    let inside = around.files(folder).into_iter();
    let offers = inside.filter_map(|path| {
        let name = path.strip_prefix(folder)?;
        let is_hidden = name.starts_with('.') && !word.starts_with('.');
        let form = match name.ends_with('/') {
            true => Form::Group,
            false => Form::Text,
        };
        (!is_hidden).then(|| Offer::new(name, "", form))
    });
    (word.into(), offers.collect())
}

/// What can stand at the end of a shell command: a program, a link behind the words that want one, a file.
pub(super) fn in_shell(command: &str, form: Form, around: &dyn Surroundings) -> Offered {
    let word = command.rsplit(char::is_whitespace).next().unwrap_or("");
    let before = command.strip_suffix(word).unwrap_or("");
    let previous = before.split_whitespace().last();
    let named = |names: Vec<String>| {
        let offers = names.into_iter().map(|name| Offer::new(name, "", form));
        (word.to_owned(), offers.collect())
    };
    match previous {
        None | Some("|" | "||" | "&&" | ";") if !word.contains('/') => named(around.programs(word)),
        Some(previous) if BEFORE_LINKS.contains(&previous) => named(around.links(None)),
        _ => {
            let (word, mut offers) = files(word, around);
            let files = offers.iter_mut().filter(|offer| offer.form == Form::Text);
            files.for_each(|file| file.form = form);
            (word, offers)
        }
    }
}

/// What can stand at the end of `!command`.
pub fn shell(command: &str, around: &dyn Surroundings) -> Typed {
    let (word, offers) = in_shell(command, Form::Text, around);
    Typed {
        word,
        offers,
        writing: Writing::Word,
    }
}

/// The orders to the prompt.
pub fn orders(name: &str) -> Typed {
    let offers = ORDERS.iter();
    let offers = offers.map(|order| Offer::new(order.name, order.summary, Form::Text));
    Typed {
        word: name.into(),
        offers: offers.collect(),
        writing: Writing::Word,
    }
}

/// The argument of an order to the prompt.
pub fn argument(name: &str, typed: &str, around: &dyn Surroundings) -> Option<Typed> {
    let text = |name: &str| Offer::new(name, "", Form::Text);
    let (word, offers) = match takes(name) {
        Takes::File => files(typed, around),
        Takes::Netns => {
            let names = around.namespaces();
            let names = names.iter().map(|name| text(name));
            (typed.into(), names.collect())
        }
        Takes::Words(words) => (typed.into(), words.into_iter().map(text).collect()),
        Takes::Anything | Takes::Statement => return None,
    };
    Some(Typed {
        word,
        offers,
        writing: Writing::Word,
    })
}
