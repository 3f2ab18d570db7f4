//! Verdict maps: of a rule that decides by a map, one element dropped the packet, and the others are to stay.

use crate::kernel::nft::decode::Links;
use crate::kernel::nft::list::Table;
use crate::kernel::nft::print_selector::selectors_text;
use crate::kernel::nft::print_set::element_text;
use crate::kernel::nft::syntax::{
    Data, Element, Expression, Kind, Rule, Selector, Set, Statement, Value, Verdict,
};
use crate::kernel::nft::text::{elements_of, text_of};
use crate::kernel::nft::types::Form;
use crate::kernel::nft::value;

use super::seen::{Seen, word};

/// The element that dropped the packet, and the lines that take it out of the map of a rule in a chain; none if the rule decides in
/// another way, or nobody can tell which element it was.
pub(super) fn without(
    table: &Table,
    (chain, handle, rule): (&str, u64, &Rule),
    seen: &Seen<'_>,
    links: Links<'_>,
) -> Option<(String, Vec<String>)> {
    let (at, expression, map) =
        rule.statements
            .iter()
            .enumerate()
            .find_map(|(at, one)| match &one.it {
                Statement::Vmap(expression, map) => Some((at, expression, map)),
                _ => None,
            })?;
    match map {
        Set::Named(name) => {
            let set = table.sets.iter().find(|set| set.name == *name)?;
            let elements = elements_of(set, links);
            let text = text_of(elements.get(dropping(&elements, expression, seen)?)?, set);
            let line = format!("nft_element_del(\"{} {name}\", {text:?})", table.name);
            Some((text, vec![line]))
        }
        Set::Elements(elements) => {
            let mut rest = elements.clone();
            let element = rest.remove(dropping(elements, expression, seen)?);
            let mut lines = vec![format!("nft_rule_del({chain:?}, {handle})")];
            if !rest.is_empty() {
                let mut rule = rule.clone();
                rule.statements.get_mut(at)?.it =
                    Statement::Vmap(expression.clone(), Set::Elements(rest));
                let rule = rule.to_string();
                lines.push(format!("nft_rule_add({chain:?}, {rule:?})"));
            }
            Some((element_text(&element, &expression.kinds(), &[]), lines))
        }
    }
}

/// Which element drops what a packet has where the map looks; where that is not known, the only one that drops anything.
fn dropping(elements: &[Element], expression: &Expression, seen: &Seen<'_>) -> Option<usize> {
    let drops = |element: &Element| element.data == Some(Data::Verdict(Verdict::Drop));
    let value = expression.parts.iter().map(|part| value_of(part, seen));
    let Some(value) = value.collect::<Option<Vec<Value>>>() else {
        let mut all = elements.iter().enumerate().filter(|(_, one)| drops(one));
        let only = all.next()?.0;
        return all.next().is_none().then_some(only);
    };
    let kinds = expression.kinds();
    let has = |element: &Element| {
        let parts = element.key.iter().zip(&value).zip(&kinds);
        element.key.len() == value.len() && { parts }
            .all(|((of_map, one), kind)| holds(of_map, one, expression.mask, *kind))
    };
    let exact = elements.iter().position(has);
    // The element without a key stands for all others.
    let found = exact.or_else(|| elements.iter().position(|element| element.key.is_empty()))?;
    elements.get(found).is_some_and(drops).then_some(found)
}

/// Whether a part of a key is, or has in it, the value of a packet.
fn holds(of_map: &Value, one: &Value, mask: Option<u128>, kind: Kind) -> bool {
    match (of_map, one) {
        (Value::Link(of_map), Value::Link(one)) => of_map == one,
        (of_map, Value::One(one)) => {
            let one = one & mask.unwrap_or(u128::MAX);
            value::bounds(of_map, kind.bits).is_some_and(|(from, to)| (from..=to).contains(&one))
        }
        _ => false,
    }
}

/// What a packet has there, as far as the trace tells.
fn value_of(selector: &Selector, seen: &Seen<'_>) -> Option<Value> {
    let kind = selector.typed();
    let name = selectors_text(std::slice::from_ref(selector));
    let link = match name.as_str() {
        "iif" | "iifname" => Some(seen.iif.as_deref()?),
        "oif" | "oifname" => Some(seen.oif.as_deref()?),
        _ => None,
    };
    match link {
        Some(link) if kind.of.form == Form::Link => Some(Value::Link(link.into())),
        Some(link) => value::text_number(link).map(Value::One),
        None => {
            let text = word(seen.headers, &name)?.trim_matches('"');
            value::read(text, kind).ok().map(Value::One)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kernel::nft::family::Family;
    use crate::kernel::nft::name::TableName;

    const SEEN: Seen<'_> = Seen {
        headers: "ip saddr 10.9.0.7 ip daddr 10.0.0.2 ip ttl 64 tcp sport 4 tcp dport 80",
        iif: None,
        oif: None,
    };

    /// The element of the map in a rule that drops the packet.
    fn of(text: &str) -> Option<String> {
        let rule = crate::kernel::nft::parser::rule(text, Family::Ip).expect("a rule");
        let table = Table::new(TableName::parse("ip t").expect("a name"));
        let iif = Some("eth0".to_owned());
        let found = without(&table, ("ip t c", 5, &rule), &Seen { iif, ..SEEN }, &|_| {
            None
        });
        found.map(|(element, lines)| format!("{element} | {}", lines.join("; ")))
    }

    #[test]
    fn the_element_of_a_packet() {
        for (rule, wanted) in [
            (
                "tcp dport vmap { 22 : accept, 80 : drop, 81 : drop }",
                Some(
                    r#"80 : drop | nft_rule_del("ip t c", 5); nft_rule_add("ip t c", "tcp dport vmap { 22 : accept, 81 : drop }")"#,
                ),
            ),
            (
                r#"ip saddr vmap { 10.0.0.0/28 : drop, 10.9.0.0/16 : drop } comment "vmap { 10.9.0.7 : drop }""#,
                Some(
                    r#"10.9.0.0/16 : drop | nft_rule_del("ip t c", 5); nft_rule_add("ip t c", "ip saddr vmap { 10.0.0.0/28 : drop } comment \"vmap { 10.9.0.7 : drop }\"")"#,
                ),
            ),
            (
                "iifname . tcp dport vmap { \"eth0\" . 80-90 : drop, \"eth1\" . 80-90 : drop }",
                Some(
                    r#""eth0" . 80-90 : drop | nft_rule_del("ip t c", 5); nft_rule_add("ip t c", "iifname . tcp dport vmap { \"eth1\" . 80-90 : drop }")"#,
                ),
            ),
            (
                "tcp dport vmap { 80 : drop }",
                Some(r#"80 : drop | nft_rule_del("ip t c", 5)"#),
            ),
            (
                "tcp dport vmap { 22 : accept, * : drop }",
                Some(
                    r#"* : drop | nft_rule_del("ip t c", 5); nft_rule_add("ip t c", "tcp dport vmap { 22 : accept }")"#,
                ),
            ),
            // The trace does not tell the port of UDP here.
            ("udp dport vmap { 1 : drop, 2 : drop }", None),
            (
                "udp dport vmap { 1 : accept, 2 : drop }",
                Some(
                    r#"2 : drop | nft_rule_del("ip t c", 5); nft_rule_add("ip t c", "udp dport vmap { 1 : accept }")"#,
                ),
            ),
            ("tcp dport vmap { 80 : accept, 81 : drop }", None),
            ("tcp dport 80 drop", None),
        ] {
            assert_eq!(of(rule).as_deref(), wanted, "{rule}");
        }
    }
}
