//! Verbs that ask by ARP who has an address.

use std::net::Ipv4Addr;
use std::time::Duration;

use rhai::plugin::*;
use rhai::{Dynamic, Map};

use crate::lab::failure::{Failure, Outcome};
use crate::probe::arping::{ArpingOptions, Reply, Report};

use super::call::RhaiResultOf;
use super::options::Options;
use super::serve::waiting;
use super::value::{array, array_of_maps, counter, map, maybe};

/// How many questions go out when nothing is said.
const COUNT: i64 = 4;

const SECOND: Duration = Duration::from_secs(1);

/// The verbs.
#[export_module]
pub mod api {
    /// Asks who has an IPv4 address, by ARP, and waits for replies.
    ///
    /// Each reply is printed as it comes, and the statistics at the end, in the form of iputils. The first question goes to all hosts on
    /// the link, the next ones to the one that answered last. Two that answer have the address twice: `macs` has both.
    ///
    /// With `dad` it is asked for an address that this machine is to have: a reply means that another one has it already. With
    /// `unsolicited` nothing is asked, but all are told that the address is here, as after a failover.
    ///
    /// Equivalent to: `arping -c 4 ADDRESS`
    ///
    /// Search words: `arp`, `who-has`, `hardware address`, `mac address`, `duplicate address`, `address conflict`, `dad`,
    /// `gratuitous arp`, `garp`, `layer 2 ping`, `announce`, `failover`
    ///
    /// # Options
    /// - `count` (int; `-c`): how many questions; 4 unless given, 0 is until Ctrl-C
    /// - `interval` (duration; `-i`): from one question to the next; 1 s
    /// - `timeout` (duration): how long to wait for replies after the last question; 1 s
    /// - `deadline` (duration; `-w`): end after this time, whatever has come
    /// - `iface` (link; `-I`): the link; that of the route to the address unless given
    /// - `source` (address; `-s`): the address that asks; that of the link unless given
    /// - `first` (bool; `-f`): end at the first reply
    /// - `broadcast` (bool; `-b`): ask all hosts each time
    /// - `dad` (bool; `-D`): find out whether somebody else has the address; the source is 0.0.0.0 unless given
    /// - `unsolicited` (bool; `-U`): announce the address, and wait for nothing; it is the source too unless one is given
    /// - `quiet` (bool; `-q`): print nothing
    ///
    /// # Returns
    /// A map: `destination`, `source` (addresses), `iface` (the link); `transmitted`, `received` (ints: questions, replies), `loss` (percent
    /// of the questions that nobody answered); `macs` (array of who answered, in the order in which they did); `time` (ms);
    /// `rtt_min`, `rtt_avg`, `rtt_max` (ms, `()` without a reply); `replies` (array of maps: `seq`, `mac`, `time` in ms, `request`,
    /// `broadcast`, `duplicate`: bools). Of replies the first 10 000 are kept; all are counted.
    ///
    /// # Errors
    /// No such link (ENODEV); it is down (ENETDOWN), has no carrier or no ARP; no route says at which link to ask; there is no
    /// address to ask from.
    ///
    /// # Example
    /// ```rhai
    /// let h1 = netns_add("h1");
    /// veth_add("a", "b", #{ up: true, peer_netns: h1 });
    /// addr_add("a", "10.0.0.1/24");
    /// h1.addr_add("b", "10.0.0.2/24");
    /// let result = arping("10.0.0.2", #{ count: 2, interval: "10ms", timeout: "10ms" });
    /// assert(result.macs == [h1.link_get("b").mac]);
    /// // Is 10.0.0.3 free?
    /// assert(arping("10.0.0.3", #{ iface: "a", dad: true, count: 1, timeout: "10ms", quiet: true }).received == 0);
    /// ```
    #[rhai_fn(return_raw)]
    pub fn arping(ctx: NativeCallContext, address: &str, options: Map) -> RhaiResultOf<Map> {
        waiting(&ctx, |lab, waiter| {
            let mut given = Options::new(options);
            let options = ArpingOptions {
                count: read_count(given.take("count")?)?,
                interval: given.take("interval")?.unwrap_or(SECOND),
                timeout: given.take("timeout")?.unwrap_or(SECOND),
                deadline: given.take("deadline")?,
                first: given.flag("first")?,
                broadcast: given.flag("broadcast")?,
                dad: given.flag("dad")?,
                unsolicited: given.flag("unsolicited")?,
            };
            let iface = given.take::<String>("iface")?;
            let source = given.take("source")?;
            let quiet = given.flag("quiet")?;
            given.finish()?;
            if options.dad && options.unsolicited {
                let words = "an address can't be looked for and announced at once";
                return Err(Failure::new(words).blame("unsolicited"));
            }
            let address = read_address(address)?;
            let iface = iface.as_deref();
            let report = lab.arping(address, iface, source, &options, quiet, waiter)?;
            Ok(report_map(&report))
        })
    }

