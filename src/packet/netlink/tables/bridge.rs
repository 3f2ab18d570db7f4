//! What only bridges have: their ports, VLANs, spanning tree and multicast groups (linux/if_bridge.h, linux/if_link.h).

use super::{Header, Integer::*, Kind::*, Names, Table, names::*};

/// IFLA_INFO_DATA of a bridge. Times are in hundredths of a second (USER_HZ).
pub static BRIDGE: Table = &[
    (1, "IFLA_BR_FORWARD_DELAY", Decimal(U32)),
    (2, "IFLA_BR_HELLO_TIME", Decimal(U32)),
    (3, "IFLA_BR_MAX_AGE", Decimal(U32)),
    (4, "IFLA_BR_AGEING_TIME", Decimal(U32)),
    (5, "IFLA_BR_STP_STATE", Decimal(U32)),
    (6, "IFLA_BR_PRIORITY", Decimal(U16)),
    (7, "IFLA_BR_VLAN_FILTERING", Decimal(U8)),
    (8, "IFLA_BR_VLAN_PROTOCOL", Name(Be16, &ETHERTYPES)),
    (9, "IFLA_BR_GROUP_FWD_MASK", Hex(U16)),
    (10, "IFLA_BR_ROOT_ID", Record(&BRIDGE_ID)),
    (11, "IFLA_BR_BRIDGE_ID", Record(&BRIDGE_ID)),
    (12, "IFLA_BR_ROOT_PORT", Decimal(U16)),
    (13, "IFLA_BR_ROOT_PATH_COST", Decimal(U32)),
    (14, "IFLA_BR_TOPOLOGY_CHANGE", Decimal(U8)),
    (15, "IFLA_BR_TOPOLOGY_CHANGE_DETECTED", Decimal(U8)),
    (16, "IFLA_BR_HELLO_TIMER", Decimal(U64)),
    (17, "IFLA_BR_TCN_TIMER", Decimal(U64)),
    (18, "IFLA_BR_TOPOLOGY_CHANGE_TIMER", Decimal(U64)),
    (19, "IFLA_BR_GC_TIMER", Decimal(U64)),
    (20, "IFLA_BR_GROUP_ADDR", LinkLayer),
    (21, "IFLA_BR_FDB_FLUSH", Presence),
    (22, "IFLA_BR_MCAST_ROUTER", Decimal(U8)),
    (23, "IFLA_BR_MCAST_SNOOPING", Decimal(U8)),
    (24, "IFLA_BR_MCAST_QUERY_USE_IFADDR", Decimal(U8)),
    (25, "IFLA_BR_MCAST_QUERIER", Decimal(U8)),
    (26, "IFLA_BR_MCAST_HASH_ELASTICITY", Decimal(U32)),
    (27, "IFLA_BR_MCAST_HASH_MAX", Decimal(U32)),
    (28, "IFLA_BR_MCAST_LAST_MEMBER_CNT", Decimal(U32)),
    (29, "IFLA_BR_MCAST_STARTUP_QUERY_CNT", Decimal(U32)),
    (30, "IFLA_BR_MCAST_LAST_MEMBER_INTVL", Decimal(U64)),
    (31, "IFLA_BR_MCAST_MEMBERSHIP_INTVL", Decimal(U64)),
    (32, "IFLA_BR_MCAST_QUERIER_INTVL", Decimal(U64)),
    (33, "IFLA_BR_MCAST_QUERY_INTVL", Decimal(U64)),
    (34, "IFLA_BR_MCAST_QUERY_RESPONSE_INTVL", Decimal(U64)),
    (35, "IFLA_BR_MCAST_STARTUP_QUERY_INTVL", Decimal(U64)),
    (36, "IFLA_BR_NF_CALL_IPTABLES", Decimal(U8)),
    (37, "IFLA_BR_NF_CALL_IP6TABLES", Decimal(U8)),
    (38, "IFLA_BR_NF_CALL_ARPTABLES", Decimal(U8)),
    (39, "IFLA_BR_VLAN_DEFAULT_PVID", Decimal(U16)),
    (40, "IFLA_BR_PAD", Bytes),
    (41, "IFLA_BR_VLAN_STATS_ENABLED", Decimal(U8)),
    (42, "IFLA_BR_MCAST_STATS_ENABLED", Decimal(U8)),
    (43, "IFLA_BR_MCAST_IGMP_VERSION", Decimal(U8)),
    (44, "IFLA_BR_MCAST_MLD_VERSION", Decimal(U8)),
    (45, "IFLA_BR_VLAN_STATS_PER_PORT", Decimal(U8)),
    (46, "IFLA_BR_MULTI_BOOLOPT", Record(&BOOLEAN_OPTIONS)),
    (47, "IFLA_BR_MCAST_QUERIER_STATE", Nest(&QUERIER)),
    (48, "IFLA_BR_FDB_N_LEARNED", Decimal(U32)),
    (49, "IFLA_BR_FDB_MAX_LEARNED", Decimal(U32)),
    (50, "IFLA_BR_STP_MODE", Decimal(U32)),
];

