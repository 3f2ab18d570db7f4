//! Lists of routes, and which of them are meant: what the kernel chooses by, and what it does not.

use std::net::IpAddr;

use super::cidr::Cidr;
use super::error::Result;
use super::netlink::Message;
use super::netlink::attributes::Attributes;
use super::netns::Namespace;
use super::route::{RTA_OIF, RTA_TABLE, RTM_GETROUTE, Route};
use super::route_names::{SCOPES, table};

/// Which routes to list. What is None or 0 is any.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Filter {
    /// AF_INET or AF_INET6.
    pub family: u8,
    /// The table.
    pub table: u32,
    /// Who made them.
    pub protocol: u8,
    /// Their type.
    pub kind: u8,
    /// A link that one of their hops is on.
    pub link: Option<u32>,
}

impl Filter {
    fn lets_pass(&self, route: &Route<u32>) -> bool {
        let any = |wanted: u32, found: u32| wanted == 0 || wanted == found;
        any(self.table, route.table)
            && any(self.protocol.into(), route.protocol.into())
            && any(self.kind.into(), route.kind.into())
            && self
                .link
                .is_none_or(|link| route.hops.iter().any(|hop| hop.link == Some(link)))
    }
}

/// Which routes of a list are meant, by what the kernel does not choose by. What is None is any.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Meant {
    /// How far they reach.
    pub scope: Option<u8>,
    /// A router of theirs.
    pub via: Option<IpAddr>,
    /// Where they lead.
    pub exact: Option<Cidr>,
    /// The network in which it is where they lead.
    pub root: Option<Cidr>,
    /// What is in where they lead.
    pub matches: Option<Cidr>,
}

impl Meant {
    /// Whether a route is one of these.
    pub fn takes(&self, route: &Route<u32>) -> bool {
        let to = &route.destination;
        self.scope.is_none_or(|scope| route.scope == scope)
            && self
                .via
                .is_none_or(|via| route.hops.iter().any(|hop| hop.via == Some(via)))
            && self.exact.is_none_or(|exact| *to == exact)
            && self.root.is_none_or(|root| root.contains(to))
            && self.matches.is_none_or(|inside| to.contains(&inside))
    }

    /// The family that the networks are of, if one is named.
    pub fn is_ipv4(&self) -> Option<bool> {
        let named = self.exact.or(self.root).or(self.matches);
        named.map(|cidr| cidr.address.is_ipv4())
    }

    /// As `ip route` says it: a word and its value.
    pub fn words(&self) -> Vec<(&'static str, String)> {
        let scope = self.scope.map(|scope| SCOPES.text(scope.into()));
        let text = |cidr: Option<Cidr>| cidr.map(|cidr| cidr.to_string());
        [
            ("scope", scope),
            ("via", self.via.map(|via| via.to_string())),
            ("root", text(self.root)),
            ("match", text(self.matches)),
            ("exact", text(self.exact)),
        ]
        .into_iter()
        .filter_map(|(word, value)| Some((word, value?)))
        .collect()
    }
}

/// The routes that the filter lets pass, in the kernel's order: IPv4 before IPv6.
///
/// The kernel chooses itself (inet_dump_fib in net/ipv4/fib_frontend.c) where the socket has strict checking; older ones
/// send everything, which is sorted out here.
pub fn list(namespace: &Namespace, filter: &Filter) -> Result<Vec<Route<u32>>> {
    let short_table = u8::try_from(filter.table).unwrap_or(0);
    let mut body = vec![filter.family, 0, 0, 0, short_table];
    body.extend([filter.protocol, 0, filter.kind, 0, 0, 0, 0]);
    let mut attributes = Attributes::new();
    if filter.table != table::UNSPEC {
        attributes.u32(RTA_TABLE, filter.table);
    }
    if let Some(link) = filter.link {
        attributes.u32(RTA_OIF, link);
    }
    body.extend(attributes.as_bytes());
    let question = Message {
        kind: RTM_GETROUTE,
        body,
    };
    let list = namespace.route()?.dump(question, |answer| {
        Ok(Route::read(&answer.bytes)?.filter(|route| filter.lets_pass(route)))
    });
    match list {
        // Asked for one family, the kernel says so where the table has no route and so does not exist.
        Err(error) if error.errno() == Some(nix::errno::Errno::ENOENT) => Ok(Vec::new()),
        list => list,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn cidr(text: &str) -> Cidr {
        text.parse().expect(text)
    }

    #[test]
    fn networks_choose_routes() {
        let route = Route::to(cidr("10.1.0.0/16"));
        let meant = |exact: &str, root: &str, matches: &str| {
            let one = |text: &str| text.parse().ok();
            let (exact, root, matches) = (one(exact), one(root), one(matches));
            Meant {
                exact,
                root,
                matches,
                ..Meant::default()
            }
        };
        assert!(Meant::default().takes(&route));
        assert!(meant("10.1.0.0/16", "10.0.0.0/8", "10.1.2.0/24").takes(&route));
        assert!(!meant("10.1.0.0/24", "", "").takes(&route));
        assert!(!meant("", "10.1.0.0/24", "").takes(&route));
        assert!(!meant("", "", "10.0.0.0/8").takes(&route));
        assert!(!meant("", "", "fd00::/16").takes(&route));
    }
}
