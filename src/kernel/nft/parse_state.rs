//! Reads the statements that keep count: counters, limits, quotas and numbers of connections. Rules have them, elements of sets, and
//! objects with a name.

use super::fault::Fault;
use super::parse_value::DataKind;
use super::parser::{Parser, Read};
use super::syntax::{Limit, Object, Statement};

/// The units of rates, in seconds.
pub const UNITS: [(&str, u64); 5] = [
    ("second", 1),
    ("minute", 60),
    ("hour", 3600),
    ("day", 86_400),
    ("week", 604_800),
];

impl Parser<'_> {
    /// Reads how many connections there may be, behind `ct count`.
    pub(super) fn connections(&mut self) -> Read<Statement> {
        let over = self.take("over");
        let count = self.number("a number of connections", u32::MAX.into())?;
        Ok(Statement::Connections {
            count: u32::try_from(count).unwrap_or(0),
            over,
        })
    }

    /// Reads which object it is, behind `counter name`: its name, or where that is looked up.
    fn named(&mut self, object: Object) -> Read<Statement> {
        let mark = self.mark();
        if let Ok(key) = self.expression()
            && self.take("map")
        {
            let set = self.set(&key.kinds(), &DataKind::Object(object))?;
            return Ok(Statement::ObjectMap(object, key, set));
        }
        self.back_to(mark);
        Ok(Statement::Object(object, self.name(object.word())?))
    }

    pub(super) fn counter(&mut self) -> Read<Statement> {
        if self.take("name") {
            return self.named(Object::Counter);
        }
        let (mut packets, mut bytes) = (0, 0);
        if self.take("packets") {
            packets = self.number("a number of packets", u64::MAX)?;
            self.expect("bytes")?;
            bytes = self.number("a number of bytes", u64::MAX)?;
        }
        Ok(Statement::Counter { packets, bytes })
    }

    /// Reads what each element of a set has for itself, behind its first word.
    pub fn each(&mut self, word: &str) -> Read<Statement> {
        match word {
            "ct" => {
                self.expect("count")?;
                self.connections()
            }
            "limit" => self.limit(),
            "quota" => self.quota(),
            _ => self.counter(),
        }
    }

    /// Reads what an object is, without its first word.
    pub fn state(&mut self, word: &str) -> Read<Statement> {
        match word {
            "quota" => self.quota(),
            "limit" => self.limit(),
            _ => self.counter(),
        }
    }

    /// `100 kbytes`
    fn bytes(&mut self, number: u64) -> Read<u64> {
        let unit = self.one_of("a unit", &["bytes", "kbytes", "mbytes"])?;
        let factor: u64 = match unit {
            "bytes" => 1,
            "kbytes" => 1 << 10,
            _ => 1 << 20,
        };
        let product = number.checked_mul(factor);
        product.ok_or_else(|| self.fault("so many bytes can't be counted"))
    }

    /// Reads a rate, after `limit`.
    pub fn limit(&mut self) -> Read<Statement> {
        if self.take("name") {
            return self.named(Object::Limit);
        }
        self.expect("rate")?;
        let over = self.take("over");
        let _ = self.take("until");
        let at = self.next().at.clone();
        let number = self.number("a rate", u64::MAX)?;
        if number == 0 {
            return Err(Fault::new("a rate is at least 1", at).hint("drop, for none at all"));
        }
        let of_bytes = !self.is("/");
        let rate = if of_bytes {
            self.bytes(number)?
        } else {
            number
        };
        self.expect("/")?;
        let names = UNITS.map(|(name, _)| name);
        let unit = self.one_of("a unit of time", &names)?;
        let seconds = UNITS
            .iter()
            .find(|(name, _)| *name == unit)
            .map_or(1, |(_, seconds)| *seconds);
        let burst = match self.take("burst") {
            false if of_bytes => 0,
            false => 5,
            true => {
                let start = self.start();
                let number = self.number("how many at once", u32::MAX.into())?;
                match of_bytes {
                    true => self.bytes(number)?,
                    false => {
                        let at = self.since(start);
                        self.expect("packets")?;
                        if number == 0 {
                            return Err(Fault::new("a burst is at least 1 packet", at));
                        }
                        number
                    }
                }
            }
        };
        Ok(Statement::Limit(Limit {
            rate,
            seconds,
            of_bytes,
            burst,
            over,
        }))
    }

    pub(super) fn quota(&mut self) -> Read<Statement> {
        if self.take("name") {
            return self.named(Object::Quota);
        }
        let over = self.take("over");
        let _ = self.take("until");
        let number = self.number("a number of bytes", u64::MAX)?;
        let bytes = self.bytes(number)?;
        let used = match self.take("used") {
            true => {
                let number = self.number("a number of bytes", u64::MAX)?;
                self.bytes(number)?
            }
            false => 0,
        };
        Ok(Statement::Quota { bytes, used, over })
    }
}
