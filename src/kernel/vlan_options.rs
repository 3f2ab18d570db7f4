//! The options of VLANs: those of a port's VLAN, and those that a VLAN has in the whole bridge (RTM_*VLAN, `BRIDGE_VLANDB_*` of
//! linux/if_bridge.h; net/bridge/br_vlan_options.c). Which VLANs there are is in [`bridge_vlan`](super::bridge_vlan).

use nix::errno::Errno;

use super::bridge_port;
use super::bridge_vlan::{Range, span};
use super::change::{Action, Change, Command, Names, Operation};
use super::error::{Error, Result};
use super::fdb::AF_BRIDGE;
use super::kind::STATES_OF_PORTS;
use super::link;
use super::netlink::attributes::{self, Attribute, Attributes};
use super::netlink::{Message, Request};
use super::netns::Namespace;
use super::options::{Form, Row, Says, Setting, Settings, Unit, Width, read, row};
use super::reason::{Reason, Refusal, listed};

use Form::{Switch, Time};
use Unit::Centiseconds;
use Width::{U8, U16, U32, U64};

const RTM_NEWVLAN: u16 = 112;
const RTM_GETVLAN: u16 = 114;

/// `struct br_vlan_msg` is 8 bytes.
const HEADER: usize = 8;

const ENTRY: u16 = 1;
const GLOBAL_OPTIONS: u16 = 2;

/// `BRIDGE_VLANDB_DUMP_FLAGS`, and its bits.
const DUMP_FLAGS: u16 = 1;
const DUMP_STATS: u32 = 1;
const DUMP_GLOBAL: u32 = 2;

/// `BRIDGE_VLANDB_ENTRY_*`: a `struct bridge_vlan_info`, the last of a range, and the counters.
const INFO: u16 = 1;
const RANGE: u16 = 2;
const STATS: u16 = 5;

/// `BRIDGE_VLANDB_GOPTS_*`: the first and the last of a range.
const GLOBAL_ID: u16 = 1;
const GLOBAL_RANGE: u16 = 2;

/// `BRIDGE_VLAN_INFO_ONLY_OPTS`: the VLAN itself stays.
const ONLY_OPTIONS: u16 = 64;

/// The options of a VLAN of a port (`BRIDGE_VLANDB_ENTRY_*`).
pub const OF_A_PORT: &[Row] = &[
    row(
        "state",
        3,
        Form::Word(U8, STATES_OF_PORTS),
        "what the port does in this VLAN",
    ),
    row(
        "mcast_router",
        6,
        Form::Number(U8, 0, 3, &[]),
        "whether a multicast router is behind it: 0 never, 1 found out, 2 always, 3 for a while",
    ),
    row(
        "mcast_n_groups",
        7,
        Form::number(U32),
        "how many groups there are",
    )
    .told(),
    row(
        "mcast_max_groups",
        8,
        Form::number(U32),
        "how many groups there may be; 0 is no limit",
    ),
    row(
        "neigh_suppress",
        9,
        Switch(U8),
        "answer ARP and ND in the place of those behind it",
    )
    .says(Says::OnOff),
];

/// The options of a VLAN of a bridge (`BRIDGE_VLANDB_GOPTS_*`).
pub const OF_A_BRIDGE: &[Row] = &[
    row(
        "mcast_snooping",
        3,
        Switch(U8),
        "look after multicast groups",
    ),
    row("mcast_querier", 15, Switch(U8), "ask for members of groups"),
    row(
        "mcast_igmp_version",
        4,
        Form::Number(U8, 2, 3, &[]),
        "the version of IGMP",
    ),
    row(
        "mcast_mld_version",
        5,
        Form::Number(U8, 1, 2, &[]),
        "the version of MLD",
    ),
    row(
        "mcast_last_member_count",
        6,
        Form::number(U32),
        "how often to ask after a leave",
    ),
    time("mcast_last_member_interval", 8),
    row(
        "mcast_startup_query_count",
        7,
        Form::number(U32),
        "how often to ask at the start",
    ),
    time("mcast_startup_query_interval", 14),
    time("mcast_membership_interval", 10),
    time("mcast_querier_interval", 11),
    time("mcast_query_interval", 12),
    time("mcast_query_response_interval", 13),
    row(
        "msti",
        18,
        Form::Number(U16, 0, 4094, &[]),
        "the spanning tree that it is of",
    ),
];

