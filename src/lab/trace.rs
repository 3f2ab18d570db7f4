//! A trace: every packet on every link of every namespace of the lab while a script is at work, put together to journeys.

use std::collections::{HashMap, HashSet};
use std::net::IpAddr;
use std::time::Duration;

use crate::kernel::conntrack;
use crate::kernel::conntrack_filter::Filter;
use crate::kernel::kinds::{is_pair, is_stacked};
use crate::packet::captured::{Captured, Direction};
use crate::packet::identity::{self, Identity, Tuple};
use crate::packet::layers::Link;
use crate::packet::line;
use crate::picture::{Column, Ladder, Mark, Row};

use super::Lab;
use super::failure::Outcome;
use super::interrupt;
use super::journey::{End, Journey, Place, Sighting, Wiring, join};

/// What was seen.
#[derive(Debug, Default)]
pub struct Trace {
    /// The packets, in the order of their times.
    pub packets: Vec<Captured>,
    /// The same as sightings.
    pub sightings: Vec<Sighting>,
    /// How the links hung together.
    pub wiring: Wiring,
    /// The journeys.
    pub journeys: Vec<Journey>,
    /// How many packets came faster than they could be read.
    pub lost: u64,
}

impl Lab {
    /// Runs `work`, and follows all packets meanwhile.
    pub fn trace<T>(&self, work: impl FnOnce() -> T) -> Outcome<(T, Trace)> {
        self.settle();
        let (value, everywhere) = self.capture_everywhere(work)?;
        let wiring = self.wiring();
        let trace = Trace::new(everywhere.packets, everywhere.lost, wiring);
        Ok((value, trace))
    }

    /// How the links of all namespaces hang together now. What can't be asked (a namespace that is gone) is left out.
    fn wiring(&self) -> Wiring {
        let mut wiring = Wiring::default();
        for netns in self.open_netns() {
            let name = netns.name().to_owned();
            let Ok(Ok(links)) = self.within(&netns, || self.links()) else {
                continue;
            };
            let own = wiring.addresses.entry(name.clone()).or_default();
            for named in links {
                let addresses = named.link.addresses.iter();
                own.extend(addresses.map(|addr| addr.local.address));
                let broadcasts = named.link.addresses.iter();
                own.extend(broadcasts.filter_map(|addr| addr.broadcast.map(IpAddr::V4)));
                let place = |link: &str| Place {
                    netns: name.clone(),
                    link: link.to_owned(),
                };
                let here = place(&named.link.name);
                if let Some(mac) = named.link.mac.filter(|_| named.link.kind != "loopback") {
                    wiring.macs.insert(here.clone(), mac.bytes());
                }
                if is_stacked(&named.link.kind) {
                    wiring.stacked.insert(here.clone());
                }
                if let Some(lower) = named.lower.filter(|_| is_pair(&named.link.kind)) {
                    let netns = named.lower_netns.unwrap_or_else(|| name.clone());
                    let there = Place { netns, link: lower };
                    wiring.peers.insert(here, there);
                }
            }
            let Ok(namespace) = netns.namespace() else {
                continue;
            };
            // Where there is no connection tracking there are no translations.
            for entry in conntrack::list(&namespace, &Filter::default()).unwrap_or_default() {
                let [original, reply] = [&entry.original, &entry.reply].map(tuple_of);
                let translations = &mut wiring.translations;
                translations.note(&name, original, reply.turned());
                translations.note(&name, reply, original.turned());
            }
        }
        wiring
    }
}

/// A tuple as packets have it.
fn tuple_of(tuple: &conntrack::Tuple) -> Tuple {
    Tuple {
        source: tuple.src,
        destination: tuple.dst,
        sport: tuple.sport.or(tuple.icmp.id),
        dport: tuple.dport.or(tuple.icmp.id),
    }
}

impl Trace {
    /// Puts packets, which are in the order of their times, together to journeys.
    pub fn new(packets: Vec<Captured>, lost: u64, wiring: Wiring) -> Self {
        let sightings: Vec<Sighting> = packets.iter().map(sighting).collect();
        let journeys = join(&sightings, &wiring, &|| interrupt::requested());
        Trace {
            packets,
            sightings,
            wiring,
            journeys,
            lost,
        }
    }

    /// When the first packet was seen that is no bystander's, or any.
    pub fn start(&self) -> Duration {
        let own = self.own_journeys().filter_map(|one| self.first(one));
        let first = own.min_by_key(|(number, _)| *number);
        let any = || Some((0, self.sightings.first()?));
        first.or_else(any).map_or(Duration::ZERO, |(_, one)| one.at)
    }

    /// Where a journey begins: the sighting, and its number.
    pub fn first(&self, journey: &Journey) -> Option<(usize, &Sighting)> {
        let number = journey.steps.first()?.sighting;
        Some((number, self.sightings.get(number)?))
    }

    /// The journeys of the lab's own packets.
    pub fn own_journeys(&self) -> impl Iterator<Item = &Journey> {
        self.journeys.iter().filter(|journey| !journey.is_bystander)
    }

    /// The links of the journeys, those of one namespace side by side, in the order in which packets come to them.
    pub fn places(&self) -> Vec<Place> {
        let mut places: Vec<Place> = Vec::new();
        let mut sightings: Vec<usize> = self
            .own_journeys()
            .flat_map(|journey| journey.steps.iter().map(|step| step.sighting))
            .collect();
        sightings.sort_unstable();
        for sighting in sightings {
            let Some(sighting) = self.sightings.get(sighting) else {
                continue;
            };
            if places.contains(&sighting.place) {
                continue;
            }
            let beside = places
                .iter()
                .rposition(|place| place.netns == sighting.place.netns);
            let at = beside.map_or(places.len(), |beside| beside + 1);
            places.insert(at, sighting.place.clone());
        }
        places
    }

