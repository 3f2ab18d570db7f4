//! Links: down, without a carrier, or for another hardware address.

use crate::kernel::mac::Mac;
use crate::kernel::neigh::{self, Which};
use crate::kernel::route_question::Question;
use crate::packet::identity::Look;

use super::super::journey::Place;
use super::scene::Scene;
use super::state::Space;
use super::{Cause, Finding, frames};

/// The frame is for a hardware address that the link does not have.
pub(super) fn other_mac(scene: &Scene<'_>) -> Option<Finding> {
    let by = scene.by?;
    let wanted = scene.look.ether_destination?;
    let own = by.link.mac?;
    if let Some(finding) = super::neighbours::asks_nobody(scene) {
        return Some(finding);
    }
    let is_group = wanted[0] & 1 == 1;
    let is_port = by.master.is_some() || by.link.kind == "loopback";
    if is_group || is_port {
        return None;
    }
    let here = scene.place(&by.link.name);
    if let Some(finding) = strayed(scene, &here) {
        return Some(finding);
    }
    if own.bytes() == wanted && is_gateway(scene, &here) {
        return no_router(scene, &here);
    }
    let segment = scene.state.segment(&here);
    // It is for somebody else on the same wire, who was to get the frame.
    let owners = scene.state.owners(scene.to);
    let is_anothers = owners
        .iter()
        .any(|(space, named)| segment.contains(&space.place(&named.link.name)));
    if own.bytes() == wanted && !is_anothers {
        return None;
    }
    let wanted = Mac::from_bytes(&wanted)?;
    let words = match own == wanted {
        false => format!(
            "the frame is for {wanted}, which is not {here}: who sent it has a wrong neighbour"
        ),
        true => format!(
            "the frame is for {here}, and {} is another: who sent it has a wrong neighbour",
            scene.to
        ),
    };
    if let Some(finding) = proxy(scene, &here) {
        return Some(finding);
    }
    let finding = Finding::new(Cause::WrongMac, words)
        .shown_by("the frame is for", wanted.to_string())
        .shown_by(
            format!("hardware address of {}", by.link.name),
            own.to_string(),
        );
    // Who has such a neighbour?
    for space in &scene.state.spaces {
        for neighbour in space.neighbours() {
            // Of what is on the way, the next router is the neighbour.
            let is_meant = neighbour.address == scene.to || own != wanted;
            if neighbour.mac != Some(wanted) || !is_meant {
                continue;
            }
            let mut links = space.links.iter();
            let link = links.find(|named| named.link.index == neighbour.index)?;
            let line = format!("neigh_del({:?}, \"{}\")", link.link.name, neighbour.address);
            return Some(
                finding
                    .shown_by(
                        format!("neighbour {} of {}", neighbour.address, space.words()),
                        format!("{wanted} {}", neighbour.state),
                    )
                    .mended_by(scene.state.line(space.name(), &line)),
            );
        }
    }
    Some(finding)
}

/// The frame is for somebody else on the same wire, and a bridge that did not know where to sent it everywhere: what keeps it from
/// that one.
fn strayed(scene: &Scene<'_>, here: &Place) -> Option<Finding> {
    let there = scene.state.with_mac(scene.look.ether_destination?)?;
    let from = scene.state.with_mac(scene.look.ether_source?)?;
    if there == *here || from == *here {
        return None;
    }
    let tag = scene.look.vlans.first().copied().filter(|id| *id != 0);
    frames::between_tagged(scene, &from, tag, &there)
}

/// The namespace that sent the frame, as the one who is to send it on, and the address that it takes for its gateway.
fn sender<'a>(scene: &'a Scene<'_>) -> Option<(Scene<'a>, super::state::Way)> {
    let from = scene.state.with_mac(scene.look.ether_source?)?;
    let space = scene.state.space(&from.netns)?;
    let came_in = scene.look.source.filter(|source| !space.has(*source));
    let sender = Scene {
        space,
        by: None,
        left_by: None,
        is_received: false,
        look: Look {
            source: scene.look.source.filter(|_| came_in.is_none()),
            ..scene.look.clone()
        },
        ..scene.clone()
    };
    let way = super::ways::way_on(&sender).ok()?;
    Some((sender, way))
}

