//! The fields of flower that are a number, an address or a text of their own: what each is in a message, with its mask where it has
//! one; and which attributes netsh has no words for.

use crate::kernel::error::Result;
use crate::kernel::netlink::attributes::{self, Attribute, Attributes};
use crate::kernel::options::{Setting, Settings, Width};

use super::{mac, mac_words, prefix, prefix_words};

/// What a field is: its attribute, and that of its mask.
#[derive(Clone, Copy)]
enum Shape {
    /// A number without a mask.
    Number(u16, Width),
    /// A number with one, and words for some.
    Masked(u16, u16, Width, &'static [(&'static str, u64)]),
    /// A protocol of Ethernet.
    EtherType(u16),
    /// An address of hardware; its mask follows.
    Mac(u16),
    /// An address of IPv4 or IPv6 (0 for none); the masks follow.
    Prefix(u16, u16),
    /// Bits by their names, `+trk-new`.
    States(u16, u16),
    /// 16 bytes in hexadecimal digits.
    Label(u16, u16),
    /// A text.
    Text(u16),
}

use Shape::{EtherType, Label, Masked, Number, Prefix, States, Text};

/// ARPOP_REQUEST and ARPOP_REPLY of linux/if_arp.h.
const ARP: &[(&str, u64)] = &[("request", 1), ("reply", 2)];

const FIELDS: [(&str, Shape); 22] = [
    ("cvlan_id", Number(77, Width::U16)),
    ("cvlan_prio", Number(78, Width::U8)),
    ("cvlan_ethtype", EtherType(79)),
    ("num_of_vlans", Number(102, Width::U8)),
    ("arp_op", Masked(61, 62, Width::U8, ARP)),
    ("arp_sha", Shape::Mac(63)),
    ("arp_tha", Shape::Mac(65)),
    ("mpls_label", Number(70, Width::U32)),
    ("mpls_tc", Number(69, Width::U8)),
    ("mpls_bos", Number(68, Width::U8)),
    ("mpls_ttl", Number(67, Width::U8)),
    ("enc_key_id", Number(26, Width::Be32)),
    ("enc_src_ip", Prefix(27, 31)),
    ("enc_dst_ip", Prefix(29, 33)),
    ("enc_dst_port", Masked(45, 46, Width::Be16, &[])),
    ("enc_tos", Masked(80, 81, Width::U8, &[])),
    ("enc_ttl", Masked(82, 83, Width::U8, &[])),
    ("ct_state", States(91, 92)),
    ("ct_zone", Masked(93, 94, Width::U16, &[])),
    ("ct_mark", Masked(95, 96, Width::U32, &[])),
    ("ct_label", Label(97, 98)),
    ("indev", Text(2)),
];

/// TCA_FLOWER_KEY_CT_FLAGS_*.
const STATES: [(&str, u16); 6] = [
    ("new", 1),
    ("est", 2),
    ("rel", 4),
    ("trk", 8),
    ("inv", 16),
    ("rpl", 32),
];

/// TCA_FLOWER_KEY_FLAGS_*.
const FRAGMENTS: [(&str, u32); 2] = [("frag", 1), ("firstfrag", 2)];

/// Those that [`super::read`] reads, from the first to the last.
const READ_THERE: [(u16, u16); 8] = [
    (4, 25),
    (35, 42),
    (47, 60),
    (71, 76),
    (87, 90),
    // TCA_FLOWER_CLASSID and TCA_FLOWER_ACT; TCA_FLOWER_IN_HW_COUNT.
    (1, 1),
    (3, 3),
    (86, 86),
];

/// The masks of what [`super::read`] reads as whole.
const WHOLE: [u16; 5] = [50, 52, 54, 56, 76];

/// What tc calls those that netsh has no words for.
const OTHERS: [(u16, &str); 9] = [
    (43, "enc_src_port"),
    (84, "enc_opts"),
    (99, "mpls"),
    (100, "hash"),
    (103, "pppoe_sid"),
    (104, "ppp_proto"),
    (105, "l2tpv3_sid"),
    (76, "ip_ttl with a mask"),
    (50, "code with a mask"),
];

