//! Sets and maps as the kernel has them: the keys of their elements as bytes, intervals as where they begin and where they
//! end.
//!
//! A set of intervals of one field is a tree in the kernel, whose elements are beginnings and ends (an end is the first value
//! that is no longer in it); one of several fields has both in one element (net/netfilter/nft_set_rbtree.c,
//! nft_set_pipapo.c). Values with the machine's order are turned in a tree, or they would not be in order.

use super::compile_statement::simple_expression;
use super::expression;
use super::fault::Fault;
use super::syntax::{Data, Element, Kind, Object, Value};
use super::types::{Form, Order, Type};
use super::value::{bounds, from_bytes, largest, to_bytes, to_network_bytes};

/// `NFT_SET_ANONYMOUS`.
pub const ANONYMOUS: u32 = 1;
/// `NFT_SET_CONSTANT`.
pub const CONSTANT: u32 = 2;
/// `NFT_SET_INTERVAL`.
pub const INTERVAL: u32 = 4;
/// `NFT_SET_MAP`.
pub const MAP: u32 = 8;
/// `NFT_SET_TIMEOUT`.
pub const TIMEOUT: u32 = 16;
/// `NFT_SET_EVAL`.
pub const DYNAMIC: u32 = 32;
/// `NFT_SET_CONCAT`.
pub const CONCAT: u32 = 128;
/// `NFT_SET_OBJECT`: a map of objects.
pub const OBJECT: u32 = 64;
/// `NFT_SET_ELEM_INTERVAL_END`.
pub const ELEMENT_END: u32 = 1;
/// `NFT_SET_ELEM_CATCHALL`.
pub const ELEMENT_ALL: u32 = 2;
/// `NFT_DATA_VERDICT`: the data of a map of verdicts.
pub const VERDICTS: u32 = 0xffff_ff00;

/// What a set holds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Shape {
    /// The parts of its keys.
    pub key: Vec<Kind>,
    /// What they are mapped to.
    pub data: Mapped,
    /// `NFT_SET_*`.
    pub flags: u32,
    /// `auto-merge`: elements that overlap or touch become one before they are sent.
    pub merges: bool,
}

/// What keys are mapped to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Mapped {
    /// It is a set.
    Nothing,
    /// Verdicts.
    Verdicts,
    /// Values with these parts.
    Values(Vec<Kind>),
    /// Objects of the table: counters, quotas or limits.
    Objects(Object),
}

impl Mapped {
    /// The flag of a set that is mapped to it.
    pub fn flag(&self) -> u32 {
        match self {
            Mapped::Nothing => 0,
            Mapped::Verdicts | Mapped::Values(_) => MAP,
            Mapped::Objects(_) => OBJECT,
        }
    }
}

/// A part of a key: bytes, or the name of a link, which becomes its index when it is sent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Part {
    /// Bytes.
    Bytes(Vec<u8>),
    /// A name.
    Link(String),
}

/// An element as the kernel has it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RawElement {
    /// Its key, part by part.
    pub key: Vec<Part>,
    /// The end of the interval, of a key with several parts.
    pub end: Option<Vec<Part>>,
    /// `NFT_SET_ELEM_*`.
    pub flags: u32,
    /// What it is mapped to.
    pub data: Option<RawData>,
    /// In milliseconds.
    pub timeout: Option<u64>,
    /// In milliseconds.
    pub expires: Option<u64>,
    /// The comment.
    pub comment: Option<String>,
    /// What it has for itself, such as a counter.
    pub each: Vec<expression::Expression>,
}

/// What an element is mapped to, as the kernel has it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum RawData {
    /// A verdict.
    Verdict(super::syntax::Verdict),
    /// Bytes, part by part.
    Parts(Vec<Part>),
    /// The name of an object.
    Object(String),
}

impl Shape {
    /// The number that stands for its key type: 6 bits for each part (`concat_subtype_add` of nft).
    pub fn key_number(&self) -> u32 {
        concat_number(&self.key)
    }

    /// How many bytes a key takes.
    pub fn key_bytes(&self) -> usize {
        concat_bytes(&self.key)
    }

    /// Whether its keys are turned to the network's order.
    pub fn is_turned(&self) -> bool {
        self.flags & INTERVAL != 0
    }
}

/// The number of a type with several parts.
pub fn concat_number(kinds: &[Kind]) -> u32 {
    kinds.iter().fold(0, |all, kind| all << 6 | kind.of.number)
}

