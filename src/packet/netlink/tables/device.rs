//! IFLA_INFO_DATA and IFLA_INFO_SLAVE_DATA: what belongs to one kind of device
//! (linux/if_link.h; tunnels: linux/if_tunnel.h; veth: linux/veth.h; bonds: linux/if_bonding.h).

use super::{
    Header,
    Integer::*,
    Kind,
    Kind::*,
    Names, Table,
    bridge::{BRIDGE, BRIDGE_PORT},
    link::{IFINFOMSG, LINK},
    names::*,
};

/// The contents of IFLA_INFO_DATA by IFLA_INFO_KIND. Kinds without any (dummy, ifb, nlmon) are left out.
pub static DEVICE_KINDS: &[(&str, Kind)] = &[
    ("bareudp", Nest(&BAREUDP)),
    ("bond", Nest(&BOND)),
    ("bridge", Nest(&BRIDGE)),
    ("erspan", Nest(&GRE)),
    ("geneve", Nest(&GENEVE)),
    ("gre", Nest(&GRE)),
    ("gretap", Nest(&GRE)),
    ("gtp", Nest(&GTP)),
    ("hsr", Nest(&HSR)),
    ("ip6erspan", Nest(&GRE)),
    ("ip6gre", Nest(&GRE)),
    ("ip6gretap", Nest(&GRE)),
    ("ip6tnl", Nest(&IP6_TUNNEL)),
    ("ipip", Nest(&IP_TUNNEL)),
    ("ipoib", Nest(&IPOIB)),
    ("ipvlan", Nest(&IPVLAN)),
    ("ipvtap", Nest(&IPVLAN)),
    ("macsec", Nest(&MACSEC)),
    ("macvlan", Nest(&MACVLAN)),
    ("macvtap", Nest(&MACVLAN)),
    ("netkit", Nest(&NETKIT)),
    ("ovpn", Nest(&OVPN)),
    ("ppp", Nest(&PPP)),
    ("rmnet", Nest(&RMNET)),
    ("sit", Nest(&IP_TUNNEL)),
    ("tun", Nest(&TUN)),
    ("veth", Nest(&VETH)),
    ("vlan", Nest(&VLAN)),
    ("vrf", Nest(&VRF)),
    ("vti", Nest(&VTI)),
    ("vti6", Nest(&VTI)),
    ("vxcan", Nest(&VXCAN)),
    ("vxlan", Nest(&VXLAN)),
    ("xfrm", Nest(&XFRM)),
];

/// The contents of IFLA_INFO_SLAVE_DATA by IFLA_INFO_SLAVE_KIND.
pub static PORT_KINDS: &[(&str, Kind)] = &[
    ("bond", Nest(&BOND_PORT)),
    ("bridge", Nest(&BRIDGE_PORT)),
    ("vrf", Nest(&VRF_PORT)),
];

/// The other end: a header and attributes like those of the message itself.
static VETH: Table = &[(1, "VETH_INFO_PEER", Headed(&IFINFOMSG, &LINK))];

/// Like veth.
static VXCAN: Table = &[(1, "VXCAN_INFO_PEER", Headed(&IFINFOMSG, &LINK))];

/// netkit.
static NETKIT: Table = &[
    (1, "IFLA_NETKIT_PEER_INFO", Headed(&IFINFOMSG, &LINK)),
    (2, "IFLA_NETKIT_PRIMARY", Decimal(U8)),
    (3, "IFLA_NETKIT_POLICY", Name(U32, &NETKIT_POLICIES)),
    (4, "IFLA_NETKIT_PEER_POLICY", Name(U32, &NETKIT_POLICIES)),
    (5, "IFLA_NETKIT_MODE", Name(U32, &NETKIT_MODES)),
    (6, "IFLA_NETKIT_SCRUB", Decimal(U32)),
    (7, "IFLA_NETKIT_PEER_SCRUB", Decimal(U32)),
    (8, "IFLA_NETKIT_HEADROOM", Decimal(U16)),
    (9, "IFLA_NETKIT_TAILROOM", Decimal(U16)),
    (10, "IFLA_NETKIT_PAIRING", Decimal(U32)),
];

