//! The one door for changes. Whatever a verb wants changed passes here, so showing the command, undoing what was half
//! done and telling the failure are written once.

use std::cell::RefCell;
use std::rc::Rc;

use crate::kernel::change::{Action, Change, Command};
use crate::kernel::error::{Error, Result};
use crate::kernel::sysctl;

use super::Lab;
use super::failure::{Failure, Outcome};
use super::netns::{NamesIn, Netns};

impl Lab {
    /// Makes a change in the current namespace.
    pub fn apply(&self, change: impl Into<Change>) -> Outcome<()> {
        self.apply_in(&self.current(), &change.into())
    }

    /// Makes something and sets it up, each step in its namespace. If one fails, what the first step made is undone, and
    /// all the others with it.
    pub fn apply_together(&self, steps: &[(Rc<Netns>, Change)]) -> Outcome<()> {
        let Some(((netns, first), rest)) = steps.split_first() else {
            return Ok(());
        };
        self.apply_first(netns, first, || {
            rest.iter()
                .try_for_each(|(at, change)| self.apply_in(at, change))
        })
    }

    /// Makes something in the current namespace and does what belongs to it. If that fails, what was made is undone.
    pub fn apply_and<T>(
        &self,
        change: impl Into<Change>,
        rest: impl FnOnce() -> Outcome<T>,
    ) -> Outcome<T> {
        self.apply_first(&self.current(), &change.into(), rest)
    }

    fn apply_first<T>(
        &self,
        netns: &Rc<Netns>,
        first: &Change,
        rest: impl FnOnce() -> Outcome<T>,
    ) -> Outcome<T> {
        let undo = self.inverse(netns, first).ok().flatten();
        self.apply_in(netns, first)?;
        rest().map_err(|failure| match &undo {
            Some(undo) => self.undone(netns, undo, failure),
            None => failure,
        })
    }

    fn apply_in(&self, netns: &Rc<Netns>, change: &Change) -> Outcome<()> {
        self.permit(change)?;
        let operation = change.operation();
        // What the kernel may do by halves has to be undone by the state that was there before.
        let before = if operation.has_parts() {
            self.inverse(netns, change).ok().flatten()
        } else {
            None
        };
        self.perform(netns, change).map_err(|error| {
            let failure = self.explain(netns, change, &error);
            match before {
                Some(before) => {
                    let before = self.after_a_part(netns, before);
                    self.undone(netns, &before, failure)
                }
                None => failure,
            }
        })
    }

    fn after_a_part(&self, netns: &Rc<Netns>, inverse: Change) -> Change {
        let names = self.names_in(netns).ok();
        let fitted = names.and_then(|names| inverse.operation().after_a_part(&names));
        fitted.unwrap_or(inverse)
    }

    fn inverse(&self, netns: &Rc<Netns>, change: &Change) -> Result<Option<Change>> {
        change.operation().inverse(&self.names_in(netns)?)
    }

    /// Shows what is equivalent to what is about to happen in `netns`, if the user wants to see commands.
    pub fn show_command(&self, netns: &Netns, command: impl FnOnce() -> Command) {
        if self.settings().show_commands {
            let name = (!netns.is_home()).then(|| netns.name());
            self.screen.command(&command().line(name));
        }
    }

    /// Shows that a shell command runs in the current namespace, if the user wants to see commands.
    pub fn show_shell(&self, line: &str) {
        self.show_command(&self.current(), || Command {
            program: "sh".into(),
            arguments: ["-c", line].map(Into::into).to_vec(),
            everywhere: false,
        });
    }

    /// Shows the command and makes the change. What is undone is shown too, or the commands would not add up to what
    /// netsh did.
    fn perform(&self, netns: &Rc<Netns>, change: &Change) -> Result<()> {
        self.show_command(netns, || change.operation().command());
        if change.operation().brings_up() {
            self.unsettle();
        }
        let names = self.names_in(netns)?;
        match change.operation().action(&names)? {
            Action::Route(requests) => names.namespace.route()?.change_all(requests),
            Action::Sysctl(key, value) => sysctl::set(&names.namespace, &key, &value),
            Action::NetnsAdd(name) => self.make_netns(&name),
            Action::NetnsDel(name) => self.delete_netns(&name),
        }
    }

    /// Undoes by this inverse, and adds to the failure if that can't be done.
    fn undone(
        &self,
        netns: &Rc<Netns>,
        inverse: &Change,
        mut failure: Box<Failure>,
    ) -> Box<Failure> {
        match self.perform(netns, inverse) {
            // A name that is not there any more needs no undoing.
            Ok(()) | Err(Error::NoSuchLink(_)) => {}
            Err(error) => {
                let words = inverse.operation().words();
                failure.message += &format!("; it is half done, for netsh cannot {words}: {error}");
            }
        }
        failure
    }

    pub(super) fn names_in(&self, netns: &Netns) -> Result<NamesIn<'_>> {
        Ok(NamesIn {
            lab: self,
            namespace: netns.namespace()?,
            held: RefCell::new(Vec::new()),
        })
    }
}
