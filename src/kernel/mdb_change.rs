//! Changes of multicast databases (RTM_NEWMDB and RTM_DELMDB; net/bridge/br_mdb.c, drivers/net/vxlan/vxlan_mdb.c).

use netlink_packet_core::{NLM_F_CREATE, NLM_F_EXCL, NLM_F_REPLACE};
use nix::errno::Errno;

use super::bridge_port;
use super::change::{Action, Change, Command, Names, Operation};
use super::error::Result;
use super::fdb_flush::NLM_F_BULK;
use super::link::kind_of;
use super::mdb::{
    self, FILTER_MODES, MDBA_SET_ENTRY, MDBA_SET_ENTRY_ATTRS, Member, Remote, list, mdbe,
};
use super::netlink::attributes::Attributes;
use super::netlink::{Message, Request};
use super::netns::Namespace;
use super::reason::{Reason, Refusal, listed};
use super::route_names::PROTOCOLS;

const RTM_NEWMDB: u16 = 84;
const RTM_DELMDB: u16 = 85;

/// `MDBE_SRC_LIST_ENTRY` and `MDBE_SRCATTR_ADDRESS`.
const SRC_LIST_ENTRY: u16 = 1;
const SRC_ADDRESS: u16 = 1;

/// The kinds of links that have groups.
const MASTERS: [&str; 2] = ["bridge", "vxlan"];

/// A port that is to get the frames of a group.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MdbAdd {
    /// Which.
    pub member: Member<String>,
    /// Whether it takes the place of what there is of the same group, port, VLAN and sender.
    pub replace: bool,
}

/// A port that is not to get them any more.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MdbDel {
    /// Which.
    pub member: Member<String>,
}

impl Member<String> {
    fn request(&self, names: &dyn Names, kind: u16, how: u16) -> Result<Action> {
        let port = names.link(&self.port)?;
        let mut attributes = Attributes::new();
        let entry = mdb::entry(port, self.is_permanent, self.vid, Some(self.group));
        attributes.put(MDBA_SET_ENTRY, &entry);
        let mut more = Attributes::new();
        if let Some(source) = self.source {
            more.ip(mdbe::SOURCE, source);
        }
        if let Some(mode) = self.filter_mode {
            let known = FILTER_MODES.iter().find(|(name, _)| *name == mode);
            more.u8(mdbe::GROUP_MODE, known.map_or(0, |(_, number)| *number));
        }
        if !self.sources.is_empty() {
            more.nest(mdbe::SRC_LIST, |list| {
                for (source, _) in &self.sources {
                    list.nest(SRC_LIST_ENTRY, |entry| {
                        entry.ip(SRC_ADDRESS, *source);
                    });
                }
            });
        }
        if let Some(protocol) = self.protocol {
            more.u8(mdbe::RTPROT, protocol);
        }
        self.remote.write(&mut more, names)?;
        if !more.is_empty() {
            attributes.nest(MDBA_SET_ENTRY_ATTRS, |nest| {
                nest.extend(&more);
            });
        }
        let mut body = mdb::header(names.link(&self.bridge)?);
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
        if self.is_permanent && verb != "del" {
            command.word("permanent");
        }
        if self.vid != 0 {
            command.with("vid", self.vid);
        }
        if let Some(mode) = self.filter_mode {
            command.with("filter_mode", mode);
        }
        if !self.sources.is_empty() {
            let sources = self.sources.iter().map(|(source, _)| source.to_string());
            command.with("source_list", sources.collect::<Vec<_>>().join(","));
        }
        if let Some(protocol) = self.protocol {
            command.with("proto", PROTOCOLS.text(protocol.into()));
        }
        self.remote.say(&mut command);
        command
    }

    fn roles(&self) -> Vec<(&'static str, &str)> {
        let mut roles = vec![("bridge", self.bridge.as_str()), ("port", &self.port)];
        roles.extend(self.remote.via.as_deref().map(|via| ("via", via)));
        roles
    }

    /// What names it, without what is set of it.
    fn bare(&self) -> Self {
        Member {
            is_permanent: false,
            filter_mode: None,
            sources: Vec::new(),
            protocol: None,
            ..self.clone()
        }
    }

    /// One that is there, said so that it can be made again. Of whom the kernel itself made, nobody is said; of who is taken to have
    /// made it where nobody is said neither, which kernels before 6.2 can't be told.
    fn as_it_was(&self, one: &Member<u32>, names: &dyn Names) -> Result<Self> {
        const RTPROT_KERNEL: u8 = 2;
        const RTPROT_STATIC: u8 = 4;
        // Senders are listed of what is of any sender.
        let has_sources = one.source.is_none();
        let socket = names.namespace().route()?;
        Ok(Member {
            is_permanent: one.is_permanent,
            filter_mode: one.filter_mode.filter(|_| has_sources),
            sources: one.sources.clone(),
            protocol: one
                .protocol
                .filter(|number| *number > RTPROT_KERNEL && *number != RTPROT_STATIC),
            remote: Remote {
                dst: one.remote.dst,
                port: one.remote.port,
                vni: one.remote.vni,
                src_vni: one.remote.src_vni,
                via: one.remote.via.and_then(|via| socket.name_of(via)),
            },
            ..self.clone()
        })
    }

