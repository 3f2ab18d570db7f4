//! Listening to all namespaces of the lab at once: a socket at home hears every namespace to which home has given an id, in one
//! queue, so that the order of what happens is the kernel's own.
//!
//! An id is no change to a namespace, only a name for it at home, and Linux gives one by itself as soon as a link leads from one
//! to the other. It has no inverse: it lasts as long as the namespace.

use std::collections::HashMap;
use std::rc::Rc;

use nix::errno::Errno;

use crate::kernel::error::Result;
use crate::kernel::netlink::listen::Listener;
use crate::kernel::nsid;

use super::Lab;
use super::netns::Netns;

/// Who is heard.
#[derive(Default)]
pub(super) struct Hearing {
    /// How many listen.
    listeners: usize,
    /// The namespaces by home's ids.
    ids: HashMap<i32, Rc<Netns>>,
}

/// Ends when it goes out of scope; meanwhile new namespaces are heard too.
pub(super) struct Listening<'a>(&'a Lab);

impl Drop for Listening<'_> {
    fn drop(&mut self) {
        self.0.hearing.borrow_mut().listeners -= 1;
    }
}

impl Lab {
    /// A listener at home that hears all namespaces with a name, from now on.
    pub(super) fn listen_everywhere(
        &self,
        protocol: isize,
        groups: &[u32],
    ) -> Result<(Listener, Listening<'_>)> {
        let home = self.home().namespace()?;
        let listener = home.enter(|| Listener::open(protocol, groups))??;
        self.hearing.borrow_mut().listeners += 1;
        let listening = Listening(self);
        match listener.hear_all() {
            // Without CAP_NET_BROADCAST there is no other namespace that netsh could enter either.
            Err(error) if error.errno() == Some(Errno::EPERM) => return Ok((listener, listening)),
            heard => heard?,
        }
        for name in self.netns_names()? {
            // A name without a namespace behind it is left over from a crash.
            drop(self.netns(&name));
        }
        for netns in self.open_netns() {
            self.hear_also(&netns);
        }
        Ok((listener, listening))
    }

    /// Has home give an id to this namespace, if anybody listens.
    pub(super) fn hear_also(&self, netns: &Rc<Netns>) {
        if netns.is_home() || self.hearing.borrow().listeners == 0 {
            return;
        }
        let id = self.home().namespace().and_then(|home| {
            let other = netns.namespace()?;
            nsid::give(&home, &other)
        });
        if let Ok(Some(id)) = id {
            self.hearing.borrow_mut().ids.insert(id, netns.clone());
        }
    }

    /// The namespaces that are heard, by home's ids; home has none.
    pub(super) fn heard(&self) -> Vec<(Option<i32>, Rc<Netns>)> {
        let hearing = self.hearing.borrow();
        let others = hearing
            .ids
            .iter()
            .map(|(id, netns)| (Some(*id), netns.clone()));
        std::iter::once((None, self.home())).chain(others).collect()
    }

    /// The namespace that a notification is from, if it has a name.
    pub(super) fn speaker(&self, id: Option<i32>) -> Option<Rc<Netns>> {
        let Some(id) = id else {
            return Some(self.home());
        };
        let known = || self.hearing.borrow().ids.get(&id).cloned();
        known().or_else(|| {
            // Somebody else made it and a link that leads there, so that the kernel gave the id.
            for name in self.netns_names().unwrap_or_default() {
                if let Ok(netns) = self.netns(&name) {
                    self.hear_also(&netns);
                }
            }
            known()
        })
    }
}
