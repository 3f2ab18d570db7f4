//! IPv4 and IPv6 addresses of links: RTM_NEWADDR, RTM_DELADDR, RTM_GETADDR (rtnetlink(7), `struct ifaddrmsg`).

use std::net::{IpAddr, Ipv4Addr};

use netlink_packet_core::{NLM_F_CREATE, NLM_F_EXCL};
use netlink_packet_route::address::{
    AddressAttribute, AddressFlags, AddressMessage, AddressScope, CacheInfo,
};
use netlink_packet_route::{AddressFamily, RouteNetlinkMessage};
use nix::errno::Errno;

use super::change::{Action, Change, Command, Names, Operation};
use super::cidr::Cidr;
use super::error::Result;
use super::netlink::Request;
use super::netns::Namespace;
use super::reason::{Reason, Refusal, listed};
use super::sysctl::{self, Key};

/// INFINITY_LIFE_TIME of net/addrconf.h.
const FOREVER: u32 = u32::MAX;

/// The flag of an address that the kernel made up for privacy (RFC 8981).
const TEMPORARY: &str = "temporary";

/// An address of a link.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Addr {
    /// Index of its link.
    pub index: u32,
    /// The address of this end and the length of its prefix.
    pub local: Cidr,
    /// The address of the other end, when it was given.
    pub peer: Option<IpAddr>,
    /// The broadcast address.
    pub broadcast: Option<Ipv4Addr>,
    /// The label (IPv4).
    pub label: Option<String>,
    /// How far it is valid.
    pub scope: Scope,
    /// Metric of the route that came with it; None is the kernel's own choice.
    pub metric: Option<u32>,
    /// Flags by their names in `ip addr`.
    pub flags: Vec<&'static str>,
    /// Seconds for which it stays valid; None is for ever.
    pub valid_lft: Option<u32>,
    /// Seconds for which it is used for new connections; None is for ever.
    pub preferred_lft: Option<u32>,
}

/// How far an address is valid (`enum rt_scope_t` of linux/rtnetlink.h).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Scope(u8);

impl Scope {
    const NAMES: [(u8, &'static str); 5] = [
        (0, "global"),
        (200, "site"),
        (253, "link"),
        (254, "host"),
        (255, "nowhere"),
    ];

    /// The scope of a name or number, as `ip addr add ... scope` takes it.
    pub fn parse(text: &str) -> Option<Self> {
        let named = Self::NAMES.iter().find(|(_, name)| *name == text);
        named
            .map(|(number, _)| *number)
            .or_else(|| text.parse().ok())
            .map(Scope)
    }

    /// The names that [`Scope::parse`] knows.
    pub fn names() -> impl Iterator<Item = &'static str> {
        Self::NAMES.iter().map(|(_, name)| *name)
    }

    /// What `ip addr add` gives an address when nothing is said: host for loopback addresses (default_scope in ipaddress.c).
    fn default_for(address: IpAddr) -> Self {
        let host = address.is_ipv4() && address.is_loopback();
        Scope(if host { 254 } else { 0 })
    }
}

impl std::fmt::Display for Scope {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match Self::NAMES.iter().find(|(number, _)| *number == self.0) {
            Some((_, name)) => f.write_str(name),
            None => write!(f, "{}", self.0),
        }
    }
}

/// All addresses of a namespace, in the kernel's order.
pub fn list(namespace: &Namespace) -> Result<Vec<Addr>> {
    let request = RouteNetlinkMessage::GetAddress(AddressMessage::default());
    namespace.route()?.dump(request, |answer| {
        Ok(match answer.decode()? {
            RouteNetlinkMessage::NewAddress(message) => read(message),
            _ => None,
        })
    })
}

