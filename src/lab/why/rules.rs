//! Rules of nftables that decided on the packet, or on the question for a hardware address that it waits for.
//!
//! The kernel tells what its rules did with each packet (`traced`). A packet keeps its number there through all hooks of a
//! namespace, whatever NAT makes of its addresses: it is known by those that it had at the first.

use std::collections::HashMap;
use std::net::IpAddr;

use crate::kernel::nft::decode;
use crate::kernel::nft::family::Family;
use crate::kernel::nft::hook::hook_name;
use crate::kernel::nft::list::{self, Table};
use crate::kernel::nft::syntax::{Rule, Statement};
use crate::kernel::nft::trace::{Kind, Step};

use super::super::traced::is_mark;
use super::scene::Scene;
use super::seen::{Seen, word};
use super::state::Space;
use super::verdict_maps::without;
use super::{Cause, Finding};

/// A rule or a policy that dropped the packet.
pub(super) fn dropped(scene: &Scene<'_>) -> Option<Finding> {
    dropped_by(scene, &|_| true)
}

/// The same of the tables of some families.
pub(super) fn dropped_by(scene: &Scene<'_>, is_one: &dyn Fn(Family) -> bool) -> Option<Finding> {
    let drop = drop_of(scene, scene.space, &|headers| is_of(scene, headers))?;
    is_one(drop.step.table.family).then(|| finding(scene, scene.space, &drop))?
}

/// A rule or a policy that dropped the question for the hardware address of a neighbour, or the answer to it: in one of the
/// namespaces, asked in this order, or else in any other.
pub(super) fn dropped_question(
    scene: &Scene<'_>,
    next: IpAddr,
    first: [&Space<'_>; 2],
) -> Option<Finding> {
    let is_question = |headers: &str| match next {
        IpAddr::V4(_) => {
            let told = next.to_string();
            let is_it = |name| word(headers, name) == Some(told.as_str());
            is_it("arp daddr ip") || is_it("arp saddr ip")
        }
        // Neighbour solicitation and advertisement (RFC 4861).
        IpAddr::V6(_) => matches!(word(headers, "icmpv6 type"), Some("135" | "136")),
    };
    let others = scene.state.spaces.iter();
    first.into_iter().chain(others).find_map(|space| {
        let drop = drop_of(scene, space, &is_question)?;
        finding(scene, space, &drop)
    })
}

/// The rules of the namespace that did something with the packet, one after the other.
pub(super) fn met(scene: &Scene<'_>) -> Vec<Rule> {
    let told = || {
        let steps = steps_of(scene, scene.space)?;
        let tables = tables(scene.space)?;
        let own = own_steps(steps, &|headers| is_of(scene, headers));
        let rules = own.iter().filter_map(|(step, _)| {
            let table = tables.iter().find(|table| table.name == step.table)?;
            rule_of(scene.space, table, step, step.rule?)
        });
        Some(rules.collect())
    };
    told().unwrap_or_default()
}

/// The mark that rules of this namespace gave to the packet.
pub(super) fn mark(scene: &Scene<'_>) -> Option<u32> {
    let steps = steps_of(scene, scene.space)?;
    let own = own_steps(steps, &|headers| is_of(scene, headers));
    let mut marks = own.iter().rev();
    marks.find_map(|(step, _)| step.mark)
}

/// A step with which a packet ended, and the first step of the same packet in the same hook.
struct Drop<'a> {
    step: &'a Step,
    base: &'a Step,
}

fn steps_of<'a>(scene: &Scene<'a>, space: &Space<'_>) -> Option<&'a [Step]> {
    let mut all = scene.sent.rules.iter();
    let (_, steps) = all.find(|(netns, _)| netns == space.name())?;
    Some(steps)
}

fn drop_of<'a>(
    scene: &Scene<'a>,
    space: &Space<'_>,
    is_it: &dyn Fn(&str) -> bool,
) -> Option<Drop<'a>> {
    let own = own_steps(steps_of(scene, space)?, is_it);
    let mut last = own.into_iter().rev();
    let (step, base) = last.find(|(step, _)| is_drop(step))?;
    Some(Drop { step, base })
}

/// The steps of the packets that are it, each with the first of the same packet in the same hook, which has the headers. The
/// kernel uses a number again: where packets are marked a new one begins.
fn own_steps<'a>(steps: &'a [Step], is_it: &dyn Fn(&str) -> bool) -> Vec<(&'a Step, &'a Step)> {
    let mut packets: HashMap<u32, (bool, &Step)> = HashMap::new();
    let mut own = Vec::new();
    for step in steps {
        if let Some(headers) = &step.packet {
            let was_it = !is_mark(step) && packets.get(&step.id).is_some_and(|(is_it, _)| *is_it);
            packets.insert(step.id, (was_it || is_it(headers), step));
        }
        match packets.get(&step.id) {
            Some((true, base)) if !is_mark(step) => own.push((step, *base)),
            _ => {}
        }
    }
    own
}

fn is_drop(step: &Step) -> bool {
    let drops = |verdict: &str| verdict == "drop";
    match step.kind {
        Kind::Policy => step.policy == Some("drop"),
        _ => step.verdict.as_deref().is_some_and(drops),
    }
}

