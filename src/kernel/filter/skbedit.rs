//! The action skbedit: what is noted beside a packet, read from and written in tc's words (tc-skbedit(8), linux/tc_act/tc_skbedit.h).

use crate::kernel::error::Result;
use crate::kernel::netlink::attributes::{self, Attributes};
use crate::kernel::qdisc::handle::Handle;

const TCA_SKBEDIT_MARK: u16 = 5;
const TCA_SKBEDIT_PRIORITY: u16 = 3;
const TCA_SKBEDIT_QUEUE_MAPPING: u16 = 4;
const TCA_SKBEDIT_PTYPE: u16 = 7;
const TCA_SKBEDIT_MASK: u16 = 8;

/// Who a packet is for, by tc's words (PACKET_* of linux/if_packet.h).
const PACKET_TYPES: [(&str, u16); 4] = [
    ("host", 0),
    ("broadcast", 1),
    ("multicast", 2),
    ("otherhost", 3),
];

/// What skbedit sets.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Skbedit {
    /// The mark, as nft and ip rule know it, and which bits of it are set.
    pub mark: Option<(u32, u32)>,
    /// The priority, which a discipline may go by.
    pub priority: Option<u32>,
    /// The transmit queue.
    pub queue: Option<u16>,
    /// Who it is for: PACKET_*.
    pub ptype: Option<u16>,
}

impl Skbedit {
    /// Reads what stands behind `skbedit`.
    pub(super) fn parse(words: &[&str]) -> Option<Skbedit> {
        let handle = |text: &str| Handle::parse(text).ok();
        let (pairs, []) = words.as_chunks::<2>() else {
            return None;
        };
        let mut edit = Skbedit::default();
        for [key, value] in pairs {
            match *key {
                "mark" => {
                    let (mark, mask) = value.split_once('/').unwrap_or((value, "0xffffffff"));
                    edit.mark = Some((number(mark)?, number(mask)?));
                }
                "priority" => edit.priority = Some(handle(value)?.0),
                "queue_mapping" => edit.queue = Some(value.parse().ok()?),
                "ptype" => {
                    let found = PACKET_TYPES.iter().find(|(name, _)| name == value);
                    edit.ptype = Some(found?.1);
                }
                _ => return None,
            }
        }
        (!pairs.is_empty()).then_some(edit)
    }

    /// In tc's words.
    pub(super) fn words(&self) -> String {
        let priority = |id: u32| format!(" priority {:x}:{:x}", id >> 16, id & 0xffff);
        let mark = |(mark, mask): (u32, u32)| match mask {
            u32::MAX => format!(" mark {mark}"),
            mask => format!(" mark {mark}/{mask:#x}"),
        };
        let ptype = |number: u16| {
            let found = PACKET_TYPES.iter().find(|(_, known)| *known == number);
            found.map_or_else(|| number.to_string(), |(name, _)| (*name).to_owned())
        };
        let said = [
            self.queue.map(|queue| format!(" queue_mapping {queue}")),
            self.priority.map(priority),
            self.mark.map(mark),
            self.ptype.map(|number| format!(" ptype {}", ptype(number))),
        ];
        format!("skbedit{}", said.into_iter().flatten().collect::<String>())
    }

    pub(super) fn write(&self, inner: &mut Attributes) {
        if let Some(queue) = self.queue {
            inner.u16(TCA_SKBEDIT_QUEUE_MAPPING, queue);
        }
        if let Some(priority) = self.priority {
            inner.u32(TCA_SKBEDIT_PRIORITY, priority);
        }
        if let Some((mark, mask)) = self.mark {
            inner.u32(TCA_SKBEDIT_MARK, mark);
            if mask != u32::MAX {
                inner.u32(TCA_SKBEDIT_MASK, mask);
            }
        }
        if let Some(ptype) = self.ptype {
            inner.u16(TCA_SKBEDIT_PTYPE, ptype);
        }
    }

    pub(super) fn read(options: &[u8]) -> Result<Skbedit> {
        let find = |kind| attributes::find(options, kind);
        let long = |kind| find(kind).map(|one| one.u32()).transpose();
        let short = |kind| find(kind).map(|one| one.u16()).transpose();
        let mask = long(TCA_SKBEDIT_MASK)?.unwrap_or(u32::MAX);
        Ok(Skbedit {
            mark: long(TCA_SKBEDIT_MARK)?.map(|mark| (mark, mask)),
            priority: long(TCA_SKBEDIT_PRIORITY)?,
            queue: short(TCA_SKBEDIT_QUEUE_MAPPING)?,
            ptype: short(TCA_SKBEDIT_PTYPE)?,
        })
    }
}

fn number(text: &str) -> Option<u32> {
    match text.strip_prefix("0x") {
        Some(digits) => u32::from_str_radix(digits, 16).ok(),
        None => text.parse().ok(),
    }
}
