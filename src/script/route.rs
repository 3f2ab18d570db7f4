//! Verbs about routes.

use std::net::IpAddr;

use rhai::plugin::*;
use rhai::{Array, Dynamic, Map};

use crate::kernel::route_change::{Mode, RouteAdd, RouteDel, RouteFlush};
use crate::kernel::route_filter::Filter;
use crate::kernel::route_names::{PROTOCOLS, TYPES, table};
use crate::kernel::route_question::Question;
use crate::kernel::users;
use crate::lab::explain::ask;
use crate::lab::failure::{Failure, Outcome};

use super::call::{RhaiResultOf, verb};
use super::options::{Fault, OptionValue, Options};
use super::route_options::{
    Family, Table, numbered, port, read_meant, read_route, read_routes, read_selector, router,
};
use super::route_values::{RouteMaps, answer_map};
use super::rule::{Protocol, number, text_of};

/// The verbs.
#[export_module]
pub mod api {
    /// Adds a route: by which router and link a network is reached.
    ///
    /// The destination is a network ("10.0.0.0/8", "fd00::/16"), one host ("10.0.0.1"), or "default". A machine sends on what is
    /// for others only if it forwards: `sysctl_set("net.ipv4.ip_forward", 1)`, `sysctl_set("net.ipv6.conf.all.forwarding", 1)`.
    ///
    /// Equivalent to: `ip route add DESTINATION`
    ///
    /// Search words: `gateway`, `default gateway`, `router`, `ecmp`, `multipath`, `blackhole`, `next hop`,
    /// `forwarding`
    ///
    /// # Options
    /// - `via` (address): the router, which has to be on a link of this machine; of the other family with its name before it:
    ///   "inet6 fe80::1"
    /// - `dev` (link): the link
    /// - `src` (address): the address that this machine speaks from
    /// - `metric` (int): of several routes the one with the lowest is taken
    /// - `table` (table): its name or number; "main" unless given
    /// - `type` (word): "unicast", or "blackhole", "unreachable", "prohibit", "throw", "local", "broadcast", "anycast",
    ///   "multicast"
    /// - `scope` (word): how far it reaches: "global", "site", "link", "host"; the usual one for its type unless given (IPv4)
    /// - `protocol` (word; `proto`): who made it: "boot" unless given, "static", "kernel", "ra", "dhcp", "bird", "bgp" ..., or a
    ///   number
    /// - `tos` (int): only for packets of this type of service (IPv4)
    /// - `onlink` (bool): the router is on the link, though no address says so
    /// - `nexthops` (array): several ways in turn: maps with `via`, `dev`, `weight` (1 to 256) and `onlink`
    /// - `from` (address): only for packets from this network (IPv6)
    /// - `pref` (word): what the router is worth (IPv6): "low", "medium", "high"
    /// - `expires` (duration): how long it stays (IPv6)
    /// - `family` (word): "inet" or "inet6", for a default route that says it by nothing else
    /// - `realms` (string): the realms that it belongs to (IPv4): "5", or where from and where to: "3/5"
    /// - `mtu` (int, bytes): the largest packet
    /// - `advmss` (int, bytes): the largest segment that TCP asks for
    /// - `window` (int, bytes): the largest window that TCP offers
    /// - `rtt` (duration): the first guess of TCP's round trip
    /// - `rttvar` (duration): and of how much it varies
    /// - `rto_min` (duration): the least that TCP waits before it sends again
    /// - `ssthresh` (int, segments): where TCP's slow start ends
    /// - `cwnd` (int, segments): the largest congestion window, if locked
    /// - `initcwnd` (int, segments): the first congestion window
    /// - `initrwnd` (int, segments): the first window that is offered
    /// - `reordering` (int, segments): how much packets may overtake each other
    /// - `hoplimit` (int): the time to live of what is sent
    /// - `quickack` (int): 1: acknowledge at once
    /// - `congctl` (string): the congestion control
    /// - `features` (word): "ecn": ask for explicit congestion notification
    /// - `fastopen_no_cookie` (int): 1: TCP fast open without a cookie
    /// - `lock` (array): names of these that the kernel must not change by itself, such as ["mtu"]
    ///
    /// # Errors
    /// There is such a route (EEXIST); a router that no link reaches (ENETUNREACH, EHOSTUNREACH); a link that is not there
    /// (ENODEV) or down (ENETDOWN); `src` is not this machine's (EINVAL); an unknown table; host bits in the destination.
    ///
    /// # Example
    /// ```rhai
    /// veth_add("veth0", "veth0peer", #{ up: true });
    /// addr_add("veth0", "192.168.4.2/24");
    /// route_add("10.0.0.0/8", #{ via: "192.168.4.3", mtu: 1400 });
    /// route_add("10.9.0.0/16", #{ type: "blackhole" });
    /// show(route_get("10.1.2.3").via);
    /// ```
    #[rhai_fn(return_raw)]
    pub fn route_add(ctx: NativeCallContext, destination: &str, options: Map) -> RhaiResultOf<()> {
        make(&ctx, destination, options, Mode::Add)
    }

