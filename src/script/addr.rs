//! Verbs about the addresses of links.

use std::net::{IpAddr, Ipv4Addr};
use std::time::Duration;

use rhai::plugin::*;
use rhai::{Array, Dynamic, ImmutableString, Map};

use crate::kernel::addr::{Addr, AddrAdd, AddrDel, AddrFlush, SWITCHES, Scope};
use crate::kernel::cidr::Cidr;
use crate::lab::explain::ask;
use crate::lab::failure::{Failure, Outcome};

use super::call::{RhaiResultOf, verb};
use super::options::{Fault, OptionValue, Options};
use super::rows::{Rows, Words, text};
use super::value::{array, array_of_maps, maybe};

/// The verbs.
#[export_module]
pub mod api {
    /// Adds an address to a link.
    ///
    /// An IPv6 address is usable at once: it is added without duplicate address detection, unless `dad` is true.
    ///
    /// Equivalent to: `ip addr add CIDR dev LINK`
    ///
    /// Search words: `ip address`, `ifconfig`, `cidr`, `assign`, `alias`, `ipv4`, `ipv6`, `configure`
    ///
    /// # Options
    /// - `peer` (address): the other end of a point-to-point link; the prefix is then the peer's
    /// - `broadcast` (address): the broadcast address (IPv4); `"+"` is the network's last address
    /// - `label` (string): the label (IPv4): the link's name, or it and a colon and more
    /// - `scope` (word): "global", "site", "link" or "host"; the default is host for 127.0.0.0/8 and global otherwise
    /// - `dad` (bool): run duplicate address detection (IPv6)
    /// - `metric` (int): metric of the route that comes with the address
    /// - `valid_lft` (duration or "forever"): how long it stays
    /// - `preferred_lft` (duration or "forever"): how long it is used for new connections
    /// - `noprefixroute` (bool): make no route to the network
    /// - `home` (bool): Mobile IPv6 home address
    /// - `mngtmpaddr` (bool): make temporary addresses from this one (IPv6)
    /// - `optimistic` (bool): use the address while its detection runs (IPv6)
    /// - `autojoin` (bool): join the multicast group (a multicast address)
    ///
    /// # Errors
    /// No such link (ENODEV); the link has the address (EEXIST); not a CIDR, or the host part is missing.
    ///
    /// # Example
    /// ```rhai
    /// veth_add("veth0", "veth0peer", #{ up: true });
    /// addr_add("veth0", "192.168.4.2/24");
    /// addr_add("veth0", "fd00::2/64");
    /// for addr in addr_list("veth0") {
    ///     if addr.scope == "global" { print(`${addr.address}/${addr.prefix}`); }
    /// }
    /// ```
    #[rhai_fn(return_raw)]
    pub fn addr_add(
        ctx: NativeCallContext,
        link: &str,
        cidr: &str,
        options: Map,
    ) -> RhaiResultOf<()> {
        verb(&ctx, |lab| {
            let local = host_address(cidr)?;
            let mut options = Options::new(options);
            check_family(local, &options)?;
            let mut switches = Vec::new();
            for switch in SWITCHES {
                if options.flag(switch)? {
                    switches.push(switch);
                }
            }
            let peer = options.take::<IpAddr>("peer")?;
            let broadcast = options.take::<Broadcast>("broadcast")?;
            let lifetime = |lifetime: Lifetime| lifetime.0;
            let add = AddrAdd {
                peer: peer.map(|peer| same_family(local, peer)).transpose()?,
                broadcast: broadcast
                    .map(|broadcast| broadcast.of(local))
                    .transpose()?
                    .flatten(),
                label: options.take("label")?,
                scope: options.take("scope")?,
                metric: options.take("metric")?,
                valid_lft: options.take("valid_lft")?.map(lifetime),
                preferred_lft: options.take("preferred_lft")?.map(lifetime),
                dad: options.flag("dad")?,
                switches,
                ..AddrAdd::new(link, local)
            };
            options.finish()?;
            lab.apply(add)
        })
    }

    /// Deletes an address from a link.
    ///
    /// Equivalent to: `ip addr del CIDR dev LINK`
    ///
    /// Search words: `remove`, `delete`, `unassign`
    ///
    /// # Options
    /// - `peer` (address): the other end, if the address was added with one
    ///
    /// # Errors
    /// No such link (ENODEV); the link has no such address (EADDRNOTAVAIL).
    ///
    /// # Example
    /// ```rhai
    /// addr_del("lo", "127.0.0.1/8");
    /// show(addr_list("lo").filter(|addr| addr.family == "inet"));
    /// ```
    #[rhai_fn(return_raw)]
    pub fn addr_del(
        ctx: NativeCallContext,
        link: &str,
        cidr: &str,
        options: Map,
    ) -> RhaiResultOf<()> {
        verb(&ctx, |lab| {
            let local = read_cidr(cidr)?;
            let mut options = Options::new(options);
            let peer = options.take::<IpAddr>("peer")?;
            options.finish()?;
            lab.apply(AddrDel {
                link: link.into(),
                local,
                peer: peer.map(|peer| same_family(local, peer)).transpose()?,
            })
        })
    }

