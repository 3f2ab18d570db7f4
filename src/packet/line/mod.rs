//! One line for a packet, as `tcpdump -n -S` prints it, and a few words for the label of an arrow.
//!
//! What is other than with tcpdump 4.99:
//! - It is one line always: what is in a VXLAN comes after `: `, not on a line of its own, and there are no dumps of bytes.
//! - One space stands where tcpdump has two or none: `destination unreachable, unreachable prohibited`, `multicast listener
//!   query max resp delay`.
//! - VXLAN on port 8472, where Linux has it, is VXLAN, where tcpdump has OTV, whose header is the same.
//! - Of the options of TCP, MD5 is its digits alone, and MPTCP its kind, with the keys of `capable`.
//! - Of TCP the numbers are absolute: what the connection began with is not known here.
//! - Protocols that are not read (NTP, SNMP, SCTP ...) are told by their number and length.
//! - What is cut short ends with `[|` and the name of what is not all there.

mod bridge;
mod control;
mod dhcp;
mod label;
mod link;
mod names;
mod network;
mod transport;
mod tunnel;

pub use label::label;

use std::fmt::Write;

use super::layers::{Link, Seen, beginning, walk};

/// How much a line tells.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Detail {
    /// As `tcpdump -n`.
    #[default]
    Usual,
    /// With the header of the link and with VLAN tags, as `tcpdump -n -e`.
    Link,
}

/// One line for a packet of which these bytes are there; it was `length` bytes long.
pub fn line(bytes: &[u8], link: Link, length: usize, detail: Detail) -> String {
    let seen = walk(bytes, link);
    let mut line = Line {
        text: String::new(),
        detail,
    };
    if seen.is_empty() {
        match (beginning(bytes, link), bytes.first()) {
            (None, Some(first)) => line.put(format_args!("unknown ip {}", first >> 4)),
            (Some(kind), _) if kind.name == "ip" && line.invalid_ip(bytes) => {}
            (kind, _) => {
                let name = kind.map_or("ip", |kind| kind.name);
                line.put(format_args!("[|{name}], length {length}"));
            }
        }
    } else {
        line.headers(&seen, length.max(bytes.len()));
    }
    line.text
}

/// A line that is being written.
struct Line {
    text: String,
    detail: Detail,
}

impl Line {
    fn put(&mut self, words: std::fmt::Arguments) {
        // A string takes all that is written to it.
        let _ = self.text.write_fmt(words);
    }

    /// What the headers from here on say of their packet; from the first of them on it is `length` bytes long.
    fn headers(&mut self, seen: &[Seen], length: usize) {
        let Some(first) = seen.first() else {
            return;
        };
        match first.kind.name {
            "ether" | "sll" | "sll2" => self.link(seen, length),
            "arp" => self.arp(first, length),
            "ip" => self.ip(seen, length),
            "ip6" => self.ip6(seen, length),
            "llc" => self.llc(seen, length),
            "lldp" => self.lldp(first.header, length),
            _ => self.put(format_args!("{}, length {length}", first.kind.name)),
        }
    }
}

/// The number in a field; 0 if there is none.
fn number(seen: &Seen, name: &str) -> u64 {
    seen.number(name).unwrap_or(0)
}

/// The text of an address, or of another value; empty if there is none.
fn text(seen: &Seen, name: &str) -> String {
    use super::layers::Value;
    match seen.value(name) {
        Some(Value::Ip(address)) => address.to_string(),
        Some(Value::Mac(mac)) => names::mac(&mac),
        _ => String::new(),
    }
}

/// A big-endian number of two bytes.
fn short(bytes: &[u8], at: usize) -> Option<u16> {
    let bytes = bytes.get(at..)?.first_chunk::<2>()?;
    Some(u16::from_be_bytes(*bytes))
}

/// A big-endian number of four bytes.
fn long(bytes: &[u8], at: usize) -> Option<u32> {
    let bytes = bytes.get(at..)?.first_chunk::<4>()?;
    Some(u32::from_be_bytes(*bytes))
}

#[cfg(test)]
mod tests;
