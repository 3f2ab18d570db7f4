//! The host at the end: an address that it lacks, or has twice; settings with which it says nothing.

use std::net::IpAddr;

use crate::kernel::addr::Addr;
use crate::kernel::listeners::hears;

use super::super::journey::Place;
use super::follow::{Course, Stop};
use super::probe::{Fate, Protocol, Sent};
use super::scene::Scene;
use super::state::{Space, State};
use super::ways::way_on;
use super::wires::{self, Lack};
use super::{Asked, Cause, Finding, nat};

/// The address that the sender would speak from may not be used yet: an IPv6 packet leaves with another, such as ::1, or not at all.
pub(super) fn unready(scene: &Scene<'_>) -> Option<Finding> {
    let IpAddr::V6(to) = scene.to else {
        return None;
    };
    let is_near = |address: IpAddr| match address {
        IpAddr::V6(address) => {
            address.is_loopback() || address.is_unspecified() || address.is_unicast_link_local()
        }
        IpAddr::V4(_) => true,
    };
    if to.is_loopback() || to.is_unicast_link_local() {
        return None;
    }
    let space = scene.space;
    if let Some(source) = scene.look.source.filter(|source| !is_near(*source)) {
        return tentative(scene, space, source);
    }
    let wide: Vec<IpAddr> = space
        .addresses()
        .map(|(_, addr)| addr.local.address)
        .filter(|address| address.is_ipv6() && !is_near(*address))
        .collect();
    let unready: Vec<Finding> = wide
        .iter()
        .filter_map(|address| tentative(scene, space, *address))
        .collect();
    // One that may be used would have been.
    let is_all = unready.len() == wide.len();
    unready.into_iter().next().filter(|_| is_all)
}

/// The probe was to come from an address that is not there.
pub(super) fn no_address(scene: &Scene<'_>) -> Option<Finding> {
    if scene.is_back {
        return None;
    }
    let is_ipv4 = scene.to.is_ipv4();
    // Those on the same link are spoken to from the address that each link has by itself (RFC 6724).
    let is_near = |to: IpAddr| matches!(to, IpAddr::V6(to) if to.is_unicast_link_local());
    if let Some(finding) = loopback_source(scene) {
        return Some(finding);
    }
    if let Some(source) = scene
        .asked
        .source
        .filter(|source| !scene.space.has(*source))
    {
        let words = format!("{source} is no address of {}", scene.space.words());
        let own = scene
            .space
            .addresses()
            .map(|(link, addr)| format!("{} ({link})", addr.local));
        let finding = Finding::new(Cause::NoSource, words).shown_by(
            format!("addresses of {}", scene.space.words()),
            own.collect::<Vec<_>>().join(", "),
        );
        // One of its links is in the network that it is of.
        let mut near = scene.space.addresses();
        return Some(
            match near.find(|(_, addr)| super::state::holds(&addr.local, source)) {
                Some((link, addr)) => {
                    let line = format!("addr_add({link:?}, \"{source}/{}\")", addr.local.prefix);
                    finding.mended_by(scene.line(line))
                }
                None => finding,
            },
        );
    }
    let mut own = scene.space.addresses();
    let has_any = own.any(|(link, addr)| {
        let address = addr.local.address;
        link != "lo"
            && address.is_ipv4() == is_ipv4
            && (is_ipv4 || is_near(scene.to) || addr.scope.to_string() == "global")
    });
    if has_any || scene.to.is_loopback() {
        return None;
    }
    // Its cable leads to a network in which it could have one.
    let exits = wires::exits(scene).into_iter();
    let exit = exits
        .filter(|exit| exit.lack != Lack::Nothing)
        .max_by_key(|exit| exit.lead)
        .and_then(|exit| wires::lacking(scene, &exit));
    if exit.is_some() {
        return exit;
    }
    let links = scene.space.links.iter();
    let links: Vec<&str> = links.map(|named| named.link.name.as_str()).collect();
    let words = match links.as_slice() {
        [] | ["lo"] => format!(
            "{} has no address: it has no link but lo, and no cable leads from it",
            scene.space.words()
        ),
        _ => {
            let own = scene.space.addresses();
            let own = own.filter(|(link, _)| *link != "lo");
            let own: Vec<&Addr> = own.map(|(_, addr)| addr).collect();
            format!(
                "{} has {}",
                scene.space.words(),
                wires::none_of(scene.to, &own)
            )
        }
    };
    let own = scene.space.addresses();
    let own = own.filter(|(link, _)| *link != "lo");
    let own: Vec<String> = own
        .map(|(link, addr)| format!("{} ({link})", addr.local))
        .collect();
    let own = match own.is_empty() {
        true => "none".into(),
        false => own.join(", "),
    };
    Some(
        Finding::new(Cause::NoAddress, words)
            .shown_by(
                format!("links of {}", scene.space.words()),
                links.join(", "),
            )
            .shown_by(format!("addresses of {}", scene.space.words()), own),
    )
}

