//! Bonds and their ports: `IFLA_BOND_*` and `IFLA_BOND_SLAVE_*` of linux/if_link.h; the words of ip/iplink_bond.c and
//! ip/iplink_bond_slave.c in iproute2.

use super::{Kind, plain};
use crate::kernel::options::{Form, Names, Row, Says, Unit, Width, row};

use Form::{Switch, Time, Word};
use Unit::Milliseconds;
use Width::{U8, U16, U32};

/// Bonds.
pub const BOND: Kind = Kind {
    port: PORT,
    ..plain("bond", OPTIONS)
};

/// `BOND_MODE_*` of linux/if_bonding.h.
const MODES: Names = &[
    ("balance-rr", 0),
    ("active-backup", 1),
    ("balance-xor", 2),
    ("broadcast", 3),
    ("802.3ad", 4),
    ("balance-tlb", 5),
    ("balance-alb", 6),
];

const VALIDATE: Names = &[
    ("none", 0),
    ("active", 1),
    ("backup", 2),
    ("all", 3),
    ("filter", 4),
    ("filter_active", 5),
    ("filter_backup", 6),
];

/// `BOND_XMIT_POLICY_*` of linux/if_bonding.h.
const POLICIES: Names = &[
    ("layer2", 0),
    ("layer3+4", 1),
    ("layer2+3", 2),
    ("encap2+3", 3),
    ("encap3+4", 4),
    ("vlan+srcmac", 5),
];

const OPTIONS: &[Row] = &[
    row(
        "mode",
        1,
        Word(U8, MODES),
        "how ports are chosen: \"balance-rr\", \"active-backup\", \"balance-xor\", \"broadcast\", \"802.3ad\" (LACP), \"balance-tlb\" or \"balance-alb\"",
    ),
    row(
        "miimon",
        3,
        Time(U32, Milliseconds),
        "from one look at the carrier of the ports to the next: \"100ms\"; 0 for never",
    ),
    row(
        "updelay",
        4,
        Time(U32, Milliseconds),
        "how long a carrier has to be there before its port is used",
    ),
    row(
        "downdelay",
        5,
        Time(U32, Milliseconds),
        "how long it has to be gone before its port is not",
    ),
    row(
        "peer_notify_delay",
        28,
        Time(U32, Milliseconds),
        "from one announcement of the own address to the next",
    ),
    row(
        "use_carrier",
        6,
        Switch(U8),
        "ask for the carrier, not for ethtool's or MII's word",
    ),
    row("primary", 11, Form::Link, "the port that is preferred"),
    row(
        "primary_reselect",
        12,
        Word(U8, &[("always", 0), ("better", 1), ("failure", 2)]),
        "when the preferred port is chosen again: \"always\", if it is \"better\", or after a \"failure\"",
    ),
    row(
        "active_slave",
        2,
        Form::Link,
        "the port in use; empty for none",
    )
    .says(Says::Or("clear_active_slave")),
    row(
        "arp_interval",
        7,
        Time(U32, Milliseconds),
        "from one ARP question to `arp_ip_target` to the next",
    ),
    row(
        "arp_ip_target",
        8,
        Form::Ip4s,
        "whom to ask by ARP whether a port works: [\"10.0.0.1\"]",
    ),
    row(
        "ns_ip6_target",
        31,
        Form::Ip6s,
        "the same by IPv6's neighbour discovery",
    ),
    row(
        "arp_validate",
        9,
        Word(U32, VALIDATE),
        "which answers are looked at: \"none\", \"active\", \"backup\", \"all\", \"filter\", \"filter_active\" or \"filter_backup\"",
    ),
    row(
        "arp_all_targets",
        10,
        Word(U32, &[("any", 0), ("all", 1)]),
        "whether \"any\" target has to answer or \"all\"",
    ),
    row(
        "arp_missed_max",
        30,
        Form::Number(U8, 1, 255, &[]),
        "how many answers may be missed",
    ),
    row(
        "fail_over_mac",
        13,
        Word(U8, &[("none", 0), ("active", 1), ("follow", 2)]),
        "whose hardware address the bond has: \"none\", \"active\" or \"follow\"",
    ),
    row(
        "xmit_hash_policy",
        14,
        Word(U8, POLICIES),
        "what a port is chosen by: \"layer2\", \"layer2+3\", \"layer3+4\", \"encap2+3\", \"encap3+4\" or \"vlan+srcmac\"",
    ),
    row(
        "resend_igmp",
        15,
        Form::Number(U32, 0, 255, &[]),
        "how often memberships are told after a change of port",
    ),
    row(
        "num_grat_arp",
        16,
        Form::number(U8),
        "how often the own address is announced after a change of port",
    ),
    row(
        "all_slaves_active",
        17,
        Switch(U8),
        "take in what comes at ports that are not in use",
    ),
    row(
        "min_links",
        18,
        Form::number(U32),
        "how many ports need a carrier for the bond to have one",
    ),
    row(
        "lp_interval",
        19,
        Form::Number(U32, 1, 0x7fff_ffff, &[]),
        "seconds from one learning packet to the next",
    ),
    row(
        "packets_per_slave",
        20,
        Form::Number(U32, 0, 65535, &[]),
        "with \"balance-rr\": how many packets before the next port; 0 for a random one",
    ),
    row(
        "tlb_dynamic_lb",
        27,
        Switch(U8),
        "with \"balance-tlb\": choose ports by their load",
    ),
    row(
        "lacp_rate",
        21,
        Word(U8, &[("slow", 0), ("fast", 1)]),
        "with LACP: how often the other side is asked for its packets: \"slow\" (30 s) or \"fast\" (1 s)",
    ),
    row("lacp_active", 29, Switch(U8), "with LACP: speak first").says(Says::OnOff),
    row(
        "ad_select",
        22,
        Word(U8, &[("stable", 0), ("bandwidth", 1), ("count", 2)]),
        "with LACP: which group of ports is used: \"stable\", by \"bandwidth\", or by \"count\"",
    ),
    row(
        "ad_user_port_key",
        25,
        Form::Number(U16, 0, 1023, &[]),
        "with LACP: the upper bits of the port key",
    ),
    row(
        "ad_actor_sys_prio",
        24,
        Form::Number(U16, 1, 65535, &[]),
        "with LACP: the priority of this system",
    ),
    row(
        "ad_actor_system",
        26,
        Form::Mac,
        "with LACP: the hardware address of this system",
    ),
];

/// `enum` in iplink_bond_slave.c, BOND_STATE_* and BOND_LINK_* of the kernel.
const PORT: &[Row] = &[
    row(
        "queue_id",
        5,
        Form::number(U16),
        "of a port of a bond: the transmit queue that is its",
    ),
    row(
        "prio",
        9,
        Form::number(U32),
        "of a port of a bond: its priority in the choice of the one in use",
    ),
    row(
        "state",
        1,
        Word(U8, &[("active", 0), ("backup", 1)]),
        "whether it is in use",
    )
    .told(),
    row(
        "mii_status",
        2,
        Word(
            U8,
            &[("up", 0), ("going_down", 1), ("down", 2), ("going_back", 3)],
        ),
        "its carrier",
    )
    .told(),
    row(
        "link_failure_count",
        3,
        Form::number(U32),
        "how often its carrier went",
    )
    .told(),
    row("perm_hwaddr", 4, Form::Mac, "its own hardware address").told(),
];
