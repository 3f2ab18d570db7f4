//! Where NAT sends a packet on to: an address that nobody has, or a port where nobody listens.

use std::net::{IpAddr, SocketAddr};

use crate::kernel::conntrack::{self, Entry};
use crate::kernel::conntrack_filter::Filter;
use crate::kernel::nft::decode;
use crate::kernel::nft::list;

use crate::packet::identity::Look;

use super::super::journey::Place;
use super::probe::Fate;
use super::rules;
use super::sockets::{hears, listeners};
use super::state::Space;
use super::suspects::Scene;
use super::{Cause, Finding};

/// The packet gets another destination here, and does not come there.
pub(super) fn translated(scene: &Scene<'_>) -> Option<Finding> {
    let (to, port, source) = tracked(scene).or_else(|| ruled(scene))?;
    if to == scene.to {
        return None;
    }
    let shown = |finding: Finding| {
        let target = port.map_or(to.to_string(), |port| format!("{to}:{port}"));
        let becomes = format!("{} becomes {target}", scene.to);
        finding.shown_by(format!("{source} of {}", scene.space.words()), becomes)
    };
    if scene.state.owners(to).is_empty() {
        return Some(shown(nobody(scene, to, port)));
    }
    // Somebody has it: what keeps the packet from going on?
    let onward = Scene {
        sent: scene.sent,
        state: scene.state,
        asked: scene.asked,
        space: scene.space,
        by: scene.by,
        left_by: None,
        is_received: false,
        is_back: scene.is_back,
        look: scene.look.clone(),
        to,
    };
    let suspects = [
        super::routes::way_in as fn(&Scene<'_>) -> Option<Finding>,
        super::links::out,
        super::neighbours::unresolved,
    ];
    suspects
        .iter()
        .find_map(|suspect| suspect(&onward))
        .map(shown)
}

/// What connection tracking makes of it.
fn tracked(scene: &Scene<'_>) -> Option<(IpAddr, Option<u16>, &'static str)> {
    let namespace = scene.space.netns.namespace().ok()?;
    let entries = conntrack::list(&namespace, &Filter::default()).ok()?;
    let entry = entries.iter().rev().find(|entry| is_of(scene, entry))?;
    let (to, port) = (entry.reply.src?, entry.reply.sport);
    Some((to, port, "connection tracking"))
}

/// What a rule made of it: the first packet of a connection is not tracked where it goes no further.
fn ruled(scene: &Scene<'_>) -> Option<(IpAddr, Option<u16>, &'static str)> {
    let texts = rules::texts(scene);
    let (to, port) = texts.iter().rev().find_map(|text| new_destination(text))?;
    Some((to, port, "the rules"))
}

/// The new destination that a rule names: `dnat to 10.0.0.2:80`, `dnat ip6 to [fd00::2]:80`.
fn new_destination(rule: &str) -> Option<(IpAddr, Option<u16>)> {
    let (_, after) = rule.split_once("dnat ")?;
    let (_, target) = after.split_once("to ")?;
    let target = target.split(' ').next()?;
    if let Ok(both) = target.parse::<SocketAddr>() {
        return Some((both.ip(), Some(both.port())));
    }
    let alone = target.trim_start_matches('[').trim_end_matches(']');
    Some((alone.parse().ok()?, None))
}

/// The new port that a rule names: `redirect to :8080`, `dnat to 10.0.0.2:80`.
fn new_port(rule: &str) -> Option<u16> {
    match rule.split_once("redirect to :") {
        Some((_, after)) => after.split(' ').next()?.parse().ok(),
        None => new_destination(rule)?.1,
    }
}

fn is_of(scene: &Scene<'_>, entry: &Entry) -> bool {
    entry.original.dst == Some(scene.to)
        && entry.original.src == scene.look.source
        && entry.original.sport == scene.look.sport
        && entry.original.dport == scene.look.dport
}

/// The rule that does it, and who could have been meant.
fn nobody(scene: &Scene<'_>, to: IpAddr, port: Option<u16>) -> Finding {
    let words = format!(
        "a rule of {} sends it on to {to}, which nobody has",
        scene.space.words()
    );
    let finding = Finding::new(Cause::WrongDnat, words);
    let wanted = [format!("dnat to {to}"), format!("dnat ip to {to}")];
    let Some((chain, handle, text)) = rule_with(scene.space, &wanted) else {
        return finding;
    };
    let finding = finding
        .shown_by("rule", &text)
        .shown_by("handle", handle.to_string());
    let Some(right) = port.and_then(|port| server(scene, to, port)) else {
        return finding.mended_by(scene.line(format!("nft_rule_del({chain:?}, {handle})")));
    };
    let text = text.replace(&to.to_string(), &right.to_string());
    let lines = [
        scene.line(format!("nft_rule_del({chain:?}, {handle})")),
        scene.line(format!("nft_rule_add({chain:?}, {text:?})")),
    ];
    finding.mended_by(lines.join("; "))
}

/// The packet was sent on to a port at which nobody listens, and at the one that it was for somebody does.
pub(super) fn wrong_port(scene: &Scene<'_>) -> Option<Finding> {
    // What a host does by itself with a packet is not seen on its links.
    let texts = rules::texts(scene);
    let port = texts.iter().rev().find_map(|text| new_port(text));
    let (port, meant) = (port.or(scene.look.dport)?, scene.asked.protocol.port()?);
    if scene.is_back || port == meant {
        return None;
    }
    let all = listeners(scene.space, scene.asked.protocol)?;
    let listens = |wanted| {
        let mut all = all.iter();
        all.any(|one| one.port() == wanted && hears(one.ip(), scene.to))
    };
    if listens(port) || !listens(meant) {
        return None;
    }
    let to = match scene.to {
        IpAddr::V4(to) => to.to_string(),
        IpAddr::V6(to) => format!("[{to}]"),
    };
    let sent_on = [
        format!("dnat to {to}:{port}"),
        format!("dnat ip to {to}:{port}"),
    ];
    let turned = [format!("redirect to :{port}")];
    let mut spaces = scene.state.spaces.iter();
    let elsewhere = spaces.find_map(|space| Some((space, rule_with(space, &sent_on)?)));
    let here = || Some((scene.space, rule_with(scene.space, &turned)?));
    let (space, (chain, handle, text)) = elsewhere.or_else(here)?;
    let words = format!(
        "a rule of {} sends it on to port {port} of {}, where nobody listens: who does listens at {meant}",
        space.words(),
        scene.to
    );
    let right = text.replace(&format!(":{port}"), &format!(":{meant}"));
    let lines = [
        format!("nft_rule_del({chain:?}, {handle})"),
        format!("nft_rule_add({chain:?}, {right:?})"),
    ];
    let lines = lines.map(|line| scene.state.line(space.name(), &line));
    Some(
        Finding::new(Cause::WrongDnat, words)
            .shown_by("rule", text)
            .shown_by("handle", handle.to_string())
            .mended_by(lines.join("; ")),
    )
}

/// A rule turned the packet to a port of this host where nobody listens, whoever it was for.
pub(super) fn turned_here(scene: &Scene<'_>) -> Option<Finding> {
    if scene.is_back || !matches!(scene.sent.outcome, Fate::Refused) {
        return None;
    }
    let texts = rules::texts(scene);
    let (text, port, target) = texts.iter().rev().find_map(|text| {
        let target = new_destination(text).map(|(to, _)| to);
        let is_here = target.is_some_and(|to| scene.space.has(to)) || text.contains("redirect");
        Some((text, new_port(text).or(scene.look.dport)?, target)).filter(|_| is_here)
    })?;
    // A redirect is to the first address of the link by which it came (`nf_nat_redirect_ipv4`).
    let mut own = scene.by?.link.addresses.iter();
    let first = own.find(|addr| addr.local.address.is_ipv4() == scene.to.is_ipv4());
    let to = target.or(first.map(|addr| addr.local.address))?;
    let all = listeners(scene.space, scene.asked.protocol)?;
    let mut all = all.iter();
    if all.any(|one| one.port() == port && hears(one.ip(), to)) {
        return None;
    }
    let here = Scene {
        sent: scene.sent,
        state: scene.state,
        asked: scene.asked,
        space: scene.space,
        by: scene.by,
        left_by: None,
        is_received: true,
        is_back: false,
        look: Look {
            dport: Some(port),
            ..scene.look.clone()
        },
        to,
    };
    let mut finding = super::hosts::nobody_listens(&here)?;
    finding.words = format!(
        "a rule of {} turns what is for {} to itself, and {}",
        scene.space.words(),
        scene.to,
        finding.words
    );
    Some(finding.shown_by("rule", text))
}

/// The rule that has one of these in it, and no longer number: its chain, handle and text.
fn rule_with(space: &Space<'_>, wanted: &[String]) -> Option<(String, u64, String)> {
    let namespace = space.netns.namespace().ok()?;
    let tables = list::ruleset(namespace.netfilter().ok()?, None).ok()?;
    let name = |index: u32| {
        let mut links = space.links.iter();
        links
            .find(|named| named.link.index == index)
            .map(|named| named.link.name.clone())
    };
    for table in &tables {
        for chain in &table.chains {
            for rule in &chain.rules {
                let text = decode::rule(rule, table, &name).to_string();
                if wanted.iter().any(|wanted| says(&text, wanted)) {
                    return Some((format!("{} {}", table.name, chain.name), rule.handle, text));
                }
            }
        }
    }
    None
}

/// Whether a rule of a namespace sends packets on to this address.
pub(super) fn names(space: &Space<'_>, to: IpAddr) -> bool {
    let wanted = [format!("dnat to {to}"), format!("dnat to [{to}]")];
    rule_with(space, &wanted).is_some()
}

/// Whether a rule has these words in it, and no more digits behind them.
fn says(text: &str, wanted: &str) -> bool {
    let mut after = text.match_indices(wanted);
    after.any(|(at, _)| {
        let rest = text.get(at + wanted.len()..).unwrap_or_default();
        !rest.starts_with(|letter: char| letter.is_ascii_digit() || letter == '.')
    })
}

/// The only one in the same network who listens at the port.
fn server(scene: &Scene<'_>, to: IpAddr, port: u16) -> Option<IpAddr> {
    let mut found = Vec::new();
    for (link, addr) in scene.space.addresses() {
        if !super::state::holds(&addr.local, to) {
            continue;
        }
        for Place { netns, link } in scene.state.segment(&scene.place(link)) {
            let space = scene.state.space(&netns)?;
            let near = space.address_near(&link, to);
            let listens = listeners(space, scene.asked.protocol).unwrap_or_default();
            let listens = listens.iter().any(|at| at.port() == port);
            found.extend(near.filter(|_| listens).map(|near| near.address));
        }
    }
    match found.as_slice() {
        [one] => Some(*one),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::{new_destination, says};

    #[test]
    fn a_number_is_whole() {
        let rule = "tcp dport 80 dnat to 10.0.0.2:81";
        assert!(says(rule, "dnat to 10.0.0.2:81"));
        assert!(says(rule, "dnat to 10.0.0.2"));
        assert!(!says(rule, "dnat to 10.0.0.2:8"));
        assert!(!says("dnat to 10.0.0.21", "dnat to 10.0.0.2"));
    }

    #[test]
    fn a_rule_tells_the_new_destination() {
        let told = |rule| new_destination(rule).map(|(address, port)| (address.to_string(), port));
        let with_port = "tcp dport 8080 counter packets 1 bytes 60 dnat to 10.0.0.2:80";
        assert_eq!(told(with_port), Some(("10.0.0.2".into(), Some(80))));
        assert_eq!(told("dnat ip to 10.0.0.2"), Some(("10.0.0.2".into(), None)));
        assert_eq!(
            told("dnat to [fd00::2]:80"),
            Some(("fd00::2".into(), Some(80)))
        );
        assert_eq!(told("dnat to tcp dport map @ports"), None);
        assert_eq!(told("masquerade"), None);
    }
}
