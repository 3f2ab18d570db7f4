//! Routes as the kernel tells them and as it is told them: RTM_NEWROUTE, RTM_DELROUTE, RTM_GETROUTE (rtnetlink(7),
//! `struct rtmsg` and `RTA_*` of linux/rtnetlink.h).
//!
//! Lists of them are in `route_filter`, making and removing them is in `route_change`, why they are refused in `route_fault`.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use super::cidr::Cidr;
use super::error::{Error, Result};
use super::netlink::Message;
use super::netlink::attributes::{self, Attribute, Attributes};
use super::route_metrics::Metrics;
use super::route_names::{kind, scope, table};

pub(super) const RTM_GETROUTE: u16 = 26;

/// AF_INET and AF_INET6 of linux/socket.h.
pub const AF_INET: u8 = 2;
/// See [`AF_INET`].
pub const AF_INET6: u8 = 10;

/// `struct rtmsg` is 12 bytes, `struct rtnexthop` 8.
const RTMSG: usize = 12;
const RTNEXTHOP: usize = 8;

const RTA_DST: u16 = 1;
const RTA_SRC: u16 = 2;
const RTA_IIF: u16 = 3;
pub(super) const RTA_OIF: u16 = 4;
const RTA_GATEWAY: u16 = 5;
const RTA_PRIORITY: u16 = 6;
const RTA_PREFSRC: u16 = 7;
const RTA_METRICS: u16 = 8;
const RTA_MULTIPATH: u16 = 9;
const RTA_FLOW: u16 = 11;
const RTA_CACHEINFO: u16 = 12;
pub(super) const RTA_TABLE: u16 = 15;
const RTA_MARK: u16 = 16;
const RTA_VIA: u16 = 18;
const RTA_PREF: u16 = 20;
const RTA_EXPIRES: u16 = 23;
const RTA_PAD: u16 = 24;
const RTA_UID: u16 = 25;
const RTA_NH_ID: u16 = 30;

/// `RTNH_F_ONLINK`.
pub const ONLINK: u32 = 4;

/// Flags by their names in `ip route`: `RTNH_F_*` and `RTM_F_*`.
const FLAGS: [(u32, &str); 8] = [
    (1, "dead"),
    (2, "pervasive"),
    (ONLINK, "onlink"),
    (8, "offload"),
    (16, "linkdown"),
    (32, "unresolved"),
    (64, "trap"),
    (0x100, "notify"),
];

/// The flags of these bits by their names in `ip route`.
pub fn flag_names(bits: u32) -> impl Iterator<Item = &'static str> {
    let set = FLAGS.iter().filter(move |(bit, _)| bits & bit != 0);
    set.map(|(_, name)| *name)
}

/// A route; `L` is how it names links: by index as the kernel does, or by name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Route<L> {
    /// Where it leads. The default route leads to a network of 0 bits.
    pub destination: Cidr,
    /// Only for packets from there (IPv6).
    pub from: Option<Cidr>,
    /// `RTN_*`: unicast, blackhole ...
    pub kind: u8,
    /// The table that it stands in.
    pub table: u32,
    /// Who made it: `RTPROT_*`.
    pub protocol: u8,
    /// How far it reaches.
    pub scope: u8,
    /// The type of service that it is for (IPv4); 0 is any.
    pub tos: u8,
    /// `RTNH_F_*` of the only hop, and `RTM_F_*`.
    pub flags: u32,
    /// The ways that it has: none, one, or several in turn.
    pub hops: Vec<Hop<L>>,
    /// The address that this machine speaks from.
    pub source: Option<IpAddr>,
    /// Of several routes the one with the lowest is taken.
    pub metric: Option<u32>,
    /// What connections over it are told.
    pub metrics: Metrics,
    /// What the router is worth (IPv6).
    pub preference: Option<u8>,
    /// Seconds until it goes (IPv6).
    pub expires: Option<u32>,
    /// The realms that it belongs to: from, and to.
    pub realms: Option<u32>,
    /// The nexthop object that says its ways, in place of hops of its own.
    pub nhid: Option<u32>,
    /// Where the packet of the question came in.
    pub iif: Option<L>,
    /// Whose packet was asked about.
    pub uid: Option<u32>,
    /// The mark of the packet that was asked about.
    pub mark: Option<u32>,
    /// Whether it has something that is not read here, such as an encapsulation.
    pub has_more: bool,
}

/// A way that a route has.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Hop<L> {
    /// The router; None where the destination is on the link itself. It may be of another family than the destination.
    pub via: Option<IpAddr>,
    /// The link.
    pub link: Option<L>,
    /// How much of the traffic it gets: 1 to 256 parts.
    pub weight: u32,
    /// `RTNH_F_*`.
    pub flags: u32,
}

