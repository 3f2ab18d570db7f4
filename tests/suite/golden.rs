//! Scripts with all that they print: `tests/golden/NAME.rhai` beside `NAME.txt`, which holds the exit status, standard output and
//! standard error, character for character. With NETSH_BLESS=1 the files are written anew.
//!
//! A script runs as `netsh NAME.rhai` in that folder; a line `// RUN: COMMAND netsh OPTIONS` in it says otherwise.

use std::path::{Path, PathBuf};
use std::process::Command;

use libtest_mimic::{Failed, Trial};
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
        None | Some("netsh") => &[],
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
    if std::env::var_os("NETSH_BLESS").is_some_and(|value| value == "1") {
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
