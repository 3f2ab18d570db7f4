//! The prompt on a real terminal: what is typed, what comes back, and what it withstands.

use std::os::unix::fs::{PermissionsExt, symlink};
use std::process::Command;

use libtest_mimic::{Failed, Trial};

use crate::folder::Folder;
use crate::process::Mark;
use crate::pty::{CTRL_C, CTRL_D, CTRL_Z, Pty};
use crate::screen::Screen;
use crate::support::{
    Need, Ran, User, Verdict, become_user, binary, has, netsh, same, search_path, test,
};
use crate::terminal::{shell, until_stopped, until_waiting};

/// What rustyline writes when it begins to read an input, and when it has one (bracketed paste on and off).
pub const READS: &str = "\x1b[?2004h";
pub const HAS_READ: &str = "\x1b[?2004l";

/// What it takes to be somewhere else than in a sandbox.
const NAMESPACES: &[Need] = &[Need::Program("unshare"), Need::Program("ip")];

/// The tests of this file.
pub fn trials() -> Vec<Trial> {
    [
        test("prompt: values and definitions stay", &[], values_stay),
        test("prompt: an error ends nothing", &[], errors_end_nothing),
        test("prompt: the last value", &[], last_value),
        test("prompt: leaving", &[], leaving),
        test("prompt: Ctrl-C", &[], ctrl_c),
        test("prompt: Ctrl-C is a program's own", &[], ctrl_c_in_program),
        test("prompt: namespaces", &[], namespaces),
        test("prompt: orders", &[], orders),
        test("prompt: a session saved and run", &[], saved),
        test("prompt: what was saved runs", &[], saved_runs),
        test("prompt: a script loaded", &[], loaded),
        test("prompt: history", &[], history),
        test("prompt: two sessions write one history", &[], two_histories),
        test("prompt: no place for a history", &[], no_history),
        test("prompt: a history that is none", &[], odd_history),
        test("prompt: files and values that are too large", &[], too_much),
        test(
            "prompt: modes of the terminal come back",
            &[Need::Program("stty")],
            modes_come_back,
        ),
        test("prompt: a paste of 500 lines", &[], pasted_lines),
        test("prompt: 500 lines typed ahead", &[], typed_ahead),
        test("prompt: a line of 100 kB", &[], long_line),
        test("prompt: wrong UTF-8", &[], wrong_text),
        test("prompt: a window of 20 columns", &[], narrow),
        test("prompt: a terminal that can do nothing", &[], dumb),
        test("prompt: without colours", &[], colours),
        test("prompt: Ctrl-Z and fg", &[], ctrl_z),
        test("prompt: Ctrl-Z without a shell", &[], ctrl_z_without_shell),
        test("prompt: a shell inside", &[], shell_inside),
        test("prompt: a sign of life", &[], sign_of_life),
        test(
            "prompt: no sign of life where it would disturb",
            &[],
            no_sign_of_life,
        ),
        test("prompt: the window changes", &[], window),
        test("prompt: --host", NAMESPACES, on_the_host),
        test("prompt: --netns", NAMESPACES, in_a_namespace),
        test("prompt: --json", &[], json),
    ]
    .into_iter()
    .flatten()
    .collect()
}

/// A prompt on a terminal, and the folder in which it lives.
pub struct Prompt {
    pub terminal: Pty,
    pub folder: Folder,
    pub mark: Mark,
}

/// netsh in this folder, which is also the user's home.
pub fn in_folder(user: User, folder: &Folder) -> Command {
    let mut command = netsh(user);
    command
        .current_dir(folder.path())
        .env("HOME", folder.path())
        .env_remove("XDG_STATE_HOME")
        .env("TERM", "xterm")
        .env("NO_COLOR", "1");
    command
}

impl Prompt {
    /// Starts one, and waits until it reads.
    pub fn start(user: User) -> Result<Prompt, Failed> {
        Prompt::start_in(user, Folder::new()?, |_| {})
    }

    /// Starts one in a folder that may have something in it, with what else is to be changed.
    pub fn start_in(
        user: User,
        folder: Folder,
        change: impl FnOnce(&mut Command),
    ) -> Result<Prompt, Failed> {
        Prompt::start_sized(user, folder, (24, 80), change)
    }

    /// The same on a terminal of so many rows and columns.
    pub fn start_sized(
        user: User,
        folder: Folder,
        (rows, columns): (u16, u16),
        change: impl FnOnce(&mut Command),
    ) -> Result<Prompt, Failed> {
        let mut command = in_folder(user, &folder);
        change(&mut command);
        let mark = Mark::on(&mut command);
        let mut terminal = Pty::start_sized(command, rows, columns)?;
        terminal.expect(READS)?;
        Ok(Prompt {
            terminal,
            folder,
            mark,
        })
    }

    /// Types an input, and waits for each of these texts and then the next prompt.
    pub fn say(&mut self, input: &str, answers: &[&str]) -> Verdict {
        self.terminal.keys(&format!("{input}\r"))?;
        self.terminal.expect(HAS_READ)?;
        for answer in answers {
            self.terminal.expect(answer)?;
        }
        self.terminal.expect(READS)
    }

