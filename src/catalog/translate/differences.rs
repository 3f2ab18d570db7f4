//! Where netsh means something else by saying nothing than the other program does: said out loud, so that the line does
//! what the command did.

use std::net::IpAddr;

use crate::kernel::cidr::Cidr;

use super::Fault;
use super::reading::{Argument, Reading};
use super::words::Word;

/// Puts into a command what netsh has to be told and takes out what goes without saying. Gives what a person may want to
/// know of it.
pub fn settle(reading: &mut Reading) -> Result<Vec<String>, Fault> {
    let head: Vec<&str> = reading.head.iter().map(String::as_str).collect();
    match head.as_slice() {
        ["ip", "address", "add"] => {
            with_prefix(reading)?;
            Ok(duplicate_detection(reading))
        }
        ["ip", "address", "delete"] => {
            with_prefix(reading)?;
            Ok(Vec::new())
        }
        // ip takes no word for IPv4, netsh for both families.
        ["ip", "route", "flush"] if reading.family.is_none() => {
            reading.family = Some(Word::in_place_of(&reading.head_span, "inet"));
            Ok(Vec::new())
        }
        // The kernel does not look at it.
        ["ip", "link", "delete"] => {
            reading.arguments.retain(|argument| argument.key != "type");
            Ok(Vec::new())
        }
        ["ip", "link", "add" | "set"] => Ok(processes(reading)),
        ["ip", "tuntap", "add"] => Ok(persistence(reading)),
        ["ping"] => Ok(ping("ping", reading)),
        ["arping"] => Ok(ping("arping", reading)),
        ["nft", "add", ..] => Ok(creation(reading)),
        ["conntrack", "-E"] => Err(Fault::new("netsh listens for as long as a closure runs")
            .at(reading.span.clone(), "goes on until Ctrl-C")
            .help("write conntrack_events(|| ...), with what is to happen in the closure")),
        // At the end of a script; at a prompt it may leave a namespace too.
        ["exit"] if reading.tail.is_empty() => {
            reading.tail = vec![Word::in_place_of(&reading.span, "0")];
            Ok(Vec::new())
        }
        _ => Ok(Vec::new()),
    }
}

/// `ip` takes an address without a prefix for one alone, and a prefix from the peer.
fn with_prefix(reading: &mut Reading) -> Result<(), Fault> {
    let Some(local) = reading.value("local").cloned() else {
        return Ok(());
    };
    let bits = |text: &str| text.parse::<IpAddr>().ok().map(Cidr::bits);
    if let Some(peer) = reading.value("peer").cloned() {
        let (address, prefix) = peer.text.split_once('/').unwrap_or((&peer.text, ""));
        let prefix = match (prefix, bits(address)) {
            ("", Some(bits)) => bits.to_string(),
            (prefix, _) => prefix.to_owned(),
        };
        let own = local.text.split('/').next().unwrap_or("");
        replace(reading, "local", local.with(format!("{own}/{prefix}")));
        replace(reading, "peer", peer.with(address));
    } else if let Some(bits) = bits(&local.text) {
        if reading.head.iter().any(|word| word == "delete") {
            return Err(Fault::new("the length of the prefix is missing")
                .at(local.span, "ip would take whatever address of any prefix")
                .help("write it as ip addr shows it"));
        }
        replace(
            reading,
            "local",
            local.with(format!("{}/{bits}", local.text)),
        );
    }
    Ok(())
}

fn replace(reading: &mut Reading, key: &str, value: Word) {
    let found = reading
        .arguments
        .iter_mut()
        .find(|argument| argument.key == key);
    if let Some(argument) = found {
        argument.value = Some(value);
    }
}

/// `ip` has the kernel look for another user of an IPv6 address unless told not to; netsh the other way round.
fn duplicate_detection(reading: &mut Reading) -> Vec<String> {
    let local = reading.value("local").cloned();
    let is_ipv6 = local.as_ref().is_some_and(|local| {
        let address = local.text.split('/').next().unwrap_or("");
        address
            .parse::<IpAddr>()
            .is_ok_and(|address| address.is_ipv6())
    });
    let count = reading.arguments.len();
    reading.arguments.retain(|argument| argument.key != "nodad");
    match local {
        Some(local) if is_ipv6 && reading.arguments.len() == count => {
            reading.push("dad", None, &local.span);
            vec!["ip looks for duplicates of an IPv6 address, netsh only with dad: without it the address is usable at once".into()]
        }
        _ => Vec::new(),
    }
}

