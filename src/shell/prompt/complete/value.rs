//! What a value is, as far as the text and the session tell: whether it has methods of a handle, fields of a map.
//!
//! Nothing is run for it. What can't be told is unknown, and everything is offered for it.

use std::cell::OnceCell;

use rhai::Token;

use super::super::super::source::Source;
use super::super::super::span::nesting;
use super::super::reading::{Reading, is_word};
use super::surroundings::{Surroundings, Variable};
use crate::catalog::Catalog;
use crate::catalog::fields::Field;

/// How many steps back are followed: `let a = b; let c = a; c.`
const DEEPEST: usize = 12;

/// What a value is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Value {
    /// The handle of a namespace, and its name where that is known.
    Netns(Option<String>),
    /// Another handle: of a device, a listener, a connection.
    Held(&'static Held),
    /// A map with these fields.
    Map(Vec<Field>),
    /// An array, whose maps have these fields.
    Array(Vec<Field>),
    /// A string.
    Text,
    /// An int or a float.
    Number,
    /// Anything.
    Unknown,
}

/// A kind of handle.
#[derive(Debug, PartialEq, Eq)]
pub struct Held {
    /// What its type is called.
    pub kind: &'static str,
    /// Its properties, each with the fields of the map that it is, if it is one, and a summary.
    pub properties: &'static [(&'static str, &'static [&'static str], &'static str)],
}

/// The kinds of handles, beside that of a namespace.
pub const HELD: &[Held] = &[
    Held {
        kind: "tuntap",
        properties: &[
            ("name", &[], "The name of its link."),
            ("kind", &[], "What passes through it: tun or tap."),
        ],
    },
    Held {
        kind: "listener",
        properties: &[
            ("address", &[], "The address at which it listens."),
            ("port", &[], "The port at which it listens."),
        ],
    },
    Held {
        kind: "connection",
        properties: &[
            ("local", &["address", "port"], "Its own end."),
            ("peer", &["address", "port"], "The other end."),
        ],
    },
    Held {
        kind: "udp_listener",
        properties: &[
            ("address", &[], "The address at which it listens."),
            ("port", &[], "The port at which it listens."),
        ],
    },
    Held {
        kind: "udp_connection",
        properties: &[
            ("local", &["address", "port"], "Its own end."),
            ("peer", &["address", "port"], "The other end."),
        ],
    },
    Held {
        kind: "server",
        properties: &[
            ("address", &[], "The address at which it listens."),
            ("port", &[], "The port at which it listens."),
            ("count", &[], "How many requests have come."),
            ("requests", &[], "The last requests."),
        ],
    },
    Held {
        kind: "capture",
        properties: &[],
    },
    Held {
        kind: "trace",
        properties: &[
            ("result", &[], "What the closure returned."),
            ("journeys", &[], "The journeys of the lab's own packets."),
            (
                "bystanders",
                &[],
                "What links and kernels said by themselves.",
            ),
            ("packets", &[], "All packets, in the order of their times."),
            ("complete", &[], "Whether every packet could be read."),
        ],
    },
    Held {
        kind: "verdict",
        properties: &[
            ("works", &[], "Whether an answer came."),
            ("cause", &[], "The name of the cause."),
            ("words", &[], "The cause in a sentence."),
            ("mend", &[], "The line that mends it."),
            ("evidence", &[], "What was read that shows the cause."),
            ("netns", &[], "The namespace in which it ended."),
            ("link", &[], "The link where it was seen last."),
            ("back", &[], "Whether it is the way back that fails."),
            ("path", &[], "Where the probe was seen."),
            ("way_back", &[], "Where the answer was seen."),
            ("outcome", &[], "What became of the probe, in words."),
            ("ruled_out", &[], "What was looked at and is in order."),
            (
                "trace",
                &[],
                "All packets that were seen, as `trace` gives them.",
            ),
        ],
    },
];

fn held(kind: &str) -> Option<&'static Held> {
    HELD.iter().find(|held| held.kind == kind)
}

/// The values of a text.
pub struct Values<'a> {
    reading: &'a Reading,
    catalog: &'a Catalog,
    around: &'a dyn Surroundings,
    variables: OnceCell<Vec<Variable>>,
}

impl<'a> Values<'a> {
    /// The values of a text that ends at the cursor.
    pub fn of(reading: &'a Reading, catalog: &'a Catalog, around: &'a dyn Surroundings) -> Self {
        Values {
            reading,
            catalog,
            around,
            variables: OnceCell::new(),
        }
    }

    /// The variables of the session.
    pub fn variables(&self) -> &[Variable] {
        self.variables.get_or_init(|| self.around.variables())
    }

