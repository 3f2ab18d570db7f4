//! The one packet that is sent: an echo request, the first packet of a TCP connection, a datagram. And what became of it.

use std::fmt;
use std::net::IpAddr;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use nix::errno::Errno;

use crate::kernel::error::Result;
use crate::kernel::nft::list;
use crate::kernel::nft::trace::Step;
use crate::kernel::wait::Waiter;
use crate::probe::ping::PingOptions;

use super::super::Lab;
use super::super::failure::{Failure, Outcome};
use super::super::tcp::ConnectOptions;
use super::super::trace::Trace;
use super::super::udp::SendOptions;
use super::Asked;

/// What is sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Protocol {
    /// An echo request.
    Icmp,
    /// The beginning of a connection to a port.
    Tcp(u16),
    /// A datagram to a port.
    Udp(u16),
}

impl Protocol {
    /// `IPPROTO_*`.
    pub(super) fn number(self, to: IpAddr) -> u8 {
        match self {
            Protocol::Icmp if to.is_ipv4() => 1,
            Protocol::Icmp => 58,
            Protocol::Tcp(_) => 6,
            Protocol::Udp(_) => 17,
        }
    }

    /// Its port.
    pub(super) fn port(self) -> Option<u16> {
        match self {
            Protocol::Icmp => None,
            Protocol::Tcp(port) | Protocol::Udp(port) => Some(port),
        }
    }
}

impl fmt::Display for Protocol {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Protocol::Icmp => f.write_str("an echo request"),
            Protocol::Tcp(port) => write!(f, "a connection to TCP port {port}"),
            Protocol::Udp(port) => write!(f, "a datagram to UDP port {port}"),
        }
    }
}

impl Asked {
    pub(super) fn words(&self) -> String {
        let mut words = format!("{} to {}", self.protocol, self.to);
        if let Some(source) = self.source {
            words += &format!(" from {source}");
        }
        if let Some(iface) = &self.iface {
            words += &format!(" out of {iface}");
        }
        words
    }
}

/// What became of the probe.
#[derive(Debug)]
pub(super) enum Fate {
    /// An answer came.
    Answered,
    /// Nothing came.
    Silence,
    /// An error came back by ICMP, in its words.
    Error(String),
    /// Somebody answered that nobody is there: a reset, or an unreachable port.
    Refused,
    /// No answer came, and somebody listens where it went: with datagrams that is all that can be known.
    Heard,
    /// It could not even be sent.
    Unsent(Box<Failure>),
}

impl Fate {
    pub(super) fn is_answer(&self) -> bool {
        matches!(self, Fate::Answered | Fate::Heard)
    }

    pub(super) fn words(&self) -> String {
        match self {
            Fate::Answered => "an answer came".into(),
            Fate::Silence => "no answer came".into(),
            Fate::Error(words) => words.clone(),
            Fate::Refused => "it was refused".into(),
            Fate::Heard => "it came to somebody who listens; UDP promises no answer".into(),
            Fate::Unsent(failure) => failure.message.clone(),
        }
    }
}

/// The probe, under a trace.
pub(super) struct Sent {
    pub(super) outcome: Fate,
    pub(super) trace: Trace,
    /// When it was over, since 1970: what came later is another's.
    pub(super) until: Duration,
    /// What the rules of each namespace did with packets meanwhile.
    pub(super) rules: Vec<(String, Vec<Step>)>,
}

/// Sends it from the current namespace.
pub(super) fn send(lab: &Lab, asked: &Asked, waiter: &dyn Waiter) -> Outcome<Sent> {
    let mut rules = Vec::new();
    let with_rules: Vec<String> = lab
        .open_netns()
        .into_iter()
        .filter(|netns| has_rules(lab, netns.name()))
        .map(|netns| netns.name().to_owned())
        .collect();
    let (sent, trace) = lab.trace_probe(|| {
        under_rules(lab, &with_rules, &mut rules, &mut || {
            let outcome = one(lab, asked, waiter)?;
            let now = SystemTime::now().duration_since(UNIX_EPOCH);
            Ok((outcome, now.unwrap_or(Duration::MAX)))
        })
    })?;
    let (outcome, until) = sent?;
    Ok(Sent {
        outcome,
        until,
        trace,
        rules,
    })
}

