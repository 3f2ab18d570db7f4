//! Tables as text, as `nft list ruleset` prints them.

use super::decode::{Links, rule as decoded};
use super::hook::priority_text;
use super::list::{Chain, Object, Set, Table};
use super::print_set::element_text;
use super::sets::{self, ANONYMOUS, Mapped};
use super::syntax::{self, Element, Kind};
use super::table::DORMANT;

/// Tables, one below the other.
pub fn ruleset(tables: &[Table], links: Links) -> String {
    tables
        .iter()
        .map(|table| self::table(table, links))
        .collect()
}

/// A table.
pub fn table(table: &Table, links: Links) -> String {
    let mut head = String::new();
    if table.flags & DORMANT != 0 {
        head += "\tflags dormant\n";
    }
    if let Some(comment) = &table.comment {
        head += &format!("\tcomment \"{comment}\"\n");
    }
    let mut parts = Vec::new();
    parts.extend(table.objects.iter().map(object));
    let named = table
        .sets
        .iter()
        .filter(|set| set.shape.flags & ANONYMOUS == 0);
    parts.extend(named.map(|one| set(one, links)));
    parts.extend(table.chains.iter().map(|one| chain(one, table, links)));
    // Only flags have an empty line behind them.
    if table.flags & DORMANT != 0 && !parts.is_empty() {
        head += "\n";
    }
    format!("table {} {{\n{head}{}}}\n", table.name, parts.join("\n"))
}

/// A chain with its rules.
pub fn chain(chain: &Chain, table: &Table, links: Links) -> String {
    let mut text = format!("\tchain {} {{\n", chain.name);
    if let Some(comment) = &chain.comment {
        text += &format!("\t\tcomment \"{comment}\"\n");
    }
    if let Some(hook) = &chain.hook {
        text += &format!("\t\t{}\n", hook.text(table.name.family));
    }
    for rule in &chain.rules {
        text += &format!("\t\t{}\n", decoded(rule, table, links));
    }
    text + "\t}\n"
}

/// How many elements stand in one line, as nft breaks them (calculate_delim in its expression.c).
fn in_a_line(kinds: &[Kind]) -> usize {
    match kinds {
        [kind] => match kind.of.name {
            "nf_proto" | "integer" | "arp_op" | "inet_proto" | "inet_service" | "tcp_flag"
            | "mark" | "iface_index" | "uid" | "gid" | "ct_dir" | "pkt_type" | "icmp_type" => 5,
            "ipv4_addr" | "ct_state" | "time" | "ct_status" | "devgroup" => 2,
            _ => 1,
        },
        _ => 1,
    }
}

/// A set or map with its elements.
pub fn set(set: &Set, links: Links) -> String {
    let word = if set.shape.data == Mapped::Nothing {
        "set"
    } else {
        "map"
    };
    let mut text = format!("\t{word} {} {{\n", set.name);
    for line in super::set::body(&set.shape, &set.options) {
        text += &format!("\t\t{line}\n");
    }
    let elements = texts_of(set, links);
    if !elements.is_empty() {
        let per_line = in_a_line(&set.shape.key);
        let lines: Vec<String> = elements
            .chunks(per_line)
            .map(|line| line.join(", "))
            .collect();
        text += &format!("\t\telements = {{ {} }}\n", lines.join(",\n\t\t\t     "));
    }
    text + "\t}\n"
}

/// The elements of a set as text, one by one.
pub fn texts_of(set: &Set, links: Links) -> Vec<String> {
    let elements = elements_of(set, links);
    elements.iter().map(|one| text_of(one, set)).collect()
}

/// An element of a set as text.
pub fn text_of(element: &Element, set: &Set) -> String {
    let data: &[Kind] = match &set.shape.data {
        Mapped::Values(kinds) => kinds,
        _ => &[],
    };
    element_text(element, &set.shape.key, data)
}

/// The elements of a set.
pub fn elements_of(set: &Set, links: Links) -> Vec<Element> {
    let mut elements = sets::cooked(set.elements.clone(), &set.shape, 0);
    for element in &mut elements {
        super::decode::name_links(element, &set.shape.key, links);
        // Those that have the timeout of their set don't say so.
        if element.timeout == set.options.timeout {
            element.timeout = None;
        }
    }
    elements
}

/// The word of an object, and what it is.
pub fn object_parts(object: &Object) -> Option<(&'static str, String)> {
    let statement = super::decode::object_state(&object.state)?;
    let word = syntax::Object::of(&statement)?.word();
    let text = statement.to_string();
    Some((
        word,
        text.strip_prefix(word).unwrap_or(&text).trim().to_string(),
    ))
}

fn object(object: &Object) -> String {
    let Some((word, body)) = object_parts(object) else {
        let kind = format!("object {} of kind {}", object.name, object.kind);
        return format!("\t{} {kind}\n", super::print::UNKNOWN);
    };
    let comment = object.comment.as_ref();
    let comment = comment.map_or(String::new(), |text| format!("\t\tcomment \"{text}\"\n"));
    format!("\t{word} {} {{\n{comment}\t\t{body}\n\t}}\n", object.name)
}

/// The priority of a chain as text.
pub fn priority(chain: &Chain, table: &Table) -> Option<String> {
    let hook = chain.hook.as_ref()?;
    let family = table.name.family;
    Some(priority_text(
        hook.priority,
        family,
        super::hook::hook_name(family, hook.number),
    ))
}
