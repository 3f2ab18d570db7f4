//! Routes and neighbours, with the names of their links; and why a question about one has no answer.

use std::net::IpAddr;

use nix::errno::Errno;

use crate::kernel::error::{Error, Result};
use crate::kernel::neigh::{self, Neighbour, Which};
use crate::kernel::neigh_change;
use crate::kernel::route::Route;
use crate::kernel::route_filter::{self, Filter};
use crate::kernel::route_question::{self, Question};

use super::Lab;
use super::failure::Outcome;
use super::listed::{Listed, index_of};

impl Lab {
    /// The routes of the current namespace that the filter lets pass; `link` is that of the filter by its name.
    pub fn routes(&self, mut filter: Filter, link: Option<&str>) -> Result<Listed<Route<u32>>> {
        let namespace = self.current().namespace()?;
        filter.link = index_of(&namespace, link)?;
        let routes = route_filter::list(&namespace, &filter)?;
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
}

fn links_of(route: &Route<u32>) -> Vec<u32> {
    let hops = route.hops.iter().filter_map(|hop| hop.link);
    hops.chain(route.iif).collect()
}
