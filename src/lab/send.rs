//! Packets sent out of a link of the current namespace as they are, and what is answered.

use std::rc::Rc;
use std::time::{Duration, Instant};

use nix::errno::Errno;

use crate::kernel::error::{Error, Result};
use crate::kernel::link::{self, Link};
use crate::kernel::netns::Namespace;
use crate::kernel::packet_socket::at_link::{ALL_TYPES, Arrival, Listener, Parcel};
use crate::kernel::reason::Reason;
use crate::kernel::wait::{GLANCE, Waiter};
use crate::packet::answer::is_answer;
use crate::packet::captured::{Captured, Direction, LinkType};
use crate::packet::filter::{Beside, Instruction, run};
use crate::packet::layers::{self, Packet};
use crate::probe::send::{Fault, SendOptions, Sent, send};
use crate::probe::timestamp;

use super::Lab;
use super::craft::Crafting;
use super::failure::{Failure, Outcome};

/// EtherTypes, and what stands for one in a frame that has its length in that place (linux/if_ether.h).
const ETH_P_IP: u16 = 0x0800;
const ETH_P_IPV6: u16 = 0x86dd;
const ETH_P_802_2: u16 = 0x0004;
const LEAST_TYPE: u16 = 0x0600;

/// The bytes of an Ethernet header, and of the two addresses in it.
const ETHER: usize = 14;
const ADDRESSES: usize = 12;

/// The longest packet that is heard whole: IP has no longer ones, but for those that the kernel has put together itself.
const LONGEST: usize = 1 << 17;

/// What is to be sent.
pub enum Item {
    /// Headers, which are completed for the link.
    Headers(Packet),
    /// Bytes as they are.
    Bytes(Vec<u8>),
    /// A packet that was captured, on this link or on another one.
    Captured(Captured),
}

/// How to wait for answers.
pub struct Asking {
    /// How long to wait for them.
    pub timeout: Duration,
    /// How many there are to be; none: all that come in that time.
    pub answers: Option<usize>,
    /// How often to send once more if none came.
    pub retry: u32,
    /// What is an answer: for which packets this program returns something. If nothing is said, what belongs to the question.
    pub filter: Option<Vec<Instruction>>,
}

/// A packet that came as an answer.
pub struct Answer {
    /// The packet.
    pub packet: Captured,
    /// From the question to it.
    pub time: Duration,
}

/// A link that is up, and a socket there.
pub(super) struct Exit {
    pub namespace: Rc<Namespace>,
    pub link: Link,
}

impl Lab {
    /// Sends packets out of a link.
    pub fn send(
        &self,
        link: &str,
        items: Vec<Item>,
        options: SendOptions,
        waiter: &dyn Waiter,
    ) -> Outcome<Sent> {
        let exit = self.exit(link)?;
        let items = items.into_iter();
        let packets = items.map(|item| self.bytes_for(&exit, item, waiter));
        let packets = packets.collect::<Outcome<Vec<_>>>()?;
        self.send_all(&exit, packets, options, waiter)
    }

    /// Sends a packet, and gives what is answered.
    pub fn send_receive(
        &self,
        link: &str,
        item: Item,
        asking: &Asking,
        waiter: &dyn Waiter,
    ) -> Outcome<Vec<Answer>> {
        let exit = self.exit(link)?;
        let bytes = self.bytes_for(&exit, item, waiter)?;
        let words = format!("listen at {link}");
        let broken = |error: &Error| {
            self.explain_with(&words, error, |refusal| exit.refusal(refusal.errno, 0, 0))
        };
        let listener = Listener::open(
            &exit.namespace,
            exit.link.index,
            exit.link.is_ethernet(),
            ALL_TYPES,
        );
        let listener = listener.map_err(|error| broken(&error))?;
        let once = SendOptions {
            count: Some(1),
            interval: Duration::ZERO,
        };
        let most = asking.answers.unwrap_or(usize::MAX);
        let mut answers = Vec::new();
        let mut buffer = vec![0; LONGEST];
        for _ in 0..=asking.retry {
            let mut sent_at = timestamp::clock();
            self.send_all(&exit, vec![bytes.clone()], once, waiter)?;
            let start = Instant::now();
            while answers.len() < most && !waiter.is_interrupted() {
                let arrival = listener.receive(&mut buffer);
                let Some(arrival) = arrival.map_err(|error| broken(&error.into()))? else {
                    let left = asking.timeout.saturating_sub(start.elapsed());
                    if left.is_zero() {
                        break;
                    }
                    let waited = listener
                        .watched()
                        .and_then(|watched| waiter.wait(&[watched], left.min(GLANCE)));
                    waited.map_err(|error| broken(&error.into()))?;
                    continue;
                };
                let packet = exit.captured(self.current().name(), &buffer, &arrival);
                if arrival.is_outgoing() {
                    if packet.bytes == bytes {
                        sent_at = packet.at;
                    }
                } else if exit.is_answer(&bytes, &packet, asking) {
                    let time = packet.at.saturating_sub(sent_at);
                    answers.push(Answer { packet, time });
                }
            }
            if !answers.is_empty() || waiter.is_interrupted() {
                break;
            }
        }
        Ok(answers)
    }

