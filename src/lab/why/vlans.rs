//! VLANs: another number at the other end, a tag where none is expected, a port of a bridge that is not in the VLAN.

use crate::kernel::bridge_vlan::{self, Vlan};

use super::super::journey::Place;
use super::scene::Scene;
use super::segments::vlan_id;
use super::state::State;
use super::{Cause, Finding};

fn id_of(state: &State<'_>, place: &Place) -> Option<u16> {
    state.link(place).and_then(vlan_id)
}

/// Two ends of one cable, with different ideas of the VLAN.
pub(super) fn apart(scene: &Scene<'_>, from: &Place, to: &Place) -> Option<Finding> {
    let state = scene.state;
    let (one, other) = (id_of(state, from), id_of(state, to));
    let (below, above) = (state.bottom(from), state.bottom(to));
    if one == other || below == above || !state.segment(&below).contains(&above) {
        return None;
    }
    let is_tagged = |id: Option<u16>| match id {
        Some(id) => format!("in VLAN {id}"),
        None => "without a tag".into(),
    };
    let words = format!(
        "what {from} sends is {}, and {to} hears what comes {}",
        is_tagged(one),
        is_tagged(other)
    );
    let shown = |place: &Place| format!("VLAN of {place}");
    let value = |id: Option<u16>| id.map_or("none".into(), |id| id.to_string());
    let finding = Finding::new(Cause::WrongVlan, words)
        .shown_by(shown(from), value(one))
        .shown_by(shown(to), value(other));
    Some(match (one, other) {
        (Some(id), Some(_)) => finding.mended_by(again(scene, to, &above, id)?),
        (Some(id), None) => finding.mended_by(moved(scene, to, &above, id)?),
        (None, Some(id)) => finding.mended_by(moved(scene, from, &below, id)?),
        (None, None) => finding,
    })
}

/// The lines that make a VLAN link anew with another number: Linux can't change that of one that is there.
fn again(scene: &Scene<'_>, place: &Place, below: &Place, id: u16) -> Option<String> {
    let mut verbs = vec![format!("link_del({:?})", place.link)];
    verbs.push(format!(
        "vlan_add({:?}, {:?}, {id}, #{{ up: true }})",
        place.link, below.link
    ));
    verbs.extend(
        addresses(scene, place)?.map(|cidr| format!("addr_add({:?}, \"{cidr}\")", place.link)),
    );
    Some(lines(scene, place, &verbs))
}

/// The lines that move the addresses of a link to a VLAN of it.
fn moved(scene: &Scene<'_>, place: &Place, below: &Place, id: u16) -> Option<String> {
    let name = format!("{}.{id}", below.link);
    let mut verbs = vec![format!(
        "vlan_add({name:?}, {:?}, {id}, #{{ up: true }})",
        below.link
    )];
    for cidr in addresses(scene, place)? {
        verbs.push(format!("addr_del({:?}, \"{cidr}\")", place.link));
        verbs.push(format!("addr_add({name:?}, \"{cidr}\")"));
    }
    Some(lines(scene, place, &verbs))
}

fn addresses<'a>(
    scene: &'a Scene<'_>,
    place: &Place,
) -> Option<impl Iterator<Item = String> + use<'a>> {
    let own = scene.state.link(place)?.link.addresses.iter();
    let lasting = own.filter(|addr| addr.scope.to_string() == "global");
    Some(lasting.map(|addr| addr.local.to_string()))
}

fn lines(scene: &Scene<'_>, place: &Place, verbs: &[String]) -> String {
    let lines = verbs
        .iter()
        .map(|verb| scene.state.line(&place.netns, verb));
    lines.collect::<Vec<_>>().join("; ")
}

/// Takes a frame, with this tag or none, in by one port of a bridge and out of another, on its way to a link. What tag it has after
/// that; or what keeps it from coming out.
pub(super) fn cross(
    scene: &Scene<'_>,
    tag: Option<u16>,
    by: &Place,
    bridge: &Place,
    out: &Place,
    to: &Place,
) -> Result<Option<u16>, Box<Finding>> {
    let state = scene.state;
    if !state.filters(bridge) {
        return Ok(tag);
    }
    let (Some(first), Some(last)) = (of_port(scene, bridge, by), of_port(scene, bridge, out))
    else {
        return Ok(tag);
    };
    let [one, other] = [(by, &first), (out, &last)].map(|(port, vlans)| Side {
        vlans,
        is_trunk: is_trunk(state, port),
    });
    let (side, vid, tagged) = match crossing(tag, &one, &other, id_of(state, to)) {
        Ok(now) => return Ok(now),
        Err(misfit) => misfit,
    };
    let (port, have) = match side {
        Which::In => (by, &first),
        Which::Out => (out, &last),
    };
    let misfit = misfit(scene, bridge, port, have, vid, tagged);
    Err(Box::new(
        misfit
            .shown_by(format!("VLANs of {by}"), told(&first))
            .shown_by(format!("VLANs of {out}"), told(&last)),
    ))
}

