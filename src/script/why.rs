//! The verb that says why a packet does not get there.

use std::fmt;
use std::net::IpAddr;
use std::rc::Rc;
use std::time::Duration;

use rhai::plugin::*;
use rhai::{Array, Dynamic, Map};

use crate::kernel::netns_change::HOME;
use crate::lab::failure::{Failure, Outcome};
use crate::lab::why::{Asked, Protocol, Verdict};
use crate::picture::story::Story;

use super::call::{RhaiResultOf, verb};
use super::endpoint::port_number;
use super::options::{NetnsName, Options, Size};
use super::serve::waiting;
use super::trace;
use super::value::{array, map, maybe};

/// How long to wait for an answer when nothing is said.
const PATIENCE: Duration = Duration::from_secs(1);

/// A verdict in the hands of a script.
#[derive(Clone)]
pub struct Told(Rc<Verdict>);

impl fmt::Display for Told {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let verdict = &self.0;
        match (&verdict.finding, verdict.works) {
            (_, true) => write!(f, "verdict: {} gets there and back", verdict.probe),
            (Some(finding), _) => write!(f, "verdict: {}", finding.words),
            (None, false) => write!(f, "verdict: {}, and why is not known", verdict.outcome),
        }
    }
}

impl Told {
    /// The story of it.
    pub fn drawing(&self) -> Story {
        let verdict = &self.0;
        let mut story = Story::default();
        let way = |way: &[String]| match way.is_empty() {
            true => Vec::new(),
            false => vec![way.join(" > ")],
        };
        story.tell("sent", [verdict.probe.clone()]);
        story.tell("result", [verdict.outcome.clone()]);
        story.tell("way there", way(&verdict.path));
        story.tell("way back", way(&verdict.way_back));
        if verdict.works {
            return story;
        }
        let place = match verdict.netns.as_str() {
            HOME => "the home namespace".to_owned(),
            name => name.to_owned(),
        };
        let link = verdict.link.iter().map(|link| format!(", at {link}"));
        let what = if verdict.back {
            "the answer ends"
        } else {
            "it ends"
        };
        let link: String = link.collect();
        story.tell("where", [format!("{what} in {place}{link}")]);
        let Some(finding) = &verdict.finding else {
            let known = verdict.ruled_out.iter();
            story.tell("cause", ["netsh can't tell".to_owned()]);
            story.tell("in order", [known.copied().collect::<Vec<_>>().join("; ")]);
            return story;
        };
        story.tell("cause", [finding.words.clone()]);
        let evidence = finding.evidence.iter();
        story.tell(
            "evidence",
            evidence
                .filter(|(_, value)| !value.is_empty())
                .map(|(what, value)| format!("{what}: {value}")),
        );
        story.tell("mend", finding.mend.clone());
        story
    }

    /// All of it as a plain value.
    pub fn data(&self) -> Map {
        let verdict = &self.0;
        let finding = verdict.finding.as_ref();
        let evidence = finding.map_or(Map::new(), |finding| {
            let pairs = finding.evidence.iter();
            pairs
                .map(|(what, value)| (what.as_str().into(), value.clone().into()))
                .collect()
        });
        let texts = |texts: &[String]| array(texts.iter().cloned());
        map([
            ("back", verdict.back.into()),
            ("cause", maybe(finding.map(|finding| finding.cause.word()))),
            ("evidence", evidence.into()),
            ("link", maybe(verdict.link.clone())),
            (
                "mend",
                maybe(finding.and_then(|finding| finding.mend.clone())),
            ),
            ("netns", verdict.netns.clone().into()),
            ("outcome", verdict.outcome.clone().into()),
            ("path", texts(&verdict.path).into()),
            ("ruled_out", array(verdict.ruled_out.iter().copied()).into()),
            ("way_back", texts(&verdict.way_back).into()),
            ("words", maybe(finding.map(|finding| finding.words.clone()))),
            ("works", verdict.works.into()),
        ])
    }
}

