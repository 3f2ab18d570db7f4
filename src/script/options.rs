//! The options of a verb: the last argument, a map. Each key is taken out with its type; what is left over is an error.

use std::net::{IpAddr, Ipv4Addr};
use std::time::Duration;

use rhai::{Array, Dynamic, Map};

use crate::kernel::mac::Mac;
use crate::kernel::units;
use crate::lab::failure::{Failure, Outcome};
use crate::lab::suggest::nearest;

use super::netns::Handle;

/// How many options a verb asks for, at least of those that have many.
const OFTEN: usize = 32;

/// The options that a verb was called with.
pub struct Options {
    given: Map,
    asked: Vec<&'static str>,
}

impl Options {
    /// The options as the script gave them.
    pub fn new(given: Map) -> Self {
        Options {
            given,
            asked: Vec::with_capacity(OFTEN),
        }
    }

    /// Takes the option `key` out; None if it was not given, or given as `()`.
    pub fn take<T: OptionValue>(&mut self, key: &'static str) -> Outcome<Option<T>> {
        self.take_as(key, T::read)
    }

    /// The same with a reading of its own, as for options that stand in a table.
    pub fn take_as<T>(
        &mut self,
        key: &'static str,
        read: impl FnOnce(&Dynamic) -> Result<T, Fault>,
    ) -> Outcome<Option<T>> {
        self.asked.push(key);
        match self.given.remove(key) {
            None => Ok(None),
            Some(value) if value.is_unit() => Ok(None),
            Some(value) => read(&value)
                .map(Some)
                .map_err(|fault| fault.into_failure(key, &value)),
        }
    }

    /// Takes the option `key` out as it is; None if it was not given, or given as `()`.
    pub fn take_value(&mut self, key: &'static str) -> Option<Dynamic> {
        self.asked.push(key);
        self.given.remove(key).filter(|value| !value.is_unit())
    }

    /// Knows an option that is not taken now.
    pub fn know(&mut self, key: &'static str) {
        self.asked.push(key);
    }

    /// Whether something was given that nobody asked for yet.
    pub fn has_more(&self) -> bool {
        !self.given.is_empty()
    }

    /// Whether the option was given.
    pub fn has(&self, key: &str) -> bool {
        self.given.contains_key(key)
    }

    /// Takes an option that is either on or off, and off unless it is given.
    pub fn flag(&mut self, key: &'static str) -> Outcome<bool> {
        Ok(self.take(key)?.unwrap_or(false))
    }

    /// Refuses whatever was given beyond the keys that were asked for.
    pub fn finish(mut self) -> Outcome<()> {
        let Some(unknown) = self.given.keys().next() else {
            return Ok(());
        };
        let mut known = Vec::new();
        self.asked.retain(|key| {
            let is_new = !known.contains(key);
            known.push(*key);
            is_new
        });
        let hint = match nearest(unknown, self.asked.iter().copied()) {
            Some(key) => format!("did you mean {key:?}?"),
            None if self.asked.is_empty() => "this verb takes no options".into(),
            None => format!("the options are: {}", self.asked.join(", ")),
        };
        let left_out = LEFT_OUT
            .iter()
            .find(|(beside, key, _)| *key == unknown.as_str() && self.asked.contains(beside));
        let (why, hint) = match left_out {
            Some((.., why)) => (format!(": {why}"), String::new()),
            None => (String::new(), hint),
        };
        Err(Failure::new(format!("there is no option {unknown:?}{why}"))
            .about(unknown.as_str())
            .blame(unknown.as_str())
            .hint(hint))
    }
}

