//! traceroute: questions whose time to live ends on the way, and who says so.
//!
//! This is what a caller sees: options in, events while it runs, a report at the end. What is printed is that of traceroute(8) for
//! Linux, version 2.1 (`traceroute -n`), and so are the questions: datagrams to ports from 33434 on, echo requests, or the begins
//! of connections to port 80. Where it goes another way:
//! - the questions of a hop go out when the hop before has answered, or after 50 ms, and not 16 of them at once: the destination is
//!   asked no more often than it has to be, and the kernel lets it send only six errors in a row (icmp_ratelimit);
//! - TCP needs no raw socket: a connection is begun as by any program, and broken off;
//! - a hop is printed when all is known about it, not bit by bit.
//!
//! | file | what it is |
//! |---|---|
//! | `session` | the loop: what goes out when, how long to wait, when it is over |
//! | `method` | how a question is asked: a socket for each, or one for echo requests |
//! | [`text`] | the lines for people |

mod method;
mod session;
pub mod text;

use std::net::IpAddr;
use std::time::Duration;

use super::error::ProbeError;
use super::socket_settings::OpenSocket;
use crate::kernel::wait::Waiter;
use crate::packet::icmp::{Family, FaultKind};

use super::attempt::{Answer, Outcome};

/// What is asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Proto {
    /// Datagrams, each to the next port.
    Udp,
    /// Echo requests.
    Icmp,
    /// Connections.
    Tcp,
}

/// What is to be found out, and how.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Options {
    /// What is asked.
    pub proto: Proto,
    /// The port, or the first one.
    pub port: u16,
    /// The first time to live.
    pub first: u8,
    /// The last one.
    pub max_hops: u8,
    /// How many questions for each hop.
    pub queries: u8,
    /// How long to wait for an answer. When nothing is said, less where others have answered.
    pub timeout: Option<Duration>,
    /// The link to leave by.
    pub iface: Option<String>,
    /// The address to come from.
    pub source: Option<IpAddr>,
    /// How large the packets are; as small as usual if nothing is said.
    pub size: Option<usize>,
    /// Forbid fragments.
    pub dont_fragment: bool,
}

/// What is known before the first question.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Start {
    /// Where the way leads.
    pub destination: IpAddr,
    /// Of a link-local address, its link.
    pub scope: Option<String>,
    /// The last time to live.
    pub max_hops: u8,
    /// How large the packets are.
    pub size: usize,
}

/// A question and its answer.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Query {
    /// Who answered; None is nobody, or this host.
    pub from: Option<IpAddr>,
    /// How long it took, in ms.
    pub time: Option<f64>,
    /// Type and code, if the answer was an error of ICMP.
    pub icmp: Option<(u8, u8)>,
    /// What comes with some types: the MTU.
    pub info: u32,
    /// What traceroute says of it: `!H`.
    pub note: Option<String>,
    /// There is no further hop.
    pub is_final: bool,
    /// The destination itself has answered.
    pub reached: bool,
}

/// All questions with one time to live.
#[derive(Debug, Clone, PartialEq)]
pub struct Hop {
    /// The time to live.
    pub ttl: u8,
    /// The questions.
    pub queries: Vec<Query>,
}

/// What was found out.
#[derive(Debug, Clone, PartialEq)]
pub struct Report {
    /// What was known before.
    pub start: Start,
    /// The hops, the first one first.
    pub hops: Vec<Hop>,
    /// Whether the destination itself has answered.
    pub reached: bool,
    /// Somebody stopped it.
    pub interrupted: bool,
}

