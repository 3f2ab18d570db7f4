//! What a kind of header is, as data, and headers read and written by it. The kinds there are stand in `tables`.

use std::net::IpAddr;

use super::messages::{BYTES, Message, is_unchanged};
use super::options::Coding;
use super::{Layer, Unencodable, Value, bits, tables};
use Usual::{Constant, Filled, Follows, Given, Is, Present};

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
    /// A word for each bit, the lowest first; and a letter, where they have letters.
    Words(&'static [&'static str], &'static str),
    /// All bytes from there to the end of the header, mostly options.
    Rest(Coding),
    /// What `messages` reads and writes, and what it wants, with its article.
    Whatever(&'static str),
}

/// What a field is when it is not given.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Usual {
    /// It has to be given.
    Given,
    /// This.
    Is(u64),
    /// This, and a decoded packet has it only where it is something else.
    Constant(u64),
    /// It is worked out, and a decoded packet has it only where it is not as it should be.
    Filled,
    /// It tells what follows, and is worked out from that.
    Follows,
    /// Its words are the names of fields that are given.
    Present,
}

/// On what it depends that a header has a field.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct When {
    /// Which byte of the header tells.
    pub byte: usize,
    /// Which bits of it.
    pub mask: u8,
    /// With which values.
    pub values: &'static [u8],
    /// Whether with those, or with all others.
    pub with: bool,
}

/// A field of a header.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Field {
    /// Its name.
    pub name: &'static str,
    /// Its first bit.
    pub at: usize,
    /// How many bits it has; none if it is all the rest.
    pub bits: usize,
    /// How its value is written.
    pub form: Form,
    /// What it is when it is not given.
    pub usual: Usual,
    /// When there is this field; None: always.
    pub when: Option<When>,
}

/// How long a header is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Extent {
    /// As long as the fields that it has; to the end of the packet if one of them is all the rest.
    Fields,
    /// The number in a field, times `unit` bytes, and `more` bytes.
    Told {
        /// The field that tells it.
        field: &'static str,
        /// How many bytes one is.
        unit: usize,
        /// What is not counted.
        more: usize,
    },
    /// As the message says.
    Message(Message),
}

/// What comes after a header.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Next {
    /// What it carries.
    Payload,
    /// The header that the field which tells what follows has this number for.
    Told(&'static [(u64, &'static str)]),
    /// This header.
    Always(&'static str),
    /// The beginning of a packet, if the first byte is one of these.
    Quoted(&'static [u8], &'static str),
}

/// A kind of header.
#[derive(Debug, PartialEq, Eq)]
pub struct Kind {
    /// Its name in a packet.
    pub name: &'static str,
    /// The bytes that it has at least.
    pub length: usize,
    /// Its fields. One name may stand there more than once, with the same form: where it is depends on what is before it.
    pub fields: &'static [Field],
    /// How long it is.
    pub extent: Extent,
    /// What comes next.
    pub next: Next,
}

/// Numbers up to this one in place of an Ethernet type are the length of what follows (IEEE 802.3, 3.2.6).
pub(super) const MOST_LENGTH: u64 = 1500;

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

/// A field that there is with these values of a byte.
pub(super) const fn with(byte: usize, values: &'static [u8], field: Field) -> Field {
    masked(byte, 0xff, values, field)
}

/// A field that there is with other values of a byte.
pub(super) const fn without(byte: usize, values: &'static [u8], field: Field) -> Field {
    let when = When {
        byte,
        mask: 0xff,
        values,
        with: false,
    };
    Field {
        when: Some(when),
        ..field
    }
}

/// A field that there is with these values of some bits of a byte.
pub(super) const fn masked(byte: usize, mask: u8, values: &'static [u8], field: Field) -> Field {
    let when = When {
        byte,
        mask,
        values,
        with: true,
    };
    Field {
        when: Some(when),
        ..field
    }
}

