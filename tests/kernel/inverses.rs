//! The inverse of each change brings back what was there before, as ip sees it; and several changes that belong together
//! leave nothing when one of them fails.

use std::time::{Duration, Instant};

use libtest_mimic::Failed;
use netsh::kernel::addr::{AddrAdd, AddrDel, AddrFlush, Scope};
use netsh::kernel::change::Change;
use netsh::kernel::fdb;
use netsh::kernel::fdb_change::{FdbAdd, FdbDel, How};
use netsh::kernel::kind;
use netsh::kernel::link::LinkDel;
use netsh::kernel::link_add::LinkAdd;
use netsh::kernel::link_altname::{AltnameAdd, AltnameDel};
use netsh::kernel::link_set::{KindSettings, LinkSet};
use netsh::kernel::mdb;
use netsh::kernel::mdb_change::{MdbAdd, MdbDel};
use netsh::kernel::ndmsg::ntf;
use netsh::kernel::neigh_change::{NeighAdd, NeighDel};
use netsh::kernel::netns::{self, Namespace};
use netsh::kernel::netns_change::{NetnsAdd, NetnsDel};
use netsh::kernel::options::{Row, Setting, Settings};
use netsh::kernel::port_state::PortState;
use netsh::kernel::route::{Hop, Route};
use netsh::kernel::route_change::{self, RouteAdd, RouteDel};
use netsh::kernel::rule::{self, Rule, RuleAdd, RuleDel};
use netsh::kernel::sysctl::{Key, SysctlSet};
use netsh::kernel::tuntap::{Mode, TuntapAdd, TuntapDel};
use netsh::kernel::veth::VethAdd;
use netsh::kernel::vni::{self, VniAdd, VniDel, Vnis};
use netsh::lab::Lab;
use nix::errno::Errno;

use crate::connection::pair;
use crate::support::{
    Known, Test, Verdict, ip, ip_answers, ip_json, known, lab, same, test_with_ip, test_with_tun,
    words,
};

/// The tests of this file.
pub fn tests() -> Vec<Test> {
    vec![
        test_with_ip("inverses: of new links", of_new_links),
        test_with_tun("inverses: of tun and tap devices", of_tun_and_tap),
        test_with_ip("inverses: of properties of a link", of_properties),
        test_with_ip("inverses: of altnames", of_altnames),
        test_with_ip("inverses: of settings of a kind", of_settings),
        test_with_ip("inverses: of addresses", of_addresses),
        test_with_ip("inverses: of routes", of_routes),
        test_with_ip("inverses: of rules and neighbours", of_rules_and_neighbours),
        test_with_ip("inverses: of what bridges know", of_what_bridges_know),
        test_with_ip("inverses: of groups of tunnels", of_groups_of_tunnels),
        test_with_ip("inverses: of states of ports", of_states_of_ports),
        test_with_ip(
            "inverses: of sysctls and namespaces",
            of_sysctls_and_namespaces,
        ),
        test_with_ip(
            "inverses: where there is no way back",
            where_there_is_no_way_back,
        ),
        test_with_ip("undo: all of several changes, or none", all_or_none),
        test_with_ip("undo: a half-done change of properties", a_half_done_change),
        test_with_ip("undo: what can't be undone is said", what_cannot_be_undone),
    ]
}

/// Everything that a change may touch, one object a line, whatever its order.
fn state() -> Result<Vec<String>, Failed> {
    let mut state = Vec::new();
    let questions = [
        // Links too.
        "addr",
        "route show table all",
        "rule",
        "neigh show nud permanent",
        "neigh show proxy",
    ];
    let mut answers: Vec<_> = questions
        .into_iter()
        .zip(ip_answers(&[], &questions)?)
        .collect();
    answers.push(("-6 rule", ip_json(&["-6", "rule"])?));
    for (what, objects) in answers {
        for object in objects {
            // Each of several addresses is an object of its own: deleted and added again it stands in another place.
            let addresses = object["addr_info"].as_array().cloned().unwrap_or_default();
            state.extend(
                addresses
                    .iter()
                    .map(|address| format!("{} {address}", object["ifname"])),
            );
            let mut bare = object.clone();
            if let Some(pairs) = bare.as_object_mut() {
                // A link gets its queueing discipline when it is up for the first time, and keeps
                // it; which kind of down it is called after depends on when the carrier's work queue ran.
                let passing = ["addr_info", "qdisc", "operstate"];
                pairs.retain(|key, _| !passing.contains(&key.as_str()));
                // What ip makes of operstate.
                if let Some(flags) = pairs
                    .get_mut("flags")
                    .and_then(|flags| flags.as_array_mut())
                {
                    flags.retain(|flag| flag != "NO-CARRIER");
                }
            }
            // A bridge's timers run, and its state changes by itself.
            for data in ["/linkinfo/info_data", "/linkinfo/info_slave_data"] {
                if let Some(pairs) = bare.pointer_mut(data).and_then(|data| data.as_object_mut()) {
                    let is_passing = |key: &str| {
                        key.ends_with("timer") || key.starts_with("topology") || key == "state"
                    };
                    pairs.retain(|key, _| !is_passing(key));
                }
            }
            state.push(format!("{what} {bare} {}", object["linkinfo"]["info_kind"]));
        }
    }
    for name in [
        "ipv4/ip_forward",
        "ipv4/ip_local_port_range",
        "ipv4/conf/lo/rp_filter",
    ] {
        let value = std::fs::read_to_string(format!("/proc/sys/net/{name}"))?;
        state.push(format!("{name} {value}"));
    }
    state.sort();
    Ok(state)
}