    /// Adds routes to several networks, of which the same is said: sent together, many times faster than one after the other.
    ///
    /// Either all of them are made or none: where one is refused, those that were made before it are removed again.
    ///
    /// Search words: `ip -batch`, `many routes`, `bulk`, `routing table`
    ///
    /// # Options
    /// - `via` (address): the router
    /// - `dev` (link): the link
    /// - `src` (address): the address that this machine speaks from
    /// - `metric` (int): of several routes the one with the lowest is taken
    /// - `table` (table): its name or number; "main" unless given
    /// - `type` (word): "unicast", "blackhole", "unreachable", "prohibit", "throw", "local", "broadcast", "anycast", "multicast"
    /// - `scope` (word): "global", "site", "link", "host" (IPv4)
    /// - `protocol` (word; `proto`): "boot" unless given, "static", "kernel" ..., or a number
    /// - `tos` (int): only for packets of this type of service (IPv4)
    /// - `onlink` (bool): the router is on the link, though no address says so
    /// - `nexthops` (array): several ways in turn: maps with `via`, `dev`, `weight` and `onlink`
    /// - `from` (address): only for packets from this network (IPv6)
    /// - `pref` (word): what the router is worth (IPv6): "low", "medium", "high"
    /// - `expires` (duration): how long it stays (IPv6)
    /// - `family` (word): "inet" or "inet6", for a default route that says it by nothing else
    /// - `realms` (string): the realms that it belongs to (IPv4): "5", or where from and where to: "3/5"
    /// - `mtu` (int, bytes): the largest packet
    /// - `advmss` (int, bytes): as in `route_add`, and so are the rest
    /// - `window` (int, bytes): see `route_add`
    /// - `rtt` (duration): see `route_add`
    /// - `rttvar` (duration): see `route_add`
    /// - `rto_min` (duration): see `route_add`
    /// - `ssthresh` (int, segments): see `route_add`
    /// - `cwnd` (int, segments): see `route_add`
    /// - `initcwnd` (int, segments): see `route_add`
    /// - `initrwnd` (int, segments): see `route_add`
    /// - `reordering` (int, segments): see `route_add`
    /// - `hoplimit` (int): see `route_add`
    /// - `quickack` (int): see `route_add`
    /// - `congctl` (string): see `route_add`
    /// - `features` (word): "ecn"
    /// - `fastopen_no_cookie` (int): see `route_add`
    /// - `lock` (array): see `route_add`
    ///
    /// # Errors
    /// Those of `route_add`, about the first network that is refused.
    ///
    /// # Example
    /// ```rhai
    /// veth_add("veth0", "veth0peer", #{ up: true });
    /// addr_add("veth0", "192.168.4.2/24");
    /// route_add(["10.1.0.0/16", "10.2.0.0/16", "10.3.0.0/16"], #{ via: "192.168.4.3" });
    /// show(route_list(#{ via: "192.168.4.3" }).len());
    /// ```
    #[rhai_fn(name = "route_add", return_raw)]
    pub fn route_add_all(
        ctx: NativeCallContext,
        destinations: Array,
        options: Map,
    ) -> RhaiResultOf<()> {
        verb(&ctx, |lab| {
            let routes = read_routes(&destinations, Options::new(options));
            let made = routes.and_then(|routes| lab.add_routes(&routes));
            made.map_err(|failure| match failure.argument.as_str() {
                "destination" => failure.blame("destinations"),
                _ => failure,
            })
        })
    }

