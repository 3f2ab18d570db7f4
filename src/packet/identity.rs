//! What of a packet stays the same along its way, and what may change: the way to know one again on another link.
//!
//! A router writes a new Ethernet header and a smaller TTL, NAT other addresses and ports (RFC 3022), a trunk takes tags off and
//! puts them on (IEEE 802.1Q), a tunnel packs all of it into another packet (RFC 7348, RFC 2784, RFC 2003). What the sender put
//! inside stays: the identification of IPv4 (RFC 791), the flow label of IPv6 (RFC 6437), sequence numbers, and the data.
//!
//! The addresses are of the innermost packet; those of what it is packed into are tunnels.

mod tunnels;

use std::fmt;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use super::layers::Link;

use tunnels::{gre, over_udp};

/// What stays the same. Two sightings with the same identity are sightings of one packet, or of two that nobody could tell apart
/// (a copy, a retransmission): then time and place decide.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Identity {
    /// A question or an answer of ARP, whole.
    Arp(Vec<u8>),
    /// A packet of IP.
    Ip {
        /// 4 or 6.
        version: u8,
        /// What it carries: `IPPROTO_*`.
        protocol: u8,
        /// The identification of IPv4, the flow label of IPv6.
        id: u32,
        /// Where it belongs in the packet that it is a fragment of.
        offset: u16,
        /// What it carries, without what is rewritten on the way: ports, the identifier of an echo, checksums.
        inside: Vec<u8>,
    },
    /// Anything else, by its EtherType and its bytes.
    Frame(u16, Vec<u8>),
}

impl Identity {
    /// What the pieces of one packet of IP have in common, besides their addresses (RFC 791): the version, the protocol and the
    /// identification.
    pub fn datagram(&self) -> Option<(u8, u8, u32)> {
        match self {
            Identity::Ip {
                version,
                protocol,
                id,
                ..
            } => Some((*version, *protocol, *id)),
            _ => None,
        }
    }

    /// Whether this packet, which is whole or a larger piece, has the bytes of a piece.
    pub fn holds(&self, piece: &Identity) -> bool {
        let (
            Identity::Ip {
                offset: begin,
                inside: whole,
                ..
            },
            Identity::Ip { offset, inside, .. },
        ) = (self, piece)
        else {
            return false;
        };
        let Some(from) = offset
            .checked_sub(*begin)
            .map(|units| usize::from(units) * 8)
        else {
            return false;
        };
        // Of a header some bytes are left out: none, a checksum, with it the identifier of an echo, or the ports.
        let mut left_out = [0, 2, 4, 6].into_iter();
        self.datagram() == piece.datagram()
            && left_out.any(|left_out| {
                let rest = from.checked_sub(left_out).or((from == 0).then_some(0));
                let rest = rest.and_then(|from| whole.get(from..));
                rest.is_some_and(|rest| rest.starts_with(inside))
            })
    }
}

/// Which bytes a fragment has of the packet that it is a piece of.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Fragment {
    /// The first of them.
    pub start: usize,
    /// The one after the last of them.
    pub end: usize,
    /// Whether more come behind it.
    pub has_more: bool,
}

impl Fragment {
    /// Whether two pieces of one packet have bytes of it in common.
    pub fn shares_bytes(self, other: Fragment) -> bool {
        self.start < other.end && other.start < self.end
    }
}

/// As people count: the first byte and the last.
impl fmt::Display for Fragment {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}-{}", self.start, self.end.saturating_sub(1))
    }
}

/// A tunnel that a packet is in.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Tunnel {
    /// Its kind, in the word of `ip link`: `vxlan`.
    pub kind: &'static str,
    /// The network or key that it has, where it has one.
    pub id: Option<u32>,
    /// Where it begins.
    pub source: IpAddr,
    /// Where it ends.
    pub destination: IpAddr,
}

impl fmt::Display for Tunnel {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.kind)?;
        if let Some(id) = self.id {
            write!(f, " {id}")?;
        }
        write!(f, " {} > {}", self.source, self.destination)
    }
}

