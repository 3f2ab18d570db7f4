//! Captures: packets of a namespace of the lab, or of all of them.
//!
//! A socket keeps its namespace alive. So when a namespace is deleted, its sockets are let go of (`Lab::forget_packets`): what
//! is observed goes on as if nobody looked.

use std::fs::File;
use std::io::{self, BufWriter};
use std::path::PathBuf;
use std::rc::{Rc, Weak};
use std::thread;
use std::time::Duration;

use nix::errno::Errno;

use crate::kernel::change::Change;
use crate::kernel::error::{Error, Result};
use crate::kernel::link;
use crate::kernel::packet_socket::program::Program;
use crate::kernel::packet_socket::{self, Opened, PacketSocket, Size};
use crate::kernel::wait::Waiter;
use crate::packet::capture_file::{Counted, Writer};
use crate::packet::captured::Captured;
use crate::packet::filter::Instruction;
use crate::probe::capture::{Counts, Session, Sighting, Sink, Source, Terms};

use super::Lab;
use super::explain::ask;
use super::failure::{Failure, Outcome};
use super::interrupt;
use super::netns::Netns;

/// The ring of a capture into memory. Its packets are seen soon. Of packets that trickle each block takes in no more than come in
/// its patience: so all blocks together say for how long the thread may be kept from the processor.
const TO_MEMORY: Size = Size {
    block: 128 << 10,
    blocks: 64,
    patience: Duration::from_millis(3),
};

/// That of a capture into a file. The disk may have other things to do for a while.
const TO_FILE: Size = Size {
    block: 256 << 10,
    blocks: 64,
    patience: Duration::from_millis(5),
};

/// That of each namespace, where all are watched: there may be many. What is longer than a block (a packet of TCP that the link is to
/// take apart) is cut.
const EVERYWHERE: Size = Size {
    block: 16 << 10,
    blocks: 256,
    patience: Duration::from_millis(3),
};

/// The same where there are so many namespaces that the memory would be missed.
const OF_MANY: Size = Size {
    blocks: 64,
    ..EVERYWHERE
};

/// How many namespaces are not many.
const FEW: usize = 16;

/// How many sockets get their ring at the same time.
const OPENERS: usize = 16;

/// What to capture.
#[derive(Default)]
pub struct Wanted {
    /// The namespace.
    pub netns: Option<Rc<Netns>>,
    /// Its links; all of them if none is named.
    pub links: Vec<String>,
    /// Which packets: the program of a filter.
    pub filter: Option<Vec<Instruction>>,
    /// So many bytes of each.
    pub snaplen: Option<u32>,
    /// Whether the links take in what is not for them; if nothing is said, those that were named.
    pub promisc: Option<bool>,
    /// End after so many packets.
    pub count: Option<u64>,
    /// End after this time.
    pub time: Option<Duration>,
    /// Where the packets go, if not into memory.
    pub file: Option<ToFile>,
}

/// A capture file that is to be written.
pub struct ToFile {
    /// Its name.
    pub path: PathBuf,
    /// The file, which has begun.
    pub writer: Writer<BufWriter<File>>,
}

/// A capture in the hands of a script. It ends with this value.
pub struct Capture {
    session: Rc<Session>,
    /// What is captured: a link, several, or all.
    what: String,
    netns: Rc<Netns>,
    file: Option<PathBuf>,
}

/// What was seen of all namespaces.
#[derive(Debug, Default)]
pub struct Everywhere {
    /// The packets, in the order of the kernel's times.
    pub packets: Vec<Captured>,
    /// How many more there were: they came faster than they could be taken down, or did not fit into memory.
    pub lost: u64,
}

/// What the thread writes into.
struct Into {
    writer: Option<Writer<BufWriter<File>>>,
    /// The namespace and the link, if there is but one: the kernel counts for a socket, and the file has numbers for a link.
    link: Option<(String, String)>,
}

