//! Actions that change a packet or its way beyond the ones of [`super::action`]: csum, nat, ct, connmark, tunnel_key and sample, in
//! tc's own words (tc-csum(8) and so on, linux/tc_act/*.h). Each may end in the verdict that it leads to.

use std::net::{IpAddr, Ipv4Addr};

use crate::kernel::error::Result;
use crate::kernel::netlink::attributes::{self, Attributes};
use crate::kernel::options::Width;
use crate::kernel::qdisc::bytes::{Fields, words};

/// One of these actions.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Extra {
    /// csum: checksums made anew: TCA_CSUM_UPDATE_FLAG_*.
    Csum(u32),
    /// nat: addresses exchanged without connection tracking.
    Nat {
        /// Of what goes out.
        egress: bool,
        /// The addresses that there were.
        old: Ipv4Addr,
        /// How many bits of them are the network's.
        prefix: u8,
        /// Those that there will be.
        new: Ipv4Addr,
    },
    /// connmark: the mark of the connection put on the packet.
    Connmark(u16),
    /// sample: one packet of so many handed to psample.
    Sample {
        /// Of how many.
        rate: u32,
        /// The group of psample.
        group: u32,
        /// How many bytes of it.
        trunc: Option<u32>,
    },
    /// ct: the packet shown to connection tracking.
    Ct {
        /// TCA_CT_ACT_*.
        what: u16,
        /// The zone.
        zone: Option<u16>,
        /// The mark of the connection, and its mask.
        mark: Option<(u32, u32)>,
    },
    /// tunnel_key: what the outer header is to be; None takes it away.
    Tunnel(Option<Tunnel>),
}

/// The outer header of a tunnel.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Tunnel {
    /// The sender.
    pub source: IpAddr,
    /// The receiver.
    pub destination: IpAddr,
    /// The id, such as a VNI.
    pub id: Option<u32>,
    /// The port.
    pub port: Option<u16>,
    /// Whether the outer header goes without a checksum.
    pub nocsum: bool,
    /// The type of service.
    pub tos: Option<u8>,
    /// The hops.
    pub ttl: Option<u8>,
}

/// The kinds.
pub const KINDS: [&str; 6] = ["connmark", "csum", "ct", "nat", "sample", "tunnel_key"];

/// The verdict of an action that ends in none: with tc that of csum and nat is to pass, that of the others the next action.
pub fn usual_verdict(kind: &str) -> i32 {
    match kind {
        "csum" | "nat" => 0,
        _ => 3,
    }
}

/// TCA_CSUM_UPDATE_FLAG_* by tc's words, some of which are two for one.
const CHECKSUMS: [(&str, u32); 9] = [
    ("iph", 1),
    ("icmp", 2),
    ("igmp", 4),
    ("tcp", 8),
    ("udp", 16),
    ("udplite", 32),
    ("sctp", 64),
    ("ip", 1),
    ("ip4h", 1),
];

/// TCA_CT_ACT_*.
const COMMIT: u16 = 1;
const FORCE: u16 = 2;
const CLEAR: u16 = 4;

const TCA_NAT_FLAG_EGRESS: u32 = 1;
const SET: u32 = 1;
const RELEASE: u32 = 2;

