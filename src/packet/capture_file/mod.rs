//! Capture files, read and written: pcap (draft-ietf-opsawg-pcap) and pcapng (draft-ietf-opsawg-pcapng), as tcpdump and Wireshark
//! have them. No files are opened here: bytes come from whatever can be read, and go to whatever can be written.
//!
//! Read are both in either order of bytes and with any resolution of time. Written is pcapng with nanoseconds, where each link
//! of each namespace is an interface (its name is the link's, its description `netns NAME`), and pcap with nanoseconds, which has room for neither
//! links nor directions nor comments.
//!
//! It is our own for what pcap-file has not: its release 2.0 takes all times of pcapng for nanoseconds, whatever the interface says,
//! and a single malformed option (a comment that is not UTF-8) costs the packet. Files here are often cut short, by whoever stopped a capture: all
//! whole packets are read.

mod pcap;
mod pcapng;
mod write;

pub use write::{Format, Writer};

use std::fmt;
use std::io::{self, Read};

use super::captured::{Captured, Direction, LinkType};
use super::layers::walk;

/// How large a packet, or a block, can be. The largest that Linux makes have half a megabyte.
const MOST: usize = 16 << 20;

/// Why a file can't be read further.
#[derive(Debug)]
pub enum Fault {
    /// It could not be read from the disk.
    Io(io::Error),
    /// It is no capture file.
    Unknown,
    /// It ends within a packet.
    Cut,
    /// It does not hold what it should.
    Wrong(String),
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Fault::Io(error) => write!(f, "{error}"),
            Fault::Unknown => f.write_str("it is neither a pcap nor a pcapng file"),
            Fault::Cut => f.write_str("it ends within a packet"),
            Fault::Wrong(words) => f.write_str(words),
        }
    }
}

/// What an interface of a capture counted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Counted {
    /// The namespace of the link.
    pub netns: Option<String>,
    /// The link.
    pub link: String,
    /// How many packets were received; None where nobody said.
    pub received: Option<u64>,
    /// How many were lost for want of room.
    pub dropped: Option<u64>,
}

/// The packets of a capture file, one after another.
pub struct Reader<R> {
    input: Input<R>,
    layout: Layout,
    counted: Vec<Counted>,
    is_over: bool,
}

/// What the file is.
enum Layout {
    Pcap(pcap::Header),
    Pcapng(pcapng::Section),
}

impl<R: Read> Reader<R> {
    /// Begins to read.
    ///
    /// # Errors
    /// It is no capture file.
    pub fn new(input: R) -> Result<Self, Fault> {
        let mut input = Input {
            input,
            bytes: Vec::new(),
        };
        let magic = match input.take(4) {
            Ok(magic) => magic.first_chunk::<4>().copied().unwrap_or_default(),
            Err(Fault::Cut) => return Err(Fault::Unknown),
            Err(fault) => return Err(fault),
        };
        let layout = match pcap::order(magic) {
            Some(order) => Layout::Pcap(pcap::Header::read(&mut input, order)?),
            None if magic == pcapng::MAGIC => Layout::Pcapng(pcapng::Section::read(&mut input)?),
            None => return Err(Fault::Unknown),
        };
        Ok(Reader {
            input,
            layout,
            counted: Vec::new(),
            is_over: false,
        })
    }

    /// What the interfaces counted, as far as the file was read.
    pub fn counted(&self) -> &[Counted] {
        &self.counted
    }

    fn read(&mut self) -> Result<Option<Captured>, Fault> {
        let packet = match &mut self.layout {
            Layout::Pcap(header) => header.packet(&mut self.input)?,
            Layout::Pcapng(section) => section.packet(&mut self.input, &mut self.counted)?,
        };
        Ok(packet.map(with_direction))
    }
}

impl<R: Read> Iterator for Reader<R> {
    type Item = Result<Captured, Fault>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.is_over {
            return None;
        }
        let read = self.read().transpose();
        self.is_over = !matches!(read, Some(Ok(_)));
        read
    }
}

/// The header that stands in place of Ethernet with `any` tells the direction.
fn with_direction(mut captured: Captured) -> Captured {
    const OUTGOING: u64 = 4;
    if captured.direction.is_none()
        && let LinkType::Cooked | LinkType::Cooked2 = captured.link_type
        && let Some(link) = captured.link_type.beginning()
    {
        let seen = walk(&captured.bytes, link);
        let packet_type = seen.first().and_then(|first| first.number("packet_type"));
        captured.direction = packet_type.map(|number| match number {
            OUTGOING => Direction::Out,
            _ => Direction::In,
        });
    }
    captured
}

/// Bytes that come from somewhere.
struct Input<R> {
    input: R,
    /// What was read last.
    bytes: Vec<u8>,
}

impl<R: Read> Input<R> {
    /// The next bytes, as many as that.
    fn take(&mut self, count: usize) -> Result<&[u8], Fault> {
        match self.maybe(count)? {
            Some(_) => Ok(&self.bytes),
            None => Err(Fault::Cut),
        }
    }

    /// The next bytes; None at the end of the file.
    fn maybe(&mut self, count: usize) -> Result<Option<&[u8]>, Fault> {
        self.bytes.clear();
        let most = u64::try_from(count).unwrap_or(u64::MAX);
        // What a file says of its length is not to be believed: no room is made before the bytes are there.
        let read = self.input.by_ref().take(most).read_to_end(&mut self.bytes);
        match read.map_err(Fault::Io)? {
            0 if count > 0 => Ok(None),
            read if read < count => Err(Fault::Cut),
            _ => Ok(Some(&self.bytes)),
        }
    }
}

/// In which order the bytes of a number stand.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Order {
    Big,
    Little,
}

impl Order {
    fn short(self, bytes: &[u8], at: usize) -> Option<u16> {
        let bytes = *bytes.get(at..)?.first_chunk::<2>()?;
        Some(match self {
            Order::Big => u16::from_be_bytes(bytes),
            Order::Little => u16::from_le_bytes(bytes),
        })
    }

    fn long(self, bytes: &[u8], at: usize) -> Option<u32> {
        let bytes = *bytes.get(at..)?.first_chunk::<4>()?;
        Some(match self {
            Order::Big => u32::from_be_bytes(bytes),
            Order::Little => u32::from_le_bytes(bytes),
        })
    }

    /// A number of 8 bytes.
    fn longest(self, bytes: &[u8], at: usize) -> Option<u64> {
        let bytes = *bytes.get(at..)?.first_chunk::<8>()?;
        Some(match self {
            Order::Big => u64::from_be_bytes(bytes),
            Order::Little => u64::from_le_bytes(bytes),
        })
    }

    fn size(self, bytes: &[u8], at: usize) -> Option<usize> {
        self.long(bytes, at)?.try_into().ok()
    }
}

#[cfg(test)]
mod tests;
