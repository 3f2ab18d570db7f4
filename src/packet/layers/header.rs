//! What a kind of header is, as data, and headers read and written by it. The kinds there are stand in `tables`.

use std::net::IpAddr;

use super::{Layer, Unencodable, Value, bits, tables};
use Usual::{Filled, Follows, Given, Is};

/// How the value of a field is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Form {
    /// A number.
    Number,
    /// A bit that is set or not.
    Flag,
    /// A hardware address.
    Mac,
    /// An IPv4 address.
    Ip4,
    /// An IPv6 address.
    Ip6,
    /// A word for each bit, the lowest first.
    Words(&'static [&'static str]),
    /// All bytes between the fixed part and the end of the header.
    Rest,
}

/// What a field is when it is not given.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Usual {
    /// It has to be given.
    Given,
    /// This.
    Is(u64),
    /// It is worked out, and a decoded packet has it only where it is not as it should be.
    Filled,
    /// It tells what follows, and is worked out from that.
    Follows,
}

/// A field of a header.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Field {
    /// Its name.
    pub name: &'static str,
    /// Its first bit.
    pub at: usize,
    /// How many bits it has.
    pub bits: usize,
    /// How its value is written.
    pub form: Form,
    /// What it is when it is not given.
    pub usual: Usual,
    /// The values of the first byte with which there is this field, or is none; None: always.
    pub when: Option<(&'static [u8], bool)>,
}

pub(super) const fn field(
    name: &'static str,
    at: usize,
    bits: usize,
    form: Form,
    usual: Usual,
) -> Field {
    Field {
        name,
        at,
        bits,
        form,
        usual,
        when: None,
    }
}

pub(super) const fn only(when: (&'static [u8], bool), field: Field) -> Field {
    Field {
        when: Some(when),
        ..field
    }
}

/// A kind of header.
#[derive(Debug, PartialEq, Eq)]
pub struct Kind {
    /// Its name in a packet.
    pub name: &'static str,
    /// The bytes that it has at least.
    pub length: usize,
    /// Its fields.
    pub fields: &'static [Field],
    /// Where the header says how long it is: bit, bits; in units of 4 bytes.
    pub header_length: Option<(usize, usize)>,
    /// Which layers come next, by the field that tells it.
    pub next: &'static [(u64, &'static str)],
}

impl Kind {
    /// The field of this name.
    pub fn field(&self, name: &str) -> Option<&'static Field> {
        self.fields.iter().find(|field| field.name == name)
    }

    /// Whether the field is left out where it is as it should be.
    pub(super) fn is_filled(&self, name: &str) -> bool {
        self.field(name).is_some_and(|field| {
            let is_constant = self.name == "arp" || name == "version" || name == "reserved";
            field.usual == Filled
                || is_constant && matches!(field.usual, Is(_)) && field.form != Form::Mac
        })
    }

    /// The header at the beginning of these bytes, and how long it is; None if it is not all there.
    pub(super) fn read(&'static self, bytes: &[u8]) -> Option<(Layer, usize)> {
        let length = match self.header_length {
            Some((at, count)) => usize::try_from(bits::get(bytes, at, count)?).ok()? * 4,
            None => self.length,
        };
        let header = bytes.get(..length).filter(|_| length >= self.length)?;
        let fields = self.fields.iter();
        let here = fields.filter(|field| field.is_in(header));
        let read = |field: &'static Field| Some((field.name, field.read(header)?));
        let fields = here.filter_map(read).collect();
        Some((Layer { kind: self, fields }, length))
    }

    /// The length that the header says its body has, where it says so.
    pub(super) fn body_length(&self, header: &[u8]) -> Option<usize> {
        let said = |name: &str| {
            let field = self.field(name)?;
            usize::try_from(bits::get(header, field.at, field.bits)?).ok()
        };
        match self.name {
            "ip" | "udp" => said("length")?.checked_sub(header.len()),
            "ip6" => said("length"),
            _ => None,
        }
    }

    /// What comes after this header, if it is known.
    pub(super) fn next(&self, header: &[u8]) -> Option<&'static Kind> {
        let number = |name: &str| {
            let field = self.field(name)?;
            bits::get(header, field.at, field.bits)
        };
        // Only the first fragment has the header of what is in it, and not all that the header speaks of.
        let is_fragment =
            number("frag_off").unwrap_or(0) > 0 || number("more_fragments") == Some(1);
        let field = self.fields.iter().find(|field| field.usual == Follows)?;
        let told = bits::get(header, field.at, field.bits).filter(|_| !is_fragment)?;
        let (_, name) = self.next.iter().find(|(number, _)| *number == told)?;
        tables::kind(name)
    }

    /// The header with the fields that are given, and the usual ones.
    pub(super) fn write(&self, layer: &Layer) -> Result<Vec<u8>, Unencodable> {
        let mut header = vec![0; self.length];
        // The first byte tells which other fields there are.
        for field in self.fields {
            let given = layer.get(field.name);
            let value = match (given, field.usual) {
                (Some(value), _) => value,
                (None, Is(number)) if field.form != Form::Rest => {
                    if field.is_in(&header) {
                        bits::set(&mut header, field.at, field.bits, number);
                    }
                    continue;
                }
                (None, Given) => {
                    return Err(Unencodable {
                        place: self.name.into(),
                        words: format!("it has no {}", field.name),
                    });
                }
                (None, _) => continue,
            };
            let place = || format!("{}.{}", self.name, field.name);
            field
                .write(&mut header, value)
                .map_err(|words| Unencodable {
                    place: place(),
                    words,
                })?;
        }
        Ok(header)
    }
}

