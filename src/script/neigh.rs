//! Verbs about neighbours: which hardware address answers for an IP address.

use rhai::plugin::*;
use rhai::{Array, Dynamic, Map};

use crate::kernel::cidr::Cidr;
use crate::kernel::ndmsg::{STATES, nud, state_number};
use crate::kernel::neigh::{self, Neighbour, Which};
use crate::kernel::neigh_change::{NeighAdd, NeighDel, NeighFlush};
use crate::lab::explain::ask;
use crate::lab::failure::{Failure, Outcome};
use crate::lab::listed::Listed;

use super::call::{RhaiResultOf, verb};
use super::options::{Fault, OptionValue, Options};
use super::route_options::{Family, read_destination, router};
use super::value::{array, array_of_maps, map, maybe};

/// The verbs.
#[export_module]
pub mod api {
    /// Lists the neighbours that the current namespace knows or is asking for, IPv4 (ARP) and IPv6 (NDP).
    ///
    /// Equivalent to: `ip neigh`, `ip -j neigh`
    ///
    /// Search words: `arp`, `arp -a`, `arp -n`, `ndp`, `neighbor`, `neighbour`, `cache`, `mac address`,
    /// `neighbour discovery`
    ///
    /// # Options
    /// - `dev` (link): only those behind this link
    /// - `all` (bool): also those that need no asking (state noarp: multicast groups, loopback)
    /// - `proxy` (bool): the addresses that this machine answers for in another's place
    /// - `to` (address): only this one, or those in this network
    /// - `state` (word; `nud`): only those in this state: "permanent", "noarp", "failed", "stale", "reachable" ...
    ///
    /// # Returns
    /// An array of maps: `address`; `link`; `mac` (`()` while it is unknown); `state` (reachable, stale, delay, probe,
    /// incomplete, failed, permanent, noarp, none); `flags` (router, proxy ...).
    ///
    /// # Errors
    /// No such link (ENODEV).
    ///
    /// # Example
    /// ```rhai
    /// show(neigh_list());
    /// ```
    #[rhai_fn(return_raw)]
    pub fn neigh_list(ctx: NativeCallContext, options: Map) -> RhaiResultOf<Array> {
        verb(&ctx, |lab| {
            let mut options = Options::new(options);
            let dev = options.take::<String>("dev")?;
            let all = options.flag("all")?;
            let proxy = options.flag("proxy")?;
            let to = read_destination(&mut options, "to")?;
            let state = options.take::<State>("state")?.map(|state| state.0);
            options.finish()?;
            let all = all || state == Some(nud::NOARP);
            let which = match (proxy, all) {
                (true, _) => Which::Proxies,
                (_, true) => Which::All,
                _ => Which::Asked,
            };
            let list = ask(lab, "list the neighbours", || {
                lab.neighbours(dev.as_deref(), which)
            });
            let Listed { mut objects, links } = list.map_err(|failure| failure.blame("dev"))?;
            objects.retain(|neighbour| {
                let address = neighbour.address;
                to.is_none_or(|to| to.contains(&Cidr::host(address)))
                    && state.is_none_or(|state| neighbour.bits == state)
            });
            let name = |index: u32| links.get(&index).cloned().unwrap_or_default();
            let maps = objects
                .into_iter()
                .map(|neighbour| neighbour_map(name(neighbour.index), neighbour));
            Ok(array_of_maps(maps))
        })
    }

    /// Gives one neighbour of a link.
    ///
    /// Equivalent to: `ip neigh get ADDRESS dev LINK`
    ///
    /// Search words: `ndp`, `mac address`, `lookup`
    ///
    /// # Options
    /// - `proxy` (bool): the entry by which this machine answers in its place
    ///
    /// # Returns
    /// A map like those of `neigh_list`.
    ///
    /// # Errors
    /// No such neighbour (ENOENT); no such link (ENODEV); not an IP address.
    ///
    /// # Example
    /// ```rhai
    /// veth_add("a", "b", #{ up: true });
    /// neigh_add("a", "10.0.0.9", #{ mac: "02:00:00:00:00:09" });
    /// show(neigh_get("a", "10.0.0.9").mac);
    /// ```
    #[rhai_fn(return_raw)]
    pub fn neigh_get(
        ctx: NativeCallContext,
        link: &str,
        address: &str,
        options: Map,
    ) -> RhaiResultOf<Map> {
        verb(&ctx, |lab| {
            let mut options = Options::new(options);
            let proxy = options.flag("proxy")?;
            options.finish()?;
            let found = lab.neighbour(link, router(address, "address")?, proxy)?;
            Ok(neighbour_map(link.to_string(), found))
        })
    }

