//! What conditions mean: which bytes of a packet are compared with what.
//!
//! After libpcap's gencode.c, down to the order of the tests: a load past the end of a packet rejects it at once, so the order
//! decides about packets that are cut short.

use super::graph::Test;
use super::instruction::{Instruction, beside, code};
use super::syntax::{Direction, Holder, Ipv4In, Network, What};
use super::words::{self, Protocol};
use crate::packet::layers::Link;

/// Where the headers of a packet lie.
#[derive(Debug, Clone, Copy)]
pub(super) struct Layout {
    /// What it begins with.
    pub link: Link,
    /// How many bytes of VLAN tags lie before its EtherType.
    pub tags: u32,
}

/// Sizes of loads.
pub(super) const BYTE: u16 = code::B;
/// Two bytes.
pub(super) const TWO: u16 = code::H;
/// Four bytes.
pub(super) const FOUR: u16 = code::W;

/// The header of a fragment within IPv6.
const FRAGMENT: u32 = 44;
/// The largest number that is a length, not an EtherType.
const LONGEST_FRAME: u32 = 1500;
/// PACKET_OUTGOING of linux/if_packet.h.
const OUTGOING: u32 = 4;

/// Loads from a place in the packet, or beside it.
pub(super) fn load(size: u16, at: u32) -> [Instruction; 1] {
    [Instruction::new(code::LD | size | code::ABS, at)]
}

/// The same, and only some bits of it.
fn masked(size: u16, at: u32, mask: u32) -> Vec<Instruction> {
    let [load] = load(size, at);
    let whole = match size {
        BYTE => 0xff,
        TWO => 0xffff,
        _ => u32::MAX,
    };
    match mask {
        mask if mask == whole => vec![load],
        mask => vec![
            load,
            Instruction::new(code::ALU | code::AND | code::K, mask),
        ],
    }
}

/// What is equal to bytes at a place, the last four of them first.
fn same(at: u32, bytes: &[u8]) -> Test {
    let mut tests = Vec::new();
    let mut rest = bytes;
    while !rest.is_empty() {
        let (size, count) = match rest.len() {
            4.. => (FOUR, 4),
            2.. => (TWO, 2),
            _ => (BYTE, 1),
        };
        let (before, last) = rest.split_at(rest.len() - count);
        let number = last.iter().fold(0, |all, byte| all << 8 | u32::from(*byte));
        tests.push(Test::equal(&load(size, at + before.len() as u32), number));
        rest = before;
    }
    Test::All(tests)
}

/// What has an address there of which some bits are known.
fn begins(at: u32, address: u32, mask: u32) -> Test {
    match mask {
        0 => Test::Known(true),
        mask => Test::equal(&masked(FOUR, at, mask), address),
    }
}

/// Source and destination as the direction asks for them.
fn at_ends(direction: Direction, end: impl Fn(usize) -> Test) -> Test {
    match direction {
        Direction::Source => end(0),
        Direction::Destination => end(1),
        Direction::Either => Test::Any(vec![end(0), end(1)]),
        Direction::Both => Test::All(vec![end(0), end(1)]),
    }
}

impl Layout {
    /// Where the EtherType lies.
    fn link_type(self) -> u32 {
        12 + self.tags
    }

    /// Where the header behind that of the link begins.
    pub fn network(self) -> u32 {
        match self.link {
            Link::Ethernet => 14 + self.tags,
            Link::Ip => 0,
            Link::Cooked => 16,
            Link::Cooked2 => 20,
        }
    }

    /// What has to hold.
    pub fn test(self, what: &What) -> Test {
        match what {
            What::Protocol(protocol) => self.protocol(*protocol),
            What::Holds(holder, number) => self.holds(*holder, *number),
            What::Ipv4(of, direction, network) => self.ipv4(*of, *direction, *network),
            What::Ipv6(direction, network) => self.ipv6(*direction, *network),
            What::Mac(direction, mac) => self.ethernet(at_ends(*direction, |end| match end {
                0 => same(6, mac),
                _ => same(0, mac),
            })),
            What::Port(of, direction, first, last) => self.port(*of, *direction, *first, *last),
            What::Broadcast => self.ethernet(same(0, &[0xff; 6])),
            What::Multicast(Holder::Ether) => {
                self.ethernet(Test::is(&load(BYTE, 0), code::JSET, 1))
            }
            What::Multicast(Holder::Ip) => Test::All(vec![
                self.frame(words::IPV4),
                Test::is(&load(BYTE, self.network() + 16), code::JGE, 224),
            ]),
            What::Multicast(Holder::Ip6) => Test::All(vec![
                self.frame(words::IPV6),
                Test::equal(&load(BYTE, self.network() + 24), 255),
            ]),
            What::Outbound(true) => Test::equal(&load(TWO, beside::PACKET_TYPE), OUTGOING),
            What::Outbound(false) => Test::equal(&load(TWO, beside::PACKET_TYPE), OUTGOING).not(),
            What::Index(index) => Test::equal(&load(FOUR, beside::INDEX), *index),
            What::Vlan(number) => self.ethernet(self.vlan(*number)),
            What::Relation(left, relation, right) => self.relation(left, *relation, right),
        }
    }

