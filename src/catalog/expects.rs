//! What belongs in a place: the name of a link, one of a few words, a program. An option tells it by its type in the manual,
//! a parameter by its name.

use super::manual::OptionManual;
use super::signature::Parameter;
use crate::kernel::filter;
use crate::kernel::kinds as links;
use crate::kernel::nft::types;
use crate::kernel::qdisc::kinds::{CLASSES, QDISCS};

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
    /// A program.
    Program,
    /// The name of a verb.
    Verb,
    /// true or false.
    Bool,
    /// One of these words.
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
            (verb, "kind") => kinds(verb).map_or(Expects::Anything, Expects::Words),
            (_, "program" | "command") => Expects::Program,
            (_, "topic") => Expects::Verb,
            _ => Expects::Anything,
        }
    }
}

/// The kinds of what a verb adds.
fn kinds(verb: &str) -> Option<Vec<String>> {
    let (noun, _) = verb.rsplit_once('_')?;
    let names: Vec<&str> = match noun {
        "link" => links::names().collect(),
        "qdisc" => QDISCS.iter().map(|kind| kind.name).collect(),
        "class" => CLASSES.iter().map(|kind| kind.name).collect(),
        "filter" => filter::KINDS.to_vec(),
        "nft_set" => {
            let keys = types::ALL.iter().filter(|one| one.bits > 0);
            keys.map(|one| one.name).collect()
        }
        _ => return None,
    };
    Some(names.into_iter().map(str::to_owned).collect())
}

/// The words that the manual has in double quotes.
fn in_double_quotes(text: &str) -> Vec<String> {
    let quoted = text.split('"').skip(1).step_by(2);
    quoted
        .filter(|word| !word.is_empty())
        .map(str::to_owned)
        .collect()
}
