//! The words of the language that are data: protocols, numbers with a name, ports, and what libpcap has and netsh has not.
//!
//! The names of ports and protocols are those of Debian's /etc/services and /etc/protocols, as far as they are met in a lab.

/// A protocol, as a word before what is asked of it, or alone.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Protocol {
    /// The link layer.
    Ether,
    /// IPv4.
    Ip,
    /// IPv6.
    Ip6,
    /// ARP.
    Arp,
    /// RARP.
    Rarp,
    /// Something else that an Ethernet frame holds, by its EtherType or, up to 1500, by its service access point (LLC).
    Frame(u16),
    /// What an IPv4 packet holds.
    InIp(u8),
    /// What an IPv6 packet holds.
    InIp6(u8),
    /// What a packet of either holds.
    InBoth(u8),
}

/// The EtherType of IPv4.
pub(super) const IPV4: u16 = 0x0800;
/// That of ARP.
pub(super) const ARP: u16 = 0x0806;
/// That of RARP.
pub(super) const RARP: u16 = 0x8035;
/// That of IPv6.
pub(super) const IPV6: u16 = 0x86dd;
/// AppleTalk.
pub(super) const ATALK: u16 = 0x809b;
/// Its ARP.
pub(super) const AARP: u16 = 0x80f3;
/// Those of VLAN tags: 802.1Q, 802.1ad, and what came before it.
pub(super) const VLAN_TAGS: [u16; 3] = [0x8100, 0x88a8, 0x9100];
/// The service access points that need more than a look at one byte: IP, IPX, OSI, NetBEUI.
pub(super) const SAP_IP: u16 = 0x06;
/// IPX.
pub(super) const SAP_IPX: u16 = 0xe0;
/// OSI.
pub(super) const SAP_OSI: u16 = 0xfe;
/// NetBEUI.
pub(super) const SAP_NETBEUI: u16 = 0xf0;
/// The EtherType of IPX.
pub(super) const IPX: u16 = 0x8137;

/// The protocols that have ports, in the order in which libpcap asks for them.
pub(super) const WITH_PORTS: [(&str, u8); 3] = [("sctp", 132), ("tcp", 6), ("udp", 17)];
/// The number of TCP.
pub(super) const TCP: u8 = 6;
/// The number of UDP.
pub(super) const UDP: u8 = 17;

/// The protocols by their words.
pub(super) const PROTOCOLS: &[(&str, Protocol)] = &[
    ("ether", Protocol::Ether),
    ("link", Protocol::Ether),
    ("ip", Protocol::Ip),
    ("ip6", Protocol::Ip6),
    ("arp", Protocol::Arp),
    ("rarp", Protocol::Rarp),
    ("tcp", Protocol::InBoth(TCP)),
    ("udp", Protocol::InBoth(UDP)),
    ("sctp", Protocol::InBoth(132)),
    ("icmp", Protocol::InIp(1)),
    ("icmp6", Protocol::InIp6(58)),
    ("igmp", Protocol::InIp(2)),
    ("igrp", Protocol::InIp(9)),
    ("pim", Protocol::InBoth(103)),
    ("vrrp", Protocol::InIp(112)),
    ("carp", Protocol::InIp(112)),
    ("ah", Protocol::InBoth(51)),
    ("esp", Protocol::InBoth(50)),
    ("stp", Protocol::Frame(0x42)),
    ("atalk", Protocol::Frame(ATALK)),
    ("aarp", Protocol::Frame(AARP)),
    ("ipx", Protocol::Frame(SAP_IPX)),
    ("iso", Protocol::Frame(SAP_OSI)),
    ("netbeui", Protocol::Frame(SAP_NETBEUI)),
    ("decnet", Protocol::Frame(0x6003)),
    ("lat", Protocol::Frame(0x6004)),
    ("sca", Protocol::Frame(0x6007)),
    ("mopdl", Protocol::Frame(0x6001)),
    ("moprc", Protocol::Frame(0x6002)),
];

/// The other words that may begin a condition.
pub(super) const BEGINNINGS: &[&str] = &[
    "host",
    "net",
    "port",
    "portrange",
    "src",
    "dst",
    "proto",
    "broadcast",
    "multicast",
    "less",
    "greater",
    "len",
    "length",
    "inbound",
    "outbound",
    "ifindex",
    "vlan",
    "not",
];

/// The words that stand elsewhere.
pub(super) const ELSEWHERE: &[&str] = &["and", "or", "mask"];