    /// What only a packet with an Ethernet header can be.
    fn ethernet(self, test: Test) -> Test {
        match self.link {
            Link::Ethernet => test,
            Link::Ip | Link::Cooked | Link::Cooked2 => Test::Known(false),
        }
    }

    /// What the link layer holds, by its EtherType or service access point.
    pub fn frame(self, number: u16) -> Test {
        let version = |version: u32| Test::equal(&masked(BYTE, 0, 0xf0), version << 4);
        match (self.link, number) {
            (Link::Ip, words::IPV4) => version(4),
            (Link::Ip, words::IPV6) => version(6),
            (Link::Ip, _) => Test::Known(false),
            (Link::Ethernet, number) => self.in_ethernet(number),
            // Where they have the EtherType (tcpdump.org/linktypes: LINUX_SLL, LINUX_SLL2).
            (Link::Cooked, number) => Test::equal(&load(TWO, 14), number.into()),
            (Link::Cooked2, number) => Test::equal(&load(TWO, 0), number.into()),
        }
    }

    /// IEEE 802.3: what is no EtherType is a length, and the header of LLC follows; with 0xaaaa there begins that of SNAP.
    fn in_ethernet(self, number: u16) -> Test {
        let at = self.link_type();
        let behind = at + 2;
        let is = |number: u16| Test::equal(&load(TWO, at), number.into());
        let is_long = || Test::is(&load(TWO, at), code::JGT, LONGEST_FRAME);
        let in_llc = |test| Test::All(vec![is_long().not(), test]);
        let snap = |organization: [u8; 3], number: u16| {
            let [high, low] = number.to_be_bytes();
            let [a, b, c] = organization;
            same(behind, &[0xaa, 0xaa, 3, a, b, c, high, low])
        };
        match number {
            words::SAP_OSI | words::SAP_IP | words::SAP_NETBEUI => {
                let both = u32::from(number) << 8 | u32::from(number);
                in_llc(Test::equal(&load(TWO, behind), both))
            }
            words::SAP_IPX => Test::Any(vec![
                is(words::IPX),
                in_llc(Test::Any(vec![
                    snap([0; 3], words::IPX),
                    Test::equal(&load(BYTE, behind), number.into()),
                    Test::equal(&load(TWO, behind), 0xffff),
                ])),
            ]),
            words::ATALK => Test::Any(vec![is(number), in_llc(snap([8, 0, 7], number))]),
            words::AARP => Test::Any(vec![is(number), in_llc(snap([0; 3], number))]),
            number if u32::from(number) <= LONGEST_FRAME => {
                in_llc(Test::equal(&load(BYTE, behind), number.into()))
            }
            number => is(number),
        }
    }

    /// Whether a VLAN tag lies before what the packet holds, perhaps of that number.
    pub fn vlan(self, number: Option<u16>) -> Test {
        let is_tag = |tag: u16| Test::equal(&load(TWO, self.link_type()), tag.into());
        let tagged = Test::Any(words::VLAN_TAGS.map(is_tag).into());
        match number {
            None => tagged,
            Some(number) => {
                let tag = masked(TWO, self.network(), 0xfff);
                Test::All(vec![tagged, Test::equal(&tag, number.into())])
            }
        }
    }

    /// Whether the packet is of a protocol.
    pub fn protocol(self, protocol: Protocol) -> Test {
        match protocol {
            Protocol::Ether => self.ethernet(Test::Known(true)),
            Protocol::Ip => self.frame(words::IPV4),
            Protocol::Ip6 => self.frame(words::IPV6),
            Protocol::Arp => self.frame(words::ARP),
            Protocol::Rarp => self.frame(words::RARP),
            Protocol::Frame(number) => self.frame(number),
            Protocol::InIp(number) => self.holds(Some(Holder::Ip), number.into()),
            Protocol::InIp6(number) => self.holds(Some(Holder::Ip6), number.into()),
            Protocol::InBoth(number) => self.holds(None, number.into()),
        }
    }

