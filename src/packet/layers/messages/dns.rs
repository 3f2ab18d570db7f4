//! The questions and records of DNS (RFC 1035, 4; RFC 3596; RFC 2782). Names are written with a dot at their end; what can't be
//! printed stands in them as `\ddd` (RFC 1035, 5.1).

use std::collections::HashMap;
use std::net::{Ipv4Addr, Ipv6Addr};

use super::{
    Parts, Wrong, bytes_of, entry, ip4_of, list_of, map, number, number_of, short, text_or_bytes,
};
use crate::packet::layers::{Layer, Value, bits};

const HEADER: usize = 12;
const SECTIONS: [&str; 4] = ["questions", "answers", "authority", "additional"];
const COUNTS: [&str; 4] = ["qdcount", "ancount", "nscount", "arcount"];

/// RFC 1035, 2.3.4.
const LONGEST_LABEL: usize = 63;
const LONGEST_NAME: usize = 255;

/// How many pointers a name may follow: a malicious one runs in circles.
const MOST_POINTERS: usize = 32;

/// How far into a message a pointer reaches.
const FURTHEST: usize = 0x3fff;

/// The class of the Internet, which need not be said.
const IN: u16 = 1;

const A: u16 = 1;
const SOA: u16 = 6;
const MX: u16 = 15;
const TXT: u16 = 16;
const AAAA: u16 = 28;
const SRV: u16 = 33;
/// NS, CNAME, PTR, DNAME: data that is a name.
const NAMES: [u16; 4] = [2, 5, 12, 39];

/// Types of records, and of questions (IANA, DNS parameters).
const TYPES: &[(u16, &str)] = &[
    (1, "A"),
    (2, "NS"),
    (5, "CNAME"),
    (6, "SOA"),
    (12, "PTR"),
    (13, "HINFO"),
    (15, "MX"),
    (16, "TXT"),
    (28, "AAAA"),
    (33, "SRV"),
    (35, "NAPTR"),
    (39, "DNAME"),
    (41, "OPT"),
    (43, "DS"),
    (46, "RRSIG"),
    (47, "NSEC"),
    (48, "DNSKEY"),
    (250, "TSIG"),
    (251, "IXFR"),
    (252, "AXFR"),
    (255, "ANY"),
];

/// The name of a type of records, if it is known.
pub fn type_name(number: u16) -> Option<&'static str> {
    let (_, name) = TYPES.iter().find(|(known, _)| *known == number)?;
    Some(name)
}

/// The sections of a message that is all there, and has nothing behind it.
pub fn read(bytes: &[u8]) -> Option<Parts> {
    let mut reader = Reader { bytes, at: HEADER };
    let mut parts = Parts::new();
    for (section, name) in SECTIONS.into_iter().enumerate() {
        let count = short(bytes.get(4 + section * 2..)?)?;
        let mut entries = Vec::new();
        for _ in 0..count {
            entries.push(match section {
                0 => reader.question()?,
                _ => reader.record()?,
            });
        }
        parts.push((name, Value::List(entries)));
    }
    (reader.at == bytes.len()).then_some(parts)
}

struct Reader<'a> {
    bytes: &'a [u8],
    at: usize,
}

