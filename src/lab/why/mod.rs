//! Why a packet does not get there, or nothing comes back.
//!
//! One probe is sent under a trace. Where its journey ends is where to look: in the order in which the kernel handles a packet
//! there, each suspect is asked whether it did it, by what the kernel itself says: its answer to a question about the route, the
//! rule that decided on the packet, the state of a neighbour, a port, a sysctl. The first that did is the cause.
//!
//! | file | what it is |
//! |---|---|
//! | `cause` | the causes, and their names |
//! | `probe` | the one packet that is sent, and what became of it |
//! | `state` | the links, neighbours and settings of all namespaces |
//! | `segments` | the wires between the links |
//! | `follow` | where the journey ended |
//! | `scene` | where a packet stopped, and all that there is to ask there |
//! | `ways` | what the kernel says of its way from there |
//! | `suspects` | who could have done it, in order |
//! | `rules`, `links`, `neighbours`, `bridges`, `vlans`, `tunnels`, `hosts`, `nat` | the suspects |
//! | `routes`, `policy`, `gateways`, `wires`, `hops`, `sizes`, `masquerade` | those of the way: what the kernel answers, and what it depends on |
//! | `frames` | the way of a frame through cables, bridges and VXLANs |
//! | `seen` | what a rule of nftables looked at |
//! | `verdict_maps` | which element of a map dropped a packet |

mod bridges;
mod cause;
mod follow;
mod frames;
mod gateways;
mod hops;
mod hosts;
mod links;
mod masquerade;
mod nat;
mod neighbours;
mod policy;
mod probe;
mod routes;
mod rules;
mod scene;
mod seen;
mod segments;
mod sizes;
mod state;
mod suspects;
mod tunnels;
mod verdict_maps;
mod vlans;
mod ways;
mod wires;

use std::net::{IpAddr, Ipv4Addr};
use std::rc::Rc;
use std::time::Duration;

use nix::errno::Errno;

use crate::kernel::link::Link;
use crate::kernel::wait::Waiter;

use super::Lab;
use super::failure::{Failure, Outcome};
use super::netns::Netns;
use super::trace::Trace;

use follow::Stop;
use probe::Fate;

pub use cause::Cause;
pub use probe::Protocol;

/// How often a probe is sent that had to wait for an answer to an older question.
const TRIES: usize = 3;

/// What is asked.
#[derive(Debug, Clone)]
pub struct Asked {
    /// Where a packet is to get.
    pub to: IpAddr,
    /// What is sent.
    pub protocol: Protocol,
    /// The address that it comes from.
    pub source: Option<IpAddr>,
    /// The link that it leaves by, whatever the routes say.
    pub iface: Option<String>,
    /// How many bytes it carries.
    pub size: usize,
    /// How many routers may pass it on.
    pub ttl: Option<u8>,
    /// How long to wait for an answer.
    pub timeout: Duration,
}

/// What was found.
#[derive(Debug, Default)]
pub struct Verdict {
    /// Whether an answer came.
    pub works: bool,
    /// The probe, in words.
    pub probe: String,
    /// What became of it, in words.
    pub outcome: String,
    /// Whether it is the way back that fails.
    pub back: bool,
    /// The way that the packet took, each place in words.
    pub path: Vec<String>,
    /// The way of the answer.
    pub way_back: Vec<String>,
    /// The cause; None if there is nothing to mend, or none was found.
    pub finding: Option<Finding>,
    /// The namespace where it got no further.
    pub netns: String,
    /// The link where it was seen last.
    pub link: Option<String>,
    /// What was looked at and is in order.
    pub ruled_out: Vec<&'static str>,
    /// All packets.
    pub trace: Rc<Trace>,
}

/// A cause.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finding {
    /// Its name for scripts, `link_down` for example.
    pub cause: Cause,
    /// What it is, in a sentence.
    pub words: String,
    /// What was read that shows it: what it is, and its value.
    pub evidence: Vec<(String, String)>,
    /// The line that mends it; None if netsh can't tell.
    pub mend: Option<String>,
}