/// What iproute2 can set and netsh leaves out: an option that the verbs have which it would belong to, its word, and the reason. Who
/// knows the word is told more than that it is unknown.
const LEFT_OUT: &[(&str, &str, &str)] = &[
    (
        "nexthops",
        "nhid",
        "netsh makes no nexthop objects; what has one is listed with it",
    ),
    (
        "nexthops",
        "encap",
        "netsh gives routes no encapsulation; a tunnel is a link: help(\"tunnel\")",
    ),
    (
        "nexthops",
        "ttl_propagate",
        "it is for routes of MPLS; with those of IP the kernel does nothing with it",
    ),
    (
        "nomaster",
        "vf",
        "virtual functions are a matter of hardware",
    ),
    ("nomaster", "xdp", "netsh loads no programs into the kernel"),
    (
        "slot_max",
        "slot_distribution",
        "the slots of netem have a least and a most: slot and slot_max",
    ),
    (
        "proxy",
        "managed",
        "netsh has no neighbours that the kernel keeps asking for; state: \"permanent\" needs no asking",
    ),
    (
        "matches",
        "ht",
        "netsh makes no hash tables of u32; flower finds fields by hashing",
    ),
    (
        "matches",
        "divisor",
        "netsh makes no hash tables of u32; flower finds fields by hashing",
    ),
    (
        "matches",
        "offset",
        "netsh makes no hash tables of u32, and so no offsets; flower finds ports behind any header",
    ),
    (
        "handle",
        "estimator",
        "netsh asks the kernel for no estimates; statistics are counted in each list",
    ),
    (
        "handle",
        "stab",
        "netsh makes no size tables; overhead and linklayer say the same for tbf and htb",
    ),
];

