//! How the links of the lab hang together: at the end, and before links went, changed their names or lost their addresses.

use std::collections::{HashMap, HashSet};
use std::net::IpAddr;
use std::time::Duration;

use crate::packet::identity::Tuple;

use super::{End, Place, Sighting};

/// How the links of the lab hang together.
#[derive(Debug, Clone, Default)]
pub struct Wiring {
    /// All links.
    pub links: HashSet<Place>,
    /// The number of each, which a link keeps when it gets another name, and no other link gets.
    pub indices: HashMap<Place, u32>,
    /// The other end of each cable, both ways.
    pub peers: HashMap<Place, Place>,
    /// Links that hand on what leaves by them to other links of the same namespace: bridges, VLANs, tunnels.
    pub stacked: HashSet<Place>,
    /// The hardware address of each link that has one.
    pub macs: HashMap<Place, [u8; 6]>,
    /// The addresses of each namespace.
    pub addresses: HashMap<String, HashSet<IpAddr>>,
    /// Those of each link that has some.
    pub held: HashMap<Place, Vec<IpAddr>>,
    /// What NAT does.
    pub translations: Translations,
    /// How it was in a namespace before something went there, the earliest first.
    pub past: HashMap<String, Vec<Era>>,
}

/// A time in which a namespace was as it was.
#[derive(Debug, Clone)]
pub struct Era {
    /// When it ended, since 1970; zero at the beginning of all.
    pub until: Duration,
    /// The links that went then.
    pub going: HashSet<Place>,
    /// Whether they go for sure, though the kernel may take its time.
    pub is_sure: bool,
    /// What happened to them: `is deleted`.
    pub what: String,
    /// The addresses that went then.
    pub lost: HashSet<IpAddr>,
    /// The namespace as it was.
    pub wiring: Wiring,
}

/// A link that is not there any more, by the name that it had.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Departure {
    /// The link.
    pub place: Place,
    /// When, since 1970, if it is known.
    pub at: Option<Duration>,
    /// What happened to it: `is deleted`.
    pub what: String,
}

/// What happened to a link that others took away.
const GONE: &str = "is gone";

impl Wiring {
    /// The namespace as it was at that time, if that is known, as it is, and as it was before: whichever knows comes first.
    fn known(&self, netns: &str, at: Duration) -> impl Iterator<Item = &Wiring> {
        let past = self.past.get(netns).map_or(&[] as &[Era], Vec::as_slice);
        let then = past.iter().find(|era| at <= era.until);
        let before = past.iter().rev().map(|era| &era.wiring);
        then.map(|era| &era.wiring)
            .into_iter()
            .chain([self])
            .chain(before)
    }

    /// The wiring that knows a link.
    fn of(&self, place: &Place, at: Duration) -> &Wiring {
        if self.past.is_empty() {
            return self;
        }
        let mut known = self.known(&place.netns, at);
        known
            .find(|wiring| wiring.links.contains(place))
            .unwrap_or(self)
    }

    /// Whether both are one link, by two names that it had one after the other.
    pub fn is_renamed(&self, before: &Sighting, now: &Sighting) -> bool {
        let index = |of: &Sighting| self.of(&of.place, of.at).indices.get(&of.place);
        let is_other = before.place != now.place && before.place.netns == now.place.netns;
        is_other && index(before).is_some() && index(before) == index(now)
    }

    /// Whether a link is there in another wiring too: not another one with its name.
    fn is_kept(&self, place: &Place, later: &Wiring) -> bool {
        let are_known = self.indices.get(place).zip(later.indices.get(place));
        later.links.contains(place) && are_known.is_none_or(|(one, other)| one == other)
    }

    /// The other end of a cable at that time.
    pub fn peer(&self, place: &Place, at: Duration) -> Option<&Place> {
        self.of(place, at).peers.get(place)
    }

    /// Whether a link lay on others at that time.
    pub fn is_stacked(&self, place: &Place, at: Duration) -> bool {
        self.of(place, at).stacked.contains(place)
    }

    /// The hardware address that a link had at that time.
    pub fn mac(&self, place: &Place, at: Duration) -> Option<[u8; 6]> {
        self.of(place, at).macs.get(place).copied()
    }

    /// Whether a namespace had an address at that time.
    pub fn has_address(&self, netns: &str, address: IpAddr, at: Duration) -> bool {
        let has = |wiring: &Wiring| {
            let own = wiring.addresses.get(netns);
            own.is_some_and(|own| own.contains(&address))
        };
        let mut known = self.known(netns, at);
        if known
            .find(|wiring| wiring.addresses.contains_key(netns))
            .is_some_and(has)
        {
            return true;
        }
        // What others took away since, they took away nobody knows when.
        let before = self.past.get(netns).and_then(|past| {
            let count = past.partition_point(|era| era.until < at);
            past.get(count.checked_sub(1)?)
        });
        before.is_some_and(|era| has(&era.wiring) && !era.lost.contains(&address))
    }

