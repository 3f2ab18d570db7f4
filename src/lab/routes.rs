//! Routes, neighbours and what bridges know, with the names of their links; and why a question about one has no answer.

use std::collections::HashMap;
use std::net::IpAddr;

use nix::errno::Errno;

use crate::kernel::bridge_vlan::{self, Vlan};
use crate::kernel::error::{Error, Result};
use crate::kernel::fdb;
use crate::kernel::mdb::{self, Member};
use crate::kernel::neigh::{self, Neighbour, Which};
use crate::kernel::neigh_change;
use crate::kernel::netns::Namespace;
use crate::kernel::route::{self, Filter, Route};
use crate::kernel::route_question::{self, Question};

use super::Lab;
use super::failure::Outcome;

/// What was listed, and the names of the links in it by their indexes.
pub struct Listed<T> {
    /// The objects, in order.
    pub objects: Vec<T>,
    /// The names.
    pub links: HashMap<u32, String>,
}

impl<T> Listed<T> {
    /// Finds the name of each link once.
    pub(super) fn of<I: IntoIterator<Item = u32>>(
        objects: Vec<T>,
        namespace: &Namespace,
        links_of: impl Fn(&T) -> I,
    ) -> Result<Self> {
        let socket = namespace.route()?;
        let mut links = HashMap::new();
        for index in objects.iter().flat_map(links_of) {
            // A link that went while it was being listed has nothing left but its index.
            links.entry(index).or_insert_with(|| {
                let name = socket.name_of(index);
                name.unwrap_or_else(|| format!("if{index}"))
            });
        }
        Ok(Listed { objects, links })
    }
}

impl Lab {
    /// The routes of the current namespace that the filter lets pass; `link` is that of the filter by its name.
    pub fn routes(&self, mut filter: Filter, link: Option<&str>) -> Result<Listed<Route<u32>>> {
        let namespace = self.current().namespace()?;
        filter.link = index_of(&namespace, link)?;
        let routes = route::list(&namespace, &filter)?;
        Listed::of(routes, &namespace, links_of)
    }

    /// Which way a packet goes.
    pub fn route_to(&self, question: &Question<String>) -> Outcome<(Route<u32>, Listed<()>)> {
        let words = route_question::words_of(question);
        let namespace = self.current().namespace();
        let namespace = namespace.map_err(|error| self.explain_question(&words, &error))?;
        let asked = || -> Result<(Route<u32>, Listed<()>)> {
            let socket = namespace.route()?;
            let index = |link: &Option<String>| {
                let link = link.as_deref();
                link.map(|link| socket.index_of(link)).transpose()
            };
            let question = question.with_links(index(&question.iif)?, index(&question.oif)?);
            let route = route_question::ask(&namespace, &question)?;
            let names = Listed::of(vec![()], &namespace, |()| links_of(&route))?;
            Ok((route, names))
        };
        asked().map_err(|error| {
            if let Error::NoSuchLink(name) = &error {
                let is_iif = question.iif.as_ref() == Some(name);
                let blamed = if is_iif { "iif" } else { "oif" };
                return self.explain_question(&words, &error).blame(blamed);
            }
            self.explain_with(&words, &error, |refusal| {
                route_question::reason(question, refusal, &namespace)
            })
            .about(question.to.to_string())
        })
    }
}

impl Lab {
    /// The neighbours of the current namespace, or those behind one link.
    pub fn neighbours(&self, link: Option<&str>, which: Which) -> Result<Listed<Neighbour>> {
        let namespace = self.current().namespace()?;
        let only = index_of(&namespace, link)?;
        let mut list = neigh::list(&namespace, which)?;
        list.retain(|neighbour| only.is_none_or(|index| neighbour.index == index));
        Listed::of(list, &namespace, |neighbour| [neighbour.index])
    }

    /// One neighbour.
    pub fn neighbour(&self, link: &str, address: IpAddr, proxy: bool) -> Outcome<Neighbour> {
        let words = format!("look at the neighbour {address} of {link}");
        let asked = || {
            let namespace = self.current().namespace()?;
            let index = namespace.route()?.index_of(link)?;
            neigh::get(&namespace, index, address, proxy)
        };
        asked().map_err(|error| {
            if matches!(error, Error::NoSuchLink(_)) {
                return self.explain_question(&words, &error).blame("link");
            }
            let failure = self.explain_with(&words, &error, |refusal| {
                let namespace = self.current().namespace().ok()?;
                let is_unknown = refusal.errno == Errno::ENOENT;
                is_unknown.then(|| neigh_change::unknown(&namespace, link, proxy))
            });
            failure.about(address.to_string())
        })
    }

    /// What the bridges and tunnels of the current namespace know, behind one link or of one bridge.
    pub fn forwarding(
        &self,
        link: Option<&str>,
        bridge: Option<&str>,
    ) -> Result<Listed<fdb::Entry<u32>>> {
        let namespace = self.current().namespace()?;
        let filter = fdb::Filter {
            link: index_of(&namespace, link)?,
            bridge: index_of(&namespace, bridge)?,
        };
        let list = fdb::list(&namespace, &filter)?;
        let links_of = |entry: &fdb::Entry<u32>| {
            [Some(entry.link), entry.master, entry.via]
                .into_iter()
                .flatten()
        };
        Listed::of(list, &namespace, links_of)
    }

    /// The VLANs of bridges and ports, or of one of them.
    pub fn bridge_vlans(&self, link: Option<&str>) -> Result<Listed<Vlan>> {
        let namespace = self.current().namespace()?;
        let only = index_of(&namespace, link)?;
        let mut list = bridge_vlan::list(&namespace)?;
        list.retain(|vlan| only.is_none_or(|index| vlan.link == index));
        Listed::of(list, &namespace, |vlan| [vlan.link])
    }

    /// The groups of all bridges, or of one.
    pub fn groups(&self, bridge: Option<&str>) -> Result<Listed<Member<u32>>> {
        let namespace = self.current().namespace()?;
        let only = index_of(&namespace, bridge)?;
        let mut list = mdb::list(&namespace)?;
        list.retain(|member| only.is_none_or(|index| member.bridge == index));
        Listed::of(list, &namespace, |member| [member.bridge, member.port])
    }
}

fn index_of(namespace: &Namespace, link: Option<&str>) -> Result<Option<u32>> {
    let socket = namespace.route()?;
    link.map(|link| socket.index_of(link)).transpose()
}

fn links_of(route: &Route<u32>) -> Vec<u32> {
    let hops = route.hops.iter().filter_map(|hop| hop.link);
    hops.chain(route.iif).collect()
}