    /// A link by which something can leave.
    pub(super) fn exit(&self, name: &str) -> Outcome<Exit> {
        self.settle();
        let words = format!("send out of {name}");
        let found = || -> Result<Exit> {
            let namespace = self.current().namespace()?;
            let link = link::get_bare(&namespace, namespace.route()?.index_of(name)?)?;
            Ok(Exit { namespace, link })
        };
        let exit = found().map_err(|error| self.explain_question(&words, &error).blame("link"))?;
        let without_carrier = exit.link.up && !exit.link.carrier;
        if without_carrier {
            // The kernel would take the packet, and forget it.
            let reason = format!("cannot {words}: nothing is connected to it (it has no carrier)");
            let hint = match exit.link.kind.as_str() {
                "bridge" => "a bridge has a carrier when one of its ports has",
                _ => "the other end of a cable has to be up too: link_up()",
            };
            let mut failure = Failure::new(reason).about(name).blame("link").hint(hint);
            failure.netns = self.current().label().into();
            return Err(failure);
        }
        Ok(exit)
    }

    /// The bytes of an item on this link.
    fn bytes_for(&self, exit: &Exit, item: Item, waiter: &dyn Waiter) -> Outcome<Vec<u8>> {
        let is_ethernet = exit.link.is_ethernet();
        let bytes = match item {
            Item::Bytes(bytes) => bytes,
            Item::Captured(captured)
                if (captured.link_type == LinkType::Ethernet) == is_ethernet =>
            {
                captured.bytes
            }
            Item::Captured(captured) => {
                let packet = exit.without_link(&captured)?;
                self.crafting(exit, waiter).bytes_of(packet)?
            }
            Item::Headers(packet) => self.crafting(exit, waiter).bytes_of(packet)?,
        };
        exit.check(&bytes)?;
        Ok(bytes)
    }

    fn crafting<'a>(&'a self, exit: &'a Exit, waiter: &'a dyn Waiter) -> Crafting<'a> {
        Crafting {
            lab: self,
            namespace: exit.namespace.clone(),
            link: &exit.link,
            waiter,
        }
    }

    fn send_all(
        &self,
        exit: &Exit,
        packets: Vec<Vec<u8>>,
        options: SendOptions,
        waiter: &dyn Waiter,
    ) -> Outcome<Sent> {
        let lengths: Vec<usize> = packets.iter().map(Vec::len).collect();
        let refused = |error: &Error, length: usize, sent: u64| {
            let words = format!("send out of {}", exit.link.name);
            let reason = |errno| exit.refusal(errno, length, sent);
            let failure = self.explain_with(&words, error, |refusal| reason(refusal.errno));
            failure.about(&exit.link.name)
        };
        let sender = exit.namespace.sender(exit.link.is_ethernet());
        let sender = sender.map_err(|error| refused(&error, 0, 0))?;
        let parcels: Vec<Parcel> = packets
            .into_iter()
            .map(|bytes| {
                let ether_type = exit.ether_type(&bytes);
                Parcel::new(bytes, ether_type, exit.link.index)
            })
            .collect();
        send(sender, &parcels, options, waiter).map_err(|Fault { which, sent, error }| {
            refused(&error, lengths.get(which).copied().unwrap_or(0), sent)
        })
    }
}

impl Exit {
    /// The EtherType that the kernel is to take the packet for.
    fn ether_type(&self, bytes: &[u8]) -> u16 {
        if self.link.is_ethernet() {
            let told = bytes.get(12..).and_then(<[u8]>::first_chunk);
            let told = told.map_or(0, |told| u16::from_be_bytes(*told));
            return if told < LEAST_TYPE { ETH_P_802_2 } else { told };
        }
        match bytes.first().map(|first| first >> 4) {
            Some(6) => ETH_P_IPV6,
            _ => ETH_P_IP,
        }
    }

