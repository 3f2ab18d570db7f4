//! The VLANs of a bridge's ports and of the bridge itself (RTM_SETLINK, RTM_DELLINK and RTM_GETLINK with AF_BRIDGE;
//! `struct bridge_vlan_info` of linux/if_bridge.h, net/bridge/br_netlink.c).

use nix::errno::Errno;

use super::bridge_port;
use super::change::{Action, Change, Command, Names, Operation};
use super::error::{Error, Result};
use super::fdb::AF_BRIDGE;
use super::link;
use super::netlink::attributes::{self, Attribute, Attributes};
use super::netlink::{Message, Request};
use super::netns::Namespace;
use super::reason::{Reason, Refusal, listed};

const RTM_DELLINK: u16 = 17;
const RTM_GETLINK: u16 = 18;
pub(super) const RTM_SETLINK: u16 = 19;

/// `struct ifinfomsg` is 16 bytes.
const HEADER: usize = 16;

const IFLA_AF_SPEC: u16 = 26;
const IFLA_EXT_MASK: u16 = 29;
/// `RTEXT_FILTER_BRVLAN` of linux/rtnetlink.h.
const RTEXT_FILTER_BRVLAN: u32 = 2;

const IFLA_BRIDGE_FLAGS: u16 = 0;
const IFLA_BRIDGE_VLAN_INFO: u16 = 2;
const IFLA_BRIDGE_VLAN_TUNNEL_INFO: u16 = 3;

/// `IFLA_BRIDGE_VLAN_TUNNEL_*`.
const TUNNEL_ID: u16 = 1;
const TUNNEL_VID: u16 = 2;
const TUNNEL_FLAGS: u16 = 3;

/// `BRIDGE_FLAGS_*`.
const MASTER: u16 = 1;
const SELF: u16 = 2;

/// `BRIDGE_VLAN_INFO_*`.
const PVID: u16 = 2;
const UNTAGGED: u16 = 4;
const RANGE_BEGIN: u16 = 8;
const RANGE_END: u16 = 16;

/// VLANs have numbers from 1 to here (IEEE 802.1Q keeps 0 and 4095).
pub const LAST_VID: u16 = 4094;

/// A VLAN of a port.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Vlan {
    /// The port, or the bridge itself.
    pub link: u32,
    /// Its number.
    pub vid: u16,
    /// Whether frames that come in without a tag are of it.
    pub pvid: bool,
    /// Whether its frames leave without a tag.
    pub untagged: bool,
    /// The network of a tunnel that it is mapped to.
    pub tunnel: Option<u32>,
}

/// A link as a part of a bridge (`struct ifinfomsg`).
pub(super) fn header(index: u32) -> Vec<u8> {
    let mut body = vec![AF_BRIDGE, 0, 0, 0];
    body.extend(index.to_ne_bytes());
    body.extend([0; 8]);
    body
}

/// All VLANs of a namespace's bridges and their ports.
pub fn list(namespace: &Namespace) -> Result<Vec<Vlan>> {
    let mut body = header(0);
    let mut attributes = Attributes::new();
    attributes.u32(IFLA_EXT_MASK, RTEXT_FILTER_BRVLAN);
    body.extend(attributes.as_bytes());
    let kind = RTM_GETLINK;
    let read = |answer: super::netlink::Answer| read(&answer.bytes).map(Some);
    let lists = namespace.route()?.dump(Message { kind, body }, read)?;
    Ok(lists.into_iter().flatten().collect())
}

