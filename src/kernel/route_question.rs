//! Questions which way a packet goes, and why one has no answer: the errno says what happens to such a packet, and little of why.

use std::net::IpAddr;

use nix::errno::Errno;

use super::addr;
use super::cidr::Cidr;
use super::error::{Error, Result};
use super::netlink::attributes::Attributes;
use super::netns::Namespace;
use super::reason::{Reason, Refusal, listed};
use super::route::{AF_INET, AF_INET6, Hop, RTM_GETROUTE, Route};
use super::route_change::destination;
use super::route_filter::{self, Filter};
use super::route_names::{TYPES, kind, table, table_text};
use super::sysctl::{self, Key};

const RTA_IP_PROTO: u16 = 27;
const RTA_SPORT: u16 = 28;
const RTA_DPORT: u16 = 29;

/// `RTM_F_LOOKUP_TABLE`: name the table in which the route was found. `RTM_F_FIB_MATCH`: give the route itself rather than
/// what follows from it.
const RTM_F_LOOKUP_TABLE: u32 = 0x1000;
const RTM_F_FIB_MATCH: u32 = 0x2000;

/// A question which way a packet goes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Question<L> {
    /// Where it goes.
    pub to: IpAddr,
    /// Where it comes from.
    pub from: Option<IpAddr>,
    /// The link by which it came in, where it is not this machine's own.
    pub iif: Option<L>,
    /// The link by which it is to leave.
    pub oif: Option<L>,
    /// Its mark.
    pub mark: Option<u32>,
    /// Whose it is.
    pub uid: Option<u32>,
    /// Its type of service.
    pub tos: u8,
    /// What it carries: `IPPROTO_*`.
    pub protocol: Option<u8>,
    /// Its ports.
    pub sport: Option<u16>,
    /// Its ports.
    pub dport: Option<u16>,
    /// Whether the route itself is wanted, and not what follows from it for this packet.
    pub fibmatch: bool,
}

impl<L> Question<L> {
    /// The plain question which way a packet goes to an address.
    pub fn of(to: IpAddr) -> Self {
        Question {
            to,
            from: None,
            iif: None,
            oif: None,
            mark: None,
            uid: None,
            tos: 0,
            protocol: None,
            sport: None,
            dport: None,
            fibmatch: false,
        }
    }

    /// The same question with its links named in another way.
    pub fn with_links<M>(&self, iif: Option<M>, oif: Option<M>) -> Question<M> {
        Question {
            iif,
            oif,
            to: self.to,
            from: self.from,
            mark: self.mark,
            uid: self.uid,
            tos: self.tos,
            protocol: self.protocol,
            sport: self.sport,
            dport: self.dport,
            fibmatch: self.fibmatch,
        }
    }
}

/// Asks which way a packet goes.
pub fn ask(namespace: &Namespace, question: &Question<u32>) -> Result<Route<u32>> {
    let host = |address| Cidr {
        address,
        prefix: Cidr::bits(address),
    };
    let fibmatch = if question.fibmatch {
        RTM_F_FIB_MATCH
    } else {
        0
    };
    // IPv6 tells the table unasked, and refuses the flag (inet6_rtm_valid_getroute_req in net/ipv6/route.c).
    let table_too = if question.to.is_ipv4() {
        RTM_F_LOOKUP_TABLE
    } else {
        0
    };
    let route = Route {
        from: question.from.map(host),
        kind: kind::UNSPEC,
        table: table::UNSPEC,
        protocol: 0,
        tos: question.tos,
        flags: table_too | fibmatch,
        hops: vec![Hop::new(None, question.oif)],
        iif: question.iif,
        uid: question.uid,
        mark: question.mark,
        ..Route::to(host(question.to))
    };
    let mut message = route.message(RTM_GETROUTE);
    let mut attributes = Attributes::new();
    if let Some(protocol) = question.protocol {
        attributes.u8(RTA_IP_PROTO, protocol);
    }
    for (kind, port) in [(RTA_SPORT, question.sport), (RTA_DPORT, question.dport)] {
        if let Some(port) = port {
            attributes.be16(kind, port);
        }
    }
    message.body.extend(attributes.as_bytes());
    let answer = namespace.route()?.get(message)?;
    Route::read(&answer.bytes)?.ok_or_else(|| Error::Unreadable("a route of another family".into()))
}

/// What is asked, to follow "cannot".
pub fn words_of(question: &Question<String>) -> String {
    let mut words = format!("find a way to {}", question.to);
    if let Some(from) = question.from {
        words += &format!(" from {from}");
    }
    if let Some(iif) = &question.iif {
        words += &format!(" that came in by {iif}");
    }
    if let Some(oif) = &question.oif {
        words += &format!(" by {oif}");
    }
    words
}

/// Why there is none.
pub fn reason(
    question: &Question<String>,
    refusal: &Refusal,
    namespace: &Namespace,
) -> Option<Reason> {
    let refusing = || refusing_route(question, refusal.errno, namespace);
    match (refusal.errno, &question.iif) {
        (Errno::EINVAL, Some(iif)) => martian(question, iif, namespace),
        (Errno::EXDEV, Some(iif)) => Some(not_the_way_back(question, iif, namespace)),
        (Errno::EHOSTUNREACH, Some(iif)) if !forwards(question, iif, namespace) => {
            Some(not_forwarded(question, iif))
        }
        (Errno::EHOSTUNREACH | Errno::EINVAL | Errno::EACCES, _) => refusing(),
        (Errno::ENETUNREACH, _) => refusing().or_else(|| Some(no_route(question, namespace))),
        _ => None,
    }
}

