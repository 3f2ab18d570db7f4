//! Verbs about the VLANs of a bridge's ports, and what a VLAN has in the whole bridge.

use rhai::plugin::*;
use rhai::{Array, Dynamic, Map};

use crate::kernel::bridge_vlan::{BridgeVlanAdd, BridgeVlanDel, LAST_VID, Range};
use crate::kernel::options::Row;
use crate::kernel::vlan_options::{OF_A_BRIDGE, OF_A_PORT, VlanSet};
use crate::lab::explain::ask;
use crate::lab::failure::{Failure, Outcome};

use super::call::{RhaiResultOf, verb};
use super::options::Options;
use super::settings::{map_of, take_all};
use super::value::{array_of_maps, counter, map, maybe};
use super::vni::network;

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
    /// - `tunnel_info` (string or int): map the VLAN, which is there already, to this network of a tunnel; several to several, as
    ///   "1000-1009". The port is an external tunnel with `vlan_tunnel`
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
            // With a mapping neither of them is sent.
            if let (Some(_), true) = (range.tunnel, pvid || untagged) {
                let words = "to map a VLAN to a tunnel changes nothing else of it";
                let failure = Failure::new(words).blame(if pvid { "pvid" } else { "untagged" });
                return Err(failure.hint("add the VLAN first, and its tunnel after that"));
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
    /// - `tunnel_info` (string or int): the VLAN stays, and is mapped to this network of a tunnel no more
    ///
    /// # Errors
    /// The link is no port of a bridge, or this kernel's bridges know no VLANs (EOPNOTSUPP); none of these VLANs is there, which
    /// `bridge` does not say; they are mapped to other networks, or to none.
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

    /// Sets options of VLANs of a bridge's port, or of the bridge itself. `vid` is a number, or several as "10-19".
    ///
    /// Equivalent to: `bridge vlan set dev LINK vid VID`
    ///
    /// Search words: `vlan filtering`, `mst`, `spanning tree`, `arp suppression`, `multicast router`
    ///
    /// # Options
    /// - `state` (word): what the port does in this VLAN: "disabled", "listening", "learning", "forwarding" or "blocking"
    /// - `mcast_router` (int): whether a multicast router is behind it: 0 never, 1 found out, 2 always, 3 for a while
    /// - `mcast_max_groups` (int): how many groups there may be; 0 is no limit
    /// - `neigh_suppress` (bool): answer ARP and ND in the place of those behind it
    ///
    /// # Errors
    /// No such VLAN; nothing to set; the link is no port of a bridge; this kernel's bridges know no VLANs (EOPNOTSUPP), or not
    /// this option (EINVAL); no such link (ENODEV).
    ///
    /// # Example
    /// ```rhai
    /// link_add("br0", "bridge");
    /// veth_add("port", "host");
    /// link_set("port", #{ master: "br0" });
    /// try { bridge_vlan_set("port", 1, #{ state: "blocking" }); }
    /// catch (e) { print(e.errno == "EOPNOTSUPP"); } // a kernel without CONFIG_BRIDGE_VLAN_FILTERING
    /// ```
    #[rhai_fn(return_raw)]
    pub fn bridge_vlan_set(
        ctx: NativeCallContext,
        link: &str,
        vid: Dynamic,
        options: Map,
    ) -> RhaiResultOf<()> {
        verb(&ctx, |lab| {
            lab.apply(read_settings(link, &vid, options, false)?)
        })
    }

    /// Sets options that VLANs have in a whole bridge. `vid` is a number, or several as "10-19".
    ///
    /// The options of groups matter where the bridge has `mcast_vlan_snooping`. Times are whole hundredths of a second.
    ///
    /// Equivalent to: `bridge vlan global set dev BRIDGE vid VID`
    ///
    /// Search words: `vlan filtering`, `igmp snooping`, `mld`, `querier`, `mst`
    ///
    /// # Options
    /// - `mcast_snooping` (bool): look after multicast groups
    /// - `mcast_querier` (bool): ask for members of groups
    /// - `mcast_igmp_version` (int): the version of IGMP: 2 or 3
    /// - `mcast_mld_version` (int): the version of MLD: 1 or 2
    /// - `mcast_last_member_count` (int): how often to ask after somebody left
    /// - `mcast_last_member_interval` (duration): how long to wait between those questions
    /// - `mcast_startup_query_count` (int): how often to ask at the start
    /// - `mcast_startup_query_interval` (duration): how long to wait between those questions
    /// - `mcast_membership_interval` (duration): how long a member counts of whom nothing is heard
    /// - `mcast_querier_interval` (duration): how long another who asks counts of whom nothing is heard
    /// - `mcast_query_interval` (duration): how long to wait between questions
    /// - `mcast_query_response_interval` (duration): how long members may take to answer
    /// - `msti` (int): the spanning tree that the VLAN is of, where the bridge has several
    ///
    /// # Errors
    /// No such VLAN; nothing to set; the link is no bridge; this kernel's bridges know no VLANs (EOPNOTSUPP), or not this option
    /// (EINVAL); no such link (ENODEV).
    ///
    /// # Example
    /// ```rhai
    /// link_add("br0", "bridge");
    /// try { bridge_vlan_global_set("br0", 1, #{ mcast_querier: true }); }
    /// catch (e) { print(e.errno == "EOPNOTSUPP"); } // a kernel without CONFIG_BRIDGE_VLAN_FILTERING
    /// ```
    #[rhai_fn(return_raw)]
    pub fn bridge_vlan_global_set(
        ctx: NativeCallContext,
        bridge: &str,
        vid: Dynamic,
        options: Map,
    ) -> RhaiResultOf<()> {
        verb(&ctx, |lab| {
            lab.apply(read_settings(bridge, &vid, options, true)?)
        })
    }

    /// Lists the VLANs that pass at the ports of bridges and at the bridges themselves, with their options and counters.
    ///
    /// Equivalent to: `bridge vlan show`, `bridge vlan`, `bridge vlan tunnelshow`
    ///
    /// Search words: `vlan filtering`, `trunk`, `access port`, `native vlan`, `802.1q`, `vlan statistics`
    ///
    /// # Options
    /// - `dev` (link): only those of this port or bridge
    /// - `vid` (int): only this VLAN
    ///
    /// # Returns
    /// An array of maps: `link`; `vid` (int); `pvid` (bool: frames that come in without a tag are of it); `untagged` (bool: its
    /// frames leave without a tag); `tunnel` (int: the network of a tunnel that it is mapped to, or `()`); `options` (a map of what
    /// `bridge_vlan_set` sets and `mcast_n_groups`, as far as this kernel tells it); `statistics` (a map: `rx_bytes`,
    /// `rx_packets`, `tx_bytes`, `tx_packets`; of a port counted with `vlan_stats_per_port`; `()` if the kernel tells none). A
    /// kernel whose bridges know no VLANs (CONFIG_BRIDGE_VLAN_FILTERING) gives none.
    ///
    /// # Errors
    /// No such link (ENODEV); a number that no VLAN has.
    ///
    /// # Example
    /// ```rhai
    /// link_add("br0", "bridge");
    /// show(bridge_vlan_list(#{ dev: "br0", vid: 4000 }).len());
    /// ```
    #[rhai_fn(return_raw)]
    pub fn bridge_vlan_list(ctx: NativeCallContext, options: Map) -> RhaiResultOf<Array> {
        verb(&ctx, |lab| {
            let (dev, only) = read_filter(options)?;
            let words = "list the VLANs";
            let list = ask(lab, words, || lab.bridge_vlans(dev.as_deref()));
            let list = list.map_err(|failure| failure.blame("dev"))?;
            let more = ask(lab, words, || match list.objects.is_empty() {
                true => Ok(Vec::new()),
                false => Ok(lab.vlan_options(dev.as_deref(), false)?.objects),
            })?;
            let chosen = list.objects.iter();
            let chosen = chosen.filter(|vlan| only.is_none_or(|vid| vlan.vid == vid));
            Ok(array_of_maps(chosen.map(|vlan| {
                let more = more.iter().find(|one| one.are_of(vlan.link, vlan.vid));
                let settings = more.map(|more| map_of(&more.settings)).unwrap_or_default();
                let counters = more.and_then(|more| more.counters).map(|all| {
                    map([
                        ("rx_bytes", counter(all.rx_bytes)),
                        ("rx_packets", counter(all.rx_packets)),
                        ("tx_bytes", counter(all.tx_bytes)),
                        ("tx_packets", counter(all.tx_packets)),
                    ])
                });
                map([
                    ("link", maybe(list.links.get(&vlan.link).cloned())),
                    ("options", settings.into()),
                    ("pvid", vlan.pvid.into()),
                    ("statistics", maybe(counters)),
                    ("tunnel", maybe(vlan.tunnel.map(i64::from))),
                    ("untagged", vlan.untagged.into()),
                    ("vid", i64::from(vlan.vid).into()),
                ])
            })))
        })
    }

    /// Lists the options that VLANs have in whole bridges.
    ///
    /// Equivalent to: `bridge vlan global show`, `bridge vlan global`
    ///
    /// Search words: `vlan filtering`, `igmp snooping`, `mld`, `querier`, `mst`
    ///
    /// # Options
    /// - `dev` (link): only those of this bridge
    /// - `vid` (int): only this VLAN
    ///
    /// # Returns
    /// An array of maps: `bridge`; `vid` (int); `options` (a map of what `bridge_vlan_global_set` sets, as far as this kernel tells
    /// it, times in seconds). A kernel whose bridges know no VLANs (CONFIG_BRIDGE_VLAN_FILTERING) gives none.
    ///
    /// # Errors
    /// No such link (ENODEV); a number that no VLAN has.
    ///
    /// # Example
    /// ```rhai
    /// link_add("br0", "bridge");
    /// show(bridge_vlan_global_list(#{ dev: "br0", vid: 4000 }).len());
    /// ```
    #[rhai_fn(return_raw)]
    pub fn bridge_vlan_global_list(ctx: NativeCallContext, options: Map) -> RhaiResultOf<Array> {
        verb(&ctx, |lab| {
            let (dev, only) = read_filter(options)?;
            let list = ask(lab, "list the options of VLANs", || {
                lab.vlan_options(dev.as_deref(), true)
            });
            let list = list.map_err(|failure| failure.blame("dev"))?;
            let each = list.objects.iter().flat_map(|one| {
                let vids = one.first..=one.last.min(LAST_VID);
                vids.map(move |vid| (one, vid))
            });
            let chosen = each.filter(|(_, vid)| only.is_none_or(|only| only == *vid));
            Ok(array_of_maps(chosen.map(|(one, vid)| {
                map([
                    ("bridge", maybe(list.links.get(&one.link).cloned())),
                    ("options", map_of(&one.settings).into()),
                    ("vid", i64::from(vid).into()),
                ])
            })))
        })
    }
}

