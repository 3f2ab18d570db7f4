//! Verbs about captures: the packets of links as they pass.

use std::fmt;
use std::path::PathBuf;
use std::rc::Rc;
use std::time::Duration;

use rhai::plugin::*;
use rhai::{Array, Dynamic, EvalAltResult, FnPtr, Map};

use crate::lab::Lab;
use crate::lab::capture::{Capture, ToFile, Wanted};
use crate::lab::failure::{Failure, Outcome};
use crate::lab::memory;
use crate::packet::filter::{Instruction, Source, compile, parse};
use crate::probe::capture::{Counts, Sighting};

use super::call::{RhaiResultOf, lab, verb};
use super::captured::captured_map;
use super::events::placed;
use super::link_add::netns_of;
use super::nft::failure;
use super::options::{Fault, NetnsName, OptionValue, Options};
use super::pcap;
use super::serve::waiting;
use super::value::{counter, map};
use super::wait::read_duration;

/// The longest that a packet can be cut to, as in tcpdump.
const LONGEST: u32 = 262_144;

/// What has to be left of a script's memory when a packet is added to what it gets.
const ROOM: usize = 4 << 20;

/// A capture in the hands of a script.
#[derive(Clone)]
pub struct Capturing(Rc<Capture>);

impl fmt::Display for Capturing {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "capture of {} in {}", self.0.what(), self.0.netns())
    }
}

/// The verbs.
#[export_module]
pub mod api {
    /// Begins to take down the packets that pass links, while the script goes on.
    ///
    /// They are held in memory, up to 250 000 packets or 64 MiB, or go into a file. On the loopback link each packet is seen twice,
    /// as it goes out and as it comes in.
    ///
    /// Equivalent to: `tcpdump`
    ///
    /// Search words: `tcpdump`, `tshark`, `wireshark`, `dumpcap`, `sniff`, `sniffer`, `packets`, `pcap`, `pcapng`, `record`
    ///
    /// # Options
    /// - `link` (link or array of links; `-i`): only packets of these; of all links of the namespace unless given
    /// - `netns` (netns): the namespace; the current one unless given
    /// - `filter` (string): only packets for which this holds, as in tcpdump: "icmp or arp", "host 10.0.0.2 and tcp port 80"
    /// - `snaplen` (int, bytes; `-s`): so many bytes of each packet; all of it unless given
    /// - `promisc` (bool): also what is not for the link, which a link that is named takes in unless this is false, and others do not
    /// - `count` (int; `-c`): end after so many packets
    /// - `timeout` (duration): end after this long
    /// - `file` (string; `-w`): write the packets there, as pcapng, and hold none in memory
    ///
    /// # Returns
    /// A handle: `read`, `packets`, `save`, `stats`, `stop`.
    ///
    /// # Errors
    /// There is no such link (ENODEV); the filter is wrong; the file can't be written; with `--host`, no privilege (EPERM).
    ///
    /// # Example
    /// ```rhai
    /// let capture = capture(#{ link: "lo", filter: "icmp" });
    /// ping("127.0.0.1", #{ count: 2, interval: "10ms", quiet: true });
    /// show(capture.stop());
    /// show(capture.packets().map(|packet| packet.direction)); // each packet goes out, and comes in again
    /// ```
    #[rhai_fn(return_raw)]
    pub fn capture(ctx: NativeCallContext, options: Map) -> RhaiResultOf<Capturing> {
        verb(&ctx, |lab| {
            let wanted = wanted(lab, Options::new(options), true)?;
            Ok(Capturing(Rc::new(lab.capture(wanted)?)))
        })
    }

