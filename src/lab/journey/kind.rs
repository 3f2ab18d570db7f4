//! Which sightings are alike: of a flood of like packets all that were seen in one place are of one kind, and whatever is found out
//! about one of them holds for all.

use std::collections::HashMap;
use std::hash::Hash;

use crate::packet::identity::{Identity, Look, Tuple};

use super::{Place, Sighting};

/// What a sighting is, in numbers: what is equal has the same.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Kind {
    /// What of the packet stays the same.
    pub identity: usize,
    /// That, with its addresses and ports.
    pub flow: usize,
    /// The namespace.
    pub netns: usize,
    /// The link, and whether it came in there or went out.
    pub spot: usize,
    /// All of it.
    pub number: usize,
}

/// Gives numbers to what is equal.
pub(super) struct Numbers<T>(HashMap<T, usize>);

impl<T: Eq + Hash> Numbers<T> {
    pub fn new() -> Self {
        Numbers(HashMap::new())
    }

    /// The number of this value.
    pub fn of(&mut self, value: T) -> usize {
        let next = self.0.len();
        *self.0.entry(value).or_insert(next)
    }
}

/// The kinds of sightings, and the spots that are named by a place and a direction.
pub(super) struct Kinds<'a> {
    spots: Numbers<(&'a Place, bool)>,
    namespaces: Numbers<&'a str>,
    identities: Numbers<&'a Identity>,
    flows: Numbers<(usize, Tuple)>,
    kinds: Numbers<(usize, usize, &'a Look, usize)>,
}

impl<'a> Kinds<'a> {
    pub fn new() -> Self {
        Kinds {
            spots: Numbers::new(),
            namespaces: Numbers::new(),
            identities: Numbers::new(),
            flows: Numbers::new(),
            kinds: Numbers::new(),
        }
    }

    /// What a sighting is, in a time in which the wiring was the same.
    pub fn of(&mut self, sighting: &'a Sighting, era: usize) -> Kind {
        let identity = self.identities.of(&sighting.identity);
        let spot = self.spot(&sighting.place, sighting.leaves);
        Kind {
            identity,
            flow: self.flows.of((identity, sighting.look.tuple())),
            netns: self.namespaces.of(&sighting.place.netns),
            spot,
            number: self.kinds.of((identity, spot, &sighting.look, era)),
        }
    }

    /// The number of a spot.
    pub fn spot(&mut self, place: &'a Place, leaves: bool) -> usize {
        self.spots.of((place, leaves))
    }
}
