//! `netsh attach`: finding sandboxes that run, joining one with a command or a shell, and what passes between the two
//! terminals. That the command is where it should be is seen from outside, by its namespaces, and by /proc in there.

use std::io::{BufRead, BufReader, Write};
use std::os::unix::fs::PermissionsExt;
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};

use libtest_mimic::{Failed, Trial};
use nix::sys::signal::Signal;

use crate::folder::Folder;
use crate::process::{Mark, Process, end_of, shells, until};
use crate::pty::{CTRL_C, CTRL_Z, Pty};
use crate::support::{
    NOBODY, Need, Ran, User, Verdict, become_user, binary, has, is_root, netsh, same, search_path,
    test,
};
use crate::world::{self, Body};

/// The tests of this file that run in a world of their own, where no other sandbox is.
pub const IN_WORLDS: &[Body] = &[("attach: none, one and several sandboxes", how_many)];

/// The tests of this file.
pub fn trials() -> Vec<Trial> {
    let ip: &[Need] = &[Need::Program("ip")];
    let stty: &[Need] = &[Need::Program("stty")];
    let bash: &[Need] = &[Need::Program("bash")];
    let mut trials: Vec<Trial> = [
        test("attach: the list tells of a sandbox", &[], listed),
        test("attach: the list knows a prompt", &[], listed_prompt),
        test("attach: a command is in the sandbox", &[], inside),
        test("attach: what it changes the script sees", ip, changes),
        test("attach: in a named namespace", &[], named),
        test("attach: names that are not there", &[], names_unknown),
        test("attach: exit statuses", &[], exit_statuses),
        test("attach: wrong processes", &[], wrong_processes),
        test("attach: the user's shell", &[], users_shell),
        test("attach: the working directory", &[], working_directory),
        test("attach: root joins as the owner", &[], as_owner),
        test("attach: signals pass on", &[], signals),
        test("attach: kill -9 ends the command", &[], killed),
        test("attach: the sandbox ends meanwhile", stty, sandbox_ends),
        test(
            "attach: a stopped one holds no sandbox up",
            &[],
            ends_while_stopped,
        ),
        test("attach: Ctrl-C, Ctrl-Z and fg", &[], keys),
        test("attach: a shell gives the terminal back", bash, interactive),
    ]
    .into_iter()
    .flatten()
    .collect();
    trials.extend(world::trials(IN_WORLDS));
    trials
}

/// A lab that goes on until it is told to end, and then says which links there are.
const LAB: &str = r#"
    netns_add("h1");
    veth_add("a", "b", #{ peer_netns: "h1" });
    print("ready");
    sh("read line");
    for link in link_list() { print(`link ${link.name}`); }
"#;

/// A sandbox with the lab in it.
struct Running {
    child: Child,
    input: Option<ChildStdin>,
    lines: BufReader<ChildStdout>,
    mark: Mark,
}

impl Running {
    fn start(user: User) -> Result<Running, Failed> {
        let mut command = netsh(user);
        command
            .args(["-e", LAB, "word"])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped());
        let mark = Mark::on(&mut command);
        let mut child = command.spawn()?;
        let input = child.stdin.take();
        let output = child.stdout.take().ok_or("no output to read")?;
        let mut lines = BufReader::new(output);
        let mut line = String::new();
        lines.read_line(&mut line)?;
        same(line.as_str(), "ready\n")?;
        Ok(Running {
            child,
            input,
            lines,
            mark,
        })
    }

    fn pid(&self) -> String {
        self.child.id().to_string()
    }

    fn inner(&self) -> Result<Process, Failed> {
        let inner = Process::of(&self.child).children().first().copied();
        Ok(inner.ok_or("no inner process")?)
    }

    /// Lets the script go on, and returns what it prints.
    fn end(&mut self) -> Result<String, Failed> {
        drop(self.input.take());
        // Before it is read to the end: of this the test gives up to wait.
        same(end_of(&mut self.child)?.code(), Some(0))?;
        Ok(std::io::read_to_string(&mut self.lines)?)
    }
}

