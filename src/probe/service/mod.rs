//! Small servers that answer by themselves, each in a thread of its own: echo over TCP and UDP, and HTTP with pages that are given.
//!
//! The sockets are made by whoever starts it, in the namespace that is meant; the thread only answers. A script that goes on, sleeps
//! or waits for something else does not matter to it.
//!
//! | file | what it is |
//! |---|---|
//! | `work` | the thread's loop over all its sockets |
//! | [`answer`] | what is answered to what came |

pub mod answer;
mod work;

use std::collections::VecDeque;
use std::io;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread::{self, JoinHandle};

use nix::sys::eventfd::{EfdFlags, EventFd};
use nix::sys::signal::SigSet;
use socket2::Socket;

use answer::Answerer;
use work::Work;

/// How many requests are kept, the last ones; all are counted.
pub const KEPT: usize = 1000;

/// What somebody asked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Request {
    /// `tcp` or `udp`.
    pub transport: &'static str,
    /// Who asked.
    pub from: SocketAddr,
    /// How many bytes of payload came from there.
    pub bytes: u64,
    /// Of HTTP: what was asked, and what was answered.
    pub http: Option<Asked>,
}

/// A request of HTTP.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Asked {
    /// `GET`.
    pub method: String,
    /// The path, with the query.
    pub target: String,
    /// The status of the answer.
    pub status: u16,
}

/// What the thread has seen.
#[derive(Debug, Default)]
pub struct Seen {
    count: u64,
    requests: VecDeque<Request>,
}

impl Seen {
    /// Notes a request; its number is for [`Seen::more`].
    fn note(&mut self, request: Request) -> u64 {
        if self.requests.len() == KEPT {
            self.requests.pop_front();
        }
        self.requests.push_back(request);
        self.count += 1;
        self.count
    }

    /// More bytes came that belong to the request with this number.
    fn more(&mut self, number: u64, bytes: u64) {
        let from_end = usize::try_from(self.count.saturating_sub(number)).unwrap_or(usize::MAX);
        let place = self.requests.len().checked_sub(from_end.saturating_add(1));
        if let Some(request) = place.and_then(|place| self.requests.get_mut(place)) {
            request.bytes += bytes;
        }
    }
}

/// What the thread and its owner share.
struct Shared {
    seen: Mutex<Seen>,
    /// Ends the thread.
    stop: EventFd,
}

impl Shared {
    fn seen(&self) -> MutexGuard<'_, Seen> {
        self.seen.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A server at work. It ends with this value.
pub struct Service {
    shared: Arc<Shared>,
    thread: Option<JoinHandle<()>>,
}

impl Service {
    /// Begins to answer at these sockets: one where connections arrive, one for datagrams.
    pub fn start(
        listener: Option<Socket>,
        datagrams: Option<Socket>,
        answerer: Answerer,
    ) -> io::Result<Self> {
        let shared = Arc::new(Shared {
            seen: Mutex::default(),
            stop: EventFd::from_flags(EfdFlags::EFD_CLOEXEC | EfdFlags::EFD_NONBLOCK)?,
        });
        let mut work = Work::new(shared.clone(), listener, datagrams, answerer)?;
        let body = move || {
            // Ctrl-C is for the thread that runs the script.
            let _ = SigSet::all().thread_block();
            work.run();
        };
        let thread = thread::Builder::new().name("service".into()).spawn(body)?;
        Ok(Service {
            shared,
            thread: Some(thread),
        })
    }

    /// How many requests have come so far.
    pub fn count(&self) -> u64 {
        self.shared.seen().count
    }

    /// The last of them.
    pub fn requests(&self) -> Vec<Request> {
        self.shared.seen().requests.iter().cloned().collect()
    }
}

impl Drop for Service {
    fn drop(&mut self) {
        let _ = self.shared.stop.write(1);
        // When it has ended, its port is free.
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn request() -> Request {
        Request {
            transport: "tcp",
            from: "10.0.0.1:4000".parse().expect("an address"),
            bytes: 1,
            http: None,
        }
    }

    #[test]
    fn the_last_requests_are_kept_and_all_counted() {
        let mut seen = Seen::default();
        let first = seen.note(request());
        seen.more(first, 4);
        assert_eq!(seen.requests[0].bytes, 5);
        for _ in 0..KEPT {
            seen.note(request());
        }
        assert_eq!((seen.count, seen.requests.len()), (1001, KEPT));
        // It is forgotten by now, and nobody else gets its bytes.
        seen.more(first, 4);
        assert!(seen.requests.iter().all(|request| request.bytes == 1));
        seen.more(1001, 1);
        assert_eq!(seen.requests[KEPT - 1].bytes, 2);
    }
}
