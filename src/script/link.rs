//! Verbs about links.

use std::rc::Rc;

use rhai::plugin::*;
use rhai::{Array, Map};

use crate::kernel::change::Change;
use crate::kernel::kind;
use crate::kernel::link::LinkDel;
use crate::kernel::link_properties::PROPERTIES;
use crate::kernel::link_set::{KindSettings, LinkSet};
use crate::kernel::options::{Row, Settings};
use crate::kernel::veth::VethAdd;
use crate::lab::Lab;
use crate::lab::explain::ask;
use crate::lab::failure::{Failure, Outcome};
use crate::lab::netns::Netns;

use super::call::{RhaiResultOf, verb};
use super::link_add::{link_name, netns_of};
use super::link_values::{LinkMaps, link_map};
use super::options::{Fault, Mtu, NetnsName, OptionValue, Options};
use super::settings;
use super::value::array_of_maps;

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
    /// - `txqueuelen` (int, packets): the length of the transmit queue, of both ends
    /// - `master` (link): the bridge, bond or vrf of which the first end becomes a port
    /// - `peer_master` (link): the bridge, bond or vrf of which the other end becomes a port, in its namespace
    /// - `mac` (mac; `address`): hardware address of the first end; the kernel chooses one otherwise
    /// - `peer_mac` (mac; `peer address`): hardware address of the other end
    /// - `up` (bool): bring both ends up
    ///
    /// # Errors
    /// A link of either name exists (EEXIST); a name that no link can have; no such namespace; no such master (ENODEV).
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
                txqueuelen: options.take("txqueuelen")?,
                mac: options.take("mac")?,
                peer_mac: options.take("peer_mac")?,
            };
            let masters = [options.take("master")?, options.take("peer_master")?];
            let up = options.flag("up")?;
            options.finish()?;
            let peer_has_master = masters[1].is_some();
            let steps = pair_steps(lab, veth, masters, up)?;
            lab.apply_together(&steps).map_err(|failure| {
                let is_the_peers = peer_has_master && failure.step + 1 == steps.len();
                match failure.argument == "master" && is_the_peers {
                    true => failure.blame("peer_master"),
                    false => failure,
                }
            })
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
    /// Equivalent to: `ip link del LINK`, `ip tuntap del dev LINK mode tun`, `ip tuntap del dev LINK mode tap`
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
    /// The settings of its kind can be set too, by the keys that the verb has which makes such a link: `vlan_filtering` of a
    /// bridge, `mode` of a bond. So can those of a port by its master: `state` and `cost` of a port of a bridge. A key that both
    /// have (`learning` of a VXLAN that is a port of a bridge) stands in `settings` or `port`, as `link_get` gives it.
    ///
    /// With `netns` the link moves first, and the other properties are set where it arrives.
    ///
    /// Equivalent to: `ip link set LINK ...`, `ip link set LINK type bridge_slave ...`, `bridge link set dev LINK ...`
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
    /// - `group` (int): the number of the group that it belongs to
    /// - {properties of a link}
    /// - `settings` (map): settings of its kind
    /// - `port` (map): settings of it as a port
    /// - {ports of bridge}
    /// - {ports of bond}
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
            let mut set = LinkSet {
                link: link.into(),
                up: options.take("up")?,
                mtu: options.take::<Mtu>("mtu")?.map(|mtu| mtu.0),
                mac: options.take("mac")?,
                name: new_name.map(|name| link_name(&name, "name")).transpose()?,
                master: master.map(Some).or(nomaster.then_some(None)),
                netns: None,
                promisc: options.take("promisc")?,
                txqueuelen: options.take("txqueuelen")?,
                alias: options.take::<Alias>("alias")?.map(|alias| alias.0),
                group: options.take("group")?,
                properties: Settings::of(PROPERTIES),
                own: None,
                port: None,
            };
            let netns = options.take::<NetnsName>("netns")?.map(|name| name.0);
            take_properties(lab, &mut options, &mut set)?;
            (set.own, set.port) = kind_settings(lab, &set, &mut options)?;
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
    /// `alias`; `group` (a number); `altnames` (array, its other names); `properties` (a map of what few set, by the options of
    /// `link_set`: `protodown`, `addrgenmode`, `broadcast`, `gso_max_size`, `gso_max_segs`, `gro_max_size`); `settings` (a map of
    /// what its kind has, by the options of the verb that makes such a link,
    /// times in seconds); `port` (a map of what it has as a port of a bridge or bond, by the options of `link_set`);
    /// `addresses` (see `addr_list`); `statistics` (rx_packets, rx_bytes, rx_errors, rx_dropped, tx_packets,
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
            let mut maps = LinkMaps::default();
            Ok(array_of_maps(links.into_iter().map(|link| maps.one(link))))
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

/// What makes a pair: the pair, and what each end is to be where it was made: a port, up.
fn pair_steps(
    lab: &Lab,
    mut veth: VethAdd,
    masters: [Option<String>; 2],
    up: bool,
) -> Outcome<Vec<(Rc<Netns>, Change)>> {
    let ends = [
        (&veth.name, &veth.netns, "netns"),
        (&veth.peer, &veth.peer_netns, "peer_netns"),
    ];
    let mut after = Vec::new();
    for ((link, netns, argument), master) in ends.into_iter().zip(masters) {
        let set = LinkSet {
            link: link.clone(),
            master: master.map(Some),
            up: up.then_some(true),
            ..LinkSet::default()
        };
        if !set.is_empty() {
            after.push((netns_of(lab, netns, argument)?, set.into()));
        }
    }
    let mut at = lab.current();
    if veth.netns.is_some() && veth.peer_netns.is_some() {
        // Made from where one end is to be, it can be deleted from there, should a later step fail.
        at = netns_of(lab, &veth.netns, "netns")?;
        veth.netns = None;
    }
    let mut steps = vec![(at, Change::from(veth))];
    steps.extend(after);
    Ok(steps)
}

