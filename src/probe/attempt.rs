//! One question to a port, by UDP or TCP, on a socket of its own, and what came of it: somebody answered, nobody listens, or an
//! error of ICMP with whoever sent it.
//!
//! No privilege is needed: a datagram is sent or a connection begun as by any program, and the errors are read from the socket's
//! error queue (IP_RECVERR, ip(7)). A connection that is made is broken off at once.

use std::io::{self, ErrorKind};
use std::net::IpAddr;
use std::os::fd::{AsFd, BorrowedFd};
use std::time::Duration;

use nix::libc;
use nix::sys::socket::setsockopt;
use nix::{setsockopt_impl, sockopt_impl};
use socket2::{Protocol, Socket, Type};

use super::error::ProbeError;
use super::error_queue::{self, CONTROL, Incoming, Queue, QueuedError};
use super::socket_settings::{OpenSocket, Settings, socket_address};
use super::timestamp::{self, Departure};
use crate::packet::icmp::{Family, FaultKind};

sockopt_impl!(
    /// How often a SYN is sent again before the kernel gives up.
    TcpSynCount, SetOnly, libc::IPPROTO_TCP, libc::TCP_SYNCNT, libc::c_int
);

/// As much of a datagram as anybody asks for.
const MOST: usize = 2048;

/// How it is asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Transport {
    /// A datagram.
    Udp,
    /// The begin of a connection.
    Tcp,
}

/// What came of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Outcome {
    /// A connection was made, or a datagram came back; or an echo reply, of those who ask with ICMP.
    Answered,
    /// The connection was refused by TCP itself: nobody listens there.
    Refused,
    /// An error of ICMP.
    Icmp(QueuedError),
    /// This host refuses to send it, as it is larger than this.
    TooLong(u32),
    /// The kernel gave up; this is its errno.
    GivenUp(i32),
}

/// An outcome, and what belongs to it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Answer {
    /// What came.
    pub outcome: Outcome,
    /// From whom.
    pub from: Option<IpAddr>,
    /// How long after the question.
    pub time: Duration,
}

/// A question under way.
pub struct Attempt {
    socket: Socket,
    transport: Transport,
    destination: IpAddr,
    departure: Departure,
    control: Vec<u8>,
    /// What the kernel said at once.
    refusal: Option<io::Error>,
}

impl Attempt {
    /// Asks. With TCP there is no payload.
    ///
    /// # Errors
    /// When there is no socket, the settings can't be had, or there is no way to send it.
    pub fn begin(
        open: &OpenSocket<'_>,
        settings: &Settings<'_>,
        transport: Transport,
        port: u16,
        payload: &[u8],
    ) -> Result<Self, ProbeError> {
        let family = Family::of(settings.destination);
        let (socket, scope) = match transport {
            Transport::Udp => settings.open(open, Type::DGRAM, Protocol::UDP)?,
            Transport::Tcp => settings.open(open, Type::STREAM, Protocol::TCP)?,
        };
        settings.set_options(&socket, family)?;
        timestamp::enable(&socket);
        if transport == Transport::Tcp {
            // Where these are refused the attempt is as good.
            let _ = setsockopt(&socket, TcpSynCount, &1);
            let _ = socket.set_linger(Some(Duration::ZERO));
        }
        let to = socket_address(settings.destination, port, scope);
        let not_sent = |error| settings.not_sent(error);
        if transport == Transport::Udp {
            socket.connect(&to).map_err(not_sent)?;
        }
        let (departure, sent) = Departure::of(|| match transport {
            Transport::Udp => socket.send(payload).map(drop),
            Transport::Tcp => socket.connect(&to),
        });
        let refusal = match sent {
            Ok(()) => None,
            Err(error) => match error.raw_os_error() {
                Some(libc::EINPROGRESS | libc::ENOBUFS | libc::EAGAIN) => None,
                // The error queue knows how much would do.
                Some(libc::EMSGSIZE | libc::ECONNREFUSED) => Some(error),
                _ => return Err(not_sent(error)),
            },
        };
        Ok(Attempt {
            socket,
            transport,
            destination: settings.destination,
            departure,
            control: vec![0; CONTROL],
            refusal,
        })
    }