impl<'a> Reader<'a> {
    fn take(&mut self, count: usize) -> Option<&'a [u8]> {
        let taken = self.bytes.get(self.at..)?.get(..count)?;
        self.at += count;
        Some(taken)
    }

    fn short(&mut self) -> Option<u16> {
        short(self.take(2)?)
    }

    fn long(&mut self) -> Option<u32> {
        super::long(self.take(4)?)
    }

    fn question(&mut self) -> Option<Value> {
        let entries = self.head()?;
        Some(Value::Map(entries))
    }

    /// What a question and a record begin with.
    fn head(&mut self) -> Option<Vec<(String, Value)>> {
        let name = self.name()?;
        let kind = self.short()?;
        let class = self.short()?;
        let kind = type_name(kind).map_or(number(kind), |name| Value::Text(name.into()));
        let mut entries = vec![("name".into(), Value::Text(name)), ("type".into(), kind)];
        if class != IN {
            entries.push(("class".into(), number(class)));
        }
        Some(entries)
    }

    fn record(&mut self) -> Option<Value> {
        let mut entries = self.head()?;
        let kind = short(self.bytes.get(self.at.checked_sub(4)?..)?)?;
        entries.push(("ttl".into(), number(self.long()?)));
        let length = usize::from(self.short()?);
        let start = self.at;
        let data = self.take(length)?;
        let mut inside = Reader {
            bytes: self.bytes,
            at: start,
        };
        let known = inside.data(kind, data);
        let known = known.filter(|_| inside.at == start + length);
        let data = known.unwrap_or_else(|| Value::Bytes(data.to_vec()));
        entries.push(("data".into(), data));
        Some(Value::Map(entries))
    }

    fn data(&mut self, kind: u16, data: &[u8]) -> Option<Value> {
        let name = |reader: &mut Self| reader.name().map(Value::Text);
        Some(match kind {
            A => Value::Text(Ipv4Addr::from(*self.take(4)?.first_chunk::<4>()?).to_string()),
            AAAA => Value::Text(Ipv6Addr::from(*self.take(16)?.first_chunk::<16>()?).to_string()),
            kind if NAMES.contains(&kind) => name(self)?,
            MX => map([
                ("preference", number(self.short()?)),
                ("exchange", name(self)?),
            ]),
            SRV => map([
                ("priority", number(self.short()?)),
                ("weight", number(self.short()?)),
                ("port", number(self.short()?)),
                ("target", name(self)?),
            ]),
            SOA => map([
                ("mname", name(self)?),
                ("rname", name(self)?),
                ("serial", number(self.long()?)),
                ("refresh", number(self.long()?)),
                ("retry", number(self.long()?)),
                ("expire", number(self.long()?)),
                ("minimum", number(self.long()?)),
            ]),
            TXT => {
                let end = self.at + data.len();
                let mut texts = Vec::new();
                while self.at < end {
                    let length = usize::from(*self.take(1)?.first()?);
                    texts.push(text_or_bytes(self.take(length)?));
                }
                Value::List(texts)
            }
            _ => return None,
        })
    }

    fn name(&mut self) -> Option<String> {
        let mut text = String::new();
        let mut at = self.at;
        let mut end = None;
        let (mut pointers, mut total) = (0, 0);
        loop {
            let length = usize::from(*self.bytes.get(at)?);
            match length >> 6 {
                0 if length == 0 => break,
                0 => {
                    for byte in self.bytes.get(at + 1..)?.get(..length)? {
                        match byte {
                            b'.' | b'\\' => text.extend(['\\', char::from(*byte)]),
                            byte if byte.is_ascii_graphic() => text.push(char::from(*byte)),
                            byte => text += &format!("\\{byte:03}"),
                        }
                    }
                    text.push('.');
                    at += 1 + length;
                    total += 1 + length;
                    (total < LONGEST_NAME).then_some(())?;
                }
                3 => {
                    end.get_or_insert(at + 2);
                    at = (length & 0x3f) << 8 | usize::from(*self.bytes.get(at + 1)?);
                    pointers += 1;
                    (pointers <= MOST_POINTERS).then_some(())?;
                }
                _ => return None,
            }
        }
        self.at = end.unwrap_or(at + 1);
        if text.is_empty() {
            text.push('.');
        }
        Some(text)
    }
}

