//! Messages that hosts and bridges send each other: DNS (RFC 1035), DHCP (RFC 2131), LLDP (IEEE 802.1AB). What has no fixed place in
//! them is read and written by `messages`.

use crate::packet::layers::header::Form::{Flag, Ip4, Mac, Number, Whatever};
use crate::packet::layers::header::Next::Payload;
use crate::packet::layers::header::Usual::{Constant, Filled, Given, Is};
use crate::packet::layers::header::{Extent, Field, Kind, field};
use crate::packet::layers::messages::{BYTES, Message};

/// What has no fixed place, and what it wants.
const fn part(name: &'static str, wanted: &'static str) -> Field {
    field(name, 0, 0, Whatever(wanted), Is(0))
}

const LAID_OUT: Field = part(BYTES, "a blob");

/// DNS. The names of the flags are those of RFC 1035, 4.1.1, and RFC 4035.
pub const DNS: Kind = Kind {
    name: "dns",
    length: 12,
    fields: &[
        field("id", 0, 16, Number, Is(0)),
        field("qr", 16, 1, Flag, Is(0)),
        field("opcode", 17, 4, Number, Is(0)),
        field("aa", 21, 1, Flag, Is(0)),
        field("tc", 22, 1, Flag, Is(0)),
        field("rd", 23, 1, Flag, Is(1)),
        field("ra", 24, 1, Flag, Is(0)),
        field("z", 25, 1, Flag, Constant(0)),
        field("ad", 26, 1, Flag, Is(0)),
        field("cd", 27, 1, Flag, Is(0)),
        field("rcode", 28, 4, Number, Is(0)),
        field("qdcount", 32, 16, Number, Filled),
        field("ancount", 48, 16, Number, Filled),
        field("nscount", 64, 16, Number, Filled),
        field("arcount", 80, 16, Number, Filled),
        part("questions", "an array of maps"),
        part("answers", "an array of maps"),
        part("authority", "an array of maps"),
        part("additional", "an array of maps"),
        LAID_OUT,
    ],
    extent: Extent::Message(Message::Dns),
    next: Payload,
};

/// DHCP over Ethernet.
pub const DHCP: Kind = Kind {
    name: "dhcp",
    length: 236,
    fields: &[
        field("op", 0, 8, Number, Is(1)),
        field("htype", 8, 8, Number, Constant(1)),
        field("hlen", 16, 8, Number, Constant(6)),
        field("hops", 24, 8, Number, Is(0)),
        field("xid", 32, 32, Number, Is(0)),
        field("secs", 64, 16, Number, Is(0)),
        field("broadcast", 80, 1, Flag, Is(0)),
        field("reserved", 81, 15, Number, Constant(0)),
        field("ciaddr", 96, 32, Ip4, Is(0)),
        field("yiaddr", 128, 32, Ip4, Is(0)),
        field("siaddr", 160, 32, Ip4, Is(0)),
        field("giaddr", 192, 32, Ip4, Is(0)),
        field("chaddr", 224, 48, Mac, Given),
        part("sname", "a string"),
        part("file", "a string"),
        part("message", "a word such as \"discover\""),
        part("options", "an array of options"),
        LAID_OUT,
    ],
    extent: Extent::Message(Message::Dhcp),
    next: Payload,
};

/// LLDP.
pub const LLDP: Kind = Kind {
    name: "lldp",
    length: 0,
    fields: &[
        part(
            "chassis_id",
            "a map such as #{ mac: \"02:00:00:00:00:01\" }",
        ),
        part("port_id", "a map such as #{ ifname: \"eth0\" }"),
        part("ttl", "an int"),
        part("port_description", "a string"),
        part("system_name", "a string"),
        part("system_description", "a string"),
        part("capabilities", "a map of supported and enabled"),
        part("tlvs", "an array of maps"),
        LAID_OUT,
    ],
    extent: Extent::Message(Message::Lldp),
    next: Payload,
};
