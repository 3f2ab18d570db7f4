//! Values that have names: address families, device flags, states, scopes, protocols.
//!
//! Each list is data, number and kernel name; which attribute uses which list is said in the attribute tables.

use super::Names;

/// Address families, sys/socket.h (`AF_BRIDGE` and the multicast routing ones are rtnetlink's own uses).
pub static FAMILIES: Names = &[
    (0, "AF_UNSPEC"),
    (2, "AF_INET"),
    (7, "AF_BRIDGE"),
    (10, "AF_INET6"),
    (17, "AF_PACKET"),
    (28, "AF_MPLS"),
    (29, "AF_CAN"),
    (45, "AF_MCTP"),
    (128, "RTNL_FAMILY_IPMR"),
    (129, "RTNL_FAMILY_IP6MR"),
];

/// Device types, linux/if_arp.h. Zero is left out: in a request it means "not said", not NET/ROM.
pub static HARDWARE: Names = &[
    (1, "ARPHRD_ETHER"),
    (32, "ARPHRD_INFINIBAND"),
    (256, "ARPHRD_SLIP"),
    (280, "ARPHRD_CAN"),
    (290, "ARPHRD_MCTP"),
    (512, "ARPHRD_PPP"),
    (519, "ARPHRD_RAWIP"),
    (768, "ARPHRD_TUNNEL"),
    (769, "ARPHRD_TUNNEL6"),
    (772, "ARPHRD_LOOPBACK"),
    (776, "ARPHRD_SIT"),
    (778, "ARPHRD_IPGRE"),
    (779, "ARPHRD_PIMREG"),
    (801, "ARPHRD_IEEE80211"),
    (803, "ARPHRD_IEEE80211_RADIOTAP"),
    (804, "ARPHRD_IEEE802154"),
    (823, "ARPHRD_IP6GRE"),
    (824, "ARPHRD_NETLINK"),
    (825, "ARPHRD_6LOWPAN"),
    (826, "ARPHRD_VSOCKMON"),
    (65534, "ARPHRD_NONE"),
    (65535, "ARPHRD_VOID"),
];

/// Device flags, linux/if.h.
pub static DEVICE_FLAGS: Names = &[
    (0x1, "IFF_UP"),
    (0x2, "IFF_BROADCAST"),
    (0x4, "IFF_DEBUG"),
    (0x8, "IFF_LOOPBACK"),
    (0x10, "IFF_POINTOPOINT"),
    (0x20, "IFF_NOTRAILERS"),
    (0x40, "IFF_RUNNING"),
    (0x80, "IFF_NOARP"),
    (0x100, "IFF_PROMISC"),
    (0x200, "IFF_ALLMULTI"),
    (0x400, "IFF_MASTER"),
    (0x800, "IFF_SLAVE"),
    (0x1000, "IFF_MULTICAST"),
    (0x2000, "IFF_PORTSEL"),
    (0x4000, "IFF_AUTOMEDIA"),
    (0x8000, "IFF_DYNAMIC"),
    (0x10000, "IFF_LOWER_UP"),
    (0x20000, "IFF_DORMANT"),
    (0x40000, "IFF_ECHO"),
];

/// RFC 2863 operational states, linux/if.h.
pub static OPERSTATES: Names = &[
    (0, "IF_OPER_UNKNOWN"),
    (1, "IF_OPER_NOTPRESENT"),
    (2, "IF_OPER_DOWN"),
    (3, "IF_OPER_LOWERLAYERDOWN"),
    (4, "IF_OPER_TESTING"),
    (5, "IF_OPER_DORMANT"),
    (6, "IF_OPER_UP"),
];

/// Link modes, linux/if.h.
pub static LINK_MODES: Names = &[
    (0, "IF_LINK_MODE_DEFAULT"),
    (1, "IF_LINK_MODE_DORMANT"),
    (2, "IF_LINK_MODE_TESTING"),
];

/// Address and route scopes, linux/rtnetlink.h.
pub static SCOPES: Names = &[
    (0, "RT_SCOPE_UNIVERSE"),
    (200, "RT_SCOPE_SITE"),
    (253, "RT_SCOPE_LINK"),
    (254, "RT_SCOPE_HOST"),
    (255, "RT_SCOPE_NOWHERE"),
];

/// Routing tables, linux/rtnetlink.h.
pub static ROUTE_TABLES: Names = &[
    (0, "RT_TABLE_UNSPEC"),
    (252, "RT_TABLE_COMPAT"),
    (253, "RT_TABLE_DEFAULT"),
    (254, "RT_TABLE_MAIN"),
    (255, "RT_TABLE_LOCAL"),
];

/// Who made a route, address or neighbour, linux/rtnetlink.h.
pub static ROUTE_PROTOCOLS: Names = &[
    (0, "RTPROT_UNSPEC"),
    (1, "RTPROT_REDIRECT"),
    (2, "RTPROT_KERNEL"),
    (3, "RTPROT_BOOT"),
    (4, "RTPROT_STATIC"),
    (8, "RTPROT_GATED"),
    (9, "RTPROT_RA"),
    (10, "RTPROT_MRT"),
    (11, "RTPROT_ZEBRA"),
    (12, "RTPROT_BIRD"),
    (13, "RTPROT_DNROUTED"),
    (14, "RTPROT_XORP"),
    (15, "RTPROT_NTK"),
    (16, "RTPROT_DHCP"),
    (17, "RTPROT_MROUTED"),
    (18, "RTPROT_KEEPALIVED"),
    (42, "RTPROT_BABEL"),
    (99, "RTPROT_OPENR"),
    (186, "RTPROT_BGP"),
    (187, "RTPROT_ISIS"),
    (188, "RTPROT_OSPF"),
    (189, "RTPROT_RIP"),
    (192, "RTPROT_EIGRP"),
];