/// What libpcap understands and netsh does not, and what to write in its place.
pub(super) const REFUSED: &[(&[&str], &str)] = &[
    (
        &["protochain"],
        "its program would need a loop, which the kernel refuses: \"ip6 proto\" looks at the first header",
    ),
    (&["gateway"], "\"ether host\" and \"not host\" say the same"),
    (&["byte"], "\"ether[0] = 1\" compares a byte"),
    (
        &["ifname", "on"],
        "\"ifindex\" and the number of the link chooses one",
    ),
    (
        &["mpls", "pppoed", "pppoes"],
        "\"ether proto 0x8847\" is MPLS, 0x8863 and 0x8864 are PPPoE",
    ),
    (&["geneve"], "\"udp port 6081\" is Geneve"),
    (
        &[
            "ppp",
            "slip",
            "fddi",
            "tr",
            "wlan",
            "type",
            "subtype",
            "direction",
            "dir",
            "address1",
            "addr1",
            "address2",
            "addr2",
            "address3",
            "addr3",
            "address4",
            "addr4",
            "ra",
            "ta",
            "radio",
            "lane",
            "metac",
            "bcc",
            "oam",
            "oamf4",
            "oamf4ec",
            "oamf4sc",
            "sc",
            "ilmic",
            "vpi",
            "vci",
            "connectmsg",
            "metaconnect",
            "fisu",
            "lssu",
            "lsu",
            "msu",
            "hfisu",
            "hlssu",
            "hmsu",
            "sio",
            "opc",
            "dpc",
            "sls",
            "hsio",
            "hopc",
            "hdpc",
            "hsls",
        ],
        "it is of links other than Ethernet and IP",
    ),
    (
        &[
            "rset",
            "ruleset",
            "rnr",
            "rulenum",
            "srnr",
            "subrulenum",
            "reason",
            "action",
        ],
        "it is of the packet filter of OpenBSD",
    ),
    (
        &[
            "llc", "esis", "es-is", "isis", "is-is", "l1", "l2", "iih", "lsp", "snp", "csnp",
            "psnp", "clnp",
        ],
        "\"iso\" is all that OSI has, and \"ether[14]\" is the first byte behind the Ethernet header",
    ),
];

/// What to write in place of a word of libpcap's that netsh has not.
pub(super) fn refused(word: &str) -> Option<&'static str> {
    let mut all = REFUSED.iter();
    let found = all.find(|(words, _)| words.contains(&word));
    found.map(|(_, hint)| *hint)
}

/// The protocol of a word.
pub(super) fn protocol(word: &str) -> Option<Protocol> {
    let mut all = PROTOCOLS.iter();
    let found = all.find(|(known, _)| *known == word);
    found.map(|(_, protocol)| *protocol)
}

/// Whether a word has a meaning of its own, and so is no name.
pub(super) fn is_word(word: &str) -> bool {
    protocol(word).is_some()
        || BEGINNINGS.contains(&word)
        || ELSEWHERE.contains(&word)
        || refused(word).is_some()
}

/// The words for numbers: offsets, types and flags (scanner.l of libpcap).
#[rustfmt::skip]
const CONSTANTS: &[(&str, u32)] = &[
    ("icmptype", 0), ("icmpcode", 1),
    ("icmp-echoreply", 0), ("icmp-unreach", 3), ("icmp-sourcequench", 4), ("icmp-redirect", 5),
    ("icmp-echo", 8), ("icmp-routeradvert", 9), ("icmp-routersolicit", 10), ("icmp-timxceed", 11),
    ("icmp-paramprob", 12), ("icmp-tstamp", 13), ("icmp-tstampreply", 14), ("icmp-ireq", 15),
    ("icmp-ireqreply", 16), ("icmp-maskreq", 17), ("icmp-maskreply", 18),
    ("icmp6type", 0), ("icmp6code", 1),
    ("icmp6-destinationunreach", 1), ("icmp6-packettoobig", 2), ("icmp6-timeexceeded", 3),
    ("icmp6-parameterproblem", 4), ("icmp6-echo", 128), ("icmp6-echoreply", 129),
    ("icmp6-multicastlistenerquery", 130), ("icmp6-multicastlistenerreportv1", 131),
    ("icmp6-multicastlistenerdone", 132), ("icmp6-routersolicit", 133), ("icmp6-routeradvert", 134),
    ("icmp6-neighborsolicit", 135), ("icmp6-neighboradvert", 136), ("icmp6-redirect", 137),
    ("icmp6-routerrenum", 138), ("icmp6-nodeinformationquery", 139),
    ("icmp6-nodeinformationresponse", 140), ("icmp6-ineighbordiscoverysolicit", 141),
    ("icmp6-ineighbordiscoveryadvert", 142), ("icmp6-multicastlistenerreportv2", 143),
    ("icmp6-homeagentdiscoveryrequest", 144), ("icmp6-homeagentdiscoveryreply", 145),
    ("icmp6-mobileprefixsolicit", 146), ("icmp6-mobileprefixadvert", 147),
    ("icmp6-certpathsolicit", 148), ("icmp6-certpathadvert", 149),
    ("icmp6-multicastrouteradvert", 151), ("icmp6-multicastroutersolicit", 152),
    ("icmp6-multicastrouterterm", 153),
    ("tcpflags", 13),
    ("tcp-fin", 0x01), ("tcp-syn", 0x02), ("tcp-rst", 0x04), ("tcp-push", 0x08), ("tcp-ack", 0x10),
    ("tcp-urg", 0x20), ("tcp-ece", 0x40), ("tcp-cwr", 0x80),
];

/// The number of a word.
pub(super) fn constant(word: &str) -> Option<u32> {
    let found = CONSTANTS.iter().find(|(known, _)| *known == word);
    found.map(|(_, number)| *number)
}

