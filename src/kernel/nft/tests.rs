//! Properties of the way from text to expressions and back. The rules are those that `tests/suite/nft.rs` has nft judge.

use proptest::prelude::*;

use super::compile::{Compiled, compile};
use super::decode;
use super::expression::{Expression, read_list};
use super::family::Family;
use super::list::{Rule, Set, Table, read_element};
use super::message::SetOptions;
use super::name::TableName;
use super::parse_load;
use super::parser::rule;
use super::sets::{self, Mapped, Part, RawData, RawElement};
use super::syntax::{Kind, Object};
use super::types::SERVICE;

const RULES: &[(Family, &str)] = &[
    (Family::Arp, include_str!("../../../tests/nft/arp.rules")),
    (
        Family::Bridge,
        include_str!("../../../tests/nft/bridge.rules"),
    ),
    (Family::Inet, include_str!("../../../tests/nft/inet.rules")),
    (Family::Ip, include_str!("../../../tests/nft/ip.rules")),
    (
        Family::Ip,
        include_str!("../../../tests/nft/ip-prerouting.rules"),
    ),
    (
        Family::Ip,
        include_str!("../../../tests/nft/ip-postrouting.rules"),
    ),
    (Family::Ip6, include_str!("../../../tests/nft/ip6.rules")),
    (
        Family::Netdev,
        include_str!("../../../tests/nft/netdev.rules"),
    ),
];

fn all_rules() -> impl Iterator<Item = (Family, &'static str)> {
    RULES
        .iter()
        .flat_map(|(family, rules)| rules.lines().map(|line| (*family, line)))
}

fn compiled(text: &str, family: Family) -> Option<Compiled> {
    let parsed = rule(text, family).ok()?;
    compile(&parsed, family, &|_| None, &mut 0).ok()
}

/// What the kernel would tell of an element.
fn told(element: &RawElement) -> RawElement {
    let bytes = |parts: &[Part]| {
        let joined = sets::joined::<()>(parts, &mut |_| Ok(1)).unwrap_or_default();
        if joined.is_empty() {
            Vec::new()
        } else {
            vec![Part::Bytes(joined)]
        }
    };
    RawElement {
        key: bytes(&element.key),
        end: element.end.as_ref().map(|end| bytes(end)),
        data: element.data.as_ref().map(|data| match data {
            RawData::Parts(parts) => RawData::Parts(bytes(parts)),
            RawData::Object(name) => RawData::Object(name.clone()),
            verdict => verdict.clone(),
        }),
        ..element.clone()
    }
}

/// A rule listed as if it had been to the kernel and back.
fn listed(made: &Compiled, family: Family) -> String {
    let mut table = Table::new(TableName {
        family,
        table: "t".into(),
    });
    for set in &made.sets {
        table.sets.push(Set {
            name: match set.name.contains('%') {
                true => format!("{}{}", set.name, set.id),
                false => set.name.clone(),
            },
            handle: 1,
            shape: set.shape.clone(),
            options: SetOptions {
                size: set.size,
                ..SetOptions::default()
            },
            elements: set.elements.iter().map(told).collect(),
        });
    }
    // What an object is looked up in has to be there: its type tells what is looked up.
    table.sets.push(Set {
        name: "om".into(),
        handle: 1,
        shape: sets::full_shape(
            vec![Kind::new(&SERVICE)],
            Mapped::Objects(Object::Counter),
            0,
            &SetOptions::default(),
        ),
        options: SetOptions::default(),
        elements: Vec::new(),
    });
    let mut expressions: Vec<Expression> = made.expressions.clone();
    for one in &mut expressions {
        let (place, id) = match one.name.as_str() {
            "objref" => (4, one.number(5)),
            _ => (1, one.number(4)),
        };
        for (number, value) in &mut one.values {
            use super::expression::Value;
            if let Value::Link(_) = value {
                *value = Value::Bytes(1u32.to_ne_bytes().to_vec());
            }
            if let (Value::Text(name), Some(id)) = (value, id)
                && *number == place
                && name.contains("%d")
            {
                *name = format!("{name}{id}");
            }
        }
    }
    let rule = Rule {
        handle: 2,
        expressions,
        comment: made.comment.clone(),
    };
    decode::rule(&rule, &table, &|_| Some("lo".into())).to_string()
}

