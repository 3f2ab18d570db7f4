//! What a tunnel carries, by the header after that of IP: GRE, and VXLAN and Geneve over UDP.

use super::{be16, be32, byte, ether_type};

/// The ports of RFC 7348 (and of Linux before it) and RFC 8926.
const VXLAN_PORTS: [u16; 2] = [4789, 8472];
const GENEVE_PORT: u16 = 6081;

/// What a tunnel carries: its kind, its id, the EtherType of what is inside, and that.
pub(super) type Carried<'a> = (&'static str, Option<u32>, (u16, &'a [u8]));

/// RFC 2784 and RFC 2890: flags tell which words the header has.
pub(super) fn gre(body: &[u8]) -> Option<Carried<'_>> {
    let flags = be16(body, 0)?;
    let kind = be16(body, 2)?;
    let (has_sum, has_key, has_number) = (
        flags & 0x8000 != 0,
        flags & 0x2000 != 0,
        flags & 0x1000 != 0,
    );
    if flags & 0x4fff != 0 {
        return None;
    }
    let mut at = 4;
    if has_sum {
        at += 4;
    }
    let key = if has_key { be32(body, at) } else { None };
    at += if has_key { 4 } else { 0 };
    at += if has_number { 4 } else { 0 };
    let word = if kind == ether_type::BRIDGED {
        "gretap"
    } else {
        "gre"
    };
    Some((word, key, (kind, body.get(at..)?)))
}

/// RFC 7348 and RFC 8926, told by their ports; and VXLAN at any other port that it was given, told by its header.
pub(super) fn over_udp(body: &[u8]) -> Option<Carried<'_>> {
    let port = be16(body, 2)?;
    let inside = body.get(8..)?;
    let is_vxlan = VXLAN_PORTS.contains(&port) && byte(inside, 0)? & 0x08 != 0;
    if is_vxlan || port != GENEVE_PORT && looks_like_vxlan(inside) {
        let id = be32(inside, 4)? >> 8;
        return Some(("vxlan", Some(id), (ether_type::BRIDGED, inside.get(8..)?)));
    }
    if port == GENEVE_PORT && byte(inside, 0)? >> 6 == 0 {
        let options = usize::from(byte(inside, 0)? & 0x3f) * 4;
        let id = be32(inside, 4)? >> 8;
        let kind = be16(inside, 2)?;
        return Some(("geneve", Some(id), (kind, inside.get(8 + options..)?)));
    }
    None
}

/// Whether this is a header of VXLAN before an Ethernet header: all that is reserved is 0 (RFC 7348), and what is inside is known.
fn looks_like_vxlan(inside: &[u8]) -> bool {
    let carried = be16(inside, 8 + 12);
    let is_known = matches!(
        carried,
        Some(
            ether_type::IP
                | ether_type::ARP
                | ether_type::IP6
                | ether_type::VLAN
                | ether_type::SERVICE_VLAN
        )
    );
    is_known && be32(inside, 0) == Some(0x0800_0000) && byte(inside, 7) == Some(0)
}
