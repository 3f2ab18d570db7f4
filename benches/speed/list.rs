//! 1000 links with their counters and addresses, listed.
//!
//! Two comparisons, since `ip` can't be had without the start of its process. End to end: both are processes in the same
//! namespace that write JSON. Without the start: netsh's call in a script that runs already, beside `ip` less what the
//! same `ip` takes for one link.

use std::process::Command;
use std::time::Duration;

use super::contest::Contest;
use super::{Outcome, lab, machine};

const ROUNDS: usize = 30;

/// 500 pairs and lo; half of them with an address.
const LINKS: &str = r#"
    for i in 0..500 {
        veth_add(`a${i}`, `b${i}`);
        addr_add(`a${i}`, `10.${i / 250}.${i % 250}.1/24`);
    }
"#;

/// Runs the section.
pub fn run() -> Outcome<()> {
    let engine = lab::engine()?;
    lab::timed(&engine, LINKS)?;
    let process = |words: &[&str]| -> Outcome<Vec<Duration>> {
        Ok(vec![lab::timed_program(
            Command::new(words[0]).args(&words[1..]),
        )?])
    };
    let mut whole = Contest::new(["1001 links: a process that writes them as JSON"]);
    let show = "show(link_list())";
    whole.enter("`netsh --host --json -e 'show(link_list())'`", &[], || {
        process(&[lab::NETSH, "--host", "--json", "-e", show])
    });
    let mut call = Contest::new(["1001 links: the list alone"]);
    call.enter("netsh, `link_list()` in a script: maps", &[], || {
        Ok(vec![lab::timed(&engine, "link_list()")?])
    });
    if machine::has_ip() {
        whole.enter("`ip -j -s addr`", &[Some(1.0)], || {
            process(&["ip", "-j", "-s", "addr"])
        });
        whole.enter("`ip -j -d -s addr`, as much detail as netsh", &[], || {
            process(&["ip", "-j", "-d", "-s", "addr"])
        });
        call.enter(
            "`ip -j -s addr` less `ip -j -s addr show lo`: JSON",
            &[Some(1.0)],
            || {
                let all = process(&["ip", "-j", "-s", "addr"])?;
                let one = process(&["ip", "-j", "-s", "addr", "show", "lo"])?;
                Ok(vec![all[0].saturating_sub(one[0])])
            },
        );
    } else {
        whole.remark("Left out: iproute2 is not there.");
    }
    whole.run(ROUNDS)?;
    call.run(ROUNDS)?;
    lab::timed(&engine, "for i in 0..500 { link_del(`a${i}`); }")?;
    Ok(())
}
