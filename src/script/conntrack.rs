//! Verbs about the connections that netfilter tracks.

use std::collections::BTreeMap;
use std::net::IpAddr;

use rhai::plugin::*;
use rhai::{Array, Dynamic, FnPtr, Map};

use crate::kernel::cidr::Cidr;
use crate::kernel::conntrack::{self, Entry, PROTOCOLS, STATUS, TCP_STATES, Tuple};
use crate::kernel::conntrack_change::{ConntrackDel, ConntrackFlush};
use crate::kernel::conntrack_filter::{FAMILIES, Filter, Nat};
use crate::lab::explain::ask;
use crate::lab::failure::{Failure, Outcome};
use crate::lab::tracked::{Tracked, TrackedEvent};

use super::call::{RhaiResultOf, lab, verb};
use super::events::{LOST, milliseconds, placed};
use super::options::{Fault, OptionValue, Options};
use super::rows::{Rows, Words, text};
use super::value::{array, array_of_maps, counter, map, maybe};

/// The verbs.
#[export_module]
pub mod api {
    /// Lists the connections that are tracked in the current namespace, with both tuples, state and NAT.
    ///
    /// Linux tracks in a namespace only from the moment on when a rule there asks for it: one with `ct state`, or any NAT.
    /// Before that the list is empty, whatever goes through.
    ///
    /// Equivalent to: `conntrack -L`
    ///
    /// Search words: `connection tracking`, `nf_conntrack`, `state table`, `nat table`, `tuple`,
    /// `/proc/net/nf_conntrack`, `flows`
    ///
    /// # Options
    /// - `family` (word; `-f`): only "inet" or "inet6"
    /// - `proto` (string or int; `-p`): only this protocol: "tcp", "udp", "icmp", "icmpv6", "sctp" ..., or its number
    /// - `src` (address or cidr; `-s`): only with this original source
    /// - `dst` (address or cidr; `-d`): only with this original destination
    /// - `sport` (int; `--sport`): only with this original source port
    /// - `dport` (int; `--dport`): only with this original destination port
    /// - `reply_src` (address or cidr; `-r`): only with this source of answers
    /// - `reply_dst` (address or cidr; `-q`): only with this destination of answers
    /// - `state` (string; `--state`): only in this state of TCP: "ESTABLISHED", "SYN_SENT" ...
    /// - `status` (string; `-u`): only with this status bit: "ASSURED", "SEEN_REPLY" ...
    /// - `nat` (word): only what NAT changes: "snat", "dnat" or "any"
    /// - `mark` (string or int; `-m`): only with this mark, or with its bits under a mask: "0x10/0xff"
    /// - `zone` (int; `-w`): only in this zone
    ///
    /// # Returns
    /// An array of maps: `family` ("inet" or "inet6"); `proto` (its name, or its number as a string); `state` (TCP and
    /// SCTP, `()` otherwise); `original`, the tuple as the first packet was sent, and `reply`, as an answer arrives
    /// (each a map of `src`, `dst`, `sport`, `dport`, and of ICMP `type`, `code`, `id`; `packets` and `bytes` where
    /// net.netfilter.nf_conntrack_acct was 1 when the entry was made, `()` otherwise); `nat` (an array of "snat", "dnat",
    /// both, or neither); `status` (its bits: SEEN_REPLY, ASSURED, CONFIRMED ...); `timeout` (seconds until it is
    /// forgotten); `mark`; `zone`; `helper`; `id`.
    ///
    /// # Errors
    /// A word that conntrack does not know; the kernel has no ctnetlink.
    ///
    /// # Example
    /// ```rhai
    /// for entry in conntrack_list(#{ proto: "tcp", dport: 80 }) {
    ///     print(`${entry.original.src} -> ${entry.original.dst} ${entry.state}`);
    /// }
    /// ```
    #[rhai_fn(return_raw)]
    pub fn conntrack_list(ctx: NativeCallContext, options: Map) -> RhaiResultOf<Array> {
        verb(&ctx, |lab| {
            let filter = filter(options)?;
            let list = ask(lab, "list the tracked connections", || {
                conntrack::list(&*lab.current().namespace()?, &filter)
            })?;
            let mut maps = EntryMaps::default();
            Ok(array_of_maps(list.iter().map(|entry| maps.one(entry))))
        })
    }

