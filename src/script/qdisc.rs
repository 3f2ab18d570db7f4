//! Verbs about traffic control: queueing disciplines, classes, filters.

use rhai::plugin::*;
use rhai::{Array, Dynamic, Map};

use crate::kernel::options::Settings;
use crate::kernel::qdisc::handle::Handle;
use crate::kernel::qdisc::kinds::{self, QDISCS};
use crate::kernel::qdisc::message::{Mode, Statistics};
use crate::kernel::qdisc::{Qdisc, QdiscAdd, QdiscDel, netem, place_of};
use crate::lab::Lab;
use crate::lab::explain::ask;
use crate::lab::failure::{Failure, Outcome};

use super::call::{RhaiResultOf, verb};
use super::options::{Fault, OptionValue, Options};
use super::settings;
use super::value::{array_of_maps, counter, map};

/// The verbs.
#[export_module]
pub mod api {
    /// Makes a link worse on purpose: delay, jitter, loss, duplicates, reordering, damage, a rate.
    ///
    /// It acts on what the link sends, through netem at its root, in place of what an earlier call put there; what is
    /// not given this time is gone. `#{}` takes all of it away, as `link_unimpair` does. Where the kernel has no netem, a rate
    /// alone is made by tbf; all else needs netem.
    ///
    /// Equivalent to: `tc qdisc replace dev LINK root netem ...`
    ///
    /// Search words: `tc`, `emulate`, `network emulator`, `wan`, `lag`, `lossy`, `slow`, `bandwidth`, `satellite`,
    /// `degrade`, `traffic control`
    ///
    /// # Options
    /// - `delay` (duration): how long each packet is held back
    /// - `jitter` (duration): how far the delay varies, up and down
    /// - `correlation` (percentage): how far the jitter of one packet follows that of the one before
    /// - `distribution` (word): of the jitter: "uniform", "normal", "pareto", "paretonormal"
    /// - `loss` (percentage): how many packets are lost: "1%" or 1, and 0.1
    /// - `loss_correlation` (percentage): how far one loss follows the one before
    /// - `loss_state` (array of percentages): loss by a chain of four states: p13, p31, p32, p23, p14
    /// - `loss_gemodel` (array of percentages): loss in bursts by Gilbert and Elliott: p, r, 1-h, 1-k
    /// - `ecn` (bool): mark what can be marked in place of losing it
    /// - `duplicate` (percentage): how many packets come twice
    /// - `duplicate_correlation` (percentage): how far one follows the one before
    /// - `corrupt` (percentage): how many packets have a bit turned
    /// - `corrupt_correlation` (percentage): how far one follows the one before
    /// - `reorder` (percentage): how many packets are sent at once and overtake those that are delayed
    /// - `reorder_correlation` (percentage): how far one follows the one before
    /// - `gap` (int): only every so-manieth packet is reordered; 1 unless given
    /// - `rate` (rate): how fast the link is, `"10mbit"`
    /// - `packetoverhead` (int, bytes): what each packet takes beyond its length
    /// - `cellsize` (int, bytes): what a packet is cut into
    /// - `celloverhead` (int, bytes): what each cell takes beyond its length
    /// - `slot` (duration): packets wait and go out together, this far apart
    /// - `slot_max` (duration): how far apart at most; as `slot` unless given
    /// - `slot_packets` (int): how many packets go out together at most
    /// - `slot_bytes` (int): how many bytes go out together at most
    /// - `limit` (int, packets): how many packets may wait; 1000 unless given
    /// - `seed` (int): makes chance repeatable (Linux 6.6)
    ///
    /// # Errors
    /// This kernel has no netem; the link has another qdisc at its root; options that don't go together.
    ///
    /// # Example
    /// ```rhai
    /// veth_add("veth0", "veth0peer", #{ up: true });
    /// link_impair("veth0", #{ rate: "10mbit" });
    /// print(qdisc_list("veth0")[0].options.rate);
    /// if kernel_has("qdisc netem") {
    ///     link_impair("veth0", #{ delay: "20ms", jitter: "2ms", loss: "1%" });
    /// }
    /// link_impair("veth0", #{});
    /// ```
    #[rhai_fn(return_raw)]
    pub fn link_impair(ctx: NativeCallContext, link: &str, options: Map) -> RhaiResultOf<()> {
        verb(&ctx, |lab| {
            let mut options = Options::new(options);
            let settings = settings::take_all(&mut options, netem::OPTIONS)?;
            options.finish()?;
            if settings.is_empty() {
                return lab.unimpair(link);
            }
            lab.impair(link, settings)
        })
    }

