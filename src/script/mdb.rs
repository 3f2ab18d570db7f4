//! Verbs about the multicast groups of bridges' ports, and of VXLAN tunnels.

use std::collections::HashMap;
use std::net::IpAddr;

use rhai::plugin::*;
use rhai::{Array, Map};

use crate::kernel::mac::Mac;
use crate::kernel::mdb::{FILTER_MODES, Group, Member, Question, Remote};
use crate::kernel::mdb_change::{MdbAdd, MdbDel, MdbFlush};
use crate::kernel::route_names::PROTOCOLS;
use crate::lab::explain::ask;
use crate::lab::failure::{Failure, Outcome};

use super::bridge_vlan::vid;
use super::call::{RhaiResultOf, verb};
use super::options::Options;
use super::route_options::{numbered, port};
use super::value::{array, array_of_maps, map, maybe};
use super::vni::vni_option;

/// The verbs.
#[export_module]
pub mod api {
    /// Has a port of a bridge get the frames of a multicast group.
    ///
    /// The group is an address of IPv4 or IPv6, or (permanent) a hardware address. Of a VXLAN tunnel, which is bridge and port at
    /// once, it is the other end that gets them; 0.0.0.0 and :: are then all groups that nobody asked for.
    ///
    /// Equivalent to: `bridge mdb add dev BRIDGE port PORT grp GROUP`
    ///
    /// Search words: `multicast database`, `igmp snooping`, `mld`, `join`
    ///
    /// # Options
    /// - `state` (word): "temp" unless given: it goes like what hosts ask for; "permanent"
    /// - `src` (address): only what comes from there
    /// - `vid` (int): in this VLAN
    /// - `filter_mode` (word): how `source_list` is meant: "include" is only from those, "exclude" from all others
    /// - `source_list` (array): addresses of senders (IGMPv3, MLDv2)
    /// - `protocol` (word; `proto`): who made it, as of routes: "static" unless given, "boot", "zebra" ..., or a number
    /// - `dst` (address): the other end of the tunnel
    /// - `dst_port` (int): its UDP port
    /// - `vni` (int): the VXLAN network to send it in
    /// - `src_vni` (int): the VXLAN network that it is of (an external tunnel)
    /// - `via` (link): the link by which the other end is reached
    ///
    /// # Errors
    /// The port gets it already (EEXIST); the bridge is down (EINVAL); the port is none of this bridge; no such link (ENODEV).
    ///
    /// # Example
    /// ```rhai
    /// link_add("br0", "bridge", #{ up: true });
    /// veth_add("port", "host", #{ up: true });
    /// link_set("port", #{ master: "br0" });
    /// mdb_add("br0", "port", "239.1.1.1", #{ state: "permanent" });
    /// show(mdb_list(#{ dev: "br0" }).filter(|one| one.group == "239.1.1.1").map(|one| one.port));
    /// ```
    #[rhai_fn(return_raw)]
    pub fn mdb_add(
        ctx: NativeCallContext,
        bridge: &str,
        port: &str,
        group: &str,
        options: Map,
    ) -> RhaiResultOf<()> {
        verb(&ctx, |lab| {
            let member = read_new(bridge, port, group, options)?;
            let replace = false;
            lab.apply(MdbAdd { member, replace })
        })
    }

