//! The links, addresses, neighbours and settings of all namespaces of the lab, as they are after the probe.

use std::collections::HashMap;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::rc::Rc;

use crate::kernel::addr::Addr;
use crate::kernel::cidr::Cidr;
use crate::kernel::listeners;
use crate::kernel::neigh::{self, Neighbour, Which};
use crate::kernel::netns_change::HOME;
use crate::kernel::options::Setting;
use crate::kernel::route::Route;
use crate::kernel::route_filter;
use crate::kernel::route_question::Question;
use crate::kernel::sysctl::{self, Key};

use super::super::Lab;
use super::super::failure::Outcome;
use super::super::journey::Place;
use super::super::links::NamedLink;
use super::super::netns::Netns;
use super::probe::Protocol;

/// How many packets the disciplines of each link have dropped.
pub(super) type Losses = HashMap<Place, u64>;

/// All namespaces.
pub(super) struct State<'a> {
    pub(super) lab: &'a Lab,
    pub(super) spaces: Vec<Space<'a>>,
    /// The namespace that the probe is from.
    pub(super) from: String,
    /// The namespace in which verbs act.
    current: String,
    before: Losses,
    now: Losses,
}

/// A namespace.
pub(super) struct Space<'a> {
    lab: &'a Lab,
    pub(super) netns: Rc<Netns>,
    pub(super) links: Vec<NamedLink>,
}

/// What all links have lost so far.
pub(super) fn losses(lab: &Lab) -> Losses {
    let mut losses = Losses::new();
    for netns in lab.open_netns() {
        let listed = lab.within(&netns, || lab.qdiscs(None));
        let Ok(Ok(qdiscs)) = listed else { continue };
        for (link, qdisc) in qdiscs {
            let place = Place {
                netns: netns.name().to_owned(),
                link,
            };
            *losses.entry(place).or_default() += u64::from(qdisc.statistics.drops);
        }
    }
    losses
}

impl<'a> State<'a> {
    pub(super) fn gather(lab: &'a Lab, from: &str, before: Losses) -> Self {
        let space = |netns: Rc<Netns>| {
            let links = lab.within(&netns, || lab.links()).ok()?.ok()?;
            Some(Space { lab, netns, links })
        };
        State {
            lab,
            spaces: lab.open_netns().into_iter().filter_map(space).collect(),
            from: from.to_owned(),
            current: lab.current().name().to_owned(),
            before,
            now: losses(lab),
        }
    }

    /// How many packets the disciplines of a link dropped while the probe was under way.
    pub(super) fn lost_at(&self, place: &Place) -> u64 {
        let of = |losses: &Losses| losses.get(place).copied().unwrap_or(0);
        of(&self.now).saturating_sub(of(&self.before))
    }

    pub(super) fn space(&self, netns: &str) -> Option<&Space<'a>> {
        self.spaces.iter().find(|space| space.name() == netns)
    }

    pub(super) fn link(&self, place: &Place) -> Option<&NamedLink> {
        self.space(&place.netns)?.link(&place.link)
    }

    /// Who has an address.
    pub(super) fn owners(&self, address: IpAddr) -> Vec<(&Space<'a>, &NamedLink)> {
        let spaces = self.spaces.iter();
        let links = spaces.flat_map(|space| space.links.iter().map(move |link| (space, link)));
        links
            .filter(|(_, named)| {
                let mut own = named.link.addresses.iter();
                own.any(|addr| addr.local.address == address)
            })
            .collect()
    }

    /// An address of a network that nobody has.
    pub(super) fn free_address(&self, near: &Cidr) -> Option<IpAddr> {
        let after = |address: IpAddr| -> Option<IpAddr> {
            Some(match address {
                IpAddr::V4(address) => Ipv4Addr::from(u32::from(address).checked_add(1)?).into(),
                IpAddr::V6(address) => Ipv6Addr::from(u128::from(address).checked_add(1)?).into(),
            })
        };
        let mut next = after(near.address)?;
        for _ in 0..1024 {
            if self.owners(next).is_empty() && holds(near, next) {
                return Some(next);
            }
            next = after(next)?;
        }
        None
    }

    /// A line of a script that acts in a namespace, wherever the line is run: a method of a namespace asks there and answers here.
    pub(super) fn line(&self, netns: &str, verb: &str) -> String {
        match netns == self.current && netns == HOME {
            true => verb.to_owned(),
            false => format!("netns_get({netns:?}).{verb}"),
        }
    }
}

