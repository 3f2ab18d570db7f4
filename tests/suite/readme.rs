//! The README, held to its word: each command of its sessions is run, and has to print what stands below it.

use std::os::unix::fs::PermissionsExt;
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::Command;

use libtest_mimic::{Failed, Trial};
use snapbox::Assert;

use crate::pty::Pty;
use crate::support::{Need, User, Verdict, netsh, redactions, same, test};

const BASH: &[Need] = &[Need::Program("bash")];

/// The tests of this file.
pub fn trials() -> Vec<Trial> {
    let mut trials = test("readme: the sessions are real", BASH, sessions_are_real);
    trials.extend(test("readme: no verb is missing", &[], no_verb_is_missing));
    trials
}

fn no_verb_is_missing(_: User) -> Verdict {
    let text = read_me()?;
    let catalog = netsh::script::catalog();
    let entries = catalog.entries().iter();
    let missing: Vec<String> = entries
        .map(|entry| match &entry.receiver {
            Some(_) => format!("`{}(", entry.path()),
            None => format!("`{}`", entry.path()),
        })
        .filter(|name| !text.contains(name))
        .collect();
    same(missing, Vec::new())
}

fn read_me() -> std::io::Result<String> {
    std::fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("README.md"))
}

/// A command and what it prints.
struct Step {
    command: String,
    output: String,
}

fn sessions_are_real(user: User) -> Verdict {
    let text = read_me()?;
    let steps = steps(&text);
    if steps.len() < 4 {
        return Err("the README has hardly any sessions".into());
    }
    let folder = tempfile::tempdir()?;
    let mut real = String::new();
    let mut written = String::new();
    for step in &steps {
        written += &format!("$ {}\n{}", step.command, step.output);
        let printed = match step.command.strip_prefix("cat ") {
            Some(file) => {
                std::fs::write(folder.path().join(file), &step.output)?;
                step.output.clone()
            }
            None if step.command == "netsh" => at_the_prompt(user, folder.path(), &step.output)?,
            None => run(user, folder.path(), &step.command)?,
        };
        real += &format!("$ {}\n{printed}", step.command);
    }
    Assert::new()
        .redact_with(redactions()?)
        .try_eq(Some(&"README.md"), real.into(), blurred(&written)?.into())
        .map_err(|difference| Failed::from(difference.to_string()))
}

/// What was measured when the README was written differs as well.
fn blurred(text: &str) -> Result<String, Failed> {
    Ok(redactions()?.redact(text))
}

fn steps(readme: &str) -> Vec<Step> {
    let mut steps: Vec<Step> = Vec::new();
    let mut inside = false;
    for line in readme.lines() {
        if line.starts_with("```") {
            inside = line == "```console";
        } else if let (true, Some(command)) = (inside, line.strip_prefix("$ ")) {
            steps.push(Step {
                command: command.into(),
                output: String::new(),
            });
        } else if let (true, Some(step)) = (inside, steps.last_mut()) {
            step.output += &format!("{line}\n");
        }
    }
    steps
}

/// A session at the prompt: types what stands behind each prompt, and gives all that the terminal shows.
fn at_the_prompt(user: User, folder: &Path, session: &str) -> Result<String, Failed> {
    let mut command = netsh(user);
    // The plainest of terminals: what it shows is what is written.
    command
        .current_dir(folder)
        .env("TERM", "cons25")
        .env("NO_COLOR", "1");
    command.env("HOME", folder);
    allow(folder, user)?;
    let mut terminal = Pty::start(command)?;
    for line in session.lines() {
        let Some((place, input)) = line.split_once("> ") else {
            continue;
        };
        if place.starts_with("sandbox:") {
            terminal.expect(&format!("{place}> "))?;
            terminal.keys(&format!("{input}\n"))?;
        }
    }
    same(terminal.end()?.code(), Some(0))?;
    Ok(terminal.written.replace("\r\n", "\n"))
}

/// Lets the user write in the folder.
fn allow(folder: &Path, user: User) -> Verdict {
    if user == User::Nobody {
        std::fs::set_permissions(folder, PermissionsExt::from_mode(0o777))?;
    }
    Ok(())
}

/// The shell runs as the tests' own user and starts netsh as `user`.
fn run(user: User, folder: &Path, command: &str) -> Result<String, Failed> {
    let command = command
        .strip_prefix("netsh ")
        .ok_or("a README's command is not netsh")?;
    let binary = netsh(user);
    let mut shell = Command::new("bash");
    shell
        .arg("-c")
        .arg(format!("exec {} {command}", binary.get_program().display()))
        .current_dir(folder)
        .env("LC_ALL", "C.UTF-8");
    if user == User::Nobody {
        allow(folder, user)?;
        shell
            .uid(crate::support::NOBODY)
            .gid(crate::support::NOBODY);
    }
    let output = shell.output()?;
    Ok(String::from_utf8_lossy(&[output.stdout, output.stderr].concat()).into_owned())
}
