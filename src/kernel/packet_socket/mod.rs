//! Packets as they pass the links of a namespace: a socket that the kernel shows each of them (packet(7)), and a ring in memory
//! that it shares with us, so that a packet costs no system call (Documentation/networking/packet_mmap.rst).
//!
//! | file | what it is |
//! |---|---|
//! | this one | the socket: opening it, its counters |
//! | [`ring`] | the shared memory |
//! | [`block`] | what the kernel writes there, read with no trust |
//! | [`program`] | which packets are wanted, as a program that runs in the kernel |
//! | [`at_link`] | the way out: a socket that sends packets as they are |
//!
//! The ring is one of TPACKET_V3: packets of any length lie one behind the other in a block, and a block is handed over when it
//! is full, or after a time. That wakes whoever waits once a block. With one frame for each packet (TPACKET_V2) it would be once
//! a packet, which was measured to make a ping over a veth pair half as slow again; and frames of one length waste the memory,
//! or cut what is long. The price is that a packet can be seen only a little later: [`PacketSocket::is_behind`] tells whether
//! there are any that were not yet handed over.
#![allow(unsafe_code)]

pub mod at_link;
pub mod block;
pub mod program;
pub mod ring;

use std::os::fd::{AsFd, AsRawFd, BorrowedFd};
use std::time::Duration;

use nix::errno::Errno;
use nix::libc;
use nix::sys::socket::{getsockopt, setsockopt};
use nix::{getsockopt_impl, setsockopt_impl, sockopt_impl};
use socket2::{Domain, SockFilter, Socket, Type};

use super::error::Result;
use super::ioctl;
use super::netns::Namespace;
use super::reason::Reason;
use block::Frame;
use program::Program;
use ring::Ring;

sockopt_impl!(
    /// The layout of the ring.
    Version, SetOnly, libc::SOL_PACKET, libc::PACKET_VERSION, libc::c_int
);
sockopt_impl!(
    /// The ring's size.
    RxRing, SetOnly, libc::SOL_PACKET, libc::PACKET_RX_RING, libc::tpacket_req3
);
sockopt_impl!(
    /// How many packets there were since the last time that this was asked.
    Counters, GetOnly, libc::SOL_PACKET, libc::PACKET_STATISTICS, libc::tpacket_stats_v3
);
sockopt_impl!(
    /// A link that is to take in what is not for it.
    Membership, SetOnly, libc::SOL_PACKET, libc::PACKET_ADD_MEMBERSHIP, libc::packet_mreq
);

/// How large the ring is, and how soon a packet is to be seen.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Size {
    /// Bytes of a block: a multiple of the page's. No packet is longer than one.
    pub block: u32,
    /// How many blocks.
    pub blocks: u32,
    /// After which time a block is handed over that is not full. The kernel's clock is coarse before Linux 6.18: up to two ticks
    /// more.
    pub patience: Duration,
}

/// What to capture.
#[derive(Debug, Clone)]
pub struct Wanted<'a> {
    /// Which packets.
    pub program: Program<'a>,
    /// Links that are to take in what is not for them, as long as the socket lives.
    pub promiscuous: &'a [u32],
    /// The ring.
    pub size: Size,
}

/// How many packets there were.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Counts {
    /// Packets that the program wanted.
    pub received: u64,
    /// Those of them for which the ring had no room.
    pub dropped: u64,
}

/// A socket that sees packets, and its ring.
pub struct PacketSocket {
    // Before the socket: the memory goes first.
    ring: Ring,
    socket: Socket,
    counts: Counts,
    /// How many packets were taken out of the ring.
    taken: u64,
}

impl PacketSocket {
    /// Opens a socket in a namespace and lets packets in, all at once and not one that is not wanted: up to the bind it is bound to
    /// no protocol.
    pub fn open(namespace: &Namespace, wanted: &Wanted<'_>) -> Result<Self> {
        Opened::open(namespace, wanted)?.begin()
    }

    /// Hands over the packets that lie in the ring, in the order in which they came; at most one ring full of them. Tells how many
    /// there were.
    pub fn take(&mut self, mut each: impl FnMut(&Frame<'_>)) -> u64 {
        let mut number = 0;
        for _ in 0..self.ring.blocks() {
            let is_there = self.ring.next(|block| {
                for frame in block::frames(block) {
                    each(&frame);
                }
                number += u64::from(block::number(block));
            });
            if !is_there {
                break;
            }
        }
        self.taken += number;
        number
    }

    /// How many packets there were up to now.
    pub fn counts(&mut self) -> Result<Counts> {
        let new = getsockopt(&self.socket, Counters)?;
        self.counts.received += u64::from(new.tp_packets);
        self.counts.dropped += u64::from(new.tp_drops);
        Ok(self.counts)
    }

    /// Whether there are packets that were received up to the last [`PacketSocket::counts`], and not taken yet.
    pub fn is_behind(&self) -> bool {
        self.taken < self.counts.received.saturating_sub(self.counts.dropped)
    }

    /// What a link of the socket's namespace is called now.
    pub fn link_name(&self, index: u32) -> Option<String> {
        ioctl::link_name(self.socket.as_raw_fd(), index).ok()
    }
}

impl AsFd for PacketSocket {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.socket.as_fd()
    }
}

