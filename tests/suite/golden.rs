//! Scripts with all that they print: `tests/golden/NAME.rhai` beside `NAME.txt`, which holds the exit status, standard output and
//! standard error, character for character. With NETSH_BLESS=1 the files are written anew.
//!
//! A script runs as `netsh NAME.rhai` in that folder; a line `// RUN: COMMAND netsh OPTIONS` in it says otherwise. With a line
//! `// VARIES: kernel` the kernel's words are left out, for kernels differ in what they say beside the errno; with `// VARIES: memory`
//! how much of it a script has taken.

use std::path::{Path, PathBuf};
use std::process::Command;

use libtest_mimic::{Failed, Trial};
use regex::Regex;
use snapbox::{Assert, Data};

use crate::support::{Need, Ran, User, Verdict, binary, program, test_named};

/// One test for each script and user.
pub fn trials() -> Vec<Trial> {
    scripts()
        .into_iter()
        .flat_map(|script| {
            let stem = script.file_stem().unwrap_or_default().to_string_lossy();
            let name = format!("golden: {stem}");
            test_named(&name, needs(&script), move |user| matches(user, &script))
        })
        .collect()
}

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden")
}

fn scripts() -> Vec<PathBuf> {
    let entries = std::fs::read_dir(folder()).expect("the folder of the golden scripts");
    let paths = entries.flatten().map(|entry| entry.path());
    let mut scripts: Vec<PathBuf> = paths
        .filter(|path| path.extension().is_some_and(|end| end == "rhai"))
        .collect();
    scripts.sort();
    assert!(!scripts.is_empty(), "tests/golden has no scripts");
    scripts
}

/// The words of the line `// RUN:`, if there is one.
fn run_line(script: &Path) -> Option<Vec<String>> {
    let text = std::fs::read_to_string(script).ok()?;
    let line = text.lines().find_map(|line| line.strip_prefix("// RUN:"))?;
    Some(line.split_whitespace().map(str::to_owned).collect())
}

fn needs(script: &Path) -> &'static [Need] {
    let wrapper = run_line(script).and_then(|words| words.into_iter().next());
    match wrapper.as_deref() {
        None | Some("netsh") => {
            let text = std::fs::read_to_string(script).expect("the text of the script");
            Need::of_script(&text)
        }
        Some("unshare") => &[Need::Program("unshare")],
        Some(other) => panic!("{}: nobody knows {other}", script.display()),
    }
}

fn matches(user: User, script: &Path) -> Verdict {
    let name = script.file_name().unwrap_or_default();
    let mut command = command(user, script);
    let ran = Ran::from(command.current_dir(folder()).arg(name).output()?);
    let found = format!(
        "exit status: {}\n--- stdout ---\n{}--- stderr ---\n{}",
        ran.status
            .map_or("none".to_owned(), |status| status.to_string()),
        ran.stdout,
        ran.stderr
    );
    let expected = script.with_extension("txt");
    let found = without_varying(script, found)?;
    if user == User::Myself && is_set("NETSH_BLESS") {
        return Ok(std::fs::write(expected, found)?);
    }
    let wanted = std::fs::read_to_string(&expected)
        .map_err(|error| format!("{}: {error}; NETSH_BLESS=1 writes it", expected.display()))?;
    Assert::new()
        .try_eq(
            Some(&expected.display()),
            Data::text(found).raw(),
            Data::text(wanted).raw(),
        )
        .map_err(|difference| Failed::from(difference.to_string()))
}

fn is_set(variable: &str) -> bool {
    std::env::var_os(variable).is_some_and(|value| value == "1")
}

/// What `// VARIES:` can say, what it is in the output, and what stands there in its place.
const VARYING: [(&str, &str, &str); 2] = [
    (
        "kernel",
        r"kernel: .* \((E[A-Z]+, \d+)\)",
        "kernel: [WORDS] ($1)",
    ),
    ("memory", r"and \d+ are taken", "and [MIB] are taken"),
];

fn without_varying(script: &Path, mut text: String) -> Result<String, Failed> {
    let script = std::fs::read_to_string(script)?;
    for (name, pattern, place) in VARYING {
        if script.contains(&format!("\n// VARIES: {name}\n")) {
            text = Regex::new(pattern)?.replace_all(&text, place).into_owned();
        }
    }
    Ok(text)
}

/// The command of the script's `RUN:` line, where `netsh` is the binary under test.
fn command(user: User, script: &Path) -> Command {
    let mut words = run_line(script)
        .unwrap_or_else(|| vec!["netsh".into()])
        .into_iter()
        .map(|word| match word.as_str() {
            "netsh" => binary().into(),
            _ => PathBuf::from(word),
        });
    let mut command = program(user, words.next().unwrap_or_default());
    command.args(words);
    command
}
