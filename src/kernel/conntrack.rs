//! Connections as netfilter tracks them: the entries of conntrack, as bytes of ctnetlink
//! (linux/netfilter/nfnetlink_conntrack.h; net/netfilter/nf_conntrack_netlink.c in the kernel).
//!
//! Of an entry only the attributes are read that [`Entry`] has a place for; the numbers of TCP's window tracking, labels and
//! sequence adjustments are passed over.

use std::net::IpAddr;

use nix::errno::Errno;

use super::conntrack_filter::Filter;
use super::error::{Error, Result};
use super::netlink::attributes::{self, Attribute, Attributes};
use super::netlink::{Answer, Message, Request};
use super::netns::Namespace;

/// `NFNL_SUBSYS_CTNETLINK` of linux/netfilter/nfnetlink.h, in the upper byte of a message's type.
const CTNETLINK: u16 = 1 << 8;
/// `IPCTNL_MSG_CT_*`.
pub const CT_NEW: u16 = CTNETLINK;
const CT_GET: u16 = CTNETLINK | 1;
/// The message about an entry that is gone, and the request to delete it.
pub const CT_DELETE: u16 = CTNETLINK | 2;
const CT_GET_STATS: u16 = CTNETLINK | 5;

/// `struct nfgenmsg` is 4 bytes.
const HEADER: usize = 4;

/// `enum ctattr_type`.
const CTA_TUPLE_ORIG: u16 = 1;
const CTA_TUPLE_REPLY: u16 = 2;
const CTA_STATUS: u16 = 3;
const CTA_PROTOINFO: u16 = 4;
const CTA_HELP: u16 = 5;
const CTA_TIMEOUT: u16 = 7;
const CTA_MARK: u16 = 8;
const CTA_COUNTERS_ORIG: u16 = 9;
const CTA_COUNTERS_REPLY: u16 = 10;
const CTA_ID: u16 = 12;
const CTA_ZONE: u16 = 18;
const CTA_MARK_MASK: u16 = 21;

/// `enum ctattr_tuple`.
const CTA_TUPLE_IP: u16 = 1;
const CTA_TUPLE_PROTO: u16 = 2;
const CTA_TUPLE_ZONE: u16 = 3;

/// `enum ctattr_ip`.
const CTA_IP_V4_SRC: u16 = 1;
const CTA_IP_V4_DST: u16 = 2;
const CTA_IP_V6_SRC: u16 = 3;
const CTA_IP_V6_DST: u16 = 4;

/// `enum ctattr_l4proto`.
const CTA_PROTO_NUM: u16 = 1;
const CTA_PROTO_SRC_PORT: u16 = 2;
const CTA_PROTO_DST_PORT: u16 = 3;
const CTA_PROTO_ICMP_ID: u16 = 4;
const CTA_PROTO_ICMP_TYPE: u16 = 5;
const CTA_PROTO_ICMP_CODE: u16 = 6;
const CTA_PROTO_ICMPV6_ID: u16 = 7;
const CTA_PROTO_ICMPV6_TYPE: u16 = 8;
const CTA_PROTO_ICMPV6_CODE: u16 = 9;

/// `enum ctattr_protoinfo`, and the state that comes first in each.
const CTA_PROTOINFO_TCP: u16 = 1;
const CTA_PROTOINFO_SCTP: u16 = 3;
const CTA_PROTOINFO_STATE: u16 = 1;

/// `enum ctattr_counters`.
const CTA_COUNTERS_PACKETS: u16 = 1;
const CTA_COUNTERS_BYTES: u16 = 2;

/// `CTA_HELP_NAME`.
const CTA_HELP_NAME: u16 = 1;

/// `CTA_STATS_GLOBAL_ENTRIES`.
const CTA_STATS_GLOBAL_ENTRIES: u16 = 1;

/// Status bits, by their names in `enum ip_conntrack_status` of linux/netfilter/nf_conntrack_common.h.
pub const STATUS: [(u32, &str); 16] = [
    (1 << 0, "EXPECTED"),
    (1 << 1, "SEEN_REPLY"),
    (1 << 2, "ASSURED"),
    (1 << 3, "CONFIRMED"),
    (SRC_NAT, "SRC_NAT"),
    (DST_NAT, "DST_NAT"),
    (1 << 6, "SEQ_ADJUST"),
    (1 << 7, "SRC_NAT_DONE"),
    (1 << 8, "DST_NAT_DONE"),
    (1 << 9, "DYING"),
    (1 << 10, "FIXED_TIMEOUT"),
    (1 << 11, "TEMPLATE"),
    (1 << 12, "UNTRACKED"),
    (1 << 13, "HELPER"),
    (1 << 14, "OFFLOAD"),
    (1 << 15, "HW_OFFLOAD"),
];
const SRC_NAT: u32 = 1 << 4;
const DST_NAT: u32 = 1 << 5;

