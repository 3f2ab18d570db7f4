//! What a filter does with a packet: actions, read from and written in tc's own words (tc-actions(8), linux/tc_act/*.h).

use crate::kernel::error::Result;
use crate::kernel::netlink::attributes::{self, Attributes};
use crate::kernel::qdisc::bytes::{Fields, words};
use crate::kernel::qdisc::message::Statistics;

use super::extra::{self, Extra};
use super::police::Police;
use super::skbedit::Skbedit;

/// linux/pkt_cls.h.
const TCA_ACT_KIND: u16 = 1;
const TCA_ACT_OPTIONS: u16 = 2;
const TCA_ACT_STATS: u16 = 4;
const TC_ACT_PIPE: i32 = 3;
const TC_ACT_STOLEN: i32 = 4;
const TC_ACT_GOTO_CHAIN: i32 = 2 << 28;

/// `TCA_*_PARMS` of gact, mirred, skbedit and vlan.
const PARMS: u16 = 2;
const TCA_VLAN_PUSH_VLAN_ID: u16 = 3;
const TCA_VLAN_PUSH_VLAN_PROTOCOL: u16 = 4;
const TCA_VLAN_PUSH_VLAN_PRIORITY: u16 = 6;

/// What becomes of a packet, by tc's words (TC_ACT_*).
const VERDICTS: [(&str, i32); 8] = [
    ("continue", -1),
    ("pass", 0),
    ("ok", 0),
    ("reclassify", 1),
    ("drop", 2),
    ("shot", 2),
    ("pipe", TC_ACT_PIPE),
    ("stolen", TC_ACT_STOLEN),
];

/// The ways of mirred (TCA_EGRESS_REDIR and so on of linux/tc_act/tc_mirred.h).
const WAYS: [(&str, &str, u32); 4] = [
    ("egress", "redirect", 1),
    ("egress", "mirror", 2),
    ("ingress", "redirect", 3),
    ("ingress", "mirror", 4),
];

/// TCA_VLAN_ACT_* of linux/tc_act/tc_vlan.h.
const VLAN_POP: u32 = 1;
const VLAN_PUSH: u32 = 2;
const VLAN_MODIFY: u32 = 3;

/// An action.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Act {
    /// gact: the end of the packet's way through the filters.
    Verdict(i32),
    /// mirred: the packet, or a copy of it, goes out of or comes in by another link.
    Mirred {
        /// TCA_EGRESS_REDIR and so on.
        way: u32,
        /// The link, by its name.
        link: String,
    },
    /// police: what comes faster than this meets another verdict.
    Police(Police),
    /// skbedit: what Linux keeps beside a packet.
    Skbedit(Skbedit),
    /// vlan: a tag taken off, put on or changed.
    Vlan {
        /// TCA_VLAN_ACT_*.
        what: u32,
        /// The id in the tag.
        id: u16,
        /// The protocol of the tag, such as ETH_P_8021AD, if it is said.
        protocol: Option<u16>,
        /// The priority in the tag, if it is said.
        priority: Option<u8>,
    },
    /// csum, nat, ct and so on, and the verdict after it.
    Extra(Extra, i32),
    /// One that netsh has no words for.
    Other(String),
}

/// An action that the kernel told of.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Seen {
    /// The action; its link is a number.
    pub act: Act,
    /// What was counted.
    pub statistics: Statistics,
}

impl Act {
    /// Reads tc's words: `drop`, `mirred egress redirect dev ifb0`.
    pub fn parse(text: &str) -> std::result::Result<Act, String> {
        let words: Vec<&str> = text.split_whitespace().collect();
        let rest = match words.as_slice() {
            ["action", rest @ ..] => rest,
            all => all,
        };
        let act = match rest {
            ["gact", rest @ ..] => verdict(rest).map(Act::Verdict),
            ["mirred", rest @ ..] => mirred(rest),
            ["police", rest @ ..] => return Police::parse(rest).map(Act::Police),
            ["skbedit", rest @ ..] => Skbedit::parse(rest).map(Act::Skbedit),
            ["vlan", rest @ ..] => vlan(rest),
            ["pedit", ..] => return Err("pedit is not among the actions of netsh; nft sets fields of a header: nft_rule_add(\"... ip ttl set 64\")".into()),
            [kind, rest @ ..] if extra::KINDS.contains(kind) => return parse_extra(kind, rest),
            rest => verdict(rest).map(Act::Verdict),
        };
        act.ok_or_else(|| format!("{text:?} is no action that netsh knows"))
    }

