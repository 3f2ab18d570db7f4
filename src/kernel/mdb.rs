//! Multicast databases: which ports of a bridge want the frames of a group (RTM_*MDB, `struct br_mdb_entry` and `MDBA_*` of
//! linux/if_bridge.h; net/bridge/br_mdb.c), and the other ends of VXLAN tunnels that do (drivers/net/vxlan/vxlan_mdb.c). How they are
//! changed is in [`mdb_change`](super::mdb_change).

use std::net::IpAddr;

use super::error::{Error, Result};
use super::fdb::AF_BRIDGE;
use super::mac::Mac;
use super::netlink::Message;
use super::netlink::attributes::{self, Attribute, Attributes};
use super::netns::Namespace;

const RTM_GETMDB: u16 = 86;

/// `struct br_port_msg` is 8 bytes, `struct br_mdb_entry` 28.
const HEADER: usize = 8;
const ENTRY: usize = 28;

/// `MDBA_SET_ENTRY` and `MDBA_GET_ENTRY`, and what follows them.
pub(super) const MDBA_SET_ENTRY: u16 = 1;
pub(super) const MDBA_SET_ENTRY_ATTRS: u16 = 2;

/// `MDBE_ATTR_*`.
pub(super) mod mdbe {
    pub const SOURCE: u16 = 1;
    pub const SRC_LIST: u16 = 2;
    pub const GROUP_MODE: u16 = 3;
    pub const RTPROT: u16 = 4;
    pub const DST: u16 = 5;
    pub const DST_PORT: u16 = 6;
    pub const VNI: u16 = 7;
    pub const IFINDEX: u16 = 8;
    pub const SRC_VNI: u16 = 9;
    pub const STATE_MASK: u16 = 10;
}

const MDBA_MDB: u16 = 1;
const MDBA_MDB_ENTRY: u16 = 1;
const MDBA_MDB_ENTRY_INFO: u16 = 1;

/// `MDBA_MDB_EATTR_*`.
mod eattr {
    pub const TIMER: u16 = 1;
    pub const SRC_LIST: u16 = 2;
    pub const GROUP_MODE: u16 = 3;
    pub const SOURCE: u16 = 4;
    pub const RTPROT: u16 = 5;
    pub const DST: u16 = 6;
    pub const DST_PORT: u16 = 7;
    pub const VNI: u16 = 8;
    pub const IFINDEX: u16 = 9;
    pub const SRC_VNI: u16 = 10;
}

/// `MDBA_MDB_SRCATTR_*`.
const SRC_ADDRESS: u16 = 1;
const SRC_TIMER: u16 = 2;

const MDBA_ROUTER: u16 = 2;
const MDBA_ROUTER_PORT: u16 = 1;

/// `MDBA_ROUTER_PATTR_*`, behind four bytes of the port's index.
mod router {
    pub const TIMER: u16 = 1;
    pub const TYPE: u16 = 2;
    pub const VID: u16 = 5;
}

/// How senders that are listed are meant: `MCAST_*` of linux/in.h.
pub const FILTER_MODES: [(&str, u8); 2] = [("exclude", 0), ("include", 1)];

/// EtherTypes of linux/if_ether.h.
const ETH_P_IP: u16 = 0x0800;
const ETH_P_IPV6: u16 = 0x86dd;

/// `MDB_FLAGS_*` by their names in `bridge mdb`.
const FLAGS: [(u8, &str); 4] = [
    (1, "offload"),
    (2, "fast_leave"),
    (4, "added_by_star_ex"),
    (8, "blocked"),
];

/// A group of receivers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Group {
    /// Of IPv4 or IPv6.
    Ip(IpAddr),
    /// Of Ethernet alone.
    Mac(Mac),
}

impl std::fmt::Display for Group {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Group::Ip(ip) => ip.fmt(f),
            Group::Mac(mac) => mac.fmt(f),
        }
    }
}

/// A port that wants the frames of a group, or the other end of a tunnel; `L` is how it names links.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Member<L> {
    /// The bridge.
    pub bridge: L,
    /// Its port.
    pub port: L,
    /// The group.
    pub group: Group,
    /// Only from this sender.
    pub source: Option<IpAddr>,
    /// The VLAN; 0 is none.
    pub vid: u16,
    /// Whether it stays until it is deleted.
    pub is_permanent: bool,
    /// `MDB_FLAGS_*`.
    pub flags: u8,
    /// Whether the senders that are listed are those wanted ("include") or those not ("exclude").
    pub filter_mode: Option<&'static str>,
    /// The senders that are listed, each with what is left of its time in hundredths of a second; 0 is for ever.
    pub sources: Vec<(IpAddr, u32)>,
    /// Who made it: `RTPROT_*`.
    pub protocol: Option<u8>,
    /// What is left of its time in hundredths of a second; 0 is for ever.
    pub timer: u32,
    /// Where the frames go, of a VXLAN tunnel.
    pub remote: Remote<L>,
}

