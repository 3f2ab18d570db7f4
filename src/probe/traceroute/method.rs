//! How a question of a traceroute is asked, and its answer recognized: a socket for each datagram or connection, or one socket for
//! all echo requests.

use std::collections::BTreeMap;
use std::net::IpAddr;
use std::os::fd::{AsFd, BorrowedFd};

use nix::errno::Errno;
use nix::libc;
use nix::sys::epoll::{Epoll, EpollCreateFlags, EpollEvent, EpollFlags};

use super::super::attempt::{Answer, Attempt, Outcome, Transport};
use super::super::error::ProbeError;
use super::super::error_queue::{Incoming, Queue, QueuedError};
use super::super::icmp_socket::IcmpSocket;
use super::super::socket_settings::{MtuDiscovery, OpenSocket, Settings};
use super::super::timestamp::Departure;
use super::{Options, Proto};
use crate::packet::icmp::{self, Echo, Family, FaultKind, Message};

/// Room for a reply with the longest header, and for what an error quotes.
const ROOM: usize = 2048;

/// How often an echo request is tried while errors about others keep it from being sent.
const ATTEMPTS: usize = 16;

/// How many events are taken at once.
const EVENTS: usize = 64;

/// Who asks.
pub(super) trait Method {
    /// Asks the question with this number.
    fn ask(&mut self, number: usize, ttl: u8) -> Result<(), ProbeError>;
    /// What can be read when an answer has come.
    fn watched(&self) -> BorrowedFd<'_>;
    /// The answers that have come.
    fn take(&mut self) -> Result<Vec<(usize, Answer)>, ProbeError>;
    /// Nobody waits for the answer to this question any more.
    fn forget(&mut self, number: usize);
}

/// Who asks as the options want.
pub(super) fn of<'a>(
    open: &'a OpenSocket<'a>,
    destination: IpAddr,
    scope: Option<&'a str>,
    options: &'a Options,
    payload: usize,
) -> Result<Box<dyn Method + 'a>, ProbeError> {
    let settings = Settings {
        destination,
        scope,
        iface: options.iface.as_deref(),
        source: options.source,
        ttl: None,
        discovery: match options.dont_fragment {
            true => MtuDiscovery::Probe,
            false => MtuDiscovery::Dont,
        },
    };
    // What traceroute fills them with.
    let payload: Vec<u8> = (0x40..0x80).cycle().take(payload).collect();
    let transport = match options.proto {
        Proto::Udp => Transport::Udp,
        Proto::Tcp => Transport::Tcp,
        Proto::Icmp => {
            return Ok(Box::new(Echoes {
                socket: IcmpSocket::open(open, &settings)?,
                destination,
                payload,
                asked: BTreeMap::new(),
                answers: Vec::new(),
            }));
        }
    };
    Ok(Box::new(Sockets {
        open,
        settings,
        transport,
        port: options.port,
        payload,
        epoll: Epoll::new(EpollCreateFlags::EPOLL_CLOEXEC)
            .map_err(|errno| ProbeError::Open(errno.into()))?,
        asked: BTreeMap::new(),
        answers: Vec::new(),
    }))
}

/// A socket for each question.
struct Sockets<'a> {
    open: &'a OpenSocket<'a>,
    settings: Settings<'a>,
    transport: Transport,
    port: u16,
    payload: Vec<u8>,
    epoll: Epoll,
    asked: BTreeMap<usize, Attempt>,
    answers: Vec<(usize, Answer)>,
}

impl Sockets<'_> {
    /// Each datagram goes to the next port, as with traceroute; a closed one tells of itself.
    fn port_of(&self, number: usize) -> u16 {
        match self.transport {
            Transport::Tcp => self.port,
            Transport::Udp => {
                let number = u16::try_from(number % 0x1_0000).unwrap_or(0);
                self.port.checked_add(number).unwrap_or(number.max(1))
            }
        }
    }
}

