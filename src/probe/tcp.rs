//! TCP connections made, accepted, read and written, without ever waiting where nobody can interrupt.
//!
//! The sockets do not block. Whoever waits is given descriptors that can be read when there is something to do; for a socket
//! that is to be written that is an epoll(7) descriptor which watches it.

use std::io::{self, ErrorKind, Read};
use std::net::{IpAddr, SocketAddr};
use std::os::fd::{AsFd, BorrowedFd};
use std::time::{Duration, Instant};

use nix::libc;
use nix::sys::epoll::{Epoll, EpollCreateFlags, EpollEvent, EpollFlags};
use socket2::{Domain, Protocol, SockAddr, Socket, Type};

use crate::kernel::wait::{GLANCE, Waiter};

/// How many connections may wait to be accepted; more than any lab opens, and what Linux allows by itself.
const BACKLOG: i32 = 4096;

/// How much is read at a time.
const MOST: usize = 64 << 10;

/// How a connection is to be made.
#[derive(Debug, Clone)]
pub struct ConnectOptions {
    /// The address to come from.
    pub source: Option<IpAddr>,
    /// The link to leave by, whatever the routes say.
    pub iface: Option<String>,
    /// How long to wait for the other end.
    pub timeout: Duration,
}

/// Why there is no connection: which step failed.
#[derive(Debug)]
pub enum TcpError {
    /// No socket could be had.
    Open(io::Error),
    /// The link to leave by is not there, or may not be used.
    BindDevice(io::Error),
    /// The address, or the port, can't be had.
    Bind(io::Error),
    /// The other end, or somebody on the way, said no; ETIMEDOUT if nobody said anything.
    Connect(io::Error),
    /// Somebody stopped the waiting.
    Interrupted,
}

impl TcpError {
    /// The kernel's answer.
    pub fn io(&self) -> Option<&io::Error> {
        match self {
            TcpError::Open(error)
            | TcpError::BindDevice(error)
            | TcpError::Bind(error)
            | TcpError::Connect(error) => Some(error),
            TcpError::Interrupted => None,
        }
    }
}

/// A socket for connections with this address, to be made in the namespace that is meant.
pub fn open(address: IpAddr) -> io::Result<Socket> {
    let domain = match address {
        IpAddr::V4(_) => Domain::IPV4,
        IpAddr::V6(_) => Domain::IPV6,
    };
    let socket = Socket::new(domain, Type::STREAM, Some(Protocol::TCP))?;
    socket.set_nonblocking(true)?;
    Ok(socket)
}

/// Makes `socket` one at which connections arrive.
pub fn listen(socket: Socket, at: SocketAddr) -> Result<Socket, TcpError> {
    // A port whose last connections are not yet forgotten can be had again, as with every server.
    socket.set_reuse_address(true).map_err(TcpError::Open)?;
    if at.is_ipv6() {
        // Without it :: takes the port of 0.0.0.0 too, and the answer to "who listens" is not what was asked for.
        let only = !at.ip().is_unspecified();
        socket.set_only_v6(only).map_err(TcpError::Open)?;
    }
    socket.bind(&at.into()).map_err(TcpError::Bind)?;
    socket.listen(BACKLOG).map_err(TcpError::Bind)?;
    Ok(socket)
}

