//! A capture in progress, as its owner has it: what is asked of the thread, and the packets in memory.

use std::collections::VecDeque;
use std::io;
use std::os::fd::AsFd;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use nix::sys::eventfd::{EfdFlags, EventFd};
use nix::sys::signal::SigSet;

use super::reader::{PATIENCE, Reader};
use super::{Counts, Sighting, Source, Terms};
use crate::kernel::error::Result;
use crate::kernel::wait::{GLANCE, Waiter};

/// How many packets are held in memory, and how many bytes with all that belongs to them.
pub const MOST_PACKETS: usize = 250_000;
/// See [`MOST_PACKETS`].
pub const MOST_BYTES: usize = 64 << 20;

/// What the thread and its owner share.
pub(super) struct Shared {
    state: Mutex<State>,
    /// Something was answered, or it is over.
    pub answered: Condvar,
    /// Wakes the thread up.
    pub wake: EventFd,
    /// Wakes up whoever waits for a packet.
    pub news: EventFd,
}

#[derive(Default)]
pub(super) struct State {
    packets: VecDeque<Sighting>,
    /// How many of them were read. Those make room for others first.
    read: usize,
    /// What they take in memory.
    cost: usize,
    pub counts: Counts,
    /// Sockets that are to be read too.
    pub arrivals: Vec<Source>,
    /// Namespaces whose sockets are to be let go of.
    pub departures: Vec<Arc<str>>,
    /// The number of the last question for all that there is, and of the last that was answered.
    pub asked: u64,
    pub done: u64,
    pub order: Order,
    pub is_over: bool,
    pub is_awaited: bool,
    pub fault: Option<io::Error>,
}

/// What the thread is to do.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) enum Order {
    #[default]
    GoOn,
    /// See to what has come up to now, and end.
    Stop,
    /// Nobody wants to know any more.
    Abandon,
}

impl Shared {
    /// A thread that panicked has left nothing half done that anybody would trip over.
    pub fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn wake(&self) {
        let _ = self.wake.write(1);
    }
}

impl State {
    /// Makes room for a packet, and takes it; false if there is none.
    pub fn keep(&mut self, sighting: Sighting) -> bool {
        let cost = sighting.cost();
        let is_full =
            |state: &State| state.packets.len() >= MOST_PACKETS || state.cost + cost > MOST_BYTES;
        while is_full(self) && self.read > 0 {
            let Some(first) = self.packets.pop_front() else {
                break;
            };
            self.read -= 1;
            self.cost = self.cost.saturating_sub(first.cost());
        }
        if is_full(self) {
            return false;
        }
        self.cost += cost;
        self.packets.push_back(sighting);
        true
    }
}

/// Says that a capture is over when it goes.
struct End(Arc<Shared>);

impl Drop for End {
    fn drop(&mut self) {
        self.0.state().is_over = true;
        self.0.answered.notify_all();
        let _ = self.0.news.write(1);
    }
}

/// A capture in progress. It ends with this value.
pub struct Session {
    shared: Arc<Shared>,
}

impl Session {
    /// Begins to read these sockets.
    pub fn start(sources: Vec<Source>, terms: Terms) -> Result<Self> {
        let event = || EventFd::from_flags(EfdFlags::EFD_CLOEXEC | EfdFlags::EFD_NONBLOCK);
        let shared = Arc::new(Shared {
            state: Mutex::default(),
            answered: Condvar::new(),
            wake: event()?,
            news: event()?,
        });
        let mut reader = Reader::new(shared.clone(), sources, terms);
        let end = End(shared.clone());
        let work = move || {
            // Ctrl-C is for the thread that runs the script.
            let _ = SigSet::all().thread_block();
            // Whoever waits for its end has to see one, whatever becomes of the thread.
            let _end = end;
            let read = reader.work();
            reader.end(read);
        };
        thread::Builder::new().name("packets".into()).spawn(work)?;
        Ok(Session { shared })
    }

    /// Reads one more socket from now on.
    pub fn add(&self, source: Source) {
        self.shared.state().arrivals.push(source);
        self.shared.wake();
    }

    /// Lets go of the sockets in the namespace of this name, after all that has come there was seen: as long as a socket is open the
    /// namespace lives on.
    pub fn remove(&self, netns: &str) {
        self.shared.state().departures.push(netns.into());
        self.catch_up();
    }

    /// Waits until all has been seen that has come up to now.
    pub fn catch_up(&self) {
        let mut state = self.shared.state();
        state.asked += 1;
        let asked = state.asked;
        self.shared.wake();
        let waiting = |state: &mut State| !state.is_over && state.done < asked;
        // The thread takes no longer unless it hangs on a file.
        let longest = 2 * PATIENCE;
        let waited = self
            .shared
            .answered
            .wait_timeout_while(state, longest, waiting);
        drop(waited);
    }