#[test]
fn what_is_listed_means_the_same() {
    let mut faults = Vec::new();
    for (family, text) in all_rules() {
        let Some(made) = compiled(text, family) else {
            faults.push(format!("{family}: {text} is refused"));
            continue;
        };
        let listing = listed(&made, family);
        match compiled(&listing, family) {
            Some(again) if listed(&again, family) == without_single(&listing) => {}
            Some(again) => faults.push(format!(
                "{family}: {text}: {listing}: {}",
                listed(&again, family)
            )),
            None => faults.push(format!("{family}: {text}: {listing} is refused")),
        }
    }
    assert_eq!(faults, [""; 0]);
    assert!(all_rules().count() > 1000);
}

/// What properties found: registers that there are not, and nothing to compare with.
#[test]
fn odd_expressions_are_no_panic() {
    use super::expression::Value;
    let load = |register: u32| {
        Expression::new("ct")
            .with(2, 21u32)
            .with(1, register)
            .with(3, 0u32)
    };
    let compare = |register: u32| {
        let compare = Expression::new("cmp").with(1, register).with(2, 0u32);
        compare.set(3, Value::Bytes(Vec::new()))
    };
    for register in [0, 1, 5, 7, 8, u32::MAX] {
        let made = Compiled {
            expressions: vec![load(register), compare(register)],
            ..Compiled::default()
        };
        assert!(!listed(&made, Family::Inet).is_empty());
    }
}

/// A set of one value is that value.
fn without_single(text: &str) -> String {
    let mut parts = text.split("{ ");
    let mut whole = parts.next().unwrap_or("").to_string();
    for part in parts {
        match part.split_once(" }") {
            Some((inside, rest))
                if !inside.contains([',', ':'])
                    && !text.contains('@')
                    && !text.contains("meter")
                    && !inside.contains(" . ") =>
            {
                whole += inside;
                whole += rest;
            }
            _ => {
                whole += "{ ";
                whole += part;
            }
        }
    }
    whole
}

/// Values of some kinds, to put rules together from.
fn a_match() -> impl Strategy<Value = String> {
    let port = (1u16..=65535).prop_map(|port| port.to_string());
    let address = any::<u32>().prop_map(|bits| std::net::Ipv4Addr::from_bits(bits).to_string());
    let prefix = (any::<u32>(), 0u32..=32)
        .prop_map(|(bits, length)| format!("{}/{length}", std::net::Ipv4Addr::from_bits(bits)));
    let ports =
        (1u16..30000, 0u16..30000).prop_map(|(from, more)| format!("{from}-{}", from + more));
    let some_ports = prop::collection::btree_set(1u16..=65535, 2..5).prop_map(|ports| {
        let ports: Vec<String> = ports.into_iter().map(|port| port.to_string()).collect();
        format!("{{ {} }}", ports.join(", "))
    });
    prop_oneof![
        prop_oneof![port, ports, some_ports].prop_map(|value| format!("tcp dport {value}")),
        (prop_oneof![address, prefix], any::<bool>(), any::<bool>()).prop_map(
            |(value, source, not)| {
                let (field, not) = (
                    if source { "saddr" } else { "daddr" },
                    if not { "!= " } else { "" },
                );
                format!("ip {field} {not}{value}")
            }
        ),
        any::<u32>().prop_map(|mark| format!("meta mark 0x{mark:x}")),
        (any::<u32>(), any::<u32>()).prop_map(|(mask, mark)| format!(
            "ct mark & {} == {}",
            mask | 1,
            mark
        )),
        prop::sample::subsequence(
            vec!["new", "established", "related", "invalid", "untracked"],
            1..5
        )
        .prop_map(|states| format!("ct state {}", states.join(","))),
        prop::sample::subsequence(vec!["fin", "syn", "rst", "psh", "ack", "urg"], 1..6)
            .prop_map(|flags| format!("tcp flags {}", flags.join(","))),
        "[a-z][a-z0-9]{0,14}".prop_map(|name| format!("iifname \"{name}\"")),
        Just("fib daddr type local".to_string()),
    ]
}

