//! A socket that sends ICMP messages and gets replies, errors and time stamps back.
//!
//! Raw where that is allowed, else a datagram ICMP socket (icmp(7)), which the kernel lets groups use that are named in
//! `net.ipv4.ping_group_range`. What the messages mean is left to `packet::icmp`, whose they are to the prober.

use std::collections::hash_map::RandomState;
use std::hash::BuildHasher;
use std::io::{self, IoSliceMut};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, SocketAddrV4, SocketAddrV6};
use std::os::fd::{AsFd, AsRawFd, BorrowedFd};
use std::sync::LazyLock;
use std::sync::atomic::{AtomicU16, Ordering};
use std::time::Duration;

use nix::errno::Errno;
use nix::libc;
use nix::sys::socket::{
    ControlMessageOwned, MsgFlags, SockaddrStorage, recvmsg, setsockopt, sockopt,
};
use nix::{setsockopt_impl, sockopt_impl};
use socket2::{Domain, Protocol, SockAddr, Socket, Type};

use super::error::ProbeError;
use super::timestamp::{self, Stamp};
use crate::packet::icmp::Family;

/// Makes a socket, in the network namespace that the caller has in mind.
pub type OpenSocket<'a> = dyn Fn(Domain, Type, Protocol) -> io::Result<Socket> + 'a;

// linux/icmp.h and linux/icmpv6.h; neither constant is in libc.
const ICMP_FILTER: libc::c_int = 1;
const ICMPV6_FILTER: libc::c_int = 1;

/// Room for all the control messages of one packet, several times over.
const CONTROL: usize = 512;

sockopt_impl!(
    /// The ICMP types that a raw socket does not want, one bit each.
    IcmpFilter, SetOnly, libc::SOL_RAW, ICMP_FILTER, u32
);
sockopt_impl!(
    /// The ICMPv6 types that a raw socket does not want, one bit each.
    Icmpv6Filter, SetOnly, libc::IPPROTO_ICMPV6, ICMPV6_FILTER, [u32; 8]
);
sockopt_impl!(
    /// Whether packets may be fragmented, by the sender and (IPv4) on the way.
    Ipv4MtuDiscover, SetOnly, libc::IPPROTO_IP, libc::IP_MTU_DISCOVER, libc::c_int
);
sockopt_impl!(
    /// Whether packets may be fragmented by the sender.
    Ipv6MtuDiscover, SetOnly, libc::IPPROTO_IPV6, libc::IPV6_MTU_DISCOVER, libc::c_int
);

/// How an ICMP socket is to be set up.
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
    /// Forbid fragments.
    pub dont_fragment: bool,
}

/// What the kernel tells about a packet or an error, beside its bytes.
#[derive(Debug, Clone, Copy, Default)]
pub struct Incoming {
    /// How many bytes of the buffer are filled.
    pub length: usize,
    /// Who sent the packet; for an error, where the request that it is about had gone.
    pub from: Option<IpAddr>,
    /// Time to live or hop limit that was left, where the kernel tells it beside the packet.
    pub ttl: Option<u8>,
    /// When the packet came in, or (in the error queue) went out.
    pub stamp: Option<Stamp>,
    /// What the error queue says.
    pub error: Option<QueuedError>,
}

/// An entry of the error queue (`struct sock_extended_err`, ip(7)).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct QueuedError {
    /// The errno that stands for it.
    pub errno: u32,
    /// Who reports it: `SO_EE_ORIGIN_LOCAL`, `_ICMP`, `_ICMP6` or `_TIMESTAMPING`.
    pub origin: u8,
    /// The ICMP type.
    pub icmp_type: u8,
    /// The ICMP code.
    pub icmp_code: u8,
    /// MTU, pointer or gateway; which stamp it is.
    pub info: u32,
    /// The running number of a stamped packet.
    pub data: u32,
    /// Who sent the ICMP error.
    pub offender: Option<IpAddr>,
}

/// Which of a socket's two queues to read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Queue {
    /// Packets that came in.
    Packets,
    /// Errors and send stamps.
    Errors,
}

/// An open ICMP socket with one destination.
#[derive(Debug)]
pub struct IcmpSocket {
    socket: Socket,
    destination: SockAddr,
    control: Vec<u8>,
    raw: bool,
    identifier: u16,
}

impl IcmpSocket {
    /// Opens a socket and sets it up.
    pub fn open(open: &OpenSocket<'_>, settings: &Settings<'_>) -> Result<Self, ProbeError> {
        let family = Family::of(settings.destination);
        let (domain, protocol) = match family {
            Family::V4 => (Domain::IPV4, Protocol::ICMPV4),
            Family::V6 => (Domain::IPV6, Protocol::ICMPV6),
        };
        let (socket, raw) = match open(domain, Type::RAW, protocol) {
            Err(refused) if refused.kind() == io::ErrorKind::PermissionDenied => {
                // The raw socket's refusal is the one to tell of: its privilege is the one that people know.
                let socket = open(domain, Type::DGRAM, protocol);
                (socket.map_err(|_| ProbeError::Open(refused))?, false)
            }
            other => (other.map_err(ProbeError::Open)?, true),
        };
        let scope = settings.scope_index(open, domain)?;
        settings.bind(&socket, scope)?;
        settings.set_options(&socket, family)?;
        if raw {
            set_filter(&socket, family)?;
        }
        timestamp::enable(&socket);
        Ok(Self {
            destination: socket_address(settings.destination, 0, scope),
            control: vec![0; CONTROL],
            identifier: next_identifier(),
            socket,
            raw,
        })
    }

