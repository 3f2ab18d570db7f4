//! u32, the filter that compares words of a packet: `struct tc_u32_sel` and `struct tc_u32_key` of linux/pkt_cls.h, and tc's
//! words for them (tc-u32(8)).

use std::net::IpAddr;

use crate::kernel::error::Result;
use crate::kernel::mac::Mac;
use crate::kernel::qdisc::bytes::{Fields, words as words_of};

/// `TC_U32_TERMINAL`: a packet that matches looks no further.
const TC_U32_TERMINAL: u8 = 1;

/// As many keys as tc takes.
const MOST: usize = 128;

/// One word of a packet, and what it has to be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Key {
    /// Which bits are looked at.
    pub mask: u32,
    /// What those have to be.
    pub value: u32,
    /// Where the word begins: bytes from the network layer's header on.
    pub at: i32,
    /// What is added to that: the bits of this mask of where the next header begins, as the filters before it found out. tc says
    /// `nexthdr+` for all bits.
    pub next: i32,
}

/// `struct tc_u32_mark`: bits of the mark that a packet has, and what they have to be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Mark {
    /// What they have to be.
    pub value: u32,
    /// Which bits.
    pub mask: u32,
}

/// What is compared.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Selector {
    /// All of it has to hold.
    pub keys: Vec<Key>,
    /// The protocol that the words are about, if one: ETH_P_IP or ETH_P_IPV6.
    pub protocol: Option<u16>,
    /// The mark of the packet, if one is wanted.
    pub mark: Option<Mark>,
}

/// The offset mask of `nexthdr+`.
const NEXT: i32 = -1;

/// Fields of the headers, each with the family, where it is and how many bits it has; those of the transport layer are where
/// a header without options ends.
const FIELDS: [(&str, &str, i32, u32); 12] = [
    ("ip", "tos", 1, 8),
    ("ip", "dsfield", 1, 8),
    ("ip", "protocol", 9, 8),
    ("ip", "icmp_type", 20, 8),
    ("ip", "icmp_code", 21, 8),
    ("ip", "sport", 20, 16),
    ("ip", "dport", 22, 16),
    ("ip6", "protocol", 6, 8),
    ("ip6", "icmp_type", 40, 8),
    ("ip6", "icmp_code", 41, 8),
    ("ip6", "sport", 40, 16),
    ("ip6", "dport", 42, 16),
];

/// Fields that are parts of a byte or of a word, which are read and not written: family, name, where, how many bits a value and a
/// mask may have, and how far they are shifted.
const PARTS: [(&str, &str, i32, u32, u32, u32); 4] = [
    ("ip", "ihl", 0, 8, 8, 0),
    ("ip", "precedence", 1, 8, 8, 0),
    ("ip6", "priority", 0, 32, 8, 20),
    ("ip6", "flowlabel", 0, 32, 20, 0),
];

/// What IP's fragment field says, as value and mask (tc's parse_ip).
const FRAGMENTS: [(&str, u32, u32); 4] = [
    ("nofrag", 0, 0x3fff),
    ("firstfrag", 0x2000, 0x3fff),
    ("df", 0x4000, 0x4000),
    ("mf", 0x2000, 0x2000),
];

/// Fields of the header behind that of IP, counted from where that one begins.
const NEXT_FIELDS: [(&str, &str, i32, u32); 6] = [
    ("tcp", "src", 0, 16),
    ("tcp", "dst", 2, 16),
    ("udp", "src", 0, 16),
    ("udp", "dst", 2, 16),
    ("icmp", "type", 0, 8),
    ("icmp", "code", 1, 8),
];

const ETH_P_IP: u16 = 0x0800;
const ETH_P_IPV6: u16 = 0x86dd;

