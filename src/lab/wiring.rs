//! How the links of all namespaces hang together, and how they did before something went while packets are followed.
//!
//! What is about to go is looked at before it does. Of what others take away (`ip link del`) it is known how it was at the beginning.

use std::cell::RefCell;
use std::collections::{BTreeMap, HashMap, HashSet};
use std::net::IpAddr;
use std::rc::Rc;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use crate::kernel::change::Change;
use crate::kernel::conntrack;
use crate::kernel::conntrack_filter::Filter;
use crate::kernel::kinds::{is_pair, is_stacked};
use crate::packet::identity::Tuple;

use super::Lab;
use super::journey::Place;
use super::journey::wiring::{Era, Wiring};
use super::netns::Netns;

/// How namespaces were, by their names, the earliest first.
pub(super) type Past = HashMap<String, Vec<Era>>;

/// How many links and addresses are remembered of all that was: a script may take away thousands, one after the other.
const MOST: usize = 100_000;

/// What is remembered for those who follow packets.
#[derive(Default)]
pub(super) struct Watched {
    past: Past,
    size: usize,
}

impl Watched {
    fn remember(&mut self, netns: &str, era: Era) {
        let addresses = era.wiring.addresses.values().map(|some| some.len());
        self.size += era.wiring.links.len() + addresses.sum::<usize>() + 1;
        if self.size <= MOST {
            self.past.entry(netns.to_owned()).or_default().push(era);
        }
    }
}

/// What a change takes away of what is known of a namespace.
struct Loss<'a> {
    links: Links<'a>,
    what: String,
    /// Whether the other ends go too.
    takes_peers: bool,
    /// Addresses, besides those of the links.
    addresses: Vec<IpAddr>,
}

/// Which links go.
enum Links<'a> {
    All,
    One(&'a str),
    /// It stays, and loses its addresses.
    Bare(&'a str),
    None,
}

impl Loss<'_> {
    /// Whether it is about this link.
    fn is_about(&self, link: &Place) -> bool {
        match self.links {
            Links::All => true,
            Links::One(name) | Links::Bare(name) => name == link.link,
            Links::None => false,
        }
    }

    /// Whether this link goes.
    fn takes(&self, link: &Place) -> bool {
        self.is_about(link) && !matches!(self.links, Links::Bare(_))
    }
}

impl Lab {
    /// How the links of all namespaces hang together now, with what was before. What can't be asked (a namespace that is gone) is left
    /// out.
    pub(super) fn wiring(&self, past: Past) -> Wiring {
        let mut all = Wiring::default();
        for netns in self.open_netns() {
            self.add_wiring(&netns, &mut all);
            self.add_translations(&netns, &mut all);
        }
        for era in past.values().flatten() {
            all.translations.extend(era.wiring.translations.clone());
        }
        all.past = past;
        all
    }

    /// Runs `work`, and remembers how namespaces were before something went in them.
    pub(super) fn watch_wiring<T>(&self, past: &mut Past, work: impl FnOnce() -> T) -> T {
        let watched = Rc::new(RefCell::new(Watched::default()));
        for netns in self.open_netns() {
            let mut wiring = Wiring::default();
            self.add_wiring(&netns, &mut wiring);
            let era = Era {
                until: Duration::ZERO,
                going: HashSet::new(),
                is_sure: false,
                what: String::new(),
                lost: HashSet::new(),
                wiring,
            };
            watched.borrow_mut().remember(netns.name(), era);
        }
        self.watched.borrow_mut().push(watched.clone());
        let value = work();
        let mut all = self.watched.borrow_mut();
        all.retain(|one| !Rc::ptr_eq(one, &watched));
        *past = std::mem::take(&mut watched.borrow_mut().past);
        value
    }

    /// Looks once more at what is about to go in a namespace.
    pub(super) fn remember_wiring(&self, netns: &Rc<Netns>, change: &Change) {
        let watched = self.watched.borrow().clone();
        let Some(loss) = loss(change).filter(|_| !watched.is_empty()) else {
            return;
        };
        let of = match change {
            Change::NetnsDel(del) => self.netns(&del.name),
            _ => Ok(netns.clone()),
        };
        let Ok(netns) = of else {
            return;
        };
        let netns = &netns;
        let mut wiring = Wiring::default();
        self.add_wiring(netns, &mut wiring);
        if matches!(change, Change::NetnsDel(_)) {
            self.add_translations(netns, &mut wiring);
        }
        let links = wiring.links.iter().filter(|link| loss.takes(link));
        let mut going: HashSet<Place> = links.cloned().collect();
        let mut peers: BTreeMap<String, HashSet<Place>> = BTreeMap::new();
        if loss.takes_peers {
            for there in going
                .clone()
                .iter()
                .filter_map(|link| wiring.peers.get(link))
            {
                let ends = match there.netns == netns.name() {
                    true => &mut going,
                    false => peers.entry(there.netns.clone()).or_default(),
                };
                ends.insert(there.clone());
            }
        }
        let is_sure = matches!(change, Change::NetnsDel(_));
        let until = SystemTime::now().duration_since(UNIX_EPOCH);
        let until = until.unwrap_or_default();
        let remember = |netns: &str, era: &Era| {
            for one in &watched {
                one.borrow_mut().remember(netns, era.clone());
            }
        };
        for (peer, ends) in peers {
            let Ok(there) = self.netns(&peer) else {
                continue;
            };
            let mut wiring = Wiring::default();
            self.add_wiring(&there, &mut wiring);
            let era = Era {
                until,
                lost: held(&wiring, |link| ends.contains(link)).collect(),
                going: ends,
                is_sure,
                what: "is deleted with its other end".into(),
                wiring,
            };
            remember(&peer, &era);
        }
        let lost = held(&wiring, |link| loss.is_about(link) || going.contains(link));
        let era = Era {
            until,
            lost: lost.chain(loss.addresses.iter().copied()).collect(),
            going,
            is_sure,
            what: loss.what,
            wiring,
        };
        remember(netns.name(), &era);
    }