    /// Whether packets come in with an IPv4 header and for everybody (a raw socket), or only our own replies.
    pub fn is_raw(&self) -> bool {
        self.raw
    }

    /// The identifier for requests, different from that of every other socket of this process. The kernel
    /// writes its own into what goes out of a datagram socket.
    pub fn identifier(&self) -> u16 {
        self.identifier
    }

    /// Sends a message, or says at once why not.
    pub fn send(&self, message: &[u8]) -> io::Result<usize> {
        self.socket
            .send_to_with_flags(message, &self.destination, libc::MSG_DONTWAIT)
    }

    /// Makes the running number of sent stamps begin at zero again.
    pub fn restart_numbers(&self) {
        timestamp::restart_numbers(&self.socket);
    }

    /// What to wait for: it can be read when a message has come.
    pub fn as_fd(&self) -> BorrowedFd<'_> {
        self.socket.as_fd()
    }

    /// Reads one message, without waiting: none if there is none.
    pub fn receive(&mut self, queue: Queue, buffer: &mut [u8]) -> io::Result<Option<Incoming>> {
        let flags = match queue {
            Queue::Packets => MsgFlags::MSG_DONTWAIT,
            Queue::Errors => MsgFlags::MSG_DONTWAIT | MsgFlags::MSG_ERRQUEUE,
        };
        let mut parts = [IoSliceMut::new(buffer)];
        let control = Some(self.control.as_mut_slice());
        let fd = self.socket.as_raw_fd();
        let message = match recvmsg::<SockaddrStorage>(fd, &mut parts, control, flags) {
            Ok(message) => message,
            Err(Errno::EAGAIN | Errno::EINTR) => return Ok(None),
            Err(errno) => return Err(errno.into()),
        };
        let mut incoming = Incoming {
            length: message.bytes,
            from: message.address.as_ref().and_then(ip_address),
            ..Incoming::default()
        };
        for control in message.cmsgs().into_iter().flatten() {
            incoming.note(&control);
        }
        Ok(Some(incoming))
    }
}

impl Incoming {
    fn note(&mut self, control: &ControlMessageOwned) {
        match control {
            ControlMessageOwned::ScmTimestampsns(stamps) => {
                self.stamp = Some(Duration::from(stamps.system)).filter(|stamp| !stamp.is_zero());
            }
            ControlMessageOwned::ScmTimestampns(stamp) => self.stamp = Some((*stamp).into()),
            ControlMessageOwned::Ipv4Ttl(ttl) | ControlMessageOwned::Ipv6HopLimit(ttl) => {
                self.ttl = u8::try_from(*ttl).ok();
            }
            ControlMessageOwned::Ipv4RecvErr(error, offender) => {
                let offender = offender
                    .filter(|address| i32::from(address.sin_family) == libc::AF_INET)
                    .map(|address| Ipv4Addr::from(u32::from_be(address.sin_addr.s_addr)).into());
                self.error = Some(QueuedError::new(error, offender));
            }
            ControlMessageOwned::Ipv6RecvErr(error, offender) => {
                let offender = offender
                    .filter(|address| i32::from(address.sin6_family) == libc::AF_INET6)
                    .map(|address| Ipv6Addr::from(address.sin6_addr.s6_addr).into());
                self.error = Some(QueuedError::new(error, offender));
            }
            _ => {}
        }
    }
}

impl QueuedError {
    fn new(error: &libc::sock_extended_err, offender: Option<IpAddr>) -> Self {
        Self {
            errno: error.ee_errno,
            origin: error.ee_origin,
            icmp_type: error.ee_type,
            icmp_code: error.ee_code,
            info: error.ee_info,
            data: error.ee_data,
            offender,
        }
    }
}

