//! Links as scripts see them.

use netlink_packet_route::link::Stats64;
use rhai::{Dynamic, ImmutableString, Map};

use crate::kernel::kinds::is_pair;
use crate::lab::links::NamedLink;

use super::addr::AddrMaps;
use super::rows::{Rows, Words, text};
use super::settings;
use super::value::{array, array_of_maps, counter, maybe};

/// A link as scripts see it.
pub(super) fn link_map(named: NamedLink) -> Map {
    LinkMaps::default().one(named)
}

/// Makes maps of links.
#[derive(Default)]
pub(super) struct LinkMaps {
    words: Words,
    links: Rows,
    counters: Rows,
    settings: Rows,
    ports: Rows,
    properties: Rows,
    addresses: AddrMaps,
}

impl LinkMaps {
    /// The map of one.
    pub(super) fn one(&mut self, named: NamedLink) -> Map {
        let NamedLink {
            link,
            master,
            lower,
            lower_netns,
            settings,
            port,
        } = named;
        let is_pair = is_pair(&link.kind);
        let (peer, parent) = if is_pair {
            (lower, None)
        } else {
            (None, lower)
        };
        let name: ImmutableString = link.name.into();
        let addresses = link.addresses.iter();
        let addresses = addresses.map(|addr| self.addresses.one(name.clone(), addr));
        let flags = array(link.flags.iter().map(|flag| self.words.get(flag)));
        let statistics = link
            .statistics
            .map(|it| statistics_map(&mut self.counters, it));
        self.links.map([
            ("addresses", array_of_maps(addresses).into()),
            ("alias", maybe(link.alias)),
            ("altnames", array(link.altnames).into()),
            ("carrier", link.carrier.into()),
            ("flags", flags.into()),
            ("group", i64::from(link.group).into()),
            ("index", i64::from(link.index).into()),
            ("kind", link.kind.into()),
            ("mac", maybe(link.mac.map(text))),
            ("master", maybe(master)),
            ("mtu", i64::from(link.mtu).into()),
            ("name", name.into()),
            ("operstate", self.words.get(link.operstate)),
            ("parent", maybe(parent)),
            ("peer", maybe(peer)),
            ("peer_netns", maybe(lower_netns)),
            ("port", settings::given(port, &mut self.ports)),
            ("promisc", (link.promiscuity > 0).into()),
            (
                "properties",
                settings::given(link.properties, &mut self.properties),
            ),
            ("qdisc", link.qdisc.into()),
            ("settings", settings::given(settings, &mut self.settings)),
            ("state", self.words.get(if link.up { "up" } else { "down" })),
            (
                "statistics",
                statistics.map_or(Dynamic::UNIT, Dynamic::from_map),
            ),
            ("txqueuelen", i64::from(link.txqueuelen).into()),
        ])
    }
}

fn statistics_map(rows: &mut Rows, statistics: Stats64) -> Map {
    rows.map([
        ("collisions", counter(statistics.collisions)),
        ("multicast", counter(statistics.multicast)),
        ("rx_bytes", counter(statistics.rx_bytes)),
        ("rx_dropped", counter(statistics.rx_dropped)),
        ("rx_errors", counter(statistics.rx_errors)),
        ("rx_packets", counter(statistics.rx_packets)),
        ("tx_bytes", counter(statistics.tx_bytes)),
        ("tx_dropped", counter(statistics.tx_dropped)),
        ("tx_errors", counter(statistics.tx_errors)),
        ("tx_packets", counter(statistics.tx_packets)),
    ])
}
