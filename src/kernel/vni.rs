//! The networks that an external VXLAN tunnel with `vnifilter` lets in (RTM_*TUNNEL, `struct tunnel_msg` and `VXLAN_VNIFILTER_*` of
//! linux/if_link.h; drivers/net/vxlan/vxlan_vnifilter.c).

use std::net::IpAddr;

use nix::errno::Errno;

use super::bridge_vlan::span;
use super::change::{Action, Change, Command, Names, Operation};
use super::error::{Error, Result};
use super::fdb::AF_BRIDGE;
use super::link;
use super::netlink::attributes::{self, Attribute, Attributes};
use super::netlink::{Message, Request};
use super::netns::Namespace;
use super::reason::{Reason, Refusal, listed};

const RTM_NEWTUNNEL: u16 = 120;
const RTM_DELTUNNEL: u16 = 121;
const RTM_GETTUNNEL: u16 = 122;

/// `struct tunnel_msg` is 8 bytes.
const HEADER: usize = 8;
/// `TUNNEL_MSG_FLAG_STATS`.
const WITH_STATS: u8 = 1;

const ENTRY: u16 = 1;
const START: u16 = 1;
const END: u16 = 2;
const GROUP: u16 = 3;
const GROUP6: u16 = 4;
const STATS: u16 = 5;

/// The largest number of a VXLAN network (RFC 7348).
pub const LAST_VNI: u32 = (1 << 24) - 1;

/// Counters of a network, by their names: `VNIFILTER_ENTRY_STATS_*` from 1 on.
pub const COUNTERS: [&str; 8] = [
    "rx_bytes",
    "rx_packets",
    "rx_dropped",
    "rx_errors",
    "tx_bytes",
    "tx_packets",
    "tx_dropped",
    "tx_errors",
];

/// Networks that a tunnel lets in, from the first to the last.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Vnis<L> {
    /// The tunnel.
    pub link: L,
    /// The first.
    pub first: u32,
    /// The last.
    pub last: u32,
    /// The group or the other end to which what is for all goes.
    pub group: Option<IpAddr>,
    /// What passed, by [`COUNTERS`].
    pub counters: [u64; 8],
}

fn header(flags: u8, index: u32) -> Vec<u8> {
    let mut body = vec![AF_BRIDGE, flags, 0, 0];
    body.extend(index.to_ne_bytes());
    body
}

/// The networks of all tunnels. None where the kernel has no such filter.
pub fn list(namespace: &Namespace) -> Result<Vec<Vnis<u32>>> {
    let question = Message {
        kind: RTM_GETTUNNEL,
        body: header(WITH_STATS, 0),
    };
    let each = |answer: super::netlink::Answer| read(&answer.bytes).map(Some);
    match namespace.route()?.dump(question, each) {
        // The module of VXLANs is not there, or older than 5.18.
        Err(Error::Refused {
            errno: Errno::EOPNOTSUPP,
            ..
        }) => Ok(Vec::new()),
        answers => Ok(answers?.into_iter().flatten().collect()),
    }
}

fn read(bytes: &[u8]) -> Result<Vec<Vnis<u32>>> {
    let Some((header, attributes)) = bytes.split_first_chunk::<HEADER>() else {
        return Err(Error::Unreadable("a tunnel without its header".into()));
    };
    let [_, _, _, _, i0, i1, i2, i3] = *header;
    let link = u32::from_ne_bytes([i0, i1, i2, i3]);
    let mut all = Vec::new();
    for attribute in attributes::read(attributes) {
        let attribute = attribute?;
        if attribute.kind == ENTRY {
            all.extend(entry(link, attribute)?);
        }
    }
    Ok(all)
}