/// Whether each IPv6 address of a link that is up has its routes: they come by a work queue of the kernel.
fn is_settled() -> Result<bool, Failed> {
    let questions = ["addr show up", "route show table local"];
    let [links, routes] = &ip_answers(&["-6"], &questions)?[..] else {
        return Err("ip gave no two answers".into());
    };
    let has_route = |address: &serde_json::Value| {
        let is_tentative = address["tentative"] == true;
        is_tentative || routes.iter().any(|route| route["dst"] == address["local"])
    };
    let addresses = links.iter().filter_map(|link| link["addr_info"].as_array());
    Ok(addresses.flatten().all(has_route))
}

/// Makes the change by the lab, sees that it does something, undoes it by its inverse, and compares.
fn there_and_back(
    here: &Namespace,
    lab: &Lab,
    others: &[(&'static str, &Namespace)],
    change: Change,
) -> Verdict {
    let names = Known {
        here,
        others: others.to_vec(),
    };
    while !is_settled()? {}
    let before = state()?;
    let inverse = change.operation().inverse(&names).map_err(words)?;
    let inverse = inverse.ok_or(format!("no inverse of {change:?}"))?;
    lab.apply(change.clone())
        .map_err(|failure| failure.message)?;
    if state()? == before {
        return Err(format!("{change:?} does nothing that is seen").into());
    }
    lab.apply(inverse.clone())
        .map_err(|failure| failure.message)?;
    // The routes of an IPv6 address come by a work queue of the kernel.
    let patience = Instant::now() + Duration::from_secs(10);
    let mut after = state()?;
    while after != before && Instant::now() < patience {
        after = state()?;
    }
    if after == before {
        return Ok(());
    }
    let gone: Vec<_> = before.iter().filter(|line| !after.contains(line)).collect();
    let new: Vec<_> = after.iter().filter(|line| !before.contains(line)).collect();
    Err(
        format!("{change:?}\nand {inverse:?}\ndo not add up to nothing: {gone:#?} became {new:#?}")
            .into(),
    )
}

fn of_tun_and_tap(here: &Namespace) -> Verdict {
    let (lab, _) = lab()?;
    for mode in [Mode::Tun, Mode::Tap] {
        let add = TuntapAdd {
            name: "t0".into(),
            mode,
            pi: false,
            vnet_hdr: false,
            multi_queue: false,
            persistent: true,
            owner: None,
            group: None,
        };
        there_and_back(here, &lab, &[], add.into())?;
    }
    let names = Known {
        here,
        others: Vec::new(),
    };
    let del = Change::from(TuntapDel {
        name: "t0".into(),
        mode: Mode::Tun,
    });
    same(del.operation().inverse(&names).map_err(words)?, None)
}

fn addr(link: &str, cidr: &str) -> AddrAdd {
    AddrAdd::new(link, cidr.parse().expect("a CIDR"))
}

fn del(link: &str, cidr: &str, peer: Option<&str>) -> AddrDel {
    AddrDel {
        link: link.into(),
        local: cidr.parse().expect("a CIDR"),
        peer: peer.map(|peer| peer.parse().expect("an address")),
    }
}

fn set(link: &str) -> LinkSet {
    LinkSet {
        link: link.into(),
        ..LinkSet::default()
    }
}

fn run(commands: &[&str]) -> Verdict {
    for command in commands {
        ip(&command.split(' ').collect::<Vec<_>>())?;
    }
    Ok(())
}

fn of_new_links(here: &Namespace) -> Verdict {
    let (lab, _) = lab()?;
    let other = Namespace::create().map_err(words)?;
    other.mount("inverse-of-links").map_err(words)?;
    let others = [("inverse-of-links", &other)];
    let away = Some("inverse-of-links".to_string());
    let bridge = LinkAdd {
        name: "br0".into(),
        kind: "bridge".into(),
        mtu: Some(1400),
        mac: "02:00:00:00:00:01".parse().ok(),
        ..LinkAdd::default()
    };
    let changes: [Change; 4] = [
        pair("a", "b").into(),
        VethAdd {
            mtu: Some(1400),
            peer_netns: away.clone(),
            ..pair("a", "b")
        }
        .into(),
        VethAdd {
            netns: away,
            ..pair("a", "b")
        }
        .into(),
        bridge.into(),
    ];
    for change in changes {
        there_and_back(here, &lab, &others, change)?;
    }
    netns::unmount("inverse-of-links").map_err(words)
}

fn of_properties(here: &Namespace) -> Verdict {
    let (lab, _) = lab()?;
    // Without IPv6: its addresses go when the link goes down, and no one change brings them back.
    std::fs::write("/proc/sys/net/ipv6/conf/all/disable_ipv6", "1")?;
    run(&[
        "link add dev a type veth peer name b",
        // A bridge takes from its ports what it was not given; with a port and all else given it stays as it is.
        "link add dev br0 mtu 1500 address 02:00:00:00:00:b0 type bridge",
        "link add dev br1 mtu 1500 address 02:00:00:00:00:b1 type bridge",
        "link add dev p0 type veth peer name p1",
        "link set dev p0 master br0",
        "link set dev p1 master br1",
        "link set dev b master br0 alias before txqueuelen 77 mtu 1400",
        "link property add dev b altname another",
    ])?;
    let mac = "02:00:00:00:00:99".parse().ok();
    let changes = [
        LinkSet {
            up: Some(true),
            ..set("a")
        },
        LinkSet {
            mtu: Some(1300),
            ..set("b")
        },
        LinkSet { mac, ..set("b") },
        LinkSet {
            name: Some("renamed".into()),
            ..set("b")
        },
        LinkSet {
            name: Some("renamed".into()),
            ..set("another")
        },
        LinkSet {
            master: Some(None),
            ..set("b")
        },
        LinkSet {
            master: Some(Some("br1".into())),
            ..set("b")
        },
        LinkSet {
            master: Some(Some("br1".into())),
            ..set("a")
        },
        LinkSet {
            promisc: Some(true),
            ..set("a")
        },
        LinkSet {
            txqueuelen: Some(5),
            ..set("b")
        },
        LinkSet {
            alias: Some("other".into()),
            ..set("b")
        },
        LinkSet {
            alias: Some("first".into()),
            ..set("a")
        },
        LinkSet {
            alias: Some(String::new()),
            ..set("b")
        },
        LinkSet {
            up: Some(true),
            mtu: Some(1280),
            mac,
            name: Some("changed".into()),
            master: Some(Some("br1".into())),
            netns: None,
            promisc: Some(true),
            txqueuelen: Some(1),
            alias: Some("everything".into()),
            group: Some(7),
            ..set("b")
        },
    ];
    for change in changes {
        there_and_back(here, &lab, &[], change.into())?;
    }
    run(&["link set dev a up"])?;
    there_and_back(here, &lab, &[], LinkSet::up("a", false).into())
}

fn of_altnames(here: &Namespace) -> Verdict {
    let (lab, _) = lab()?;
    run(&[
        "link add dev a type veth peer name b",
        "link property add dev a altname another",
        "link property add dev b altname longer-than-any-first-name",
    ])?;
    for (link, name) in [
        ("a", "new"),
        ("another", "one-more-that-is-long"),
        ("longer-than-any-first-name", "new"),
    ] {
        let (link, name) = (link.into(), name.into());
        there_and_back(here, &lab, &[], AltnameAdd { link, name }.into())?;
    }
    // The name by which the link is called may be the one that goes.
    for (link, name) in [
        ("a", "another"),
        ("another", "another"),
        ("longer-than-any-first-name", "longer-than-any-first-name"),
    ] {
        let (link, name) = (link.into(), name.into());
        there_and_back(here, &lab, &[], AltnameDel { link, name }.into())?;
    }
    Ok(())
}

/// Settings as a script would give them.
fn settings(
    kind: &'static str,
    rows: &'static [Row],
    values: &[(&str, Setting)],
) -> Option<KindSettings> {
    let mut settings = Settings::of(rows);
    for (key, value) in values {
        settings.set(key, value.clone());
    }
    Some(KindSettings { kind, settings })
}

fn of_settings(here: &Namespace) -> Verdict {
    let (lab, _) = lab()?;
    run(&[
        "link add dev br0 type bridge ageing_time 6000",
        "link add dev a type veth peer name b",
        "link add dev p0 type veth peer name p1",
        "link set dev a master br0",
        "link set dev p0 master br0",
        "link add link b dev mv0 type macvlan mode vepa",
        "link add dev vx0 type vxlan id 5 remote 10.0.0.2 dstport 4789",
    ])?;
    let time = |seconds| Setting::Time(Duration::from_secs(seconds));
    let changes = [
        LinkSet {
            own: settings(
                "bridge",
                kind::options("bridge"),
                &[
                    ("ageing_time", time(7)),
                    ("stp", Setting::Switch(true)),
                    ("no_linklocal_learn", Setting::Switch(true)),
                    ("priority", Setting::Number(4096)),
                ],
            ),
            ..set("br0")
        },
        LinkSet {
            port: settings(
                "bridge",
                kind::port_options("bridge"),
                &[
                    ("cost", Setting::Number(9)),
                    ("isolated", Setting::Switch(true)),
                    ("backup_port", Setting::Text("p0".into())),
                ],
            ),
            mtu: Some(1400),
            ..set("a")
        },
        LinkSet {
            own: settings(
                "macvlan",
                kind::options("macvlan"),
                &[("mode", Setting::Word("bridge"))],
            ),
            ..set("mv0")
        },
        LinkSet {
            own: settings(
                "vxlan",
                kind::options("vxlan"),
                &[("ageing", time(9)), ("learning", Setting::Switch(false))],
            ),
            ..set("vx0")
        },
    ];
    for change in changes {
        there_and_back(here, &lab, &[], change.into())?;
    }
    Ok(())
}

fn of_addresses(here: &Namespace) -> Verdict {
    let (lab, _) = lab()?;
    run(&[
        "link add dev a type veth peer name b",
        "link set dev a addrgenmode none",
        "link set dev b addrgenmode none",
        "link set dev a up",
        "link set dev b up",
    ])?;
    // The carrier comes a moment after; routes tell of it.
    ip(&["link", "show", "dev", "a"])?;
    let changes = [
        addr("a", "10.0.0.1/24"),
        addr("a", "fd00::1/64"),
        AddrAdd {
            peer: "10.1.0.2".parse().ok(),
            ..addr("a", "10.1.0.1/32")
        },
        AddrAdd {
            peer: "fd01::2".parse().ok(),
            ..addr("a", "fd01::1/128")
        },
        AddrAdd {
            broadcast: "10.2.0.99".parse().ok(),
            label: Some("a:label".into()),
            scope: Scope::parse("link"),
            metric: Some(77),
            switches: vec!["noprefixroute"],
            ..addr("a", "10.2.0.1/24")
        },
        AddrAdd {
            metric: Some(300),
            switches: vec!["home"],
            ..addr("a", "fd02::1/64")
        },
    ];
    for add in changes {
        let remove = AddrDel {
            link: add.link.clone(),
            local: add.local,
            peer: add.peer,
        };
        there_and_back(here, &lab, &[], add.clone().into())?;
        // The other way round, the address comes back with all that it had.
        lab.apply(add).map_err(|failure| failure.message)?;
        there_and_back(here, &lab, &[], remove.into())?;
    }
    // A secondary address goes alone.
    run(&["addr add 10.9.0.1/24 dev a", "addr add 10.9.0.2/24 dev a"])?;
    there_and_back(here, &lab, &[], del("a", "10.9.0.2/24", None).into())
}

fn of_routes(here: &Namespace) -> Verdict {
    let (lab, _) = lab()?;
    std::fs::write("/proc/sys/net/ipv6/conf/default/accept_dad", "0")?;
    run(&[
        "link add dev a type veth peer name b",
        "link set dev a addrgenmode none up",
        "link set dev b addrgenmode none up",
        "addr add 10.0.0.1/24 dev a",
        "addr add fd00::1/64 dev a nodad",
        "route add 10.1.0.0/16 via 10.0.0.2 metric 5",
    ])?;
    let to = |text: &str| Route::<String>::to(text.parse().expect("a CIDR"));
    let by = |via: &str, link: Option<&str>| Hop::new(via.parse().ok(), link.map(str::to_owned));
    let routes = [
        Route {
            hops: vec![by("10.0.0.2", None)],
            protocol: 4,
            ..to("10.2.0.0/16")
        },
        Route {
            hops: vec![by("10.0.0.2", None), by("10.0.0.3", Some("a"))],
            metric: Some(7),
            table: 1000,
            ..to("10.3.0.0/16")
        },
        Route {
            hops: vec![by("fd00::2", Some("a"))],
            ..to("10.4.0.0/16")
        },
        Route {
            kind: 6,
            ..to("0.0.0.0/0")
        },
        Route {
            hops: vec![by("fd00::2", None)],
            preference: Some(1),
            ..to("::/0")
        },
        Route {
            hops: vec![by("fd00::2", None), by("fd00::3", None)],
            ..to("fd05::/16")
        },
        Route {
            kind: 7,
            metric: Some(9),
            ..to("fd06::/16")
        },
    ];
    for route in routes {
        for mode in [
            route_change::Mode::Add,
            route_change::Mode::Append,
            route_change::Mode::Replace,
        ] {
            let route = route.clone();
            there_and_back(here, &lab, &[], RouteAdd { route, mode }.into())?;
        }
        let add = RouteAdd {
            route: route.clone(),
            mode: route_change::Mode::Add,
        };
        lab.apply(add).map_err(|failure| failure.message)?;
        let mut del = RouteDel::to(route.destination);
        del.route.table = route.table;
        there_and_back(here, &lab, &[], del.into())?;
    }
    let other = Route {
        hops: vec![by("10.0.0.3", None)],
        metric: Some(5),
        ..to("10.1.0.0/16")
    };
    for mode in [
        route_change::Mode::Replace,
        route_change::Mode::Change,
        route_change::Mode::Append,
    ] {
        let route = other.clone();
        there_and_back(here, &lab, &[], RouteAdd { route, mode }.into())?;
    }
    let second = Route {
        hops: vec![by("fd00::9", None)],
        ..to("::/0")
    };
    let mode = route_change::Mode::Append;
    let append = RouteAdd {
        route: second.clone(),
        mode,
    };
    there_and_back(here, &lab, &[], append.into())?;
    // What takes the new one away would take the old one, for a deletion says nothing of where the machine speaks from.
    let twin = Route {
        source: "10.0.0.1".parse().ok(),
        metric: Some(5),
        hops: vec![by("10.0.0.2", None)],
        ..to("10.1.0.0/16")
    };
    let twin = Change::from(RouteAdd { route: twin, mode });
    let inverse = twin.operation().inverse(&known(here)).map_err(words)?;
    same(inverse, None)
}

fn of_rules_and_neighbours(here: &Namespace) -> Verdict {
    let (lab, _) = lab()?;
    run(&["link add dev a type veth peer name b", "link set dev a up"])?;
    let rules = [
        Rule {
            from: "10.0.0.0/8".parse().ok(),
            table: 100,
            action: rule::LOOKUP,
            ..Rule::default()
        },
        Rule {
            is_ipv6: true,
            priority: Some(7),
            not: true,
            iif: Some("a".into()),
            fwmark: Some(1),
            fwmask: Some(15),
            dport: Some((80, 89)),
            ipproto: Some(6),
            action: 8,
            ..Rule::default()
        },
    ];
    for rule in rules {
        let add = RuleAdd { rule: rule.clone() };
        there_and_back(here, &lab, &[], add.clone().into())?;
        lab.apply(add).map_err(|failure| failure.message)?;
        there_and_back(here, &lab, &[], RuleDel { rule }.into())?;
    }
    let mac = "02:00:00:00:00:09".parse().ok();
    let neighbours = [
        NeighAdd::new("a", "10.0.0.9".parse()?, mac),
        NeighAdd {
            router: true,
            ..NeighAdd::new("a", "fd00::9".parse()?, mac)
        },
        NeighAdd {
            proxy: true,
            ..NeighAdd::new("a", "10.0.0.8".parse()?, None)
        },
    ];
    for add in neighbours {
        there_and_back(here, &lab, &[], add.clone().into())?;
        let del = NeighDel {
            link: add.link.clone(),
            address: add.address,
            proxy: add.proxy,
        };
        lab.apply(add).map_err(|failure| failure.message)?;
        there_and_back(here, &lab, &[], del.into())?;
    }
    let replace = NeighAdd {
        replace: true,
        ..NeighAdd::new("a", "10.0.0.9".parse()?, "02:00:00:00:00:19".parse().ok())
    };
    there_and_back(here, &lab, &[], replace.into())
}

/// Compared by what netsh lists: what `bridge` says is compared with that in tests/suite/routes.rs.
fn of_what_bridges_know(here: &Namespace) -> Verdict {
    let (lab, _) = lab()?;
    run(&[
        "link add dev br0 type bridge",
        "link set dev br0 up",
        "link add dev a type veth peer name b",
        "link set dev a up master br0",
        "link set dev b up",
    ])?;
    let known = |here: &Namespace| -> Result<Vec<String>, Failed> {
        let entries = fdb::list(here, &fdb::Filter::default()).map_err(words)?;
        let of_test = |mac: &str| mac.starts_with("02:00");
        let entries = entries
            .iter()
            .map(|one| (one.mac.map(|mac| mac.to_string()), one.state, one.flags));
        let entries = entries.filter(|(mac, ..)| mac.as_deref().is_some_and(of_test));
        let groups = mdb::list(here).map_err(words)?;
        let groups = groups.iter().filter(|one| one.is_permanent);
        let groups = groups.map(|one| format!("{} {} {:?}", one.group, one.port, one.remote));
        let networks = vni::list(here).map_err(words)?;
        let networks = networks.iter().map(|one| format!("{one:?}"));
        let mut lines: Vec<String> = entries
            .map(|one| format!("{one:?}"))
            .chain(groups)
            .chain(networks)
            .collect();
        lines.sort();
        Ok(lines)
    };
    let entry = |flags: u8| fdb::Entry {
        mac: "02:00:00:00:00:05".parse().ok(),
        link: "a".to_string(),
        flags,
        state: fdb::STATES[0].0,
        ..fdb::Entry::default()
    };
    let group = mdb::Group::Ip("239.1.1.1".parse()?);
    let member = mdb::Member {
        is_permanent: true,
        ..mdb::Member::new("br0".to_string(), "a".to_string(), group)
    };
    let vnis = |first, last, group: Option<&str>| -> Result<Vnis<String>, Failed> {
        Ok(Vnis {
            link: "vx".to_string(),
            first,
            last,
            group: group.map(str::parse).transpose()?,
            counters: [0; 8],
        })
    };
    run(&["link add dev vx type vxlan external vnifilter dstport 4789"])?;
    let pairs: [(Change, Change); 4] = [
        (
            VniAdd {
                vnis: vnis(10, 19, Some("10.0.0.2"))?,
            }
            .into(),
            VniDel {
                vnis: vnis(10, 19, None)?,
            }
            .into(),
        ),
        (
            FdbAdd {
                entry: entry(ntf::MASTER),
                how: How::Add,
            }
            .into(),
            FdbDel {
                entry: entry(ntf::MASTER),
            }
            .into(),
        ),
        (
            FdbAdd {
                entry: entry(ntf::SELF),
                how: How::Add,
            }
            .into(),
            FdbDel {
                entry: entry(ntf::SELF),
            }
            .into(),
        ),
        (
            MdbAdd {
                member: member.clone(),
                replace: false,
            }
            .into(),
            MdbDel { member }.into(),
        ),
    ];
    let names = Known {
        here,
        others: Vec::new(),
    };
    for (add, del) in pairs {
        for change in [add.clone(), del] {
            let before = known(here)?;
            let inverse = change.operation().inverse(&names).map_err(words)?;
            let inverse = inverse.ok_or(format!("no inverse of {change:?}"))?;
            lab.apply(change.clone())
                .map_err(|failure| failure.message)?;
            same((&change, known(here)? == before), (&change, false))?;
            lab.apply(inverse).map_err(|failure| failure.message)?;
            same((&change, known(here)?), (&change, before))?;
            if change == add {
                lab.apply(change).map_err(|failure| failure.message)?;
            }
        }
    }
    Ok(())
}

/// A group of a tunnel that is deleted by its other end alone comes back with all that it had.
fn of_groups_of_tunnels(here: &Namespace) -> Verdict {
    let (lab, _) = lab()?;
    run(&[
        "link add dev under up type veth peer name other",
        "link add dev vx up type vxlan external vnifilter dstport 4789",
    ])?;
    let group = mdb::Group::Ip("239.1.1.1".parse()?);
    let named = mdb::Remote {
        dst: Some("10.0.0.2".parse()?),
        src_vni: Some(10),
        ..mdb::Remote::default()
    };
    let member = |remote| mdb::Member {
        is_permanent: true,
        remote,
        ..mdb::Member::new("vx".to_string(), "vx".to_string(), group)
    };
    let whole = mdb::Remote {
        vni: Some(77),
        port: Some(4790),
        via: Some("under".to_string()),
        ..named.clone()
    };
    let add = MdbAdd {
        member: member(whole),
        replace: false,
    };
    match lab.apply(add) {
        // VXLAN tunnels have groups from Linux 6.4 on.
        Err(failure) if failure.errno == Some(Errno::EOPNOTSUPP) => return Ok(()),
        done => done.map_err(|failure| failure.message)?,
    }
    let known = || -> Result<Vec<String>, Failed> {
        let list = mdb::list(here).map_err(words)?;
        Ok(list.iter().map(|one| format!("{one:?}")).collect())
    };
    let before = known()?;
    same(before.iter().any(|one| one.contains("vni: Some(77)")), true)?;
    let del = Change::from(MdbDel {
        member: member(named),
    });
    let names = Known {
        here,
        others: Vec::new(),
    };
    let inverse = del.operation().inverse(&names).map_err(words)?;
    lab.apply(del).map_err(|failure| failure.message)?;
    same(known()?.is_empty(), true)?;
    lab.apply(inverse.ok_or("no inverse")?)
        .map_err(|failure| failure.message)?;
    same(known()?, before)
}

fn of_states_of_ports(here: &Namespace) -> Verdict {
    let (lab, _) = lab()?;
    run(&[
        "link add dev br0 up type bridge",
        "link add dev a type veth peer name b",
        "link set dev a up master br0",
        "link set dev b up",
    ])?;
    let state = || -> Result<String, Failed> {
        let link = ip_json(&["-d", "link", "show", "dev", "a"])?;
        let state = &link[0]["linkinfo"]["info_slave_data"]["state"];
        Ok(state.as_str().unwrap_or_default().to_owned())
    };
    // A port without a carrier is disabled; the carrier comes in its own time.
    let has_come = (0..1000).any(|_| state().is_ok_and(|state| state == "forwarding"));
    same(has_come, true)?;
    let names = Known {
        here,
        others: Vec::new(),
    };
    for (was, becomes) in [
        ("forwarding", "disabled"),
        ("disabled", "learning"),
        ("learning", "listening"),
    ] {
        let change = |state| {
            let mut settings = Settings::of(kind::port_options("bridge"));
            settings.set("state", Setting::Word(state));
            let link = "a".into();
            Change::from(PortState { link, settings })
        };
        lab.apply(change(was)).map_err(|failure| failure.message)?;
        let inverse = change(becomes).operation().inverse(&names).map_err(words)?;
        lab.apply(change(becomes))
            .map_err(|failure| failure.message)?;
        same(state()?.as_str(), becomes)?;
        lab.apply(inverse.ok_or("no inverse")?)
            .map_err(|failure| failure.message)?;
        same(state()?.as_str(), was)?;
    }
    Ok(())
}

fn of_sysctls_and_namespaces(here: &Namespace) -> Verdict {
    let (lab, _) = lab()?;
    for (name, value) in [
        ("net.ipv4.ip_forward", "1"),
        ("net.ipv4.ip_local_port_range", "2000 3000"),
        ("net.ipv4.conf.lo.rp_filter", "2"),
    ] {
        let key = Key::parse(name)?;
        let value = value.to_string();
        there_and_back(here, &lab, &[], SysctlSet { key, value }.into())?;
    }
    let add = Change::from(NetnsAdd {
        name: "inverse".into(),
    });
    let inverse = add
        .operation()
        .inverse(&Known {
            here,
            others: Vec::new(),
        })
        .map_err(words)?;
    lab.apply(add).map_err(|failure| failure.message)?;
    same(netns::named_path("inverse").exists(), true)?;
    lab.apply(inverse.ok_or("no inverse")?)
        .map_err(|failure| failure.message)?;
    same(netns::named_path("inverse").exists(), false)
}

/// Better none than one that brings back less than there was.
fn where_there_is_no_way_back(here: &Namespace) -> Verdict {
    run(&[
        "link add dev a type veth peer name b",
        "addr add 10.0.0.1/24 dev a",
        "addr add 10.0.0.2/24 dev a",
        "addr add 10.0.0.3/16 dev a",
    ])?;
    let names = Known {
        here,
        others: Vec::new(),
    };
    let changes: [Change; 6] = [
        LinkDel { name: "a".into() }.into(),
        AddrFlush {
            link: "a".into(),
            only_ipv4: None,
        }
        .into(),
        NetnsDel { name: "x".into() }.into(),
        LinkSet {
            netns: Some("x".into()),
            ..set("a")
        }
        .into(),
        SysctlSet {
            key: Key::parse("net.ipv4.route.flush")?,
            value: "1".into(),
        }
        .into(),
        // Its secondary address goes with it.
        del("a", "10.0.0.1/24", None).into(),
    ];
    for change in changes {
        let inverse = change.operation().inverse(&names).map_err(words)?;
        same((&change, inverse), (&change, None))?;
    }
    let alone = Change::from(del("a", "10.0.0.3/16", None));
    same(
        alone.operation().inverse(&names).map_err(words)?.is_some(),
        true,
    )
}

/// What is made takes with it whatever was done to it, however far that went.
fn all_or_none(_: &Namespace) -> Verdict {
    let (lab, kept) = lab()?;
    let steps: Vec<Change> = vec![
        pair("a", "b").into(),
        LinkSet::up("a", true).into(),
        addr("a", "10.0.0.1/24").into(),
        addr("b", "fd00::1/64").into(),
        LinkSet {
            mtu: Some(1300),
            alias: Some("x".into()),
            ..set("b")
        }
        .into(),
        LinkSet::up("b", true).into(),
    ];
    let before = state()?;
    for done in 1..=steps.len() {
        let mut together: Vec<_> = steps[..done]
            .iter()
            .map(|step| (lab.current(), step.clone()))
            .collect();
        together.push((
            lab.current(),
            LinkDel {
                name: "nothing".into(),
            }
            .into(),
        ));
        let failure = lab
            .apply_together(&together)
            .err()
            .ok_or("it did not fail")?;
        same(
            failure.message.as_str(),
            "cannot delete link nothing: there is no link \"nothing\"",
        )?;
        same(state()?, before.clone())?;
        // The steps, the one that failed, and the undoing.
        let commands = kept.commands.take();
        same(commands.len(), done + 2)?;
        same(
            commands.last().map(String::as_str),
            Some("ip link del dev a"),
        )?;
    }
    let together: Vec<_> = steps
        .into_iter()
        .map(|step| (lab.current(), step))
        .collect();
    lab.apply_together(&together)
        .map_err(|failure| failure.message)?;
    same(state()? == before, false)?;
    let failing = lab.apply_and(
        NetnsAdd {
            name: "all-or-none".into(),
        },
        || {
            lab.apply(LinkDel {
                name: "nothing".into(),
            })
        },
    );
    same(failing.is_err(), true)?;
    same(netns::named_path("all-or-none").exists(), false)
}

/// The kernel sets what it can before it refuses the rest.
fn a_half_done_change(_: &Namespace) -> Verdict {
    let (lab, _) = lab()?;
    run(&[
        "link add dev a type veth peer name b",
        "link add dev c type veth peer name d",
        "link property add dev a altname another",
    ])?;
    let before = state()?;
    let refused = [
        // At the name, which is another link's: that one must not be touched.
        LinkSet {
            mtu: Some(1300),
            name: Some("c".into()),
            ..set("a")
        },
        LinkSet {
            mtu: Some(1300),
            name: Some("c".into()),
            ..set("another")
        },
        // After the renaming.
        LinkSet {
            mtu: Some(1300),
            name: Some("new".into()),
            master: Some(Some("lo".into())),
            ..set("a")
        },
        LinkSet {
            mtu: Some(1300),
            name: Some("new".into()),
            master: Some(Some("lo".into())),
            ..set("another")
        },
        // At the first, and before anything was sent.
        LinkSet {
            mtu: Some(1),
            alias: Some("x".into()),
            ..set("a")
        },
        LinkSet {
            mtu: Some(1300),
            master: Some(Some("nothing".into())),
            ..set("a")
        },
    ];
    for change in refused {
        let failure = lab
            .apply(change.clone())
            .err()
            .ok_or(format!("{change:?} was not refused"))?;
        same(
            (failure.message.contains("half done"), state()? == before),
            (false, true),
        )?;
    }
    Ok(())
}

/// A link that has vanished needs no undoing; an address that can't be taken away again is said to be there.
fn what_cannot_be_undone(_: &Namespace) -> Verdict {
    let (lab, _) = lab()?;
    run(&["link add dev a type veth peer name b"])?;
    let step = |change: Change| (lab.current(), change);
    let vanished = [
        step(pair("c", "d").into()),
        step(LinkDel { name: "c".into() }.into()),
        step(
            LinkDel {
                name: "nothing".into(),
            }
            .into(),
        ),
    ];
    let failure = lab
        .apply_together(&vanished)
        .err()
        .ok_or("it did not fail")?;
    same(failure.message.contains("half done"), false)?;
    let taken = [
        step(addr("a", "10.0.0.1/24").into()),
        step(
            AddrFlush {
                link: "a".into(),
                only_ipv4: None,
            }
            .into(),
        ),
        step(
            LinkDel {
                name: "nothing".into(),
            }
            .into(),
        ),
    ];
    let failure = lab.apply_together(&taken).err().ok_or("it did not fail")?;
    let said = "it is half done, for netsh cannot delete address 10.0.0.1/24 from a";
    same(failure.message.contains(said), true)
}
