//! Tunnels over IP: `IFLA_GRE_*`, `IFLA_IPTUN_*` and `IFLA_VTI_*` of linux/if_tunnel.h; the words of ip/link_gre.c, ip/link_gre6.c,
//! ip/link_iptnl.c, ip/link_ip6tnl.c, ip/link_vti.c and ip/link_vti6.c in iproute2.
//!
//! ip tells all settings of a tunnel in each message, and the drivers take what is missing for zero.

use super::vxlan::TOS;
use super::{Kind, plain};
use crate::kernel::options::{Always, Form, Names, Row, Says, Width, row};

use Width::{Be16, Be32, U8, U16, U32};

const fn tunnel(
    name: &'static str,
    options: &'static [Row],
    always: Always,
    external: Always,
) -> Kind {
    Kind {
        always,
        external,
        whole: true,
        ..plain(name, options)
    }
}

/// GRE over IPv4, for IP packets.
pub const GRE: Kind = tunnel("gre", GRE_OPTIONS, GRE_ALWAYS, &[]);
/// GRE over IPv4, for frames.
pub const GRETAP: Kind = tunnel("gretap", GRE_OPTIONS, GRE_ALWAYS, &[]);
/// ERSPAN over IPv4.
pub const ERSPAN: Kind = tunnel("erspan", ERSPAN_OPTIONS, ERSPAN_ALWAYS, &[]);
/// IPv4 in IPv4.
pub const IPIP: Kind = tunnel("ipip", IPIP_OPTIONS, IPTUN_ALWAYS, &[(9, OFF)]);
/// IPv6 in IPv4.
pub const SIT: Kind = tunnel("sit", SIT_OPTIONS, SIT_ALWAYS, &[(9, OFF)]);
/// IP in IPv6.
pub const IP6TNL: Kind = tunnel("ip6tnl", IP6TNL_OPTIONS, IP6TNL_ALWAYS, &[(9, OFF)]);
/// GRE over IPv6, for IP packets.
pub const IP6GRE: Kind = tunnel("ip6gre", IP6GRE_OPTIONS, IP6GRE_ALWAYS, &[]);
/// GRE over IPv6, for frames.
pub const IP6GRETAP: Kind = tunnel("ip6gretap", IP6GRE_OPTIONS, IP6GRE_ALWAYS, &[]);
/// Virtual tunnels of IPsec over IPv4.
pub const VTI: Kind = tunnel("vti", VTI_OPTIONS, VTI_ALWAYS, &[]);
/// The same over IPv6.
pub const VTI6: Kind = tunnel("vti6", VTI6_OPTIONS, VTI_ALWAYS, &[]);

const NOTHING: &[u8] = &[0, 0, 0, 0];
const PAIR: &[u8] = &[0, 0];
const OFF: &[u8] = &[0];
const ON: &[u8] = &[1];

/// TUNNEL_ENCAP_FLAG_CSUM6.
const CHECKED6: &[u8] = &[2, 0];

const GRE_ALWAYS: Always = &[
    (4, NOTHING),
    (5, NOTHING),
    (2, PAIR),
    (3, PAIR),
    (10, ON),
    (8, OFF),
    (9, OFF),
    (20, NOTHING),
    (14, PAIR),
    (15, PAIR),
    (16, PAIR),
    (17, PAIR),
];

const ERSPAN_ALWAYS: Always = &[
    (4, NOTHING),
    (5, NOTHING),
    (2, PAIR),
    (3, PAIR),
    (10, ON),
    (8, OFF),
    (9, OFF),
    (20, NOTHING),
    (22, ON),
    (14, PAIR),
    (15, PAIR),
    (16, PAIR),
    (17, PAIR),
];

const IPTUN_ALWAYS: Always = &[
    (1, NOTHING),
    (4, OFF),
    (5, OFF),
    (10, ON),
    (20, NOTHING),
    (15, PAIR),
    (16, PAIR),
    (17, PAIR),
    (18, PAIR),
    (9, OFF),
];