/// What may change.
#[derive(Debug, Clone, Default, PartialEq, Eq, Hash)]
pub struct Look {
    /// The hardware address that it comes from.
    pub ether_source: Option<[u8; 6]>,
    /// The hardware address that it goes to.
    pub ether_destination: Option<[u8; 6]>,
    /// Its VLANs, the outermost first.
    pub vlans: Vec<u16>,
    /// The tunnels that it is in, the outermost first.
    pub tunnels: Vec<Tunnel>,
    /// Where it comes from; of ARP, who asks or answers.
    pub source: Option<IpAddr>,
    /// Where it goes; of ARP, who is asked for or answered.
    pub destination: Option<IpAddr>,
    /// Its port at the source.
    pub sport: Option<u16>,
    /// Its port at the destination.
    pub dport: Option<u16>,
    /// The identifier of an echo.
    pub echo_id: Option<u16>,
    /// How many routers more may pass it on.
    pub ttl: Option<u8>,
    /// Which piece of a packet it is, if it is one.
    pub fragment: Option<Fragment>,
}

/// A difference between two sightings.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Difference {
    /// What is different: `ttl`, `saddr`.
    pub field: &'static str,
    /// What it was; empty if there was none.
    pub before: String,
    /// What it is; empty if there is none.
    pub now: String,
}

impl Look {
    /// What became of a packet that looked so.
    pub fn differences(&self, now: &Look) -> Vec<Difference> {
        let words = |look: &Look| {
            [
                ("ether saddr", look.ether_source.map(mac)),
                ("ether daddr", look.ether_destination.map(mac)),
                ("vlan id", list(&look.vlans)),
                ("tunnel", list(&look.tunnels)),
                ("saddr", text(look.source)),
                ("daddr", text(look.destination)),
                ("sport", text(look.sport)),
                ("dport", text(look.dport)),
                ("id", text(look.echo_id)),
                ("ttl", text(look.ttl)),
                ("fragment", text(look.fragment)),
            ]
        };
        // A later piece has no ports, and has not lost any.
        let is_piece = self.fragment.is_some() || now.fragment.is_some();
        let is_of_whole = |field: &str| matches!(field, "sport" | "dport" | "id");
        let both = words(self).into_iter().zip(words(now));
        both.filter(|((_, before), (_, now))| before != now)
            .filter(|((field, before), (_, now))| {
                !is_piece || !is_of_whole(field) || (before.is_some() && now.is_some())
            })
            .map(|((field, before), (_, now))| Difference {
                field,
                before: before.unwrap_or_default(),
                now: now.unwrap_or_default(),
            })
            .collect()
    }

    /// Whether two sightings of one packet have bytes of it in common: what is no piece has all of them.
    pub fn shares_bytes(&self, other: &Look) -> bool {
        match (self.fragment, other.fragment) {
            (Some(one), Some(other)) => one.shares_bytes(other),
            _ => true,
        }
    }

    /// Addresses and ports: what NAT rewrites.
    pub fn tuple(&self) -> Tuple {
        Tuple {
            source: self.source,
            destination: self.destination,
            sport: self.sport.or(self.echo_id),
            dport: self.dport.or(self.echo_id),
        }
    }
}

/// The addresses and ports of a packet. The identifier of an echo stands for both of its ports, as in conntrack.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Tuple {
    /// Where it comes from.
    pub source: Option<IpAddr>,
    /// Where it goes.
    pub destination: Option<IpAddr>,
    /// Its port there.
    pub sport: Option<u16>,
    /// Its port there.
    pub dport: Option<u16>,
}

impl Tuple {
    /// The tuple of an answer.
    pub fn turned(self) -> Self {
        Tuple {
            source: self.destination,
            destination: self.source,
            sport: self.dport,
            dport: self.sport,
        }
    }
}

fn mac(bytes: [u8; 6]) -> String {
    let bytes = bytes.iter().map(|byte| format!("{byte:02x}"));
    bytes.collect::<Vec<_>>().join(":")
}

fn text(value: Option<impl fmt::Display>) -> Option<String> {
    value.map(|value| value.to_string())
}