/// enum netkit_action.
static NETKIT_POLICIES: Names = &[(0, "NETKIT_PASS"), (2, "NETKIT_DROP")];

/// enum netkit_mode.
static NETKIT_MODES: Names = &[(0, "NETKIT_L2"), (1, "NETKIT_L3")];

/// vlan.
static VLAN: Table = &[
    (1, "IFLA_VLAN_ID", Decimal(U16)),
    (2, "IFLA_VLAN_FLAGS", Record(&VLAN_FLAG_CHANGE)),
    (3, "IFLA_VLAN_EGRESS_QOS", Nest(&VLAN_PRIORITIES)),
    (4, "IFLA_VLAN_INGRESS_QOS", Nest(&VLAN_PRIORITIES)),
    (5, "IFLA_VLAN_PROTOCOL", Name(Be16, &ETHERTYPES)),
];

/// The flags, and which of them are meant.
static VLAN_FLAG_CHANGE: Header = Header {
    name: "ifla_vlan_flags",
    fields: &[("flags", Flags(U32, &VLAN_FLAGS)), ("mask", Hex(U32))],
};

/// linux/if_vlan.h.
static VLAN_FLAGS: Names = &[
    (0x1, "VLAN_FLAG_REORDER_HDR"),
    (0x2, "VLAN_FLAG_GVRP"),
    (0x4, "VLAN_FLAG_LOOSE_BINDING"),
    (0x8, "VLAN_FLAG_MVRP"),
    (0x10, "VLAN_FLAG_BRIDGE_BINDING"),
];

/// IFLA_VLAN_*_QOS.
static VLAN_PRIORITIES: Table = &[(1, "IFLA_VLAN_QOS_MAPPING", Record(&VLAN_PRIORITY))];

/// From one priority to the other.
static VLAN_PRIORITY: Header = Header {
    name: "ifla_vlan_qos_mapping",
    fields: &[("from", Decimal(U32)), ("to", Decimal(U32))],
};

/// macvlan and macvtap.
static MACVLAN: Table = &[
    (1, "IFLA_MACVLAN_MODE", Name(U32, &MACVLAN_MODES)),
    (2, "IFLA_MACVLAN_FLAGS", Flags(U16, &MACVLAN_FLAGS)),
    (
        3,
        "IFLA_MACVLAN_MACADDR_MODE",
        Name(U32, &MACVLAN_ADDRESS_MODES),
    ),
    (4, "IFLA_MACVLAN_MACADDR", LinkLayer),
    (5, "IFLA_MACVLAN_MACADDR_DATA", Nest(&MACVLAN_ADDRESSES)),
    (6, "IFLA_MACVLAN_MACADDR_COUNT", Decimal(U32)),
    (7, "IFLA_MACVLAN_BC_QUEUE_LEN", Decimal(U32)),
    (8, "IFLA_MACVLAN_BC_QUEUE_LEN_USED", Decimal(U32)),
    (9, "IFLA_MACVLAN_BC_CUTOFF", Decimal(I32)),
];

/// IFLA_MACVLAN_MACADDR_DATA.
static MACVLAN_ADDRESSES: Table = &[(4, "IFLA_MACVLAN_MACADDR", LinkLayer)];

/// enum macvlan_mode.
static MACVLAN_MODES: Names = &[
    (1, "MACVLAN_MODE_PRIVATE"),
    (2, "MACVLAN_MODE_VEPA"),
    (4, "MACVLAN_MODE_BRIDGE"),
    (8, "MACVLAN_MODE_PASSTHRU"),
    (16, "MACVLAN_MODE_SOURCE"),
];

/// IFLA_MACVLAN_FLAGS.
static MACVLAN_FLAGS: Names = &[(0x1, "MACVLAN_FLAG_NOPROMISC"), (0x2, "MACVLAN_FLAG_NODST")];

/// enum macvlan_macaddr_mode.
static MACVLAN_ADDRESS_MODES: Names = &[
    (0, "MACVLAN_MACADDR_ADD"),
    (1, "MACVLAN_MACADDR_DEL"),
    (2, "MACVLAN_MACADDR_FLUSH"),
    (3, "MACVLAN_MACADDR_SET"),
];

