//! From the expressions of the kernel back to a tree.
//!
//! Expressions are read one after the other with what they leave in the registers; what is compared or done becomes a
//! statement. What only made sure of a protocol, before a field of that protocol, is left out again, as nft leaves it out
//! (payload_dependency_kill in its payload.c). Fields are found in `decode_field`; what is compared is in
//! `decode_compare`, what is done in `decode_act`.

use std::collections::BTreeMap;

use super::expression::{Expression, Value as Raw};
use super::extension::{self, IN_IPV4, IN_IPV6};
use super::family::Family;
use super::fields::{
    ARP, Base, CT, CT_DIRECTED, CT_OF_FAMILY, ETHERNET, FIB_RESULTS, Field, IP, IP6, Key, META,
    Protocol, RT, SOCKET,
};
use super::list::{Rule, Table};
use super::parse_selector::TCP_OPTIONS;
use super::sets::{self, Mapped, Shape};
use super::syntax::{
    self, Element, Kind, Match, Operator, Placed, Right, Selector, Set, Statement, Value,
};
use super::types::Form;

/// Gives the name of a link by its index.
pub type Links<'a> = &'a dyn Fn(u32) -> Option<String>;

/// What a register holds.
#[derive(Debug, Clone)]
pub(super) struct Held {
    pub what: What,
    /// The bits that are kept, and those that are turned.
    pub bits: Option<(Vec<u8>, Vec<u8>)>,
    /// It was turned to the network's order.
    pub turned: bool,
}

/// Where it came from.
#[derive(Debug, Clone)]
pub(super) enum What {
    /// Bytes of a header: the base, the first byte, how many.
    Header(Base, u32, u32),
    /// Bytes of an option or extension header: its place and number, the first byte, how many.
    Extension(u32, u64, u32, u32),
    /// A property.
    Selector(Selector),
    /// The rule itself.
    Bytes(Vec<u8>),
    /// A map: what was looked up, and the map.
    Map(Looked),
}

/// What was looked up in which set.
#[derive(Debug, Clone)]
pub(super) struct Looked {
    pub key: syntax::Expression,
    /// How the key stands in the set.
    pub shape: Shape,
    pub shift: u32,
    pub set: String,
}

/// A rule on its way back.
pub(super) struct Decoder<'a> {
    pub table: &'a Table,
    pub links: Links<'a>,
    pub registers: BTreeMap<u32, Held>,
    pub statements: Vec<Option<Statement>>,
    pub link: Option<&'static Protocol>,
    pub network: Option<&'static Protocol>,
    pub transport: Option<&'static Protocol>,
    /// The statements that tell the protocol of the link, the network, the transport.
    pub told: [Option<usize>; 3],
    /// The type of ICMP message, and the statement that tells it.
    pub icmp_type: Option<(u8, usize)>,
    /// What is in the registers came from what is not understood.
    pub lost: bool,
}

/// A rule as a tree.
pub fn rule(rule: &Rule, table: &Table, links: Links) -> syntax::Rule {
    let family = table.name.family;
    let mut decoder = Decoder {
        table,
        links,
        registers: BTreeMap::new(),
        statements: Vec::new(),
        link: (family == Family::Bridge).then_some(&ETHERNET),
        network: match family {
            Family::Ip => Some(&IP),
            Family::Ip6 => Some(&IP6),
            Family::Arp => Some(&ARP),
            _ => None,
        },
        transport: None,
        told: [None; 3],
        icmp_type: None,
        lost: false,
    };
    let mut rest = rule.expressions.as_slice();
    while let Some((first, after)) = rest.split_first() {
        rest = after;
        let used = decoder.take(first, after);
        rest = rest.get(used..).unwrap_or(&[]);
    }
    let statements = decoder.statements.into_iter().flatten();
    syntax::Rule {
        statements: statements.map(|it| Placed { it, at: 0..0 }).collect(),
        comment: rule.comment.clone(),
    }
}

/// The state of an object as the statement that it would be.
pub fn object_state(state: &Expression) -> Option<Statement> {
    super::decode_act::plain(state)
}

/// The quarter of the registers that a number stands for (see `compile_load::register`).
pub(super) fn quarter(register: u32) -> u32 {
    match register {
        0..=4 => register.saturating_sub(1) * 4,
        number => number.saturating_sub(8),
    }
}

