//! A ping under way: the loop that sends, waits, takes what comes in and keeps the books.
//!
//! One socket, one destination, one thread: nothing here blocks for longer than 100 ms. Which request something is about is
//! left to `echo_requests`, the arithmetic to `round_trips`, the kernel's side to `icmp_socket` and `timestamp`.

mod answers;

use std::io;
use std::net::IpAddr;
use std::time::{Duration, Instant};

use nix::errno::Errno;

use super::echo_requests::{Requests, on_the_wire};
use super::error::ProbeError;
use super::icmp_socket::IcmpSocket;
use super::ping::{Event, PingOptions, Problem, ProblemKind, Report, Start};
use super::round_trips::{RoundTrips, milliseconds};
use super::timestamp::{self, Departure};
use crate::kernel::wait::{GLANCE, Waiter};
use crate::packet::icmp::{self, Family};

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
