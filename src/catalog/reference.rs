//! The reference: the pages of all verbs in one Markdown text, by what they are about, with what their examples print.

use std::fmt::Write as _;

use super::page::page_with;
use super::{Catalog, Entry};

const OPENING: &str = "\
# The verbs of netsh

Every verb acts in the current network namespace. It is also a method of a namespace's handle, and then acts there:
`h1.addr_add(\"eth0\", \"10.0.0.1/24\")` is `h1.run(|| addr_add(\"eth0\", \"10.0.0.1/24\"))`. Options stand in a map at the end, and can be
left out. A time is a number of seconds, or a string with a unit (`\"200ms\"`). What fails throws a map.

This text is made from the verbs themselves; what stands below the examples is what they printed. `help(\"veth_add\")` shows a page
of it at work, `netsh doc veth_add` prints it.
";

/// The whole reference. `printed` says what the example of an entry prints.
pub fn reference(catalog: &Catalog, printed: impl Fn(&Entry) -> Option<String>) -> String {
    let mut text = format!("{OPENING}\n");
    for noun in catalog.nouns() {
        let links: Vec<String> = titles(catalog, noun)
            .iter()
            .map(|title| link(title))
            .collect();
        let _ = writeln!(text, "- {noun}: {}", links.join(", "));
    }
    for noun in catalog.nouns() {
        let _ = write!(text, "\n## {noun}\n");
        let entries = catalog.entries().iter().filter(|entry| entry.noun == noun);
        let mut names: Vec<String> = entries.map(Entry::title).collect();
        names.dedup();
        for name in names {
            let page = page_with(catalog, &name, LEVEL, &printed).unwrap_or_default();
            let _ = write!(text, "\n{page}");
        }
    }
    text
}

/// The headings of verbs.
const LEVEL: usize = 3;

/// The page with this title, cut out of a reference.
pub fn cut<'a>(reference: &'a str, title: &str) -> Option<&'a str> {
    let heading = format!("\n{} {title}\n", "#".repeat(LEVEL));
    let start = reference.find(&heading)? + 1;
    let rest = reference.get(start..)?;
    let mut at = 0;
    let mut in_code = false;
    for line in rest.split_inclusive('\n') {
        in_code ^= line.starts_with("```");
        let is_heading = line.starts_with("## ") || line.starts_with("### ");
        if at > 0 && is_heading && !in_code {
            break;
        }
        at += line.len();
    }
    rest.get(..at).map(str::trim_end)
}

fn titles(catalog: &Catalog, noun: &str) -> Vec<String> {
    let entries = catalog.entries().iter().filter(|entry| entry.noun == noun);
    let mut titles: Vec<String> = entries.map(Entry::title).collect();
    titles.dedup();
    titles
}

/// A link to a heading: GitHub's anchors have no punctuation but the underscore and the hyphen.
fn link(title: &str) -> String {
    let anchor = title
        .chars()
        .filter(|c| c.is_alphanumeric() || "_-".contains(*c));
    format!("[{title}](#{})", anchor.collect::<String>())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::catalog::tests::sample;

    #[test]
    fn pages_can_be_cut_out() {
        let reference = reference(&sample(), |_| Some("### not a heading\n".into()));
        assert!(
            reference.contains("\n- topo: [topo::again](#topoagain), [topo::pair](#topopair)\n")
        );
        let again = cut(&reference, "topo::again").expect("a page");
        assert!(
            again.starts_with("### topo::again\n") && !again.contains("topo::pair("),
            "{again}"
        );
        assert!(cut(&reference, "topo::pair").is_some_and(|page| page.contains("Makes two.")));
        assert_eq!(cut(&reference, "topo::pai"), None);
        assert_eq!(cut("", ""), None);
    }
}