impl Method for Sockets<'_> {
    fn ask(&mut self, number: usize, ttl: u8) -> Result<(), ProbeError> {
        let settings = Settings {
            ttl: Some(ttl),
            ..self.settings
        };
        let port = self.port_of(number);
        let mut attempt =
            Attempt::begin(self.open, &settings, self.transport, port, &self.payload)?;
        // In one machine the answer is here before the kernel is back.
        if let Some(answer) = attempt.take() {
            self.answers.push((number, answer));
            return Ok(());
        }
        let events = match self.transport {
            Transport::Udp => EpollFlags::EPOLLIN,
            Transport::Tcp => EpollFlags::EPOLLIN | EpollFlags::EPOLLOUT,
        };
        let event = EpollEvent::new(events, u64::try_from(number).unwrap_or(u64::MAX));
        let added = self.epoll.add(attempt.as_fd(), event);
        added.map_err(|errno| ProbeError::Receive(errno.into()))?;
        self.asked.insert(number, attempt);
        Ok(())
    }

    fn watched(&self) -> BorrowedFd<'_> {
        self.epoll.0.as_fd()
    }

    fn take(&mut self) -> Result<Vec<(usize, Answer)>, ProbeError> {
        let mut events = [EpollEvent::empty(); EVENTS];
        let count = match self.epoll.wait(&mut events, 0u8) {
            Ok(count) => count,
            Err(Errno::EINTR) => 0,
            Err(errno) => return Err(ProbeError::Receive(errno.into())),
        };
        for event in events.iter().take(count) {
            let Ok(number) = usize::try_from(event.data()) else {
                continue;
            };
            let answer = self.asked.get_mut(&number).and_then(Attempt::take);
            if let Some(answer) = answer {
                self.asked.remove(&number);
                self.answers.push((number, answer));
            }
        }
        Ok(std::mem::take(&mut self.answers))
    }

    fn forget(&mut self, number: usize) {
        self.asked.remove(&number);
    }
}

/// One socket for all echo requests.
struct Echoes {
    socket: IcmpSocket,
    destination: IpAddr,
    payload: Vec<u8>,
    /// The questions without an answer, by sequence.
    asked: BTreeMap<u16, (usize, Departure)>,
    answers: Vec<(usize, Answer)>,
}

/// As with traceroute, the first request has the sequence 1.
fn sequence_of(number: usize) -> u16 {
    u16::try_from((number + 1) % 0x1_0000).unwrap_or(0)
}

impl Method for Echoes {
    fn ask(&mut self, number: usize, ttl: u8) -> Result<(), ProbeError> {
        self.socket.set_hop_limit(ttl)?;
        let family = Family::of(self.destination);
        let sequence = sequence_of(number);
        let identifier = self.socket.identifier();
        let message = icmp::echo_request(family, identifier, sequence, &self.payload);
        for attempt in 1..=ATTEMPTS {
            let (departure, sent) = Departure::of(|| self.socket.send(&message));
            self.asked.insert(sequence, (number, departure));
            let Err(error) = sent else {
                return Ok(());
            };
            // An error about an earlier request makes the kernel refuse a send, once.
            let refused = self.receive();
            match error.raw_os_error() {
                Some(libc::ENOBUFS | libc::EAGAIN) => return Ok(()),
                Some(libc::EMSGSIZE) if refused.mtu.is_some() => {
                    let mtu = refused.mtu.unwrap_or(0);
                    self.answer(sequence, Outcome::TooLong(mtu), None, &Incoming::default());
                    return Ok(());
                }
                _ if !self.asked.contains_key(&sequence) => return Ok(()),
                _ if refused.errors > 0 && attempt < ATTEMPTS => {}
                _ => {
                    self.asked.remove(&sequence);
                    return Err(ProbeError::Send {
                        destination: self.destination,
                        error,
                    });
                }
            }
        }
        Ok(())
    }

    fn watched(&self) -> BorrowedFd<'_> {
        self.socket.as_fd()
    }

    fn take(&mut self) -> Result<Vec<(usize, Answer)>, ProbeError> {
        self.receive();
        Ok(std::mem::take(&mut self.answers))
    }

    fn forget(&mut self, number: usize) {
        self.asked.remove(&sequence_of(number));
    }
}

