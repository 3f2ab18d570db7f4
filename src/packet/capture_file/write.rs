//! Capture files written. Numbers stand in the order of this machine, as all programs write them.

use std::collections::HashMap;
use std::hash::{BuildHasher, RandomState};
use std::io::{self, Write};
use std::time::Duration;

use super::pcapng::{MAGIC, MOST_INTERFACES, NETNS, ORDER, block, option};
use super::{Counted, pcap};
use crate::packet::captured::{Captured, Direction, LinkType};

/// How a file is laid out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Format {
    /// The older format: packets of one kind of link, without names.
    Pcap,
    /// The newer one.
    Pcapng,
}

/// A capture file that is being written.
pub struct Writer<W> {
    output: W,
    format: Format,
    /// The interfaces that were described.
    interfaces: Vec<Interface>,
    /// Their numbers, by a hash of what they are.
    numbers: HashMap<u64, Vec<usize>>,
    hasher: RandomState,
    /// The interface of the packet before: mostly it is that of the next one too.
    before: usize,
    /// The link type that stands in the header of a pcap file.
    link_type: Option<LinkType>,
    /// How many bytes are kept of a packet at most; 0: all.
    snaplen: u32,
    /// The time of the last packet.
    last: Duration,
    /// The block that is being put together.
    block: Vec<u8>,
}

/// A link, in its namespace.
#[derive(PartialEq, Eq)]
struct Interface {
    netns: Option<String>,
    link: String,
    link_type: LinkType,
}

impl<W: Write> Writer<W> {
    /// Begins a file.
    ///
    /// # Errors
    /// It can't be written.
    pub fn new(output: W, format: Format) -> io::Result<Self> {
        let mut writer = Writer {
            output,
            format,
            interfaces: Vec::new(),
            numbers: HashMap::new(),
            hasher: RandomState::new(),
            before: 0,
            link_type: None,
            snaplen: 0,
            last: Duration::ZERO,
            block: Vec::new(),
        };
        if format == Format::Pcapng {
            writer.section()?;
        }
        Ok(writer)
    }

    /// Says how many bytes are kept of a packet at most. It is to be said before the first packet.
    #[must_use]
    pub fn keeping(mut self, snaplen: Option<u32>) -> Self {
        self.snaplen = snaplen.unwrap_or(0);
        self
    }

    /// Adds a packet.
    ///
    /// # Errors
    /// It can't be written. A pcap file has packets of one link type only.
    pub fn packet(&mut self, packet: &Captured) -> io::Result<()> {
        self.last = packet.at;
        match self.format {
            Format::Pcap => self.old_packet(packet),
            Format::Pcapng => self.enhanced_packet(packet),
        }
    }

    /// Adds what an interface counted, once all its packets are there. A pcap file has no room for that.
    ///
    /// # Errors
    /// It can't be written.
    pub fn counted(&mut self, counted: &Counted) -> io::Result<()> {
        if self.format == Format::Pcap {
            return Ok(());
        }
        let known = self.interfaces.iter().position(|interface| {
            interface.netns == counted.netns && interface.link == counted.link
        });
        let id = match known {
            Some(id) => id,
            None => self.interface(Interface {
                netns: counted.netns.clone(),
                link: counted.link.clone(),
                link_type: LinkType::Ethernet,
            })?,
        };
        let time = nanoseconds(self.last);
        self.long(u32::try_from(id).unwrap_or(u32::MAX));
        self.time(time);
        for (code, number) in [
            (option::RECEIVED, counted.received),
            (option::DROPPED, counted.dropped),
        ] {
            if let Some(number) = number {
                self.option(code, &number.to_ne_bytes());
            }
        }
        self.option(option::END, &[]);
        self.put(block::STATISTICS)
    }

    /// Hands on what was kept back until there is more of it, so that a reader has all packets.
    ///
    /// # Errors
    /// It can't be written.
    pub fn flush(&mut self) -> io::Result<()> {
        self.output.flush()
    }

    /// Ends the file, and gives back what it was written to.
    ///
    /// # Errors
    /// It can't be written.
    pub fn finish(mut self) -> io::Result<W> {
        if self.format == Format::Pcap && self.link_type.is_none() {
            self.header(LinkType::Ethernet)?;
        }
        self.output.flush()?;
        Ok(self.output)
    }

    fn section(&mut self) -> io::Result<()> {
        self.long(ORDER);
        self.short(1);
        self.short(0);
        // How long the section is, nobody knows yet.
        self.block.extend(u64::MAX.to_ne_bytes());
        let application = concat!("netsh ", env!("CARGO_PKG_VERSION"));
        self.option(option::APPLICATION, application.as_bytes());
        self.option(option::END, &[]);
        self.put(u32::from_ne_bytes(MAGIC))
    }

    /// Describes an interface, and gives its number.
    fn interface(&mut self, interface: Interface) -> io::Result<usize> {
        const NANOSECONDS: u8 = 9;
        if self.interfaces.len() >= MOST_INTERFACES {
            return Err(refused(format!(
                "a capture file has no more than {MOST_INTERFACES} links"
            )));
        }
        self.short(interface.link_type.number());
        self.short(0);
        self.long(self.snaplen);
        if !interface.link.is_empty() {
            self.text(option::NAME, &interface.link)?;
        }
        if let Some(netns) = &interface.netns {
            let description = format!("{NETNS}{netns}");
            self.text(option::DESCRIPTION, &description)?;
        }
        self.option(option::RESOLUTION, &[NANOSECONDS]);
        self.option(option::END, &[]);
        self.put(block::INTERFACE)?;
        let number = self.interfaces.len();
        let hash = self.hash(
            interface.netns.as_deref(),
            &interface.link,
            interface.link_type,
        );
        self.numbers.entry(hash).or_default().push(number);
        self.interfaces.push(interface);
        Ok(number)
    }

