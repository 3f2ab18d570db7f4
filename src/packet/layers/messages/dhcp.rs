//! What DHCP has behind BOOTP's fixed fields (RFC 2131, RFC 2132): the kind of the message, names, options.

use std::net::Ipv4Addr;

use super::{
    Parts, Wrong, bytes_of, entry, ip4_of, list_of, long, number, number_of, short, text_or_bytes,
};
use crate::packet::layers::{Layer, Value};

/// Where the names stand, and how long they can be.
const SNAME: (usize, usize) = (44, 64);
const FILE: (usize, usize) = (108, 128);
/// What tells that options follow, and where they do.
const COOKIE: [u8; 4] = [99, 130, 83, 99];
const COOKIE_AT: usize = 236;
const OPTIONS_AT: usize = 240;

/// Relays may drop what is shorter (RFC 1542, 2.1).
const SHORTEST: usize = 300;

const PAD: u8 = 0;
const MESSAGE_TYPE: u8 = 53;
const END: u8 = 255;

const MESSAGES: &[(u8, &str)] = &[
    (1, "discover"),
    (2, "offer"),
    (3, "request"),
    (4, "decline"),
    (5, "ack"),
    (6, "nak"),
    (7, "release"),
    (8, "inform"),
];

/// How the value of an option is laid out.
#[derive(Clone, Copy)]
enum Shape {
    Address,
    Addresses,
    Byte,
    Short,
    Long,
    Numbers,
    Text,
}

/// RFC 2132; RFC 3397 and later ones are told by their numbers.
const OPTIONS: &[(u8, &str, Shape)] = &[
    (1, "subnet_mask", Shape::Address),
    (3, "router", Shape::Addresses),
    (6, "dns_servers", Shape::Addresses),
    (12, "host_name", Shape::Text),
    (15, "domain_name", Shape::Text),
    (26, "mtu", Shape::Short),
    (28, "broadcast", Shape::Address),
    (42, "ntp_servers", Shape::Addresses),
    (50, "requested_address", Shape::Address),
    (51, "lease_time", Shape::Long),
    (52, "overload", Shape::Byte),
    (54, "server_id", Shape::Address),
    (55, "parameters", Shape::Numbers),
    (56, "message_text", Shape::Text),
    (57, "max_size", Shape::Short),
    (58, "renewal_time", Shape::Long),
    (59, "rebinding_time", Shape::Long),
    (60, "vendor_class", Shape::Text),
    (61, "client_id", Shape::Text),
];

/// The parts of a message that is all there.
pub fn read(bytes: &[u8]) -> Option<Parts> {
    (bytes.get(COOKIE_AT..OPTIONS_AT)? == COOKIE).then_some(())?;
    let mut parts = Parts::new();
    for (name, (at, length)) in [("sname", SNAME), ("file", FILE)] {
        let whole = bytes.get(at..)?.get(..length)?;
        let end = whole.iter().position(|byte| *byte == 0);
        let text = whole.get(..end.unwrap_or(length))?;
        if !text.is_empty() {
            parts.push((name, text_or_bytes(text)));
        }
    }
    let mut options = Vec::new();
    let mut message = None;
    let mut rest = bytes.get(OPTIONS_AT..)?;
    while let Some((&kind, behind)) = rest.split_first() {
        match kind {
            END => break,
            PAD => rest = behind,
            _ => {
                let (&length, behind) = behind.split_first()?;
                let (data, behind) = behind.split_at_checked(length.into())?;
                rest = behind;
                match (kind, data) {
                    (MESSAGE_TYPE, [kind]) if message.is_none() => message = Some(*kind),
                    _ => options.push(option(kind, data)),
                }
            }
        }
    }
    if let Some(kind) = message {
        let word = MESSAGES.iter().find(|(known, _)| *known == kind);
        let word = word.map(|(_, word)| Value::Text((*word).into()));
        parts.push(("message", word.unwrap_or_else(|| number(kind))));
    }
    parts.push(("options", Value::List(options)));
    Some(parts)
}

fn option(kind: u8, data: &[u8]) -> Value {
    let known = OPTIONS.iter().find(|(known, ..)| *known == kind);
    let known = known.and_then(|(_, name, shape)| Some((*name, value(*shape, data)?)));
    match known {
        Some((name, value)) => super::map([(name, value)]),
        None => super::map([
            ("type", number(kind)),
            ("data", Value::Bytes(data.to_vec())),
        ]),
    }
}

