//! VXLANs: another number at the other end, or another end.

use std::net::IpAddr;

use crate::kernel::options::Setting;

use super::super::journey::Place;
use super::super::links::NamedLink;
use super::Finding;
use super::state::{Space, State, holds, setting};
use super::suspects::Scene;

/// The number of a VXLAN.
pub(super) fn vxlan_id(named: &NamedLink) -> Option<u64> {
    match setting(named, "id") {
        Some(Setting::Number(id)) if named.link.kind == "vxlan" => Some(id),
        _ => None,
    }
}

fn remote(named: &NamedLink) -> Option<IpAddr> {
    ["remote", "group"]
        .into_iter()
        .find_map(|key| match setting(named, key)? {
            Setting::Ip(address) => Some(address),
            _ => None,
        })
}

/// The other links of the same VXLAN.
pub(super) fn others(state: &State<'_>, place: &Place) -> Vec<Place> {
    let Some(id) = state.link(place).and_then(vxlan_id) else {
        return Vec::new();
    };
    let places = state.spaces.iter().flat_map(|space| {
        let links = space.links.iter();
        links
            .filter(move |named| vxlan_id(named) == Some(id))
            .map(|named| space.place(&named.link.name))
    });
    places.filter(|other| other != place).collect()
}

/// The packet came in a VXLAN that the host does not have.
pub(super) fn unknown(scene: &Scene<'_>) -> Option<Finding> {
    let tunnel = scene.look.tunnels.last()?;
    let (id, by) = (tunnel.id?, scene.by?);
    if tunnel.kind != "vxlan" || !scene.space.has(tunnel.destination) {
        return None;
    }
    let here: Vec<&NamedLink> = scene
        .space
        .links
        .iter()
        .filter(|named| vxlan_id(named).is_some())
        .collect();
    if here.iter().any(|named| vxlan_id(named) == Some(id.into())) {
        return None;
    }
    let ids: Vec<String> = here
        .iter()
        .filter_map(|named| Some(format!("{} {}", named.link.name, vxlan_id(named)?)))
        .collect();
    let words = format!(
        "it comes to {} by {} in VXLAN {id}, which is not there",
        scene.space.words(),
        by.link.name
    );
    let finding = Finding::new("vxlan_id", words)
        .shown_by("VXLAN of the packet", id.to_string())
        .shown_by(format!("VXLANs of {}", scene.space.words()), ids.join(", "));
    // The one that was meant: it leads back to the sender.
    let meant = here
        .iter()
        .find(|named| remote(named) == Some(tunnel.source));
    Some(
        match meant
            .or(here.first())
            .and_then(|named| again(scene, named, id))
        {
            Some(lines) => finding.mended_by(lines),
            None => finding,
        },
    )
}

/// The lines that make a VXLAN anew, with another number: Linux can't change that of one that is there.
fn again(scene: &Scene<'_>, named: &NamedLink, id: u32) -> Option<String> {
    let name = &named.link.name;
    let mut options = vec![format!("remote: \"{}\"", remote(named)?)];
    if let Some(Setting::Number(port)) = setting(named, "dstport") {
        options.push(format!("dstport: {port}"));
    }
    // Its neighbours know it by its hardware address.
    if let Some(mac) = named.link.mac {
        options.push(format!("mac: \"{mac}\""));
    }
    options.push(format!("up: {}", named.link.up));
    let mut lines = vec![
        format!("link_del({name:?})"),
        format!("vxlan_add({name:?}, {id}, #{{ {} }})", options.join(", ")),
    ];
    let addresses = named.link.addresses.iter();
    let lasting = addresses.filter(|addr| addr.scope.to_string() == "global");
    lines.extend(lasting.map(|addr| format!("addr_add({name:?}, \"{}\")", addr.local)));
    let lines = lines.iter().map(|line| scene.line(line));
    Some(lines.collect::<Vec<_>>().join("; "))
}

/// A VXLAN that leads to nobody, or to somebody who does not have it.
pub(super) fn astray(scene: &Scene<'_>, out: &Place) -> Option<Finding> {
    let named = scene.state.link(out)?;
    let id = vxlan_id(named)?;
    let to = remote(named)?;
    let owners = scene.state.owners(to);
    let has_it = |space: &Space<'_>| space.links.iter().any(|named| vxlan_id(named) == Some(id));
    if to.is_multicast() || owners.iter().any(|(space, _)| has_it(space)) {
        return None;
    }
    let what = match owners.first() {
        Some((space, _)) => format!("{}, which has no VXLAN {id}", space.words()),
        None => "an address that nobody has".into(),
    };
    let finding = Finding::new("vxlan_remote", format!("{out} sends to {to}: {what}"))
        .shown_by(format!("remote of {out}"), to.to_string());
    // Another end of the same VXLAN, in the network that the wrong address is of.
    let other = others(scene.state, out).into_iter().find_map(|other| {
        let space = scene.state.space(&other.netns)?;
        let mut near = space.addresses().filter(|(_, addr)| holds(&addr.local, to));
        near.next().map(|(_, addr)| addr.local.address)
    });
    Some(match other {
        Some(right) => {
            let line = format!("link_set({:?}, #{{ remote: \"{right}\" }})", out.link);
            finding.mended_by(scene.state.line(&out.netns, &line))
        }
        None => finding,
    })
}
