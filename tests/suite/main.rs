//! The tests of the program: every one runs the real binary, in a sandbox of its own, and looks at what it made through a
//! second path (`ip -j`, /proc). Run as root they run it as an ordinary user too.
//!
//! A test that this machine can't run (no iproute2, no user namespaces) is ignored with the reason, and counted. With
//! NETSH_REQUIRE_NETNS=1, as in CI, it fails instead.

mod addresses;
mod attach;
mod bridges;
mod calls;
mod capture;
mod capture_files;
mod cli;
mod commands;
mod completion;
mod conntrack;
mod crafting;
mod doctor;
mod documents;
mod durations;
mod errors;
mod events;
mod examples;
mod explain;
mod folder;
mod golden;
mod kinds;
mod labs;
mod leftovers;
mod links;
mod machine;
mod manual;
mod memory;
mod namespaces;
mod neighbours;
mod netlink;
mod nft;
mod odd_input;
mod pinging;
mod process;
mod programs;
mod prompt;
mod pty;
mod readme;
mod refusals;
mod routes;
mod sandbox;
mod scapy;
mod screen;
mod second_path;
mod servers;
mod show;
mod support;
mod sysctls;
mod terminal;
mod throughput;
mod topology;
mod trace;
mod traceroute;
mod traffic;
mod tuntap;
mod why;
mod world;
mod wrong_input;

use std::sync::Arc;
use std::sync::atomic::AtomicBool;

use libtest_mimic::{Arguments, Trial};
use signal_hook::consts::{SIGHUP, SIGINT, SIGQUIT};
use signal_hook::flag::{register, register_conditional_shutdown};

fn main() {
    let in_worlds = [attach::IN_WORLDS, leftovers::IN_WORLDS].concat();
    if let Some(status) = world::ended(&in_worlds) {
        std::process::exit(status);
    }
    obey_the_keyboard();
    let mut arguments = Arguments::from_args();
    // Most of the time they wait for the kernel: to take a namespace down, for an answer that doesn't come.
    let processors = std::thread::available_parallelism().map_or(1, usize::from);
    arguments.test_threads.get_or_insert(4 * processors);
    let trials: Vec<Trial> = [
        addresses::trials(),
        attach::trials(),
        bridges::trials(),
        calls::trials(),
        capture::trials(),
        capture_files::trials(),
        cli::trials(),
        commands::trials(),
        completion::trials(),
        conntrack::trials(),
        crafting::trials(),
        doctor::trials(),
        documents::trials(),
        errors::trials(),
        events::trials(),
        examples::trials(),
        explain::trials(),
        golden::trials(),
        kinds::trials(),
        labs::trials(),
        leftovers::trials(),
        links::trials(),
        manual::trials(),
        memory::trials(),
        namespaces::trials(),
        neighbours::trials(),
        netlink::trials(),
        nft::trials(),
        odd_input::trials(),
        pinging::trials(),
        programs::trials(),
        prompt::trials(),
        readme::trials(),
        refusals::trials(),
        routes::trials(),
        sandbox::trials(),
        scapy::trials(),
        show::trials(),
        sysctls::trials(),
        terminal::trials(),
        throughput::trials(),
        traceroute::trials(),
        servers::trials(),
        traffic::trials(),
        topology::trials(),
        trace::trials(),
        tuntap::trials(),
        why::trials(),
        wrong_input::trials(),
    ]
    .into_iter()
    .flatten()
    .collect();
    let conclusion = libtest_mimic::run(&arguments, trials);
    durations::tell();
    conclusion.exit();
}

/// A shell starts what stands before a `&` with the signals of the keyboard ignored, and all that we start would inherit it. What
/// is handled here is not ignored there.
fn obey_the_keyboard() {
    for signal in [SIGINT, SIGQUIT] {
        register_conditional_shutdown(signal, 128 + signal, Arc::new(AtomicBool::new(true)))
            .expect("a signal that can be handled");
    }
    // And nohup has what it starts outlive the terminal: we still do.
    if is_ignored(SIGHUP) {
        register(SIGHUP, Arc::default()).expect("a signal that can be handled");
    }
}

/// Whether we were started with a signal ignored (proc(5), `SigIgn` of /proc/self/status).
fn is_ignored(signal: i32) -> bool {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let mut lines = status.lines();
    let mask = lines.find_map(|line| line.strip_prefix("SigIgn:"));
    let mask = mask.and_then(|mask| u64::from_str_radix(mask.trim(), 16).ok());
    mask.is_some_and(|mask| mask & 1 << (signal - 1) != 0)
}