impl Finding {
    fn new(cause: Cause, words: impl Into<String>) -> Self {
        Finding {
            cause,
            words: words.into(),
            evidence: Vec::new(),
            mend: None,
        }
    }

    fn shown_by(mut self, what: impl Into<String>, value: impl Into<String>) -> Self {
        self.evidence.push((what.into(), value.into()));
        self
    }

    fn mended_by(mut self, line: impl Into<String>) -> Self {
        self.mend = Some(line.into());
        self
    }
}

const BROADCAST: &str = "is not one host but all of a network (broadcast)";

/// What an address is in a network with a prefix of this length, if it is no host there.
fn no_host(address: Ipv4Addr, prefix: u8) -> Option<&'static str> {
    let bits = u32::MAX.checked_shr(prefix.into()).unwrap_or(0);
    match u32::from(address) & bits {
        0 => Some("is the address of a network, and of no host in it"),
        host if host == bits => Some(BROADCAST),
        _ => None,
    }
}

impl Lab {
    /// Sends one probe from a namespace, and tells how far it gets and why no further. What mends it is for the current one.
    pub fn why(&self, from: &Rc<Netns>, asked: &Asked, waiter: &dyn Waiter) -> Outcome<Verdict> {
        let mut asked = asked.clone();
        if let Some(iface) = &mut asked.iface {
            *iface = self.first_name(from, iface)?;
        }
        let asked = &asked;
        self.expect_host(from, asked)?;
        let mut tries = 0;
        loop {
            tries += 1;
            let before = state::losses(self);
            let sent = self.within(from, || probe::send(self, asked, waiter));
            let sent =
                sent.map_err(|error| self.explain_question("send a probe", &error).blame("from"))??;
            let state = state::State::gather(self, from.name(), before);
            let course = follow::course(&sent, &state, asked);
            let mut verdict = Verdict {
                probe: asked.words(),
                outcome: sent.outcome.words(),
                path: course.there.clone(),
                way_back: course.back.clone(),
                works: sent.outcome.is_answer(),
                ..Verdict::default()
            };
            // Who was asked for its hardware address in vain is asked again a second later, and what waits for that can miss
            // the time of the probe: it left too late, or nothing is seen to keep it.
            let mut is_early =
                course.is_late || neighbours::is_waiting(&sent, &state, asked, &course);
            if !verdict.works {
                verdict.back = course.is_back;
                verdict.netns = course.netns.clone();
                verdict.link = course.link.clone();
                suspects::ask(&sent, &state, asked, &course, &mut verdict);
                let cause = verdict.finding.as_ref().map(|finding| finding.cause);
                is_early &= !cause.is_some_and(Cause::is_certain);
                // What is said for want of anything else may have been a question that was lost; one of ARP is not.
                let is_doubtful = match cause {
                    None => true,
                    Some(Cause::SilentNeighbour) => asked.to.is_ipv6(),
                    Some(_) => false,
                };
                is_early |= is_doubtful && neighbours::has_asked(&sent, &state, asked, &course);
                let is_open = verdict.finding.is_none() && !course.is_packed();
                if is_open && hosts::is_heard(&sent, &state, asked, &course) {
                    verdict.works = true;
                    verdict.outcome = Fate::Heard.words();
                }
                is_early |= course.stop == Stop::Unsent && verdict.finding.is_none();
                // What kept the first may be over by the time that anybody looks, such as an address that was tentative.
                is_early |= verdict.finding.is_none() && tries == 1;
            }
            if verdict.works || !is_early || tries == TRIES || waiter.is_interrupted() {
                verdict.trace = Rc::new(sent.trace);
                return Ok(verdict);
            }
        }
    }

