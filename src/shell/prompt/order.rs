//! The lines that are no statement, as far as it helps whoever types them: what follows an order, where a statement begins.

use super::command::{ORDERS, Order};

/// A line that is no statement.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Written<'a> {
    /// `:name rest`. There is no rest before the blank after the name.
    Order {
        /// What stands between the colon and the first blank.
        name: &'a str,
        /// What stands behind the blanks.
        rest: Option<&'a str>,
    },
    /// `!program arguments`.
    Program(&'a str),
}

/// What follows the name of an order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Takes {
    /// Nothing that there is a list of.
    Anything,
    /// The name of a file.
    File,
    /// The name of a network namespace.
    Netns,
    /// One of these words.
    Words(Vec<&'static str>),
    /// A statement, which may go on over several lines.
    Statement,
}

/// Reads a line that is no statement.
pub fn read(text: &str) -> Option<Written<'_>> {
    let text = text.trim_start();
    if let Some(program) = text.strip_prefix('!') {
        return Some(Written::Program(program));
    }
    let order = text.strip_prefix(':')?;
    Some(match order.split_once(char::is_whitespace) {
        Some((name, rest)) => Written::Order {
            name,
            rest: Some(rest.trim_start()),
        },
        None => Written::Order {
            name: order,
            rest: None,
        },
    })
}

/// What follows the order of that name. The words of its help tell.
pub fn takes(name: &str) -> Takes {
    let order: Option<&Order> = ORDERS.iter().find(|order| order.name == name);
    match order.map_or("", |order| order.argument) {
        "FILE" => Takes::File,
        "NETNS" => Takes::Netns,
        "STATEMENT" => Takes::Statement,
        words if words.starts_with('[') => {
            Takes::Words(words.trim_matches(['[', ']']).split('|').collect())
        }
        _ => Takes::Anything,
    }
}

/// The statement in a line: all of it, what follows an order that takes one, or none.
pub fn statement(text: &str) -> Option<&str> {
    match read(text) {
        None => Some(text),
        Some(Written::Order { name, rest }) => rest.filter(|_| takes(name) == Takes::Statement),
        Some(Written::Program(_)) => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_are_taken_apart() {
        let order = |name, rest| Some(Written::Order { name, rest });
        assert_eq!(read(":load  a b"), order("load", Some("a b")));
        assert_eq!(read(" :q"), order("q", None));
        assert_eq!(read(":"), order("", None));
        assert_eq!(read(" !ls -l"), Some(Written::Program("ls -l")));
        assert_eq!(read("x"), None);
        assert_eq!(statement(":time f("), Some("f("));
        assert_eq!(statement(":load f("), None);
        assert_eq!(statement("f("), Some("f("));
    }

    #[test]
    fn every_argument_of_an_order_is_understood() {
        for order in ORDERS.iter().filter(|order| !order.argument.is_empty()) {
            assert_ne!(takes(order.name), Takes::Anything, "{}", order.name);
        }
        assert_eq!(takes("commands"), Takes::Words(vec!["on", "off"]));
    }
}
