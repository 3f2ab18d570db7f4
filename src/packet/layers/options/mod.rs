//! What stands behind the fixed fields of some headers: options. Read as a list of them if that says it all, else as bytes.
//!
//! An option without a value is a word (`"nop"`), one with a value a map of one key (`#{ mss: 1460 }`), one that is not known a map
//! of its number and its bytes.

mod extension;
mod ip;
mod neighbour;
mod tcp;

use std::net::IpAddr;

use super::Value;

/// The options of a header of TCP.
pub fn tcp_options(bytes: &[u8]) -> Option<Vec<Value>> {
    by_kind(bytes, tcp::option)
}

/// In which way a rest of a header is laid out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Coding {
    /// Bytes of which nothing is known.
    Bytes,
    /// Options of IPv4.
    Ip,
    /// Options of TCP.
    Tcp,
    /// Options of neighbour discovery.
    Neighbour,
    /// Options of the extension headers of IPv6.
    Extension,
}

/// The kinds that IPv4 and TCP have in common: the end of the list, and a byte of filling.
const EOL: u8 = 0;
const NOP: u8 = 1;

/// The options of a header of IPv4 or TCP: a kind and, but for the two in common, a length of all of it. What comes after the end
/// of the list is padding.
fn by_kind(mut bytes: &[u8], option: fn(u8, &[u8]) -> Value) -> Option<Vec<Value>> {
    let mut options = Vec::new();
    while let Some((&kind, rest)) = bytes.split_first() {
        match kind {
            EOL => break,
            NOP => {
                options.push(Value::Text("nop".into()));
                bytes = rest;
                continue;
            }
            _ => {}
        }
        let length = usize::from(*rest.first()?);
        let data = bytes.get(2..length)?;
        options.push(option(kind, data));
        bytes = bytes.get(length..)?;
    }
    Some(options)
}

/// Adds an option: its kind, its length with `more` bytes that count too, its data.
fn put(kind: u8, more: usize, data: &[u8], bytes: &mut Vec<u8>) -> Result<(), String> {
    let length =
        u8::try_from(data.len() + more).map_err(|_| "an option is too long".to_string())?;
    bytes.extend([kind, length]);
    bytes.extend(data);
    Ok(())
}

/// Adds an option as IPv4 and TCP have it.
fn put_kind(kind: u8, data: &[u8], bytes: &mut Vec<u8>) -> Result<(), String> {
    put(kind, 2, data, bytes)
}

impl Coding {
    /// The options in these bytes, or the bytes where the options would not give the same ones again.
    pub(super) fn read(self, bytes: &[u8]) -> Value {
        let options = match self {
            Coding::Bytes => None,
            Coding::Ip => by_kind(bytes, ip::option),
            Coding::Tcp => tcp_options(bytes),
            Coding::Neighbour => neighbour::read(bytes),
            Coding::Extension => extension::read(bytes),
        };
        let same = |options: &Vec<Value>| {
            let mut again = self.write(&Value::List(options.clone())).ok()?;
            let missing = bytes.len().checked_sub(again.len())?;
            let is_padded = match (self, missing) {
                (_, 0) => true,
                // No more than what a header is filled up with.
                (Coding::Ip | Coding::Tcp, 1..4) | (Coding::Extension, 1..8) => {
                    self.pad(&mut again, missing)
                }
                _ => false,
            };
            Some(is_padded && again == bytes)
        };
        match options {
            Some(options) if same(&options) == Some(true) => Value::List(options),
            _ => Value::Bytes(bytes.to_vec()),
        }
    }

    /// The bytes of options.
    pub(super) fn write(self, value: &Value) -> Result<Vec<u8>, String> {
        let wanted = || format!("it wants {}", self.wanted());
        match (self, value) {
            (_, Value::Bytes(bytes)) => Ok(bytes.clone()),
            (Coding::Bytes, _) => Err(wanted()),
            (_, Value::List(options)) => {
                let mut bytes = Vec::new();
                for option in options {
                    match self {
                        Coding::Ip => ip::write(option, &mut bytes)?,
                        Coding::Tcp => tcp::write(option, &mut bytes)?,
                        Coding::Neighbour => neighbour::write(option, &mut bytes)?,
                        _ => extension::write(option, &mut bytes)?,
                    }
                }
                Ok(bytes)
            }
            _ => Err(wanted()),
        }
    }

    /// Adds bytes that say nothing, if there are such.
    pub(super) fn pad(self, bytes: &mut Vec<u8>, count: usize) -> bool {
        match self {
            Coding::Bytes | Coding::Neighbour => return false,
            Coding::Ip | Coding::Tcp => bytes.extend(vec![0; count]),
            Coding::Extension => extension::pad(bytes, count),
        }
        true
    }

    /// What is wanted, with its article.
    pub fn wanted(self) -> &'static str {
        match self {
            Coding::Bytes => "a blob",
            _ => "a blob or an array of options",
        }
    }
}

/// The name of an option, and its value if it has one.
fn named(option: &Value) -> Result<(&str, Option<&Value>), String> {
    match option {
        Value::Text(word) => Ok((word, None)),
        Value::Map(entries) => match entries.as_slice() {
            [(name, value)] => Ok((name, Some(value))),
            _ => Err("an option is a word or a map of one key".into()),
        },
        _ => Err("an option is a word or a map of one key".into()),
    }
}

/// The number and the bytes of an option that is given by them.
fn by_number<'a>(option: &'a Value, key: &str) -> Option<(u8, &'a [u8])> {
    let Value::Map(entries) = option else {
        return None;
    };
    let get = |wanted: &str| {
        entries
            .iter()
            .find(|(name, _)| name == wanted)
            .map(|(_, value)| value)
    };
    match (get(key)?, get("data")?, entries.len()) {
        (Value::Number(number), Value::Bytes(data), 2) => {
            Some((u8::try_from(*number).ok()?, data.as_slice()))
        }
        _ => None,
    }
}

fn unknown(key: &str, number: u8, data: &[u8]) -> Value {
    Value::Map(vec![
        (key.into(), Value::Number(number.into())),
        ("data".into(), Value::Bytes(data.to_vec())),
    ])
}

fn one(name: &str, value: Value) -> Value {
    Value::Map(vec![(name.into(), value)])
}

/// A number that fits into the type that is wanted.
fn number<T: TryFrom<u64>>(name: &str, value: Option<&Value>) -> Result<T, String> {
    let Some(Value::Number(number)) = value else {
        return Err(format!("the option {name} wants an int"));
    };
    let number = T::try_from(*number);
    number.map_err(|_| format!("the value of the option {name} is too large"))
}

fn address(name: &str, value: Option<&Value>) -> Result<std::net::Ipv6Addr, String> {
    let address = match value {
        Some(Value::Ip(address)) => Some(*address),
        Some(Value::Text(text)) => text.parse().ok(),
        _ => None,
    };
    match address {
        Some(IpAddr::V6(address)) => Ok(address),
        _ => Err(format!("the option {name} wants an IPv6 address")),
    }
}

/// What stands under a name in the value of an option.
fn entry<'a>(value: Option<&'a Value>, name: &str) -> Option<&'a Value> {
    let Some(Value::Map(entries)) = value else {
        return None;
    };
    let mut entries = entries.iter();
    entries
        .find(|(known, _)| known == name)
        .map(|(_, value)| value)
}