fn list<T: fmt::Display>(values: &[T]) -> Option<String> {
    let words: Vec<String> = values.iter().map(T::to_string).collect();
    (!words.is_empty()).then(|| words.join(", "))
}

/// EtherTypes (IEEE 802, IANA).
mod ether_type {
    pub const IP: u16 = 0x0800;
    pub const ARP: u16 = 0x0806;
    pub const BRIDGED: u16 = 0x6558;
    pub const VLAN: u16 = 0x8100;
    pub const IP6: u16 = 0x86dd;
    pub const SERVICE_VLAN: u16 = 0x88a8;
}

/// `IPPROTO_*` of linux/in.h.
mod protocol {
    pub const HOP_BY_HOP: u8 = 0;
    pub const ICMP: u8 = 1;
    pub const IP: u8 = 4;
    pub const TCP: u8 = 6;
    pub const UDP: u8 = 17;
    pub const IP6: u8 = 41;
    pub const ROUTING: u8 = 43;
    pub const FRAGMENT: u8 = 44;
    pub const GRE: u8 = 47;
    pub const ICMP6: u8 = 58;
    pub const DESTINATION: u8 = 60;
}

/// How many headers are looked through. Nobody nests more than a few.
const DEEPEST: usize = 16;

/// What of a packet stays and what may change.
pub fn read(bytes: &[u8], link: Link) -> (Identity, Look) {
    let mut reader = Reader {
        look: Look::default(),
        depth: 0,
        unpacks: true,
    };
    let identity = reader.frame(bytes, link);
    (identity, reader.look)
}

/// What may change of the packet on the wire itself, whatever it carries: of one in a tunnel that is the tunnel's.
pub fn outermost(bytes: &[u8], link: Link) -> Look {
    let mut reader = Reader {
        look: Look::default(),
        depth: 0,
        unpacks: false,
    };
    reader.frame(bytes, link);
    reader.look
}

struct Reader {
    look: Look,
    depth: usize,
    /// Whether what is in a tunnel is looked at.
    unpacks: bool,
}

fn byte(bytes: &[u8], at: usize) -> Option<u8> {
    bytes.get(at).copied()
}

fn be16(bytes: &[u8], at: usize) -> Option<u16> {
    Some(u16::from_be_bytes(*bytes.get(at..)?.first_chunk()?))
}

fn be32(bytes: &[u8], at: usize) -> Option<u32> {
    Some(u32::from_be_bytes(*bytes.get(at..)?.first_chunk()?))
}

fn ip4(bytes: &[u8], at: usize) -> Option<IpAddr> {
    let octets: [u8; 4] = *bytes.get(at..)?.first_chunk()?;
    Some(Ipv4Addr::from(octets).into())
}

fn ip6(bytes: &[u8], at: usize) -> Option<IpAddr> {
    let octets: [u8; 16] = *bytes.get(at..)?.first_chunk()?;
    Some(Ipv6Addr::from(octets).into())
}

/// The bytes without these ones.
fn without(bytes: &[u8], left_out: std::ops::Range<usize>) -> Vec<u8> {
    let kept = bytes.iter().enumerate();
    kept.filter(|(at, _)| !left_out.contains(at))
        .map(|(_, byte)| *byte)
        .collect()
}

impl Reader {
    fn frame(&mut self, bytes: &[u8], link: Link) -> Identity {
        match link {
            Link::Ethernet => self.ethernet(bytes),
            Link::Ip => self.ip(bytes),
            // tcpdump.org/linktypes/LINKTYPE_LINUX_SLL.html and _SLL2.html.
            Link::Cooked => self.cooked(bytes, 14, 16),
            Link::Cooked2 => self.cooked(bytes, 0, 20),
        }
    }

    /// Whether one header more may be looked through.
    fn descends(&mut self) -> bool {
        self.depth += 1;
        self.depth <= DEEPEST
    }

