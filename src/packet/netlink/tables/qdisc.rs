//! Queueing disciplines, classes, filters and chains (linux/rtnetlink.h, linux/pkt_sched.h, linux/gen_stats.h).
//!
//! The options of the disciplines that labs use most are here; another one is one more table and one line in QDISC_KINDS.

use super::{Header, Integer::*, Kind, Kind::*, Table, names::*};

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
    ("fq_codel", Nest(&FQ_CODEL)),
    ("htb", Nest(&HTB)),
    ("netem", Headed(&NETEM_OPTIONS, &NETEM)),
    ("pfifo", Record(&FIFO)),
    ("pfifo_fast", Record(&PRIORITIES)),
    ("prio", Record(&PRIORITIES)),
    ("tbf", Nest(&TBF)),
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
    (5, "TCA_NETEM_LOSS", Bytes),
    (6, "TCA_NETEM_RATE", Record(&NETEM_RATE)),
    (7, "TCA_NETEM_ECN", Decimal(U32)),
    (8, "TCA_NETEM_RATE64", Decimal(U64)),
    (9, "TCA_NETEM_PAD", Decimal(U32)),
    (10, "TCA_NETEM_LATENCY64", Decimal(I64)),
    (11, "TCA_NETEM_JITTER64", Decimal(I64)),
    (12, "TCA_NETEM_SLOT", Bytes),
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
static QDISC_STATISTICS: Table = &[
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