/// A socket that sees nothing yet, and has no ring. To make the ring, the kernel waits until no processor can be in the midst of
/// a packet any more: some milliseconds, which many sockets can wait for at the same time, each in a thread of its own.
pub struct Opened {
    socket: Socket,
    size: Size,
}

impl Opened {
    /// Opens it.
    pub fn open(namespace: &Namespace, wanted: &Wanted<'_>) -> Result<Self> {
        let socket = namespace.enter(|| Socket::new(Domain::PACKET, Type::RAW, None))??;
        if let Some(program) = wanted.program.instructions()? {
            let program: Vec<SockFilter> = program
                .iter()
                .map(|it| SockFilter::new(it.code, it.jt, it.jf, it.k))
                .collect();
            socket.attach_filter(&program)?;
        }
        for index in wanted.promiscuous {
            let membership = libc::packet_mreq {
                mr_ifindex: i32::try_from(*index).map_err(|_| Errno::ENODEV)?,
                mr_type: libc::PACKET_MR_PROMISC as libc::c_ushort,
                mr_alen: 0,
                mr_address: [0; 8],
            };
            setsockopt(&socket, Membership, &membership)?;
        }
        let size = wanted.size;
        Ok(Opened { socket, size })
    }

    /// Makes the ring and lets packets in.
    pub fn begin(self) -> Result<PacketSocket> {
        let Opened { socket, size } = self;
        let version = libc::tpacket_versions::TPACKET_V3 as libc::c_int;
        setsockopt(&socket, Version, &version)?;
        let patience = size.patience.as_millis().clamp(1, 1000);
        let request = libc::tpacket_req3 {
            tp_block_size: size.block,
            tp_block_nr: size.blocks,
            // Frames have no fixed length; the kernel wants the numbers to fit all the same.
            tp_frame_size: size.block,
            tp_frame_nr: size.blocks,
            tp_retire_blk_tov: u32::try_from(patience).unwrap_or(1000),
            tp_sizeof_priv: 0,
            tp_feature_req_word: 0,
        };
        setsockopt(&socket, RxRing, &request)?;
        let ring = Ring::map(socket.as_fd(), size.block, size.blocks)?;
        bind(&socket)?;
        Ok(PacketSocket {
            ring,
            socket,
            counts: Counts::default(),
            taken: 0,
        })
    }
}

/// From now on the socket sees the packets of all links of its namespace, in both directions. Which of the links are wanted is the
/// program's business: so a link that is down, or goes down, is no error.
fn bind(socket: &Socket) -> Result<()> {
    bind_to(socket, 0, libc::ETH_P_ALL as u16)
}

/// From now on the socket sees the packets of this link (of all, if it is 0) and of this EtherType.
fn bind_to(socket: &Socket, index: u32, ether_type: u16) -> Result<()> {
    let address = libc::sockaddr_ll {
        sll_family: libc::AF_PACKET as libc::c_ushort,
        sll_protocol: ether_type.to_be(),
        sll_ifindex: i32::try_from(index).map_err(|_| Errno::ENODEV)?,
        sll_hatype: 0,
        sll_pkttype: 0,
        sll_halen: 0,
        sll_addr: [0; 8],
    };
    let length = size_of_val(&address) as libc::socklen_t;
    // SAFETY: `address` is a whole sockaddr_ll that outlives the call, `length` is its length, and the kernel only reads it.
    Errno::result(unsafe { libc::bind(socket.as_raw_fd(), (&raw const address).cast(), length) })?;
    Ok(())
}

/// Why there is no such socket.
pub fn refusal(errno: Errno) -> Option<Reason> {
    match errno {
        Errno::EPERM | Errno::EACCES => Some(
            Reason::new("this user may not see packets")
                .hint("it needs root or CAP_NET_RAW; without --host netsh works in a sandbox of its own and needs neither"),
        ),
        Errno::EAFNOSUPPORT => Some(
            Reason::new("this kernel has no packet sockets")
                .hint("they are CONFIG_PACKET; on the host root may be able to load them: modprobe af_packet"),
        ),
        Errno::E2BIG => Some(
            Reason::new("the program for the kernel is too long")
                .hint("name fewer links, or a filter with fewer parts"),
        ),
        // sk_attach_filter charges a program of 8 bytes an instruction to the socket, up to net.core.optmem_max: 20 kB before
        // Linux 6.7.
        Errno::ENOMEM | Errno::ENOBUFS => Some(
            Reason::new("the kernel has no memory for the ring, or not for so long a filter")
                .hint("sysctl_get(\"net.core.optmem_max\") bytes are for the filter, 8 an instruction; name fewer links and addresses"),
        ),
        _ => None,
    }
}

#[cfg(test)]
mod tests;
