//! Kinds with few settings: the enums of linux/if_link.h (netkit's since Linux 6.7), `VXCAN_INFO_PEER` of linux/can/vxcan.h, and
//! `IFLA_BATADV_*` of linux/batman_adv.h; the words of iplink_vrf.c, iplink_netkit.c, iplink_vxcan.c, ipmacsec.c, link_xfrm.c and
//! iplink_hsr.c in iproute2's ip/.

use super::{Kind, plain, upper};
use crate::kernel::options::{Form, Names, Row, Says, Width, row};

use Width::{Be16, U8, U32, U64};

/// Routing domains.
pub const VRF: Kind = plain(
    "vrf",
    &[row(
        "table",
        1,
        Form::Number(U32, 1, u32::MAX as u64, TABLES),
        "the routing table",
    )
    .parameter()],
);

/// RT_TABLE_* of linux/rtnetlink.h.
const TABLES: Names = &[("default", 253), ("main", 254), ("local", 255)];

/// Pairs like veth, with programs of BPF in the place of queues.
pub const NETKIT: Kind = plain("netkit", NETKIT_OPTIONS);

/// `NETKIT_PASS` and `NETKIT_DROP`.
const POLICIES: Names = &[("forward", 0), ("blackhole", 2)];
/// `enum netkit_scrub`.
const SCRUBS: Names = &[("none", 0), ("default", 1)];

const NETKIT_OPTIONS: &[Row] = &[
    row(
        "mode",
        5,
        Form::Word(U32, &[("l2", 0), ("l3", 1)]),
        "\"l3\" (IP packets), or \"l2\" (frames)",
    ),
    row(
        "policy",
        3,
        Form::Word(U32, POLICIES),
        "what becomes of packets without a program: \"forward\" or \"blackhole\"",
    )
    .word(""),
    row(
        "scrub",
        6,
        Form::Word(U32, SCRUBS),
        "whether marks are taken from packets that go to another namespace: \"none\" or \"default\"",
    ),
    row("peer", 1, Form::Peer, "the name of the other end").word("peer name"),
];

/// Pairs of virtual CAN buses.
pub const VXCAN: Kind = plain(
    "vxcan",
    &[row("peer", 1, Form::Peer, "the name of the other end").word("peer name")],
);

/// Encrypted Ethernet (IEEE 802.1AE).
pub const MACSEC: Kind = upper("macsec", MACSEC_OPTIONS);

/// `MACSEC_CIPHER_ID_*` of linux/if_macsec.h.
const CIPHERS: Names = &[
    ("default", 0x0080_0200_0100_0001),
    ("gcm-aes-128", 0x0080_C200_0100_0001),
    ("gcm-aes-256", 0x0080_C200_0100_0002),
    ("gcm-aes-xpn-128", 0x0080_C200_0100_0003),
    ("gcm-aes-xpn-256", 0x0080_C200_0100_0004),
];

const fn switch(key: &'static str, number: u16, text: &'static str) -> Row {
    row(key, number, Form::Switch(U8), text).says(Says::OnOff)
}

const MACSEC_OPTIONS: &[Row] = &[
    row(
        "port",
        2,
        Form::Number(Be16, 1, 65535, &[]),
        "the port of the secure channel; 1 unless given",
    )
    .done(),
    row(
        "cipher",
        4,
        Form::Word(U64, CIPHERS),
        "\"default\", \"gcm-aes-128\", \"gcm-aes-256\", \"gcm-aes-xpn-128\" or \"gcm-aes-xpn-256\"",
    ),
    row(
        "icvlen",
        3,
        Form::Number(U8, 8, 16, &[]),
        "the bytes of the integrity check",
    ),
    switch("encrypt", 7, "encrypt what is sent"),
    switch("send_sci", 9, "send the identifier of the channel"),
    switch("end_station", 10, "set the end station bit"),
    switch("scb", 11, "set the single copy broadcast bit"),
    switch("protect", 8, "protect what is sent; on unless given"),
    switch("replay", 12, "refuse what comes again; wants `window`"),
    row(
        "window",
        5,
        Form::number(U32),
        "how far back a packet may come late",
    ),
    row(
        "validate",
        13,
        Form::Word(U8, &[("disabled", 0), ("check", 1), ("strict", 2)]),
        "what is taken in: \"strict\" only what is protected, \"check\" all of it, counted, \"disabled\" without a look",
    ),
    row(
        "encodingsa",
        6,
        Form::Number(U8, 0, 3, &[]),
        "the secure association to send by",
    ),
    row(
        "offload",
        15,
        Form::Word(U8, &[("off", 0), ("phy", 1), ("mac", 2)]),
        "who does the work: \"off\" the kernel, \"phy\" or \"mac\"",
    ),
];

/// Interfaces of IPsec.
pub const XFRM: Kind = plain("xfrm", XFRM_OPTIONS);

const XFRM_OPTIONS: &[Row] = &[
    row("dev", 1, Form::Link, "the link to send through"),
    row(
        "if_id",
        2,
        Form::Number(U32, 1, u32::MAX as u64, &[]),
        "the identifier that policies and states of IPsec have",
    ),
    row(
        "external",
        3,
        Form::Present,
        "take it from routes, not from here",
    )
    .says(Says::Alone),
];

/// Rings that send all twice (IEC 62439-3).
pub const HSR: Kind = plain("hsr", HSR_OPTIONS);

const HSR_OPTIONS: &[Row] = &[
    row("slave1", 1, Form::Link, "one link of the ring"),
    row("slave2", 2, Form::Link, "the other link of the ring"),
    row(
        "supervision",
        3,
        Form::number(U8),
        "the last byte of the address of supervision frames",
    ),
    row(
        "version",
        6,
        Form::Number(U8, 0, 1, &[]),
        "the version of HSR",
    ),
    row("proto", 7, Form::Number(U8, 0, 1, &[]), "0 HSR, 1 PRP"),
];

/// Meshes.
pub const BATADV: Kind = plain(
    "batadv",
    &[row(
        "ra",
        1,
        Form::Text,
        "the routing algorithm: BATMAN_IV or BATMAN_V",
    )],
);
