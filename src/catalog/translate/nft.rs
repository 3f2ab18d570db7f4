//! Reads commands of nft. The name of a table, a chain or a set is one word, however many it is written in; so is a rule.

use std::ops::Range;

use crate::kernel::nft::family::Family;

use super::Fault;
use super::reading::{Reading, Unread, program, span_of};
use super::words::Word;

/// What begins a command.
const COMMANDS: [&str; 7] = [
    "add", "create", "insert", "delete", "list", "flush", "reset",
];

/// The words of a command, those in quotes taken apart: nft puts its arguments together again.
fn apart(words: &[Word]) -> Vec<Word> {
    let mut all = Vec::new();
    for word in words {
        let spread: String = word
            .text
            .chars()
            .flat_map(|c| match c {
                '{' | '}' | ';' | ',' => vec![' ', c, ' '],
                c => vec![c],
            })
            .collect();
        let parts = spread.split_whitespace();
        all.extend(parts.map(|part| Word::in_place_of(&word.span, part)));
    }
    all
}

/// Reads a command of nft.
pub fn read(words: &[Word]) -> Result<Reading, Unread> {
    let (mut manner, mut rest) = (Vec::new(), words.get(1..).unwrap_or(&[]));
    while let Some((first, after)) = rest.split_first() {
        match first.text.as_str() {
            "-f" | "--file" => {
                return Err(program(
                    words,
                    span_of(words),
                    "nft_load() takes the text itself, not a file",
                ));
            }
            "-j" | "--json" => manner.push(first.with("-j")),
            text if text.starts_with('-') => {}
            _ => break,
        }
        rest = after;
    }
    if let Some(monitor) = rest.first().filter(|first| first.text == "monitor") {
        return Err(Fault::new("netsh listens for as long as a closure runs")
            .at(monitor.span.clone(), "goes on until Ctrl-C")
            .help("write nft_trace(|| ...), with what is to happen in the closure")
            .into());
    }
    let apart = apart(rest);
    let first = apart.first().map_or("", |word| word.text.as_str());
    let mut reading = match COMMANDS.contains(&first) && !is_several(rest) {
        true => command(words, &apart)?,
        false => whole(words, rest),
    };
    reading.manner = manner;
    Ok(reading)
}

/// Whether a text has more than one command in it.
fn is_several(words: &[Word]) -> bool {
    let text: Vec<&str> = words.iter().map(|word| word.text.as_str()).collect();
    let text = text.join(" ");
    let outside = text
        .rfind('}')
        .map_or(text.as_str(), |end| text.get(end..).unwrap_or(""));
    outside.contains(';')
        && outside
            .split(';')
            .nth(1)
            .is_some_and(|rest| !rest.trim().is_empty())
}

/// A text that nft_load() takes.
fn whole(words: &[Word], rest: &[Word]) -> Reading {
    let mut reading = Reading::of(["nft"], words);
    if !rest.is_empty() {
        let text = joined(rest);
        let span = text.span.clone();
        reading.push("", Some(text), &span);
    }
    reading
}

/// Several words as one.
fn joined(words: &[Word]) -> Word {
    let texts: Vec<&str> = words.iter().map(|word| word.text.as_str()).collect();
    let span: Range<usize> = span_of(words);
    Word::in_place_of(&span, texts.join(" ").replace(" ,", ","))
}

fn command(words: &[Word], apart: &[Word]) -> Result<Reading, Unread> {
    let verb = apart.first().map_or("", |word| word.text.as_str());
    let Some(object) = apart.get(1) else {
        return Err(Fault::new(format!("nft is not told what to {verb}"))
            .at(
                span_of(words),
                "table, chain, rule, set, map or element has to follow",
            )
            .into());
    };
    // To insert is to add at another place; to create, to add if it is not there.
    let plain = match verb {
        "insert" | "create" => "add",
        verb => verb,
    };
    let mut reading = Reading::of(["nft", plain, &object.text], words);
    let mut rest = apart.get(2..).unwrap_or(&[]);
    let depth = match object.text.as_str() {
        "ruleset" | "tables" | "chains" | "sets" | "maps" => 0,
        "table" => 1,
        _ => 2,
    };
    if let Some(name) = take_name(&mut rest, depth) {
        let span = name.span.clone();
        reading.push("", Some(name), &span);
    }
    if verb == "insert" {
        reading.push("insert", None, &object.span);
    }
    match object.text.as_str() {
        "rule" => rule(&mut reading, rest),
        "element" if !rest.is_empty() => {
            let inside: Vec<Word> = rest
                .iter()
                .filter(|word| !["{", "}"].contains(&word.text.as_str()))
                .cloned()
                .collect();
            let text = joined(&inside);
            let span = text.span.clone();
            reading.push("", Some(text), &span);
        }
        _ => block(&mut reading, rest),
    }
    Ok(reading)
}

/// Takes a name off: its family, if one is written, and so many words more. One word in capitals, of a pattern, is all of it.
fn take_name(rest: &mut &[Word], depth: usize) -> Option<Word> {
    let first = rest.first().filter(|_| depth > 0)?;
    let length = match super::pattern::placeholder(first) {
        Some(_) => 1,
        None => depth + usize::from(Family::named(&first.text).is_some() && rest.len() > depth),
    };
    let length = length.min(rest.len());
    let (name, after) = rest.split_at(length);
    *rest = after;
    Some(joined(name))
}

/// `handle 5`, or where the rule goes and then the rule.
fn rule(reading: &mut Reading, mut rest: &[Word]) {
    while let [key, value, after @ ..] = rest {
        if !["handle", "position", "index"].contains(&key.text.as_str()) {
            break;
        }
        reading.push(key.text.as_str(), Some(value.clone()), &key.span);
        rest = after;
    }
    if !rest.is_empty() {
        let text = joined(rest);
        let span = text.span.clone();
        reading.push("", Some(text), &span);
    }
}

/// What stands in braces: words with their values, a semicolon after each.
fn block(reading: &mut Reading, rest: &[Word]) {
    const KEYS: [&str; 11] = [
        "type",
        "hook",
        "priority",
        "policy",
        "device",
        "flags",
        "timeout",
        "size",
        "elements",
        "comment",
        "gc-interval",
    ];
    let mut words = rest.iter().peekable();
    let mut depth = 0;
    while let Some(word) = words.next() {
        match word.text.as_str() {
            "{" => depth += 1,
            "}" => depth -= 1,
            key if KEYS.contains(&key) && depth <= 1 => {
                let mut value: Vec<Word> = Vec::new();
                let mut inside = 0;
                while let Some(next) = words.peek() {
                    let text = next.text.as_str();
                    let ends = text == ";" || text == "}" || KEYS.contains(&text);
                    if inside == 0 && ends {
                        break;
                    }
                    inside += i32::from(text == "{") - i32::from(text == "}");
                    let left_out = ["{", "}", "="].contains(&text);
                    value.extend(words.next().filter(|_| !left_out).cloned());
                }
                let value = (!value.is_empty()).then(|| joined(&value));
                reading.push(key, value, &word.span);
            }
            _ => {}
        }
    }
}
