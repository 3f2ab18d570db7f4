//! What computations and comparisons of numbers mean: the instructions that work them out.

use super::graph::{Comparison, Test};
use super::instruction::{Instruction, code};
use super::meaning::{BYTE, FOUR, Layout, TWO, load};
use super::syntax::{Number, Operator, Relation};
use super::words::{self, Protocol};

/// The number of ICMPv6.
const ICMP6: u8 = 58;

impl Layout {
    /// Two numbers that compare so, in a packet that has the headers from which they come.
    pub fn relation(self, left: &Number, relation: Relation, right: &Number) -> Test {
        let (left, relation, right) = match (left, right) {
            (Number::Known(left), Number::Known(right)) => {
                return Test::Known(relation.holds(*left, *right));
            }
            (Number::Known(_), _) => (right, relation.turned(), left),
            _ => (left, relation, right),
        };
        let (how, holds) = match relation {
            Relation::Equal => (code::JEQ, true),
            Relation::NotEqual => (code::JEQ, false),
            Relation::Greater => (code::JGT, true),
            Relation::LessOrEqual => (code::JGT, false),
            Relation::GreaterOrEqual => (code::JGE, true),
            Relation::Less => (code::JGE, false),
        };
        let test = match right {
            Number::Known(right) => Test::is(&self.number(left, 0), how, *right),
            right => Test::Is(self.both(left, right, 0).into(), Comparison::x(how)),
        };
        let mut tests = Vec::new();
        self.needs(left, &mut tests);
        self.needs(right, &mut tests);
        tests.push(if holds { test } else { test.not() });
        Test::All(tests)
    }

    /// The headers that a packet needs.
    fn needs(self, number: &Number, tests: &mut Vec<Test>) {
        let (protocol, offset) = match number {
            Number::Known(_) | Number::Length => return,
            Number::Negative(of) => return self.needs(of, tests),
            Number::Computed(_, left, right) => {
                self.needs(left, tests);
                return self.needs(right, tests);
            }
            Number::Bytes(protocol, offset, _) => (*protocol, offset),
        };
        match protocol {
            Protocol::InIp6(ICMP6) => {
                self.needs(offset, tests);
                tests.push(self.frame(words::IPV6));
                tests.push(Test::equal(&load(BYTE, self.network() + 6), ICMP6.into()));
            }
            Protocol::InIp(_) | Protocol::InIp6(_) | Protocol::InBoth(_) => {
                tests.push(self.frame(words::IPV4));
                self.needs(offset, tests);
                tests.push(self.protocol(protocol));
                tests.push(self.first_fragment());
            }
            protocol => {
                self.needs(offset, tests);
                tests.push(self.protocol(protocol));
            }
        }
    }

    /// Brings a number into A. Memory is free from that word on.
    fn number(self, number: &Number, free: u32) -> Vec<Instruction> {
        match number {
            Number::Known(number) => vec![Instruction::new(code::LD | code::IMM, *number)],
            Number::Length => vec![Instruction::new(code::LD | code::LEN, 0)],
            Number::Negative(of) => {
                let mut all = self.number(of, free);
                all.push(Instruction::new(code::ALU | code::NEG, 0));
                all
            }
            Number::Bytes(protocol, offset, size) => {
                let size = match size {
                    1 => BYTE,
                    2 => TWO,
                    _ => FOUR,
                };
                self.bytes(*protocol, offset, size, free)
            }
            Number::Computed(operator, left, right) => match (&**left, &**right) {
                (left, Number::Known(by)) => {
                    let mut all = self.number(left, free);
                    all.push(Instruction::new(computes(*operator) | code::K, *by));
                    all
                }
                (Number::Known(by), right) if is_the_same_turned(*operator) => {
                    let mut all = self.number(right, free);
                    all.push(Instruction::new(computes(*operator) | code::K, *by));
                    all
                }
                (left, right) => {
                    let mut all = self.both(left, right, free);
                    all.push(Instruction::new(computes(*operator) | code::X, 0));
                    all
                }
            },
        }
    }