fn an_action() -> impl Strategy<Value = String> {
    prop_oneof![
        Just("accept".to_string()),
        Just("counter drop".to_string()),
        (1u64..1000, 1u32..100)
            .prop_map(|(rate, burst)| format!("limit rate {rate}/minute burst {burst} packets")),
        any::<u32>().prop_map(|mark| format!("meta mark set {mark}")),
        "[a-z ]{0,20}".prop_map(|prefix| format!("log prefix \"{prefix}\"")),
        any::<u32>().prop_map(|bits| format!("snat to {}", std::net::Ipv4Addr::from_bits(bits))),
    ]
}

proptest! {
    #[test]
    fn rules_put_together_come_back_as_they_were(matches in prop::collection::vec(a_match(), 1..4), action in an_action()) {
        let text = format!("{} {action}", matches.join(" "));
        let made = compiled(&text, Family::Ip);
        prop_assert!(made.is_some(), "{text}: {:?}", rule(&text, Family::Ip));
        let listing = listed(&made.unwrap_or_default(), Family::Ip);
        let again = compiled(&listing, Family::Ip);
        prop_assert!(again.is_some(), "{text}: {listing}: {:?}", rule(&listing, Family::Ip));
        prop_assert_eq!(listed(&again.unwrap_or_default(), Family::Ip), listing);
    }

    #[test]
    fn no_text_is_a_panic(text in ".*", words in prop::collection::vec(word(), 0..12)) {
        for family in Family::ALL.map(|(_, family)| family) {
            for text in [&text, &words.join(" ")] {
                if let Some(made) = compiled(text, family) {
                    let _ = listed(&made, family);
                }
                if let Err(fault) = rule(text, family) {
                    prop_assert!(text.get(fault.at.clone()).is_some(), "{fault:?}");
                }
                let _ = parse_load::read(text, &|_, _| None);
            }
        }
    }

    #[test]
    fn no_rule_with_a_mistake_is_a_panic(number in 0usize..1000, at in 0usize..20, other in word(), how in 0u8..3) {
        let Some((family, text)) = all_rules().nth(number) else { return Ok(()) };
        let mut words: Vec<&str> = text.split(' ').collect();
        let at = at % words.len();
        match how {
            0 => drop(words.remove(at)),
            1 => words.insert(at, &other),
            _ => words[at] = &other,
        }
        let text = words.join(" ");
        if let Some(made) = compiled(&text, family) {
            let _ = listed(&made, family);
        }
        let wrapped = format!("table ip t {{ set s {{ type ipv4_addr; }} chain c {{ {text} }} }}");
        let _ = parse_load::read(&wrapped, &|_, _| None);
    }

    #[test]
    fn no_bytes_of_the_kernel_are_a_panic(bytes: Vec<u8>, number in 0usize..1000, at: prop::sample::Index, byte: u8) {
        let _ = read_element(&bytes);
        let Some((family, text)) = all_rules().nth(number) else { return Ok(()) };
        let Some(made) = compiled(text, family) else { return Ok(()) };
        let list = super::expression::write_list(&made.expressions, &mut |_| Ok(1)).unwrap_or_default();
        let mut written = list.as_bytes().to_vec();
        if !written.is_empty() {
            let at = at.index(written.len());
            written[at] = byte;
        }
        if let Ok(expressions) = read_list(&written) {
            let _ = listed(&Compiled { expressions, sets: made.sets.clone(), comment: None }, family);
        }
    }
}

/// A word that may stand in a rule.
fn word() -> impl Strategy<Value = String> {
    let words: Vec<&str> = vec![
        "ip",
        "saddr",
        "tcp",
        "dport",
        "ct",
        "state",
        "meta",
        "mark",
        "set",
        "map",
        "vmap",
        "{",
        "}",
        "(",
        ")",
        ":",
        ",",
        ".",
        "-",
        "/",
        "&",
        "|",
        "==",
        "!=",
        "<",
        "@",
        "@s",
        "10.0.0.0/8",
        "::1",
        "65536",
        "0",
        "4294967296",
        "0xff",
        "accept",
        "dnat",
        "to",
        "log",
        "prefix",
        "\"x\"",
        "limit",
        "rate",
        "5/second",
        "original",
        "table",
        "chain",
        "add",
        "rule",
        "jump",
        "counter",
        "reject",
        "with",
        "icmp",
        "type",
        "hook",
        "input",
        "priority",
        ";",
        "elements",
        "=",
        "interval",
        "numgen",
        "inc",
        "mod",
        "offset",
        "fib",
        "th",
        "@th,0,129",
        "@nh,4294967296,8",
        "1-0",
        "\"veth*\"",
        "*",
        "timeout",
        "1h",
    ];
    prop::sample::select(words).prop_map(str::to_string)
}

