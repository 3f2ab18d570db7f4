//! Verbs about what happens: to links, addresses, routes and neighbours.

use std::time::Duration;

use rhai::plugin::*;
use rhai::{Array, Dynamic, EvalAltResult, FnPtr, Map};

use crate::kernel::notification::{Kind, Object};
use crate::lab::events::{Event, Told, Wanted, What};
use crate::lab::explain::ask;
use crate::lab::failure::Outcome;

use super::addr::AddrMaps;
use super::call::{RhaiResultOf, lab, verb};
use super::link_values::link_map;
use super::neigh::neighbour_map;
use super::options::{Fault, NetnsName, OptionValue, Options};
use super::route_values::RouteMaps;
use super::value::{array_of_maps, map};

/// The verbs.
#[export_module]
pub mod api {
    /// Runs a closure and tells what happened meanwhile in all namespaces, in order.
    ///
    /// Namespaces that the closure makes are heard too, from the moment on when they have their name; the loopback link that a
    /// namespace is born with has no event. What the kernel does later by itself (an IPv6 address that is no longer tentative, a
    /// neighbour that becomes stale) is no part of the list.
    ///
    /// Equivalent to: `ip -o monitor link address route neigh all-nsid`
    ///
    /// Search words: `notifications`, `rtnetlink`, `multicast`, `watch`, `log`, `what happened`, `what changed`
    ///
    /// # Options
    /// - `kinds` (word or array of words): only events about these: "link", "addr", "route", "neigh"; all unless given
    /// - `netns` (netns): only what happens in this namespace; "home" is the one that netsh itself works in
    ///
    /// # Returns
    /// A map: `result`, what the closure returned; and `events`, an array of maps: `time` (milliseconds from the beginning
    /// on, when the notification was read); `netns` ("home", or its name); `event` ("link_new" for what is new or has
    /// changed, "link_del" for what is gone; so too "addr_new", "route_new", "neigh_new" ...); `object` (the map that
    /// `link_list`, `addr_list`, `route_list` or `neigh_list` would have for it, a link without its addresses); `text` (the line
    /// that `ip monitor` writes). Where notifications came faster than they could be read there is an entry with the event
    /// "lost".
    ///
    /// # Errors
    /// Those of the closure; there is no such kind.
    ///
    /// # Example
    /// ```rhai
    /// let seen = events(|| {
    ///     veth_add("veth0", "veth1", #{ up: true });
    ///     addr_add("veth0", "10.0.0.1/24");
    /// });
    /// for event in seen.events { print(event.text); }
    /// assert(seen.events.some(|event| event.event == "addr_new" && event.object.address == "10.0.0.1"));
    /// ```
    #[rhai_fn(return_raw)]
    pub fn events(ctx: NativeCallContext, work: FnPtr, options: Map) -> RhaiResultOf<Map> {
        let wanted = verb(&ctx, |_| {
            let mut options = Options::new(options);
            let wanted = wanted(&mut options)?;
            options.finish()?;
            Ok(wanted)
        })?;
        let lab = lab(&ctx)?;
        let run = || work.call_within_context::<Dynamic>(&ctx, ());
        let heard = lab.events(&wanted, run);
        let (result, events) = verb(&ctx, |lab| ask(lab, "listen to what happens", || heard))?;
        let result = result.map_err(|error| placed(error, &ctx))?;
        let events = array_of_maps(events.into_iter().map(event_map));
        Ok(map([("events", events.into()), ("result", result)]))
    }

    /// Prints what happens to links, addresses, routes and neighbours in all namespaces, as it happens.
    ///
    /// It goes on until Ctrl-C, unless told when to end.
    ///
    /// Equivalent to: `ip monitor link address route neigh all-nsid`
    ///
    /// Search words: `notifications`, `rtnetlink`, `watch`, `live`, `tail`
    ///
    /// # Options
    /// - `time` (duration): end after this long
    /// - `count` (int): end after so many events
    /// - `kinds` (word or array of words): only events about these: "link", "addr", "route", "neigh"; all unless given
    /// - `netns` (netns): only what happens in this namespace
    ///
    /// # Returns
    /// How many events there were.
    ///
    /// # Errors
    /// There is no such kind.
    ///
    /// # Example
    /// ```rhai
    /// monitor(#{ time: "10ms", kinds: ["link", "addr"] });
    /// ```
    #[rhai_fn(return_raw)]
    pub fn monitor(ctx: NativeCallContext, options: Map) -> RhaiResultOf<i64> {
        verb(&ctx, |lab| {
            let mut options = Options::new(options);
            let wanted = wanted(&mut options)?;
            let time = options.take::<Duration>("time")?;
            let count = options.take::<u32>("count")?;
            options.finish()?;
            let mut seen = 0;
            lab.screen().doing("waiting for something to happen");
            let heard = ask(lab, "listen to what happens", || {
                if count == Some(0) {
                    return Ok(());
                }
                lab.monitor(&wanted, time, |event| {
                    seen += 1;
                    lab.screen().live(&line(&event));
                    count.is_none_or(|count| seen < count)
                })
            });
            lab.screen().doing("");
            heard.map(|()| i64::from(seen))
        })
    }
}

