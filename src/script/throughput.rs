//! The verb that measures how much gets through.

use std::net::IpAddr;
use std::time::Duration;

use rhai::plugin::*;
use rhai::{Dynamic, Map};

use crate::kernel::units;
use crate::lab::failure::{Failure, Outcome};
use crate::probe::throughput::{Options as Measurement, Report};

use super::call::{RhaiResultOf, verb};
use super::options::{Fault, NetnsName, OptionValue, Options};
use super::value::{counter, map};

/// What UDP sends unless told otherwise, as iperf3 does: 1 Mbit/s.
const UDP_RATE: u64 = 125_000;

/// More streams than this are no measurement.
const MOST_STREAMS: u32 = 128;

/// The payload of a datagram unless told otherwise: what fits into an Ethernet frame with IPv6 around it.
const LENGTH: u32 = 1448;

/// The most that a datagram carries (65535 less the headers of IPv4 and UDP), and the least: its number and time.
const LONGEST: u32 = 65_507;
const SHORTEST: u32 = 16;

/// The verbs.
#[export_module]
pub mod api {
    /// Measures how much gets through to an address: TCP as fast as it goes, or UDP at a rate.
    ///
    /// Both ends are netsh itself: the sender in the current namespace, the receiver in the one that has the address. What counts is
    /// the payload that arrives.
    ///
    /// Equivalent to: `iperf3 -c DESTINATION`
    ///
    /// Search words: `iperf`, `bandwidth`, `speed`, `goodput`, `netperf`, `jitter`, `loss`, `retransmits`
    ///
    /// # Options
    /// - `time` (duration; `-t`): for how long; 1 s unless given
    /// - `streams` (int; `-P`): how many TCP connections at once; 1 unless given
    /// - `udp` (bool): datagrams in place of connections
    /// - `rate` (rate): how fast to send, `"10mbit"`; TCP as fast as it goes and UDP 1 Mbit/s unless given
    /// - `port` (int; `-p`): the receiver's port; the kernel chooses one otherwise
    /// - `length` (int, bytes; `-l`): the payload of a datagram; 1448 unless given
    /// - `server` (netns): the namespace of the receiver, where it is not clear from the address
    ///
    /// # Returns
    /// A map: `bits_per_second` (float), `bytes` (that arrived), `seconds` (float), `protocol` ("tcp" or "udp"); of TCP `streams`,
    /// `retransmits` (segments sent again); of UDP `sent`, `received` (datagrams), `lost` (datagrams), `loss` (percent),
    /// `out_of_order` (datagrams), `jitter` (float, ms, RFC 3550).
    ///
    /// # Errors
    /// No namespace of the lab has the address; there is no way there; nothing answers (ETIMEDOUT).
    ///
    /// # Example
    /// ```rhai
    /// import "topo" as topo;
    /// let both = topo::pair("h1", "h2");
    /// both.hosts.h1.link_impair("eth0", #{ rate: "10mbit" });
    /// let seen = both.hosts.h1.throughput("10.0.0.2", #{ time: "300ms" });
    /// assert(seen.bits_per_second < 12000000.0, `${seen.bits_per_second} is more than the link has`);
    /// ```
    #[rhai_fn(return_raw)]
    pub fn throughput(
        ctx: NativeCallContext,
        destination: &str,
        options: Map,
    ) -> RhaiResultOf<Map> {
        verb(&ctx, |lab| {
            let address: IpAddr = destination.parse().map_err(|_| {
                Failure::new(format!("{destination:?} is not an IP address"))
                    .about(destination)
                    .blame("destination")
            })?;
            let mut options = Options::new(options);
            let measurement = read(&mut options)?;
            let server = options.take::<NetnsName>("server")?.map(|name| name.0);
            options.finish()?;
            let report = lab.throughput(address, server.as_deref(), &measurement)?;
            Ok(report_map(&measurement, &report))
        })
    }
}

fn read(options: &mut Options) -> Outcome<Measurement> {
    let time = options.take("time")?.unwrap_or(Duration::from_secs(1));
    if time == Duration::ZERO {
        let words = "nothing gets through in no time";
        return Err(Failure::new(words).blame("time"));
    }
    let streams = options.take::<u32>("streams")?;
    let udp = options.flag("udp")?;
    let rate = options.take::<Rate>("rate")?.map(|rate| rate.0);
    let port = options.take::<u32>("port")?.unwrap_or(0);
    let length = options.take::<u32>("length")?;
    let within = |key: &str, number: u32, least: u32, most: u32| match (least..=most)
        .contains(&number)
    {
        true => Ok(number),
        false => {
            let words =
                format!("the option {key:?} is wrong: {number} is not between {least} and {most}");
            Err(Failure::new(words).about(key).blame(key))
        }
    };
    if udp && streams.is_some() {
        let words = "streams are connections, and UDP has none";
        return Err(Failure::new(words).blame("streams"));
    }
    if !udp && length.is_some() {
        let words = "TCP cuts what it sends as it likes: a length is one of datagrams";
        return Err(Failure::new(words)
            .blame("length")
            .hint("give udp: true too"));
    }
    let streams = within("streams", streams.unwrap_or(1), 1, MOST_STREAMS)?;
    let port = within("port", port, 0, 65535)?;
    let length = within("length", length.unwrap_or(LENGTH), SHORTEST, LONGEST)?;
    Ok(Measurement {
        time,
        streams: streams as usize,
        rate: rate.or(udp.then_some(UDP_RATE)),
        udp,
        port: u16::try_from(port).unwrap_or(0),
        length: length as usize,
    })
}

/// Bytes per second.
struct Rate(u64);

impl OptionValue for Rate {
    fn read(value: &Dynamic) -> Result<Self, Fault> {
        let rate = match (value.as_int(), value.as_float()) {
            (Ok(bits), _) => units::bits_to_rate(bits as f64),
            (_, Ok(bits)) => units::bits_to_rate(bits),
            _ => {
                let text =
                    String::read(value).map_err(|_| Fault::Type("a rate such as \"10mbit\""))?;
                units::rate(&text)
            }
        };
        rate.map(Rate).map_err(Fault::Value)
    }
}

fn report_map(measurement: &Measurement, report: &Report) -> Map {
    let mut shown = map([
        ("bits_per_second", report.bits_per_second().into()),
        ("bytes", counter(report.bytes)),
        (
            "protocol",
            if measurement.udp { "udp" } else { "tcp" }.into(),
        ),
        ("seconds", report.seconds.into()),
    ]);
    if !measurement.udp {
        shown.extend(map([
            ("retransmits", counter(report.retransmits)),
            ("streams", counter(measurement.streams as u64)),
        ]));
        return shown;
    }
    let lost = report.sent.saturating_sub(report.received);
    let loss = match report.sent {
        0 => 0.0,
        sent => lost as f64 * 100.0 / sent as f64,
    };
    shown.extend(map([
        ("jitter", (report.jitter.as_secs_f64() * 1e3).into()),
        ("loss", loss.into()),
        ("lost", counter(lost)),
        ("out_of_order", counter(report.out_of_order)),
        ("received", counter(report.received)),
        ("sent", counter(report.sent)),
    ]));
    shown
}
