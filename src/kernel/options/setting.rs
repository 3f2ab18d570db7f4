//! A value of an option, as a script gives and gets it.

use std::net::IpAddr;
use std::time::Duration;

use crate::kernel::mac::Mac;
use crate::kernel::units;

use super::amount::fraction_words;
use super::form::{Form, Names, Unit, Which, Width};
use super::{Row, Way};

/// A value of an option.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Setting {
    /// On or off.
    Switch(bool),
    /// A number.
    Number(u64),
    /// One of a few words.
    Word(&'static str),
    /// A time.
    Time(Duration),
    /// A hardware address.
    Mac(Mac),
    /// An IP address.
    Ip(IpAddr),
    /// The name of a link, or a text.
    Text(String),
    /// The first and the last port.
    Ports(u16, u16),
    /// Pairs of numbers: what is mapped to what.
    Pairs(Vec<(u32, u32)>),
    /// Several IP addresses.
    Ips(Vec<IpAddr>),
    /// Several hardware addresses.
    Macs(Vec<Mac>),
    /// A number that may be negative.
    Signed(i64),
    /// Bytes per second.
    Rate(u64),
    /// Bytes.
    Size(u64),
    /// A part of 2^32-1.
    Chance(u32),
    /// A part of 2^32, which is 1.
    Fraction(u32),
    /// Several values.
    List(Vec<Setting>),
}

impl Setting {
    /// A time.
    pub const fn nanoseconds(number: u64) -> Setting {
        Setting::Time(Duration::from_nanos(number))
    }

    /// The value as ip and tc read it, where its form does not say otherwise.
    pub fn words(&self) -> String {
        match self {
            Setting::Switch(on) => if *on { "on" } else { "off" }.into(),
            Setting::Number(number) | Setting::Size(number) => number.to_string(),
            Setting::Signed(number) => number.to_string(),
            Setting::Word(word) => (*word).into(),
            Setting::Time(_) => units::time_words(self.number()),
            Setting::Rate(rate) => units::rate_words(*rate),
            Setting::Chance(part) => format!("{}%", units::percent_words(*part)),
            Setting::Fraction(part) => fraction_words(*part),
            Setting::Mac(mac) => mac.to_string(),
            Setting::Ip(ip) => ip.to_string(),
            Setting::Text(text) => text.clone(),
            Setting::Ports(low, high) => format!("{low} {high}"),
            Setting::Pairs(pairs) => {
                joined(pairs.iter().map(|(from, to)| format!("{from}:{to}")), " ")
            }
            Setting::Ips(ips) => joined(ips.iter().map(ToString::to_string), ","),
            Setting::Macs(macs) => joined(macs.iter().map(ToString::to_string), " "),
            Setting::List(settings) => joined(settings.iter().map(Setting::words), " "),
        }
    }

    /// The number in it; of a time nanoseconds.
    pub fn number(&self) -> u64 {
        match self {
            Setting::Switch(on) => u64::from(*on),
            Setting::Number(number) | Setting::Size(number) | Setting::Rate(number) => *number,
            Setting::Time(time) => u64::try_from(time.as_nanos()).unwrap_or(u64::MAX),
            Setting::Signed(number) => number.cast_unsigned(),
            Setting::Chance(part) | Setting::Fraction(part) => u64::from(*part),
            _ => 0,
        }
    }
}

fn joined(items: impl Iterator<Item = String>, between: &str) -> String {
    items.collect::<Vec<_>>().join(between)
}

/// What does not do about a value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Wrong {
    /// Its type; this is what it should be, with its article.
    Type(String),
    /// The value; these are the words.
    Value(String),
    /// It is none of these words.
    Word(String, Vec<&'static str>),
}

impl Row {
    /// A number, if the option takes it.
    pub fn of_number(&self, number: i128) -> Result<Setting, Wrong> {
        let (least, most, names) = match self.form {
            Form::Number(_, least, most, names) | Form::Hex(_, least, most, names) => {
                (least, most, names)
            }
            Form::Ttl(..) => (0, 255, TTL),
            Form::Key(_) | Form::Both(..) => (0, Width::Be32.most(), &[][..]),
            Form::Flow(_, most, _) => (0, most, INHERIT),
            Form::NumberOrBit(width, ..) => (0, width.most(), &[][..]),
            Form::Logarithm(_, most) => (0, most, &[][..]),
            Form::Signed => {
                let number = i32::try_from(number).map(i64::from).map(Setting::Signed);
                return number.map_err(|_| Wrong::Value("is too large".into()));
            }
            _ => return Err(Wrong::Type(self.wants())),
        };
        let number = u64::try_from(number)
            .ok()
            .filter(|number| (least..=most).contains(number));
        let Some(number) = number else {
            return Err(Wrong::Value(format!("is not between {least} and {most}")));
        };
        // What has a name has no second form.
        Ok(named(names, number).map_or(Setting::Number(number), Setting::Word))
    }