fn key_of(keys: &'static [Key], number: u64) -> Option<&'static Key> {
    keys.iter().find(|key| u64::from(key.number) == number)
}

impl Decoder<'_> {
    /// Takes an expression in; gives how many of those after it belong to it.
    fn take(&mut self, one: &Expression, after: &[Expression]) -> usize {
        let known = match one.name.as_str() {
            "cmp" => return self.compare(one, after),
            "payload" if one.number(1).is_some() => self.load_header(one),
            "bitwise" => self.keep_bits(one),
            "byteorder" => self.turned(one),
            "range" => self.outside(one),
            "lookup" => self.look_up(one),
            "immediate" => self.immediate(one),
            "exthdr" if one.number(7).is_none() => self.load_extension(one),
            _ => match self.selector(one) {
                Some((register, selector)) => {
                    self.hold(register, What::Selector(selector));
                    Some(())
                }
                None => self.act(one),
            },
        };
        if known.is_none() && !self.lost {
            self.registers.clear();
            self.lost = true;
            self.say(Statement::Unknown(one.name.clone()));
        }
        0
    }

    /// Adds a statement.
    pub fn say(&mut self, statement: Statement) {
        // What tells a protocol counts only up to where something is done.
        if !matches!(statement, Statement::Match(_)) {
            self.told = [None; 3];
            self.icmp_type = None;
        }
        self.statements.push(Some(statement));
    }

    fn hold(&mut self, register: u32, what: What) {
        self.lost = false;
        let held = Held {
            what,
            bits: None,
            turned: false,
        };
        self.registers.insert(quarter(register), held);
    }

    /// What a register holds.
    pub fn held(&self, register: u32) -> Option<&Held> {
        self.registers.get(&quarter(register))
    }

    fn load_header(&mut self, one: &Expression) -> Option<()> {
        let base = match one.long(2)? {
            0 => Base::Link,
            1 => Base::Network,
            2 => Base::Transport,
            _ => return None,
        };
        let (first, length) = (one.long(3)?, one.long(4)?);
        if length > 16 || first > 0xffff {
            return None;
        }
        self.hold(one.long(1)?, What::Header(base, first, length));
        Some(())
    }

    fn load_extension(&mut self, one: &Expression) -> Option<()> {
        let register = one.long(1)?;
        let place = one.long(6).unwrap_or(IN_IPV6);
        let number = one.number(2)?;
        if !matches!(place, IN_IPV4 | IN_IPV6) {
            self.hold(register, What::Selector(tcp_option(one)?));
            return Some(());
        }
        // NFT_EXTHDR_F_PRESENT
        let what = match one.number(5).unwrap_or(0) & 1 {
            1 => What::Selector(Selector::Extension(
                extension::numbered(place, number).next()?,
                None,
            )),
            _ => {
                let (first, length) = (one.long(3)?, one.long(4)?);
                extension::numbered(place, number).next()?;
                What::Extension(place, number, first, length.min(16))
            }
        };
        self.hold(register, what);
        Some(())
    }

    fn keep_bits(&mut self, one: &Expression) -> Option<()> {
        // Shifts (NFTA_BITWISE_OP) are not understood.
        if one.number(6).unwrap_or(0) != 0 {
            return None;
        }
        let (mask, xor) = (one.bytes(4)?.to_vec(), one.bytes(5)?.to_vec());
        let held = self.registers.get(&quarter(one.long(1)?))?.clone();
        if held.bits.is_some() {
            return None;
        }
        let held = Held {
            bits: Some((mask, xor)),
            ..held
        };
        self.registers.insert(quarter(one.long(2)?), held);
        Some(())
    }

    fn turned(&mut self, one: &Expression) -> Option<()> {
        let held = self.registers.get(&quarter(one.long(1)?))?.clone();
        let held = Held {
            turned: !held.turned,
            ..held
        };
        self.registers.insert(quarter(one.long(2)?), held);
        Some(())
    }

    fn immediate(&mut self, one: &Expression) -> Option<()> {
        match one.value(2)? {
            Raw::Verdict(verdict) => self.say(Statement::Verdict(verdict.clone())),
            Raw::Bytes(bytes) => self.hold(one.long(1)?, What::Bytes(bytes.clone())),
            _ => return None,
        }
        Some(())
    }

    /// The property that an expression loads, and where to.
    fn selector(&self, one: &Expression) -> Option<(u32, Selector)> {
        Some(match one.name.as_str() {
            "meta" => (one.long(1)?, Selector::Meta(key_of(META, one.number(2)?)?)),
            "ct" => (one.long(1)?, self.connection(one)?),
            "fib" => {
                let result = key_of(FIB_RESULTS, one.number(2)?)?;
                let flags = one.long(3)?;
                (one.long(1)?, Selector::Fib { flags, result })
            }
            "rt" => (one.long(1)?, Selector::Rt(key_of(RT, one.number(2)?)?)),
            "socket" => (
                one.long(2)?,
                Selector::Socket(key_of(SOCKET, one.number(1)?)?),
            ),
            "numgen" => (
                one.long(1)?,
                Selector::Numgen {
                    random: one.long(3)? == 1,
                    modulus: one.long(2)?,
                    offset: one.long(4).unwrap_or(0),
                },
            ),
            "hash" => (one.long(2)?, self.hash(one)?),
            _ => return None,
        })
    }

    fn connection(&self, one: &Expression) -> Option<Selector> {
        let number = one.number(2)?;
        let direction = one
            .number(3)
            .and_then(|direction| u8::try_from(direction).ok());
        if direction.is_none() {
            return key_of(CT, number).map(|key| Selector::Ct(key, None));
        }
        let of_family = match self.table.name.family {
            Family::Ip6 => CT_OF_FAMILY.get(1),
            _ => CT_OF_FAMILY.first(),
        };
        let key = key_of(CT_DIRECTED, number);
        let key = key.or_else(|| key_of(of_family?, number))?;
        Some(Selector::Ct(key, direction))
    }

    fn hash(&self, one: &Expression) -> Option<Selector> {
        let mut parts = Vec::new();
        if one.long(7).unwrap_or(0) == 0 {
            let (mut at, end) = (
                quarter(one.long(1)?),
                quarter(one.long(1)?).saturating_add(one.long(3)?.div_ceil(4)),
            );
            while at < end {
                let held = self.registers.get(&at)?;
                let (selector, _) = self.whole(held)?;
                let taken = u32::try_from(selector.typed().bytes().div_ceil(4).max(1)).ok()?;
                at = at.saturating_add(taken);
                parts.push(selector);
            }
        }
        Some(Selector::Hash {
            parts,
            modulus: one.long(4)?,
            seed: one.long(5).filter(|seed| *seed != 0),
            offset: one.long(6).unwrap_or(0),
        })
    }

    /// The selector of what a register holds, and how far it stands from the end of its last byte.
    pub fn whole(&self, held: &Held) -> Option<(Selector, u32)> {
        match &held.what {
            What::Selector(selector) => Some((selector.clone(), 0)),
            What::Header(base, first, length) => {
                let mask = held.bits.as_ref().map(|(mask, _)| mask.as_slice());
                Some(self.field_or_bits(*base, *first * 8, *length * 8, mask))
            }
            What::Extension(place, number, first, length) => {
                let (offset, bits) = (first.saturating_mul(8), length.saturating_mul(8));
                let mask = held.bits.as_ref().map(|(mask, _)| big(mask));
                let fits = |field: &Field| {
                    let end = field.offset + field.bits;
                    let shift = offset.saturating_add(bits).checked_sub(end)?;
                    // Whole bytes are loaded: a field ends in the last one. The kernel's numbers may be any.
                    let shift = Some(shift).filter(|shift| *shift < 8)?;
                    let inside = field.offset >= offset;
                    let whole = field.bits == bits;
                    let kept = mask == Some(super::value::largest(field.bits) << shift);
                    (inside && (whole || field.bits < bits && kept)).then_some(shift)
                };
                extension::numbered(*place, *number).find_map(|one| {
                    let found = one.fields.iter();
                    let mut found = found.filter_map(|field| Some((field, fits(field)?)));
                    let (field, shift) = found.next()?;
                    Some((Selector::Extension(one, Some(field)), shift))
                })
            }
            _ => None,
        }
    }

    fn look_up(&mut self, one: &Expression) -> Option<()> {
        let name = one.text(1)?.to_string();
        let looked = self.looked(one.long(2)?, &name)?;
        let negated = one.number(5).unwrap_or(0) & 1 != 0;
        for part in &looked.key.parts.clone() {
            self.needs(part);
        }
        match one.long(3) {
            None => {
                let set = self.set(&looked, &Mapped::Nothing);
                let operator = if negated {
                    Operator::NotEqual
                } else {
                    Operator::Implicit
                };
                self.say(Statement::Match(Match {
                    left: looked.key,
                    operator,
                    right: Right::Set(set),
                }));
            }
            Some(0) => {
                let set = self.set(&looked, &Mapped::Verdicts);
                self.say(Statement::Vmap(looked.key, set));
            }
            Some(register) => self.hold(register, What::Map(looked)),
        }
        Some(())
    }

    /// What stands in the registers from this one on, as the key of a set.
    pub fn looked(&self, register: u32, name: &str) -> Option<Looked> {
        let set = self.table.sets.iter().find(|set| set.name == name);
        let parts = set.map_or(1, |set| set.shape.key.len().max(1));
        let mut at = quarter(register);
        let (mut selectors, mut kinds, mut shift) = (Vec::new(), Vec::new(), 0);
        let mut mask = None;
        for _ in 0..parts {
            let held = self.registers.get(&at)?;
            let (selector, moved) = self.whole(held)?;
            let mut kind = selector.typed();
            if let What::Header(_, _, length) | What::Extension(.., length) = &held.what
                && parts == 1
            {
                kind.bits = *length * 8;
            }
            if parts == 1 {
                mask = self.left(held, selector.clone(), selector.typed()).mask;
            }
            shift = moved;
            at = at.saturating_add(u32::try_from(kind.bytes().div_ceil(4).max(1)).ok()?);
            selectors.push(selector);
            kinds.push(kind);
        }
        let flags = set.map_or(0, |set| set.shape.flags);
        Some(Looked {
            key: syntax::Expression {
                parts: selectors,
                mask,
            },
            shape: Shape {
                key: kinds,
                data: Mapped::Nothing,
                flags,
                merges: false,
            },
            shift,
            set: name.into(),
        })
    }

    /// The set that something was looked up in, its elements mapped to such data.
    pub fn set(&self, looked: &Looked, data: &Mapped) -> Set {
        let set = self.table.sets.iter().find(|set| set.name == looked.set);
        let Some(set) = set.filter(|set| set.shape.flags & sets::ANONYMOUS != 0) else {
            return Set::Named(looked.set.clone());
        };
        let shape = Shape {
            data: data.clone(),
            ..looked.shape.clone()
        };
        let mut elements = sets::cooked(set.elements.clone(), &shape, looked.shift);
        for element in &mut elements {
            name_links(element, &shape.key, self.links);
        }
        Set::Elements(elements)
    }
}

