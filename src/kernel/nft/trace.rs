//! What the rules do with single packets: NFT_MSG_TRACE (`enum nft_trace_attributes` of linux/netfilter/nf_tables.h;
//! net/netfilter/nf_tables_trace.c).

use std::fmt::Write;
use std::net::{Ipv4Addr, Ipv6Addr};

use super::expression::{Value, read_data};
use super::family::Family;
use super::name::TableName;
use super::syntax::Verdict;
use crate::kernel::error::{Error, Result};
use crate::kernel::netlink::Answer;
use crate::kernel::netlink::attributes::{self, Attributes};

/// `NFNLGRP_NFTRACE` of linux/netfilter/nfnetlink.h.
pub const GROUP: u32 = 9;

/// `NFNL_SUBSYS_NFTABLES` and `NFT_MSG_TRACE`.
const TRACE: u16 = 10 << 8 | 17;

/// `struct nfgenmsg` is 4 bytes.
const HEADER: usize = 4;

/// `NFTA_DATA_VERDICT`.
const NFTA_DATA_VERDICT: u16 = 2;

/// A step on the way of a packet.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Step {
    /// What tells the packet from others, in one hook.
    pub id: u32,
    /// The table.
    pub table: TableName,
    /// The chain.
    pub chain: String,
    /// What was done.
    pub kind: Kind,
    /// The number of the rule.
    pub rule: Option<u64>,
    /// What the rule said: `accept`, `drop`, `continue`, `jump CHAIN` ...
    pub verdict: Option<String>,
    /// What the chain says of packets that no rule decided on: `accept` or `drop`.
    pub policy: Option<&'static str>,
    /// The index of the link by which it came in.
    pub iif: Option<u32>,
    /// The index of the link by which it goes out.
    pub oif: Option<u32>,
    /// Its mark, if it has one.
    pub mark: Option<u32>,
    /// Its headers in a line; of the first step in each base chain.
    pub packet: Option<String>,
}

/// `enum nft_trace_types`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// The policy of the chain.
    Policy,
    /// The end of a chain that was jumped to.
    Return,
    /// A rule.
    Rule,
}

impl Kind {
    /// As nft calls it.
    pub fn word(self) -> &'static str {
        match self {
            Kind::Policy => "policy",
            Kind::Return => "return",
            Kind::Rule => "rule",
        }
    }
}

/// Reads a notification; None of those about something else.
pub fn read(answer: &Answer) -> Result<Option<Step>> {
    if answer.kind != TRACE {
        return Ok(None);
    }
    let Some((header, body)) = answer.bytes.split_at_checked(HEADER) else {
        return Err(Error::Unreadable("a trace without its header".into()));
    };
    let family = Family::numbered(header[0]).unwrap_or(Family::Inet);
    let table = String::new();
    let mut step = Step {
        id: 0,
        table: TableName { family, table },
        chain: String::new(),
        kind: Kind::Rule,
        rule: None,
        verdict: None,
        policy: None,
        iif: None,
        oif: None,
        mark: None,
        packet: None,
    };
    let (mut network, mut transport) = (None, &[][..]);
    for attribute in attributes::read(body) {
        let attribute = attribute?;
        match attribute.kind {
            1 => step.table.table = attribute.text(),
            2 => step.chain = attribute.text(),
            3 => step.rule = Some(attribute.be64()?),
            4 => {
                step.kind = match attribute.be32()? {
                    1 => Kind::Policy,
                    2 => Kind::Return,
                    _ => Kind::Rule,
                }
            }
            5 => step.verdict = verdict(attribute.value)?,
            6 => step.id = attribute.be32()?,
            8 => network = Some(attribute.value),
            9 => transport = attribute.value,
            10 => step.iif = Some(attribute.be32()?),
            12 => step.oif = Some(attribute.be32()?),
            14 => step.mark = Some(attribute.be32()?),
            16 => {
                step.policy = Some(match attribute.be32()? {
                    0 => "drop",
                    _ => "accept",
                });
            }
            _ => {}
        }
    }
    step.packet = network.map(|network| packet_text(network, transport));
    Ok(Some(step))
}

/// `NFTA_TRACE_VERDICT` has the form of a verdict in data.
fn verdict(bytes: &[u8]) -> Result<Option<String>> {
    let mut data = Attributes::new();
    data.put(NFTA_DATA_VERDICT, bytes);
    let Value::Verdict(verdict) = read_data(data.as_bytes())? else {
        return Ok(None);
    };
    Ok(Some(match verdict {
        Verdict::Drop => "drop".into(),
        Verdict::Accept => "accept".into(),
        Verdict::Jump(chain) => format!("jump {chain}"),
        Verdict::Goto(chain) => format!("goto {chain}"),
        Verdict::Return => "return".into(),
        Verdict::Continue => "continue".into(),
    }))
}

