//! What a route says about the connections over it: `RTA_METRICS`, the `RTAX_*` of linux/rtnetlink.h.

use super::error::Result;
use super::netlink::attributes::{Attribute, Attributes};

/// `RTAX_LOCK`: a bit for each that path MTU discovery and TCP's own measurements must not change.
const RTAX_LOCK: u16 = 1;

/// A property of connections.
#[derive(Debug, PartialEq, Eq)]
pub struct Metric {
    /// Its word in `ip route add`, and the option.
    pub key: &'static str,
    /// Its `RTAX_*`.
    number: u16,
    /// What its value is.
    pub form: Form,
}

/// What the value of a metric is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Form {
    /// A number.
    Number,
    /// A time, in the kernel that many parts of a millisecond.
    Time(u32),
    /// A name.
    Name,
    /// Bits with names.
    Features,
}

/// The value of a metric.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Value {
    /// A number, in the kernel's unit.
    Number(u32),
    /// A name.
    Name(String),
}

const fn number(key: &'static str, number: u16) -> Metric {
    let form = Form::Number;
    Metric { key, number, form }
}

const fn time(key: &'static str, number: u16, parts: u32) -> Metric {
    let form = Form::Time(parts);
    Metric { key, number, form }
}

/// All metrics. iproute2 takes times in milliseconds and scales those of TCP's estimators (ip/iproute.c, parse_metrics).
pub static METRICS: [Metric; 16] = [
    number("mtu", 2),
    number("window", 3),
    time("rtt", 4, 8),
    time("rttvar", 5, 4),
    number("ssthresh", 6),
    number("cwnd", 7),
    number("advmss", 8),
    number("reordering", 9),
    number("hoplimit", 10),
    number("initcwnd", 11),
    Metric {
        key: "features",
        number: 12,
        form: Form::Features,
    },
    time("rto_min", 13, 1),
    number("initrwnd", 14),
    number("quickack", 15),
    Metric {
        key: "congctl",
        number: 16,
        form: Form::Name,
    },
    number("fastopen_no_cookie", 17),
];

impl Metric {
    /// The largest number that the kernel keeps: it takes larger ones for this one, without a word (ip_metrics_convert in
    /// net/ipv4/metrics.c).
    pub fn largest(&self) -> u32 {
        match self.key {
            "mtu" => 65535 - 15,
            "advmss" => 65535 - 40,
            "hoplimit" => 255,
            _ => u32::MAX,
        }
    }
}

/// `RTAX_FEATURE_*` that `ip route add ... features` knows.
const ECN: u32 = 1;

/// The metrics of a route.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Metrics {
    /// Those that are set, in the order of their numbers.
    pub set: Vec<(&'static Metric, Value)>,
    locked: u32,
}

impl Metrics {
    /// Whether none is set.
    pub fn is_empty(&self) -> bool {
        self.set.is_empty()
    }

    /// Keeps the kernel from changing this one.
    pub fn lock(&mut self, metric: &Metric) {
        self.locked |= 1 << metric.number;
    }

    /// Whether the kernel must not change this one.
    pub fn is_locked(&self, metric: &Metric) -> bool {
        self.locked & 1 << metric.number != 0
    }

    /// Adds them to a message's attributes.
    pub fn write(&self, attributes: &mut Attributes) {
        if self.locked != 0 {
            attributes.u32(RTAX_LOCK, self.locked);
        }
        for (metric, value) in &self.set {
            match value {
                Value::Number(number) => attributes.u32(metric.number, *number),
                Value::Name(name) => attributes.text(metric.number, name),
            };
        }
    }

    /// Reads an `RTA_METRICS`.
    pub fn read(nest: Attribute) -> Result<Self> {
        let mut metrics = Metrics::default();
        for attribute in nest.nested() {
            let attribute = attribute?;
            if attribute.kind == RTAX_LOCK {
                metrics.locked = attribute.u32()?;
                continue;
            }
            let found = METRICS.iter().find(|one| one.number == attribute.kind);
            let Some(metric) = found else { continue };
            let value = match metric.form {
                Form::Name => Value::Name(attribute.text()),
                _ => Value::Number(attribute.u32()?),
            };
            metrics.set.push((metric, value));
        }
        Ok(metrics)
    }

    /// The words of `ip route add`.
    pub fn words(&self) -> Vec<String> {
        let mut words = Vec::new();
        for (metric, value) in &self.set {
            words.push(metric.key.to_string());
            // congctl has no lock of the kernel's; for the others ip has this word.
            if self.is_locked(metric) {
                words.push("lock".into());
            }
            words.push(match (metric.form, value) {
                (Form::Time(parts), Value::Number(raw)) => format!("{}ms", raw / parts),
                (Form::Features, Value::Number(bits)) => features(*bits).join(" "),
                (_, Value::Number(number)) => number.to_string(),
                (_, Value::Name(name)) => name.clone(),
            });
        }
        words
    }
}

/// The features of these bits by their names.
pub fn features(bits: u32) -> Vec<String> {
    let mut names = Vec::new();
    if bits & ECN != 0 {
        names.push("ecn".to_string());
    }
    if bits & !ECN != 0 {
        names.push(format!("{:#x}", bits & !ECN));
    }
    names
}

/// The bits of the features of this name.
pub fn feature(name: &str) -> Option<u32> {
    (name == "ecn").then_some(ECN)
}