/// Adds the sections, and how many entries each has.
pub fn write(layer: &Layer, bytes: &mut Vec<u8>) -> Result<(), Wrong> {
    let mut writer = Writer {
        bytes: std::mem::take(bytes),
        known: HashMap::new(),
    };
    for (section, name) in SECTIONS.into_iter().enumerate() {
        let wrong = |words: String| (name, words);
        let entries = match layer.get(name) {
            None => &[],
            Some(entries) => list_of(entries).map_err(wrong)?,
        };
        for entry in entries {
            writer.entry(entry, section > 0).map_err(wrong)?;
        }
        let count = COUNTS.get(section).copied().unwrap_or_default();
        if layer.get(count).is_none() {
            let count = u16::try_from(entries.len());
            let count = count.map_err(|_| wrong("has more entries than can be told".into()))?;
            bits::set(&mut writer.bytes, 32 + section * 16, 16, count.into());
        }
    }
    *bytes = writer.bytes;
    Ok(())
}

/// A message that is written, with the ends of names that a pointer can lead to.
struct Writer {
    bytes: Vec<u8>,
    known: HashMap<Vec<u8>, u16>,
}

impl Writer {
    fn short(&mut self, number: u16) {
        self.bytes.extend(number.to_be_bytes());
    }

    fn entry(&mut self, given: &Value, is_record: bool) -> Result<(), String> {
        let Value::Map(_) = given else {
            return Err("wants an array of maps".into());
        };
        let get = |name: &str| entry(given, name).ok_or_else(|| format!("has no {name}"));
        let optional = |name: &'static str, usual: u32| {
            let given = entry(given, name).map(number_of::<u32>);
            let number = given.unwrap_or(Ok(usual));
            number.map_err(|words| format!("{name} {words}"))
        };
        let kind = type_number(get("type")?)?;
        let class = optional("class", IN.into())?;
        let class = u16::try_from(class).map_err(|_| format!("class {class} is too large"))?;
        self.name(get("name")?)?;
        self.short(kind);
        self.short(class);
        if !is_record {
            return Ok(());
        }
        self.bytes.extend(optional("ttl", 0)?.to_be_bytes());
        let place = self.bytes.len();
        self.short(0);
        let data = get("data")?;
        self.data(kind, data)
            .map_err(|words| format!("data {words}"))?;
        let length = u16::try_from(self.bytes.len() - place - 2);
        let length = length.map_err(|_| "data is too long".to_owned())?;
        bits::set(&mut self.bytes, place * 8, 16, length.into());
        Ok(())
    }

    fn data(&mut self, kind: u16, data: &Value) -> Result<(), String> {
        let get = |name: &str| entry(data, name).ok_or_else(|| format!("has no {name}"));
        let wrong = |name: &str, words: String| format!("{name} {words}");
        let number16 =
            |name: &str| number_of::<u16>(get(name)?).map_err(|words| wrong(name, words));
        let number32 =
            |name: &str| number_of::<u32>(get(name)?).map_err(|words| wrong(name, words));
        match (kind, data) {
            (_, Value::Bytes(bytes)) => self.bytes.extend(bytes),
            (A, data) => self.bytes.extend(ip4_of(data)?.octets()),
            (AAAA, Value::Text(text)) => {
                let address: Ipv6Addr = text.parse().map_err(|_| "wants an IPv6 address")?;
                self.bytes.extend(address.octets());
            }
            (kind, name) if NAMES.contains(&kind) => self.name(name)?,
            (MX, Value::Map(_)) => {
                self.short(number16("preference")?);
                self.name(get("exchange")?)?;
            }
            (SRV, Value::Map(_)) => {
                for name in ["priority", "weight", "port"] {
                    self.short(number16(name)?);
                }
                self.name(get("target")?)?;
            }
            (SOA, Value::Map(_)) => {
                self.name(get("mname")?)?;
                self.name(get("rname")?)?;
                for name in ["serial", "refresh", "retry", "expire", "minimum"] {
                    self.bytes.extend(number32(name)?.to_be_bytes());
                }
            }
            (TXT, Value::Text(_)) => self.string(data)?,
            (TXT, Value::List(texts)) => {
                for text in texts {
                    self.string(text)?;
                }
            }
            _ => return Err("wants a blob, or what a record of this type has".into()),
        }
        Ok(())
    }

    fn string(&mut self, text: &Value) -> Result<(), String> {
        let bytes = bytes_of(text)?;
        let length = u8::try_from(bytes.len());
        self.bytes
            .push(length.map_err(|_| "has a string of more than 255 bytes")?);
        self.bytes.extend(bytes);
        Ok(())
    }

    /// A name, of which an end that was there before is a pointer.
    fn name(&mut self, name: &Value) -> Result<(), String> {
        let Value::Text(text) = name else {
            return Err("wants a name to be a string".into());
        };
        let labels = labels(text)?;
        for at in 0..labels.len() {
            let rest = labels.get(at..).unwrap_or_default();
            let rest: Vec<u8> = rest.iter().flat_map(|label| wire(label)).collect();
            if let Some(place) = self.known.get(&rest) {
                self.short(0xc000 | place);
                return Ok(());
            }
            if let Some(place) = u16::try_from(self.bytes.len())
                .ok()
                .filter(|place| usize::from(*place) <= FURTHEST)
            {
                self.known.insert(rest, place);
            }
            self.bytes
                .extend(labels.get(at).into_iter().flat_map(|label| wire(label)));
        }
        self.bytes.push(0);
        Ok(())
    }
}

