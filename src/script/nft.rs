//! Verbs about nftables: tables, chains and rules, as data and as text.

use rhai::plugin::*;
use rhai::{Array, Dynamic, Map};

use crate::kernel::nft::chain::{ChainAdd, ChainDel};
use crate::kernel::nft::decode::object_state;
use crate::kernel::nft::fault::Fault;
use crate::kernel::nft::hook::{Hook, TYPES, hook_name, hooks, priorities, read_priority};
use crate::kernel::nft::list::{self, Object, Table};
use crate::kernel::nft::load::Load;
use crate::kernel::nft::name::{Inside, NameFault, TableName};
use crate::kernel::nft::syntax::Statement;
use crate::kernel::nft::table::{Flush, TableAdd, TableDel, What};
use crate::kernel::nft::{sets, text};
use crate::lab::Lab;
use crate::lab::explain::ask;
use crate::lab::failure::{Failure, Outcome};
use crate::lab::suggest::nearest;

use super::call::{RhaiResultOf, verb};
use super::nft_rule::{pointed, rule_maps};
use super::options::{Fault as OptionFault, OptionValue, Options};
use super::value::{array, array_of_maps, counter, map, maybe};

/// The verbs.
#[export_module]
pub mod api {
    /// Adds a table of nftables: a place for chains, sets and rules.
    ///
    /// Nothing happens if there is one of that name. A table belongs to a family: ip, ip6, inet (both), arp, bridge or netdev.
    ///
    /// Equivalent to: `nft add table TABLE`
    ///
    /// Search words: `iptables`, `netfilter`, `firewall`
    ///
    /// # Errors
    /// No such family; this kernel has no tables of the family (EOPNOTSUPP).
    ///
    /// # Example
    /// ```rhai
    /// nft_table_add("ip nat");
    /// print(nft_text());
    /// ```
    #[rhai_fn(return_raw)]
    pub fn nft_table_add(ctx: NativeCallContext, table: &str) -> RhaiResultOf<()> {
        verb(&ctx, |lab| {
            let table = table_name(table)?;
            lab.apply(TableAdd::new(table))
        })
    }

    /// Deletes a table of nftables with all that is in it.
    ///
    /// Equivalent to: `nft delete table TABLE`
    ///
    /// Search words: `iptables`, `remove`, `netfilter`, `firewall`
    ///
    /// # Errors
    /// No such table (ENOENT).
    ///
    /// # Example
    /// ```rhai
    /// nft_table_add("ip nat");
    /// nft_table_del("ip nat");
    /// ```
    #[rhai_fn(return_raw)]
    pub fn nft_table_del(ctx: NativeCallContext, table: &str) -> RhaiResultOf<()> {
        verb(&ctx, |lab| {
            let table = table_name(table)?;
            lab.apply(TableDel { table })
        })
    }

    /// Adds a chain of nftables: a list of rules.
    ///
    /// With a type, a hook and a priority it is a base chain, which packets come by; without, one that rules jump to.
    /// Nothing happens if there is a chain like it; the policy of one that is there is changed.
    ///
    /// Equivalent to: `nft add chain CHAIN ...`
    ///
    /// Search words: `iptables`, `netfilter`, `hook`, `policy`, `firewall`
    ///
    /// # Options
    /// - `type` (word): "filter", "nat" or "route"
    /// - `hook` (word): "prerouting", "input", "forward", "output", "postrouting", "ingress" or "egress"
    /// - `priority` (int or string): where among the chains of the hook, the lowest first; a number, or "raw", "mangle",
    ///   "dstnat", "filter", "security", "srcnat", perhaps with something added: "filter - 5"; the default is filter, and for
    ///   type nat dstnat or srcnat
    /// - `policy` (word): "accept" or "drop", for what no rule decides
    /// - `device` (link): the link of an ingress or egress hook
    ///
    /// # Errors
    /// No such table (ENOENT); no such hook in the family; a chain of that name that is another (EEXIST).
    ///
    /// # Example
    /// ```rhai
    /// nft_table_add("ip nat");
    /// nft_chain_add("ip nat postrouting", #{ type: "nat", hook: "postrouting", priority: "srcnat", policy: "accept" });
    /// print(nft_text("ip nat"));
    /// ```
    #[rhai_fn(return_raw)]
    pub fn nft_chain_add(ctx: NativeCallContext, chain: &str, options: Map) -> RhaiResultOf<()> {
        verb(&ctx, |lab| {
            let chain = inside(chain, "chain", "chain")?;
            let mut options = Options::new(options);
            let kind = options.take::<String>("type")?;
            let hook = options.take::<String>("hook")?;
            let priority = options.take::<PriorityText>("priority")?;
            let policy = options.take::<String>("policy")?;
            let device = options.take::<String>("device")?;
            options.finish()?;
            let says_policy = policy.is_some();
            let hook = read_hook(&chain, kind, hook, priority, policy, device)?;
            lab.apply(ChainAdd {
                chain,
                hook,
                says_policy,
                comment: None,
            })
        })
    }

