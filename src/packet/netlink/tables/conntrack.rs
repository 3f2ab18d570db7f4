//! Tracked connections and those that are expected (linux/netfilter/nfnetlink_conntrack.h). Numbers are in the network's
//! order.

use super::netfilter::{NetfilterMessage, Purpose};
use super::{Header, Integer::*, Kind::*, Names, Table, names::IP_PROTOCOLS};

/// NFNL_SUBSYS_CTNETLINK.
pub static MESSAGES: &[NetfilterMessage] = &[
    (0, "IPCTNL_MSG_CT_NEW", Purpose::New, &ENTRY),
    (1, "IPCTNL_MSG_CT_GET", Purpose::Get, &ENTRY),
    (2, "IPCTNL_MSG_CT_DELETE", Purpose::Delete, &ENTRY),
    (3, "IPCTNL_MSG_CT_GET_CTRZERO", Purpose::Get, &ENTRY),
    (
        4,
        "IPCTNL_MSG_CT_GET_STATS_CPU",
        Purpose::Get,
        &STATISTICS_OF_CPU,
    ),
    (5, "IPCTNL_MSG_CT_GET_STATS", Purpose::Get, &STATISTICS),
    (6, "IPCTNL_MSG_CT_GET_DYING", Purpose::Get, &ENTRY),
    (7, "IPCTNL_MSG_CT_GET_UNCONFIRMED", Purpose::Get, &ENTRY),
];

/// NFNL_SUBSYS_CTNETLINK_EXP.
pub static EXPECTATION_MESSAGES: &[NetfilterMessage] = &[
    (0, "IPCTNL_MSG_EXP_NEW", Purpose::New, &EXPECTATION),
    (1, "IPCTNL_MSG_EXP_GET", Purpose::Get, &EXPECTATION),
    (2, "IPCTNL_MSG_EXP_DELETE", Purpose::Delete, &EXPECTATION),
    (
        3,
        "IPCTNL_MSG_EXP_GET_STATS_CPU",
        Purpose::Get,
        &STATISTICS_OF_EXPECTATIONS,
    ),
];

/// IPCTNL_MSG_CT_*.
static ENTRY: Table = &[
    (1, "CTA_TUPLE_ORIG", Nest(&TUPLE)),
    (2, "CTA_TUPLE_REPLY", Nest(&TUPLE)),
    (3, "CTA_STATUS", Flags(Be32, &STATUS)),
    (4, "CTA_PROTOINFO", Nest(&PROTOCOL_STATE)),
    (5, "CTA_HELP", Nest(&HELPER)),
    (6, "CTA_NAT_SRC", Nest(&NAT)),
    (7, "CTA_TIMEOUT", Decimal(Be32)),
    (8, "CTA_MARK", Hex(Be32)),
    (9, "CTA_COUNTERS_ORIG", Nest(&COUNTERS)),
    (10, "CTA_COUNTERS_REPLY", Nest(&COUNTERS)),
    (11, "CTA_USE", Decimal(Be32)),
    (12, "CTA_ID", Decimal(Be32)),
    (13, "CTA_NAT_DST", Nest(&NAT)),
    (14, "CTA_TUPLE_MASTER", Nest(&TUPLE)),
    (15, "CTA_SEQ_ADJ_ORIG", Nest(&SEQUENCE)),
    (16, "CTA_SEQ_ADJ_REPLY", Nest(&SEQUENCE)),
    (17, "CTA_SECMARK", Decimal(Be32)),
    (18, "CTA_ZONE", Decimal(Be16)),
    (19, "CTA_SECCTX", Nest(&SECURITY)),
    (20, "CTA_TIMESTAMP", Nest(&TIMES)),
    (21, "CTA_MARK_MASK", Hex(Be32)),
    (22, "CTA_LABELS", Bytes),
    (23, "CTA_LABELS_MASK", Bytes),
    (24, "CTA_SYNPROXY", Nest(&SYNPROXY)),
    (25, "CTA_FILTER", Nest(&FILTER)),
    (26, "CTA_STATUS_MASK", Flags(Be32, &STATUS)),
    (27, "CTA_TIMESTAMP_EVENT", Decimal(Be64)),
];

static TUPLE: Table = &[
    (1, "CTA_TUPLE_IP", Nest(&ADDRESSES)),
    (2, "CTA_TUPLE_PROTO", Nest(&PROTOCOL)),
    (3, "CTA_TUPLE_ZONE", Decimal(Be16)),
];

static ADDRESSES: Table = &[
    (1, "CTA_IP_V4_SRC", Address),
    (2, "CTA_IP_V4_DST", Address),
    (3, "CTA_IP_V6_SRC", Address),
    (4, "CTA_IP_V6_DST", Address),
];

static PROTOCOL: Table = &[
    (1, "CTA_PROTO_NUM", Name(U8, &IP_PROTOCOLS)),
    (2, "CTA_PROTO_SRC_PORT", Decimal(Be16)),
    (3, "CTA_PROTO_DST_PORT", Decimal(Be16)),
    (4, "CTA_PROTO_ICMP_ID", Decimal(Be16)),
    (5, "CTA_PROTO_ICMP_TYPE", Decimal(U8)),
    (6, "CTA_PROTO_ICMP_CODE", Decimal(U8)),
    (7, "CTA_PROTO_ICMPV6_ID", Decimal(Be16)),
    (8, "CTA_PROTO_ICMPV6_TYPE", Decimal(U8)),
    (9, "CTA_PROTO_ICMPV6_CODE", Decimal(U8)),
];

