//! The way of a packet from where it stopped: what is asked of the kernel, its answer, and the line that makes that route.

use std::net::IpAddr;

use crate::kernel::cidr::Cidr;
use crate::kernel::route_change::destination;
use crate::kernel::route_names::{table, table_text};
use crate::kernel::route_question::Question;

use super::super::failure::Outcome;
use super::super::journey::Place;
use super::rules;
use super::scene::Scene;
use super::state::Way;

/// What the kernel is asked for the way of the packet.
pub(super) fn question(scene: &Scene<'_>) -> Question<String> {
    let protocol = scene.asked.protocol.number(scene.to);
    Question {
        from: scene.look.source,
        iif: scene.by.map(|by| by.link.name.clone()),
        oif: match (scene.by, scene.is_back) {
            (None, false) => scene.asked.iface.clone(),
            _ => None,
        },
        protocol: scene.asked.protocol.port().map(|_| protocol),
        sport: scene.look.sport,
        dport: scene.look.dport,
        mark: rules::mark(scene),
        ..Question::of(scene.to)
    }
}

/// Which way the kernel sends the packet on.
pub(super) fn way_on(scene: &Scene<'_>) -> Outcome<Way> {
    scene.space.way(&question(scene))
}

/// The destination of the route that the packet takes.
pub(super) fn routed_network(scene: &Scene<'_>) -> Option<String> {
    let mut question = question(scene);
    question.fibmatch = true;
    let way = scene.space.way(&question).ok()?;
    Some(destination(&way.route))
}

/// The network of the destination, as the one who has the address has it; the default route where nobody has it.
pub(super) fn network_of(scene: &Scene<'_>) -> String {
    let owners = scene.state.owners(scene.to);
    let prefix = owners.first().and_then(|(_, named)| {
        let mut own = named.link.addresses.iter();
        let addr = own.find(|addr| addr.local.address == scene.to)?;
        Some(addr.local.prefix)
    });
    match prefix {
        Some(prefix) => {
            let cidr = Cidr {
                address: scene.to,
                prefix,
            };
            cidr.network().to_string()
        }
        None => "default".into(),
    }
}

/// The line that makes the route of a way once more: what the kernel has learned of it, and its metrics, are gone then.
pub(super) fn again(way: &Way) -> Option<String> {
    let to = destination(&way.route);
    let mut options = Vec::new();
    if let Some(via) = way.via {
        options.push(format!("via: \"{via}\""));
    }
    options.push(format!("dev: {:?}", way.link.as_ref()?));
    // Of IPv6 routes each has one; 1024 is that of those that people make.
    if let Some(metric) = way
        .route
        .metric
        .filter(|metric| !matches!(metric, 0 | 1024))
    {
        options.push(format!("metric: {metric}"));
    }
    if way.route.table != table::MAIN {
        options.push(format!("table: {:?}", table_text(way.route.table)));
    }
    let is_single = way.route.hops.len() == 1 && !way.route.has_more;
    is_single.then(|| format!("route_replace({to:?}, #{{ {} }})", options.join(", ")))
}

/// A place on the way, for others of this folder.
pub(super) fn next(scene: &Scene<'_>) -> Option<(Place, IpAddr, Option<IpAddr>)> {
    let way = way_on(scene).ok()?;
    let link = way.link?;
    Some((scene.place(&link), way.via.unwrap_or(scene.to), way.via))
}
