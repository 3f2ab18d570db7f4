//! Properties that any link has and that few set: flags of the link, whether it is held down, how it makes IPv6 addresses, how large
//! its segments may be (ip-link(8), linux/if_link.h).
//!
//! They are rows, like the settings of a kind; some of them are bits of the header, and one is nested two deep.

use super::link_message::Body;
use super::mac::Mac;
use super::netlink::attributes::{self, Attribute, Attributes};
use super::options::{Form, Row, Says, Setting, Settings, Width, row};

/// IFF_* of linux/if.h, each with whether the option is the flag or its opposite.
const FLAGS: [(&str, u32, bool); 4] = [
    ("arp", 0x80, false),
    ("multicast", 0x1000, true),
    ("allmulticast", 0x200, true),
    ("dynamic", 0x8000, true),
];

const IFLA_BROADCAST: u16 = 2;
const IFLA_AF_SPEC: u16 = 26;
const IFLA_CARRIER: u16 = 33;
const IFLA_PROTO_DOWN: u16 = 39;
const IFLA_GSO_MAX_SEGS: u16 = 40;
const IFLA_GSO_MAX_SIZE: u16 = 41;
const IFLA_GRO_MAX_SIZE: u16 = 58;
const AF_INET6: u16 = 10;
const IFLA_INET6_ADDR_GEN_MODE: u16 = 8;

/// IN6_ADDR_GEN_MODE_*.
const MODES: &[(&str, u64)] = &[
    ("eui64", 0),
    ("none", 1),
    ("stable_secret", 2),
    ("random", 3),
];

const fn on(key: &'static str, number: u16, text: &'static str) -> Row {
    row(key, number, Form::Switch(Width::U8), text).says(Says::OnOff)
}

/// The properties.
pub const PROPERTIES: &[Row] = &[
    on("arp", 0, "ask for hardware addresses (ARP)"),
    on("multicast", 0, "send to groups"),
    on("allmulticast", 0, "take in what is sent to any group"),
    on("dynamic", 0, "its addresses go when it goes down"),
    on(
        "carrier",
        IFLA_CARRIER,
        "whether it has a carrier, of a link that lets it be set",
    ),
    on(
        "protodown",
        IFLA_PROTO_DOWN,
        "hold it down, of a link that lets it be held",
    ),
    row(
        "addrgenmode",
        IFLA_AF_SPEC,
        Form::Word(Width::U8, MODES),
        "how it makes its own IPv6 addresses: \"eui64\", \"none\", \"stable_secret\", \"random\"",
    ),
    row(
        "broadcast",
        IFLA_BROADCAST,
        Form::Mac,
        "the hardware address that all take in",
    ),
    row(
        "gso_max_size",
        IFLA_GSO_MAX_SIZE,
        Form::number(Width::U32),
        "the largest segment in bytes that is handed to the link to be cut",
    ),
    row(
        "gso_max_segs",
        IFLA_GSO_MAX_SEGS,
        Form::number(Width::U32),
        "into how many packets the link cuts a segment at most",
    ),
    row(
        "gro_max_size",
        IFLA_GRO_MAX_SIZE,
        Form::number(Width::U32),
        "the largest segment in bytes that packets which come in are joined to",
    ),
];

/// Writes the properties.
pub(super) fn write(properties: &Settings, body: &mut Body) {
    for (row, setting) in properties.given() {
        let number = setting.number();
        match (row.key, setting) {
            (key, Setting::Switch(is_on)) => {
                let flag = FLAGS.iter().find(|(known, ..)| *known == key);
                match flag {
                    Some((_, bit, is_the_flag)) => body.flag(*bit, Some(is_on == is_the_flag)),
                    None => body.attribute(row.number, &[u8::from(*is_on)]),
                }
            }
            (_, Setting::Mac(mac)) => body.attribute(row.number, &mac.bytes()),
            ("addrgenmode", Setting::Word(word)) => {
                let mode = MODES.iter().find(|(name, _)| name == word);
                let mode = mode.map_or(0, |(_, mode)| *mode);
                let mut family = Attributes::new();
                family.put(IFLA_INET6_ADDR_GEN_MODE, &Width::U8.bytes(mode));
                let mut families = Attributes::new();
                families.put(AF_INET6, family.as_bytes());
                body.attribute(row.number, families.as_bytes());
            }
            _ => body.attribute(row.number, &Width::U32.bytes(number)),
        }
    }
}

/// Whether an attribute is one of these properties.
pub(super) fn is_one(kind: u16) -> bool {
    matches!(
        kind,
        IFLA_BROADCAST
            | IFLA_AF_SPEC
            | IFLA_PROTO_DOWN
            | IFLA_GSO_MAX_SEGS
            | IFLA_GSO_MAX_SIZE
            | IFLA_GRO_MAX_SIZE
    )
}

/// Reads an attribute that is a property, if it is of its form.
pub(super) fn read(kind: u16, value: &[u8]) -> Option<(&'static Row, Setting)> {
    let row = PROPERTIES.iter().find(|row| row.number == kind)?;
    let setting = match row.form {
        Form::Mac => Setting::Mac(Mac::from_bytes(value)?),
        Form::Switch(width) => Setting::Switch(width.number(value)? != 0),
        Form::Word(width, names) => {
            let mode: Attribute = attributes::find(value, AF_INET6)
                .and_then(|family| attributes::find(family.value, IFLA_INET6_ADDR_GEN_MODE))?;
            let number = width.number(mode.value)?;
            Setting::Word(names.iter().find(|(_, known)| *known == number)?.0)
        }
        _ => Setting::Number(Width::U32.number(value)?),
    };
    Some((row, setting))
}

/// The flags of a link as properties, by their names in `ip link`.
pub(super) fn of_flags(flags: &[&str]) -> Vec<(&'static str, Setting)> {
    [
        ("arp", !flags.contains(&"NOARP")),
        ("multicast", flags.contains(&"MULTICAST")),
        ("allmulticast", flags.contains(&"ALLMULTI")),
        ("dynamic", flags.contains(&"DYNAMIC")),
    ]
    .into_iter()
    .map(|(key, is_on)| (key, Setting::Switch(is_on)))
    .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn properties_come_back() {
        let mode = read(IFLA_AF_SPEC, &[12, 0, 10, 0, 5, 0, 8, 0, 1, 0, 0, 0]);
        assert_eq!(mode.map(|(_, mode)| mode), Some(Setting::Word("none")));
        let down = read(IFLA_PROTO_DOWN, &[1]).map(|(row, value)| (row.key, value));
        assert_eq!(down, Some(("protodown", Setting::Switch(true))));
        assert_eq!(read(IFLA_GSO_MAX_SIZE, &[1]), None);
        assert_eq!(read(9999, &[1]), None);
    }

    proptest! {
        #[test]
        fn nothing_is_a_panic(kind in 0u16..64, bytes: Vec<u8>) {
            let _ = read(kind, &bytes);
        }
    }
}
