//! Links with addresses of their own beside their parent: `IFLA_MACVLAN_*` and `IFLA_IPVLAN_*` of linux/if_link.h; the words of
//! ip/iplink_macvlan.c and ip/iplink_ipvlan.c in iproute2.

use super::{Kind, upper};
use crate::kernel::options::{Form, Names, Row, Says, Width, row};

use Width::{U16, U32};

/// Links with a hardware address of their own.
pub const MACVLAN: Kind = upper("macvlan", MACVLAN_OPTIONS);

/// The same with a character device.
pub const MACVTAP: Kind = upper("macvtap", MACVLAN_OPTIONS);

/// Links with IP addresses of their own and the hardware address of their parent.
pub const IPVLAN: Kind = upper("ipvlan", IPVLAN_OPTIONS);

/// The same with a character device.
pub const IPVTAP: Kind = upper("ipvtap", IPVLAN_OPTIONS);

/// `enum macvlan_mode`.
const MODES: Names = &[
    ("private", 1),
    ("vepa", 2),
    ("bridge", 4),
    ("passthru", 8),
    ("source", 16),
];

/// `MACVLAN_MACADDR_SET`.
const SET: u32 = 3;

const MACVLAN_OPTIONS: &[Row] = &[
    row(
        "mode",
        1,
        Form::Word(U32, MODES),
        "how links of one parent reach each other: \"bridge\" directly, \"vepa\" by a switch outside that sends back, \"private\" not at all; \"passthru\" takes the parent over, \"source\" takes only frames from `macaddr`; vepa unless given",
    ),
    row(
        "nopromisc",
        2,
        Form::Bit(U16, 1),
        "with \"passthru\": do not put the parent into promiscuous mode",
    )
    .word("flag nopromisc")
    .says(Says::Alone),
    row(
        "nodst",
        2,
        Form::Bit(U16, 2),
        "with \"source\": do not look for the destination after a source matched",
    )
    .word("flag nodst")
    .says(Says::Alone),
    row(
        "macaddr",
        5,
        Form::Macs(3, SET, 4),
        "with \"source\": the hardware addresses to take frames from",
    )
    .word("macaddr set"),
    row(
        "bcqueuelen",
        7,
        Form::number(U32),
        "how many broadcasts may wait",
    ),
];

/// `enum ipvlan_mode`.
const IP_MODES: Names = &[("l2", 0), ("l3", 1), ("l3s", 2)];

/// `IPVLAN_F_*`.
const IP_FLAGS: Names = &[("bridge", 0), ("private", 1), ("vepa", 2)];

const IPVLAN_OPTIONS: &[Row] = &[
    row("mode", 1, Form::Word(U16, IP_MODES), "\"l2\", \"l3\" (packets are routed, no broadcasts) or \"l3s\" (the same, seen by netfilter); l3 unless given"),
    row("flags", 2, Form::Word(U16, IP_FLAGS), "how links of one parent reach each other: \"bridge\" directly, \"private\" not at all, \"vepa\" by a switch outside that sends back").word(""),
];
