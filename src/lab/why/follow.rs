//! Where the probe, or the answer to it, got no further.

use std::net::IpAddr;
use std::time::Duration;

use crate::packet::identity::{self, Identity, Look};
use crate::packet::layers::Link;

use super::super::journey::{End, Journey, Place, Sighting};
use super::Asked;
use super::probe::{Fate, Sent};
use super::state::State;

/// How far the packets came.
#[derive(Debug, Clone)]
pub(super) struct Course {
    /// The way there, in words.
    pub(super) there: Vec<String>,
    /// The way back, in words.
    pub(super) back: Vec<String>,
    /// The places on the way there, and whether it left by them.
    pub(super) crossed: Vec<(Place, bool)>,
    /// Those on the way back.
    pub(super) crossed_back: Vec<(Place, bool)>,
    /// The namespace in which the packet was last.
    pub(super) netns: String,
    /// The link on which it was seen last.
    pub(super) link: Option<String>,
    /// Whether it is the answer that got lost.
    pub(super) is_back: bool,
    /// How it ended.
    pub(super) stop: Stop,
    /// Whether it left only when the probe was over, or got so far so late that there was little time for an answer.
    pub(super) is_late: bool,
    /// What the packet looked like there: of one in a tunnel that is the tunnel's packet, and the tunnel.
    pub(super) look: Look,
}

impl Course {
    /// That of a packet that was not seen.
    fn unsent() -> Course {
        Course {
            there: Vec::new(),
            back: Vec::new(),
            crossed: Vec::new(),
            crossed_back: Vec::new(),
            netns: String::new(),
            link: None,
            is_back: false,
            stop: Stop::Unsent,
            is_late: false,
            look: Look::default(),
        }
    }

    /// Whether what stopped is the packet of a tunnel, with the probe in it.
    pub(super) fn is_packed(&self) -> bool {
        !self.look.tunnels.is_empty()
    }
}

/// How a packet ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Stop {
    /// It never left the namespace that it is from.
    Unsent,
    /// It left by a link, and did not arrive at the other end.
    OnTheWire,
    /// It came in by a link of a namespace that it is not for, and was not passed on.
    NotPassedOn,
    /// It came in where it is for, and nothing came of it.
    Received,
}

/// What is looked for: the probe, or its answer.
struct Wanted {
    netns: String,
    source: Option<IpAddr>,
    destination: IpAddr,
    protocol: u8,
    after: usize,
}

pub(super) fn course(sent: &Sent, state: &State<'_>, asked: &Asked) -> Course {
    let there = Wanted {
        netns: state.from.clone(),
        source: asked.source,
        destination: asked.to,
        protocol: asked.protocol.number(asked.to),
        after: 0,
    };
    let mut course = Course {
        netns: state.from.clone(),
        look: Look {
            source: asked.source,
            destination: Some(asked.to),
            dport: asked.protocol.port(),
            ..Look::default()
        },
        ..Course::unsent()
    };
    let Some(journey) = find(sent, &there, sent.until) else {
        course.is_late = find(sent, &there, Duration::MAX).is_some();
        return course;
    };
    course.there = path(sent, journey);
    course.crossed = places(sent, journey);
    let last = end(sent, journey, &mut course);
    course.is_late = is_late(sent, asked, last);
    let (Some(last), Stop::Received, false) = (last, course.stop, course.is_packed()) else {
        return course;
    };
    // What said no is an answer that arrived.
    if matches!(sent.outcome, Fate::Error(_) | Fate::Refused) {
        return course;
    }
    // It was delivered: what came back?
    let (Some(source), Some(destination)) = (course.look.source, course.look.destination) else {
        return course;
    };
    let back = Wanted {
        netns: course.netns.clone(),
        source: Some(destination),
        destination: source,
        protocol: there.protocol,
        after: last,
    };
    let Some(answer) = find(sent, &back, sent.until) else {
        return course;
    };
    course.is_back = true;
    course.back = path(sent, answer);
    course.crossed_back = places(sent, answer);
    let last = end(sent, answer, &mut course);
    course.is_late |= is_late(sent, asked, last);
    course
}

/// Whether half of the time was over when a packet was seen last, and nothing came back: it had to wait somewhere.
fn is_late(sent: &Sent, asked: &Asked, last: Option<usize>) -> bool {
    let seen = last.and_then(|number| sent.trace.sightings.get(number));
    matches!(sent.outcome, Fate::Silence)
        && seen.is_some_and(|seen| seen.at.saturating_add(asked.timeout / 2) > sent.until)
}

fn find<'a>(sent: &'a Sent, wanted: &Wanted, until: Duration) -> Option<&'a Journey> {
    let trace = &sent.trace;
    let is_it = |journey: &&Journey| {
        let Some((number, sighting)) = trace.first(journey) else {
            return false;
        };
        let is_protocol = match &sighting.identity {
            Identity::Ip {
                protocol, inside, ..
            } => *protocol == wanted.protocol && !is_error(*protocol, inside),
            _ => false,
        };
        is_protocol
            && sighting.at <= until
            && number >= wanted.after
            && sighting.leaves
            && sighting.place.netns == wanted.netns
            && sighting.look.destination == Some(wanted.destination)
            && (wanted.source.is_none() || sighting.look.source == wanted.source)
    };
    let mut own = trace.own_journeys();
    own.find(is_it)
}

