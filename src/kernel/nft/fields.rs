//! What a rule can look at: the fields of headers, the properties of a packet (meta) and of its connection (ct).
//!
//! Places and lengths of fields are those of the protocols' own documents (RFC 791, 8200, 792, 4443, 9293, 768, IEEE 802.3 and
//! 802.1Q), names are those of nft's proto.c; the numbers of keys are those of linux/netfilter/nf_tables.h.

use super::types::{
    ARP_OP, BOOLEAN, CLASSID, CT_DIR, CT_EVENT, CT_LABEL, CT_STATE, CT_STATUS, DEVGROUP, DSCP, ECN,
    ETHER, ETHER_TYPE, GID, HOST_INTEGER, ICMP_CODE, ICMP_TYPE, ICMPV6_CODE, ICMPV6_TYPE,
    IFACE_INDEX, IFACE_TYPE, IFNAME, IGMP_TYPE, INTEGER, IPV4, IPV6, MARK, NFPROTO, PKT_TYPE,
    PROTOCOL, REALM, SERVICE, STRING, TCP_FLAG, TIME_DATE, TIME_DAY, TIME_HOUR, TIME32, Type, UID,
};

/// Which header an offset counts from (`enum nft_payload_bases`).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Base {
    /// The link's, such as Ethernet.
    Link = 0,
    /// The network's: IP, ARP.
    Network = 1,
    /// The transport's: TCP, ICMP.
    Transport = 2,
}

/// A protocol with its fields.
#[derive(Debug, PartialEq, Eq)]
pub struct Protocol {
    /// As rules call it.
    pub name: &'static str,
    /// Where its header begins.
    pub base: Base,
    /// What the header below calls it: an ethertype, or the number of a protocol of IP.
    pub number: Option<u16>,
    /// Its fields.
    pub fields: &'static [Field],
    /// Where the header has its checksum, in bytes, if writing to it has to correct one.
    pub checksum: Option<u32>,
}

/// A field of a header.
#[derive(Debug, PartialEq, Eq)]
pub struct Field {
    /// As rules call it: one word, or two (`saddr ip` of arp).
    pub name: &'static str,
    /// The first of its bits, counted from the base.
    pub offset: u32,
    /// How many bits it has.
    pub bits: u32,
    /// The type of its values.
    pub kind: &'static Type,
}

/// A field of numbers or addresses.
pub(super) const fn field(
    name: &'static str,
    offset: u32,
    bits: u32,
    kind: &'static Type,
) -> Field {
    Field {
        name,
        offset,
        bits,
        kind,
    }
}

const fn protocol(
    name: &'static str,
    base: Base,
    number: Option<u16>,
    checksum: Option<u32>,
    fields: &'static [Field],
) -> Protocol {
    Protocol {
        name,
        base,
        number,
        fields,
        checksum,
    }
}

