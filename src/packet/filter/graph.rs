//! A program as a graph of decisions, before it is put in a row: each loads a value, compares it, and goes on at one of two places.
//!
//! It is built from the end, so that a decision only ever goes on at one that was there before it: there are no loops.

use std::collections::HashMap;
use std::rc::Rc;

use super::instruction::{Instruction, code};

/// Where it goes on: at a decision, or at the end.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(super) enum Target {
    /// The packet is not wanted.
    Reject,
    /// It is.
    Accept,
    /// The decision of that number.
    At(usize),
}

/// The instructions that bring a value into A. They take nothing from what came before them.
pub(super) type Value = Rc<[Instruction]>;

/// How A is compared, the condition of a jump.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) struct Comparison {
    /// JEQ, JGT, JGE or JSET, with the bit that says with what.
    pub code: u16,
    /// The number, or 0 for X.
    pub with: u32,
}

/// A decision.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(super) struct Decision {
    pub value: Value,
    pub comparison: Comparison,
    pub yes: Target,
    pub no: Target,
}

/// What has to be decided, from the left until it is known.
#[derive(Debug, Clone)]
pub(super) enum Test {
    /// Always, or never.
    Known(bool),
    /// A value compares so.
    Is(Value, Comparison),
    /// The opposite.
    Not(Box<Test>),
    /// All hold.
    All(Vec<Test>),
    /// One holds.
    Any(Vec<Test>),
}

/// More decisions than a program can have, even if many turn out to be superfluous.
const MOST: usize = 1 << 15;

/// Decisions, each only once.
#[derive(Debug, Default)]
pub(super) struct Graph {
    decisions: Vec<Decision>,
    known: HashMap<Decision, usize>,
    /// Whether there were too many.
    pub is_full: bool,
}

impl Comparison {
    /// With a number.
    pub fn number(code: u16, with: u32) -> Comparison {
        let code = code::JMP | code | code::K;
        Comparison { code, with }
    }

    /// With X.
    pub fn x(code: u16) -> Comparison {
        let code = code::JMP | code | code::X;
        Comparison { code, with: 0 }
    }

    /// What is compared with a number: JEQ, JGT, JGE or JSET and the number.
    pub fn of_number(self) -> Option<(u16, u32)> {
        let is_number = self.code & code::X == 0;
        is_number.then_some((self.code & 0xf0, self.with))
    }
}

impl Test {
    /// A value compared with a number. That no bit of a mask is set is asked in one instruction.
    pub fn is(value: &[Instruction], how: u16, with: u32) -> Test {
        const MASK: u16 = code::ALU | code::AND | code::K;
        if let ([rest @ .., last], code::JEQ) = (value, how)
            && last.code == MASK
            && !rest.is_empty()
        {
            let any = Test::Is(rest.into(), Comparison::number(code::JSET, last.k));
            if with == 0 {
                return any.not();
            }
            if with == last.k && with.is_power_of_two() {
                return any;
            }
        }
        Test::Is(value.into(), Comparison::number(how, with))
    }

    /// A value that equals a number.
    pub fn equal(value: &[Instruction], number: u32) -> Test {
        Test::is(value, code::JEQ, number)
    }

    /// The opposite.
    pub fn not(self) -> Test {
        Test::Not(Box::new(self))
    }
}

impl Graph {
    /// The decision at a place.
    pub fn at(&self, number: usize) -> Option<&Decision> {
        self.decisions.get(number)
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        self.decisions.len()
    }

    /// Where to go on to decide so.
    pub fn decide(&mut self, decision: Decision) -> Target {
        match decision.yes == decision.no {
            true => decision.yes,
            false => self.keep(decision),
        }
    }

    /// The place of a decision, superfluous or not.
    pub fn keep(&mut self, decision: Decision) -> Target {
        if let Some(number) = self.known.get(&decision) {
            return Target::At(*number);
        }
        let number = self.decisions.len();
        if number >= MOST {
            self.is_full = true;
            return Target::Reject;
        }
        self.known.insert(decision.clone(), number);
        self.decisions.push(decision);
        Target::At(number)
    }

    /// Where to go on to make a test.
    pub fn test(&mut self, test: &Test, yes: Target, no: Target) -> Target {
        match test {
            Test::Known(true) => yes,
            Test::Known(false) => no,
            Test::Is(value, comparison) => self.decide(Decision {
                value: value.clone(),
                comparison: *comparison,
                yes,
                no,
            }),
            Test::Not(test) => self.test(test, no, yes),
            Test::All(tests) => tests
                .iter()
                .rev()
                .fold(yes, |yes, test| self.test(test, yes, no)),
            Test::Any(tests) => tests
                .iter()
                .rev()
                .fold(no, |no, test| self.test(test, yes, no)),
        }
    }
}
