//! A star: a bridge with 100 hosts, each a named namespace with a veth to the bridge, an address and its links up.
//!
//! Everybody is a process of its own, timed from fork to exit, in the sandbox that this program runs in; what it made is
//! cleared away before the next one comes.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use rhai::Engine;

use super::contest::Contest;
use super::{Outcome, lab, machine};

const HOSTS: &str = "100";
const ROUNDS: usize = 7;

/// Runs the section.
pub fn run() -> Outcome<()> {
    let engine = lab::engine()?;
    let mut contest = Contest::new([format!(
        "A star of {HOSTS} hosts, until the last link is up"
    )]);
    let engine = &engine;
    let mut enter = |name: &str, words: Vec<PathBuf>, in_sandbox: bool| {
        contest.enter(name, &[], move || {
            let mut command = Command::new(&words[0]);
            let took = lab::timed_program(command.args(&words[1..]).arg(HOSTS))?;
            clear(engine, in_sandbox)?;
            Ok(vec![took])
        });
    };
    let here = Path::new(env!("CARGO_MANIFEST_DIR")).join("benches");
    let peer = |name: &str| here.join("peers").join(name);
    let netsh = PathBuf::from(lab::NETSH);
    let star = here.join("star.rhai");
    enter(
        "`netsh --host star.rhai`",
        vec![netsh.clone(), "--host".into(), star.clone()],
        false,
    );
    enter(
        "`netsh star.rhai`, its sandbox made and ended",
        vec![netsh, star],
        true,
    );
    if machine::has_ip() {
        enter(
            "`ip -batch`, star_batch.sh",
            vec!["bash".into(), peer("star_batch.sh")],
            false,
        );
        enter(
            "a process for each step, star.sh",
            vec!["bash".into(), peer("star.sh")],
            false,
        );
    }
    if machine::has_pyroute2() {
        let script = peer("star_pyroute2.py");
        enter(
            "pyroute2, star_pyroute2.py",
            vec!["python3".into(), script],
            false,
        );
    }
    if !machine::has_ip() {
        contest.remark("Left out: iproute2 is not there.");
    }
    if !machine::has_pyroute2() {
        contest.remark("Left out: pyroute2 is not there.");
    }
    contest.run(ROUNDS)
}

/// Takes the star apart; one that was made in a sandbox of its own is gone with it.
fn clear(engine: &Engine, in_sandbox: bool) -> Outcome<Duration> {
    if !in_sandbox {
        lab::timed(
            engine,
            r#"
                assert(netns_list().len() == 100, "every host was made");
                for netns in netns_list() { netns_del(netns.name); }
                link_del("br0");
            "#,
        )?;
    }
    lab::settle(engine)?;
    Ok(Duration::ZERO)
}