/// A label behind its length.
fn wire(label: &[u8]) -> impl Iterator<Item = u8> {
    let length = u8::try_from(label.len()).unwrap_or(0);
    std::iter::once(length).chain(label.iter().copied())
}

/// The labels of a name, with the dot at its end or without.
fn labels(text: &str) -> Result<Vec<Vec<u8>>, String> {
    let mut labels = Vec::new();
    let mut label = Vec::new();
    let mut rest = text.as_bytes();
    if text == "." {
        return Ok(labels);
    }
    let wrong = |words: &str| format!("wants another name than {text:?}: {words}");
    while let Some((byte, behind)) = rest.split_first() {
        rest = behind;
        match byte {
            b'.' if label.is_empty() => return Err(wrong("a label is empty")),
            b'.' => labels.push(std::mem::take(&mut label)),
            b'\\' => {
                let digits = rest
                    .get(..3)
                    .and_then(|digits| std::str::from_utf8(digits).ok());
                let escaped = digits.and_then(|digits| digits.parse::<u8>().ok());
                let (escaped, taken) = match (escaped, rest.first()) {
                    (Some(escaped), _) => (escaped, 3),
                    (None, Some(byte)) => (*byte, 1),
                    (None, None) => return Err(wrong("nothing is behind the backslash")),
                };
                label.push(escaped);
                rest = rest.get(taken..).unwrap_or_default();
            }
            byte => label.push(*byte),
        }
    }
    if !label.is_empty() {
        labels.push(label);
    }
    if labels.iter().any(|label| label.len() > LONGEST_LABEL) {
        return Err(wrong("a label has at most 63 bytes"));
    }
    match labels.iter().map(|label| label.len() + 1).sum::<usize>() {
        0 => Err(wrong("the root is \".\"")),
        LONGEST_NAME.. => Err(wrong("a name has at most 255 bytes")),
        _ => Ok(labels),
    }
}

fn type_number(value: &Value) -> Result<u16, String> {
    let Value::Text(text) = value else {
        return number_of(value).map_err(|words| format!("type {words}"));
    };
    let known = TYPES
        .iter()
        .find(|(_, name)| name.eq_ignore_ascii_case(text));
    // RFC 3597, 5.
    let by_number = || text.to_ascii_uppercase().strip_prefix("TYPE")?.parse().ok();
    let number = known.map(|(number, _)| *number).or_else(by_number);
    number.ok_or_else(|| format!("type {text:?} is not known: say its number"))
}