/// The link and the VLAN that a list is of.
fn read_filter(options: Map) -> Outcome<(Option<String>, Option<u16>)> {
    let mut options = Options::new(options);
    let dev = options.take("dev")?;
    let number = options.take::<i64>("vid")?;
    options.finish()?;
    let only = number.map(|number| vid(number, "vid")).transpose()?;
    Ok((dev, only))
}

fn read_settings(link: &str, given: &Dynamic, options: Map, global: bool) -> Outcome<VlanSet> {
    let rows: &'static [Row] = if global { OF_A_BRIDGE } else { OF_A_PORT };
    let mut options = Options::new(options);
    let settings = take_all(&mut options, rows)?;
    options.finish()?;
    let (first, last) = read_vids(given)?;
    if settings.is_empty() {
        let keys = rows.iter().filter(|row| row.is_set()).map(|row| row.key);
        let keys: Vec<&str> = keys.collect();
        let failure = Failure::new("there is nothing to set").blame("options");
        return Err(failure.hint(format!("the options are: {}", keys.join(", "))));
    }
    Ok(VlanSet {
        link: link.to_string(),
        first,
        last,
        global,
        settings,
    })
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
    let tunnel = options.take::<Dynamic>("tunnel_info")?;
    options.finish()?;
    let (first, last) = read_vids(given)?;
    let tunnel = tunnel.map(|tunnel| {
        let (from, to) = read_span(&tunnel, "tunnel_info", "a VXLAN network")?;
        let first_network = network(from, "tunnel_info")?;
        network(to, "tunnel_info")?;
        if to - from != i64::from(last - first) {
            let (vlans, networks) = (last - first + 1, to - from + 1);
            let words = format!("{vlans} VLANs can't be mapped to {networks} networks");
            let hint = format!("write \"{from}-{}\"", from + i64::from(last - first));
            return Err(Failure::new(words).blame("tunnel_info").hint(hint));
        }
        Ok(first_network)
    });
    Ok(Range {
        link: link.to_string(),
        first,
        last,
        pvid: false,
        untagged: false,
        is_bridge,
        master,
        tunnel: tunnel.transpose()?,
    })
}

