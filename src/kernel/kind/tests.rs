//! The messages for each kind, compared with what iproute2 sends (tests/kinds/iproute2.txt, written by tests/kinds/record.sh), and
//! the ways from a setting to words and attributes and back.
//!
//! Two messages are the same if they have the same type and header and the same attributes, nested ones too, whatever their
//! order, their padding, and the flag NLA_F_NESTED. The sequence number and the port do not count. The kind of a port's master
//! is told by ip as an IFLA_INFO_KIND of "bridge_slave", for which the kernel would load a module, and by netsh as an
//! IFLA_INFO_SLAVE_KIND of "bridge": the kernel looks at neither.

use std::collections::BTreeSet;
use std::os::fd::RawFd;

use super::*;
use crate::kernel::change::{Action, Change, Command, Names};
use crate::kernel::error::{Error, Result};
use crate::kernel::link_add::LinkAdd;
use crate::kernel::link_set::{KindSettings, LinkSet};
use crate::kernel::netlink::attributes;
use crate::kernel::netns::Namespace;
use crate::kernel::options::{Form, Setting, hear, read};

const RECORDED: &str = include_str!("../../../tests/kinds/iproute2.txt");

/// The links that were there when the messages were recorded.
struct Two;

impl Names for Two {
    fn namespace(&self) -> &Namespace {
        panic!("a new link does not ask the kernel")
    }
    fn netns(&self, name: &str) -> Result<RawFd> {
        Err(Error::NoSuchNetns(name.into()))
    }
    fn link(&self, name: &str) -> Result<u32> {
        match name {
            "p0" => Ok(3),
            "p1" => Ok(2),
            _ => Err(Error::NoSuchLink(name.into())),
        }
    }
}

/// The commands, each with the message if iproute2 sent one.
fn recorded() -> Vec<(&'static str, Option<Vec<u8>>)> {
    let lines: Vec<&str> = RECORDED
        .lines()
        .filter(|line| !line.starts_with('#'))
        .collect();
    lines
        .chunks(2)
        .map(|both| {
            let hex = both[1].trim();
            let bytes = (0..hex.len())
                .step_by(2)
                .map(|at| u8::from_str_radix(hex.get(at..at + 2)?, 16).ok());
            (both[0], bytes.collect())
        })
        .collect()
}

/// The change that a command of the table is.
fn change(command: &str) -> Change {
    let words: Vec<&str> = command.split(' ').collect();
    let place = words
        .iter()
        .position(|word| *word == "type")
        .expect("a type");
    let (kind, tail) = (words[place + 1], &words[place + 2..]);
    if words[2] == "set" {
        let (kind, is_port) = match kind.strip_suffix("_slave") {
            Some(kind) => (kind, true),
            None => (kind, false),
        };
        let known = find(kind).expect("a kind");
        let rows = if is_port { known.port } else { known.options };
        let settings = heard(Settings::of(rows), rows, tail, command);
        let both = KindSettings {
            kind: known.name,
            settings,
        };
        let (own, port) = if is_port {
            (None, Some(both))
        } else {
            (Some(both), None)
        };
        let link = words[4].into();
        return LinkSet {
            link,
            own,
            port,
            ..LinkSet::default()
        }
        .into();
    }
    let mut add = LinkAdd {
        kind: kind.into(),
        ..LinkAdd::default()
    };
    let mut before = words[3..place].iter();
    while let Some(word) = before.next() {
        let mut value = || before.next().expect("a value").to_string();
        let number = |text: String| text.parse().expect("a number");
        match *word {
            "name" => add.name = value(),
            "link" => add.parent = Some(value()),
            "master" => add.master = Some(value()),
            "mtu" => add.mtu = Some(number(value())),
            "address" => add.mac = value().parse().ok(),
            "txqueuelen" => add.txqueuelen = Some(number(value())),
            "numtxqueues" => add.numtxqueues = Some(number(value())),
            "numrxqueues" => add.numrxqueues = Some(number(value())),
            "group" => add.group = Some(number(value())),
            "index" => add.index = Some(number(value())),
            "up" => add.up = true,
            other => panic!("{other} of {command}"),
        }
    }
    let settings = find(kind).map(Kind::of_new).unwrap_or_default();
    add.settings = heard(settings, options(kind), tail, command);
    add.into()
}

fn heard(
    mut settings: Settings,
    rows: &'static [Row],
    mut words: &[&str],
    command: &str,
) -> Settings {
    while !words.is_empty() {
        let heard = hear(rows, words).unwrap_or_else(|| panic!("{words:?} of {command}"));
        let setting = heard
            .setting
            .unwrap_or_else(|wrong| panic!("{wrong:?} of {command}"));
        settings.set(heard.row.key, setting);
        words = &words[heard.words..];
    }
    settings
}

/// The type, the header, and the attributes in the order of their numbers.
fn normal(kind: u16, body: &[u8]) -> Vec<String> {
    let mut all = vec![format!("type {kind}, header {:02x?}", &body[..16])];
    branches("", &body[16..], &mut all);
    all[1..].sort();
    all
}

fn branches(path: &str, bytes: &[u8], all: &mut Vec<String>) {
    for attribute in attributes::read(bytes) {
        let attribute = attribute.expect("an attribute");
        let path = format!("{path}/{}", attribute.kind);
        // IFLA_LINKINFO, IFLA_INFO_DATA and IFLA_INFO_SLAVE_DATA.
        match path.as_str() {
            "/18/1" if attribute.value.ends_with(b"_slave") => {
                let kind = attribute.value.strip_suffix(b"_slave");
                all.push(format!("/18/4 {:02x?}", kind.unwrap_or_default()));
            }
            "/18" | "/18/2" | "/18/5" => branches(&path, attribute.value, all),
            _ => all.push(format!("{path} {:02x?}", attribute.value)),
        }
    }
}