    fn ethernet(&mut self, bytes: &[u8]) -> Identity {
        self.look.ether_destination = bytes.first_chunk().copied();
        self.look.ether_source = bytes.get(6..).and_then(|rest| rest.first_chunk().copied());
        self.look.vlans.clear();
        let mut at = 12;
        while let Some(ether_type::VLAN | ether_type::SERVICE_VLAN) = be16(bytes, at) {
            if let Some(tag) = be16(bytes, at + 2) {
                self.look.vlans.push(tag & 0xfff);
            }
            at += 4;
        }
        let kind = be16(bytes, at).unwrap_or(0);
        self.network(kind, bytes.get(at + 2..).unwrap_or(&[]))
    }

    /// A header in which the EtherType stands here, and after which comes the packet.
    fn cooked(&mut self, bytes: &[u8], kind: usize, packet: usize) -> Identity {
        let kind = be16(bytes, kind).unwrap_or(0);
        self.network(kind, bytes.get(packet..).unwrap_or(&[]))
    }

    fn network(&mut self, kind: u16, bytes: &[u8]) -> Identity {
        match kind {
            ether_type::ARP => self.arp(bytes),
            ether_type::IP | ether_type::IP6 => self.ip(bytes),
            other => Identity::Frame(other, bytes.to_vec()),
        }
    }

    /// RFC 826, with addresses of 6 and 4 bytes. What it is padded with is not part of it.
    fn arp(&mut self, bytes: &[u8]) -> Identity {
        let body = bytes.get(..28).unwrap_or(bytes);
        self.look.source = ip4(body, 14);
        self.look.destination = ip4(body, 24);
        Identity::Arp(body.to_vec())
    }

    fn ip(&mut self, bytes: &[u8]) -> Identity {
        let read = match byte(bytes, 0).map(|first| first >> 4) {
            _ if !self.descends() => None,
            Some(4) => self.version_4(bytes),
            Some(6) => self.version_6(bytes),
            _ => None,
        };
        read.unwrap_or_else(|| Identity::Frame(0, bytes.to_vec()))
    }

    fn addresses(&mut self, source: IpAddr, destination: IpAddr, ttl: u8) {
        self.look.source = Some(source);
        self.look.destination = Some(destination);
        self.look.ttl = Some(ttl);
        (self.look.sport, self.look.dport, self.look.echo_id) = (None, None, None);
        self.look.fragment = None;
    }

    /// RFC 791.
    fn version_4(&mut self, bytes: &[u8]) -> Option<Identity> {
        let header = usize::from(byte(bytes, 0)? & 0xf) * 4;
        let total = usize::from(be16(bytes, 2)?);
        let id = u32::from(be16(bytes, 4)?);
        let fragment = be16(bytes, 6)?;
        let protocol = byte(bytes, 9)?;
        self.addresses(ip4(bytes, 12)?, ip4(bytes, 16)?, byte(bytes, 8)?);
        let rest = bytes.get(header..)?;
        // A frame may be longer than the packet, and what was captured of it shorter. A length of 0 is left to the device.
        let body = match total.checked_sub(header) {
            Some(length) if total > 0 => rest.get(..length).unwrap_or(rest),
            _ => rest,
        };
        let (offset, is_fragment) = (fragment & 0x1fff, fragment & 0x3fff != 0);
        if is_fragment {
            self.piece(offset, body, fragment & 0x2000 != 0);
        }
        Some(self.carried(4, protocol, id, offset, is_fragment, body))
    }

    /// RFC 8200.
    fn version_6(&mut self, bytes: &[u8]) -> Option<Identity> {
        let label = be32(bytes, 0)? & 0xf_ffff;
        let length = usize::from(be16(bytes, 4)?);
        let mut next = byte(bytes, 6)?;
        self.addresses(ip6(bytes, 8)?, ip6(bytes, 24)?, byte(bytes, 7)?);
        let rest = bytes.get(40..)?;
        let mut body = rest.get(..length).filter(|_| length > 0).unwrap_or(rest);
        let (mut id, mut offset, mut is_fragment, mut has_more) = (label, 0, false, false);
        while self.descends() {
            let length = match next {
                protocol::HOP_BY_HOP | protocol::ROUTING | protocol::DESTINATION => {
                    (usize::from(byte(body, 1)?) + 1) * 8
                }
                protocol::FRAGMENT => {
                    let place = be16(body, 2)?;
                    (offset, is_fragment) = (place >> 3, place & !0x6 != 0);
                    has_more = place & 1 != 0;
                    id = be32(body, 4)?;
                    8
                }
                _ => break,
            };
            next = byte(body, 0)?;
            body = body.get(length..)?;
        }
        if is_fragment {
            self.piece(offset, body, has_more);
        }
        Some(self.carried(6, next, id, offset, is_fragment, body))
    }

