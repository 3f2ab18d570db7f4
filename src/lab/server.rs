//! Small servers of the lab: they answer by themselves until they are closed, their namespace is deleted, or the lab ends.
//!
//! The lab holds them, not the script's handles: `h2.http_listen(80)` goes on though nobody keeps what it returns.

use std::cell::RefCell;
use std::io;
use std::net::SocketAddr;
use std::rc::Rc;

use nix::errno::Errno;
use socket2::Socket;

use crate::kernel::error::errno_words;
use crate::probe::service::answer::Answerer;
use crate::probe::service::{Request, Service};

use super::Lab;
use super::failure::{Failure, Outcome};
use super::socket::address_of;

/// Which transports a server is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Transports {
    /// Connections only.
    Tcp,
    /// Datagrams only.
    Udp,
    /// Both, at the same port.
    Both,
}

/// A server. It is closed by [`Server::close`].
pub struct Server {
    /// What it does: `echo`, `http`.
    pub kind: &'static str,
    /// The name of its namespace.
    netns: String,
    at: SocketAddr,
    service: RefCell<Option<Service>>,
    /// What it had seen when it was closed.
    last: RefCell<(u64, Vec<Request>)>,
}

impl Server {
    /// Where it listens.
    pub fn at(&self) -> SocketAddr {
        self.at
    }

    /// How many requests have come.
    pub fn count(&self) -> u64 {
        match &*self.service.borrow() {
            Some(service) => service.count(),
            None => self.last.borrow().0,
        }
    }

    /// The last requests.
    pub fn requests(&self) -> Vec<Request> {
        match &*self.service.borrow() {
            Some(service) => service.requests(),
            None => self.last.borrow().1.clone(),
        }
    }

    /// It answers no more; its port is free.
    pub fn close(&self) {
        if let Some(service) = self.service.take() {
            *self.last.borrow_mut() = (service.count(), service.requests());
        }
    }

    fn is_closed(&self) -> bool {
        self.service.borrow().is_none()
    }
}

impl Lab {
    /// Begins to answer at an address of the current namespace.
    pub fn serve(
        &self,
        kind: &'static str,
        at: SocketAddr,
        transports: Transports,
        answerer: Answerer,
    ) -> Outcome<Rc<Server>> {
        let is_for = |other| transports == other || transports == Transports::Both;
        let listener = match is_for(Transports::Tcp) {
            true => Some(self.tcp_listening(at)?),
            false => None,
        };
        let datagrams = match is_for(Transports::Udp) {
            true => Some(self.udp_listening(at)?),
            false => None,
        };
        let socket = listener.as_ref().or(datagrams.as_ref());
        let at = socket.map_or(at, |socket: &Socket| address_of(socket, at));
        let started = Service::start(listener, datagrams, answerer);
        let server = Rc::new(Server {
            kind,
            netns: self.current().name().into(),
            at,
            service: RefCell::new(Some(started.map_err(|error| not_started(kind, &error))?)),
            last: RefCell::default(),
        });
        let mut servers = self.servers.borrow_mut();
        servers.retain(|server: &Rc<Server>| !server.is_closed());
        servers.push(server.clone());
        Ok(server)
    }

    /// Closes the servers of a namespace: as long as one of their sockets is open the namespace lives on.
    pub(super) fn close_servers(&self, netns: &str) {
        let (gone, left) = self
            .servers
            .take()
            .into_iter()
            .partition::<Vec<_>, _>(|server| server.netns == netns);
        *self.servers.borrow_mut() = left;
        gone.iter().for_each(|server| server.close());
    }
}

fn not_started(kind: &str, error: &io::Error) -> Box<Failure> {
    let errno = error.raw_os_error().map(Errno::from_raw);
    let reason = errno.map_or_else(|| error.to_string(), errno_words);
    let mut failure = Failure::new(format!(
        "cannot start the {kind} server: {}",
        reason.to_lowercase()
    ));
    failure.errno = errno;
    failure.kernel = reason;
    failure
}
