//! The expressions of nftables: what NFTA_EXPR_DATA holds (linux/netfilter/nf_tables.h). Numbers are in the network's order.

use super::nftables::{DATA, EXPRESSION, EXPRESSIONS};
use super::{Integer::*, Kind, Kind::*, Names, Table};

/// The contents of NFTA_EXPR_DATA by NFTA_EXPR_NAME.
pub(super) static EXPRESSION_KINDS: &[(&str, Kind)] = &[
    ("payload", Nest(&PAYLOAD)),
    ("meta", Nest(&META)),
    ("ct", Nest(&CT)),
    ("cmp", Nest(&CMP)),
    ("range", Nest(&RANGE)),
    ("bitwise", Nest(&BITWISE)),
    ("byteorder", Nest(&BYTEORDER)),
    ("lookup", Nest(&LOOKUP)),
    ("immediate", Nest(&IMMEDIATE)),
    ("counter", Nest(&COUNTER)),
    ("limit", Nest(&LIMIT)),
    ("quota", Nest(&QUOTA)),
    ("connlimit", Nest(&CONNLIMIT)),
    ("log", Nest(&LOG)),
    ("reject", Nest(&REJECT)),
    ("nat", Nest(&NAT)),
    ("masq", Nest(&MASQ)),
    ("redir", Nest(&REDIR)),
    ("tproxy", Nest(&TPROXY)),
    ("queue", Nest(&QUEUE)),
    ("fib", Nest(&FIB)),
    ("rt", Nest(&RT)),
    ("socket", Nest(&SOCKET)),
    ("numgen", Nest(&NUMGEN)),
    ("hash", Nest(&HASH)),
    ("exthdr", Nest(&EXTHDR)),
    ("objref", Nest(&OBJREF)),
    ("dynset", Nest(&DYNSET)),
    ("dup", Nest(&DUP)),
    ("fwd", Nest(&FWD)),
    ("tunnel", Nest(&TUNNEL)),
    ("osf", Nest(&OSF)),
    ("synproxy", Nest(&SYNPROXY)),
    ("last", Nest(&LAST)),
    ("flow_offload", Nest(&FLOW_OFFLOAD)),
    ("xfrm", Nest(&XFRM)),
];

/// payload.
static PAYLOAD: Table = &[
    (1, "NFTA_PAYLOAD_DREG", Decimal(Be32)),
    (2, "NFTA_PAYLOAD_BASE", Name(Be32, &BASES)),
    (3, "NFTA_PAYLOAD_OFFSET", Decimal(Be32)),
    (4, "NFTA_PAYLOAD_LEN", Decimal(Be32)),
    (5, "NFTA_PAYLOAD_SREG", Decimal(Be32)),
    (6, "NFTA_PAYLOAD_CSUM_TYPE", Decimal(Be32)),
    (7, "NFTA_PAYLOAD_CSUM_OFFSET", Decimal(Be32)),
    (8, "NFTA_PAYLOAD_CSUM_FLAGS", Decimal(Be32)),
];

/// meta.
static META: Table = &[
    (1, "NFTA_META_DREG", Decimal(Be32)),
    (2, "NFTA_META_KEY", Name(Be32, &META_KEYS)),
    (3, "NFTA_META_SREG", Decimal(Be32)),
];

/// ct.
static CT: Table = &[
    (1, "NFTA_CT_DREG", Decimal(Be32)),
    (2, "NFTA_CT_KEY", Name(Be32, &CT_KEYS)),
    (3, "NFTA_CT_DIRECTION", Decimal(U8)),
    (4, "NFTA_CT_SREG", Decimal(Be32)),
];

/// cmp.
static CMP: Table = &[
    (1, "NFTA_CMP_SREG", Decimal(Be32)),
    (2, "NFTA_CMP_OP", Name(Be32, &COMPARISONS)),
    (3, "NFTA_CMP_DATA", Nest(&DATA)),
];

