//! ICMP (RFC 792) and ICMPv6 (RFC 4443).

use crate::packet::layers::header::Form::Number;
use crate::packet::layers::header::Usual::{Filled, Given, Is};
use crate::packet::layers::header::{Kind, field, only};

/// Echo requests and replies have an identifier and a sequence; others have something else in their place.
const ECHO: (&[u8], bool) = (&[0, 8], true);
const NO_ECHO: (&[u8], bool) = (&[0, 8], false);
const ECHO6: (&[u8], bool) = (&[128, 129], true);
const NO_ECHO6: (&[u8], bool) = (&[128, 129], false);

/// ICMP.
pub const ICMP: Kind = Kind {
    name: "icmp",
    length: 8,
    fields: &[
        field("type", 0, 8, Number, Given),
        field("code", 8, 8, Number, Is(0)),
        field("checksum", 16, 16, Number, Filled),
        only(ECHO, field("id", 32, 16, Number, Is(0))),
        only(ECHO, field("sequence", 48, 16, Number, Is(0))),
        only(NO_ECHO, field("rest", 32, 32, Number, Is(0))),
    ],
    header_length: None,
    next: &[],
};

/// ICMPv6.
pub const ICMP6: Kind = Kind {
    name: "icmp6",
    length: 8,
    fields: &[
        field("type", 0, 8, Number, Given),
        field("code", 8, 8, Number, Is(0)),
        field("checksum", 16, 16, Number, Filled),
        only(ECHO6, field("id", 32, 16, Number, Is(0))),
        only(ECHO6, field("sequence", 48, 16, Number, Is(0))),
        only(NO_ECHO6, field("rest", 32, 32, Number, Is(0))),
    ],
    header_length: None,
    next: &[],
};
