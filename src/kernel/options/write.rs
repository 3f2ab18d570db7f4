//! From settings to attributes.

use std::net::IpAddr;

use crate::kernel::error::{Error, Result};
use crate::kernel::netlink::attributes::Attributes;

use super::form::{Form, Names, Width};
use super::setting::{INHERIT, Setting, TTL, count_of, numbered};
use super::{Always, Row, Settings};

/// `GRE_KEY` of linux/if_tunnel.h.
pub(super) const GRE_KEY: u64 = 0x2000;

/// `IFLA_VLAN_QOS_MAPPING` of linux/if_link.h.
pub(super) const IFLA_VLAN_QOS_MAPPING: u16 = 1;

/// `IFLA_IFNAME` of linux/if_link.h.
const IFLA_IFNAME: u16 = 3;

/// `struct ifinfomsg` is 16 bytes.
pub(super) const IFINFOMSG: usize = 16;

/// The index of a link by its name.
pub type IndexOf<'a> = &'a dyn Fn(&str) -> Result<u32>;

impl Settings {
    /// The attributes, as inside of IFLA_INFO_DATA, IFLA_INFO_SLAVE_DATA or TCA_OPTIONS.
    pub fn attributes(&self, index: IndexOf<'_>) -> Result<Attributes> {
        let always = self.always();
        let mut data = Data {
            always,
            ..Data::default()
        };
        for (row, setting) in self.given() {
            self.write(row, setting, index, &mut data)?;
        }
        for (number, bytes) in always {
            if !data.list.iter().any(|(known, _)| known == number) {
                data.put(*number, bytes.to_vec());
            }
        }
        let mut attributes = Attributes::new();
        for (number, bytes) in &data.list {
            attributes.put(*number, bytes);
        }
        Ok(attributes)
    }

    fn write(
        &self,
        row: &Row,
        setting: &Setting,
        index: IndexOf<'_>,
        data: &mut Data,
    ) -> Result<()> {
        let number = row.number;
        match (row.form, setting) {
            (Form::Both(one, other) | Form::BothBits(one, other), _) => {
                let both = self.rows().iter();
                for row in both.filter(|row| [one, other].contains(&row.key)) {
                    self.write(row, setting, index, data)?;
                }
            }
            (form, Setting::Switch(on)) => data.switch(form, number, *on),
            (Form::Link, Setting::Text(name)) => {
                // An empty name is no link.
                let index = match name.as_str() {
                    "" => 0,
                    name => index(name)?,
                };
                data.put(number, index.to_ne_bytes().to_vec());
            }
            (Form::Ttl(inherit, bytes), Setting::Word("inherit")) => {
                data.put(inherit, bytes.to_vec());
            }
            (Form::Ttl(..), Setting::Word(word)) => data.number(Width::U8, number, TTL, word),
            (Form::Flow(shift, most, inherit), _) => {
                data.flow(number, shift, most, inherit, setting)?;
            }
            (Form::NumberOrBit(_, _, (flags, bit)), Setting::Word(_)) => {
                data.bit(flags, Width::U32, bit, true);
            }
            (Form::Key(flags), Setting::Number(key)) => {
                data.put(number, Width::Be32.bytes(*key));
                data.bit(flags, Width::Be16, GRE_KEY, true);
            }
            (
                Form::Number(width, _, _, words)
                | Form::Hex(width, _, _, words)
                | Form::Word(width, words),
                Setting::Word(word),
            ) => {
                data.number(width, number, words, word);
            }
            (Form::Macs(mode, replace, item), Setting::Macs(macs)) => {
                data.put(mode, replace.to_ne_bytes().to_vec());
                let items = macs.iter().map(|mac| (item, mac.bytes().to_vec()));
                data.put(number, nested(items));
            }
            (Form::Ip(six, _), Setting::Ip(ip)) => match ip {
                IpAddr::V4(ip) => data.put(number, ip.octets().to_vec()),
                IpAddr::V6(ip) => data.put(six, ip.octets().to_vec()),
            },
            (form, setting) => data.put(number, value(form, setting)?),
        }
        Ok(())
    }
}

