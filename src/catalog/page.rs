//! A verb's page as Markdown: all ways to call it, and for each its manual.

use std::fmt::Write as _;

use super::manual::OptionManual;
use super::{Catalog, Entry};

/// The page of the verb that a script calls `name`, with its heading at this level; None if there is none.
pub fn page(catalog: &Catalog, name: &str, level: usize) -> Option<String> {
    page_with(catalog, name, level, |_| None)
}

/// The same, with what each example prints.
pub fn page_with(
    catalog: &Catalog,
    name: &str,
    level: usize,
    printed: impl Fn(&Entry) -> Option<String>,
) -> Option<String> {
    let all = catalog.entries().iter();
    // Handles have methods of the same name: `listener.close` is one of three.
    let all = all.filter(|entry| entry.path() == name || entry.title() == name);
    let mut entries: Vec<&Entry> = all.collect();
    if entries.iter().any(|entry| entry.title() == name) {
        entries.retain(|entry| entry.title() == name);
    }
    let first = entries.first()?;
    let mut page = format!("{} {}\n\n```rhai\n", "#".repeat(level), first.title());
    if let Some(module) = &first.module {
        let _ = writeln!(page, "import \"{module}\" as {module};");
    }
    for entry in &entries {
        let calls = calls(entry);
        let _ = writeln!(page, "{}", calls.join("\n"));
    }
    page += "```\n";
    let alone = entries.len() == 1;
    for entry in &entries {
        if !alone {
            let _ = write!(page, "\n**`{}`**\n", call(entry));
        }
        page += &manual(entry, printed(entry));
    }
    Some(page)
}

/// How a script calls it: `addr_add(link, cidr, options?)`, `netns.run(work)`, `topo::pair(a, b)`.
pub fn call(entry: &Entry) -> String {
    let parameters = entry.signature.parameters.iter();
    let names: Vec<&str> = parameters.map(|one| one.name.as_str()).collect();
    format!("{}({})", entry.title(), names.join(", "))
}

/// The call, and the same as a method.
fn calls(entry: &Entry) -> Vec<String> {
    let mut calls = vec![call(entry)];
    if entry.receiver.is_none() && entry.module.is_none() {
        calls.push(format!("netns.{}", call(entry)));
    }
    calls
}

/// What there is to know of an entry, with what its example prints.
pub fn manual(entry: &Entry, printed: Option<String>) -> String {
    let manual = &entry.manual;
    let mut page = format!("\n{}\n", manual.summary);
    if !manual.details.is_empty() {
        let _ = write!(page, "\n{}\n", manual.details);
    }
    if !manual.equivalents.is_empty() {
        let commands: Vec<String> = manual.equivalents.iter().map(|it| code(it)).collect();
        let _ = write!(page, "\nEquivalent to: {}\n", commands.join(", "));
    }
    if !manual.options.is_empty() {
        page += "\n**Options**\n\n";
        for option in &manual.options {
            let _ = writeln!(page, "- {}", option_line(option));
        }
    }
    for (title, text) in [("Returns", &manual.returns), ("Errors", &manual.errors)] {
        if !text.is_empty() {
            let _ = write!(page, "\n**{title}**\n\n{text}\n");
        }
    }
    if !manual.example.is_empty() {
        let _ = write!(page, "\n**Example**\n\n```rhai\n{}```\n", manual.example);
    }
    if let Some(printed) = printed.filter(|printed| !printed.is_empty()) {
        let _ = write!(page, "\nprints\n\n```text\n{printed}```\n");
    }
    page
}

fn option_line(option: &OptionManual) -> String {
    let spelling = option.spelling.as_ref();
    let spelling = spelling.map_or(String::new(), |word| format!("; {}", code(word)));
    format!(
        "`{}` ({}{spelling}): {}",
        option.key, option.kind, option.text
    )
}

/// Text as code in Markdown.
pub fn code(text: &str) -> String {
    format!("`{text}`")
}

/// Text on one line whose characters mean nothing to Markdown.
pub fn plain(text: &str) -> String {
    let words: Vec<&str> = text.split_whitespace().collect();
    let mut plain = String::with_capacity(text.len());
    for c in words.join(" ").chars() {
        if c.is_ascii_punctuation() {
            plain.push('\\');
        }
        plain.push(c);
    }
    plain
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::catalog::tests::sample;

    #[test]
    fn a_page_has_all_parts() {
        let page = page(&sample(), "topo::pair", 2).expect("a page");
        assert_eq!(
            page,
            "## topo::pair\n\n```rhai\nimport \"topo\" as topo;\ntopo::pair(a, b)\n```\n\nMakes two.\n\nEquivalent to: `ip link add A type veth peer name B`\n\n\
             **Returns**\n\nA map: `mtu` (`()` for none),\n`name`.\n"
        );
        assert!(super::page(&sample(), "pear", 2).is_none());
    }

    #[test]
    fn overloads_stand_together() {
        let page = page(crate::script::catalog(), "addr_list", 1).expect("a page");
        let (head, rest) = page
            .split_once("```\n")
            .and_then(|(_, rest)| rest.split_once("```"))
            .expect("two parts");
        assert!(head.is_empty() || head.contains("addr_list"));
        assert!(
            page.contains(
                "addr_list()\nnetns.addr_list()\naddr_list(link)\nnetns.addr_list(link)\n"
            ),
            "{page}"
        );
        assert!(rest.contains("**`addr_list(link)`**"), "{page}");
    }

    #[test]
    fn a_printed_text_stands_below_its_example() {
        let printed = |_: &Entry| Some("65536\n".to_string());
        let page = page_with(crate::script::catalog(), "link_get", 1, printed).expect("a page");
        assert!(
            page.ends_with("\n```\n\nprints\n\n```text\n65536\n```\n"),
            "{page}"
        );
    }

    #[test]
    fn plain_text_stays_plain() {
        assert_eq!(plain("a`*\n\n#"), "a\\`\\* \\#");
    }
}
