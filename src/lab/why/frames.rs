//! The way of a frame from one link to another, through cables, bridges and VXLANs, as it is meant to be; and what on it keeps
//! the frame from coming through.

use std::collections::{HashMap, VecDeque};

use super::super::journey::Place;
use super::scene::Scene;
use super::segments::vlan_id;
use super::state::{State, port_setting};
use super::vlans;
use super::{Finding, bridges, links, tunnels};
use crate::kernel::options::Setting;

/// A piece of the way.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Hop {
    /// From one end of a cable to the other.
    Cable { from: Place, to: Place },
    /// In by one port of a bridge and out by another. The bridge itself can be either.
    Bridge {
        by: Place,
        bridge: Place,
        out: Place,
    },
    /// From one VXLAN to another.
    Tunnel { from: Place, to: Place },
}

/// How much of what is wrong is overlooked in the search for the way. What works is found before what is in the way of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Strictness {
    /// By ports that forward.
    Forwarding,
    /// By ports that the spanning tree protocol does not block.
    Open,
    /// By ports in any state.
    Ports,
    /// By links that are to be ports, and between VXLANs of different numbers.
    Meant,
}

/// A frame that is about to leave by a link, or that came in by one.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
enum At {
    Leaves(Place),
    CameIn(Place),
}

/// What keeps a frame that leaves by one link from coming to another.
pub(super) fn between(scene: &Scene<'_>, from: &Place, to: &Place) -> Option<Finding> {
    let tag = scene.state.link(from).and_then(vlan_id);
    between_tagged(scene, from, tag, to)
}

/// The same of a frame with this tag, or none.
pub(super) fn between_tagged(
    scene: &Scene<'_>,
    from: &Place,
    tag: Option<u16>,
    to: &Place,
) -> Option<Finding> {
    let state = scene.state;
    let bottom = state.bottom(from);
    let is_bridge = state
        .link(&bottom)
        .is_some_and(|named| named.link.kind == "bridge");
    let start = match is_bridge {
        true => At::CameIn(bottom),
        false => At::Leaves(bottom),
    };
    run(scene, &start, tag, to)
}

/// What keeps a frame that came in by a link, with this tag or none, from coming to another.
pub(super) fn onward(
    scene: &Scene<'_>,
    by: &Place,
    tag: Option<u16>,
    to: &Place,
) -> Option<Finding> {
    run(scene, &At::CameIn(by.clone()), tag, to)
}

fn run(scene: &Scene<'_>, start: &At, tag: Option<u16>, to: &Place) -> Option<Finding> {
    let state = scene.state;
    match way(state, start, &state.bottom(to)) {
        Some(hops) => broken(scene, &hops, tag, to),
        // It may lead into a VXLAN that has no other end.
        None => reached(state, start).iter().find_map(|at| match at {
            At::Leaves(from) => tunnels::astray(scene, from),
            At::CameIn(_) => None,
        }),
    }
}

/// Wherever a frame can come to.
fn reached(state: &State<'_>, start: &At) -> Vec<At> {
    let mut all = vec![start.clone()];
    let mut next = 0;
    while let Some(at) = all.get(next).cloned() {
        for (there, _) in hops(state, &at, Strictness::Meant) {
            if !all.contains(&there) {
                all.push(there);
            }
        }
        next += 1;
    }
    all
}

fn way(state: &State<'_>, start: &At, to: &Place) -> Option<Vec<Hop>> {
    use Strictness::{Forwarding, Meant, Open, Ports};
    [Forwarding, Open, Ports, Meant]
        .into_iter()
        .find_map(|strictness| search(state, start, to, strictness))
}

/// The shortest way.
fn search(state: &State<'_>, start: &At, to: &Place, strictness: Strictness) -> Option<Vec<Hop>> {
    let goal = At::CameIn(to.clone());
    let mut from: HashMap<At, Option<(At, Hop)>> = HashMap::from([(start.clone(), None)]);
    let mut next = VecDeque::from([start.clone()]);
    while let Some(at) = next.pop_front() {
        if at == goal && at != *start {
            return Some(traced_back(&from, at));
        }
        for (there, hop) in hops(state, &at, strictness) {
            if !from.contains_key(&there) {
                from.insert(there.clone(), Some((at.clone(), hop)));
                next.push_back(there);
            }
        }
    }
    None
}

