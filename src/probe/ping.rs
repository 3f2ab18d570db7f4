//! ping: echo requests out, echo replies and the errors that come instead, counted and timed.
//!
//! This is what a caller sees: options in, events while it runs, a report at the end. The behaviour is that of iputils, and the
//! places where it is not are said here:
//! - the sequence is counted on past 65535 in what is reported; the wire has its lower 16 bits;
//! - `timeout` is how long to wait after the last request, also when replies have come (iputils then takes twice the longest round trip);
//! - payloads too small for a time stamp are timed nevertheless, as the times are kept here and not read from the reply;
//! - a reply that was not asked for, by identifier, sequence and payload, is not counted, whatever its sender claims;
//! - an error that is made on this host (no answer to ARP) is reported also when the socket is bound to an interface;
//! - a link-local destination needs a scope or an interface, none is guessed; broadcast addresses are refused.
//!
//! With a `deadline`, as with `ping -w`, `count` is the number of replies to wait for, requests go out until then, and an error ends it.
//!
//! The work is done in `ping_session`; the lines that people read are in `ping_text`, names become addresses in `resolve`.

use std::net::IpAddr;
use std::time::Duration;

use super::error::ProbeError;
use super::icmp_socket::IcmpSocket;
use super::ping_session::{Session, link_local_scope};
use super::socket_settings::{MtuDiscovery, OpenSocket, Settings, source_address};
use crate::kernel::wait::Waiter;
use crate::packet::icmp::{ECHO_HEADER, FaultKind};

/// What can keep a ping from being made.
pub type PingError = ProbeError;

/// How to ping.
#[derive(Debug, Clone)]
pub struct PingOptions {
    /// How many requests to send (with `deadline`: how many replies to wait for); none: until interrupted.
    pub count: Option<u64>,
    /// From one request to the next; zero is as fast as replies come, at least one each 10 ms.
    pub interval: Duration,
    /// How long to wait for replies after the last request.
    pub timeout: Option<Duration>,
    /// When to stop whatever has come.
    pub deadline: Option<Duration>,
    /// Bytes of payload.
    pub size: usize,
    /// Time to live, or hop limit.
    pub ttl: Option<u8>,
    /// The interface to use, whatever the routes say.
    pub iface: Option<String>,
    /// The address to send from.
    pub source: Option<IpAddr>,
    /// Forbid fragments, here and on the way.
    pub dont_fragment: bool,
    /// What to fill the payload with, repeated; empty: 0, 1, 2, ...
    pub pattern: Vec<u8>,
    /// Send the next request as soon as a reply comes or 10 ms are over.
    pub flood: bool,
    /// How many requests go out at once in the beginning, before any reply.
    pub preload: u64,
}

impl Default for PingOptions {
    fn default() -> Self {
        Self {
            count: Some(4),
            interval: Duration::from_secs(1),
            timeout: None,
            deadline: None,
            size: 56,
            ttl: None,
            iface: None,
            source: None,
            dont_fragment: false,
            pattern: Vec::new(),
            flood: false,
            preload: 1,
        }
    }
}

/// What is known before the first request goes out.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Start {
    /// Where the requests go.
    pub destination: IpAddr,
    /// The interface of a link-local destination.
    pub scope: Option<String>,
    /// The address that they come from.
    pub source: Option<IpAddr>,
    /// The interface that they have to take.
    pub iface: Option<String>,
    /// Whether interface or source were asked for.
    pub bound: bool,
    /// Bytes of payload.
    pub size: usize,
}

/// An echo reply.
#[derive(Debug, Clone, PartialEq)]
pub struct Reply {
    /// Which request it answers, counted from 1.
    pub sequence: u64,
    /// Who sent it.
    pub from: IpAddr,
    /// The interface of a link-local address.
    pub scope: Option<String>,
    /// The bytes of the ICMP message.
    pub bytes: usize,
    /// The time to live or hop limit that was left.
    pub ttl: Option<u8>,
    /// The round-trip time in milliseconds.
    pub time: f64,
    /// Another reply to this request had come before.
    pub duplicate: bool,
    /// The checksum is wrong.
    pub corrupted: bool,
    /// Shorter than the request.
    pub truncated: bool,
    /// From another address than the one that was pinged.
    pub different_address: bool,
}

/// What a problem is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum ProblemKind {
    /// An ICMP error came in.
    Icmp(FaultKind),
    /// The request is larger than the MTU of the way and must not be fragmented: it was not sent.
    TooLong,
    /// The kernel refused to send.
    NotSent,
}

