//! Bridges and their ports: `IFLA_BR_*` and `IFLA_BRPORT_*` of linux/if_link.h; the words of ip/iplink_bridge.c and
//! ip/iplink_bridge_slave.c in iproute2.

use super::{Kind, plain};
use crate::kernel::options::{Form, Names, Row, Says, Unit, Width, row};

use Form::{MaskedBit, Switch, Time, Word};
use Unit::Centiseconds;
use Width::{Be16, U8, U16, U32, U64};

/// Bridges.
pub const BRIDGE: Kind = Kind {
    port: PORT,
    ..plain("bridge", OPTIONS)
};

/// ETH_P_8021Q and ETH_P_8021AD of linux/if_ether.h.
pub(super) const PROTOCOLS: Names = &[("802.1Q", 0x8100), ("802.1ad", 0x88a8)];

/// IFLA_BR_MULTI_BOOLOPT: `struct br_boolopt_multi` of linux/if_bridge.h, bits by `enum br_boolopt_id`.
const MULTI: u16 = 46;

const VLAN_FILTERING: &str = "CONFIG_BRIDGE_VLAN_FILTERING";

const OPTIONS: &[Row] = &[
    row("stp", 5, Switch(U32), "run the spanning tree protocol").word("stp_state"),
    row(
        "vlan_filtering",
        7,
        Switch(U8),
        "be aware of VLANs: each port has its own",
    )
    .config(VLAN_FILTERING),
    row(
        "vlan_default_pvid",
        39,
        Form::Number(U16, 0, 4094, &[]),
        "the VLAN that a new port belongs to; 1 unless given, 0 for none",
    )
    .config(VLAN_FILTERING),
    row(
        "vlan_protocol",
        8,
        Word(Be16, PROTOCOLS),
        "the tag: \"802.1Q\", or \"802.1ad\" for provider bridges",
    )
    .config(VLAN_FILTERING),
    row(
        "vlan_stats_enabled",
        41,
        Switch(U8),
        "count packets by VLAN",
    ),
    row(
        "vlan_stats_per_port",
        45,
        Switch(U8),
        "count them by VLAN and port; before there is a port with VLANs",
    ),
    row(
        "ageing_time",
        4,
        Time(U32, Centiseconds),
        "how long an address that was learnt is kept; 300 s unless given",
    ),
    row(
        "forward_delay",
        1,
        Time(U32, Centiseconds),
        "how long a port listens, and how long it learns, before it forwards; 2 to 30 s, 15 s unless given",
    )
    .note("2 to 30 s where the spanning tree protocol runs"),
    row(
        "hello_time",
        2,
        Time(U32, Centiseconds),
        "from one hello of the root bridge to the next; 1 to 10 s, 2 s unless given",
    )
    .note("1 to 10 s"),
    row(
        "max_age",
        3,
        Time(U32, Centiseconds),
        "after how long without a hello another root is chosen; 6 to 40 s, 20 s unless given",
    )
    .note("6 to 40 s"),
    row(
        "priority",
        6,
        Form::number(U16),
        "the priority in the choice of the root; the lowest wins, 32768 unless given",
    ),
    row(
        "group_fwd_mask",
        9,
        Form::Hex(U16, 0, 0xffff, &[]),
        "which of the link-local groups 01:80:c2:00:00:0X to forward: bit X",
    ),
    row(
        "group_address",
        20,
        Form::Mac,
        "the group address of the spanning tree protocol",
    ),
    row(
        "no_linklocal_learn",
        MULTI,
        MaskedBit(1 << 0),
        "learn nothing from link-local frames",
    ),
    row(
        "mcast_snooping",
        23,
        Switch(U8),
        "listen to IGMP and MLD, and send groups only to ports that asked; on unless given",
    ),
    row(
        "mcast_vlan_snooping",
        MULTI,
        MaskedBit(1 << 1),
        "the same for each VLAN",
    ),
    row("mcast_querier", 25, Switch(U8), "ask for memberships"),
    row(
        "mcast_query_use_ifaddr",
        24,
        Switch(U8),
        "ask from the bridge's own address, not from 0.0.0.0",
    ),
    row(
        "mcast_router",
        22,
        Form::Number(U8, 0, 2, &[]),
        "whether multicast routers are behind the bridge: 0 never, 1 found out, 2 always",
    ),
    row(
        "mcast_hash_max",
        27,
        Form::number(U32),
        "how many groups there may be",
    ),
    row(
        "mcast_hash_elasticity",
        26,
        Form::number(U32),
        "of no effect since Linux 5.0",
    ),
    row(
        "mcast_last_member_count",
        28,
        Form::number(U32),
        "how often to ask after a member left",
    ),
    row(
        "mcast_startup_query_count",
        29,
        Form::number(U32),
        "how often to ask at the start",
    ),
    row(
        "mcast_last_member_interval",
        30,
        Time(U64, Centiseconds),
        "from one such question to the next after a member left; 1 s unless given",
    ),
    row(
        "mcast_membership_interval",
        31,
        Time(U64, Centiseconds),
        "how long a membership lasts; 260 s unless given",
    ),
    row(
        "mcast_querier_interval",
        32,
        Time(U64, Centiseconds),
        "how long another querier is waited for; 255 s unless given",
    ),
    row(
        "mcast_query_interval",
        33,
        Time(U64, Centiseconds),
        "from one question to the next; 125 s unless given",
    ),
    row(
        "mcast_query_response_interval",
        34,
        Time(U64, Centiseconds),
        "how long an answer may take; 10 s unless given",
    ),
    row(
        "mcast_startup_query_interval",
        35,
        Time(U64, Centiseconds),
        "from one question to the next at the start",
    ),
    row(
        "mcast_stats_enabled",
        42,
        Switch(U8),
        "count IGMP and MLD messages",
    ),
    row(
        "mcast_igmp_version",
        43,
        Form::Number(U8, 2, 3, &[]),
        "the version of IGMP: 2 or 3",
    ),
    row(
        "mcast_mld_version",
        44,
        Form::Number(U8, 1, 2, &[]),
        "the version of MLD: 1 or 2",
    ),
    row(
        "nf_call_iptables",
        36,
        Switch(U8),
        "have iptables and nft ip see IPv4 that is bridged",
    ),
    row(
        "nf_call_ip6tables",
        37,
        Switch(U8),
        "have ip6tables and nft ip6 see IPv6 that is bridged",
    ),
    row(
        "nf_call_arptables",
        38,
        Switch(U8),
        "have arptables see ARP that is bridged",
    ),
    row(
        "fdb_flush",
        21,
        Form::Present,
        "forget all addresses that were learnt",
    )
    .says(Says::Alone)
    .done(),
    row(
        "root_port",
        12,
        Form::number(U16),
        "the port to the root bridge, 0 of the root itself",
    )
    .told(),
    row(
        "root_path_cost",
        13,
        Form::number(U32),
        "the cost of the way to the root bridge",
    )
    .told(),
    row(
        "topology_change",
        14,
        Switch(U8),
        "whether the tree is changing",
    )
    .told(),
];

