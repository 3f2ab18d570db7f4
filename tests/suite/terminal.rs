//! netsh on a terminal: Ctrl-C, Ctrl-Z, the size of the window, the background and interactive programs work as if there
//! were one process.

use std::os::unix::process::ExitStatusExt;
use std::process::Command;

use libtest_mimic::{Failed, Trial};
use nix::sys::signal::Signal;

use crate::folder::Folder;
use crate::process::{Mark, Process, shells, until};
use crate::pty::{CTRL_C, CTRL_Z, Pty};
use crate::support::{
    Need, User, Verdict, become_user, binary, netsh, same, search_path, test, test_named,
};

/// The tests of this file.
pub fn trials() -> Vec<Trial> {
    let mut trials: Vec<Trial> = ENDLESS
        .iter()
        .flat_map(|case| {
            let name = format!("terminal: Ctrl-C stops {}", case.what);
            test_named(&name, &[], move |user| ctrl_c(user, case))
        })
        .collect();
    trials.extend(
        [
            test(
                "terminal: SIGINT to the outer process alone",
                &[],
                sigint_alone,
            ),
            test(
                "terminal: a reader in the background stops",
                &[],
                background_reader,
            ),
            test(
                "terminal: its size and its changes reach programs",
                &[Need::Program("stty")],
                window_size,
            ),
            test(
                "terminal: it comes back from an interactive shell",
                &[],
                interactive_shell,
            ),
            test(
                "terminal: a signal ends all, and shows",
                &[],
                ended_by_signal,
            ),
            test("terminal: hanging up ends all", &[], hang_up),
            test("terminal: Ctrl-Z and fg", &[], ctrl_z),
            test(
                "terminal: Ctrl-Z and fg in a program",
                &[],
                ctrl_z_in_program,
            ),
            test(
                "terminal: Ctrl-Z without a shell",
                &[],
                ctrl_z_without_shell,
            ),
            test("terminal: SIGCONT alone", &[], sigcont_alone),
        ]
        .into_iter()
        .flatten(),
    );
    trials
}

/// What would go on for ever.
struct Endless {
    what: &'static str,
    code: &'static str,
    /// What the terminal shows when it has begun, if anything.
    begun: &'static str,
    /// The program that runs then.
    program: Option<&'static str>,
}

const ENDLESS: &[Endless] = &[
    Endless {
        what: "an empty loop",
        code: "loop {}",
        begun: "",
        program: None,
    },
    Endless {
        what: "a loop that catches everything",
        code: "loop { try { sleep(1000) } catch { print(\"swallowed\") } }",
        begun: "",
        program: None,
    },
    Endless {
        what: "sleep of a number",
        code: "sleep(1000)",
        begun: "",
        program: None,
    },
    Endless {
        what: "sleep of a fraction",
        code: "sleep(1000.5)",
        begun: "",
        program: None,
    },
    Endless {
        what: "sleep",
        code: "sleep(\"1000s\")",
        begun: "",
        program: None,
    },
    Endless {
        what: "wait_until",
        code: "wait_until(|| false, \"1000s\")",
        begun: "",
        program: None,
    },
    Endless {
        what: "a loop in a condition",
        code: "wait_until(|| { loop {} }, \"1000s\")",
        begun: "",
        program: None,
    },
    Endless {
        what: "a closure in another namespace",
        code: "netns_add(\"h1\").run(|| { print(\"in h1\"); sleep(\"1000s\") })",
        begun: "in h1",
        program: None,
    },
    Endless {
        what: "ping",
        code: "ping(\"127.0.0.1\", #{ count: 0, interval: \"100ms\" })",
        begun: "icmp_seq=2",
        program: None,
    },
    Endless {
        what: "ping that gets no answer",
        code: "veth_add(\"a\", \"b\", #{ up: true }); addr_add(\"a\", \"192.0.2.1/24\"); print(\"sending\"); \
               ping(\"192.0.2.2\", #{ count: 1, timeout: \"1000s\" })",
        begun: "sending",
        program: None,
    },
    Endless {
        what: "a shell command",
        code: "sh(\"sleep 1000\")",
        begun: "",
        program: Some("sleep"),
    },
    Endless {
        what: "a program",
        code: "exec(\"sleep\", [\"1000\"])",
        begun: "",
        program: Some("sleep"),
    },
    Endless {
        what: "a program in another namespace",
        code: "netns_add(\"h1\").exec(\"sleep\", [\"1000\"])",
        begun: "",
        program: Some("sleep"),
    },
    Endless {
        what: "a capture in which nothing is seen",
        code: "capture(#{ link: \"lo\" }).read()",
        begun: "",
        program: None,
    },
    Endless {
        what: "a closure under capture",
        code: "capture_during(|| sleep(1000))",
        begun: "",
        program: None,
    },
    Endless {
        what: "a program that is deaf to signals",
        code: "sh(\"trap '' INT TERM HUP; sleep 1000; sleep 1000\")",
        begun: "",
        program: Some("sleep"),
    },
];

