//! The parts of an LLDP message: each tells its type in seven bits and its length in nine (IEEE 802.1AB, 8).

use super::{Parts, Wrong, bytes_of, entry, list_of, map, number, number_of, short, text_or_bytes};
use crate::packet::layers::{Layer, Value};

const END: u16 = 0;
const LONGEST: usize = 0x1ff;

/// What has a name, in the order in which it stands in a message.
const NAMED: &[(u16, &str, Shape)] = &[
    (
        1,
        "chassis_id",
        Shape::Id(&[(4, "mac"), (6, "ifname"), (7, "local")]),
    ),
    (
        2,
        "port_id",
        Shape::Id(&[(3, "mac"), (5, "ifname"), (7, "local")]),
    ),
    (3, "ttl", Shape::Short),
    (4, "port_description", Shape::Text),
    (5, "system_name", Shape::Text),
    (6, "system_description", Shape::Text),
    (7, "capabilities", Shape::Capabilities),
];

/// IEEE 802.1AB, table 8-4, the lowest bit first.
const CAPABILITIES: &[&str] = &[
    "other",
    "repeater",
    "bridge",
    "wlan",
    "router",
    "telephone",
    "docsis",
    "station",
];

/// How the value of a part is laid out.
#[derive(Clone, Copy)]
enum Shape {
    /// A number tells what it is, and then comes the identifier.
    Id(&'static [(u8, &'static str)]),
    Short,
    Text,
    Capabilities,
}

/// The parts of a message, and how long it is with its end.
pub fn read(bytes: &[u8]) -> Option<(Parts, usize)> {
    let mut parts = Parts::new();
    let mut others = Vec::new();
    let mut at = 0;
    loop {
        let head = short(bytes.get(at..)?)?;
        let (kind, length) = (head >> 9, usize::from(head) & LONGEST);
        let data = bytes.get(at + 2..)?.get(..length)?;
        at += 2 + length;
        if kind == END {
            break;
        }
        let named = NAMED.iter().find(|(known, ..)| *known == kind);
        // What is there twice would be lost.
        let named = named.filter(|(_, name, _)| parts.iter().all(|(known, _)| known != name));
        match named.and_then(|(_, name, shape)| Some((*name, value(*shape, data)?))) {
            Some(part) => parts.push(part),
            None => others.push(map([
                ("type", number(kind)),
                ("data", Value::Bytes(data.to_vec())),
            ])),
        }
    }
    if !others.is_empty() {
        parts.push(("tlvs", Value::List(others)));
    }
    // Every message has these three.
    let has = |name: &str| parts.iter().any(|(known, _)| *known == name);
    (has("chassis_id") && has("port_id") && has("ttl")).then_some((parts, at))
}

fn value(shape: Shape, data: &[u8]) -> Option<Value> {
    Some(match shape {
        Shape::Id(kinds) => {
            let (kind, id) = data.split_first()?;
            let name = kinds.iter().find(|(known, _)| known == kind);
            match (name, text_or_bytes(id)) {
                (Some((_, "mac")), _) if id.len() == 6 => {
                    let bytes: Vec<String> = id.iter().map(|byte| format!("{byte:02x}")).collect();
                    map([("mac", Value::Text(bytes.join(":")))])
                }
                (Some((_, name)), text @ Value::Text(_)) if *name != "mac" => map([(*name, text)]),
                _ => map([
                    ("subtype", number(*kind)),
                    ("data", Value::Bytes(id.to_vec())),
                ]),
            }
        }
        Shape::Short if data.len() == 2 => number(short(data)?),
        Shape::Text => text_or_bytes(data),
        Shape::Capabilities if data.len() == 4 => {
            let words = |at: usize| Some(words(short(data.get(at..)?)?));
            map([("supported", words(0)?), ("enabled", words(2)?)])
        }
        _ => return None,
    })
}

fn words(bits: u16) -> Value {
    let set = (0..16).filter(|bit| bits >> bit & 1 == 1);
    let words = set.map(|bit| match CAPABILITIES.get(bit) {
        Some(word) => Value::Text((*word).into()),
        None => number(u64::try_from(bit).unwrap_or(0)),
    });
    Value::List(words.collect())
}