fn read(bytes: &[u8]) -> Result<Vec<Vlan>> {
    let Some((header, attributes)) = bytes.split_first_chunk::<HEADER>() else {
        return Err(Error::Unreadable("a port without its header".into()));
    };
    let [_, _, _, _, i0, i1, i2, i3, ..] = *header;
    let link = u32::from_ne_bytes([i0, i1, i2, i3]);
    let mut vlans = Vec::new();
    let Some(spec) = attributes::find(attributes, IFLA_AF_SPEC) else {
        return Ok(vlans);
    };
    let (mut begin, mut first_tunnel) = (None, None);
    let mut tunnels = Vec::new();
    for attribute in spec.nested() {
        let attribute = attribute?;
        match attribute.kind {
            IFLA_BRIDGE_VLAN_INFO => {
                let Some(&[f0, f1, v0, v1]) = attribute.value.first_chunk::<4>() else {
                    continue;
                };
                let (flags, vid) = (u16::from_ne_bytes([f0, f1]), u16::from_ne_bytes([v0, v1]));
                if flags & RANGE_BEGIN != 0 {
                    begin = Some(vid);
                    continue;
                }
                let first = begin.take().unwrap_or(vid);
                vlans.extend((first..=vid.min(LAST_VID)).map(|vid| Vlan {
                    link,
                    vid,
                    pvid: flags & PVID != 0,
                    untagged: flags & UNTAGGED != 0,
                    tunnel: None,
                }));
            }
            IFLA_BRIDGE_VLAN_TUNNEL_INFO => {
                let Some((flags, vid, id)) = tunnel(attribute)? else {
                    continue;
                };
                if flags & RANGE_BEGIN != 0 {
                    first_tunnel = Some((vid, id));
                    continue;
                }
                let (first, id) = first_tunnel.take().unwrap_or((vid, id));
                tunnels.push((first, vid, id));
            }
            _ => {}
        }
    }
    for vlan in &mut vlans {
        let of_it = |(first, last, _): &&(u16, u16, u32)| (*first..=*last).contains(&vlan.vid);
        let found = tunnels.iter().find(of_it);
        vlan.tunnel = found.map(|(first, _, id)| id.saturating_add((vlan.vid - first).into()));
    }
    Ok(vlans)
}

/// The flags of a mapping, its VLAN and the network of the tunnel.
fn tunnel(attribute: Attribute) -> Result<Option<(u16, u16, u32)>> {
    let (mut flags, mut vid, mut id) = (0, None, None);
    for attribute in attribute.nested() {
        let attribute = attribute?;
        match attribute.kind {
            TUNNEL_ID => id = Some(attribute.u32()?),
            TUNNEL_VID => vid = Some(attribute.u16()?),
            TUNNEL_FLAGS => flags = attribute.u16()?,
            _ => {}
        }
    }
    Ok(vid.zip(id).map(|(vid, id)| (flags, vid, id)))
}

/// VLANs of a port, from the first to the last.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Range {
    /// The port, or the bridge itself.
    pub link: String,
    /// The first.
    pub first: u16,
    /// The last.
    pub last: u16,
    /// Whether frames that come in without a tag are of it.
    pub pvid: bool,
    /// Whether their frames leave without a tag.
    pub untagged: bool,
    /// Whether the link is the bridge itself.
    pub is_bridge: bool,
    /// Whether the port's bridge is meant, said out loud.
    pub master: bool,
    /// The network of a tunnel that the first is mapped to, the next to the next: it is these that are made or removed, and the
    /// VLANs stay as they are (br_process_vlan_tunnel_info).
    pub tunnel: Option<u32>,
}

impl Range {
    fn request(&self, names: &dyn Names, kind: u16) -> Result<Action> {
        let mut flags = 0;
        for (is_set, flag) in [(self.pvid, PVID), (self.untagged, UNTAGGED)] {
            flags |= if is_set { flag } else { 0 };
        }
        let mut attributes = Attributes::new();
        attributes.nest(IFLA_AF_SPEC, |spec| {
            let whose = [(self.is_bridge, SELF), (self.master, MASTER)];
            let set = whose.iter().filter(|(is_set, _)| *is_set);
            let whose = set.fold(0, |bits, (_, flag)| bits | flag);
            if whose != 0 {
                spec.u16(IFLA_BRIDGE_FLAGS, whose);
            }
            let mut info = |flags: u16, vid: u16| match self.tunnel {
                Some(id) => {
                    spec.nest(IFLA_BRIDGE_VLAN_TUNNEL_INFO, |tunnel| {
                        tunnel.u32(TUNNEL_ID, id + u32::from(vid - self.first));
                        tunnel.u16(TUNNEL_VID, vid);
                        tunnel.u16(TUNNEL_FLAGS, flags & (RANGE_BEGIN | RANGE_END));
                    });
                }
                None => {
                    let value = [flags.to_ne_bytes(), vid.to_ne_bytes()].concat();
                    spec.put(IFLA_BRIDGE_VLAN_INFO, &value);
                }
            };
            match self.first == self.last {
                true => info(flags, self.first),
                false => {
                    info(flags | RANGE_BEGIN, self.first);
                    info(flags | RANGE_END, self.last);
                }
            }
        });
        let mut body = header(names.link(&self.link)?);
        body.extend(attributes.as_bytes());
        Ok(Action::Route(vec![Request::new(Message { kind, body }, 0)]))
    }

