//! Journeys from sightings, in a time that grows with their number and not with its square: a trace of a flood has many thousands of
//! them, and of identical datagrams any could be any.
//!
//! Of few that are alike each is asked. Of more it is known for each kind of sighting from which other kinds it can come. Those of one kind that may still go on to another wait
//! in a heap, the likeliest on top; whichever has been there already has been there for ever, and is thrown away when it is met.

use std::collections::{BinaryHeap, HashMap};

use crate::kernel::wait::Waiter;
use crate::packet::identity::Identity;

use super::kind::{Kind, Kinds, Numbers};
use super::origin::{self, Origin, Rank};
use super::{Journey, Sighting, Step, Wiring, is_bystander, order};

/// Between how many sightings it is asked whether to stop.
const GLANCE: usize = 1024;

/// How many sightings of like packets are few. Tests have small captures, and both ways are to be gone in them.
const FEW: usize = if cfg!(test) { 4 } else { 32 };

/// How many journeys are looked at of which a piece can be a part, and how many kinds of packets with other addresses that a
/// namespace may have rewritten: those that were seen last. Of more that are alike but for their addresses none is told from another
/// by waiting longer.
const WINDOW: usize = 64;

/// Puts sightings together, which are in the order of their times. Whoever waits for it may stop it: then what comes later is in no
/// journey.
pub fn join(sightings: &[Sighting], wiring: &Wiring, waiter: &dyn Waiter) -> Vec<Journey> {
    let mut joining = Joining::new(sightings, wiring);
    let mut identities = Vec::with_capacity(sightings.len());
    for (number, sighting) in sightings.iter().enumerate() {
        if number % GLANCE == 0 && waiter.is_interrupted() {
            return joining.journeys;
        }
        identities.push(joining.add(number, sighting));
    }
    let mut journeys = joining.journeys;
    order::put(&mut journeys, sightings, &identities, wiring);
    journeys
}

/// A step of a journey: the number of the step, and that of the journey.
type At = (usize, usize);

/// The sightings of one kind.
struct Seen {
    /// The first of them. What it can come from, all can.
    example: usize,
    steps: Vec<At>,
}

/// The way from one kind to another.
struct Way {
    rank: Rank,
    /// Who may go it.
    open: BinaryHeap<At>,
    /// How many of the sightings of the kind where it begins are in it, or were.
    known: usize,
}

/// Sightings of like packets.
#[derive(Default)]
struct Alike {
    /// Their numbers, and their journeys, as long as they are few.
    sightings: Vec<usize>,
    journeys: Vec<usize>,
    are_many: bool,
}

/// Who was where with which TTL, by journey and spot.
type Visits = HashMap<(usize, usize), Vec<Option<u8>>>;

/// The kinds that have been seen, by what they have in common.
#[derive(Default)]
struct Groups {
    /// By flow and spot.
    at: HashMap<(usize, usize), Vec<usize>>,
    /// By flow, namespace, and whether they leave.
    within: HashMap<(usize, usize, bool), Vec<usize>>,
    /// By flow, and whether they leave.
    anywhere: HashMap<(usize, bool), Vec<usize>>,
    /// By flow: what went out by a link that lies on another.
    upper: HashMap<usize, Vec<usize>>,
    /// By identity and namespace: what came in.
    arrived: HashMap<(usize, usize), Vec<(usize, usize)>>,
}

struct Joining<'a> {
    sightings: &'a [Sighting],
    wiring: &'a Wiring,
    journeys: Vec<Journey>,
    /// Where each sighting is.
    placed: Vec<At>,
    identities: Numbers<&'a Identity>,
    alike: Vec<Alike>,
    /// The kinds of those of which there are many.
    kinds: Kinds<'a>,
    seen: Vec<Seen>,
    groups: Groups,
    ways: HashMap<(usize, usize), Way>,
    visits: Visits,
    /// The journeys with packets that are cut to pieces, or could be, by what the pieces have in common.
    pieces: HashMap<(u8, u8, u32), Vec<usize>>,
    wholes: HashMap<(u8, u8, u32), Vec<usize>>,
    /// Which journeys stand there.
    has_piece: Vec<bool>,
    has_whole: Vec<bool>,
}

impl<'a> Joining<'a> {
    fn new(sightings: &'a [Sighting], wiring: &'a Wiring) -> Self {
        Joining {
            sightings,
            wiring,
            journeys: Vec::new(),
            placed: Vec::with_capacity(sightings.len()),
            identities: Numbers::new(),
            alike: Vec::new(),
            kinds: Kinds::new(),
            seen: Vec::new(),
            groups: Groups::default(),
            ways: HashMap::new(),
            visits: Visits::new(),
            pieces: HashMap::new(),
            wholes: HashMap::new(),
            has_piece: Vec::new(),
            has_whole: Vec::new(),
        }
    }

