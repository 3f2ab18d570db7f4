//! flower, the filter that compares fields of a packet by their names: TCA_FLOWER_* of linux/pkt_cls.h (tc-flower(8)).

mod fields;

use std::net::IpAddr;

use crate::kernel::error::Result;
use crate::kernel::mac::Mac;
use crate::kernel::netlink::attributes::{self, Attributes};
use crate::kernel::options::{Form, Row, Says, Setting, Settings, Width, row};

pub use self::fields::unknown;

const TCA_FLOWER_KEY_IP_PROTO: u16 = 9;

const fn of(key: &'static str) -> Row {
    row(key, 0, Form::Text, "")
}

const fn number(key: &'static str, most: u64) -> Row {
    row(key, 0, Form::up_to(most), "")
}

/// The fields.
pub const OPTIONS: &[Row] = &[
    number("vlan_id", 4095),
    number("vlan_prio", 7),
    of("vlan_ethtype"),
    number("cvlan_id", 4095),
    number("cvlan_prio", 7),
    of("cvlan_ethtype"),
    number("num_of_vlans", 255),
    of("dst_mac"),
    of("src_mac"),
    of("src_ip"),
    of("dst_ip"),
    of("ip_proto"),
    of("src_port"),
    of("dst_port"),
    of("tcp_flags"),
    of("ip_tos"),
    number("ip_ttl", 255),
    number("type", 255),
    number("code", 255),
    of("arp_sip"),
    of("arp_tip"),
    of("arp_op"),
    of("arp_sha"),
    of("arp_tha"),
    number("mpls_label", 0xf_ffff),
    number("mpls_tc", 7),
    number("mpls_bos", 1),
    number("mpls_ttl", 255),
    number("enc_key_id", u32::MAX as u64),
    of("enc_src_ip"),
    of("enc_dst_ip"),
    of("enc_dst_port"),
    of("enc_tos"),
    of("enc_ttl"),
    of("ct_state"),
    of("ct_zone"),
    of("ct_mark"),
    of("ct_label"),
    of("ip_flags"),
    of("indev"),
    row("skip_sw", 0, Form::Present, "").says(Says::Alone),
    row("skip_hw", 0, Form::Present, "").says(Says::Alone),
];

/// The flags of a filter (TCA_CLS_FLAGS_*): which of the two looks at it.
const FLAGS: [(&str, u32); 2] = [("skip_hw", 1), ("skip_sw", 2)];
const TCA_FLOWER_FLAGS: u16 = 22;
const TCA_FLOWER_KEY_FLAGS: u16 = 47;
const TCA_FLOWER_KEY_FLAGS_MASK: u16 = 48;

/// Protocols above IP by tc's names (IPPROTO_* of linux/in.h).
const PROTOCOLS: [(&str, u8); 6] = [
    ("tcp", 6),
    ("udp", 17),
    ("sctp", 132),
    ("icmp", 1),
    ("icmpv6", 58),
    ("l2tp", 115),
];

/// The attributes of ports: source and destination of each protocol, and those of their masks; and of ranges of them, whatever the
/// protocol.
const PORTS: [(u8, u16, u16, u16); 3] = [(6, 18, 19, 35), (17, 20, 21, 37), (132, 41, 42, 39)];
const RANGES: [(&str, u16, u16); 2] = [("src_port", 87, 88), ("dst_port", 89, 90)];