    /// Leaves with Ctrl-D, and sees that nothing is left.
    pub fn leave(mut self) -> Result<Folder, Failed> {
        self.terminal.keys(CTRL_D)?;
        same(self.terminal.end()?.code(), Some(0))?;
        self.mark.until_gone()?;
        Ok(self.folder)
    }
}

fn values_stay(user: User) -> Verdict {
    let mut prompt = Prompt::start(user)?;
    prompt.say("let x = 6", &[])?;
    prompt.say("fn times(y) { y * 7 }", &[])?;
    prompt.say("times(x)", &["42\r\n"])?;
    prompt.say("fn times(y) { y * 8 }", &[])?;
    prompt.say("times(x)", &["48\r\n"])?;
    prompt.say("const C = 5; let f = |z| z + C;", &[])?;
    prompt.say("f.call(1) + C", &["11\r\n"])?;
    prompt.say("import \"topo\" as topo", &[])?;
    prompt.say(r#"let both = topo::pair("h1", "h2").hosts"#, &[])?;
    prompt.say(
        "both.h2.addr_list(\"eth0\").map(|a| a.address)[0]",
        &["10.0.0.2\r\n"],
    )?;
    prompt.say("link_list()", &["name", "lo", "127.0.0.1/8"])?;
    prompt.leave().map(drop)
}

fn errors_end_nothing(user: User) -> Verdict {
    let mut prompt = Prompt::start(user)?;
    prompt.say("fn broken(x) { x + missing }", &[])?;
    prompt.say(
        "broken(1)",
        &[
            "no variable called missing",
            "input 1:1:20",
            "called from here",
            "input 2:1:1",
        ],
    )?;
    prompt.say("link_up(\"lp\")", &["input 3:1:9", "did you mean \"lo\""])?;
    prompt.say("let x = 1; let y = nothing; let z = 3;", &["input 4:1:20"])?;
    prompt.say("x", &["1\r\n"])?;
    prompt.say("1 +* 2", &["error"])?;
    prompt.say(
        "import \"topo\" as topo; topo::pair(1, 2)",
        &["stdlib/topo.rhai"],
    )?;
    prompt.say("throw \"mine\"", &["mine"])?;
    prompt.say("\"still here\"", &["still here\r\n"])?;
    // What an input that was refused left open is nothing to the next one.
    prompt.say("f(\"lo\"0, \"a\")", &["input 10:1:7"])?;
    prompt.say("1 + ;", &["input 11:1:5", "after `+` a value is missing"])?;
    // What wants more at its end gets it.
    prompt.terminal.keys("1 +\r")?;
    prompt.say("41", &["42\r\n"])?;
    prompt.leave().map(drop)
}

fn last_value(user: User) -> Verdict {
    let mut prompt = Prompt::start(user)?;
    prompt.say("1 + 1", &["2\r\n"])?;
    prompt.say("_ * 21", &["42\r\n"])?;
    prompt.say("`${_}!`;", &[])?;
    prompt.say("_", &["42!\r\n"])?;
    // What gives nothing, and what fails, leaves it as it is; in a switch it is what it always was.
    prompt.say("let a = 7", &[])?;
    prompt.say("nothing", &["error"])?;
    prompt.say("switch 5 { 1 => `one`, _ => _ + `!` }", &["42!!\r\n"])?;
    prompt.say("[1, 2, 3]", &["3"])?;
    prompt.say("_.len()", &["3\r\n"])?;
    prompt.leave().map(drop)
}

fn leaving(user: User) -> Verdict {
    for (keys, status) in [
        (CTRL_D, 0),
        (":quit\r", 0),
        ("exit(7)\r", 7),
        ("fn f() { exit(3) } f()\r", 3),
    ] {
        let mut prompt = Prompt::start(user)?;
        prompt.terminal.keys(keys)?;
        same((keys, prompt.terminal.end()?.code()), (keys, Some(status)))?;
        prompt.mark.until_gone()?;
    }
    let mut prompt = Prompt::start(user)?;
    prompt.terminal.hang_up()?;
    prompt.mark.until_gone()
}

fn ctrl_c(user: User) -> Verdict {
    let mut prompt = Prompt::start(user)?;
    prompt.say("let kept = 41", &[])?;
    for (endless, begun) in [
        ("print(`go${1}`); loop {}", "go1"),
        ("print(`go${2}`); sleep(1000)", "go2"),
        (
            "print(`go${3}`); loop { try { sleep(1000) } catch {} }",
            "go3",
        ),
        (
            "ping(\"127.0.0.1\", #{ count: 0, interval: \"50ms\" })",
            "icmp_seq=3",
        ),
        ("print(`go${4}`); sh(\"sleep 1000\")", "go4"),
    ] {
        prompt.terminal.keys(&format!("{endless}\r"))?;
        prompt.terminal.expect(HAS_READ)?;
        prompt.terminal.expect(begun)?;
        prompt.terminal.keys(CTRL_C)?;
        prompt.terminal.expect("interrupted")?;
        prompt.terminal.expect(READS)?;
    }
    // A line that is being typed is forgotten.
    prompt.terminal.keys("kept = 13")?;
    prompt.terminal.expect("13")?;
    prompt.terminal.keys(CTRL_C)?;
    prompt.terminal.expect(READS)?;
    prompt.say("kept + 1", &["42\r\n"])?;
    prompt.leave().map(drop)
}

fn ctrl_c_in_program(user: User) -> Verdict {
    let mut prompt = Prompt::start(user)?;
    let program = "!trap 'echo caught; exit 5' INT; echo re''ady; while :; do sleep 0.01; done";
    prompt.terminal.keys(&format!("{program}\r"))?;
    prompt.terminal.expect("ready")?;
    prompt.terminal.keys(CTRL_C)?;
    prompt.terminal.expect("caught")?;
    prompt.terminal.expect("exit status 5")?;
    prompt.terminal.expect(READS)?;
    prompt.say("\"alive\"", &["alive\r\n"])?;
    // A shell that takes the terminal gives it back.
    prompt.terminal.keys("!sh -i\r")?;
    prompt.terminal.expect(HAS_READ)?;
    prompt.terminal.keys("echo $((6 * 7)); exit\n")?;
    prompt.terminal.expect("42")?;
    prompt.terminal.expect(READS)?;
    prompt.say("\"alive again\"", &["alive again\r\n"])?;
    prompt.leave().map(drop)
}

fn namespaces(user: User) -> Verdict {
    let mut prompt = Prompt::start(user)?;
    prompt.terminal.expect("sandbox:home> ")?;
    prompt.say(
        "let h1 = netns_add(\"h1\"); veth_add(\"a\", \"b\", #{ peer_netns: h1 })",
        &[],
    )?;
    prompt.terminal.expect("sandbox:home> ")?;
    prompt.say(":enter h1", &[])?;
    prompt.terminal.expect("sandbox:h1> ")?;
    prompt.say("link_exists(\"b\")", &["true\r\n"])?;
    prompt.say(
        "!test -e /proc/thread-self/net/dev && grep -c 'b:' /proc/thread-self/net/dev",
        &["1\r\n"],
    )?;
    prompt.say("netns_del(\"h1\")", &["it is the one in use"])?;
    prompt.say(
        ":enter nowhere",
        &["there is no network namespace \"nowhere\""],
    )?;
    prompt.terminal.expect("sandbox:h1> ")?;
    prompt.say("h1.run(|| netns_leave())", &["inside of run"])?;
    prompt.say(":leave", &[])?;
    prompt.terminal.expect("sandbox:home> ")?;
    prompt.say("link_exists(\"b\")", &["false\r\n"])?;
    prompt.leave().map(drop)
}

fn orders(user: User) -> Verdict {
    let mut prompt = Prompt::start(user)?;
    prompt.say(":help", &[":enter NETNS", ":save FILE", "!COMMAND"])?;
    prompt.say(":sav x", &["did you mean :save?"])?;
    prompt.say(":time 6 * 7", &["42\r\n", "it took "])?;
    prompt.say(":commands on", &["commands are shown"])?;
    prompt.say(
        "veth_add(\"a\", \"b\")",
        &["ip link add dev a type veth peer name b"],
    )?;
    prompt.say(":commands", &["commands are shown"])?;
    prompt.say("!true", &["sh -c true"])?;
    prompt.say(":commands off", &["commands are not shown"])?;
    prompt.say(":netlink on", &["netlink messages are shown"])?;
    prompt.say("link_up(\"a\")", &["RTM_SETLINK"])?;
    prompt.say(":netlink off", &["netlink messages are not shown"])?;
    prompt.say("!exit 3", &["exit status 3"])?;
    prompt.say(
        ":load nowhere.rhai",
        &["cannot read nowhere.rhai", "No such file"],
    )?;
    prompt.say(":save", &[":save FILE"])?;
    prompt.say(":save no/where.rhai", &["cannot write no/where.rhai"])?;
    let folder = prompt.leave()?;
    same(
        folder.names().iter().any(|name| name.ends_with("rhai")),
        false,
    )
}

fn saved(user: User) -> Verdict {
    let mut prompt = Prompt::start(user)?;
    prompt.say(":save early.rhai", &["nothing to save"])?;
    prompt.say("let h1 = netns_add(\"h1\")", &[])?;
    prompt.say("veth_add(\"a\", \"b\", #{ peer_netns: h1, up: true })", &[])?;
    prompt.say("link_up(\"nowhere\")", &["error"])?;
    prompt.say(
        "fn twice(x) { 2 * x }; let n = 20; n += 1; link_up(\"nowhere\"); n = 0;",
        &["error"],
    )?;
    prompt.say("twice(n)", &["42\r\n"])?;
    prompt.say("_ + 1", &["43\r\n"])?;
    prompt.say(":enter h1", &[])?;
    prompt.say("link_list().map(|link| link.name)", &["b"])?;
    prompt.say(
        "!echo \"from a program\"; test -n \"$HOME\"",
        &["from a program"],
    )?;
    prompt.say("!exit 1", &["exit status 1"])?;
    prompt.say(":leave", &[])?;
    prompt.say("link_exists(\"a\");", &[])?;
    prompt.say(":save lab.rhai", &["saved as lab.rhai"])?;
    prompt.say(":save lab.rhai", &["there is a file lab.rhai already"])?;
    let folder = prompt.leave()?;
    let script = std::fs::read_to_string(folder.path().join("lab.rhai"))?;
    has(&script, "#!/usr/bin/env netsh\n")?;
    same(
        script.contains("nowhere") || script.contains("exit 1"),
        false,
    )?;
    let ran: Ran = in_folder(user, &folder).arg("lab.rhai").output()?.into();
    same(ran.ok()?.as_str(), "42\n43\nlo\nb\nfrom a program\n")
}

fn loaded(user: User) -> Verdict {
    let folder = Folder::new()?;
    std::fs::create_dir(folder.path().join("labs"))?;
    folder.file("labs/beside.rhai", "fn seven() { 7 }")?;
    folder.file(
        "labs/lab.rhai",
        "#!/usr/bin/env netsh\nimport \"beside\" as beside;\nfn f() {\n    beside::seven() * 6\n}\nlet x = f();",
    )?;
    folder.file("labs/bad.rhai", "let y = 1;\nlink_up(\"nowhere\");")?;
    let mut prompt = Prompt::start_in(user, folder, |_| {})?;
    prompt.say(":load labs/lab.rhai", &[])?;
    prompt.say("x + beside::seven()", &["49\r\n"])?;
    prompt.say("f()", &["42\r\n"])?;
    prompt.say(":load \"labs/bad.rhai\"", &["labs/bad.rhai:2:9"])?;
    prompt.say("y", &["1\r\n"])?;
    prompt.leave().map(drop)
}

const HISTORY: &str = ".local/state/netsh/history";

fn history(user: User) -> Verdict {
    let mut prompt = Prompt::start(user)?;
    prompt.say("40 + 2", &["42\r\n"])?;
    // Alt-Enter would do; a paste brings its lines too.
    prompt.say("\x1b[200~`one\ntwo`\x1b[201~", &["one\r\ntwo\r\n"])?;
    prompt.say(" \"a secret\"", &["a secret\r\n"])?;
    let folder = prompt.leave()?;
    let file = folder.path().join(HISTORY);
    same(file.metadata()?.permissions().mode() & 0o777, 0o600)?;
    let state = file.parent().ok_or("no folder")?;
    same(state.metadata()?.permissions().mode() & 0o777, 0o700)?;
    let mut prompt = Prompt::start_in(user, folder, |_| {})?;
    // Ctrl-P
    const PREVIOUS: &str = "\x10";
    prompt.say(PREVIOUS, &["one\r\ntwo\r\n"])?;
    prompt.say(&format!("{PREVIOUS}{PREVIOUS}"), &["42\r\n"])?;
    let folder = prompt.leave()?;
    let text = std::fs::read_to_string(folder.path().join(HISTORY))?;
    same(text.contains("secret"), false)
}

fn two_histories(user: User) -> Verdict {
    let mut one = Prompt::start(user)?;
    let home = one.folder.path().to_path_buf();
    let mut other = Prompt::start_in(user, Folder::new()?, |command| {
        command.env("HOME", &home);
    })?;
    for number in 0..20 {
        one.say(
            &format!("\"one\" + {number}"),
            &[&format!("one{number}\r\n")],
        )?;
        other.say(
            &format!("\"other\" + {number}"),
            &[&format!("other{number}\r\n")],
        )?;
    }
    other.leave()?;
    let folder = one.leave()?;
    let text = std::fs::read_to_string(folder.path().join(HISTORY))?;
    for number in 0..20 {
        has(&text, &format!("\"one\" + {number}\n"))?;
        has(&text, &format!("\"other\" + {number}\n"))?;
    }
    Ok(())
}

/// Nothing that lies there keeps netsh from starting, and what is damaged is set aside.
fn odd_history(user: User) -> Verdict {
    let folder = Folder::new()?;
    let prompt = Prompt::start_in(user, folder, |_| {})?;
    let folder = prompt.leave()?;
    let file = folder.path().join(HISTORY);
    std::fs::write(&file, b"#V2\nlet a = 1;\n\xff\xfe bad\n")?;
    let mut prompt = Prompt::start_in(user, folder, |_| {})?;
    has(&prompt.terminal.written, "the history could not be read")?;
    prompt.say("6 * 7", &["42\r\n"])?;
    let folder = prompt.leave()?;
    has(&std::fs::read_to_string(&file)?, "6 * 7\n")?;
    same(file.with_extension("damaged").exists(), true)?;
    std::fs::remove_file(&file)?;
    nix::unistd::mkfifo(&file, nix::sys::stat::Mode::from_bits_truncate(0o666))?;
    let prompt = Prompt::start_in(user, folder, |_| {})?;
    let folder = prompt.leave()?;
    std::fs::remove_file(&file)?;
    symlink("/dev/zero", &file)?;
    let mut prompt = Prompt::start_in(user, folder, |_| {})?;
    prompt.say("6 * 7", &["42\r\n"])?;
    prompt.leave().map(drop)
}

/// Files that can't be scripts, values that are too large: the session goes on.
fn too_much(user: User) -> Verdict {
    let folder = Folder::new()?;
    let pipe = folder.path().join("pipe");
    nix::unistd::mkfifo(&pipe, nix::sys::stat::Mode::from_bits_truncate(0o666))?;
    let mut prompt = Prompt::start_in(user, folder, |_| {})?;
    prompt.say(":load pipe", &["it is no plain file"])?;
    prompt.say(":load /dev/zero", &["it is no plain file"])?;
    prompt.say(":load .", &["Is a directory"])?;
    prompt.say("let kept = 5; let z = \"x\"", &[])?;
    prompt.say("loop { z += z; }", &["MiB of memory", "x = ()"])?;
    prompt.say("z = ()", &[])?;
    prompt.say("kept + 1", &["6\r\n"])?;
    prompt.leave().map(drop)
}

/// A program that leaves the terminal in modes of its own does not take Ctrl-C away.
fn modes_come_back(user: User) -> Verdict {
    let mut prompt = Prompt::start(user)?;
    prompt.say("!stty raw -echo -isig; kill -9 $$", &["exit status 137"])?;
    prompt.terminal.keys("print(`go${1}`); loop {}\r")?;
    prompt.terminal.expect("go1")?;
    prompt.terminal.keys(CTRL_C)?;
    prompt.terminal.expect("interrupted")?;
    prompt.terminal.expect(READS)?;
    prompt.leave().map(drop)
}

fn no_history(user: User) -> Verdict {
    for home in ["/nowhere/at/all", "/proc", ""] {
        let mut prompt = Prompt::start_in(user, Folder::new()?, |command| {
            command.env("HOME", home);
        })?;
        prompt.say("6 * 7", &["42\r\n"])?;
        prompt.leave()?;
    }
    Ok(())
}

fn lines(count: usize) -> String {
    (0..count).map(|n| format!("let v{n} = {n};\n")).collect()
}

fn pasted_lines(user: User) -> Verdict {
    let mut prompt = Prompt::start(user)?;
    let paste = format!("\x1b[200~{}\x1b[201~\r", lines(500));
    prompt.terminal.many_keys(paste.as_bytes())?;
    prompt.terminal.expect(HAS_READ)?;
    prompt.terminal.expect(READS)?;
    prompt.say("v0 + v499 + 1000", &["1499\r\n"])?;
    prompt.leave().map(drop)
}

fn typed_ahead(user: User) -> Verdict {
    let mut prompt = Prompt::start(user)?;
    let keys = lines(500).replace('\n', "\r");
    prompt.terminal.many_keys(keys.as_bytes())?;
    for _ in 0..500 {
        prompt.terminal.expect(HAS_READ)?;
    }
    prompt.terminal.expect(READS)?;
    prompt.say("v0 + v499 + 1000", &["1499\r\n"])?;
    prompt.leave().map(drop)
}

fn long_line(user: User) -> Verdict {
    let mut prompt = Prompt::start(user)?;
    let line = format!("\x1b[200~\"{}\".len()\x1b[201~\r", "x".repeat(100_000));
    prompt.terminal.many_keys(line.as_bytes())?;
    prompt.terminal.expect("100000\r\n")?;
    prompt.terminal.expect(READS)?;
    // Every name has 100 kB too.
    let line = format!("\x1b[200~{}\x1b[201~\r", "y".repeat(100_000));
    prompt.terminal.many_keys(line.as_bytes())?;
    prompt.terminal.expect("error")?;
    prompt.terminal.expect(READS)?;
    prompt.leave().map(drop)
}

fn wrong_text(user: User) -> Verdict {
    let mut prompt = Prompt::start(user)?;
    prompt.terminal.many_keys(b"\xff\xfe\xc3(\xf0\x90")?;
    prompt.terminal.expect("the line is lost")?;
    prompt.terminal.many_keys(b"\x1b[200~\xc0\x80\x1b[201~")?;
    prompt.terminal.keys(CTRL_C)?;
    // How many prompts come of that hangs on how the bytes were read, and what is typed before the last of them may go with its line.
    prompt.terminal.keys_until("x", |screen| {
        // And not the echo of the terminal, below the line.
        let taken = |typed: &str| !typed.is_empty() && typed.chars().all(|c| c == 'x');
        screen.line().filter(|line| taken(&line.typed)).map(drop)
    })?;
    prompt.terminal.forget();
    prompt.terminal.keys(CTRL_C)?;
    prompt.terminal.expect(READS)?;
    prompt.say("\"well\"", &["well\r\n"])?;
    prompt.leave().map(drop)
}

fn narrow(user: User) -> Verdict {
    let mut prompt = Prompt::start(user)?;
    prompt.terminal.resize(10, 20)?;
    prompt.say("link_list()", &["lo "])?;
    prompt.say("link_get(\"lo\").mtu + 1", &["65537\r\n"])?;
    prompt.say("addr_add(\"nowhere_at_all\", \"10.0.0.1/24\")", &["error"])?;
    prompt.terminal.resize(24, 80)?;
    prompt.say("6 * 7", &["42\r\n"])?;
    prompt.leave().map(drop)
}

fn dumb(user: User) -> Verdict {
    let folder = Folder::new()?;
    let mut command = in_folder(user, &folder);
    command.env("TERM", "dumb").env_remove("NO_COLOR");
    let mut terminal = Pty::start(command)?;
    terminal.expect("sandbox:home> ")?;
    terminal.keys("6 * 7\n")?;
    terminal.expect("42\r\n")?;
    terminal.expect("sandbox:home> ")?;
    terminal.keys("link_up(\"nowhere\")\n")?;
    terminal.expect("error")?;
    terminal.expect("sandbox:home> ")?;
    terminal.keys(CTRL_D)?;
    same(terminal.end()?.code(), Some(0))?;
    same(terminal.written.contains('\x1b'), false)
}

fn colours(user: User) -> Verdict {
    let coloured = |command: &mut Command| {
        command.env_remove("NO_COLOR");
    };
    let mut prompt = Prompt::start_in(user, Folder::new()?, coloured)?;
    prompt.say("link_up(\"nowhere\")", &["error"])?;
    has(&prompt.terminal.written, "\x1b[32msandbox")?;
    prompt.leave()?;
    let mut prompt = Prompt::start(user)?;
    prompt.say("link_up(\"nowhere\")", &["error"])?;
    prompt.say("link_list()", &["lo"])?;
    let written = &prompt.terminal.written;
    let coloured = regex::Regex::new("\x1b\\[[0-9;]*m")?;
    same(coloured.find(written).map(|found| found.as_str()), None)?;
    prompt.leave().map(drop)
}

/// What people type, and what a script that does the same has to differ in.
const TYPED: &[&str] = &[
    "_",
    "let a = 1 // one",
    "fn f(x) { x + 1 }",
    "f(1)",
    "fn f(x) { 1 + x } // anew",
    "_ + switch 3 { 1 => 1, _ => 40 }",
    "`${_}: ${ _ + 1 }`; // with a ; in it",
    "_",
    "// only a comment",
    "let list = [1, 2, // two",
    "3]",
    "list.map(|x| x * 10)",
    "if a == 1 { \"yes\" } else { \"no\" }",
    "#{ a: a }.a",
    "let c = |x| { x * 2 }; c.call(21)",
    "help(\"ping\")",
    "try { link_up(\"nowhere\") } catch (e) { e.errno }",
    ":load labs/lab.rhai",
    "beside::seven()",
    "let b = 5; let b = 6; link_up(\"nowhere\"); b = 7",
    "b",
    "\"a\\\"; b\"",
    "let m = #{ a: 1 }",
    "let k = |x| { x + 1 }",
    "netns_add(\"kept\"); let q = = 1",
    "late(); fn late_too() { 4 }",
    "late_too() + k.call(m.a)",
    "for i in 0..2 { netns_add(`n${i}`); if i == 1 { nope() } }",
    "netns_list().len()",
    "switch _ { 2 => \"two\", _ => \"many\" }",
    "return 5",
    "_ + 1",
];

fn saved_runs(user: User) -> Verdict {
    let folder = Folder::new()?;
    std::fs::create_dir(folder.path().join("labs"))?;
    folder.file("labs/beside.rhai", "fn seven() { 7 }")?;
    folder.file(
        "labs/lab.rhai",
        "import \"beside\" as beside;\nlet loaded = beside::seven();",
    )?;
    let mut prompt = Prompt::start_in(user, folder, |_| {})?;
    for input in TYPED {
        prompt.terminal.keys(&format!("{input}\r"))?;
        if input.ends_with("// two") {
            continue;
        }
        prompt.terminal.expect(HAS_READ)?;
        prompt.terminal.expect(READS)?;
    }
    prompt.say(":save saved.rhai", &["saved as"])?;
    let folder = prompt.leave()?;
    std::fs::create_dir(folder.path().join("elsewhere"))?;
    std::fs::rename(
        folder.path().join("saved.rhai"),
        folder.path().join("elsewhere/saved.rhai"),
    )?;
    let script = std::fs::read_to_string(folder.path().join("elsewhere/saved.rhai"))?;
    let ran: Ran = in_folder(user, &folder)
        .arg("elsewhere/saved.rhai")
        .output()?
        .into();
    let wanted = "2\n42\n42: 43\n10\n20\n30\nyes\n1\n42\n7\n6\na\"; b\n6\n0\nmany\n5\n6\n";
    let shown = ran.ok()?;
    same(shown.as_str(), wanted)
        .map_err(|failed| format!("{}\n{script}", failed.message().unwrap_or_default()).into())
}

/// Waits until so much stands before the cursor.
fn until_typed(terminal: &mut Pty, typed: &str) -> Verdict {
    let what = format!("{typed:?} before the cursor");
    terminal.until_shown(&what, |screen| {
        screen.line().filter(|line| line.typed == typed).map(drop)
    })
}

fn ctrl_z(user: User) -> Verdict {
    let (mut terminal, mark, _folder) = shell(user, "")?;
    terminal.keys("TERM=xterm NO_COLOR=1 \"$NETSH\"; echo status=$?\n")?;
    terminal.expect(READS)?;
    for _ in 0..3 {
        terminal.keys("6 * 7")?;
        until_typed(&mut terminal, "6 * 7")?;
        // Ctrl-B: the cursor stays where it is.
        terminal.keys("\x02")?;
        until_typed(&mut terminal, "6 * ")?;
        terminal.keys(CTRL_Z)?;
        // 128 + SIGTSTP.
        terminal.expect("status=148")?;
        until_stopped(&terminal, &mark)?;
        // The shell has a terminal that ends lines and shows what is typed.
        terminal.keys("echo in$((40 + 2))the-shell\n")?;
        terminal.expect("echo in")?;
        terminal.expect("in42the-shell")?;
        terminal.keys("fg; echo status=$?\n")?;
        terminal.expect(READS)?;
        until_typed(&mut terminal, "6 * ")?;
        // The process outside of the sandbox may yet have to say that netsh is to go on.
        until_waiting(&terminal, &mark)?;
        terminal.keys("1\r")?;
        terminal.expect("102\r\n")?;
        terminal.expect(READS)?;
    }
    terminal.keys("let kept = 5; print(`go${1}`); sleep(1000)\r")?;
    terminal.expect("go1")?;
    terminal.keys(CTRL_Z)?;
    terminal.expect("status=148")?;
    until_stopped(&terminal, &mark)?;
    terminal.keys("fg; echo status=$?\n")?;
    until_waiting(&terminal, &mark)?;
    terminal.keys(CTRL_C)?;
    terminal.expect("interrupted")?;
    terminal.expect(READS)?;
    terminal.keys("kept + 1\r")?;
    terminal.expect("6\r\n")?;
    terminal.expect(READS)?;
    terminal.keys(CTRL_D)?;
    terminal.expect("status=0")?;
    terminal.keys("exit\n")?;
    terminal.end()?;
    mark.until_gone()
}

/// netsh leads the session itself: nobody could continue it, so it goes on with the line.
fn ctrl_z_without_shell(user: User) -> Verdict {
    let mut prompt = Prompt::start(user)?;
    prompt.terminal.keys("6 * ")?;
    until_typed(&mut prompt.terminal, "6 * ")?;
    prompt.terminal.keys(CTRL_Z)?;
    prompt.terminal.expect(READS)?;
    until_typed(&mut prompt.terminal, "6 * ")?;
    prompt.say("7", &["42\r\n"])?;
    prompt.leave().map(drop)
}

fn shell_inside(user: User) -> Verdict {
    let mut prompt = Prompt::start_in(user, Folder::new()?, |command| {
        command.env_remove("ENV").env("PS1", "inside% ");
    })?;
    prompt.terminal.keys("!sh -i\r")?;
    prompt.terminal.expect("inside% ")?;
    prompt.terminal.keys("sleep 1000\n")?;
    prompt.mark.until_running("sleep")?;
    prompt.terminal.keys(CTRL_C)?;
    prompt.terminal.expect("inside% ")?;
    prompt.terminal.keys("echo $((6 * 7))\n")?;
    prompt.terminal.expect("42\r\n")?;
    prompt.terminal.expect("inside% ")?;
    prompt.terminal.keys(CTRL_D)?;
    prompt.terminal.expect(READS)?;
    // The keys are netsh's again.
    prompt.terminal.keys("loop { }\r")?;
    prompt.terminal.expect(HAS_READ)?;
    prompt.terminal.keys(CTRL_C)?;
    prompt.terminal.expect("interrupted")?;
    prompt.terminal.expect(READS)?;
    prompt.leave().map(drop)
}

/// What is shown while something takes long.
const SIGN_OF_LIFE: &str = "Ctrl-C stops it";

fn sign_of_life(user: User) -> Verdict {
    let mut prompt = Prompt::start(user)?;
    prompt.terminal.keys("sleep(1.5); `sle` + `pt`\r")?;
    let shown = |text: &str, part| text.contains(part).then_some(());
    prompt.terminal.until_shown("a sign of life", |screen| {
        shown(&screen.text(), "sleeping for 1.5s  (Ctrl-C stops it)")
    })?;
    prompt.terminal.expect(READS)?;
    prompt.terminal.until_shown("what came of it", |screen| {
        let row = screen.rows().iter().position(|row| row == "slept")?;
        // Where it was, the value is now.
        (screen.line()?.row == row + 1).then_some(())
    })?;
    let left = |screen: &Screen| Some(screen.text().contains(SIGN_OF_LIFE));
    same(prompt.terminal.until_shown("", left)?, false)?;
    // What is printed stands in its place too.
    prompt
        .terminal
        .keys("sleep(1.5); print(`pri` + `nted`); loop { }\r")?;
    prompt.terminal.expect(SIGN_OF_LIFE)?;
    prompt.terminal.until_shown("what is printed", |screen| {
        screen.rows().iter().find(|row| *row == "printed").map(drop)
    })?;
    prompt.terminal.keys(CTRL_C)?;
    prompt.terminal.expect("interrupted")?;
    prompt.terminal.expect(READS)?;
    same(prompt.terminal.until_shown("", left)?, false)?;
    prompt.leave().map(drop)
}

fn no_sign_of_life(user: User) -> Verdict {
    // A program has the terminal.
    let mut prompt = Prompt::start(user)?;
    prompt.say("!sleep 1.5", &[])?;
    prompt.say("sh(\"sleep 1.5\")", &[])?;
    let shown = prompt.terminal.written.contains(SIGN_OF_LIFE);
    same(
        (&prompt.terminal.written, shown),
        (&prompt.terminal.written, false),
    )?;
    prompt.leave()?;
    // The terminal can take nothing back.
    let folder = Folder::new()?;
    let mut command = in_folder(user, &folder);
    command.env("TERM", "dumb");
    let mut terminal = Pty::start(command)?;
    terminal.expect("sandbox:home> ")?;
    terminal.keys("sleep(1.5); `sle` + `pt`\n")?;
    terminal.expect("slept\r\n")?;
    same(terminal.written.contains(SIGN_OF_LIFE), false)?;
    terminal.keys(CTRL_D)?;
    same(terminal.end()?.code(), Some(0))
}

fn window(user: User) -> Verdict {
    let mut prompt = Prompt::start(user)?;
    let mut typed = String::new();
    for (columns, more) in [
        (60, "let sum = 1000"),
        (30, " + 200 + 30"),
        (100, " + 4; sum"),
    ] {
        prompt.terminal.keys(more)?;
        typed += more;
        until_typed(&mut prompt.terminal, &typed)?;
        prompt.terminal.resize(24, columns)?;
        // It is drawn anew, for the terminal cuts off what has no room.
        until_typed(&mut prompt.terminal, &typed)?;
    }
    prompt.say("", &["1234\r\n"])?;
    prompt.leave().map(drop)
}

/// netsh with these words on a terminal, as root of user, network and mount namespaces of its own with a netns `one`.
fn in_namespaces(user: User, folder: &Folder, words: &str) -> Result<(Pty, Mark), Failed> {
    let script = format!("mount -t tmpfs test /run; ip netns add one; exec \"$NETSH\" {words}");
    let mut command = Command::new("unshare");
    command
        .args(["--user", "--map-root-user", "--net", "--mount"])
        .args(["--propagation", "private", "sh", "-c", &script])
        .env("NETSH", binary())
        .env("PATH", search_path())
        .env("LC_ALL", "C.UTF-8")
        .env("TERM", "xterm")
        .env_remove("NO_COLOR");
    become_user(&mut command, user);
    command.env("HOME", folder.path());
    let mark = Mark::on(&mut command);
    let mut terminal = Pty::start(command)?;
    terminal.expect(READS)?;
    Ok((terminal, mark))
}

fn on_the_host(user: User) -> Verdict {
    let folder = Folder::new()?;
    let (mut terminal, mark) = in_namespaces(user, &folder, "--host")?;
    has(&terminal.written, "THE HOST'S OWN NETWORK")?;
    // In red.
    terminal.expect("\x1b[1;37;41mHOST\x1b[0m:")?;
    until_typed(&mut terminal, "")?;
    terminal.keys("veth_add(\"a\", \"b\"); ip\r")?;
    terminal.expect("error")?;
    terminal.expect(READS)?;
    terminal.keys("!ip -o link show type veth | wc -l\r")?;
    terminal.expect("\r\n2\r\n")?;
    terminal.expect(READS)?;
    terminal.keys(":enter one\r")?;
    terminal.expect(READS)?;
    terminal.until_shown("where netsh is", |screen| {
        screen
            .rows()
            .iter()
            .find(|row| *row == "HOST:one>")
            .map(drop)
    })?;
    terminal.keys(CTRL_D)?;
    same(terminal.end()?.code(), Some(0))?;
    mark.until_gone()
}

fn in_a_namespace(user: User) -> Verdict {
    let folder = Folder::new()?;
    let (mut terminal, mark) = in_namespaces(user, &folder, "--netns one")?;
    has(&terminal.written, "network namespace one of this host")?;
    terminal.expect("\x1b[1;33mnetns one\x1b[0m:")?;
    terminal.keys("veth_add(\"a\", \"b\"); link_list().len()\r")?;
    terminal.expect("3\r\n")?;
    terminal.expect(READS)?;
    terminal.keys("!ip -o link show type veth | wc -l\r")?;
    terminal.expect("\r\n2\r\n")?;
    terminal.expect(READS)?;
    terminal.keys(CTRL_D)?;
    same(terminal.end()?.code(), Some(0))?;
    mark.until_gone()
}

fn json(user: User) -> Verdict {
    let mut prompt = Prompt::start_in(user, Folder::new()?, |command| {
        command.arg("--json");
    })?;
    prompt.say(
        "#{ a: [1, 2.5, true, ()], b: \"ü\" }",
        &["{\"a\":[1,2.5,true,null],\"b\":\"ü\"}\r\n"],
    )?;
    prompt.say("_.a[1] * 2", &["5.0\r\n"])?;
    prompt.say("print(\"as\" + \"ide\")", &["aside\r\n"])?;
    prompt.say("link_list().map(|link| link.name)", &["[\"lo\"]\r\n"])?;
    prompt.say("link_up(\"nowhere\")", &["error", "there is no link"])?;
    prompt.leave().map(drop)
}
