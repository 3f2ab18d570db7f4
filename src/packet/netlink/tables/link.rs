//! RTM_*LINK: `struct ifinfomsg` and the IFLA_* attributes of every device (linux/if_link.h).
//!
//! What belongs to one kind of device (IFLA_INFO_DATA) is in `device.rs`, to a bridge's ports in `bridge.rs`.

use super::{
    Header,
    Integer::*,
    Kind::*,
    Names, Table,
    bridge::{BRIDGE_AF_SPEC, BRIDGE_PORT},
    device::{DEVICE_KINDS, PORT_KINDS},
    names::*,
};

/// sys/socket.h. Two attributes hold other things in this family.
const AF_BRIDGE: u8 = 7;

/// linux/rtnetlink.h.
pub static IFINFOMSG: Header = Header {
    name: "ifinfomsg",
    fields: &[
        ("family", Name(U8, &FAMILIES)),
        ("pad", Skip(1)),
        ("type", Name(U16, &HARDWARE)),
        ("index", Decimal(I32)),
        ("flags", Flags(U32, &DEVICE_FLAGS)),
        ("change", Hex(U32)),
    ],
};

/// The attributes of a device.
pub static LINK: Table = &[
    (1, "IFLA_ADDRESS", LinkLayer),
    (2, "IFLA_BROADCAST", LinkLayer),
    (3, "IFLA_IFNAME", Text),
    (4, "IFLA_MTU", Decimal(U32)),
    (5, "IFLA_LINK", Decimal(U32)),
    (6, "IFLA_QDISC", Text),
    (7, "IFLA_STATS", Counters(U32, &STATISTICS)),
    (8, "IFLA_COST", Bytes),
    (9, "IFLA_PRIORITY", Bytes),
    (10, "IFLA_MASTER", Decimal(U32)),
    (11, "IFLA_WIRELESS", Bytes),
    (
        12,
        "IFLA_PROTINFO",
        ByFamily(&[(AF_BRIDGE, Nest(&BRIDGE_PORT))], &Nest(&INET6)),
    ),
    (13, "IFLA_TXQLEN", Decimal(U32)),
    (14, "IFLA_MAP", Record(&MAP)),
    (15, "IFLA_WEIGHT", Decimal(U32)),
    (16, "IFLA_OPERSTATE", Name(U8, &OPERSTATES)),
    (17, "IFLA_LINKMODE", Name(U8, &LINK_MODES)),
    (18, "IFLA_LINKINFO", Nest(&LINK_INFO)),
    (19, "IFLA_NET_NS_PID", Decimal(U32)),
    (20, "IFLA_IFALIAS", Text),
    (21, "IFLA_NUM_VF", Decimal(U32)),
    (22, "IFLA_VFINFO_LIST", Nest(&VF_LIST)),
    (23, "IFLA_STATS64", Counters(U64, &STATISTICS)),
    (24, "IFLA_VF_PORTS", Nest(&VF_PORTS)),
    (25, "IFLA_PORT_SELF", Nest(&PORT)),
    (
        26,
        "IFLA_AF_SPEC",
        ByFamily(&[(AF_BRIDGE, Nest(&BRIDGE_AF_SPEC))], &Nest(&AF_SPEC)),
    ),
    (27, "IFLA_GROUP", Decimal(U32)),
    (28, "IFLA_NET_NS_FD", Decimal(U32)),
    (29, "IFLA_EXT_MASK", Flags(U32, &EXTENDED_FILTERS)),
    (30, "IFLA_PROMISCUITY", Decimal(U32)),
    (31, "IFLA_NUM_TX_QUEUES", Decimal(U32)),
    (32, "IFLA_NUM_RX_QUEUES", Decimal(U32)),
    (33, "IFLA_CARRIER", Decimal(U8)),
    (34, "IFLA_PHYS_PORT_ID", Bytes),
    (35, "IFLA_CARRIER_CHANGES", Decimal(U32)),
    (36, "IFLA_PHYS_SWITCH_ID", Bytes),
    (37, "IFLA_LINK_NETNSID", Decimal(I32)),
    (38, "IFLA_PHYS_PORT_NAME", Text),
    (39, "IFLA_PROTO_DOWN", Decimal(U8)),
    (40, "IFLA_GSO_MAX_SEGS", Decimal(U32)),
    (41, "IFLA_GSO_MAX_SIZE", Decimal(U32)),
    (42, "IFLA_PAD", Bytes),
    (43, "IFLA_XDP", Nest(&XDP)),
    (44, "IFLA_EVENT", Name(U32, &EVENTS)),
    (45, "IFLA_NEW_NETNSID", Decimal(I32)),
    (46, "IFLA_TARGET_NETNSID", Decimal(I32)),
    (47, "IFLA_CARRIER_UP_COUNT", Decimal(U32)),
    (48, "IFLA_CARRIER_DOWN_COUNT", Decimal(U32)),
    (49, "IFLA_NEW_IFINDEX", Decimal(I32)),
    (50, "IFLA_MIN_MTU", Decimal(U32)),
    (51, "IFLA_MAX_MTU", Decimal(U32)),
    (52, "IFLA_PROP_LIST", Nest(&PROPERTIES)),
    (53, "IFLA_ALT_IFNAME", Text),
    (54, "IFLA_PERM_ADDRESS", LinkLayer),
    (55, "IFLA_PROTO_DOWN_REASON", Nest(&PROTO_DOWN_REASON)),
    (56, "IFLA_PARENT_DEV_NAME", Text),
    (57, "IFLA_PARENT_DEV_BUS_NAME", Text),
    (58, "IFLA_GRO_MAX_SIZE", Decimal(U32)),
    (59, "IFLA_TSO_MAX_SIZE", Decimal(U32)),
    (60, "IFLA_TSO_MAX_SEGS", Decimal(U32)),
    (61, "IFLA_ALLMULTI", Decimal(U32)),
    (62, "IFLA_DEVLINK_PORT", Bytes),
    (63, "IFLA_GSO_IPV4_MAX_SIZE", Decimal(U32)),
    (64, "IFLA_GRO_IPV4_MAX_SIZE", Decimal(U32)),
    (65, "IFLA_DPLL_PIN", Nest(&DPLL_PIN)),
    (66, "IFLA_MAX_PACING_OFFLOAD_HORIZON", Decimal(Unsigned)),
    (67, "IFLA_NETNS_IMMUTABLE", Decimal(U8)),
    (68, "IFLA_HEADROOM", Decimal(U16)),
    (69, "IFLA_TAILROOM", Decimal(U16)),
];

