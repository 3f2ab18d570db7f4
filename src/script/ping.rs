//! The verb that pings.

use std::net::IpAddr;
use std::time::Duration;

use rhai::Map;
use rhai::plugin::*;

use crate::lab::failure::{Failure, Outcome};
use crate::packet::icmp::Family;
use crate::probe::ping::{PingOptions, Problem, Reply, Report};

use super::call::RhaiResultOf;
use super::options::{Options, Size};
use super::serve::waiting;
use super::value::{array_of_maps, counter, map, maybe};

/// How many requests go out when nothing is said.
const COUNT: u64 = 4;

/// The verbs.
#[export_module]
pub mod api {
    /// Sends echo requests and waits for the replies, in IPv4 and IPv6.
    ///
    /// Each reply is printed as it comes, and the statistics at the end, in the form of iputils. Times are the kernel's, on
    /// both ways. A host that does not answer is no error: look at `received` and `problems`. At a terminal the line of `why` is
    /// named then that tells what stopped it.
    ///
    /// Equivalent to: `ping -c 4 DESTINATION`
    ///
    /// Search words: `icmp`, `echo`, `ping6`, `reachable`, `reachability`, `latency`, `round trip`, `rtt`, `delay`, `loss`,
    /// `packet loss`, `alive`, `connectivity`, `fping`
    ///
    /// # Options
    /// - `count` (int; `-c`): how many requests; 4 unless given, 0 is until Ctrl-C; with `deadline`, how many replies to wait for
    /// - `interval` (duration; `-i`): from one request to the next; 1 s
    /// - `timeout` (duration; `-W`): how long to wait for replies after the last request; 1 s unless given, and 4 s if none was
    ///   answered, for then the kernel may yet say why
    /// - `deadline` (duration; `-w`): end after this time, whatever has come
    /// - `size` (int, bytes; `-s`): payload of a request; 56
    /// - `ttl` (int; `-t`): time to live, or hop limit
    /// - `iface` (link; `-I`): send out of this link, whatever the routes say (SO_BINDTODEVICE)
    /// - `source` (address; `-I`): send from it
    /// - `dont_fragment` (bool; `-M do`): forbid fragments, here and on the way
    /// - `pattern` (string; `-p`): hexadecimal bytes that fill the payload, such as "ff00"
    /// - `quiet` (bool; `-q`): print nothing
    /// - `flood` (bool; `-f`): the next request as soon as a reply comes, or 10 ms are over; on a terminal a dot for each request and a
    ///   backspace for its reply are all that is printed meanwhile
    /// - `preload` (int; `-l`): so many requests go out at once in the beginning; 1
    /// - `family` (word): "inet" or "inet6", for a name that has addresses of both
    ///
    /// # Returns
    /// A map: `destination` (the address); `transmitted`, `received`, `duplicates`, `errors` (ints); `loss` (percent);
    /// `time` (ms); `rtt_min`, `rtt_avg`, `rtt_max`, `rtt_mdev` (ms, `()` without a reply); `replies` (array of maps: `seq`,
    /// `from`, `bytes`, `ttl`, `time` in ms, `duplicate`); `problems` (array of maps: `seq`, `from` (`()` is this host),
    /// `message`, `type`, `code`, `mtu`). Of replies and problems the first 10 000 are kept; all are counted.
    ///
    /// # Errors
    /// No route to the destination (ENETUNREACH); an unknown name; a link or source address that is not there.
    ///
    /// # Example
    /// ```rhai
    /// let result = ping("127.0.0.1", #{ count: 2, interval: "10ms" });
    /// assert(result.received == 2, "the loopback link answers");
    /// ```
    #[rhai_fn(return_raw)]
    pub fn ping(ctx: NativeCallContext, destination: &str, options: Map) -> RhaiResultOf<Map> {
        waiting(&ctx, |lab, waiter| {
            let mut options = Options::new(options);
            let family = options.take::<String>("family")?;
            let quiet = options.flag("quiet")?;
            let options = read_options(options)?;
            let prefer = family.map(|family| read_family(&family)).transpose()?;
            Ok(report_map(lab.ping(
                destination,
                prefer,
                &options,
                quiet,
                waiter,
            )?))
        })
    }
}