    /// A word, if the option takes it.
    pub fn of_word(&self, word: &str) -> Result<Setting, Wrong> {
        let names = self.words();
        let found = names.iter().find(|name| name.eq_ignore_ascii_case(word));
        match (found, self.form) {
            (Some(name), _) => Ok(Setting::Word(name)),
            (None, Form::Key(_) | Form::Both(..)) => match word.parse::<std::net::Ipv4Addr>() {
                Ok(quad) => Ok(Setting::Number(u32::from(quad).into())),
                Err(_) => Err(Wrong::Value(format!(
                    "{word:?} is no key: an int, or four numbers as in \"10.0.0.1\""
                ))),
            },
            (None, _) if names.is_empty() => Err(Wrong::Type(self.wants())),
            (None, _) => Err(Wrong::Word(word.into(), names)),
        }
    }

    /// A time, if it can be said in the option's unit.
    pub fn of_time(&self, time: Duration) -> Result<Setting, Wrong> {
        let Form::Time(width, unit) = self.form else {
            return Err(Wrong::Type(self.wants()));
        };
        match count_of(time, unit) {
            Some(units) if units <= width.most() => Ok(Setting::Time(time)),
            Some(_) => Err(Wrong::Value(format!("{} is too long", spelled(time)))),
            None => Err(Wrong::Value(format!(
                "{} is no whole number of {}",
                spelled(time),
                match unit {
                    Unit::Centiseconds => "hundredths of a second",
                    Unit::Milliseconds => "milliseconds",
                    Unit::Seconds => "seconds",
                    Unit::Microseconds => "microseconds",
                    Unit::Nanoseconds => "nanoseconds",
                }
            ))),
        }
    }

    /// An IP address, if the option takes it.
    pub fn of_ip(&self, ip: IpAddr) -> Result<Setting, Wrong> {
        let fits = match self.form {
            Form::Ip(..) => true,
            Form::Ip4 | Form::Ip4s => ip.is_ipv4(),
            Form::Ip6 | Form::Ip6s => ip.is_ipv6(),
            _ => return Err(Wrong::Type(self.wants())),
        };
        let version = if ip.is_ipv4() { 6 } else { 4 };
        match self.form {
            _ if !fits => Err(Wrong::Value(format!("{ip} is no IPv{version} address"))),
            Form::Ip(_, Which::Group) if !ip.is_multicast() => Err(Wrong::Value(format!(
                "{ip} is no address of a multicast group"
            ))),
            Form::Ip(_, Which::Host) if ip.is_multicast() => Err(Wrong::Value(format!(
                "{ip} is the address of a multicast group"
            ))),
            _ => Ok(Setting::Ip(ip)),
        }
    }