/// IFLA_LINKINFO: the kind of a device and what only that kind has.
static LINK_INFO: Table = &[
    (1, "IFLA_INFO_KIND", Text),
    (2, "IFLA_INFO_DATA", ByText(1, DEVICE_KINDS)),
    (3, "IFLA_INFO_XSTATS", Bytes),
    (4, "IFLA_INFO_SLAVE_KIND", Text),
    (5, "IFLA_INFO_SLAVE_DATA", ByText(4, PORT_KINDS)),
];

/// IFLA_PROP_LIST: properties that a device can have many of.
static PROPERTIES: Table = &[(53, "IFLA_ALT_IFNAME", Text)];

/// IFLA_AF_SPEC: numbered by address family.
static AF_SPEC: Table = &[
    (2, "AF_INET", Nest(&INET)),
    (10, "AF_INET6", Nest(&INET6)),
    (45, "AF_MCTP", Nest(&MCTP)),
];

/// IFLA_AF_SPEC, IPv4.
static INET: Table = &[(1, "IFLA_INET_CONF", Counters(I32, &IPV4_DEVCONF))];

/// IFLA_AF_SPEC, IPv6.
static INET6: Table = &[
    (1, "IFLA_INET6_FLAGS", Flags(U32, &INET6_FLAGS)),
    (2, "IFLA_INET6_CONF", Counters(I32, &IPV6_DEVCONF)),
    (3, "IFLA_INET6_STATS", Counters(U64, &IPV6_STATISTICS)),
    (4, "IFLA_INET6_MCAST", Bytes),
    (5, "IFLA_INET6_CACHEINFO", Record(&INET6_CACHEINFO)),
    (
        6,
        "IFLA_INET6_ICMP6STATS",
        Counters(U64, &ICMPV6_STATISTICS),
    ),
    (7, "IFLA_INET6_TOKEN", Address),
    (8, "IFLA_INET6_ADDR_GEN_MODE", Name(U8, &ADDRESS_GENERATION)),
    (9, "IFLA_INET6_RA_MTU", Decimal(U32)),
];

