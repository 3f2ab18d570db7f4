//! nftables (linux/netfilter/nf_tables.h). Numbers are in the network's order.

use super::netfilter::{NetfilterMessage, Purpose};
use super::{Integer::*, Kind, Kind::*, Names, Table};

/// NFNL_SUBSYS_NFTABLES.
pub static MESSAGES: &[NetfilterMessage] = &[
    (0, "NFT_MSG_NEWTABLE", Purpose::New, &TABLE),
    (1, "NFT_MSG_GETTABLE", Purpose::Get, &TABLE),
    (2, "NFT_MSG_DELTABLE", Purpose::Delete, &TABLE),
    (3, "NFT_MSG_NEWCHAIN", Purpose::New, &CHAIN),
    (4, "NFT_MSG_GETCHAIN", Purpose::Get, &CHAIN),
    (5, "NFT_MSG_DELCHAIN", Purpose::Delete, &CHAIN),
    (6, "NFT_MSG_NEWRULE", Purpose::New, &RULE),
    (7, "NFT_MSG_GETRULE", Purpose::Get, &RULE),
    (8, "NFT_MSG_DELRULE", Purpose::Delete, &RULE),
    (9, "NFT_MSG_NEWSET", Purpose::New, &SET),
    (10, "NFT_MSG_GETSET", Purpose::Get, &SET),
    (11, "NFT_MSG_DELSET", Purpose::Delete, &SET),
    (12, "NFT_MSG_NEWSETELEM", Purpose::New, &ELEMENT_LIST),
    (13, "NFT_MSG_GETSETELEM", Purpose::Get, &ELEMENT_LIST),
    (14, "NFT_MSG_DELSETELEM", Purpose::Delete, &ELEMENT_LIST),
    (15, "NFT_MSG_NEWGEN", Purpose::New, &GENERATION),
    (16, "NFT_MSG_GETGEN", Purpose::Get, &GENERATION),
    (17, "NFT_MSG_TRACE", Purpose::Other, &TRACE),
    (18, "NFT_MSG_NEWOBJ", Purpose::New, &OBJECT),
    (19, "NFT_MSG_GETOBJ", Purpose::Get, &OBJECT),
    (20, "NFT_MSG_DELOBJ", Purpose::Delete, &OBJECT),
    (21, "NFT_MSG_GETOBJ_RESET", Purpose::Get, &OBJECT),
    (22, "NFT_MSG_NEWFLOWTABLE", Purpose::New, &FLOWTABLE),
    (23, "NFT_MSG_GETFLOWTABLE", Purpose::Get, &FLOWTABLE),
    (24, "NFT_MSG_DELFLOWTABLE", Purpose::Delete, &FLOWTABLE),
    (25, "NFT_MSG_GETRULE_RESET", Purpose::Get, &RULE),
    (26, "NFT_MSG_DESTROYTABLE", Purpose::Delete, &TABLE),
    (27, "NFT_MSG_DESTROYCHAIN", Purpose::Delete, &CHAIN),
    (28, "NFT_MSG_DESTROYRULE", Purpose::Delete, &RULE),
    (29, "NFT_MSG_DESTROYSET", Purpose::Delete, &SET),
    (30, "NFT_MSG_DESTROYSETELEM", Purpose::Delete, &ELEMENT_LIST),
    (31, "NFT_MSG_DESTROYOBJ", Purpose::Delete, &OBJECT),
    (32, "NFT_MSG_DESTROYFLOWTABLE", Purpose::Delete, &FLOWTABLE),
    (33, "NFT_MSG_GETSETELEM_RESET", Purpose::Get, &ELEMENT_LIST),
];

/// Tables.
static TABLE: Table = &[
    (1, "NFTA_TABLE_NAME", Text),
    (2, "NFTA_TABLE_FLAGS", Flags(Be32, &TABLE_FLAGS)),
    (3, "NFTA_TABLE_USE", Decimal(Be32)),
    (4, "NFTA_TABLE_HANDLE", Decimal(Be64)),
    (5, "NFTA_TABLE_PAD", Bytes),
    (6, "NFTA_TABLE_USERDATA", Bytes),
    (7, "NFTA_TABLE_OWNER", Decimal(Be32)),
];

