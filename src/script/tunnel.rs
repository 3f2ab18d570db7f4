//! Verbs that make tunnels. As in `link_add`, the options of a kind are the rows of its table in [`crate::kernel::kind`].

use rhai::Map;
use rhai::plugin::*;

use super::call::{RhaiResultOf, verb};
use super::link_add::{Making, make};

/// The verbs.
#[export_module]
pub mod api {
    /// Makes a GRE tunnel over IPv4, for IP packets.
    ///
    /// Equivalent to: `ip link add NAME type gre`
    ///
    /// Search words: `rfc 2784`, `encapsulation`, `ip tunnel`
    ///
    /// # Options
    /// - {settings of gre}
    /// - {any link}
    ///
    /// # Errors
    /// A link of this name exists, or a tunnel between the same ends with the same key (EEXIST); no such `dev` (ENODEV); this
    /// kernel has no links of this kind (EOPNOTSUPP).
    ///
    /// # Example
    /// ```rhai
    /// gre_add("t0", #{ local: "10.0.0.1", remote: "10.0.0.2", key: 5, up: true });
    /// show(link_get("t0").settings.remote);
    /// ```
    #[rhai_fn(return_raw)]
    pub fn gre_add(ctx: NativeCallContext, name: &str, options: Map) -> RhaiResultOf<()> {
        verb(&ctx, |lab| make(lab, options, Making::of(name, "gre")))
    }

    /// Makes a GRE tunnel over IPv4, for Ethernet frames.
    ///
    /// Equivalent to: `ip link add NAME type gretap`
    ///
    /// Search words: `rfc 2784`, `encapsulation`, `overlay`
    ///
    /// # Options
    /// - {settings of gretap}
    /// - {any link}
    ///
    /// # Errors
    /// A link of this name exists, or a tunnel between the same ends with the same key (EEXIST); no such `dev` (ENODEV); this
    /// kernel has no links of this kind (EOPNOTSUPP).
    ///
    /// # Example
    /// ```rhai
    /// gretap_add("t0", #{ local: "10.0.0.1", remote: "10.0.0.2", up: true });
    /// show(link_get("t0").settings.remote);
    /// ```
    #[rhai_fn(return_raw)]
    pub fn gretap_add(ctx: NativeCallContext, name: &str, options: Map) -> RhaiResultOf<()> {
        verb(&ctx, |lab| make(lab, options, Making::of(name, "gretap")))
    }

    /// Makes a GRE tunnel over IPv6, for IP packets.
    ///
    /// Equivalent to: `ip link add NAME type ip6gre`
    ///
    /// Search words: `encapsulation`, `ip tunnel`
    ///
    /// # Options
    /// - {settings of ip6gre}
    /// - {any link}
    ///
    /// # Errors
    /// A link of this name exists, or a tunnel between the same ends with the same key (EEXIST); no such `dev` (ENODEV); this
    /// kernel has no links of this kind (EOPNOTSUPP).
    ///
    /// # Example
    /// ```rhai
    /// ip6gre_add("t0", #{ local: "fd00::1", remote: "fd00::2", up: true });
    /// show(link_get("t0").settings.remote);
    /// ```
    #[rhai_fn(return_raw)]
    pub fn ip6gre_add(ctx: NativeCallContext, name: &str, options: Map) -> RhaiResultOf<()> {
        verb(&ctx, |lab| make(lab, options, Making::of(name, "ip6gre")))
    }

    /// Makes a tunnel of IPv4 in IPv4.
    ///
    /// Equivalent to: `ip link add NAME type ipip`
    ///
    /// Search words: `rfc 2003`, `encapsulation`, `ip tunnel`
    ///
    /// # Options
    /// - {settings of ipip}
    /// - {any link}
    ///
    /// # Errors
    /// A link of this name exists, or a tunnel between the same ends with the same key (EEXIST); no such `dev` (ENODEV); this
    /// kernel has no links of this kind (EOPNOTSUPP).
    ///
    /// # Example
    /// ```rhai
    /// ipip_add("t0", #{ local: "10.0.0.1", remote: "10.0.0.2", up: true });
    /// show(link_get("t0").settings.remote);
    /// ```
    #[rhai_fn(return_raw)]
    pub fn ipip_add(ctx: NativeCallContext, name: &str, options: Map) -> RhaiResultOf<()> {
        verb(&ctx, |lab| make(lab, options, Making::of(name, "ipip")))
    }

