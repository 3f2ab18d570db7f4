//! Verbs about the rules of nftables.

use rhai::plugin::*;
use rhai::{Array, Dynamic, Map};

use crate::kernel::nft::decode;
use crate::kernel::nft::list::{self, Chain, Table, told_handle};
use crate::kernel::nft::name::Inside;
use crate::kernel::nft::rule::{Place, RuleAdd, RuleDel};
use crate::kernel::nft::syntax::Statement;
use crate::lab::Lab;
use crate::lab::explain::ask;
use crate::lab::failure::{Failure, Outcome};
use crate::lab::suggest::nearest;

use super::call::{RhaiResultOf, verb};
use super::nft::{failure, inside, links, no_table, tables_of};
use super::options::Options;
use super::value::{array_of_maps, counter, map, maybe};

/// The verbs.
#[export_module]
pub mod api {
    /// Adds a rule of nftables to a chain, behind all others.
    ///
    /// A rule is written as for nft(8): what it looks at, then what it does.
    ///
    /// - headers: ether, vlan, arp, ip, ip6, icmp, icmpv6, igmp, tcp, udp, udplite, sctp, dccp, ah, esp, comp, th with their
    ///   fields; `@nh,96,32` for any bits; `tcp option maxseg size`
    /// - the packet: iif, oif, iifname, oifname (`"veth*"` for any rest), and meta with mark, length, protocol, l4proto, nfproto,
    ///   pkttype, priority, skuid, cpu, time ...
    /// - the connection: ct with state, status, mark, direction, zone, helper, `original saddr`, `reply proto-dst` ...
    /// - the routes: `fib saddr . iif oif missing`, `fib daddr type local`
    /// - values: one, `1-5`, `10.0.0.0/8`, `{ 22, 80 }`, `@set`, `!= 5`, `< 5`, `& 0xff == 1`; several joined by dots
    /// - what is done: counter, limit, quota, log, accept, drop, continue, return, jump, goto, queue, reject, snat, dnat,
    ///   masquerade, redirect, tproxy, notrack, dup, `meta mark set 1`, `ct mark set mark`, `ip ttl set 5`, `vmap { 22 : accept }`,
    ///   `update @set { ip saddr timeout 5s }`
    ///
    /// Equivalent to: `nft add rule CHAIN RULE`
    ///
    /// Search words: `iptables`, `netfilter`, `firewall`, `masquerade`, `nat`, `filter`, `block`, `allow`
    ///
    /// # Options
    /// - `insert` (bool): before all others, or before the one with `position` or `index`
    /// - `position` (int): behind the rule with this handle
    /// - `index` (int): behind the rule with this place in the chain, counted from 0
    /// - `comment` (string): what stands with it
    ///
    /// # Returns
    /// Its handle, an int, for `nft_rule_del()`.
    ///
    /// # Errors
    /// Not a rule, with the word that is not understood; no such table, chain or set (ENOENT); what works only in chains of
    /// another type or at another hook (EOPNOTSUPP).
    ///
    /// # Example
    /// ```rhai
    /// nft_table_add("ip nat");
    /// nft_chain_add("ip nat postrouting", #{ type: "nat", hook: "postrouting", priority: "srcnat" });
    /// nft_rule_add("ip nat postrouting", "ip saddr 172.17.0.0/16 oifname != docker0 counter masquerade");
    /// print(nft_text("ip nat"));
    /// ```
    #[rhai_fn(return_raw)]
    pub fn nft_rule_add(
        ctx: NativeCallContext,
        chain: &str,
        rule: &str,
        options: Map,
    ) -> RhaiResultOf<i64> {
        verb(&ctx, |lab| {
            let chain = inside(chain, "chain", "chain")?;
            let mut options = Options::new(options);
            let insert = options.flag("insert")?;
            let position = options.take::<i64>("position")?;
            let index = options.take::<i64>("index")?;
            let comment = options.take::<String>("comment")?;
            options.finish()?;
            if index.is_some() && position.is_some() {
                let words = "index and position say the same in two ways";
                let hint =
                    "index counts the rules of the chain from 0; position is a rule's handle";
                return Err(Failure::new(words).blame("index").hint(hint));
            }
            let handle = match index {
                Some(index) => Some(handle_at(lab, &chain, index)?),
                None => position.map(|handle| u64::try_from(handle).unwrap_or(0)),
            };
            let place = match (insert, handle) {
                (false, None) => Place::End,
                (true, None) => Place::Start,
                (false, Some(handle)) => Place::After(handle),
                (true, Some(handle)) => Place::Before(handle),
            };
            let mut add = new_rule(lab, chain, rule, place)?;
            if let Some(comment) = comment {
                add.compiled.comment = Some(read_comment(comment)?);
            }
            apply_rule(lab, add, rule)
        })
    }

