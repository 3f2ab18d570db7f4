//! What the kernel's numbers mean, as data: one table per namespace of attributes, one file per kernel object.
//!
//! A table says for each attribute its number, its name in the kernel's headers and the kind of its value; how a kind
//! becomes text is in `values.rs` and `tree.rs`. A new family is one more table and one line in [`OBJECTS`], or, of
//! netfilter, in [`SUBSYSTEMS`].
//!
//! Names and numbers are those of linux/*.h of Linux 6.18 and of the kernel's YNL specifications.

mod action;
mod address;
mod answer;
mod bridge;
mod conntrack;
mod device;
mod expression;
mod link;
mod names;
mod neighbour;
mod netfilter;
mod nftables;
mod qdisc;
mod route;

pub use address::RTGENMSG;
pub use answer::*;
pub use names::{FAMILIES, ROUTE_FLAGS};
pub use netfilter::{NFGENMSG, Purpose, SUBSYSTEM_NAMES, SUBSYSTEMS};
pub use route::ROUTE;

use Integer::*;

/// Numbers with names: values, or single bits of flags.
pub type Names = &'static [(u64, &'static str)];

/// The attributes of one namespace: number, name, kind of value.
pub type Table = &'static [(u16, &'static str, Kind)];

/// A C struct: its name and its fields in order.
pub struct Header {
    pub name: &'static str,
    pub fields: &'static [(&'static str, Kind)],
}

/// An integer as it lies in a message: host order, or `Be` for network order.
#[derive(Clone, Copy)]
pub enum Integer {
    U8,
    U16,
    U32,
    U64,
    I32,
    I64,
    Be16,
    Be32,
    Be64,
    /// NLA_UINT: 4 or 8 bytes, as many as the value needs.
    Unsigned,
}

