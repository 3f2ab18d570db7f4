//! New links of any kind: RTM_NEWLINK, the equivalent of `ip link add`.

use netlink_packet_core::{NLM_F_CREATE, NLM_F_EXCL};

use super::change::{Action, Change, Command, Names, Operation};
use super::error::Result;
use super::link::LinkDel;
use super::link_message::{Body, IFF_UP, RTM_NEWLINK};
use super::link_refusal;
use super::mac::Mac;
use super::netlink::Request;
use super::options::Settings;
use super::reason::{Reason, Refusal};

/// A new link.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct LinkAdd {
    /// Its name.
    pub name: String,
    /// Its index; without it the kernel chooses one.
    pub index: Option<u32>,
    /// The kind, as after `type` in `ip link add`.
    pub kind: String,
    /// The settings of the kind.
    pub settings: Settings,
    /// The link below.
    pub parent: Option<String>,
    /// Largest payload in bytes.
    pub mtu: Option<u32>,
    /// Its hardware address.
    pub mac: Option<Mac>,
    /// IFF_UP.
    pub up: bool,
    /// The bridge, bond or vrf to become a port of.
    pub master: Option<String>,
    /// The namespace in which it is to be, if not the one of the change.
    pub netns: Option<String>,
    /// Length of the transmit queue in packets.
    pub txqueuelen: Option<u32>,
    /// How many transmit queues.
    pub numtxqueues: Option<u32>,
    /// How many receive queues.
    pub numrxqueues: Option<u32>,
    /// The number of the group that it belongs to.
    pub group: Option<u32>,
}

impl Operation for LinkAdd {
    fn object(&self) -> String {
        self.name.clone()
    }

    fn links(&self) -> Vec<(&'static str, &str)> {
        let own = [("parent", &self.parent), ("master", &self.master)];
        let own = own
            .into_iter()
            .filter_map(|(argument, name)| Some((argument, name.as_deref()?)));
        own.chain(self.settings.links()).collect()
    }

    fn namespaces(&self) -> Vec<(&'static str, &str)> {
        self.netns
            .iter()
            .map(|name| ("netns", name.as_str()))
            .collect()
    }

    fn words(&self) -> String {
        format!("make link {} of kind {}", self.name, self.kind)
    }

    fn action(&self, names: &dyn Names) -> Result<Action> {
        let index =
            |name: &Option<String>| name.as_deref().map(|name| names.link(name)).transpose();
        let mut body = Body::of(self.index.unwrap_or(0));
        body.flag(IFF_UP, self.up.then_some(true));
        body.name(Some(&self.name));
        body.parent(index(&self.parent)?);
        body.mtu(self.mtu);
        body.mac(self.mac);
        body.txqueuelen(self.txqueuelen);
        body.queues(self.numtxqueues, self.numrxqueues);
        body.group(self.group);
        body.master(index(&self.master)?);
        let netns = self.netns.as_deref().map(|name| names.netns(name));
        body.netns(netns.transpose()?);
        body.info(Some((&self.kind, &self.settings)), None, names)?;
        let message = body.message(RTM_NEWLINK);
        let flags = NLM_F_CREATE | NLM_F_EXCL;
        Ok(Action::Route(vec![Request { message, flags }]))
    }

    fn command(&self) -> Command {
        let mut command = Command::ip(["link", "add"]);
        let mut with = |word: &str, value: Option<String>| {
            if let Some(value) = value {
                command.with(word, value);
            }
        };
        with("link", self.parent.clone());
        with("dev", Some(self.name.clone()));
        with("index", self.index.map(|index| index.to_string()));
        with("mtu", self.mtu.map(|mtu| mtu.to_string()));
        with("address", self.mac.map(|mac| mac.to_string()));
        with(
            "txqueuelen",
            self.txqueuelen.map(|length| length.to_string()),
        );
        with(
            "numtxqueues",
            self.numtxqueues.map(|count| count.to_string()),
        );
        with(
            "numrxqueues",
            self.numrxqueues.map(|count| count.to_string()),
        );
        with("group", self.group.map(|group| group.to_string()));
        with("master", self.master.clone());
        if let Some(netns) = &self.netns {
            command.netns(netns);
        }
        if self.up {
            command.word("up");
        }
        command.with("type", &self.kind);
        self.settings.say(&mut command);
        command
    }

    fn refusal(&self, refusal: &Refusal, names: &dyn Names) -> Option<Reason> {
        link_refusal::of_add(self, refusal, names)
    }

    fn inverse(&self, _names: &dyn Names) -> Result<Option<Change>> {
        // From the namespace of the change a link in another one can't be named.
        let is_here = self.netns.is_none();
        let name = self.name.clone();
        Ok(is_here.then_some(Change::LinkDel(LinkDel { name })))
    }

    fn brings_up(&self) -> bool {
        self.up || self.master.is_some()
    }
}
