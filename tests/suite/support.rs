//! What the tests share: running netsh as a user, and saying that a test can't run here.

use std::io::Write;
use std::os::unix::fs::PermissionsExt;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use std::sync::OnceLock;

use libtest_mimic::{Completion, Failed, Trial};
use snapbox::Redactions;

use crate::durations;

/// The uid and gid of `nobody`, an ordinary user.
pub const NOBODY: u32 = 65534;

/// What a test returns.
pub type Verdict = Result<(), Failed>;

/// Who runs netsh.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum User {
    /// Whoever runs the tests.
    Myself,
    /// An ordinary user; only root can become one.
    Nobody,
}

impl User {
    /// Everybody as whom the tests run netsh: whoever there is, unless NETSH_TEST_AS names one of them. With two kernels to test in
    /// an emulator each has one.
    pub fn all() -> Vec<User> {
        let only = std::env::var("NETSH_TEST_AS").ok();
        match only.as_deref() {
            None if is_root() => vec![User::Myself, User::Nobody],
            None | Some("myself") => vec![User::Myself],
            Some("nobody") if is_root() => vec![User::Nobody],
            Some(other) => panic!("NETSH_TEST_AS={other}: it is myself, or nobody as root"),
        }
    }
}

/// Whether the tests run as root.
pub fn is_root() -> bool {
    nix::unistd::geteuid().is_root()
}

/// What a test needs of the machine beside the kernel's namespaces.
#[derive(Debug, Clone, Copy)]
pub enum Need {
    /// A program in PATH.
    Program(&'static str),
    /// Something that not every kernel has: `qdisc netem`, `link vlan`.
    Kernel(&'static str),
}

impl Need {
    /// Links of this kind.
    pub fn link(kind: &str) -> Need {
        Need::Kernel(format!("link {kind}").leak())
    }

    fn missing(self) -> Option<String> {
        match self {
            Need::Program(name) => (!has_program(name)).then(|| format!("{name} is not installed")),
            Need::Kernel(_) => None,
        }
    }

    /// The needs that a script says it has, in its line `// NEEDS:`.
    pub fn of_script(text: &str) -> &'static [Need] {
        let mut lines = text.lines();
        match lines.find_map(|line| line.strip_prefix("// NEEDS: ")) {
            None => &[],
            Some("device tun") => &[Need::Kernel("device tun")],
            Some(other) => panic!("nobody knows the need {other:?}"),
        }
    }

    /// What this kernel lacks of it for this user. netsh itself is asked: the tests have no namespaces of their own.
    fn lacking(self, user: User) -> Option<String> {
        let Need::Kernel(feature) = self else {
            return None;
        };
        let code = format!("require({feature:?})");
        let ran = Ran::from(netsh(user).args(["-e", &code]).output().ok()?);
        let said = ran.stdout.lines().last().unwrap_or("skipped").to_owned();
        (ran.status == Some(77)).then(|| said.trim_start_matches("skipped: ").into())
    }
}

fn has_program(name: &str) -> bool {
    let path = std::env::var_os("PATH").unwrap_or_default();
    // Debian keeps ip and sysctl where an ordinary user's PATH does not look.
    let beside = ["/usr/sbin", "/sbin"].map(PathBuf::from);
    std::env::split_paths(&path)
        .chain(beside)
        .any(|folder| folder.join(name).is_file())
}

/// A test of the suite, once for each user.
pub fn test(name: &str, needs: &'static [Need], body: fn(User) -> Verdict) -> Vec<Trial> {
    test_named(name, needs, body)
}

/// The same for a test that is made from data.
pub fn test_named(
    name: &str,
    needs: &'static [Need],
    body: impl Fn(User) -> Verdict + Clone + Send + 'static,
) -> Vec<Trial> {
    test_that_may_end(name, needs, move |user| {
        body(user).map(|()| Completion::Completed)
    })
}

/// The same for a test that may find out by itself that it can't run.
pub fn test_that_may_end(
    name: &str,
    needs: &'static [Need],
    body: impl Fn(User) -> Result<Completion, Failed> + Clone + Send + 'static,
) -> Vec<Trial> {
    let trial = |user: User| {
        let body = body.clone();
        let name = match user {
            User::Myself => name.to_string(),
            User::Nobody => format!("{name} (as an ordinary user)"),
        };
        let run = move || {
            if let Some(reason) = missing(needs, user) {
                return ignored(reason);
            }
            match needs.iter().find_map(|need| need.lacking(user)) {
                Some(reason) => lacking(reason),
                None => body(user),
            }
        };
        Trial::ignorable_test(name.clone(), move || durations::measured(&name, run))
    };
    User::all().into_iter().map(trial).collect()
}

/// The trials of a row of a long table that depends hardly on who runs it: as an ordinary user, and of every fourth row as root too.
/// Where there is one user, it runs all.
pub fn of_row(number: usize, mut trials: Vec<Trial>) -> Vec<Trial> {
    if trials.len() > 1 && !number.is_multiple_of(4) {
        trials.remove(0);
    }
    trials
}

/// A test that the machine can't run: ignored with the reason, or failed where everything has to run.
pub fn ignored(reason: String) -> Result<Completion, Failed> {
    if std::env::var_os("NETSH_REQUIRE_NETNS").is_some_and(|value| value == "1") {
        return Err(format!("NETSH_REQUIRE_NETNS=1, and {reason}").into());
    }
    eprintln!("SKIPPED: {reason}");
    Ok(Completion::ignored_with(reason))
}

/// A test that this kernel can't run: ignored with the reason, or failed where the kernel is to have everything.
pub fn lacking(reason: String) -> Result<Completion, Failed> {
    if std::env::var_os("NETSH_REQUIRE_KERNEL").is_some_and(|value| value == "1") {
        return Err(format!("NETSH_REQUIRE_KERNEL=1, and {reason}").into());
    }
    eprintln!("SKIPPED: {reason}");
    Ok(Completion::ignored_with(reason))
}

fn missing(needs: &[Need], user: User) -> Option<String> {
    no_sandbox(user).or_else(|| needs.iter().find_map(|need| need.missing()))
}

/// Why this user has no sandbox, if so. Asked once for each.
fn no_sandbox(user: User) -> Option<String> {
    static MYSELF: OnceLock<Option<String>> = OnceLock::new();
    static NOBODY: OnceLock<Option<String>> = OnceLock::new();
    let known = match user {
        User::Myself => &MYSELF,
        User::Nobody => &NOBODY,
    };
    let ask = || {
        let output = netsh(user).args(["-e", "1"]).output().ok()?;
        (!output.status.success())
            .then(|| String::from_utf8_lossy(&output.stderr).trim().to_string())
    };
    known.get_or_init(ask).clone()
}

/// The binary under test, where every user can run it: the one that was built with the tests, or the one that NETSH_UNDER_TEST
/// names. (In a virtual machine that emulates each instruction, an optimized one is worth a rebuild; the tests' own code isn't.)
pub fn binary() -> &'static Path {
    static BINARY: OnceLock<PathBuf> = OnceLock::new();
    BINARY.get_or_init(|| {
        let named = std::env::var_os("NETSH_UNDER_TEST");
        let built = named.map_or_else(|| env!("CARGO_BIN_EXE_netsh").into(), PathBuf::from);
        let open_to_all = built.ancestors().skip(1).all(|folder| {
            folder.as_os_str().is_empty()
                || std::fs::metadata(folder).is_ok_and(|found| found.permissions().mode() & 1 == 1)
        });
        if open_to_all || !is_root() {
            return built;
        }
        let copy = std::env::temp_dir().join(format!("netsh-under-test-{}", std::process::id()));
        std::fs::copy(&built, &copy).expect("a copy of the binary in the temporary folder");
        copy
    })
}

