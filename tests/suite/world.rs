//! A test in a world of its own: this test binary again, as process 1 of fresh process, network and mount namespaces. All
//! that is to be seen there is the test's, so that what was before and what is after can be compared without exception, however
//! busy the machine is.

use std::process::{Command, Stdio};

use libtest_mimic::{Failed, Trial};
use nix::sys::wait::{WaitPidFlag, WaitStatus, waitpid};

use crate::process::{self, Process, until};
use crate::support::{Need, Ran, User, Verdict, is_root, search_path, test_named};

/// The name of the test, for the binary that finds itself in the new world.
const NAME: &str = "NETSH_TEST_IN_ITS_OWN_WORLD";
/// Whether netsh is to run as an ordinary user.
const ORDINARY: &str = "NETSH_TEST_AS_NOBODY";

/// A test that is to run so.
pub type Body = (&'static str, fn(User) -> Verdict);

/// What the frame needs.
const NEEDS: &[Need] = &[Need::Program("unshare"), Need::Program("ip")];

/// The trials that run `bodies`.
pub fn trials(bodies: &'static [Body]) -> Vec<Trial> {
    bodies
        .iter()
        .flat_map(|(name, _)| test_named(name, NEEDS, move |user| enter(name, user)))
        .collect()
}

fn enter(name: &str, user: User) -> Verdict {
    let mut command = Command::new("unshare");
    command
        .args(["--mount", "--net", "--pid", "--fork", "--kill-child"])
        .args(["--mount-proc", "--propagation", "private"]);
    if !is_root() {
        command.args(["--user", "--map-root-user"]);
    }
    let output = command
        .arg(std::env::current_exe()?)
        .env(NAME, name)
        .env(ORDINARY, if user == User::Nobody { "1" } else { "" })
        .env("PATH", search_path())
        .stdin(Stdio::null())
        .output()?;
    let ran = Ran::from(output);
    match ran.status {
        Some(0) => Ok(()),
        _ => Err(format!("{}{}", ran.stdout, ran.stderr).into()),
    }
}

/// If this process is to be a world's first one: runs the test that it was started for, and says how it ended.
pub fn ended(bodies: &[Body]) -> Option<i32> {
    let name = std::env::var(NAME).ok()?;
    let ordinary = std::env::var(ORDINARY).is_ok_and(|value| value == "1");
    let user = if ordinary { User::Nobody } else { User::Myself };
    let body = bodies.iter().find(|(known, _)| *known == name);
    let verdict = match body {
        Some((_, body)) => populate().and_then(|()| body(user)),
        None => Err(format!("there is no test called {name:?}").into()),
    };
    if let Err(failed) = &verdict {
        eprintln!("{}", failed.message().unwrap_or("it failed"));
    }
    Some(i32::from(verdict.is_err()))
}

/// A network to be left alone.
fn populate() -> Verdict {
    let script = "set -e
        mkdir -p /run/netns 2>/dev/null && mount -t tmpfs outside /run/netns || true
        ip link set lo up
        ip link add out0 type veth peer name out1
        ip link set out0 addrgenmode none
        ip link set out1 addrgenmode none
        ip link set out0 up
        ip link set out1 up
        ip address add 192.0.2.1/24 dev out0
        ip address add 2001:db8::1/64 dev out0 nodad
        ip route add 198.51.100.0/24 via 192.0.2.2
        ip neighbour add 192.0.2.2 lladdr 02:00:00:00:00:02 dev out0
        ip rule add from 203.0.113.0/24 table 100
        echo 1 > /proc/sys/net/ipv4/ip_forward
        # The kernel notices later that the links are up.
        until [ \"$(ip -o link show | grep -c ' state UP ')\" = 2 ]; do sleep 0.01; done";
    let ran: Ran = Command::new("sh").args(["-c", script]).output()?.into();
    match ran.status {
        Some(0) => Ok(()),
        _ => Err(format!("no network for the test: {ran:?}").into()),
    }
}

/// Waits until only this process is left, collecting orphans as an init does.
pub fn until_alone() -> Verdict {
    let others = || -> Vec<Process> {
        while !matches!(
            waitpid(None, Some(WaitPidFlag::WNOHANG)),
            Err(_) | Ok(WaitStatus::StillAlive)
        ) {}
        let mut all = process::all();
        all.retain(|process| !process.is_myself());
        all
    };
    until("the end of all other processes", || {
        others().is_empty().then_some(())
    })
    .map_err(|_| Failed::from(format!("left behind: {:#?}", others())))
}