impl Field {
    fn is_in(&self, header: &[u8]) -> bool {
        let first = header.first().copied().unwrap_or(0);
        self.when
            .is_none_or(|(values, with)| values.contains(&first) == with)
    }

    fn read(&self, header: &[u8]) -> Option<Value> {
        let start = self.at / 8;
        let number = || bits::get(header, self.at, self.bits);
        Some(match self.form {
            Form::Number => Value::Number(number()?),
            Form::Flag => Value::Flag(number()? == 1),
            Form::Mac => Value::Mac(*header.get(start..)?.first_chunk()?),
            Form::Ip4 => Value::Ip(IpAddr::from(*header.get(start..)?.first_chunk::<4>()?)),
            Form::Ip6 => Value::Ip(IpAddr::from(*header.get(start..)?.first_chunk::<16>()?)),
            Form::Words(words) => {
                let number = number()?;
                let set = words
                    .iter()
                    .enumerate()
                    .filter(|(bit, _)| number >> bit & 1 == 1);
                let set: Vec<&str> = set.map(|(_, word)| *word).collect();
                Value::Words(set.join(","))
            }
            Form::Rest => {
                let rest = header.get(start..).filter(|rest| !rest.is_empty())?;
                Value::Bytes(rest.to_vec())
            }
        })
    }

    fn write(&self, header: &mut Vec<u8>, value: &Value) -> Result<(), String> {
        let start = self.at / 8;
        let mut put = |bytes: &[u8]| {
            if let Some(place) = header.get_mut(start..start + bytes.len()) {
                place.copy_from_slice(bytes);
            }
        };
        match (self.form, value) {
            (Form::Number, Value::Number(number)) if bits::fits(*number, self.bits) => {
                bits::set(header, self.at, self.bits, *number);
            }
            (Form::Number, Value::Number(number)) => {
                let most = (1u64 << self.bits.min(63)) - 1;
                return Err(format!("{number} is not between 0 and {most}"));
            }
            (Form::Flag, Value::Flag(set)) => {
                bits::set(header, self.at, self.bits, u64::from(*set));
            }
            (Form::Mac, Value::Mac(mac)) => put(mac),
            (Form::Ip4, Value::Ip(IpAddr::V4(ip))) => put(&ip.octets()),
            (Form::Ip6, Value::Ip(IpAddr::V6(ip))) => put(&ip.octets()),
            (Form::Words(words), Value::Words(given)) => {
                bits::set(header, self.at, self.bits, number_of(words, given)?);
            }
            (Form::Rest, Value::Bytes(bytes)) => {
                let most = 40;
                if bytes.len() % 4 != 0 || bytes.len() > most {
                    let length = bytes.len();
                    return Err(format!("{length} bytes are no multiple of 4 up to {most}"));
                }
                header.extend(bytes);
            }
            (form, _) => return Err(format!("it wants {}", form.wanted())),
        }
        Ok(())
    }
}

impl Form {
    /// What a value of this form is, with its article.
    pub fn wanted(self) -> &'static str {
        match self {
            Form::Number => "an int",
            Form::Flag => "true or false",
            Form::Mac => "a hardware address such as \"02:00:00:00:00:01\"",
            Form::Ip4 => "an IPv4 address",
            Form::Ip6 => "an IPv6 address",
            Form::Words(_) => "words with commas, such as \"syn,ack\"",
            Form::Rest => "a blob",
        }
    }
}

fn number_of(words: &[&str], given: &str) -> Result<u64, String> {
    let given = given
        .split(',')
        .map(str::trim)
        .filter(|word| !word.is_empty());
    let mut number = 0;
    for word in given {
        let bit = words.iter().position(|known| *known == word);
        let bit = bit.ok_or_else(|| format!("{word:?} is none of {}", words.join(", ")))?;
        number |= 1 << bit;
    }
    Ok(number)
}
