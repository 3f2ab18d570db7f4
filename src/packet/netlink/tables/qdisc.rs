//! Queueing disciplines, classes, filters and chains (linux/rtnetlink.h, linux/pkt_sched.h, linux/gen_stats.h).
//!
//! The options of the disciplines and filters that netsh makes are here; another one is one more table and one line in
//! QDISC_KINDS. Actions are in `action`.

use super::{Header, Integer::*, Kind, Kind::*, Table, action, names::*};

/// Fixed header of RTM_*QDISC, RTM_*TCLASS, RTM_*TFILTER and RTM_*CHAIN. `info` is the reference count, or a filter's priority and protocol.
pub static TCMSG: Header = Header {
    name: "tcmsg",
    fields: &[
        ("family", Name(U8, &FAMILIES)),
        ("pad1", Skip(1)),
        ("pad2", Skip(2)),
        ("ifindex", Decimal(I32)),
        ("handle", Handle),
        ("parent", Handle),
        ("info", Hex(U32)),
    ],
};

/// Of all four.
pub static QDISC: Table = &[
    (1, "TCA_KIND", Text),
    (2, "TCA_OPTIONS", ByText(1, QDISC_KINDS)),
    (3, "TCA_STATS", Record(&OLD_STATISTICS)),
    (4, "TCA_XSTATS", Bytes),
    (5, "TCA_RATE", Record(&ESTIMATOR)),
    (6, "TCA_FCNT", Decimal(U32)),
    (7, "TCA_STATS2", Nest(&QDISC_STATISTICS)),
    (8, "TCA_STAB", Nest(&SIZE_TABLE)),
    (9, "TCA_PAD", Bytes),
    (10, "TCA_DUMP_INVISIBLE", Presence),
    (11, "TCA_CHAIN", Decimal(U32)),
    (12, "TCA_HW_OFFLOAD", Decimal(U8)),
    (13, "TCA_INGRESS_BLOCK", Decimal(U32)),
    (14, "TCA_EGRESS_BLOCK", Decimal(U32)),
    (15, "TCA_DUMP_FLAGS", Record(&BITFIELD32)),
    (16, "TCA_EXT_WARN_MSG", Text),
];

/// The contents of TCA_OPTIONS by TCA_KIND.
static QDISC_KINDS: &[(&str, Kind)] = &[
    ("bfifo", Record(&FIFO)),
    ("codel", Nest(&CODEL)),
    ("drr", Nest(&DRR)),
    ("flower", Nest(&FLOWER)),
    ("fq", Nest(&FQ)),
    ("fq_codel", Nest(&FQ_CODEL)),
    ("htb", Nest(&HTB)),
    ("matchall", Nest(&MATCHALL)),
    ("netem", Headed(&NETEM_OPTIONS, &NETEM)),
    ("pfifo", Record(&FIFO)),
    ("pfifo_fast", Record(&PRIORITIES)),
    ("prio", Record(&PRIORITIES)),
    ("red", Nest(&RED)),
    ("sfq", Record(&SFQ)),
    ("tbf", Nest(&TBF)),
    ("u32", Nest(&U32_FILTER)),
];

/// Bytes for bfifo, packets for pfifo.
static FIFO: Header = Header {
    name: "tc_fifo_qopt",
    fields: &[("limit", Decimal(U32))],
};

/// The band for each of the 16 priorities.
static PRIORITIES: Header = Header {
    name: "tc_prio_qopt",
    fields: &[("bands", Decimal(I32)), ("priomap", Fixed(16))],
};

/// tbf.
static TBF: Table = &[
    (1, "TCA_TBF_PARMS", Record(&TBF_PARAMETERS)),
    (2, "TCA_TBF_RTAB", Bytes),
    (3, "TCA_TBF_PTAB", Bytes),
    (4, "TCA_TBF_RATE64", Decimal(U64)),
    (5, "TCA_TBF_PRATE64", Decimal(U64)),
    (6, "TCA_TBF_BURST", Decimal(U32)),
    (7, "TCA_TBF_PBURST", Decimal(U32)),
    (8, "TCA_TBF_PAD", Bytes),
];

