//! From the start of netsh on a terminal to its first prompt, beside `netsh -e 1` on the same terminal.

use std::fs::{self, File};
use std::io::{Read, Write};
use std::path::Path;
use std::process::{Child, Command};
use std::time::{Duration, Instant};

use nix::pty::openpty;
use rhai::Engine;

use super::contest::{print_table, quartiles, time, verdict};
use super::{Outcome, lab};

const ROUNDS: usize = 40;

/// How much longer than `netsh -e 1` anybody should wait for the prompt, in seconds.
const AIM: f64 = 30e-3;

/// How many inputs netsh remembers.
const REMEMBERED: usize = 10_000;

/// What the prompt ends with.
const PROMPT: &str = "> ";

/// What ends netsh: Ctrl-D.
const END: &[u8] = b"\x04";

/// Runs the section.
pub fn run() -> Outcome<()> {
    let engine = lab::engine()?;
    let (empty, full) = (tempfile::tempdir()?, tempfile::tempdir()?);
    fs::create_dir(full.path().join("netsh"))?;
    let inputs: String = (0..REMEMBERED)
        .map(|number| format!("addr_add(\"veth{number}\", \"10.0.0.1/24\", #{{ dad: true }})\n"))
        .collect();
    fs::write(full.path().join("netsh/history"), format!("#V2\n{inputs}"))?;
    let mut took: [Vec<f64>; 3] = Default::default();
    for round in 0..=ROUNDS {
        let turn = [
            to_end(&engine, empty.path())?,
            to_prompt(&engine, empty.path())?,
            to_prompt(&engine, full.path())?,
        ];
        // The first one is for warming up.
        if round > 0 {
            for (all, one) in took.iter_mut().zip(turn) {
                all.push(one.as_secs_f64());
            }
        }
    }
    println!("\n### Start on a terminal\n");
    let [end, first, later] = &took;
    print_table(vec![
        row("`netsh -e 1`, to its end", end, None),
        row("`netsh`, to the prompt", first, None),
        row("the same, 10 000 inputs remembered", later, None),
        row("the prompt over `netsh -e 1`", &over(first, end), Some(AIM)),
        row(
            "the same, 10 000 inputs remembered",
            &over(later, end),
            Some(AIM),
        ),
    ]);
    println!("\n{ROUNDS} rounds.");
    Ok(())
}

/// By how much each of the first is more than its neighbour.
fn over(these: &[f64], those: &[f64]) -> Vec<f64> {
    let pairs = these.iter().zip(those);
    pairs.map(|(this, that)| this - that).collect()
}

fn row(who: &str, took: &[f64], aim: Option<f64>) -> [String; 5] {
    let [low, middle, high] = quartiles(took);
    [
        who.into(),
        time(middle),
        format!("{} to {}", time(low), time(high)),
        String::new(),
        aim.map_or(String::new(), |aim| {
            verdict(middle <= aim, format!("at most {}", time(aim)))
        }),
    ]
}

fn to_end(engine: &Engine, state: &Path) -> Outcome<Duration> {
    lab::settle(engine)?;
    let (start, mut child, _terminal) = on_terminal(&["-e", "1"], state)?;
    let status = child.wait()?;
    let took = start.elapsed();
    match status.success() {
        true => Ok(took),
        false => Err(format!("netsh -e 1 ended with {status}").into()),
    }
}

fn to_prompt(engine: &Engine, state: &Path) -> Outcome<Duration> {
    lab::settle(engine)?;
    let (start, mut child, mut terminal) = on_terminal(&[], state)?;
    let mut written = String::new();
    let mut buffer = [0; 4096];
    while !written.contains(PROMPT) {
        let length = terminal.read(&mut buffer)?;
        written += &String::from_utf8_lossy(buffer.get(..length).unwrap_or_default());
    }
    let took = start.elapsed();
    terminal.write_all(END)?;
    child.wait()?;
    Ok(took)
}

/// netsh on a terminal of its own, and when it was started.
fn on_terminal(words: &[&str], state: &Path) -> Outcome<(Instant, Child, File)> {
    let ends = openpty(None, None)?;
    let mut command = Command::new(lab::NETSH);
    command
        .args(words)
        .env("TERM", "xterm")
        .env("XDG_STATE_HOME", state)
        .stdin(ends.slave.try_clone()?)
        .stdout(ends.slave.try_clone()?)
        .stderr(ends.slave);
    let start = Instant::now();
    let child = command.spawn()?;
    Ok((start, child, ends.master.into()))
}
