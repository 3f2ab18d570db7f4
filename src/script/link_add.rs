//! Verbs that make links, one for each kind that labs use, and one for any.
//!
//! The options of a kind are the rows of its table in [`crate::kernel::kind`]: the manual has them in the place of the line
//! `- {settings of KIND}`, and those of links of any kind in the place of `- {any link}` (see `catalog::settings`).

use std::rc::Rc;

use rhai::plugin::*;
use rhai::{Dynamic, Map};

use crate::kernel::change::Change;
use crate::kernel::kind::{self, Kind};
use crate::kernel::link::name_fault;
use crate::kernel::link_add::LinkAdd;
use crate::kernel::link_set::LinkSet;
use crate::kernel::options::{Row, Setting};
use crate::lab::Lab;
use crate::lab::explain::ask;
use crate::lab::failure::{Failure, Outcome};
use crate::lab::netns::Netns;

use super::call::{RhaiResultOf, verb};
use super::options::{Fault, Mtu, NetnsName, OptionValue, Options};
use super::settings;

/// The verbs.
#[export_module]
pub mod api {
    /// Makes a link of any kind.
    ///
    /// It takes the settings of the kind too: the options and parameters that `bridge_add`, `vlan_add` and the like have, by the
    /// same keys: `link_add("trunk.10", "vlan", #{ parent: "trunk", id: 10 })`. Kinds that have no verb of their own: `nlmon`, `vcan`, `team` (no settings); `vxcan` (`peer`); `netkit` (`peer`, `mode`, `policy`,
    /// `scrub`); `macsec` (`port`, `cipher`, `icvlen`, `encrypt`, `send_sci`, `end_station`, `scb`, `protect`, `replay`, `window`,
    /// `validate`, `encodingsa`, `offload`); `xfrm` (`dev`, `if_id`, `external`); `vti` and `vti6` (`local`, `remote`, `dev`, `key`,
    /// `fwmark`); `erspan`, `ip6gretap`, `bareudp`, `hsr`, `batadv`.
    ///
    /// Equivalent to: `ip link add NAME type KIND`
    ///
    /// Search words: `interface`, `device`, `create`, `new`, `netkit`, `macsec`, `xfrm`, `team`, `nlmon`, `vcan`
    ///
    /// # Options
    /// - `parent` (link; `link`): the link below, of kinds that have one
    /// - {any link}
    ///
    /// # Errors
    /// A link of this name exists (EEXIST); this kernel has no driver for the kind (EOPNOTSUPP); no such parent or master
    /// (ENODEV); a value that the kind does not take.
    ///
    /// # Example
    /// ```rhai
    /// link_add("br0", "bridge", #{ ageing_time: 60, up: true });
    /// show(link_get("br0").kind);
    /// ```
    #[rhai_fn(return_raw)]
    pub fn link_add(
        ctx: NativeCallContext,
        name: &str,
        kind: &str,
        options: Map,
    ) -> RhaiResultOf<()> {
        verb(&ctx, |lab| {
            if kind.is_empty() {
                return Err(Failure::new("the kind of the link is empty").blame("kind"));
            }
            if kind.contains('\0') {
                return Err(
                    Failure::new("the kind of the link has a NUL character in it").blame("kind"),
                );
            }
            if kind == "veth" {
                let words = "a veth is made with its other end";
                let hint = format!("write veth_add({name:?}, \"{name}peer\")");
                return Err(Failure::new(words).blame("kind").hint(hint));
            }
            let mut options = Options::new(options);
            let making = Making {
                parent: options.take("parent")?,
                given: settings::take_parameters(&mut options, kind::options(kind))?,
                ..Making::of(name, kind)
            };
            make_with(lab, options, making)
        })
    }