impl Selector {
    /// Adds what one match says: `ip src 10.0.0.0/24`, `ip dport 80 0xffff`, `u32 0x0a000001 0xffffffff at 12`.
    pub fn add(&mut self, text: &str) -> std::result::Result<(), String> {
        let words: Vec<&str> = text.split_whitespace().collect();
        let words = match words.as_slice() {
            ["match", rest @ ..] => rest,
            all => all,
        };
        let wrong = || format!("{text:?} is no match that netsh knows");
        match words {
            ["u32", value, mask, rest @ ..] => self.raw(32, value, mask, rest),
            ["u16", value, mask, rest @ ..] => self.raw(16, value, mask, rest),
            ["u8", value, mask, rest @ ..] => self.raw(8, value, mask, rest),
            [family @ ("ip" | "ip6"), side @ ("src" | "dst"), prefix] => {
                self.of_family(family).ok_or_else(wrong)?;
                self.prefix(family, side, prefix)
            }
            ["ip", word] => {
                self.of_family("ip").ok_or_else(wrong)?;
                let found = FRAGMENTS.iter().find(|(known, ..)| known == word);
                found.and_then(|(_, value, mask)| self.part(16, 6, *value, *mask, 0))
            }
            [family @ ("ip" | "ip6"), field, value, mask @ ..] => {
                self.of_family(family).ok_or_else(wrong)?;
                self.field(family, field, value, mask)
            }
            [family @ ("tcp" | "udp" | "icmp"), field, value, mask @ ..] => {
                self.next_field(family, field, value, mask)
            }
            ["ether", side @ ("src" | "dst"), address] => self.ether(side, address),
            ["mark", value, mask @ ..] => self.marked(value, mask),
            _ => None,
        }
        .ok_or_else(wrong)?;
        match self.keys.len() <= MOST {
            true => Ok(()),
            false => Err(format!("u32 compares at most {MOST} words")),
        }
    }

    /// All matches are about one family.
    fn of_family(&mut self, family: &str) -> Option<()> {
        let protocol = if family == "ip" { ETH_P_IP } else { ETH_P_IPV6 };
        let fits = self.protocol.is_none_or(|known| known == protocol);
        self.protocol = Some(protocol);
        fits.then_some(())
    }

    fn raw(&mut self, bits: u32, value: &str, mask: &str, rest: &[&str]) -> Option<()> {
        let (at, next) = match rest {
            [] => (0, 0),
            ["at", at] => match at.strip_prefix("nexthdr+") {
                Some(at) => (at.parse().ok()?, NEXT),
                None => (at.parse().ok()?, 0),
            },
            _ => return None,
        };
        self.part(bits, at, number(value, bits)?, number(mask, bits)?, next)
    }

    fn next_field(&mut self, family: &str, field: &str, value: &str, mask: &[&str]) -> Option<()> {
        let mut fields = NEXT_FIELDS.iter();
        let (.., at, bits) = fields.find(|(of, name, ..)| *of == family && *name == field)?;
        let mask = mask_of(mask, *bits)?;
        self.part(*bits, *at, number(value, *bits)?, mask, NEXT)
    }

    /// The header of Ethernet is in front of that of the network layer.
    fn ether(&mut self, side: &str, address: &str) -> Option<()> {
        let address: Mac = address.parse().ok()?;
        let bytes = address.bytes();
        let (pairs, _) = bytes.as_chunks::<2>();
        let begin = if side == "src" { -8 } else { -14 };
        for (number, pair) in (0i32..).zip(pairs) {
            let value = u16::from_be_bytes(*pair).into();
            self.part(16, begin + 2 * number, value, 0xffff, 0)?;
        }
        Some(())
    }

    fn marked(&mut self, value: &str, mask: &[&str]) -> Option<()> {
        let mask = mask_of(mask, 32)?;
        let value = number(value, 32)? & mask;
        self.mark
            .replace(Mark { value, mask })
            .is_none()
            .then_some(())
    }

    fn field(&mut self, family: &str, field: &str, value: &str, mask: &[&str]) -> Option<()> {
        let is_it = |of: &str, name: &str| of == family && name == field;
        if let Some((.., at, bits, most, shift)) =
            PARTS.iter().find(|(of, name, ..)| is_it(of, name))
        {
            let (value, mask) = (number(value, *most)?, mask_of(mask, *most)?);
            return self.part(*bits, *at, value << shift, mask << shift, 0);
        }
        let mut fields = FIELDS.iter();
        let (.., at, bits) = fields.find(|(of, name, ..)| is_it(of, name))?;
        let mask = mask_of(mask, *bits)?;
        self.part(*bits, *at, number(value, *bits)?, mask, 0)
    }

