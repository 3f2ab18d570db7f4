//! Reads a filter: tokens one after another, and conditions with `and`, `or`, `not` and brackets.
//!
//! After libpcap's grammar.y, read from left to right without going back. What makes that more than a list of rules: a bracket may
//! hold a number (`(5)`), a computation (`(ip[0] & 15) > 5`), addresses (`port (80 or 443)`) or conditions, and what it is shows
//! inside it; and an address without qualifiers has those of the condition before it (`src port 80 or 443`).

use std::ops::Range;

use super::qualifiers::{Qualifiers, What as Wanted};
use super::syntax::{Condition, Expression, Joint, Number, Operator, Primitive, Relation, What};
use super::token::{Kind, Token, tokens};
use super::words::{self, BEGINNINGS, PROTOCOLS};
use crate::packet::fault::Fault;

/// The result of reading.
pub(super) type Read<T> = Result<T, Fault>;

/// The longest text, in bytes.
const LONGEST: usize = 1 << 16;
/// The most brackets within each other.
const DEEPEST: u32 = 64;

/// A text on its way to being understood.
pub(super) struct Parser<'a> {
    text: &'a str,
    tokens: Vec<Token>,
    at: usize,
    depth: u32,
    /// How many `vlan` were read.
    pub tags: u32,
    /// How many operators the computation has that is being read.
    pub operators: u32,
}

/// What stands where a condition may stand.
pub(super) enum Item<'a> {
    /// A number, perhaps in brackets: a port, or the beginning of a computation.
    Plain(u32, Range<usize>),
    /// What is computed, and where it begins.
    Number(Number, usize),
    /// A condition, and the qualifiers that it leaves to what follows.
    Condition(Condition, Option<Qualifiers<'a>>),
}

/// A condition, and the qualifiers that it leaves to what follows.
pub(super) type Left<'a> = (Condition, Option<Qualifiers<'a>>);

/// What may stand at a place.
#[derive(Debug, Clone, Copy)]
pub(super) struct Place<'a> {
    /// The qualifiers that an address has there.
    pub carried: Option<Qualifiers<'a>>,
    /// Whether only addresses may stand there: behind qualifiers.
    pub is_address: bool,
}

/// Reads a filter. A text without words wants every packet.
pub fn parse(text: &str) -> Result<Expression, Fault> {
    if text.len() > LONGEST {
        let words = format!("the filter is longer than {LONGEST} bytes");
        return Err(Fault::new(words, 0..text.len()));
    }
    let mut parser = Parser {
        text,
        tokens: tokens(text)?,
        at: 0,
        depth: 0,
        tags: 0,
        operators: 0,
    };
    let mut expression = Expression {
        condition: None,
        length: text.len(),
    };
    if parser.next().kind != Kind::End {
        let (condition, _) = parser.conditions(Place {
            carried: None,
            is_address: false,
        })?;
        if parser.next().kind != Kind::End {
            return Err(parser.stray());
        }
        expression.condition = Some(condition);
    }
    Ok(expression)
}

impl<'a> Parser<'a> {
    /// The next token.
    pub fn next(&self) -> &Token {
        self.ahead(0)
    }

    /// The token so many after the next one.
    pub fn ahead(&self, more: usize) -> &Token {
        const NONE: &Token = &Token {
            kind: Kind::End,
            at: 0..0,
        };
        let last = self.tokens.last().unwrap_or(NONE);
        self.tokens.get(self.at + more).unwrap_or(last)
    }

