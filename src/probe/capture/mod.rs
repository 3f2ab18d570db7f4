//! A capture in progress: packet sockets, and a thread that empties their rings into memory or into a file, so that a script that
//! is busy loses nothing.
//!
//! A packet can be in the ring before anybody may look at it there (see `kernel::packet_socket`). So whoever wants to know all that
//! there was up to now has the thread catch up first ([`Session::catch_up`]): it asks the kernel how many packets it has put
//! there, and waits until it has seen as many. Where there are no new ones, that takes no time.
//!
//! Closing such a socket takes the kernel some ten milliseconds, in which it waits for all processors. Nobody else has to: the thread
//! does it after all have what they want.
//!
//! | file | what it is |
//! |---|---|
//! | this one | packets that were seen, and how many |
//! | [`source`] | a socket, with the names of its links |
//! | [`session`] | a capture in progress, as its owner has it |
//! | `reader` | the thread |

mod reader;
pub mod session;
pub mod source;

pub use session::Session;
pub use source::Source;

use std::io;
use std::sync::Arc;
use std::time::Duration;

use crate::packet::captured::{Captured, Direction, LinkType};

/// Where packets are seen: a link of a namespace.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Place {
    /// The namespace; `home` or its name.
    pub netns: Arc<str>,
    /// The link, as it was called then.
    pub link: String,
    /// Its number.
    pub index: u32,
    /// What its packets begin with.
    pub link_type: LinkType,
}

/// A packet at a place.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sighting {
    /// When, since 1970, by the kernel's clock.
    pub at: Duration,
    /// Where.
    pub place: Arc<Place>,
    /// Whether it came in or went out.
    pub direction: Direction,
    /// Whether its checksum was not there yet: it was left to the link to be worked out.
    pub is_checksum_open: bool,
    /// How long it was.
    pub length: u32,
    /// The bytes that were kept.
    pub bytes: Arc<[u8]>,
}

impl Sighting {
    /// The packet by itself.
    pub fn captured(&self) -> Captured {
        Captured {
            at: self.at,
            netns: Some(self.place.netns.to_string()),
            link: self.place.link.clone(),
            direction: Some(self.direction),
            link_type: self.place.link_type,
            length: self.length,
            bytes: self.bytes.to_vec(),
            comments: Vec::new(),
        }
    }

    /// What it takes in memory, roughly.
    fn cost(&self) -> usize {
        size_of::<Self>() + 2 * size_of::<usize>() + self.bytes.len()
    }
}

/// Where packets go that are not held in memory.
pub trait Sink: Send {
    /// Takes one.
    fn write(&mut self, packet: &Captured) -> io::Result<()>;
    /// There are no more for now: those that there were are to be where others find them.
    fn flush(&mut self) -> io::Result<()>;
    /// There are no more: all is to be where it belongs. So many there were.
    fn finish(&mut self, counts: &Counts) -> io::Result<()>;
}

/// When a capture ends by itself, and where its packets go.
#[derive(Default)]
pub struct Terms {
    /// After so many packets.
    pub count: Option<u64>,
    /// After this time.
    pub time: Option<Duration>,
    /// So many bytes of each packet, where its tag was put back; all, if nothing is said.
    pub snaplen: Option<u32>,
    /// To somewhere else than into memory.
    pub sink: Option<Box<dyn Sink>>,
}

/// How many packets there were.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Counts {
    /// Those that are in memory, or were, or were written.
    pub captured: u64,
    /// Those that the filter let pass.
    pub received: u64,
    /// Those of them for which the ring in the kernel had no room: they came faster than they were taken out.
    pub dropped: u64,
    /// Those of them for which there was no room in memory.
    pub overflowed: u64,
}
