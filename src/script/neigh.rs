//! Verbs about neighbours: which hardware address answers for an IP address.

use rhai::plugin::*;
use rhai::{Array, Map};

use crate::kernel::neigh;
use crate::lab::explain::ask;

use super::call::{RhaiResultOf, verb};
use super::options::Options;
use super::value::{array, map, maybe};

/// The verbs.
#[export_module]
pub mod api {
    /// Lists the neighbours that the current namespace knows or is asking for, IPv4 (ARP) and IPv6 (NDP).
    ///
    /// Equivalent to: `ip -j neigh`
    ///
    /// Search words: `arp`, `arp -a`, `arp -n`, `ndp`, `neighbor`, `neighbour`, `cache`, `mac address`,
    /// `neighbour discovery`
    ///
    /// # Options
    /// - `dev` (link): only those behind this link
    /// - `all` (bool): also those that need no asking (state noarp: multicast groups, loopback)
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
            options.finish()?;
            let list = ask(lab, "list the neighbours", || {
                lab.neighbours(dev.as_deref(), all)
            });
            let list = list.map_err(|failure| failure.blame("dev"))?;
            Ok(array(list.into_iter().map(|(link, neighbour)| {
                map([
                    ("address", neighbour.address.to_string().into()),
                    ("flags", array(neighbour.flags).into()),
                    ("link", link.into()),
                    ("mac", maybe(neighbour.mac.map(|mac| mac.to_string()))),
                    ("state", neighbour.state.into()),
                ])
            })))
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
            Ok(array(table.into_iter().map(|entry| {
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
