//! The wires of a namespace: who at their other ends could pass a packet on, and what its own link lacks for that: it is down,
//! has IPv6 switched off, or no address in the network of the wire.

use std::net::IpAddr;

use crate::kernel::addr::Addr;
use crate::kernel::cidr::Cidr;
use crate::kernel::route::{AF_INET, AF_INET6};
use crate::kernel::route_filter::Filter;
use crate::kernel::route_question::Question;

use super::super::journey::Place;
use super::super::links::NamedLink;
use super::scene::Scene;
use super::state::{Space, holds};
use super::{Cause, Finding};

/// Where a namespace takes a packet.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Lead {
    /// Nowhere: it has no route, or one that leads back.
    Nowhere,
    /// To somebody else, and not as far as where it is for.
    Onward,
    /// Where it is for.
    There,
}

/// Somebody on a wire of the namespace of the scene, who may pass its packet on or be whom it is for.
pub(super) struct Exit {
    /// The own link.
    pub(super) link: String,
    /// The link at the other end.
    pub(super) other: Place,
    /// The address there.
    pub(super) near: Cidr,
    pub(super) lead: Lead,
    /// Whether it is whom the packet is for, on this wire.
    pub(super) is_end: bool,
    /// What keeps the own link from being used.
    pub(super) lack: Lack,
}

/// What a link lacks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Lack {
    /// Nothing.
    Nothing,
    /// It is down.
    Down,
    /// IPv6 is switched off.
    Ipv6,
    /// This address of it is in the network of the wire, and its mask does not tell so.
    Mask(Cidr),
    /// An address in the network of the wire.
    Address,
}

impl Lack {
    fn weight(self) -> u8 {
        match self {
            Lack::Nothing => 0,
            Lack::Down => 1,
            Lack::Ipv6 => 2,
            Lack::Mask(_) => 3,
            Lack::Address => 4,
        }
    }
}

/// The best way that the packet could have from this namespace.
pub(super) fn best(scene: &Scene<'_>) -> Option<Exit> {
    let all = exits(scene).into_iter();
    all.filter(|exit| exit.lead != Lead::Nowhere)
        .min_by_key(|exit| (std::cmp::Reverse(exit.lead), exit.lack.weight()))
}

/// All who are on the wires of this namespace, but for the one whom the packet is from.
pub(super) fn exits(scene: &Scene<'_>) -> Vec<Exit> {
    let origin = origin(scene);
    let mut exits = Vec::new();
    for named in &scene.space.links {
        let place = scene.place(&named.link.name);
        if named.link.kind == "loopback" || scene.state.is_port(&place) {
            continue;
        }
        for other in scene.state.segment(&place) {
            let Some(space) = scene.state.space(&other.netns) else {
                continue;
            };
            if space.name() == scene.space.name() || origin.contains(&space.name()) {
                continue;
            }
            let lead = leads(scene, space, Some(scene.space));
            let lacks = space.link(&other.link).and_then(|there| {
                let theirs = theirs(there, scene.to);
                lacks(scene, named, &theirs)
            });
            if let Some((lack, near)) = lacks {
                exits.push(Exit {
                    link: named.link.name.clone(),
                    other,
                    near,
                    lead,
                    is_end: near.address == scene.to,
                    lack,
                });
            }
        }
    }
    exits
}

/// The namespaces that the packet can come from.
fn origin<'a>(scene: &'a Scene<'_>) -> Vec<&'a str> {
    match (scene.is_back, scene.look.source) {
        (false, _) => vec![scene.state.from.as_str()],
        (true, Some(source)) => {
            let owners = scene.state.owners(source).into_iter();
            owners.map(|(space, _)| space.name()).collect()
        }
        (true, None) => Vec::new(),
    }
}

/// Where a namespace takes what is for the destination of the scene, hop by hop, as each answers when it is asked; but back to the
/// one before it is nowhere.
pub(super) fn leads(scene: &Scene<'_>, from: &Space<'_>, before: Option<&Space<'_>>) -> Lead {
    let to = scene.to;
    let mut been: Vec<&str> = before.iter().map(|space| space.name()).collect();
    let mut next = Some(from);
    let mut lead = Lead::Nowhere;
    while let Some(space) = next {
        if space.has(to) {
            return Lead::There;
        }
        if been.contains(&space.name()) {
            return Lead::Nowhere;
        }
        been.push(space.name());
        let Ok(way) = space.way(&Question::of(to)) else {
            return lead;
        };
        lead = Lead::Onward;
        let hop = way.via.unwrap_or(to);
        let segment = way
            .link
            .map(|link| scene.state.segment(&space.place(&link)));
        let owners = scene.state.owners(hop).into_iter();
        next = owners
            .filter(|(space, named)| {
                let place = space.place(&named.link.name);
                segment.as_ref().is_some_and(|wire| wire.contains(&place))
            })
            .map(|(space, _)| space)
            .next()
            .and_then(|space| scene.state.space(space.name()));
    }
    lead
}

