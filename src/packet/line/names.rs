//! Words for numbers.

/// A hardware address.
pub fn mac(bytes: &[u8; 6]) -> String {
    bytes.map(|byte| format!("{byte:02x}")).join(":")
}

/// An Ethernet type.
pub fn ethertype(number: u64) -> &'static str {
    match number {
        0x0800 => "IPv4",
        0x0806 => "ARP",
        0x8035 => "Reverse ARP",
        0x8100 => "802.1Q",
        0x86dd => "IPv6",
        0x8847 => "MPLS unicast",
        0x8848 => "MPLS multicast",
        0x8863 => "PPPoE D",
        0x8864 => "PPPoE S",
        0x888e => "EAPOL",
        0x88a8 => "802.1Q-QinQ",
        0x88cc => "LLDP",
        0x88f7 => "PTP",
        0x9000 => "Loopback",
        _ => "Unknown",
    }
}

/// What is in a tunnel.
pub fn inside(number: u64) -> &'static str {
    match number {
        0x6558 => "TEB",
        0x0800 | 0x86dd | 0x0806 => ethertype(number),
        0x880b => "PPP",
        _ => "unknown",
    }
}
