//! Reads commands of conntrack(8).

use super::Fault;
use super::other_programs::letters;
use super::reading::{Reading, Unread, program, span_of};
use super::words::Word;

/// The long options, and their letters. Those of ports and states have none.
const LONG: [(&str, &str); 31] = [
    ("--dump", "-L"),
    ("--get", "-G"),
    ("--delete", "-D"),
    ("--create", "-I"),
    ("--update", "-U"),
    ("--event", "-E"),
    ("--flush", "-F"),
    ("--count", "-C"),
    ("--stats", "-S"),
    ("--src", "-s"),
    ("--orig-src", "-s"),
    ("--dst", "-d"),
    ("--orig-dst", "-d"),
    ("--reply-src", "-r"),
    ("--reply-dst", "-q"),
    ("--protonum", "-p"),
    ("--proto", "-p"),
    ("--family", "-f"),
    ("--mark", "-m"),
    ("--status", "-u"),
    ("--zone", "-w"),
    ("--src-nat", "-n"),
    ("--dst-nat", "-g"),
    ("--any-nat", "-j"),
    ("--output", "-o"),
    ("--event-mask", "-e"),
    ("--buffer-size", "-b"),
    ("--timeout", "-t"),
    ("--zero", "-z"),
    ("--orig-port-src", "--sport"),
    ("--orig-port-dst", "--dport"),
];

/// The letters that have values.
const VALUES: &str = "sdrqpfmuwoebtlc";

/// What netsh has verbs for.
const COMMANDS: &str = "LDFCE";

/// Reads a command of conntrack.
pub fn read(words: &[Word]) -> Result<Vec<Reading>, Unread> {
    let words: Vec<Word> = words.iter().flat_map(short).collect();
    let (named, rest) = named(&words)?;
    let (options, operands) = letters(&rest, VALUES)?;
    let command = options.iter().find(|it| it.letter.is_ascii_uppercase());
    let Some(command) = command else {
        return Err(Fault::new("conntrack is not told what to do")
            .at(span_of(&words), "-L, -E, -D, -F or -C has to follow")
            .into());
    };
    if !COMMANDS.contains(command.letter) {
        let why = "netsh has no verb for this";
        return Err(program(&words, span_of(&words), why));
    }
    let mut reading = Reading::of(["conntrack".into(), format!("-{}", command.letter)], &words);
    for (key, value) in named {
        reading.push(key.text.clone(), Some(value), &key.span);
    }
    for option in &options {
        let value = option.value.clone();
        let nat = |word: &str| Some(Word::in_place_of(&option.span, word));
        match option.letter {
            'n' => reading.push("nat", nat("snat"), &option.span),
            'g' => reading.push("nat", nat("dnat"), &option.span),
            'j' => reading.push("nat", nat("any"), &option.span),
            'o' => reading.manner.extend(value),
            // How much the kernel may keep ready is netsh's business.
            'b' => {}
            'f' => reading.push("-f", value.map(|it| family(&it)), &option.span),
            letter if letter.is_ascii_uppercase() => {}
            letter => reading.push(format!("-{letter}"), value, &option.span),
        }
    }
    reading
        .arguments
        .sort_by_key(|argument| argument.span.start);
    match operands.iter().find(|word| word.text != "conntrack") {
        // A table of another kind.
        Some(table) => Err(Fault::new("netsh has no equivalent of this table")
            .at(table.span.clone(), "not understood")
            .into()),
        None => Ok(vec![reading]),
    }
}

/// A long option as its letter, `--option=value` as two words.
fn short(word: &Word) -> Vec<Word> {
    let (name, value) = match word.text.split_once('=') {
        Some((name, value)) if name.starts_with("--") => (name, Some(word.with(value))),
        _ => (word.text.as_str(), None),
    };
    let letter = LONG.iter().find(|(long, _)| *long == name);
    let name = word.with(letter.map_or(name, |(_, letter)| letter));
    std::iter::once(name).chain(value).collect()
}

/// An option and its value.
type Named = (Word, Word);

/// Options that have no letter, with their values, and the other words.
fn named(words: &[Word]) -> Result<(Vec<Named>, Vec<Word>), Fault> {
    let (mut named, mut rest) = (Vec::new(), Vec::new());
    let mut words = words.iter();
    while let Some(word) = words.next() {
        match word.text.starts_with("--") && word.text.len() > 2 {
            true => {
                let value = super::reading::value_of(word, words.next())?;
                named.push((word.clone(), value.clone()));
            }
            false => rest.push(word.clone()),
        }
    }
    Ok((named, rest))
}

fn family(word: &Word) -> Word {
    match word.text.as_str() {
        "ipv4" => word.with("inet"),
        "ipv6" => word.with("inet6"),
        _ => word.clone(),
    }
}
