//! Whether ports are open: many at once, each asked by a socket of its own. The words are those of nmap(1).
//!
//! A port is open if somebody answers, closed if the host itself says that nobody does, filtered if an error of ICMP or nothing comes.
//! A datagram may well be taken in without an answer: then it is open or filtered, and nobody can tell from outside.

use std::collections::BTreeMap;
use std::collections::VecDeque;
use std::io::ErrorKind;
use std::os::fd::AsFd;
use std::time::{Duration, Instant};

use nix::errno::Errno;
use nix::libc;
use nix::sys::epoll::{Epoll, EpollCreateFlags, EpollEvent, EpollFlags};

use super::attempt::{Answer, Attempt, Outcome, Transport};
use super::error::ProbeError;
use super::socket_settings::{OpenSocket, Settings};
use crate::kernel::wait::{GLANCE, Waiter};
use crate::packet::icmp::Family;

/// How many are asked at once: each is a socket.
const AT_ONCE: usize = 128;

/// How many events are taken at once.
const EVENTS: usize = 64;

/// How a port is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum State {
    /// Somebody answers.
    Open,
    /// Nobody listens.
    Closed,
    /// Something on the way, or a rule of the host's, keeps questions away.
    Filtered,
    /// Nothing comes back, as with a datagram that somebody takes in.
    OpenOrFiltered,
}

impl State {
    /// The word that nmap has for it.
    pub fn word(self) -> &'static str {
        match self {
            State::Open => "open",
            State::Closed => "closed",
            State::Filtered => "filtered",
            State::OpenOrFiltered => "open|filtered",
        }
    }
}

/// What was found out about a port.
#[derive(Debug, Clone, PartialEq)]
pub struct Checked {
    /// The port.
    pub port: u16,
    /// How it is.
    pub state: State,
    /// Why, in the words of `nmap --reason`.
    pub reason: &'static str,
    /// How long the answer took.
    pub time: Option<Duration>,
}

/// What is asked.
#[derive(Debug, Clone)]
pub struct Question<'a> {
    /// By TCP or UDP.
    pub transport: Transport,
    /// Of UDP: what the datagram carries.
    pub payload: &'a [u8],
    /// How long to wait for each port.
    pub timeout: Duration,
}

/// Asks all ports, in their order; those that are missing at the end were not asked, as the waiter wanted no more.
pub fn check(
    open: &OpenSocket<'_>,
    settings: &Settings<'_>,
    ports: &[u16],
    question: &Question<'_>,
    waiter: &dyn Waiter,
) -> Result<Vec<Checked>, ProbeError> {
    let epoll = Epoll::new(EpollCreateFlags::EPOLL_CLOEXEC)
        .map_err(|errno| ProbeError::Open(errno.into()))?;
    let mut asking = Asking {
        open,
        settings,
        question,
        epoll,
        to_ask: ports.iter().copied().enumerate().collect(),
        asked: BTreeMap::new(),
        done: BTreeMap::new(),
    };
    while asking.has_more() && !waiter.is_interrupted() {
        asking.ask()?;
        asking.expire();
        asking.take()?;
        if !asking.asked.is_empty() {
            waiter
                .wait(&[asking.epoll.0.as_fd()], asking.patience())
                .map_err(ProbeError::Receive)?;
        }
    }
    let known = asking.done.into_values();
    Ok(known.collect())
}

struct Asking<'a> {
    open: &'a OpenSocket<'a>,
    settings: &'a Settings<'a>,
    question: &'a Question<'a>,
    epoll: Epoll,
    to_ask: VecDeque<(usize, u16)>,
    asked: BTreeMap<usize, Asked>,
    done: BTreeMap<usize, Checked>,
}

struct Asked {
    port: u16,
    attempt: Attempt,
    at: Instant,
}

