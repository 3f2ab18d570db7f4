//! Classes: the parts into which a discipline such as htb or drr divides what a link sends (tc-class, tc-htb(8)).

use nix::errno::Errno;

use super::handle::Handle;
use super::kinds::{self, CLASSES};
use super::message::{
    Mode, RTM_DELTCLASS, RTM_GETTCLASS, RTM_NEWTCLASS, Statistics, TrafficMessage, dump,
};
use super::{Qdisc, command, list as qdiscs};
use crate::kernel::change::{Action, Change, Command, Names, Operation};
use crate::kernel::error::Result;
use crate::kernel::netns::Namespace;
use crate::kernel::options::Settings;
use crate::kernel::reason::{Reason, Refusal, listed};

/// A class of a link.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Class {
    /// The index of the link.
    pub index: u32,
    /// The kind of the discipline that it is a class of.
    pub kind: String,
    /// Its id.
    pub id: Handle,
    /// The class above it, or the discipline.
    pub parent: Handle,
    /// The discipline in it, of a leaf that was given one.
    pub leaf: Handle,
    /// Its options, as far as netsh knows the kind.
    pub settings: Settings,
    /// What was counted.
    pub statistics: Statistics,
}

/// The classes of a link, by their ids; the kernel tells them in the order of its table.
pub fn list(namespace: &Namespace, index: u32) -> Result<Vec<Class>> {
    let found = dump(namespace, RTM_GETTCLASS, &TrafficMessage::about(index))?;
    let read = |message: TrafficMessage| {
        let kind = kinds::find(CLASSES, &message.kind);
        let settings = match (kind, &message.options) {
            (Some(kind), Some(bytes)) => kind.read(bytes)?,
            _ => Settings::default(),
        };
        Ok(Class {
            index: message.index,
            kind: message.kind,
            id: message.handle,
            parent: message.parent,
            leaf: Handle(message.info),
            settings,
            statistics: message.statistics,
        })
    };
    let mut classes: Vec<Class> = found.into_iter().map(read).collect::<Result<_>>()?;
    classes.sort_by_key(|class| class.id);
    Ok(classes)
}

/// A class added, changed or replaced.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ClassAdd {
    /// How one that is there is treated.
    pub mode: Mode,
    /// The link.
    pub link: String,
    /// The kind of the discipline.
    pub kind: String,
    /// Its id.
    pub id: Handle,
    /// The class above it, or the discipline.
    pub parent: Handle,
    /// Its options.
    pub settings: Settings,
}

impl Operation for ClassAdd {
    fn object(&self) -> String {
        self.link.clone()
    }

    fn links(&self) -> Vec<(&'static str, &str)> {
        vec![("link", &self.link)]
    }

    fn words(&self) -> String {
        match self.mode {
            Mode::Change => format!("change the class {} of {}", self.id, self.link),
            _ => format!("give {} the class {}", self.link, self.id),
        }
    }

    fn action(&self, names: &dyn Names) -> Result<Action> {
        let kind = kinds::find(CLASSES, &self.kind);
        let options = kind.map(|kind| kind.write(&self.settings)).transpose()?;
        let message = TrafficMessage {
            handle: self.id,
            parent: self.parent,
            kind: self.kind.clone(),
            options: options.flatten(),
            ..TrafficMessage::about(names.link(&self.link)?)
        };
        let request = message.request(RTM_NEWTCLASS, self.mode.flags_of_part());
        Ok(Action::Route(vec![request]))
    }

    fn command(&self) -> Command {
        let mut command = command(["class", self.mode.word(), "dev", &self.link]);
        command.with("parent", self.parent);
        command.with("classid", self.id);
        command.word(self.kind.as_str());
        self.settings.say(&mut command);
        command
    }

    fn objection(&self, names: &dyn Names) -> Option<Reason> {
        let kind = kinds::find(CLASSES, &self.kind);
        if let Some(wrong) = kind.and_then(|kind| (kind.check)(&self.settings)) {
            return Some(wrong);
        }
        // Where there is no discipline, the kernel says so.
        let own = discipline(&self.link, self.id, names).ok()??;
        match own.kind == self.kind {
            true => self.no_parent(names),
            false => Some(self.of_another(&own)),
        }
    }

    fn refusal(&self, refusal: &Refusal, names: &dyn Names) -> Option<Reason> {
        if let Some(reason) = no_discipline(&self.link, self.id, &self.kind, names) {
            return Some(reason);
        }
        let is_there = classes(&self.link, names)
            .iter()
            .any(|class| class.id == self.id);
        match refusal.errno {
            Errno::EEXIST | Errno::EINVAL if is_there && self.mode == Mode::Add => Some(
                Reason::new(format!("{} has the class {} already", self.link, self.id))
                    .blame("classid")
                    .hint("class_change changes it"),
            ),
            Errno::ENOENT if self.mode == Mode::Change && !is_there => {
                Some(no_class(&self.link, self.id, names))
            }
            _ => None,
        }
    }

    fn inverse(&self, names: &dyn Names) -> Result<Option<Change>> {
        let index = names.link(&self.link)?;
        let mut now = list(names.namespace(), index)?.into_iter();
        Ok(Some(match now.find(|class| class.id == self.id) {
            None => Change::ClassDel(ClassDel {
                link: self.link.clone(),
                id: self.id,
            }),
            Some(now) => Change::ClassAdd(ClassAdd {
                mode: Mode::Change,
                link: self.link.clone(),
                kind: now.kind,
                id: now.id,
                parent: above(now.parent, now.id),
                settings: now.settings,
            }),
        }))
    }
}