impl Sink for Into {
    fn write(&mut self, packet: &Captured) -> io::Result<()> {
        match &mut self.writer {
            Some(writer) => writer.packet(packet),
            None => Ok(()),
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        self.writer.as_mut().map_or(Ok(()), Writer::flush)
    }

    fn finish(&mut self, counts: &Counts) -> io::Result<()> {
        let Some(mut writer) = self.writer.take() else {
            return Ok(());
        };
        if let Some((netns, link)) = self.link.take() {
            writer.counted(&Counted {
                netns: Some(netns),
                link,
                received: Some(counts.received),
                dropped: Some(counts.dropped),
            })?;
        }
        writer.finish().map(drop)
    }
}

/// The captures that are going on.
#[derive(Default)]
pub(super) struct Captures(Vec<Going>);

struct Going {
    session: Weak<Session>,
    /// Whether namespaces that appear are watched too.
    is_everywhere: bool,
}

impl Lab {
    /// Begins to capture.
    pub fn capture(&self, wanted: Wanted) -> Outcome<Capture> {
        let netns = wanted.netns.unwrap_or_else(|| self.current());
        let what = match wanted.links.as_slice() {
            [] => "all links".into(),
            links => links.join(", "),
        };
        let words = format!("capture packets of {what}");
        let refused = |error: &Error| {
            let failure = self.explain_in(&netns, &words, error, |refusal| {
                packet_socket::refusal(refusal.errno)
            });
            match error {
                Error::NoSuchLink(_) => failure.blame("link"),
                _ => failure,
            }
        };
        let open = || -> Result<Source> {
            let namespace = netns.namespace()?;
            let route = namespace.route()?;
            let indexes = wanted.links.iter().map(|name| route.index_of(name));
            let indexes: Vec<u32> = indexes.collect::<Result<_>>()?;
            let names = link::list_bare(&namespace)?;
            let promiscuous: Vec<u32> = match wanted.promisc {
                Some(false) => Vec::new(),
                Some(true) if indexes.is_empty() => names.iter().map(|link| link.index).collect(),
                _ => indexes.clone(),
            };
            let socket = packet_socket::Wanted {
                program: Program {
                    links: &indexes,
                    filter: wanted.filter.as_deref(),
                    snaplen: wanted.snaplen,
                },
                promiscuous: &promiscuous,
                size: match wanted.file {
                    Some(_) => TO_FILE,
                    None => TO_MEMORY,
                },
            };
            let socket = PacketSocket::open(&namespace, &socket)?;
            let names = names.into_iter().map(|link| (link.index, link.name));
            Source::new(socket, netns.name(), names)
        };
        // What can't send yet would be seen to drop its first packets.
        self.settle();
        let source = open().map_err(|error| refused(&error))?;
        let file = wanted.file.as_ref().map(|file| file.path.clone());
        let sink = wanted.file.map(|file| Into {
            writer: Some(file.writer),
            link: match wanted.links.as_slice() {
                [link] => Some((netns.name().into(), link.clone())),
                _ => None,
            },
        });
        let terms = Terms {
            count: wanted.count,
            time: wanted.time,
            snaplen: wanted.snaplen,
            sink: sink.map(|sink| Box::new(sink) as Box<dyn Sink>),
        };
        let session = Session::start(vec![source], terms).map_err(|error| refused(&error))?;
        let session = Rc::new(session);
        self.captures.borrow_mut().add(&session, false);
        Ok(Capture {
            session,
            what,
            netns: netns.clone(),
            file,
        })
    }

    /// Captures for as long as `work` runs.
    pub fn capture_during<T>(
        &self,
        wanted: Wanted,
        work: impl FnOnce() -> T,
    ) -> Outcome<(T, Vec<Sighting>)> {
        let capture = self.capture(wanted)?;
        let value = work();
        self.capture_stop(&capture)?;
        Ok((value, capture.session.take_packets()))
    }