/// `enum ip_conntrack_status` of linux/netfilter/nf_conntrack_common.h.
static STATUS: Names = &[
    (1 << 0, "IPS_EXPECTED"),
    (1 << 1, "IPS_SEEN_REPLY"),
    (1 << 2, "IPS_ASSURED"),
    (1 << 3, "IPS_CONFIRMED"),
    (1 << 4, "IPS_SRC_NAT"),
    (1 << 5, "IPS_DST_NAT"),
    (1 << 6, "IPS_SEQ_ADJUST"),
    (1 << 7, "IPS_SRC_NAT_DONE"),
    (1 << 8, "IPS_DST_NAT_DONE"),
    (1 << 9, "IPS_DYING"),
    (1 << 10, "IPS_FIXED_TIMEOUT"),
    (1 << 11, "IPS_TEMPLATE"),
    (1 << 12, "IPS_UNTRACKED"),
    (1 << 13, "IPS_HELPER"),
    (1 << 14, "IPS_OFFLOAD"),
    (1 << 15, "IPS_HW_OFFLOAD"),
];

/// CTA_PROTOINFO.
static PROTOCOL_STATE: Table = &[
    (1, "CTA_PROTOINFO_TCP", Nest(&TCP)),
    (2, "CTA_PROTOINFO_DCCP", Nest(&DCCP)),
    (3, "CTA_PROTOINFO_SCTP", Nest(&SCTP)),
];

static TCP: Table = &[
    (1, "CTA_PROTOINFO_TCP_STATE", Name(U8, &TCP_STATES)),
    (2, "CTA_PROTOINFO_TCP_WSCALE_ORIGINAL", Decimal(U8)),
    (3, "CTA_PROTOINFO_TCP_WSCALE_REPLY", Decimal(U8)),
    (4, "CTA_PROTOINFO_TCP_FLAGS_ORIGINAL", Record(&TCP_FLAGS)),
    (5, "CTA_PROTOINFO_TCP_FLAGS_REPLY", Record(&TCP_FLAGS)),
];

/// `enum tcp_conntrack` of linux/netfilter/nf_conntrack_tcp.h.
static TCP_STATES: Names = &[
    (0, "TCP_CONNTRACK_NONE"),
    (1, "TCP_CONNTRACK_SYN_SENT"),
    (2, "TCP_CONNTRACK_SYN_RECV"),
    (3, "TCP_CONNTRACK_ESTABLISHED"),
    (4, "TCP_CONNTRACK_FIN_WAIT"),
    (5, "TCP_CONNTRACK_CLOSE_WAIT"),
    (6, "TCP_CONNTRACK_LAST_ACK"),
    (7, "TCP_CONNTRACK_TIME_WAIT"),
    (8, "TCP_CONNTRACK_CLOSE"),
    (9, "TCP_CONNTRACK_SYN_SENT2"),
];

static TCP_FLAGS: Header = Header {
    name: "nf_ct_tcp_flags",
    fields: &[
        ("flags", Flags(U8, &WINDOW_FLAGS)),
        ("mask", Flags(U8, &WINDOW_FLAGS)),
    ],
};

static WINDOW_FLAGS: Names = &[
    (0x01, "IP_CT_TCP_FLAG_WINDOW_SCALE"),
    (0x02, "IP_CT_TCP_FLAG_SACK_PERM"),
    (0x04, "IP_CT_TCP_FLAG_CLOSE_INIT"),
    (0x08, "IP_CT_TCP_FLAG_BE_LIBERAL"),
    (0x10, "IP_CT_TCP_FLAG_DATA_UNACKNOWLEDGED"),
    (0x20, "IP_CT_TCP_FLAG_MAXACK_SET"),
    (0x40, "IP_CT_EXP_CHALLENGE_ACK"),
    (0x80, "IP_CT_TCP_SIMULTANEOUS_OPEN"),
];

static DCCP: Table = &[
    (1, "CTA_PROTOINFO_DCCP_STATE", Decimal(U8)),
    (2, "CTA_PROTOINFO_DCCP_ROLE", Decimal(U8)),
    (3, "CTA_PROTOINFO_DCCP_HANDSHAKE_SEQ", Decimal(Be64)),
];

static SCTP: Table = &[
    (1, "CTA_PROTOINFO_SCTP_STATE", Decimal(U8)),
    (2, "CTA_PROTOINFO_SCTP_VTAG_ORIGINAL", Hex(Be32)),
    (3, "CTA_PROTOINFO_SCTP_VTAG_REPLY", Hex(Be32)),
];

static HELPER: Table = &[(1, "CTA_HELP_NAME", Text), (2, "CTA_HELP_INFO", Bytes)];

