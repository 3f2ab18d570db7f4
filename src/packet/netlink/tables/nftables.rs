//! nftables: its tables, chains, rules, sets and objects (linux/netfilter/nf_tables.h). Numbers are in the network's order.

use super::expression::{COUNTER, EXPRESSION_KINDS};
use super::netfilter::{NetfilterMessage, Purpose};
use super::{Integer::*, Kind::*, Names, Table};

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
pub(super) static EXPRESSIONS: Table = &[(1, "NFTA_LIST_ELEM", Nest(&EXPRESSION))];

/// An expression.
pub(super) static EXPRESSION: Table = &[
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
pub(super) static DATA: Table = &[
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
