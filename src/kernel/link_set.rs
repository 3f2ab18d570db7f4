//! Properties of a link and settings of its kind: the equivalent of `ip link set`.

use super::change::{Action, Change, Command, Names, Operation};
use super::error::Result;
use super::kind;
use super::link;
use super::link_message::{Body, IFF_PROMISC, IFF_UP, RTM_NEWLINK, RTM_SETLINK};
use super::link_properties;
use super::link_refusal;
use super::mac::Mac;
use super::netlink::Request;
use super::options::read::NameOf;
use super::options::{Form, Row, Setting, Settings};
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
    /// The number of the group that it belongs to.
    pub group: Option<u32>,
    /// Properties that few set.
    pub properties: Settings,
    /// Its kind, and settings of that kind.
    pub own: Option<KindSettings>,
    /// The kind of its master, and settings of it as a port of that one.
    pub port: Option<KindSettings>,
}

/// Settings with the kind that they belong to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KindSettings {
    /// The kind.
    pub kind: &'static str,
    /// The settings.
    pub settings: Settings,
}

impl KindSettings {
    fn pair(&self) -> (&str, &Settings) {
        (self.kind, &self.settings)
    }

    /// The keys of the options that have a value.
    fn keys(&self) -> impl Iterator<Item = &'static str> {
        self.settings.given().iter().map(|(row, _)| row.key)
    }

    /// The same options with the values that they have now. None if the kernel does not tell one of them.
    fn as_now(
        &self,
        rows: &'static [Row],
        now: &[(&'static Row, Setting)],
    ) -> Option<KindSettings> {
        let mut settings = Settings::of(rows);
        for (row, _) in self
            .settings
            .given()
            .iter()
            .filter(|(row, _)| row.is_read())
        {
            let found = now.iter().find(|(known, _)| known.key == row.key);
            let value = match found {
                Some((_, value)) => value.clone(),
                None if row.form == Form::Link => Setting::Text(String::new()),
                None => return None,
            };
            settings.set(row.key, value);
        }
        Some(KindSettings {
            kind: self.kind,
            settings,
        })
    }
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
    pub(super) fn keys(&self) -> Vec<&'static str> {
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
            ("group", self.group.is_some()),
        ]
        .into_iter()
        .filter_map(|(key, set)| set.then_some(key))
        .chain(self.properties.given().iter().map(|(row, _)| row.key))
        .chain(self.kind_settings().flat_map(KindSettings::keys))
        .collect()
    }

    fn kind_settings(&self) -> impl Iterator<Item = &KindSettings> {
        self.own.iter().chain(&self.port)
    }

    /// The settings of the kind that have to be told.
    fn told(&self, index: u32, names: &dyn Names) -> Result<Option<KindSettings>> {
        let Some(own) = &self.own else {
            return Ok(None);
        };
        let Some(kind) = kind::find(own.kind).filter(|kind| kind.whole) else {
            return Ok(Some(own.clone()));
        };
        let route = names.namespace().route()?;
        let now = link::get_bare(names.namespace(), index)?;
        let mut settings = Settings::of(kind.options);
        for (row, value) in now.settings(&|index| route.name_of(index)) {
            settings.set(row.key, value);
        }
        // What comes later counts.
        for (row, value) in own.settings.given() {
            settings.set(row.key, value.clone());
        }
        Ok(Some(KindSettings {
            kind: own.kind,
            settings,
        }))
    }

    /// The options of the kind and of the port with the values that they have now; None if one of them is not told.
    fn kind_settings_now(
        &self,
        now: &link::Link,
        name: NameOf<'_>,
    ) -> Option<(Option<KindSettings>, Option<KindSettings>)> {
        let own = match &self.own {
            Some(own) => Some(own.as_now(kind::options(own.kind), &now.settings(name))?),
            None => None,
        };
        let port = match &self.port {
            Some(port) => {
                Some(port.as_now(kind::port_options(port.kind), &now.port_settings(name))?)
            }
            None => None,
        };
        Some((own, port))
    }

    /// The properties with the values that they have now, as far as those are told.
    fn properties_now(&self, now: &link::Link) -> Settings {
        let mut before = Settings::of(self.properties.rows());
        for (row, _) in self.properties.given() {
            if let Some(setting) = now.property(row.key) {
                before.set(row.key, setting);
            }
        }
        before
    }

    /// Whether nothing is set.
    pub fn is_empty(&self) -> bool {
        self.keys().is_empty()
    }
}

impl Operation for LinkSet {
    fn object(&self) -> String {
        self.link.clone()
    }

