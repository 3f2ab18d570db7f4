//! Packets in packets: GRE, VXLAN, Geneve.

use super::{Detail, Line, names, number};
use crate::packet::layers::Seen;

impl Line {
    /// GRE.
    pub(super) fn gre(&mut self, seen: &[Seen], length: usize) {
        let Some((gre, inner)) = seen.split_first() else {
            return;
        };
        self.put(format_args!("GREv{}", number(gre, "version")));
        if gre.number("checksum").is_some() {
            self.put(format_args!(", off {:#x}", number(gre, "reserved1")));
        }
        if let Some(key) = gre.number("key") {
            self.put(format_args!(", key={key:#x}"));
        }
        if let Some(sequence) = gre.number("sequence") {
            self.put(format_args!(", seq {sequence}"));
        }
        let protocol = number(gre, "protocol");
        if self.detail == Detail::Link {
            self.put(format_args!(
                ", proto {} ({protocol:#06x})",
                names::inside(protocol)
            ));
        }
        self.put(format_args!(", length {length}: "));
        match inner {
            [] => self.put(format_args!("gre-proto-{protocol:#x}")),
            inner => self.headers(inner, length.saturating_sub(gre.header.len())),
        }
    }

    /// VXLAN.
    pub(super) fn vxlan(&mut self, seen: &[Seen], length: usize) {
        let Some((vxlan, inner)) = seen.split_first() else {
            return;
        };
        let flags = number(vxlan, "flags");
        let word = if flags & 8 == 8 { "I" } else { "invalid" };
        self.put(format_args!(
            "VXLAN, flags [{word}] ({flags:#04x}), vni {}: ",
            number(vxlan, "vni")
        ));
        self.carried(inner, length.saturating_sub(vxlan.header.len()));
    }

    /// Geneve.
    pub(super) fn geneve(&mut self, seen: &[Seen], length: usize) {
        let Some((geneve, inner)) = seen.split_first() else {
            return;
        };
        let words = match (number(geneve, "critical"), number(geneve, "control")) {
            (0, 0) => "none",
            (0, _) => "O",
            (_, 0) => "C",
            _ => "OC",
        };
        let told = number(geneve, "type");
        self.put(format_args!(
            "Geneve, Flags [{words}], vni {:#x}",
            number(geneve, "vni")
        ));
        if self.detail == Detail::Link {
            self.put(format_args!(
                ", proto {} ({told:#06x})",
                names::inside(told)
            ));
        }
        match number(geneve, "optlen") * 4 {
            0 => {}
            bytes => self.put(format_args!(", options [{bytes} bytes]")),
        }
        self.put(format_args!(": "));
        match inner {
            [] => self.put(format_args!("geneve-proto-{told:#x}")),
            inner => self.headers(inner, length.saturating_sub(geneve.header.len())),
        }
    }

    fn carried(&mut self, inner: &[Seen], length: usize) {
        match inner {
            [] => self.cut("ether"),
            inner => self.headers(inner, length),
        }
    }
}
