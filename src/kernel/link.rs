//! Links as the kernel tells them (RTM_GETLINK), and the removing of links.
//!
//! Links are made in `link_add`, and a veth pair, which is two, in `veth`; properties of a link are set in `link_set`. What the
//! kinds have of their own is in `kind`.

use std::os::fd::AsRawFd;

use netlink_packet_core::{DecodeError, Emitable, NlasIterator, ParseableParametrized};
use netlink_packet_route::RouteNetlinkMessage;
use netlink_packet_route::link::{
    LinkAttribute, LinkFlags, LinkHeader, LinkLayerType, LinkMessage, State, Stats64,
};
use netlink_packet_route::nsid::{NsidAttribute, NsidMessage};
use nix::errno::Errno;

use super::addr::Addr;
use super::change::{Action, Change, Command, Names, Operation};
use super::error::{Error, Result};
use super::kind;
use super::link_properties;
use super::mac::Mac;
use super::netlink::{Request, attributes};
use super::netns::Namespace;
use super::options::read::{self, NameOf};
use super::options::{Row, Setting};
use super::reason::{Reason, Refusal};
use super::text;

/// IFNAMSIZ of linux/if.h is 16 with the final NUL.
const NAME_MAX: usize = 15;

/// A link and its addresses.
#[derive(Debug, Clone, Default)]
pub struct Link {
    /// Its name, such as `veth0`.
    pub name: String,
    /// Its index in its namespace.
    pub index: u32,
    /// The driver's kind (`veth`, `bridge`), or the hardware type (`loopback`, `ether`) of a link that has none.
    pub kind: String,
    /// What its packets begin with, and what its addresses are: `ARPHRD_*` of linux/if_arp.h.
    pub hardware: u16,
    /// IFF_UP: whether it was set up.
    pub up: bool,
    /// The operational state of RFC 2863, as in /sys/class/net/NAME/operstate.
    pub operstate: &'static str,
    /// Whether it has a carrier.
    pub carrier: bool,
    /// How often its carrier came or went since the link was made.
    pub carrier_changes: u32,
    /// Largest payload in bytes.
    pub mtu: u32,
    /// Its hardware address, if it has one.
    pub mac: Option<Mac>,
    /// Index of the bridge, bond or vrf that it is a port of.
    pub master: Option<u32>,
    /// Index of its other end (veth) or of the link below it (vlan, macvlan).
    pub lower: Option<u32>,
    /// The namespace id (as this namespace counts them) in which `lower` lives, when it is another one.
    pub lower_nsid: Option<i32>,
    /// Flags by their names in `ip link`.
    pub flags: Vec<&'static str>,
    /// How many times something asked for promiscuous mode.
    pub promiscuity: u32,
    /// The queueing discipline.
    pub qdisc: String,
    /// Length of the transmit queue in packets.
    pub txqueuelen: u32,
    /// Free text kept with the link.
    pub alias: Option<String>,
    /// The number of the group that it belongs to; 0 unless it was put into one.
    pub group: u32,
    /// Its other names (altname in ip-link(8)).
    pub altnames: Vec<String>,
    /// Properties that few set, as far as the kernel tells them; the flags tell others.
    pub properties: Vec<(&'static Row, Setting)>,
    /// The counters.
    pub statistics: Option<Stats64>,
    /// Its addresses; filled in by [`list`] and [`get`].
    pub addresses: Vec<Addr>,
    /// What its driver tells of it (IFLA_INFO_DATA), not yet read.
    pub data: Vec<u8>,
    /// The kind of its master, where that one keeps settings for its ports, such as `bridge`.
    pub port_kind: Option<String>,
    /// What the master's driver tells of it as a port (IFLA_INFO_SLAVE_DATA), not yet read.
    pub port_data: Vec<u8>,
}

/// ARPHRD_ETHER and ARPHRD_LOOPBACK of linux/if_arp.h: links whose packets begin with an Ethernet header.
const WITH_ETHERNET: [u16; 2] = [1, 772];

impl Link {
    /// Whether its packets begin with an Ethernet header. Those of the loopback link do.
    pub fn is_ethernet(&self) -> bool {
        WITH_ETHERNET.contains(&self.hardware)
    }

