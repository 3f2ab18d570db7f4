//! Routes, next hops and rules (linux/rtnetlink.h, linux/nexthop.h, linux/lwtunnel.h, linux/fib_rules.h).

use super::{Header, Integer::*, Kind, Kind::*, Names, Table, names::*};

/// Fixed header of RTM_*ROUTE.
pub static RTMSG: Header = Header {
    name: "rtmsg",
    fields: &[
        ("family", Name(U8, &FAMILIES)),
        ("dst_len", Decimal(U8)),
        ("src_len", Decimal(U8)),
        ("tos", Hex(U8)),
        ("table", Name(U8, &ROUTE_TABLES)),
        ("protocol", Name(U8, &ROUTE_PROTOCOLS)),
        ("scope", Name(U8, &SCOPES)),
        ("type", Name(U8, &ROUTE_TYPES)),
        ("flags", Flags(U32, &ROUTE_FLAGS)),
    ],
};

/// RTM_*ROUTE.
pub static ROUTE: Table = &[
    (1, "RTA_DST", Address),
    (2, "RTA_SRC", Address),
    (3, "RTA_IIF", Decimal(U32)),
    (4, "RTA_OIF", Decimal(U32)),
    (5, "RTA_GATEWAY", Address),
    (6, "RTA_PRIORITY", Decimal(U32)),
    (7, "RTA_PREFSRC", Address),
    (8, "RTA_METRICS", Nest(&METRICS)),
    (9, "RTA_MULTIPATH", NextHops),
    (10, "RTA_PROTOINFO", Bytes),
    (11, "RTA_FLOW", Decimal(U32)),
    (12, "RTA_CACHEINFO", Record(&ROUTE_AGE)),
    (13, "RTA_SESSION", Bytes),
    (14, "RTA_MP_ALGO", Bytes),
    (15, "RTA_TABLE", Name(U32, &ROUTE_TABLES)),
    (16, "RTA_MARK", Hex(U32)),
    (17, "RTA_MFC_STATS", Record(&MULTICAST_COUNTERS)),
    (18, "RTA_VIA", Via),
    (19, "RTA_NEWDST", Address),
    (20, "RTA_PREF", Name(U8, &ROUTER_PREFERENCES)),
    (21, "RTA_ENCAP_TYPE", Name(U16, &ENCAPSULATIONS)),
    (22, "RTA_ENCAP", ByNumber(21, ENCAPSULATION_KINDS)),
    (23, "RTA_EXPIRES", Decimal(U32)),
    (24, "RTA_PAD", Bytes),
    (25, "RTA_UID", Decimal(U32)),
    (26, "RTA_TTL_PROPAGATE", Decimal(U8)),
    (27, "RTA_IP_PROTO", Name(U8, &IP_PROTOCOLS)),
    (28, "RTA_SPORT", Decimal(Be16)),
    (29, "RTA_DPORT", Decimal(Be16)),
    (30, "RTA_NH_ID", Decimal(U32)),
    (31, "RTA_FLOWLABEL", Hex(Be32)),
    (32, "RTA_DEL_REASON", Decimal(U32)),
];

/// The contents of RTA_ENCAP and NHA_ENCAP by the encapsulation's type.
static ENCAPSULATION_KINDS: &[(u64, Kind)] = &[(1, Nest(&MPLS)), (2, Nest(&IP)), (4, Nest(&IP6))];

/// enum lwtunnel_encap_types.
static ENCAPSULATIONS: Names = &[
    (0, "LWTUNNEL_ENCAP_NONE"),
    (1, "LWTUNNEL_ENCAP_MPLS"),
    (2, "LWTUNNEL_ENCAP_IP"),
    (3, "LWTUNNEL_ENCAP_ILA"),
    (4, "LWTUNNEL_ENCAP_IP6"),
    (5, "LWTUNNEL_ENCAP_SEG6"),
    (6, "LWTUNNEL_ENCAP_BPF"),
    (7, "LWTUNNEL_ENCAP_SEG6_LOCAL"),
    (8, "LWTUNNEL_ENCAP_RPL"),
    (9, "LWTUNNEL_ENCAP_IOAM6"),
    (10, "LWTUNNEL_ENCAP_XFRM"),
];

