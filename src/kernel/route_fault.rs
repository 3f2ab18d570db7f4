//! Why a route is refused, and what would make it possible. The kernel says little more than that the gateway is invalid.

use std::net::IpAddr;

use nix::errno::Errno;

use super::addr::{self, Addr};
use super::cidr::Cidr;
use super::link;
use super::netns::Namespace;
use super::reason::{Reason, Refusal, listed};
use super::route::{Hop, ONLINK, Route};
use super::route_change::{destination, has_same_key, in_table_of};
use super::route_names::{TYPES, kind, table_text};

/// Why a new route is refused.
pub fn of_new(route: &Route<String>, refusal: &Refusal, namespace: &Namespace) -> Option<Reason> {
    let here = Here::of(namespace);
    match refusal.errno {
        Errno::EEXIST => Some(exists(route, namespace)),
        Errno::ENETDOWN => route.hops.iter().find_map(|hop| here.down(hop, route)),
        Errno::ENETUNREACH | Errno::EHOSTUNREACH => route
            .hops
            .iter()
            .find_map(|hop| here.out_of_reach(hop, route)),
        Errno::EINVAL => route
            .hops
            .iter()
            .find_map(|hop| on_every_link(hop, route))
            .or_else(|| here.foreign_source(route))
            .or_else(|| route.hops.iter().find_map(|hop| here.own(hop, route)))
            .or_else(|| {
                route
                    .hops
                    .iter()
                    .find_map(|hop| here.out_of_reach(hop, route))
            }),
        Errno::ENODEV => {
            let needs_link = route.hops.iter().all(|hop| hop.link.is_none());
            let reason = Reason::new("it is not said by which link");
            needs_link.then(|| {
                reason
                    .hint("give a link, a router, or both: #{ via: \"10.0.0.1\", dev: \"veth0\" }")
            })
        }
        _ => None,
    }
}

fn exists(route: &Route<String>, namespace: &Namespace) -> Reason {
    let words = format!(
        "table {} has a route to {} already",
        table_text(route.table),
        destination(route)
    );
    let list = in_table_of(route, namespace).unwrap_or_default();
    let other = list.iter().find(|other| has_same_key(route, other));
    let other = other.map(|other| described(other, namespace));
    let hint =
        "give this one another metric, or put it in the place of the other: route_replace(...)";
    let hint = match other {
        Some(other) => format!("it is {other}; {hint}"),
        None => hint.into(),
    };
    Reason::new(words).blame("destination").hint(hint)
}

/// Why there is nothing to delete.
pub fn of_missing(route: &Route<String>, namespace: &Namespace) -> Reason {
    let table = table_text(route.table);
    let list = in_table_of(route, namespace).unwrap_or_default();
    let same = |other: &&Route<u32>| other.destination == route.destination;
    let alike: Vec<String> = list
        .iter()
        .filter(same)
        .map(|other| described(other, namespace))
        .collect();
    if !alike.is_empty() {
        let words = format!("table {table} has no such route to {}", destination(route));
        return Reason::new(words).hint(format!("it has: {}", listed(&alike)));
    }
    let words = format!("table {table} has no route to {}", destination(route));
    let reason = Reason::new(words).blame("destination");
    let all: Vec<String> = list.iter().map(destination).collect();
    if all.is_empty() {
        return reason.hint("this table has no route of this family at all");
    }
    let hint = format!("its routes lead to {}", listed(&all));
    reason.hint(hint).alike(&destination(route), all, "")
}

/// A route in a few words: `10.0.0.0/8 via 10.1.1.1 dev a metric 7`.
fn described(route: &Route<u32>, namespace: &Namespace) -> String {
    let mut words = match route.kind {
        kind::UNICAST => destination(route),
        other => format!("{} {}", TYPES.text(other.into()), destination(route)),
    };
    let hops = route.hops.iter().map(|hop| {
        let mut words = String::new();
        if let Some(via) = hop.via {
            words += &format!(" via {via}");
        }
        if let Some(name) = hop.link.and_then(|link| name_of(namespace, link)) {
            words += &format!(" dev {name}");
        }
        words
    });
    words += &hops.collect::<Vec<_>>().join(" nexthop");
    if let Some(metric) = route.metric {
        words += &format!(" metric {metric}");
    }
    words
}

fn name_of(namespace: &Namespace, index: u32) -> Option<String> {
    namespace.route().ok()?.name_of(index)
}

/// What there is in a namespace that a route can lean on.
struct Here<'a> {
    namespace: &'a Namespace,
    addresses: Vec<Addr>,
}

impl<'a> Here<'a> {
    fn of(namespace: &'a Namespace) -> Self {
        let addresses = addr::list(namespace).unwrap_or_default();
        Here {
            namespace,
            addresses,
        }
    }

    fn name(&self, addr: &Addr) -> String {
        name_of(self.namespace, addr.index).unwrap_or_default()
    }

    fn is_up(&self, index: u32) -> bool {
        link::get_bare(self.namespace, index).is_ok_and(|link| link.up)
    }

    /// The link is not up.
    fn down(&self, hop: &Hop<String>, route: &Route<String>) -> Option<Reason> {
        let route_socket = self.namespace.route().ok()?;
        let name = match (&hop.link, hop.via) {
            (Some(name), _) => name.clone(),
            (None, Some(via)) => self.name(self.beside(via)?),
            (None, None) => return None,
        };
        let index = route_socket.index_of(&name).ok()?;
        let words = format!("{name} is down");
        let reason = Reason::new(words).hint(format!("link_up({name:?})"));
        (!self.is_up(index)).then(|| reason.blame(argument(route, "dev")))
    }