/// The verb.
#[export_module]
pub mod api {
    /// Says why a packet does not get to an address, or why nothing comes back.
    ///
    /// It tells where the packet got to, what stopped it there, what shows that, and the line that mends it. One probe is sent, an
    /// echo request unless `proto` says otherwise, and followed through the lab (`trace`). Where it ends, the kernel is asked: for its
    /// routes, rules, neighbours, links, VLANs, sysctls, bridges, listeners, and the rules of nftables, whose verdicts on this packet
    /// are read as `nft monitor trace` reads them. Where there are two causes the first is named; mend it and ask again. Where none is
    /// found a second probe is sent.
    ///
    /// The causes:
    ///
    /// - {causes}
    ///
    /// Search words: `debug`, `diagnose`, `explain`, `ping does not work`, `unreachable`, `no answer`, `lost`, `troubleshoot`
    ///
    /// # Options
    /// - `from` (netns): the namespace to send from; the current one unless given
    /// - `proto` (word): "icmp", "tcp" or "udp"; "icmp" unless there is a port, then "tcp"
    /// - `port` (int): the port
    /// - `iface` (link): leave by this link, whatever the routes say
    /// - `source` (address): the address to come from
    /// - `size` (int or string; bytes): how much an echo request carries; more than 56 may not be broken up
    /// - `ttl` (int): how many routers may pass it on
    /// - `timeout` (duration): how long to wait for an answer; 1 s
    ///
    /// # Returns
    /// A handle, which `show` tells as a story: `works` (bool; a datagram works that came to
    /// somebody who listens), `cause` (one of the words above, or ()), `words` (the same in a sentence), `netns` and `link` (where it
    /// ended), `back` (whether it is the way back that fails), `evidence` (a map of what was read), `mend` (the line that mends it, or
    /// ()), `path` and `way_back` (where the packets were seen), `outcome`, `ruled_out` (what is in order), `trace`.
    ///
    /// # Errors
    /// It is no address, or not that of one host (multicast, broadcast, the address of a network); no packet can be so (a TTL of 0, too
    /// long, a source of the other version of IP); there is no link `iface` (ENODEV); packets can't be captured here (EPERM).
    ///
    /// # Example
    /// ```rhai
    /// let h1 = netns_add("h1");
    /// let h2 = netns_add("h2");
    /// h1.veth_add("eth0", "eth0", #{ peer_netns: h2, up: true });
    /// h1.addr_add("eth0", "10.0.0.1/24");
    /// h2.addr_add("eth0", "10.0.0.2/24");
    /// h2.link_down("eth0");
    /// let verdict = why("10.0.0.2", #{ from: h1, timeout: 0.2 });
    /// assert(verdict.cause == "link_down");
    /// print(verdict.mend);
    /// ```
    #[rhai_fn(return_raw)]
    pub fn why(ctx: NativeCallContext, destination: &str, options: Map) -> RhaiResultOf<Told> {
        let (asked, from) = verb(&ctx, |_| read(destination, options))?;
        let found = waiting(&ctx, |lab, waiter| {
            let from = match &from {
                None => lab.current(),
                Some(name) => lab.netns(name).map_err(|error| {
                    let words = format!("use netns {name}");
                    lab.explain_question(&words, &error).blame("from")
                })?,
            };
            lab.why(&from, &asked, waiter)
        })?;
        Ok(Told(Rc::new(found)))
    }

    /// Whether an answer came.
    #[rhai_fn(get = "works", pure)]
    pub fn verdict_works(verdict: &mut Told) -> bool {
        verdict.0.works
    }

    /// The name of the cause.
    #[rhai_fn(get = "cause", pure)]
    pub fn verdict_cause(verdict: &mut Told) -> Dynamic {
        verdict.field("cause")
    }

    /// The cause in a sentence.
    #[rhai_fn(get = "words", pure)]
    pub fn verdict_words(verdict: &mut Told) -> Dynamic {
        verdict.field("words")
    }

    /// The line that mends it.
    #[rhai_fn(get = "mend", pure)]
    pub fn verdict_mend(verdict: &mut Told) -> Dynamic {
        verdict.field("mend")
    }

    /// What was read that shows the cause.
    #[rhai_fn(get = "evidence", pure)]
    pub fn verdict_evidence(verdict: &mut Told) -> Dynamic {
        verdict.field("evidence")
    }

    /// The namespace in which it ended.
    #[rhai_fn(get = "netns", pure)]
    pub fn verdict_netns(verdict: &mut Told) -> String {
        verdict.0.netns.clone()
    }

    /// The link where it was seen last.
    #[rhai_fn(get = "link", pure)]
    pub fn verdict_link(verdict: &mut Told) -> Dynamic {
        verdict.field("link")
    }

    /// Whether it is the way back that fails.
    #[rhai_fn(get = "back", pure)]
    pub fn verdict_back(verdict: &mut Told) -> bool {
        verdict.0.back
    }

    /// Where the probe was seen.
    #[rhai_fn(get = "path", pure)]
    pub fn verdict_path(verdict: &mut Told) -> Array {
        array(verdict.0.path.iter().cloned())
    }

    /// Where the answer was seen.
    #[rhai_fn(get = "way_back", pure)]
    pub fn verdict_way_back(verdict: &mut Told) -> Array {
        array(verdict.0.way_back.iter().cloned())
    }

    /// What became of the probe, in words.
    #[rhai_fn(get = "outcome", pure)]
    pub fn verdict_outcome(verdict: &mut Told) -> String {
        verdict.0.outcome.clone()
    }