/// IFLA_AF_SPEC, MCTP.
static MCTP: Table = &[
    (1, "IFLA_MCTP_NET", Decimal(U32)),
    (2, "IFLA_MCTP_PHYS_BINDING", Decimal(U8)),
];

/// IFLA_XDP.
static XDP: Table = &[
    (1, "IFLA_XDP_FD", Decimal(I32)),
    (2, "IFLA_XDP_ATTACHED", Name(U8, &XDP_MODES)),
    (3, "IFLA_XDP_FLAGS", Flags(U32, &XDP_FLAGS)),
    (4, "IFLA_XDP_PROG_ID", Decimal(U32)),
    (5, "IFLA_XDP_DRV_PROG_ID", Decimal(U32)),
    (6, "IFLA_XDP_SKB_PROG_ID", Decimal(U32)),
    (7, "IFLA_XDP_HW_PROG_ID", Decimal(U32)),
    (8, "IFLA_XDP_EXPECTED_FD", Decimal(I32)),
];

/// IFLA_PROTO_DOWN_REASON.
static PROTO_DOWN_REASON: Table = &[
    (1, "IFLA_PROTO_DOWN_REASON_MASK", Hex(U32)),
    (2, "IFLA_PROTO_DOWN_REASON_VALUE", Hex(U32)),
];

/// IFLA_DPLL_PIN (linux/dpll.h).
static DPLL_PIN: Table = &[(1, "DPLL_A_PIN_ID", Decimal(U32))];

/// IFLA_VFINFO_LIST.
static VF_LIST: Table = &[(1, "IFLA_VF_INFO", Nest(&VF))];

/// IFLA_VF_INFO: one virtual function.
static VF: Table = &[
    (1, "IFLA_VF_MAC", Record(&VF_MAC)),
    (2, "IFLA_VF_VLAN", Record(&VF_VLAN)),
    (3, "IFLA_VF_TX_RATE", Record(&VF_TX_RATE)),
    (4, "IFLA_VF_SPOOFCHK", Record(&VF_SETTING)),
    (5, "IFLA_VF_LINK_STATE", Record(&VF_LINK_STATE)),
    (6, "IFLA_VF_RATE", Record(&VF_RATE)),
    (7, "IFLA_VF_RSS_QUERY_EN", Record(&VF_SETTING)),
    (8, "IFLA_VF_STATS", Nest(&VF_STATISTICS)),
    (9, "IFLA_VF_TRUST", Record(&VF_SETTING)),
    (10, "IFLA_VF_IB_NODE_GUID", Bytes),
    (11, "IFLA_VF_IB_PORT_GUID", Bytes),
    (12, "IFLA_VF_VLAN_LIST", Nest(&VF_VLAN_LIST)),
    (13, "IFLA_VF_BROADCAST", LinkLayer),
];

