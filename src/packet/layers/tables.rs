//! What headers look like: Ethernet (IEEE 802.3), ARP (RFC 826), IPv4 (RFC 791, 2474, 3168), IPv6 (RFC 8200), ICMP (RFC 792),
//! ICMPv6 (RFC 4443), UDP (RFC 768) and TCP (RFC 9293).

use std::net::IpAddr;

use super::bits;
use super::{Layer, Unencodable, Value};

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

const fn field(name: &'static str, at: usize, bits: usize, form: Form, usual: Usual) -> Field {
    Field {
        name,
        at,
        bits,
        form,
        usual,
        when: None,
    }
}

const fn only(when: (&'static [u8], bool), field: Field) -> Field {
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

use Form::{Flag, Ip4, Ip6, Mac, Number, Rest, Words};
use Usual::{Filled, Follows, Given, Is};

const ETHERTYPES: &[(u64, &str)] = &[(0x0800, "ip"), (0x0806, "arp"), (0x86dd, "ip6")];
const IN_IP: &[(u64, &str)] = &[(1, "icmp"), (6, "tcp"), (17, "udp")];
const IN_IP6: &[(u64, &str)] = &[(58, "icmp6"), (6, "tcp"), (17, "udp")];
const TCP_FLAGS: &[&str] = &["fin", "syn", "rst", "psh", "ack", "urg", "ecn", "cwr"];

/// Echo requests and replies have an identifier and a sequence; others have something else in their place.
const ECHO: (&[u8], bool) = (&[0, 8], true);
const NO_ECHO: (&[u8], bool) = (&[0, 8], false);
const ECHO6: (&[u8], bool) = (&[128, 129], true);
const NO_ECHO6: (&[u8], bool) = (&[128, 129], false);

const KINDS: &[Kind] = &[
    Kind {
        name: "ether",
        length: 14,
        fields: &[
            field("daddr", 0, 48, Mac, Given),
            field("saddr", 48, 48, Mac, Given),
            field("type", 96, 16, Number, Follows),
        ],
        header_length: None,
        next: ETHERTYPES,
    },
    Kind {
        name: "arp",
        length: 28,
        fields: &[
            field("htype", 0, 16, Number, Is(1)),
            field("ptype", 16, 16, Number, Is(0x0800)),
            field("hlen", 32, 8, Number, Is(6)),
            field("plen", 40, 8, Number, Is(4)),
            field("operation", 48, 16, Number, Given),
            field("saddr_ether", 64, 48, Mac, Given),
            field("saddr_ip", 112, 32, Ip4, Given),
            field("daddr_ether", 144, 48, Mac, Is(0)),
            field("daddr_ip", 192, 32, Ip4, Given),
        ],
        header_length: None,
        next: &[],
    },
    Kind {
        name: "ip",
        length: 20,
        fields: &[
            field("version", 0, 4, Number, Is(4)),
            field("hdrlength", 4, 4, Number, Filled),
            field("dscp", 8, 6, Number, Is(0)),
            field("ecn", 14, 2, Number, Is(0)),
            field("length", 16, 16, Number, Filled),
            field("id", 32, 16, Number, Is(0)),
            field("reserved", 48, 1, Flag, Is(0)),
            field("dont_fragment", 49, 1, Flag, Is(0)),
            field("more_fragments", 50, 1, Flag, Is(0)),
            field("frag_off", 51, 13, Number, Is(0)),
            field("ttl", 64, 8, Number, Is(64)),
            field("protocol", 72, 8, Number, Follows),
            field("checksum", 80, 16, Number, Filled),
            field("saddr", 96, 32, Ip4, Given),
            field("daddr", 128, 32, Ip4, Given),
            field("options", 160, 0, Rest, Is(0)),
        ],
        header_length: Some((4, 4)),
        next: IN_IP,
    },
    Kind {
        name: "ip6",
        length: 40,
        fields: &[
            field("version", 0, 4, Number, Is(6)),
            field("dscp", 4, 6, Number, Is(0)),
            field("ecn", 10, 2, Number, Is(0)),
            field("flowlabel", 12, 20, Number, Is(0)),
            field("length", 32, 16, Number, Filled),
            field("nexthdr", 48, 8, Number, Follows),
            field("hoplimit", 56, 8, Number, Is(64)),
            field("saddr", 64, 128, Ip6, Given),
            field("daddr", 192, 128, Ip6, Given),
        ],
        header_length: None,
        next: IN_IP6,
    },
    Kind {
        name: "icmp",
        length: 8,
        fields: &[
            field("type", 0, 8, Number, Given),
            field("code", 8, 8, Number, Is(0)),
            field("checksum", 16, 16, Number, Filled),
            only(ECHO, field("id", 32, 16, Number, Is(0))),
            only(ECHO, field("sequence", 48, 16, Number, Is(0))),
            only(NO_ECHO, field("rest", 32, 32, Number, Is(0))),
        ],
        header_length: None,
        next: &[],
    },
    Kind {
        name: "icmp6",
        length: 8,
        fields: &[
            field("type", 0, 8, Number, Given),
            field("code", 8, 8, Number, Is(0)),
            field("checksum", 16, 16, Number, Filled),
            only(ECHO6, field("id", 32, 16, Number, Is(0))),
            only(ECHO6, field("sequence", 48, 16, Number, Is(0))),
            only(NO_ECHO6, field("rest", 32, 32, Number, Is(0))),
        ],
        header_length: None,
        next: &[],
    },
    Kind {
        name: "udp",
        length: 8,
        fields: &[
            field("sport", 0, 16, Number, Given),
            field("dport", 16, 16, Number, Given),
            field("length", 32, 16, Number, Filled),
            field("checksum", 48, 16, Number, Filled),
        ],
        header_length: None,
        next: &[],
    },
    Kind {
        name: "tcp",
        length: 20,
        fields: &[
            field("sport", 0, 16, Number, Given),
            field("dport", 16, 16, Number, Given),
            field("sequence", 32, 32, Number, Is(0)),
            field("ackseq", 64, 32, Number, Is(0)),
            field("doff", 96, 4, Number, Filled),
            field("reserved", 100, 4, Number, Is(0)),
            field("flags", 104, 8, Words(TCP_FLAGS), Is(0)),
            field("window", 112, 16, Number, Is(65_535)),
            field("checksum", 128, 16, Number, Filled),
            field("urgptr", 144, 16, Number, Is(0)),
            field("options", 160, 0, Rest, Is(0)),
        ],
        header_length: Some((96, 4)),
        next: &[],
    },
];

/// The kinds of headers, from the outside to the inside.
pub fn kinds() -> &'static [Kind] {
    KINDS
}

/// The kind of this name.
pub fn kind(name: &str) -> Option<&'static Kind> {
    KINDS.iter().find(|kind| kind.name == name)
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
                || is_constant && matches!(field.usual, Is(_)) && field.form != Mac
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
        kind(name)
    }

    /// The header with the fields that are given, and the usual ones.
    pub(super) fn write(&self, layer: &Layer) -> Result<Vec<u8>, Unencodable> {
        let mut header = vec![0; self.length];
        // The first byte tells which other fields there are.
        for field in self.fields {
            let given = layer.get(field.name);
            let value = match (given, field.usual) {
                (Some(value), _) => value,
                (None, Is(number)) if field.form != Rest => {
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
