//! Verbs about rules: which routing table a packet is looked up in.

use rhai::plugin::*;
use rhai::{Array, Map};

use crate::kernel::cidr::Cidr;
use crate::kernel::link::name_fault;
use crate::kernel::route_names::{PROTOCOLS, realm_text, table, table_text};
use crate::kernel::rule::{self, ACTIONS, GOTO, LOOKUP, Rule, RuleAdd, RuleDel, action_text};
use crate::lab::explain::ask;
use crate::lab::failure::{Failure, Outcome};

use super::call::{RhaiResultOf, verb};
use super::options::{Fault, OptionValue, Options};
use super::route_options::{Family, Realms, Table, network, numbered};
use super::value::{array, array_of_maps, counter, map, maybe};

/// The verbs.
#[export_module]
pub mod api {
    /// Adds a rule: packets that it describes are looked up in another routing table, or refused.
    ///
    /// Rules are gone through in the order of their priorities, from 0 on; a table without a fitting route leads on to the next
    /// rule. At the start there are 0 (table local), 32766 (main) and, in IPv4, 32767 (default).
    ///
    /// Equivalent to: `ip rule add`
    ///
    /// Search words: `policy routing`, `source routing`, `ip rule`, `fwmark`, `lookup`, `multiple uplinks`
    ///
    /// # Options
    /// - `from` (address): packets from this network or host; "all" is any
    /// - `to` (address): packets to it; "all" is any
    /// - `iif` (link): packets that came in by this link; "lo" is this machine's own
    /// - `oif` (link): packets of sockets that are bound to this link
    /// - `fwmark` (string or int): packets with this firewall mark: 1, "0x1", or with a mask "0x1/0xff"
    /// - `tos` (int): packets of this type of service
    /// - `uidrange` (string): packets of these users: "1000" or "1000-1999"
    /// - `ipproto` (string or int): packets that carry "tcp", "udp", "icmp", "icmpv6" or a number
    /// - `sport` (string or int): packets from this port, or from these: "8000-8999"
    /// - `dport` (string or int): packets to it
    /// - `tun_id` (int): packets that came out of the tunnel with this id
    /// - `not` (bool): packets that all this does not describe
    /// - `priority` (int): its place; before all but the first unless given
    /// - `table` (table): the table to look in, by name or number; "main" unless given
    /// - `action` (word): in place of a table: "blackhole", "unreachable", "prohibit", "nop"; "lookup" and "goto" go without
    ///   saying
    /// - `target` (int; `goto`): go on with the rule of this priority
    /// - `l3mdev` (bool): look in the table of the vrf by whose link the packet comes or goes
    /// - `realms` (string): the realms that what it finds belongs to (IPv4): "5", or where from and where to: "3/5"
    /// - `suppress_prefixlength` (int): routes with prefixes no longer than this do not count: 0 leaves out the default route
    /// - `suppress_ifgroup` (int): routes by links of this group do not count
    /// - `protocol` (word; `proto`): who made it: "boot" unless given, "static", "kernel" ...
    /// - `family` (word): "inet" or "inet6", where no address says it
    ///
    /// # Errors
    /// There is such a rule (EEXIST); an unknown table; addresses of two families.
    ///
    /// # Example
    /// ```rhai
    /// rule_add(#{ from: "10.1.0.0/16", table: 100, priority: 1000 });
    /// route_add("default", #{ type: "blackhole", table: 100 });
    /// show(rule_list(#{ family: "inet" }).map(|rule| rule.table));
    /// ```
    #[rhai_fn(return_raw)]
    pub fn rule_add(ctx: NativeCallContext, options: Map) -> RhaiResultOf<()> {
        verb(&ctx, |lab| {
            let mut options = Options::new(options);
            let mut rule = read_rule(&mut options)?;
            options.finish()?;
            check(&rule)?;
            if rule.action == 0 {
                rule.action = LOOKUP;
            }
            if rule.action == LOOKUP && rule.table == table::UNSPEC && !rule.l3mdev {
                rule.table = table::MAIN;
            }
            lab.apply(RuleAdd { rule })
        })
    }

