//! The thread of a server: one epoll(7) over the listener, the datagrams, all connections, and the sign to stop. Nothing blocks, and a
//! connection that takes nothing in is not read from either.

use std::collections::BTreeMap;
use std::io::{self, ErrorKind, Read};
use std::net::SocketAddr;
use std::os::fd::AsFd;
use std::sync::Arc;
use std::thread;
use std::time::Duration;

use nix::errno::Errno;
use nix::libc;
use nix::sys::epoll::{Epoll, EpollCreateFlags, EpollEvent, EpollFlags, EpollTimeout};
use socket2::Socket;

use super::answer::Answerer;
use super::{Request, Shared};
use crate::probe::datagrams;
use crate::probe::tcp;

/// How many connections may be open at once. More wait in the kernel.
const MOST: usize = 512;

/// How much is read at a time.
const PIECE: usize = 64 << 10;

/// How many datagrams are answered before it is the turn of others.
const TURN: usize = 64;

const STOP: u64 = 0;
const LISTENER: u64 = 1;
const DATAGRAMS: u64 = 2;
const FIRST: u64 = 3;

/// What the thread works with.
pub(super) struct Work {
    shared: Arc<Shared>,
    answerer: Answerer,
    epoll: Epoll,
    listener: Option<Socket>,
    datagrams: Option<Socket>,
    connections: BTreeMap<u64, Connection>,
    next: u64,
    buffer: Vec<u8>,
    /// Connections are not taken for now.
    full: bool,
}

struct Connection {
    socket: Socket,
    from: SocketAddr,
    at: SocketAddr,
    /// What came and has no answer yet.
    heard: Vec<u8>,
    /// What is to be sent, and how much of it was.
    answer: Vec<u8>,
    sent: usize,
    /// It ends when all is sent.
    closes: bool,
    /// The number of its request, where all of it is one.
    number: Option<u64>,
}

impl Work {
    pub fn new(
        shared: Arc<Shared>,
        listener: Option<Socket>,
        datagrams: Option<Socket>,
        answerer: Answerer,
    ) -> io::Result<Self> {
        let epoll = Epoll::new(EpollCreateFlags::EPOLL_CLOEXEC)?;
        let readable = |token| EpollEvent::new(EpollFlags::EPOLLIN, token);
        epoll.add(shared.stop.as_fd(), readable(STOP))?;
        if let Some(listener) = &listener {
            epoll.add(listener, readable(LISTENER))?;
        }
        if let Some(datagrams) = &datagrams {
            epoll.add(datagrams, readable(DATAGRAMS))?;
        }
        Ok(Work {
            shared,
            answerer,
            epoll,
            listener,
            datagrams,
            connections: BTreeMap::new(),
            next: FIRST,
            buffer: vec![0; PIECE],
            full: false,
        })
    }

    /// Answers until it is told to stop.
    pub fn run(&mut self) {
        loop {
            let mut events = [EpollEvent::empty(); 64];
            let count = match self.epoll.wait(&mut events, EpollTimeout::NONE) {
                Ok(count) => count,
                Err(Errno::EINTR) => continue,
                Err(_) => return,
            };
            for event in events.iter().take(count) {
                match event.data() {
                    STOP => return,
                    LISTENER => self.accept(),
                    DATAGRAMS => self.datagram(),
                    token => self.turn(token),
                }
            }
        }
    }

    fn accept(&mut self) {
        let Some(listener) = &self.listener else {
            return;
        };
        while self.connections.len() < MOST {
            let socket = match listener.accept() {
                Ok((socket, _)) => socket,
                Err(error) => match error.raw_os_error() {
                    // Somebody has to close one first, perhaps in another part of netsh.
                    Some(libc::EMFILE | libc::ENFILE | libc::ENOMEM | libc::ENOBUFS) => {
                        thread::sleep(Duration::from_millis(10));
                        return;
                    }
                    _ => return,
                },
            };
            let ends = socket
                .set_nonblocking(true)
                .and_then(|()| tcp::ends(&socket));
            // It is gone already.
            let Ok((at, from)) = ends else {
                continue;
            };
            let event = EpollEvent::new(EpollFlags::EPOLLIN, self.next);
            if self.epoll.add(&socket, event).is_err() {
                continue;
            }
            let connection = Connection {
                socket,
                from: canonical(from),
                at: canonical(at),
                heard: Vec::new(),
                answer: Vec::new(),
                sent: 0,
                closes: false,
                number: None,
            };
            self.connections.insert(self.next, connection);
            self.next += 1;
        }
        self.full = true;
        self.listen_for(EpollFlags::empty());
    }

