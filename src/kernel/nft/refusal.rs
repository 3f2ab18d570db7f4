//! Why the kernel refuses: what is missing, what can't be where. It answers with little more than an errno.

use nix::errno::Errno;

use crate::kernel::change::Names;
use crate::kernel::reason::{Reason, Refusal, listed};

use super::chain::ChainAdd;
use super::expression::Value;
use super::hook::{Hook, hook_name};
use super::list;
use super::load::Part;
use super::name::{Inside, TableName};
use super::rule::{RuleAdd, RuleDel};
use super::set::Elements;
use super::syntax::Verdict;

/// The expressions that a kernel can be without, with the option that brings them.
const OPTIONAL: &[(&str, &str, &str)] = &[
    ("queue", "CONFIG_NFT_QUEUE", "nft_queue"),
    ("ct", "CONFIG_NFT_CT", "nft_ct"),
    ("notrack", "CONFIG_NFT_CT", "nft_ct"),
    ("connlimit", "CONFIG_NFT_CONNLIMIT", "nft_connlimit"),
    ("fib", "CONFIG_NFT_FIB_INET", "nft_fib_inet"),
    ("log", "CONFIG_NFT_LOG", "nft_log"),
    ("limit", "CONFIG_NFT_LIMIT", "nft_limit"),
    ("quota", "CONFIG_NFT_QUOTA", "nft_quota"),
    ("nat", "CONFIG_NFT_NAT", "nft_chain_nat"),
    ("masq", "CONFIG_NFT_MASQ", "nft_masq"),
    ("redir", "CONFIG_NFT_REDIR", "nft_redir"),
    ("reject", "CONFIG_NFT_REJECT_INET", "nft_reject_inet"),
    ("tproxy", "CONFIG_NFT_TPROXY", "nft_tproxy"),
    ("socket", "CONFIG_NFT_SOCKET", "nft_socket"),
    ("numgen", "CONFIG_NFT_NUMGEN", "nft_numgen"),
    ("hash", "CONFIG_NFT_HASH", "nft_hash"),
    ("dup", "CONFIG_NFT_DUP_IPV4", "nft_dup_ipv4"),
    ("objref", "CONFIG_NFT_OBJREF", "nft_objref"),
];

/// What works only in chains of some type at some hooks (the validate functions of net/netfilter/nft_*.c): the expression,
/// the word, the type, the hooks.
type Bound = (
    &'static str,
    &'static str,
    &'static str,
    &'static [&'static str],
);

const BOUND: &[Bound] = &[
    ("masq", "masquerade", "nat", &["postrouting"]),
    ("redir", "redirect", "nat", &["prerouting", "output"]),
    (
        "reject",
        "reject",
        "filter",
        &["prerouting", "input", "forward", "output"],
    ),
    ("tproxy", "tproxy", "filter", &["prerouting"]),
];

/// What the errno alone says.
pub fn in_words(refusal: &Refusal) -> Option<Reason> {
    let (words, hint) = match refusal.errno {
        Errno::EPROTONOSUPPORT | Errno::EAFNOSUPPORT => (
            "this kernel does not know tables of this family",
            "CONFIG_NF_TABLES_INET, _IPV4, _ARP, _NETDEV, CONFIG_NF_TABLES_BRIDGE",
        ),
        Errno::EMSGSIZE => (
            "it is too large for one transaction",
            "without privilege a transaction has at most twice net.core.wmem_max of the machine; load it in parts",
        ),
        Errno::EMLINK | Errno::ELOOP => (
            "the chains would jump in a circle",
            "let one of them return",
        ),
        _ => return None,
    };
    Some(Reason::new(words).hint(hint))
}

fn missing_table(names: &dyn Names, table: &TableName, argument: &'static str) -> Option<Reason> {
    let tables = list::tables(names.namespace().netfilter().ok()?).ok()?;
    if tables.iter().any(|one| one.name == *table) {
        return None;
    }
    let among: Vec<String> = tables.iter().map(|one| one.name.to_string()).collect();
    let reason = Reason::new(format!("there is no table \"{table}\"")).blame(argument);
    let reason = reason.hint(format!("make it with nft_table_add(\"{table}\")"));
    Some(reason.alike(&table.to_string(), among, ""))
}

