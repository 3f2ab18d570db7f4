//! Reads commands of iproute2 as it reads them itself: options, object, command, and arguments whose order is free. What stands
//! behind `type KIND` is read by the table of the kind.

use crate::kernel::kind;
use crate::kernel::ndmsg::{STATES, state_number};
use crate::kernel::rule::ACTIONS;
use crate::lab::suggest::nearest;

use super::Fault;
use super::iproute2_addresses;
use super::iproute2_arguments::Arguments;
use super::iproute2_bridge::{bridge_command, bridge_settings};
use super::iproute2_route;
use super::iproute2_words::{
    GLOBALS, Global, PROPERTY, PROPERTY_COMMANDS, commands, first_match, grammar, is_beginning,
    objects,
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
pub(super) fn command<'a>(
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