/// Ethernet.
pub static ETHERNET: Protocol = protocol(
    "ether",
    Base::Link,
    None,
    None,
    &[
        field("daddr", 0, 48, &ETHER),
        field("saddr", 48, 48, &ETHER),
        field("type", 96, 16, &ETHER_TYPE),
    ],
);
/// 802.1Q: its header follows the addresses and the type of the frame.
pub static VLAN: Protocol = protocol(
    "vlan",
    Base::Link,
    Some(0x8100),
    None,
    &[
        field("pcp", 112, 3, &INTEGER),
        field("dei", 115, 1, &INTEGER),
        field("cfi", 115, 1, &INTEGER),
        field("id", 116, 12, &INTEGER),
        field("type", 128, 16, &ETHER_TYPE),
    ],
);
/// ARP for IPv4 on Ethernet.
pub static ARP: Protocol = protocol(
    "arp",
    Base::Network,
    Some(0x0806),
    None,
    &[
        field("htype", 0, 16, &INTEGER),
        field("ptype", 16, 16, &ETHER_TYPE),
        field("hlen", 32, 8, &INTEGER),
        field("plen", 40, 8, &INTEGER),
        field("operation", 48, 16, &ARP_OP),
        field("saddr ether", 64, 48, &ETHER),
        field("saddr ip", 112, 32, &IPV4),
        field("daddr ether", 144, 48, &ETHER),
        field("daddr ip", 192, 32, &IPV4),
    ],
);
/// IPv4.
pub static IP: Protocol = protocol(
    "ip",
    Base::Network,
    Some(0x0800),
    Some(10),
    &[
        field("version", 0, 4, &INTEGER),
        field("hdrlength", 4, 4, &INTEGER),
        field("dscp", 8, 6, &DSCP),
        field("ecn", 14, 2, &ECN),
        field("length", 16, 16, &INTEGER),
        field("id", 32, 16, &INTEGER),
        field("frag-off", 48, 16, &INTEGER),
        field("ttl", 64, 8, &INTEGER),
        field("protocol", 72, 8, &PROTOCOL),
        field("checksum", 80, 16, &INTEGER),
        field("saddr", 96, 32, &IPV4),
        field("daddr", 128, 32, &IPV4),
    ],
);
/// IPv6.
pub static IP6: Protocol = protocol(
    "ip6",
    Base::Network,
    Some(0x86dd),
    None,
    &[
        field("version", 0, 4, &INTEGER),
        field("dscp", 4, 6, &DSCP),
        field("ecn", 10, 2, &ECN),
        field("flowlabel", 12, 20, &INTEGER),
        field("length", 32, 16, &INTEGER),
        field("nexthdr", 48, 8, &PROTOCOL),
        field("hoplimit", 56, 8, &INTEGER),
        field("saddr", 64, 128, &IPV6),
        field("daddr", 192, 128, &IPV6),
    ],
);
/// ICMP of IPv4.
pub static ICMP: Protocol = protocol(
    "icmp",
    Base::Transport,
    Some(1),
    Some(2),
    &[
        field("type", 0, 8, &ICMP_TYPE),
        field("code", 8, 8, &ICMP_CODE),
        field("checksum", 16, 16, &INTEGER),
        field("id", 32, 16, &INTEGER),
        field("sequence", 48, 16, &INTEGER),
        field("gateway", 32, 32, &INTEGER),
        field("mtu", 48, 16, &INTEGER),
    ],
);
/// ICMP of IPv6.
pub static ICMPV6: Protocol = protocol(
    "icmpv6",
    Base::Transport,
    Some(58),
    Some(2),
    &[
        field("type", 0, 8, &ICMPV6_TYPE),
        field("code", 8, 8, &ICMPV6_CODE),
        field("checksum", 16, 16, &INTEGER),
        field("parameter-problem", 32, 32, &INTEGER),
        field("mtu", 32, 32, &INTEGER),
        field("id", 32, 16, &INTEGER),
        field("sequence", 48, 16, &INTEGER),
        field("max-delay", 32, 16, &INTEGER),
    ],
);
/// IGMP.
pub static IGMP: Protocol = protocol(
    "igmp",
    Base::Transport,
    Some(2),
    Some(2),
    &[
        field("type", 0, 8, &IGMP_TYPE),
        field("mrt", 8, 8, &INTEGER),
        field("checksum", 16, 16, &INTEGER),
        field("group", 32, 32, &IPV4),
    ],
);
/// TCP.
pub static TCP: Protocol = protocol(
    "tcp",
    Base::Transport,
    Some(6),
    Some(16),
    &[
        field("sport", 0, 16, &SERVICE),
        field("dport", 16, 16, &SERVICE),
        field("sequence", 32, 32, &INTEGER),
        field("ackseq", 64, 32, &INTEGER),
        field("doff", 96, 4, &INTEGER),
        field("reserved", 100, 4, &INTEGER),
        field("flags", 104, 8, &TCP_FLAG),
        field("window", 112, 16, &INTEGER),
        field("checksum", 128, 16, &INTEGER),
        field("urgptr", 144, 16, &INTEGER),
    ],
);
/// UDP.
pub static UDP: Protocol = protocol(
    "udp",
    Base::Transport,
    Some(17),
    Some(6),
    &[
        field("sport", 0, 16, &SERVICE),
        field("dport", 16, 16, &SERVICE),
        field("length", 32, 16, &INTEGER),
        field("checksum", 48, 16, &INTEGER),
    ],
);
/// UDP-Lite.
pub static UDPLITE: Protocol = protocol(
    "udplite",
    Base::Transport,
    Some(136),
    None,
    &[
        field("sport", 0, 16, &SERVICE),
        field("dport", 16, 16, &SERVICE),
        field("csumcov", 32, 16, &INTEGER),
        field("checksum", 48, 16, &INTEGER),
    ],
);
/// SCTP.
pub static SCTP: Protocol = protocol(
    "sctp",
    Base::Transport,
    Some(132),
    None,
    &[
        field("sport", 0, 16, &SERVICE),
        field("dport", 16, 16, &SERVICE),
        field("vtag", 32, 32, &INTEGER),
        field("checksum", 64, 32, &INTEGER),
    ],
);
/// DCCP.
pub static DCCP: Protocol = protocol(
    "dccp",
    Base::Transport,
    Some(33),
    None,
    &[
        field("sport", 0, 16, &SERVICE),
        field("dport", 16, 16, &SERVICE),
    ],
);
/// The authentication header of IPsec.
pub static AH: Protocol = protocol(
    "ah",
    Base::Transport,
    Some(51),
    None,
    &[
        field("nexthdr", 0, 8, &PROTOCOL),
        field("hdrlength", 8, 8, &INTEGER),
        field("reserved", 16, 16, &INTEGER),
        field("spi", 32, 32, &INTEGER),
        field("sequence", 64, 32, &INTEGER),
    ],
);
/// The encrypted payload of IPsec.
pub static ESP: Protocol = protocol(
    "esp",
    Base::Transport,
    Some(50),
    None,
    &[
        field("spi", 0, 32, &INTEGER),
        field("sequence", 32, 32, &INTEGER),
    ],
);
/// Compressed payload.
pub static COMP: Protocol = protocol(
    "comp",
    Base::Transport,
    Some(108),
    None,
    &[
        field("nexthdr", 0, 8, &PROTOCOL),
        field("flags", 8, 8, &INTEGER),
        field("cpi", 16, 16, &INTEGER),
    ],
);
/// Any transport with ports.
pub static TH: Protocol = protocol(
    "th",
    Base::Transport,
    None,
    None,
    &[
        field("sport", 0, 16, &SERVICE),
        field("dport", 16, 16, &SERVICE),
    ],
);