/// The chains of a table.
fn chains(names: &dyn Names, table: &TableName) -> Option<Vec<list::Chain>> {
    let chains = list::chains(names.namespace().netfilter().ok()?, Some(table)).ok()?;
    Some(chains.into_iter().map(|(_, chain)| chain).collect())
}

fn missing_chain(names: &dyn Names, chain: &Inside, argument: &'static str) -> Option<Reason> {
    let chains = chains(names, &chain.table)?;
    if chains.iter().any(|one| one.name == chain.name) {
        return None;
    }
    let words = format!(
        "there is no chain {:?} in table {}",
        chain.name, chain.table
    );
    let among: Vec<String> = chains.into_iter().map(|one| one.name).collect();
    let hint = match among.is_empty() {
        true => format!("make it with nft_chain_add(\"{chain}\", #{{ ... }})"),
        false => format!("its chains are {}", listed(&among)),
    };
    let place = format!(" in table {}", chain.table);
    Some(
        Reason::new(words)
            .blame(argument)
            .hint(hint)
            .alike(&chain.name, among, place),
    )
}

fn missing_set(names: &dyn Names, set: &Inside, argument: &'static str) -> Option<Reason> {
    // A table that the same text makes is not there, and has none.
    let sets = list::sets(names.namespace().netfilter().ok()?, Some(&set.table));
    let sets = sets.unwrap_or_default();
    if sets.iter().any(|(_, one)| one.name == set.name) {
        return None;
    }
    let words = format!("there is no set {:?} in table {}", set.name, set.table);
    let among = sets
        .into_iter()
        .map(|(_, one)| one.name)
        .filter(|name| !name.starts_with("__"))
        .collect();
    let hint = format!("make it with nft_set_add(\"{set}\", \"ipv4_addr\"), or with nft_map_add");
    let place = format!(" in table {}", set.table);
    Some(
        Reason::new(words)
            .blame(argument)
            .hint(hint)
            .alike(&set.name, among, place),
    )
}

/// Of a change of a table.
pub fn of_table(refusal: &Refusal, names: &dyn Names, table: &TableName) -> Option<Reason> {
    match refusal.errno {
        Errno::ENOENT => missing_table(names, table, "table"),
        _ => in_words(refusal),
    }
}

/// Of a change of a chain that is there.
pub fn of_chain(refusal: &Refusal, names: &dyn Names, chain: &Inside) -> Option<Reason> {
    match refusal.errno {
        Errno::ENOENT => missing_table(names, &chain.table, "chain")
            .or_else(|| missing_chain(names, chain, "chain")),
        Errno::EBUSY => Some(
            Reason::new("rules jump to it")
                .blame("chain")
                .hint("delete those rules first: nft_rule_list shows their handles"),
        ),
        _ => in_words(refusal),
    }
}

