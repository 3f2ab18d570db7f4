//! How many routers may pass a packet on: too few, or as many as there are, in a circle.

use crate::kernel::route_metrics::Value;
use crate::kernel::route_question::Question;

use super::follow;
use super::gateways::{rerouted, route_line};
use super::scene::Scene;
use super::state::Space;
use super::ways::again;
use super::wires::{self, Lead};
use super::{Cause, Finding};

/// What senders start with where nothing else is said, and more than any lab needs.
const USUAL: u32 = 64;

/// The TTL is used up: whoever should pass it on throws it away.
pub(super) fn ttl(scene: &Scene<'_>) -> Option<Finding> {
    let ttl = scene.look.ttl.filter(|ttl| *ttl <= 1)?;
    if scene.is_received || scene.by.is_none() {
        return None;
    }
    if let Some(finding) = circle(scene) {
        return Some(finding);
    }
    let words = format!(
        "its TTL is {ttl} when it comes to {}: no router may pass it on",
        scene.space.words()
    );
    let finding = Finding::new(Cause::Ttl, words).shown_by("ttl", ttl.to_string());
    if let Some(asked) = scene.asked.ttl.filter(|_| !scene.is_back) {
        return Some(finding.shown_by("ttl of the probe", asked.to_string()));
    }
    let sender = match scene.is_back {
        false => scene.state.space(&scene.state.from),
        true => scene
            .look
            .source
            .and_then(|source| scene.state.owners(source).first().map(|(space, _)| *space)),
    };
    Some(match sender {
        Some(sender) => set_by(scene, sender, finding),
        None => finding,
    })
}

/// What the sender took its TTL from: the route, or else a sysctl, which of IPv6 is that of the link (`ip6_dst_hoplimit`).
fn set_by(scene: &Scene<'_>, sender: &Space<'_>, finding: Finding) -> Finding {
    let route = sender.way(&Question {
        fibmatch: true,
        ..Question::of(scene.to)
    });
    let metric = route.as_ref().ok().and_then(|way| {
        let mut set = way.route.metrics.set.iter();
        set.find_map(|(metric, value)| match value {
            Value::Number(limit) if metric.key == "hoplimit" => Some(*limit),
            _ => None,
        })
    });
    if let (Ok(way), Some(limit)) = (&route, metric.filter(|limit| *limit < USUAL)) {
        let name = format!("hoplimit of the route of {}", sender.words());
        let finding = finding.shown_by(name, limit.to_string());
        return match again(way) {
            Some(line) => finding.mended_by(scene.state.line(sender.name(), &line)),
            None => finding,
        };
    }
    let link = route.ok().and_then(|way| way.link);
    let (name, value) = match (scene.to.is_ipv4(), link) {
        (false, Some(link)) => sender.conf("ipv6", &link, "hop_limit"),
        (false, None) => sender.conf("ipv6", "all", "hop_limit"),
        (true, _) => {
            let name = "net.ipv4.ip_default_ttl";
            (name.to_owned(), sender.sysctl(name))
        }
    };
    let value = value.unwrap_or_default();
    let is_low = value.parse::<u32>().is_ok_and(|value| value < USUAL);
    let finding = finding.shown_by(format!("{name} of {}", sender.words()), value);
    match is_low {
        true => {
            let line = format!("sysctl_set({name:?}, {USUAL})");
            finding.mended_by(scene.state.line(sender.name(), &line))
        }
        false => finding,
    }
}

/// Routers send the packet round: it came by here before. One of them could send it where it is for.
fn circle(scene: &Scene<'_>) -> Option<Finding> {
    let course = follow::course(scene.sent, scene.state, scene.asked);
    let crossed = match scene.is_back {
        false => course.crossed,
        true => course.crossed_back,
    };
    let mut came: Vec<&str> = Vec::new();
    for (place, leaves) in &crossed {
        if !leaves && came.last() != Some(&place.netns.as_str()) {
            came.push(&place.netns);
        }
    }
    let (last, earlier) = came.split_last()?;
    let before = earlier.iter().rposition(|netns| netns == last)?;
    let members = earlier.get(before..)?;
    let names: Vec<&str> = members
        .iter()
        .filter_map(|netns| scene.state.space(netns))
        .map(Space::name)
        .collect();
    let words = format!(
        "{} send what is for {} to each other, until its TTL is used up",
        names.join(" and "),
        scene.to
    );
    let mut finding = Finding::new(Cause::RoutingLoop, words).shown_by("ttl", "1");
    for netns in members {
        let Some(space) = scene.state.space(netns) else {
            continue;
        };
        if let Ok(way) = space.way(&Question::of(scene.to)) {
            let via = way.via.map_or("-".into(), |via| via.to_string());
            let dev = way.link.unwrap_or_default();
            let name = format!("way of {} to {}", space.words(), scene.to);
            finding = finding.shown_by(name, format!("via {via} dev {dev}"));
        }
    }
    for netns in members {
        let Some(space) = scene.state.space(netns) else {
            continue;
        };
        // As it came to them in this round.
        let mut backwards = crossed.iter().rev();
        let came_by = backwards.find(|(place, leaves)| !leaves && place.netns == *netns);
        let there = Scene {
            space,
            by: came_by.and_then(|(place, _)| space.link(&place.link)),
            left_by: None,
            is_received: false,
            ..scene.clone()
        };
        let Some(exit) = wires::best(&there).filter(|exit| exit.lead == Lead::There) else {
            continue;
        };
        if let Some(lacking) = wires::lacking(&there, &exit) {
            return Some(lacking);
        }
        let line = route_line("route_replace", &rerouted(&there), &exit);
        return Some(finding.mended_by(there.line(line)));
    }
    Some(finding)
}
