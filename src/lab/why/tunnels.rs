//! VXLANs: another number or port at the other end, another end or none, and a way there that is broken itself.

use std::net::IpAddr;

use crate::kernel::addr::Addr;
use crate::kernel::fdb;
use crate::kernel::options::Setting;
use crate::packet::identity::{Look, Tunnel};

use super::super::journey::Place;
use super::super::links::NamedLink;
use super::scene::{self, Scene};
use super::segments::vxlan_id;
use super::state::{Space, State, holds, setting};
use super::suspects;
use super::{Cause, Finding, follow, links};

fn remote(named: &NamedLink) -> Option<IpAddr> {
    ["remote", "group"]
        .into_iter()
        .find_map(|key| match setting(named, key)? {
            Setting::Ip(address) => Some(address),
            _ => None,
        })
}

/// The VXLANs that frames of this one are to come out of, whatever their numbers: those who have its remote address first, then those
/// who lead back.
pub(super) fn meant(state: &State<'_>, place: &Place) -> Vec<Place> {
    let Some(own) = state.link(place).filter(|named| vxlan_id(named).is_some()) else {
        return Vec::new();
    };
    let here = state.space(&place.netns);
    let mut ranked = Vec::new();
    for space in &state.spaces {
        for named in space.links.iter().filter(|named| vxlan_id(named).is_some()) {
            let there = space.place(&named.link.name);
            if there.netns == place.netns {
                continue;
            }
            let has_it = remote(named).is_some_and(|to| here.is_some_and(|here| here.has(to)));
            let is_it = remote(own).is_some_and(|to| space.has(to));
            let is_same = vxlan_id(named) == vxlan_id(own);
            ranked.push((!is_it, !is_same, !has_it, there));
        }
    }
    ranked.sort();
    ranked.into_iter().map(|(.., there)| there).collect()
}

/// Where a VXLAN sends what is for all: its remote, and the other ends that its forwarding database names for no address.
fn ends(space: &Space<'_>, named: &NamedLink) -> Vec<IpAddr> {
    let mut ends: Vec<IpAddr> = remote(named).into_iter().collect();
    let own = fdb::Filter {
        link: Some(named.link.index),
        ..fdb::Filter::default()
    };
    let listed = space
        .netns
        .namespace()
        .and_then(|there| fdb::list(&there, &own));
    let all = listed.unwrap_or_default().into_iter();
    let all = all.filter(|entry| entry.mac.is_some_and(|mac| mac.bytes() == [0; 6]));
    for end in all.filter_map(|entry| entry.dst) {
        if !ends.contains(&end) {
            ends.push(end);
        }
    }
    ends
}

/// What keeps a frame that leaves by one VXLAN from coming out of another.
pub(super) fn hop(scene: &Scene<'_>, from: &Place, to: &Place) -> Option<Finding> {
    let state = scene.state;
    let there = state.space(&to.netns)?;
    let (one, other) = (state.link(from)?, there.link(&to.link)?);
    if let Some(finding) = sends(scene, from, Some(to)) {
        return Some(finding);
    }
    // What became of what it sent?
    let here = state.space(&from.netns)?;
    for end in ends(here, one).into_iter().filter(|end| there.has(*end)) {
        let course = follow::packed(scene.sent, state, &from.netns, end);
        let stopped = course.and_then(|course| suspects::stopped(scene, &course));
        if stopped.is_some() {
            return stopped;
        }
    }
    links::is_down(scene, to)
        .or_else(|| other_port(scene, port(one)?, to.clone()))
        .or_else(|| other_id(scene, there, other, vxlan_id(one)?))
}

/// The packet left by a VXLAN, and nothing was sent to the other end.
pub(super) fn enters(scene: &Scene<'_>) -> Option<Finding> {
    sends(scene, &scene.place(scene.left_by.as_ref()?), None)
}