fn ctrl_c(user: User, case: &Endless) -> Verdict {
    let code = format!(
        "print(\"ready\"); try {{ {} }} catch {{ print(\"swallowed\") }} print(\"went on\");",
        case.code
    );
    let mut command = netsh(user);
    command.args(["-e", &code]);
    let mark = Mark::on(&mut command);
    let mut terminal = Pty::start(command)?;
    terminal.expect("ready")?;
    terminal.expect(case.begun)?;
    if let Some(program) = case.program {
        mark.until_running(program)?;
    }
    terminal.keys(CTRL_C)?;
    same(terminal.end()?.code(), Some(130))?;
    same(terminal.written.contains("swallowed"), false)?;
    same(terminal.written.contains("went on"), false)?;
    mark.until_gone()
}

fn sigint_alone(user: User) -> Verdict {
    let mut command = netsh(user);
    command.args(["-e", "sh(\"echo ready; sleep 1000\"); print(\"went on\")"]);
    let mark = Mark::on(&mut command);
    let mut terminal = Pty::start(command)?;
    terminal.expect("ready")?;
    terminal.process().signal(Signal::SIGINT)?;
    same(terminal.end()?.code(), Some(130))?;
    same(terminal.written.contains("went on"), false)?;
    mark.until_gone()
}

/// A shell with job control on a terminal, which is to run `$NETSH -e "$CODE"`.
pub fn shell(user: User, code: &str) -> Result<(Pty, Mark, Folder), Failed> {
    let folder = Folder::new()?;
    let mut command = Command::new("/bin/sh");
    command
        .arg("-i")
        .current_dir(folder.path())
        .env("NETSH", binary())
        .env("CODE", code)
        .env("PATH", search_path())
        .env_remove("ENV")
        .env("LC_ALL", "C.UTF-8")
        .env("TERM", "xterm");
    become_user(&mut command, user);
    command.env("HOME", folder.path());
    let mark = Mark::on(&mut command);
    Ok((Pty::start(command)?, mark, folder))
}

/// Waits until all that runs under the shell is stopped: both processes of netsh and their programs.
///
/// The programs too, before another key is pressed: one that is reading the terminal takes what comes in between the
/// signal and its stop, and what was typed for the shell is gone.
pub fn until_stopped(terminal: &Pty, mark: &Mark) -> Result<Vec<Process>, Failed> {
    until_all(terminal, mark, 'T')
}

/// Waits until all of them are back where they wait for something. Not merely runnable: between the moment that a
/// process is continued and the moment that it runs, a signal acts as it would have before.
pub fn until_waiting(terminal: &Pty, mark: &Mark) -> Result<Vec<Process>, Failed> {
    until_all(terminal, mark, 'S')
}

fn until_all(terminal: &Pty, mark: &Mark, state: char) -> Result<Vec<Process>, Failed> {
    let job = || {
        let mut job = mark.processes();
        job.retain(|process| *process != terminal.process());
        job
    };
    let waited = until("", || {
        let job = job();
        let netsh = job.iter().filter(|process| process.name() == "netsh");
        let all = job.iter().all(|process| process.state() == Some(state));
        (netsh.count() == 2 && all).then_some(job)
    });
    waited.map_err(|_| format!("waited in vain for state {state} of all: {:#?}", job()).into())
}

/// Goes on when there is a module called `go`. No program runs meanwhile.
const WAITS: &str = r#"
    print("ready");
    loop { try { import "go" as found; break } catch { sleep("5ms") } }
    print("finished");
"#;

fn ctrl_z(user: User) -> Verdict {
    let (mut terminal, mark, folder) = shell(user, WAITS)?;
    terminal.keys("\"$NETSH\" -e \"$CODE\"; echo status=$?\n")?;
    terminal.expect("ready")?;
    for _ in 0..3 {
        terminal.keys(CTRL_Z)?;
        // 128 + SIGTSTP: what a shell says of any program that Ctrl-Z stopped.
        terminal.expect("status=148")?;
        until_stopped(&terminal, &mark)?;
        terminal.keys("fg; echo status=$?\n")?;
        until_waiting(&terminal, &mark)?;
    }
    folder.file("go.rhai", "")?;
    terminal.expect("finished")?;
    terminal.expect("status=0")?;
    terminal.keys("exit\n")?;
    terminal.end()?;
    mark.until_gone()
}

fn ctrl_z_in_program(user: User) -> Verdict {
    let code = "sh(\"echo ready; read line; echo got $line\"); print(\"finished\")";
    let (mut terminal, mark, _folder) = shell(user, code)?;
    terminal.keys("\"$NETSH\" -e \"$CODE\"; echo status=$?\n")?;
    terminal.expect("ready")?;
    terminal.keys(CTRL_Z)?;
    terminal.expect("status=148")?;
    until_stopped(&terminal, &mark)?;
    terminal.keys("fg; echo status=$?\n")?;
    until_waiting(&terminal, &mark)?;
    terminal.keys("this\n")?;
    terminal.expect("got this")?;
    terminal.expect("finished")?;
    terminal.expect("status=0")?;
    terminal.keys("exit\n")?;
    terminal.end()?;
    mark.until_gone()
}