    /// What was looked at and is in order.
    #[rhai_fn(get = "ruled_out", pure)]
    pub fn verdict_ruled_out(verdict: &mut Told) -> Array {
        array(verdict.0.ruled_out.iter().copied())
    }

    /// All packets that were seen, as `trace` gives them.
    #[rhai_fn(get = "trace", pure)]
    pub fn verdict_trace(verdict: &mut Told) -> trace::Traced {
        trace::Traced::of(verdict.0.trace.clone())
    }

    /// The handle as text.
    #[rhai_fn(name = "to_string", name = "to_debug", pure)]
    pub fn verdict_to_string(verdict: &mut Told) -> String {
        verdict.to_string()
    }
}

impl Told {
    fn field(&self, key: &str) -> Dynamic {
        self.data().remove(key).unwrap_or(Dynamic::UNIT)
    }
}

fn read(destination: &str, options: Map) -> Outcome<(Asked, Option<String>)> {
    let to: IpAddr = destination.parse().map_err(|_| {
        Failure::new(format!("{destination:?} is not an IP address"))
            .about(destination)
            .blame("destination")
    })?;
    let mut options = Options::new(options);
    let from = options.take::<NetnsName>("from")?;
    let port = options.take::<i64>("port")?.map(port_number).transpose()?;
    let proto = options.take::<String>("proto")?;
    let size = options.take::<Size>("size")?;
    let has_size = size.is_some();
    let asked = Asked {
        to,
        protocol: protocol(proto.as_deref(), port)?,
        source: options.take("source")?,
        iface: options.take("iface")?,
        size: size.map_or(56, |Size(bytes)| {
            usize::try_from(bytes).unwrap_or(usize::MAX)
        }),
        ttl: options.take("ttl")?,
        timeout: options.take("timeout")?.unwrap_or(PATIENCE),
    };
    options.finish()?;
    possible(&asked, has_size)?;
    Ok((asked, from.map(|NetnsName(name)| name)))
}

/// Refuses what no packet can be.
fn possible(asked: &Asked, has_size: bool) -> Outcome<()> {
    let is_echo = asked.protocol == Protocol::Icmp;
    let fault = |argument, words: String, hint: &str| {
        Err(Failure::new(words).blame(argument).hint(hint.to_owned()))
    };
    if asked.ttl.is_some() && !is_echo {
        let words = "ttl is that of an echo request, and this is none".into();
        return fault("ttl", words, "leave port and proto out, or ttl");
    }
    if has_size && !is_echo {
        let words = "size is that of an echo request, and this is none".into();
        return fault("size", words, "leave port and proto out, or size");
    }
    if asked.ttl == Some(0) {
        let words = "a packet with a ttl of 0 is not sent: it has none left".into();
        return fault(
            "ttl",
            words,
            "with 1 it gets to a neighbour, with 2 past one router",
        );
    }
    // The length of a packet has 16 bits, and counts the header in IPv4; an echo has 8 bytes of its own.
    let (version, most) = match asked.to {
        IpAddr::V4(_) => ("IPv4", 65_535 - 20 - 8),
        IpAddr::V6(_) => ("IPv6", 65_535 - 8),
    };
    if asked.size > most {
        let words = format!("an echo request of {version} carries at most {most} bytes");
        return fault(
            "size",
            words,
            "what is longer than an MTU is asked for with less",
        );
    }
    match asked.source {
        Some(source) if source.is_ipv4() != asked.to.is_ipv4() => {
            let words = format!(
                "{source} cannot send to {}: one is IPv4, the other IPv6",
                asked.to
            );
            let hint = format!("an address of {version} is needed, or none: the kernel chooses");
            fault("source", words, &hint)
        }
        _ => Ok(()),
    }
}

fn protocol(proto: Option<&str>, port: Option<u16>) -> Outcome<Protocol> {
    let wants_port = |word: &str| {
        Failure::new(format!("{word} needs a port"))
            .blame("proto")
            .hint(format!("#{{ proto: {word:?}, port: 80 }}"))
    };
    match (proto, port) {
        (None | Some("icmp"), None) => Ok(Protocol::Icmp),
        (None | Some("tcp"), Some(port)) => Ok(Protocol::Tcp(port)),
        (Some("udp"), Some(port)) => Ok(Protocol::Udp(port)),
        (Some(word @ ("tcp" | "udp")), None) => Err(wants_port(word)),
        (Some("icmp"), Some(_)) => Err(Failure::new("an echo request has no port")
            .blame("port")
            .hint("leave it out, or say proto: \"tcp\" or \"udp\"")),
        (Some(other), _) => Err(Failure::new(format!(
            "{other:?} is not a protocol that can be sent"
        ))
        .blame("proto")
        .hint("proto is \"icmp\", \"tcp\" or \"udp\"")),
    }
}