    /// Runs a closure and gives the packets that passed links meanwhile.
    ///
    /// All that has passed when the closure is at its end is among them: also the reply that its `ping` has waited for.
    ///
    /// Search words: `tcpdump`, `tshark`, `sniff`, `watch`, `record`, `packets`
    ///
    /// # Options
    /// - `link` (link or array of links; `iface`, `dev`): only packets of these; of all links of the namespace unless given
    /// - `netns` (netns): the namespace; the current one unless given
    /// - `filter` (string): only packets for which this holds, as in tcpdump: "icmp or arp", "host 10.0.0.2 and tcp port 80"
    /// - `snaplen` (int, bytes): so many bytes of each packet; all of it unless given
    /// - `promisc` (bool): also what is not for the link, which a link that is named takes in unless this is false, and others do not
    /// - `count` (int): no more than so many packets
    /// - `timeout` (duration): no packets after this long
    ///
    /// # Returns
    /// An array of maps in the order in which the packets passed, as from `read`. What the closure returns is not in it.
    ///
    /// # Errors
    /// Those of the closure, after the capture was stopped; those of `capture`.
    ///
    /// # Example
    /// ```rhai
    /// veth_add("a", "b", #{ up: true });
    /// addr_add("a", "10.0.0.1/24");
    /// let seen = capture_during(|| ping("10.0.0.2", #{ count: 1, timeout: "10ms", quiet: true }), #{ link: "b", filter: "arp" });
    /// for packet in seen { print(packet.line); }
    /// assert(seen[0].direction == "in");
    /// ```
    #[rhai_fn(return_raw)]
    pub fn capture_during(
        ctx: NativeCallContext,
        work: FnPtr,
        options: Map,
    ) -> RhaiResultOf<Array> {
        let wanted = verb(&ctx, |lab| wanted(lab, Options::new(options), false))?;
        let lab = lab(&ctx)?;
        let mut failed = None;
        let run = || {
            let ran: Result<Dynamic, Box<EvalAltResult>> = work.call_within_context(&ctx, ());
            failed = ran.err();
        };
        let captured = lab.capture_during(wanted, run);
        if let Some(error) = failed {
            return Err(placed(error, &ctx));
        }
        let (_, packets) = verb(&ctx, |_| captured)?;
        verb(&ctx, |_| maps(packets))
    }

    /// Waits for the next packet of a capture.
    ///
    /// Search words: `next`, `receive`, `recv`, `packet`
    ///
    /// # Returns
    /// A map of the packet, as with a time; `()` if the capture has ended and all its packets were read.
    ///
    /// # Errors
    /// The file of the capture could not be written on.
    ///
    /// # Example
    /// ```rhai
    /// let capture = capture(#{ link: "lo", count: 4 });
    /// ping("127.0.0.1", #{ count: 1, quiet: true });
    /// // out and in: the request and the reply
    /// let packet = capture.read();
    /// while packet != () { print(packet.direction); packet = capture.read(); }
    /// ```
    #[rhai_fn(name = "read", return_raw, pure)]
    pub fn read_capture_for_ever(
        ctx: NativeCallContext,
        capture: &mut Capturing,
    ) -> RhaiResultOf<Dynamic> {
        next(&ctx, capture, None)
    }

    /// Waits for the next packet of a capture, for a time.
    ///
    /// Search words: `next`, `receive`, `recv`, `packet`, `poll`
    ///
    /// # Returns
    /// A map, as `pcap_read` gives it: `time` (seconds since 1970) and `time_ns` (the same in nanoseconds), by the kernel's clock;
    /// `netns` ("home" or a name), `link`; `direction` ("in" or "out"); `length` (bytes on the link); `bytes` (a blob of those that
    /// were kept); `link_type` ("ethernet", or "ip" for links without hardware addresses); `line` (what `tcpdump -n` prints);
    /// `checksum` ("right", "wrong", or "offload"); `packet` (its headers, as from `packet_decode`); `comments`. `()` if no packet
    /// came, or the capture has ended and all its packets were read.
    ///
    /// # Errors
    /// The time is no duration; the packets are in a file.
    ///
    /// # Example
    /// ```rhai
    /// let capture = capture(#{ link: "lo", filter: "icmp" });
    /// show(capture.read("10ms")); // nobody says anything
    /// ping("127.0.0.1", #{ count: 1, quiet: true });
    /// show(capture.read("1s").packet.ip.daddr);
    /// ```
    #[rhai_fn(name = "read", return_raw, pure)]
    pub fn read_capture(
        ctx: NativeCallContext,
        capture: &mut Capturing,
        timeout: Dynamic,
    ) -> RhaiResultOf<Dynamic> {
        let limit = verb(&ctx, |_| read_duration(&timeout, "timeout"))?;
        next(&ctx, capture, Some(limit))
    }

    /// Gives all packets of a capture up to now, those too that were read already.
    ///
    /// What was read makes room where memory is full: then it is no more among them.
    ///
    /// Search words: `list`, `array`, `all`
    ///
    /// # Returns
    /// An array of maps in the order in which the packets passed, as from `read`.
    ///
    /// # Errors
    /// There is not the memory for so many maps; the packets are in a file.
    ///
    /// # Example
    /// ```rhai
    /// let capture = capture(#{ link: "lo", filter: "icmp" });
    /// ping("127.0.0.1", #{ count: 1, quiet: true });
    /// assert(capture.packets().len() == 4); // the request and the reply, out and in
    /// ```
    #[rhai_fn(name = "packets", return_raw, pure)]
    pub fn capture_packets(ctx: NativeCallContext, capture: &mut Capturing) -> RhaiResultOf<Array> {
        verb(&ctx, |lab| maps(lab.capture_packets(&capture.0)?))
    }

