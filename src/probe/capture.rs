//! A capture in progress: packet sockets, and a thread that empties their rings into memory or into a file, so that a script that
//! is busy loses nothing.
//!
//! A packet can be in the ring before anybody may look at it there (see `kernel::packet_socket`). So whoever wants to know all that
//! there was up to now has the thread catch up first ([`Session::catch_up`]): it asks the kernel how many packets it has put
//! there, and waits until it has seen as many. Where there are no new ones, that takes no time.
//!
//! Closing such a socket takes the kernel some ten milliseconds, in which it waits for all processors. Nobody else has to: the thread
//! does it after all have what they want.

use std::collections::{HashMap, VecDeque};
use std::io;
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, OwnedFd};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use nix::sys::eventfd::{EfdFlags, EventFd};
use nix::sys::signal::SigSet;

use crate::kernel::error::Result;
use crate::kernel::ioctl;
use crate::kernel::packet_socket::PacketSocket;
use crate::kernel::packet_socket::block::Frame;
use crate::kernel::wait::{GLANCE, Waiter, ready};
use crate::packet::captured::{Captured, Direction, LinkType};

/// How many packets are held in memory, and how many bytes with all that belongs to them.
pub const MOST_PACKETS: usize = 250_000;
/// See [`MOST_PACKETS`].
pub const MOST_BYTES: usize = 64 << 20;

/// How long the kernel may take to hand over a block.
const PATIENCE: Duration = Duration::from_millis(250);

/// Between two looks at the ring while it does.
const PAUSE: Duration = Duration::from_micros(500);

/// The thread is woken up by whoever wants something of it.
const SELDOM: Duration = Duration::from_secs(3600);

/// How many sockets are closed at the same time.
const CLOSERS: usize = 16;

/// Where packets are seen: a link of a namespace.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Place {
    /// The namespace; `home` or its name.
    pub netns: Arc<str>,
    /// The link, as it was called then.
    pub link: String,
    /// Its number.
    pub index: u32,
    /// What its packets begin with.
    pub link_type: LinkType,
}

/// A packet at a place.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sighting {
    /// When, since 1970, by the kernel's clock.
    pub at: Duration,
    /// Where.
    pub place: Arc<Place>,
    /// Whether it came in or went out.
    pub direction: Direction,
    /// Whether its checksum was not there yet: it was left to the link to be worked out.
    pub is_checksum_open: bool,
    /// How long it was.
    pub length: u32,
    /// The bytes that were kept.
    pub bytes: Arc<[u8]>,
}

impl Sighting {
    /// The packet by itself.
    pub fn captured(&self) -> Captured {
        Captured {
            at: self.at,
            netns: Some(self.place.netns.to_string()),
            link: self.place.link.clone(),
            direction: Some(self.direction),
            link_type: self.place.link_type,
            length: self.length,
            bytes: self.bytes.to_vec(),
            comments: Vec::new(),
        }
    }

    /// What it takes in memory, roughly.
    fn cost(&self) -> usize {
        size_of::<Self>() + 2 * size_of::<usize>() + self.bytes.len()
    }
}

/// Where packets go that are not held in memory.
pub trait Sink: Send {
    /// Takes one.
    fn write(&mut self, packet: &Captured) -> io::Result<()>;
    /// There are no more: all is to be where it belongs. So many there were.
    fn finish(&mut self, counts: &Counts) -> io::Result<()>;
}

/// When a capture ends by itself, and where its packets go.
#[derive(Default)]
pub struct Terms {
    /// After so many packets.
    pub count: Option<u64>,
    /// After this time.
    pub time: Option<Duration>,
    /// So many bytes of each packet, where its tag was put back; all, if nothing is said.
    pub snaplen: Option<u32>,
    /// To somewhere else than into memory.
    pub sink: Option<Box<dyn Sink>>,
}

/// How many packets there were.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Counts {
    /// Those that are in memory, or were, or were written.
    pub captured: u64,
    /// Those that the filter let pass.
    pub received: u64,
    /// Those of them for which the ring in the kernel had no room: they came faster than they were taken out.
    pub dropped: u64,
    /// Those of them for which there was no room in memory.
    pub overflowed: u64,
}

/// A socket with what is known of its links.
pub struct Source {
    socket: PacketSocket,
    /// Another descriptor of the same socket, to ask for names while it is read.
    asked: OwnedFd,
    netns: Arc<str>,
    /// By number and type; names can change, and numbers come back.
    places: HashMap<(u32, bool), Known>,
    names: HashMap<u32, String>,
    /// Counts how often it was read.
    round: u64,
}

/// A place, and the packet that is filled in for a sink.
struct Known {
    place: Arc<Place>,
    scratch: Captured,
    round: u64,
}

impl Source {
    /// A socket in the namespace of this name, which has these links now.
    pub fn new(
        socket: PacketSocket,
        netns: &str,
        names: impl IntoIterator<Item = (u32, String)>,
    ) -> Result<Self> {
        Ok(Source {
            asked: socket.as_fd().try_clone_to_owned()?,
            socket,
            netns: netns.into(),
            places: HashMap::new(),
            names: names.into_iter().collect(),
            round: 0,
        })
    }