    /// Sets what a port of a bridge gets of a multicast group, in the place of what it got; makes it if it is not there.
    ///
    /// Equivalent to: `bridge mdb replace dev BRIDGE port PORT grp GROUP`
    ///
    /// Search words: `multicast database`, `igmp snooping`, `mld`, `change`
    ///
    /// # Options
    /// - `state` (word): "temp" unless given, or "permanent", as in `mdb_add`; and so are the rest
    /// - `src` (address): see `mdb_add`
    /// - `vid` (int): see `mdb_add`
    /// - `filter_mode` (word): "include" or "exclude"
    /// - `source_list` (array): see `mdb_add`
    /// - `protocol` (word; `proto`): "static" unless given, see `mdb_add`
    /// - `dst` (address): see `mdb_add`
    /// - `dst_port` (int): see `mdb_add`
    /// - `vni` (int): see `mdb_add`
    /// - `src_vni` (int): see `mdb_add`
    /// - `via` (link): see `mdb_add`
    ///
    /// # Errors
    /// Those of `mdb_add`, but for EEXIST, which means here that this kernel can't: Linux does it from 6.2 on.
    ///
    /// # Example
    /// ```rhai
    /// link_add("br0", "bridge", #{ up: true });
    /// veth_add("port", "host", #{ up: true });
    /// link_set("port", #{ master: "br0" });
    /// mdb_add("br0", "port", "239.1.1.1");
    /// try {
    ///     mdb_replace("br0", "port", "239.1.1.1", #{ state: "permanent" });
    ///     assert(mdb_list().find(|one| one.group == "239.1.1.1").state == "permanent");
    /// } catch (e) { assert(e.errno == "EEXIST", e.message); } // before Linux 6.2
    /// ```
    #[rhai_fn(return_raw)]
    pub fn mdb_replace(
        ctx: NativeCallContext,
        bridge: &str,
        port: &str,
        group: &str,
        options: Map,
    ) -> RhaiResultOf<()> {
        verb(&ctx, |lab| {
            let member = read_new(bridge, port, group, options)?;
            let replace = true;
            lab.apply(MdbAdd { member, replace })
        })
    }

    /// Has a port of a bridge get the frames of a multicast group no more.
    ///
    /// Equivalent to: `bridge mdb del dev BRIDGE port PORT grp GROUP`
    ///
    /// Search words: `multicast database`, `igmp snooping`, `leave`, `remove`, `delete`
    ///
    /// # Options
    /// - `src` (address): only what comes from there
    /// - `vid` (int): in this VLAN
    /// - `dst` (address): the other end of the tunnel
    /// - `dst_port` (int): its UDP port
    /// - `vni` (int): the VXLAN network to send it in
    /// - `src_vni` (int): the VXLAN network that it is of
    /// - `via` (link): the link by which the other end is reached
    ///
    /// # Errors
    /// It does not get it (ENOENT, EINVAL); no such link (ENODEV).
    ///
    /// # Example
    /// ```rhai
    /// link_add("br0", "bridge", #{ up: true });
    /// veth_add("port", "host", #{ up: true });
    /// link_set("port", #{ master: "br0" });
    /// mdb_add("br0", "port", "239.1.1.1", #{ state: "permanent" });
    /// mdb_del("br0", "port", "239.1.1.1");
    /// show(mdb_list(#{ dev: "br0" }).filter(|one| one.group == "239.1.1.1").len());
    /// ```
    #[rhai_fn(return_raw)]
    pub fn mdb_del(
        ctx: NativeCallContext,
        bridge: &str,
        port: &str,
        group: &str,
        options: Map,
    ) -> RhaiResultOf<()> {
        verb(&ctx, |lab| {
            let mut options = Options::new(options);
            let member = read_member(bridge, port, group, &mut options)?;
            options.finish()?;
            lab.apply(MdbDel { member })
        })
    }

    /// Tells which ports of a bridge, or which other ends of a tunnel, get the frames of one multicast group.
    ///
    /// Equivalent to: `bridge mdb get dev BRIDGE grp GROUP`
    ///
    /// Search words: `multicast database`, `igmp snooping`, `lookup`, `who joined`
    ///
    /// # Options
    /// - `src` (address): only what comes from there
    /// - `vid` (int): in this VLAN
    /// - `src_vni` (int): in this VXLAN network, of an external tunnel
    ///
    /// # Returns
    /// An array of maps, as in `mdb_list`.
    ///
    /// # Errors
    /// No such group (ENOENT); the link is no bridge; no such link (ENODEV); this kernel can't (EOPNOTSUPP: Linux does it from 6.8
    /// on).
    ///
    /// # Example
    /// ```rhai
    /// link_add("br0", "bridge", #{ up: true });
    /// veth_add("port", "host", #{ up: true });
    /// link_set("port", #{ master: "br0" });
    /// mdb_add("br0", "port", "239.1.1.1", #{ state: "permanent" });
    /// try { assert(mdb_get("br0", "239.1.1.1").map(|one| one.port) == ["port"]); }
    /// catch (e) { assert(e.errno == "EOPNOTSUPP", e.message); } // before Linux 6.8
    /// ```
    #[rhai_fn(return_raw)]
    pub fn mdb_get(
        ctx: NativeCallContext,
        bridge: &str,
        group: &str,
        options: Map,
    ) -> RhaiResultOf<Array> {
        verb(&ctx, |lab| {
            let mut options = Options::new(options);
            let question = Question {
                bridge: bridge.to_string(),
                group: read_group(group)?,
                source: options.take("src")?,
                vid: read_vid(&mut options)?,
                src_vni: vni_option(&mut options, "src_vni")?,
            };
            options.finish()?;
            let list = lab.group(&question)?;
            let maps = list.objects.iter().map(|one| member_map(one, &list.links));
            Ok(array_of_maps(maps))
        })
    }

