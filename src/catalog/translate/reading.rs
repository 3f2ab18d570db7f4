//! A command as what it asks for: the program with what it is to do, and named arguments in any order. The patterns of the
//! catalog are read in the same way, so that both can be compared.

use std::ops::Range;

use crate::kernel::options::{Row, Setting};
use crate::lab::suggest::nearest;

use super::script::{Command, Redirection};
use super::words::{Word, WorkedOut};
use super::{Fault, conntrack, iproute2, line, monitor, nft, other_programs, probing};

/// What the keys of settings of a kind begin with.
pub const SETTING: &str = "type ";

/// A command, read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reading {
    /// The program, its object and command: `ip link add`.
    pub head: Vec<String>,
    /// Where the head stands.
    pub head_span: Range<usize>,
    /// The arguments whose names are known.
    pub arguments: Vec<Argument>,
    /// The words after them, of which only the catalog can say what they mean.
    pub tail: Vec<Word>,
    /// The namespace that it is for.
    pub netns: Option<Word>,
    /// Only this family of addresses.
    pub family: Option<Word>,
    /// How its result is to be written, each option in its long form.
    pub manner: Vec<Word>,
    /// Where all of it stands.
    pub span: Range<usize>,
}

/// A named argument.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Argument {
    /// `mtu`; `peer mtu` behind a `peer`; `-c`; nothing for what has its meaning from its place.
    pub key: String,
    /// What it is given; nothing where the key says it all.
    pub value: Option<Word>,
    /// The value as Rhai, where a table knows its form.
    pub rhai: Option<String>,
    /// Where both stand.
    pub span: Range<usize>,
}

/// Why a command has no reading.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Unread {
    /// It is wrong, or a part of it is not understood.
    Fault(Fault),
    /// It is not for netsh: the program has to be run.
    Program(Program),
}

/// What only the program itself does.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Program {
    /// The namespace in which to run it.
    pub netns: Option<Word>,
    /// Its command line.
    pub span: Range<usize>,
    /// Why.
    pub why: String,
}

impl From<Fault> for Unread {
    fn from(fault: Fault) -> Self {
        Unread::Fault(fault)
    }
}

impl Reading {
    /// A reading with nothing but a head.
    pub fn of<S: Into<String>>(head: impl IntoIterator<Item = S>, words: &[Word]) -> Reading {
        let span = span_of(words);
        Reading {
            head: head.into_iter().map(Into::into).collect(),
            head_span: words.first().map_or(0..0, |word| word.span.clone()),
            arguments: Vec::new(),
            tail: Vec::new(),
            netns: None,
            family: None,
            manner: Vec::new(),
            span,
        }
    }

    /// What the argument `key` is given.
    pub fn value(&self, key: &str) -> Option<&Word> {
        let found = self.arguments.iter().find(|argument| argument.key == key)?;
        found.value.as_ref()
    }

    /// Adds an argument.
    pub fn push(&mut self, key: impl Into<String>, value: Option<Word>, span: &Range<usize>) {
        let end = value.as_ref().map_or(span.end, |value| value.span.end);
        self.arguments.push(Argument {
            key: key.into(),
            value,
            rhai: None,
            span: span.start..end.max(span.end),
        });
    }

    /// Adds a setting of a kind of links. Its key can't be that of any other argument: a VXLAN has a `dev` of its own.
    pub fn set(&mut self, row: &Row, setting: &Setting, span: &Range<usize>) {
        let rhai = line::setting(setting);
        self.arguments.push(Argument {
            key: format!("{SETTING}{}", row.key),
            value: Some(Word::in_place_of(span, rhai.trim_matches('"'))),
            rhai: Some(rhai),
            span: span.clone(),
        });
    }
}

/// From the first to the last of these words.
pub fn span_of(words: &[Word]) -> Range<usize> {
    let start = words.first().map_or(0, |word| word.span.start);
    start..words.last().map_or(start, |word| word.span.end)
}

/// Reads a command. One that sets several parameters is several.
pub fn read(command: &Command) -> Result<Vec<Reading>, Unread> {
    let with_its_text = nft::with_its_text(command);
    let command = with_its_text.as_ref().unwrap_or(command);
    let words = without_prefix(&command.words);
    let Some((program, arguments)) = words.split_first() else {
        return Err(Fault::new("there is no command")
            .at(span_of(&command.words), "netsh has nothing to run here")
            .into());
    };
    check(words)?;
    let name = program.text.rsplit('/').next().unwrap_or("");
    if name == "echo" {
        return other_programs::echo(words, command);
    }
    let manner = manner_of(words, &command.redirections)?;
    let mut readings = match name {
        "ip" if let Some(reading) = monitor::read(words) => vec![reading?],
        "ip" | "bridge" | "tc" => iproute2::read(name, words)?,
        "ping" | "ping4" | "ping6" => other_programs::ping(name, words)?,
        "traceroute" | "traceroute6" | "tracepath" | "tracepath6" => {
            probing::traceroute(name, words)?
        }
        "nc" | "ncat" | "netcat" => probing::nc(words)?,
        "curl" => probing::curl(words)?,
        "tcpdump" => probing::tcpdump(words)?,
        "iperf" | "iperf3" => probing::iperf(words)?,
        "sysctl" => other_programs::sysctl(words)?,
        "arp" => other_programs::arp(words)?,
        "arping" => other_programs::arping(words)?,
        "conntrack" => conntrack::read(words)?,
        "nft" => nft::read(words)?,
        "cat" => other_programs::cat(words)?,
        name => {
            let mut reading = Reading::of([name], words);
            reading.tail = arguments.to_vec();
            vec![reading]
        }
    };
    for reading in &mut readings {
        reading.manner.extend(manner.clone());
    }
    Ok(readings)
}

