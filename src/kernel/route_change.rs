//! Routes made, replaced, removed and flushed.

use netlink_packet_core::{NLM_F_APPEND, NLM_F_CREATE, NLM_F_EXCL, NLM_F_REPLACE};
use nix::errno::Errno;
use std::fmt;

use super::change::{Action, Change, Command, Names, Operation};
use super::cidr::Cidr;
use super::error::{Error, Result};
use super::netlink::Request;
use super::netns::Namespace;
use super::reason::{Reason, Refusal};
use super::route::{self, AF_INET, AF_INET6, Hop, ONLINK, Route, flag_names};
use super::route_fault;
use super::route_filter::{self, Filter, Meant};
use super::route_names::{
    BOOT, PREFERENCES, PROTOCOLS, SCOPES, TYPES, kind, realm_text, scope, table, table_text,
};

const RTM_NEWROUTE: u16 = 24;
const RTM_DELROUTE: u16 = 25;

/// `IP6_RT_PRIO_USER` of linux/ipv6_route.h: the metric of an IPv6 route that is given none.
const USUAL_IPV6_METRIC: u32 = 1024;

/// How a route is treated that has the same destination, table and metric.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mode {
    /// There may be none.
    Add,
    /// The new one comes behind it; of IPv6 both become ways of one route.
    Append,
    /// The new one takes its place; there has to be one.
    Change,
    /// The new one takes its place, if there is one.
    Replace,
}

impl Mode {
    /// As iproute.c of iproute2 has them.
    fn flags(self) -> u16 {
        match self {
            Mode::Add => NLM_F_CREATE | NLM_F_EXCL,
            Mode::Append => NLM_F_CREATE | NLM_F_APPEND,
            Mode::Change => NLM_F_REPLACE,
            Mode::Replace => NLM_F_CREATE | NLM_F_REPLACE,
        }
    }

    /// The word of `ip route`.
    fn word(self) -> &'static str {
        match self {
            Mode::Add => "add",
            Mode::Append => "append",
            Mode::Change => "change",
            Mode::Replace => "replace",
        }
    }
}

/// A new route, or one in the place of another.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RouteAdd {
    /// The route.
    pub route: Route<String>,
    /// What becomes of one that is there.
    pub mode: Mode,
}

impl RouteAdd {
    /// The message that makes it.
    pub fn request(&self, names: &dyn Names) -> Result<Request> {
        let route = resolved(&self.route, names)?;
        Ok(Request::new(route.message(RTM_NEWROUTE), self.mode.flags()))
    }
}

impl Operation for RouteAdd {
    fn object(&self) -> String {
        destination(&self.route)
    }

    fn links(&self) -> Vec<(&'static str, &str)> {
        links(&self.route)
    }

    fn words(&self) -> String {
        let verb = match self.mode {
            Mode::Replace => "set",
            mode => mode.word(),
        };
        format!("{verb} the route to {}", destination(&self.route))
    }

    fn action(&self, names: &dyn Names) -> Result<Action> {
        Ok(Action::Route(vec![self.request(names)?]))
    }

    fn command(&self) -> Command {
        let route = &self.route;
        let mut command = begin(route, self.mode.word(), kind::UNICAST);
        if route.protocol != BOOT {
            command.with("proto", PROTOCOLS.text(route.protocol.into()));
        }
        if route.scope != route::usual_scope(route) {
            command.with("scope", SCOPES.text(route.scope.into()));
        }
        add_rest(&mut command, route);
        if let Some(preference) = route.preference {
            command.with("pref", PREFERENCES.text(preference.into()));
        }
        if let Some(seconds) = route.expires {
            command.with("expires", seconds);
        }
        if let Some(realms) = route.realms {
            command.with("realms", realm_text(realms));
        }
        for word in route.metrics.words() {
            command.word(word);
        }
        match route.nhid {
            Some(id) => command.with("nhid", id),
            None => add_hops(&mut command, &route.hops, route.is_ipv4()),
        }
        command
    }

