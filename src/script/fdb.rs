//! Verbs about what bridges and tunnels know of hardware addresses.

use std::collections::HashMap;

use rhai::plugin::*;
use rhai::{Array, Dynamic, Map};

use crate::kernel::fdb::{Entry, INACTIVE, NOTIFY, Question, STATES};
use crate::kernel::fdb_change::{FdbAdd, FdbDel, How};
use crate::kernel::fdb_flush::{FLUSH_FLAGS, FdbFlush, Which};
use crate::kernel::mac::Mac;
use crate::kernel::ndmsg::{ntf, nud};
use crate::lab::Lab;
use crate::lab::explain::ask;
use crate::lab::failure::{Failure, Outcome};

use super::call::{RhaiResultOf, verb};
use super::options::{Fault, OptionValue, Options};
use super::route_options::port;
use super::rows::{LinkNames, Rows, Words, text};
use super::value::{array, array_of_maps, maybe};
use super::vni::vni_option;

/// The verbs.
#[export_module]
pub mod api {
    /// Lists what bridges and tunnels know: behind which port, or at which other end, a hardware address is.
    ///
    /// Equivalent to: `bridge fdb show`, `bridge fdb`
    ///
    /// Search words: `forwarding database`, `mac table`, `mac address table`, `learning`, `brctl showmacs`, `vtep`
    ///
    /// # Options
    /// - `br` (link): only those of this bridge
    /// - `dev` (link): only those behind this link, as `brport` of `bridge fdb show`
    /// - `vlan` (int): only those in this VLAN
    /// - `state` (word): only those in state "permanent", "static", "reachable" or "stale"
    /// - `dynamic` (bool): only those that were learnt, and go by themselves
    ///
    /// # Returns
    /// An array of maps: `mac`; `link` (the port, or the tunnel); `master` (the bridge); `state` (permanent: of the machine itself,
    /// or entered for ever; static; reachable: learnt, or dynamic; stale); `flags` (self: of the link's own, master, router,
    /// extern_learn, offload, sticky, locked, activity_notify, inactive); `vlan` (int); `dst` (the tunnel's other end); `port` (int);
    /// `vni` (int); `src_vni` (int); `via` (the link by which the other end is reached); `nhid` (int: the next hop that leads to
    /// several); `used` and `updated` (seconds ago). What an entry does not have is `()`.
    ///
    /// # Errors
    /// No such link (ENODEV); there is no such state.
    ///
    /// # Example
    /// ```rhai
    /// link_add("br0", "bridge", #{ up: true });
    /// veth_add("port", "host");
    /// link_set("port", #{ master: "br0", up: true });
    /// fdb_add("port", "02:00:00:00:00:05", #{ master: true, state: "static" });
    /// let entries = fdb_list(#{ br: "br0", state: "static" }).filter(|entry| entry.vlan == ());
    /// show(entries.map(|entry| [entry.mac, entry.link]));
    /// ```
    #[rhai_fn(return_raw)]
    pub fn fdb_list(ctx: NativeCallContext, options: Map) -> RhaiResultOf<Array> {
        verb(&ctx, |lab| {
            let mut options = Options::new(options);
            let br = options.take::<String>("br")?;
            let dev = options.take::<String>("dev")?;
            let vlan = vlan(&mut options)?;
            let state = options.take::<String>("state")?;
            let dynamic = options.flag("dynamic")?;
            options.finish()?;
            if let Some(state) = state.as_deref().filter(|state| !LISTED.contains(state)) {
                return Err(no_state(state, &LISTED));
            }
            let list = ask(lab, "list the forwarding entries", || {
                lab.forwarding(dev.as_deref(), br.as_deref())
            });
            let list = list.map_err(|failure| {
                let is_bridge = br.as_ref() == Some(&failure.object);
                failure.blame(if is_bridge { "br" } else { "dev" })
            })?;
            let mut maps = Maps::of(&list.links);
            let chosen = list.objects.iter().filter(|entry| {
                let name = entry.state_name();
                vlan.is_none_or(|vlan| entry.vlan == Some(vlan))
                    && state.as_ref().is_none_or(|state| state == name)
                    && (!dynamic || ["reachable", "stale"].contains(&name))
            });
            Ok(array_of_maps(chosen.map(|entry| maps.one(entry))))
        })
    }

