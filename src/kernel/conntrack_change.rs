//! Tracked connections forgotten: the changes of conntrack(8).

use nix::errno::Errno;

use super::change::{Action, Change, Command, Names, Operation};
use super::conntrack::{CT_DELETE, count, deletion, list, message, without_conntrack};
use super::conntrack_filter::Filter;
use super::error::{Error, Result};
use super::netlink::Request;
use super::netlink::attributes::Attributes;
use super::netns::Namespace;
use super::reason::{Reason, Refusal};

/// Connections forgotten.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ConntrackDel {
    /// Which.
    pub filter: Filter,
}

impl Operation for ConntrackDel {
    fn object(&self) -> String {
        self.filter.words()
    }

    fn words(&self) -> String {
        format!("forget connections ({})", self.filter.words())
    }

    fn action(&self, names: &dyn Names) -> Result<Action> {
        let entries = list(names.namespace(), &self.filter)?;
        if entries.is_empty() {
            return Err(Error::from_errno(Errno::ENOENT));
        }
        Ok(Action::Conntrack(entries.iter().map(deletion).collect()))
    }

    fn command(&self) -> Command {
        let mut command = conntrack("-D");
        self.filter.command(&mut command);
        command
    }

    fn inverse(&self, _names: &dyn Names) -> Result<Option<Change>> {
        // What was tracked of a connection can't be told to the kernel: NAT is chosen anew.
        Ok(None)
    }

    fn refusal(&self, refusal: &Refusal, names: &dyn Names) -> Option<Reason> {
        if refusal.errno != Errno::ENOENT {
            return None;
        }
        let tracked = count(names.namespace()).ok()?;
        let hint = match tracked {
            0 => NOTHING_TRACKED.to_string(),
            1 => "one other connection is tracked here: see conntrack_list()".into(),
            tracked => {
                format!("{tracked} other connections are tracked here: see conntrack_list()")
            }
        };
        Some(Reason::new("no connection is tracked that is like this").hint(hint))
    }
}

/// Why a namespace may have no entries at all.
const NOTHING_TRACKED: &str = "nothing is tracked in this namespace: Linux begins to track when a rule asks for it (ct state, masquerade, dnat ...)";

/// All connections forgotten.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ConntrackFlush;

impl Operation for ConntrackFlush {
    fn object(&self) -> String {
        "conntrack".into()
    }

    fn words(&self) -> String {
        "forget all connections".into()
    }

    fn action(&self, _names: &dyn Names) -> Result<Action> {
        let all = message(CT_DELETE, 0, &Attributes::new());
        Ok(Action::Conntrack(vec![Request::new(all, 0)]))
    }

    fn command(&self) -> Command {
        conntrack("-F")
    }

    fn inverse(&self, _names: &dyn Names) -> Result<Option<Change>> {
        Ok(None)
    }
}

/// A command of conntrack(8).
fn conntrack(what: &str) -> Command {
    Command {
        program: "conntrack".into(),
        arguments: vec![what.into()],
        everywhere: false,
    }
}

/// Sends requests about entries, each for itself: what another one deleted meanwhile, or what ended by itself, is gone as it was
/// to be.
pub fn change_each(namespace: &Namespace, requests: Vec<Request>) -> Result<()> {
    let socket = namespace.netfilter()?;
    for request in requests {
        match socket.change_all([request]) {
            Err(error) if error.errno() == Some(Errno::ENOENT) => {}
            changed => changed.map_err(without_conntrack)?,
        }
    }
    Ok(())
}
