//! Neighbours that do not answer when their hardware address is asked for.

use std::net::IpAddr;

use crate::kernel::route_question::Question;

use super::super::journey::Place;
use super::super::links::NamedLink;
use super::follow::{Course, Stop, question_for};
use super::probe::Sent;
use super::scene::{self, Scene};
use super::state::{Space, State};
use super::ways;
use super::{
    Asked, Cause, Finding, bridges, frames, gateways, hosts, links, routes, rules, tunnels, vlans,
};

/// Whether the probe, or the answer to it, waited for an answer to a question for a hardware address that was asked before it was
/// sent: where that stays without an answer, whoever waits is told so, whatever changed meanwhile.
pub(super) fn is_waiting(sent: &Sent, state: &State<'_>, asked: &Asked, course: &Course) -> bool {
    let waits = || {
        let scene = scene::going_on(sent, state, asked, course)?;
        let (out, next, _) = ways::next(&scene)?;
        let neighbour = scene.space.neighbour(&out.link, next)?;
        let is_open = neighbour.mac.is_none() || neighbour.state == "failed";
        Some(is_open && question_for(sent, &out, next).is_none())
    };
    course.stop != Stop::OnTheWire && waits().unwrap_or(false)
}

/// Whether the probe, or the answer to it, was last where it had to ask for a hardware address: who has just got an IPv6 address
/// does not yet hear the first question for it (the group is joined later, `addrconf_dad_begin`), and the next comes a second after.
pub(super) fn has_asked(sent: &Sent, state: &State<'_>, asked: &Asked, course: &Course) -> bool {
    let asks = || {
        let scene = scene::going_on(sent, state, asked, course)?;
        let (out, next, _) = ways::next(&scene)?;
        question_for(sent, &out, next)
    };
    course.stop != Stop::OnTheWire && asks().is_some()
}

/// Nobody told the hardware address of the neighbour.
pub(super) fn unresolved(scene: &Scene<'_>) -> Option<Finding> {
    let (out, next, via) = ways::next(scene)?;
    unresolved_at(scene, &out, next, via)
}

/// The same of a neighbour that is known.
pub(super) fn unresolved_at(
    scene: &Scene<'_>,
    out: &Place,
    next: IpAddr,
    via: Option<IpAddr>,
) -> Option<Finding> {
    let neighbour = scene.space.neighbour(&out.link, next);
    let is_known = neighbour
        .as_ref()
        .is_some_and(|neighbour| neighbour.mac.is_some() && neighbour.state != "failed");
    let owners = scene.state.owners(next);
    let state = neighbour.as_ref().map_or("unknown", |one| one.state);
    if is_known {
        return None;
    }
    let segment = scene.state.segment(out);
    let mut on_wire = owners
        .iter()
        .filter(|(space, named)| segment.contains(&space.place(&named.link.name)));
    if let Some(finding) = tunnels::astray(scene, out) {
        return Some(finding);
    }
    let finding = match on_wire.next() {
        Some((space, named)) => silent(scene, out, next, space, &named.link.name),
        None => match owners.first() {
            Some((space, named)) => elsewhere(scene, out, next, space, &named.link.name),
            None => nobody(scene, out, next, via),
        },
    };
    Some(finding?.shown_by(format!("neighbour {next} on {out}"), state))
}

/// Nobody has the address.
fn nobody(scene: &Scene<'_>, out: &Place, next: IpAddr, via: Option<IpAddr>) -> Option<Finding> {
    if via.is_some() {
        let way = ways::way_on(scene).ok()?;
        return gateways::wrong_gateway(scene, &way);
    }
    let own = scene.space.address_near(&out.link, next)?;
    let segment = scene.state.segment(out);
    // Somebody on the wire who has no address in this network yet, or another one.
    let is_free = |place: &&Place| {
        let space = scene.state.space(&place.netns);
        space.is_some_and(|space| {
            space.name() != scene.space.name() && space.address_near(&place.link, next).is_none()
        })
    };
    let free: Vec<&Place> = segment.iter().filter(is_free).collect();
    let others: Vec<&Place> = segment
        .iter()
        .filter(|place| place.netns != scene.space.name())
        .collect();
    let there = match (free.as_slice(), others.as_slice()) {
        ([one], _) => Some(*one),
        ([], [one]) => Some(*one),
        _ => None,
    };
    let words = format!("nobody has the address {next}");
    let finding = Finding::new(Cause::MissingAddress, words);
    let Some(there) = there else {
        return Some(finding);
    };
    Some(hosts::missing(scene, there, next, own.prefix))
}

/// Somebody has the address, and no cable leads there.
fn elsewhere(
    scene: &Scene<'_>,
    out: &Place,
    next: IpAddr,
    space: &Space<'_>,
    link: &str,
) -> Option<Finding> {
    let there = space.place(link);
    bridges::no_port(scene, &there)
        .or_else(|| bridges::no_port(scene, out))
        .or_else(|| frames::between(scene, out, &there))
        .or_else(|| vlans::apart(scene, out, &there))
        .or_else(|| match next == scene.to {
            true => gateways::not_on_wire(scene, out, &there),
            false => gateways::wrong_gateway(scene, &ways::way_on(scene).ok()?),
        })
        .or_else(|| {
            let words = format!("{next} is {there}, and no cable leads there from {out}");
            Some(Finding::new(Cause::NotConnected, words))
        })
}