/// Whether an ICMP message tells of a fault (RFC 792, RFC 4443).
fn is_error(protocol: u8, inside: &[u8]) -> bool {
    match (protocol, inside.first()) {
        (1, Some(kind)) => [3, 4, 5, 11, 12].contains(kind),
        (58, Some(kind)) => *kind < 128,
        _ => false,
    }
}

/// Each place on the way, in words.
pub(super) fn path(sent: &Sent, journey: &Journey) -> Vec<String> {
    let steps = journey.steps.iter();
    let sightings = steps.filter_map(|step| sent.trace.sightings.get(step.sighting));
    sightings.map(words).collect()
}

fn places(sent: &Sent, journey: &Journey) -> Vec<(Place, bool)> {
    let steps = journey.steps.iter();
    let sightings = steps.filter_map(|step| sent.trace.sightings.get(step.sighting));
    sightings
        .map(|sighting| (sighting.place.clone(), sighting.leaves))
        .collect()
}

fn words(sighting: &Sighting) -> String {
    let direction = if sighting.leaves { "out" } else { "in" };
    format!("{} {direction}", sighting.place)
}

/// Notes where a journey ended, and gives the sighting.
fn end(sent: &Sent, journey: &Journey, course: &mut Course) -> Option<usize> {
    let trace = &sent.trace;
    let ends = journey.ends(&trace.sightings, &trace.wiring);
    let delivered = ends.iter().find(|(_, end)| *end == End::Delivered);
    let (step, _) = delivered.or_else(|| {
        // Of several copies, the one that came furthest.
        ends.iter().max_by_key(|(step, _)| depth(journey, *step))
    })?;
    let number = journey.steps.get(*step)?.sighting;
    stop_at(sent, number, course)?;
    Some(number)
}

/// Notes that a packet was seen here last.
fn stop_at(sent: &Sent, number: usize, course: &mut Course) -> Option<()> {
    let trace = &sent.trace;
    let sighting = trace.sightings.get(number)?;
    course.netns.clone_from(&sighting.place.netns);
    course.link = Some(sighting.place.link.clone());
    // On the wire what is in a tunnel is a packet of the tunnel.
    let on_wire = match sighting.look.tunnels.is_empty() {
        true => sighting.clone(),
        false => {
            let packet = trace.packets.get(number)?;
            let link = packet.link_type.beginning().unwrap_or(Link::Ethernet);
            Sighting {
                look: identity::outermost(&packet.bytes, link),
                ..sighting.clone()
            }
        }
    };
    course.stop = match (trace.wiring.end(&on_wire), sighting.leaves) {
        (End::Delivered, _) => Stop::Received,
        (_, true) => Stop::OnTheWire,
        (_, false) => Stop::NotPassedOn,
    };
    course.look = on_wire.look;
    course.look.tunnels = sighting.look.tunnels.iter().take(1).cloned().collect();
    Some(())
}

/// Where a packet of a tunnel from one namespace to an address got no further, the last of them: whatever it carries, a question
/// for a hardware address too.
pub(super) fn packed(sent: &Sent, state: &State<'_>, from: &str, to: IpAddr) -> Option<Course> {
    let trace = &sent.trace;
    let space = state.space(from)?;
    let ends = trace.own_journeys().flat_map(|journey| {
        let ends = journey.ends(&trace.sightings, &trace.wiring);
        ends.into_iter()
            .filter_map(|(step, _)| Some(journey.steps.get(step)?.sighting))
    });
    let number = ends
        .filter(|number| {
            let sighting = trace.sightings.get(*number);
            let tunnel = sighting.and_then(|sighting| sighting.look.tunnels.first());
            tunnel.is_some_and(|tunnel| tunnel.destination == to && space.has(tunnel.source))
        })
        .max()?;
    let mut course = Course::unsent();
    stop_at(sent, number, &mut course)?;
    Some(course)
}

fn depth(journey: &Journey, step: usize) -> usize {
    let mut depth = 0;
    let mut at = Some(step);
    while let Some(step) = at.and_then(|at| journey.steps.get(at)) {
        depth += 1;
        at = step.from;
        if depth > journey.steps.len() {
            break;
        }
    }
    depth
}

/// Where a question of ARP or of neighbour discovery for this address came in, which left by this link; None if none did.
pub(super) fn question_for(sent: &Sent, from: &Place, address: IpAddr) -> Option<Vec<Place>> {
    let trace = &sent.trace;
    let asks = |journey: &&Journey| {
        let Some((_, sighting)) = trace.first(journey) else {
            return false;
        };
        sighting.leaves
            && sighting.place == *from
            && match &sighting.identity {
                Identity::Arp(body) => {
                    body.get(6..8) == Some(&[0, 1]) && sighting.look.destination == Some(address)
                }
                Identity::Ip {
                    protocol: 58,
                    inside,
                    ..
                } => {
                    let IpAddr::V6(target) = address else {
                        return false;
                    };
                    inside.first() == Some(&135) && inside.get(6..22) == Some(&target.octets()[..])
                }
                _ => false,
            }
    };
    let mut own = trace.own_journeys();
    let journey = own.find(asks)?;
    let heard_in = journey
        .steps
        .iter()
        .filter_map(|step| trace.sightings.get(step.sighting))
        .filter(|sighting| !sighting.leaves)
        .map(|sighting| sighting.place.clone())
        .collect();
    Some(heard_in)
}