    /// The one that is there.
    fn found(&self, names: &dyn Names) -> Result<Option<Member<u32>>> {
        let port = names.link(&self.port)?;
        let there = self.there(names)?;
        let found = there.into_iter().find(|one| {
            one.port == port
                && one.group == self.group
                && one.vid == self.vid
                && one.source == self.source
                && one.remote.dst == self.remote.dst
                && (self.remote.src_vni.is_none() || one.remote.src_vni == self.remote.src_vni)
        });
        Ok(found)
    }

    fn there(&self, names: &dyn Names) -> Result<Vec<Member<u32>>> {
        let bridge = names.link(&self.bridge)?;
        let mut list = list(names.namespace())?;
        list.retain(|member| member.bridge == bridge);
        Ok(list)
    }
}

impl Remote<String> {
    /// What a bridge would not look at: where frames go in a tunnel is for tunnels.
    fn unheeded(&self, bridge: &str, names: &dyn Names) -> Option<Reason> {
        let of_a_tunnel = [
            ("dst", self.dst.is_some()),
            ("dst_port", self.port.is_some()),
            ("vni", self.vni.is_some()),
            ("src_vni", self.src_vni.is_some()),
            ("via", self.via.is_some()),
        ];
        let (key, _) = of_a_tunnel.into_iter().find(|(_, given)| *given)?;
        let kind = kind_of(names.namespace(), bridge)?;
        (kind != "vxlan").then(|| {
            let words = format!("{key} is for the groups of a VXLAN tunnel, and {bridge} is none");
            Reason::new(words).blame(key)
        })
    }

    fn write(&self, more: &mut Attributes, names: &dyn Names) -> Result<()> {
        if let Some(dst) = self.dst {
            more.ip(mdbe::DST, dst);
        }
        if let Some(port) = self.port {
            more.u16(mdbe::DST_PORT, port);
        }
        for (kind, vni) in [(mdbe::VNI, self.vni), (mdbe::SRC_VNI, self.src_vni)] {
            if let Some(vni) = vni {
                more.u32(kind, vni);
            }
        }
        if let Some(via) = &self.via {
            more.u32(mdbe::IFINDEX, names.link(via)?);
        }
        Ok(())
    }

    fn say(&self, command: &mut Command) {
        let pairs = [
            ("dst", self.dst.map(|dst| dst.to_string())),
            ("dst_port", self.port.map(|port| port.to_string())),
            ("vni", self.vni.map(|vni| vni.to_string())),
            ("src_vni", self.src_vni.map(|vni| vni.to_string())),
            ("via", self.via.clone()),
        ];
        for (key, value) in pairs {
            if let Some(value) = value {
                command.with(key, value);
            }
        }
    }
}

/// Whether a link is of a kind that has groups.
pub(crate) fn has_groups(namespace: &Namespace, link: &str) -> bool {
    kind_of(namespace, link).is_some_and(|kind| MASTERS.contains(&kind.as_str()))
}