/// The probe was to come from an address that every host has for itself, and to another host: the kernel refuses
/// (`__mkroute_output` in net/ipv4/route.c), but where `route_localnet` allows it.
fn loopback_source(scene: &Scene<'_>) -> Option<Finding> {
    let source = scene.asked.source.filter(IpAddr::is_loopback)?;
    if scene.space.has(scene.to) || scene.to.is_loopback() || way_on(scene).is_ok() {
        return None;
    }
    let words = format!(
        "{source} is an address of {} for itself: with it nothing leaves for {}",
        scene.space.words(),
        scene.to
    );
    Some(Finding::new(Cause::NoSource, words).shown_by("source", source.to_string()))
}

/// The packet came to a host that does not have the address, nor does anybody.
pub(super) fn not_here(scene: &Scene<'_>) -> Option<Finding> {
    let by = scene.by?;
    if scene.is_received || !scene.state.owners(scene.to).is_empty() {
        return None;
    }
    let here = scene.place(&by.link.name);
    let segment = scene.state.segment(&here);
    // Who sent it takes it for a neighbour, and so it is to be in the sender's network.
    let network = segment.iter().find_map(|other| {
        let space = scene.state.space(&other.netns)?;
        space.address_near(&other.link, scene.to)
    })?;
    Some(missing(scene, &here, scene.to, network.prefix))
}

/// An address that nobody has, and a link that is to have it.
pub(super) fn missing(scene: &Scene<'_>, there: &Place, address: IpAddr, prefix: u8) -> Finding {
    let space = scene.state.space(&there.netns);
    let addresses = space.iter().flat_map(|space| space.addresses());
    let has: Vec<String> = addresses
        .filter(|(link, addr)| {
            *link == there.link && addr.local.address.is_ipv4() == address.is_ipv4()
        })
        .map(|(_, addr)| addr.local.to_string())
        .collect();
    let has = if has.is_empty() {
        "none".into()
    } else {
        has.join(", ")
    };
    let line = format!("addr_add({:?}, \"{address}/{prefix}\")", there.link);
    let disabled = space
        .filter(|_| address.is_ipv6())
        .map(|space| space.conf("ipv6", &there.link, "disable_ipv6"));
    if let Some((name, Some(value))) = disabled.filter(|(_, value)| value.as_deref() == Some("1")) {
        let lines = [format!("sysctl_set({name:?}, 0)"), line];
        let lines = lines.map(|line| scene.state.line(&there.netns, &line));
        return Finding::new(
            Cause::Ipv6Disabled,
            format!("IPv6 is switched off on {there}"),
        )
        .shown_by(name, value)
        .mended_by(lines.join("; "));
    }
    Finding::new(
        Cause::MissingAddress,
        format!("nobody has the address {address}"),
    )
    .shown_by(format!("addresses of {there}"), has)
    .mended_by(scene.state.line(&there.netns, &line))
}