/// The one who has the address is on the wire, and does not answer.
fn silent(
    scene: &Scene<'_>,
    out: &Place,
    next: IpAddr,
    space: &Space<'_>,
    link: &str,
) -> Option<Finding> {
    let there = space.place(link);
    if let Some(finding) =
        links::is_down(scene, &there).or_else(|| links::no_carrier(scene, &there))
    {
        return Some(finding);
    }
    if let Some(finding) = rules::dropped_question(scene, next, [scene.space, space]) {
        return Some(finding);
    }
    let asking = question_for(scene.sent, out, next);
    let arrived = asking
        .as_ref()
        .is_some_and(|heard_in| heard_in.contains(&there));
    if !arrived {
        // The question did not come there: somebody between them.
        if let Some(finding) = frames::between(scene, out, &there) {
            return Some(finding);
        }
    }
    if let Some(finding) = ignores(scene, space, link, next) {
        return Some(finding);
    }
    // Who does not like the one who asks does not answer either.
    let near = scene.space.address_near(&out.link, next);
    // It asks with the address of the packet, where that is its own (arp_announce 0), or else with one of the link's.
    let own = scene.look.source.filter(|source| scene.space.has(*source));
    let own = own.or(near.map(|near| near.address))?;
    let question = Question {
        from: Some(own),
        iif: Some(link.to_owned()),
        ..Question::of(next)
    };
    if next.is_ipv4() && space.way(&question).is_err() {
        let there = Scene {
            space,
            by: space.link(link),
            left_by: None,
            is_received: true,
            look: crate::packet::identity::Look {
                source: Some(own),
                destination: Some(next),
                ..Default::default()
            },
            to: next,
            ..scene.clone()
        };
        return routes::way_in(&there);
    }
    if let Some(finding) = filters(scene, space, link, own, next) {
        return Some(finding);
    }
    // The answer may be what got lost.
    frames::between(scene, &there, out).or_else(|| {
        // Who was not asked while the probe was under way is not known to be silent.
        asking.as_ref()?;
        let words = format!(
            "{there} has {next} and does not answer when it is asked for its hardware address"
        );
        Some(Finding::new(Cause::SilentNeighbour, words))
    })
}

/// It answers only by the link by which it would send to who asks (`arp_filter` in net/ipv4/arp.c).
fn filters(
    scene: &Scene<'_>,
    space: &Space<'_>,
    link: &str,
    own: IpAddr,
    next: IpAddr,
) -> Option<Finding> {
    let (name, value) = ["all", link]
        .map(|conf| space.conf("ipv4", conf, "arp_filter"))
        .into_iter()
        .find(|(_, value)| value.as_deref().is_some_and(|value| value != "0"))
        .filter(|_| next.is_ipv4())?;
    let back = Question {
        from: Some(next),
        ..Question::of(own)
    };
    let back = space.way(&back).ok()?.link?;
    if back == link {
        return None;
    }
    let words = format!(
        "{} answers no ARP by {link}: what is for {own} it would send by {back}",
        space.words()
    );
    let line = format!("sysctl_set({name:?}, 0)");
    Some(
        Finding::new(Cause::ArpFilter, words)
            .shown_by(name, value?)
            .shown_by(format!("route to {own}"), format!("dev {back}"))
            .mended_by(scene.state.line(space.name(), &line)),
    )
}

/// A link asks nobody for hardware addresses, and sends to its own (`arp_constructor` in net/ipv4/arp.c).
pub(super) fn asks_nobody(scene: &Scene<'_>) -> Option<Finding> {
    let own = scene.look.ether_source?;
    if scene.look.ether_destination != Some(own) {
        return None;
    }
    let mut spaces = scene.state.spaces.iter();
    let (space, named) = spaces.find_map(|space| {
        let mut links = space.links.iter();
        let named = links.find(|named| {
            named.link.flags.contains(&"NOARP")
                && named.link.kind != "loopback"
                && named.link.mac.is_some_and(|mac| mac.bytes() == own)
        })?;
        Some((space, named))
    })?;
    let words = format!(
        "{} of {} takes no part in ARP: it asks nobody for a hardware address, and sends to its own",
        named.link.name,
        space.words()
    );
    Some(noarp(scene, space, named, words))
}

fn noarp(scene: &Scene<'_>, space: &Space<'_>, named: &NamedLink, words: String) -> Finding {
    let line = format!("link_set({:?}, #{{ arp: true }})", named.link.name);
    Finding::new(Cause::Noarp, words)
        .shown_by("flags", named.link.flags.join(" "))
        .mended_by(scene.state.line(space.name(), &line))
}

/// Sysctls and flags with which nobody answers (Documentation/networking/ip-sysctl.rst).
fn ignores(scene: &Scene<'_>, space: &Space<'_>, link: &str, next: IpAddr) -> Option<Finding> {
    if next.is_ipv4() {
        for conf in ["all", link] {
            let (name, value) = space.conf("ipv4", conf, "arp_ignore");
            if value.as_deref().is_some_and(|value| value != "0") {
                let words = format!("{} does not answer questions of ARP", space.words());
                let line = format!("sysctl_set({name:?}, 0)");
                return Some(
                    Finding::new(Cause::ArpIgnore, words)
                        .shown_by(name, value?)
                        .mended_by(scene.state.line(space.name(), &line)),
                );
            }
        }
    }
    let named = space.link(link)?;
    if named.link.flags.contains(&"NOARP") {
        let words = format!("{link} of {} takes no part in ARP", space.words());
        return Some(noarp(scene, space, named, words));
    }
    super::hosts::tentative(scene, space, next)
}