/// LWTUNNEL_ENCAP_MPLS (linux/mpls_iptunnel.h).
static MPLS: Table = &[
    (1, "MPLS_IPTUNNEL_DST", Labels),
    (2, "MPLS_IPTUNNEL_TTL", Decimal(U8)),
];

/// LWTUNNEL_ENCAP_IP.
static IP: Table = &[
    (1, "LWTUNNEL_IP_ID", Decimal(Be64)),
    (2, "LWTUNNEL_IP_DST", Address),
    (3, "LWTUNNEL_IP_SRC", Address),
    (4, "LWTUNNEL_IP_TTL", Decimal(U8)),
    (5, "LWTUNNEL_IP_TOS", Hex(U8)),
    (6, "LWTUNNEL_IP_FLAGS", Hex(Be16)),
    (7, "LWTUNNEL_IP_PAD", Bytes),
    (8, "LWTUNNEL_IP_OPTS", Bytes),
];

/// LWTUNNEL_ENCAP_IP6.
static IP6: Table = &[
    (1, "LWTUNNEL_IP6_ID", Decimal(Be64)),
    (2, "LWTUNNEL_IP6_DST", Address),
    (3, "LWTUNNEL_IP6_SRC", Address),
    (4, "LWTUNNEL_IP6_HOPLIMIT", Decimal(U8)),
    (5, "LWTUNNEL_IP6_TC", Hex(U8)),
    (6, "LWTUNNEL_IP6_FLAGS", Hex(Be16)),
    (7, "LWTUNNEL_IP6_PAD", Bytes),
    (8, "LWTUNNEL_IP6_OPTS", Bytes),
];

/// RTA_METRICS.
static METRICS: Table = &[
    (1, "RTAX_LOCK", Hex(U32)),
    (2, "RTAX_MTU", Decimal(U32)),
    (3, "RTAX_WINDOW", Decimal(U32)),
    (4, "RTAX_RTT", Decimal(U32)),
    (5, "RTAX_RTTVAR", Decimal(U32)),
    (6, "RTAX_SSTHRESH", Decimal(U32)),
    (7, "RTAX_CWND", Decimal(U32)),
    (8, "RTAX_ADVMSS", Decimal(U32)),
    (9, "RTAX_REORDERING", Decimal(U32)),
    (10, "RTAX_HOPLIMIT", Decimal(U32)),
    (11, "RTAX_INITCWND", Decimal(U32)),
    (12, "RTAX_FEATURES", Hex(U32)),
    (13, "RTAX_RTO_MIN", Decimal(U32)),
    (14, "RTAX_INITRWND", Decimal(U32)),
    (15, "RTAX_QUICKACK", Decimal(U32)),
    (16, "RTAX_CC_ALGO", Text),
    (17, "RTAX_FASTOPEN_NO_COOKIE", Decimal(U32)),
];

/// RTA_CACHEINFO.
static ROUTE_AGE: Header = Header {
    name: "rta_cacheinfo",
    fields: &[
        ("clntref", Decimal(U32)),
        ("lastuse", Decimal(U32)),
        ("expires", Decimal(I32)),
        ("error", Decimal(I32)),
        ("used", Decimal(U32)),
        ("id", Hex(U32)),
        ("ts", Decimal(U32)),
        ("tsage", Decimal(U32)),
    ],
};

/// RTA_MFC_STATS.
static MULTICAST_COUNTERS: Header = Header {
    name: "rta_mfc_stats",
    fields: &[
        ("mfcs_packets", Decimal(U64)),
        ("mfcs_bytes", Decimal(U64)),
        ("mfcs_wrong_if", Decimal(U64)),
    ],
};