/// The types of ICMP messages that have a field which not all of them have (RFC 792, 4443).
pub fn types_with(protocol: &Protocol, field: &Field) -> &'static [u8] {
    match (protocol.name, field.name) {
        ("icmp", "id" | "sequence") => &[8, 0],
        ("icmp", "gateway") => &[5],
        ("icmp", "mtu") => &[3],
        ("icmpv6", "id" | "sequence") => &[128, 129],
        ("icmpv6", "mtu") => &[2],
        ("icmpv6", "parameter-problem") => &[4],
        ("icmpv6", "max-delay") => &[130],
        _ => &[],
    }
}

/// All of them.
pub static PROTOCOLS: &[&Protocol] = &[
    &ETHERNET, &VLAN, &ARP, &IP, &IP6, &ICMP, &ICMPV6, &IGMP, &TCP, &UDP, &UDPLITE, &SCTP, &DCCP,
    &AH, &ESP, &COMP, &TH,
];

/// The protocol that rules call so.
pub fn protocol_named(name: &str) -> Option<&'static Protocol> {
    PROTOCOLS.iter().find(|one| one.name == name).copied()
}

/// The protocol that a header below calls by this number.
pub fn protocol_numbered(base: Base, number: u16) -> Option<&'static Protocol> {
    let mut all = PROTOCOLS.iter();
    all.find(|one| one.base == base && one.number == Some(number))
        .copied()
}

