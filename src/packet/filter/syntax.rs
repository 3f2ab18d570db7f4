//! A filter as a tree.

use std::net::Ipv6Addr;
use std::ops::Range;

use super::words::Protocol;

/// A filter that was understood.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Expression {
    /// What has to hold; nothing if every packet is wanted.
    pub(super) condition: Option<Condition>,
    /// How long its text is.
    pub(super) length: usize,
}

/// What has to hold.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Condition {
    /// Conditions with `and` or `or` between, from left to right: neither binds tighter. A list, not a tree, so that its depth is
    /// that of the brackets.
    Chain(Box<Condition>, Vec<(Joint, Condition)>),
    /// The opposite.
    Not(Box<Condition>),
    /// A single one.
    One(Primitive),
}

/// What stands between two conditions.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Joint {
    And,
    Or,
}

/// A condition without parts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Primitive {
    /// What has to be.
    pub what: What,
    /// Where it stands.
    pub at: Range<usize>,
    /// How many `vlan` stand before it: it looks behind so many tags.
    pub tags: u32,
}

/// What a packet may have to be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum What {
    /// Of a protocol: `tcp`.
    Protocol(Protocol),
    /// Of the protocol of that number within this one, or within IP of either version: `ip proto 6`.
    Holds(Option<Holder>, u16),
    /// To or from an IPv4 address or network, in one kind of packet or in all that have such addresses.
    Ipv4(Option<Ipv4In>, Direction, Network<u32>),
    /// To or from an IPv6 address or network.
    Ipv6(Direction, Network<u128>),
    /// To or from a hardware address.
    Mac(Direction, [u8; 6]),
    /// To or from a port of a range, of one protocol or of all that have ports.
    Port(Option<u8>, Direction, u16, u16),
    /// Sent to all on the link.
    Broadcast,
    /// Sent to several.
    Multicast(Holder),
    /// With a VLAN tag.
    Vlan(Option<u16>),
    /// Gone out, or come in.
    Outbound(bool),
    /// Of a link.
    Index(u32),
    /// Such that two numbers compare so.
    Relation(Number, Relation, Number),
}

/// What holds a protocol.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Holder {
    Ether,
    Ip,
    Ip6,
}

/// Packets with IPv4 addresses.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Ipv4In {
    Ip,
    Arp,
    Rarp,
}

/// At which end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Direction {
    Source,
    Destination,
    Either,
    Both,
}

/// Addresses that begin alike.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Network<T> {
    pub address: T,
    pub mask: T,
}

/// How two numbers compare.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Relation {
    Equal,
    NotEqual,
    Less,
    LessOrEqual,
    Greater,
    GreaterOrEqual,
}

/// A number, known or to be worked out from the packet, in 32 bits without a sign.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Number {
    /// This one.
    Known(u32),
    /// The length of the packet.
    Length,
    /// One, two or four bytes at an offset into a header.
    Bytes(Protocol, Box<Number>, u8),
    /// The negative.
    Negative(Box<Number>),
    /// Computed from two.
    Computed(Operator, Box<Number>, Box<Number>),
}

/// What is done with two numbers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Operator {
    Add,
    Subtract,
    Multiply,
    Divide,
    Remainder,
    And,
    Or,
    Xor,
    ShiftLeft,
    ShiftRight,
}

impl Operator {
    /// The operator of a sign.
    pub fn of(sign: &str) -> Option<Operator> {
        Some(match sign {
            "+" => Operator::Add,
            "-" => Operator::Subtract,
            "*" => Operator::Multiply,
            "/" => Operator::Divide,
            "%" => Operator::Remainder,
            "&" => Operator::And,
            "|" => Operator::Or,
            "^" => Operator::Xor,
            "<<" => Operator::ShiftLeft,
            ">>" => Operator::ShiftRight,
            _ => return None,
        })
    }

    /// How tight it binds; None for the two of which libpcap's grammar does not say it.
    pub fn tightness(self) -> Option<u8> {
        match self {
            Operator::Or => Some(0),
            Operator::And => Some(1),
            Operator::ShiftLeft | Operator::ShiftRight => Some(2),
            Operator::Add | Operator::Subtract => Some(3),
            Operator::Multiply | Operator::Divide => Some(4),
            Operator::Remainder | Operator::Xor => None,
        }
    }

    /// What comes out; None if it can't be done.
    pub fn compute(self, left: u32, right: u32) -> Option<u32> {
        match self {
            Operator::Add => Some(left.wrapping_add(right)),
            Operator::Subtract => Some(left.wrapping_sub(right)),
            Operator::Multiply => Some(left.wrapping_mul(right)),
            Operator::Divide => left.checked_div(right),
            Operator::Remainder => left.checked_rem(right),
            Operator::And => Some(left & right),
            Operator::Or => Some(left | right),
            Operator::Xor => Some(left ^ right),
            Operator::ShiftLeft => left.checked_shl(right),
            Operator::ShiftRight => left.checked_shr(right),
        }
    }
}

impl Relation {
    /// The relation of a sign.
    pub fn of(sign: &str) -> Option<Relation> {
        Some(match sign {
            "=" | "==" => Relation::Equal,
            "!=" => Relation::NotEqual,
            "<" => Relation::Less,
            "<=" => Relation::LessOrEqual,
            ">" => Relation::Greater,
            ">=" => Relation::GreaterOrEqual,
            _ => return None,
        })
    }

    /// The relation of the two in the other order.
    pub fn turned(self) -> Relation {
        match self {
            Relation::Less => Relation::Greater,
            Relation::LessOrEqual => Relation::GreaterOrEqual,
            Relation::Greater => Relation::Less,
            Relation::GreaterOrEqual => Relation::LessOrEqual,
            same => same,
        }
    }

    /// Whether it holds.
    pub fn holds(self, left: u32, right: u32) -> bool {
        match self {
            Relation::Equal => left == right,
            Relation::NotEqual => left != right,
            Relation::Less => left < right,
            Relation::LessOrEqual => left <= right,
            Relation::Greater => left > right,
            Relation::GreaterOrEqual => left >= right,
        }
    }
}

impl Network<u128> {
    /// The network of an address and the length of its prefix.
    pub fn ipv6(address: Ipv6Addr, length: u32) -> Network<u128> {
        let mask = u128::MAX
            .checked_shl(128u32.saturating_sub(length))
            .unwrap_or(0);
        Network {
            address: address.into(),
            mask,
        }
    }
}