    /// Captures on all links of all namespaces of the lab for as long as `work` runs, in those too that are made meanwhile.
    pub fn capture_everywhere<T>(&self, work: impl FnOnce() -> T) -> Outcome<(T, Everywhere)> {
        let words = "capture packets in all namespaces";
        self.settle();
        let session = ask(self, words, || {
            for name in self.netns_names()? {
                // A name without a namespace behind it is left over from a crash.
                drop(self.netns(&name));
            }
            let sources = open_together(&self.open_netns())?;
            Ok(Rc::new(Session::start(sources, Terms::default())?))
        })?;
        self.captures.borrow_mut().add(&session, true);
        let value = work();
        session.stop(&|| interrupt::requested());
        let counts = session.counts();
        let mut sightings = session.take_packets();
        // Each namespace by itself has them in order; of the same time, the one first that was seen first.
        sightings.sort_by_key(|sighting| sighting.at);
        let packets = sightings.iter().map(Sighting::captured).collect();
        let lost = counts.dropped + counts.overflowed;
        Ok((value, Everywhere { packets, lost }))
    }

    /// Watches a namespace too that has just appeared, if all are watched.
    pub(super) fn watch_packets(&self, netns: &Rc<Netns>) {
        let watchers = self.captures.borrow().everywhere();
        for session in watchers {
            // It may be gone again, and nothing is to be seen there.
            if let Ok(sources) = open_together(std::slice::from_ref(netns)) {
                sources.into_iter().for_each(|source| session.add(source));
            }
        }
    }

    /// Lets go of a namespace that was deleted.
    pub(super) fn forget_packets(&self, netns: &str) {
        let sessions = self.captures.borrow().all();
        for session in sessions {
            session.remove(netns);
        }
    }

    /// Before a link loses its name: packets that passed it are told by the name that it has.
    pub(super) fn name_packets(&self, change: &Change) {
        let is_named = match change {
            Change::LinkDel(_) | Change::TuntapDel(_) => true,
            Change::LinkSet(set) => set.name.is_some() || set.netns.is_some(),
            _ => false,
        };
        if is_named {
            let sessions = self.captures.borrow().all();
            sessions.iter().for_each(|session| session.catch_up());
        }
    }

    /// The next packet that was not read yet; none if the time is over, the capture is, or the waiter wants no more.
    pub fn capture_read(
        &self,
        capture: &Capture,
        limit: Option<Duration>,
        waiter: &dyn Waiter,
    ) -> Outcome<Option<Sighting>> {
        in_memory(capture)?;
        let next = capture.session.next(limit, waiter);
        let next = next.map_err(|error| self.capture_failure(capture, &error.into()))?;
        match next {
            Some(packet) => Ok(Some(packet)),
            None => self.capture_fault(capture).map(|()| None),
        }
    }

    /// Ends a capture. All that has passed up to now is in it.
    pub fn capture_stop(&self, capture: &Capture) -> Outcome<Counts> {
        let was_over = capture.session.is_over();
        let stopped = || interrupt::requested() || self.screen().is_closed();
        capture.session.stop(&stopped);
        self.capture_fault(capture)?;
        let counts = capture.session.counts();
        if !was_over && let Some(words) = missing(capture, &counts) {
            self.screen().note(&words);
        }
        Ok(counts)
    }

    /// The packets that are in memory, with all that has passed up to now.
    pub fn capture_packets(&self, capture: &Capture) -> Outcome<Vec<Sighting>> {
        in_memory(capture)?;
        capture.session.catch_up();
        self.capture_fault(capture)?;
        Ok(capture.session.packets())
    }

    /// How many packets there were up to now.
    pub fn capture_counts(&self, capture: &Capture) -> Outcome<Counts> {
        capture.session.catch_up();
        self.capture_fault(capture)?;
        Ok(capture.session.counts())
    }

    fn capture_fault(&self, capture: &Capture) -> Outcome<()> {
        match capture.session.take_fault() {
            None => Ok(()),
            Some(error) => Err(self.capture_failure(capture, &error.into())),
        }
    }