/// Whether headers are those of the packet of the scene.
fn is_of(scene: &Scene<'_>, headers: &str) -> bool {
    let is_address = |name: &str, address: IpAddr| {
        let version = if address.is_ipv4() { "ip" } else { "ip6" };
        word(headers, &format!("{version} {name}")) == Some(address.to_string().as_str())
    };
    let source = scene.look.source;
    is_address("daddr", scene.to) && source.is_none_or(|source| is_address("saddr", source))
}

pub(super) fn tables(space: &Space<'_>) -> Option<Vec<Table>> {
    let namespace = space.netns.namespace().ok()?;
    list::ruleset(namespace.netfilter().ok()?, None).ok()
}

fn finding(scene: &Scene<'_>, space: &Space<'_>, drop: &Drop<'_>) -> Option<Finding> {
    let Drop { step, base } = drop;
    let tables = tables(space)?;
    let table = tables.iter().find(|table| table.name == step.table)?;
    let chain = format!("{} {}", step.table, step.chain);
    let mut chains = table.chains.iter();
    let hook = chains
        .find(|chain| chain.name == base.chain)
        .and_then(|chain| chain.hook.as_ref())
        .map(|hook| hook_name(step.table.family, hook.number));
    let at = space.words();
    let packet = base.packet.clone().unwrap_or_default();
    let what = match (word(&packet, "arp operation"), word(&packet, "icmpv6 type")) {
        (Some("request"), _) | (_, Some("135")) => "the question for a hardware address",
        (Some(_), _) | (_, Some("136")) => "the answer with a hardware address",
        _ => "it",
    };
    let line = |verb: String| scene.state.line(space.name(), &verb);
    let found = match (step.kind, step.rule) {
        (Kind::Policy, _) => {
            let words = match what {
                "it" => {
                    format!("the policy of chain {chain} in {at} drops what no rule lets through")
                }
                what => format!("the policy of chain {chain} in {at} drops {what}"),
            };
            let accepting = accepting(scene, step.table.family, &packet);
            Finding::new(Cause::PolicyDrop, words)
                .shown_by(format!("policy of {chain}"), step.policy.unwrap_or("drop"))
                .mended_by(line(format!("nft_rule_add({chain:?}, {accepting:?})")))
        }
        (_, Some(handle)) => {
            let rule = rule_of(space, table, step, handle).unwrap_or_default();
            let mut statements = rule.statements.iter();
            let does = match statements.any(|one| matches!(one.it, Statement::Reject(_))) {
                true => "rejects",
                false => "drops",
            };
            let text = rule.to_string();
            let words = format!("a rule of chain {chain} in {at} {does} {what}: {text}");
            let links = |index: u32| link_name(space, index);
            let seen = Seen {
                headers: &packet,
                iif: base.iif.and_then(links),
                oif: base.oif.and_then(links),
            };
            let of_map = without(table, (&chain, handle, &rule), &seen, &links);
            let finding = Finding::new(Cause::RuleDrop, words)
                .shown_by("rule", text)
                .shown_by("handle", handle.to_string());
            match of_map {
                Some((element, lines)) => finding
                    .shown_by("element", element)
                    .mended_by(lines.into_iter().map(line).collect::<Vec<_>>().join("; ")),
                None => finding.mended_by(line(format!("nft_rule_del({chain:?}, {handle})"))),
            }
        }
        _ => return None,
    };
    let hook = hook.unwrap_or_default();
    Some(found.shown_by("hook", hook).shown_by("packet", packet))
}

fn rule_of(space: &Space<'_>, table: &Table, step: &Step, handle: u64) -> Option<Rule> {
    let name = |index: u32| link_name(space, index);
    let mut chains = table.chains.iter();
    let chain = chains.find(|chain| chain.name == step.chain)?;
    let rule = chain.rules.iter().find(|rule| rule.handle == handle)?;
    Some(decode::rule(rule, table, &name))
}

pub(super) fn link_name(space: &Space<'_>, index: u32) -> Option<String> {
    let mut links = space.links.iter();
    let named = links.find(|named| named.link.index == index)?;
    Some(named.link.name.clone())
}

/// A rule that lets through what has such headers.
fn accepting(scene: &Scene<'_>, family: Family, headers: &str) -> String {
    let port = |protocol: &str, way: &str| {
        let name = format!("{protocol} {way}");
        Some(format!("{name} {} accept", word(headers, &name)?))
    };
    // Both ways what a tunnel sends is for its port.
    let is_answer = scene.is_back && scene.look.tunnels.is_empty();
    let way = if is_answer { "sport" } else { "dport" };
    match family {
        Family::Arp => "accept".into(),
        _ if headers.starts_with("arp") => "ether type arp accept".into(),
        _ if word(headers, "icmpv6 type").is_some() => "meta l4proto ipv6-icmp accept".into(),
        _ => port("tcp", way)
            .or_else(|| port("udp", way))
            .unwrap_or_else(|| "meta l4proto icmp accept".into()),
    }
}