    /// Counts the connections that are tracked in the current namespace.
    ///
    /// Equivalent to: `conntrack -C`
    ///
    /// Search words: `number of connections`, `nf_conntrack_count`
    ///
    /// # Returns
    /// The number of entries.
    ///
    /// # Errors
    /// The kernel has no ctnetlink.
    ///
    /// # Example
    /// ```rhai
    /// assert(conntrack_count() == 0);
    /// ```
    #[rhai_fn(return_raw)]
    pub fn conntrack_count(ctx: NativeCallContext) -> RhaiResultOf<i64> {
        verb(&ctx, |lab| {
            let count = ask(lab, "count the tracked connections", || {
                conntrack::count(&*lab.current().namespace()?)
            });
            count.map(i64::from)
        })
    }

    /// Makes the current namespace forget some of the connections that it tracks.
    ///
    /// The next packet of such a connection is tracked as if it were the first: NAT is chosen anew, by the rules of now.
    ///
    /// Equivalent to: `conntrack -D`
    ///
    /// Search words: `delete`, `remove`, `forget a connection`, `nat rules changed`
    ///
    /// # Options
    /// - `family` (word; `-f`): those of "inet" or "inet6"
    /// - `proto` (string or int; `-p`): those of this protocol
    /// - `src` (address or cidr; `-s`): those with this original source
    /// - `dst` (address or cidr; `-d`): those with this original destination
    /// - `sport` (int; `--sport`): those with this original source port
    /// - `dport` (int; `--dport`): those with this original destination port
    /// - `reply_src` (address or cidr; `-r`): those with this source of answers
    /// - `reply_dst` (address or cidr; `-q`): those with this destination of answers
    /// - `state` (string; `--state`): those in this state of TCP
    /// - `status` (string; `-u`): those with this status bit
    /// - `nat` (word): those that NAT changes: "snat", "dnat" or "any"
    /// - `mark` (string or int; `-m`): those with this mark, or with its bits under a mask: "0x10/0xff"
    /// - `zone` (int; `-w`): those in this zone
    ///
    /// # Errors
    /// No connection is tracked that is like this (ENOENT); no option is given: `conntrack_flush` is for all.
    ///
    /// # Example
    /// ```rhai
    /// try { conntrack_del(#{ proto: "udp", dport: 53 }); } catch (e) { print(e.message); }
    /// ```
    #[rhai_fn(return_raw)]
    pub fn conntrack_del(ctx: NativeCallContext, options: Map) -> RhaiResultOf<()> {
        verb(&ctx, |lab| {
            let filter = filter(options)?;
            if filter.is_empty() {
                let failure = Failure::new("it is not said which connections to forget");
                return Err(failure.hint(
                    "give at least one option, such as #{ proto: \"tcp\" }; conntrack_flush() forgets all",
                ));
            }
            lab.apply(ConntrackDel { filter })
        })
    }