impl Settings<'_> {
    /// The number of the interface that link-local addresses belong to, 0 if the kernel is to know it.
    fn scope_index(&self, open: &OpenSocket<'_>, domain: Domain) -> Result<u32, ProbeError> {
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

    fn bind(&self, socket: &Socket, scope: u32) -> Result<(), ProbeError> {
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

    fn set_options(&self, socket: &Socket, family: Family) -> Result<(), ProbeError> {
        let set = |option, name, result: io::Result<()>| {
            result.map_err(|error| ProbeError::SetOption {
                option,
                name,
                error,
            })
        };
        let nix = |result: nix::Result<()>| result.map_err(io::Error::from);
        if self.ttl == Some(0) {
            // The kernel takes a hop limit of 0 for IPv6 and would never send such a packet on.
            set(Some("ttl"), "IP_TTL", Err(Errno::EINVAL.into()))?;
        }
        let ttl = self.ttl.map(u32::from);
        match family {
            Family::V4 => {
                let result = nix(setsockopt(socket, sockopt::Ipv4RecvErr, &true));
                set(None, "IP_RECVERR", result)?;
                let result = nix(setsockopt(socket, sockopt::Ipv4RecvTtl, &true));
                set(None, "IP_RECVTTL", result)?;
                if let Some(ttl) = ttl {
                    let result = socket.set_ttl_v4(ttl);
                    let result = result.and_then(|()| socket.set_multicast_ttl_v4(ttl));
                    set(Some("ttl"), "IP_TTL", result)?;
                }
                if self.dont_fragment {
                    let forbid = libc::IP_PMTUDISC_DO;
                    let result = nix(setsockopt(socket, Ipv4MtuDiscover, &forbid));
                    set(Some("dont_fragment"), "IP_MTU_DISCOVER", result)?;
                }
            }
            Family::V6 => {
                let result = nix(setsockopt(socket, sockopt::Ipv6RecvErr, &true));
                set(None, "IPV6_RECVERR", result)?;
                set(None, "IPV6_RECVHOPLIMIT", socket.set_recv_hoplimit_v6(true))?;
                if let Some(ttl) = ttl {
                    let result = socket.set_unicast_hops_v6(ttl);
                    let result = result.and_then(|()| socket.set_multicast_hops_v6(ttl));
                    set(Some("ttl"), "IPV6_UNICAST_HOPS", result)?;
                }
                if self.dont_fragment {
                    let forbid = libc::IPV6_PMTUDISC_DO;
                    let result = nix(setsockopt(socket, Ipv6MtuDiscover, &forbid));
                    set(Some("dont_fragment"), "IPV6_MTU_DISCOVER", result)?;
                }
            }
        }
        Ok(())
    }
}

/// Lets echo replies and errors through and keeps the rest, above all the requests of others, away from a raw socket.
///
/// Errors come through the error queue as well, but not to a socket that is bound to an interface when the error was
/// made on this host: that one comes in over lo, and only the packet finds the socket (seen with an ARP that failed, on 6.18).
fn set_filter(socket: &Socket, family: Family) -> Result<(), ProbeError> {
    let (name, result) = match family {
        Family::V4 => {
            let wanted = [0, 3, 5, 11, 12].map(|icmp_type| 1u32 << icmp_type);
            let unwanted = !wanted.into_iter().fold(0, |all, bit| all | bit);
            ("ICMP_FILTER", setsockopt(socket, IcmpFilter, &unwanted))
        }
        Family::V6 => {
            // Word by word, 32 types each: the errors 1 to 4 are in the first, the echo reply (129) in the fifth.
            let mut unwanted = [u32::MAX; 8];
            unwanted[0] = !0b1_1110;
            unwanted[4] = !0b10;
            ("ICMP6_FILTER", setsockopt(socket, Icmpv6Filter, &unwanted))
        }
    };
    result.map_err(|errno| ProbeError::SetOption {
        option: None,
        name,
        error: errno.into(),
    })
}

/// The address that the kernel sends from with these settings.
///
/// # Errors
/// When it has no way to the destination, or does not let these settings use it.
pub fn source_address(
    open: &OpenSocket<'_>,
    settings: &Settings<'_>,
) -> Result<Option<IpAddr>, ProbeError> {
    let domain = match settings.destination {
        IpAddr::V4(_) => Domain::IPV4,
        IpAddr::V6(_) => Domain::IPV6,
    };
    let scope = settings.scope_index(open, domain)?;
    let socket = open(domain, Type::DGRAM, Protocol::UDP).map_err(ProbeError::Open)?;
    settings.bind(&socket, scope)?;
    // Connecting a UDP socket sends nothing. Any port but 0 will do; iputils takes this one.
    let address = socket
        .connect(&socket_address(settings.destination, 1025, scope))
        .and_then(|()| socket.local_addr())
        .map_err(|error| ProbeError::Send {
            destination: settings.destination,
            error,
        })?;
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

/// A socket address; only link-local addresses of IPv6 have a scope.
fn socket_address(address: IpAddr, port: u16, scope: u32) -> SockAddr {
    let address = match address {
        IpAddr::V4(address) => SocketAddr::V4(SocketAddrV4::new(address, port)),
        IpAddr::V6(address) => SocketAddr::V6(SocketAddrV6::new(address, port, 0, scope)),
    };
    address.into()
}

fn ip_address(address: &SockaddrStorage) -> Option<IpAddr> {
    match (address.as_sockaddr_in(), address.as_sockaddr_in6()) {
        (Some(address), _) => Some(address.ip().into()),
        (None, Some(address)) => Some(address.ip().into()),
        (None, None) => None,
    }
}

/// Identifiers count up from a random one, so that neither two pings of one process nor, most likely, those of two processes share one.
fn next_identifier() -> u16 {
    static NEXT: LazyLock<AtomicU16> = LazyLock::new(|| {
        let [low, high, ..] = RandomState::new()
            .hash_one(std::process::id())
            .to_le_bytes();
        AtomicU16::new(u16::from_le_bytes([low, high]))
    });
    NEXT.fetch_add(1, Ordering::Relaxed)
}