/// What came beside answers.
#[derive(Default)]
struct Refused {
    /// ICMP errors, whoever's.
    errors: usize,
    /// The size that would have done.
    mtu: Option<u32>,
}

impl Echoes {
    /// Takes all that has come, by both queues.
    fn receive(&mut self) -> Refused {
        let mut refused = Refused::default();
        let mut buffer = [0; ROOM];
        // A pending error is told once by its errno; the error queue has the details.
        let mut failures = 0;
        for queue in [Queue::Errors, Queue::Packets] {
            while failures < ATTEMPTS {
                match self.socket.receive(queue, &mut buffer) {
                    Ok(None) => break,
                    Err(_) => failures += 1,
                    Ok(Some(incoming)) => {
                        let bytes = buffer.get(..incoming.length).unwrap_or_default();
                        match queue {
                            Queue::Errors => self.queued(bytes, &incoming, &mut refused),
                            Queue::Packets => self.packet(bytes, &incoming),
                        }
                    }
                }
            }
        }
        refused
    }

    fn queued(&mut self, bytes: &[u8], incoming: &Incoming, refused: &mut Refused) {
        let Some(error) = incoming.error else {
            return;
        };
        match error.origin {
            libc::SO_EE_ORIGIN_LOCAL if error.errno == libc::EMSGSIZE as u32 => {
                refused.mtu = Some(error.info);
            }
            libc::SO_EE_ORIGIN_ICMP | libc::SO_EE_ORIGIN_ICMP6 => {
                refused.errors += 1;
                let echo = icmp::quoted_echo(Family::of(self.destination), bytes);
                if let Some(echo) = echo.filter(|_| incoming.from == Some(self.destination)) {
                    self.fault(&echo, error, incoming);
                }
            }
            _ => {}
        }
    }

    fn packet(&mut self, bytes: &[u8], incoming: &Incoming) {
        let family = Family::of(self.destination);
        let (message, from) = if family == Family::V4 && self.socket.is_raw() {
            match icmp::parse_ipv4(bytes) {
                Some(packet) => (packet.payload, Some(IpAddr::from(packet.source))),
                None => return,
            }
        } else {
            (bytes, incoming.from)
        };
        match icmp::parse(family, message) {
            Some(Message::EchoReply(echo)) if self.is_ours(&echo) && from.is_some() => {
                self.answer(echo.sequence, Outcome::Answered, from, incoming);
            }
            Some(Message::Fault(fault)) => {
                let quoted = fault
                    .quoted
                    .filter(|quoted| quoted.destination == self.destination);
                if let Some(echo) = quoted.and_then(|quoted| quoted.echo) {
                    self.fault(&echo, QueuedError::of_fault(&fault, from), incoming);
                }
            }
            _ => {}
        }
    }

    /// Datagram sockets have been through that in the kernel.
    fn is_ours(&self, echo: &Echo<'_>) -> bool {
        !self.socket.is_raw() || echo.identifier == self.socket.identifier()
    }

    fn fault(&mut self, echo: &Echo<'_>, error: QueuedError, incoming: &Incoming) {
        let family = Family::of(self.destination);
        let kind = FaultKind::of(family, error.icmp_type, error.icmp_code);
        if self.is_ours(echo) && kind.is_some_and(|kind| kind != FaultKind::Redirect) {
            self.answer(
                echo.sequence,
                Outcome::Icmp(error),
                error.offender,
                incoming,
            );
        }
    }

    fn answer(
        &mut self,
        sequence: u16,
        outcome: Outcome,
        from: Option<IpAddr>,
        incoming: &Incoming,
    ) {
        let Some((number, departure)) = self.asked.remove(&sequence) else {
            return;
        };
        let time = match incoming.stamp {
            Some(stamp) => departure.round_trip(stamp),
            None => departure.elapsed(),
        };
        self.answers.push((
            number,
            Answer {
                outcome,
                from,
                time,
            },
        ));
    }
}