    fn command(&self, verb: &str) -> Command {
        let mut command = Command {
            program: "bridge".into(),
            ..Command::ip(["vlan", verb, "dev", &self.link])
        };
        command.with("vid", self.vids());
        if let Some(id) = self.tunnel {
            command.word("tunnel_info");
            command.with("id", span(id, id + u32::from(self.last - self.first)));
        }
        let words = [
            (self.pvid, "pvid"),
            (self.untagged, "untagged"),
            (self.is_bridge, "self"),
            (self.master, "master"),
        ];
        for (is_set, word) in words {
            if is_set {
                command.word(word);
            }
        }
        command
    }

    pub(super) fn vids(&self) -> String {
        span(self.first.into(), self.last.into())
    }

    pub(super) fn there(&self, names: &dyn Names) -> Result<Vec<Vlan>> {
        let index = names.link(&self.link)?;
        let mut list = list(names.namespace())?;
        list.retain(|vlan| vlan.link == index);
        Ok(list)
    }

    /// The VLANs of the range that are not there, when some others are.
    pub(super) fn missing(&self, names: &dyn Names) -> Option<Reason> {
        let there = self.there(names).unwrap_or_default();
        let is_there = |vid: u16| there.iter().any(|vlan| vlan.vid == vid);
        let missing = (self.first..=self.last).find(|vid| !is_there(*vid))?;
        let vids: Vec<String> = there.iter().map(|vlan| vlan.vid.to_string()).collect();
        let reason = Reason::new(format!("{} has no VLAN {missing}", self.link)).blame("vid");
        Some(match vids.is_empty() {
            true => reason.hint(format!(
                "bridge_vlan_add({:?}, {missing}) adds it",
                self.link
            )),
            false => reason.hint(format!("it has {}", listed(&vids))),
        })
    }

    /// That none of them is there, or that one is not mapped to its tunnel: the kernel deletes what is not there, and the mapping
    /// of a VLAN to whatever tunnel, without a word (br_vlan_info and br_vlan_tunnel_info of net/bridge).
    fn nothing_to_delete(&self, names: &dyn Names) -> Option<Reason> {
        let index = names.link(&self.link).ok()?;
        let mut all = list(names.namespace()).ok()?;
        // A kernel whose bridges know no VLANs refuses.
        if all.is_empty() {
            return None;
        }
        all.retain(|vlan| vlan.link == index);
        let asked: Vec<&Vlan> = all.iter().filter(|vlan| self.has(vlan)).collect();
        if asked.is_empty() {
            // Of a link that is no port of a bridge the kernel says it itself.
            let link = link::get_bare(names.namespace(), index).ok()?;
            if link.kind != "bridge" && link.master.is_none() {
                return None;
            }
            let vids: Vec<String> = all.iter().map(|vlan| vlan.vid.to_string()).collect();
            let words = format!("{} has no VLAN {}", self.link, self.vids());
            let reason = Reason::new(words).blame("vid");
            return Some(match vids.is_empty() {
                true => reason.hint("it has none at all"),
                false => reason.hint(format!("it has {}", listed(&vids))),
            });
        }
        let first = self.tunnel?;
        let link = &self.link;
        let wanted = |vlan: &Vlan| first + u32::from(vlan.vid - self.first);
        let mut asked = asked.into_iter();
        let other = asked.find(|vlan| vlan.tunnel != Some(wanted(vlan)))?;
        let vid = other.vid;
        let words = match other.tunnel {
            Some(id) => format!(
                "VLAN {vid} of {link} is mapped to {id}, not to {}",
                wanted(other)
            ),
            None => format!("VLAN {vid} of {link} is mapped to no tunnel"),
        };
        Some(Reason::new(words).blame("tunnel_info"))
    }

    fn has(&self, vlan: &Vlan) -> bool {
        (self.first..=self.last).contains(&vlan.vid)
    }