    /// Deletes a chain of nftables with its rules.
    ///
    /// Equivalent to: `nft delete chain CHAIN`
    ///
    /// Search words: `iptables`, `remove`, `netfilter`, `firewall`
    ///
    /// # Errors
    /// No such table or chain (ENOENT); rules jump to it (EBUSY).
    ///
    /// # Example
    /// ```rhai
    /// nft_table_add("ip filter");
    /// nft_chain_add("ip filter mine");
    /// nft_chain_del("ip filter mine");
    /// ```
    #[rhai_fn(return_raw)]
    pub fn nft_chain_del(ctx: NativeCallContext, chain: &str) -> RhaiResultOf<()> {
        verb(&ctx, |lab| {
            let chain = inside(chain, "chain", "chain")?;
            lab.apply(ChainDel { chain })
        })
    }

    /// Lists all tables of nftables with their chains, rules and sets.
    ///
    /// Equivalent to: `nft -j list ruleset`
    ///
    /// Search words: `iptables-save`, `iptables`, `netfilter`, `firewall`, `counters`
    ///
    /// # Returns
    /// An array of maps: `family`; `name`; `handle`; `chains` (an array of maps: `name`, `handle`, `type`, `hook`, `priority`,
    /// `policy`, `devices`, all but the first two `()` if it is no base chain, and `rules`, as `nft_rule_list()` gives them);
    /// `sets` (an array of maps: `name`, `handle`, `kind`, which is "set" or "map", `type`, `flags`, `timeout` in seconds or
    /// `()`, and `elements` as text); `objects` (what rules share, an array of maps: `name`, `handle`, `kind`, which is
    /// "counter", "quota", "limit" or "other", `text` as nft writes it, `packets` and `bytes` counted so far, `()` where nothing
    /// is counted).
    ///
    /// # Example
    /// ```rhai
    /// nft_load("table ip filter { chain input { type filter hook input priority 0; tcp dport 22 counter accept } }");
    /// for table in nft_list() {
    ///     for chain in table.chains { print(`${table.name} ${chain.name}: ${chain.rules.len()} rules`); }
    /// }
    /// ```
    #[rhai_fn(return_raw)]
    pub fn nft_list(ctx: NativeCallContext) -> RhaiResultOf<Array> {
        verb(&ctx, |lab| {
            let tables = tables_of(lab, None)?;
            Ok(array_of_maps(
                tables.iter().map(|table| table_map(lab, table)),
            ))
        })
    }

    /// Gives all of nftables as text, as nft prints it.
    ///
    /// `nft_load()` takes the text back.
    ///
    /// Equivalent to: `nft list ruleset`
    ///
    /// Search words: `iptables-save`, `save`, `dump`, `netfilter`, `firewall`
    ///
    /// # Returns
    /// The text; what netsh has no words for stands in it as `unknown-to-netsh`, and such a text can't be loaded.
    ///
    /// # Example
    /// ```rhai
    /// nft_load("table inet filter { chain input { type filter hook input priority 0; policy drop; ct state established accept } }");
    /// print(nft_text());
    /// ```
    #[rhai_fn(return_raw)]
    pub fn nft_text(ctx: NativeCallContext) -> RhaiResultOf<String> {
        verb(&ctx, |lab| {
            let tables = tables_of(lab, None)?;
            let links = links(lab);
            Ok(text::ruleset(&tables, &*links))
        })
    }

