//! Options of neighbour discovery: RFC 4861, 4.6 (addresses of links, prefixes, mtu) and RFC 8106, 5.1 (resolvers).

use std::net::{IpAddr, Ipv6Addr};

use super::{address, by_number, entry, named, number, one, unknown};
use crate::packet::layers::Value;

const SOURCE_LINK_ADDRESS: u8 = 1;
const TARGET_LINK_ADDRESS: u8 = 2;
const PREFIX: u8 = 3;
const MTU: u8 = 5;
const RDNSS: u8 = 25;

/// The options up to the end of the message.
pub fn read(mut bytes: &[u8]) -> Option<Vec<Value>> {
    let mut options = Vec::new();
    while let [kind, length, ..] = bytes {
        let length = usize::from(*length) * 8;
        let data = bytes.get(2..length)?;
        options.push(option(*kind, data));
        bytes = bytes.get(length..)?;
    }
    bytes.is_empty().then_some(options)
}

fn option(kind: u8, data: &[u8]) -> Value {
    known(kind, data).unwrap_or_else(|| unknown("type", kind, data))
}

fn known(kind: u8, data: &[u8]) -> Option<Value> {
    let long = |at: usize| {
        let bytes = data.get(at..)?.first_chunk::<4>()?;
        Some(Value::Number(u32::from_be_bytes(*bytes).into()))
    };
    let ip = |bytes: &[u8]| {
        let bytes = bytes.first_chunk::<16>()?;
        Some(Value::Ip(IpAddr::V6(Ipv6Addr::from(*bytes))))
    };
    Some(match (kind, data.len()) {
        (SOURCE_LINK_ADDRESS, 6) => one("source_link_address", Value::Mac(data.try_into().ok()?)),
        (TARGET_LINK_ADDRESS, 6) => one("target_link_address", Value::Mac(data.try_into().ok()?)),
        (PREFIX, 30) => {
            let flags = data.get(1)?;
            let fields = vec![
                ("address".into(), ip(data.get(14..)?)?),
                ("length".into(), Value::Number((*data.first()?).into())),
                ("on_link".into(), Value::Flag(flags & 0x80 != 0)),
                ("autonomous".into(), Value::Flag(flags & 0x40 != 0)),
                ("valid".into(), long(2)?),
                ("preferred".into(), long(6)?),
            ];
            // Bits that are not in the list would be lost.
            (flags & 0x3f == 0 && long(10)? == Value::Number(0)).then_some(())?;
            one("prefix", Value::Map(fields))
        }
        (MTU, 6) if data.starts_with(&[0, 0]) => one("mtu", long(2)?),
        (RDNSS, length) if length > 6 && length % 16 == 6 && data.starts_with(&[0, 0]) => {
            let servers = data.get(6..)?.chunks(16).filter_map(ip);
            let fields = vec![
                ("lifetime".into(), long(2)?),
                ("servers".into(), Value::List(servers.collect())),
            ];
            one("rdnss", Value::Map(fields))
        }
        _ => return None,
    })
}

/// Adds an option.
pub fn write(option: &Value, bytes: &mut Vec<u8>) -> Result<(), String> {
    if let Some((kind, data)) = by_number(option, "type") {
        return put(kind, data, bytes);
    }
    let (name, value) = named(option)?;
    match name {
        "source_link_address" => put(SOURCE_LINK_ADDRESS, &mac(name, value)?, bytes),
        "target_link_address" => put(TARGET_LINK_ADDRESS, &mac(name, value)?, bytes),
        "prefix" => {
            let get = |part: &str| entry(value, part);
            let flag = |part: &str, bit: u8| match get(part) {
                None | Some(Value::Flag(true)) => Ok(bit),
                Some(Value::Flag(false)) => Ok(0),
                Some(_) => Err(format!(
                    "the option prefix wants {part} to be true or false"
                )),
            };
            let time = |part: &str| match get(part) {
                None => Ok(u32::MAX),
                value => number::<u32>(part, value),
            };
            let length: u8 = match get("length") {
                None => 64,
                length => number("prefix.length", length)?,
            };
            let mut data = vec![length, flag("on_link", 0x80)? | flag("autonomous", 0x40)?];
            data.extend(time("valid")?.to_be_bytes());
            data.extend(time("preferred")?.to_be_bytes());
            data.extend([0; 4]);
            data.extend(address("prefix.address", get("address"))?.octets());
            put(PREFIX, &data, bytes)
        }
        "mtu" => {
            let mtu = number::<u32>(name, value)?.to_be_bytes();
            put(MTU, &[&[0, 0], mtu.as_slice()].concat(), bytes)
        }
        "rdnss" => {
            let mut data = vec![0, 0];
            let lifetime: u32 = number("rdnss.lifetime", entry(value, "lifetime"))?;
            data.extend(lifetime.to_be_bytes());
            let servers = match entry(value, "servers") {
                Some(Value::List(servers)) => servers.as_slice(),
                _ => &[],
            };
            for server in servers {
                data.extend(address("rdnss.servers", Some(server))?.octets());
            }
            put(RDNSS, &data, bytes)
        }
        other => Err(format!(
            "{other:?} is none of the options source_link_address, target_link_address, prefix, mtu, rdnss"
        )),
    }
}

fn mac(name: &str, value: Option<&Value>) -> Result<[u8; 6], String> {
    let wrong = || format!("the option {name} wants a hardware address");
    match value {
        Some(Value::Mac(mac)) => Ok(*mac),
        Some(Value::Text(text)) => {
            let bytes = text
                .split(':')
                .map(|byte| u8::from_str_radix(byte, 16).ok());
            let bytes: Option<Vec<u8>> = bytes.collect();
            bytes
                .and_then(|bytes| bytes.try_into().ok())
                .ok_or_else(wrong)
        }
        _ => Err(wrong()),
    }
}

fn put(kind: u8, data: &[u8], bytes: &mut Vec<u8>) -> Result<(), String> {
    let length = data.len() + 2;
    let units = u8::try_from(length / 8)
        .ok()
        .filter(|_| length.is_multiple_of(8));
    let units = units.ok_or_else(|| format!("an option of {length} bytes is no multiple of 8"))?;
    bytes.extend([kind, units]);
    bytes.extend(data);
    Ok(())
}