/// Reads an address; None if it has none.
pub(super) fn read(message: AddressMessage) -> Option<Addr> {
    let header = message.header;
    let (mut address, mut local) = (None, None);
    let mut addr = Addr {
        index: header.index,
        local: Cidr {
            address: Ipv4Addr::UNSPECIFIED.into(),
            prefix: header.prefix_len,
        },
        peer: None,
        broadcast: None,
        label: None,
        scope: Scope(header.scope.into()),
        metric: None,
        flags: Vec::new(),
        valid_lft: None,
        preferred_lft: None,
    };
    for attribute in message.attributes {
        match attribute {
            AddressAttribute::Address(ip) => address = Some(ip),
            AddressAttribute::Local(ip) => local = Some(ip),
            AddressAttribute::Broadcast(ip) => addr.broadcast = Some(ip),
            AddressAttribute::Label(label) => addr.label = Some(label),
            AddressAttribute::Flags(flags) => addr.flags = flag_names(flags, header.family),
            AddressAttribute::RoutePriority(metric) => addr.metric = Some(metric),
            AddressAttribute::CacheInfo(CacheInfo {
                ifa_valid,
                ifa_preferred,
                ..
            }) => {
                addr.valid_lft = Some(ifa_valid).filter(|seconds| *seconds != FOREVER);
                addr.preferred_lft = Some(ifa_preferred).filter(|seconds| *seconds != FOREVER);
            }
            _ => {}
        }
    }
    // IFA_ADDRESS is the other end's address where there are two ends, and the same as IFA_LOCAL, or alone, otherwise
    // (the comment at IFA_* in linux/if_addr.h).
    addr.local.address = local.or(address)?;
    addr.peer = address.filter(|address| local.is_some_and(|local| local != *address));
    Some(addr)
}

/// IFA_F_* of linux/if_addr.h by the names of `ip addr`.
fn flag_names(flags: AddressFlags, family: AddressFamily) -> Vec<&'static str> {
    const NAMES: &[(AddressFlags, &str)] = &[
        (AddressFlags::Nodad, "nodad"),
        (AddressFlags::Optimistic, "optimistic"),
        (AddressFlags::Dadfailed, "dadfailed"),
        (AddressFlags::Homeaddress, "home"),
        (AddressFlags::Deprecated, "deprecated"),
        (AddressFlags::Tentative, "tentative"),
        (AddressFlags::Permanent, "permanent"),
        (AddressFlags::Managetempaddr, "mngtmpaddr"),
        (AddressFlags::Noprefixroute, "noprefixroute"),
        (AddressFlags::Mcautojoin, "autojoin"),
        (AddressFlags::StablePrivacy, "stable-privacy"),
    ];
    let mut names = Vec::new();
    if flags.contains(AddressFlags::Secondary) {
        // One bit with two meanings: IFA_F_SECONDARY and IFA_F_TEMPORARY.
        names.push(match family {
            AddressFamily::Inet6 => TEMPORARY,
            _ => "secondary",
        });
    }
    let set = NAMES.iter().filter(|(flag, _)| flags.contains(*flag));
    names.extend(set.map(|(_, name)| *name));
    names
}

/// A new address.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AddrAdd {
    /// The link.
    pub link: String,
    /// The address of this end with the length of its prefix.
    pub local: Cidr,
    /// The address of the other end of a point-to-point link; the prefix is then its.
    pub peer: Option<IpAddr>,
    /// The broadcast address (IPv4).
    pub broadcast: Option<Ipv4Addr>,
    /// The label (IPv4): the link's name, or it and a colon and more.
    pub label: Option<String>,
    /// How far it is valid; the default is that of `ip addr add`.
    pub scope: Option<Scope>,
    /// Metric of the route that comes with the address.
    pub metric: Option<u32>,
    /// Seconds for which it stays valid.
    pub valid_lft: Option<u32>,
    /// Seconds for which it is used for new connections.
    pub preferred_lft: Option<u32>,
    /// Whether duplicate address detection runs (IPv6); without it the address is usable at once.
    pub dad: bool,
    /// Words of `ip addr add` that switch something on: home, mngtmpaddr, optimistic, noprefixroute, autojoin.
    pub switches: Vec<&'static str>,
}

