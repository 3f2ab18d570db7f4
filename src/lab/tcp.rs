//! TCP connections in the hands of a script: made and taken in the current namespace, and told why not in words.

use std::cell::RefCell;
use std::io;
use std::net::{IpAddr, SocketAddr};
use std::rc::Rc;
use std::time::Duration;

use nix::errno::Errno;
use socket2::Socket;

use crate::kernel::error::{Error, errno_words};
use crate::kernel::wait::Waiter;
use crate::probe::tcp::{self, ConnectOptions, TcpError};

use super::Lab;
use super::failure::{Failure, Outcome};

/// How long a write may wait for the other end to take something in.
const PATIENCE: Duration = Duration::from_secs(10);

/// A socket at which connections arrive. It is closed with this value, or by [`Listener::close`].
pub struct Listener {
    at: SocketAddr,
    socket: RefCell<Option<Rc<Socket>>>,
}

/// A connection. It is closed with this value, or by [`Connection::close`].
pub struct Connection {
    /// Its own end.
    pub local: SocketAddr,
    /// The other end.
    pub peer: SocketAddr,
    socket: RefCell<Option<Rc<Socket>>>,
}

impl Listener {
    /// Where it listens.
    pub fn at(&self) -> SocketAddr {
        self.at
    }

    /// No more connections arrive.
    pub fn close(&self) {
        self.socket.take();
    }

    /// The next connection; none if the time is over, or the waiter wants no more.
    pub fn accept(
        &self,
        limit: Option<Duration>,
        waiter: &dyn Waiter,
    ) -> Outcome<Option<Connection>> {
        let words = format!("accept a connection at port {}", self.at.port());
        let socket = opened(&self.socket, &words)?;
        let accepted = tcp::accept(&socket, limit, waiter).and_then(|accepted| {
            let connection = accepted.map(Connection::of);
            connection.transpose()
        });
        accepted.map_err(|error| told(&words, &error))
    }
}

impl Connection {
    fn of(socket: Socket) -> io::Result<Self> {
        let (local, peer) = tcp::ends(&socket)?;
        Ok(Connection {
            local,
            peer,
            socket: RefCell::new(Some(Rc::new(socket))),
        })
    }

    /// Tells the other end that there is no more.
    pub fn close(&self) {
        self.socket.take();
    }

    /// What arrived; empty when the other end has closed; none if the time is over, or the waiter wants no more.
    pub fn read(&self, limit: Option<Duration>, waiter: &dyn Waiter) -> Outcome<Option<Vec<u8>>> {
        let words = format!("read what {} sends", self.peer);
        let socket = opened(&self.socket, &words)?;
        tcp::read(&socket, limit, waiter).map_err(|error| told(&words, &error))
    }

    /// Sends bytes.
    pub fn write(&self, bytes: &[u8], waiter: &dyn Waiter) -> Outcome<()> {
        let words = format!("send to {}", self.peer);
        let socket = opened(&self.socket, &words)?;
        let sent = tcp::write(&socket, bytes, PATIENCE, waiter);
        let sent = sent.map_err(|error| told(&words, &error))?;
        if sent < bytes.len() && !waiter.is_interrupted() {
            let all = bytes.len();
            let words =
                format!("cannot {words}: nothing more was taken in after {sent} of {all} bytes");
            return Err(Failure::new(words).hint("the other end has to read"));
        }
        Ok(())
    }
}

impl Lab {
    /// Listens for connections in the current namespace.
    pub fn tcp_listen(&self, at: SocketAddr) -> Outcome<Listener> {
        let socket = self.tcp_listening(at)?;
        Ok(Listener {
            at: address_of(&socket, at),
            socket: RefCell::new(Some(Rc::new(socket))),
        })
    }