const SIT_ALWAYS: Always = &[
    (1, NOTHING),
    (4, OFF),
    (5, OFF),
    (10, ON),
    (20, NOTHING),
    (15, PAIR),
    (16, PAIR),
    (17, PAIR),
    (18, PAIR),
    (9, OFF),
    (8, PAIR),
];

const IP6TNL_ALWAYS: Always = &[
    (1, NOTHING),
    (4, &[64]),
    (6, &[4]),
    (7, NOTHING),
    (8, NOTHING),
    (20, NOTHING),
    (15, PAIR),
    (16, CHECKED6),
    (17, PAIR),
    (18, PAIR),
    (9, OFF),
];

const IP6GRE_ALWAYS: Always = &[
    (4, NOTHING),
    (5, NOTHING),
    (2, PAIR),
    (3, PAIR),
    (8, &[64]),
    (11, &[4]),
    (12, NOTHING),
    (13, NOTHING),
    (20, NOTHING),
    (22, ON),
    (14, PAIR),
    (15, CHECKED6),
    (16, PAIR),
    (17, PAIR),
];

const VTI_ALWAYS: Always = &[(2, NOTHING), (3, NOTHING), (6, NOTHING)];

/// `TUNNEL_ENCAP_*`.
const ENCAPSULATIONS: Names = &[("none", 0), ("fou", 1), ("gue", 2)];

const fn bit(key: &'static str, number: u16, bit: u64, text: &'static str) -> Row {
    row(key, number, Form::Bit(Be16, bit), text).says(Says::No)
}

const fn encap_flag(
    key: &'static str,
    number: u16,
    bit: u64,
    words: (&'static str, &'static str),
    text: &'static str,
) -> Row {
    row(key, number, Form::Bit(U16, bit), text)
        .word(words.0)
        .says(Says::Or(words.1))
}

const CSUM: (&str, &str) = ("encap-csum", "noencap-csum");
const CSUM6: (&str, &str) = ("encap-udp6-csum", "noencap-udp6-csum");
const REMCSUM: (&str, &str) = ("encap-remcsum", "noencap-remcsum");

const ENCAP: &str = "the UDP header before the packet: \"none\", \"fou\" or \"gue\"";
const TOS_TEXT: &str =
    "the type of service of the outer packet, or \"inherit\" from the packet inside";
const TTL: &str = "the hop limit of the outer packet: 1 to 255, or \"inherit\" from the packet inside, as unless given";
const EXTERNAL: &str = "take the ends from routes or tc, not from here";

/// A hop limit of 0 is that of the packet inside.
const INHERIT: Names = &[("inherit", 0)];

macro_rules! gre {
    ($($more:expr),*) => {
        &[
            row("local", 6, Form::Ip4, "the address of this end"),
            row("remote", 7, Form::Ip4, "the address of the other end"),
            row("dev", 1, Form::Link, "the link to send through"),
            row("ttl", 8, Form::Number(U8, 0, 255, INHERIT), TTL),
            row("tos", 9, Form::Hex(U8, 0, 255, TOS), TOS_TEXT),
            row("pmtudisc", 10, Form::Switch(U8), "forbid routers to fragment the outer packet; on unless given").says(Says::No),
            row("ignore_df", 19, Form::Switch(U8), "fragment even what must not be").word("ignore-df").says(Says::Or("noignore-df")),
            row("key", 0, Form::Both("ikey", "okey"), "the key of both directions, which tells tunnels between the same ends apart"),
            row("ikey", 4, Form::Key(2), "the key of what comes in"),
            row("okey", 5, Form::Key(3), "the key of what goes out"),
            row("csum", 0, Form::BothBits("icsum", "ocsum"), "have checksums in both directions").says(Says::No),
            bit("icsum", 2, 0x8000, "want a checksum in what comes in"),
            bit("ocsum", 3, 0x8000, "have a checksum in what goes out"),
            row("seq", 0, Form::BothBits("iseq", "oseq"), "number the packets of both directions").says(Says::No),
            bit("iseq", 2, 0x1000, "want numbers in what comes in"),
            bit("oseq", 3, 0x1000, "number what goes out"),
            row("fwmark", 20, Form::number(U32), "the mark of the outer packet"),
            row("external", 18, Form::Present, EXTERNAL).says(Says::Alone),
            row("encap", 14, Form::Word(U16, ENCAPSULATIONS), ENCAP),
            row("encap_sport", 16, Form::number(Be16), "its source port").word("encap-sport"),
            row("encap_dport", 17, Form::number(Be16), "its destination port").word("encap-dport"),
            encap_flag("encap_csum", 15, 1, CSUM, "have a checksum in it over IPv4"),
            encap_flag("encap_csum6", 15, 2, CSUM6, "have a checksum in it over IPv6"),
            encap_flag("encap_remcsum", 15, 4, REMCSUM, "have remote checksum offload"),
            $($more),*
        ]
    };
}