/// RTA_PREF, RFC 4191 (linux/icmpv6.h).
static ROUTER_PREFERENCES: Names = &[
    (0, "ICMPV6_ROUTER_PREF_MEDIUM"),
    (1, "ICMPV6_ROUTER_PREF_HIGH"),
    (3, "ICMPV6_ROUTER_PREF_LOW"),
];

/// Fixed header of RTM_*NEXTHOP.
pub static NHMSG: Header = Header {
    name: "nhmsg",
    fields: &[
        ("family", Name(U8, &FAMILIES)),
        ("scope", Name(U8, &SCOPES)),
        ("protocol", Name(U8, &ROUTE_PROTOCOLS)),
        ("resvd", Skip(1)),
        ("flags", Flags(U32, &ROUTE_FLAGS)),
    ],
};

/// RTM_*NEXTHOP and RTM_*NEXTHOPBUCKET.
pub static NEXT_HOP: Table = &[
    (1, "NHA_ID", Decimal(U32)),
    (2, "NHA_GROUP", List(&NEXT_HOP_GROUP)),
    (3, "NHA_GROUP_TYPE", Name(U16, &GROUP_TYPES)),
    (4, "NHA_BLACKHOLE", Presence),
    (5, "NHA_OIF", Decimal(U32)),
    (6, "NHA_GATEWAY", Address),
    (7, "NHA_ENCAP_TYPE", Name(U16, &ENCAPSULATIONS)),
    (8, "NHA_ENCAP", ByNumber(7, ENCAPSULATION_KINDS)),
    (9, "NHA_GROUPS", Presence),
    (10, "NHA_MASTER", Decimal(U32)),
    (11, "NHA_FDB", Presence),
    (12, "NHA_RES_GROUP", Nest(&RESILIENT_GROUP)),
    (13, "NHA_RES_BUCKET", Nest(&RESILIENT_BUCKET)),
    (14, "NHA_OP_FLAGS", Hex(U32)),
    (15, "NHA_GROUP_STATS", Bytes),
    (16, "NHA_HW_STATS_ENABLE", Decimal(U32)),
    (17, "NHA_HW_STATS_USED", Decimal(U32)),
];

/// One member of a group; the kernel counts weights from 0.
static NEXT_HOP_GROUP: Header = Header {
    name: "nexthop_grp",
    fields: &[
        ("id", Decimal(U32)),
        ("weight", Decimal(U8)),
        ("weight_high", Decimal(U8)),
        ("resvd2", Skip(2)),
    ],
};

/// NHA_GROUP_TYPE.
static GROUP_TYPES: Names = &[(0, "NEXTHOP_GRP_TYPE_MPATH"), (1, "NEXTHOP_GRP_TYPE_RES")];

/// NHA_RES_GROUP.
static RESILIENT_GROUP: Table = &[
    (1, "NHA_RES_GROUP_BUCKETS", Decimal(U16)),
    (2, "NHA_RES_GROUP_IDLE_TIMER", Decimal(U32)),
    (3, "NHA_RES_GROUP_UNBALANCED_TIMER", Decimal(U32)),
    (4, "NHA_RES_GROUP_UNBALANCED_TIME", Decimal(U64)),
];

/// NHA_RES_BUCKET.
static RESILIENT_BUCKET: Table = &[
    (1, "NHA_RES_BUCKET_INDEX", Decimal(U16)),
    (2, "NHA_RES_BUCKET_IDLE_TIME", Decimal(U64)),
    (3, "NHA_RES_BUCKET_NH_ID", Decimal(U32)),
];

