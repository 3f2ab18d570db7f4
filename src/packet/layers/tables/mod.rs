//! The kinds of headers that are known, by their families.

mod control;
mod link;
mod network;
mod transport;

use super::header::Kind;

const KINDS: &[Kind] = &[
    link::ETHER,
    network::ARP,
    network::IP,
    network::IP6,
    control::ICMP,
    control::ICMP6,
    transport::UDP,
    transport::TCP,
];

/// The kinds of headers, from the outside to the inside.
pub fn kinds() -> &'static [Kind] {
    KINDS
}

/// The kind of this name.
pub fn kind(name: &str) -> Option<&'static Kind> {
    KINDS.iter().find(|kind| kind.name == name)
}
