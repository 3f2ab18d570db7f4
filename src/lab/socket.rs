//! The socket behind a handle of a script: there until it is closed; and what can be said of any error of it.

use std::cell::RefCell;
use std::io;
use std::net::SocketAddr;
use std::rc::Rc;

use nix::errno::Errno;
use socket2::Socket;

use crate::kernel::error::errno_words;
use crate::probe::error::ProbeError;

use super::Lab;
use super::failure::{Failure, Outcome};

/// A socket until it is closed. Whoever waits at it while it is closed keeps it for so long.
pub(super) struct Held(RefCell<Option<Rc<Socket>>>);

impl Held {
    /// Keeps a socket.
    pub fn new(socket: Socket) -> Self {
        Held(RefCell::new(Some(Rc::new(socket))))
    }

    /// Lets go of it.
    pub fn close(&self) {
        self.0.take();
    }

    /// The socket; `words` says what it is wanted for, to follow "cannot".
    pub fn socket(&self, words: &str) -> Outcome<Rc<Socket>> {
        self.0.borrow().clone().ok_or_else(|| {
            let mut failure = Failure::new(format!("cannot {words}: its handle is closed"));
            failure.errno = Some(Errno::EBADF);
            failure
        })
    }
}

/// Where a socket listens, if it is asked; where it was to listen otherwise.
pub(super) fn address_of(socket: &Socket, wanted: SocketAddr) -> SocketAddr {
    let found = socket.local_addr().ok().and_then(|found| found.as_socket());
    found.unwrap_or(wanted)
}

/// What can be said of any error.
pub(super) fn told(words: &str, error: &io::Error) -> Box<Failure> {
    let errno = error.raw_os_error().map(Errno::from_raw);
    let reason = errno.map_or_else(|| error.to_string(), errno_words);
    let mut failure = Failure::new(format!("cannot {words}: {}", reason.to_lowercase()));
    failure.errno = errno;
    failure.kernel = reason;
    failure
}

impl Lab {
    /// Why nobody can listen there.
    pub(super) fn explain_listen(&self, at: SocketAddr, error: &ProbeError) -> Box<Failure> {
        let words = format!("listen at {at}");
        let errno = error.errno().map(Errno::from_raw);
        let kernel = errno.map(errno_words).unwrap_or_default();
        let mut failure = Failure::new(format!("cannot {words}: {}", kernel.to_lowercase()));
        failure.errno = errno;
        failure.kernel = kernel;
        failure.object = at.to_string();
        failure.netns = self.current().label().into();
        let reason = match errno {
            Some(Errno::EADDRINUSE) => {
                failure.argument = "port".into();
                failure.hint = "choose another port, or close() who has it".into();
                "somebody listens there already"
            }
            Some(Errno::EADDRNOTAVAIL) => {
                failure.argument = "address".into();
                failure.hint = self.address_hint();
                "it is not an address of this namespace"
            }
            Some(Errno::EACCES) => {
                failure.argument = "port".into();
                "ports below net.ipv4.ip_unprivileged_port_start are for root"
            }
            Some(errno) => {
                failure.hint = self.general_hint(errno);
                return failure;
            }
            None => return failure,
        };
        failure.message = format!("cannot {words}: {reason}");
        failure
    }
}