/// Whether packets meet rules there.
fn has_rules(lab: &Lab, netns: &str) -> bool {
    let tables = || -> Result<bool> {
        let namespace = lab.netns(netns)?.namespace()?;
        Ok(!list::ruleset(namespace.netfilter()?, None)?.is_empty())
    };
    tables().unwrap_or(false)
}

/// Runs `work` with the rules of all these namespaces telling what they do.
fn under_rules<T>(
    lab: &Lab,
    netns: &[String],
    heard: &mut Vec<(String, Vec<Step>)>,
    work: &mut dyn FnMut() -> Outcome<T>,
) -> Outcome<T> {
    let Some((first, others)) = netns.split_first() else {
        return work();
    };
    let current = lab.current();
    let there = lab
        .netns(first)
        .map_err(|error| lab.explain_question("look at the rules", &error))?;
    let traced = lab.within(&there, || {
        lab.traced(|| lab.within(&current, || under_rules(lab, others, heard, work)))
    });
    let traced = traced.map_err(|error| lab.explain_question("look at the rules", &error))??;
    heard.push((first.clone(), traced.steps));
    traced
        .value
        .map_err(|error| lab.explain_question("come back", &error))?
}

fn one(lab: &Lab, asked: &Asked, waiter: &dyn Waiter) -> Outcome<Fate> {
    match asked.protocol {
        Protocol::Icmp => Ok(echo(lab, asked, waiter)),
        Protocol::Tcp(port) => Ok(connection(lab, asked, port, waiter)),
        Protocol::Udp(port) => Ok(datagram(lab, asked, port, waiter)),
    }
}

fn echo(lab: &Lab, asked: &Asked, waiter: &dyn Waiter) -> Fate {
    let options = PingOptions {
        count: Some(1),
        timeout: Some(asked.timeout),
        size: asked.size,
        ttl: asked.ttl,
        iface: asked.iface.clone(),
        source: asked.source,
        dont_fragment: asked.size > 56,
        ..PingOptions::default()
    };
    let report = lab.ping(&asked.to.to_string(), None, &options, true, waiter);
    match report {
        Err(failure) => Fate::Unsent(failure),
        Ok(report) if report.received > 0 => Fate::Answered,
        Ok(report) => match report.problems.first() {
            Some(problem) => Fate::Error(problem.words.clone()),
            None => Fate::Silence,
        },
    }
}

fn connection(lab: &Lab, asked: &Asked, port: u16, waiter: &dyn Waiter) -> Fate {
    let options = ConnectOptions {
        source: asked.source,
        iface: asked.iface.clone(),
        timeout: asked.timeout,
    };
    match lab.tcp_connect(&asked.to.to_string(), port, &options, waiter) {
        Ok(Some(_)) => Fate::Answered,
        Ok(None) => Fate::Silence,
        Err(failure) => match failure.errno {
            Some(Errno::ECONNREFUSED) => Fate::Refused,
            Some(Errno::ETIMEDOUT) => Fate::Silence,
            _ => Fate::Unsent(failure),
        },
    }
}

fn datagram(lab: &Lab, asked: &Asked, port: u16, waiter: &dyn Waiter) -> Fate {
    let options = SendOptions {
        source: asked.source,
        iface: asked.iface.clone(),
        ..SendOptions::default()
    };
    let answer = lab
        .udp_send(&asked.to.to_string(), port, b"netsh", &options)
        .and_then(|conversation| conversation.read(asked.timeout, waiter));
    match answer {
        Ok(Some(_)) => Fate::Answered,
        Ok(None) => Fate::Silence,
        Err(failure) => match failure.errno {
            Some(Errno::ECONNREFUSED) => Fate::Refused,
            _ => Fate::Unsent(failure),
        },
    }
}