/// `enum tcp_conntrack` of linux/netfilter/nf_conntrack_tcp.h, by the names that conntrack(8) prints.
pub const TCP_STATES: [&str; 10] = [
    "NONE",
    "SYN_SENT",
    "SYN_RECV",
    "ESTABLISHED",
    "FIN_WAIT",
    "CLOSE_WAIT",
    "LAST_ACK",
    "TIME_WAIT",
    "CLOSE",
    "SYN_SENT2",
];

/// `enum sctp_conntrack` of linux/netfilter/nf_conntrack_sctp.h.
const SCTP_STATES: [&str; 10] = [
    "NONE",
    "CLOSED",
    "COOKIE_WAIT",
    "COOKIE_ECHOED",
    "ESTABLISHED",
    "SHUTDOWN_SENT",
    "SHUTDOWN_RECD",
    "SHUTDOWN_ACK_SENT",
    "HEARTBEAT_SENT",
    "HEARTBEAT_ACKED",
];

/// Protocols by the names that conntrack(8) prints (IPPROTO_* of linux/in.h).
pub const PROTOCOLS: [(u8, &str); 8] = [
    (1, "icmp"),
    (6, "tcp"),
    (17, "udp"),
    (33, "dccp"),
    (47, "gre"),
    (58, "icmpv6"),
    (132, "sctp"),
    (136, "udplite"),
];

/// An entry.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Entry {
    /// AF_INET or AF_INET6.
    pub family: u8,
    /// As the first packet was sent.
    pub original: Tuple,
    /// As an answer arrives; where it is not the original turned round, NAT is at work.
    pub reply: Tuple,
    /// Bits of [`STATUS`].
    pub status: u32,
    /// The state of a protocol that has states (TCP, SCTP).
    pub state: Option<&'static str>,
    /// Seconds until it is forgotten; an entry that is gone has none.
    pub timeout: Option<u32>,
    /// The mark, where the kernel has marks.
    pub mark: Option<u32>,
    /// The zone.
    pub zone: u16,
    /// What tells it from one with the same tuples that was there before.
    pub id: u32,
    /// The helper that reads along, such as `ftp`.
    pub helper: Option<String>,
}

/// One direction of a connection.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Tuple {
    /// The source address.
    pub src: Option<IpAddr>,
    /// The destination address.
    pub dst: Option<IpAddr>,
    /// The protocol, IPPROTO_*.
    pub protocol: u8,
    /// The source port.
    pub sport: Option<u16>,
    /// The destination port.
    pub dport: Option<u16>,
    /// ICMP and ICMPv6.
    pub icmp: Icmp,
    /// The zone of this direction, if it has one of its own.
    pub zone: Option<u16>,
    /// What was counted, if net.netfilter.nf_conntrack_acct was on when the entry was made.
    pub counters: Option<Counters>,
}

/// What tells ICMP messages apart.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Icmp {
    /// The type.
    pub kind: Option<u8>,
    /// The code.
    pub code: Option<u8>,
    /// The identifier of an echo.
    pub id: Option<u16>,
}

/// What went in one direction.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Counters {
    /// How many packets.
    pub packets: u64,
    /// How many bytes.
    pub bytes: u64,
}

impl Entry {
    /// The names of its status bits.
    pub fn status_names(&self) -> impl Iterator<Item = &'static str> + use<> {
        let status = self.status;
        let set = STATUS.iter().filter(move |(bit, _)| status & bit != 0);
        set.map(|(_, name)| *name)
    }

    /// What NAT does to the original direction: snat, dnat, both or nothing. The kernel sets these bits where the tuple
    /// was really changed (nf_nat_setup_info in net/netfilter/nf_nat_core.c).
    pub fn nat(&self) -> impl Iterator<Item = &'static str> + use<> {
        let status = self.status;
        let kinds = [(SRC_NAT, "snat"), (DST_NAT, "dnat")].into_iter();
        kinds
            .filter(move |(bit, _)| status & bit != 0)
            .map(|(_, name)| name)
    }
}