/// A port of a bridge: IFLA_INFO_SLAVE_DATA, and IFLA_PROTINFO of the AF_BRIDGE family.
pub static BRIDGE_PORT: Table = &[
    (1, "IFLA_BRPORT_STATE", Name(U8, &PORT_STATES)),
    (2, "IFLA_BRPORT_PRIORITY", Decimal(U16)),
    (3, "IFLA_BRPORT_COST", Decimal(U32)),
    (4, "IFLA_BRPORT_MODE", Decimal(U8)),
    (5, "IFLA_BRPORT_GUARD", Decimal(U8)),
    (6, "IFLA_BRPORT_PROTECT", Decimal(U8)),
    (7, "IFLA_BRPORT_FAST_LEAVE", Decimal(U8)),
    (8, "IFLA_BRPORT_LEARNING", Decimal(U8)),
    (9, "IFLA_BRPORT_UNICAST_FLOOD", Decimal(U8)),
    (10, "IFLA_BRPORT_PROXYARP", Decimal(U8)),
    (11, "IFLA_BRPORT_LEARNING_SYNC", Decimal(U8)),
    (12, "IFLA_BRPORT_PROXYARP_WIFI", Decimal(U8)),
    (13, "IFLA_BRPORT_ROOT_ID", Record(&BRIDGE_ID)),
    (14, "IFLA_BRPORT_BRIDGE_ID", Record(&BRIDGE_ID)),
    (15, "IFLA_BRPORT_DESIGNATED_PORT", Decimal(U16)),
    (16, "IFLA_BRPORT_DESIGNATED_COST", Decimal(U16)),
    (17, "IFLA_BRPORT_ID", Hex(U16)),
    (18, "IFLA_BRPORT_NO", Hex(U16)),
    (19, "IFLA_BRPORT_TOPOLOGY_CHANGE_ACK", Decimal(U8)),
    (20, "IFLA_BRPORT_CONFIG_PENDING", Decimal(U8)),
    (21, "IFLA_BRPORT_MESSAGE_AGE_TIMER", Decimal(U64)),
    (22, "IFLA_BRPORT_FORWARD_DELAY_TIMER", Decimal(U64)),
    (23, "IFLA_BRPORT_HOLD_TIMER", Decimal(U64)),
    (24, "IFLA_BRPORT_FLUSH", Presence),
    (25, "IFLA_BRPORT_MULTICAST_ROUTER", Decimal(U8)),
    (26, "IFLA_BRPORT_PAD", Bytes),
    (27, "IFLA_BRPORT_MCAST_FLOOD", Decimal(U8)),
    (28, "IFLA_BRPORT_MCAST_TO_UCAST", Decimal(U8)),
    (29, "IFLA_BRPORT_VLAN_TUNNEL", Decimal(U8)),
    (30, "IFLA_BRPORT_BCAST_FLOOD", Decimal(U8)),
    (31, "IFLA_BRPORT_GROUP_FWD_MASK", Hex(U16)),
    (32, "IFLA_BRPORT_NEIGH_SUPPRESS", Decimal(U8)),
    (33, "IFLA_BRPORT_ISOLATED", Decimal(U8)),
    (34, "IFLA_BRPORT_BACKUP_PORT", Decimal(U32)),
    (35, "IFLA_BRPORT_MRP_RING_OPEN", Decimal(U8)),
    (36, "IFLA_BRPORT_MRP_IN_OPEN", Decimal(U8)),
    (37, "IFLA_BRPORT_MCAST_EHT_HOSTS_LIMIT", Decimal(U32)),
    (38, "IFLA_BRPORT_MCAST_EHT_HOSTS_CNT", Decimal(U32)),
    (39, "IFLA_BRPORT_LOCKED", Decimal(U8)),
    (40, "IFLA_BRPORT_MAB", Decimal(U8)),
    (41, "IFLA_BRPORT_MCAST_N_GROUPS", Decimal(U32)),
    (42, "IFLA_BRPORT_MCAST_MAX_GROUPS", Decimal(U32)),
    (43, "IFLA_BRPORT_NEIGH_VLAN_SUPPRESS", Decimal(U8)),
    (44, "IFLA_BRPORT_BACKUP_NHID", Decimal(U32)),
    (45, "IFLA_BRPORT_NEIGH_FORWARD_GRAT", Decimal(U8)),
];

