//! The properties of a link, set in an order in which the kernel can take them all.

use std::rc::Rc;

use crate::kernel::change::Change;
use crate::kernel::link_set::LinkSet;
use crate::kernel::options::Settings;
use crate::kernel::port_state::{self, PortState};

use super::Lab;
use super::failure::Outcome;
use super::netns::Netns;

impl Lab {
    /// Sets the properties; what needs a new master comes after that: settings of a port, and for a bond the link's being up. The
    /// state of a bridge's port comes last: the bridge looks at it anew at every change of the link.
    pub fn set_link(&self, mut set: LinkSet) -> Outcome<()> {
        let link = set.name.clone().unwrap_or_else(|| set.link.clone());
        let mut last = Settings::default();
        if let Some(port) = set.port.as_mut().filter(|port| port.kind == "bridge") {
            last = Settings::of(port.settings.rows());
            for key in port_state::KEYS {
                if let Some(setting) = port.settings.remove(key) {
                    last.set(key, setting);
                }
            }
        }
        set.port = set.port.filter(|port| !port.settings.is_empty());
        let joined = set.master.as_ref().and_then(Option::as_deref);
        let after = LinkSet {
            link: link.clone(),
            up: set
                .up
                .filter(|up| *up && joined.is_some_and(|master| self.is_bond(master))),
            port: set.port.clone().filter(|_| joined.is_some()),
            ..LinkSet::default()
        };
        if after.is_empty() && last.is_empty() {
            return self.apply(set);
        }
        if !after.is_empty() {
            set.port = None;
            set.up = set.up.filter(|_| after.up.is_none());
        }
        let mut steps: Vec<Change> = Vec::new();
        for part in [set, after] {
            if !part.is_empty() {
                steps.push(part.into());
            }
        }
        if !last.is_empty() {
            let settings = last;
            steps.push(PortState { link, settings }.into());
        }
        let netns = self.current();
        let steps = steps.into_iter().map(|step| (netns.clone(), step));
        let steps: Vec<_> = steps.collect();
        self.apply_together(&steps)
    }

    fn is_bond(&self, name: &str) -> bool {
        let kinds = self.kinds_of(name, None);
        kinds.is_ok_and(|(kind, _)| kind == "bond")
    }

    /// Moves a link to another namespace, which has this name, and sets the properties there.
    pub fn move_link(&self, set: LinkSet, target: &Rc<Netns>, name: String) -> Outcome<()> {
        self.apply(LinkSet {
            link: set.link.clone(),
            netns: Some(name),
            ..LinkSet::default()
        })?;
        if set.is_empty() {
            return Ok(());
        }
        let link = set.link.clone();
        let there = self.within(target, || self.set_link(set));
        there
            .unwrap_or_else(|error| Err(self.explain_question("enter the namespace", &error)))
            .map_err(|mut failure| {
                failure.message +=
                    &format!("; {link} has moved to netns {} all the same", target.name());
                failure
            })
    }
}