/// Why a field does not do: its key, and the words.
pub type Wrong = (&'static str, String);

/// Writes the attributes, in the order of the table.
pub fn write(settings: &Settings) -> std::result::Result<Attributes, Wrong> {
    let mut attributes = Attributes::new();
    for property in OPTIONS {
        if let Some(value) = settings.get(property.key) {
            let written = write_one(property.key, value, settings, &mut attributes);
            written.map_err(|words| (property.key, words))?;
        }
    }
    Ok(attributes)
}

/// Writes what comes behind the actions: who looks at the filter, and fragments.
pub fn write_flags(settings: &Settings, attributes: &mut Attributes) {
    let on = FLAGS.iter().filter(|(key, _)| settings.is_on(key));
    attributes.u32(TCA_FLOWER_FLAGS, on.map(|(_, bit)| bit).sum());
    // What is no such word was refused before.
    let fragments = settings.text("ip_flags").map(fields::fragments);
    if let Some(Ok((value, mask))) = fragments {
        attributes
            .put(TCA_FLOWER_KEY_FLAGS, &value.to_be_bytes())
            .put(TCA_FLOWER_KEY_FLAGS_MASK, &mask.to_be_bytes());
    }
}

fn write_one(
    key: &'static str,
    value: &Setting,
    all: &Settings,
    attributes: &mut Attributes,
) -> std::result::Result<(), String> {
    if fields::write(key, value, attributes)? {
        return Ok(());
    }
    let text = value.words();
    let byte = u8::try_from(value.number()).unwrap_or(u8::MAX);
    let exact = |attributes: &mut Attributes, kind: u16, byte: u8| {
        attributes.u8(kind, byte).u8(kind + 1, u8::MAX);
    };
    match key {
        "vlan_id" => drop(attributes.u16(23, u16::try_from(value.number()).unwrap_or(0))),
        "vlan_prio" => drop(attributes.u8(24, byte)),
        "vlan_ethtype" => {
            let number = super::protocol_number(&text);
            let number = number.ok_or_else(|| format!("{text:?} is no protocol of Ethernet"))?;
            attributes.be16(25, number);
        }
        "dst_mac" => mac(attributes, 4, &text)?,
        "src_mac" => mac(attributes, 6, &text)?,
        "src_ip" => prefix(attributes, 10, 14, &text)?,
        "dst_ip" => prefix(attributes, 12, 16, &text)?,
        "arp_sip" => prefix(attributes, 57, 0, &text)?,
        "arp_tip" => prefix(attributes, 59, 0, &text)?,
        "ip_proto" => drop(attributes.u8(TCA_FLOWER_KEY_IP_PROTO, protocol(&text)?)),
        "src_port" | "dst_port" => ports(attributes, key, &text, all)?,
        "tcp_flags" => {
            let (flags, mask) = fields::masked(&text, 0xfff, &[])?;
            attributes
                .put(71, &Width::Be16.bytes(flags))
                .put(72, &Width::Be16.bytes(mask));
        }
        "ip_tos" => {
            let (tos, mask) = fields::masked(&text, 0xff, &[])?;
            attributes
                .put(73, &Width::U8.bytes(tos))
                .put(74, &Width::U8.bytes(mask));
        }
        "ip_flags" => drop(fields::fragments(&text)?),
        "ip_ttl" => exact(attributes, 75, byte),
        "type" | "code" => {
            let base = match all.text("ip_proto") {
                Some("icmp" | "1") => 49,
                Some("icmpv6" | "58") => 53,
                _ => return Err("it is of ICMP: give ip_proto \"icmp\" or \"icmpv6\" too".into()),
            };
            exact(
                attributes,
                if key == "type" { base + 2 } else { base },
                byte,
            );
        }
        _ => {}
    }
    Ok(())
}

fn protocol(text: &str) -> std::result::Result<u8, String> {
    let named = PROTOCOLS.iter().find(|(name, _)| *name == text);
    let number = named
        .map(|(_, number)| *number)
        .or_else(|| text.parse().ok());
    number.ok_or_else(|| format!("{text:?} is no protocol such as \"tcp\", \"udp\", \"icmp\" or 6"))
}

fn mac(attributes: &mut Attributes, kind: u16, text: &str) -> std::result::Result<(), String> {
    let (address, mask) = match text.split_once('/') {
        Some((address, mask)) => (address, mask.parse::<Mac>()?),
        None => (text, Mac::from_bytes(&[0xff; 6]).ok_or("no mask")?),
    };
    let address: Mac = address.parse()?;
    attributes.put(kind, &address.bytes());
    attributes.put(kind + 1, &mask.bytes());
    Ok(())
}

/// An address and its mask, behind one another.
fn prefix(
    attributes: &mut Attributes,
    of_ipv4: u16,
    of_ipv6: u16,
    text: &str,
) -> std::result::Result<(), String> {
    let wrong = || format!("{text:?} is no address such as \"10.0.0.1\" or \"10.0.0.0/24\"");
    let (address, length) = match text.split_once('/') {
        Some((address, length)) => (address, Some(length)),
        None => (text, None),
    };
    let address: IpAddr = address.parse().map_err(|_| wrong())?;
    let bits: u32 = if address.is_ipv4() { 32 } else { 128 };
    let length = length.map_or(Some(bits), |length| length.parse().ok());
    let length = length.filter(|length| *length <= bits).ok_or_else(wrong)?;
    let mask = match address {
        IpAddr::V4(_) => u32::MAX
            .checked_shl(32 - length)
            .unwrap_or(0)
            .to_be_bytes()
            .to_vec(),
        IpAddr::V6(_) => u128::MAX
            .checked_shl(128 - length)
            .unwrap_or(0)
            .to_be_bytes()
            .to_vec(),
    };
    let kind = match address {
        IpAddr::V4(_) => of_ipv4,
        IpAddr::V6(_) if of_ipv6 == 0 => return Err("ARP has addresses of IPv4".into()),
        IpAddr::V6(_) => of_ipv6,
    };
    attributes.ip(kind, address).put(kind + 1, &mask);
    Ok(())
}

fn ports(
    attributes: &mut Attributes,
    key: &str,
    text: &str,
    all: &Settings,
) -> std::result::Result<(), String> {
    let port = |text: &str| {
        let number = text.trim().parse::<u16>();
        number.map_err(|_| format!("{text:?} is no port: 0 to 65535, or a range \"80-90\""))
    };
    let name = all.text("ip_proto");
    let protocol = name.and_then(|name| protocol(name).ok());
    let known = PORTS.iter().find(|(known, ..)| Some(*known) == protocol);
    let Some((_, source, destination, masks)) = known else {
        return Err(
            "a port is of a protocol: give ip_proto \"tcp\", \"udp\" or \"sctp\" too".into(),
        );
    };
    match text.split_once('-') {
        Some((first, last)) => {
            let (first, last) = (port(first)?, port(last)?);
            if first >= last {
                return Err(format!("{text:?} ends before it begins"));
            }
            let range = RANGES.iter().find(|(range, ..)| *range == key);
            let (_, least, most) = range.unwrap_or(&RANGES[0]);
            attributes.be16(*least, first).be16(*most, last);
        }
        None => {
            let (kind, mask_kind) = match key {
                "src_port" => (*source, *masks),
                _ => (*destination, masks + 1),
            };
            match text.split_once('/') {
                Some(_) => {
                    let (value, mask) = fields::masked(text, 0xffff, &[])?;
                    attributes
                        .put(kind, &Width::Be16.bytes(value))
                        .put(mask_kind, &Width::Be16.bytes(mask));
                }
                None => drop(attributes.be16(kind, port(text)?)),
            }
        }
    }
    Ok(())
}

/// Reads the attributes.
pub fn read(bytes: &[u8]) -> Result<Settings> {
    let mut settings = Settings::of(OPTIONS);
    let find = |kind| attributes::find(bytes, kind);
    for (key, kind) in [("vlan_prio", 24), ("ip_ttl", 75)] {
        if let Some(byte) = find(kind) {
            settings.set(key, Setting::Number(u64::from(byte.u8()?)));
        }
    }
    if let Some(id) = find(23) {
        settings.set("vlan_id", Setting::Number(u64::from(id.u16()?)));
    }
    for (key, kinds) in [("type", [51, 55]), ("code", [49, 53])] {
        if let Some(byte) = kinds.into_iter().find_map(find) {
            settings.set(key, Setting::Number(u64::from(byte.u8()?)));
        }
    }
    let mut text = |key: &'static str, words: Option<String>| {
        if let Some(words) = words {
            settings.set(key, Setting::Text(words));
        }
    };
    let ethertype = find(25).map(|kind| kind.be16()).transpose()?;
    text("vlan_ethtype", ethertype.map(super::protocol_name));
    for (key, kind) in [("dst_mac", 4), ("src_mac", 6)] {
        text(key, mac_words(find(kind), find(kind + 1)));
    }
    for (key, kinds) in [
        ("src_ip", [10, 14].as_slice()),
        ("dst_ip", &[12, 16]),
        ("arp_sip", &[57]),
        ("arp_tip", &[59]),
    ] {
        let found = kinds
            .iter()
            .find_map(|kind| prefix_words(find(*kind), find(kind + 1)));
        text(key, found);
    }
    let protocol = find(TCA_FLOWER_KEY_IP_PROTO)
        .map(|byte| byte.u8())
        .transpose()?;
    text("ip_proto", protocol.map(protocol_words));
    for (_, source, destination, mask) in PORTS {
        for (key, kind, mask) in [
            ("src_port", source, mask),
            ("dst_port", destination, mask + 1),
        ] {
            let Some(port) = find(kind) else { continue };
            let port = port.be16()?;
            let mask = find(mask).map_or(Ok(u16::MAX), |mask| mask.be16())?;
            let words = match mask {
                u16::MAX => port.to_string(),
                mask => format!("{port:#x}/{mask:#x}"),
            };
            text(key, Some(words));
        }
    }
    for (key, least, most) in RANGES {
        if let (Some(least), Some(most)) = (find(least), find(most)) {
            text(key, Some(format!("{}-{}", least.be16()?, most.be16()?)));
        }
    }
    if let (Some(flags), Some(mask)) = (find(71), find(72)) {
        text(
            "tcp_flags",
            Some(format!("{:#x}/{:#x}", flags.be16()?, mask.be16()?)),
        );
    }
    if let (Some(tos), Some(mask)) = (find(73), find(74)) {
        text(
            "ip_tos",
            Some(format!("{:#x}/{:#x}", tos.u8()?, mask.u8()?)),
        );
    }
    let be32 = |kind| find(kind).and_then(|one| Width::Be32.number(one.value));
    let short = |number: Option<u64>| number.and_then(|number| u32::try_from(number).ok());
    let fragments = short(be32(TCA_FLOWER_KEY_FLAGS)).zip(short(be32(TCA_FLOWER_KEY_FLAGS_MASK)));
    let fragments = fragments.map(|(value, mask)| fields::fragment_words(value, mask));
    text("ip_flags", fragments.filter(|words| !words.is_empty()));
    fields::read(bytes, &mut settings)?;
    let flags = find(TCA_FLOWER_FLAGS).map_or(Ok(0), |flags| flags.u32())?;
    for (key, _) in FLAGS.iter().filter(|(_, bit)| flags & bit != 0) {
        settings.set(key, Setting::Switch(true));
    }
    Ok(settings.in_order())
}