    /// Brings bytes of a header into A.
    fn bytes(self, protocol: Protocol, offset: &Number, size: u16, free: u32) -> Vec<Instruction> {
        let first = match protocol {
            Protocol::Ether => 0,
            Protocol::InIp6(ICMP6) => self.network() + 40,
            _ => self.network(),
        };
        let is_behind_ip = is_behind_ip(protocol);
        if let Number::Known(offset) = offset {
            return match is_behind_ip {
                true => self.behind_ip(size, *offset).to_vec(),
                false => load(size, first.wrapping_add(*offset)).to_vec(),
            };
        }
        let mut all = self.number(offset, free);
        if is_behind_ip {
            all.push(self.ip_length());
            all.push(Instruction::new(code::ALU | code::ADD | code::X, 0));
        }
        all.push(Instruction::new(code::MISC | code::TAX, 0));
        all.push(Instruction::new(code::LD | size | code::IND, first));
        all
    }

    /// Brings one number into A and the other into X. What takes more memory comes first: then the words that a computation takes
    /// are no more than the logarithm of its operators, and 16 are enough for those that it may have.
    fn both(self, a: &Number, x: &Number, free: u32) -> Vec<Instruction> {
        const TAX: Instruction = Instruction::new(code::MISC | code::TAX, 0);
        if !takes_x(a) {
            let mut all = self.number(x, free);
            all.push(TAX);
            all.extend(self.number(a, free));
            return all;
        }
        let (first, second, moves): (_, _, &[Instruction]) = match memory(a) > memory(x) {
            true => (a, x, &[TAX, Instruction::new(code::LD | code::MEM, free)]),
            false => (x, a, &[Instruction::new(code::LDX | code::MEM, free)]),
        };
        let mut all = self.number(first, free);
        all.push(Instruction::new(code::ST, free));
        all.extend(self.number(second, free + 1));
        all.extend(moves);
        all
    }
}

/// Whether the bytes are behind a header of IPv4, whose length has to be looked at.
fn is_behind_ip(protocol: Protocol) -> bool {
    match protocol {
        Protocol::InIp6(ICMP6) => false,
        Protocol::InIp(_) | Protocol::InIp6(_) | Protocol::InBoth(_) => true,
        _ => false,
    }
}

/// The two of which a computation is made, and that neither goes into the instruction as a number.
fn operands(number: &Number) -> Option<(&Number, &Number)> {
    match number {
        Number::Computed(operator, left, right) => match (&**left, &**right) {
            (_, Number::Known(_)) => None,
            (Number::Known(_), _) if is_the_same_turned(*operator) => None,
            both => Some(both),
        },
        _ => None,
    }
}

/// What a number that is not made of two is made of.
fn operand(number: &Number) -> Option<&Number> {
    match number {
        Number::Negative(of) => Some(of),
        Number::Bytes(_, offset, _) => Some(offset),
        Number::Computed(_, left, right) => match &**right {
            Number::Known(_) => Some(left),
            right => Some(right),
        },
        Number::Known(_) | Number::Length => None,
    }
}

/// Whether X changes while a number is worked out.
fn takes_x(number: &Number) -> bool {
    let is_loaded_by_x = match number {
        Number::Bytes(protocol, offset, _) => {
            is_behind_ip(*protocol) || !matches!(**offset, Number::Known(_))
        }
        number => operands(number).is_some(),
    };
    is_loaded_by_x || operand(number).is_some_and(takes_x)
}

/// How many words of memory a number takes while it is worked out.
fn memory(number: &Number) -> u32 {
    match operands(number) {
        Some((a, x)) if !takes_x(a) => memory(x),
        Some((a, x)) => match (memory(a), memory(x)) {
            (a, x) if a > x => a.max(x + 1),
            (a, x) => x.max(a + 1),
        },
        None => operand(number).map_or(0, memory),
    }
}

fn is_the_same_turned(operator: Operator) -> bool {
    matches!(
        operator,
        Operator::Add | Operator::Multiply | Operator::And | Operator::Or | Operator::Xor
    )
}

fn computes(operator: Operator) -> u16 {
    code::ALU
        | match operator {
            Operator::Add => code::ADD,
            Operator::Subtract => code::SUB,
            Operator::Multiply => code::MUL,
            Operator::Divide => code::DIV,
            Operator::Remainder => code::MOD,
            Operator::And => code::AND,
            Operator::Or => code::OR,
            Operator::Xor => code::XOR,
            Operator::ShiftLeft => code::LSH,
            Operator::ShiftRight => code::RSH,
        }
}