/// Of a new chain.
pub fn of_new_chain(refusal: &Refusal, names: &dyn Names, add: &ChainAdd) -> Option<Reason> {
    let chain = &add.chain;
    match refusal.errno {
        Errno::ENOENT => {
            if let Some(reason) = missing_table(names, &chain.table, "chain") {
                return Some(reason);
            }
            let hook = add.hook.as_ref()?;
            let words = format!(
                "this kernel has no chains of type {} in family {}",
                hook.kind, chain.table.family
            );
            Some(
                Reason::new(words)
                    .blame("type")
                    .hint("CONFIG_NFT_NAT brings those of type nat"),
            )
        }
        Errno::EEXIST | Errno::EBUSY | Errno::EOPNOTSUPP => {
            let there = chains(names, &chain.table)?
                .into_iter()
                .find(|one| one.name == chain.name);
            let Some(there) = there else {
                let hook = add.hook.as_ref()?;
                let name = hook_name(chain.table.family, hook.number);
                let words = format!(
                    "a chain of type {} can't hang in {name} of family {}",
                    hook.kind, chain.table.family
                );
                let words = match hook.kind.as_str() {
                    "nat" if hook.priority <= -200 => {
                        "a chain of type nat has to come after connection tracking, whose priority is -200".to_string()
                    }
                    _ => words,
                };
                return Some(Reason::new(words));
            };
            let is = match &there.hook {
                Some(hook) => hook.text(chain.table.family),
                None => "no base chain".into(),
            };
            let words = format!(
                "there is a chain {:?} already, and it is another",
                chain.name
            );
            Some(Reason::new(words).blame("chain").hint(format!(
                "the one that is there: {is} Only its policy can be changed; delete it with nft_chain_del(\"{chain}\")"
            )))
        }
        _ => in_words(refusal),
    }
}

/// Of a rule removed.
pub fn of_rule(refusal: &Refusal, names: &dyn Names, del: &RuleDel) -> Option<Reason> {
    if refusal.errno != Errno::ENOENT {
        return of_chain(refusal, names, &del.chain);
    }
    let chain = &del.chain;
    let missing = missing_table(names, &chain.table, "chain")
        .or_else(|| missing_chain(names, chain, "chain"));
    missing.or_else(|| {
        let socket = names.namespace().netfilter().ok()?;
        let rules = list::rules(socket, Some(&chain.table), Some(&chain.name)).ok()?;
        let handles: Vec<String> = rules
            .iter()
            .map(|(_, (_, rule))| rule.handle.to_string())
            .collect();
        let words = format!("no rule in {chain} has the handle {}", del.handle);
        let hint = match handles.is_empty() {
            true => "the chain has no rules".to_string(),
            false => format!("the handles are {}", listed(&handles)),
        };
        Some(Reason::new(words).blame("handle").hint(hint))
    })
}

/// Of a new rule.
pub fn of_new_rule(refusal: &Refusal, names: &dyn Names, add: &RuleAdd) -> Option<Reason> {
    let chain = &add.chain;
    let missing = || {
        missing_table(names, &chain.table, "chain").or_else(|| missing_chain(names, chain, "chain"))
    };
    match refusal.errno {
        Errno::ENOENT => missing().or_else(|| missing_in_rule(names, add, &[])),
        Errno::EOPNOTSUPP => {
            let all = chains(names, &chain.table)?;
            let hook = all.into_iter().find(|one| one.name == chain.name)?.hook;
            out_of_place(hook.as_ref(), add)
        }
        Errno::EMLINK | Errno::ELOOP => in_words(refusal).map(|reason| reason.blame("rule")),
        _ => in_words(refusal),
    }
}

/// Of a part of a text, after those before it in the same transaction.
pub fn in_load(
    refusal: &Refusal,
    names: &dyn Names,
    part: &Part,
    before: &[Part],
) -> Option<Reason> {
    let Part::RuleAdd(add) = part else {
        let made = before.iter().any(|one| matches!(one, Part::TableAdd(_)));
        return match made {
            true => match part {
                Part::Elements(change) => {
                    refused_elements(refusal, change).or_else(|| in_words(refusal))
                }
                _ => in_words(refusal),
            },
            false => part.operation().refusal(refusal, names),
        };
    };
    let mut chains_before = before.iter().filter_map(|one| match one {
        Part::ChainAdd(chain) if chain.chain == add.chain => Some(chain),
        _ => None,
    });
    let Some(chain) = chains_before.next() else {
        return of_new_rule(refusal, names, add);
    };
    match refusal.errno {
        Errno::ENOENT => missing_in_rule(names, add, before),
        Errno::EOPNOTSUPP => out_of_place(chain.hook.as_ref(), add),
        _ => in_words(refusal),
    }
}