    /// Lists the addresses of the current namespace.
    ///
    /// Equivalent to: `ip -j addr`
    ///
    /// Search words: `ifconfig`, `hostname -i`, `ip address`, `ipv4`, `ipv6`
    ///
    /// # Returns
    /// An array of maps: `link`; `address`; `prefix` (bits); `family` ("inet" or "inet6"); `scope`; `label`; `broadcast`;
    /// `peer`; `flags` (as `ip` calls them: permanent, tentative, nodad ...); `valid_lft` and `preferred_lft` (seconds; `()`
    /// is for ever).
    ///
    /// # Example
    /// ```rhai
    /// show(addr_list());
    /// ```
    #[rhai_fn(return_raw)]
    pub fn addr_list(ctx: NativeCallContext) -> RhaiResultOf<Array> {
        verb(&ctx, |lab| {
            let list = ask(lab, "list the addresses", || lab.addresses(None))?;
            Ok(addr_maps(list))
        })
    }

    /// Lists the addresses of one link.
    ///
    /// Equivalent to: `ip -j addr show dev LINK`
    ///
    /// Search words: `ifconfig`, `ip address`
    ///
    /// # Returns
    /// An array of maps like those of `addr_list()`.
    ///
    /// # Errors
    /// No such link (ENODEV).
    ///
    /// # Example
    /// ```rhai
    /// show(addr_list("lo"));
    /// ```
    #[rhai_fn(name = "addr_list", return_raw)]
    pub fn addr_list_of(ctx: NativeCallContext, link: &str) -> RhaiResultOf<Array> {
        verb(&ctx, |lab| {
            let words = format!("list the addresses of {link}");
            let list = ask(lab, &words, || lab.addresses(Some(link)));
            Ok(addr_maps(list.map_err(|failure| failure.blame("link"))?))
        })
    }

    /// Deletes all addresses of a link.
    ///
    /// Equivalent to: `ip addr flush dev LINK`
    ///
    /// Search words: `remove`, `clear`, `delete all`
    ///
    /// # Options
    /// - `family` (word): only those of "inet" or of "inet6"
    ///
    /// # Errors
    /// No such link (ENODEV).
    ///
    /// # Example
    /// ```rhai
    /// addr_flush("lo", #{ family: "inet" });
    /// show(addr_list("lo").len());
    /// ```
    #[rhai_fn(return_raw)]
    pub fn addr_flush(ctx: NativeCallContext, link: &str, options: Map) -> RhaiResultOf<()> {
        verb(&ctx, |lab| {
            let mut options = Options::new(options);
            let only_ipv4 = match options.take::<String>("family")?.as_deref() {
                None => None,
                Some("inet") => Some(true),
                Some("inet6") => Some(false),
                Some(other) => {
                    let words = format!("{other:?} is not a family of addresses");
                    let failure = Failure::new(words).about(link).blame("family");
                    return Err(failure.hint("the families are inet and inet6"));
                }
            };
            options.finish()?;
            lab.apply(AddrFlush {
                link: link.into(),
                only_ipv4,
            })
        })
    }
}

/// What the kernel takes for any address, and looks at for those of one family only.
fn check_family(local: Cidr, options: &Options) -> Outcome<()> {
    let (others, family, only): (&[&str], _, _) = match local.address.is_ipv4() {
        true => (&["home", "mngtmpaddr", "optimistic", "dad"], "IPv4", "IPv6"),
        false => (&["label"], "IPv6", "IPv4"),
    };
    match others.iter().find(|key| options.has(key)) {
        None => Ok(()),
        Some(key) => {
            let words = format!("{local} is {family}, and only {only} knows {key}");
            Err(Failure::new(words).about(local.to_string()).blame(*key))
        }
    }
}

fn read_cidr(text: &str) -> Outcome<Cidr> {
    text.parse()
        .map_err(|fault: crate::kernel::cidr::CidrFault| {
            Failure::new(fault.message)
                .about(text)
                .blame("cidr")
                .hint(fault.hint)
        })
}

