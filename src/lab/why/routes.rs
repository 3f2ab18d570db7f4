//! The way in and the way out, as the kernel answers when it is asked.

use std::net::IpAddr;

use nix::errno::Errno;

use crate::kernel::cidr::Cidr;
use crate::kernel::route::{AF_INET, AF_INET6, Filter, Route};
use crate::kernel::route_change::destination;
use crate::kernel::route_names::{TYPES, kind, table, table_text};
use crate::kernel::route_question::Question;
use crate::kernel::rule::{self, Rule};

use super::super::failure::{Failure, Outcome};
use super::super::journey::Place;
use super::Finding;
use super::state::{Space, Way, holds};
use super::suspects::Scene;

fn question(scene: &Scene<'_>) -> Question<String> {
    let protocol = scene.asked.protocol.number(scene.to);
    Question {
        from: scene.look.source,
        iif: scene.by.map(|by| by.link.name.clone()),
        oif: match (scene.by, scene.is_back) {
            (None, false) => scene.asked.iface.clone(),
            _ => None,
        },
        protocol: scene.asked.protocol.port().map(|_| protocol),
        sport: scene.look.sport,
        dport: scene.look.dport,
        ..Question::of(scene.to)
    }
}

/// Which way the kernel sends the packet on.
pub(super) fn way_on(scene: &Scene<'_>) -> Outcome<Way> {
    scene.space.way(&question(scene))
}

