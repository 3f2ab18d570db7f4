//! Verbs about links.

use std::rc::Rc;

use rhai::plugin::*;
use rhai::{Array, Dynamic, Map};

use crate::kernel::change::Change;
use crate::kernel::link::{self, LinkAdd, LinkDel};
use crate::kernel::link_set::LinkSet;
use crate::kernel::veth::VethAdd;
use crate::lab::Lab;
use crate::lab::explain::ask;
use crate::lab::failure::{Failure, Outcome};
use crate::lab::links::NamedLink;
use crate::lab::netns::Netns;

use super::addr::addr_map;
use super::call::{RhaiResultOf, verb};
use super::options::{Mtu, NetnsName, Options};
use super::value::{array, counter, map, maybe};

/// The verbs.
#[export_module]
pub mod api {
    /// Makes a pair of veth links: what is sent into one end comes out of the other.
    ///
    /// Equivalent to: `ip link add NAME type veth peer name PEER`
    ///
    /// Search words: `cable`, `wire`, `pair`, `ethernet`, `patch`, `connect`, `virtual ethernet`
    ///
    /// # Options
    /// - `peer_netns` (netns; `peer netns`): the namespace in which the other end is made
    /// - `netns` (netns): the namespace in which the first end is made
    /// - `mtu` (int, bytes): the largest payload, of both ends
    /// - `mac` (mac; `address`): hardware address of the first end; the kernel chooses one otherwise
    /// - `peer_mac` (mac; `peer address`): hardware address of the other end
    /// - `up` (bool): bring both ends up
    ///
    /// # Errors
    /// A link of either name exists (EEXIST); a name that no link can have; no such namespace.
    ///
    /// # Example
    /// ```rhai
    /// veth_add("veth0", "veth0peer", #{ mtu: 1400, up: true });
    /// show(link_get("veth0").mtu);
    /// ```
    #[rhai_fn(return_raw)]
    pub fn veth_add(
        ctx: NativeCallContext,
        name: &str,
        peer: &str,
        options: Map,
    ) -> RhaiResultOf<()> {
        verb(&ctx, |lab| {
            let mut options = Options::new(options);
            let netns = options.take::<NetnsName>("netns")?.map(|name| name.0);
            let peer_netns = options.take::<NetnsName>("peer_netns")?.map(|name| name.0);
            let veth = VethAdd {
                name: link_name(name, "name")?,
                peer: link_name(peer, "peer")?,
                netns,
                peer_netns,
                mtu: options.take::<Mtu>("mtu")?.map(|mtu| mtu.0),
                mac: options.take("mac")?,
                peer_mac: options.take("peer_mac")?,
            };
            let up = options.flag("up")?;
            options.finish()?;
            lab.apply_together(&pair_steps(lab, veth, up)?)
        })
    }

