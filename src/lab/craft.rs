//! What a crafted packet lacks for the link that it is to leave by: the header of the link, the source, the hardware address of the
//! next hop. The kernel's own routes and neighbours say what it is, as for a packet of its own.

use std::net::{IpAddr, Ipv4Addr};
use std::rc::Rc;
use std::time::{Duration, Instant};

use nix::errno::Errno;

use crate::kernel::error::errno_words;
use crate::kernel::link::Link;
use crate::kernel::mac::Mac;
use crate::kernel::ndmsg::nud;
use crate::kernel::neigh::{self, Neighbour};
use crate::kernel::netns::Namespace;
use crate::kernel::route::Route;
use crate::kernel::route_names::kind;
use crate::kernel::route_question::{self, Question};
use crate::kernel::wait::Waiter;
use crate::packet::layers::{self, Layer, Packet, Unencodable, Value};

use super::Lab;
use super::failure::{Failure, Outcome};

/// How long the kernel may look for a neighbour: it asks three times, a second apart (arp(7)).
const PATIENCE: Duration = Duration::from_secs(5);

/// From one look at what it has found to the next.
const GLIMPSE: Duration = Duration::from_millis(2);

/// States in which a neighbour has an address that can be used (NUD_VALID of net/neighbour.h).
const KNOWN: u16 =
    nud::REACHABLE | nud::STALE | nud::DELAY | nud::PROBE | nud::PERMANENT | nud::NOARP;

const BROADCAST: [u8; 6] = [0xff; 6];
/// All bridges (IEEE 802.1D, 7.12.3).
const BRIDGES: [u8; 6] = [0x01, 0x80, 0xc2, 0, 0, 0];

/// A link at which packets are completed.
pub(super) struct Crafting<'a> {
    pub lab: &'a Lab,
    pub namespace: Rc<Namespace>,
    pub link: &'a Link,
    pub waiter: &'a dyn Waiter,
}

