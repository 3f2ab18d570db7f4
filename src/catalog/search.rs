//! Finding verbs by what people know: a name, a word for the thing, the command of another tool.
//!
//! What fits in a more telling way comes first, in the order of `Fit`; among equals the order of the catalog stays.

use super::{Catalog, Entry};
use crate::lab::suggest::nearest;

/// How a query fits an entry, the best first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Fit {
    /// It is its name.
    Name,
    /// It is what the entry is about, or the search word in this place.
    SearchWord(usize),
    /// It is a part of the name: `neigh` of `neigh_list`.
    NamePart,
    /// Its words are in an equivalent command, in their order.
    Command(Likeness),
    /// It is somewhere in the name: `eth` in `veth_add`.
    InName,
    /// All its words are somewhere in the manual.
    Words,
    /// Not all of them are; so many are missing.
    SomeWords(usize),
}

impl Fit {
    fn places(self) -> Option<usize> {
        match self {
            Fit::Command(likeness) => Some(likeness.places),
            _ => None,
        }
    }
}

/// How like a command is to the query; the least is most like.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord)]
struct Likeness {
    /// How many words of the query stand where the command can have anything: `veth0` for `NAME`.
    places: usize,
    /// How many words of the command are not in the query.
    others: usize,
}

/// Words that say nothing about what is looked for.
const SAYING_NOTHING: &[&str] = &[
    "a", "an", "and", "do", "does", "for", "from", "how", "i", "in", "is", "it", "make", "of",
    "on", "show", "the", "to", "what", "with",
];

/// The entries that fit the query, the best first, each name once. Entries that fit in part are given only if none fits
/// wholly.
pub fn search<'a>(catalog: &'a Catalog, query: &str) -> Vec<&'a Entry> {
    let query = query.trim().to_lowercase();
    let query = query.trim_end_matches("()");
    if query.is_empty() {
        return Vec::new();
    }
    let fits = catalog
        .entries()
        .iter()
        .filter_map(|entry| Some((fit(entry, query)?, entry)));
    let mut found: Vec<(Fit, &Entry)> = fits.collect();
    found.sort_by_key(|(fit, _)| *fit);
    // Where the whole query is known, it is no command with something in a place.
    let is_known = found.iter().any(|(fit, _)| *fit < Fit::NamePart);
    let fewest = found.iter().find_map(|(fit, _)| fit.places());
    if let Some(fewest) = if is_known { Some(0) } else { fewest } {
        found.retain(|(fit, _)| fit.places().is_none_or(|places| places == fewest));
    }
    if found.iter().any(|(fit, _)| *fit <= Fit::Words) {
        found.retain(|(fit, _)| *fit <= Fit::Words);
    }
    let mut names: Vec<String> = Vec::new();
    found.retain(|(_, entry)| {
        let is_new = !names.contains(&entry.path());
        names.push(entry.path());
        is_new
    });
    found.into_iter().map(|(_, entry)| entry).collect()
}

/// What may have been meant by a query that finds nothing.
pub fn meant<'a>(catalog: &'a Catalog, query: &str) -> Option<&'a str> {
    let names = || {
        catalog
            .entries()
            .iter()
            .map(|entry| entry.signature.name.as_str())
    };
    let parts = names().flat_map(|name| name.split('_'));
    let words = catalog
        .entries()
        .iter()
        .flat_map(|entry| &entry.manual.search_words);
    let known = names().chain(parts).chain(words.map(String::as_str));
    nearest(query.trim(), known)
}

fn fit(entry: &Entry, query: &str) -> Option<Fit> {
    let path = entry.path();
    let name = entry.signature.name.as_str();
    let is_it = |word: &str| word.eq_ignore_ascii_case(query);
    let manual = &entry.manual;
    if is_it(&path) || is_it(&entry.title()) {
        return Some(Fit::Name);
    }
    if is_it(&entry.noun) {
        return Some(Fit::SearchWord(0));
    }
    if let Some(place) = manual.search_words.iter().position(|word| is_it(word)) {
        return Some(Fit::SearchWord(place));
    }
    let words: Vec<&str> = query.split_whitespace().collect();
    let parts: Vec<&str> = name.split('_').collect();
    if words.iter().all(|word| parts.contains(word)) {
        return Some(Fit::NamePart);
    }
    let likenesses = manual
        .equivalents
        .iter()
        .filter_map(|command| likeness(command, &words));
    if let Some(most) = likenesses.min() {
        return Some(Fit::Command(most));
    }
    if query.len() > 2 && name.contains(query) {
        return Some(Fit::InName);
    }
    by_words(entry, &words)
}