/// ipvlan and ipvtap.
static IPVLAN: Table = &[
    (1, "IFLA_IPVLAN_MODE", Name(U16, &IPVLAN_MODES)),
    (2, "IFLA_IPVLAN_FLAGS", Flags(U16, &IPVLAN_FLAGS)),
];

/// enum ipvlan_mode.
static IPVLAN_MODES: Names = &[
    (0, "IPVLAN_MODE_L2"),
    (1, "IPVLAN_MODE_L3"),
    (2, "IPVLAN_MODE_L3S"),
];

/// IFLA_IPVLAN_FLAGS.
static IPVLAN_FLAGS: Names = &[(0x1, "IPVLAN_F_PRIVATE"), (0x2, "IPVLAN_F_VEPA")];

/// vrf.
static VRF: Table = &[(1, "IFLA_VRF_TABLE", Decimal(U32))];

/// A port of a vrf.
static VRF_PORT: Table = &[(1, "IFLA_VRF_PORT_TABLE", Decimal(U32))];

/// vxlan.
static VXLAN: Table = &[
    (1, "IFLA_VXLAN_ID", Decimal(U32)),
    (2, "IFLA_VXLAN_GROUP", Address),
    (3, "IFLA_VXLAN_LINK", Decimal(U32)),
    (4, "IFLA_VXLAN_LOCAL", Address),
    (5, "IFLA_VXLAN_TTL", Decimal(U8)),
    (6, "IFLA_VXLAN_TOS", Hex(U8)),
    (7, "IFLA_VXLAN_LEARNING", Decimal(U8)),
    (8, "IFLA_VXLAN_AGEING", Decimal(U32)),
    (9, "IFLA_VXLAN_LIMIT", Decimal(U32)),
    (10, "IFLA_VXLAN_PORT_RANGE", Record(&PORT_RANGE)),
    (11, "IFLA_VXLAN_PROXY", Decimal(U8)),
    (12, "IFLA_VXLAN_RSC", Decimal(U8)),
    (13, "IFLA_VXLAN_L2MISS", Decimal(U8)),
    (14, "IFLA_VXLAN_L3MISS", Decimal(U8)),
    (15, "IFLA_VXLAN_PORT", Decimal(Be16)),
    (16, "IFLA_VXLAN_GROUP6", Address),
    (17, "IFLA_VXLAN_LOCAL6", Address),
    (18, "IFLA_VXLAN_UDP_CSUM", Decimal(U8)),
    (19, "IFLA_VXLAN_UDP_ZERO_CSUM6_TX", Decimal(U8)),
    (20, "IFLA_VXLAN_UDP_ZERO_CSUM6_RX", Decimal(U8)),
    (21, "IFLA_VXLAN_REMCSUM_TX", Decimal(U8)),
    (22, "IFLA_VXLAN_REMCSUM_RX", Decimal(U8)),
    (23, "IFLA_VXLAN_GBP", Presence),
    (24, "IFLA_VXLAN_REMCSUM_NOPARTIAL", Presence),
    (25, "IFLA_VXLAN_COLLECT_METADATA", Decimal(U8)),
    (26, "IFLA_VXLAN_LABEL", Hex(Be32)),
    (27, "IFLA_VXLAN_GPE", Presence),
    (28, "IFLA_VXLAN_TTL_INHERIT", Presence),
    (29, "IFLA_VXLAN_DF", Name(U8, &VXLAN_DONT_FRAGMENT)),
    (30, "IFLA_VXLAN_VNIFILTER", Decimal(U8)),
    (31, "IFLA_VXLAN_LOCALBYPASS", Decimal(U8)),
    (32, "IFLA_VXLAN_LABEL_POLICY", Decimal(U32)),
    (33, "IFLA_VXLAN_RESERVED_BITS", Bytes),
    (34, "IFLA_VXLAN_MC_ROUTE", Decimal(U8)),
];

/// Of vxlan and geneve, in network order.
static PORT_RANGE: Header = Header {
    name: "port_range",
    fields: &[("low", Decimal(Be16)), ("high", Decimal(Be16))],
};

