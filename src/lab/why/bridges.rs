//! Bridges: links that are no ports, ports that let nothing through.

use std::time::Duration;

use crate::kernel::nft::family::Family;
use crate::kernel::options::Setting;

use super::super::journey::Place;
use super::super::links::NamedLink;
use super::scene::Scene;
use super::state::{State, port_setting, setting};
use super::{Cause, Finding, frames};

/// The packet came in by a port, and the bridge kept it.
pub(super) fn held(scene: &Scene<'_>) -> Option<Finding> {
    let by = scene.place(&scene.by?.link.name);
    let bridge = scene.state.bridge_of(&by)?;
    if scene.is_received {
        return None;
    }
    port(scene, &by, &bridge)
        .or_else(|| {
            let tag = scene.look.vlans.first().copied().filter(|id| *id != 0);
            let owners = scene.state.owners(scene.to);
            let next = scene.look.ether_destination;
            let next = next.and_then(|mac| scene.state.with_mac(mac));
            let mut all = owners
                .iter()
                .map(|(space, named)| space.place(&named.link.name));
            next.and_then(|there| frames::onward(scene, &by, tag, &there))
                .or_else(|| all.find_map(|there| frames::onward(scene, &by, tag, &there)))
        })
        .or_else(|| filtered(scene, &bridge))
}

/// In by one port of a bridge and out by another: what lets nothing through.
pub(super) fn through(
    scene: &Scene<'_>,
    by: &Place,
    bridge: &Place,
    out: &Place,
) -> Option<Finding> {
    for link in [by, out] {
        if link != bridge
            && let Some(finding) = not_enslaved(scene, link)
                .or_else(|| port(scene, link, bridge))
                .or_else(|| super::links::is_down(scene, link))
        {
            return Some(finding);
        }
    }
    super::links::is_down(scene, bridge).or_else(|| isolated(scene, by, out))
}

/// A port that lets nothing through, or a bridge that is down.
pub(super) fn port(scene: &Scene<'_>, place: &Place, bridge: &Place) -> Option<Finding> {
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
    let finding =
        Finding::new(Cause::PortState, words).shown_by(format!("state of port {place}"), word);
    let of_bridge = scene.state.link(bridge)?;
    if setting(of_bridge, "stp") == Some(Setting::Switch(true)) {
        return Some(spanning(scene, place, of_bridge, word, finding));
    }
    let line = format!("link_set({:?}, #{{ state: \"forwarding\" }})", place.link);
    Some(finding.mended_by(scene.state.line(&place.netns, &line)))
}

/// A port that the spanning tree protocol keeps from forwarding (IEEE 802.1D, net/bridge/br_stp.c): nobody else may set its state.
fn spanning(
    scene: &Scene<'_>,
    place: &Place,
    bridge: &NamedLink,
    word: &str,
    mut finding: Finding,
) -> Finding {
    let is_set = |key: &str| {
        let named = scene.state.link(place);
        let value = named.and_then(|named| port_setting(named, key));
        value == Some(Setting::Switch(true))
    };
    let delay = match setting(bridge, "forward_delay") {
        Some(Setting::Time(delay)) => delay,
        _ => Duration::from_secs(15),
    };
    finding = finding
        .shown_by(format!("stp of {}", bridge.link.name), "true")
        .shown_by(
            format!("forward_delay of {}", bridge.link.name),
            format!("{} s", delay.as_secs_f64()),
        );
    let line = |verb: String| scene.state.line(&place.netns, &verb);
    let mut lines = Vec::new();
    let why = match word {
        // What a guard has disabled comes back when its link does.
        "disabled" => {
            if is_set("guard") {
                finding = finding.shown_by(format!("guard of port {place}"), "true");
                lines.push(line(format!(
                    "link_set({:?}, #{{ guard: false }})",
                    place.link
                )));
            }
            lines.push(line(format!("link_down({:?})", place.link)));
            lines.push(line(format!("link_up({:?})", place.link)));
            match is_set("guard") {
                true => "its guard heard the spanning tree protocol of another bridge",
                false => "it is switched off until its link comes up once more",
            }
        }
        _ if is_set("root_block") => {
            finding = finding.shown_by(format!("root_block of port {place}"), "true");
            lines.push(line(format!(
                "link_set({:?}, #{{ root_block: false }})",
                place.link
            )));
            "the way to the root leads there, and root_block forbids it"
        }
        "blocking" => {
            // The tree has another way, or is about to find that it has none.
            finding.words += ": the spanning tree protocol takes another way, which is broken too, or finds a new one soon";
            return finding;
        }
        _ => "the spanning tree protocol waits before it forwards, and will",
    };
    // It listens for that long, and learns for that long, after the next hello of its neighbour.
    let least = (2 * delay).as_secs_f64().ceil();
    finding.words += &format!(": {why}; that takes {least} s");
    lines.push(format!("sleep(\"{}s\")", least + 2.0));
    finding.mended_by(lines.join("; "))
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
        Finding::new(Cause::Isolated, words)
            .shown_by(format!("isolated of {one}"), "true")
            .shown_by(format!("isolated of {other}"), "true")
            .mended_by(scene.state.line(&other.netns, &line)),
    )
}

/// The cable of a link ends at a link that is no port, beside a bridge.
pub(super) fn no_port(scene: &Scene<'_>, link: &Place) -> Option<Finding> {
    not_enslaved(scene, &scene.state.peer(link)?)
}

/// A link that is no port, beside a bridge.
fn not_enslaved(scene: &Scene<'_>, end: &Place) -> Option<Finding> {
    let bridge = meant(scene.state, end)?;
    let words = match scene.state.peer(end) {
        Some(link) => format!(
            "{end}, where the cable of {link} ends, is no port of bridge {}",
            bridge.link
        ),
        None => format!("{end} is no port of bridge {}", bridge.link),
    };
    let line = format!("link_set({:?}, #{{ master: {:?} }})", end.link, bridge.link);
    Some(
        Finding::new(Cause::NoPort, words)
            .shown_by(format!("master of {end}"), "none")
            .mended_by(scene.state.line(&end.netns, &line)),
    )
}

/// The bridge that a link is to be a port of, and is not: the end of a cable or of a tunnel, without an address or a VLAN, beside
/// a bridge.
pub(super) fn meant(state: &State<'_>, link: &Place) -> Option<Place> {
    let named = state.link(link)?;
    let is_end = matches!(named.link.kind.as_str(), "veth" | "vxlan");
    if named.master.is_some() || !is_end || state.vlans_on(link).next().is_some() {
        return None;
    }
    let space = state.space(&link.netns)?;
    let mut own = named.link.addresses.iter();
    if own.any(|addr| addr.local.address.is_ipv4() || addr.scope.to_string() == "global") {
        return None;
    }
    let mut links = space.links.iter();
    let bridge = links.find(|named| named.link.kind == "bridge")?;
    Some(space.place(&bridge.link.name))
}

/// A bridge that hands what it forwards to the rules for IP (br_netfilter).
pub(super) fn filtered(scene: &Scene<'_>, bridge: &Place) -> Option<Finding> {
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
            cause: Cause::BridgeNf,
            words,
            ..finding
        }
        .shown_by(name, "1")
        .mended_by(scene.state.line(space.name(), &line)),
    )
}
