//! Listening: what the kernel tells whoever wants to hear it, as it happens (multicast groups, netlink(7)).
//!
//! A notification lies in the socket's queue before the call that caused it is back, so that nothing has to be waited for:
//! what lies there at the end is all there is. But the queue has an end, and what does not fit is dropped; so while a script
//! is at work a thread of its own takes the notifications out ([`Background`]), and where some were lost all the same, that is
//! told in their place ([`Heard::Lost`]).
//!
//! One socket can hear all namespaces to which its own has given an id (NETLINK_LISTEN_ALL_NSID, nsid in `kernel`): then one
//! queue holds them all in the order in which they happened. Between several sockets there is no such order; they are read in
//! turn.
#![allow(unsafe_code)]

use std::future::poll_fn;
use std::io::{self, IoSliceMut};
use std::os::fd::{AsFd, AsRawFd, BorrowedFd};
use std::os::unix::net::UnixStream;
use std::pin::pin;
use std::task::Poll;
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use netlink_sys::SocketAddr;
use nix::cmsg_space;
use nix::errno::Errno;
use nix::libc::{self, NETLINK_LISTEN_ALL_NSID, SOL_NETLINK};
use nix::sys::signal::SigSet;
use nix::sys::socket::{ControlMessageOwned, MsgFlags, NetlinkAddr, recvmsg, setsockopt, sockopt};
use tokio::io::Interest;
use tokio::io::unix::AsyncFd;
use tokio::runtime::{Builder, Runtime};

use super::message::{self, Answer, Message};
use super::tap::{self, Direction};
use crate::kernel::error::{Error, Result};

/// How many bytes of notifications may wait to be read, where the kernel allows it (net.core.rmem_max).
const QUEUE: usize = 32 << 20;

/// The largest datagram that is read; a notification is about one object.
const LARGEST: usize = 256 << 10;

/// How many times all sockets are read after the end: more than a queue holds, whose datagrams take the kernel at least 512 bytes.
const LATE: usize = QUEUE / 512 / TURN;

/// How many bytes of notifications are kept while nobody takes them.
const MOST: usize = 256 << 20;

/// How many datagrams are read from a socket before the next one has its turn.
const TURN: usize = 64;

/// A socket that hears notifications. It belongs for ever to the namespace in which it was opened.
pub struct Listener {
    socket: netlink_sys::Socket,
    protocol: isize,
}

impl Listener {
    /// Listens to groups of this protocol (NETLINK_* of linux/netlink.h) in the namespace that the calling thread is in at
    /// this moment.
    pub fn open(protocol: isize, groups: &[u32]) -> Result<Self> {
        let mut socket = netlink_sys::Socket::new(protocol)?;
        // Beyond the limit only with privilege over the machine, which a sandbox has not.
        if setsockopt(&socket, sockopt::RcvBufForce, &QUEUE).is_err() {
            let _ = setsockopt(&socket, sockopt::RcvBuf, &QUEUE);
        }
        socket.bind(&SocketAddr::new(0, 0))?;
        for group in groups {
            socket.add_membership(*group)?;
        }
        Ok(Listener { socket, protocol })
    }

    /// From now on it also hears the namespaces to which its own gives ids. Needs CAP_NET_BROADCAST.
    pub fn hear_all(&self) -> Result<()> {
        Ok(self.socket.set_listen_all_namespaces(true)?)
    }

    /// Reads what lies there, up to so many datagrams. Returns whether there may be more.
    fn read(&self, number: usize, buffer: &mut [u8], take: &mut impl FnMut(Heard)) -> Result<bool> {
        for _ in 0..TURN {
            let mut parts = [IoSliceMut::new(buffer)];
            let mut control = cmsg_space!(i32);
            let flags = MsgFlags::MSG_DONTWAIT;
            let fd = self.socket.as_raw_fd();
            let received = recvmsg::<NetlinkAddr>(fd, &mut parts, Some(&mut control), flags);
            let received = match received {
                Ok(received) => received,
                Err(Errno::EAGAIN) => return Ok(false),
                Err(Errno::EINTR) => continue,
                Err(Errno::ENOBUFS) => {
                    take(Heard::Lost(Instant::now()));
                    continue;
                }
                Err(errno) => return Err(errno.into()),
            };
            // Others with privilege here can send to the groups too; only the kernel is listened to.
            if received.address.is_none_or(|from| from.pid() != 0) {
                continue;
            }
            let nsid = received.cmsgs().into_iter().flatten().find_map(nsid_of);
            let at = Instant::now();
            let length = received.bytes;
            let Some(mut rest) = buffer.get(..length) else {
                take(Heard::Lost(at));
                continue;
            };
            while let Some((_, answer)) = message::first(&mut rest) {
                take(Heard::Message(Notification {
                    at,
                    listener: number,
                    nsid,
                    protocol: self.protocol,
                    answer: answer.into_owned(),
                }));
            }
        }
        Ok(true)
    }
}

