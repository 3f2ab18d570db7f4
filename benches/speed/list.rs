//! 1000 links with their counters and addresses, listed.
//!
//! `ip` can't be had without the start of its process, and what a script does with a list is not to print it. So there
//! are two comparisons. First what each is for: netsh's list in a script that runs already, made into maps, beside `ip`
//! from fork to exit, its JSON printed; and beside the same less the time that `ip` takes to print one link alone.
//! Then the same thing done by both: a process that prints all links as JSON. And at last the same links as ports of a bridge:
//! then each has some thirty settings of its own to tell.

use std::process::Command;
use std::time::Duration;

use rhai::Engine;

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

const IP: [&str; 4] = ["ip", "-j", "-s", "addr"];

/// Runs the section.
pub fn run() -> Outcome<()> {
    let engine = lab::engine()?;
    lab::timed(&engine, LINKS)?;
    let process = |words: &[&str]| -> Outcome<Vec<Duration>> {
        Ok(vec![lab::timed_program(
            Command::new(words[0]).args(&words[1..]),
        )?])
    };
    let mut list = Contest::new(["1001 links, listed"]);
    list.enter("netsh, `link_list()` in a script: maps", &[], || {
        Ok(vec![lab::timed(&engine, "link_list()")?])
    });
    let mut whole = Contest::new(["1001 links: a process that prints them as JSON"]);
    let show = "show(link_list())";
    whole.enter("`netsh --host --json -e 'show(link_list())'`", &[], || {
        process(&[lab::NETSH, "--host", "--json", "-e", show])
    });
    if machine::has_ip() {
        let aim = [Some(1.0)];
        list.enter("`ip -j -s addr`, the process", &aim, || process(&IP));
        list.enter("`ip -j -s addr` less `ip -j -s addr show lo`", &aim, || {
            let all = process(&IP)?;
            let one = process(&["ip", "-j", "-s", "addr", "show", "lo"])?;
            Ok(vec![all[0].saturating_sub(one[0])])
        });
        whole.enter("`ip -j -s addr`", &[], || process(&IP));
        let detailed = ["ip", "-j", "-d", "-s", "addr"];
        whole.enter("`ip -j -d -s addr`, in as much detail", &[], move || {
            process(&detailed)
        });
    } else {
        list.remark("Left out: iproute2 is not there.");
    }
    list.run(ROUNDS)?;
    whole.run(ROUNDS)?;
    ports(&engine)?;
    lab::timed(&engine, "for i in 0..500 { link_del(`a${i}`); }")?;
    Ok(())
}

/// What a script gets of each link is what `ip -j -d -s addr` prints of it; `ip -j -d link` leaves counters and addresses out.
fn ports(engine: &Engine) -> Outcome<()> {
    let enslave = r#"
        link_add("br0", "bridge");
        for i in 0..500 { link_set(`a${i}`, #{ master: "br0" }); link_set(`b${i}`, #{ master: "br0" }); }
    "#;
    lab::timed(engine, enslave)?;
    let mut contest = Contest::new(["1000 ports of a bridge, listed with their settings"]);
    contest.enter("netsh, `link_list()` in a script: maps", &[], || {
        Ok(vec![lab::timed(engine, "link_list()")?])
    });
    if machine::has_ip() {
        let commands: [&[&str]; 2] = [
            &["ip", "-j", "-d", "-s", "addr"],
            &["ip", "-j", "-d", "link"],
        ];
        for words in commands {
            let name = format!("`{}`, the process", words.join(" "));
            contest.enter(name, &[Some(1.0)], move || {
                let mut command = Command::new(words[0]);
                Ok(vec![lab::timed_program(command.args(&words[1..]))?])
            });
        }
    }
    contest.run(ROUNDS)?;
    lab::timed(engine, r#"link_del("br0")"#)?;
    Ok(())
}