    /// Makes a bridge: a switch whose ports are the links that have it as their master.
    ///
    /// Equivalent to: `ip link add NAME type bridge`
    ///
    /// Search words: `brctl`, `brctl addbr`, `switch`, `ovs`, `spanning tree`, `stp`, `ethernet`
    ///
    /// # Options
    /// - {settings of bridge}
    /// - {any link}
    ///
    /// # Errors
    /// A link of this name exists (EEXIST); a setting that this kernel was built without (EOPNOTSUPP).
    ///
    /// # Example
    /// ```rhai
    /// bridge_add("br0", #{ stp: true, forward_delay: 4, up: true });
    /// veth_add("h1", "h1port");
    /// link_set("h1port", #{ master: "br0", up: true });
    /// show(link_get("br0").settings.forward_delay);
    /// ```
    #[rhai_fn(return_raw)]
    pub fn bridge_add(ctx: NativeCallContext, name: &str, options: Map) -> RhaiResultOf<()> {
        verb(&ctx, |lab| make(lab, options, Making::of(name, "bridge")))
    }

    /// Makes a VLAN on a link: what is sent through it carries a tag.
    ///
    /// Equivalent to: `ip link add link PARENT name NAME type vlan id ID`
    ///
    /// Search words: `802.1q`, `802.1ad`, `tag`, `trunk`, `qinq`, `vconfig`
    ///
    /// # Options
    /// - {settings of vlan}
    /// - {any link}
    ///
    /// # Errors
    /// No such parent (ENODEV); an id that is not between 0 and 4094; the parent has this VLAN already (EEXIST); this kernel has no
    /// VLANs (EOPNOTSUPP).
    ///
    /// # Example
    /// ```rhai
    /// veth_add("trunk", "other", #{ up: true });
    /// vlan_add("trunk.10", "trunk", 10, #{ up: true });
    /// show(link_get("trunk.10").settings.id);
    /// ```
    #[rhai_fn(return_raw)]
    pub fn vlan_add(
        ctx: NativeCallContext,
        name: &str,
        parent: &str,
        id: i64,
        options: Map,
    ) -> RhaiResultOf<()> {
        verb(&ctx, |lab| {
            let making = Making::on(parent, name, "vlan").with("id", id)?;
            make(lab, options, making)
        })
    }

    /// Makes a link that has a hardware address of its own beside its parent.
    ///
    /// Equivalent to: `ip link add link PARENT name NAME type macvlan`
    ///
    /// Search words: `container`, `hardware address`, `vepa`, `passthru`
    ///
    /// # Options
    /// - {settings of macvlan}
    /// - {any link}
    ///
    /// # Errors
    /// No such parent (ENODEV); the parent is a port of a bridge or passed through to another link (EBUSY).
    ///
    /// # Example
    /// ```rhai
    /// veth_add("eth0", "other", #{ up: true });
    /// macvlan_add("mv0", "eth0", #{ mode: "bridge", up: true });
    /// show(link_get("mv0").settings.mode);
    /// ```
    #[rhai_fn(return_raw)]
    pub fn macvlan_add(
        ctx: NativeCallContext,
        name: &str,
        parent: &str,
        options: Map,
    ) -> RhaiResultOf<()> {
        verb(&ctx, |lab| {
            make(lab, options, Making::on(parent, name, "macvlan"))
        })
    }

    /// Makes a macvlan whose frames a program reads and writes at /dev/tapINDEX.
    ///
    /// Equivalent to: `ip link add link PARENT name NAME type macvtap`
    ///
    /// Search words: `virtual machine`, `qemu`, `libvirt`, `tap`
    ///
    /// # Options
    /// - {settings of macvtap}
    /// - {any link}
    ///
    /// # Errors
    /// No such parent (ENODEV); the parent is a port of a bridge or passed through to another link (EBUSY).
    ///
    /// # Example
    /// ```rhai
    /// veth_add("eth0", "other", #{ up: true });
    /// macvtap_add("mt0", "eth0", #{ mode: "private" });
    /// show(link_get("mt0").parent);
    /// ```
    #[rhai_fn(return_raw)]
    pub fn macvtap_add(
        ctx: NativeCallContext,
        name: &str,
        parent: &str,
        options: Map,
    ) -> RhaiResultOf<()> {
        verb(&ctx, |lab| {
            make(lab, options, Making::on(parent, name, "macvtap"))
        })
    }