/// Chains.
static CHAIN: Table = &[
    (1, "NFTA_CHAIN_TABLE", Text),
    (2, "NFTA_CHAIN_HANDLE", Decimal(Be64)),
    (3, "NFTA_CHAIN_NAME", Text),
    (4, "NFTA_CHAIN_HOOK", Nest(&HOOK)),
    (5, "NFTA_CHAIN_POLICY", Name(Be32, &POLICIES)),
    (6, "NFTA_CHAIN_USE", Decimal(Be32)),
    (7, "NFTA_CHAIN_TYPE", Text),
    (8, "NFTA_CHAIN_COUNTERS", Nest(&COUNTER)),
    (9, "NFTA_CHAIN_PAD", Bytes),
    (10, "NFTA_CHAIN_FLAGS", Flags(Be32, &CHAIN_FLAGS)),
    (11, "NFTA_CHAIN_ID", Decimal(Be32)),
    (12, "NFTA_CHAIN_USERDATA", Bytes),
];

/// Where a base chain hangs.
static HOOK: Table = &[
    (1, "NFTA_HOOK_HOOKNUM", Decimal(Be32)),
    (2, "NFTA_HOOK_PRIORITY", Hex(Be32)),
    (3, "NFTA_HOOK_DEV", Text),
    (4, "NFTA_HOOK_DEVS", Nest(&DEVICES)),
];

/// Links.
static DEVICES: Table = &[(1, "NFTA_DEVICE_NAME", Text)];

/// Rules.
static RULE: Table = &[
    (1, "NFTA_RULE_TABLE", Text),
    (2, "NFTA_RULE_CHAIN", Text),
    (3, "NFTA_RULE_HANDLE", Decimal(Be64)),
    (4, "NFTA_RULE_EXPRESSIONS", Nest(&EXPRESSIONS)),
    (5, "NFTA_RULE_COMPAT", Bytes),
    (6, "NFTA_RULE_POSITION", Decimal(Be64)),
    (7, "NFTA_RULE_USERDATA", Bytes),
    (8, "NFTA_RULE_PAD", Bytes),
    (9, "NFTA_RULE_ID", Decimal(Be32)),
    (10, "NFTA_RULE_POSITION_ID", Decimal(Be32)),
    (11, "NFTA_RULE_CHAIN_ID", Decimal(Be32)),
];

/// A list of expressions.
static EXPRESSIONS: Table = &[(1, "NFTA_LIST_ELEM", Nest(&EXPRESSION))];

/// An expression.
static EXPRESSION: Table = &[
    (1, "NFTA_EXPR_NAME", Text),
    (2, "NFTA_EXPR_DATA", ByText(1, EXPRESSION_KINDS)),
];

/// Sets and maps.
static SET: Table = &[
    (1, "NFTA_SET_TABLE", Text),
    (2, "NFTA_SET_NAME", Text),
    (3, "NFTA_SET_FLAGS", Flags(Be32, &SET_FLAGS)),
    (4, "NFTA_SET_KEY_TYPE", Hex(Be32)),
    (5, "NFTA_SET_KEY_LEN", Decimal(Be32)),
    (6, "NFTA_SET_DATA_TYPE", Hex(Be32)),
    (7, "NFTA_SET_DATA_LEN", Decimal(Be32)),
    (8, "NFTA_SET_POLICY", Decimal(Be32)),
    (9, "NFTA_SET_DESC", Nest(&SET_DESCRIPTION)),
    (10, "NFTA_SET_ID", Decimal(Be32)),
    (11, "NFTA_SET_TIMEOUT", Decimal(Be64)),
    (12, "NFTA_SET_GC_INTERVAL", Decimal(Be32)),
    (13, "NFTA_SET_USERDATA", Bytes),
    (14, "NFTA_SET_PAD", Bytes),
    (15, "NFTA_SET_OBJ_TYPE", Decimal(Be32)),
    (16, "NFTA_SET_HANDLE", Decimal(Be64)),
    (17, "NFTA_SET_EXPR", Nest(&EXPRESSION)),
    (18, "NFTA_SET_EXPRESSIONS", Nest(&EXPRESSIONS)),
];

/// How large a set is, and the lengths of its fields.
static SET_DESCRIPTION: Table = &[
    (1, "NFTA_SET_DESC_SIZE", Decimal(Be32)),
    (2, "NFTA_SET_DESC_CONCAT", Nest(&SET_FIELDS)),
];