    /// Sets a route: the one with the same destination, table and metric is replaced, and made if there is none.
    ///
    /// Equivalent to: `ip route replace DESTINATION`
    ///
    /// Search words: `change`, `gateway`, `default gateway`
    ///
    /// # Options
    /// - `via` (address): the router
    /// - `dev` (link): the link
    /// - `src` (address): the address that this machine speaks from
    /// - `metric` (int): of several routes the one with the lowest is taken
    /// - `table` (table): its name or number; "main" unless given
    /// - `type` (word): "unicast", "blackhole", "unreachable", "prohibit", "throw", "local", "broadcast", "anycast", "multicast"
    /// - `scope` (word): "global", "site", "link", "host" (IPv4)
    /// - `protocol` (word; `proto`): "boot" unless given, "static", "kernel" ..., or a number
    /// - `tos` (int): only for packets of this type of service (IPv4)
    /// - `onlink` (bool): the router is on the link, though no address says so
    /// - `nexthops` (array): several ways in turn: maps with `via`, `dev`, `weight` and `onlink`
    /// - `from` (address): only for packets from this network (IPv6)
    /// - `pref` (word): what the router is worth (IPv6): "low", "medium", "high"
    /// - `expires` (duration): how long it stays (IPv6)
    /// - `family` (word): "inet" or "inet6", for a default route that says it by nothing else
    /// - `realms` (string): the realms that it belongs to (IPv4): "5", or where from and where to: "3/5"
    /// - `mtu` (int, bytes): the largest packet
    /// - `advmss` (int, bytes): as in `route_add`, and so are the rest
    /// - `window` (int, bytes): see `route_add`
    /// - `rtt` (duration): see `route_add`
    /// - `rttvar` (duration): see `route_add`
    /// - `rto_min` (duration): see `route_add`
    /// - `ssthresh` (int, segments): see `route_add`
    /// - `cwnd` (int, segments): see `route_add`
    /// - `initcwnd` (int, segments): see `route_add`
    /// - `initrwnd` (int, segments): see `route_add`
    /// - `reordering` (int, segments): see `route_add`
    /// - `hoplimit` (int): see `route_add`
    /// - `quickack` (int): see `route_add`
    /// - `congctl` (string): see `route_add`
    /// - `features` (word): "ecn"
    /// - `fastopen_no_cookie` (int): see `route_add`
    /// - `lock` (array): see `route_add`
    ///
    /// # Errors
    /// Those of `route_add`, but for EEXIST.
    ///
    /// # Example
    /// ```rhai
    /// route_replace("10.0.0.0/8", #{ type: "unreachable" });
    /// route_replace("10.0.0.0/8", #{ type: "blackhole" });
    /// show(route_list(#{ type: "blackhole" }).len());
    /// ```
    #[rhai_fn(return_raw)]
    pub fn route_replace(
        ctx: NativeCallContext,
        destination: &str,
        options: Map,
    ) -> RhaiResultOf<()> {
        make(&ctx, destination, options, Mode::Replace)
    }

    /// Changes a route: the one with the same destination, table and metric, which has to be there.
    ///
    /// Equivalent to: `ip route change DESTINATION`
    ///
    /// Search words: `gateway`, `default gateway`, `modify`
    ///
    /// # Options
    /// Those of `route_replace`.
    ///
    /// # Errors
    /// There is no such route (ENOENT); those of `route_add`, but for EEXIST.
    ///
    /// # Example
    /// ```rhai
    /// route_add("10.0.0.0/8", #{ type: "unreachable" });
    /// route_change("10.0.0.0/8", #{ type: "blackhole" });
    /// show(route_list().map(|route| route.type));
    /// ```
    #[rhai_fn(return_raw)]
    pub fn route_change(
        ctx: NativeCallContext,
        destination: &str,
        options: Map,
    ) -> RhaiResultOf<()> {
        make(&ctx, destination, options, Mode::Change)
    }

