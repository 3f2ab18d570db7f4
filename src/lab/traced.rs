//! What the rules of the current namespace do with each packet.
//!
//! The kernel tells it of packets that a rule has marked (`meta nftrace set 1`): for as long as it takes, a table of our own
//! marks all of them, at the first hooks.

use std::collections::HashMap;

use crate::kernel::error::Result;
use crate::kernel::netlink::listen::{self, Background, Heard, Listener};
use crate::kernel::nft::family::Family;
use crate::kernel::nft::load::Load;
use crate::kernel::nft::name::TableName;
use crate::kernel::nft::table::TableDel;
use crate::kernel::nft::trace::{self, Kind, Step};

use super::Lab;
use super::explain::ask;
use super::failure::{Failure, Outcome};

/// The decoded headers of a packet, and the links that it came in and went out by.
type Headers = (Option<String>, Option<u32>, Option<u32>);

/// The table that marks the packets.
const TABLE: &str = "netsh_trace";

/// Before connections are tracked and before any chain of priority raw.
const MARKING: &str = "table inet netsh_trace {
    chain prerouting { type filter hook prerouting priority -350; meta nftrace set 1; }
    chain output { type filter hook output priority -350; meta nftrace set 1; }
}";

/// What was heard, and what became of the work.
pub struct Traced<T> {
    /// The result of the work.
    pub value: T,
    /// The steps of all packets, in order.
    pub steps: Vec<Step>,
    /// Whether notifications were lost.
    pub is_incomplete: bool,
}

impl Lab {
    /// Runs `work`, and tells what the rules of the current namespace did with packets meanwhile.
    pub fn traced<T>(&self, work: impl FnOnce() -> T) -> Outcome<Traced<T>> {
        let netns = self.current();
        let unreadable = |_| Failure::new("the rule that marks packets cannot be read");
        let marking = Load::new(MARKING, &|_, _| None).map_err(unreadable)?;
        let background = ask(self, "listen to what rules do with packets", || {
            let open = || Listener::open(listen::NETFILTER, &[trace::GROUP]);
            Background::start(vec![netns.namespace()?.enter(open)??])
        })?;
        self.apply(marking)?;
        self.settle();
        let value = work();
        let table = TableName {
            family: Family::Inet,
            table: TABLE.into(),
        };
        let removed = self.within(&netns, || self.apply(TableDel { table }));
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
        traced.steps = of_interest(traced.steps);
        Ok(traced)
    }
}

/// The steps without those of the table of our own, and without the ends of chains, which are told as rules that have no number.
/// The headers stand in the first step of a packet in a base chain, whichever that is.
fn of_interest(steps: Vec<Step>) -> Vec<Step> {
    let mut headers: HashMap<u32, Headers> = HashMap::new();
    let mut kept = Vec::new();
    for mut step in steps {
        let seen = headers.entry(step.id).or_default();
        seen.0 = step.packet.take().or(seen.0.take());
        seen.1 = step.iif.or(seen.1);
        seen.2 = step.oif.or(seen.2);
        let is_end = step.kind == Kind::Rule && step.rule.is_none();
        if step.table.table != TABLE && !is_end {
            (step.packet, step.iif, step.oif) = seen.clone();
            kept.push(step);
        }
    }
    kept
}