/// range.
static RANGE: Table = &[
    (1, "NFTA_RANGE_SREG", Decimal(Be32)),
    (2, "NFTA_RANGE_OP", Decimal(Be32)),
    (3, "NFTA_RANGE_FROM_DATA", Nest(&DATA)),
    (4, "NFTA_RANGE_TO_DATA", Nest(&DATA)),
];

/// bitwise.
static BITWISE: Table = &[
    (1, "NFTA_BITWISE_SREG", Decimal(Be32)),
    (2, "NFTA_BITWISE_DREG", Decimal(Be32)),
    (3, "NFTA_BITWISE_LEN", Decimal(Be32)),
    (4, "NFTA_BITWISE_MASK", Nest(&DATA)),
    (5, "NFTA_BITWISE_XOR", Nest(&DATA)),
    (6, "NFTA_BITWISE_OP", Decimal(Be32)),
    (7, "NFTA_BITWISE_DATA", Nest(&DATA)),
];

/// byteorder.
static BYTEORDER: Table = &[
    (1, "NFTA_BYTEORDER_SREG", Decimal(Be32)),
    (2, "NFTA_BYTEORDER_DREG", Decimal(Be32)),
    (3, "NFTA_BYTEORDER_OP", Decimal(Be32)),
    (4, "NFTA_BYTEORDER_LEN", Decimal(Be32)),
    (5, "NFTA_BYTEORDER_SIZE", Decimal(Be32)),
];

/// lookup.
static LOOKUP: Table = &[
    (1, "NFTA_LOOKUP_SET", Text),
    (2, "NFTA_LOOKUP_SREG", Decimal(Be32)),
    (3, "NFTA_LOOKUP_DREG", Decimal(Be32)),
    (4, "NFTA_LOOKUP_SET_ID", Decimal(Be32)),
    (5, "NFTA_LOOKUP_FLAGS", Decimal(Be32)),
];

/// immediate.
static IMMEDIATE: Table = &[
    (1, "NFTA_IMMEDIATE_DREG", Decimal(Be32)),
    (2, "NFTA_IMMEDIATE_DATA", Nest(&DATA)),
];

/// counter.
pub(super) static COUNTER: Table = &[
    (1, "NFTA_COUNTER_BYTES", Decimal(Be64)),
    (2, "NFTA_COUNTER_PACKETS", Decimal(Be64)),
    (3, "NFTA_COUNTER_PAD", Bytes),
];

/// limit.
static LIMIT: Table = &[
    (1, "NFTA_LIMIT_RATE", Decimal(Be64)),
    (2, "NFTA_LIMIT_UNIT", Decimal(Be64)),
    (3, "NFTA_LIMIT_BURST", Decimal(Be32)),
    (4, "NFTA_LIMIT_TYPE", Decimal(Be32)),
    (5, "NFTA_LIMIT_FLAGS", Decimal(Be32)),
    (6, "NFTA_LIMIT_PAD", Bytes),
];

/// quota.
static QUOTA: Table = &[
    (1, "NFTA_QUOTA_BYTES", Decimal(Be64)),
    (2, "NFTA_QUOTA_FLAGS", Decimal(Be32)),
    (3, "NFTA_QUOTA_PAD", Bytes),
    (4, "NFTA_QUOTA_CONSUMED", Decimal(Be64)),
];

/// connlimit.
static CONNLIMIT: Table = &[
    (1, "NFTA_CONNLIMIT_COUNT", Decimal(Be32)),
    (2, "NFTA_CONNLIMIT_FLAGS", Decimal(Be32)),
];

/// log.
static LOG: Table = &[
    (1, "NFTA_LOG_GROUP", Decimal(Be16)),
    (2, "NFTA_LOG_PREFIX", Text),
    (3, "NFTA_LOG_SNAPLEN", Decimal(Be32)),
    (4, "NFTA_LOG_QTHRESHOLD", Decimal(Be16)),
    (5, "NFTA_LOG_LEVEL", Decimal(Be32)),
    (6, "NFTA_LOG_FLAGS", Decimal(Be32)),
];

