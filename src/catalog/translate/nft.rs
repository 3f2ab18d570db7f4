//! Reads commands of nft. The name of a table, a chain or a set is one word, however many it is written in; so is a rule. What
//! the verbs have no options for is a text for nft_load().

use super::Fault;
use super::nft_block;
use super::nft_text::{apart, check, is_several, joined};
use super::reading::{Reading, Unread, program, span_of};
use super::script::Command;
use super::words::Word;
use crate::kernel::nft::family::Family;

/// What begins a command that verbs have.
const COMMANDS: [&str; 8] = [
    "add", "create", "insert", "delete", "replace", "list", "flush", "reset",
];

/// What begins a command that neither verbs nor nft_load() have.
const ONLY_NFTS: [&str; 6] = ["rename", "destroy", "get", "describe", "export", "import"];

/// The letters of options that only change what nft prints.
const MANNER: &str = "asntNSuypTej";
const MANNER_LONG: [(&str, &str); 5] = [
    ("--handle", "-a"),
    ("--stateless", "-s"),
    ("--numeric", "-n"),
    ("--terse", "-t"),
    ("--json", "-j"),
];

/// `nft -f -` with the text that it is given: the same as `nft TEXT`.
pub fn with_its_text(command: &Command) -> Option<Command> {
    let words = match command.words.as_slice() {
        [words @ .., option, file]
            if ["-f", "--file"].contains(&option.text.as_str())
                && ["-", "/dev/stdin"].contains(&file.text.as_str()) =>
        {
            words
        }
        [words @ .., option] if ["-f-", "--file=-"].contains(&option.text.as_str()) => words,
        _ => return None,
    };
    let is_nft = words
        .last()
        .is_some_and(|word| word.text == "nft" || word.text.ends_with("/nft"));
    let mut redirections = command.redirections.clone();
    let text = redirections.pop_if(|last| last.is_text())?.target;
    is_nft.then(|| Command {
        words: words.iter().cloned().chain([text]).collect(),
        redirections,
    })
}

/// Reads a command of nft.
pub fn read(words: &[Word]) -> Result<Vec<Reading>, Unread> {
    let (mut manner, mut rest) = (Vec::new(), words.get(1..).unwrap_or(&[]));
    while let Some((first, after)) = rest
        .split_first()
        .filter(|(it, _)| it.text.starts_with('-'))
    {
        manner.extend(option(first, words)?);
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
    let mut readings = match is_several(rest) {
        false if ONLY_NFTS.contains(&first) => {
            let why = format!("netsh has no verb for nft {first}");
            return Err(program(words, span_of(words), why));
        }
        false if COMMANDS.contains(&first) => command(words, rest, &apart)?,
        _ => vec![whole(words, rest)?],
    };
    for reading in &mut readings {
        reading.manner.clone_from(&manner);
    }
    Ok(readings)
}

/// The letters of an option that only changes what is printed. Any other is nft's: `-c` does nothing but check.
fn option(word: &Word, words: &[Word]) -> Result<Vec<Word>, Unread> {
    let long = MANNER_LONG.iter().find(|(long, _)| *long == word.text);
    let letters = long.map_or(word.text.as_str(), |(_, letter)| letter);
    let letters = letters.trim_start_matches('-');
    if word.text == "-f" || word.text == "--file" {
        let why = "nft_load() takes the text itself, not a file";
        return Err(program(words, span_of(words), why));
    }
    if !letters.chars().all(|letter| MANNER.contains(letter)) {
        let why = format!("netsh has no equivalent of {} of nft", word.text);
        return Err(program(words, span_of(words), why));
    }
    let each = letters
        .chars()
        .map(|letter| word.with(format!("-{letter}")));
    Ok(each.collect())
}

/// A text that nft_load() takes.
fn whole(words: &[Word], rest: &[Word]) -> Result<Reading, Unread> {
    let mut reading = Reading::of(["nft"], words);
    let text = match rest {
        [] => return Ok(reading),
        [one] => one.clone(),
        several => {
            let texts: Vec<&str> = several.iter().map(|word| word.text.as_str()).collect();
            Word::in_place_of(&span_of(several), texts.join(" "))
        }
    };
    if super::pattern::placeholder(&text).is_none() {
        check(&text.text, &text, words)?;
    }
    let span = text.span.clone();
    reading.push("", Some(text), &span);
    Ok(reading)
}

fn command(words: &[Word], given: &[Word], apart: &[Word]) -> Result<Vec<Reading>, Unread> {
    let ends = apart.iter().rev().take_while(|word| word.text == ";");
    let apart = apart.get(..apart.len() - ends.count()).unwrap_or(apart);
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
        "insert" | "create" | "replace" => "add",
        verb => verb,
    };
    let mut reading = Reading::of(["nft", plain, &object.text], words);
    let mut rest = apart.get(2..).unwrap_or(&[]);
    let depth = match object.text.as_str() {
        "table" => 1,
        "chain" | "rule" | "set" | "map" | "element" | "counter" | "quota" | "limit" => 2,
        _ => 0,
    };
    if let Some(name) = take_name(&mut rest, depth) {
        let span = name.span.clone();
        reading.push("", Some(name), &span);
    }
    if ["insert", "create"].contains(&verb) {
        reading.push(verb, None, &object.span);
    }
    let understood = match object.text.as_str() {
        "rule" if verb == "replace" => return replaced(reading, rest, words),
        "rule" => rule(&mut reading, rest, words)?,
        "element" => elements(&mut reading, rest),
        object if plain == "add" => nft_block::read(&mut reading, object, rest),
        _ => rest.is_empty().then_some(()),
    };
    // What no verb makes nft_load() does.
    let has_verbs = !["counter", "quota", "limit"].contains(&object.text.as_str()) && depth > 0;
    match understood {
        Some(()) if has_verbs || !["add", "delete"].contains(&plain) => Ok(vec![reading]),
        _ if plain == "add"
            || (plain == "delete" && !has_verbs)
            || reading.head == ["nft", "flush", "ruleset"] =>
        {
            Ok(vec![whole(words, given)?])
        }
        _ => {
            let place = reading.head.join(" ");
            let why = format!("netsh has no verb for all that this {place} says");
            Err(program(words, span_of(words), why))
        }
    }
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
    // `delete table ip handle 5` has no name.
    if name.iter().skip(1).any(|word| word.text == "handle") {
        return None;
    }
    *rest = after;
    Some(joined(name))
}

