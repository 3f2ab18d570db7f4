//! Reads commands of ping, arping, sysctl, arp, cat and echo. What reads or writes below /proc/sys is a command of sysctl.

use std::ops::Range;

use crate::kernel::sysctl::Key;

use super::Fault;
use super::reading::{Reading, Unread, program, span_of, value_of, without_prefix};
use super::script::{Command, Pipeline, Redirection};
use super::words::Word;

const PARAMETERS: &str = "/proc/sys/";

/// The letters of ping's options that have values (ping(8) of iputils).
const PING_VALUES: &str = "TFNceiIlmMpQsStwW";
/// Those that only change what ping prints, or how it looks up names.
const PING_MANNER: &str = "aDHnOUv3";

/// Reads a command of ping.
pub fn ping(name: &str, words: &[Word]) -> Result<Vec<Reading>, Unread> {
    let mut reading = Reading::of(["ping"], words);
    let (options, operands) = letters(words, PING_VALUES)?;
    reading.family = match name {
        "ping4" => words.first().map(|word| word.with("inet")),
        "ping6" => words.first().map(|word| word.with("inet6")),
        _ => None,
    };
    for option in options {
        match option.letter {
            '4' => reading.family = Some(Word::in_place_of(&option.span, "inet")),
            '6' => reading.family = Some(Word::in_place_of(&option.span, "inet6")),
            letter if PING_MANNER.contains(letter) => {
                let text = format!("-{letter}");
                reading.manner.push(Word::in_place_of(&option.span, text));
            }
            letter => reading.push(format!("-{letter}"), option.value, &option.span),
        }
    }
    for operand in operands {
        reading.push("", Some(operand.clone()), &operand.span);
    }
    Ok(vec![reading])
}

/// Reads a command of arping (arping(8) of iputils).
pub fn arping(words: &[Word]) -> Result<Vec<Reading>, Unread> {
    let mut reading = Reading::of(["arping"], words);
    let (options, operands) = letters(words, "cwiIs")?;
    for option in options {
        reading.push(format!("-{}", option.letter), option.value, &option.span);
    }
    for operand in operands {
        reading.push("", Some(operand.clone()), &operand.span);
    }
    Ok(vec![reading])
}

/// Reads a command of arp. What changes the table is the program's.
pub fn arp(words: &[Word]) -> Result<Vec<Reading>, Unread> {
    let (options, operands) = letters(words, "AHipsdf")?;
    let mut reading = Reading::of(["arp"], words);
    for option in options {
        match option.letter {
            'a' | 'e' | 'n' | 'v' => {
                let text = format!("-{}", option.letter);
                reading.manner.push(Word::in_place_of(&option.span, text));
            }
            's' | 'd' | 'f' => {
                return Err(program(
                    words,
                    span_of(words),
                    "netsh has no verb that changes the table",
                ));
            }
            letter => reading.push(format!("-{letter}"), option.value, &option.span),
        }
    }
    for operand in operands {
        reading.push("", Some(operand.clone()), &operand.span);
    }
    Ok(vec![reading])
}

/// The long options of sysctl(8), and their letters.
const SYSCTL_LONG: [(&str, &str); 10] = [
    ("--all", "-a"),
    ("--write", "-w"),
    ("--values", "-n"),
    ("--names", "-N"),
    ("--ignore", "-e"),
    ("--quiet", "-q"),
    ("--binary", "-b"),
    ("--pattern", "-r"),
    ("--load", "-p"),
    ("--system", "-S"),
];

/// Reads a command of sysctl: one reading for each parameter.
pub fn sysctl(words: &[Word]) -> Result<Vec<Reading>, Unread> {
    let short = words.iter().flat_map(in_letters).collect::<Vec<_>>();
    let (options, operands) = letters(&short, "r")?;
    let (mut all, mut pattern, mut manner) = (None, None, Vec::new());
    for option in options {
        match option.letter {
            'a' | 'A' | 'X' => all = Some(option.span),
            'r' => pattern = option.value,
            'n' | 'e' | 'q' => {
                let text = format!("-{}", option.letter);
                manner.push(Word::in_place_of(&option.span, text));
            }
            'w' => {}
            'p' | 'f' | 'S' => return Err(program(words, span_of(words), "this reads a file")),
            letter => {
                return Err(Fault::new(format!("netsh has no equivalent of -{letter}"))
                    .at(option.span, "not understood")
                    .into());
            }
        }
    }
    let mut readings = Vec::new();
    if let Some(span) = all {
        let prefix = match &pattern {
            Some(pattern) => prefix_of(pattern)?,
            None => Word::in_place_of(&span, "net"),
        };
        readings.push(parameter("list", words, &[prefix]));
    } else if let Some(pattern) = pattern {
        return Err(Fault::new("--pattern without --all")
            .at(pattern.span, "nothing is listed that it could choose from")
            .into());
    }
    for operand in operands {
        readings.push(match operand.text.split_once('=') {
            Some((name, value)) => {
                let pair = [operand.with(name.trim()), operand.with(value.trim())];
                parameter("set", words, &pair)
            }
            None => parameter("get", words, &[operand]),
        });
    }
    if readings.is_empty() {
        return Err(Fault::new("sysctl is not told which parameter")
            .at(span_of(words), "a name has to follow")
            .into());
    }
    for reading in &mut readings {
        reading.manner.clone_from(&manner);
    }
    Ok(readings)
}

fn in_letters(word: &Word) -> Vec<Word> {
    let (name, value) = match word.text.split_once('=') {
        Some((name, value)) if name.starts_with("--") => (name, Some(value)),
        _ => (word.text.as_str(), None),
    };
    match SYSCTL_LONG.iter().find(|(long, _)| *long == name) {
        None => vec![word.clone()],
        Some((_, letter)) => {
            let value = value.map(|value| word.with(value));
            std::iter::once(word.with(*letter)).chain(value).collect()
        }
    }
}