    /// Runs a closure, and tells what happened meanwhile to the connections that the current namespace tracks, in order.
    ///
    /// Linux keeps track of changes only for connections that began while somebody listened (net.netfilter.nf_conntrack_events
    /// is 2); set to 1 beforehand, what was there before has its events too.
    ///
    /// Equivalent to: `conntrack -E`
    ///
    /// Search words: `notifications`, `watch connections`, `new connections`
    ///
    /// # Options
    /// - `family` (word; `-f`): only "inet" or "inet6"
    /// - `proto` (string or int; `-p`): only this protocol
    /// - `src` (address or cidr; `-s`): only with this original source
    /// - `dst` (address or cidr; `-d`): only with this original destination
    /// - `sport` (int; `--sport`): only with this original source port
    /// - `dport` (int; `--dport`): only with this original destination port
    /// - `reply_src` (address or cidr; `-r`): only with this source of answers
    /// - `reply_dst` (address or cidr; `-q`): only with this destination of answers
    /// - `state` (string; `--state`): only in this state of TCP
    /// - `status` (string; `-u`): only with this status bit
    /// - `nat` (word): only what NAT changes: "snat", "dnat" or "any"
    /// - `mark` (string or int; `-m`): only with this mark, or with its bits under a mask
    /// - `zone` (int; `-w`): only in this zone
    ///
    /// # Returns
    /// A map: `result`, what the closure returned; and `events`, an array of maps: `time` (milliseconds from the beginning on,
    /// when the notification was read); `event` ("new", "update", "destroy"; "lost" where notifications came faster than
    /// they could be read); `object` (see `conntrack_list`; one that is destroyed has no timeout unless it was deleted);
    /// `text` (the line that `conntrack -E` prints).
    ///
    /// # Errors
    /// Those of the closure; a word that conntrack does not know; the kernel has no ctnetlink.
    ///
    /// # Example
    /// ```rhai
    /// let seen = conntrack_events(|| ping("127.0.0.1", #{ count: 1, quiet: true }), #{ proto: "icmp" });
    /// for event in seen.events { print(event.text); }
    /// assert(seen.result.received == 1);
    /// ```
    #[rhai_fn(return_raw)]
    pub fn conntrack_events(
        ctx: NativeCallContext,
        work: FnPtr,
        options: Map,
    ) -> RhaiResultOf<Map> {
        let filter = verb(&ctx, |_| filter(options))?;
        let lab = lab(&ctx)?;
        let run = || work.call_within_context::<Dynamic>(&ctx, ());
        let heard = lab.tracked_events(&filter, run);
        let (result, events) = verb(&ctx, |lab| {
            ask(lab, "listen to what happens to connections", || heard)
        })?;
        let result = result.map_err(|error| placed(error, &ctx))?;
        let mut maps = EntryMaps::default();
        let events = array_of_maps(events.iter().map(|event| event_map(event, &mut maps)));
        Ok(map([("events", events.into()), ("result", result)]))
    }

    /// Makes the current namespace forget all connections that it tracks.
    ///
    /// Equivalent to: `conntrack -F`
    ///
    /// Search words: `clear`, `empty the table`, `delete all`, `reset nat`
    ///
    /// # Errors
    /// The kernel has no ctnetlink.
    ///
    /// # Example
    /// ```rhai
    /// conntrack_flush();
    /// assert(conntrack_list().len() == 0);
    /// ```
    #[rhai_fn(return_raw)]
    pub fn conntrack_flush(ctx: NativeCallContext) -> RhaiResultOf<()> {
        verb(&ctx, |lab| lab.apply(ConntrackFlush))
    }
}

fn event_map(event: &TrackedEvent, maps: &mut EntryMaps) -> Map {
    let (name, entry) = match &event.what {
        Tracked::New(entry) => ("new", Some(entry)),
        Tracked::Update(entry) => ("update", Some(entry)),
        Tracked::Destroy(entry) => ("destroy", Some(entry)),
        Tracked::Lost => ("lost", None),
    };
    let text = match entry {
        Some(entry) => format!("[{}] {entry}", name.to_uppercase()),
        None => LOST.into(),
    };
    let object = entry.map_or(Dynamic::UNIT, |entry| maps.one(entry).into());
    map([
        ("event", name.into()),
        ("object", object),
        ("text", text.into()),
        ("time", milliseconds(event.at).into()),
    ])
}

