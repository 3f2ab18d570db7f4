//! Rules, by which the kernel chooses a routing table: RTM_NEWRULE, RTM_DELRULE, RTM_GETRULE (`struct fib_rule_hdr` and
//! `FRA_*` of linux/fib_rules.h; net/core/fib_rules.c).

use netlink_packet_core::{NLM_F_CREATE, NLM_F_EXCL};
use nix::errno::Errno;

use super::change::{Action, Change, Command, Names, Operation};
use super::cidr::Cidr;
use super::error::{Error, Result};
use super::netlink::attributes::{self, Attribute, Attributes};
use super::netlink::{Message, Request};
use super::netns::Namespace;
use super::reason::{Reason, Refusal, listed};
use super::route::{AF_INET, AF_INET6};
use super::route_names::{PROTOCOLS, realm_text, table, table_text};
use super::users;

const RTM_NEWRULE: u16 = 32;
const RTM_DELRULE: u16 = 33;
const RTM_GETRULE: u16 = 34;

/// `struct fib_rule_hdr` is 12 bytes.
const HEADER: usize = 12;

const FRA_DST: u16 = 1;
const FRA_SRC: u16 = 2;
const FRA_IIFNAME: u16 = 3;
const FRA_GOTO: u16 = 4;
const FRA_PRIORITY: u16 = 6;
const FRA_FWMARK: u16 = 10;
const FRA_FLOW: u16 = 11;
const FRA_TUN_ID: u16 = 12;
const FRA_SUPPRESS_IFGROUP: u16 = 13;
const FRA_SUPPRESS_PREFIXLEN: u16 = 14;
const FRA_TABLE: u16 = 15;
const FRA_FWMASK: u16 = 16;
const FRA_OIFNAME: u16 = 17;
const FRA_L3MDEV: u16 = 19;
const FRA_UID_RANGE: u16 = 20;
const FRA_PROTOCOL: u16 = 21;
const FRA_IP_PROTO: u16 = 22;
const FRA_SPORT_RANGE: u16 = 23;
const FRA_DPORT_RANGE: u16 = 24;

/// `FIB_RULE_INVERT`.
const INVERT: u32 = 2;

/// Flags by their names in `ip rule`.
const FLAGS: [(u32, &str); 4] = [
    (1, "permanent"),
    (4, "unresolved"),
    (8, "iif_detached"),
    (16, "oif_detached"),
];

/// What is done with what a rule is for: `FR_ACT_*`.
pub static ACTIONS: [(u8, &str); 6] = [
    (1, "lookup"),
    (2, "goto"),
    (3, "nop"),
    (6, "blackhole"),
    (7, "unreachable"),
    (8, "prohibit"),
];

/// `FR_ACT_TO_TBL`.
pub const LOOKUP: u8 = 1;
/// `FR_ACT_GOTO`.
pub const GOTO: u8 = 2;

/// A rule. What is None says nothing.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Rule {
    /// Whether it is for IPv6.
    pub is_ipv6: bool,
    /// Rules are gone through from the lowest on.
    pub priority: Option<u32>,
    /// Whether it is for what the rest does not describe.
    pub not: bool,
    /// Packets from there.
    pub from: Option<Cidr>,
    /// Packets to there.
    pub to: Option<Cidr>,
    /// Packets that came in by this link.
    pub iif: Option<String>,
    /// Packets of sockets that are bound to this link.
    pub oif: Option<String>,
    /// Packets with this mark,
    pub fwmark: Option<u32>,
    /// in these bits of it.
    pub fwmask: Option<u32>,
    /// Packets of this type of service.
    pub tos: u8,
    /// Packets of these users.
    pub uidrange: Option<(u32, u32)>,
    /// Packets that carry this: `IPPROTO_*`.
    pub ipproto: Option<u8>,
    /// Packets from these ports.
    pub sport: Option<(u16, u16)>,
    /// Packets to these ports.
    pub dport: Option<(u16, u16)>,
    /// What is done with them: `FR_ACT_*`; 0 is any, where one is chosen.
    pub action: u8,
    /// The table to look in; 0 is none.
    pub table: u32,
    /// The priority of the rule to go on with.
    pub target: Option<u32>,
    /// Whether it looks in the table of the vrf by whose link the packet came or goes.
    pub l3mdev: bool,
    /// Packets that came out of the tunnel with this id.
    pub tun_id: Option<u64>,
    /// The realms that what it finds belongs to: from, and to.
    pub realms: Option<u32>,
    /// Routes with prefixes no longer than this do not count.
    pub suppress_prefixlength: Option<u32>,
    /// Routes by links of this group do not count.
    pub suppress_ifgroup: Option<u32>,
    /// Who made it: `RTPROT_*`.
    pub protocol: Option<u8>,
    /// `FIB_RULE_*`, but for the one that `not` is.
    pub flags: u32,
}

