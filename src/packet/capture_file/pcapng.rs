//! The newer format: blocks, of which some are packets (draft-ietf-opsawg-pcapng).

use std::io::Read;
use std::time::Duration;

use super::{Counted, Fault, Input, MOST, Order};
use crate::packet::captured::{Captured, Direction, LinkType};

/// The type of the block that begins a section, the same in either order of bytes.
pub const MAGIC: [u8; 4] = [0x0a, 0x0d, 0x0d, 0x0a];
/// What tells the order of the bytes of a section.
pub const ORDER: u32 = 0x1a2b_3c4d;

/// Types of blocks (section 4).
pub mod block {
    pub const INTERFACE: u32 = 1;
    /// A packet of an old version.
    pub const PACKET: u32 = 2;
    pub const SIMPLE_PACKET: u32 = 3;
    pub const STATISTICS: u32 = 5;
    pub const ENHANCED_PACKET: u32 = 6;
}

/// Codes of options.
pub mod option {
    pub const END: u16 = 0;
    pub const COMMENT: u16 = 1;
    /// Of an interface.
    pub const NAME: u16 = 2;
    pub const DESCRIPTION: u16 = 3;
    pub const RESOLUTION: u16 = 9;
    pub const OFFSET: u16 = 14;
    /// Of a packet.
    pub const FLAGS: u16 = 2;
    /// Of statistics.
    pub const RECEIVED: u16 = 4;
    pub const DROPPED: u16 = 5;
    /// Of a section.
    pub const APPLICATION: u16 = 4;
}

/// How the description of an interface begins that tells a namespace.
pub const NETNS: &str = "netns ";

/// How many interfaces a section can have. Each takes memory, and a hostile file could have nothing else.
pub(super) const MOST_INTERFACES: usize = 65_536;

/// Where packets were captured.
struct Interface {
    link_type: LinkType,
    link: String,
    netns: Option<String>,
    /// How many bytes are kept of a packet; 0: all.
    kept: usize,
    /// In which unit times are: a power of 10, or of 2.
    resolution: u8,
    /// What is to be added to times, in seconds.
    offset: i64,
}

/// A section: an order of bytes, and interfaces.
pub struct Section {
    order: Order,
    interfaces: Vec<Interface>,
}

impl Section {
    /// The rest of the block that begins a section.
    pub fn read<R: Read>(input: &mut Input<R>) -> Result<Self, Fault> {
        let head = input.take(8)?;
        let order = [Order::Big, Order::Little]
            .into_iter()
            .find(|order| order.long(head, 4) == Some(ORDER));
        let order =
            order.ok_or_else(|| Fault::Wrong("the order of its bytes is unknown".into()))?;
        let length = order.size(head, 0).unwrap_or(0);
        let rest = rest(length, 12)?;
        let body = input.take(rest)?;
        let major = order.short(body, 0).unwrap_or(0);
        if major != 1 {
            let words = format!("it is pcapng of version {major}, and 1 is what is read");
            return Err(Fault::Wrong(words));
        }
        Ok(Section {
            order,
            interfaces: Vec::new(),
        })
    }

    /// The next packet.
    pub fn packet<R: Read>(
        &mut self,
        input: &mut Input<R>,
        counted: &mut Vec<Counted>,
    ) -> Result<Option<Captured>, Fault> {
        loop {
            let Some(kind) = input.maybe(4)? else {
                return Ok(None);
            };
            if kind == MAGIC {
                *self = Section::read(input)?;
                continue;
            }
            let order = self.order;
            let kind = order.long(kind, 0).unwrap_or(0);
            let length = order.size(input.take(4)?, 0).unwrap_or(0);
            let rest = rest(length, 8)?;
            let block = input.take(rest)?;
            // The length stands at the end once more.
            let body = block.get(..rest.saturating_sub(4)).unwrap_or_default();
            match kind {
                block::INTERFACE => {
                    let interface = Interface::read(order, body);
                    let interface = interface.ok_or_else(|| short("an interface"))?;
                    if self.interfaces.len() >= MOST_INTERFACES {
                        let words = format!("it has more than {MOST_INTERFACES} interfaces");
                        return Err(Fault::Wrong(words));
                    }
                    self.interfaces.push(interface);
                }
                block::ENHANCED_PACKET | block::PACKET => {
                    return self.enhanced(body, kind).map(Some);
                }
                block::SIMPLE_PACKET => return self.simple(body).map(Some),
                block::STATISTICS => counted.extend(self.statistics(body)),
                _ => {}
            }
        }
    }

    fn enhanced(&self, body: &[u8], kind: u32) -> Result<Captured, Fault> {
        let order = self.order;
        let id = match kind {
            block::PACKET => order.short(body, 0).map(usize::from),
            _ => order.size(body, 0),
        };
        let interface = self.interface(id)?;
        let number = |at: usize| order.long(body, at).ok_or_else(|| short("a packet"));
        let time = u64::from(number(4)?) << 32 | u64::from(number(8)?);
        let (kept, length) = (number(12)?, number(16)?);
        let size = usize::try_from(kept).unwrap_or(usize::MAX);
        let data = body.get(20..).unwrap_or_default();
        let bytes = data.get(..size).ok_or_else(|| short("a packet"))?;
        let mut captured = interface.captured(interface.time(time), length, bytes);
        let behind = data.get(size.next_multiple_of(4)..).unwrap_or_default();
        for (code, value) in options(order, behind) {
            match code {
                option::COMMENT => captured.comments.push(text(value)),
                option::FLAGS => {
                    let flags = order.long(value, 0).unwrap_or(0);
                    captured.direction = match flags & 3 {
                        1 => Some(Direction::In),
                        2 => Some(Direction::Out),
                        _ => None,
                    };
                }
                _ => {}
            }
        }
        Ok(captured)
    }