    /// A part of a word, at its place in the word that is compared.
    fn part(&mut self, bits: u32, at: i32, value: u32, mask: u32, next: i32) -> Option<()> {
        let bytes = i32::try_from(bits / 8).ok()?;
        let within = at.rem_euclid(4);
        let left = 4i32.checked_sub(within)?.checked_sub(bytes)?;
        let shift = u32::try_from(left).ok()? * 8;
        self.key(Key {
            mask: mask << shift,
            value: value << shift,
            at: at.checked_sub(within)?,
            next,
        })
    }

    /// Adds a key, to one of the same place if there is one (pack_key).
    fn key(&mut self, key: Key) -> Option<()> {
        let key = Key {
            value: key.value & key.mask,
            ..key
        };
        let mut known = self.keys.iter_mut();
        match known.find(|known| (known.at, known.next) == (key.at, key.next)) {
            Some(known) => {
                let both = known.mask & key.mask;
                if (known.value ^ key.value) & both != 0 {
                    return None;
                }
                known.mask |= key.mask;
                known.value |= key.value;
            }
            None => self.keys.push(key),
        }
        Some(())
    }

    fn prefix(&mut self, family: &str, side: &str, text: &str) -> Option<()> {
        let (address, length) = match text.split_once('/') {
            Some((address, length)) => (address, Some(length.parse::<u32>().ok()?)),
            None => (text, None),
        };
        let (bytes, at): (Vec<u8>, i32) = match (family, address.parse().ok()?) {
            ("ip", IpAddr::V4(ip)) => (ip.octets().to_vec(), if side == "src" { 12 } else { 16 }),
            ("ip6", IpAddr::V6(ip)) => (ip.octets().to_vec(), if side == "src" { 8 } else { 24 }),
            _ => return None,
        };
        let bits = u32::try_from(bytes.len() * 8).ok()?;
        let length = length.unwrap_or(bits);
        if length > bits {
            return None;
        }
        let (words, _) = bytes.as_chunks::<4>();
        for (number, word) in (0u32..).zip(words) {
            let left = length.saturating_sub(number * 32).min(32);
            let mask = u32::MAX.checked_shl(32 - left).unwrap_or(0);
            // Of IPv6 only the words that the prefix reaches are compared.
            if mask != 0 || number == 0 {
                self.key(Key {
                    mask,
                    value: u32::from_be_bytes(*word),
                    at: at + i32::try_from(number * 4).ok()?,
                    next: 0,
                })?;
            }
        }
        Some(())
    }

    /// `struct tc_u32_sel` and its keys.
    pub fn write(&self) -> Vec<u8> {
        let count = u8::try_from(self.keys.len()).unwrap_or(u8::MAX);
        // flags, offshift, nkeys, padding, offmask, off, offoff, hoff, hmask.
        let mut bytes = vec![TC_U32_TERMINAL, 0, count, 0];
        bytes.resize(16, 0);
        for key in &self.keys {
            bytes.extend(key.mask.to_be_bytes());
            bytes.extend(key.value.to_be_bytes());
            bytes.extend(key.at.to_ne_bytes());
            bytes.extend(key.next.to_ne_bytes());
        }
        bytes
    }

    /// `struct tc_u32_mark`, if the mark is looked at: value, mask, and how often it was right.
    pub fn write_mark(&self) -> Option<Vec<u8>> {
        self.mark.map(|mark| words_of([mark.value, mark.mask, 0]))
    }

    /// Reads a `struct tc_u32_mark`.
    pub fn read_mark(&mut self, bytes: &[u8]) -> Result<()> {
        let mut fields = Fields::of("tc_u32_mark", bytes);
        self.mark = Some(Mark {
            value: fields.u32()?,
            mask: fields.u32()?,
        });
        Ok(())
    }

    /// Whether nothing is compared.
    pub fn is_empty(&self) -> bool {
        self.keys.is_empty() && self.mark.is_none()
    }

    /// Reads a `struct tc_u32_sel`.
    pub fn read(bytes: &[u8], protocol: u16) -> Result<Self> {
        let mut fields = Fields::of("tc_u32_sel", bytes);
        let [_flags, _offshift, count, _padding] = fields.bytes()?;
        let _offsets_and_hash: [u8; 12] = fields.bytes()?;
        let mut keys = Vec::new();
        for _ in 0..count {
            let mask = u32::from_be_bytes(fields.bytes()?);
            let value = u32::from_be_bytes(fields.bytes()?);
            let at = fields.i32()?;
            let next = fields.i32()?;
            keys.push(Key {
                mask,
                value,
                at,
                next,
            });
        }
        let protocol = Some(protocol).filter(|known| [ETH_P_IP, ETH_P_IPV6].contains(known));
        Ok(Selector {
            keys,
            protocol,
            mark: None,
        })
    }

