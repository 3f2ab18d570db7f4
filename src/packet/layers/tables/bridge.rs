//! What bridges say to each other: the spanning tree's BPDUs (IEEE 802.1D, 9.3). Times are in 1/256 s.

use crate::packet::layers::header::Extent::Fields;
use crate::packet::layers::header::Form::{Mac, Number};
use crate::packet::layers::header::Next::Payload;
use crate::packet::layers::header::Usual::{Constant, Is};
use crate::packet::layers::header::{Field, Form, Kind, Usual, field, with, without};

/// The notification of a change has nothing but its type.
const fn told(name: &'static str, at: usize, bits: usize, form: Form, usual: Usual) -> Field {
    without(3, &[0x80], field(name, at, bits, form, usual))
}

/// A BPDU of the spanning tree protocol, or of the rapid one.
pub const STP: Kind = Kind {
    name: "stp",
    length: 4,
    fields: &[
        field("protocol", 0, 16, Number, Constant(0)),
        field("version", 16, 8, Number, Is(0)),
        field("type", 24, 8, Number, Is(0)),
        told("flags", 32, 8, Number, Is(0)),
        told("root_priority", 40, 16, Number, Is(0x8000)),
        told("root_address", 56, 48, Mac, Is(0)),
        told("root_cost", 104, 32, Number, Is(0)),
        told("bridge_priority", 136, 16, Number, Is(0x8000)),
        told("bridge_address", 152, 48, Mac, Is(0)),
        told("port", 200, 16, Number, Is(0x8001)),
        told("message_age", 216, 16, Number, Is(0)),
        told("max_age", 232, 16, Number, Is(20 << 8)),
        told("hello_time", 248, 16, Number, Is(2 << 8)),
        told("forward_delay", 264, 16, Number, Is(15 << 8)),
        with(
            3,
            &[2],
            field("version1_length", 280, 8, Number, Constant(0)),
        ),
    ],
    extent: Fields,
    next: Payload,
};