/// Its number, as text.
fn number(process: Process) -> String {
    let shown = format!("{process:?}");
    shown.split(' ').next().unwrap_or_default().into()
}

/// `netsh attach ARGUMENTS`.
fn attach(user: User, arguments: &[&str]) -> Result<Ran, Failed> {
    Ok(netsh(user).arg("attach").args(arguments).output()?.into())
}

/// `netsh attach PID -- sh -c SCRIPT`.
fn attach_sh(user: User, lab: &Running, script: &str) -> Result<Ran, Failed> {
    attach(user, &[&lab.pid(), "--", "sh", "-c", script])
}

/// A refusal: no more than a message with these words.
fn refused(ran: &Ran, words: &[&str]) -> Verdict {
    same((ran.status, ran.stdout.as_str()), (Some(1), ""))?;
    words.iter().try_for_each(|part| has(&ran.stderr, part))
}

fn listed(user: User) -> Verdict {
    let mut lab = Running::start(user)?;
    let pid = lab.pid();
    let row = |table: &str| -> Option<String> {
        let of_lab = |line: &&str| line.split_whitespace().next() == Some(pid.as_str());
        table.lines().find(of_lab).map(Into::into)
    };
    let all = attach(user, &["--list"])?.ok()?;
    let found = row(&all).ok_or_else(|| format!("no {pid} in {all}"))?;
    let cells: Vec<&str> = found.split("  ").filter(|cell| !cell.is_empty()).collect();
    let [_, owner, age, runs, namespaces] = cells.as_slice() else {
        return Err(format!("not five cells: {cells:?}").into());
    };
    let uid = match user {
        User::Myself => nix::unistd::geteuid(),
        User::Nobody => NOBODY.into(),
    };
    let name = nix::unistd::User::from_uid(uid)?.map_or(uid.to_string(), |user| user.name);
    same((*owner).trim(), name.as_str())?;
    same(age.trim().ends_with('s'), true)?;
    has(runs, "-e netns_add(\"h1\"); veth_add(")?;
    same(namespaces.trim(), "h1")?;
    if is_root() {
        // Root sees all, an ordinary user only its own.
        same(
            row(&attach(User::Myself, &["--list"])?.stdout).is_some(),
            true,
        )?;
        let seen = row(&attach(User::Nobody, &["--list"])?.stdout).is_some();
        same(seen, user == User::Nobody)?;
    }
    lab.end()?;
    same(row(&attach(user, &["--list"])?.stdout), None)
}

fn listed_prompt(user: User) -> Verdict {
    let folder = Folder::new()?;
    let mut command = netsh(user);
    command
        .env("HOME", folder.path())
        .env_remove("XDG_STATE_HOME");
    let mark = Mark::on(&mut command);
    let terminal = Pty::start(command)?;
    let pid = number(terminal.process());
    let row = until("the prompt in the list", || {
        let table = attach(user, &["--list"]).ok()?.stdout;
        let of_prompt = |line: &&str| line.split_whitespace().next() == Some(pid.as_str());
        table.lines().find(of_prompt).map(String::from)
    })?;
    has(&row, "  the prompt")?;
    drop(terminal);
    mark.until_gone()
}

fn inside(user: User) -> Verdict {
    let mut lab = Running::start(user)?;
    let inner = lab.inner()?;
    let kinds = ["net", "mnt", "pid", "user"];
    let wanted: Vec<_> = kinds.iter().map(|kind| inner.namespace(kind)).collect();
    let script = "for kind in net mnt pid user; do readlink /proc/self/ns/$kind; done; \
                  cut -d: -f1 /proc/self/net/dev | tail -n +3; id -u; cat /proc/1/comm; echo $PPID";
    let by_outer = attach_sh(user, &lab, script)?.ok()?;
    let mut lines = by_outer.lines();
    let found: Vec<_> = lines.by_ref().take(4).map(|it| Some(it.into())).collect();
    same(found, wanted)?;
    let rest: Vec<&str> = lines.map(str::trim).collect();
    let mut links: Vec<&str> = rest.iter().take(2).copied().collect();
    links.sort_unstable();
    same(links, vec!["a", "lo"])?;
    // The parent is outside.
    same(rest[2..].to_vec(), vec!["0", "netsh", "0"])?;
    // The number of the inner process serves as well.
    let by_inner = attach(user, &[&number(inner), "--", "sh", "-c", script])?.ok()?;
    same(by_inner, by_outer)?;
    lab.end().map(drop)
}

