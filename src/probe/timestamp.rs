//! When a probe left and when its answer came, by the kernel's clock rather than by netsh's own turn on the CPU.
//!
//! Receiving: the kernel stamps each packet as it comes in from the device (`SO_TIMESTAMPING` with RX_SOFTWARE, else
//! `SO_TIMESTAMPNS`), so it does not matter how long netsh took to fetch it.
//!
//! Sending: a round trip begins when the request is handed to the kernel, as it does for iputils, so the first one shows what
//! its ARP or neighbour discovery cost. No stamp of the kernel marks that moment: TX_SCHED and TX_SOFTWARE are both taken after
//! the address is resolved (on veth, resolution takes place inside of `sendto`, before either stamp). So the clock is read right before
//! `sendto`, and the scheduler's own counters tell whether netsh kept the CPU until `sendto` was back. If it did, that reading is
//! the hand-over, to within a system call's entry. If it lost the CPU in between, the reading may be early by as long as that took,
//! and the kernel's TX_SCHED stamp counts instead; a request that was still waiting for its address then begins when `sendto` was back.
//!
//! TX_SCHED (before the queueing discipline) rather than TX_SOFTWARE (in the driver): a delay that netem or a shaper on the own
//! interface adds belongs to the round trip, and both arrive on lo and veth before `sendto` returns, 2 to 4 us apart.
//! Stamps come through the error queue with a running number (OPT_ID) and without the packet (OPT_TSONLY);
//! see Documentation/networking/timestamping.rst.

use std::os::fd::AsFd;
use std::time::{Duration, Instant};

use nix::libc;
use nix::sys::resource::{UsageWho, getrusage};
use nix::sys::socket::{TimestampingFlag, setsockopt, sockopt};
use nix::time::{ClockId, clock_gettime};

/// A reading of the system clock, since 1970: the clock of the kernel's packet stamps.
pub type Stamp = Duration;

/// The system clock now.
pub fn clock() -> Stamp {
    clock_gettime(ClockId::CLOCK_REALTIME).map_or(Duration::ZERO, Duration::from)
}

/// Asks the kernel for stamps on a socket, the best that it has.
pub fn enable<F: AsFd>(socket: &F) {
    if setsockopt(socket, sockopt::Timestamping, &flags()).is_err() {
        // Without either, the clock is read when a packet is fetched.
        let _ = setsockopt(socket, sockopt::ReceiveTimestampns, &true);
    }
}

/// The same for what comes in alone, as cheaply as it can be had: for a flood.
pub fn enable_receiving<F: AsFd>(socket: &F) {
    let _ = setsockopt(socket, sockopt::Timestamping, &TimestampingFlag::empty());
    let _ = setsockopt(socket, sockopt::ReceiveTimestampns, &true);
}

/// Makes the running number of sent packets begin at zero again: after a failed send it can't be known
/// whether the kernel has counted that one.
pub fn restart_numbers<F: AsFd>(socket: &F) {
    let without = flags() - TimestampingFlag::SOF_TIMESTAMPING_OPT_ID;
    if setsockopt(socket, sockopt::Timestamping, &without).is_ok() {
        let _ = setsockopt(socket, sockopt::Timestamping, &flags());
    }
}

fn flags() -> TimestampingFlag {
    TimestampingFlag::SOF_TIMESTAMPING_SOFTWARE
        | TimestampingFlag::SOF_TIMESTAMPING_RX_SOFTWARE
        | TimestampingFlag::from_bits_retain(libc::SOF_TIMESTAMPING_TX_SCHED)
        | TimestampingFlag::SOF_TIMESTAMPING_OPT_ID
        | TimestampingFlag::SOF_TIMESTAMPING_OPT_TSONLY
}

/// How a probe left.
#[derive(Debug, Clone, Copy)]
pub struct Departure {
    before: Stamp,
    after: Stamp,
    /// The same moment as `before`, on the clock that nobody sets.
    moment: Instant,
    kept_cpu: bool,
    queued: Option<Stamp>,
}