    /// Asks once who has an IPv4 address, and gives the hardware address of the first that answers.
    ///
    /// Neither the neighbour table is asked nor is anything entered there: the question goes out in any case.
    ///
    /// Equivalent to: `arping -f -c 1 -I LINK ADDRESS`
    ///
    /// Search words: `arping`, `who-has`, `hardware address`, `mac address`, `resolve`, `neighbour`
    ///
    /// # Options
    /// - `timeout` (duration): how long to wait for the answer; 1 s
    /// - `source` (address; `-s`): the address that asks; that of the link unless given
    ///
    /// # Returns
    /// The hardware address, a string; `()` if nobody answers.
    ///
    /// # Errors
    /// Those of `arping`.
    ///
    /// # Example
    /// ```rhai
    /// let h1 = netns_add("h1");
    /// veth_add("a", "b", #{ up: true, peer_netns: h1 });
    /// addr_add("a", "10.0.0.1/24");
    /// h1.addr_add("b", "10.0.0.2/24");
    /// assert(arp_request("a", "10.0.0.2") == h1.link_get("b").mac);
    /// show(arp_request("a", "10.0.0.9", #{ timeout: "10ms" }));
    /// ```
    #[rhai_fn(return_raw)]
    pub fn arp_request(
        ctx: NativeCallContext,
        link: &str,
        address: &str,
        options: Map,
    ) -> RhaiResultOf<Dynamic> {
        waiting(&ctx, |lab, waiter| {
            let mut given = Options::new(options);
            let options = ArpingOptions {
                count: Some(1),
                interval: SECOND,
                timeout: given.take("timeout")?.unwrap_or(SECOND),
                deadline: None,
                first: true,
                broadcast: true,
                dad: false,
                unsolicited: false,
            };
            let source = given.take("source")?;
            given.finish()?;
            let address = read_address(address)?;
            let report = lab.arping(address, Some(link), source, &options, true, waiter);
            let report = report.map_err(|failure| match failure.argument.as_str() {
                "iface" => failure.blame("link"),
                _ => failure,
            })?;
            Ok(maybe(report.macs.first().map(ToString::to_string)))
        })
    }
}

/// None is without end.
fn read_count(count: Option<i64>) -> Outcome<Option<u64>> {
    let count = count.unwrap_or(COUNT);
    let number = u64::try_from(count)
        .map_err(|_| Failure::new(format!("{count} questions can't be asked")).blame("count"))?;
    Ok(Some(number).filter(|number| *number > 0))
}

fn read_address(text: &str) -> Outcome<Ipv4Addr> {
    text.parse().map_err(|_| {
        let failure = Failure::new(format!("{text:?} is not an IPv4 address"));
        let hint = match text.parse::<std::net::Ipv6Addr>() {
            Ok(_) => "ARP is for IPv4; a neighbour of IPv6 is solicited: send_receive(link, #{ ip6: ..., icmp6: #{ type: 135, taddr: ... } }), or ping",
            Err(_) => "names are not looked up here",
        };
        failure.about(text).blame("address").hint(hint)
    })
}

fn report_map(report: &Report) -> Map {
    let times = report.round_trips.summary();
    let lost = report.transmitted.saturating_sub(report.answered);
    #[allow(clippy::cast_precision_loss)]
    let loss = match report.transmitted {
        0 => 0.0,
        transmitted => 100.0 * lost as f64 / transmitted as f64,
    };
    map([
        ("destination", report.start.destination.to_string().into()),
        ("iface", report.start.iface.clone().into()),
        ("loss", loss.into()),
        (
            "macs",
            array(report.macs.iter().map(ToString::to_string)).into(),
        ),
        ("received", counter(report.received)),
        (
            "replies",
            array_of_maps(report.replies.iter().map(reply_map)).into(),
        ),
        ("rtt_avg", maybe(times.map(|times| times.avg))),
        ("rtt_max", maybe(times.map(|times| times.max))),
        ("rtt_min", maybe(times.map(|times| times.min))),
        ("source", report.start.source.to_string().into()),
        ("time", report.time.into()),
        ("transmitted", counter(report.transmitted)),
    ])
}

fn reply_map(reply: &Reply) -> Map {
    map([
        ("broadcast", reply.is_broadcast.into()),
        ("duplicate", reply.duplicate.into()),
        ("mac", reply.mac.to_string().into()),
        ("request", reply.is_request.into()),
        ("seq", counter(reply.sequence)),
        ("time", reply.time.into()),
    ])
}
