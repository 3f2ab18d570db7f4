//! The neighbour tables: which hardware address answers for an IP address (RTM_GETNEIGH, /proc/net/arp).

use std::net::IpAddr;

use netlink_packet_core::NLM_F_CREATE;

use super::error::{Error, Result};
use super::mac::Mac;
use super::ndmsg::{self, Header, nda, ntf, nud, state_name};
use super::netlink::Request;
use super::netlink::attributes::{self, Attributes};
use super::netns::Namespace;
use super::route::{AF_INET, AF_INET6};

/// A neighbour.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Neighbour {
    /// Its IP address.
    pub address: IpAddr,
    /// Index of the link behind which it is.
    pub index: u32,
    /// Its hardware address, once known.
    pub mac: Option<Mac>,
    /// `NUD_*`.
    pub bits: u16,
    /// The state by its name in `ip neigh`: reachable, stale, ...
    pub state: &'static str,
    /// router, proxy, ...
    pub flags: Vec<&'static str>,
}

/// Which neighbours to list.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Which {
    /// Those that a link has to ask for.
    Asked,
    /// Also those that need no asking (multicast, loopback), in state noarp.
    All,
    /// The addresses that this machine answers for in another's place.
    Proxies,
}

/// The neighbours of a namespace, as `ip neigh` lists them.
pub fn list(namespace: &Namespace, which: Which) -> Result<Vec<Neighbour>> {
    let header = Header {
        flags: if which == Which::Proxies {
            ntf::PROXY
        } else {
            0
        },
        ..Header::default()
    };
    let question = header.message(ndmsg::GET, &Attributes::new());
    let read = |answer: super::netlink::Answer| read(&answer.bytes);
    let mut list = namespace.route()?.dump(question, read)?;
    list.retain(|neighbour| which != Which::Asked || neighbour.bits != nud::NOARP);
    // The kernel's order is that of a hash that changes from boot to boot.
    list.sort_by_key(|neighbour| (neighbour.address, neighbour.index));
    Ok(list)
}

/// One neighbour.
pub fn get(namespace: &Namespace, index: u32, address: IpAddr, proxy: bool) -> Result<Neighbour> {
    let header = Header {
        family: family(address),
        index,
        flags: if proxy { ntf::PROXY } else { 0 },
        ..Header::default()
    };
    let mut attributes = Attributes::new();
    attributes.ip(nda::DST, address);
    let question = header.message(ndmsg::GET, &attributes);
    let answer = namespace.route()?.get(question)?;
    read(&answer.bytes)?.ok_or_else(|| Error::Unreadable("a neighbour without address".into()))
}

/// Has the kernel ask for a neighbour, as for a packet that it wants to send there (NTF_USE; neigh_add in net/core/neighbour.c).
pub fn look_for(namespace: &Namespace, index: u32, address: IpAddr) -> Result<()> {
    let header = Header {
        family: family(address),
        index,
        flags: ntf::USE,
        ..Header::default()
    };
    let mut attributes = Attributes::new();
    attributes.ip(nda::DST, address);
    let request = Request::new(header.message(ndmsg::NEW, &attributes), NLM_F_CREATE);
    namespace.route()?.change_all([request])
}

/// AF_INET or AF_INET6.
pub fn family(address: IpAddr) -> u8 {
    if address.is_ipv4() { AF_INET } else { AF_INET6 }
}

/// Flags by their names in `ip neigh`.
const FLAGS: [(u8, &str); 4] = [
    (ntf::ROUTER, "router"),
    (ntf::PROXY, "proxy"),
    (ntf::EXT_LEARNED, "extern_learn"),
    (ntf::OFFLOADED, "offload"),
];

/// Reads a neighbour; None of those that have no IP address.
pub(super) fn read(bytes: &[u8]) -> Result<Option<Neighbour>> {
    let (header, attributes) = Header::read(bytes)?;
    if header.family != AF_INET && header.family != AF_INET6 {
        return Ok(None);
    }
    let (mut address, mut mac) = (None, None);
    for attribute in attributes::read(attributes) {
        let attribute = attribute?;
        match attribute.kind {
            nda::DST => address = Some(attribute.ip()?),
            nda::LLADDR => mac = Mac::from_bytes(attribute.value),
            _ => {}
        }
    }
    let set = FLAGS.iter().filter(|(flag, _)| header.flags & flag != 0);
    Ok(address.map(|address| Neighbour {
        address,
        index: header.index,
        mac,
        bits: header.state,
        state: state_name(header.state),
        flags: set.map(|(_, name)| *name).collect(),
    }))
}

/// A line of /proc/net/arp, column by column.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ArpEntry {
    /// IP address.
    pub ip: String,
    /// Hardware type: 0x1 is Ethernet.
    pub hw_type: String,
    /// 0x2 complete, 0x4 permanent, 0x8 published.
    pub flags: String,
    /// Hardware address, zero while unknown.
    pub hw_address: String,
    /// Netmask of a proxy entry, `*` otherwise.
    pub mask: String,
    /// The link.
    pub device: String,
}

/// The ARP table as the kernel prints it (net/ipv4/arp.c, arp_seq_show).
pub fn arp_table(namespace: &Namespace) -> Result<Vec<ArpEntry>> {
    // /proc/net is a link to self/net, and that is the main thread's.
    let text = namespace.enter(|| std::fs::read_to_string("/proc/thread-self/net/arp"))??;
    let mut table: Vec<ArpEntry> = text.lines().skip(1).map(arp_entry).collect::<Result<_>>()?;
    // The kernel's order is that of a hash that changes from boot to boot.
    table.sort_by_key(|entry| (entry.ip.parse::<IpAddr>().ok(), entry.device.clone()));
    Ok(table)
}

fn arp_entry(line: &str) -> Result<ArpEntry> {
    let mut columns = line.split_whitespace().map(str::to_string);
    let mut column = || {
        columns
            .next()
            .ok_or_else(|| Error::Unreadable(format!("line {line:?} of /proc/net/arp")))
    };
    Ok(ArpEntry {
        ip: column()?,
        hw_type: column()?,
        flags: column()?,
        hw_address: column()?,
        mask: column()?,
        device: column()?,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn no_bytes_are_a_panic(family in prop_oneof![Just(2u8), Just(10)], mut bytes: Vec<u8>) {
            if let Some(first) = bytes.first_mut() {
                *first = family;
            }
            let _ = read(&bytes);
        }
    }

    #[test]
    fn a_line_of_the_arp_table() {
        let line = "192.168.4.3      0x1         0x2         ca:02:25:cf:ce:da     *        veth0";
        let entry = arp_entry(line).expect("a whole line");
        assert_eq!(
            (entry.ip.as_str(), entry.device.as_str()),
            ("192.168.4.3", "veth0")
        );
        assert!(arp_entry("192.168.4.3 0x1").is_err());
    }
}