    /// Takes away what `link_impair` did to a link; a link that is not impaired stays as it is.
    ///
    /// Equivalent to: `tc qdisc del dev LINK root netem`
    ///
    /// Search words: `netem`, `tc`, `repair`, `restore`, `reset`
    ///
    /// # Errors
    /// No such link (ENODEV); the link has another qdisc at its root.
    ///
    /// # Example
    /// ```rhai
    /// veth_add("veth0", "veth0peer");
    /// link_impair("veth0", #{ rate: "10mbit" });
    /// link_unimpair("veth0");
    /// show(qdisc_list("veth0"));
    /// ```
    #[rhai_fn(return_raw)]
    pub fn link_unimpair(ctx: NativeCallContext, link: &str) -> RhaiResultOf<()> {
        verb(&ctx, |lab| lab.unimpair(link))
    }

    /// Gives a link a queueing discipline: what decides in which order, how fast and whether at all it sends its packets.
    ///
    /// Each kind has options of its own, called as tc calls them. Rates are as in tc (`"10mbit"`, `"100kbps"` is bytes; a number
    /// is bits per second), sizes too (`"64k"`; a number is bytes), percentages `"1%"` or a number of percent.
    ///
    /// Equivalent to: `tc qdisc add dev LINK root KIND ...`, `tc qdisc add dev LINK KIND ...`
    ///
    /// Search words: `tc`, `traffic control`, `shaping`, `bandwidth`, `queue`, `netem`, `tbf`, `htb`, `fq_codel`, `ingress`,
    /// `clsact`, `bufferbloat`, `limit`
    ///
    /// # Options
    /// - `parent` (string): the class under which it is put, `"1:10"`; the root of the link unless given
    /// - `handle` (string): its own handle, `"1:"`; the kernel chooses one otherwise
    /// - `rate` (rate): tbf, netem: how fast
    /// - `burst` (int, bytes): tbf: the size of the bucket, what may go out at once; red, sfq: packets
    /// - `latency` (duration): tbf: how long a packet may wait; the rest is dropped
    /// - `limit` (int, bytes or packets): tbf, bfifo, red: how many bytes may wait; pfifo, netem, fq, codel, fq_codel, sfq: how many packets
    /// - `peakrate` (rate): tbf: the rate of a bucket by itself
    /// - `mtu` (int, bytes): tbf: the size of the bucket of `peakrate`
    /// - `mpu` (int, bytes): tbf: what even the smallest packet takes
    /// - `overhead` (int, bytes): tbf: what each packet takes beyond its length
    /// - `linklayer` (word): tbf: what packets are cut into below: "ethernet" (nothing), "atm" (cells)
    /// - `default_class` (string): htb: `default` in tc, which is a reserved word here: the minor number of the class for what no filter has sorted
    /// - `r2q` (int): htb: the rate of a class divided by this is its quantum; 10 unless given
    /// - `direct_qlen` (int, packets): htb: how much may wait that belongs to no class
    /// - `flows` (int): fq_codel, sfq: how many flows are told apart
    /// - `quantum` (int, bytes): fq_codel, fq, sfq: how much a flow may send before it is another's turn
    /// - `interval` (duration): codel, fq_codel: how long the delay has to stand before packets are dropped
    /// - `target` (duration): codel, fq_codel: the delay that may stand
    /// - `ecn` (bool): codel, fq_codel, red, sfq, netem: mark what can be marked in place of dropping it
    /// - `ce_threshold` (duration): codel, fq_codel, fq: mark what waited longer
    /// - `memory_limit` (int, bytes): fq_codel: how much memory what waits may take
    /// - `drop_batch` (int, packets): fq_codel: how many are dropped at once when it is full
    /// - `buckets` (int): fq: the size of the table of flows
    /// - `flow_limit` (int, packets): fq: how much of one flow may wait
    /// - `initial_quantum` (int, bytes): fq: the first quantum of a new flow
    /// - `pacing` (bool): fq: keep to the rates that sockets ask for
    /// - `maxrate` (rate): fq: the rate of any one flow
    /// - `low_rate_threshold` (rate): fq: below this rate packets are sent one by one
    /// - `refill_delay` (duration): fq: after this long an idle flow has its credit again
    /// - `orphan_mask` (int): fq: how packets without a socket are spread
    /// - `timer_slack` (duration): fq: how much late a packet may go out
    /// - `horizon` (duration): fq: what is to go out later than this is too far in the future
    /// - `horizon_drop` (bool): fq: and is dropped, or is sent then
    /// - `perturb` (duration): sfq: how often flows are spread anew
    /// - `divisor` (int): sfq: the size of the table of flows
    /// - `depth` (int, packets): sfq: how much of one flow may wait
    /// - `headdrop` (bool): sfq: drop the oldest packet in place of the newest
    /// - `redflowlimit` (int, bytes): sfq: a red in each flow, and how much of the flow may wait
    /// - `bands` (int): prio: how many queues, the first served first
    /// - `priomap` (array of ints): prio: the band of each of 16 priorities
    /// - `min` (int, bytes): red, sfq: the queue from which on packets are dropped by chance
    /// - `max` (int, bytes): red, sfq: the queue at which the chance is highest
    /// - `avpkt` (int, bytes): red, sfq: the size of a packet on average
    /// - `bandwidth` (rate): red: how fast the link is
    /// - `probability` (float): red, sfq: the highest chance, a part of 1
    /// - `harddrop` (bool): red, sfq: drop above `max` even what could be marked
    /// - `adaptive` (bool): red: adapt the chance
    /// - `nodrop` (bool): red: never drop early
    ///
    /// Those of `link_impair`.
    ///
    /// # Errors
    /// This kernel has no such kind (ENOENT); the link has one there already (EEXIST); no such parent; an option that the kind
    /// does not have, or can't be without.
    ///
    /// # Example
    /// ```rhai
    /// veth_add("veth0", "veth0peer", #{ up: true });
    /// qdisc_add("veth0", "tbf", #{ rate: "10mbit", burst: "16k", latency: "50ms" });
    /// show(qdisc_list("veth0")[0].options.rate);
    /// ```
    #[rhai_fn(return_raw)]
    pub fn qdisc_add(
        ctx: NativeCallContext,
        link: &str,
        kind: &str,
        options: Map,
    ) -> RhaiResultOf<()> {
        verb(&ctx, |lab| put(lab, Mode::Add, link, kind, options))
    }