/// reject.
static REJECT: Table = &[
    (1, "NFTA_REJECT_TYPE", Decimal(Be32)),
    (2, "NFTA_REJECT_ICMP_CODE", Decimal(U8)),
];

/// nat.
static NAT: Table = &[
    (1, "NFTA_NAT_TYPE", Decimal(Be32)),
    (2, "NFTA_NAT_FAMILY", Decimal(Be32)),
    (3, "NFTA_NAT_REG_ADDR_MIN", Decimal(Be32)),
    (5, "NFTA_NAT_REG_PROTO_MIN", Decimal(Be32)),
    (7, "NFTA_NAT_FLAGS", Hex(Be32)),
];

/// masq.
static MASQ: Table = &[
    (1, "NFTA_MASQ_FLAGS", Hex(Be32)),
    (2, "NFTA_MASQ_REG_PROTO_MIN", Decimal(Be32)),
];

/// redir.
static REDIR: Table = &[
    (1, "NFTA_REDIR_REG_PROTO_MIN", Decimal(Be32)),
    (3, "NFTA_REDIR_FLAGS", Hex(Be32)),
];

/// tproxy.
static TPROXY: Table = &[
    (1, "NFTA_TPROXY_FAMILY", Decimal(Be32)),
    (2, "NFTA_TPROXY_REG_ADDR", Decimal(Be32)),
    (3, "NFTA_TPROXY_REG_PORT", Decimal(Be32)),
];

/// queue.
static QUEUE: Table = &[
    (1, "NFTA_QUEUE_NUM", Decimal(Be16)),
    (2, "NFTA_QUEUE_TOTAL", Decimal(Be16)),
    (3, "NFTA_QUEUE_FLAGS", Decimal(Be16)),
    (4, "NFTA_QUEUE_SREG_QNUM", Decimal(Be32)),
];

/// fib.
static FIB: Table = &[
    (1, "NFTA_FIB_DREG", Decimal(Be32)),
    (2, "NFTA_FIB_RESULT", Decimal(Be32)),
    (3, "NFTA_FIB_FLAGS", Hex(Be32)),
];

/// rt.
static RT: Table = &[
    (1, "NFTA_RT_DREG", Decimal(Be32)),
    (2, "NFTA_RT_KEY", Decimal(Be32)),
];

/// socket.
static SOCKET: Table = &[
    (1, "NFTA_SOCKET_KEY", Decimal(Be32)),
    (2, "NFTA_SOCKET_DREG", Decimal(Be32)),
    (3, "NFTA_SOCKET_LEVEL", Decimal(Be32)),
];

/// numgen.
static NUMGEN: Table = &[
    (1, "NFTA_NG_DREG", Decimal(Be32)),
    (2, "NFTA_NG_MODULUS", Decimal(Be32)),
    (3, "NFTA_NG_TYPE", Decimal(Be32)),
    (4, "NFTA_NG_OFFSET", Decimal(Be32)),
    (5, "NFTA_NG_SET_NAME", Text),
    (6, "NFTA_NG_SET_ID", Decimal(Be32)),
];

/// hash.
static HASH: Table = &[
    (1, "NFTA_HASH_SREG", Decimal(Be32)),
    (2, "NFTA_HASH_DREG", Decimal(Be32)),
    (3, "NFTA_HASH_LEN", Decimal(Be32)),
    (4, "NFTA_HASH_MODULUS", Decimal(Be32)),
    (5, "NFTA_HASH_SEED", Decimal(Be32)),
    (6, "NFTA_HASH_OFFSET", Decimal(Be32)),
    (7, "NFTA_HASH_TYPE", Decimal(Be32)),
    (8, "NFTA_HASH_SET_NAME", Text),
    (9, "NFTA_HASH_SET_ID", Decimal(Be32)),
];

