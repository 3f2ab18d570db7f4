//! What the tests share: a network namespace for each, a lab in it, and the second path.

use std::cell::RefCell;
use std::io::Write;
use std::os::fd::{AsRawFd, RawFd};
use std::process::{Command, Stdio};
use std::rc::Rc;

use libtest_mimic::{Completion, Failed, Trial};
use netsh::kernel::change::{Action, Change, Names};
use netsh::kernel::conntrack_change;
use netsh::kernel::error::{Error, Result as KernelResult};
use netsh::kernel::ioctl;
use netsh::kernel::netlink::Direction;
use netsh::kernel::netns::Namespace;
use netsh::kernel::sysctl;
use netsh::kernel::tuntap;
use netsh::lab::screen::Screen;
use netsh::lab::{Lab, Settings};
use nix::sched::{CloneFlags, unshare};

/// What a test returns.
pub type Verdict = Result<(), Failed>;

/// A test before it is known whether it can run.
pub struct Test {
    name: &'static str,
    needs_ip: bool,
    needs_tun: bool,
    needs_tcpdump: bool,
    body: fn(&Namespace) -> Verdict,
}

/// A test in a namespace of its own, whose loopback link is up.
pub fn test(name: &'static str, body: fn(&Namespace) -> Verdict) -> Test {
    Test {
        name,
        needs_ip: false,
        needs_tun: false,
        needs_tcpdump: false,
        body,
    }
}

/// The same for a test that asks tcpdump as well.
pub fn test_with_tcpdump(name: &'static str, body: fn(&Namespace) -> Verdict) -> Test {
    Test {
        needs_tcpdump: true,
        ..test(name, body)
    }
}

/// The same for a test that asks iproute2 as well.
pub fn test_with_ip(name: &'static str, body: fn(&Namespace) -> Verdict) -> Test {
    Test {
        needs_ip: true,
        ..test(name, body)
    }
}

/// The same for a test that makes tun devices.
pub fn test_with_tun(name: &'static str, body: fn(&Namespace) -> Verdict) -> Test {
    Test {
        needs_tun: true,
        ..test_with_ip(name, body)
    }
}

impl Test {
    /// The test for the harness: ignored, with the reason, where it can't run, and failed where everything has to run.
    pub fn into_trial(self, no_sandbox: Option<String>) -> Trial {
        Trial::ignorable_test(self.name, move || {
            let no_ip = || {
                (self.needs_ip && ip(&["-V"]).is_err()).then(|| "ip is not installed".to_string())
            };
            let no_tcpdump = || {
                let is_missing = self.needs_tcpdump && !has("tcpdump");
                is_missing.then(|| "tcpdump is not installed".to_string())
            };
            let no_tun = || {
                let fault = tuntap::no_device().filter(|_| self.needs_tun)?;
                Some(fault.words)
            };
            // The machine's own fault, and no reason to fail but where all kernels' features are to be there.
            if let Some(reason) = no_tun() {
                if std::env::var_os("NETSH_REQUIRE_KERNEL").is_some_and(|value| value == "1") {
                    return Err(format!("NETSH_REQUIRE_KERNEL=1, and {reason}").into());
                }
                eprintln!("SKIPPED: {reason}");
                return Ok(Completion::ignored_with(reason));
            }
            let Some(reason) = no_sandbox.or_else(no_ip).or_else(no_tcpdump) else {
                return in_own_namespace(self.body).map(|()| Completion::Completed);
            };
            if std::env::var_os("NETSH_REQUIRE_NETNS").is_some_and(|value| value == "1") {
                return Err(format!("NETSH_REQUIRE_NETNS=1, and {reason}").into());
            }
            eprintln!("SKIPPED: {reason}");
            Ok(Completion::ignored_with(reason))
        })
    }
}

/// The threads of the harness are used again; a namespace and a home are for a thread's life.
fn in_own_namespace(body: fn(&Namespace) -> Verdict) -> Verdict {
    let thread = std::thread::spawn(move || -> Verdict {
        unshare(CloneFlags::CLONE_NEWNET)?;
        ioctl::bring_up("lo")?;
        body(&Namespace::home().map_err(words)?)
    });
    match thread.join() {
        Ok(verdict) => verdict,
        Err(panic) => std::panic::resume_unwind(panic),
    }
}

/// An error of the kernel layer as the harness takes it.
pub fn words(error: Error) -> Failed {
    error.to_string().into()
}

/// Fails with both values unless they are equal.
pub fn same<T: PartialEq + std::fmt::Debug>(found: T, wanted: T) -> Verdict {
    if found == wanted {
        Ok(())
    } else {
        Err(format!("found {found:#?}\nwanted {wanted:#?}").into())
    }
}

/// The path in which programs are looked for: Debian keeps some where an ordinary user's does not look.
pub fn path() -> String {
    let path = std::env::var("PATH").unwrap_or_default();
    format!("{path}:/usr/sbin:/sbin")
}