    /// Makes a VXLAN: Ethernet over UDP, between machines or namespaces.
    ///
    /// Equivalent to: `ip link add NAME type vxlan id ID`
    ///
    /// Search words: `overlay`, `tunnel`, `vni`, `vtep`, `rfc 7348`, `flannel`
    ///
    /// # Options
    /// - {settings of vxlan}
    /// - {any link}
    ///
    /// # Errors
    /// An id of more than 24 bits; no such `dev` (ENODEV); a VXLAN with this id and port exists (EEXIST); `group` without `dev`.
    ///
    /// # Example
    /// ```rhai
    /// veth_add("eth0", "other", #{ up: true });
    /// vxlan_add("vx0", 42, #{ dev: "eth0", remote: "10.0.0.2", dstport: 4789, up: true });
    /// show(link_get("vx0").settings.remote);
    /// ```
    #[rhai_fn(return_raw)]
    pub fn vxlan_add(
        ctx: NativeCallContext,
        name: &str,
        id: i64,
        options: Map,
    ) -> RhaiResultOf<()> {
        verb(&ctx, |lab| {
            if id != 0
                && options
                    .get("external")
                    .is_some_and(|one| one.as_bool() == Ok(true))
            {
                let words = "an external tunnel has no number: each packet is told its own";
                let failure = Failure::new(words).about(name).blame("id");
                return Err(failure.hint("vxlan_add(name, 0, #{ external: true })"));
            }
            let making = Making::of(name, "vxlan").with("id", id)?;
            make(lab, options, making)
        })
    }
    /// Makes a link that has IP addresses of its own and the hardware address of its parent.
    ///
    /// Equivalent to: `ip link add link PARENT name NAME type ipvlan`
    ///
    /// Search words: `container`, `l2`, `l3`
    ///
    /// # Options
    /// - {settings of ipvlan}
    /// - {any link}
    ///
    /// # Errors
    /// No such parent (ENODEV); the parent is a port or has macvlans (EBUSY); this kernel has no links of this kind
    /// (EOPNOTSUPP).
    ///
    /// # Example
    /// ```rhai
    /// veth_add("eth0", "other", #{ up: true });
    /// ipvlan_add("iv0", "eth0", #{ mode: "l2", up: true });
    /// show(link_get("iv0").settings.mode);
    /// ```
    #[rhai_fn(return_raw)]
    pub fn ipvlan_add(
        ctx: NativeCallContext,
        name: &str,
        parent: &str,
        options: Map,
    ) -> RhaiResultOf<()> {
        verb(&ctx, |lab| {
            make(lab, options, Making::on(parent, name, "ipvlan"))
        })
    }

    /// Makes an ipvlan whose frames a program reads and writes at /dev/tapINDEX.
    ///
    /// Equivalent to: `ip link add link PARENT name NAME type ipvtap`
    ///
    /// Search words: `virtual machine`, `qemu`, `tap`
    ///
    /// # Options
    /// - {settings of ipvtap}
    /// - {any link}
    ///
    /// # Errors
    /// No such parent (ENODEV); the parent is a port or has macvlans (EBUSY); this kernel has no links of this kind
    /// (EOPNOTSUPP).
    ///
    /// # Example
    /// ```rhai
    /// veth_add("eth0", "other", #{ up: true });
    /// ipvtap_add("it0", "eth0");
    /// show(link_get("it0").parent);
    /// ```
    #[rhai_fn(return_raw)]
    pub fn ipvtap_add(
        ctx: NativeCallContext,
        name: &str,
        parent: &str,
        options: Map,
    ) -> RhaiResultOf<()> {
        verb(&ctx, |lab| {
            make(lab, options, Making::on(parent, name, "ipvtap"))
        })
    }

    /// Makes a link that drops all that is sent into it.
    ///
    /// Equivalent to: `ip link add NAME type dummy`
    ///
    /// Search words: `loopback`, `blackhole`, `null`, `fake`
    ///
    /// # Options
    /// - {any link}
    ///
    /// # Errors
    /// A link of this name exists (EEXIST); this kernel has no links of this kind (EOPNOTSUPP).
    ///
    /// # Example
    /// ```rhai
    /// dummy_add("d0", #{ up: true });
    /// addr_add("d0", "10.0.0.1/24");
    /// show(link_get("d0").kind);
    /// ```
    #[rhai_fn(return_raw)]
    pub fn dummy_add(ctx: NativeCallContext, name: &str, options: Map) -> RhaiResultOf<()> {
        verb(&ctx, |lab| make(lab, options, Making::of(name, "dummy")))
    }

