//! Queueing disciplines: what a link does with packets that it is to send (tc-qdisc(8)). Reading them, and their changes.
//!
//! | file | what it is |
//! |---|---|
//! | [`class`] | the classes of a discipline |
//! | [`kinds`] | the kinds of disciplines and classes with their options |
//! | [`tbf`], [`htb`], [`netem`], [`red`], [`fifo`] | options that are structs |
//! | [`distribution`] | the tables of netem's jitter |
//! | [`psched`] | time and rate as the scheduler counts them |
//! | [`handle`], [`bytes`], [`message`] | handles, structs, messages |
//! | [`refusal`] | why the kernel says no |

pub mod bytes;
pub mod class;
pub mod distribution;
pub mod fifo;
pub mod handle;
pub mod htb;
pub mod kinds;
pub mod message;
pub mod netem;
pub mod psched;
pub mod red;
pub mod refusal;
pub mod tbf;

use self::handle::Handle;
use self::kinds::QDISCS;
use self::message::{
    Mode, RTM_DELQDISC, RTM_GETQDISC, RTM_NEWQDISC, Statistics, TrafficMessage, dump,
};
use super::change::{Action, Change, Command, Names, Operation};
use super::error::Result;
use super::netns::Namespace;
use super::options::Settings;
use super::reason::{Reason, Refusal};

/// A queueing discipline of a link.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Qdisc {
    /// The index of the link.
    pub index: u32,
    /// Its kind: `tbf`, `netem`.
    pub kind: String,
    /// Its handle; 0 of one that the kernel put there itself.
    pub handle: Handle,
    /// What it belongs to.
    pub parent: Handle,
    /// Its options, as far as netsh knows the kind.
    pub settings: Settings,
    /// What was counted.
    pub statistics: Statistics,
}

/// The disciplines of a link, or of all links.
pub fn list(namespace: &Namespace, index: Option<u32>) -> Result<Vec<Qdisc>> {
    let about = TrafficMessage::about(index.unwrap_or(0));
    let found = dump(namespace, RTM_GETQDISC, &about)?;
    found.into_iter().map(read).collect()
}

fn read(message: TrafficMessage) -> Result<Qdisc> {
    let kind = kinds::find(QDISCS, &message.kind);
    let settings = match (kind, &message.options) {
        (Some(kind), Some(bytes)) => kind.read(bytes)?,
        _ => Settings::default(),
    };
    Ok(Qdisc {
        index: message.index,
        kind: message.kind,
        handle: message.handle,
        parent: message.parent,
        settings,
        statistics: message.statistics,
    })
}

/// The discipline of a link at this place; None also for one that the kernel put there itself.
pub fn at(namespace: &Namespace, index: u32, parent: Handle) -> Result<Option<Qdisc>> {
    let all = list(namespace, Some(index))?;
    let mut all = all.into_iter();
    Ok(all.find(|qdisc| qdisc.parent == parent && qdisc.handle != Handle::NONE))
}

/// The place and the handle of a discipline of this kind, where the kind decides: those for what comes in.
pub fn place_of(kind: &str) -> Option<(Handle, Handle)> {
    let is_ingress = matches!(kind, "ingress" | "clsact");
    is_ingress.then_some((Handle::INGRESS, Handle::OF_INGRESS))
}

/// A discipline added, or one that is there changed or replaced.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct QdiscAdd {
    /// How one that is there is treated.
    pub mode: Mode,
    /// The link.
    pub link: String,
    /// Its kind.
    pub kind: String,
    /// What it belongs to.
    pub parent: Handle,
    /// Its handle; NONE lets the kernel choose.
    pub handle: Handle,
    /// Its options.
    pub settings: Settings,
}

impl QdiscAdd {
    fn message(&self, index: u32) -> Result<TrafficMessage> {
        let kind = kinds::find(QDISCS, &self.kind);
        let options = kind.map(|kind| kind.write(&self.settings)).transpose()?;
        Ok(TrafficMessage {
            handle: self.handle,
            parent: self.parent,
            kind: self.kind.clone(),
            options: options.flatten(),
            ..TrafficMessage::about(index)
        })
    }
}

impl Operation for QdiscAdd {
    fn object(&self) -> String {
        self.link.clone()
    }

    fn links(&self) -> Vec<(&'static str, &str)> {
        vec![("link", &self.link)]
    }

    fn words(&self) -> String {
        let verb = match self.mode {
            Mode::Change => "change",
            _ => "give",
        };
        match (self.mode, self.parent) {
            (Mode::Change, _) => format!("{verb} the qdisc {} of {}", self.kind, self.link),
            (_, Handle::ROOT | Handle::INGRESS) => {
                format!("{verb} {} the qdisc {}", self.link, self.kind)
            }
            (_, parent) => format!(
                "{verb} {} the qdisc {} under {parent}",
                self.link, self.kind
            ),
        }
    }

    fn action(&self, names: &dyn Names) -> Result<Action> {
        let message = self.message(names.link(&self.link)?)?;
        let request = message.request(RTM_NEWQDISC, self.mode.flags());
        Ok(Action::Route(vec![request]))
    }

