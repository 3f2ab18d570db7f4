//! arping: who has an IPv4 address, asked by ARP (RFC 826), and whether somebody has it already (RFC 5227).
//!
//! This is what a caller sees: options in, events while it runs, a report at the end. The behaviour is that of iputils: the
//! first question goes to all, the next ones only to who answered, unless all are to be asked each time; an answer is one that
//! comes from the address. The places where it is not are said here:
//! - every reply is held against the question before it, and is a duplicate if that one was answered already;
//! - the time of a reply is when the kernel got it, not when it was looked at;
//! - the source need not be an address of this machine's.

use std::io;
use std::net::Ipv4Addr;
use std::time::{Duration, Instant};

use super::round_trips::{RoundTrips, milliseconds};
use super::timestamp::{Departure, clock};
use crate::kernel::error::Error;
use crate::kernel::mac::Mac;
use crate::kernel::packet_socket::at_link::{Arrival, Listener, Parcel, Sender};
use crate::kernel::wait::{GLANCE, Waiter};
use crate::packet::layers::{self, Layer, Link, Packet, Seen, Value, walk};

/// The EtherType of ARP.
pub const ETH_P_ARP: u16 = 0x0806;

/// How many replies the report keeps. All are counted.
const KEPT: usize = 10_000;

const BROADCAST: [u8; 6] = [0xff; 6];
const ASK: u64 = 1;
const TELL: u64 = 2;

/// Of `struct sockaddr_ll`: a packet for this host.
const PACKET_HOST: u8 = 0;

/// What is asked, and how.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ArpingOptions {
    /// How many questions; none: until interrupted.
    pub count: Option<u64>,
    /// From one question to the next.
    pub interval: Duration,
    /// How long to wait after the last one.
    pub timeout: Duration,
    /// When to stop whatever has come.
    pub deadline: Option<Duration>,
    /// Stop at the first reply.
    pub first: bool,
    /// Ask all each time.
    pub broadcast: bool,
    /// Find out whether somebody else has the address.
    pub dad: bool,
    /// Tell all who has the address, and wait for nothing.
    pub unsolicited: bool,
}

/// What is known before the first question goes out.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Start {
    /// Who is asked for.
    pub destination: Ipv4Addr,
    /// Who asks.
    pub source: Ipv4Addr,
    /// The hardware address of who asks.
    pub mac: Mac,
    /// The link.
    pub iface: String,
}

/// An answer.
#[derive(Debug, Clone, PartialEq)]
pub struct Reply {
    /// Which question it answers, counted from 1.
    pub sequence: u64,
    /// Who has the address.
    pub mac: Mac,
    /// From the question to it, in ms.
    pub time: f64,
    /// It was a question of the other's own.
    pub is_request: bool,
    /// It went to all.
    pub is_broadcast: bool,
    /// The address that it was for.
    pub to: Ipv4Addr,
    /// The hardware address that it was for.
    pub to_mac: Mac,
    /// Another answer to this question had come before.
    pub duplicate: bool,
}

/// What came out.
#[derive(Debug, Clone)]
pub struct Report {
    /// What was asked.
    pub start: Start,
    /// Questions that were sent.
    pub transmitted: u64,
    /// Those that went to all.
    pub broadcasts: u64,
    /// Questions that were answered.
    pub answered: u64,
    /// Answers.
    pub received: u64,
    /// Those that went to all.
    pub broadcasts_received: u64,
    /// Those that were questions.
    pub requests_received: u64,
    /// Who answered, in the order in which they did.
    pub macs: Vec<Mac>,
    /// From the start to the end, in ms.
    pub time: f64,
    /// The times of the answers.
    pub round_trips: RoundTrips,
    /// The first 10 000 answers.
    pub replies: Vec<Reply>,
}

/// Where it is asked, and listened.
#[derive(Clone, Copy)]
pub struct Wire<'a> {
    /// What sends.
    pub sender: &'a Sender,
    /// What hears ARP.
    pub listener: &'a Listener,
    /// The link.
    pub index: u32,
}

