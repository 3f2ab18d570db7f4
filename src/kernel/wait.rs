//! Waiting for descriptors. Whoever calls netsh's own waits says how: what else is done meanwhile, and when to stop.

use std::io::{self, ErrorKind};
use std::os::fd::BorrowedFd;
use std::time::{Duration, Instant};

use nix::errno::Errno;
use nix::poll::{PollFd, PollFlags, ppoll};
use nix::sys::time::TimeSpec;

/// The longest that any wait may go without asking whether to stop.
pub const GLANCE: Duration = Duration::from_millis(100);

/// How somebody waits.
pub trait Waiter {
    /// Waits until one of the descriptors can be read, a signal comes, or the time is over. It may come back earlier.
    fn wait(&self, watched: &[BorrowedFd<'_>], time: Duration) -> io::Result<()> {
        ready(watched, time).map(drop)
    }

    /// Whether what is waited for is not wanted any more. Asked at least each [`GLANCE`].
    fn is_interrupted(&self) -> bool;
}

/// Nothing is done meanwhile.
impl<F: Fn() -> bool> Waiter for F {
    fn is_interrupted(&self) -> bool {
        self()
    }
}

/// Tries until it works (or fails with more than that there is nothing yet), the time is over or the waiter wants no more.
pub fn patiently<T>(
    watched: BorrowedFd<'_>,
    limit: Option<Duration>,
    waiter: &dyn Waiter,
    mut attempt: impl FnMut() -> io::Result<T>,
) -> io::Result<Option<T>> {
    let start = Instant::now();
    loop {
        match attempt() {
            Ok(done) => return Ok(Some(done)),
            Err(error) if error.kind() == ErrorKind::WouldBlock => {}
            Err(error) if error.kind() == ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
        let left = limit.map_or(GLANCE, |limit| limit.saturating_sub(start.elapsed()));
        if left.is_zero() || waiter.is_interrupted() {
            return Ok(None);
        }
        waiter.wait(&[watched], left.min(GLANCE))?;
    }
}

/// Waits until one of the descriptors can be read (or is broken), a signal comes, or the time is over. Says of each whether
/// it can.
pub fn ready(watched: &[BorrowedFd<'_>], time: Duration) -> io::Result<Vec<bool>> {
    let mut polled: Vec<PollFd<'_>> = watched
        .iter()
        .map(|fd| PollFd::new(*fd, PollFlags::POLLIN))
        .collect();
    match ppoll(&mut polled, Some(TimeSpec::from(time)), None) {
        Ok(_) => Ok(polled.iter().map(|fd| fd.any().unwrap_or(false)).collect()),
        Err(Errno::EINTR) => Ok(vec![false; watched.len()]),
        Err(errno) => Err(errno.into()),
    }
}
