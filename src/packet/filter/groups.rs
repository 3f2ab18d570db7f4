//! Puts decisions next to each other that look at the same value, which then is loaded once: for `port 80 or 443` both numbers are
//! looked for at the source, and then both at the destination.
//!
//! That is possible in a chain, of decisions each of which leads to the same place or else to the next: in which order they stand is
//! the same, but for a packet that is cut short. libpcap's optimizer does it too.

use super::graph::{Decision, Graph, Target, Value};

/// Which outcome leads on in a chain.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    /// No: the first that holds decides.
    Any,
    /// Yes: the first that does not hold decides.
    All,
}

impl Kind {
    /// Where a decision leads out of the chain, and on in it.
    fn out_and_on(self, decision: &Decision) -> (Target, Target) {
        match self {
            Kind::Any => (decision.yes, decision.no),
            Kind::All => (decision.no, decision.yes),
        }
    }

    /// A decision that leads there.
    fn with(self, decision: &Decision, out: Target, on: Target) -> Decision {
        let (yes, no) = match self {
            Kind::Any => (out, on),
            Kind::All => (on, out),
        };
        Decision {
            yes,
            no,
            ..decision.clone()
        }
    }
}

/// Groups the decisions of all chains.
pub(super) fn regroup(graph: &Graph, root: Target) -> (Graph, Target) {
    let (graph, root) = of_kind(graph, root, Kind::Any);
    of_kind(&graph, root, Kind::All)
}

fn of_kind(graph: &Graph, root: Target, kind: Kind) -> (Graph, Target) {
    let next = nexts(graph, root, kind);
    let mut is_inside = vec![false; graph.len()];
    for next in next.iter().flatten() {
        if let Some(is_inside) = is_inside.get_mut(*next) {
            *is_inside = true;
        }
    }
    let mut built = Graph::default();
    let mut places: Vec<Target> = Vec::new();
    for (at, is_inside) in is_inside.iter().enumerate() {
        // What is inside is built with the beginning of its chain, which comes later.
        let place = match is_inside {
            true => Target::Reject,
            false => build(graph, kind, &chain(&next, at), &places, &mut built),
        };
        places.push(place);
    }
    let root = placed(&places, root);
    (built, root)
}

fn placed(places: &[Target], target: Target) -> Target {
    match target {
        Target::At(at) => places.get(at).copied().unwrap_or(Target::Reject),
        end => end,
    }
}

/// The decisions that follow those of their numbers in chains: nothing else leads to them.
fn nexts(graph: &Graph, root: Target, kind: Kind) -> Vec<Option<usize>> {
    let mut leading = vec![0; graph.len()];
    let decisions = (0..graph.len()).filter_map(|at| graph.at(at));
    let targets = decisions.flat_map(|decision| [decision.yes, decision.no]);
    for target in targets.chain([root]) {
        if let Target::At(at) = target
            && let Some(leading) = leading.get_mut(at)
        {
            *leading += 1;
        }
    }
    let next = |at: usize| {
        let (out, on) = kind.out_and_on(graph.at(at)?);
        let Target::At(next) = on else {
            return None;
        };
        let is_chain = kind.out_and_on(graph.at(next)?).0 == out;
        (is_chain && leading.get(next) == Some(&1)).then_some(next)
    };
    (0..graph.len()).map(next).collect()
}

/// The decisions of a chain from its beginning on.
fn chain(next: &[Option<usize>], beginning: usize) -> Vec<usize> {
    let mut all = vec![beginning];
    let mut at = beginning;
    while let Some(following) = next.get(at).copied().flatten() {
        all.push(following);
        at = following;
    }
    all
}

/// Builds a chain anew, those together that look at the same value.
fn build(
    graph: &Graph,
    kind: Kind,
    chain: &[usize],
    places: &[Target],
    built: &mut Graph,
) -> Target {
    let mut groups: Vec<(&Value, Vec<&Decision>)> = Vec::new();
    let mut end = Target::Reject;
    for decision in chain.iter().filter_map(|at| graph.at(*at)) {
        end = placed(places, kind.out_and_on(decision).1);
        let same = |group: &&mut (&Value, Vec<&Decision>)| *group.0 == decision.value;
        match groups.iter_mut().find(same) {
            Some((_, group)) => group.push(decision),
            None => groups.push((&decision.value, vec![decision])),
        }
    }
    let decisions = groups.iter().flat_map(|(_, group)| group).rev();
    decisions.fold(end, |on, decision| {
        let out = placed(places, kind.out_and_on(decision).0);
        built.decide(kind.with(decision, out, on))
    })
}