impl ClassAdd {
    /// The kernel looks at no kind, and takes the options of one for those of another (tc_ctl_tclass in net/sched/sch_api.c).
    fn of_another(&self, own: &Qdisc) -> Reason {
        let Qdisc { handle, kind, .. } = own;
        let words = format!("the qdisc {handle} is {kind}, not {}", self.kind);
        let hint = format!("its classes, if it has any, are of the kind {kind:?}");
        Reason::new(words).blame("kind").hint(hint)
    }

    /// Without its parent the kernel would put it below the discipline itself (htb_change_class in net/sched/sch_htb.c).
    fn no_parent(&self, names: &dyn Names) -> Option<Reason> {
        let is_of_a_class = self.parent.minor() != 0 && self.parent != Handle::ROOT;
        if self.mode != Mode::Add || !is_of_a_class {
            return None;
        }
        let index = names.link(&self.link).ok()?;
        let mut there = list(names.namespace(), index).ok()?.into_iter();
        let is_there = there.any(|class| class.id == self.parent);
        (!is_there).then(|| no_class(&self.link, self.parent, names).blame("parent"))
    }
}

/// A class removed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ClassDel {
    /// The link.
    pub link: String,
    /// Its id.
    pub id: Handle,
}

impl Operation for ClassDel {
    fn object(&self) -> String {
        self.link.clone()
    }

    fn links(&self) -> Vec<(&'static str, &str)> {
        vec![("link", &self.link)]
    }

    fn words(&self) -> String {
        format!("delete the class {} of {}", self.id, self.link)
    }

    fn action(&self, names: &dyn Names) -> Result<Action> {
        let message = TrafficMessage {
            handle: self.id,
            ..TrafficMessage::about(names.link(&self.link)?)
        };
        Ok(Action::Route(vec![message.request(RTM_DELTCLASS, 0)]))
    }

    fn command(&self) -> Command {
        let mut command = command(["class", "del", "dev", &self.link]);
        command.with("classid", self.id);
        command
    }

    fn refusal(&self, refusal: &Refusal, names: &dyn Names) -> Option<Reason> {
        if let Some(reason) = no_discipline(&self.link, self.id, "htb", names) {
            return Some(reason);
        }
        match refusal.errno {
            Errno::ENOENT => Some(no_class(&self.link, self.id, names)),
            Errno::EBUSY => Some(
                Reason::new("it has classes below it, or filters lead to it")
                    .blame("classid")
                    .hint("delete those first; class_list and filter_list show them"),
            ),
            _ => None,
        }
    }

    fn inverse(&self, names: &dyn Names) -> Result<Option<Change>> {
        let index = names.link(&self.link)?;
        let mut now = list(names.namespace(), index)?.into_iter();
        let Some(now) = now.find(|class| class.id == self.id) else {
            return Ok(None);
        };
        // A discipline in it goes with it.
        let inside = qdiscs(names.namespace(), Some(index))?;
        let is_empty = inside.iter().all(|qdisc| qdisc.parent != self.id);
        let is_known = kinds::find(CLASSES, &now.kind).is_some();
        Ok((is_empty && is_known).then(|| {
            Change::ClassAdd(ClassAdd {
                mode: Mode::Add,
                link: self.link.clone(),
                kind: now.kind,
                id: now.id,
                parent: above(now.parent, now.id),
                settings: now.settings,
            })
        }))
    }
}

/// The kernel calls the discipline "root" when it tells what is above its topmost classes.
fn above(parent: Handle, id: Handle) -> Handle {
    match parent {
        Handle::ROOT => id.major(),
        parent => parent,
    }
}

fn classes(link: &str, names: &dyn Names) -> Vec<Class> {
    let index = names.link(link).ok();
    let found = index.and_then(|index| list(names.namespace(), index).ok());
    found.unwrap_or_default()
}

/// The discipline that a class is of.
fn discipline(link: &str, id: Handle, names: &dyn Names) -> Result<Option<Qdisc>> {
    let there = qdiscs(names.namespace(), Some(names.link(link)?))?;
    let mut there = there.into_iter();
    Ok(there.find(|qdisc| qdisc.handle == id.major()))
}

/// Why there can be no such class: no discipline.
fn no_discipline(link: &str, id: Handle, kind: &str, names: &dyn Names) -> Option<Reason> {
    let own = discipline(link, id, names).ok()?;
    own.is_none().then(|| {
        let number = id.major();
        Reason::new(format!("{link} has no qdisc {number}"))
            .blame("classid")
            .hint(format!(
                "make it first: qdisc_add({link:?}, {kind:?}, #{{ handle: \"{number}\" }})"
            ))
    })
}

/// That there is no such class.
fn no_class(link: &str, id: Handle, names: &dyn Names) -> Reason {
    let all: Vec<String> = classes(link, names)
        .iter()
        .map(|class| class.id.to_string())
        .collect();
    let reason = Reason::new(format!("{link} has no class {id}")).blame("classid");
    match all.is_empty() {
        true => reason.hint("it has none at all"),
        false => reason.hint(format!("it has {}", listed(&all))),
    }
}