    /// Makes an intermediate block: where tc sends what comes in, to be queued and shaped there.
    ///
    /// Equivalent to: `ip link add NAME type ifb`
    ///
    /// Search words: `imq`, `ingress`, `mirred`, `shaping`
    ///
    /// # Options
    /// - {any link}
    ///
    /// # Errors
    /// A link of this name exists (EEXIST); this kernel has no links of this kind (EOPNOTSUPP).
    ///
    /// # Example
    /// ```rhai
    /// ifb_add("ifb0", #{ up: true });
    /// show(link_get("ifb0").state);
    /// ```
    #[rhai_fn(return_raw)]
    pub fn ifb_add(ctx: NativeCallContext, name: &str, options: Map) -> RhaiResultOf<()> {
        verb(&ctx, |lab| make(lab, options, Making::of(name, "ifb")))
    }

    /// Makes a bond: several links as one, which are its ports.
    ///
    /// Equivalent to: `ip link add NAME type bond`
    ///
    /// Search words: `bonding`, `lacp`, `802.3ad`, `aggregation`, `failover`, `teaming`, `trunk`, `ifenslave`
    ///
    /// # Options
    /// - {settings of bond}
    /// - {any link}
    ///
    /// # Errors
    /// A link of this name exists (EEXIST); settings that contradict each other; this kernel has no links of this kind
    /// (EOPNOTSUPP).
    ///
    /// # Example
    /// ```rhai
    /// bond_add("bond0", #{ mode: "active-backup", miimon: "100ms" });
    /// veth_add("a", "apeer");
    /// link_set("a", #{ master: "bond0", up: true });
    /// link_up("bond0");
    /// show(link_get("bond0").settings.mode);
    /// ```
    #[rhai_fn(return_raw)]
    pub fn bond_add(ctx: NativeCallContext, name: &str, options: Map) -> RhaiResultOf<()> {
        verb(&ctx, |lab| make(lab, options, Making::of(name, "bond")))
    }

    /// Makes a VRF: a routing domain, whose ports look into its own table.
    ///
    /// Equivalent to: `ip link add NAME type vrf table TABLE`
    ///
    /// Search words: `vrf-lite`, `routing`, `l3mdev`, `namespace`
    ///
    /// # Options
    /// - {settings of vrf}
    /// - {any link}
    ///
    /// # Errors
    /// A link of this name exists (EEXIST); a table that is no number above 0; this kernel has no links of this kind
    /// (EOPNOTSUPP).
    ///
    /// # Example
    /// ```rhai
    /// vrf_add("blue", 10, #{ up: true });
    /// veth_add("a", "apeer");
    /// link_set("a", #{ master: "blue" });
    /// show(link_get("blue").settings.table);
    /// ```
    #[rhai_fn(return_raw)]
    pub fn vrf_add(
        ctx: NativeCallContext,
        name: &str,
        table: i64,
        options: Map,
    ) -> RhaiResultOf<()> {
        verb(&ctx, |lab| {
            make(lab, options, Making::of(name, "vrf").with("table", table)?)
        })
    }
}

/// What is to be made.
pub(super) struct Making<'a> {
    name: &'a str,
    kind: &'a str,
    parent: Option<String>,
    given: Vec<(&'static Row, Setting)>,
}

impl<'a> Making<'a> {
    /// A link of this name and kind.
    pub(super) fn of(name: &'a str, kind: &'a str) -> Self {
        Making {
            name,
            kind,
            parent: None,
            given: Vec::new(),
        }
    }

    /// A link that has another below it.
    pub(super) fn on(parent: &str, name: &'a str, kind: &'a str) -> Self {
        let parent = Some(parent.into());
        Making {
            parent,
            ..Making::of(name, kind)
        }
    }

