//! The answers of `help`, as Markdown: what there is, a verb's page, or the verbs that fit some words.

use std::fmt::Write as _;

use super::page::{code, page, plain};
use super::search::{meant, search};
use super::translate::translate;
use super::{Catalog, Entry};

/// What follows the list of verbs. At most a screen together with it.
const RULES: &str = "\
`link_{add, del}` are `link_add` and `link_del`.

## More

- `help(\"veth_add\")`: the page of a verb
- `help(\"arp\")`, `help(\"ip neigh\")`, `help(\"Links\")`: the verbs for a thing, a command of another tool, a group
- `netsh doc`: the whole reference; https://rhai.rs/book: the language

## The rules

- `noun_verb(object, ..., #{ mtu: 1400 })`: options stand in a map at the end, and can be left out
- `let h1 = netns_add(\"h1\"); h1.link_list()`: every verb is a method of a namespace, and then works there
- a time is a number of seconds, or a string with a unit: `\"200ms\"`, `\"2min\"`
- `x_list()` gives an array of maps; `show(x)` draws any value
- at the prompt `:help` lists its orders, and `!ip addr` runs a program
- what fails throws a map: `try { link_up(\"x\") } catch (e) { print(e.message) }`
";

/// How much of a topic an answer repeats.
const LONGEST_TOPIC: usize = 60;

/// Longer topics are not looked for, in bytes.
const LONGEST_SEARCH: usize = 2000;

/// An answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Answer {
    /// What to show.
    pub markdown: String,
    /// Whether there was something to say about the topic.
    pub found: bool,
}

/// What there is to say about a topic: a verb's name, or words. Without one, what there is at all.
pub fn answer(catalog: &Catalog, topic: &str) -> Answer {
    let topic = topic.trim();
    if topic.is_empty() {
        return found(overview(catalog));
    }
    if topic.len() > LONGEST_SEARCH {
        return not_found(catalog, topic);
    }
    // `h1.ping()` and `netns.run` as they stand in a script.
    let name = topic.trim_end_matches("()").to_lowercase();
    let name = name.rsplit('.').next().unwrap_or(&name);
    if let Some(page) = page(catalog, name, 1) {
        return found(page);
    }
    if let Some(words) = without_a_verb(catalog, topic) {
        return found(words);
    }
    let entries = search(catalog, topic);
    match entries.as_slice() {
        [] => not_found(catalog, topic),
        [only] => {
            let page = page(catalog, &only.path(), 1).unwrap_or_default();
            found(format!(
                "For {} there is this verb:\n\n{page}",
                plain(topic)
            ))
        }
        _ => found(results(topic, &entries)),
    }
}

fn found(markdown: String) -> Answer {
    Answer {
        markdown,
        found: true,
    }
}

/// What to say of a command of another program that there is no verb for: nothing else would fit either.
fn without_a_verb(catalog: &Catalog, topic: &str) -> Option<String> {
    const PROGRAMS: [&str; 4] = ["ip", "bridge", "tc", "nft"];
    let (program, rest) = topic.split_once(char::is_whitespace)?;
    if !PROGRAMS.contains(&program) || topic.len() > LONGEST_TOPIC || rest.trim().is_empty() {
        return None;
    }
    let translation = translate(topic, catalog);
    let [line] = translation.lines.as_slice() else {
        return None;
    };
    let is_run = translation.faults.is_empty() && line.starts_with("sh(");
    is_run.then(|| {
        format!(
            "netsh has no verb for {} yet. The program itself runs in the current namespace:\n\n\
             ```rhai\n{line}\n```\n\nAt the prompt: {}\n",
            code(topic),
            code(&format!("!{topic}"))
        )
    })
}

/// All verbs, by what they are about, and how to go on.
fn overview(catalog: &Catalog) -> String {
    let mut text = String::from("# Verbs\n\n");
    for noun in catalog.nouns() {
        let entries = catalog.entries().iter().filter(|entry| entry.noun == noun);
        let mut titles: Vec<String> = entries.map(Entry::title).collect();
        titles.dedup();
        let families = families(&titles).into_iter();
        let families: Vec<String> = families.map(|family| code(&family)).collect();
        let _ = writeln!(text, "- **{noun}**: {}", families.join(" "));
    }
    text.push('\n');
    text += RULES;
    text
}