/// Whether the parts make a chain or a set of this name.
fn is_made(before: &[Part], inside: &Inside) -> bool {
    before.iter().any(|one| match one {
        Part::ChainAdd(step) => step.chain == *inside,
        Part::SetAdd(step) => step.set == *inside,
        Part::ObjectAdd(step) => step.object == *inside,
        _ => false,
    })
}

/// What a rule names and neither the table nor the parts before it have.
fn missing_in_rule(names: &dyn Names, add: &RuleAdd, before: &[Part]) -> Option<Reason> {
    let table = &add.chain.table;
    let inside = |name: &str| Inside {
        table: table.clone(),
        name: name.into(),
    };
    for expression in &add.compiled.expressions {
        let named = match expression.name.as_str() {
            "lookup" | "dynset" => expression.text(1),
            "objref" => expression.text(4),
            _ => None,
        };
        if let Some(name) = named.filter(|name| !name.contains('%')) {
            let own = add.compiled.sets.iter().any(|set| set.name == name);
            let inside = inside(name);
            if !own
                && !is_made(before, &inside)
                && let Some(reason) = missing_set(names, &inside, "rule")
            {
                return Some(reason);
            }
        }
        if let (Some(Value::Verdict(Verdict::Jump(to) | Verdict::Goto(to))), "immediate") =
            (expression.value(2), expression.name.as_str())
            && !is_made(before, &inside(to))
            && let Some(reason) = missing_chain(names, &inside(to), "rule")
        {
            return Some(reason);
        }
        if expression.name == "objref"
            && let Some(name) = expression.text(2)
        {
            let objects = list::objects(names.namespace().netfilter().ok()?, Some(table));
            let objects = objects.unwrap_or_default();
            let there = objects.iter().any(|(_, one)| one.name == name);
            if !there && !is_made(before, &inside(name)) {
                let words = format!("there is no object {name:?} in table {table}");
                return Some(Reason::new(words).blame("rule"));
            }
        }
    }
    lacking(add)
}

/// The expressions of a rule that this kernel may be without.
fn lacking(add: &RuleAdd) -> Option<Reason> {
    let names = add
        .compiled
        .expressions
        .iter()
        .map(|expression| expression.name.as_str());
    let mut found: Vec<&(&str, &str, &str)> = names
        .filter_map(|name| OPTIONAL.iter().find(|(one, ..)| *one == name))
        .collect();
    found.dedup();
    let words: Vec<&str> = found.iter().map(|(name, ..)| *name).collect();
    let options: Vec<String> = found
        .iter()
        .map(|(name, option, module)| {
            // Families that are not IP's have drivers of their own.
            match (*name, add.chain.table.family.word()) {
                ("reject", "netdev") => {
                    "CONFIG_NFT_REJECT_NETDEV (module nft_reject_netdev)".to_string()
                }
                ("reject", "bridge") => {
                    "CONFIG_NFT_BRIDGE_REJECT (module nft_reject_bridge)".to_string()
                }
                _ => format!("{option} (module {module})"),
            }
        })
        .collect();
    match words.as_slice() {
        [] => None,
        [one] => Some(
            Reason::new(format!("this kernel has no expression {one}"))
                .blame("rule")
                .hint(options.join(", ")),
        ),
        several => Some(
            Reason::new(format!(
                "this kernel lacks one of the expressions {}",
                several.join(", ")
            ))
            .blame("rule")
            .hint(options.join(", ")),
        ),
    }
}

