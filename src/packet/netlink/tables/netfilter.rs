//! The messages of netfilter (linux/netfilter/nfnetlink.h): a type has the subsystem in its upper byte and the message of it
//! in the lower. A new subsystem is a table and a line in [`SUBSYSTEMS`].

use super::{Header, Integer::*, Kind::*, Names, Table, conntrack, nftables};

/// A part of netfilter that has messages of its own.
pub struct Subsystem {
    /// `NFNL_SUBSYS_*`.
    pub number: u8,
    pub messages: &'static [NetfilterMessage],
}

/// A message of a subsystem: its number, its name, what it is for, and its attributes.
pub type NetfilterMessage = (u8, &'static str, Purpose, &'static Table);

/// What a message is for. It decides on what its flags mean.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Purpose {
    New,
    Delete,
    Get,
    Other,
}

/// The subsystems whose attributes have names.
pub static SUBSYSTEMS: &[Subsystem] = &[
    Subsystem {
        number: 0,
        messages: BATCH,
    },
    Subsystem {
        number: 1,
        messages: conntrack::MESSAGES,
    },
    Subsystem {
        number: 2,
        messages: conntrack::EXPECTATION_MESSAGES,
    },
    Subsystem {
        number: 10,
        messages: nftables::MESSAGES,
    },
];

/// All subsystems, for those that have no table.
pub static SUBSYSTEM_NAMES: Names = &[
    (0, "NFNL_SUBSYS_NONE"),
    (1, "NFNL_SUBSYS_CTNETLINK"),
    (2, "NFNL_SUBSYS_CTNETLINK_EXP"),
    (3, "NFNL_SUBSYS_QUEUE"),
    (4, "NFNL_SUBSYS_ULOG"),
    (5, "NFNL_SUBSYS_OSF"),
    (6, "NFNL_SUBSYS_IPSET"),
    (7, "NFNL_SUBSYS_ACCT"),
    (8, "NFNL_SUBSYS_CTNETLINK_TIMEOUT"),
    (9, "NFNL_SUBSYS_CTHELPER"),
    (10, "NFNL_SUBSYS_NFTABLES"),
    (11, "NFNL_SUBSYS_NFT_COMPAT"),
    (12, "NFNL_SUBSYS_HOOK"),
];

/// Fixed header of all of them. The resource of a batch is the subsystem that it is of.
pub static NFGENMSG: Header = Header {
    name: "nfgenmsg",
    fields: &[
        ("family", Name(U8, &FAMILIES)),
        ("version", Decimal(U8)),
        ("res_id", Decimal(Be16)),
    ],
};

/// linux/netfilter.h.
static FAMILIES: Names = &[
    (0, "NFPROTO_UNSPEC"),
    (1, "NFPROTO_INET"),
    (2, "NFPROTO_IPV4"),
    (3, "NFPROTO_ARP"),
    (5, "NFPROTO_NETDEV"),
    (7, "NFPROTO_BRIDGE"),
    (10, "NFPROTO_IPV6"),
];

/// The ends of a transaction.
static BATCH: &[NetfilterMessage] = &[
    (0x10, "NFNL_MSG_BATCH_BEGIN", Purpose::Other, &GENERATION),
    (0x11, "NFNL_MSG_BATCH_END", Purpose::Other, &GENERATION),
];

static GENERATION: Table = &[(1, "NFNL_BATCH_GENID", Decimal(Be32))];
