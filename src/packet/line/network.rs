//! IPv4 and IPv6, with extension headers and fragments.

use std::net::Ipv6Addr;

use super::{Detail, Line, number, text};
use crate::packet::layers::Seen;

/// In what a packet is: what the printers of transport protocols need to know.
#[derive(Debug, Clone, Copy)]
pub(super) struct Within<'a, 'b> {
    /// The IP header.
    pub ip: &'a Seen<'b>,
    /// Whether there are headers in between.
    pub is_behind: bool,
    /// Whether it is the first fragment.
    pub is_fragment: bool,
}

impl Line {
    /// IPv4.
    pub(super) fn ip(&mut self, seen: &[Seen], length: usize) {
        let Some((ip, inner)) = seen.split_first() else {
            return;
        };
        if self.detail == Detail::Usual {
            self.put(format_args!("IP "));
        }
        let told = usize::try_from(number(ip, "length")).unwrap_or(0);
        if told > length {
            self.put(format_args!(
                "truncated-ip - {} bytes missing! ",
                told - length
            ));
        }
        let whole = if told == 0 { length } else { told };
        let length = whole.saturating_sub(ip.header.len());
        let protocol = number(ip, "protocol");
        let is_later = number(ip, "frag_off") > 0;
        if is_later || !has_ports(protocol) {
            self.put(format_args!(
                "{} > {}: ",
                text(ip, "saddr"),
                text(ip, "daddr")
            ));
        }
        if is_later {
            // It has no header that would tell more.
            self.put(format_args!("ip-proto-{protocol}"));
            return;
        }
        let within = Within {
            ip,
            is_behind: false,
            is_fragment: number(ip, "more_fragments") == 1,
        };
        self.protocol(protocol, within, inner, ip.body, length);
    }

    /// What stands in the place of an IPv4 header and is none; false if it can be the beginning of one.
    pub(super) fn invalid_ip(&mut self, bytes: &[u8]) -> bool {
        let Some(first) = bytes.first() else {
            return false;
        };
        let header = usize::from(first & 0xf) * 4;
        let name = if self.detail == Detail::Usual {
            "IP "
        } else {
            ""
        };
        let told = super::short(bytes, 2).map(usize::from);
        match (first >> 4, told) {
            (6, _) => self.put(format_args!(
                "IP6, wrong link-layer encapsulation (invalid)"
            )),
            (4, _) if header < 20 => self.put(format_args!("{name}bad-hlen {header}")),
            (4, Some(told)) if (1..header).contains(&told) => {
                self.put(format_args!("{name}bad-len {told}"));
            }
            (4, _) => return false,
            (version, _) => self.put(format_args!("IP{version} (invalid)")),
        }
        true
    }

    /// IPv6.
    pub(super) fn ip6(&mut self, seen: &[Seen], length: usize) {
        let Some((ip, inner)) = seen.split_first() else {
            return;
        };
        if self.detail == Detail::Usual {
            self.put(format_args!("IP6 "));
        }
        let there = length.saturating_sub(ip.header.len());
        let told = usize::try_from(number(ip, "length")).unwrap_or(0);
        if told > there {
            self.put(format_args!(
                "truncated-ip6 - {} bytes missing!",
                told - there
            ));
        }
        let length = if told == 0 && number(ip, "nexthdr") != 59 {
            there
        } else {
            told
        };
        let protocol = number(ip, "nexthdr");
        if !has_ports(protocol) {
            self.put(format_args!(
                "{} > {}: ",
                text(ip, "saddr"),
                text(ip, "daddr")
            ));
        }
        let mut within = Within {
            ip,
            is_behind: false,
            is_fragment: false,
        };
        self.extensions(protocol, &mut within, inner, ip.body, length);
    }