/// Why a value does not do.
pub enum Fault {
    /// It is of the wrong type; this is what it should be, with its article: `an int`.
    Type(&'static str),
    /// The same, worked out.
    Wants(String),
    /// It is of the right type and still wrong; these are the words.
    Value(String),
}

impl Fault {
    /// The failure of an option with this value.
    pub fn into_failure(self, key: &str, value: &Dynamic) -> Box<Failure> {
        let wants = |wanted: &str| {
            let got = describe(value);
            Failure::new(format!("the option {key:?} wants {wanted}, but got {got}"))
        };
        let failure = match self {
            Fault::Type(wanted) => wants(wanted),
            Fault::Wants(wanted) => wants(&wanted),
            Fault::Value(words) => Failure::new(format!("the option {key:?} is wrong: {words}")),
        };
        failure.about(key).blame(key)
    }
}

/// A value with the name of its type, for people.
pub fn describe(value: &Dynamic) -> String {
    let kind = super::value::type_name(value);
    if value.is_map() || value.is_array() || value.is_fnptr() {
        return format!("{} {kind}", super::value::article(kind));
    }
    if value.is_unit() {
        return "()".into();
    }
    match value.read_lock::<rhai::ImmutableString>() {
        Some(text) => format!("the string {:?}", text.as_str()),
        None => format!("the {kind} {value}"),
    }
}

/// A type that an option can have.
pub trait OptionValue: Sized {
    /// Reads it from what the script gave.
    fn read(value: &Dynamic) -> Result<Self, Fault>;
}

impl OptionValue for bool {
    fn read(value: &Dynamic) -> Result<Self, Fault> {
        value.as_bool().map_err(|_| Fault::Type("true or false"))
    }
}

impl OptionValue for i64 {
    fn read(value: &Dynamic) -> Result<Self, Fault> {
        value.as_int().map_err(|_| Fault::Type("an int"))
    }
}

impl OptionValue for u32 {
    fn read(value: &Dynamic) -> Result<Self, Fault> {
        let number = i64::read(value)?;
        u32::try_from(number)
            .map_err(|_| Fault::Value(format!("{number} is not between 0 and {}", u32::MAX)))
    }
}

impl OptionValue for Dynamic {
    fn read(value: &Dynamic) -> Result<Self, Fault> {
        Ok(value.clone())
    }
}

impl OptionValue for Array {
    fn read(value: &Dynamic) -> Result<Self, Fault> {
        let array = value.clone().try_cast::<Array>();
        array.ok_or(Fault::Type("an array"))
    }
}

impl OptionValue for u8 {
    fn read(value: &Dynamic) -> Result<Self, Fault> {
        let number = i64::read(value)?;
        u8::try_from(number)
            .map_err(|_| Fault::Value(format!("{number} is not between 0 and {}", u8::MAX)))
    }
}

impl OptionValue for String {
    fn read(value: &Dynamic) -> Result<Self, Fault> {
        let text = value.clone().into_string();
        let text = text.map_err(|_| Fault::Type("a string"))?;
        // The kernel would take what stands before it.
        match text.contains('\0') {
            true => Err(Fault::Value("it has a NUL character in it".into())),
            false => Ok(text),
        }
    }
}

impl OptionValue for Mac {
    fn read(value: &Dynamic) -> Result<Self, Fault> {
        let wanted = Fault::Type("a hardware address such as \"02:00:00:00:00:01\"");
        let text = String::read(value).map_err(|_| wanted)?;
        let mac: Mac = text.parse().map_err(Fault::Value)?;
        if mac.is_multicast() {
            return Err(Fault::Value(format!(
                "{mac} is the address of a group: the lowest bit of its first byte has to be 0"
            )));
        }
        Ok(mac)
    }
}

impl OptionValue for IpAddr {
    fn read(value: &Dynamic) -> Result<Self, Fault> {
        let text = String::read(value).map_err(|_| Fault::Type("an IP address as a string"))?;
        text.parse()
            .map_err(|_| Fault::Value(format!("{text:?} is not an IP address")))
    }
}

impl OptionValue for Ipv4Addr {
    fn read(value: &Dynamic) -> Result<Self, Fault> {
        let text = String::read(value).map_err(|_| Fault::Type("an IPv4 address as a string"))?;
        text.parse()
            .map_err(|_| Fault::Value(format!("{text:?} is not an IPv4 address")))
    }
}

impl OptionValue for Duration {
    fn read(value: &Dynamic) -> Result<Self, Fault> {
        const WANTED: Fault =
            Fault::Type("a number of seconds, or a string with a unit (\"200ms\")");
        if let Ok(text) = value.clone().into_string() {
            return units::duration(&text).map_err(Fault::Value);
        }
        let seconds = match (value.as_int(), value.as_float()) {
            (Ok(seconds), _) => seconds as f64,
            (_, Ok(seconds)) => seconds,
            _ => return Err(WANTED),
        };
        units::seconds(seconds)
            .ok_or_else(|| Fault::Value(format!("{value} seconds is no time that netsh can wait")))
    }
}

/// A size in bytes: an int, or a string with a unit.
pub struct Size(pub u64);

impl OptionValue for Size {
    fn read(value: &Dynamic) -> Result<Self, Fault> {
        if let Ok(text) = value.clone().into_string() {
            return units::size(&text).map(Size).map_err(Fault::Value);
        }
        let number = value
            .as_int()
            .map_err(|_| Fault::Type("a number of bytes, or a string with a unit (\"64k\")"))?;
        u64::try_from(number)
            .map(Size)
            .map_err(|_| Fault::Value(format!("{number} is less than 0")))
    }
}

/// A largest payload: a size that fits into the kernel's 32 bits.
pub struct Mtu(pub u32);

impl OptionValue for Mtu {
    fn read(value: &Dynamic) -> Result<Self, Fault> {
        let Size(bytes) = Size::read(value)?;
        u32::try_from(bytes)
            .map(Mtu)
            .map_err(|_| Fault::Value(format!("{bytes} is no MTU")))
    }
}

/// A namespace, given by its name or its handle.
pub struct NetnsName(pub String);

impl OptionValue for NetnsName {
    fn read(value: &Dynamic) -> Result<Self, Fault> {
        if let Some(handle) = value.read_lock::<Handle>() {
            return Ok(NetnsName(handle.name().to_string()));
        }
        let wanted = Fault::Type("the name of a network namespace, or its handle");
        String::read(value).map(NetnsName).map_err(|_| wanted)
    }
}
