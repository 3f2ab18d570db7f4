//! From sightings to journeys: which of all packets that were seen on all links are one packet on its way.
//!
//! Pure: what was seen and how the links hang together go in, journeys come out. What a packet keeps along its way is in
//! `packet::identity`; where that leaves a choice (a copy, a retransmission, two alike), `origin` decides by the wiring, the
//! addresses, conntrack's tuples and the time.
//!
//! | file | what it is |
//! |---|---|
//! | this one | sightings and journeys |
//! | [`wiring`] | how the links hang together, and did before |
//! | `kind` | which sightings are alike |
//! | `origin` | after which step of a journey a sighting can come |
//! | `joining` | journeys from sightings, in a time that grows no faster than they do |
//! | `order` | those that are alike keep their order |

mod joining;
mod kind;
mod order;
mod origin;
pub mod wiring;

pub use joining::join;
pub use wiring::Wiring;

use std::collections::HashSet;
use std::fmt;
use std::net::IpAddr;
use std::time::Duration;

use crate::kernel::netns_change::HOME;
use crate::packet::identity::{Difference, Identity, Look};

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
        .filter(|(number, _)| !self.is_put_together(*number, sightings))
        .collect()
    }

    /// Whether this step is a piece that a namespace put together with others, and passed on: whole, or cut in another way.
    fn is_put_together(&self, number: usize, sightings: &[Sighting]) -> bool {
        let seen = |step: &Step| sightings.get(step.sighting);
        let Some(piece) = self.steps.get(number).and_then(seen) else {
            return false;
        };
        let later = self.steps.iter().skip(number + 1).filter_map(seen);
        !piece.leaves
            && piece.look.fragment.is_some()
            && later
                .filter(|other| other.leaves && other.place.netns == piece.place.netns)
                .any(|other| piece.look.shares_bytes(&other.look))
    }

    /// Whether whom it was for had it; of a packet in pieces, all of them.
    pub fn is_delivered(&self, sightings: &[Sighting], wiring: &Wiring) -> bool {
        let ends = self.ends(sightings, wiring);
        let delivered = ends
            .iter()
            .filter(|(_, end)| *end == End::Delivered)
            .filter_map(|(number, _)| sightings.get(self.steps.get(*number)?.sighting));
        let mut pieces = Vec::new();
        for sighting in delivered {
            match sighting.look.fragment {
                None => return true,
                Some(piece) => pieces.push(piece),
            }
        }
        // From the first byte on without a gap, to a piece that is the last.
        pieces.sort_by_key(|piece| (piece.start, piece.end));
        let mut end = 0;
        pieces.iter().any(|piece| {
            let follows = piece.start <= end;
            if follows {
                end = end.max(piece.end);
            }
            follows && !piece.has_more
        })
    }
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