    /// Deletes a rule of nftables by its handle, which `nft_rule_add()` gives and `nft_rule_list()` shows.
    ///
    /// Equivalent to: `nft delete rule CHAIN handle HANDLE`
    ///
    /// Search words: `iptables`, `remove`, `netfilter`, `firewall`
    ///
    /// # Errors
    /// No such table, chain or rule (ENOENT).
    ///
    /// # Example
    /// ```rhai
    /// nft_table_add("ip filter");
    /// nft_chain_add("ip filter mine");
    /// let handle = nft_rule_add("ip filter mine", "tcp dport 22 accept");
    /// nft_rule_del("ip filter mine", handle);
    /// ```
    #[rhai_fn(return_raw)]
    pub fn nft_rule_del(ctx: NativeCallContext, chain: &str, handle: i64) -> RhaiResultOf<()> {
        verb(&ctx, |lab| {
            let chain = inside(chain, "chain", "chain")?;
            let handle = u64::try_from(handle).map_err(|_| {
                Failure::new(format!("{handle} is not a handle: they are greater than 0"))
                    .blame("handle")
            })?;
            lab.apply(RuleDel { chain, handle })
        })
    }

    /// Lists the rules of a chain of nftables.
    ///
    /// Equivalent to: `nft -a list chain CHAIN`
    ///
    /// Search words: `iptables`, `counters`, `netfilter`, `firewall`
    ///
    /// # Returns
    /// An array of maps: `handle`; `text` (as nft prints the rule); `packets` and `bytes` (of its first counter; `()` without
    /// one); `comment` (`()` without one).
    ///
    /// # Errors
    /// No such table or chain (ENOENT).
    ///
    /// # Example
    /// ```rhai
    /// nft_table_add("ip filter");
    /// nft_chain_add("ip filter mine");
    /// nft_rule_add("ip filter mine", "tcp dport { 22, 80 } counter accept");
    /// show(nft_rule_list("ip filter mine"));
    /// ```
    #[rhai_fn(return_raw)]
    pub fn nft_rule_list(ctx: NativeCallContext, chain: &str) -> RhaiResultOf<Array> {
        verb(&ctx, |lab| {
            let chain = inside(chain, "chain", "chain")?;
            let tables = tables_of(lab, Some(&chain.table))?;
            let found = tables.first().and_then(|table| {
                let found = table.chains.iter().find(|one| one.name == chain.name);
                found.map(|chain| (table, chain))
            });
            let Some((table, found)) = found else {
                return Err(not_there(lab, &chain, tables.first()));
            };
            Ok(rule_maps(lab, found, table))
        })
    }
}

/// A rule from its text, what is known of the sets of its table asked of the kernel.
pub(super) fn new_rule(lab: &Lab, chain: Inside, rule: &str, place: Place) -> Outcome<RuleAdd> {
    let namespace = lab.current();
    let table = chain.table.clone();
    let shapes = |set: &str| {
        let namespace = namespace.namespace().ok()?;
        list::shape_of(&namespace, &table, set)
    };
    RuleAdd::new(chain, rule, place, &shapes).map_err(|fault| failure(fault, "rule", rule))
}

/// Adds a rule and gives its handle.
pub(super) fn apply_rule(lab: &Lab, add: RuleAdd, written: &str) -> Outcome<i64> {
    let mut handle = None;
    let done = lab.apply_hearing(add, &mut |answer| handle = handle.or(told_handle(&answer)));
    done.map_err(|failure| pointed(failure, "rule", written))?;
    Ok(handle
        .and_then(|handle| i64::try_from(handle).ok())
        .unwrap_or(0))
}

