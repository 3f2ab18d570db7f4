//! Verbs about the VLANs and the multicast groups of a bridge's ports.

use std::net::IpAddr;

use rhai::plugin::*;
use rhai::{Array, Dynamic, Map};

use crate::kernel::bridge_vlan::{BridgeVlanAdd, BridgeVlanDel, LAST_VID, Range};
use crate::kernel::mac::Mac;
use crate::kernel::mdb::{Group, MdbAdd, MdbDel, Member};
use crate::kernel::route_names::PROTOCOLS;
use crate::lab::explain::ask;
use crate::lab::failure::{Failure, Outcome};

use super::call::{RhaiResultOf, verb};
use super::options::Options;
use super::value::{array, array_of_maps, map, maybe};

/// The verbs.
#[export_module]
pub mod api {
    /// Lets VLANs pass at a port of a bridge, or at the bridge itself.
    ///
    /// It matters where the bridge has `vlan_filtering`. `vid` is a number, or several as "10-19".
    ///
    /// Equivalent to: `bridge vlan add dev LINK vid VID`
    ///
    /// Search words: `vlan filtering`, `trunk`, `access port`, `native vlan`, `tagged`, `802.1q`
    ///
    /// # Options
    /// - `pvid` (bool): frames that come in without a tag are of it
    /// - `untagged` (bool): its frames leave without a tag
    /// - `self` (bool): the link is the bridge itself
    /// - `master` (bool): the link is a port; so it is unless `self` is given
    ///
    /// # Errors
    /// The link is no port of a bridge, or this kernel's bridges know no VLANs (EOPNOTSUPP); a number that no VLAN has; no such
    /// link (ENODEV).
    ///
    /// # Example
    /// ```rhai
    /// link_add("br0", "bridge");
    /// veth_add("port", "host");
    /// link_set("port", #{ master: "br0" });
    /// try { bridge_vlan_add("port", 10, #{ pvid: true, untagged: true }); }
    /// catch (e) { print(e.errno == "EOPNOTSUPP"); } // a kernel without CONFIG_BRIDGE_VLAN_FILTERING
    /// ```
    #[rhai_fn(return_raw)]
    pub fn bridge_vlan_add(
        ctx: NativeCallContext,
        link: &str,
        vid: Dynamic,
        options: Map,
    ) -> RhaiResultOf<()> {
        verb(&ctx, |lab| {
            let mut options = Options::new(options);
            let (pvid, untagged) = (options.flag("pvid")?, options.flag("untagged")?);
            let range = read_range(link, &vid, options)?;
            if pvid && range.first != range.last {
                let words = "frames without a tag are of one VLAN, not of several";
                return Err(Failure::new(words).blame("pvid"));
            }
            lab.apply(BridgeVlanAdd {
                range: Range {
                    pvid,
                    untagged,
                    ..range
                },
            })
        })
    }

    /// Stops VLANs at a port of a bridge, or at the bridge itself. `vid` is a number, or several as "10-19".
    ///
    /// Equivalent to: `bridge vlan del dev LINK vid VID`
    ///
    /// Search words: `vlan filtering`, `trunk`, `remove`, `delete`
    ///
    /// # Options
    /// - `self` (bool): the link is the bridge itself
    /// - `master` (bool): the link is a port; so it is unless `self` is given
    ///
    /// # Errors
    /// The link is no port of a bridge, or this kernel's bridges know no VLANs (EOPNOTSUPP); no such VLAN (ENOENT).
    ///
    /// # Example
    /// ```rhai
    /// link_add("br0", "bridge");
    /// veth_add("port", "host");
    /// link_set("port", #{ master: "br0" });
    /// try { bridge_vlan_del("port", 1); }
    /// catch (e) { print(e.errno == "EOPNOTSUPP"); } // a kernel without CONFIG_BRIDGE_VLAN_FILTERING
    /// ```
    #[rhai_fn(return_raw)]
    pub fn bridge_vlan_del(
        ctx: NativeCallContext,
        link: &str,
        vid: Dynamic,
        options: Map,
    ) -> RhaiResultOf<()> {
        verb(&ctx, |lab| {
            let range = read_range(link, &vid, Options::new(options))?;
            lab.apply(BridgeVlanDel { range })
        })
    }

