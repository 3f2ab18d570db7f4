//! Changes of forwarding databases: entries made, replaced and removed (RTM_NEWNEIGH and RTM_DELNEIGH with AF_BRIDGE). Many
//! are removed at once in [`fdb_flush`](super::fdb_flush).

use netlink_packet_core::{NLM_F_APPEND, NLM_F_CREATE, NLM_F_EXCL, NLM_F_REPLACE};
use nix::errno::Errno;

use super::bridge_port;
use super::change::{Action, Change, Command, Names, Operation};
use super::error::Result;
use super::fdb::{AF_BRIDGE, Entry, Filter, NFEA_ACTIVITY_NOTIFY, NFEA_DONT_REFRESH, STATES, list};
use super::link::{self, kind_of};
use super::mac::Mac;
use super::ndmsg::{self, Header, nda, ntf, nud};
use super::netlink::Request;
use super::netlink::attributes::Attributes;
use super::netns::Namespace;
use super::reason::{Reason, Refusal, listed};

/// A new entry.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FdbAdd {
    /// The entry.
    pub entry: Entry<String>,
    /// What becomes of others with the same address.
    pub how: How,
}

/// What becomes of other entries with the address of a new one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum How {
    /// There must be none.
    Add,
    /// It stands beside them: the other ends to which a tunnel sends a frame for all.
    Append,
    /// It takes their place.
    Replace,
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
        if let Some(nhid) = self.nhid {
            attributes.u32(nda::NH_ID, nhid);
        }
        if let Some(via) = &self.via {
            attributes.u32(nda::IFINDEX, names.link(via)?);
        }
        if self.notify.is_some() || self.norefresh {
            attributes.nest(nda::FDB_EXT_ATTRS, |settings| {
                if let Some(notify) = self.notify {
                    settings.u8(NFEA_ACTIVITY_NOTIFY, notify);
                }
                if self.norefresh {
                    settings.flag(NFEA_DONT_REFRESH);
                }
            });
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
            ("nhid", self.nhid.map(|nhid| nhid.to_string())),
        ];
        for (key, value) in pairs {
            if let Some(value) = value {
                command.with(key, value);
            }
        }
        let norefresh = self.norefresh.then_some("norefresh");
        for flag in self
            .flag_names()
            .chain(self.notify_names())
            .chain(norefresh)
        {
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

    /// What nobody would look at. Where a frame goes in a tunnel is for tunnels, and when the kernel tells of an entry is for
    /// bridges; other drivers take the entry without.
    fn unheeded(&self, names: &dyn Names) -> Option<Reason> {
        let of_a_tunnel = [
            ("dst", self.dst.is_some()),
            ("port", self.port.is_some()),
            ("vni", self.vni.is_some()),
            ("src_vni", self.src_vni.is_some()),
            ("via", self.via.is_some()),
            ("nhid", self.nhid.is_some()),
        ];
        let link = &self.link;
        if let Some((key, _)) = of_a_tunnel.into_iter().find(|(_, given)| *given) {
            if kind_of(names.namespace(), link)? != "vxlan" {
                let words = format!("{key} is for the entries of a VXLAN link, and {link} is none");
                return Some(Reason::new(words).blame(key));
            }
            if self.flags & ntf::SELF == 0 {
                let words = format!(
                    "{key} is for the entries of {link} itself, and master means those of its bridge"
                );
                return Some(Reason::new(words).blame(key));
            }
        }
        let of_a_bridge = [
            ("activity_notify", self.notify.is_some()),
            ("norefresh", self.norefresh),
        ];
        let (key, _) = of_a_bridge.into_iter().find(|(_, given)| *given)?;
        (self.flags & ntf::MASTER == 0).then(|| {
            let words = format!("{key} is for the entries of a bridge");
            Reason::new(words).blame(key).hint("#{ master: true }")
        })
    }

    /// An entry that is there, said so that it can be made again; None if its links have no names.
    fn as_it_was(&self, one: &Entry<u32>, names: &dyn Names) -> Result<Option<Entry<String>>> {
        let kept = ntf::SELF | ntf::MASTER | ntf::ROUTER | ntf::EXT_LEARNED | ntf::STICKY;
        let socket = names.namespace().route()?;
        let Some(link) = socket.name_of(one.link) else {
            return Ok(None);
        };
        Ok(Some(Entry {
            mac: one.mac,
            link,
            state: one.state,
            flags: one.flags & kept | self.flags & (ntf::SELF | ntf::MASTER),
            vlan: one.vlan,
            dst: one.dst,
            port: one.port,
            vni: one.vni,
            src_vni: one.src_vni,
            via: one.via.and_then(|via| socket.name_of(via)),
            nhid: one.nhid,
            notify: one.notify,
            ..Entry::default()
        }))
    }

    /// Those whose place this one takes: a bridge knows an address at one of its ports.
    fn in_its_place(&self, names: &dyn Names) -> Result<Vec<Entry<u32>>> {
        let index = names.link(&self.link)?;
        let bridge = match self.flags & ntf::MASTER != 0 {
            true => link::get_bare(names.namespace(), index)?.master,
            false => None,
        };
        let mut all = list(names.namespace(), &Filter::default())?;
        all.retain(|one| {
            let is_own = one.flags & ntf::SELF != 0;
            let is_here = match bridge {
                Some(bridge) => !is_own && one.master == Some(bridge),
                None => is_own && one.link == index,
            };
            is_here && one.mac == self.mac && one.vlan == self.vlan
        });
        Ok(all)
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
            && any(&self.nhid, &other.nhid)
            && (self.flags & ntf::SELF != 0) == is_own
    }
}

