//! How a probe's socket is set up: where it sends from, by which link, how far, and that it hears of errors. The same for sockets of
//! ICMP, UDP and TCP.

use std::io;
use std::net::{IpAddr, SocketAddr, SocketAddrV4, SocketAddrV6};

use nix::errno::Errno;
use nix::libc;
use nix::sys::socket::{setsockopt, sockopt};
use nix::{setsockopt_impl, sockopt_impl};
use socket2::{Domain, Protocol, SockAddr, Socket, Type};

use super::error::ProbeError;
use crate::packet::icmp::Family;

/// Makes a socket, in the network namespace that the caller has in mind.
pub type OpenSocket<'a> = dyn Fn(Domain, Type, Protocol) -> io::Result<Socket> + 'a;

sockopt_impl!(
    /// Whether packets may be fragmented, by the sender and (IPv4) on the way.
    Ipv4MtuDiscover, SetOnly, libc::IPPROTO_IP, libc::IP_MTU_DISCOVER, libc::c_int
);
sockopt_impl!(
    /// Whether packets may be fragmented by the sender.
    Ipv6MtuDiscover, SetOnly, libc::IPPROTO_IPV6, libc::IPV6_MTU_DISCOVER, libc::c_int
);

/// How a socket is to be set up.
#[derive(Debug, Clone, Copy)]
pub struct Settings<'a> {
    /// Where the messages go.
    pub destination: IpAddr,
    /// The interface that a link-local address belongs to, by name or number.
    pub scope: Option<&'a str>,
    /// The interface to send and receive on.
    pub iface: Option<&'a str>,
    /// The address to send from.
    pub source: Option<IpAddr>,
    /// Time to live, or hop limit.
    pub ttl: Option<u8>,
    /// Whether what is too large for a link goes in fragments.
    pub discovery: MtuDiscovery,
}

/// What becomes of packets that are too large for a link (`IP_MTU_DISCOVER`, ip(7)).
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum MtuDiscovery {
    /// What the kernel does when nothing is said.
    #[default]
    Usual,
    /// Fragments are forbidden, and what is known to be too large for the path is refused.
    Do,
    /// Fragments are forbidden, and what is known of the path does not count, only the own link.
    Probe,
    /// Fragments are allowed, on the way too.
    Dont,
}

impl MtuDiscovery {
    /// The kernel's number; None is its own. Those of IPv6 are the same.
    fn number(self) -> Option<libc::c_int> {
        match self {
            MtuDiscovery::Usual => None,
            MtuDiscovery::Do => Some(libc::IP_PMTUDISC_DO),
            MtuDiscovery::Probe => Some(libc::IP_PMTUDISC_PROBE),
            MtuDiscovery::Dont => Some(libc::IP_PMTUDISC_DONT),
        }
    }
}

impl Settings<'_> {
    /// Nothing but where it goes.
    pub fn to(destination: IpAddr) -> Self {
        Settings {
            destination,
            scope: None,
            iface: None,
            source: None,
            ttl: None,
            discovery: MtuDiscovery::Usual,
        }
    }

    /// The number of the interface that link-local addresses belong to, 0 if the kernel is to know it.
    pub fn scope_index(&self, open: &OpenSocket<'_>, domain: Domain) -> Result<u32, ProbeError> {
        let Some(name) = self.scope else {
            return Ok(0);
        };
        if let Ok(index) = name.parse() {
            return Ok(index);
        }
        // if_nametoindex(3) would look into the namespace of this thread, not into that of the socket.
        let index = open(domain, Type::DGRAM, Protocol::UDP).and_then(|socket| {
            bind_device(&socket, name)?;
            socket.device_index_v4()
        });
        match index {
            Ok(Some(index)) => Ok(index.get()),
            Ok(None) => Err(io::Error::from(Errno::ENODEV)),
            Err(error) => Err(error),
        }
        .map_err(|error| ProbeError::Scope {
            name: name.to_string(),
            error,
        })
    }

    /// A socket that sends to the destination, bound as is wanted; it does not block. And the number of the interface that its
    /// addresses belong to.
    pub fn open(
        &self,
        open: &OpenSocket<'_>,
        kind: Type,
        protocol: Protocol,
    ) -> Result<(Socket, u32), ProbeError> {
        let domain = domain(self.destination);
        let socket = open(domain, kind, protocol).map_err(ProbeError::Open)?;
        socket.set_nonblocking(true).map_err(ProbeError::Open)?;
        let scope = self.scope_index(open, domain)?;
        self.bind(&socket, scope)?;
        Ok((socket, scope))
    }

    /// What became of sending: the error, about the destination.
    pub fn not_sent(&self, error: io::Error) -> ProbeError {
        ProbeError::Send {
            destination: self.destination,
            error,
        }
    }

    /// Binds a socket to the interface and the address, where there are any.
    pub fn bind(&self, socket: &Socket, scope: u32) -> Result<(), ProbeError> {
        if let Some(name) = self.iface {
            let bound = bind_device(socket, name);
            bound.map_err(|error| ProbeError::BindDevice {
                name: name.to_string(),
                error,
            })?;
        }
        if let Some(address) = self.source {
            let bound = if Family::of(address) == Family::of(self.destination) {
                socket.bind(&socket_address(address, 0, scope))
            } else {
                Err(Errno::EAFNOSUPPORT.into())
            };
            bound.map_err(|error| ProbeError::BindSource { address, error })?;
        }
        Ok(())
    }

    /// Has a socket hear of errors, and sets how far its packets may go.
    pub fn set_options(&self, socket: &Socket, family: Family) -> Result<(), ProbeError> {
        let set = |option, name, result: io::Result<()>| {
            result.map_err(|error| ProbeError::SetOption {
                option,
                name,
                error,
            })
        };
        let nix = |result: nix::Result<()>| result.map_err(io::Error::from);
        let discovery = self.discovery.number();
        match family {
            Family::V4 => {
                let result = nix(setsockopt(socket, sockopt::Ipv4RecvErr, &true));
                set(None, "IP_RECVERR", result)?;
                let result = nix(setsockopt(socket, sockopt::Ipv4RecvTtl, &true));
                set(None, "IP_RECVTTL", result)?;
                if let Some(number) = discovery {
                    let result = nix(setsockopt(socket, Ipv4MtuDiscover, &number));
                    set(Some("dont_fragment"), "IP_MTU_DISCOVER", result)?;
                }
            }
            Family::V6 => {
                let result = nix(setsockopt(socket, sockopt::Ipv6RecvErr, &true));
                set(None, "IPV6_RECVERR", result)?;
                set(None, "IPV6_RECVHOPLIMIT", socket.set_recv_hoplimit_v6(true))?;
                if let Some(number) = discovery {
                    let result = nix(setsockopt(socket, Ipv6MtuDiscover, &number));
                    set(Some("dont_fragment"), "IPV6_MTU_DISCOVER", result)?;
                }
            }
        }
        self.set_ttl(socket)
    }

    /// Sets how far the packets of a socket may go, if that is said.
    pub fn set_ttl(&self, socket: &Socket) -> Result<(), ProbeError> {
        let family = Family::of(self.destination);
        self.ttl
            .map_or(Ok(()), |ttl| set_hop_limit(socket, family, ttl))
    }
}

