//! Nothing outlives netsh and nothing outside is touched: the machine is compared before and after a whole lab, and after
//! `kill -9` at many moments, with programs and daemons running inside.

use std::io::{BufRead, BufReader};
use std::os::unix::process::ExitStatusExt;
use std::process::{Child, ChildStdout, Stdio};
use std::time::{SystemTime, UNIX_EPOCH};

use libtest_mimic::{Failed, Trial};
use nix::sys::signal::Signal;

use crate::folder::Folder;
use crate::machine::{self, State, unchanged};
use crate::process::{Mark, Process, end_of, until};
use crate::support::{Need, User, Verdict, netsh, same, test};
use crate::world::{self, Body, until_alone};

/// The tests of this file that run in a world of their own.
pub const IN_WORLDS: &[Body] = &[
    (
        "leftovers: none after a lab, in a world of its own",
        lab_in_a_world,
    ),
    (
        "leftovers: none after a failure amid daemons",
        failure_amid_daemons,
    ),
    (
        "leftovers: none after kill -9 of the outer process",
        kill_outer,
    ),
    (
        "leftovers: none after kill -9 of the inner process",
        kill_inner,
    ),
];

/// The tests of this file.
pub fn trials() -> Vec<Trial> {
    let mut trials = test(
        "leftovers: a lab leaves this machine as it was",
        &[Need::Program("ip")],
        lab_on_this_machine,
    );
    trials.extend(test(
        "leftovers: kill -9 leaves this machine as it was",
        &[Need::Program("ip")],
        kill_on_this_machine,
    ));
    trials.extend(world::trials(IN_WORLDS));
    trials
}

