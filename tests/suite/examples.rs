//! The manual, held to its word: every example runs in a fresh sandbox, and the catalog is complete.

use std::collections::BTreeMap;

use libtest_mimic::{Failed, Trial};
use netsh::catalog::Entry;
use netsh::catalog::expects::Expects;
use netsh::kernel::filter::KINDS as FILTERS;
use netsh::kernel::kinds;
use netsh::kernel::qdisc::kinds::{CLASSES, QDISCS};

use crate::support::{Need, User, Verdict, run, run_with, same, test_named};

/// One test for each example, and those of the catalog.
pub fn trials() -> Vec<Trial> {
    let catalog = netsh::script::catalog();
    let mut trials = Vec::new();
    for entry in catalog.entries() {
        let name = format!("example: {}", call_of(entry));
        let example = entry.manual.example.clone();
        trials.extend(test_named(&name, needs_of(entry), move |user| {
            run(user, &example).map(drop)
        }));
    }
    assert!(trials.len() > 20, "the catalog has hardly any examples");
    trials.extend(test_named(
        "manual: every verb has all the parts of a manual",
        &[],
        complete,
    ));
    trials.extend(test_named(
        "manual: every option that is read is documented",
        &[],
        options_agree,
    ));
    trials
}

/// What makes links of a kind needs the kind.
pub fn needs_of(entry: &Entry) -> &'static [Need] {
    let kind = entry.signature.name.split('_').next();
    let known = kind.and_then(|kind| kinds::names().find(|known| *known == kind));
    let mut needs = Vec::new();
    if let Some(kind) = known {
        needs.push(Need::link(kind));
    }
    let example = &entry.manual.example;
    if example.contains("tun_add(") || example.contains("tap_add(") {
        needs.push(Need::Kernel("device tun"));
    }
    needs.leak()
}

fn call_of(entry: &Entry) -> String {
    let parameters = entry.signature.parameters.iter();
    let names: Vec<&str> = parameters.map(|one| one.name.as_str()).collect();
    format!("{}({})", entry.path(), names.join(", "))
}

/// What an option may be said to be, before its unit.
const KINDS: &[&str] = &[
    "int",
    "bool",
    "string",
    "word",
    "link",
    "netns",
    "address",
    "mac",
    "duration",
    "rate",
    "percentage",
    "array",
    "map",
    "float",
    "table",
];

/// What stands after the noun.
const VERBS: &[&str] = &[
    "check",
    "count",
    "events",
    "trace",
    "connect",
    "listen",
    "add",
    "del",
    "set",
    "get",
    "list",
    "flush",
    "up",
    "down",
    "exists",
    "table",
    "enter",
    "leave",
    "change",
    "append",
    "replace",
    "impair",
    "unimpair",
    "has",
    "text",
    "load",
    "masquerade",
    "dnat",
    "policy",
    "allow",
    "deny",
    "decode",
    "encode",
    "read",
    "receive",
    "request",
    "send",
    "write",
];

/// What stands alone.
const ALONE: &[&str] = &[
    "accept",
    "arping",
    "assert",
    "capture",
    "capture_during",
    "close",
    "doctor",
    "events",
    "exec",
    "exit",
    "help",
    "monitor",
    "packets",
    "ping",
    "read",
    "receive",
    "reply",
    "require",
    "run",
    "save",
    "send",
    "serve",
    "sh",
    "show",
    "sleep",
    "stats",
    "stop",
    "throughput",
    "mermaid",
    "pcapng",
    "svg",
    "text",
    "trace",
    "traceroute",
    "wait_until",
    "why",
    "write",
];