/// Two `struct tc_ratespec`, rate and peakrate, then the bucket; buffer in ticks of psched.
static TBF_PARAMETERS: Header = Header {
    name: "tc_tbf_qopt",
    fields: &[
        ("rate_shape", Fixed(8)),
        ("rate", Decimal(U32)),
        ("peakrate_shape", Fixed(8)),
        ("peakrate", Decimal(U32)),
        ("limit", Decimal(U32)),
        ("buffer", Decimal(U32)),
        ("mtu", Decimal(U32)),
    ],
};

/// htb.
static HTB: Table = &[
    (1, "TCA_HTB_PARMS", Record(&HTB_CLASS)),
    (2, "TCA_HTB_INIT", Record(&HTB_GLOBAL)),
    (3, "TCA_HTB_CTAB", Bytes),
    (4, "TCA_HTB_RTAB", Bytes),
    (5, "TCA_HTB_DIRECT_QLEN", Decimal(U32)),
    (6, "TCA_HTB_RATE64", Decimal(U64)),
    (7, "TCA_HTB_CEIL64", Decimal(U64)),
    (8, "TCA_HTB_PAD", Bytes),
    (9, "TCA_HTB_OFFLOAD", Presence),
];

/// Two `struct tc_ratespec`, rate and ceil, then the buckets in ticks of psched.
static HTB_CLASS: Header = Header {
    name: "tc_htb_opt",
    fields: &[
        ("rate_shape", Fixed(8)),
        ("rate", Decimal(U32)),
        ("ceil_shape", Fixed(8)),
        ("ceil", Decimal(U32)),
        ("buffer", Decimal(U32)),
        ("cbuffer", Decimal(U32)),
        ("quantum", Decimal(U32)),
        ("level", Decimal(U32)),
        ("prio", Decimal(U32)),
    ],
};

/// TCA_HTB_INIT.
static HTB_GLOBAL: Header = Header {
    name: "tc_htb_glob",
    fields: &[
        ("version", Decimal(U32)),
        ("rate2quantum", Decimal(U32)),
        ("defcls", Hex(U32)),
        ("debug", Decimal(U32)),
        ("direct_pkts", Decimal(U32)),
    ],
};

/// codel. Times are in microseconds.
static CODEL: Table = &[
    (1, "TCA_CODEL_TARGET", Decimal(U32)),
    (2, "TCA_CODEL_LIMIT", Decimal(U32)),
    (3, "TCA_CODEL_INTERVAL", Decimal(U32)),
    (4, "TCA_CODEL_ECN", Decimal(U32)),
    (5, "TCA_CODEL_CE_THRESHOLD", Decimal(U32)),
];

/// fq_codel. Times are in microseconds.
static FQ_CODEL: Table = &[
    (1, "TCA_FQ_CODEL_TARGET", Decimal(U32)),
    (2, "TCA_FQ_CODEL_LIMIT", Decimal(U32)),
    (3, "TCA_FQ_CODEL_INTERVAL", Decimal(U32)),
    (4, "TCA_FQ_CODEL_ECN", Decimal(U32)),
    (5, "TCA_FQ_CODEL_FLOWS", Decimal(U32)),
    (6, "TCA_FQ_CODEL_QUANTUM", Decimal(U32)),
    (7, "TCA_FQ_CODEL_CE_THRESHOLD", Decimal(U32)),
    (8, "TCA_FQ_CODEL_DROP_BATCH_SIZE", Decimal(U32)),
    (9, "TCA_FQ_CODEL_MEMORY_LIMIT", Decimal(U32)),
    (10, "TCA_FQ_CODEL_CE_THRESHOLD_SELECTOR", Decimal(U8)),
    (11, "TCA_FQ_CODEL_CE_THRESHOLD_MASK", Decimal(U8)),
];

