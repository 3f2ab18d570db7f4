//! Reads what is computed from a packet: `ip[6:2] & 0x1fff`, `len - 14`.

use std::ops::Range;

use super::parser::{Parser, Read};
use super::syntax::{Number, Operator};
use super::token::Kind;
use super::words::{self, Protocol};
use crate::packet::fault::Fault;

/// The most operators in a computation.
const MOST: u32 = 200;
/// The largest offset: what is beyond is in no packet, and the kernel has other uses for numbers that are as large as they get.
const FARTHEST: u32 = 0xffff;

impl Parser<'_> {
    /// A number, known or computed.
    pub fn number(&mut self) -> Read<Number> {
        let first = self.operand()?;
        self.computed(first)
    }

    /// What is computed from a number that stands before an operator.
    pub fn computed(&mut self, first: Number) -> Read<Number> {
        let mut numbers = vec![first];
        let mut operators: Vec<(Operator, Range<usize>)> = Vec::new();
        let mut unclear = None;
        let mut count = 0;
        while let Some(operator) = self.operator() {
            let at = self.next().at.clone();
            self.skip();
            self.count(&at)?;
            count += 1;
            if operator.tightness().is_none() {
                unclear.get_or_insert(at.clone());
            }
            // What binds at least as tight is computed first.
            while let Some((before, _)) = operators.last()
                && before.tightness() >= operator.tightness()
            {
                compute(&mut numbers, &mut operators)?;
            }
            operators.push((operator, at));
            numbers.push(self.operand()?);
        }
        if let Some(at) = unclear.filter(|_| count > 1) {
            let sign = self.text_at(at.clone());
            let words = format!("it is not clear what {sign:?} is to be done with");
            let hint = "brackets say it: tcpdump reads \"a % b + c\" as \"a % (b + c)\"";
            return Err(Fault::new(words, at).hint(hint));
        }
        while !operators.is_empty() {
            compute(&mut numbers, &mut operators)?;
        }
        Ok(numbers.pop().unwrap_or(Number::Known(0)))
    }

    fn count(&mut self, at: &Range<usize>) -> Read<()> {
        self.operators += 1;
        match self.operators <= MOST {
            true => Ok(()),
            false => {
                let words = format!("the computation has more than {MOST} operators");
                Err(Fault::new(words, at.clone()))
            }
        }
    }

    /// A number without operators, but for a minus before it.
    pub fn operand(&mut self) -> Read<Number> {
        let mut is_negative = false;
        while self.is("-") {
            let at = self.next().at.clone();
            self.skip();
            self.count(&at)?;
            is_negative = !is_negative;
        }
        let number = self.positive()?;
        Ok(match (is_negative, number) {
            (false, number) => number,
            (true, Number::Known(number)) => Number::Known(number.wrapping_neg()),
            (true, number) => Number::Negative(Box::new(number)),
        })
    }

    fn positive(&mut self) -> Read<Number> {
        let start = self.start();
        if let Kind::Number(number) = self.next().kind {
            self.skip();
            return Ok(Number::Known(number));
        }
        if self.is("(") {
            self.open()?;
            let number = self.number()?;
            self.close(")", start)?;
            return Ok(number);
        }
        if self.take("len") || self.take("length") {
            return Ok(Number::Length);
        }
        match words::protocol(self.here()) {
            Some(protocol) if self.next().kind == Kind::Word && self.then() == "[" => {
                self.bytes(protocol)
            }
            _ => Err(self.wanted("a number").hint(
                "\"ip[8]\" is a byte of a header, \"ip[2:2]\" are two, \"len\" is the length",
            )),
        }
    }

    /// Bytes of a header: `tcp[0:2]`.
    fn bytes(&mut self, protocol: Protocol) -> Read<Number> {
        let word = self.here();
        if let Protocol::Frame(_) | Protocol::InBoth(50 | 51) = protocol {
            let words = format!("what {word} holds can't be looked at");
            return Err(Fault::new(words, self.next().at.clone())
                .hint("\"ether[14]\" is the first byte behind the Ethernet header"));
        }
        self.skip();
        let open = self.start();
        self.open()?;
        let start = self.start();
        let offset = match self.next().kind {
            Kind::End => return Err(self.wanted("an offset")),
            _ => self.number()?,
        };
        if let Number::Known(offset) = offset
            && offset > FARTHEST
        {
            let words = format!("no header lies at {offset}: an offset is at most {FARTHEST}");
            return Err(Fault::new(words, self.since(start)));
        }
        let size = match self.take(":") {
            true => self.size()?,
            false => 1,
        };
        self.close("]", open)?;
        Ok(Number::Bytes(protocol, Box::new(offset), size))
    }

    fn size(&mut self) -> Read<u8> {
        match self.next().kind {
            Kind::Number(size @ (1 | 2 | 4)) => {
                self.skip();
                Ok(size as u8)
            }
            Kind::End => Err(self.wanted("the number of bytes, 1, 2 or 4,")),
            _ => {
                let words = format!(
                    "{} is not 1, 2 or 4: so many bytes are a number",
                    self.here()
                );
                Err(Fault::new(words, self.next().at.clone()))
            }
        }
    }
}

/// Applies the last operator to the last two numbers.
fn compute(numbers: &mut Vec<Number>, operators: &mut Vec<(Operator, Range<usize>)>) -> Read<()> {
    let (Some((operator, at)), Some(right), Some(left)) =
        (operators.pop(), numbers.pop(), numbers.pop())
    else {
        return Ok(());
    };
    if let Number::Known(by) = right
        && operator.compute(0, by).is_none()
    {
        let words = match operator {
            Operator::Divide | Operator::Remainder => "nothing can be divided by 0".into(),
            _ => format!("a number has 32 bits and can't be shifted by {by}"),
        };
        return Err(Fault::new(words, at));
    }
    let known = match (&left, &right) {
        (Number::Known(left), Number::Known(right)) => operator.compute(*left, *right),
        _ => None,
    };
    numbers.push(match known {
        Some(number) => Number::Known(number),
        None => Number::Computed(operator, Box::new(left), Box::new(right)),
    });
    Ok(())
}
