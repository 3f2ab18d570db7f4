//! The verb that follows packets, and what it gives.

use std::cell::OnceCell;
use std::collections::HashMap;
use std::fmt;
use std::io::Write;
use std::rc::Rc;
use std::time::Duration;

use rhai::plugin::*;
use rhai::{Array, Dynamic, FnPtr, Map};

use crate::lab::failure::printable;
use crate::lab::journey::{End, Journey};
use crate::lab::trace::{Trace, label};
use crate::packet::capture_file::Format;
use crate::packet::line::Detail;
use crate::picture::{Drawing, Ladder, mermaid, svg};

use super::call::{RhaiResultOf, lab, verb};
use super::captured::captured_map;
use super::events::{milliseconds, placed};
use super::file::{new_file, refusal};
use super::pcap;
use super::value::{array, array_of_maps, counter, map, maybe};

/// A trace in the hands of a script.
#[derive(Clone)]
pub struct Traced {
    trace: Rc<Trace>,
    result: Dynamic,
    /// The journeys and the bystanders, made when they are first asked for: of a flood there are many, and loops ask often.
    told: Rc<[OnceCell<Array>; 2]>,
}

impl fmt::Display for Traced {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let count = |number: usize, word: &str| match number {
            1 => format!("1 {word}"),
            number => format!("{number} {word}s"),
        };
        let journeys = self.trace.own_journeys().count();
        let bystanders = self.trace.journeys.len() - journeys;
        write!(
            f,
            "trace of {} and {}",
            count(journeys, "journey"),
            count(bystanders, "bystander")
        )
    }
}

impl Traced {
    /// A trace of which nothing is left but what was seen.
    pub(super) fn of(trace: Rc<Trace>) -> Self {
        Traced {
            trace,
            result: Dynamic::UNIT,
            told: Rc::default(),
        }
    }

    /// What is drawn of it.
    pub fn drawing(&self) -> Ladder {
        // A name may come from whoever made the namespace or the link, and bring along what drives a terminal.
        let one_line = |name: &str| printable(name).replace('\n', "\\n").replace('\t', "\\t");
        let mut ladder = self.trace.ladder();
        for column in &mut ladder.columns {
            column.netns = one_line(&column.netns);
            column.link = one_line(&column.link);
        }
        ladder
    }

    /// All of it as a plain value.
    pub fn data(&self) -> Map {
        map([
            ("bystanders", self.journeys(true).into()),
            ("complete", (self.trace.lost == 0).into()),
            ("departed", self.departed().into()),
            ("journeys", self.journeys(false).into()),
            ("result", self.result.clone()),
        ])
    }

    fn departed(&self) -> Array {
        let start = self.trace.start();
        let gone = self.trace.wiring.departures().into_iter();
        array_of_maps(gone.map(|gone| {
            map([
                ("link", gone.place.link.into()),
                ("netns", gone.place.netns.into()),
                ("time", maybe(gone.at.map(|at| since(start, at)))),
                ("what", gone.what.into()),
            ])
        }))
    }

    fn journeys(&self, bystanders: bool) -> Array {
        let [own, others] = &*self.told;
        let told = if bystanders { others } else { own };
        let make = || {
            let journeys = self.trace.journeys.iter();
            array_of_maps(
                journeys
                    .filter(|journey| journey.is_bystander == bystanders)
                    .map(|journey| journey_map(&self.trace, journey)),
            )
        };
        told.get_or_init(make).clone()
    }
}

