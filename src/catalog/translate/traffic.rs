//! Reads commands of `tc`: where, what kind, and the kind's own words, by the tables that the verbs read their options by.
//!
//! What tc says by the place of a word (`delay 20ms 5ms 25%`) becomes a key with a value; a time without a unit, which is
//! microseconds for tc and seconds for netsh, gets its unit. Several values of one key are lines of one text.

use crate::kernel::filter;
use crate::kernel::options::{Form, Row, Says};
use crate::kernel::qdisc::kinds::{self, CLASSES, Kind, QDISCS};

use super::Fault;
use super::iproute2_words::is_beginning;
use super::pattern::placeholder;
use super::reading::{Reading, value_of};
use super::words::Word;

/// What tc has more than one word for, by kind.
const ALIASES: &[(&str, &str, &str)] = &[
    ("netem", "latency", "delay"),
    ("netem", "drop", "loss"),
    ("tbf", "buffer", "burst"),
    ("tbf", "maxburst", "burst"),
    ("tbf", "minburst", "mtu"),
    ("htb", "buffer", "burst"),
    ("htb", "maxburst", "burst"),
    ("htb", "cbuffer", "cburst"),
    ("htb", "cmaxburst", "cburst"),
];

/// Where something is: the word, the key, the object that it is of (nothing for all).
const PLACES: &[(&str, &str, &str)] = &[
    ("dev", "dev", ""),
    ("root", "root", ""),
    ("parent", "parent", ""),
    ("handle", "handle", ""),
    ("classid", "classid", "class"),
    ("chain", "chain", "filter"),
];

/// Those of filters whose beginning is enough, in the order in which tc looks for them.
const SHORT_PLACES: [(&str, &str); 3] = [
    ("preference", "prio"),
    ("priority", "prio"),
    ("protocol", "protocol"),
];

/// The argument that says where something is.
fn place(object: &str, text: &str) -> Option<&'static str> {
    let mut places = PLACES.iter();
    let found = places.find(|(typed, _, of)| *typed == text && (of.is_empty() || *of == object));
    if let Some((_, key, _)) = found {
        return Some(key);
    }
    let mut short = SHORT_PLACES.iter();
    let found = short.find(|(whole, _)| object == "filter" && is_beginning(text, whole));
    found.map(|(_, key)| *key)
}

/// Reads what follows `tc qdisc add`. Gives the reason where only tc can do it.
pub fn read(
    object: &str,
    command: &str,
    words: &[Word],
    reading: &mut Reading,
) -> Result<Option<String>, Fault> {
    if !["qdisc", "class", "filter"].contains(&object) {
        reading.tail = words.to_vec();
        return Ok(None);
    }
    let mut words = words;
    while let Some((word, rest)) = words.split_first() {
        words = rest;
        let text = word.text.as_str();
        if let Some(key) = place(object, text) {
            let value = if key != "root" {
                let (value, rest) = words.split_first().unzip();
                words = rest.unwrap_or(&[]);
                Some(value_of(word, value)?.clone())
            } else {
                None
            };
            push(reading, key, value, word)?;
            continue;
        }
        match (object, command, text) {
            ("filter", _, "ingress" | "egress") | ("qdisc", "delete", "ingress" | "clsact") => {
                push(reading, "parent", Some(word.clone()), word)?;
            }
            ("qdisc", "show", "ingress" | "clsact") => {
                push(reading, "parent", Some(word.with("ingress")), word)?;
            }
            // What kind it is says nothing of which one, but that it is what impairs the link.
            ("qdisc", "delete", kind) if kind != "netem" && placeholder(word).is_none() => {}
            _ => {
                if placeholder(word).is_none() && !is_kind(object, text) {
                    return Ok(Some(format!("netsh has no {object} of kind {text}")));
                }
                push(reading, "kind", Some(word.clone()), word)?;
                read_options(object, word, words, reading)?;
                return Ok(None);
            }
        }
    }
    Ok(None)
}

/// Whether netsh knows this kind.
fn is_kind(object: &str, kind: &str) -> bool {
    match object {
        "qdisc" => kinds::find(QDISCS, kind).is_some(),
        "class" => kinds::find(CLASSES, kind).is_some(),
        _ => filter::KINDS.contains(&kind),
    }
}

fn push(reading: &mut Reading, key: &str, value: Option<Word>, word: &Word) -> Result<(), Fault> {
    if reading.arguments.iter().any(|argument| argument.key == key) {
        let fault = Fault::new(format!("{key} is given twice"));
        return Err(fault.at(word.span.clone(), "the second time"));
    }
    reading.push(key, value, &word.span);
    Ok(())
}

fn read_options(
    object: &str,
    kind: &Word,
    words: &[Word],
    reading: &mut Reading,
) -> Result<(), Fault> {
    let known = match object {
        "qdisc" => kinds::find(QDISCS, &kind.text),
        "class" => kinds::find(CLASSES, &kind.text),
        _ => None,
    };
    match known {
        Some(known) => read_known(known, words, reading),
        None if object == "filter" && filter::KINDS.contains(&kind.text.as_str()) => {
            read_filter(words, reading)
        }
        // A word in capitals stands for any kind, and so for any words.
        None => read_pairs(words, reading),
    }
}

fn read_pairs(words: &[Word], reading: &mut Reading) -> Result<(), Fault> {
    let mut words = words.iter();
    while let Some(word) = words.next() {
        let value = value_of(word, words.next())?;
        push(reading, &word.text, Some(value.clone()), word)?;
    }
    Ok(())
}

