//! From attributes to settings.

use std::net::IpAddr;

use crate::kernel::mac::Mac;
use crate::kernel::netlink::attributes::{self, Attribute};
use crate::kernel::text;

use super::Row;
use super::form::{Form, Which, Width};
use super::setting::{Setting, TTL, named, time_of};
use super::write::{GRE_KEY, IFLA_VLAN_QOS_MAPPING};

/// The name of a link by its index, if it is here.
pub type NameOf<'a> = &'a dyn Fn(u32) -> Option<String>;

/// What stands in IFLA_INFO_DATA, IFLA_INFO_SLAVE_DATA or TCA_OPTIONS, by the rows that know it, in their order. What the kernel does not
/// tell, or tells in another form, is left out.
pub fn read(rows: &'static [Row], data: &[u8], name: NameOf<'_>) -> Vec<(&'static Row, Setting)> {
    let data = Data::of(data);
    let mut found: Vec<(&Row, Setting)> = rows
        .iter()
        .filter(|row| row.is_read())
        .filter_map(|row| Some((row, data.setting(row, name)?)))
        .collect();
    for row in rows {
        if let Form::Both(one, other) | Form::BothBits(one, other) = row.form {
            join(&mut found, row, one, other);
        }
    }
    found
}

/// Puts one option in the place of two that have the same value.
fn join(found: &mut Vec<(&'static Row, Setting)>, row: &'static Row, one: &str, other: &str) {
    let place =
        |found: &[(&Row, Setting)], key: &str| found.iter().position(|(row, _)| row.key == key);
    let (Some(first), Some(second)) = (place(found, one), place(found, other)) else {
        return;
    };
    if found[first].1 == found[second].1 {
        found[first].0 = row;
        found.remove(second);
    }
}

/// Attributes by their numbers; there are never many.
struct Data<'a> {
    list: Vec<Attribute<'a>>,
}

impl<'a> Data<'a> {
    fn of(bytes: &'a [u8]) -> Self {
        Data {
            list: attributes::read(bytes).map_while(Result::ok).collect(),
        }
    }

    fn get(&self, number: u16) -> Option<&'a [u8]> {
        let found = self.list.iter().find(|attribute| attribute.kind == number);
        found.map(|attribute| attribute.value)
    }

    fn number(&self, number: u16, width: Width) -> Option<u64> {
        width.number(self.get(number)?)
    }

    fn setting(&self, row: &Row, name: NameOf<'_>) -> Option<Setting> {
        let number = row.number;
        match row.form {
            Form::Both(..) | Form::BothBits(..) => None,
            Form::Present => Some(Setting::Switch(self.get(number).is_some())),
            Form::Bit(width, bit) => Some(Setting::Switch(self.number(number, width)? & bit != 0)),
            Form::MaskedBit(bit) => {
                let value = self.get(number)?.get(..4)?;
                Some(Setting::Switch(
                    Width::U32.number(value)? & u64::from(bit) != 0,
                ))
            }
            Form::Ttl(inherit, _) if self.get(inherit).is_some_and(is_set) => {
                Some(Setting::Word("inherit"))
            }
            Form::Ttl(..) => Some(number_or_word(self.number(number, Width::U8)?, TTL)),
            Form::Ip(six, which) => {
                let ip = self
                    .get(number)
                    .and_then(ip)
                    .or_else(|| self.get(six).and_then(ip))?;
                let belongs = match which {
                    Which::Any => true,
                    Which::Group => ip.is_multicast(),
                    Which::Host => !ip.is_multicast(),
                };
                (belongs && !ip.is_unspecified()).then_some(Setting::Ip(ip))
            }
            Form::Key(flags) => {
                let has_key = self.number(flags, Width::Be16)? & GRE_KEY != 0;
                let key = self.number(number, Width::Be32)?;
                has_key.then_some(Setting::Number(key))
            }
            Form::Flow(shift, most, (flags, bit)) => {
                if self.number(flags, Width::U32).unwrap_or(0) & bit != 0 {
                    return Some(Setting::Word("inherit"));
                }
                let flow = self.number(number, Width::Be32)?;
                Some(Setting::Number(flow >> shift & most))
            }
            Form::NumberOrBit(width, word, (flags, bit)) => {
                if self.number(flags, Width::U32).unwrap_or(0) & bit != 0 {
                    return Some(Setting::Word(word));
                }
                Some(Setting::Number(self.number(number, width)?))
            }
            form => value(form, self.get(number)?, name),
        }
    }
}

