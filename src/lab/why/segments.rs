//! The wires between the links of all namespaces: what a frame that leaves by a link can come to through cables, bridges and VXLANs,
//! whatever state they are in.

use std::collections::{HashSet, VecDeque};

use crate::kernel::kinds::is_pair;
use crate::kernel::options::Setting;

use super::super::journey::Place;
use super::super::links::NamedLink;
use super::state::{State, setting};

/// The number of a VLAN link.
pub(super) fn vlan_id(named: &NamedLink) -> Option<u16> {
    match setting(named, "id") {
        Some(Setting::Number(id)) if named.link.kind == "vlan" => id.try_into().ok(),
        _ => None,
    }
}

/// The number of a VXLAN.
pub(super) fn vxlan_id(named: &NamedLink) -> Option<u64> {
    match setting(named, "id") {
        Some(Setting::Number(id)) if named.link.kind == "vxlan" => Some(id),
        _ => None,
    }
}

impl State<'_> {
    /// The link with a hardware address. A bridge has that of one of its ports: what is no port goes first.
    pub(super) fn with_mac(&self, mac: [u8; 6]) -> Option<Place> {
        let places = self.spaces.iter().flat_map(|space| {
            let links = space.links.iter().filter(move |named| {
                named.link.kind != "loopback"
                    && named.link.mac.is_some_and(|own| own.bytes() == mac)
            });
            links.map(|named| space.place(&named.link.name))
        });
        places.min_by_key(|place| self.is_port(place))
    }

    /// The other end of a cable.
    pub(super) fn peer(&self, place: &Place) -> Option<Place> {
        let named = self.link(place)?;
        let link = named.lower.clone().filter(|_| is_pair(&named.link.kind))?;
        let netns = named.lower_netns.clone();
        Some(Place {
            netns: netns.unwrap_or_else(|| place.netns.clone()),
            link,
        })
    }

    /// The link whose cable a link uses: that below, of a VLAN.
    pub(super) fn bottom(&self, place: &Place) -> Place {
        let named = self.link(place).filter(|named| vlan_id(named).is_some());
        match named.and_then(|named| named.lower.clone()) {
            Some(link) => Place {
                link,
                netns: place.netns.clone(),
            },
            None => place.clone(),
        }
    }

    /// The links that a frame which leaves by this one can come to: through cables and bridges, whatever state they are in. Ports
    /// are left out, bridges are in. A bridge that looks at VLANs may take a tag off, or put one on.
    pub(super) fn segment(&self, from: &Place) -> Vec<Place> {
        let (reached, bridges) = self.wire(&self.bottom(from));
        let filtered = bridges.iter().any(|bridge| self.filters(bridge));
        let id = self.link(from).and_then(vlan_id);
        let mut segment = Vec::new();
        for place in reached {
            let same = self
                .vlans_on(&place)
                .filter(|(of, _)| id.map_or(filtered, |id| id == *of));
            segment.extend(same.map(|(_, vlan)| vlan));
            if id.is_none() || filtered {
                segment.push(place);
            }
        }
        segment
    }

    /// The VLANs of a link, each with its number.
    pub(super) fn vlans_on(&self, place: &Place) -> impl Iterator<Item = (u16, Place)> {
        let spaces = self.space(&place.netns).into_iter();
        spaces.flat_map(move |space| {
            let links = space.links.iter();
            let own = links.filter(|named| named.lower.as_deref() == Some(&place.link));
            own.filter_map(|named| Some((vlan_id(named)?, space.place(&named.link.name))))
        })
    }

    /// The links at the other ends of the wire of a link, and the bridges between.
    fn wire(&self, from: &Place) -> (Vec<Place>, Vec<Place>) {
        let (mut reached, mut bridges) = (Vec::new(), Vec::new());
        let mut known: HashSet<Place> = HashSet::from([from.clone()]);
        let mut next: VecDeque<Place> = VecDeque::new();
        next.extend(self.across(from));
        // A bridge sends out of its ports.
        next.extend(self.ports(from));
        while let Some(place) = next.pop_front() {
            if !known.insert(place.clone()) {
                continue;
            }
            let Some(named) = self.link(&place) else {
                continue;
            };
            let Some(master) = named.master.as_ref().filter(|_| self.is_port(&place)) else {
                reached.push(place);
                continue;
            };
            let bridge = Place {
                netns: place.netns.clone(),
                link: master.clone(),
            };
            for port in self.ports(&bridge) {
                known.insert(port.clone());
                next.extend(self.across(&port));
            }
            bridges.push(bridge.clone());
            next.push_back(bridge);
        }
        (reached, bridges)
    }

    /// Where a frame comes out that leaves by a link: the other end, or the other ends of a VXLAN.
    fn across(&self, place: &Place) -> Vec<Place> {
        let mut there = self.same_vxlan(place);
        there.extend(self.peer(place));
        there
    }

    /// The ports of a bridge.
    pub(super) fn ports(&self, bridge: &Place) -> Vec<Place> {
        let Some(space) = self.space(&bridge.netns) else {
            return Vec::new();
        };
        let is_bridge = space
            .link(&bridge.link)
            .is_some_and(|named| named.link.kind == "bridge");
        let links = space.links.iter();
        links
            .filter(|named| is_bridge && named.master.as_deref() == Some(&bridge.link))
            .map(|named| space.place(&named.link.name))
            .collect()
    }

    /// Whether a link is a port of a bridge.
    pub(super) fn is_port(&self, place: &Place) -> bool {
        self.bridge_of(place).is_some()
    }

    /// The bridge that a link is a port of.
    pub(super) fn bridge_of(&self, place: &Place) -> Option<Place> {
        let space = self.space(&place.netns)?;
        let master = space.link(&place.link)?.master.as_ref()?;
        let is_bridge = space.link(master)?.link.kind == "bridge";
        is_bridge.then(|| space.place(master))
    }

    /// Whether a bridge looks at VLANs.
    pub(super) fn filters(&self, bridge: &Place) -> bool {
        let filtering = self
            .link(bridge)
            .and_then(|named| setting(named, "vlan_filtering"));
        filtering == Some(Setting::Switch(true))
    }

    /// The other links of the same VXLAN.
    pub(super) fn same_vxlan(&self, place: &Place) -> Vec<Place> {
        let Some(id) = self.link(place).and_then(vxlan_id) else {
            return Vec::new();
        };
        let places = self.spaces.iter().flat_map(|space| {
            let links = space.links.iter();
            links
                .filter(move |named| vxlan_id(named) == Some(id))
                .map(|named| space.place(&named.link.name))
        });
        places.filter(|other| other != place).collect()
    }
}