/// IFLA_BR_MCAST_QUERIER_STATE.
static QUERIER: Table = &[
    (1, "BRIDGE_QUERIER_IP_ADDRESS", Address),
    (2, "BRIDGE_QUERIER_IP_PORT", Decimal(U32)),
    (3, "BRIDGE_QUERIER_IP_OTHER_TIMER", Decimal(U64)),
    (4, "BRIDGE_QUERIER_PAD", Bytes),
    (5, "BRIDGE_QUERIER_IPV6_ADDRESS", Address),
    (6, "BRIDGE_QUERIER_IPV6_PORT", Decimal(U32)),
    (7, "BRIDGE_QUERIER_IPV6_OTHER_TIMER", Decimal(U64)),
];

/// IFLA_AF_SPEC of the AF_BRIDGE family.
pub static BRIDGE_AF_SPEC: Table = &[
    (0, "IFLA_BRIDGE_FLAGS", Flags(U16, &BRIDGE_FLAGS)),
    (1, "IFLA_BRIDGE_MODE", Name(U16, &BRIDGE_MODES)),
    (2, "IFLA_BRIDGE_VLAN_INFO", Record(&VLAN_INFO)),
    (3, "IFLA_BRIDGE_VLAN_TUNNEL_INFO", Nest(&VLAN_TUNNEL)),
    (4, "IFLA_BRIDGE_MRP", Bytes),
    (5, "IFLA_BRIDGE_CFM", Bytes),
    (6, "IFLA_BRIDGE_MST", Bytes),
];

/// IFLA_BRIDGE_VLAN_TUNNEL_INFO.
static VLAN_TUNNEL: Table = &[
    (1, "IFLA_BRIDGE_VLAN_TUNNEL_ID", Decimal(U32)),
    (2, "IFLA_BRIDGE_VLAN_TUNNEL_VID", Decimal(U16)),
    (
        3,
        "IFLA_BRIDGE_VLAN_TUNNEL_FLAGS",
        Flags(U16, &VLAN_INFO_FLAGS),
    ),
];

/// linux/if_link.h; the priority is in network order.
static BRIDGE_ID: Header = Header {
    name: "ifla_bridge_id",
    fields: &[("prio", Hex(Be16)), ("addr", Mac)],
};

/// linux/if_bridge.h.
static BOOLEAN_OPTIONS: Header = Header {
    name: "br_boolopt_multi",
    fields: &[
        ("optval", Flags(U32, &OPTIONS)),
        ("optmask", Flags(U32, &OPTIONS)),
    ],
};

/// linux/if_bridge.h.
static VLAN_INFO: Header = Header {
    name: "bridge_vlan_info",
    fields: &[
        ("flags", Flags(U16, &VLAN_INFO_FLAGS)),
        ("vid", Decimal(U16)),
    ],
};

/// IFLA_BR_MULTI_BOOLOPT: bit positions of enum br_boolopt_id.
static OPTIONS: Names = &[
    (0x1, "BR_BOOLOPT_NO_LL_LEARN"),
    (0x2, "BR_BOOLOPT_MCAST_VLAN_SNOOPING"),
    (0x4, "BR_BOOLOPT_MST_ENABLE"),
    (0x8, "BR_BOOLOPT_MDB_OFFLOAD_FAIL_NOTIFICATION"),
    (0x10, "BR_BOOLOPT_FDB_LOCAL_VLAN_0"),
];

/// linux/if_bridge.h.
static PORT_STATES: Names = &[
    (0, "BR_STATE_DISABLED"),
    (1, "BR_STATE_LISTENING"),
    (2, "BR_STATE_LEARNING"),
    (3, "BR_STATE_FORWARDING"),
    (4, "BR_STATE_BLOCKING"),
];

/// IFLA_BRIDGE_FLAGS.
static BRIDGE_FLAGS: Names = &[(0x1, "BRIDGE_FLAGS_MASTER"), (0x2, "BRIDGE_FLAGS_SELF")];

/// IFLA_BRIDGE_MODE.
static BRIDGE_MODES: Names = &[
    (0, "BRIDGE_MODE_VEB"),
    (1, "BRIDGE_MODE_VEPA"),
    (65535, "BRIDGE_MODE_UNDEF"),
];

/// linux/if_bridge.h.
static VLAN_INFO_FLAGS: Names = &[
    (0x1, "BRIDGE_VLAN_INFO_MASTER"),
    (0x2, "BRIDGE_VLAN_INFO_PVID"),
    (0x4, "BRIDGE_VLAN_INFO_UNTAGGED"),
    (0x8, "BRIDGE_VLAN_INFO_RANGE_BEGIN"),
    (0x10, "BRIDGE_VLAN_INFO_RANGE_END"),
    (0x20, "BRIDGE_VLAN_INFO_BRENTRY"),
    (0x40, "BRIDGE_VLAN_INFO_ONLY_OPTS"),
];

