//! The verb that finds the way that packets take.

use std::collections::BTreeSet;
use std::net::IpAddr;

use rhai::plugin::*;
use rhai::{Dynamic, Map};

use crate::lab::failure::{Failure, Outcome};
use crate::packet::icmp::{self, Family};
use crate::probe::traceroute::text::note_words;
use crate::probe::traceroute::{Hop, Options as Tracing, Proto, Query, Report};

use super::call::RhaiResultOf;
use super::options::{Options, Size};
use super::ping::read_family;
use super::serve::waiting;
use super::value::{array, array_of_maps, map, maybe};

/// How far, and how many questions for each hop, when nothing is said.
const MAX_HOPS: u8 = 30;
const QUERIES: u8 = 3;

/// More questions for a hop than this are refused, as by traceroute.
const MOST_QUERIES: i64 = 10;

/// The first port of datagrams, and the one of connections.
const UDP_PORT: u16 = 33_434;
const TCP_PORT: u16 = 80;

/// The verbs.
#[export_module]
pub mod api {
    /// Finds the routers on the way to a host: questions whose time to live ends there, and who says so.
    ///
    /// Each hop is printed as `traceroute -n` does: `*` is no answer; `!N` network, `!H` host unreachable, `!X` forbidden, `!F-1400`
    /// too large for the next link, which takes 1400 bytes. Datagrams by UDP unless told otherwise. No privilege is needed.
    ///
    /// A kernel sends no more than six errors to one host in a row, and one per second after that (`net.ipv4.icmp_ratelimit`):
    /// routers that are asked often fall silent.
    ///
    /// Equivalent to: `traceroute -n DESTINATION`
    ///
    /// Search words: `tracepath`, `tracert`, `mtr`, `hops`, `path`, `way`, `routers`, `ttl`, `time to live`, `tcptraceroute`
    ///
    /// # Options
    /// - `proto` (word): what is asked: "udp", "icmp" (echo requests) or "tcp" (connections); "udp" unless given
    /// - `port` (int; `-p`): of UDP the first one, 33434, each question has the next; of TCP the only one, 80
    /// - `first` (int; `-f`): the time to live to begin with; 1
    /// - `max_hops` (int; `-m`): the one to end with; 30
    /// - `queries` (int; `-q`): questions for each hop, 10 at most; 3
    /// - `timeout` (duration; `-w`): how long to wait for an answer; 5 s unless given, and no more than 3 times what another of the
    ///   same hop took, or 10 times one of a later hop
    /// - `size` (int, bytes): of the whole packet; 60, with IPv6 80
    /// - `dont_fragment` (bool; `-F`): forbid fragments, here and on the way
    /// - `iface` (link; `-i`): send out of this link, whatever the routes say (SO_BINDTODEVICE)
    /// - `source` (address; `-s`): send from it
    /// - `quiet` (bool): print nothing
    /// - `family` (word): "inet" or "inet6", for a name that has addresses of both
    ///
    /// # Returns
    /// A map: `destination` (the address), `proto`, `reached` (whether the destination itself has answered), `hops` (array of maps:
    /// `ttl`; `address` of who answered first, `()` if nobody did; `addresses`, each once; `times` in ms; `queries`). Each of
    /// `queries` is a map: `from`, `time` in ms, both `()` without an answer; `type` and `code` of an ICMP error; `note` ("!H");
    /// `message` (the error in words).
    ///
    /// # Errors
    /// No route to the destination (ENETUNREACH); an unknown name; a link or source address that is not there.
    ///
    /// # Example
    /// ```rhai
    /// import "topo" as topo;
    /// let office = topo::lan("office", ["alice"], #{ subnet: "10.1.0.0/24" });
    /// let branch = topo::lan("branch", ["bob"], #{ subnet: "10.2.0.0/24" });
    /// topo::router("r1", [office, branch]);
    /// let way = office.hosts.alice.traceroute(branch.addresses.bob);
    /// assert(way.reached && way.hops.len() == 2, "one router is between them");
    /// ```
    #[rhai_fn(return_raw)]
    pub fn traceroute(
        ctx: NativeCallContext,
        destination: &str,
        options: Map,
    ) -> RhaiResultOf<Map> {
        waiting(&ctx, |lab, waiter| {
            let mut options = Options::new(options);
            let family = options.take::<String>("family")?;
            let quiet = options.flag("quiet")?;
            let options = read_options(options)?;
            let prefer = family.map(|family| read_family(&family)).transpose()?;
            let report = lab.traceroute(destination, prefer, &options, quiet, waiter)?;
            Ok(report_map(options.proto, report))
        })
    }
}

