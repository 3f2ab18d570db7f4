//! What belongs in a place: the name of a link, one of a few words, a program. An option tells it by its type in the manual,
//! a parameter by its name.

use super::manual::OptionManual;
use super::signature::Parameter;

/// What belongs in the place of an argument or an option's value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Expects {
    /// The name of a link.
    Link,
    /// The name of a network namespace, or its handle.
    Netns,
    /// The name of a kernel parameter.
    Sysctl,
    /// An IP address, with or without the length of its prefix.
    Address,
    /// The kind of a link.
    Kind,
    /// A program.
    Program,
    /// The name of a verb.
    Verb,
    /// true or false.
    Bool,
    /// One of the words that the manual has in double quotes.
    Words(Vec<String>),
    /// Whatever there is no list of.
    Anything,
}

impl Expects {
    /// What an option wants.
    pub fn of_option(option: &OptionManual) -> Expects {
        let has = |kind: &str| {
            option
                .kind
                .split(|c: char| !c.is_ascii_alphabetic())
                .any(|word| word == kind)
        };
        match () {
            () if has("link") => Expects::Link,
            () if has("netns") => Expects::Netns,
            () if has("address") => Expects::Address,
            () if has("bool") => Expects::Bool,
            () if has("word") => Expects::Words(in_double_quotes(&option.text)),
            () => Expects::Anything,
        }
    }

    /// What a parameter of this verb wants.
    pub fn of_parameter(verb: &str, parameter: &Parameter) -> Expects {
        match (verb, parameter.name.trim_end_matches('?')) {
            (_, "link" | "parent") | ("tuntap_get", "name") => Expects::Link,
            ("netns_get" | "netns_del" | "netns_enter", "name") => Expects::Netns,
            ("sysctl_get" | "sysctl_set", "name") | ("sysctl_list", "prefix") => Expects::Sysctl,
            (_, "cidr" | "destination" | "address") => Expects::Address,
            (_, "kind") => Expects::Kind,
            (_, "program" | "command") => Expects::Program,
            (_, "topic") => Expects::Verb,
            _ => Expects::Anything,
        }
    }
}

fn in_double_quotes(text: &str) -> Vec<String> {
    let quoted = text.split('"').skip(1).step_by(2);
    quoted
        .filter(|word| !word.is_empty())
        .map(str::to_owned)
        .collect()
}