/// Takes the properties out of the options. A VXLAN and others have settings by the same words, which count there.
fn take_properties(lab: &Lab, options: &mut Options, set: &mut LinkSet) -> Outcome<()> {
    let is_given = |row: &&Row| options.has(row.key);
    let given: Vec<&Row> = PROPERTIES.iter().filter(is_given).collect();
    let own_kind = match given.is_empty() {
        true => String::new(),
        false => lab
            .kinds_of(&set.link, None)
            .map(|(kind, _)| kind)
            .unwrap_or_default(),
    };
    for row in PROPERTIES {
        let own = kind::options(&own_kind).iter();
        if own.clone().any(|own| own.key == row.key) {
            continue;
        }
        settings::take(options, std::slice::from_ref(row), &mut set.properties)?;
    }
    Ok(())
}

/// Takes the settings of the link's kind, and those of it as a port, out of the options.
fn kind_settings(
    lab: &Lab,
    set: &LinkSet,
    options: &mut Options,
) -> Outcome<(Option<KindSettings>, Option<KindSettings>)> {
    let (own_kind, port_kind) = match options.has_more() {
        true => {
            let words = format!("set properties of {}", set.link);
            let master = set.master.as_ref().and_then(Option::as_deref);
            let kinds = ask(lab, &words, || lab.kinds_of(&set.link, master));
            kinds.map_err(|failure| {
                let argument = if failure.object == set.link {
                    "link"
                } else {
                    "master"
                };
                failure.blame(argument)
            })?
        }
        false => Default::default(),
    };
    let port_kind = port_kind.unwrap_or_default();
    let mut own = Settings::of(kind::options(&own_kind));
    let mut port = Settings::of(kind::port_options(&port_kind));
    take_map(options, "settings", kind::options(&own_kind), &mut own)?;
    take_map(options, "port", kind::port_options(&port_kind), &mut port)?;
    for of in ["bridge", "bond"] {
        for row in kind::port_options(of)
            .iter()
            .filter(|row| row.is_an_option())
        {
            let is_own = kind::options(&own_kind)
                .iter()
                .any(|own| own.key == row.key);
            if !options.has(row.key) || is_own && port_kind != of {
                options.know(row.key);
                continue;
            }
            if is_own || port_kind != of {
                return Err(no_port_option(set, row.key, of, is_own));
            }
            if port.given().iter().any(|(known, _)| known.key == row.key) {
                return Err(twice(set, row.key, "port"));
            }
            settings::take(options, std::slice::from_ref(row), &mut port)?;
        }
    }
    let named = kind::options(&own_kind).iter().map(|row| row.key);
    let mut named = named.filter(|key| options.has(key));
    if let Some(key) = named.find(|key| own.given().iter().any(|(known, _)| known.key == *key)) {
        return Err(twice(set, key, "settings"));
    }
    settings::take(options, kind::options(&own_kind), &mut own)?;
    let whole = |kind: &str, settings: Settings| {
        let kind = kind::find(kind).filter(|_| !settings.is_empty())?.name;
        Some(KindSettings { kind, settings })
    };
    Ok((whole(&own_kind, own), whole(&port_kind, port)))
}

fn take_map(
    options: &mut Options,
    key: &'static str,
    rows: &'static [Row],
    settings: &mut Settings,
) -> Outcome<()> {
    let Some(value) = options.take_value(key) else {
        return Ok(());
    };
    let Some(map) = value.clone().try_cast::<Map>() else {
        return Err(Fault::Type("a map").into_failure(key, &value));
    };
    let mut options = Options::new(map);
    settings::take(&mut options, rows, settings)?;
    options.finish()
}

/// Free text that is kept with a link.
struct Alias(String);

impl OptionValue for Alias {
    fn read(value: &Dynamic) -> Result<Self, Fault> {
        /// IFALIASZ of linux/if.h, less the NUL at the end.
        const LONGEST: usize = 255;
        let text = String::read(value)?;
        match text.len() {
            _ if text.contains('\0') => Err(Fault::Value("it has a NUL character in it".into())),
            length if length > LONGEST => Err(Fault::Value(format!(
                "it has {length} bytes, and the kernel keeps {LONGEST}"
            ))),
            _ => Ok(Alias(text)),
        }
    }
}

fn twice(set: &LinkSet, key: &str, map: &str) -> Box<Failure> {
    let words = format!("{key} stands there twice: by itself, and in {map}");
    Failure::new(words).about(set.link.as_str()).blame(key)
}

/// Why an option of ports can't be set: the link is no such port, or its kind has an option of the same name.
fn no_port_option(set: &LinkSet, key: &str, of: &str, is_own: bool) -> Box<Failure> {
    let link = &set.link;
    let (words, hint) = if is_own {
        (
            format!("{key} can be meant of {link} itself and of it as a port of a {of}"),
            format!("write settings: #{{ {key}: ... }} or port: #{{ {key}: ... }}"),
        )
    } else {
        (
            format!("{key} is a property of ports of a {of}, and {link} is none"),
            format!("make it one: link_set({link:?}, #{{ master: \"...\" }})"),
        )
    };
    Failure::new(format!("cannot set {key} of {link}: {words}"))
        .about(link.as_str())
        .blame(key)
        .hint(hint)
}

/// Sets the properties, in another namespace if it is to go there.
fn move_and_set(lab: &Lab, set: LinkSet, netns: Option<String>) -> Outcome<()> {
    match netns {
        None => lab.set_link(set),
        Some(name) => {
            let target = netns_of(lab, &Some(name.clone()), "netns")?;
            lab.move_link(set, &target, name)
        }
    }
}