fn entry(link: u32, attribute: Attribute) -> Result<Option<Vnis<u32>>> {
    let (mut first, mut last, mut group, mut counters) = (None, None, None, [0; 8]);
    for inner in attribute.nested() {
        let inner = inner?;
        match inner.kind {
            START => first = Some(inner.u32()?),
            END => last = Some(inner.u32()?),
            GROUP | GROUP6 => group = Some(inner.ip()?),
            STATS => {
                for counter in inner.nested() {
                    let counter = counter?;
                    let place = usize::from(counter.kind).checked_sub(1);
                    if let Some(place) = place.and_then(|at| counters.get_mut(at)) {
                        *place = counter.u64()?;
                    }
                }
            }
            _ => {}
        }
    }
    Ok(first.map(|first| Vnis {
        link,
        first,
        last: last.unwrap_or(first).clamp(first, LAST_VNI.max(first)),
        group: group.filter(|group| !group.is_unspecified()),
        counters,
    }))
}

impl Vnis<String> {
    fn request(&self, names: &dyn Names, kind: u16) -> Result<Action> {
        let mut attributes = Attributes::new();
        attributes.nest(ENTRY, |entry| {
            entry.u32(START, self.first);
            if self.last != self.first {
                entry.u32(END, self.last);
            }
            match self.group {
                Some(group) if group.is_ipv4() => {
                    entry.ip(GROUP, group);
                }
                Some(group) => {
                    entry.ip(GROUP6, group);
                }
                None => {}
            }
        });
        let mut body = header(0, names.link(&self.link)?);
        body.extend(attributes.as_bytes());
        Ok(Action::Route(vec![Request::new(Message { kind, body }, 0)]))
    }

    fn command(&self, verb: &str) -> Command {
        let mut command = Command {
            program: "bridge".into(),
            ..Command::ip(["vni", verb, "dev", &self.link])
        };
        command.with("vni", self.vnis());
        if let Some(group) = self.group {
            let word = if group.is_multicast() {
                "group"
            } else {
                "remote"
            };
            command.with(word, group);
        }
        command
    }

    fn vnis(&self) -> String {
        span(self.first, self.last)
    }

    /// Those of the tunnel that are there.
    fn there(&self, names: &dyn Names) -> Result<Vec<Vnis<u32>>> {
        let index = names.link(&self.link)?;
        let mut all = list(names.namespace())?;
        all.retain(|one| one.link == index);
        Ok(all)
    }

    /// The group of each network of the range that is there.
    fn groups(&self, names: &dyn Names) -> Result<Vec<Option<IpAddr>>> {
        let mut groups = Vec::new();
        for one in self.there(names)? {
            let (first, last) = (one.first.max(self.first), one.last.min(self.last));
            groups.extend((first..=last).map(|_| one.group));
        }
        Ok(groups)
    }

    /// The kernel takes a request for network 0 alone for one that names none.
    fn only_zero(&self, refusal: &Refusal) -> Option<Reason> {
        let is_it = refusal.errno == Errno::EINVAL && self.last == 0;
        is_it.then(|| {
            Reason::new("the kernel takes network 0 only together with others")
                .blame("vni")
                .hint("write a range: \"0-1\"")
        })
    }

    /// Why the link filters no networks.
    fn none(&self, refusal: &Refusal, names: &dyn Names) -> Option<Reason> {
        if !matches!(
            refusal.errno,
            Errno::EOPNOTSUPP | Errno::EINVAL | Errno::ENODEV
        ) {
            return None;
        }
        let index = names.link(&self.link).ok()?;
        let found = link::get_bare(names.namespace(), index).ok()?;
        let link = &self.link;
        if found.kind != "vxlan" {
            return Some(Reason::new(format!("{link} is no VXLAN tunnel")).blame("link"));
        }
        let words = format!("{link} does not filter networks");
        let hint = format!(
            "link_add({link:?}, \"vxlan\", #{{ external: true, vnifilter: true, dstport: 4789 }})"
        );
        (refusal.errno == Errno::EOPNOTSUPP).then(|| Reason::new(words).blame("link").hint(hint))
    }
}

/// Networks that a tunnel lets in. Like `bridge vni add`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct VniAdd {
    /// Which.
    pub vnis: Vnis<String>,
}

/// Networks that a tunnel lets in no more. Like `bridge vni del`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct VniDel {
    /// Which.
    pub vnis: Vnis<String>,
}

impl Operation for VniAdd {
    fn object(&self) -> String {
        self.vnis.link.clone()
    }

