//! TCP connections made, accepted, read and written, without ever waiting where nobody can interrupt.
//!
//! The sockets do not block. Whoever waits is given descriptors that can be read when there is something to do; for a socket
//! that is to be written that is an epoll(7) descriptor which watches it.

use std::io::{self, ErrorKind, Read};
use std::net::SocketAddr;
use std::os::fd::AsFd;
use std::time::{Duration, Instant};

use nix::libc;
use nix::sys::epoll::{Epoll, EpollCreateFlags, EpollEvent, EpollFlags};
use socket2::{Protocol, SockAddr, Socket, Type};

use super::error::ProbeError;
use super::socket_settings::{OpenSocket, Settings, listening, not_taken, socket_address};
use crate::kernel::wait::{GLANCE, Waiter, patiently};

/// How many connections may wait to be accepted; more than any lab opens, and what Linux allows by itself.
const BACKLOG: i32 = 4096;

/// How much is read at a time.
const MOST: usize = 64 << 10;

/// A socket at which connections arrive.
pub fn listen(open: &OpenSocket<'_>, at: SocketAddr) -> Result<Socket, ProbeError> {
    let socket = listening(open, Type::STREAM, Protocol::TCP, at)?;
    socket
        .listen(BACKLOG)
        .map_err(|error| not_taken(at, error))?;
    Ok(socket)
}

/// Connects to a port. None if the waiter wants no more; an error of the destination (ETIMEDOUT if nobody said anything) is
/// [`ProbeError::Send`].
pub fn connect(
    open: &OpenSocket<'_>,
    settings: &Settings<'_>,
    port: u16,
    timeout: Duration,
    waiter: &dyn Waiter,
) -> Result<Option<Socket>, ProbeError> {
    let (socket, scope) = settings.open(open, Type::STREAM, Protocol::TCP)?;
    let not_connected = |error| settings.not_sent(error);
    match socket.connect(&socket_address(settings.destination, port, scope)) {
        Ok(()) => return Ok(Some(socket)),
        Err(error) if error.raw_os_error() == Some(libc::EINPROGRESS) => {}
        Err(error) => return Err(not_connected(error)),
    }
    match until_writable(&socket, timeout, waiter).map_err(not_connected)? {
        Waited::Ready => {}
        Waited::TimeIsOver => {
            return Err(not_connected(io::Error::from_raw_os_error(libc::ETIMEDOUT)));
        }
        Waited::Interrupted => return Ok(None),
    }
    match socket.take_error() {
        Ok(None) => Ok(Some(socket)),
        Ok(Some(error)) | Err(error) => Err(not_connected(error)),
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