fn read_vids(given: &Dynamic) -> Outcome<(u16, u16)> {
    let (first, last) = read_span(given, "vid", "a VLAN")?;
    Ok((vid(first, "vid")?, vid(last, "vid")?))
}

/// A number, or the first and the last with a hyphen between; none is negative.
pub(super) fn read_span(
    given: &Dynamic,
    argument: &'static str,
    what: &str,
) -> Outcome<(i64, i64)> {
    let text = match given.as_int() {
        // What no list of them has is told by who knows how far they go.
        Ok(number) => return Ok((number, number)),
        Err(_) => given.clone().into_string().unwrap_or_default(),
    };
    let (first, last) = text.split_once('-').unwrap_or((&text, &text));
    let number = |text: &str| text.parse::<u32>().ok().map(i64::from);
    let (Some(first), Some(last)) = (number(first), number(last)) else {
        let given = super::options::describe(given);
        let words = format!("{given} is neither {what} nor a range of them");
        let hint = "write 10 or \"10-19\"";
        return Err(Failure::new(words).blame(argument).hint(hint));
    };
    if first > last {
        let words = format!("{text:?} ends before it begins");
        let hint = format!("write \"{last}-{first}\"");
        return Err(Failure::new(words).blame(argument).hint(hint));
    }
    Ok((first, last))
}