    /// Looks a hardware address up in one bridge, or in a link's own entries.
    ///
    /// Equivalent to: `bridge fdb get MAC`
    ///
    /// Search words: `forwarding database`, `mac table`, `lookup`, `which port`
    ///
    /// # Options
    /// - `br` (link): what this bridge knows
    /// - `dev` (link): what the bridge knows that this link is a port of; what the link itself knows, with `self`
    /// - `vlan` (int): in this VLAN
    /// - `vni` (int): in this VXLAN network, of an external tunnel
    /// - `self` (bool): of the link's own
    /// - `master` (bool): of the bridge that the link is a port of; so it is unless `self` is given
    ///
    /// # Returns
    /// A map, as in `fdb_list`.
    ///
    /// # Errors
    /// No such entry (ENOENT); no such link (ENODEV); neither `br` nor `dev`; not a hardware address.
    ///
    /// # Example
    /// ```rhai
    /// link_add("br0", "bridge", #{ up: true });
    /// veth_add("port", "host");
    /// link_set("port", #{ master: "br0", up: true });
    /// fdb_add("port", "02:00:00:00:00:05", #{ master: true, state: "static" });
    /// show(fdb_get("02:00:00:00:00:05", #{ br: "br0" }).link);
    /// ```
    #[rhai_fn(return_raw)]
    pub fn fdb_get(ctx: NativeCallContext, mac: &str, options: Map) -> RhaiResultOf<Map> {
        verb(&ctx, |lab| {
            let mut options = Options::new(options);
            let question = Question {
                mac: Some(read_mac(mac)?),
                bridge: options.take("br")?,
                link: options.take("dev")?,
                flags: read_whose(&mut options)?,
                vlan: vlan(&mut options)?,
                vni: vni_option(&mut options, "vni")?,
            };
            options.finish()?;
            if question.bridge.is_none() && question.link.is_none() {
                let failure = Failure::new("nobody is asked: say which bridge, or which link");
                return Err(failure.hint("#{ br: \"br0\" }").blame("options"));
            }
            let (entry, links) = lab.forwarding_entry(&question)?;
            Ok(Maps::of(&links).one(&entry))
        })
    }

