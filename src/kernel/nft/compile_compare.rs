//! What a match becomes in the kernel: a value is loaded, and compared or looked up.

use super::compile::{AnonymousSet, Compiler, Item, compare, field_equals};
use super::compile_load::{Loaded, bitwise, needs_turning, register, turn};
use super::expression::{Expression, Value as Raw};
use super::fault::Fault;
use super::fields::{Base, ICMP, ICMPV6};
use super::sets::{self, CONCAT, CONSTANT, INTERVAL, Mapped, Shape};
use super::syntax::{self, Element, Kind, Match, Operator, Right, Selector, Set, Value};
use super::types::Form;
use super::value::{prefix_mask, to_bytes, to_network_bytes};

/// `enum nft_cmp_ops`.
const EQUAL: u32 = 0;
const NOT_EQUAL: u32 = 1;
const AT_MOST: u32 = 3;
const AT_LEAST: u32 = 5;

impl Compiler<'_> {
    pub(super) fn comparison(&mut self, one: &Match) -> Result<(), Fault> {
        let negated = one.operator == Operator::NotEqual;
        match &one.right {
            Right::Value(value) => self.compare_value(&one.left, one.operator, value),
            Right::Set(Set::Elements(elements)) if is_single(elements, &one.left) => {
                let operator = one.operator;
                let value = elements.first().and_then(|element| element.key.first());
                match value {
                    Some(value) => self.compare_value(&one.left, operator, value),
                    None => Ok(()),
                }
            }
            Right::Set(set) => {
                let loaded = self.load_expression(&one.left)?;
                let lookup =
                    self.lookup(&one.left, &loaded, set, &Mapped::Nothing, None, negated)?;
                for part in &one.left.parts {
                    if matches!(part, Selector::Meta(key) if key.number == super::fields::META_L4PROTO)
                        || matches!(part, Selector::Ct(key, _) if key.name == "protocol")
                        || matches!(part, Selector::Field(_, field) if ["protocol", "nexthdr"].contains(&field.name))
                    {
                        self.has_transport = true;
                    }
                    if let Selector::Field(protocol, field) = part {
                        let icmp = [&ICMP, &ICMPV6].contains(protocol);
                        self.has_icmp_type |= icmp && field.name == "type";
                    }
                }
                self.test([loaded.expressions, lookup].concat());
                Ok(())
            }
        }
    }

    fn compare_value(
        &mut self,
        left: &syntax::Expression,
        operator: Operator,
        value: &Value,
    ) -> Result<(), Fault> {
        let [selector] = left.parts.as_slice() else {
            return Err(Fault::new(
                "what is joined by dots is compared with a set",
                0..0,
            ));
        };
        let kind = selector.typed();
        let mut loaded = self.load_expression(left)?;
        let is_equal = matches!(operator, Operator::Implicit | Operator::Equal);
        if let (Value::One(number), true, None) = (value, is_equal, left.mask) {
            self.learn(selector, *number);
        }
        let negated = operator == Operator::NotEqual;
        let comparison = match value {
            Value::Link(name) => vec![
                Expression::new("cmp")
                    .with(1, 1u32)
                    .with(2, if negated { NOT_EQUAL } else { EQUAL })
                    .set(3, Raw::Link(name.clone())),
            ],
            Value::One(number) => {
                let flags = matches!(kind.of.form, Form::Flags | Form::Bit);
                match operator {
                    Operator::Implicit if flags => any_of(*number, kind, NOT_EQUAL),
                    Operator::Lacks => any_of(*number, kind, EQUAL),
                    _ => {
                        if let Some(done) =
                            self.field_item(selector, left, operator, *number, &loaded)
                        {
                            self.items.push(done);
                            return Ok(());
                        }
                        one_value(*number, operator, kind, &loaded)
                    }
                }
            }
            Value::Prefix(base, length) if kind.of.form == Form::Text => {
                let mut bytes = to_bytes(*base, kind);
                bytes.truncate((*length / 8) as usize);
                vec![compare(if negated { NOT_EQUAL } else { EQUAL }, bytes)]
            }
            Value::Prefix(base, length) => {
                let short = length.is_multiple_of(8) && *length > 0;
                let bytes = to_network_bytes(*base, kind.bits);
                let operation = if negated { NOT_EQUAL } else { EQUAL };
                if short {
                    // Only the bytes of the prefix are compared, and of a header only they are loaded.
                    let length = *length / 8;
                    if let Selector::Field(protocol, field) = selector {
                        let first = field.offset / 8;
                        loaded.expressions =
                            vec![super::compile::load_bytes(protocol.base, first, length, 1)];
                    }
                    let bytes = bytes.get(..length as usize).unwrap_or(&[]).to_vec();
                    vec![compare(operation, bytes)]
                } else {
                    let mask = to_network_bytes(prefix_mask(*length, kind.bits), kind.bits);
                    let zero = vec![0; mask.len()];
                    vec![bitwise(1, mask, zero), compare(operation, bytes)]
                }
            }
            Value::Range(from, to) => in_range(*from, *to, negated, kind, &loaded),
        };
        self.test([loaded.expressions, comparison].concat());
        Ok(())
    }

    /// A whole field that is compared with one value can be joined with its neighbours.
    fn field_item(
        &self,
        selector: &Selector,
        left: &syntax::Expression,
        operator: Operator,
        number: u128,
        loaded: &Loaded,
    ) -> Option<Item> {
        let is_equal = matches!(operator, Operator::Implicit | Operator::Equal);
        let (base, offset, tells) = match selector {
            Selector::Field(protocol, field) => {
                let tells = ["type", "protocol", "nexthdr"].contains(&field.name)
                    && protocol.base != Base::Transport;
                (protocol.base, field.offset, tells)
            }
            Selector::Bits { base, offset, .. } => (*base, *offset, false),
            _ => return None,
        };
        let whole = offset.is_multiple_of(8)
            && selector.typed().bits.is_multiple_of(8)
            && loaded.shift == 0;
        if !is_equal || !whole || left.mask.is_some() {
            return None;
        }
        let bytes = to_bytes(number, selector.typed());
        Some(Item {
            expressions: field_equals(base, offset / 8, &bytes),
            is_match: true,
            field: Some((base, offset / 8, bytes, tells)),
        })
    }

    /// Looks register 1 up in a set.
    pub(super) fn lookup(
        &mut self,
        left: &syntax::Expression,
        loaded: &Loaded,
        set: &Set,
        data: &Mapped,
        target: Option<u32>,
        negated: bool,
    ) -> Result<Vec<Expression>, Fault> {
        let key = left.kinds();
        let mut expressions = Vec::new();
        let is_of_objects = matches!(data, Mapped::Objects(_));
        // NFTA_LOOKUP_SET, SET_ID and SREG, or NFTA_OBJREF_SET_NAME, SET_ID and SET_SREG.
        let (lookup, [by_name, by_id, source]) = match is_of_objects {
            true => (Expression::new("objref"), [4, 5, 3]),
            false => (Expression::new("lookup"), [1, 4, 2]),
        };
        let (lookup, turned) = match set {
            Set::Named(name) => {
                let shape = (self.sets)(name);
                let intervals = shape.is_some_and(|shape| shape.flags & INTERVAL != 0);
                (lookup.set(by_name, Raw::Text(name.clone())), intervals)
            }
            Set::Elements(elements) => {
                let shape = anonymous_shape(elements, &key, loaded, data);
                let turned = shape.flags & INTERVAL != 0;
                let elements = sets::raw(elements, &shape, loaded.shift)?;
                let id = *self.next_id;
                *self.next_id += 1;
                let name = match data {
                    Mapped::Nothing => "__set%d",
                    Mapped::Verdicts | Mapped::Values(_) => "__map%d",
                    Mapped::Objects(_) => "__objmap%d",
                };
                self.made.push(AnonymousSet {
                    name: name.into(),
                    id,
                    shape,
                    elements,
                    size: None,
                    key_of: match left.parts.as_slice() {
                        [_] => Vec::new(),
                        parts if parts.iter().all(super::type_of::is_known) => parts.to_vec(),
                        _ => Vec::new(),
                    },
                });
                let lookup = lookup.set(by_name, Raw::Text(name.into()));
                (lookup.with(by_id, id), turned)
            }
        };
        let mut quarter = 0;
        for kind in &key {
            if turned && needs_turning(*kind) {
                expressions.push(turn(
                    register(quarter),
                    u32::try_from(kind.bytes()).unwrap_or(4),
                ));
            }
            quarter += kind.bytes().div_ceil(4);
        }
        let flags = negated.then_some(1u32);
        let lookup = lookup.with(source, 1u32);
        expressions.push(match is_of_objects {
            true => lookup,
            false => lookup.maybe(3, target).maybe(5, flags),
        });
        Ok(expressions)
    }
}

