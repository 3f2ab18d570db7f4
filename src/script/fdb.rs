//! Verbs about what bridges and tunnels know of hardware addresses.

use std::collections::HashMap;

use rhai::plugin::*;
use rhai::{Array, Map};

use crate::kernel::fdb::{Entry, FdbAdd, FdbDel, STATES};
use crate::kernel::mac::Mac;
use crate::kernel::ndmsg::{ntf, nud};
use crate::lab::Lab;
use crate::lab::explain::ask;
use crate::lab::failure::{Failure, Outcome};

use super::call::{RhaiResultOf, verb};
use super::options::Options;
use super::route_options::port;
use super::rows::{LinkNames, Rows, Words, text};
use super::value::{array, array_of_maps, maybe};

/// The largest number of a VXLAN network (RFC 7348).
const LAST_VNI: u32 = (1 << 24) - 1;

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
    /// - `dev` (link): only those behind this link
    /// - `vlan` (int): only those in this VLAN
    /// - `state` (word): only those in state "permanent", "static", "reachable" or "stale"
    /// - `dynamic` (bool): only those that were learnt, and go by themselves
    ///
    /// # Returns
    /// An array of maps: `mac`; `link` (the port, or the tunnel); `master` (the bridge); `state` (permanent: of the machine itself,
    /// or entered for ever; static; reachable: learnt, or dynamic; stale); `flags` (self: of the link's own, master, router,
    /// extern_learn, offload, sticky, locked ...); `vlan` (int); `dst` (the tunnel's other end); `port` (int); `vni` (int);
    /// `src_vni` (int); `via` (the link by which the other end is reached); `used` and `updated` (seconds ago). What an entry
    /// does not have is `()`.
    ///
    /// # Errors
    /// No such link (ENODEV).
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
            let vlan = options.take::<u32>("vlan")?;
            let state = options.take::<String>("state")?;
            let dynamic = options.flag("dynamic")?;
            options.finish()?;
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
                vlan.is_none_or(|vlan| entry.vlan.map(u32::from) == Some(vlan))
                    && state.as_ref().is_none_or(|state| state == name)
                    && (!dynamic || ["reachable", "stale"].contains(&name))
            });
            Ok(array_of_maps(chosen.map(|entry| maps.one(entry))))
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
    /// - `state` (word): "permanent" unless given, "static" (for ever, but not the machine's own), "dynamic" (goes like what is
    ///   learnt)
    /// - `vlan` (int): in this VLAN
    /// - `dst` (address): the other end of the tunnel
    /// - `port` (int): its UDP port
    /// - `vni` (int): the VXLAN network to send it in
    /// - `src_vni` (int): the VXLAN network that it is of (an external tunnel)
    /// - `via` (link): the link by which the other end is reached
    /// - `append` (bool): beside others with the same address: 00:00:00:00:00:00 is where a tunnel sends what is for all
    /// - `sticky` (bool): it does not move to other ports
    /// - `router` (bool): it is a router (VXLAN)
    /// - `extern_learn` (bool): it was learnt by somebody outside of the kernel
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
            let state = read_state(&mut options)?;
            let more = [
                ("sticky", ntf::STICKY),
                ("router", ntf::ROUTER),
                ("extern_learn", ntf::EXT_LEARNED),
            ];
            let mut flags = 0;
            for (key, flag) in more {
                flags |= if options.flag(key)? { flag } else { 0 };
            }
            let entry = read_entry(link, &mut options)?;
            options.finish()?;
            check_tunnel(lab, &entry)?;
            let entry = Entry {
                mac: Some(read_mac(mac)?),
                state,
                flags: entry.flags | flags,
                ..entry
            };
            lab.apply(FdbAdd { entry, append })
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
}

fn read_mac(text: &str) -> Outcome<Mac> {
    text.parse()
        .map_err(|words: String| Failure::new(words).about(text).blame("mac"))
}

fn read_state(options: &mut Options) -> Outcome<u16> {
    let Some(name) = options.take::<String>("state")? else {
        return Ok(nud::NOARP | nud::PERMANENT);
    };
    let found = STATES.iter().find(|(_, known)| *known == name);
    found.map(|(bits, _)| *bits).ok_or_else(|| {
        let names = STATES.map(|(_, name)| name).join(", ");
        let failure = Failure::new(format!("{name:?} is no state of an entry"));
        failure.blame("state").hint(format!("they are {names}"))
    })
}

/// What says which entry is meant, but for its address.
fn read_entry(link: &str, options: &mut Options) -> Outcome<Entry<String>> {
    let mut flags = 0;
    for (key, flag) in [("self", ntf::SELF), ("master", ntf::MASTER)] {
        flags |= if options.flag(key)? { flag } else { 0 };
    }
    Ok(Entry {
        link: link.to_string(),
        // As `bridge fdb` has it.
        flags: if flags == 0 { ntf::SELF } else { flags },
        vlan: vlan(options)?,
        dst: options.take("dst")?,
        port: port(options, "port")?,
        vni: vni(options, "vni")?,
        src_vni: vni(options, "src_vni")?,
        via: options.take("via")?,
        ..Entry::default()
    })
}

/// Where a frame goes in a tunnel is for tunnels; other drivers, and the bridge, never look at it.
fn check_tunnel(lab: &Lab, entry: &Entry<String>) -> Outcome<()> {
    let of_a_tunnel = [
        ("dst", entry.dst.is_some()),
        ("port", entry.port.is_some()),
        ("vni", entry.vni.is_some()),
        ("src_vni", entry.src_vni.is_some()),
        ("via", entry.via.is_some()),
    ];
    let Some((key, _)) = of_a_tunnel.iter().find(|(_, given)| *given) else {
        return Ok(());
    };
    let link = &entry.link;
    // A link that is not there is told of by who looks for it.
    let kind = lab.kinds_of(link, None).map(|(kind, _)| kind);
    let words = match kind.as_deref() {
        Ok("vxlan") if entry.flags & ntf::SELF == 0 => {
            format!(
                "{key} is for the entries of {link} itself, and master means those of its bridge"
            )
        }
        Err(_) | Ok("vxlan") => return Ok(()),
        Ok(_) => format!("{key} is for the entries of a VXLAN link, and {link} is none"),
    };
    Err(Failure::new(words).about(link.as_str()).blame(*key))
}

fn vlan(options: &mut Options) -> Outcome<Option<u16>> {
    let Some(number) = options.take::<i64>("vlan")? else {
        return Ok(None);
    };
    super::bridge_vlan::vid(number, "vlan").map(Some)
}

fn vni(options: &mut Options, key: &'static str) -> Outcome<Option<u32>> {
    let Some(number) = options.take::<i64>(key)? else {
        return Ok(None);
    };
    let fits = u32::try_from(number).ok().filter(|vni| *vni <= LAST_VNI);
    fits.map(Some).ok_or_else(|| {
        let words = format!("{number} is no VXLAN network: they go from 0 to {LAST_VNI}");
        Failure::new(words).about(key).blame(key)
    })
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
        let flags = array(entry.flag_names().map(|flag| self.words.get(flag)));
        self.entries.map([
            ("dst", maybe(entry.dst.map(text))),
            ("flags", flags.into()),
            ("link", self.links.get(Some(entry.link))),
            ("mac", maybe(entry.mac.map(text))),
            ("master", self.links.get(entry.master)),
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
