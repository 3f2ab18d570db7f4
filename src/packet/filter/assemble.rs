//! Puts decisions in a row: instructions that load what is not loaded yet, and jumps.
//!
//! Decisions for which the same instructions remain are one from there on, even if they look at different values: the numbers of
//! `port 80 or 443` stand there once for IPv4 and IPv6.
//!
//! A comparison can skip 255 instructions. What lies farther is reached over a jump that can go as far as it likes: one that stands
//! behind another comparison on the way, or else right behind its own.

use std::collections::HashMap;

use super::graph::{Decision, Graph, Target, Value};
use super::instruction::{Instruction, code};

/// What A and X hold where a decision begins.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
struct State {
    /// The decision whose value was loaded last, after which nothing has changed: A, X and the memory.
    loaded: Option<usize>,
    /// The header whose length X holds.
    length: Option<Instruction>,
}

/// A decision in its place, whose value is loaded by what remains to be loaded.
#[derive(Debug)]
struct Block {
    decision: Decision,
    /// Whether each outcome needs a jump of its own.
    is_far: [bool; 2],
    start: usize,
}

/// The instructions of the decisions from this beginning on; what is accepted is kept to so many bytes.
pub(super) fn assemble(graph: &Graph, root: Target, snaplen: u32) -> Vec<Instruction> {
    let ends = [Target::Accept, Target::Reject];
    let (graph, root) = loading(graph, root);
    let order = order(&graph, root);
    let blocks = order.iter().filter_map(|at| {
        Some(Block {
            decision: graph.at(*at)?.clone(),
            is_far: [false; 2],
            start: 0,
        })
    });
    let mut blocks: Vec<Block> = blocks.collect();
    let is_used = |end: &Target| {
        let leads = |block: &Block| [block.decision.yes, block.decision.no].contains(end);
        root == *end || blocks.iter().any(leads)
    };
    let ends: Vec<Target> = ends.into_iter().filter(is_used).collect();
    let mut place = vec![0; graph.len()];
    for (index, at) in order.iter().enumerate() {
        if let Some(place) = place.get_mut(*at) {
            *place = index;
        }
    }
    loop {
        let mut start = 0;
        for block in &mut blocks {
            block.start = start;
            start += block.length();
        }
        let starts: Vec<usize> = blocks.iter().map(|block| block.start).collect();
        let address = |target: Target| match target {
            Target::At(at) => place
                .get(at)
                .and_then(|index| starts.get(*index))
                .copied()
                .unwrap_or(start),
            end => start + ends.iter().position(|known| *known == end).unwrap_or(0),
        };
        if let Some(reached) = reach(&mut blocks, &address) {
            let mut all = Vec::new();
            for (block, reached) in blocks.iter().zip(reached) {
                block.write(reached, &address, snaplen, &mut all);
            }
            all.extend(ends.iter().filter_map(|end| ret(*end, snaplen)));
            return all;
        }
    }
}

/// Where both outcomes of each comparison go, at most 255 instructions on; None if some needed a jump and were given it, and so
/// everything has moved.
fn reach(blocks: &mut [Block], address: &dyn Fn(Target) -> usize) -> Option<Vec<[usize; 2]>> {
    let mut has_grown = false;
    // The next jump to each place, seen from where we are.
    let mut jumps: HashMap<Target, usize> = HashMap::new();
    let mut all = Vec::new();
    for block in blocks.iter_mut().rev() {
        let next = block.comparison() + 1;
        let targets = block.targets();
        let is_near = |at: &usize| at.saturating_sub(next) <= usize::from(u8::MAX);
        let mut reached = [next; 2];
        for ((target, is_far), reached) in
            targets.into_iter().zip(&mut block.is_far).zip(&mut reached)
        {
            let near = Some(address(target)).filter(is_near);
            let near = near.or_else(|| jumps.get(&target).copied().filter(is_near));
            match near {
                Some(at) if !*is_far => *reached = at,
                _ => {
                    has_grown |= !*is_far;
                    *is_far = true;
                }
            }
        }
        for (outcome, target) in targets.into_iter().enumerate() {
            if let (Some(jump), Some(reached)) = (block.jump(outcome), reached.get_mut(outcome)) {
                *reached = jump;
                jumps.insert(target, jump);
            }
        }
        all.push(reached);
    }
    all.reverse();
    (!has_grown).then_some(all)
}

fn ret(end: Target, snaplen: u32) -> Option<Instruction> {
    let kept = match end {
        Target::Accept => snaplen,
        Target::Reject => 0,
        Target::At(_) => return None,
    };
    Some(Instruction::new(code::RET | code::K, kept))
}