    /// Adds a route behind those with the same destination, table and metric.
    ///
    /// Of IPv4 the first of them is taken, and the next when that one has gone. Of IPv6 those by a router become ways of one route,
    /// which are taken in turn.
    ///
    /// Equivalent to: `ip route append DESTINATION`
    ///
    /// Search words: `gateway`, `ecmp`, `multipath`, `second`, `fallback`
    ///
    /// # Options
    /// Those of `route_replace`.
    ///
    /// # Errors
    /// There is a route that says just the same (EEXIST); the other errors of `route_add`.
    ///
    /// # Example
    /// ```rhai
    /// veth_add("veth0", "veth0peer", #{ up: true });
    /// addr_add("veth0", "192.168.4.2/24");
    /// route_add("10.0.0.0/8", #{ via: "192.168.4.3" });
    /// route_append("10.0.0.0/8", #{ via: "192.168.4.4" });
    /// show(route_list(#{ exact: "10.0.0.0/8" }).map(|route| route.via));
    /// ```
    #[rhai_fn(return_raw)]
    pub fn route_append(
        ctx: NativeCallContext,
        destination: &str,
        options: Map,
    ) -> RhaiResultOf<()> {
        make(&ctx, destination, options, Mode::Append)
    }

    /// Deletes a route: the first that has all that is said of it.
    ///
    /// Equivalent to: `ip route del DESTINATION`
    ///
    /// Search words: `remove`, `delete`
    ///
    /// # Options
    /// - `via` (address): only by this router
    /// - `dev` (link): only by this link
    /// - `src` (address): only with this address to speak from
    /// - `metric` (int): only with this metric
    /// - `table` (table): in this table, by its name or number; "main" unless given
    /// - `type` (word): only of this type: "unicast", "blackhole", "unreachable", "prohibit", "throw", "local", "broadcast"
    /// - `scope` (word): only with this scope: "global", "site", "link", "host" (IPv4)
    /// - `protocol` (word; `proto`): only of this maker: "boot", "static", "kernel" ...
    /// - `tos` (int): for this type of service (IPv4)
    /// - `nexthops` (array): only with these ways
    /// - `family` (word): "inet" or "inet6", for a default route that says it by nothing else
    ///
    /// # Errors
    /// No such route (ESRCH); no such link (ENODEV); an unknown table.
    ///
    /// # Example
    /// ```rhai
    /// route_add("10.9.0.0/16", #{ type: "blackhole" });
    /// route_del("10.9.0.0/16");
    /// show(route_list().len());
    /// ```
    #[rhai_fn(return_raw)]
    pub fn route_del(ctx: NativeCallContext, destination: &str, options: Map) -> RhaiResultOf<()> {
        verb(&ctx, |lab| {
            let route = read_selector(destination, Options::new(options))?;
            lab.apply(RouteDel { route })
        })
    }

    /// Lists the routes of a table, of IPv4 and IPv6.
    ///
    /// Equivalent to: `ip route`, `ip -6 route`, `route -n`, `netstat -rn`
    ///
    /// Search words: `routing table`, `gateway`, `netstat -r`, `ip r`, `default`, `fib`
    ///
    /// # Options
    /// - `table` (table): its name or number, or "all"; "main" unless given
    /// - `dev` (link): only those by this link
    /// - `family` (word): only those of "inet" or of "inet6"
    /// - `type` (word): only "unicast", "blackhole", "unreachable", "prohibit", "throw", "local", "broadcast", "anycast" or
    ///   "multicast"
    /// - `protocol` (word; `proto`): only those made by "kernel", "boot", "static", "ra" ...
    /// - `scope` (word): only those of scope "global", "site", "link", "host"
    /// - `via` (address): only those by this router
    /// - `exact` (address): only those to exactly this network; "default" is that of IPv4 unless `family` says otherwise
    /// - `root` (address): only those to this network and to parts of it; "default" is all
    /// - `matches` (address; `match`): only those that lead to this network or host: to it or to a network that it is in
    ///
    /// # Returns
    /// An array of maps: `destination` (a network, a host, or "default"); `family` ("inet" or "inet6"); `via` (the router);
    /// `dev` (the link); `src`; `metric` (int); `type`; `table` (its name, or its number in digits); `protocol`; `scope`; `tos`
    /// (int); `nexthops` (array of maps: `via`, `dev`, `weight`, `flags`; of a route with several ways, whose own `via` and
    /// `dev` are `()`); `flags` (onlink, linkdown, dead ...); `metrics` (a map of those that are set: mtu, advmss, rtt in seconds
    /// ...); `pref` (IPv6); `expires` (seconds); `from` (IPv6); `realms` ("to", or "from/to"); `nhid` (int, the nexthop object whose
    /// ways these are). What a route does not have is `()`.
    ///
    /// # Errors
    /// No such link (ENODEV); an unknown table.
    ///
    /// # Example
    /// ```rhai
    /// route_add("10.9.0.0/16", #{ type: "blackhole", table: 100 });
    /// show(route_list(#{ table: 100 }));
    /// ```
    #[rhai_fn(return_raw)]
    pub fn route_list(ctx: NativeCallContext, options: Map) -> RhaiResultOf<Array> {
        verb(&ctx, |lab| {
            let mut options = Options::new(options);
            let choice = options.take::<Table>("table")?;
            let dev = options.take::<String>("dev")?;
            let family = options.take::<Family>("family")?;
            let meant = read_meant(&mut options, family.as_ref())?;
            let filter = Filter {
                family: family.map_or(0, |family| family.0),
                table: choice.map_or(table::MAIN, |table| table.0),
                protocol: numbered(&mut options, "protocol", &PROTOCOLS)?.unwrap_or(0),
                kind: numbered(&mut options, "type", &TYPES)?.unwrap_or(0),
                link: None,
            };
            options.finish()?;
            let list = ask(lab, "list the routes", || {
                lab.routes(filter, dev.as_deref())
            });
            let mut list = list.map_err(|failure| failure.blame("dev"))?;
            list.objects.retain(|route| meant.takes(route));
            Ok(RouteMaps::of(&list.links).all(&list.objects))
        })
    }

