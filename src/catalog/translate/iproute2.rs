//! Reads commands of iproute2 as it reads them itself: options, object, command, and arguments whose order is free. What stands
//! behind `type KIND` is read by the table of the kind.

use crate::kernel::kind;
use crate::kernel::kinds;
use crate::kernel::ndmsg::{STATES, state_number};
use crate::kernel::options::{Row, Wrong, hear};
use crate::kernel::rule::ACTIONS;
use crate::kernel::vlan_options;
use crate::lab::suggest::nearest;

use super::Fault;
use super::iproute2_addresses;
use super::iproute2_route;
use super::iproute2_routing_words::{FDB, MDB, VLAN};
use super::iproute2_words::{
    GLOBALS, Global, Grammar, Keyword, LINK, PROPERTY, PROPERTY_COMMANDS, Takes, commands,
    first_match, grammar, is_beginning, objects,
};
use super::pattern::placeholder;
use super::reading::{self, Reading, Unread, unknown, value_of};
use super::script::Command;
use super::traffic;
use super::words::Word;

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
    if reading.head == ["ip", "link", "property"] {
        return properties(rest, reading);
    }
    if program == "tc" {
        return match traffic::read(object, command, rest, &mut reading)? {
            None => Ok(vec![reading]),
            Some(why) => Err(reading::program(words, reading.span, why)),
        };
    }
    if program == "bridge" && (["vlan", "mdb"].contains(&object) || command == "append") {
        bridge_command(object, command, rest, &mut reading)?;
        return Ok(vec![reading]);
    }
    match grammar(program, object, command) {
        None if reading.head == ["bridge", "link", "set"] => {
            let rows = kind::port_options("bridge");
            bridge_settings(&mut reading, rows, "bridge_slave", rest)?;
        }
        None => reading.tail = rest.to_vec(),
        Some(grammar) if object == "route" => {
            let words = iproute2_route::settled(rest, &mut reading)?;
            Arguments::of(&mut reading, grammar, command).read(&words)?;
        }
        Some(grammar) => Arguments::of(&mut reading, grammar, command).read(rest)?,
    }
    iproute2_addresses::write_out(&mut reading);
    settle(reading, words)
}

/// What is peculiar to some commands.
fn settle(mut reading: Reading, words: &[Word]) -> Result<Vec<Reading>, Unread> {
    let head: Vec<&str> = reading.head.iter().map(String::as_str).collect();
    match head.as_slice() {
        ["ip", "link", "set"]
            if reading.value("dev").is_none() && reading.value("group").is_some() =>
        {
            let why = "netsh has no verb for all links of a group";
            return Err(reading::program(words, reading.span, why));
        }
        ["ip", "neighbour", ..] => states(&mut reading)?,
        ["ip", "rule", command] => {
            let actions = ACTIONS.iter().map(|(_, name)| *name);
            let place = format!("ip rule {command}");
            if let Some(action) = reading.value("action")
                && placeholder(action).is_none()
                && !actions.clone().any(|name| name == action.text)
            {
                return Err(unknown(action, &place, actions).into());
            }
        }
        ["ip", "tuntap", ..] => {
            let users = reading.arguments.iter_mut();
            let users = users.filter(|one| ["user", "group"].contains(&one.key.as_str()));
            for user in users.filter_map(|one| one.value.as_mut()) {
                if user.text == "root" {
                    user.text = "0".into();
                }
            }
        }
        ["bridge", "vni", "add" | "delete"] => return Ok(networks(&reading)),
        _ => {}
    }
    Ok(vec![reading])
}

/// The state of a neighbour: of some words the beginning is enough (ip/ipneigh.c).
fn states(reading: &mut Reading) -> Result<(), Fault> {
    let shows = reading.head.ends_with(&["show".into()]);
    let state = reading.arguments.iter_mut().find(|one| one.key == "nud");
    let Some(argument) = state else {
        return Ok(());
    };
    let Some(value) = argument.value.as_mut() else {
        return Ok(());
    };
    if value.text == "all" && shows {
        (argument.key, argument.value) = ("all".into(), None);
        return Ok(());
    }
    let whole = ["permanent", "reachable", "failed"];
    if let Some(state) = whole.iter().find(|state| is_beginning(&value.text, state)) {
        value.text = (*state).into();
    }
    if state_number(&value.text).is_some() || placeholder(value).is_some() {
        return Ok(());
    }
    let names = STATES.iter().map(|(_, name)| *name);
    let fault = Fault::new(format!(
        "netsh knows no state {:?} of neighbours",
        value.text
    ))
    .at(value.span.clone(), "not understood");
    Err(match nearest(&value.text, names.clone()) {
        Some(near) => fault.help(format!("did you mean {near:?}?")),
        None => fault.help(format!(
            "there are {}",
            names.collect::<Vec<_>>().join(", ")
        )),
    })
}