/// enum ifla_vxlan_df.
static VXLAN_DONT_FRAGMENT: Names = &[
    (0, "VXLAN_DF_UNSET"),
    (1, "VXLAN_DF_SET"),
    (2, "VXLAN_DF_INHERIT"),
];

/// enum ifla_geneve_df.
static GENEVE_DONT_FRAGMENT: Names = &[
    (0, "GENEVE_DF_UNSET"),
    (1, "GENEVE_DF_SET"),
    (2, "GENEVE_DF_INHERIT"),
];

/// geneve.
static GENEVE: Table = &[
    (1, "IFLA_GENEVE_ID", Decimal(U32)),
    (2, "IFLA_GENEVE_REMOTE", Address),
    (3, "IFLA_GENEVE_TTL", Decimal(U8)),
    (4, "IFLA_GENEVE_TOS", Hex(U8)),
    (5, "IFLA_GENEVE_PORT", Decimal(Be16)),
    (6, "IFLA_GENEVE_COLLECT_METADATA", Presence),
    (7, "IFLA_GENEVE_REMOTE6", Address),
    (8, "IFLA_GENEVE_UDP_CSUM", Decimal(U8)),
    (9, "IFLA_GENEVE_UDP_ZERO_CSUM6_TX", Decimal(U8)),
    (10, "IFLA_GENEVE_UDP_ZERO_CSUM6_RX", Decimal(U8)),
    (11, "IFLA_GENEVE_LABEL", Hex(Be32)),
    (12, "IFLA_GENEVE_TTL_INHERIT", Decimal(U8)),
    (13, "IFLA_GENEVE_DF", Name(U8, &GENEVE_DONT_FRAGMENT)),
    (14, "IFLA_GENEVE_INNER_PROTO_INHERIT", Presence),
    (15, "IFLA_GENEVE_PORT_RANGE", Record(&PORT_RANGE)),
    (16, "IFLA_GENEVE_GRO_HINT", Presence),
    (17, "IFLA_GENEVE_LOCAL", Address),
    (18, "IFLA_GENEVE_LOCAL6", Address),
];

/// gre, gretap, erspan and their IPv6 forms.
static GRE: Table = &[
    (1, "IFLA_GRE_LINK", Decimal(U32)),
    (2, "IFLA_GRE_IFLAGS", Hex(Be16)),
    (3, "IFLA_GRE_OFLAGS", Hex(Be16)),
    (4, "IFLA_GRE_IKEY", Decimal(Be32)),
    (5, "IFLA_GRE_OKEY", Decimal(Be32)),
    (6, "IFLA_GRE_LOCAL", Address),
    (7, "IFLA_GRE_REMOTE", Address),
    (8, "IFLA_GRE_TTL", Decimal(U8)),
    (9, "IFLA_GRE_TOS", Hex(U8)),
    (10, "IFLA_GRE_PMTUDISC", Decimal(U8)),
    (11, "IFLA_GRE_ENCAP_LIMIT", Decimal(U8)),
    (12, "IFLA_GRE_FLOWINFO", Hex(Be32)),
    (13, "IFLA_GRE_FLAGS", Hex(U32)),
    (14, "IFLA_GRE_ENCAP_TYPE", Name(U16, &TUNNEL_ENCAPSULATIONS)),
    (15, "IFLA_GRE_ENCAP_FLAGS", Hex(U16)),
    (16, "IFLA_GRE_ENCAP_SPORT", Decimal(Be16)),
    (17, "IFLA_GRE_ENCAP_DPORT", Decimal(Be16)),
    (18, "IFLA_GRE_COLLECT_METADATA", Presence),
    (19, "IFLA_GRE_IGNORE_DF", Decimal(U8)),
    (20, "IFLA_GRE_FWMARK", Hex(U32)),
    (21, "IFLA_GRE_ERSPAN_INDEX", Decimal(U32)),
    (22, "IFLA_GRE_ERSPAN_VER", Decimal(U8)),
    (23, "IFLA_GRE_ERSPAN_DIR", Decimal(U8)),
    (24, "IFLA_GRE_ERSPAN_HWID", Decimal(U16)),
];

