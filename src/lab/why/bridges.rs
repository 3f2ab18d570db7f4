//! Bridges: links that are no ports, ports that let nothing through.

use crate::kernel::nft::family::Family;
use crate::kernel::options::Setting;

use super::super::journey::Place;
use super::state::{port_setting, setting};
use super::suspects::Scene;
use super::{Finding, vlans};

/// The packet came in by a port, and the bridge kept it.
pub(super) fn held(scene: &Scene<'_>) -> Option<Finding> {
    let by = scene.place(&scene.by?.link.name);
    let bridge = scene.state.bridge_of(&by)?;
    if scene.is_received {
        return None;
    }
    port(scene, &by, &bridge)
        .or_else(|| {
            let owners = scene.state.owners(scene.to);
            owners.iter().find_map(|(space, named)| {
                let there = space.place(&named.link.name);
                let out = scene.state.peer(&scene.state.bottom(&there))?;
                let tag = scene.look.vlans.first().copied();
                match scene.state.bridge_of(&out) {
                    Some(of) if of == bridge => both(scene, &by, &out, &bridge)
                        .or_else(|| vlans::between(scene, tag, &by, &out, &there, &bridge)),
                    _ => no_port(scene, &there),
                }
            })
        })
        .or_else(|| filtered(scene, &bridge))
}

/// Two ports of one bridge between which nothing passes.
fn both(scene: &Scene<'_>, by: &Place, out: &Place, bridge: &Place) -> Option<Finding> {
    port(scene, out, bridge)
        .or_else(|| super::links::is_down(scene, out))
        .or_else(|| isolated(scene, by, out))
}

/// A port that lets nothing through, or a bridge that is down.
fn port(scene: &Scene<'_>, place: &Place, bridge: &Place) -> Option<Finding> {
    if let Some(finding) = super::links::is_down(scene, bridge) {
        return Some(finding);
    }
    let named = scene.state.link(place)?;
    let state = port_setting(named, "state")?;
    let Setting::Word(word) = state else {
        return None;
    };
    if word == "forwarding" || !named.link.up {
        return None;
    }
    let words = format!("port {place} of bridge {} is {word}", bridge.link);
    let line = format!("link_set({:?}, #{{ state: \"forwarding\" }})", place.link);
    Some(
        Finding::new("port_state", words)
            .shown_by(format!("state of port {place}"), word)
            .mended_by(scene.state.line(&place.netns, &line)),
    )
}

fn isolated(scene: &Scene<'_>, one: &Place, other: &Place) -> Option<Finding> {
    let is_isolated = |place: &Place| {
        let named = scene.state.link(place)?;
        port_setting(named, "isolated").filter(|setting| *setting == Setting::Switch(true))
    };
    is_isolated(one)?;
    is_isolated(other)?;
    let words =
        format!("{one} and {other} are isolated ports of the bridge: nothing passes between them");
    let line = format!("link_set({:?}, #{{ isolated: false }})", other.link);
    Some(
        Finding::new("isolated", words)
            .shown_by(format!("isolated of {one}"), "true")
            .shown_by(format!("isolated of {other}"), "true")
            .mended_by(scene.state.line(&other.netns, &line)),
    )
}

/// The cable of a link ends at a link that is no port, beside a bridge.
pub(super) fn no_port(scene: &Scene<'_>, link: &Place) -> Option<Finding> {
    let end = scene.state.peer(link)?;
    let named = scene.state.link(&end)?;
    if named.master.is_some() {
        return None;
    }
    let space = scene.state.space(&end.netns)?;
    let mut own = named.link.addresses.iter();
    if own.any(|addr| addr.local.address.is_ipv4() || addr.scope.to_string() == "global") {
        return None;
    }
    let mut links = space.links.iter();
    let bridge = links.find(|named| named.link.kind == "bridge")?;
    let words = format!(
        "{end}, where the cable of {link} ends, is no port of bridge {}",
        bridge.link.name
    );
    let line = format!(
        "link_set({:?}, #{{ master: {:?} }})",
        end.link, bridge.link.name
    );
    Some(
        Finding::new("no_port", words)
            .shown_by(format!("master of {end}"), "none")
            .mended_by(scene.state.line(&end.netns, &line)),
    )
}

/// What keeps a frame that leaves by one link from coming to another of the same wire.
pub(super) fn between(scene: &Scene<'_>, from: &Place, to: &Place) -> Option<Finding> {
    let cable = |place: &Place| scene.state.peer(&scene.state.bottom(place));
    let (first, last) = (cable(from), cable(to)?);
    // A bridge may be where it starts.
    let first = first.unwrap_or_else(|| from.clone());
    if first == scene.state.bottom(to) {
        return super::links::is_down(scene, from).or_else(|| super::links::lossy(scene, from));
    }
    let bridge = scene.state.bridge_of(&last)?;
    if scene.state.bridge_of(&first).as_ref() == Some(&bridge) {
        if let Some(finding) = port(scene, &first, &bridge) {
            return Some(finding);
        }
        let tag = scene.state.link(from).and_then(vlans::vlan_id);
        if let Some(finding) = both(scene, &first, &last, &bridge)
            .or_else(|| vlans::between(scene, tag, &first, &last, to, &bridge))
        {
            return Some(finding);
        }
    } else if let Some(finding) = port(scene, &last, &bridge) {
        return Some(finding);
    }
    filtered(scene, &bridge)
}

/// A bridge that hands what it forwards to the rules for IP (br_netfilter).
fn filtered(scene: &Scene<'_>, bridge: &Place) -> Option<Finding> {
    let space = scene.state.space(&bridge.netns)?;
    let named = space.link(&bridge.link)?;
    let word = if scene.to.is_ipv4() {
        "iptables"
    } else {
        "ip6tables"
    };
    let name = format!("net.bridge.bridge-nf-call-{word}");
    let calls = space.sysctl(&name).as_deref() == Some("1")
        || setting(named, &format!("nf_call_{word}")) == Some(Setting::Switch(true));
    if !calls {
        return None;
    }
    // The rules of family bridge see it anyway.
    let is_ip = |family| matches!(family, Family::Ip | Family::Ip6 | Family::Inet);
    let finding = super::rules::dropped_by(scene, &is_ip)?;
    let words = format!(
        "bridge {} hands what it forwards to the rules for IP, and there: {}",
        bridge.link, finding.words
    );
    let line = format!("sysctl_set({name:?}, 0)");
    Some(
        Finding {
            cause: "bridge_nf",
            words,
            ..finding
        }
        .shown_by(name, "1")
        .mended_by(scene.state.line(space.name(), &line)),
    )
}