    /// Each match in tc's words.
    pub fn words(&self) -> Vec<String> {
        let mut words = Vec::new();
        let mut keys = self.keys.as_slice();
        while let Some((key, rest)) = keys.split_first() {
            keys = rest;
            match self.protocol.filter(|_| key.next == 0) {
                Some(ETH_P_IPV6) => match long_address(self.keys.as_slice(), key) {
                    Some((text, taken)) => {
                        words.push(text);
                        keys = rest.get(taken..).unwrap_or_default();
                    }
                    None => words.extend(short(key, "ip6")),
                },
                Some(_) => words.extend(short(key, "ip")),
                None => words.push(raw_words(key)),
            }
        }
        let mark = self
            .mark
            .map(|Mark { value, mask }| format!("mark {value:#x} {mask:#x}"));
        words.extend(mark);
        words
    }
}

/// A number of at most so many bits, with `0x` in hexadecimal digits.
fn number(text: &str, bits: u32) -> Option<u32> {
    let number = match text.strip_prefix("0x") {
        Some(digits) => u32::from_str_radix(digits, 16).ok()?,
        None => text.parse().ok()?,
    };
    (number <= u32::MAX >> (32 - bits)).then_some(number)
}

/// The mask behind a value; all of it unless there is one.
fn mask_of(mask: &[&str], bits: u32) -> Option<u32> {
    match mask {
        [] => Some(u32::MAX >> (32 - bits)),
        [mask] => number(mask, bits),
        _ => None,
    }
}

fn raw_words(key: &Key) -> String {
    let next = if key.next == 0 { "" } else { "nexthdr+" };
    format!(
        "u32 {:#010x} {:#010x} at {next}{}",
        key.value, key.mask, key.at
    )
}

/// How many bits a mask has in front, if it has no others.
fn prefix_length(mask: u32) -> Option<u32> {
    (mask.leading_ones() + mask.trailing_zeros() == 32 || mask == 0).then(|| mask.leading_ones())
}

/// The words for a key that is an IPv4 address or is made of fields.
fn short(key: &Key, family: &str) -> Vec<String> {
    let side = match (family, key.at) {
        ("ip", 12) => Some("src"),
        ("ip", 16) => Some("dst"),
        _ => None,
    };
    if let (Some(side), Some(length)) = (side, prefix_length(key.mask)) {
        let address = std::net::Ipv4Addr::from(key.value);
        return vec![format!("ip {side} {address}/{length}")];
    }
    // Longer fields first: a port is no pair of ICMP's bytes.
    let mut left = key.mask;
    let mut words = Vec::new();
    for bits in [16, 8] {
        for (of, name, at, width) in FIELDS {
            let shift = match at.checked_sub(key.at) {
                Some(within @ 0..=3) if of == family && width == bits => {
                    32 - width - u32::try_from(within).unwrap_or(0) * 8
                }
                _ => continue,
            };
            let all = (u32::MAX >> (32 - width)) << shift;
            if all & left != 0 && all & key.mask == all {
                left &= !all;
                let value = (key.value & all) >> shift;
                words.push(format!("{family} {name} {value} {:#x}", all >> shift));
            }
        }
    }
    match left == 0 && !words.is_empty() {
        true => words,
        false => vec![raw_words(key)],
    }
}

