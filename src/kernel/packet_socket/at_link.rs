//! Packets that go out of a link as they are, past routes and rules, and those that come in there (packet(7)).
//!
//! Of a link with Ethernet it is whole frames (SOCK_RAW); of any other, packets of IP, for which the driver makes whatever its
//! link needs (SOCK_DGRAM).
//!
//! To close a packet socket takes the kernel some ten milliseconds, in which it waits for all processors. So a namespace keeps the
//! sockets by which it sends ([`Namespace::sender`]), and those that listen are closed by a thread, for which nobody waits. Many
//! packets at a time go out by one system call (sendmmsg(2)): that is what makes a flood of them cheap.
#![allow(unsafe_code)]

use std::io;
use std::io::IoSliceMut;
use std::mem;
use std::os::fd::{AsFd, AsRawFd, BorrowedFd};
use std::thread;
use std::time::Duration;

use nix::errno::Errno;
use nix::libc;
use nix::sys::socket::{
    ControlMessageOwned, LinkAddr, MsgFlags, SockaddrLike, recvmsg, setsockopt, sockopt,
};
use nix::{setsockopt_impl, sockopt_impl};
use socket2::{Domain, Socket, Type};

use super::bind_to;
use crate::kernel::error::Result;
use crate::kernel::netns::Namespace;

sockopt_impl!(
    /// Tell beside each packet what was taken out of it: the tag of a VLAN.
    AuxiliaryData, SetOnly, libc::SOL_PACKET, libc::PACKET_AUXDATA, libc::c_int
);

/// The most packets that one system call is given: after each somebody may say that it is enough.
pub const MOST_AT_ONCE: usize = 256;

/// ETH_P_ALL of linux/if_ether.h: packets of all types, and those too that go out.
pub const ALL_TYPES: u16 = 3;

/// What is sent.
pub struct Parcel {
    /// The bytes of the packet.
    bytes: Vec<u8>,
    /// The EtherType that the kernel is to take it for.
    ether_type: u16,
    /// The link.
    index: u32,
}

impl Parcel {
    /// A packet of this EtherType for a link.
    pub fn new(bytes: Vec<u8>, ether_type: u16, index: u32) -> Self {
        Parcel {
            bytes,
            ether_type,
            index,
        }
    }

    /// How many bytes it has.
    pub fn length(&self) -> usize {
        self.bytes.len()
    }
}

/// A packet that came in, or went out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Arrival {
    /// How many bytes of the buffer it is.
    pub length: usize,
    /// When, since 1970, by the kernel's clock; None where it has none.
    pub at: Option<Duration>,
    /// For whom it was: PACKET_HOST 0, PACKET_BROADCAST 1, ... PACKET_OUTGOING 4 (linux/if_packet.h).
    pub packet_type: u8,
    /// A tag that was taken out from behind the two hardware addresses, as it stood there.
    pub tag: Option<[u8; 4]>,
}

impl Arrival {
    /// Whether this side sent it.
    pub fn is_outgoing(&self) -> bool {
        self.packet_type == libc::PACKET_OUTGOING
    }
}

/// A socket that sends, out of any link of its namespace.
pub struct Sender(Socket);

/// A socket that hears what passes a link.
pub struct Listener(Option<Socket>);

fn open(namespace: &Namespace, is_ethernet: bool) -> Result<Socket> {
    let kind = match is_ethernet {
        true => Type::RAW,
        false => Type::DGRAM,
    };
    // No protocol: nothing comes in.
    Ok(namespace.enter(|| Socket::new(Domain::PACKET, kind, None))??)
}

impl Sender {
    /// Opens one for links with Ethernet, or for those without.
    pub fn open(namespace: &Namespace, is_ethernet: bool) -> Result<Self> {
        open(namespace, is_ethernet).map(Sender)
    }

