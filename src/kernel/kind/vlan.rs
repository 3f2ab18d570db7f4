//! VLANs: `IFLA_VLAN_*` of linux/if_link.h, `enum vlan_flags` of linux/if_vlan.h; the words of ip/iplink_vlan.c in iproute2.

use super::bridge::PROTOCOLS;
use super::{Kind, upper};
use crate::kernel::options::{Form, Row, Says, Width, row};

/// VLANs.
pub const VLAN: Kind = upper("vlan", OPTIONS);

const FLAGS: u16 = 2;

const OPTIONS: &[Row] = &[
    row(
        "id",
        1,
        Form::Number(Width::U16, 0, 4094, &[]),
        "the number of the VLAN",
    )
    .parameter()
    .note("a tag has 12 bits for it, and 4095 is reserved (IEEE 802.1Q)"),
    row(
        "protocol",
        5,
        Form::Word(Width::Be16, PROTOCOLS),
        "the tag: \"802.1Q\", or \"802.1ad\" for provider bridges (QinQ)",
    ),
    flag(
        "reorder_hdr",
        0x01,
        "take the tag out of frames that come in; on unless given",
    ),
    flag("gvrp", 0x02, "register the VLAN by GVRP"),
    flag("mvrp", 0x08, "register the VLAN by MVRP"),
    flag("loose_binding", 0x04, "do not go down with the parent"),
    flag(
        "bridge_binding",
        0x10,
        "have a carrier as the ports of the bridge below have it",
    ),
    row(
        "ingress_qos_map",
        4,
        Form::Pairs,
        "from the priority in the tag to the packet's: \"0:1 1:2\"",
    )
    .word("ingress-qos-map"),
    row(
        "egress_qos_map",
        3,
        Form::Pairs,
        "from the packet's priority to the one in the tag: \"0:1 1:2\"",
    )
    .word("egress-qos-map"),
];

const fn flag(key: &'static str, bit: u32, text: &'static str) -> Row {
    row(key, FLAGS, Form::MaskedBit(bit), text).says(Says::OnOff)
}
