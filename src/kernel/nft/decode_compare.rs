//! What the expressions of the kernel compare, as matches; and which of them only made sure of a protocol.

use super::decode::{Decoder, Held, What, big};
use super::expression::Expression;
use super::family::Family;
use super::fields::{
    self, Base, ETHERNET, ICMP, ICMPV6, IP, IP6, META_IIFTYPE, META_L4PROTO, META_NFPROTO,
    META_PROTOCOL, VLAN,
};
use super::syntax::{self, Kind, Match, Operator, Right, Selector, Statement, Value};
use super::types::Form;
use super::value::from_bytes;

impl Decoder<'_> {
    /// A comparison; two of them can be one range.
    pub(super) fn compare(&mut self, one: &Expression, after: &[Expression]) -> usize {
        let done = || {
            let operator = match one.long(2)? {
                0 => Operator::Equal,
                1 => Operator::NotEqual,
                2 => Operator::Less,
                3 => Operator::AtMost,
                4 => Operator::Greater,
                5 => Operator::AtLeast,
                _ => return None,
            };
            let held = self.held(one.long(1)?)?.clone();
            Some((operator, held, one.bytes(3)?.to_vec()))
        };
        let Some((operator, held, bytes)) = done() else {
            if !std::mem::take(&mut self.lost) {
                self.say(Statement::Unknown(one.name.clone()));
            }
            return 0;
        };
        let to = after.first().filter(|next| {
            operator == Operator::AtLeast
                && next.name == "cmp"
                && next.long(2) == Some(3)
                && next.long(1) == one.long(1)
        });
        if let Some(last) = to.and_then(|to| to.bytes(3)) {
            let last = last.to_vec();
            self.compare_range(&held, &bytes, &last, Operator::Implicit);
            return 1;
        }
        self.compare_one(&held, operator, &bytes);
        0
    }

    pub(super) fn outside(&mut self, one: &Expression) -> Option<()> {
        let held = self.held(one.long(1)?)?.clone();
        let operator = if one.long(2)? == 1 {
            Operator::NotEqual
        } else {
            Operator::Implicit
        };
        let (from, to) = (one.bytes(3)?.to_vec(), one.bytes(4)?.to_vec());
        self.compare_range(&held, &from, &to, operator);
        Some(())
    }

    fn compare_range(&mut self, held: &Held, from: &[u8], to: &[u8], operator: Operator) {
        let Some((selector, shift)) = self.whole(held) else {
            return self.say(Statement::Unknown("range".into()));
        };
        let kind = selector.typed();
        // What is compared in order stands in the network's order, turned or not.
        let number = |bytes: &[u8]| big(bytes) >> shift;
        let value = Value::Range(number(from), number(to));
        let left = self.left(held, selector, kind);
        self.matched(left, operator, Right::Value(value));
    }

    /// The left side of a comparison; a mask that is not the field's own stays.
    pub(super) fn left(&self, held: &Held, selector: Selector, kind: Kind) -> syntax::Expression {
        let own = matches!(
            &held.what,
            What::Header(_, _, length) | What::Extension(.., length) if *length * 8 != kind.bits
        );
        let mask = held.bits.as_ref().filter(|_| !own);
        syntax::Expression {
            mask: mask.map(|(mask, _)| from_bytes(mask, kind, false)),
            ..syntax::Expression::of(selector)
        }
    }

    fn compare_one(&mut self, held: &Held, operator: Operator, bytes: &[u8]) {
        match &held.what {
            What::Header(base, first, length) => {
                self.compare_header(*base, *first, *length, held, operator, bytes);
            }
            What::Selector(selector) => {
                self.compare_selector(selector.clone(), held, operator, bytes)
            }
            What::Extension(.., length) => match self.whole(held) {
                Some((selector, shift)) if selector.typed().bits != *length * 8 => {
                    self.compare_number(selector, None, operator, big(bytes) >> shift);
                }
                Some((selector, _)) => self.compare_selector(selector, held, operator, bytes),
                None => self.say(Statement::Unknown("exthdr".into())),
            },
            _ => self.say(Statement::Unknown("cmp".into())),
        }
    }

    /// Compares a property with a value.
    fn compare_selector(
        &mut self,
        selector: Selector,
        held: &Held,
        operator: Operator,
        bytes: &[u8],
    ) {
        let kind = selector.typed();
        if kind.of.form == Form::Text && bytes.len() < kind.bytes() {
            let number = from_bytes(bytes, kind, false);
            let length = u32::try_from(bytes.len() * 8).unwrap_or(0);
            let value = Value::Prefix(number, length);
            return self.matched(
                syntax::Expression::of(selector),
                operator,
                Right::Value(value),
            );
        }
        let short = !bytes.is_empty() && bytes.len() < kind.bytes();
        if kind.of.has_prefixes() && short && held.bits.is_none() {
            let length = u32::try_from(bytes.len() * 8).unwrap_or(0);
            let number = big(bytes) << (kind.bits - length);
            let value = Right::Value(Value::Prefix(number, length));
            return self.matched(syntax::Expression::of(selector), operator, value);
        }
        let ordered = !matches!(operator, Operator::Equal | Operator::NotEqual);
        let number = from_bytes(bytes, kind, held.turned || ordered && kind.bytes() > 1);
        let mask = held
            .bits
            .as_ref()
            .map(|(mask, _)| from_bytes(mask, kind, false));
        self.compare_number(selector, mask, operator, number);
    }

    /// Compares something, of which a mask keeps some bits, with a number.
    pub(super) fn compare_number(
        &mut self,
        selector: Selector,
        mask: Option<u128>,
        operator: Operator,
        number: u128,
    ) {
        let kind = selector.typed();
        let mut left = syntax::Expression::of(selector);
        let Some(mask) = mask else {
            let value = self.value(number, kind);
            return self.matched(left, operator, Right::Value(value));
        };
        let flags = matches!(kind.of.form, Form::Flags | Form::Bit);
        let length = (!mask & super::value::largest(kind.bits)).count_zeros();
        let prefix = kind.bits - (128 - length).min(kind.bits);
        let is_prefix = super::value::prefix_mask(prefix, kind.bits) == mask;
        let (operator, value) = match operator {
            Operator::NotEqual if flags && number == 0 => (Operator::Implicit, Value::One(mask)),
            Operator::Equal if flags && number == 0 => (Operator::Lacks, Value::One(mask)),
            Operator::Equal | Operator::NotEqual if kind.of.has_prefixes() && is_prefix => {
                (operator, Value::Prefix(number, prefix))
            }
            _ => {
                left.mask = Some(mask);
                (operator, self.value(number, kind))
            }
        };
        self.matched(left, operator, Right::Value(value));
    }

    /// A number as a value: that of a link is its name.
    pub(super) fn value(&self, number: u128, kind: Kind) -> Value {
        let index = u32::try_from(number)
            .ok()
            .filter(|_| kind.of.form == Form::Link);
        match index.and_then(|index| (self.links)(index)) {
            Some(name) => Value::Link(name),
            None => Value::One(number),
        }
    }

    /// Adds a comparison, and takes note of the protocols that it tells or needs.
    pub(super) fn matched(&mut self, left: syntax::Expression, operator: Operator, right: Right) {
        for part in &left.parts {
            self.needs(part);
        }
        let tells = match (&right, left.parts.as_slice(), operator) {
            (Right::Value(Value::One(number)), [part], Operator::Equal) if left.mask.is_none() => {
                Some((part.clone(), *number))
            }
            _ => None,
        };
        self.say(Statement::Match(Match {
            left,
            operator,
            right,
        }));
        if let Some((part, number)) = tells {
            self.tells(&part, number);
        }
    }

    /// What a comparison with one value says about protocols.
    fn tells(&mut self, selector: &Selector, number: u128) {
        let here = self.statements.len().checked_sub(1);
        if let (Selector::Field(protocol, field), Some(at)) = (selector, here)
            && matches!((protocol.name, field.name), ("icmp" | "icmpv6", "type"))
        {
            self.icmp_type = u8::try_from(number).ok().map(|number| (number, at));
            return;
        }
        let short = u16::try_from(number).unwrap_or(0);
        let level = match selector {
            Selector::Meta(key) => match key.number {
                META_IIFTYPE if number == 1 => {
                    self.link = Some(&ETHERNET);
                    Base::Link
                }
                META_NFPROTO => {
                    self.network = match number {
                        2 => Some(&IP),
                        10 => Some(&IP6),
                        _ => None,
                    };
                    Base::Network
                }
                META_PROTOCOL if self.table.name.family != Family::Inet => {
                    self.network = fields::protocol_numbered(Base::Network, short).or(self.network);
                    Base::Network
                }
                META_L4PROTO => {
                    self.transport = fields::protocol_numbered(Base::Transport, short);
                    Base::Transport
                }
                _ => return,
            },
            Selector::Field(protocol, field) => match (protocol.name, field.name) {
                ("ether", "type") if VLAN.number == Some(short) => {
                    self.link = Some(&VLAN);
                    Base::Link
                }
                ("ether" | "vlan", "type") => {
                    self.network = fields::protocol_numbered(Base::Network, short);
                    Base::Network
                }
                ("ip", "protocol") | ("ip6", "nexthdr") => {
                    self.transport = fields::protocol_numbered(Base::Transport, short);
                    Base::Transport
                }
                _ => return,
            },
            _ => return,
        };
        if let Some(slot) = self.told.get_mut(level as usize) {
            *slot = here;
        }
    }

    /// Leaves out what made sure of the protocol of this field.
    pub(super) fn needs(&mut self, selector: &Selector) {
        if let Selector::Hash { parts, .. } = selector {
            parts.iter().for_each(|part| self.needs(part));
        }
        if let Selector::Extension(..) = selector {
            return self.leave_out(Base::Network);
        }
        let Selector::Field(protocol, field) = selector else {
            return;
        };
        if let ([only], Some((number, at))) = (fields::types_with(protocol, field), self.icmp_type)
            && *only == number
            && let Some(statement) = self.statements.get_mut(at)
        {
            *statement = None;
        }
        let base = protocol.base;
        if *protocol == &VLAN && field.name == "type" {
            return;
        }
        if base == Base::Transport {
            // In tables that see both families this says which one.
            let says_more = self.told_by(Base::Transport).is_some_and(|told| {
                matches!(told, Selector::Field(..))
                    && !matches!(
                        self.table.name.family,
                        Family::Ip | Family::Ip6 | Family::Arp
                    )
            });
            if !says_more {
                self.leave_out(Base::Transport);
                if *protocol == &ICMP || *protocol == &ICMPV6 {
                    self.leave_out(Base::Network);
                }
            }
            return;
        }
        self.leave_out(base);
    }

    /// What tells the protocol of a level.
    fn told_by(&self, base: Base) -> Option<&Selector> {
        let at = self.told.get(base as usize).copied().flatten()?;
        match self.statements.get(at)? {
            Some(Statement::Match(one)) => one.left.parts.first(),
            _ => None,
        }
    }

    /// Leaves out what tells the protocol of a level.
    pub(super) fn leave_out(&mut self, base: Base) {
        let told = self.told.get_mut(base as usize).and_then(Option::take);
        if let Some(statement) = told.and_then(|at| self.statements.get_mut(at)) {
            *statement = None;
        }
    }
}