/// What can't be where the chain hangs.
fn out_of_place(hook: Option<&Hook>, add: &RuleAdd) -> Option<Reason> {
    let chain = &add.chain;
    let nat: Bound = match add
        .compiled
        .expressions
        .iter()
        .find(|one| one.name == "nat")
    {
        Some(one) if one.long(1) == Some(1) => ("nat", "dnat", "nat", &["prerouting", "output"]),
        _ => ("nat", "snat", "nat", &["postrouting", "input"]),
    };
    let bounds = BOUND.iter().chain([&nat]);
    let mut found =
        bounds.filter(|(name, ..)| add.compiled.expressions.iter().any(|one| one.name == *name));
    if let Some((_, word, kind, hooks)) = found.next() {
        let family = chain.table.family;
        let here = match hook {
            Some(Hook { kind, number, .. }) => {
                format!(
                    "this one is of type {kind} at hook {}",
                    hook_name(family, *number)
                )
            }
            None => "this one is no base chain, and is jumped to from elsewhere".into(),
        };
        let words = format!(
            "{word} works only in chains of type {kind} at {}",
            hooks
                .iter()
                .map(|hook| format!("hook {hook}"))
                .collect::<Vec<_>>()
                .join(" or ")
        );
        return Some(Reason::new(words).blame("rule").hint(here));
    }
    let dynset = add
        .compiled
        .expressions
        .iter()
        .find(|one| one.name == "dynset");
    if let Some(set) = dynset.and_then(|one| one.text(1)) {
        let words = format!("rules can't write to the set {set}");
        return Some(
            Reason::new(words)
                .blame("rule")
                .hint("it needs flags: \"dynamic\", and can't have ranges"),
        );
    }
    None
}

/// Of a change of a set that is there.
pub fn of_set(refusal: &Refusal, names: &dyn Names, set: &Inside) -> Option<Reason> {
    match refusal.errno {
        Errno::ENOENT => {
            missing_table(names, &set.table, "set").or_else(|| missing_set(names, set, "set"))
        }
        Errno::EBUSY => Some(
            Reason::new("rules use it")
                .blame("set")
                .hint("delete those rules first"),
        ),
        _ => in_words(refusal),
    }
}

/// Of a new set.
pub fn of_new_set(
    refusal: &Refusal,
    names: &dyn Names,
    set: &Inside,
    word: &str,
) -> Option<Reason> {
    match refusal.errno {
        Errno::ENOENT => missing_table(names, &set.table, word_of(word)),
        Errno::EEXIST => {
            let words = format!(
                "there is a set or map {:?} already, and it holds something else",
                set.name
            );
            Some(
                Reason::new(words)
                    .blame(word_of(word))
                    .hint(format!("nft_set_del(\"{set}\") deletes it")),
            )
        }
        _ => in_words(refusal),
    }
}

fn word_of(word: &str) -> &'static str {
    if word == "map" { "map" } else { "set" }
}

/// Of elements put in or taken out.
pub fn of_elements(refusal: &Refusal, names: &dyn Names, change: &Elements) -> Option<Reason> {
    let set = &change.set;
    match refusal.errno {
        Errno::ENOENT => {
            let missing =
                missing_table(names, &set.table, "set").or_else(|| missing_set(names, set, "set"));
            missing.or_else(|| {
                let words = if change.gone {
                    "the set does not hold all of them"
                } else {
                    "something that they name is not there"
                };
                Some(
                    Reason::new(words)
                        .blame("elements")
                        .hint("nft_element_list shows what it holds"),
                )
            })
        }
        _ => refused_elements(refusal, change).or_else(|| in_words(refusal)),
    }
}

/// What the errno says of elements, without a look at what is there.
fn refused_elements(refusal: &Refusal, change: &Elements) -> Option<Reason> {
    match refusal.errno {
        Errno::EEXIST => Some(
            Reason::new("some of them overlap what the set holds")
                .blame("elements")
                .hint("nft_element_list shows what it holds"),
        ),
        Errno::ENFILE => Some(
            Reason::new("the set is full")
                .blame("elements")
                .hint("its size was given when it was made"),
        ),
        Errno::EINVAL
            if change.shape.flags & super::sets::TIMEOUT == 0
                && change
                    .elements
                    .iter()
                    .any(|element| element.timeout.is_some()) =>
        {
            Some(
                Reason::new("the set takes no timeouts")
                    .blame("elements")
                    .hint("it needs flags: \"timeout\" when it is made"),
            )
        }
        _ => None,
    }
}
