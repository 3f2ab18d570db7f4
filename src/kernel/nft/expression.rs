//! The expressions that a rule is made of in the kernel: `struct nft_expr`, a name and attributes.
//!
//! A table says which attributes each kind has and in which form; the same table reads and writes them. What is not in it
//! is kept as its name. Numbers and forms are those of linux/netfilter/nf_tables.h.

use crate::kernel::error::Result;
use crate::kernel::netlink::attributes::{self, Attribute, Attributes};

use super::syntax::Verdict;

/// The form of an attribute.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Form {
    /// A number of 8 bits.
    Byte,
    /// A number of 16 bits in the network's order.
    Short,
    /// A number of 32 bits in the network's order.
    Long,
    /// A number of 64 bits in the network's order.
    Quad,
    /// A text.
    Text,
    /// Bytes or a verdict (`enum nft_data_attributes`).
    Data,
    /// Expressions one after another.
    Expressions,
}

/// What an attribute says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Value {
    /// A number.
    Number(u64),
    /// A text.
    Text(String),
    /// The name of a link, which becomes its index when the rule is sent.
    Link(String),
    /// Bytes.
    Bytes(Vec<u8>),
    /// A verdict.
    Verdict(Verdict),
    /// Expressions.
    Expressions(Vec<Expression>),
}

/// A kind of expression with its attributes.
#[derive(Debug, PartialEq, Eq)]
pub struct Shape {
    /// Its name in the kernel.
    pub name: &'static str,
    /// The form of each attribute, by its number.
    pub forms: &'static [(u16, Form)],
}

/// An expression.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Expression {
    /// Its name.
    pub name: String,
    /// What its attributes say.
    pub values: Vec<(u16, Value)>,
}

const NFTA_LIST_ELEM: u16 = 1;
const NFTA_EXPR_NAME: u16 = 1;
const NFTA_EXPR_DATA: u16 = 2;
const NFTA_DATA_VALUE: u16 = 1;
const NFTA_DATA_VERDICT: u16 = 2;
const NFTA_VERDICT_CODE: u16 = 1;
const NFTA_VERDICT_CHAIN: u16 = 2;

use Form::{Byte, Data, Expressions, Long, Quad, Short, Text};

macro_rules! shapes {
    ($($name:literal: $($number:literal $form:ident),* ;)+) => {
        /// All kinds that netsh knows.
        pub static SHAPES: &[Shape] = &[$(Shape {
            name: $name,
            forms: &[$(($number, $form)),*],
        }),+];
    };
}

shapes! {
    "payload": 1 Long, 2 Long, 3 Long, 4 Long, 5 Long, 6 Long, 7 Long, 8 Long;
    "meta": 1 Long, 2 Long, 3 Long;
    "ct": 1 Long, 2 Long, 3 Byte, 4 Long;
    "cmp": 1 Long, 2 Long, 3 Data;
    "range": 1 Long, 2 Long, 3 Data, 4 Data;
    "bitwise": 1 Long, 2 Long, 3 Long, 4 Data, 5 Data, 6 Long, 7 Data;
    "byteorder": 1 Long, 2 Long, 3 Long, 4 Long, 5 Long;
    "lookup": 1 Text, 2 Long, 3 Long, 4 Long, 5 Long;
    "immediate": 1 Long, 2 Data;
    "counter": 1 Quad, 2 Quad;
    "limit": 1 Quad, 2 Quad, 3 Long, 4 Long, 5 Long;
    "quota": 1 Quad, 2 Long, 4 Quad;
    "connlimit": 1 Long, 2 Long;
    "log": 1 Short, 2 Text, 3 Long, 4 Short, 5 Long, 6 Long;
    "reject": 1 Long, 2 Byte;
    "nat": 1 Long, 2 Long, 3 Long, 4 Long, 5 Long, 6 Long, 7 Long;
    "masq": 1 Long, 2 Long, 3 Long;
    "redir": 1 Long, 2 Long, 3 Long;
    "tproxy": 1 Long, 2 Long, 3 Long;
    "queue": 1 Short, 2 Short, 3 Short, 4 Long;
    "notrack": ;
    "fib": 1 Long, 2 Long, 3 Long;
    "rt": 1 Long, 2 Long;
    "socket": 1 Long, 2 Long, 3 Long;
    "numgen": 1 Long, 2 Long, 3 Long, 4 Long;
    "hash": 1 Long, 2 Long, 3 Long, 4 Long, 5 Long, 6 Long, 7 Long;
    "exthdr": 1 Long, 2 Byte, 3 Long, 4 Long, 5 Long, 6 Long, 7 Long;
    "objref": 1 Long, 2 Text, 3 Long, 4 Text, 5 Long;
    "dynset": 1 Text, 2 Long, 3 Long, 4 Long, 5 Long, 6 Quad, 7 Expressions, 9 Long, 10 Expressions;
    "dup": 1 Long, 2 Long;
    "fwd": 1 Long, 2 Long, 3 Long;
}

fn shape(name: &str) -> Option<&'static Shape> {
    SHAPES.iter().find(|shape| shape.name == name)
}

