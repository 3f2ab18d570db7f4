//! Words for people: names of types, escaped text, values in one line, and the name that was probably meant.

use std::fmt::Write;

use rhai::Dynamic;

use crate::lab::suggest;

/// Programs that people begin a line with, as they do in a shell.
const PROGRAMS: &[&str] = &[
    "arp",
    "bash",
    "bridge",
    "brctl",
    "cat",
    "cd",
    "conntrack",
    "curl",
    "dig",
    "ethtool",
    "grep",
    "ifconfig",
    "ip",
    "iperf",
    "iperf3",
    "iptables",
    "iw",
    "ls",
    "mtr",
    "nc",
    "netstat",
    "nft",
    "nmap",
    "route",
    "ss",
    "sudo",
    "sysctl",
    "tc",
    "tcpdump",
    "traceroute",
    "wg",
];

/// Whether this is the name of a program that people know from their shell.
pub fn is_a_program(name: &str) -> bool {
    PROGRAMS.contains(&name)
}

/// A value or a text longer than this many characters is cut in a report.
const LONGEST: usize = 400;
/// How many levels of arrays and maps of a value are shown.
const DEEPEST: usize = 4;
/// How many elements of an array or a map are shown.
const MOST: usize = 16;

/// Text as it may go to a terminal: what would move the cursor, change colours or the direction of writing is shown
/// as an escape, as a link's name may come from another machine. Line ends stay.
pub fn clean(text: &str) -> String {
    let mut clean = String::new();
    // No more than is shown, for a text can be as large as the memory.
    for c in text.trim_end().chars().take(LONGEST + 1) {
        match c {
            '\n' => clean.push(c),
            '\t' => clean.push_str("    "),
            '\u{200e}'
            | '\u{200f}'
            | '\u{61c}'
            | '\u{2028}'..='\u{202e}'
            | '\u{2066}'..='\u{2069}' => clean.extend(c.escape_unicode()),
            c if c.is_control() => clean.extend(c.escape_default()),
            c => clean.push(c),
        }
    }
    cut(clean)
}

fn cut(text: String) -> String {
    match text.char_indices().nth(LONGEST) {
        Some((at, _)) => format!("{}...", text.get(..at).unwrap_or("")),
        None => text,
    }
}

/// The name of a type as people know it, from any of the names that Rhai or Rust has for it.
pub fn kind(name: &str) -> String {
    let name = name.trim().trim_start_matches("&mut ").trim();
    let last = name.rsplit("::").next().unwrap_or(name);
    match last {
        "i64" | "INT" => "int",
        "f64" | "FLOAT" => "float",
        "&str" | "str" | "String" | "ImmutableString" => "string",
        "Array" => "array",
        "Map" => "map",
        "Blob" => "blob",
        "Fn" | "FnPtr" => "function",
        "Instant" => "timestamp",
        "Dynamic" | "?" | "" => "any",
        "range=" | "ExclusiveRange" | "InclusiveRange" => "range",
        _ if last.starts_with("Range") => "range",
        _ if name.contains('|') => return union(name),
        other => other,
    }
    .to_owned()
}

/// `&str | ImmutableString | String` is but a string.
fn union(name: &str) -> String {
    let mut kinds: Vec<String> = name.split('|').map(kind).collect();
    kinds.dedup();
    kinds.join(" | ")
}

/// The type of a value.
pub fn kind_of(value: &Dynamic) -> String {
    kind(value.type_name())
}

/// A value in one line. Own code, as Rhai's would follow a closure that holds itself for ever.
pub fn value(value: &Dynamic) -> String {
    let mut text = String::new();
    write_value(&mut text, value, 0);
    clean(&text)
}

fn write_value(text: &mut String, value: &Dynamic, depth: usize) {
    if text.len() > LONGEST * 4 {
        return;
    }
    if depth == DEEPEST {
        text.push_str("...");
    } else if let Ok(array) = value.as_array_ref() {
        text.push('[');
        for (index, item) in array.iter().take(MOST).enumerate() {
            text.push_str(if index > 0 { ", " } else { "" });
            write_value(text, item, depth + 1);
        }
        text.push_str(if array.len() > MOST { ", ...]" } else { "]" });
    } else if let Ok(map) = value.as_map_ref() {
        text.push_str("#{");
        for (index, (key, item)) in map.iter().take(MOST).enumerate() {
            text.push_str(if index > 0 { ", " } else { "" });
            // Writing to a string can't fail.
            let _ = write!(text, "{key}: ");
            write_value(text, item, depth + 1);
        }
        text.push_str(if map.len() > MOST { ", ...}" } else { "}" });
    } else if let Ok(string) = value.as_immutable_string_ref() {
        let beginning: String = string.chars().take(LONGEST + 1).collect();
        let _ = write!(text, "{beginning:?}");
    } else if value.is_int() || value.is_float() || value.is_bool() || value.is_char() {
        let _ = write!(text, "{value}");
    } else if value.is_unit() {
        text.push_str("()");
    } else {
        text.push_str(&kind_of(value));
    }
}

