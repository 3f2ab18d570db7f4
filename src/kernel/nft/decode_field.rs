//! Finds the fields that bytes of a header are.

use super::decode::{Decoder, Held, big};
use super::fields::{Base, ETHERNET, Field, Protocol, TH, VLAN, types_with};
use super::syntax::{self, Operator, Right, Selector, Value};
use super::value::largest;

impl Decoder<'_> {
    /// The protocols whose fields may be at a base.
    fn protocols(&self, base: Base) -> Vec<&'static Protocol> {
        match base {
            Base::Link => match self.link {
                Some(link) if *link == VLAN => vec![&VLAN, &ETHERNET],
                Some(link) => vec![link],
                None => Vec::new(),
            },
            Base::Network => self.network.into_iter().collect(),
            Base::Transport => vec![self.transport.unwrap_or(&TH)],
        }
    }

    /// The field that fits.
    fn field(
        &self,
        base: Base,
        fits: impl Fn(&Field) -> bool,
    ) -> Option<(&'static Protocol, &'static Field)> {
        let protocols = self.protocols(base).into_iter();
        let mut found = protocols.filter_map(|protocol| {
            // Fields of ICMP stand in the same place in messages of different types.
            let of_type = |field: &Field| {
                let types = types_with(protocol, field);
                types.is_empty()
                    || match self.icmp_type {
                        Some((number, _)) => types.contains(&number),
                        None => types.len() > 1,
                    }
            };
            let field = protocol
                .fields
                .iter()
                .find(|field| fits(field) && of_type(field))?;
            Some((protocol, field))
        });
        found.next()
    }

    /// The field that a mask keeps of so many bits.
    fn masked_field(
        &self,
        base: Base,
        offset: u32,
        bits: u32,
        mask: u128,
    ) -> Option<(&'static Protocol, &'static Field, u32)> {
        let found = self.field(base, |field| {
            let end = offset + bits;
            let inside = field.offset >= offset && field.offset + field.bits <= end;
            inside
                && field.bits < bits
                && largest(field.bits) << (end - field.offset - field.bits) == mask
        });
        found.map(|(protocol, field)| (protocol, field, offset + bits - field.offset - field.bits))
    }

    /// The field that some bits of a header are, or just these bits; and how far it stands from the end of its last byte.
    pub(super) fn field_or_bits(
        &self,
        base: Base,
        offset: u32,
        bits: u32,
        mask: Option<&[u8]>,
    ) -> (Selector, u32) {
        if let Some((protocol, field, shift)) =
            mask.and_then(|mask| self.masked_field(base, offset, bits, big(mask)))
        {
            return (Selector::Field(protocol, field), shift);
        }
        match self.field(base, |field| field.offset == offset && field.bits == bits) {
            Some((protocol, field)) => (Selector::Field(protocol, field), 0),
            None => (Selector::Bits { base, offset, bits }, 0),
        }
    }

    /// Compares bytes of a header: a field, a part of one, or several.
    pub(super) fn compare_header(
        &mut self,
        base: Base,
        first: u32,
        length: u32,
        held: &Held,
        operator: Operator,
        bytes: &[u8],
    ) {
        let (offset, bits) = (first * 8, length * 8);
        let number = big(bytes);
        let mask = held.bits.as_ref().map(|(mask, _)| big(mask));
        if let Some((protocol, field, shift)) =
            mask.and_then(|mask| self.masked_field(base, offset, bits, mask))
        {
            let selector = Selector::Field(protocol, field);
            return self.compare_number(selector, None, operator, number >> shift);
        }
        let exact = self.field(base, |field| field.offset == offset && field.bits == bits);
        if let Some((protocol, field)) = exact {
            return self.compare_number(Selector::Field(protocol, field), mask, operator, number);
        }
        // A mask that is a part of a small field.
        let holder = self.field(base, |field| {
            let inside = field.offset >= offset && field.offset + field.bits <= offset + bits;
            let shift = (offset + bits).saturating_sub(field.offset + field.bits);
            inside
                && mask.is_some_and(|mask| {
                    let bits = largest(field.bits).checked_shl(shift).unwrap_or(0);
                    mask != 0 && mask & !bits == 0
                })
        });
        if let (Some((protocol, field)), Some(mask)) = (holder, mask) {
            let shift = offset + bits - field.offset - field.bits;
            let selector = Selector::Field(protocol, field);
            return self.compare_number(selector, Some(mask >> shift), operator, number >> shift);
        }
        if mask.is_some() || !matches!(operator, Operator::Equal | Operator::NotEqual) {
            let selector = Selector::Bits { base, offset, bits };
            return self.compare_number(selector, mask, operator, number);
        }
        self.compare_several(base, offset, bits, operator, number);
    }

    /// Compares bits that begin with a field and go on with others, or end within one.
    fn compare_several(
        &mut self,
        base: Base,
        offset: u32,
        bits: u32,
        operator: Operator,
        number: u128,
    ) {
        let (mut at, end) = (offset, offset + bits);
        while at < end {
            let left = end - at;
            let rest = number & largest(left);
            let found = self.field(base, |field| field.offset == at);
            match found {
                Some((protocol, field)) if field.bits <= left => {
                    let selector = Selector::Field(protocol, field);
                    self.compare_number(selector, None, operator, rest >> (left - field.bits));
                    at += field.bits;
                }
                Some((protocol, field)) if field.kind.has_prefixes() => {
                    let value = Value::Prefix(rest << (field.bits - left), left);
                    let key = syntax::Expression::of(Selector::Field(protocol, field));
                    return self.matched(key, operator, Right::Value(value));
                }
                _ => {
                    let selector = Selector::Bits {
                        base,
                        offset: at,
                        bits: left,
                    };
                    return self.compare_number(selector, None, operator, rest);
                }
            }
        }
    }
}