impl Asking<'_> {
    fn has_more(&self) -> bool {
        !self.to_ask.is_empty() || !self.asked.is_empty()
    }

    fn ask(&mut self) -> Result<(), ProbeError> {
        while self.asked.len() < AT_ONCE
            && let Some((place, port)) = self.to_ask.pop_front()
        {
            let Question {
                transport, payload, ..
            } = *self.question;
            let begun = Attempt::begin(self.open, self.settings, transport, port, payload);
            let mut attempt = match begun {
                Ok(attempt) => attempt,
                // One of those that are under way makes room.
                Err(ProbeError::Open(error))
                    if error.raw_os_error() == Some(libc::EMFILE) && !self.asked.is_empty() =>
                {
                    self.to_ask.push_front((place, port));
                    return Ok(());
                }
                Err(error) => return Err(error),
            };
            if let Some(answer) = attempt.take() {
                self.done.insert(place, self.checked(port, Some(&answer)));
                continue;
            }
            let events = match transport {
                Transport::Udp => EpollFlags::EPOLLIN,
                Transport::Tcp => EpollFlags::EPOLLIN | EpollFlags::EPOLLOUT,
            };
            let token = u64::try_from(place).unwrap_or(u64::MAX);
            let added = self
                .epoll
                .add(attempt.as_fd(), EpollEvent::new(events, token));
            added.map_err(|errno| ProbeError::Receive(errno.into()))?;
            let at = Instant::now();
            self.asked.insert(place, Asked { port, attempt, at });
        }
        Ok(())
    }

    fn take(&mut self) -> Result<(), ProbeError> {
        let mut events = [EpollEvent::empty(); EVENTS];
        let count = match self.epoll.wait(&mut events, 0u8) {
            Ok(count) => count,
            Err(Errno::EINTR) => 0,
            Err(errno) => return Err(ProbeError::Receive(errno.into())),
        };
        for event in events.iter().take(count) {
            let Ok(place) = usize::try_from(event.data()) else {
                continue;
            };
            let Some(asked) = self.asked.get_mut(&place) else {
                continue;
            };
            if let Some(answer) = asked.attempt.take() {
                let port = asked.port;
                self.asked.remove(&place);
                self.done.insert(place, self.checked(port, Some(&answer)));
            }
        }
        Ok(())
    }

    fn expire(&mut self) {
        let timeout = self.question.timeout;
        let is_over = |asked: &Asked| asked.at.elapsed() >= timeout;
        let over: Vec<usize> = self
            .asked
            .iter()
            .filter(|(_, asked)| is_over(asked))
            .map(|(place, _)| *place)
            .collect();
        for place in over {
            if let Some(Asked {
                port, mut attempt, ..
            }) = self.asked.remove(&place)
            {
                let answer = attempt.take();
                self.done.insert(place, self.checked(port, answer.as_ref()));
            }
        }
    }

    /// Until the first is given up.
    fn patience(&self) -> Duration {
        let left = |asked: &Asked| self.question.timeout.saturating_sub(asked.at.elapsed());
        let first = self.asked.values().map(left).min();
        first.unwrap_or(GLANCE).min(GLANCE)
    }

    fn checked(&self, port: u16, answer: Option<&Answer>) -> Checked {
        let transport = self.question.transport;
        let (state, reason) = match answer {
            Some(answer) => meaning(Family::of(self.settings.destination), transport, answer),
            None if transport == Transport::Udp => (State::OpenOrFiltered, "no-response"),
            None => (State::Filtered, "no-response"),
        };
        Checked {
            port,
            state,
            reason,
            time: answer.map(|answer| answer.time),
        }
    }
}

/// What an answer says of a port.
fn meaning(family: Family, transport: Transport, answer: &Answer) -> (State, &'static str) {
    match (&answer.outcome, transport) {
        (Outcome::Answered, Transport::Tcp) => (State::Open, "syn-ack"),
        (Outcome::Answered, Transport::Udp) => (State::Open, "udp-response"),
        (Outcome::Refused, _) => (State::Closed, "conn-refused"),
        (Outcome::TooLong(_), _) => (State::Filtered, "too-long"),
        (Outcome::GivenUp(errno), transport) => {
            let error = std::io::Error::from_raw_os_error(*errno);
            match (error.kind(), transport) {
                (ErrorKind::HostUnreachable, _) => (State::Filtered, "host-unreach"),
                (ErrorKind::NetworkUnreachable, _) => (State::Filtered, "net-unreach"),
                (_, Transport::Udp) => (State::OpenOrFiltered, "no-response"),
                (_, Transport::Tcp) => (State::Filtered, "no-response"),
            }
        }
        (Outcome::Icmp(error), _) => match (family, error.icmp_type, error.icmp_code) {
            // The host itself tells of a port that nobody has. For TCP it would break the connection off instead: a firewall speaks.
            (Family::V4, 3, 3) | (Family::V6, 1, 4) => match transport {
                Transport::Udp => (State::Closed, "port-unreach"),
                Transport::Tcp => (State::Filtered, "port-unreach"),
            },
            (Family::V4, 3, 0) | (Family::V6, 1, 0) => (State::Filtered, "net-unreach"),
            (Family::V4, 3, 1) | (Family::V6, 1, 3) => (State::Filtered, "host-unreach"),
            (Family::V4, 3, 2) => (State::Filtered, "proto-unreach"),
            (Family::V4, 3, 9 | 10 | 13) | (Family::V6, 1, 1) => {
                (State::Filtered, "admin-prohibited")
            }
            (Family::V4, 11, _) | (Family::V6, 3, _) => (State::Filtered, "time-exceeded"),
            _ => (State::Filtered, "icmp-error"),
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::probe::error_queue::QueuedError;

    #[test]
    fn what_an_answer_says_of_a_port() {
        let icmp = |icmp_type, icmp_code| {
            Outcome::Icmp(QueuedError {
                errno: 111,
                origin: 2,
                icmp_type,
                icmp_code,
                info: 0,
                data: 0,
                offender: None,
            })
        };
        for (transport, outcome, word, reason) in [
            (Transport::Tcp, Outcome::Answered, "open", "syn-ack"),
            (Transport::Tcp, Outcome::Refused, "closed", "conn-refused"),
            (Transport::Tcp, icmp(3, 3), "filtered", "port-unreach"),
            (Transport::Tcp, icmp(3, 13), "filtered", "admin-prohibited"),
            (Transport::Tcp, icmp(3, 1), "filtered", "host-unreach"),
            (Transport::Udp, Outcome::Answered, "open", "udp-response"),
            (Transport::Udp, icmp(3, 3), "closed", "port-unreach"),
            (Transport::Udp, icmp(3, 10), "filtered", "admin-prohibited"),
            (
                Transport::Tcp,
                Outcome::GivenUp(libc::ETIMEDOUT),
                "filtered",
                "no-response",
            ),
            (
                Transport::Tcp,
                Outcome::GivenUp(libc::EHOSTUNREACH),
                "filtered",
                "host-unreach",
            ),
        ] {
            let answer = Answer {
                outcome,
                from: None,
                time: Duration::ZERO,
            };
            let (state, why) = meaning(Family::V4, transport, &answer);
            assert_eq!((state.word(), why), (word, reason));
        }
    }
}