    /// Gives a table of nftables as text, as nft prints it.
    ///
    /// Equivalent to: `nft list table TABLE`
    ///
    /// Search words: `iptables-save`, `dump`, `netfilter`, `firewall`
    ///
    /// # Returns
    /// The text; what netsh has no words for stands in it as `unknown-to-netsh`, and such a text can't be loaded.
    ///
    /// # Errors
    /// No such table (ENOENT).
    ///
    /// # Example
    /// ```rhai
    /// nft_table_add("ip nat");
    /// print(nft_text("ip nat"));
    /// ```
    #[rhai_fn(name = "nft_text", return_raw)]
    pub fn nft_text_of(ctx: NativeCallContext, table: &str) -> RhaiResultOf<String> {
        verb(&ctx, |lab| {
            let table = table_name(table)?;
            let tables = tables_of(lab, Some(&table))?;
            if tables.is_empty() {
                return Err(no_table(lab, &table).blame("table"));
            }
            let links = links(lab);
            Ok(text::ruleset(&tables, &*links))
        })
    }

    /// Loads a whole text of nftables in one transaction: all of it, or nothing.
    ///
    /// The text is what nft(8) reads: tables with their chains, sets and rules, and the commands add, insert, delete and flush.
    ///
    /// Equivalent to: `nft TEXT`
    ///
    /// Search words: `nft -f`, `iptables-restore`, `restore`, `netfilter`, `firewall`, `transaction`, `atomic`
    ///
    /// # Errors
    /// What is not understood, with its place in the text; whatever the kernel refuses, and then nothing is done.
    ///
    /// # Example
    /// ```rhai
    /// nft_load(`
    ///     flush ruleset
    ///     table inet filter {
    ///         set blocked { type ipv4_addr; flags interval; elements = { 10.9.0.0/16 } }
    ///         chain input {
    ///             type filter hook input priority filter; policy drop;
    ///             ct state established,related accept
    ///             iif lo accept
    ///             ip saddr @blocked counter drop
    ///             tcp dport { 22, 80 } accept
    ///         }
    ///     }
    /// `);
    /// print(nft_text());
    /// ```
    #[rhai_fn(return_raw)]
    pub fn nft_load(ctx: NativeCallContext, text: &str) -> RhaiResultOf<()> {
        verb(&ctx, |lab| {
            let namespace = lab.current();
            let shapes = |table: &TableName, set: &str| {
                let namespace = namespace.namespace().ok()?;
                list::shape_of(&namespace, table, set)
            };
            let load = Load::new(text, &shapes).map_err(|fault| failure(fault, "text", text))?;
            lab.apply(load)
                .map_err(|failure| pointed(failure, "text", text))
        })
    }

    /// Deletes all tables of nftables.
    ///
    /// Equivalent to: `nft flush ruleset`
    ///
    /// Search words: `iptables`, `clear`, `reset`, `netfilter`, `firewall`
    ///
    /// # Example
    /// ```rhai
    /// nft_table_add("ip nat");
    /// nft_flush();
    /// assert(nft_list().len() == 0);
    /// ```
    #[rhai_fn(return_raw)]
    pub fn nft_flush(ctx: NativeCallContext) -> RhaiResultOf<()> {
        verb(&ctx, |lab| {
            lab.apply(Flush {
                what: What::Ruleset(None),
            })
        })
    }

    /// Deletes the rules of a chain of nftables, or of all chains of a table; the chains stay.
    ///
    /// Equivalent to: `nft flush chain OBJECT`, `nft flush table OBJECT`
    ///
    /// Search words: `iptables`, `clear`, `netfilter`, `firewall`
    ///
    /// # Errors
    /// No such table or chain (ENOENT).
    ///
    /// # Example
    /// ```rhai
    /// nft_table_add("ip filter");
    /// nft_chain_add("ip filter mine");
    /// nft_rule_add("ip filter mine", "tcp dport 22 accept");
    /// nft_flush("ip filter mine");
    /// assert(nft_rule_list("ip filter mine").len() == 0);
    /// ```
    #[rhai_fn(name = "nft_flush", return_raw)]
    pub fn nft_flush_of(ctx: NativeCallContext, object: &str) -> RhaiResultOf<()> {
        verb(&ctx, |lab| {
            let words = object.split_whitespace().count();
            let what = match words {
                0..=2 => What::Table(table_name(object).map_err(|fault| fault.blame("object"))?),
                _ => What::Chain(inside(object, "chain", "object")?),
            };
            lab.apply(Flush { what })
                .map_err(|failure| failure.blame("object"))
        })
    }
}