const GRE_OPTIONS: &[Row] = gre!();
const ERSPAN_OPTIONS: &[Row] = gre!(
    row(
        "erspan_ver",
        22,
        Form::Number(U8, 0, 2, &[]),
        "the version of ERSPAN"
    ),
    row(
        "erspan",
        21,
        Form::Number(U32, 0, 0xf_ffff, &[]),
        "version 1: the index"
    ),
    row(
        "erspan_dir",
        23,
        Form::Word(U8, &[("ingress", 0), ("egress", 1)]),
        "version 2: the direction that is mirrored: \"ingress\" or \"egress\""
    ),
    row(
        "erspan_hwid",
        24,
        Form::Hex(U16, 0, 63, &[]),
        "version 2: the number of the engine"
    )
);

macro_rules! iptun {
    ($($more:expr),*) => {
        &[
            row("local", 2, Form::Ip4, "the address of this end"),
            row("remote", 3, Form::Ip4, "the address of the other end"),
            row("dev", 1, Form::Link, "the link to send through"),
            row("ttl", 4, Form::Number(U8, 0, 255, INHERIT), TTL),
            row("tos", 5, Form::Hex(U8, 0, 255, TOS), TOS_TEXT),
            row("pmtudisc", 10, Form::Switch(U8), "forbid routers to fragment the outer packet; on unless given").says(Says::No),
            row("fwmark", 20, Form::number(U32), "the mark of the outer packet"),
            row("external", 19, Form::Present, EXTERNAL).says(Says::Alone),
            row("encap", 15, Form::Word(U16, ENCAPSULATIONS), ENCAP),
            row("encap_sport", 17, Form::number(Be16), "its source port").word("encap-sport"),
            row("encap_dport", 18, Form::number(Be16), "its destination port").word("encap-dport"),
            encap_flag("encap_csum", 16, 1, CSUM, "have a checksum in it over IPv4"),
            encap_flag("encap_csum6", 16, 2, CSUM6, "have a checksum in it over IPv6"),
            encap_flag("encap_remcsum", 16, 4, REMCSUM, "have remote checksum offload"),
            $($more),*
        ]
    };
}

/// IPPROTO_* of linux/in.h.
const IPIP_OPTIONS: &[Row] = iptun!(row(
    "mode",
    9,
    Form::Word(U8, &[("ipip", 4), ("mplsip", 137), ("any", 0)]),
    "what is inside: \"ipip\", \"mplsip\" or \"any\""
));
const SIT_OPTIONS: &[Row] = iptun!(
    row(
        "mode",
        9,
        Form::Word(
            U8,
            &[("ip6ip", 41), ("ipip", 4), ("mplsip", 137), ("any", 0)]
        ),
        "what is inside: \"ip6ip\", \"ipip\", \"mplsip\" or \"any\""
    ),
    row(
        "isatap",
        8,
        Form::Bit(U16, 1),
        "be an ISATAP link (RFC 5214)"
    )
    .says(Says::Alone)
);