    /// Enters a hardware address: the bridge sends to this port what is for it, a VXLAN tunnel to the other end that is given.
    ///
    /// As with `bridge fdb`, the entry is the link's own (self) unless `master` says that it is for the bridge that the link is a
    /// port of; and it is for ever.
    ///
    /// Equivalent to: `bridge fdb add MAC dev LINK`
    ///
    /// Search words: `forwarding database`, `mac table`, `static mac`, `vtep`, `vxlan`, `bridge fdb append`
    ///
    /// # Options
    /// - `master` (bool): for the bridge that the link is a port of
    /// - `self` (bool): for the link itself
    /// - `state` (word): "permanent" unless given, or "local", which is the same: the machine's own, if it is the bridge's;
    ///   "static" (for ever, but not the machine's own), "dynamic" (goes like what is learnt)
    /// - `vlan` (int): in this VLAN
    /// - `dst` (address): the other end of the tunnel
    /// - `port` (int): its UDP port
    /// - `vni` (int): the VXLAN network to send it in
    /// - `src_vni` (int): the VXLAN network that it is of (an external tunnel)
    /// - `via` (link): the link by which the other end is reached
    /// - `nhid` (int): the next hop that leads to one or several other ends, in place of `dst` (`ip nexthop add id 1 ... fdb`)
    /// - `append` (bool): beside others with the same address: 00:00:00:00:00:00 is where a tunnel sends what is for all
    /// - `sticky` (bool): it does not move to other ports
    /// - `router` (bool): it is a router (VXLAN)
    /// - `extern_learn` (bool): it was learnt by somebody outside of the kernel
    /// - `in_use` (bool; `use`): as if a frame from it had come just now
    /// - `activity_notify` (bool): have the kernel tell when it is not heard of any more, and when it is again
    /// - `inactive` (bool): it is not heard of any more; with `activity_notify`
    /// - `norefresh` (bool): leave the time at which it was heard of as it is
    ///
    /// # Errors
    /// There is such an entry (EEXIST); the link is no port of a bridge (`master`); no such link (ENODEV); not a hardware address.
    ///
    /// # Example
    /// ```rhai
    /// link_add("br0", "bridge", #{ up: true });
    /// veth_add("port", "host");
    /// link_set("port", #{ master: "br0", up: true });
    /// fdb_add("port", "02:00:00:00:00:05", #{ master: true, state: "static" });
    /// let entries = fdb_list(#{ dev: "port", state: "static" });
    /// show(entries.filter(|entry| entry.vlan == ()).len());
    /// ```
    #[rhai_fn(return_raw)]
    pub fn fdb_add(
        ctx: NativeCallContext,
        link: &str,
        mac: &str,
        options: Map,
    ) -> RhaiResultOf<()> {
        verb(&ctx, |lab| {
            let mut options = Options::new(options);
            let append = options.flag("append")?;
            let how = if append { How::Append } else { How::Add };
            add(lab, link, mac, options, how)
        })
    }

    /// Enters a hardware address in the place of what is known of it: at another port, or of another end.
    ///
    /// Equivalent to: `bridge fdb replace MAC dev LINK`
    ///
    /// Search words: `forwarding database`, `mac table`, `change`, `move`, `vtep`
    ///
    /// # Options
    /// - `master` (bool): for the bridge that the link is a port of
    /// - `self` (bool): for the link itself
    /// - `state` (word): "permanent" unless given, "local", "static", "dynamic", as in `fdb_add`; and so are the rest
    /// - `vlan` (int): see `fdb_add`
    /// - `dst` (address): see `fdb_add`
    /// - `port` (int): see `fdb_add`
    /// - `vni` (int): see `fdb_add`
    /// - `src_vni` (int): see `fdb_add`
    /// - `via` (link): see `fdb_add`
    /// - `nhid` (int): see `fdb_add`
    /// - `sticky` (bool): see `fdb_add`
    /// - `router` (bool): see `fdb_add`
    /// - `extern_learn` (bool): see `fdb_add`
    /// - `in_use` (bool; `use`): see `fdb_add`
    /// - `activity_notify` (bool): see `fdb_add`
    /// - `inactive` (bool): see `fdb_add`
    /// - `norefresh` (bool): see `fdb_add`
    ///
    /// # Errors
    /// Those of `fdb_add`, but for EEXIST.
    ///
    /// # Example
    /// ```rhai
    /// link_add("br0", "bridge", #{ up: true });
    /// for n in 1..3 { veth_add(`port${n}`, `host${n}`); link_set(`port${n}`, #{ master: "br0", up: true }); }
    /// fdb_add("port1", "02:00:00:00:00:05", #{ master: true, state: "static" });
    /// fdb_replace("port2", "02:00:00:00:00:05", #{ master: true, state: "static" });
    /// show(fdb_get("02:00:00:00:00:05", #{ br: "br0" }).link);
    /// ```
    #[rhai_fn(return_raw)]
    pub fn fdb_replace(
        ctx: NativeCallContext,
        link: &str,
        mac: &str,
        options: Map,
    ) -> RhaiResultOf<()> {
        verb(&ctx, |lab| {
            add(lab, link, mac, Options::new(options), How::Replace)
        })
    }