    /// The value whose last token that is.
    pub fn ending_at(&self, last: usize) -> Value {
        self.end(last, DEEPEST)
    }

    /// The namespace that a verb at the cursor acts in, where a handle says so: `h1.link_up(`, `h1.run(|| link_up(`.
    pub fn namespace(&self) -> Option<Value> {
        let calls = self.reading.open.iter().rev();
        let names = calls.filter_map(|&open| self.reading.called_by(open));
        let mut names = names.take(DEEPEST);
        names.find_map(|name| {
            let value = self.receiver(name, DEEPEST)?;
            matches!(value, Value::Netns(_)).then_some(value)
        })
    }

    /// The value before the dot before a name.
    fn receiver(&self, name: usize, depth: usize) -> Option<Value> {
        let dot = name
            .checked_sub(1)
            .filter(|&dot| self.reading.is_dot(dot))?;
        Some(self.end(dot.checked_sub(1)?, depth))
    }

    fn source(&self) -> &Source {
        &self.reading.source
    }

    fn end(&self, last: usize, depth: usize) -> Value {
        let Some(depth) = depth.checked_sub(1) else {
            return Value::Unknown;
        };
        match self.source().token(last) {
            Some(Token::StringConstant(..)) => Value::Text,
            Some(Token::IntegerConstant(..) | Token::FloatConstant(..)) => Value::Number,
            Some(Token::Unit) => self.call(last, depth),
            Some(Token::RightParen) => match self.opening(last) {
                Some(open) => self.call(open, depth),
                None => Value::Unknown,
            },
            Some(Token::RightBracket) => self.indexed(last, depth).unwrap_or(Value::Unknown),
            Some(Token::RightBrace) => self.literal(last),
            // `_` is the last value at the prompt.
            Some(Token::Identifier(..) | Token::Underscore) => match self.receiver(last, depth) {
                Some(value) => field(&value, self.source().word(last)),
                None => self.variable(last, depth),
            },
            _ => Value::Unknown,
        }
    }

    /// The bracket that the one with that number closes.
    fn opening(&self, closing: usize) -> Option<usize> {
        let mut depth = 0;
        (0..=closing).rev().find(|&index| {
            depth += self.source().token(index).map_or(0, nesting);
            depth == 0
        })
    }

    /// `#{...}`
    fn literal(&self, last: usize) -> Value {
        let open = self.opening(last);
        let is_map = |open: &usize| matches!(self.source().token(*open), Some(Token::MapStart));
        match open.filter(is_map) {
            Some(open) => Value::Map(named(self.source().keys(Some(open)))),
            None => Value::Unknown,
        }
    }

    /// `value[...]`, or `[...]`
    fn indexed(&self, last: usize, depth: usize) -> Option<Value> {
        let open = self.opening(last)?;
        let before = open.checked_sub(1);
        let ends_value = |token: &Token| {
            matches!(
                token,
                Token::Identifier(..)
                    | Token::Underscore
                    | Token::RightParen
                    | Token::RightBracket
                    | Token::Unit
            )
        };
        let value = before.filter(|&at| self.source().token(at).is_some_and(ends_value));
        let Some(value) = value else {
            let first = self.source().keys(Some(open + 1));
            return Some(Value::Array(named(first)));
        };
        let value = self.end(value, depth);
        Some(match self.source().token(open + 1) {
            Some(Token::StringConstant(key)) => field(&value, key),
            _ => element(value),
        })
    }

    /// What a call gives, whose parentheses open with that token.
    fn call(&self, open: usize, depth: usize) -> Value {
        let name = open.checked_sub(1);
        let Some(name) = name.filter(|&name| is_word(self.source().word(name))) else {
            return Value::Unknown;
        };
        let function = self.source().word(name);
        let receiver = self.receiver(name, depth);
        if let Some(value) = receiver.and_then(|receiver| method(receiver, function)) {
            return value;
        }
        let Some(entry) = self.catalog.called(function).next() else {
            return Value::Unknown;
        };
        match entry.signature.returns.as_str() {
            "netns" => Value::Netns(match self.source().token(open + 1) {
                Some(Token::StringConstant(name)) => Some(name.to_string()),
                _ => None,
            }),
            kind if held(kind).is_some() => held(kind).map_or(Value::Unknown, Value::Held),
            "map" => Value::Map(self.catalog.fields_given(function)),
            "array" => Value::Array(self.catalog.fields_given(function)),
            "string" => Value::Text,
            "int" | "float" => Value::Number,
            _ => Value::Unknown,
        }
    }