/// What nft refuses is refused, with words and a place; and what only nft has is not called wrong.
#[test]
fn what_nft_refuses_is_refused() {
    let long = format!("accept comment \"{}\"", "x".repeat(129));
    for (family, text, wanted) in [
        (Family::Ip, "ct original proto-dst 80", "not said"),
        (Family::Inet, "rt nexthop 1.1.1.1", "which is meant"),
        (Family::Ip, "iifname \"\"", "nothing between"),
        (Family::Ip, "iifname \"*\"", "any name"),
        (Family::Ip, "queue num 5-3", "ends before it begins"),
        (Family::Ip, "limit rate 0/second", "at least 1"),
        (
            Family::Ip,
            "limit rate 5/second burst 0 packets",
            "at least 1 packet",
        ),
        (
            Family::Ip,
            "log level emerg group 1",
            "level is for the log",
        ),
        (Family::Ip, "log flags all group 1", "flags is for the log"),
        (Family::Ip, long.as_str(), "at most 128 bytes"),
        (Family::Ip, "synproxy mss 1460", "nft has synproxy"),
        (Family::Ip, "osf name \"Linux\"", "nft has osf"),
        (Family::Ip, "ct helper set \"ftp\"", "nft has ct helper set"),
        (Family::Ip, "meta secmark set 5", "nft has secmark"),
        (Family::Ip, "mark | 1 == 2", "nft compares"),
        (Family::Netdev, "fwd to \"lo\" accept", "nothing after fwd"),
        (Family::Ip, "unknown-to-netsh exthdr drop", "had no words"),
    ] {
        let read = rule(text, family);
        let refused = match read {
            Err(fault) => Some(fault),
            Ok(parsed) => compile(&parsed, family, &|_| None, &mut 0).err(),
        };
        let words = refused.map_or(String::new(), |fault| fault.words);
        assert!(words.contains(wanted), "{text}: {words:?}");
    }
}

/// Of a field that shares its bytes with others only its bits are compared. nft 1.0.6 forgets the mask, later ones have it.
#[test]
fn small_fields_of_extensions_have_a_mask() {
    for text in [
        "frag frag-off 22",
        "frag more-fragments 1",
        "frag reserved2 != 1",
    ] {
        let made = compiled(text, Family::Ip6).expect("compiled");
        let names: Vec<&str> = made
            .expressions
            .iter()
            .map(|one| one.name.as_str())
            .collect();
        assert_eq!(names, ["exthdr", "bitwise", "cmp"], "{text}");
        assert_eq!(listed(&made, Family::Ip6), text);
    }
}

/// A text of a ruleset that nft takes whole is kept, or refused where it says what netsh has not.
#[test]
fn nothing_in_a_text_is_dropped() {
    let refused = |text: &str| {
        parse_load::read(text, &|_, _| None)
            .err()
            .map(|fault| fault.words)
    };
    for (text, wanted) in [
        ("define x = 5", "nft has define"),
        ("include \"x.nft\"", "nft has include"),
        ("rename chain ip t a b", "nft has rename"),
        ("table ip t { flowtable f { } }", "nft has flowtable"),
        (
            "table ip t { counter c { nonsense } }",
            "no part of a counter",
        ),
        (
            "table ip t { set s { type ipv4_addr; auto-merge; } }",
            "intervals",
        ),
        (
            "table ip t { set s { typeof numgen inc mod 2; } }",
            "can't write down",
        ),
        (
            "table ip t { chain c { unknown-to-netsh exthdr drop } }",
            "had no words",
        ),
    ] {
        let words = refused(text).unwrap_or_default();
        assert!(words.contains(wanted), "{text}: {words:?}");
    }
}