    /// Takes many ports of a bridge out of multicast groups at once: all, or those that are like what is given.
    ///
    /// Equivalent to: `bridge mdb flush dev BRIDGE`
    ///
    /// Search words: `multicast database`, `igmp snooping`, `clear`, `forget`, `remove all`
    ///
    /// # Options
    /// - `port` (link): only what this port gets
    /// - `vid` (int): only those in this VLAN
    /// - `state` (word): only "permanent" ones, or only "temp" ones
    /// - `protocol` (word; `proto`): only those that this one made, as of routes: "static", "zebra" ...
    /// - `dst` (address): only those that go to this other end of a tunnel
    /// - `dst_port` (int): only those with this UDP port
    /// - `vni` (int): only those that are sent in this VXLAN network
    /// - `src_vni` (int): only those of this VXLAN network
    ///
    /// # Errors
    /// The link is no bridge; this kernel can't (EOPNOTSUPP: Linux does it from 6.8 on); no such link (ENODEV).
    ///
    /// # Example
    /// ```rhai
    /// link_add("br0", "bridge", #{ up: true });
    /// veth_add("port", "host", #{ up: true });
    /// link_set("port", #{ master: "br0" });
    /// mdb_add("br0", "port", "239.1.1.1", #{ state: "permanent" });
    /// try { mdb_flush("br0", #{ port: "port" }); } catch (e) { mdb_del("br0", "port", "239.1.1.1"); } // before Linux 6.8
    /// show(mdb_list(#{ dev: "br0" }).filter(|one| one.group == "239.1.1.1").len());
    /// ```
    #[rhai_fn(return_raw)]
    pub fn mdb_flush(ctx: NativeCallContext, bridge: &str, options: Map) -> RhaiResultOf<()> {
        verb(&ctx, |lab| {
            let mut options = Options::new(options);
            let port = options.take("port")?;
            let vid = read_vid(&mut options)?;
            let permanent = read_state(&mut options)?;
            let protocol = numbered(&mut options, "protocol", &PROTOCOLS)?;
            let mut remote = read_remote(&mut options)?;
            remote.src_vni = vni_option(&mut options, "src_vni")?;
            options.finish()?;
            lab.apply(MdbFlush {
                bridge: bridge.to_string(),
                port,
                vid,
                permanent,
                protocol,
                remote,
            })
        })
    }

    /// Lists which ports of bridges, and which other ends of tunnels, want the frames of which multicast groups.
    ///
    /// Equivalent to: `bridge mdb show`, `bridge mdb`
    ///
    /// Search words: `multicast database`, `igmp snooping`, `mld`, `group`
    ///
    /// # Options
    /// - `dev` (link): only those of this bridge or tunnel
    /// - `vid` (int): only those in this VLAN
    ///
    /// # Returns
    /// An array of maps: `bridge`; `port`; `group` (an IP address, or a hardware address); `src` (only from there); `state`
    /// ("permanent" or "temp"); `vid` (int, `()` is none); `filter_mode` ("include" or "exclude") and `source_list` (an array of
    /// maps: `address`, `timer`), where the bridge speaks IGMPv3 or MLDv2 (`mcast_igmp_version`, `mcast_mld_version`); `flags` (offload, fast_leave, added_by_star_ex, blocked); `protocol` (who made it); `timer` (seconds that
    /// are left, `()` is for ever); of a tunnel `dst`, `dst_port`, `vni`, `src_vni` and `via`. What there is not is `()`.
    ///
    /// # Errors
    /// No such link (ENODEV); a number that no VLAN has.
    ///
    /// # Example
    /// ```rhai
    /// link_add("br0", "bridge", #{ up: true });
    /// show(mdb_list(#{ dev: "br0" }).filter(|one| one.state == "permanent").len());
    /// ```
    #[rhai_fn(return_raw)]
    pub fn mdb_list(ctx: NativeCallContext, options: Map) -> RhaiResultOf<Array> {
        verb(&ctx, |lab| {
            let mut options = Options::new(options);
            let dev = options.take::<String>("dev")?;
            let only = read_vid(&mut options)?;
            options.finish()?;
            let list = ask(lab, "list the multicast groups", || {
                lab.groups(dev.as_deref())
            });
            let list = list.map_err(|failure| failure.blame("dev"))?;
            let chosen = list.objects.iter();
            let chosen = chosen.filter(|one| only == 0 || one.vid == only);
            Ok(array_of_maps(
                chosen.map(|one| member_map(one, &list.links)),
            ))
        })
    }