impl Extra {
    /// The name of the kernel's own that does it.
    pub fn kind(&self) -> &'static str {
        match self {
            Extra::Connmark(_) => "connmark",
            Extra::Csum(_) => "csum",
            Extra::Ct { .. } => "ct",
            Extra::Nat { .. } => "nat",
            Extra::Sample { .. } => "sample",
            Extra::Tunnel(_) => "tunnel_key",
        }
    }

    /// Reads what follows the kind.
    pub fn parse(kind: &str, words: &[&str]) -> std::result::Result<Extra, String> {
        let wrong = |wants: &str| format!("{kind} wants {wants}, not {:?}", words.join(" "));
        match kind {
            "csum" => checksums(words).ok_or_else(|| {
                wrong("what to count anew, such as \"ip and tcp\" (iph, icmp, igmp, tcp, udp, udplite, sctp)")
            }),
            "nat" => nat(words).ok_or_else(|| wrong("\"ingress OLD NEW\" or \"egress OLD NEW\"")),
            "connmark" => connmark(words).ok_or_else(|| wrong("nothing, or \"zone N\"")),
            "sample" => sample(words).ok_or_else(|| wrong("\"rate N group N\", and maybe \"trunc N\"")),
            "ct" if words.contains(&"nat") => Err("ct with nat is more than netsh says; nat without connection tracking is \"nat egress OLD NEW\", and nft does the other".into()),
            "ct" => ct(words).ok_or_else(|| {
                wrong("\"clear\", or \"commit\", \"force\", \"zone N\" and \"mark N/MASK\"")
            }),
            _ => tunnel(words).ok_or_else(|| {
                wrong("\"unset\", or \"set src_ip A dst_ip B\" and maybe id, dst_port, tos, ttl, nocsum")
            }),
        }
    }

    /// What follows the kind, in tc's words.
    pub fn words(&self) -> String {
        let mut words = Vec::new();
        match self {
            Extra::Csum(flags) => {
                let set = CHECKSUMS.iter().take(7).filter(|(_, bit)| flags & bit != 0);
                let names: Vec<&str> = set.map(|(name, _)| *name).collect();
                words.push(names.join(" and "));
            }
            Extra::Nat {
                egress,
                old,
                prefix,
                new,
            } => {
                let side = if *egress { "egress" } else { "ingress" };
                words.push(format!("{side} {old}/{prefix} {new}"));
            }
            Extra::Connmark(0) => {}
            Extra::Connmark(zone) => words.push(format!("zone {zone}")),
            Extra::Sample { rate, group, trunc } => {
                words.push(format!("rate {rate} group {group}"));
                words.extend(trunc.map(|bytes| format!("trunc {bytes}")));
            }
            Extra::Ct { what, zone, mark } => {
                let flags = [(COMMIT, "commit"), (FORCE, "force"), (CLEAR, "clear")];
                let set = flags.iter().filter(|(bit, _)| what & bit != 0);
                words.extend(set.map(|(_, name)| (*name).to_owned()));
                words.extend(zone.map(|zone| format!("zone {zone}")));
                words.extend(mark.map(|(mark, mask)| format!("mark {mark:#x}/{mask:#x}")));
            }
            Extra::Tunnel(None) => words.push("unset".into()),
            Extra::Tunnel(Some(tunnel)) => {
                let Tunnel {
                    source,
                    destination,
                    ..
                } = tunnel;
                words.push(format!("set src_ip {source} dst_ip {destination}"));
                words.extend(tunnel.id.map(|id| format!("id {id}")));
                words.extend(tunnel.port.map(|port| format!("dst_port {port}")));
                words.extend(tunnel.nocsum.then(|| "nocsum".to_owned()));
                words.extend(tunnel.tos.map(|tos| format!("tos {tos:#x}")));
                words.extend(tunnel.ttl.map(|ttl| format!("ttl {ttl}")));
            }
        }
        words.join(" ")
    }

    /// Writes the attributes; `begin` is the `struct tc_gact` with which all parameters begin.
    pub fn write(&self, begin: Vec<u8>, inner: &mut Attributes) {
        let with = |rest: Vec<u8>| [begin.clone(), rest].concat();
        match self {
            Extra::Csum(flags) => drop(inner.put(1, &with(words([*flags])))),
            Extra::Connmark(zone) => {
                // The struct is filled up to 4 bytes.
                let zone = [zone.to_ne_bytes(), [0, 0]].concat();
                inner.put(1, &with(zone));
            }
            Extra::Nat {
                egress,
                old,
                prefix,
                new,
            } => {
                let mask = u32::MAX
                    .checked_shl(32 - u32::from(*prefix))
                    .unwrap_or(0)
                    .to_be_bytes();
                let flags = if *egress { TCA_NAT_FLAG_EGRESS } else { 0 };
                let rest = [old.octets(), new.octets(), mask, flags.to_ne_bytes()].concat();
                inner.put(1, &with(rest));
            }
            Extra::Sample { rate, group, trunc } => {
                inner.put(2, &begin).u32(3, *rate).u32(5, *group);
                if let Some(bytes) = trunc {
                    inner.u32(4, *bytes);
                }
            }
            Extra::Ct { what, zone, mark } => {
                if let Some(zone) = zone {
                    inner.u16(4, *zone);
                }
                if let Some((mark, mask)) = mark {
                    inner.u32(5, *mark).u32(6, *mask);
                }
                inner.u16(3, *what).put(1, &begin);
            }
            Extra::Tunnel(None) => {
                inner.u8(10, 0).put(2, &with(words([RELEASE])));
            }
            Extra::Tunnel(Some(tunnel)) => {
                let kinds = |address: IpAddr| if address.is_ipv4() { (3, 4) } else { (5, 6) };
                inner.ip(kinds(tunnel.source).0, tunnel.source);
                inner.ip(kinds(tunnel.destination).1, tunnel.destination);
                if let Some(id) = tunnel.id {
                    inner.put(7, &id.to_be_bytes());
                }
                if let Some(port) = tunnel.port {
                    inner.be16(9, port);
                }
                for (kind, byte) in [(12, tunnel.tos), (13, tunnel.ttl)] {
                    if let Some(byte) = byte {
                        inner.u8(kind, byte);
                    }
                }
                inner.u8(10, tunnel.nocsum.into());
                inner.put(2, &with(words([SET])));
            }
        }
    }

    /// Reads one; None if it has more than these words say.
    pub fn read(kind: &str, options: &[u8]) -> Result<Option<(Extra, i32)>> {
        let find = |number| attributes::find(options, number);
        let parameters = find(if ["sample", "tunnel_key"].contains(&kind) {
            2
        } else {
            1
        });
        let Some(parameters) = parameters else {
            return Ok(None);
        };
        let mut fields = Fields::of("tc_gact", parameters.value);
        let _index_and_capab: [u8; 8] = fields.bytes()?;
        let verdict = fields.i32()?;
        let _references: [u8; 8] = fields.bytes()?;
        let number = |kind, width: Width| find(kind).and_then(|one| width.number(one.value));
        let u32 = |kind| number(kind, Width::U32).and_then(|number| u32::try_from(number).ok());
        let u16 = |kind| number(kind, Width::U16).and_then(|number| u16::try_from(number).ok());
        let u8 = |kind| number(kind, Width::U8).and_then(|number| u8::try_from(number).ok());
        let extra = match kind {
            "csum" => Extra::Csum(fields.u32()?),
            "connmark" => Extra::Connmark(fields.u16()?),
            "nat" => {
                let (old, new, mask): ([u8; 4], [u8; 4], [u8; 4]) =
                    (fields.bytes()?, fields.bytes()?, fields.bytes()?);
                let ones = u32::from_be_bytes(mask).leading_ones();
                Extra::Nat {
                    egress: fields.u32()? & TCA_NAT_FLAG_EGRESS != 0,
                    old: old.into(),
                    prefix: u8::try_from(ones).unwrap_or(32),
                    new: new.into(),
                }
            }
            "sample" => Extra::Sample {
                rate: u32(3).unwrap_or(0),
                group: u32(5).unwrap_or(0),
                trunc: u32(4).filter(|bytes| *bytes != 0),
            },
            "ct" => {
                let what = u16(3).unwrap_or(0);
                let has_label =
                    find(8).is_some_and(|mask| mask.value.iter().any(|byte| *byte != 0));
                // Addresses and ports of nat, the helper and the label are more.
                if what & !(COMMIT | FORCE | CLEAR) != 0 || has_label || find(15).is_some() {
                    return Ok(None);
                }
                let mark = u32(5).zip(u32(6)).filter(|(_, mask)| *mask != 0);
                Extra::Ct {
                    what,
                    zone: u16(4).filter(|zone| *zone != 0),
                    mark,
                }
            }
            "tunnel_key" if fields.u32()? == RELEASE => Extra::Tunnel(None),
            "tunnel_key" => {
                let address = |kinds: [u16; 2]| kinds.into_iter().find_map(find);
                let (Some(source), Some(destination)) = (address([3, 5]), address([4, 6])) else {
                    return Ok(None);
                };
                // TCA_TUNNEL_KEY_ENC_OPTS is more.
                if find(11).is_some() {
                    return Ok(None);
                }
                let be = |kind, width: Width| number(kind, width);
                Extra::Tunnel(Some(Tunnel {
                    source: source.ip()?,
                    destination: destination.ip()?,
                    id: be(7, Width::Be32).and_then(|id| u32::try_from(id).ok()),
                    port: be(9, Width::Be16)
                        .and_then(|port| u16::try_from(port).ok())
                        .filter(|port| *port != 0),
                    nocsum: u8(10).unwrap_or(0) != 0,
                    tos: u8(12).filter(|tos| *tos != 0),
                    ttl: u8(13).filter(|ttl| *ttl != 0),
                }))
            }
            _ => return Ok(None),
        };
        Ok(Some((extra, verdict)))
    }
}

