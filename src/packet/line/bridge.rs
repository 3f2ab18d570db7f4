//! What bridges say: LLC, the spanning tree, LLDP (IEEE 802.1AB).

use super::{Detail, Line, number, short, text};
use crate::packet::dns::printable;
use crate::packet::layers::Seen;

impl Line {
    /// A frame that has its length in place of a type.
    pub(super) fn llc(&mut self, seen: &[Seen], length: usize) {
        let Some((llc, inner)) = seen.split_first() else {
            return;
        };
        let service = |number: u64| match number & 0xfe {
            0x42 => "STP".to_string(),
            0xaa => "SNAP".to_string(),
            0xe0 => "IPX".to_string(),
            0xfe => "ISO NLS".to_string(),
            other => format!("Unknown {other:#04x}"),
        };
        let (dsap, ssap) = (number(llc, "dsap"), number(llc, "ssap"));
        if self.detail == Detail::Link || inner.is_empty() {
            let to = if dsap & 1 == 1 { "Group" } else { "Individual" };
            let is = if ssap & 1 == 1 { "Response" } else { "Command" };
            self.put(format_args!(
                "LLC, dsap {} ({dsap:#04x}) {to}, ssap {} ({ssap:#04x}) {is}, ctrl {:#04x}",
                service(dsap),
                service(ssap),
                number(llc, "control")
            ));
            match inner {
                [] => self.put(format_args!(", length {length}")),
                _ => self.put(format_args!(": ")),
            }
        }
        if let Some(stp) = inner.first() {
            self.stp(stp, length.saturating_sub(llc.header.len()));
        }
    }

    fn stp(&mut self, stp: &Seen, length: usize) {
        let version = match number(stp, "version") {
            0 => "802.1d",
            2 => "802.1w",
            3 => "802.1s",
            _ => "unknown",
        };
        let kind = match number(stp, "type") {
            0 => "Config",
            2 => "Rapid STP",
            0x80 => "Topology Change",
            _ => "unknown",
        };
        self.put(format_args!("STP {version}, {kind}"));
        if number(stp, "type") == 0x80 {
            return;
        }
        let flags = number(stp, "flags");
        let mut words = Vec::new();
        for (bit, word) in [
            (0x01, "Topology change"),
            (0x02, "Proposal"),
            (0x10, "Learn"),
            (0x20, "Forward"),
            (0x40, "Agreement"),
            (0x80, "Topology change ACK"),
        ] {
            if flags & bit != 0 {
                words.push(word);
            }
        }
        if words.is_empty() {
            words.push("none");
        }
        self.put(format_args!(
            ", Flags [{}], bridge-id {:04x}.{}.{:04x}, length {length}",
            words.join(", "),
            number(stp, "bridge_priority"),
            text(stp, "bridge_address"),
            number(stp, "port")
        ));
    }

    /// LLDP: who is there.
    pub(super) fn lldp(&mut self, bytes: &[u8], length: usize) {
        self.put(format_args!("LLDP, length {length}"));
        if let Some(name) = lldp_name(bytes) {
            self.put(format_args!(": {name}"));
        }
    }
}

/// The name of the system that an LLDP message tells.
pub(super) fn lldp_name(mut bytes: &[u8]) -> Option<String> {
    const SYSTEM_NAME: u16 = 5;
    loop {
        // Seven bits of type and nine of length.
        let head = short(bytes, 0)?;
        let value = bytes.get(2..)?.get(..usize::from(head & 0x1ff))?;
        match head >> 9 {
            SYSTEM_NAME => return Some(printable(value)),
            0 => return None,
            _ => bytes = bytes.get(2 + value.len()..)?,
        }
    }
}