    /// Puts a queueing discipline in the place of the one that is there, or where there is none.
    ///
    /// One of the same kind, without another handle, is changed: what is not said stays as it is with most kinds.
    ///
    /// Equivalent to: `tc qdisc replace dev LINK root KIND ...`, `tc qdisc replace dev LINK KIND ...`
    ///
    /// Search words: `tc`, `traffic control`, `shaping`, `change`, `set`
    ///
    /// # Options
    /// Those of `qdisc_add`.
    ///
    /// # Errors
    /// As of `qdisc_add`.
    ///
    /// # Example
    /// ```rhai
    /// veth_add("veth0", "veth0peer", #{ up: true });
    /// qdisc_replace("veth0", "pfifo", #{ limit: 100 });
    /// qdisc_replace("veth0", "tbf", #{ handle: "1:", rate: "10mbit", burst: "16k", latency: "50ms" });
    /// show(qdisc_list("veth0"));
    /// ```
    #[rhai_fn(return_raw)]
    pub fn qdisc_replace(
        ctx: NativeCallContext,
        link: &str,
        kind: &str,
        options: Map,
    ) -> RhaiResultOf<()> {
        verb(&ctx, |lab| put(lab, Mode::Replace, link, kind, options))
    }

    /// Changes the options of a queueing discipline while packets wait in it.
    ///
    /// Equivalent to: `tc qdisc change dev LINK root KIND ...`, `tc qdisc change dev LINK KIND ...`
    ///
    /// Search words: `tc`, `traffic control`, `shaping`, `set`, `adjust`
    ///
    /// # Options
    /// Those of `qdisc_add`.
    ///
    /// # Errors
    /// There is none (ENOENT), or one of another kind (EINVAL).
    ///
    /// # Example
    /// ```rhai
    /// veth_add("veth0", "veth0peer", #{ up: true });
    /// qdisc_add("veth0", "pfifo", #{ limit: 100 });
    /// qdisc_change("veth0", "pfifo", #{ limit: 10 });
    /// show(qdisc_list("veth0")[0].options.limit);
    /// ```
    #[rhai_fn(return_raw)]
    pub fn qdisc_change(
        ctx: NativeCallContext,
        link: &str,
        kind: &str,
        options: Map,
    ) -> RhaiResultOf<()> {
        verb(&ctx, |lab| put(lab, Mode::Change, link, kind, options))
    }