/// The switches that [`AddrAdd`] knows, by their words in ip-address(8).
pub const SWITCHES: [&str; 5] = [
    "noprefixroute",
    "home",
    "mngtmpaddr",
    "optimistic",
    "autojoin",
];

impl AddrAdd {
    /// An address with no options.
    pub fn new(link: impl Into<String>, local: Cidr) -> Self {
        AddrAdd {
            link: link.into(),
            local,
            peer: None,
            broadcast: None,
            label: None,
            scope: None,
            metric: None,
            valid_lft: None,
            preferred_lft: None,
            dad: false,
            switches: Vec::new(),
        }
    }

    fn flags(&self) -> AddressFlags {
        let mut flags = AddressFlags::empty();
        // IPv4 has no detection in the kernel, but would keep the flag.
        if !self.dad && self.local.address.is_ipv6() {
            flags |= AddressFlags::Nodad;
        }
        for switch in &self.switches {
            flags |= match *switch {
                "noprefixroute" => AddressFlags::Noprefixroute,
                "home" => AddressFlags::Homeaddress,
                "mngtmpaddr" => AddressFlags::Managetempaddr,
                "optimistic" => AddressFlags::Optimistic,
                "autojoin" => AddressFlags::Mcautojoin,
                _ => AddressFlags::empty(),
            };
        }
        flags
    }

    fn lifetimes(&self) -> Option<CacheInfo> {
        if self.valid_lft.is_none() && self.preferred_lft.is_none() {
            return None;
        }
        let mut lifetimes = CacheInfo::default();
        lifetimes.ifa_valid = self.valid_lft.unwrap_or(FOREVER);
        lifetimes.ifa_preferred = self.preferred_lft.unwrap_or(FOREVER);
        Some(lifetimes)
    }
}

impl Operation for AddrAdd {
    fn object(&self) -> String {
        self.link.clone()
    }

    fn links(&self) -> Vec<(&'static str, &str)> {
        vec![("link", &self.link)]
    }

    fn words(&self) -> String {
        format!("add address {} to {}", self.local, self.link)
    }

    fn action(&self, names: &dyn Names) -> Result<Action> {
        let mut message = identify(names, &self.link, self.local, self.peer)?;
        let scope = self
            .scope
            .unwrap_or_else(|| Scope::default_for(self.local.address));
        message.header.scope = AddressScope::from(scope.0);
        let attributes = &mut message.attributes;
        attributes.extend(self.broadcast.map(AddressAttribute::Broadcast));
        attributes.extend(self.label.clone().map(AddressAttribute::Label));
        attributes.extend(self.metric.map(AddressAttribute::RoutePriority));
        attributes.extend(self.lifetimes().map(AddressAttribute::CacheInfo));
        let flags = self.flags();
        if !flags.is_empty() {
            attributes.push(AddressAttribute::Flags(flags));
        }
        Ok(Action::Route(vec![Request::new(
            RouteNetlinkMessage::NewAddress(message),
            NLM_F_CREATE | NLM_F_EXCL,
        )]))
    }

    fn command(&self) -> Command {
        let mut command = command("add", &self.link, self.local, self.peer);
        if let Some(broadcast) = self.broadcast {
            command.with("broadcast", broadcast);
        }
        if let Some(label) = &self.label {
            command.with("label", label);
        }
        if let Some(scope) = self.scope {
            command.with("scope", scope);
        }
        if let Some(metric) = self.metric {
            command.with("metric", metric);
        }
        if let Some(lifetimes) = self.lifetimes() {
            let written = |seconds: u32| match seconds {
                FOREVER => "forever".to_string(),
                seconds => seconds.to_string(),
            };
            command.with("valid_lft", written(lifetimes.ifa_valid));
            command.with("preferred_lft", written(lifetimes.ifa_preferred));
        }
        if self.flags().contains(AddressFlags::Nodad) {
            command.word("nodad");
        }
        for switch in &self.switches {
            command.word(*switch);
        }
        command
    }