impl Entry<u32> {
    /// Whether somebody entered it, and nobody learnt it.
    fn is_entered(&self) -> bool {
        self.state & (nud::PERMANENT | nud::NOARP) != 0
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
        let how = match self.how {
            How::Add => NLM_F_EXCL,
            How::Append => NLM_F_APPEND,
            How::Replace => NLM_F_REPLACE,
        };
        self.entry.request(names, ndmsg::NEW, NLM_F_CREATE | how)
    }

    fn command(&self) -> Command {
        self.entry.command(match self.how {
            How::Add => "add",
            How::Append => "append",
            How::Replace => "replace",
        })
    }

    fn objection(&self, names: &dyn Names) -> Option<Reason> {
        self.entry.unheeded(names)
    }

    fn refusal(&self, refusal: &Refusal, names: &dyn Names) -> Option<Reason> {
        let link = &self.entry.link;
        match refusal.errno {
            Errno::EEXIST => {
                let words = format!("there is such an entry behind {link} already");
                // A tunnel sends what is for several to all of the other ends that it has for them (vxlan_fdb_update).
                let is_for_several = |mac: Mac| mac.is_multicast() || mac.bytes() == [0; 6];
                let mac = self.entry.mac.filter(|mac| is_for_several(*mac));
                let hint = match mac.and(self.entry.dst) {
                    Some(_) => "#{ append: true } adds another end beside it",
                    None => "fdb_del(...) removes it",
                };
                Some(Reason::new(words).blame("mac").hint(hint))
            }
            Errno::EINVAL if self.entry.dst.is_none() && is_tunnel(link, names) => {
                let words = format!(
                    "{link} is a tunnel: what it knows is at which other end an address is"
                );
                Some(Reason::new(words).hint("#{ dst: \"10.0.0.2\" }"))
            }
            Errno::EINVAL
                if self.entry.flags & ntf::STICKY != 0
                    && self.entry.state & nud::PERMANENT != 0 =>
            {
                let words = "a permanent entry moves nowhere, so it can't be sticky";
                let hint = "#{ state: \"static\" }";
                Some(Reason::new(words).blame("sticky").hint(hint))
            }
            // ndo_dflt_fdb_add of net/core/rtnetlink.c.
            Errno::EINVAL
                if self.entry.flags & ntf::SELF != 0
                    && self.entry.state & nud::PERMANENT == 0
                    && !is_tunnel(link, names) =>
            {
                let words = format!("{link} keeps its own addresses for ever");
                let hint = "#{ master: true } enters it for the bridge instead";
                Some(Reason::new(words).blame("state").hint(hint))
            }
            _ => no_port(&self.entry, refusal, names.namespace()),
        }
    }

    fn inverse(&self, names: &dyn Names) -> Result<Option<Change>> {
        let entry = self.entry.clone();
        if self.how == How::Replace {
            let there = self.entry.in_its_place(names)?;
            let mut there = there.iter();
            match (there.next(), there.next()) {
                (None, _) => {}
                // What was learnt is learnt again.
                (Some(one), None) if one.is_entered() => {
                    let how = How::Replace;
                    let before = self.entry.as_it_was(one, names)?;
                    return Ok(before.map(|entry| FdbAdd { entry, how }.into()));
                }
                _ => return Ok(None),
            }
        }
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
        if !one.is_entered() {
            return Ok(None);
        }
        let (entry, how) = (self.entry.as_it_was(one, names)?, How::Add);
        Ok(entry.map(|entry| Change::FdbAdd(FdbAdd { entry, how })))
    }
}

fn is_tunnel(link: &str, names: &dyn Names) -> bool {
    kind_of(names.namespace(), link).is_some_and(|kind| kind == "vxlan")
}

/// The link is no port, and so has no bridge that could know of it.
fn no_port(entry: &Entry<String>, refusal: &Refusal, namespace: &Namespace) -> Option<Reason> {
    let link = &entry.link;
    let index = namespace.route().ok()?.index_of(link).ok()?;
    let found = link::get_bare(namespace, index).ok()?;
    let wants_bridge = entry.flags & ntf::MASTER != 0;
    let is_refused = matches!(refusal.errno, Errno::EOPNOTSUPP | Errno::EINVAL);
    let is_none = is_refused && wants_bridge && found.master.is_none();
    is_none.then(|| bridge_port::no_port(link).blame("master"))
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
    let mut known: Vec<String> = known.map(|mac| mac.to_string()).collect();
    // One that is in a VLAN too has several entries.
    known.sort_unstable();
    known.dedup();
    match known.is_empty() {
        true => reason.hint(format!("nothing is known behind {}", entry.link)),
        false => reason.hint(format!("behind {} are {}", entry.link, listed(&known))),
    }
}