/// The fields of a key.
static SET_FIELDS: Table = &[(1, "NFTA_LIST_ELEM", Nest(&SET_FIELD))];

/// A field of a key.
static SET_FIELD: Table = &[(1, "NFTA_SET_FIELD_LEN", Decimal(Be32))];

/// Elements of a set.
static ELEMENT_LIST: Table = &[
    (1, "NFTA_SET_ELEM_LIST_TABLE", Text),
    (2, "NFTA_SET_ELEM_LIST_SET", Text),
    (3, "NFTA_SET_ELEM_LIST_ELEMENTS", Nest(&ELEMENTS)),
    (4, "NFTA_SET_ELEM_LIST_SET_ID", Decimal(Be32)),
];

/// A list of elements.
static ELEMENTS: Table = &[(1, "NFTA_LIST_ELEM", Nest(&ELEMENT))];

/// An element.
static ELEMENT: Table = &[
    (1, "NFTA_SET_ELEM_KEY", Nest(&DATA)),
    (2, "NFTA_SET_ELEM_DATA", Nest(&DATA)),
    (3, "NFTA_SET_ELEM_FLAGS", Flags(Be32, &ELEMENT_FLAGS)),
    (4, "NFTA_SET_ELEM_TIMEOUT", Decimal(Be64)),
    (5, "NFTA_SET_ELEM_EXPIRATION", Decimal(Be64)),
    (6, "NFTA_SET_ELEM_USERDATA", Bytes),
    (7, "NFTA_SET_ELEM_EXPR", Nest(&EXPRESSION)),
    (8, "NFTA_SET_ELEM_PAD", Bytes),
    (9, "NFTA_SET_ELEM_OBJREF", Text),
    (10, "NFTA_SET_ELEM_KEY_END", Nest(&DATA)),
    (11, "NFTA_SET_ELEM_EXPRESSIONS", Nest(&EXPRESSIONS)),
];

/// Bytes or a verdict.
static DATA: Table = &[
    (1, "NFTA_DATA_VALUE", Bytes),
    (2, "NFTA_DATA_VERDICT", Nest(&VERDICT)),
];

/// A verdict.
static VERDICT: Table = &[
    (1, "NFTA_VERDICT_CODE", Name(Be32, &VERDICTS)),
    (2, "NFTA_VERDICT_CHAIN", Text),
    (3, "NFTA_VERDICT_CHAIN_ID", Decimal(Be32)),
];

/// Counters, quotas, limits.
static OBJECT: Table = &[
    (1, "NFTA_OBJ_TABLE", Text),
    (2, "NFTA_OBJ_NAME", Text),
    (3, "NFTA_OBJ_TYPE", Name(Be32, &OBJECTS)),
    (4, "NFTA_OBJ_DATA", Bytes),
    (5, "NFTA_OBJ_USE", Decimal(Be32)),
    (6, "NFTA_OBJ_HANDLE", Decimal(Be64)),
    (7, "NFTA_OBJ_PAD", Bytes),
    (8, "NFTA_OBJ_USERDATA", Bytes),
];

/// The generation of the ruleset.
static GENERATION: Table = &[
    (1, "NFTA_GEN_ID", Decimal(Be32)),
    (2, "NFTA_GEN_PROC_PID", Decimal(Be32)),
    (3, "NFTA_GEN_PROC_NAME", Text),
];

/// Flow tables.
static FLOWTABLE: Table = &[
    (1, "NFTA_FLOWTABLE_TABLE", Text),
    (2, "NFTA_FLOWTABLE_NAME", Text),
    (3, "NFTA_FLOWTABLE_HOOK", Bytes),
    (4, "NFTA_FLOWTABLE_USE", Decimal(Be32)),
    (5, "NFTA_FLOWTABLE_HANDLE", Decimal(Be64)),
    (6, "NFTA_FLOWTABLE_PAD", Bytes),
    (7, "NFTA_FLOWTABLE_FLAGS", Decimal(Be32)),
];

