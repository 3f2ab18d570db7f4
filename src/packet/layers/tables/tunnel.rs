//! Headers of tunnels: GRE (RFC 2784, 2890), VXLAN (RFC 7348) and Geneve (RFC 8926). IP in IP needs none.

use crate::packet::layers::header::Extent::{Fields, Told};
use crate::packet::layers::header::Form::{Flag, Number, Rest, Words};
use crate::packet::layers::header::Usual::{Constant, Filled, Follows, Given, Is, Present};
use crate::packet::layers::header::{Kind, Next, field, masked};
use crate::packet::layers::options::Coding::Bytes;

const INSIDE: &[(u64, &str)] = &[(0x0800, "ip"), (0x86dd, "ip6"), (0x6558, "ether")];

/// The first four bits of GRE, the lowest first: each tells of a field.
const GRE_FLAGS: &[&str] = &["sequence", "key", "routing", "checksum"];

/// GRE. With routes it is laid out in another way, which is not read.
pub const GRE: Kind = Kind {
    name: "gre",
    length: 4,
    fields: &[
        field("flags", 0, 4, Words(GRE_FLAGS, ""), Present),
        field("reserved", 4, 9, Number, Constant(0)),
        field("version", 13, 3, Number, Constant(0)),
        field("protocol", 16, 16, Number, Follows),
        masked(0, 0xc0, &[0x80], field("checksum", 32, 16, Number, Filled)),
        masked(
            0,
            0xc0,
            &[0x80],
            field("reserved1", 48, 16, Number, Constant(0)),
        ),
        masked(0, 0xe0, &[0x20], field("key", 32, 32, Number, Given)),
        masked(0, 0xe0, &[0xa0], field("key", 64, 32, Number, Given)),
        masked(0, 0xf0, &[0x10], field("sequence", 32, 32, Number, Given)),
        masked(
            0,
            0xf0,
            &[0x30, 0x90],
            field("sequence", 64, 32, Number, Given),
        ),
        masked(0, 0xf0, &[0xb0], field("sequence", 96, 32, Number, Given)),
    ],
    extent: Fields,
    next: Next::Told(INSIDE),
};

/// VXLAN.
pub const VXLAN: Kind = Kind {
    name: "vxlan",
    length: 8,
    fields: &[
        field("flags", 0, 8, Number, Is(8)),
        field("reserved", 8, 24, Number, Constant(0)),
        field("vni", 32, 24, Number, Given),
        field("reserved2", 56, 8, Number, Constant(0)),
    ],
    extent: Fields,
    next: Next::Always("ether"),
};

/// Geneve.
pub const GENEVE: Kind = Kind {
    name: "geneve",
    length: 8,
    fields: &[
        field("version", 0, 2, Number, Constant(0)),
        field("optlen", 2, 6, Number, Filled),
        field("control", 8, 1, Flag, Constant(0)),
        field("critical", 9, 1, Flag, Constant(0)),
        field("reserved", 10, 6, Number, Constant(0)),
        field("type", 16, 16, Number, Follows),
        field("vni", 32, 24, Number, Given),
        field("reserved2", 56, 8, Number, Constant(0)),
        field("options", 64, 0, Rest(Bytes), Is(0)),
    ],
    extent: Told {
        field: "optlen",
        unit: 4,
        more: 8,
    },
    next: Next::Told(INSIDE),
};