/// A key of meta or ct: its name, its number, its type and how many bits it has.
#[derive(Debug, PartialEq, Eq)]
pub struct Key {
    /// As rules call it.
    pub name: &'static str,
    /// `NFT_META_*`, `NFT_CT_*` and so on.
    pub number: u32,
    /// The type of its values.
    pub kind: &'static Type,
    /// How many bits it has.
    pub bits: u32,
}

const fn key(name: &'static str, number: u32, kind: &'static Type, bits: u32) -> Key {
    Key {
        name,
        number,
        kind,
        bits,
    }
}

/// `NFT_META_PROTOCOL`.
pub const META_PROTOCOL: u32 = 1;
/// `NFT_META_IIFTYPE`.
pub const META_IIFTYPE: u32 = 8;
/// `NFT_META_NFPROTO`.
pub const META_NFPROTO: u32 = 15;
/// `NFT_META_L4PROTO`.
pub const META_L4PROTO: u32 = 16;

/// `enum nft_meta_keys`.
pub static META: &[Key] = &[
    key("length", 0, &HOST_INTEGER, 32),
    key("protocol", 1, &ETHER_TYPE, 16),
    key("priority", 2, &CLASSID, 32),
    key("mark", 3, &MARK, 32),
    key("iif", 4, &IFACE_INDEX, 32),
    key("oif", 5, &IFACE_INDEX, 32),
    key("iifname", 6, &IFNAME, 128),
    key("oifname", 7, &IFNAME, 128),
    key("iiftype", 8, &IFACE_TYPE, 16),
    key("oiftype", 9, &IFACE_TYPE, 16),
    key("skuid", 10, &UID, 32),
    key("skgid", 11, &GID, 32),
    key("nftrace", 12, &HOST_INTEGER, 1),
    key("rtclassid", 13, &REALM, 32),
    key("nfproto", 15, &NFPROTO, 8),
    key("l4proto", 16, &PROTOCOL, 8),
    key("ibrname", 17, &IFNAME, 128),
    key("obrname", 18, &IFNAME, 128),
    key("pkttype", 19, &PKT_TYPE, 8),
    key("cpu", 20, &HOST_INTEGER, 32),
    key("iifgroup", 21, &DEVGROUP, 32),
    key("oifgroup", 22, &DEVGROUP, 32),
    key("cgroup", 23, &HOST_INTEGER, 32),
    key("random", 24, &INTEGER, 32),
    key("ipsec", 25, &BOOLEAN, 1),
    key("secpath", 25, &BOOLEAN, 1),
    key("iifkind", 26, &IFNAME, 128),
    key("oifkind", 27, &IFNAME, 128),
    key("ibrpvid", 28, &HOST_INTEGER, 16),
    key("ibrvproto", 29, &ETHER_TYPE, 16),
    key("time", 30, &TIME_DATE, 64),
    key("day", 31, &TIME_DAY, 8),
    key("hour", 32, &TIME_HOUR, 32),
    key("sdif", 33, &IFACE_INDEX, 32),
    key("sdifname", 34, &IFNAME, 128),
];

/// The keys of meta that rules can name without saying meta.
pub static META_ALONE: &[&str] = &[
    "mark",
    "iif",
    "oif",
    "iifname",
    "oifname",
    "iiftype",
    "oiftype",
    "skuid",
    "skgid",
    "nftrace",
    "rtclassid",
    "ibrname",
    "obrname",
    "pkttype",
    "cpu",
    "iifgroup",
    "oifgroup",
    "cgroup",
];

