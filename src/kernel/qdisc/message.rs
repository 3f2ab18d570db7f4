//! The messages of traffic control: `struct tcmsg` of linux/rtnetlink.h and TCA_*, the same for queueing disciplines, classes
//! and filters; and their statistics (linux/gen_stats.h).

use super::bytes::Fields;
use super::handle::Handle;
use crate::kernel::error::Result;
use crate::kernel::netlink::attributes::{self, Attributes};
use crate::kernel::netlink::{Answer, Message, Request};
use crate::kernel::netns::Namespace;
use netlink_packet_core::NLM_F_CREATE;

/// linux/rtnetlink.h.
pub(in crate::kernel) const RTM_NEWQDISC: u16 = 36;
pub(in crate::kernel) const RTM_DELQDISC: u16 = 37;
pub(in crate::kernel) const RTM_GETQDISC: u16 = 38;
pub(in crate::kernel) const RTM_NEWTCLASS: u16 = 40;
pub(in crate::kernel) const RTM_DELTCLASS: u16 = 41;
pub(in crate::kernel) const RTM_GETTCLASS: u16 = 42;
pub(in crate::kernel) const RTM_NEWTFILTER: u16 = 44;
pub(in crate::kernel) const RTM_DELTFILTER: u16 = 45;
pub(in crate::kernel) const RTM_GETTFILTER: u16 = 46;

pub(in crate::kernel) const TCA_KIND: u16 = 1;
pub(in crate::kernel) const TCA_OPTIONS: u16 = 2;
const TCA_STATS2: u16 = 7;
pub(in crate::kernel) const TCA_CHAIN: u16 = 11;

/// Inside of TCA_STATS2.
const TCA_STATS_BASIC: u16 = 1;
const TCA_STATS_QUEUE: u16 = 3;
const TCA_STATS_PKT64: u16 = 8;

/// NLM_F_* of a request that makes or changes something.
pub(in crate::kernel) const CREATE: u16 = 0x600;
pub(in crate::kernel) const REPLACE: u16 = 0x500;

/// How what is there already is treated.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mode {
    /// There must be none.
    Add,
    /// One that is there is changed, or gives way.
    Replace,
    /// There must be one, which is changed.
    Change,
}

impl Mode {
    /// The NLM_F_* flags.
    pub fn flags(self) -> u16 {
        match self {
            Mode::Add => CREATE,
            Mode::Replace => REPLACE,
            Mode::Change => 0,
        }
    }

    /// The flags of what is no discipline: tc says that it replaces a class or a filter by NLM_F_CREATE alone.
    pub fn flags_of_part(self) -> u16 {
        match self {
            Mode::Replace => NLM_F_CREATE,
            mode => mode.flags(),
        }
    }

    /// The word of tc.
    pub fn word(self) -> &'static str {
        match self {
            Mode::Add => "add",
            Mode::Replace => "replace",
            Mode::Change => "change",
        }
    }
}

/// A `struct tcmsg` and what comes with it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct TrafficMessage {
    /// The index of the link.
    pub index: u32,
    /// The handle of the object.
    pub handle: Handle,
    /// The handle of what it belongs to.
    pub parent: Handle,
    /// Of a filter, its priority and protocol; of a class, the handle of the discipline in it.
    pub info: u32,
    /// TCA_KIND.
    pub kind: String,
    /// TCA_OPTIONS.
    pub options: Option<Vec<u8>>,
    /// TCA_CHAIN, of a filter.
    pub chain: Option<u32>,
    /// TCA_STATS2.
    pub statistics: Statistics,
}

/// What was counted.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Statistics {
    /// Bytes sent.
    pub bytes: u64,
    /// Packets sent.
    pub packets: u64,
    /// Packets dropped.
    pub drops: u32,
    /// How often it had to wait.
    pub overlimits: u32,
    /// How often the driver gave a packet back.
    pub requeues: u32,
    /// Bytes that wait.
    pub backlog: u32,
    /// Packets that wait.
    pub qlen: u32,
}

impl TrafficMessage {
    /// A message about this link.
    pub fn about(index: u32) -> Self {
        TrafficMessage {
            index,
            ..TrafficMessage::default()
        }
    }