    /// Why a VLAN has no tunnel: the port maps none.
    fn no_tunnel(&self, refusal: &Refusal, names: &dyn Names) -> Option<Reason> {
        self.tunnel?;
        if let Errno::EINVAL | Errno::ENOENT = refusal.errno {
            let words = format!(
                "{} maps no VLANs to tunnels, or has no such VLAN",
                self.link
            );
            let hint = format!("link_set({:?}, #{{ vlan_tunnel: true }})", self.link);
            return self
                .missing(names)
                .or(Some(Reason::new(words).blame("tunnel_info").hint(hint)));
        }
        None
    }

    /// Why the port has no VLANs: it is no port, or the kernel's bridges know none.
    pub(super) fn none(&self, refusal: &Refusal, names: &dyn Names) -> Option<Reason> {
        if refusal.errno != Errno::EOPNOTSUPP {
            return None;
        }
        let index = names.link(&self.link).ok()?;
        let link = link::get_bare(names.namespace(), index).ok()?;
        if link.kind == "bridge" && !self.is_bridge {
            let words = format!("{} is the bridge itself, not a port of one", self.link);
            return Some(Reason::new(words).blame("link").hint("#{ self: true }"));
        }
        if link.kind != "bridge" && link.master.is_none() {
            return Some(bridge_port::no_port(&self.link).blame("link"));
        }
        let words = "this kernel's bridges know no VLANs: CONFIG_BRIDGE_VLAN_FILTERING is not set";
        Some(
            Reason::new(words)
                .hint("it is part of the module bridge, in the kernels of all distributions"),
        )
    }
}

/// A number, or the first and the last with a hyphen between.
pub(super) fn span(first: u32, last: u32) -> String {
    match first == last {
        true => first.to_string(),
        false => format!("{first}-{last}"),
    }
}

/// VLANs of a port allowed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BridgeVlanAdd {
    /// Which.
    pub range: Range,
}

/// VLANs of a port forbidden.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BridgeVlanDel {
    /// Which.
    pub range: Range,
}

impl Operation for BridgeVlanAdd {
    fn object(&self) -> String {
        self.range.link.clone()
    }

    fn links(&self) -> Vec<(&'static str, &str)> {
        vec![("link", &self.range.link)]
    }

    fn words(&self) -> String {
        let (vids, link) = (self.range.vids(), &self.range.link);
        match self.range.tunnel {
            Some(id) => format!("map VLAN {vids} of {link} to tunnel {id}"),
            None => format!("let VLAN {vids} pass at {link}"),
        }
    }

    fn action(&self, names: &dyn Names) -> Result<Action> {
        self.range.request(names, RTM_SETLINK)
    }

    fn command(&self) -> Command {
        self.range.command("add")
    }

    fn refusal(&self, refusal: &Refusal, names: &dyn Names) -> Option<Reason> {
        let no_tunnel = self.range.no_tunnel(refusal, names);
        no_tunnel.or_else(|| self.range.none(refusal, names))
    }

    fn inverse(&self, names: &dyn Names) -> Result<Option<Change>> {
        let there = self.range.there(names)?;
        if self.range.tunnel.is_some() {
            let mut there = there.iter().filter(|vlan| self.range.has(vlan));
            let is_mapped = there.any(|vlan| vlan.tunnel.is_some());
            let range = self.range.clone();
            return Ok((!is_mapped).then(|| BridgeVlanDel { range }.into()));
        }
        // Another one stops being the one for frames without a tag.
        let takes_pvid = self.range.pvid && there.iter().any(|vlan| vlan.pvid);
        if takes_pvid || there.iter().any(|vlan| self.range.has(vlan)) {
            return Ok(None);
        }
        let range = Range {
            pvid: false,
            untagged: false,
            ..self.range.clone()
        };
        Ok(Some(Change::BridgeVlanDel(BridgeVlanDel { range })))
    }
}

impl Operation for BridgeVlanDel {
    fn object(&self) -> String {
        self.range.link.clone()
    }

    fn links(&self) -> Vec<(&'static str, &str)> {
        vec![("link", &self.range.link)]
    }

    fn words(&self) -> String {
        let (vids, link) = (self.range.vids(), &self.range.link);
        match self.range.tunnel {
            Some(id) => format!("map VLAN {vids} of {link} to tunnel {id} no more"),
            None => format!("stop VLAN {vids} at {link}"),
        }
    }

    fn action(&self, names: &dyn Names) -> Result<Action> {
        self.range.request(names, RTM_DELLINK)
    }

    fn command(&self) -> Command {
        self.range.command("del")
    }