/// `handle 5`, or where the rule goes and then the rule.
fn rule(reading: &mut Reading, mut rest: &[Word], words: &[Word]) -> Result<Option<()>, Unread> {
    let adds = reading.head.iter().any(|word| word == "add");
    while let [key, value, after @ ..] = rest {
        let means = match key.text.as_str() {
            "handle" if adds => "position",
            "handle" | "position" | "index" => key.text.as_str(),
            _ => break,
        };
        reading.push(means, Some(value.clone()), &key.span);
        rest = after;
    }
    if rest.is_empty() || !adds {
        return Ok(rest.is_empty().then_some(()));
    }
    let text = joined(rest);
    if super::pattern::placeholder(&text).is_none() {
        let chain = reading.value("").map_or("", |chain| chain.text.as_str());
        check(&format!("add rule {chain} {}", text.text), &text, words)?;
    }
    let span = text.span.clone();
    reading.push("", Some(text), &span);
    Ok(Some(()))
}

/// `replace rule CHAIN handle 5 RULE`: the new one behind the old, and the old one goes.
fn replaced(reading: Reading, rest: &[Word], words: &[Word]) -> Result<Vec<Reading>, Unread> {
    let (mut added, mut gone) = (reading.clone(), reading);
    gone.head = ["nft", "delete", "rule"].map(String::from).to_vec();
    if let [key, handle, ..] = rest
        && key.text == "handle"
    {
        gone.push("handle", Some(handle.clone()), &key.span);
    }
    let is_whole = rule(&mut added, rest, words)?;
    match is_whole.filter(|()| gone.value("handle").is_some()) {
        Some(()) => Ok(vec![added, gone]),
        None => Err(
            Fault::new("nft replaces a rule that it is told by its handle")
                .at(span_of(words), "handle NUMBER is missing")
                .into(),
        ),
    }
}

/// `{ 10.0.0.1, 10.0.0.2 }`.
fn elements(reading: &mut Reading, rest: &[Word]) -> Option<()> {
    let inside = match rest {
        [open, inside @ .., close] if open.text == "{" && close.text == "}" => inside,
        words => words,
    };
    if !inside.is_empty() {
        let text = joined(inside);
        let span = text.span.clone();
        reading.push("", Some(text), &span);
    }
    Some(())
}