    /// The address whose network this one is in, on a link that is up if there is one.
    fn beside(&self, via: IpAddr) -> Option<&Addr> {
        let beside = |addr: &&Addr| network_has(addr, via);
        let mut all: Vec<&Addr> = self.addresses.iter().filter(beside).collect();
        all.sort_by_key(|addr| !self.is_up(addr.index));
        all.first().copied()
    }

    /// The router is in no network of this machine, or behind another link than the one that was given.
    fn out_of_reach(&self, hop: &Hop<String>, route: &Route<String>) -> Option<Reason> {
        let via = hop.via?;
        let blame = argument(route, "via");
        if hop.flags & ONLINK != 0 {
            return None;
        }
        let Some(addr) = self.beside(via) else {
            return Some(self.nowhere(via, hop).blame(blame));
        };
        let name = self.name(addr);
        if !self.is_up(addr.index) {
            let words = format!("the router {via} is behind {name}, which is down");
            let hint = format!("link_up({name:?})");
            return Some(Reason::new(words).blame(blame).hint(hint));
        }
        let other = hop.link.as_ref().filter(|link| **link != name)?;
        let words = format!(
            "the router {via} is behind {name} ({}), not {other}",
            addr.local
        );
        let hint = format!("leave dev out, or give dev: {name:?}; onlink: true insists on {other}");
        Some(Reason::new(words).blame(argument(route, "dev")).hint(hint))
    }

    fn nowhere(&self, via: IpAddr, hop: &Hop<String>) -> Reason {
        let networks: Vec<String> = self
            .addresses
            .iter()
            .filter(|addr| addr.local.address.is_ipv4() == via.is_ipv4())
            .filter(|addr| !addr.local.address.is_loopback() && !is_link_local(addr.local.address))
            .map(|addr| format!("{} of {}", addr.local, self.name(addr)))
            .collect();
        let near = Cidr {
            address: via,
            prefix: if via.is_ipv4() { 24 } else { 64 },
        };
        let link = hop.link.as_deref().unwrap_or("LINK");
        let words = match networks.is_empty() {
            true => format!("the router {via} can't be reached: no link has an address"),
            false => format!(
                "the router {via} can't be reached: no network here has it ({})",
                listed(&networks)
            ),
        };
        Reason::new(words).hint(format!(
            "give a link an address in its network, such as addr_add({link:?}, \"{}\"), or insist: #{{ via: \"{via}\", dev: {link:?}, onlink: true }}",
            another_host(near)
        ))
    }

    /// The router is this machine itself.
    fn own(&self, hop: &Hop<String>, route: &Route<String>) -> Option<Reason> {
        let via = hop.via?;
        let own = self
            .addresses
            .iter()
            .find(|addr| addr.local.address == via)?;
        let words = format!(
            "the router {via} is this machine itself: {} has it",
            self.name(own)
        );
        let hint = "a router is another machine; a network of one's own needs a route without via";
        Some(Reason::new(words).blame(argument(route, "via")).hint(hint))
    }

    /// The address to speak from is not one of this machine.
    fn foreign_source(&self, route: &Route<String>) -> Option<Reason> {
        let source = route.source?;
        let is_own = self
            .addresses
            .iter()
            .any(|addr| addr.local.address == source);
        if is_own {
            return None;
        }
        let own: Vec<String> = self
            .addresses
            .iter()
            .filter(|addr| addr.local.address.is_ipv4() == source.is_ipv4())
            .map(|addr| format!("{} ({})", addr.local.address, self.name(addr)))
            .collect();
        let words = format!("{source} is no address of this machine");
        let hint = match own.is_empty() {
            true => "add it first, by addr_add".to_string(),
            false => format!("its addresses are {}", listed(&own)),
        };
        Some(Reason::new(words).blame("src").hint(hint))
    }
}

/// A link-local router (RFC 4291) is told from another only by its link.
fn on_every_link(hop: &Hop<String>, route: &Route<String>) -> Option<Reason> {
    let via = hop
        .via
        .filter(|via| hop.link.is_none() && is_link_local(*via))?;
    let words = format!("{via} can be on any link: it has to be said on which");
    let hint = format!("#{{ via: \"{via}\", dev: \"veth0\" }}");
    Some(Reason::new(words).blame(argument(route, "via")).hint(hint))
}

fn is_link_local(address: IpAddr) -> bool {
    match address {
        IpAddr::V4(ip) => ip.is_link_local(),
        IpAddr::V6(ip) => ip.is_unicast_link_local(),
    }
}

/// Which argument gives the property of a hop.
fn argument(route: &Route<String>, alone: &'static str) -> &'static str {
    if route.hops.len() > 1 {
        "nexthops"
    } else {
        alone
    }
}

fn network_has(addr: &Addr, via: IpAddr) -> bool {
    let other = Cidr {
        address: via,
        prefix: addr.local.prefix,
    };
    addr.local.shares_network(&other) || addr.peer == Some(via)
}

/// An address in the same network that is not this one, with the prefix.
fn another_host(near: Cidr) -> Cidr {
    let address = match near.address {
        IpAddr::V4(ip) => {
            let last = if ip.octets()[3] == 2 { 3 } else { 2 };
            let [a, b, c, _] = ip.octets();
            IpAddr::from([a, b, c, last])
        }
        IpAddr::V6(ip) => {
            let mut bytes = ip.octets();
            for byte in &mut bytes[8..] {
                *byte = 0;
            }
            bytes[15] = if ip.octets()[15] == 2 { 3 } else { 2 };
            IpAddr::from(bytes)
        }
    };
    Cidr { address, ..near }
}
