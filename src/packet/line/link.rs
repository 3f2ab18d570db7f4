//! Ethernet, VLAN tags, LLC, and ARP.

use super::{Detail, Line, names, number, text};
use crate::packet::layers::Seen;

impl Line {
    /// A frame.
    pub(super) fn link(&mut self, seen: &[Seen], length: usize) {
        let Some((first, inner)) = seen.split_first() else {
            return;
        };
        if self.detail == Detail::Link {
            self.frame(first, length);
        }
        self.tags(first, inner, length.saturating_sub(first.header.len()));
    }

    /// The header of a frame.
    fn frame(&mut self, first: &Seen, length: usize) {
        match first.kind.name {
            "ether" => {
                self.put(format_args!(
                    "{} > {}, ",
                    text(first, "saddr"),
                    text(first, "daddr")
                ));
            }
            _ => {
                let way = match number(first, "packet_type") {
                    0 => "In",
                    1 => "B",
                    2 => "M",
                    3 => "P",
                    4 => "Out",
                    _ => "?",
                };
                self.put(format_args!("{way} {}, ", text(first, "saddr")));
            }
        }
        let told = number(first, "type");
        match told {
            0..=1500 => {
                let length = length.saturating_sub(first.header.len());
                self.put(format_args!("802.3, length {}: ", told.min(length as u64)));
            }
            _ => self.put(format_args!(
                "ethertype {} ({told:#06x}), length {length}: ",
                names::ethertype(told)
            )),
        }
    }

    /// VLAN tags, if there are, and what is behind them.
    fn tags(&mut self, before: &Seen, inner: &[Seen], length: usize) {
        let told = number(before, "type");
        match inner.split_first() {
            Some((tag, rest)) if matches!(tag.kind.name, "vlan" | "cvlan") => {
                if self.detail == Detail::Link {
                    self.tag(tag);
                }
                self.tags(tag, rest, length.saturating_sub(tag.header.len()));
            }
            // A length in place of a type leaves out what the frame is padded with.
            Some((first, _)) if first.kind.name == "llc" => self.headers(inner, before.said()),
            Some(_) => self.headers(inner, length),
            None => self.unread(before, told, length),
        }
    }

    fn tag(&mut self, tag: &Seen) {
        self.put(format_args!(
            "vlan {}, p {}, ",
            number(tag, "id"),
            number(tag, "pcp")
        ));
        if number(tag, "dei") == 1 {
            self.put(format_args!("DEI, "));
        }
        match number(tag, "type") {
            0..=1500 => {}
            told => self.put(format_args!(
                "ethertype {} ({told:#06x}), ",
                names::ethertype(told)
            )),
        }
    }

    /// What is behind a frame's header and has no table.
    fn unread(&mut self, before: &Seen, told: u64, length: usize) {
        match told {
            0x0800 if self.invalid_ip(before.body) => {}
            0x0800 => self.cut("ip"),
            0x0806 => self.cut("arp"),
            0x86dd => self.cut("ip6"),
            0x8100 | 0x88a8 => self.cut("vlan"),
            0x88cc => self.lldp(before.body, length),
            0..=1500 => self.cut("llc"),
            _ => {
                if self.detail == Detail::Usual {
                    self.put(format_args!(
                        "ethertype {} ({told:#06x}), ",
                        names::ethertype(told)
                    ));
                }
                self.put(format_args!("length {length}"));
            }
        }
    }

    /// The beginning of a header is there, and not all of it.
    pub(super) fn cut(&mut self, name: &str) {
        self.put(format_args!("[|{name}]"));
    }

    /// ARP.
    pub(super) fn arp(&mut self, arp: &Seen, length: usize) {
        if self.detail == Detail::Usual {
            self.put(format_args!("ARP, "));
        }
        let asked = text(arp, "daddr_ip");
        let asking = text(arp, "saddr_ip");
        let theirs = text(arp, "daddr_ether");
        let ours = text(arp, "saddr_ether");
        match number(arp, "operation") {
            1 => {
                // Nobody is known to have it yet, or it is known whom to ask.
                let known = match theirs.as_str() {
                    "00:00:00:00:00:00" | "ff:ff:ff:ff:ff:ff" => String::new(),
                    theirs => format!(" ({theirs})"),
                };
                self.put(format_args!("Request who-has {asked}{known} tell {asking}"));
            }
            2 => self.put(format_args!("Reply {asking} is-at {ours}")),
            3 => self.put(format_args!("Reverse Request who-is {theirs} tell {ours}")),
            4 => self.put(format_args!("Reverse Reply {theirs} at {asked}")),
            8 => self.put(format_args!("Inverse Request who-is {theirs} tell {ours}")),
            9 => self.put(format_args!("Inverse Reply {ours} at {asking}")),
            other => self.put(format_args!("Unknown ({other})")),
        }
        self.put(format_args!(", length {length}"));
    }
}
