//! nftables: the inverse of each change brings back what was there, as nft prints it (where nft is not installed, as netsh
//! does); and whatever bytes or text come, nothing panics.

use std::process::Command;

use netsh::kernel::change::Change;
use netsh::kernel::netns::Namespace;
use netsh::kernel::nft::chain::{ChainAdd, ChainDel};
use netsh::kernel::nft::hook::Hook;
use netsh::kernel::nft::load::Load;
use netsh::kernel::nft::name::{Inside, TableName};
use netsh::kernel::nft::rule::{Place, RuleAdd, RuleDel};
use netsh::kernel::nft::set::{Elements, SetAdd, SetDel, read_type};
use netsh::kernel::nft::table::{Flush, TableAdd, TableDel, What};
use netsh::kernel::nft::{list, sets, text};
use netsh::lab::Lab;

use crate::support::{Known, Test, Verdict, lab, same, test, words};

/// The tests of this file.
pub fn tests() -> Vec<Test> {
    vec![
        test("nft: inverses", inverses),
        test("nft: inverses of what loses something", inverses_of_losses),
    ]
}

const BEFORE: &str = r#"
    table ip t {
        counter c1 { packets 3 bytes 4 }
        set s { type ipv4_addr; flags interval; elements = { 10.0.0.0/8, 11.0.0.1 } }
        map m { type inet_service : verdict; elements = { 22 : accept } }
        chain other { }
        chain c {
            type filter hook input priority 0; policy accept;
            ip saddr @s counter packets 5 bytes 6 drop
            tcp dport { 22, 80 } accept comment "two"
            tcp dport vmap @m
        }
    }
    table ip6 u { chain c { } }
"#;

/// All of nftables as text.
fn state(here: &Namespace) -> Result<String, libtest_mimic::Failed> {
    let path = std::env::var("PATH").unwrap_or_default();
    let nft = Command::new("nft")
        .env("PATH", format!("{path}:/usr/sbin:/sbin"))
        .args(["list", "ruleset"])
        .output();
    if let Ok(output) = nft {
        return Ok(String::from_utf8_lossy(&output.stdout).into_owned());
    }
    let tables = list::ruleset(here.netfilter().map_err(words)?, None).map_err(words)?;
    Ok(text::ruleset(&tables, &|_| None))
}

fn there_and_back(here: &Namespace, lab: &Lab, change: Change) -> Verdict {
    let names = Known {
        here,
        others: Vec::new(),
    };
    let before = sorted(&state(here)?);
    let inverse = change.operation().inverse(&names).map_err(words)?;
    let inverse = inverse.ok_or(format!("no inverse of {change:?}"))?;
    lab.apply(change.clone())
        .map_err(|failure| failure.message)?;
    if sorted(&state(here)?) == before {
        return Err(format!("{change:?} does nothing that is seen").into());
    }
    lab.apply(inverse).map_err(|failure| failure.message)?;
    same(sorted(&state(here)?), before)
        .map_err(|error| format!("{change:?}: {}", error.message().unwrap_or("")).into())
}

fn inside(name: &str) -> Inside {
    Inside::parse(&format!("ip t {name}"), "chain").expect("a name")
}

fn table(name: &str) -> TableName {
    TableName::parse(name).expect("a name")
}

fn load(here: &Namespace, text: &str) -> Load {
    let shapes = |table: &TableName, set: &str| list::shape_of(here, table, set);
    Load::new(text, &shapes).expect("a text")
}

fn rule(here: &Namespace, text: &str, place: Place) -> RuleAdd {
    let shapes = |set: &str| list::shape_of(here, &table("ip t"), set);
    RuleAdd::new(inside("c"), text, place, &shapes).expect("a rule")
}

fn elements(here: &Namespace, set: &str, text: &str, gone: bool) -> Elements {
    let shape = list::shape_of(here, &table("ip t"), set).expect("a set");
    Elements::new(inside(set), shape, text, gone).expect("elements")
}

/// The handles of the rules of chain c.
fn handles(here: &Namespace) -> Result<Vec<u64>, libtest_mimic::Failed> {
    let socket = here.netfilter().map_err(words)?;
    let rules = list::rules(socket, Some(&table("ip t")), Some("c")).map_err(words)?;
    Ok(rules
        .into_iter()
        .map(|(_, (_, rule))| rule.handle)
        .collect())
}

