//! The header that every message has, and the extended acknowledgement of NLMSG_ERROR and NLMSG_DONE (linux/netlink.h).

use super::{Integer::*, Kind::*, Names, Table};

/// Flags of a GET.
pub static GET_FLAGS: Names = &[
    (0x1, "NLM_F_REQUEST"),
    (0x2, "NLM_F_MULTI"),
    (0x4, "NLM_F_ACK"),
    (0x8, "NLM_F_ECHO"),
    (0x10, "NLM_F_DUMP_INTR"),
    (0x20, "NLM_F_DUMP_FILTERED"),
    (0x300, "NLM_F_DUMP"),
    (0x100, "NLM_F_ROOT"),
    (0x200, "NLM_F_MATCH"),
    (0x400, "NLM_F_ATOMIC"),
];

/// Flags of a NEW or SET.
pub static NEW_FLAGS: Names = &[
    (0x1, "NLM_F_REQUEST"),
    (0x2, "NLM_F_MULTI"),
    (0x4, "NLM_F_ACK"),
    (0x8, "NLM_F_ECHO"),
    (0x10, "NLM_F_DUMP_INTR"),
    (0x20, "NLM_F_DUMP_FILTERED"),
    (0x100, "NLM_F_REPLACE"),
    (0x200, "NLM_F_EXCL"),
    (0x400, "NLM_F_CREATE"),
    (0x800, "NLM_F_APPEND"),
];

/// Flags of a DEL.
pub static DELETE_FLAGS: Names = &[
    (0x1, "NLM_F_REQUEST"),
    (0x2, "NLM_F_MULTI"),
    (0x4, "NLM_F_ACK"),
    (0x8, "NLM_F_ECHO"),
    (0x10, "NLM_F_DUMP_INTR"),
    (0x20, "NLM_F_DUMP_FILTERED"),
    (0x100, "NLM_F_NONREC"),
    (0x200, "NLM_F_BULK"),
];

/// Flags of NLMSG_ERROR and NLMSG_DONE.
pub static ANSWER_FLAGS: Names = &[
    (0x1, "NLM_F_REQUEST"),
    (0x2, "NLM_F_MULTI"),
    (0x4, "NLM_F_ACK"),
    (0x8, "NLM_F_ECHO"),
    (0x10, "NLM_F_DUMP_INTR"),
    (0x20, "NLM_F_DUMP_FILTERED"),
    (0x100, "NLM_F_CAPPED"),
    (0x200, "NLM_F_ACK_TLVS"),
];

/// Flags that mean the same in every message.
pub static COMMON_FLAGS: Names = &[
    (0x1, "NLM_F_REQUEST"),
    (0x2, "NLM_F_MULTI"),
    (0x4, "NLM_F_ACK"),
    (0x8, "NLM_F_ECHO"),
    (0x10, "NLM_F_DUMP_INTR"),
    (0x20, "NLM_F_DUMP_FILTERED"),
];

/// What the kernel adds to its answer when NETLINK_EXT_ACK is set. Offsets count from the start of the request's nlmsghdr.
pub static EXTENDED_ACKNOWLEDGEMENT: Table = &[
    (1, "NLMSGERR_ATTR_MSG", Text),
    (2, "NLMSGERR_ATTR_OFFS", Decimal(U32)),
    (3, "NLMSGERR_ATTR_COOKIE", Bytes),
    (4, "NLMSGERR_ATTR_POLICY", Nest(&POLICY)),
    (5, "NLMSGERR_ATTR_MISS_TYPE", Decimal(U32)),
    (6, "NLMSGERR_ATTR_MISS_NEST", Decimal(U32)),
];

/// NLMSGERR_ATTR_POLICY: what the kernel would have accepted.
static POLICY: Table = &[
    (1, "NL_POLICY_TYPE_ATTR_TYPE", Name(U32, &TYPES)),
    (2, "NL_POLICY_TYPE_ATTR_MIN_VALUE_S", Decimal(I64)),
    (3, "NL_POLICY_TYPE_ATTR_MAX_VALUE_S", Decimal(I64)),
    (4, "NL_POLICY_TYPE_ATTR_MIN_VALUE_U", Decimal(U64)),
    (5, "NL_POLICY_TYPE_ATTR_MAX_VALUE_U", Decimal(U64)),
    (6, "NL_POLICY_TYPE_ATTR_MIN_LENGTH", Decimal(U32)),
    (7, "NL_POLICY_TYPE_ATTR_MAX_LENGTH", Decimal(U32)),
    (8, "NL_POLICY_TYPE_ATTR_POLICY_IDX", Decimal(U32)),
    (9, "NL_POLICY_TYPE_ATTR_POLICY_MAXTYPE", Decimal(U32)),
    (10, "NL_POLICY_TYPE_ATTR_BITFIELD32_MASK", Hex(U32)),
    (11, "NL_POLICY_TYPE_ATTR_PAD", Bytes),
    (12, "NL_POLICY_TYPE_ATTR_MASK", Hex(U64)),
];

/// enum netlink_attribute_type.
static TYPES: Names = &[
    (0, "NL_ATTR_TYPE_INVALID"),
    (1, "NL_ATTR_TYPE_FLAG"),
    (2, "NL_ATTR_TYPE_U8"),
    (3, "NL_ATTR_TYPE_U16"),
    (4, "NL_ATTR_TYPE_U32"),
    (5, "NL_ATTR_TYPE_U64"),
    (6, "NL_ATTR_TYPE_S8"),
    (7, "NL_ATTR_TYPE_S16"),
    (8, "NL_ATTR_TYPE_S32"),
    (9, "NL_ATTR_TYPE_S64"),
    (10, "NL_ATTR_TYPE_BINARY"),
    (11, "NL_ATTR_TYPE_STRING"),
    (12, "NL_ATTR_TYPE_NUL_STRING"),
    (13, "NL_ATTR_TYPE_NESTED"),
    (14, "NL_ATTR_TYPE_NESTED_ARRAY"),
    (15, "NL_ATTR_TYPE_BITFIELD32"),
    (16, "NL_ATTR_TYPE_SINT"),
    (17, "NL_ATTR_TYPE_UINT"),
];
