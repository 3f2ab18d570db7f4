//! ICMP, ICMPv6 and IGMP.

use super::{Line, long, number, short, text};
use crate::packet::layers::Seen;

impl Line {
    /// ICMP.
    pub(super) fn icmp(&mut self, seen: &[Seen], length: usize) {
        let Some((icmp, inner)) = seen.split_first() else {
            return;
        };
        let code = number(icmp, "code");
        let quoted = inner.first();
        let to = quoted.map_or_else(String::new, |ip| text(ip, "daddr"));
        self.put(format_args!("ICMP "));
        match number(icmp, "type") {
            0 => self.echo("reply", icmp),
            8 => self.echo("request", icmp),
            3 | 5 | 11 if quoted.is_none() => return self.cut("icmp"),
            3 => {
                let words = unreachable(code, &to, quoted, number(icmp, "mtu"));
                self.put(format_args!("{words}"));
            }
            4 => self.put(format_args!("source quench")),
            5 => {
                let gateway = text(icmp, "gateway");
                match code {
                    0 => self.put(format_args!("redirect {to} to net {gateway}")),
                    1 => self.put(format_args!("redirect {to} to host {gateway}")),
                    2 => self.put(format_args!("redirect-tos {to} to net {gateway}")),
                    3 => self.put(format_args!("redirect-tos {to} to host {gateway}")),
                    code => self.put(format_args!("redirect-#{code} {to} to {gateway}")),
                }
            }
            9 => self.put(format_args!("router advertisement")),
            10 => self.put(format_args!("router solicitation")),
            11 => match code {
                0 => self.put(format_args!("time exceeded in-transit")),
                1 => self.put(format_args!("ip reassembly time exceeded")),
                code => self.put(format_args!("time exceeded-#{code}")),
            },
            12 => match code {
                0 => {
                    let octet = number(icmp, "rest") >> 24;
                    self.put(format_args!("parameter problem - octet {octet}"));
                }
                code => self.put(format_args!("parameter problem - code {code}")),
            },
            13 => self.stamp("query", icmp),
            14 => self.stamp("reply", icmp),
            15 => self.put(format_args!("information request")),
            16 => self.put(format_args!("information reply")),
            17 => self.put(format_args!("address mask request")),
            18 => {
                let mask = long(icmp.body, 0).unwrap_or(0);
                self.put(format_args!("address mask is {mask:#010x}"));
            }
            other => self.put(format_args!("type-#{other}")),
        }
        self.put(format_args!(", length {length}"));
    }

    fn echo(&mut self, word: &str, echo: &Seen) {
        self.put(format_args!(
            "echo {word}, id {}, seq {}",
            number(echo, "id"),
            number(echo, "sequence")
        ));
    }

    fn stamp(&mut self, word: &str, stamp: &Seen) {
        self.put(format_args!(
            "time stamp {word} id {} seq {}",
            number(stamp, "id"),
            number(stamp, "sequence")
        ));
    }

    /// ICMPv6.
    pub(super) fn icmp6(&mut self, seen: &[Seen], length: usize) {
        let Some((icmp, inner)) = seen.split_first() else {
            return;
        };
        let code = number(icmp, "code");
        let quoted = inner.first();
        let to = quoted.map_or_else(String::new, |ip| text(ip, "daddr"));
        self.put(format_args!("ICMP6, "));
        match number(icmp, "type") {
            1 => {
                self.put(format_args!("destination unreachable, "));
                let from = quoted.map_or_else(String::new, |ip| text(ip, "saddr"));
                match code {
                    0..=4 if quoted.is_none() => return self.cut("icmp6"),
                    0 => self.put(format_args!("unreachable route {to}")),
                    1 => self.put(format_args!("unreachable prohibited {to}")),
                    2 => self.put(format_args!("beyond scope {to}, source address {from}")),
                    3 => self.put(format_args!("unreachable address {to}")),
                    4 => {
                        self.put(format_args!("unreachable port"));
                        if let Some((name, port)) = quoted_port(inner) {
                            self.put(format_args!(", {to} {name} port {port}"));
                        }
                    }
                    code => self.put(format_args!("unknown unreach code ({code})")),
                }
            }
            2 => self.put(format_args!("packet too big, mtu {}", number(icmp, "mtu"))),
            3 => match code {
                0 if quoted.is_none() => return self.cut("icmp6"),
                0 => self.put(format_args!("time exceeded in-transit for {to}")),
                1 => self.put(format_args!("time exceeded in-transit (reassembly)")),
                code => self.put(format_args!(
                    "time exceeded in-transit, unknown code ({code})"
                )),
            },
            4 => {
                let octet = number(icmp, "pointer");
                let what = match code {
                    0 => "erroneous",
                    1 => "next header",
                    2 => "option",
                    3 => "incomplete header chain",
                    _ => {
                        self.put(format_args!(
                            "parameter problem, code #{code}, length {length}"
                        ));
                        return;
                    }
                };
                self.put(format_args!("parameter problem, {what} - octet {octet}"));
            }
            128 => self.echo("request", icmp),
            129 => self.echo("reply", icmp),
            130 if length >= 28 => {
                self.put(format_args!("multicast listener query v2"));
                // RFC 3810, 5.1.3: large delays are written with an exponent.
                let delay = match number(icmp, "max_delay") {
                    code @ 0..0x8000 => code,
                    code => ((code & 0x0fff) | 0x1000) << ((code >> 12 & 7) + 3),
                };
                if delay != 1000 {
                    self.put(format_args!(" [max resp delay={delay}]"));
                }
                let group = text(icmp, "taddr");
                if group != "::" {
                    self.put(format_args!(" [gaddr {group}"));
                    match short(icmp.body, 2) {
                        Some(0) | None => self.put(format_args!("]")),
                        Some(count) => self.put(format_args!(", {count} source(s)]")),
                    }
                }
            }
            130 => self.listener("query", icmp),
            131 => self.listener("report", icmp),
            132 => self.listener("done", icmp),
            133 => self.put(format_args!("router solicitation")),
            134 => self.put(format_args!("router advertisement")),
            135 => self.put(format_args!(
                "neighbor solicitation, who has {}",
                text(icmp, "taddr")
            )),
            136 => self.put(format_args!(
                "neighbor advertisement, tgt is {}",
                text(icmp, "taddr")
            )),
            137 => {
                let (to, by) = (text(icmp, "daddr"), text(icmp, "taddr"));
                self.put(format_args!("redirect, {to} to {by}"));
            }
            143 => {
                let count = number(icmp, "count");
                self.put(format_args!(
                    "multicast listener report v2, {count} group record(s)"
                ));
            }
            other => self.put(format_args!("unknown icmp6 type ({other})")),
        }
        self.put(format_args!(", length {length}"));
    }