/// The address is there twice, and the other one got the packet.
pub(super) fn twice(scene: &Scene<'_>) -> Option<Finding> {
    if let Some(finding) = source_twice(scene).filter(|_| scene.is_received) {
        return Some(finding);
    }
    let owners = scene.state.owners(scene.to);
    let names: Vec<&str> = owners.iter().map(|(space, _)| space.name()).collect();
    let is_twice = names.iter().any(|name| *name != scene.space.name());
    if !scene.is_received || !is_twice {
        return None;
    }
    // An answer that comes to somebody else, or a probe that comes to one of two.
    let is_wrong = !scene.is_back || scene.space.name() != scene.state.from;
    if !is_wrong {
        return None;
    }
    duplicate(scene, scene.to)
}

/// The packet came from an address that this namespace has too: it takes it for one of its own.
pub(super) fn source_twice(scene: &Scene<'_>) -> Option<Finding> {
    let source = scene.look.source?;
    let came_by = scene.by.filter(|by| by.link.kind != "loopback");
    let owners = scene.state.owners(source);
    let mut others = owners.iter().map(|(space, _)| space.name());
    let is_twice = scene.space.has(source) && others.any(|name| name != scene.space.name());
    // Who answers itself may well have sent it.
    let is_own = !scene.is_back && scene.space.name() == scene.state.from;
    came_by.filter(|_| is_twice && !is_own)?;
    duplicate(scene, source)
}

/// An address that this namespace has, and another.
fn duplicate(scene: &Scene<'_>, address: IpAddr) -> Option<Finding> {
    // These every host has.
    if address.is_loopback() {
        return None;
    }
    let owners = scene.state.owners(address);
    let (_, here) = owners
        .iter()
        .find(|(space, _)| space.name() == scene.space.name())?;
    let mut own = here.link.addresses.iter();
    let addr = own.find(|addr| addr.local.address == address)?;
    let places: Vec<String> = owners
        .iter()
        .map(|(space, named)| space.place(&named.link.name).to_string())
        .collect();
    let words = format!("{address} is there twice: {}", places.join(" and "));
    let line = format!("addr_del({:?}, \"{}\")", here.link.name, addr.local);
    Some(
        Finding::new(Cause::DuplicateAddress, words)
            .shown_by(format!("who has {address}"), places.join(", "))
            .mended_by(scene.line(line)),
    )
}

/// The packet came where it is for, and the host says nothing, or no.
pub(super) fn silent(scene: &Scene<'_>) -> Option<Finding> {
    if !scene.is_received {
        return None;
    }
    tentative(scene, scene.space, scene.to).or_else(|| {
        match (scene.asked.protocol, &scene.sent.outcome) {
            (Protocol::Icmp, _) => no_echo(scene),
            (Protocol::Tcp(_) | Protocol::Udp(_), Fate::Refused) => {
                let turned = nat::wrong_port(scene).or_else(|| nat::turned_here(scene));
                turned.or_else(|| nobody_listens(scene))
            }
            _ => None,
        }
    })
}

fn no_echo(scene: &Scene<'_>) -> Option<Finding> {
    let name = match scene.to.is_ipv4() {
        true => "net.ipv4.icmp_echo_ignore_all",
        false => "net.ipv6.icmp.echo_ignore_all",
    };
    let value = scene.space.sysctl(name).filter(|value| value != "0")?;
    let words = format!("{} answers no echo requests", scene.space.words());
    Some(
        Finding::new(Cause::EchoIgnored, words)
            .shown_by(name, value)
            .mended_by(scene.line(format!("sysctl_set({name:?}, 0)"))),
    )
}

