//! The way in and the way out, as the kernel answers when it is asked.

use nix::errno::Errno;

use crate::kernel::route::{AF_INET, AF_INET6, Route};
use crate::kernel::route_change::destination;
use crate::kernel::route_filter::Filter;
use crate::kernel::route_names::{TYPES, kind, table, table_text};
use crate::kernel::route_question::Question;

use super::super::failure::Failure;
use super::gateways::{route_line, wrong_gateway};
use super::policy::{self, by_rule, ruling};
use super::scene::Scene;
use super::state::holds;
use super::ways::{network_of, way_on};
use super::{Cause, Finding, hosts, wires};

/// The probe was to leave by the loopback link, and what does comes in again where it was.
fn by_loopback(scene: &Scene<'_>, lo: &str) -> Option<Finding> {
    let is_asked = scene.asked.iface.as_deref() == Some(lo) && !scene.is_back;
    if !is_asked || scene.is_received {
        return None;
    }
    let words = format!(
        "{} is no address of {}, and what leaves by {lo} comes to nobody else",
        scene.to,
        scene.space.words()
    );
    Some(Finding::new(Cause::NotOnLink, words).shown_by("iface", lo))
}

/// Why the kernel does not take in a packet, or does not pass it on.
pub(super) fn way_in(scene: &Scene<'_>) -> Option<Finding> {
    let by = scene.by?;
    // What comes in by the loopback link the kernel has routed when it was sent; it is not asked again.
    if by.link.kind == "loopback" {
        return by_loopback(scene, &by.link.name);
    }
    let by = by.link.name.clone();
    // What a port of a bridge takes in is the bridge's.
    if scene.state.is_port(&scene.place(&by)) {
        return None;
    }
    if wires::is_off(scene.space, &by, scene.to) {
        return Some(wires::switched_off(scene, &scene.place(&by)));
    }
    let is_ipv4 = scene.to.is_ipv4();
    let failure = match way_on(scene) {
        Err(failure) => failure,
        Ok(way) => {
            let is_own = way.route.kind == kind::LOCAL || scene.is_received;
            // IPv6 answers such a question whether or not it forwards.
            let passes = is_own || is_ipv4 || scene.space.forwards(false, &by);
            return (!passes).then(|| not_forwarding(scene, &by));
        }
    };
    if let Some(rule) = policy::refused(scene, &failure, refusing(scene).as_ref()) {
        return Some(rule);
    }
    let asked = format!(
        "route_get({:?}, #{{ from: {:?}, iif: {by:?} }})",
        scene.to.to_string(),
        scene
            .look
            .source
            .map(|source| source.to_string())
            .unwrap_or_default()
    );
    let finding = match failure.errno? {
        Errno::EINVAL
            if scene
                .look
                .source
                .is_some_and(|source| scene.space.has(source)) =>
        {
            if let Some(finding) = hosts::source_twice(scene) {
                return Some(finding);
            }
            let (name, value) = scene.space.conf("ipv4", &by, "accept_local");
            let source = scene.look.source?;
            let words = format!(
                "{source} is an address of {} itself, and {by} takes in no packets that come from one",
                scene.space.words()
            );
            Finding::new(Cause::AcceptLocal, words)
                .shown_by(&name, value.unwrap_or_default())
                .mended_by(scene.line(format!("sysctl_set({name:?}, 1)")))
        }
        // Linux says EXDEV up to 6.12, and EINVAL after that.
        Errno::EXDEV | Errno::EINVAL if comes_another_way(scene, &by) => reverse_path(scene, &by),
        Errno::EHOSTUNREACH if !scene.space.forwards(is_ipv4, &by) => not_forwarding(scene, &by),
        _ => no_way(scene, &failure)?,
    };
    Some(finding.shown_by(
        asked,
        format!("{} ({})", failure.kernel, failure.errno_name()?),
    ))
}

fn not_forwarding(scene: &Scene<'_>, by: &str) -> Finding {
    let at = scene.space.words();
    let (name, short) = match scene.to.is_ipv4() {
        true => ("net.ipv4.ip_forward", "IPv4"),
        false => ("net.ipv6.conf.all.forwarding", "IPv6"),
    };
    let words = format!(
        "{at} does not forward {short}, and {} is not its own",
        scene.to
    );
    let finding = Finding::new(Cause::NotForwarding, words)
        .shown_by(name, scene.space.sysctl(name).unwrap_or_default());
    let all = scene.space.sysctl(name);
    // ip_forward on, and this one link off.
    if all.as_deref() == Some("1") && scene.to.is_ipv4() {
        let (one, value) = scene.space.conf("ipv4", by, "forwarding");
        return finding
            .shown_by(&one, value.unwrap_or_default())
            .mended_by(scene.line(format!("sysctl_set({one:?}, 1)")));
    }
    finding.mended_by(scene.line(format!("sysctl_set({name:?}, 1)")))
}

/// Whether the source address is looked at, and the way back to it is another one.
fn comes_another_way(scene: &Scene<'_>, by: &str) -> bool {
    let looks = ["all", by].iter().any(|link| {
        let (_, value) = scene.space.conf("ipv4", link, "rp_filter");
        value.is_some_and(|value| value != "0")
    });
    looks && way_back(scene).is_none_or(|link| link != by)
}

/// The link by which an answer would leave.
fn way_back(scene: &Scene<'_>) -> Option<String> {
    scene
        .space
        .way(&Question::of(scene.look.source?))
        .ok()?
        .link
}

