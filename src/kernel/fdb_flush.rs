//! Many entries of a forwarding database removed at once (RTM_DELNEIGH with NLM_F_BULK; br_fdb_delete_bulk in net/bridge/br_fdb.c,
//! vxlan_fdb_delete_bulk in drivers/net/vxlan). What the words of bridge(8) come to is in bridge/fdb.c of iproute2.

use std::net::IpAddr;

use nix::errno::Errno;

use super::bridge_port;
use super::change::{Action, Change, Command, Names, Operation};
use super::error::Result;
use super::fdb::AF_BRIDGE;
use super::link;
use super::ndmsg::{self, Header, nda, ntf, nud};
use super::netlink::Request;
use super::netlink::attributes::Attributes;
use super::reason::{Reason, Refusal};

/// NLM_F_BULK of linux/netlink.h: to delete many by one message.
pub(super) const NLM_F_BULK: u16 = 0x200;

/// Which entries a flush takes. Yes or no of a kind: only those of the kind, or only others.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Which {
    /// Behind this port.
    pub brport: Option<String>,
    /// In this VLAN.
    pub vlan: Option<u16>,
    /// Those that are the machine's own, or entered for ever.
    pub permanent: Option<bool>,
    /// Those that were entered, and are not the machine's own.
    pub is_static: Option<bool>,
    /// Those that were learnt, or go like those.
    pub dynamic: Option<bool>,
    /// Flags by their names, in the order of `bridge`.
    pub flags: Vec<(&'static str, bool)>,
    /// The other end of the tunnel.
    pub dst: Option<IpAddr>,
    /// Its UDP port.
    pub port: Option<u16>,
    /// The VXLAN network to send it in.
    pub vni: Option<u32>,
    /// The VXLAN network that it is of.
    pub src_vni: Option<u32>,
    /// The next hop.
    pub nhid: Option<u32>,
}

/// The flags that a flush can ask for. "added by user" stands where other messages have "use" (br_fdb_delete_bulk).
pub const FLUSH_FLAGS: [(&str, u8); 5] = [
    ("added_by_user", ntf::USE),
    ("extern_learn", ntf::EXT_LEARNED),
    ("sticky", ntf::STICKY),
    ("offloaded", ntf::OFFLOADED),
    ("router", ntf::ROUTER),
];

impl Which {
    /// The state and its mask. None if one excludes the other.
    pub fn state(&self) -> Option<(u16, u16)> {
        let both = nud::PERMANENT | nud::NOARP;
        let asked = [
            (
                self.permanent,
                (nud::PERMANENT, nud::PERMANENT),
                (0, nud::PERMANENT),
            ),
            (self.is_static, (nud::NOARP, both), (0, nud::NOARP)),
            (self.dynamic, (0, both), (nud::NOARP, nud::NOARP)),
        ];
        let (mut state, mut mask) = (0, 0);
        for (is_asked, yes, no) in asked {
            let Some(is_asked) = is_asked else { continue };
            let (bits, of) = if is_asked { yes } else { no };
            if (state ^ bits) & mask & of != 0 {
                return None;
            }
            state |= bits;
            mask |= of;
        }
        Some((state, mask))
    }

    fn flags(&self) -> (u8, u8) {
        let (mut flags, mut mask) = (0, 0);
        for (name, is_set) in &self.flags {
            let found = FLUSH_FLAGS.iter().find(|(known, _)| known == name);
            let bit = found.map_or(0, |(_, bit)| *bit);
            flags |= if *is_set { bit } else { 0 };
            mask |= bit;
        }
        (flags, mask)
    }
}

/// Many entries removed at once (NLM_F_BULK; br_fdb_delete_bulk, vxlan_fdb_delete_bulk).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FdbFlush {
    /// The bridge, its port, or the tunnel.
    pub link: String,
    /// `NTF_SELF` and `NTF_MASTER`.
    pub flags: u8,
    /// Which.
    pub which: Which,
}

impl Operation for FdbFlush {
    fn object(&self) -> String {
        self.link.clone()
    }

    fn links(&self) -> Vec<(&'static str, &str)> {
        let mut roles = vec![("link", self.link.as_str())];
        roles.extend(self.which.brport.as_deref().map(|port| ("brport", port)));
        roles
    }

    fn words(&self) -> String {
        format!("flush the forwarding entries of {}", self.link)
    }

    fn action(&self, names: &dyn Names) -> Result<Action> {
        let which = &self.which;
        let (state, state_mask) = which.state().unwrap_or_default();
        let (flags, flags_mask) = which.flags();
        let header = Header {
            family: AF_BRIDGE,
            index: names.link(&self.link)?,
            state,
            flags: self.flags | flags,
        };
        let mut attributes = Attributes::new();
        if let Some(port) = &which.brport {
            attributes.u32(nda::IFINDEX, names.link(port)?);
        }
        if let Some(vlan) = which.vlan {
            attributes.u16(nda::VLAN, vlan);
        }
        let numbers = [
            (nda::SRC_VNI, which.src_vni),
            (nda::NH_ID, which.nhid),
            (nda::VNI, which.vni),
        ];
        for (kind, number) in numbers {
            if let Some(number) = number {
                attributes.u32(kind, number);
            }
        }
        if let Some(port) = which.port {
            attributes.be16(nda::PORT, port);
        }
        if let Some(dst) = which.dst {
            attributes.ip(nda::DST, dst);
        }
        if flags_mask != 0 {
            attributes.u8(nda::FLAGS_MASK, flags_mask);
        }
        if state_mask != 0 {
            attributes.u16(nda::STATE_MASK, state_mask);
        }
        let message = header.message(ndmsg::DEL, &attributes);
        Ok(Action::Route(vec![Request::new(message, NLM_F_BULK)]))
    }

