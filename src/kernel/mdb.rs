//! Multicast databases: which ports of a bridge want the frames of a group (RTM_*MDB, `struct br_mdb_entry` and `MDBA_*` of
//! linux/if_bridge.h; net/bridge/br_mdb.c).

use std::net::IpAddr;

use netlink_packet_core::{NLM_F_CREATE, NLM_F_EXCL};
use nix::errno::Errno;

use super::change::{Action, Change, Command, Names, Operation};
use super::error::{Error, Result};
use super::fdb::AF_BRIDGE;
use super::mac::Mac;
use super::netlink::attributes::{self, Attributes};
use super::netlink::{Message, Request};
use super::netns::Namespace;
use super::reason::{Reason, Refusal, listed};

const RTM_NEWMDB: u16 = 84;
const RTM_DELMDB: u16 = 85;
const RTM_GETMDB: u16 = 86;

/// `struct br_port_msg` is 8 bytes, `struct br_mdb_entry` 28.
const HEADER: usize = 8;
const ENTRY: usize = 28;

const MDBA_SET_ENTRY: u16 = 1;
const MDBA_SET_ENTRY_ATTRS: u16 = 2;
const MDBE_ATTR_SOURCE: u16 = 1;

const MDBA_MDB: u16 = 1;
const MDBA_MDB_ENTRY: u16 = 1;
const MDBA_MDB_ENTRY_INFO: u16 = 1;
const MDBA_MDB_EATTR_GROUP_MODE: u16 = 3;
const MDBA_MDB_EATTR_SOURCE: u16 = 4;
const MDBA_MDB_EATTR_RTPROT: u16 = 5;

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

/// A port that wants the frames of a group; `L` is how it names links.
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
    /// Who made it: `RTPROT_*`.
    pub protocol: Option<u8>,
}

impl<L> Member<L> {
    /// The flags by their names.
    pub fn flag_names(&self) -> impl Iterator<Item = &'static str> {
        let flags = self.flags;
        let set = FLAGS.iter().filter(move |(flag, _)| flags & flag != 0);
        set.map(|(_, name)| *name)
    }
}

fn header(bridge: u32) -> Vec<u8> {
    let mut body = vec![AF_BRIDGE, 0, 0, 0];
    body.extend(bridge.to_ne_bytes());
    body
}

/// The members of all groups of all bridges.
pub fn list(namespace: &Namespace) -> Result<Vec<Member<u32>>> {
    let question = Message {
        kind: RTM_GETMDB,
        body: header(0),
    };
    let read = |answer: super::netlink::Answer| read(&answer.bytes).map(Some);
    let list = namespace.route()?.dump(question, read)?;
    Ok(list.into_iter().flatten().collect())
}

fn read(bytes: &[u8]) -> Result<Vec<Member<u32>>> {
    let Some((header, attributes)) = bytes.split_first_chunk::<HEADER>() else {
        return Err(Error::Unreadable("a bridge without its header".into()));
    };
    let [_, _, _, _, i0, i1, i2, i3] = *header;
    let bridge = u32::from_ne_bytes([i0, i1, i2, i3]);
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
        bridge,
        port: u32::from_ne_bytes([i0, i1, i2, i3]),
        group,
        source: None,
        vid: u16::from_ne_bytes([v0, v1]),
        is_permanent: state & 1 != 0,
        flags,
        filter_mode: None,
        protocol: None,
    };
    for attribute in attributes::read(attributes) {
        let attribute = attribute?;
        match attribute.kind {
            MDBA_MDB_EATTR_SOURCE => member.source = Some(attribute.ip()?),
            MDBA_MDB_EATTR_RTPROT => member.protocol = Some(attribute.u8()?),
            MDBA_MDB_EATTR_GROUP_MODE => {
                // MCAST_EXCLUDE is 0, MCAST_INCLUDE 1 (linux/in.h).
                let mode = attribute.u8()?;
                member.filter_mode = Some(if mode == 0 { "exclude" } else { "include" });
            }
            _ => {}
        }
    }
    Ok(Some(member))
}

/// A port that is to get the frames of a group.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MdbAdd {
    /// Which.
    pub member: Member<String>,
}

/// A port that is not to get them any more.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MdbDel {
    /// Which.
    pub member: Member<String>,
}

impl Member<String> {
    fn request(&self, names: &dyn Names, kind: u16, how: u16) -> Result<Action> {
        let mut entry = names.link(&self.port)?.to_ne_bytes().to_vec();
        entry.extend([u8::from(self.is_permanent), 0]);
        entry.extend(self.vid.to_ne_bytes());
        let mut address = [0; 16];
        let (bytes, protocol) = match self.group {
            Group::Ip(IpAddr::V4(ip)) => (ip.octets().to_vec(), ETH_P_IP),
            Group::Ip(IpAddr::V6(ip)) => (ip.octets().to_vec(), ETH_P_IPV6),
            Group::Mac(mac) => (mac.bytes().to_vec(), 0),
        };
        for (place, byte) in address.iter_mut().zip(bytes) {
            *place = byte;
        }
        entry.extend(address);
        entry.extend(protocol.to_be_bytes());
        entry.extend([0, 0]);
        let mut attributes = Attributes::new();
        attributes.put(MDBA_SET_ENTRY, &entry);
        if let Some(source) = self.source {
            attributes.nest(MDBA_SET_ENTRY_ATTRS, |nest| {
                nest.ip(MDBE_ATTR_SOURCE, source);
            });
        }
        let mut body = header(names.link(&self.bridge)?);
        body.extend(attributes.as_bytes());
        let message = Message { kind, body };
        Ok(Action::Route(vec![Request::new(message, how)]))
    }