    /// Deletes a rule: the first that has all that is said of it.
    ///
    /// Equivalent to: `ip rule del`
    ///
    /// Search words: `policy routing`, `remove`, `delete`, `ip rule`
    ///
    /// # Options
    /// - `from` (address): for packets from this network or host; "all" is any
    /// - `to` (address): for packets to it; "all" is any
    /// - `iif` (link): for packets that came in by this link
    /// - `oif` (link): for packets of sockets that are bound to this link
    /// - `fwmark` (string or int): for packets with this firewall mark: 1, "0x1", or with a mask "0x1/0xff"
    /// - `tos` (int): for packets of this type of service
    /// - `uidrange` (string): for packets of these users: "1000-1999"
    /// - `ipproto` (string or int): for packets that carry "tcp", "udp", "icmp", "icmpv6" or a number
    /// - `sport` (string or int): for packets from this port, or from these: "8000-8999"
    /// - `dport` (string or int): for packets to it
    /// - `tun_id` (int): for packets that came out of the tunnel with this id
    /// - `not` (bool): for packets that all this does not describe
    /// - `priority` (int): with this priority
    /// - `table` (table): with this table, by name or number
    /// - `action` (word): that does this: "lookup", "goto", "nop", "blackhole", "unreachable", "prohibit"
    /// - `target` (int; `goto`): that goes on with the rule of this priority
    /// - `l3mdev` (bool): that looks in the tables of vrfs
    /// - `realms` (string): with these realms
    /// - `suppress_prefixlength` (int): with this
    /// - `suppress_ifgroup` (int): with this
    /// - `protocol` (word; `proto`): made by "boot", "static", "kernel" ...
    /// - `family` (word): "inet" or "inet6", where no address says it
    ///
    /// # Errors
    /// No such rule (ENOENT); an unknown table; nothing is said of it.
    ///
    /// # Example
    /// ```rhai
    /// rule_add(#{ from: "10.1.0.0/16", table: 100 });
    /// rule_del(#{ from: "10.1.0.0/16" });
    /// show(rule_list(#{ table: 100 }).len());
    /// ```
    #[rhai_fn(return_raw)]
    pub fn rule_del(ctx: NativeCallContext, options: Map) -> RhaiResultOf<()> {
        verb(&ctx, |lab| {
            let mut options = Options::new(options);
            let rule = read_rule(&mut options)?;
            options.finish()?;
            check_family(&rule)?;
            let nothing = Rule {
                is_ipv6: rule.is_ipv6,
                ..Rule::default()
            };
            if rule == nothing {
                // The kernel would delete the first rule, and with it the way to the machine's own addresses.
                let words = "it is not said which rule";
                return Err(Failure::new(words).hint("say what it has: #{ priority: 1000 }"));
            }
            lab.apply(RuleDel { rule })
        })
    }

    /// Lists the rules of IPv4 and IPv6 in the order of their priorities.
    ///
    /// Equivalent to: `ip rule`, `ip -6 rule`
    ///
    /// Search words: `policy routing`, `ip rule`, `lookup`
    ///
    /// # Options
    /// - `family` (word): only those of "inet" or of "inet6"
    /// - `table` (table): only those with this table, by name or number
    /// - `priority` (int): only those with this priority
    ///
    /// # Returns
    /// An array of maps: `priority` (int); `family` ("inet" or "inet6"); `not` (bool); `from` and `to` (a network, `()` is any);
    /// `iif`; `oif`; `fwmark` (int); `fwmask` (int, `()` is all bits); `tos` (int); `uidrange` ("first-last"); `ipproto` (int);
    /// `sport` and `dport` ("first-last"); `action` (lookup, goto, nop, blackhole, unreachable, prohibit); `table` (its name, or
    /// its number in digits); `target` (priority of the rule to go on with);
    /// `l3mdev` (bool); `tun_id` (int); `realms` ("to", or "from/to"); `suppress_prefixlength` (int);
    /// `suppress_ifgroup` (int); `protocol`; `flags` (permanent, unresolved, iif_detached, oif_detached). What a rule does not
    /// have is `()`.
    ///
    /// # Errors
    /// An unknown table.
    ///
    /// # Example
    /// ```rhai
    /// show(rule_list(#{ family: "inet" }));
    /// ```
    #[rhai_fn(return_raw)]
    pub fn rule_list(ctx: NativeCallContext, options: Map) -> RhaiResultOf<Array> {
        verb(&ctx, |lab| {
            let mut options = Options::new(options);
            let family = options.take::<Family>("family")?;
            let chosen = options.take::<Table>("table")?;
            let chosen = chosen.map_or(table::UNSPEC, |table| table.0);
            let priority = options.take::<u32>("priority")?;
            options.finish()?;
            let mut list = ask(lab, "list the rules", || {
                let namespace = lab.current().namespace()?;
                rule::list(&namespace, family.map_or(0, |family| family.0))
            })?;
            list.retain(|rule| {
                (chosen == table::UNSPEC || rule.table == chosen)
                    && priority.is_none_or(|priority| rule.priority == Some(priority))
            });
            Ok(array_of_maps(list.iter().map(rule_map)))
        })
    }
}