/// The higher of the values for all links and for one counts (Documentation/networking/ip-sysctl.rst).
fn reverse_path(scene: &Scene<'_>, by: &str) -> Finding {
    let source = scene
        .look
        .source
        .map_or(String::new(), |source| source.to_string());
    let way = match way_back(scene) {
        Some(link) => format!("the way back to {source} is by {link}"),
        None => format!("there is no way back to {source}"),
    };
    let at = scene.place(by);
    let words = format!("{at} takes no packets from {source}: {way} (reverse path filter)");
    let mut finding = Finding::new(Cause::ReversePath, words);
    let mut lines = Vec::new();
    for link in ["all", by] {
        let (name, value) = scene.space.conf("ipv4", link, "rp_filter");
        let value = value.unwrap_or_default();
        if value != "0" {
            lines.push(scene.line(format!("sysctl_set({name:?}, 0)")));
        }
        finding = finding.shown_by(name, value);
    }
    finding.mended_by(lines.join("; "))
}

/// Why what is sent has no way out.
pub(super) fn way_out(scene: &Scene<'_>) -> Option<Finding> {
    if scene.by.is_some() {
        return None;
    }
    match way_on(scene) {
        Ok(way) => wrong_gateway(scene, &way),
        Err(failure) => no_way(scene, &failure),
    }
}

/// No route, or one that refuses.
fn no_way(scene: &Scene<'_>, failure: &Failure) -> Option<Finding> {
    let space = scene.space;
    let refusing = refusing(scene);
    if let Some(rule) = policy::refused(scene, failure, refusing.as_ref()) {
        return Some(rule);
    }
    if let Some(found) = refusing {
        let kind = TYPES.text(found.kind.into());
        let table = table_text(found.table);
        let to = destination(&found);
        let words = format!(
            "{} has a route of type {kind} to {to} in table {table}",
            space.words()
        );
        let table_option = match found.table {
            table::MAIN => String::new(),
            _ => format!(", table: {table:?}"),
        };
        let line = format!("route_del({to:?}, #{{ type: {kind:?}{table_option} }})");
        let finding =
            Finding::new(Cause::RefusingRoute, words).shown_by("route", format!("{kind} {to}"));
        // A rule may be what leads there.
        return Some(match ruling(scene, found.table) {
            Some(rule) => by_rule(scene, finding, &rule),
            None => finding.mended_by(scene.line(line)),
        });
    }
    if let Some(down) = wires::link_of_network(scene) {
        return Some(down);
    }
    let exit = wires::best(scene);
    if let Some(lacking) = exit.as_ref().and_then(|exit| wires::lacking(scene, exit)) {
        return Some(lacking);
    }
    let mut words = format!("{} has no route to {}", space.words(), scene.to);
    let own = space
        .addresses()
        .find(|(_, addr)| holds(&addr.local, scene.to));
    if exit.is_none() && own.is_none() {
        words += ", and nobody on its wires leads there";
    }
    let mut finding = Finding::new(Cause::NoRoute, words).shown_by(
        format!("route_get({:?})", scene.to.to_string()),
        format!(
            "{} ({})",
            failure.kernel,
            failure.errno_name().unwrap_or_default()
        ),
    );
    if scene.state.owners(scene.to).is_empty() {
        finding = finding.shown_by(format!("who has {}", scene.to), "nobody");
    }
    // The network of an own address: its route is gone.
    if let Some((link, addr)) = own {
        let to = addr.local.network();
        let line = format!("route_add(\"{to}\", #{{ dev: {link:?} }})");
        return Some(
            finding
                .shown_by(
                    format!("address of {}", scene.place(link)),
                    addr.local.to_string(),
                )
                .mended_by(scene.line(line)),
        );
    }
    Some(match exit {
        Some(exit) => {
            let (verb, to) = match thrown(scene) {
                Some(route) => ("route_replace", route),
                None => ("route_add", network_of(scene)),
            };
            finding.mended_by(scene.line(route_line(verb, &to, &exit)))
        }
        None => finding,
    })
}

/// The most exact route to the destination that refuses, in any table.
fn refusing(scene: &Scene<'_>) -> Option<Route<u32>> {
    let family = if scene.to.is_ipv4() {
        AF_INET
    } else {
        AF_INET6
    };
    let kinds = [kind::BLACKHOLE, kind::PROHIBIT, kind::UNREACHABLE];
    let all = kinds.into_iter().flat_map(|kind| {
        scene.space.routes(&Filter {
            family,
            kind,
            ..Filter::default()
        })
    });
    // IPv6 has such routes of its own on lo.
    let leads_there = |route: &Route<u32>| {
        let is_own = route.table == table::LOCAL || route.protocol == 2 && !scene.to.is_ipv4();
        !is_own && (route.destination.prefix == 0 || holds(&route.destination, scene.to))
    };
    all.filter(leads_there)
        .max_by_key(|route| route.destination.prefix)
}

/// The destination of a route of type throw in the main table, where another one would not be taken, or could not be there: one
/// for that network, or for a part of it.
fn thrown(scene: &Scene<'_>) -> Option<String> {
    let all = scene.space.routes(&Filter {
        family: if scene.to.is_ipv4() {
            AF_INET
        } else {
            AF_INET6
        },
        kind: kind::THROW,
        table: table::MAIN,
        ..Filter::default()
    });
    let leads_there =
        |route: &Route<u32>| route.destination.prefix == 0 || holds(&route.destination, scene.to);
    let thrown = all.into_iter().filter(leads_there);
    let thrown = thrown.max_by_key(|route| route.destination.prefix)?;
    let network = network_of(scene);
    let prefix = network
        .split_once('/')
        .and_then(|(_, prefix)| prefix.parse().ok());
    (thrown.destination.prefix >= prefix.unwrap_or(0)).then(|| destination(&thrown))
}