    fn command(&self, verb: &str) -> Command {
        let mut command = Command {
            program: "bridge".into(),
            ..Command::ip(["mdb", verb, "dev", &self.bridge, "port", &self.port])
        };
        command.with("grp", self.group);
        if let Some(source) = self.source {
            command.with("src", source);
        }
        if self.is_permanent && verb == "add" {
            command.word("permanent");
        }
        if self.vid != 0 {
            command.with("vid", self.vid);
        }
        command
    }

    fn roles(&self) -> Vec<(&'static str, &str)> {
        vec![("bridge", &self.bridge), ("port", &self.port)]
    }

    fn there(&self, names: &dyn Names) -> Result<Vec<Member<u32>>> {
        let bridge = names.link(&self.bridge)?;
        let mut list = list(names.namespace())?;
        list.retain(|member| member.bridge == bridge);
        Ok(list)
    }
}

/// What is wrong with the bridge or its port.
fn not_there(bridge: &str, port: &str, refusal: &Refusal) -> Option<Reason> {
    let said = refusal.said.unwrap_or_default();
    Some(match refusal.errno {
        Errno::EOPNOTSUPP => Reason::new(format!("{bridge} is no bridge")).blame("bridge"),
        Errno::EINVAL
            if said.contains("not a bridge port") || said.contains("different bridge") =>
        {
            let words = format!("{port} is no port of {bridge}");
            let hint = format!("link_set({port:?}, #{{ master: {bridge:?} }}) makes it one");
            Reason::new(words).blame("port").hint(hint)
        }
        Errno::EINVAL if said.contains("not running") => {
            let words = format!("the bridge {bridge} is down");
            let hint = format!("link_up({bridge:?})");
            Reason::new(words).blame("bridge").hint(hint)
        }
        Errno::EINVAL if said.contains("disabled") => {
            let words =
                format!("the bridge {bridge} does not look after groups (mcast_snooping is off)");
            Reason::new(words).blame("bridge")
        }
        _ => return None,
    })
}

impl Operation for MdbAdd {
    fn object(&self) -> String {
        self.member.group.to_string()
    }

    fn links(&self) -> Vec<(&'static str, &str)> {
        self.member.roles()
    }

    fn words(&self) -> String {
        let Member { group, port, .. } = &self.member;
        format!("have {port} get the frames of group {group}")
    }

    fn action(&self, names: &dyn Names) -> Result<Action> {
        let how = NLM_F_CREATE | NLM_F_EXCL;
        self.member.request(names, RTM_NEWMDB, how)
    }

    fn command(&self) -> Command {
        self.member.command("add")
    }

    fn refusal(&self, refusal: &Refusal, _names: &dyn Names) -> Option<Reason> {
        let Member { bridge, port, .. } = &self.member;
        match refusal.errno {
            Errno::EEXIST => {
                let words = format!("{port} gets the frames of this group already");
                Some(Reason::new(words).blame("group"))
            }
            _ => not_there(bridge, port, refusal),
        }
    }

    fn inverse(&self, _names: &dyn Names) -> Result<Option<Change>> {
        let member = self.member.clone();
        Ok(Some(Change::MdbDel(MdbDel { member })))
    }
}

impl Operation for MdbDel {
    fn object(&self) -> String {
        self.member.group.to_string()
    }

    fn links(&self) -> Vec<(&'static str, &str)> {
        self.member.roles()
    }

    fn words(&self) -> String {
        let Member { group, port, .. } = &self.member;
        format!("have {port} get the frames of group {group} no more")
    }

    fn action(&self, names: &dyn Names) -> Result<Action> {
        self.member.request(names, RTM_DELMDB, 0)
    }

    fn command(&self) -> Command {
        self.member.command("del")
    }

    fn refusal(&self, refusal: &Refusal, names: &dyn Names) -> Option<Reason> {
        let Member { bridge, port, .. } = &self.member;
        let place = not_there(bridge, port, refusal);
        if place.is_some() || !matches!(refusal.errno, Errno::ENOENT | Errno::EINVAL) {
            return place;
        }
        let there = self.member.there(names).ok()?;
        let groups: Vec<String> = there.iter().map(|one| one.group.to_string()).collect();
        let words = format!(
            "{} has no such group at {}",
            self.member.bridge, self.member.port
        );
        let reason = Reason::new(words).blame("group");
        Some(match groups.is_empty() {
            true => reason.hint("it has none at all"),
            false => reason.hint(format!("it has {}", listed(&groups))),
        })
    }

    fn inverse(&self, names: &dyn Names) -> Result<Option<Change>> {
        let port = names.link(&self.member.port)?;
        let there = self.member.there(names)?;
        let found = there.iter().find(|one| {
            one.port == port
                && one.group == self.member.group
                && one.vid == self.member.vid
                && one.source == self.member.source
        });
        // What a host asked for, it asks for again.
        let found = found.filter(|one| one.is_permanent);
        Ok(found.map(|_| {
            Change::MdbAdd(MdbAdd {
                member: Member {
                    is_permanent: true,
                    ..self.member.clone()
                },
            })
        }))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn no_bytes_are_a_panic(bytes: Vec<u8>) {
            let _ = read(&bytes);
            let _ = member(1, &bytes);
        }
    }
}
