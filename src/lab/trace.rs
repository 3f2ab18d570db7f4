//! A trace: every packet on every link of every namespace of the lab while a script is at work, put together to journeys.

use std::collections::{HashMap, HashSet};
use std::time::Duration;

use crate::packet::captured::{Captured, Direction};
use crate::packet::identity::{self, Identity};
use crate::packet::layers::Link;
use crate::packet::line;
use crate::picture::{Column, Ladder, Mark, Row};

use super::Lab;
use super::failure::Outcome;
use super::interrupt;
use super::journey::{End, Journey, Place, Sighting, Wiring, join};

/// How many steps are drawn, and how many more of journeys that were lost: nobody reads more.
const MOST_STEPS: usize = 1500;
const MOST_LOST_STEPS: usize = 300;

/// How many links are drawn that went.
const MOST_DEPARTURES: usize = 100;

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
    /// When the first packet was seen that is no bystander's, or any.
    start: Duration,
}

impl Lab {
    /// Runs `work`, and follows all packets meanwhile.
    pub fn trace<T>(&self, work: impl FnOnce() -> T) -> Outcome<(T, Trace)> {
        self.settle();
        let mut past = HashMap::new();
        let (value, everywhere) = self.capture_everywhere(|| self.watch_wiring(&mut past, work))?;
        let wiring = self.wiring(past);
        let trace = Trace::new(everywhere.packets, everywhere.lost, wiring);
        Ok((value, trace))
    }

    /// The same where nothing is changed meanwhile.
    pub(super) fn trace_probe<T>(&self, work: impl FnOnce() -> T) -> Outcome<(T, Trace)> {
        self.settle();
        let (value, everywhere) = self.capture_everywhere(work)?;
        let wiring = self.wiring(HashMap::new());
        let trace = Trace::new(everywhere.packets, everywhere.lost, wiring);
        Ok((value, trace))
    }
}

impl Trace {
    /// Puts packets, which are in the order of their times, together to journeys.
    pub fn new(packets: Vec<Captured>, lost: u64, wiring: Wiring) -> Self {
        let sightings: Vec<Sighting> = packets.iter().map(sighting).collect();
        let journeys = join(&sightings, &wiring, &|| interrupt::requested());
        let mut trace = Trace {
            packets,
            sightings,
            wiring,
            journeys,
            lost,
            start: Duration::ZERO,
        };
        let own = trace.own_journeys().filter_map(|one| trace.first(one));
        let first = own.min_by_key(|(number, _)| *number);
        let any = || Some((0, trace.sightings.first()?));
        trace.start = first.or_else(any).map_or(Duration::ZERO, |(_, one)| one.at);
        trace
    }

    /// When the first packet was seen that is no bystander's, or any.
    pub fn start(&self) -> Duration {
        self.start
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

    /// The links of journeys, those of one namespace side by side, in the order in which packets come to them.
    fn places(&self, journeys: &[&Journey]) -> Vec<&Place> {
        let mut known: HashSet<&Place> = HashSet::new();
        let mut places: Vec<&Place> = Vec::new();
        let steps = journeys.iter().flat_map(|journey| &journey.steps);
        let mut sightings: Vec<usize> = steps.map(|step| step.sighting).collect();
        sightings.sort_unstable();
        for sighting in sightings {
            let Some(place) = self.sightings.get(sighting).map(|it| &it.place) else {
                continue;
            };
            if !known.insert(place) {
                continue;
            }
            let beside = places.iter().rposition(|it| it.netns == place.netns);
            let at = beside.map_or(places.len(), |beside| beside + 1);
            places.insert(at, place);
        }
        places
    }

    /// The journeys that are drawn, and how many more there are, with how many of those had no end that was wanted.
    fn drawn(&self) -> (Vec<&Journey>, usize, usize) {
        let (mut drawn, mut steps, mut lost_steps) = (Vec::new(), 0, 0);
        let (mut more, mut lost) = (0, 0);
        for journey in self.own_journeys() {
            let length = journey.steps.len();
            if steps < MOST_STEPS {
                steps += length;
                drawn.push(journey);
                continue;
            }
            let is_lost = !journey.is_delivered(&self.sightings, &self.wiring);
            if is_lost && lost_steps < MOST_LOST_STEPS {
                lost_steps += length;
                drawn.push(journey);
                continue;
            }
            more += 1;
            lost += usize::from(is_lost);
        }
        (drawn, more, lost)
    }

    /// The journeys as a ladder. Of very many the first are drawn, and the first that were lost.
    pub fn ladder(&self) -> Ladder {
        let (drawn, more, lost) = self.drawn();
        let places = self.places(&drawn);
        let columns: HashMap<&Place, usize> = places.iter().copied().zip(0..).collect();
        let start = self.start();
        let mut rows: Vec<(usize, Row)> = Vec::new();
        for journey in drawn {
            rows.extend(self.rows(journey, &columns, start));
        }
        rows.sort_by_key(|(sighting, _)| *sighting);
        let mut rows: Vec<Row> = rows.into_iter().map(|(_, row)| row).collect();
        let mut notes = Vec::new();
        self.draw_departures(&columns, start, &mut rows, &mut notes);
        let bystanders = self.journeys.iter().filter(|one| one.is_bystander).count();
        let mut hints = Vec::new();
        if more > 0 {
            let lost = match lost {
                0 => "all of them delivered".into(),
                lost => format!("{lost} of them not delivered"),
            };
            notes.push(format!(
                "and {} more, {lost}, for which there is no room here: journeys has all",
                count(more, "journey")
            ));
        }
        if bystanders > 0 {
            let packets = count(bystanders, "packet");
            hints.push(format!(
                "and {packets} that links and kernels sent by themselves: its bystanders"
            ));
        }
        if self.lost > 0 {
            notes.push(format!(
                "{} packets came faster than they could be read: journeys have gaps",
                self.lost
            ));
        }
        let columns = places.into_iter().map(|place| Column {
            netns: place.netns.clone(),
            link: place.link.clone(),
        });
        Ladder {
            columns: columns.collect(),
            rows,
            notes,
            hints,
        }
    }

    /// Says of the links that are drawn and went meanwhile that they did, each at its time.
    fn draw_departures(
        &self,
        columns: &HashMap<&Place, usize>,
        start: Duration,
        rows: &mut Vec<Row>,
        notes: &mut Vec<String>,
    ) {
        let gone = self.wiring.departures().into_iter();
        for one in gone
            .filter(|gone| columns.contains_key(&gone.place))
            .take(MOST_DEPARTURES)
        {
            let (Some(at), Some(column)) = (one.at, columns.get(&one.place)) else {
                notes.push(format!("{} {} meanwhile", one.place, one.what));
                continue;
            };
            let at = at.saturating_sub(start);
            let place = rows.partition_point(|row| row.at <= at);
            rows.insert(
                place,
                Row {
                    at,
                    from: *column,
                    to: *column,
                    label: format!("{} {}", one.place, one.what),
                    mark: Mark::Lost,
                },
            );
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

fn count(number: usize, word: &str) -> String {
    let s = if number == 1 { "" } else { "s" };
    format!("{number} {word}{s}")
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
