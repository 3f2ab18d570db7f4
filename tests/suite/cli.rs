//! The command line: where a script comes from, what it gets, how netsh ends.

use libtest_mimic::Trial;

use crate::support::{User, Verdict, netsh, run, same, test};

/// The tests of this file.
pub fn trials() -> Vec<Trial> {
    [
        test("cli: code from -e", &[], code_from_the_command_line),
        test(
            "cli: code from standard input",
            &[],
            code_from_standard_input,
        ),
    ]
    .into_iter()
    .flatten()
    .collect()
}

fn code_from_the_command_line(user: User) -> Verdict {
    let output = netsh(user).args(["-e", "print(1 + 2)"]).output()?;
    same(String::from_utf8_lossy(&output.stdout).as_ref(), "3\n")
}

fn code_from_standard_input(user: User) -> Verdict {
    same(run(user, "print(6 * 7)")?.as_str(), "42\n")
}
