//! Rules of nftables that decided on the packet.

use crate::kernel::nft::decode;
use crate::kernel::nft::hook::hook_name;
use crate::kernel::nft::list::{self, Table};
use crate::kernel::nft::trace::{Kind, Step};

use super::Finding;
use super::suspects::Scene;

/// A rule or a policy that dropped the packet.
pub(super) fn dropped(scene: &Scene<'_>) -> Option<Finding> {
    let steps = scene.sent.rules.iter();
    let (_, steps) = steps
        .clone()
        .find(|(netns, _)| netns == scene.space.name())?;
    let step = steps
        .iter()
        .rev()
        .find(|step| is_drop(step) && is_of(scene, step))?;
    let namespace = scene.space.netns.namespace().ok()?;
    let tables = list::ruleset(namespace.netfilter().ok()?, None).ok()?;
    let table = tables.iter().find(|table| table.name == step.table)?;
    let chain = format!("{} {}", step.table, step.chain);
    let hook = table
        .chains
        .iter()
        .find(|chain| chain.name == step.chain)
        .and_then(|chain| chain.hook.as_ref())
        .map(|hook| hook_name(step.table.family, hook.number).to_owned());
    let at = scene.space.words();
    let packet = step.packet.clone().unwrap_or_default();
    match (step.kind, step.rule) {
        (Kind::Policy, _) => {
            let words =
                format!("the policy of chain {chain} in {at} drops what no rule lets through");
            Some(
                Finding::new("policy_drop", words)
                    .shown_by(format!("policy of {chain}"), step.policy.unwrap_or("drop"))
                    .shown_by("hook", hook.unwrap_or_default())
                    .shown_by("packet", packet)
                    .mended_by(
                        scene.line(format!("nft_rule_add({chain:?}, {:?})", accepting(scene))),
                    ),
            )
        }
        (_, Some(handle)) => {
            let text = rule_text(scene, table, step, handle);
            let does = if text.contains("reject") {
                "rejects"
            } else {
                "drops"
            };
            let words = format!("a rule of chain {chain} in {at} {does} it: {text}");
            Some(
                Finding::new("rule_drop", words)
                    .shown_by("rule", text)
                    .shown_by("handle", handle.to_string())
                    .shown_by("hook", hook.unwrap_or_default())
                    .shown_by("packet", packet)
                    .mended_by(scene.line(format!("nft_rule_del({chain:?}, {handle})"))),
            )
        }
        _ => None,
    }
}

fn is_drop(step: &Step) -> bool {
    let drops = |verdict: &str| verdict == "drop";
    match step.kind {
        Kind::Policy => step.policy == Some("drop"),
        _ => step.verdict.as_deref().is_some_and(drops),
    }
}

/// Whether a step is about the packet of the scene: by its addresses in the words of the trace.
fn is_of(scene: &Scene<'_>, step: &Step) -> bool {
    let Some(packet) = &step.packet else {
        return true;
    };
    packet.contains(&scene.to.to_string())
}

fn rule_text(scene: &Scene<'_>, table: &Table, step: &Step, handle: u64) -> String {
    let name = |index: u32| {
        let mut links = scene.space.links.iter();
        links
            .find(|named| named.link.index == index)
            .map(|named| named.link.name.clone())
    };
    let chain = table.chains.iter().find(|chain| chain.name == step.chain);
    let rule = chain.and_then(|chain| chain.rules.iter().find(|rule| rule.handle == handle));
    rule.map_or_else(String::new, |rule| {
        decode::rule(rule, table, &name).to_string()
    })
}

/// A rule that lets the probe through, and the answer.
fn accepting(scene: &Scene<'_>) -> String {
    use super::Protocol;
    let family = if scene.to.is_ipv4() { "ip" } else { "ip6" };
    match scene.asked.protocol {
        Protocol::Icmp => format!(
            "meta l4proto {} accept",
            if family == "ip" { "icmp" } else { "ipv6-icmp" }
        ),
        Protocol::Tcp(port) | Protocol::Udp(port) => {
            let word = match scene.asked.protocol {
                Protocol::Tcp(_) => "tcp",
                _ => "udp",
            };
            let way = if scene.is_back { "sport" } else { "dport" };
            let port = match scene.is_back {
                true => scene.look.sport.unwrap_or(port),
                false => scene.look.dport.unwrap_or(port),
            };
            format!("{word} {way} {port} accept")
        }
    }
}