/// `1 argument`, `2 arguments`.
pub fn count(number: usize, noun: &str) -> String {
    match number {
        0 => format!("no {noun}s"),
        1 => format!("1 {noun}"),
        _ => format!("{number} {noun}s"),
    }
}

/// `a, b or c`.
pub fn alternatives(items: &[String]) -> String {
    match items {
        [] => String::new(),
        [one] => one.clone(),
        [first @ .., last] => format!("{} or {last}", first.join(", ")),
    }
}

/// The known name that was probably meant: one with the same parts in another order, or the nearest in spelling.
pub fn nearest<'a>(name: &str, known: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    if name.len() > LONGEST {
        return None;
    }
    // Operators are functions for Rhai, but nobody means them by a word.
    let is_word = |known: &&str| known.starts_with(|c: char| c.is_alphabetic() || c == '_');
    let known: Vec<&str> = known.into_iter().filter(is_word).collect();
    let wanted = parts(name);
    let mut others = known.iter().copied().filter(|known| *known != name);
    let reordered = others.find(|known| parts(known) == wanted);
    reordered.or_else(|| suggest::nearest(name, known))
}

/// `add_addr` and `addr_add` have the same parts.
fn parts(name: &str) -> Vec<&str> {
    let mut parts: Vec<_> = name.split('_').collect();
    parts.sort_unstable();
    parts
}

#[cfg(test)]
mod tests {
    use super::*;
    use rhai::{Array, FnPtr, Map};

    #[test]
    fn nearest_knows_slips_case_and_order() {
        let known = ["addr_add", "addr_del", "link_up", "ping"];
        let nearest = |name| nearest(name, known);
        assert_eq!(nearest("addr_ad"), Some("addr_add"));
        assert_eq!(nearest("pign"), Some("ping"));
        assert_eq!(nearest("add_addr"), Some("addr_add"));
        assert_eq!(nearest("LINK_UP"), Some("link_up"));
        assert_eq!(nearest("banana"), None);
        assert_eq!(nearest("x"), None);
        assert_eq!(nearest("ping"), None);
    }

    #[test]
    fn types_have_one_name_each() {
        for (rust, people) in [
            ("&str | ImmutableString | String", "string"),
            ("i64", "int"),
            ("Fn", "function"),
            ("range=", "range"),
            ("core::ops::range::Range<i64>", "range"),
            ("()", "()"),
            ("netns", "netns"),
            ("&mut netsh::script::Netns", "Netns"),
            ("int | ImmutableString", "int | string"),
            ("Dynamic", "any"),
        ] {
            assert_eq!(kind(rust), people);
        }
    }

    #[test]
    fn nothing_drives_the_terminal() {
        assert_eq!(
            clean("veth\u{1b}[31m0\r\u{9b}2J\u{202e}\ta\nb"),
            "veth\\u{1b}[31m0\\r\\u{9b}2J\\u{202e}    a\nb"
        );
        assert_eq!(clean(&"x".repeat(1000)).len(), LONGEST + 3);
    }

    #[test]
    fn values_are_bounded() {
        let mut deep = Dynamic::from(1_i64);
        for _ in 0..2000 {
            deep = Dynamic::from_array(vec![deep]);
        }
        assert_eq!(value(&deep), "[[[[...]]]]");
        let wide: Array = (0..100_i64).map(Dynamic::from).collect();
        assert!(value(&wide.into()).ends_with("14, 15, ...]"));
        let mut map = Map::new();
        map.insert("a".into(), "x\u{1b}".into());
        map.insert("f".into(), FnPtr::new("f").expect("a name").into());
        assert_eq!(value(&map.into()), r#"#{a: "x\u{1b}", f: function}"#);
        // Dropping it level by level would overflow the stack of the test, as any deep value does.
        std::mem::forget(deep);
    }
}