const fn time(key: &'static str, number: u16) -> Row {
    row(key, number, Time(U64, Centiseconds), "a time")
}

/// What passed in a VLAN.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Counters {
    /// Bytes that came in.
    pub rx_bytes: u64,
    /// Frames that came in.
    pub rx_packets: u64,
    /// Bytes that went out.
    pub tx_bytes: u64,
    /// Frames that went out.
    pub tx_packets: u64,
}

/// The options of VLANs, from the first to the last.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Options {
    /// The port or the bridge.
    pub link: u32,
    /// The first VLAN.
    pub first: u16,
    /// The last.
    pub last: u16,
    /// The options.
    pub settings: Vec<(&'static Row, Setting)>,
    /// What passed, of a VLAN of a port.
    pub counters: Option<Counters>,
}

impl Options {
    /// Whether they are of this VLAN.
    pub fn are_of(&self, link: u32, vid: u16) -> bool {
        self.link == link && (self.first..=self.last).contains(&vid)
    }
}

fn header(index: u32) -> Vec<u8> {
    let mut body = vec![AF_BRIDGE, 0, 0, 0];
    body.extend(index.to_ne_bytes());
    body
}

/// The options of all VLANs of ports and bridges, or those that VLANs have in their whole bridges. None where the kernel's
/// bridges know no VLANs.
pub fn list(namespace: &Namespace, global: bool) -> Result<Vec<Options>> {
    let mut body = header(0);
    let mut attributes = Attributes::new();
    let flags = if global { DUMP_GLOBAL } else { DUMP_STATS };
    attributes.u32(DUMP_FLAGS, flags);
    body.extend(attributes.as_bytes());
    let kind = RTM_GETVLAN;
    let each = |answer: super::netlink::Answer| read_all(&answer.bytes).map(Some);
    match namespace.route()?.dump(Message { kind, body }, each) {
        Err(Error::Refused {
            errno: Errno::EOPNOTSUPP,
            ..
        }) => Ok(Vec::new()),
        answers => Ok(answers?.into_iter().flatten().collect()),
    }
}

fn read_all(bytes: &[u8]) -> Result<Vec<Options>> {
    let Some((header, attributes)) = bytes.split_first_chunk::<HEADER>() else {
        return Err(Error::Unreadable("VLANs without their header".into()));
    };
    let [_, _, _, _, i0, i1, i2, i3] = *header;
    let link = u32::from_ne_bytes([i0, i1, i2, i3]);
    let mut all = Vec::new();
    for attribute in attributes::read(attributes) {
        let attribute = attribute?;
        match attribute.kind {
            ENTRY => all.extend(of_a_port(link, attribute)?),
            GLOBAL_OPTIONS => all.extend(of_a_bridge(link, attribute)?),
            _ => {}
        }
    }
    Ok(all)
}

fn of_a_port(link: u32, attribute: Attribute) -> Result<Option<Options>> {
    let (mut first, mut last, mut counters) = (None, None, None);
    for inner in attribute.nested() {
        let inner = inner?;
        match inner.kind {
            INFO => {
                let vid = inner
                    .value
                    .get(2..)
                    .and_then(|rest| rest.first_chunk::<2>());
                first = vid.map(|vid| u16::from_ne_bytes(*vid));
            }
            RANGE => last = Some(inner.u16()?),
            STATS => counters = Some(read_counters(inner)?),
            _ => {}
        }
    }
    Ok(first.map(|first| Options {
        link,
        first,
        last: last.unwrap_or(first),
        settings: read::read(OF_A_PORT, attribute.value, &|_| None),
        counters,
    }))
}

