//! The older format: a header, and packets of one kind of link (draft-ietf-opsawg-pcap).

use std::io::Read;
use std::time::Duration;

use super::{Fault, Input, MOST, Order};
use crate::packet::captured::{Captured, LinkType};

/// What stands at the beginning: times are in microseconds, or in nanoseconds.
pub const MICRO: u32 = 0xa1b2_c3d4;
pub const NANO: u32 = 0xa1b2_3c4d;

/// What is known of all packets of a file.
pub struct Header {
    order: Order,
    /// How many nanoseconds the unit of the time's lower half is.
    unit: u32,
    link_type: LinkType,
}

/// The order of the bytes, and the unit of time in nanoseconds, of a file that begins with these bytes.
pub fn order(magic: [u8; 4]) -> Option<(Order, u32)> {
    for (order, number) in [
        (Order::Big, u32::from_be_bytes(magic)),
        (Order::Little, u32::from_le_bytes(magic)),
    ] {
        match number {
            MICRO => return Some((order, 1000)),
            NANO => return Some((order, 1)),
            _ => {}
        }
    }
    None
}

impl Header {
    /// The rest of the header.
    pub fn read<R: Read>(input: &mut Input<R>, (order, unit): (Order, u32)) -> Result<Self, Fault> {
        let bytes = input.take(20)?;
        let major = order.short(bytes, 0).unwrap_or(0);
        if major != 2 {
            let words = format!("it is pcap of version {major}, and 2 is what is read");
            return Err(Fault::Wrong(words));
        }
        // The upper bits tell of checksums at the end of frames (LT_LINKTYPE of libpcap).
        let link_type = order.long(bytes, 16).unwrap_or(0) & 0x03ff_ffff;
        let number = u16::try_from(link_type);
        let link_type = number.map_err(|_| {
            Fault::Wrong(format!(
                "it is of the link type {link_type}, and they go to 65535"
            ))
        })?;
        Ok(Header {
            order,
            unit,
            link_type: LinkType::of_number(link_type),
        })
    }

    /// The next packet.
    pub fn packet<R: Read>(&self, input: &mut Input<R>) -> Result<Option<Captured>, Fault> {
        let Some(head) = input.maybe(16)? else {
            return Ok(None);
        };
        let number = |at: usize| self.order.long(head, at).unwrap_or(0);
        let (seconds, fraction) = (number(0), number(4));
        let (kept, length) = (number(8), number(12));
        let kept = usize::try_from(kept).unwrap_or(usize::MAX);
        if kept > MOST {
            let words = format!("a packet of {kept} bytes is more than there can be");
            return Err(Fault::Wrong(words));
        }
        if u64::from(length) < kept as u64 {
            let words = format!("of a packet of {length} bytes it says to have kept {kept}");
            return Err(Fault::Wrong(words));
        }
        let nanoseconds = u64::from(fraction) * u64::from(self.unit);
        let bytes = input.take(kept)?.to_vec();
        Ok(Some(Captured {
            at: Duration::from_secs(seconds.into()) + Duration::from_nanos(nanoseconds),
            netns: None,
            link: String::new(),
            direction: None,
            link_type: self.link_type,
            length,
            bytes,
            comments: Vec::new(),
        }))
    }
}