impl AsFd for Listener {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.socket.as_fd()
    }
}

/// The id of the namespace that a datagram is from; its own has none.
fn nsid_of(control: ControlMessageOwned) -> Option<i32> {
    let ControlMessageOwned::Unknown(unknown) = control else {
        return None;
    };
    let header = unknown.cmsg_header;
    let is_nsid = header.cmsg_level == SOL_NETLINK && header.cmsg_type == NETLINK_LISTEN_ALL_NSID;
    let bytes = unknown.data_bytes.first_chunk::<4>().filter(|_| is_nsid)?;
    Some(i32::from_ne_bytes(*bytes))
}

/// What a listener hears.
#[derive(Debug)]
pub enum Heard {
    /// A message of the kernel's.
    Message(Notification),
    /// At this time it was noticed that some were lost: they came faster than they were read.
    Lost(Instant),
}

impl Heard {
    /// How much memory it takes.
    fn cost(&self) -> usize {
        let bytes = match self {
            Heard::Message(told) => told.answer.bytes.len(),
            Heard::Lost(_) => 0,
        };
        size_of::<Self>() + bytes
    }
}

/// A message of the kernel's that nobody asked for.
#[derive(Debug)]
pub struct Notification {
    /// When it was read. The kernel does not tell when it was written.
    pub at: Instant,
    /// Which of the listeners heard it.
    pub listener: usize,
    /// The namespace that it is from, if that is not the listener's own.
    pub nsid: Option<i32>,
    /// Its netlink protocol.
    pub protocol: isize,
    /// What it says.
    pub answer: Answer<'static>,
}

impl Notification {
    /// Shows it to whoever wants to see the bytes that pass.
    pub fn show(&self) {
        let message = Message {
            kind: self.answer.kind,
            body: self.answer.bytes.to_vec(),
        };
        let mut bytes = Vec::new();
        message::write(
            &message,
            self.answer.flags,
            self.answer.sequence,
            &mut bytes,
        );
        tap::show(self.protocol, Direction::Received, &bytes);
    }
}

/// Until when to listen.
pub struct Until<'a> {
    /// The latest time.
    pub deadline: Option<Instant>,
    /// How often to look whether to go on, at least.
    pub glance: Duration,
    /// Whether to go on.
    pub goes_on: &'a dyn Fn() -> bool,
    /// The end comes when the other side of this is closed.
    pub closed: Option<UnixStream>,
}

/// Hands what the listeners hear to `take` until the end, and at the end what still lies there.
pub fn listen(listeners: &[Listener], until: Until, mut take: impl FnMut(Heard)) -> Result<()> {
    let runtime = Builder::new_current_thread()
        .enable_io()
        .enable_time()
        .build()?;
    let sockets = watched(&runtime, listeners.iter().map(AsFd::as_fd))?;
    let closed = watched(&runtime, until.closed.iter().map(AsFd::as_fd))?;
    let mut buffer = vec![0; LARGEST];
    let mut is_over = false;
    let mut late = 0;
    while !is_over {
        is_over = runtime.block_on(async {
            let left = until
                .deadline
                .map(|end| end.saturating_duration_since(Instant::now()));
            let pause = left.map_or(until.glance, |left| left.min(until.glance));
            wait(&sockets, &closed, pause).await
        })?;
        is_over |= !(until.goes_on)();
        is_over |= until.deadline.is_some_and(|end| Instant::now() >= end);
        let mut turns: Vec<usize> = (0..listeners.len()).collect();
        while !turns.is_empty() {
            let mut fault = Ok(());
            turns.retain(|number| {
                let read = listeners[*number].read(*number, &mut buffer, &mut take);
                read.unwrap_or_else(|error| {
                    fault = Err(error);
                    false
                })
            });
            fault?;
            // What is heard after the end has no end where somebody goes on and on; no queue had more in it at the end.
            late += usize::from(is_over);
            if late > LATE {
                break;
            }
            // What never ends must not keep anybody from ending it.
            if !(until.goes_on)() {
                break;
            }
        }
    }
    Ok(())
}

