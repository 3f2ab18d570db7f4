//! Leaves out decisions whose outcome is known from those before them: who has seen that a packet is IPv4 need not ask whether it
//! is IPv6. An edge of the graph that leads to a decision whose outcome is known on the way there is made to lead to where that
//! decision leads.

use std::collections::HashMap;

use super::graph::{Comparison, Decision, Graph, Target, Value};
use super::instruction::code;

/// The most values of which something is remembered on one way, and the most numbers that one is known not to be. To forget is
/// always right: it only leaves a decision in that could go.
const MOST_VALUES: usize = 64;
const MOST_NUMBERS: usize = 64;
/// The most times that all decisions are looked at. What one round leaves out can show that two decisions are the same.
const MOST_ROUNDS: usize = 16;

/// What is known about a value.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Known {
    /// It is no smaller.
    low: u32,
    /// It is no larger.
    high: u32,
    /// It is none of these.
    not: Vec<u32>,
    /// Whether it has any bit of a mask.
    bits: Vec<(u32, bool)>,
}

/// What is known about all values, by the numbers of the values.
type Facts = Vec<(usize, Known)>;

impl Known {
    fn nothing() -> Known {
        Known {
            low: 0,
            high: u32::MAX,
            not: Vec::new(),
            bits: Vec::new(),
        }
    }

    fn can_be(&self, number: u32) -> bool {
        let fits = |(mask, any): &(u32, bool)| (number & mask != 0) == *any;
        (self.low..=self.high).contains(&number)
            && !self.not.contains(&number)
            && self.bits.iter().all(fits)
    }

    /// Whether a comparison holds, if that is known.
    fn outcome(&self, how: u16, with: u32) -> Option<bool> {
        let is_one = self.low == self.high;
        match how {
            code::JEQ if !self.can_be(with) => Some(false),
            code::JEQ => is_one.then_some(true),
            code::JGT if self.low > with => Some(true),
            code::JGT => (self.high <= with).then_some(false),
            code::JGE if self.low >= with => Some(true),
            code::JGE => (self.high < with).then_some(false),
            code::JSET if is_one => Some(self.low & with != 0),
            code::JSET => self.bits.iter().find_map(|(mask, any)| match any {
                true => (mask & !with == 0).then_some(true),
                false => (with & !mask == 0).then_some(false),
            }),
            _ => None,
        }
    }

    /// Learns what came out of a comparison.
    fn learn(&mut self, how: u16, with: u32, holds: bool) {
        match (how, holds) {
            (code::JEQ, true) => (self.low, self.high) = (with, with),
            (code::JEQ, false) if self.not.len() < MOST_NUMBERS => self.not.push(with),
            (code::JGT, true) => self.low = self.low.max(with.saturating_add(1)),
            (code::JGT, false) => self.high = self.high.min(with),
            (code::JGE, true) => self.low = self.low.max(with),
            (code::JGE, false) => self.high = self.high.min(with.saturating_sub(1)),
            (code::JSET, any) if self.bits.len() < MOST_NUMBERS => self.bits.push((with, any)),
            _ => {}
        }
    }

    /// What is known on both of two ways.
    fn common(&self, other: &Known) -> Known {
        let mut not: Vec<u32> = self.not.clone();
        not.retain(|number| !other.can_be(*number));
        let others = other.not.iter().copied();
        not.extend(others.filter(|number| !self.can_be(*number)));
        not.sort_unstable();
        not.dedup();
        not.truncate(MOST_NUMBERS);
        let bits = self.bits.iter().copied();
        Known {
            low: self.low.min(other.low),
            high: self.high.max(other.high),
            not,
            bits: bits.filter(|one| other.bits.contains(one)).collect(),
        }
    }
}

/// One look at all decisions.
struct Round<'a> {
    graph: &'a Graph,
    /// The numbers of the values of the decisions.
    values: Vec<usize>,
    /// What is known before each decision; None for those that nothing leads to.
    before: Vec<Option<Facts>>,
    has_changed: bool,
}

/// Leaves out what is superfluous, from this beginning on.
pub(super) fn simplify(mut graph: Graph, mut root: Target) -> (Graph, Target) {
    for _ in 0..MOST_ROUNDS {
        let has_changed;
        (graph, root, has_changed) = round(&graph, root);
        if !has_changed {
            break;
        }
    }
    (graph, root)
}