/// Where a VXLAN tunnel sends the frames of a group.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Remote<L> {
    /// The other end.
    pub dst: Option<IpAddr>,
    /// Its UDP port.
    pub port: Option<u16>,
    /// The network to send them in.
    pub vni: Option<u32>,
    /// The network that they are of.
    pub src_vni: Option<u32>,
    /// The link by which the other end is reached.
    pub via: Option<L>,
}

/// A port behind which a multicast router is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RouterPort {
    /// The bridge.
    pub bridge: u32,
    /// Its port.
    pub port: u32,
    /// The VLAN; 0 is none.
    pub vid: u16,
    /// `MDB_RTR_TYPE_*`.
    pub kind: u8,
    /// What is left of its time in hundredths of a second; 0 is for ever.
    pub timer: u32,
}

impl<L: Default> Member<L> {
    /// A member of a group, of which nothing else is said.
    pub fn new(bridge: L, port: L, group: Group) -> Self {
        Member {
            bridge,
            port,
            group,
            source: None,
            vid: 0,
            is_permanent: false,
            flags: 0,
            filter_mode: None,
            sources: Vec::new(),
            protocol: None,
            timer: 0,
            remote: Remote::default(),
        }
    }
}

impl<L> Member<L> {
    /// The flags by their names.
    pub fn flag_names(&self) -> impl Iterator<Item = &'static str> {
        let flags = self.flags;
        let set = FLAGS.iter().filter(move |(flag, _)| flags & flag != 0);
        set.map(|(_, name)| *name)
    }
}

pub(super) fn header(bridge: u32) -> Vec<u8> {
    let mut body = vec![AF_BRIDGE, 0, 0, 0];
    body.extend(bridge.to_ne_bytes());
    body
}

/// A `struct br_mdb_entry`; no group is all of them.
pub(super) fn entry(port: u32, is_permanent: bool, vid: u16, group: Option<Group>) -> Vec<u8> {
    let mut entry = port.to_ne_bytes().to_vec();
    entry.extend([u8::from(is_permanent), 0]);
    entry.extend(vid.to_ne_bytes());
    let mut address = [0; 16];
    let (bytes, protocol) = match group {
        Some(Group::Ip(IpAddr::V4(ip))) => (ip.octets().to_vec(), ETH_P_IP),
        Some(Group::Ip(IpAddr::V6(ip))) => (ip.octets().to_vec(), ETH_P_IPV6),
        Some(Group::Mac(mac)) => (mac.bytes().to_vec(), 0),
        None => (Vec::new(), 0),
    };
    for (place, byte) in address.iter_mut().zip(bytes) {
        *place = byte;
    }
    entry.extend(address);
    entry.extend(protocol.to_be_bytes());
    entry.extend([0, 0]);
    entry
}

/// The members of all groups of all bridges and tunnels.
pub fn list(namespace: &Namespace) -> Result<Vec<Member<u32>>> {
    Ok(dump(namespace, &read)?.into_iter().flatten().collect())
}

/// The ports of all bridges behind which multicast routers are.
pub fn routers(namespace: &Namespace) -> Result<Vec<RouterPort>> {
    let lists = dump(namespace, &read_routers)?;
    Ok(lists.into_iter().flatten().collect())
}

fn dump<T>(namespace: &Namespace, read: &dyn Fn(&[u8]) -> Result<T>) -> Result<Vec<T>> {
    let question = Message {
        kind: RTM_GETMDB,
        body: header(0),
    };
    let each = |answer: super::netlink::Answer| read(&answer.bytes).map(Some);
    namespace.route()?.dump(question, each)
}

/// A question for the members of one group.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Question<L> {
    /// The bridge or the tunnel.
    pub bridge: L,
    /// The group.
    pub group: Group,
    /// Only from this sender.
    pub source: Option<IpAddr>,
    /// The VLAN; 0 is none.
    pub vid: u16,
    /// The network, of a tunnel.
    pub src_vni: Option<u32>,
}

/// The members of one group (br_mdb_get, vxlan_mdb_get).
pub fn get(namespace: &Namespace, question: &Question<u32>) -> Result<Vec<Member<u32>>> {
    let mut attributes = Attributes::new();
    let wanted = entry(0, false, question.vid, Some(question.group));
    attributes.put(MDBA_SET_ENTRY, &wanted);
    if question.source.is_some() || question.src_vni.is_some() {
        attributes.nest(MDBA_SET_ENTRY_ATTRS, |more| {
            if let Some(source) = question.source {
                more.ip(mdbe::SOURCE, source);
            }
            if let Some(vni) = question.src_vni {
                more.u32(mdbe::SRC_VNI, vni);
            }
        });
    }
    let mut body = header(question.bridge);
    body.extend(attributes.as_bytes());
    let kind = RTM_GETMDB;
    read(&namespace.route()?.get(Message { kind, body })?.bytes)
}