fn read_options(mut given: Options) -> Outcome<Tracing> {
    let proto = match given.take::<String>("proto")?.as_deref() {
        None | Some("udp") => Proto::Udp,
        Some("icmp") => Proto::Icmp,
        Some("tcp") => Proto::Tcp,
        Some(other) => {
            return Err(
                Failure::new(format!("a traceroute can't be made with {other:?}"))
                    .blame("proto")
                    .hint("what can be asked with is \"udp\", \"icmp\" or \"tcp\""),
            );
        }
    };
    let port = given.take::<i64>("port")?;
    let first = hops(&mut given, "first", 1)?;
    let max_hops = hops(&mut given, "max_hops", MAX_HOPS.max(first))?;
    let queries = match given.take::<i64>("queries")? {
        None => QUERIES,
        Some(number @ 1..=MOST_QUERIES) => u8::try_from(number).unwrap_or(QUERIES),
        Some(number) => {
            let words =
                format!("{number} is no number of questions: they go from 1 to {MOST_QUERIES}");
            return Err(Failure::new(words).blame("queries"));
        }
    };
    let timeout = given.take("timeout")?;
    let size = given.take::<Size>("size")?;
    let dont_fragment = given.flag("dont_fragment")?;
    let iface = given.take("iface")?;
    let source = given.take::<IpAddr>("source")?;
    given.finish()?;
    if max_hops < first {
        let words = format!("the way can't end at hop {max_hops} when it begins at hop {first}");
        return Err(Failure::new(words).blame("max_hops"));
    }
    if proto == Proto::Icmp && port.is_some() {
        let words = "echo requests of ICMP have no port";
        return Err(Failure::new(words)
            .blame("port")
            .hint("leave the port out, or ask with proto: \"udp\" or \"tcp\""));
    }
    if proto == Proto::Tcp && size.is_some() {
        let words = "the begin of a TCP connection has the size that it has";
        return Err(Failure::new(words)
            .blame("size")
            .hint("leave the size out, or ask with proto: \"udp\" or \"icmp\""));
    }
    let port = match (port, proto) {
        (Some(port), _) => super::endpoint::port_number(port)?,
        (None, Proto::Tcp) => TCP_PORT,
        (None, _) => UDP_PORT,
    };
    Ok(Tracing {
        proto,
        port,
        first,
        max_hops,
        queries,
        timeout,
        iface,
        source,
        size: size.map(|Size(bytes)| usize::try_from(bytes).unwrap_or(usize::MAX)),
        dont_fragment,
    })
}

/// A number of hops: that of a time to live.
fn hops(given: &mut Options, key: &'static str, usual: u8) -> Outcome<u8> {
    match given.take::<i64>(key)? {
        None => Ok(usual),
        Some(number) => match u8::try_from(number) {
            Ok(hops) if hops > 0 => Ok(hops),
            _ => {
                let words = format!("{number} is no number of hops: they go from 1 to 255");
                Err(Failure::new(words).about(key).blame(key))
            }
        },
    }
}

fn report_map(proto: Proto, report: Report) -> Map {
    let family = Family::of(report.start.destination);
    let proto = match proto {
        Proto::Udp => "udp",
        Proto::Icmp => "icmp",
        Proto::Tcp => "tcp",
    };
    let hops = report.hops.into_iter().map(|hop| hop_map(family, hop));
    map([
        ("destination", report.start.destination.to_string().into()),
        ("hops", array_of_maps(hops).into()),
        ("proto", proto.into()),
        ("reached", report.reached.into()),
    ])
}

fn hop_map(family: Family, hop: Hop) -> Map {
    let mut known = BTreeSet::new();
    let mut addresses: Vec<Dynamic> = Vec::new();
    for from in hop.queries.iter().filter_map(|query| query.from) {
        if known.insert(from) {
            addresses.push(from.to_string().into());
        }
    }
    let times = hop.queries.iter().filter_map(|query| query.time);
    let times = array(times);
    let queries = hop
        .queries
        .into_iter()
        .map(|query| query_map(family, query));
    map([
        ("address", addresses.first().cloned().unwrap_or_default()),
        ("queries", array_of_maps(queries).into()),
        ("times", times.into()),
        ("ttl", i64::from(hop.ttl).into()),
        ("addresses", addresses.into()),
    ])
}

fn query_map(family: Family, query: Query) -> Map {
    let words = |(icmp_type, code)| icmp::words(family, icmp_type, code, query.info);
    let message = query.icmp.map(words).or_else(|| {
        let note = query.note.as_deref().and_then(note_words);
        note.map(str::to_owned)
    });
    map([
        ("code", maybe(query.icmp.map(|(_, code)| i64::from(code)))),
        ("from", maybe(query.from.map(|from| from.to_string()))),
        ("message", maybe(message)),
        ("note", maybe(query.note)),
        ("time", maybe(query.time)),
        ("type", maybe(query.icmp.map(|(kind, _)| i64::from(kind)))),
    ])
}