    /// The settings of its kind.
    pub fn settings(&self, name: NameOf<'_>) -> Vec<(&'static Row, Setting)> {
        read::read(kind::options(&self.kind), &self.data, name)
    }

    /// A property that few set, as it is now.
    pub fn property(&self, key: &str) -> Option<Setting> {
        let flags = link_properties::of_flags(&self.flags);
        let of_flags = flags.into_iter().find(|(known, _)| *known == key);
        let told = self.properties.iter().find(|(row, _)| row.key == key);
        match key {
            "carrier" => Some(Setting::Switch(self.carrier)),
            _ => of_flags
                .map(|(_, setting)| setting)
                .or_else(|| told.map(|(_, setting)| setting.clone())),
        }
    }

    /// Its settings as a port.
    pub fn port_settings(&self, name: NameOf<'_>) -> Vec<(&'static Row, Setting)> {
        let rows = self
            .port_kind
            .as_deref()
            .map_or(&[][..], kind::port_options);
        read::read(rows, &self.port_data, name)
    }
}

/// All links of a namespace in the order of their indexes, with their addresses.
pub fn list(namespace: &Namespace) -> Result<Vec<Link>> {
    let mut links = list_bare(namespace)?;
    let mut addresses = super::addr::list(namespace)?;
    addresses.sort_by_key(|address| address.index);
    for link in &mut links {
        let start = addresses.partition_point(|address| address.index < link.index);
        link.addresses = addresses[start..]
            .iter()
            .take_while(|address| address.index == link.index)
            .cloned()
            .collect();
    }
    Ok(links)
}

/// All links of a namespace, without their addresses.
pub fn list_bare(namespace: &Namespace) -> Result<Vec<Link>> {
    let request = RouteNetlinkMessage::GetLink(LinkMessage::default());
    namespace
        .route()?
        .dump(request, |answer| read(&answer.bytes).map(Some))
}

/// One link by its name, with its addresses.
pub fn get(namespace: &Namespace, name: &str) -> Result<Link> {
    let index = namespace.route()?.index_of(name)?;
    let mut link = get_bare(namespace, index)?;
    link.addresses = super::addr::list(namespace)?;
    link.addresses.retain(|address| address.index == index);
    Ok(link)
}

/// The kind of the link of this name, if there is one.
pub fn kind_of(namespace: &Namespace, name: &str) -> Option<String> {
    let index = namespace.route().ok()?.index_of(name).ok()?;
    get_bare(namespace, index).ok().map(|link| link.kind)
}

/// One link by its index, without its addresses.
pub fn get_bare(namespace: &Namespace, index: u32) -> Result<Link> {
    let mut question = LinkMessage::default();
    question.header.index = index;
    let question = RouteNetlinkMessage::GetLink(question);
    read(&namespace.route()?.get(question)?.bytes)
}

/// The names of all links, for hints and completion: as /proc/net/dev has them, which takes a fraction of what rtnetlink takes for
/// its answers. Whoever waits for a completion sees the difference.
pub fn names(namespace: &Namespace) -> Result<Vec<String>> {
    let table = namespace.enter(|| std::fs::read("/proc/thread-self/net/dev"))??;
    // Two lines of heads, and one for each link: its name, a colon (which no name has) and its counters.
    let lines = table.split(|byte| *byte == b'\n').skip(2);
    let names = lines.filter_map(|line| line.split(|byte| *byte == b':').next());
    let names = names.map(|name| text::readable(name.trim_ascii()));
    Ok(names.filter(|name| !name.is_empty()).collect())
}

/// The id by which `namespace` knows `other` (RTM_GETNSID), if it has one.
pub fn nsid(namespace: &Namespace, other: &Namespace) -> Result<Option<i32>> {
    let fd = u32::try_from(other.as_raw_fd()).unwrap_or_default();
    let mut question = NsidMessage::default();
    question.attributes.push(NsidAttribute::Fd(fd));
    let question = RouteNetlinkMessage::GetNsId(question);
    match namespace.route()?.get(question)?.decode()? {
        RouteNetlinkMessage::NewNsId(message) => {
            Ok(message
                .attributes
                .iter()
                .find_map(|attribute| match attribute {
                    NsidAttribute::Id(id) if *id >= 0 => Some(*id),
                    _ => None,
                }))
        }
        _ => Ok(None),
    }
}

/// The attributes that are read, by their numbers in linux/if_link.h. The kernel sends three times as many, and decoding
/// all of them, as netlink-packet-route does, would cost more than all the rest of a list.
const READ: [u16; 12] = [
    1,  // IFLA_ADDRESS
    4,  // IFLA_MTU
    5,  // IFLA_LINK
    6,  // IFLA_QDISC
    10, // IFLA_MASTER
    13, // IFLA_TXQLEN
    16, // IFLA_OPERSTATE
    23, // IFLA_STATS64
    27, // IFLA_GROUP
    30, // IFLA_PROMISCUITY
    35, // IFLA_CARRIER_CHANGES
    37, // IFLA_LINK_NETNSID
];
/// Texts of the user's, which need not be UTF-8.
const IFLA_IFNAME: u16 = 3;
const IFLA_IFALIAS: u16 = 20;
const IFLA_LINKINFO: u16 = 18;
pub(super) const IFLA_PROP_LIST: u16 = 52;
pub(in crate::kernel) const IFLA_ALT_IFNAME: u16 = 53;
const IFLA_INFO_KIND: u16 = 1;
const IFLA_INFO_DATA: u16 = 2;
const IFLA_INFO_SLAVE_KIND: u16 = 4;
const IFLA_INFO_SLAVE_DATA: u16 = 5;

/// Reads a `struct ifinfomsg` and what follows it.
pub(super) fn read(bytes: &[u8]) -> Result<Link> {
    let unreadable = |error: DecodeError| Error::Unreadable(error.to_string());
    let header = LinkHeader::parse(bytes).map_err(unreadable)?;
    let mut link = Link {
        index: header.index,
        kind: hardware_kind(header.link_layer_type),
        hardware: header.link_layer_type.into(),
        up: header.flags.contains(LinkFlags::Up),
        carrier: header.flags.contains(LinkFlags::LowerUp),
        flags: flag_names(header.flags),
        operstate: "unknown",
        ..Link::default()
    };
    for attribute in NlasIterator::new(&bytes[header.buffer_len()..]) {
        let attribute = attribute.map_err(unreadable)?;
        match attribute.kind() {
            IFLA_IFNAME => link.name = text::of_attribute(attribute.value()),
            IFLA_IFALIAS => link.alias = Some(text::of_attribute(attribute.value())),
            IFLA_PROP_LIST => read_names(&mut link, attribute.value()),
            kind if link_properties::is_one(kind) => {
                link.properties
                    .extend(link_properties::read(kind, attribute.value()));
            }
            IFLA_LINKINFO => read_info(&mut link, attribute.value()),
            kind if READ.contains(&kind) => {
                let family = header.interface_family;
                let typed = LinkAttribute::parse_with_param(&attribute, family);
                read_attribute(&mut link, typed.map_err(unreadable)?);
            }
            _ => {}
        }
    }
    Ok(link)
}

/// The other names in an IFLA_PROP_LIST.
fn read_names(link: &mut Link, list: &[u8]) {
    let names = attributes::read(list).map_while(Result::ok);
    let names = names.filter(|one| one.kind == IFLA_ALT_IFNAME);
    link.altnames.extend(names.map(|name| name.text()));
}

/// The attributes of an IFLA_LINKINFO.
fn read_info(link: &mut Link, infos: &[u8]) {
    for info in attributes::read(infos).map_while(Result::ok) {
        match info.kind {
            IFLA_INFO_KIND => link.kind = info.text(),
            IFLA_INFO_DATA => link.data = info.value.to_vec(),
            IFLA_INFO_SLAVE_KIND => link.port_kind = Some(info.text()),
            IFLA_INFO_SLAVE_DATA => link.port_data = info.value.to_vec(),
            _ => {}
        }
    }
}

fn read_attribute(link: &mut Link, attribute: LinkAttribute) {
    match attribute {
        LinkAttribute::Mtu(mtu) => link.mtu = mtu,
        LinkAttribute::Address(bytes) => link.mac = Mac::from_bytes(&bytes),
        LinkAttribute::Controller(index) => link.master = Some(index),
        LinkAttribute::Link(index) => link.lower = Some(index).filter(|index| *index != 0),
        LinkAttribute::LinkNetNsId(id) => link.lower_nsid = Some(id),
        LinkAttribute::OperState(state) => link.operstate = operstate_name(state),
        LinkAttribute::CarrierChanges(count) => link.carrier_changes = count,
        LinkAttribute::Group(group) => link.group = group,
        LinkAttribute::Promiscuity(count) => link.promiscuity = count,
        LinkAttribute::Qdisc(name) => link.qdisc = name,
        LinkAttribute::TxQueueLen(length) => link.txqueuelen = length,
        LinkAttribute::Stats64(statistics) => link.statistics = Some(statistics),
        _ => {}
    }
}

fn hardware_kind(hardware: LinkLayerType) -> String {
    match hardware {
        LinkLayerType::Loopback => "loopback".into(),
        LinkLayerType::Ether => "ether".into(),
        other => format!("{other:?}").to_lowercase(),
    }
}

/// RFC 2863's states by the names of /sys/class/net/NAME/operstate (net/core/net-sysfs.c).
fn operstate_name(state: State) -> &'static str {
    match state {
        State::NotPresent => "notpresent",
        State::Down => "down",
        State::LowerLayerDown => "lowerlayerdown",
        State::Testing => "testing",
        State::Dormant => "dormant",
        State::Up => "up",
        _ => "unknown",
    }
}

