//! Which keys of a map a person sees, and in which order.
//!
//! Maps reach the shell in alphabetical order. Here stands, as data, what people expect instead: for each kind of
//! map that the verbs return, the order of its keys, how dear each is when a terminal is too narrow for all,
//! and which belong to the detailed view of a single map only. How a table is drawn is left to `table` and `plain`.

use std::collections::BTreeSet;

use serde_json::{Map, Value};

/// What becomes of a key when a list of maps is shown.
#[derive(Clone, Copy)]
enum Rank {
    /// A column. The number orders the columns by importance: 0 is the last to be left out of a narrow table.
    Column(usize),
    /// A column where one of the maps has a value there, else as `Detail`.
    Seldom(usize),
    /// No column of a list, neither on a terminal nor piped: seen when one map is shown by itself.
    Detail,
}
use Rank::{Column, Detail, Seldom};

/// A kind of map that verbs return.
struct Shape {
    /// What a person calls one such map.
    noun: &'static str,
    /// The keys that tell this kind from others: all of them have to be there.
    marks: &'static [&'static str],
    /// Its keys in the order in which they are shown.
    keys: &'static [(&'static str, Rank)],
}

/// The kinds, the first match wins. Maps of no kind take the order of a key from where it is first named here.
const SHAPES: &[Shape] = &[
    Shape {
        noun: "link",
        marks: &["name", "index", "mtu", "operstate"],
        keys: &[
            ("name", Column(0)),
            ("index", Detail),
            ("kind", Column(4)),
            ("state", Column(1)),
            ("operstate", Column(8)),
            ("mtu", Column(3)),
            ("mac", Column(7)),
            ("master", Column(6)),
            ("peer", Column(5)),
            ("peer_netns", Column(9)),
            ("parent", Detail),
            ("addresses", Column(2)),
            ("flags", Detail),
            ("qdisc", Detail),
            ("txqueuelen", Detail),
            ("alias", Detail),
            ("promisc", Detail),
            ("carrier", Detail),
            ("group", Detail),
            ("altnames", Detail),
            ("properties", Detail),
            ("settings", Detail),
            ("port", Detail),
            ("statistics", Detail),
        ],
    },
    Shape {
        noun: "address",
        marks: &["address", "prefix"],
        keys: &[
            ("address", Column(0)),
            ("prefix", Column(2)),
            ("family", Column(4)),
            ("scope", Column(3)),
            ("label", Column(5)),
            ("link", Column(1)),
            ("broadcast", Column(7)),
            ("peer", Column(6)),
            ("valid_lft", Detail),
            ("preferred_lft", Detail),
            ("flags", Detail),
        ],
    },
    Shape {
        noun: "qdisc",
        marks: &["kind", "handle", "parent", "statistics"],
        keys: &[
            ("link", Column(0)),
            ("kind", Column(1)),
            ("handle", Column(3)),
            ("parent", Column(4)),
            ("options", Column(2)),
            ("statistics", Detail),
        ],
    },
    Shape {
        noun: "class",
        marks: &["kind", "classid", "leaf"],
        keys: &[
            ("link", Column(2)),
            ("kind", Column(4)),
            ("classid", Column(0)),
            ("parent", Column(3)),
            ("leaf", Column(5)),
            ("options", Column(1)),
            ("statistics", Detail),
        ],
    },
    Shape {
        noun: "filter",
        marks: &["kind", "prio", "protocol", "actions"],
        keys: &[
            ("link", Column(4)),
            ("parent", Column(5)),
            ("prio", Column(6)),
            ("protocol", Column(3)),
            ("kind", Column(7)),
            ("handle", Detail),
            ("chain", Detail),
            ("matches", Column(0)),
            ("options", Column(8)),
            ("classid", Column(1)),
            ("actions", Column(2)),
            ("unknown", Detail),
        ],
    },
    Shape {
        noun: "counter",
        marks: &["overlimits", "backlog", "qlen"],
        keys: &[
            ("bytes", Column(1)),
            ("packets", Column(0)),
            ("drops", Column(2)),
            ("overlimits", Column(3)),
            ("requeues", Column(6)),
            ("backlog", Column(5)),
            ("qlen", Column(4)),
        ],
    },
    Shape {
        noun: "entry",
        marks: &["ip", "hw_address"],
        keys: &[
            ("ip", Column(0)),
            ("hw_type", Column(4)),
            ("flags", Column(3)),
            ("hw_address", Column(1)),
            ("mask", Column(5)),
            ("device", Column(2)),
        ],
    },
    Shape {
        noun: "neighbour",
        marks: &["address", "mac", "state"],
        keys: &[
            ("address", Column(0)),
            ("link", Column(3)),
            ("mac", Column(1)),
            ("state", Column(2)),
            ("flags", Column(4)),
        ],
    },
    Shape {
        noun: "route",
        marks: &["destination", "via", "dev", "type"],
        keys: &[
            ("destination", Column(0)),
            ("via", Column(1)),
            ("dev", Column(2)),
            ("nexthops", Column(8)),
            ("src", Column(4)),
            ("metric", Column(3)),
            ("type", Column(5)),
            ("protocol", Column(7)),
            ("scope", Column(9)),
            ("table", Column(6)),
            ("flags", Column(11)),
            ("metrics", Column(10)),
            ("realms", Detail),
            ("nhid", Detail),
            ("pref", Detail),
            ("tos", Detail),
            ("from", Detail),
            ("iif", Detail),
            ("mark", Detail),
            ("uid", Detail),
            ("expires", Detail),
            ("family", Detail),
        ],
    },
    Shape {
        noun: "rule",
        marks: &["priority", "action", "table", "fwmark"],
        keys: &[
            ("priority", Column(0)),
            ("not", Column(5)),
            ("from", Column(1)),
            ("to", Column(2)),
            ("iif", Column(6)),
            ("oif", Column(7)),
            ("fwmark", Column(9)),
            // A mark without its mask is another one.
            ("fwmask", Seldom(8)),
            ("action", Column(3)),
            ("table", Column(4)),
            ("target", Column(10)),
            ("ipproto", Column(11)),
            ("sport", Column(12)),
            ("dport", Column(13)),
            ("uidrange", Column(14)),
            ("tos", Column(15)),
            ("suppress_prefixlength", Column(16)),
            ("l3mdev", Detail),
            ("tun_id", Detail),
            ("realms", Detail),
            ("suppress_ifgroup", Detail),
            ("protocol", Detail),
            ("flags", Detail),
            ("family", Column(17)),
        ],
    },
    Shape {
        noun: "forwarding entry",
        marks: &["mac", "link", "master", "state"],
        keys: &[
            ("mac", Column(0)),
            ("link", Column(1)),
            ("master", Column(2)),
            ("state", Column(3)),
            ("vlan", Column(4)),
            ("dst", Column(5)),
            ("vni", Column(6)),
            ("src_vni", Detail),
            ("port", Detail),
            ("via", Column(8)),
            ("flags", Column(7)),
            ("nhid", Detail),
            ("used", Detail),
            ("updated", Detail),
        ],
    },
    Shape {
        noun: "VLAN",
        marks: &["link", "vid", "pvid", "untagged"],
        keys: &[
            ("link", Column(0)),
            ("vid", Column(1)),
            ("pvid", Column(2)),
            ("untagged", Column(3)),
            ("tunnel", Detail),
            ("options", Detail),
            ("statistics", Detail),
        ],
    },
    Shape {
        noun: "network",
        marks: &["link", "vni", "group"],
        keys: &[
            ("link", Column(1)),
            ("vni", Column(0)),
            ("group", Column(2)),
            ("statistics", Detail),
        ],
    },
    Shape {
        noun: "membership",
        marks: &["bridge", "port", "group"],
        keys: &[
            ("bridge", Column(1)),
            ("port", Column(2)),
            ("group", Column(0)),
            ("src", Column(4)),
            ("state", Column(3)),
            ("vid", Column(5)),
            ("filter_mode", Detail),
            ("source_list", Detail),
            ("flags", Column(6)),
            ("timer", Detail),
            ("protocol", Detail),
            ("dst", Column(7)),
            ("dst_port", Detail),
            ("vni", Column(8)),
            ("src_vni", Detail),
            ("via", Detail),
        ],
    },
    Shape {
        noun: "problem",
        marks: &["seq", "message", "code"],
        keys: &[
            ("seq", Column(0)),
            ("from", Column(2)),
            ("message", Column(1)),
            ("type", Column(3)),
            ("code", Column(4)),
            ("mtu", Column(5)),
        ],
    },
    Shape {
        noun: "reply",
        marks: &["seq", "time"],
        keys: &[
            ("seq", Column(0)),
            ("from", Column(2)),
            ("bytes", Column(4)),
            ("ttl", Column(3)),
            ("time", Column(1)),
            ("duplicate", Column(5)),
        ],
    },
    Shape {
        noun: "measurement",
        marks: &["bits_per_second", "seconds"],
        keys: &[
            ("protocol", Column(1)),
            ("bits_per_second", Column(0)),
            ("bytes", Column(2)),
            ("seconds", Column(3)),
            ("streams", Column(9)),
            ("retransmits", Column(11)),
            ("sent", Column(7)),
            ("received", Column(8)),
            ("lost", Column(6)),
            ("loss", Column(4)),
            ("out_of_order", Column(10)),
            ("jitter", Column(5)),
        ],
    },
    Shape {
        noun: "measurement",
        marks: &["transmitted", "received"],
        keys: &[
            ("destination", Column(0)),
            ("transmitted", Column(3)),
            ("received", Column(2)),
            ("duplicates", Column(8)),
            ("loss", Column(1)),
            ("rtt_min", Column(5)),
            ("rtt_avg", Column(4)),
            ("rtt_max", Column(6)),
            ("rtt_mdev", Column(7)),
            ("time", Column(11)),
            ("errors", Column(10)),
            ("replies", Detail),
            ("problems", Detail),
        ],
    },
    Shape {
        noun: "packet",
        marks: &["line", "link", "time_ns", "bytes"],
        keys: &[
            ("time", Column(3)),
            ("netns", Column(2)),
            ("link", Column(1)),
            ("direction", Column(4)),
            ("rtt", Column(5)),
            ("line", Column(0)),
            ("length", Detail),
            ("checksum", Detail),
            ("comments", Detail),
            ("link_type", Detail),
            ("time_ns", Detail),
            ("packet", Detail),
            ("bytes", Detail),
        ],
    },
    Shape {
        noun: "error",
        marks: &["op", "errno"],
        keys: &[
            ("op", Column(1)),
            ("object", Column(2)),
            ("netns", Column(6)),
            ("errno", Column(3)),
            ("code", Column(5)),
            ("message", Column(0)),
            ("kernel", Column(7)),
            ("hint", Column(4)),
            ("argument", Column(8)),
        ],
    },
    Shape {
        noun: "result",
        marks: &["code", "stdout", "stderr"],
        keys: &[
            ("code", Column(0)),
            ("stdout", Column(1)),
            ("stderr", Column(2)),
        ],
    },
    // The order of `struct rtnl_link_stats64`, <linux/if_link.h>, one direction after the other.
    Shape {
        noun: "counter",
        marks: &["rx_packets", "tx_packets"],
        keys: &[
            ("rx_packets", Column(0)),
            ("rx_bytes", Column(2)),
            ("rx_errors", Column(4)),
            ("rx_dropped", Column(6)),
            ("tx_packets", Column(1)),
            ("tx_bytes", Column(3)),
            ("tx_errors", Column(5)),
            ("tx_dropped", Column(7)),
            ("multicast", Column(8)),
            ("collisions", Column(9)),
        ],
    },
    Shape {
        noun: "sandbox",
        marks: &["pid", "user", "namespaces"],
        keys: &[
            ("pid", Column(0)),
            ("user", Column(3)),
            ("age", Column(2)),
            ("runs", Column(1)),
            ("namespaces", Column(4)),
        ],
    },
    Shape {
        noun: "setting",
        marks: &["name", "value"],
        keys: &[("name", Column(0)), ("value", Column(1))],
    },
];