/// The verbs.
#[export_module]
pub mod api {
    /// Runs a closure and follows every packet meanwhile, on every link of every namespace of the lab.
    ///
    /// A packet is known again on other links by what stays the same in it, through other TTLs, hardware addresses, VLANs, tunnels
    /// and NAT. `show` draws a ladder: links as columns, time down. What IPv6, bridges and the like say by themselves is set apart,
    /// as bystanders.
    ///
    /// Search words: `follow`, `path`, `way`, `where`, `journey`, `sniff`, `tcpdump`, `debug`, `ladder`, `sequence diagram`
    ///
    /// # Returns
    /// A handle: `result` (what the closure returned), `journeys` and `bystanders` (arrays), `packets` (all of them, as `capture`
    /// gives them), `complete` (false where packets came faster than they could be read), `departed` (the links that went
    /// meanwhile, an array of maps: `netns`, `link`, `what`, such as "is deleted" or "is renamed to eth1", and `time`, or () where
    /// others took it away); `svg(file)`, `pcapng(file)`, `mermaid()`, `text()`. Of very many journeys the pictures show the first,
    /// and of the rest some that were lost. A journey is a map:
    ///
    /// - `label`: what it is, such as "echo request seq 1"; `line`: the same as tcpdump tells it
    /// - `source`, `destination`: its addresses at the beginning
    /// - `path`: where it was seen, an array of texts: "veth0 out", or "h1/eth0 in" in a namespace with a name
    /// - `delivered`: whether whom it was for had it; of a packet that was cut to pieces, all of them
    /// - `steps`: an array of maps: `time` (milliseconds since the first packet), `netns`, `link`, `direction` ("in" or "out"),
    ///   `from` (the number of the step before it, or ()), `changes` (an array of maps `field`, `before`, `now`: "ttl", "saddr",
    ///   "sport", "vlan id", "tunnel", "fragment" (the first and the last byte that a piece has) and so on), `line`
    /// - `ends`: an array of maps: `netns`, `link`, `end`: "delivered", "stopped" (it came in, and nobody there took it or passed
    ///   it on) or "gone" (it went out, and was seen nowhere after that)
    ///
    /// # Errors
    /// Those of the closure; packets can't be captured here (EPERM).
    ///
    /// # Example
    /// ```rhai
    /// veth_add("veth0", "veth1", #{ up: true });
    /// addr_add("veth0", "10.0.0.1/24");
    /// let t = trace(|| ping("10.0.0.1", #{ count: 1, quiet: true }));
    /// show(t.journeys.map(|journey| journey.path));
    /// assert(t.journeys.all(|journey| journey.delivered));
    /// ```
    #[rhai_fn(return_raw)]
    pub fn trace(ctx: NativeCallContext, work: FnPtr) -> RhaiResultOf<Traced> {
        let lab = lab(&ctx)?;
        let traced = lab.trace(|| work.call_within_context::<Dynamic>(&ctx, ()));
        let (result, trace) = verb(&ctx, |_| traced)?;
        let result = result.map_err(|error| placed(error, &ctx))?;
        Ok(Traced {
            result,
            ..Traced::of(Rc::new(trace))
        })
    }

    /// Writes a trace to a file as a picture (SVG).
    ///
    /// Search words: `image`, `draw`, `diagram`, `export`
    ///
    /// # Errors
    /// The file can't be written.
    ///
    /// # Example
    /// ```rhai
    /// let t = trace(|| ping("127.0.0.1", #{ count: 1, quiet: true }));
    /// let file = exec("mktemp", []).stdout;
    /// file.trim();
    /// t.svg(file);
    /// exec("rm", [file]);
    /// ```
    #[rhai_fn(name = "svg", return_raw, pure)]
    pub fn trace_svg(ctx: NativeCallContext, trace: &mut Traced, file: &str) -> RhaiResultOf<()> {
        verb(&ctx, |_| {
            let picture = svg::draw(&trace.drawing());
            let written = new_file(file)?.write_all(picture.as_bytes());
            written.map_err(|error| refusal("write", file, &error))
        })
    }

    /// Writes the packets of a trace to a capture file, for Wireshark and tcpdump.
    ///
    /// Search words: `wireshark`, `tshark`, `pcap`, `export`
    ///
    /// # Returns
    /// How many packets there are in it.
    ///
    /// # Errors
    /// The file can't be written.
    ///
    /// # Example
    /// ```rhai
    /// let t = trace(|| ping("127.0.0.1", #{ count: 1, quiet: true }));
    /// let file = exec("mktemp", []).stdout;
    /// file.trim();
    /// show(t.pcapng(file));
    /// exec("rm", [file]);
    /// ```
    #[rhai_fn(name = "pcapng", return_raw, pure)]
    pub fn trace_pcapng(
        ctx: NativeCallContext,
        trace: &mut Traced,
        file: &str,
    ) -> RhaiResultOf<i64> {
        verb(&ctx, |_| {
            pcap::write(file, trace.trace.packets.iter().cloned(), Format::Pcapng)
        })
    }

    /// Gives a trace as a sequence diagram of Mermaid.
    ///
    /// Search words: `markdown`, `draw`, `diagram`, `export`
    ///
    /// # Returns
    /// The text of the diagram.
    ///
    /// # Example
    /// ```rhai
    /// let t = trace(|| ping("127.0.0.1", #{ count: 1, quiet: true }));
    /// assert(t.mermaid().starts_with("sequenceDiagram"));
    /// ```
    #[rhai_fn(name = "mermaid", pure)]
    pub fn trace_mermaid(trace: &mut Traced) -> String {
        mermaid::draw(&trace.drawing())
    }

    /// Gives a trace as it is shown: a ladder of plain ASCII.
    ///
    /// Search words: `draw`, `ladder`, `diagram`
    ///
    /// # Returns
    /// The lines of the ladder.
    ///
    /// # Example
    /// ```rhai
    /// let t = trace(|| ping("127.0.0.1", #{ count: 1, quiet: true }));
    /// assert(t.text().contains("echo reply"));
    /// ```
    #[rhai_fn(name = "text", pure)]
    pub fn trace_text(trace: &mut Traced) -> String {
        trace.drawing().text(true, None)
    }

    /// What the closure returned.
    #[rhai_fn(get = "result", pure)]
    pub fn trace_result(trace: &mut Traced) -> Dynamic {
        trace.result.clone()
    }