/// Asks until all is in, the time is over or the waiter wants no more. `on_reply` is told of each answer as it comes.
pub fn arping(
    wire: Wire<'_>,
    start: Start,
    options: &ArpingOptions,
    waiter: &dyn Waiter,
    on_reply: &mut dyn FnMut(&Start, &Reply),
) -> Result<Report, Error> {
    let mut session = Session {
        wire,
        options,
        known: None,
        departure: None,
        is_answered: false,
        on_reply,
        report: Report {
            start,
            transmitted: 0,
            broadcasts: 0,
            answered: 0,
            received: 0,
            broadcasts_received: 0,
            requests_received: 0,
            macs: Vec::new(),
            time: 0.0,
            round_trips: RoundTrips::default(),
            replies: Vec::new(),
        },
    };
    let begun = Instant::now();
    let outcome = session.run(begun, waiter);
    session.report.time = milliseconds(begun.elapsed());
    outcome.map(|()| session.report)
}

/// A question, or an announcement, as bytes.
pub fn request(start: &Start, to: [u8; 6], operation: u64) -> Result<Vec<u8>, Error> {
    let mac = start.mac.bytes();
    let header = |name: &str, fields: Vec<(&'static str, Value)>| {
        let kind = layers::kind(name);
        let layer = kind.map(|kind| Layer { kind, fields });
        layer.ok_or_else(|| Error::Unreadable(format!("there is no header {name}")))
    };
    let packet = Packet {
        layers: vec![
            header(
                "ether",
                vec![("daddr", Value::Mac(to)), ("saddr", Value::Mac(mac))],
            )?,
            header(
                "arp",
                vec![
                    ("operation", Value::Number(operation)),
                    ("saddr_ether", Value::Mac(mac)),
                    ("saddr_ip", Value::Ip(start.source.into())),
                    // As in iputils: those who look at it find all of it set (RFC 826 leaves it open).
                    ("daddr_ether", Value::Mac(to)),
                    ("daddr_ip", Value::Ip(start.destination.into())),
                ],
            )?,
        ],
        payload: Vec::new(),
    };
    layers::encode(&packet).map_err(|error| Error::Unreadable(error.to_string()))
}

struct Session<'a> {
    wire: Wire<'a>,
    options: &'a ArpingOptions,
    /// Who answered last: the next question is for that one.
    known: Option<Mac>,
    departure: Option<Departure>,
    is_answered: bool,
    on_reply: &'a mut dyn FnMut(&Start, &Reply),
    report: Report,
}