/// A command that runs netsh as `user`, with no arguments yet.
pub fn netsh(user: User) -> Command {
    program(user, binary())
}

/// A command that runs any program as `user`, with no arguments yet.
pub fn program(user: User, program: impl AsRef<std::ffi::OsStr>) -> Command {
    let mut command = Command::new(program);
    command
        .current_dir(env!("CARGO_MANIFEST_DIR"))
        .env_remove("NO_COLOR")
        .env("LC_ALL", "C.UTF-8")
        .env("TERM", "xterm")
        .stdin(Stdio::null());
    command.env("PATH", search_path());
    become_user(&mut command, user);
    command
}

/// PATH, with the folders where Debian keeps ip and sysctl.
pub fn search_path() -> String {
    let path = std::env::var("PATH").unwrap_or_default();
    format!("{path}:/usr/sbin:/sbin")
}

/// Has `command` run as `user`.
pub fn become_user(command: &mut Command, user: User) {
    if user == User::Nobody {
        command.uid(NOBODY).gid(NOBODY).env("HOME", "/");
    }
}

/// What a script printed and how it ended.
#[derive(Debug)]
pub struct Ran {
    /// Standard output.
    pub stdout: String,
    /// Standard error.
    pub stderr: String,
    /// Exit status; None if a signal ended it.
    pub status: Option<i32>,
}