    /// Lists the VLANs that pass at the ports of bridges and at the bridges themselves.
    ///
    /// Equivalent to: `bridge vlan show`, `bridge vlan`
    ///
    /// Search words: `vlan filtering`, `trunk`, `access port`, `native vlan`, `802.1q`
    ///
    /// # Options
    /// - `dev` (link): only those of this port or bridge
    /// - `vid` (int): only this VLAN
    ///
    /// # Returns
    /// An array of maps: `link`; `vid` (int); `pvid` (bool: frames that come in without a tag are of it); `untagged` (bool: its
    /// frames leave without a tag). A kernel whose bridges know no VLANs (CONFIG_BRIDGE_VLAN_FILTERING) gives none.
    ///
    /// # Errors
    /// No such link (ENODEV).
    ///
    /// # Example
    /// ```rhai
    /// link_add("br0", "bridge");
    /// show(bridge_vlan_list(#{ dev: "br0", vid: 4000 }).len());
    /// ```
    #[rhai_fn(return_raw)]
    pub fn bridge_vlan_list(ctx: NativeCallContext, options: Map) -> RhaiResultOf<Array> {
        verb(&ctx, |lab| {
            let mut options = Options::new(options);
            let dev = options.take::<String>("dev")?;
            let only = options.take::<u32>("vid")?;
            options.finish()?;
            let list = ask(lab, "list the VLANs", || lab.bridge_vlans(dev.as_deref()));
            let list = list.map_err(|failure| failure.blame("dev"))?;
            let chosen = list.objects.iter();
            let chosen = chosen.filter(|vlan| only.is_none_or(|vid| u32::from(vlan.vid) == vid));
            Ok(array_of_maps(chosen.map(|vlan| {
                map([
                    ("link", maybe(list.links.get(&vlan.link).cloned())),
                    ("pvid", vlan.pvid.into()),
                    ("untagged", vlan.untagged.into()),
                    ("vid", i64::from(vlan.vid).into()),
                ])
            })))
        })
    }

    /// Has a port of a bridge get the frames of a multicast group.
    ///
    /// The group is an address of IPv4 or IPv6, or (permanent) a hardware address.
    ///
    /// Equivalent to: `bridge mdb add dev BRIDGE port PORT grp GROUP`
    ///
    /// Search words: `multicast database`, `igmp snooping`, `mld`, `join`
    ///
    /// # Options
    /// - `state` (word): "temp" unless given: it goes like what hosts ask for; "permanent"
    /// - `src` (address): only what comes from there
    /// - `vid` (int): in this VLAN
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
            let mut options = Options::new(options);
            let is_permanent = match options.take::<String>("state")?.as_deref() {
                None | Some("temp") => false,
                Some("permanent") => true,
                Some(other) => {
                    let failure = Failure::new(format!("{other:?} is neither temp nor permanent"));
                    return Err(failure.blame("state"));
                }
            };
            let member = read_member(bridge, port, group, options)?;
            lab.apply(MdbAdd {
                member: Member {
                    is_permanent,
                    ..member
                },
            })
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
            let member = read_member(bridge, port, group, Options::new(options))?;
            lab.apply(MdbDel { member })
        })
    }

    /// Lists which ports of bridges want the frames of which multicast groups.
    ///
    /// Equivalent to: `bridge mdb show`, `bridge mdb`
    ///
    /// Search words: `multicast database`, `igmp snooping`, `mld`, `group`
    ///
    /// # Options
    /// - `dev` (link): only those of this bridge
    /// - `vid` (int): only those in this VLAN
    ///
    /// # Returns
    /// An array of maps: `bridge`; `port`; `group` (an IP address, or a hardware address); `src` (only from there); `state`
    /// ("permanent" or "temp"); `vid` (int, `()` is none); `filter_mode` ("include" or "exclude"); `flags` (offload, fast_leave,
    /// added_by_star_ex, blocked); `protocol` (who made it). What there is not is `()`.
    ///
    /// # Errors
    /// No such link (ENODEV).
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
            let only = options.take::<u32>("vid")?;
            options.finish()?;
            let list = ask(lab, "list the multicast groups", || {
                lab.groups(dev.as_deref())
            });
            let list = list.map_err(|failure| failure.blame("dev"))?;
            let name = |index: u32| maybe(list.links.get(&index).cloned());
            let chosen = list.objects.iter();
            let chosen = chosen.filter(|one| only.is_none_or(|vid| u32::from(one.vid) == vid));
            Ok(array_of_maps(chosen.map(|one| {
                let vid = Some(one.vid).filter(|vid| *vid != 0);
                let state = if one.is_permanent {
                    "permanent"
                } else {
                    "temp"
                };
                let protocol = one.protocol.map(|number| PROTOCOLS.text(number.into()));
                map([
                    ("bridge", name(one.bridge)),
                    ("filter_mode", maybe(one.filter_mode)),
                    ("flags", array(one.flag_names()).into()),
                    ("group", one.group.to_string().into()),
                    ("port", name(one.port)),
                    ("protocol", maybe(protocol)),
                    ("src", maybe(one.source.map(|source| source.to_string()))),
                    ("state", state.into()),
                    ("vid", maybe(vid.map(i64::from))),
                ])
            })))
        })
    }
}