    /// The journeys of the lab's own packets.
    #[rhai_fn(get = "journeys", pure)]
    pub fn trace_journeys(trace: &mut Traced) -> Array {
        trace.journeys(false)
    }

    /// What links and kernels said by themselves.
    #[rhai_fn(get = "bystanders", pure)]
    pub fn trace_bystanders(trace: &mut Traced) -> Array {
        trace.journeys(true)
    }

    /// All packets, in the order of their times.
    #[rhai_fn(get = "packets", pure)]
    pub fn trace_packets(trace: &mut Traced) -> Array {
        array_of_maps(trace.trace.packets.iter().map(captured_map))
    }

    /// The links that went meanwhile.
    #[rhai_fn(get = "departed", pure)]
    pub fn trace_departed(trace: &mut Traced) -> Array {
        trace.departed()
    }

    /// Whether every packet could be read.
    #[rhai_fn(get = "complete", pure)]
    pub fn trace_complete(trace: &mut Traced) -> bool {
        trace.trace.lost == 0
    }

    /// The handle as text.
    #[rhai_fn(name = "to_string", name = "to_debug", pure)]
    pub fn trace_to_string(trace: &mut Traced) -> String {
        trace.to_string()
    }
}

/// Milliseconds from the first packet on; negative before it.
fn since(start: Duration, at: Duration) -> f64 {
    milliseconds(at.saturating_sub(start)) - milliseconds(start.saturating_sub(at))
}

fn journey_map(trace: &Trace, journey: &Journey) -> Map {
    let ends: HashMap<usize, End> = journey
        .ends(&trace.sightings, &trace.wiring)
        .into_iter()
        .collect();
    let start = trace.start();
    let first = trace.first(journey);
    let packet = first.and_then(|(number, _)| trace.packets.get(number));
    let look = first.map(|(_, sighting)| &sighting.look);
    let mut steps = Vec::new();
    let mut path = Vec::new();
    let mut last = Vec::new();
    for (number, step) in journey.steps.iter().enumerate() {
        let Some(sighting) = trace.sightings.get(step.sighting) else {
            continue;
        };
        let direction = if sighting.leaves { "out" } else { "in" };
        path.push(format!("{} {direction}", sighting.place));
        let changes = step.differences.iter().map(|difference| {
            map([
                ("before", difference.before.clone().into()),
                ("field", difference.field.into()),
                ("now", difference.now.clone().into()),
            ])
        });
        let at = sighting.at;
        let time = since(start, at);
        let packet = trace.packets.get(step.sighting);
        steps.push(map([
            ("changes", array_of_maps(changes).into()),
            ("direction", direction.into()),
            (
                "from",
                step.from.map_or(Dynamic::UNIT, |from| counter(from as u64)),
            ),
            (
                "line",
                maybe(packet.map(|packet| packet.line(Detail::Usual))),
            ),
            ("link", sighting.place.link.clone().into()),
            ("netns", sighting.place.netns.clone().into()),
            ("time", time.into()),
        ]));
        if let Some(end) = ends.get(&number) {
            let end = match end {
                End::Delivered => "delivered",
                End::Stopped => "stopped",
                End::Gone => "gone",
            };
            last.push(map([
                ("end", end.into()),
                ("link", sighting.place.link.clone().into()),
                ("netns", sighting.place.netns.clone().into()),
            ]));
        }
    }
    let delivered = journey.is_delivered(&trace.sightings, &trace.wiring);
    let address = |of: Option<std::net::IpAddr>| maybe(of.map(|address| address.to_string()));
    map([
        ("delivered", delivered.into()),
        (
            "destination",
            address(look.and_then(|look| look.destination)),
        ),
        ("ends", array(last).into()),
        ("label", maybe(packet.map(label))),
        (
            "line",
            maybe(packet.map(|packet| packet.line(Detail::Usual))),
        ),
        ("path", array(path).into()),
        ("source", address(look.and_then(|look| look.source))),
        ("steps", array_of_maps(steps).into()),
    ])
}

#[cfg(test)]
mod tests {
    use crate::lab::journey::Wiring;
    use crate::packet::captured::{Captured, LinkType};

    use super::*;

    /// Journeys are made once: what is asked for twice has the very same texts.
    #[test]
    fn journeys_are_made_once() {
        let packet = Captured {
            at: Duration::ZERO,
            netns: Some("home".into()),
            link: "lo".into(),
            direction: None,
            link_type: LinkType::Ip,
            length: 20,
            bytes: vec![0x45],
            comments: Vec::new(),
        };
        let trace = Trace::new(vec![packet], 0, Wiring::default());
        let traced = Traced::of(Rc::new(trace));
        let line = |traced: &Traced| {
            let told = [traced.journeys(false), traced.journeys(true)].concat();
            let journey = told.first()?.read_lock::<Map>()?.clone();
            let line = journey.get("line")?.clone().into_immutable_string().ok()?;
            Some(line.as_ptr())
        };
        assert!(line(&traced).is_some());
        assert_eq!(line(&traced), line(&traced.clone()));
    }
}
