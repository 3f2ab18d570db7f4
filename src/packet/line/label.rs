//! A few words for a packet: what fits on an arrow between two hosts. Who sends it to whom, the arrow tells.

use super::bridge::lldp_name;
use super::control::{quoted_port, unreachable};
use super::{dhcp, names, number, text};
use crate::packet::dns;
use crate::packet::layers::{Link, Seen, walk};

/// A few words for a packet: `echo request seq 1`, `ARP who-has 10.0.0.2`, `TCP SYN 80`.
pub fn label(bytes: &[u8], link: Link) -> String {
    of(&walk(bytes, link), bytes)
}

/// The innermost header that says what it is about tells; tunnels and errors stand in front.
fn of(seen: &[Seen], bytes: &[u8]) -> String {
    let Some((first, inner)) = seen.split_first() else {
        return format!("{} bytes", bytes.len());
    };
    let rest = || of(inner, first.body);
    match first.kind.name {
        "ether" | "sll" | "sll2" | "vlan" | "cvlan" if inner.is_empty() => frame(first),
        "ether" | "sll" | "sll2" | "vlan" | "cvlan" | "hbh" | "dst" | "rt" | "llc"
            if !inner.is_empty() =>
        {
            rest()
        }
        "llc" => "LLC".into(),
        "lldp" => lldp(first.header),
        "stp" => match number(first, "type") {
            0x80 => "STP topology change".into(),
            2 => "RSTP".into(),
            _ => "STP config".into(),
        },
        "arp" => arp(first),
        "ip" | "ip6" | "frag" | "hbh" | "dst" | "rt" => network(first, inner),
        "icmp" => icmp(first, inner),
        "icmp6" => icmp6(first, inner),
        "igmp" => match number(first, "type") {
            0x11 => "IGMP query".into(),
            0x17 => format!("IGMP leave {}", text(first, "group")),
            0x22 => "IGMP report".into(),
            _ => format!("IGMP report {}", text(first, "group")),
        },
        "gre" if inner.is_empty() => format!("GRE {:#06x}", number(first, "protocol")),
        "gre" => match first.number("key") {
            Some(key) => format!("GRE {key}: {}", rest()),
            None => format!("GRE: {}", rest()),
        },
        "vxlan" => format!("VXLAN {}: {}", number(first, "vni"), rest()),
        "geneve" => format!("Geneve {}: {}", number(first, "vni"), rest()),
        "udp" => udp(first, inner),
        "tcp" => tcp(first),
        other => other.into(),
    }
}

fn frame(frame: &Seen) -> String {
    match number(frame, "type") {
        0x88cc => lldp(frame.body),
        told @ 0..=1500 => format!("802.3 {told} bytes"),
        told => match names::ethertype(told) {
            "Unknown" => format!("ethertype {told:#06x}"),
            name => name.into(),
        },
    }
}

fn lldp(bytes: &[u8]) -> String {
    match lldp_name(bytes) {
        Some(name) => format!("LLDP {name}"),
        None => "LLDP".into(),
    }
}

fn arp(arp: &Seen) -> String {
    let (asking, asked) = (text(arp, "saddr_ip"), text(arp, "daddr_ip"));
    match number(arp, "operation") {
        1 => format!("ARP who-has {asked}"),
        2 => format!("ARP {asking} is-at {}", text(arp, "saddr_ether")),
        other => format!("ARP operation {other}"),
    }
}

fn network(ip: &Seen, inner: &[Seen]) -> String {
    let name = match ip.kind.name {
        "ip" => "protocol",
        _ => "nexthdr",
    };
    let from = number(ip, "frag_off") * 8;
    if from > 0 {
        return format!("fragment at {from}");
    }
    let words = match inner.first().map(|first| first.kind.name) {
        None => match number(ip, name) {
            1 => "ICMP".into(),
            6 => "TCP".into(),
            17 => "UDP".into(),
            58 => "ICMP6".into(),
            59 => "no next header".into(),
            other => format!("ip-proto-{other}"),
        },
        Some("ip") => format!("IP: {}", of(inner, ip.body)),
        Some("ip6") => format!("IP6: {}", of(inner, ip.body)),
        Some(_) => of(inner, ip.body),
    };
    match ip.number("more_fragments") {
        Some(1) => format!("{words}, first fragment"),
        _ => words,
    }
}

