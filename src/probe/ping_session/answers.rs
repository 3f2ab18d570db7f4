//! What comes in: stamps, errors and replies, and what is written down of each.

use super::{BATCH, KEPT, Session, Taken, is_group, link_local_scope};
use crate::packet::icmp::{self, ECHO_HEADER, Echo, Family, FaultKind, Message};
use crate::probe::echo_requests::COOKIE;
use crate::probe::error::ProbeError;
use crate::probe::error_queue::{Incoming, Queue, QueuedError};
use crate::probe::ping::{Event, Problem, ProblemKind, Reply};
use crate::probe::round_trips::milliseconds;
use crate::probe::timestamp::{self, Stamp};
use nix::libc;
use std::net::{IpAddr, Ipv4Addr};
use std::time::Duration;

impl Session<'_> {
    /// Takes what has come in: stamps and errors first, as the replies need the stamps. A flood has none, and looks for errors when
    /// the kernel tells of one.
    pub(super) fn take_all(&mut self) -> Result<(), ProbeError> {
        if !self.options.flood {
            self.take_errors()?;
        }
        let mut is_told = false;
        let mut buffer = std::mem::take(&mut self.buffer);
        let mut failure = None;
        for _ in 0..BATCH {
            match self.socket.receive(Queue::Packets, &mut buffer) {
                Ok(Some(incoming)) => {
                    failure = None;
                    let bytes = buffer.get(..incoming.length).unwrap_or_default();
                    self.packet(bytes, &incoming);
                    // Nothing else is on its way: the next request can go.
                    if self.options.flood && self.requests.awaited() == 0 {
                        break;
                    }
                }
                Ok(None) => {
                    failure = None;
                    break;
                }
                // The errno of an ICMP error, told once; the error queue has the details.
                Err(error) => {
                    failure = Some(error);
                    is_told = true;
                }
            }
        }
        self.buffer = buffer;
        if self.options.flood && is_told {
            self.take_errors()?;
        }
        failure.map_or(Ok(()), |error| Err(ProbeError::Receive(error)))
    }

    pub(super) fn take_errors(&mut self) -> Result<Taken, ProbeError> {
        let mut buffer = std::mem::take(&mut self.buffer);
        let mut taken = Taken::default();
        let mut failure = None;
        for _ in 0..BATCH {
            match self.socket.receive(Queue::Errors, &mut buffer) {
                Ok(Some(incoming)) => {
                    failure = None;
                    let bytes = buffer.get(..incoming.length).unwrap_or_default();
                    self.queued_error(bytes, &incoming, &mut taken);
                }
                Ok(None) => {
                    failure = None;
                    break;
                }
                Err(error) => failure = Some(error),
            }
        }
        self.buffer = buffer;
        failure.map_or(Ok(taken), |error| Err(ProbeError::Receive(error)))
    }

    fn queued_error(&mut self, bytes: &[u8], incoming: &Incoming, taken: &mut Taken) {
        let Some(error) = incoming.error else {
            return;
        };
        match error.origin {
            libc::SO_EE_ORIGIN_TIMESTAMPING => {
                if let Some(stamp) = incoming.stamp {
                    self.requests.stamped(error.data, stamp);
                }
            }
            libc::SO_EE_ORIGIN_LOCAL if error.errno == libc::EMSGSIZE as u32 => {
                taken.mtu = Some(error.info);
            }
            libc::SO_EE_ORIGIN_ICMP | libc::SO_EE_ORIGIN_ICMP6 => {
                // Also an error that is another program's makes the kernel refuse a send.
                taken.network += 1;
                let echo = icmp::quoted_echo(self.family, bytes);
                if let Some(echo) = echo.filter(|_| incoming.from == Some(self.destination())) {
                    self.fault(&error, &echo);
                }
            }
            _ => {}
        }
    }

    fn destination(&self) -> IpAddr {
        self.report.start.destination
    }

    fn packet(&mut self, bytes: &[u8], incoming: &Incoming) {
        let (message, from, ttl) = if self.family == Family::V4 && self.socket.is_raw() {
            let Some(packet) = icmp::parse_ipv4(bytes) else {
                return;
            };
            let from = IpAddr::from(packet.source);
            (packet.payload, Some(from), Some(packet.ttl))
        } else {
            (bytes, incoming.from, incoming.ttl)
        };
        let Some(from) = from else {
            return;
        };
        match icmp::parse(self.family, message) {
            Some(Message::EchoReply(echo)) => self.reply(message, &echo, from, ttl, incoming.stamp),
            Some(Message::Fault(fault)) => {
                let quoted = fault
                    .quoted
                    .filter(|quoted| quoted.destination == self.destination());
                if let Some(echo) = quoted.and_then(|quoted| quoted.echo) {
                    self.fault(&QueuedError::of_fault(&fault, Some(from)), &echo);
                }
            }
            Some(Message::Other { .. }) | None => {}
        }
    }

    /// Whether an echo header is one of ours. Datagram sockets have been through that in the kernel.
    fn has_our_identifier(&self, echo: &Echo<'_>) -> bool {
        !self.socket.is_raw() || echo.identifier == self.socket.identifier()
    }

    fn reply(
        &mut self,
        message: &[u8],
        echo: &Echo<'_>,
        from: IpAddr,
        ttl: Option<u8>,
        stamp: Option<Stamp>,
    ) {
        let destination = self.destination();
        let different_address = from != destination && !is_group(destination);
        let raw_v4 = self.family == Family::V4 && self.socket.is_raw();
        let corrupted = raw_v4 && !icmp::checksum_holds(message);
        // A reply that is corrupted or has no cookie is known by its address only.
        let certain = echo.payload.len() >= COOKIE && !corrupted;
        let payload = if corrupted { &[] } else { echo.payload };
        if !self.has_our_identifier(echo) || (different_address && !certain) {
            return;
        }
        let Some(request) = self.requests.find(echo.sequence, payload) else {
            return;
        };
        let arrival = stamp.unwrap_or_else(timestamp::clock);
        let time = request.departure.round_trip(arrival);
        let reply = Reply {
            sequence: request.sequence,
            from,
            scope: link_local_scope(from, self.report.start.scope.as_deref()),
            bytes: message.len(),
            ttl,
            time: milliseconds(time),
            duplicate: request.answered,
            corrupted,
            truncated: message.len() < ECHO_HEADER + self.options.size,
            different_address,
        };
        if corrupted {
            self.report.corrupted += 1;
            (self.on_event)(&Event::Corrupted(&reply));
            return;
        }
        request.answered = true;
        self.requests.settle(echo.sequence);
        self.count(reply, time);
    }

    /// A good reply goes into the report.
    fn count(&mut self, reply: Reply, time: Duration) {
        self.round_trips.add(time);
        self.acknowledge(reply.sequence);
        if reply.duplicate {
            self.report.duplicates += 1;
            (self.on_event)(&Event::Duplicate(&reply));
        } else {
            self.report.received += 1;
            (self.on_event)(&Event::Reply(&reply));
        }
        if self.report.replies.len() < KEPT {
            self.report.replies.push(reply);
        }
        self.hurry();
    }

    /// A flood goes on as soon as nothing is on its way.
    fn hurry(&mut self) {
        if self.is_flood() && self.requests.awaited() == 0 {
            self.next_send = self.started;
        }
    }

    /// How far the requests have run ahead.
    fn acknowledge(&mut self, sequence: u64) {
        let ahead = self.report.transmitted.saturating_sub(sequence) + 1;
        self.report.pipe = self.report.pipe.max(ahead);
    }

    fn fault(&mut self, error: &QueuedError, echo: &Echo<'_>) {
        let (icmp_type, icmp_code) = (error.icmp_type, error.icmp_code);
        let Some(kind) = FaultKind::of(self.family, icmp_type, icmp_code) else {
            return;
        };
        if !self.has_our_identifier(echo) {
            return;
        }
        let Some(request) = self.requests.find(echo.sequence, echo.payload) else {
            return;
        };
        let sequence = request.sequence;
        if request.reported.replace((icmp_type, icmp_code)) == Some((icmp_type, icmp_code)) {
            return;
        }
        if kind != FaultKind::Redirect {
            self.requests.settle(echo.sequence);
            self.report.errors += 1;
            self.acknowledge(sequence);
        }
        let scope = self.report.start.scope.as_deref();
        let problem = Problem {
            kind: ProblemKind::Icmp(kind),
            sequence,
            from: error.offender,
            scope: error
                .offender
                .and_then(|from| link_local_scope(from, scope)),
            icmp_type: Some(icmp_type),
            icmp_code: Some(icmp_code),
            words: icmp::words(self.family, icmp_type, icmp_code, error.info),
            mtu: (kind == FaultKind::TooBig).then_some(error.info),
            gateway: (kind == FaultKind::Redirect).then(|| Ipv4Addr::from(error.info).into()),
            errno: i32::try_from(error.errno).ok().filter(|errno| *errno != 0),
        };
        self.tell(problem);
        self.hurry();
    }
}
