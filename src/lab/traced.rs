//! What the rules of the current namespace do with each packet.
//!
//! The kernel tells it of packets that a rule has marked (`meta nftrace set 1`): for as long as it takes, tables of our own
//! mark all of them, at the first hooks of each family that has rules.

use std::collections::HashMap;
use std::fmt::Write;

use nix::errno::Errno;

use crate::kernel::error::Result;
use crate::kernel::netlink::listen::{self, Background, Heard, Listener};
use crate::kernel::nft::family::Family;
use crate::kernel::nft::hook::hook_name;
use crate::kernel::nft::list::{self, Table};
use crate::kernel::nft::load::Load;
use crate::kernel::nft::name::TableName;
use crate::kernel::nft::table::TableDel;
use crate::kernel::nft::trace::{self, Kind, Step};

use super::Lab;
use super::explain::ask;
use super::failure::{Failure, Outcome};

/// The decoded headers of a packet, and the links that it came in and went out by.
type Headers = (Option<String>, Option<u32>, Option<u32>);

/// The tables that mark the packets; with a number behind it where somebody traces while somebody traces.
const TABLE: &str = "netsh_trace";

/// Before connections are tracked and before any chain of a priority that has a name.
const PRIORITY: i32 = -350;

/// The tables that mark packets before these tables see them, by their name.
fn marking(tables: &[Table], name: &str) -> (Vec<Family>, String) {
    let has = |family| tables.iter().any(|table| table.name.family == family);
    let mut chains = vec![
        (Family::Inet, "prerouting", String::new()),
        (Family::Inet, "output", String::new()),
    ];
    if has(Family::Bridge) {
        chains.push((Family::Bridge, "prerouting", String::new()));
        chains.push((Family::Bridge, "output", String::new()));
    }
    if has(Family::Arp) {
        chains.push((Family::Arp, "input", String::new()));
        chains.push((Family::Arp, "output", String::new()));
    }
    // Chains that hang at links see what no other hook does, and see it first.
    for table in tables {
        for hook in table.chains.iter().filter_map(|chain| chain.hook.as_ref()) {
            let name = hook_name(table.name.family, hook.number);
            chains.extend(hook.devices.iter().map(|device| {
                let device = format!("device \"{device}\" ");
                (Family::Netdev, name, device)
            }));
        }
    }
    let mut text = String::new();
    let mut families: Vec<Family> = Vec::new();
    for (number, (family, hook, device)) in chains.iter().enumerate() {
        if !families.contains(family) {
            families.push(*family);
        }
        let _ = writeln!(
            text,
            "table {family} {name} {{ chain c{number} {{ type filter hook {hook} {device}priority {PRIORITY}; meta nftrace set 1; }} }}"
        );
    }
    (families, text)
}

/// A name for them that no table has.
fn free_name(tables: &[Table]) -> String {
    let is_free = |name: &String| tables.iter().all(|table| table.name.table != *name);
    let numbered = (1..).map(|number: u32| format!("{TABLE}{number}"));
    let mut names = std::iter::once(TABLE.to_owned()).chain(numbered);
    names.find(is_free).unwrap_or_default()
}

/// Whether a step is one of the tables that mark packets.
pub fn is_mark(step: &Step) -> bool {
    let number = step.table.table.strip_prefix(TABLE);
    number.is_some_and(|number| number.bytes().all(|byte| byte.is_ascii_digit()))
}

/// What was heard, and what became of the work.
pub struct Traced<T> {
    /// The result of the work.
    pub value: T,
    /// The steps of all packets, in order; among them those of the tables that mark them.
    pub steps: Vec<Step>,
    /// Whether notifications were lost.
    pub is_incomplete: bool,
}

impl Lab {
    /// Runs `work`, and tells what the rules of the current namespace did with packets meanwhile.
    pub fn traced<T>(&self, work: impl FnOnce() -> T) -> Outcome<Traced<T>> {
        let netns = self.current();
        let unreadable = |_| Failure::new("the rule that marks packets cannot be read");
        let tables = ask(self, "list the rules", || {
            list::ruleset(netns.namespace()?.netfilter()?, None)
        })?;
        let name = free_name(&tables);
        let (families, marking) = marking(&tables, &name);
        let marking = Load::new(&marking, &|_, _| None).map_err(unreadable)?;
        let background = ask(self, "listen to what rules do with packets", || {
            let open = || Listener::open(listen::NETFILTER, &[trace::GROUP]);
            Background::start(vec![netns.namespace()?.enter(open)??])
        })?;
        self.apply(marking)?;
        self.settle();
        let value = work();
        let removed = self.within(&netns, || {
            let del = |family| {
                let table = name.clone();
                let table = TableName { family, table };
                match self.apply(TableDel { table }) {
                    // The work has flushed the rules.
                    Err(failure) if failure.errno == Some(Errno::ENOENT) => Ok(()),
                    gone => gone,
                }
            };
            // All go, whatever becomes of one.
            let gone: Vec<Outcome<()>> = families.into_iter().map(del).collect();
            gone.into_iter().collect::<Outcome<()>>()
        });
        let heard = ask(self, "listen to what rules do with packets", || {
            background.finish()
        })?;
        ask(self, "go back", || removed)??;
        let mut traced = Traced {
            value,
            steps: Vec::new(),
            is_incomplete: false,
        };
        let steps = || -> Result<()> {
            for one in heard {
                match one {
                    Heard::Lost(_) => traced.is_incomplete = true,
                    Heard::Message(told) => {
                        told.show();
                        let step = trace::read(&told.answer)?;
                        traced.steps.extend(step);
                    }
                }
            }
            Ok(())
        };
        ask(self, "read what rules do with packets", steps)?;
        Ok(traced)
    }
}

/// The steps without those that mark packets, and without the ends of chains, which are told as rules that have no number.
/// The headers stand in the first step of a packet in a base chain, whichever that is.
pub fn of_interest(steps: Vec<Step>) -> Vec<Step> {
    let mut headers: HashMap<u32, Headers> = HashMap::new();
    let mut kept = Vec::new();
    for mut step in steps {
        let seen = headers.entry(step.id).or_default();
        seen.0 = step.packet.take().or(seen.0.take());
        seen.1 = step.iif.or(seen.1);
        seen.2 = step.oif.or(seen.2);
        let is_end = step.kind == Kind::Rule && step.rule.is_none();
        if !is_mark(&step) && !is_end {
            (step.packet, step.iif, step.oif) = seen.clone();
            kept.push(step);
        }
    }
    kept
}