    /// Writes the packets of a capture up to now to a capture file, which tcpdump, tshark and Wireshark can read.
    ///
    /// What file it is and what it holds is as with `pcap_write`. A file of this name is replaced.
    ///
    /// Search words: `write`, `pcapng`, `pcap`, `wireshark`, `tshark`, `export`, `dump`
    ///
    /// # Returns
    /// How many packets were written (int).
    ///
    /// # Errors
    /// The file can't be written; the packets are in a file already.
    ///
    /// # Example
    /// ```rhai
    /// let capture = capture(#{ link: "lo", filter: "icmp" });
    /// ping("127.0.0.1", #{ count: 1, quiet: true });
    /// let file = exec("mktemp", []).stdout;
    /// file.trim();
    /// show(capture.save(file));
    /// show(pcap_read(file).map(|packet| packet.direction));
    /// exec("rm", [file]);
    /// ```
    #[rhai_fn(name = "save", return_raw, pure)]
    pub fn capture_save(
        ctx: NativeCallContext,
        capture: &mut Capturing,
        file: &str,
    ) -> RhaiResultOf<i64> {
        verb(&ctx, |lab| {
            let packets = lab.capture_packets(&capture.0)?;
            let packets = packets.iter().map(Sighting::captured);
            pcap::write(file, packets, pcap::format_of(file))
        })
    }

    /// Tells how many packets of a capture there were up to now.
    ///
    /// Search words: `statistics`, `counters`, `drops`, `lost`
    ///
    /// # Returns
    /// A map: `captured` (packets in memory or in the file, read ones too); `received` (packets for which the filter holds);
    /// `dropped` (those of them that came faster than they could be taken down); `overflowed` (those that had no room in memory);
    /// `running` (bool: whether it goes on).
    ///
    /// # Errors
    /// The file of the capture could not be written on.
    ///
    /// # Example
    /// ```rhai
    /// let capture = capture(#{ link: "lo", count: 1 });
    /// ping("127.0.0.1", #{ count: 1, quiet: true });
    /// wait_until(|| !capture.stats().running, "1s");
    /// show(capture.stats().captured);
    /// ```
    #[rhai_fn(name = "stats", return_raw, pure)]
    pub fn capture_stats(ctx: NativeCallContext, capture: &mut Capturing) -> RhaiResultOf<Map> {
        verb(&ctx, |lab| {
            let counts = lab.capture_counts(&capture.0)?;
            Ok(counts_map(&counts, !capture.0.is_over()))
        })
    }

    /// Ends a capture. Its packets stay.
    ///
    /// All that has passed up to now is among them.
    ///
    /// Search words: `end`, `close`, `finish`
    ///
    /// # Returns
    /// A map, as from `stats`.
    ///
    /// # Errors
    /// The file of the capture could not be written on. A capture that has ended stays so.
    ///
    /// # Example
    /// ```rhai
    /// let capture = capture();
    /// ping("127.0.0.1", #{ count: 1, quiet: true });
    /// show(capture.stop().received);
    /// ```
    #[rhai_fn(name = "stop", return_raw, pure)]
    pub fn capture_stop(ctx: NativeCallContext, capture: &mut Capturing) -> RhaiResultOf<Map> {
        verb(&ctx, |lab| {
            let counts = lab.capture_stop(&capture.0)?;
            Ok(counts_map(&counts, !capture.0.is_over()))
        })
    }

    /// The handle as text.
    #[rhai_fn(name = "to_string", name = "to_debug", pure)]
    pub fn capture_text(capture: &mut Capturing) -> String {
        capture.to_string()
    }

    /// Whether two handles are the same.
    #[rhai_fn(name = "==", pure)]
    pub fn capture_same(capture: &mut Capturing, other: Capturing) -> bool {
        Rc::ptr_eq(&capture.0, &other.0)
    }

    /// Whether two handles are different ones.
    #[rhai_fn(name = "!=", pure)]
    pub fn capture_different(capture: &mut Capturing, other: Capturing) -> bool {
        !Rc::ptr_eq(&capture.0, &other.0)
    }
}

/// A link, or several.
struct Links(Vec<String>);

impl OptionValue for Links {
    fn read(value: &Dynamic) -> Result<Self, Fault> {
        let items = match value.read_lock::<Array>() {
            Some(items) => items.to_vec(),
            None => vec![value.clone()],
        };
        let wanted = || Fault::Type("the name of a link, or an array of names");
        let name = |item: &Dynamic| String::read(item).map_err(|_| wanted());
        items.iter().map(name).collect::<Result<_, _>>().map(Links)
    }
}

