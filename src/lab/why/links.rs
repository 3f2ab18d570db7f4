//! Links: down, without a carrier, or for another hardware address.

use crate::kernel::mac::Mac;
use crate::kernel::neigh::{self, Which};

use super::super::journey::Place;
use super::Finding;
use super::suspects::Scene;

/// The frame is for a hardware address that the link does not have.
pub(super) fn other_mac(scene: &Scene<'_>) -> Option<Finding> {
    let by = scene.by?;
    let wanted = scene.look.ether_destination?;
    let own = by.link.mac?;
    let is_group = wanted[0] & 1 == 1;
    let is_port = by.master.is_some() || by.link.kind == "loopback";
    if is_group || is_port || scene.look.tunnels.len() > 1 {
        return None;
    }
    let here = scene.place(&by.link.name);
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
    let finding = Finding::new("wrong_mac", words)
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
        Finding::new("neighbour_proxy", words)
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
    let way = super::routes::way_on(scene).ok()?;
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
        Finding::new("link_down", words)
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
        if let Some(finding) = is_down(scene, &port) {
            return Some(finding);
        }
    }
    let words = format!("link {place} has no carrier: nothing is at its other end");
    Some(
        Finding::new("no_carrier", words)
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
        Finding::new("loss", words)
            .shown_by(
                format!("dropped by {} of {place}", root.kind),
                lost.to_string(),
            )
            .mended_by(scene.state.line(&place.netns, &line)),
    )
}