    fn links(&self) -> Vec<(&'static str, &str)> {
        vec![("link", &self.vnis.link)]
    }

    fn words(&self) -> String {
        format!("let network {} in at {}", self.vnis.vnis(), self.vnis.link)
    }

    fn action(&self, names: &dyn Names) -> Result<Action> {
        self.vnis.request(names, RTM_NEWTUNNEL)
    }

    fn command(&self) -> Command {
        self.vnis.command("add")
    }

    fn refusal(&self, refusal: &Refusal, names: &dyn Names) -> Option<Reason> {
        if refusal.errno == Errno::EEXIST {
            let words = format!(
                "another VXLAN tunnel on this port has network {}",
                self.vnis.vnis()
            );
            return Some(Reason::new(words).blame("vni"));
        }
        let none = self.vnis.none(refusal, names);
        none.or_else(|| self.vnis.only_zero(refusal))
    }

    fn inverse(&self, names: &dyn Names) -> Result<Option<Change>> {
        // What was there gets another group by it.
        if !self.vnis.groups(names)?.is_empty() {
            return Ok(None);
        }
        let vnis = Vnis {
            group: None,
            ..self.vnis.clone()
        };
        Ok(Some(VniDel { vnis }.into()))
    }
}

impl Operation for VniDel {
    fn object(&self) -> String {
        self.vnis.link.clone()
    }

    fn links(&self) -> Vec<(&'static str, &str)> {
        vec![("link", &self.vnis.link)]
    }

    fn words(&self) -> String {
        let (vnis, link) = (self.vnis.vnis(), &self.vnis.link);
        format!("let network {vnis} in at {link} no more")
    }

    fn action(&self, names: &dyn Names) -> Result<Action> {
        self.vnis.request(names, RTM_DELTUNNEL)
    }

    fn command(&self) -> Command {
        // The bridge of iproute2 6.1 knows only the whole word.
        self.vnis.command("delete")
    }

    fn refusal(&self, refusal: &Refusal, names: &dyn Names) -> Option<Reason> {
        if refusal.errno != Errno::ENOENT {
            let none = self.vnis.none(refusal, names);
            return none.or_else(|| self.vnis.only_zero(refusal));
        }
        let there = self.vnis.there(names).unwrap_or_default();
        let known: Vec<String> = there.iter().map(|one| span(one.first, one.last)).collect();
        let words = format!("{} has no such network", self.vnis.link);
        let reason = Reason::new(words).blame("vni");
        Some(match known.is_empty() {
            true => reason.hint("it has none at all"),
            false => reason.hint(format!("it has {}", listed(&known))),
        })
    }

    fn inverse(&self, names: &dyn Names) -> Result<Option<Change>> {
        let groups = self.vnis.groups(names)?;
        let count = self.vnis.last - self.vnis.first + 1;
        let Some(group) = groups.first().copied() else {
            return Ok(None);
        };
        let is_whole = groups.len() == count as usize && groups.iter().all(|one| *one == group);
        let vnis = Vnis {
            group,
            ..self.vnis.clone()
        };
        Ok(is_whole.then(|| VniAdd { vnis }.into()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn networks_are_read() {
        let mut attributes = Attributes::new();
        attributes.nest(ENTRY, |entry| {
            entry.u32(START, 10).u32(END, 12);
            entry.put(GROUP, &[239, 1, 1, 1]);
            entry.nest(STATS, |stats| {
                stats.u64(1, 100).u64(8, 3).u64(9, 5);
            });
        });
        let bytes = [header(0, 7), attributes.into_bytes()].concat();
        let found = read(&bytes).expect("networks");
        assert_eq!((found[0].link, found[0].first, found[0].last), (7, 10, 12));
        assert_eq!(found[0].group, "239.1.1.1".parse().ok());
        assert_eq!(found[0].counters, [100, 0, 0, 0, 0, 0, 0, 3]);
    }

    proptest! {
        #[test]
        fn no_bytes_are_a_panic(bytes: Vec<u8>) {
            let _ = read(&bytes);
            let _ = entry(1, Attribute { kind: ENTRY, value: &bytes });
        }
    }
}
