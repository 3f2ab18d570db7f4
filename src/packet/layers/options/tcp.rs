//! Options of TCP: RFC 9293, 3.1 (eol, nop, mss), RFC 7323 (wscale, timestamps), RFC 2018 (sackOK, sack).

use super::{EOL, NOP, by_number, entry, named, number, one, put_kind, unknown};
use crate::packet::layers::Value;

const MSS: u8 = 2;
const WSCALE: u8 = 3;
const SACK_OK: u8 = 4;
const SACK: u8 = 5;
const TIMESTAMPS: u8 = 8;

/// What an option says.
pub(super) fn option(kind: u8, data: &[u8]) -> Value {
    let long = |bytes: &[u8]| {
        let bytes = bytes.first_chunk::<4>().copied().unwrap_or_default();
        Value::Number(u32::from_be_bytes(bytes).into())
    };
    match (kind, data) {
        (MSS, [high, low]) => one(
            "mss",
            Value::Number(u16::from_be_bytes([*high, *low]).into()),
        ),
        (WSCALE, [shift]) => one("wscale", Value::Number((*shift).into())),
        (SACK_OK, []) => Value::Text("sackOK".into()),
        (SACK, edges) if !edges.is_empty() && edges.len() % 8 == 0 => {
            let blocks = edges.chunks(8).map(|block| {
                let (left, right) = block.split_at(4);
                Value::List(vec![long(left), long(right)])
            });
            one("sack", Value::List(blocks.collect()))
        }
        (TIMESTAMPS, both) if both.len() == 8 => {
            let (value, echo) = both.split_at(4);
            let both = vec![("val".into(), long(value)), ("ecr".into(), long(echo))];
            one("timestamps", Value::Map(both))
        }
        (kind, data) => unknown("kind", kind, data),
    }
}

/// Adds an option.
pub fn write(option: &Value, bytes: &mut Vec<u8>) -> Result<(), String> {
    if let Some((kind, data)) = by_number(option, "kind") {
        return put_kind(kind, data, bytes);
    }
    let (name, value) = named(option)?;
    match name {
        "eol" => bytes.push(EOL),
        "nop" => bytes.push(NOP),
        "mss" => put_kind(MSS, &number::<u16>(name, value)?.to_be_bytes(), bytes)?,
        "wscale" => put_kind(WSCALE, &[number::<u8>(name, value)?], bytes)?,
        "sackOK" => put_kind(SACK_OK, &[], bytes)?,
        "sack" => {
            let blocks = match value {
                Some(Value::List(blocks)) => blocks.as_slice(),
                _ => &[],
            };
            let mut data = Vec::new();
            for block in blocks {
                let Value::List(edges) = block else {
                    return Err("the option sack wants an array of pairs of ints".into());
                };
                for edge in edges {
                    data.extend(number::<u32>(name, Some(edge))?.to_be_bytes());
                }
            }
            put_kind(SACK, &data, bytes)?;
        }
        "timestamps" => {
            let val: u32 = number("timestamps.val", entry(value, "val"))?;
            let ecr: u32 = match entry(value, "ecr") {
                None => 0,
                echo => number("timestamps.ecr", echo)?,
            };
            put_kind(
                TIMESTAMPS,
                &[val.to_be_bytes(), ecr.to_be_bytes()].concat(),
                bytes,
            )?;
        }
        other => {
            return Err(format!(
                "{other:?} is none of the options eol, nop, mss, wscale, sackOK, sack, timestamps"
            ));
        }
    }
    Ok(())
}
