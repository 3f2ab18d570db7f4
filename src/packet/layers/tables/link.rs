//! Headers of links: Ethernet (IEEE 802.3), VLAN tags (IEEE 802.1Q), LLC (IEEE 802.2), and what tcpdump's `any` has in their
//! place (tcpdump.org/linktypes.html, LINKTYPE_LINUX_SLL and LINKTYPE_LINUX_SLL2).

use crate::packet::layers::header::Extent::Fields;
use crate::packet::layers::header::Form::{Flag, Mac, Number};
use crate::packet::layers::header::Next::Told;
use crate::packet::layers::header::Usual::{Follows, Given, Is};
use crate::packet::layers::header::{Kind, field};

/// The first of the tags of a frame is `vlan`, the second `cvlan`, as tc's flower calls them.
const ETHERTYPES: &[(u64, &str)] = &[
    (0x0800, "ip"),
    (0x0806, "arp"),
    (0x86dd, "ip6"),
    (0x8100, "vlan"),
    (0x88a8, "vlan"),
    (0x88cc, "lldp"),
];
const IN_VLAN: &[(u64, &str)] = &[
    (0x0800, "ip"),
    (0x0806, "arp"),
    (0x86dd, "ip6"),
    (0x8100, "cvlan"),
    (0x88a8, "cvlan"),
    (0x88cc, "lldp"),
];

/// Ethernet.
pub const ETHER: Kind = Kind {
    name: "ether",
    length: 14,
    fields: &[
        field("daddr", 0, 48, Mac, Given),
        field("saddr", 48, 48, Mac, Given),
        field("type", 96, 16, Number, Follows),
    ],
    extent: Fields,
    next: Told(ETHERTYPES),
};

/// The header of a captured packet of any link: Ethernet's type stands there.
pub const SLL: Kind = Kind {
    name: "sll",
    length: 16,
    fields: &[
        field("packet_type", 0, 16, Number, Is(0)),
        field("htype", 16, 16, Number, Is(1)),
        field("hlen", 32, 16, Number, Is(6)),
        field("saddr", 48, 48, Mac, Is(0)),
        field("unused", 96, 16, Number, Is(0)),
        field("type", 112, 16, Number, Follows),
    ],
    extent: Fields,
    next: Told(ETHERTYPES),
};

/// The newer one, with the index of the link.
pub const SLL2: Kind = Kind {
    name: "sll2",
    length: 20,
    fields: &[
        field("type", 0, 16, Number, Follows),
        field("reserved", 16, 16, Number, Is(0)),
        field("ifindex", 32, 32, Number, Is(0)),
        field("htype", 64, 16, Number, Is(1)),
        field("packet_type", 80, 8, Number, Is(0)),
        field("hlen", 88, 8, Number, Is(6)),
        field("saddr", 96, 48, Mac, Is(0)),
        field("unused", 144, 16, Number, Is(0)),
    ],
    extent: Fields,
    next: Told(ETHERTYPES),
};

/// A VLAN tag, with what is in the frame behind it.
pub const VLAN: Kind = Kind {
    name: "vlan",
    length: 4,
    fields: &[
        field("pcp", 0, 3, Number, Is(0)),
        field("dei", 3, 1, Flag, Is(0)),
        field("id", 4, 12, Number, Given),
        field("type", 16, 16, Number, Follows),
    ],
    extent: Fields,
    next: Told(IN_VLAN),
};

/// The second tag of a frame.
pub const CVLAN: Kind = Kind {
    name: "cvlan",
    // One more begins anew.
    next: Told(ETHERTYPES),
    ..VLAN
};

/// The header of a frame that has its length in place of a type.
pub const LLC: Kind = Kind {
    name: "llc",
    length: 3,
    fields: &[
        field("dsap", 0, 8, Number, Follows),
        field("ssap", 8, 8, Number, Is(0x42)),
        field("control", 16, 8, Number, Is(3)),
    ],
    extent: Fields,
    next: Told(&[(0x42, "stp")]),
};