/// What is said of a rule, all but what goes without saying.
fn read_rule(options: &mut Options) -> Outcome<Rule> {
    let mut from = options.take::<String>("from")?;
    let mut to = options.take::<String>("to")?;
    // ip says it of every rule that says nothing else.
    for end in [&mut from, &mut to] {
        end.take_if(|text| text == "all");
    }
    let from = from.map(|text| network(&text, "from")).transpose()?;
    let to = to.map(|text| network(&text, "to")).transpose()?;
    let family = options.take::<Family>("family")?;
    let mark = options.take::<Mark>("fwmark")?;
    let target = options.take("target")?;
    let action = options.take::<String>("action")?;
    let action = action.map(|action| read_action(&action)).transpose()?;
    let chosen = options.take::<Table>("table")?;
    Ok(Rule {
        is_ipv6: is_ipv6(from, to, family)?,
        from,
        to,
        priority: options.take("priority")?,
        not: options.flag("not")?,
        iif: link_name(options, "iif")?,
        oif: link_name(options, "oif")?,
        fwmark: mark.as_ref().map(|mark| mark.0),
        fwmask: mark.and_then(|mark| mark.1),
        tos: options.take("tos")?.unwrap_or(0),
        uidrange: options
            .take::<Range>("uidrange")?
            .map(|range| (range.0, range.1)),
        ipproto: options
            .take::<Protocol>("ipproto")?
            .map(|protocol| protocol.0),
        sport: ports(options, "sport")?,
        dport: ports(options, "dport")?,
        action: action.unwrap_or(if target.is_some() { GOTO } else { 0 }),
        table: chosen
            .map(|table| table.one("table"))
            .transpose()?
            .unwrap_or(table::UNSPEC),
        target,
        l3mdev: options.flag("l3mdev")?,
        tun_id: match options.take::<i64>("tun_id")? {
            None => None,
            Some(id) => Some(u64::try_from(id).ok().filter(|id| *id > 0).ok_or_else(|| {
                // The kernel takes 0 for none that is said.
                Failure::new(format!("the id of a tunnel in a rule is above 0: {id}"))
                    .blame("tun_id")
            })?),
        },
        realms: options.take::<Realms>("realms")?.map(|realms| realms.0),
        suppress_prefixlength: options.take("suppress_prefixlength")?,
        suppress_ifgroup: options.take("suppress_ifgroup")?,
        protocol: numbered(options, "protocol", &PROTOCOLS)?,
        flags: 0,
    })
}

/// The name of a link, which need not be there.
fn link_name(options: &mut Options, key: &'static str) -> Outcome<Option<String>> {
    let name = options.take::<String>(key)?;
    match name.as_deref().and_then(name_fault) {
        None => Ok(name),
        Some(fault) => {
            let name = name.unwrap_or_default();
            let words = format!("no link can be called {name:?}: {fault}");
            Err(Failure::new(words).about(name).blame(key))
        }
    }
}

/// Only rules of IPv4 have realms; of IPv6 the kernel takes them and never looks at them.
fn check_family(rule: &Rule) -> Outcome<()> {
    match rule.realms {
        Some(_) if rule.is_ipv6 => {
            Err(Failure::new("realms are for rules of IPv4").blame("realms"))
        }
        _ => Ok(()),
    }
}

