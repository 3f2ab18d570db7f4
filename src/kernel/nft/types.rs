//! The types of values: how long they are, in which order their bytes stand in a register, and their words.
//!
//! The numbers are those of `enum datatypes` in nft's include/datatype.h: sets carry them to the kernel and back, so that
//! nft and netsh know what is in each other's sets. The words are those of nft's symbol tables (datatype.c, proto.c, ct.c).

/// A type of values.
#[derive(Debug, PartialEq, Eq)]
pub struct Type {
    /// As in `type ipv4_addr`.
    pub name: &'static str,
    /// What sets say to the kernel.
    pub number: u32,
    /// How many bits a value has; an integer has those of its field.
    pub bits: u32,
    /// How its bytes stand in a register.
    pub order: Order,
    /// How values are written.
    pub form: Form,
    /// Values with names, the first name of a value being the one that is printed.
    pub words: &'static [(&'static str, u64)],
}

/// How bytes stand in a register.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Order {
    /// As the machine has them.
    Host,
    /// As the network has them.
    Network,
}

/// How values are written, those that have no word.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Form {
    /// In decimal.
    Decimal,
    /// In hexadecimal.
    Hex,
    /// In hexadecimal with all digits: marks.
    Mark,
    /// Words that add up, with commas between them.
    Flags,
    /// An IPv4 address.
    Ipv4,
    /// An IPv6 address.
    Ipv6,
    /// A hardware address.
    Mac,
    /// The name of a link, which stands for its index.
    Link,
    /// A text, padded with zeros; a star at its end stands for any rest.
    Text,
    /// Milliseconds, written as `1h30m10s`.
    Time,
    /// The handle of a class: `1:10`.
    Class,
    /// The number of a bit.
    Bit,
    /// Nanoseconds since 1970, written as a date.
    Date,
    /// Seconds since midnight, written as `"10:00"`.
    Hour,
    /// A verdict.
    Verdict,
}

impl Type {
    /// Whether `10.0.0.0/8` is a value of it.
    pub fn has_prefixes(&self) -> bool {
        matches!(self.form, Form::Ipv4 | Form::Ipv6)
    }

    /// The word for a value.
    pub fn word_of(&self, value: u128) -> Option<&'static str> {
        let found = self
            .words
            .iter()
            .find(|(_, number)| u128::from(*number) == value);
        found.map(|(word, _)| *word)
    }
}