    /// The words that the option takes.
    pub fn words(&self) -> Vec<&'static str> {
        let names = match self.form {
            Form::Number(_, _, _, names) | Form::Hex(_, _, _, names) | Form::Word(_, names) => {
                names
            }
            Form::Ttl(..) => return vec!["auto", "inherit"],
            Form::Flow(..) => INHERIT,
            Form::NumberOrBit(_, word, _) => return vec![word],
            _ => &[],
        };
        names.iter().map(|(name, _)| *name).collect()
    }

    /// What the option wants, with its article.
    pub fn wants(&self) -> String {
        match self.form {
            _ if self.form.is_switch() => "true or false",
            Form::Number(_, _, _, [])
            | Form::Hex(_, _, _, [])
            | Form::Signed
            | Form::Logarithm(..) => "an int",
            Form::Number(..)
            | Form::Hex(..)
            | Form::Ttl(..)
            | Form::Flow(..)
            | Form::NumberOrBit(..) => "an int or a word",
            Form::Key(_) | Form::Both(..) => "an int, or a string such as \"10.0.0.1\"",
            Form::Word(..) => "a word",
            Form::Time(..) => "a number of seconds, or a string with a unit (\"200ms\")",
            Form::Mac => "a hardware address such as \"02:00:00:00:00:01\"",
            Form::Ip(..) => "an IP address as a string",
            Form::Ip4 => "an IPv4 address as a string",
            Form::Ip6 => "an IPv6 address as a string",
            Form::Link => "the name of a link",
            Form::Text => "a string",
            Form::Ports => "an array of two ports",
            Form::Pairs => "a string such as \"0:1 1:2\"",
            Form::Ip4s | Form::Ip6s => "an array of IP addresses",
            Form::Macs(..) => "an array of hardware addresses",
            Form::Peer => "the name of the other end",
            Form::Minor => "a minor number as in a classid, such as \"10\"",
            Form::Rate => "a rate such as \"10mbit\"",
            Form::Size => "a number of bytes, or a string with a unit (\"64k\")",
            Form::Period(_) => "a number of seconds, or a string with a unit (\"100ms\")",
            Form::Chance => "a percentage such as \"1%\" or 0.1",
            Form::Fraction => "a number between 0 and 1",
            Form::OneOf(words) => return format!("one of {}", words.join(", ")),
            Form::Numbers(_, least, most) => {
                return format!("an array of {} ints", span(least, most));
            }
            Form::Chances(least, most) => {
                return format!("an array of {} percentages", span(least, most));
            }
            _ => "a value",
        }
        .into()
    }

    /// What the manual says of the kind of the value: `int`, `bool`, `duration`.
    pub fn manual_kind(&self) -> &'static str {
        match self.form {
            _ if self.form.is_switch() => "bool",
            Form::Number(_, _, _, [])
            | Form::Hex(_, _, _, [])
            | Form::Signed
            | Form::Logarithm(..)
            | Form::Size => "int",
            Form::Number(..)
            | Form::Hex(..)
            | Form::Ttl(..)
            | Form::Flow(..)
            | Form::NumberOrBit(..) => "int or word",
            Form::Key(_) => "int or string",
            Form::Both(..) => "int or string",
            Form::Word(..) => "word",
            Form::Time(..) | Form::Period(_) => "duration",
            Form::Rate => "rate",
            Form::Chance => "percent",
            Form::Fraction => "float",
            Form::Numbers(..) => "int array",
            Form::Chances(..) => "percent array",
            Form::Mac => "mac",
            Form::Ip(..) | Form::Ip4 | Form::Ip6 => "address",
            Form::Link => "link",
            Form::Text | Form::Pairs | Form::Peer => "string",
            Form::Ports => "int pair",
            Form::Ip4s | Form::Ip6s => "address array",
            Form::Macs(..) => "mac array",
            _ => "string",
        }
    }

    /// The words of ip for it, where they are not its key.
    pub fn spelling(&self) -> Option<&'static str> {
        (self.word != self.key && !self.word.is_empty()).then_some(self.word)
    }

    /// Whether the manual has it among the options.
    pub fn is_an_option(&self) -> bool {
        matches!(self.way, Way::Both | Way::Done)
    }
}

/// The words for hop limits; "inherit" is an attribute of its own.
pub(super) const TTL: Names = &[("auto", 0)];
/// The word for what is taken from the packet inside.
pub(super) const INHERIT: Names = &[("inherit", u64::MAX)];

/// The name of a number, if it has one.
pub(super) fn named(names: Names, number: u64) -> Option<&'static str> {
    let found = names.iter().find(|(_, known)| *known == number);
    found.map(|(name, _)| *name)
}

/// The number of a name.
pub(super) fn numbered(names: Names, name: &str) -> Option<u64> {
    let found = names.iter().find(|(known, _)| *known == name);
    found.map(|(_, number)| *number)
}

/// As many as there may be, in words.
pub(super) fn span(least: usize, most: usize) -> String {
    match least == most {
        true => least.to_string(),
        false => format!("{least} to {most}"),
    }
}

/// How many units a time has, if it is a whole number of them.
pub(super) fn count_of(time: Duration, unit: Unit) -> Option<u64> {
    let unit = u128::from(unit.nanoseconds());
    let whole = time.as_nanos().is_multiple_of(unit);
    whole.then(|| u64::try_from(time.as_nanos() / unit).ok())?
}

/// The time that is so many units.
pub(super) fn time_of(count: u64, unit: Unit) -> Duration {
    let nanoseconds = u128::from(count) * u128::from(unit.nanoseconds());
    Duration::from_nanos_u128(nanoseconds)
}

/// A time in the words of a script.
pub fn spelled(time: Duration) -> String {
    format!("{}s", time.as_secs_f64())
}