    fn variable(&self, at: usize, depth: usize) -> Value {
        let name = self.source().word(at);
        if let Some(value) = self.parameter(name, at, depth) {
            return value;
        }
        if let Some(first) = self.source().value_before(name, at) {
            let value = self.start(first, depth);
            let before = self.source().token(first.saturating_sub(1));
            return match before {
                Some(Token::In) => element(value),
                _ => value,
            };
        }
        let variable = self.variables().iter().find(|one| one.name == name);
        variable.map_or(Value::Unknown, of_variable)
    }

    /// The parameter of a closure that is given to a method of an array: each of its elements.
    fn parameter(&self, name: &str, at: usize, depth: usize) -> Option<Value> {
        let defines = |bar: &usize| {
            let is_bar = matches!(self.source().token(*bar), Some(Token::Pipe));
            is_bar && {
                let names = self.source().defined_by(*bar);
                names
                    .iter()
                    .any(|&defined| self.source().word(defined) == name)
            }
        };
        let bars = self.reading.open.iter().map(|open| open + 1);
        let bar = bars.rev().filter(|&bar| bar < at).find(defines)?;
        let called = self.reading.called_by(bar.checked_sub(1)?)?;
        match self.receiver(called, depth)? {
            array @ Value::Array(_) => Some(element(array)),
            _ => None,
        }
    }

    /// The value whose first token that is, if it is no more than calls, fields and indices.
    fn start(&self, first: usize, depth: usize) -> Value {
        let source = self.source();
        let ends = |token: &Token| nesting(token) > 0;
        let mut last = match source.token(first) {
            Some(token) if ends(token) => source.partner(first),
            Some(_) => Some(first),
            None => None,
        };
        while let Some(at) = last {
            last = match source.token(at + 1) {
                Some(Token::Period | Token::Elvis) => Some(at + 2),
                Some(Token::Unit) => Some(at + 1),
                Some(Token::LeftParen | Token::LeftBracket) => source.partner(at + 1),
                None
                | Some(Token::SemiColon | Token::LeftBrace | Token::RightBrace | Token::Comma) => {
                    return self.end(at, depth);
                }
                Some(_) => None,
            };
        }
        Value::Unknown
    }
}

fn of_variable(variable: &Variable) -> Value {
    match variable.kind.as_str() {
        "netns" => Value::Netns(variable.netns.clone()),
        kind if held(kind).is_some() => held(kind).map_or(Value::Unknown, Value::Held),
        "map" => Value::Map(named(variable.keys.clone())),
        "array" => Value::Array(named(variable.keys.clone())),
        "string" => Value::Text,
        "int" | "float" => Value::Number,
        _ => Value::Unknown,
    }
}

fn named(keys: Vec<String>) -> Vec<Field> {
    let field = |name| Field {
        name,
        ..Field::default()
    };
    keys.into_iter().map(field).collect()
}

/// An element of an array.
fn element(value: Value) -> Value {
    match value {
        Value::Array(fields) if !fields.is_empty() => Value::Map(fields),
        _ => Value::Unknown,
    }
}

fn field(value: &Value, name: &str) -> Value {
    match value {
        Value::Netns(_) if name == "name" => Value::Text,
        Value::Held(held) => {
            let mut properties = held.properties.iter();
            let found = properties.find(|property| property.0 == name);
            found.map_or(Value::Unknown, |(_, fields, _)| match fields {
                [] => Value::Text,
                fields => Value::Map(named(fields.iter().map(ToString::to_string).collect())),
            })
        }
        Value::Map(fields) => match fields.iter().find(|field| field.name == name) {
            Some(field) if field.is_array => Value::Array(field.inside.clone()),
            Some(field) if !field.inside.is_empty() => Value::Map(field.inside.clone()),
            _ => Value::Unknown,
        },
        _ => Value::Unknown,
    }
}

/// What Rhai's own methods give, as far as it helps.
fn method(receiver: Value, name: &str) -> Option<Value> {
    match (receiver, name) {
        (Value::Array(_) | Value::Map(_) | Value::Text, "len") => Some(Value::Number),
        (array @ Value::Array(_), "filter" | "drain" | "extract" | "retain") => Some(array),
        (array @ Value::Array(_), "find" | "pop" | "shift" | "remove") => Some(element(array)),
        (Value::Array(_), "map") => Some(Value::Array(Vec::new())),
        (Value::Map(_), "keys" | "values") => Some(Value::Array(Vec::new())),
        (Value::Text, "split") => Some(Value::Array(Vec::new())),
        (Value::Text, "to_upper" | "to_lower" | "sub_string") => Some(Value::Text),
        _ => None,
    }
}
