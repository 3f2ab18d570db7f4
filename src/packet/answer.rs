//! Whether a packet answers another one: what is to be told of many packets, after one was sent, is which of them belong to it.
//!
//! | sent | answered by |
//! |---|---|
//! | an ARP request | a reply that tells of the address |
//! | an echo request, or another question of ICMP (RFC 792, RFC 4443) | its reply, with the same identifier and sequence |
//! | a solicitation of a neighbour or a router (RFC 4861) | an advertisement, of that neighbour |
//! | UDP | UDP with the ports the other way round |
//! | TCP | TCP with the ports the other way round, that acknowledges nothing else |
//! | another protocol of IP | the same protocol |
//! | any of IP | an ICMP error that quotes it |
//! | a frame without IP | a frame of the same type, with the addresses the other way round |
//!
//! An answer comes from where the question went, unless that was all hosts or a group of them, and it goes to where the question
//! came from, or to all. Tags of VLANs are not looked at. Of a packet in a tunnel the outer one counts.

use std::net::IpAddr;

use super::layers::{Link, Seen, walk};

/// What a packet is about: its IP header, and what that carries.
struct Carried<'a> {
    source: IpAddr,
    destination: IpAddr,
    /// `IPPROTO_*`.
    protocol: u64,
    /// The identification of IPv4.
    id: Option<u64>,
    /// The bytes of the protocol, as far as they are there.
    bytes: &'a [u8],
    /// The header after that of IP, if it is known.
    inner: Option<&'a Seen<'a>>,
    /// The headers behind it.
    rest: &'a [Seen<'a>],
}

const TCP: u64 = 6;
const UDP: u64 = 17;
const ICMP: u64 = 1;
const ICMP6: u64 = 58;

/// Questions of ICMP and the types of their answers.
const ICMP_ANSWERS: &[(u64, u64)] = &[(8, 0), (13, 14), (15, 16), (17, 18), (10, 9)];
const ICMP6_ANSWERS: &[(u64, u64)] = &[(128, 129), (133, 134), (135, 136)];

/// Bits of TCP's flags.
const ACK: u64 = 0x10;

/// Whether `answer` is an answer to `question`. Each begins with what its link has.
pub fn is_answer(question: (&[u8], Link), answer: (&[u8], Link)) -> bool {
    if question == answer {
        // The question itself, as a link that loops back brings it.
        return false;
    }
    let asked = walk(question.0, question.1);
    let told = walk(answer.0, answer.1);
    if let Some(asked) = header(&asked, "arp") {
        return header(&told, "arp").is_some_and(|told| answers_arp(asked, told));
    }
    match (carried(&asked), carried(&told)) {
        (Some(asked), Some(told)) => quotes(&asked, &told) || answers_ip(&asked, &told),
        (None, None) => answers_frame(&asked, &told),
        _ => false,
    }
}

fn header<'a>(seen: &'a [Seen<'a>], name: &str) -> Option<&'a Seen<'a>> {
    seen.iter().find(|layer| layer.kind.name == name)
}

fn answers_arp(asked: &Seen<'_>, told: &Seen<'_>) -> bool {
    let operation = |layer: &Seen<'_>| layer.number("operation");
    (operation(asked), operation(told)) == (Some(1), Some(2))
        && told.address("saddr_ip") == asked.address("daddr_ip")
}