/// ipip and sit.
static IP_TUNNEL: Table = &[
    (1, "IFLA_IPTUN_LINK", Decimal(U32)),
    (2, "IFLA_IPTUN_LOCAL", Address),
    (3, "IFLA_IPTUN_REMOTE", Address),
    (4, "IFLA_IPTUN_TTL", Decimal(U8)),
    (5, "IFLA_IPTUN_TOS", Hex(U8)),
    (6, "IFLA_IPTUN_ENCAP_LIMIT", Decimal(U8)),
    (7, "IFLA_IPTUN_FLOWINFO", Hex(Be32)),
    (8, "IFLA_IPTUN_FLAGS", Hex(Be16)),
    (9, "IFLA_IPTUN_PROTO", Name(U8, &IP_PROTOCOLS)),
    (10, "IFLA_IPTUN_PMTUDISC", Decimal(U8)),
    (11, "IFLA_IPTUN_6RD_PREFIX", Address),
    (12, "IFLA_IPTUN_6RD_RELAY_PREFIX", Address),
    (13, "IFLA_IPTUN_6RD_PREFIXLEN", Decimal(U16)),
    (14, "IFLA_IPTUN_6RD_RELAY_PREFIXLEN", Decimal(U16)),
    (
        15,
        "IFLA_IPTUN_ENCAP_TYPE",
        Name(U16, &TUNNEL_ENCAPSULATIONS),
    ),
    (16, "IFLA_IPTUN_ENCAP_FLAGS", Hex(U16)),
    (17, "IFLA_IPTUN_ENCAP_SPORT", Decimal(Be16)),
    (18, "IFLA_IPTUN_ENCAP_DPORT", Decimal(Be16)),
    (19, "IFLA_IPTUN_COLLECT_METADATA", Presence),
    (20, "IFLA_IPTUN_FWMARK", Hex(U32)),
];

/// ip6tnl: as IP_TUNNEL, but its flags have 32 bits.
static IP6_TUNNEL: Table = &[
    (1, "IFLA_IPTUN_LINK", Decimal(U32)),
    (2, "IFLA_IPTUN_LOCAL", Address),
    (3, "IFLA_IPTUN_REMOTE", Address),
    (4, "IFLA_IPTUN_TTL", Decimal(U8)),
    (5, "IFLA_IPTUN_TOS", Hex(U8)),
    (6, "IFLA_IPTUN_ENCAP_LIMIT", Decimal(U8)),
    (7, "IFLA_IPTUN_FLOWINFO", Hex(Be32)),
    (8, "IFLA_IPTUN_FLAGS", Hex(U32)),
    (9, "IFLA_IPTUN_PROTO", Name(U8, &IP_PROTOCOLS)),
    (10, "IFLA_IPTUN_PMTUDISC", Decimal(U8)),
    (
        15,
        "IFLA_IPTUN_ENCAP_TYPE",
        Name(U16, &TUNNEL_ENCAPSULATIONS),
    ),
    (16, "IFLA_IPTUN_ENCAP_FLAGS", Hex(U16)),
    (17, "IFLA_IPTUN_ENCAP_SPORT", Decimal(Be16)),
    (18, "IFLA_IPTUN_ENCAP_DPORT", Decimal(Be16)),
    (19, "IFLA_IPTUN_COLLECT_METADATA", Presence),
    (20, "IFLA_IPTUN_FWMARK", Hex(U32)),
];

/// enum tunnel_encap_types, linux/if_tunnel.h.
static TUNNEL_ENCAPSULATIONS: Names = &[
    (0, "TUNNEL_ENCAP_NONE"),
    (1, "TUNNEL_ENCAP_FOU"),
    (2, "TUNNEL_ENCAP_GUE"),
    (3, "TUNNEL_ENCAP_MPLS"),
];

/// vti and vti6.
static VTI: Table = &[
    (1, "IFLA_VTI_LINK", Decimal(U32)),
    (2, "IFLA_VTI_IKEY", Decimal(Be32)),
    (3, "IFLA_VTI_OKEY", Decimal(Be32)),
    (4, "IFLA_VTI_LOCAL", Address),
    (5, "IFLA_VTI_REMOTE", Address),
    (6, "IFLA_VTI_FWMARK", Hex(U32)),
];