fn inverses(here: &Namespace) -> Verdict {
    let (lab, _) = lab()?;
    lab.apply(load(here, BEFORE))
        .map_err(|failure| failure.message)?;
    let (key, data) = read_type("ipv4_addr . inet_service").expect("a type");
    let set = SetAdd {
        set: inside("new"),
        shape: sets::full_shape(key, data, 0, &Default::default()),
        options: Default::default(),
    };
    let hook = Hook {
        kind: "filter".into(),
        number: 1,
        priority: 0,
        drops: true,
        devices: Vec::new(),
    };
    let first = handles(here)?[0];
    let changes: Vec<Change> = vec![
        TableAdd {
            table: table("inet new"),
            flags: 0,
            comment: None,
        }
        .into(),
        ChainAdd {
            chain: inside("new"),
            hook: None,
            says_policy: false,
            comment: None,
        }
        .into(),
        ChainAdd {
            chain: inside("c"),
            hook: Some(hook),
            says_policy: true,
            comment: None,
        }
        .into(),
        rule(here, "udp dport { 1, 2 } drop", Place::End).into(),
        rule(here, "udp dport 53 accept", Place::Start).into(),
        rule(here, "udp dport 53 accept", Place::After(first)).into(),
        set.into(),
        elements(here, "s", "12.0.0.0/8", false).into(),
        elements(here, "m", "23 : drop, 24 : accept", false).into(),
        load(
            here,
            "table inet x { chain c { accept; } }\nadd rule ip t c drop",
        )
        .into(),
        load(here, "flush ruleset\ntable ip t { chain c { drop; } }").into(),
    ];
    for change in changes {
        there_and_back(here, &lab, change)?;
    }
    Ok(())
}

fn inverses_of_losses(here: &Namespace) -> Verdict {
    let (lab, _) = lab()?;
    lab.apply(load(here, BEFORE))
        .map_err(|failure| failure.message)?;
    for at in 0..3 {
        let handle = handles(here)?[at];
        let del = RuleDel {
            chain: inside("c"),
            handle,
        };
        there_and_back(here, &lab, del.into())?;
    }
    let changes: Vec<Change> = vec![
        elements(here, "s", "11.0.0.1", true).into(),
        elements(here, "m", "22", true).into(),
        Flush {
            what: What::Chain(inside("c")),
        }
        .into(),
        Flush {
            what: What::Set(inside("s")),
        }
        .into(),
        Flush {
            what: What::Table(table("ip t")),
        }
        .into(),
        TableDel {
            table: table("ip t"),
        }
        .into(),
        TableDel {
            table: table("ip6 u"),
        }
        .into(),
        Flush {
            what: What::Ruleset(None),
        }
        .into(),
    ];
    for change in changes {
        // What is made anew stands behind what was there.
        lab.apply(load(here, &format!("flush ruleset\n{BEFORE}")))
            .map_err(|failure| failure.message)?;
        let before = sorted(&state(here)?);
        let names = Known {
            here,
            others: Vec::new(),
        };
        let inverse = change
            .operation()
            .inverse(&names)
            .map_err(words)?
            .ok_or("no inverse")?;
        lab.apply(change.clone())
            .map_err(|failure| failure.message)?;
        lab.apply(inverse).map_err(|failure| failure.message)?;
        let after = sorted(&state(here)?);
        if after != before {
            return Err(format!("{change:?}: {before}\nbecame {after}").into());
        }
    }
    lab.apply(load(
        here,
        "flush ruleset\ntable ip t { chain c { drop; } }\nadd set ip t s { type ipv4_addr; }",
    ))
    .map_err(|failure| failure.message)?;
    there_and_back(here, &lab, ChainDel { chain: inside("c") }.into())?;
    let gone = SetDel {
        set: inside("s"),
        is_map: false,
    };
    there_and_back(here, &lab, gone.into())
}

/// The tables, whatever their order.
fn sorted(text: &str) -> String {
    let mut tables: Vec<&str> = text.split("\n}\n").collect();
    tables.sort_unstable();
    tables.join("\n}\n")
}
