//! Tests of the layers below the script (`kernel`, `lab`) on the real kernel.
//!
//! A user namespace can only be entered by a process with one thread, so this binary enters the sandbox before its harness
//! starts; each test then has a thread and a network namespace of its own. The tests of the program are in `tests/suite`.

mod bridge;
mod capturing;
mod connection;
mod filter;
mod inverses;
mod listening;
mod namespaces;
mod nft;
mod support;
mod traffic;

use libtest_mimic::Arguments;
use netsh::lab::sandbox;

fn main() {
    let arguments = Arguments::from_args();
    // A list is only names: it needs no sandbox, and wants no second process.
    let sandboxed = match arguments.list {
        true => Ok(()),
        false => sandbox::enter(),
    };
    let refusal = sandboxed.err().map(|refusal| refusal.cause);
    let trials = [
        bridge::tests(),
        capturing::tests(),
        connection::tests(),
        filter::tests(),
        inverses::tests(),
        listening::tests(),
        namespaces::tests(),
        nft::tests(),
        traffic::tests(),
    ];
    let trials = trials.into_iter().flatten();
    let trials = trials
        .map(|test| test.into_trial(refusal.clone()))
        .collect();
    libtest_mimic::run(&arguments, trials).exit();
}
