//! The two queues of a socket: packets that came in, and errors. Any socket with IP_RECVERR has the second one (ip(7)): ICMP
//! errors about what it sent, with type, code and whoever sent them, without a privilege. What they mean is left to the prober.

use std::io::{self, IoSliceMut};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::os::fd::AsRawFd;
use std::time::Duration;

use nix::errno::Errno;
use nix::libc;
use nix::sys::socket::{ControlMessageOwned, MsgFlags, SockaddrStorage, recvmsg};

use super::timestamp::Stamp;
use crate::packet::icmp::Fault;

/// Room for all the control messages of one packet, several times over.
pub const CONTROL: usize = 512;

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

/// Reads one message, without waiting: none if there is none. `control` is room that is used again and again.
pub fn receive(
    socket: &impl AsRawFd,
    control: &mut [u8],
    queue: Queue,
    buffer: &mut [u8],
) -> io::Result<Option<Incoming>> {
    let flags = match queue {
        Queue::Packets => MsgFlags::MSG_DONTWAIT,
        Queue::Errors => MsgFlags::MSG_DONTWAIT | MsgFlags::MSG_ERRQUEUE,
    };
    let mut parts = [IoSliceMut::new(buffer)];
    let message =
        match recvmsg::<SockaddrStorage>(socket.as_raw_fd(), &mut parts, Some(control), flags) {
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
    /// What a fault that came as a packet would be in the queue.
    pub fn of_fault(fault: &Fault<'_>, offender: Option<IpAddr>) -> Self {
        Self {
            errno: 0,
            origin: libc::SO_EE_ORIGIN_ICMP,
            icmp_type: fault.icmp_type,
            icmp_code: fault.icmp_code,
            info: fault.info,
            data: 0,
            offender,
        }
    }

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

fn ip_address(address: &SockaddrStorage) -> Option<IpAddr> {
    match (address.as_sockaddr_in(), address.as_sockaddr_in6()) {
        (Some(address), _) => Some(address.ip().into()),
        (None, Some(address)) => Some(address.ip().into()),
        (None, None) => None,
    }
}