fn read_options(mut given: Options) -> Outcome<PingOptions> {
    let usual = PingOptions::default();
    let deadline = given.take::<Duration>("deadline")?;
    let interval = given.take::<Duration>("interval")?;
    let options = PingOptions {
        count: read_count(&mut given, deadline)?,
        interval: interval.unwrap_or(usual.interval),
        timeout: given.take("timeout")?,
        deadline,
        size: match given.take::<Size>("size")? {
            None => usual.size,
            Some(Size(bytes)) => usize::try_from(bytes).unwrap_or(usize::MAX),
        },
        ttl: given.take("ttl")?,
        iface: given.take("iface")?,
        source: given.take::<IpAddr>("source")?,
        dont_fragment: given.flag("dont_fragment")?,
        pattern: match given.take::<String>("pattern")? {
            None => usual.pattern,
            Some(text) => read_pattern(&text)?,
        },
        flood: given.flag("flood")?,
        preload: match given.take::<i64>("preload")? {
            None => usual.preload,
            Some(number @ 1..=65_536) => u64::try_from(number).unwrap_or(usual.preload),
            Some(number) => {
                let words = format!("{number} requests can't go out at once: it is 1 to 65536");
                return Err(Failure::new(words).blame("preload"));
            }
        },
    };
    given.finish()?;
    if options.flood && interval.is_some_and(|interval| !interval.is_zero()) {
        let words = "a flood has no interval: it sends as soon as a reply comes";
        let hint = "leave flood out, and an interval of some milliseconds gives a steady stream";
        return Err(Failure::new(words).blame("interval").hint(hint));
    }
    Ok(options)
}

/// None is without end.
fn read_count(given: &mut Options, deadline: Option<Duration>) -> Outcome<Option<u64>> {
    match given.take::<i64>("count")? {
        Some(0) => Ok(None),
        Some(count) => u64::try_from(count)
            .map(Some)
            .map_err(|_| Failure::new(format!("{count} requests can't be sent")).blame("count")),
        // With a deadline, requests go out until then.
        None => Ok(deadline.is_none().then_some(COUNT)),
    }
}

pub(super) fn read_family(text: &str) -> Outcome<Family> {
    match text {
        "inet" => Ok(Family::V4),
        "inet6" => Ok(Family::V6),
        _ => Err(
            Failure::new(format!("{text:?} is not a family of addresses"))
                .blame("family")
                .hint("the families are inet and inet6"),
        ),
    }
}

/// Bytes as pairs of hexadecimal digits, as `ping -p` takes them.
fn read_pattern(text: &str) -> Outcome<Vec<u8>> {
    let wrong = || {
        Failure::new(format!("{text:?} is not a pattern of bytes"))
            .blame("pattern")
            .hint("write up to 16 bytes in hexadecimal digits, such as \"ff00\"")
    };
    let digits: Option<Vec<u8>> = text
        .chars()
        .map(|digit| u8::try_from(digit.to_digit(16)?).ok())
        .collect();
    let digits = digits.ok_or_else(wrong)?;
    let bytes = digits.chunks(2).map(|pair| match pair {
        [high, low] => Ok(high << 4 | low),
        _ => Err(wrong()),
    });
    let bytes = bytes.collect::<Outcome<Vec<u8>>>()?;
    match bytes.len() {
        1..=16 => Ok(bytes),
        _ => Err(wrong()),
    }
}

fn report_map(report: Report) -> Map {
    map([
        ("destination", report.start.destination.to_string().into()),
        ("duplicates", counter(report.duplicates)),
        ("errors", counter(report.errors)),
        ("loss", report.loss.into()),
        (
            "problems",
            array_of_maps(report.problems.into_iter().map(problem_map)).into(),
        ),
        ("received", counter(report.received)),
        (
            "replies",
            array_of_maps(report.replies.into_iter().map(reply_map)).into(),
        ),
        ("rtt_avg", maybe(report.rtt_avg)),
        ("rtt_max", maybe(report.rtt_max)),
        ("rtt_mdev", maybe(report.rtt_mdev)),
        ("rtt_min", maybe(report.rtt_min)),
        ("time", report.time.into()),
        ("transmitted", counter(report.transmitted)),
    ])
}

fn reply_map(reply: Reply) -> Map {
    let bytes = u64::try_from(reply.bytes).unwrap_or(u64::MAX);
    map([
        ("bytes", counter(bytes)),
        ("duplicate", reply.duplicate.into()),
        ("from", reply.from.to_string().into()),
        ("seq", counter(reply.sequence)),
        ("time", reply.time.into()),
        ("ttl", maybe(reply.ttl.map(i64::from))),
    ])
}

fn problem_map(problem: Problem) -> Map {
    map([
        ("code", maybe(problem.icmp_code.map(i64::from))),
        ("from", maybe(problem.from.map(|from| from.to_string()))),
        ("message", problem.words.into()),
        ("mtu", maybe(problem.mtu.map(i64::from))),
        ("seq", counter(problem.sequence)),
        ("type", maybe(problem.icmp_type.map(i64::from))),
    ])
}
