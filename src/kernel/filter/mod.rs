//! Filters of traffic control: which packets go into which class, and what is done with them (tc(8), FILTERS).
//!
//! | file | what it is |
//! |---|---|
//! | [`mod@u32`] | words of a packet compared with numbers |
//! | [`flower`] | fields of a packet compared by their names |
//! | [`action`] | what is done: drop, redirect, mirror, police, mark, tag |
//! | `extra` | what is done beyond that: csum, nat, ct, connmark, tunnel_key, sample |

pub mod action;
mod extra;
pub mod flower;
pub mod u32;

use nix::errno::Errno;

use self::action::{Act, Seen};
use self::u32::Selector;
use super::change::{Action, Change, Command, Names, Operation};
use super::error::{Error, Result};
use super::features::{Feature, Kind};
use super::netlink::attributes::{self, Attributes};
use super::netns::Namespace;
use super::options::Settings;
use super::qdisc::handle::Handle;
use super::qdisc::message::{
    Mode, RTM_DELTFILTER, RTM_GETTFILTER, RTM_NEWTFILTER, TrafficMessage, dump,
};
use super::qdisc::{self, command};
use super::reason::{Reason, Refusal, listed};

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

/// A filter added, or one replaced.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FilterAdd {
    /// How one that is there is treated.
    pub mode: Mode,
    /// The link.
    pub link: String,
    /// Where.
    pub place: Place,
    /// What it looks for and does.
    pub rule: Rule,
}

impl FilterAdd {
    /// Says what is missing or contradicts, before anything is sent.
    pub fn check(&self) -> Option<Reason> {
        if let Err((key, words)) = flower::write(&self.rule.fields) {
            return Some(Reason::new(words).blame(key));
        }
        let is_u32 = self.place.kind == "u32";
        if is_u32 && self.rule.selector.is_empty() {
            return Some(Reason::new("u32 wants something to compare").hint(
                "give the option matches: [\"ip dst 10.0.0.1\", \"ip dport 80\"]; \"u32 0 0\" is whatever comes",
            ));
        }
        None
    }

    fn options(&self, names: &dyn Names) -> Result<Vec<u8>> {
        let rule = &self.rule;
        let (class, acts) = numbers_of(&self.place.kind);
        let index_of = |link: &str| names.link(link);
        let mut actions = Attributes::new();
        if !rule.acts.is_empty() {
            actions.put(acts, &action::write(&rule.acts, &index_of)?);
        }
        let mut attributes = Attributes::new();
        if self.place.kind == "flower" {
            let fields = flower::write(&rule.fields);
            attributes.extend(&fields.map_err(|(_, words)| Error::Unreadable(words))?);
        }
        if let Some(mark) = rule.selector.write_mark() {
            attributes.put(TCA_U32_MARK, &mark);
        }
        if let Some(id) = rule.class {
            attributes.u32(class, id.0);
        }
        attributes.extend(&actions);
        match self.place.kind.as_str() {
            "u32" => drop(attributes.put(TCA_U32_SEL, &rule.selector.write())),
            "flower" => {
                flower::write_flags(&rule.fields, &mut attributes);
                if self.place.protocol != ANY_PROTOCOL {
                    attributes.be16(TCA_FLOWER_KEY_ETH_TYPE, self.place.protocol);
                }
            }
            _ => {}
        }
        Ok(attributes.into_bytes())
    }
}

impl Operation for FilterAdd {
    fn object(&self) -> String {
        self.link.clone()
    }

    fn links(&self) -> Vec<(&'static str, &str)> {
        let acts = self.rule.acts.iter().filter_map(Act::link);
        std::iter::once(("link", self.link.as_str()))
            .chain(acts.map(|link| ("action", link)))
            .collect()
    }

    fn words(&self) -> String {
        format!("give {} the filter {}", self.link, self.place.kind)
    }

    fn action(&self, names: &dyn Names) -> Result<Action> {
        let mut message = self.place.message(names.link(&self.link)?);
        message.options = Some(self.options(names)?);
        Ok(Action::Route(vec![
            message.request(RTM_NEWTFILTER, self.mode.flags_of_part()),
        ]))
    }

