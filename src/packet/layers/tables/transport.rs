//! UDP (RFC 768) and TCP (RFC 9293).

use crate::packet::layers::header::Extent::{Fields, Told};
use crate::packet::layers::header::Form::{Number, Rest, Words};
use crate::packet::layers::header::Usual::{Constant, Filled, Follows, Given, Is};
use crate::packet::layers::header::{Kind, Next, field};
use crate::packet::layers::options::Coding::Tcp;

const TCP_FLAGS: &[&str] = &["fin", "syn", "rst", "psh", "ack", "urg", "ecn", "cwr"];

/// The same as tcpdump writes them.
const TCP_LETTERS: &str = "FSRP.UEW";

/// UDP. What is in it is told by the port that it goes to; an answer comes from that port. Linux has VXLAN on 8472, the port of
/// another protocol (OTV), unless it is told a port.
pub const UDP: Kind = Kind {
    name: "udp",
    length: 8,
    fields: &[
        field("sport", 0, 16, Number, Given),
        field("dport", 16, 16, Number, Follows),
        field("length", 32, 16, Number, Filled),
        field("checksum", 48, 16, Number, Filled),
    ],
    extent: Fields,
    next: Next::Told(&[
        (4789, "vxlan"),
        (8472, "vxlan"),
        (6081, "geneve"),
        (53, "dns"),
        (5353, "dns"),
        (67, "dhcp"),
        (68, "dhcp"),
    ]),
};

/// TCP.
pub const TCP: Kind = Kind {
    name: "tcp",
    length: 20,
    fields: &[
        field("sport", 0, 16, Number, Given),
        field("dport", 16, 16, Number, Given),
        field("sequence", 32, 32, Number, Is(0)),
        field("ackseq", 64, 32, Number, Is(0)),
        field("doff", 96, 4, Number, Filled),
        field("reserved", 100, 4, Number, Constant(0)),
        field("flags", 104, 8, Words(TCP_FLAGS, TCP_LETTERS), Is(0)),
        field("window", 112, 16, Number, Is(65_535)),
        field("checksum", 128, 16, Number, Filled),
        field("urgptr", 144, 16, Number, Is(0)),
        field("options", 160, 0, Rest(Tcp), Is(0)),
    ],
    extent: Told {
        field: "doff",
        unit: 4,
        more: 0,
    },
    next: Next::Payload,
};