    fn holds(self, holder: Option<Holder>, number: u16) -> Test {
        let in_ip = |at| Test::equal(&load(BYTE, self.network() + at), number.into());
        match holder {
            Some(Holder::Ether) => self.frame(number),
            Some(Holder::Ip) => Test::All(vec![self.frame(words::IPV4), in_ip(9)]),
            Some(Holder::Ip6) => {
                let fragment = Test::equal(&load(BYTE, self.network() + 6), FRAGMENT);
                let fragment = Test::All(vec![fragment, in_ip(40)]);
                let either = Test::Any(vec![in_ip(6), fragment]);
                Test::All(vec![self.frame(words::IPV6), either])
            }
            None => Test::Any(vec![
                self.holds(Some(Holder::Ip), number),
                self.holds(Some(Holder::Ip6), number),
            ]),
        }
    }

    fn ipv4(self, of: Option<Ipv4In>, direction: Direction, network: Network<u32>) -> Test {
        let (frame, [source, destination]) = match of {
            None => {
                let all = [Ipv4In::Ip, Ipv4In::Arp, Ipv4In::Rarp];
                let all = all.map(|of| self.ipv4(Some(of), direction, network));
                return Test::Any(all.into());
            }
            Some(Ipv4In::Ip) => (words::IPV4, [12, 16]),
            Some(Ipv4In::Arp) => (words::ARP, [14, 24]),
            Some(Ipv4In::Rarp) => (words::RARP, [14, 24]),
        };
        at_ends(direction, |end| {
            let at = if end == 0 { source } else { destination };
            Test::All(vec![
                self.frame(frame),
                begins(self.network() + at, network.address, network.mask),
            ])
        })
    }

    fn ipv6(self, direction: Direction, network: Network<u128>) -> Test {
        at_ends(direction, |end| {
            let at = self.network() + if end == 0 { 8 } else { 24 };
            let mut tests = vec![self.frame(words::IPV6)];
            for word in 0..4 {
                let part = |all: u128| (all >> (96 - 32 * word)) as u32;
                let (address, mask) = (part(network.address), part(network.mask));
                tests.push(begins(at + 4 * word, address, mask));
            }
            Test::All(tests)
        })
    }

    /// IPv6 comes first. Of extension headers nothing is known.
    fn port(self, of: Option<u8>, direction: Direction, first: u16, last: u16) -> Test {
        let all = words::WITH_PORTS.iter().map(|(_, number)| *number);
        let all: Vec<u8> = match of {
            Some(number) => vec![number],
            None => all.collect(),
        };
        let in_both = |frame, test: &dyn Fn(u8) -> Test| {
            let tests = all.iter().map(|number| test(*number)).collect();
            Test::All(vec![self.frame(frame), Test::Any(tests)])
        };
        let network = self.network();
        let in_ip6 = |number: u8| {
            let port = |end| load(TWO, network + 40 + 2 * end as u32);
            Test::All(vec![
                Test::equal(&load(BYTE, network + 6), number.into()),
                at_ends(direction, |end| between(&port(end), first, last)),
            ])
        };
        let in_ip = |number: u8| {
            Test::All(vec![
                Test::equal(&load(BYTE, network + 9), number.into()),
                self.first_fragment(),
                at_ends(direction, |end| {
                    let port = self.behind_ip(TWO, 2 * end as u32);
                    between(&port, first, last)
                }),
            ])
        };
        Test::Any(vec![
            in_both(words::IPV6, &in_ip6),
            in_both(words::IPV4, &in_ip),
        ])
    }

    /// What is a whole IPv4 packet, or the beginning of one.
    pub fn first_fragment(self) -> Test {
        Test::is(&load(TWO, self.network() + 6), code::JSET, 0x1fff).not()
    }

    /// Loads from behind the header of IPv4, whose length is in it.
    pub fn behind_ip(self, size: u16, at: u32) -> [Instruction; 2] {
        let at = self.network().wrapping_add(at);
        [
            self.ip_length(),
            Instruction::new(code::LD | size | code::IND, at),
        ]
    }

    /// Brings the length of the IPv4 header into X.
    pub fn ip_length(self) -> Instruction {
        Instruction::new(code::LDX | code::B | code::MSH, self.network())
    }
}

fn between(value: &[Instruction], first: u16, last: u16) -> Test {
    match first == last {
        true => Test::equal(value, first.into()),
        false => Test::All(vec![
            Test::is(value, code::JGE, first.into()),
            Test::is(value, code::JGT, last.into()).not(),
        ]),
    }
}
