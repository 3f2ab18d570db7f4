//! Headers of links: Ethernet (IEEE 802.3).

use crate::packet::layers::header::Form::{Mac, Number};
use crate::packet::layers::header::Usual::{Follows, Given};
use crate::packet::layers::header::{Kind, field};

const ETHERTYPES: &[(u64, &str)] = &[(0x0800, "ip"), (0x0806, "arp"), (0x86dd, "ip6")];

/// Ethernet.
pub const ETHER: Kind = Kind {
    name: "ether",
    length: 14,
    fields: &[
        field("daddr", 0, 48, Mac, Given),
        field("saddr", 48, 48, Mac, Given),
        field("type", 96, 16, Number, Follows),
    ],
    header_length: None,
    next: ETHERTYPES,
};