    /// Enters a neighbour: the hardware address that an IP address has behind a link.
    ///
    /// It stays until it is deleted, and nobody is asked, unless `state` says otherwise. With `proxy` this machine answers for
    /// the address itself.
    ///
    /// Equivalent to: `ip neigh add ADDRESS dev LINK`
    ///
    /// Search words: `arp -s`, `static arp`, `arp`, `ndp`, `proxy arp`, `neighbour`
    ///
    /// # Options
    /// - `mac` (mac; `lladdr`): its hardware address
    /// - `state` (word; `nud`): "permanent" unless given, or "reachable", "stale", "noarp", "delay", "probe", "failed",
    ///   "incomplete", "none"
    /// - `proxy` (bool): answer for it, on this link (sysctls net.ipv4.conf.LINK.proxy_arp and net.ipv6.conf.LINK.proxy_ndp)
    /// - `router` (bool): it is a router (IPv6)
    /// - `extern_learn` (bool): it was learnt by somebody outside of the kernel, who keeps it true
    ///
    /// # Errors
    /// The link knows it already (EEXIST); no such link (ENODEV); no hardware address (EINVAL); not an IP address.
    ///
    /// # Example
    /// ```rhai
    /// veth_add("a", "b", #{ up: true });
    /// neigh_add("a", "10.0.0.9", #{ mac: "02:00:00:00:00:09" });
    /// neigh_add("a", "10.0.0.8", #{ proxy: true });
    /// show(neigh_list().map(|neigh| neigh.address));
    /// ```
    #[rhai_fn(return_raw)]
    pub fn neigh_add(
        ctx: NativeCallContext,
        link: &str,
        address: &str,
        options: Map,
    ) -> RhaiResultOf<()> {
        verb(&ctx, |lab| {
            lab.apply(read_neighbour(link, address, options)?)
        })
    }

    /// Enters a neighbour, in the place of what the link knows of the address.
    ///
    /// Equivalent to: `ip neigh replace ADDRESS dev LINK`
    ///
    /// Search words: `arp -s`, `static arp`, `change`, `arp`, `ndp`
    ///
    /// # Options
    /// - `mac` (mac; `lladdr`): its hardware address
    /// - `state` (word; `nud`): "permanent" unless given, or "reachable", "stale", "noarp", "delay", "probe", "failed",
    ///   "incomplete", "none"
    /// - `proxy` (bool): answer for it, on this link
    /// - `router` (bool): it is a router (IPv6)
    /// - `extern_learn` (bool): it was learnt by somebody outside of the kernel, who keeps it true
    ///
    /// # Errors
    /// No such link (ENODEV); no hardware address (EINVAL); not an IP address.
    ///
    /// # Example
    /// ```rhai
    /// veth_add("a", "b", #{ up: true });
    /// neigh_add("a", "10.0.0.9", #{ mac: "02:00:00:00:00:09" });
    /// neigh_replace("a", "10.0.0.9", #{ mac: "02:00:00:00:00:10" });
    /// show(neigh_get("a", "10.0.0.9").mac);
    /// ```
    #[rhai_fn(return_raw)]
    pub fn neigh_replace(
        ctx: NativeCallContext,
        link: &str,
        address: &str,
        options: Map,
    ) -> RhaiResultOf<()> {
        verb(&ctx, |lab| {
            let add = read_neighbour(link, address, options)?;
            lab.apply(NeighAdd {
                replace: true,
                ..add
            })
        })
    }

    /// Forgets a neighbour.
    ///
    /// Equivalent to: `ip neigh del ADDRESS dev LINK`
    ///
    /// Search words: `arp -d`, `forget`, `remove`, `delete`
    ///
    /// # Options
    /// - `proxy` (bool): stop answering in its place
    ///
    /// # Errors
    /// No such neighbour (ENOENT); no such link (ENODEV); not an IP address.
    ///
    /// # Example
    /// ```rhai
    /// veth_add("a", "b", #{ up: true });
    /// neigh_add("a", "10.0.0.9", #{ mac: "02:00:00:00:00:09" });
    /// neigh_del("a", "10.0.0.9");
    /// show(neigh_list().len());
    /// ```
    #[rhai_fn(return_raw)]
    pub fn neigh_del(
        ctx: NativeCallContext,
        link: &str,
        address: &str,
        options: Map,
    ) -> RhaiResultOf<()> {
        verb(&ctx, |lab| {
            let mut options = Options::new(options);
            let proxy = options.flag("proxy")?;
            options.finish()?;
            lab.apply(NeighDel {
                link: link.into(),
                address: router(address, "address")?,
                proxy,
            })
        })
    }