/// `netns` takes the number of a process too.
fn processes(reading: &mut Reading) -> Vec<String> {
    let mut notes = Vec::new();
    for argument in &mut reading.arguments {
        let Argument {
            key,
            value: Some(value),
            ..
        } = argument
        else {
            continue;
        };
        let is_number = !value.text.is_empty() && value.text.bytes().all(|c| c.is_ascii_digit());
        if key.trim_start_matches("peer ") == "netns" && is_number {
            notes.push(format!(
                "{} is taken for the name of a namespace, not for the number of a process; the one that netsh works in is \"home\"",
                value.text
            ));
        }
    }
    notes
}

/// `ip` ends, and the device stays.
fn persistence(reading: &mut Reading) -> Vec<String> {
    let span = reading.span.clone();
    reading.push("persistent", None, &span);
    vec!["ip makes devices that stay; without persistent it goes when the script lets go of its handle".into()]
}

/// nft has two words, of which one refuses what there is already.
fn creation(reading: &mut Reading) -> Vec<String> {
    let count = reading.arguments.len();
    reading
        .arguments
        .retain(|argument| argument.key != "create");
    match reading.arguments.len() < count {
        true => {
            vec!["nft create fails where there is one already; the verb leaves it as it is".into()]
        }
        false => Vec::new(),
    }
}

/// ping and arping go on for ever and print; netsh sends four, and is quiet when told so.
fn ping(name: &str, reading: &mut Reading) -> Vec<String> {
    let thrown_away = reading
        .manner
        .iter()
        .position(|word| word.text == ">/dev/null");
    if let Some(place) = thrown_away {
        let word = reading.manner.remove(place);
        if !reading
            .arguments
            .iter()
            .any(|argument| argument.key == "-q")
        {
            reading.push("-q", None, &word.span);
        }
    }
    let ends = |argument: &Argument| ["-c", "-w"].contains(&argument.key.as_str());
    match reading.arguments.iter().any(ends) {
        true => Vec::new(),
        false => vec![format!(
            "{name} goes on until Ctrl-C, netsh sends 4 requests; count: 0 goes on"
        )],
    }
}

/// `netns_add` brings the loopback link up; `ip netns add` leaves it down.
pub fn loopback(readings: &mut [Option<Reading>]) -> Vec<String> {
    let mut notes = Vec::new();
    for at in 0..readings.len() {
        let (before, after) = readings.split_at_mut(at + 1);
        let Some(Some(add)) = before
            .last_mut()
            .filter(|one| one.as_ref().is_some_and(adds_netns))
        else {
            continue;
        };
        let name = add.value("name").map(|word| word.text.clone());
        // Somewhere in the commands that make namespaces and bring up their loopback links.
        let up = after
            .iter_mut()
            .take_while(|one| {
                one.as_ref()
                    .is_some_and(|one| adds_netns(one) || brings_lo_up(one))
            })
            .find(|one| {
                let netns = one.as_ref().filter(|one| brings_lo_up(one));
                let netns = netns.and_then(|one| one.netns.as_ref());
                netns.map(|word| &word.text) == name.as_ref()
            });
        match up {
            Some(up) => *up = None,
            None => {
                let span = add.span.clone();
                add.push("lo", Some(Word::in_place_of(&span, "off")), &span);
                notes.push("netns_add brings lo up unless told otherwise".into());
            }
        }
    }
    notes
}

fn adds_netns(reading: &Reading) -> bool {
    reading.head == ["ip", "netns", "add"]
}

fn brings_lo_up(reading: &Reading) -> bool {
    let text = |key: &str| reading.value(key).map(|word| word.text.as_str());
    reading.head == ["ip", "link", "set"]
        && reading.netns.is_some()
        && reading.arguments.len() == 2
        && (text("dev"), text("up")) == (Some("lo"), Some("on"))
}