    fn refusal(&self, refusal: &Refusal, names: &dyn Names) -> Option<Reason> {
        match refusal.errno {
            Errno::EEXIST => {
                let words = format!("{} has this address already", self.link);
                Some(Reason::new(words).blame("cidr"))
            }
            Errno::EACCES | Errno::EPERM if self.local.address.is_ipv6() => {
                let key = Key::parse(&format!("net/ipv6/conf/{}/disable_ipv6", self.link)).ok()?;
                let disabled = sysctl::get(names.namespace(), &key).ok()? == "1";
                let reason = Reason::new("IPv6 is switched off on this link").blame("cidr");
                disabled.then(|| reason.hint(format!("sysctl_set(\"{key}\", 0)")))
            }
            _ => None,
        }
    }

    fn inverse(&self, _names: &dyn Names) -> Result<Option<Change>> {
        Ok(Some(Change::AddrDel(AddrDel {
            link: self.link.clone(),
            local: self.local,
            peer: self.peer,
        })))
    }
}

/// An address removed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AddrDel {
    /// The link.
    pub link: String,
    /// The address of this end with the length of its prefix.
    pub local: Cidr,
    /// The address of the other end, if it was added with one.
    pub peer: Option<IpAddr>,
}

impl AddrDel {
    /// Whether the address is the primary one of an IPv4 network that has secondary ones on the link: those go with it, or
    /// one of them takes its place (promote_secondaries).
    fn takes_others_along(&self, all: &[Addr]) -> bool {
        let is_secondary = |addr: &Addr| addr.flags.contains(&"secondary");
        let own = all.iter().find(|addr| addr.local == self.local);
        own.is_some_and(|own| !is_secondary(own))
            && all
                .iter()
                .any(|addr| is_secondary(addr) && addr.local.shares_network(&self.local))
    }
}

impl Operation for AddrDel {
    fn object(&self) -> String {
        self.link.clone()
    }

    fn links(&self) -> Vec<(&'static str, &str)> {
        vec![("link", &self.link)]
    }

    fn words(&self) -> String {
        format!("delete address {} from {}", self.local, self.link)
    }

    fn action(&self, names: &dyn Names) -> Result<Action> {
        let message = identify(names, &self.link, self.local, self.peer)?;
        Ok(Action::Route(vec![Request::new(
            RouteNetlinkMessage::DelAddress(message),
            0,
        )]))
    }

    fn command(&self) -> Command {
        command("del", &self.link, self.local, self.peer)
    }

    fn refusal(&self, refusal: &Refusal, names: &dyn Names) -> Option<Reason> {
        (refusal.errno == Errno::EADDRNOTAVAIL)
            .then(|| no_such_address(names.namespace(), &self.link, self.local))
    }

    fn inverse(&self, names: &dyn Names) -> Result<Option<Change>> {
        let index = names.link(&self.link)?;
        let mut all = list(names.namespace())?;
        all.retain(|addr| addr.index == index);
        if self.takes_others_along(&all) {
            return Ok(None);
        }
        let there = all
            .into_iter()
            .find(|addr| addr.local == self.local && addr.peer == self.peer);
        Ok(there.map(|addr| {
            Change::AddrAdd(AddrAdd {
                peer: addr.peer,
                broadcast: addr.broadcast,
                label: addr.label,
                scope: Some(addr.scope),
                metric: addr.metric,
                valid_lft: addr.valid_lft,
                preferred_lft: addr.preferred_lft,
                dad: !addr.flags.contains(&"nodad"),
                switches: SWITCHES
                    .into_iter()
                    .filter(|switch| addr.flags.contains(switch))
                    .collect(),
                ..AddrAdd::new(&self.link, addr.local)
            })
        }))
    }
}