const IP6_TNL_F_IGN_ENCAP_LIMIT: u64 = 0x01;
const IP6_TNL_F_USE_ORIG_TCLASS: u64 = 0x02;
const IP6_TNL_F_USE_ORIG_FLOWLABEL: u64 = 0x04;
const IP6_TNL_F_RCV_DSCP_COPY: u64 = 0x10;
const IP6_TNL_F_USE_ORIG_FWMARK: u64 = 0x20;
const IP6_TNL_F_ALLOW_LOCAL_REMOTE: u64 = 0x40;

const IP6TNL_OPTIONS: &[Row] = &[
    row("local", 2, Form::Ip6, "the address of this end"),
    row("remote", 3, Form::Ip6, "the address of the other end"),
    row("dev", 1, Form::Link, "the link to send through"),
    row(
        "mode",
        9,
        Form::Word(U8, &[("ip6ip6", 41), ("ipip6", 4), ("any", 0)]),
        "what is inside: \"ip6ip6\", \"ipip6\" or \"any\"",
    ),
    row(
        "hoplimit",
        4,
        Form::number(U8),
        "the hop limit of the outer packet; 64 unless given",
    ),
    row(
        "encaplimit",
        6,
        Form::NumberOrBit(U8, "none", (8, IP6_TNL_F_IGN_ENCAP_LIMIT)),
        "how deep tunnels may nest, or \"none\"; 4 unless given",
    ),
    row(
        "tclass",
        7,
        Form::Flow(20, 0xff, (8, IP6_TNL_F_USE_ORIG_TCLASS)),
        "the traffic class of the outer packet, or \"inherit\" from the packet inside",
    ),
    row(
        "flowlabel",
        7,
        Form::Flow(0, 0xf_ffff, (8, IP6_TNL_F_USE_ORIG_FLOWLABEL)),
        "the flow label of the outer packet, or \"inherit\" from the packet inside",
    ),
    row(
        "dscp_inherit",
        8,
        Form::Bit(U32, IP6_TNL_F_RCV_DSCP_COPY),
        "copy the DSCP of the outer packet to the one inside",
    )
    .word("dscp inherit")
    .says(Says::Alone),
    row(
        "allow_localremote",
        8,
        Form::Bit(U32, IP6_TNL_F_ALLOW_LOCAL_REMOTE),
        "let the other end be on this machine",
    )
    .word("allow-localremote")
    .says(Says::Or("noallow-localremote")),
    row(
        "fwmark",
        20,
        Form::NumberOrBit(U32, "inherit", (8, IP6_TNL_F_USE_ORIG_FWMARK)),
        "the mark of the outer packet, or \"inherit\" from the packet inside",
    ),
    row("external", 19, Form::Present, EXTERNAL).says(Says::Alone),
    row("encap", 15, Form::Word(U16, ENCAPSULATIONS), ENCAP),
    row("encap_sport", 17, Form::number(Be16), "its source port").word("encap-sport"),
    row(
        "encap_dport",
        18,
        Form::number(Be16),
        "its destination port",
    )
    .word("encap-dport"),
    encap_flag("encap_csum", 16, 1, CSUM, "have a checksum in it over IPv4"),
    encap_flag(
        "encap_csum6",
        16,
        2,
        CSUM6,
        "have a checksum in it over IPv6",
    ),
    encap_flag(
        "encap_remcsum",
        16,
        4,
        REMCSUM,
        "have remote checksum offload",
    ),
];