/// An IPv6 address that begins with this key, and how many more keys it takes.
fn long_address(keys: &[Key], first: &Key) -> Option<(String, usize)> {
    let side = match first.at {
        8 => "src",
        24 => "dst",
        _ => return None,
    };
    let begin = keys.iter().position(|key| key == first)?;
    let mut bits = 0;
    let mut address = [0u8; 16];
    let mut taken = 0;
    for (number, part) in address.chunks_exact_mut(4).enumerate() {
        let place = first.at + i32::try_from(number * 4).ok()?;
        let key = keys.get(begin + number);
        let key = key.filter(|key| key.at == place && key.next == 0);
        let Some(key) = key else { break };
        bits += prefix_length(key.mask)?;
        part.copy_from_slice(&key.value.to_be_bytes());
        taken = number;
    }
    let address = std::net::Ipv6Addr::from(address);
    Some((format!("ip6 {side} {address}/{bits}"), taken))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn selector(texts: &[&str]) -> Selector {
        let mut selector = Selector::default();
        for text in texts {
            selector.add(text).expect(text);
        }
        selector
    }

    #[test]
    fn words_come_back() {
        for texts in [
            &["ip src 10.0.0.0/24", "ip dst 10.0.0.1/32"][..],
            &[
                "ip sport 22 0xffff",
                "ip dport 80 0xffff",
                "ip protocol 6 0xff",
            ],
            &["ip src 0.0.0.0/0"],
            &[
                "ip6 src fd00::/64",
                "ip6 dst fd00::1/128",
                "ip6 dport 80 0xffff",
            ],
            &["ip6 dst fd00::/9", "ip6 protocol 17 0xff"],
            &[
                "u32 0x0a000001 0xffffffff at 12",
                "u32 0x00000000 0x00000000 at 0",
            ],
            &[
                "ip protocol 6 0xff",
                "u32 0x00160050 0xffffffff at nexthdr+0",
                "mark 0x5 0xff",
            ],
        ] {
            let selector = selector(texts);
            let protocol = selector.protocol.unwrap_or(3);
            let mut back = Selector::read(&selector.write(), protocol).expect("a selector");
            if let Some(mark) = selector.write_mark() {
                back.read_mark(&mark).expect("a mark");
            }
            assert_eq!(back, selector);
            assert_eq!(back.words(), texts);
        }
    }

    #[test]
    fn fields_are_words_of_the_packet() {
        for (texts, words) in [
            (
                &["tcp src 22", "tcp dst 80 0xffff"][..],
                &["u32 0x00160050 0xffffffff at nexthdr+0"][..],
            ),
            (
                &["icmp type 8"],
                &["u32 0x08000000 0xff000000 at nexthdr+0"],
            ),
            (&["ip df"], &["u32 0x00004000 0x00004000 at 4"]),
            (&["ip ihl 5 0xf"], &["u32 0x05000000 0x0f000000 at 0"]),
            (
                &["ip6 priority 0x10 0xff"],
                &["u32 0x01000000 0x0ff00000 at 0"],
            ),
            (
                &["ether dst 02:00:00:00:00:01"],
                &[
                    "u32 0x00000200 0x0000ffff at -16",
                    "u32 0x00000001 0xffffffff at -12",
                ],
            ),
            (&["mark 5"], &["mark 0x5 0xffffffff"]),
        ] {
            assert_eq!(selector(texts).words(), words);
        }
        // The same place of two headers is two places.
        let both = selector(&["u32 1 0xff at 0", "u32 2 0xff at nexthdr+0"]);
        assert_eq!(both.keys.len(), 2);
    }

    #[test]
    fn what_is_no_match_is_said() {
        for text in [
            "",
            "ip",
            "ip src",
            "ip src fd00::1",
            "ip src 10.0.0.0/33",
            "ip dport 70000",
            "tcp dport 5",
            "tcp dst",
            "ip frag",
            "ether src 02",
            "mark",
            "u32 1 1 at nexthdr",
            "u32 1 1 at nexthdr+x",
            "u8 256 0xff",
            "u16 1 1 at 3",
        ] {
            assert!(Selector::default().add(text).is_err(), "{text}");
        }
        let mut both = selector(&["ip src 10.0.0.1"]);
        assert!(both.add("ip6 dst fd00::1").is_err());
        assert!(selector(&["ip dport 80"]).add("ip dport 81").is_err());
    }

    proptest! {
        #[test]
        fn nothing_is_a_panic(bytes: Vec<u8>, text in ".{0,40}", at: i32, value: u32) {
            if let Ok(selector) = Selector::read(&bytes, ETH_P_IP) {
                let _ = selector.words();
            }
            if let Ok(selector) = Selector::read(&bytes, ETH_P_IPV6) {
                let _ = selector.words();
            }
            let _ = Selector::default().add(&text);
            let _ = Selector::default().add(&format!("u16 {} {value} at {at}", value & 0xffff));
        }
    }
}