/// IFLA_VF_STATS.
static VF_STATISTICS: Table = &[
    (0, "IFLA_VF_STATS_RX_PACKETS", Decimal(U64)),
    (1, "IFLA_VF_STATS_TX_PACKETS", Decimal(U64)),
    (2, "IFLA_VF_STATS_RX_BYTES", Decimal(U64)),
    (3, "IFLA_VF_STATS_TX_BYTES", Decimal(U64)),
    (4, "IFLA_VF_STATS_BROADCAST", Decimal(U64)),
    (5, "IFLA_VF_STATS_MULTICAST", Decimal(U64)),
    (6, "IFLA_VF_STATS_PAD", Bytes),
    (7, "IFLA_VF_STATS_RX_DROPPED", Decimal(U64)),
    (8, "IFLA_VF_STATS_TX_DROPPED", Decimal(U64)),
];

/// IFLA_VF_VLAN_LIST.
static VF_VLAN_LIST: Table = &[(1, "IFLA_VF_VLAN_INFO", Record(&VF_VLAN_INFO))];

/// IFLA_VF_PORTS.
static VF_PORTS: Table = &[(1, "IFLA_VF_PORT", Nest(&PORT))];

/// IFLA_PORT_SELF and IFLA_VF_PORT.
static PORT: Table = &[
    (1, "IFLA_PORT_VF", Decimal(U32)),
    (2, "IFLA_PORT_PROFILE", Text),
    (3, "IFLA_PORT_VSI_TYPE", Bytes),
    (4, "IFLA_PORT_INSTANCE_UUID", Bytes),
    (5, "IFLA_PORT_HOST_UUID", Bytes),
    (6, "IFLA_PORT_REQUEST", Decimal(U8)),
    (7, "IFLA_PORT_RESPONSE", Decimal(U16)),
];

/// IFLA_MAP.
static MAP: Header = Header {
    name: "rtnl_link_ifmap",
    fields: &[
        ("mem_start", Hex(U64)),
        ("mem_end", Hex(U64)),
        ("base_addr", Hex(U64)),
        ("irq", Decimal(U16)),
        ("dma", Decimal(U8)),
        ("port", Decimal(U8)),
    ],
};

/// IFLA_INET6_CACHEINFO.
static INET6_CACHEINFO: Header = Header {
    name: "ifla_cacheinfo",
    fields: &[
        ("max_reasm_len", Decimal(U32)),
        ("tstamp", Decimal(U32)),
        ("reachable_time", Decimal(U32)),
        ("retrans_time", Decimal(U32)),
    ],
};

/// The kernel gives every address 32 bytes of room.
static VF_MAC: Header = Header {
    name: "ifla_vf_mac",
    fields: &[("vf", Decimal(U32)), ("mac", Mac)],
};

/// IFLA_VF_VLAN.
static VF_VLAN: Header = Header {
    name: "ifla_vf_vlan",
    fields: &[
        ("vf", Decimal(U32)),
        ("vlan", Decimal(U32)),
        ("qos", Decimal(U32)),
    ],
};

/// IFLA_VF_VLAN_INFO.
static VF_VLAN_INFO: Header = Header {
    name: "ifla_vf_vlan_info",
    fields: &[
        ("vf", Decimal(U32)),
        ("vlan", Decimal(U32)),
        ("qos", Decimal(U32)),
        ("vlan_proto", Name(Be16, &ETHERTYPES)),
    ],
};

/// IFLA_VF_TX_RATE.
static VF_TX_RATE: Header = Header {
    name: "ifla_vf_tx_rate",
    fields: &[("vf", Decimal(U32)), ("rate", Decimal(U32))],
};

/// IFLA_VF_RATE.
static VF_RATE: Header = Header {
    name: "ifla_vf_rate",
    fields: &[
        ("vf", Decimal(U32)),
        ("min_tx_rate", Decimal(U32)),
        ("max_tx_rate", Decimal(U32)),
    ],
};

/// The three on-off settings have one layout.
static VF_SETTING: Header = Header {
    name: "ifla_vf_setting",
    fields: &[("vf", Decimal(U32)), ("setting", Decimal(U32))],
};

/// IFLA_VF_LINK_STATE.
static VF_LINK_STATE: Header = Header {
    name: "ifla_vf_link_state",
    fields: &[
        ("vf", Decimal(U32)),
        ("link_state", Name(U32, &VF_LINK_STATES)),
    ],
};