impl Session<'_> {
    fn run(&mut self, begun: Instant, waiter: &dyn Waiter) -> Result<(), Error> {
        let mut next = begun;
        let mut buffer = [0; 2048];
        let over = |now: Instant| {
            let deadline = self.options.deadline;
            deadline.is_some_and(|deadline| now.duration_since(begun) >= deadline)
        };
        loop {
            let now = Instant::now();
            if waiter.is_interrupted() || over(now) {
                return Ok(());
            }
            let options = self.options;
            let has_more = options
                .count
                .is_none_or(|count| self.report.transmitted < count);
            if now >= next {
                if !has_more {
                    return Ok(());
                }
                self.ask()?;
                let is_last = options
                    .count
                    .is_some_and(|count| self.report.transmitted >= count);
                next = now
                    + match is_last {
                        true if options.unsolicited => Duration::ZERO,
                        true => options.timeout,
                        false => options.interval,
                    };
            } else {
                let left = next.saturating_duration_since(now);
                let left = match options.deadline {
                    Some(deadline) => left.min(deadline.saturating_sub(begun.elapsed())),
                    None => left,
                };
                waiter.wait(&[self.wire.listener.watched()?], left.min(GLANCE))?;
            }
            while let Some(arrival) = self.take(&mut buffer)? {
                let bytes = buffer.get(..arrival.length).unwrap_or_default();
                if self.reply(bytes, &arrival) && options.first {
                    return Ok(());
                }
            }
        }
    }

    fn take(&self, buffer: &mut [u8]) -> io::Result<Option<Arrival>> {
        self.wire.listener.receive(buffer)
    }

    fn ask(&mut self) -> Result<(), Error> {
        let is_for_all = self.options.broadcast || self.options.dad || self.options.unsolicited;
        let to = self.known.filter(|_| !is_for_all);
        let bytes = request(
            &self.report.start,
            to.map_or(BROADCAST, |mac| mac.bytes()),
            ASK,
        )?;
        let parcel = Parcel::new(bytes, ETH_P_ARP, self.wire.index);
        let (departure, sent) = Departure::of(|| self.wire.sender.send(&parcel, 1));
        sent?;
        self.departure = Some(departure);
        self.is_answered = false;
        self.report.transmitted += 1;
        self.report.broadcasts += u64::from(to.is_none());
        Ok(())
    }

    /// Takes a packet for an answer, if it is one.
    fn reply(&mut self, bytes: &[u8], arrival: &Arrival) -> bool {
        let seen = walk(bytes, Link::Ethernet);
        let Some(arp) = seen.iter().find(|layer| layer.kind.name == "arp") else {
            return false;
        };
        let Some(departure) = self.departure else {
            return false;
        };
        let Some(told) =
            Told::read(arp).filter(|told| told.answers(&self.report.start, self.options))
        else {
            return false;
        };
        let arrived = arrival.at.unwrap_or_else(clock);
        let time = departure.round_trip(arrived);
        let report = &mut self.report;
        let reply = Reply {
            sequence: report.transmitted,
            mac: told.mac,
            time: milliseconds(time),
            is_request: told.is_request,
            is_broadcast: arrival.packet_type != PACKET_HOST,
            to: told.to,
            to_mac: told.to_mac,
            duplicate: self.is_answered,
        };
        report.round_trips.add(time);
        report.received += 1;
        report.answered += u64::from(!self.is_answered);
        report.broadcasts_received += u64::from(reply.is_broadcast);
        report.requests_received += u64::from(reply.is_request);
        if !report.macs.contains(&told.mac) && report.macs.len() < KEPT {
            report.macs.push(told.mac);
        }
        self.is_answered = true;
        self.known = Some(told.mac);
        (self.on_reply)(&report.start, &reply);
        if report.replies.len() < KEPT {
            report.replies.push(reply);
        }
        true
    }
}

/// What a packet of ARP tells.
struct Told {
    is_request: bool,
    mac: Mac,
    from: Ipv4Addr,
    to_mac: Mac,
    to: Ipv4Addr,
}

impl Told {
    fn read(arp: &Seen<'_>) -> Option<Told> {
        // Of Ethernet and IPv4, as all of ours is.
        let is_usual = [("htype", 1), ("ptype", 0x0800), ("hlen", 6), ("plen", 4)]
            .iter()
            .all(|(name, usual)| arp.number(name) == Some(*usual));
        let operation = arp.number("operation")?;
        let mac = |name: &str| match arp.value(name)? {
            Value::Mac(bytes) => Mac::from_bytes(&bytes),
            _ => None,
        };
        let ip = |name: &str| match arp.address(name)? {
            std::net::IpAddr::V4(address) => Some(address),
            std::net::IpAddr::V6(_) => None,
        };
        if !is_usual || !matches!(operation, ASK | TELL) {
            return None;
        }
        Some(Told {
            is_request: operation == ASK,
            mac: mac("saddr_ether")?,
            from: ip("saddr_ip")?,
            to_mac: mac("daddr_ether")?,
            to: ip("daddr_ip")?,
        })
    }

    /// Whether it is about the address that was asked for (recv_pack in arping.c of iputils).
    fn answers(&self, start: &Start, options: &ArpingOptions) -> bool {
        if self.from != start.destination || options.unsolicited {
            return false;
        }
        match options.dad {
            // Who has it need not tell it to us.
            true => {
                self.mac != start.mac && (start.source.is_unspecified() || self.to == start.source)
            }
            false => self.to == start.source && self.to_mac == start.mac,
        }
    }
}

#[cfg(test)]
mod tests;
