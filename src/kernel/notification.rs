//! What the kernel tells of links, addresses, routes and neighbours while it happens: RTM_NEW* and RTM_DEL* that nobody asked
//! for (rtnetlink(7), `enum rtnetlink_groups` of linux/rtnetlink.h).

use netlink_packet_route::RouteNetlinkMessage;

use super::addr::{self, Addr};
use super::error::Result;
use super::link::{self, Link};
use super::neigh::{self, Neighbour};
use super::netlink::Answer;
use super::route::Route;

/// `RTM_*` of linux/rtnetlink.h.
const RTM_NEWLINK: u16 = 16;
const RTM_DELLINK: u16 = 17;
const RTM_NEWADDR: u16 = 20;
const RTM_DELADDR: u16 = 21;
const RTM_NEWROUTE: u16 = 24;
const RTM_DELROUTE: u16 = 25;
const RTM_NEWNEIGH: u16 = 28;
const RTM_DELNEIGH: u16 = 29;

/// AF_UNSPEC: a link itself, not what one family has to say of it.
const AF_UNSPEC: u8 = 0;

/// `RTNLGRP_*` of linux/rtnetlink.h.
const LINK: u32 = 1;
const NEIGH: u32 = 3;
const IPV4_IFADDR: u32 = 5;
const IPV4_ROUTE: u32 = 7;
const IPV6_IFADDR: u32 = 9;
const IPV6_ROUTE: u32 = 11;

/// What an event can be about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// Links.
    Link,
    /// Addresses.
    Addr,
    /// Routes.
    Route,
    /// Neighbours.
    Neigh,
}

impl Kind {
    /// All kinds, with their names and the groups that tell of them.
    pub const ALL: [(Kind, &'static str, &'static [u32]); 4] = [
        (Kind::Link, "link", &[LINK]),
        (Kind::Addr, "addr", &[IPV4_IFADDR, IPV6_IFADDR]),
        (Kind::Route, "route", &[IPV4_ROUTE, IPV6_ROUTE]),
        (Kind::Neigh, "neigh", &[NEIGH]),
    ];
}

/// Something is new, was changed, or is gone.
#[derive(Debug, Clone)]
pub struct Event {
    /// Whether it is gone.
    pub gone: bool,
    /// What it is about.
    pub object: Object,
}

/// What an event is about, with links by their indexes.
#[derive(Debug, Clone)]
pub enum Object {
    /// A link, without its addresses.
    Link(Box<Link>),
    /// An address.
    Addr(Addr),
    /// A route.
    Route(Box<Route<u32>>),
    /// A neighbour.
    Neigh(Neighbour),
}

impl Object {
    /// What it is about.
    pub fn kind(&self) -> Kind {
        match self {
            Object::Link(_) => Kind::Link,
            Object::Addr(_) => Kind::Addr,
            Object::Route(_) => Kind::Route,
            Object::Neigh(_) => Kind::Neigh,
        }
    }

    /// The indexes of the links that it names, in its own namespace.
    pub fn links(&self) -> Vec<u32> {
        match self {
            Object::Link(link) => {
                let lower = link.lower.filter(|_| link.lower_nsid.is_none());
                lower.into_iter().chain(link.master).collect()
            }
            Object::Addr(addr) => vec![addr.index],
            Object::Route(route) => {
                let hops = route.hops.iter().filter_map(|hop| hop.link);
                hops.chain(route.iif).collect()
            }
            Object::Neigh(neighbour) => vec![neighbour.index],
        }
    }
}

/// Reads a notification; None of what is about something else.
pub fn read(answer: &Answer) -> Result<Option<Event>> {
    let object = match answer.kind {
        RTM_NEWLINK | RTM_DELLINK => read_link(answer)?,
        RTM_NEWADDR | RTM_DELADDR => read_addr(answer)?,
        RTM_NEWROUTE | RTM_DELROUTE => {
            let route = Route::read(&answer.bytes)?;
            route.map(|route| Object::Route(Box::new(route)))
        }
        RTM_NEWNEIGH | RTM_DELNEIGH => neigh::read(&answer.bytes)?.map(Object::Neigh),
        _ => None,
    };
    // The DEL of an object has the number after its NEW.
    let gone = answer.kind & 1 == 1;
    Ok(object.map(|object| Event { gone, object }))
}

fn read_link(answer: &Answer) -> Result<Option<Object>> {
    match answer.bytes.first() {
        Some(&AF_UNSPEC) => Ok(Some(Object::Link(Box::new(link::read(&answer.bytes)?)))),
        _ => Ok(None),
    }
}

fn read_addr(answer: &Answer) -> Result<Option<Object>> {
    Ok(match answer.decode()? {
        RouteNetlinkMessage::NewAddress(message) | RouteNetlinkMessage::DelAddress(message) => {
            addr::read(message).map(Object::Addr)
        }
        _ => None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn no_notification_is_a_panic(kind in 16u16..32, family in 0u8..12, bytes: Vec<u8>) {
            let bytes = [vec![family], bytes].concat();
            let _ = read(&Answer { kind, flags: 0, sequence: 0, bytes: bytes.into() });
        }
    }
}
