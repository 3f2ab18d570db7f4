//! `netsh attach`: choosing a sandbox, and the table of those that are running. Joining is the business of
//! [`crate::lab::attach`].

use std::io::{self, Write};
use std::time::Duration;

use clap::Parser;
use nix::unistd::geteuid;
use serde_json::{Value, json};

use crate::lab::attach::{Work, attach, user_name};
use crate::lab::failure::{Failure, Outcome, printable};
use crate::lab::sandboxes::{self, Sandbox};

use super::command_line::CommandLine;
use super::screen;
use super::table;

/// The exit statuses.
const DONE: u8 = 0;
const FAILED: u8 = 1;

/// How much of a script's text stands in the table.
const LONGEST_CODE: usize = 60;

/// Joins a sandbox: that of `pid`, or the only one. What comes back is the exit status where no command has run.
pub fn join(pid: Option<u32>, work: &Work) -> u8 {
    let failure = match choose(pid) {
        Ok(Some(sandbox)) => attach(&sandbox, work, &complain),
        Ok(None) => return FAILED,
        Err(failure) => failure,
    };
    complain(&failure);
    FAILED
}

/// Lists the sandboxes that this user may join.
pub fn list() -> u8 {
    let all = joinable();
    if all.is_empty() {
        complain(&Failure::new("no sandbox is running that you could join"));
        return DONE;
    }
    let table = table::render(&rows(&all), &screen::layout());
    match io::stdout().write_all(table.as_bytes()) {
        Err(error) if error.kind() != io::ErrorKind::BrokenPipe => {
            complain(&Failure::new(format!(
                "cannot write to standard output: {error}"
            )));
            FAILED
        }
        _ => DONE,
    }
}

fn joinable() -> Vec<Sandbox> {
    let mut all = sandboxes::running();
    all.retain(|sandbox| sandbox.joinable);
    all
}

/// None where it is the user who has to choose, and was told so.
fn choose(pid: Option<u32>) -> Outcome<Option<Sandbox>> {
    if let Some(pid) = pid {
        return sandboxes::find(pid).map(Some);
    }
    let mut all = joinable();
    if all.len() > 1 {
        let table = table::render(&rows(&all), &screen::report_layout());
        let _ = io::stderr().write_all(table.as_bytes());
        complain(
            &Failure::new("several sandboxes are running").hint("choose one: netsh attach PID"),
        );
        return Ok(None);
    }
    match all.pop() {
        Some(sandbox) => Ok(Some(sandbox)),
        None => {
            let failure = Failure::new("no sandbox is running that you could join");
            Err(match geteuid().is_root() {
                true => failure,
                false => failure.hint("those of other users are for them and root"),
            })
        }
    }
}

/// What cannot be said loses nothing but the words.
fn complain(failure: &Failure) {
    let mut words = format!("netsh: {}\n", failure.message);
    if !failure.hint.is_empty() {
        words += &format!("  - {}\n", failure.hint);
    }
    let _ = io::stderr().write_all(printable(&words).as_bytes());
}

fn rows(sandboxes: &[Sandbox]) -> Value {
    let row = |sandbox: &Sandbox| {
        json!({
            "pid": sandbox.outer,
            "user": user_name(sandbox.uid),
            "age": sandbox.age().map(age_text),
            "runs": what_runs(&sandbox.arguments(), sandbox.reads_terminal()),
            "namespaces": sandbox.netns_names(),
        })
    };
    sandboxes.iter().map(row).collect()
}

/// The two largest units.
fn age_text(age: Duration) -> String {
    let seconds = age.as_secs();
    let (minutes, hours, days) = (seconds / 60, seconds / 3600, seconds / 86_400);
    match (days, hours, minutes) {
        (0, 0, 0) => format!("{seconds}s"),
        (0, 0, _) => format!("{minutes}min {}s", seconds % 60),
        (0, _, _) => format!("{hours}h {}min", minutes % 60),
        _ => format!("{days}d {}h", hours % 24),
    }
}

/// The script and its words, as the command line is understood.
fn what_runs(arguments: &[String], at_terminal: bool) -> String {
    let Ok(read) = CommandLine::try_parse_from(arguments) else {
        return one_line(&arguments.join(" "));
    };
    match (read.run.code, read.run.script.as_slice()) {
        (Some(code), _) => one_line(&format!("-e {code}")),
        (None, []) if at_terminal => "the prompt".into(),
        (None, []) => "standard input".into(),
        (None, [input]) if input == "-" => "standard input".into(),
        (None, words) => one_line(&words.join(" ")),
    }
}

fn one_line(text: &str) -> String {
    let words: Vec<&str> = text.split_whitespace().collect();
    let line = printable(&words.join(" "));
    match line.char_indices().nth(LONGEST_CODE) {
        Some((end, _)) => format!("{}...", &line[..end]),
        None => line,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_age_in_two_units() {
        let text = |seconds| age_text(Duration::from_secs(seconds));
        assert_eq!(text(0), "0s");
        assert_eq!(text(59), "59s");
        assert_eq!(text(60), "1min 0s");
        assert_eq!(text(3599), "59min 59s");
        assert_eq!(text(3600), "1h 0min");
        assert_eq!(text(90_000), "1d 1h");
    }

    #[test]
    fn what_a_command_line_runs() {
        let runs = |words: &[&str]| {
            let words: Vec<String> = words.iter().map(|&word| word.into()).collect();
            what_runs(&words, true)
        };
        assert_eq!(runs(&["netsh"]), "the prompt");
        assert_eq!(runs(&["netsh", "-"]), "standard input");
        assert_eq!(runs(&["netsh", "--json", "a.rhai", "-x"]), "a.rhai -x");
        assert_eq!(runs(&["netsh", "-e", "let a = 1;\n  a"]), "-e let a = 1; a");
        assert_eq!(runs(&["netsh", "a\u{1b}[2J.rhai"]), "a\\u{1b}[2J.rhai");
        assert_eq!(runs(&["netsh", "--nonsense="]), "--nonsense=");
        let long = runs(&["netsh", "-e", &"\u{e4}".repeat(1000)]);
        assert_eq!(long.chars().count(), LONGEST_CODE + 3);
        assert_eq!(runs(&[]), "the prompt");
        assert_eq!(what_runs(&["netsh".into()], false), "standard input");
    }
}
