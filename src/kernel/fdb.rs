//! Forwarding databases: behind which port of a bridge, or which end of a tunnel, a hardware address is (RTM_*NEIGH with
//! AF_BRIDGE; bridge(8), net/core/rtnetlink.c, net/bridge/br_fdb.c, drivers/net/vxlan).

use std::net::IpAddr;

use netlink_packet_core::{NLM_F_APPEND, NLM_F_CREATE, NLM_F_EXCL};
use nix::errno::Errno;

use super::change::{Action, Change, Command, Names, Operation};
use super::error::Result;
use super::link;
use super::mac::Mac;
use super::ndmsg::{self, Header, nda, ntf, nud};
use super::netlink::Request;
use super::netlink::attributes::{self, Attribute, Attributes};
use super::netns::Namespace;
use super::reason::{Reason, Refusal, listed};

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

/// A new entry.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FdbAdd {
    /// The entry.
    pub entry: Entry<String>,
    /// Whether it stands beside others with the same address: the other ends to which a tunnel sends a frame for all.
    pub append: bool,
}

/// An entry removed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FdbDel {
    /// What is said of it.
    pub entry: Entry<String>,
}

impl Entry<String> {
    fn request(&self, names: &dyn Names, kind: u16, how: u16) -> Result<Action> {
        let header = Header {
            family: AF_BRIDGE,
            index: names.link(&self.link)?,
            state: self.state,
            flags: self.flags,
        };
        let mut attributes = Attributes::new();
        if let Some(mac) = self.mac {
            attributes.put(nda::LLADDR, &mac.bytes());
        }
        if let Some(dst) = self.dst {
            attributes.ip(nda::DST, dst);
        }
        if let Some(vlan) = self.vlan {
            attributes.u16(nda::VLAN, vlan);
        }
        if let Some(port) = self.port {
            attributes.be16(nda::PORT, port);
        }
        for (kind, vni) in [(nda::VNI, self.vni), (nda::SRC_VNI, self.src_vni)] {
            if let Some(vni) = vni {
                attributes.u32(kind, vni);
            }
        }
        if let Some(via) = &self.via {
            attributes.u32(nda::IFINDEX, names.link(via)?);
        }
        let message = header.message(kind, &attributes);
        Ok(Action::Route(vec![Request::new(message, how)]))
    }

    fn command(&self, verb: &str) -> Command {
        let mac = self.mac.map(|mac| mac.to_string()).unwrap_or_default();
        let mut command = Command {
            program: "bridge".into(),
            ..Command::ip(["fdb", verb, &mac, "dev", &self.link])
        };
        let pairs = [
            ("dst", self.dst.map(|dst| dst.to_string())),
            ("vlan", self.vlan.map(|vlan| vlan.to_string())),
            ("port", self.port.map(|port| port.to_string())),
            ("vni", self.vni.map(|vni| vni.to_string())),
            ("src_vni", self.src_vni.map(|vni| vni.to_string())),
            ("via", self.via.clone()),
        ];
        for (key, value) in pairs {
            if let Some(value) = value {
                command.with(key, value);
            }
        }
        for flag in self.flag_names() {
            command.word(flag);
        }
        let state = STATES.iter().find(|(bits, _)| *bits == self.state);
        if let (Some((_, state)), true) = (state, verb != "del") {
            command.word(*state);
        }
        command
    }

    fn roles(&self) -> Vec<(&'static str, &str)> {
        let mut roles = vec![("link", self.link.as_str())];
        roles.extend(self.via.as_deref().map(|via| ("via", via)));
        roles
    }

    fn mac_text(&self) -> String {
        self.mac.map(|mac| mac.to_string()).unwrap_or_default()
    }

    fn is_said_of(&self, other: &Entry<u32>, index: u32) -> bool {
        fn any<T: PartialEq>(wanted: &Option<T>, found: &Option<T>) -> bool {
            wanted.is_none() || wanted == found
        }
        // What the bridge knows has the bridge's index with it; the link's own has the flag.
        let is_own = other.flags & ntf::SELF != 0;
        index == other.link
            && self.mac == other.mac
            && any(&self.vlan, &other.vlan)
            && any(&self.dst, &other.dst)
            && (self.flags & ntf::SELF != 0) == is_own
    }
}

impl Operation for FdbAdd {
    fn object(&self) -> String {
        self.entry.mac_text()
    }

    fn links(&self) -> Vec<(&'static str, &str)> {
        self.entry.roles()
    }

    fn words(&self) -> String {
        let Entry { link, .. } = &self.entry;
        format!("enter {} as being behind {link}", self.entry.mac_text())
    }

    fn action(&self, names: &dyn Names) -> Result<Action> {
        let how = if self.append {
            NLM_F_APPEND
        } else {
            NLM_F_EXCL
        };
        self.entry.request(names, ndmsg::NEW, NLM_F_CREATE | how)
    }

    fn command(&self) -> Command {
        self.entry
            .command(if self.append { "append" } else { "add" })
    }

    fn refusal(&self, refusal: &Refusal, names: &dyn Names) -> Option<Reason> {
        let link = &self.entry.link;
        match refusal.errno {
            Errno::EEXIST => {
                let words = format!("there is such an entry behind {link} already");
                Some(
                    Reason::new(words)
                        .blame("mac")
                        .hint("fdb_del(...) removes it"),
                )
            }
            Errno::EINVAL if self.entry.dst.is_none() && is_tunnel(link, names) => {
                let words = format!(
                    "{link} is a tunnel: what it knows is at which other end an address is"
                );
                Some(Reason::new(words).hint("#{ dst: \"10.0.0.2\" }"))
            }
            Errno::EINVAL if self.entry.flags & ntf::STICKY != 0 => {
                let words = "a permanent entry moves nowhere, so it can't be sticky";
                let hint = "#{ state: \"static\" }";
                Some(Reason::new(words).blame("sticky").hint(hint))
            }
            _ => no_port(&self.entry, refusal, names.namespace()),
        }
    }