/// A lab with all that could be left over: links, named namespaces, mounts, files, programs in the background, and
/// daemons. It says how far it is, and goes on for ever.
const LAB: &str = r#"
    print("step 1");
    veth_add("out0", "b", #{ up: true });
    addr_add("out0", "192.0.2.1/24");
    sysctl_set("net.ipv4.ip_forward", 1);
    print("step 2");
    let h1 = netns_add("h1");
    veth_add("c", "d", #{ peer_netns: "h1" });
    print("step 3");
    sh("mount -t tmpfs inside /mnt && touch /mnt/file /run/netns/file");
    print("step 4");
    sh("sleep 1000 & (setsid sh -c 'sleep 1001 & sleep 1002' &)");
    print("step 5");
    h1.sh("setsid sh -c 'setsid sleep 1003 & exit' & cd / && nohup sleep 1004 2>&1 &");
    print("step 6");
    let round = 0;
    while ARGS != ["short"] || round < 3 {
        round += 1;
        let name = `n${round}`;
        netns_add(name);
        veth_add(`v${round}`, "eth0", #{ peer_netns: name });
        netns_del(name);
        exec("true", []);
        if round % 4 == 0 { sh("sleep 1005 &"); }
        print(`round ${round}`);
    }
"#;

/// A run of the lab whose output is read line by line.
struct Running {
    child: Child,
    lines: BufReader<ChildStdout>,
    mark: Mark,
    folder: Folder,
}

impl Running {
    fn start(user: User, arguments: &[&str]) -> Result<Running, Failed> {
        let folder = Folder::new()?;
        let mut command = netsh(user);
        command
            .args(["-e", LAB])
            .args(arguments)
            .current_dir(folder.path())
            .env("TMPDIR", folder.path())
            .env("HOME", folder.path())
            .stdout(Stdio::piped());
        let mark = Mark::on(&mut command);
        let mut child = command.spawn()?;
        let output = child.stdout.take().ok_or("no output to read")?;
        Ok(Running {
            child,
            lines: BufReader::new(output),
            mark,
            folder,
        })
    }

    fn until_line(&mut self, wanted: &str) -> Verdict {
        let mut line = String::new();
        while line.trim_end() != wanted {
            line.clear();
            if self.lines.read_line(&mut line)? == 0 {
                return Err(format!("the lab ended before {wanted:?}").into());
            }
        }
        Ok(())
    }

    fn inner(&self) -> Result<Process, Failed> {
        let outer = Process::of(&self.child);
        until("the inner process", || outer.children().first().copied())
    }

    /// Lets the lab come to `moment`.
    fn reach(&mut self, moment: Moment) -> Verdict {
        let outer = Process::of(&self.child);
        let home = outer_namespace();
        match moment {
            Moment::Started => Ok(()),
            Moment::OwnNetwork => until("namespaces of its own", || {
                (outer.namespace("net") != home).then_some(())
            }),
            Moment::Forked => self.inner().map(|_| ()),
            Moment::Step(number) => self.until_line(&format!("step {number}")),
            Moment::Round(number) => self.until_line(&format!("round {number}")),
        }
    }

    /// Every process has closed the pipe that all of them had for standard output, and no file was written.
    fn until_silent(&mut self) -> Verdict {
        std::io::copy(&mut self.lines, &mut std::io::sink())?;
        same(self.folder.names(), vec![])
    }
}

fn outer_namespace() -> Option<String> {
    let link = std::fs::read_link("/proc/self/ns/net").ok()?;
    Some(link.to_string_lossy().into_owned())
}

/// When to strike.
#[derive(Debug, Clone, Copy)]
enum Moment {
    Started,
    OwnNetwork,
    Forked,
    Step(u32),
    Round(u32),
}

/// Ten moments: the first steps of netsh, each step of the lab, and somewhere in its endless rounds.
fn moments() -> Vec<Moment> {
    let now = SystemTime::now().duration_since(UNIX_EPOCH);
    let nanoseconds = now.map_or(0, |now| now.subsec_nanos());
    let mut moments = vec![Moment::Started, Moment::OwnNetwork, Moment::Forked];
    moments.extend((1..=6).map(Moment::Step));
    moments.push(Moment::Round(1 + nanoseconds / 1000 % 20));
    moments
}

/// All that there is, from inside a world.
fn everything() -> Result<State, Failed> {
    let mut state = machine::network()?;
    state.extend(machine::mounts()?);
    state.extend(machine::processes());
    Ok(state)
}

fn lab_in_a_world(user: User) -> Verdict {
    let before = everything()?;
    let mut lab = Running::start(user, &["short"])?;
    lab.until_silent()?;
    same(end_of(&mut lab.child)?.code(), Some(0))?;
    until_alone()?;
    unchanged(&before, &everything()?)
}

fn failure_amid_daemons(user: User) -> Verdict {
    let before = everything()?;
    let code = "sh(\"sleep 1000 & (setsid sh -c 'setsid sleep 1001 & sleep 1002' &)\"); throw 1";
    // No pipe: a daemon that is left over would keep it open.
    let mut command = netsh(user);
    let command = command.args(["-e", code]);
    let status = command
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .status()?;
    same(status.code(), Some(1))?;
    // Nothing is waited for: when netsh has ended, all have.
    same(machine::processes().len(), 1)?;
    unchanged(&before, &everything()?)
}

fn kill_outer(user: User) -> Verdict {
    for moment in moments() {
        kill_at(user, moment, |lab| Ok(Process::of(&lab.child)))
            .map_err(|failed| at(moment, &failed))?;
    }
    Ok(())
}

fn kill_inner(user: User) -> Verdict {
    for moment in moments() {
        kill_at(user, moment, Running::inner).map_err(|failed| at(moment, &failed))?;
    }
    Ok(())
}

fn at(moment: Moment, failed: &Failed) -> Failed {
    format!(
        "killed at {moment:?}: {}",
        failed.message().unwrap_or_default()
    )
    .into()
}

fn kill_at(user: User, moment: Moment, victim: fn(&Running) -> Result<Process, Failed>) -> Verdict {
    let before = everything()?;
    let mut lab = Running::start(user, &[])?;
    lab.reach(moment)?;
    victim(&lab)?.signal(Signal::SIGKILL)?;
    let status = end_of(&mut lab.child)?;
    same(status.signal(), Some(Signal::SIGKILL as i32))?;
    lab.until_silent()?;
    until_alone()?;
    unchanged(&before, &everything()?)
}

/// What of a machine that others use too must stay as it is.
fn this_machine() -> Result<State, Failed> {
    let mut state = machine::network()?;
    state.extend(machine::mounts()?);
    Ok(state)
}

fn lab_on_this_machine(user: User) -> Verdict {
    let before = this_machine()?;
    let mut lab = Running::start(user, &["short"])?;
    lab.until_silent()?;
    same(end_of(&mut lab.child)?.code(), Some(0))?;
    same(format!("{:?}", lab.mark.processes()), "[]".into())?;
    let mut veth = netsh(user);
    let veth = veth.arg("scripts/veth.rhai").output()?;
    same(veth.status.code(), Some(0))?;
    unchanged(&before, &this_machine()?)
}

fn kill_on_this_machine(user: User) -> Verdict {
    let before = this_machine()?;
    let mut moments = moments();
    moments.reverse();
    for moment in moments {
        let mut lab = Running::start(user, &[])?;
        lab.reach(moment)?;
        Process::of(&lab.child).signal(Signal::SIGKILL)?;
        end_of(&mut lab.child)?;
        lab.mark.until_gone()?;
        lab.until_silent()?;
    }
    unchanged(&before, &this_machine()?)
}
