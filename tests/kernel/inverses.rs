//! The inverse of each change brings back what was there before, as ip sees it; and several changes that belong together
//! leave nothing when one of them fails.

use libtest_mimic::Failed;
use netsh::kernel::addr::{AddrAdd, AddrDel, AddrFlush, Scope};
use netsh::kernel::change::Change;
use netsh::kernel::link::{LinkAdd, LinkDel};
use netsh::kernel::link_set::LinkSet;
use netsh::kernel::netns::{self, Namespace};
use netsh::kernel::netns_change::{NetnsAdd, NetnsDel};
use netsh::kernel::sysctl::{Key, SysctlSet};
use netsh::kernel::veth::VethAdd;
use netsh::lab::Lab;

use crate::connection::pair;
use crate::support::{Known, Test, Verdict, ip, ip_json, lab, same, test_with_ip, words};

/// The tests of this file.
pub fn tests() -> Vec<Test> {
    vec![
        test_with_ip("inverses: of new links", of_new_links),
        test_with_ip("inverses: of properties of a link", of_properties),
        test_with_ip("inverses: of addresses", of_addresses),
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
    for what in [
        &["link"][..],
        &["addr"],
        &["-4", "route", "show", "table", "all"],
        &["-6", "route", "show", "table", "all"],
    ] {
        for object in ip_json(what)? {
            // Each of several addresses is an object of its own: deleted and added again it stands in another place.
            let addresses = object["addr_info"].as_array().cloned().unwrap_or_default();
            state.extend(
                addresses
                    .iter()
                    .map(|address| format!("{} {address}", object["ifname"])),
            );
            let mut bare = object.clone();
            if let Some(pairs) = bare.as_object_mut() {
                // A bridge's timers run. A link gets its queueing discipline when it is up for the first time, and keeps
                // it; which kind of down it is called after depends on when the carrier's work queue ran.
                let passing = ["addr_info", "linkinfo", "qdisc", "operstate"];
                pairs.retain(|key, _| !passing.contains(&key.as_str()));
            }
            state.push(format!(
                "{what:?} {bare} {}",
                object["linkinfo"]["info_kind"]
            ));
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
    let after = state()?;
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
            ..set("b")
        },
    ];
    for change in changes {
        there_and_back(here, &lab, &[], change.into())?;
    }
    run(&["link set dev a up"])?;
    there_and_back(here, &lab, &[], LinkSet::up("a", false).into())
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