    fn refusal(&self, refusal: &Refusal, names: &dyn Names) -> Option<Reason> {
        if let Some(id) = self.route.nhid
            && refusal.errno == Errno::EINVAL
        {
            let words = format!("there is no nexthop object {id}, or it does not fit the route");
            let reason = Reason::new(words).blame("nhid");
            return Some(reason.hint("`ip nexthop` makes and lists them"));
        }
        match (self.mode, refusal.errno) {
            (Mode::Change, Errno::ENOENT | Errno::ESRCH) => {
                Some(route_fault::of_missing(&self.route, names.namespace()))
            }
            (Mode::Append, Errno::EEXIST) => {
                let words = "there is a route that says just the same";
                Some(Reason::new(words).blame("destination"))
            }
            _ => route_fault::of_new(&self.route, refusal, names.namespace()),
        }
    }

    fn inverse(&self, names: &dyn Names) -> Result<Option<Change>> {
        let mut before = match self.mode {
            Mode::Add => Vec::new(),
            _ => in_table_of(&self.route, names.namespace())?,
        };
        before.retain(|other| has_same_key(&self.route, other));
        let undone = RouteDel {
            route: Route {
                metric: Some(metric_of(&self.route)),
                metrics: Default::default(),
                preference: None,
                expires: None,
                ..self.route.clone()
            },
        };
        match (self.mode, before.as_slice()) {
            // What removes the new one must not remove one that was there.
            (Mode::Append, before) => {
                let is_alone = !before.iter().any(|one| undone.means(one, names));
                Ok(is_alone.then_some(Change::RouteDel(undone)))
            }
            (_, []) => Ok(Some(Change::RouteDel(undone))),
            (_, [one]) => back(one.clone(), Mode::Replace, names.namespace()),
            _ => Ok(None),
        }
    }
}

/// A route removed: the first of those that have all that is said.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RouteDel {
    /// What is said of it. Type and protocol 0, scope nowhere, no hop, no metric: any.
    pub route: Route<String>,
}

impl RouteDel {
    /// A route of which nothing is said but where it leads.
    pub fn to(destination: Cidr) -> Self {
        RouteDel {
            route: Route {
                kind: kind::UNSPEC,
                protocol: 0,
                scope: scope::NOWHERE,
                ..Route::to(destination)
            },
        }
    }

    fn means(&self, other: &Route<u32>, names: &dyn Names) -> bool {
        let wanted = &self.route;
        let hop_is_meant = |hop: &Hop<String>| {
            let link = hop.link.as_ref().map(|name| names.link(name).ok());
            other.hops.iter().any(|one| {
                hop.via.is_none_or(|via| one.via == Some(via))
                    && link.is_none_or(|link| one.link == link)
            })
        };
        let any = |wanted: u8, found: u8, all: u8| wanted == all || wanted == found;
        wanted.destination == other.destination
            && wanted.tos == other.tos
            && wanted
                .metric
                .is_none_or(|metric| metric == metric_of(other))
            && any(wanted.kind, other.kind, kind::UNSPEC)
            && any(wanted.protocol, other.protocol, 0)
            && (!wanted.is_ipv4() || any(wanted.scope, other.scope, scope::NOWHERE))
            && wanted.hops.iter().all(hop_is_meant)
    }
}

impl Operation for RouteDel {
    fn object(&self) -> String {
        destination(&self.route)
    }

    fn links(&self) -> Vec<(&'static str, &str)> {
        links(&self.route)
    }

    fn words(&self) -> String {
        format!("delete the route to {}", destination(&self.route))
    }

    fn action(&self, names: &dyn Names) -> Result<Action> {
        let route = resolved(&self.route, names)?;
        let request = Request::new(route.message(RTM_DELROUTE), 0);
        Ok(Action::Route(vec![request]))
    }

    fn command(&self) -> Command {
        let route = &self.route;
        let mut command = begin(route, "del", kind::UNSPEC);
        if route.protocol != 0 {
            command.with("proto", PROTOCOLS.text(route.protocol.into()));
        }
        if route.scope != scope::NOWHERE && route.is_ipv4() {
            command.with("scope", SCOPES.text(route.scope.into()));
        }
        add_rest(&mut command, route);
        add_hops(&mut command, &route.hops, route.is_ipv4());
        command
    }