fn read_known(kind: &Kind, words: &[Word], reading: &mut Reading) -> Result<(), Fault> {
    let mut words = words;
    while let Some((word, rest)) = words.split_first() {
        let Some((at, off, taken)) = find(kind, words) else {
            let names: Vec<&str> = kind
                .options
                .iter()
                .map(|row| row.word)
                .filter(|word| !word.is_empty())
                .collect();
            let title = format!("{} has no option {:?}", kind.name, word.text);
            let fault = Fault::new(title).at(word.span.clone(), "not understood");
            return Err(match names.is_empty() {
                true => fault,
                false => fault.help(format!("{} knows: {}", kind.name, names.join(", "))),
            });
        };
        words = rest.get(taken - 1..).unwrap_or(&[]);
        let row = &kind.options[at];
        if row.form.is_switch() {
            let value = off.then(|| word.with("off"));
            push(reading, row.key, value, word)?;
            continue;
        }
        let (value, left) = take_value(row, word, words)?;
        words = left;
        push(reading, row.key, Some(value), word)?;
        // What stands right behind it.
        let followers = kind.options.iter().skip(at + 1);
        for follower in followers.take_while(|next| next.says == Says::Behind) {
            let Some((next, _)) = words
                .split_first()
                .filter(|(next, _)| is_number(&next.text))
            else {
                break;
            };
            let next = next.clone();
            let (value, left) = take_value(follower, &next, words)?;
            words = left;
            push(reading, follower.key, Some(value), &next)?;
        }
    }
    Ok(())
}

/// The option that these words begin with: its place in the table, whether it is switched off, how many words it takes.
fn find(kind: &Kind, words: &[Word]) -> Option<(usize, bool, usize)> {
    let first = words.first()?.text.as_str();
    let second = words.get(1).map_or("", |word| word.text.as_str());
    let mut aliases = ALIASES.iter();
    let alias = aliases.find(|(of, typed, _)| *of == kind.name && *typed == first);
    let first = alias.map_or(first, |(.., means)| means);
    let place = |test: &dyn Fn(&Row) -> bool| kind.options.iter().position(test);
    // `loss state`, `loss gemodel`; `loss random` is loss.
    let both = format!("{first} {second}");
    if let Some(at) = place(&|row| row.word == both) {
        return Some((at, false, 2));
    }
    if let Some(at) = place(&|row| row.word == first) {
        let is_random = (first, second) == ("loss", "random");
        return Some((at, false, if is_random { 2 } else { 1 }));
    }
    let off = |row: &Row| match row.says {
        Says::No => first.strip_prefix("no") == Some(row.word),
        Says::Or(off) => off == first,
        _ => false,
    };
    if let Some(at) = place(&off) {
        return Some((at, true, 1));
    }
    // tc takes the beginning of most words.
    let beginning = |row: &Row| !row.word.is_empty() && is_beginning(first, row.word);
    place(&beginning).map(|at| (at, false, 1))
}

/// Takes a value off the words: one, or as many numbers as a list has.
fn take_value<'a>(row: &Row, word: &Word, words: &'a [Word]) -> Result<(Word, &'a [Word]), Fault> {
    let most = match row.form {
        Form::Numbers(_, _, most) | Form::Chances(_, most) => most,
        _ => 1,
    };
    let (first, rest) = words.split_first().unzip();
    let first = value_of(word, first)?;
    let mut rest = rest.unwrap_or(&[]);
    let mut texts = vec![first.text.clone()];
    while let Some((next, left)) = rest.split_first()
        && texts.len() < most
        && is_number(&next.text)
    {
        texts.push(next.text.clone());
        rest = left;
    }
    let mut text = texts.join(" ");
    let bare = |text: &str| text.bytes().all(|c| c.is_ascii_digit() || c == b'.');
    // The period of sfq's hash is the one time that tc reads in seconds.
    if matches!(row.form, Form::Period(_)) && row.key != "perturb" && bare(&text) {
        text.push_str("us");
    }
    Ok((first.with(text), rest))
}

/// Whether tc would take a word for the value behind another one.
fn is_number(text: &str) -> bool {
    text.trim_start_matches('-')
        .starts_with(|c: char| c.is_ascii_digit())
}

/// The words of a filter: `match ...` and `action ...` again and again, a class, and fields with their values.
fn read_filter(words: &[Word], reading: &mut Reading) -> Result<(), Fault> {
    let mut several: Vec<(&str, Vec<String>, Word)> = Vec::new();
    let mut words = words;
    while let Some((word, rest)) = words.split_first() {
        words = rest;
        match word.text.as_str() {
            key @ ("match" | "action" | "police") => {
                let ends = ["match", "action", "flowid", "classid", "police"];
                // The first word of an action is its kind: police stands without the word before it, and with it.
                let mut own = words.iter().enumerate().skip(usize::from(key == "action"));
                let end = own.find(|(_, word)| ends.contains(&word.text.as_str()));
                let end = end.map(|(place, _)| place);
                let (own, left) = words.split_at(end.unwrap_or(words.len()));
                words = left;
                let mut texts: Vec<&str> = own.iter().map(|word| word.text.as_str()).collect();
                if key == "police" {
                    texts.insert(0, "police");
                }
                let key = if key == "match" { "match" } else { "action" };
                let text = texts.join(" ");
                match several.iter_mut().find(|(known, ..)| *known == key) {
                    Some((_, known, _)) => known.push(text),
                    None => several.push((key, vec![text], word.clone())),
                }
            }
            key @ ("skip_sw" | "skip_hw") => push(reading, key, None, word)?,
            key => {
                let (value, rest) = words.split_first().unzip();
                words = rest.unwrap_or(&[]);
                let key = if key == "flowid" { "classid" } else { key };
                push(reading, key, Some(value_of(word, value)?.clone()), word)?;
            }
        }
    }
    for (key, texts, word) in several {
        push(reading, key, Some(word.with(texts.join("\n"))), &word)?;
    }
    Ok(())
}