    /// A setting that is a parameter of the verb.
    pub(super) fn with(mut self, key: &str, number: i64) -> Outcome<Self> {
        if let Some(row) = kind::options(self.kind).iter().find(|row| row.key == key) {
            self.given.push((row, settings::parameter(row, number)?));
        }
        Ok(self)
    }
}

/// The index of a link: 0 is none, and the kernel has no larger ones.
struct Index(u32);

impl OptionValue for Index {
    fn read(value: &Dynamic) -> Result<Self, Fault> {
        const LARGEST: u32 = i32::MAX as u32;
        let number = i64::read(value)?;
        let index = u32::try_from(number).ok();
        index
            .filter(|index| (1..=LARGEST).contains(index))
            .map(Index)
            .ok_or_else(|| Fault::Value(format!("{number} is not between 1 and {LARGEST}")))
    }
}

/// A name that is to become a link's; a name that no link can have is refused here, with words.
pub(super) fn link_name(name: &str, argument: &str) -> Outcome<String> {
    match name_fault(name) {
        None => Ok(name.to_string()),
        Some(fault) => Err(
            Failure::new(format!("no link can be called {name:?}: {fault}"))
                .about(name)
                .blame(argument)
                .hint("1 to 15 bytes, with no slash, colon, percent sign or space"),
        ),
    }
}

/// Reads the options and makes the link.
pub(super) fn make(lab: &Lab, options: Map, making: Making<'_>) -> Outcome<()> {
    make_with(lab, Options::new(options), making)
}

fn make_with(lab: &Lab, mut options: Options, making: Making<'_>) -> Outcome<()> {
    let mut own = kind::find(making.kind)
        .map(Kind::of_new)
        .unwrap_or_default();
    for (row, setting) in making.given {
        own.set(row.key, setting);
    }
    settings::take(&mut options, kind::options(making.kind), &mut own)?;
    let add = LinkAdd {
        name: link_name(making.name, "name")?,
        kind: making.kind.into(),
        settings: own,
        parent: making.parent,
        mtu: options.take::<Mtu>("mtu")?.map(|mtu| mtu.0),
        mac: options.take("mac")?,
        master: options.take("master")?,
        netns: options.take::<NetnsName>("netns")?.map(|name| name.0),
        txqueuelen: options.take("txqueuelen")?,
        numtxqueues: options.take("numtxqueues")?,
        numrxqueues: options.take("numrxqueues")?,
        group: options.take("group")?,
        index: options.take::<Index>("index")?.map(|index| index.0),
        up: options.flag("up")?,
    };
    let alias: Option<String> = options.take("alias")?;
    options.finish()?;
    lab.apply_together(&steps(lab, add, alias)?)
}

/// What makes a link: the link, and what can't be said when it is made.
fn steps(lab: &Lab, mut add: LinkAdd, alias: Option<String>) -> Outcome<Vec<(Rc<Netns>, Change)>> {
    let mut after = LinkSet {
        link: add.name.clone(),
        alias,
        ..LinkSet::default()
    };
    let there = netns_of(lab, &add.netns, "netns")?;
    let needs_what_is_here = add.parent.is_some() || add.settings.links().next().is_some();
    let at = if add.netns.is_some() && needs_what_is_here {
        // The kernel looks for the master where the link is to be.
        after.master = add.master.take().map(Some);
        lab.current()
    } else {
        // Made from where it is to be, it can be deleted from there, should a later step fail.
        add.netns = None;
        there.clone()
    };
    let mut steps = vec![(at, Change::from(add))];
    if !after.is_empty() {
        steps.push((there, after.into()));
    }
    Ok(steps)
}

/// The namespace of this name, which an option gave; without one the current.
pub(super) fn netns_of(lab: &Lab, netns: &Option<String>, argument: &str) -> Outcome<Rc<Netns>> {
    match netns {
        None => Ok(lab.current()),
        Some(name) => ask(lab, &format!("use netns {name}"), || lab.netns(name))
            .map_err(|failure| failure.blame(argument)),
    }
}
