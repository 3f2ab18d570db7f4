//! Addresses, their labels, namespace ids and per-device configuration: the small RTM_* families
//! (linux/if_addr.h, linux/if_addrlabel.h, linux/net_namespace.h, linux/netconf.h, linux/rtnetlink.h).

use super::{Header, Integer::*, Kind::*, Names, Table, link::STATISTICS, names::*};

/// Fixed header of RTM_*ADDR.
pub static IFADDRMSG: Header = Header {
    name: "ifaddrmsg",
    fields: &[
        ("family", Name(U8, &FAMILIES)),
        ("prefixlen", Decimal(U8)),
        ("flags", Flags(U8, &ADDRESS_FLAGS)),
        ("scope", Name(U8, &SCOPES)),
        ("index", Decimal(U32)),
    ],
};

/// RTM_*ADDR.
pub static ADDRESS: Table = &[
    (1, "IFA_ADDRESS", Address),
    (2, "IFA_LOCAL", Address),
    (3, "IFA_LABEL", Text),
    (4, "IFA_BROADCAST", Address),
    (5, "IFA_ANYCAST", Address),
    (6, "IFA_CACHEINFO", Record(&ADDRESS_LIFETIME)),
    (7, "IFA_MULTICAST", Address),
    (8, "IFA_FLAGS", Flags(U32, &ADDRESS_FLAGS)),
    (9, "IFA_RT_PRIORITY", Decimal(U32)),
    (10, "IFA_TARGET_NETNSID", Decimal(I32)),
    (11, "IFA_PROTO", Name(U8, &ADDRESS_PROTOCOLS)),
    (12, "IFA_MC_USERS", Decimal(U32)),
];

/// Lifetimes in seconds, stamps in hundredths of a second since boot.
static ADDRESS_LIFETIME: Header = Header {
    name: "ifa_cacheinfo",
    fields: &[
        ("prefered", Lifetime),
        ("valid", Lifetime),
        ("cstamp", Decimal(U32)),
        ("tstamp", Decimal(U32)),
    ],
};

/// IFA_PROTO.
static ADDRESS_PROTOCOLS: Names = &[
    (0, "IFAPROT_UNSPEC"),
    (1, "IFAPROT_KERNEL_LO"),
    (2, "IFAPROT_KERNEL_RA"),
    (3, "IFAPROT_KERNEL_LL"),
];

/// Fixed header of RTM_*ADDRLABEL.
pub static IFADDRLBLMSG: Header = Header {
    name: "ifaddrlblmsg",
    fields: &[
        ("family", Name(U8, &FAMILIES)),
        ("reserved", Skip(1)),
        ("prefixlen", Decimal(U8)),
        ("flags", Hex(U8)),
        ("index", Decimal(U32)),
        ("seq", Decimal(U32)),
    ],
};

/// RTM_*ADDRLABEL.
pub static ADDRESS_LABEL: Table = &[
    (1, "IFAL_ADDRESS", Address),
    (2, "IFAL_LABEL", Decimal(U32)),
];

/// The fixed header of messages that need only a family.
pub static RTGENMSG: Header = Header {
    name: "rtgenmsg",
    fields: &[("family", Name(U8, &FAMILIES))],
};

/// RTM_*NSID.
pub static NAMESPACE_ID: Table = &[
    (1, "NETNSA_NSID", Decimal(I32)),
    (2, "NETNSA_PID", Decimal(U32)),
    (3, "NETNSA_FD", Decimal(U32)),
    (4, "NETNSA_TARGET_NSID", Decimal(I32)),
    (5, "NETNSA_CURRENT_NSID", Decimal(I32)),
];

/// Fixed header of RTM_*NETCONF.
pub static NETCONFMSG: Header = Header {
    name: "netconfmsg",
    fields: &[("family", Name(U8, &FAMILIES))],
};

/// RTM_*NETCONF.
pub static CONFIGURATION: Table = &[
    (1, "NETCONFA_IFINDEX", Decimal(I32)),
    (2, "NETCONFA_FORWARDING", Decimal(I32)),
    (3, "NETCONFA_RP_FILTER", Decimal(I32)),
    (4, "NETCONFA_MC_FORWARDING", Decimal(I32)),
    (5, "NETCONFA_PROXY_NEIGH", Decimal(I32)),
    (6, "NETCONFA_IGNORE_ROUTES_WITH_LINKDOWN", Decimal(I32)),
    (7, "NETCONFA_INPUT", Decimal(I32)),
    (8, "NETCONFA_BC_FORWARDING", Decimal(I32)),
    (9, "NETCONFA_FORCE_FORWARDING", Decimal(I32)),
];

/// Fixed header of RTM_NEWPREFIX: a prefix out of a router advertisement.
pub static PREFIXMSG: Header = Header {
    name: "prefixmsg",
    fields: &[
        ("family", Name(U8, &FAMILIES)),
        ("pad1", Skip(1)),
        ("pad2", Skip(2)),
        ("ifindex", Decimal(I32)),
        ("type", Decimal(U8)),
        ("len", Decimal(U8)),
        ("flags", Hex(U8)),
        ("pad3", Skip(1)),
    ],
};

/// RTM_NEWPREFIX.
pub static PREFIX: Table = &[
    (1, "PREFIX_ADDRESS", Address),
    (2, "PREFIX_CACHEINFO", Record(&PREFIX_LIFETIME)),
];

/// Seconds.
static PREFIX_LIFETIME: Header = Header {
    name: "prefix_cacheinfo",
    fields: &[("preferred_time", Lifetime), ("valid_time", Lifetime)],
};

/// Fixed header of RTM_*STATS (linux/if_link.h).
pub static IF_STATS_MSG: Header = Header {
    name: "if_stats_msg",
    fields: &[
        ("family", Name(U8, &FAMILIES)),
        ("pad1", Skip(1)),
        ("pad2", Skip(2)),
        ("ifindex", Decimal(U32)),
        ("filter_mask", Hex(U32)),
    ],
};

/// RTM_*STATS.
pub static LINK_STATISTICS: Table = &[
    (1, "IFLA_STATS_LINK_64", Counters(U64, &STATISTICS)),
    (2, "IFLA_STATS_LINK_XSTATS", Bytes),
    (3, "IFLA_STATS_LINK_XSTATS_SLAVE", Bytes),
    (4, "IFLA_STATS_LINK_OFFLOAD_XSTATS", Bytes),
    (5, "IFLA_STATS_AF_SPEC", Bytes),
];