    fn listener(&mut self, word: &str, icmp: &Seen) {
        self.put(format_args!(
            "multicast listener {word} max resp delay: {} addr: {}",
            number(icmp, "max_delay"),
            text(icmp, "taddr")
        ));
    }

    /// IGMP.
    pub(super) fn igmp(&mut self, igmp: &Seen, length: usize) {
        let group = text(igmp, "group");
        let time = number(igmp, "mrt");
        match number(igmp, "type") {
            0x11 if length >= 12 => {
                self.put(format_args!("igmp query v3"));
                // RFC 3376, 4.1.1: large times are written with an exponent.
                let time = match time {
                    0..128 => time,
                    code => ((code & 0x0f) | 0x10) << ((code >> 4 & 7) + 3),
                };
                if time != 100 {
                    let (whole, tenth) = (time / 10, time % 10);
                    self.put(format_args!(" [max resp time {whole}.{tenth}s]"));
                }
                if group != "0.0.0.0" {
                    self.put(format_args!(" [gaddr {group}"));
                    match short(igmp.body, 2) {
                        Some(0) | None => self.put(format_args!("]")),
                        Some(count) => self.put(format_args!(", {count} source(s)]")),
                    }
                }
            }
            0x11 => {
                let version = if time > 0 { 2 } else { 1 };
                self.put(format_args!("igmp query v{version}"));
                if time > 0 && time != 100 {
                    self.put(format_args!(" [max resp time {time}]"));
                }
                if group != "0.0.0.0" {
                    self.put(format_args!(" [gaddr {group}]"));
                }
            }
            0x12 => self.put(format_args!("igmp v1 report {group}")),
            0x16 => self.put(format_args!("igmp v2 report {group}")),
            0x17 => self.put(format_args!("igmp leave {group}")),
            0x22 => {
                let count = number(igmp, "count");
                self.put(format_args!("igmp v3 report, {count} group record(s)"));
            }
            other => self.put(format_args!("igmp-{other}")),
        }
    }
}

/// The codes of "destination unreachable": RFC 792, RFC 1122 (6 to 12), RFC 1812 (13 to 15).
pub(super) fn unreachable(code: u64, to: &str, quoted: Option<&Seen>, mtu: u64) -> String {
    let host = |words: &str| format!("host {to} unreachable{words}");
    let net = |words: &str| format!("net {to} unreachable{words}");
    match code {
        0 => net(""),
        1 => host(""),
        2 => {
            let protocol = quoted.map_or(0, |ip| number(ip, "protocol"));
            format!("{to} protocol {protocol} unreachable")
        }
        3 => {
            let protocol = quoted.map_or(0, |ip| number(ip, "protocol"));
            // All protocols with ports have the one of the destination there.
            let port = quoted.and_then(|ip| short(ip.body, 2)).unwrap_or(0);
            match protocol {
                6 => format!("{to} tcp port {port} unreachable"),
                17 => format!("{to} udp port {port} unreachable"),
                other => format!("{to} protocol {other} port {port} unreachable"),
            }
        }
        4 if mtu > 0 => format!("{to} unreachable - need to frag (mtu {mtu})"),
        4 => format!("{to} unreachable - need to frag"),
        5 => format!("{to} unreachable - source route failed"),
        6 => net(" - unknown"),
        7 => host(" - unknown"),
        8 => format!("{to} unreachable - source host isolated"),
        9 => net(" - admin prohibited"),
        10 => host(" - admin prohibited"),
        11 => net(" - tos prohibited"),
        12 => host(" - tos prohibited"),
        13 => host(" - admin prohibited filter"),
        14 => host(" - host precedence violation"),
        15 => host(" - precedence cutoff"),
        code => format!("{to} unreachable - #{code}"),
    }
}

/// The port to which a quoted IPv6 packet went.
pub(super) fn quoted_port(quoted: &[Seen]) -> Option<(&'static str, u64)> {
    let mut quoted = quoted.iter();
    let found = quoted.find(|seen| matches!(seen.kind.name, "tcp" | "udp"))?;
    Some((found.kind.name, found.number("dport")?))
}