    fn command(&self) -> Command {
        let mut command = command(["filter", self.mode.word(), "dev", &self.link]);
        self.place.command(&mut command);
        let words = |command: &mut Command, text: &str| {
            text.split(' ').for_each(|word| command.word(word));
        };
        for text in self.rule.selector.words() {
            words(&mut command, &format!("match {text}"));
        }
        self.rule.fields.say(&mut command);
        if let Some(class) = self.rule.class {
            command.with("classid", class);
        }
        for act in &self.rule.acts {
            words(&mut command, &format!("action {}", act.words()));
        }
        command
    }

    fn refusal(&self, refusal: &Refusal, names: &dyn Names) -> Option<Reason> {
        if let Some(reason) = no_place(&self.link, self.place.parent, names) {
            return Some(reason);
        }
        let said = refusal.said.unwrap_or("");
        match refusal.errno {
            Errno::ENOENT if said.contains("action") => self.no_action(),
            Errno::ENOENT => {
                let filter = Feature::of(Kind::Filter, &self.place.kind);
                missing(&filter, "kind").or_else(|| self.no_action())
            }
            Errno::EEXIST if self.mode == Mode::Replace => Some(
                Reason::new("the kernel changes no filter of this kind in its place")
                    .blame("kind")
                    .hint("delete it first: filter_del"),
            ),
            Errno::EEXIST => Some(
                Reason::new("there is such a filter already")
                    .blame("prio")
                    .hint("another priority, or another protocol, is another filter"),
            ),
            Errno::EINVAL if said.contains("not classful") => Some(
                Reason::new(format!("the qdisc of {} takes no filters", self.link))
                    .blame("link")
                    .hint(
                        "qdisc_add(link, \"clsact\") takes them for all that comes in and goes out",
                    ),
            ),
            _ => None,
        }
    }

    fn inverse(&self, names: &dyn Names) -> Result<Option<Change>> {
        if self.mode != Mode::Add
            && let Some(before) = self.before(names)?
        {
            return Ok(before);
        }
        // The kernel chooses priority and handle where they are not given; without them others would go too.
        let is_told = self.place.prio != 0 && self.place.handle != 0;
        Ok(is_told.then(|| {
            Change::FilterDel(FilterDel {
                link: self.link.clone(),
                place: self.place.clone(),
            })
        }))
    }
}

impl FilterAdd {
    /// What the kernel would leave as it is without a word, of the one among these filters that is to give way: u32 takes
    /// another class and other actions, and goes on to compare what it did (u32_change in net/sched/cls_u32.c).
    pub fn kept(&self, now: &[Filter]) -> Option<Reason> {
        if self.mode == Mode::Add || self.place.kind != "u32" {
            return None;
        }
        let same = now.iter().find(|filter| self.is_in_place_of(filter))?;
        let compared = |rule: &Rule| (rule.selector.keys.clone(), rule.selector.mark);
        (compared(&same.rule) != compared(&self.rule)).then(|| {
            let words = format!(
                "a filter of u32 goes on to compare what it did, {}",
                same.rule.selector.words().join(", ")
            );
            Reason::new(words)
                .blame("matches")
                .hint("delete it and add another: filter_del, filter_add")
        })
    }

    /// Whether this is the filter that gives way.
    fn is_in_place_of(&self, other: &Filter) -> bool {
        let which = |place: &Place| (place.prio, place.handle, place.chain.unwrap_or(0));
        which(&self.place) == which(&other.place)
    }

    /// What brings back the one that gives way: None if there is none, nothing in it if there is no way back.
    fn before(&self, names: &dyn Names) -> Result<Option<Option<Change>>> {
        let index = names.link(&self.link)?;
        let mut all = list(names.namespace(), index, self.place.parent)?;
        all.retain(|filter| self.is_in_place_of(filter));
        let Some(now) = all.pop() else {
            return Ok(None);
        };
        Ok(Some(now.is_whole().then(|| {
            Change::FilterAdd(FilterAdd {
                mode: Mode::Replace,
                link: self.link.clone(),
                place: Place {
                    parent: self.place.parent,
                    ..now.place
                },
                rule: now.rule,
            })
        })))
    }

    fn no_action(&self) -> Option<Reason> {
        let mut kinds = self.rule.acts.iter().map(Act::kind);
        kinds.find_map(|kind| missing(&Feature::of(Kind::Action, kind), "action"))
    }
}