/// The addresses of a link by which others on its wire reach it: the destination itself where it has that. A link-local address
/// (RFC 4291) counts only where there is no other.
fn theirs(there: &NamedLink, to: IpAddr) -> Vec<Cidr> {
    let all = addresses(there, to.is_ipv4());
    if let Some(itself) = all.iter().find(|addr| addr.local.address == to) {
        return vec![itself.local];
    }
    let mut wide: Vec<Cidr> = all
        .iter()
        .filter(|addr| !is_link_local(addr.local.address))
        .map(|addr| addr.local)
        .collect();
    if wide.is_empty() {
        wide.extend(all.iter().map(|addr| addr.local));
    }
    wide
}

fn addresses(named: &NamedLink, is_ipv4: bool) -> Vec<&Addr> {
    let own = named.link.addresses.iter();
    own.filter(|addr| addr.local.address.is_ipv4() == is_ipv4)
        .collect()
}

/// That there is no address with which to speak to this one, among those that there are: `no IPv6 address besides link-local ones`.
pub(super) fn none_of(to: IpAddr, own: &[&Addr]) -> &'static str {
    // Each link has a link-local one by itself.
    let mut near = own.iter().filter(|addr| is_link_local(addr.local.address));
    let has_near = near.next().is_some();
    let has_wide = own.iter().any(|addr| !is_link_local(addr.local.address));
    match to {
        IpAddr::V6(_) if has_near => "no IPv6 address besides link-local ones",
        IpAddr::V6(_) if has_wide => "no IPv6 address",
        IpAddr::V4(_) if has_wide => "no IPv4 address",
        _ => "no address",
    }
}

fn is_link_local(address: IpAddr) -> bool {
    match address {
        IpAddr::V4(_) => false,
        IpAddr::V6(address) => address.is_unicast_link_local(),
    }
}

/// What a link of the scene's namespace lacks to speak to one of these addresses, and to which one.
fn lacks(scene: &Scene<'_>, named: &NamedLink, theirs: &[Cidr]) -> Option<(Lack, Cidr)> {
    let first = *theirs.first()?;
    if !named.link.up {
        return Some((Lack::Down, first));
    }
    if is_off(scene.space, &named.link.name, scene.to) {
        return Some((Lack::Ipv6, first));
    }
    let own = addresses(named, scene.to.is_ipv4());
    let pairs = || {
        own.iter()
            .flat_map(|own| theirs.iter().map(|their| (own.local, *their)))
    };
    if let Some((_, near)) = pairs().find(|(own, near)| holds(own, near.address)) {
        return Some((Lack::Nothing, near));
    }
    if let Some((own, near)) = pairs().find(|(own, near)| holds(near, own.address)) {
        return Some((Lack::Mask(own), near));
    }
    // A network of one address has no room for another.
    let roomy = theirs
        .iter()
        .find(|near| near.prefix < Cidr::bits(near.address));
    Some((Lack::Address, *roomy?))
}

/// Whether a link has IPv6 switched off, where it is asked for.
pub(super) fn is_off(space: &Space<'_>, link: &str, to: IpAddr) -> bool {
    let (_, value) = space.conf("ipv6", link, "disable_ipv6");
    to.is_ipv6() && value.as_deref() == Some("1")
}

/// What the own link of an exit lacks, as a finding.
pub(super) fn lacking(scene: &Scene<'_>, exit: &Exit) -> Option<Finding> {
    let place = scene.place(&exit.link);
    match exit.lack {
        Lack::Nothing => None,
        Lack::Down => super::links::is_down(scene, &place),
        Lack::Ipv6 => Some(switched_off(scene, &place)),
        Lack::Mask(own) => Some(wrong_mask(scene, exit, own)),
        Lack::Address => unaddressed(scene, exit),
    }
}

/// One of the two masks is wrong: the network there would hold the own address, and not the other way round.
fn wrong_mask(scene: &Scene<'_>, exit: &Exit, own: Cidr) -> Finding {
    let Exit {
        link, other, near, ..
    } = exit;
    let right = Cidr {
        prefix: near.prefix,
        ..own
    };
    let words = format!(
        "{link} of {} has {own}, and {other} has {near}: the networks have different masks",
        scene.space.words(),
    );
    let lines = [
        scene.line(format!("addr_del({link:?}, \"{own}\")")),
        scene.line(format!("addr_add({link:?}, \"{right}\")")),
    ];
    Finding::new(Cause::WrongMask, words)
        .shown_by(format!("address of {}", scene.place(link)), own.to_string())
        .shown_by(format!("address of {other}"), near.to_string())
        .mended_by(lines.join("; "))
}