    /// The journeys as a ladder.
    pub fn ladder(&self) -> Ladder {
        let places = self.places();
        let columns: HashMap<&Place, usize> = places.iter().zip(0..).collect();
        let start = self.start();
        let mut rows: Vec<(usize, Row)> = Vec::new();
        for journey in self.own_journeys() {
            rows.extend(self.rows(journey, &columns, start));
        }
        rows.sort_by_key(|(sighting, _)| *sighting);
        let bystanders = self.journeys.iter().filter(|one| one.is_bystander).count();
        let mut notes = Vec::new();
        let mut hints = Vec::new();
        if bystanders > 0 {
            let s = if bystanders == 1 { "" } else { "s" };
            hints.push(format!(
                "and {bystanders} packet{s} that links and kernels sent by themselves: its bystanders"
            ));
        }
        if self.lost > 0 {
            notes.push(format!(
                "{} packets came faster than they could be read: journeys have gaps",
                self.lost
            ));
        }
        let columns = places.into_iter().map(|place| Column {
            netns: place.netns,
            link: place.link,
        });
        Ladder {
            columns: columns.collect(),
            rows: rows.into_iter().map(|(_, row)| row).collect(),
            notes,
            hints,
        }
    }

    fn rows(
        &self,
        journey: &Journey,
        columns: &HashMap<&Place, usize>,
        start: Duration,
    ) -> Vec<(usize, Row)> {
        let ends: HashMap<usize, End> = journey
            .ends(&self.sightings, &self.wiring)
            .into_iter()
            .collect();
        // What is delivered elsewhere: the packet, or this piece of it.
        let delivered: HashSet<&Identity> = ends
            .iter()
            .filter(|(_, end)| **end == End::Delivered)
            .filter_map(|(number, _)| {
                let step = journey.steps.get(*number)?;
                Some(&self.sightings.get(step.sighting)?.identity)
            })
            .collect();
        let mut rows: Vec<(usize, Row)> = Vec::new();
        for (number, step) in journey.steps.iter().enumerate() {
            let end = ends.get(&number);
            // A packet that goes on is drawn where it arrives.
            if step.from.is_none() && end.is_none() {
                continue;
            }
            let Some(sighting) = self.sightings.get(step.sighting) else {
                continue;
            };
            let column = |place: &Place| columns.get(place).copied();
            let Some(to) = column(&sighting.place) else {
                continue;
            };
            let from = step
                .from
                .and_then(|from| self.sightings.get(journey.steps.get(from)?.sighting))
                .and_then(|from| column(&from.place));
            let (mark, note) = match end {
                None => (Mark::None, ""),
                Some(End::Delivered) => (Mark::Delivered, ""),
                // One of several copies, for somebody else.
                Some(_) if delivered.contains(&sighting.identity) => (Mark::None, "not for it"),
                Some(End::Stopped) => (Mark::Lost, "stops here"),
                Some(End::Gone) => (Mark::Lost, "not seen after this"),
            };
            let what = match rows.is_empty() {
                true => self.title(journey),
                false => changes(step),
            };
            let words = [what.as_str(), note];
            let words: Vec<&str> = words.into_iter().filter(|word| !word.is_empty()).collect();
            let row = Row {
                at: sighting.at.saturating_sub(start),
                from: from.unwrap_or(to),
                to,
                label: words.join(", "),
                mark,
            };
            rows.push((step.sighting, row));
        }
        rows
    }

    /// What a packet is, and where it goes.
    pub fn title(&self, journey: &Journey) -> String {
        let first = self.first(journey);
        let Some((packet, sighting)) =
            first.and_then(|(number, sighting)| Some((self.packets.get(number)?, sighting)))
        else {
            return String::new();
        };
        let label = label(packet);
        match (sighting.look.source, sighting.look.destination) {
            (Some(source), Some(destination)) if !label.starts_with("ARP") => {
                format!("{label}  {source} > {destination}")
            }
            _ => label,
        }
    }
}

/// What changed since the step before, without the hardware addresses, which change with every cable.
fn changes(step: &super::journey::Step) -> String {
    let told = step.differences.iter();
    let told = told.filter(|difference| !difference.field.starts_with("ether"));
    let words =
        told.map(
            |difference| match (difference.before.as_str(), difference.now.as_str()) {
                ("", now) => format!("{} {now}", difference.field),
                (before, "") => format!("no {} {before}", difference.field),
                (before, now) => format!("{} {before} > {now}", difference.field),
            },
        );
    words.collect::<Vec<_>>().join(", ")
}

/// What a packet is, in a few words.
pub fn label(packet: &Captured) -> String {
    match packet.link_type.beginning() {
        Some(link) => line::label(&packet.bytes, link),
        None => packet.link_type.to_string(),
    }
}

fn sighting(packet: &Captured) -> Sighting {
    let link = packet.link_type.beginning().unwrap_or(Link::Ethernet);
    let (identity, look) = identity::read(&packet.bytes, link);
    Sighting {
        at: packet.at,
        place: Place {
            netns: packet.netns.clone().unwrap_or_default(),
            link: packet.link.clone(),
        },
        leaves: packet.direction == Some(Direction::Out),
        identity,
        look,
    }
}