/// All addresses of a link removed, or those of one family.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AddrFlush {
    /// The link.
    pub link: String,
    /// Only IPv4 (true) or only IPv6 (false).
    pub only_ipv4: Option<bool>,
}

impl Operation for AddrFlush {
    fn object(&self) -> String {
        self.link.clone()
    }

    fn links(&self) -> Vec<(&'static str, &str)> {
        vec![("link", &self.link)]
    }

    fn words(&self) -> String {
        format!("remove the addresses of {}", self.link)
    }

    fn action(&self, names: &dyn Names) -> Result<Action> {
        let index = names.link(&self.link)?;
        let mut addresses = list(names.namespace())?;
        // Temporary addresses go with the one that they were made from.
        addresses.retain(|addr| {
            addr.index == index
                && !addr.flags.contains(&TEMPORARY)
                && self
                    .only_ipv4
                    .is_none_or(|only| addr.local.address.is_ipv4() == only)
        });
        // Secondary addresses go with their primary, which stands before them: removed from the end, none is missed.
        let requests = addresses.iter().rev().map(|addr| {
            let message = identify(names, &self.link, addr.local, addr.peer)?;
            Ok(Request::new(RouteNetlinkMessage::DelAddress(message), 0))
        });
        Ok(Action::Route(requests.collect::<Result<_>>()?))
    }

    fn command(&self) -> Command {
        let mut command = match self.only_ipv4 {
            Some(true) => Command::ip(["-4"]),
            Some(false) => Command::ip(["-6"]),
            None => Command::ip([""; 0]),
        };
        for word in ["addr", "flush", "dev", &self.link] {
            command.word(word);
        }
        command
    }

    fn inverse(&self, _names: &dyn Names) -> Result<Option<Change>> {
        Ok(None)
    }
}

fn no_such_address(namespace: &Namespace, link: &str, wanted: Cidr) -> Reason {
    let found = namespace.route().and_then(|route| route.index_of(link));
    let found = found.and_then(|index| {
        let mut all = list(namespace)?;
        all.retain(|addr| addr.index == index);
        Ok(all)
    });
    let all = found.unwrap_or_default();
    let words = Reason::new(format!("{link} has no such address")).blame("cidr");
    if let Some(other) = all.iter().find(|addr| addr.local.address == wanted.address) {
        return words.hint(match other.peer {
            Some(peer) => format!(
                "it has {} with the peer {peer}: give that as the option peer",
                other.local
            ),
            None => format!("it has {}", other.local),
        });
    }
    let written: Vec<String> = all.iter().map(|addr| addr.local.to_string()).collect();
    words.hint(if written.is_empty() {
        "it has no address at all".into()
    } else {
        format!("it has {}", listed(&written))
    })
}

/// The part of the message that says which address is meant.
fn identify(
    names: &dyn Names,
    link: &str,
    local: Cidr,
    peer: Option<IpAddr>,
) -> Result<AddressMessage> {
    let mut message = AddressMessage::default();
    message.header.index = names.link(link)?;
    message.header.prefix_len = local.prefix;
    message.header.family = if local.address.is_ipv4() {
        AddressFamily::Inet
    } else {
        AddressFamily::Inet6
    };
    message.attributes = vec![
        AddressAttribute::Local(local.address),
        AddressAttribute::Address(peer.unwrap_or(local.address)),
    ];
    Ok(message)
}

fn command(verb: &str, link: &str, local: Cidr, peer: Option<IpAddr>) -> Command {
    let mut command = Command::ip(["addr", verb]);
    match peer {
        Some(peer) => {
            command.word(local.address.to_string());
            command.with("peer", format!("{peer}/{}", local.prefix));
        }
        None => command.word(local.to_string()),
    }
    command.with("dev", link);
    command
}