/// The link has no address in the network of its wire: none, or one of a network that nobody else is in.
fn unaddressed(scene: &Scene<'_>, exit: &Exit) -> Option<Finding> {
    let Exit {
        link, other, near, ..
    } = exit;
    let place = scene.place(link);
    let named = scene.state.link(&place)?;
    let own = addresses(named, scene.to.is_ipv4());
    let own: Vec<Cidr> = own
        .iter()
        .map(|addr| addr.local)
        .filter(|addr| !is_link_local(addr.address))
        .collect();
    let called = called_for(scene, &place).filter(|called| holds(near, *called));
    let address = called.or_else(|| scene.state.free_address(near));
    let at = scene.space.words();
    let (cause, words) = match own.as_slice() {
        [] => {
            let all: Vec<&Addr> = named.link.addresses.iter().collect();
            let words = format!("{link} of {at} has {}", none_of(scene.to, &all));
            (Cause::NoAddress, words)
        }
        [one] if is_stray(scene, &place, one) => (
            Cause::WrongAddress,
            format!("{link} of {at} has {one}, and nobody on its wire is in that network"),
        ),
        _ => (
            Cause::NoAddress,
            format!("{link} of {at} has no address in the network of {other}"),
        ),
    };
    let mut lines = Vec::new();
    if let (Cause::WrongAddress, [one]) = (cause, own.as_slice()) {
        lines.push(scene.line(format!("addr_del({link:?}, \"{one}\")")));
    }
    let all = named.link.addresses.iter().map(|addr| addr.local);
    let has: Vec<String> = all.map(|local| local.to_string()).collect();
    let has = match has.is_empty() {
        true => "none".into(),
        false => has.join(", "),
    };
    let mut finding = Finding::new(cause, words)
        .shown_by(format!("addresses of {place}"), has)
        .shown_by(format!("address of {other}"), near.to_string());
    if let Some(called) = called {
        finding = finding.shown_by(format!("who has {called}, a gateway of its wire"), "nobody");
    }
    let Some(address) = address else {
        return Some(finding);
    };
    let line = format!("addr_add({link:?}, \"{address}/{}\")", near.prefix);
    lines.push(scene.line(line));
    Some(finding.mended_by(lines.join("; ")))
}

/// Whether nobody else in the lab has an address in this network.
fn is_stray(scene: &Scene<'_>, place: &Place, own: &Cidr) -> bool {
    let is_asked = scene.asked.source == Some(own.address);
    let mut spaces = scene.state.spaces.iter();
    !is_asked
        && !spaces.any(|space| {
            let mut all = space.addresses();
            all.any(|(link, addr)| {
                space.place(link) != *place
                    && (holds(own, addr.local.address) || holds(&addr.local, own.address))
            })
        })
}

/// IPv6 is switched off on a link: its addresses went with it.
pub(super) fn switched_off(scene: &Scene<'_>, place: &Place) -> Finding {
    let words = format!("IPv6 is switched off on {place}");
    let finding = Finding::new(Cause::Ipv6Disabled, words);
    let Some(space) = scene.state.space(&place.netns) else {
        return finding;
    };
    let (name, value) = space.conf("ipv6", &place.link, "disable_ipv6");
    let mut lines = vec![format!("sysctl_set({name:?}, 0)")];
    let near = scene.state.segment(place).into_iter().find_map(|other| {
        let all = addresses(scene.state.link(&other)?, false);
        let mut wide = all
            .iter()
            .filter(|addr| !is_link_local(addr.local.address) && addr.local.prefix < 127);
        wide.next().map(|addr| addr.local)
    });
    let address = near.and_then(|near| {
        let called = called_for(scene, place).filter(|called| holds(&near, *called));
        let address = called.or_else(|| scene.state.free_address(&near))?;
        Some(format!("{address}/{}", near.prefix))
    });
    if let Some(address) = address {
        lines.push(format!("addr_add({:?}, \"{address}\")", place.link));
    }
    let lines = lines
        .iter()
        .map(|line| scene.state.line(space.name(), line));
    finding
        .shown_by(name, value.unwrap_or_default())
        .mended_by(lines.collect::<Vec<_>>().join("; "))
}

/// The gateway that somebody on the wire of a link has in a route, and nobody is.
fn called_for(scene: &Scene<'_>, place: &Place) -> Option<IpAddr> {
    let family = match scene.to.is_ipv4() {
        true => AF_INET,
        false => AF_INET6,
    };
    scene.state.segment(place).into_iter().find_map(|other| {
        let space = scene.state.space(&other.netns)?;
        let index = space.link(&other.link)?.link.index;
        let routes = space.routes(&Filter {
            family,
            ..Filter::default()
        });
        let hops = routes.into_iter().flat_map(|route| route.hops);
        let mut wanted = hops
            .filter(|hop| hop.link == Some(index))
            .filter_map(|hop| hop.via);
        wanted.find(|via| scene.state.owners(*via).is_empty())
    })
}

/// The destination is behind a link of this namespace that is down: its route went with it.
pub(super) fn link_of_network(scene: &Scene<'_>) -> Option<Finding> {
    for (link, addr) in scene.space.addresses() {
        if holds(&addr.local, scene.to)
            && let Some(finding) = super::links::is_down(scene, &scene.place(link))
        {
            return Some(finding);
        }
    }
    None
}