/// A column of a table.
#[derive(Debug, Clone, PartialEq)]
pub struct Heading<'a> {
    /// The key whose values stand in it.
    pub key: &'a str,
    /// 0 is the most important column.
    pub importance: usize,
}

/// How a list of maps is laid out.
#[derive(Debug, PartialEq)]
pub struct Plan<'a> {
    /// The columns, from left to right.
    pub columns: Vec<Heading<'a>>,
    /// Keys that the maps have and that a list does not show.
    pub detail: Vec<&'a str>,
    /// What one of the maps is called.
    pub noun: &'static str,
}

/// Lays out a list of these maps, which have these keys between them.
pub fn for_list<'a>(rows: &[&Map<String, Value>], keys: &BTreeSet<&'a str>) -> Plan<'a> {
    let shape = shape_of(|mark| keys.contains(mark));
    let is_empty = |key: &str| {
        let mut values = rows.iter().filter_map(|row| row.get(key));
        values.all(Value::is_null)
    };
    let (detail, shown): (Vec<&str>, Vec<&str>) = sorted(keys.iter().copied(), shape)
        .into_iter()
        .partition(|key| match rank(key, shape) {
            Some(Detail) => true,
            Some(Seldom(_)) => is_empty(key),
            _ => false,
        });
    if shown.is_empty() {
        return whole(keys);
    }
    Plan {
        columns: headings(shown, shape),
        detail,
        noun: shape.map_or("item", |shape| shape.noun),
    }
}