    /// Deletes a queueing discipline with all that is below it; the kernel puts its own in the place.
    ///
    /// Equivalent to: `tc qdisc del dev LINK root`, `tc qdisc del dev LINK ...`
    ///
    /// Search words: `tc`, `remove`, `delete`, `traffic control`, `shaping`
    ///
    /// # Options
    /// - `parent` (string): where it is: the id of a class, or `"ingress"` for ingress and clsact; the root unless given
    /// - `handle` (string): its handle, if it has to be this one
    ///
    /// # Errors
    /// There is none there (ENOENT).
    ///
    /// # Example
    /// ```rhai
    /// veth_add("veth0", "veth0peer", #{ up: true });
    /// qdisc_add("veth0", "pfifo", #{ limit: 100 });
    /// qdisc_del("veth0");
    /// show(qdisc_list("veth0"));
    /// ```
    #[rhai_fn(return_raw)]
    pub fn qdisc_del(ctx: NativeCallContext, link: &str, options: Map) -> RhaiResultOf<()> {
        verb(&ctx, |lab| {
            let mut options = Options::new(options);
            let parent = options.take::<Place>("parent")?;
            let handle = options.take::<Id>("handle")?;
            options.finish()?;
            lab.apply(QdiscDel {
                link: link.into(),
                parent: parent.map_or(Handle::ROOT, |place| place.0),
                handle: handle.map_or(Handle::NONE, |id| id.0),
            })
        })
    }

    /// Lists the queueing disciplines of the current namespace.
    ///
    /// Equivalent to: `tc -s qdisc show`, `tc qdisc`
    ///
    /// Search words: `tc`, `traffic control`, `statistics`, `drops`, `backlog`
    ///
    /// # Returns
    /// An array of maps: `link`; `kind`; `handle` ("0:" of one that the kernel put there itself); `parent` ("root", "ingress", or
    /// the id of a class); `options` (map, with the keys of `qdisc_add`; rates in bits per second, times in seconds, sizes in
    /// bytes, chances in percent); `statistics` (map: `bytes`, `packets` (sent), `drops` (packets), `overlimits` (how often
    /// it had to wait), `requeues`, `backlog` (bytes that wait), `qlen` (packets that wait)).
    ///
    /// # Example
    /// ```rhai
    /// for qdisc in qdisc_list() {
    ///     print(`${qdisc.link}: ${qdisc.kind}`);
    /// }
    /// ```
    #[rhai_fn(return_raw)]
    pub fn qdisc_list(ctx: NativeCallContext) -> RhaiResultOf<Array> {
        verb(&ctx, |lab| {
            let list = ask(lab, "list the qdiscs", || lab.qdiscs(None))?;
            Ok(array_of_maps(list.into_iter().map(qdisc_map)))
        })
    }

