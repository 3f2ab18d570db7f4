//! A ping under way: the loop that sends, waits, takes what comes in and keeps the books.
//!
//! One socket, one destination, one thread: nothing here blocks for longer than 100 ms. Which request something is about is
//! left to `echo_requests`, the arithmetic to `round_trips`, the kernel's side to `icmp_socket` and `timestamp`.

use std::io;
use std::net::{IpAddr, Ipv4Addr};
use std::time::{Duration, Instant};

use nix::errno::Errno;
use nix::libc;

use super::echo_requests::{COOKIE, Requests, on_the_wire};
use super::error::ProbeError;
use super::error_queue::{Incoming, Queue, QueuedError};
use super::icmp_socket::IcmpSocket;
use super::ping::{Event, PingOptions, Problem, ProblemKind, Reply, Report, Start};
use super::round_trips::{RoundTrips, milliseconds};
use super::timestamp::{self, Departure, Stamp};
use crate::kernel::wait::{GLANCE, Waiter};
use crate::packet::icmp::{self, ECHO_HEADER, Echo, Family, FaultKind, Message};

/// How long to wait after the last request when nothing is said: a second if others were answered, and if none was,
/// until the kernel has had the time to say that there is no neighbour (three questions, a second apart: mcast_solicit and
/// retrans_time of arp(7)).
const LINGER: Duration = Duration::from_secs(1);
const LINGER_IN_SILENCE: Duration = Duration::from_secs(4);

/// How many replies, and how many problems, the report keeps; a flood without end must not eat the memory. All are counted.
const KEPT: usize = 10_000;

/// The pause of a flood that gets no reply, and the least pause when the kernel has no room.
const FLOOD_PAUSE: Duration = Duration::from_millis(10);

/// How often a request is tried while errors of other packets keep it from being sent.
const ATTEMPTS: u32 = 16;

/// Messages taken at one go before the clock is looked at again.
const BATCH: usize = 256;

/// A ping under way.
pub struct Session<'a> {
    socket: IcmpSocket,
    options: &'a PingOptions,
    on_event: &'a mut dyn FnMut(&Event<'_>),
    family: Family,
    buffer: Vec<u8>,
    requests: Requests,
    started: Instant,
    last_sent: Option<Instant>,
    next_send: Instant,
    /// Since when the kernel has had no room for the next request.
    stalled: Option<Instant>,
    round_trips: RoundTrips,
    report: Report,
}

