//! ARP (RFC 826), IPv4 (RFC 791, 2474, 3168), and IPv6 with its extension headers (RFC 8200).

use crate::packet::layers::header::Extent::{Fields, Told};
use crate::packet::layers::header::Form::{Flag, Ip4, Ip6, Mac, Number, Rest};
use crate::packet::layers::header::Usual::{Constant, Filled, Follows, Given, Is};
use crate::packet::layers::header::{Extent, Kind, Next, field};
use crate::packet::layers::options::Coding::{self, Bytes, Extension};

const IN_IP: &[(u64, &str)] = &[
    (1, "icmp"),
    (2, "igmp"),
    (4, "ip"),
    (6, "tcp"),
    (17, "udp"),
    (41, "ip6"),
    (47, "gre"),
];
const IN_IP6: &[(u64, &str)] = &[
    (0, "hbh"),
    (4, "ip"),
    (6, "tcp"),
    (17, "udp"),
    (41, "ip6"),
    (43, "rt"),
    (44, "frag"),
    (47, "gre"),
    (58, "icmp6"),
    (60, "dst"),
];

/// ARP for IPv4 over Ethernet.
pub const ARP: Kind = Kind {
    name: "arp",
    length: 28,
    fields: &[
        field("htype", 0, 16, Number, Constant(1)),
        field("ptype", 16, 16, Number, Constant(0x0800)),
        field("hlen", 32, 8, Number, Constant(6)),
        field("plen", 40, 8, Number, Constant(4)),
        field("operation", 48, 16, Number, Given),
        field("saddr_ether", 64, 48, Mac, Given),
        field("saddr_ip", 112, 32, Ip4, Given),
        field("daddr_ether", 144, 48, Mac, Is(0)),
        field("daddr_ip", 192, 32, Ip4, Given),
    ],
    extent: Fields,
    next: Next::Payload,
};

/// IPv4.
pub const IP: Kind = Kind {
    name: "ip",
    length: 20,
    fields: &[
        field("version", 0, 4, Number, Constant(4)),
        field("hdrlength", 4, 4, Number, Filled),
        field("dscp", 8, 6, Number, Is(0)),
        field("ecn", 14, 2, Number, Is(0)),
        field("length", 16, 16, Number, Filled),
        field("id", 32, 16, Number, Is(0)),
        field("reserved", 48, 1, Flag, Constant(0)),
        field("dont_fragment", 49, 1, Flag, Is(0)),
        field("more_fragments", 50, 1, Flag, Is(0)),
        field("frag_off", 51, 13, Number, Is(0)),
        field("ttl", 64, 8, Number, Is(64)),
        field("protocol", 72, 8, Number, Follows),
        field("checksum", 80, 16, Number, Filled),
        field("saddr", 96, 32, Ip4, Given),
        field("daddr", 128, 32, Ip4, Given),
        field("options", 160, 0, Rest(Coding::Ip), Is(0)),
    ],
    extent: Told {
        field: "hdrlength",
        unit: 4,
        more: 0,
    },
    next: Next::Told(IN_IP),
};

/// IPv6.
pub const IP6: Kind = Kind {
    name: "ip6",
    length: 40,
    fields: &[
        field("version", 0, 4, Number, Constant(6)),
        field("dscp", 4, 6, Number, Is(0)),
        field("ecn", 10, 2, Number, Is(0)),
        field("flowlabel", 12, 20, Number, Is(0)),
        field("length", 32, 16, Number, Filled),
        field("nexthdr", 48, 8, Number, Follows),
        field("hoplimit", 56, 8, Number, Is(64)),
        field("saddr", 64, 128, Ip6, Given),
        field("daddr", 192, 128, Ip6, Given),
    ],
    extent: Fields,
    next: Next::Told(IN_IP6),
};

/// Extension headers are counted in units of 8 bytes, without the first.
const EXTENSION: Extent = Told {
    field: "hdrlength",
    unit: 8,
    more: 8,
};

/// Options for each router on the way.
pub const HBH: Kind = Kind {
    name: "hbh",
    length: 2,
    fields: &[
        field("nexthdr", 0, 8, Number, Follows),
        field("hdrlength", 8, 8, Number, Filled),
        field("options", 16, 0, Rest(Extension), Is(0)),
    ],
    extent: EXTENSION,
    next: Next::Told(IN_IP6),
};

/// Options for the destination.
pub const DST: Kind = Kind { name: "dst", ..HBH };

/// Routers to visit.
pub const RT: Kind = Kind {
    name: "rt",
    length: 8,
    fields: &[
        field("nexthdr", 0, 8, Number, Follows),
        field("hdrlength", 8, 8, Number, Filled),
        field("type", 16, 8, Number, Is(0)),
        field("seg_left", 24, 8, Number, Is(0)),
        field("reserved", 32, 32, Number, Is(0)),
        field("data", 64, 0, Rest(Bytes), Is(0)),
    ],
    extent: EXTENSION,
    next: Next::Told(IN_IP6),
};

/// A fragment.
pub const FRAG: Kind = Kind {
    name: "frag",
    length: 8,
    fields: &[
        field("nexthdr", 0, 8, Number, Follows),
        field("reserved", 8, 8, Number, Constant(0)),
        field("frag_off", 16, 13, Number, Is(0)),
        field("reserved2", 29, 2, Number, Constant(0)),
        field("more_fragments", 31, 1, Flag, Is(0)),
        field("id", 32, 32, Number, Is(0)),
    ],
    extent: Extent::Fields,
    next: Next::Told(IN_IP6),
};