    /// The action in tc's words.
    pub fn words(&self) -> String {
        match self {
            Act::Verdict(verdict) => verdict_words(*verdict),
            Act::Mirred { way, link } => {
                let found = WAYS.iter().find(|(.., number)| number == way);
                let (side, verb, _) = found.unwrap_or(&WAYS[0]);
                format!("mirred {side} {verb} dev {link}")
            }
            Act::Police(police) => police.words(),
            Act::Skbedit(edit) => edit.words(),
            Act::Vlan { what: VLAN_POP, .. } => "vlan pop".into(),
            Act::Vlan {
                what,
                id,
                protocol,
                priority,
            } => {
                let verb = match *what {
                    VLAN_MODIFY => "modify",
                    _ => "push",
                };
                let protocol = protocol.map(super::protocol_name);
                let protocol = protocol.map(|name| format!(" protocol {name}"));
                let priority = priority.map(|priority| format!(" priority {priority}"));
                format!(
                    "vlan {verb} id {id}{}{}",
                    protocol.unwrap_or_default(),
                    priority.unwrap_or_default()
                )
            }
            Act::Extra(extra, verdict) => {
                let verdict = match *verdict {
                    verdict if verdict == extra::usual_verdict(extra.kind()) => String::new(),
                    verdict => verdict_words(verdict),
                };
                let said = [extra.kind(), &extra.words(), &verdict];
                let said: Vec<&str> = said.into_iter().filter(|word| !word.is_empty()).collect();
                said.join(" ")
            }
            Act::Other(kind) => kind.clone(),
        }
    }

    /// The link that it names.
    pub fn link(&self) -> Option<&str> {
        match self {
            Act::Mirred { link, .. } => Some(link),
            _ => None,
        }
    }

    /// The name of the kernel's own that does it.
    pub fn kind(&self) -> &str {
        match self {
            Act::Verdict(_) => "gact",
            Act::Mirred { .. } => "mirred",
            Act::Police(_) => "police",
            Act::Skbedit(_) => "skbedit",
            Act::Extra(extra, _) => extra.kind(),
            Act::Vlan { .. } => "vlan",
            Act::Other(kind) => kind,
        }
    }

    /// Adds it to a list of actions.
    fn write(&self, index_of: &dyn Fn(&str) -> Result<u32>, action: &mut Attributes) -> Result<()> {
        action.text(TCA_ACT_KIND, self.kind());
        // `struct tc_gact`, with which the others begin: index, capab, action, refcnt, bindcnt.
        let begin = |verdict: i32| words([0, 0, verdict.cast_unsigned(), 0, 0]);
        let mut inner = Attributes::new();
        match self {
            Act::Verdict(verdict) => {
                inner.put(PARMS, &begin(*verdict));
            }
            Act::Mirred { way, link } => {
                let verdict = match way {
                    1 | 3 => TC_ACT_STOLEN,
                    _ => TC_ACT_PIPE,
                };
                let mut parameters = begin(verdict);
                parameters.extend(words([*way, index_of(link)?]));
                inner.put(PARMS, &parameters);
            }
            Act::Police(police) => police.write(&mut inner),
            Act::Skbedit(edit) => {
                inner.put(PARMS, &begin(TC_ACT_PIPE));
                edit.write(&mut inner);
            }
            Act::Vlan {
                what,
                id,
                protocol,
                priority,
            } => {
                let mut parameters = begin(TC_ACT_PIPE);
                parameters.extend(words([*what]));
                inner.put(PARMS, &parameters);
                if *what != VLAN_POP {
                    inner.u16(TCA_VLAN_PUSH_VLAN_ID, *id);
                }
                if let Some(protocol) = protocol {
                    inner.be16(TCA_VLAN_PUSH_VLAN_PROTOCOL, *protocol);
                }
                if let Some(priority) = priority {
                    inner.u8(TCA_VLAN_PUSH_VLAN_PRIORITY, *priority);
                }
            }
            Act::Extra(extra, verdict) => extra.write(begin(*verdict), &mut inner),
            Act::Other(_) => {}
        }
        action.nest(TCA_ACT_OPTIONS, |options| {
            options.extend(&inner);
        });
        Ok(())
    }
}

/// A verdict's number, or `goto chain N`.
pub(super) fn verdict(words: &[&str]) -> Option<i32> {
    match words {
        ["goto", "chain", number] => {
            let number: i32 = number.parse().ok()?;
            (0..1 << 28)
                .contains(&number)
                .then_some(TC_ACT_GOTO_CHAIN | number)
        }
        [word] => {
            let found = VERDICTS.iter().find(|(known, _)| known == word);
            found.map(|(_, verdict)| *verdict)
        }
        _ => None,
    }
}