/// What only netsh does.
const WITHOUT_EQUIVALENT: &[&str] = &[
    "accept",
    "assert",
    "trace",
    "save",
    "capture_during",
    "echo_listen",
    "receive",
    "reply",
    "udp_send",
    "close",
    "doctor",
    "firewall_allow",
    "firewall_deny",
    "firewall_policy",
    "hex_decode",
    "hex_encode",
    "mdb_router_list",
    "nat_dnat",
    "nat_masquerade",
    "netns_get",
    "packet_decode",
    "packet_encode",
    "mermaid",
    "packets",
    "pcapng",
    "svg",
    "text",
    "why",
    "pcap_write",
    "read",
    "require",
    "send",
    "send_receive",
    "serve",
    "show",
    "stats",
    "stop",
    "tuntap_get",
    "wait_until",
    "write",
];

fn complete(_: User) -> Verdict {
    let catalog = netsh::script::catalog();
    let faults: Vec<String> = catalog.entries().iter().flat_map(faults_of).collect();
    same(faults, Vec::new())
}

fn faults_of(entry: &Entry) -> Vec<String> {
    let manual = &entry.manual;
    let name = &entry.signature.name;
    let mut faults = Vec::new();
    let mut fault = |holds: bool, words: String| {
        if !holds {
            faults.push(format!("{}: {words}", call_of(entry)));
        }
    };
    let summary = &manual.summary;
    let sentence =
        summary.ends_with('.') && summary.matches(". ").count() < 2 && summary.len() <= 120;
    fault(sentence, format!("the summary is no sentence: {summary:?}"));
    fault(!manual.example.is_empty(), "no example".into());
    let called = |example: &str| example.contains(&format!("{name}("));
    fault(
        called(&manual.example),
        "the example does not call it".into(),
    );
    let returns = !matches!(entry.signature.returns.as_str(), "()" | "");
    fault(
        returns != manual.returns.is_empty(),
        "what it returns is not said, or it returns nothing".into(),
    );
    fault(
        entry.takes_options() != manual.options.is_empty(),
        "its options are not documented, or there are none".into(),
    );
    for option in &manual.options {
        let kind = option.kind.split([',', ' ']).next().unwrap_or_default();
        let key = &option.key;
        fault(
            KINDS.contains(&kind),
            format!("{key} is of no known kind: {kind:?}"),
        );
        fault(!option.text.is_empty(), format!("{key} is not explained"));
        if Expects::of_option(option) == Expects::Words(Vec::new()) {
            fault(
                false,
                format!("the words of {key} are not in double quotes"),
            );
        }
    }
    fault(
        !manual.equivalents.is_empty()
            || entry.module.is_some()
            || WITHOUT_EQUIVALENT.contains(&name.as_str())
            // Of one destination it has one.
            || call_of(entry) == "route_add(destinations, options?)"
            || call_of(entry) == "port_check(address, ports, options?)",
        "no other tool's command is said to be equivalent".into(),
    );
    fault(!manual.search_words.is_empty(), "no search words".into());
    for (at, word) in manual.search_words.iter().enumerate() {
        let is_plain = !word.is_empty() && word.trim() == word && *word == word.to_lowercase();
        fault(
            is_plain,
            format!("a search word is not as people type it: {word:?}"),
        );
        fault(
            !name.eq_ignore_ascii_case(word) && !name.split('_').any(|part| part == word),
            format!("the search word {word:?} is in the name already"),
        );
        let before = manual.search_words.get(..at).unwrap_or_default();
        fault(
            !before.contains(word),
            format!("{word:?} stands twice among the search words"),
        );
    }
    let verb = name.rsplit('_').next().unwrap_or_default();
    fault(
        entry.module.is_some()
            || ALONE.contains(&name.as_str())
            || name.contains('_') && VERBS.contains(&verb),
        "its name is not made as the others are".into(),
    );
    faults
}

