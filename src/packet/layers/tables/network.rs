//! ARP (RFC 826), IPv4 (RFC 791, 2474, 3168) and IPv6 (RFC 8200).

use crate::packet::layers::header::Form::{Flag, Ip4, Ip6, Mac, Number, Rest};
use crate::packet::layers::header::Usual::{Filled, Follows, Given, Is};
use crate::packet::layers::header::{Kind, field};

const IN_IP: &[(u64, &str)] = &[(1, "icmp"), (6, "tcp"), (17, "udp")];
const IN_IP6: &[(u64, &str)] = &[(58, "icmp6"), (6, "tcp"), (17, "udp")];

/// ARP for IPv4 over Ethernet.
pub const ARP: Kind = Kind {
    name: "arp",
    length: 28,
    fields: &[
        field("htype", 0, 16, Number, Is(1)),
        field("ptype", 16, 16, Number, Is(0x0800)),
        field("hlen", 32, 8, Number, Is(6)),
        field("plen", 40, 8, Number, Is(4)),
        field("operation", 48, 16, Number, Given),
        field("saddr_ether", 64, 48, Mac, Given),
        field("saddr_ip", 112, 32, Ip4, Given),
        field("daddr_ether", 144, 48, Mac, Is(0)),
        field("daddr_ip", 192, 32, Ip4, Given),
    ],
    header_length: None,
    next: &[],
};

/// IPv4.
pub const IP: Kind = Kind {
    name: "ip",
    length: 20,
    fields: &[
        field("version", 0, 4, Number, Is(4)),
        field("hdrlength", 4, 4, Number, Filled),
        field("dscp", 8, 6, Number, Is(0)),
        field("ecn", 14, 2, Number, Is(0)),
        field("length", 16, 16, Number, Filled),
        field("id", 32, 16, Number, Is(0)),
        field("reserved", 48, 1, Flag, Is(0)),
        field("dont_fragment", 49, 1, Flag, Is(0)),
        field("more_fragments", 50, 1, Flag, Is(0)),
        field("frag_off", 51, 13, Number, Is(0)),
        field("ttl", 64, 8, Number, Is(64)),
        field("protocol", 72, 8, Number, Follows),
        field("checksum", 80, 16, Number, Filled),
        field("saddr", 96, 32, Ip4, Given),
        field("daddr", 128, 32, Ip4, Given),
        field("options", 160, 0, Rest, Is(0)),
    ],
    header_length: Some((4, 4)),
    next: IN_IP,
};

/// IPv6.
pub const IP6: Kind = Kind {
    name: "ip6",
    length: 40,
    fields: &[
        field("version", 0, 4, Number, Is(6)),
        field("dscp", 4, 6, Number, Is(0)),
        field("ecn", 10, 2, Number, Is(0)),
        field("flowlabel", 12, 20, Number, Is(0)),
        field("length", 32, 16, Number, Filled),
        field("nexthdr", 48, 8, Number, Follows),
        field("hoplimit", 56, 8, Number, Is(64)),
        field("saddr", 64, 128, Ip6, Given),
        field("daddr", 192, 128, Ip6, Given),
    ],
    header_length: None,
    next: IN_IP6,
};