    fn command(&self) -> Command {
        let which = &self.which;
        let mut command = Command {
            program: "bridge".into(),
            ..Command::ip(["fdb", "flush", "dev", &self.link])
        };
        let pairs = [
            ("brport", which.brport.clone()),
            ("vlan", which.vlan.map(|vlan| vlan.to_string())),
            ("src_vni", which.src_vni.map(|vni| vni.to_string())),
            ("nhid", which.nhid.map(|nhid| nhid.to_string())),
            ("vni", which.vni.map(|vni| vni.to_string())),
            ("port", which.port.map(|port| port.to_string())),
            ("dst", which.dst.map(|dst| dst.to_string())),
        ];
        for (key, value) in pairs {
            if let Some(value) = value {
                command.with(key, value);
            }
        }
        for (flag, word) in [(ntf::SELF, "self"), (ntf::MASTER, "master")] {
            if self.flags & flag != 0 {
                command.word(word);
            }
        }
        let states = [
            ("permanent", which.permanent),
            ("static", which.is_static),
            ("dynamic", which.dynamic),
        ];
        let states = states
            .iter()
            .filter_map(|(word, is_set)| is_set.map(|is_set| (*word, is_set)));
        for (word, is_set) in states.chain(which.flags.iter().copied()) {
            command.word(match is_set {
                true => word.to_string(),
                false => format!("no{word}"),
            });
        }
        command
    }

    fn refusal(&self, refusal: &Refusal, names: &dyn Names) -> Option<Reason> {
        let link = &self.link;
        let index = names.link(link).ok()?;
        let found = link::get_bare(names.namespace(), index).ok()?;
        let said = refusal.said.unwrap_or_default();
        match refusal.errno {
            Errno::EOPNOTSUPP | Errno::EINVAL
                if self.flags & ntf::MASTER != 0 && found.master.is_none() =>
            {
                Some(bridge_port::no_port(link).blame("master"))
            }
            Errno::EOPNOTSUPP if !["bridge", "vxlan"].contains(&found.kind.as_str()) => {
                let words = format!("{link} is neither a bridge nor a VXLAN tunnel");
                let reason = Reason::new(words).blame("link");
                Some(match found.master {
                    Some(_) => {
                        reason.hint("#{ master: true } means the bridge that it is a port of")
                    }
                    None => reason,
                })
            }
            Errno::EOPNOTSUPP => {
                let words = "this kernel can't flush them by one message";
                Some(Reason::new(words).hint(
                    "bridges do it from Linux 5.19 on, VXLAN tunnels from 6.7 on; fdb_del(...) removes one",
                ))
            }
            Errno::EINVAL if bridge_port::is_meant(said) => {
                let port = self.which.brport.as_deref()?;
                let bare = |index| link::get_bare(names.namespace(), index).ok();
                let bridge = match found.master.filter(|_| self.flags & ntf::MASTER != 0) {
                    Some(master) => bare(master)?.name,
                    None => found.name,
                };
                let other = names.link(port).ok().and_then(bare);
                let reason = match other.is_some_and(|other| other.kind == "bridge") {
                    true => Reason::new(format!("{port} is another bridge than {bridge}")),
                    false => bridge_port::no_port_of(port, &bridge),
                };
                Some(reason.blame("brport"))
            }
            _ => None,
        }
    }

    fn inverse(&self, _names: &dyn Names) -> Result<Option<Change>> {
        Ok(None)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// As `bridge fdb flush` of iproute2 6.15 sends them (tests/bridge/messages); what excludes each other has none.
    #[test]
    fn states_to_flush() {
        let state = |permanent, is_static, dynamic| {
            let which = Which {
                permanent,
                is_static,
                dynamic,
                ..Which::default()
            };
            which.state()
        };
        let (yes, no) = (Some(true), Some(false));
        assert_eq!(state(None, None, None), Some((0, 0)));
        assert_eq!(state(yes, None, None), Some((0x80, 0x80)));
        assert_eq!(state(None, yes, None), Some((0x40, 0xc0)));
        assert_eq!(state(None, None, yes), Some((0, 0xc0)));
        assert_eq!(state(no, no, None), Some((0, 0xc0)));
        assert_eq!(state(None, None, no), Some((0x40, 0x40)));
        assert_eq!(state(yes, yes, None), None);
        assert_eq!(state(None, yes, yes), None);
        assert_eq!(state(yes, None, yes), None);
    }
}