    fn piece(&mut self, offset: u16, body: &[u8], has_more: bool) {
        let start = usize::from(offset) * 8;
        self.look.fragment = Some(Fragment {
            start,
            end: start + body.len(),
            has_more,
        });
    }

    /// What a packet of IP carries.
    fn carried(
        &mut self,
        version: u8,
        protocol: u8,
        id: u32,
        offset: u16,
        is_fragment: bool,
        body: &[u8],
    ) -> Identity {
        // Of a fragment only the first has the header, and its data ends early.
        if !is_fragment && let Some(inner) = self.tunnelled(protocol, body) {
            return inner;
        }
        let inside = match protocol {
            _ if offset > 0 => body.to_vec(),
            protocol::TCP | protocol::UDP => {
                self.look.sport = be16(body, 0);
                self.look.dport = be16(body, 2);
                let sum = if protocol == protocol::TCP {
                    16..18
                } else {
                    6..8
                };
                without(&without(body, sum), 0..4)
            }
            protocol::ICMP => self.icmp(body, &[0, 8], &[3, 4, 5, 11, 12]),
            protocol::ICMP6 => self.icmp(body, &[128, 129], &[1, 2, 3, 4]),
            _ => body.to_vec(),
        };
        Identity::Ip {
            version,
            protocol,
            id,
            offset,
            inside,
        }
    }

    /// RFC 792 and RFC 4443: an echo has an identifier, which NAT takes for a port; an error quotes a packet, whose addresses NAT
    /// rewrites too.
    fn icmp(&mut self, body: &[u8], echoes: &[u8], errors: &[u8]) -> Vec<u8> {
        let kind = byte(body, 0).unwrap_or(0);
        if echoes.contains(&kind) {
            self.look.echo_id = be16(body, 4);
            return without(body, 2..6);
        }
        if !errors.contains(&kind) {
            return without(body, 2..4);
        }
        let mut inside = body.get(..2).unwrap_or(body).to_vec();
        let quoted = body.get(8..).unwrap_or(&[]);
        let mut quoting = Reader {
            look: Look::default(),
            depth: self.depth,
            unpacks: self.unpacks,
        };
        match quoting.ip(quoted) {
            Identity::Ip { protocol, id, .. } => {
                inside.push(protocol);
                inside.extend(id.to_be_bytes());
            }
            _ => inside.extend(quoted),
        }
        inside
    }

    /// The packet inside, where this one is a tunnel's.
    fn tunnelled(&mut self, carried: u8, body: &[u8]) -> Option<Identity> {
        if !self.unpacks {
            return None;
        }
        let (kind, id, (inner_kind, inner)) = match carried {
            protocol::IP | protocol::IP6 => {
                let kind = match (carried, self.look.source?) {
                    (protocol::IP, IpAddr::V4(_)) => "ipip",
                    (protocol::IP6, IpAddr::V4(_)) => "sit",
                    _ => "ip6tnl",
                };
                (kind, None, (ether_type::IP, body))
            }
            protocol::GRE => gre(body)?,
            protocol::UDP => over_udp(body)?,
            _ => return None,
        };
        self.look.tunnels.push(Tunnel {
            kind,
            id,
            source: self.look.source?,
            destination: self.look.destination?,
        });
        if !self.descends() {
            return None;
        }
        Some(match inner_kind {
            ether_type::BRIDGED => self.ethernet(inner),
            other => {
                (self.look.ether_source, self.look.ether_destination) = (None, None);
                self.network(other, inner)
            }
        })
    }
}

#[cfg(test)]
mod tests;