/// Connects `socket`.
pub fn connect(
    socket: Socket,
    to: SocketAddr,
    options: &ConnectOptions,
    waiter: &dyn Waiter,
) -> Result<Socket, TcpError> {
    if let Some(iface) = &options.iface {
        let bound = socket.bind_device(Some(iface.as_bytes()));
        bound.map_err(TcpError::BindDevice)?;
    }
    if let Some(source) = options.source {
        let from = SocketAddr::new(source, 0);
        socket.bind(&from.into()).map_err(TcpError::Bind)?;
    }
    match socket.connect(&SockAddr::from(to)) {
        Ok(()) => return Ok(socket),
        Err(error) if error.raw_os_error() == Some(libc::EINPROGRESS) => {}
        Err(error) => return Err(TcpError::Connect(error)),
    }
    match until_writable(&socket, options.timeout, waiter).map_err(TcpError::Connect)? {
        Waited::Ready => {}
        Waited::TimeIsOver => {
            let over = io::Error::from_raw_os_error(libc::ETIMEDOUT);
            return Err(TcpError::Connect(over));
        }
        Waited::Interrupted => return Err(TcpError::Interrupted),
    }
    match socket.take_error() {
        Ok(None) => Ok(socket),
        Ok(Some(error)) | Err(error) => Err(TcpError::Connect(error)),
    }
}

/// The next connection that arrived; none if the time is over or the waiter wants no more.
pub fn accept(
    listener: &Socket,
    limit: Option<Duration>,
    waiter: &dyn Waiter,
) -> io::Result<Option<Socket>> {
    let accepted = patiently(listener.as_fd(), limit, waiter, || listener.accept())?;
    accepted
        .map(|(socket, _)| socket.set_nonblocking(true).map(|()| socket))
        .transpose()
}

/// What arrived, as much as there is; empty when the other end has closed; none if the time is over or the waiter wants no
/// more.
pub fn read(
    socket: &Socket,
    limit: Option<Duration>,
    waiter: &dyn Waiter,
) -> io::Result<Option<Vec<u8>>> {
    patiently(socket.as_fd(), limit, waiter, || {
        let mut buffer = vec![0; MOST];
        let length = (&*socket).read(&mut buffer)?;
        buffer.truncate(length);
        Ok(buffer)
    })
}

/// Sends all of it; says how many bytes went, which are fewer if the time is over or the waiter wants no more.
pub fn write(
    socket: &Socket,
    bytes: &[u8],
    limit: Duration,
    waiter: &dyn Waiter,
) -> io::Result<usize> {
    let mut sent = 0;
    while let Some(rest) = bytes.get(sent..).filter(|rest| !rest.is_empty()) {
        match socket.send_with_flags(rest, libc::MSG_NOSIGNAL) {
            Ok(length) => sent += length,
            Err(error) if error.kind() == ErrorKind::WouldBlock => {
                match until_writable(socket, limit, waiter)? {
                    Waited::Ready => {}
                    Waited::TimeIsOver | Waited::Interrupted => break,
                }
            }
            Err(error) => return Err(error),
        }
    }
    Ok(sent)
}

/// The two ends of a connection, its own first.
pub fn ends(socket: &Socket) -> io::Result<(SocketAddr, SocketAddr)> {
    let address = |found: SockAddr| found.as_socket().ok_or(ErrorKind::Unsupported);
    let local = address(socket.local_addr()?)?;
    let peer = address(socket.peer_addr()?)?;
    Ok((local, peer))
}

/// Tries until it works, the time is over or the waiter wants no more.
fn patiently<T>(
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

/// How a wait ended.
enum Waited {
    Ready,
    TimeIsOver,
    Interrupted,
}

fn until_writable(socket: &Socket, limit: Duration, waiter: &dyn Waiter) -> io::Result<Waited> {
    let watch = Epoll::new(EpollCreateFlags::EPOLL_CLOEXEC)?;
    watch.add(socket, EpollEvent::new(EpollFlags::EPOLLOUT, 0))?;
    let start = Instant::now();
    loop {
        let mut event = [EpollEvent::empty()];
        if watch.wait(&mut event, 0u8)? > 0 {
            return Ok(Waited::Ready);
        }
        let left = limit.saturating_sub(start.elapsed());
        if left.is_zero() {
            return Ok(Waited::TimeIsOver);
        }
        if waiter.is_interrupted() {
            return Ok(Waited::Interrupted);
        }
        waiter.wait(&[watch.0.as_fd()], left.min(GLANCE))?;
    }
}