/// IFLA_VF_LINK_STATE.
static VF_LINK_STATES: Names = &[
    (0, "IFLA_VF_LINK_STATE_AUTO"),
    (1, "IFLA_VF_LINK_STATE_ENABLE"),
    (2, "IFLA_VF_LINK_STATE_DISABLE"),
];

/// IFLA_EXT_MASK, linux/rtnetlink.h.
static EXTENDED_FILTERS: Names = &[
    (0x1, "RTEXT_FILTER_VF"),
    (0x2, "RTEXT_FILTER_BRVLAN"),
    (0x4, "RTEXT_FILTER_BRVLAN_COMPRESSED"),
    (0x8, "RTEXT_FILTER_SKIP_STATS"),
    (0x10, "RTEXT_FILTER_MRP"),
    (0x20, "RTEXT_FILTER_CFM_CONFIG"),
    (0x40, "RTEXT_FILTER_CFM_STATUS"),
    (0x80, "RTEXT_FILTER_MST"),
];

/// IFLA_EVENT.
static EVENTS: Names = &[
    (0, "IFLA_EVENT_NONE"),
    (1, "IFLA_EVENT_REBOOT"),
    (2, "IFLA_EVENT_FEATURES"),
    (3, "IFLA_EVENT_BONDING_FAILOVER"),
    (4, "IFLA_EVENT_NOTIFY_PEERS"),
    (5, "IFLA_EVENT_IGMP_RESEND"),
    (6, "IFLA_EVENT_BONDING_OPTIONS"),
];

/// IFLA_XDP_ATTACHED.
static XDP_MODES: Names = &[
    (0, "XDP_ATTACHED_NONE"),
    (1, "XDP_ATTACHED_DRV"),
    (2, "XDP_ATTACHED_SKB"),
    (3, "XDP_ATTACHED_HW"),
    (4, "XDP_ATTACHED_MULTI"),
];

/// IFLA_XDP_FLAGS.
static XDP_FLAGS: Names = &[
    (0x1, "XDP_FLAGS_UPDATE_IF_NOEXIST"),
    (0x2, "XDP_FLAGS_SKB_MODE"),
    (0x4, "XDP_FLAGS_DRV_MODE"),
    (0x8, "XDP_FLAGS_HW_MODE"),
    (0x10, "XDP_FLAGS_REPLACE"),
];

/// IFLA_INET6_ADDR_GEN_MODE.
static ADDRESS_GENERATION: Names = &[
    (0, "IN6_ADDR_GEN_MODE_EUI64"),
    (1, "IN6_ADDR_GEN_MODE_NONE"),
    (2, "IN6_ADDR_GEN_MODE_STABLE_PRIVACY"),
    (3, "IN6_ADDR_GEN_MODE_RANDOM"),
];

/// IFLA_INET6_FLAGS, from net/if_inet6.h (the kernel's own header: never exported).
static INET6_FLAGS: Names = &[
    (0x10, "IF_RS_SENT"),
    (0x20, "IF_RA_RCVD"),
    (0x80, "IF_RA_MANAGED"),
    (0x40, "IF_RA_OTHERCONF"),
    (0x80000000, "IF_READY"),
];

/// struct rtnl_link_stats and rtnl_link_stats64 have the same fields; the 32 bit one ends at rx_nohandler.
pub static STATISTICS: &[&str] = &[
    "rx_packets",
    "tx_packets",
    "rx_bytes",
    "tx_bytes",
    "rx_errors",
    "tx_errors",
    "rx_dropped",
    "tx_dropped",
    "multicast",
    "collisions",
    "rx_length_errors",
    "rx_over_errors",
    "rx_crc_errors",
    "rx_frame_errors",
    "rx_fifo_errors",
    "rx_missed_errors",
    "tx_aborted_errors",
    "tx_carrier_errors",
    "tx_fifo_errors",
    "tx_heartbeat_errors",
    "tx_window_errors",
    "rx_compressed",
    "tx_compressed",
    "rx_nohandler",
    "rx_otherhost_dropped",
];