    fn objection(&self, names: &dyn Names) -> Option<Reason> {
        self.range.nothing_to_delete(names)
    }

    fn refusal(&self, refusal: &Refusal, names: &dyn Names) -> Option<Reason> {
        if let Some(reason) = self.range.no_tunnel(refusal, names) {
            return Some(reason);
        }
        if refusal.errno == Errno::ENOENT {
            let there = self.range.there(names).unwrap_or_default();
            let vids: Vec<String> = there.iter().map(|vlan| vlan.vid.to_string()).collect();
            let words = format!("{} has no such VLAN", self.range.link);
            let hint = format!("it has {}", listed(&vids));
            let reason = Reason::new(words).blame("vid");
            return Some(if vids.is_empty() {
                reason
            } else {
                reason.hint(hint)
            });
        }
        self.range.none(refusal, names)
    }

    fn inverse(&self, names: &dyn Names) -> Result<Option<Change>> {
        let mut there = self.range.there(names)?;
        there.retain(|vlan| self.range.has(vlan));
        let Some(first) = there.first() else {
            return Ok(None);
        };
        if self.range.tunnel.is_some() {
            let wanted = |vlan: &Vlan| {
                let id = self.range.tunnel?;
                Some(id + u32::from(vlan.vid - self.range.first))
            };
            let is_so = there.iter().all(|vlan| vlan.tunnel == wanted(vlan));
            let range = self.range.clone();
            return Ok(is_so.then(|| BridgeVlanAdd { range }.into()));
        }
        let alike = |vlan: &Vlan| (vlan.pvid, vlan.untagged) == (first.pvid, first.untagged);
        let is_whole = there.len() == usize::from(self.range.last - self.range.first) + 1;
        let is_mapped = there.iter().any(|vlan| vlan.tunnel.is_some());
        if !is_whole || is_mapped || !there.iter().all(alike) {
            return Ok(None);
        }
        let range = Range {
            pvid: first.pvid,
            untagged: first.untagged,
            ..self.range.clone()
        };
        Ok(Some(Change::BridgeVlanAdd(BridgeVlanAdd { range })))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn ranges_are_read() {
        let mut attributes = Attributes::new();
        attributes.nest(IFLA_AF_SPEC, |spec| {
            for (flags, vid) in [(PVID | UNTAGGED, 1u16), (RANGE_BEGIN, 5), (RANGE_END, 7)] {
                let value = [flags.to_ne_bytes(), vid.to_ne_bytes()].concat();
                spec.put(IFLA_BRIDGE_VLAN_INFO, &value);
            }
        });
        let bytes = [header(3), attributes.into_bytes()].concat();
        let found = read(&bytes).expect("a port");
        let vids: Vec<u16> = found.iter().map(|vlan| vlan.vid).collect();
        assert_eq!(vids, [1, 5, 6, 7]);
        assert!(found[0].pvid && found[0].untagged && !found[1].pvid);
    }

    #[test]
    fn tunnels_are_read() {
        let mut attributes = Attributes::new();
        attributes.nest(IFLA_AF_SPEC, |spec| {
            for (flags, vid) in [(RANGE_BEGIN, 5u16), (RANGE_END, 8)] {
                let value = [flags.to_ne_bytes(), vid.to_ne_bytes()].concat();
                spec.put(IFLA_BRIDGE_VLAN_INFO, &value);
            }
            for (flags, vid, id) in [(RANGE_BEGIN, 5, 1000), (RANGE_END, 6, 1001), (0, 8, 77)] {
                spec.nest(IFLA_BRIDGE_VLAN_TUNNEL_INFO, |tunnel| {
                    tunnel.u32(TUNNEL_ID, id);
                    tunnel.u16(TUNNEL_VID, vid);
                    tunnel.u16(TUNNEL_FLAGS, flags);
                });
            }
        });
        let bytes = [header(3), attributes.into_bytes()].concat();
        let found = read(&bytes).expect("a port");
        let tunnels: Vec<Option<u32>> = found.iter().map(|vlan| vlan.tunnel).collect();
        assert_eq!(tunnels, [Some(1000), Some(1001), None, Some(77)]);
    }

    proptest! {
        #[test]
        fn no_bytes_are_a_panic(bytes: Vec<u8>) {
            let _ = read(&bytes);
        }
    }
}