/// exthdr.
static EXTHDR: Table = &[
    (1, "NFTA_EXTHDR_DREG", Decimal(Be32)),
    (2, "NFTA_EXTHDR_TYPE", Decimal(U8)),
    (3, "NFTA_EXTHDR_OFFSET", Decimal(Be32)),
    (4, "NFTA_EXTHDR_LEN", Decimal(Be32)),
    (5, "NFTA_EXTHDR_FLAGS", Decimal(Be32)),
    (6, "NFTA_EXTHDR_OP", Decimal(Be32)),
    (7, "NFTA_EXTHDR_SREG", Decimal(Be32)),
];

/// objref.
static OBJREF: Table = &[
    (1, "NFTA_OBJREF_IMM_TYPE", Decimal(Be32)),
    (2, "NFTA_OBJREF_IMM_NAME", Text),
    (3, "NFTA_OBJREF_SET_SREG", Decimal(Be32)),
    (4, "NFTA_OBJREF_SET_NAME", Text),
    (5, "NFTA_OBJREF_SET_ID", Decimal(Be32)),
];

/// dynset.
static DYNSET: Table = &[
    (1, "NFTA_DYNSET_SET_NAME", Text),
    (2, "NFTA_DYNSET_SET_ID", Decimal(Be32)),
    (3, "NFTA_DYNSET_OP", Decimal(Be32)),
    (4, "NFTA_DYNSET_SREG_KEY", Decimal(Be32)),
    (5, "NFTA_DYNSET_SREG_DATA", Decimal(Be32)),
    (6, "NFTA_DYNSET_TIMEOUT", Decimal(Be64)),
    (7, "NFTA_DYNSET_EXPR", Nest(&EXPRESSION)),
    (8, "NFTA_DYNSET_PAD", Bytes),
    (9, "NFTA_DYNSET_FLAGS", Decimal(Be32)),
    (10, "NFTA_DYNSET_EXPRESSIONS", Nest(&EXPRESSIONS)),
];

/// dup.
static DUP: Table = &[
    (1, "NFTA_DUP_SREG_ADDR", Decimal(Be32)),
    (2, "NFTA_DUP_SREG_DEV", Decimal(Be32)),
];

/// fwd.
static FWD: Table = &[
    (1, "NFTA_FWD_SREG_DEV", Decimal(Be32)),
    (2, "NFTA_FWD_SREG_ADDR", Decimal(Be32)),
    (3, "NFTA_FWD_NFPROTO", Decimal(Be32)),
];

/// tunnel.
static TUNNEL: Table = &[
    (1, "NFTA_TUNNEL_KEY", Decimal(Be32)),
    (2, "NFTA_TUNNEL_DREG", Decimal(Be32)),
    (3, "NFTA_TUNNEL_MODE", Decimal(Be32)),
];

/// osf.
static OSF: Table = &[
    (1, "NFTA_OSF_DREG", Decimal(Be32)),
    (2, "NFTA_OSF_TTL", Decimal(Be32)),
    (3, "NFTA_OSF_FLAGS", Decimal(Be32)),
];

/// synproxy.
static SYNPROXY: Table = &[
    (1, "NFTA_SYNPROXY_MSS", Decimal(Be16)),
    (2, "NFTA_SYNPROXY_WSCALE", Decimal(U8)),
    (3, "NFTA_SYNPROXY_FLAGS", Decimal(Be32)),
];

/// last.
static LAST: Table = &[
    (1, "NFTA_LAST_SET", Decimal(Be32)),
    (2, "NFTA_LAST_MSECS", Decimal(Be64)),
    (3, "NFTA_LAST_PAD", Bytes),
];

/// flow_offload.
static FLOW_OFFLOAD: Table = &[(1, "NFTA_FLOW_TABLE_NAME", Text)];

/// xfrm.
static XFRM: Table = &[
    (1, "NFTA_XFRM_DREG", Decimal(Be32)),
    (2, "NFTA_XFRM_KEY", Decimal(Be32)),
    (3, "NFTA_XFRM_DIR", Decimal(U8)),
    (4, "NFTA_XFRM_SPNUM", Decimal(Be32)),
];