/// What happens.
#[derive(Debug, Clone, Copy)]
pub enum Event<'a> {
    /// It begins.
    Start(&'a Start),
    /// All is known about a hop.
    Hop(&'a Hop),
}

/// Finds the way, until it is known or `waiter` says so.
///
/// # Errors
/// When no socket can be had or set up as the options want, or there is no way to send.
pub fn traceroute(
    open: &OpenSocket<'_>,
    destination: IpAddr,
    scope: Option<&str>,
    options: &Options,
    waiter: &dyn Waiter,
    on_event: &mut dyn FnMut(Event<'_>),
) -> Result<Report, ProbeError> {
    let payload = payload(destination, options)?;
    let start = Start {
        destination,
        scope: super::ping_session::link_local_scope(
            destination,
            scope.or(options.iface.as_deref()),
        ),
        max_hops: options.max_hops,
        size: payload + headers(destination, options.proto),
    };
    on_event(Event::Start(&start));
    let method = method::of(open, destination, scope, options, payload)?;
    session::run(method, start, options, waiter, on_event)
}

/// What goes round the payload: IP, and UDP or ICMP. With TCP traceroute counts the options of the SYN too, 20 bytes.
fn headers(destination: IpAddr, proto: Proto) -> usize {
    let ip = match destination {
        IpAddr::V4(_) => 20,
        IpAddr::V6(_) => 40,
    };
    ip + match proto {
        Proto::Udp | Proto::Icmp => 8,
        Proto::Tcp => 40,
    }
}

/// How large the payload is that makes packets of the size that is wanted.
fn payload(destination: IpAddr, options: &Options) -> Result<usize, ProbeError> {
    const USUAL: usize = 32;
    let headers = headers(destination, options.proto);
    let most = match destination {
        IpAddr::V4(_) => 65_535,
        IpAddr::V6(_) => 65_535 + 40,
    };
    match options.size {
        _ if options.proto == Proto::Tcp => Ok(0),
        None => Ok(USUAL),
        Some(size) if size > most => Err(ProbeError::TooLarge { size, limit: most }),
        // As traceroute does with what is too small.
        Some(size) => Ok(size.saturating_sub(headers)),
    }
}

impl Query {
    /// What an answer means.
    fn of(destination: IpAddr, answer: &Answer) -> Query {
        let family = Family::of(destination);
        let mut query = Query {
            from: answer.from,
            time: Some(super::round_trips::milliseconds(answer.time)),
            is_final: true,
            ..Query::default()
        };
        match &answer.outcome {
            Outcome::Answered | Outcome::Refused => query.reached = true,
            Outcome::TooLong(mtu) => {
                query.info = *mtu;
                query.note = Some(format!("!F-{mtu}"));
            }
            // The kernel gave up without a word of anybody else's.
            Outcome::GivenUp(_) => return Query::default(),
            Outcome::Icmp(error) => {
                let (icmp_type, code) = (error.icmp_type, error.icmp_code);
                query.icmp = Some((icmp_type, code));
                query.info = error.info;
                let exceeded = FaultKind::of(family, icmp_type, code);
                if exceeded == Some(FaultKind::TimeExceeded) && code == 0 {
                    query.is_final = false;
                } else {
                    query.note = text::note(family, icmp_type, code, error.info);
                    query.reached = query.note.is_none() && answer.from == Some(destination);
                }
            }
        }
        query
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::probe::error_queue::QueuedError;

    fn options() -> Options {
        Options {
            proto: Proto::Udp,
            port: 33434,
            first: 1,
            max_hops: 30,
            queries: 3,
            timeout: None,
            iface: None,
            source: None,
            size: None,
            dont_fragment: false,
        }
    }

    #[test]
    fn packets_have_the_size_that_traceroute_gives_them() {
        let (v4, v6) = (
            "10.0.0.1".parse().expect("an address"),
            "fd00::1".parse().expect("an address"),
        );
        let size = |destination, options: &Options| {
            payload(destination, options)
                .map(|payload| payload + headers(destination, options.proto))
        };
        for proto in [Proto::Udp, Proto::Icmp] {
            let options = Options { proto, ..options() };
            assert_eq!(size(v4, &options).ok(), Some(60));
            assert_eq!(size(v6, &options).ok(), Some(80));
            for (wanted, size_of_it) in [(1400, 1400), (0, 28)] {
                let sized = Options {
                    size: Some(wanted),
                    ..options.clone()
                };
                assert_eq!(size(v4, &sized).ok(), Some(size_of_it));
            }
        }
        let tcp = Options {
            proto: Proto::Tcp,
            ..options()
        };
        assert_eq!(size(v4, &tcp).ok(), Some(60));
        let giant = Options {
            size: Some(70_000),
            ..options()
        };
        let error = payload(v4, &giant).expect_err("too large");
        assert_eq!(error.option(), Some("size"));
    }

    #[test]
    fn what_an_answer_means() {
        let destination: IpAddr = "10.0.0.9".parse().expect("an address");
        let router: IpAddr = "10.0.0.1".parse().expect("an address");
        let answer = |from, icmp_type, icmp_code| Answer {
            from: Some(from),
            time: Duration::from_micros(1500),
            outcome: Outcome::Icmp(QueuedError {
                errno: 0,
                origin: 2,
                icmp_type,
                icmp_code,
                info: 1280,
                data: 0,
                offender: Some(from),
            }),
        };
        for (from, icmp_type, code, note, is_final, reached) in [
            (router, 11, 0, None, false, false),
            (router, 3, 1, Some("!H"), true, false),
            (router, 3, 4, Some("!F-1280"), true, false),
            (destination, 3, 3, None, true, true),
            // A firewall on the way that rejects as if it were the destination.
            (router, 3, 3, None, true, false),
        ] {
            let query = Query::of(destination, &answer(from, icmp_type, code));
            assert_eq!(query.note.as_deref(), note);
            assert_eq!((query.is_final, query.reached), (is_final, reached));
            assert_eq!(query.time, Some(1.5));
        }
    }
}
