//! The neighbour tables: which hardware address answers for an IP address (RTM_GETNEIGH, /proc/net/arp).

use std::net::IpAddr;

use netlink_packet_route::RouteNetlinkMessage;
use netlink_packet_route::neighbour::{
    NeighbourAddress, NeighbourAttribute, NeighbourFlags, NeighbourMessage, NeighbourState,
};

use super::error::{Error, Result};
use super::mac::Mac;
use super::netns::Namespace;

/// A neighbour.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Neighbour {
    /// Its IP address.
    pub address: IpAddr,
    /// Index of the link behind which it is.
    pub index: u32,
    /// Its hardware address, once known.
    pub mac: Option<Mac>,
    /// The state by its name in `ip neigh`: reachable, stale, ...
    pub state: &'static str,
    /// router, proxy, ...
    pub flags: Vec<&'static str>,
}

/// All neighbours of a namespace that a link has to ask for; entries that need no asking (multicast, loopback) are in
/// state noarp and left out unless `all` is true, as in `ip neigh`.
pub fn list(namespace: &Namespace, all: bool) -> Result<Vec<Neighbour>> {
    let request = RouteNetlinkMessage::GetNeighbour(NeighbourMessage::default());
    let list = namespace.route()?.dump(request, |answer| {
        Ok(match answer.decode()? {
            RouteNetlinkMessage::NewNeighbour(message) => read(message),
            _ => None,
        })
    });
    let mut list = list?;
    list.retain(|neighbour| all || neighbour.state != "noarp");
    // The kernel's order is that of a hash that changes from boot to boot.
    list.sort_by_key(|neighbour| (neighbour.address, neighbour.index));
    Ok(list)
}

fn read(message: NeighbourMessage) -> Option<Neighbour> {
    let mut address = None;
    let mut mac = None;
    for attribute in message.attributes {
        match attribute {
            NeighbourAttribute::Destination(NeighbourAddress::Inet(ip)) => {
                address = Some(IpAddr::V4(ip));
            }
            NeighbourAttribute::Destination(NeighbourAddress::Inet6(ip)) => {
                address = Some(IpAddr::V6(ip));
            }
            NeighbourAttribute::LinkLayerAddress(bytes) => mac = Mac::from_bytes(&bytes),
            _ => {}
        }
    }
    let flags = [
        (NeighbourFlags::Router, "router"),
        (NeighbourFlags::Proxy, "proxy"),
        (NeighbourFlags::ExtLearned, "extern_learn"),
        (NeighbourFlags::Offloaded, "offload"),
    ];
    Some(Neighbour {
        address: address?,
        index: message.header.ifindex,
        mac,
        state: state_name(message.header.state),
        flags: flags
            .into_iter()
            .filter(|(flag, _)| message.header.flags.contains(*flag))
            .map(|(_, name)| name)
            .collect(),
    })
}

/// NUD_* of linux/neighbour.h by the names of `ip neigh`, in lower case.
fn state_name(state: NeighbourState) -> &'static str {
    match state {
        NeighbourState::Incomplete => "incomplete",
        NeighbourState::Reachable => "reachable",
        NeighbourState::Stale => "stale",
        NeighbourState::Delay => "delay",
        NeighbourState::Probe => "probe",
        NeighbourState::Failed => "failed",
        NeighbourState::Noarp => "noarp",
        NeighbourState::Permanent => "permanent",
        _ => "none",
    }
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