    /// Adds the next sighting to the journey that it belongs to, and says which are like it.
    fn add(&mut self, number: usize, sighting: &'a Sighting) -> usize {
        let identity = self.identities.of(&sighting.identity);
        if identity == self.alike.len() {
            self.alike.push(Alike::default());
        }
        let alike = self.alike.get(identity);
        let of_same = match alike.filter(|alike| !alike.are_many) {
            Some(alike) => self.likeliest(alike.journeys.iter(), sighting),
            None => self.find_alike(sighting),
        };
        let of_cut = self.find_cut(sighting);
        let (from, journey) = match of_same.max(of_cut) {
            Some((origin, journey)) => (origin.from, journey),
            None => {
                self.journeys.push(Journey {
                    steps: Vec::new(),
                    is_bystander: is_bystander(&sighting.identity, &sighting.look),
                });
                self.has_piece.push(false);
                self.has_whole.push(false);
                (None, self.journeys.len() - 1)
            }
        };
        self.step(number, sighting, from, journey);
        self.note(number, identity, journey);
        identity
    }

    /// Remembers a sighting for those that are like it.
    fn note(&mut self, number: usize, identity: usize, journey: usize) {
        let Some(alike) = self.alike.get_mut(identity) else {
            return;
        };
        if alike.are_many {
            return self.index(number);
        }
        alike.sightings.push(number);
        if !alike.journeys.contains(&journey) {
            alike.journeys.push(journey);
        }
        if alike.sightings.len() > FEW {
            alike.are_many = true;
            alike.journeys = Vec::new();
            for number in std::mem::take(&mut alike.sightings) {
                self.index(number);
            }
        }
    }