/// Lays out a list that is itself part of a detailed view: every key is a column.
pub fn whole<'a>(keys: &BTreeSet<&'a str>) -> Plan<'a> {
    let shape = shape_of(|mark| keys.contains(mark));
    Plan {
        columns: headings(sorted(keys.iter().copied(), shape), shape),
        detail: Vec::new(),
        noun: shape.map_or("item", |shape| shape.noun),
    }
}

/// The entries of a map in the order for people.
pub fn entries(map: &Map<String, Value>) -> Vec<(&str, &Value)> {
    let shape = shape_of(|mark| map.contains_key(mark));
    sorted(map.keys().map(String::as_str), shape)
        .into_iter()
        .filter_map(|key| map.get(key).map(|value| (key, value)))
        .collect()
}

fn shape_of(has: impl Fn(&str) -> bool) -> Option<&'static Shape> {
    SHAPES
        .iter()
        .find(|shape| shape.marks.iter().all(|mark| has(mark)))
}

fn rank(key: &str, shape: Option<&Shape>) -> Option<Rank> {
    let (_, rank) = shape?.keys.iter().find(|(name, _)| *name == key)?;
    Some(*rank)
}

/// Keys of the shape first, then those that any shape knows, then the rest by the alphabet.
fn sorted<'a>(keys: impl Iterator<Item = &'a str>, shape: Option<&Shape>) -> Vec<&'a str> {
    let place = |key: &str| {
        let own = shape.and_then(|shape| shape.keys.iter().position(|(name, _)| *name == key));
        let any = || {
            SHAPES
                .iter()
                .flat_map(|shape| shape.keys)
                .position(|(name, _)| *name == key)
        };
        match own {
            Some(place) => (0, place),
            None => any().map_or((2, 0), |place| (1, place)),
        }
    };
    let mut keys: Vec<&str> = keys.collect();
    keys.sort_by_cached_key(|key| (place(key), *key));
    keys
}