    /// Sends the same packet some times, as often as there is room for it now. How often that was.
    pub fn send(&self, parcel: &Parcel, times: usize) -> Result<usize> {
        let mut address = libc::sockaddr_ll {
            sll_family: libc::AF_PACKET as libc::c_ushort,
            sll_protocol: parcel.ether_type.to_be(),
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
        let mut header: libc::msghdr = unsafe { mem::zeroed() };
        header.msg_name = (&raw mut address).cast();
        header.msg_namelen = size_of_val(&address) as libc::socklen_t;
        header.msg_iov = &raw mut part;
        header.msg_iovlen = 1;
        let one = libc::mmsghdr {
            msg_hdr: header,
            msg_len: 0,
        };
        let mut all = vec![one; times.clamp(1, MOST_AT_ONCE)];
        let number = libc::c_uint::try_from(all.len()).unwrap_or(1);
        let (socket, flags) = (self.0.as_raw_fd(), libc::MSG_DONTWAIT);
        // SAFETY: `all` has `number` headers. Each points to `address` and to `part`, which points to the bytes of the parcel; all of
        // them outlive the call. The kernel reads them, and writes only the lengths into `all`.
        let sent = unsafe { libc::sendmmsg(socket, all.as_mut_ptr(), number, flags as _) };
        let sent = Errno::result(sent)?;
        Ok(usize::try_from(sent).unwrap_or(0))
    }
}

impl Listener {
    /// Hears the packets of this EtherType at a link. Those that go out are heard only by who hears all types.
    pub fn open(
        namespace: &Namespace,
        index: u32,
        is_ethernet: bool,
        ether_type: u16,
    ) -> Result<Self> {
        let listener = Listener(Some(open(namespace, is_ethernet)?));
        let socket = listener.socket()?;
        setsockopt(socket, AuxiliaryData, &1)?;
        // Without, the clock is read when a packet is fetched.
        let _ = setsockopt(socket, sockopt::ReceiveTimestampns, &true);
        bind_to(socket, index, ether_type)?;
        Ok(listener)
    }

    fn socket(&self) -> std::result::Result<&Socket, Errno> {
        // It is there up to the end.
        self.0.as_ref().ok_or(Errno::EBADF)
    }

    /// What can be read when there is a packet.
    pub fn watched(&self) -> io::Result<BorrowedFd<'_>> {
        Ok(self.socket()?.as_fd())
    }

    /// Takes the next packet that was heard, if there is one.
    pub fn receive(&self, buffer: &mut [u8]) -> io::Result<Option<Arrival>> {
        let mut parts = [IoSliceMut::new(buffer)];
        let mut room = nix::cmsg_space!(libc::timespec, libc::tpacket_auxdata);
        let (socket, flags) = (self.socket()?.as_raw_fd(), MsgFlags::MSG_DONTWAIT);
        let message = match recvmsg::<LinkAddr>(socket, &mut parts, Some(&mut room), flags) {
            Ok(message) => message,
            Err(Errno::EAGAIN | Errno::EINTR) => return Ok(None),
            Err(errno) => return Err(errno.into()),
        };
        let mut arrival = Arrival {
            length: message.bytes,
            at: None,
            packet_type: message
                .address
                .filter(|from| from.len() >= 12)
                .map_or(0, |from| from.pkttype()),
            tag: None,
        };
        for beside in message.cmsgs()? {
            match beside {
                ControlMessageOwned::ScmTimestampns(stamp) => {
                    arrival.at = Some(Duration::from(stamp));
                }
                ControlMessageOwned::Unknown(other)
                    if other.cmsg_header.cmsg_level == libc::SOL_PACKET =>
                {
                    arrival.tag = tag(&other.data_bytes);
                }
                _ => {}
            }
        }
        Ok(Some(arrival))
    }
}

impl Drop for Listener {
    fn drop(&mut self) {
        let socket = self.0.take();
        // Where there is no thread to be had it is closed here.
        let _ = thread::Builder::new().spawn(move || drop(socket));
    }
}

/// The tag in a `struct tpacket_auxdata`, if there is one.
fn tag(bytes: &[u8]) -> Option<[u8; 4]> {
    let status = u32::from_ne_bytes(*bytes.first_chunk()?);
    let at = |at: usize| Some(u16::from_ne_bytes(*bytes.get(at..)?.first_chunk()?));
    if status & libc::TP_STATUS_VLAN_VALID == 0 {
        return None;
    }
    let kind = match status & libc::TP_STATUS_VLAN_TPID_VALID {
        0 => 0x8100,
        _ => at(18)?,
    };
    let ([a, b], [c, d]) = (kind.to_be_bytes(), at(16)?.to_be_bytes());
    Some([a, b, c, d])
}

#[cfg(test)]
mod tests {
    use super::tag;

    #[test]
    fn a_tag_stands_beside_the_packet() {
        let mut bytes = [0; 20];
        assert_eq!(tag(&bytes), None);
        bytes[..4].copy_from_slice(&0x50_u32.to_ne_bytes());
        bytes[16..18].copy_from_slice(&0x200a_u16.to_ne_bytes());
        bytes[18..].copy_from_slice(&0x88a8_u16.to_ne_bytes());
        assert_eq!(tag(&bytes), Some([0x88, 0xa8, 0x20, 0x0a]));
        assert_eq!(tag(&bytes[..19]), None);
    }
}
