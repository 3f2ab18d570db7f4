//! Where NAT sends a packet on to: an address that nobody has.

use std::net::IpAddr;

use crate::kernel::conntrack::{self, Entry};
use crate::kernel::conntrack_filter::Filter;
use crate::kernel::nft::decode;
use crate::kernel::nft::list;

use super::super::journey::Place;
use super::Finding;
use super::state::Space;
use super::suspects::Scene;

/// The packet gets another destination here, and does not come there.
pub(super) fn translated(scene: &Scene<'_>) -> Option<Finding> {
    let namespace = scene.space.netns.namespace().ok()?;
    let entries = conntrack::list(&namespace, &Filter::default()).ok()?;
    let entry = entries.iter().rev().find(|entry| is_of(scene, entry))?;
    let (to, port) = (entry.reply.src?, entry.reply.sport);
    if to == scene.to {
        return None;
    }
    let shown = |finding: Finding| {
        let target = port.map_or(to.to_string(), |port| format!("{to}:{port}"));
        finding.shown_by(
            format!("connection tracking of {}", scene.space.words()),
            format!("{} becomes {target}", scene.to),
        )
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
    let finding = Finding::new("wrong_dnat", words);
    let Some((chain, handle, text)) = rule_with(scene, to) else {
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

/// The rule that names this address as a new destination: its chain, handle and text.
fn rule_with(scene: &Scene<'_>, to: IpAddr) -> Option<(String, u64, String)> {
    let namespace = scene.space.netns.namespace().ok()?;
    let tables = list::ruleset(namespace.netfilter().ok()?, None).ok()?;
    let name = |index: u32| {
        let mut links = scene.space.links.iter();
        links
            .find(|named| named.link.index == index)
            .map(|named| named.link.name.clone())
    };
    let wanted = format!("dnat to {to}");
    for table in &tables {
        for chain in &table.chains {
            for rule in &chain.rules {
                let text = decode::rule(rule, table, &name).to_string();
                let is_it = text.contains(&wanted) || text.contains(&format!("dnat ip to {to}"));
                if is_it {
                    return Some((format!("{} {}", table.name, chain.name), rule.handle, text));
                }
            }
        }
    }
    None
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
            found.extend(
                near.filter(|_| listens(space, port))
                    .map(|near| near.address),
            );
        }
    }
    match found.as_slice() {
        [one] => Some(*one),
        _ => None,
    }
}

/// Whether somebody in a namespace listens at a TCP port (proc(5), /proc/net/tcp; state 0A is TCP_LISTEN).
fn listens(space: &Space<'_>, port: u16) -> bool {
    let Ok(namespace) = space.netns.namespace() else {
        return false;
    };
    let read = || {
        let files = ["/proc/thread-self/net/tcp", "/proc/thread-self/net/tcp6"];
        files.map(|file| std::fs::read_to_string(file).unwrap_or_default())
    };
    let Ok(tables) = namespace.enter(read) else {
        return false;
    };
    let wanted = format!(":{port:04X}");
    tables.iter().flat_map(|table| table.lines()).any(|line| {
        let mut words = line.split_whitespace().skip(1);
        let (local, state) = (words.next(), words.nth(1));
        local.is_some_and(|local| local.ends_with(&wanted)) && state == Some("0A")
    })
}
