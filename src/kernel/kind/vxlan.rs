//! Overlays over UDP: `IFLA_VXLAN_*`, `IFLA_GENEVE_*` and `IFLA_BAREUDP_*` of linux/if_link.h; the words of ip/iplink_vxlan.c,
//! ip/iplink_geneve.c and ip/iplink_bareudp.c in iproute2.

use super::{Kind, plain};
use crate::kernel::options::{Form, Names, Row, Says, Unit, Which, Width, row};

use Width::{Be16, Be32, U8, U16, U32};

/// VXLAN (RFC 7348).
pub const VXLAN: Kind = Kind {
    // The driver takes no word about learning for off.
    always: &[(7, &[1])],
    external: &[(7, &[0])],
    ..plain("vxlan", VXLAN_OPTIONS)
};

/// GENEVE (RFC 8926).
pub const GENEVE: Kind = Kind {
    always: &[(3, &[0]), (4, &[0]), (11, &[0, 0, 0, 0])],
    external: &[
        (1, &[0, 0, 0, 0]),
        (3, &[0]),
        (4, &[0]),
        (11, &[0, 0, 0, 0]),
    ],
    ..plain("geneve", GENEVE_OPTIONS)
};

/// Other protocols in UDP.
pub const BAREUDP: Kind = plain("bareudp", BAREUDP_OPTIONS);

/// The largest number of 24 bits.
const VNI: u64 = 0xff_ffff;

/// `VXLAN_DF_*` and `GENEVE_DF_*`.
const DF: Names = &[("unset", 0), ("set", 1), ("inherit", 2)];

/// A type of service of 1 is none (INET_ECN_encapsulate).
pub(super) const TOS: Names = &[("inherit", 1)];

const VXLAN_OPTIONS: &[Row] = &[
    row(
        "id",
        1,
        Form::Number(U32, 0, VNI, &[]),
        "the number of the network (VNI)",
    )
    .parameter()
    .note("the header has 24 bits for it"),
    row(
        "remote",
        2,
        Form::Ip(16, Which::Host),
        "where frames go for whose address no other is learnt",
    ),
    row(
        "group",
        2,
        Form::Ip(16, Which::Group),
        "the multicast group to send such frames to; wants `dev`",
    ),
    row(
        "local",
        4,
        Form::Ip(17, Which::Any),
        "the address to send from",
    ),
    row("dev", 3, Form::Link, "the link to send through"),
    row(
        "dstport",
        15,
        Form::number(Be16),
        "the UDP port to send to and listen at; 4789 is the one of RFC 7348, and 8472 what Linux takes unless given, or for 0",
    ),
    row(
        "srcport",
        10,
        Form::Ports,
        "the first and the last UDP port to send from: [32768, 61000]",
    ),
    row(
        "ttl",
        5,
        Form::Ttl(28, &[]),
        "the hop limit of the outer packet: 1 to 255, \"auto\", or \"inherit\" from the packet inside",
    ),
    row(
        "tos",
        6,
        Form::Hex(U8, 0, 255, TOS),
        "the type of service of the outer packet, or \"inherit\" from the packet inside",
    ),
    row(
        "df",
        29,
        Form::Word(U8, DF),
        "whether routers may fragment the outer packet: \"unset\", \"set\" or \"inherit\" from the packet inside",
    ),
    row(
        "flowlabel",
        26,
        Form::Number(Be32, 0, 0xf_ffff, &[]),
        "the flow label of the outer packet (IPv6)",
    ),
    row(
        "ageing",
        8,
        Form::Time(U32, Unit::Seconds),
        "how long what was learnt is kept; 300 s unless given",
    ),
    row(
        "maxaddress",
        9,
        Form::number(U32),
        "how many addresses may be learnt; 0 for any number",
    ),
    no(
        "learning",
        7,
        "learn behind which remote an address is; on unless given",
    ),
    no("proxy", 11, "answer ARP for neighbours that are known"),
    no("rsc", 12, "short-circuit routing between networks"),
    no(
        "l2miss",
        13,
        "tell of addresses that nobody learnt (bridge monitor)",
    ),
    no(
        "l3miss",
        14,
        "tell of neighbours that are not known (ip monitor)",
    ),
    no("udpcsum", 18, "have a checksum in UDP over IPv4"),
    no("udp6zerocsumtx", 19, "have none in UDP over IPv6"),
    no("udp6zerocsumrx", 20, "take UDP over IPv6 that has none"),
    no("remcsumtx", 21, "send with remote checksum offload"),
    no("remcsumrx", 22, "receive with remote checksum offload"),
    no(
        "external",
        25,
        "take network and remote from routes or tc, not from here",
    ),
    no(
        "vnifilter",
        30,
        "with `external`: take only the networks that bridge vni has",
    ),
    row(
        "gbp",
        23,
        Form::Present,
        "carry the mark of the packet as group policy",
    )
    .says(Says::Alone),
    row(
        "gpe",
        27,
        Form::Present,
        "carry any protocol, not only Ethernet (VXLAN-GPE); wants `external`",
    )
    .says(Says::Alone),
];