    /// Refuses what nobody would take for a packet of this link.
    fn check(&self, bytes: &[u8]) -> Outcome<()> {
        let name = &self.link.name;
        let length = bytes.len();
        let version = bytes.first().map(|first| first >> 4);
        let (words, hint) = match (version, self.link.is_ethernet()) {
            (None, _) => ("there are no bytes in the packet".into(), ""),
            (_, true) if length < ETHER => (
                format!("a frame has an Ethernet header of {ETHER} bytes, and these are {length}"),
                "packet_encode() makes the bytes of a frame, and a map of its headers can be sent as it is",
            ),
            (Some(version), false) if version != 4 && version != 6 => (
                format!(
                    "it carries packets of IP, and these bytes begin with no header of it (version {version})"
                ),
                "it has no Ethernet: what is sent begins with ip or ip6",
            ),
            _ => return Ok(()),
        };
        let words = format!("cannot send out of {name}: {words}");
        Err(Failure::new(words).about(name).blame("packet").hint(hint))
    }

    /// A packet that was captured on a link of another type, without what that had in front of it.
    fn without_link(&self, captured: &Captured) -> Outcome<Packet> {
        let beginning = captured.link_type.beginning();
        let mut packet = beginning.map_or_else(Packet::default, |link| {
            layers::decode(&captured.bytes, link)
        });
        let is_ip = |layer: &layers::Layer| matches!(layer.kind.name, "ip" | "ip6");
        match packet.layers.iter().position(is_ip) {
            Some(start) => {
                packet.layers.drain(..start);
                Ok(packet)
            }
            None => {
                let (kind, name) = (captured.link_type, &self.link.name);
                let words = format!(
                    "cannot send out of {name}: a packet of a link of type {kind} without IP makes no sense there"
                );
                Err(Failure::new(words).about(name).blame("packet"))
            }
        }
    }

    /// A packet that was heard at the link.
    fn captured(&self, netns: &str, buffer: &[u8], arrival: &Arrival) -> Captured {
        let mut bytes = buffer.get(..arrival.length).unwrap_or_default().to_vec();
        if let Some(tag) = arrival.tag.filter(|_| bytes.len() >= ADDRESSES) {
            bytes.splice(ADDRESSES..ADDRESSES, tag);
        }
        Captured {
            at: arrival.at.unwrap_or_else(timestamp::clock),
            netns: Some(netns.into()),
            link: self.link.name.clone(),
            direction: Some(match arrival.is_outgoing() {
                true => Direction::Out,
                false => Direction::In,
            }),
            link_type: match self.link.is_ethernet() {
                true => LinkType::Ethernet,
                false => LinkType::Ip,
            },
            length: u32::try_from(bytes.len()).unwrap_or(u32::MAX),
            bytes,
            comments: Vec::new(),
        }
    }

    fn is_answer(&self, question: &[u8], packet: &Captured, asking: &Asking) -> bool {
        let Some(link) = packet.link_type.beginning() else {
            return false;
        };
        match &asking.filter {
            None => is_answer((question, link), (&packet.bytes, link)),
            Some(program) => {
                let beside = Beside {
                    length: Some(packet.length),
                    protocol: self.ether_type(&packet.bytes),
                    index: self.link.index,
                    hardware: self.link.hardware,
                    ..Beside::default()
                };
                run(program, &packet.bytes, &beside) > 0
            }
        }
    }

    /// Why the kernel did not take a packet of so many bytes.
    pub(super) fn refusal(&self, errno: Errno, length: usize, sent: u64) -> Option<Reason> {
        let Link { name, mtu, .. } = &self.link;
        let after = match sent {
            0 => String::new(),
            sent => format!(" after {sent} packets"),
        };
        Some(match errno {
            Errno::EPERM | Errno::EACCES => Reason::new("this user may not send packets of any kind")
                .hint("it needs root or CAP_NET_RAW; without --host netsh works in a sandbox of its own and needs neither"),
            Errno::ENETDOWN => Reason::new(format!("{name} is down{after}"))
                .blame("link")
                .hint(format!("link_up({name:?})")),
            Errno::ENXIO | Errno::ENODEV => Reason::new(format!("{name} is gone{after}")).blame("link"),
            Errno::EMSGSIZE => {
                let header = if self.link.is_ethernet() { ETHER } else { 0 };
                let long = length.saturating_sub(header);
                Reason::new(format!("the packet is too long: {long} bytes, and its MTU is {mtu}"))
                    .blame("packet")
                    .hint(format!(
                        "nothing is cut into fragments here; link_set({name:?}, #{{ mtu: {long} }}) makes room where the kind of link allows it"
                    ))
            }
            Errno::EINVAL => Reason::new("the kernel takes these bytes for no packet of this link")
                .blame("packet"),
            Errno::ENOBUFS | Errno::EAGAIN | Errno::ENOMEM => {
                Reason::new(format!("{name} takes in nothing any more{after}: its queue stays full"))
                    .blame("link")
                    .hint("a queueing discipline may hold packets back or be too short (qdisc_list()); of a tun or tap device somebody has to read")
            }
            _ => return None,
        })
    }
}