/// Which protocols have a port of that name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Service {
    Tcp,
    Udp,
    Both,
}

use Service::{Both, Tcp, Udp};

#[rustfmt::skip]
const SERVICES: &[(&str, u16, Service)] = &[
    ("echo", 7, Both), ("discard", 9, Both), ("daytime", 13, Both), ("chargen", 19, Both),
    ("ftp-data", 20, Tcp), ("ftp", 21, Tcp), ("ssh", 22, Tcp), ("telnet", 23, Tcp), ("smtp", 25, Tcp),
    ("time", 37, Both), ("whois", 43, Tcp), ("tacacs", 49, Both), ("domain", 53, Both),
    ("bootps", 67, Udp), ("bootpc", 68, Udp), ("tftp", 69, Udp), ("finger", 79, Tcp), ("http", 80, Tcp),
    ("www", 80, Tcp), ("kerberos", 88, Both), ("pop3", 110, Tcp), ("sunrpc", 111, Both), ("auth", 113, Tcp),
    ("nntp", 119, Tcp), ("ntp", 123, Udp), ("netbios-ns", 137, Udp), ("netbios-dgm", 138, Udp),
    ("netbios-ssn", 139, Tcp), ("imap2", 143, Tcp), ("imap", 143, Tcp), ("snmp", 161, Both),
    ("snmp-trap", 162, Both), ("bgp", 179, Tcp), ("ptp-event", 319, Udp), ("ptp-general", 320, Udp),
    ("ldap", 389, Both), ("https", 443, Both), ("microsoft-ds", 445, Tcp), ("isakmp", 500, Udp),
    ("syslog", 514, Udp), ("printer", 515, Tcp), ("route", 520, Udp), ("dhcpv6-client", 546, Udp),
    ("dhcpv6-server", 547, Udp), ("rtsp", 554, Tcp), ("submission", 587, Tcp), ("ipp", 631, Tcp),
    ("ldaps", 636, Both), ("ldp", 646, Both), ("domain-s", 853, Both), ("rsync", 873, Tcp),
    ("ftps", 990, Tcp), ("imaps", 993, Tcp), ("pop3s", 995, Tcp), ("socks", 1080, Tcp),
    ("openvpn", 1194, Both), ("l2f", 1701, Udp), ("radius", 1812, Both), ("radius-acct", 1813, Both),
    ("nfs", 2049, Both), ("zebra", 2601, Tcp), ("ripd", 2602, Tcp), ("ospfd", 2604, Tcp),
    ("bgpd", 2605, Tcp), ("mysql", 3306, Tcp), ("ipsec-nat-t", 4500, Udp), ("sip", 5060, Both),
    ("xmpp-client", 5222, Tcp), ("xmpp-server", 5269, Tcp), ("mdns", 5353, Udp), ("postgresql", 5432, Tcp),
    ("x11", 6000, Tcp), ("redis", 6379, Tcp), ("babel", 6696, Udp), ("http-alt", 8080, Tcp),
    ("git", 9418, Tcp),
];

/// The port of a name, and which protocols have it.
pub(super) fn service(name: &str) -> Option<(u16, Service)> {
    let found = SERVICES.iter().find(|(known, ..)| *known == name);
    found.map(|(_, port, of)| (*port, *of))
}

/// The names of ports.
pub(super) fn services() -> impl Iterator<Item = &'static str> {
    SERVICES.iter().map(|(name, ..)| *name)
}

/// What an IP packet may hold, and the EtherTypes: names that may follow `proto`.
#[rustfmt::skip]
pub(super) const IN_IP: &[(&str, u16)] = &[
    ("hopopt", 0), ("icmp", 1), ("igmp", 2), ("ipencap", 4), ("tcp", 6), ("egp", 8), ("igp", 9), ("udp", 17),
    ("dccp", 33), ("ipv6", 41), ("ipv6-route", 43), ("ipv6-frag", 44), ("rsvp", 46), ("gre", 47), ("esp", 50),
    ("ah", 51), ("ipv6-icmp", 58), ("icmp6", 58), ("ipv6-nonxt", 59), ("ipv6-opts", 60), ("eigrp", 88),
    ("ospf", 89), ("ipip", 94), ("etherip", 97), ("encap", 98), ("pim", 103), ("ipcomp", 108), ("vrrp", 112),
    ("l2tp", 115), ("isis", 124), ("sctp", 132), ("udplite", 136), ("mpls-in-ip", 137), ("hip", 139),
];

/// The same behind `ether proto`.
pub(super) const IN_ETHER: &[(&str, u16)] = &[
    ("ip", IPV4),
    ("ip6", IPV6),
    ("arp", ARP),
    ("rarp", RARP),
    ("atalk", ATALK),
    ("aarp", AARP),
    ("decnet", 0x6003),
    ("lat", 0x6004),
    ("loopback", 0x9000),
    ("mopdl", 0x6001),
    ("moprc", 0x6002),
    ("sca", 0x6007),
    ("iso", SAP_OSI),
    ("stp", 0x42),
    ("ipx", SAP_IPX),
    ("netbeui", SAP_NETBEUI),
];
