//! Headers that a packet may have behind its first one: the options of IPv4 and the extension headers of IPv6.
//!
//! The kernel looks for them by their number (`exthdr`). Places and lengths are those of RFC 791, 2113, 8200, 8754 and 6275,
//! names are those of nft's ipopt.c and exthdr.c.

use super::fields::{Field, IP, IP6, Protocol, field};
use super::types::{INTEGER, IPV6, MH_TYPE, PROTOCOL};

/// A header that may be there.
#[derive(Debug, PartialEq, Eq)]
pub struct Extension {
    /// As rules call it.
    pub name: &'static str,
    /// Where: `NFT_EXTHDR_OP_IPV6` or `NFT_EXTHDR_OP_IPV4`.
    pub place: u32,
    /// Its number: of an option, or of a protocol.
    pub number: u8,
    /// Its fields.
    pub fields: &'static [Field],
}

/// `NFT_EXTHDR_OP_IPV6`.
pub const IN_IPV6: u32 = 0;
/// `NFT_EXTHDR_OP_IPV4`.
pub const IN_IPV4: u32 = 2;

impl Extension {
    /// The protocol that it belongs to.
    pub fn protocol(&self) -> &'static Protocol {
        match self.place {
            IN_IPV4 => &IP,
            _ => &IP6,
        }
    }
}

const NEXT: Field = field("nexthdr", 0, 8, &PROTOCOL);
const LENGTH: Field = field("hdrlength", 8, 8, &INTEGER);
const ROUTE: &[Field] = &[
    field("type", 0, 8, &INTEGER),
    field("length", 8, 8, &INTEGER),
    field("ptr", 16, 8, &INTEGER),
];

macro_rules! extensions {
    ($($name:literal, $place:ident, $number:literal, $fields:expr;)+) => {
        /// All that rules can name. What has the number of one above it is that one with more fields.
        pub static EXTENSIONS: &[Extension] = &[$(Extension {
            name: $name,
            place: $place,
            number: $number,
            fields: $fields,
        }),+];
    };
}

extensions! {
    "hbh", IN_IPV6, 0, &[NEXT, LENGTH];
    "rt", IN_IPV6, 43, &[NEXT, LENGTH, field("type", 16, 8, &INTEGER), field("seg-left", 24, 8, &INTEGER)];
    "srh", IN_IPV6, 43, &[
        field("last-entry", 32, 8, &INTEGER),
        field("flags", 40, 8, &INTEGER),
        field("tag", 48, 16, &INTEGER),
        field("sid[1]", 64, 128, &IPV6),
        field("sid[2]", 192, 128, &IPV6),
    ];
    "frag", IN_IPV6, 44, &[
        NEXT,
        field("reserved", 8, 8, &INTEGER),
        field("frag-off", 16, 13, &INTEGER),
        field("reserved2", 29, 2, &INTEGER),
        field("more-fragments", 31, 1, &INTEGER),
        field("id", 32, 32, &INTEGER),
    ];
    "dst", IN_IPV6, 60, &[NEXT, LENGTH];
    "mh", IN_IPV6, 135, &[
        NEXT,
        LENGTH,
        field("type", 16, 8, &MH_TYPE),
        field("reserved", 24, 8, &INTEGER),
        field("checksum", 32, 16, &INTEGER),
    ];
    "lsrr", IN_IPV4, 131, ROUTE;
    "rr", IN_IPV4, 7, ROUTE;
    "ssrr", IN_IPV4, 137, ROUTE;
    "ra", IN_IPV4, 148, &[
        field("type", 0, 8, &INTEGER),
        field("length", 8, 8, &INTEGER),
        field("value", 16, 16, &INTEGER),
    ];
}

/// Those of a protocol with this number.
pub fn numbered(place: u32, number: u64) -> impl Iterator<Item = &'static Extension> {
    EXTENSIONS
        .iter()
        .filter(move |one| one.place == place && u64::from(one.number) == number)
}

/// The one with this name.
pub fn named(place: u32, name: &str) -> Option<&'static Extension> {
    EXTENSIONS
        .iter()
        .find(|one| one.place == place && one.name == name)
}