/// The bridge, and what follows.
fn split(bytes: &[u8]) -> Result<(u32, &[u8])> {
    let Some((header, attributes)) = bytes.split_first_chunk::<HEADER>() else {
        return Err(Error::Unreadable("a bridge without its header".into()));
    };
    let [_, _, _, _, i0, i1, i2, i3] = *header;
    Ok((u32::from_ne_bytes([i0, i1, i2, i3]), attributes))
}

fn read(bytes: &[u8]) -> Result<Vec<Member<u32>>> {
    let (bridge, attributes) = split(bytes)?;
    let mut members = Vec::new();
    let Some(all) = attributes::find(attributes, MDBA_MDB) else {
        return Ok(members);
    };
    for group in all.nested() {
        let group = group?;
        for entry in group.nested() {
            let entry = entry?;
            if (group.kind, entry.kind) == (MDBA_MDB_ENTRY, MDBA_MDB_ENTRY_INFO) {
                members.extend(member(bridge, entry.value)?);
            }
        }
    }
    Ok(members)
}

fn read_routers(bytes: &[u8]) -> Result<Vec<RouterPort>> {
    let (bridge, attributes) = split(bytes)?;
    let mut ports = Vec::new();
    let Some(all) = attributes::find(attributes, MDBA_ROUTER) else {
        return Ok(ports);
    };
    for port in all.nested() {
        let port = port?;
        let Some((index, attributes)) = port.value.split_first_chunk::<4>() else {
            continue;
        };
        if port.kind != MDBA_ROUTER_PORT {
            continue;
        }
        let mut found = RouterPort {
            bridge,
            port: u32::from_ne_bytes(*index),
            vid: 0,
            kind: 0,
            timer: 0,
        };
        for attribute in attributes::read(attributes) {
            let attribute = attribute?;
            match attribute.kind {
                router::TIMER => found.timer = attribute.u32()?,
                router::TYPE => found.kind = attribute.u8()?,
                router::VID => found.vid = attribute.u16()?,
                _ => {}
            }
        }
        ports.push(found);
    }
    Ok(ports)
}

/// Reads a `struct br_mdb_entry` and the attributes that follow it.
fn member(bridge: u32, bytes: &[u8]) -> Result<Option<Member<u32>>> {
    let Some((entry, attributes)) = bytes.split_first_chunk::<ENTRY>() else {
        return Err(Error::Unreadable("a group's entry that is cut off".into()));
    };
    let [
        i0,
        i1,
        i2,
        i3,
        state,
        flags,
        v0,
        v1,
        address @ ..,
        p0,
        p1,
        _,
        _,
    ] = *entry;
    let address: [u8; 16] = address;
    let [a, b, c, d, e, f, ..] = address;
    let group = match u16::from_be_bytes([p0, p1]) {
        ETH_P_IP => Group::Ip(IpAddr::from([a, b, c, d])),
        ETH_P_IPV6 => Group::Ip(IpAddr::from(address)),
        0 => match Mac::from_bytes(&[a, b, c, d, e, f]) {
            Some(mac) => Group::Mac(mac),
            None => return Ok(None),
        },
        _ => return Ok(None),
    };
    let mut member = Member {
        vid: u16::from_ne_bytes([v0, v1]),
        is_permanent: state & 1 != 0,
        flags,
        ..Member::new(bridge, u32::from_ne_bytes([i0, i1, i2, i3]), group)
    };
    for attribute in attributes::read(attributes) {
        let attribute = attribute?;
        match attribute.kind {
            eattr::TIMER => member.timer = attribute.u32()?,
            eattr::SOURCE => member.source = Some(attribute.ip()?),
            eattr::SRC_LIST => member.sources = sources(attribute)?,
            eattr::RTPROT => member.protocol = Some(attribute.u8()?),
            eattr::GROUP_MODE => {
                let mode = attribute.u8()?;
                let known = FILTER_MODES.iter().find(|(_, number)| *number == mode);
                member.filter_mode = known.map(|(name, _)| *name);
            }
            eattr::DST => member.remote.dst = Some(attribute.ip()?),
            eattr::DST_PORT => member.remote.port = Some(attribute.u16()?),
            eattr::VNI => member.remote.vni = Some(attribute.u32()?),
            eattr::SRC_VNI => member.remote.src_vni = Some(attribute.u32()?),
            eattr::IFINDEX => member.remote.via = Some(attribute.u32()?).filter(|via| *via != 0),
            _ => {}
        }
    }
    Ok(Some(member))
}

fn sources(attribute: Attribute) -> Result<Vec<(IpAddr, u32)>> {
    let mut sources = Vec::new();
    for source in attribute.nested() {
        let (mut address, mut timer) = (None, 0);
        for inner in source?.nested() {
            let inner = inner?;
            match inner.kind {
                SRC_ADDRESS => address = Some(inner.ip()?),
                SRC_TIMER => timer = inner.u32()?,
                _ => {}
            }
        }
        sources.extend(address.map(|address| (address, timer)));
    }
    Ok(sources)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn no_bytes_are_a_panic(bytes: Vec<u8>) {
            let _ = read(&bytes);
            let _ = read_routers(&bytes);
            let _ = member(1, &bytes);
        }
    }
}