fn traced_back(from: &HashMap<At, Option<(At, Hop)>>, mut at: At) -> Vec<Hop> {
    let mut hops = Vec::new();
    while let Some(Some((before, hop))) = from.get(&at) {
        hops.push(hop.clone());
        at = before.clone();
    }
    hops.reverse();
    hops
}

fn hops(state: &State<'_>, at: &At, strictness: Strictness) -> Vec<(At, Hop)> {
    match at {
        At::Leaves(from) => {
            let cable = state.peer(from).map(|to| {
                let hop = Hop::Cable {
                    from: from.clone(),
                    to: to.clone(),
                };
                (At::CameIn(to), hop)
            });
            let ends = match strictness {
                Strictness::Meant => tunnels::meant(state, from),
                _ => state.same_vxlan(from),
            };
            let tunnels = ends.into_iter().map(|to| {
                let hop = Hop::Tunnel {
                    from: from.clone(),
                    to: to.clone(),
                };
                (At::CameIn(to), hop)
            });
            cable.into_iter().chain(tunnels).collect()
        }
        At::CameIn(by) => through(state, by, strictness),
    }
}

/// Where a frame goes that came in by a port, or that a bridge sends itself.
fn through(state: &State<'_>, by: &Place, strictness: Strictness) -> Vec<(At, Hop)> {
    let is_bridge = state
        .link(by)
        .is_some_and(|named| named.link.kind == "bridge");
    let is_meant = strictness == Strictness::Meant;
    let bridge = match is_bridge {
        true => Some(by.clone()),
        false => state
            .bridge_of(by)
            .or_else(|| bridges::meant(state, by).filter(|_| is_meant)),
    };
    let Some(bridge) = bridge else {
        return Vec::new();
    };
    let passes = |port: &Place| {
        let is_itself = is_bridge && port == by;
        is_itself || may_pass(state, port, strictness)
    };
    if !passes(by) {
        return Vec::new();
    }
    let mut ports = state.ports(&bridge);
    if is_meant && let Some(space) = state.space(&bridge.netns) {
        let links = space
            .links
            .iter()
            .map(|named| space.place(&named.link.name));
        ports.extend(links.filter(|link| bridges::meant(state, link).as_ref() == Some(&bridge)));
    }
    let hop = |out: &Place| Hop::Bridge {
        by: by.clone(),
        bridge: bridge.clone(),
        out: out.clone(),
    };
    let out = ports.iter().filter(|port| *port != by && passes(port));
    let mut all: Vec<(At, Hop)> = out.map(|out| (At::Leaves(out.clone()), hop(out))).collect();
    if !is_bridge {
        all.push((At::CameIn(bridge.clone()), hop(&bridge)));
    }
    all
}

fn may_pass(state: &State<'_>, port: &Place, strictness: Strictness) -> bool {
    let setting = state
        .link(port)
        .and_then(|named| port_setting(named, "state"));
    let is_one =
        |words: &[&str]| matches!(&setting, Some(Setting::Word(word)) if words.contains(word));
    match strictness {
        Strictness::Forwarding => is_one(&["forwarding"]),
        Strictness::Open => is_one(&["forwarding", "learning", "listening"]),
        Strictness::Ports | Strictness::Meant => true,
    }
}

/// The first piece that lets nothing through.
fn broken(scene: &Scene<'_>, hops: &[Hop], tag: Option<u16>, to: &Place) -> Option<Finding> {
    let mut tag = tag;
    for hop in hops {
        match hop {
            Hop::Cable { from, .. } => {
                let finding = links::is_down(scene, from)
                    .or_else(|| links::no_carrier(scene, from))
                    .or_else(|| links::lossy(scene, from));
                if finding.is_some() {
                    return finding;
                }
            }
            Hop::Tunnel { from, to } => {
                let finding = tunnels::hop(scene, from, to);
                if finding.is_some() {
                    return finding;
                }
            }
            Hop::Bridge { by, bridge, out } => {
                if let Some(finding) = bridges::through(scene, by, bridge, out) {
                    return Some(finding);
                }
                match vlans::cross(scene, tag, by, bridge, out, to) {
                    Ok(now) => tag = now,
                    Err(finding) => return Some(*finding),
                }
            }
        }
    }
    hops.iter().find_map(|hop| match hop {
        Hop::Bridge { bridge, .. } => bridges::filtered(scene, bridge),
        _ => None,
    })
}