/// Whether an attribute is there, and no byte that says off.
fn is_set(value: &[u8]) -> bool {
    value.first() != Some(&0)
}

fn number_or_word(number: u64, names: super::form::Names) -> Setting {
    named(names, number).map_or(Setting::Number(number), Setting::Word)
}

/// What an attribute that is one option and nothing else says.
fn value(form: Form, bytes: &[u8], name: NameOf<'_>) -> Option<Setting> {
    Some(match form {
        Form::Switch(width) => Setting::Switch(width.number(bytes)? != 0),
        Form::Number(width, _, _, names) | Form::Hex(width, _, _, names) => {
            number_or_word(width.number(bytes)?, names)
        }
        Form::Word(width, names) => number_or_word(width.number(bytes)?, names),
        Form::Time(width, unit) => Setting::Time(time_of(width.number(bytes)?, unit)),
        Form::Period(unit) => Setting::Time(time_of(Width::U32.number(bytes)?, unit)),
        Form::Size => Setting::Size(Width::U32.number(bytes)?),
        Form::Rate => {
            let rate = Width::U32.number(bytes)?;
            // All ones is no limit at all.
            Setting::Rate((rate != Width::U32.most()).then_some(rate)?)
        }
        Form::Logarithm(width, _) => {
            let logarithm = u32::try_from(width.number(bytes)?).ok()?;
            Setting::Number(1u64.checked_shl(logarithm).unwrap_or(0))
        }
        Form::Mac => Setting::Mac(Mac::from_bytes(bytes)?),
        Form::Ip4 | Form::Ip6 => {
            let ip = ip(bytes).filter(|ip| !ip.is_unspecified());
            Setting::Ip(ip?)
        }
        Form::Link => {
            let index = u32::try_from(Width::U32.number(bytes)?).ok()?;
            Setting::Text(name(index)?)
        }
        Form::Text => Setting::Text(text::of_attribute(bytes)),
        Form::Ports => {
            let (low, high) = bytes.split_at_checked(2)?;
            let port = |bytes| u16::try_from(Width::Be16.number(bytes)?).ok();
            Setting::Ports(port(low)?, port(high)?)
        }
        Form::Pairs => Setting::Pairs(items(bytes, Some(IFLA_VLAN_QOS_MAPPING), pair)),
        Form::Ip4s | Form::Ip6s => Setting::Ips(items(bytes, None, ip)),
        Form::Macs(_, _, item) => Setting::Macs(items(bytes, Some(item), Mac::from_bytes)),
        _ => return None,
    })
}

fn ip(bytes: &[u8]) -> Option<IpAddr> {
    match bytes.len() {
        4 => Some(<[u8; 4]>::try_from(bytes).ok()?.into()),
        16 => Some(<[u8; 16]>::try_from(bytes).ok()?.into()),
        _ => None,
    }
}

fn pair(bytes: &[u8]) -> Option<(u32, u32)> {
    let (from, to) = bytes.split_at_checked(4)?;
    let number = |bytes| u32::try_from(Width::U32.number(bytes)?).ok();
    Some((number(from)?, number(to)?))
}

fn items<T>(bytes: &[u8], number: Option<u16>, read: impl Fn(&[u8]) -> Option<T>) -> Vec<T> {
    attributes::read(bytes)
        .map_while(Result::ok)
        .filter(|item| number.is_none_or(|number| number == item.kind))
        .filter_map(|item| read(item.value))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kernel::kind::KINDS;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn no_bytes_are_a_panic(bytes: Vec<u8>) {
            for kind in KINDS {
                let _ = read(kind.options, &bytes, &|_| None);
                let _ = read(kind.port, &bytes, &|_| None);
            }
        }

        /// Attributes of all numbers, with any contents.
        #[test]
        fn no_attribute_is_a_panic(values in prop::collection::vec(prop::collection::vec(any::<u8>(), 0..20), 0..60)) {
            let mut attributes = attributes::Attributes::new();
            for (number, value) in (0..).zip(&values) {
                attributes.put(number, value);
            }
            for kind in KINDS {
                let _ = read(kind.options, attributes.as_bytes(), &|index| Some(index.to_string()));
                let _ = read(kind.port, attributes.as_bytes(), &|_| None);
            }
        }
    }
}