/// Refuses what the kernel would take and never look at: only a rule that looks up a table has one.
fn check(rule: &Rule) -> Outcome<()> {
    check_family(rule)?;
    let looks_up = [0, LOOKUP].contains(&rule.action);
    let action = action_text(rule.action);
    let of_a_lookup = [
        ("table", rule.table != table::UNSPEC),
        (
            "suppress_prefixlength",
            rule.suppress_prefixlength.is_some(),
        ),
        ("suppress_ifgroup", rule.suppress_ifgroup.is_some()),
    ];
    if let Some((key, _)) = of_a_lookup.iter().find(|(_, given)| *given && !looks_up) {
        let words =
            format!("a rule of the action {action} looks up no table, and {key} says nothing");
        return Err(Failure::new(words).blame(*key));
    }
    if rule.target.is_some() && rule.action != GOTO {
        let words = format!("a rule of the action {action} goes on to no other rule");
        return Err(Failure::new(words).blame("target"));
    }
    let most = if rule.is_ipv6 { 128 } else { 32 };
    match rule.suppress_prefixlength {
        Some(length) if length > most => {
            let words = format!("no prefix is {length} bits long: an address has {most}");
            Err(Failure::new(words).blame("suppress_prefixlength"))
        }
        _ => Ok(()),
    }
}

fn is_ipv6(from: Option<Cidr>, to: Option<Cidr>, family: Option<Family>) -> Outcome<bool> {
    let said = [("from", from), ("to", to)];
    let said = said.iter().filter_map(|(key, cidr)| {
        let cidr = cidr.as_ref()?;
        Some((*key, cidr.address.is_ipv6()))
    });
    let family = family.map(|family| ("family", !family.is_ipv4()));
    let mut said = said.chain(family);
    let Some((_, first)) = said.next() else {
        return Ok(false);
    };
    match said.find(|(_, other)| *other != first) {
        None => Ok(first),
        Some((key, _)) => Err(Failure::new("a rule is for one family of addresses").blame(key)),
    }
}

fn read_action(text: &str) -> Outcome<u8> {
    let found = ACTIONS.iter().find(|(_, name)| *name == text);
    found.map(|(number, _)| *number).ok_or_else(|| {
        let names: Vec<&str> = ACTIONS.iter().map(|(_, name)| *name).collect();
        let failure = Failure::new(format!("{text:?} is nothing that a rule does"));
        failure
            .blame("action")
            .hint(format!("it does one of {}", names.join(", ")))
    })
}

fn ports(options: &mut Options, key: &'static str) -> Outcome<Option<(u16, u16)>> {
    let Some(Range(first, last)) = options.take::<Range>(key)? else {
        return Ok(None);
    };
    match (u16::try_from(first), u16::try_from(last)) {
        (Ok(first), Ok(last)) => Ok(Some((first, last))),
        _ => {
            let words = format!("{} is no port: they go from 0 to 65535", first.max(last));
            Err(Failure::new(words).about(key).blame(key))
        }
    }
}

/// A number, in digits or with `0x`.
pub(super) fn number(text: &str) -> Option<u32> {
    match text.strip_prefix("0x") {
        Some(digits) => u32::from_str_radix(digits, 16).ok(),
        None => text.parse().ok(),
    }
}

/// A string, or a number as one.
pub(super) fn text_of(value: &rhai::Dynamic) -> Result<String, Fault> {
    match value.as_int() {
        Ok(number) => Ok(number.to_string()),
        Err(_) => String::read(value).map_err(|_| Fault::Type("a string or an int")),
    }
}

/// A mark, and the bits of it that count.
struct Mark(u32, Option<u32>);