fn number(text: &str) -> Option<u32> {
    match text.strip_prefix("0x") {
        Some(digits) => u32::from_str_radix(digits, 16).ok(),
        None => text.parse().ok(),
    }
}

fn checksums(words: &[&str]) -> Option<Extra> {
    let mut flags = 0;
    for word in words
        .iter()
        .filter(|word| !["and", "or", "+"].contains(word))
    {
        let (_, bit) = CHECKSUMS.iter().find(|(name, _)| name == word)?;
        flags |= bit;
    }
    (flags != 0).then_some(Extra::Csum(flags))
}

fn nat(words: &[&str]) -> Option<Extra> {
    let [side @ ("ingress" | "egress"), old, new] = words else {
        return None;
    };
    let (old, prefix) = old.split_once('/').unwrap_or((old, "32"));
    Some(Extra::Nat {
        egress: *side == "egress",
        old: old.parse().ok()?,
        prefix: prefix.parse().ok().filter(|bits| *bits <= 32)?,
        new: new.parse().ok()?,
    })
}

fn connmark(words: &[&str]) -> Option<Extra> {
    match words {
        [] => Some(Extra::Connmark(0)),
        ["zone", zone] => zone.parse().ok().map(Extra::Connmark),
        _ => None,
    }
}

fn sample(words: &[&str]) -> Option<Extra> {
    let (pairs, []) = words.as_chunks::<2>() else {
        return None;
    };
    let (mut rate, mut group, mut trunc) = (None, None, None);
    for [key, value] in pairs {
        match *key {
            "rate" => rate = Some(number(value)?),
            "group" => group = Some(number(value)?),
            "trunc" => trunc = Some(number(value)?),
            _ => return None,
        }
    }
    Some(Extra::Sample {
        rate: rate?,
        group: group?,
        trunc,
    })
}

