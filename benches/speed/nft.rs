//! 1000 rules of nftables: loaded in one transaction, and listed as text, beside `nft -f` and `nft list ruleset`.
//!
//! netsh is measured inside this process, from a script's text to its end; in the figures of nft is the start of a process, and
//! what it asks the kernel before it begins. The rules are short, one comparison each: in a user namespace nft may not make
//! its socket's buffer larger (SO_SNDBUFFORCE), and a thousand longer rules do not fit into it.

use std::process::Command;
use std::time::Duration;

use rhai::Engine;

use super::contest::Contest;
use super::{Outcome, lab};

const COUNT: usize = 1000;
const ROUNDS: usize = 20;

fn ruleset() -> String {
    let rules = (0..COUNT).map(|i| {
        let (high, low) = (i / 250, i % 250);
        match i % 5 {
            0 => format!("ip saddr 10.{high}.{low}.1 accept"),
            1 => format!("ip daddr 10.{high}.{low}.2 drop"),
            2 => format!("iifname \"eth{i}\" accept"),
            3 => format!("meta mark {i} jump other"),
            _ => format!("ct mark {i} drop"),
        }
    });
    let rules: String = rules.map(|rule| format!("\t\t{rule}\n")).collect();
    format!(
        "table ip bench {{\n\tchain other {{\n\t}}\n\tchain c {{\n\t\ttype filter hook input priority 0; policy accept;\n{rules}\t}}\n}}\n"
    )
}

/// Runs the section.
pub fn run() -> Outcome<()> {
    let engine = lab::engine()?;
    let text = ruleset();
    let mut contest = Contest::new(["1000 rules in one transaction", "listed as text"]);
    contest.enter("netsh, one nft_load()", &[], || netsh(&engine, &text));
    if Command::new("nft").arg("-v").output().is_ok() {
        contest.enter("`nft -f`, `nft list ruleset`", &[Some(1.0), None], || {
            nft(&engine, &text)
        });
    } else {
        contest.remark("Left out: nft is not there.");
    }
    contest.remark("Process start is in the figures of nft only.");
    contest.run(ROUNDS)
}

fn netsh(engine: &Engine, text: &str) -> Outcome<Vec<Duration>> {
    let load = lab::timed(engine, &format!("nft_load(`{text}`);"))?;
    let list = lab::timed(engine, "nft_text();")?;
    lab::timed(engine, "nft_flush();")?;
    Ok(vec![load, list])
}

fn nft(engine: &Engine, text: &str) -> Outcome<Vec<Duration>> {
    let load = lab::timed_with_input(Command::new("nft").args(["-f", "-"]), text)?;
    let list = lab::timed_program(Command::new("nft").args(["list", "ruleset"]))?;
    lab::timed(engine, "nft_flush();")?;
    Ok(vec![load, list])
}
