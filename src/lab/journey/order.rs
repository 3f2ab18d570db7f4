//! Packets that are alike keep their order: a cable, a queue and a router hand on first what came first.
//!
//! Joining takes of two that are as likely the one that was seen last, for what was seen long before and did not go on was lost: who
//! gets no answer says the same once more. That tells which of them went on. Of those the first that came is the first that goes.

use std::collections::{HashMap, HashSet};

use super::kind::Kinds;
use super::{Journey, Sighting, Step, Wiring};

/// The number of the kind of each sighting.
type Numbered = HashMap<usize, usize>;

/// Puts journeys of like packets in order. `identities` says of each sighting which are alike. What journeys are made of stays: each
/// place that led to another still leads there as often.
pub(super) fn put(
    journeys: &mut [Journey],
    sightings: &[Sighting],
    identities: &[usize],
    wiring: &Wiring,
) {
    let mut alike: HashMap<usize, Vec<usize>> = HashMap::new();
    for (number, journey) in journeys.iter().enumerate() {
        if let Some(identity) = identity(journey, identities) {
            alike.entry(identity).or_default().push(number);
        }
    }
    for numbers in alike.into_values().filter(|numbers| numbers.len() > 1) {
        let some: Vec<&Journey> = numbers
            .iter()
            .filter_map(|number| journeys.get(*number))
            .collect();
        let Some(ordered) = in_order(&some, &kinds(&some, sightings, wiring)) else {
            continue;
        };
        for (number, steps) in numbers.into_iter().zip(ordered) {
            if let Some(journey) = journeys.get_mut(number) {
                journey.steps = steps;
            }
        }
    }
}

/// Which packet it is about; None if one was cut to pieces, or put together of them.
fn identity(journey: &Journey, identities: &[usize]) -> Option<usize> {
    let mut of = journey
        .steps
        .iter()
        .map(|step| identities.get(step.sighting));
    let first = of.next()?;
    let begins = journey.steps.iter().filter(|step| step.from.is_none());
    let is_one = begins.count() == 1 && of.all(|identity| identity == first);
    first.filter(|_| is_one).copied()
}

fn kinds(journeys: &[&Journey], sightings: &[Sighting], wiring: &Wiring) -> Numbered {
    let mut kinds = Kinds::new();
    let steps = journeys.iter().flat_map(|journey| &journey.steps);
    steps
        .filter_map(|step| {
            let sighting = sightings.get(step.sighting)?;
            let era = wiring.era(&sighting.place.netns, sighting.at);
            Some((step.sighting, kinds.of(sighting, era).number))
        })
        .collect()
}

/// The steps of journeys of like packets, put in order; None if there is nothing to do, or if one would be in a place twice.
fn in_order(journeys: &[&Journey], kinds: &Numbered) -> Option<Vec<Vec<Step>>> {
    let kind = |sighting: usize| kinds.get(&sighting).copied();
    // Which sighting came from which, by what they are.
    let mut ways: HashMap<(usize, usize), (Vec<usize>, Vec<usize>)> = HashMap::new();
    let mut origins: HashMap<usize, HashSet<usize>> = HashMap::new();
    let mut from: HashMap<usize, usize> = HashMap::new();
    for journey in journeys {
        for step in &journey.steps {
            let before = step.from.and_then(|from| journey.steps.get(from));
            let Some(before) = before.map(|before| before.sighting) else {
                continue;
            };
            let way = (kind(before)?, kind(step.sighting)?);
            let (begins, ends) = ways.entry(way).or_default();
            begins.push(before);
            ends.push(step.sighting);
            origins.entry(way.1).or_default().insert(way.0);
            from.insert(step.sighting, before);
        }
    }
    let mut is_changed = false;
    for ((_, to), (mut begins, mut ends)) in ways {
        // What comes to a place by two ways may have overtaken.
        if origins.get(&to).is_none_or(|origins| origins.len() > 1) {
            continue;
        }
        begins.sort_unstable();
        ends.sort_unstable();
        for (begin, end) in begins.into_iter().zip(ends) {
            is_changed |= from.insert(end, begin) != Some(begin);
        }
    }
    is_changed.then(|| follow(journeys, &from, kinds)).flatten()
}

/// The journeys that begin where these do, and go on so.
fn follow(
    journeys: &[&Journey],
    from: &HashMap<usize, usize>,
    kinds: &Numbered,
) -> Option<Vec<Vec<Step>>> {
    let mut all: Vec<(&Step, usize)> = Vec::new();
    for (number, journey) in journeys.iter().enumerate() {
        all.extend(journey.steps.iter().map(|step| (step, number)));
    }
    all.sort_unstable_by_key(|(step, _)| step.sighting);
    let mut followed: Vec<Vec<Step>> = vec![Vec::new(); journeys.len()];
    let mut places: HashMap<usize, (usize, usize)> = HashMap::new();
    let mut been: HashSet<(usize, usize)> = HashSet::new();
    for (step, number) in all {
        let before = from.get(&step.sighting);
        let (journey, from) = match before {
            None => (number, None),
            Some(before) => {
                let (journey, at) = *places.get(before)?;
                (journey, Some(at))
            }
        };
        if !been.insert((journey, *kinds.get(&step.sighting)?)) {
            return None;
        }
        let steps = followed.get_mut(journey)?;
        places.insert(step.sighting, (journey, steps.len()));
        steps.push(Step {
            from,
            ..step.clone()
        });
    }
    Some(followed)
}