fn has(program: &str) -> bool {
    let mut version = Command::new(program);
    version.env("PATH", path()).arg("--version");
    let ran = version.stdout(Stdio::null()).stderr(Stdio::null()).status();
    ran.is_ok_and(|status| status.success())
}

/// What `ip` prints in the namespace of this thread.
pub fn ip(arguments: &[&str]) -> Result<String, Failed> {
    ip_reads(arguments, "")
}

/// What one `ip -j -batch` prints for each of several questions.
pub fn ip_answers(
    arguments: &[&str],
    questions: &[&str],
) -> Result<Vec<Vec<serde_json::Value>>, Failed> {
    let mut all = vec!["-j", "-d"];
    all.extend(arguments);
    all.extend(["-batch", "-"]);
    let answers = ip_reads(&all, &questions.join("\n"))?;
    let answers: Vec<_> = serde_json::Deserializer::from_str(&answers)
        .into_iter()
        .collect::<Result<_, _>>()?;
    same(answers.len(), questions.len())?;
    Ok(answers)
}

fn ip_reads(arguments: &[&str], input: &str) -> Result<String, Failed> {
    let mut ip = Command::new("ip")
        .env("PATH", path())
        .args(arguments)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()?;
    if let Some(mut stdin) = ip.stdin.take() {
        stdin.write_all(input.as_bytes())?;
    }
    let output = ip.wait_with_output()?;
    if output.status.success() {
        Ok(String::from_utf8_lossy(&output.stdout).into_owned())
    } else {
        Err(format!(
            "ip {arguments:?}: {}",
            String::from_utf8_lossy(&output.stderr)
        )
        .into())
    }
}

/// What `ip -j` prints, read.
pub fn ip_json(arguments: &[&str]) -> Result<Vec<serde_json::Value>, Failed> {
    let mut all = vec!["-j", "-d"];
    all.extend(arguments);
    match ip(&all)?.trim() {
        "" => Ok(Vec::new()),
        text => Ok(serde_json::from_str(text)?),
    }
}

/// The names that a change may use: the links here, and namespaces that the test holds.
pub struct Known<'a> {
    /// Where the change happens.
    pub here: &'a Namespace,
    /// Other namespaces by name.
    pub others: Vec<(&'static str, &'a Namespace)>,
}

impl Names for Known<'_> {
    fn namespace(&self) -> &Namespace {
        self.here
    }

    fn netns(&self, name: &str) -> KernelResult<RawFd> {
        let found = self.others.iter().find(|(other, _)| *other == name);
        let found = found.map(|(_, namespace)| namespace.as_raw_fd());
        found.ok_or_else(|| Error::NoSuchNetns(name.to_string()))
    }
}

impl Known<'_> {
    /// Makes a change without the lab.
    pub fn make(&self, change: impl Into<Change>) -> KernelResult<()> {
        match change.into().operation().action(self)? {
            Action::Route(requests) => self.here.route()?.change_all(requests),
            Action::Conntrack(requests) => conntrack_change::change_each(self.here, requests),
            Action::Netfilter(requests) => self.here.netfilter()?.transact(requests, &mut |_| {}),
            Action::Generic(requests) => self.here.generic()?.change_all(requests),
            Action::Sysctl(key, value) => sysctl::set(self.here, &key, &value),
            Action::Tuntap(device) => device.make(self.here).map(drop),
            Action::NetnsAdd(_) | Action::NetnsDel(_) => {
                Err(Error::Unreadable("only the lab does that".into()))
            }
        }
    }
}

/// The names in a namespace that knows no other.
pub fn known(here: &Namespace) -> Known<'_> {
    Known {
        here,
        others: Vec::new(),
    }
}

/// A screen that keeps the commands and shows nothing.
#[derive(Default)]
pub struct Kept {
    /// The commands so far.
    pub commands: RefCell<Vec<String>>,
}

impl Screen for Kept {
    fn print(&self, _: &str) {}
    fn live(&self, _: &str) {}
    fn show(&self, _: &serde_json::Value) {}
    fn manual(&self, _: &str) {}
    fn command(&self, line: &str) {
        self.commands.borrow_mut().push(line.to_string());
    }
    fn netlink(&self, _: isize, _: Direction, _: &[u8]) {}
    fn note(&self, _: &str) {}
    fn is_closed(&self) -> bool {
        false
    }
}

/// A lab whose home is the namespace of this thread, and what it says.
pub fn lab() -> Result<(Lab, Rc<Kept>), Failed> {
    let kept = Rc::new(Kept::default());
    let settings = Settings {
        sandboxed: true,
        show_commands: true,
        ..Settings::default()
    };
    Ok((Lab::new(settings, kept.clone()).map_err(words)?, kept))
}