impl Rule {
    /// Flags by their names.
    pub fn flag_names(&self) -> impl Iterator<Item = &'static str> {
        let set = FLAGS.iter().filter(|(bit, _)| self.flags & bit != 0);
        set.map(|(_, name)| *name)
    }

    fn message(&self, kind: u16) -> Message {
        let bits = |cidr: Option<Cidr>| cidr.map_or(0, |cidr| cidr.prefix);
        let family = if self.is_ipv6 { AF_INET6 } else { AF_INET };
        let mut body = vec![family, bits(self.to), bits(self.from), self.tos];
        body.extend([u8::try_from(self.table).unwrap_or(0), 0, 0, self.action]);
        let flags = if self.not { INVERT } else { 0 };
        body.extend(u32::to_ne_bytes(flags));
        let mut attributes = Attributes::new();
        for (kind, cidr) in [(FRA_DST, self.to), (FRA_SRC, self.from)] {
            if let Some(cidr) = cidr.filter(|cidr| cidr.prefix > 0) {
                attributes.ip(kind, cidr.address);
            }
        }
        for (kind, link) in [(FRA_IIFNAME, &self.iif), (FRA_OIFNAME, &self.oif)] {
            if let Some(link) = link {
                attributes.text(kind, link);
            }
        }
        let numbers = [
            (FRA_PRIORITY, self.priority),
            (FRA_FWMARK, self.fwmark),
            (FRA_FWMASK, self.fwmask),
            (FRA_FLOW, self.realms),
            (FRA_GOTO, self.target),
            (FRA_SUPPRESS_PREFIXLEN, self.suppress_prefixlength),
            (FRA_SUPPRESS_IFGROUP, self.suppress_ifgroup),
            (FRA_TABLE, Some(self.table).filter(|table| *table > 255)),
        ];
        for (kind, number) in numbers {
            if let Some(number) = number {
                attributes.u32(kind, number);
            }
        }
        for (kind, number) in [(FRA_IP_PROTO, self.ipproto), (FRA_PROTOCOL, self.protocol)] {
            if let Some(number) = number {
                attributes.u8(kind, number);
            }
        }
        if let Some(id) = self.tun_id {
            attributes.put(FRA_TUN_ID, &id.to_be_bytes());
        }
        if self.l3mdev {
            attributes.u8(FRA_L3MDEV, 1);
        }
        // `struct fib_rule_uid_range` and `struct fib_rule_port_range`: first and last.
        if let Some((first, last)) = self.uidrange {
            let range = [first.to_ne_bytes(), last.to_ne_bytes()].concat();
            attributes.put(FRA_UID_RANGE, &range);
        }
        for (kind, range) in [(FRA_SPORT_RANGE, self.sport), (FRA_DPORT_RANGE, self.dport)] {
            if let Some((first, last)) = range {
                attributes.put(kind, &[first.to_ne_bytes(), last.to_ne_bytes()].concat());
            }
        }
        body.extend(attributes.as_bytes());
        Message { kind, body }
    }

    /// Reads a `struct fib_rule_hdr` and what follows it; None for rules of other families.
    fn read(bytes: &[u8]) -> Result<Option<Self>> {
        let Some((header, attributes)) = bytes.split_first_chunk::<HEADER>() else {
            return Err(Error::Unreadable("a rule without its header".into()));
        };
        let [
            family,
            to_bits,
            from_bits,
            tos,
            table,
            _,
            _,
            action,
            flags @ ..,
        ] = *header;
        if family != AF_INET && family != AF_INET6 {
            return Ok(None);
        }
        let flags = u32::from_ne_bytes(flags);
        let mut rule = Rule {
            is_ipv6: family == AF_INET6,
            not: flags & INVERT != 0,
            flags: flags & !INVERT,
            tos,
            action,
            table: table.into(),
            // Left out where it is 0 (fib_nl_fill_rule).
            priority: Some(0),
            ..Rule::default()
        };
        for attribute in attributes::read(attributes) {
            rule.read_attribute(attribute?, to_bits, from_bits)?;
        }
        // A mask without a mark is that of a mark 0; all bits go without saying.
        if rule.fwmask.is_some_and(|mask| mask != 0) {
            rule.fwmark.get_or_insert(0);
        }
        rule.fwmask = rule.fwmask.filter(|mask| *mask != u32::MAX && *mask != 0);
        Ok(Some(rule))
    }

    fn read_attribute(&mut self, attribute: Attribute, to: u8, from: u8) -> Result<()> {
        let network = |prefix: u8| -> Result<Option<Cidr>> {
            let address = attribute.ip()?;
            Ok(Some(Cidr { address, prefix }))
        };
        let said = |number: u32| Some(number).filter(|number| *number != u32::MAX);
        match attribute.kind {
            FRA_DST => self.to = network(to)?,
            FRA_SRC => self.from = network(from)?,
            FRA_IIFNAME => self.iif = Some(attribute.text()),
            FRA_OIFNAME => self.oif = Some(attribute.text()),
            FRA_FLOW => self.realms = Some(attribute.u32()?),
            FRA_TUN_ID => {
                let id = attribute.value.first_chunk::<8>().copied();
                self.tun_id = id.map(u64::from_be_bytes);
            }
            FRA_L3MDEV => self.l3mdev = attribute.u8()? != 0,
            FRA_GOTO => self.target = Some(attribute.u32()?),
            FRA_PRIORITY => self.priority = Some(attribute.u32()?),
            FRA_FWMARK => self.fwmark = Some(attribute.u32()?),
            FRA_FWMASK => self.fwmask = Some(attribute.u32()?),
            FRA_SUPPRESS_PREFIXLEN => self.suppress_prefixlength = said(attribute.u32()?),
            FRA_SUPPRESS_IFGROUP => self.suppress_ifgroup = said(attribute.u32()?),
            FRA_TABLE => self.table = attribute.u32()?,
            FRA_PROTOCOL => self.protocol = Some(attribute.u8()?),
            FRA_IP_PROTO => self.ipproto = Some(attribute.u8()?),
            FRA_UID_RANGE => self.uidrange = users(attribute.value),
            FRA_SPORT_RANGE => self.sport = ports(attribute.value),
            FRA_DPORT_RANGE => self.dport = ports(attribute.value),
            _ => {}
        }
        Ok(())
    }

    /// Whether another rule has all that this one says.
    fn is_said_of(&self, other: &Rule) -> bool {
        fn any<T: PartialEq>(wanted: &Option<T>, found: &Option<T>) -> bool {
            wanted.is_none() || wanted == found
        }
        self.is_ipv6 == other.is_ipv6
            && self.not == other.not
            && any(&self.priority, &other.priority)
            && any(&self.from, &other.from)
            && any(&self.to, &other.to)
            && any(&self.iif, &other.iif)
            && any(&self.oif, &other.oif)
            && any(&self.fwmark, &other.fwmark)
            && any(&self.fwmask, &other.fwmask)
            && any(&self.uidrange, &other.uidrange)
            && any(&self.ipproto, &other.ipproto)
            && any(&self.sport, &other.sport)
            && any(&self.dport, &other.dport)
            && any(&self.target, &other.target)
            && any(&self.tun_id, &other.tun_id)
            && (!self.l3mdev || other.l3mdev)
            && (self.tos == 0 || self.tos == other.tos)
            && (self.table == table::UNSPEC || self.table == other.table)
            && (self.action == 0 || self.action == other.action)
    }

    /// The words of `ip rule`, but for `ip -6 rule add`.
    fn command_words(&self) -> Vec<String> {
        let mut words = Vec::new();
        if self.not {
            words.push("not".to_string());
        }
        let range = |(first, last): (u16, u16)| match first == last {
            true => first.to_string(),
            false => format!("{first}-{last}"),
        };
        let pairs = [
            ("from", self.from.map(|from| from.to_string())),
            ("to", self.to.map(|to| to.to_string())),
            (
                "tos",
                Some(self.tos)
                    .filter(|tos| *tos != 0)
                    .map(|tos| format!("{tos:#x}")),
            ),
            ("fwmark", self.mark_text()),
            ("iif", self.iif.clone()),
            ("oif", self.oif.clone()),
            (
                "uidrange",
                self.uidrange.map(|(first, last)| format!("{first}-{last}")),
            ),
            ("ipproto", self.ipproto.map(|number| number.to_string())),
            ("tun_id", self.tun_id.map(|id| id.to_string())),
            ("sport", self.sport.map(range)),
            ("dport", self.dport.map(range)),
            (
                "priority",
                self.priority.map(|priority| priority.to_string()),
            ),
            (
                "protocol",
                self.protocol.map(|number| PROTOCOLS.text(number.into())),
            ),
        ];
        for (key, value) in pairs {
            words.extend(value.into_iter().flat_map(|value| [key.to_string(), value]));
        }
        if let Some(realms) = self.realms {
            words.extend(["realms".into(), realm_text(realms)]);
        }
        match (self.action, self.target) {
            (0 | LOOKUP, _) if self.l3mdev => words.push("l3mdev".into()),
            (GOTO, Some(target)) => words.extend(["goto".into(), target.to_string()]),
            (0 | LOOKUP, _) if self.table != table::UNSPEC => {
                words.extend(["table".into(), table_text(self.table)]);
            }
            (0 | LOOKUP, _) => {}
            (action, _) => words.push(action_text(action)),
        }
        let suppressed = [
            ("suppress_prefixlength", self.suppress_prefixlength),
            ("suppress_ifgroup", self.suppress_ifgroup),
        ];
        for (key, value) in suppressed {
            let value = value.map(|value| [key.to_string(), value.to_string()]);
            words.extend(value.into_iter().flatten());
        }
        words
    }

    /// The mark, and its mask where it has one: `0x1/0xff`.
    fn mark_text(&self) -> Option<String> {
        let mark = self.fwmark?;
        Some(match self.fwmask {
            Some(mask) => format!("{mark:#x}/{mask:#x}"),
            None => format!("{mark:#x}"),
        })
    }

    /// The rule in the words of `ip rule`.
    pub fn words(&self) -> String {
        let bare = Rule {
            protocol: None,
            ..self.clone()
        };
        let words = bare.command_words().join(" ");
        match words.is_empty() {
            true => "from all".into(),
            false => words,
        }
    }

    fn command(&self, verb: &str) -> Command {
        let mut command = match self.is_ipv6 {
            false => Command::ip(["rule", verb]),
            true => Command::ip(["-6", "rule", verb]),
        };
        let words = self.command_words();
        if words.is_empty() {
            command.with("from", "all");
        }
        for word in words {
            command.word(word);
        }
        command
    }
}