/// The number of a VLAN.
pub(super) fn vid(number: i64, argument: &'static str) -> Outcome<u16> {
    let fits = u16::try_from(number).ok();
    let fits = fits.filter(|vid| (1..=LAST_VID).contains(vid));
    fits.ok_or_else(|| {
        let words = format!("{number} is no VLAN: they go from 1 to {LAST_VID}");
        Failure::new(words)
            .about(number.to_string())
            .blame(argument)
    })
}

/// VLANs of a port: a number, or two with a hyphen between.
fn read_range(link: &str, given: &Dynamic, mut options: Options) -> Outcome<Range> {
    let (is_bridge, master) = (options.flag("self")?, options.flag("master")?);
    options.finish()?;
    let text = match given.as_int() {
        Ok(number) => number.to_string(),
        Err(_) => given.clone().into_string().unwrap_or_default(),
    };
    let (first, last) = text.split_once('-').unwrap_or((&text, &text));
    let (Ok(first), Ok(last)) = (first.parse(), last.parse()) else {
        let given = super::options::describe(given);
        let words = format!("{given} is neither a VLAN nor a range of them");
        return Err(Failure::new(words)
            .blame("vid")
            .hint("write 10 or \"10-19\""));
    };
    let (first, last) = (vid(first, "vid")?, vid(last, "vid")?);
    if first > last {
        let words = format!("{text:?} ends before it begins");
        return Err(Failure::new(words).blame("vid"));
    }
    Ok(Range {
        link: link.to_string(),
        first,
        last,
        pvid: false,
        untagged: false,
        is_bridge,
        master,
    })
}

fn read_member(
    bridge: &str,
    port: &str,
    group: &str,
    mut options: Options,
) -> Outcome<Member<String>> {
    let source = options.take::<IpAddr>("src")?;
    let number = options.take::<i64>("vid")?;
    options.finish()?;
    Ok(Member {
        bridge: bridge.to_string(),
        port: port.to_string(),
        group: read_group(group)?,
        source,
        vid: number
            .map(|number| vid(number, "vid"))
            .transpose()?
            .unwrap_or(0),
        is_permanent: false,
        flags: 0,
        filter_mode: None,
        protocol: None,
    })
}

fn read_group(text: &str) -> Outcome<Group> {
    let ip = text.parse::<IpAddr>().ok();
    let mac = text.parse::<Mac>().ok();
    match (ip, mac) {
        (Some(ip), _) if ip.is_multicast() => Ok(Group::Ip(ip)),
        (_, Some(mac)) if mac.is_multicast() => Ok(Group::Mac(mac)),
        _ => {
            let words = format!("{text:?} is not the address of a group");
            let failure = Failure::new(words).about(text).blame("group");
            Err(failure.hint("write one such as 239.1.1.1, ff02::1:3 or 01:00:5e:01:01:01"))
        }
    }
}