/// Adds the parts and the end.
pub fn write(layer: &Layer, bytes: &mut Vec<u8>) -> Result<(), Wrong> {
    for (kind, name, shape) in NAMED {
        let wrong = |words| (*name, words);
        match layer.get(name) {
            Some(value) => {
                let data = data(*shape, value).map_err(wrong)?;
                put(*kind, &data, bytes).map_err(wrong)?;
            }
            None if *kind <= 3 => return Err(wrong("is missing, and every message has it".into())),
            None => {}
        }
    }
    let wrong = |words| ("tlvs", words);
    if let Some(others) = layer.get("tlvs") {
        for other in list_of(others).map_err(wrong)? {
            let (Some(kind), Some(data)) = (entry(other, "type"), entry(other, "data")) else {
                return Err(wrong("each is a map of type and data".into()));
            };
            let kind = number_of(kind).map_err(wrong)?;
            put(kind, &bytes_of(data).map_err(wrong)?, bytes).map_err(wrong)?;
        }
    }
    bytes.extend(END.to_be_bytes());
    Ok(())
}

fn put(kind: u16, data: &[u8], bytes: &mut Vec<u8>) -> Result<(), String> {
    let length = u16::try_from(data.len())
        .ok()
        .filter(|_| data.len() <= LONGEST);
    let length = length.ok_or_else(|| format!("has at most {LONGEST} bytes"))?;
    if !(1..128).contains(&kind) {
        return Err(format!("type {kind} is not between 1 and 127"));
    }
    bytes.extend((kind << 9 | length).to_be_bytes());
    bytes.extend(data);
    Ok(())
}

fn data(shape: Shape, value: &Value) -> Result<Vec<u8>, String> {
    match (shape, value) {
        (Shape::Id(kinds), Value::Map(entries)) => {
            if let (Some(kind), Some(data)) = (entry(value, "subtype"), entry(value, "data")) {
                return Ok([vec![number_of(kind)?], bytes_of(data)?].concat());
            }
            let known = |(name, value): &(String, Value)| {
                let (kind, _) = kinds.iter().find(|(_, known)| known == name)?;
                Some((*kind, name == "mac", value.clone()))
            };
            let given = match entries.as_slice() {
                [one] => known(one),
                _ => None,
            };
            let (kind, is_mac, value) =
                given.ok_or("wants a map of mac, ifname or local, or of subtype and data")?;
            let id = match (is_mac, &value) {
                (true, Value::Text(text)) => mac(text).ok_or("wants a hardware address as mac")?,
                (_, value) => bytes_of(value)?,
            };
            Ok([vec![kind], id].concat())
        }
        (Shape::Id(_), _) => Err("wants a map of mac, ifname or local".into()),
        (Shape::Short, value) => Ok(number_of::<u16>(value)?.to_be_bytes().to_vec()),
        (Shape::Text, value) => bytes_of(value),
        (Shape::Capabilities, value) => {
            let both = ["supported", "enabled"].map(|name| match entry(value, name) {
                Some(words) => bits(words),
                None => Err(format!("has no {name}")),
            });
            let [supported, enabled] = both;
            Ok([supported?.to_be_bytes(), enabled?.to_be_bytes()].concat())
        }
    }
}

fn bits(words: &Value) -> Result<u16, String> {
    let mut bits = 0;
    for word in list_of(words)? {
        let bit = match word {
            Value::Text(text) => CAPABILITIES.iter().position(|known| known == text),
            Value::Number(bit) => usize::try_from(*bit).ok().filter(|bit| *bit < 16),
            _ => None,
        };
        let bit = bit.ok_or_else(|| format!("wants some of {}", CAPABILITIES.join(", ")))?;
        bits |= 1 << bit;
    }
    Ok(bits)
}

fn mac(text: &str) -> Option<Vec<u8>> {
    let bytes = text.split(':');
    let bytes = bytes.map(|byte| u8::from_str_radix(byte, 16).ok());
    bytes
        .collect::<Option<Vec<u8>>>()
        .filter(|bytes| bytes.len() == 6)
}