static NAT: Table = &[
    (1, "CTA_NAT_V4_MINIP", Address),
    (2, "CTA_NAT_V4_MAXIP", Address),
    (3, "CTA_NAT_PROTO", Nest(&NAT_PORTS)),
    (4, "CTA_NAT_V6_MINIP", Address),
    (5, "CTA_NAT_V6_MAXIP", Address),
];

static NAT_PORTS: Table = &[
    (1, "CTA_PROTONAT_PORT_MIN", Decimal(Be16)),
    (2, "CTA_PROTONAT_PORT_MAX", Decimal(Be16)),
];

static COUNTERS: Table = &[
    (1, "CTA_COUNTERS_PACKETS", Decimal(Be64)),
    (2, "CTA_COUNTERS_BYTES", Decimal(Be64)),
    (3, "CTA_COUNTERS32_PACKETS", Decimal(Be32)),
    (4, "CTA_COUNTERS32_BYTES", Decimal(Be32)),
    (5, "CTA_COUNTERS_PAD", Bytes),
];

static SEQUENCE: Table = &[
    (1, "CTA_SEQADJ_CORRECTION_POS", Decimal(Be32)),
    (2, "CTA_SEQADJ_OFFSET_BEFORE", Decimal(Be32)),
    (3, "CTA_SEQADJ_OFFSET_AFTER", Decimal(Be32)),
];

static SECURITY: Table = &[(1, "CTA_SECCTX_NAME", Text)];

/// Nanoseconds since 1970.
static TIMES: Table = &[
    (1, "CTA_TIMESTAMP_START", Decimal(Be64)),
    (2, "CTA_TIMESTAMP_STOP", Decimal(Be64)),
    (3, "CTA_TIMESTAMP_PAD", Bytes),
];

static SYNPROXY: Table = &[
    (1, "CTA_SYNPROXY_ISN", Decimal(Be32)),
    (2, "CTA_SYNPROXY_ITS", Decimal(Be32)),
    (3, "CTA_SYNPROXY_TSOFF", Decimal(Be32)),
];

static FILTER: Table = &[
    (1, "CTA_FILTER_ORIG_FLAGS", Hex(U32)),
    (2, "CTA_FILTER_REPLY_FLAGS", Hex(U32)),
];

static STATISTICS: Table = &[
    (1, "CTA_STATS_GLOBAL_ENTRIES", Decimal(Be32)),
    (2, "CTA_STATS_GLOBAL_MAX_ENTRIES", Decimal(Be32)),
];

static STATISTICS_OF_CPU: Table = &[
    (1, "CTA_STATS_SEARCHED", Decimal(Be32)),
    (2, "CTA_STATS_FOUND", Decimal(Be32)),
    (3, "CTA_STATS_NEW", Decimal(Be32)),
    (4, "CTA_STATS_INVALID", Decimal(Be32)),
    (5, "CTA_STATS_IGNORE", Decimal(Be32)),
    (6, "CTA_STATS_DELETE", Decimal(Be32)),
    (7, "CTA_STATS_DELETE_LIST", Decimal(Be32)),
    (8, "CTA_STATS_INSERT", Decimal(Be32)),
    (9, "CTA_STATS_INSERT_FAILED", Decimal(Be32)),
    (10, "CTA_STATS_DROP", Decimal(Be32)),
    (11, "CTA_STATS_EARLY_DROP", Decimal(Be32)),
    (12, "CTA_STATS_ERROR", Decimal(Be32)),
    (13, "CTA_STATS_SEARCH_RESTART", Decimal(Be32)),
    (14, "CTA_STATS_CLASH_RESOLVE", Decimal(Be32)),
    (15, "CTA_STATS_CHAIN_TOOLONG", Decimal(Be32)),
];

/// IPCTNL_MSG_EXP_*.
static EXPECTATION: Table = &[
    (1, "CTA_EXPECT_MASTER", Nest(&TUPLE)),
    (2, "CTA_EXPECT_TUPLE", Nest(&TUPLE)),
    (3, "CTA_EXPECT_MASK", Nest(&TUPLE)),
    (4, "CTA_EXPECT_TIMEOUT", Decimal(Be32)),
    (5, "CTA_EXPECT_ID", Decimal(Be32)),
    (6, "CTA_EXPECT_HELP_NAME", Text),
    (7, "CTA_EXPECT_ZONE", Decimal(Be16)),
    (8, "CTA_EXPECT_FLAGS", Hex(Be32)),
    (9, "CTA_EXPECT_CLASS", Decimal(Be32)),
    (10, "CTA_EXPECT_NAT", Nest(&EXPECTED_NAT)),
    (11, "CTA_EXPECT_FN", Text),
];

static EXPECTED_NAT: Table = &[
    (1, "CTA_EXPECT_NAT_DIR", Decimal(Be32)),
    (2, "CTA_EXPECT_NAT_TUPLE", Nest(&TUPLE)),
];

static STATISTICS_OF_EXPECTATIONS: Table = &[
    (1, "CTA_STATS_EXP_NEW", Decimal(Be32)),
    (2, "CTA_STATS_EXP_CREATE", Decimal(Be32)),
    (3, "CTA_STATS_EXP_DELETE", Decimal(Be32)),
];