fn users(value: &[u8]) -> Option<(u32, u32)> {
    let (first, rest) = value.split_first_chunk::<4>()?;
    let last = rest.first_chunk::<4>()?;
    Some((u32::from_ne_bytes(*first), u32::from_ne_bytes(*last)))
}

fn ports(value: &[u8]) -> Option<(u16, u16)> {
    let (first, rest) = value.split_first_chunk::<2>()?;
    let last = rest.first_chunk::<2>()?;
    Some((u16::from_ne_bytes(*first), u16::from_ne_bytes(*last)))
}

/// The name of what a rule does.
pub fn action_text(action: u8) -> String {
    let found = ACTIONS.iter().find(|(number, _)| *number == action);
    found.map_or_else(|| action.to_string(), |(_, name)| (*name).into())
}

/// The rules of IPv4 and IPv6, or of one family (AF_*), in the kernel's order.
pub fn list(namespace: &Namespace, family: u8) -> Result<Vec<Rule>> {
    let mut body = vec![0; HEADER];
    body[0] = family;
    let kind = RTM_GETRULE;
    let question = Message { kind, body };
    let read = |answer: super::netlink::Answer| Rule::read(&answer.bytes);
    let mut list = namespace.route()?.dump(question, read)?;
    list.sort_by_key(|rule| (rule.is_ipv6, rule.priority));
    Ok(list)
}