/// The name of a protocol, or its number.
pub fn protocol_name(number: u8) -> std::borrow::Cow<'static, str> {
    match PROTOCOLS.iter().find(|(known, _)| *known == number) {
        Some((_, name)) => (*name).into(),
        None => number.to_string().into(),
    }
}

/// The entries of a namespace that the filter lets through, in the kernel's order.
pub fn list(namespace: &Namespace, filter: &Filter) -> Result<Vec<Entry>> {
    let mut wanted = Attributes::new();
    // The kernel filters by family and by mark; of the rest, older kernels know nothing.
    if let Some((mark, mask)) = filter.mark {
        wanted.be32(CTA_MARK, mark).be32(CTA_MARK_MASK, mask);
    }
    let question = message(CT_GET, filter.family(), &wanted);
    let entries = namespace.netfilter()?.dump(question, |answer| {
        let entry = read(&answer)?;
        Ok(filter.matches(&entry).then_some(entry))
    });
    entries.map_err(without_conntrack)
}

/// How many entries a namespace has.
pub fn count(namespace: &Namespace) -> Result<u32> {
    let question = message(CT_GET_STATS, 0, &Attributes::new());
    let answer = namespace.netfilter()?.get(question);
    let answer = answer.map_err(without_conntrack)?;
    let attributes = answer.bytes.get(HEADER..).unwrap_or_default();
    match attributes::find(attributes, CTA_STATS_GLOBAL_ENTRIES) {
        Some(entries) => entries.be32(),
        None => Err(Error::Unreadable("statistics without a count".into())),
    }
}

/// A message of conntrack's: `struct nfgenmsg` (family, version, resource) and attributes.
pub fn message(kind: u16, family: u8, attributes: &Attributes) -> Message {
    let body = [&[family, 0, 0, 0], attributes.as_bytes()].concat();
    Message { kind, body }
}

/// A kernel without ctnetlink answers EINVAL, as it does to any subsystem that it has not (nfnetlink_rcv_msg in
/// net/netfilter/nfnetlink.c), and one without nfnetlink has no such socket.
pub(super) fn without_conntrack(error: Error) -> Error {
    match error {
        Error::Refused { errno, said: None }
            if [Errno::EINVAL, Errno::EPROTONOSUPPORT].contains(&errno) =>
        {
            let said = "this kernel tells nothing about tracked connections: CONFIG_NF_CT_NETLINK (module nf_conntrack_netlink)";
            let said = Some(said.into());
            Error::Refused { errno, said }
        }
        error => error,
    }
}

/// Reads an entry out of an answer or a notification.
pub fn read(answer: &Answer) -> Result<Entry> {
    let Some((header, attributes)) = answer.bytes.split_at_checked(HEADER) else {
        return Err(Error::Unreadable(
            "a netfilter message without its header".into(),
        ));
    };
    let mut entry = Entry {
        family: header[0],
        ..Entry::default()
    };
    for attribute in attributes::read(attributes) {
        let attribute = attribute?;
        match attribute.kind {
            CTA_TUPLE_ORIG => read_tuple(&attribute, &mut entry.original)?,
            CTA_TUPLE_REPLY => read_tuple(&attribute, &mut entry.reply)?,
            CTA_STATUS => entry.status = attribute.be32()?,
            CTA_PROTOINFO => entry.state = read_state(&attribute)?,
            CTA_HELP => {
                entry.helper =
                    attributes::find(attribute.value, CTA_HELP_NAME).map(|name| name.text());
            }
            CTA_TIMEOUT => entry.timeout = Some(attribute.be32()?),
            CTA_MARK => entry.mark = Some(attribute.be32()?),
            CTA_ZONE => entry.zone = attribute.be16()?,
            CTA_ID => entry.id = attribute.be32()?,
            CTA_COUNTERS_ORIG => entry.original.counters = Some(read_counters(&attribute)?),
            CTA_COUNTERS_REPLY => entry.reply.counters = Some(read_counters(&attribute)?),
            _ => {}
        }
    }
    Ok(entry)
}

fn read_tuple(attribute: &Attribute, tuple: &mut Tuple) -> Result<()> {
    for part in attribute.nested() {
        let part = part?;
        match part.kind {
            CTA_TUPLE_IP => {
                for address in part.nested() {
                    let address = address?;
                    match address.kind {
                        CTA_IP_V4_SRC | CTA_IP_V6_SRC => tuple.src = Some(address.ip()?),
                        CTA_IP_V4_DST | CTA_IP_V6_DST => tuple.dst = Some(address.ip()?),
                        _ => {}
                    }
                }
            }
            CTA_TUPLE_PROTO => read_protocol(&part, tuple)?,
            CTA_TUPLE_ZONE => tuple.zone = Some(part.be16()?),
            _ => {}
        }
    }
    Ok(())
}

