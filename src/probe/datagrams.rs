//! Datagrams received from anybody and answered, by one socket. An answer goes out from the address that was asked: a host can have
//! several, and whoever asked takes it from no other (ip(7), IP_PKTINFO; RFC 3542, 6.2).

use std::io::{self, ErrorKind, IoSlice, IoSliceMut};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, SocketAddrV6};
use std::os::fd::{AsFd, AsRawFd};
use std::time::Duration;

use nix::libc;
use nix::sys::socket::{
    ControlMessage, ControlMessageOwned, MsgFlags, SockaddrStorage, recvmsg, sendmsg, setsockopt,
    sockopt,
};
use socket2::{Protocol, Socket, Type};

use super::error::ProbeError;
use super::error_queue::{self, Queue};
use super::socket_settings::{OpenSocket, Settings, listening, socket_address};
use crate::kernel::wait::{Waiter, patiently};
use crate::packet::icmp::{self, Family};

/// The most that a datagram carries.
pub const MOST: usize = 65_535;

/// Room for the address of a packet, several times over.
const CONTROL: usize = 128;

/// A datagram that came.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Datagram {
    /// What it carries.
    pub bytes: Vec<u8>,
    /// Who sent it.
    pub from: SocketAddr,
    /// The address that it was sent to, where the kernel tells.
    pub to: Option<IpAddr>,
}

/// A socket at which datagrams arrive.
pub fn listen(open: &OpenSocket<'_>, at: SocketAddr) -> Result<Socket, ProbeError> {
    let socket = listening(open, Type::DGRAM, Protocol::UDP, at)?;
    let told = match at {
        SocketAddr::V4(_) => setsockopt(&socket, sockopt::Ipv4PacketInfo, &true),
        SocketAddr::V6(_) => setsockopt(&socket, sockopt::Ipv6RecvPacketInfo, &true),
    };
    told.map_err(|errno| ProbeError::Open(errno.into()))?;
    Ok(socket)
}

/// A socket that sends to one port and hears of errors.
pub fn connect(
    open: &OpenSocket<'_>,
    settings: &Settings<'_>,
    port: u16,
    broadcast: bool,
) -> Result<Socket, ProbeError> {
    let (socket, scope) = settings.open(open, Type::DGRAM, Protocol::UDP)?;
    settings.set_options(&socket, Family::of(settings.destination))?;
    if broadcast {
        socket.set_broadcast(true).map_err(ProbeError::Open)?;
    }
    let connected = socket.connect(&socket_address(settings.destination, port, scope));
    connected.map_err(|error| settings.not_sent(error))?;
    Ok(socket)
}

/// The next datagram; none if the time is over or the waiter wants no more.
pub fn next(
    socket: &Socket,
    limit: Option<Duration>,
    waiter: &dyn Waiter,
) -> io::Result<Option<Datagram>> {
    let mut buffer = vec![0; MOST];
    patiently(socket.as_fd(), limit, waiter, || {
        receive(socket, &mut buffer)
    })
}

/// The ICMP error about what was sent by a connected socket, and by whom; the queue is empty afterwards.
pub fn icmp_error(socket: &Socket, family: Family) -> Option<(IpAddr, String)> {
    let mut control = [0; error_queue::CONTROL];
    let mut last = None;
    let mut buffer = [0; 64];
    while let Ok(Some(incoming)) =
        error_queue::receive(socket, &mut control, Queue::Errors, &mut buffer)
    {
        let Some((error, from)) = incoming
            .error
            .and_then(|error| Some((error, error.offender?)))
        else {
            continue;
        };
        let what = icmp::words(family, error.icmp_type, error.icmp_code, error.info);
        last = Some((from, what));
    }
    last
}

/// The datagram that is there, if one is.
pub fn receive(socket: &Socket, buffer: &mut [u8]) -> io::Result<Datagram> {
    let mut control = [0; CONTROL];
    let mut parts = [IoSliceMut::new(buffer)];
    let flags = MsgFlags::MSG_DONTWAIT;
    let message =
        recvmsg::<SockaddrStorage>(socket.as_raw_fd(), &mut parts, Some(&mut control), flags)?;
    let from = message.address.as_ref().and_then(from_kernel);
    let mut to = None;
    for control in message.cmsgs().into_iter().flatten() {
        match control {
            ControlMessageOwned::Ipv4PacketInfo(info) => {
                to = Some(Ipv4Addr::from(u32::from_be(info.ipi_addr.s_addr)).into());
            }
            ControlMessageOwned::Ipv6PacketInfo(info) => {
                to = Some(Ipv6Addr::from(info.ipi6_addr.s6_addr).into());
            }
            _ => {}
        }
    }
    let length = message.bytes;
    Ok(Datagram {
        bytes: buffer.get(..length).unwrap_or_default().to_vec(),
        from: from.ok_or(ErrorKind::Unsupported)?,
        to,
    })
}

/// Sends bytes back to who sent a datagram, from where it had gone.
pub fn reply(socket: &Socket, datagram: &Datagram, bytes: &[u8]) -> io::Result<()> {
    let to = SockaddrStorage::from(datagram.from);
    let parts = [IoSlice::new(bytes)];
    let flags = MsgFlags::MSG_DONTWAIT | MsgFlags::MSG_NOSIGNAL;
    let send = |control: &[ControlMessage<'_>]| {
        sendmsg(socket.as_raw_fd(), &parts, control, flags, Some(&to)).map(drop)
    };
    let asked = datagram.to.filter(|to| !to.to_canonical().is_multicast());
    let sent = match asked {
        None => send(&[]),
        Some(IpAddr::V4(address)) => {
            let info = libc::in_pktinfo {
                ipi_ifindex: 0,
                ipi_spec_dst: libc::in_addr {
                    s_addr: u32::from(address).to_be(),
                },
                ipi_addr: libc::in_addr { s_addr: 0 },
            };
            send(&[ControlMessage::Ipv4PacketInfo(&info)])
        }
        Some(IpAddr::V6(address)) => {
            let info = libc::in6_pktinfo {
                ipi6_addr: libc::in6_addr {
                    s6_addr: address.octets(),
                },
                ipi6_ifindex: 0,
            };
            send(&[ControlMessage::Ipv6PacketInfo(&info)])
        }
    };
    match sent {
        // It had gone to a broadcast address, which nobody can send from.
        Err(nix::errno::Errno::EINVAL) if asked.is_some() => Ok(send(&[])?),
        sent => Ok(sent?),
    }
}

fn from_kernel(address: &SockaddrStorage) -> Option<SocketAddr> {
    if let Some(address) = address.as_sockaddr_in() {
        return Some(SocketAddr::new(address.ip().into(), address.port()));
    }
    let address = address.as_sockaddr_in6()?;
    let (ip, port) = (address.ip(), address.port());
    Some(SocketAddrV6::new(ip, port, 0, address.scope_id()).into())
}