    fn inverse(&self, _names: &dyn Names) -> Result<Option<Change>> {
        let entry = self.entry.clone();
        Ok(Some(Change::FdbDel(FdbDel { entry })))
    }
}

impl Operation for FdbDel {
    fn object(&self) -> String {
        self.entry.mac_text()
    }

    fn links(&self) -> Vec<(&'static str, &str)> {
        self.entry.roles()
    }

    fn words(&self) -> String {
        let Entry { link, .. } = &self.entry;
        format!(
            "remove the entry of {} behind {link}",
            self.entry.mac_text()
        )
    }

    fn action(&self, names: &dyn Names) -> Result<Action> {
        // A link's own entries are deleted only by whoever says that they are permanent (ndo_dflt_fdb_del), and `bridge` says
        // it of all.
        let entry = Entry {
            state: nud::NOARP | nud::PERMANENT,
            ..self.entry.clone()
        };
        entry.request(names, ndmsg::DEL, 0)
    }

    fn command(&self) -> Command {
        self.entry.command("del")
    }

    fn refusal(&self, refusal: &Refusal, names: &dyn Names) -> Option<Reason> {
        let no_port = no_port(&self.entry, refusal, names.namespace());
        no_port.or_else(|| match refusal.errno {
            // Of a link's own entries the kernel says no more.
            Errno::ENOENT | Errno::EINVAL => Some(unknown(&self.entry, names)),
            _ => None,
        })
    }

    fn inverse(&self, names: &dyn Names) -> Result<Option<Change>> {
        let index = names.link(&self.entry.link)?;
        let filter = Filter {
            link: Some(index),
            bridge: None,
        };
        let list = list(names.namespace(), &filter)?;
        let found = list.iter().filter(|one| self.entry.is_said_of(one, index));
        // A bridge that knows VLANs enters what is of none in each VLAN of the port too, and deletes it there (br_fdb_add).
        let found: Vec<_> = found.collect();
        let of_none = found.iter().any(|one| one.vlan.is_none());
        let found = found.into_iter();
        let mut found = found.filter(|one| !of_none || one.vlan.is_none());
        let (Some(one), None) = (found.next(), found.next()) else {
            return Ok(None);
        };
        // What was learnt is learnt again.
        if one.state & (nud::PERMANENT | nud::NOARP) == 0 {
            return Ok(None);
        }
        let kept = ntf::SELF | ntf::MASTER | ntf::ROUTER | ntf::EXT_LEARNED | ntf::STICKY;
        let socket = names.namespace().route()?;
        let entry = Entry {
            mac: one.mac,
            link: self.entry.link.clone(),
            master: None,
            state: one.state,
            flags: one.flags & kept | self.entry.flags & (ntf::SELF | ntf::MASTER),
            more_flags: 0,
            vlan: one.vlan,
            dst: one.dst,
            port: one.port,
            vni: one.vni,
            src_vni: one.src_vni,
            via: one.via.and_then(|via| socket.name_of(via)),
            ages: None,
        };
        let append = false;
        Ok(Some(Change::FdbAdd(FdbAdd { entry, append })))
    }
}

fn is_tunnel(link: &str, names: &dyn Names) -> bool {
    let index = names.link(link).ok();
    let found = index.and_then(|index| link::get_bare(names.namespace(), index).ok());
    found.is_some_and(|found| found.kind == "vxlan")
}

/// The link is no port, and so has no bridge that could know of it.
fn no_port(entry: &Entry<String>, refusal: &Refusal, namespace: &Namespace) -> Option<Reason> {
    let link = &entry.link;
    let index = namespace.route().ok()?.index_of(link).ok()?;
    let found = link::get_bare(namespace, index).ok()?;
    let wants_bridge = entry.flags & ntf::MASTER != 0;
    let is_refused = matches!(refusal.errno, Errno::EOPNOTSUPP | Errno::EINVAL);
    let words = format!("{link} is no port of a bridge");
    let reason = Reason::new(words).blame("master");
    let hint = format!("link_set({link:?}, #{{ master: \"br0\" }}) makes it one");
    (is_refused && wants_bridge && found.master.is_none()).then(|| reason.hint(hint))
}

fn unknown(entry: &Entry<String>, names: &dyn Names) -> Reason {
    let index = names.link(&entry.link).ok();
    let filter = Filter {
        link: index,
        bridge: None,
    };
    let list = list(names.namespace(), &filter).unwrap_or_default();
    let same: Vec<&Entry<u32>> = list.iter().filter(|one| one.mac == entry.mac).collect();
    let reason = Reason::new("there is no such entry").blame("mac");
    if let Some(one) = same.first() {
        let whose = match one.flags & ntf::SELF != 0 {
            true => "self: true",
            false => "master: true",
        };
        let vlan = one
            .vlan
            .map_or(String::new(), |vlan| format!(", vlan: {vlan}"));
        return reason.hint(format!("there is one with #{{ {whose}{vlan} }}"));
    }
    let known = list.iter().filter_map(|one| one.mac);
    let known: Vec<String> = known.map(|mac| mac.to_string()).collect();
    match known.is_empty() {
        true => reason.hint(format!("nothing is known behind {}", entry.link)),
        false => reason.hint(format!("behind {} are {}", entry.link, listed(&known))),
    }
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