fn read_protocol(attribute: &Attribute, tuple: &mut Tuple) -> Result<()> {
    for part in attribute.nested() {
        let part = part?;
        match part.kind {
            CTA_PROTO_NUM => tuple.protocol = part.u8()?,
            CTA_PROTO_SRC_PORT => tuple.sport = Some(part.be16()?),
            CTA_PROTO_DST_PORT => tuple.dport = Some(part.be16()?),
            CTA_PROTO_ICMP_ID | CTA_PROTO_ICMPV6_ID => tuple.icmp.id = Some(part.be16()?),
            CTA_PROTO_ICMP_TYPE | CTA_PROTO_ICMPV6_TYPE => tuple.icmp.kind = Some(part.u8()?),
            CTA_PROTO_ICMP_CODE | CTA_PROTO_ICMPV6_CODE => tuple.icmp.code = Some(part.u8()?),
            _ => {}
        }
    }
    Ok(())
}

fn read_state(attribute: &Attribute) -> Result<Option<&'static str>> {
    for info in attribute.nested() {
        let info = info?;
        let names: &[&str] = match info.kind {
            CTA_PROTOINFO_TCP => &TCP_STATES,
            CTA_PROTOINFO_SCTP => &SCTP_STATES,
            _ => continue,
        };
        if let Some(state) = attributes::find(info.value, CTA_PROTOINFO_STATE) {
            return Ok(names.get(usize::from(state.u8()?)).copied());
        }
    }
    Ok(None)
}

fn read_counters(attribute: &Attribute) -> Result<Counters> {
    let mut counters = Counters::default();
    for counter in attribute.nested() {
        let counter = counter?;
        match counter.kind {
            CTA_COUNTERS_PACKETS => counters.packets = counter.be64()?,
            CTA_COUNTERS_BYTES => counters.bytes = counter.be64()?,
            _ => {}
        }
    }
    Ok(counters)
}

/// The request that deletes this entry, and none that took its place meanwhile.
pub(super) fn deletion(entry: &Entry) -> Request {
    let mut wanted = Attributes::new();
    wanted.nest(CTA_TUPLE_ORIG, |tuple| write_tuple(&entry.original, tuple));
    wanted.be32(CTA_ID, entry.id);
    if entry.zone != 0 {
        wanted.be16(CTA_ZONE, entry.zone);
    }
    Request::new(message(CT_DELETE, entry.family, &wanted), 0)
}