/// Writes a field; false if it is none of these.
pub fn write(
    key: &str,
    value: &Setting,
    attributes: &mut Attributes,
) -> std::result::Result<bool, String> {
    let Some((_, shape)) = FIELDS.iter().find(|(known, _)| *known == key) else {
        return Ok(false);
    };
    let text = value.words();
    match *shape {
        Number(kind, width) => drop(attributes.put(kind, &width.bytes(value.number()))),
        Masked(kind, mask, width, names) => {
            let (value, of) = masked(&text, width.most(), names)?;
            attributes.put(kind, &width.bytes(value));
            // A port of which all counts goes without a mask.
            if (kind, of) != (45, width.most()) {
                attributes.put(mask, &width.bytes(of));
            }
        }
        EtherType(kind) => {
            let number = super::super::protocol_number(&text);
            let number = number.ok_or_else(|| format!("{text:?} is no protocol of Ethernet"))?;
            attributes.be16(kind, number);
        }
        Shape::Mac(kind) => mac(attributes, kind, &text)?,
        Prefix(of_ipv4, of_ipv6) => prefix(attributes, of_ipv4, of_ipv6, &text)?,
        States(kind, mask) => {
            let (value, of) = states(&text)?;
            attributes.u16(kind, value).u16(mask, of);
        }
        Label(kind, mask) => {
            let (value, of) = text.split_once('/').unwrap_or((&text, NO_MASK));
            attributes.put(kind, &label(value)?).put(mask, &label(of)?);
        }
        Text(kind) => drop(attributes.text(kind, &text)),
    }
    Ok(true)
}

/// Reads the fields.
pub fn read(bytes: &[u8], settings: &mut Settings) -> Result<()> {
    let find = |kind| attributes::find(bytes, kind);
    for (key, shape) in FIELDS {
        let value = match shape {
            Number(kind, width) => find(kind)
                .and_then(|one| width.number(one.value))
                .map(Setting::Number),
            Masked(kind, mask, width, names) => {
                let number = |kind| find(kind).and_then(|one| width.number(one.value));
                let value = number(kind);
                let of = number(mask).unwrap_or(width.most());
                value.map(|value| Setting::Text(masked_words(value, of, width.most(), names)))
            }
            EtherType(kind) => match find(kind) {
                Some(number) => Some(Setting::Text(super::super::protocol_name(number.be16()?))),
                None => None,
            },
            Shape::Mac(kind) => mac_words(find(kind), find(kind + 1)).map(Setting::Text),
            Prefix(of_ipv4, of_ipv6) => [of_ipv4, of_ipv6]
                .into_iter()
                .find_map(|kind| prefix_words(find(kind), find(kind + 1)))
                .map(Setting::Text),
            States(kind, mask) => match (find(kind), find(mask)) {
                (Some(value), Some(of)) => state_words(value.u16()?, of.u16()?).map(Setting::Text),
                _ => None,
            },
            Label(kind, mask) => label_words(find(kind), find(mask)).map(Setting::Text),
            Text(kind) => find(kind).map(|text| Setting::Text(text.text())),
        };
        if let Some(value) = value {
            settings.set(key, value);
        }
    }
    Ok(())
}

/// What is compared too, and netsh has no words for: a filter that has such matches less than its other fields say.
pub fn unknown(bytes: &[u8]) -> Vec<String> {
    let mut unknown = Vec::new();
    for attribute in attributes::read(bytes).map_while(Result::ok) {
        let Attribute { kind, value, .. } = attribute;
        let is_whole = value.iter().all(|byte| *byte == u8::MAX);
        let known = match kind {
            kind if WHOLE.contains(&kind) => is_whole,
            // A mask of a port stands by the port; a state has words for six bits.
            92 => value.iter().all(|byte| *byte < 64),
            kind => is_known(kind),
        };
        if !known && !OF_OTHERS.contains(&kind) {
            let named = OTHERS.iter().find(|(known, _)| *known == kind);
            unknown.push(named.map_or_else(
                || format!("attribute {kind}"),
                |(_, name)| (*name).to_owned(),
            ));
        }
    }
    unknown
}

/// Masks that come with what is called by its name already.
const OF_OTHERS: [u16; 3] = [44, 85, 101];

fn is_known(kind: u16) -> bool {
    let of = |shape: Shape| match shape {
        Number(one, _) | EtherType(one) | Text(one) => kind == one,
        Masked(one, mask, ..) | States(one, mask) | Label(one, mask) => kind == one || kind == mask,
        Shape::Mac(one) => kind == one || kind == one + 1,
        Prefix(one, other) => [one, one + 1, other, other + 1].contains(&kind),
    };
    READ_THERE
        .iter()
        .any(|(first, last)| (*first..=*last).contains(&kind))
        || FIELDS.iter().any(|(_, shape)| of(*shape))
}