/// What an attribute's bytes are.
pub enum Kind {
    Decimal(Integer),
    Hex(Integer),
    /// One of a list.
    Name(Integer, &'static Names),
    /// Bits of a list.
    Flags(Integer, &'static Names),
    /// Seconds, where all ones mean forever.
    Lifetime,
    /// A traffic control handle, major and minor.
    Handle,
    Text,
    /// Six bytes of a hardware address.
    Mac,
    /// A hardware address of any length; 4 and 16 bytes are a tunnel's IP address.
    LinkLayer,
    /// IPv4 or IPv6 by its length, or an MPLS label stack in that family.
    Address,
    /// An MPLS label stack.
    Labels,
    /// Address family, then an address of it.
    Via,
    /// No value: being there is what counts.
    Presence,
    /// Bytes that nobody explains.
    Bytes,
    /// In a struct: this many bytes, shown as they are.
    Fixed(usize),
    /// In a struct: padding.
    Skip(usize),
    /// Many counters in a row; only those that are not zero are shown.
    Counters(Integer, &'static &'static [&'static str]),
    Record(&'static Header),
    /// The struct again and again.
    List(&'static Header),
    /// More attributes.
    Nest(&'static Table),
    /// Attributes whose numbers only count; each has the same kind.
    Each(&'static Kind),
    /// A struct, then attributes.
    Headed(&'static Header, &'static Table),
    /// `struct rtnexthop` and its attributes, again and again.
    NextHops,
    /// The kind depends on the text of the attribute with this number beside it.
    ByText(u16, &'static [(&'static str, Kind)]),
    /// The kind depends on the value of the attribute with this number beside it.
    ByNumber(u16, &'static [(u64, Kind)]),
    /// The kind depends on the address family of the message; the second is for all others.
    ByFamily(&'static [(u8, Kind)], &'static Kind),
}

impl Integer {
    /// How many bytes it takes, where that is fixed.
    pub fn width(self) -> Option<usize> {
        match self {
            U8 => Some(1),
            U16 | Be16 => Some(2),
            U32 | I32 | Be32 => Some(4),
            U64 | I64 | Be64 => Some(8),
            Unsigned => None,
        }
    }
}

impl Kind {
    /// How many bytes it takes as the field of a struct.
    pub fn width(&self) -> usize {
        match self {
            Kind::Decimal(integer)
            | Kind::Hex(integer)
            | Kind::Name(integer, _)
            | Kind::Flags(integer, _) => integer.width().unwrap_or(0),
            Kind::Lifetime | Kind::Handle => 4,
            Kind::Mac => 6,
            Kind::Fixed(width) | Kind::Skip(width) => *width,
            _ => 0,
        }
    }

    /// Whether it has no attributes below it.
    pub fn is_plain(&self) -> bool {
        !matches!(
            self,
            Kind::Nest(_)
                | Kind::Each(_)
                | Kind::List(_)
                | Kind::Headed(..)
                | Kind::NextHops
                | Kind::ByText(..)
                | Kind::ByNumber(..)
                | Kind::ByFamily(..)
        )
    }
}

impl Header {
    /// The size of the struct without its end padding.
    pub fn width(&self) -> usize {
        self.fields.iter().map(|(_, kind)| kind.width()).sum()
    }
}

/// What rtnetlink's messages are about. Each object has four message types in a row: NEW, DEL, GET, SET.
pub struct Object {
    /// The number of the NEW message.
    pub first: u16,
    /// The name after RTM_NEW.
    pub name: &'static str,
    pub header: &'static Header,
    pub attributes: &'static Table,
    /// The attributes of a request to make a change, where they differ from what the kernel tells.
    pub change: &'static Table,
}

const fn object(
    first: u16,
    name: &'static str,
    header: &'static Header,
    attributes: &'static Table,
) -> Object {
    Object {
        first,
        name,
        header,
        attributes,
        change: attributes,
    }
}

/// The families of linux/rtnetlink.h.
pub static OBJECTS: &[Object] = &[
    object(16, "LINK", &link::IFINFOMSG, &link::LINK),
    object(20, "ADDR", &address::IFADDRMSG, &address::ADDRESS),
    object(24, "ROUTE", &route::RTMSG, &route::ROUTE),
    object(28, "NEIGH", &neighbour::NDMSG, &neighbour::NEIGHBOUR),
    object(32, "RULE", &route::FIB_RULE_HDR, &route::RULE),
    object(36, "QDISC", &qdisc::TCMSG, &qdisc::QDISC),
    object(40, "TCLASS", &qdisc::TCMSG, &qdisc::QDISC),
    object(44, "TFILTER", &qdisc::TCMSG, &qdisc::QDISC),
    object(52, "PREFIX", &address::PREFIXMSG, &address::PREFIX),
    object(56, "MULTICAST", &address::IFADDRMSG, &address::ADDRESS),
    object(60, "ANYCAST", &address::IFADDRMSG, &address::ADDRESS),
    object(
        64,
        "NEIGHTBL",
        &neighbour::NDTMSG,
        &neighbour::NEIGHBOUR_TABLE,
    ),
    object(
        72,
        "ADDRLABEL",
        &address::IFADDRLBLMSG,
        &address::ADDRESS_LABEL,
    ),
    object(80, "NETCONF", &address::NETCONFMSG, &address::CONFIGURATION),
    Object {
        first: 84,
        name: "MDB",
        header: &bridge::BR_PORT_MSG,
        attributes: &bridge::MULTICAST_GROUPS,
        change: &bridge::MULTICAST_GROUP_CHANGE,
    },
    object(88, "NSID", &address::RTGENMSG, &address::NAMESPACE_ID),
    object(
        92,
        "STATS",
        &address::IF_STATS_MSG,
        &address::LINK_STATISTICS,
    ),
    object(100, "CHAIN", &qdisc::TCMSG, &qdisc::QDISC),
    object(104, "NEXTHOP", &route::NHMSG, &route::NEXT_HOP),
    object(108, "LINKPROP", &link::IFINFOMSG, &link::LINK),
    object(112, "VLAN", &bridge::BR_VLAN_MSG, &bridge::BRIDGE_VLANS),
    object(116, "NEXTHOPBUCKET", &route::NHMSG, &route::NEXT_HOP),
];
