//! A flood of pings over a cable, beside `ping -f`: as many requests, one after the other, at the same link.
//!
//! Both send the next request when the reply has come, so that the time is that of the round trips and of what each of them does in
//! between. Process start is in the figure of ping, a few milliseconds of it.

use std::process::Command;

use super::contest::Contest;
use super::{Outcome, lab, machine};

const COUNT: u32 = 50_000;
const ROUNDS: usize = 12;

/// Runs the section.
pub fn run() -> Outcome<()> {
    let engine = lab::engine()?;
    let made = r#"
        let far = netns_add("far");
        veth_add("near0", "far0", #{ up: true, peer_netns: "far" });
        addr_add("near0", "10.0.0.1/24");
        far.link_up("far0");
        far.addr_add("far0", "10.0.0.2/24");
        ping("10.0.0.2", #{ count: 1, quiet: true });
    "#;
    lab::timed(&engine, made)?;
    let flood = format!(
        r#"
            let seen = ping("10.0.0.2", #{{ flood: true, count: {COUNT}, quiet: true }});
            assert(seen.received == {COUNT}, `${{seen.received}} replies`);
        "#
    );
    let mut contest = Contest::new([format!("A flood of {COUNT} pings over a veth")]);
    contest.enter("netsh, `ping(..., #{ flood: true })`", &[], || {
        Ok(vec![lab::timed(&engine, &flood)?])
    });
    if machine::has("ping", &["-V"]) {
        contest.enter("`ping -f -q`", &[Some(1.0)], || {
            let mut ping = Command::new("ping");
            ping.args(["-f", "-q", "-c", &COUNT.to_string(), "10.0.0.2"]);
            Ok(vec![lab::timed_program(&mut ping)?])
        });
    } else {
        contest.remark("Left out: ping is not there.");
    }
    contest.run(ROUNDS)?;
    lab::timed(&engine, r#"netns_del("far")"#)?;
    lab::settle(&engine)
}