/// What is wrong with the bridge or its port.
pub(crate) fn not_there(
    namespace: &Namespace,
    bridge: &str,
    port: &str,
    refusal: &Refusal,
) -> Option<Reason> {
    let said = refusal.said.unwrap_or_default();
    Some(match refusal.errno {
        Errno::EOPNOTSUPP if has_groups(namespace, bridge) => {
            Reason::new("the bridges of this kernel know no groups (CONFIG_BRIDGE_IGMP_SNOOPING)")
        }
        Errno::EOPNOTSUPP => Reason::new(format!("{bridge} is no bridge")).blame("bridge"),
        Errno::EINVAL if bridge_port::is_meant(said) => {
            bridge_port::no_port_of(port, bridge).blame("port")
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
        let how = if self.replace {
            NLM_F_REPLACE
        } else {
            NLM_F_EXCL
        };
        self.member.request(names, RTM_NEWMDB, NLM_F_CREATE | how)
    }

    fn command(&self) -> Command {
        self.member
            .command(if self.replace { "replace" } else { "add" })
    }

    fn objection(&self, names: &dyn Names) -> Option<Reason> {
        self.member.remote.unheeded(&self.member.bridge, names)
    }

    fn refusal(&self, refusal: &Refusal, names: &dyn Names) -> Option<Reason> {
        let Member { bridge, port, .. } = &self.member;
        let said = refusal.said.unwrap_or_default();
        match refusal.errno {
            Errno::EEXIST if self.replace => {
                let hint = "Linux does it from 6.2 on; mdb_del(...) and mdb_add(...) do the same";
                Some(Reason::new("this kernel can't set what is there").hint(hint))
            }
            Errno::EINVAL if said == "Unknown attribute type" => {
                let words = "this kernel knows less of a group than is set";
                let hint = "Linux knows filter_mode, source_list and protocol from 6.2 on";
                Some(Reason::new(words).hint(hint))
            }
            Errno::EEXIST => {
                let words = format!("{port} gets the frames of this group already");
                Some(Reason::new(words).blame("group"))
            }
            _ => not_there(names.namespace(), bridge, port, refusal),
        }
    }

    fn inverse(&self, names: &dyn Names) -> Result<Option<Change>> {
        if let (true, Some(before)) = (self.replace, self.member.found(names)?) {
            // What a host asked for, it asks for again.
            if !before.is_permanent {
                return Ok(None);
            }
            let (member, replace) = (self.member.as_it_was(&before, names)?, true);
            return Ok(Some(MdbAdd { member, replace }.into()));
        }
        let member = self.member.bare();
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

    fn objection(&self, names: &dyn Names) -> Option<Reason> {
        self.member.remote.unheeded(&self.member.bridge, names)
    }

    fn refusal(&self, refusal: &Refusal, names: &dyn Names) -> Option<Reason> {
        let Member { bridge, port, .. } = &self.member;
        let place = not_there(names.namespace(), bridge, port, refusal);
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
        // What a host asked for, it asks for again.
        let found = self.member.found(names)?.filter(|one| one.is_permanent);
        let Some(one) = found else { return Ok(None) };
        let (member, replace) = (self.member.as_it_was(&one, names)?, false);
        Ok(Some(MdbAdd { member, replace }.into()))
    }
}

/// Members of groups removed, all that are like what is given (NLM_F_BULK; br_mdb_del_bulk, vxlan_mdb_del_bulk).
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct MdbFlush {
    /// The bridge or the tunnel.
    pub bridge: String,
    /// Those at this port.
    pub port: Option<String>,
    /// Those in this VLAN; 0 is any.
    pub vid: u16,
    /// Those that stay until they are deleted, or the others.
    pub permanent: Option<bool>,
    /// Those that this one made: `RTPROT_*`.
    pub protocol: Option<u8>,
    /// Those of a tunnel that go there.
    pub remote: Remote<String>,
}

impl Operation for MdbFlush {
    fn object(&self) -> String {
        self.bridge.clone()
    }

    fn links(&self) -> Vec<(&'static str, &str)> {
        let mut roles = vec![("bridge", self.bridge.as_str())];
        roles.extend(self.port.as_deref().map(|port| ("port", port)));
        roles
    }

    fn words(&self) -> String {
        format!("flush the multicast groups of {}", self.bridge)
    }

    fn action(&self, names: &dyn Names) -> Result<Action> {
        let port = self.port.as_deref().map(|port| names.link(port));
        let port = port.transpose()?.unwrap_or(0);
        let permanent = self.permanent == Some(true);
        let mut attributes = Attributes::new();
        let entry = mdb::entry(port, permanent, self.vid, None);
        attributes.put(MDBA_SET_ENTRY, &entry);
        let mut more = Attributes::new();
        if let Some(protocol) = self.protocol {
            more.u8(mdbe::RTPROT, protocol);
        }
        self.remote.write(&mut more, names)?;
        if self.permanent.is_some() {
            more.u8(mdbe::STATE_MASK, 1);
        }
        if !more.is_empty() {
            attributes.nest(MDBA_SET_ENTRY_ATTRS, |nest| {
                nest.extend(&more);
            });
        }
        let mut body = mdb::header(names.link(&self.bridge)?);
        body.extend(attributes.as_bytes());
        let kind = RTM_DELMDB;
        let request = Request::new(Message { kind, body }, NLM_F_BULK);
        Ok(Action::Route(vec![request]))
    }

    fn command(&self) -> Command {
        let mut command = Command {
            program: "bridge".into(),
            ..Command::ip(["mdb", "flush", "dev", &self.bridge])
        };
        if let Some(port) = &self.port {
            command.with("port", port);
        }
        if self.vid != 0 {
            command.with("vid", self.vid);
        }
        match self.permanent {
            Some(true) => command.word("permanent"),
            Some(false) => command.word("nopermanent"),
            None => {}
        }
        if let Some(protocol) = self.protocol {
            command.with("proto", PROTOCOLS.text(protocol.into()));
        }
        self.remote.say(&mut command);
        command
    }

    fn objection(&self, names: &dyn Names) -> Option<Reason> {
        self.remote.unheeded(&self.bridge, names)
    }

    fn refusal(&self, refusal: &Refusal, names: &dyn Names) -> Option<Reason> {
        let port = self.port.as_deref().unwrap_or(&self.bridge);
        let namespace = names.namespace();
        if refusal.errno == Errno::EOPNOTSUPP && has_groups(namespace, &self.bridge) {
            let words = "this kernel can't flush them by one message";
            return Some(
                Reason::new(words).hint("Linux does it from 6.8 on; mdb_del(...) removes one"),
            );
        }
        not_there(namespace, &self.bridge, port, refusal)
    }

    fn inverse(&self, _names: &dyn Names) -> Result<Option<Change>> {
        Ok(None)
    }
}
