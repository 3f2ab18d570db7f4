//! ICMP and ICMPv6 as bytes: echo requests are built, echo replies and ICMP errors are read.
//!
//! Layouts: RFC 792 and RFC 1191 (ICMP), RFC 4443 (ICMPv6), RFC 791 and RFC 8200 (the headers of a quoted packet).
//! Everything here is pure and takes any bytes without a panic. Sockets, matching a reply to its request
//! and deciding what is an error for whom are left to `probe`.

use std::fmt;
use std::net::{IpAddr, Ipv4Addr};

use pnet::packet::icmp::{IcmpPacket, IcmpType, IcmpTypes, checksum, echo_request as echo_v4};
use pnet::packet::icmpv6::{Icmpv6Packet, Icmpv6Type, Icmpv6Types, echo_request as echo_v6};
use pnet::packet::ip::{IpNextHeaderProtocol, IpNextHeaderProtocols};
use pnet::packet::ipv4::Ipv4Packet;
use pnet::packet::ipv6::Ipv6Packet;

/// The length of an echo header: type, code, checksum, identifier, sequence.
pub const ECHO_HEADER: usize = 8;

/// Which of the two Internet protocols a message belongs to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Family {
    /// IPv4, with ICMP.
    V4,
    /// IPv6, with ICMPv6.
    V6,
}

impl Family {
    /// The family of an address.
    pub fn of(address: IpAddr) -> Self {
        match address {
            IpAddr::V4(_) => Self::V4,
            IpAddr::V6(_) => Self::V6,
        }
    }
}

impl fmt::Display for Family {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self {
            Self::V4 => "IPv4",
            Self::V6 => "IPv6",
        })
    }
}

/// The parts of an echo request or reply.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Echo<'a> {
    /// Tells one pinging program from another.
    pub identifier: u16,
    /// Counts the requests of one program.
    pub sequence: u16,
    /// What follows the header, as far as it was quoted.
    pub payload: &'a [u8],
}

/// An ICMP message that tells of trouble with a packet which was sent earlier.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Fault<'a> {
    /// The ICMP type.
    pub icmp_type: u8,
    /// The ICMP code.
    pub icmp_code: u8,
    /// The number that comes with some types: the MTU, the pointer of a parameter problem, the gateway of a redirect.
    pub info: u32,
    /// The packet that is complained about, if enough of it was quoted.
    pub quoted: Option<Quoted<'a>>,
}

/// The head of a packet as an ICMP error quotes it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Quoted<'a> {
    /// Who had sent it.
    pub source: IpAddr,
    /// Where it was to go.
    pub destination: IpAddr,
    /// Its echo header, if it was an echo request.
    pub echo: Option<Echo<'a>>,
}

/// An ICMP message, as far as a prober cares.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Message<'a> {
    /// An answer to an echo request.
    EchoReply(Echo<'a>),
    /// Trouble with an earlier packet.
    Fault(Fault<'a>),
    /// Anything else, by type and code.
    Other {
        /// The ICMP type.
        icmp_type: u8,
        /// The ICMP code.
        icmp_code: u8,
    },
}

/// What sort of trouble an ICMP error tells of; the two families number them differently.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum FaultKind {
    /// Nobody can or will deliver the packet.
    Unreachable,
    /// The packet is larger than a link on its way and must not be fragmented.
    TooBig,
    /// The time to live (hop limit) ran out, or fragments stayed away.
    TimeExceeded,
    /// A header field makes no sense to the one who read it.
    ParameterProblem,
    /// There is a better gateway; the packet itself was forwarded.
    Redirect,
}

impl FaultKind {
    /// The kind of an ICMP type and code, or none if they are no error.
    pub fn of(family: Family, icmp_type: u8, icmp_code: u8) -> Option<Self> {
        match family {
            Family::V4 => match (IcmpType(icmp_type), icmp_code) {
                (IcmpTypes::DestinationUnreachable, 4) => Some(Self::TooBig),
                (IcmpTypes::DestinationUnreachable, _) => Some(Self::Unreachable),
                (IcmpTypes::RedirectMessage, _) => Some(Self::Redirect),
                (IcmpTypes::TimeExceeded, _) => Some(Self::TimeExceeded),
                (IcmpTypes::ParameterProblem, _) => Some(Self::ParameterProblem),
                _ => None,
            },
            // A redirect of IPv6 (RFC 4861) is neighbour discovery and not asked for here.
            Family::V6 => match Icmpv6Type(icmp_type) {
                Icmpv6Types::DestinationUnreachable => Some(Self::Unreachable),
                Icmpv6Types::PacketTooBig => Some(Self::TooBig),
                Icmpv6Types::TimeExceeded => Some(Self::TimeExceeded),
                Icmpv6Types::ParameterProblem => Some(Self::ParameterProblem),
                _ => None,
            },
        }
    }
}