/// Those that are printed without it.
pub static META_PRINTED_ALONE: &[u32] = &[4, 5, 6, 7, 21, 22];

/// What meta can set.
pub static META_SETTABLE: &[&str] = &["mark", "priority", "nftrace", "pkttype"];

/// `enum nft_ct_keys`, those without a direction.
pub static CT: &[Key] = &[
    key("state", 0, &CT_STATE, 32),
    key("direction", 1, &CT_DIR, 8),
    key("status", 2, &CT_STATUS, 32),
    key("mark", 3, &MARK, 32),
    key("expiration", 5, &TIME32, 32),
    key("helper", 6, &STRING, 128),
    key("l3proto", 7, &NFPROTO, 8),
    key("protocol", 10, &PROTOCOL, 8),
    key("label", 13, &CT_LABEL, 128),
    key("packets", 14, &HOST_INTEGER, 64),
    key("bytes", 15, &HOST_INTEGER, 64),
    key("avgpkt", 16, &HOST_INTEGER, 64),
    key("zone", 17, &HOST_INTEGER, 16),
    key("event", 18, &CT_EVENT, 32),
    key("id", 23, &INTEGER, 32),
];

/// Those that have one: `ct original saddr`.
pub static CT_DIRECTED: &[Key] = &[
    key("l3proto", 7, &NFPROTO, 8),
    key("protocol", 10, &PROTOCOL, 8),
    key("proto-src", 11, &SERVICE, 16),
    key("proto-dst", 12, &SERVICE, 16),
    key("packets", 14, &HOST_INTEGER, 64),
    key("bytes", 15, &HOST_INTEGER, 64),
    key("avgpkt", 16, &HOST_INTEGER, 64),
    key("zone", 17, &HOST_INTEGER, 16),
    key("ip saddr", 19, &IPV4, 32),
    key("ip daddr", 20, &IPV4, 32),
    key("ip6 saddr", 21, &IPV6, 128),
    key("ip6 daddr", 22, &IPV6, 128),
];

/// `NFT_CT_SRC` and `NFT_CT_DST`: the addresses in tables of one family, for IPv4 and for IPv6.
pub static CT_OF_FAMILY: &[[Key; 2]] = &[
    [key("ip saddr", 8, &IPV4, 32), key("ip daddr", 9, &IPV4, 32)],
    [
        key("ip6 saddr", 8, &IPV6, 128),
        key("ip6 daddr", 9, &IPV6, 128),
    ],
];

/// What ct can set.
pub static CT_SETTABLE: &[&str] = &["mark", "event", "zone", "label"];

/// `enum nft_rt_keys`.
pub static RT: &[Key] = &[
    key("classid", 0, &REALM, 32),
    key("ip nexthop", 1, &IPV4, 32),
    key("ip6 nexthop", 2, &IPV6, 128),
    key("mtu", 3, &HOST_INTEGER, 16),
    key("ipsec", 4, &BOOLEAN, 1),
];

/// `enum nft_socket_keys`.
pub static SOCKET: &[Key] = &[
    key("transparent", 0, &HOST_INTEGER, 8),
    key("mark", 1, &MARK, 32),
    key("wildcard", 2, &HOST_INTEGER, 8),
];

/// `enum nft_fib_flags`.
pub static FIB_FLAGS: &[(&str, u32)] = &[
    ("saddr", 1),
    ("daddr", 2),
    ("mark", 4),
    ("iif", 8),
    ("oif", 16),
];
/// `NFTA_FIB_F_PRESENT`.
pub const FIB_PRESENT: u32 = 32;

/// `enum nft_fib_result`.
pub static FIB_RESULTS: &[Key] = &[
    key("oif", 1, &IFACE_INDEX, 32),
    key("oifname", 2, &IFNAME, 128),
    key("type", 3, &super::types::FIB_ADDRTYPE, 32),
];