    /// What is sent: its type, and the body.
    pub fn message(&self, kind: u16) -> Message {
        // Family AF_UNSPEC and three bytes of padding.
        let mut body = vec![0; 4];
        for word in [self.index, self.handle.0, self.parent.0, self.info] {
            body.extend(word.to_ne_bytes());
        }
        let mut attributes = Attributes::new();
        // tc has the chain of a filter before its kind.
        if let Some(chain) = self.chain {
            attributes.u32(TCA_CHAIN, chain);
        }
        if !self.kind.is_empty() {
            attributes.text(TCA_KIND, &self.kind);
        }
        if let Some(options) = &self.options {
            // Without NLA_F_NESTED, as tc sends it: it is older than the flag.
            attributes.put(TCA_OPTIONS, options);
        }
        body.extend(attributes.into_bytes());
        Message { kind, body }
    }

    /// A request that makes, changes or removes something.
    pub fn request(&self, kind: u16, flags: u16) -> Request {
        Request::new(self.message(kind), flags)
    }

    /// Reads the body of a message.
    pub fn read(bytes: &[u8]) -> Result<Self> {
        let mut fields = Fields::of("tcmsg", bytes);
        let _family_and_padding: [u8; 4] = fields.bytes()?;
        let mut message = TrafficMessage {
            index: fields.u32()?,
            handle: Handle(fields.u32()?),
            parent: Handle(fields.u32()?),
            info: fields.u32()?,
            ..TrafficMessage::default()
        };
        for attribute in attributes::read(fields.rest()) {
            let attribute = attribute?;
            match attribute.kind {
                TCA_KIND => message.kind = attribute.text(),
                TCA_OPTIONS => message.options = Some(attribute.value.to_vec()),
                TCA_CHAIN => message.chain = Some(attribute.u32()?),
                TCA_STATS2 => message.statistics = Statistics::read(attribute.value)?,
                _ => {}
            }
        }
        Ok(message)
    }
}

impl Statistics {
    /// Reads the attributes of a TCA_STATS2 or TCA_ACT_STATS.
    pub fn read(bytes: &[u8]) -> Result<Self> {
        let mut statistics = Statistics::default();
        let mut all_packets = None;
        for attribute in attributes::read(bytes) {
            let attribute = attribute?;
            let mut fields = Fields::of("gnet_stats", attribute.value);
            match attribute.kind {
                TCA_STATS_BASIC => {
                    statistics.bytes = fields.u64()?;
                    statistics.packets = u64::from(fields.u32()?);
                }
                TCA_STATS_QUEUE => {
                    statistics.qlen = fields.u32()?;
                    statistics.backlog = fields.u32()?;
                    statistics.drops = fields.u32()?;
                    statistics.requeues = fields.u32()?;
                    statistics.overlimits = fields.u32()?;
                }
                TCA_STATS_PKT64 => all_packets = Some(attribute.u64()?),
                _ => {}
            }
        }
        statistics.packets = all_packets.unwrap_or(statistics.packets);
        Ok(statistics)
    }
}

/// Asks for all objects of a type; `about` says of which link and parent.
pub fn dump(
    namespace: &Namespace,
    kind: u16,
    about: &TrafficMessage,
) -> Result<Vec<TrafficMessage>> {
    let read = |answer: Answer| TrafficMessage::read(&answer.bytes).map(Some);
    let mut found = namespace.route()?.dump(about.message(kind), read)?;
    // Some of these lists are those of all links.
    found.retain(|message| about.index == 0 || message.index == about.index);
    Ok(found)
}

#[cfg(test)]
mod tests {
    use super::super::kinds::{CLASSES, QDISCS};
    use super::*;
    use crate::kernel::change::Command;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn no_bytes_are_a_panic(bytes: Vec<u8>) {
            let _ = TrafficMessage::read(&bytes);
            let _ = Statistics::read(&bytes);
            for kind in QDISCS.iter().chain(CLASSES) {
                if let Ok(settings) = kind.read(&bytes) {
                    // What comes from anywhere can be said, and sent again.
                    settings.say(&mut Command::ip(["x"]));
                    let _ = kind.write(&settings);
                    let _ = (kind.check)(&settings);
                }
            }
        }
    }
}
