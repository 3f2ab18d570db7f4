//! Where a packet can have come from: which of the steps of a journey can lead to a sighting, and how likely.
//!
//! A packet leaves a namespace by a link and comes in at the other end of that cable, unchanged. Within a namespace it comes in,
//! is handed up or down between links that lie on one another, and goes out. A router takes one from its TTL, and NAT gives it other
//! addresses there and nowhere else. What is not one of these is another packet, as like as it may be.

use crate::packet::identity::Look;

use super::wiring::{Translated, Wiring};
use super::{Journey, Sighting};

/// How likely a sighting belongs to a journey, and after which step; the likelier, the greater.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Origin {
    /// How it came from there.
    pub rank: Rank,
    /// The step; None of a further piece of a packet that its sender cut.
    pub from: Option<usize>,
}

/// How a packet came from one place to another, the surest last.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Rank {
    /// Pieces leave one after the other.
    Beside,
    /// A router gave it other addresses, of which conntrack knows nothing (any more).
    Rewritten,
    /// From one link to another in a way of which the wiring tells nothing.
    Somehow,
    /// NAT as conntrack knows it.
    Translated,
    /// Through a namespace as it is, or by a cable that the wiring doesn't tell of.
    Through,
    /// By a cable.
    Cable,
}

/// After which step of a journey this sighting comes; None if it can't be the same packet.
pub(super) fn find(
    journey: &Journey,
    sighting: &Sighting,
    sightings: &[Sighting],
    wiring: &Wiring,
) -> Option<Origin> {
    if was_here(journey, sighting, sightings) {
        return None;
    }
    let seen =
        |(number, step): (usize, &super::Step)| Some((number, sightings.get(step.sighting)?));
    let seen = journey.steps.iter().enumerate().filter_map(seen);
    let leads = seen.clone().filter_map(|(number, other)| {
        let rank = lead(other, sighting, wiring)?;
        Some(Origin {
            rank,
            from: Some(number),
        })
    });
    leads.max().or_else(|| {
        let mut seen = seen;
        seen.any(|(_, other)| is_beside(other, sighting))
            .then_some(Origin {
                rank: Rank::Beside,
                from: None,
            })
    })
}

/// Whether the packet was in the same place before: then this is another one, unless routers pass it round in a circle.
pub(super) fn was_here(journey: &Journey, sighting: &Sighting, sightings: &[Sighting]) -> bool {
    let steps = journey.steps.iter();
    let mut seen = steps.filter_map(|step| sightings.get(step.sighting));
    seen.any(|other| {
        is_same_place(other, sighting)
            && sighting.look.ttl >= other.look.ttl
            && other.look.fragment.is_some() == sighting.look.fragment.is_some()
            && other.look.shares_bytes(&sighting.look)
    })
}

fn is_same_place(one: &Sighting, other: &Sighting) -> bool {
    one.place == other.place && one.leaves == other.leaves
}

/// Whether both are pieces of one packet, seen in the same place.
fn is_beside(one: &Sighting, other: &Sighting) -> bool {
    one.look.fragment.is_some()
        && other.look.fragment.is_some()
        && is_same_place(one, other)
        && one.identity.datagram() == other.identity.datagram()
        && (one.look.source, one.look.destination) == (other.look.source, other.look.destination)
        && one.look.ttl == other.look.ttl
}

/// How a packet that was seen there can be seen here.
pub(super) fn lead(before: &Sighting, now: &Sighting, wiring: &Wiring) -> Option<Rank> {
    let is_here = before.place.netns == now.place.netns;
    match (before.leaves, now.leaves) {
        (true, false) => arrive(before, now, wiring),
        (false, true) if is_here => pass(before, now, wiring),
        // From a link to one that lies on it, in this namespace or in another; and the other way.
        // By two names of one link these are two packets.
        (false, false) | (true, true) if wiring.is_renamed(before, now) => None,
        (false, false) | (true, true) => {
            let upper = if now.leaves { before } else { now };
            let is_stacked = wiring.is_stacked(&upper.place, upper.at);
            let is_like = is_same_packet(before, now) && before.look.ttl == now.look.ttl;
            match (is_here, is_stacked) {
                (true, true) if is_like => Some(Rank::Through),
                (true, false) | (false, true) if is_like => Some(Rank::Somehow),
                // A bridge asks NAT too.
                (true, _) if !now.leaves => pass(before, now, wiring),
                _ => None,
            }
        }
        _ => None,
    }
}

/// From a link that it left to one where it came in: by a cable, which changes nothing.
fn arrive(before: &Sighting, now: &Sighting, wiring: &Wiring) -> Option<Rank> {
    if before.identity != now.identity || before.look != now.look {
        // The end of a tunnel, whose outer packets were not seen, or not known.
        let is_inside = wiring.is_stacked(&now.place, now.at) && is_same_packet(before, now);
        return (is_inside && before.look.ttl == now.look.ttl).then_some(Rank::Somehow);
    }
    let is_lo = before.place == now.place;
    let is_end = |of: &Sighting, other: &Sighting| {
        let peer = wiring.peer(&of.place, of.at);
        peer.map(|peer| *peer == other.place)
    };
    // An end that has got another name since knows the other one by its own.
    match [is_end(now, before), is_end(before, now)] {
        [Some(true), _] | [_, Some(true)] => Some(Rank::Cable),
        [Some(false), _] => None,
        [None, _] if is_lo => Some(Rank::Cable),
        // Another link than that one has its end.
        [None, Some(false)] => None,
        [None, None] => Some(Rank::Through),
    }
}

/// Through a namespace: a bridge or a router, which may cut it to pieces, put it together of them, and give it other addresses.
fn pass(before: &Sighting, now: &Sighting, wiring: &Wiring) -> Option<Rank> {
    let is_cut = before.identity != now.identity;
    if is_cut && !before.identity.holds(&now.identity) && !now.identity.holds(&before.identity) {
        return None;
    }
    let (was, is) = (&before.look, &now.look);
    let is_routed = is.ttl < was.ttl;
    let is_bridged =
        is.ether_source == was.ether_source && is.ether_destination == was.ether_destination;
    let netns = &now.place.netns;
    let is_same = match is_cut {
        true => (was.source, was.destination) == (is.source, is.destination),
        false => was.tuple() == is.tuple(),
    };
    if is_same {
        // A host that says the same by itself, and didn't pass it on.
        let is_own = is.source.is_none_or(|source| {
            source.is_unspecified() || wiring.has_address(netns, source, now.at)
        });
        return (is_routed || is_bridged || !is_own).then_some(Rank::Through);
    }
    // An answer with the same words is not the question.
    if is.tuple() == was.tuple().turned() || is.ttl > was.ttl {
        return None;
    }
    match wiring.translations.check(netns, was.tuple(), is.tuple()) {
        Translated::Yes => Some(Rank::Translated),
        Translated::No => None,
        Translated::Unknown => {
            let took_one =
                was.ttl.is_some() && was.ttl == is.ttl.and_then(|ttl| ttl.checked_add(1));
            took_one.then_some(Rank::Rewritten)
        }
    }
}

/// Whether both are the same packet, or one is a piece of the other, with the same addresses.
fn is_same_packet(one: &Sighting, other: &Sighting) -> bool {
    let addresses = |look: &Look| (look.source, look.destination);
    match one.identity == other.identity {
        true => one.look.tuple() == other.look.tuple(),
        false => {
            addresses(&one.look) == addresses(&other.look)
                && (one.identity.holds(&other.identity) || other.identity.holds(&one.identity))
        }
    }
}