macro_rules! types {
    ($($(#[$doc:meta])* $name:ident = $text:literal, $number:literal, $bits:literal, $order:ident, $form:ident, $words:expr;)+) => {
        $($(#[$doc])* pub static $name: Type = Type {
            name: $text,
            number: $number,
            bits: $bits,
            order: Order::$order,
            form: Form::$form,
            words: $words,
        };)+

        /// All of them.
        pub static ALL: &[&Type] = &[$(&$name),+];
    };
}

types! {
    /// A verdict, as the data of a map.
    VERDICT = "verdict", 1, 0, Host, Verdict, &[];
    /// A family of addresses.
    NFPROTO = "nf_proto", 2, 8, Host, Decimal, &[("ipv4", 2), ("ipv6", 10)];
    /// A number of a field of the network.
    INTEGER = "integer", 4, 0, Network, Decimal, &[];
    /// A number of the kernel.
    HOST_INTEGER = "integer", 4, 0, Host, Decimal, &[];
    /// A number of bytes that are no known field.
    RAW = "integer", 4, 0, Network, Hex, &[];
    /// A text.
    STRING = "string", 5, 128, Host, Text, &[];
    /// An IPv4 address.
    IPV4 = "ipv4_addr", 7, 32, Network, Ipv4, &[];
    /// An IPv6 address.
    IPV6 = "ipv6_addr", 8, 128, Network, Ipv6, &[];
    /// A hardware address.
    ETHER = "ether_addr", 9, 48, Network, Mac, &[];
    /// The protocol of a frame.
    ETHER_TYPE = "ether_type", 10, 16, Network, Hex, ETHER_TYPES;
    /// What an ARP packet is.
    ARP_OP = "arp_op", 11, 16, Network, Decimal, ARP_OPS;
    /// The protocol of a packet.
    PROTOCOL = "inet_proto", 12, 8, Network, Decimal, PROTOCOLS;
    /// A port.
    SERVICE = "inet_service", 13, 16, Network, Decimal, SERVICES;
    /// What an ICMP message is.
    ICMP_TYPE = "icmp_type", 14, 8, Network, Decimal, ICMP_TYPES;
    /// The flags of TCP.
    TCP_FLAG = "tcp_flag", 15, 8, Host, Flags, TCP_FLAGS;
 /// What a message of Mobile IPv6 is.
    MH_TYPE = "mh_type", 17, 8, Network, Decimal, MH_TYPES;
    /// A span of time.
    TIME = "time", 18, 64, Host, Time, &[];
    /// The span of time until a connection is forgotten.
    TIME32 = "time", 18, 32, Host, Time, &[];
    /// A mark.
    MARK = "mark", 19, 32, Host, Mark, &[];
    /// A link by its index.
    IFACE_INDEX = "iface_index", 20, 32, Host, Link, &[];
    /// What hardware a link is.
    IFACE_TYPE = "iface_type", 21, 16, Host, Decimal, IFACE_TYPES;
    /// A realm of routes.
    REALM = "realm", 22, 32, Host, Decimal, &[("default", 0)];
    /// A class of a queueing discipline.
    CLASSID = "classid", 23, 32, Host, Class, &[("none", 0), ("root", 0xffff_ffff)];
    /// A user.
    UID = "uid", 24, 32, Host, Decimal, &[];
    /// A group of users.
    GID = "gid", 25, 32, Host, Decimal, &[];
    /// The state of a connection.
    CT_STATE = "ct_state", 26, 32, Host, Flags, CT_STATES;
    /// The direction of a packet in its connection.
    CT_DIR = "ct_dir", 27, 8, Host, Decimal, &[("original", 0), ("reply", 1)];
    /// The status of a connection.
    CT_STATUS = "ct_status", 28, 32, Host, Flags, CT_STATUSES;
    /// What an ICMPv6 message is.
    ICMPV6_TYPE = "icmpv6_type", 29, 8, Network, Decimal, ICMPV6_TYPES;
    /// Labels of a connection.
    CT_LABEL = "ct_label", 30, 128, Host, Bit, &[];
    /// To whom a frame was sent.
    PKT_TYPE = "pkt_type", 31, 8, Host, Decimal, PKT_TYPES;
    /// Why an ICMP message was sent.
    ICMP_CODE = "icmp_code", 32, 8, Network, Decimal, ICMP_CODES;
    /// Why an ICMPv6 message was sent.
    ICMPV6_CODE = "icmpv6_code", 33, 8, Network, Decimal, ICMPV6_CODES;
    /// Why a message of either family is sent.
    ICMPX_CODE = "icmpx_code", 34, 8, Network, Decimal, ICMPX_CODES;
    /// A group of links.
    DEVGROUP = "devgroup", 35, 32, Host, Decimal, &[("default", 0)];
    /// A class of service.
    DSCP = "dscp", 36, 6, Network, Hex, DSCPS;
    /// Congestion.
    ECN = "ecn", 37, 2, Network, Hex, &[("not-ect", 0), ("ect1", 1), ("ect0", 2), ("ce", 3)];
    /// What an address is to this machine.
    FIB_ADDRTYPE = "fib_addrtype", 38, 32, Host, Decimal, FIB_ADDRTYPES;
    /// Whether something is there.
    BOOLEAN = "boolean", 39, 1, Host, Decimal, &[("exists", 1), ("missing", 0)];
    /// Events of a connection.
    CT_EVENT = "ct_event", 40, 32, Host, Flags, CT_EVENTS;
    /// The name of a link.
    IFNAME = "ifname", 41, 128, Host, Text, &[];
    /// What an IGMP message is.
    IGMP_TYPE = "igmp_type", 42, 8, Network, Decimal, IGMP_TYPES;
    /// A moment.
    TIME_DATE = "time", 43, 64, Host, Date, &[];
    /// A time of day.
    TIME_HOUR = "hour", 44, 32, Host, Hour, &[];
    /// A day of the week.
    TIME_DAY = "day", 45, 8, Host, Decimal, DAYS;
}

/// The type with that name, as `type NAME` in a set.
pub fn named(name: &str) -> Option<&'static Type> {
    ALL.iter().find(|one| one.name == name).copied()
}

/// The type with that number, which a set of the kernel's has.
pub fn numbered(number: u32) -> Option<&'static Type> {
    ALL.iter().find(|one| one.number == number).copied()
}

