//! The one door for changes. Whatever a verb wants changed passes here, so showing the command, undoing what was half
//! done and telling the failure are written once.

use std::cell::RefCell;
use std::rc::Rc;

use crate::kernel::change::{Action, Change, Command, Operation};
use crate::kernel::error::{Error, Result};
use crate::kernel::netlink::Answer;
use crate::kernel::route_change::RouteAdd;
use crate::kernel::tuntap::{Queue, TuntapAdd};
use crate::kernel::{conntrack_change, sysctl};

use super::Lab;
use super::failure::{Failure, Outcome};
use super::netns::{NamesIn, Netns};

impl Lab {
    /// Makes a change in the current namespace.
    pub fn apply(&self, change: impl Into<Change>) -> Outcome<()> {
        self.apply_in(&self.current(), &change.into()).map(drop)
    }

    /// Makes a change of netfilter in the current namespace; `heard` is given what the kernel tells of it.
    pub fn apply_hearing(
        &self,
        change: impl Into<Change>,
        heard: &mut dyn FnMut(Answer),
    ) -> Outcome<()> {
        self.apply_told(&self.current(), &change.into(), heard)
            .map(drop)
    }

    /// Makes something and sets it up, each step in its namespace. If one fails, what the first step made is undone, and
    /// all the others with it.
    pub fn apply_together(&self, steps: &[(Rc<Netns>, Change)]) -> Outcome<()> {
        let Some(((netns, first), rest)) = steps.split_first() else {
            return Ok(());
        };
        self.apply_first(netns, first, |_| self.apply_rest(rest))
    }

    /// Makes routes in the current namespace that are sent together. If one is refused, those made are undone.
    pub fn add_routes(&self, routes: &[RouteAdd]) -> Outcome<()> {
        let netns = self.current();
        let told = |route: &RouteAdd, error: &Error| {
            let change = Change::RouteAdd(route.clone());
            self.explain(&netns, &change, error)
        };
        let Some(first) = routes.first() else {
            return Ok(());
        };
        let names = self.names_in(&netns).map_err(|error| told(first, &error))?;
        let mut requests = Vec::with_capacity(routes.len());
        for route in routes {
            let request = route.request(&names);
            requests.push(request.map_err(|error| told(route, &error))?);
        }
        let socket = names.namespace.route();
        let tried = socket.and_then(|socket| socket.try_all(requests));
        let tried = tried.map_err(|error| told(first, &error))?;
        for route in routes.iter().take(tried.sent) {
            self.show_command(&netns, || route.command());
        }
        let Some((place, error)) = tried.refused.first() else {
            return Ok(());
        };
        let mut failure = told(&routes[*place], error);
        for (place, route) in routes.iter().enumerate().take(tried.sent) {
            if tried.refused.iter().all(|(refused, _)| *refused != place) {
                let made = Change::RouteAdd(route.clone());
                let undo = made.operation().inverse(&names);
                failure = self.put_back(&netns, undo, failure);
            }
        }
        Err(failure)
    }

    fn apply_rest(&self, steps: &[(Rc<Netns>, Change)]) -> Outcome<()> {
        for (before, (netns, change)) in steps.iter().enumerate() {
            self.apply_in(netns, change).map_err(|mut failure| {
                failure.step = before + 1;
                failure
            })?;
        }
        Ok(())
    }

    /// Makes a tun or tap device and sets it up, and gives its descriptor. If a step fails, the device goes.
    pub fn apply_opening(
        &self,
        netns: &Rc<Netns>,
        device: TuntapAdd,
        rest: &[(Rc<Netns>, Change)],
    ) -> Outcome<Queue> {
        self.apply_first(netns, &device.into(), |queue| {
            self.apply_rest(rest)?;
            queue.ok_or_else(|| Failure::new("the device has no descriptor"))
        })
    }

    /// Makes something in the current namespace and does what belongs to it. If that fails, what was made is undone.
    pub fn apply_and<T>(
        &self,
        change: impl Into<Change>,
        rest: impl FnOnce() -> Outcome<T>,
    ) -> Outcome<T> {
        self.apply_first(&self.current(), &change.into(), |_| rest())
    }

    fn apply_first<T>(
        &self,
        netns: &Rc<Netns>,
        first: &Change,
        rest: impl FnOnce(Option<Queue>) -> Outcome<T>,
    ) -> Outcome<T> {
        let undo = self.inverse(netns, first);
        let queue = self.apply_in(netns, first)?;
        rest(queue).map_err(|failure| self.put_back(netns, undo, failure))
    }

    fn apply_in(&self, netns: &Rc<Netns>, change: &Change) -> Outcome<Option<Queue>> {
        self.apply_told(netns, change, &mut |_| {})
    }

    /// What a change may leave in hand is the descriptor of a tun or tap device.
    fn apply_told(
        &self,
        netns: &Rc<Netns>,
        change: &Change,
        heard: &mut dyn FnMut(Answer),
    ) -> Outcome<Option<Queue>> {
        self.permit(change)?;
        self.hear_objection(netns, change)?;
        let operation = change.operation();
        // What the kernel may do by halves has to be undone by the state that was there before.
        let before = match operation.has_parts() {
            true => self.inverse(netns, change),
            false => Ok(None),
        };
        self.perform(netns, change, heard).map_err(|error| {
            let failure = self.explain(netns, change, &error);
            let fitted = |before| self.after_a_part(netns, before);
            self.put_back(netns, before.map(|before| before.map(fitted)), failure)
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
    fn perform(
        &self,
        netns: &Rc<Netns>,
        change: &Change,
        heard: &mut dyn FnMut(Answer),
    ) -> Result<Option<Queue>> {
        self.show_command(netns, || change.operation().command());
        if change.operation().brings_up() {
            self.unsettle();
        }
        self.name_packets(change);
        self.remember_wiring(netns, change);
        let names = self.names_in(netns)?;
        match change.operation().action(&names)? {
            Action::Route(requests) => names.namespace.route()?.change_all(requests)?,
            Action::Conntrack(requests) => {
                conntrack_change::change_each(&names.namespace, requests)?
            }
            Action::Netfilter(requests) => {
                names.namespace.netfilter()?.transact(requests, heard)?;
            }
            Action::Generic(requests) => names.namespace.generic()?.change_all(requests)?,
            Action::Sysctl(key, value) => sysctl::set(&names.namespace, &key, &value)?,
            Action::NetnsAdd(name) => self.make_netns(&name)?,
            Action::NetnsDel(name) => self.delete_netns(&name)?,
            Action::Tuntap(device) => return device.make(&names.namespace).map(Some),
        }
        Ok(None)
    }

    /// Undoes by this inverse, and adds to the failure if that can't be done, or if nobody knows how.
    fn put_back(
        &self,
        netns: &Rc<Netns>,
        inverse: Result<Option<Change>>,
        mut failure: Box<Failure>,
    ) -> Box<Failure> {
        let undone = match &inverse {
            Ok(None) => return failure,
            Ok(Some(inverse)) => {
                let words = || inverse.operation().words();
                let undone = self.perform(netns, inverse, &mut |_| {});
                undone.map(drop).map_err(|error| (words(), error))
            }
            Err(error) => Err(("tell how it was before".into(), error.clone())),
        };
        match undone {
            // What is not there, or not any more, needs no undoing.
            Ok(()) | Err((_, Error::NoSuchLink(_) | Error::NoSuchNetns(_))) => {}
            Err((words, error)) => {
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