/// The types that a number stands for, from the last to the first 6 bits.
pub fn concat_kinds(number: u32, bytes: usize) -> Option<Vec<Kind>> {
    let mut kinds = Vec::new();
    let mut rest = number;
    while rest > 0 {
        let of: &'static Type = super::types::numbered(rest & 0x3f)?;
        kinds.push(Kind::new(of));
        rest >>= 6;
    }
    kinds.reverse();
    if let [only] = kinds.as_mut_slice() {
        let bits = u32::try_from(bytes * 8).unwrap_or(only.bits);
        // An integer has the length of what it was compared with; a field of less than a byte stands in one.
        if only.of.bits == 0 {
            only.bits = bits;
        }
    }
    Some(kinds)
}

/// How many bytes values with these parts take: each part of several is padded to 4.
pub fn concat_bytes(kinds: &[Kind]) -> usize {
    match kinds {
        [only] => only.bytes(),
        kinds => kinds
            .iter()
            .map(|kind| kind.bytes().next_multiple_of(4))
            .sum(),
    }
}

/// Parts as bytes. `link` gives the index of a link.
pub fn joined<E>(
    parts: &[Part],
    link: &mut dyn FnMut(&str) -> Result<u32, E>,
) -> Result<Vec<u8>, E> {
    let mut bytes = Vec::new();
    for part in parts {
        match part {
            Part::Bytes(part) => bytes.extend(part),
            Part::Link(name) => bytes.extend(link(name)?.to_ne_bytes()),
        }
        if parts.len() > 1 {
            bytes.resize(bytes.len().next_multiple_of(4), 0);
        }
    }
    Ok(bytes)
}

/// Whether elements need a set of intervals.
pub fn has_intervals(elements: &[Element]) -> bool {
    let mut values = elements.iter().flat_map(|element| &element.key);
    values.any(|value| matches!(value, Value::Range(..) | Value::Prefix(..)))
}

/// How far a field of less than a byte stands from the end of its last byte: what is compared with it is moved as far.
pub type Shift = u32;

/// Elements as the kernel has them.
pub fn raw(elements: &[Element], shape: &Shape, shift: Shift) -> Result<Vec<RawElement>, Fault> {
    if shape.flags & INTERVAL != 0
        && let [kind] = shape.key.as_slice()
    {
        return intervals(elements, shape, *kind);
    }
    let mut all = Vec::new();
    for element in elements {
        let ends = shape.flags & INTERVAL != 0 && !element.key.is_empty();
        let (mut first, mut last) = (Vec::new(), Vec::new());
        for (value, kind) in element.key.iter().zip(&shape.key) {
            let (from, to) = part_bounds(value, *kind, shape.is_turned(), shift)?;
            first.push(from);
            last.push(to);
        }
        all.push(RawElement {
            end: ends.then_some(last),
            ..raw_element(element, first, &shape.data)
        });
    }
    Ok(all)
}

fn part_bounds(
    value: &Value,
    kind: Kind,
    turned: bool,
    shift: Shift,
) -> Result<(Part, Part), Fault> {
    if let Value::Link(name) = value {
        return Ok((Part::Link(name.clone()), Part::Link(name.clone())));
    }
    let Some((from, to)) = bounds(value, kind.bits) else {
        return Err(Fault::new("this value can't be in a set", 0..0));
    };
    let bytes = |number: u128| {
        let number = number << shift;
        Part::Bytes(
            match turned && kind.of.order == Order::Host && kind.of.form != Form::Text {
                true => to_network_bytes(number, kind.bits),
                false => to_bytes(number, kind),
            },
        )
    };
    Ok((bytes(from), bytes(to)))
}

fn raw_element(element: &Element, key: Vec<Part>, data: &Mapped) -> RawElement {
    RawElement {
        flags: if element.key.is_empty() {
            ELEMENT_ALL
        } else {
            0
        },
        key,
        end: None,
        data: element.data.as_ref().map(|one| raw_data(one, data)),
        timeout: element.timeout,
        expires: element.expires,
        comment: element.comment.clone(),
        each: element
            .each
            .iter()
            .filter_map(|one| simple_expression(one).ok())
            .collect(),
    }
}

fn raw_data(data: &Data, mapped: &Mapped) -> RawData {
    let values = match data {
        Data::Verdict(verdict) => return RawData::Verdict(verdict.clone()),
        Data::Object(name) => return RawData::Object(name.clone()),
        Data::Values(values) => values,
    };
    let none = Vec::new();
    let kinds = match mapped {
        Mapped::Values(kinds) => kinds,
        _ => &none,
    };
    let parts = values.iter().zip(kinds).map(|(value, kind)| match value {
        Value::Link(name) => Part::Link(name.clone()),
        value => Part::Bytes(to_bytes(
            bounds(value, kind.bits).map_or(0, |(from, _)| from),
            *kind,
        )),
    });
    RawData::Parts(parts.collect())
}