/// A port on the way of a frame through a bridge.
struct Side<'a> {
    vlans: &'a [Vlan],
    /// Whether it leads to another bridge.
    is_trunk: bool,
}

/// Which of the two ports does not fit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Which {
    In,
    Out,
}

/// The tag with which a frame comes out of a bridge, on its way to who wants this tag or none; or the port that does not let it
/// through, the VLAN that it is to be in, and whether with a tag.
fn crossing(
    tag: Option<u16>,
    one: &Side<'_>,
    other: &Side<'_>,
    wanted: Option<u16>,
) -> Result<Option<u16>, (Which, u16, bool)> {
    // The VLAN that both are to be in: that of the frame, or of the one that hears it.
    let carried = tag.or_else(|| pvid(one.vlans));
    let Some(vid) = carried.or(wanted).or_else(|| pvid(other.vlans)) else {
        return Ok(tag);
    };
    // Of a cable between two bridges each end may keep the tag, or not.
    let fits = |side: &Side<'_>, tagged: bool| match side.is_trunk {
        true => side.vlans.iter().any(|vlan| vlan.vid == vid),
        false => passes(side.vlans, vid, tagged),
    };
    if !fits(one, tag.is_some()) {
        return Err((Which::In, vid, tag.is_some() || one.is_trunk));
    }
    if !fits(other, wanted.is_some()) {
        return Err((Which::Out, vid, wanted.is_some() || other.is_trunk));
    }
    let mut all = other.vlans.iter();
    Ok(all
        .any(|vlan| vlan.vid == vid && !vlan.untagged)
        .then_some(vid))
}

/// Whether a port leads to another bridge.
fn is_trunk(state: &State<'_>, port: &Place) -> bool {
    let peer = state.peer(port);
    peer.is_some_and(|peer| state.is_port(&peer)) || !state.same_vxlan(port).is_empty()
}

/// A port that is not in a VLAN as whoever is behind it needs it.
fn misfit(
    scene: &Scene<'_>,
    bridge: &Place,
    port: &Place,
    have: &[Vlan],
    vid: u16,
    tagged: bool,
) -> Finding {
    let (how, options) = match tagged {
        true => ("with a tag", ""),
        false => ("without a tag", ", #{ pvid: true, untagged: true }"),
    };
    let words = format!(
        "port {port} of bridge {} passes no frames of VLAN {vid} {how}",
        bridge.link
    );
    let mut verbs = Vec::new();
    // What comes in without a tag is of one VLAN only.
    if let Some(old) = pvid(have).filter(|old| !tagged && *old != vid) {
        let which = if port == bridge {
            ", #{ self: true }"
        } else {
            ""
        };
        verbs.push(format!("bridge_vlan_del({:?}, {old}{which})", port.link));
    }
    let line = match (port == bridge, tagged) {
        (false, _) => format!("bridge_vlan_add({:?}, {vid}{options})", port.link),
        (true, true) => format!("bridge_vlan_add({:?}, {vid}, #{{ self: true }})", port.link),
        (true, false) => format!(
            "bridge_vlan_add({:?}, {vid}, #{{ self: true, pvid: true, untagged: true }})",
            port.link
        ),
    };
    verbs.push(line);
    Finding::new(Cause::WrongVlan, words).mended_by(lines(scene, bridge, &verbs))
}

/// The frame came in with the tag of a VLAN that its link does not have.
pub(super) fn unknown(scene: &Scene<'_>) -> Option<Finding> {
    let state = scene.state;
    let id = scene.look.vlans.first().copied().filter(|id| *id != 0)?;
    let here = scene.place(&scene.by?.link.name);
    if state.is_port(&here) || state.vlans_on(&here).any(|(vlan, _)| vlan == id) {
        return None;
    }
    let owners = state.owners(scene.to);
    let mut own = owners
        .iter()
        .map(|(space, named)| space.place(&named.link.name));
    let to = own.find(|place| state.bottom(place) == here)?;
    let ends = state.segment(&here);
    let mut tagged = ends.iter().flat_map(|end| state.vlans_on(end));
    if let Some((_, from)) = tagged.find(|(vlan, _)| *vlan == id) {
        return apart(scene, &from, &to);
    }
    let port = state.peer(&here)?;
    let bridge = state
        .bridge_of(&port)
        .filter(|bridge| state.filters(bridge))?;
    let have = of_port(scene, &bridge, &port)?;
    let is_tagged = id_of(state, &to).is_some();
    let misfit = misfit(scene, &bridge, &port, &have, id, is_tagged);
    Some(misfit.shown_by(format!("VLANs of {port}"), told(&have)))
}

