//! A socket at one link: what it is given goes out there as it is, past routes and rules (packet(7)).
//!
//! Of a link with Ethernet it sends whole frames (SOCK_RAW); of any other, packets of IP, for which the driver makes whatever its
//! link needs (SOCK_DGRAM). It takes packets in only if it was opened for those of a protocol.
//!
//! Many at a time go out by one system call (sendmmsg(2)): that is what makes a flood of them cheap.
#![allow(unsafe_code)]

use std::io;
use std::io::IoSliceMut;
use std::os::fd::{AsFd, AsRawFd, BorrowedFd};
use std::time::Duration;

use nix::errno::Errno;
use nix::libc;
use nix::sys::socket::{ControlMessageOwned, LinkAddr, MsgFlags, recvmsg, setsockopt, sockopt};
use socket2::{Domain, Socket, Type};

use super::bind_to;
use crate::kernel::error::Result;
use crate::kernel::netns::Namespace;

/// The most packets that one system call is given: after each somebody may say that it is enough.
pub const MOST_AT_ONCE: usize = 256;

/// What goes out at one go: the same packet, so many times.
pub struct Parcel {
    bytes: Vec<u8>,
    protocol: u16,
    index: u32,
}

/// A packet that came in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Arrival {
    /// How many bytes of the buffer it is.
    pub length: usize,
    /// When, since 1970, by the kernel's clock; None where it has none yet.
    pub at: Option<Duration>,
    /// For whom it was: PACKET_HOST 0, PACKET_BROADCAST 1, ... (linux/if_packet.h).
    pub packet_type: u8,
}

/// A socket at a link.
pub struct LinkSocket {
    socket: Socket,
    index: u32,
}

impl LinkSocket {
    /// Opens one that sends.
    pub fn open(namespace: &Namespace, index: u32, is_ethernet: bool) -> Result<Self> {
        let kind = match is_ethernet {
            true => Type::RAW,
            false => Type::DGRAM,
        };
        // No protocol: nothing comes in.
        let socket = namespace.enter(|| Socket::new(Domain::PACKET, kind, None))??;
        Ok(LinkSocket { socket, index })
    }

    /// Opens one at a link with Ethernet that sends, and takes in the frames of this EtherType. Those that go out are not seen.
    pub fn open_for(namespace: &Namespace, index: u32, ether_type: u16) -> Result<Self> {
        let at_link = LinkSocket::open(namespace, index, true)?;
        at_link.socket.set_nonblocking(true)?;
        // Without, the clock is read when a packet is fetched.
        let _ = setsockopt(&at_link.socket, sockopt::ReceiveTimestampns, &true);
        bind_to(&at_link.socket, index, ether_type)?;
        Ok(at_link)
    }

    /// What is to be sent: bytes, which are of this EtherType.
    pub fn parcel(&self, bytes: Vec<u8>, ether_type: u16) -> Parcel {
        Parcel {
            bytes,
            protocol: ether_type.to_be(),
            index: self.index,
        }
    }

    /// Sends the same packet some times, as often as there is room for it now. How often that was.
    pub fn send(&self, parcel: &Parcel, times: usize) -> Result<usize> {
        let mut address = libc::sockaddr_ll {
            sll_family: libc::AF_PACKET as libc::c_ushort,
            sll_protocol: parcel.protocol,
            sll_ifindex: i32::try_from(parcel.index).map_err(|_| Errno::ENODEV)?,
            sll_hatype: 0,
            sll_pkttype: 0,
            sll_halen: 0,
            sll_addr: [0; 8],
        };
        let mut part = libc::iovec {
            iov_base: parcel.bytes.as_ptr().cast_mut().cast(),
            iov_len: parcel.bytes.len(),
        };
        // SAFETY: struct msghdr is plain old data; all-zero bytes are a valid value of it (there are paddings in some C libraries).
        let mut header: libc::msghdr = unsafe { std::mem::zeroed() };
        header.msg_name = (&raw mut address).cast();
        header.msg_namelen = size_of_val(&address) as libc::socklen_t;
        header.msg_iov = &raw mut part;
        header.msg_iovlen = 1;
        let one = libc::mmsghdr {
            msg_hdr: header,
            msg_len: 0,
        };
        let mut all = vec![one; times.clamp(1, MOST_AT_ONCE)];
        let number = u32::try_from(all.len()).unwrap_or(1);
        // SAFETY: `all` has `number` headers. Each points to `address` and to `part`, which points to the bytes of the parcel; all of
        // them outlive the call. The kernel reads them, and writes only the lengths into `all`.
        let sent = unsafe {
            libc::sendmmsg(
                self.socket.as_raw_fd(),
                all.as_mut_ptr(),
                number,
                libc::MSG_DONTWAIT,
            )
        };
        let sent = Errno::result(sent)?;
        Ok(usize::try_from(sent).unwrap_or(0))
    }

    /// Takes the next packet that came in, if there is one.
    pub fn receive(&self, buffer: &mut [u8]) -> io::Result<Option<Arrival>> {
        let mut parts = [IoSliceMut::new(buffer)];
        let mut room = nix::cmsg_space!(libc::timespec);
        let flags = MsgFlags::MSG_DONTWAIT;
        let message =
            recvmsg::<LinkAddr>(self.socket.as_raw_fd(), &mut parts, Some(&mut room), flags);
        let message = match message {
            Ok(message) => message,
            Err(Errno::EAGAIN | Errno::EINTR) => return Ok(None),
            Err(errno) => return Err(errno.into()),
        };
        let at = message.cmsgs().ok().and_then(|mut found| {
            found.find_map(|one| match one {
                ControlMessageOwned::ScmTimestampns(stamp) => Some(Duration::from(stamp)),
                _ => None,
            })
        });
        Ok(Some(Arrival {
            length: message.bytes,
            at,
            packet_type: message.address.map_or(0, |from| from.pkttype()),
        }))
    }
}

impl AsFd for LinkSocket {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.socket.as_fd()
    }
}