const ETHER_TYPES: &[(&str, u64)] = &[
    ("ip", 0x0800),
    ("arp", 0x0806),
    ("ip6", 0x86dd),
    ("8021q", 0x8100),
    ("8021ad", 0x88a8),
    ("vlan", 0x8100),
];

const ARP_OPS: &[(&str, u64)] = &[
    ("request", 1),
    ("reply", 2),
    ("rrequest", 3),
    ("rreply", 4),
    ("inrequest", 8),
    ("inreply", 9),
    ("nak", 10),
];

// The names of Debian's /etc/protocols, which nft asks; the last ones are only read.
const PROTOCOLS: &[(&str, u64)] = &[
    ("icmp", 1),
    ("igmp", 2),
    ("ggp", 3),
    ("ipencap", 4),
    ("st", 5),
    ("tcp", 6),
    ("egp", 8),
    ("igp", 9),
    ("pup", 12),
    ("udp", 17),
    ("hmp", 20),
    ("rdp", 27),
    ("dccp", 33),
    ("ipv6", 41),
    ("ipv6-route", 43),
    ("ipv6-frag", 44),
    ("rsvp", 46),
    ("gre", 47),
    ("esp", 50),
    ("ah", 51),
    ("ipv6-icmp", 58),
    ("ipv6-nonxt", 59),
    ("ipv6-opts", 60),
    ("eigrp", 88),
    ("ospf", 89),
    ("ipip", 94),
    ("etherip", 97),
    ("encap", 98),
    ("pim", 103),
    ("ipcomp", 108),
    ("vrrp", 112),
    ("l2tp", 115),
    ("sctp", 132),
    ("mobility-header", 135),
    ("udplite", 136),
    ("mpls-in-ip", 137),
    ("icmpv6", 58),
    ("comp", 108),
];

// Read and not printed, as in nft: its lists have numbers.
const SERVICES: &[(&str, u64)] = &[
    ("ftp-data", 20),
    ("ftp", 21),
    ("ssh", 22),
    ("telnet", 23),
    ("smtp", 25),
    ("domain", 53),
    ("bootps", 67),
    ("bootpc", 68),
    ("tftp", 69),
    ("http", 80),
    ("pop3", 110),
    ("ntp", 123),
    ("imap2", 143),
    ("snmp", 161),
    ("bgp", 179),
    ("ldap", 389),
    ("https", 443),
    ("isakmp", 500),
    ("syslog", 514),
    ("submission", 587),
    ("ldaps", 636),
    ("imaps", 993),
    ("pop3s", 995),
    ("openvpn", 1194),
    ("mysql", 3306),
    ("sip", 5060),
    ("mdns", 5353),
    ("postgresql", 5432),
    ("http-alt", 8080),
];

const ICMP_TYPES: &[(&str, u64)] = &[
    ("echo-reply", 0),
    ("destination-unreachable", 3),
    ("source-quench", 4),
    ("redirect", 5),
    ("echo-request", 8),
    ("router-advertisement", 9),
    ("router-solicitation", 10),
    ("time-exceeded", 11),
    ("parameter-problem", 12),
    ("timestamp-request", 13),
    ("timestamp-reply", 14),
    ("info-request", 15),
    ("info-reply", 16),
    ("address-mask-request", 17),
    ("address-mask-reply", 18),
];

const ICMP_CODES: &[(&str, u64)] = &[
    ("net-unreachable", 0),
    ("host-unreachable", 1),
    ("prot-unreachable", 2),
    ("port-unreachable", 3),
    ("frag-needed", 4),
    ("net-prohibited", 9),
    ("host-prohibited", 10),
    ("admin-prohibited", 13),
];

const ICMPV6_TYPES: &[(&str, u64)] = &[
    ("destination-unreachable", 1),
    ("packet-too-big", 2),
    ("time-exceeded", 3),
    ("parameter-problem", 4),
    ("echo-request", 128),
    ("echo-reply", 129),
    ("mld-listener-query", 130),
    ("mld-listener-report", 131),
    ("mld-listener-done", 132),
    ("mld-listener-reduction", 132),
    ("nd-router-solicit", 133),
    ("nd-router-advert", 134),
    ("nd-neighbor-solicit", 135),
    ("nd-neighbor-advert", 136),
    ("nd-redirect", 137),
    ("router-renumbering", 138),
    ("ind-neighbor-solicit", 141),
    ("ind-neighbor-advert", 142),
    ("mld2-listener-report", 143),
];