/// Reads the name of a table.
pub(super) fn table_name(text: &str) -> Outcome<TableName> {
    TableName::parse(text).map_err(|fault| bad_name(fault, text, "table"))
}

/// Reads the name of a chain or set, which `argument` gives.
pub(super) fn inside(text: &str, what: &str, argument: &str) -> Outcome<Inside> {
    Inside::parse(text, what).map_err(|fault| bad_name(fault, text, argument))
}

fn bad_name(fault: NameFault, text: &str, argument: &str) -> Box<Failure> {
    let mut failure = Failure::new(fault.words)
        .about(text)
        .blame(argument)
        .hint(fault.hint);
    if let Some(family) = fault.family {
        use crate::kernel::nft::family::Family;
        if let Some(near) = nearest(&family, Family::ALL.iter().map(|(name, _)| *name)) {
            failure.hint = format!("did you mean {near:?}?");
        }
    }
    failure
}

/// What is wrong with a text, as a failure that points into it.
pub(super) fn failure(fault: Fault, argument: &str, text: &str) -> Box<Failure> {
    let near = fault.alike.as_ref().and_then(|(wrong, among)| {
        nearest(wrong, among.iter().map(String::as_str)).map(str::to_string)
    });
    let hint = match near {
        Some(near) => format!("did you mean {near:?}?"),
        None => fault.hint,
    };
    Failure::new(fault.words)
        .about(text)
        .hint(hint)
        .within(argument, fault.at)
        .quoting(text)
}

/// A priority: an int or a text.
struct PriorityText(String);

impl OptionValue for PriorityText {
    fn read(value: &Dynamic) -> Result<Self, OptionFault> {
        if let Ok(number) = value.as_int() {
            return Ok(PriorityText(number.to_string()));
        }
        let text = value.clone().into_string();
        text.map(PriorityText)
            .map_err(|_| OptionFault::Type("an int or the name of a priority"))
    }
}

/// Reads where a base chain hangs.
fn read_hook(
    chain: &Inside,
    kind: Option<String>,
    hook: Option<String>,
    priority: Option<PriorityText>,
    policy: Option<String>,
    device: Option<String>,
) -> Outcome<Option<Hook>> {
    let family = chain.table.family;
    let given = [
        ("type", kind.is_some()),
        ("priority", priority.is_some()),
        ("policy", policy.is_some()),
        ("device", device.is_some()),
    ];
    let Some(hook) = hook else {
        let lonely = given.iter().find(|(_, is)| *is);
        return match lonely {
            None => Ok(None),
            Some((name, _)) => {
                let words = format!("a chain with {name} hangs in a hook, and none is given");
                Err(Failure::new(words)
                    .about(chain.to_string())
                    .blame(*name)
                    .hint("hook: \"forward\""))
            }
        };
    };
    let kind = kind.unwrap_or_else(|| "filter".into());
    let names = TYPES.map(|(name, _)| name);
    let hooks_of_kind = TYPES
        .iter()
        .find(|(name, _)| *name == kind)
        .map(|(_, hooks)| *hooks);
    let Some(hooks_of_kind) = hooks_of_kind else {
        return Err(not_one_of("a type of chain", &kind, &names, "type"));
    };
    let all = hooks(family);
    let fitting: Vec<&str> = all
        .iter()
        .map(|(name, _)| *name)
        .filter(|name| hooks_of_kind.contains(name))
        .collect();
    let number = all
        .iter()
        .find(|(name, _)| *name == hook && fitting.contains(name));
    let Some((_, number)) = number else {
        let what = format!("a hook of chains of type {kind} in family {family}");
        return Err(not_one_of(&what, &hook, &fitting, "hook"));
    };
    let usual = match (kind.as_str(), hook.as_str()) {
        ("nat", "prerouting") => "dstnat",
        ("nat", "output") => "-100",
        ("nat", _) => "100",
        ("route", _) => "mangle",
        _ => "filter",
    };
    let priority = priority.unwrap_or_else(|| PriorityText(usual.into())).0;
    let priority = read_priority(&priority, family).map_err(|words| {
        let names: Vec<&str> = priorities(family).iter().map(|(name, ..)| *name).collect();
        let mut failure = Failure::new(words)
            .about(priority.as_str())
            .blame("priority")
            .hint(format!(
                "a number, or one of {}, perhaps with something added: \"filter - 5\"",
                names.join(", ")
            ));
        let name = priority.split(['+', '-', ' ']).next().unwrap_or("");
        if let Some(near) = nearest(name, names.iter().copied()) {
            failure.hint = format!("did you mean {near:?}?");
        }
        failure
    })?;
    let drops = match policy.as_deref() {
        None | Some("accept") => false,
        Some("drop") => true,
        Some(other) => return Err(not_one_of("a policy", other, &["accept", "drop"], "policy")),
    };
    Ok(Some(Hook {
        kind,
        number: *number,
        priority,
        drops,
        devices: device.into_iter().collect(),
    }))
}