impl From<Output> for Ran {
    fn from(output: Output) -> Self {
        Ran {
            stdout: String::from_utf8_lossy(&output.stdout).into_owned(),
            stderr: String::from_utf8_lossy(&output.stderr).into_owned(),
            status: output.status.code(),
        }
    }
}

impl Ran {
    /// Its output, if it succeeded and said nothing on standard error.
    pub fn ok(self) -> Result<String, Failed> {
        if self.status == Some(0) && self.stderr.is_empty() {
            Ok(self.stdout)
        } else {
            Err(format!("netsh failed: {self:#?}").into())
        }
    }
}

/// Runs `code` as `netsh ARGUMENTS -` does, from standard input.
pub fn run_with(user: User, arguments: &[&str], code: &str) -> Result<Ran, Failed> {
    run_bytes(user, arguments, code.as_bytes())
}

/// The same for a script that may be no text.
pub fn run_bytes(user: User, arguments: &[&str], code: &[u8]) -> Result<Ran, Failed> {
    run_in(Path::new(env!("CARGO_MANIFEST_DIR")), user, arguments, code)
}

/// The same in a folder.
pub fn run_in(folder: &Path, user: User, arguments: &[&str], code: &[u8]) -> Result<Ran, Failed> {
    let mut child = netsh(user)
        .current_dir(folder)
        .args(arguments)
        .arg("-")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()?;
    let mut input = child.stdin.take().ok_or("no standard input")?;
    input.write_all(code)?;
    drop(input);
    Ok(child.wait_with_output()?.into())
}

/// Runs netsh with these arguments by a shell that sets limits first (`ulimit -n 48`).
pub fn limited(user: User, limits: &str, arguments: &[&str]) -> Result<Ran, Failed> {
    let line = format!("{limits} && exec \"$0\" \"$@\"");
    let mut shell = program(user, "/bin/sh");
    shell.args(["-c", &line]).arg(binary()).args(arguments);
    Ok(shell.output()?.into())
}

/// A script that makes two hosts and a cable, for a test to go on with.
pub const HOSTS: &str = r#"
    import "topo" as topo;
    let both = topo::pair("h1", "h2").hosts;
    let h1 = both.h1;
    let h2 = both.h2;
    h1.addr_add("eth0", "fd00::1/64");
    h2.addr_add("eth0", "fd00::2/64");
"#;

/// Runs `code` and returns what it printed; anything but success is a failure.
pub fn run(user: User, code: &str) -> Result<String, Failed> {
    run_with(user, &[], code)?.ok()
}

/// Runs `code` and returns the JSON lines that its show() wrote.
pub fn run_json(user: User, code: &str) -> Result<Vec<serde_json::Value>, Failed> {
    let output = run_with(user, &["--json"], code)?.ok()?;
    let lines = output.lines().map(serde_json::from_str);
    Ok(lines.collect::<Result<_, _>>()?)
}

/// Fails with both values unless they are equal.
pub fn same<T: PartialEq + std::fmt::Debug>(found: T, wanted: T) -> Verdict {
    if found == wanted {
        Ok(())
    } else {
        Err(format!("found {found:#?}\nwanted {wanted:#?}").into())
    }
}

/// What differs from run to run, and its name in a CHECK line.
pub fn redactions() -> Result<Redactions, Failed> {
    let mut redactions = Redactions::new();
    let varying = [
        ("[MAC]", r"(?:[0-9a-f]{2}:){5}[0-9a-f]{2}"),
        ("[LINKLOCAL]", r"fe80::[0-9a-f:]+/64"),
        (
            "[MS]",
            r"(?m)^(?<redacted> +[0-9]{1,3}\.[0-9]{3}) .*[│●▶◀↻]",
        ),
        ("[HOP]", r"  (?<redacted>[0-9]+\.[0-9]{3}) ms"),
        ("[TIME]", r"time[ =](?<redacted>[0-9]+(?:\.[0-9]+)?) ?ms"),
        // How many requests were unanswered at once depends on how busy the machine is.
        (
            "[TIMES]",
            r"rtt min/avg/max/mdev = (?<redacted>[0-9./]+ ms(?:, pipe [0-9]+)?)",
        ),
    ];
    for (name, pattern) in varying {
        let pattern = snapbox::filter::RedactedValue::from(regex::Regex::new(pattern)?);
        redactions
            .insert(name, pattern)
            .map_err(|error| error.to_string())?;
    }
    Ok(redactions)
}

/// Fails unless `part` is in `text`.
pub fn has(text: &str, part: &str) -> Verdict {
    match text.contains(part) {
        true => Ok(()),
        false => Err(format!("{part:?} is missing in {text:?}").into()),
    }
}
