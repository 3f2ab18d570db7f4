//! The netlink socket as the connection is given it: it asks the kernel before it waits, and gives one datagram at a time.
//!
//! The kernel answers rtnetlink while it takes the request in: when send(2) is back, the answer lies there. A socket of
//! tokio's would wait in epoll first all the same, and the connection would read on until there is nothing left, which
//! is two calls of the kernel for each change, and a whole list in memory at once.

use std::cell::Cell;
use std::io::{self, ErrorKind};
use std::os::fd::{AsRawFd, RawFd};
use std::task::{Context, Poll};

use bytes::BufMut;
use netlink_sys::{AsyncSocket, Socket, SocketAddr, TokioSocket};

/// What happens at the next attempt to read.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Step {
    /// Nothing: it is somebody else's turn.
    Hold,
    /// One datagram may be read.
    Read,
    /// There was none; tokio wakes the task when one comes.
    Wait,
}

/// A socket that is read step by step.
pub(super) struct StepwiseSocket {
    socket: TokioSocket,
    step: Cell<Step>,
}

impl StepwiseSocket {
    /// From here on nothing is read until the first [`StepwiseSocket::go_on`].
    pub(super) fn hold(&self) {
        self.step.set(Step::Hold);
    }

    /// Allows the next datagram to be read. False: the last attempt found none, and the task has to wait.
    pub(super) fn go_on(&self) -> bool {
        self.step.replace(Step::Read) != Step::Wait
    }
}

impl AsRawFd for StepwiseSocket {
    fn as_raw_fd(&self) -> RawFd {
        self.socket.as_raw_fd()
    }
}

fn would_block<T>(result: &io::Result<T>) -> bool {
    matches!(result, Err(error) if error.kind() == ErrorKind::WouldBlock)
}

impl AsyncSocket for StepwiseSocket {
    fn socket_ref(&self) -> &Socket {
        self.socket.socket_ref()
    }

    fn socket_mut(&mut self) -> &mut Socket {
        self.socket.socket_mut()
    }

    fn new(protocol: isize) -> io::Result<Self> {
        Ok(StepwiseSocket {
            socket: TokioSocket::new(protocol)?,
            step: Cell::new(Step::Hold),
        })
    }

    fn poll_send(&self, cx: &mut Context<'_>, buf: &[u8]) -> Poll<io::Result<usize>> {
        self.socket.poll_send(cx, buf)
    }

    fn poll_send_to(
        &self,
        cx: &mut Context<'_>,
        buf: &[u8],
        addr: &SocketAddr,
    ) -> Poll<io::Result<usize>> {
        let sent = self.socket_ref().send_to(buf, addr, 0);
        if would_block(&sent) {
            return self.socket.poll_send_to(cx, buf, addr);
        }
        Poll::Ready(sent)
    }

    fn poll_recv<B: BufMut>(&self, cx: &mut Context<'_>, buf: &mut B) -> Poll<io::Result<()>> {
        self.poll_recv_from(cx, buf).map_ok(drop)
    }

    fn poll_recv_from<B: BufMut>(
        &self,
        cx: &mut Context<'_>,
        buf: &mut B,
    ) -> Poll<io::Result<SocketAddr>> {
        if self.step.get() != Step::Read {
            return Poll::Pending;
        }
        let received = self.socket_ref().recv_from(buf, 0);
        let received = match would_block(&received) {
            true => self.socket.poll_recv_from(cx, buf),
            false => Poll::Ready(received.map(|(_, from)| from)),
        };
        self.step.set(match received {
            Poll::Ready(_) => Step::Hold,
            Poll::Pending => Step::Wait,
        });
        received
    }

    fn poll_recv_from_full(&self, cx: &mut Context<'_>) -> Poll<io::Result<(Vec<u8>, SocketAddr)>> {
        self.socket.poll_recv_from_full(cx)
    }
}