/// The way of a packet.
static TRACE: Table = &[
    (1, "NFTA_TRACE_TABLE", Text),
    (2, "NFTA_TRACE_CHAIN", Text),
    (3, "NFTA_TRACE_RULE_HANDLE", Decimal(Be64)),
    (4, "NFTA_TRACE_TYPE", Name(Be32, &TRACE_TYPES)),
    (5, "NFTA_TRACE_VERDICT", Nest(&VERDICT)),
    (6, "NFTA_TRACE_ID", Decimal(Be32)),
    (7, "NFTA_TRACE_LL_HEADER", Bytes),
    (8, "NFTA_TRACE_NETWORK_HEADER", Bytes),
    (9, "NFTA_TRACE_TRANSPORT_HEADER", Bytes),
    (10, "NFTA_TRACE_IIF", Decimal(Be32)),
    (11, "NFTA_TRACE_IIFTYPE", Decimal(Be16)),
    (12, "NFTA_TRACE_OIF", Decimal(Be32)),
    (13, "NFTA_TRACE_OIFTYPE", Decimal(Be16)),
    (14, "NFTA_TRACE_MARK", Decimal(Be32)),
    (15, "NFTA_TRACE_NFPROTO", Decimal(Be32)),
    (16, "NFTA_TRACE_POLICY", Decimal(Be32)),
    (17, "NFTA_TRACE_PAD", Bytes),
];

/// The contents of NFTA_EXPR_DATA by NFTA_EXPR_NAME.
static EXPRESSION_KINDS: &[(&str, Kind)] = &[
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
static COUNTER: Table = &[
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

/// enum nft_table_flags.
static TABLE_FLAGS: Names = &[(1, "NFT_TABLE_F_DORMANT"), (2, "NFT_TABLE_F_OWNER")];

/// enum nft_chain_flags.
static CHAIN_FLAGS: Names = &[
    (1, "NFT_CHAIN_BASE"),
    (2, "NFT_CHAIN_HW_OFFLOAD"),
    (4, "NFT_CHAIN_BINDING"),
];

/// enum nft_set_flags.
static SET_FLAGS: Names = &[
    (1, "NFT_SET_ANONYMOUS"),
    (2, "NFT_SET_CONSTANT"),
    (4, "NFT_SET_INTERVAL"),
    (8, "NFT_SET_MAP"),
    (16, "NFT_SET_TIMEOUT"),
    (32, "NFT_SET_EVAL"),
    (64, "NFT_SET_OBJECT"),
    (128, "NFT_SET_CONCAT"),
    (256, "NFT_SET_EXPR"),
];

/// enum nft_set_elem_flags.
static ELEMENT_FLAGS: Names = &[
    (1, "NFT_SET_ELEM_INTERVAL_END"),
    (2, "NFT_SET_ELEM_CATCHALL"),
];

/// linux/netfilter.h.
static POLICIES: Names = &[(0, "NF_DROP"), (1, "NF_ACCEPT")];

/// linux/netfilter.h and enum nft_verdicts, as unsigned numbers.
static VERDICTS: Names = &[
    (0, "NF_DROP"),
    (1, "NF_ACCEPT"),
    (3, "NF_QUEUE"),
    (4294967295, "NFT_CONTINUE"),
    (4294967294, "NFT_BREAK"),
    (4294967293, "NFT_JUMP"),
    (4294967292, "NFT_GOTO"),
    (4294967291, "NFT_RETURN"),
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

/// enum nft_trace_types.
static TRACE_TYPES: Names = &[
    (1, "NFT_TRACETYPE_POLICY"),
    (2, "NFT_TRACETYPE_RETURN"),
    (3, "NFT_TRACETYPE_RULE"),
];

/// NFT_OBJECT_*.
static OBJECTS: Names = &[
    (1, "NFT_OBJECT_COUNTER"),
    (2, "NFT_OBJECT_QUOTA"),
    (3, "NFT_OBJECT_CT_HELPER"),
    (4, "NFT_OBJECT_LIMIT"),
    (5, "NFT_OBJECT_CONNLIMIT"),
    (6, "NFT_OBJECT_TUNNEL"),
    (7, "NFT_OBJECT_CT_TIMEOUT"),
    (8, "NFT_OBJECT_SECMARK"),
    (9, "NFT_OBJECT_CT_EXPECT"),
    (10, "NFT_OBJECT_SYNPROXY"),
];
