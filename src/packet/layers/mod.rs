//! Packets as layers of named fields: bytes in, layers out, and back.
//!
//! What a header looks like is data (`tables`); fields have the names that nft has for them (nft(8), PAYLOAD EXPRESSIONS).
//! [`encode`] fills in what can be worked out (lengths, checksums, the protocol of what follows) unless it is given; [`decode`]
//! leaves lengths and checksums out where they are as they should be, so that a packet can be changed and encoded again.
//!
//! The headers of a tunnelled packet, and of one that an ICMP error quotes, come behind those that carry them. What is not known
//! (later fragments, other protocols) is payload. Nothing here panics on any bytes.

mod bits;
mod fill;
mod header;
mod messages;
mod options;
mod sums;
mod tables;
mod walk;

pub use header::{Field, Form, Kind, Usual};
pub use messages::type_name;
pub use options::{Coding, tcp_options};
pub use sums::{Sum, sums};
pub use tables::{kind, kinds};
pub use walk::{Seen, beginning, walk};

use std::fmt;

/// The value of a field.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Value {
    /// A number.
    Number(u64),
    /// A bit that is set or not.
    Flag(bool),
    /// A hardware address.
    Mac([u8; 6]),
    /// An IP address.
    Ip(std::net::IpAddr),
    /// Words for bits that are set, with commas: `syn,ack`.
    Words(String),
    /// Bytes.
    Bytes(Vec<u8>),
    /// A word, or another value that is written as one.
    Text(String),
    /// Some values in their order.
    List(Vec<Value>),
    /// Values by their names.
    Map(Vec<(String, Value)>),
}

/// A header: its kind, and its fields.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Layer {
    /// What it is: `ether`, `ip`, `tcp`.
    pub kind: &'static Kind,
    /// Its fields, in the order of the header.
    pub fields: Vec<(&'static str, Value)>,
}

impl Layer {
    /// A header without any fields yet.
    pub fn new(kind: &'static Kind) -> Self {
        Layer {
            kind,
            fields: Vec::new(),
        }
    }

    /// The value of a field.
    pub fn get(&self, name: &str) -> Option<&Value> {
        let mut fields = self.fields.iter();
        fields
            .find(|(known, _)| *known == name)
            .map(|(_, value)| value)
    }
}

/// A packet: headers from the outside to the inside, and what they carry.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Packet {
    /// The headers.
    pub layers: Vec<Layer>,
    /// What comes after the last of them.
    pub payload: Vec<u8>,
}

/// What a packet begins with.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Link {
    /// An Ethernet header.
    Ethernet,
    /// An IP header of either version.
    Ip,
    /// What tcpdump's `any` has in place of it (LINUX_SLL).
    Cooked,
    /// That of a newer tcpdump (LINUX_SLL2).
    Cooked2,
}

/// Why layers can't be made bytes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Unencodable {
    /// The layer, or the layer and the field: `ip.ttl`.
    pub place: String,
    /// Why.
    pub words: String,
}

impl fmt::Display for Unencodable {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.place, self.words)
    }
}

/// Takes a packet apart.
pub fn decode(bytes: &[u8], link: Link) -> Packet {
    let raw = take_apart(bytes, link);
    let mut lean = raw.clone();
    for layer in &mut lean.layers {
        let kind = layer.kind;
        layer.fields.retain(|(name, _)| !kind.is_filled(name));
    }
    // What comes out the same without being said need not be said.
    let Ok(again) = encode(&lean) else {
        return raw;
    };
    let again = take_apart(&again, link);
    let is_alike = again.layers.len() == raw.layers.len() && again.payload == raw.payload;
    if !is_alike {
        return raw;
    }
    let mut decoded = raw;
    for (layer, again) in decoded.layers.iter_mut().zip(&again.layers) {
        let kind = layer.kind;
        layer
            .fields
            .retain(|(name, value)| !kind.is_filled(name) || again.get(name) != Some(value));
    }
    decoded
}

/// Takes a packet apart, with all fields.
fn take_apart(bytes: &[u8], link: Link) -> Packet {
    let seen = walk(bytes, link);
    Packet {
        payload: seen.last().map_or(bytes, |last| last.body).to_vec(),
        layers: seen
            .iter()
            .map(|seen| seen.kind.read(seen.header))
            .collect(),
    }
}

/// Puts a packet together.
///
/// # Errors
/// A field that has to be given is not, or a value does not fit into its field.
pub fn encode(packet: &Packet) -> Result<Vec<u8>, Unencodable> {
    let mut body = packet.payload.clone();
    for (at, layer) in packet.layers.iter().enumerate().rev() {
        let inner = packet.layers.get(at + 1).map(|inner| inner.kind.name);
        let outer = packet.layers.get(..at).unwrap_or_default();
        let mut bytes = layer.kind.write(layer)?;
        fill::fill(layer, &mut bytes, &body, inner, outer)?;
        bytes.extend(&body);
        body = bytes;
    }
    Ok(body)
}

#[cfg(test)]
mod tests;
