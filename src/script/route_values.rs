//! Routes as scripts see them.

use std::collections::{BTreeMap, HashMap};
use std::net::IpAddr;

use rhai::{Array, Dynamic, Map};

use crate::kernel::route::{Hop, Route, flag_names};
use crate::kernel::route_change::Destination;
use crate::kernel::route_metrics::{Form, Metrics, Value, features};
use crate::kernel::route_names::{PREFERENCES, PROTOCOLS, SCOPES, TYPES, realm_text, table_text};

use super::rows::{LinkNames, Rows, Words, text};
use super::value::{array, array_of_maps, maybe};

/// Makes maps of routes.
pub struct RouteMaps {
    links: LinkNames,
    tables: BTreeMap<u32, Dynamic>,
    words: Words,
    routes: Rows,
    hops: Rows,
}

impl RouteMaps {
    /// For routes by these links.
    pub fn of(links: &HashMap<u32, String>) -> Self {
        RouteMaps {
            links: LinkNames::of(links),
            tables: BTreeMap::new(),
            words: Words::default(),
            routes: Rows::default(),
            hops: Rows::default(),
        }
    }

    /// All of these.
    pub fn all(mut self, routes: &[Route<u32>]) -> Array {
        array_of_maps(routes.iter().map(|route| self.one(route)))
    }

    fn named(&mut self, numbers: &crate::kernel::route_names::Numbers, number: u8) -> Dynamic {
        match numbers.name(number.into()) {
            Some(name) => self.words.get(name),
            None => text(number),
        }
    }

    /// One of them.
    pub fn one(&mut self, route: &Route<u32>) -> Map {
        let is_ipv4 = route.is_ipv4();
        let alone = route.hops.first().filter(|_| route.hops.len() == 1);
        let via = alone.and_then(|hop| hop.via);
        let tables = self.tables.entry(route.table);
        let table = tables.or_insert_with(|| table_text(route.table).into());
        let table = table.clone();
        let nexthops = match alone.is_none() && !route.hops.is_empty() {
            true => array_of_maps(route.hops.iter().map(|hop| self.hop(hop, is_ipv4))).into(),
            false => Dynamic::UNIT,
        };
        let pairs = [
            ("destination", text(Destination(route.destination))),
            ("dev", self.links.get(alone.and_then(|hop| hop.link))),
            ("expires", maybe(route.expires.map(i64::from))),
            (
                "family",
                self.words.get(if is_ipv4 { "inet" } else { "inet6" }),
            ),
            ("flags", array(flag_names(route.flags)).into()),
            ("from", maybe(route.from.map(text))),
            ("metric", maybe(route.metric.map(i64::from))),
            ("metrics", Dynamic::from_map(metrics_map(&route.metrics))),
            ("nexthops", nexthops),
            ("nhid", maybe(route.nhid.map(i64::from))),
            (
                "pref",
                match route.preference {
                    Some(preference) => self.named(&PREFERENCES, preference),
                    None => Dynamic::UNIT,
                },
            ),
            ("protocol", self.named(&PROTOCOLS, route.protocol)),
            ("realms", maybe(route.realms.map(realm_text))),
            ("scope", self.named(&SCOPES, route.scope)),
            ("src", maybe(route.source.map(text))),
            ("table", table),
            ("tos", i64::from(route.tos).into()),
            ("type", self.named(&TYPES, route.kind)),
            ("via", maybe(via.map(|via| router(via, is_ipv4)))),
        ];
        self.routes.map(pairs)
    }

    fn hop(&mut self, hop: &Hop<u32>, is_ipv4: bool) -> Map {
        self.hops.map([
            ("dev", self.links.get(hop.link)),
            ("flags", array(flag_names(hop.flags)).into()),
            ("via", maybe(hop.via.map(|via| router(via, is_ipv4)))),
            ("weight", i64::from(hop.weight).into()),
        ])
    }
}

/// The answer to a question which way a packet goes.
pub fn answer_map(route: &Route<u32>, links: &HashMap<u32, String>) -> Map {
    let mut maps = RouteMaps::of(links);
    let mut answer = maps.one(route);
    let from = route.from.map(|from| from.address.to_string());
    let rest = [
        ("from", maybe(from)),
        ("iif", maps.links.get(route.iif)),
        ("mark", maybe(route.mark.map(i64::from))),
        ("uid", maybe(route.uid.map(i64::from))),
    ];
    for (key, value) in rest {
        answer.insert(key.into(), value);
    }
    answer
}

/// A router as `via` takes it: of another family, with its name.
fn router(via: IpAddr, is_ipv4: bool) -> Dynamic {
    match via {
        IpAddr::V6(_) if is_ipv4 => text(format_args!("inet6 {via}")),
        IpAddr::V4(_) if !is_ipv4 => text(format_args!("inet {via}")),
        _ => text(via),
    }
}

fn metrics_map(metrics: &Metrics) -> Map {
    let pairs = metrics.set.iter().map(|(metric, value)| {
        let value: Dynamic = match (metric.form, value) {
            (Form::Time(parts), Value::Number(raw)) => {
                (f64::from(*raw) / f64::from(parts) / 1000.0).into()
            }
            (Form::Features, Value::Number(bits)) => features(*bits).join(" ").into(),
            (_, Value::Number(number)) => i64::from(*number).into(),
            (_, Value::Name(name)) => name.clone().into(),
        };
        (metric.key.into(), value)
    });
    let mut map: Map = pairs.collect();
    let locked: Vec<&str> = metrics
        .set
        .iter()
        .filter(|(metric, _)| metrics.is_locked(metric))
        .map(|(metric, _)| metric.key)
        .collect();
    if !locked.is_empty() {
        map.insert("lock".into(), array(locked).into());
    }
    map
}
