//! Forwarding databases: behind which port of a bridge, or which end of a tunnel, a hardware address is (RTM_*NEIGH with
//! AF_BRIDGE; bridge(8), net/core/rtnetlink.c, net/bridge/br_fdb.c, drivers/net/vxlan). How they are changed is in
//! [`fdb_change`](super::fdb_change).

use std::net::IpAddr;

use super::error::{Error, Result};
use super::mac::Mac;
use super::ndmsg::{self, Header, nda, ntf, nud};
use super::netlink::attributes::{self, Attribute, Attributes};
use super::netns::Namespace;

/// AF_BRIDGE of linux/socket.h.
pub const AF_BRIDGE: u8 = 7;

/// Flags by their names in `bridge fdb`.
const FLAGS: [(u8, &str); 7] = [
    (ntf::SELF, "self"),
    (ntf::MASTER, "master"),
    (ntf::ROUTER, "router"),
    (ntf::USE, "use"),
    (ntf::EXT_LEARNED, "extern_learn"),
    (ntf::OFFLOADED, "offload"),
    (ntf::STICKY, "sticky"),
];

/// `NTF_EXT_LOCKED`: it waits for permission (MAC authentication bypass).
const LOCKED: u32 = 2;

/// `NFEA_*` in `NDA_FDB_EXT_ATTRS`, and the bits of the first (`FDB_NOTIFY_*`).
pub(super) const NFEA_ACTIVITY_NOTIFY: u16 = 1;
pub(super) const NFEA_DONT_REFRESH: u16 = 2;
/// The kernel tells when the entry is not used any more, and when it is again.
pub const NOTIFY: u8 = 1;
/// Nothing was heard of it for a while; after [`NOTIFY`].
pub const INACTIVE: u8 = 2;

/// The states that a script can give, with the bits and the words of `bridge fdb add` (bridge/fdb.c, fdb_modify).
pub const STATES: [(u16, &str); 3] = [
    (nud::NOARP | nud::PERMANENT, "permanent"),
    (nud::NOARP | nud::REACHABLE, "static"),
    (nud::REACHABLE, "dynamic"),
];

/// What is known of a hardware address; `L` is how it names links.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Entry<L> {
    /// The address.
    pub mac: Option<Mac>,
    /// The link behind which it is.
    pub link: L,
    /// The bridge that the link is a port of.
    pub master: Option<L>,
    /// `NUD_*`.
    pub state: u16,
    /// `NTF_*`.
    pub flags: u8,
    /// `NTF_EXT_*`.
    pub more_flags: u32,
    /// The VLAN in which it is.
    pub vlan: Option<u16>,
    /// The other end of the tunnel.
    pub dst: Option<IpAddr>,
    /// Its UDP port.
    pub port: Option<u16>,
    /// The VXLAN network to send it in.
    pub vni: Option<u32>,
    /// The VXLAN network that it is of.
    pub src_vni: Option<u32>,
    /// The link by which the other end is reached.
    pub via: Option<L>,
    /// The next hop that leads to the other ends, in place of `dst`.
    pub nhid: Option<u32>,
    /// [`NOTIFY`] and [`INACTIVE`]; None says nothing of them.
    pub notify: Option<u8>,
    /// Whether a change leaves the time of its last use alone.
    pub norefresh: bool,
    /// Seconds since it was used, and since it was updated.
    pub ages: Option<(u32, u32)>,
}

impl<L> Entry<L> {
    /// The flags by their names.
    pub fn flag_names(&self) -> impl Iterator<Item = &'static str> {
        let (flags, more) = (self.flags, self.more_flags);
        let set = FLAGS.iter().filter(move |(flag, _)| flags & flag != 0);
        let locked = (more & LOCKED != 0).then_some("locked");
        set.map(|(_, name)| *name).chain(locked)
    }

    /// What the kernel tells of its use, by name.
    pub fn notify_names(&self) -> impl Iterator<Item = &'static str> {
        let notify = self.notify.unwrap_or(0);
        let names = [(NOTIFY, "activity_notify"), (INACTIVE, "inactive")];
        let set = names.into_iter().filter(move |(bit, _)| notify & bit != 0);
        set.map(|(_, name)| name)
    }

    /// The state as `bridge fdb` calls it, where it does.
    pub fn state_name(&self) -> &'static str {
        match self.state {
            state if state & nud::PERMANENT != 0 => "permanent",
            state if state & nud::NOARP != 0 => "static",
            state if state & nud::STALE != 0 => "stale",
            state if state & nud::REACHABLE != 0 => "reachable",
            state => ndmsg::state_name(state),
        }
    }
}

/// Which entries to list.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Filter {
    /// Those behind this link.
    pub link: Option<u32>,
    /// Those of this bridge, and its ports' own.
    pub bridge: Option<u32>,
}