pub(super) fn verdict_words(verdict: i32) -> String {
    if verdict > 0 && verdict & TC_ACT_GOTO_CHAIN != 0 {
        return format!("goto chain {}", verdict & !TC_ACT_GOTO_CHAIN);
    }
    let found = VERDICTS.iter().find(|(_, known)| *known == verdict);
    found.map_or_else(|| verdict.to_string(), |(word, _)| (*word).to_owned())
}

fn mirred(words: &[&str]) -> Option<Act> {
    let (side, verb, link) = match words {
        [side @ ("egress" | "ingress"), verb, "dev", link]
        | [verb, side @ ("egress" | "ingress"), "dev", link] => (side, verb, link),
        _ => return None,
    };
    let mut ways = WAYS.iter();
    let (.., way) = ways.find(|(known, what, _)| known == side && what == verb)?;
    Some(Act::Mirred {
        way: *way,
        link: (*link).to_owned(),
    })
}

/// One of the further actions, and the verdict at its end.
fn parse_extra(kind: &str, words: &[&str]) -> std::result::Result<Act, String> {
    let (own, end) = match words {
        [own @ .., "goto", "chain", _] => (own, words.get(own.len()..).unwrap_or_default()),
        [own @ .., last] if verdict(&[last]).is_some() => {
            (own, words.get(own.len()..).unwrap_or_default())
        }
        all => (all, &[][..]),
    };
    let verdict = match end {
        [] => extra::usual_verdict(kind),
        end => verdict(end).ok_or_else(|| format!("{kind} can't end in {:?}", end.join(" ")))?,
    };
    Extra::parse(kind, own).map(|extra| Act::Extra(extra, verdict))
}

fn vlan(words: &[&str]) -> Option<Act> {
    let (what, rest) = match words {
        ["pop"] => (VLAN_POP, &[][..]),
        ["push", rest @ ..] => (VLAN_PUSH, rest),
        ["modify", rest @ ..] => (VLAN_MODIFY, rest),
        _ => return None,
    };
    let (pairs, []) = rest.as_chunks::<2>() else {
        return None;
    };
    let (mut id, mut protocol, mut priority) = (None, None, None);
    for [key, value] in pairs {
        match *key {
            "id" => id = Some(value.parse().ok().filter(|id| *id < 4095u16)?),
            "protocol" => protocol = Some(super::protocol_number(value)?),
            "priority" => priority = Some(value.parse().ok().filter(|prio| *prio < 8u8)?),
            _ => return None,
        }
    }
    let id = match what {
        VLAN_POP => 0,
        _ => id?,
    };
    Some(Act::Vlan {
        what,
        id,
        protocol,
        priority,
    })
}

/// The value of TCA_*_ACT: the actions, counted from 1.
pub fn write(acts: &[Act], index_of: &dyn Fn(&str) -> Result<u32>) -> Result<Vec<u8>> {
    let mut list = Attributes::new();
    for (number, act) in (1u16..).zip(acts) {
        let mut action = Attributes::new();
        act.write(index_of, &mut action)?;
        // Without NLA_F_NESTED, as tc sends it.
        list.put(number, action.as_bytes());
    }
    Ok(list.into_bytes())
}

/// Reads the value of TCA_*_ACT; links are told by `name_of`.
pub fn read(bytes: &[u8], name_of: &dyn Fn(u32) -> String) -> Result<Vec<Seen>> {
    let mut seen = Vec::new();
    for action in attributes::read(bytes) {
        let action = action?;
        let find = |kind| attributes::find(action.value, kind);
        let kind = find(TCA_ACT_KIND)
            .map(|kind| kind.text())
            .unwrap_or_default();
        let options = find(TCA_ACT_OPTIONS).map_or(&[][..], |options| options.value);
        let act = read_one(&kind, options, name_of)?.unwrap_or(Act::Other(kind));
        let statistics = find(TCA_ACT_STATS).map(|stats| Statistics::read(stats.value));
        seen.push(Seen {
            act,
            statistics: statistics.transpose()?.unwrap_or_default(),
        });
    }
    Ok(seen)
}