    /// Removes an entry of a bridge or tunnel.
    ///
    /// Equivalent to: `bridge fdb del MAC dev LINK`
    ///
    /// Search words: `forwarding database`, `mac table`, `remove`, `delete`, `forget`
    ///
    /// # Options
    /// - `master` (bool): of the bridge that the link is a port of
    /// - `self` (bool): of the link itself; so it is unless `master` is given
    /// - `vlan` (int): in this VLAN
    /// - `dst` (address): the other end of the tunnel
    /// - `port` (int): its UDP port
    /// - `vni` (int): the VXLAN network to send it in
    /// - `src_vni` (int): the VXLAN network that it is of
    /// - `via` (link): the link by which the other end is reached
    /// - `nhid` (int): the next hop that leads to the other ends
    ///
    /// # Errors
    /// No such entry (ENOENT); no such link (ENODEV); not a hardware address.
    ///
    /// # Example
    /// ```rhai
    /// link_add("br0", "bridge", #{ up: true });
    /// veth_add("port", "host");
    /// link_set("port", #{ master: "br0", up: true });
    /// fdb_add("port", "02:00:00:00:00:05", #{ master: true });
    /// fdb_del("port", "02:00:00:00:00:05", #{ master: true });
    /// show(fdb_list(#{ dev: "port" }).filter(|entry| entry.mac == "02:00:00:00:00:05").len());
    /// ```
    #[rhai_fn(return_raw)]
    pub fn fdb_del(
        ctx: NativeCallContext,
        link: &str,
        mac: &str,
        options: Map,
    ) -> RhaiResultOf<()> {
        verb(&ctx, |lab| {
            let mut options = Options::new(options);
            let entry = read_entry(link, &mut options)?;
            options.finish()?;
            let mac = Some(read_mac(mac)?);
            lab.apply(FdbDel {
                entry: Entry { mac, ..entry },
            })
        })
    }

    /// Removes many entries of a bridge, a port or a tunnel at once: all, or those that are like what is given.
    ///
    /// A bridge's own addresses stay.
    ///
    /// Equivalent to: `bridge fdb flush dev LINK`
    ///
    /// Search words: `forwarding database`, `mac table`, `clear`, `forget`, `remove all`, `brctl delif`
    ///
    /// # Options
    /// - `master` (bool): of the bridge that the link is a port of: what is behind the port
    /// - `self` (bool): of the link itself, which is a bridge or a tunnel; so it is unless `master` is given
    /// - `brport` (link): only those behind this port; of the bridge's own, if it is the bridge
    /// - `vlan` (int): only those in this VLAN
    /// - `state` (word or array): only those in state "permanent", "static" or "dynamic"; or only others: "nopermanent",
    ///   "nostatic", "nodynamic"; an array of them means those that all of them mean
    /// - `added_by_user` (bool): only those that were entered by a command, or only others
    /// - `extern_learn` (bool): only those that somebody outside of the kernel learnt, or only others
    /// - `sticky` (bool): only those that do not move to other ports, or only others
    /// - `offloaded` (bool): only those that hardware has, or only others
    /// - `router` (bool): only those that are routers (VXLAN), or only others
    /// - `dst` (address): only those at this other end of a tunnel
    /// - `port` (int): only those with this UDP port
    /// - `vni` (int): only those that are sent in this VXLAN network
    /// - `src_vni` (int): only those of this VXLAN network
    /// - `nhid` (int): only those at this next hop
    ///
    /// # Errors
    /// The link is no bridge or tunnel, or no port (`master`); this kernel can't (EOPNOTSUPP: bridges can from Linux 5.19 on,
    /// tunnels from 6.7 on); states that no entry has at once; no such link (ENODEV).
    ///
    /// # Example
    /// ```rhai
    /// link_add("br0", "bridge", #{ up: true });
    /// veth_add("port", "host");
    /// link_set("port", #{ master: "br0", up: true });
    /// fdb_add("port", "02:00:00:00:00:05", #{ master: true, state: "static" });
    /// fdb_flush("br0", #{ state: "static" });
    /// show(fdb_list(#{ dev: "port" }).filter(|entry| entry.mac == "02:00:00:00:00:05").len());
    /// ```
    #[rhai_fn(return_raw)]
    pub fn fdb_flush(ctx: NativeCallContext, link: &str, options: Map) -> RhaiResultOf<()> {
        verb(&ctx, |lab| {
            let mut options = Options::new(options);
            let flags = read_whose(&mut options)?;
            let which = read_which(&mut options)?;
            options.finish()?;
            lab.apply(FdbFlush {
                link: link.to_string(),
                flags: if flags == 0 { ntf::SELF } else { flags },
                which,
            })
        })
    }
}