fn changes(user: User) -> Verdict {
    let mut lab = Running::start(user)?;
    let ip = [
        "ip", "link", "add", "c", "type", "veth", "peer", "name", "d",
    ];
    let pid = lab.pid();
    let words = [&[pid.as_str(), "--"], &ip[..]].concat();
    attach(user, &words)?.ok()?;
    let printed = lab.end()?;
    for link in ["a", "c", "d"] {
        has(&printed, &format!("link {link}\n"))?;
    }
    Ok(())
}

fn named(user: User) -> Verdict {
    let mut lab = Running::start(user)?;
    // Beside the links stands a file of the module for bonds, where that is loaded.
    let list = "ls --hide=bonding_masters /sys/class/net";
    let script = format!("cut -d: -f1 /proc/self/net/dev | tail -n +3 | tr -d ' ' | sort; {list}");
    let words = [&lab.pid(), "--netns", "h1", "--", "sh", "-c", &script];
    same(attach(user, &words)?.ok()?.as_str(), "b\nlo\nb\nlo\n")?;
    // /sys in the sandbox itself is as it was.
    same(attach_sh(user, &lab, list)?.ok()?.as_str(), "a\nlo\n")?;
    lab.end().map(drop)
}

fn names_unknown(user: User) -> Verdict {
    let mut lab = Running::start(user)?;
    let pid = lab.pid();
    let netns = |name: &str| attach(user, &[&pid, "--netns", name, "--", "echo", "here"]);
    refused(
        &netns("h2")?,
        &["the sandbox has no network namespace h2", "are: h1"],
    )?;
    refused(&netns("../netns/h1")?, &["the name has a slash"])?;
    refused(&netns("")?, &["the name is empty"])?;
    lab.end().map(drop)
}

fn exit_statuses(user: User) -> Verdict {
    let mut lab = Running::start(user)?;
    for (script, status) in [
        ("exit 0", 0),
        ("exit 7", 7),
        ("exit 255", 255),
        ("kill -TERM $$", 143),
        ("kill -KILL $$", 137),
    ] {
        let pid = lab.pid();
        let mut command = netsh(user);
        command.args(["attach", &pid, "--", "sh", "-c", script]);
        same((script, shells(command.status()?)), (script, Some(status)))?;
    }
    let pid = lab.pid();
    let missing = attach(user, &[&pid, "--", "no-such-program"])?;
    same(missing.status, Some(127))?;
    has(
        &missing.stderr,
        "cannot run no-such-program: there is no such program",
    )?;
    let no_program = attach(user, &[&pid, "--", "/etc/passwd"])?;
    same(no_program.status, Some(126))?;
    has(
        &no_program.stderr,
        "cannot run /etc/passwd: Permission denied",
    )?;
    lab.end().map(drop)
}

fn wrong_processes(user: User) -> Verdict {
    let list = "netsh attach --list";
    refused(
        &attach(user, &["4294967295"])?,
        &["there is no process 4294967295", list],
    )?;
    refused(&attach(user, &["0"])?, &["there is no process 0", list])?;
    // The outer process of a netsh that needs no sandbox, this test, and a program in a sandbox.
    let myself = std::process::id().to_string();
    refused(
        &attach(user, &[&myself])?,
        &["is no sandbox of netsh", list],
    )?;
    let mut lab = Running::start(user)?;
    let shell = lab.mark.until_running("sh")?;
    refused(
        &attach(user, &[&number(shell)])?,
        &["(sh) is no sandbox of netsh", list],
    )?;
    if is_root() && user == User::Myself {
        refused(
            &attach(User::Nobody, &[&lab.pid(), "--", "echo", "in"])?,
            &["is that of the user root", "join it as root\n"],
        )?;
    }
    lab.end()?;
    refused(&attach(user, &[&lab.pid()])?, &["there is no process"])
}