/// The decisions that are reached, each before those to which it leads, and what leads where a comparison holds next to it.
fn order(graph: &Graph, root: Target) -> Vec<usize> {
    let mut is_seen = vec![false; graph.len()];
    let mut order = Vec::new();
    // Each with whether its successors are done.
    let mut open = vec![(root, false)];
    while let Some((target, is_done)) = open.pop() {
        let Target::At(at) = target else {
            continue;
        };
        if is_done {
            order.push(at);
            continue;
        }
        let (Some(is_seen), Some(decision)) = (is_seen.get_mut(at), graph.at(at)) else {
            continue;
        };
        if std::mem::replace(is_seen, true) {
            continue;
        }
        open.extend([(target, true), (decision.yes, false), (decision.no, false)]);
    }
    order.reverse();
    order
}

/// The same decisions, each with the loads that remain for it, behind those before it.
fn loading(graph: &Graph, root: Target) -> (Graph, Target) {
    let order = order(graph, root);
    let loads = loads(graph, &order);
    let mut built = Graph::default();
    let mut places = vec![Target::Reject; graph.len()];
    for (at, value) in order.into_iter().zip(loads).rev() {
        let place = |target: Target| match target {
            Target::At(at) => places.get(at).copied().unwrap_or(Target::Reject),
            end => end,
        };
        if let Some(decision) = graph.at(at) {
            let decision = Decision {
                value,
                comparison: decision.comparison,
                yes: place(decision.yes),
                no: place(decision.no),
            };
            let found = built.keep(decision);
            if let Some(place) = places.get_mut(at) {
                *place = found;
            }
        }
    }
    let root = match root {
        Target::At(at) => places.get(at).copied().unwrap_or(Target::Reject),
        end => end,
    };
    (built, root)
}

/// The loads that remain for the decisions in this order.
fn loads(graph: &Graph, order: &[usize]) -> Vec<Value> {
    let mut before: Vec<Option<State>> = vec![None; graph.len()];
    let mut all = Vec::new();
    for at in order {
        let Some(decision) = graph.at(*at) else {
            continue;
        };
        let state = before.get(*at).copied().flatten().unwrap_or_default();
        let loaded = state.loaded.and_then(|loaded| graph.at(loaded));
        let value = &decision.value;
        let rest = loaded.and_then(|loaded| value.strip_prefix(&*loaded.value));
        let rest = rest.or_else(|| {
            let length = state.length?;
            value.strip_prefix(&[length])
        });
        let after = State {
            loaded: Some(*at),
            length: length_after(value, state.length),
        };
        for target in [decision.yes, decision.no] {
            let Target::At(next) = target else {
                continue;
            };
            if let Some(before) = before.get_mut(next) {
                *before = Some(match before {
                    Some(other) => common(graph, *other, after),
                    None => after,
                });
            }
        }
        all.push(rest.map_or_else(|| value.clone(), Value::from));
    }
    all
}

/// The header whose length X holds behind these instructions.
fn length_after(value: &[Instruction], before: Option<Instruction>) -> Option<Instruction> {
    const LENGTH: u16 = code::LDX | code::B | code::MSH;
    let changes = |one: &&Instruction| {
        one.code & code::CLASS == code::LDX || one.code == code::MISC | code::TAX
    };
    match value.iter().rev().find(changes) {
        Some(last) => Some(*last).filter(|last| last.code == LENGTH),
        None => before,
    }
}

/// What two ways have in common.
fn common(graph: &Graph, one: State, other: State) -> State {
    let value = |state: State| Some(&graph.at(state.loaded?)?.value);
    State {
        loaded: one.loaded.filter(|_| value(one) == value(other)),
        length: one.length.filter(|_| one.length == other.length),
    }
}

impl Block {
    fn length(&self) -> usize {
        let far = self.is_far.iter().filter(|is_far| **is_far).count();
        self.decision.value.len() + 1 + far
    }

    /// Where its comparison is.
    fn comparison(&self) -> usize {
        self.start + self.decision.value.len()
    }

    fn targets(&self) -> [Target; 2] {
        [self.decision.yes, self.decision.no]
    }

    /// Where the jump of an outcome stands, if it has one: right behind the comparison, or behind that of the other outcome.
    fn jump(&self, outcome: usize) -> Option<usize> {
        let before = self.is_far.iter().take(outcome);
        let before = before.filter(|is_far| **is_far).count();
        let is_far = self.is_far.get(outcome).is_some_and(|is_far| *is_far);
        is_far.then(|| self.comparison() + 1 + before)
    }

    fn write(
        &self,
        [yes, no]: [usize; 2],
        address: &dyn Fn(Target) -> usize,
        snaplen: u32,
        all: &mut Vec<Instruction>,
    ) {
        all.extend_from_slice(&self.decision.value);
        let next = self.comparison() + 1;
        all.push(Instruction {
            code: self.decision.comparison.code,
            jt: yes.saturating_sub(next) as u8,
            jf: no.saturating_sub(next) as u8,
            k: self.decision.comparison.with,
        });
        for (target, is_far) in self.targets().into_iter().zip(self.is_far) {
            if is_far {
                let skipped = address(target).saturating_sub(all.len() + 1);
                let jump = Instruction::new(code::JMP | code::JA, skipped as u32);
                all.push(ret(target, snaplen).unwrap_or(jump));
            }
        }
    }
}
