//! The manual, held to its word: every example runs in a fresh sandbox, and the catalog is complete.

use std::collections::BTreeMap;

use libtest_mimic::{Failed, Trial};
use netsh::catalog::Entry;

use crate::support::{User, Verdict, run, run_with, same, test_named};

/// One test for each example, and those of the catalog.
pub fn trials() -> Vec<Trial> {
    let catalog = netsh::script::catalog();
    let mut trials = Vec::new();
    for entry in catalog.entries() {
        let Some(example) = example(entry) else {
            continue;
        };
        let parameters: Vec<&str> = entry
            .signature
            .parameters
            .iter()
            .map(|parameter| parameter.name.as_str())
            .collect();
        let name = format!(
            "example: {}({})",
            entry.signature.name,
            parameters.join(", ")
        );
        trials.extend(test_named(&name, &[], move |user| runs(user, &example)));
    }
    assert!(trials.len() > 20, "the catalog has hardly any examples");
    trials.extend(test_named(
        "manual: every verb has all the parts of a manual",
        &[],
        complete,
    ));
    trials.extend(test_named(
        "manual: every option that is read is documented",
        &[],
        options_agree,
    ));
    trials
}

fn runs(user: User, example: &str) -> Verdict {
    run(user, example).map(drop)
}

fn example(entry: &Entry) -> Option<String> {
    let (_, rest) = entry.documentation.split_once("```rhai\n")?;
    rest.split_once("```").map(|(code, _)| code.to_string())
}

/// Getters, operators and conversions have no manual page.
fn has_a_manual(entry: &Entry) -> bool {
    let name = &entry.signature.name;
    name.chars().all(|c| c.is_ascii_lowercase() || c == '_') && !name.starts_with("to_")
}

fn complete(_: User) -> Verdict {
    let mut faults = Vec::new();
    for entry in netsh::script::catalog().entries() {
        if !has_a_manual(entry) {
            continue;
        }
        let name = &entry.signature.name;
        let summary = entry.documentation.lines().next().unwrap_or_default();
        if !summary.ends_with('.') || summary.matches(". ").count() > 1 || summary.len() > 120 {
            faults.push(format!("{name}: the summary is no sentence: {summary:?}"));
        }
        if example(entry).is_none() {
            faults.push(format!("{name}: no example"));
        }
        let returns_something = !matches!(entry.signature.returns.as_str(), "()" | "");
        if returns_something && !entry.documentation.contains("# Returns") {
            faults.push(format!(
                "{name}: it returns something, and does not say what"
            ));
        }
        let takes_options = entry
            .signature
            .parameters
            .iter()
            .any(|one| one.name == "options?");
        if takes_options != entry.documentation.contains("# Options") {
            faults.push(format!(
                "{name}: its options are not documented, or there are none"
            ));
        }
    }
    same(faults, Vec::new())
}

/// Asks every verb with options for one that does not exist; the refusal lists those that the code reads.
fn options_agree(user: User) -> Verdict {
    let arguments = BTreeMap::from([
        ("name", "\"x0\""),
        ("peer", "\"x1\""),
        ("kind", "\"bridge\""),
        ("link", "\"lo\""),
        ("cidr", "\"10.9.9.9/24\""),
        ("destination", "\"127.0.0.1\""),
    ]);
    let mut faults = Vec::new();
    for entry in netsh::script::catalog().entries() {
        let Some((options, required)) = entry.signature.parameters.split_last() else {
            continue;
        };
        if options.name != "options?" {
            continue;
        }
        let name = &entry.signature.name;
        let mut words = Vec::new();
        for parameter in required {
            let known = arguments.get(parameter.name.as_str());
            words.push(
                *known.ok_or_else(|| {
                    Failed::from(format!("{name}: no value for {}", parameter.name))
                })?,
            );
        }
        words.push("#{ qqqqqqqq: 1 }");
        let code = format!(
            "try {{ {name}({}); }} catch (e) {{ print(e.hint); }}",
            words.join(", ")
        );
        let said = run_with(user, &[], &code)?.ok()?;
        let said = said.trim();
        let Some(read) = said.strip_prefix("the options are: ") else {
            faults.push(format!("{name}: the refusal says {said:?}"));
            continue;
        };
        let mut read: Vec<&str> = read.split(", ").collect();
        let mut documented = documented(entry);
        read.sort_unstable();
        documented.sort_unstable();
        if read != documented {
            faults.push(format!("{name}: reads {read:?}, documents {documented:?}"));
        }
    }
    same(faults, Vec::new())
}

/// The keys of the list under `# Options`.
fn documented(entry: &Entry) -> Vec<&str> {
    let options = entry
        .documentation
        .split("# Options")
        .nth(1)
        .unwrap_or_default();
    let options = options.split("\n# ").next().unwrap_or_default();
    let items = options.lines().filter_map(|line| line.strip_prefix("- `"));
    items.filter_map(|item| item.split('`').next()).collect()
}