/// Puts the names of links in the place of their indexes.
pub fn name_links(element: &mut Element, kinds: &[Kind], links: Links) {
    for (value, kind) in element.key.iter_mut().zip(kinds) {
        if let (Value::One(number), Form::Link) = (&value, kind.of.form)
            && let Some(name) = u32::try_from(*number).ok().and_then(links)
        {
            *value = Value::Link(name);
        }
    }
}

fn tcp_option(one: &Expression) -> Option<Selector> {
    // NFT_EXTHDR_OP_TCPOPT; NFT_EXTHDR_F_PRESENT
    if one.long(6)? != 1 {
        return None;
    }
    let number = one.number(2)?;
    let present = one.number(5).unwrap_or(0) & 1 != 0;
    let wanted = (one.long(3)?, one.long(4)?);
    TCP_OPTIONS
        .iter()
        .filter(|(option, ..)| u64::from(*option) == number)
        .find_map(|(option, name, fields)| {
            let field = fields.iter().find(|(_, at, bytes)| (*at, *bytes) == wanted);
            (present || field.is_some()).then(|| Selector::TcpOption {
                option: *option,
                name,
                field: field.copied().filter(|_| !present),
            })
        })
}

/// Bytes as a number, the first one the highest.
pub(super) fn big(bytes: &[u8]) -> u128 {
    bytes
        .iter()
        .take(16)
        .fold(0, |number, byte| number << 8 | u128::from(*byte))
}