    /// Extension headers, and what is behind them.
    fn extensions(
        &mut self,
        protocol: u64,
        within: &mut Within,
        inner: &[Seen],
        body: &[u8],
        length: usize,
    ) {
        let (mut protocol, mut inner, mut body, mut length) = (protocol, inner, body, length);
        while let Some((first, rest)) = inner.split_first() {
            match first.kind.name {
                "hbh" => self.put(format_args!("HBH ")),
                "dst" => self.put(format_args!("DSTOPT ")),
                "rt" => self.routing(first),
                "frag" => {
                    let from = number(first, "frag_off") * 8;
                    let carried = length.saturating_sub(first.header.len());
                    self.put(format_args!("frag ({from}|{carried})"));
                    if from > 0 {
                        return;
                    }
                    self.put(format_args!(" "));
                    within.is_fragment = number(first, "more_fragments") == 1;
                }
                _ => break,
            }
            within.is_behind = true;
            protocol = number(first, "nexthdr");
            length = length.saturating_sub(first.header.len());
            body = first.body;
            inner = rest;
        }
        match (protocol, inner) {
            (59, _) => self.put(format_args!("no next header")),
            (0, []) => self.cut("hbhopt"),
            (43, []) => self.cut("srcrt"),
            (44, []) => self.cut("frag"),
            (60, []) => self.cut("dstopt"),
            _ => self.protocol(protocol, *within, inner, body, length),
        }
    }

    /// The header of RFC 8200, 4.4; RFC 8754, 2 for segments.
    fn routing(&mut self, rt: &Seen) {
        let kind = number(rt, "type");
        let units = number(rt, "hdrlength");
        self.put(format_args!("RT6 (len={units}, type={kind}"));
        if kind == 0 {
            self.put(format_args!(" [Deprecated]"));
        }
        self.put(format_args!(", segleft={}", number(rt, "seg_left")));
        let mut routers = rt.header.get(8..).unwrap_or_default();
        if kind == 4 {
            let reserved = number(rt, "reserved");
            let last = reserved >> 24;
            self.put(format_args!(
                ", last-entry={last}, tag={:x}",
                reserved & 0xffff
            ));
            let count = usize::try_from(last).unwrap_or(0) + 1;
            routers = routers.get(..count * 16).unwrap_or(routers);
        }
        if matches!(kind, 0 | 2 | 4) {
            let routers = routers
                .chunks_exact(16)
                .filter_map(|router| router.first_chunk::<16>());
            for (at, router) in routers.enumerate() {
                self.put(format_args!(", [{at}]{}", Ipv6Addr::from(*router)));
            }
        }
        self.put(format_args!(") "));
    }

    /// What is in an IP packet.
    fn protocol(
        &mut self,
        protocol: u64,
        within: Within,
        inner: &[Seen],
        body: &[u8],
        length: usize,
    ) {
        let Some(first) = inner.first() else {
            self.unread_protocol(protocol, within, body, length);
            return;
        };
        match first.kind.name {
            "icmp" => self.icmp(inner, length),
            "icmp6" => self.icmp6(inner, length),
            "igmp" => self.igmp(first, length),
            "udp" => self.udp(inner, within, length),
            "tcp" => self.tcp(first, within, length),
            "gre" => self.gre(inner, length),
            _ => self.headers(inner, length),
        }
    }

    /// What is in an IP packet and has no table, or is not all there.
    fn unread_protocol(&mut self, protocol: u64, within: Within, body: &[u8], length: usize) {
        let name = match protocol {
            1 => "icmp",
            2 => "igmp",
            4 => "ip",
            6 => "tcp",
            17 => "udp",
            41 => "ip6",
            47 => "gre",
            58 => "icmp6",
            _ => {
                self.put(format_args!("ip-proto-{protocol} {length}"));
                return;
            }
        };
        if has_ports(protocol) {
            let port = |at| super::short(body, at).map(u64::from);
            match (port(0), port(2)) {
                (Some(from), Some(to)) => self.ports(within, from, to),
                _ => {
                    let ip = within.ip;
                    self.put(format_args!(
                        "{} > {}: ",
                        text(ip, "saddr"),
                        text(ip, "daddr")
                    ));
                }
            }
        }
        self.cut(name);
    }

    /// From which port to which.
    pub(super) fn ports(&mut self, within: Within, from: u64, to: u64) {
        let ip = within.ip;
        match within.is_behind {
            // The addresses stand in front of the headers in between.
            true => self.put(format_args!("{from} > {to}: ")),
            false => self.put(format_args!(
                "{}.{from} > {}.{to}: ",
                text(ip, "saddr"),
                text(ip, "daddr")
            )),
        }
    }
}

/// Whether the protocol's printer prints the addresses, with the ports.
fn has_ports(protocol: u64) -> bool {
    matches!(protocol, 6 | 17)
}
