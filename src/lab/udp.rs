//! Datagrams in the hands of a script: sent and taken in the current namespace, and told in words what came instead of an answer.

use std::cell::RefCell;
use std::io::{self, ErrorKind};
use std::net::{IpAddr, SocketAddr};
use std::os::fd::AsFd;
use std::rc::Rc;
use std::time::{Duration, Instant};

use nix::errno::Errno;
use nix::libc;
use socket2::{Domain, Protocol, Socket, Type};

use crate::kernel::wait::{GLANCE, Waiter};
use crate::packet::icmp::{self, Family};
use crate::probe::datagrams::{self, Datagram};
use crate::probe::error::ProbeError;
use crate::probe::error_queue::{self, CONTROL, Queue};
use crate::probe::resolve::Resolved;
use crate::probe::socket_settings::{Settings, socket_address};
use crate::probe::tcp::{self, TcpError};

use super::Lab;
use super::destination::Probe;
use super::failure::{Failure, Outcome};
use super::tcp::{address_of, not_entered, opened, told};

/// A socket at which datagrams arrive. It is closed with this value, or by [`Listener::close`].
pub struct Listener {
    at: SocketAddr,
    socket: RefCell<Option<Rc<Socket>>>,
}

/// A socket with one other end. It is closed with this value, or by [`Conversation::close`].
pub struct Conversation {
    /// Its own end.
    pub local: SocketAddr,
    /// The other end.
    pub peer: SocketAddr,
    socket: RefCell<Option<Rc<Socket>>>,
}

/// How a datagram is to be sent.
#[derive(Debug, Clone, Default)]
pub struct SendOptions {
    /// The address to come from.
    pub source: Option<IpAddr>,
    /// The link to leave by, whatever the routes say.
    pub iface: Option<String>,
    /// Time to live, or hop limit.
    pub ttl: Option<u8>,
    /// Broadcast addresses are allowed.
    pub broadcast: bool,
}

impl Listener {
    /// Where it listens.
    pub fn at(&self) -> SocketAddr {
        self.at
    }

    /// No more datagrams arrive.
    pub fn close(&self) {
        self.socket.take();
    }

    /// The next datagram; none if the time is over, or the waiter wants no more.
    pub fn receive(
        &self,
        limit: Option<Duration>,
        waiter: &dyn Waiter,
    ) -> Outcome<Option<Datagram>> {
        let words = format!("receive a datagram at port {}", self.at.port());
        let socket = opened(&self.socket, &words)?;
        datagrams::next(&socket, limit, waiter).map_err(|error| told(&words, &error))
    }

    /// Answers a datagram, from where it had gone.
    pub fn reply(&self, datagram: &Datagram, bytes: &[u8]) -> Outcome<()> {
        let words = format!("answer {}", datagram.from);
        let socket = opened(&self.socket, &words)?;
        // A socket of IPv6 has those of IPv4 as mapped ones.
        let own = |address: IpAddr| match address.to_canonical() {
            IpAddr::V4(address) if self.at.is_ipv6() => address.to_ipv6_mapped().into(),
            address => address,
        };
        let mut datagram = datagram.clone();
        if datagram.from.is_ipv4() {
            datagram.from.set_ip(own(datagram.from.ip()));
        }
        datagram.to = datagram.to.map(own);
        if datagram.from.is_ipv4() != self.at.is_ipv4() {
            let words = format!("cannot {words}: {} is of another family", self.at);
            return Err(Failure::new(words).blame("datagram"));
        }
        datagrams::reply(&socket, &datagram, bytes).map_err(|error| explain_send(&words, &error))
    }
}

impl Conversation {
    /// Nothing more is sent or taken.
    pub fn close(&self) {
        self.socket.take();
    }

    /// The next datagram of the other end; none if the time is over, or the waiter wants no more. An ICMP error about what was sent
    /// is a failure, once.
    pub fn read(&self, limit: Duration, waiter: &dyn Waiter) -> Outcome<Option<Vec<u8>>> {
        let words = format!("read what {} sends", self.peer);
        let socket = opened(&self.socket, &words)?;
        let start = Instant::now();
        let mut buffer = vec![0; datagrams::MOST];
        loop {
            match datagrams::receive(&socket, &mut buffer) {
                Ok(datagram) => return Ok(Some(datagram.bytes)),
                Err(error) if error.kind() == ErrorKind::WouldBlock => {}
                Err(error) => return Err(self.refused(&socket, &words, &error)),
            }
            let left = limit.saturating_sub(start.elapsed());
            if left.is_zero() || waiter.is_interrupted() {
                return Ok(None);
            }
            let waited = waiter.wait(&[socket.as_fd()], left.min(GLANCE));
            waited.map_err(|error| told(&words, &error))?;
        }
    }

    /// Sends a datagram.
    pub fn write(&self, bytes: &[u8]) -> Outcome<()> {
        let words = format!("send to {}", self.peer);
        let socket = opened(&self.socket, &words)?;
        match socket.send_with_flags(bytes, libc::MSG_NOSIGNAL) {
            Ok(_) => Ok(()),
            Err(error) => Err(self.refused(&socket, &words, &error)),
        }
    }