    /// The likeliest origin in these journeys.
    fn likeliest<'b>(
        &self,
        journeys: impl Iterator<Item = &'b usize>,
        sighting: &Sighting,
    ) -> Option<(Origin, usize)> {
        let origin = |number: &usize| {
            let journey = self.journeys.get(*number)?;
            let origin = origin::find(journey, sighting, self.sightings, self.wiring)?;
            Some((origin, *number))
        };
        journeys.filter_map(origin).max()
    }

    /// The likeliest origin among the sightings with the same identity, where there are many.
    fn find_alike(&mut self, sighting: &'a Sighting) -> Option<(Origin, usize)> {
        let Joining {
            journeys,
            has_piece,
            sightings,
            wiring,
            kinds,
            seen,
            groups,
            ways,
            visits,
            ..
        } = self;
        let era = wiring.era(&sighting.place.netns, sighting.at);
        let kind = kinds.of(sighting, era);
        // What was cut to pieces has steps that are not alike.
        let was_here = |journey: usize| match has_piece.get(journey) {
            Some(true) => journeys
                .get(journey)
                .is_some_and(|journey| origin::was_here(journey, sighting, sightings)),
            _ => {
                let visits = visits.get(&(journey, kind.spot));
                let ttls = visits.into_iter().flatten();
                sighting.look.fragment.is_none()
                    && ttls.min().is_some_and(|ttl| sighting.look.ttl >= *ttl)
            }
        };
        let mut best: Option<(Origin, usize)> = None;
        // Kinds from which it can come, and how likely at most: where there is something likelier, none of them is.
        let mut offer = |some: &mut dyn Iterator<Item = usize>, most: Rank| {
            if best.is_some_and(|(origin, _)| origin.rank > most) {
                return;
            }
            for before in some {
                let Some(seen) = seen.get(before) else {
                    continue;
                };
                let way = match ways.get_mut(&(before, kind.number)) {
                    Some(way) => way,
                    None => {
                        let example = sightings.get(seen.example);
                        let rank = example.and_then(|it| origin::lead(it, sighting, wiring));
                        let Some(rank) = rank else {
                            continue;
                        };
                        ways.entry((before, kind.number)).or_insert_with(|| Way {
                            rank,
                            open: BinaryHeap::new(),
                            known: 0,
                        })
                    }
                };
                way.open.extend(seen.steps.iter().skip(way.known).copied());
                way.known = seen.steps.len();
                while let Some(&(step, journey)) = way.open.peek() {
                    if was_here(journey) {
                        way.open.pop();
                        continue;
                    }
                    let origin = Origin {
                        rank: way.rank,
                        from: Some(step),
                    };
                    best = best.max(Some((origin, journey)));
                    break;
                }
            }
        };
        let flow = kind.flow;
        let arrived = groups.within.get(&(flow, kind.netns, false));
        if sighting.leaves {
            offer(&mut members(arrived), Rank::Through);
            offer(&mut members(groups.upper.get(&flow)), Rank::Through);
            let left = groups.within.get(&(flow, kind.netns, true));
            offer(&mut members(left), Rank::Somehow);
        } else {
            let left = groups.anywhere.get(&(flow, true));
            let by_cable = match wiring.peers.get(&sighting.place) {
                Some(peer) if wiring.past.is_empty() => {
                    groups.at.get(&(flow, kinds.spot(peer, true)))
                }
                _ => left,
            };
            offer(&mut members(by_cable), Rank::Cable);
            offer(&mut members(arrived), Rank::Through);
            if wiring.is_stacked(&sighting.place, sighting.at) {
                offer(&mut members(left), Rank::Somehow);
                let arrived = groups.anywhere.get(&(flow, false));
                offer(&mut members(arrived), Rank::Somehow);
            }
        }
        // With other addresses, as NAT gives them.
        let others = groups.arrived.get(&(kind.identity, kind.netns));
        let others = others.into_iter().flatten().rev();
        let mut others = others
            .filter(|(_, other)| *other != flow)
            .take(WINDOW)
            .map(|(other, _)| *other);
        offer(&mut others, Rank::Translated);
        best
    }

    /// The likeliest origin among packets of which this one can be a piece, or that can be pieces of it.
    fn find_cut(&self, sighting: &Sighting) -> Option<(Origin, usize)> {
        let datagram = sighting.identity.datagram()?;
        let is_piece = sighting.look.fragment.is_some();
        let wholes = self.wholes.get(&datagram).filter(|_| is_piece);
        let pieces = self.pieces.get(&datagram).into_iter().flatten().rev();
        let wholes = wholes.into_iter().flatten().rev();
        self.likeliest(pieces.take(WINDOW).chain(wholes.take(WINDOW)), sighting)
    }

    fn step(&mut self, number: usize, sighting: &Sighting, from: Option<usize>, at: usize) {
        let Some(journey) = self.journeys.get_mut(at) else {
            return;
        };
        let before = from.and_then(|from| self.sightings.get(journey.steps.get(from)?.sighting));
        let differences = before.map(|before| before.look.differences(&sighting.look));
        let step = journey.steps.len();
        journey.steps.push(Step {
            sighting: number,
            from,
            differences: differences.unwrap_or_default(),
        });
        self.placed.push((step, at));
        if let Some(datagram) = sighting.identity.datagram() {
            let (of, noted) = match sighting.look.fragment {
                Some(_) => (&mut self.pieces, &mut self.has_piece),
                None => (&mut self.wholes, &mut self.has_whole),
            };
            if let Some(noted) = noted.get_mut(at).filter(|noted| !**noted) {
                *noted = true;
                of.entry(datagram).or_default().push(at);
            }
        }
    }

    /// Notes the kind of a sighting of which there are many.
    fn index(&mut self, number: usize) {
        let (Some(sighting), Some(&(step, at))) =
            (self.sightings.get(number), self.placed.get(number))
        else {
            return;
        };
        let era = self.wiring.era(&sighting.place.netns, sighting.at);
        let kind = self.kinds.of(sighting, era);
        let visits = self.visits.entry((at, kind.spot)).or_default();
        visits.push(sighting.look.ttl);
        // Numbers are given in the order in which kinds are seen.
        if kind.number == self.seen.len() {
            self.seen.push(Seen {
                example: number,
                steps: Vec::new(),
            });
            self.groups.add(kind, sighting, self.wiring);
        }
        if let Some(seen) = self.seen.get_mut(kind.number) {
            seen.steps.push((step, at));
        }
    }
}

fn members(group: Option<&Vec<usize>>) -> impl Iterator<Item = usize> {
    group.into_iter().flatten().copied()
}

impl Groups {
    fn add(&mut self, kind: Kind, sighting: &Sighting, wiring: &Wiring) {
        let Kind {
            flow,
            netns,
            spot,
            number,
            ..
        } = kind;
        let leaves = sighting.leaves;
        self.at.entry((flow, spot)).or_default().push(number);
        let within = self.within.entry((flow, netns, leaves)).or_default();
        within.push(number);
        let anywhere = self.anywhere.entry((flow, leaves)).or_default();
        anywhere.push(number);
        if leaves {
            if wiring.is_stacked(&sighting.place, sighting.at) {
                self.upper.entry(flow).or_default().push(number);
            }
            return;
        }
        let arrived = self.arrived.entry((kind.identity, netns)).or_default();
        arrived.push((number, flow));
    }
}