/// Fixed header of RTM_*MDB.
pub static BR_PORT_MSG: Header = Header {
    name: "br_port_msg",
    fields: &[
        ("family", Name(U8, &FAMILIES)),
        ("pad", Skip(3)),
        ("ifindex", Decimal(I32)),
    ],
};

/// RTM_*MDB as the kernel tells it; a request to change it uses MULTICAST_GROUP_CHANGE.
pub static MULTICAST_GROUPS: Table = &[
    (1, "MDBA_MDB", Nest(&MDB)),
    (2, "MDBA_ROUTER", Nest(&ROUTER)),
];

/// A request to add or delete a group.
pub static MULTICAST_GROUP_CHANGE: Table = &[
    (1, "MDBA_SET_ENTRY", Record(&BR_MDB_ENTRY)),
    (2, "MDBA_SET_ENTRY_ATTRS", Bytes),
];

/// MDBA_MDB.
static MDB: Table = &[(1, "MDBA_MDB_ENTRY", Nest(&MDB_ENTRY))];

/// MDBA_MDB_ENTRY: a struct br_mdb_entry, which newer kernels let attributes follow.
static MDB_ENTRY: Table = &[(
    1,
    "MDBA_MDB_ENTRY_INFO",
    Headed(&BR_MDB_ENTRY, &MDB_ENTRY_MORE),
)];

/// After the struct in MDBA_MDB_ENTRY_INFO.
static MDB_ENTRY_MORE: Table = &[
    (1, "MDBA_MDB_EATTR_TIMER", Decimal(U32)),
    (2, "MDBA_MDB_EATTR_SRC_LIST", Bytes),
    (3, "MDBA_MDB_EATTR_GROUP_MODE", Decimal(U8)),
    (4, "MDBA_MDB_EATTR_SOURCE", Address),
    (5, "MDBA_MDB_EATTR_RTPROT", Name(U8, &ROUTE_PROTOCOLS)),
    (6, "MDBA_MDB_EATTR_DST", Address),
    (7, "MDBA_MDB_EATTR_DST_PORT", Decimal(Be16)),
    (8, "MDBA_MDB_EATTR_VNI", Decimal(U32)),
    (9, "MDBA_MDB_EATTR_IFINDEX", Decimal(U32)),
    (10, "MDBA_MDB_EATTR_SRC_VNI", Decimal(U32)),
];

/// linux/if_bridge.h; the address has 16 bytes of room, IPv4 uses four of them.
static BR_MDB_ENTRY: Header = Header {
    name: "br_mdb_entry",
    fields: &[
        ("ifindex", Decimal(U32)),
        ("state", Decimal(U8)),
        ("flags", Hex(U8)),
        ("vid", Decimal(U16)),
        ("addr", Fixed(16)),
        ("proto", Name(Be16, &ETHERTYPES)),
        ("pad", Skip(2)),
    ],
};

/// MDBA_ROUTER.
static ROUTER: Table = &[(1, "MDBA_ROUTER_PORT", Bytes)];

/// Fixed header of RTM_*VLAN.
pub static BR_VLAN_MSG: Header = Header {
    name: "br_vlan_msg",
    fields: &[
        ("family", Name(U8, &FAMILIES)),
        ("reserved1", Skip(1)),
        ("reserved2", Skip(2)),
        ("ifindex", Decimal(U32)),
    ],
};

/// RTM_*VLAN.
pub static BRIDGE_VLANS: Table = &[
    (1, "BRIDGE_VLANDB_ENTRY", Nest(&VLAN_ENTRY)),
    (2, "BRIDGE_VLANDB_GLOBAL_OPTIONS", Bytes),
];

/// BRIDGE_VLANDB_ENTRY.
static VLAN_ENTRY: Table = &[
    (1, "BRIDGE_VLANDB_ENTRY_INFO", Record(&VLAN_INFO)),
    (2, "BRIDGE_VLANDB_ENTRY_RANGE", Decimal(U16)),
    (3, "BRIDGE_VLANDB_ENTRY_STATE", Name(U8, &PORT_STATES)),
    (4, "BRIDGE_VLANDB_ENTRY_TUNNEL_INFO", Bytes),
    (5, "BRIDGE_VLANDB_ENTRY_STATS", Bytes),
    (6, "BRIDGE_VLANDB_ENTRY_MCAST_ROUTER", Decimal(U8)),
    (7, "BRIDGE_VLANDB_ENTRY_MCAST_N_GROUPS", Decimal(U32)),
    (8, "BRIDGE_VLANDB_ENTRY_MCAST_MAX_GROUPS", Decimal(U32)),
    (9, "BRIDGE_VLANDB_ENTRY_NEIGH_SUPPRESS", Decimal(U8)),
];