fn write_tuple(tuple: &Tuple, attributes: &mut Attributes) {
    attributes.nest(CTA_TUPLE_IP, |ip| {
        let kinds = match tuple.src {
            Some(IpAddr::V6(_)) => (CTA_IP_V6_SRC, CTA_IP_V6_DST),
            _ => (CTA_IP_V4_SRC, CTA_IP_V4_DST),
        };
        let ends = [(kinds.0, tuple.src), (kinds.1, tuple.dst)];
        for (kind, address) in ends {
            if let Some(address) = address {
                ip.ip(kind, address);
            }
        }
    });
    attributes.nest(CTA_TUPLE_PROTO, |protocol| {
        protocol.u8(CTA_PROTO_NUM, tuple.protocol);
        let ports = [
            (CTA_PROTO_SRC_PORT, tuple.sport),
            (CTA_PROTO_DST_PORT, tuple.dport),
        ];
        for (kind, port) in ports {
            if let Some(port) = port {
                protocol.be16(kind, port);
            }
        }
        let [id, kind, code] = match tuple.src {
            Some(IpAddr::V6(_)) => [
                CTA_PROTO_ICMPV6_ID,
                CTA_PROTO_ICMPV6_TYPE,
                CTA_PROTO_ICMPV6_CODE,
            ],
            _ => [CTA_PROTO_ICMP_ID, CTA_PROTO_ICMP_TYPE, CTA_PROTO_ICMP_CODE],
        };
        if let Some(value) = tuple.icmp.id {
            protocol.be16(id, value);
        }
        for (attribute, value) in [(kind, tuple.icmp.kind), (code, tuple.icmp.code)] {
            if let Some(value) = value {
                protocol.u8(attribute, value);
            }
        }
    });
    if let Some(zone) = tuple.zone {
        attributes.be16(CTA_TUPLE_ZONE, zone);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kernel::change::Operation;
    use crate::kernel::conntrack_change::ConntrackDel;
    use proptest::prelude::*;

    /// A notification of a kernel 6.18: the first packet of a TCP connection whose destination was changed.
    fn notification() -> Answer<'static> {
        let mut attributes = Attributes::new();
        let tuple = |src: &str, dst: &str, sport, dport| Tuple {
            src: src.parse().ok(),
            dst: dst.parse().ok(),
            protocol: 6,
            sport: Some(sport),
            dport: Some(dport),
            ..Tuple::default()
        };
        attributes
            .nest(CTA_TUPLE_ORIG, |it| {
                write_tuple(&tuple("10.0.0.2", "10.0.0.1", 40000, 80), it)
            })
            .nest(CTA_TUPLE_REPLY, |it| {
                write_tuple(&tuple("10.1.0.2", "10.0.0.2", 8080, 40000), it)
            })
            .be32(CTA_STATUS, 0x1a8)
            .be32(CTA_TIMEOUT, 120)
            .be32(CTA_MARK, 5)
            .be32(CTA_ID, 77)
            .nest(CTA_PROTOINFO, |info| {
                info.nest(CTA_PROTOINFO_TCP, |tcp| {
                    tcp.u8(CTA_PROTOINFO_STATE, 1);
                });
            });
        Answer {
            kind: CT_NEW,
            flags: 0,
            sequence: 0,
            bytes: message(CT_NEW, 2, &attributes).body.into(),
        }
    }

    #[test]
    fn an_entry_is_read_and_told_as_conntrack_tells_it() {
        let entry = read(&notification()).expect("an entry");
        assert_eq!(entry.nat().collect::<Vec<_>>(), ["dnat"]);
        assert_eq!(
            entry.to_string(),
            "tcp      6 120 SYN_SENT src=10.0.0.2 dst=10.0.0.1 sport=40000 dport=80 [UNREPLIED] src=10.1.0.2 dst=10.0.0.2 sport=8080 dport=40000 mark=5"
        );
    }

    #[test]
    fn a_filter_chooses_by_each_of_its_parts() {
        let entry = read(&notification()).expect("an entry");
        let cidr = |text: &str| text.parse().ok();
        let fits = Filter {
            family: Some(2),
            protocol: Some(6),
            src: cidr("10.0.0.0/24"),
            dport: Some(80),
            reply_src: cidr("10.1.0.2/32"),
            state: Some("SYN_SENT".into()),
            status: DST_NAT,
            mark: Some((1, 1)),
            zone: Some(0),
            ..Filter::default()
        };
        assert!(fits.matches(&entry));
        let others = [
            Filter {
                family: Some(10),
                ..fits.clone()
            },
            Filter {
                protocol: Some(17),
                ..fits.clone()
            },
            Filter {
                src: cidr("10.0.1.0/24"),
                ..fits.clone()
            },
            Filter {
                dport: Some(81),
                ..fits.clone()
            },
            Filter {
                reply_src: cidr("10.1.0.3/32"),
                ..fits.clone()
            },
            Filter {
                state: Some("CLOSE".into()),
                ..fits.clone()
            },
            Filter {
                status: SRC_NAT,
                ..fits.clone()
            },
            Filter {
                mark: Some((2, 2)),
                ..fits.clone()
            },
            Filter {
                zone: Some(1),
                ..fits.clone()
            },
        ];
        for other in others {
            assert!(!other.matches(&entry), "{other:?}");
        }
        assert_eq!(
            ConntrackDel { filter: fits }.command().line(None),
            "conntrack -D -f ipv4 -p tcp -s 10.0.0.0/24 --dport 80 -r 10.1.0.2 --state SYN_SENT -u DST_NAT -m 0x1/0x1 -w 0"
        );
    }

    proptest! {
        #[test]
        fn no_bytes_are_a_panic(bytes: Vec<u8>) {
            let _ = read(&Answer { kind: CT_NEW, flags: 0, sequence: 0, bytes: bytes.into() });
        }

        #[test]
        fn a_damaged_entry_is_no_panic(place: prop::sample::Index, byte: u8) {
            let mut answer = notification();
            let place = place.index(answer.bytes.len());
            answer.bytes.to_mut()[place] = byte;
            if let Ok(entry) = read(&answer) {
                let _ = (entry.to_string(), deletion(&entry));
            }
        }
    }
}