    /// Lists the queueing disciplines of one link.
    ///
    /// Equivalent to: `tc -s qdisc show dev LINK`
    ///
    /// Search words: `tc`, `traffic control`, `statistics`, `drops`, `backlog`
    ///
    /// # Returns
    /// An array of maps like those of `qdisc_list`.
    ///
    /// # Errors
    /// No such link (ENODEV).
    ///
    /// # Example
    /// ```rhai
    /// veth_add("veth0", "veth0peer", #{ up: true });
    /// qdisc_add("veth0", "htb", #{ handle: "1:", default_class: "10" });
    /// show(qdisc_list("veth0"));
    /// ```
    #[rhai_fn(name = "qdisc_list", return_raw)]
    pub fn qdisc_list_of(ctx: NativeCallContext, link: &str) -> RhaiResultOf<Array> {
        verb(&ctx, |lab| {
            let words = format!("list the qdiscs of {link}");
            let list = ask(lab, &words, || lab.qdiscs(Some(link)));
            let list = list.map_err(|failure| failure.blame("link"))?;
            Ok(array_of_maps(list.into_iter().map(qdisc_map)))
        })
    }
}

fn put(lab: &Lab, mode: Mode, link: &str, kind: &str, options: Map) -> Outcome<()> {
    let mut options = Options::new(options);
    if kind.is_empty() {
        return Err(Failure::new("the kind of the qdisc is empty").blame("kind"));
    }
    let parent = options.take::<Place>("parent")?.map(|place| place.0);
    let handle = options.take::<Id>("handle")?.map(|id| id.0);
    let known = kinds::find(QDISCS, kind);
    let settings = match known {
        Some(known) => settings::take_all(&mut options, known.options)?,
        None => Settings::default(),
    };
    let (parent, handle) = match place_of(kind) {
        Some(place) if parent.is_none() && handle.is_none() => place,
        _ => (
            parent.unwrap_or(Handle::ROOT),
            handle.unwrap_or(Handle::NONE),
        ),
    };
    // The options of a kind that is misspelt are not the matter.
    if known.is_some() {
        options.finish()?;
    }
    lab.apply(QdiscAdd {
        mode,
        link: link.into(),
        kind: kind.into(),
        parent,
        handle,
        settings,
    })
}

/// Where a discipline is.
struct Place(Handle);

impl OptionValue for Place {
    fn read(value: &Dynamic) -> Result<Self, Fault> {
        let text = String::read(value)
            .map_err(|_| Fault::Type("the id of a class as a string, such as \"1:10\""))?;
        match text.as_str() {
            "ingress" | "clsact" => Ok(Place(Handle::INGRESS)),
            text => Handle::parse_parent(text).map(Place).map_err(Fault::Value),
        }
    }
}

/// A handle.
pub(super) struct Id(pub(super) Handle);

impl OptionValue for Id {
    fn read(value: &Dynamic) -> Result<Self, Fault> {
        let text =
            String::read(value).map_err(|_| Fault::Type("a handle as a string, such as \"1:\""))?;
        Handle::parse(&text).map(Id).map_err(Fault::Value)
    }
}

fn qdisc_map((link, qdisc): (String, Qdisc)) -> Map {
    map([
        ("handle", qdisc.handle.to_string().into()),
        ("kind", qdisc.kind.into()),
        ("link", link.into()),
        ("options", settings::map_of(qdisc.settings.given()).into()),
        ("parent", qdisc.parent.to_string().into()),
        (
            "statistics",
            Dynamic::from_map(statistics_map(qdisc.statistics)),
        ),
    ])
}

pub(super) fn statistics_map(statistics: Statistics) -> Map {
    let number = |number: u32| Dynamic::from(i64::from(number));
    map([
        ("backlog", number(statistics.backlog)),
        ("bytes", counter(statistics.bytes)),
        ("drops", number(statistics.drops)),
        ("overlimits", number(statistics.overlimits)),
        ("packets", counter(statistics.packets)),
        ("qlen", number(statistics.qlen)),
        ("requeues", number(statistics.requeues)),
    ])
}
