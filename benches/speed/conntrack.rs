//! 10 000 tracked connections, listed beside `conntrack -L`.
//!
//! netsh makes maps of them in a script that runs already; in the figure of conntrack is the start of its process, and that it
//! writes each as a line. So the same is measured for a process of netsh's too, and what conntrack takes for nothing is
//! taken off.

use std::process::Command;
use std::time::Duration;

use super::contest::Contest;
use super::{Outcome, lab, machine};

const COUNT: usize = 10_000;
const ROUNDS: usize = 20;

/// Runs the section.
pub fn run() -> Outcome<()> {
    if !machine::has("conntrack", &["--version"]) {
        println!("\nconntrack: left out, conntrack-tools are not there.");
        return Ok(());
    }
    let entries: String = (0..COUNT).map(entry).collect();
    lab::timed_with_input(Command::new("conntrack").args(["-R", "-"]), &entries)?;
    let engine = lab::engine()?;
    let process = |words: &[&str]| -> Outcome<Vec<Duration>> {
        let mut command = Command::new(words[0]);
        // How many there were is written to standard error.
        command
            .args(&words[1..])
            .stderr(std::process::Stdio::null());
        Ok(vec![lab::timed_program(&mut command)?])
    };
    let mut contest = Contest::new([format!("{COUNT} tracked connections, listed")]);
    contest.enter("netsh, `conntrack_list()` in a script: maps", &[], || {
        Ok(vec![lab::timed(&engine, "conntrack_list()")?])
    });
    let aim = [Some(1.0)];
    contest.enter("`conntrack -L`, the process", &aim, || {
        process(&["conntrack", "-L"])
    });
    contest.enter("`conntrack -L` less `conntrack --version`", &aim, || {
        let all = process(&["conntrack", "-L"])?;
        let none = process(&["conntrack", "--version"])?;
        Ok(vec![all[0].saturating_sub(none[0])])
    });
    contest.run(ROUNDS)?;
    lab::timed(&engine, "conntrack_flush()")?;
    Ok(())
}

fn entry(number: usize) -> String {
    let (high, low) = (number / 250, number % 250);
    format!(
        "-I -p tcp -s 10.{high}.{low}.1 -d 192.0.2.1 --sport {} --dport 80 --state ESTABLISHED -t 9999 -u ASSURED,SEEN_REPLY\n",
        1024 + number
    )
}