fn round(graph: &Graph, root: Target) -> (Graph, Target, bool) {
    let mut numbers: HashMap<&Value, usize> = HashMap::new();
    let decisions = (0..graph.len()).filter_map(|at| graph.at(at));
    let values = decisions.map(|decision| {
        let next = numbers.len();
        *numbers.entry(&decision.value).or_insert(next)
    });
    let mut round = Round {
        graph,
        values: values.collect(),
        before: vec![None; graph.len()],
        has_changed: false,
    };
    round.arrive(root, &Vec::new());
    // A decision leads to such of lower numbers only: all ways to one are known before its turn comes.
    let mut ways = vec![(Target::Reject, Target::Reject); graph.len()];
    for (at, way) in ways.iter_mut().enumerate().rev() {
        if let Some(found) = round.ways(at) {
            *way = found;
        }
    }
    // Built anew, decisions that have become the same are one.
    let mut built = Graph::default();
    let mut places: Vec<Target> = Vec::new();
    for (at, (yes, no)) in ways.iter().enumerate() {
        let place = |target: &Target| match target {
            Target::At(at) => places.get(*at).copied().unwrap_or(Target::Reject),
            end => *end,
        };
        let target = match (graph.at(at), round.before.get(at)) {
            (Some(decision), Some(Some(_))) => built.decide(Decision {
                yes: place(yes),
                no: place(no),
                ..decision.clone()
            }),
            _ => Target::Reject,
        };
        places.push(target);
    }
    let root = match root {
        Target::At(at) => places.get(at).copied().unwrap_or(Target::Reject),
        end => end,
    };
    let has_changed = round.has_changed || built.len() < graph.len();
    (built, root, has_changed)
}

impl Round<'_> {
    /// Where a decision leads, its superfluous successors left out.
    fn ways(&mut self, at: usize) -> Option<(Target, Target)> {
        let decision = self.graph.at(at)?;
        let facts = self.before.get(at)?.clone()?;
        let value = *self.values.get(at)?;
        let yes = self.way(decision.yes, &facts, value, decision.comparison, true);
        let no = self.way(decision.no, &facts, value, decision.comparison, false);
        self.has_changed |= (yes, no) != (decision.yes, decision.no);
        Some((yes, no))
    }

    /// Where one outcome of a comparison leads.
    fn way(
        &mut self,
        target: Target,
        facts: &Facts,
        value: usize,
        comparison: Comparison,
        holds: bool,
    ) -> Target {
        let mut facts = facts.clone();
        if let Some((how, with)) = comparison.of_number() {
            let is_full = facts.len() == MOST_VALUES;
            match facts.iter_mut().find(|(known, _)| *known == value) {
                Some((_, known)) => known.learn(how, with, holds),
                // What was learnt first is of the lower layers, and asked again most.
                None if is_full => {}
                None => {
                    let mut known = Known::nothing();
                    known.learn(how, with, holds);
                    facts.push((value, known));
                }
            }
        }
        let mut target = target;
        while let Some(next) = self.known_way(target, &facts) {
            target = next;
        }
        self.arrive(target, &facts);
        target
    }

    /// Where a decision leads whose outcome is known.
    fn known_way(&self, target: Target, facts: &Facts) -> Option<Target> {
        let Target::At(at) = target else {
            return None;
        };
        let decision = self.graph.at(at)?;
        let value = self.values.get(at)?;
        let (how, with) = decision.comparison.of_number()?;
        let (_, known) = facts.iter().find(|(of, _)| of == value)?;
        Some(match known.outcome(how, with)? {
            true => decision.yes,
            false => decision.no,
        })
    }

    /// Notes what is known on a way to a decision.
    fn arrive(&mut self, target: Target, facts: &Facts) {
        let Target::At(at) = target else {
            return;
        };
        let Some(before) = self.before.get_mut(at) else {
            return;
        };
        let Some(before) = before else {
            *before = Some(facts.clone());
            return;
        };
        before.retain_mut(|(value, known)| {
            let other = facts.iter().find(|(of, _)| of == value);
            match other {
                Some((_, other)) => {
                    *known = known.common(other);
                    *known != Known::nothing()
                }
                None => false,
            }
        });
    }
}