    /// Makes a link of any kind that needs no settings of its own, such as a dummy or a bridge.
    ///
    /// Equivalent to: `ip link add NAME type KIND`
    ///
    /// Search words: `bridge`, `brctl`, `brctl addbr`, `switch`, `dummy`, `bond`, `ifb`, `interface`, `device`, `create`,
    /// `new`
    ///
    /// # Options
    /// - `mtu` (int, bytes): the largest payload
    /// - `mac` (mac; `address`): the hardware address; the kernel chooses one otherwise
    /// - `up` (bool): bring it up
    ///
    /// # Errors
    /// A link of this name exists (EEXIST); this kernel has no driver for the kind (EOPNOTSUPP).
    ///
    /// # Example
    /// ```rhai
    /// link_add("br0", "bridge", #{ up: true });
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
            let mut options = Options::new(options);
            if kind.is_empty() {
                return Err(Failure::new("the kind of the link is empty").blame("kind"));
            }
            if kind == "veth" {
                let words = "a veth is made with its other end";
                let hint = format!("write veth_add({name:?}, \"{name}peer\")");
                return Err(Failure::new(words).blame("kind").hint(hint));
            }
            let add = LinkAdd {
                name: link_name(name, "name")?,
                kind: kind.into(),
                mtu: options.take::<Mtu>("mtu")?.map(|mtu| mtu.0),
                mac: options.take("mac")?,
            };
            let up = options.flag("up")?;
            options.finish()?;
            let mut steps = vec![(lab.current(), Change::from(add))];
            if up {
                steps.push((lab.current(), LinkSet::up(name, true).into()));
            }
            lab.apply_together(&steps)
        })
    }

    /// Brings a link up.
    ///
    /// Equivalent to: `ip link set LINK up`
    ///
    /// Search words: `ifup`, `ifconfig up`, `enable`, `activate`, `start`
    ///
    /// # Errors
    /// No such link (ENODEV).
    ///
    /// # Example
    /// ```rhai
    /// veth_add("veth0", "veth0peer");
    /// link_up("veth0");
    /// show(link_get("veth0").state);
    /// ```
    #[rhai_fn(return_raw)]
    pub fn link_up(ctx: NativeCallContext, link: &str) -> RhaiResultOf<()> {
        verb(&ctx, |lab| lab.apply(LinkSet::up(link, true)))
    }

    /// Brings a link down. Its IPv6 addresses and its routes go.
    ///
    /// Equivalent to: `ip link set LINK down`
    ///
    /// Search words: `ifdown`, `ifconfig down`, `disable`, `deactivate`, `unplug`
    ///
    /// # Errors
    /// No such link (ENODEV).
    ///
    /// # Example
    /// ```rhai
    /// link_down("lo");
    /// show(link_get("lo").state);
    /// ```
    #[rhai_fn(return_raw)]
    pub fn link_down(ctx: NativeCallContext, link: &str) -> RhaiResultOf<()> {
        verb(&ctx, |lab| lab.apply(LinkSet::up(link, false)))
    }

    /// Deletes a link. A veth takes its other end with it.
    ///
    /// Equivalent to: `ip link del LINK`
    ///
    /// Search words: `remove`, `delete`, `destroy`, `brctl delbr`
    ///
    /// # Errors
    /// No such link (ENODEV); a link that can't be deleted, such as lo (EOPNOTSUPP).
    ///
    /// # Example
    /// ```rhai
    /// veth_add("veth0", "veth0peer");
    /// link_del("veth0");
    /// show(link_exists("veth0peer"));
    /// ```
    #[rhai_fn(return_raw)]
    pub fn link_del(ctx: NativeCallContext, link: &str) -> RhaiResultOf<()> {
        verb(&ctx, |lab| lab.apply(LinkDel { name: link.into() }))
    }

    /// Sets properties of a link. Either all of them are set or none.
    ///
    /// With `netns` the link moves first, and the other properties are set where it arrives.
    ///
    /// Equivalent to: `ip link set LINK ...`
    ///
    /// Search words: `rename`, `hardware address`, `mtu`, `brctl addif`, `brctl delif`, `enslave`, `port`, `promiscuous`,
    /// `move`, `alias`, `ifconfig`, `ethtool`
    ///
    /// # Options
    /// - `up` (bool): up or down
    /// - `mtu` (int, bytes): the largest payload
    /// - `mac` (mac; `address`): the hardware address
    /// - `name` (string): a new name; the link has to be down
    /// - `master` (link): the bridge, bond or vrf to become a port of
    /// - `nomaster` (bool): leave the master
    /// - `netns` (netns): the namespace to move to; `"home"` is the one that netsh works in
    /// - `promisc` (bool): take in every frame, whoever it is for
    /// - `txqueuelen` (int, packets): length of the transmit queue
    /// - `alias` (string): free text kept with the link; empty takes it away
    ///
    /// # Errors
    /// No such link, master (ENODEV) or namespace (ENOENT); a value that the link can't take.
    ///
    /// # Example
    /// ```rhai
    /// veth_add("veth0", "veth0peer");
    /// link_set("veth0", #{ mtu: 9000, alias: "to the peer", up: true });
    /// let link = link_get("veth0");
    /// show([link.mtu, link.alias, link.state]);
    /// ```
    #[rhai_fn(return_raw)]
    pub fn link_set(ctx: NativeCallContext, link: &str, options: Map) -> RhaiResultOf<()> {
        verb(&ctx, |lab| {
            let mut options = Options::new(options);
            let master = options.take::<String>("master")?;
            let nomaster = options.flag("nomaster")?;
            if master.is_some() && nomaster {
                let both = "master and nomaster contradict each other";
                return Err(Failure::new(both).about(link).blame("nomaster"));
            }
            let new_name = options.take::<String>("name")?;
            let set = LinkSet {
                link: link.into(),
                up: options.take("up")?,
                mtu: options.take::<Mtu>("mtu")?.map(|mtu| mtu.0),
                mac: options.take("mac")?,
                name: new_name.map(|name| link_name(&name, "name")).transpose()?,
                master: master.map(Some).or(nomaster.then_some(None)),
                netns: None,
                promisc: options.take("promisc")?,
                txqueuelen: options.take("txqueuelen")?,
                alias: options.take("alias")?,
            };
            let netns = options.take::<NetnsName>("netns")?.map(|name| name.0);
            options.finish()?;
            move_and_set(lab, set, netns)
        })
    }

    /// Gives one link of the current namespace.
    ///
    /// Equivalent to: `ip -j -d -s addr show dev LINK`, `ip link show dev LINK`
    ///
    /// Search words: `statistics`, `counters`, `carrier`, `interface`, `ethtool`, `ifconfig`
    ///
    /// # Returns
    /// A map like those of `link_list`.
    ///
    /// # Errors
    /// No such link (ENODEV).
    ///
    /// # Example
    /// ```rhai
    /// show(link_get("lo").mtu);
    /// ```
    #[rhai_fn(return_raw)]
    pub fn link_get(ctx: NativeCallContext, link: &str) -> RhaiResultOf<Map> {
        verb(&ctx, |lab| {
            let words = format!("look at link {link}");
            let found = ask(lab, &words, || lab.link(link));
            Ok(link_map(found.map_err(|failure| failure.blame("link"))?))
        })
    }

    /// Lists the links of the current namespace with their addresses.
    ///
    /// Equivalent to: `ip link`, `ip -j -d -s addr`
    ///
    /// Search words: `ifconfig`, `ifconfig -a`, `interfaces`, `statistics`, `counters`, `brctl show`, `bridge link`,
    /// `netstat -i`, `ip link`, `status`
    ///
    /// # Returns
    /// An array of maps:
    /// `name`, `index`; `kind` (the driver's, or the hardware's: loopback, ether); `state` ("up" or "down", as it was set);
    /// `operstate` (what came of it: up, down, lowerlayerdown, unknown ...); `carrier` (bool); `mtu` (bytes); `mac`;
    /// `master`; `peer` (the other end of a pair) or `parent` (the link below); `peer_netns` (its namespace if it is
    /// another one that netsh knows); `flags` (as `ip` calls them); `promisc` (bool); `qdisc`; `txqueuelen` (packets);
    /// `alias`; `addresses` (see `addr_list`); `statistics` (rx_packets, rx_bytes, rx_errors, rx_dropped, tx_packets,
    /// tx_bytes, tx_errors, tx_dropped, multicast, collisions). What a link does not have is `()`.
    ///
    /// # Example
    /// ```rhai
    /// for link in link_list() {
    ///     print(`${link.name} is ${link.state}`);
    /// }
    /// ```
    #[rhai_fn(return_raw)]
    pub fn link_list(ctx: NativeCallContext) -> RhaiResultOf<Array> {
        verb(&ctx, |lab| {
            let links = ask(lab, "list the links", || lab.links())?;
            Ok(array(links.into_iter().map(link_map)))
        })
    }

    /// Tells whether the current namespace has a link of this name.
    ///
    /// Equivalent to: `ip link show dev LINK >/dev/null`
    ///
    /// Search words: `present`, `there`
    ///
    /// # Returns
    /// true or false.
    ///
    /// # Example
    /// ```rhai
    /// show(link_exists("lo"));
    /// ```
    #[rhai_fn(return_raw)]
    pub fn link_exists(ctx: NativeCallContext, link: &str) -> RhaiResultOf<bool> {
        verb(&ctx, |lab| {
            ask(lab, &format!("look for link {link}"), || lab.has_link(link))
        })
    }
}