fn family_of(rule: &Rule) -> u8 {
    if rule.is_ipv6 { AF_INET6 } else { AF_INET }
}

/// A new rule.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RuleAdd {
    /// The rule.
    pub rule: Rule,
}

impl Operation for RuleAdd {
    fn object(&self) -> String {
        self.rule.words()
    }

    fn words(&self) -> String {
        format!("add the rule {:?}", self.rule.words())
    }

    fn action(&self, _names: &dyn Names) -> Result<Action> {
        let message = self.rule.message(RTM_NEWRULE);
        let flags = NLM_F_CREATE | NLM_F_EXCL;
        Ok(Action::Route(vec![Request::new(message, flags)]))
    }

    fn command(&self) -> Command {
        self.rule.command("add")
    }

    fn refusal(&self, refusal: &Refusal, _names: &dyn Names) -> Option<Reason> {
        match refusal.errno {
            Errno::EEXIST => {
                let reason = Reason::new("there is such a rule already");
                Some(reason.hint("another priority makes it another rule"))
            }
            Errno::EINVAL if self.rule.action == GOTO => {
                let words = "a rule goes on with one of a higher priority number than its own";
                Some(Reason::new(words).blame("target"))
            }
            Errno::EINVAL if self.rule.l3mdev && self.rule.table != table::UNSPEC => {
                let words = "the table of l3mdev is that of the vrf, so none is named";
                Some(Reason::new(words).blame("table"))
            }
            Errno::EOPNOTSUPP | Errno::EINVAL if self.rule.l3mdev => Some(
                Reason::new("this kernel has no vrf, whose tables l3mdev looks in").blame("l3mdev"),
            ),
            Errno::EINVAL if self.rule.uidrange.is_some() && refusal.may_mean("uid") => {
                Some(users::unknown().blame("uidrange"))
            }
            _ => None,
        }
    }