/// The states that are listed.
const LISTED: [&str; 4] = ["permanent", "static", "reachable", "stale"];

/// What a flush can be of.
const FLUSHED: [&str; 6] = [
    "permanent",
    "static",
    "dynamic",
    "nopermanent",
    "nostatic",
    "nodynamic",
];

fn no_state(name: &str, known: &[&str]) -> Box<Failure> {
    let failure = Failure::new(format!("{name:?} is no state of an entry"));
    failure
        .blame("state")
        .hint(format!("they are {}", known.join(", ")))
}

fn read_which(options: &mut Options) -> Outcome<Which> {
    let mut which = Which {
        brport: options.take("brport")?,
        vlan: vlan(options)?,
        dst: options.take("dst")?,
        port: port(options, "port")?,
        vni: vni_option(options, "vni")?,
        src_vni: vni_option(options, "src_vni")?,
        nhid: options.take("nhid")?,
        ..Which::default()
    };
    for (key, _) in FLUSH_FLAGS {
        let is_set = options.take::<bool>(key)?;
        which.flags.extend(is_set.map(|is_set| (key, is_set)));
    }
    let states = options.take::<StateWords>("state")?;
    if states.as_ref().is_some_and(|words| words.0.is_empty()) {
        let failure = Failure::new("there is no state in the array").blame("state");
        return Err(failure.hint("leave the option out to flush the entries of any state"));
    }
    for word in states.map_or(Vec::new(), |words| words.0) {
        if !FLUSHED.contains(&word.as_str()) {
            return Err(no_state(&word, &FLUSHED));
        }
        let (name, is_set) = match word.strip_prefix("no") {
            Some(name) => (name, false),
            None => (word.as_str(), true),
        };
        let slot = match name {
            "permanent" => &mut which.permanent,
            "static" => &mut which.is_static,
            _ => &mut which.dynamic,
        };
        *slot = Some(is_set);
    }
    if which.state().is_none() {
        let failure = Failure::new("no entry is in all of these states at once");
        return Err(failure.blame("state"));
    }
    Ok(which)
}

/// A word, or several.
struct StateWords(Vec<String>);

impl OptionValue for StateWords {
    fn read(value: &Dynamic) -> Result<Self, Fault> {
        let wanted = || Fault::Type("a word, or an array of words");
        let words = match value.clone().try_cast::<Array>() {
            Some(items) => items.into_iter().map(Dynamic::into_string).collect(),
            None => value.clone().into_string().map(|word| vec![word]),
        };
        words.map(StateWords).map_err(|_| wanted())
    }
}

fn add(lab: &Lab, link: &str, mac: &str, mut options: Options, how: How) -> Outcome<()> {
    let state = read_state(&mut options)?;
    let more = [
        ("sticky", ntf::STICKY),
        ("router", ntf::ROUTER),
        ("extern_learn", ntf::EXT_LEARNED),
        ("in_use", ntf::USE),
    ];
    let mut flags = 0;
    for (key, flag) in more {
        flags |= if options.flag(key)? { flag } else { 0 };
    }
    let notify = options.take::<bool>("activity_notify")?;
    let inactive = options.flag("inactive")?;
    let norefresh = options.flag("norefresh")?;
    let entry = read_entry(link, &mut options)?;
    options.finish()?;
    let notify = match (notify, inactive) {
        (Some(true), true) => Some(NOTIFY | INACTIVE),
        (Some(true), false) => Some(NOTIFY),
        (Some(false), false) => Some(0),
        (None, false) => None,
        (_, true) => {
            let words = "that an entry is inactive only matters where the kernel is to tell of it";
            let failure = Failure::new(words).about(mac).blame("inactive");
            return Err(failure.hint("#{ activity_notify: true, inactive: true }"));
        }
    };
    let entry = Entry {
        mac: Some(read_mac(mac)?),
        state,
        flags: entry.flags | flags,
        notify,
        norefresh,
        ..entry
    };
    lab.apply(FdbAdd { entry, how })
}