/// A name that is to become a link's; a name that no link can have is refused here, with words.
fn link_name(name: &str, argument: &str) -> Outcome<String> {
    match link::name_fault(name) {
        None => Ok(name.to_string()),
        Some(fault) => Err(
            Failure::new(format!("no link can be called {name:?}: {fault}"))
                .about(name)
                .blame(argument)
                .hint("1 to 15 bytes, with no slash, colon, percent sign or space"),
        ),
    }
}

/// What makes a pair: the pair, and where it is wanted each end brought up.
fn pair_steps(lab: &Lab, mut veth: VethAdd, up: bool) -> Outcome<Vec<(Rc<Netns>, Change)>> {
    let mut ups = Vec::new();
    if up {
        let near = side(lab, &veth.netns, "netns")?;
        let far = side(lab, &veth.peer_netns, "peer_netns")?;
        ups.push((near, LinkSet::up(&veth.name, true).into()));
        ups.push((far, LinkSet::up(&veth.peer, true).into()));
    }
    let mut at = lab.current();
    if veth.netns.is_some() && veth.peer_netns.is_some() {
        // Made from where one end is to be, it can be deleted from there, should a later step fail.
        at = side(lab, &veth.netns, "netns")?;
        veth.netns = None;
    }
    let mut steps = vec![(at, Change::from(veth))];
    steps.extend(ups);
    Ok(steps)
}