    /// Connects from the current namespace. None if the waiter wanted no more.
    pub fn tcp_connect(
        &self,
        to: SocketAddr,
        options: &ConnectOptions,
        waiter: &dyn Waiter,
    ) -> Outcome<Option<Connection>> {
        self.settle();
        let connected = self
            .tcp_socket(to.ip())
            .and_then(|socket| tcp::connect(socket, to, options, waiter));
        match connected {
            Ok(socket) => {
                let words = format!("connect to {to}");
                let connection = Connection::of(socket);
                connection.map(Some).map_err(|error| told(&words, &error))
            }
            Err(TcpError::Interrupted) => Ok(None),
            Err(error) => Err(self.explain_connect(to, options, &error)),
        }
    }

    /// A socket at which connections arrive, in the current namespace.
    pub(super) fn tcp_listening(&self, at: SocketAddr) -> Outcome<Socket> {
        self.settle();
        let socket = self
            .tcp_socket(at.ip())
            .and_then(|socket| tcp::listen(socket, at));
        socket.map_err(|error| self.explain_listen(at, &error))
    }

    fn tcp_socket(&self, address: IpAddr) -> Result<Socket, TcpError> {
        let namespace = self.current().namespace().map_err(not_entered)?;
        let socket = namespace
            .enter(|| tcp::open(address))
            .map_err(not_entered)?;
        socket.map_err(TcpError::Open)
    }

    pub(super) fn explain_listen(&self, at: SocketAddr, error: &TcpError) -> Box<Failure> {
        let words = format!("listen at {at}");
        let mut failure = self.tcp_failure(&words, at, error);
        let reason = match failure.errno {
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
            _ => return failure,
        };
        failure.message = format!("cannot {words}: {reason}");
        failure
    }

    fn explain_connect(
        &self,
        to: SocketAddr,
        options: &ConnectOptions,
        error: &TcpError,
    ) -> Box<Failure> {
        let words = format!("connect to {to}");
        let mut failure = self.tcp_failure(&words, to, error);
        failure.argument = "address".into();
        let current = self.current();
        let reason = match (error, failure.errno) {
            (TcpError::BindDevice(_), _) => {
                let iface = options.iface.as_deref().unwrap_or_default();
                failure.object = iface.into();
                failure.argument = "iface".into();
                failure.hint = self.link_hint(&current, iface);
                format!("there is no link {iface:?}")
            }
            (TcpError::Bind(_), _) => {
                failure.argument = "source".into();
                failure.hint = self.address_hint();
                "the source is not an address of this namespace".into()
            }
            (_, Some(Errno::ECONNREFUSED)) => {
                failure.argument = "port".into();
                failure.hint = format!(
                    "the host answers, so the way there is good; tcp_listen({}) makes one who listens",
                    to.port()
                );
                format!(
                    "nobody listens at port {}, or a firewall rejects it",
                    to.port()
                )
            }
            (_, Some(Errno::ETIMEDOUT)) => {
                failure.hint = format!("does ping({:?}) get through?", to.ip().to_string());
                let seconds = options.timeout.as_secs_f64();
                format!("no answer within {seconds} s")
            }
            (_, Some(Errno::EHOSTUNREACH)) => {
                "no route to it, or nobody answered when it was asked for".into()
            }
            (_, Some(Errno::ENETUNREACH)) => format!("there is no route to {}", to.ip()),
            _ => return failure,
        };
        failure.message = format!("cannot {words}: {reason}");
        failure
    }

    fn tcp_failure(&self, words: &str, object: SocketAddr, error: &TcpError) -> Box<Failure> {
        let mut failure = match error.io() {
            Some(error) => told(words, error),
            None => Failure::new(format!("cannot {words}: it was stopped")),
        };
        failure.object = object.to_string();
        failure.netns = self.current().label().into();
        failure
    }
}

pub(super) fn opened(slot: &RefCell<Option<Rc<Socket>>>, words: &str) -> Outcome<Rc<Socket>> {
    slot.borrow().clone().ok_or_else(|| {
        let mut failure = Failure::new(format!("cannot {words}: its handle is closed"));
        failure.errno = Some(Errno::EBADF);
        failure
    })
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

pub(super) fn not_entered(error: Error) -> TcpError {
    TcpError::Open(super::ping::as_io(error))
}