impl<'a> Session<'a> {
    /// A ping that has not begun.
    pub fn new(
        socket: IcmpSocket,
        options: &'a PingOptions,
        start: Start,
        on_event: &'a mut dyn FnMut(&Event<'_>),
    ) -> Self {
        let now = Instant::now();
        Self {
            family: Family::of(start.destination),
            // Room for the reply with the longest IPv4 header, and for what an ICMP error quotes.
            buffer: vec![0; (options.size + 128).max(2048)],
            requests: match options.flood {
                true => Requests::of_flood(options.size, &options.pattern),
                false => Requests::new(options.size, &options.pattern),
            },
            started: now,
            last_sent: None,
            next_send: now,
            stalled: None,
            round_trips: RoundTrips::default(),
            report: Report {
                start,
                transmitted: 0,
                received: 0,
                duplicates: 0,
                corrupted: 0,
                errors: 0,
                loss: 0.0,
                time: 0.0,
                rtt_min: None,
                rtt_avg: None,
                rtt_max: None,
                rtt_mdev: None,
                pipe: 0,
                pace: None,
                replies: Vec::new(),
                problems: Vec::new(),
                interrupted: false,
            },
            socket,
            options,
            on_event,
        }
    }

    /// Sends and receives until all is done.
    pub fn run(&mut self, waiter: &dyn Waiter) -> Result<(), ProbeError> {
        (self.on_event)(&Event::Start(&self.report.start));
        self.started = Instant::now();
        self.next_send = self.started;
        loop {
            if waiter.is_interrupted() {
                self.report.interrupted = true;
                return Ok(());
            }
            let now = Instant::now();
            if self.is_over(now) {
                return Ok(());
            }
            if self.has_more_to_send() && now >= self.next_send {
                self.send_next(now)?;
            } else {
                let time = self.wake(now).saturating_duration_since(now).min(GLANCE);
                waiter
                    .wait(&[self.socket.as_fd()], time)
                    .map_err(ProbeError::Receive)?;
            }
            self.take_all()?;
        }
    }

    fn has_more_to_send(&self) -> bool {
        match self.options.count {
            Some(count) => self.options.deadline.is_some() || self.report.transmitted < count,
            None => true,
        }
    }

    fn is_over(&self, now: Instant) -> bool {
        let report = &self.report;
        let enough = |number: u64| self.options.count.is_some_and(|count| number >= count);
        match self.options.deadline {
            Some(deadline) => {
                now >= later(self.started, deadline) || report.errors > 0 || enough(report.received)
            }
            None => {
                let waited = now >= later(self.last_sent.unwrap_or(now), self.linger());
                enough(report.transmitted) && (self.requests.awaited() == 0 || waited)
            }
        }
    }

    /// When something is to be done next even if nothing comes in.
    fn wake(&self, now: Instant) -> Instant {
        let next = match (self.has_more_to_send(), self.last_sent) {
            (true, _) => self.next_send,
            (false, Some(last)) => later(last, self.linger()),
            (false, None) => now,
        };
        let end = self
            .options
            .deadline
            .map(|deadline| later(self.started, deadline));
        end.map_or(next, |end| end.min(next))
    }

    fn is_flood(&self) -> bool {
        self.options.flood || self.options.interval.is_zero()
    }

    fn pause(&self) -> Duration {
        if self.is_flood() {
            FLOOD_PAUSE
        } else {
            self.options.interval
        }
    }

    /// Sends the next request. An ICMP error that is waiting on the socket makes the kernel refuse to send, once:
    /// such an error is taken and, if it is not about this request, the request is tried again.
    fn send_next(&mut self, now: Instant) -> Result<(), ProbeError> {
        let sequence = self.report.transmitted + 1;
        let mut attempts = 0;
        loop {
            attempts += 1;
            let clock = timestamp::clock();
            let (cookie, payload) = self.requests.payload(clock);
            let identifier = self.socket.identifier();
            let wire = on_the_wire(sequence);
            let message = icmp::echo_request(self.family, identifier, wire, payload);
            let send = || self.socket.send(&message);
            let (departure, outcome) = match self.options.flood {
                true => (Departure::at(clock, now), send()),
                false => Departure::of(send),
            };
            self.requests.sent(sequence, departure, cookie);
            let Err(error) = outcome else {
                self.stalled = None;
                self.advance(match self.options.flood {
                    true => now,
                    false => Instant::now(),
                });
                return Ok(());
            };
            self.socket.restart_numbers();
            self.requests.stamps_restart(sequence);
            let taken = self.take_errors()?;
            if !self.requests.is_awaited(sequence) {
                // A firewall here has refused it with an ICMP error, which has just been told.
                self.requests.stamps_restart(sequence + 1);
                self.advance(Instant::now());
                return Ok(());
            }
            self.requests.forget(sequence);
            if taken.network == 0 || attempts == ATTEMPTS {
                return self.not_sent(sequence, error, taken.mtu);
            }
        }
    }

    /// One more request is counted as transmitted.
    fn advance(&mut self, now: Instant) {
        self.report.transmitted += 1;
        self.last_sent = Some(now);
        self.next_send = match self.report.transmitted < self.options.preload {
            true => now,
            false => later(now, self.pause()),
        };
        if self.options.flood {
            (self.on_event)(&Event::Sent);
        }
    }

    /// What a refusal to send means, as in iputils: full queues pass, all else counts as transmitted and lost.
    fn not_sent(
        &mut self,
        sequence: u64,
        error: io::Error,
        mtu: Option<u32>,
    ) -> Result<(), ProbeError> {
        let errno = Errno::from_raw(error.raw_os_error().unwrap_or(0));
        if matches!(errno, Errno::ENOBUFS | Errno::ENOMEM | Errno::EAGAIN) {
            let now = Instant::now();
            let pause = self.options.interval / 2;
            let pause = pause.clamp(FLOOD_PAUSE, Duration::from_millis(500));
            let patience = self.linger().max(pause);
            if now < later(*self.stalled.get_or_insert(now), patience) {
                self.next_send = now + pause;
                return Ok(());
            }
        }
        let kind = match errno {
            Errno::EMSGSIZE => ProblemKind::TooLong,
            // A firewall's verdict on this packet (EPERM) is an outcome of the experiment; so is what goes wrong later on.
            Errno::EPERM | Errno::ENOBUFS | Errno::ENOMEM | Errno::EAGAIN => ProblemKind::NotSent,
            _ if sequence > 1 => ProblemKind::NotSent,
            _ => {
                return Err(ProbeError::Send {
                    destination: self.report.start.destination,
                    error,
                });
            }
        };
        self.advance(Instant::now());
        self.requests.stamps_restart(sequence + 1);
        let words = match (kind, self.family, mtu) {
            (ProblemKind::TooLong, Family::V4, Some(mtu)) => {
                format!("local error: message too long, mtu={mtu}")
            }
            (ProblemKind::TooLong, Family::V6, Some(mtu)) => {
                format!("local error: message too long, mtu: {mtu}")
            }
            _ => format!("sendmsg: {}", errno.desc()),
        };
        self.report.errors += u64::from(kind == ProblemKind::TooLong);
        self.tell(Problem {
            kind,
            sequence,
            from: None,
            scope: None,
            icmp_type: None,
            icmp_code: None,
            words,
            mtu,
            gateway: None,
            errno: error.raw_os_error(),
        });
        Ok(())
    }

    /// How long to wait after the last request.
    fn linger(&self) -> Duration {
        let usual = match self.report.received {
            0 => LINGER_IN_SILENCE,
            _ => LINGER,
        };
        self.options.timeout.unwrap_or(usual)
    }

    fn tell(&mut self, problem: Problem) {
        (self.on_event)(&Event::Problem(&problem));
        if self.report.problems.len() < KEPT {
            self.report.problems.push(problem);
        }
    }

    /// Takes what has come in: stamps and errors first, as the replies need the stamps. A flood has none, and looks for errors when
    /// the kernel tells of one.
    fn take_all(&mut self) -> Result<(), ProbeError> {
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

    fn take_errors(&mut self) -> Result<Taken, ProbeError> {
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
                    let error = QueuedError {
                        errno: 0,
                        origin: libc::SO_EE_ORIGIN_ICMP,
                        icmp_type: fault.icmp_type,
                        icmp_code: fault.icmp_code,
                        info: fault.info,
                        data: 0,
                        offender: Some(from),
                    };
                    self.fault(&error, &echo);
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

    /// Adds up what came out.
    pub fn finish(mut self) -> Report {
        let sent = self.report.transmitted;
        let lost = sent.saturating_sub(self.report.received);
        if sent > 0 {
            self.report.loss = lost as f64 * 100.0 / sent as f64;
        }
        let last = self.last_sent.unwrap_or(self.started);
        let time = last.saturating_duration_since(self.started);
        self.report.time = milliseconds(time);
        if let Some(times) = self.round_trips.summary() {
            self.report.rtt_min = Some(times.min);
            self.report.rtt_avg = Some(times.avg);
            self.report.rtt_max = Some(times.max);
            self.report.rtt_mdev = Some(times.mdev);
            if self.is_flood() && sent > 1 {
                let gap = self.report.time / (sent - 1) as f64;
                self.report.pace = Some((gap, times.ewma));
            }
        }
        self.report
    }
}

/// What was taken from the error queue.
#[derive(Debug, Default, Clone, Copy)]
struct Taken {
    /// ICMP errors.
    network: usize,
    /// The MTU with which the kernel refused a message as too long.
    mtu: Option<u32>,
}

/// A moment after another; what is too far for the clock to tell is a year away.
fn later(moment: Instant, time: Duration) -> Instant {
    moment
        .checked_add(time)
        .unwrap_or(moment + Duration::from_secs(365 * 86_400))
}

/// The scope to show with an address: only link-local ones need it.
pub fn link_local_scope(address: IpAddr, scope: Option<&str>) -> Option<String> {
    let IpAddr::V6(address) = address else {
        return None;
    };
    let [first, second, ..] = address.octets();
    let multicast = first == 0xff && matches!(second & 0x0f, 1 | 2);
    let link_local = address.is_unicast_link_local() || multicast;
    scope.filter(|_| link_local).map(str::to_string)
}

/// Whether the replies may come from addresses other than the destination: groups, and "this host".
fn is_group(destination: IpAddr) -> bool {
    destination.is_multicast() || destination.is_unspecified()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_link_local_addresses_show_a_scope() {
        for (address, shown) in [
            ("fe80::1", true),
            ("ff02::1", true),
            ("fd00::1", false),
            ("ff05::1", false),
            ("10.0.0.1", false),
        ] {
            let address = address.parse().expect("an address");
            let scope = link_local_scope(address, Some("eth0"));
            assert_eq!(scope.is_some(), shown, "{address}");
        }
    }
}