    /// Lists behind which ports of bridges multicast routers are: they get the frames of all groups.
    ///
    /// `bridge -d mdb show` tells it below the groups.
    ///
    /// Search words: `multicast database`, `igmp snooping`, `querier`, `pim`
    ///
    /// # Options
    /// - `dev` (link): only those of this bridge
    ///
    /// # Returns
    /// An array of maps: `bridge`; `port`; `type` ("permanent", or "temp" for one that was heard); `timer` (seconds that are left,
    /// `()` is for ever); `vid` (int, `()` is none).
    ///
    /// # Errors
    /// No such link (ENODEV).
    ///
    /// # Example
    /// ```rhai
    /// link_add("br0", "bridge", #{ up: true });
    /// veth_add("port", "host", #{ up: true });
    /// link_set("port", #{ master: "br0", mcast_router: 2 });
    /// show(mdb_router_list(#{ dev: "br0" }).map(|one| [one.port, one.type]));
    /// ```
    #[rhai_fn(return_raw)]
    pub fn mdb_router_list(ctx: NativeCallContext, options: Map) -> RhaiResultOf<Array> {
        verb(&ctx, |lab| {
            let mut options = Options::new(options);
            let dev = options.take::<String>("dev")?;
            options.finish()?;
            let list = ask(lab, "list the multicast routers", || {
                lab.router_ports(dev.as_deref())
            });
            let list = list.map_err(|failure| failure.blame("dev"))?;
            let name = |index: u32| maybe(list.links.get(&index).cloned());
            Ok(array_of_maps(list.objects.iter().map(|one| {
                // MDB_RTR_TYPE_TEMP_QUERY and MDB_RTR_TYPE_TEMP.
                let is_temp = [1, 3].contains(&one.kind);
                let vid = Some(one.vid).filter(|vid| *vid != 0);
                map([
                    ("bridge", name(one.bridge)),
                    ("port", name(one.port)),
                    ("timer", seconds(one.timer)),
                    ("type", if is_temp { "temp" } else { "permanent" }.into()),
                    ("vid", maybe(vid.map(i64::from))),
                ])
            })))
        })
    }
}

/// Hundredths of a second as seconds; 0 is for ever.
fn seconds(timer: u32) -> Dynamic {
    match timer {
        0 => Dynamic::UNIT,
        timer => (f64::from(timer) / 100.0).into(),
    }
}

fn member_map(one: &Member<u32>, links: &HashMap<u32, String>) -> Map {
    let name = |index: u32| maybe(links.get(&index).cloned());
    let vid = Some(one.vid).filter(|vid| *vid != 0);
    let state = if one.is_permanent {
        "permanent"
    } else {
        "temp"
    };
    let protocol = one.protocol.map(|number| PROTOCOLS.text(number.into()));
    let sources = one.sources.iter().map(|(address, timer)| {
        map([
            ("address", address.to_string().into()),
            ("timer", seconds(*timer)),
        ])
    });
    let remote = &one.remote;
    map([
        ("bridge", name(one.bridge)),
        ("dst", maybe(remote.dst.map(|dst| dst.to_string()))),
        ("dst_port", maybe(remote.port.map(i64::from))),
        ("filter_mode", maybe(one.filter_mode)),
        ("flags", array(one.flag_names()).into()),
        ("group", one.group.to_string().into()),
        ("port", name(one.port)),
        ("protocol", maybe(protocol)),
        ("source_list", array_of_maps(sources).into()),
        ("src", maybe(one.source.map(|source| source.to_string()))),
        ("src_vni", maybe(remote.src_vni.map(i64::from))),
        ("state", state.into()),
        ("timer", seconds(one.timer)),
        ("via", remote.via.map_or(Dynamic::UNIT, name)),
        ("vid", maybe(vid.map(i64::from))),
        ("vni", maybe(remote.vni.map(i64::from))),
    ])
}