/// `BRIDGE_VLANDB_STATS_*`.
fn read_counters(attribute: Attribute) -> Result<Counters> {
    let mut counters = Counters::default();
    for inner in attribute.nested() {
        let inner = inner?;
        match inner.kind {
            1 => counters.rx_bytes = inner.u64()?,
            2 => counters.rx_packets = inner.u64()?,
            3 => counters.tx_bytes = inner.u64()?,
            4 => counters.tx_packets = inner.u64()?,
            _ => {}
        }
    }
    Ok(counters)
}

fn of_a_bridge(link: u32, attribute: Attribute) -> Result<Option<Options>> {
    let number = |kind| attributes::find(attribute.value, kind).map(|found| found.u16());
    let Some(first) = number(GLOBAL_ID).transpose()? else {
        return Ok(None);
    };
    Ok(Some(Options {
        link,
        first,
        last: number(GLOBAL_RANGE).transpose()?.unwrap_or(first),
        settings: read::read(OF_A_BRIDGE, attribute.value, &|_| None),
        counters: None,
    }))
}

/// Options of VLANs set. Like `bridge vlan set` and `bridge vlan global set`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct VlanSet {
    /// The port or the bridge.
    pub link: String,
    /// The first VLAN.
    pub first: u16,
    /// The last.
    pub last: u16,
    /// Whether they hold in the whole bridge.
    pub global: bool,
    /// The options.
    pub settings: Settings,
}

impl VlanSet {
    fn range(&self) -> Range {
        Range {
            link: self.link.clone(),
            first: self.first,
            last: self.last,
            pvid: false,
            untagged: false,
            is_bridge: self.global,
            master: false,
            tunnel: None,
        }
    }

    /// How the script calls the link.
    fn role(&self) -> &'static str {
        if self.global { "bridge" } else { "link" }
    }
}

impl Operation for VlanSet {
    fn object(&self) -> String {
        self.link.clone()
    }

    fn links(&self) -> Vec<(&'static str, &str)> {
        vec![(self.role(), &self.link)]
    }

    fn words(&self) -> String {
        let vids = span(self.first.into(), self.last.into());
        let keys = self.settings.given().iter().map(|(row, _)| row.key);
        let keys: Vec<&str> = keys.collect();
        format!("set {} of VLAN {vids} of {}", keys.join(", "), self.link)
    }

    fn action(&self, names: &dyn Names) -> Result<Action> {
        let settings = self.settings.attributes(&|name| names.link(name))?;
        let mut attributes = Attributes::new();
        if self.global {
            attributes.nest(GLOBAL_OPTIONS, |entry| {
                entry.u16(GLOBAL_ID, self.first);
                if self.last != self.first {
                    entry.u16(GLOBAL_RANGE, self.last);
                }
                entry.extend(&settings);
            });
        } else {
            attributes.nest(ENTRY, |entry| {
                let info = [ONLY_OPTIONS.to_ne_bytes(), self.first.to_ne_bytes()].concat();
                entry.put(INFO, &info);
                if self.last != self.first {
                    entry.u16(RANGE, self.last);
                }
                entry.extend(&settings);
            });
        }
        let mut body = header(names.link(&self.link)?);
        body.extend(attributes.as_bytes());
        let kind = RTM_NEWVLAN;
        Ok(Action::Route(vec![Request::new(Message { kind, body }, 0)]))
    }

    fn command(&self) -> Command {
        let words: &[&str] = match self.global {
            true => &["vlan", "global", "set", "dev", &self.link],
            false => &["vlan", "set", "dev", &self.link],
        };
        let mut command = Command {
            program: "bridge".into(),
            ..Command::ip(words.iter().copied())
        };
        command.with("vid", span(self.first.into(), self.last.into()));
        self.settings.say(&mut command);
        command
    }