/// Times in ticks of psched; chances as a part of 2^32.
static NETEM_OPTIONS: Header = Header {
    name: "tc_netem_qopt",
    fields: &[
        ("latency", Decimal(U32)),
        ("limit", Decimal(U32)),
        ("loss", Decimal(U32)),
        ("gap", Decimal(U32)),
        ("duplicate", Decimal(U32)),
        ("jitter", Decimal(U32)),
    ],
};

/// netem, after the struct. LATENCY64 and JITTER64 are in nanoseconds.
static NETEM: Table = &[
    (1, "TCA_NETEM_CORR", Record(&NETEM_CORRELATION)),
    (2, "TCA_NETEM_DELAY_DIST", Bytes),
    (3, "TCA_NETEM_REORDER", Record(&NETEM_CHANCE)),
    (4, "TCA_NETEM_CORRUPT", Record(&NETEM_CHANCE)),
    (5, "TCA_NETEM_LOSS", Nest(&NETEM_LOSS)),
    (6, "TCA_NETEM_RATE", Record(&NETEM_RATE)),
    (7, "TCA_NETEM_ECN", Decimal(U32)),
    (8, "TCA_NETEM_RATE64", Decimal(U64)),
    (9, "TCA_NETEM_PAD", Decimal(U32)),
    (10, "TCA_NETEM_LATENCY64", Decimal(I64)),
    (11, "TCA_NETEM_JITTER64", Decimal(I64)),
    (12, "TCA_NETEM_SLOT", Record(&NETEM_SLOT)),
    (13, "TCA_NETEM_SLOT_DIST", Bytes),
    (14, "TCA_NETEM_PRNG_SEED", Decimal(U64)),
];

/// TCA_NETEM_CORR.
static NETEM_CORRELATION: Header = Header {
    name: "tc_netem_corr",
    fields: &[
        ("delay_corr", Decimal(U32)),
        ("loss_corr", Decimal(U32)),
        ("dup_corr", Decimal(U32)),
    ],
};

/// TCA_NETEM_REORDER and TCA_NETEM_CORRUPT.
static NETEM_CHANCE: Header = Header {
    name: "tc_netem_reorder",
    fields: &[("probability", Decimal(U32)), ("correlation", Decimal(U32))],
};

/// The models of loss; chances as a part of 2^32.
static NETEM_LOSS: Table = &[
    (1, "NETEM_LOSS_GI", Record(&NETEM_STATES)),
    (2, "NETEM_LOSS_GE", Record(&NETEM_BURSTS)),
];

/// NETEM_LOSS_GI: from which state to which.
static NETEM_STATES: Header = Header {
    name: "tc_netem_gimodel",
    fields: &[
        ("p13", Decimal(U32)),
        ("p31", Decimal(U32)),
        ("p32", Decimal(U32)),
        ("p14", Decimal(U32)),
        ("p23", Decimal(U32)),
    ],
};

/// NETEM_LOSS_GE.
static NETEM_BURSTS: Header = Header {
    name: "tc_netem_gemodel",
    fields: &[
        ("p", Decimal(U32)),
        ("r", Decimal(U32)),
        ("h", Decimal(U32)),
        ("k1", Decimal(U32)),
    ],
};

/// TCA_NETEM_SLOT. Times are in nanoseconds.
static NETEM_SLOT: Header = Header {
    name: "tc_netem_slot",
    fields: &[
        ("min_delay", Decimal(I64)),
        ("max_delay", Decimal(I64)),
        ("max_packets", Decimal(I32)),
        ("max_bytes", Decimal(I32)),
        ("dist_delay", Decimal(I64)),
        ("dist_jitter", Decimal(I64)),
    ],
};