/// xfrm.
static XFRM: Table = &[
    (1, "IFLA_XFRM_LINK", Decimal(U32)),
    (2, "IFLA_XFRM_IF_ID", Hex(U32)),
    (3, "IFLA_XFRM_COLLECT_METADATA", Presence),
];

/// macsec.
static MACSEC: Table = &[
    (1, "IFLA_MACSEC_SCI", Hex(Be64)),
    (2, "IFLA_MACSEC_PORT", Decimal(Be16)),
    (3, "IFLA_MACSEC_ICV_LEN", Decimal(U8)),
    (4, "IFLA_MACSEC_CIPHER_SUITE", Hex(U64)),
    (5, "IFLA_MACSEC_WINDOW", Decimal(U32)),
    (6, "IFLA_MACSEC_ENCODING_SA", Decimal(U8)),
    (7, "IFLA_MACSEC_ENCRYPT", Decimal(U8)),
    (8, "IFLA_MACSEC_PROTECT", Decimal(U8)),
    (9, "IFLA_MACSEC_INC_SCI", Decimal(U8)),
    (10, "IFLA_MACSEC_ES", Decimal(U8)),
    (11, "IFLA_MACSEC_SCB", Decimal(U8)),
    (12, "IFLA_MACSEC_REPLAY_PROTECT", Decimal(U8)),
    (13, "IFLA_MACSEC_VALIDATION", Name(U8, &MACSEC_VALIDATIONS)),
    (14, "IFLA_MACSEC_PAD", Bytes),
    (15, "IFLA_MACSEC_OFFLOAD", Name(U8, &MACSEC_OFFLOADS)),
];

/// enum macsec_validation_type.
static MACSEC_VALIDATIONS: Names = &[
    (0, "MACSEC_VALIDATE_DISABLED"),
    (1, "MACSEC_VALIDATE_CHECK"),
    (2, "MACSEC_VALIDATE_STRICT"),
];

/// enum macsec_offload.
static MACSEC_OFFLOADS: Names = &[
    (0, "MACSEC_OFFLOAD_OFF"),
    (1, "MACSEC_OFFLOAD_PHY"),
    (2, "MACSEC_OFFLOAD_MAC"),
];

/// hsr and prp.
static HSR: Table = &[
    (1, "IFLA_HSR_SLAVE1", Decimal(U32)),
    (2, "IFLA_HSR_SLAVE2", Decimal(U32)),
    (3, "IFLA_HSR_MULTICAST_SPEC", Decimal(U8)),
    (4, "IFLA_HSR_SUPERVISION_ADDR", LinkLayer),
    (5, "IFLA_HSR_SEQ_NR", Decimal(U16)),
    (6, "IFLA_HSR_VERSION", Decimal(U8)),
    (7, "IFLA_HSR_PROTOCOL", Decimal(U8)),
    (8, "IFLA_HSR_INTERLINK", Decimal(U32)),
];

/// gtp.
static GTP: Table = &[
    (1, "IFLA_GTP_FD0", Decimal(I32)),
    (2, "IFLA_GTP_FD1", Decimal(I32)),
    (3, "IFLA_GTP_PDP_HASHSIZE", Decimal(U32)),
    (4, "IFLA_GTP_ROLE", Decimal(U32)),
    (5, "IFLA_GTP_CREATE_SOCKETS", Decimal(U8)),
    (6, "IFLA_GTP_RESTART_COUNT", Decimal(U8)),
    (7, "IFLA_GTP_LOCAL", Address),
    (8, "IFLA_GTP_LOCAL6", Address),
];

/// bareudp.
static BAREUDP: Table = &[
    (1, "IFLA_BAREUDP_PORT", Decimal(Be16)),
    (2, "IFLA_BAREUDP_ETHERTYPE", Name(Be16, &ETHERTYPES)),
    (3, "IFLA_BAREUDP_SRCPORT_MIN", Decimal(U16)),
    (4, "IFLA_BAREUDP_MULTIPROTO_MODE", Presence),
];

/// ppp.
static PPP: Table = &[(1, "IFLA_PPP_DEV_FD", Decimal(I32))];