    /// Makes a tunnel of IPv6 in IPv4.
    ///
    /// Equivalent to: `ip link add NAME type sit`
    ///
    /// Search words: `6in4`, `6to4`, `isatap`, `encapsulation`, `ip tunnel`
    ///
    /// # Options
    /// - {settings of sit}
    /// - {any link}
    ///
    /// # Errors
    /// A link of this name exists, or a tunnel between the same ends with the same key (EEXIST); no such `dev` (ENODEV); this
    /// kernel has no links of this kind (EOPNOTSUPP).
    ///
    /// # Example
    /// ```rhai
    /// sit_add("t0", #{ local: "10.0.0.1", remote: "10.0.0.2", up: true });
    /// show(link_get("t0").settings.remote);
    /// ```
    #[rhai_fn(return_raw)]
    pub fn sit_add(ctx: NativeCallContext, name: &str, options: Map) -> RhaiResultOf<()> {
        verb(&ctx, |lab| make(lab, options, Making::of(name, "sit")))
    }

    /// Makes a tunnel of IP in IPv6.
    ///
    /// Equivalent to: `ip link add NAME type ip6tnl`
    ///
    /// Search words: `rfc 2473`, `ipip6`, `ip6ip6`, `encapsulation`, `ip tunnel`
    ///
    /// # Options
    /// - {settings of ip6tnl}
    /// - {any link}
    ///
    /// # Errors
    /// A link of this name exists, or a tunnel between the same ends with the same key (EEXIST); no such `dev` (ENODEV); this
    /// kernel has no links of this kind (EOPNOTSUPP).
    ///
    /// # Example
    /// ```rhai
    /// ip6tnl_add("t0", #{ local: "fd00::1", remote: "fd00::2", mode: "any", up: true });
    /// show(link_get("t0").settings.remote);
    /// ```
    #[rhai_fn(return_raw)]
    pub fn ip6tnl_add(ctx: NativeCallContext, name: &str, options: Map) -> RhaiResultOf<()> {
        verb(&ctx, |lab| make(lab, options, Making::of(name, "ip6tnl")))
    }

    /// Makes a GENEVE tunnel: Ethernet over UDP.
    ///
    /// Equivalent to: `ip link add NAME type geneve id ID`
    ///
    /// Search words: `overlay`, `vni`, `rfc 8926`, `ovn`
    ///
    /// # Options
    /// - {settings of geneve}
    /// - {any link}
    ///
    /// # Errors
    /// An id of more than 24 bits; a tunnel with the same id and remote exists (EEXIST); this kernel has no links of this
    /// kind (EOPNOTSUPP).
    ///
    /// # Example
    /// ```rhai
    /// geneve_add("gnv0", 42, #{ remote: "10.0.0.2", up: true });
    /// show(link_get("gnv0").settings.remote);
    /// ```
    #[rhai_fn(return_raw)]
    pub fn geneve_add(
        ctx: NativeCallContext,
        name: &str,
        id: i64,
        options: Map,
    ) -> RhaiResultOf<()> {
        verb(&ctx, |lab| {
            make(lab, options, Making::of(name, "geneve").with("id", id)?)
        })
    }

    /// Makes a WireGuard tunnel; what it speaks with is set by `wireguard_set`.
    ///
    /// Equivalent to: `ip link add NAME type wireguard`
    ///
    /// Search words: `vpn`, `wg`, `wg-quick`
    ///
    /// # Options
    /// - {any link}
    ///
    /// # Errors
    /// A link of this name exists (EEXIST); this kernel has no links of this kind (EOPNOTSUPP).
    ///
    /// # Example
    /// ```rhai
    /// wireguard_add("wg0", #{ up: true });
    /// show(link_get("wg0").kind);
    /// ```
    #[rhai_fn(return_raw)]
    pub fn wireguard_add(ctx: NativeCallContext, name: &str, options: Map) -> RhaiResultOf<()> {
        verb(&ctx, |lab| {
            make(lab, options, Making::of(name, "wireguard"))
        })
    }
}