fn protocol_words(number: u8) -> String {
    let named = PROTOCOLS.iter().find(|(_, known)| *known == number);
    named.map_or_else(|| number.to_string(), |(name, _)| (*name).to_owned())
}

fn mac_words(
    address: Option<attributes::Attribute<'_>>,
    mask: Option<attributes::Attribute<'_>>,
) -> Option<String> {
    let address = Mac::from_bytes(address?.value)?;
    match mask.and_then(|mask| Mac::from_bytes(mask.value)) {
        Some(mask) if mask.bytes() != [0xff; 6] => Some(format!("{address}/{mask}")),
        _ => Some(address.to_string()),
    }
}

fn prefix_words(
    address: Option<attributes::Attribute<'_>>,
    mask: Option<attributes::Attribute<'_>>,
) -> Option<String> {
    let address = address?.ip().ok()?;
    let ones: u32 = mask?.value.iter().map(|byte| byte.count_ones()).sum();
    let bits: u32 = if address.is_ipv4() { 32 } else { 128 };
    Some(match ones == bits {
        true => address.to_string(),
        false => format!("{address}/{ones}"),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn settings(pairs: &[(&'static str, &str)]) -> Settings {
        let mut settings = Settings::of(OPTIONS);
        for (key, text) in pairs {
            let value = match text.parse() {
                Ok(number) if !key.contains("port") => Setting::Number(number),
                _ => Setting::Text((*text).into()),
            };
            settings.set(key, value);
        }
        settings
    }

    #[test]
    fn fields_come_back() {
        for pairs in [
            &[
                ("src_ip", "10.0.0.0/24"),
                ("dst_ip", "10.0.0.1"),
                ("ip_proto", "tcp"),
                ("dst_port", "80"),
            ][..],
            &[
                ("src_ip", "fd00::/64"),
                ("ip_proto", "udp"),
                ("src_port", "1000-2000"),
            ],
            &[
                ("vlan_id", "10"),
                ("vlan_prio", "3"),
                ("vlan_ethtype", "ip"),
            ],
            &[
                ("dst_mac", "02:00:00:00:00:01"),
                ("src_mac", "02:00:00:00:00:00/ff:ff:00:00:00:00"),
            ],
            &[("ip_proto", "icmp"), ("type", "8"), ("code", "0")],
            &[
                ("ip_proto", "tcp"),
                ("tcp_flags", "0x2/0x17"),
                ("ip_tos", "0x10/0xfc"),
                ("ip_ttl", "64"),
            ],
            &[
                ("arp_tip", "10.0.0.1"),
                ("arp_op", "request"),
                ("arp_sha", "02:00:00:00:00:01"),
            ],
            &[
                ("cvlan_id", "20"),
                ("cvlan_ethtype", "ip"),
                ("num_of_vlans", "2"),
            ],
            &[
                ("enc_key_id", "7"),
                ("enc_src_ip", "10.0.0.0/24"),
                ("enc_dst_ip", "fd00::1"),
                ("enc_tos", "0x10/0xfc"),
            ],
            &[
                ("ct_state", "-new+est+trk"),
                ("ct_zone", "0x5/0xff"),
                ("ct_mark", "0x1/0xff"),
                ("ct_label", "0123456789abcdef0123456789abcdef"),
            ],
            &[("ip_proto", "udp"), ("dst_port", "0x50/0xfff0")],
            &[("mpls_label", "100"), ("mpls_bos", "1"), ("indev", "eth1")],
            &[("ip_flags", "frag/nofirstfrag")],
        ] {
            let given = settings(pairs);
            let mut written = write(&given).expect("attributes");
            write_flags(&given, &mut written);
            let back = read(written.as_bytes()).expect("fields");
            for (key, _) in pairs {
                assert_eq!(back.get(key), given.get(key), "{pairs:?}");
            }
            assert!(unknown(written.as_bytes()).is_empty(), "{pairs:?}");
        }
    }

    #[test]
    fn what_has_no_words_is_told_of() {
        let mut attributes = Attributes::new();
        attributes.u8(9, 6).u8(75, 64).u8(76, 0xf0);
        attributes.u32(100, 5).u32(101, 255).u8(120, 1);
        let told = unknown(attributes.as_bytes());
        assert_eq!(told, ["ip_ttl with a mask", "hash", "attribute 120"]);
    }

    #[test]
    fn what_does_not_do_is_said() {
        for (pairs, key) in [
            (&[("dst_port", "80")][..], "dst_port"),
            (&[("ip_proto", "tcp"), ("dst_port", "70000")], "dst_port"),
            (&[("ip_proto", "tcp"), ("dst_port", "90-80")], "dst_port"),
            (&[("src_ip", "10.0.0.0/33")], "src_ip"),
            (&[("arp_sip", "fd00::1")], "arp_sip"),
            (&[("type", "8")], "type"),
            (&[("ip_proto", "tpc")], "ip_proto"),
            (&[("src_mac", "02")], "src_mac"),
            (&[("tcp_flags", "0x10000")], "tcp_flags"),
            (&[("ct_state", "trk")], "ct_state"),
            (&[("ct_state", "")], "ct_state"),
            (&[("ct_zone", "65536")], "ct_zone"),
            (&[("ct_label", "12")], "ct_label"),
            (&[("ip_flags", "frag/x")], "ip_flags"),
            (&[("arp_op", "ask")], "arp_op"),
        ] {
            let wrong = write(&settings(pairs)).expect_err("a fault");
            assert_eq!(wrong.0, key);
        }
    }

    proptest! {
        #[test]
        fn nothing_is_a_panic(bytes: Vec<u8>, text in ".{0,24}|[0-9./:-]{0,24}") {
            let _ = unknown(&bytes);
            if let Ok(settings) = read(&bytes) {
                let _ = write(&settings);
            }
            for property in OPTIONS {
                let mut settings = Settings::of(OPTIONS);
                settings.set("ip_proto", Setting::Text("tcp".into()));
                settings.set(property.key, Setting::Text(text.clone()));
                let _ = write(&settings);
            }
        }
    }
}
