//! Options of hop-by-hop and destination headers: RFC 8200, 4.2; the router alert that MLD has is that of RFC 2711.

use super::{by_number, named, number, one, put, unknown};
use crate::packet::layers::Value;

const PAD1: u8 = 0;
const PADN: u8 = 1;
const ROUTER_ALERT: u8 = 5;

/// The options of a header, without the padding at their end.
pub fn read(mut bytes: &[u8]) -> Option<Vec<Value>> {
    let mut options = Vec::new();
    while let Some((&kind, rest)) = bytes.split_first() {
        if kind == PAD1 {
            options.push(Value::Text("pad1".into()));
            bytes = rest;
            continue;
        }
        let (&length, rest) = rest.split_first()?;
        let (data, rest) = rest.split_at_checked(length.into())?;
        options.push(match (kind, data) {
            (PADN, zeros) if zeros.iter().all(|byte| *byte == 0) => {
                one("padn", Value::Number(length.into()))
            }
            (ROUTER_ALERT, [high, low]) => {
                let number = u16::from_be_bytes([*high, *low]);
                one("router_alert", Value::Number(number.into()))
            }
            (kind, data) => unknown("type", kind, data),
        });
        bytes = rest;
    }
    // The last padding is what a header is filled up with.
    let is_padding = |option: &Value| match option {
        Value::Text(_) => true,
        Value::Map(entries) => entries.iter().any(|(name, _)| name == "padn"),
        _ => false,
    };
    let is_last = |at: usize| options.iter().skip(at).all(is_padding);
    let kept = (0..options.len()).find(|at| is_last(*at));
    let mut lean = options.clone();
    lean.truncate(kept.unwrap_or(options.len()));
    let mut length = 2;
    for option in &lean {
        let mut bytes = Vec::new();
        write(option, &mut bytes).ok()?;
        length += bytes.len();
    }
    let mut padding = options.iter().skip(lean.len());
    // One pad, no longer than it has to be, comes by itself.
    let by_itself = match (padding.next(), padding.next()) {
        (None, _) => true,
        (Some(Value::Text(_)), None) => length % 8 == 7,
        (Some(Value::Map(entries)), None) => entries.iter().all(|(_, value)| {
            let missing = length.next_multiple_of(8) - length;
            *value == Value::Number(u64::try_from(missing).unwrap_or(0).wrapping_sub(2))
        }),
        _ => false,
    };
    Some(if by_itself && !lean.is_empty() {
        lean
    } else {
        options
    })
}

/// Adds an option.
pub fn write(option: &Value, bytes: &mut Vec<u8>) -> Result<(), String> {
    if let Some((kind, data)) = by_number(option, "type") {
        return put(kind, 0, data, bytes);
    }
    let (name, value) = named(option)?;
    match name {
        "pad1" => bytes.push(PAD1),
        "padn" => {
            let length: u8 = number(name, value)?;
            put(PADN, 0, &vec![0; length.into()], bytes)?;
        }
        "router_alert" => put(
            ROUTER_ALERT,
            0,
            &number::<u16>(name, value)?.to_be_bytes(),
            bytes,
        )?,
        other => {
            return Err(format!(
                "{other:?} is none of the options pad1, padn, router_alert"
            ));
        }
    }
    Ok(())
}

/// Adds so many bytes of padding.
pub fn pad(bytes: &mut Vec<u8>, count: usize) {
    match count.checked_sub(2) {
        None => bytes.extend(vec![PAD1; count]),
        Some(zeros) => {
            bytes.extend([PADN, u8::try_from(zeros).unwrap_or(u8::MAX)]);
            bytes.extend(vec![0; zeros]);
        }
    }
}
