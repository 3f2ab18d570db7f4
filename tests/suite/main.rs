//! The tests of the program: every one runs the real binary, in a sandbox of its own, and looks at what it made through a
//! second path (`ip -j`, /proc). Run as root they run it as an ordinary user too.
//!
//! A test that this machine can't run (no iproute2, no user namespaces) is ignored with the reason, and counted. With
//! NETSH_REQUIRE_NETNS=1, as in CI, it fails instead.

mod addresses;
mod attach;
mod calls;
mod cli;
mod commands;
mod completion;
mod documents;
mod errors;
mod examples;
mod explain;
mod folder;
mod golden;
mod labs;
mod leftovers;
mod links;
mod machine;
mod manual;
mod namespaces;
mod neighbours;
mod netlink;
mod odd_input;
mod pinging;
mod process;
mod programs;
mod prompt;
mod pty;
mod readme;
mod refusals;
mod sandbox;
mod screen;
mod second_path;
mod show;
mod support;
mod sysctls;
mod terminal;
mod world;

use libtest_mimic::{Arguments, Trial};

fn main() {
    let in_worlds = [attach::IN_WORLDS, leftovers::IN_WORLDS].concat();
    if let Some(status) = world::ended(&in_worlds) {
        std::process::exit(status);
    }
    let arguments = Arguments::from_args();
    let trials: Vec<Trial> = [
        addresses::trials(),
        attach::trials(),
        calls::trials(),
        cli::trials(),
        commands::trials(),
        completion::trials(),
        documents::trials(),
        errors::trials(),
        examples::trials(),
        explain::trials(),
        golden::trials(),
        labs::trials(),
        leftovers::trials(),
        links::trials(),
        manual::trials(),
        namespaces::trials(),
        neighbours::trials(),
        netlink::trials(),
        odd_input::trials(),
        pinging::trials(),
        programs::trials(),
        prompt::trials(),
        readme::trials(),
        refusals::trials(),
        sandbox::trials(),
        show::trials(),
        sysctls::trials(),
        terminal::trials(),
    ]
    .into_iter()
    .flatten()
    .collect();
    libtest_mimic::run(&arguments, trials).exit();
}