/// Fixed header of RTM_*RULE.
pub static FIB_RULE_HDR: Header = Header {
    name: "fib_rule_hdr",
    fields: &[
        ("family", Name(U8, &FAMILIES)),
        ("dst_len", Decimal(U8)),
        ("src_len", Decimal(U8)),
        ("tos", Hex(U8)),
        ("table", Name(U8, &ROUTE_TABLES)),
        ("res1", Skip(1)),
        ("res2", Skip(1)),
        ("action", Name(U8, &RULE_ACTIONS)),
        ("flags", Flags(U32, &RULE_FLAGS)),
    ],
};

/// RTM_*RULE.
pub static RULE: Table = &[
    (1, "FRA_DST", Address),
    (2, "FRA_SRC", Address),
    (3, "FRA_IIFNAME", Text),
    (4, "FRA_GOTO", Decimal(U32)),
    (5, "FRA_UNUSED2", Bytes),
    (6, "FRA_PRIORITY", Decimal(U32)),
    (7, "FRA_UNUSED3", Bytes),
    (8, "FRA_UNUSED4", Bytes),
    (9, "FRA_UNUSED5", Bytes),
    (10, "FRA_FWMARK", Hex(U32)),
    (11, "FRA_FLOW", Decimal(U32)),
    (12, "FRA_TUN_ID", Decimal(Be64)),
    (13, "FRA_SUPPRESS_IFGROUP", Decimal(I32)),
    (14, "FRA_SUPPRESS_PREFIXLEN", Decimal(I32)),
    (15, "FRA_TABLE", Name(U32, &ROUTE_TABLES)),
    (16, "FRA_FWMASK", Hex(U32)),
    (17, "FRA_OIFNAME", Text),
    (18, "FRA_PAD", Bytes),
    (19, "FRA_L3MDEV", Decimal(U8)),
    (20, "FRA_UID_RANGE", Record(&UID_RANGE)),
    (21, "FRA_PROTOCOL", Name(U8, &ROUTE_PROTOCOLS)),
    (22, "FRA_IP_PROTO", Name(U8, &IP_PROTOCOLS)),
    (23, "FRA_SPORT_RANGE", Record(&RULE_PORTS)),
    (24, "FRA_DPORT_RANGE", Record(&RULE_PORTS)),
    (25, "FRA_DSCP", Decimal(U8)),
    (26, "FRA_FLOWLABEL", Hex(Be32)),
    (27, "FRA_FLOWLABEL_MASK", Hex(Be32)),
    (28, "FRA_SPORT_MASK", Hex(U16)),
    (29, "FRA_DPORT_MASK", Hex(U16)),
    (30, "FRA_DSCP_MASK", Hex(U8)),
];

/// What a rule does.
static RULE_ACTIONS: Names = &[
    (0, "FR_ACT_UNSPEC"),
    (1, "FR_ACT_TO_TBL"),
    (2, "FR_ACT_GOTO"),
    (3, "FR_ACT_NOP"),
    (4, "FR_ACT_RES3"),
    (5, "FR_ACT_RES4"),
    (6, "FR_ACT_BLACKHOLE"),
    (7, "FR_ACT_UNREACHABLE"),
    (8, "FR_ACT_PROHIBIT"),
];

/// linux/fib_rules.h.
static RULE_FLAGS: Names = &[
    (0x1, "FIB_RULE_PERMANENT"),
    (0x2, "FIB_RULE_INVERT"),
    (0x4, "FIB_RULE_UNRESOLVED"),
    (0x8, "FIB_RULE_IIF_DETACHED"),
    (0x10, "FIB_RULE_OIF_DETACHED"),
    (0x10000, "FIB_RULE_FIND_SADDR"),
];

/// FRA_UID_RANGE.
static UID_RANGE: Header = Header {
    name: "fib_rule_uid_range",
    fields: &[("start", Decimal(U32)), ("end", Decimal(U32))],
};

/// FRA_SPORT_RANGE and FRA_DPORT_RANGE: host order, unlike most ports.
static RULE_PORTS: Header = Header {
    name: "fib_rule_port_range",
    fields: &[("start", Decimal(U16)), ("end", Decimal(U16))],
};