/// Names with what they begin with in common written once: `link_add` and `link_del` are `link_{add,del}`, as a shell has it. The
/// first of a family stands where it stood.
fn families(names: &[String]) -> Vec<String> {
    let mut families: Vec<(&str, Vec<&str>)> = Vec::new();
    for name in names {
        let end = name.find(['_', ':', '.']).map_or(0, |at| {
            at + if name.get(at..).is_some_and(|rest| rest.starts_with("::")) {
                2
            } else {
                1
            }
        });
        let (first, rest) = name.split_at(end);
        match families.iter_mut().find(|family| family.0 == first) {
            Some(family) if !first.is_empty() => family.1.push(rest),
            _ => families.push((first, vec![rest])),
        }
    }
    let written = |(first, rest): (&str, Vec<&str>)| match rest.as_slice() {
        [only] => format!("{first}{only}"),
        several => format!("{first}{{{}}}", several.join(", ")),
    };
    families.into_iter().map(written).collect()
}

/// The verbs that fit, each with its summary.
fn results(topic: &str, entries: &[&Entry]) -> String {
    let mut text = format!("# {}\n\n", plain(topic));
    text += &lines(entries);
    if let Some(first) = entries.first() {
        let _ = write!(text, "\n`help(\"{}\")` tells more.\n", first.title());
    }
    text
}

fn not_found(catalog: &Catalog, topic: &str) -> Answer {
    Answer {
        markdown: nothing(catalog, topic),
        found: false,
    }
}

fn nothing(catalog: &Catalog, topic: &str) -> String {
    let mut text = format!("Nothing is known about \"{}\".", plain(&shortened(topic)));
    if let Some(meant) = meant(catalog, topic) {
        let _ = write!(text, " Did you mean \"{}\"?\n\n", plain(meant));
        text += &lines(&search(catalog, meant));
    }
    text += "\n\n`help()` shows all verbs; `sh(\"...\")` runs any command of the shell.\n";
    text
}

/// A topic that is a whole file by mistake would fill the screen.
fn shortened(topic: &str) -> String {
    match topic.char_indices().nth(LONGEST_TOPIC) {
        Some((end, _)) => format!("{}...", topic.get(..end).unwrap_or_default()),
        None => topic.into(),
    }
}

fn lines(entries: &[&Entry]) -> String {
    let line = |entry: &&Entry| format!("- `{}`: {}\n", entry.title(), entry.manual.summary);
    entries.iter().map(line).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::catalog::tests::sample;

    #[test]
    fn names_of_a_family_stand_together() {
        let names = [
            "link_add", "veth_add", "link_set", "sh", "exec", "h::a_b", "h::c",
        ];
        let names = names.map(str::to_owned);
        assert_eq!(
            families(&names),
            ["link_{add, set}", "veth_add", "sh", "exec", "h::{a_b, c}"]
        );
    }

    #[test]
    fn every_answer_says_how_to_go_on() {
        let catalog = sample();
        let all = answer(&catalog, " ");
        assert!(
            all.found && all.markdown.contains("- **topo**: `topo::{again, pair}`"),
            "{all:?}"
        );
        assert!(
            answer(&catalog, "Topo::pair()")
                .markdown
                .starts_with("# topo::pair\n")
        );
        let some = answer(&catalog, "topo");
        assert!(
            some.found
                && some.markdown.contains(
                    "- `topo::pair`: Makes two.

`help(\"topo::again\")`"
                ),
            "{some:?}"
        );
        let one = answer(&catalog, "two");
        assert!(
            one.markdown.starts_with(
                "For two there is this verb:

# topo::pair
"
            ),
            "{one:?}"
        );
        let none = answer(&catalog, "piar");
        assert!(
            !none.found
                && none
                    .markdown
                    .contains("Did you mean \"pair\"?\n\n- `topo::pair`"),
            "{none:?}"
        );
        let odd = answer(&catalog, "`x*");
        assert!(
            !odd.found && odd.markdown.contains("\"\\`x\\*\"") && odd.markdown.contains("help()"),
            "{odd:?}"
        );
    }
}
