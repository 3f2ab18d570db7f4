//! How long a packet may be: for the link that it leaves by, for the other end of its cable, for the port of a bridge, and for what
//! a tunnel is in.

use std::net::IpAddr;

use crate::kernel::options::Setting;
use crate::kernel::route_question::Question;

use super::super::journey::Place;
use super::super::links::NamedLink;
use super::scene::Scene;
use super::state::{State, setting};
use super::ways::{again, way_on};
use super::{Cause, Finding, Protocol};

/// What a cable carries where nothing else is said.
const USUAL: u32 = 1500;

/// How long the packet is, from its IP header on.
fn length(scene: &Scene<'_>) -> u32 {
    let carried = u32::try_from(scene.asked.size).unwrap_or(u32::MAX);
    let network = if scene.to.is_ipv4() { 20 } else { 40 };
    let rest = match scene.asked.protocol {
        Protocol::Icmp => carried.saturating_add(8),
        // With the options of a first segment, and with few bytes.
        Protocol::Tcp(_) => 40,
        Protocol::Udp(_) => 13,
    };
    rest.saturating_add(network)
}

/// The packet may not be broken up, and a link that it has to pass takes none of its length.
pub(super) fn too_long(scene: &Scene<'_>) -> Option<Finding> {
    if let Some(finding) = narrow_port(scene) {
        return Some(finding);
    }
    let way = way_on(scene).ok()?;
    let link = way.link?;
    let named = scene.space.link(&link)?;
    let length = length(scene);
    let place = scene.place(&link);
    let may_be_broken = scene.asked.protocol != Protocol::Icmp || scene.asked.size <= 56;
    if named.link.mtu >= length || may_be_broken {
        return narrow_end(scene, &place).or_else(|| narrow_tunnel(scene, &place, named));
    }
    let words = format!(
        "{link} of {} takes packets of {} bytes at most; this one has {length}, and may not be broken up",
        scene.space.words(),
        named.link.mtu
    );
    let widest = USUAL.max(length);
    let mut lines = vec![scene.line(format!("link_set({link:?}, #{{ mtu: {widest} }})"))];
    if let Some(peer) = scene.state.peer(&place)
        && scene
            .state
            .link(&peer)
            .is_some_and(|named| named.link.mtu < length)
    {
        lines.push(widen(scene.state, &peer, widest));
    }
    lines.extend(forget(scene));
    Some(
        Finding::new(Cause::Mtu, words)
            .shown_by(format!("mtu of {place}"), named.link.mtu.to_string())
            .shown_by("length", length.to_string())
            .mended_by(lines.join("; ")),
    )
}

/// The packet left, and the other end of the cable takes none of its length: that throws it away, and tells nobody.
pub(super) fn narrow(scene: &Scene<'_>) -> Option<Finding> {
    narrow_end(scene, &scene.place(scene.left_by.as_ref()?))
}

fn narrow_end(scene: &Scene<'_>, place: &Place) -> Option<Finding> {
    let place = scene.state.bottom(place);
    let peer = scene.state.peer(&place)?;
    let (own, there) = (scene.state.link(&place)?, scene.state.link(&peer)?);
    let length = length(scene);
    if there.link.mtu >= length || own.link.mtu < length {
        return None;
    }
    let words = format!(
        "{peer} takes packets of {} bytes at most, and throws away this one of {length} that {place} sends: nobody is told",
        there.link.mtu
    );
    Some(
        Finding::new(Cause::Mtu, words)
            .shown_by(format!("mtu of {peer}"), there.link.mtu.to_string())
            .shown_by(format!("mtu of {place}"), own.link.mtu.to_string())
            .shown_by("length", length.to_string())
            .mended_by(widen(scene.state, &peer, own.link.mtu)),
    )
}

/// The packet is in a bridge, and the port that it is to leave by takes none of its length.
fn narrow_port(scene: &Scene<'_>) -> Option<Finding> {
    let by = scene.by?;
    let came_by = scene.place(&by.link.name);
    let bridge = scene.state.bridge_of(&came_by)?;
    let wanted = scene.look.ether_destination?;
    let length = length(scene);
    let is_there = |place: &Place| {
        let mac = scene.state.link(place).and_then(|named| named.link.mac);
        mac.is_some_and(|mac| mac.bytes() == wanted)
    };
    for port in scene.state.ports(&bridge) {
        if port == came_by || !scene.state.segment(&port).iter().any(is_there) {
            continue;
        }
        let mtu = scene.state.link(&port)?.link.mtu;
        if mtu >= length {
            return narrow_end(scene, &port);
        }
        let words = format!(
            "port {port} takes packets of {mtu} bytes at most, and throws away this one of {length}: nobody is told"
        );
        return Some(
            Finding::new(Cause::Mtu, words)
                .shown_by(format!("mtu of {port}"), mtu.to_string())
                .shown_by("length", length.to_string())
                .mended_by(widen(scene.state, &port, by.link.mtu)),
        );
    }
    None
}

/// The packet is to go into a VXLAN, and with the headers of that (RFC 7348) it is too long for the link below.
fn narrow_tunnel(scene: &Scene<'_>, place: &Place, named: &NamedLink) -> Option<Finding> {
    if named.link.kind != "vxlan" {
        return None;
    }
    let remote = match setting(named, "remote")? {
        Setting::Ip(remote) => remote,
        _ => return None,
    };
    // Ethernet, VXLAN, UDP, IP.
    let headers = 14 + 8 + 8 + if remote.is_ipv4() { 20 } else { 40 };
    let link = scene.space.way(&Question::of(remote)).ok()?.link?;
    let below = scene.space.link(&link)?;
    let length = length(scene).saturating_add(headers);
    if below.link.mtu >= length {
        return None;
    }
    let words = format!(
        "{place} adds {headers} bytes to each packet; this one has {length} then, and {link} takes {} at most",
        below.link.mtu
    );
    let under = scene.place(&link);
    let ends = [Some(under.clone()), scene.state.peer(&under)];
    let mut lines: Vec<String> = ends
        .iter()
        .flatten()
        .map(|end| widen(scene.state, end, length))
        .collect();
    lines.extend(forget(scene));
    Some(
        Finding::new(Cause::Mtu, words)
            .shown_by(format!("mtu of {place}"), named.link.mtu.to_string())
            .shown_by(format!("mtu of {under}"), below.link.mtu.to_string())
            .shown_by("length", length.to_string())
            .mended_by(lines.join("; ")),
    )
}

fn widen(state: &State<'_>, place: &Place, mtu: u32) -> String {
    let line = format!("link_set({:?}, #{{ mtu: {mtu} }})", place.link);
    state.line(&place.netns, &line)
}

/// Whoever was told of a narrow link keeps it in mind for ten minutes. The switch with which IPv6 forgets is not there for those who
/// are root in a namespace of theirs only (`ipv6_route_sysctl_init`): there the route itself is made again.
fn forget(scene: &Scene<'_>) -> Option<String> {
    let sender = scene.state.space(&scene.state.from)?;
    let line = match scene.asked.to {
        IpAddr::V4(_) => "sysctl_set(\"net.ipv4.route.flush\", 1)".to_owned(),
        IpAddr::V6(_) => again(
            &sender
                .way(&Question {
                    fibmatch: true,
                    ..Question::of(scene.asked.to)
                })
                .ok()?,
        )?,
    };
    Some(scene.state.line(sender.name(), &line))
}