/// enum nft_payload_bases.
static BASES: Names = &[
    (0, "NFT_PAYLOAD_LL_HEADER"),
    (1, "NFT_PAYLOAD_NETWORK_HEADER"),
    (2, "NFT_PAYLOAD_TRANSPORT_HEADER"),
    (3, "NFT_PAYLOAD_INNER_HEADER"),
];

/// enum nft_cmp_ops.
static COMPARISONS: Names = &[
    (0, "NFT_CMP_EQ"),
    (1, "NFT_CMP_NEQ"),
    (2, "NFT_CMP_LT"),
    (3, "NFT_CMP_LTE"),
    (4, "NFT_CMP_GT"),
    (5, "NFT_CMP_GTE"),
];

/// enum nft_meta_keys.
static META_KEYS: Names = &[
    (0, "NFT_META_LEN"),
    (1, "NFT_META_PROTOCOL"),
    (2, "NFT_META_PRIORITY"),
    (3, "NFT_META_MARK"),
    (4, "NFT_META_IIF"),
    (5, "NFT_META_OIF"),
    (6, "NFT_META_IIFNAME"),
    (7, "NFT_META_OIFNAME"),
    (8, "NFT_META_IFTYPE"),
    (9, "NFT_META_OIFTYPE"),
    (10, "NFT_META_SKUID"),
    (11, "NFT_META_SKGID"),
    (12, "NFT_META_NFTRACE"),
    (13, "NFT_META_RTCLASSID"),
    (14, "NFT_META_SECMARK"),
    (15, "NFT_META_NFPROTO"),
    (16, "NFT_META_L4PROTO"),
    (17, "NFT_META_BRI_IIFNAME"),
    (18, "NFT_META_BRI_OIFNAME"),
    (19, "NFT_META_PKTTYPE"),
    (20, "NFT_META_CPU"),
    (21, "NFT_META_IIFGROUP"),
    (22, "NFT_META_OIFGROUP"),
    (23, "NFT_META_CGROUP"),
    (24, "NFT_META_PRANDOM"),
    (25, "NFT_META_SECPATH"),
    (26, "NFT_META_IIFKIND"),
    (27, "NFT_META_OIFKIND"),
    (28, "NFT_META_BRI_IIFPVID"),
    (29, "NFT_META_BRI_IIFVPROTO"),
    (30, "NFT_META_TIME_NS"),
    (31, "NFT_META_TIME_DAY"),
    (32, "NFT_META_TIME_HOUR"),
    (33, "NFT_META_SDIF"),
    (34, "NFT_META_SDIFNAME"),
];

/// enum nft_ct_keys.
static CT_KEYS: Names = &[
    (0, "NFT_CT_STATE"),
    (1, "NFT_CT_DIRECTION"),
    (2, "NFT_CT_STATUS"),
    (3, "NFT_CT_MARK"),
    (4, "NFT_CT_SECMARK"),
    (5, "NFT_CT_EXPIRATION"),
    (6, "NFT_CT_HELPER"),
    (7, "NFT_CT_L3PROTOCOL"),
    (8, "NFT_CT_SRC"),
    (9, "NFT_CT_DST"),
    (10, "NFT_CT_PROTOCOL"),
    (11, "NFT_CT_PROTO_SRC"),
    (12, "NFT_CT_PROTO_DST"),
    (13, "NFT_CT_LABELS"),
    (14, "NFT_CT_PKTS"),
    (15, "NFT_CT_BYTES"),
    (16, "NFT_CT_AVGPKT"),
    (17, "NFT_CT_ZONE"),
    (18, "NFT_CT_EVENTMASK"),
    (19, "NFT_CT_SRC_IP"),
    (20, "NFT_CT_DST_IP"),
    (21, "NFT_CT_SRC_IP6"),
    (22, "NFT_CT_DST_IP6"),
    (23, "NFT_CT_ID"),
];
