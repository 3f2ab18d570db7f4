//! The network namespaces of the lab, by name, and which of them is current.

use std::cell::RefCell;
use std::os::fd::{AsRawFd, RawFd};
use std::rc::Rc;

use crate::kernel::change::Names;
use crate::kernel::error::{Error, Result};
use crate::kernel::netns::{self, Namespace};
use crate::kernel::netns_change::HOME;

use super::Lab;

/// A network namespace that the lab knows by name. It can be deleted while handles to it are still around.
pub struct Netns {
    name: String,
    namespace: RefCell<Option<Rc<Namespace>>>,
}

impl Netns {
    pub(super) fn home(namespace: Namespace) -> Self {
        Netns::new(HOME, namespace)
    }

    fn new(name: &str, namespace: Namespace) -> Self {
        Netns {
            name: name.to_string(),
            namespace: RefCell::new(Some(Rc::new(namespace))),
        }
    }

    /// Its name; `home` for the one that netsh itself works in.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Whether it is the one that netsh itself works in.
    pub fn is_home(&self) -> bool {
        self.name == HOME
    }

    /// The name as errors give it: empty for home.
    pub fn label(&self) -> &str {
        if self.is_home() { "" } else { &self.name }
    }

    /// The open namespace, unless it was deleted.
    pub fn namespace(&self) -> Result<Rc<Namespace>> {
        self.namespace
            .borrow()
            .clone()
            .ok_or_else(|| Error::NoSuchNetns(self.name.clone()))
    }

    /// Whether its name in /run/netns still means this one; others may delete names too.
    fn still_has_its_name(&self) -> bool {
        let own = self.namespace().and_then(|namespace| namespace.identity());
        own.is_ok_and(|own| netns::named_identity(&self.name) == Some(own))
    }

    /// Lets go of it: descriptor and sockets are closed, and the kernel ends it when nobody else has it open.
    pub(super) fn close(&self) {
        self.namespace.borrow_mut().take();
    }
}

/// Makes the former namespace the current one again when it goes out of scope, a panic included.
struct Back<'a>(&'a Lab);

impl Drop for Back<'_> {
    fn drop(&mut self) {
        self.0.entered.borrow_mut().pop();
    }
}

impl Lab {
    /// The namespace that netsh itself works in.
    pub fn home(&self) -> Rc<Netns> {
        self.home.clone()
    }

    /// The namespace in which verbs act now.
    pub fn current(&self) -> Rc<Netns> {
        let innermost = self.entered.borrow().last().cloned();
        innermost.unwrap_or_else(|| self.base.borrow().clone())
    }

    /// Makes `netns` the one in which verbs act outside of any `run`, until further notice.
    pub fn stay_in(&self, netns: &Rc<Netns>) -> Result<()> {
        netns.namespace()?;
        *self.base.borrow_mut() = netns.clone();
        Ok(())
    }

    /// Whether `run` is at work.
    pub fn is_inside(&self) -> bool {
        !self.entered.borrow().is_empty()
    }

    /// Runs `work` with `netns` as the current namespace, and puts the former back whatever comes of it.
    pub fn within<R>(&self, netns: &Rc<Netns>, work: impl FnOnce() -> R) -> Result<R> {
        netns.namespace()?;
        self.entered.borrow_mut().push(netns.clone());
        let _back = Back(self);
        Ok(work())
    }

    /// Whether `run` is at work in the namespace of this name, or it is home.
    pub(super) fn is_in_use(&self, name: &str) -> bool {
        let entered = self.entered.borrow();
        name == HOME
            || self.base.borrow().name() == name
            || entered.iter().any(|netns| netns.name() == name)
    }

    /// The namespace of this name, opened if it was made by somebody else (`ip netns add`).
    pub fn netns(&self, name: &str) -> Result<Rc<Netns>> {
        if name == HOME {
            return Ok(self.home());
        }
        let known = self.known.borrow().get(name).cloned();
        if let Some(known) = known.filter(|netns| netns.still_has_its_name()) {
            return Ok(known);
        }
        if netns::name_fault(name).is_some() {
            return Err(Error::NoSuchNetns(name.to_string()));
        }
        let namespace =
            Namespace::open(&netns::named_path(name)).map_err(|error| match error.errno() {
                Some(nix::errno::Errno::ENOENT | nix::errno::Errno::EINVAL) => {
                    Error::NoSuchNetns(name.to_string())
                }
                _ => error,
            })?;
        Ok(self.remember(Netns::new(name, namespace)))
    }

    /// The names of all namespaces that have one, sorted.
    pub fn netns_names(&self) -> Result<Vec<String>> {
        netns::names()
    }

    /// The namespaces that are open, home first.
    pub fn open_netns(&self) -> Vec<Rc<Netns>> {
        let mut open = vec![self.home()];
        open.extend(self.known.borrow().values().cloned());
        open.retain(|netns| netns.namespace().is_ok());
        open
    }

    pub(super) fn make_netns(&self, name: &str) -> Result<()> {
        let namespace = Namespace::create()?;
        namespace.mount(name)?;
        self.remember(Netns::new(name, namespace));
        Ok(())
    }

    pub(super) fn delete_netns(&self, name: &str) -> Result<()> {
        netns::unmount(name)?;
        self.forget_packets(name);
        self.close_servers(name);
        if let Some(netns) = self.known.borrow_mut().remove(name) {
            netns.close();
        }
        Ok(())
    }

    fn remember(&self, netns: Netns) -> Rc<Netns> {
        let netns = Rc::new(netns);
        self.known
            .borrow_mut()
            .insert(netns.name.clone(), netns.clone());
        self.hear_also(&netns);
        self.watch_packets(&netns);
        netns
    }
}

/// The names that a change may use, seen from one namespace.
pub(super) struct NamesIn<'a> {
    pub lab: &'a Lab,
    pub namespace: Rc<Namespace>,
    /// Namespaces whose descriptors are in a message that is not yet sent.
    pub held: RefCell<Vec<Rc<Namespace>>>,
}

impl Names for NamesIn<'_> {
    fn namespace(&self) -> &Namespace {
        &self.namespace
    }

    fn netns(&self, name: &str) -> Result<RawFd> {
        let namespace = self.lab.netns(name)?.namespace()?;
        let fd = namespace.as_raw_fd();
        self.held.borrow_mut().push(namespace);
        Ok(fd)
    }
}