fn read_mac(text: &str) -> Outcome<Mac> {
    text.parse()
        .map_err(|words: String| Failure::new(words).about(text).blame("mac"))
}

fn read_state(options: &mut Options) -> Outcome<u16> {
    let Some(name) = options.take::<String>("state")? else {
        return Ok(nud::NOARP | nud::PERMANENT);
    };
    let name = if name == "local" { "permanent" } else { &name };
    let found = STATES.iter().find(|(_, known)| *known == name);
    found
        .map(|(bits, _)| *bits)
        .ok_or_else(|| no_state(name, &STATES.map(|(_, name)| name)))
}

/// What says which entry is meant, but for its address.
fn read_entry(link: &str, options: &mut Options) -> Outcome<Entry<String>> {
    let flags = read_whose(options)?;
    Ok(Entry {
        link: link.to_string(),
        // As `bridge fdb` has it.
        flags: if flags == 0 { ntf::SELF } else { flags },
        vlan: vlan(options)?,
        dst: options.take("dst")?,
        port: port(options, "port")?,
        vni: vni_option(options, "vni")?,
        src_vni: vni_option(options, "src_vni")?,
        via: options.take("via")?,
        nhid: options.take("nhid")?,
        ..Entry::default()
    })
}

/// Whose entries are meant: the link's own, or those of its bridge.
fn read_whose(options: &mut Options) -> Outcome<u8> {
    let mut flags = 0;
    for (key, flag) in [("self", ntf::SELF), ("master", ntf::MASTER)] {
        flags |= if options.flag(key)? { flag } else { 0 };
    }
    Ok(flags)
}

fn vlan(options: &mut Options) -> Outcome<Option<u16>> {
    let Some(number) = options.take::<i64>("vlan")? else {
        return Ok(None);
    };
    super::bridge_vlan::vid(number, "vlan").map(Some)
}

/// Makes maps of entries.
struct Maps {
    links: LinkNames,
    words: Words,
    entries: Rows,
}

impl Maps {
    fn of(links: &HashMap<u32, String>) -> Self {
        Maps {
            links: LinkNames::of(links),
            words: Words::default(),
            entries: Rows::default(),
        }
    }

    fn one(&mut self, entry: &Entry<u32>) -> Map {
        let (used, updated) = entry.ages.unzip();
        let flags = entry.flag_names().chain(entry.notify_names());
        let flags = array(flags.map(|flag| self.words.get(flag)));
        self.entries.map([
            ("dst", maybe(entry.dst.map(text))),
            ("flags", flags.into()),
            ("link", self.links.get(Some(entry.link))),
            ("mac", maybe(entry.mac.map(text))),
            ("master", self.links.get(entry.master)),
            ("nhid", maybe(entry.nhid.map(i64::from))),
            ("port", maybe(entry.port.map(i64::from))),
            ("src_vni", maybe(entry.src_vni.map(i64::from))),
            ("state", self.words.get(entry.state_name())),
            ("updated", maybe(updated.map(i64::from))),
            ("used", maybe(used.map(i64::from))),
            ("via", self.links.get(entry.via)),
            ("vlan", maybe(entry.vlan.map(i64::from))),
            ("vni", maybe(entry.vni.map(i64::from))),
        ])
    }
}