/// `BR_STATE_*` of linux/if_bridge.h.
/// States of ports (`BR_STATE_*` of linux/if_bridge.h).
pub const STATES_OF_PORTS: Names = &[
    ("disabled", 0),
    ("listening", 1),
    ("learning", 2),
    ("forwarding", 3),
    ("blocking", 4),
];

const PORT: &[Row] = &[
    port_state(),
    row(
        "cost",
        3,
        Form::Number(U32, 1, 65535, &[]),
        "of a port of a bridge: what the way through it costs in the tree",
    ),
    row(
        "priority",
        2,
        Form::Number(U16, 0, 63, &[]),
        "of a port of a bridge: its priority in the tree",
    ),
    switch(
        "hairpin",
        4,
        "of a port of a bridge: send frames back out of the port that they came from",
    ),
    switch(
        "guard",
        5,
        "of a port of a bridge: disable it when it hears the spanning tree protocol (BPDU guard)",
    ),
    switch(
        "root_block",
        6,
        "of a port of a bridge: never let it become the port to the root",
    ),
    switch(
        "fastleave",
        7,
        "of a port of a bridge: stop sending a group as soon as a member leaves",
    ),
    switch(
        "learning",
        8,
        "of a port of a bridge: learn addresses from it",
    ),
    switch(
        "flood",
        9,
        "of a port of a bridge: send out of it what is for an address that nobody learnt",
    ),
    switch(
        "mcast_flood",
        27,
        "of a port of a bridge: send out of it what is for a group that nobody asked for",
    ),
    switch(
        "bcast_flood",
        30,
        "of a port of a bridge: send broadcasts out of it",
    ),
    switch(
        "mcast_to_unicast",
        28,
        "of a port of a bridge: send each member of a group a frame of its own",
    ),
    row(
        "mcast_router",
        25,
        Form::Number(U8, 0, 3, &[]),
        "of a port of a bridge: whether a multicast router is behind it: 0 never, 1 found out, 2 always, 3 for a while",
    ),
    switch(
        "isolated",
        33,
        "of a port of a bridge: keep it from other isolated ports",
    ),
    switch(
        "locked",
        39,
        "of a port of a bridge: let in only addresses that the fdb has (802.1X)",
    ),
    switch(
        "mab",
        40,
        "of a port of a bridge that is locked: enter the addresses that it hears as locked ones, for a program to let in (Linux 6.2)",
    ),
    row(
        "mcast_max_groups",
        42,
        Form::number(U32),
        "of a port of a bridge: how many groups there may be behind it; 0 is no limit (Linux 6.3)",
    ),
    row(
        "mcast_n_groups",
        41,
        Form::number(U32),
        "how many groups there are behind it",
    )
    .told(),
    switch(
        "neigh_vlan_suppress",
        43,
        "of a port of a bridge: let each VLAN say whether it answers ARP and ND, by bridge_vlan_set (Linux 6.4)",
    ),
    row(
        "backup_nhid",
        44,
        Form::number(U32),
        "of a port of a bridge: the next hop by which a VXLAN as backup_port sends; 0 is none (Linux 6.6)",
    ),
    switch(
        "proxy_arp",
        10,
        "of a port of a bridge: answer ARP for neighbours that are known",
    ),
    switch(
        "proxy_arp_wifi",
        12,
        "of a port of a bridge: the same by the rules of Wi-Fi",
    ),
    switch(
        "neigh_suppress",
        32,
        "of a port of a bridge: answer ARP and ND in the place of those behind it",
    ),
    switch(
        "vlan_tunnel",
        29,
        "of a port of a bridge: map VLANs to tunnels",
    ),
    row(
        "group_fwd_mask",
        31,
        Form::Hex(U16, 0, 0xffff, &[]),
        "of a port of a bridge: which of the link-local groups 01:80:c2:00:00:0X to forward: bit X",
    ),
    row(
        "backup_port",
        34,
        Form::Link,
        "of a port of a bridge: the port that is used when this one has no carrier; empty for none",
    )
    .says(Says::Or("nobackup_port")),
    row(
        "fdb_flush",
        24,
        Form::Present,
        "forget what was learnt: of a bridge all of it, of a port what came through it",
    )
    .says(Says::Alone)
    .done(),
    row(
        "designated_port",
        15,
        Form::number(U16),
        "the port by which the way goes",
    )
    .told(),
    row(
        "designated_cost",
        16,
        Form::number(U16),
        "the cost of that way",
    )
    .told(),
    row(
        "id",
        17,
        Form::number(U16),
        "the number and priority in the spanning tree protocol",
    )
    .told(),
    row("no", 18, Form::number(U16), "the number of the port").told(),
];

/// `ip` takes a number for it, `bridge` a word; Linux sets it by hand only where no STP runs.
const fn port_state() -> Row {
    row("state", 1, Word(U8, STATES_OF_PORTS), "of a port of a bridge: \"disabled\", \"listening\", \"learning\", \"forwarding\" or \"blocking\"; without a spanning tree protocol of a program's a port that is blocking forwards again at once, one that is disabled when its link changes").says(Says::Number)
}

const fn switch(key: &'static str, number: u16, text: &'static str) -> Row {
    row(key, number, Switch(U8), text).says(Says::OnOff)
}