    /// The number of the time in which a namespace was the same.
    pub fn era(&self, netns: &str, at: Duration) -> usize {
        let past = self.past.get(netns).map_or(&[] as &[Era], Vec::as_slice);
        past.partition_point(|era| era.until < at)
    }

    /// The links that are gone, in the order in which they went; those of which that is not known come first.
    pub fn departures(&self) -> Vec<Departure> {
        let mut gone = Vec::new();
        for eras in self.past.values() {
            let later = eras.iter().skip(1).map(|era| &era.wiring).chain([self]);
            let mut told: HashSet<&Place> = HashSet::new();
            for (era, later) in eras.iter().zip(later) {
                let links = era.wiring.links.iter();
                let mut places: HashSet<&Place> = links
                    .filter(|place| !era.wiring.is_kept(place, later))
                    .collect();
                places.retain(|place| !told.contains(place));
                if era.is_sure {
                    places.extend(&era.going);
                    told.extend(&era.going);
                }
                gone.extend(places.into_iter().map(|place| {
                    let is_known = era.going.contains(place);
                    Departure {
                        place: place.clone(),
                        at: is_known.then_some(era.until),
                        what: if is_known { &era.what } else { GONE }.into(),
                    }
                }));
            }
        }
        gone.sort_by(|one, other| (one.at, &one.place).cmp(&(other.at, &other.place)));
        gone
    }

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
        let mac = self.mac(&sighting.place, sighting.at);
        let is_anothers = sighting
            .look
            .ether_destination
            .is_some_and(|wanted| wanted[0] & 1 == 0 && mac.is_some_and(|own| own != wanted));
        if is_anothers {
            return End::Stopped;
        }
        let is_own = self.has_address(&sighting.place.netns, destination, sighting.at);
        let is_for_all = match destination {
            IpAddr::V4(address) => address.is_multicast() || address.is_broadcast(),
            IpAddr::V6(address) => address.is_multicast(),
        };
        match is_own || is_for_all {
            true => End::Delivered,
            false => End::Stopped,
        }
    }
}

/// The two sides of each translation, as conntrack knows them: what comes into a namespace as the one goes out as the other.
#[derive(Debug, Clone, Default)]
pub struct Translations(HashMap<(String, Tuple), HashSet<(Tuple, Tuple)>>);

/// What conntrack knows about a packet that may have become another one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Translated {
    /// It became that one.
    Yes,
    /// One of them became, or was, something else.
    No,
    /// It knows neither.
    Unknown,
}

impl Translations {
    /// Notes that a namespace turns the one into the other. That it leaves a tuple as it is, is no translation.
    pub fn note(&mut self, netns: &str, before: Tuple, now: Tuple) {
        if before == now {
            return;
        }
        for tuple in [before, now] {
            let known = self.0.entry((netns.to_owned(), tuple)).or_default();
            known.insert((before, now));
        }
    }

    /// Takes in what others know.
    pub fn extend(&mut self, others: Translations) {
        for (tuple, pairs) in others.0 {
            self.0.entry(tuple).or_default().extend(pairs);
        }
    }

    /// Whether a namespace turned the one into the other: all of it or a part, as a bridge and a router within one namespace share
    /// the work. A piece of a packet has no ports.
    pub fn check(&self, netns: &str, before: Tuple, now: Tuple) -> Translated {
        let known = |tuple| self.0.get(&(netns.to_owned(), tuple));
        let of = [known(before), known(now)];
        let mut all = of.into_iter().flatten().flatten().peekable();
        if all.peek().is_none() {
            return Translated::Unknown;
        }
        let is = |one: (Option<IpAddr>, Option<u16>), other: (Option<IpAddr>, Option<u16>)| {
            one.0 == other.0 && (one.1 == other.1 || one.1.is_none() || other.1.is_none())
        };
        let fits = |tuple: Tuple, (first, last): (Tuple, Tuple)| {
            let source = |of: Tuple| (of.source, of.sport);
            let destination = |of: Tuple| (of.destination, of.dport);
            [first, last]
                .iter()
                .any(|of| is(source(tuple), source(*of)))
                && [first, last]
                    .iter()
                    .any(|of| is(destination(tuple), destination(*of)))
        };
        match all.any(|pair| fits(before, *pair) && fits(now, *pair)) {
            true => Translated::Yes,
            false => Translated::No,
        }
    }
}
