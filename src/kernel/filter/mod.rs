//! Filters of traffic control: which packets go into which class, and what is done with them (tc(8), FILTERS).
//!
//! | file | what it is |
//! |---|---|
//! | [`mod@u32`] | words of a packet compared with numbers |
//! | [`flower`] | fields of a packet compared by their names |
//! | [`change`] | filters made, replaced and deleted |
//! | [`action`] | what is done: drop, redirect, mirror, tag |
//! | [`police`], [`skbedit`] | what is too fast; marks, priorities, queues |
//! | `extra` | what is done beyond that: csum, nat, ct, connmark, tunnel_key, sample |

pub mod action;
pub mod change;
mod extra;
pub mod flower;
pub mod police;
pub mod skbedit;
pub mod u32;

use self::action::{Act, Seen};
use self::u32::Selector;
use super::change::Command;
use super::error::Result;
use super::netlink::attributes;
use super::netns::Namespace;
use super::options::Settings;
use super::qdisc::handle::Handle;
use super::qdisc::message::{RTM_GETTFILTER, TrafficMessage, dump};

/// linux/pkt_cls.h.
const TCA_U32_CLASSID: u16 = 1;
const TCA_U32_SEL: u16 = 5;
const TCA_U32_ACT: u16 = 7;
const TCA_U32_MARK: u16 = 10;
const TCA_MATCHALL_CLASSID: u16 = 1;
const TCA_MATCHALL_ACT: u16 = 2;
const TCA_FLOWER_CLASSID: u16 = 1;
const TCA_FLOWER_ACT: u16 = 3;
const TCA_FLOWER_KEY_ETH_TYPE: u16 = 8;

/// What else a filter of u32 may have: TCA_U32_LINK and TCA_U32_INDEV.
const U32_OTHERS: [(u16, &str); 2] = [(3, "link"), (8, "indev")];

/// `ETH_P_ALL` of linux/if_ether.h: whatever the protocol.
pub const ANY_PROTOCOL: u16 = 0x0003;

/// Protocols of Ethernet by tc's names (linux/if_ether.h).
const PROTOCOLS: [(&str, u16); 8] = [
    ("all", ANY_PROTOCOL),
    ("ip", 0x0800),
    ("arp", 0x0806),
    ("802.1Q", 0x8100),
    ("ipv6", 0x86dd),
    ("mpls_uc", 0x8847),
    ("mpls_mc", 0x8848),
    ("802.1ad", 0x88a8),
];

/// The kinds whose options netsh knows.
pub const KINDS: [&str; 3] = ["flower", "matchall", "u32"];

/// The number of a protocol by its name; 802.1q in either case.
pub fn protocol_number(text: &str) -> Option<u16> {
    let named = PROTOCOLS
        .iter()
        .find(|(name, _)| name.eq_ignore_ascii_case(text));
    let hexadecimal = text.strip_prefix("0x");
    let number = hexadecimal.and_then(|digits| u16::from_str_radix(digits, 16).ok());
    let alias = (text == "ipv4").then_some(0x0800);
    named.map(|(_, number)| *number).or(alias).or(number)
}

/// The name of a protocol.
pub fn protocol_name(number: u16) -> String {
    let named = PROTOCOLS.iter().find(|(_, known)| *known == number);
    named.map_or_else(|| format!("{number:#06x}"), |(name, _)| (*name).to_owned())
}

/// What a filter looks for, and what it does.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Rule {
    /// Of u32: what is compared.
    pub selector: Selector,
    /// Of flower: the fields.
    pub fields: Settings,
    /// What it compares too, and netsh has no words for.
    pub unknown: Vec<String>,
    /// The class into which a packet goes.
    pub class: Option<Handle>,
    /// What is done with it.
    pub acts: Vec<Act>,
}