const IP6GRE_OPTIONS: &[Row] = &[
    row("local", 6, Form::Ip6, "the address of this end"),
    row("remote", 7, Form::Ip6, "the address of the other end"),
    row("dev", 1, Form::Link, "the link to send through"),
    row(
        "hoplimit",
        8,
        Form::number(U8),
        "the hop limit of the outer packet; 64 unless given",
    ),
    row(
        "encaplimit",
        11,
        Form::NumberOrBit(U8, "none", (13, IP6_TNL_F_IGN_ENCAP_LIMIT)),
        "how deep tunnels may nest, or \"none\"; 4 unless given",
    ),
    row(
        "tclass",
        12,
        Form::Flow(20, 0xff, (13, IP6_TNL_F_USE_ORIG_TCLASS)),
        "the traffic class of the outer packet, or \"inherit\" from the packet inside",
    ),
    row(
        "flowlabel",
        12,
        Form::Flow(0, 0xf_ffff, (13, IP6_TNL_F_USE_ORIG_FLOWLABEL)),
        "the flow label of the outer packet, or \"inherit\" from the packet inside",
    ),
    row(
        "dscp_inherit",
        13,
        Form::Bit(U32, IP6_TNL_F_RCV_DSCP_COPY),
        "copy the DSCP of the outer packet to the one inside",
    )
    .word("dscp inherit")
    .says(Says::Alone),
    row(
        "allow_localremote",
        13,
        Form::Bit(U32, IP6_TNL_F_ALLOW_LOCAL_REMOTE),
        "let the other end be on this machine",
    )
    .word("allow-localremote")
    .says(Says::Or("noallow-localremote")),
    row(
        "key",
        0,
        Form::Both("ikey", "okey"),
        "the key of both directions, which tells tunnels between the same ends apart",
    ),
    row("ikey", 4, Form::Key(2), "the key of what comes in"),
    row("okey", 5, Form::Key(3), "the key of what goes out"),
    row(
        "csum",
        0,
        Form::BothBits("icsum", "ocsum"),
        "have checksums in both directions",
    )
    .says(Says::No),
    bit("icsum", 2, 0x8000, "want a checksum in what comes in"),
    bit("ocsum", 3, 0x8000, "have a checksum in what goes out"),
    row(
        "seq",
        0,
        Form::BothBits("iseq", "oseq"),
        "number the packets of both directions",
    )
    .says(Says::No),
    bit("iseq", 2, 0x1000, "want numbers in what comes in"),
    bit("oseq", 3, 0x1000, "number what goes out"),
    row(
        "fwmark",
        20,
        Form::NumberOrBit(U32, "inherit", (13, IP6_TNL_F_USE_ORIG_FWMARK)),
        "the mark of the outer packet, or \"inherit\" from the packet inside",
    ),
    row("external", 18, Form::Present, EXTERNAL).says(Says::Alone),
    row("encap", 14, Form::Word(U16, ENCAPSULATIONS), ENCAP),
    row("encap_sport", 16, Form::number(Be16), "its source port").word("encap-sport"),
    row(
        "encap_dport",
        17,
        Form::number(Be16),
        "its destination port",
    )
    .word("encap-dport"),
    encap_flag("encap_csum", 15, 1, CSUM, "have a checksum in it over IPv4"),
    encap_flag(
        "encap_csum6",
        15,
        2,
        CSUM6,
        "have a checksum in it over IPv6",
    ),
    encap_flag(
        "encap_remcsum",
        15,
        4,
        REMCSUM,
        "have remote checksum offload",
    ),
];

macro_rules! vti {
    ($ip:expr) => {
        &[
            row("local", 4, $ip, "the address of this end"),
            row("remote", 5, $ip, "the address of the other end"),
            row("dev", 1, Form::Link, "the link to send through"),
            row(
                "key",
                0,
                Form::Both("ikey", "okey"),
                "the key of both directions: the mark that policies and states of IPsec look for",
            ),
            row("ikey", 2, Form::number(Be32), "the key of what comes in"),
            row("okey", 3, Form::number(Be32), "the key of what goes out"),
            row(
                "fwmark",
                6,
                Form::number(U32),
                "the mark of the outer packet",
            ),
        ]
    };
}

const VTI_OPTIONS: &[Row] = vti!(Form::Ip4);
const VTI6_OPTIONS: &[Row] = vti!(Form::Ip6);
