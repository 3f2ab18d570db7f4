//! A whole process that does nothing: `netsh -e 1` with its sandbox, from fork to exit.

use std::process::Command;

use super::contest::Contest;
use super::{Outcome, lab, machine};

const ROUNDS: usize = 40;

/// Runs the section.
pub fn run() -> Outcome<()> {
    let engine = lab::engine()?;
    let mut contest = Contest::new(["Start: a process that does nothing, from fork to exit"]);
    let mut enter = |name: &str, aim: Option<f64>, words: &'static [&'static str]| {
        let engine = &engine;
        contest.enter(name, &[aim], move || {
            lab::settle(engine)?;
            let mut command = Command::new(words[0]);
            Ok(vec![lab::timed_program(command.args(&words[1..]))?])
        });
    };
    enter(
        "`netsh -e 1`, sandbox and all",
        None,
        &[lab::NETSH, "-e", "1"],
    );
    enter(
        "`netsh --host -e 1`, no sandbox",
        None,
        &[lab::NETSH, "--host", "-e", "1"],
    );
    enter("`true`", None, &["true"]);
    let mut missing = Vec::new();
    if machine::has("unshare", &["-n", "true"]) {
        enter("`unshare -n true`", Some(3.0), &["unshare", "-n", "true"]);
        let same = &["unshare", "-Urnmpf", "--mount-proc", "true"];
        enter(
            "`unshare -Urnmpf --mount-proc true`, the same namespaces",
            None,
            same,
        );
    } else {
        missing.push("unshare");
    }
    if machine::has_pyroute2() {
        let import = &["python3", "-c", "import pyroute2"];
        enter("`python3 -c 'import pyroute2'`", Some(0.1), import);
    } else {
        missing.push("pyroute2");
    }
    for name in missing {
        contest.remark(format!(
            "Left out: {name} is not there or does not work here."
        ));
    }
    contest.remark("The kernel clears a namespace away after its process has ended; nobody is charged for that.");
    contest.run(ROUNDS)
}