const GENEVE_OPTIONS: &[Row] = &[
    row(
        "id",
        1,
        Form::Number(U32, 0, VNI, &[]),
        "the number of the network (VNI)",
    )
    .parameter()
    .note("the header has 24 bits for it"),
    row(
        "remote",
        2,
        Form::Ip(7, Which::Host),
        "the other end of the tunnel",
    ),
    row(
        "dstport",
        5,
        Form::number(Be16),
        "the UDP port; 6081 unless given",
    ),
    row(
        "ttl",
        3,
        Form::Ttl(12, &[1]),
        "the hop limit of the outer packet: 1 to 255, \"auto\", or \"inherit\" from the packet inside",
    ),
    row(
        "tos",
        4,
        Form::Hex(U8, 0, 255, TOS),
        "the type of service of the outer packet, or \"inherit\" from the packet inside",
    ),
    row(
        "df",
        13,
        Form::Word(U8, DF),
        "whether routers may fragment the outer packet: \"unset\", \"set\" or \"inherit\" from the packet inside",
    ),
    row(
        "flowlabel",
        11,
        Form::Number(Be32, 0, 0xf_ffff, &[]),
        "the flow label of the outer packet (IPv6)",
    ),
    row(
        "external",
        6,
        Form::Present,
        "take network and remote from routes or tc, not from here",
    )
    .says(Says::Alone),
    no("udpcsum", 8, "have a checksum in UDP over IPv4"),
    no("udp6zerocsumtx", 9, "have none in UDP over IPv6"),
    no("udp6zerocsumrx", 10, "take UDP over IPv6 that has none"),
    row(
        "innerprotoinherit",
        14,
        Form::Present,
        "carry IP without Ethernet",
    )
    .says(Says::Alone),
];

const BAREUDP_OPTIONS: &[Row] = &[
    row("dstport", 1, Form::number(Be16), "the UDP port"),
    row(
        "ethertype",
        2,
        Form::Word(Be16, ETHERTYPES),
        "the protocol inside: \"ipv4\", \"ipv6\", \"mpls_uc\" or \"mpls_mc\"",
    ),
    row(
        "srcportmin",
        3,
        Form::number(U16),
        "the lowest UDP port to send from",
    ),
    row(
        "multiproto",
        4,
        Form::Present,
        "take IPv6 beside IPv4, and multicast MPLS beside unicast",
    )
    .says(Says::No),
];

/// Of linux/if_ether.h, by the names of lib/ll_proto.c in iproute2.
const ETHERTYPES: Names = &[
    ("ipv4", 0x0800),
    ("ipv6", 0x86dd),
    ("mpls_uc", 0x8847),
    ("mpls_mc", 0x8848),
];

const fn no(key: &'static str, number: u16, text: &'static str) -> Row {
    row(key, number, Form::Switch(U8), text).says(Says::No)
}