fn users_shell(user: User) -> Verdict {
    let mut lab = Running::start(user)?;
    let folder = Folder::new()?;
    let shell = folder.file("shell", "#!/bin/sh\necho shell with $# words")?;
    let mut command = netsh(user);
    command.args(["attach", &lab.pid()]).env("SHELL", shell);
    let ran: Ran = command.output()?.into();
    same(ran.ok()?.as_str(), "shell with 0 words\n")?;
    let mut command = netsh(user);
    command
        .args(["attach", &lab.pid()])
        .env_remove("SHELL")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped());
    let mut child = command.spawn()?;
    let mut input = child.stdin.take().ok_or("no input")?;
    input.write_all(b"echo by sh; exit 5\n")?;
    drop(input);
    let ran: Ran = child.wait_with_output()?.into();
    same((ran.status, ran.stdout.as_str()), (Some(5), "by sh\n"))?;
    lab.end().map(drop)
}

fn working_directory(user: User) -> Verdict {
    let mut lab = Running::start(user)?;
    let folder = Folder::new()?;
    let pid = lab.pid();
    let pwd = |place: &std::path::Path, before: &str| -> Result<Ran, Failed> {
        let mut shell = Command::new("/bin/sh");
        let script = format!("{before} exec \"$0\" attach {pid} -- pwd");
        shell.args(["-c", &script]).arg(binary()).current_dir(place);
        become_user(&mut shell, user);
        Ok(shell.output()?.into())
    };
    let there = pwd(folder.path(), "")?.ok()?;
    same(there.trim_end(), &folder.path().to_string_lossy())?;
    let gone = pwd(folder.path(), "mkdir in; cd in; rmdir ../in;")?;
    same((gone.status, gone.stdout.as_str()), (Some(0), "/\n"))?;
    has(&gone.stderr, "working in /, for this folder is gone")?;
    lab.end().map(drop)
}

/// Nothing of root's is in an ordinary user's sandbox: neither its number nor its groups.
fn as_owner(user: User) -> Verdict {
    let mut lab = Running::start(user)?;
    let folder = Folder::new()?;
    let closed = folder.path().join("closed");
    std::fs::create_dir(&closed)?;
    std::fs::set_permissions(&closed, PermissionsExt::from_mode(0o700))?;
    let script = "grep -E '^(Uid|Gid|Groups)' /proc/self/status; pwd; touch of-whom 2>/dev/null";
    let mut command = netsh(User::Myself);
    command
        .args(["attach", &lab.pid(), "--", "sh", "-c"])
        .arg(format!("{script}; sleep 1000"))
        .current_dir(&closed)
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
    let mark = Mark::on(&mut command);
    let mut child = command.spawn()?;
    let sleep = mark.until_running("sleep")?;
    let both = [Process::of(&child), sleep];
    for process in both {
        let pid = number(process);
        let status = std::fs::read_to_string(format!("/proc/{pid}/status"))?;
        let uid = match user {
            User::Myself => nix::unistd::geteuid().as_raw(),
            User::Nobody => NOBODY,
        };
        has(&status, &format!("\nUid:\t{uid}\t{uid}\t{uid}\t{uid}\n"))?;
        if user == User::Nobody {
            has(&status, &format!("\nGid:\t{uid}\t{uid}\t{uid}\t{uid}\n"))?;
            has(&status, "\nGroups:\t \n")?;
        }
    }
    sleep.signal(Signal::SIGTERM)?;
    same(shells(end_of(&mut child)?), Some(143))?;
    let ran: Ran = child.wait_with_output()?.into();
    has(&ran.stdout, "Uid:\t0\t0\t0\t0\n")?;
    let place = closed.to_string_lossy();
    match user {
        User::Myself => has(&ran.stdout, &format!("\n{place}\n"))?,
        User::Nobody => {
            has(&ran.stdout, "\n/\n")?;
            has(
                &ran.stderr,
                &format!("{place} can't be entered in the sandbox"),
            )?;
        }
    }
    lab.end().map(drop)
}

