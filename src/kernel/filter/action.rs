//! What a filter does with a packet: actions, read from and written in tc's own words (tc-actions(8), linux/tc_act/*.h).

use crate::kernel::error::Result;
use crate::kernel::netlink::attributes::{self, Attributes};
use crate::kernel::qdisc::bytes::{Fields, words};
use crate::kernel::qdisc::message::Statistics;
use crate::kernel::qdisc::psched::{bytes_of_ticks, rate_table, ticks_of_bytes};
use crate::kernel::units;

/// linux/pkt_cls.h.
const TCA_ACT_KIND: u16 = 1;
const TCA_ACT_OPTIONS: u16 = 2;
const TCA_ACT_STATS: u16 = 4;
const TC_ACT_PIPE: i32 = 3;
const TC_ACT_STOLEN: i32 = 4;
const TC_ACT_GOTO_CHAIN: i32 = 2 << 28;

/// `TCA_*_PARMS` of gact, mirred, skbedit and vlan.
const PARMS: u16 = 2;
const TCA_SKBEDIT_MARK: u16 = 5;
const TCA_SKBEDIT_PRIORITY: u16 = 3;
const TCA_VLAN_PUSH_VLAN_ID: u16 = 3;
const TCA_VLAN_PUSH_VLAN_PROTOCOL: u16 = 4;
const TCA_POLICE_TBF: u16 = 1;
const TCA_POLICE_RATE: u16 = 2;

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

/// The attributes of IEEE 802.1Q in an Ethernet frame.
const ETH_P_8021Q: u16 = 0x8100;

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
    Police {
        /// Bytes per second.
        rate: u64,
        /// Bytes at once.
        burst: u64,
        /// The largest packet.
        mtu: u32,
        /// What becomes of what is too fast.
        exceed: i32,
    },
    /// skbedit: a mark on the packet, or a priority.
    Skbedit {
        /// The mark, as nft and ip rule know it.
        mark: Option<u32>,
        /// The priority, which a discipline may go by.
        priority: Option<u32>,
    },
    /// vlan: a tag taken off, put on or changed.
    Vlan {
        /// TCA_VLAN_ACT_*.
        what: u32,
        /// The id in the tag.
        id: u16,
    },
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
            ["police", rest @ ..] => return police(rest),
            ["skbedit", rest @ ..] => skbedit(rest),
            ["vlan", rest @ ..] => vlan(rest),
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
            Act::Police {
                rate,
                burst,
                mtu,
                exceed,
            } => {
                let mtu = match mtu {
                    0 => String::new(),
                    mtu => format!(" mtu {mtu}"),
                };
                let rate = units::rate_words(*rate);
                format!(
                    "police rate {rate} burst {burst}{mtu} conform-exceed {}",
                    verdict_words(*exceed)
                )
            }
            Act::Skbedit { mark, priority } => {
                let mark = mark.map(|mark| format!(" mark {mark}"));
                let priority =
                    priority.map(|id| format!(" priority {:x}:{:x}", id >> 16, id & 0xffff));
                let said = [priority, mark].into_iter().flatten();
                format!("skbedit{}", said.collect::<String>())
            }
            Act::Vlan { what, id } => match *what {
                VLAN_POP => "vlan pop".into(),
                VLAN_MODIFY => format!("vlan modify id {id}"),
                _ => format!("vlan push id {id}"),
            },
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
            Act::Police { .. } => "police",
            Act::Skbedit { .. } => "skbedit",
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
            Act::Police {
                rate,
                burst,
                mtu,
                exceed,
            } => write_police(&mut inner, *rate, *burst, *mtu, *exceed),
            Act::Skbedit { mark, priority } => {
                inner.put(PARMS, &begin(TC_ACT_PIPE));
                if let Some(priority) = priority {
                    inner.u32(TCA_SKBEDIT_PRIORITY, *priority);
                }
                if let Some(mark) = mark {
                    inner.u32(TCA_SKBEDIT_MARK, *mark);
                }
            }
            Act::Vlan { what, id } => {
                let mut parameters = begin(TC_ACT_PIPE);
                parameters.extend(words([*what]));
                inner.put(PARMS, &parameters);
                if *what != VLAN_POP {
                    inner.u16(TCA_VLAN_PUSH_VLAN_ID, *id);
                }
            }
            Act::Other(_) => {}
        }
        action.nest(TCA_ACT_OPTIONS, |options| {
            options.extend(&inner);
        });
        Ok(())
    }
}

