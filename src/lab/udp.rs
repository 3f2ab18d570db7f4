//! Datagrams in the hands of a script: sent and taken in the current namespace, and told in words what came instead of an answer.

use std::io;
use std::net::{IpAddr, SocketAddr};
use std::os::fd::AsFd;
use std::time::Duration;

use nix::errno::Errno;
use nix::libc;
use socket2::Socket;

use crate::kernel::wait::{Waiter, patiently};
use crate::packet::icmp::Family;
use crate::probe::datagrams::{self, Datagram, icmp_error};
use crate::probe::socket_settings::Settings;
use crate::probe::tcp;

use super::Lab;
use super::destination::Probe;
use super::failure::{Failure, Outcome};
use super::socket::{Held, address_of, told};

/// A socket at which datagrams arrive. It is closed with this value, or by [`Listener::close`].
pub struct Listener {
    at: SocketAddr,
    socket: Held,
}

/// A socket with one other end. It is closed with this value, or by [`Conversation::close`].
pub struct Conversation {
    /// Its own end.
    pub local: SocketAddr,
    /// The other end.
    pub peer: SocketAddr,
    socket: Held,
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
        self.socket.close();
    }

    /// The next datagram; none if the time is over, or the waiter wants no more.
    pub fn receive(
        &self,
        limit: Option<Duration>,
        waiter: &dyn Waiter,
    ) -> Outcome<Option<Datagram>> {
        let words = format!("receive a datagram at port {}", self.at.port());
        let socket = self.socket.socket(&words)?;
        datagrams::next(&socket, limit, waiter).map_err(|error| told(&words, &error))
    }

    /// Answers a datagram, from where it had gone.
    pub fn reply(&self, datagram: &Datagram, bytes: &[u8]) -> Outcome<()> {
        let words = format!("answer {}", datagram.from);
        let socket = self.socket.socket(&words)?;
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
        self.socket.close();
    }

    /// The next datagram of the other end; none if the time is over, or the waiter wants no more. An ICMP error about what was sent
    /// is a failure, once.
    pub fn read(&self, limit: Duration, waiter: &dyn Waiter) -> Outcome<Option<Vec<u8>>> {
        let words = format!("read what {} sends", self.peer);
        let socket = self.socket.socket(&words)?;
        let mut buffer = vec![0; datagrams::MOST];
        let received = patiently(socket.as_fd(), Some(limit), waiter, || {
            datagrams::receive(&socket, &mut buffer)
        });
        let received = received.map_err(|error| self.refused(&socket, &words, &error))?;
        Ok(received.map(|datagram| datagram.bytes))
    }

    /// Sends a datagram.
    pub fn write(&self, bytes: &[u8]) -> Outcome<()> {
        let words = format!("send to {}", self.peer);
        let socket = self.socket.socket(&words)?;
        match socket.send_with_flags(bytes, libc::MSG_NOSIGNAL) {
            Ok(_) => Ok(()),
            Err(error) => Err(self.refused(&socket, &words, &error)),
        }
    }

    fn refused(&self, socket: &Socket, words: &str, error: &io::Error) -> Box<Failure> {
        let mut failure = explain_send(words, error);
        failure.object = self.peer.to_string();
        let told_by = icmp_error(socket, Family::of(self.peer.ip()));
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
            socket: Held::new(socket),
        })
    }

    /// A socket at which datagrams arrive, in the current namespace.
    pub(super) fn udp_listening(&self, at: SocketAddr) -> Outcome<Socket> {
        self.settle();
        let socket = datagrams::listen(&self.opener(), at);
        socket.map_err(|error| self.explain_listen(at, &error))
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
        let settings = Settings {
            scope: resolved.scope.as_deref(),
            iface: options.iface.as_deref(),
            source: options.source,
            ttl: options.ttl,
            ..Settings::to(resolved.address)
        };
        let connected = datagrams::connect(&self.opener(), &settings, port, options.broadcast);
        let connected = connected.and_then(|socket| {
            let (local, peer) = tcp::ends(&socket).map_err(|error| settings.not_sent(error))?;
            let socket = Held::new(socket);
            Ok(Conversation {
                local,
                peer,
                socket,
            })
        });
        let conversation =
            connected.map_err(|error| self.explain_probe(&probe, &resolved, &error))?;
        conversation.write(bytes)?;
        Ok(conversation)
    }
}
