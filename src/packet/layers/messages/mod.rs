//! Messages of which a table of fields can't tell all: lists of records, of options, of parts that tell their own lengths.
//!
//! What has a fixed place is a field of the table (`tables::message`); the rest is read and written here. One thing can be laid out
//! in several ways: names are compressed or not, options stand in another order. Where a message is not laid out as it would be
//! written here, it keeps its `bytes`; they count for as long as nothing else of it is changed.

mod dhcp;
mod dns;
mod lldp;

use std::net::Ipv4Addr;

use super::{Layer, Value};

pub use dns::type_name;

/// Where a message keeps how it was laid out.
pub(super) const BYTES: &str = "bytes";

/// A kind of message.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Message {
    /// DNS (RFC 1035).
    Dns,
    /// DHCP (RFC 2131).
    Dhcp,
    /// LLDP (IEEE 802.1AB).
    Lldp,
}

/// The names and values of what has no fixed place.
type Parts = Vec<(&'static str, Value)>;

impl Message {
    /// How long the message at the beginning of these bytes is; None if it is none, or not all there.
    pub(super) fn length(self, bytes: &[u8]) -> Option<usize> {
        match self {
            Message::Dns => dns::read(bytes).map(|_| bytes.len()),
            Message::Dhcp => dhcp::read(bytes).map(|_| bytes.len()),
            Message::Lldp => lldp::read(bytes).map(|(_, length)| length),
        }
    }

    /// What of a message has no fixed place.
    pub(super) fn read(self, bytes: &[u8]) -> Parts {
        let parts = match self {
            Message::Dns => dns::read(bytes),
            Message::Dhcp => dhcp::read(bytes),
            Message::Lldp => lldp::read(bytes).map(|(parts, _)| parts),
        };
        parts.unwrap_or_default()
    }

    /// Adds to the fixed fields what has no fixed place.
    pub(super) fn write(self, layer: &Layer, bytes: &mut Vec<u8>) -> Result<(), Wrong> {
        match self {
            Message::Dns => dns::write(layer, bytes),
            Message::Dhcp => dhcp::write(layer, bytes),
            Message::Lldp => lldp::write(layer, bytes),
        }
    }
}

/// What is wrong, and in which field.
pub type Wrong = (&'static str, String);

/// Whether a layer still says what these fields say: nothing more, and nothing less but what is worked out.
pub(super) fn is_unchanged(layer: &Layer, fields: &[(&'static str, Value)]) -> bool {
    let is_filled = |name: &str| layer.kind.is_filled(name);
    let has_all = fields.iter().all(|(name, value)| match layer.get(name) {
        Some(given) => is_same(given, value),
        None => is_filled(name),
    });
    let mut given = layer.fields.iter().filter(|(name, _)| *name != BYTES);
    has_all && given.all(|(name, _)| fields.iter().any(|(known, _)| known == name))
}

/// Whether two values are the same for a script, whose maps have no order.
fn is_same(one: &Value, other: &Value) -> bool {
    match (one, other) {
        (Value::List(one), Value::List(other)) => {
            one.len() == other.len()
                && one
                    .iter()
                    .zip(other)
                    .all(|(one, other)| is_same(one, other))
        }
        (Value::Map(one), Value::Map(other)) => {
            let has = |(name, value): &(String, Value)| {
                let mut other = other.iter();
                other.any(|(known, other)| known == name && is_same(value, other))
            };
            one.len() == other.len() && one.iter().all(has)
        }
        _ => one == other,
    }
}

/// Text where all of it can be printed, else bytes.
fn text_or_bytes(bytes: &[u8]) -> Value {
    let is_text = bytes
        .iter()
        .all(|byte| byte.is_ascii_graphic() || *byte == b' ');
    match std::str::from_utf8(bytes) {
        Ok(text) if is_text => Value::Text(text.to_owned()),
        _ => Value::Bytes(bytes.to_vec()),
    }
}

/// The bytes of text, or of bytes.
fn bytes_of(value: &Value) -> Result<Vec<u8>, String> {
    match value {
        Value::Text(text) => Ok(text.clone().into_bytes()),
        Value::Bytes(bytes) => Ok(bytes.clone()),
        _ => Err("wants a string or a blob".into()),
    }
}

fn number_of<T: TryFrom<u64>>(value: &Value) -> Result<T, String> {
    let Value::Number(number) = value else {
        return Err("wants an int".into());
    };
    T::try_from(*number).map_err(|_| format!("{number} is too large"))
}

fn ip4_of(value: &Value) -> Result<Ipv4Addr, String> {
    let address = match value {
        Value::Text(text) => text.parse().ok(),
        Value::Ip(std::net::IpAddr::V4(address)) => Some(*address),
        _ => None,
    };
    address.ok_or_else(|| "wants an IPv4 address".into())
}

fn list_of(value: &Value) -> Result<&[Value], String> {
    match value {
        Value::List(values) => Ok(values),
        _ => Err("wants an array".into()),
    }
}

/// What stands in a map under a name.
fn entry<'a>(value: &'a Value, name: &str) -> Option<&'a Value> {
    let Value::Map(entries) = value else {
        return None;
    };
    let mut entries = entries.iter();
    let (_, value) = entries.find(|(known, _)| known == name)?;
    Some(value)
}

fn map<const N: usize>(entries: [(&str, Value); N]) -> Value {
    let entries = entries.into_iter();
    Value::Map(
        entries
            .map(|(name, value)| (name.to_owned(), value))
            .collect(),
    )
}

fn number(number: impl Into<u64>) -> Value {
    Value::Number(number.into())
}

fn short(bytes: &[u8]) -> Option<u16> {
    Some(u16::from_be_bytes(*bytes.first_chunk()?))
}

fn long(bytes: &[u8]) -> Option<u32> {
    Some(u32::from_be_bytes(*bytes.first_chunk()?))
}

#[cfg(test)]
mod tests;