impl Expression {
    /// An expression without attributes.
    pub fn new(name: &str) -> Expression {
        Expression {
            name: name.into(),
            values: Vec::new(),
        }
    }

    /// Adds a number.
    #[must_use]
    pub fn with(mut self, number: u16, value: impl Into<u64>) -> Expression {
        self.values.push((number, Value::Number(value.into())));
        self
    }

    /// Adds a number if there is one.
    #[must_use]
    pub fn maybe(self, number: u16, value: Option<impl Into<u64>>) -> Expression {
        match value {
            Some(value) => self.with(number, value),
            None => self,
        }
    }

    /// Adds something else.
    #[must_use]
    pub fn set(mut self, number: u16, value: Value) -> Expression {
        self.values.push((number, value));
        self
    }

    /// What an attribute says.
    pub fn value(&self, number: u16) -> Option<&Value> {
        let mut values = self.values.iter();
        values
            .find(|(one, _)| *one == number)
            .map(|(_, value)| value)
    }

    /// The number that an attribute says.
    pub fn number(&self, number: u16) -> Option<u64> {
        match self.value(number)? {
            Value::Number(value) => Some(*value),
            _ => None,
        }
    }

    /// A number of 32 bits, as most are.
    pub fn long(&self, number: u16) -> Option<u32> {
        self.number(number)?.try_into().ok()
    }

    /// The bytes that an attribute says.
    pub fn bytes(&self, number: u16) -> Option<&[u8]> {
        match self.value(number)? {
            Value::Bytes(bytes) => Some(bytes),
            _ => None,
        }
    }

    /// The text that an attribute says.
    pub fn text(&self, number: u16) -> Option<&str> {
        match self.value(number)? {
            Value::Text(text) => Some(text),
            _ => None,
        }
    }

    /// Writes it as an element of a list. `link` gives the index of a link.
    pub fn write(
        &self,
        list: &mut Attributes,
        link: &mut dyn FnMut(&str) -> Result<u32>,
    ) -> Result<()> {
        let mut inside = Attributes::new();
        for (number, value) in &self.values {
            let form = shape(&self.name)
                .and_then(|shape| shape.forms.iter().find(|(one, _)| one == number))
                .map_or(Long, |(_, form)| *form);
            write_value(&mut inside, *number, form, value, link)?;
        }
        list.nest(NFTA_LIST_ELEM, |one| {
            one.text(NFTA_EXPR_NAME, &self.name);
            one.nest(NFTA_EXPR_DATA, |data| {
                data.extend(&inside);
            });
        });
        Ok(())
    }

    /// Reads one, the value of an element of a list.
    pub fn read(bytes: &[u8]) -> Result<Expression> {
        let mut expression = Expression::new("");
        let mut data: &[u8] = &[];
        for attribute in attributes::read(bytes) {
            let attribute = attribute?;
            match attribute.kind {
                NFTA_EXPR_NAME => expression.name = attribute.text(),
                NFTA_EXPR_DATA => data = attribute.value,
                _ => {}
            }
        }
        Expression::read_as(&expression.name, data)
    }

    /// Reads the attributes of an expression of this name.
    pub fn read_as(name: &str, data: &[u8]) -> Result<Expression> {
        let mut expression = Expression::new(name);
        let Some(shape) = shape(name) else {
            return Ok(expression);
        };
        for attribute in attributes::read(data) {
            let attribute = attribute?;
            let form = shape.forms.iter().find(|(one, _)| *one == attribute.kind);
            if let Some((number, form)) = form {
                expression
                    .values
                    .push((*number, read_value(attribute, *form)?));
            }
        }
        Ok(expression)
    }
}

/// Reads expressions, one element of a list after the other.
pub fn read_list(bytes: &[u8]) -> Result<Vec<Expression>> {
    let list = attributes::read(bytes);
    list.map(|one| Expression::read(one?.value)).collect()
}

/// Writes expressions as a list.
pub fn write_list(
    expressions: &[Expression],
    link: &mut dyn FnMut(&str) -> Result<u32>,
) -> Result<Attributes> {
    let mut list = Attributes::new();
    for expression in expressions {
        expression.write(&mut list, link)?;
    }
    Ok(list)
}

fn write_value(
    to: &mut Attributes,
    number: u16,
    form: Form,
    value: &Value,
    link: &mut dyn FnMut(&str) -> Result<u32>,
) -> Result<()> {
    match (form, value) {
        (Byte, Value::Number(value)) => to.u8(number, u8::try_from(*value).unwrap_or(u8::MAX)),
        (Short, Value::Number(value)) => to.be16(number, u16::try_from(*value).unwrap_or(u16::MAX)),
        (Quad, Value::Number(value)) => to.be64(number, *value),
        (_, Value::Number(value)) => to.be32(number, u32::try_from(*value).unwrap_or(u32::MAX)),
        (_, Value::Text(text)) => to.text(number, text),
        (_, Value::Link(name)) => {
            let index = link(name)?.to_ne_bytes();
            write_bytes(to, number, &index)
        }
        (_, Value::Bytes(bytes)) => write_bytes(to, number, bytes),
        (_, Value::Verdict(verdict)) => write_verdict(to, number, verdict),
        (_, Value::Expressions(list)) => write_several(to, number, list, link)?,
    };
    Ok(())
}

