//! From sightings to journeys: which of all packets that were seen on all links are one packet on its way.
//!
//! Pure: what was seen and how the links hang together go in, journeys come out. What a packet keeps along its way is in
//! `packet::identity`; where that leaves a choice (a copy, a retransmission, two alike), the wiring, the addresses, conntrack's
//! tuples and the time decide.

use std::collections::{HashMap, HashSet};
use std::fmt;
use std::net::IpAddr;
use std::time::Duration;

use crate::kernel::netns_change::HOME;
use crate::packet::identity::{Difference, Identity, Look, Tuple};

/// Where a packet was seen: a link of a namespace.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Place {
    /// The namespace; `home` or its name.
    pub netns: String,
    /// The link.
    pub link: String,
}

/// As scripts name it: a link of home by its name alone.
impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.netns.as_str() {
            HOME => f.write_str(&self.link),
            netns => write!(f, "{netns}/{}", self.link),
        }
    }
}

/// A packet, seen once.
#[derive(Debug, Clone)]
pub struct Sighting {
    /// When, by the kernel's clock.
    pub at: Duration,
    /// Where.
    pub place: Place,
    /// Whether it was on its way out of the namespace, or came in.
    pub leaves: bool,
    /// What of it stays the same.
    pub identity: Identity,
    /// What may change.
    pub look: Look,
}

/// How the links of the lab hang together.
#[derive(Debug, Clone, Default)]
pub struct Wiring {
    /// The other end of each cable, both ways.
    pub peers: HashMap<Place, Place>,
    /// Links that hand on what leaves by them to other links of the same namespace: bridges, VLANs, tunnels.
    pub stacked: HashSet<Place>,
    /// The hardware address of each link that has one.
    pub macs: HashMap<Place, [u8; 6]>,
    /// The addresses of each namespace.
    pub addresses: HashMap<String, HashSet<IpAddr>>,
    /// The two sides of each translation: what goes in as the one comes out as the other.
    pub translations: HashSet<(Tuple, Tuple)>,
}

/// A step on the way of a packet.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Step {
    /// The sighting, by its number.
    pub sighting: usize,
    /// The step of the same journey that it came from; None of the first.
    pub from: Option<usize>,
    /// What changed since then.
    pub differences: Vec<Difference>,
}

/// How a journey ends in one place.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum End {
    /// Whom it was for had it.
    Delivered,
    /// It came in, and was not for anybody there, nor passed on.
    Stopped,
    /// It left by a link, and was seen nowhere after that.
    Gone,
}

/// A packet on its way: where it was seen, in order. Where a bridge sends copies out by several ports, the way forks.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Journey {
    /// The steps, in the order of their times.
    pub steps: Vec<Step>,
    /// Whether it is none of the lab's own: what links say by themselves.
    pub is_bystander: bool,
}

impl Journey {
    /// The steps after which there are none, and how the journey ends there.
    pub fn ends(&self, sightings: &[Sighting], wiring: &Wiring) -> Vec<(usize, End)> {
        let led_on: HashSet<usize> = self.steps.iter().filter_map(|step| step.from).collect();
        let last = (0..self.steps.len()).filter(|number| !led_on.contains(number));
        last.filter_map(|number| {
            let sighting = sightings.get(self.steps.get(number)?.sighting)?;
            Some((number, wiring.end(sighting)))
        })
        .collect()
    }
}

impl Wiring {
    /// How the journey of a packet ends that was seen here last.
    pub fn end(&self, sighting: &Sighting) -> End {
        if sighting.leaves {
            return End::Gone;
        }
        let Some(destination) = sighting.look.destination else {
            return End::Stopped;
        };
        // What is in a tunnel is seen once more where it comes out, and what has a tag on the link of its VLAN. VLAN 0 is none
        // (IEEE 802.1Q: a tag for the priority alone).
        let is_tagged = sighting.look.vlans.iter().any(|id| *id != 0);
        if is_tagged || !sighting.look.tunnels.is_empty() {
            return End::Stopped;
        }
        let mac = self.macs.get(&sighting.place);
        let is_anothers = sighting
            .look
            .ether_destination
            .is_some_and(|wanted| wanted[0] & 1 == 0 && mac.is_some_and(|own| *own != wanted));
        if is_anothers {
            return End::Stopped;
        }
        let own = self.addresses.get(&sighting.place.netns);
        let is_own = own.is_some_and(|own| own.contains(&destination));
        let is_for_all = match destination {
            IpAddr::V4(address) => address.is_multicast() || address.is_broadcast(),
            IpAddr::V6(address) => address.is_multicast(),
        };
        match is_own || is_for_all {
            true => End::Delivered,
            false => End::Stopped,
        }
    }

    /// Whether a packet with the one tuple can be the one with the other after a translation.
    fn translates(&self, before: Tuple, now: Tuple) -> bool {
        self.translations.contains(&(before, now))
    }
}

/// Puts sightings together, which are in the order of their times.
pub fn join(sightings: &[Sighting], wiring: &Wiring) -> Vec<Journey> {
    let mut journeys: Vec<Journey> = Vec::new();
    let mut by_identity: HashMap<&Identity, Vec<usize>> = HashMap::new();
    for (number, sighting) in sightings.iter().enumerate() {
        let alike = by_identity.entry(&sighting.identity).or_default();
        let open = alike.iter().copied();
        let likeness = |journey: usize| {
            let likeness = likeness(journeys.get(journey)?, sighting, sightings, wiring)?;
            // Of two that are as like, the one that was seen last.
            Some((likeness, journey))
        };
        match open.filter_map(likeness).max() {
            Some((_, journey)) => {
                if let Some(journey) = journeys.get_mut(journey) {
                    go_on(journey, number, sightings, wiring);
                }
            }
            None => {
                alike.push(journeys.len());
                journeys.push(Journey {
                    steps: vec![Step {
                        sighting: number,
                        from: None,
                        differences: Vec::new(),
                    }],
                    is_bystander: is_bystander(&sighting.identity, &sighting.look),
                });
            }
        }
    }
    journeys
}

