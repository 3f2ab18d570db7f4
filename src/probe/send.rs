//! Packets sent as they are, out of one link: how many of them, how fast, and what is to be done when there is no room.

use std::time::{Duration, Instant};

use nix::errno::Errno;

use crate::kernel::error::Error;
use crate::kernel::packet_socket::at_link::{MOST_AT_ONCE, Parcel, Sender};
use crate::kernel::wait::{GLANCE, Waiter};

/// How long the link may take nothing in before that is an error.
const PATIENCE: Duration = Duration::from_secs(1);

/// How long to leave it alone when it takes nothing in.
const PAUSE: Duration = Duration::from_millis(1);

/// How to send.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SendOptions {
    /// How often each packet goes out; none: until interrupted.
    pub count: Option<u64>,
    /// From one packet to the next; zero is as fast as the link takes them in.
    pub interval: Duration,
}

/// What was sent.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Sent {
    /// How many packets.
    pub packets: u64,
    /// How many bytes, from the header of the link on.
    pub bytes: u64,
    /// How long it took.
    pub time: Duration,
}

/// Why no more was sent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fault {
    /// Which of the packets it was, counted from 0.
    pub which: usize,
    /// How many were sent before.
    pub sent: u64,
    /// The kernel's answer.
    pub error: Error,
}

/// Sends packets in their order, and again from the first on, until all is sent or the waiter wants no more.
pub fn send(
    sender: &Sender,
    packets: &[Parcel],
    options: SendOptions,
    waiter: &dyn Waiter,
) -> Result<Sent, Fault> {
    let start = Instant::now();
    let mut sending = Sending {
        sender,
        options,
        waiter,
        start,
        stalled: None,
        sent: Sent::default(),
    };
    let outcome = match packets {
        [] => Ok(()),
        [parcel] => sending
            .some(parcel, options.count)
            .map_err(|error| (0, error)),
        several => sending.rounds(several),
    };
    sending.sent.time = start.elapsed();
    let sent = sending.sent;
    match outcome {
        Ok(()) => Ok(sent),
        Err((which, error)) => Err(Fault {
            which,
            sent: sent.packets,
            error,
        }),
    }
}

struct Sending<'a> {
    sender: &'a Sender,
    options: SendOptions,
    waiter: &'a dyn Waiter,
    start: Instant,
    /// Since when the link has taken nothing in.
    stalled: Option<Instant>,
    sent: Sent,
}

impl Sending<'_> {
    fn rounds(&mut self, packets: &[Parcel]) -> Result<(), (usize, Error)> {
        let mut round = 0;
        while self.options.count.is_none_or(|count| round < count) {
            for (which, parcel) in packets.iter().enumerate() {
                self.some(parcel, Some(1)).map_err(|error| (which, error))?;
                if self.waiter.is_interrupted() {
                    return Ok(());
                }
            }
            round += 1;
        }
        Ok(())
    }

    /// Sends one packet so many times.
    fn some(&mut self, parcel: &Parcel, times: Option<u64>) -> Result<(), Error> {
        let mut done: u64 = 0;
        while times.is_none_or(|times| done < times) && !self.waiter.is_interrupted() {
            let is_paced = !self.options.interval.is_zero();
            if is_paced && !self.wait_for_turn()? {
                return Ok(());
            }
            let left = times.map_or(u64::MAX, |times| times - done);
            let most = if is_paced { 1 } else { MOST_AT_ONCE };
            let now = usize::try_from(left).unwrap_or(usize::MAX).min(most);
            let went = self.attempt(parcel, now)? as u64;
            done += went;
            self.sent.packets += went;
            let length = u64::try_from(parcel.length()).unwrap_or(u64::MAX);
            self.sent.bytes = self.sent.bytes.saturating_add(went.saturating_mul(length));
        }
        Ok(())
    }

    /// Waits until the next packet is due, which none before it can delay; false if the waiter wants no more.
    fn wait_for_turn(&self) -> Result<bool, Error> {
        let number = u32::try_from(self.sent.packets).unwrap_or(u32::MAX);
        let due = self.options.interval.saturating_mul(number);
        loop {
            let left = due.saturating_sub(self.start.elapsed());
            if left.is_zero() || self.waiter.is_interrupted() {
                return Ok(left.is_zero());
            }
            self.waiter.wait(&[], left.min(GLANCE))?;
        }
    }

    /// Hands packets over. A full queue has to be given time: whoever empties it may be netsh itself.
    fn attempt(&mut self, parcel: &Parcel, times: usize) -> Result<usize, Error> {
        let error = match self.sender.send(parcel, times) {
            Ok(went) => {
                self.stalled = None;
                return Ok(went);
            }
            Err(error) => error,
        };
        let is_full = matches!(
            error.errno(),
            Some(Errno::ENOBUFS | Errno::EAGAIN | Errno::ENOMEM)
        );
        let since = *self.stalled.get_or_insert_with(Instant::now);
        if error.errno() == Some(Errno::EINTR) || is_full && since.elapsed() < PATIENCE {
            self.waiter.wait(&[], PAUSE)?;
            return Ok(0);
        }
        Err(error)
    }
}
