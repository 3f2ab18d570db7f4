//! Reads commands of iproute2 as it reads them itself: options, object, command, and arguments whose order is free.

use crate::kernel::kinds;
use crate::lab::suggest::nearest;

use super::Fault;
use super::iproute2_words::{
    GLOBALS, Global, Grammar, Keyword, LINK, Takes, commands, first_match, grammar, is_beginning,
    objects,
};
use super::reading::{self, Reading, Unread, unknown, value_of};
use super::script::Command;
use super::words::Word;

/// Kinds of links that are made in pairs. What follows their `peer` is said about the other end.
const PAIRS: [&str; 3] = ["veth", "vxcan", "netkit"];

/// Reads a command of `ip`, `bridge` or `tc`.
pub fn read(program: &str, words: &[Word]) -> Result<Vec<Reading>, Unread> {
    let mut reading = Reading::of([program], words);
    let rest = globals(words.get(1..).unwrap_or(&[]), &mut reading)?;
    let Some((typed, rest)) = rest.split_first() else {
        return Err(Fault::new(format!("{program} is not told what to work on"))
            .at(reading.span, "an object such as link or addr has to follow")
            .into());
    };
    let table = objects(program);
    let object = first_match(table, &typed.text)
        .ok_or_else(|| unknown(typed, program, table.iter().map(|(name, _)| *name)))?;
    reading.head.push(object.into());
    reading.head_span.end = typed.span.end;
    let (command, rest) = command(program, object, rest, &mut reading)?;
    if command == "help" || object == "help" {
        return Err(Fault::new("netsh explains what does something")
            .at(reading.head_span, "this asks for help")
            .help("netsh help shows what netsh can do")
            .into());
    }
    if (object, command) == ("netns", "exec") {
        return inside(rest, &reading);
    }
    reading.head.push(command.into());
    let grammar = grammar(object, command).filter(|_| program == "ip");
    match grammar {
        None => reading.tail = rest.to_vec(),
        Some(grammar) => Arguments::of(&mut reading, grammar, command).read(rest)?,
    }
    Ok(vec![reading])
}

fn globals<'a>(mut words: &'a [Word], reading: &mut Reading) -> Result<&'a [Word], Fault> {
    while let Some((option, rest)) = words.split_first() {
        if !option.text.starts_with('-') {
            break;
        }
        words = rest;
        if option.text == "--" {
            break;
        }
        // Two hyphens are as good as one, and colours can have a value behind a sign of equality.
        let typed = option
            .text
            .strip_prefix('-')
            .filter(|text| text.starts_with('-'));
        let typed = typed.unwrap_or(&option.text);
        let typed = typed.split_once('=').map_or(typed, |(name, _)| name);
        let found = GLOBALS
            .iter()
            .find(|(name, _)| typed == *name || name.len() > 2 && is_beginning(typed, name));
        let Some((name, global)) = found.filter(|_| typed.len() > 1) else {
            let names = GLOBALS.iter().map(|(name, _)| *name);
            return Err(unknown(option, "iproute2", names));
        };
        let mut value = || {
            let (value, rest) = words.split_first().unzip();
            words = rest.unwrap_or(&[]);
            value_of(option, value)
        };
        match global {
            Global::Manner => reading.manner.push(option.with(*name)),
            Global::MannerWithValue => {
                value()?;
                reading.manner.push(option.with(*name));
            }
            Global::Netns => reading.netns = Some(value()?.clone()),
            Global::Family(family) => reading.family = Some(option.with(*family)),
            Global::FamilyByName => reading.family = Some(value()?.clone()),
            Global::Other => {
                return Err(Fault::new(format!("netsh has no equivalent of {name}"))
                    .at(option.span.clone(), "not understood"));
            }
        }
    }
    Ok(words)
}

/// The command, which is to show where none is given.
fn command<'a>(
    program: &str,
    object: &str,
    words: &'a [Word],
    reading: &mut Reading,
) -> Result<(&'static str, &'a [Word]), Fault> {
    let Some((typed, rest)) = words.split_first() else {
        return Ok(("show", words));
    };
    let table = commands(program, object);
    let Some(command) = first_match(table, &typed.text) else {
        let place = format!("{program} {object}");
        return Err(unknown(typed, &place, table.iter().map(|(name, _)| *name)));
    };
    reading.head_span.end = typed.span.end;
    Ok((command, rest))
}

/// `ip netns exec NAME COMMAND...`: the command, read for that namespace.
fn inside(words: &[Word], outer: &Reading) -> Result<Vec<Reading>, Unread> {
    let Some((netns, rest)) = words.split_first().filter(|(_, rest)| !rest.is_empty()) else {
        return Err(Fault::new("ip netns exec wants a namespace and a command")
            .at(outer.span.clone(), "one of them is missing")
            .into());
    };
    let command = Command {
        words: rest.to_vec(),
        redirections: Vec::new(),
    };
    match reading::read(&command) {
        Ok(mut readings) => {
            for reading in &mut readings {
                reading.netns.get_or_insert_with(|| netns.clone());
            }
            Ok(readings)
        }
        Err(Unread::Program(mut program)) => {
            program.netns.get_or_insert_with(|| netns.clone());
            Err(Unread::Program(program))
        }
        Err(fault) => Err(fault),
    }
}