/// The value of an attribute that is one option and nothing else.
fn value(form: Form, setting: &Setting) -> Result<Vec<u8>> {
    Ok(match (form, setting) {
        (
            Form::Number(width, ..) | Form::Hex(width, ..) | Form::NumberOrBit(width, ..),
            Setting::Number(number),
        ) => width.bytes(*number),
        (Form::Ttl(..), Setting::Number(number)) => Width::U8.bytes(*number),
        (Form::Time(width, unit), Setting::Time(time)) => {
            width.bytes(count_of(*time, unit).unwrap_or_default())
        }
        (Form::Logarithm(width, _), Setting::Number(number)) => {
            width.bytes(number.max(&1).ilog2().into())
        }
        (Form::Rate, Setting::Rate(number)) | (Form::Size, Setting::Size(number)) => {
            at_most_32(*number)
        }
        (Form::Period(unit), Setting::Time(_)) => at_most_32(setting.number() / unit.nanoseconds()),
        (Form::Mac, Setting::Mac(mac)) => mac.bytes().to_vec(),
        (Form::Ip4 | Form::Ip6, Setting::Ip(ip)) => octets(ip),
        (Form::Text, Setting::Text(text)) => [text.as_bytes(), &[0]].concat(),
        (Form::Ports, Setting::Ports(low, high)) => {
            [low.to_be_bytes(), high.to_be_bytes()].concat()
        }
        (Form::Pairs, Setting::Pairs(pairs)) => nested(pairs.iter().map(|(from, to)| {
            let both = [from.to_ne_bytes(), to.to_ne_bytes()].concat();
            (IFLA_VLAN_QOS_MAPPING, both)
        })),
        (Form::Ip4s | Form::Ip6s, Setting::Ips(ips)) => {
            nested((0..).zip(ips).map(|(place, ip)| (place, octets(ip))))
        }
        (Form::Peer, Setting::Text(name)) => {
            let mut attributes = Attributes::new();
            attributes.text(IFLA_IFNAME, name);
            [&[0; IFINFOMSG][..], attributes.as_bytes()].concat()
        }
        _ => {
            return Err(Error::Unreadable(format!(
                "{setting:?} has not the form {form:?}"
            )));
        }
    })
}

/// Four bytes; of what is more the highest number.
fn at_most_32(number: u64) -> Vec<u8> {
    let number = u32::try_from(number).unwrap_or(u32::MAX);
    number.to_ne_bytes().to_vec()
}

fn octets(ip: &IpAddr) -> Vec<u8> {
    match ip {
        IpAddr::V4(ip) => ip.octets().to_vec(),
        IpAddr::V6(ip) => ip.octets().to_vec(),
    }
}

fn nested(items: impl Iterator<Item = (u16, Vec<u8>)>) -> Vec<u8> {
    let mut attributes = Attributes::new();
    for (number, bytes) in items {
        attributes.put(number, &bytes);
    }
    attributes.into_bytes()
}

/// Attributes on their way, of which some are several options.
#[derive(Default)]
struct Data {
    list: Vec<(u16, Vec<u8>)>,
    /// What numbers of which only some bits are given begin with.
    always: Always,
}

impl Data {
    fn put(&mut self, number: u16, bytes: Vec<u8>) {
        match self.list.iter_mut().find(|(known, _)| *known == number) {
            Some((_, known)) => *known = bytes,
            None => self.list.push((number, bytes)),
        }
    }

    fn number(&mut self, width: Width, number: u16, words: Names, word: &str) {
        let value = numbered(words, word).unwrap_or_default();
        self.put(number, width.bytes(value));
    }

    fn switch(&mut self, form: Form, number: u16, on: bool) {
        match form {
            Form::Bit(width, bit) => self.bit(number, width, bit, on),
            Form::MaskedBit(bit) => self.masked_bit(number, bit, on),
            Form::Present if on => self.put(number, Vec::new()),
            Form::Switch(width) => self.put(number, width.bytes(on.into())),
            _ => {}
        }
    }

    /// Sets or clears a bit, and leaves those of other options.
    fn bit(&mut self, number: u16, width: Width, bit: u64, on: bool) {
        let known = self.list.iter().find(|(known, _)| *known == number);
        let always = self.always.iter().find(|(known, _)| *known == number);
        let before = match (known, always) {
            (Some((_, bytes)), _) => width.number(bytes),
            (None, Some((_, bytes))) => width.number(bytes),
            (None, None) => None,
        };
        let before = before.unwrap_or(0);
        let after = if on { before | bit } else { before & !bit };
        self.put(number, width.bytes(after));
    }

    fn masked_bit(&mut self, number: u16, bit: u32, on: bool) {
        let known = self.list.iter().find(|(known, _)| *known == number);
        let both = known
            .and_then(|(_, bytes)| Width::U64.number(bytes))
            .unwrap_or(0)
            .to_ne_bytes();
        let [a, b, c, d, e, f, g, h] = both;
        let value = u32::from_ne_bytes([a, b, c, d]) | if on { bit } else { 0 };
        let mask = u32::from_ne_bytes([e, f, g, h]) | bit;
        self.put(number, [value.to_ne_bytes(), mask.to_ne_bytes()].concat());
    }

    fn flow(
        &mut self,
        number: u16,
        shift: u32,
        most: u64,
        (flags, bit): (u16, u64),
        setting: &Setting,
    ) -> Result<()> {
        match setting {
            Setting::Word(word) if numbered(INHERIT, word).is_some() => {
                self.bit(flags, Width::U32, bit, true);
            }
            Setting::Number(part) => {
                self.bit(number, Width::Be32, most << shift, false);
                self.bit(number, Width::Be32, part << shift, true);
            }
            _ => return Err(Error::Unreadable(format!("{setting:?} is no flow"))),
        }
        Ok(())
    }
}
