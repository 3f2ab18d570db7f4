//! The manual held to its word: each verb is what it says that it is equivalent to.

use crate::catalog::Entry;
use crate::catalog::translate::{Translation, translate};
use crate::script::catalog;

/// What stands for a word in capitals.
fn example(word: &str) -> Option<&'static str> {
    Some(match word {
        "NAME" => "x0",
        "PEER" => "x1",
        "LINK" => "eth0",
        "PARENT" => "eth0",
        "ID" => "5",
        "CIDR" => "10.0.0.1/24",
        "DESTINATION" => "10.0.0.1",
        "ADDRESS" => "10.0.0.9",
        "MAC" => "02:00:00:00:00:09",
        "GROUP" => "239.1.1.1",
        "BRIDGE" => "br0",
        "VID" | "VNI" => "5",
        "PORT" => "80",
        "PREFIX" => "net.ipv4",
        "VALUE" | "TIME" | "STATUS" => "1",
        "NETNS" => "h1",
        "COMMAND" => "id",
        "PROGRAM" => "program",
        "ARGS" => "words",
        "TOPIC" => "topic",
        "TABLE" | "OBJECT" => "nat",
        "CHAIN" => "nat mine",
        "SET" => "nat blocked",
        "MAP" => "nat ports",
        "RULE" => "accept",
        "HANDLE" => "7",
        "ELEMENTS" => "one",
        "TEXT" => "table ip mine",
        "CLASSID" => "1:10",
        "FILE" => "x.pcap",
        "URL" => "http://10.0.0.1/",
        _ => return None,
    })
}

/// What stands for the kind: one that the program knows.
fn kind_of(pattern: &str) -> &'static str {
    match pattern {
        tc if tc.starts_with("tc filter") => "u32",
        tc if tc.starts_with("tc ") => "htb",
        _ => "nlmon",
    }
}

/// A command with something in the place of each word in capitals.
fn filled_in(pattern: &str) -> String {
    let mut filled = String::new();
    let mut word = String::new();
    let rest = match pattern {
        bridge if bridge.contains("bridge") => "cost 7",
        tc if tc.contains(" netem ") => "delay 20ms",
        nft if nft.starts_with("nft ") => "",
        tc if tc.contains(" filter ") => "parent 1:",
        tc if tc.starts_with("tc ") => "",
        _ => "mtu 1400",
    };
    let pattern = pattern.replace("vrf table TABLE", "vrf table 5");
    for c in pattern.replace("...", rest).chars().chain([' ']) {
        if c.is_ascii_uppercase() || c == '_' && !word.is_empty() {
            word.push(c);
            continue;
        }
        filled.push_str(match word.as_str() {
            "KIND" => kind_of(&pattern),
            word => example(word).unwrap_or(word),
        });
        word.clear();
        filled.push(c);
    }
    filled.trim_end().into()
}

fn names_in_capitals(pattern: &str) -> Vec<String> {
    pattern
        .split(|c: char| !c.is_ascii_alphanumeric() && c != '_')
        .filter(|word| word.len() > 1 && word.chars().all(|c| c.is_ascii_uppercase() || c == '_'))
        .map(str::to_lowercase)
        .collect()
}

#[test]
fn words_in_capitals_are_parameters() {
    let mut faults = Vec::new();
    for entry in catalog().entries() {
        let parameters = entry
            .signature
            .parameters
            .iter()
            .map(|one| one.name.clone());
        let options = entry.manual.options.iter().map(|option| option.key.clone());
        let mut known: Vec<String> = parameters.chain(options).collect();
        // The handle, for what is a command in a namespace.
        known.push("netns".into());
        for pattern in &entry.manual.equivalents {
            for name in names_in_capitals(pattern) {
                if !known.contains(&name) {
                    faults.push(format!("{}: {pattern}: {name}", entry.path()));
                }
            }
        }
    }
    assert_eq!(faults, [""; 0]);
}

/// Each verb is found by what it says that it is equivalent to.
#[test]
fn every_equivalent_leads_to_its_verb() {
    let catalog = catalog();
    let mut faults = Vec::new();
    let mut found = 0;
    for entry in catalog.entries() {
        // For people a program is what sh() runs; what is asked of a handle is what stands behind it.
        // A program is run by sh(), whose output is seen; what a handle runs is what stands behind it. A module has to be
        // imported first. `exit` ends a script.
        // What listens while a closure runs is said in the words of help.
        let others = [
            "exec",
            "run",
            "netns_leave",
            "events",
            "conntrack_events",
            "nft_trace",
        ];
        if entry.module.is_some() || others.contains(&entry.signature.name.as_str()) {
            continue;
        }
        for pattern in &entry.manual.equivalents {
            let command = filled_in(pattern);
            let translation = translate(&command, catalog);
            found += 1;
            if !leads_to(&translation, entry, kind_of(pattern)) {
                faults.push(format!("{command}: {translation:?}"));
            }
        }
    }
    assert_eq!(faults, [""; 0]);
    assert!(found > 20, "{found}");
}

fn leads_to(translation: &Translation, entry: &Entry, kind: &str) -> bool {
    // What is captured is printed by the lines below.
    let line = match translation.lines.as_slice() {
        [line] => line,
        [line, ..] if entry.signature.name == "capture" => line,
        _ => return false,
    };
    let call = format!("{}(", entry.signature.name);
    let parameters = entry.signature.parameters.iter();
    let required = parameters.filter(|one| !one.name.ends_with('?'));
    // Each argument in its place.
    let wanted: Vec<&str> = required
        .map(|one| match (one.name.as_str(), one.kind.as_str()) {
            // A table of routes, not one of nftables.
            ("table", "int") => "5",
            ("kind", _) => kind,
            (name, _) => example(&name.to_uppercase()).unwrap_or(""),
        })
        .collect();
    let inside = line.split_once(&call).map_or("", |(_, rest)| rest);
    let inside = inside.split(&['#', ')']).next().unwrap_or("");
    let given: Vec<&str> = inside
        .split(',')
        .map(|one| one.trim().trim_matches('"'))
        .filter(|one| !one.is_empty())
        .collect();
    translation.faults.is_empty() && line.contains(&call) && given == wanted
}