/// Starts `netsh attach PID -- sh -c SCRIPT` and waits for the line `ready`.
fn attached(user: User, lab: &Running, script: &str) -> Result<(Child, Mark), Failed> {
    let mut command = netsh(user);
    command
        .args(["attach", &lab.pid(), "--", "sh", "-c", script])
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
    let mark = Mark::on(&mut command);
    let mut child = command.spawn()?;
    let output = child.stdout.as_mut().ok_or("no output to read")?;
    let mut line = String::new();
    BufReader::new(output).read_line(&mut line)?;
    same(line.as_str(), "ready\n")?;
    Ok((child, mark))
}

fn signals(user: User) -> Verdict {
    let mut lab = Running::start(user)?;
    for signal in ["TERM", "HUP", "INT", "QUIT", "USR1", "USR2"] {
        let script = format!("trap 'exit 9' {signal}; sleep 1000 & echo ready; wait; exit 1");
        let (mut child, mark) = attached(user, &lab, &script)?;
        let number: Signal = format!("SIG{signal}").parse()?;
        Process::of(&child).signal(number)?;
        same((signal, end_of(&mut child)?.code()), (signal, Some(9)))?;
        drop(mark);
    }
    let (mut child, mark) = attached(user, &lab, "echo ready; exec sleep 1000")?;
    Process::of(&child).signal(Signal::SIGTERM)?;
    same(shells(end_of(&mut child)?), Some(143))?;
    mark.until_gone()?;
    lab.end().map(drop)
}

fn killed(user: User) -> Verdict {
    let mut lab = Running::start(user)?;
    let (mut child, mark) = attached(user, &lab, "echo ready; exec sleep 1000")?;
    Process::of(&child).signal(Signal::SIGKILL)?;
    same(shells(end_of(&mut child)?), Some(137))?;
    mark.until_gone()?;
    // The sandbox takes no notice.
    same(lab.end()?.as_str(), "link lo\nlink a\n")
}

/// A shell without job control on a terminal, which joins the lab with `COMMAND` and then asks for a line.
fn on_terminal(user: User, lab: &Running, words: &[&str]) -> Result<(Pty, Mark), Failed> {
    let mut command = Command::new("/bin/sh");
    let script =
        "\"$0\" attach \"$@\"; echo status=$?; stty -a 2>/dev/null; read line; echo got $line";
    command
        .args(["-c", script])
        .arg(binary())
        .arg(lab.pid())
        .args(words)
        .env("PATH", search_path())
        .env("PS1", "prompt: ")
        .env("LC_ALL", "C.UTF-8")
        .env_remove("ENV");
    become_user(&mut command, user);
    let mark = Mark::on(&mut command);
    Ok((Pty::start(command)?, mark))
}

fn sandbox_ends(user: User) -> Verdict {
    let mut lab = Running::start(user)?;
    let script = "stty raw -echo; echo ready; setsid sleep 1000 & sleep 1000";
    let (mut terminal, mark) = on_terminal(user, &lab, &["--", "sh", "-c", script])?;
    terminal.expect("ready")?;
    lab.end()?;
    terminal.expect("netsh: the sandbox has ended")?;
    terminal.expect("status=1")?;
    // As the terminal was before the command set it.
    terminal.expect(" icanon ")?;
    terminal.expect(" echo ")?;
    terminal.keys("this\n")?;
    terminal.expect("got this")?;
    same(terminal.end()?.code(), Some(0))?;
    mark.until_gone()
}

/// A shell with job control on a terminal.
fn job_shell(user: User, lab: &Running) -> Result<(Pty, Mark), Failed> {
    let mut command = Command::new("/bin/sh");
    command
        .arg("-i")
        .env("NETSH", binary())
        .env("LAB", lab.pid())
        .env("PATH", search_path())
        .env("LC_ALL", "C.UTF-8")
        .env_remove("ENV");
    become_user(&mut command, user);
    let mark = Mark::on(&mut command);
    Ok((Pty::start(command)?, mark))
}