    fn command(&self) -> Command {
        let mut command = command(["qdisc", self.mode.word(), "dev", &self.link]);
        if place_of(&self.kind).is_some() {
            command.word(self.kind.as_str());
            return command;
        }
        place(&mut command, self.parent, self.handle);
        command.word(self.kind.as_str());
        self.settings.say(&mut command);
        command
    }

    fn objection(&self, _names: &dyn Names) -> Option<Reason> {
        let kind = kinds::find(QDISCS, &self.kind)?;
        (kind.check)(&self.settings)
    }

    fn refusal(&self, refusal: &Refusal, names: &dyn Names) -> Option<Reason> {
        refusal::of_add(self, refusal, names)
    }

    fn inverse(&self, names: &dyn Names) -> Result<Option<Change>> {
        let index = names.link(&self.link)?;
        let Some(now) = at(names.namespace(), index, self.parent)? else {
            return Ok(Some(Change::QdiscDel(QdiscDel {
                link: self.link.clone(),
                parent: self.parent,
                handle: Handle::NONE,
            })));
        };
        let is_known = kinds::find(QDISCS, &now.kind).is_some();
        let takes_others_along = now.kind != self.kind && has_more(names, index, &now)?;
        // What netem draws from is not told.
        let is_told = now.settings.get("jitter").is_none();
        let back = is_known && !takes_others_along && is_told;
        Ok(back.then(|| {
            Change::QdiscAdd(QdiscAdd {
                mode: Mode::Replace,
                link: self.link.clone(),
                kind: now.kind,
                parent: self.parent,
                handle: now.handle,
                settings: now.settings,
            })
        }))
    }
}

/// Whether a discipline has classes, filters or other disciplines below it.
fn has_more(names: &dyn Names, index: u32, qdisc: &Qdisc) -> Result<bool> {
    let namespace = names.namespace();
    let below = TrafficMessage {
        parent: qdisc.handle,
        ..TrafficMessage::about(index)
    };
    let is_below = |other: Handle| other.major() == qdisc.handle && other != qdisc.handle;
    let disciplines = list(namespace, Some(index))?;
    let classes = dump(namespace, message::RTM_GETTCLASS, &below)?;
    let filters = dump(namespace, message::RTM_GETTFILTER, &below)?;
    Ok(disciplines.iter().any(|other| is_below(other.parent))
        || classes.iter().any(|class| is_below(class.handle))
        || !filters.is_empty())
}

/// A discipline removed, with all that is below it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct QdiscDel {
    /// The link.
    pub link: String,
    /// What it belongs to.
    pub parent: Handle,
    /// Its handle; NONE is whichever is there.
    pub handle: Handle,
}

impl Operation for QdiscDel {
    fn object(&self) -> String {
        self.link.clone()
    }

    fn links(&self) -> Vec<(&'static str, &str)> {
        vec![("link", &self.link)]
    }

    fn words(&self) -> String {
        match self.parent {
            Handle::ROOT => format!("delete the root qdisc of {}", self.link),
            Handle::INGRESS => format!("delete the ingress qdisc of {}", self.link),
            parent => format!("delete the qdisc under {parent} of {}", self.link),
        }
    }

    fn action(&self, names: &dyn Names) -> Result<Action> {
        let message = TrafficMessage {
            parent: self.parent,
            handle: self.handle,
            ..TrafficMessage::about(names.link(&self.link)?)
        };
        Ok(Action::Route(vec![message.request(RTM_DELQDISC, 0)]))
    }

    fn command(&self) -> Command {
        let mut command = command(["qdisc", "del", "dev", &self.link]);
        match self.parent {
            // Either of ingress and clsact, which tc would have to be told apart.
            Handle::INGRESS => command.with("parent", "ffff:fff1"),
            parent => place(&mut command, parent, self.handle),
        }
        command
    }

    fn refusal(&self, refusal: &Refusal, names: &dyn Names) -> Option<Reason> {
        refusal::of_del(self, refusal, names)
    }

    fn inverse(&self, names: &dyn Names) -> Result<Option<Change>> {
        let index = names.link(&self.link)?;
        let Some(now) = at(names.namespace(), index, self.parent)? else {
            return Ok(None);
        };
        let is_whole = kinds::find(QDISCS, &now.kind).is_some()
            && now.settings.get("jitter").is_none()
            && !has_more(names, index, &now)?;
        Ok(is_whole.then(|| {
            Change::QdiscAdd(QdiscAdd {
                mode: Mode::Add,
                link: self.link.clone(),
                kind: now.kind,
                parent: self.parent,
                handle: now.handle,
                settings: now.settings,
            })
        }))
    }
}

/// A command of tc.
pub(super) fn command<const N: usize>(arguments: [&str; N]) -> Command {
    Command {
        program: "tc".into(),
        ..Command::ip(arguments)
    }
}

/// Adds `root` or `parent 1:1`, and `handle 10:`.
fn place(command: &mut Command, parent: Handle, handle: Handle) {
    match parent {
        Handle::ROOT => command.word("root"),
        parent => command.with("parent", parent),
    }
    if handle != Handle::NONE {
        command.with("handle", handle);
    }
}