/// Whether this is the gateway of whoever sent the frame.
fn is_gateway(scene: &Scene<'_>, here: &Place) -> bool {
    let via = sender(scene).and_then(|(_, way)| way.via);
    let named = scene.state.link(here);
    named.is_some_and(|named| {
        let mut own = named.link.addresses.iter();
        own.any(|addr| Some(addr.local.address) == via)
    })
}

/// The route leads to a gateway that passes nothing on, and another one on the same wire would.
fn no_router(scene: &Scene<'_>, here: &Place) -> Option<Finding> {
    let (is_ipv4, state) = (scene.to.is_ipv4(), scene.state);
    if scene.space.forwards(is_ipv4, &here.link) {
        return None;
    }
    let (sender, way) = sender(scene)?;
    let (via, link) = (way.via?, way.link.as_ref()?);
    let own = sender.space.address_near(link, via)?;
    let near = |space: &Space<'_>, link: &str| {
        let near = space.address_near(link, own.address)?.address;
        (near != via).then_some(near)
    };
    let segment = state.segment(&sender.place(link));
    let others = segment.iter().filter_map(|place| {
        let space = state.space(&place.netns)?;
        let is_other = space.name() != scene.space.name() && space.name() != sender.space.name();
        Some((space, near(space, &place.link).filter(|_| is_other)?, place))
    });
    // Whoever has the address itself, or passes packets on and knows a way that is not back here.
    let question = Question::of(scene.to);
    let right = others
        .filter_map(|(space, near, place)| {
            let leads_on = || {
                let way = space.way(&question).ok()?;
                let is_on = way.link.is_some_and(|out| out != place.link);
                (is_on && space.forwards(is_ipv4, &place.link)).then_some(())
            };
            let rank = if space.has(scene.to) { 0 } else { 1 };
            (rank == 0 || leads_on().is_some()).then_some((rank, near))
        })
        .min()?
        .1;
    let words = format!(
        "the route to {} leads to gateway {via}, and {} is no router: it does not forward",
        scene.to,
        scene.space.words()
    );
    let (name, value) = match is_ipv4 {
        true => scene.space.conf("ipv4", &here.link, "forwarding"),
        false => {
            let name = "net.ipv6.conf.all.forwarding".to_owned();
            let value = scene.space.sysctl(&name);
            (name, value)
        }
    };
    let to = super::ways::routed_network(&sender)?;
    let line = format!("route_replace({to:?}, #{{ via: \"{right}\" }})");
    Some(
        Finding::new(Cause::WrongGateway, words)
            .shown_by(
                format!("gateway of {}", sender.space.words()),
                format!("{via} dev {link}"),
            )
            .shown_by(
                format!("{name} of {}", scene.space.words()),
                value.unwrap_or_default(),
            )
            .mended_by(sender.line(line)),
    )
}

/// The host answered for the address in another's place.
fn proxy(scene: &Scene<'_>, here: &Place) -> Option<Finding> {
    let namespace = scene.space.netns.namespace().ok()?;
    let index = scene.state.link(here)?.link.index;
    let proxies = neigh::list(&namespace, Which::Proxies).ok()?;
    let mut proxies = proxies.iter();
    proxies.find(|one| one.index == index && one.address == scene.to)?;
    let words = format!("{here} answers for {}, in its place", scene.to);
    let line = format!(
        "neigh_del({:?}, \"{}\", #{{ proxy: true }})",
        here.link, scene.to
    );
    let mut lines = vec![scene.line(line)];
    // Who believed it keeps that in mind.
    for space in &scene.state.spaces {
        for neighbour in space.neighbours() {
            let mut links = space.links.iter();
            let link = links.find(|named| named.link.index == neighbour.index);
            if let Some(named) = link
                && neighbour.address == scene.to
                && neighbour.mac == scene.by.and_then(|by| by.link.mac)
            {
                let line = format!("neigh_del({:?}, \"{}\")", named.link.name, scene.to);
                lines.push(scene.state.line(space.name(), &line));
            }
        }
    }
    Some(
        Finding::new(Cause::NeighbourProxy, words)
            .shown_by(format!("proxy neighbour of {here}"), scene.to.to_string())
            .mended_by(lines.join("; ")),
    )
}