    fn refused(&self, socket: &Socket, words: &str, error: &io::Error) -> Box<Failure> {
        let mut failure = explain_send(words, error);
        failure.object = self.peer.to_string();
        let told_by = self.icmp_error(socket);
        if failure.errno == Some(Errno::ECONNREFUSED) {
            let port = self.peer.port();
            failure.message = format!(
                "cannot {words}: port {port} is unreachable: nobody listens there, or a firewall rejects it"
            );
            failure.hint = format!(
                "an earlier datagram came back as an ICMP error, so the way there is good; udp_listen({port}) makes one who listens"
            );
        } else if let Some((from, what)) = told_by {
            failure.message = format!("cannot {words}: {from} says: {what}");
            failure.hint = "an earlier datagram came back as an ICMP error".into();
        }
        failure
    }

    /// The ICMP error about what was sent, and by whom; the queue is empty afterwards.
    fn icmp_error(&self, socket: &Socket) -> Option<(IpAddr, String)> {
        let mut control = [0; CONTROL];
        let mut last = None;
        let mut buffer = [0; 64];
        while let Ok(Some(incoming)) =
            error_queue::receive(socket, &mut control, Queue::Errors, &mut buffer)
        {
            let Some((error, from)) = incoming
                .error
                .and_then(|error| Some((error, error.offender?)))
            else {
                continue;
            };
            let family = Family::of(self.peer.ip());
            let what = icmp::words(family, error.icmp_type, error.icmp_code, error.info);
            last = Some((from, what));
        }
        last
    }
}

fn explain_send(words: &str, error: &io::Error) -> Box<Failure> {
    let mut failure = told(words, error);
    match failure.errno {
        Some(Errno::EMSGSIZE) => {
            failure.argument = "bytes".into();
            failure.hint = "a datagram carries at most 65507 bytes, with IPv6 65527".into();
        }
        Some(Errno::EPERM) => {
            failure.hint = "a firewall of this host drops it on its way out".into();
        }
        _ => {}
    }
    failure
}

impl Lab {
    /// Takes datagrams in the current namespace.
    pub fn udp_listen(&self, at: SocketAddr) -> Outcome<Listener> {
        let socket = self.udp_listening(at)?;
        Ok(Listener {
            at: address_of(&socket, at),
            socket: RefCell::new(Some(Rc::new(socket))),
        })
    }

    /// A socket at which datagrams arrive, in the current namespace.
    pub(super) fn udp_listening(&self, at: SocketAddr) -> Outcome<Socket> {
        self.settle();
        let make = || -> Result<Socket, TcpError> {
            let namespace = self.current().namespace().map_err(not_entered)?;
            let socket = namespace
                .enter(|| datagrams::open(at.ip()))
                .map_err(not_entered)?;
            datagrams::listen(socket.map_err(TcpError::Open)?, at)
        };
        make().map_err(|error| self.explain_listen(at, &error))
    }

    /// Sends a datagram from the current namespace.
    pub fn udp_send(
        &self,
        name: &str,
        port: u16,
        bytes: &[u8],
        options: &SendOptions,
    ) -> Outcome<Conversation> {
        let probe = Probe {
            words: "send to",
            name,
            iface: options.iface.as_deref(),
            parameter: "address",
        };
        let resolved = self.destination(&probe, None)?;
        let conversation = self
            .udp_socket(&resolved, port, options)
            .map_err(|error| self.explain_probe(&probe, &resolved, &error))?;
        conversation.write(bytes)?;
        Ok(conversation)
    }

    fn udp_socket(
        &self,
        resolved: &Resolved,
        port: u16,
        options: &SendOptions,
    ) -> Result<Conversation, ProbeError> {
        let settings = Settings {
            destination: resolved.address,
            scope: resolved.scope.as_deref(),
            iface: options.iface.as_deref(),
            source: options.source,
            ttl: options.ttl,
            ..Settings::to(resolved.address)
        };
        let open = self.opener();
        let domain = match resolved.address {
            IpAddr::V4(_) => Domain::IPV4,
            IpAddr::V6(_) => Domain::IPV6,
        };
        let socket = open(domain, Type::DGRAM, Protocol::UDP).map_err(ProbeError::Open)?;
        socket.set_nonblocking(true).map_err(ProbeError::Open)?;
        let scope = settings.scope_index(&open, domain)?;
        settings.bind(&socket, scope)?;
        settings.set_options(&socket, Family::of(resolved.address))?;
        if options.broadcast {
            socket.set_broadcast(true).map_err(ProbeError::Open)?;
        }
        let not_sent = |error| ProbeError::Send {
            destination: resolved.address,
            error,
        };
        let to = socket_address(resolved.address, port, scope);
        socket.connect(&to).map_err(not_sent)?;
        let (local, peer) = tcp::ends(&socket).map_err(not_sent)?;
        Ok(Conversation {
            local,
            peer,
            socket: RefCell::new(Some(Rc::new(socket))),
        })
    }
}