fn no_route(question: &Question<String>, namespace: &Namespace) -> Reason {
    let is_ipv4 = question.to.is_ipv4();
    let filter = Filter {
        family: if is_ipv4 { AF_INET } else { AF_INET6 },
        table: super::route_names::table::MAIN,
        ..Filter::default()
    };
    let list = route_filter::list(namespace, &filter).unwrap_or_default();
    let mut known: Vec<String> = list.iter().map(destination).collect();
    known.dedup();
    let router = if is_ipv4 { "10.0.0.1" } else { "fd00::1" };
    let make = format!(
        "a default route leads everywhere: route_add(\"default\", #{{ via: \"{router}\" }})"
    );
    let reason = Reason::new("no route leads there").blame("destination");
    match known.is_empty() {
        true => reason.hint(format!("table main is empty; {make}")),
        false => reason.hint(format!("table main leads to {}; {make}", listed(&known))),
    }
}

/// The most exact of the routes to the destination, where its type is to refuse.
fn refusing_route(
    question: &Question<String>,
    errno: Errno,
    namespace: &Namespace,
) -> Option<Reason> {
    let wanted = match errno {
        Errno::EINVAL => kind::BLACKHOLE,
        Errno::EACCES => kind::PROHIBIT,
        _ => kind::UNREACHABLE,
    };
    let filter = Filter {
        family: if question.to.is_ipv4() {
            AF_INET
        } else {
            AF_INET6
        },
        kind: wanted,
        ..Filter::default()
    };
    let leads_there = |route: &Route<u32>| {
        let to = Cidr {
            address: question.to,
            prefix: route.destination.prefix,
        };
        route.destination.shares_network(&to)
    };
    let mut list = route_filter::list(namespace, &filter).ok()?;
    list.retain(leads_there);
    let found = list.iter().max_by_key(|route| route.destination.prefix)?;
    let words = format!(
        "table {} has a route of type {} to {}",
        table_text(found.table),
        TYPES.text(found.kind.into()),
        destination(found)
    );
    Some(Reason::new(words).blame("destination"))
}

/// A source that can't be: such a packet is dropped without a word ("martian").
fn martian(question: &Question<String>, iif: &str, namespace: &Namespace) -> Option<Reason> {
    let from = question.from?;
    let addresses = addr::list(namespace).ok()?;
    let reason = |words: String| Reason::new(words).blame("from");
    if addresses.iter().any(|addr| addr.local.address == from) {
        let hint = format!(
            "to take it all the same: sysctl_set({:?}, 1)",
            conf("ipv4", iif, "accept_local")
        );
        return Some(
            reason(format!(
                "{from} is this machine's own address, and {iif} takes no packets that come from it"
            ))
            .hint(hint),
        );
    }
    let is_odd = from.is_loopback() || from.is_multicast() || from.is_unspecified();
    is_odd.then(|| reason(format!("no packet on a link comes from {from}")))
}

/// Reverse path filtering (RFC 3704) in net/ipv4/fib_frontend.c, __fib_validate_source.
fn not_the_way_back(question: &Question<String>, iif: &str, namespace: &Namespace) -> Reason {
    let from = question.from.map_or(String::new(), |from| from.to_string());
    let back = question.from.and_then(|from| {
        let back = Question {
            to: from,
            from: None,
            iif: None,
            oif: None,
            ..question.with_links(None, None)
        };
        let route = ask(namespace, &back).ok()?;
        namespace.route().ok()?.name_of(route.hops.first()?.link?)
    });
    let words = match back {
        Some(back) => format!(
            "the answer to {from} would leave by {back}, not by {iif} (reverse path filter)"
        ),
        None => format!("there is no way back to {from} by {iif} (reverse path filter)"),
    };
    let hint = format!(
        "sysctl_set({:?}, 0) and the same for all let it in",
        conf("ipv4", iif, "rp_filter")
    );
    Reason::new(words).blame("from").hint(hint)
}

fn conf(family: &str, link: &str, last: &str) -> String {
    // A dot in the name of a link is a slash in that of a sysctl.
    format!("net.{family}.conf.{}.{last}", link.replace('.', "/"))
}

fn family(question: &Question<String>) -> &'static str {
    if question.to.is_ipv4() {
        "ipv4"
    } else {
        "ipv6"
    }
}

fn forwards(question: &Question<String>, iif: &str, namespace: &Namespace) -> bool {
    let key = Key::parse(&conf(family(question), iif, "forwarding"));
    let value = key.ok().and_then(|key| sysctl::get(namespace, &key).ok());
    value.is_none_or(|value| value != "0")
}

fn not_forwarded(question: &Question<String>, iif: &str) -> Reason {
    let words = format!(
        "{} is another machine's, and what comes in by {iif} is not forwarded",
        question.to
    );
    let hint = match question.to.is_ipv4() {
        true => "sysctl_set(\"net.ipv4.ip_forward\", 1)",
        false => "sysctl_set(\"net.ipv6.conf.all.forwarding\", 1)",
    };
    Reason::new(words).blame("iif").hint(hint)
}
