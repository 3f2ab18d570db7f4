//! The sandboxes that are running, found through /proc alone: nothing is written down that a `kill -9` would leave behind.
//!
//! A sandbox is seen as two processes of netsh, parent and child, of which the child is the init of a process namespace
//! further in and has a network of its own ([`super::sandbox`]).

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::time::Duration;

use crate::kernel::netns::{Identity, NAMED};
use crate::kernel::process::{self, Status};

use super::failure::{Failure, Outcome};

/// What the program is called, unless it was renamed.
const NETSH: &str = "netsh";

/// What there is to do about a wrong number.
pub(super) const SEE_LIST: &str = "netsh attach --list shows the sandboxes that are running";

/// A running sandbox.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sandbox {
    /// The process that the user started.
    pub outer: i32,
    /// Its child, the first process of the sandbox.
    pub inner: i32,
    /// Whose it is.
    pub uid: u32,
    /// The group that it runs as.
    pub gid: u32,
    /// Whether this user may look into it, and so join it.
    pub joinable: bool,
}

impl Sandbox {
    /// How long ago it was started.
    pub fn age(&self) -> Option<Duration> {
        process::age(self.outer)
    }

    /// The words that netsh was started with, itself included.
    pub fn arguments(&self) -> Vec<String> {
        process::arguments(self.outer)
    }

    /// Whether its standard input is a terminal.
    pub fn reads_terminal(&self) -> bool {
        let input = fs::read_link(format!("/proc/{}/fd/0", self.outer));
        input.is_ok_and(|device| device.starts_with("/dev/pts") || is_console(&device))
    }

    /// The names of its network namespaces, sorted. None where this user can't see them.
    pub fn netns_names(&self) -> Option<Vec<String>> {
        let entries = fs::read_dir(format!("/proc/{}/root{NAMED}", self.inner)).ok()?;
        let mut names: Vec<String> = entries
            .flatten()
            .map(|entry| entry.file_name().to_string_lossy().into_owned())
            .collect();
        names.sort();
        Some(names)
    }
}

/// /dev/tty1, /dev/ttyS0, /dev/console.
fn is_console(device: &Path) -> bool {
    let name = device.strip_prefix("/dev").ok().and_then(Path::to_str);
    name.is_some_and(|name| name.starts_with("tty") || name == "console")
}

/// All sandboxes that are running, those of other users too, in the order of their numbers.
pub fn running() -> Vec<Sandbox> {
    let all: BTreeMap<i32, Status> = process::all()
        .into_iter()
        .filter_map(|pid| Some((pid, process::status(pid)?)))
        .collect();
    let look = Look::new();
    all.iter()
        .filter_map(|(pid, status)| look.at(*pid, status, all.get(&status.parent)?))
        .collect()
}

/// The sandbox that this process is the outer or the inner one of.
pub fn find(pid: u32) -> Outcome<Sandbox> {
    let all = running();
    let is = |found: &dyn Fn(&Sandbox) -> i32| {
        all.iter()
            .find(|sandbox| u32::try_from(found(sandbox)) == Ok(pid))
            .cloned()
    };
    is(&|sandbox| sandbox.inner)
        .or_else(|| is(&|sandbox| sandbox.outer))
        .ok_or_else(|| none_of(pid))
}

fn none_of(pid: u32) -> Box<Failure> {
    let status = i32::try_from(pid).ok().and_then(process::status);
    let words = match status {
        Some(status) => format!("process {pid} ({}) is no sandbox of netsh", status.name),
        None => format!("there is no process {pid}"),
    };
    Failure::new(words).hint(SEE_LIST)
}

/// What is known of whoever looks.
struct Look {
    name: Option<String>,
    network: Option<Identity>,
}

impl Look {
    fn new() -> Look {
        let own = i32::try_from(std::process::id()).ok();
        Look {
            name: own.and_then(process::status).map(|status| status.name),
            network: process::own_namespace("net"),
        }
    }

    /// The sandbox whose first process this is, if it is one.
    fn at(&self, pid: i32, inner: &Status, outer: &Status) -> Option<Sandbox> {
        let ours = inner.name == NETSH || Some(&inner.name) == self.name.as_ref();
        let first = inner.numbers.len() > outer.numbers.len() && inner.numbers.last() == Some(&1);
        // What may not be looked at may not be joined either.
        let network = process::namespace(pid, "net");
        let elsewhere = network.is_none() || network != self.network;
        (ours && inner.name == outer.name && first && elsewhere).then_some(Sandbox {
            outer: inner.parent,
            inner: pid,
            uid: inner.uid,
            gid: inner.gid,
            joinable: network.is_some(),
        })
    }
}

/// Whether a sandbox is still the one that was found: asked with a descriptor of its first process in hand.
pub(super) fn is_still(sandbox: &Sandbox) -> bool {
    let found = || {
        let inner = process::status(sandbox.inner)?;
        let outer = process::status(inner.parent)?;
        Look::new().at(sandbox.inner, &inner, &outer)
    };
    found().as_ref() == Some(sandbox)
}