/// How like the packet of a journey this one is; None if it can't be the same.
fn likeness(
    journey: &Journey,
    sighting: &Sighting,
    sightings: &[Sighting],
    wiring: &Wiring,
) -> Option<u8> {
    let seen = || {
        let steps = journey.steps.iter();
        steps.filter_map(|step| sightings.get(step.sighting))
    };
    // Seen in the same place once more it is another one, unless routers pass it round in a circle.
    let was_here = seen().any(|other| {
        let is_here = other.place == sighting.place && other.leaves == sighting.leaves;
        is_here && sighting.look.ttl >= other.look.ttl
    });
    if was_here {
        return None;
    }
    let last = seen().next_back()?;
    // A packet comes in where its cable ends.
    let peer = (!sighting.leaves).then(|| wiring.peers.get(&sighting.place));
    let by_cable = peer.flatten().is_some_and(|peer| {
        seen().any(|other| other.leaves && other.place == *peer && other.look == sighting.look)
    });
    let tuple = sighting.look.tuple();
    Some(match () {
        () if by_cable => 4,
        () if last.look.tuple() == tuple => 3,
        () if seen().any(|other| wiring.translates(other.look.tuple(), tuple)) => 2,
        () if seen().any(|other| other.look.tuple() == tuple) => 1,
        () => 0,
    })
}

/// Adds a sighting to a journey, after the step that it came from.
fn go_on(journey: &mut Journey, number: usize, sightings: &[Sighting], wiring: &Wiring) {
    let Some(sighting) = sightings.get(number) else {
        return;
    };
    let steps: Vec<(usize, &Sighting)> = journey
        .steps
        .iter()
        .enumerate()
        .filter_map(|(at, step)| Some((at, sightings.get(step.sighting)?)))
        .collect();
    let latest = |is_it: &dyn Fn(&Sighting) -> bool| {
        let found = steps.iter().rev().find(|(_, other)| is_it(other));
        found.map(|(at, _)| *at)
    };
    let peer = wiring
        .peers
        .get(&sighting.place)
        .filter(|_| !sighting.leaves);
    let by_cable = || latest(&|other| other.leaves && Some(&other.place) == peer);
    // What leaves came in before, or was handed down by a link that lies on this one: a bridge sends several copies.
    let inside = || {
        latest(&|other| {
            let is_above =
                !sighting.leaves || !other.leaves || wiring.stacked.contains(&other.place);
            let is_lo = other.place == sighting.place;
            other.place.netns == sighting.place.netns && (is_above || is_lo)
        })
    };
    let from = by_cable().or_else(inside).or_else(|| latest(&|_| true));
    let before = from.and_then(|from| {
        let step = journey.steps.get(from)?;
        sightings.get(step.sighting)
    });
    let differences = before.map_or(Vec::new(), |before| before.look.differences(&sighting.look));
    journey.steps.push(Step {
        sighting: number,
        from,
        differences,
    });
}

/// EtherTypes of what links and bridges say by themselves; below 0x600 it is a length (STP, IEEE 802.1D), 0x88cc is LLDP.
fn is_of_links(ether_type: u16) -> bool {
    ether_type < 0x600 || ether_type == 0x88cc
}

/// Whether a packet is what kernels say by themselves: who is there, which groups are heard, which address is taken.
pub fn is_bystander(identity: &Identity, look: &Look) -> bool {
    /// IPPROTO_IGMP and IPPROTO_ICMPV6.
    const IGMP: u8 = 2;
    const ICMP6: u8 = 58;
    /// mDNS, LLMNR and SSDP.
    const CHATTER: [u16; 3] = [5353, 5355, 1900];
    match identity {
        // Somebody who asks for its own address, or tells it unasked (RFC 5227).
        Identity::Arp(_) => {
            let asks_for_itself = look.source == look.destination;
            let is_probe =
                matches!(look.source, Some(IpAddr::V4(source)) if source.is_unspecified());
            asks_for_itself || is_probe
        }
        Identity::Ip {
            protocol: ICMP6,
            inside,
            ..
        } => match inside.first() {
            // Group membership (RFC 2710, RFC 3810), and routers (RFC 4861).
            Some(130..=134 | 143) => true,
            // Duplicate address detection (RFC 4862), and its unasked answer.
            Some(135) => {
                matches!(look.source, Some(IpAddr::V6(source)) if source.is_unspecified())
            }
            Some(136) => {
                matches!(look.destination, Some(IpAddr::V6(to)) if to.is_multicast())
            }
            _ => false,
        },
        Identity::Ip { protocol: IGMP, .. } => true,
        Identity::Ip { .. } => {
            let is_group = look.destination.is_some_and(|to| to.is_multicast());
            is_group && look.dport.is_some_and(|port| CHATTER.contains(&port))
        }
        Identity::Frame(kind, _) => is_of_links(*kind),
    }
}

#[cfg(test)]
mod tests;