/// IFF_* of linux/if.h by the names and in the order of `ip link`.
fn flag_names(flags: LinkFlags) -> Vec<&'static str> {
    const NAMES: &[(LinkFlags, &str)] = &[
        (LinkFlags::Loopback, "LOOPBACK"),
        (LinkFlags::Broadcast, "BROADCAST"),
        (LinkFlags::Pointopoint, "POINTOPOINT"),
        (LinkFlags::Multicast, "MULTICAST"),
        (LinkFlags::Noarp, "NOARP"),
        (LinkFlags::Allmulti, "ALLMULTI"),
        (LinkFlags::Promisc, "PROMISC"),
        (LinkFlags::Controller, "MASTER"),
        (LinkFlags::Port, "SLAVE"),
        (LinkFlags::Dynamic, "DYNAMIC"),
        (LinkFlags::Echo, "ECHO"),
        (LinkFlags::Up, "UP"),
        (LinkFlags::LowerUp, "LOWER_UP"),
    ];
    let mut names = Vec::new();
    if flags.contains(LinkFlags::Up) && !flags.contains(LinkFlags::Running) {
        names.push("NO-CARRIER");
    }
    let set = NAMES.iter().filter(|(flag, _)| flags.contains(*flag));
    names.extend(set.map(|(_, name)| *name));
    names
}