    fn refusal(&self, refusal: &Refusal, names: &dyn Names) -> Option<Reason> {
        let is_missing = matches!(refusal.errno, Errno::ESRCH | Errno::ENOENT);
        is_missing.then(|| route_fault::of_missing(&self.route, names.namespace()))
    }

    fn inverse(&self, names: &dyn Names) -> Result<Option<Change>> {
        let list = in_table_of(&self.route, names.namespace())?;
        let Some(found) = list.iter().find(|one| self.means(one, names)) else {
            return Ok(None);
        };
        // Of several ways of an IPv6 route one can go alone; and of several routes with one key nobody knows the order.
        let one_of_several = found.hops.len() > 1 && self.route.hops.len() == 1;
        let twins = list
            .iter()
            .filter(|one| {
                one.destination == found.destination
                    && one.tos == found.tos
                    && metric_of(*one) == metric_of(found)
            })
            .count();
        match one_of_several || twins > 1 {
            true => Ok(None),
            false => back(found.clone(), Mode::Add, names.namespace()),
        }
    }
}

/// Routes of one family removed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RouteFlush {
    /// IPv4, or IPv6.
    pub is_ipv4: bool,
    /// Those of this table; 0 is all.
    pub table: u32,
    /// Those of this type; 0 is any.
    pub kind: u8,
    /// Those of this maker; 0 is any.
    pub protocol: u8,
    /// Those by this link.
    pub link: Option<String>,
    /// Those of which this is so.
    pub meant: Meant,
}

impl Operation for RouteFlush {
    fn object(&self) -> String {
        match self.table {
            0 => "all tables".into(),
            table => table_text(table),
        }
    }

    fn links(&self) -> Vec<(&'static str, &str)> {
        self.link
            .iter()
            .map(|link| ("dev", link.as_str()))
            .collect()
    }

    fn words(&self) -> String {
        let family = if self.is_ipv4 { "IPv4" } else { "IPv6" };
        match self.table {
            0 => format!("remove the {family} routes of all tables"),
            table => format!("remove the {family} routes of table {}", table_text(table)),
        }
    }

    fn action(&self, names: &dyn Names) -> Result<Action> {
        let filter = Filter {
            family: if self.is_ipv4 { AF_INET } else { AF_INET6 },
            table: self.table,
            kind: self.kind,
            protocol: self.protocol,
            link: self
                .link
                .as_deref()
                .map(|link| names.link(link))
                .transpose()?,
        };
        let mut list = route_filter::list(names.namespace(), &filter)?;
        list.retain(|route| self.meant.takes(route));
        let requests = list.iter().map(|route| {
            let message = identified(route).message(RTM_DELROUTE);
            Request::new(message, 0)
        });
        Ok(Action::Route(requests.collect()))
    }

    fn command(&self) -> Command {
        let mut command = match self.is_ipv4 {
            true => Command::ip(["route", "flush"]),
            false => Command::ip(["-6", "route", "flush"]),
        };
        match self.table {
            0 => command.with("table", "all"),
            table => command.with("table", table_text(table)),
        }
        if self.kind != kind::UNSPEC {
            command.with("type", TYPES.text(self.kind.into()));
        }
        if self.protocol != 0 {
            command.with("proto", PROTOCOLS.text(self.protocol.into()));
        }
        for (word, value) in self.meant.words() {
            command.with(word, value);
        }
        if let Some(link) = &self.link {
            command.with("dev", link);
        }
        command
    }

    fn inverse(&self, _names: &dyn Names) -> Result<Option<Change>> {
        Ok(None)
    }
}

/// What tells the kernel which route is meant, without what it only reports.
fn identified(route: &Route<u32>) -> Route<u32> {
    let mut route = route.clone();
    strip(&mut route);
    Route {
        metrics: Default::default(),
        preference: None,
        expires: None,
        ..route
    }
}

/// Leaves out what the kernel reports and does not take.
fn strip<L>(route: &mut Route<L>) {
    route.flags = 0;
    for hop in &mut route.hops {
        hop.flags &= ONLINK;
    }
    route.preference = route.preference.filter(|preference| *preference != 0);
}