    fn hash(&self, netns: Option<&str>, link: &str, link_type: LinkType) -> u64 {
        self.hasher.hash_one((netns, link, link_type))
    }

    fn enhanced_packet(&mut self, packet: &Captured) -> io::Result<()> {
        let is_of = |interface: &Interface| {
            interface.link == packet.link
                && interface.netns == packet.netns
                && interface.link_type == packet.link_type
        };
        let known = match self.interfaces.get(self.before) {
            Some(interface) if is_of(interface) => Some(self.before),
            _ => {
                let hash = self.hash(packet.netns.as_deref(), &packet.link, packet.link_type);
                let known = self.numbers.get(&hash).into_iter().flatten().copied();
                let mut known = known.filter(|id| self.interfaces.get(*id).is_some_and(is_of));
                known.next()
            }
        };
        let id = match known {
            Some(id) => id,
            None => self.interface(Interface {
                netns: packet.netns.clone(),
                link: packet.link.clone(),
                link_type: packet.link_type,
            })?,
        };
        self.before = id;
        self.long(u32::try_from(id).unwrap_or(u32::MAX));
        let at = u64::try_from(packet.at.as_nanos());
        self.time(at.map_err(|_| refused("a pcapng file has room for times until 2554".into()))?);
        self.long(size(packet.bytes.len())?);
        self.long(packet.length);
        self.block.extend(&packet.bytes);
        self.align();
        for comment in &packet.comments {
            self.text(option::COMMENT, comment)?;
        }
        if let Some(direction) = packet.direction {
            let flags: u32 = match direction {
                Direction::In => 1,
                Direction::Out => 2,
            };
            self.option(option::FLAGS, &flags.to_ne_bytes());
        }
        if !packet.comments.is_empty() || packet.direction.is_some() {
            self.option(option::END, &[]);
        }
        self.put(block::ENHANCED_PACKET)
    }

    fn header(&mut self, link_type: LinkType) -> io::Result<()> {
        self.link_type = Some(link_type);
        self.long(pcap::NANO);
        self.short(2);
        self.short(4);
        self.long(0);
        self.long(0);
        // The most that tcpdump keeps of a packet, which no reader takes for a damage.
        self.long(match self.snaplen {
            0 => 262_144,
            snaplen => snaplen,
        });
        self.long(link_type.number().into());
        self.send()
    }

    fn old_packet(&mut self, packet: &Captured) -> io::Result<()> {
        match self.link_type {
            None => self.header(packet.link_type)?,
            Some(known) if known != packet.link_type => {
                let words = format!(
                    "a pcap file has packets of one link type, and these are of {known} and {}: pcapng has room for both",
                    packet.link_type
                );
                return Err(refused(words));
            }
            Some(_) => {}
        }
        let seconds = u32::try_from(packet.at.as_secs());
        self.long(seconds.map_err(|_| {
            refused("a pcap file has room for times until 2106: pcapng has more".into())
        })?);
        self.long(packet.at.subsec_nanos());
        self.long(size(packet.bytes.len())?);
        self.long(packet.length);
        self.block.extend(&packet.bytes);
        self.send()
    }

    fn short(&mut self, number: u16) {
        self.block.extend(number.to_ne_bytes());
    }

    fn long(&mut self, number: u32) {
        self.block.extend(number.to_ne_bytes());
    }

    /// The two halves of a time, the upper one first.
    fn time(&mut self, time: u64) {
        self.long(u32::try_from(time >> 32).unwrap_or(u32::MAX));
        self.long(u32::try_from(time & 0xffff_ffff).unwrap_or(u32::MAX));
    }

    /// An option that is a text.
    fn text(&mut self, code: u16, text: &str) -> io::Result<()> {
        if text.len() > usize::from(u16::MAX) {
            let words =
                "a capture file has room for names and comments of 65535 bytes, and one has";
            return Err(refused(format!("{words} {}", text.len())));
        }
        self.option(code, text.as_bytes());
        Ok(())
    }

    /// An option. One that is longer than an option can be is cut.
    fn option(&mut self, code: u16, value: &[u8]) {
        let length = u16::try_from(value.len()).unwrap_or(u16::MAX);
        self.short(code);
        self.short(length);
        let value = value.get(..usize::from(length)).unwrap_or(value);
        self.block.extend(value);
        self.align();
    }

    fn align(&mut self) {
        self.block.resize(self.block.len().next_multiple_of(4), 0);
    }

    /// Writes the block that was put together.
    fn put(&mut self, kind: u32) -> io::Result<()> {
        let length = size(self.block.len() + 12)?;
        self.output.write_all(&kind.to_ne_bytes())?;
        self.output.write_all(&length.to_ne_bytes())?;
        self.block.extend(length.to_ne_bytes());
        self.send()
    }

    fn send(&mut self) -> io::Result<()> {
        let sent = self.output.write_all(&self.block);
        self.block.clear();
        sent
    }
}

fn refused(words: String) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidInput, words)
}

/// The time since 1970 in nanoseconds: until 2554 there is room for it.
fn nanoseconds(at: Duration) -> u64 {
    u64::try_from(at.as_nanos()).unwrap_or(u64::MAX)
}

fn size(length: usize) -> io::Result<u32> {
    u32::try_from(length).map_err(|_| io::Error::from(io::ErrorKind::InvalidInput))
}