/// Why a name can't be a link's, or None if it can (dev_valid_name in net/core/dev.c, and net/ipv4/devinet.c).
pub fn name_fault(name: &str) -> Option<String> {
    if name.is_empty() {
        Some("the name is empty".into())
    } else if name.len() > NAME_MAX {
        Some(format!(
            "the name has {} bytes, a link's has at most {NAME_MAX}",
            name.len()
        ))
    } else if name == "." || name == ".." {
        Some("the name is a directory's".into())
    } else if name == "all" || name == "default" {
        // sysctl_dev_name_is_allowed in net/ipv4/devinet.c
        Some("the name is that of a group of sysctls (net.ipv4.conf.all)".into())
    } else {
        let forbidden = |c: &char| matches!(c, '/' | ':' | '%' | '\0' | ' ' | '\t'..='\r');
        let found = name.chars().find(forbidden);
        found.map(|bad| format!("the name contains {bad:?}"))
    }
}

/// Why a link of this name can't be made: there is one.
pub(super) fn exists(name: &str, argument: &'static str) -> Reason {
    Reason::new(format!("there is a link {name:?} already"))
        .blame(argument)
        .hint(format!(
            "choose another name, or delete it first: link_del({name:?})"
        ))
}

/// Why an MTU is refused.
pub(super) fn mtu_refused(mtu: u32, kind: &str) -> Reason {
    // ETH_MIN_MTU and ETH_MAX_MTU; what others take depends on the link below them.
    let hint = match kind {
        "veth" | "bridge" | "dummy" | "ifb" | "bond" | "vrf" => {
            format!("a {kind} takes 68 to 65535 bytes")
        }
        "tun" | "tap" => "a tun or tap link takes 68 to 65521 bytes".into(),
        _ => "what its driver takes depends on what it puts before each packet, and on the link below".into(),
    };
    Reason::new(format!(
        "an MTU of {mtu} is outside of what the link can do"
    ))
    .blame("mtu")
    .hint(hint)
}