/// IFLA_INET_CONF: net.ipv4.conf.* in the order of linux/ip.h, which counts from 1.
static IPV4_DEVCONF: &[&str] = &[
    "forwarding",
    "mc_forwarding",
    "proxy_arp",
    "accept_redirects",
    "secure_redirects",
    "send_redirects",
    "shared_media",
    "rp_filter",
    "accept_source_route",
    "bootp_relay",
    "log_martians",
    "tag",
    "arpfilter",
    "medium_id",
    "noxfrm",
    "nopolicy",
    "force_igmp_version",
    "arp_announce",
    "arp_ignore",
    "promote_secondaries",
    "arp_accept",
    "arp_notify",
    "accept_local",
    "src_vmark",
    "proxy_arp_pvlan",
    "route_localnet",
    "igmpv2_unsolicited_report_interval",
    "igmpv3_unsolicited_report_interval",
    "ignore_routes_with_linkdown",
    "drop_unicast_in_l2_multicast",
    "drop_gratuitous_arp",
    "bc_forwarding",
    "arp_evict_nocarrier",
];

/// IFLA_INET6_CONF: net.ipv6.conf.* in the order of linux/ipv6.h.
static IPV6_DEVCONF: &[&str] = &[
    "forwarding",
    "hoplimit",
    "mtu6",
    "accept_ra",
    "accept_redirects",
    "autoconf",
    "dad_transmits",
    "rtr_solicits",
    "rtr_solicit_interval",
    "rtr_solicit_delay",
    "use_tempaddr",
    "temp_valid_lft",
    "temp_prefered_lft",
    "regen_max_retry",
    "max_desync_factor",
    "max_addresses",
    "force_mld_version",
    "accept_ra_defrtr",
    "accept_ra_pinfo",
    "accept_ra_rtr_pref",
    "rtr_probe_interval",
    "accept_ra_rt_info_max_plen",
    "proxy_ndp",
    "optimistic_dad",
    "accept_source_route",
    "mc_forwarding",
    "disable_ipv6",
    "accept_dad",
    "force_tllao",
    "ndisc_notify",
    "mldv1_unsolicited_report_interval",
    "mldv2_unsolicited_report_interval",
    "suppress_frag_ndisc",
    "accept_ra_from_local",
    "use_optimistic",
    "accept_ra_mtu",
    "stable_secret",
    "use_oif_addrs_only",
    "accept_ra_min_hop_limit",
    "ignore_routes_with_linkdown",
    "drop_unicast_in_l2_multicast",
    "drop_unsolicited_na",
    "keep_addr_on_down",
    "rtr_solicit_max_interval",
    "seg6_enabled",
    "seg6_require_hmac",
    "enhanced_dad",
    "addr_gen_mode",
    "disable_policy",
    "accept_ra_rt_info_min_plen",
    "ndisc_tclass",
    "rpl_seg_enabled",
    "ra_defrtr_metric",
    "ioam6_enabled",
    "ioam6_id",
    "ioam6_id_wide",
    "ndisc_evict_nocarrier",
    "accept_untracked_na",
    "accept_ra_min_lft",
    "force_forwarding",
];

/// IFLA_INET6_STATS: IPSTATS_MIB_* of linux/snmp.h under their names in /proc/net/snmp6; the first is how many follow. Only these four: Linux 6.18 put the others into a new order, and a message does not say which kernel made it.
static IPV6_STATISTICS: &[&str] = &["count", "InReceives", "InOctets", "InDelivers"];

/// IFLA_INET6_ICMP6STATS: ICMP6_MIB_* of linux/snmp.h; the first is how many follow.
static ICMPV6_STATISTICS: &[&str] = &[
    "count",
    "InMsgs",
    "InErrors",
    "OutMsgs",
    "OutErrors",
    "InCsumErrors",
    "OutRateLimitHost",
];