impl Crafting<'_> {
    /// The bytes of a packet, whose headers are completed.
    pub fn bytes_of(&self, mut packet: Packet) -> Outcome<Vec<u8>> {
        self.begin(&mut packet)?;
        self.complete_arp(&mut packet)?;
        self.complete_ip(&mut packet)?;
        layers::encode(&packet).map_err(|Unencodable { place, words }| {
            let message = format!("cannot encode the packet: {place}: {words}");
            Failure::new(message).about(place).blame("packet")
        })
    }

    /// Lets it begin with what the packets of the link begin with.
    fn begin(&self, packet: &mut Packet) -> Outcome<()> {
        let name = &self.link.name;
        let first = packet.layers.first().map(|layer| layer.kind.name);
        match (self.link.is_ethernet(), first) {
            (true, Some("ether")) | (false, Some("ip" | "ip6")) => {}
            (true, Some("vlan" | "cvlan" | "llc" | "arp" | "ip" | "ip6")) => {
                let ether = layers::kind("ether").map(Layer::new);
                packet.layers.splice(0..0, ether);
            }
            (false, Some(first @ ("ether" | "vlan" | "cvlan" | "llc" | "arp"))) => {
                let words = format!("{name} has no Ethernet: nothing with {first} goes out of it");
                let hint = "its packets begin with ip or ip6";
                return Err(self.wrong(words).hint(hint));
            }
            (_, None) => {
                let words = "the packet has no headers";
                let hint = "bytes by themselves are sent as a blob, or as a string of hex digits";
                return Err(self.wrong(words).hint(hint));
            }
            (_, Some(first)) => {
                let words = format!("nothing on a link begins with {first}");
                let hint = "it is carried by ip or ip6, which has to be in the map too";
                return Err(self.wrong(words).hint(hint));
            }
        }
        let (is_stp, own) = (header(packet, "stp").is_some(), self.own_mac());
        if let Some(ether) = header(packet, "ether") {
            fill(ether, "saddr", Value::Mac(own));
            if is_stp {
                fill(ether, "daddr", Value::Mac(BRIDGES));
            }
        }
        Ok(())
    }

    /// A question goes to all, an answer to whom it answers.
    fn complete_arp(&self, packet: &mut Packet) -> Outcome<()> {
        let own = self.own_mac();
        let Some(arp) = header(packet, "arp") else {
            return Ok(());
        };
        fill(arp, "saddr_ether", Value::Mac(own));
        let asked = arp.get("daddr_ip").cloned();
        if let (None, Some(Value::Ip(asked))) = (arp.get("saddr_ip"), asked) {
            let source = self.source_for(asked, "arp: #{ saddr_ip: \"0.0.0.0\" }")?;
            if let Some(arp) = header(packet, "arp") {
                fill(arp, "saddr_ip", Value::Ip(source));
            }
        }
        let Some(arp) = header(packet, "arp") else {
            return Ok(());
        };
        let to = match (arp.get("operation"), arp.get("daddr_ether")) {
            (Some(Value::Number(1)), _) => BROADCAST,
            (_, Some(Value::Mac(mac))) if *mac != [0; 6] => *mac,
            _ => BROADCAST,
        };
        if let Some(ether) = header(packet, "ether") {
            fill(ether, "daddr", Value::Mac(to));
        }
        Ok(())
    }

    /// The source of the outermost packet of IP, and the hardware address of its next hop.
    fn complete_ip(&self, packet: &mut Packet) -> Outcome<()> {
        let is_tagged = header(packet, "vlan").is_some();
        let version = match header(packet, "ip") {
            Some(_) => "ip",
            None => "ip6",
        };
        let Some(ip) = header(packet, version) else {
            return Ok(());
        };
        let Some(Value::Ip(to)) = ip.get("daddr").cloned() else {
            return Ok(());
        };
        if ip.get("saddr").is_none() {
            let without = match to {
                IpAddr::V4(_) => "ip: #{ saddr: \"10.0.0.1\", ... }",
                IpAddr::V6(_) => "ip6: #{ saddr: \"fd00::1\", ... }",
            };
            let source = self.source_for(to, without)?;
            fill(ip, "saddr", Value::Ip(source));
        }
        let lacks_mac = |ether: &&mut Layer| ether.get("daddr").is_none();
        if header(packet, "ether").as_ref().is_some_and(lacks_mac) {
            let mac = self.mac_for(to, is_tagged)?;
            if let Some(ether) = header(packet, "ether") {
                fill(ether, "daddr", Value::Mac(mac));
            }
        }
        Ok(())
    }

    fn own_mac(&self) -> [u8; 6] {
        self.link.mac.map_or([0; 6], |mac| mac.bytes())
    }

    /// The way that the kernel would send it, by this link.
    fn way_to(&self, to: IpAddr) -> Outcome<Route<u32>> {
        let named = Question {
            oif: Some(self.link.name.clone()),
            ..Question::of(to)
        };
        let asked = named.with_links(None, Some(self.link.index));
        route_question::ask(&self.namespace, &asked).map_err(|error| {
            let words = format!("send out of {}", self.link.name);
            let failure = self.lab.explain_with(&words, &error, |refusal| {
                route_question::reason(&named, refusal, &self.namespace)
            });
            failure.about(to.to_string()).blame("packet")
        })
    }

    /// The address that this machine speaks from to another.
    pub fn source_for(&self, to: IpAddr, without: &str) -> Outcome<IpAddr> {
        let source = self.way_to(to)?.source;
        if let Some(source) = source.filter(|source| !source.is_unspecified()) {
            return Ok(source);
        }
        let name = &self.link.name;
        let (version, cidr) = match to {
            IpAddr::V4(_) => (4, "10.0.0.1/24"),
            IpAddr::V6(_) => (6, "fd00::1/64"),
        };
        let words = format!("there is no IPv{version} address to send from");
        let hint = format!("addr_add({name:?}, {cidr:?}) gives it one; {without} needs none");
        Err(self.wrong(words).hint(hint))
    }

    /// The hardware address to which a packet goes that is for this IP address.
    fn mac_for(&self, to: IpAddr, is_tagged: bool) -> Outcome<[u8; 6]> {
        let has = |flag: &str| self.link.flags.contains(&flag);
        if let Some(mac) = of_group(to) {
            return Ok(mac);
        }
        if has("LOOPBACK") || has("NOARP") {
            // Who needs no asking has the link's own (arp_constructor in net/ipv4/arp.c).
            return Ok(self.own_mac());
        }
        let give = "ether: #{ daddr: \"02:00:00:00:00:09\" } in the packet says it";
        if is_tagged {
            let words = format!("who has {to} in a VLAN is not known at the link below it");
            let hint = format!("{give}; on the link of the VLAN, the packet needs no tag");
            return Err(self.wrong(words).about(to.to_string()).hint(hint));
        }
        let route = self.way_to(to)?;
        match route.kind {
            kind::BROADCAST => return Ok(BROADCAST),
            kind::LOCAL => {
                let words =
                    format!("{to} is an address of this machine itself: no neighbour has it");
                return Err(self.wrong(words).about(to.to_string()).hint(give));
            }
            _ => {}
        }
        let next = route.hops.first().and_then(|hop| hop.via).unwrap_or(to);
        self.neighbour(next, give)
    }

    /// The hardware address of a neighbour. The kernel is asked, and asks in turn if it does not know.
    fn neighbour(&self, address: IpAddr, give: &str) -> Outcome<[u8; 6]> {
        let (name, index) = (&self.link.name, self.link.index);
        let look = || neigh::get(&self.namespace, index, address, false).ok();
        if let Some(mac) = look().as_ref().and_then(usable) {
            return Ok(mac.bytes());
        }
        neigh::look_for(&self.namespace, index, address).map_err(|error| {
            let words = format!("ask who has {address} on {name}");
            let failure = self.lab.explain_with(&words, &error, |_| None);
            failure.about(address.to_string()).blame("packet")
        })?;
        let end = Instant::now() + PATIENCE;
        while Instant::now() < end && !self.waiter.is_interrupted() {
            let found = look();
            if let Some(mac) = found.as_ref().and_then(usable) {
                return Ok(mac.bytes());
            }
            if found.is_some_and(|found| found.bits & nud::FAILED != 0) {
                break;
            }
            // A wait that fails is a short one; the end is not far.
            let _ = self.waiter.wait(&[], GLIMPSE);
        }
        let words = format!("nobody answers for {address} there");
        let hint = format!(
            "is that host up, and has it the address? {give}; neigh_add({name:?}, \"{address}\", #{{ mac: ... }}) enters it for all packets"
        );
        let mut failure = self.wrong(words).about(address.to_string()).hint(hint);
        failure.errno = Some(Errno::EHOSTUNREACH);
        failure.kernel = errno_words(Errno::EHOSTUNREACH);
        Err(failure)
    }

    fn wrong(&self, words: impl AsRef<str>) -> Box<Failure> {
        let name = &self.link.name;
        let message = format!("cannot send out of {name}: {}", words.as_ref());
        let mut failure = Failure::new(message).about(name).blame("packet");
        failure.netns = self.lab.current().label().into();
        failure
    }
}