fn watched<'a>(
    runtime: &Runtime,
    sockets: impl Iterator<Item = BorrowedFd<'a>>,
) -> Result<Vec<AsyncFd<BorrowedFd<'a>>>> {
    let _context = runtime.enter();
    let watch = |socket| {
        // SAFETY: a BorrowedFd is of a descriptor that stays open for as long as the borrow lasts, and is always the same.
        let watched = unsafe { AsyncFd::register_with_interest(socket, Interest::READABLE) };
        Ok(watched.map_err(io::Error::from)?)
    };
    sockets.map(watch).collect()
}

/// Waits for something to read, for the end, or for this long. Whether it is the end.
async fn wait(
    sockets: &[AsyncFd<BorrowedFd<'_>>],
    closed: &[AsyncFd<BorrowedFd<'_>>],
    pause: Duration,
) -> Result<bool> {
    let mut timer = pin!(tokio::time::sleep(pause));
    poll_fn(|context| {
        for end in closed {
            if end.poll_read_ready(context).is_ready() {
                return Poll::Ready(Ok(true));
            }
        }
        let mut is_ready = false;
        for socket in sockets {
            // All that lies there is read before the next wait.
            if let Poll::Ready(ready) = socket.poll_read_ready(context) {
                ready?.clear_ready();
                is_ready = true;
            }
        }
        match is_ready || timer.as_mut().poll(context).is_ready() {
            true => Poll::Ready(Ok(false)),
            false => Poll::Pending,
        }
    })
    .await
}

/// Listeners that a thread of their own reads while the calling one does something else.
pub struct Background {
    end: Option<UnixStream>,
    thread: Option<JoinHandle<Result<Vec<Heard>>>>,
}

/// The thread looks to nothing but the end of its stream.
const SELDOM: Duration = Duration::from_secs(3600);

impl Background {
    /// Begins to read.
    pub fn start(listeners: Vec<Listener>) -> Result<Self> {
        let (end, closed) = UnixStream::pair()?;
        let read = move || {
            // Ctrl-C is for the thread that runs the script: it has to be woken up.
            let _ = SigSet::all().thread_block();
            let mut heard = Vec::new();
            let mut room = MOST;
            let until = Until {
                deadline: None,
                glance: SELDOM,
                goes_on: &|| true,
                closed: Some(closed),
            };
            listen(&listeners, until, |one| {
                let cost = one.cost();
                match room.checked_sub(cost) {
                    Some(left) => {
                        room = left;
                        heard.push(one);
                    }
                    // From here on something is missing, which is said once.
                    None if room > 0 => {
                        room = 0;
                        heard.push(Heard::Lost(Instant::now()));
                    }
                    None => {}
                }
            })?;
            Ok(heard)
        };
        let thread = std::thread::Builder::new()
            .name("listener".into())
            .spawn(read)?;
        Ok(Background {
            end: Some(end),
            thread: Some(thread),
        })
    }

    /// All that was heard from the start until now.
    pub fn finish(mut self) -> Result<Vec<Heard>> {
        self.stop()
    }

    fn stop(&mut self) -> Result<Vec<Heard>> {
        self.end = None;
        let Some(thread) = self.thread.take() else {
            return Ok(Vec::new());
        };
        let gone = |_| Error::Unreadable("the listening thread broke off".into());
        thread.join().map_err(gone)?
    }
}

impl Drop for Background {
    fn drop(&mut self) {
        drop(self.stop());
    }
}

/// `NETLINK_*` protocols of linux/netlink.h that have groups to listen to.
pub const ROUTE: isize = libc::NETLINK_ROUTE as isize;
/// See [`ROUTE`].
pub const NETFILTER: isize = libc::NETLINK_NETFILTER as isize;