impl<L> Hop<L> {
    /// A way over a router, a link, or both.
    pub fn new(via: Option<IpAddr>, link: Option<L>) -> Self {
        Hop {
            via,
            link,
            weight: 1,
            flags: 0,
        }
    }
}

impl<L> Route<L> {
    /// A route of which nothing is said but where it leads: what `ip route` takes it for then.
    pub fn to(destination: Cidr) -> Self {
        Route {
            destination,
            from: None,
            kind: kind::UNICAST,
            table: table::MAIN,
            protocol: super::route_names::BOOT,
            scope: scope::UNIVERSE,
            tos: 0,
            flags: 0,
            hops: Vec::new(),
            source: None,
            metric: None,
            metrics: Metrics::default(),
            preference: None,
            expires: None,
            realms: None,
            nhid: None,
            iif: None,
            uid: None,
            mark: None,
            has_more: false,
        }
    }

    /// Whether it is one of IPv4.
    pub fn is_ipv4(&self) -> bool {
        self.destination.address.is_ipv4()
    }

    /// The same route with its links named in another way.
    pub fn with_links<M, E>(
        self,
        mut name: impl FnMut(L) -> std::result::Result<M, E>,
    ) -> std::result::Result<Route<M>, E> {
        let mut hops = Vec::with_capacity(self.hops.len());
        for hop in self.hops {
            hops.push(Hop {
                via: hop.via,
                link: hop.link.map(&mut name).transpose()?,
                weight: hop.weight,
                flags: hop.flags,
            });
        }
        Ok(Route {
            hops,
            iif: self.iif.map(&mut name).transpose()?,
            destination: self.destination,
            from: self.from,
            kind: self.kind,
            table: self.table,
            protocol: self.protocol,
            scope: self.scope,
            tos: self.tos,
            flags: self.flags,
            source: self.source,
            metric: self.metric,
            metrics: self.metrics,
            preference: self.preference,
            expires: self.expires,
            realms: self.realms,
            nhid: self.nhid,
            uid: self.uid,
            mark: self.mark,
            has_more: self.has_more,
        })
    }
}

/// The table of a route of this type where none is named (ip/iproute.c, iproute_modify).
pub fn usual_table(kind: u8) -> u32 {
    match kind {
        kind::LOCAL | kind::BROADCAST | kind::ANYCAST => table::LOCAL,
        _ => table::MAIN,
    }
}

/// How far a new route reaches where nothing is said (ip/iproute.c, iproute_modify).
pub fn usual_scope<L>(route: &Route<L>) -> u8 {
    let has_router = route.hops.len() > 1 || route.hops.iter().any(|hop| hop.via.is_some());
    match route.kind {
        _ if !route.is_ipv4() => scope::UNIVERSE,
        kind::LOCAL => scope::HOST,
        kind::BROADCAST | kind::MULTICAST | kind::ANYCAST => scope::LINK,
        kind::UNICAST if !has_router => scope::LINK,
        _ => scope::UNIVERSE,
    }
}

impl Route<u32> {
    /// The message that says it.
    pub fn message(&self, kind: u16) -> Message {
        let mut body = Vec::with_capacity(96);
        body.extend([
            if self.is_ipv4() { AF_INET } else { AF_INET6 },
            self.destination.prefix,
            self.from.map_or(0, |from| from.prefix),
            self.tos,
            // Numbers that do not fit stand in RTA_TABLE alone.
            u8::try_from(self.table).unwrap_or(0),
            self.protocol,
            self.scope,
            self.kind,
        ]);
        // The kernel tells the ways of a nexthop object too, and takes only the one or the other.
        let hops: &[Hop<u32>] = if self.nhid.is_some() { &[] } else { &self.hops };
        let alone = hops.first().filter(|_| hops.len() == 1);
        let flags = self.flags | alone.map_or(0, |hop| hop.flags);
        body.extend(flags.to_ne_bytes());
        let mut attributes = Attributes::new();
        if self.destination.prefix > 0 {
            attributes.ip(RTA_DST, self.destination.address);
        }
        if let Some(from) = self.from {
            attributes.ip(RTA_SRC, from.address);
        }
        match alone {
            Some(hop) => {
                self.write_router(hop, &mut attributes);
                if let Some(link) = hop.link {
                    attributes.u32(RTA_OIF, link);
                }
            }
            None if !hops.is_empty() => {
                attributes.put(RTA_MULTIPATH, &self.multipath());
            }
            None => {}
        }
        self.write_rest(&mut attributes);
        body.extend(attributes.as_bytes());
        Message { kind, body }
    }