fn sigcont_alone(user: User) -> Verdict {
    let (mut terminal, mark, folder) = shell(user, WAITS)?;
    terminal.keys("\"$NETSH\" -e \"$CODE\"\n")?;
    terminal.expect("ready")?;
    let outer = mark.running("netsh");
    let outer = outer
        .iter()
        .find(|process| !process.children().is_empty())
        .ok_or("no outer process")?;
    terminal.keys(CTRL_Z)?;
    until_stopped(&terminal, &mark)?;
    outer.signal(Signal::SIGCONT)?;
    until_waiting(&terminal, &mark)?;
    for process in mark.running("netsh") {
        process.signal(Signal::SIGSTOP)?;
    }
    until_stopped(&terminal, &mark)?;
    outer.signal(Signal::SIGCONT)?;
    until_waiting(&terminal, &mark)?;
    folder.file("go.rhai", "")?;
    terminal.expect("finished")?;
    until("the end of netsh", || {
        mark.running("netsh").is_empty().then_some(())
    })?;
    // The shell saw its job stop and may not know its end yet: it would refuse to exit.
    terminal.hang_up()?;
    mark.until_gone()
}

/// netsh leads the session itself, as the only program of a container or a window does: nobody could continue it.
fn ctrl_z_without_shell(user: User) -> Verdict {
    let folder = Folder::new()?;
    let mut command = netsh(user);
    command.args(["-e", WAITS]).current_dir(folder.path());
    let mut terminal = Pty::start(command)?;
    terminal.expect("ready")?;
    terminal.keys(CTRL_Z)?;
    terminal.expect("^Z")?;
    folder.file("go.rhai", "")?;
    terminal.expect("finished")?;
    same(terminal.end()?.code(), Some(0))
}

fn background_reader(user: User) -> Verdict {
    let code = "sh(\"echo ready; read line; echo got $line\"); print(\"finished\")";
    let (mut terminal, mark, _folder) = shell(user, code)?;
    terminal.keys("\"$NETSH\" -e \"$CODE\" &\n")?;
    terminal.expect("ready")?;
    until_stopped(&terminal, &mark)?;
    terminal.keys("fg; echo status=$?\n")?;
    until_waiting(&terminal, &mark)?;
    terminal.keys("this\n")?;
    terminal.expect("got this")?;
    terminal.expect("status=0")?;
    terminal.keys("exit\n")?;
    terminal.end()?;
    mark.until_gone()
}

fn window_size(user: User) -> Verdict {
    let code = "sh(\"trap 'stty size; exit 7' WINCH; stty size; echo ready; sleep 1000 & wait\")";
    let mut command = netsh(user);
    command.args(["-e", &format!("print(`status ${{{code}}}`)")]);
    let mut terminal = Pty::start(command)?;
    terminal.expect("24 80")?;
    terminal.expect("ready")?;
    terminal.resize(33, 77)?;
    terminal.expect("33 77")?;
    terminal.expect("status 7")?;
    same(terminal.end()?.code(), Some(0))
}

fn interactive_shell(user: User) -> Verdict {
    let code = "sh(\"sh -i\"); sh(\"echo back; read line; echo got $line\"); print(\"again\"); sleep(\"1000s\")";
    let mut command = netsh(user);
    command
        .args(["-e", code])
        .env_remove("ENV")
        .env("PS1", "prompt: ");
    let mark = Mark::on(&mut command);
    let mut terminal = Pty::start(command)?;
    // A job of the shell inside, in a process group of its own.
    terminal.keys("sleep 1000\n")?;
    mark.until_running("sleep")?;
    terminal.keys(CTRL_C)?;
    terminal.keys("echo in$((40 + 2))side\n")?;
    terminal.expect("in42side")?;
    terminal.keys("exit\n")?;
    terminal.expect("back")?;
    terminal.keys("this\n")?;
    terminal.expect("got this")?;
    terminal.expect("again")?;
    terminal.keys(CTRL_C)?;
    same(terminal.end()?.code(), Some(130))?;
    mark.until_gone()
}

fn ended_by_signal(user: User) -> Verdict {
    for signal in [
        Signal::SIGTERM,
        Signal::SIGHUP,
        Signal::SIGQUIT,
        Signal::SIGUSR1,
    ] {
        let mut command = netsh(user);
        command.args(["-e", "sh(\"echo ready; sleep 1000 & setsid sleep 1000\")"]);
        let mark = Mark::on(&mut command);
        let mut terminal = Pty::start(command)?;
        terminal.expect("ready")?;
        terminal.process().signal(signal)?;
        let status = terminal.end()?;
        same(status.signal(), Some(signal as i32))?;
        same(shells(status), Some(128 + signal as i32))?;
        mark.until_gone()?;
    }
    Ok(())
}

fn hang_up(user: User) -> Verdict {
    let mut command = netsh(user);
    command.args([
        "-e",
        "sh(\"echo ready; nohup sleep 1000 >/dev/null & sleep 1000\")",
    ]);
    let mark = Mark::on(&mut command);
    let mut terminal = Pty::start(command)?;
    terminal.expect("ready")?;
    let status = terminal.hang_up()?;
    same(status.signal(), Some(Signal::SIGHUP as i32))?;
    mark.until_gone()
}
