//! Sets, their elements and values, as text.

use std::fmt::Write;

use super::syntax::{Data, Element, Kind, Set, Value};
use super::types::{Form, SERVICE};
use super::value::{self, flags_text};

/// A set as a rule names it.
pub fn set_text(set: &Set, kinds: &[Kind], data: &[Kind]) -> String {
    match set {
        Set::Named(name) => format!("@{name}"),
        Set::Elements(elements) => {
            let elements: Vec<String> = elements
                .iter()
                .map(|element| element_text(element, kinds, data))
                .collect();
            format!("{{ {} }}", elements.join(", "))
        }
    }
}

/// An element.
pub fn element_text(element: &Element, kinds: &[Kind], data: &[Kind]) -> String {
    let mut text = match element.key.as_slice() {
        [] => "*".to_string(),
        key => values_text(key, kinds),
    };
    for one in &element.each {
        let _ = write!(text, " {one}");
    }
    if let Some(timeout) = element.timeout {
        let _ = write!(text, " timeout {}", value::time_text(timeout));
    }
    if let Some(expires) = element.expires {
        let _ = write!(text, " expires {}", value::time_text(expires));
    }
    if let Some(comment) = &element.comment {
        let _ = write!(text, " comment \"{comment}\"");
    }
    match &element.data {
        None => {}
        Some(Data::Verdict(verdict)) => {
            let _ = write!(text, " : {verdict}");
        }
        Some(Data::Values(values)) => {
            let _ = write!(text, " : {}", values_text(values, data));
        }
        Some(Data::Object(name)) => {
            let _ = write!(text, " : \"{name}\"");
        }
    }
    text
}

/// Values joined by dots.
pub fn values_text(values: &[Value], kinds: &[Kind]) -> String {
    let mut texts = Vec::new();
    for (number, one) in values.iter().enumerate() {
        // An address of either family, where the kind is not known.
        let kind = kinds.get(number).copied().unwrap_or(Kind::new(&SERVICE));
        texts.push(match one {
            Value::One(flags) if kind.of.form == Form::Flags => {
                flags_text(*flags, kind.of).replace(',', " | ")
            }
            one => value::text(one, kind),
        });
    }
    texts.join(" . ")
}

/// A range as a prefix, if it is one.
pub fn as_prefix(from: u128, to: u128, kind: Kind) -> Value {
    let span = from ^ to;
    let length = kind.bits - (128 - span.leading_zeros()).min(kind.bits);
    let is_prefix = span & (span.wrapping_add(1)) == 0 && from & span == 0 && to & span == span;
    match (from == to, is_prefix && kind.of.has_prefixes()) {
        (true, _) => Value::One(from),
        (false, true) => Value::Prefix(from, length),
        (false, false) => Value::Range(from, to),
    }
}