/// An error of the closure's, which has a place in any case.
pub(super) fn placed(mut error: Box<EvalAltResult>, ctx: &NativeCallContext) -> Box<EvalAltResult> {
    if error.position() == rhai::Position::NONE {
        error.set_position(ctx.call_position());
    }
    error
}

fn wanted(options: &mut Options) -> Outcome<Wanted> {
    let kinds = options.take::<Kinds>("kinds")?;
    let netns = options.take::<NetnsName>("netns")?;
    Ok(Wanted {
        kinds: kinds.map_or_else(|| Kind::ALL.map(|(kind, ..)| kind).to_vec(), |it| it.0),
        netns: netns.map(|name| name.0),
    })
}

struct Kinds(Vec<Kind>);

impl OptionValue for Kinds {
    fn read(value: &Dynamic) -> Result<Self, Fault> {
        let items = match value.read_lock::<Array>() {
            Some(items) => items.to_vec(),
            None => vec![value.clone()],
        };
        let kind = |item: &Dynamic| {
            let wanted = Fault::Type("the name of a kind, or an array of names");
            let text = String::read(item).map_err(|_| wanted)?;
            let found = Kind::ALL.iter().find(|(_, name, _)| *name == text);
            found.map(|(kind, ..)| *kind).ok_or_else(|| {
                let names = Kind::ALL.map(|(_, name, _)| name).join(", ");
                Fault::Value(format!("{text:?} is not one of {names}"))
            })
        };
        items.iter().map(kind).collect::<Result<_, _>>().map(Kinds)
    }
}

/// An event in a line, with its time in seconds and its namespace.
fn line(event: &Event) -> String {
    let at = event.at.as_secs_f64();
    match &event.what {
        What::Told(told) => format!("[{at:.3} {}] {}", told.netns, told.text),
        What::Lost => format!("[{at:.3}] {LOST}"),
    }
}

/// What stands where notifications are missing.
pub(super) const LOST: &str =
    "notifications were lost here: they came faster than they could be read";

/// To the microsecond: reading is no more exact.
pub(super) fn milliseconds(at: Duration) -> f64 {
    (at.as_secs_f64() * 1e6).round() / 1e3
}

fn event_map(event: Event) -> Map {
    let time = milliseconds(event.at);
    let (name, netns, object, text) = match event.what {
        What::Lost => ("lost".into(), Dynamic::UNIT, Dynamic::UNIT, LOST.into()),
        What::Told(told) => {
            let what = if told.event.gone { "del" } else { "new" };
            let kinds = Kind::ALL.iter();
            let mut kinds = kinds.filter(|(kind, ..)| *kind == told.event.object.kind());
            let kind = kinds.next().map_or("", |(_, name, _)| name);
            let (netns, text) = (told.netns.clone().into(), told.text.clone());
            (format!("{kind}_{what}"), netns, object_map(*told), text)
        }
    };
    map([
        ("event", name.into()),
        ("netns", netns),
        ("object", object),
        ("text", text.into()),
        ("time", time.into()),
    ])
}

fn object_map(told: Told) -> Dynamic {
    let name = |index: u32| told.links.get(&index).cloned().unwrap_or_default();
    match told.event.object {
        Object::Link(_) => told
            .link
            .map_or(Dynamic::UNIT, |link| Dynamic::from_map(link_map(link))),
        Object::Addr(addr) => AddrMaps::default()
            .one(name(addr.index).into(), &addr)
            .into(),
        Object::Route(route) => RouteMaps::of(&told.links).one(&route).into(),
        Object::Neigh(neighbour) => {
            Dynamic::from_map(neighbour_map(name(neighbour.index), neighbour))
        }
    }
}
