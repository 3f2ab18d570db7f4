//! Checksums: worked out, and held against those that a packet has (RFC 1071).
//!
//! A packet that never left the machine often has sums that nobody has worked out: Linux leaves them to the network card, which a
//! veth does not have, and puts the sum of the pseudo-header alone in their place (CHECKSUM_PARTIAL in the kernel's
//! include/linux/skbuff.h). Such a sum is not wrong.

use std::net::IpAddr;

use pnet::packet::util::checksum;

use super::Link;
use super::header::Kind;
use super::walk::{Seen, walk};

/// What is to say of a checksum.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Sum {
    /// It is right.
    Right,
    /// It is wrong.
    Wrong,
    /// It was left to be worked out on the way.
    Offloaded,
    /// There is none: UDP need not have one.
    Absent,
    /// Not all that it covers is there.
    Unknown,
}

/// What is to say of the checksums of a packet, from the outside to the inside.
pub fn sums(bytes: &[u8], link: Link) -> Vec<(&'static Kind, Sum)> {
    let seen = walk(bytes, link);
    let mut found = Vec::new();
    let mut outer = None;
    // Whether what is inside is not all there.
    let mut is_cut = false;
    for layer in &seen {
        is_cut |= layer.is_cut || layer.number("more_fragments") == Some(1);
        if let Some(sum) = sum(layer, outer, is_cut) {
            found.push((layer.kind, sum));
        }
        if matches!(layer.kind.name, "ip" | "ip6") {
            outer = Some(layer);
        }
        // A packet that is quoted has lengths of its own.
        if matches!(layer.kind.name, "icmp" | "icmp6") {
            is_cut = false;
        }
    }
    found
}

fn sum(layer: &Seen, outer: Option<&Seen>, is_cut: bool) -> Option<Sum> {
    let kind = layer.kind;
    let field = kind.field_in("checksum", layer.header)?;
    let told = u16::try_from(layer.number("checksum")?).ok()?;
    let at = field.at / 16;
    if kind.name == "ip" {
        let right = checksum(layer.header, at);
        return Some(if told == right {
            Sum::Right
        } else {
            Sum::Wrong
        });
    }
    if kind.name == "udp" && told == 0 {
        return Some(Sum::Absent);
    }
    if is_cut {
        return Some(Sum::Unknown);
    }
    let bytes = [layer.header, layer.body].concat();
    if matches!(kind.name, "icmp" | "igmp" | "gre") {
        let is_right = checksum(&bytes, at) == told;
        return Some(if is_right { Sum::Right } else { Sum::Wrong });
    }
    let outer = outer?;
    let pseudo = pseudo(kind.name, outer.address("saddr")?, outer.address("daddr")?);
    let right = pseudo.of(&bytes, at);
    Some(
        if told == right || kind.name == "udp" && told == 0xffff && right == 0 {
            Sum::Right
        } else if told == pseudo.alone(bytes.len()) {
            Sum::Offloaded
        } else {
            Sum::Wrong
        },
    )
}

/// What a checksum covers besides the bytes: addresses, protocol and length (RFC 9293, 3.1; RFC 8200, 8.1).
pub(super) struct Pseudo {
    /// The sum of the addresses and the protocol.
    sum: u64,
}

/// The pseudo-header of what a kind of header is in.
pub(super) fn pseudo(name: &str, source: IpAddr, destination: IpAddr) -> Pseudo {
    let protocol = match name {
        "icmp6" => 58,
        "tcp" => 6,
        _ => 17,
    };
    let of = |address: IpAddr| match address {
        IpAddr::V4(address) => words(&address.octets()),
        IpAddr::V6(address) => words(&address.octets()),
    };
    Pseudo {
        sum: of(source) + of(destination) + protocol,
    }
}

impl Pseudo {
    /// The checksum of these bytes, whose checksum is the word at `at`.
    pub(super) fn of(&self, bytes: &[u8], at: usize) -> u16 {
        let field = bytes.get(at * 2..at * 2 + 2).map_or(0, words);
        !fold(self.with(bytes.len()) + words(bytes) - field)
    }

    /// What stands in the place of a checksum that is yet to be worked out.
    fn alone(&self, length: usize) -> u16 {
        fold(self.with(length))
    }

    fn with(&self, length: usize) -> u64 {
        // A length of more than 16 bits is summed up in two words.
        let length = u64::try_from(length).unwrap_or(0);
        self.sum + (length & 0xffff) + (length >> 16)
    }
}

/// The sum of 16-bit words; an odd byte at the end is the upper half of one.
fn words(bytes: &[u8]) -> u64 {
    let words = bytes.chunks(2).map(|word| match word {
        [high, low] => u64::from(u16::from_be_bytes([*high, *low])),
        [high] => u64::from(*high) << 8,
        _ => 0,
    });
    words.sum()
}

fn fold(mut sum: u64) -> u16 {
    while sum >> 16 > 0 {
        sum = (sum & 0xffff) + (sum >> 16);
    }
    u16::try_from(sum).unwrap_or(u16::MAX)
}