/// What keeps a VXLAN from sending to its other end.
fn sends(scene: &Scene<'_>, from: &Place, to: Option<&Place>) -> Option<Finding> {
    let state = scene.state;
    let (space, named) = (state.space(&from.netns)?, state.link(from)?);
    vxlan_id(named)?;
    if let Some(finding) = links::is_down(scene, from) {
        return Some(finding);
    }
    let ends = ends(space, named);
    if ends.is_empty() {
        return Some(no_end(scene, from, to));
    }
    if let Some(finding) = astray(scene, from) {
        return Some(finding);
    }
    // A tunnel in itself never ends.
    if scene.look.tunnels.len() > 1 {
        return None;
    }
    let end = ends.into_iter().find(|end| {
        let is_there = |to: &Place| state.space(&to.netns).is_some_and(|there| there.has(*end));
        !end.is_multicast() && to.is_none_or(is_there)
    })?;
    let source = match setting(named, "local") {
        Some(Setting::Ip(local)) if !local.is_unspecified() => Some(local),
        _ => None,
    };
    let mut tunnels = scene.look.tunnels.clone();
    tunnels.push(Tunnel {
        kind: "vxlan",
        id: vxlan_id(named).and_then(|id| id.try_into().ok()),
        source: source.unwrap_or(end),
        destination: end,
    });
    let look = Look {
        source,
        destination: Some(end),
        dport: port(named),
        tunnels,
        ..Look::default()
    };
    let asked = scene::packed(scene.asked, &look)?;
    let outer = Scene {
        asked: &asked,
        space,
        by: None,
        left_by: None,
        is_received: false,
        look,
        to: end,
        ..scene.clone()
    };
    suspects::unsendable(&outer)
}

/// A VXLAN that does not know where to send to.
fn no_end(scene: &Scene<'_>, from: &Place, to: Option<&Place>) -> Finding {
    let state = scene.state;
    let words = format!("{from} has no remote, and no other end to send to");
    let finding =
        Finding::new(Cause::VxlanRemote, words).shown_by(format!("remote of {from}"), "none");
    let other = to
        .cloned()
        .or_else(|| meant(state, from).into_iter().next());
    let here = state.space(&from.netns);
    let end = other.and_then(|other| end_of(state, &other, here?));
    match end {
        Some(end) => {
            let line = format!("link_set({:?}, #{{ remote: \"{end}\" }})", from.link);
            finding.mended_by(state.line(&from.netns, &line))
        }
        None => finding,
    }
}

/// The address of a VXLAN that another namespace is to send to: that which it sends from, or one in a network with one there, or
/// any.
fn end_of(state: &State<'_>, of: &Place, seen_from: &Space<'_>) -> Option<IpAddr> {
    let (here, there) = (seen_from, state.space(&of.netns)?);
    if let Some(Setting::Ip(local)) = setting(state.link(of)?, "local")
        && !local.is_unspecified()
    {
        return Some(local);
    }
    let is_overlay = |space: &Space<'_>, link: &str| {
        let place = space.place(link);
        link == "lo"
            || state
                .link(&place)
                .is_some_and(|named| vxlan_id(named).is_some())
    };
    let usable = |addr: &Addr| addr.scope.to_string() == "global";
    let outside = || {
        let all = there.addresses();
        all.filter(|(link, addr)| !is_overlay(there, link) && usable(addr))
            .map(|(_, addr)| addr.local.address)
    };
    let is_near = |address: &IpAddr| {
        let mut own = here.addresses();
        own.any(|(link, addr)| !is_overlay(here, link) && holds(&addr.local, *address))
    };
    outside().find(is_near).or_else(|| outside().next())
}

/// The UDP port of a VXLAN.
fn port(named: &NamedLink) -> Option<u16> {
    match setting(named, "dstport") {
        Some(Setting::Number(port)) => port.try_into().ok(),
        _ => None,
    }
}

