//! The message that neighbours and forwarding entries of bridges share: `struct ndmsg` and `NDA_*` of linux/neighbour.h.

use super::error::{Error, Result};
use super::netlink::Message;
use super::netlink::attributes::Attributes;

/// RTM_NEWNEIGH.
pub const NEW: u16 = 28;
/// RTM_DELNEIGH.
pub const DEL: u16 = 29;
/// RTM_GETNEIGH.
pub const GET: u16 = 30;

/// `struct ndmsg` is 12 bytes.
const HEADER: usize = 12;

/// The attributes.
pub mod nda {
    /// IP address; of a forwarding entry, the other end of the tunnel.
    pub const DST: u16 = 1;
    /// Hardware address.
    pub const LLADDR: u16 = 2;
    /// `struct nda_cacheinfo`.
    pub const CACHEINFO: u16 = 3;
    /// VLAN.
    pub const VLAN: u16 = 5;
    /// UDP port of the tunnel.
    pub const PORT: u16 = 6;
    /// VXLAN network.
    pub const VNI: u16 = 7;
    /// The link by which the other end of the tunnel is reached.
    pub const IFINDEX: u16 = 8;
    /// The bridge.
    pub const MASTER: u16 = 9;
    /// VXLAN network of the sender.
    pub const SRC_VNI: u16 = 11;
    /// The next hop, by its number.
    pub const NH_ID: u16 = 13;
    /// Settings of forwarding entries (`NFEA_*`).
    pub const FDB_EXT_ATTRS: u16 = 14;
    /// More flags.
    pub const FLAGS_EXT: u16 = 15;
    /// Which bits of the state are asked for, to flush.
    pub const STATE_MASK: u16 = 16;
    /// Which bits of the flags are asked for, to flush.
    pub const FLAGS_MASK: u16 = 17;
}

/// `NUD_*`, states.
pub mod nud {
    /// Known to answer.
    pub const REACHABLE: u16 = 0x02;
    /// Known once.
    pub const STALE: u16 = 0x04;
    /// Known once, and used again: it will be asked soon.
    pub const DELAY: u16 = 0x08;
    /// Being asked whether it is still there.
    pub const PROBE: u16 = 0x10;
    /// Asked for in vain.
    pub const FAILED: u16 = 0x20;
    /// Needs no asking.
    pub const NOARP: u16 = 0x40;
    /// Stays as it is.
    pub const PERMANENT: u16 = 0x80;
}

/// `NTF_*`, flags.
pub mod ntf {
    /// As if it was used: ask for it.
    pub const USE: u8 = 0x01;
    /// Of the link's own.
    pub const SELF: u8 = 0x02;
    /// Of the bridge that the link is a port of.
    pub const MASTER: u8 = 0x04;
    /// Answered for in its place.
    pub const PROXY: u8 = 0x08;
    /// Learnt by somebody outside of the kernel.
    pub const EXT_LEARNED: u8 = 0x10;
    /// In hardware.
    pub const OFFLOADED: u8 = 0x20;
    /// It does not move to other ports.
    pub const STICKY: u8 = 0x40;
    /// A router.
    pub const ROUTER: u8 = 0x80;
}

/// States by their names in `ip neigh`, in lower case.
pub const STATES: [(u16, &str); 9] = [
    (0, "none"),
    (0x01, "incomplete"),
    (nud::REACHABLE, "reachable"),
    (nud::STALE, "stale"),
    (nud::DELAY, "delay"),
    (nud::PROBE, "probe"),
    (nud::FAILED, "failed"),
    (nud::NOARP, "noarp"),
    (nud::PERMANENT, "permanent"),
];

/// A `struct ndmsg`.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Header {
    /// AF_INET, AF_INET6 or AF_BRIDGE.
    pub family: u8,
    /// The link.
    pub index: u32,
    /// `NUD_*`.
    pub state: u16,
    /// `NTF_*`.
    pub flags: u8,
}

impl Header {
    /// The message with these attributes.
    pub fn message(&self, kind: u16, attributes: &Attributes) -> Message {
        let mut body = vec![self.family, 0, 0, 0];
        body.extend(self.index.to_ne_bytes());
        body.extend(self.state.to_ne_bytes());
        body.extend([self.flags, 0]);
        body.extend(attributes.as_bytes());
        Message { kind, body }
    }

    /// Reads one, and gives the attributes that follow.
    pub fn read(bytes: &[u8]) -> Result<(Self, &[u8])> {
        let Some((header, attributes)) = bytes.split_first_chunk::<HEADER>() else {
            return Err(Error::Unreadable("a neighbour without its header".into()));
        };
        let [family, _, _, _, i0, i1, i2, i3, s0, s1, flags, _] = *header;
        let header = Header {
            family,
            index: u32::from_ne_bytes([i0, i1, i2, i3]),
            state: u16::from_ne_bytes([s0, s1]),
            flags,
        };
        Ok((header, attributes))
    }
}

/// The name of a state.
pub fn state_name(state: u16) -> &'static str {
    let found = STATES.iter().find(|(bits, _)| *bits == state);
    found.map_or("none", |(_, name)| *name)
}

/// The state of this name.
pub fn state_number(name: &str) -> Option<u16> {
    let found = STATES.iter().find(|(_, known)| *known == name);
    found.map(|(bits, _)| *bits)
}