/// Reads `frag/nofirstfrag`: bits and their mask.
pub fn fragments(text: &str) -> std::result::Result<(u32, u32), String> {
    let (mut value, mut mask) = (0, 0);
    for word in text.split('/') {
        let on = word.strip_prefix("no");
        let found = FRAGMENTS
            .iter()
            .find(|(name, _)| *name == on.unwrap_or(word));
        let (_, bit) = found
            .ok_or_else(|| format!("{word:?} is none of frag, nofrag, firstfrag, nofirstfrag"))?;
        mask |= bit;
        value |= if on.is_none() { *bit } else { 0 };
    }
    Ok((value, mask))
}

/// The words for it.
pub fn fragment_words(value: u32, mask: u32) -> String {
    let words = FRAGMENTS.iter().filter(|(_, bit)| mask & bit != 0);
    let words = words.map(|(name, bit)| match value & bit {
        0 => format!("no{name}"),
        _ => (*name).to_owned(),
    });
    words.collect::<Vec<_>>().join("/")
}

/// A number, or one of these words, and its mask.
pub fn masked(
    text: &str,
    most: u64,
    names: &[(&str, u64)],
) -> std::result::Result<(u64, u64), String> {
    let number = |text: &str| {
        let named = names.iter().find(|(name, _)| *name == text);
        let number = match text.strip_prefix("0x") {
            Some(digits) => u64::from_str_radix(digits, 16).ok(),
            None => text.parse().ok(),
        };
        let number = named.map(|(_, number)| *number).or(number);
        number
            .filter(|number| *number <= most)
            .ok_or_else(|| format!("{text:?} is not between 0 and {most:#x}"))
    };
    match text.split_once('/') {
        Some((value, mask)) => Ok((number(value)?, number(mask)?)),
        None => Ok((number(text)?, most)),
    }
}

fn masked_words(value: u64, mask: u64, most: u64, names: &[(&str, u64)]) -> String {
    if mask != most {
        return format!("{value:#x}/{mask:#x}");
    }
    let named = names.iter().find(|(_, known)| *known == value);
    named.map_or_else(|| value.to_string(), |(name, _)| (*name).to_owned())
}

fn states(text: &str) -> std::result::Result<(u16, u16), String> {
    let wrong =
        || format!("{text:?} is no state such as \"+trk+est-new\": new, est, rel, trk, inv, rpl");
    let (mut value, mut mask) = (0, 0);
    let mut rest = text;
    while let Some(sign) = rest.chars().next() {
        rest = rest.strip_prefix(['+', '-']).ok_or_else(wrong)?;
        let end = rest.find(['+', '-']).unwrap_or(rest.len());
        let (name, after) = rest.split_at(end);
        let found = STATES.iter().find(|(known, _)| *known == name);
        let (_, bit) = found.ok_or_else(wrong)?;
        mask |= bit;
        value |= if sign == '+' { *bit } else { 0 };
        rest = after;
    }
    match mask {
        0 => Err(wrong()),
        mask => Ok((value, mask)),
    }
}

fn state_words(value: u16, mask: u16) -> Option<String> {
    let words = STATES.iter().filter(|(_, bit)| mask & bit != 0);
    let words = words.map(|(name, bit)| match value & bit {
        0 => format!("-{name}"),
        _ => format!("+{name}"),
    });
    Some(words.collect::<String>()).filter(|words| !words.is_empty())
}

const NO_MASK: &str = "ffffffffffffffffffffffffffffffff";

fn label(text: &str) -> std::result::Result<[u8; 16], String> {
    let wrong = || format!("{text:?} is no label: 32 hexadecimal digits, and so many as a mask");
    let digits = text.strip_prefix("0x").unwrap_or(text);
    let is_whole = digits.len() == 32 && digits.bytes().all(|digit| digit.is_ascii_hexdigit());
    let number = u128::from_str_radix(digits, 16).ok().filter(|_| is_whole);
    number.map(u128::to_be_bytes).ok_or_else(wrong)
}

fn label_words(value: Option<Attribute<'_>>, mask: Option<Attribute<'_>>) -> Option<String> {
    let number = |one: Attribute<'_>| Some(u128::from_be_bytes(one.value.try_into().ok()?));
    let value = number(value?)?;
    Some(match mask.and_then(number) {
        Some(mask) if mask != u128::MAX => format!("{value:032x}/{mask:032x}"),
        _ => format!("{value:032x}"),
    })
}
