//! The arguments of a command of iproute2, in any order; what stands behind `type KIND` is read by the table of the kind.

use super::Fault;
use super::iproute2_words::{Grammar, Keyword, LINK, Takes, is_beginning};
use super::pattern::placeholder;
use super::reading::{self, Reading, value_of};
use super::words::Word;
use crate::kernel::kind;
use crate::kernel::kinds;
use crate::kernel::options::{Row, Wrong, hear};
use crate::lab::suggest::nearest;

/// Reads words by the table of a kind.
pub(super) fn settings(
    reading: &mut Reading,
    rows: &'static [Row],
    kind: &str,
    mut words: &[Word],
) -> Result<(), Fault> {
    while let Some((word, rest)) = words.split_first() {
        // The verbs' own patterns have a word in capitals for the value.
        let row = rows.iter().find(|row| row.word == word.text);
        if let Some(row) = row
            && let Some(value) = rest.first().filter(|next| placeholder(next).is_some())
        {
            reading.push(
                format!("{}{}", reading::SETTING, row.key),
                Some(value.clone()),
                &word.span,
            );
            words = &rest[1..];
            continue;
        }
        let mut texts: Vec<&str> = words.iter().map(|word| word.text.as_str()).collect();
        // Of a VLAN ip takes the beginning of any word.
        let whole = rows.iter().find(|row| is_beginning(&word.text, row.word));
        if let (Some(whole), Some(typed), "vlan") = (whole, texts.first_mut(), kind) {
            *typed = whole.word;
        }
        let Some(heard) = hear(rows, &texts) else {
            return Err(unknown_setting(word, rows, kind));
        };
        let of = |place: usize| words.get(place).unwrap_or(word);
        let setting = heard
            .setting
            .map_err(|(place, wrong)| wrong_at(of(place), wrong))?;
        let span = word.span.start..of(heard.words - 1).span.end;
        reading.set(heard.row, &setting, &span);
        words = words.get(heard.words..).unwrap_or_default();
    }
    Ok(())
}

fn unknown_setting(word: &Word, rows: &[Row], kind: &str) -> Fault {
    let known = |row: &&Row| row.is_set() && row.word == word.text;
    if rows.iter().any(|row| known(&row)) {
        return Fault::new(format!("{:?} wants a value", word.text))
            .at(word.span.clone(), "nothing follows it");
    }
    let fault = Fault::new(format!("a {kind} has no {:?}", word.text))
        .at(word.span.clone(), "not understood");
    let words: Vec<&str> = rows
        .iter()
        .filter(|row| row.is_set())
        .map(|row| row.word)
        .collect();
    match nearest(&word.text, words.iter().copied()) {
        Some(near) => fault.help(format!("did you mean {near:?}?")),
        None => fault.help(format!("netsh knows: {}", words.join(", "))),
    }
}

fn wrong_at(word: &Word, wrong: Wrong) -> Fault {
    let fault = Fault::new("netsh does not take this value");
    let at = |label: String| fault.at(word.span.clone(), label);
    match wrong {
        Wrong::Type(wanted) => at(format!("not {wanted}")),
        Wrong::Value(words) => at(words),
        Wrong::Word(wrong, known) => match nearest(&wrong, known.iter().copied()) {
            Some(near) => at("none of its words".into()).help(format!("did you mean {near:?}?")),
            None => at("none of its words".into()).help(format!("it can be: {}", known.join(", "))),
        },
    }
}

/// The arguments of one command, while they are read.
pub(super) struct Arguments<'a> {
    reading: &'a mut Reading,
    grammar: Grammar,
    command: &'a str,
    /// What the keys begin with: nothing, or `peer ` behind the word.
    section: &'static str,
}

impl<'a> Arguments<'a> {
    /// Those of a command.
    pub(super) fn of(reading: &'a mut Reading, grammar: Grammar, command: &'a str) -> Self {
        Arguments {
            reading,
            grammar,
            command,
            section: "",
        }
    }

    /// Reads them to their end.
    pub(super) fn read(mut self, mut words: &[Word]) -> Result<(), Fault> {
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
                Takes::Is(value) => Some(word.with(value)),
                Takes::Nothing if keyword.means == "up" => Some(word.with("on")),
                Takes::Nothing => None,
            };
            self.not_a_name(word, keyword, value.as_ref())?;
            let kind = value.clone();
            // Of a link that there is only the settings count.
            let is_of_a_link = self.grammar.unsaid == LINK.unsaid;
            if !is_of_a_link || keyword.means != "type" || self.command != "set" {
                self.take(keyword.means, value, word)?;
            }
            if keyword.means == "type" && is_of_a_link && self.command != "show" {
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
            let plain = kind.text.strip_suffix("_slave").unwrap_or(&kind.text);
            kinds::names().any(|name| name == plain)
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

    /// What stands behind `type KIND`: the other end of a veth, or words of the kind's own.
    fn read_kind(mut self, kind: &str, words: &[Word]) -> Result<(), Fault> {
        let rows = match kind.strip_suffix("_slave") {
            Some(master) => kind::port_options(master),
            None => kind::options(kind),
        };
        match words.split_first() {
            Some((word, rest)) if kind == "veth" && word.text == "peer" => {
                self.section = "peer ";
                self.read(rest)
            }
            _ if rows.is_empty() => {
                self.reading.tail = words.to_vec();
                Ok(())
            }
            _ => settings(self.reading, rows, kind, words),
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
        let mut arguments = self.reading.arguments.iter_mut();
        if let Some(known) = arguments.find(|argument| argument.key == key) {
            let is_fdb = self
                .reading
                .head
                .starts_with(&["bridge".into(), "fdb".into()]);
            // All of these states at once.
            if let (true, "state", Some(first), Some(value)) = (
                is_fdb && self.command == "flush",
                means,
                known.value.as_mut(),
                value,
            ) {
                first.text = format!("{}\n{}", first.text, value.text);
                return Ok(());
            }
            if means == "nud" {
                return Err(Fault::new("netsh chooses by one state of neighbours")
                    .at(word.span.clone(), "the second one")
                    .help("neigh_list().filter(|neigh| neigh.state in [\"stale\", \"failed\"])"));
            }
            return Err(Fault::new(format!("{means} is given twice"))
                .at(word.span.clone(), "the second time"));
        }
        self.reading.push(key, value, &word.span);
        Ok(())
    }

    /// What makes a link calls its name by either word.
    fn name_of(&self, means: &str) -> String {
        let makes =
            self.command == "add" && self.reading.head.ends_with(&["link".into(), "add".into()]);
        match means {
            "dev" if !self.section.is_empty() => "peer name".into(),
            "name" if makes && self.section.is_empty() => "dev".into(),
            means => format!("{}{means}", self.section),
        }
    }
}