/// What a route does, linux/rtnetlink.h.
pub static ROUTE_TYPES: Names = &[
    (0, "RTN_UNSPEC"),
    (1, "RTN_UNICAST"),
    (2, "RTN_LOCAL"),
    (3, "RTN_BROADCAST"),
    (4, "RTN_ANYCAST"),
    (5, "RTN_MULTICAST"),
    (6, "RTN_BLACKHOLE"),
    (7, "RTN_UNREACHABLE"),
    (8, "RTN_PROHIBIT"),
    (9, "RTN_THROW"),
    (10, "RTN_NAT"),
    (11, "RTN_XRESOLVE"),
];

/// rtm_flags, linux/rtnetlink.h: the next hop's flags and the route's own share one word.
pub static ROUTE_FLAGS: Names = &[
    (0x1, "RTNH_F_DEAD"),
    (0x2, "RTNH_F_PERVASIVE"),
    (0x4, "RTNH_F_ONLINK"),
    (0x8, "RTNH_F_OFFLOAD"),
    (0x10, "RTNH_F_LINKDOWN"),
    (0x20, "RTNH_F_UNRESOLVED"),
    (0x40, "RTNH_F_TRAP"),
    (0x100, "RTM_F_NOTIFY"),
    (0x200, "RTM_F_CLONED"),
    (0x400, "RTM_F_EQUALIZE"),
    (0x800, "RTM_F_PREFIX"),
    (0x1000, "RTM_F_LOOKUP_TABLE"),
    (0x2000, "RTM_F_FIB_MATCH"),
    (0x4000, "RTM_F_OFFLOAD"),
    (0x8000, "RTM_F_TRAP"),
    (0x20000000, "RTM_F_OFFLOAD_FAILED"),
];

/// Neighbour states, linux/neighbour.h.
pub static NEIGHBOUR_STATES: Names = &[
    (0x1, "NUD_INCOMPLETE"),
    (0x2, "NUD_REACHABLE"),
    (0x4, "NUD_STALE"),
    (0x8, "NUD_DELAY"),
    (0x10, "NUD_PROBE"),
    (0x20, "NUD_FAILED"),
    (0x40, "NUD_NOARP"),
    (0x80, "NUD_PERMANENT"),
];

/// Neighbour flags, linux/neighbour.h.
pub static NEIGHBOUR_FLAGS: Names = &[
    (0x1, "NTF_USE"),
    (0x2, "NTF_SELF"),
    (0x4, "NTF_MASTER"),
    (0x8, "NTF_PROXY"),
    (0x10, "NTF_EXT_LEARNED"),
    (0x20, "NTF_OFFLOADED"),
    (0x40, "NTF_STICKY"),
    (0x80, "NTF_ROUTER"),
];

/// Address flags, linux/if_addr.h. The first is IFA_F_TEMPORARY in IPv6.
pub static ADDRESS_FLAGS: Names = &[
    (0x1, "IFA_F_SECONDARY"),
    (0x2, "IFA_F_NODAD"),
    (0x4, "IFA_F_OPTIMISTIC"),
    (0x8, "IFA_F_DADFAILED"),
    (0x10, "IFA_F_HOMEADDRESS"),
    (0x20, "IFA_F_DEPRECATED"),
    (0x40, "IFA_F_TENTATIVE"),
    (0x80, "IFA_F_PERMANENT"),
    (0x100, "IFA_F_MANAGETEMPADDR"),
    (0x200, "IFA_F_NOPREFIXROUTE"),
    (0x400, "IFA_F_MCAUTOJOIN"),
    (0x800, "IFA_F_STABLE_PRIVACY"),
];

/// Ethernet protocols that turn up in attributes, linux/if_ether.h.
pub static ETHERTYPES: Names = &[
    (0x800, "ETH_P_IP"),
    (0x806, "ETH_P_ARP"),
    (0x8100, "ETH_P_8021Q"),
    (0x86dd, "ETH_P_IPV6"),
    (0x8847, "ETH_P_MPLS_UC"),
    (0x88a8, "ETH_P_8021AD"),
    (0x3, "ETH_P_ALL"),
];

/// Protocols over IP, linux/in.h.
pub static IP_PROTOCOLS: Names = &[
    (1, "IPPROTO_ICMP"),
    (4, "IPPROTO_IPIP"),
    (6, "IPPROTO_TCP"),
    (17, "IPPROTO_UDP"),
    (41, "IPPROTO_IPV6"),
    (47, "IPPROTO_GRE"),
    (58, "IPPROTO_ICMPV6"),
    (132, "IPPROTO_SCTP"),
    (137, "IPPROTO_MPLS"),
];