/// The headers of a packet in nft's words (RFC 791, RFC 8200; RFC 9293, RFC 768, RFC 792; RFC 826).
fn packet_text(network: &[u8], transport: &[u8]) -> String {
    let mut text = String::new();
    if let Some(arp) = network.strip_prefix(&ARP_FOR_IPV4) {
        arp_text(arp, &mut text);
        return text;
    }
    let protocol = match network.first().map(|byte| byte >> 4) {
        Some(4) => ipv4_text(network, &mut text),
        Some(6) => ipv6_text(network, &mut text),
        _ => None,
    };
    let ports = transport.first_chunk::<4>().map(|&[a, b, c, d]| {
        let number = |high, low| u16::from_be_bytes([high, low]);
        (number(a, b), number(c, d))
    });
    match (protocol, ports, transport) {
        (Some(6), Some((from, to)), _) => {
            let _ = write!(text, " tcp sport {from} tcp dport {to}");
            if let Some(flags) = transport.get(13) {
                let _ = write!(text, " tcp flags {flags:#x}");
            }
        }
        (Some(17), Some((from, to)), _) => {
            let _ = write!(text, " udp sport {from} udp dport {to}");
        }
        (Some(1), _, [kind, code, ..]) => {
            let _ = write!(text, " icmp type {kind} icmp code {code}");
        }
        (Some(58), _, [kind, code, ..]) => {
            let _ = write!(text, " icmpv6 type {kind} icmpv6 code {code}");
        }
        _ => {}
    }
    text
}

/// How ARP for IPv4 on Ethernet begins: kinds and lengths of the addresses. No packet of IP does.
const ARP_FOR_IPV4: [u8; 6] = [0, 1, 8, 0, 6, 4];

/// What follows: the operation, and the hardware and IP addresses of who asks and who is asked.
fn arp_text(body: &[u8], text: &mut String) -> Option<()> {
    let [o0, o1, .., s0, s1, s2, s3] = *body.first_chunk::<12>()?;
    let [.., t0, t1, t2, t3] = *body.first_chunk::<22>()?;
    let operation = match u16::from_be_bytes([o0, o1]) {
        1 => "request".to_owned(),
        2 => "reply".to_owned(),
        other => other.to_string(),
    };
    let (asks, asked) = (Ipv4Addr::new(s0, s1, s2, s3), Ipv4Addr::new(t0, t1, t2, t3));
    let _ = write!(
        text,
        "arp operation {operation} arp saddr ip {asks} arp daddr ip {asked}"
    );
    Some(())
}

fn ipv4_text(header: &[u8], text: &mut String) -> Option<u8> {
    let header = header.first_chunk::<20>()?;
    let [
        _,
        _,
        l0,
        l1,
        _,
        _,
        _,
        _,
        ttl,
        protocol,
        _,
        _,
        s0,
        s1,
        s2,
        s3,
        d0,
        d1,
        d2,
        d3,
    ] = *header;
    let (from, to) = (Ipv4Addr::new(s0, s1, s2, s3), Ipv4Addr::new(d0, d1, d2, d3));
    let length = u16::from_be_bytes([l0, l1]);
    let _ = write!(
        text,
        "ip saddr {from} ip daddr {to} ip ttl {ttl} ip protocol {protocol} ip length {length}"
    );
    Some(protocol)
}

fn ipv6_text(header: &[u8], text: &mut String) -> Option<u8> {
    let (head, rest) = header.split_first_chunk::<8>()?;
    let (&from, rest) = rest.split_first_chunk::<16>()?;
    let &to = rest.first_chunk::<16>()?;
    let [_, _, _, _, l0, l1, next, hops] = *head;
    let (from, to) = (Ipv6Addr::from(from), Ipv6Addr::from(to));
    let length = u16::from_be_bytes([l0, l1]);
    let _ = write!(
        text,
        "ip6 saddr {from} ip6 daddr {to} ip6 hoplimit {hops} ip6 nexthdr {next} ip6 length {length}"
    );
    Some(next)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn arp_is_told_in_the_words_of_nft() {
        let mut body = ARP_FOR_IPV4.to_vec();
        body.extend([
            0, 1, 2, 0, 0, 0, 0, 9, 10, 0, 0, 1, 0, 0, 0, 0, 0, 0, 10, 0, 0, 2,
        ]);
        let told = "arp operation request arp saddr ip 10.0.0.1 arp daddr ip 10.0.0.2";
        assert_eq!(packet_text(&body, &[]), told);
        body.truncate(20);
        assert_eq!(packet_text(&body, &[]), "");
    }

    proptest! {
        #[test]
        fn no_trace_is_a_panic(bytes: Vec<u8>, network: Vec<u8>, transport: Vec<u8>) {
            let _ = packet_text(&network, &transport);
            let mut attributes = Attributes::new();
            attributes.put(8, &network).put(9, &transport).put(5, &bytes);
            for bytes in [bytes, [&[1, 0, 0, 0], attributes.as_bytes()].concat()] {
                let _ = read(&Answer { kind: TRACE, flags: 0, sequence: 0, bytes: bytes.into() });
            }
        }
    }
}
