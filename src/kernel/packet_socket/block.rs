//! A block of the ring: a descriptor, and packets one behind the other, each after a `struct tpacket3_hdr` and a `struct
//! sockaddr_ll` (linux/if_packet.h). Offsets in it are the kernel's word; here they are followed only as far as there are bytes.

use std::borrow::Cow;
use std::time::Duration;

use nix::libc;

/// Where things stand in the descriptor: `struct tpacket_block_desc`.
pub(super) const STATUS: usize = 8;
const NUMBER: usize = 12;
const FIRST: usize = 16;

/// The header of a packet is this long, and the address follows it at once (TPACKET_ALIGN of 48 is 48).
const HEADER: usize = 48;
const ADDRESS: usize = 20;

/// linux/if_arp.h: links whose packets begin with an Ethernet header.
const ETHERNET: u16 = 1;
const LOOPBACK: u16 = 772;

/// The two hardware addresses, behind which a VLAN tag stands.
const ADDRESSES: usize = 12;

/// The bytes of a VLAN tag.
const TAG: usize = 4;

/// linux/if_ether.h: the type of a VLAN tag whose own is not told.
const ETH_P_8021Q: u16 = 0x8100;

/// A packet as it lies in the ring.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Frame<'a> {
    /// When, since 1970.
    pub at: Duration,
    /// The link.
    pub index: u32,
    /// Whether this side sent it.
    pub outgoing: bool,
    /// Whether it begins with an Ethernet header. If not, it begins with that of the network's: of IP, mostly.
    pub is_ethernet: bool,
    /// Whether its checksum was left to the link to be worked out: then it is not wrong but not there yet.
    pub is_checksum_open: bool,
    /// A VLAN tag that stands beside the bytes and not among them: its type, and the 2 bytes after.
    tag: Option<[u8; TAG]>,
    /// The length on the link, less that of the tag.
    length: u32,
    /// The bytes, less the tag.
    bytes: &'a [u8],
}

impl<'a> Frame<'a> {
    /// How long it was on the link.
    pub fn length(&self) -> u32 {
        match self.tag {
            Some(_) => self.length.saturating_add(TAG as u32),
            None => self.length,
        }
    }

    /// Its bytes as they were on the link, as far as they were captured, and no more than `most`.
    pub fn bytes(&self, most: usize) -> Cow<'a, [u8]> {
        let Some((tag, (before, after))) = self
            .tag
            .and_then(|tag| Some((tag, self.bytes.split_at_checked(ADDRESSES)?)))
        else {
            let length = self.bytes.len().min(most);
            return Cow::Borrowed(self.bytes.get(..length).unwrap_or_default());
        };
        let mut whole = Vec::with_capacity(self.bytes.len() + TAG);
        whole.extend_from_slice(before);
        whole.extend_from_slice(&tag);
        whole.extend_from_slice(after);
        whole.truncate(most);
        Cow::Owned(whole)
    }
}

/// How many packets the block says that it has.
pub fn number(block: &[u8]) -> u32 {
    u32_at(block, NUMBER).unwrap_or_default()
}

/// The packets of a block, as far as they can be read.
pub fn frames(block: &[u8]) -> impl Iterator<Item = Frame<'_>> {
    let first = u32_at(block, FIRST).map(|first| first as usize);
    let packets = std::iter::successors(first, |at| {
        let step = u32_at(block, *at)? as usize;
        // The last one says 0; less than its own header can't be.
        (step >= HEADER).then(|| at.checked_add(step))?
    });
    let most = number(block) as usize;
    packets.take(most).map_while(|at| frame(block.get(at..)?))
}

/// `struct tpacket3_hdr` and `struct sockaddr_ll`, in the machine's byte order unless said otherwise.
fn frame(packet: &[u8]) -> Option<Frame<'_>> {
    let [seconds, nanoseconds, captured, length, status] =
        [4, 8, 12, 16, 20].map(|at| u32_at(packet, at));
    let [mac, network] = [24, 26].map(|at| u16_at(packet, at).map(usize::from));
    let (mac, network, captured) = (mac?, network?, captured? as usize);
    let address = packet.get(HEADER..HEADER + ADDRESS)?;
    let hardware = u16_at(address, 8)?;
    let is_ethernet = matches!(hardware, ETHERNET | LOOPBACK);
    // Of other headers (a tunnel's own) nothing is known: the packet begins where the network's does.
    let skipped = match is_ethernet {
        true => 0,
        false => network.saturating_sub(mac),
    };
    let start = mac.checked_add(skipped)?;
    let bytes = packet.get(start..start.checked_add(captured.saturating_sub(skipped))?)?;
    Some(Frame {
        // Nanoseconds are less than a second; if not, that is no reason to panic.
        at: Duration::from_secs(seconds?.into())
            .saturating_add(Duration::from_nanos(nanoseconds?.into())),
        index: u32_at(address, 4)?,
        outgoing: address.get(10) == Some(&libc::PACKET_OUTGOING),
        is_ethernet,
        is_checksum_open: status? & libc::TP_STATUS_CSUMNOTREADY != 0,
        tag: tag(packet, status?).filter(|_| is_ethernet && bytes.len() >= ADDRESSES),
        length: length?.saturating_sub(u32::try_from(skipped).ok()?),
        bytes,
    })
}

/// The tag that the kernel took out of the frame, as it stood there: in the network's byte order.
fn tag(packet: &[u8], status: u32) -> Option<[u8; TAG]> {
    if status & libc::TP_STATUS_VLAN_VALID == 0 {
        return None;
    }
    let control = u16::try_from(u32_at(packet, 32)? & 0xffff).ok()?;
    let kind = match status & libc::TP_STATUS_VLAN_TPID_VALID {
        0 => ETH_P_8021Q,
        _ => u16_at(packet, 36)?,
    };
    let ([a, b], [c, d]) = (kind.to_be_bytes(), control.to_be_bytes());
    Some([a, b, c, d])
}

fn u32_at(bytes: &[u8], at: usize) -> Option<u32> {
    let found = bytes.get(at..)?.first_chunk::<4>()?;
    Some(u32::from_ne_bytes(*found))
}

fn u16_at(bytes: &[u8], at: usize) -> Option<u16> {
    let found = bytes.get(at..)?.first_chunk::<2>()?;
    Some(u16::from_ne_bytes(*found))
}