/// A link removed; a veth takes its other end with it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LinkDel {
    /// Its name.
    pub name: String,
}

impl Operation for LinkDel {
    fn object(&self) -> String {
        self.name.clone()
    }

    fn links(&self) -> Vec<(&'static str, &str)> {
        vec![("link", &self.name)]
    }

    fn words(&self) -> String {
        format!("delete link {}", self.name)
    }

    fn action(&self, names: &dyn Names) -> Result<Action> {
        let mut message = LinkMessage::default();
        message.header.index = names.link(&self.name)?;
        Ok(Action::Route(vec![Request::new(
            RouteNetlinkMessage::DelLink(message),
            0,
        )]))
    }

    fn command(&self) -> Command {
        Command::ip(["link", "del", "dev", &self.name])
    }

    fn refusal(&self, refusal: &Refusal, _names: &dyn Names) -> Option<Reason> {
        let words = "the kernel does not let a link of this kind be deleted";
        (refusal.errno == Errno::EOPNOTSUPP).then(|| Reason::new(words).blame("link"))
    }

    fn inverse(&self, _names: &dyn Names) -> Result<Option<Change>> {
        // What hung on the link (addresses, routes, ports) is gone with it: no one change brings it back.
        Ok(None)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn names_that_no_link_can_have() {
        for name in [
            "",
            ".",
            "..",
            "a/b",
            "a b",
            "a:1",
            "eth%d",
            "0123456789abcdef",
            "a\tb",
            "all",
            "default",
        ] {
            assert!(name_fault(name).is_some(), "{name:?}");
        }
        for name in ["lo", "v0.10", "0123456789abcde", "é", "-", "@"] {
            assert_eq!(name_fault(name), None, "{name:?}");
        }
    }

    proptest! {
        #[test]
        fn no_message_is_a_panic(bytes: Vec<u8>) {
            let _ = read(&bytes);
        }

        /// An ifinfomsg and attributes of the numbers that are read, with any contents.
        #[test]
        fn no_attribute_is_a_panic(kind in 0u16..60, value in prop::collection::vec(any::<u8>(), 0..40)) {
            let mut bytes = vec![0; 16];
            let length = u16::try_from(4 + value.len()).expect("a short value");
            bytes.extend(length.to_ne_bytes());
            bytes.extend(kind.to_ne_bytes());
            bytes.extend(&value);
            let _ = read(&bytes);
        }
    }
}
