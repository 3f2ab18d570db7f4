//! A socket that sends ICMP messages and gets replies, errors and time stamps back.
//!
//! Raw where that is allowed, else a datagram ICMP socket (icmp(7)), which the kernel lets groups use that are named in
//! `net.ipv4.ping_group_range`. What the messages mean is left to `packet::icmp`, whose they are to the prober.

use std::collections::hash_map::RandomState;
use std::hash::BuildHasher;
use std::io;
use std::os::fd::{AsFd, BorrowedFd};
use std::sync::LazyLock;
use std::sync::atomic::{AtomicU16, Ordering};

use nix::libc;
use nix::sys::socket::{setsockopt, sockopt};
use nix::{setsockopt_impl, sockopt_impl};
use socket2::{Domain, Protocol, SockAddr, Socket, Type};

use super::error::ProbeError;
use super::error_queue::{self, CONTROL, Incoming, Queue};
use super::socket_settings::{OpenSocket, Settings, set_hop_limit, socket_address};
use super::timestamp;
use crate::packet::icmp::Family;

// linux/icmp.h and linux/icmpv6.h; neither constant is in libc.
const ICMP_FILTER: libc::c_int = 1;
const ICMPV6_FILTER: libc::c_int = 1;

sockopt_impl!(
    /// The ICMP types that a raw socket does not want, one bit each.
    IcmpFilter, SetOnly, libc::SOL_RAW, ICMP_FILTER, u32
);
sockopt_impl!(
    /// The ICMPv6 types that a raw socket does not want, one bit each.
    Icmpv6Filter, SetOnly, libc::IPPROTO_ICMPV6, ICMPV6_FILTER, [u32; 8]
);

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

    /// How many hops the next message may go.
    pub fn set_hop_limit(&self, ttl: u8) -> Result<(), ProbeError> {
        let family = match self.destination.is_ipv6() {
            true => Family::V6,
            false => Family::V4,
        };
        set_hop_limit(&self.socket, family, ttl)
    }

    /// The kernel does not tell any more when messages went out, only when they came in: what a flood needs, and no more.
    pub fn stamp_arrivals_only(&self) {
        timestamp::enable_receiving(&self.socket);
        // The header that comes along has the time to live already.
        if self.raw && self.destination.is_ipv4() {
            let _ = setsockopt(&self.socket, sockopt::Ipv4RecvTtl, &false);
        }
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
        error_queue::receive(&self.socket, &mut self.control, queue, buffer)
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