fn value(shape: Shape, data: &[u8]) -> Option<Value> {
    let address = |bytes: &[u8]| {
        let octets: [u8; 4] = *bytes.first_chunk()?;
        Some(Value::Text(Ipv4Addr::from(octets).to_string()))
    };
    Some(match (shape, data.len()) {
        (Shape::Address, 4) => address(data)?,
        (Shape::Addresses, length) if length > 0 && length % 4 == 0 => {
            Value::List(data.chunks(4).filter_map(address).collect())
        }
        (Shape::Byte, 1) => number(*data.first()?),
        (Shape::Short, 2) => number(short(data)?),
        (Shape::Long, 4) => number(long(data)?),
        (Shape::Numbers, _) => Value::List(data.iter().map(|byte| number(*byte)).collect()),
        (Shape::Text, _) => text_or_bytes(data),
        _ => return None,
    })
}

/// Adds names, the kind of the message, and options.
pub fn write(layer: &Layer, bytes: &mut Vec<u8>) -> Result<(), Wrong> {
    for (name, (at, length)) in [("sname", SNAME), ("file", FILE)] {
        let Some(value) = layer.get(name) else {
            continue;
        };
        let text = bytes_of(value).map_err(|words| (name, words))?;
        let place = bytes
            .get_mut(at..at + text.len())
            .filter(|_| text.len() <= length);
        let place = place.ok_or_else(|| (name, format!("has more than {length} bytes")))?;
        place.copy_from_slice(&text);
    }
    bytes.resize(COOKIE_AT, 0);
    bytes.extend(COOKIE);
    if let Some(message) = layer.get("message") {
        let wrong = |words| ("message", words);
        bytes.extend([MESSAGE_TYPE, 1, message_number(message).map_err(wrong)?]);
    }
    let wrong = |words: String| ("options", words);
    if let Some(options) = layer.get("options") {
        for option in list_of(options).map_err(wrong)? {
            let (kind, data) = written(option).map_err(wrong)?;
            let length = u8::try_from(data.len());
            let length = length.map_err(|_| wrong("an option has at most 255 bytes".into()))?;
            bytes.extend([kind, length]);
            bytes.extend(data);
        }
    }
    bytes.push(END);
    bytes.resize(bytes.len().max(SHORTEST), PAD);
    Ok(())
}

fn message_number(value: &Value) -> Result<u8, String> {
    let Value::Text(text) = value else {
        return number_of(value);
    };
    let known = MESSAGES.iter().find(|(_, word)| word == text);
    known.map(|(number, _)| *number).ok_or_else(|| {
        let words: Vec<&str> = MESSAGES.iter().map(|(_, word)| *word).collect();
        format!("{text:?} is none of {}", words.join(", "))
    })
}

fn written(option: &Value) -> Result<(u8, Vec<u8>), String> {
    let Value::Map(entries) = option else {
        return Err("an option is a map of one key".into());
    };
    let [(name, value)] = entries.as_slice() else {
        let (kind, data) = (entry(option, "type"), entry(option, "data"));
        return match (kind, data, entries.len()) {
            (Some(kind), Some(data), 2) => Ok((number_of(kind)?, bytes_of(data)?)),
            _ => Err("an option is a map of one key, or of type and data".into()),
        };
    };
    let known = OPTIONS.iter().find(|(_, known, _)| known == name);
    let (kind, _, shape) = known.ok_or_else(|| {
        let names: Vec<&str> = OPTIONS.iter().map(|(_, name, _)| *name).collect();
        format!("{name:?} is none of the options {}", names.join(", "))
    })?;
    let data = data(*shape, value).map_err(|words| format!("the option {name} {words}"))?;
    Ok((*kind, data))
}

fn data(shape: Shape, value: &Value) -> Result<Vec<u8>, String> {
    Ok(match (shape, value) {
        (_, Value::Bytes(bytes)) => bytes.clone(),
        (Shape::Text, value) => bytes_of(value)?,
        (Shape::Address, value) => ip4_of(value)?.octets().to_vec(),
        (Shape::Addresses, value) => {
            let addresses = list_of(value)?.iter().map(ip4_of);
            let addresses: Vec<Ipv4Addr> = addresses.collect::<Result<_, _>>()?;
            addresses.iter().flat_map(Ipv4Addr::octets).collect()
        }
        (Shape::Byte, value) => vec![number_of(value)?],
        (Shape::Short, value) => number_of::<u16>(value)?.to_be_bytes().to_vec(),
        (Shape::Long, value) => number_of::<u32>(value)?.to_be_bytes().to_vec(),
        (Shape::Numbers, value) => {
            let numbers = list_of(value)?.iter().map(number_of);
            numbers.collect::<Result<_, _>>()?
        }
    })
}