/// The packet came in a VXLAN that the host does not have, or has switched off.
pub(super) fn unknown(scene: &Scene<'_>) -> Option<Finding> {
    let tunnel = scene.look.tunnels.first()?;
    let id = u64::from(tunnel.id?);
    if tunnel.kind != "vxlan" || !scene.space.has(tunnel.destination) {
        return None;
    }
    // The one that was meant: of the same number, or that leads back to the sender.
    let here = || {
        let links = scene.space.links.iter();
        links.filter(|named| vxlan_id(named).is_some())
    };
    let meant = here()
        .find(|named| vxlan_id(named) == Some(id))
        .or_else(|| here().find(|named| remote(named) == Some(tunnel.source)))
        .or_else(|| here().next());
    let Some(meant) = meant else {
        let words = format!("{} has no VXLAN {id}", scene.space.words());
        let finding =
            Finding::new(Cause::VxlanId, words).shown_by("VXLAN of the packet", id.to_string());
        let sender = scene.state.owners(tunnel.source);
        let from = sender.first().and_then(|(space, _)| {
            let mut links = space.links.iter();
            links.find(|named| vxlan_id(named) == Some(id))
        });
        return Some(match from {
            Some(named) => finding.mended_by(made(scene, scene.space, named, tunnel.source)),
            None => finding,
        });
    };
    let place = scene.place(&meant.link.name);
    links::is_down(scene, &place)
        .or_else(|| other_port(scene, scene.look.dport?, place))
        .or_else(|| other_id(scene, scene.space, meant, id))
}

/// The line that makes the other end of a VXLAN, in a namespace that has none: a port of its bridge, if it has one.
fn made(scene: &Scene<'_>, space: &Space<'_>, like: &NamedLink, remote: IpAddr) -> String {
    let id = vxlan_id(like).unwrap_or_default();
    let name = match space.link(&like.link.name) {
        None => like.link.name.clone(),
        Some(_) => format!("vxlan{id}"),
    };
    let mut options = vec![format!("remote: \"{remote}\"")];
    options.extend(port(like).map(|port| format!("dstport: {port}")));
    let mut links = space.links.iter();
    if let Some(bridge) = links.find(|named| named.link.kind == "bridge") {
        options.push(format!("master: {:?}", bridge.link.name));
    }
    options.push("up: true".into());
    let line = format!("vxlan_add({name:?}, {id}, #{{ {} }})", options.join(", "));
    scene.state.line(space.name(), &line)
}

/// A VXLAN that listens at another port than the one that is sent to.
fn other_port(scene: &Scene<'_>, sent_to: u16, place: Place) -> Option<Finding> {
    let space = scene.state.space(&place.netns)?;
    let named = space.link(&place.link)?;
    let own = port(named).filter(|own| *own != sent_to)?;
    let words = format!("{place} listens at UDP port {own}, and what comes is for port {sent_to}");
    let finding = Finding::new(Cause::VxlanPort, words)
        .shown_by(format!("dstport of {place}"), own.to_string())
        .shown_by("UDP port of the packet", sent_to.to_string());
    Some(finding.mended_by(again(scene, space, named, vxlan_id(named)?, sent_to)))
}

/// A VXLAN that has another number than the one that is sent in.
fn other_id(scene: &Scene<'_>, space: &Space<'_>, named: &NamedLink, id: u64) -> Option<Finding> {
    if vxlan_id(named) == Some(id) {
        return None;
    }
    let name = &named.link.name;
    let links = space.links.iter();
    let ids = links.filter_map(|named| Some(format!("{} {}", named.link.name, vxlan_id(named)?)));
    let at = space.words();
    let words = match scene.by.filter(|_| space.name() == scene.space.name()) {
        Some(by) => format!(
            "it comes to {at} by {} in VXLAN {id}, which is not there",
            by.link.name
        ),
        None => format!("what comes to {at} is in VXLAN {id}, which is not there"),
    };
    let finding = Finding::new(Cause::VxlanId, words)
        .shown_by("VXLAN of the packet", id.to_string())
        .shown_by(
            format!("VXLANs of {at}"),
            ids.collect::<Vec<_>>().join(", "),
        );
    let lines = again(scene, space, named, id, port(space.link(name)?)?);
    Some(finding.mended_by(lines))
}