    fn links(&self) -> Vec<(&'static str, &str)> {
        let master = self.master.iter().flatten();
        let master = master.map(|master| ("master", master.as_str()));
        std::iter::once(("link", self.link.as_str()))
            .chain(master)
            .chain(self.kind_settings().flat_map(|one| one.settings.links()))
            .collect()
    }

    fn namespaces(&self) -> Vec<(&'static str, &str)> {
        self.netns
            .iter()
            .map(|name| ("netns", name.as_str()))
            .collect()
    }

    fn words(&self) -> String {
        match (self.keys().as_slice(), self.up) {
            (["up"], Some(true)) => format!("bring {} up", self.link),
            (["up"], Some(false)) => format!("bring {} down", self.link),
            ([], _) => format!("set nothing of {}", self.link),
            (properties, _) => format!("set {} of {}", properties.join(", "), self.link),
        }
    }

    fn action(&self, names: &dyn Names) -> Result<Action> {
        let index = names.link(&self.link)?;
        let mut body = Body::of(index);
        body.flag(IFF_UP, self.up);
        body.flag(IFF_PROMISC, self.promisc);
        body.mtu(self.mtu);
        body.mac(self.mac);
        body.name(self.name.as_deref());
        body.txqueuelen(self.txqueuelen);
        body.alias(self.alias.as_deref());
        body.group(self.group);
        link_properties::write(&self.properties, &mut body);
        if let Some(master) = &self.master {
            let index = master.as_deref().map(|name| names.link(name)).transpose()?;
            body.master(Some(index.unwrap_or(0)));
        }
        let netns = self.netns.as_deref().map(|name| names.netns(name));
        body.netns(netns.transpose()?);
        let own = self.told(index, names)?;
        let mut kind = RTM_SETLINK;
        if own.is_some() || self.port.is_some() {
            // RTM_SETLINK does not look at them (do_setlink in net/core/rtnetlink.c).
            kind = RTM_NEWLINK;
            let port = self.port.as_ref().map(KindSettings::pair);
            body.info(own.as_ref().map(KindSettings::pair), port, names)?;
        }
        let mut requests = Vec::new();
        if self.name.is_some() && self.up == Some(false) {
            // The kernel takes the name before the flags, and before 6.2 renames no link that is up.
            let mut down = Body::of(index);
            down.flag(IFF_UP, Some(false));
            requests.push(Request::new(down.message(RTM_SETLINK), 0));
        }
        requests.push(Request::new(body.message(kind), 0));
        Ok(Action::Route(requests))
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
        if let Some(group) = self.group {
            command.with("group", group);
        }
        self.properties.say(&mut command);
        if let Some(own) = &self.own {
            command.with("type", own.kind);
            own.settings.say(&mut command);
        }
        if let Some(port) = &self.port {
            command.with("type", format!("{}_slave", port.kind));
            port.settings.say(&mut command);
        }
        command
    }

    fn refusal(&self, refusal: &Refusal, names: &dyn Names) -> Option<Reason> {
        link_refusal::of_set(self, refusal, names)
    }

    fn brings_up(&self) -> bool {
        // A bridge has a carrier when one of its ports has.
        self.up == Some(true) || matches!(self.master, Some(Some(_)))
    }

    fn inverse(&self, names: &dyn Names) -> Result<Option<Change>> {
        if self.netns.is_some() {
            // A move strips addresses and state: moving back does not restore them.
            return Ok(None);
        }
        let now = link::get_bare(names.namespace(), names.link(&self.link)?)?;
        let route = names.namespace().route()?;
        let name_of = |index| route.name_of(index);
        let Some((own, port)) = self.kind_settings_now(&now, &name_of) else {
            return Ok(None);
        };
        Ok(Some(Change::LinkSet(LinkSet {
            link: self.name.clone().unwrap_or_else(|| self.link.clone()),
            up: self.up.map(|_| now.up),
            mtu: self.mtu.map(|_| now.mtu),
            mac: self.mac.and(now.mac),
            // The link may have been called by one of its other names (altname in ip-link(8)).
            name: self.name.as_ref().map(|_| now.name.clone()),
            master: self.master.as_ref().map(|_| now.master.and_then(name_of)),
            netns: None,
            promisc: self.promisc.map(|_| now.flags.contains(&"PROMISC")),
            txqueuelen: self.txqueuelen.map(|_| now.txqueuelen),
            alias: self
                .alias
                .as_ref()
                .map(|_| now.alias.clone().unwrap_or_default()),
            group: self.group.map(|_| now.group),
            properties: self.properties_now(&now),
            own,
            port,
        })))
    }

    fn has_parts(&self) -> bool {
        self.keys().len() > 1
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