/// Points at the word of the argument, a text of nft's, that a refusal names.
pub(super) fn pointed(
    failure: Box<Failure>,
    argument: &'static str,
    written: &str,
) -> Box<Failure> {
    if failure.argument != argument {
        return failure;
    }
    let all = 0..written.len();
    let part = failure.within.clone().unwrap_or(all);
    let reason = failure
        .message
        .rsplit(": ")
        .next()
        .unwrap_or("")
        .to_string();
    let quoted = reason.split('"').skip(1).step_by(2);
    let ends = [reason.split(' ').next(), reason.split(' ').next_back()];
    let words: Vec<&str> = quoted.chain(ends.into_iter().flatten()).collect();
    let inside = |c: char| c.is_ascii_alphanumeric() || "-_.".contains(c);
    let found = words.iter().find_map(|word| {
        let inside_part = written.get(part.clone()).unwrap_or("");
        let mut places = inside_part
            .match_indices(word)
            .map(|(at, _)| part.start + at..part.start + at + word.len());
        places.find(|place| {
            let before = written
                .get(..place.start)
                .and_then(|text| text.chars().next_back());
            let after = written
                .get(place.end..)
                .and_then(|text| text.chars().next());
            !word.is_empty() && !before.is_some_and(inside) && !after.is_some_and(inside)
        })
    });
    let failure = match found {
        Some(place) => failure.within(argument, place),
        None => failure,
    };
    failure.quoting(written)
}

pub(super) fn read_comment(comment: String) -> Outcome<String> {
    let fault = if comment.contains(['"', '\n']) {
        "it has a quote or a line end in it"
    } else if comment.contains('\0') {
        "it has a NUL character in it"
    } else if comment.len() > 128 {
        "it is longer than 128 bytes"
    } else {
        return Ok(comment);
    };
    Err(Failure::new(format!("the option \"comment\" is wrong: {fault}")).blame("comment"))
}

/// The handle of the rule at a place of a chain.
fn handle_at(lab: &Lab, chain: &Inside, index: i64) -> Outcome<u64> {
    let rules = ask(lab, "list the rules", || {
        let namespace = lab.current().namespace()?;
        list::rules(
            namespace.netfilter()?,
            Some(&chain.table),
            Some(&chain.name),
        )
    })?;
    let at = usize::try_from(index)
        .ok()
        .and_then(|index| rules.get(index));
    at.map(|(_, (_, rule))| rule.handle).ok_or_else(|| {
        let words = format!(
            "{chain} has {} rules, and none at index {index}",
            rules.len()
        );
        Failure::new(words).about(chain.to_string()).blame("index")
    })
}

/// The failure of a chain that is not there.
fn not_there(lab: &Lab, chain: &Inside, table: Option<&Table>) -> Box<Failure> {
    let Some(table) = table else {
        return no_table(lab, &chain.table).blame("chain");
    };
    let names: Vec<&str> = table.chains.iter().map(|one| one.name.as_str()).collect();
    let hint = match nearest(&chain.name, names.iter().copied()) {
        Some(near) => format!("did you mean {near:?}?"),
        None if names.is_empty() => "the table has no chains".into(),
        None => format!("its chains are {}", names.join(", ")),
    };
    let words = format!(
        "there is no chain {:?} in table {}",
        chain.name, chain.table
    );
    let mut failure = Failure::new(words)
        .about(chain.to_string())
        .blame("chain")
        .hint(hint);
    failure.errno = Some(nix::errno::Errno::ENOENT);
    failure
}

/// The rules of a chain, as scripts see them.
pub(super) fn rule_maps(lab: &Lab, chain: &Chain, table: &Table) -> Array {
    let links = links(lab);
    array_of_maps(chain.rules.iter().map(|rule| {
        let decoded = decode::rule(rule, table, &*links);
        let counted = decoded
            .statements
            .iter()
            .find_map(|statement| match statement.it {
                Statement::Counter { packets, bytes } => Some((packets, bytes)),
                _ => None,
            });
        map([
            (
                "bytes",
                counted.map_or(Dynamic::UNIT, |(_, bytes)| counter(bytes)),
            ),
            ("comment", maybe(rule.comment.clone())),
            ("handle", counter(rule.handle)),
            (
                "packets",
                counted.map_or(Dynamic::UNIT, |(packets, _)| counter(packets)),
            ),
            ("text", decoded.to_string().into()),
        ])
    }))
}
