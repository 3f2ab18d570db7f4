//! ICMP (RFC 792), ICMPv6 (RFC 4443) with neighbour discovery (RFC 4861) and listener discovery (RFC 2710, 3810), and IGMP (RFC 2236,
//! 3376).

use crate::packet::layers::header::Extent::Fields;
use crate::packet::layers::header::Form::{Flag, Ip4, Ip6, Number, Rest};
use crate::packet::layers::header::Next::{Payload, Quoted};
use crate::packet::layers::header::Usual::{Constant, Filled, Given, Is};
use crate::packet::layers::header::{Field, Form, Kind, Usual, field, with, without};
use crate::packet::layers::options::Coding::Neighbour;

/// A field of the messages of these types.
const fn of(
    types: &'static [u8],
    name: &'static str,
    at: usize,
    bits: usize,
    form: Form,
    usual: Usual,
) -> Field {
    with(0, types, field(name, at, bits, form, usual))
}

/// Echoes, timestamps, and what was asked in the same way long ago.
const ECHO: &[u8] = &[0, 8, 13, 14, 15, 16, 17, 18];
const UNREACHABLE: &[u8] = &[3];
const REDIRECT: &[u8] = &[5];
/// All types that have no 32 bits of which nothing is known.
const LAID_OUT: &[u8] = &[0, 3, 5, 8, 13, 14, 15, 16, 17, 18];
const ERRORS: &[u8] = &[3, 4, 5, 11, 12];

/// ICMP.
pub const ICMP: Kind = Kind {
    name: "icmp",
    length: 8,
    fields: &[
        field("type", 0, 8, Number, Given),
        field("code", 8, 8, Number, Is(0)),
        field("checksum", 16, 16, Number, Filled),
        of(ECHO, "id", 32, 16, Number, Is(0)),
        of(ECHO, "sequence", 48, 16, Number, Is(0)),
        of(UNREACHABLE, "reserved", 32, 16, Number, Constant(0)),
        of(UNREACHABLE, "mtu", 48, 16, Number, Is(0)),
        of(REDIRECT, "gateway", 32, 32, Ip4, Is(0)),
        without(0, LAID_OUT, field("rest", 32, 32, Number, Is(0))),
    ],
    extent: Fields,
    next: Quoted(ERRORS, "ip"),
};

const ERRORS6: &[u8] = &[1, 2, 3, 4];
const TOO_BIG: &[u8] = &[2];
const PARAMETER: &[u8] = &[4];
const ECHO6: &[u8] = &[128, 129];
const LISTENERS: &[u8] = &[130, 131, 132];
const ROUTER_SOLICITATION: &[u8] = &[133];
const ROUTER: &[u8] = &[134];
const SOLICITATION: &[u8] = &[135];
const NEIGHBOUR: &[u8] = &[136];
const REDIRECT6: &[u8] = &[137];
const LISTENER_REPORT: &[u8] = &[143];
const LAID_OUT6: &[u8] = &[2, 4, 128, 129, 130, 131, 132, 133, 134, 135, 136, 137, 143];

/// ICMPv6.
pub const ICMP6: Kind = Kind {
    name: "icmp6",
    length: 8,
    fields: &[
        field("type", 0, 8, Number, Given),
        field("code", 8, 8, Number, Is(0)),
        field("checksum", 16, 16, Number, Filled),
        of(TOO_BIG, "mtu", 32, 32, Number, Is(0)),
        of(PARAMETER, "pointer", 32, 32, Number, Is(0)),
        of(ECHO6, "id", 32, 16, Number, Is(0)),
        of(ECHO6, "sequence", 48, 16, Number, Is(0)),
        of(LISTENERS, "max_delay", 32, 16, Number, Is(0)),
        of(LISTENERS, "reserved", 48, 16, Number, Constant(0)),
        of(LISTENERS, "taddr", 64, 128, Ip6, Is(0)),
        of(ROUTER_SOLICITATION, "reserved", 32, 32, Number, Constant(0)),
        of(
            ROUTER_SOLICITATION,
            "options",
            64,
            0,
            Rest(Neighbour),
            Is(0),
        ),
        of(ROUTER, "hoplimit", 32, 8, Number, Is(64)),
        of(ROUTER, "managed", 40, 1, Flag, Is(0)),
        of(ROUTER, "other", 41, 1, Flag, Is(0)),
        of(ROUTER, "home_agent", 42, 1, Flag, Constant(0)),
        of(ROUTER, "preference", 43, 2, Number, Is(0)),
        of(ROUTER, "proxy", 45, 1, Flag, Constant(0)),
        of(ROUTER, "reserved", 46, 2, Number, Constant(0)),
        of(ROUTER, "lifetime", 48, 16, Number, Is(1800)),
        of(ROUTER, "reachable_time", 64, 32, Number, Is(0)),
        of(ROUTER, "retrans_timer", 96, 32, Number, Is(0)),
        of(ROUTER, "options", 128, 0, Rest(Neighbour), Is(0)),
        of(SOLICITATION, "reserved", 32, 32, Number, Constant(0)),
        of(SOLICITATION, "taddr", 64, 128, Ip6, Given),
        of(SOLICITATION, "options", 192, 0, Rest(Neighbour), Is(0)),
        of(NEIGHBOUR, "router", 32, 1, Flag, Is(0)),
        of(NEIGHBOUR, "solicited", 33, 1, Flag, Is(0)),
        of(NEIGHBOUR, "override", 34, 1, Flag, Is(0)),
        of(NEIGHBOUR, "reserved", 35, 29, Number, Constant(0)),
        of(NEIGHBOUR, "taddr", 64, 128, Ip6, Given),
        of(NEIGHBOUR, "options", 192, 0, Rest(Neighbour), Is(0)),
        of(REDIRECT6, "reserved", 32, 32, Number, Constant(0)),
        of(REDIRECT6, "taddr", 64, 128, Ip6, Given),
        of(REDIRECT6, "daddr", 192, 128, Ip6, Given),
        of(REDIRECT6, "options", 320, 0, Rest(Neighbour), Is(0)),
        of(LISTENER_REPORT, "reserved", 32, 16, Number, Constant(0)),
        of(LISTENER_REPORT, "count", 48, 16, Number, Is(0)),
        without(0, LAID_OUT6, field("rest", 32, 32, Number, Is(0))),
    ],
    extent: Fields,
    next: Quoted(ERRORS6, "ip6"),
};

const GROUP_REPORT: &[u8] = &[0x22];

/// IGMP. What version 3 has beyond the group, or the count of groups, is payload.
pub const IGMP: Kind = Kind {
    name: "igmp",
    length: 8,
    fields: &[
        field("type", 0, 8, Number, Given),
        field("mrt", 8, 8, Number, Is(0)),
        field("checksum", 16, 16, Number, Filled),
        without(0, GROUP_REPORT, field("group", 32, 32, Ip4, Is(0))),
        of(GROUP_REPORT, "reserved", 32, 16, Number, Constant(0)),
        of(GROUP_REPORT, "count", 48, 16, Number, Is(0)),
    ],
    extent: Fields,
    next: Payload,
};
