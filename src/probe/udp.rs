//! A datagram to a port, and what comes back: a datagram, an error of ICMP, or nothing.

use std::io::{self, ErrorKind};
use std::net::{SocketAddr, UdpSocket};
use std::os::fd::AsFd;
use std::time::{Duration, Instant};

use socket2::Socket;

use crate::kernel::wait::{GLANCE, Waiter};

/// The most that a datagram carries.
const MOST: usize = 65_535;

/// Sends a datagram, and waits for one from the same place. None if there is none in time, or nobody waits any more. An error that
/// comes back by ICMP is told by the socket, as it is connected (udp(7)).
pub fn ask(
    socket: Socket,
    to: SocketAddr,
    bytes: &[u8],
    patience: Duration,
    waiter: &dyn Waiter,
) -> io::Result<Option<Vec<u8>>> {
    let socket = UdpSocket::from(socket);
    socket.set_nonblocking(true)?;
    socket.connect(to)?;
    socket.send(bytes)?;
    let start = Instant::now();
    let mut answer = vec![0; MOST];
    loop {
        match socket.recv(&mut answer) {
            Ok(length) => {
                answer.truncate(length);
                return Ok(Some(answer));
            }
            Err(error) if error.kind() == ErrorKind::WouldBlock => {}
            Err(error) if error.kind() == ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
        let left = patience.saturating_sub(start.elapsed());
        if left.is_zero() || waiter.is_interrupted() {
            return Ok(None);
        }
        waiter.wait(&[socket.as_fd()], left.min(GLANCE))?;
    }
}
