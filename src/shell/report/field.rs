//! A field that a map does not have.

use rhai::Token;

use super::explain::{Explanation, Scene};
use super::words;
use crate::shell::source::Source;

/// More fields than these are not listed.
const MOST: usize = 24;

/// Explains why there is no such field. Rhai tells the name alone: which fields there are is read from what the
/// script says of the map, or else from what the verbs are documented to give.
pub fn not_found(name: &str, scene: &Scene) -> Explanation {
    let explanation =
        Explanation::new(format!("there is no field {name:?}")).label("the map has no such field");
    let here = scene.place.source.as_deref().zip(scene.place.lexeme());
    let Some((source, at)) = here else {
        return explanation.help("keys() of the map lists its fields");
    };
    let own = own_fields(source, at, scene);
    let near = words::nearest(name, own.iter().map(String::as_str));
    if near.is_some() {
        return explanation.did_you_mean(near);
    }
    if !own.is_empty() && own.len() <= MOST {
        return explanation.note(format!("its fields are {}", own.join(", ")));
    }
    let mut all = source.keys(None);
    let verbs = scene.signatures.names();
    all.extend(verbs.iter().flat_map(|verb| scene.signatures.fields(verb)));
    match words::nearest(name, all.iter().map(String::as_str)) {
        Some(near) => explanation.did_you_mean(Some(near)),
        None => explanation.help("keys() of the map lists its fields"),
    }
}

/// The fields of the map before the dot, where the script shows what it is: a call of a verb, `#{...}`, or a variable
/// that was given one of these.
fn own_fields(source: &Source, at: usize, scene: &Scene) -> Vec<String> {
    let holder = at.checked_sub(2);
    let before = holder
        .and_then(|at| at.checked_sub(1))
        .and_then(|at| source.token(at));
    let (Some(holder), false) = (holder, matches!(before, Some(Token::Period | Token::Elvis)))
    else {
        return Vec::new();
    };
    let value = match source.token(holder) {
        Some(Token::Identifier(..)) => source.value_before(source.word(holder), at),
        Some(Token::RightParen | Token::Unit) => {
            let calls = (0..holder).rev().filter_map(|name| source.call_at(name));
            let mut ending = calls.filter(|call| {
                let last = call.arguments.last().map(|argument| argument.end);
                last.unwrap_or(call.name + 1) == holder
            });
            ending.next().map(|call| call.name)
        }
        _ => None,
    };
    let Some(value) = value else {
        return Vec::new();
    };
    match source.called_by_value(value) {
        Some(verb) => scene.signatures.fields(verb),
        None => source.keys(Some(value)),
    }
}