    fn listen_for(&self, events: EpollFlags) {
        if let Some(listener) = &self.listener {
            let mut event = EpollEvent::new(events, LISTENER);
            let _ = self.epoll.modify(listener, &mut event);
        }
    }

    /// Does what there is to do on a connection, which ends if it fails.
    fn turn(&mut self, token: u64) {
        let Some(connection) = self.connections.get_mut(&token) else {
            return;
        };
        let stays = connection.turn(&mut self.buffer, &self.answerer, &self.shared);
        let events = match connection.is_sending() {
            true => EpollFlags::EPOLLOUT,
            false => EpollFlags::EPOLLIN,
        };
        let mut event = EpollEvent::new(events, token);
        let stays =
            stays.unwrap_or(false) && self.epoll.modify(&connection.socket, &mut event).is_ok();
        if !stays {
            self.connections.remove(&token);
            if std::mem::take(&mut self.full) {
                self.listen_for(EpollFlags::EPOLLIN);
            }
        }
    }

    fn datagram(&mut self) {
        let Some(socket) = &self.datagrams else {
            return;
        };
        for _ in 0..TURN {
            let datagram = match datagrams::receive(socket, &mut self.buffer) {
                Ok(datagram) => datagram,
                Err(error) if error.kind() == ErrorKind::WouldBlock => return,
                // An error about an earlier answer.
                Err(_) => continue,
            };
            let from = canonical(datagram.from);
            self.shared.seen().note(Request {
                transport: "udp",
                from,
                bytes: datagram.bytes.len() as u64,
                http: None,
            });
            let bytes = match datagram.bytes.is_empty() {
                true => Some(Vec::new()),
                false => {
                    let answer = self.answerer.answer(&datagram.bytes, from, from);
                    answer.map(|answer| answer.bytes)
                }
            };
            if let Some(bytes) = bytes {
                // What can't be sent is lost, as datagrams are.
                let _ = datagrams::reply(socket, &datagram, &bytes);
            }
        }
    }
}

impl Connection {
    fn is_sending(&self) -> bool {
        self.sent < self.answer.len()
    }

    /// Sends, or reads and answers. Whether the connection stays.
    fn turn(
        &mut self,
        buffer: &mut [u8],
        answerer: &Answerer,
        shared: &Shared,
    ) -> io::Result<bool> {
        if self.is_sending() {
            self.send()?;
        } else {
            match (&self.socket).read(buffer) {
                Ok(0) => return Ok(false),
                Ok(length) => {
                    let bytes = buffer.get(..length).unwrap_or_default();
                    self.heard.extend_from_slice(bytes);
                }
                Err(error) if is_passing(&error) => return Ok(true),
                Err(error) => return Err(error),
            }
        }
        // One after another: many small requests can have large answers.
        while !self.is_sending() && !self.closes && self.answer_next(answerer, shared) {
            self.send()?;
        }
        Ok(self.is_sending() || !self.closes)
    }

    /// Answers the next request; false if it is not complete.
    fn answer_next(&mut self, answerer: &Answerer, shared: &Shared) -> bool {
        let Some(answer) = answerer.answer(&self.heard, self.from, self.at) else {
            return false;
        };
        let bytes = answer.taken as u64;
        // Before it is sent: whoever has the answer finds it counted.
        match (answer.asked, self.number) {
            (None, Some(number)) => shared.seen().more(number, bytes),
            (http, _) => {
                let goes_on = http.is_none();
                let number = shared.seen().note(Request {
                    transport: "tcp",
                    from: self.from,
                    bytes,
                    http,
                });
                self.number = goes_on.then_some(number);
            }
        }
        self.heard.drain(..answer.taken.min(self.heard.len()));
        self.answer.extend_from_slice(&answer.bytes);
        self.closes = answer.closes;
        true
    }

    fn send(&mut self) -> io::Result<()> {
        while let Some(rest) = self.answer.get(self.sent..).filter(|rest| !rest.is_empty()) {
            match self.socket.send_with_flags(rest, libc::MSG_NOSIGNAL) {
                Ok(length) => self.sent += length,
                Err(error) if is_passing(&error) => return Ok(()),
                Err(error) => return Err(error),
            }
        }
        self.answer.clear();
        self.sent = 0;
        Ok(())
    }
}

fn is_passing(error: &io::Error) -> bool {
    matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::Interrupted)
}

/// An IPv4 address that a socket of IPv6 gives, as what it is.
fn canonical(end: SocketAddr) -> SocketAddr {
    SocketAddr::new(end.ip().to_canonical(), end.port())
}