/// Elements with those joined that overlap or touch, as nft joins them for sets with auto-merge (`set_automerge` in its
/// intervals.c). What is joined has what the first of them has for itself.
pub fn joined_elements(elements: Vec<Element>, kind: Kind) -> Vec<Element> {
    let mut spans: Vec<((u128, u128), Element)> = Vec::new();
    let mut rest = Vec::new();
    for element in elements {
        match element
            .key
            .first()
            .and_then(|value| bounds(value, kind.bits))
        {
            Some(span) => spans.push((span, element)),
            None => rest.push(element),
        }
    }
    spans.sort_by_key(|(span, _)| *span);
    let mut joined: Vec<((u128, u128), Element)> = Vec::new();
    for (span, element) in spans {
        match joined.last_mut() {
            Some((last, _)) if span.0 <= last.1.saturating_add(1) => last.1 = last.1.max(span.1),
            _ => joined.push((span, element)),
        }
    }
    let joined = joined.into_iter().map(|((from, to), element)| Element {
        key: vec![span_value(from, to, kind)],
        ..element
    });
    joined.chain(rest).collect()
}

/// A span as rules write it.
fn span_value(from: u128, to: u128, kind: Kind) -> Value {
    match kind.of.form {
        Form::Text => text_span(from, to, kind),
        _ => super::print_set::as_prefix(from, to.max(from), kind),
    }
}

/// Beginnings and ends, those that touch joined, as nft joins them; of a map each stays by itself.
fn intervals(elements: &[Element], shape: &Shape, kind: Kind) -> Result<Vec<RawElement>, Fault> {
    let is_map = shape.data != Mapped::Nothing;
    let mut spans = Vec::new();
    let mut rest = Vec::new();
    for element in elements {
        match element.key.first().map(|value| bounds(value, kind.bits)) {
            None => rest.push(raw_element(element, Vec::new(), &shape.data)),
            Some(Some(span)) => spans.push((span, element)),
            Some(None) => {
                let words = "links by their index can't be in a set with ranges";
                return Err(Fault::new(words, 0..0).hint("use iifname or oifname in its place"));
            }
        }
    }
    spans.sort_by_key(|(span, _)| *span);
    let mut joined: Vec<((u128, u128), &Element)> = Vec::new();
    for (span, element) in spans {
        let touches = |last: &(u128, u128)| span.0 <= last.1 || span.0 == last.1.saturating_add(1);
        match joined.last_mut() {
            Some((last, _)) if is_map && span.0 <= last.1 => {
                return Err(Fault::new("two elements of the map overlap", 0..0));
            }
            Some((last, _)) if !is_map && shape.flags & ANONYMOUS != 0 && touches(last) => {
                last.1 = last.1.max(span.1);
            }
            _ => joined.push((span, element)),
        }
    }
    let key = |number: u128| vec![Part::Bytes(to_network_bytes(number, kind.bits))];
    let end = |number: u128| RawElement {
        flags: ELEMENT_END,
        ..raw_element(&Element::new(Vec::new()), key(number), &Mapped::Nothing)
    };
    let mut all = Vec::new();
    if shape.flags & ANONYMOUS != 0 && joined.first().is_some_and(|((from, _), _)| *from > 0) {
        all.push(end(0));
    }
    for (number, ((from, to), element)) in joined.iter().enumerate() {
        all.push(raw_element(element, key(*from), &shape.data));
        let next = joined.get(number + 1).map(|((next, _), _)| *next);
        // In a set with a name the kernel takes a beginning without the end before it for one inside of what is there.
        let is_ended_by_next = shape.flags & ANONYMOUS != 0 && next == to.checked_add(1);
        if *to < largest(kind.bits) && !is_ended_by_next {
            // The end has nothing for itself: the kernel refuses a timeout there.
            all.push(end(to + 1));
        }
    }
    all.extend(rest);
    Ok(all)
}

/// Elements as rules write them, of what the kernel has.
pub fn cooked(raw: Vec<RawElement>, shape: &Shape, shift: Shift) -> Vec<Element> {
    match shape.key.as_slice() {
        [kind] if shape.flags & INTERVAL != 0 => cooked_intervals(raw, shape, *kind),
        _ => {
            let mut all: Vec<Element> = raw
                .into_iter()
                .map(|element| cooked_element(element, shape, shift))
                .collect();
            all.sort_by_cached_key(|element| order(&element.key, &shape.key));
            all
        }
    }
}

/// The order in which nft prints elements (expr_msort_cmp in its mergesort.c): by their numbers, those of several parts by
/// their bytes taken for one number of the machine; the element for the rest last.
fn order(key: &[Value], kinds: &[Kind]) -> (bool, Vec<u8>) {
    let number = |value: &Value| match value {
        Value::One(one) | Value::Range(one, _) | Value::Prefix(one, _) => *one,
        Value::Link(_) => 0,
    };
    let mut bytes = match (key, kinds) {
        ([only], [kind]) if kind.of.form != Form::Text => number(only).to_le_bytes().to_vec(),
        _ => {
            let parts = key.iter().zip(kinds);
            parts
                .flat_map(|(value, kind)| to_bytes(number(value), *kind))
                .collect()
        }
    };
    bytes.reverse();
    (key.is_empty(), bytes)
}