/// The VLANs of a port of a bridge.
fn of_port(scene: &Scene<'_>, bridge: &Place, port: &Place) -> Option<Vec<Vlan>> {
    let space = scene.state.space(&bridge.netns)?;
    let index = space.link(&port.link)?.link.index;
    let mut all = bridge_vlan::list(&*space.netns.namespace().ok()?).ok()?;
    all.retain(|vlan| vlan.link == index);
    Some(all)
}

fn pvid(vlans: &[Vlan]) -> Option<u16> {
    vlans.iter().find(|vlan| vlan.pvid).map(|vlan| vlan.vid)
}

/// Whether frames of a VLAN come in and leave by a port with these VLANs, as whoever is behind it sends and hears them.
fn passes(vlans: &[Vlan], vid: u16, tagged: bool) -> bool {
    let mut all = vlans.iter();
    all.find(|vlan| vlan.vid == vid)
        .is_some_and(|vlan| match tagged {
            true => !vlan.untagged,
            false => vlan.untagged && vlan.pvid,
        })
}

fn told(vlans: &[Vlan]) -> String {
    let one = |vlan: &Vlan| {
        let pvid = if vlan.pvid { " pvid" } else { "" };
        let untagged = if vlan.untagged { " untagged" } else { "" };
        format!("{}{pvid}{untagged}", vlan.vid)
    };
    match vlans {
        [] => "none".into(),
        vlans => vlans.iter().map(one).collect::<Vec<_>>().join(", "),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::{Side, Vlan, Which, crossing};

    fn vlan(vid: u16, is_access: bool) -> Vlan {
        Vlan {
            link: 1,
            vid,
            pvid: is_access,
            untagged: is_access,
            tunnel: None,
        }
    }

    fn side(vlans: &[Vlan], is_trunk: bool) -> Side<'_> {
        Side { vlans, is_trunk }
    }

    #[test]
    fn a_frame_crosses_two_bridges_with_a_trunk_between() {
        let (access, tagged) = ([vlan(10, true)], [vlan(20, false), vlan(10, false)]);
        let (host, trunk) = (side(&access, false), side(&tagged, true));
        assert_eq!(crossing(None, &host, &trunk, None), Ok(Some(10)));
        assert_eq!(crossing(Some(10), &trunk, &host, None), Ok(None));
        // To who has VLAN 10 as a link.
        let (own, tag) = (side(&tagged, false), Some(10));
        assert_eq!(crossing(tag, &trunk, &own, tag), Ok(tag));
    }

    #[test]
    fn the_port_that_is_not_in_the_vlan_is_named() {
        let (access, other) = ([vlan(10, true)], [vlan(20, false)]);
        let (host, trunk, bare) = (side(&access, false), side(&other, true), side(&[], true));
        let out = Err((Which::Out, 10, true));
        assert_eq!(crossing(None, &host, &trunk, None), out);
        assert_eq!(crossing(None, &host, &bare, None), out);
        let into = Err((Which::In, 10, true));
        assert_eq!(crossing(Some(10), &bare, &host, None), into);
        // An access port of another VLAN behind the trunk.
        let access = Err((Which::Out, 20, false));
        assert_eq!(crossing(Some(20), &trunk, &host, None), access);
    }

    proptest! {
        #[test]
        fn a_port_that_is_named_is_none_that_fits(
            tag in proptest::option::of(1u16..4),
            wanted in proptest::option::of(1u16..4),
            one in proptest::collection::vec((1u16..4, any::<bool>()), 0..3),
            other in proptest::collection::vec((1u16..4, any::<bool>()), 0..3),
            trunks in any::<(bool, bool)>(),
        ) {
            let vlans = |all: &[(u16, bool)]| -> Vec<Vlan> {
                all.iter().map(|(vid, is_access)| vlan(*vid, *is_access)).collect()
            };
            let (one, other) = (vlans(&one), vlans(&other));
            let (from, to) = (side(&one, trunks.0), side(&other, trunks.1));
            if let Err((which, vid, tagged)) = crossing(tag, &from, &to, wanted) {
                let named = if which == Which::In { &one } else { &other };
                let is_right = |vlan: &&Vlan| vlan.vid == vid && vlan.untagged != tagged;
                prop_assert!(named.iter().find(|vlan| vlan.vid == vid).is_none_or(|vlan| !is_right(&vlan)));
            }
        }
    }
}