    fn add_wiring(&self, netns: &Rc<Netns>, wiring: &mut Wiring) {
        let name = netns.name().to_owned();
        let Ok(Ok(links)) = self.within(netns, || self.links()) else {
            return;
        };
        let own = wiring.addresses.entry(name.clone()).or_default();
        for named in links {
            let addresses = named.link.addresses.iter();
            let addresses: Vec<IpAddr> = addresses.map(|addr| addr.local.address).collect();
            own.extend(&addresses);
            let broadcasts = named.link.addresses.iter();
            own.extend(broadcasts.filter_map(|addr| addr.broadcast.map(IpAddr::V4)));
            let place = |link: &str| Place {
                netns: name.clone(),
                link: link.to_owned(),
            };
            let here = place(&named.link.name);
            wiring.links.insert(here.clone());
            wiring.indices.insert(here.clone(), named.link.index);
            if !addresses.is_empty() {
                wiring.held.insert(here.clone(), addresses);
            }
            if let Some(mac) = named.link.mac.filter(|_| named.link.kind != "loopback") {
                wiring.macs.insert(here.clone(), mac.bytes());
            }
            if is_stacked(&named.link.kind) {
                wiring.stacked.insert(here.clone());
            }
            if let Some(lower) = named.lower.filter(|_| is_pair(&named.link.kind)) {
                let netns = named.lower_netns.unwrap_or_else(|| name.clone());
                let there = Place { netns, link: lower };
                wiring.peers.insert(here, there);
            }
        }
    }

    fn add_translations(&self, netns: &Rc<Netns>, wiring: &mut Wiring) {
        let Ok(namespace) = netns.namespace() else {
            return;
        };
        // Where there is no connection tracking there are no translations.
        for entry in conntrack::list(&namespace, &Filter::default()).unwrap_or_default() {
            let [original, reply] = [&entry.original, &entry.reply].map(tuple_of);
            let translations = &mut wiring.translations;
            translations.note(netns.name(), original, reply.turned());
            translations.note(netns.name(), reply, original.turned());
        }
    }
}

/// The addresses of some links.
fn held(wiring: &Wiring, is_meant: impl Fn(&Place) -> bool) -> impl Iterator<Item = IpAddr> {
    let held = wiring.held.iter();
    held.filter(move |(link, _)| is_meant(link))
        .flat_map(|(_, addresses)| addresses.iter().copied())
}

/// What a change takes away, if it does.
fn loss(change: &Change) -> Option<Loss<'_>> {
    let of = |links, what: &str| Loss {
        links,
        what: what.into(),
        takes_peers: false,
        addresses: Vec::new(),
    };
    Some(match change {
        Change::LinkDel(del) => Loss {
            takes_peers: true,
            ..of(Links::One(&del.name), "is deleted")
        },
        Change::TuntapDel(del) => of(Links::One(&del.name), "is deleted"),
        Change::NetnsDel(_) => Loss {
            takes_peers: true,
            ..of(Links::All, "is deleted with its namespace")
        },
        Change::LinkSet(set) => match (&set.netns, &set.name) {
            (Some(netns), Some(name)) => of(
                Links::One(&set.link),
                &format!("is moved to {netns} as {name}"),
            ),
            (Some(netns), None) => of(Links::One(&set.link), &format!("is moved to {netns}")),
            (None, Some(name)) => of(Links::One(&set.link), &format!("is renamed to {name}")),
            (None, None) if set.mac.is_some() => of(Links::None, ""),
            (None, None) => return None,
        },
        Change::AddrDel(del) => Loss {
            addresses: vec![del.local.address],
            ..of(Links::None, "")
        },
        Change::AddrFlush(flush) => of(Links::Bare(&flush.link), ""),
        _ => return None,
    })
}

/// A tuple as packets have it.
fn tuple_of(tuple: &conntrack::Tuple) -> Tuple {
    Tuple {
        source: tuple.src,
        destination: tuple.dst,
        sport: tuple.sport.or(tuple.icmp.id),
        dport: tuple.dport.or(tuple.icmp.id),
    }
}
