//! What stands in the braces of a chain or a set: statements, a semicolon after each.

use crate::kernel::nft::family::Family;
use crate::kernel::nft::hook::read_priority;
use crate::kernel::units;

use super::nft_text::joined;
use super::reading::Reading;
use super::words::Word;

/// Reads what stands behind the name of an object. Nothing if there is anything that the verb has no option for.
pub fn read(reading: &mut Reading, object: &str, rest: &[Word]) -> Option<()> {
    let inside = match rest {
        [open, inside @ .., close] if open.text == "{" && close.text == "}" => inside,
        // The verbs' own patterns go without braces.
        words => words,
    };
    for statement in inside.split(|word| word.text == ";") {
        let Some((key, values)) = statement.split_first() else {
            continue;
        };
        match object {
            "chain" => of_a_chain(reading, key, values)?,
            "set" | "map" => of_a_set(reading, key, values)?,
            _ => return None,
        }
    }
    Some(())
}

/// `type nat hook postrouting priority srcnat`, `policy drop`.
fn of_a_chain(reading: &mut Reading, key: &Word, values: &[Word]) -> Option<()> {
    let (value, rest) = values.split_first()?;
    match key.text.as_str() {
        "policy" | "type" | "hook" | "device" => {
            let value = unquoted(value);
            reading.push(key.text.as_str(), Some(value), &key.span);
            match rest.split_first() {
                None => Some(()),
                Some((next, values)) => of_a_chain(reading, next, values),
            }
        }
        "priority" => {
            let value = joined(values);
            let name = reading.value("").map_or("", |name| name.text.as_str());
            let family = name.split(' ').next().and_then(Family::named);
            read_priority(&value.text, family.unwrap_or(Family::Ip)).ok()?;
            reading.push("priority", Some(value), &key.span);
            Some(())
        }
        _ => None,
    }
}

/// `type ipv4_addr`, `flags interval, timeout`, `elements = { 10.0.0.1 }`.
fn of_a_set(reading: &mut Reading, key: &Word, values: &[Word]) -> Option<()> {
    let first = values.first()?;
    let value = match (key.text.as_str(), values) {
        ("type" | "flags", values) => joined(values),
        ("size", [_]) => first.clone(),
        // nft adds several units up: 1h30m.
        ("timeout", [time]) if units::duration(&time.text).is_ok() => first.clone(),
        ("comment", [_]) => unquoted(first),
        ("elements", [is, open, inside @ .., close])
            if [is, open, close].map(|word| word.text.as_str()) == ["=", "{", "}"] =>
        {
            joined(inside)
        }
        _ => return None,
    };
    reading.push(key.text.as_str(), Some(value), &key.span);
    Some(())
}

fn unquoted(word: &Word) -> Word {
    word.with(word.text.trim_matches('"'))
}