/// The outermost packet of IP, whose extension headers are passed over.
fn carried<'a>(seen: &'a [Seen<'a>]) -> Option<Carried<'a>> {
    let at = seen
        .iter()
        .position(|layer| matches!(layer.kind.name, "ip" | "ip6"))?;
    let ip = seen.get(at)?;
    let is_extension = |layer: &&Seen<'_>| matches!(layer.kind.name, "hbh" | "rt" | "frag" | "dst");
    let behind = seen.get(at + 1..).unwrap_or_default();
    let extensions = match ip.kind.name {
        "ip6" => behind.iter().take_while(is_extension).count(),
        _ => 0,
    };
    let last = seen.get(at + extensions)?;
    let protocol = match ip.kind.name {
        "ip" => ip.number("protocol")?,
        _ => last.number("nexthdr")?,
    };
    let behind = behind.get(extensions..).unwrap_or_default();
    Some(Carried {
        source: ip.address("saddr")?,
        destination: ip.address("daddr")?,
        protocol,
        id: ip.number("id").filter(|_| ip.kind.name == "ip"),
        bytes: last.body,
        inner: behind.first(),
        rest: behind.get(1..).unwrap_or_default(),
    })
}

/// Whether it is an ICMP error about what was asked.
fn quotes(asked: &Carried<'_>, told: &Carried<'_>) -> bool {
    let is_icmp = told
        .inner
        .is_some_and(|inner| matches!(inner.kind.name, "icmp" | "icmp6"));
    let Some(quoted) = carried(told.rest).filter(|_| is_icmp) else {
        return false;
    };
    // Ports; the identifier and the sequence of ICMP. No more need be there (RFC 792), and a checksum may be another on the way.
    let known = match asked.protocol {
        TCP => 0..8,
        UDP => 0..4,
        ICMP | ICMP6 => 4..8,
        _ => 0..0,
    };
    (
        quoted.source,
        quoted.destination,
        quoted.protocol,
        quoted.id,
    ) == (asked.source, asked.destination, asked.protocol, asked.id)
        && quoted.bytes.get(known.clone()) == asked.bytes.get(known)
}

fn answers_ip(asked: &Carried<'_>, told: &Carried<'_>) -> bool {
    if asked.protocol != told.protocol || asked.source.is_ipv4() != told.source.is_ipv4() {
        return false;
    }
    let from = is_for_many(asked.destination) || told.source == asked.destination;
    let to = asked.source.is_unspecified()
        || is_for_many(told.destination)
        || told.destination == asked.source;
    let (Some(asked), Some(told)) = (asked.inner, told.inner) else {
        return from && to;
    };
    let is_right = match asked.kind.name {
        "icmp" => answers_icmp(asked, told, ICMP_ANSWERS),
        "icmp6" => answers_icmp(asked, told, ICMP6_ANSWERS),
        "udp" => has_ports_swapped(asked, told),
        "tcp" => has_ports_swapped(asked, told) && acknowledges(asked, told),
        _ => true,
    };
    // Who advertises an address need not send from it.
    let from = from || asked.kind.name == "icmp6" && asked.number("type") != Some(128);
    from && to && is_right
}

/// All hosts of a network can't be told from one without its mask: 255.255.255.255 can.
fn is_for_many(address: IpAddr) -> bool {
    match address {
        IpAddr::V4(address) => address.is_multicast() || address.is_broadcast(),
        IpAddr::V6(address) => address.is_multicast(),
    }
}

fn answers_icmp(asked: &Seen<'_>, told: &Seen<'_>, answers: &[(u64, u64)]) -> bool {
    let types = asked.number("type").zip(told.number("type"));
    let same = |name: &str| asked.value(name) == told.value(name);
    types.is_some_and(|types| answers.contains(&types))
        && match asked.kind.name {
            "icmp6" if asked.number("type") == Some(135) => same("taddr"),
            _ => same("id") && same("sequence"),
        }
}

fn has_ports_swapped(asked: &Seen<'_>, told: &Seen<'_>) -> bool {
    asked.number("sport") == told.number("dport") && asked.number("dport") == told.number("sport")
}

/// Whether it acknowledges something of what was sent, if it acknowledges anything.
fn acknowledges(asked: &Seen<'_>, told: &Seen<'_>) -> bool {
    let number = |layer: &Seen<'_>, name: &str| {
        let number = layer.number(name).unwrap_or(0);
        u32::try_from(number).unwrap_or(0)
    };
    // SYN and FIN take a number each.
    let most = u32::try_from(asked.body.len())
        .unwrap_or(u32::MAX)
        .saturating_add(2);
    u64::from(number(told, "flags")) & ACK == 0
        || number(told, "ackseq").wrapping_sub(number(asked, "sequence")) <= most
}

fn answers_frame(asked: &[Seen<'_>], told: &[Seen<'_>]) -> bool {
    let (Some(asked), Some(told)) = (header(asked, "ether"), header(told, "ether")) else {
        return false;
    };
    let is_group = asked.header.first().is_some_and(|first| first & 1 == 1);
    asked.value("type") == told.value("type")
        && told.value("daddr") == asked.value("saddr")
        && (is_group || told.value("saddr") == asked.value("daddr"))
}

#[cfg(test)]
mod tests;