    fn capture_failure(&self, capture: &Capture, error: &Error) -> Box<Failure> {
        let words = match &capture.file {
            Some(file) => format!("write packets to {}", file.display()),
            None => format!("capture packets of {}", capture.what),
        };
        self.explain_in(&capture.netns, &words, error, |_| None)
    }
}

impl Capture {
    /// Whether it has ended.
    pub fn is_over(&self) -> bool {
        self.session.is_over()
    }

    /// What is captured: a link, several, or all.
    pub fn what(&self) -> &str {
        &self.what
    }

    /// The namespace that it is in.
    pub fn netns(&self) -> &str {
        self.netns.name()
    }

    /// The file that the packets go to.
    pub fn file(&self) -> Option<&PathBuf> {
        self.file.as_ref()
    }
}

impl Captures {
    fn add(&mut self, session: &Rc<Session>, is_everywhere: bool) {
        self.0.retain(|going| going.session.strong_count() > 0);
        self.0.push(Going {
            session: Rc::downgrade(session),
            is_everywhere,
        });
    }

    fn all(&self) -> Vec<Rc<Session>> {
        let going = self.0.iter();
        going.filter_map(|going| going.session.upgrade()).collect()
    }

    fn everywhere(&self) -> Vec<Rc<Session>> {
        let everywhere = self.0.iter().filter(|going| going.is_everywhere);
        everywhere.filter_map(|it| it.session.upgrade()).collect()
    }
}

/// A socket in each of these namespaces, for all packets of all links.
fn open_together(namespaces: &[Rc<Netns>]) -> Result<Vec<Source>> {
    let wanted = packet_socket::Wanted {
        program: Program::default(),
        promiscuous: &[],
        size: match namespaces.len() > FEW {
            true => OF_MANY,
            false => EVERYWHERE,
        },
    };
    let mut sources = Vec::with_capacity(namespaces.len());
    for some in namespaces.chunks(OPENERS) {
        let opened = some.iter().filter_map(|netns| {
            let namespace = netns.namespace().ok()?;
            let links = link::list_bare(&namespace).ok()?.into_iter();
            let names: Vec<_> = links.map(|link| (link.index, link.name)).collect();
            Some(Opened::open(&namespace, &wanted).map(|socket| (netns.name(), names, socket)))
        });
        let opened = opened.collect::<Result<Vec<_>>>()?;
        // The kernel waits for all processors at each ring, and can do so for many at once.
        let begun: Vec<Result<Source>> = thread::scope(|scope| {
            let begin = |(netns, names, socket): (_, Vec<(u32, String)>, Opened)| {
                let begin = move || Source::new(socket.begin()?, netns, names);
                thread::Builder::new().spawn_scoped(scope, begin)
            };
            let threads: Vec<_> = opened.into_iter().map(begin).collect();
            let broken = |_| Err(Error::from_errno(Errno::EAGAIN));
            let threads = threads.into_iter();
            threads
                .map(|thread| thread?.join().unwrap_or_else(broken))
                .collect()
        });
        sources.extend(begun.into_iter().collect::<Result<Vec<_>>>()?);
    }
    Ok(sources)
}

/// What is missing in a capture, in words, if anything is.
fn missing(capture: &Capture, counts: &Counts) -> Option<String> {
    let mut words = Vec::new();
    if counts.dropped > 0 {
        words.push(format!(
            "{} packets came faster than they could be taken down",
            counts.dropped
        ));
    }
    if counts.overflowed > 0 {
        words.push(format!(
            "{} packets had no room in memory (the options filter and snaplen save some, file needs none)",
            counts.overflowed
        ));
    }
    let what = capture.what();
    (!words.is_empty()).then(|| format!("capture of {what}: {}", words.join("; ")))
}
/// Refuses to give packets that went into a file.
fn in_memory(capture: &Capture) -> Outcome<()> {
    let Some(file) = &capture.file else {
        return Ok(());
    };
    let file = file.display();
    let words = format!("this capture keeps nothing in memory: its packets are in {file}");
    let hint = format!("stop() ends it, and then pcap_read(\"{file}\") gives them");
    Err(Failure::new(words).hint(hint))
}
