//! Names to addresses: literals, /etc/hosts, and DNS only for those who ask for it.
//!
//! A sandbox has no DNS, and getaddrinfo(3) would wait for it where no interrupt reaches. So the hosts file is read here
//! (hosts(5)) and the system's resolver is the last resort.

use std::fmt;
use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, ToSocketAddrs};

use crate::packet::icmp::Family;

/// The hosts file.
const HOSTS: &str = "/etc/hosts";

/// An address that a name stands for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Resolved {
    /// The address.
    pub address: IpAddr,
    /// The interface of a link-local address, by name or number: what follows the `%`.
    pub scope: Option<String>,
}

/// Why a name has no address.
#[derive(Debug)]
pub enum ResolveError {
    /// Nobody who was asked knows it.
    Unknown {
        /// The name.
        name: String,
        /// Whether DNS was asked.
        dns: bool,
    },
    /// The system's resolver failed.
    Dns {
        /// The name.
        name: String,
        /// Its answer.
        error: io::Error,
    },
}

impl fmt::Display for ResolveError {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Unknown { name, dns: false } => {
                write!(
                    formatter,
                    "{name} is neither an address nor a name in {HOSTS}"
                )
            }
            Self::Unknown { name, dns: true } => {
                write!(
                    formatter,
                    "{name} is known neither to {HOSTS} nor to the DNS"
                )
            }
            Self::Dns { name, error } => write!(formatter, "can't look up {name}: {error}"),
        }
    }
}

impl std::error::Error for ResolveError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            Self::Unknown { .. } => None,
            Self::Dns { error, .. } => Some(error),
        }
    }
}

/// Finds the address of a name. Where there are several, the first one of the preferred family is taken, else the first.
///
/// # Errors
/// When nobody knows the name. With `dns`, the call takes as long as the system's resolver takes.
pub fn resolve(name: &str, prefer: Option<Family>, dns: bool) -> Result<Resolved, ResolveError> {
    // No hosts file is as good as an empty one.
    let hosts = std::fs::read(HOSTS).unwrap_or_default();
    let hosts = String::from_utf8_lossy(&hosts);
    if let Some(found) = resolve_with(&hosts, name, prefer) {
        return Ok(found);
    }
    let unknown = |dns| ResolveError::Unknown {
        name: name.to_string(),
        dns,
    };
    if !dns || name.is_empty() {
        return Err(unknown(false));
    }
    let addresses = (name, 0)
        .to_socket_addrs()
        .map_err(|error| ResolveError::Dns {
            name: name.to_string(),
            error,
        })?;
    let addresses = addresses.map(|address| Resolved {
        address: address.ip(),
        scope: None,
    });
    choose(addresses, prefer).ok_or_else(|| unknown(true))
}

/// The part of [`resolve`] that asks nobody but the text of a hosts file.
pub fn resolve_with(hosts: &str, name: &str, prefer: Option<Family>) -> Option<Resolved> {
    if let Some(literal) = parse_address(name) {
        return Some(literal);
    }
    let listed = choose(addresses_in_hosts(hosts, name), prefer);
    // RFC 6761, 6.3: localhost is the loopback, whether it is listed or not.
    listed.or_else(|| {
        is_same_name(name, "localhost").then(|| Resolved {
            address: match prefer {
                Some(Family::V6) => Ipv6Addr::LOCALHOST.into(),
                Some(Family::V4) | None => Ipv4Addr::LOCALHOST.into(),
            },
            scope: None,
        })
    })
}

/// An address, with a scope if it is one of IPv6 (RFC 4007, 11).
pub fn parse_address(text: &str) -> Option<Resolved> {
    match text.split_once('%') {
        None => Some(Resolved {
            address: text.parse().ok()?,
            scope: None,
        }),
        Some((_, "")) => None,
        Some((address, scope)) => Some(Resolved {
            address: address.parse::<Ipv6Addr>().ok()?.into(),
            scope: Some(scope.to_string()),
        }),
    }
}