    /// What to watch: for reading, and with TCP for writing too.
    pub fn as_fd(&self) -> BorrowedFd<'_> {
        self.socket.as_fd()
    }

    /// How long ago it was asked.
    pub fn elapsed(&self) -> Duration {
        self.departure.elapsed()
    }

    /// What has come; none if nothing has yet.
    pub fn take(&mut self) -> Option<Answer> {
        let mut buffer = [0; MOST];
        if let Some(answer) = self.queued_error(&mut buffer) {
            return Some(answer);
        }
        match self.transport {
            Transport::Udp => self.datagram(&mut buffer),
            Transport::Tcp => self.connection(),
        }
    }

    /// The first entry of the error queue that is about the question.
    fn queued_error(&mut self, buffer: &mut [u8]) -> Option<Answer> {
        let next = |control: &mut [u8], socket: &Socket, buffer: &mut [u8]| {
            error_queue::receive(socket, control, Queue::Errors, buffer).ok()?
        };
        while let Some(incoming) = next(&mut self.control, &self.socket, buffer) {
            let Some(error) = incoming.error else {
                continue;
            };
            match error.origin {
                libc::SO_EE_ORIGIN_TIMESTAMPING => {
                    if let Some(stamp) = incoming.stamp {
                        self.departure.queued_at(stamp);
                    }
                }
                libc::SO_EE_ORIGIN_LOCAL if error.errno == libc::EMSGSIZE as u32 => {
                    return Some(self.answer(Outcome::TooLong(error.info), None, &incoming));
                }
                libc::SO_EE_ORIGIN_ICMP | libc::SO_EE_ORIGIN_ICMP6 => {
                    let family = Family::of(self.destination);
                    let kind = FaultKind::of(family, error.icmp_type, error.icmp_code);
                    // After a redirect the packet itself goes on.
                    if kind.is_some_and(|kind| kind != FaultKind::Redirect) {
                        return Some(self.answer(Outcome::Icmp(error), error.offender, &incoming));
                    }
                }
                _ => {}
            }
        }
        None
    }

    fn datagram(&mut self, buffer: &mut [u8]) -> Option<Answer> {
        let received =
            error_queue::receive(&self.socket, &mut self.control, Queue::Packets, buffer);
        match received {
            Ok(Some(incoming)) => {
                let from = Some(self.destination);
                Some(self.answer(Outcome::Answered, from, &incoming))
            }
            Ok(None) => self.given_up(None),
            // It stands for an ICMP error, whose place is the error queue.
            Err(error) => match self.queued_error(buffer) {
                Some(answer) => Some(answer),
                None => self.given_up(Some(error)),
            },
        }
    }

    fn connection(&mut self) -> Option<Answer> {
        let error = match self.socket.take_error() {
            Ok(None) => self.refusal.take(),
            Ok(Some(error)) | Err(error) => Some(error),
        };
        let incoming = Incoming::default();
        let from = Some(self.destination);
        match error {
            Some(error) if error.kind() == ErrorKind::ConnectionRefused => {
                Some(self.answer(Outcome::Refused, from, &incoming))
            }
            Some(error) => self.given_up(Some(error)),
            None if self.socket.peer_addr().is_ok() => {
                Some(self.answer(Outcome::Answered, from, &incoming))
            }
            None => None,
        }
    }

    /// What the kernel said itself, where there are no details.
    fn given_up(&mut self, error: Option<io::Error>) -> Option<Answer> {
        let error = error.or_else(|| self.refusal.take())?;
        let errno = error.raw_os_error().unwrap_or(0);
        Some(self.answer(Outcome::GivenUp(errno), None, &Incoming::default()))
    }

    fn answer(&self, outcome: Outcome, from: Option<IpAddr>, incoming: &Incoming) -> Answer {
        let time = match incoming.stamp {
            Some(stamp) => self.departure.round_trip(stamp),
            None => self.departure.elapsed(),
        };
        Answer {
            outcome,
            from,
            time,
        }
    }
}