/// What stands before the program and does not matter to the network: `sudo -E`, `env LC_ALL=C`.
pub fn without_prefix(mut words: &[Word]) -> &[Word] {
    while let Some((first, rest)) = words.split_first() {
        let name = first.text.rsplit('/').next().unwrap_or("");
        let with_value: &[&str] = match name {
            "sudo" => &[
                "-u", "-g", "-h", "-p", "-C", "-r", "-t", "-D", "-R", "-T", "-U",
            ],
            "doas" => &["-u", "-C"],
            "env" => &["-u", "-C", "-S"],
            "command" | "time" | "nohup" => &[],
            _ if is_assignment(first) && !rest.is_empty() => {
                words = rest;
                continue;
            }
            _ => break,
        };
        words = rest;
        while let Some((option, after)) = words.split_first() {
            if !option.text.starts_with('-') {
                break;
            }
            let takes = with_value.contains(&option.text.as_str());
            words = after.get(usize::from(takes)..).unwrap_or(&[]);
        }
    }
    words
}

/// `NAME=VALUE` before a command, or alone.
fn is_assignment(word: &Word) -> bool {
    let Some((name, _)) = word.text.split_once('=') else {
        return false;
    };
    let is_name = |c: char| c.is_ascii_alphanumeric() || c == '_';
    !name.is_empty() && name.chars().all(is_name) && !name.starts_with(|c: char| c.is_ascii_digit())
}

/// Words with which bash begins something that is no command.
const KEYWORDS: [&str; 19] = [
    "if", "then", "else", "elif", "fi", "for", "while", "until", "do", "done", "case", "esac",
    "function", "select", "{", "}", "[[", "[", "local",
];

/// Refuses what only a shell can work out.
fn check(words: &[Word]) -> Result<(), Fault> {
    if let Some(first) = words.first().filter(|first| !first.quoted) {
        if KEYWORDS.contains(&first.text.as_str()) {
            return Err(language(first));
        }
        if is_assignment(first) {
            return Err(
                Fault::new("netsh reads commands, not the shell's variables")
                    .at(first.span.clone(), "a variable of the shell")
                    .help("in Rhai: let name = value;"),
            );
        }
    }
    match words
        .iter()
        .find(|word| word.worked_out == Some(WorkedOut::Substitution))
    {
        None => Ok(()),
        Some(word) => Err(Fault::new("netsh does not know what the shell puts here")
            .at(word.span.clone(), "worked out by the shell")
            .help("write what it stands for")),
    }
}

/// A word of the shell's own.
pub fn language(word: &Word) -> Fault {
    Fault::new("netsh reads commands, not the shell's own language")
        .at(word.span.clone(), "this belongs to the shell")
        .help("Rhai has if, for, while, fn and variables of its own")
}

/// Output that is thrown away is a manner of asking: only whether it succeeds. Any other redirection needs the shell.
fn manner_of(words: &[Word], redirections: &[Redirection]) -> Result<Vec<Word>, Unread> {
    let mut manner = Vec::new();
    for redirection in redirections {
        let target = &redirection.target;
        let is_null = target.text == "/dev/null";
        match redirection.operator.as_str() {
            ">" | ">>" | "1>" | "&>" | "&>>" if is_null => manner.push(target.with(">/dev/null")),
            "2>" | "2>>" | "<" if is_null => {}
            "2>&" | ">&" => {}
            _ => {
                return Err(program(
                    words,
                    span_of(words).start..target.span.end,
                    "this reads or writes a file",
                ));
            }
        }
    }
    Ok(manner)
}

/// Only the program does this.
pub fn program(words: &[Word], span: Range<usize>, why: impl Into<String>) -> Unread {
    let start = span_of(words).start;
    Unread::Program(Program {
        netns: None,
        span: start.min(span.start)..span.end,
        why: why.into(),
    })
}

/// A word that is none of those that can stand there.
pub fn unknown<'a>(word: &Word, place: &str, known: impl IntoIterator<Item = &'a str>) -> Fault {
    let fault = Fault::new(format!("{place} has no {:?}", word.text))
        .at(word.span.clone(), "not understood");
    match nearest(&word.text, known) {
        Some(near) => fault.help(format!("did you mean {near:?}?")),
        None => fault,
    }
}

/// The value of an option, which has to be there.
pub fn value_of<'a>(option: &Word, value: Option<&'a Word>) -> Result<&'a Word, Fault> {
    value.ok_or_else(|| {
        Fault::new(format!("{:?} wants a value", option.text))
            .at(option.span.clone(), "nothing follows it")
    })
}