/// Bytes per second.
static NETEM_RATE: Header = Header {
    name: "tc_netem_rate",
    fields: &[
        ("rate", Decimal(U32)),
        ("packet_overhead", Decimal(I32)),
        ("cell_size", Decimal(U32)),
        ("cell_overhead", Decimal(I32)),
    ],
};

/// A class of drr.
static DRR: Table = &[(1, "TCA_DRR_QUANTUM", Decimal(U32))];

/// fq. Times are in microseconds but for the slack, which is in nanoseconds; rates in bytes per second.
static FQ: Table = &[
    (1, "TCA_FQ_PLIMIT", Decimal(U32)),
    (2, "TCA_FQ_FLOW_PLIMIT", Decimal(U32)),
    (3, "TCA_FQ_QUANTUM", Decimal(U32)),
    (4, "TCA_FQ_INITIAL_QUANTUM", Decimal(U32)),
    (5, "TCA_FQ_RATE_ENABLE", Decimal(U32)),
    (6, "TCA_FQ_FLOW_DEFAULT_RATE", Decimal(U32)),
    (7, "TCA_FQ_FLOW_MAX_RATE", Decimal(U32)),
    (8, "TCA_FQ_BUCKETS_LOG", Decimal(U32)),
    (9, "TCA_FQ_FLOW_REFILL_DELAY", Decimal(U32)),
    (10, "TCA_FQ_ORPHAN_MASK", Hex(U32)),
    (11, "TCA_FQ_LOW_RATE_THRESHOLD", Decimal(U32)),
    (12, "TCA_FQ_CE_THRESHOLD", Decimal(U32)),
    (13, "TCA_FQ_TIMER_SLACK", Decimal(U32)),
    (14, "TCA_FQ_HORIZON", Decimal(U32)),
    (15, "TCA_FQ_HORIZON_DROP", Decimal(U8)),
];

/// red.
static RED: Table = &[
    (1, "TCA_RED_PARMS", Record(&RED_PARAMETERS)),
    (2, "TCA_RED_STAB", Bytes),
    (3, "TCA_RED_MAX_P", Decimal(U32)),
    (4, "TCA_RED_FLAGS", Record(&BITFIELD32)),
    (5, "TCA_RED_EARLY_DROP_BLOCK", Decimal(U32)),
    (6, "TCA_RED_MARK_BLOCK", Decimal(U32)),
];

/// TCA_RED_PARMS.
static RED_PARAMETERS: Header = Header {
    name: "tc_red_qopt",
    fields: &[
        ("limit", Decimal(U32)),
        ("qth_min", Decimal(U32)),
        ("qth_max", Decimal(U32)),
        ("Wlog", Decimal(U8)),
        ("Plog", Decimal(U8)),
        ("Scell_log", Decimal(U8)),
        ("flags", Hex(U8)),
    ],
};

/// The beginning of tc_sfq_qopt_v1; what follows is for red.
static SFQ: Header = Header {
    name: "tc_sfq_qopt_v1",
    fields: &[
        ("quantum", Decimal(U32)),
        ("perturb_period", Decimal(I32)),
        ("limit", Decimal(U32)),
        ("divisor", Decimal(U32)),
        ("flows", Decimal(U32)),
        ("depth", Decimal(U32)),
        ("headdrop", Decimal(U32)),
    ],
};

/// u32, the filter.
static U32_FILTER: Table = &[
    (1, "TCA_U32_CLASSID", Handle),
    (2, "TCA_U32_HASH", Hex(U32)),
    (3, "TCA_U32_LINK", Hex(U32)),
    (4, "TCA_U32_DIVISOR", Decimal(U32)),
    (5, "TCA_U32_SEL", Bytes),
    (6, "TCA_U32_POLICE", Bytes),
    (7, "TCA_U32_ACT", Each(&Nest(&action::ACTION))),
    (8, "TCA_U32_INDEV", Text),
    (9, "TCA_U32_PCNT", Bytes),
    (10, "TCA_U32_MARK", Bytes),
    (11, "TCA_U32_FLAGS", Hex(U32)),
];

