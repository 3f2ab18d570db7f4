//! `cargo bench`: how fast netsh is, beside its peers, on the machine that it runs on.
//!
//! A program with a harness of its own, since what is compared are whole processes and thousands of kernel objects, not
//! functions: contestants take turns within one run (`contest`), and each section prints one table.
//!
//! | file | what it compares |
//! |---|---|
//! | `start` | a whole process that does nothing |
//! | `prompt` | from the start to the first prompt |
//! | `changes` | 500 veth pairs, 500 addresses, 500 links brought up |
//! | `list` | 1000 links listed |
//! | `conntrack` | 10 000 tracked connections listed |
//! | `nft` | 1000 rules of nftables in one transaction, and listed |
//! | `routes` | 10 000 routes added and listed, 10 000 forwarding entries listed |
//! | `calls` | the cost of a call from a script, the kernel left out |
//! | `complete` | Tab at the prompt, with 1000 links |
//! | `capture` | a flood into a file, beside tcpdump |
//! | `flood` | pings as fast as replies come, beside `ping -f` |
//! | `watched` | pings while all namespaces are captured |
//! | `round_trip` | pings, beside iputils |
//! | `throughput` | one stream of TCP, beside iperf3 |
//! | `why` | from the question to the verdict |
//! | `star` | a bridge with 100 hosts, each in a namespace |
//!
//! All of it happens in netsh's own sandbox: no privilege is needed, and nothing of the host's network is touched.
//! `cargo bench -- start list` runs these sections only. What is not installed is left out, and the table says so.

mod calls;
mod capture;
mod changes;
mod complete;
mod conntrack;
mod contest;
mod flood;
mod lab;
mod list;
mod machine;
mod nft;
mod probes;
mod prompt;
mod raw;
mod routes;
mod star;
mod start;

use std::process::ExitCode;

use netsh::lab::{interrupt, memory, sandbox};

/// What goes wrong in a benchmark ends it; there is nothing to do about it but to say it.
type Outcome<T> = Result<T, Box<dyn std::error::Error>>;

/// A section by its name on the command line.
type Section = (&'static str, fn() -> Outcome<()>);

const SECTIONS: [Section; 16] = [
    ("start", start::run),
    ("prompt", prompt::run),
    ("changes", changes::run),
    ("list", list::run),
    ("nft", nft::run),
    ("conntrack", conntrack::run),
    ("routes", routes::run),
    ("calls", calls::run),
    ("complete", complete::run),
    ("capture", capture::run),
    ("flood", flood::run),
    ("watched", capture::run_watched),
    ("round_trip", probes::run_round_trips),
    ("throughput", probes::run_throughput),
    ("why", probes::run_why),
    ("star", star::run),
];

fn main() -> ExitCode {
    // cargo adds --bench.
    let asked: Vec<String> = std::env::args()
        .skip(1)
        .filter(|word| !word.starts_with('-'))
        .collect();
    let known = |word: &String| SECTIONS.iter().any(|(name, _)| name == word);
    if let Some(unknown) = asked.iter().find(|word| !known(word)) {
        eprintln!(
            "there is no section {unknown}; those there are: {}",
            SECTIONS.map(|(name, _)| name).join(", ")
        );
        return ExitCode::from(2);
    }
    match work(&asked) {
        Ok(()) => ExitCode::SUCCESS,
        // 128 + SIGINT; what was being done fails for that reason and needs no words.
        Err(_) if interrupt::requested() => ExitCode::from(130),
        Err(error) => {
            eprintln!("{error}");
            ExitCode::FAILURE
        }
    }
}

fn work(asked: &[String]) -> Outcome<()> {
    interrupt::listen()?;
    // As the binary does.
    memory::keep();
    machine::describe();
    // Before any thread exists: from here on this process is the init of the sandbox.
    sandbox::enter().map_err(|refusal| refusal.cause)?;
    for (name, run) in SECTIONS {
        if asked.is_empty() || asked.iter().any(|word| word == name) {
            run()?;
        }
    }
    Ok(())
}