fn not_one_of(what: &str, wrong: &str, names: &[&str], option: &str) -> Box<Failure> {
    let hint = match nearest(wrong, names.iter().copied()) {
        Some(near) => format!("did you mean {near:?}?"),
        None => format!("there are {}", names.join(", ")),
    };
    Failure::new(format!("{wrong:?} is not {what}"))
        .about(wrong)
        .blame(option)
        .hint(hint)
}

/// The tables with all that is in them, or one of them.
pub(super) fn tables_of(lab: &Lab, table: Option<&TableName>) -> Outcome<Vec<Table>> {
    ask(lab, "list the tables", || {
        let namespace = lab.current().namespace()?;
        list::ruleset(namespace.netfilter()?, table)
    })
}

/// Gives the names of the links of the current namespace by their index.
pub(super) fn links(lab: &Lab) -> Box<dyn Fn(u32) -> Option<String>> {
    let netns = lab.current();
    Box::new(move |index| netns.namespace().ok()?.route().ok()?.name_of(index))
}

/// The failure of a table that is not there.
pub(super) fn no_table(lab: &Lab, table: &TableName) -> Box<Failure> {
    let all = tables_of(lab, None).unwrap_or_default();
    let names: Vec<String> = all.iter().map(|one| one.name.to_string()).collect();
    let hint = match nearest(&table.to_string(), names.iter().map(String::as_str)) {
        Some(near) => format!("did you mean {near:?}?"),
        None => format!("make it with nft_table_add(\"{table}\")"),
    };
    let mut failure = Failure::new(format!("there is no table \"{table}\""))
        .about(table.to_string())
        .hint(hint);
    failure.errno = Some(nix::errno::Errno::ENOENT);
    failure
}

/// A counter, quota or limit with a name.
fn object_map(object: &Object) -> Map {
    let (kind, text) = text::object_parts(object).unwrap_or(("other", String::new()));
    let (packets, bytes) = match object_state(&object.state) {
        Some(Statement::Counter { packets, bytes }) => (Some(packets), Some(bytes)),
        Some(Statement::Quota { used, .. }) => (None, Some(used)),
        _ => (None, None),
    };
    map([
        ("bytes", maybe(bytes.map(counter))),
        ("handle", counter(object.handle)),
        ("kind", kind.into()),
        ("name", object.name.clone().into()),
        ("packets", maybe(packets.map(counter))),
        ("text", text.into()),
    ])
}

fn table_map(lab: &Lab, table: &Table) -> Map {
    let family = table.name.family;
    let chains = table.chains.iter().map(|chain| {
        let hook = chain.hook.as_ref();
        let policy = |hook: &Hook| if hook.drops { "drop" } else { "accept" };
        map([
            (
                "devices",
                maybe(hook.map(|hook| array(hook.devices.iter().cloned()))),
            ),
            ("handle", counter(chain.handle)),
            (
                "hook",
                maybe(hook.map(|hook| hook_name(family, hook.number))),
            ),
            ("name", chain.name.clone().into()),
            ("policy", maybe(hook.map(policy))),
            ("priority", maybe(hook.map(|hook| i64::from(hook.priority)))),
            ("rules", rule_maps(lab, chain, table).into()),
            ("type", maybe(hook.map(|hook| hook.kind.clone()))),
        ])
    });
    let named = table
        .sets
        .iter()
        .filter(|set| set.shape.flags & sets::ANONYMOUS == 0);
    let sets = named.map(|set| super::nft_set::set_map(lab, set));
    let objects = table.objects.iter().map(object_map);
    map([
        ("chains", array_of_maps(chains).into()),
        ("family", family.word().into()),
        ("handle", counter(table.handle)),
        ("name", table.name.table.clone().into()),
        ("objects", array_of_maps(objects).into()),
        ("sets", array_of_maps(sets).into()),
    ])
}