    /// Takes packets out of the ring.
    fn read(&mut self, mut each: impl FnMut(&Frame<'_>, &mut Known)) -> u64 {
        let Source {
            socket,
            asked,
            netns,
            places,
            names,
            round,
        } = self;
        *round += 1;
        socket.take(|frame| {
            let key = (frame.index, frame.is_ethernet);
            let known = places.get(&key);
            if known.is_none_or(|known| known.round < *round) {
                // A link that is gone keeps the name that it had.
                if let Ok(name) = ioctl::link_name(asked.as_raw_fd(), frame.index) {
                    names.insert(frame.index, name);
                }
                let name = names.get(&frame.index);
                let link = name
                    .cloned()
                    .unwrap_or_else(|| format!("if{}", frame.index));
                let known = known.filter(|known| known.place.link == link);
                let place = match known {
                    Some(known) => known.place.clone(),
                    None => Arc::new(Place {
                        netns: netns.clone(),
                        link,
                        index: frame.index,
                        link_type: match frame.is_ethernet {
                            true => LinkType::Ethernet,
                            false => LinkType::Ip,
                        },
                    }),
                };
                places.insert(key, Known::new(place, *round));
            }
            if let Some(known) = places.get_mut(&key) {
                each(frame, known);
            }
        })
    }
}

impl Known {
    fn new(place: Arc<Place>, round: u64) -> Self {
        let scratch = Captured {
            at: Duration::ZERO,
            netns: Some(place.netns.to_string()),
            link: place.link.clone(),
            direction: None,
            link_type: place.link_type,
            length: 0,
            bytes: Vec::new(),
            comments: Vec::new(),
        };
        Known {
            place,
            scratch,
            round,
        }
    }
}

fn direction(frame: &Frame<'_>) -> Direction {
    match frame.outgoing {
        true => Direction::Out,
        false => Direction::In,
    }
}

/// What the thread and its owner share.
struct Shared {
    state: Mutex<State>,
    /// Something was answered, or it is over.
    answered: Condvar,
    /// Wakes the thread up.
    wake: EventFd,
    /// Wakes up whoever waits for a packet.
    news: EventFd,
}

#[derive(Default)]
struct State {
    packets: VecDeque<Sighting>,
    /// How many of them were read. Those make room for others first.
    read: usize,
    /// What they take in memory.
    cost: usize,
    counts: Counts,
    /// Sockets that are to be read too.
    arrivals: Vec<Source>,
    /// Namespaces whose sockets are to be let go of.
    departures: Vec<Arc<str>>,
    /// The number of the last question for all that there is, and of the last that was answered.
    asked: u64,
    done: u64,
    order: Order,
    is_over: bool,
    is_awaited: bool,
    fault: Option<io::Error>,
}

/// What the thread is to do.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
enum Order {
    #[default]
    GoOn,
    /// See to what has come up to now, and end.
    Stop,
    /// Nobody wants to know any more.
    Abandon,
}

impl Shared {
    /// A thread that panicked has left nothing half done that anybody would trip over.
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn wake(&self) {
        let _ = self.wake.write(1);
    }
}

impl State {
    /// Makes room for a packet, and takes it; false if there is none.
    fn keep(&mut self, sighting: Sighting) -> bool {
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
        let mut reader = Reader {
            shared: shared.clone(),
            sources,
            deadline: terms.time.and_then(|time| Instant::now().checked_add(time)),
            left: terms.count,
            most: terms.snaplen.map_or(usize::MAX, |most| most as usize),
            sink: terms.sink,
            counts: Counts::default(),
            gone: Counts::default(),
        };
        let work = move || {
            // Ctrl-C is for the thread that runs the script.
            let _ = SigSet::all().thread_block();
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

/// The thread's side.
struct Reader {
    shared: Arc<Shared>,
    sources: Vec<Source>,
    deadline: Option<Instant>,
    /// How many packets more are wanted.
    left: Option<u64>,
    most: usize,
    sink: Option<Box<dyn Sink>>,
    counts: Counts,
    /// What the kernel has counted for sockets that are gone.
    gone: Counts,
}

impl Reader {
    /// Reads until the end.
    fn work(&mut self) -> io::Result<()> {
        loop {
            let (order, asked, departures) = {
                let mut state = self.shared.state();
                self.sources.append(&mut state.arrivals);
                let departures = std::mem::take(&mut state.departures);
                (state.order, state.asked, departures)
            };
            if order == Order::Abandon {
                return Ok(());
            }
            let is_late = self.deadline.is_some_and(|end| Instant::now() >= end);
            let is_last = order == Order::Stop || is_late || self.left == Some(0);
            let is_asked = self.shared.state().done < asked;
            if is_last || is_asked || !departures.is_empty() {
                self.catch_up()?;
                self.let_go(&departures)?;
            }
            // Whoever asked is to see that it is over.
            if is_last || self.left == Some(0) {
                return Ok(());
            }
            if is_asked {
                let mut state = self.shared.state();
                state.done = asked;
                state.counts = self.counts;
                self.shared.answered.notify_all();
            }
            self.wait()?;
            self.read_all()?;
        }
    }

    /// Waits for a block, an order, or the end of the time.
    fn wait(&self) -> io::Result<()> {
        let left = self.deadline.map_or(SELDOM, |end| {
            end.saturating_duration_since(Instant::now()).min(SELDOM)
        });
        let mut watched: Vec<BorrowedFd<'_>> = vec![self.shared.wake.as_fd()];
        watched.extend(self.sources.iter().map(|source| source.socket.as_fd()));
        ready(&watched, left)?;
        let _ = self.shared.wake.read();
        Ok(())
    }

    /// Sees all that the kernel has counted up to now.
    fn catch_up(&mut self) -> io::Result<()> {
        let (mut received, mut dropped) = (self.gone.received, self.gone.dropped);
        for source in &mut self.sources {
            let counts = source.socket.counts().map_err(told)?;
            received += counts.received;
            dropped += counts.dropped;
        }
        (self.counts.received, self.counts.dropped) = (received, dropped);
        let start = Instant::now();
        self.read_all()?;
        let is_behind = |source: &Source| source.socket.is_behind();
        while self.left != Some(0) && self.sources.iter().any(is_behind) {
            if start.elapsed() > PATIENCE {
                break;
            }
            thread::sleep(PAUSE);
            self.read_all()?;
        }
        Ok(())
    }

    fn let_go(&mut self, departures: &[Arc<str>]) -> io::Result<()> {
        let leaves = |source: &mut Source| departures.contains(&source.netns);
        let mut gone: Vec<Source> = self.sources.extract_if(.., leaves).collect();
        for source in &mut gone {
            let counts = source.socket.counts().map_err(told)?;
            self.gone.received += counts.received;
            self.gone.dropped += counts.dropped;
        }
        if !gone.is_empty() {
            // The others' rings go on filling; where there is no thread to be had they have to wait.
            let _ = thread::Builder::new().spawn(move || close(gone));
        }
        Ok(())
    }

    fn read_all(&mut self) -> io::Result<()> {
        let mut batch = Vec::new();
        let mut fault = None;
        let Reader {
            sources,
            left,
            most,
            sink,
            counts,
            ..
        } = self;
        for source in sources {
            source.read(|frame, known| {
                if *left == Some(0) || fault.is_some() {
                    return;
                }
                if let Some(left) = left {
                    *left -= 1;
                }
                let Some(sink) = sink else {
                    batch.push(Sighting {
                        at: frame.at,
                        place: known.place.clone(),
                        direction: direction(frame),
                        is_checksum_open: frame.is_checksum_open,
                        length: frame.length(),
                        bytes: frame.bytes(*most).as_ref().into(),
                    });
                    return;
                };
                let packet = &mut known.scratch;
                packet.at = frame.at;
                packet.direction = Some(direction(frame));
                packet.length = frame.length();
                packet.bytes.clear();
                packet.bytes.extend_from_slice(&frame.bytes(*most));
                match sink.write(packet) {
                    Ok(()) => counts.captured += 1,
                    Err(error) => fault = Some(error),
                }
            });
        }
        self.keep(batch);
        fault.map_or(Ok(()), Err)
    }

    fn keep(&mut self, batch: Vec<Sighting>) {
        if batch.is_empty() {
            return;
        }
        let mut state = self.shared.state();
        for sighting in batch {
            match state.keep(sighting) {
                true => self.counts.captured += 1,
                false => self.counts.overflowed += 1,
            }
        }
        if state.is_awaited {
            let _ = self.shared.news.write(1);
        }
    }

    /// Says that it is over, and then lets go of everything.
    fn end(mut self, read: io::Result<()>) {
        // A file is whole before anybody hears of it.
        let finished = match self.sink.take() {
            Some(mut sink) => sink.finish(&self.counts),
            None => Ok(()),
        };
        {
            let mut state = self.shared.state();
            self.sources.append(&mut state.arrivals);
            state.counts = self.counts;
            state.fault = read.and(finished).err();
            state.is_over = true;
        }
        self.shared.answered.notify_all();
        let _ = self.shared.news.write(1);
        close(self.sources);
    }
}

/// Closes sockets, many at a time: the kernel waits for all processors at each.
fn close(mut sources: Vec<Source>) {
    while sources.len() > 1 {
        let rest = sources.split_off(sources.len().min(CLOSERS));
        thread::scope(|scope| {
            for source in sources.drain(..) {
                // Where there is no thread to be had it is dropped here.
                let _ = thread::Builder::new().spawn_scoped(scope, move || drop(source));
            }
        });
        sources = rest;
    }
}

fn told(error: crate::kernel::error::Error) -> io::Error {
    error.errno().map_or_else(
        || io::Error::other(error.to_string()),
        |errno| io::Error::from_raw_os_error(errno as i32),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

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