impl Kind {
    /// The field of this name: where it stands can depend on the header.
    pub fn field(&self, name: &str) -> Option<&'static Field> {
        self.fields.iter().find(|field| field.name == name)
    }

    /// The field of this name in this header.
    pub(super) fn field_in(&self, name: &str, header: &[u8]) -> Option<&'static Field> {
        let mut fields = self.fields.iter();
        fields.find(|field| field.name == name && field.is_in(header))
    }

    /// The number in the field of this name.
    pub(super) fn number(&self, name: &str, header: &[u8]) -> Option<u64> {
        let field = self.field_in(name, header)?;
        bits::get(header, field.at, field.bits)
    }

    /// Whether the field is left out where it is as it should be.
    pub(super) fn is_filled(&self, name: &str) -> bool {
        let field = self.field(name);
        field.is_some_and(|field| matches!(field.usual, Filled | Constant(_)))
    }

    /// How long the header at the beginning of these bytes is; None if it is not all there.
    pub(super) fn extent(&self, bytes: &[u8]) -> Option<usize> {
        let length = match self.extent {
            Extent::Told { field, unit, more } => {
                let told = usize::try_from(self.number(field, bytes)?).ok()?;
                told * unit + more
            }
            Extent::Message(message) => message.length(bytes)?,
            Extent::Fields => {
                // The byte that tells which fields there are has to be there.
                bytes.get(..self.length)?;
                let mut here = self.fields.iter().filter(|field| field.is_in(bytes));
                let rest = here
                    .clone()
                    .find(|field| matches!(field.form, Form::Rest(_)));
                match rest {
                    Some(rest) if bytes.len() >= rest.at / 8 => bytes.len(),
                    _ => here.by_ref().fold(self.length, |longest, field| {
                        longest.max((field.at + field.bits).div_ceil(8))
                    }),
                }
            }
        };
        let is_there = (self.length..=bytes.len()).contains(&length);
        (is_there && self.is_valid(bytes, length)).then_some(length)
    }

    /// Whether a header of this length is what its place says that it is: anything can stand behind an EtherType.
    fn is_valid(&self, bytes: &[u8], length: usize) -> bool {
        let version = self.number("version", bytes);
        match self.name {
            "ip" => {
                let told = self
                    .number("length", bytes)
                    .and_then(|told| usize::try_from(told).ok());
                version == Some(4) && told.is_some_and(|told| told == 0 || told >= length)
            }
            "ip6" => version == Some(6),
            _ => true,
        }
    }

    /// A header that is all there, as a layer.
    pub(super) fn read(&'static self, header: &[u8]) -> Layer {
        let fields = self.fields.iter();
        let here = fields.filter(|field| field.is_in(header));
        let read = |field: &'static Field| Some((field.name, field.read(header)?));
        let fields = here.filter_map(read).collect();
        let mut layer = Layer { kind: self, fields };
        if let Extent::Message(message) = self.extent {
            layer.fields.extend(message.read(header));
            if self.write(&layer).as_deref() != Ok(header) {
                layer.fields.push((BYTES, Value::Bytes(header.to_vec())));
            }
        }
        layer
    }

    /// The length that the header says its body has, where it says so.
    pub(super) fn body_length(&self, header: &[u8]) -> Option<usize> {
        let said = |name: &str| usize::try_from(self.number(name, header)?).ok();
        match self.name {
            "ip" | "udp" => said("length")?.checked_sub(header.len()),
            // Zero: it is in a jumbo payload option, or the kernel has yet to cut it (BIG TCP).
            "ip6" => said("length").filter(|length| *length > 0 || said("nexthdr") == Some(59)),
            "ether" | "vlan" | "cvlan" => {
                let told = self.number("type", header)?;
                let length = usize::try_from(told).ok()?;
                (told <= MOST_LENGTH).then_some(length)
            }
            _ => None,
        }
    }

    /// What comes after this header, if it is known.
    pub(super) fn next(&self, header: &[u8], body: &[u8]) -> Option<&'static Kind> {
        let name = match self.next {
            Next::Payload => return None,
            Next::Always(name) => name,
            Next::Quoted(types, name) => header
                .first()
                .filter(|first| types.contains(first))
                .map(|_| name)?,
            Next::Told(numbers) => {
                // Only the first fragment has the header of what is in it.
                let is_later = self.number("frag_off", header).unwrap_or(0) > 0;
                // Another version of GRE, or one with routes, is laid out in another way.
                let is_other = self.name == "gre"
                    && (self.number("version", header) != Some(0)
                        || header.first().is_none_or(|first| first & 0x40 != 0));
                let field = self.fields.iter().find(|field| field.usual == Follows)?;
                let told =
                    bits::get(header, field.at, field.bits).filter(|_| !is_later && !is_other)?;
                if field.name == "type" && self.body_length(header).is_some() {
                    return tables::kind("llc");
                }
                let known = |told: u64| numbers.iter().find(|(number, _)| *number == told);
                let is_it = |name: &str, port: u64| {
                    name != "vxlan" || port != VXLAN_OF_LINUX || is_vxlan(body)
                };
                let by_port = |told: u64| known(told).filter(|(port, name)| is_it(name, *port));
                // A message has its port on one of both sides.
                let from = || {
                    let from = known(self.number("sport", header)?)?;
                    matches!(from.1, "dns" | "dhcp").then_some(from)
                };
                by_port(told).or_else(from)?.1
            }
        };
        tables::kind(name)
    }

    /// The header with the fields that are given, and the usual ones.
    pub(super) fn write(&self, layer: &Layer) -> Result<Vec<u8>, Unencodable> {
        let mut header = vec![0; self.length];
        // What comes first tells which other fields there are.
        for field in self.fields {
            if !field.is_in(&header) {
                continue;
            }
            let end = (field.at + field.bits).div_ceil(8);
            header.resize(header.len().max(end), 0);
            let unencodable = |words| Unencodable {
                place: format!("{}.{}", self.name, field.name),
                words,
            };
            match (layer.get(field.name), field.usual) {
                (Some(value), _) => {
                    let written = field.write(&mut header, value, self.longest(field));
                    written.map_err(unencodable)?;
                }
                (None, Is(number) | Constant(number)) => {
                    bits::set(&mut header, field.at, field.bits, number);
                }
                (None, Given) => {
                    return Err(Unencodable {
                        place: self.name.into(),
                        words: format!("it has no {}", field.name),
                    });
                }
                (None, Present) => {
                    bits::set(&mut header, field.at, field.bits, field.present(layer))
                }
                (None, Filled | Follows) => {}
            }
        }
        let mut given = layer.fields.iter().map(|(name, _)| name);
        if let Some(name) = given.find(|name| self.field_in(name, &header).is_none()) {
            let by = self.fields.first().map_or("type", |field| field.name);
            return Err(Unencodable {
                place: format!("{}.{name}", self.name),
                words: format!("there is none with this {by}"),
            });
        }
        if let Extent::Message(message) = self.extent {
            // How it was laid out counts for as long as it says the same.
            if let Some(Value::Bytes(bytes)) = layer.get(BYTES)
                && bytes.len() >= self.length
            {
                let laid_out = self.fields.iter();
                let laid_out = laid_out.filter_map(|field| Some((field.name, field.read(bytes)?)));
                let laid_out: Vec<_> = laid_out.chain(message.read(bytes)).collect();
                let is_alone = layer.fields.len() == 1;
                if is_alone || is_unchanged(layer, &laid_out) {
                    return Ok(bytes.clone());
                }
            }
            let written = message.write(layer, &mut header);
            written.map_err(|(name, words)| Unencodable {
                place: format!("{}.{name}", self.name),
                words: format!("it {words}"),
            })?;
        }
        self.pad(&mut header)?;
        Ok(header)
    }

    /// How many bytes there can be in the rest of a header, and in which unit the header is counted.
    fn longest(&self, field: &Field) -> Option<(usize, usize)> {
        let Extent::Told {
            field: told,
            unit,
            more,
        } = self.extent
        else {
            return None;
        };
        let most = (1usize << self.field(told)?.bits) - 1;
        Some(((most * unit + more).saturating_sub(field.at / 8), unit))
    }

    /// Makes the header as long as one can be told to be.
    fn pad(&self, header: &mut Vec<u8>) -> Result<(), Unencodable> {
        let (Extent::Told { unit, more, .. }, Some(rest)) = (self.extent, self.rest()) else {
            return Ok(());
        };
        let wanted = header.len().saturating_sub(more).next_multiple_of(unit) + more;
        let Form::Rest(coding) = rest.form else {
            return Ok(());
        };
        let missing = wanted - header.len();
        if missing > 0 && !coding.pad(header, missing) {
            return Err(Unencodable {
                place: format!("{}.{}", self.name, rest.name),
                words: format!("the header is no multiple of {unit} bytes with it"),
            });
        }
        Ok(())
    }

    fn rest(&self) -> Option<&'static Field> {
        let mut fields = self.fields.iter();
        fields.find(|field| matches!(field.form, Form::Rest(_)))
    }
}