/// How many bytes of each packet.
struct Snaplen(u32);

impl OptionValue for Snaplen {
    fn read(value: &Dynamic) -> Result<Self, Fault> {
        let number = i64::read(value)?;
        let length = u32::try_from(number).ok();
        length
            .filter(|length| (1..=LONGEST).contains(length))
            .map(Snaplen)
            .ok_or_else(|| Fault::Value(format!("{number} is not between 1 and {LONGEST}")))
    }
}

fn wanted(lab: &Lab, mut options: Options, may_write: bool) -> Outcome<Wanted> {
    let links = options.take::<Links>("link")?;
    let netns = options.take::<NetnsName>("netns")?.map(|name| name.0);
    let filter = options.take::<String>("filter")?;
    let snaplen = options.take::<Snaplen>("snaplen")?;
    let promisc = options.take("promisc")?;
    let count = options.take::<u32>("count")?;
    if count == Some(0) {
        let failure = Failure::new("no packet at all is to be captured").blame("count");
        return Err(failure.hint("leave the option out to capture until it is stopped"));
    }
    let time = options.take::<Duration>("timeout")?;
    let file = match may_write {
        true => options.take::<String>("file")?,
        false if options.has("file") => {
            let words = "the packets of a closure are returned, and not written";
            let hint = "capture(#{ file: ... }) writes them while they pass, and pcap_write(file, packets) afterwards";
            return Err(Failure::new(words).blame("file").hint(hint));
        }
        false => None,
    };
    options.finish()?;
    if links
        .as_ref()
        .is_some_and(|links| links.0.iter().any(String::is_empty))
    {
        let words = "the name of the link is empty";
        let hint = "leave the option out to capture on all links";
        return Err(Failure::new(words).blame("link").hint(hint));
    }
    let snaplen = snaplen.map(|snaplen| snaplen.0);
    if links.as_ref().is_some_and(|links| links.0.is_empty()) {
        let words = "there is no link in the array";
        return Err(Failure::new(words)
            .blame("link")
            .hint("leave the option out to capture on all links"));
    }
    Ok(Wanted {
        netns: Some(netns_of(lab, &netns, "netns")?),
        links: links.map(|links| links.0).unwrap_or_default(),
        filter: filter.map(|text| compiled(&text, snaplen)).transpose()?,
        snaplen,
        promisc,
        count: count.map(u64::from),
        time,
        // Last: a file that is there is emptied.
        file: file.map(|file| to_file(&file, snaplen)).transpose()?,
    })
}

/// The program of a filter, for packets of links of any kind.
pub(super) fn compiled(text: &str, snaplen: Option<u32>) -> Outcome<Vec<Instruction>> {
    let refused = |fault| failure(fault, "filter", text);
    let expression = parse(text).map_err(refused)?;
    let snaplen = snaplen.unwrap_or(LONGEST);
    compile(&expression, Source::AllLinks, snaplen).map_err(refused)
}

fn to_file(file: &str, snaplen: Option<u32>) -> Outcome<ToFile> {
    Ok(ToFile {
        path: PathBuf::from(file),
        writer: pcap::create(file, pcap::format_of(file))?.keeping(snaplen),
    })
}

fn next(
    ctx: &NativeCallContext,
    capture: &Capturing,
    limit: Option<Duration>,
) -> RhaiResultOf<Dynamic> {
    waiting(ctx, |lab, waiter| {
        let words = format!("waiting for a packet of {}", capture.0.what());
        lab.screen().doing(&words);
        let packet = lab.capture_read(&capture.0, limit, waiter);
        lab.screen().doing("");
        Ok(packet?.map_or(Dynamic::UNIT, |packet| {
            Dynamic::from_map(captured_map(&packet.captured()))
        }))
    })
}

fn maps(packets: Vec<Sighting>) -> Outcome<Array> {
    let mut maps = Array::new();
    for packet in &packets {
        if !memory::can_afford(ROOM) {
            let words = format!(
                "there is no memory for {} packets as maps, only for {}",
                packets.len(),
                maps.len()
            );
            let hint = "read() gives them one by one, and save() writes them to a file";
            return Err(Failure::new(words).hint(hint));
        }
        maps.push(Dynamic::from_map(captured_map(&packet.captured())));
    }
    Ok(maps)
}

fn counts_map(counts: &Counts, running: bool) -> Map {
    map([
        ("captured", counter(counts.captured)),
        ("dropped", counter(counts.dropped)),
        ("overflowed", counter(counts.overflowed)),
        ("received", counter(counts.received)),
        ("running", running.into()),
    ])
}