/// A verdict's number, or `goto chain N`.
fn verdict(words: &[&str]) -> Option<i32> {
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

fn verdict_words(verdict: i32) -> String {
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

fn police(words: &[&str]) -> std::result::Result<Act, String> {
    let (mut rate, mut burst, mut mtu, mut exceed) = (None, None, 0, 1);
    let mut rest = words;
    loop {
        rest = match rest {
            [] => break,
            ["rate", text, rest @ ..] => {
                rate = Some(units::rate(text)?);
                rest
            }
            ["burst" | "buffer" | "maxburst", text, rest @ ..] => {
                burst = Some(units::size(text)?);
                rest
            }
            ["mtu" | "minburst", text, rest @ ..] => {
                mtu = u32::try_from(units::size(text)?).unwrap_or(u32::MAX);
                rest
            }
            ["conform-exceed", word, rest @ ..] | [word, rest @ ..] => {
                exceed = verdict(&[word]).ok_or_else(|| format!("police has no {word:?}"))?;
                rest
            }
        };
    }
    match (rate, burst) {
        (Some(rate), Some(burst)) => Ok(Act::Police {
            rate,
            burst,
            mtu,
            exceed,
        }),
        _ => Err("police wants a rate and a burst: \"police rate 1mbit burst 10k drop\"".into()),
    }
}

/// `struct tc_police` (index, action, limit, burst, mtu, rate, peakrate, refcnt, bindcnt, capab) and its table.
fn write_police(inner: &mut Attributes, rate: u64, burst: u64, mtu: u32, exceed: i32) {
    let table = rate_table(rate, mtu, 0, 0);
    let ticks = ticks_of_bytes(rate, burst);
    let mut parameters = words([0, exceed.cast_unsigned(), 0, ticks, mtu]);
    parameters.extend(&table.spec);
    parameters.extend([0; 12 + 12]);
    inner.put(TCA_POLICE_TBF, &parameters);
    inner.put(TCA_POLICE_RATE, &table.table);
}

fn skbedit(words: &[&str]) -> Option<Act> {
    let number = |text: &str| match text.strip_prefix("0x") {
        Some(digits) => u32::from_str_radix(digits, 16).ok(),
        None => text.parse().ok(),
    };
    let handle = |text: &str| crate::kernel::qdisc::handle::Handle::parse(text).ok();
    match words {
        ["mark", mark] => Some(Act::Skbedit {
            mark: Some(number(mark)?),
            priority: None,
        }),
        ["priority", id] => Some(Act::Skbedit {
            mark: None,
            priority: Some(handle(id)?.0),
        }),
        ["priority", id, "mark", mark] => Some(Act::Skbedit {
            mark: Some(number(mark)?),
            priority: Some(handle(id)?.0),
        }),
        _ => None,
    }
}

fn vlan(words: &[&str]) -> Option<Act> {
    let id = |text: &str| text.parse().ok().filter(|id| (0..4095).contains(id));
    let (what, id) = match words {
        ["pop"] => (VLAN_POP, 0),
        ["push", "id", text] => (VLAN_PUSH, id(text)?),
        ["modify", "id", text] => (VLAN_MODIFY, id(text)?),
        _ => return None,
    };
    Some(Act::Vlan { what, id })
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
        return read_police(options);
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
        "skbedit" => Act::Skbedit {
            mark: number(TCA_SKBEDIT_MARK)
                .map(|mark| mark.u32())
                .transpose()?,
            priority: number(TCA_SKBEDIT_PRIORITY)
                .map(|id| id.u32())
                .transpose()?,
        },
        "vlan" => {
            let protocol = number(TCA_VLAN_PUSH_VLAN_PROTOCOL);
            let protocol = protocol.map(|protocol| protocol.be16()).transpose()?;
            // Another protocol is more than the words here say.
            if protocol.is_some_and(|protocol| protocol != ETH_P_8021Q) {
                return Ok(None);
            }
            Act::Vlan {
                what: fields.u32()?,
                id: number(TCA_VLAN_PUSH_VLAN_ID).map_or(Ok(0), |id| id.u16())?,
            }
        }
        _ => return Ok(None),
    }))
}

fn read_police(options: &[u8]) -> Result<Option<Act>> {
    let Some(parameters) = attributes::find(options, TCA_POLICE_TBF) else {
        return Ok(None);
    };
    let mut fields = Fields::of("tc_police", parameters.value);
    let (_index, exceed, _limit) = (fields.u32()?, fields.i32()?, fields.u32()?);
    let (burst, mtu) = (fields.u32()?, fields.u32()?);
    let _shape: [u8; 8] = fields.bytes()?;
    let rate = u64::from(fields.u32()?);
    Ok(Some(Act::Police {
        rate,
        burst: bytes_of_ticks(rate, burst),
        mtu,
        exceed,
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