fn side(lab: &Lab, netns: &Option<String>, argument: &str) -> Outcome<Rc<Netns>> {
    match netns {
        None => Ok(lab.current()),
        Some(name) => ask(lab, &format!("use netns {name}"), || lab.netns(name))
            .map_err(|failure| failure.blame(argument)),
    }
}

fn move_and_set(lab: &Lab, set: LinkSet, netns: Option<String>) -> Outcome<()> {
    let Some(netns) = netns else {
        return lab.apply(set);
    };
    let target = side(lab, &Some(netns.clone()), "netns")?;
    lab.apply(LinkSet {
        link: set.link.clone(),
        netns: Some(netns),
        ..LinkSet::default()
    })?;
    if set.is_empty() {
        return Ok(());
    }
    let link = set.link.clone();
    let there = lab.within(&target, || lab.apply(set));
    there
        .unwrap_or_else(|error| Err(lab.explain_question("enter the namespace", &error)))
        .map_err(|mut failure| {
            failure.message +=
                &format!("; {link} has moved to netns {} all the same", target.name());
            failure
        })
}

fn link_map(named: NamedLink) -> Map {
    let NamedLink {
        link,
        master,
        lower,
        lower_netns,
    } = named;
    let is_pair = matches!(link.kind.as_str(), "veth" | "netkit" | "vxcan");
    let (peer, parent) = if is_pair {
        (lower, None)
    } else {
        (None, lower)
    };
    let addresses = link.addresses.iter().map(|addr| addr_map(&link.name, addr));
    map([
        ("addresses", array(addresses).into()),
        ("alias", maybe(link.alias)),
        ("carrier", link.carrier.into()),
        ("flags", array(link.flags.iter().copied()).into()),
        ("index", i64::from(link.index).into()),
        ("kind", link.kind.into()),
        ("mac", maybe(link.mac.map(|mac| mac.to_string()))),
        ("master", maybe(master)),
        ("mtu", i64::from(link.mtu).into()),
        ("operstate", link.operstate.into()),
        ("parent", maybe(parent)),
        ("peer", maybe(peer)),
        ("peer_netns", maybe(lower_netns)),
        ("promisc", (link.promiscuity > 0).into()),
        ("qdisc", link.qdisc.into()),
        ("state", if link.up { "up" } else { "down" }.into()),
        ("statistics", maybe(link.statistics.map(statistics_map))),
        ("txqueuelen", i64::from(link.txqueuelen).into()),
        ("name", link.name.into()),
    ])
}

fn statistics_map(statistics: netlink_packet_route::link::Stats64) -> Dynamic {
    map([
        ("collisions", counter(statistics.collisions)),
        ("multicast", counter(statistics.multicast)),
        ("rx_bytes", counter(statistics.rx_bytes)),
        ("rx_dropped", counter(statistics.rx_dropped)),
        ("rx_errors", counter(statistics.rx_errors)),
        ("rx_packets", counter(statistics.rx_packets)),
        ("tx_bytes", counter(statistics.tx_bytes)),
        ("tx_dropped", counter(statistics.tx_dropped)),
        ("tx_errors", counter(statistics.tx_errors)),
        ("tx_packets", counter(statistics.tx_packets)),
    ])
    .into()
}