/// The addresses of a name in a hosts file, in its order. Lines that make no sense are skipped, as by every resolver.
fn addresses_in_hosts(hosts: &str, name: &str) -> impl Iterator<Item = Resolved> {
    hosts.lines().filter_map(move |line| {
        let line = line.split('#').next()?;
        let mut words = line.split_ascii_whitespace();
        let address = parse_address(words.next()?)?;
        words
            .any(|word| is_same_name(word, name))
            .then_some(address)
    })
}

/// Whether two host names are the same: capitals and the dot of the root at the end don't matter.
fn is_same_name(one: &str, other: &str) -> bool {
    let plain = |name: &str| name.strip_suffix('.').unwrap_or(name).to_ascii_lowercase();
    !one.is_empty() && plain(one) == plain(other)
}

fn choose(addresses: impl Iterator<Item = Resolved>, prefer: Option<Family>) -> Option<Resolved> {
    let mut first = None;
    for found in addresses {
        if prefer.is_none_or(|family| Family::of(found.address) == family) {
            return Some(found);
        }
        first.get_or_insert(found);
    }
    first
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const SAMPLE: &str = "# a comment\n\
        127.0.0.1\tlocalhost\n\
        ::1 localhost ip6-localhost # another\n\
        not-an-address peer\n\
        fd00::3 Peer peer.lab\n\
        192.168.4.3  peer   peer.lab\r\n\
        fe80::1%veth0 router\n\
        10.0.0.1 # nameless\n";

    fn found(name: &str, prefer: Option<Family>) -> Option<String> {
        let resolved = resolve_with(SAMPLE, name, prefer)?;
        let scope = resolved.scope.map(|scope| format!("%{scope}"));
        Some(format!("{}{}", resolved.address, scope.unwrap_or_default()))
    }

    #[test]
    fn literals_need_no_file() {
        for text in ["10.0.0.9", "fd00::9", "fe80::2%eth0.10", "fe80::2%7"] {
            assert_eq!(found(text, Some(Family::V4)).as_deref(), Some(text));
        }
        for text in [
            "",
            "%",
            "10.0.0.1%eth0",
            "fe80::1%",
            "10.0.0.256",
            "10.0.0.1/24",
        ] {
            assert_eq!(found(text, None), None, "{text:?}");
        }
    }

    #[test]
    fn the_hosts_file_is_read_as_hosts_5_says() {
        assert_eq!(found("peer", None).as_deref(), Some("fd00::3"));
        let v4 = found("PEER.lab.", Some(Family::V4));
        assert_eq!(v4.as_deref(), Some("192.168.4.3"));
        let only = found("router", Some(Family::V4));
        assert_eq!(only.as_deref(), Some("fe80::1%veth0"));
        assert_eq!(found("another", None), None);
        assert_eq!(found("nobody", None), None);
        let v6 = found("localhost", Some(Family::V6));
        assert_eq!(v6.as_deref(), Some("::1"));
    }

    #[test]
    fn localhost_needs_no_entry() {
        for (prefer, address) in [(None, "127.0.0.1"), (Some(Family::V6), "::1")] {
            let resolved = resolve_with("", "localhost", prefer).expect("localhost");
            assert_eq!(resolved.address.to_string(), address);
        }
    }

    #[test]
    fn an_unknown_name_is_told_by_name() {
        let error = resolve("no.such.host.invalid", None, false).expect_err("unknown");
        assert!(
            error.to_string().contains("no.such.host.invalid"),
            "{error}"
        );
    }

    proptest! {
        #[test]
        fn no_file_and_no_name_make_it_panic(hosts in "\\PC*", name in "\\PC*") {
            resolve_with(&hosts, &name, None);
        }

        #[test]
        fn what_is_listed_is_found(address: Ipv4Addr, name in "[a-z][a-z0-9-]{0,20}", noise in "[ \\ta-z#%:.0-9]{0,40}") {
            let hosts = format!("#{noise}\n\t{address} other {name} # {noise}\n");
            let resolved = resolve_with(&hosts, &name, None);
            prop_assert_eq!(resolved.map(|found| found.address), Some(address.into()));
        }
    }
}