    fn write_rest(&self, attributes: &mut Attributes) {
        if let Some(source) = self.source {
            attributes.ip(RTA_PREFSRC, source);
        }
        let numbers = [
            (RTA_IIF, self.iif),
            (RTA_PRIORITY, self.metric),
            (RTA_EXPIRES, self.expires),
            (RTA_FLOW, self.realms),
            (RTA_NH_ID, self.nhid),
            (RTA_UID, self.uid),
            (RTA_MARK, self.mark),
        ];
        for (kind, number) in numbers {
            if let Some(number) = number {
                attributes.u32(kind, number);
            }
        }
        if let Some(preference) = self.preference {
            attributes.u8(RTA_PREF, preference);
        }
        if u8::try_from(self.table).is_err() {
            attributes.u32(RTA_TABLE, self.table);
        }
        if !self.metrics.is_empty() {
            attributes.nest(RTA_METRICS, |nest| self.metrics.write(nest));
        }
    }

    /// The router of a hop: `RTA_GATEWAY`, or `RTA_VIA` where it is of another family (`struct rtvia`).
    fn write_router(&self, hop: &Hop<u32>, attributes: &mut Attributes) {
        match hop.via {
            None => {}
            Some(via) if via.is_ipv4() == self.is_ipv4() => {
                attributes.ip(RTA_GATEWAY, via);
            }
            Some(via) => {
                let family = if via.is_ipv4() { AF_INET } else { AF_INET6 };
                let mut value = u16::from(family).to_ne_bytes().to_vec();
                match via {
                    IpAddr::V4(ip) => value.extend(ip.octets()),
                    IpAddr::V6(ip) => value.extend(ip.octets()),
                }
                attributes.put(RTA_VIA, &value);
            }
        }
    }

    /// Each hop as a `struct rtnexthop` and its attributes.
    fn multipath(&self) -> Vec<u8> {
        let mut bytes = Vec::new();
        for hop in &self.hops {
            let mut attributes = Attributes::new();
            self.write_router(hop, &mut attributes);
            let length = RTNEXTHOP + attributes.as_bytes().len();
            bytes.extend(u16::try_from(length).unwrap_or(u16::MAX).to_ne_bytes());
            bytes.push(u8::try_from(hop.flags & 0xff).unwrap_or(0));
            bytes.push(u8::try_from(hop.weight.saturating_sub(1)).unwrap_or(u8::MAX));
            bytes.extend(hop.link.unwrap_or(0).to_ne_bytes());
            bytes.extend(attributes.as_bytes());
        }
        bytes
    }

    /// Reads a `struct rtmsg` and what follows it; None for routes of other families.
    pub fn read(bytes: &[u8]) -> Result<Option<Self>> {
        let Some((header, attributes)) = bytes.split_first_chunk::<RTMSG>() else {
            return Err(Error::Unreadable("a route without its header".into()));
        };
        let [
            family,
            to_bits,
            from_bits,
            tos,
            table,
            protocol,
            scope,
            kind,
            flags @ ..,
        ] = *header;
        let Some(nowhere) = unspecified(family) else {
            return Ok(None);
        };
        let network = |address| Cidr {
            address,
            prefix: to_bits,
        };
        let mut route = Route {
            table: table.into(),
            protocol,
            scope,
            kind,
            tos,
            flags: u32::from_ne_bytes(flags),
            ..Route::to(network(nowhere))
        };
        let mut hop = Hop::new(None, None);
        for attribute in attributes::read(attributes) {
            let attribute = attribute?;
            match attribute.kind {
                RTA_DST => route.destination = network(attribute.ip()?),
                RTA_SRC => {
                    route.from = Some(Cidr {
                        address: attribute.ip()?,
                        prefix: from_bits,
                    });
                }
                RTA_OIF => hop.link = Some(attribute.u32()?),
                RTA_GATEWAY => hop.via = Some(attribute.ip()?),
                RTA_VIA => hop.via = via(attribute)?,
                RTA_MULTIPATH => route.hops = read_multipath(attribute.value)?,
                _ => route.read_rest(attribute)?,
            }
        }
        if hop.link.is_some() || hop.via.is_some() {
            hop.flags = route.flags;
            route.hops = vec![hop];
        }
        Ok(Some(route))
    }

