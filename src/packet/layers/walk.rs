//! Where in a packet its headers are.

use std::net::IpAddr;

use super::header::Kind;
use super::{Link, Value, tables};

/// How many headers are looked for. More than any tunnel has; what is deeper is payload.
const MOST_HEADERS: usize = 32;

/// A header, where it is in a packet.
#[derive(Debug, Clone, Copy)]
pub struct Seen<'a> {
    /// What it is.
    pub kind: &'static Kind,
    /// Its bytes.
    pub header: &'a [u8],
    /// What it carries: the other headers, and their payload.
    pub body: &'a [u8],
    /// Whether the header speaks of more bytes than there are.
    pub is_cut: bool,
}

impl Seen<'_> {
    /// The number in a field.
    pub fn number(&self, name: &str) -> Option<u64> {
        self.kind.number(name, self.header)
    }

    /// The value of a field.
    pub fn value(&self, name: &str) -> Option<Value> {
        self.kind.field_in(name, self.header)?.read(self.header)
    }

    /// The IP address in a field.
    pub fn address(&self, name: &str) -> Option<IpAddr> {
        match self.value(name)? {
            Value::Ip(address) => Some(address),
            _ => None,
        }
    }

    /// The bytes of the body that the header speaks of, whether they are there or not.
    pub fn said(&self) -> usize {
        let said = self.kind.body_length(self.header);
        said.filter(|_| self.is_cut).unwrap_or(self.body.len())
    }
}

/// The headers of a packet, from the outside to the inside.
pub fn walk(bytes: &[u8], link: Link) -> Vec<Seen<'_>> {
    let mut seen = Vec::new();
    let mut rest = bytes;
    let mut next = beginning(bytes, link);
    while let Some(kind) = next.filter(|_| seen.len() < MOST_HEADERS) {
        let Some((header, body)) = kind
            .extent(rest)
            .and_then(|length| rest.split_at_checked(length))
        else {
            break;
        };
        let said = kind.body_length(header);
        // What a frame was padded with is none of the packet's.
        let body = said.and_then(|said| body.get(..said)).unwrap_or(body);
        let is_cut = said.is_some_and(|said| said > body.len());
        seen.push(Seen {
            kind,
            header,
            body,
            is_cut,
        });
        next = kind.next(header, body);
        rest = body;
    }
    seen
}

/// What a packet begins with.
pub fn beginning(bytes: &[u8], link: Link) -> Option<&'static Kind> {
    match (link, bytes.first().map(|first| first >> 4)) {
        (Link::Ethernet, _) => tables::kind("ether"),
        (Link::Cooked, _) => tables::kind("sll"),
        (Link::Cooked2, _) => tables::kind("sll2"),
        (Link::Ip, Some(4)) => tables::kind("ip"),
        (Link::Ip, Some(6)) => tables::kind("ip6"),
        (Link::Ip, _) => None,
    }
}