/// The entries that the filter lets pass. The kernel sorts out too, what it can (rtnl_fdb_dump).
pub fn list(namespace: &Namespace, filter: &Filter) -> Result<Vec<Entry<u32>>> {
    let header = Header {
        family: AF_BRIDGE,
        index: filter.link.unwrap_or(0),
        ..Header::default()
    };
    let mut attributes = Attributes::new();
    if let Some(bridge) = filter.bridge {
        attributes.u32(nda::MASTER, bridge);
    }
    let question = header.message(ndmsg::GET, &attributes);
    namespace.route()?.dump(question, |answer| {
        let entry = read(&answer.bytes)?;
        Ok(entry.filter(|entry| filter.link.is_none_or(|link| entry.link == link)))
    })
}

/// A question for one entry: what has to be said besides its address.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Question<L> {
    /// The address.
    pub mac: Option<Mac>,
    /// The link behind which it is, or its tunnel.
    pub link: Option<L>,
    /// The bridge that is asked.
    pub bridge: Option<L>,
    /// Whether the link itself is asked (`NTF_SELF`), or the bridge that it is a port of (`NTF_MASTER`).
    pub flags: u8,
    /// In this VLAN.
    pub vlan: Option<u16>,
    /// In this VXLAN network, of an external tunnel.
    pub vni: Option<u32>,
}

/// One entry (rtnl_fdb_get).
pub fn get(namespace: &Namespace, question: &Question<u32>) -> Result<Entry<u32>> {
    let header = Header {
        family: AF_BRIDGE,
        index: question.link.unwrap_or(0),
        flags: question.flags,
        ..Header::default()
    };
    let mut attributes = Attributes::new();
    if let Some(mac) = question.mac {
        attributes.put(nda::LLADDR, &mac.bytes());
    }
    if let Some(vlan) = question.vlan {
        attributes.u16(nda::VLAN, vlan);
    }
    if let Some(bridge) = question.bridge {
        attributes.u32(nda::MASTER, bridge);
    }
    if let Some(vni) = question.vni {
        attributes.u32(nda::VNI, vni);
    }
    let answer = namespace
        .route()?
        .get(header.message(ndmsg::GET, &attributes))?;
    read(&answer.bytes)?.ok_or_else(|| Error::Unreadable("an entry of another family".into()))
}

fn read(bytes: &[u8]) -> Result<Option<Entry<u32>>> {
    let (header, attributes) = Header::read(bytes)?;
    if header.family != AF_BRIDGE {
        return Ok(None);
    }
    let mut entry = Entry {
        link: header.index,
        state: header.state,
        flags: header.flags,
        ..Entry::default()
    };
    for attribute in attributes::read(attributes) {
        let attribute = attribute?;
        match attribute.kind {
            nda::LLADDR => entry.mac = Mac::from_bytes(attribute.value),
            nda::MASTER => entry.master = Some(attribute.u32()?),
            nda::VLAN => entry.vlan = Some(attribute.u16()?).filter(|vlan| *vlan != 0),
            nda::DST => entry.dst = Some(attribute.ip()?),
            nda::PORT => entry.port = Some(attribute.be16()?),
            nda::VNI => entry.vni = Some(attribute.u32()?),
            nda::SRC_VNI => entry.src_vni = Some(attribute.u32()?),
            nda::IFINDEX => entry.via = Some(attribute.u32()?).filter(|via| *via != 0),
            nda::FLAGS_EXT => entry.more_flags = attribute.u32()?,
            nda::NH_ID => entry.nhid = Some(attribute.u32()?),
            nda::FDB_EXT_ATTRS => {
                let found = attributes::find(attribute.value, NFEA_ACTIVITY_NOTIFY);
                entry.notify = found.map(|notify| notify.u8()).transpose()?;
            }
            nda::CACHEINFO => entry.ages = ages(attribute),
            _ => {}
        }
    }
    Ok(Some(entry))
}

/// `struct nda_cacheinfo`: confirmed, used, updated, in hundredths of a second (USER_HZ).
fn ages(attribute: Attribute) -> Option<(u32, u32)> {
    let rest = attribute.value.get(4..)?;
    let (used, rest) = rest.split_first_chunk::<4>()?;
    let updated = rest.first_chunk::<4>()?;
    let seconds = |ticks: &[u8; 4]| u32::from_ne_bytes(*ticks) / 100;
    Some((seconds(used), seconds(updated)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn no_bytes_are_a_panic(mut bytes: Vec<u8>) {
            if let Some(first) = bytes.first_mut() {
                *first = AF_BRIDGE;
            }
            let _ = read(&bytes);
        }
    }
}