impl Field {
    /// Whether the header has it.
    pub(super) fn is_in(&self, header: &[u8]) -> bool {
        self.when.is_none_or(|when| {
            let byte = header.get(when.byte).copied().unwrap_or(0);
            when.values.contains(&(byte & when.mask)) == when.with
        })
    }

    /// Its value in a header.
    pub(super) fn read(&self, header: &[u8]) -> Option<Value> {
        let start = self.at / 8;
        let number = || bits::get(header, self.at, self.bits);
        Some(match self.form {
            Form::Number => Value::Number(number()?),
            Form::Flag => Value::Flag(number()? == 1),
            Form::Mac => Value::Mac(*header.get(start..)?.first_chunk()?),
            Form::Ip4 => Value::Ip(IpAddr::from(*header.get(start..)?.first_chunk::<4>()?)),
            Form::Ip6 => Value::Ip(IpAddr::from(*header.get(start..)?.first_chunk::<16>()?)),
            Form::Whatever(_) => return None,
            Form::Words(words, _) => {
                let number = number()?;
                let set = words
                    .iter()
                    .enumerate()
                    .filter(|(bit, _)| number >> bit & 1 == 1);
                let set: Vec<&str> = set.map(|(_, word)| *word).collect();
                Value::Words(set.join(","))
            }
            Form::Rest(coding) => {
                let rest = header.get(start..).filter(|rest| !rest.is_empty())?;
                coding.read(rest)
            }
        })
    }

