//! Who listens: the sockets of a namespace (proc(5), /proc/net/tcp and /proc/net/udp).

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

use super::error::Result;
use super::netns::Namespace;

/// Of which protocol.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Protocol {
    /// TCP.
    Tcp,
    /// UDP.
    Udp,
}

/// `TCP_LISTEN`, and `TCP_CLOSE`, which is that of an UDP socket without a peer (net/tcp_states.h).
const LISTENS: &str = "0A";
const UNCONNECTED: &str = "07";

/// Where somebody listens in a namespace.
pub fn listeners(namespace: &Namespace, protocol: Protocol) -> Result<Vec<SocketAddr>> {
    let (word, state) = match protocol {
        Protocol::Tcp => ("tcp", LISTENS),
        Protocol::Udp => ("udp", UNCONNECTED),
    };
    let read = || {
        let files = ["", "6"].map(|version| format!("/proc/thread-self/net/{word}{version}"));
        files.map(|file| std::fs::read_to_string(file).unwrap_or_default())
    };
    let tables = namespace.enter(read)?;
    let lines = tables.iter().flat_map(|table| table.lines().skip(1));
    Ok(lines.filter_map(|line| listener(line, state)).collect())
}

/// The local address of a line, if the socket is in this state.
fn listener(line: &str, wanted: &str) -> Option<SocketAddr> {
    let mut words = line.split_whitespace().skip(1);
    let (local, state) = (words.next()?, words.nth(1)?);
    let (address, port) = local.split_once(':')?;
    let port = u16::from_str_radix(port, 16).ok()?;
    (state == wanted).then_some(SocketAddr::new(self::address(address)?, port))
}

/// An address, whose 32-bit words are written as numbers of this machine.
fn address(text: &str) -> Option<IpAddr> {
    let word = |from: usize| -> Option<[u8; 4]> {
        let digits = text.get(from..from + 8)?;
        Some(u32::from_str_radix(digits, 16).ok()?.to_ne_bytes())
    };
    match text.len() {
        8 => Some(Ipv4Addr::from(word(0)?).into()),
        32 => {
            let words = [word(0)?, word(8)?, word(16)?, word(24)?];
            let bytes: [u8; 16] = words.concat().try_into().ok()?;
            Some(Ipv6Addr::from(bytes).into())
        }
        _ => None,
    }
}

/// Whether who listens at one address hears what is for another: at any, and one of IPv6 that is any also at any of IPv4.
pub fn hears(listener: IpAddr, address: IpAddr) -> bool {
    match listener {
        IpAddr::V4(any) if any.is_unspecified() => address.is_ipv4(),
        IpAddr::V6(any) if any.is_unspecified() => true,
        IpAddr::V6(mapped) => {
            let plain = mapped.to_ipv4_mapped().map_or(listener, IpAddr::V4);
            plain == address
        }
        IpAddr::V4(_) => listener == address,
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    #[cfg(target_endian = "little")]
    fn the_lines_of_the_kernel_are_read() {
        let four = "   0: 0100007F:0050 00000000:0000 0A 00000000:00000000 00:00000000 00000000     0        0 1";
        let six = "   1: 000080FD000000000000000001000000:1F90 00000000000000000000000000000000:0000 0A 0:0";
        let read = |line| listener(line, LISTENS).map(|at| at.to_string());
        assert_eq!(read(four), Some("127.0.0.1:80".into()));
        assert_eq!(read(six), Some("[fd80::1]:8080".into()));
        assert_eq!(listener(four, UNCONNECTED), None);
    }

    #[test]
    fn any_address_hears_all() {
        let hears = |one: &str, other: &str| match (one.parse(), other.parse()) {
            (Ok(one), Ok(other)) => Some(super::hears(one, other)),
            _ => None,
        };
        assert_eq!(hears("0.0.0.0", "10.0.0.1"), Some(true));
        assert_eq!(hears("::", "10.0.0.1"), Some(true));
        assert_eq!(hears("0.0.0.0", "fd00::1"), Some(false));
        assert_eq!(hears("::ffff:10.0.0.1", "10.0.0.1"), Some(true));
        assert_eq!(hears("127.0.0.1", "10.0.0.1"), Some(false));
    }

    proptest! {
        #[test]
        fn no_line_is_a_panic(line: String, digits in "[0-9A-Fé]{0,40}") {
            let _ = listener(&line, LISTENS);
            let _ = listener(&format!("0: {digits}:0050 0:0 0A"), LISTENS);
        }
    }
}
