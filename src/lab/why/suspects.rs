//! Who could have stopped a packet, in the order in which the kernel handles one.

use crate::packet::identity::Look;

use super::follow::{Course, Stop};
use super::probe::Sent;
use super::scene::{Scene, answer, packed, sender};
use super::state::State;
use super::{Asked, Finding, Verdict};
use super::{
    bridges, hops, hosts, links, masquerade, nat, neighbours, policy, routes, rules, sizes,
    tunnels, vlans,
};

/// Somebody who could have done it: what is in order if it did not, and the question.
type Suspect = (&'static str, fn(&Scene<'_>) -> Option<Finding>);

/// Of a packet that came where it is for.
const RECEIVED: &[Suspect] = &[
    ("the rules of nftables", rules::dropped),
    ("what NAT makes of it", nat::translated),
    ("addresses that are there twice", hosts::twice),
    (
        "the way in: source address and reverse path",
        routes::way_in,
    ),
    ("who answers", masquerade::hairpin),
    ("the host itself", hosts::silent),
];

/// Of a packet that is to be passed on.
const COMES_IN: &[Suspect] = &[
    ("the VLAN that it is in", vlans::unknown),
    ("the hardware address that it is for", links::other_mac),
    ("the bridge", bridges::held),
    ("the rules of nftables", rules::dropped),
    ("what NAT makes of it", nat::turned_here),
    ("the tunnel that it is in", tunnels::to_nobody),
    ("who has the address", hosts::not_here),
    ("the source NAT on the way", masquerade::missing),
    (
        "the way in: source address and reverse path",
        routes::way_in,
    ),
    ("the TTL", hops::ttl),
    ("the sizes of packets", sizes::too_long),
    ("the rules for routes", policy::diverted),
    ("the link that it would leave by", links::out),
    ("the neighbour that it would go to", neighbours::unresolved),
];

/// Of a packet that is sent.
const IS_SENT: &[Suspect] = &[
    ("its own address", hosts::no_address),
    ("the link that it was to leave by", links::own),
    ("the rules of nftables", rules::dropped),
    ("the source NAT on the way", masquerade::missing),
    ("the route", routes::way_out),
    ("the sizes of packets", sizes::too_long),
    ("the rules for routes", policy::diverted),
    ("the link that it would leave by", links::out),
    ("the neighbour that it would go to", neighbours::unresolved),
];

/// Of a packet that left and did not arrive.
const LEFT: &[Suspect] = &[
    ("the rules of nftables", rules::dropped),
    ("the cable", links::wire),
    ("the sizes of packets", sizes::narrow),
    ("the tunnel", tunnels::enters),
];

/// Of the packet of a tunnel that came where the tunnel ends.
const UNPACKED: &[Suspect] = &[
    ("the rules of nftables", rules::dropped),
    (
        "the way in: source address and reverse path",
        routes::way_in,
    ),
    ("the tunnel that it is in", tunnels::unknown),
];

/// Asks who stopped the packet of a tunnel.
pub(super) fn stopped(scene: &Scene<'_>, course: &Course) -> Option<Finding> {
    let mut verdict = Verdict::default();
    ask(scene.sent, scene.state, scene.asked, course, &mut verdict);
    verdict.finding
}

/// Asks who keeps a packet from being sent.
pub(super) fn unsendable(scene: &Scene<'_>) -> Option<Finding> {
    run(IS_SENT, scene, &mut Verdict::default())
}

/// Asks all of them, and writes down who did it and who did not.
pub(super) fn ask(
    sent: &Sent,
    state: &State<'_>,
    asked: &Asked,
    course: &Course,
    verdict: &mut Verdict,
) {
    if let Some(finding) =
        sender(sent, state, asked, course).and_then(|scene| hosts::unready(&scene))
    {
        verdict.netns.clone_from(&state.from);
        verdict.back = false;
        verdict.finding = Some(finding);
        return;
    }
    let Some(space) = state.space(&course.netns) else {
        return;
    };
    let by = course.link.as_deref().and_then(|link| space.link(link));
    let Some(to) = course.look.destination else {
        return;
    };
    let outer = packed(asked, &course.look).filter(|_| course.is_packed());
    let asked = outer.as_ref().unwrap_or(asked);
    let scene = |by, is_received, look: &Look, to, is_back, left_by| Scene {
        sent,
        state,
        asked,
        space,
        by,
        left_by,
        is_received,
        is_back,
        look: look.clone(),
        to,
    };
    let look = &course.look;
    if course.is_packed() && course.stop == Stop::Received {
        let received = scene(by, true, look, to, course.is_back, None);
        verdict.finding = run(UNPACKED, &received, verdict);
        return;
    }
    let found = match course.stop {
        Stop::Unsent => run(
            IS_SENT,
            &scene(None, false, look, to, course.is_back, None),
            verdict,
        ),
        Stop::OnTheWire => {
            let left_by = course.link.clone();
            run(
                LEFT,
                &scene(None, false, look, to, course.is_back, left_by),
                verdict,
            )
        }
        Stop::NotPassedOn => run(
            COMES_IN,
            &scene(by, false, look, to, course.is_back, None),
            verdict,
        ),
        Stop::Received => {
            let received = scene(by, true, look, to, course.is_back, None);
            run(RECEIVED, &received, verdict).or_else(|| {
                // It was taken in. Can the answer be sent?
                let (Some(source), false) = (look.source, course.is_back) else {
                    return None;
                };
                let answer = answer(look);
                let found = run(
                    IS_SENT,
                    &scene(None, false, &answer, source, true, None),
                    verdict,
                );
                verdict.back |= found.is_some();
                found
            })
        }
    };
    verdict.finding = found;
}

fn run(suspects: &[Suspect], scene: &Scene<'_>, verdict: &mut Verdict) -> Option<Finding> {
    for (in_order, suspect) in suspects {
        match suspect(scene) {
            Some(finding) => return Some(finding),
            None if !verdict.ruled_out.contains(in_order) => verdict.ruled_out.push(in_order),
            None => {}
        }
    }
    None
}
