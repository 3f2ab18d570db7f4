//! A packet socket, with what is known of its links: what a link is called is asked when a packet is seen there.

use std::collections::HashMap;
use std::os::fd::{AsFd, AsRawFd, OwnedFd};
use std::sync::Arc;
use std::time::Duration;

use super::Place;
use crate::kernel::error::Result;
use crate::kernel::ioctl;
use crate::kernel::packet_socket::PacketSocket;
use crate::kernel::packet_socket::block::Frame;
use crate::packet::captured::{Captured, Direction, LinkType};

/// A socket with what is known of its links.
pub struct Source {
    pub(super) socket: PacketSocket,
    /// Another descriptor of the same socket, to ask for names while it is read.
    asked: OwnedFd,
    pub(super) netns: Arc<str>,
    /// By number and type; names can change, and numbers come back.
    places: HashMap<(u32, bool), Known>,
    names: HashMap<u32, String>,
    /// Counts how often it was read.
    round: u64,
}

/// A place, and the packet that is filled in for a sink.
pub(super) struct Known {
    pub place: Arc<Place>,
    pub scratch: Captured,
    round: u64,
}

impl Source {
    /// A socket in the namespace of this name, which has these links now.
    pub fn new(
        socket: PacketSocket,
        netns: &str,
        names: impl IntoIterator<Item = (u32, String)>,
    ) -> Result<Self> {
        Ok(Source {
            asked: socket.as_fd().try_clone_to_owned()?,
            socket,
            netns: netns.into(),
            places: HashMap::new(),
            names: names.into_iter().collect(),
            round: 0,
        })
    }

    /// Takes packets out of the ring.
    pub(super) fn read(&mut self, mut each: impl FnMut(&Frame<'_>, &mut Known)) -> u64 {
        let Source {
            socket,
            asked,
            netns,
            places,
            names,
            round,
        } = self;
        *round += 1;
        socket.take(|frame| {
            let key = (frame.index, frame.is_ethernet);
            let known = places.get(&key);
            if known.is_none_or(|known| known.round < *round) {
                // A link that is gone keeps the name that it had.
                if let Ok(name) = ioctl::link_name(asked.as_raw_fd(), frame.index) {
                    names.insert(frame.index, name);
                }
                let name = names.get(&frame.index);
                let link = name
                    .cloned()
                    .unwrap_or_else(|| format!("if{}", frame.index));
                let known = known.filter(|known| known.place.link == link);
                let place = match known {
                    Some(known) => known.place.clone(),
                    None => Arc::new(Place {
                        netns: netns.clone(),
                        link,
                        index: frame.index,
                        link_type: match frame.is_ethernet {
                            true => LinkType::Ethernet,
                            false => LinkType::Ip,
                        },
                    }),
                };
                places.insert(key, Known::new(place, *round));
            }
            if let Some(known) = places.get_mut(&key) {
                each(frame, known);
            }
        })
    }
}

impl Known {
    fn new(place: Arc<Place>, round: u64) -> Self {
        let scratch = Captured {
            at: Duration::ZERO,
            netns: Some(place.netns.to_string()),
            link: place.link.clone(),
            direction: None,
            link_type: place.link_type,
            length: 0,
            bytes: Vec::new(),
            comments: Vec::new(),
        };
        Known {
            place,
            scratch,
            round,
        }
    }
}

pub(super) fn direction(frame: &Frame<'_>) -> Direction {
    match frame.outgoing {
        true => Direction::Out,
        false => Direction::In,
    }
}