impl Space<'_> {
    /// Where somebody listens; None where it can't be read, and of what knows no ports.
    pub(super) fn listeners(&self, protocol: Protocol) -> Option<Vec<SocketAddr>> {
        let protocol = match protocol {
            Protocol::Icmp => return None,
            Protocol::Tcp(_) => listeners::Protocol::Tcp,
            Protocol::Udp(_) => listeners::Protocol::Udp,
        };
        let namespace = self.netns.namespace().ok()?;
        listeners::listeners(&namespace, protocol).ok()
    }

    pub(super) fn name(&self) -> &str {
        self.netns.name()
    }

    /// The namespace in words.
    pub(super) fn words(&self) -> String {
        match self.name() {
            HOME => "the home namespace".into(),
            name => name.into(),
        }
    }

    pub(super) fn place(&self, link: &str) -> Place {
        Place {
            netns: self.name().to_owned(),
            link: link.to_owned(),
        }
    }

    pub(super) fn link(&self, name: &str) -> Option<&NamedLink> {
        self.links.iter().find(|named| named.link.name == name)
    }

    /// Its addresses, each with the name of its link.
    pub(super) fn addresses(&self) -> impl Iterator<Item = (&str, &Addr)> {
        self.links.iter().flat_map(|named| {
            let own = named.link.addresses.iter();
            own.map(|addr| (named.link.name.as_str(), addr))
        })
    }

    pub(super) fn has(&self, address: IpAddr) -> bool {
        self.addresses()
            .any(|(_, addr)| addr.local.address == address)
    }

    /// The address of a link in the network of another address.
    pub(super) fn address_near(&self, link: &str, other: IpAddr) -> Option<Cidr> {
        let own = self.link(link)?.link.addresses.iter();
        let mut near = own.filter(|addr| holds(&addr.local, other));
        near.next().map(|addr| addr.local)
    }

    pub(super) fn sysctl(&self, name: &str) -> Option<String> {
        let key = Key::parse(name).ok()?;
        sysctl::get(&*self.netns.namespace().ok()?, &key).ok()
    }

    /// A sysctl of a link: a dot in the name of the link is a slash there.
    pub(super) fn conf(&self, family: &str, link: &str, last: &str) -> (String, Option<String>) {
        let name = format!("net.{family}.conf.{}.{last}", link.replace('.', "/"));
        let value = self.sysctl(&name);
        (name, value)
    }

    /// Whether it passes on packets of this family that come in by this link.
    pub(super) fn forwards(&self, is_ipv4: bool, link: &str) -> bool {
        let value = match is_ipv4 {
            true => self.conf("ipv4", link, "forwarding").1,
            false => self.sysctl("net.ipv6.conf.all.forwarding"),
        };
        value.is_none_or(|value| value != "0")
    }

    pub(super) fn neighbours(&self) -> Vec<Neighbour> {
        let namespace = self.netns.namespace();
        namespace
            .and_then(|there| neigh::list(&there, Which::Asked))
            .unwrap_or_default()
    }

    pub(super) fn neighbour(&self, link: &str, address: IpAddr) -> Option<Neighbour> {
        let index = self.link(link)?.link.index;
        let mut list = self.neighbours().into_iter();
        list.find(|one| one.index == index && one.address == address)
    }

    /// The way of a packet, with the name of the link that it leaves by.
    pub(super) fn way(&self, question: &Question<String>) -> Outcome<Way> {
        let asked = self.lab.within(&self.netns, || self.lab.route_to(question));
        let asked = asked.map_err(|error| self.lab.explain_question("ask for the way", &error))?;
        let (route, listed) = asked?;
        let hop = route.hops.first();
        Ok(Way {
            via: hop.and_then(|hop| hop.via),
            link: hop
                .and_then(|hop| hop.link)
                .and_then(|index| listed.links.get(&index).cloned()),
            route,
        })
    }

    pub(super) fn routes(&self, filter: &route_filter::Filter) -> Vec<Route<u32>> {
        let namespace = self.netns.namespace();
        namespace
            .and_then(|there| route_filter::list(&there, filter))
            .unwrap_or_default()
    }
}

/// The way of a packet.
pub(super) struct Way {
    pub(super) via: Option<IpAddr>,
    pub(super) link: Option<String>,
    pub(super) route: Route<u32>,
}

/// Whether an address lies in a network.
pub(super) fn holds(network: &Cidr, address: IpAddr) -> bool {
    let host = Cidr {
        address,
        prefix: Cidr::bits(address),
    };
    network.address.is_ipv4() == address.is_ipv4()
        && network.prefix > 0
        && network.shares_network(&Cidr {
            prefix: network.prefix,
            ..host
        })
}

/// A setting of a link as a port, as `link_get` gives it.
pub(super) fn port_setting(named: &NamedLink, key: &str) -> Option<Setting> {
    let mut port = named.port.iter();
    port.find(|(row, _)| row.key == key)
        .map(|(_, setting)| setting.clone())
}

/// A setting of a link's kind.
pub(super) fn setting(named: &NamedLink, key: &str) -> Option<Setting> {
    let mut settings = named.settings.iter();
    settings
        .find(|(row, _)| row.key == key)
        .map(|(_, setting)| setting.clone())
}
