//! Verbs about the networks that an external VXLAN tunnel lets in.

use std::net::IpAddr;

use rhai::plugin::*;
use rhai::{Array, Dynamic, Map};

use crate::kernel::vni::{COUNTERS, LAST_VNI, VniAdd, VniDel, Vnis};
use crate::lab::explain::ask;
use crate::lab::failure::{Failure, Outcome};

use super::bridge_vlan::read_span;
use super::call::{RhaiResultOf, verb};
use super::options::Options;
use super::value::{array_of_maps, counter, map, maybe};

/// The verbs.
#[export_module]
pub mod api {
    /// Lets VXLAN networks in at an external tunnel that has `vnifilter`.
    ///
    /// `vni` is a number, or several as "10-19".
    ///
    /// Equivalent to: `bridge vni add dev LINK vni VNI`
    ///
    /// Search words: `vxlan`, `vnifilter`, `single vxlan device`, `vtep`
    ///
    /// # Options
    /// - `group` (address): the multicast group to which the frames for all go
    /// - `remote` (address): the other end to which they go
    ///
    /// # Errors
    /// The link is no VXLAN tunnel, or filters no networks (EOPNOTSUPP); another tunnel has the network (EEXIST); a number that no
    /// network has; no such link (ENODEV).
    ///
    /// # Example
    /// ```rhai
    /// link_add("vx", "vxlan", #{ external: true, vnifilter: true, dstport: 4789 });
    /// vni_add("vx", "10-12", #{ remote: "10.0.0.2" });
    /// show(vni_list(#{ dev: "vx" }).map(|one| [one.vni, one.group]));
    /// ```
    #[rhai_fn(return_raw)]
    pub fn vni_add(
        ctx: NativeCallContext,
        link: &str,
        vni: Dynamic,
        options: Map,
    ) -> RhaiResultOf<()> {
        verb(&ctx, |lab| {
            let mut options = Options::new(options);
            let group = options.take::<IpAddr>("group")?;
            let remote = options.take::<IpAddr>("remote")?;
            options.finish()?;
            let group = match (group, remote) {
                (Some(_), Some(_)) => {
                    let words = "frames for all go to a group, or to one other end";
                    return Err(Failure::new(words).blame("remote"));
                }
                (Some(group), None) if !group.is_multicast() => {
                    let words = format!("{group} is no address of a multicast group");
                    let failure = Failure::new(words).about(group.to_string());
                    return Err(failure
                        .blame("group")
                        .hint(format!("#{{ remote: \"{group}\" }}")));
                }
                (None, Some(remote)) if remote.is_multicast() => {
                    let words = format!("{remote} is the address of a multicast group");
                    let failure = Failure::new(words).about(remote.to_string());
                    return Err(failure
                        .blame("remote")
                        .hint(format!("#{{ group: \"{remote}\" }}")));
                }
                (group, remote) => group.or(remote),
            };
            let vnis = Vnis {
                group,
                ..read_vnis(link, &vni)?
            };
            lab.apply(VniAdd { vnis })
        })
    }

    /// Lets VXLAN networks in at a tunnel no more. `vni` is a number, or several as "10-19".
    ///
    /// Equivalent to: `bridge vni del dev LINK vni VNI`
    ///
    /// Search words: `vxlan`, `vnifilter`, `remove`, `delete`
    ///
    /// # Errors
    /// No such network (ENOENT); the link is no VXLAN tunnel, or filters no networks (EOPNOTSUPP); no such link (ENODEV).
    ///
    /// # Example
    /// ```rhai
    /// link_add("vx", "vxlan", #{ external: true, vnifilter: true, dstport: 4789 });
    /// vni_add("vx", "10-12");
    /// vni_del("vx", 11);
    /// show(vni_list().map(|one| one.vni));
    /// ```
    #[rhai_fn(return_raw)]
    pub fn vni_del(ctx: NativeCallContext, link: &str, vni: Dynamic) -> RhaiResultOf<()> {
        verb(&ctx, |lab| {
            let vnis = read_vnis(link, &vni)?;
            lab.apply(VniDel { vnis })
        })
    }

    /// Lists the VXLAN networks that external tunnels let in.
    ///
    /// Equivalent to: `bridge vni show`, `bridge vni`
    ///
    /// Search words: `vxlan`, `vnifilter`, `statistics`
    ///
    /// # Options
    /// - `dev` (link): only those of this tunnel
    /// - `vni` (int): only this network
    ///
    /// # Returns
    /// An array of maps: `link`; `vni` (int); `group` (the multicast group or the other end to which frames for all go, or `()`);
    /// `statistics` (a map: `rx_bytes`, `rx_packets`, `rx_dropped`, `rx_errors`, `tx_bytes`, `tx_packets`, `tx_dropped`,
    /// `tx_errors`).
    ///
    /// # Errors
    /// No such link (ENODEV).
    ///
    /// # Example
    /// ```rhai
    /// link_add("vx", "vxlan", #{ external: true, vnifilter: true, dstport: 4789 });
    /// vni_add("vx", 10);
    /// show(vni_list(#{ dev: "vx" }).map(|one| one.vni));
    /// ```
    #[rhai_fn(return_raw)]
    pub fn vni_list(ctx: NativeCallContext, options: Map) -> RhaiResultOf<Array> {
        verb(&ctx, |lab| {
            let mut options = Options::new(options);
            let dev = options.take::<String>("dev")?;
            let only = vni_option(&mut options, "vni")?;
            options.finish()?;
            let list = ask(lab, "list the networks", || lab.vnis(dev.as_deref()));
            let list = list.map_err(|failure| failure.blame("dev"))?;
            let each = list.objects.iter();
            let each = each.flat_map(|one| (one.first..=one.last).map(move |vni| (one, vni)));
            let chosen = each.filter(|(_, vni)| only.is_none_or(|only| only == *vni));
            Ok(array_of_maps(chosen.map(|(one, vni)| {
                let counters = COUNTERS.iter().zip(one.counters);
                let counters: Map = counters
                    .map(|(name, number)| ((*name).into(), counter(number)))
                    .collect();
                map([
                    ("group", maybe(one.group.map(|group| group.to_string()))),
                    ("link", maybe(list.links.get(&one.link).cloned())),
                    ("statistics", counters.into()),
                    ("vni", i64::from(vni).into()),
                ])
            })))
        })
    }
}

/// The number of a VXLAN network.
pub(super) fn network(number: i64, argument: &'static str) -> Outcome<u32> {
    let fits = u32::try_from(number).ok().filter(|vni| *vni <= LAST_VNI);
    fits.ok_or_else(|| {
        let words = format!("{number} is no VXLAN network: they go from 0 to {LAST_VNI}");
        Failure::new(words)
            .about(number.to_string())
            .blame(argument)
    })
}

/// An option that is the number of a VXLAN network.
pub(super) fn vni_option(options: &mut Options, key: &'static str) -> Outcome<Option<u32>> {
    let number = options.take::<i64>(key)?;
    number.map(|number| network(number, key)).transpose()
}

fn read_vnis(link: &str, given: &Dynamic) -> Outcome<Vnis<String>> {
    let (first, last) = read_span(given, "vni", "a VXLAN network")?;
    Ok(Vnis {
        link: link.to_string(),
        first: network(first, "vni")?,
        last: network(last, "vni")?,
        group: None,
        counters: [0; 8],
    })
}