/// The arguments of one command, while they are read.
struct Arguments<'a> {
    reading: &'a mut Reading,
    grammar: Grammar,
    command: &'a str,
    /// What the keys begin with: nothing, or `peer ` behind the word.
    section: &'static str,
}

impl<'a> Arguments<'a> {
    fn of(reading: &'a mut Reading, grammar: Grammar, command: &'a str) -> Self {
        Arguments {
            reading,
            grammar,
            command,
            section: "",
        }
    }

    fn read(mut self, mut words: &[Word]) -> Result<(), Fault> {
        while let Some((word, rest)) = words.split_first() {
            words = rest;
            let Some(keyword) = self.grammar.keyword(&word.text) else {
                self.unsaid(word)?;
                continue;
            };
            let value = match keyword.takes {
                Takes::Value => {
                    let (value, rest) = words.split_first().unzip();
                    words = rest.unwrap_or(&[]);
                    Some(value_of(word, value)?.clone())
                }
                // One key, on or off, whichever of the two words is typed.
                Takes::Off => Some(word.with("off")),
                Takes::Nothing if keyword.means == "up" => Some(word.with("on")),
                Takes::Nothing => None,
            };
            self.not_a_name(word, keyword, value.as_ref())?;
            let kind = value.clone();
            self.take(keyword.means, value, word)?;
            if keyword.means == "type" && self.command != "show" {
                self.is_a_kind(kind.as_ref())?;
                let kind = kind.map(|kind| kind.text);
                return self.read_kind(&kind.unwrap_or_default(), words);
            }
        }
        Ok(())
    }

    /// `ip link add a type veth`: ip takes the `a` for the beginning of address, and type for the address.
    fn not_a_name(
        &self,
        word: &Word,
        keyword: &Keyword,
        value: Option<&Word>,
    ) -> Result<(), Fault> {
        let is_short = word.text != keyword.typed;
        let is_keyword = value.is_some_and(|value| self.grammar.keyword(&value.text).is_some());
        if !is_short || !is_keyword {
            return Ok(());
        }
        let label = format!("ip takes this for the beginning of {:?}", keyword.typed);
        Err(Fault::new(format!("{:?} is not read as a name", word.text))
            .at(word.span.clone(), label)
            .help(format!("for a link of this name: dev {}", word.text)))
    }

    /// A kind that Linux has no driver for is misspelt. (The verbs' own patterns have a word in capitals here.)
    fn is_a_kind(&self, kind: Option<&Word>) -> Result<(), Fault> {
        let is_one = |kind: &Word| {
            kinds::names().any(|name| name == kind.text)
                || kind.text.chars().all(|c| c.is_ascii_uppercase())
        };
        let Some(kind) = kind.filter(|kind| !is_one(kind)) else {
            return Ok(());
        };
        let fault = Fault::new(format!("Linux has no links of kind {:?}", kind.text))
            .at(kind.span.clone(), "not understood");
        Err(match nearest(&kind.text, kinds::names()) {
            Some(near) => fault.help(format!("did you mean {near:?}?")),
            None => fault,
        })
    }

    /// What stands behind `type KIND`: the other end of a pair, or words of the kind's own.
    fn read_kind(mut self, kind: &str, words: &[Word]) -> Result<(), Fault> {
        match words.split_first() {
            Some((word, rest)) if PAIRS.contains(&kind) && word.text == "peer" => {
                self.section = "peer ";
                self.read(rest)
            }
            _ => {
                self.reading.tail = words.to_vec();
                Ok(())
            }
        }
    }

    /// A word that is no keyword.
    fn unsaid(&mut self, word: &Word) -> Result<(), Fault> {
        let key = self.name_of(self.grammar.unsaid);
        let known = self
            .reading
            .arguments
            .iter()
            .any(|argument| argument.key == key);
        if !known {
            return self.take(self.grammar.unsaid, Some(word.clone()), word);
        }
        let place = self.reading.head.join(" ");
        let keywords = self.grammar.keywords.iter().map(|keyword| keyword.typed);
        let fault = Fault::new(format!("{place} has no {:?}", word.text))
            .at(word.span.clone(), "not understood");
        Err(match nearest(&word.text, keywords) {
            Some(near) => fault.help(format!("did you mean {near:?}?")),
            None => fault,
        })
    }

    fn take(&mut self, means: &str, value: Option<Word>, word: &Word) -> Result<(), Fault> {
        let key = self.name_of(means);
        if self
            .reading
            .arguments
            .iter()
            .any(|argument| argument.key == key)
        {
            return Err(Fault::new(format!("{means} is given twice"))
                .at(word.span.clone(), "the second time"));
        }
        self.reading.push(key, value, &word.span);
        Ok(())
    }

    /// What makes a link calls its name by either word.
    fn name_of(&self, means: &str) -> String {
        let makes = self.command == "add" && self.grammar.unsaid == LINK.unsaid;
        match means {
            "dev" if !self.section.is_empty() => "peer name".into(),
            "name" if makes && self.section.is_empty() => "dev".into(),
            means => format!("{}{means}", self.section),
        }
    }
}