fn icmp(icmp: &Seen, inner: &[Seen]) -> String {
    let code = number(icmp, "code");
    match number(icmp, "type") {
        0 => format!("echo reply seq {}", number(icmp, "sequence")),
        8 => format!("echo request seq {}", number(icmp, "sequence")),
        3 => {
            let quoted = inner.first();
            let to = quoted.map_or_else(String::new, |ip| text(ip, "daddr"));
            unreachable(code, &to, quoted, number(icmp, "mtu"))
        }
        5 => format!("redirect to {}", text(icmp, "gateway")),
        11 if code == 1 => "reassembly time exceeded".into(),
        11 => "time exceeded".into(),
        12 => "parameter problem".into(),
        other => format!("ICMP type {other}"),
    }
}

fn icmp6(icmp: &Seen, inner: &[Seen]) -> String {
    let to = inner
        .first()
        .map_or_else(String::new, |ip| text(ip, "daddr"));
    let target = || text(icmp, "taddr");
    match number(icmp, "type") {
        1 => match (number(icmp, "code"), quoted_port(inner)) {
            (0, _) => format!("no route to {to}"),
            (1, _) => format!("{to} prohibited"),
            (2, _) => format!("{to} beyond scope"),
            (3, _) => format!("address {to} unreachable"),
            (4, Some((name, port))) => format!("{to} {name} port {port} unreachable"),
            _ => format!("{to} unreachable"),
        },
        2 => format!("packet too big, mtu {}", number(icmp, "mtu")),
        3 => "time exceeded".into(),
        4 => "parameter problem".into(),
        128 => format!("echo request seq {}", number(icmp, "sequence")),
        129 => format!("echo reply seq {}", number(icmp, "sequence")),
        130 => "MLD query".into(),
        131 | 143 => "MLD report".into(),
        132 => "MLD done".into(),
        133 => "router solicitation".into(),
        134 => "router advertisement".into(),
        135 => format!("neighbor solicitation {}", target()),
        136 => format!("neighbor advertisement {}", target()),
        137 => format!("redirect to {}", target()),
        other => format!("ICMP6 type {other}"),
    }
}

/// The port that is the service's: by its number, the lower one.
fn service(seen: &Seen) -> u64 {
    number(seen, "sport").min(number(seen, "dport"))
}

fn udp(udp: &Seen, inner: &[Seen]) -> String {
    let is_tunnel = |inner: &Seen| matches!(inner.kind.name, "vxlan" | "geneve");
    if inner.first().is_some_and(is_tunnel) {
        return of(inner, udp.body);
    }
    let port = service(udp);
    let is_dns = |port: u64| number(udp, "sport") == port || number(udp, "dport") == port;
    let domain = domain(udp.body).filter(|_| is_dns(53) || is_dns(5353));
    if let Some(words) = domain {
        return format!("UDP {port} DNS {words}");
    }
    if port == 67 {
        return match dhcp::message(udp.body) {
            Some(message) => format!("DHCP {message}"),
            None => "BOOTP".into(),
        };
    }
    format!(
        "UDP {port} {} bytes",
        number(udp, "length").saturating_sub(8)
    )
}

fn domain(bytes: &[u8]) -> Option<String> {
    let message = dns::Message::read(bytes)?;
    let question = message.questions.first();
    if !message.is_response() {
        let question = question?;
        return Some(format!("{}? {}", dns::kind(question.kind), question.name));
    }
    let answer = message.answers.first();
    Some(match answer {
        Some(answer) => {
            let data = answer.data.as_deref().unwrap_or_default();
            format!("{} {data}", dns::kind(answer.kind))
                .trim_end()
                .into()
        }
        None => match dns::result(message.flags).trim_start() {
            "" => "no answer".into(),
            result => result.into(),
        },
    })
}

fn tcp(tcp: &Seen) -> String {
    let flags = number(tcp, "flags");
    let words = ["FIN", "SYN", "RST", "PSH", "ACK", "URG"];
    let words = words
        .iter()
        .enumerate()
        .filter(|(bit, _)| flags >> bit & 1 == 1);
    let words: Vec<&str> = words.map(|(_, word)| *word).collect();
    let words = if words.is_empty() {
        "no flags".into()
    } else {
        words.join(",")
    };
    let port = service(tcp);
    match tcp.said() {
        0 => format!("TCP {words} {port}"),
        bytes => format!("TCP {words} {port}, {bytes} bytes"),
    }
}
