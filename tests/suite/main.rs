//! The tests of the program: every one runs the real binary, in a sandbox of its own, and looks at what it made through a
//! second path (`ip -j`, /proc). Run as root they run it as an ordinary user too.
//!
//! A test that this machine can't run (no iproute2, no user namespaces) is ignored with the reason, and counted. With
//! NETSH_REQUIRE_NETNS=1, as in CI, it fails instead.

mod addresses;
mod cli;
mod commands;
mod errors;
mod examples;
mod golden;
mod labs;
mod links;
mod namespaces;
mod neighbours;
mod netlink;
mod odd_input;
mod pinging;
mod programs;
mod readme;
mod sandbox;
mod show;
mod support;
mod sysctls;

use libtest_mimic::{Arguments, Trial};

fn main() {
    let arguments = Arguments::from_args();
    let trials: Vec<Trial> = [
        addresses::trials(),
        cli::trials(),
        commands::trials(),
        errors::trials(),
        examples::trials(),
        golden::trials(),
        labs::trials(),
        links::trials(),
        namespaces::trials(),
        neighbours::trials(),
        netlink::trials(),
        odd_input::trials(),
        pinging::trials(),
        programs::trials(),
        readme::trials(),
        sandbox::trials(),
        show::trials(),
        sysctls::trials(),
    ]
    .into_iter()
    .flatten()
    .collect();
    libtest_mimic::run(&arguments, trials).exit();
}