fn cooked_element(element: RawElement, shape: &Shape, shift: Shift) -> Element {
    let first = split(&element.key, &shape.key, shape.is_turned(), shift);
    let last = element
        .end
        .map(|end| split(&end, &shape.key, shape.is_turned(), shift));
    let key = first.iter().enumerate().map(|(at, from)| {
        let to = last.as_ref().and_then(|last| last.get(at)).unwrap_or(from);
        let kind = shape
            .key
            .get(at)
            .copied()
            .unwrap_or(Kind::new(&super::types::RAW));
        super::print_set::as_prefix(*from, *to, kind)
    });
    let key = match element.flags & ELEMENT_ALL {
        0 => key.collect(),
        _ => Vec::new(),
    };
    Element {
        key,
        data: element.data.map(|data| cooked_data(data, shape)),
        timeout: element.timeout,
        expires: element.expires,
        comment: element.comment,
        each: element
            .each
            .iter()
            .filter_map(super::decode_act::plain)
            .collect(),
    }
}

fn cooked_data(data: RawData, shape: &Shape) -> Data {
    match (data, &shape.data) {
        (RawData::Verdict(verdict), _) => Data::Verdict(verdict),
        (RawData::Object(name), _) => Data::Object(name),
        (RawData::Parts(parts), Mapped::Values(kinds)) => Data::Values(
            split(&parts, kinds, false, 0)
                .into_iter()
                .map(Value::One)
                .collect(),
        ),
        (RawData::Parts(_), _) => Data::Values(Vec::new()),
    }
}

/// The numbers in the bytes of a key.
fn split(parts: &[Part], kinds: &[Kind], turned: bool, shift: Shift) -> Vec<u128> {
    let bytes: Vec<u8> = parts
        .iter()
        .flat_map(|part| match part {
            Part::Bytes(bytes) => bytes.clone(),
            Part::Link(_) => Vec::new(),
        })
        .collect();
    let mut rest = bytes.as_slice();
    let mut numbers = Vec::new();
    for kind in kinds {
        let length = kind.bytes();
        let part = rest.get(..length.min(rest.len())).unwrap_or(&[]);
        numbers.push(from_bytes(part, *kind, turned) >> shift);
        let taken = match kinds.len() {
            1 => length,
            _ => length.next_multiple_of(4),
        };
        rest = rest.get(taken..).unwrap_or(&[]);
    }
    numbers
}

fn cooked_intervals(raw: Vec<RawElement>, shape: &Shape, kind: Kind) -> Vec<Element> {
    let mut all = Vec::new();
    let (rest, mut raw): (Vec<_>, Vec<_>) = raw
        .into_iter()
        .partition(|element| element.flags & ELEMENT_ALL != 0);
    let number = |element: &RawElement| {
        split(&element.key, &shape.key, true, 0)
            .first()
            .copied()
            .unwrap_or(0)
    };
    // An end and a beginning at the same place: the end belongs to what is before it.
    raw.sort_by_key(|element| (number(element), element.flags & ELEMENT_END == 0));
    let mut raw = raw.into_iter().peekable();
    while let Some(element) = raw.next() {
        if element.flags & ELEMENT_END != 0 {
            continue;
        }
        let from = number(&element);
        let to = raw
            .peek()
            .map_or(largest(kind.bits), |next| number(next).saturating_sub(1));
        let value = span_value(from, to, kind);
        let cooked = cooked_element(element, shape, 0);
        all.push(Element {
            key: vec![value],
            ..cooked
        });
    }
    all.extend(
        rest.into_iter()
            .map(|element| cooked_element(element, shape, 0)),
    );
    all
}

/// A span of texts: one text, or all that begin with one.
fn text_span(from: u128, to: u128, kind: Kind) -> Value {
    let span = from ^ to;
    if span == 0 {
        return Value::One(from);
    }
    let length = kind.bits - (128 - span.leading_zeros()).min(kind.bits);
    Value::Prefix(from, length)
}

/// What a set holds, with the flags that follow from it.
pub fn full_shape(
    key: Vec<super::syntax::Kind>,
    data: Mapped,
    mut flags: u32,
    options: &super::message::SetOptions,
) -> Shape {
    flags |= data.flag();
    if options.timeout.is_some() {
        flags |= TIMEOUT;
    }
    if flags & INTERVAL != 0 && key.len() > 1 {
        flags |= CONCAT;
    }
    Shape {
        key,
        data,
        flags,
        merges: false,
    }
}