impl OptionValue for Mark {
    fn read(value: &rhai::Dynamic) -> Result<Self, Fault> {
        let text = text_of(value)?;
        let (mark, mask) = match text.split_once('/') {
            Some((mark, mask)) => (mark, Some(mask)),
            None => (text.as_str(), None),
        };
        let wrong = || {
            Fault::Value(format!(
                "{text:?} is no mark such as 1, \"0x1\" or \"0x1/0xff\""
            ))
        };
        let mark = number(mark).ok_or_else(wrong)?;
        let mask = mask
            .map(|mask| number(mask).ok_or_else(wrong))
            .transpose()?;
        // The kernel takes a mark of 0 without a mask for none that is said.
        if mark == 0 && mask.is_none() {
            let words = "every packet has the mark 0 where no bits of it are looked at: \"0/0xffffffff\" is one that has no mark";
            return Err(Fault::Value(words.into()));
        }
        Ok(Mark(
            mark,
            mask.filter(|mask| mark == 0 || *mask != u32::MAX),
        ))
    }
}

/// A number, or the first and the last of several.
struct Range(u32, u32);

impl OptionValue for Range {
    fn read(value: &rhai::Dynamic) -> Result<Self, Fault> {
        let text = text_of(value)?;
        let (first, last) = text.split_once('-').unwrap_or((&text, &text));
        match (number(first), number(last)) {
            (Some(first), Some(last)) if first <= last => Ok(Range(first, last)),
            _ => Err(Fault::Value(format!(
                "{text:?} is neither a number nor a range such as \"80-89\""
            ))),
        }
    }
}

/// What a packet carries: `IPPROTO_*` of linux/in.h.
pub(super) struct Protocol(pub(super) u8);

impl OptionValue for Protocol {
    fn read(value: &rhai::Dynamic) -> Result<Self, Fault> {
        let text = text_of(value)?;
        let named = match text.as_str() {
            "icmp" => Some(1),
            "tcp" => Some(6),
            "udp" => Some(17),
            "icmpv6" | "ipv6-icmp" => Some(58),
            "sctp" => Some(132),
            // The kernel takes 0 for none that is said.
            other => other.parse().ok().filter(|number| *number > 0),
        };
        let wrong = || {
            Fault::Value(format!(
                "{text:?} is none of tcp, udp, icmp, icmpv6, sctp and no number from 1 to 255"
            ))
        };
        named.map(Protocol).ok_or_else(wrong)
    }
}

fn rule_map(rule: &Rule) -> Map {
    let ports =
        |range: Option<(u16, u16)>| maybe(range.map(|(first, last)| format!("{first}-{last}")));
    let is_lookup = rule.table != table::UNSPEC;
    let users = rule.uidrange.map(|(first, last)| format!("{first}-{last}"));
    map([
        ("action", action_text(rule.action).into()),
        ("dport", ports(rule.dport)),
        ("family", if rule.is_ipv6 { "inet6" } else { "inet" }.into()),
        ("flags", array(rule.flag_names()).into()),
        ("from", maybe(rule.from.map(|from| from.to_string()))),
        ("fwmark", maybe(rule.fwmark.map(i64::from))),
        ("fwmask", maybe(rule.fwmask.map(i64::from))),
        ("iif", maybe(rule.iif.clone())),
        ("ipproto", maybe(rule.ipproto.map(i64::from))),
        ("l3mdev", rule.l3mdev.into()),
        ("not", rule.not.into()),
        ("oif", maybe(rule.oif.clone())),
        ("priority", maybe(rule.priority.map(i64::from))),
        (
            "protocol",
            maybe(
                rule.protocol
                    .map(|protocol| PROTOCOLS.text(protocol.into())),
            ),
        ),
        ("realms", maybe(rule.realms.map(realm_text))),
        ("sport", ports(rule.sport)),
        (
            "suppress_ifgroup",
            maybe(rule.suppress_ifgroup.map(i64::from)),
        ),
        (
            "suppress_prefixlength",
            maybe(rule.suppress_prefixlength.map(i64::from)),
        ),
        ("table", maybe(is_lookup.then(|| table_text(rule.table)))),
        ("target", maybe(rule.target.map(i64::from))),
        ("to", maybe(rule.to.map(|to| to.to_string()))),
        ("tos", i64::from(rule.tos).into()),
        ("tun_id", maybe(rule.tun_id.map(counter))),
        ("uidrange", maybe(users)),
    ])
}