/// The filter that the options are.
fn filter(options: Map) -> Outcome<Filter> {
    let mut options = Options::new(options);
    let cidr = |network: Network| network.0;
    let filter = Filter {
        family: options.take("family")?.map(|Family(number)| number),
        protocol: options.take("proto")?.map(|Protocol(number)| number),
        src: options.take("src")?.map(cidr),
        dst: options.take("dst")?.map(cidr),
        sport: options.take("sport")?.map(|Number(port)| port),
        dport: options.take("dport")?.map(|Number(port)| port),
        reply_src: options.take("reply_src")?.map(cidr),
        reply_dst: options.take("reply_dst")?.map(cidr),
        state: options.take("state")?.map(|State(name)| name),
        status: options.take("status")?.map_or(0, |Status(bits)| bits),
        nat: options.take("nat")?,
        mark: options.take("mark")?.map(|Mark(mark)| mark),
        zone: options.take("zone")?.map(|Number(zone)| zone),
    };
    options.finish()?;
    if let Some(family) = filter.family {
        let is_ipv6 = FAMILIES
            .iter()
            .any(|(number, name, ..)| *number == family && *name == "inet6");
        let ends = [
            ("src", filter.src),
            ("dst", filter.dst),
            ("reply_src", filter.reply_src),
            ("reply_dst", filter.reply_dst),
        ];
        let other = ends
            .iter()
            .find(|(_, end)| end.is_some_and(|end| end.address.is_ipv6() != is_ipv6));
        if let Some((key, _)) = other {
            let words = format!(
                "no connection of this family has such an address: {key} and family contradict each other"
            );
            return Err(Failure::new(words).blame(*key));
        }
    }
    Ok(filter)
}

/// One of some words, whatever the case of its letters.
fn one_of<T: Copy>(value: &Dynamic, words: &[(&str, T)]) -> Result<T, Fault> {
    let text = String::read(value)?;
    let found = words
        .iter()
        .find(|(word, _)| word.eq_ignore_ascii_case(&text));
    found.map(|(_, meaning)| *meaning).ok_or_else(|| {
        let names: Vec<&str> = words.iter().map(|(word, _)| *word).collect();
        Fault::Value(format!("{text:?} is not one of {}", names.join(", ")))
    })
}

struct Family(u8);

impl OptionValue for Family {
    fn read(value: &Dynamic) -> Result<Self, Fault> {
        one_of(value, &FAMILIES.map(|(number, name, _)| (name, number))).map(Family)
    }
}

struct Protocol(u8);

impl OptionValue for Protocol {
    fn read(value: &Dynamic) -> Result<Self, Fault> {
        match value.is_int() {
            true => u8::read(value).map(Protocol),
            false => one_of(value, &PROTOCOLS.map(|(number, name)| (name, number))).map(Protocol),
        }
    }
}

/// A number of 16 bits: a port, a zone.
struct Number(u16);

impl OptionValue for Number {
    fn read(value: &Dynamic) -> Result<Self, Fault> {
        let number = i64::read(value)?;
        u16::try_from(number)
            .map(Number)
            .map_err(|_| Fault::Value(format!("{number} is not between 0 and {}", u16::MAX)))
    }
}

/// A network, or an address alone.
struct Network(Cidr);

impl OptionValue for Network {
    fn read(value: &Dynamic) -> Result<Self, Fault> {
        let text =
            String::read(value).map_err(|_| Fault::Type("an address or a CIDR as a string"))?;
        if let Ok(address) = text.parse::<IpAddr>() {
            let prefix = Cidr::bits(address);
            return Ok(Network(Cidr { address, prefix }));
        }
        text.parse()
            .map(Network)
            .map_err(|fault: crate::kernel::cidr::CidrFault| Fault::Value(fault.message))
    }
}

struct State(String);

impl OptionValue for State {
    fn read(value: &Dynamic) -> Result<Self, Fault> {
        one_of(value, &TCP_STATES.map(|name| (name, name))).map(|name| State(name.into()))
    }
}

struct Status(u32);

impl OptionValue for Status {
    fn read(value: &Dynamic) -> Result<Self, Fault> {
        one_of(value, &STATUS.map(|(bit, name)| (name, bit))).map(Status)
    }
}

impl OptionValue for Nat {
    fn read(value: &Dynamic) -> Result<Self, Fault> {
        one_of(value, &Nat::NAMES.map(|(nat, name, _)| (name, nat)))
    }
}