/// Asks every verb with options for one that does not exist; the refusal lists those that the code reads.
fn options_agree(user: User) -> Verdict {
    let arguments = BTreeMap::from([
        ("name", "\"x0\""),
        ("peer", "\"x1\""),
        ("parent", "\"lo\""),
        ("id", "5"),
        ("table", "5"),
        ("packet", "blob()"),
        ("packets", "[]"),
        ("file", "\"/nowhere\""),
        ("link", "\"lo\""),
        ("work", "|| 1"),
        ("cidr", "\"10.9.9.9/24\""),
        ("destination", "\"127.0.0.1\""),
        ("destinations", "[\"127.0.0.1\"]"),
        ("classid", "\"1:1\""),
        ("address", "\"10.0.0.9\""),
        ("mac", "\"02:00:00:00:00:09\""),
        ("vid", "5"),
        ("vni", "5"),
        ("bridge", "\"br0\""),
        ("port", "\"x0\""),
        ("group", "\"239.1.1.1\""),
        ("chain", "\"ip t c\""),
        ("rule", "\"accept\""),
        ("set", "\"ip t s\""),
        ("map", "\"ip t s\""),
        ("elements", "\"10.0.0.1\""),
        ("type", "\"ipv4_addr\""),
        ("hook", "\"input\""),
        ("policy", "\"drop\""),
        ("dev", "\"lo\""),
        ("to", "\"10.0.0.1:80\""),
        ("ports", "[80]"),
        ("bytes", "\"hello\""),
        ("url", "\"http://127.0.0.1/\""),
    ]);
    // All are asked by one script: a call with an option that nobody knows does nothing.
    let (mut asked, mut script) = (Vec::new(), String::new());
    let catalog = netsh::script::catalog();
    for entry in catalog.entries() {
        let Some((_, required)) = entry.signature.parameters.split_last() else {
            continue;
        };
        // A module has to be imported first, and reads its options itself.
        if !entry.takes_options() || entry.module.is_some() {
            continue;
        }
        let name = &entry.signature.name;
        asked.push((entry, kinds_of(name).len()));
        for kind in kinds_of(name) {
            let mut words = Vec::new();
            for parameter in required {
                let known = match parameter.name.as_str() {
                    "kind" => Some(kind.as_str()),
                    _ if parameter.kind == "int" => Some("5"),
                    name => arguments.get(name).copied(),
                };
                words.push(known.ok_or_else(|| {
                    Failed::from(format!("{name}: no value for {}", parameter.name))
                })?);
            }
            words.push("#{ qqqqqqqq: 1 }");
            let call = format!("{name}({})", words.join(", "));
            script += &format!("try {{ {call}; print(()); }} catch (e) {{ print(e.hint); }}\n");
        }
    }
    let said = run_with(user, &[], &script)?.ok()?;
    let mut said = said.lines();
    let mut faults = Vec::new();
    for (entry, calls) in asked {
        let name = &entry.signature.name;
        let mut read: Vec<String> = Vec::new();
        for said in said.by_ref().take(calls) {
            match said.strip_prefix("the options are: ") {
                Some(options) => read.extend(options.split(", ").map(str::to_owned)),
                None => faults.push(format!("{name}: the refusal says {said:?}")),
            }
        }
        let options = entry.manual.options.iter();
        let mut documented: Vec<&str> = options.map(|option| option.key.as_str()).collect();
        read.sort_unstable();
        read.dedup();
        documented.sort_unstable();
        if read != documented {
            faults.push(format!("{name}: reads {read:?}, documents {documented:?}"));
        }
    }
    same(said.next(), None)?;
    same(faults, Vec::new())
}

/// The kinds that have all the options of a verb between them.
fn kinds_of(verb: &str) -> Vec<String> {
    let kinds = match verb {
        "qdisc_add" | "qdisc_replace" | "qdisc_change" => QDISCS,
        "class_add" | "class_change" | "class_replace" => CLASSES,
        "filter_add" | "filter_replace" => {
            return FILTERS.iter().map(|kind| format!("{kind:?}")).collect();
        }
        "nft_set_add" => return vec!["\"ipv4_addr\"".into()],
        "nft_map_add" => return vec!["\"ipv4_addr : verdict\"".into()],
        // It has no settings of its own, which link_add would name too.
        _ => return vec!["\"nlmon\"".into()],
    };
    kinds
        .iter()
        .map(|kind| format!("{:?}", kind.name))
        .collect()
}
