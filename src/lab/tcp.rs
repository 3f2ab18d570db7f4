//! TCP connections in the hands of a script: made and taken in the current namespace, and told why not in words.

use std::io;
use std::net::{IpAddr, SocketAddr};
use std::time::Duration;

use nix::errno::Errno;
use socket2::Socket;

use crate::kernel::wait::Waiter;
use crate::probe::error::ProbeError;
use crate::probe::resolve::Resolved;
use crate::probe::socket_settings::Settings;
use crate::probe::tcp;

use super::Lab;
use super::destination::Probe;
use super::failure::{Failure, Outcome};
use super::socket::{Held, address_of, told};

/// How long a write may wait for the other end to take something in.
const PATIENCE: Duration = Duration::from_secs(10);

/// A socket at which connections arrive. It is closed with this value, or by [`Listener::close`].
pub struct Listener {
    at: SocketAddr,
    socket: Held,
}

/// A connection. It is closed with this value, or by [`Connection::close`].
pub struct Connection {
    /// Its own end.
    pub local: SocketAddr,
    /// The other end.
    pub peer: SocketAddr,
    socket: Held,
}

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

impl Listener {
    /// Where it listens.
    pub fn at(&self) -> SocketAddr {
        self.at
    }

    /// No more connections arrive.
    pub fn close(&self) {
        self.socket.close();
    }

    /// The next connection; none if the time is over, or the waiter wants no more.
    pub fn accept(
        &self,
        limit: Option<Duration>,
        waiter: &dyn Waiter,
    ) -> Outcome<Option<Connection>> {
        let words = format!("accept a connection at port {}", self.at.port());
        let socket = self.socket.socket(&words)?;
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
            socket: Held::new(socket),
        })
    }

    /// Tells the other end that there is no more.
    pub fn close(&self) {
        self.socket.close();
    }

    /// What arrived; empty when the other end has closed; none if the time is over, or the waiter wants no more.
    pub fn read(&self, limit: Option<Duration>, waiter: &dyn Waiter) -> Outcome<Option<Vec<u8>>> {
        let words = format!("read what {} sends", self.peer);
        let socket = self.socket.socket(&words)?;
        tcp::read(&socket, limit, waiter).map_err(|error| told(&words, &error))
    }

    /// Sends bytes.
    pub fn write(&self, bytes: &[u8], waiter: &dyn Waiter) -> Outcome<()> {
        let words = format!("send to {}", self.peer);
        let socket = self.socket.socket(&words)?;
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
            socket: Held::new(socket),
        })
    }

    /// Connects from the current namespace. None if the waiter wanted no more.
    pub fn tcp_connect(
        &self,
        name: &str,
        port: u16,
        options: &ConnectOptions,
        waiter: &dyn Waiter,
    ) -> Outcome<Option<Connection>> {
        let probe = Probe {
            words: "connect to",
            name,
            iface: options.iface.as_deref(),
            parameter: "address",
        };
        let resolved = self.destination(&probe, None)?;
        self.connect(&probe, &resolved, port, options, waiter)
    }

    /// Connects to whom a probe is for.
    pub(super) fn connect(
        &self,
        probe: &Probe<'_>,
        resolved: &Resolved,
        port: u16,
        options: &ConnectOptions,
        waiter: &dyn Waiter,
    ) -> Outcome<Option<Connection>> {
        let settings = Settings {
            scope: resolved.scope.as_deref(),
            iface: options.iface.as_deref(),
            source: options.source,
            ..Settings::to(resolved.address)
        };
        match tcp::connect(&self.opener(), &settings, port, options.timeout, waiter) {
            Ok(Some(socket)) => {
                let words = format!("connect to {}", probe.name);
                let connection = Connection::of(socket);
                connection.map(Some).map_err(|error| told(&words, &error))
            }
            Ok(None) => Ok(None),
            Err(error) => {
                let to = SocketAddr::new(resolved.address, port);
                let mut failure = self.explain_probe(probe, resolved, &error);
                if let ProbeError::Send { .. } = error {
                    not_connected(&mut failure, to, options.timeout);
                }
                Err(failure)
            }
        }
    }

    /// A socket at which connections arrive, in the current namespace.
    pub(super) fn tcp_listening(&self, at: SocketAddr) -> Outcome<Socket> {
        self.settle();
        let socket = tcp::listen(&self.opener(), at);
        socket.map_err(|error| self.explain_listen(at, &error))
    }
}

/// What the destination, somebody on the way or nobody said to a connection.
fn not_connected(failure: &mut Failure, to: SocketAddr, timeout: Duration) {
    let port = to.port();
    failure.object = to.to_string();
    let reason = match failure.errno {
        Some(Errno::ECONNREFUSED) => {
            failure.argument = "port".into();
            failure.hint = format!(
                "the host answers, so the way there is good; tcp_listen({port}) makes one who listens"
            );
            format!("nobody listens at port {port}, or a firewall rejects it")
        }
        Some(Errno::ETIMEDOUT) => {
            failure.hint = format!("does ping({:?}) get through?", to.ip().to_string());
            let seconds = timeout.as_secs_f64();
            format!("no answer within {seconds} s")
        }
        Some(Errno::EHOSTUNREACH) => {
            failure.hint.clear();
            "no route to it, or nobody answered when it was asked for".into()
        }
        _ => return,
    };
    failure.message = format!("cannot connect to {to}: {reason}");
}