/// matchall.
static MATCHALL: Table = &[
    (1, "TCA_MATCHALL_CLASSID", Handle),
    (2, "TCA_MATCHALL_ACT", Each(&Nest(&action::ACTION))),
    (3, "TCA_MATCHALL_FLAGS", Hex(U32)),
    (4, "TCA_MATCHALL_PCNT", Bytes),
];

/// flower, as far as netsh has options for it.
static FLOWER: Table = &[
    (1, "TCA_FLOWER_CLASSID", Handle),
    (2, "TCA_FLOWER_INDEV", Text),
    (3, "TCA_FLOWER_ACT", Each(&Nest(&action::ACTION))),
    (4, "TCA_FLOWER_KEY_ETH_DST", Mac),
    (5, "TCA_FLOWER_KEY_ETH_DST_MASK", Mac),
    (6, "TCA_FLOWER_KEY_ETH_SRC", Mac),
    (7, "TCA_FLOWER_KEY_ETH_SRC_MASK", Mac),
    (8, "TCA_FLOWER_KEY_ETH_TYPE", Hex(Be16)),
    (9, "TCA_FLOWER_KEY_IP_PROTO", Decimal(U8)),
    (10, "TCA_FLOWER_KEY_IPV4_SRC", Address),
    (11, "TCA_FLOWER_KEY_IPV4_SRC_MASK", Address),
    (12, "TCA_FLOWER_KEY_IPV4_DST", Address),
    (13, "TCA_FLOWER_KEY_IPV4_DST_MASK", Address),
    (14, "TCA_FLOWER_KEY_IPV6_SRC", Address),
    (15, "TCA_FLOWER_KEY_IPV6_SRC_MASK", Address),
    (16, "TCA_FLOWER_KEY_IPV6_DST", Address),
    (17, "TCA_FLOWER_KEY_IPV6_DST_MASK", Address),
    (18, "TCA_FLOWER_KEY_TCP_SRC", Decimal(Be16)),
    (19, "TCA_FLOWER_KEY_TCP_DST", Decimal(Be16)),
    (20, "TCA_FLOWER_KEY_UDP_SRC", Decimal(Be16)),
    (21, "TCA_FLOWER_KEY_UDP_DST", Decimal(Be16)),
    (22, "TCA_FLOWER_FLAGS", Hex(U32)),
    (23, "TCA_FLOWER_KEY_VLAN_ID", Decimal(U16)),
    (24, "TCA_FLOWER_KEY_VLAN_PRIO", Decimal(U8)),
    (25, "TCA_FLOWER_KEY_VLAN_ETH_TYPE", Hex(Be16)),
    (41, "TCA_FLOWER_KEY_SCTP_SRC", Decimal(Be16)),
    (42, "TCA_FLOWER_KEY_SCTP_DST", Decimal(Be16)),
    (49, "TCA_FLOWER_KEY_ICMPV4_CODE", Decimal(U8)),
    (50, "TCA_FLOWER_KEY_ICMPV4_CODE_MASK", Hex(U8)),
    (51, "TCA_FLOWER_KEY_ICMPV4_TYPE", Decimal(U8)),
    (52, "TCA_FLOWER_KEY_ICMPV4_TYPE_MASK", Hex(U8)),
    (53, "TCA_FLOWER_KEY_ICMPV6_CODE", Decimal(U8)),
    (54, "TCA_FLOWER_KEY_ICMPV6_CODE_MASK", Hex(U8)),
    (55, "TCA_FLOWER_KEY_ICMPV6_TYPE", Decimal(U8)),
    (56, "TCA_FLOWER_KEY_ICMPV6_TYPE_MASK", Hex(U8)),
    (57, "TCA_FLOWER_KEY_ARP_SIP", Address),
    (58, "TCA_FLOWER_KEY_ARP_SIP_MASK", Address),
    (59, "TCA_FLOWER_KEY_ARP_TIP", Address),
    (60, "TCA_FLOWER_KEY_ARP_TIP_MASK", Address),
    (71, "TCA_FLOWER_KEY_TCP_FLAGS", Hex(Be16)),
    (72, "TCA_FLOWER_KEY_TCP_FLAGS_MASK", Hex(Be16)),
    (73, "TCA_FLOWER_KEY_IP_TOS", Hex(U8)),
    (74, "TCA_FLOWER_KEY_IP_TOS_MASK", Hex(U8)),
    (75, "TCA_FLOWER_KEY_IP_TTL", Decimal(U8)),
    (76, "TCA_FLOWER_KEY_IP_TTL_MASK", Hex(U8)),
    (86, "TCA_FLOWER_IN_HW_COUNT", Decimal(U32)),
    (87, "TCA_FLOWER_KEY_PORT_SRC_MIN", Decimal(Be16)),
    (88, "TCA_FLOWER_KEY_PORT_SRC_MAX", Decimal(Be16)),
    (89, "TCA_FLOWER_KEY_PORT_DST_MIN", Decimal(Be16)),
    (90, "TCA_FLOWER_KEY_PORT_DST_MAX", Decimal(Be16)),
];