/// ipoib.
static IPOIB: Table = &[
    (1, "IFLA_IPOIB_PKEY", Hex(U16)),
    (2, "IFLA_IPOIB_MODE", Decimal(U16)),
    (3, "IFLA_IPOIB_UMCAST", Decimal(U16)),
];

/// rmnet.
static RMNET: Table = &[
    (1, "IFLA_RMNET_MUX_ID", Decimal(U16)),
    (2, "IFLA_RMNET_FLAGS", Bytes),
];

/// ovpn.
static OVPN: Table = &[(1, "IFLA_OVPN_MODE", Decimal(U8))];

/// tun and tap: the kernel tells it, no message can make one (that is an ioctl on /dev/net/tun).
static TUN: Table = &[
    (1, "IFLA_TUN_OWNER", Decimal(U32)),
    (2, "IFLA_TUN_GROUP", Decimal(U32)),
    (3, "IFLA_TUN_TYPE", Name(U8, &TUN_TYPES)),
    (4, "IFLA_TUN_PI", Decimal(U8)),
    (5, "IFLA_TUN_VNET_HDR", Decimal(U8)),
    (6, "IFLA_TUN_PERSIST", Decimal(U8)),
    (7, "IFLA_TUN_MULTI_QUEUE", Decimal(U8)),
    (8, "IFLA_TUN_NUM_QUEUES", Decimal(U32)),
    (9, "IFLA_TUN_NUM_DISABLED_QUEUES", Decimal(U32)),
];

/// linux/if_tun.h.
static TUN_TYPES: Names = &[(1, "IFF_TUN"), (2, "IFF_TAP")];

/// bond. Times are in milliseconds.
static BOND: Table = &[
    (1, "IFLA_BOND_MODE", Name(U8, &BOND_MODES)),
    (2, "IFLA_BOND_ACTIVE_SLAVE", Decimal(U32)),
    (3, "IFLA_BOND_MIIMON", Decimal(U32)),
    (4, "IFLA_BOND_UPDELAY", Decimal(U32)),
    (5, "IFLA_BOND_DOWNDELAY", Decimal(U32)),
    (6, "IFLA_BOND_USE_CARRIER", Decimal(U8)),
    (7, "IFLA_BOND_ARP_INTERVAL", Decimal(U32)),
    (8, "IFLA_BOND_ARP_IP_TARGET", Each(&Address)),
    (9, "IFLA_BOND_ARP_VALIDATE", Decimal(U32)),
    (10, "IFLA_BOND_ARP_ALL_TARGETS", Decimal(U32)),
    (11, "IFLA_BOND_PRIMARY", Decimal(U32)),
    (12, "IFLA_BOND_PRIMARY_RESELECT", Decimal(U8)),
    (13, "IFLA_BOND_FAIL_OVER_MAC", Decimal(U8)),
    (
        14,
        "IFLA_BOND_XMIT_HASH_POLICY",
        Name(U8, &BOND_HASH_POLICIES),
    ),
    (15, "IFLA_BOND_RESEND_IGMP", Decimal(U32)),
    (16, "IFLA_BOND_NUM_PEER_NOTIF", Decimal(U8)),
    (17, "IFLA_BOND_ALL_SLAVES_ACTIVE", Decimal(U8)),
    (18, "IFLA_BOND_MIN_LINKS", Decimal(U32)),
    (19, "IFLA_BOND_LP_INTERVAL", Decimal(U32)),
    (20, "IFLA_BOND_PACKETS_PER_SLAVE", Decimal(U32)),
    (21, "IFLA_BOND_AD_LACP_RATE", Decimal(U8)),
    (22, "IFLA_BOND_AD_SELECT", Decimal(U8)),
    (23, "IFLA_BOND_AD_INFO", Nest(&BOND_AGGREGATOR)),
    (24, "IFLA_BOND_AD_ACTOR_SYS_PRIO", Decimal(U16)),
    (25, "IFLA_BOND_AD_USER_PORT_KEY", Decimal(U16)),
    (26, "IFLA_BOND_AD_ACTOR_SYSTEM", LinkLayer),
    (27, "IFLA_BOND_TLB_DYNAMIC_LB", Decimal(U8)),
    (28, "IFLA_BOND_PEER_NOTIF_DELAY", Decimal(U32)),
    (29, "IFLA_BOND_AD_LACP_ACTIVE", Decimal(U8)),
    (30, "IFLA_BOND_MISSED_MAX", Decimal(U8)),
    (31, "IFLA_BOND_NS_IP6_TARGET", Each(&Address)),
    (32, "IFLA_BOND_COUPLED_CONTROL", Decimal(U8)),
    (33, "IFLA_BOND_BROADCAST_NEIGH", Decimal(U8)),
    (34, "IFLA_BOND_LACP_STRICT", Decimal(U8)),
];