fn ct(words: &[&str]) -> Option<Extra> {
    let (mut what, mut zone, mut mark) = (0, None, None);
    let mut rest = words;
    loop {
        rest = match rest {
            [] => break,
            ["commit", rest @ ..] => {
                what |= COMMIT;
                rest
            }
            ["force", rest @ ..] => {
                what |= FORCE;
                rest
            }
            ["clear", rest @ ..] => {
                what |= CLEAR;
                rest
            }
            ["zone", text, rest @ ..] => {
                zone = Some(text.parse().ok()?);
                rest
            }
            ["mark", text, rest @ ..] => {
                let (value, mask) = text.split_once('/').unwrap_or((text, "0xffffffff"));
                mark = Some((number(value)?, number(mask)?));
                rest
            }
            _ => return None,
        };
    }
    Some(Extra::Ct { what, zone, mark })
}

fn tunnel(words: &[&str]) -> Option<Extra> {
    let rest = match words {
        ["unset"] => return Some(Extra::Tunnel(None)),
        ["set", rest @ ..] => rest,
        _ => return None,
    };
    let (mut source, mut destination) = (None, None);
    let (mut id, mut port, mut nocsum, mut tos, mut ttl) = (None, None, false, None, None);
    let byte = |text: &str| number(text).and_then(|number| u8::try_from(number).ok());
    let mut rest = rest;
    loop {
        rest = match rest {
            [] => break,
            ["csum", rest @ ..] => {
                nocsum = false;
                rest
            }
            ["nocsum", rest @ ..] => {
                nocsum = true;
                rest
            }
            [key, value, rest @ ..] => {
                match *key {
                    "src_ip" => source = Some(value.parse().ok()?),
                    "dst_ip" => destination = Some(value.parse().ok()?),
                    "id" => id = Some(number(value)?),
                    "dst_port" => port = Some(value.parse().ok()?),
                    "tos" => tos = Some(byte(value)?),
                    "ttl" => ttl = Some(byte(value)?),
                    _ => return None,
                }
                rest
            }
            _ => return None,
        };
    }
    let (source, destination): (IpAddr, IpAddr) = (source?, destination?);
    (source.is_ipv4() == destination.is_ipv4()).then_some(Extra::Tunnel(Some(Tunnel {
        source,
        destination,
        id,
        port,
        nocsum,
        tos,
        ttl,
    })))
}