    /// A packet of the first interface, without time and options.
    fn simple(&self, body: &[u8]) -> Result<Captured, Fault> {
        let interface = self.interface(Some(0))?;
        let length = self.order.long(body, 0).ok_or_else(|| short("a packet"))?;
        let data = body.get(4..).unwrap_or_default();
        let mut kept = usize::try_from(length).unwrap_or(usize::MAX);
        if interface.kept > 0 {
            kept = kept.min(interface.kept);
        }
        let bytes = data.get(..kept).ok_or_else(|| short("a packet"))?;
        Ok(interface.captured(Duration::ZERO, length, bytes))
    }

    fn statistics(&self, body: &[u8]) -> Option<Counted> {
        let interface = self.interface(self.order.size(body, 0)).ok()?;
        let mut counted = Counted {
            netns: interface.netns.clone(),
            link: interface.link.clone(),
            received: None,
            dropped: None,
        };
        for (code, value) in options(self.order, body.get(12..)?) {
            match code {
                option::RECEIVED => counted.received = self.order.longest(value, 0),
                option::DROPPED => counted.dropped = self.order.longest(value, 0),
                _ => {}
            }
        }
        Some(counted)
    }

    fn interface(&self, id: Option<usize>) -> Result<&Interface, Fault> {
        let interface = id.and_then(|id| self.interfaces.get(id));
        interface
            .ok_or_else(|| Fault::Wrong("it has a packet of an interface that it has not".into()))
    }
}

impl Interface {
    fn read(order: Order, body: &[u8]) -> Option<Self> {
        let mut interface = Interface {
            link_type: LinkType::of_number(order.short(body, 0)?),
            link: String::new(),
            netns: None,
            kept: order.size(body, 4)?,
            resolution: 6,
            offset: 0,
        };
        for (code, value) in options(order, body.get(8..)?) {
            match code {
                option::NAME => interface.link = text(value),
                option::DESCRIPTION => {
                    let netns = text(value).strip_prefix(NETNS).map(String::from);
                    interface.netns = netns;
                }
                option::RESOLUTION => interface.resolution = *value.first().unwrap_or(&6),
                option::OFFSET => {
                    let offset = order.longest(value, 0).unwrap_or(0);
                    interface.offset = offset.cast_signed();
                }
                _ => {}
            }
        }
        Some(interface)
    }

    fn captured(&self, at: Duration, length: u32, bytes: &[u8]) -> Captured {
        Captured {
            at,
            netns: self.netns.clone(),
            link: self.link.clone(),
            direction: None,
            link_type: self.link_type,
            length: length.max(u32::try_from(bytes.len()).unwrap_or(u32::MAX)),
            bytes: bytes.to_vec(),
            comments: Vec::new(),
        }
    }

    /// A time since 1970 that is told in the interface's unit.
    fn time(&self, told: u64) -> Duration {
        const SECOND: i128 = 1_000_000_000;
        let told = i128::from(told);
        let exponent = u32::from(self.resolution & 0x7f);
        let nanoseconds = match (self.resolution & 0x80 == 0, exponent) {
            (true, 0..=9) => told * 10i128.pow(9 - exponent),
            (true, _) => 10i128
                .checked_pow(exponent - 9)
                .map_or(0, |unit| told / unit),
            (false, _) => (told * SECOND).checked_shr(exponent).unwrap_or(0),
        };
        let nanoseconds = nanoseconds + i128::from(self.offset) * SECOND;
        // Nobody captured anything before 1970.
        let nanoseconds = u128::try_from(nanoseconds).unwrap_or(0);
        let seconds = u64::try_from(nanoseconds / SECOND.unsigned_abs()).unwrap_or(u64::MAX);
        let fraction = u32::try_from(nanoseconds % SECOND.unsigned_abs()).unwrap_or(0);
        Duration::new(seconds, fraction)
    }
}

/// How much of a block is left of its length.
fn rest(length: usize, read: usize) -> Result<usize, Fault> {
    let least = read + 4;
    if length < least || length > MOST || !length.is_multiple_of(4) {
        let words = format!("it has a block of {length} bytes, which no block can have");
        return Err(Fault::Wrong(words));
    }
    Ok(length - read)
}

/// The options that stand in these bytes; what is not whole ends them.
fn options(order: Order, mut bytes: &[u8]) -> impl Iterator<Item = (u16, &[u8])> {
    std::iter::from_fn(move || {
        let code = order.short(bytes, 0).filter(|code| *code != option::END)?;
        let length = usize::from(order.short(bytes, 2)?);
        let value = bytes.get(4..)?.get(..length)?;
        bytes = bytes
            .get(4 + length.next_multiple_of(4)..)
            .unwrap_or_default();
        Some((code, value))
    })
}

/// Text that is not UTF-8 in all its parts is text all the same.
fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).trim_end_matches('\0').into()
}

fn short(what: &str) -> Fault {
    Fault::Wrong(format!("the block of {what} is too short"))
}
