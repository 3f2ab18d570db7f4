//! Events in a line of text each, as `ip -o monitor` writes them, up to what it would write in a second line.

use std::fmt::Write;

use super::addr::Addr;
use super::kinds::is_pair;
use super::link::Link;
use super::neigh::Neighbour;
use super::notification::{Event, Object};
use super::route::{Route, flag_names};
use super::route_change::destination;
use super::route_names::{
    BOOT, PREFERENCES, PROTOCOLS, SCOPES, TYPES, kind, scope, table, table_text,
};

/// What is known of the links of a namespace at the moment of an event.
pub trait Links {
    /// The name of this index.
    fn name(&self, index: u32) -> String;
    /// Whether it is set down.
    fn is_down(&self, index: u32) -> bool;
}

/// The line.
pub fn line(event: &Event, links: &dyn Links) -> String {
    let text = match &event.object {
        Object::Link(link) => link_text(link, links),
        Object::Addr(addr) => addr_text(addr, links),
        Object::Route(route) => route_text(route, links),
        Object::Neigh(neighbour) => neighbour_text(neighbour, links),
    };
    match event.gone {
        true => format!("Deleted {text}"),
        false => text,
    }
}

/// ip/ipaddress.c, print_linkinfo.
fn link_text(link: &Link, links: &dyn Links) -> String {
    let mut flags: Vec<&str> = link.flags.clone();
    let lower = match (link.lower, link.lower_nsid) {
        (Some(index), Some(_)) => format!("@if{index}"),
        (Some(index), None) => {
            if links.is_down(index) {
                flags.push("M-DOWN");
            }
            format!("@{}", links.name(index))
        }
        // The other end is not made yet, or is gone.
        (None, _) if is_pair(&link.kind) => "@NONE".into(),
        (None, _) => String::new(),
    };
    let (index, name, mtu) = (link.index, &link.name, link.mtu);
    let mut text = format!("{index}: {name}{lower}: <{}> mtu {mtu}", flags.join(","));
    if !link.qdisc.is_empty() {
        put(&mut text, "qdisc", &link.qdisc);
    }
    if let Some(master) = link.master {
        put(&mut text, "master", links.name(master));
    }
    put(&mut text, "state", link.operstate.to_uppercase());
    if let Some(mac) = link.mac {
        put(&mut text, "mac", mac);
    }
    text
}

/// ip/ipaddress.c, print_addrinfo.
fn addr_text(addr: &Addr, links: &dyn Links) -> String {
    let (index, name) = (addr.index, links.name(addr.index));
    let family = if addr.local.address.is_ipv4() {
        "inet"
    } else {
        "inet6"
    };
    let mut text = format!("{index}: {name} {family}");
    match addr.peer {
        Some(peer) => {
            let local = addr.local.address;
            let _ = write!(text, " {local} peer {peer}/{}", addr.local.prefix);
        }
        None => {
            let _ = write!(text, " {}", addr.local);
        }
    }
    if let Some(broadcast) = addr.broadcast {
        put(&mut text, "brd", broadcast);
    }
    put(&mut text, "scope", addr.scope);
    for flag in addr.flags.iter().filter(|flag| **flag != "permanent") {
        let _ = write!(text, " {flag}");
    }
    if !addr.flags.contains(&"permanent") {
        text.push_str(" dynamic");
    }
    if let Some(label) = &addr.label {
        let _ = write!(text, " {label}");
    }
    for (key, seconds) in [
        ("valid_lft", addr.valid_lft),
        ("preferred_lft", addr.preferred_lft),
    ] {
        if let Some(seconds) = seconds {
            let _ = write!(text, " {key} {seconds}sec");
        }
    }
    text
}

/// ip/iproute.c, print_route.
fn route_text(route: &Route<u32>, links: &dyn Links) -> String {
    let mut text = String::new();
    if route.kind != kind::UNICAST {
        let _ = write!(text, "{} ", TYPES.text(route.kind.into()));
    }
    text.push_str(&destination(route));
    if let Some(from) = route.from {
        put(&mut text, "from", from);
    }
    if route.tos != 0 {
        put(&mut text, "tos", format!("{:#x}", route.tos));
    }
    let alone = route.hops.first().filter(|_| route.hops.len() == 1);
    if let Some(hop) = alone {
        put_hop(&mut text, hop.via, hop.link, links);
    }
    if route.table != table::MAIN {
        put(&mut text, "table", table_text(route.table));
    }
    if route.protocol != BOOT {
        put(&mut text, "proto", PROTOCOLS.text(route.protocol.into()));
    }
    if route.scope != scope::UNIVERSE {
        put(&mut text, "scope", SCOPES.text(route.scope.into()));
    }
    if let Some(source) = route.source {
        put(&mut text, "src", source);
    }
    if let Some(metric) = route.metric {
        put(&mut text, "metric", metric);
    }
    for flag in flag_names(route.flags) {
        let _ = write!(text, " {flag}");
    }
    for word in route.metrics.words() {
        let _ = write!(text, " {word}");
    }
    if let Some(seconds) = route.expires {
        let _ = write!(text, " expires {seconds}sec");
    }
    if let Some(preference) = route.preference {
        put(&mut text, "pref", PREFERENCES.text(preference.into()));
    }
    for hop in route.hops.iter().filter(|_| alone.is_none()) {
        text.push_str(" nexthop");
        put_hop(&mut text, hop.via, hop.link, links);
        put(&mut text, "weight", hop.weight);
    }
    text
}

fn put_hop(text: &mut String, via: Option<std::net::IpAddr>, link: Option<u32>, links: &dyn Links) {
    if let Some(via) = via {
        put(text, "via", via);
    }
    if let Some(link) = link {
        put(text, "dev", links.name(link));
    }
}

/// ip/ipneigh.c, print_neigh.
fn neighbour_text(neighbour: &Neighbour, links: &dyn Links) -> String {
    let link = links.name(neighbour.index);
    let mut text = format!("{} dev {link}", neighbour.address);
    if let Some(mac) = neighbour.mac {
        put(&mut text, "lladdr", mac);
    }
    for flag in &neighbour.flags {
        let _ = write!(text, " {flag}");
    }
    if neighbour.state != "none" {
        let _ = write!(text, " {}", neighbour.state.to_uppercase());
    }
    text
}

/// Writing to a String does not fail.
fn put(text: &mut String, key: &str, value: impl std::fmt::Display) {
    let _ = write!(text, " {key} {value}");
}