/// An echo request, ready for a raw or datagram ICMP socket.
///
/// The checksum of ICMPv6 covers addresses that only the kernel knows, and the kernel fills it in (RFC 3542, 3.1):
/// it stays zero here.
pub fn echo_request(family: Family, identifier: u16, sequence: u16, payload: &[u8]) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(ECHO_HEADER + payload.len());
    bytes.resize(ECHO_HEADER, 0);
    bytes.extend_from_slice(payload);
    match family {
        Family::V4 => {
            if let Some(mut packet) = echo_v4::MutableEchoRequestPacket::new(&mut bytes) {
                packet.set_icmp_type(IcmpTypes::EchoRequest);
                packet.set_identifier(identifier);
                packet.set_sequence_number(sequence);
            }
            let sum = IcmpPacket::new(&bytes).map(|packet| checksum(&packet));
            if let Some((sum, mut packet)) =
                sum.zip(echo_v4::MutableEchoRequestPacket::new(&mut bytes))
            {
                packet.set_checksum(sum);
            }
        }
        Family::V6 => {
            if let Some(mut packet) = echo_v6::MutableEchoRequestPacket::new(&mut bytes) {
                packet.set_icmpv6_type(Icmpv6Types::EchoRequest);
                packet.set_identifier(identifier);
                packet.set_sequence_number(sequence);
            }
        }
    }
    bytes
}

/// An IPv4 packet as a raw socket hands it over, header first.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Ipv4<'a> {
    /// Who sent it.
    pub source: Ipv4Addr,
    /// Where it was to go.
    pub destination: Ipv4Addr,
    /// The time to live that was left.
    pub ttl: u8,
    /// What follows the header and its options.
    pub payload: &'a [u8],
}

/// Takes an ICMP packet over IPv4 apart; none if it is something else, a later fragment, or cut short.
pub fn parse_ipv4(bytes: &[u8]) -> Option<Ipv4<'_>> {
    let packet = Ipv4Packet::new(bytes)?;
    let header = usize::from(packet.get_header_length()) * 4;
    let ours = packet.get_version() == 4
        && header >= Ipv4Packet::minimum_packet_size()
        && packet.get_next_level_protocol() == IpNextHeaderProtocols::Icmp
        && packet.get_fragment_offset() == 0;
    ours.then_some(())?;
    Some(Ipv4 {
        source: packet.get_source(),
        destination: packet.get_destination(),
        ttl: packet.get_ttl(),
        payload: bytes.get(header..)?,
    })
}

/// Whether the checksum of an ICMP message over IPv4 is right (a raw socket gets messages before the kernel has looked).
pub fn checksum_holds(bytes: &[u8]) -> bool {
    IcmpPacket::new(bytes).is_some_and(|packet| checksum(&packet) == packet.get_checksum())
}

/// Reads an ICMP message; none if it is cut short.
pub fn parse(family: Family, bytes: &[u8]) -> Option<Message<'_>> {
    let (icmp_type, icmp_code, reply) = match family {
        Family::V4 => {
            let packet = IcmpPacket::new(bytes)?;
            let icmp_type = packet.get_icmp_type();
            let reply = icmp_type == IcmpTypes::EchoReply;
            (icmp_type.0, packet.get_icmp_code().0, reply)
        }
        Family::V6 => {
            let packet = Icmpv6Packet::new(bytes)?;
            let icmp_type = packet.get_icmpv6_type();
            let reply = icmp_type == Icmpv6Types::EchoReply;
            (icmp_type.0, packet.get_icmpv6_code().0, reply)
        }
    };
    if reply && icmp_code == 0 {
        return echo(bytes).map(Message::EchoReply);
    }
    let Some(kind) = FaultKind::of(family, icmp_type, icmp_code) else {
        return Some(Message::Other {
            icmp_type,
            icmp_code,
        });
    };
    let (rest, quoted) = bytes.get(4..)?.split_first_chunk::<4>()?;
    Some(Message::Fault(Fault {
        icmp_type,
        icmp_code,
        info: info(family, kind, *rest),
        quoted: match family {
            Family::V4 => quoted_v4(quoted),
            Family::V6 => quoted_v6(quoted),
        },
    }))
}