/// A mark and its mask.
struct Mark((u32, u32));

impl OptionValue for Mark {
    fn read(value: &Dynamic) -> Result<Self, Fault> {
        if value.is_int() {
            return u32::read(value).map(|mark| Mark((mark, u32::MAX)));
        }
        let wanted = Fault::Type("a mark as an int, or a string such as \"0x10/0xff\"");
        let text = String::read(value).map_err(|_| wanted)?;
        let (mark, mask) = text.split_once('/').unwrap_or((&text, "0xffffffff"));
        let pair = number(mark).zip(number(mask));
        pair.map(Mark)
            .ok_or_else(|| Fault::Value(format!("{text:?} is no mark")))
    }
}

/// A number of 32 bits, as C writes it.
fn number(text: &str) -> Option<u32> {
    match text.strip_prefix("0x") {
        Some(digits) => u32::from_str_radix(digits, 16).ok(),
        None => text.parse().ok(),
    }
}

/// Makes maps of entries.
#[derive(Default)]
pub(super) struct EntryMaps {
    words: Words,
    statuses: BTreeMap<u32, Dynamic>,
    entries: Rows,
    tuples: Rows,
}

impl EntryMaps {
    /// An entry as scripts see it.
    pub(super) fn one(&mut self, entry: &Entry) -> Map {
        let family = FAMILIES.iter().find(|(number, ..)| *number == entry.family);
        let family = family.map_or("", |(_, name, _)| name);
        let status = self.statuses.entry(entry.status);
        let status = status.or_insert_with(|| array(entry.status_names()).into());
        let status = status.clone();
        let ends = |tuple: &Tuple| [tuple.src, tuple.dst];
        let [src, dst] = ends(&entry.original);
        let own = [src, dst].map(|address| maybe(address.map(text)));
        // Where NAT is not at work, the reply is the original turned round.
        let turned = [own[1].clone(), own[0].clone()];
        let back = match ends(&entry.reply) == [dst, src] {
            true => turned,
            false => ends(&entry.reply).map(|address| maybe(address.map(text))),
        };
        let pairs = [
            ("family", self.words.get(family)),
            ("helper", maybe(entry.helper.clone())),
            ("id", i64::from(entry.id).into()),
            ("mark", maybe(entry.mark.map(i64::from))),
            ("nat", array(entry.nat()).into()),
            ("original", self.tuple_map(&entry.original, own)),
            ("proto", self.protocol(entry.original.protocol)),
            ("reply", self.tuple_map(&entry.reply, back)),
            (
                "state",
                entry
                    .state
                    .map_or(Dynamic::UNIT, |state| self.words.get(state)),
            ),
            ("status", status),
            ("timeout", maybe(entry.timeout.map(i64::from))),
            ("zone", i64::from(entry.zone).into()),
        ];
        self.entries.map(pairs)
    }

    fn tuple_map(&mut self, tuple: &Tuple, [src, dst]: [Dynamic; 2]) -> Dynamic {
        let port = |port: Option<u16>| maybe(port.map(i64::from));
        let byte = |byte: Option<u8>| maybe(byte.map(i64::from));
        let counters = tuple.counters;
        let pairs = [
            (
                "bytes",
                counters.map_or(Dynamic::UNIT, |it| counter(it.bytes)),
            ),
            ("code", byte(tuple.icmp.code)),
            ("dport", port(tuple.dport)),
            ("dst", dst),
            ("id", port(tuple.icmp.id)),
            (
                "packets",
                counters.map_or(Dynamic::UNIT, |it| counter(it.packets)),
            ),
            ("sport", port(tuple.sport)),
            ("src", src),
            ("type", byte(tuple.icmp.kind)),
        ];
        Dynamic::from_map(self.tuples.map(pairs))
    }

    fn protocol(&mut self, number: u8) -> Dynamic {
        match PROTOCOLS.iter().find(|(known, _)| *known == number) {
            Some((_, name)) => self.words.get(name),
            None => text(number),
        }
    }
}
