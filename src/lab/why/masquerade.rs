//! Source NAT that is missing: a private address went out, and those outside have no way back to it.

use std::net::IpAddr;

use crate::kernel::nft::family::Family;
use crate::kernel::nft::hook::hook_name;
use crate::kernel::nft::list;

use super::follow;
use super::scene::Scene;
use super::state::Space;
use super::ways::network_of;
use super::wires::{self, Lead};
use super::{Cause, Finding};

/// The answer is for a private address that a router on the way there should have hidden.
pub(super) fn missing(scene: &Scene<'_>) -> Option<Finding> {
    if !scene.is_back || !is_private(scene.to) {
        return None;
    }
    let course = follow::course(scene.sent, scene.state, scene.asked);
    let crossed = &course.crossed;
    let steps = crossed.iter().zip(crossed.iter().skip(1));
    let passed: Vec<_> = steps
        .filter(|((into, came), (out, left))| !came && *left && into.netns == out.netns)
        .map(|((_, _), (out, _))| out)
        .collect();
    // The answer is at the router itself, or already past it.
    let came_back = |netns: &str| {
        let mut places = course.crossed_back.iter();
        netns == scene.space.name() || places.any(|(place, _)| place.netns == netns)
    };
    let (router, out) = passed.iter().rev().find_map(|out| {
        let router = scene.state.space(&out.netns)?;
        is_border(router, &out.link, scene.to).then_some((router, out))
    })?;
    if came_back(router.name()) || router.has(scene.to) {
        return None;
    }
    // Where there is a way back, nothing has to be hidden.
    if wires::leads(scene, scene.space, None) == Lead::There {
        return None;
    }
    let network = network_of(scene);
    let words = format!(
        "{} sends packets from the private address {} out of {} as they are, and {} has no way back to it",
        router.words(),
        scene.to,
        out.link,
        scene.space.words()
    );
    let line = format!("nat_masquerade({network:?}, {:?})", out.link);
    Some(
        Finding::new(Cause::NoMasquerade, words)
            .shown_by(
                format!("source of the packet as it leaves {out}"),
                scene.to.to_string(),
            )
            .shown_by(
                format!("source NAT of {}", router.words()),
                source_nat(router),
            )
            .mended_by(scene.state.line(router.name(), &line)),
    )
}

/// The answer came straight from a neighbour, to whom a router had sent the packet on by another address: who asked does not know
/// that address, and takes no answer from it (RFC 5382, hairpinning).
pub(super) fn hairpin(scene: &Scene<'_>) -> Option<Finding> {
    let (from, to) = (scene.look.source?, scene.asked.to);
    if !scene.is_back || !scene.is_received || from == to || scene.space.name() != scene.state.from
    {
        return None;
    }
    let course = follow::course(scene.sent, scene.state, scene.asked);
    // What only its bridge passed on, the router did not see.
    let came_back = |netns: &str| {
        let mut places = course.crossed_back.iter();
        places.any(|(place, _)| place.netns == netns && !scene.state.is_port(place))
    };
    // Who sent it on, and by which link.
    let crossed = &course.crossed;
    let steps = crossed.iter().zip(crossed.iter().skip(1));
    let mut passed = steps
        .filter(|((into, came), (out, left))| !came && *left && into.netns == out.netns)
        .map(|(_, (out, _))| scene.state.bridge_of(out).unwrap_or_else(|| out.clone()));
    let (router, out) = passed.find_map(|out| {
        let router = scene.state.space(&out.netns)?;
        let translates = router.has(to) || super::nat::names(router, from);
        (translates && !came_back(&out.netns)).then_some((router, out))
    })?;
    let network = router.address_near(&out.link, scene.to)?.network();
    let words = format!(
        "{} sends it on to {from}, whose answer does not pass {} again: {} asked {to}, and takes no answer from {from} (hairpin NAT)",
        router.words(),
        router.name(),
        scene.space.words()
    );
    let line = format!("nat_masquerade(\"{network}\", {:?})", out.link);
    Some(
        Finding::new(Cause::Hairpin, words)
            .shown_by("who was asked", to.to_string())
            .shown_by("who answered", from.to_string())
            .shown_by(
                format!("source NAT of {}", router.words()),
                source_nat(router),
            )
            .mended_by(scene.state.line(router.name(), &line)),
    )
}

/// Whether a router stands between private addresses and others: it has source NAT, or the link out has no private address.
fn is_border(router: &Space<'_>, out: &str, source: IpAddr) -> bool {
    let mut outside = router
        .addresses()
        .filter(|(link, _)| *link == out)
        .map(|(_, addr)| addr.local.address)
        .filter(|address| address.is_ipv4() == source.is_ipv4() && !is_own_link(*address))
        .peekable();
    let is_public = outside.peek().is_some() && outside.all(|address| !is_private(address));
    is_public || source_nat(router) != "none"
}

/// The chains of a namespace that can change source addresses.
fn source_nat(space: &Space<'_>) -> String {
    let tables = || {
        let namespace = space.netns.namespace().ok()?;
        list::ruleset(namespace.netfilter().ok()?, None).ok()
    };
    let tables = tables().unwrap_or_default();
    let mut found = Vec::new();
    for table in &tables {
        let family: Family = table.name.family;
        for chain in &table.chains {
            let is_source = chain.hook.as_ref().is_some_and(|hook| {
                hook.kind == "nat" && hook_name(family, hook.number) == "postrouting"
            });
            if is_source {
                found.push(format!(
                    "{} {} ({} rules)",
                    table.name,
                    chain.name,
                    chain.rules.len()
                ));
            }
        }
    }
    match found.is_empty() {
        true => "none".into(),
        false => found.join(", "),
    }
}

/// Addresses that mean nothing outside (RFC 1918, RFC 6598, RFC 4193).
fn is_private(address: IpAddr) -> bool {
    match address {
        IpAddr::V4(address) => {
            let [first, second, ..] = address.octets();
            address.is_private() || first == 100 && (64..128).contains(&second)
        }
        IpAddr::V6(address) => address.is_unique_local(),
    }
}

fn is_own_link(address: IpAddr) -> bool {
    match address {
        IpAddr::V4(address) => address.is_link_local(),
        IpAddr::V6(address) => address.is_unicast_link_local(),
    }
}