/// Reads the echo request that an error quotes, from its ICMP header on: what the kernel's error queue holds.
pub fn quoted_echo(family: Family, bytes: &[u8]) -> Option<Echo<'_>> {
    let request = match family {
        Family::V4 => IcmpTypes::EchoRequest.0,
        Family::V6 => Icmpv6Types::EchoRequest.0,
    };
    (*bytes.first()? == request).then(|| echo(bytes))?
}

/// Identifier, sequence and payload stand at the same places in requests and replies of both families.
fn echo(bytes: &[u8]) -> Option<Echo<'_>> {
    let packet = echo_v4::EchoRequestPacket::new(bytes)?;
    Some(Echo {
        identifier: packet.get_identifier(),
        sequence: packet.get_sequence_number(),
        payload: bytes.get(ECHO_HEADER..)?,
    })
}

/// The last four bytes of an error's header, in the way that the kernel reports them in `ee_info`.
fn info(family: Family, kind: FaultKind, rest: [u8; 4]) -> u32 {
    match (family, kind) {
        // RFC 1191: the MTU of the next hop is in the low half.
        (Family::V4, FaultKind::TooBig) => u32::from(u16::from_be_bytes([rest[2], rest[3]])),
        (Family::V4, FaultKind::ParameterProblem) => u32::from(rest[0]),
        (Family::V4, FaultKind::Redirect) | (Family::V6, _) => u32::from_be_bytes(rest),
        (Family::V4, _) => 0,
    }
}

fn quoted_v4(bytes: &[u8]) -> Option<Quoted<'_>> {
    let packet = parse_ipv4(bytes)?;
    Some(Quoted {
        source: packet.source.into(),
        destination: packet.destination.into(),
        echo: quoted_echo(Family::V4, packet.payload),
    })
}

fn quoted_v6(bytes: &[u8]) -> Option<Quoted<'_>> {
    let packet = Ipv6Packet::new(bytes)?;
    (packet.get_version() == 6).then_some(())?;
    let rest = bytes.get(Ipv6Packet::minimum_packet_size()..)?;
    let message = skip_extension_headers(packet.get_next_header(), rest);
    Some(Quoted {
        source: packet.get_source().into(),
        destination: packet.get_destination().into(),
        echo: message.and_then(|message| quoted_echo(Family::V6, message)),
    })
}

/// Finds the ICMPv6 message behind the extension headers of RFC 8200, 4.
fn skip_extension_headers(first: IpNextHeaderProtocol, bytes: &[u8]) -> Option<&[u8]> {
    let (mut header, mut bytes) = (first, bytes);
    loop {
        let length = match header {
            IpNextHeaderProtocols::Icmpv6 => return Some(bytes),
            IpNextHeaderProtocols::Hopopt
            | IpNextHeaderProtocols::Ipv6Route
            | IpNextHeaderProtocols::Ipv6Opts => (usize::from(*bytes.get(1)?) + 1) * 8,
            // The offset is in the upper 13 bits of the second word: only the first fragment has the message's head.
            IpNextHeaderProtocols::Ipv6Frag => {
                let offset = u16::from_be_bytes([*bytes.get(2)?, *bytes.get(3)?]) >> 3;
                (offset == 0).then_some(8)?
            }
            _ => return None,
        };
        header = IpNextHeaderProtocol(*bytes.first()?);
        bytes = bytes.get(length..)?;
    }
}

/// An ICMP error in the words that iputils uses.
pub fn words(family: Family, icmp_type: u8, icmp_code: u8, info: u32) -> String {
    match family {
        Family::V4 => words_v4(icmp_type, icmp_code, info),
        Family::V6 => words_v6(icmp_type, icmp_code, info),
    }
}

fn words_v4(icmp_type: u8, icmp_code: u8, info: u32) -> String {
    match (IcmpType(icmp_type), icmp_code) {
        (IcmpTypes::DestinationUnreachable, 4) => {
            format!("Frag needed and DF set (mtu = {info})")
        }
        (IcmpTypes::DestinationUnreachable, code) => match unreachable_v4(code) {
            Some(words) => words.to_string(),
            None => format!("Dest Unreachable, Bad Code: {code}"),
        },
        (IcmpTypes::RedirectMessage, code) => {
            let what = match code {
                0 => "Redirect Network".to_string(),
                1 => "Redirect Host".to_string(),
                2 => "Redirect Type of Service and Network".to_string(),
                3 => "Redirect Type of Service and Host".to_string(),
                code => format!("Redirect, Bad Code: {code}"),
            };
            format!("{what}(New nexthop: {})", Ipv4Addr::from(info))
        }
        (IcmpTypes::TimeExceeded, 0) => "Time to live exceeded".to_string(),
        (IcmpTypes::TimeExceeded, 1) => "Frag reassembly time exceeded".to_string(),
        (IcmpTypes::TimeExceeded, code) => format!("Time exceeded, Bad Code: {code}"),
        (IcmpTypes::ParameterProblem, _) => format!("Parameter problem: pointer = {info}"),
        (IcmpTypes::SourceQuench, _) => "Source Quench".to_string(),
        (IcmpType(other), _) => format!("Bad ICMP type: {other}"),
    }
}

