//! The actions of filters (linux/pkt_cls.h, linux/tc_act/*.h).

use super::qdisc::QDISC_STATISTICS;
use super::{Header, Integer::*, Kind, Kind::*, Table};

/// One of TCA_*_ACT.
pub static ACTION: Table = &[
    (1, "TCA_ACT_KIND", Text),
    (2, "TCA_ACT_OPTIONS", ByText(1, ACTION_KINDS)),
    (3, "TCA_ACT_INDEX", Decimal(U32)),
    (4, "TCA_ACT_STATS", Nest(&QDISC_STATISTICS)),
    (5, "TCA_ACT_PAD", Bytes),
    (6, "TCA_ACT_COOKIE", Bytes),
    (7, "TCA_ACT_FLAGS", Bytes),
    (8, "TCA_ACT_HW_STATS", Bytes),
    (9, "TCA_ACT_USED_HW_STATS", Bytes),
    (10, "TCA_ACT_IN_HW_COUNT", Decimal(U32)),
];

/// The contents of TCA_ACT_OPTIONS by TCA_ACT_KIND.
static ACTION_KINDS: &[(&str, Kind)] = &[
    ("gact", Nest(&GACT)),
    ("mirred", Nest(&MIRRED)),
    ("police", Nest(&POLICE)),
    ("skbedit", Nest(&SKBEDIT)),
    ("vlan", Nest(&VLAN)),
];

static GACT: Table = &[
    (1, "TCA_GACT_TM", Bytes),
    (2, "TCA_GACT_PARMS", Record(&GENERIC)),
    (3, "TCA_GACT_PROB", Bytes),
    (4, "TCA_GACT_PAD", Bytes),
];

static MIRRED: Table = &[
    (1, "TCA_MIRRED_TM", Bytes),
    (2, "TCA_MIRRED_PARMS", Record(&MIRRED_PARAMETERS)),
    (3, "TCA_MIRRED_PAD", Bytes),
];

static SKBEDIT: Table = &[
    (1, "TCA_SKBEDIT_TM", Bytes),
    (2, "TCA_SKBEDIT_PARMS", Record(&GENERIC)),
    (3, "TCA_SKBEDIT_PRIORITY", Handle),
    (4, "TCA_SKBEDIT_QUEUE_MAPPING", Decimal(U16)),
    (5, "TCA_SKBEDIT_MARK", Hex(U32)),
    (6, "TCA_SKBEDIT_PAD", Bytes),
    (7, "TCA_SKBEDIT_PTYPE", Decimal(U16)),
    (8, "TCA_SKBEDIT_MASK", Hex(U32)),
    (9, "TCA_SKBEDIT_FLAGS", Hex(U64)),
];

static VLAN: Table = &[
    (1, "TCA_VLAN_TM", Bytes),
    (2, "TCA_VLAN_PARMS", Record(&VLAN_PARAMETERS)),
    (3, "TCA_VLAN_PUSH_VLAN_ID", Decimal(U16)),
    (4, "TCA_VLAN_PUSH_VLAN_PROTOCOL", Hex(Be16)),
    (5, "TCA_VLAN_PAD", Bytes),
    (6, "TCA_VLAN_PUSH_VLAN_PRIORITY", Decimal(U8)),
];

static POLICE: Table = &[
    (1, "TCA_POLICE_TBF", Record(&POLICE_PARAMETERS)),
    (2, "TCA_POLICE_RATE", Bytes),
    (3, "TCA_POLICE_PEAKRATE", Bytes),
    (4, "TCA_POLICE_AVRATE", Decimal(U32)),
    (5, "TCA_POLICE_RESULT", Decimal(U32)),
];

/// `tc_gen` of linux/pkt_cls.h, with which most parameters begin.
static GENERIC: Header = Header {
    name: "tc_gact",
    fields: &[
        ("index", Decimal(U32)),
        ("capab", Hex(U32)),
        ("action", Decimal(I32)),
        ("refcnt", Decimal(I32)),
        ("bindcnt", Decimal(I32)),
    ],
};

/// TCA_MIRRED_PARMS.
static MIRRED_PARAMETERS: Header = Header {
    name: "tc_mirred",
    fields: &[
        ("index", Decimal(U32)),
        ("capab", Hex(U32)),
        ("action", Decimal(I32)),
        ("refcnt", Decimal(I32)),
        ("bindcnt", Decimal(I32)),
        ("eaction", Decimal(I32)),
        ("ifindex", Decimal(U32)),
    ],
};

/// TCA_VLAN_PARMS.
static VLAN_PARAMETERS: Header = Header {
    name: "tc_vlan",
    fields: &[
        ("index", Decimal(U32)),
        ("capab", Hex(U32)),
        ("action", Decimal(I32)),
        ("refcnt", Decimal(I32)),
        ("bindcnt", Decimal(I32)),
        ("v_action", Decimal(I32)),
    ],
};

/// TCA_POLICE_TBF: two `struct tc_ratespec` in it, rate and peakrate; burst in ticks of psched.
static POLICE_PARAMETERS: Header = Header {
    name: "tc_police",
    fields: &[
        ("index", Decimal(U32)),
        ("action", Decimal(I32)),
        ("limit", Decimal(U32)),
        ("burst", Decimal(U32)),
        ("mtu", Decimal(U32)),
        ("rate_shape", Fixed(8)),
        ("rate", Decimal(U32)),
        ("peakrate_shape", Fixed(8)),
        ("peakrate", Decimal(U32)),
        ("refcnt", Decimal(I32)),
        ("bindcnt", Decimal(I32)),
        ("capab", Hex(U32)),
    ],
};