/// `vni 10,12,20-29`: one reading for each, as each is a change for itself.
fn networks(reading: &Reading) -> Vec<Reading> {
    let Some(given) = reading.value("vni").cloned() else {
        return vec![reading.clone()];
    };
    let each = given.text.split(',').map(|vni| {
        let mut one = reading.clone();
        let same = one.arguments.iter_mut().find(|one| one.key == "vni");
        if let Some(argument) = same {
            argument.value = Some(given.with(vni));
        }
        one
    });
    each.collect()
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

/// `ip link property add dev LINK altname NAME altname NAME...`: one reading for each name, as each is a change for itself.
fn properties(words: &[Word], mut reading: Reading) -> Result<Vec<Reading>, Unread> {
    let Some((typed, rest)) = words.split_first() else {
        return Err(Fault::new("ip link property is not told what to do")
            .at(reading.span, "add or del has to follow")
            .into());
    };
    let table = PROPERTY_COMMANDS;
    let command = first_match(table, &typed.text).ok_or_else(|| {
        let names = table.iter().map(|(name, _)| *name);
        unknown(typed, "ip link property", names)
    })?;
    reading.head.push(command.into());
    reading.head_span.end = typed.span.end;
    // What the names have in common.
    let (mut common, mut names) = (Vec::new(), Vec::new());
    let mut left = rest.iter();
    while let Some(word) = left.next() {
        match PROPERTY.keyword(&word.text) {
            Some(keyword) if keyword.means == "altname" => {
                names.push([word.clone(), value_of(word, left.next())?.clone()]);
            }
            Some(_) => common.extend([word.clone(), value_of(word, left.next())?.clone()]),
            None => common.push(word.clone()),
        }
    }
    Arguments::of(&mut reading, PROPERTY, command).read(&common)?;
    if names.is_empty() {
        return Ok(vec![reading]);
    }
    let each = names.iter().map(|name| {
        let mut one = reading.clone();
        Arguments::of(&mut one, PROPERTY, command).read(name)?;
        Ok(one)
    });
    each.collect()
}

/// Those of `bridge` that are more than a command and arguments in any order.
fn bridge_command(
    object: &'static str,
    command: &'static str,
    words: &[Word],
    reading: &mut Reading,
) -> Result<(), Fault> {
    match (object, command) {
        // An option of what adds.
        ("fdb", "append") => {
            reading.head.pop();
            reading.head.push("add".into());
            let span = reading.head_span.clone();
            reading.push("append", None, &span);
            let arguments = Arguments::of(reading, FDB, "add");
            arguments.read(words)
        }
        ("vlan", "global") => {
            let (command, rest) = self::command("bridge", "vlan", words, reading)?;
            reading.head.push(command.into());
            match command {
                "set" => bridge_settings(reading, vlan_options::OF_A_BRIDGE, "VLAN", rest),
                _ => Arguments::of(reading, VLAN, command).read(rest),
            }
        }
        ("vlan", "set") => bridge_settings(reading, vlan_options::OF_A_PORT, "VLAN", words),
        _ => {
            let mut before = "";
            let mut kept = Vec::new();
            for word in words {
                match (before, word.text.as_str()) {
                    ("tunnel_info", "id") => {}
                    ("source_list", addresses) => kept.push(word.with(addresses.replace(',', " "))),
                    _ => kept.push(word.clone()),
                }
                before = &word.text;
            }
            let grammar = if object == "mdb" { MDB } else { VLAN };
            Arguments::of(reading, grammar, command).read(&kept)
        }
    }
}

/// `bridge link set dev LINK ...`, `bridge vlan set dev LINK vid VID ...`: settings of a port or of a VLAN.
fn bridge_settings(
    reading: &mut Reading,
    rows: &'static [Row],
    of: &str,
    words: &[Word],
) -> Result<(), Fault> {
    let mut rest = Vec::new();
    let mut words = words.iter();
    while let Some(word) = words.next() {
        match word.text.as_str() {
            key @ ("dev" | "vid") => {
                let value = value_of(word, words.next())?.clone();
                reading.push(key, Some(value), &word.span);
            }
            // Where it is set unless something else is said.
            "master" => {}
            _ => rest.push(word.clone()),
        }
    }
    settings(reading, rows, of, &rest)
}

/// Reads words by the table of a kind.
fn settings(
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