/// Whether a set is but one value.
fn is_single(elements: &[Element], left: &syntax::Expression) -> bool {
    matches!(elements, [only] if only.key.len() == 1 && left.parts.len() == 1)
}

fn anonymous_shape(elements: &[Element], key: &[Kind], loaded: &Loaded, data: &Mapped) -> Shape {
    let mut flags = super::sets::ANONYMOUS | CONSTANT;
    if sets::has_intervals(elements) {
        flags |= INTERVAL;
        if key.len() > 1 {
            flags |= CONCAT;
        }
    }
    flags |= data.flag();
    let key = match key {
        [only] => vec![Kind {
            of: only.of,
            bits: loaded.bits,
        }],
        key => key.to_vec(),
    };
    Shape {
        key,
        data: data.clone(),
        flags,
        merges: false,
    }
}

/// Keeps some flags and compares them with none.
fn any_of(flags: u128, kind: Kind, operation: u32) -> Vec<Expression> {
    let zero = to_bytes(0, kind);
    vec![
        bitwise(1, to_bytes(flags, kind), zero.clone()),
        compare(operation, zero),
    ]
}

fn one_value(number: u128, operator: Operator, kind: Kind, loaded: &Loaded) -> Vec<Expression> {
    let operation = match operator {
        Operator::NotEqual => NOT_EQUAL,
        Operator::Less => 2,
        Operator::AtMost => AT_MOST,
        Operator::Greater => 4,
        Operator::AtLeast => AT_LEAST,
        _ => EQUAL,
    };
    let small = loaded.bits != kind.bits;
    if small && kind.bits != 1 {
        return vec![compare(
            operation,
            to_network_bytes(number << loaded.shift, loaded.bits),
        )];
    }
    if operation >= 2 && needs_turning(kind) {
        let bytes = to_network_bytes(number, kind.bits);
        let length = u32::try_from(bytes.len()).unwrap_or(4);
        return vec![turn(1, length), compare(operation, bytes)];
    }
    vec![compare(operation, to_bytes(number << loaded.shift, kind))]
}

fn in_range(from: u128, to: u128, negated: bool, kind: Kind, loaded: &Loaded) -> Vec<Expression> {
    let bytes = |number: u128| to_network_bytes(number << loaded.shift, loaded.bits.max(kind.bits));
    let mut expressions = Vec::new();
    if needs_turning(kind) {
        expressions.push(turn(1, u32::try_from(kind.bytes()).unwrap_or(4)));
    }
    match negated {
        // NFTA_RANGE_SREG, OP (NFT_RANGE_NEQ), FROM_DATA, TO_DATA.
        true => expressions.push(
            Expression::new("range")
                .with(1, 1u32)
                .with(2, 1u32)
                .set(3, Raw::Bytes(bytes(from)))
                .set(4, Raw::Bytes(bytes(to))),
        ),
        false => expressions.extend([compare(AT_LEAST, bytes(from)), compare(AT_MOST, bytes(to))]),
    }
    expressions
}