const ICMPV6_CODES: &[(&str, u64)] = &[
    ("no-route", 0),
    ("admin-prohibited", 1),
    ("addr-unreachable", 3),
    ("port-unreachable", 4),
    ("policy-fail", 5),
    ("reject-route", 6),
];

const ICMPX_CODES: &[(&str, u64)] = &[
    ("no-route", 0),
    ("port-unreachable", 1),
    ("host-unreachable", 2),
    ("admin-prohibited", 3),
];

const MH_TYPES: &[(&str, u64)] = &[
    ("binding-refresh-request", 0),
    ("home-test-init", 1),
    ("careof-test-init", 2),
    ("home-test", 3),
    ("careof-test", 4),
    ("binding-update", 5),
    ("binding-acknowledgement", 6),
    ("binding-error", 7),
    ("fast-binding-update", 8),
    ("fast-binding-acknowledgement", 9),
    ("fast-binding-advertisement", 10),
    ("experimental-mobility-header", 11),
    ("home-agent-switch-message", 12),
];

const IGMP_TYPES: &[(&str, u64)] = &[
    ("membership-query", 0x11),
    ("membership-report-v1", 0x12),
    ("membership-report-v2", 0x16),
    ("leave-group", 0x17),
    ("membership-report-v3", 0x22),
];

const TCP_FLAGS: &[(&str, u64)] = &[
    ("fin", 0x01),
    ("syn", 0x02),
    ("rst", 0x04),
    ("psh", 0x08),
    ("ack", 0x10),
    ("urg", 0x20),
    ("ecn", 0x40),
    ("cwr", 0x80),
];

const CT_STATES: &[(&str, u64)] = &[
    ("invalid", 1),
    ("established", 2),
    ("related", 4),
    ("new", 8),
    ("untracked", 64),
];

const CT_STATUSES: &[(&str, u64)] = &[
    ("expected", 1),
    ("seen-reply", 2),
    ("assured", 4),
    ("confirmed", 8),
    ("snat", 16),
    ("dnat", 32),
    ("dying", 512),
];

const CT_EVENTS: &[(&str, u64)] = &[
    ("new", 1),
    ("related", 2),
    ("destroy", 4),
    ("reply", 8),
    ("assured", 16),
    ("protoinfo", 32),
    ("helper", 64),
    ("mark", 128),
    ("seqadj", 256),
    ("secmark", 512),
    ("label", 1024),
];

const PKT_TYPES: &[(&str, u64)] = &[
    ("host", 0),
    ("broadcast", 1),
    ("multicast", 2),
    ("other", 3),
    ("unicast", 0),
];

const IFACE_TYPES: &[(&str, u64)] = &[
    ("ether", 1),
    ("ppp", 512),
    ("ipip", 768),
    ("ipip6", 769),
    ("loopback", 772),
    ("sit", 776),
    ("ipgre", 778),
];

const FIB_ADDRTYPES: &[(&str, u64)] = &[
    ("unspec", 0),
    ("unicast", 1),
    ("local", 2),
    ("broadcast", 3),
    ("anycast", 4),
    ("multicast", 5),
    ("blackhole", 6),
    ("unreachable", 7),
    ("prohibit", 8),
];

const DSCPS: &[(&str, u64)] = &[
    ("cs0", 0x00),
    ("cs1", 0x08),
    ("cs2", 0x10),
    ("cs3", 0x18),
    ("cs4", 0x20),
    ("cs5", 0x28),
    ("cs6", 0x30),
    ("cs7", 0x38),
    ("be", 0x00),
    ("lephb", 0x01),
    ("af11", 0x0a),
    ("af12", 0x0c),
    ("af13", 0x0e),
    ("af21", 0x12),
    ("af22", 0x14),
    ("af23", 0x16),
    ("af31", 0x1a),
    ("af32", 0x1c),
    ("af33", 0x1e),
    ("af41", 0x22),
    ("af42", 0x24),
    ("af43", 0x26),
    ("va", 0x2c),
    ("ef", 0x2e),
];

const DAYS: &[(&str, u64)] = &[
    ("Sunday", 0),
    ("Monday", 1),
    ("Tuesday", 2),
    ("Wednesday", 3),
    ("Thursday", 4),
    ("Friday", 5),
    ("Saturday", 6),
];