/// The link that was asked for is down.
pub(super) fn own(scene: &Scene<'_>) -> Option<Finding> {
    let iface = scene.asked.iface.as_ref().filter(|_| !scene.is_back)?;
    is_down(scene, &scene.place(iface))
}

/// The link by which the packet would leave.
pub(super) fn out(scene: &Scene<'_>) -> Option<Finding> {
    let way = super::ways::way_on(scene).ok()?;
    let place = scene.place(&way.link?);
    is_down(scene, &place)
        .or_else(|| no_carrier(scene, &place))
        .or_else(|| lossy(scene, &place))
}

/// The packet left, and did not come in at the other end.
pub(super) fn wire(scene: &Scene<'_>) -> Option<Finding> {
    let place = scene.place(scene.left_by.as_ref()?);
    is_down(scene, &place)
        .or_else(|| no_carrier(scene, &place))
        .or_else(|| lossy(scene, &place))
        .or_else(|| super::bridges::no_port(scene, &place))
}

pub(super) fn is_down(scene: &Scene<'_>, place: &Place) -> Option<Finding> {
    let named = scene.state.link(place)?;
    if named.link.up {
        return None;
    }
    let space = scene.state.space(&place.netns)?;
    let words = format!("link {} of {} is down", place.link, space.words());
    let line = format!("link_up({:?})", place.link);
    Some(
        Finding::new(Cause::LinkDown, words)
            .shown_by(format!("state of {place}"), "down")
            .mended_by(scene.state.line(&place.netns, &line)),
    )
}

/// The link is up, and the other end of its cable is not.
pub(super) fn no_carrier(scene: &Scene<'_>, place: &Place) -> Option<Finding> {
    let named = scene.state.link(place)?;
    if named.link.carrier {
        return None;
    }
    let peer = scene.state.peer(place);
    if let Some(finding) = peer.as_ref().and_then(|peer| is_down(scene, peer)) {
        return Some(finding.shown_by(format!("operstate of {place}"), named.link.operstate));
    }
    // A bridge has a carrier as soon as one of its ports has one.
    for port in scene.state.ports(place) {
        let finding = is_down(scene, &port).or_else(|| super::bridges::port(scene, &port, place));
        if finding.is_some() {
            return finding;
        }
    }
    let words = format!("link {place} has no carrier: nothing is at its other end");
    Some(
        Finding::new(Cause::NoCarrier, words)
            .shown_by(format!("operstate of {place}"), named.link.operstate),
    )
}

/// The queueing discipline dropped packets meanwhile.
pub(super) fn lossy(scene: &Scene<'_>, place: &Place) -> Option<Finding> {
    let lost = scene.state.lost_at(place);
    if lost == 0 {
        return None;
    }
    let space = scene.state.space(&place.netns)?;
    let lab = scene.state.lab;
    let qdiscs = lab.within(&space.netns, || lab.qdiscs(Some(&place.link)));
    let qdiscs = qdiscs.ok()?.ok()?;
    let (_, root) = qdiscs
        .iter()
        .find(|(_, qdisc)| qdisc.statistics.drops > 0)?;
    let words = format!("{} of {} drops packets on purpose", root.kind, place);
    let line = format!("qdisc_del({:?})", place.link);
    Some(
        Finding::new(Cause::Loss, words)
            .shown_by(
                format!("dropped by {} of {place}", root.kind),
                lost.to_string(),
            )
            .mended_by(scene.state.line(&place.netns, &line)),
    )
}
