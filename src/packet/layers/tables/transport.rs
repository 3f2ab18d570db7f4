//! UDP (RFC 768) and TCP (RFC 9293).

use crate::packet::layers::header::Form::{Number, Rest, Words};
use crate::packet::layers::header::Usual::{Filled, Given, Is};
use crate::packet::layers::header::{Kind, field};

const TCP_FLAGS: &[&str] = &["fin", "syn", "rst", "psh", "ack", "urg", "ecn", "cwr"];

/// UDP.
pub const UDP: Kind = Kind {
    name: "udp",
    length: 8,
    fields: &[
        field("sport", 0, 16, Number, Given),
        field("dport", 16, 16, Number, Given),
        field("length", 32, 16, Number, Filled),
        field("checksum", 48, 16, Number, Filled),
    ],
    header_length: None,
    next: &[],
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
        field("reserved", 100, 4, Number, Is(0)),
        field("flags", 104, 8, Words(TCP_FLAGS), Is(0)),
        field("window", 112, 16, Number, Is(65_535)),
        field("checksum", 128, 16, Number, Filled),
        field("urgptr", 144, 16, Number, Is(0)),
        field("options", 160, 0, Rest, Is(0)),
    ],
    header_length: Some((96, 4)),
    next: &[],
};