fn usable(neighbour: &Neighbour) -> Option<Mac> {
    neighbour.mac.filter(|_| neighbour.bits & KNOWN != 0)
}

/// The hardware address of a group (RFC 1112, 6.4; RFC 2464, 7), or of all.
fn of_group(to: IpAddr) -> Option<[u8; 6]> {
    match to {
        IpAddr::V4(Ipv4Addr::BROADCAST) => Some(BROADCAST),
        IpAddr::V4(to) if to.is_multicast() => {
            let [_, b, c, d] = to.octets();
            Some([0x01, 0x00, 0x5e, b & 0x7f, c, d])
        }
        IpAddr::V6(to) if to.is_multicast() => {
            let [.., a, b, c, d] = to.octets();
            Some([0x33, 0x33, a, b, c, d])
        }
        _ => None,
    }
}

/// The header of this name, not of a packet that is carried inside: those are behind the first one of a network.
fn header<'a>(packet: &'a mut Packet, name: &str) -> Option<&'a mut Layer> {
    let is_network = |layer: &Layer| matches!(layer.kind.name, "arp" | "ip" | "ip6");
    let network = packet.layers.iter().position(is_network);
    let own = network.map_or(usize::MAX, |network| network + 1);
    let mut layers = packet.layers.iter_mut().take(own);
    layers.find(|layer| layer.kind.name == name)
}

/// Gives a field its value unless it has one.
fn fill(layer: &mut Layer, name: &'static str, value: Value) {
    if layer.get(name).is_none() {
        layer.fields.push((name, value));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn groups_have_addresses_of_their_own() {
        let mac = |address: &str| of_group(address.parse().expect("an address"));
        assert_eq!(mac("224.0.0.251"), Some([1, 0, 0x5e, 0, 0, 251]));
        assert_eq!(mac("239.255.1.2"), Some([1, 0, 0x5e, 0x7f, 1, 2]));
        assert_eq!(mac("255.255.255.255"), Some([0xff; 6]));
        assert_eq!(mac("ff02::1:ff00:2"), Some([0x33, 0x33, 0xff, 0, 0, 2]));
        assert_eq!((mac("10.0.0.1"), mac("fd00::1")), (None, None));
    }
}