/// Whether only those are meant that stay until they are deleted, or only others.
fn read_state(options: &mut Options) -> Outcome<Option<bool>> {
    match options.take::<String>("state")?.as_deref() {
        None => Ok(None),
        Some("temp") => Ok(Some(false)),
        Some("permanent") => Ok(Some(true)),
        Some(other) => {
            let failure = Failure::new(format!("{other:?} is neither temp nor permanent"));
            Err(failure.blame("state"))
        }
    }
}

fn read_vid(options: &mut Options) -> Outcome<u16> {
    let number = options.take::<i64>("vid")?;
    let vid = number.map(|number| vid(number, "vid")).transpose()?;
    Ok(vid.unwrap_or(0))
}

/// Where a tunnel sends the frames, but for the network that they are of, and the link.
fn read_remote(options: &mut Options) -> Outcome<Remote<String>> {
    Ok(Remote {
        dst: options.take("dst")?,
        port: port(options, "dst_port")?,
        vni: vni_option(options, "vni")?,
        ..Remote::default()
    })
}

fn read_new(bridge: &str, port: &str, group: &str, options: Map) -> Outcome<Member<String>> {
    let mut options = Options::new(options);
    let is_permanent = read_state(&mut options)? == Some(true);
    let mode = options.take::<String>("filter_mode")?;
    let sources = options.take::<Array>("source_list")?.unwrap_or_default();
    let protocol = numbered(&mut options, "protocol", &PROTOCOLS)?;
    let member = read_member(bridge, port, group, &mut options)?;
    options.finish()?;
    let filter_mode = mode.map(|mode| {
        let known = FILTER_MODES.iter().find(|(name, _)| *name == mode);
        known.map(|(name, _)| *name).ok_or_else(|| {
            let failure = Failure::new(format!("{mode:?} is neither include nor exclude"));
            failure.blame("filter_mode")
        })
    });
    let sources = sources.into_iter().map(|source| {
        let words = super::options::describe(&source);
        let text = source.into_string().ok();
        let address = text.and_then(|text| text.parse::<IpAddr>().ok());
        address.map(|address| (address, 0)).ok_or_else(|| {
            let failure = Failure::new(format!("{words} is no IP address of a sender"));
            failure.blame("source_list")
        })
    });
    Ok(Member {
        is_permanent,
        filter_mode: filter_mode.transpose()?,
        sources: sources.collect::<Result<_, _>>()?,
        protocol,
        ..member
    })
}

/// What says which member is meant.
fn read_member(
    bridge: &str,
    port: &str,
    group: &str,
    options: &mut Options,
) -> Outcome<Member<String>> {
    let source = options.take::<IpAddr>("src")?;
    let vid = read_vid(options)?;
    let remote = Remote {
        src_vni: vni_option(options, "src_vni")?,
        via: options.take("via")?,
        ..read_remote(options)?
    };
    Ok(Member {
        source,
        vid,
        remote,
        ..Member::new(bridge.to_string(), port.to_string(), read_group(group)?)
    })
}

fn read_group(text: &str) -> Outcome<Group> {
    let ip = text.parse::<IpAddr>().ok();
    let mac = text.parse::<Mac>().ok();
    match (ip, mac) {
        (Some(ip), _) if ip.is_multicast() || ip.is_unspecified() => Ok(Group::Ip(ip)),
        (_, Some(mac)) if mac.is_multicast() => Ok(Group::Mac(mac)),
        _ => {
            let words = format!("{text:?} is not the address of a group");
            let failure = Failure::new(words).about(text).blame("group");
            Err(failure.hint("write one such as 239.1.1.1, ff02::1:3 or 01:00:5e:01:01:01"))
        }
    }
}