/// The codes of "destination unreachable": RFC 792, RFC 1122 (6 to 12), RFC 1812 (13 to 15).
fn unreachable_v4(code: u8) -> Option<&'static str> {
    Some(match code {
        0 => "Destination Net Unreachable",
        1 => "Destination Host Unreachable",
        2 => "Destination Protocol Unreachable",
        3 => "Destination Port Unreachable",
        5 => "Source Route Failed",
        6 => "Destination Net Unknown",
        7 => "Destination Host Unknown",
        8 => "Source Host Isolated",
        9 => "Destination Net Prohibited",
        10 => "Destination Host Prohibited",
        11 => "Destination Net Unreachable for Type of Service",
        12 => "Destination Host Unreachable for Type of Service",
        13 => "Packet filtered",
        14 => "Precedence Violation",
        15 => "Precedence Cutoff",
        _ => return None,
    })
}

fn words_v6(icmp_type: u8, icmp_code: u8, info: u32) -> String {
    match (Icmpv6Type(icmp_type), icmp_code) {
        (Icmpv6Types::DestinationUnreachable, code) => {
            let why = match code {
                0 => "No route".to_string(),
                1 => "Administratively prohibited".to_string(),
                2 => "Beyond scope of source address".to_string(),
                3 => "Address unreachable".to_string(),
                4 => "Port unreachable".to_string(),
                5 => "Source address failed ingress/egress policy".to_string(),
                6 => "Reject route to destination".to_string(),
                code => format!("Unknown code {code}"),
            };
            format!("Destination unreachable: {why}")
        }
        (Icmpv6Types::PacketTooBig, 0) => format!("Packet too big: mtu={info}"),
        (Icmpv6Types::PacketTooBig, code) => format!("Packet too big: mtu={info}, code={code}"),
        (Icmpv6Types::TimeExceeded, 0) => "Time exceeded: Hop limit".to_string(),
        (Icmpv6Types::TimeExceeded, 1) => "Time exceeded: Defragmentation failure".to_string(),
        (Icmpv6Types::TimeExceeded, code) => format!("Time exceeded: code {code}"),
        (Icmpv6Types::ParameterProblem, code) => {
            let what = match code {
                0 => "Wrong header field".to_string(),
                1 => "Unknown header".to_string(),
                2 => "Unknown option".to_string(),
                code => format!("code {code}"),
            };
            format!("Parameter problem: {what} at {info}")
        }
        (Icmpv6Type(other), _) => format!("unknown icmp type: {other}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// A "destination host unreachable" that quotes an echo request from 192.168.4.2 to 192.168.4.77.
    fn host_unreachable(request: &[u8]) -> Vec<u8> {
        let mut bytes = vec![3, 1, 0, 0, 0, 0, 0, 0];
        bytes.extend([0x45, 0, 0, 84, 0, 0, 0x40, 0, 64, 1, 0, 0]);
        bytes.extend([192, 168, 4, 2, 192, 168, 4, 77]);
        bytes.extend_from_slice(request);
        bytes
    }

    /// A "packet too big" with MTU 1280 from a fragmented echo request, fd00::1 to fd00::2.
    fn packet_too_big(request: &[u8], fragment_offset: u8) -> Vec<u8> {
        let mut bytes = vec![2, 0, 0, 0, 0, 0, 5, 0];
        bytes.extend([0x60, 0, 0, 0, 5, 0, 44, 64]);
        for last in [1, 2] {
            bytes.extend([0xfd, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, last]);
        }
        bytes.extend([58, 0, 0, fragment_offset << 3, 0, 0, 0, 1]);
        bytes.extend_from_slice(request);
        bytes
    }

    #[test]
    fn a_request_has_the_bytes_of_rfc_792() {
        let bytes = echo_request(Family::V4, 0x1234, 2, &[1, 2, 3]);
        assert_eq!(bytes, [8, 0, 0xe1, 0xc7, 0x12, 0x34, 0, 2, 1, 2, 3]);
        assert!(checksum_holds(&bytes));
        let bytes = echo_request(Family::V6, 0x1234, 2, &[9]);
        assert_eq!(bytes, [128, 0, 0, 0, 0x12, 0x34, 0, 2, 9]);
    }

    #[test]
    fn errors_name_the_request_that_they_quote() {
        let request = echo_request(Family::V4, 7, 9, b"payload");
        let bytes = host_unreachable(&request);
        let Some(Message::Fault(fault)) = parse(Family::V4, &bytes) else {
            panic!("no fault in {bytes:?}");
        };
        let quoted = fault.quoted.expect("quoted packet");
        assert_eq!(quoted.destination.to_string(), "192.168.4.77");
        let echo = quoted.echo.expect("quoted echo request");
        assert_eq!((echo.identifier, echo.sequence), (7, 9));
        assert_eq!(echo.payload, b"payload");
        assert_eq!(
            words(Family::V4, fault.icmp_type, fault.icmp_code, fault.info),
            "Destination Host Unreachable"
        );

        let bytes = packet_too_big(&echo_request(Family::V6, 7, 10, &[]), 0);
        let Some(Message::Fault(fault)) = parse(Family::V6, &bytes) else {
            panic!("no fault in {bytes:?}");
        };
        assert_eq!(fault.info, 1280);
        let quoted = fault.quoted.expect("quoted packet");
        assert_eq!(quoted.destination.to_string(), "fd00::2");
        assert_eq!(quoted.echo.map(|echo| echo.sequence), Some(10));
        let later = packet_too_big(&echo_request(Family::V6, 7, 10, &[]), 1);
        let Some(Message::Fault(fault)) = parse(Family::V6, &later) else {
            panic!("no fault in {later:?}");
        };
        assert_eq!(fault.quoted.and_then(|quoted| quoted.echo), None);
    }

    #[test]
    fn mtu_gateway_and_pointer_are_found() {
        for (head, words_expected) in [
            (
                [3, 4, 0, 0, 0, 0, 5, 120],
                "Frag needed and DF set (mtu = 1400)",
            ),
            (
                [5, 1, 0, 0, 10, 0, 0, 3],
                "Redirect Host(New nexthop: 10.0.0.3)",
            ),
            (
                [12, 0, 0, 0, 20, 0, 0, 0],
                "Parameter problem: pointer = 20",
            ),
            ([11, 0, 0, 0, 0, 0, 0, 0], "Time to live exceeded"),
        ] {
            let Some(Message::Fault(fault)) = parse(Family::V4, &head) else {
                panic!("no fault in {head:?}");
            };
            let told = words(Family::V4, fault.icmp_type, fault.icmp_code, fault.info);
            assert_eq!(told, words_expected);
        }
    }

    proptest! {
        #[test]
        fn no_bytes_make_the_parsers_panic(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
            for family in [Family::V4, Family::V6] {
                parse(family, &bytes);
                quoted_echo(family, &bytes);
            }
            parse_ipv4(&bytes);
            checksum_holds(&bytes);
        }

        #[test]
        fn no_cut_or_flip_makes_the_parsers_panic(cut in 0usize..80, at in 0usize..80, flip: u8) {
            for (family, mut bytes) in [
                (Family::V4, host_unreachable(&echo_request(Family::V4, 1, 2, b"abcdefgh"))),
                (Family::V6, packet_too_big(&echo_request(Family::V6, 1, 2, b"abcdefgh"), 0)),
            ] {
                if let Some(byte) = bytes.get_mut(at) {
                    *byte ^= flip;
                }
                bytes.truncate(cut);
                parse(family, &bytes);
            }
        }

        #[test]
        fn a_reply_gives_back_what_was_asked(identifier: u16, sequence: u16, payload in proptest::collection::vec(any::<u8>(), 0..99)) {
            for (family, reply) in [(Family::V4, 0), (Family::V6, 129)] {
                let mut bytes = echo_request(family, identifier, sequence, &payload);
                bytes[0] = reply;
                let echo = Echo { identifier, sequence, payload: &payload };
                prop_assert_eq!(parse(family, &bytes), Some(Message::EchoReply(echo)));
            }
        }

        #[test]
        fn every_type_and_code_has_words(icmp_type: u8, icmp_code: u8, info: u32) {
            prop_assert!(!words(Family::V4, icmp_type, icmp_code, info).is_empty());
            prop_assert!(!words(Family::V6, icmp_type, icmp_code, info).is_empty());
        }
    }
}
