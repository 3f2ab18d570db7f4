//! What a rule looks at, as text.

use std::fmt::Write;

use super::extension::IN_IPV4;
use super::fields::{CT, FIB_FLAGS, META_PRINTED_ALONE};
use super::syntax::{Expression, Selector};
use super::value::one_text;

/// What is looked at.
pub fn expression_text(expression: &Expression) -> String {
    let parts: Vec<String> = expression.parts.iter().map(selector_text).collect();
    let mut text = parts.join(" . ");
    if let (Some(mask), [part]) = (expression.mask, expression.parts.as_slice()) {
        let _ = write!(text, " & {}", one_text(mask, part.typed(), false));
    }
    text
}

/// What is looked at, joined by dots.
pub fn selectors_text(selectors: &[Selector]) -> String {
    let parts: Vec<String> = selectors.iter().map(selector_text).collect();
    parts.join(" . ")
}

/// One thing that is looked at.
pub(super) fn selector_text(selector: &Selector) -> String {
    match selector {
        Selector::Field(protocol, field) => format!("{} {}", protocol.name, field.name),
        Selector::Bits { base, offset, bits } => {
            format!("@{},{offset},{bits}", ["ll", "nh", "th"][*base as usize])
        }
        Selector::Meta(key) if META_PRINTED_ALONE.contains(&key.number) => key.name.into(),
        Selector::Meta(key) => format!("meta {}", key.name),
        Selector::Ct(key, None) => format!("ct {}", key.name),
        Selector::Ct(key, Some(direction)) => {
            // The kernel forgets the direction of what has the same value in both.
            let directed = !CT
                .iter()
                .any(|one| one.number == key.number && one.number < 11);
            match (directed, direction) {
                (false, _) => format!("ct {}", key.name),
                (true, 0) => format!("ct original {}", key.name),
                (true, _) => format!("ct reply {}", key.name),
            }
        }
        Selector::Fib { flags, result } => {
            let names = FIB_FLAGS.iter().filter(|(_, flag)| flags & flag != 0);
            let names: Vec<&str> = names.map(|(name, _)| *name).collect();
            format!("fib {} {}", names.join(" . "), result.name)
        }
        Selector::Rt(key) => format!("rt {}", key.name),
        Selector::Socket(key) => format!("socket {}", key.name),
        Selector::Numgen {
            random,
            modulus,
            offset,
        } => {
            let how = if *random { "random" } else { "inc" };
            format!("numgen {how} mod {modulus}{}", offset_text(*offset))
        }
        Selector::Hash {
            parts,
            modulus,
            seed,
            offset,
        } => {
            let what = match parts.as_slice() {
                [] => "symhash".to_string(),
                parts => {
                    let parts: Vec<String> = parts.iter().map(selector_text).collect();
                    format!("jhash {}", parts.join(" . "))
                }
            };
            let seed = seed
                .map(|seed| format!(" seed 0x{seed:x}"))
                .unwrap_or_default();
            format!("{what} mod {modulus}{seed}{}", offset_text(*offset))
        }
        Selector::Extension(one, field) => match (one.place, field) {
            (IN_IPV4, Some(field)) => format!("ip option {} {}", one.name, field.name),
            (IN_IPV4, None) => format!("ip option {}", one.name),
            (_, Some(field)) => format!("{} {}", one.name, field.name),
            (_, None) => format!("exthdr {}", one.name),
        },
        Selector::TcpOption { name, field, .. } => match field {
            Some((field, ..)) => format!("tcp option {name} {field}"),
            None => format!("tcp option {name}"),
        },
    }
}

fn offset_text(offset: u32) -> String {
    match offset {
        0 => String::new(),
        offset => format!(" offset {offset}"),
    }
}