/// Keys that the shape does not rank are the less important the further right they stand.
fn headings<'a>(keys: Vec<&'a str>, shape: Option<&Shape>) -> Vec<Heading<'a>> {
    const UNRANKED: usize = 100;
    keys.into_iter()
        .enumerate()
        .map(|(place, key)| Heading {
            key,
            importance: match rank(key, shape) {
                Some(Column(importance) | Seldom(importance)) => importance,
                Some(Detail) | None => UNRANKED + place,
            },
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn shapes_are_whole_and_name_no_key_twice() {
        for shape in SHAPES {
            let names: BTreeSet<&str> = shape.keys.iter().map(|(name, _)| *name).collect();
            assert_eq!(names.len(), shape.keys.len(), "{}", shape.noun);
            assert!(
                shape.marks.iter().all(|mark| names.contains(mark)),
                "{}",
                shape.noun
            );
            let ranks: Vec<usize> = shape
                .keys
                .iter()
                .filter_map(|(_, rank)| match rank {
                    Column(importance) | Seldom(importance) => Some(*importance),
                    Detail => None,
                })
                .collect();
            let distinct: BTreeSet<usize> = ranks.iter().copied().collect();
            assert_eq!(distinct.len(), ranks.len(), "{}", shape.noun);
        }
    }

    #[test]
    fn detail_belongs_to_a_kind_and_not_to_a_word() {
        let plan = for_list(&[], &BTreeSet::from(["flags", "ip", "hw_address"]));
        assert!(plan.detail.is_empty());
        let rule = ["priority", "action", "table", "fwmark", "fwmask", "flags"];
        for (mask, detail) in [(json!(null), 2), (json!(15), 1)] {
            let rows = [
                json!({"fwmark": 2, "fwmask": null}),
                json!({"fwmark": 2, "fwmask": mask}),
            ];
            let rows: Vec<_> = rows.iter().filter_map(Value::as_object).collect();
            let plan = for_list(&rows, &BTreeSet::from(rule));
            assert_eq!(plan.detail.len(), detail, "{mask}");
        }
        let plan = for_list(
            &[],
            &BTreeSet::from(["flags", "name", "index", "mtu", "operstate"]),
        );
        assert_eq!(plan.detail, ["index", "flags"]);
        // A list that a script made of some keys of links shows what the script chose.
        let plan = for_list(&[], &BTreeSet::from(["flags", "name"]));
        assert!(plan.detail.is_empty());
    }

    #[test]
    fn known_keys_come_first_in_their_order() {
        let map = json!({"b": 1, "a": 1, "hint": 1, "message": 1, "errno": 1, "op": 1, "name": 1});
        let keys: Vec<&str> = map
            .as_object()
            .map(entries)
            .unwrap_or_default()
            .into_iter()
            .map(|(key, _)| key)
            .collect();
        assert_eq!(keys, ["op", "errno", "message", "hint", "name", "a", "b"]);
    }
}