/// What came, or happened, instead of a reply.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problem {
    /// What it is about.
    pub kind: ProblemKind,
    /// Which request it is about, counted from 1.
    pub sequence: u64,
    /// Who told of it; none: this host's kernel, as the answer to sending.
    pub from: Option<IpAddr>,
    /// The interface of a link-local address.
    pub scope: Option<String>,
    /// The ICMP type.
    pub icmp_type: Option<u8>,
    /// The ICMP code.
    pub icmp_code: Option<u8>,
    /// In the words of iputils.
    pub words: String,
    /// The MTU that would do.
    pub mtu: Option<u32>,
    /// The better gateway that a redirect names.
    pub gateway: Option<IpAddr>,
    /// The kernel's errno.
    pub errno: Option<i32>,
}

/// What happens during a ping, as it happens.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Event<'a> {
    /// Requests are about to go out.
    Start(&'a Start),
    /// One more request of a flood went out.
    Sent,
    /// The first reply to a request.
    Reply(&'a Reply),
    /// One more reply to a request.
    Duplicate(&'a Reply),
    /// A reply with a wrong checksum; it counts for nothing.
    Corrupted(&'a Reply),
    /// Something else than a reply.
    Problem(&'a Problem),
}

/// What came out.
#[derive(Debug, Clone, PartialEq)]
pub struct Report {
    /// Where the requests went, and how.
    pub start: Start,
    /// Requests sent (or tried to send).
    pub transmitted: u64,
    /// Requests that were answered.
    pub received: u64,
    /// Replies beyond the first to a request.
    pub duplicates: u64,
    /// Replies with a wrong checksum.
    pub corrupted: u64,
    /// Errors: ICMP errors (but for redirects) and requests that were too long.
    pub errors: u64,
    /// Percent of the requests that were not answered.
    pub loss: f64,
    /// From the start to the last request, in ms.
    pub time: f64,
    /// The shortest round trip in ms, duplicates included here and in the next three.
    pub rtt_min: Option<f64>,
    /// The mean of the round trips in ms.
    pub rtt_avg: Option<f64>,
    /// The longest round trip in ms.
    pub rtt_max: Option<f64>,
    /// The standard deviation of the round trips in ms.
    pub rtt_mdev: Option<f64>,
    /// The most requests that were on their way at once.
    pub pipe: u64,
    /// For a flood: from one request to the next in ms, and the moving average of the round trips.
    pub pace: Option<(f64, f64)>,
    /// The first 10 000 replies in the order of their coming, duplicates included (and marked), corrupted ones not.
    pub replies: Vec<Reply>,
    /// The first 10 000 problems in the order of their coming.
    pub problems: Vec<Problem>,
    /// Stopped from outside.
    pub interrupted: bool,
}

/// Pings until all is in, the time is over or `waiter` says so.
///
/// `open` makes a socket in the network namespace to ping from. `scope` is the interface of a link-local address. `waiter`
/// is asked at least each 100 ms. `on_event` is told what happens as it happens.
///
/// # Errors
/// When the socket can't be had or set up as the options want, or the first request can't be sent. What goes wrong later, or comes
/// back as an ICMP error, is a [`Problem`] in the report.
pub fn ping(
    open: &OpenSocket<'_>,
    destination: IpAddr,
    scope: Option<&str>,
    options: &PingOptions,
    waiter: &dyn Waiter,
    on_event: &mut dyn FnMut(&Event<'_>),
) -> Result<Report, PingError> {
    check_size(destination, options.size)?;
    let settings = Settings {
        destination,
        scope,
        iface: options.iface.as_deref(),
        source: options.source,
        ttl: options.ttl,
        discovery: match options.dont_fragment {
            true => MtuDiscovery::Do,
            false => MtuDiscovery::Usual,
        },
    };
    let socket = IcmpSocket::open(open, &settings)?;
    if options.flood {
        socket.stamp_arrivals_only();
    }
    let start = Start {
        destination,
        scope: link_local_scope(destination, scope.or(settings.iface)),
        source: source_address(open, &settings)?,
        iface: options.iface.clone(),
        bound: options.iface.is_some() || options.source.is_some(),
        size: options.size,
    };
    let mut session = Session::new(socket, options, start, on_event);
    session.run(waiter)?;
    Ok(session.finish())
}

/// The payload that fits into the largest packet: 16 bits of length, and the IPv4 header counts.
fn check_size(destination: IpAddr, size: usize) -> Result<(), PingError> {
    let limit = match destination {
        IpAddr::V4(_) => 65_535 - 20 - ECHO_HEADER,
        IpAddr::V6(_) => 65_535 - ECHO_HEADER,
    };
    if size > limit {
        return Err(PingError::TooLarge { size, limit });
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_stop_at_the_largest_packet() {
        for (destination, limit) in [("127.0.0.1", 65_507), ("::1", 65_527)] {
            let destination = destination.parse().expect("an address");
            assert!(check_size(destination, limit).is_ok());
            let error = check_size(destination, limit + 1).expect_err("too large");
            assert_eq!(error.option(), Some("size"));
        }
    }
}