#[test]
fn messages_are_those_of_iproute2() {
    let mut wrong = Vec::new();
    let mut count = 0;
    for (command, sent) in recorded() {
        let change = change(command);
        let Ok(Action::Route(requests)) = change.operation().action(&Two) else {
            panic!("{command} has no message");
        };
        // What this iproute2 does not know yet.
        let Some(sent) = sent else { continue };
        count += 1;
        let ours = &requests[0].message;
        let theirs = normal(u16::from_ne_bytes([sent[4], sent[5]]), &sent[16..]);
        let ours = normal(ours.kind, &ours.body);
        if ours != theirs {
            let only = |these: &[String], those: &[String]| -> Vec<String> {
                these
                    .iter()
                    .filter(|one| !those.contains(one))
                    .cloned()
                    .collect()
            };
            wrong.push(format!(
                "{command}\n  netsh alone: {:?}\n  ip alone:    {:?}",
                only(&ours, &theirs),
                only(&theirs, &ours)
            ));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    assert!(count > 80, "{count}");
}

/// The words that netsh says are those that were understood, up to their order and to other names for the same.
#[test]
fn words_are_understood_as_they_are_said() {
    for (command, _) in recorded() {
        let first = change(command);
        let said = first.operation().command().line(None);
        let said = said.replace(" dev x ", " name x ");
        assert_eq!(change(&said), first, "{command}: {said}");
    }
}

/// What is sent is what is read, for whatever the kernel tells in the form in which it is set.
#[test]
fn attributes_are_read_as_they_are_written() {
    let name = |index: u32| match index {
        3 => Some("p0".to_string()),
        2 => Some("p1".to_string()),
        _ => None,
    };
    for (command, _) in recorded() {
        let (rows, settings) = match change(command) {
            Change::LinkAdd(add) => (options(&add.kind), add.settings),
            Change::LinkSet(LinkSet { own: Some(own), .. }) => (options(own.kind), own.settings),
            Change::LinkSet(LinkSet {
                port: Some(port), ..
            }) => (port_options(port.kind), port.settings),
            other => panic!("{other:?}"),
        };
        let bytes = settings
            .attributes(&|name| Two.link(name))
            .expect("attributes");
        let found = read::read(rows, bytes.as_bytes(), &name);
        for (row, setting) in settings.given().iter().filter(|(row, _)| row.is_read()) {
            // The kernel tells a pair, a group's absence and no link in another way.
            let is_told = row.form != Form::Peer && *setting != Setting::Text(String::new());
            let value = found.iter().find(|(known, _)| known.key == row.key);
            assert!(
                !is_told || value.map(|(_, value)| value) == Some(setting),
                "{command}: {} is {value:?}",
                row.key
            );
        }
    }
}

/// Each option that can be set is in one of the commands.
#[test]
fn every_option_is_recorded() {
    let mut said = BTreeSet::new();
    for (command, _) in recorded() {
        match change(command) {
            Change::LinkAdd(add) => said.extend(
                add.settings
                    .given()
                    .iter()
                    .map(|(row, _)| (find(&add.kind).map(|kind| kind.options.as_ptr()), row.key)),
            ),
            Change::LinkSet(set) => {
                let own = set
                    .own
                    .iter()
                    .flat_map(|own| own.settings.given())
                    .map(|(row, _)| {
                        (
                            set.own.as_ref().map(|own| options(own.kind).as_ptr()),
                            row.key,
                        )
                    });
                let port =
                    set.port
                        .iter()
                        .flat_map(|port| port.settings.given())
                        .map(|(row, _)| {
                            (
                                set.port
                                    .as_ref()
                                    .map(|port| port_options(port.kind).as_ptr()),
                                row.key,
                            )
                        });
                said.extend(own.chain(port));
            }
            other => panic!("{other:?}"),
        }
    }
    let mut missing = Vec::new();
    for kind in KINDS {
        for rows in [kind.options, kind.port] {
            let unsaid = rows
                .iter()
                .filter(|row| row.is_set() && !said.contains(&(Some(rows.as_ptr()), row.key)));
            missing.extend(unsaid.map(|row| format!("{}: {}", kind.name, row.key)));
        }
    }
    // Kinds that share the options of another have its commands.
    missing.retain(|one| !one.starts_with("batadv"));
    assert_eq!(missing, [""; 0]);
}

#[test]
fn tables_are_sound() {
    for kind in KINDS {
        for rows in [kind.options, kind.port] {
            let keys: BTreeSet<&str> = rows.iter().map(|row| row.key).collect();
            assert_eq!(keys.len(), rows.len(), "{}: a key stands twice", kind.name);
            for row in rows {
                let is_plain = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_';
                assert!(row.key.chars().all(is_plain), "{}", row.key);
                for word in row.words().iter().filter(|_| row.is_an_option()) {
                    // The manual names each word in double quotes; completion takes them from there.
                    let is_named = row.text.contains(&format!("\"{word}\""));
                    assert!(
                        is_named || *word == "default",
                        "{} of {}: {word} is not in its text",
                        row.key,
                        kind.name
                    );
                }
            }
        }
    }
}

/// A command that is not complete is no panic.
#[test]
fn no_beginning_of_a_command_is_a_panic() {
    for (command, _) in recorded() {
        let words: Vec<&str> = command.split(' ').collect();
        for kind in KINDS {
            for from in 0..words.len() {
                for to in from..=words.len() {
                    if let Some(heard) = hear(kind.options, &words[from..to]) {
                        assert!(heard.words > 0);
                        let _ = Command::ip(["x"]);
                    }
                }
            }
        }
    }
}