    fn refusal(&self, refusal: &Refusal, names: &dyn Names) -> Option<Reason> {
        let index = names.link(&self.link).ok()?;
        let found = link::get_bare(names.namespace(), index).ok()?;
        if self.global && found.kind != "bridge" {
            let reason = Reason::new(format!("{} is no bridge", self.link)).blame("bridge");
            return Some(match found.master.is_some() {
                true => reason.hint("bridge_vlan_set(...) sets what a VLAN has at a port"),
                false => reason,
            });
        }
        if !self.global && found.kind != "bridge" && found.master.is_none() {
            return Some(bridge_port::no_port(&self.link).blame("link"));
        }
        let range = Range {
            // What a bridge itself has needs no word here.
            is_bridge: true,
            ..self.range()
        };
        let none = range.none(refusal, names);
        if none.is_some() || !self.global {
            return none.or_else(|| range.missing(names));
        }
        // In the whole bridge there are those of the ports, too.
        let all = list(names.namespace(), true).ok()?;
        let is_there = |vid: u16| all.iter().any(|one| one.are_of(index, vid));
        let missing = (self.first..=self.last).find(|vid| !is_there(*vid))?;
        let known = all.iter().filter(|one| one.link == index);
        let known: Vec<String> = known
            .map(|one| span(one.first.into(), one.last.into()))
            .collect();
        let reason = Reason::new(format!("{} has no VLAN {missing}", self.link)).blame("vid");
        Some(match known.is_empty() {
            true => reason,
            false => reason.hint(format!("it has {}", listed(&known))),
        })
    }

    fn inverse(&self, names: &dyn Names) -> Result<Option<Change>> {
        let index = names.link(&self.link)?;
        let all = list(names.namespace(), self.global)?;
        let mut before = None;
        for vid in self.first..=self.last {
            let Some(found) = all.iter().find(|one| one.are_of(index, vid)) else {
                return Ok(None);
            };
            let mut settings = Settings::of(self.settings.rows());
            for (row, _) in self.settings.given() {
                let known = found
                    .settings
                    .iter()
                    .find(|(known, _)| known.key == row.key);
                let Some((_, setting)) = known else {
                    return Ok(None);
                };
                settings.set(row.key, setting.clone());
            }
            // Where they differ there is no one message that brings them back.
            if before.get_or_insert_with(|| settings.clone()) != &settings {
                return Ok(None);
            }
        }
        Ok(before.map(|settings| {
            VlanSet {
                settings,
                ..self.clone()
            }
            .into()
        }))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// Entries in the form of br_vlan_fill_vids and br_vlan_global_opts_fill.
    #[test]
    fn options_are_read() {
        let mut attributes = Attributes::new();
        attributes.nest(ENTRY, |entry| {
            entry
                .put(INFO, &[0, 0, 5, 0])
                .u16(RANGE, 9)
                .u8(3, 4)
                .u8(9, 1);
            entry.nest(STATS, |stats| {
                stats.u64(1, 100).u64(2, 2).u64(3, 50).u64(4, 1);
            });
        });
        attributes.nest(GLOBAL_OPTIONS, |entry| {
            entry.u16(GLOBAL_ID, 7).u64(12, 12500).u8(3, 0);
        });
        let bytes = [header(3), attributes.into_bytes()].concat();
        let found = read_all(&bytes).expect("options");
        let words = |options: &Options| -> Vec<String> {
            let pairs = options.settings.iter();
            pairs
                .map(|(row, setting)| format!("{} {}", row.key, setting.words()))
                .collect()
        };
        assert!(found[0].are_of(3, 9) && !found[0].are_of(3, 10) && found[1].are_of(3, 7));
        assert_eq!(words(&found[0]), ["state blocking", "neigh_suppress on"]);
        assert_eq!(
            found[0].counters.map(|all| all.rx_bytes + all.tx_packets),
            Some(101)
        );
        assert_eq!(words(&found[1]).len(), 2);
    }

    proptest! {
        #[test]
        fn no_bytes_are_a_panic(bytes: Vec<u8>) {
            let _ = read_all(&bytes);
            let kind = ENTRY;
            let _ = of_a_port(1, Attribute { kind, value: &bytes });
            let _ = of_a_bridge(1, Attribute { kind, value: &bytes });
        }
    }
}
