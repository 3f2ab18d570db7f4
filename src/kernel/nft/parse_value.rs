//! Reads values, and sets of them, of the types that what stands before them has.

use super::fault::Fault;
use super::parser::{Parser, Read};
use super::syntax::{Data, Element, Kind as Typed, Object, Right, Set, Value, Verdict};
use super::token::Kind;
use super::types::{Form, SERVICE};
use super::value::{self, largest, read};

/// What elements of a map are mapped to.
#[derive(Debug, Clone)]
pub enum DataKind {
    /// They are of a set.
    None,
    /// Verdicts.
    Verdict,
    /// Values of these types.
    Values(Vec<Typed>),
    /// Objects of the table.
    Object(Object),
    /// Addresses of this family or, unknown, of whichever they are; perhaps each with a port.
    Target(Option<Typed>),
}

impl Parser<'_> {
    /// Reads what something of these types is compared with.
    pub fn right(&mut self, kinds: &[Typed]) -> Read<(Right, Option<u128>)> {
        if self.is("{") || self.is("@") {
            return Ok((Right::Set(self.set(kinds, &DataKind::None)?), None));
        }
        if let [kind] = kinds
            && kind.of.form == Form::Flags
        {
            let flags = self.flags(*kind, true)?;
            let mask = match self.take("/") {
                true => Some(self.flags(*kind, true)?),
                false => None,
            };
            return Ok((Right::Value(Value::One(flags)), mask));
        }
        match kinds {
            [kind] => Ok((Right::Value(self.value(*kind)?), None)),
            kinds => {
                // What is joined is compared with a set, be it of one.
                let element = Element::new(self.values(kinds)?);
                Ok((Right::Set(Set::Elements(vec![element])), None))
            }
        }
    }

    /// Reads a value for each of these types.
    pub fn values(&mut self, kinds: &[Typed]) -> Read<Vec<Value>> {
        let mut values = Vec::new();
        for (number, kind) in kinds.iter().enumerate() {
            if number > 0 {
                self.expect(".")?;
            }
            values.push(match kind.of.form {
                Form::Flags => Value::One(self.flags(*kind, false)?),
                _ => self.value(*kind)?,
            });
        }
        Ok(values)
    }

    /// Reads flags that add up: `syn,ack`, `(syn | ack)`. In a set a comma ends the element.
    pub fn flags(&mut self, kind: Typed, with_commas: bool) -> Read<u128> {
        let mut all = self.flag(kind)?;
        while self.is("|") || self.is("or") || with_commas && self.is(",") {
            self.skip();
            all |= self.flag(kind)?;
        }
        Ok(all)
    }

    fn flag(&mut self, kind: Typed) -> Read<u128> {
        if self.take("(") {
            let inside = self.flags(kind, true)?;
            self.expect(")")?;
            return Ok(inside);
        }
        self.one(kind)
    }

    /// Reads a value: one, a range, or a prefix.
    pub fn value(&mut self, kind: Typed) -> Read<Value> {
        let start = self.start();
        if kind.of.form == Form::Text {
            return self.text_value(kind);
        }
        if kind.of.form == Form::Link && self.next().kind != Kind::Number {
            let at = self.next().at.clone();
            let name = self.name("link")?;
            return match name.len() {
                0..16 => Ok(Value::Link(name)),
                _ => Err(Fault::new(format!("{name:?} is longer than 15 bytes"), at)),
            };
        }
        let first = self.one(kind)?;
        if self.take("-") {
            let last = self.one(kind)?;
            return match first <= last {
                true => Ok(Value::Range(first, last)),
                false => Err(Fault::new(
                    "the range ends before it begins",
                    self.since(start),
                )),
            };
        }
        if kind.of.has_prefixes() && self.take("/") {
            let length = self.number("the length of a prefix", kind.bits.into())?;
            let length = u32::try_from(length).unwrap_or(0);
            return Ok(match length == kind.bits {
                true => Value::One(first),
                false => Value::Prefix(first & value::prefix_mask(length, kind.bits), length),
            });
        }
        Ok(Value::One(first))
    }

    /// A text, perhaps with a star at its end.
    fn text_value(&mut self, kind: Typed) -> Read<Value> {
        let at = self.next().at.clone();
        let text = match self.next().kind {
            Kind::Text => self.here().trim_matches('"'),
            Kind::Word | Kind::Number => self.here(),
            _ => return Err(self.not_a_value(kind)),
        };
        let (text, star) = match text.strip_suffix('*') {
            Some(text) => (text, true),
            None => (text, false),
        };
        if text.is_empty() {
            let fault = match star {
                true => Fault::new("a star alone stands for any name", at),
                false => Fault::new("there is nothing between the quotes", at),
            };
            return Err(fault.hint("leave the comparison out, or != what is not meant"));
        }
        let number = value::text_number(text).ok_or_else(|| {
            Fault::new(
                format!("{text:?} is longer than 15 bytes, as no name of a link is"),
                at,
            )
        })?;
        self.skip();
        Ok(match star {
            true => Value::Prefix(number, u32::try_from(text.len()).unwrap_or(0) * 8),
            false => Value::One(number),
        })
    }

    /// Reads a single value of a type as a number.
    pub fn one(&mut self, kind: Typed) -> Read<u128> {
        let start = self.start();
        let text = match self.next().kind {
            Kind::Text => self.here().trim_matches('"').to_string(),
            Kind::Word | Kind::Number | Kind::Ipv4 | Kind::Ipv6 | Kind::Mac => {
                self.here().to_string()
            }
            _ => return Err(self.not_a_value(kind)),
        };
        let at = self.next().at.clone();
        self.skip();
        let mut text = text;
        while matches!(kind.of.form, Form::Class | Form::Hour) && self.is(":") {
            self.skip();
            text = format!("{text}:{}", self.here());
            self.skip();
        }
        read(&text, kind).map_err(|words| {
            let at = at.start..self.since(start).end;
            let fault = Fault::new(words, at);
            match kind.of.words {
                [] => fault,
                words => {
                    let names: Vec<&str> = words.iter().map(|(word, _)| *word).collect();
                    let few = kind.of.name != "inet_service" && kind.of.name != "inet_proto";
                    let fault = match few {
                        true => fault.hint(format!("the words are {}", names.join(", "))),
                        false => fault,
                    };
                    fault.among(&text, names)
                }
            }
        })
    }

    fn not_a_value(&self, kind: Typed) -> Fault {
        let what = value::one(kind.of);
        match kind.of.words {
            [] => self.fault(format!("{what} has to stand here")),
            words => {
                let names: Vec<&str> = words.iter().take(8).map(|(word, _)| *word).collect();
                let fault = self.fault(format!("{what} has to stand here"));
                fault.hint(format!("such as {}", names.join(", ")))
            }
        }
    }

    /// Reads a set: `@name`, or its elements.
    pub fn set(&mut self, kinds: &[Typed], data: &DataKind) -> Read<Set> {
        if self.take("@") {
            return Ok(Set::Named(self.name("set")?));
        }
        Ok(Set::Elements(self.elements(kinds, data)?))
    }

    /// Reads elements in braces.
    pub fn elements(&mut self, kinds: &[Typed], data: &DataKind) -> Read<Vec<Element>> {
        self.expect("{")?;
        let mut elements = Vec::new();
        loop {
            self.skip_lines();
            if self.take("}") {
                break;
            }
            elements.push(self.element(kinds, data)?);
            self.skip_lines();
            if !self.take(",") {
                self.skip_lines();
                self.expect("}")?;
                break;
            }
        }
        match elements.is_empty() {
            true => {
                let at = self.since(self.start());
                Err(Fault::new("there is nothing between the braces", at))
            }
            false => Ok(elements),
        }
    }

    /// Goes past line ends.
    pub fn skip_lines(&mut self) {
        while self.next().kind == Kind::Line {
            self.skip();
        }
    }

    /// Reads an element.
    pub fn element(&mut self, kinds: &[Typed], data: &DataKind) -> Read<Element> {
        let mut element = match self.take("*") {
            true => Element::new(Vec::new()),
            false => Element::new(self.values(kinds)?),
        };
        loop {
            if self.take("timeout") {
                element.timeout = Some(self.time()?);
            } else if self.take("expires") {
                element.expires = Some(self.time()?);
            } else if self.take("comment") {
                element.comment = Some(self.comment()?);
            } else if self.is("counter") || self.is("limit") || self.is("quota") {
                let word = self.one_of("what an element has", &["counter", "limit", "quota"])?;
                element.each.push(self.each(word)?);
            } else {
                break;
            }
        }
        element.data = match data {
            DataKind::None => return Ok(element),
            DataKind::Verdict => {
                self.expect(":")?;
                Some(Data::Verdict(self.verdict()?))
            }
            DataKind::Values(kinds) => {
                self.expect(":")?;
                Some(Data::Values(self.values(kinds)?))
            }
            DataKind::Object(object) => {
                self.expect(":")?;
                Some(Data::Object(self.name(object.word())?))
            }
            DataKind::Target(kind) => {
                self.expect(":")?;
                let kind = match kind {
                    Some(kind) => *kind,
                    None => self.address_kind()?,
                };
                let mut values = vec![self.value(kind)?];
                if self.take(".") {
                    values.push(self.value(Typed::new(&SERVICE))?);
                }
                Some(Data::Values(values))
            }
        };
        Ok(element)
    }

    /// The type that the next token, an address, has.
    pub fn address_kind(&mut self) -> Read<Typed> {
        match self.next().kind {
            Kind::Ipv4 => Ok(Typed::new(&super::types::IPV4)),
            Kind::Ipv6 => Ok(Typed::new(&super::types::IPV6)),
            _ => Err(self.fault("an IP address has to stand here")),
        }
    }

    /// Reads a span of time, in milliseconds.
    pub fn time(&mut self) -> Read<u64> {
        let time = value::read_time(self.here());
        let Some(time) = time.filter(|_| matches!(self.next().kind, Kind::Word | Kind::Number))
        else {
            return Err(self.fault(format!(
                "{:?} is not a span of time (10s, 1h30m)",
                self.here()
            )));
        };
        self.skip();
        Ok(time)
    }

    /// Reads a verdict.
    pub fn verdict(&mut self) -> Read<Verdict> {
        let words = ["accept", "drop", "continue", "return", "jump", "goto"];
        Ok(match self.one_of("a verdict", &words)? {
            "accept" => Verdict::Accept,
            "drop" => Verdict::Drop,
            "continue" => Verdict::Continue,
            "return" => Verdict::Return,
            "jump" => Verdict::Jump(self.name("chain")?),
            _ => Verdict::Goto(self.name("chain")?),
        })
    }

    /// Reads bits: a number, or words of the type.
    pub fn mask(&mut self, kind: Typed) -> Read<u128> {
        match kind.of.form {
            Form::Flags => self.flags(kind, false),
            Form::Text => Err(self.fault("a text has no bits")),
            _ => {
                let number = self.one(kind)?;
                Ok(number & largest(kind.bits))
            }
        }
    }
}