    /// Asks which way a packet goes: the route, link, router and address that the kernel would choose.
    ///
    /// With `iif` it is a packet that came in by that link, and the answer says whether it is taken, forwarded or dropped.
    ///
    /// Equivalent to: `ip route get DESTINATION`
    ///
    /// Search words: `lookup`, `which way`, `path`, `fib`, `reverse path`, `rp_filter`, `martian`
    ///
    /// # Options
    /// - `from` (address): where it comes from
    /// - `iif` (link): the link by which it came in
    /// - `oif` (link): the link by which it is to leave
    /// - `mark` (string or int): its firewall mark: 1 or "0x1"
    /// - `uid` (int): whose packet it is
    /// - `tos` (int): its type of service
    /// - `ipproto` (string or int): what it carries: "tcp", "udp", "icmp", or a number
    /// - `sport` (int): its source port
    /// - `dport` (int): its destination port
    /// - `fibmatch` (bool): give the route itself, and not what follows from it for this packet
    ///
    /// # Returns
    /// A map: `destination`; `family` ("inet" or "inet6"); `via` (the router); `dev` (the link); `src` (the address that this
    /// machine speaks from); `type` (local: for this machine); `table`; `metric` (int); `protocol`; `scope`; `tos` (int);
    /// `nexthops`, `flags`, `metrics`, `pref`, `expires`, `realms`, `nhid` (as in route_list); `from`; `iif` (the link that it came in by); `mark`
    /// (int); `uid` (int). What there is not is `()`.
    ///
    /// # Errors
    /// No such user; no route leads there (ENETUNREACH); a route refuses it (EHOSTUNREACH, EACCES, EINVAL). Of a packet that came in: it is not
    /// forwarded (EHOSTUNREACH), its source can't be (EINVAL), or the answer would take another way (EXDEV).
    ///
    /// # Example
    /// ```rhai
    /// let way = route_get("127.0.0.5");
    /// show([way.dev, way.type, way.src]);
    /// ```
    #[rhai_fn(return_raw)]
    pub fn route_get(ctx: NativeCallContext, destination: &str, options: Map) -> RhaiResultOf<Map> {
        verb(&ctx, |lab| {
            let mut options = Options::new(options);
            let question = Question {
                from: options.take::<IpAddr>("from")?,
                iif: options.take("iif")?,
                oif: options.take("oif")?,
                mark: options.take::<PacketMark>("mark")?.map(|mark| mark.0),
                uid: user(&mut options, "uid")?,
                tos: options.take("tos")?.unwrap_or(0),
                protocol: options
                    .take::<Protocol>("ipproto")?
                    .map(|protocol| protocol.0),
                sport: port(&mut options, "sport")?,
                dport: port(&mut options, "dport")?,
                fibmatch: options.flag("fibmatch")?,
                to: router(destination, "destination")?,
            };
            options.finish()?;
            let (route, names) = lab.route_to(&question)?;
            Ok(answer_map(&route, &names.links))
        })
    }

