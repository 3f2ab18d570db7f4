//! Verdict maps: of a rule that decides by a map, one element dropped the packet, and the others are to stay.

use crate::kernel::nft::decode::Links;
use crate::kernel::nft::list::Table;
use crate::kernel::nft::text::texts_of;

use super::rules::word;

/// The lines that take the element out that dropped a packet with these headers; none if the rule decides in another way, or nobody
/// can tell which element it was.
pub(super) fn without(
    table: &Table,
    chain: &str,
    handle: u64,
    rule: &str,
    headers: &str,
    links: Links<'_>,
) -> Option<(String, Vec<String>)> {
    let (before, map) = rule.split_once(" vmap ")?;
    let value = value(before, headers);
    if let Some(name) = map.strip_prefix('@') {
        let name = name.split(' ').next()?;
        let set = table.sets.iter().find(|set| set.name == name)?;
        let element = dropping(&texts_of(set, links), value)?;
        let line = format!("nft_element_del(\"{} {name}\", {element:?})", table.name);
        return Some((element, vec![line]));
    }
    let (elements, after) = map.strip_prefix('{')?.split_once('}')?;
    let elements: Vec<String> = elements
        .split(',')
        .map(|element| element.trim().to_owned())
        .collect();
    let element = dropping(&elements, value)?;
    let rest: Vec<&str> = elements
        .iter()
        .map(String::as_str)
        .filter(|other| *other != element)
        .collect();
    let mut lines = vec![format!("nft_rule_del({chain:?}, {handle})")];
    if !rest.is_empty() {
        let rule = format!("{before} vmap {{ {} }}{after}", rest.join(", "));
        lines.push(format!("nft_rule_add({chain:?}, {rule:?})"));
    }
    Some((element, lines))
}

/// What a packet has where the map looks: the selector is the last one or two words of what stands before it.
fn value<'a>(before: &str, headers: &'a str) -> Option<&'a str> {
    let words: Vec<&str> = before.split(' ').collect();
    let last = |count: usize| words.get(words.len().checked_sub(count)?..);
    [2, 1]
        .into_iter()
        .filter_map(last)
        .find_map(|words| word(headers, &words.join(" ")))
}

/// The element that drops this value, or the only one that drops anything.
fn dropping(elements: &[String], value: Option<&str>) -> Option<String> {
    let drops: Vec<(&str, &String)> = elements
        .iter()
        .filter_map(|element| Some((element.strip_suffix(" : drop")?, element)))
        .collect();
    let is_it = |key: &str| {
        let key = key.split(' ').next().unwrap_or_default();
        value.is_some_and(|value| key == value)
    };
    let exact = drops.iter().find(|(key, _)| is_it(key));
    let only = || drops.first().filter(|_| drops.len() == 1);
    exact.or_else(only).map(|(_, element)| (*element).clone())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_element_of_a_packet() {
        let elements = ["22 : accept", "80 : drop", "81 : drop"].map(String::from);
        let headers = "ip daddr 10.0.0.2 tcp sport 4 tcp dport 80";
        let value = value("iif \"eth0\" tcp dport", headers);
        assert_eq!(value, Some("80"));
        assert_eq!(dropping(&elements, value).as_deref(), Some("80 : drop"));
        assert_eq!(dropping(&elements, None), None);
        assert_eq!(dropping(&elements[..2], None).as_deref(), Some("80 : drop"));
        assert_eq!(dropping(&elements[..1], value), None);
    }
}