/// Expressions as an attribute: a single one stands for itself, several are a list.
pub fn write_several<'a>(
    to: &'a mut Attributes,
    number: u16,
    list: &[Expression],
    link: &mut dyn FnMut(&str) -> Result<u32>,
) -> Result<&'a mut Attributes> {
    let inside = write_list(list, link)?;
    Ok(match attributes::find(inside.as_bytes(), NFTA_LIST_ELEM) {
        Some(first) if list.len() == 1 => to.put(number | 0x8000, first.value),
        _ => to.put(number | 0x8000, inside.as_bytes()),
    })
}

/// Reads one that stands for itself, or a list of them.
pub fn read_several(bytes: &[u8]) -> Result<Vec<Expression>> {
    match attributes::find(bytes, NFTA_EXPR_DATA) {
        Some(_) => Ok(vec![Expression::read(bytes)?]),
        None => read_list(bytes),
    }
}

/// Bytes as `NFTA_DATA_VALUE`.
pub fn write_bytes<'a>(to: &'a mut Attributes, number: u16, bytes: &[u8]) -> &'a mut Attributes {
    to.nest(number, |data| {
        data.put(NFTA_DATA_VALUE, bytes);
    })
}

/// A verdict as `NFTA_DATA_VERDICT`.
pub fn write_verdict<'a>(
    to: &'a mut Attributes,
    number: u16,
    verdict: &Verdict,
) -> &'a mut Attributes {
    // The codes of linux/netfilter.h and enum nft_verdicts.
    let (code, chain) = match verdict {
        Verdict::Drop => (0, None),
        Verdict::Accept => (1, None),
        Verdict::Continue => (-1, None),
        Verdict::Jump(chain) => (-3, Some(chain)),
        Verdict::Goto(chain) => (-4, Some(chain)),
        Verdict::Return => (-5, None),
    };
    to.nest(number, |data| {
        data.nest(NFTA_DATA_VERDICT, |inside| {
            inside.put(NFTA_VERDICT_CODE, &i32::to_be_bytes(code));
            if let Some(chain) = chain {
                inside.text(NFTA_VERDICT_CHAIN, chain);
            }
        });
    })
}

fn read_value(attribute: Attribute, form: Form) -> Result<Value> {
    Ok(match form {
        Byte => Value::Number(attribute.u8()?.into()),
        Short => Value::Number(attribute.be16()?.into()),
        Long => Value::Number(attribute.be32()?.into()),
        Quad => Value::Number(attribute.be64()?),
        Text => Value::Text(attribute.text()),
        Data => read_data(attribute.value)?,
        Expressions => Value::Expressions(read_several(attribute.value)?),
    })
}

/// Reads bytes or a verdict (`enum nft_data_attributes`).
pub fn read_data(bytes: &[u8]) -> Result<Value> {
    for attribute in attributes::read(bytes) {
        let attribute = attribute?;
        match attribute.kind {
            NFTA_DATA_VALUE => return Ok(Value::Bytes(attribute.value.to_vec())),
            NFTA_DATA_VERDICT => return read_verdict(attribute.value),
            _ => {}
        }
    }
    Ok(Value::Bytes(Vec::new()))
}

fn read_verdict(bytes: &[u8]) -> Result<Value> {
    let (mut code, mut chain) = (0, String::new());
    for attribute in attributes::read(bytes) {
        let attribute = attribute?;
        match attribute.kind {
            NFTA_VERDICT_CODE => code = attribute.be32()?.cast_signed(),
            NFTA_VERDICT_CHAIN => chain = attribute.text(),
            _ => {}
        }
    }
    Ok(Value::Verdict(match code {
        0 => Verdict::Drop,
        1 => Verdict::Accept,
        -3 => Verdict::Jump(chain),
        -4 => Verdict::Goto(chain),
        -5 => Verdict::Return,
        _ => Verdict::Continue,
    }))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn what_is_written_is_read() {
        let rule = [
            Expression::new("meta").with(2, 16u8).with(1, 1u8),
            Expression::new("cmp")
                .with(1, 1u8)
                .with(2, 0u8)
                .set(3, Value::Bytes(vec![6])),
            Expression::new("log")
                .set(2, Value::Text("a b".into()))
                .with(1, 5u8),
            Expression::new("counter").with(1, 1u64 << 40).with(2, 2u8),
            Expression::new("immediate")
                .with(1, 0u8)
                .set(2, Value::Verdict(Verdict::Jump("other".into()))),
        ];
        let bytes = write_list(&rule, &mut |_| Ok(7)).expect("written");
        assert_eq!(read_list(bytes.as_bytes()).expect("read"), rule);
    }

    proptest! {
        #[test]
        fn no_bytes_are_a_panic(bytes: Vec<u8>) {
            let _ = read_list(&bytes);
            let _ = read_data(&bytes);
        }
    }
}