/// TCA_STATS.
static OLD_STATISTICS: Header = Header {
    name: "tc_stats",
    fields: &[
        ("bytes", Decimal(U64)),
        ("packets", Decimal(U32)),
        ("drops", Decimal(U32)),
        ("overlimits", Decimal(U32)),
        ("bps", Decimal(U32)),
        ("pps", Decimal(U32)),
        ("qlen", Decimal(U32)),
        ("backlog", Decimal(U32)),
    ],
};

/// TCA_RATE.
static ESTIMATOR: Header = Header {
    name: "tc_estimator",
    fields: &[("interval", Decimal(U8)), ("ewma_log", Decimal(U8))],
};

/// linux/netlink.h.
static BITFIELD32: Header = Header {
    name: "nla_bitfield32",
    fields: &[("value", Hex(U32)), ("selector", Hex(U32))],
};

/// TCA_STATS2.
pub static QDISC_STATISTICS: Table = &[
    (1, "TCA_STATS_BASIC", Record(&BASIC)),
    (2, "TCA_STATS_RATE_EST", Record(&RATE)),
    (3, "TCA_STATS_QUEUE", Record(&QUEUE)),
    (4, "TCA_STATS_APP", Bytes),
    (5, "TCA_STATS_RATE_EST64", Record(&RATE64)),
    (6, "TCA_STATS_PAD", Bytes),
    (7, "TCA_STATS_BASIC_HW", Record(&BASIC)),
    (8, "TCA_STATS_PKT64", Decimal(U64)),
];

/// linux/gen_stats.h.
static BASIC: Header = Header {
    name: "gnet_stats_basic",
    fields: &[("bytes", Decimal(U64)), ("packets", Decimal(U32))],
};

/// linux/gen_stats.h.
static QUEUE: Header = Header {
    name: "gnet_stats_queue",
    fields: &[
        ("qlen", Decimal(U32)),
        ("backlog", Decimal(U32)),
        ("drops", Decimal(U32)),
        ("requeues", Decimal(U32)),
        ("overlimits", Decimal(U32)),
    ],
};

/// linux/gen_stats.h.
static RATE: Header = Header {
    name: "gnet_stats_rate_est",
    fields: &[("bps", Decimal(U32)), ("pps", Decimal(U32))],
};

/// linux/gen_stats.h.
static RATE64: Header = Header {
    name: "gnet_stats_rate_est64",
    fields: &[("bps", Decimal(U64)), ("pps", Decimal(U64))],
};

/// TCA_STAB.
static SIZE_TABLE: Table = &[(1, "TCA_STAB_BASE", Bytes), (2, "TCA_STAB_DATA", Bytes)];
