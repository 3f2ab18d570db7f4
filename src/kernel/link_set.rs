//! Properties of a link: RTM_SETLINK, the equivalent of `ip link set`.

use netlink_packet_route::RouteNetlinkMessage;
use netlink_packet_route::link::{LinkAttribute, LinkFlags, LinkMessage};
use nix::errno::Errno;

use super::change::{Action, Change, Command, Names, Operation};
use super::error::Result;
use super::link;
use super::mac::Mac;
use super::netlink::Request;
use super::reason::{Reason, Refusal};

/// What to set; None leaves a property as it is.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct LinkSet {
    /// The link.
    pub link: String,
    /// IFF_UP.
    pub up: Option<bool>,
    /// Largest payload in bytes.
    pub mtu: Option<u32>,
    /// Hardware address.
    pub mac: Option<Mac>,
    /// New name.
    pub name: Option<String>,
    /// The bridge, bond or vrf to become a port of; `Some(None)` leaves it.
    pub master: Option<Option<String>>,
    /// The namespace to move to.
    pub netns: Option<String>,
    /// IFF_PROMISC.
    pub promisc: Option<bool>,
    /// Length of the transmit queue in packets.
    pub txqueuelen: Option<u32>,
    /// Free text to keep with the link; empty takes it away.
    pub alias: Option<String>,
}

impl LinkSet {
    /// Up or down, nothing else.
    pub fn up(link: impl Into<String>, up: bool) -> Self {
        LinkSet {
            link: link.into(),
            up: Some(up),
            ..LinkSet::default()
        }
    }

    /// The properties that are set, by their option keys.
    fn properties(&self) -> Vec<&'static str> {
        [
            ("up", self.up.is_some()),
            ("mtu", self.mtu.is_some()),
            ("mac", self.mac.is_some()),
            ("name", self.name.is_some()),
            ("master", self.master.is_some()),
            ("netns", self.netns.is_some()),
            ("promisc", self.promisc.is_some()),
            ("txqueuelen", self.txqueuelen.is_some()),
            ("alias", self.alias.is_some()),
        ]
        .into_iter()
        .filter_map(|(key, set)| set.then_some(key))
        .collect()
    }

    /// Whether nothing is set.
    pub fn is_empty(&self) -> bool {
        self.properties().is_empty()
    }
}

impl Operation for LinkSet {
    fn object(&self) -> String {
        self.link.clone()
    }

    fn words(&self) -> String {
        match (self.properties().as_slice(), self.up) {
            (["up"], Some(true)) => format!("bring {} up", self.link),
            (["up"], Some(false)) => format!("bring {} down", self.link),
            ([], _) => format!("set nothing of {}", self.link),
            (properties, _) => format!("set {} of {}", properties.join(", "), self.link),
        }
    }

    fn action(&self, names: &dyn Names) -> Result<Action> {
        let mut message = LinkMessage::default();
        message.header.index = names.link(&self.link)?;
        let mut flag = |flag: LinkFlags, on: Option<bool>| {
            if let Some(on) = on {
                message.header.change_mask |= flag;
                message.header.flags.set(flag, on);
            }
        };
        flag(LinkFlags::Up, self.up);
        flag(LinkFlags::Promisc, self.promisc);
        let attributes = &mut message.attributes;
        attributes.extend(self.mtu.map(LinkAttribute::Mtu));
        attributes.extend(
            self.mac
                .map(|mac| LinkAttribute::Address(mac.bytes().to_vec())),
        );
        attributes.extend(self.name.clone().map(LinkAttribute::IfName));
        attributes.extend(self.txqueuelen.map(LinkAttribute::TxQueueLen));
        attributes.extend(self.alias.clone().map(LinkAttribute::IfAlias));
        if let Some(master) = &self.master {
            let index = master.as_deref().map(|name| names.link(name)).transpose()?;
            attributes.push(LinkAttribute::Controller(index.unwrap_or(0)));
        }
        if let Some(netns) = &self.netns {
            attributes.push(LinkAttribute::NetNsFd(names.netns(netns)?));
        }
        Ok(Action::Route(vec![Request {
            message: RouteNetlinkMessage::SetLink(message),
            flags: 0,
        }]))
    }

    fn command(&self) -> Command {
        let mut command = Command::ip(["link", "set", "dev", &self.link]);
        if let Some(mtu) = self.mtu {
            command.with("mtu", mtu);
        }
        if let Some(mac) = self.mac {
            command.with("address", mac);
        }
        match &self.master {
            Some(Some(master)) => command.with("master", master),
            Some(None) => command.word("nomaster"),
            None => {}
        }
        if let Some(on) = self.promisc {
            command.with("promisc", if on { "on" } else { "off" });
        }
        if let Some(length) = self.txqueuelen {
            command.with("txqueuelen", length);
        }
        if let Some(alias) = &self.alias {
            command.with("alias", alias);
        }
        if let Some(name) = &self.name {
            command.with("name", name);
        }
        if let Some(netns) = &self.netns {
            command.netns(netns);
        }
        if let Some(up) = self.up {
            command.word(if up { "up" } else { "down" });
        }
        command
    }

    fn refusal(&self, refusal: &Refusal, _names: &dyn Names) -> Option<Reason> {
        match (refusal.errno, &self.name, self.mtu) {
            (Errno::EEXIST, Some(name), _) => Some(link::exists(name, "name")),
            (Errno::EINVAL, _, Some(mtu)) if refusal.may_mean("mtu") => {
                Some(link::mtu_refused(mtu))
            }
            (Errno::EBUSY, Some(_), _) => Some(
                Reason::new("the link is up")
                    .blame("name")
                    .hint("bring it down first: link_down(...)"),
            ),
            _ => None,
        }
    }

    fn brings_up(&self) -> bool {
        self.up == Some(true)
    }

    fn inverse(&self, names: &dyn Names) -> Result<Option<Change>> {
        if self.netns.is_some() {
            // A move strips addresses and state: moving back does not restore them.
            return Ok(None);
        }
        let now = link::get_bare(names.namespace(), names.link(&self.link)?)?;
        let master_name = |index| names.namespace().route().ok()?.name_of(index);
        Ok(Some(Change::LinkSet(LinkSet {
            link: self.name.clone().unwrap_or_else(|| self.link.clone()),
            up: self.up.map(|_| now.up),
            mtu: self.mtu.map(|_| now.mtu),
            mac: self.mac.and(now.mac),
            // The link may have been called by one of its other names (altname in ip-link(8)).
            name: self.name.as_ref().map(|_| now.name.clone()),
            master: self
                .master
                .as_ref()
                .map(|_| now.master.and_then(master_name)),
            netns: None,
            promisc: self.promisc.map(|_| now.flags.contains(&"PROMISC")),
            txqueuelen: self.txqueuelen.map(|_| now.txqueuelen),
            alias: self
                .alias
                .as_ref()
                .map(|_| now.alias.clone().unwrap_or_default()),
        })))
    }

    fn has_parts(&self) -> bool {
        self.properties().len() > 1
    }

    fn after_a_part(&self, names: &dyn Names) -> Option<Change> {
        // An inverse calls the link by the new name. Where the old one still stands, the kernel did not come as far as
        // the renaming, and the new name is nobody's or another link's.
        let old = self.name.as_ref()?;
        names.link(old).is_ok().then(|| {
            Change::LinkSet(LinkSet {
                link: old.clone(),
                name: None,
                ..self.clone()
            })
        })
    }
}