/// How like the command is, if all words of the query are in it in their order.
fn likeness(command: &str, query: &[&str]) -> Option<Likeness> {
    let mut rest: Vec<&str> = command.split_whitespace().collect();
    let mut likeness = Likeness::default();
    for (at, word) in query.iter().enumerate() {
        if at > 0 && rest.first() == Some(&"...") {
            likeness.places += 1;
            continue;
        }
        // A command does not begin with what can be anything.
        let fits = |there: &str| is_same(there, word) || at > 0 && is_place(there);
        // What a program is called has no short forms: ip is no beginning of iperf3.
        let is_other =
            |place: usize, there: &str| at == 0 && place == 0 && query.len() > 1 && there != *word;
        let mut places = rest.iter().enumerate();
        let (found, _) = places.find(|(place, there)| fits(there) && !is_other(*place, there))?;
        let is_literal = rest.get(found).is_some_and(|there| is_same(there, word));
        likeness.places += usize::from(!is_literal);
        likeness.others += found;
        rest.drain(..=found);
    }
    likeness.others += rest.len();
    Some(likeness)
}

/// `ip` takes the beginning of a word for the word: `ip a`, `ip neighbour`.
fn is_same(there: &str, word: &str) -> bool {
    let is_word = there.len() > 2 && there.starts_with(|c: char| c.is_ascii_lowercase());
    there == word || is_word && (there.starts_with(word) || word.starts_with(there))
}

fn is_place(there: &str) -> bool {
    there.len() > 1 && there.chars().all(|c| c.is_ascii_uppercase())
}

fn by_words(entry: &Entry, query: &[&str]) -> Option<Fit> {
    let manual = &entry.manual;
    let mut text = format!("{} {} {}", entry.signature.name, entry.noun, manual.summary);
    for word in manual.search_words.iter().chain(&manual.equivalents) {
        text.push(' ');
        text += word;
    }
    for option in &manual.options {
        text.push(' ');
        text += &option.key;
    }
    let text = text.to_lowercase();
    let there: Vec<&str> = text.split(|c: char| !c.is_alphanumeric()).collect();
    let telling = query.iter().filter(|word| !SAYING_NOTHING.contains(word));
    let (has, lacks): (Vec<&str>, Vec<&str>) = telling.partition(|word| {
        // "links" finds "link", and "neighb" finds "neighbours".
        let stem = word.strip_suffix('s').unwrap_or(word);
        there
            .iter()
            .any(|one| one == *word || stem.len() > 2 && one.starts_with(stem))
    });
    match (has.len(), lacks.len()) {
        (0, _) => None,
        (_, 0) => Some(Fit::Words),
        (_, missing) => Some(Fit::SomeWords(missing)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(query: &str) -> Vec<String> {
        let catalog = crate::script::catalog();
        search(catalog, query)
            .into_iter()
            .map(Entry::path)
            .collect()
    }

    fn first(query: &str) -> String {
        names(query).into_iter().next().unwrap_or_default()
    }

    #[test]
    fn what_people_know_finds_the_verb() {
        for (query, verb) in [
            ("veth_add", "veth_add"),
            ("VETH_ADD()", "veth_add"),
            ("ip neigh", "neigh_list"),
            ("ip neighbour", "neigh_list"),
            ("ip n", "neigh_list"),
            ("arp -a", "neigh_list"),
            ("arp", "neigh_list"),
            ("ip link add type veth", "veth_add"),
            ("ip link add veth0 type veth peer name veth1", "veth_add"),
            ("ip link add br0 type bridge", "bridge_add"),
            ("ip link set eth0 up", "link_up"),
            ("ip link set eth0 mtu 9000", "link_set"),
            ("ip a", "addr_list"),
            ("ip addr add 10.0.0.1/24 dev eth0", "addr_add"),
            ("ifconfig", "link_list"),
            ("brctl", "bridge_add"),
            ("cable", "veth_add"),
            ("how to make a cable", "veth_add"),
            ("fping", "ping"),
            ("reachability", "ping"),
            ("sysctl -w", "sysctl_set"),
            ("nsenter", "run"),
            ("tcpdump", "capture"),
            ("ip route", "route_list"),
        ] {
            assert_eq!(first(query), verb, "{query}: {:?}", names(query));
        }
    }

    #[test]
    fn a_noun_gives_its_verbs() {
        let neighbours = names("neighbours");
        for verb in ["arp_table", "neigh_add", "neigh_list"] {
            assert!(neighbours.contains(&verb.into()), "{neighbours:?}");
        }
        assert!(names("addr").starts_with(&["addr_add".into()]));
    }

    #[test]
    fn what_fits_anything_does_not_count() {
        assert_eq!(names("ip rule"), ["rule_list", "rule_add", "rule_del"]);
        assert!(!names("ip foo").contains(&"throughput".into()));
        let found = names("ip neigh");
        assert!(!found.contains(&"sh".into()), "{found:?}");
    }

    #[test]
    fn nothing_is_found_for_nothing() {
        for query in ["", " ", "qqqqq", "the", "💥", "\u{1b}[1m", "`", "()"] {
            assert_eq!(names(query), Vec::<String>::new(), "{query}");
        }
    }

    #[test]
    fn typing_errors_are_guessed() {
        let catalog = crate::script::catalog();
        assert_eq!(meant(catalog, "veht_add"), Some("veth_add"));
        assert_eq!(meant(catalog, "veht"), Some("veth"));
        assert_eq!(meant(catalog, "tcpdmp"), Some("tcpdump"));
        assert_eq!(meant(catalog, "qqqqqqqqq"), None);
    }
}