    /// Refuses a destination that is not one host, and one that is on a link of which nothing is said.
    fn expect_host(&self, netns: &Rc<Netns>, asked: &Asked) -> Outcome<()> {
        let to = asked.to;
        let fault = |words: String, hint: String| {
            Err(Failure::new(words)
                .about(to.to_string())
                .blame("destination")
                .hint(hint))
        };
        let one = "ask for the address of one host; trace(|| ...) follows a packet to many";
        if to.is_unspecified() {
            return fault(format!("{to} is no address of a host"), one.into());
        }
        if to.is_multicast() {
            let words = format!("{to} is not one host but a group (multicast)");
            return fault(words, one.into());
        }
        let explain = |error| self.explain_question("list the links", &error);
        let links = self.within(netns, || self.links()).map_err(explain)?;
        let links = links.map_err(explain)?;
        match to {
            IpAddr::V4(address) => {
                // Of two (RFC 3021) and of one, each address is a host.
                let own = links.iter().flat_map(|named| &named.link.addresses);
                let mut networks = own
                    .filter(|addr| addr.local.prefix < 31 && addr.local.address != to)
                    .filter(|addr| state::holds(&addr.local, to));
                let words = match address.is_broadcast() {
                    true => Some(BROADCAST),
                    false => networks.find_map(|addr| no_host(address, addr.local.prefix)),
                };
                if let Some(words) = words.or_else(|| self.no_far_host(address)) {
                    return fault(format!("{to} {words}"), one.into());
                }
            }
            IpAddr::V6(address) => {
                let is_own = links.iter().any(|named| {
                    let mut own = named.link.addresses.iter();
                    own.any(|addr| addr.local.address == to)
                });
                if address.is_unicast_link_local() && asked.iface.is_none() && !is_own {
                    let names = links.iter().map(|named| &named.link);
                    let names: Vec<&str> = names
                        .filter(|link| link.kind != "loopback")
                        .map(|link| link.name.as_str())
                        .collect();
                    let words = format!("{to} is there once on each link: which one is meant?");
                    let hint = match names.as_slice() {
                        [] => format!("{} has no link but lo", netns.name()),
                        [first, ..] => format!(
                            "#{{ iface: {first:?} }} says it; the links are: {}",
                            names.join(", ")
                        ),
                    };
                    return fault(words, hint);
                }
            }
        }
        Ok(())
    }

    /// Why an address is no host's in a network behind others: everybody who is in that network must say so, and nobody have it.
    fn no_far_host(&self, address: Ipv4Addr) -> Option<&'static str> {
        let mut words = None;
        for netns in self.open_netns() {
            let Ok(Ok(links)) = self.within(&netns, || self.links()) else {
                continue;
            };
            let addresses = links.iter().flat_map(|named| &named.link.addresses);
            for addr in addresses.filter(|addr| state::holds(&addr.local, address.into())) {
                let is_whole = addr.local.prefix >= 31 || addr.local.address == address;
                words = Some(no_host(address, addr.local.prefix).filter(|_| !is_whole)?);
            }
        }
        words
    }

    /// The name by which all else calls a link. One that is not there is refused.
    fn first_name(&self, netns: &Rc<Netns>, iface: &str) -> Outcome<String> {
        let explain = |error| self.explain_question("list the links", &error);
        let links = self.within(netns, || self.links()).map_err(explain)?;
        let links = links.map_err(explain)?;
        let mut links = links.into_iter().map(|named| named.link);
        let called =
            |link: &Link| link.name == iface || link.altnames.iter().any(|name| name == iface);
        if let Some(link) = links.find(called) {
            return Ok(link.name);
        }
        let mut failure = Failure::new(format!("there is no link {iface:?} in {}", netns.name()));
        failure.errno = Some(Errno::ENODEV);
        failure.object = iface.into();
        failure.netns = netns.name().into();
        failure.hint = self.link_hint(netns, iface);
        Err(failure.blame("iface"))
    }
}