/// How many hops the packets of a socket may go.
pub fn set_hop_limit(socket: &Socket, family: Family, ttl: u8) -> Result<(), ProbeError> {
    let ttl = u32::from(ttl);
    // Connections have no groups, and the kernel says so.
    let has_groups = socket.r#type().is_ok_and(|kind| kind != Type::STREAM);
    let (name, result) = match family {
        // The kernel takes a hop limit of 0 for IPv6 and would never send such a packet on.
        _ if ttl == 0 => ("IP_TTL", Err(Errno::EINVAL.into())),
        Family::V4 => {
            let result = socket.set_ttl_v4(ttl);
            let result = match has_groups {
                true => result.and_then(|()| socket.set_multicast_ttl_v4(ttl)),
                false => result,
            };
            ("IP_TTL", result)
        }
        Family::V6 => {
            let result = socket.set_unicast_hops_v6(ttl);
            let result = match has_groups {
                true => result.and_then(|()| socket.set_multicast_hops_v6(ttl)),
                false => result,
            };
            ("IPV6_UNICAST_HOPS", result)
        }
    };
    result.map_err(|error| ProbeError::SetOption {
        option: Some("ttl"),
        name,
        error,
    })
}

/// A socket at an address, where whoever comes is taken in; it does not block.
pub fn listening(
    open: &OpenSocket<'_>,
    kind: Type,
    protocol: Protocol,
    at: SocketAddr,
) -> Result<Socket, ProbeError> {
    let socket = open(domain(at.ip()), kind, protocol).map_err(ProbeError::Open)?;
    socket.set_nonblocking(true).map_err(ProbeError::Open)?;
    if kind == Type::STREAM {
        // A port whose last connections are not yet forgotten can be had again, as with every server.
        socket.set_reuse_address(true).map_err(ProbeError::Open)?;
    }
    if at.is_ipv6() {
        // Without it :: takes the port of 0.0.0.0 too, and the answer to "who listens" is not what was asked for.
        let only = !at.ip().is_unspecified();
        socket.set_only_v6(only).map_err(ProbeError::Open)?;
    }
    let bound = socket.bind(&at.into());
    bound.map_err(|error| not_taken(at, error))?;
    Ok(socket)
}

/// The address, or its port, can't be had.
pub fn not_taken(at: SocketAddr, error: io::Error) -> ProbeError {
    ProbeError::BindSource {
        address: at.ip(),
        error,
    }
}

/// The address that the kernel sends from with these settings.
///
/// # Errors
/// When it has no way to the destination, or does not let these settings use it.
pub fn source_address(
    open: &OpenSocket<'_>,
    settings: &Settings<'_>,
) -> Result<Option<IpAddr>, ProbeError> {
    let (socket, scope) = settings.open(open, Type::DGRAM, Protocol::UDP)?;
    // Connecting a UDP socket sends nothing. Any port but 0 will do; iputils takes this one.
    let address = socket
        .connect(&socket_address(settings.destination, 1025, scope))
        .and_then(|()| socket.local_addr())
        .map_err(|error| settings.not_sent(error))?;
    Ok(address.as_socket().map(|address| address.ip()))
}

/// Binds a socket to an interface. The kernel cuts a name that is too long and takes an empty one as the wish
/// to be unbound; both would use another interface than the one that was asked for.
fn bind_device(socket: &Socket, name: &str) -> io::Result<()> {
    if name.is_empty() || name.len() >= libc::IFNAMSIZ {
        return Err(Errno::ENODEV.into());
    }
    socket.bind_device(Some(name.as_bytes()))
}

/// The domain of the sockets that reach an address.
pub fn domain(address: IpAddr) -> Domain {
    match address {
        IpAddr::V4(_) => Domain::IPV4,
        IpAddr::V6(_) => Domain::IPV6,
    }
}

/// A socket address; only link-local addresses of IPv6 have a scope.
pub fn socket_address(address: IpAddr, port: u16, scope: u32) -> SockAddr {
    let address = match address {
        IpAddr::V4(address) => SocketAddr::V4(SocketAddrV4::new(address, port)),
        IpAddr::V6(address) => SocketAddr::V6(SocketAddrV6::new(address, port, 0, scope)),
    };
    address.into()
}