    /// The text of the next token.
    pub fn here(&self) -> &'a str {
        self.text_at(self.next().at.clone())
    }

    /// The text of the token after the next one.
    pub fn then(&self) -> &'a str {
        self.text_at(self.ahead(1).at.clone())
    }

    /// The text of a place.
    pub fn text_at(&self, at: Range<usize>) -> &'a str {
        self.text.get(at).unwrap_or("")
    }

    /// Goes on to the token after the next one.
    pub fn skip(&mut self) {
        if self.at + 1 < self.tokens.len() {
            self.at += 1;
        }
    }

    /// Where the next token begins.
    pub fn start(&self) -> usize {
        self.next().at.start
    }

    /// From there to the end of what was read last.
    pub fn since(&self, start: usize) -> Range<usize> {
        let last = self.at.checked_sub(1).and_then(|at| self.tokens.get(at));
        start..last.map_or(start, |token| token.at.end).max(start)
    }

    /// Whether the next token is this word or sign.
    pub fn is(&self, text: &str) -> bool {
        matches!(self.next().kind, Kind::Word | Kind::Sign) && self.here() == text
    }

    /// Takes this word or sign if it comes next.
    pub fn take(&mut self, text: &str) -> bool {
        let is = self.is(text);
        if is {
            self.skip();
        }
        is
    }

    /// The operator that comes next.
    pub fn operator(&self) -> Option<Operator> {
        Operator::of(self.here()).filter(|_| self.next().kind == Kind::Sign)
    }

    /// The relation that comes next.
    pub fn relation(&self) -> Option<Relation> {
        Relation::of(self.here()).filter(|_| self.next().kind == Kind::Sign)
    }

    /// A fault at the next token: that something has to stand in its place.
    pub fn wanted(&self, what: &str) -> Fault {
        let words = match self.next().kind {
            Kind::End => format!("the filter ends where {what} has to stand"),
            _ => format!("{what} has to stand here, not {:?}", self.here()),
        };
        Fault::new(words, self.next().at.clone())
    }

    /// A condition of what stands between there and here.
    pub fn one(&self, what: What, start: usize) -> Condition {
        Condition::One(Primitive {
            what,
            at: self.since(start),
            tags: self.tags,
        })
    }

    /// Goes into a bracket.
    pub fn open(&mut self) -> Read<()> {
        self.depth += 1;
        if self.depth > DEEPEST {
            let words = format!("there are more than {DEEPEST} brackets within each other");
            return Err(Fault::new(words, self.next().at.clone()));
        }
        self.skip();
        Ok(())
    }

    /// Comes out of one that was opened there.
    pub fn close(&mut self, sign: &str, open: usize) -> Read<()> {
        self.depth = self.depth.saturating_sub(1);
        if self.take(sign) {
            return Ok(());
        }
        match self.next().kind {
            Kind::End => Err(Fault::new("this bracket is not closed", open..open + 1)),
            _ => Err(self.stray()),
        }
    }

    /// The fault of a token that has no place where it stands, behind a condition or a number that is complete.
    fn stray(&self) -> Fault {
        let here = self.here();
        if here == ")" {
            return Fault::new("this bracket closes nothing", self.next().at.clone());
        }
        let words = format!("{here:?} has no place here");
        let fault = Fault::new(words, self.next().at.clone());
        match here {
            "&" | "|" => fault.hint(format!(
                "{here:?} computes with numbers: between conditions stands \"and\" or \"or\""
            )),
            _ if self.relation().is_some() => {
                fault.hint("numbers are compared, such as \"tcp[0:2] = 80\"")
            }
            _ => fault.hint("between two conditions stands \"and\" or \"or\""),
        }
    }

    /// Conditions with `and` and `or` between.
    fn conditions(&mut self, place: Place<'a>) -> Read<Left<'a>> {
        let first = self.condition(place)?;
        self.more(first, place)
    }

    /// The rest of the conditions after the first of them.
    fn more(&mut self, first: Left<'a>, place: Place<'a>) -> Read<Left<'a>> {
        let (first, mut carried) = first;
        let mut rest = Vec::new();
        loop {
            let joint = match (self.next().kind, self.here()) {
                (Kind::Word, "and") | (Kind::Sign, "&&") => Joint::And,
                (Kind::Word, "or") | (Kind::Sign, "||") => Joint::Or,
                _ => break,
            };
            self.skip();
            let (next, left) = self.condition(Place { carried, ..place })?;
            carried = left;
            rest.push((joint, next));
        }
        match rest.is_empty() {
            true => Ok((first, carried)),
            false => Ok((Condition::Chain(Box::new(first), rest), carried)),
        }
    }

    /// A condition, perhaps with `not` before it.
    pub fn condition(&mut self, place: Place<'a>) -> Read<Left<'a>> {
        let mut is_opposite = false;
        while self.take("not") || self.take("!") {
            is_opposite = !is_opposite;
        }
        let (condition, carried) = match self.item(place)? {
            Item::Condition(condition, carried) => (condition, carried),
            number => self.of_number(number, place)?,
        };
        match is_opposite {
            true => Ok((Condition::Not(Box::new(condition)), carried)),
            false => Ok((condition, carried)),
        }
    }

    fn item(&mut self, place: Place<'a>) -> Read<Item<'a>> {
        if self.is("(") {
            return self.bracket(place);
        }
        let start = self.start();
        if let Kind::Number(number) = self.next().kind
            && !self.is_network(place)
        {
            self.skip();
            self.operators = 0;
            return Ok(Item::Plain(number, self.since(start)));
        }
        if place.is_address {
            return self.carrying(place);
        }
        match self.next().kind {
            Kind::Sign if self.is("-") => self.computation(),
            Kind::Word if self.is_computed() => self.computation(),
            Kind::Word if words::is_word(self.here()) => {
                let (condition, carried) = self.primitive()?;
                Ok(Item::Condition(condition, carried))
            }
            Kind::Sign | Kind::End => Err(self.wanted("a condition")),
            _ => self.carrying(place),
        }
    }

    /// What begins with a number but is a network: `net 10/8`. Farther from its qualifiers it would be a division.
    fn is_network(&self, place: Place<'a>) -> bool {
        let what = place.carried.and_then(|carried| carried.what);
        what == Some(Wanted::Net) && place.is_address && matches!(self.then(), "/" | "mask")
    }

    fn is_computed(&self) -> bool {
        let here = self.here();
        matches!(here, "len" | "length") || words::protocol(here).is_some() && self.then() == "["
    }

    fn computation(&mut self) -> Read<Item<'a>> {
        self.operators = 0;
        let start = self.start();
        Ok(Item::Number(self.operand()?, start))
    }

    /// An address with the qualifiers that stand before it.
    fn carrying(&mut self, place: Place<'a>) -> Read<Item<'a>> {
        match place.carried {
            Some(carried) => {
                let condition = self.address(carried)?;
                Ok(Item::Condition(condition, Some(carried)))
            }
            None => Err(self.unqualified()),
        }
    }

    /// A bracket with whatever is in it.
    fn bracket(&mut self, place: Place<'a>) -> Read<Item<'a>> {
        let open = self.start();
        self.open()?;
        let first = match self.is("not") || self.is("!") {
            true => {
                let (condition, carried) = self.condition(place)?;
                Item::Condition(condition, carried)
            }
            false => self.item(place)?,
        };
        let first = match first {
            Item::Condition(condition, carried) => (condition, carried),
            number => {
                let number = self.computed_on(number, place)?;
                if self.is(")") {
                    self.close(")", open)?;
                    return Ok(match number {
                        Item::Plain(number, _) => Item::Plain(number, self.since(open)),
                        Item::Number(number, _) => Item::Number(number, open),
                        condition => condition,
                    });
                }
                self.of_number(number, place)?
            }
        };
        let (condition, _) = self.more(first, place)?;
        self.close(")", open)?;
        Ok(Item::Condition(condition, place.carried))
    }

    /// The computation that begins with a number; the number itself if no operator follows.
    fn computed_on(&mut self, item: Item<'a>, place: Place<'a>) -> Read<Item<'a>> {
        if self.operator().is_none() || place.is_address {
            return Ok(item);
        }
        let (first, start) = match item {
            Item::Plain(number, at) => (Number::Known(number), at.start),
            Item::Number(number, start) => (number, start),
            condition => return Ok(condition),
        };
        Ok(Item::Number(self.computed(first)?, start))
    }

    /// What a number stands for where a condition has to stand: a comparison, or an address such as a port.
    fn of_number(&mut self, item: Item<'a>, place: Place<'a>) -> Read<Left<'a>> {
        let item = self.computed_on(item, place)?;
        let relation = self.relation().filter(|_| !place.is_address);
        let (left, start, relation) = match (item, relation, place.carried) {
            (Item::Condition(condition, carried), ..) => return Ok((condition, carried)),
            (Item::Plain(number, at), Some(relation), _) => {
                (Number::Known(number), at.start, relation)
            }
            (Item::Number(number, start), Some(relation), _) => (number, start, relation),
            (Item::Plain(number, at), None, Some(carried)) => {
                let condition = self.address_of_number(carried, number, at)?;
                return Ok((condition, Some(carried)));
            }
            (Item::Plain(number, at), None, None) => {
                let words = format!("what {number} is has to stand before it");
                let hint = format!("such as \"port {number}\" or \"len > {number}\"");
                return Err(Fault::new(words, at).hint(hint));
            }
            (Item::Number(..), None, _) => {
                let hint = "numbers are compared with =, !=, <, <=, > and >=";
                return Err(self.wanted("a comparison").hint(hint));
            }
        };
        self.skip();
        let right = self.number()?;
        let what = What::Relation(left, relation, right);
        Ok((self.one(what, start), None))
    }

    /// The fault of what stands without qualifiers where a condition has to stand.
    fn unqualified(&self) -> Fault {
        let here = self.here();
        let at = self.next().at.clone();
        match self.next().kind {
            Kind::Ipv4 | Kind::Ipv6(_) => {
                Fault::new(format!("what {here} is of has to stand before it"), at)
                    .hint(format!("\"host {here}\", \"src {here}\" or \"dst {here}\""))
            }
            Kind::Mac(_) => Fault::new(format!("what {here} is of has to stand before it"), at)
                .hint(format!("\"ether host {here}\"")),
            _ => {
                let known = PROTOCOLS.iter().map(|(word, _)| *word);
                let known = known.chain(BEGINNINGS.iter().copied());
                let hint =
                    "such as \"tcp port 80\", \"host 10.0.0.1 and icmp\", \"net 10.0.0.0/8\"";
                Fault::new(format!("{here:?} is not a word of filters"), at)
                    .hint(hint)
                    .among(here, known)
            }
        }
    }
}
