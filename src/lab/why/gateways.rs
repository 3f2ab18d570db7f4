//! Who would pass a packet on: gateways that nobody is, and those that there are.

use std::net::IpAddr;

use crate::kernel::cidr::Cidr;

use super::super::journey::Place;
use super::policy::ruling;
use super::scene::Scene;
use super::state::{Way, holds};
use super::ways::{network_of, routed_network};
use super::wires::{self, Exit, Lack, Lead};
use super::{Cause, Finding, hosts};

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
    let finding = Finding::new(Cause::WrongGateway, words)
        .shown_by("gateway", format!("{via} dev {link}"))
        .shown_by(
            format!("neighbour {via}"),
            scene
                .space
                .neighbour(&link, via)
                .map_or("unknown", |neighbour| neighbour.state),
        );
    // Who could pass it on is there under another address, or has none.
    let here = gateway(scene, Some(&link));
    if here.is_none()
        && let Some(there) = unaddressed(scene, &link, via)
        && let Some(near) = scene.space.address_near(&link, via)
    {
        let missing = hosts::missing(scene, &there, via, near.prefix);
        return Some(missing.shown_by(format!("gateway to {}", scene.to), via.to_string()));
    }
    let to = routed_network(scene).unwrap_or_else(|| network_of(scene));
    Some(match here.or_else(|| gateway(scene, None)) {
        Some(exit) => finding.mended_by(scene.line(route_line("route_replace", &to, &exit))),
        None => finding,
    })
}

/// The only one on a wire who would pass the packet on, and has no address in the network of the gateway.
fn unaddressed(scene: &Scene<'_>, link: &str, via: IpAddr) -> Option<Place> {
    let segment = scene.state.segment(&scene.place(link));
    let mut free = segment.into_iter().filter(|there| {
        let space = scene.state.space(&there.netns);
        space.is_some_and(|space| {
            space.name() != scene.space.name()
                && space.address_near(&there.link, via).is_none()
                && wires::leads(scene, space, Some(scene.space)) != Lead::Nowhere
        })
    });
    let one = free.next()?;
    free.next().is_none().then_some(one)
}

/// The route takes the destination for a neighbour, and it is behind another link, or behind a router.
pub(super) fn not_on_wire(scene: &Scene<'_>, out: &Place, there: &Place) -> Option<Finding> {
    let route = routed_network(scene)?;
    let words = format!(
        "the route to {route} takes {} for a neighbour on {}, and it is {there}, where no cable leads from there",
        scene.to, out.link
    );
    let finding = Finding::new(Cause::NotOnLink, words)
        .shown_by(format!("route to {route}"), format!("dev {}", out.link));
    let network = rerouted(scene);
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
    let exit = gateway(scene, Some(&out.link))?;
    let finding = match scene.state.owners(exit.near.address).first() {
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
    Some(finding.mended_by(scene.line(route_line("route_replace", &network, &exit))))
}

/// The network that a better route is to be for: that of the destination, or what the route that is taken is for where that is
/// more exact, and would go on being taken.
pub(super) fn rerouted(scene: &Scene<'_>) -> String {
    let network = network_of(scene);
    let taken = routed_network(scene);
    let prefix = |text: &str| match text {
        "default" => Some(0),
        text => match text.split_once('/') {
            Some((_, prefix)) => prefix.parse().ok(),
            None => Some(Cidr::bits(scene.to)),
        },
    };
    match taken {
        Some(taken) if prefix(&taken) > prefix(&network) => taken,
        _ => network,
    }
}

/// Who on the wires of this namespace would pass the packet on.
pub(super) fn gateway(scene: &Scene<'_>, only: Option<&str>) -> Option<Exit> {
    let all = wires::exits(scene).into_iter();
    all.filter(|exit| {
        exit.lead != Lead::Nowhere
            && exit.lack == Lack::Nothing
            && only.is_none_or(|only| only == exit.link)
    })
    .min_by_key(|exit| std::cmp::Reverse(exit.lead))
}

/// A route to a network by an exit: straight to whom it is for, or through a gateway.
pub(super) fn route_line(verb: &str, to: &str, exit: &Exit) -> String {
    let Exit { link, near, .. } = exit;
    let via = near.address;
    match via {
        _ if exit.is_end => format!("{verb}({to:?}, #{{ dev: {link:?} }})"),
        IpAddr::V6(address) if address.is_unicast_link_local() => {
            format!("{verb}({to:?}, #{{ via: \"{via}\", dev: {link:?} }})")
        }
        _ => format!("{verb}({to:?}, #{{ via: \"{via}\" }})"),
    }
}