    /// Deletes all routes of a table that have all that is said of them, of IPv4 and IPv6.
    ///
    /// Equivalent to: `ip route flush`, `ip -6 route flush`
    ///
    /// Search words: `remove`, `clear`, `delete all`, `empty`
    ///
    /// # Options
    /// - `table` (table): its name or number, or "all"; "main" unless given
    /// - `dev` (link): only those by this link
    /// - `via` (address): only those by this router
    /// - `exact` (address): only those to exactly this network; "default" is that of IPv4 unless `family` says otherwise
    /// - `root` (address): only those to this network and to parts of it; "default" is all
    /// - `matches` (address; `match`): only those that lead to this network or host, or "default"
    /// - `scope` (word): only those that reach so far: "global", "link", "host"
    /// - `family` (word): only those of "inet" or of "inet6"
    /// - `type` (word): only "unicast", "blackhole", "unreachable", "prohibit", "throw", "local", "broadcast"
    /// - `protocol` (word; `proto`): only those made by "kernel", "boot", "static" ...
    ///
    /// # Errors
    /// No such link (ENODEV); an unknown table.
    ///
    /// # Example
    /// ```rhai
    /// for n in 0..3 { route_add(`10.${n}.0.0/16`, #{ type: "blackhole", table: 100 }); }
    /// route_flush(#{ table: 100 });
    /// show(route_list(#{ table: 100 }).len());
    /// ```
    #[rhai_fn(return_raw)]
    pub fn route_flush(ctx: NativeCallContext, options: Map) -> RhaiResultOf<()> {
        verb(&ctx, |lab| {
            let mut options = Options::new(options);
            let family = options.take::<Family>("family")?;
            let chosen = options.take::<Table>("table")?;
            let flush = RouteFlush {
                is_ipv4: true,
                table: chosen.map_or(table::MAIN, |table| table.0),
                kind: numbered(&mut options, "type", &TYPES)?.unwrap_or(0),
                protocol: numbered(&mut options, "protocol", &PROTOCOLS)?.unwrap_or(0),
                link: options.take("dev")?,
                meant: read_meant(&mut options, family.as_ref())?,
            };
            options.finish()?;
            let of_networks = flush.meant.is_ipv4();
            for is_ipv4 in [true, false] {
                let of_family = family.as_ref().map(Family::is_ipv4);
                let is_meant = [of_family, of_networks]
                    .iter()
                    .all(|one| one.is_none_or(|one| one == is_ipv4));
                if is_meant {
                    lab.apply(RouteFlush {
                        is_ipv4,
                        ..flush.clone()
                    })?;
                }
            }
            Ok(())
        })
    }
}

fn make(ctx: &NativeCallContext, destination: &str, options: Map, mode: Mode) -> RhaiResultOf<()> {
    verb(ctx, |lab| {
        let route = read_route(destination, Options::new(options))?;
        lab.apply(RouteAdd { route, mode })
    })
}

/// A user whose packet is asked about: for the kernel another one is nobody, and the answer would be that of nobody's.
fn user(options: &mut Options, key: &'static str) -> Outcome<Option<u32>> {
    let uid = options.take::<u32>(key)?;
    match uid.filter(|uid| !users::is_there(*uid)) {
        None => Ok(uid),
        Some(uid) => {
            let reason = users::unknown();
            let words = format!("the user {uid}: {}", reason.words);
            Err(Failure::new(words)
                .about(uid.to_string())
                .blame(key)
                .hint(reason.hint))
        }
    }
}

/// The mark of a packet: all bits of it.
struct PacketMark(u32);

impl OptionValue for PacketMark {
    fn read(value: &Dynamic) -> Result<Self, Fault> {
        let text = text_of(value)?;
        let wrong = || Fault::Value(format!("{text:?} is no mark such as 1 or \"0x1\""));
        number(&text).map(PacketMark).ok_or_else(wrong)
    }
}