/// A filter of a link.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Filter {
    /// The index of the link.
    pub index: u32,
    /// What it belongs to.
    pub place: Place,
    /// What it looks for; its actions are in `seen`.
    pub rule: Rule,
    /// What it does, with what was counted.
    pub seen: Vec<Seen>,
}

impl Filter {
    /// Whether netsh has words for all that it is.
    fn is_whole(&self) -> bool {
        let is_known = |act: &Act| !matches!(act, Act::Other(_));
        KINDS.contains(&self.place.kind.as_str())
            && self.rule.unknown.is_empty()
            && self.rule.acts.iter().all(is_known)
    }
}

/// Where a filter is, and which one it is.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Place {
    /// Its kind; empty for any.
    pub kind: String,
    /// The discipline, or a side of clsact; NONE is the root of the link.
    pub parent: Handle,
    /// Its priority: lower ones are asked first. 0 lets the kernel choose, or is any.
    pub prio: u16,
    /// The protocol of the packets that it is asked about; 0 is any, where one is deleted.
    pub protocol: u16,
    /// Its handle; 0 lets the kernel choose, or is any.
    pub handle: u32,
    /// The chain that it is in.
    pub chain: Option<u32>,
}

impl Place {
    fn message(&self, index: u32) -> TrafficMessage {
        TrafficMessage {
            handle: Handle(self.handle),
            parent: self.parent,
            info: u32::from(self.prio) << 16 | u32::from(self.protocol.to_be()),
            kind: self.kind.clone(),
            chain: self.chain,
            ..TrafficMessage::about(index)
        }
    }

    fn of(message: &TrafficMessage) -> Place {
        let [high, low] = [message.info >> 16, message.info & 0xffff];
        let short = |number: u32| u16::try_from(number).unwrap_or(u16::MAX);
        Place {
            kind: message.kind.clone(),
            parent: message.parent,
            prio: short(high),
            protocol: u16::from_be(short(low)),
            handle: message.handle.0,
            chain: message.chain.filter(|chain| *chain != 0),
        }
    }

    /// The handle as tc writes it: u32 counts in hash tables.
    pub fn handle_words(&self) -> String {
        match self.kind.as_str() {
            "u32" => {
                let (table, bucket, node) = (
                    self.handle >> 20,
                    self.handle >> 12 & 0xff,
                    self.handle & 0xfff,
                );
                match bucket {
                    0 => format!("{table:x}::{node:x}"),
                    bucket => format!("{table:x}:{bucket:x}:{node:x}"),
                }
            }
            _ => format!("{:#x}", self.handle),
        }
    }

    /// Reads a handle as [`Place::handle_words`] writes it.
    pub fn parse_handle(text: &str) -> Option<u32> {
        let number = |digits: &str, most: u32| match digits {
            "" => Some(0),
            digits => {
                let number = u32::from_str_radix(digits, 16).ok();
                number.filter(|number| *number <= most)
            }
        };
        let parts: Vec<&str> = text.split(':').collect();
        match parts.as_slice() {
            [table, bucket, node] => Some(
                number(table, 0xfff)? << 20 | number(bucket, 0xff)? << 12 | number(node, 0xfff)?,
            ),
            [alone] => match alone.strip_prefix("0x") {
                Some(digits) => number(digits, u32::MAX).filter(|_| !digits.is_empty()),
                None => alone.parse().ok(),
            },
            _ => None,
        }
    }

    /// Adds the words of a command up to the kind.
    fn command(&self, command: &mut Command) {
        match self.parent {
            Handle::NONE => {}
            Handle::ROOT => command.word("root"),
            parent if parent.to_string().ends_with("gress") => command.word(parent.to_string()),
            parent => command.with("parent", parent),
        }
        if self.protocol != 0 {
            command.with("protocol", protocol_name(self.protocol));
        }
        if self.prio != 0 {
            command.with("prio", self.prio);
        }
        if let Some(chain) = self.chain {
            command.with("chain", chain);
        }
        if self.handle != 0 {
            command.with("handle", self.handle_words());
        }
        if !self.kind.is_empty() {
            command.word(self.kind.as_str());
        }
    }
}