/// Why the kernel does not take in a packet, or does not pass it on.
pub(super) fn way_in(scene: &Scene<'_>) -> Option<Finding> {
    let by = scene.by?.link.name.clone();
    // What a port of a bridge takes in is the bridge's.
    if scene.state.is_port(&scene.place(&by)) {
        return None;
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
            let (name, value) = scene.space.conf("ipv4", &by, "accept_local");
            let source = scene.look.source?;
            let words = format!(
                "{source} is an address of {} itself, and {by} takes in no packets that come from one",
                scene.space.words()
            );
            Finding::new("accept_local", words)
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
    let finding = Finding::new("not_forwarding", words)
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
    let mut finding = Finding::new("reverse_path", words);
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
    if let Some(found) = refusing(scene) {
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
            Finding::new("refusing_route", words).shown_by("route", format!("{kind} {to}"));
        // A rule may be what leads there.
        return Some(match ruling(scene, found.table) {
            Some(rule) => by_rule(scene, finding, &rule),
            None => finding.mended_by(scene.line(line)),
        });
    }
    if let Some(down) = link_of_network(scene) {
        return Some(down);
    }
    if let Some(mask) = wrong_mask(scene) {
        return Some(mask);
    }
    let words = format!("{} has no route to {}", space.words(), scene.to);
    let finding = Finding::new("no_route", words).shown_by(
        format!("route_get({:?})", scene.to.to_string()),
        format!(
            "{} ({})",
            failure.kernel,
            failure.errno_name().unwrap_or_default()
        ),
    );
    Some(match gateway(scene, None) {
        Some(via) => {
            let to = network_of(scene);
            finding.mended_by(scene.line(format!("route_add({to:?}, #{{ via: \"{via}\" }})")))
        }
        None => finding,
    })
}

/// The destination is behind a link of this namespace that is down: its route went with it.
fn link_of_network(scene: &Scene<'_>) -> Option<Finding> {
    for (link, addr) in scene.space.addresses() {
        if holds(&addr.local, scene.to)
            && let Some(finding) = super::links::is_down(scene, &scene.place(link))
        {
            return Some(finding);
        }
    }
    None
}

/// The destination is on the same wire, and has an address whose network would hold ours: one of the two masks is wrong.
fn wrong_mask(scene: &Scene<'_>) -> Option<Finding> {
    for (link, addr) in scene.space.addresses() {
        let place = scene.place(link);
        for other in scene.state.segment(&place) {
            let space = scene.state.space(&other.netns)?;
            let Some(there) = space.link(&other.link) else {
                continue;
            };
            let own = there.link.addresses.iter();
            for theirs in own.filter(|theirs| theirs.local.address == scene.to) {
                if !holds(&theirs.local, addr.local.address) || holds(&addr.local, scene.to) {
                    continue;
                }
                let right = Cidr {
                    address: addr.local.address,
                    prefix: theirs.local.prefix,
                };
                let words = format!(
                    "{link} of {} has {}, and {} has {}: the networks have different masks",
                    scene.space.words(),
                    addr.local,
                    other,
                    theirs.local
                );
                let lines = [
                    scene.line(format!("addr_del({link:?}, \"{}\")", addr.local)),
                    scene.line(format!("addr_add({link:?}, \"{right}\")")),
                ];
                return Some(
                    Finding::new("wrong_mask", words)
                        .shown_by(format!("address of {place}"), addr.local.to_string())
                        .shown_by(format!("address of {other}"), theirs.local.to_string())
                        .mended_by(lines.join("; ")),
                );
            }
        }
    }
    None
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

/// A rule that sends the packet to a table that is not the usual one.
fn ruling(scene: &Scene<'_>, table: u32) -> Option<Rule> {
    if matches!(table, table::MAIN | table::LOCAL | table::DEFAULT) {
        return None;
    }
    let family = if scene.to.is_ipv4() {
        AF_INET
    } else {
        AF_INET6
    };
    let namespace = scene.space.netns.namespace().ok()?;
    let list = rule::list(&namespace, family).ok()?;
    let describes = |rule: &&Rule| {
        let from = scene.look.source;
        rule.table == table
            && rule
                .from
                .is_none_or(|net| from.is_none_or(|from| holds(&net, from)))
            && rule.to.is_none_or(|net| holds(&net, scene.to))
    };
    list.iter().find(describes).cloned()
}

fn by_rule(scene: &Scene<'_>, finding: Finding, rule: &Rule) -> Finding {
    let priority = rule.priority.unwrap_or(0);
    let family = if rule.is_ipv6 {
        ", family: \"inet6\""
    } else {
        ""
    };
    let line = format!("rule_del(#{{ priority: {priority}{family} }})");
    Finding {
        cause: "policy_rule",
        words: format!(
            "a rule sends it to table {} ({})",
            table_text(rule.table),
            rule.words()
        ),
        ..finding
    }
    .shown_by("rule", format!("{priority}: {}", rule.words()))
    .mended_by(scene.line(line))
}

/// A rule leads another way than table main would.
pub(super) fn diverted(scene: &Scene<'_>) -> Option<Finding> {
    let way = way_on(scene).ok()?;
    let rule = ruling(scene, way.route.table)?;
    let words = format!(
        "a way to {} is found in table {}",
        scene.to,
        table_text(way.route.table)
    );
    let finding = Finding::new("policy_rule", words).shown_by(
        "the way that is taken",
        format!(
            "via {} dev {}",
            way.via.map_or("-".into(), |via| via.to_string()),
            way.link.unwrap_or_default()
        ),
    );
    Some(by_rule(scene, finding, &rule))
}

/// The route leads to a gateway that nobody is.
pub(super) fn wrong_gateway(scene: &Scene<'_>, way: &Way) -> Option<Finding> {
    let (via, link) = (way.via?, way.link.clone()?);
    let segment = scene.state.segment(&scene.place(&link));
    let owners = scene.state.owners(via);
    let mut near = owners.iter();
    let is_near = near.any(|(space, named)| segment.contains(&space.place(&named.link.name)));
    if is_near || ruling(scene, way.route.table).is_some() {
        return None;
    }
    let words = format!(
        "the route to {} leads to gateway {via}, which nobody on {link} is",
        scene.to
    );
    let finding = Finding::new("wrong_gateway", words)
        .shown_by("gateway", format!("{via} dev {link}"))
        .shown_by(
            format!("neighbour {via}"),
            scene
                .space
                .neighbour(&link, via)
                .map_or("unknown", |neighbour| neighbour.state),
        );
    let to = routed_network(scene).unwrap_or_else(|| network_of(scene));
    Some(match gateway(scene, Some(&link)) {
        Some(right) => {
            finding.mended_by(scene.line(format!("route_replace({to:?}, #{{ via: \"{right}\" }})")))
        }
        None => finding,
    })
}

/// The route takes the destination for a neighbour, and it is behind another link, or behind a router.
pub(super) fn not_on_wire(scene: &Scene<'_>, out: &Place, there: &Place) -> Option<Finding> {
    let route = routed_network(scene)?;
    let words = format!(
        "the route to {route} takes {} for a neighbour on {}, and it is {there}, where no cable leads from there",
        scene.to, out.link
    );
    let finding = Finding::new("not_on_link", words)
        .shown_by(format!("route to {route}"), format!("dev {}", out.link));
    let network = network_of(scene);
    // Another link of this namespace leads there.
    let mut own = scene.space.addresses();
    let other = own.find(|(link, addr)| {
        let is_there = scene.state.segment(&scene.place(link)).contains(there);
        is_there && holds(&addr.local, scene.to)
    });
    if let Some((link, addr)) = other {
        let line = format!("route_replace({network:?}, #{{ dev: {link:?} }})");
        return Some(
            finding
                .shown_by(format!("address of {link}"), addr.local.to_string())
                .mended_by(scene.line(line)),
        );
    }
    let via = gateway(scene, Some(&out.link))?;
    let finding = match scene.state.owners(via).first() {
        Some((space, named)) => {
            // It could answer in the place of whoever is behind it.
            let (family, last) = match scene.to.is_ipv4() {
                true => ("ipv4", "proxy_arp"),
                false => ("ipv6", "proxy_ndp"),
            };
            let (name, value) = space.conf(family, &named.link.name, last);
            finding.shown_by(
                format!("{name} of {}", space.words()),
                value.unwrap_or_default(),
            )
        }
        None => finding,
    };
    Some(
        finding.mended_by(scene.line(format!("route_replace({network:?}, #{{ via: \"{via}\" }})"))),
    )
}

/// The destination of the route that the packet takes.
fn routed_network(scene: &Scene<'_>) -> Option<String> {
    let mut question = question(scene);
    question.fibmatch = true;
    let way = scene.space.way(&question).ok()?;
    Some(destination(&way.route))
}

/// Who on the wires of this namespace would pass the packet on.
fn gateway(scene: &Scene<'_>, only: Option<&str>) -> Option<IpAddr> {
    let is_ipv4 = scene.to.is_ipv4();
    for (link, addr) in scene.space.addresses() {
        if only.is_some_and(|only| only != link) || addr.local.address.is_ipv4() != is_ipv4 {
            continue;
        }
        for other in scene.state.segment(&scene.place(link)) {
            let space = scene.state.space(&other.netns)?;
            let knows = leads(space, scene.to) && space.name() != scene.space.name();
            let near = space.address_near(&other.link, addr.local.address);
            if let Some(near) = near.filter(|_| knows) {
                return Some(near.address);
            }
        }
    }
    None
}

/// Whether a namespace could pass a packet on to an address: it has a network with it, a route, or the address itself.
fn leads(space: &Space<'_>, to: IpAddr) -> bool {
    space.has(to) || space.way(&Question::of(to)).is_ok()
}

/// The network of the destination, as the one who has the address has it; the default route where nobody has it.
fn network_of(scene: &Scene<'_>) -> String {
    let owners = scene.state.owners(scene.to);
    let prefix = owners.first().and_then(|(_, named)| {
        let mut own = named.link.addresses.iter();
        let addr = own.find(|addr| addr.local.address == scene.to)?;
        Some(addr.local.prefix)
    });
    match prefix {
        Some(prefix) => {
            let cidr = Cidr {
                address: scene.to,
                prefix,
            };
            cidr.network().to_string()
        }
        None => "default".into(),
    }
}

/// The TTL is used up: whoever should pass it on throws it away.
pub(super) fn ttl(scene: &Scene<'_>) -> Option<Finding> {
    let ttl = scene.look.ttl.filter(|ttl| *ttl <= 1)?;
    if scene.is_received || scene.by.is_none() {
        return None;
    }
    let words = format!(
        "its TTL is {ttl} when it comes to {}: no router may pass it on",
        scene.space.words()
    );
    let finding = Finding::new("ttl", words).shown_by("ttl", ttl.to_string());
    let sender = match scene.is_back {
        false => scene.state.space(&scene.state.from),
        true => scene
            .look
            .source
            .and_then(|source| scene.state.owners(source).first().map(|(space, _)| *space)),
    }?;
    let name = match scene.to.is_ipv4() {
        true => "net.ipv4.ip_default_ttl",
        false => "net.ipv6.conf.all.hop_limit",
    };
    let value = sender.sysctl(name).unwrap_or_default();
    if scene.asked.ttl.is_some() && !scene.is_back {
        return Some(finding.shown_by("ttl of the probe", scene.asked.ttl?.to_string()));
    }
    let line = format!("sysctl_set({name:?}, 64)");
    Some(
        finding
            .shown_by(format!("{name} of {}", sender.words()), value)
            .mended_by(scene.state.line(sender.name(), &line)),
    )
}

/// The packet may not be broken up, and the next link takes none of its length.
pub(super) fn too_long(scene: &Scene<'_>) -> Option<Finding> {
    let way = way_on(scene).ok()?;
    let link = way.link?;
    let named = scene.space.link(&link)?;
    let carried = u32::try_from(scene.asked.size).unwrap_or(u32::MAX);
    let headers = if scene.to.is_ipv4() { 28 } else { 48 };
    let length = carried.saturating_add(headers);
    if scene.asked.protocol != super::Protocol::Icmp
        || named.link.mtu >= length
        || scene.asked.size <= 56
    {
        return None;
    }
    let place = scene.place(&link);
    let words = format!(
        "{link} of {} takes packets of {} bytes at most; this one has {length}, and may not be broken up",
        scene.space.words(),
        named.link.mtu
    );
    let widest = 1500.max(length);
    let mut lines = vec![scene.line(format!("link_set({link:?}, #{{ mtu: {widest} }})"))];
    if let Some(peer) = scene.state.peer(&place)
        && scene
            .state
            .link(&peer)
            .is_some_and(|named| named.link.mtu < length)
    {
        let line = format!("link_set({:?}, #{{ mtu: {widest} }})", peer.link);
        lines.push(scene.state.line(&peer.netns, &line));
    }
    // Whoever was told of it keeps it in mind for ten minutes.
    let version = if scene.to.is_ipv4() { 4 } else { 6 };
    let forget = format!("sysctl_set(\"net.ipv{version}.route.flush\", 1)");
    lines.push(scene.state.line(&scene.state.from, &forget));
    Some(
        Finding::new("mtu", words)
            .shown_by(format!("mtu of {place}"), named.link.mtu.to_string())
            .shown_by("length", length.to_string())
            .mended_by(lines.join("; ")),
    )
}

/// A place on the way, for others of this folder.
pub(super) fn next(scene: &Scene<'_>) -> Option<(Place, IpAddr, Option<IpAddr>)> {
    let way = way_on(scene).ok()?;
    let link = way.link?;
    Some((scene.place(&link), way.via.unwrap_or(scene.to), way.via))
}
