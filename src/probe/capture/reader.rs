//! The thread of a capture: takes packets out of the rings, and answers when it has seen all that there was.

use std::io;
use std::os::fd::{AsFd, BorrowedFd};
use std::sync::Arc;
use std::thread;
use std::time::{Duration, Instant};

use super::session::{Order, Shared};
use super::source::direction;
use super::{Counts, Sighting, Sink, Source, Terms};
use crate::kernel::wait::ready;

/// How long the kernel may take to hand over a block.
pub(super) const PATIENCE: Duration = Duration::from_millis(250);

/// Between two looks at the ring while it does.
const PAUSE: Duration = Duration::from_micros(500);

/// The thread is woken up by whoever wants something of it.
const SELDOM: Duration = Duration::from_secs(3600);

/// How many sockets are closed at the same time.
const CLOSERS: usize = 16;

/// The thread's side.
pub(super) struct Reader {
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
    /// What reads these sockets on these terms.
    pub fn new(shared: Arc<Shared>, sources: Vec<Source>, terms: Terms) -> Self {
        Reader {
            shared,
            sources,
            deadline: terms.time.and_then(|time| Instant::now().checked_add(time)),
            left: terms.count,
            most: terms.snaplen.map_or(usize::MAX, |most| most as usize),
            sink: terms.sink,
            counts: Counts::default(),
            gone: Counts::default(),
        }
    }

    /// Reads until the end.
    pub fn work(&mut self) -> io::Result<()> {
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
            // Who ends without a word, as after SIGKILL, is to leave a file with all packets.
            if let Some(sink) = &mut self.sink {
                sink.flush()?;
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
            let counts = source.socket.counts()?;
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
            let counts = source.socket.counts()?;
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
    pub fn end(mut self, read: io::Result<()>) {
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
