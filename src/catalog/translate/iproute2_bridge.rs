//! Commands of `bridge` that are more than a command and arguments in any order.

use super::Fault;
use super::iproute2_arguments::{Arguments, settings};
use super::iproute2_routing_words::{FDB, MDB, VLAN};
use super::reading::{Reading, value_of};
use super::words::Word;
use crate::kernel::options::Row;
use crate::kernel::vlan_options;

/// Those of `bridge` that are more than a command and arguments in any order.
pub(super) fn bridge_command(
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
            let (command, rest) = super::iproute2::command("bridge", "vlan", words, reading)?;
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
pub(super) fn bridge_settings(
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