/// IFLA_BOND_AD_INFO.
static BOND_AGGREGATOR: Table = &[
    (1, "IFLA_BOND_AD_INFO_AGGREGATOR", Decimal(U16)),
    (2, "IFLA_BOND_AD_INFO_NUM_PORTS", Decimal(U16)),
    (3, "IFLA_BOND_AD_INFO_ACTOR_KEY", Decimal(U16)),
    (4, "IFLA_BOND_AD_INFO_PARTNER_KEY", Decimal(U16)),
    (5, "IFLA_BOND_AD_INFO_PARTNER_MAC", LinkLayer),
];

/// A port of a bond.
static BOND_PORT: Table = &[
    (1, "IFLA_BOND_SLAVE_STATE", Name(U8, &BOND_PORT_STATES)),
    (2, "IFLA_BOND_SLAVE_MII_STATUS", Name(U8, &BOND_MII_STATES)),
    (3, "IFLA_BOND_SLAVE_LINK_FAILURE_COUNT", Decimal(U32)),
    (4, "IFLA_BOND_SLAVE_PERM_HWADDR", LinkLayer),
    (5, "IFLA_BOND_SLAVE_QUEUE_ID", Decimal(U16)),
    (6, "IFLA_BOND_SLAVE_AD_AGGREGATOR_ID", Decimal(U16)),
    (7, "IFLA_BOND_SLAVE_AD_ACTOR_OPER_PORT_STATE", Hex(U8)),
    (8, "IFLA_BOND_SLAVE_AD_PARTNER_OPER_PORT_STATE", Hex(U16)),
    (9, "IFLA_BOND_SLAVE_PRIO", Decimal(I32)),
    (10, "IFLA_BOND_SLAVE_ACTOR_PORT_PRIO", Decimal(U16)),
    (11, "IFLA_BOND_SLAVE_AD_CHURN_ACTOR_STATE", Decimal(U8)),
    (12, "IFLA_BOND_SLAVE_AD_CHURN_PARTNER_STATE", Decimal(U8)),
];

/// linux/if_bonding.h.
static BOND_MODES: Names = &[
    (0, "BOND_MODE_ROUNDROBIN"),
    (1, "BOND_MODE_ACTIVEBACKUP"),
    (2, "BOND_MODE_XOR"),
    (3, "BOND_MODE_BROADCAST"),
    (4, "BOND_MODE_8023AD"),
    (5, "BOND_MODE_TLB"),
    (6, "BOND_MODE_ALB"),
];

/// linux/if_bonding.h.
static BOND_HASH_POLICIES: Names = &[
    (0, "BOND_XMIT_POLICY_LAYER2"),
    (1, "BOND_XMIT_POLICY_LAYER34"),
    (2, "BOND_XMIT_POLICY_LAYER23"),
    (3, "BOND_XMIT_POLICY_ENCAP23"),
    (4, "BOND_XMIT_POLICY_ENCAP34"),
    (5, "BOND_XMIT_POLICY_VLAN_SRCMAC"),
];

/// linux/if_bonding.h.
static BOND_PORT_STATES: Names = &[(0, "BOND_STATE_ACTIVE"), (1, "BOND_STATE_BACKUP")];

/// linux/if_bonding.h.
static BOND_MII_STATES: Names = &[
    (0, "BOND_LINK_UP"),
    (1, "BOND_LINK_FAIL"),
    (2, "BOND_LINK_DOWN"),
    (3, "BOND_LINK_BACK"),
];