/// The lines that make a VXLAN anew, with another number or port: Linux can't change those of one that is there.
fn again(scene: &Scene<'_>, space: &Space<'_>, named: &NamedLink, id: u64, port: u16) -> String {
    let name = &named.link.name;
    let mut options = Vec::new();
    for key in ["remote", "group", "local", "dev", "ttl", "learning"] {
        match setting(named, key) {
            Some(Setting::Ip(address)) if !address.is_unspecified() => {
                options.push(format!("{key}: \"{address}\""));
            }
            Some(Setting::Text(link)) if key == "dev" => options.push(format!("{key}: {link:?}")),
            Some(Setting::Number(number)) if number > 0 => options.push(format!("{key}: {number}")),
            Some(Setting::Switch(false)) => options.push(format!("{key}: false")),
            _ => {}
        }
    }
    options.push(format!("dstport: {port}"));
    // Its neighbours know it by its hardware address.
    if let Some(mac) = named.link.mac {
        options.push(format!("mac: \"{mac}\""));
    }
    if let Some(master) = &named.master {
        options.push(format!("master: {master:?}"));
    }
    options.push(format!("up: {}", named.link.up));
    let mut lines = vec![
        format!("link_del({name:?})"),
        format!("vxlan_add({name:?}, {id}, #{{ {} }})", options.join(", ")),
    ];
    let ends = ends(space, named).into_iter();
    lines.extend(ends.filter(|end| remote(named) != Some(*end)).map(|end| {
        format!("fdb_add({name:?}, \"00:00:00:00:00:00\", #{{ dst: \"{end}\", append: true }})")
    }));
    let addresses = named.link.addresses.iter();
    let lasting = addresses.filter(|addr| addr.scope.to_string() == "global");
    lines.extend(lasting.map(|addr| format!("addr_add({name:?}, \"{}\")", addr.local)));
    let lines = lines
        .iter()
        .map(|line| scene.state.line(space.name(), line));
    lines.collect::<Vec<_>>().join("; ")
}

/// The packet of a VXLAN came to a host that does not have the address, nor does anybody.
pub(super) fn to_nobody(scene: &Scene<'_>) -> Option<Finding> {
    let tunnel = scene.look.tunnels.first()?;
    let owners = scene.state.owners(tunnel.source);
    let (space, _) = owners.first()?;
    let mut links = space.links.iter();
    let from = links.find(|named| {
        let id = vxlan_id(named);
        id.is_some() && id == tunnel.id.map(u64::from) && remote(named) == Some(scene.to)
    })?;
    astray(scene, &space.place(&from.link.name))
}

/// A VXLAN that leads to nobody, or to somebody who has none.
pub(super) fn astray(scene: &Scene<'_>, out: &Place) -> Option<Finding> {
    let state = scene.state;
    let named = state.link(out)?;
    let id = vxlan_id(named)?;
    let to = remote(named).filter(|to| !to.is_multicast())?;
    let owners = state.owners(to);
    let others = meant(state, out);
    // Whoever has one of another number is where that is to be said.
    let is_end = |space: &Space<'_>| others.iter().any(|other| other.netns == space.name());
    if owners.iter().any(|(space, _)| is_end(space)) {
        return None;
    }
    let what = match owners.first() {
        Some((space, _)) => format!("{}, which has no VXLAN {id}", space.words()),
        None => "an address that nobody has".into(),
    };
    let finding = Finding::new(Cause::VxlanRemote, format!("{out} sends to {to}: {what}"))
        .shown_by(format!("remote of {out}"), to.to_string());
    let same = others
        .iter()
        .find(|other| state.link(other).and_then(vxlan_id) == Some(id));
    let other = same.or(others.first());
    let here = state.space(&out.netns)?;
    if let Some(right) = other.and_then(|other| end_of(state, other, here)) {
        let line = format!("link_set({:?}, #{{ remote: \"{right}\" }})", out.link);
        return Some(finding.mended_by(state.line(&out.netns, &line)));
    }
    // Nobody else has one: the other end is what is missing.
    let made = owners.first().and_then(|(there, _)| {
        let source = end_of(state, out, there)?;
        Some(made(scene, there, named, source))
    });
    Some(match made {
        Some(line) => finding.mended_by(line),
        None => finding,
    })
}