/// A CIDR that names a host, not a network.
fn host_address(text: &str) -> Outcome<Cidr> {
    let cidr = read_cidr(text)?;
    if cidr.has_no_host_part() {
        let words = format!(
            "the host part of {text:?} is missing: it names a network, not an address in it"
        );
        return Err(Failure::new(words)
            .about(text)
            .blame("cidr")
            .hint(format!("the first host is {}", first_host(cidr))));
    }
    Ok(cidr)
}

fn first_host(network: Cidr) -> Cidr {
    let address = match network.address {
        IpAddr::V4(address) => IpAddr::from(Ipv4Addr::from_bits(address.to_bits() | 1)),
        IpAddr::V6(address) => std::net::Ipv6Addr::from_bits(address.to_bits() | 1).into(),
    };
    Cidr { address, ..network }
}

fn same_family(local: Cidr, peer: IpAddr) -> Outcome<IpAddr> {
    if local.address.is_ipv4() == peer.is_ipv4() {
        return Ok(peer);
    }
    let words = format!(
        "{} and its peer {peer} are of different families",
        local.address
    );
    Err(Failure::new(words).blame("peer"))
}

/// A broadcast address, or the word for the usual one.
enum Broadcast {
    Usual,
    Given(Ipv4Addr),
}

impl OptionValue for Broadcast {
    fn read(value: &Dynamic) -> Result<Self, Fault> {
        match String::read(value)?.as_str() {
            "+" => Ok(Broadcast::Usual),
            _ => Ipv4Addr::read(value).map(Broadcast::Given),
        }
    }
}

impl Broadcast {
    fn of(self, local: Cidr) -> Outcome<Option<Ipv4Addr>> {
        let IpAddr::V4(address) = local.address else {
            return Err(Failure::new("IPv6 has no broadcast").blame("broadcast"));
        };
        Ok(match self {
            Broadcast::Given(address) => Some(address),
            // A network of one or two addresses has none to spare (RFC 3021), as in `ip addr add ... brd +`.
            Broadcast::Usual if local.prefix > 30 => None,
            Broadcast::Usual => {
                let hosts = u32::MAX.checked_shr(u32::from(local.prefix)).unwrap_or(0);
                Some(Ipv4Addr::from_bits(address.to_bits() | hosts))
            }
        })
    }
}

/// A time in whole seconds, or for ever.
struct Lifetime(u32);

impl OptionValue for Lifetime {
    fn read(value: &Dynamic) -> Result<Self, Fault> {
        if value
            .clone()
            .into_string()
            .is_ok_and(|text| text == "forever")
        {
            return Ok(Lifetime(u32::MAX));
        }
        let seconds = Duration::read(value)?.as_secs();
        match u32::try_from(seconds) {
            Ok(seconds) if seconds > 0 => Ok(Lifetime(seconds)),
            _ => Err(Fault::Value("it has to be at least a second".into())),
        }
    }
}

impl OptionValue for Scope {
    fn read(value: &Dynamic) -> Result<Self, Fault> {
        let text = String::read(value)?;
        Scope::parse(&text).ok_or_else(|| {
            let names: Vec<&str> = Scope::names().collect();
            Fault::Value(format!("{text:?} is not one of {}", names.join(", ")))
        })
    }
}

fn addr_maps(list: Vec<(String, Addr)>) -> Array {
    let mut maps = AddrMaps::default();
    array_of_maps(list.iter().map(|(link, addr)| maps.one(link.into(), addr)))
}

/// Makes maps of addresses.
#[derive(Default)]
pub(super) struct AddrMaps {
    words: Words,
    addresses: Rows,
}

impl AddrMaps {
    /// An address of this link as scripts see it.
    pub(super) fn one(&mut self, link: ImmutableString, addr: &Addr) -> Map {
        let inet = addr.local.address.is_ipv4();
        let flags = array(addr.flags.iter().map(|flag| self.words.get(flag)));
        self.addresses.map([
            ("address", text(addr.local.address)),
            ("broadcast", maybe(addr.broadcast.map(text))),
            (
                "family",
                self.words.get(if inet { "inet" } else { "inet6" }),
            ),
            ("flags", flags.into()),
            ("label", maybe(addr.label.clone())),
            ("link", link.into()),
            ("peer", maybe(addr.peer.map(text))),
            ("preferred_lft", maybe(addr.preferred_lft.map(i64::from))),
            ("prefix", i64::from(addr.local.prefix).into()),
            ("scope", text(addr.scope)),
            ("valid_lft", maybe(addr.valid_lft.map(i64::from))),
        ])
    }
}