pub(super) fn nobody_listens(scene: &Scene<'_>) -> Option<Finding> {
    let port = scene.look.dport?;
    // A server of echo listens on when nobody holds its handle, and answers.
    let (word, proto) = match scene.asked.protocol {
        Protocol::Udp(_) => ("UDP", Some("proto: \"udp\"".to_string())),
        _ => ("TCP", None),
    };
    let at = scene.space.words();
    let all = scene
        .space
        .listeners(scene.asked.protocol)
        .unwrap_or_default();
    // Somebody may do so at another address, such as 127.0.0.1.
    let elsewhere: Vec<String> = all
        .iter()
        .filter(|one| one.port() == port)
        .map(|one| one.ip().to_string())
        .collect();
    let words = match elsewhere.is_empty() {
        true => format!(
            "nobody listens at {word} port {port} of {} in {at}",
            scene.to
        ),
        false => format!(
            "who listens at {word} port {port} in {at} does so at {} only, not at {}",
            elsewhere.join(", "),
            scene.to
        ),
    };
    let mut told: Vec<String> = all.iter().map(ToString::to_string).collect();
    told.sort();
    let listen = match told.is_empty() {
        true => "none".into(),
        false => told.join(", "),
    };
    let finding = Finding::new(Cause::Refused, words)
        .shown_by("answer", "refused")
        .shown_by(format!("listeners at {word} ports of {at}"), listen);
    let address = (!elsewhere.is_empty()).then(|| format!("address: \"{}\"", scene.to));
    let options: Vec<String> = proto.into_iter().chain(address).collect();
    let line = match options.is_empty() {
        true => format!("echo_listen({port})"),
        false => format!("echo_listen({port}, #{{ {} }})", options.join(", ")),
    };
    Some(finding.mended_by(scene.line(line)))
}

/// Whether somebody took a datagram, who need not answer.
pub(super) fn is_heard(sent: &Sent, state: &State<'_>, asked: &Asked, course: &Course) -> bool {
    let is_taken = matches!(sent.outcome, Fate::Silence)
        && matches!(asked.protocol, Protocol::Udp(_))
        && course.stop == Stop::Received
        && !course.is_back;
    let hears = || {
        let to = course.look.destination?;
        let all = state.space(&course.netns)?.listeners(asked.protocol)?;
        let mut all = all.iter();
        Some(all.any(|one| Some(one.port()) == course.look.dport && hears(one.ip(), to)))
    };
    is_taken && hears().unwrap_or(false)
}

/// An IPv6 address that is not yet, or never, its own: duplicate address detection (RFC 4862).
pub(super) fn tentative(scene: &Scene<'_>, space: &Space<'_>, address: IpAddr) -> Option<Finding> {
    let (link, addr) = space
        .addresses()
        .find(|(_, addr)| addr.local.address == address)?;
    let flag = ["dadfailed", "tentative"]
        .into_iter()
        .find(|flag| addr.flags.contains(flag))?;
    let lines = [
        format!("addr_del({link:?}, \"{}\")", addr.local),
        format!("addr_add({link:?}, \"{}\")", addr.local),
    ];
    let lines = lines.map(|line| scene.state.line(space.name(), &line));
    let owners = scene.state.owners(address);
    let mut others = owners
        .iter()
        .filter(|(other, _)| other.name() != space.name());
    if let Some((other, named)) = others.next().filter(|_| flag == "dadfailed") {
        let mut theirs = named.link.addresses.iter();
        let their = theirs.find(|addr| addr.local.address == address)?;
        let there = &named.link.name;
        let words = format!(
            "{address} is there twice: {} found it at {} when it tried it",
            space.place(link),
            other.place(there)
        );
        let line = format!("addr_del({there:?}, \"{}\")", their.local);
        let line = scene.state.line(other.name(), &line);
        return Some(
            Finding::new(Cause::DuplicateAddress, words)
                .shown_by(format!("flags of {address}"), addr.flags.join(" "))
                .mended_by(format!("{line}; {}", lines.join("; "))),
        );
    }
    let words = format!(
        "{address} of {} is {flag}: it may not be used yet",
        space.words()
    );
    Some(
        Finding::new(Cause::Tentative, words)
            .shown_by(format!("flags of {address}"), addr.flags.join(" "))
            .mended_by(lines.join("; ")),
    )
}
