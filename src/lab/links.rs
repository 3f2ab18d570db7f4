//! Links with names in place of indexes: the master, the other end and the namespace it lives in.

use std::collections::HashMap;
use std::rc::Rc;

use crate::kernel::addr::{self, Addr};
use crate::kernel::error::{Error, Result};
use crate::kernel::link::{self, Link};
use crate::kernel::netns::Namespace;
use crate::kernel::options::{Row, Setting};

use super::Lab;
use super::netns::Netns;

/// A link and the names of those that it is tied to.
pub struct NamedLink {
    /// The link.
    pub link: Link,
    /// The bridge, bond or vrf that it is a port of.
    pub master: Option<String>,
    /// The other end of a pair, or the link below.
    pub lower: Option<String>,
    /// The namespace of `lower` if it is another one that netsh knows; `home` or a name.
    pub lower_netns: Option<String>,
    /// The settings of its kind.
    pub settings: Vec<(&'static Row, Setting)>,
    /// Its settings as a port.
    pub port: Vec<(&'static Row, Setting)>,
}

impl Lab {
    /// All links of the current namespace.
    pub fn links(&self) -> Result<Vec<NamedLink>> {
        self.settle();
        let namespace = self.current().namespace()?;
        let links = link::list(&namespace)?;
        let names: HashMap<u32, String> = links
            .iter()
            .map(|link| (link.index, link.name.clone()))
            .collect();
        let elsewhere = if links.iter().any(|link| link.lower_nsid.is_some()) {
            self.namespaces_by_id(&namespace)
        } else {
            HashMap::new()
        };
        let name = |link: Link| tie(link, |index| names.get(&index).cloned(), &elsewhere);
        Ok(links.into_iter().map(name).collect())
    }

    /// One link of the current namespace.
    pub fn link(&self, name: &str) -> Result<NamedLink> {
        self.settle();
        let namespace = self.current().namespace()?;
        let link = link::get(&namespace, name)?;
        let elsewhere = match link.lower_nsid {
            Some(_) => self.namespaces_by_id(&namespace),
            None => HashMap::new(),
        };
        let route = namespace.route()?;
        Ok(tie(link, |index| route.name_of(index), &elsewhere))
    }

    /// The kind of a link of the current namespace, and the kind of what it is a port of; `master` is what it is to be a port
    /// of, if that is about to change.
    pub fn kinds_of(&self, name: &str, master: Option<&str>) -> Result<(String, Option<String>)> {
        let namespace = self.current().namespace()?;
        let route = namespace.route()?;
        let link = link::get_bare(&namespace, route.index_of(name)?)?;
        let port_kind = match master {
            Some(master) => Some(link::get_bare(&namespace, route.index_of(master)?)?.kind),
            None => link.port_kind,
        };
        Ok((link.kind, port_kind))
    }

    /// Whether the current namespace has a link of this name.
    pub fn has_link(&self, name: &str) -> Result<bool> {
        match self.current().namespace()?.route()?.index_of(name) {
            Ok(_) => Ok(true),
            Err(Error::NoSuchLink(_)) => Ok(false),
            Err(error) => Err(error),
        }
    }

    /// The addresses of the current namespace, or of one link of it, each with its link's name.
    pub fn addresses(&self, link: Option<&str>) -> Result<Vec<(String, Addr)>> {
        let namespace = self.current().namespace()?;
        let route = namespace.route()?;
        let only = link.map(|link| route.index_of(link)).transpose()?;
        let mut list = addr::list(&namespace)?;
        list.retain(|addr| only.is_none_or(|index| addr.index == index));
        let mut names = HashMap::new();
        Ok(list
            .into_iter()
            .map(|addr| (cached_name(&mut names, &namespace, addr.index), addr))
            .collect())
    }

    /// A link of this namespace that was heard of, with the names that others had then.
    pub(super) fn named(
        &self,
        netns: Option<&Netns>,
        link: Link,
        names: &HashMap<u32, String>,
    ) -> NamedLink {
        let elsewhere = match (link.lower_nsid, netns.map(Netns::namespace)) {
            (Some(_), Some(Ok(namespace))) => self.namespaces_by_id(&namespace),
            _ => HashMap::new(),
        };
        tie(link, |index| names.get(&index).cloned(), &elsewhere)
    }

    /// The open namespaces by the ids under which `namespace` knows them (ip-netns(8), `list-id`).
    fn namespaces_by_id(&self, namespace: &Namespace) -> HashMap<i32, Rc<Netns>> {
        self.open_netns()
            .into_iter()
            .filter_map(|netns| {
                let other = netns.namespace().ok()?;
                let id = link::nsid(namespace, &other).ok()??;
                Some((id, netns))
            })
            .collect()
    }
}

fn cached_name(names: &mut HashMap<u32, String>, namespace: &Namespace, index: u32) -> String {
    names
        .entry(index)
        .or_insert_with(|| {
            let name = namespace
                .route()
                .ok()
                .and_then(|route| route.name_of(index));
            // The link went while it was being listed: its index is all that is left.
            name.unwrap_or_else(|| format!("if{index}"))
        })
        .clone()
}

fn tie(
    link: Link,
    name_here: impl Fn(u32) -> Option<String>,
    elsewhere: &HashMap<i32, Rc<Netns>>,
) -> NamedLink {
    let master = link.master.and_then(&name_here);
    let (lower, lower_netns) = match (link.lower, link.lower_nsid) {
        // lo and the like are their own lower link.
        (Some(index), None) if index != link.index => (name_here(index), None),
        (Some(index), Some(id)) => match elsewhere.get(&id) {
            Some(netns) => {
                let namespace = netns.namespace().ok();
                let name = namespace.and_then(|other| other.route().ok()?.name_of(index));
                (name, Some(netns.name().to_string()))
            }
            None => (None, None),
        },
        _ => (None, None),
    };
    NamedLink {
        settings: link.settings(&name_here),
        port: link.port_settings(&name_here),
        link,
        master,
        lower,
        lower_netns,
    }
}