    /// Forgets the neighbours that were learnt: all but those in state permanent, noarp and failed.
    ///
    /// As with `ip neigh flush`, those with the flag extern_learn go whatever their state.
    ///
    /// Equivalent to: `ip neigh flush`, `ip neigh flush all`
    ///
    /// Search words: `arp -d`, `clear`, `forget`, `cache`, `delete all`
    ///
    /// # Options
    /// - `dev` (link): only those behind this link
    /// - `to` (address): only this one, or those in this network
    /// - `family` (word): only those of "inet" or of "inet6"
    /// - `state` (word; `nud`): those in this state: "permanent", "noarp", "failed", "stale", "reachable" ...
    ///
    /// # Errors
    /// No such link (ENODEV).
    ///
    /// # Example
    /// ```rhai
    /// veth_add("a", "b", #{ up: true });
    /// neigh_add("a", "10.0.0.9", #{ mac: "02:00:00:00:00:09", state: "stale" });
    /// neigh_flush(#{ dev: "a" });
    /// show(neigh_list().len());
    /// ```
    #[rhai_fn(return_raw)]
    pub fn neigh_flush(ctx: NativeCallContext, options: Map) -> RhaiResultOf<()> {
        verb(&ctx, |lab| {
            let mut options = Options::new(options);
            let flush = NeighFlush {
                link: options.take("dev")?,
                family: options
                    .take::<Family>("family")?
                    .map_or(0, |family| family.0),
                to: read_destination(&mut options, "to")?,
                state: options.take::<State>("state")?.map(|state| state.0),
            };
            options.finish()?;
            lab.apply(flush)
        })
    }

    /// Gives the ARP table in the columns of /proc/net/arp.
    ///
    /// Equivalent to: `cat /proc/net/arp`, `arp -n`
    ///
    /// Search words: `arp -n`, `/proc/net/arp`, `cache`
    ///
    /// # Returns
    /// An array of maps: `ip` (IP address); `hw_type` ("0x1" is Ethernet); `flags` ("0x2" complete, "0x6" permanent, "0x0"
    /// asked for in vain); `hw_address`; `mask`; `device`.
    ///
    /// # Example
    /// ```rhai
    /// show(arp_table());
    /// ```
    #[rhai_fn(return_raw)]
    pub fn arp_table(ctx: NativeCallContext) -> RhaiResultOf<Array> {
        verb(&ctx, |lab| {
            let table = ask(lab, "read the ARP table", || {
                neigh::arp_table(&*lab.current().namespace()?)
            })?;
            Ok(array_of_maps(table.into_iter().map(|entry| {
                map([
                    ("device", entry.device.into()),
                    ("flags", entry.flags.into()),
                    ("hw_address", entry.hw_address.into()),
                    ("hw_type", entry.hw_type.into()),
                    ("ip", entry.ip.into()),
                    ("mask", entry.mask.into()),
                ])
            })))
        })
    }
}

/// The states in which a neighbour has a hardware address: NUD_VALID of net/neighbour.h.
const VALID: u16 =
    nud::PERMANENT | nud::NOARP | nud::REACHABLE | nud::STALE | nud::DELAY | nud::PROBE;

fn read_neighbour(link: &str, address: &str, options: Map) -> Outcome<NeighAdd> {
    let mut options = Options::new(options);
    let mac = options.take("mac")?;
    let state = options.take::<State>("state")?;
    let (proxy, is_router) = (options.flag("proxy")?, options.flag("router")?);
    let extern_learn = options.flag("extern_learn")?;
    options.finish()?;
    // The kernel would take the address and forget it (pneigh_lookup and __neigh_update in net/core/neighbour.c).
    let without_mac = match &state {
        _ if proxy => {
            Some("for whom this machine answers has no hardware address here".to_string())
        }
        Some(State(bits)) if bits & VALID == 0 => {
            let state = STATES.iter().find(|(known, _)| known == bits);
            let state = state.map_or("that", |(_, name)| name);
            Some(format!(
                "a neighbour in the state {state} has no hardware address yet"
            ))
        }
        _ => None,
    };
    if let (Some(words), Some(_)) = (without_mac, mac) {
        return Err(Failure::new(words).about(address).blame("mac"));
    }
    Ok(NeighAdd {
        state: state.map_or(nud::PERMANENT, |state| state.0),
        proxy,
        router: is_router,
        extern_learn,
        ..NeighAdd::new(link, router(address, "address")?, mac)
    })
}

/// A state of a neighbour by its name.
struct State(u16);

impl OptionValue for State {
    fn read(value: &Dynamic) -> Result<Self, Fault> {
        let text = String::read(value)?;
        state_number(&text).map(State).ok_or_else(|| {
            let names: Vec<&str> = STATES.iter().map(|(_, name)| *name).collect();
            Fault::Value(format!("{text:?} is not one of {}", names.join(", ")))
        })
    }
}

pub(super) fn neighbour_map(link: String, neighbour: Neighbour) -> Map {
    map([
        ("address", neighbour.address.to_string().into()),
        ("flags", array(neighbour.flags).into()),
        ("link", link.into()),
        ("mac", maybe(neighbour.mac.map(|mac| mac.to_string()))),
        ("state", neighbour.state.into()),
    ])
}