    fn inverse(&self, _names: &dyn Names) -> Result<Option<Change>> {
        let rule = self.rule.clone();
        Ok(Some(Change::RuleDel(RuleDel { rule })))
    }
}

/// A rule removed: the first that has all that is said.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RuleDel {
    /// What is said of it.
    pub rule: Rule,
}

impl Operation for RuleDel {
    fn object(&self) -> String {
        self.rule.words()
    }

    fn words(&self) -> String {
        format!("delete the rule {:?}", self.rule.words())
    }

    fn action(&self, _names: &dyn Names) -> Result<Action> {
        let message = self.rule.message(RTM_DELRULE);
        Ok(Action::Route(vec![Request::new(message, 0)]))
    }

    fn command(&self) -> Command {
        self.rule.command("del")
    }

    fn refusal(&self, refusal: &Refusal, names: &dyn Names) -> Option<Reason> {
        if refusal.errno != Errno::ENOENT {
            return None;
        }
        let list = list(names.namespace(), family_of(&self.rule)).unwrap_or_default();
        let written: Vec<String> = list.iter().map(Rule::words).collect();
        let reason = Reason::new("there is no such rule");
        Some(reason.hint(format!("the rules are: {}", listed(&written))))
    }

    fn inverse(&self, names: &dyn Names) -> Result<Option<Change>> {
        let list = list(names.namespace(), family_of(&self.rule))?;
        let found = list.into_iter().find(|rule| self.rule.is_said_of(rule));
        Ok(found.map(|rule| Change::RuleAdd(RuleAdd { rule })))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn what_is_written_is_read() {
        let rule = Rule {
            priority: Some(7),
            not: true,
            from: "10.0.0.0/8".parse().ok(),
            iif: Some("eth0".into()),
            fwmark: Some(1),
            fwmask: Some(15),
            uidrange: Some((0, 99)),
            sport: Some((80, 90)),
            ipproto: Some(6),
            protocol: Some(4),
            suppress_prefixlength: Some(0),
            action: LOOKUP,
            table: 1000,
            ..Rule::default()
        };
        let message = rule.message(RTM_NEWRULE);
        assert_eq!(Rule::read(&message.body), Ok(Some(rule.clone())));
        let words = "not from 10.0.0.0/8 fwmark 0x1/0xf iif eth0 uidrange 0-99 ipproto 6 sport 80-90 priority 7 \
                     table 1000 suppress_prefixlength 0";
        assert_eq!(rule.words(), words);
    }

    proptest! {
        #[test]
        fn no_bytes_are_a_panic(family in prop_oneof![Just(2u8), Just(10)], mut bytes: Vec<u8>) {
            if let Some(first) = bytes.first_mut() {
                *first = family;
            }
            let _ = Rule::read(&bytes);
        }
    }
}