impl Departure {
    /// Sends, and notes all that can be known about when.
    pub fn of<T>(send: impl FnOnce() -> T) -> (Self, T) {
        let switches = context_switches();
        let moment = Instant::now();
        let before = clock();
        let outcome = send();
        let after = clock();
        let departure = Self {
            before,
            after,
            moment,
            kept_cpu: switches.is_some() && switches == context_switches(),
            queued: None,
        };
        (departure, outcome)
    }

    /// A departure of which nothing is known but when it was about to be, on both clocks: that of one of a flood, where each look at
    /// a clock counts.
    pub fn at(before: Stamp, moment: Instant) -> Self {
        Self {
            before,
            after: before,
            moment,
            kept_cpu: true,
            queued: None,
        }
    }

    /// Takes the kernel's stamp of the packet's way into the queue of the device. The first one counts: a packet may pass
    /// several devices (a VLAN and the link below it). One from outside of the send was held back, or is another packet's.
    pub fn queued_at(&mut self, stamp: Stamp) {
        if self.queued.is_none() && self.before <= stamp && stamp <= self.after {
            self.queued = Some(stamp);
        }
    }

    /// When the round trip began.
    pub fn start(&self) -> Stamp {
        if self.kept_cpu {
            self.before
        } else {
            self.queued.unwrap_or(self.after)
        }
    }

    /// How long ago the probe left, on the clock that nobody sets.
    pub fn elapsed(&self) -> Duration {
        self.moment.elapsed()
    }

    /// The round-trip time of an answer that the kernel stamped at `arrival`.
    ///
    /// The kernel stamps with a clock that can be set while the packet is on its way; a time that is negative, or longer than what
    /// the other clock says, is replaced by the latter.
    pub fn round_trip(&self, arrival: Stamp) -> Duration {
        self.time_until(arrival, || self.elapsed())
    }

    fn time_until(&self, arrival: Stamp, elapsed: impl FnOnce() -> Duration) -> Duration {
        const SMALL: Duration = Duration::from_millis(1);
        let time = arrival.checked_sub(self.start());
        if let Some(time) = time.filter(|time| *time <= SMALL) {
            // Within the limit whatever has elapsed: the other clock need not be read.
            return time;
        }
        let elapsed = elapsed();
        // Both clocks run at the same speed but for what NTP slews, 500 ppm.
        let limit = elapsed + elapsed / 1000 + SMALL;
        time.filter(|time| *time <= limit).unwrap_or(elapsed)
    }
}

/// How often this thread has lost or given up the CPU.
fn context_switches() -> Option<i64> {
    let usage = getrusage(UsageWho::RUSAGE_THREAD).ok()?;
    Some(usage.voluntary_context_switches() + usage.involuntary_context_switches())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn departure(kept_cpu: bool) -> Departure {
        Departure {
            before: Duration::from_micros(1000),
            after: Duration::from_micros(1300),
            moment: Instant::now(),
            kept_cpu,
            queued: None,
        }
    }

    #[test]
    fn a_send_that_kept_the_cpu_begins_at_the_hand_over() {
        let mut undisturbed = departure(true);
        undisturbed.queued_at(Duration::from_micros(1200));
        assert_eq!(undisturbed.start(), Duration::from_micros(1000));
    }

    #[test]
    fn a_send_that_lost_the_cpu_begins_at_the_kernels_first_stamp() {
        let mut disturbed = departure(false);
        assert_eq!(disturbed.start(), Duration::from_micros(1300));
        disturbed.queued_at(Duration::from_micros(999));
        disturbed.queued_at(Duration::from_micros(1301));
        assert_eq!(disturbed.start(), Duration::from_micros(1300));
        disturbed.queued_at(Duration::from_micros(1200));
        disturbed.queued_at(Duration::from_micros(1210));
        assert_eq!(disturbed.start(), Duration::from_micros(1200));
    }

    #[test]
    fn a_clock_that_was_set_meanwhile_is_not_believed() {
        let departure = departure(true);
        let elapsed = Duration::from_micros(900);
        for (arrival, expected) in [(1400, 400), (900, 900), (9_000_000, 900)] {
            let time = departure.time_until(Duration::from_micros(arrival), || elapsed);
            assert_eq!(time, Duration::from_micros(expected));
        }
    }
}
