//! Neighbours (the ARP and NDP caches, a bridge's forwarding table) and their tables (linux/neighbour.h).

use super::{Header, Integer::*, Kind::*, Names, Table, names::*};

/// Fixed header of RTM_*NEIGH.
pub static NDMSG: Header = Header {
    name: "ndmsg",
    fields: &[
        ("family", Name(U8, &FAMILIES)),
        ("pad1", Skip(1)),
        ("pad2", Skip(2)),
        ("ifindex", Decimal(I32)),
        ("state", Flags(U16, &NEIGHBOUR_STATES)),
        ("flags", Flags(U8, &NEIGHBOUR_FLAGS)),
        ("type", Name(U8, &ROUTE_TYPES)),
    ],
};

/// RTM_*NEIGH.
pub static NEIGHBOUR: Table = &[
    (1, "NDA_DST", Address),
    (2, "NDA_LLADDR", LinkLayer),
    (3, "NDA_CACHEINFO", Record(&NEIGHBOUR_AGE)),
    (4, "NDA_PROBES", Decimal(U32)),
    (5, "NDA_VLAN", Decimal(U16)),
    (6, "NDA_PORT", Decimal(Be16)),
    (7, "NDA_VNI", Decimal(U32)),
    (8, "NDA_IFINDEX", Decimal(U32)),
    (9, "NDA_MASTER", Decimal(U32)),
    (10, "NDA_LINK_NETNSID", Decimal(I32)),
    (11, "NDA_SRC_VNI", Decimal(U32)),
    (12, "NDA_PROTOCOL", Name(U8, &ROUTE_PROTOCOLS)),
    (13, "NDA_NH_ID", Decimal(U32)),
    (14, "NDA_FDB_EXT_ATTRS", Nest(&FORWARDING_MORE)),
    (15, "NDA_FLAGS_EXT", Flags(U32, &EXTENDED_FLAGS)),
    (16, "NDA_NDM_STATE_MASK", Flags(U16, &NEIGHBOUR_STATES)),
    (17, "NDA_NDM_FLAGS_MASK", Flags(U8, &NEIGHBOUR_FLAGS)),
];

/// Hundredths of a second since each.
static NEIGHBOUR_AGE: Header = Header {
    name: "nda_cacheinfo",
    fields: &[
        ("confirmed", Decimal(U32)),
        ("used", Decimal(U32)),
        ("updated", Decimal(U32)),
        ("refcnt", Decimal(U32)),
    ],
};

/// NDA_FDB_EXT_ATTRS.
static FORWARDING_MORE: Table = &[
    (1, "NFEA_ACTIVITY_NOTIFY", Decimal(U8)),
    (2, "NFEA_DONT_REFRESH", Presence),
];

/// NDA_FLAGS_EXT.
static EXTENDED_FLAGS: Names = &[
    (0x1, "NTF_EXT_MANAGED"),
    (0x2, "NTF_EXT_LOCKED"),
    (0x4, "NTF_EXT_EXT_VALIDATED"),
];

/// Fixed header of RTM_*NEIGHTBL.
pub static NDTMSG: Header = Header {
    name: "ndtmsg",
    fields: &[
        ("family", Name(U8, &FAMILIES)),
        ("pad1", Skip(1)),
        ("pad2", Skip(2)),
    ],
};

/// RTM_*NEIGHTBL.
pub static NEIGHBOUR_TABLE: Table = &[
    (1, "NDTA_NAME", Text),
    (2, "NDTA_THRESH1", Decimal(U32)),
    (3, "NDTA_THRESH2", Decimal(U32)),
    (4, "NDTA_THRESH3", Decimal(U32)),
    (5, "NDTA_CONFIG", Record(&TABLE_CONFIG)),
    (6, "NDTA_PARMS", Nest(&NEIGHBOUR_PARAMETERS)),
    (7, "NDTA_STATS", Counters(U64, &TABLE_STATISTICS)),
    (8, "NDTA_GC_INTERVAL", Decimal(U64)),
    (9, "NDTA_PAD", Bytes),
];

/// NDTA_PARMS. Times are in milliseconds.
static NEIGHBOUR_PARAMETERS: Table = &[
    (1, "NDTPA_IFINDEX", Decimal(U32)),
    (2, "NDTPA_REFCNT", Decimal(U32)),
    (3, "NDTPA_REACHABLE_TIME", Decimal(U64)),
    (4, "NDTPA_BASE_REACHABLE_TIME", Decimal(U64)),
    (5, "NDTPA_RETRANS_TIME", Decimal(U64)),
    (6, "NDTPA_GC_STALETIME", Decimal(U64)),
    (7, "NDTPA_DELAY_PROBE_TIME", Decimal(U64)),
    (8, "NDTPA_QUEUE_LEN", Decimal(U32)),
    (9, "NDTPA_APP_PROBES", Decimal(U32)),
    (10, "NDTPA_UCAST_PROBES", Decimal(U32)),
    (11, "NDTPA_MCAST_PROBES", Decimal(U32)),
    (12, "NDTPA_ANYCAST_DELAY", Decimal(U64)),
    (13, "NDTPA_PROXY_DELAY", Decimal(U64)),
    (14, "NDTPA_PROXY_QLEN", Decimal(U32)),
    (15, "NDTPA_LOCKTIME", Decimal(U64)),
    (16, "NDTPA_QUEUE_LENBYTES", Decimal(U32)),
    (17, "NDTPA_MCAST_REPROBES", Decimal(U32)),
    (18, "NDTPA_PAD", Bytes),
    (19, "NDTPA_INTERVAL_PROBE_TIME_MS", Decimal(U64)),
];

/// NDTA_CONFIG.
static TABLE_CONFIG: Header = Header {
    name: "ndt_config",
    fields: &[
        ("key_len", Decimal(U16)),
        ("entry_size", Decimal(U16)),
        ("entries", Decimal(U32)),
        ("last_flush", Decimal(U32)),
        ("last_rand", Decimal(U32)),
        ("hash_rnd", Hex(U32)),
        ("hash_mask", Hex(U32)),
        ("hash_chain_gc", Decimal(U32)),
        ("proxy_qlen", Decimal(U32)),
    ],
};

/// struct ndt_stats.
static TABLE_STATISTICS: &[&str] = &[
    "allocs",
    "destroys",
    "hash_grows",
    "res_failed",
    "lookups",
    "hits",
    "rcv_probes_mcast",
    "rcv_probes_ucast",
    "periodic_gc_runs",
    "forced_gc_runs",
    "table_fulls",
];
