//! The kinds of headers that are known, by their families.

mod bridge;
mod control;
mod link;
mod message;
mod network;
mod transport;
mod tunnel;

use super::header::Kind;

/// In the order in which they stand in a packet.
const KINDS: &[Kind] = &[
    link::SLL,
    link::SLL2,
    link::ETHER,
    link::VLAN,
    link::CVLAN,
    link::LLC,
    bridge::STP,
    message::LLDP,
    network::ARP,
    network::IP,
    network::IP6,
    network::HBH,
    network::RT,
    network::FRAG,
    network::DST,
    control::ICMP,
    control::ICMP6,
    control::IGMP,
    tunnel::GRE,
    transport::UDP,
    transport::TCP,
    tunnel::VXLAN,
    tunnel::GENEVE,
    message::DNS,
    message::DHCP,
];

/// The kinds of headers, from the outside to the inside.
pub fn kinds() -> &'static [Kind] {
    KINDS
}

/// The kind of this name.
pub fn kind(name: &str) -> Option<&'static Kind> {
    KINDS.iter().find(|kind| kind.name == name)
}