/// The filters of a link at a discipline, or a side of clsact; NONE is the root.
pub fn list(namespace: &Namespace, index: u32, parent: Handle) -> Result<Vec<Filter>> {
    let about = TrafficMessage {
        parent,
        ..TrafficMessage::about(index)
    };
    let found = dump(namespace, RTM_GETTFILTER, &about)?;
    let route = namespace.route()?;
    let name_of = |index| {
        let name = route.name_of(index);
        name.unwrap_or_else(|| format!("if{index}"))
    };
    let filters = found.iter().map(|message| read(message, &name_of));
    filters.filter_map(Result::transpose).collect()
}

/// Reads a filter; None for what only belongs to one, such as the hash table of u32.
fn read(message: &TrafficMessage, name_of: &dyn Fn(u32) -> String) -> Result<Option<Filter>> {
    let place = Place::of(message);
    let options = message.options.as_deref().unwrap_or_default();
    let find = |kind| attributes::find(options, kind);
    if message.handle == Handle::NONE {
        return Ok(None);
    }
    let (class, acts) = numbers_of(&place.kind);
    let mut rule = Rule {
        class: find(class).and_then(|id| id.u32().ok()).map(Handle),
        ..Rule::default()
    };
    match place.kind.as_str() {
        "u32" => match find(TCA_U32_SEL) {
            Some(selector) => {
                rule.selector = Selector::read(selector.value, place.protocol)?;
                let others = U32_OTHERS.iter().filter(|(kind, _)| find(*kind).is_some());
                rule.unknown = others.map(|(_, name)| (*name).to_owned()).collect();
                if let Some(mark) = find(TCA_U32_MARK) {
                    rule.selector.read_mark(mark.value)?;
                }
            }
            None => return Ok(None),
        },
        "flower" => {
            rule.fields = flower::read(options)?;
            rule.unknown = flower::unknown(options);
        }
        _ => {}
    }
    let seen = match find(acts) {
        Some(acts) if KINDS.contains(&place.kind.as_str()) => action::read(acts.value, name_of)?,
        _ => Vec::new(),
    };
    rule.acts = seen.iter().map(|one| one.act.clone()).collect();
    Ok(Some(Filter {
        index: message.index,
        place,
        rule,
        seen,
    }))
}

/// The attributes of a kind's class and actions.
fn numbers_of(kind: &str) -> (u16, u16) {
    match kind {
        "u32" => (TCA_U32_CLASSID, TCA_U32_ACT),
        "flower" => (TCA_FLOWER_CLASSID, TCA_FLOWER_ACT),
        _ => (TCA_MATCHALL_CLASSID, TCA_MATCHALL_ACT),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn handles_of_filters() {
        let u32 = Place {
            kind: "u32".into(),
            handle: 0x8000_0800,
            ..Place::default()
        };
        assert_eq!(u32.handle_words(), "800::800");
        assert_eq!(Place::parse_handle("800::800"), Some(0x8000_0800));
        assert_eq!(Place::parse_handle("0x10"), Some(16));
        assert_eq!(Place::parse_handle("5"), Some(5));
        for text in ["", "0x", "1:2", "800:100:1", "x"] {
            assert_eq!(Place::parse_handle(text), None, "{text}");
        }
    }

    proptest! {
        #[test]
        fn nothing_is_a_panic(bytes: Vec<u8>, kind in 0usize..3, text in ".{0,12}") {
            let message = TrafficMessage {
                handle: Handle(1),
                kind: KINDS[kind].into(),
                options: Some(bytes),
                ..TrafficMessage::default()
            };
            let _ = read(&message, &|index| index.to_string());
            let _ = (Place::parse_handle(&text), protocol_number(&text));
        }
    }
}