/// Why it can't be: this kernel does not have it.
fn missing(feature: &Feature, argument: &'static str) -> Option<Reason> {
    if feature.is_there() != Ok(false) {
        return None;
    }
    let reason = Reason::new(format!("this kernel has no {}", feature.label())).blame(argument);
    let reason = reason.hint(feature.remedy());
    Some(match feature.is_known() {
        true => reason,
        false => reason.alike(&feature.name, KINDS.map(str::to_owned).to_vec(), ""),
    })
}

/// Why there can be no filter: no discipline to put it at.
fn no_place(link: &str, parent: Handle, names: &dyn Names) -> Option<Reason> {
    let index = names.link(link).ok()?;
    let there = qdisc::list(names.namespace(), Some(index)).ok()?;
    let has = |handle: Handle| there.iter().any(|qdisc| qdisc.handle == handle);
    match parent {
        Handle::NONE | Handle::ROOT => None,
        side if side.major() == Handle::OF_INGRESS => (!has(Handle::OF_INGRESS)).then(|| {
            Reason::new(format!("{link} has no clsact for filters"))
                .blame("parent")
                .hint(format!("make it first: qdisc_add({link:?}, \"clsact\")"))
        }),
        parent if has(parent.major()) => None,
        parent => {
            let own: Vec<String> = there
                .iter()
                .filter(|qdisc| qdisc.handle != Handle::NONE)
                .map(|qdisc| format!("{} {}", qdisc.kind, qdisc.handle))
                .collect();
            let reason = Reason::new(format!("{link} has no qdisc {}", parent.major()));
            Some(reason.blame("parent").hint(match own.is_empty() {
                true => "it has none but the kernel's own".into(),
                false => format!("it has {}", listed(&own)),
            }))
        }
    }
}

/// Filters removed: all at a place, or those of a priority, or one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FilterDel {
    /// The link.
    pub link: String,
    /// Which.
    pub place: Place,
}

impl Operation for FilterDel {
    fn object(&self) -> String {
        self.link.clone()
    }

    fn links(&self) -> Vec<(&'static str, &str)> {
        vec![("link", &self.link)]
    }

    fn words(&self) -> String {
        match self.place.prio {
            0 => format!("delete the filters of {}", self.link),
            prio => format!(
                "delete the filters of {} with the priority {prio}",
                self.link
            ),
        }
    }

    fn action(&self, names: &dyn Names) -> Result<Action> {
        let message = self.place.message(names.link(&self.link)?);
        Ok(Action::Route(vec![message.request(RTM_DELTFILTER, 0)]))
    }

    fn command(&self) -> Command {
        let mut command = command(["filter", "del", "dev", &self.link]);
        self.place.command(&mut command);
        command
    }

    fn refusal(&self, refusal: &Refusal, names: &dyn Names) -> Option<Reason> {
        if let Some(reason) = no_place(&self.link, self.place.parent, names) {
            return Some(reason);
        }
        if !matches!(refusal.errno, Errno::ENOENT | Errno::EINVAL) {
            return None;
        }
        let index = names.link(&self.link).ok()?;
        let all = list(names.namespace(), index, self.place.parent).ok()?;
        let own: Vec<String> = all
            .iter()
            .map(|filter| format!("{} {}", filter.place.prio, filter.place.kind))
            .collect();
        let reason = Reason::new("there is no such filter").blame("prio");
        Some(match own.is_empty() {
            true => reason.hint("there are none at all; filter_list shows those of a parent"),
            false => reason.hint(format!("there are, by priority: {}", listed(&own))),
        })
    }

    fn inverse(&self, names: &dyn Names) -> Result<Option<Change>> {
        let index = names.link(&self.link)?;
        let place = &self.place;
        let mut all = list(names.namespace(), index, place.parent)?;
        all.retain(|filter| {
            (place.prio == 0 || filter.place.prio == place.prio)
                && (place.handle == 0 || filter.place.handle == place.handle)
        });
        let Ok([only]) = <[Filter; 1]>::try_from(all) else {
            return Ok(None);
        };
        let is_whole = only.is_whole();
        Ok(is_whole.then(|| {
            Change::FilterAdd(FilterAdd {
                mode: Mode::Add,
                link: self.link.clone(),
                place: Place {
                    parent: place.parent,
                    ..only.place
                },
                rule: only.rule,
            })
        }))
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