    /// Ends it, after all that has come up to now was seen. Whoever waits may stop before.
    pub fn stop(&self, waiter: &dyn Waiter) {
        let mut state = self.shared.state();
        if state.order == Order::GoOn {
            state.order = Order::Stop;
        }
        self.shared.wake();
        while !state.is_over {
            let waited = self.shared.answered.wait_timeout(state, GLANCE);
            state = waited.unwrap_or_else(PoisonError::into_inner).0;
            if !state.is_over && waiter.is_interrupted() {
                return;
            }
        }
    }

    /// Waits until it ends by itself, or whoever waits has enough.
    pub fn wait(&self, waiter: &dyn Waiter) -> io::Result<()> {
        while !self.is_over() && !waiter.is_interrupted() {
            self.wait_for_news(GLANCE, waiter)?;
        }
        Ok(())
    }

    /// The next packet that was not read yet; none if the time is over, the capture is, or the waiter wants no more.
    pub fn next(
        &self,
        limit: Option<Duration>,
        waiter: &dyn Waiter,
    ) -> io::Result<Option<Sighting>> {
        let start = Instant::now();
        let mut is_late = false;
        loop {
            {
                let mut state = self.shared.state();
                if let Some(next) = state.packets.get(state.read).cloned() {
                    state.read += 1;
                    return Ok(Some(next));
                }
                if state.is_over || is_late {
                    return Ok(None);
                }
            }
            let left = limit.map_or(GLANCE, |limit| limit.saturating_sub(start.elapsed()));
            if waiter.is_interrupted() {
                return Ok(None);
            }
            if left.is_zero() {
                // What came in time is not to be missed because it lies in a block.
                self.catch_up();
                is_late = true;
                continue;
            }
            self.wait_for_news(left.min(GLANCE), waiter)?;
        }
    }

    fn wait_for_news(&self, time: Duration, waiter: &dyn Waiter) -> io::Result<()> {
        {
            let mut state = self.shared.state();
            if state.is_over || state.read < state.packets.len() {
                return Ok(());
            }
            state.is_awaited = true;
        }
        let waited = waiter.wait(&[self.shared.news.as_fd()], time);
        self.shared.state().is_awaited = false;
        let _ = self.shared.news.read();
        waited
    }

    /// The packets in memory.
    pub fn packets(&self) -> Vec<Sighting> {
        self.shared.state().packets.iter().cloned().collect()
    }

    /// The packets in memory, taken out of it.
    pub fn take_packets(&self) -> Vec<Sighting> {
        let mut state = self.shared.state();
        (state.read, state.cost) = (0, 0);
        std::mem::take(&mut state.packets).into()
    }

    /// How many there were up to the last time that somebody had the thread catch up.
    pub fn counts(&self) -> Counts {
        self.shared.state().counts
    }

    /// Whether it has ended.
    pub fn is_over(&self) -> bool {
        self.shared.state().is_over
    }

    /// What kept it from going on. Told once.
    pub fn take_fault(&self) -> Option<io::Error> {
        self.shared.state().fault.take()
    }
}

impl Drop for Session {
    fn drop(&mut self) {
        self.shared.state().order = Order::Abandon;
        self.shared.wake();
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::packet::captured::{Direction, LinkType};
    use crate::probe::capture::Place;

    fn sighting(number: u64, length: usize) -> Sighting {
        let place = Place {
            netns: "home".into(),
            link: "lo".into(),
            index: 1,
            link_type: LinkType::Ethernet,
        };
        Sighting {
            at: Duration::from_secs(number),
            place: Arc::new(place),
            direction: Direction::In,
            is_checksum_open: false,
            length: 60,
            bytes: vec![0; length].into(),
        }
    }

    /// Keeps packets of these numbers, and tells how many had room.
    fn keep(state: &mut State, numbers: std::ops::Range<u64>, length: usize) -> usize {
        let kept = numbers.filter(|number| state.keep(sighting(*number, length)));
        kept.count()
    }

    #[test]
    fn what_was_read_makes_room() {
        let mut state = State::default();
        let most = MOST_PACKETS as u64;
        assert_eq!(keep(&mut state, 0..most + 5, 0), MOST_PACKETS);
        state.read = 3;
        assert_eq!(keep(&mut state, most..most + 5, 0), 3);
        assert_eq!((state.packets.len(), state.read), (MOST_PACKETS, 0));
        let ends = [state.packets.front(), state.packets.back()];
        let ends = ends.map(|packet| packet.map_or(0, |packet| packet.at.as_secs()));
        assert_eq!(ends, [3, most + 2]);
    }

    #[test]
    fn bytes_are_counted_too() {
        let mut state = State::default();
        let kept = keep(&mut state, 0..200, 1 << 20);
        assert!((60..64).contains(&kept), "{kept}");
        state.read = kept;
        assert_eq!(keep(&mut state, 0..1, MOST_BYTES), 0);
        assert_eq!((state.packets.len(), state.cost), (0, 0));
        assert_eq!(keep(&mut state, 0..10, 100), 10);
    }
}