fn read_one(kind: &str, options: &[u8], name_of: &dyn Fn(u32) -> String) -> Result<Option<Act>> {
    if kind == "police" {
        return Ok(Police::read(options)?.map(Act::Police));
    }
    if extra::KINDS.contains(&kind) {
        let extra = Extra::read(kind, options)?;
        return Ok(extra.map(|(extra, verdict)| Act::Extra(extra, verdict)));
    }
    let Some(parameters) = attributes::find(options, PARMS) else {
        return Ok(None);
    };
    let mut fields = Fields::of("tc_gact", parameters.value);
    let _index_and_capab: [u8; 8] = fields.bytes()?;
    let verdict = fields.i32()?;
    let _references: [u8; 8] = fields.bytes()?;
    let number = |kind: u16| attributes::find(options, kind);
    Ok(Some(match kind {
        "gact" => Act::Verdict(verdict),
        "mirred" => Act::Mirred {
            way: fields.u32()?,
            link: name_of(fields.u32()?),
        },
        "skbedit" => Act::Skbedit(Skbedit::read(options)?),
        "vlan" => {
            let protocol = number(TCA_VLAN_PUSH_VLAN_PROTOCOL);
            let protocol = protocol.map(|protocol| protocol.be16()).transpose()?;
            let priority = number(TCA_VLAN_PUSH_VLAN_PRIORITY);
            let priority = priority.map(|priority| priority.u8()).transpose()?;
            let what = fields.u32()?;
            // To push and to pop Ethernet headers are others.
            if ![VLAN_POP, VLAN_PUSH, VLAN_MODIFY].contains(&what) {
                return Ok(None);
            }
            Act::Vlan {
                what,
                id: number(TCA_VLAN_PUSH_VLAN_ID).map_or(Ok(0), |id| id.u16())?,
                // The usual ones go without saying.
                protocol: protocol.filter(|protocol| *protocol != 0x8100 && what != VLAN_POP),
                priority: priority.filter(|priority| *priority != 0 || what == VLAN_MODIFY),
            }
        }
        _ => return Ok(None),
    }))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn words_come_back() {
        for text in [
            "drop",
            "pass",
            "continue",
            "goto chain 5",
            "mirred egress redirect dev ifb0",
            "mirred ingress mirror dev eth0",
            "police rate 1mbit burst 10240 mtu 2000 conform-exceed drop",
            "skbedit priority 1:10 mark 5",
            "vlan push id 7",
            "vlan pop",
            "vlan push id 7 protocol 802.1ad priority 3",
            "skbedit queue_mapping 3 priority 1:10 mark 5/0xff ptype host",
            "csum iph and tcp",
            "csum udp drop",
            "nat egress 10.0.0.0/24 192.168.0.0",
            "connmark",
            "connmark zone 3 continue",
            "sample rate 12 group 5 trunc 100",
            "ct commit zone 5 mark 0x1/0xff",
            "ct clear goto chain 3",
            "tunnel_key unset",
            "tunnel_key set src_ip 10.0.0.1 dst_ip 10.0.0.2 id 7 dst_port 4789 tos 0x10 ttl 64",
            "police pkts_rate 100 pkts_burst 10 conform-exceed drop",
            "police rate 1mbit burst 10240 mtu 2000 peakrate 2mbit conform-exceed drop/pass",
        ] {
            let act = Act::parse(text).expect(text);
            assert_eq!(act.words(), text);
            let bytes = write(std::slice::from_ref(&act), &|_| Ok(7)).expect(text);
            let name = act.link().unwrap_or("").to_owned();
            let seen = read(&bytes, &|_| name.clone()).expect(text);
            assert_eq!(seen.len(), 1);
            // A bucket is counted in ticks.
            if act.kind() != "police" {
                assert_eq!(seen[0].act, act);
            }
        }
        for text in [
            "",
            "dorp",
            "mirred egress",
            "police rate 1mbit",
            "vlan push id 4095",
            "vlan push id 1 priority 8",
            "skbedit",
            "skbedit ptype nobody",
            "csum",
            "csum ip and x",
            "nat sideways 10.0.0.1 10.0.0.2",
            "nat egress 10.0.0.1/33 10.0.0.2",
            "sample rate 12",
            "ct nat",
            "ct zone x",
            "tunnel_key set src_ip 10.0.0.1 dst_ip fd00::1",
            "pedit munge ip ttl set 64",
            "police rate 1mbit burst 10k pkts_rate 5 pkts_burst 5",
            "police rate 1mbit burst 10k peakrate 2mbit",
            "police rate 1mbit burst 10k overhead 4",
            "goto chain -1",
        ] {
            assert!(Act::parse(text).is_err(), "{text}");
        }
    }

    proptest! {
        #[test]
        fn nothing_is_a_panic(bytes: Vec<u8>, text in ".{0,40}") {
            if let Ok(seen) = read(&bytes, &|index| index.to_string()) {
                let _: Vec<String> = seen.iter().map(|one| one.act.words()).collect();
            }
            let _ = Act::parse(&text);
        }
    }
}