    fn read_rest(&mut self, attribute: Attribute) -> Result<()> {
        match attribute.kind {
            RTA_PRIORITY => self.metric = Some(attribute.u32()?),
            RTA_TABLE => self.table = attribute.u32()?,
            RTA_PREFSRC => self.source = Some(attribute.ip()?),
            RTA_PREF => self.preference = Some(attribute.u8()?),
            RTA_METRICS => self.metrics = Metrics::read(attribute)?,
            RTA_FLOW => self.realms = Some(attribute.u32()?),
            RTA_NH_ID => self.nhid = Some(attribute.u32()?),
            RTA_IIF => self.iif = Some(attribute.u32()?),
            RTA_UID => self.uid = Some(attribute.u32()?),
            RTA_MARK => self.mark = Some(attribute.u32()?),
            RTA_CACHEINFO => self.expires = expires(attribute.value),
            RTA_PAD => {}
            _ => self.has_more = true,
        }
        Ok(())
    }
}

fn unspecified(family: u8) -> Option<IpAddr> {
    match family {
        AF_INET => Some(Ipv4Addr::UNSPECIFIED.into()),
        AF_INET6 => Some(Ipv6Addr::UNSPECIFIED.into()),
        _ => None,
    }
}

/// `struct rtvia`: a family and an address.
fn via(attribute: Attribute) -> Result<Option<IpAddr>> {
    let value = attribute.value.get(2..).unwrap_or_default();
    let address = Attribute { value, ..attribute };
    address.ip().map(Some)
}

/// `rta_expires` of `struct rta_cacheinfo`, in hundredths of a second (USER_HZ); 0 is never.
fn expires(value: &[u8]) -> Option<u32> {
    let ticks = value.get(8..)?.first_chunk::<4>()?;
    let seconds = i32::from_ne_bytes(*ticks) / 100;
    u32::try_from(seconds).ok().filter(|seconds| *seconds > 0)
}

fn read_multipath(mut bytes: &[u8]) -> Result<Vec<Hop<u32>>> {
    let mut hops = Vec::new();
    while let Some(&[l0, l1, flags, weight, i0, i1, i2, i3]) = bytes.first_chunk::<RTNEXTHOP>() {
        let length = usize::from(u16::from_ne_bytes([l0, l1]));
        let Some(inside) = bytes.get(RTNEXTHOP..length) else {
            return Err(Error::Unreadable("a next hop that is cut off".into()));
        };
        let mut hop = Hop {
            via: None,
            link: Some(u32::from_ne_bytes([i0, i1, i2, i3])),
            weight: u32::from(weight) + 1,
            flags: flags.into(),
        };
        for attribute in attributes::read(inside) {
            let attribute = attribute?;
            match attribute.kind {
                RTA_GATEWAY => hop.via = Some(attribute.ip()?),
                RTA_VIA => hop.via = via(attribute)?,
                _ => {}
            }
        }
        hops.push(hop);
        bytes = bytes.get(length.next_multiple_of(4)..).unwrap_or_default();
    }
    Ok(hops)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn cidr(text: &str) -> Cidr {
        text.parse().expect(text)
    }

    #[test]
    fn what_is_written_is_read() {
        let mut route = Route {
            table: 1000,
            metric: Some(7),
            source: "10.0.0.1".parse().ok(),
            hops: vec![
                Hop {
                    weight: 3,
                    ..Hop::new("10.0.0.9".parse().ok(), Some(4))
                },
                Hop::new("fe80::1".parse().ok(), Some(5)),
            ],
            ..Route::to(cidr("10.1.0.0/16"))
        };
        let body = |route: &Route<u32>| route.message(24).body;
        assert_eq!(Route::read(&body(&route)), Ok(Some(route.clone())));
        route.hops.truncate(1);
        route.hops[0].weight = 1;
        assert_eq!(Route::read(&body(&route)), Ok(Some(route.clone())));
        route.hops = vec![Hop::new("fe80::1".parse().ok(), Some(5))];
        route.realms = Some(0x3_0005);
        assert_eq!(Route::read(&body(&route)), Ok(Some(route.clone())));
        // Ways are a nexthop object's or the route's own.
        route.nhid = Some(9);
        let hops = std::mem::take(&mut route.hops);
        assert_eq!(Route::read(&body(&route)), Ok(Some(route.clone())));
        let told = body(&route);
        route.hops = hops;
        assert_eq!(body(&route), told);
    }

    proptest! {
        #[test]
        fn no_bytes_are_a_panic(family in prop_oneof![Just(2u8), Just(10), any::<u8>()], mut bytes: Vec<u8>) {
            if let Some(first) = bytes.first_mut() {
                *first = family;
            }
            let _ = Route::read(&bytes);
            let _ = read_multipath(&bytes);
        }
    }
}