    fn write(
        &self,
        header: &mut Vec<u8>,
        value: &Value,
        longest: Option<(usize, usize)>,
    ) -> Result<(), String> {
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
            (Form::Whatever(_), _) => {}
            (Form::Words(words, letters), Value::Words(given)) => {
                bits::set(
                    header,
                    self.at,
                    self.bits,
                    number_of(words, letters, given)?,
                );
            }
            (Form::Rest(coding), value) => {
                let bytes = coding.write(value)?;
                let length = bytes.len();
                if let Some((most, unit)) = longest {
                    let is_whole = length.is_multiple_of(unit) || matches!(value, Value::List(_));
                    if length > most || start.is_multiple_of(unit) && !is_whole {
                        return Err(format!(
                            "{length} bytes are no multiple of {unit} up to {most}"
                        ));
                    }
                }
                header.truncate(start);
                header.extend(bytes);
            }
            (form, _) => return Err(format!("it wants {}", form.wanted())),
        }
        Ok(())
    }

    /// The bits for those fields that are given.
    fn present(&self, layer: &Layer) -> u64 {
        let Form::Words(words, _) = self.form else {
            return 0;
        };
        let given = words
            .iter()
            .enumerate()
            .filter(|(_, word)| layer.get(word).is_some());
        given.fold(0, |number, (bit, _)| number | 1 << bit)
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
            Form::Words(..) => "words with commas, such as \"syn,ack\"",
            Form::Rest(coding) => coding.wanted(),
            Form::Whatever(wanted) => wanted,
        }
    }
}

/// The port on which Linux has VXLAN unless it is told another one.
const VXLAN_OF_LINUX: u64 = 8472;

/// Whether this is a header of VXLAN: there is a number of a network, and what is reserved is 0 (RFC 7348, 5).
fn is_vxlan(bytes: &[u8]) -> bool {
    matches!(bytes, [8, 0, 0, 0, _, _, _, 0, ..])
}

fn number_of(words: &[&str], letters: &str, given: &str) -> Result<u64, String> {
    let bit = |letter: char| letters.chars().position(|known| known == letter);
    let by_letters = given.chars().map(bit).collect::<Option<Vec<_>>>();
    if let Some(bits) = by_letters.filter(|bits| !bits.is_empty()) {
        return Ok(bits.iter().fold(0, |number, bit| number | 1 << bit));
    }
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
