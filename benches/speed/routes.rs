//! 10 000 routes added and listed, and 10 000 forwarding entries of a bridge listed.
//!
//! netsh is measured inside this process, from a script's text to its end; its lists are maps that a script can use. `ip` and
//! `bridge` can't be had without the start of their process, which is in their figures, and print JSON.
//!
//! Routes are added in two ways: one verb after the other, each of which knows when it is back that its route is there, and with
//! one verb for all, whose messages go out together. The raw socket sends what the former sends, prepared beforehand: less than
//! that the kernel does not take for routes sent one by one.

use std::process::Command;
use std::time::{Duration, Instant};

use super::contest::Contest;
use super::raw::RawSocket;
use super::{Outcome, lab, machine, raw};

const COUNT: usize = 10_000;
const ROUNDS: usize = 12;

const LINKS: &str = r#"
    veth_add("a", "b", #{ up: true });
    addr_add("a", "192.168.0.1/24");
    link_add("br0", "bridge", #{ up: true });
    veth_add("port", "host", #{ up: true });
    link_set("port", #{ master: "br0" });
    let digits = |n| { let text = n.to_hex(); if n < 16 { "0" + text } else { text } };
    for n in 0..10000 {
        fdb_add("port", `02:00:00:00:${digits.call(n / 256)}:${digits.call(n % 256)}`, #{ master: true, state: "static" });
    }
"#;

/// The routes that are added, by what is said of them.
const SAID: [(&str, &str, &str); 2] = [
    (
        "via a router",
        r#"#{ via: "192.168.0.2", table: 100 }"#,
        "via 192.168.0.2 table 100",
    ),
    (
        "via a router, by a link",
        r#"#{ via: "192.168.0.2", dev: "a", table: 100 }"#,
        "via 192.168.0.2 dev a table 100",
    ),
];

/// Runs the section.
pub fn run() -> Outcome<()> {
    let engine = lab::engine()?;
    lab::timed(&engine, LINKS)?;
    let socket = RawSocket::open()?;
    let aim = [Some(0.5)];
    let flush = || lab::timed(&engine, "route_flush(#{ table: 100 })");
    for (what, options, words) in SAID {
        let network = "`10.${i / 250}.${i % 250}.0/24`";
        let code = format!("for i in 0..{COUNT} {{ route_add({network}, {options}); }}");
        let at_once = format!(
            "let all = []; for i in 0..{COUNT} {{ all.push({network}); }} route_add(all, {options});"
        );
        let messages = sent_by(&engine, &code)?;
        flush()?;
        let lines: String = (0..COUNT)
            .map(|i| format!("route add 10.{}.{}.0/24 {words}\n", i / 250, i % 250))
            .collect();
        let netsh = |code: &str| -> Outcome<Vec<Duration>> {
            let took = lab::timed(&engine, code)?;
            flush()?;
            Ok(vec![took])
        };
        let ip = || -> Outcome<Vec<Duration>> {
            let mut command = Command::new("ip");
            command.args(["-batch", "-"]);
            let took = lab::timed_with_input(&mut command, &lines)?;
            flush()?;
            Ok(vec![took])
        };
        let raw = || -> Outcome<Vec<Duration>> {
            let start = Instant::now();
            let mut messages = messages.iter();
            messages.try_for_each(|message| socket.exchange(message))?;
            let took = start.elapsed();
            flush()?;
            Ok(vec![took])
        };
        let mut contest = Contest::new([format!("{COUNT} routes added one by one, {what}")]);
        contest.enter("netsh, a `route_add` for each", &[], || netsh(&code));
        contest.enter("raw socket, the same bytes", &[], raw);
        let mut together = Contest::new([format!("{COUNT} routes added at once, {what}")]);
        together.enter("netsh, one `route_add` for all", &[], || netsh(&at_once));
        if machine::has_ip() {
            contest.enter("`ip -batch`, one process", &aim, ip);
            together.enter("`ip -batch`, one process", &aim, ip);
        }
        contest.run(ROUNDS)?;
        together.run(ROUNDS)?;
        lab::timed(&engine, &code)?;
        if what == SAID[0].0 {
            listed(&engine)?;
        }
        flush()?;
    }
    lab::timed(
        &engine,
        r#"link_del("a"); link_del("port"); link_del("br0");"#,
    )?;
    Ok(())
}

/// The messages that netsh sends for a script.
fn sent_by(engine: &rhai::Engine, code: &str) -> Outcome<Vec<Vec<u8>>> {
    let (result, sent) = raw::recorded(|| lab::timed(engine, code));
    result.map(|_| sent)
}

fn listed(engine: &rhai::Engine) -> Outcome<()> {
    let process = |words: &[&str]| -> Outcome<Vec<Duration>> {
        let took = lab::timed_program(Command::new(words[0]).args(&words[1..]))?;
        Ok(vec![took])
    };
    let aim = [Some(1.0)];
    let mut routes = Contest::new([format!("{COUNT} routes listed")]);
    routes.enter("netsh, `route_list` in a script: maps", &[], || {
        Ok(vec![lab::timed(engine, "route_list(#{ table: 100 })")?])
    });
    let mut entries = Contest::new([format!("{COUNT} forwarding entries listed")]);
    entries.enter("netsh, `fdb_list` in a script: maps", &[], || {
        Ok(vec![lab::timed(engine, r#"fdb_list(#{ br: "br0" })"#)?])
    });
    if machine::has_ip() {
        let ip = ["ip", "-j", "route", "show", "table", "100"];
        routes.enter("`ip -j route`, the process", &aim, move || process(&ip));
        let bridge = ["bridge", "-j", "fdb", "show", "br", "br0"];
        entries.enter("`bridge -j fdb`, the process", &aim, move || {
            process(&bridge)
        });
    }
    routes.run(ROUNDS)?;
    entries.run(ROUNDS)
}