/// A reading about a parameter. The words are its name and its value, or the beginning of names.
fn parameter(what: &str, words: &[Word], given: &[Word]) -> Reading {
    let mut reading = Reading::of(["sysctl", what], words);
    for word in given {
        reading.push("", Some(word.clone()), &word.span);
    }
    reading
}

/// The names that a regular expression stands for, where they are those that begin with a text.
fn prefix_of(pattern: &Word) -> Result<Word, Fault> {
    let literal = pattern.text.strip_prefix('^').map(|text| {
        let text = text.strip_suffix(".*").unwrap_or(text);
        text.replace("\\.", ".").replace("[.]", ".")
    });
    let plain = |c: char| c.is_ascii_alphanumeric() || "._-/".contains(c);
    match literal {
        Some(text) if text.chars().all(plain) && !text.is_empty() => {
            Ok(pattern.with(text.trim_end_matches('.')))
        }
        _ => Err(Fault::new("sysctl_list takes the beginning of names")
            .at(pattern.span.clone(), "not the beginning of a name")
            .help("write '^net.ipv4.conf', or choose by hand: sysctl_list(\"net\").filter(...)")),
    }
}

/// Reads `cat`.
pub fn cat(words: &[Word]) -> Result<Vec<Reading>, Unread> {
    let files = words.get(1..).unwrap_or(&[]);
    let keys: Option<Vec<Word>> = files.iter().map(key_of).collect();
    if let Some(keys) = keys.filter(|keys| !keys.is_empty()) {
        let get = |key: &Word| parameter("get", words, std::slice::from_ref(key));
        return Ok(keys.iter().map(get).collect());
    }
    let mut reading = Reading::of(["cat"], words);
    reading.tail = files.to_vec();
    Ok(vec![reading])
}

/// Reads `echo VALUE > /proc/sys/...`; any other echo is the shell's.
pub fn echo(words: &[Word], command: &Command) -> Result<Vec<Reading>, Unread> {
    let target = match command.redirections.as_slice() {
        [Redirection { operator, target }] if matches!(operator.as_str(), ">" | ">>" | ">|") => {
            Some(target)
        }
        _ => None,
    };
    let Some((target, key)) = target.and_then(|target| Some((target, key_of(target)?))) else {
        let end = command.redirections.last().map(|last| last.target.span.end);
        let span = span_of(words);
        let end = end.unwrap_or(span.end).max(span.end);
        return Err(program(words, span.start..end, "this writes a text"));
    };
    let values = words.get(1..).unwrap_or(&[]);
    let is_option = |word: &&Word| ["-n", "-e", "-E"].contains(&word.text.as_str());
    let skipped = values.iter().take_while(is_option).count();
    let values = values.get(skipped..).unwrap_or(&[]);
    let texts: Vec<&str> = values.iter().map(|word| word.text.as_str()).collect();
    let value = Word::in_place_of(&span_of(values), texts.join(" "));
    let mut reading = parameter("set", words, &[key, value]);
    reading.span.end = target.span.end;
    Ok(vec![reading])
}

/// `echo VALUE | sudo tee /proc/sys/...` as the echo that it is.
pub fn without_tee(pipeline: &Pipeline) -> Option<Command> {
    let [echo, tee] = pipeline.commands.as_slice() else {
        return None;
    };
    let words = without_prefix(&tee.words);
    let [program, target] = words else {
        return None;
    };
    let is_echo = without_prefix(&echo.words).first()?.text == "echo";
    (is_echo && program.text == "tee" && key_of(target).is_some()).then(|| Command {
        words: echo.words.clone(),
        redirections: vec![Redirection {
            operator: ">".into(),
            target: target.clone(),
        }],
    })
}

/// The parameter that a file below /proc/sys is.
fn key_of(file: &Word) -> Option<Word> {
    let path = file.text.strip_prefix(PARAMETERS)?;
    // Written with slashes: a name without any is a group, which can't be read.
    let key = path.contains('/').then(|| Key::parse(path).ok())??;
    Some(file.with(key.to_string()))
}

/// An option of one letter.
pub struct Letter {
    /// The letter.
    pub letter: char,
    /// What it is given.
    pub value: Option<Word>,
    /// Where both stand.
    pub span: Range<usize>,
}

/// Takes options of one letter from among the arguments, as getopt(3) does: several in one word, values behind the letter
/// or in the next word.
pub fn letters(words: &[Word], with_values: &str) -> Result<(Vec<Letter>, Vec<Word>), Fault> {
    let (mut options, mut operands) = (Vec::new(), Vec::new());
    let mut rest = words.get(1..).unwrap_or(&[]).iter();
    while let Some(word) = rest.next() {
        if word.text == "--" {
            operands.extend(rest.cloned());
            break;
        }
        let Some(cluster) = word.text.strip_prefix('-').filter(|rest| !rest.is_empty()) else {
            operands.push(word.clone());
            continue;
        };
        let mut letters = cluster.chars();
        while let Some(letter) = letters.next() {
            let mut span = word.span.clone();
            let mut value = None;
            if with_values.contains(letter) {
                let joined = letters.as_str();
                let found = match joined {
                    "" => value_of(&word.with(format!("-{letter}")), rest.next())?.clone(),
                    joined => word.with(joined),
                };
                span.end = span.end.max(found.span.end);
                value = Some(found);
                letters = "".chars();
            }
            options.push(Letter {
                letter,
                value,
                span,
            });
        }
    }
    Ok((options, operands))
}
