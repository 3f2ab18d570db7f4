//! Named network namespaces made and removed, the equivalent of `ip netns`.

use nix::errno::Errno;

use super::change::{Action, Change, Command, Names, Operation};
use super::error::Result;
use super::reason::{Reason, Refusal};

/// The name by which scripts call the namespace that netsh itself works in.
pub const HOME: &str = "home";

/// A new named namespace.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NetnsAdd {
    /// Its name.
    pub name: String,
}

impl Operation for NetnsAdd {
    fn object(&self) -> String {
        self.name.clone()
    }

    fn words(&self) -> String {
        format!("make network namespace {}", self.name)
    }

    fn action(&self, _names: &dyn Names) -> Result<Action> {
        Ok(Action::NetnsAdd(self.name.clone()))
    }

    fn command(&self) -> Command {
        Command {
            everywhere: true,
            ..Command::ip(["netns", "add", &self.name])
        }
    }

    fn refusal(&self, refusal: &Refusal, _names: &dyn Names) -> Option<Reason> {
        (refusal.errno == Errno::EEXIST).then(|| {
            Reason::new(format!("there is one called {} already", self.name))
                .blame("name")
                .hint(format!("netns_get({:?}) gives its handle", self.name))
        })
    }

    fn inverse(&self, _names: &dyn Names) -> Result<Option<Change>> {
        Ok(Some(Change::NetnsDel(NetnsDel {
            name: self.name.clone(),
        })))
    }
}

/// A named namespace removed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NetnsDel {
    /// Its name.
    pub name: String,
}

impl Operation for NetnsDel {
    fn object(&self) -> String {
        self.name.clone()
    }

    fn namespaces(&self) -> Vec<(&'static str, &str)> {
        vec![("name", &self.name)]
    }

    fn words(&self) -> String {
        format!("delete network namespace {}", self.name)
    }

    fn action(&self, _names: &dyn Names) -> Result<Action> {
        Ok(Action::NetnsDel(self.name.clone()))
    }

    fn command(&self) -> Command {
        Command {
            everywhere: true,
            ..Command::ip(["netns", "del", &self.name])
        }
    }

    fn inverse(&self, _names: &dyn Names) -> Result<Option<Change>> {
        // All that was in it is gone.
        Ok(None)
    }
}