/// The change that brings a route back.
fn back(mut route: Route<u32>, mode: Mode, namespace: &Namespace) -> Result<Option<Change>> {
    if route.has_more {
        return Ok(None);
    }
    strip(&mut route);
    let socket = namespace.route()?;
    let named = route.with_links(|index| socket.name_of(index).ok_or(()));
    Ok(named
        .ok()
        .map(|route| Change::RouteAdd(RouteAdd { route, mode })))
}

/// The routes of the same family in the same table.
pub(super) fn in_table_of(route: &Route<String>, namespace: &Namespace) -> Result<Vec<Route<u32>>> {
    let filter = Filter {
        family: if route.is_ipv4() { AF_INET } else { AF_INET6 },
        table: route.table,
        ..Filter::default()
    };
    route_filter::list(namespace, &filter)
}

/// Whether the kernel lets only one of both be.
pub(super) fn has_same_key(route: &Route<String>, other: &Route<u32>) -> bool {
    route.destination == other.destination
        && route.from == other.from
        && route.tos == other.tos
        && metric_of(route) == metric_of(other)
}

/// The metric that it has, or is given if none is said.
fn metric_of<L>(route: &Route<L>) -> u32 {
    let usual = if route.is_ipv4() {
        0
    } else {
        USUAL_IPV6_METRIC
    };
    route.metric.filter(|metric| *metric != 0).unwrap_or(usual)
}

/// A destination as `ip route` writes it.
pub struct Destination(pub Cidr);

impl fmt::Display for Destination {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Destination(cidr) = self;
        match cidr.prefix {
            0 => f.write_str("default"),
            prefix if prefix == Cidr::bits(cidr.address) => cidr.address.fmt(f),
            _ => cidr.fmt(f),
        }
    }
}

/// The destination as `ip route` writes it.
pub fn destination<L>(route: &Route<L>) -> String {
    Destination(route.destination).to_string()
}

fn links(route: &Route<String>) -> Vec<(&'static str, &str)> {
    let argument = if route.hops.len() > 1 {
        "nexthops"
    } else {
        "dev"
    };
    let links = route.hops.iter().filter_map(|hop| hop.link.as_deref());
    links.map(|link| (argument, link)).collect()
}

fn resolved(route: &Route<String>, names: &dyn Names) -> Result<Route<u32>> {
    route
        .clone()
        .with_links(|name: String| -> std::result::Result<u32, Error> { names.link(&name) })
}

/// `ip route VERB [TYPE] DESTINATION ...`, up to the table.
fn begin(route: &Route<String>, verb: &str, usual: u8) -> Command {
    let is_default = route.destination.prefix == 0;
    let mut command = match route.is_ipv4() || !is_default {
        true => Command::ip(["route", verb]),
        false => Command::ip(["-6", "route", verb]),
    };
    if route.kind != usual {
        command.word(TYPES.text(route.kind.into()));
    }
    command.word(destination(route));
    if let Some(from) = route.from {
        command.with("from", from);
    }
    if route.table != route::usual_table(route.kind) || route.table != table::MAIN {
        command.with("table", table_text(route.table));
    }
    command
}

fn add_rest(command: &mut Command, route: &Route<String>) {
    if route.tos != 0 {
        command.with("tos", format!("{:#x}", route.tos));
    }
    if let Some(metric) = route.metric {
        command.with("metric", metric);
    }
    if let Some(source) = route.source {
        command.with("src", source);
    }
}

fn add_hops(command: &mut Command, hops: &[Hop<String>], is_ipv4: bool) {
    for hop in hops {
        if hops.len() > 1 {
            command.word("nexthop");
        }
        match hop.via {
            Some(via) if via.is_ipv4() == is_ipv4 => command.with("via", via),
            Some(via) => {
                let family = if via.is_ipv4() { "inet" } else { "inet6" };
                command.with("via", family);
                command.word(via.to_string());
            }
            None => {}
        }
        if let Some(link) = &hop.link {
            command.with("dev", link);
        }
        if hops.len() > 1 && hop.weight != 1 {
            command.with("weight", hop.weight);
        }
        for flag in flag_names(hop.flags & ONLINK) {
            command.word(flag);
        }
    }
}