/// Waits until the command and netsh outside are in this state, and no more processes are there than these.
fn until_both(terminal: &Pty, mark: &Mark, state: char) -> Verdict {
    let jobs = || {
        let mut jobs = mark.processes();
        jobs.retain(|process| *process != terminal.process());
        jobs
    };
    until("a state of both processes", || {
        let jobs = jobs();
        let all = jobs.iter().all(|process| process.state() == Some(state));
        (jobs.len() == 2 && all).then_some(())
    })
    .map_err(|_| format!("waited in vain for {state}: {:#?}", jobs()).into())
}

fn ends_while_stopped(user: User) -> Verdict {
    let mut lab = Running::start(user)?;
    let (mut terminal, mark) = job_shell(user, &lab)?;
    terminal.keys("\"$NETSH\" attach $LAB -- sh -c 'echo rea''dy; read line'; echo status=$?\n")?;
    terminal.expect("ready")?;
    terminal.keys(CTRL_Z)?;
    terminal.expect("status=148")?;
    until_both(&terminal, &mark, 'T')?;
    // It comes to its end although nobody waits for the command.
    lab.end()?;
    terminal.keys("fg; echo status=$?\n")?;
    terminal.expect("netsh: the sandbox has ended")?;
    terminal.expect("status=1")?;
    terminal.keys("exit\n")?;
    terminal.end()?;
    mark.until_gone()
}

fn keys(user: User) -> Verdict {
    let mut lab = Running::start(user)?;
    let (mut terminal, mark) = job_shell(user, &lab)?;
    let script =
        "trap \"echo caught; exit 3\" INT; echo rea''dy; read line; echo got $line; read line";
    let line = format!("\"$NETSH\" attach $LAB -- sh -c '{script}'; echo status=$?\n");
    terminal.keys(&line)?;
    terminal.expect("ready")?;
    for _ in 0..3 {
        terminal.keys(CTRL_Z)?;
        terminal.expect("status=148")?;
        until_both(&terminal, &mark, 'T')?;
        terminal.keys("fg; echo status=$?\n")?;
        until_both(&terminal, &mark, 'S')?;
    }
    terminal.keys("this\n")?;
    terminal.expect("got this")?;
    terminal.keys(CTRL_C)?;
    terminal.expect("caught")?;
    terminal.expect("status=3")?;
    terminal.keys("exit\n")?;
    terminal.end()?;
    lab.end()?;
    mark.until_gone()
}

fn interactive(user: User) -> Verdict {
    let mut lab = Running::start(user)?;
    let words = ["--", "bash", "--norc", "--noprofile", "--noediting", "-i"];
    let (mut terminal, mark) = on_terminal(user, &lab, &words)?;
    terminal.expect("prompt: ")?;
    // A job of the shell inside, in a process group of its own.
    terminal.keys("sleep 1000\n")?;
    mark.until_running("sleep")?;
    terminal.keys(CTRL_C)?;
    terminal.expect("prompt: ")?;
    terminal.keys("echo in$((40 + 2))side; cut -d: -f1 /proc/self/net/dev\n")?;
    terminal.expect("in42side")?;
    terminal.expect(" a\r\n")?;
    terminal.keys("exit 4\n")?;
    terminal.expect("status=4")?;
    terminal.keys("this\n")?;
    terminal.expect("got this")?;
    same(terminal.end()?.code(), Some(0))?;
    lab.end()?;
    mark.until_gone()
}

fn how_many(user: User) -> Verdict {
    let none = attach(user, &["--list"])?;
    same((none.status, none.stdout.as_str()), (Some(0), ""))?;
    has(&none.stderr, "no sandbox is running")?;
    refused(&attach(user, &[])?, &["no sandbox is running"])?;
    let mut first = Running::start(user)?;
    let own = ["--", "readlink", "/proc/self/ns/net"];
    let joined = attach(user, &own)?.ok()?;
    same(
        Some(joined.trim_end().into()),
        first.inner()?.namespace("net"),
    )?;
    let mut second = Running::start(user)?;
    let which = attach(user, &own)?;
    refused(
        &which,
        &[
            &first.pid(),
            &second.pid(),
            "several sandboxes are running",
            "netsh attach PID",
        ],
    )?;
    same(attach(user, &["--list"])?.ok()?.lines().count(), 3)?;
    second.end()?;
    first.end()?;
    world::until_alone()
}
