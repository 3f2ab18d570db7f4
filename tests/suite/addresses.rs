//! Addresses of links: adding, listing, deleting and flushing them, IPv4 beside IPv6, each seen through ip as well.

use libtest_mimic::Trial;
use serde_json::{Value, json};

use crate::second_path::{address_map, list, observe, steps};
use crate::support::{Need, User, Verdict, same, test};

const IP: &[Need] = &[Need::Program("ip")];

/// The tests of this file.
pub fn trials() -> Vec<Trial> {
    [
        test("addresses: options of addr_add, IPv4", IP, options_for_ipv4),
        test("addresses: options of addr_add, IPv6", IP, options_for_ipv6),
        test("addresses: lifetimes", IP, lifetimes),
        test("addresses: temporary ones", IP, temporary_addresses),
        test("addresses: usable at once", IP, usable_at_once),
        test("addresses: deleted one by one", IP, deleted_one_by_one),
        test("addresses: flushed", IP, flushed),
        test("addresses: as ip lists them", IP, listed_as_by_ip),
        test("addresses: of another namespace", IP, of_another_namespace),
    ]
    .into_iter()
    .flatten()
    .collect()
}

fn options_for_ipv4(user: User) -> Verdict {
    let look = "-4 addr show dev a";
    steps(
        user,
        r#"veth_add("a", "b", #{ up: true })"#,
        &[
            (
                r#"addr_add("a", "10.0.0.1/24")"#,
                look,
                "/0/addr_info/0/local",
                json!("10.0.0.1"),
            ),
            ("", look, "/0/addr_info/0/prefixlen", json!(24)),
            ("", look, "/0/addr_info/0/scope", json!("global")),
            ("", look, "/0/addr_info/0/broadcast", Value::Null),
            ("", "-4 route show dev a", "/0/dst", json!("10.0.0.0/24")),
            (
                r#"addr_flush("a"); addr_add("a", "10.0.0.1/24", #{ broadcast: "+" })"#,
                look,
                "/0/addr_info/0/broadcast",
                json!("10.0.0.255"),
            ),
            (
                r#"addr_flush("a"); addr_add("a", "10.0.0.1/24", #{ broadcast: "10.0.0.77" })"#,
                look,
                "/0/addr_info/0/broadcast",
                json!("10.0.0.77"),
            ),
            (
                r#"addr_flush("a"); addr_add("a", "10.0.0.1/31", #{ broadcast: "+" })"#,
                look,
                "/0/addr_info/0/broadcast",
                Value::Null,
            ),
            (
                r#"addr_flush("a"); addr_add("a", "10.0.0.1/32", #{ peer: "10.9.0.1" })"#,
                look,
                "/0/addr_info/0/address",
                json!("10.9.0.1"),
            ),
            ("", "-4 route show dev a", "/0/dst", json!("10.9.0.1")),
            (
                r#"addr_flush("a"); addr_add("a", "10.0.0.1/24", #{ label: "a:one" })"#,
                look,
                "/0/addr_info/0/label",
                json!("a:one"),
            ),
            (
                r#"addr_flush("a"); addr_add("a", "10.0.0.1/24", #{ scope: "link" })"#,
                look,
                "/0/addr_info/0/scope",
                json!("link"),
            ),
            (
                r#"addr_flush("a"); addr_add("a", "10.0.0.1/24", #{ scope: "77" })"#,
                look,
                "/0/addr_info/0/scope",
                json!("77"),
            ),
            (
                r#"addr_flush("a"); addr_add("a", "127.0.0.9/8")"#,
                look,
                "/0/addr_info/0/scope",
                json!("host"),
            ),
            (
                r#"addr_flush("a"); addr_add("a", "10.0.0.1/24", #{ metric: 512 })"#,
                look,
                "/0/addr_info/0/metric",
                json!(512),
            ),
            ("", "-4 route show dev a", "/0/metric", json!(512)),
            (
                r#"addr_flush("a"); addr_add("a", "10.0.0.1/24", #{ noprefixroute: true })"#,
                look,
                "/0/addr_info/0/noprefixroute",
                json!(true),
            ),
            ("", "-4 route show dev a", "/0", Value::Null),
            (
                r#"addr_flush("a"); addr_add("a", "224.1.2.3/32", #{ autojoin: true })"#,
                look,
                "/0/addr_info/0/autojoin",
                json!(true),
            ),
            (
                "",
                "maddr show dev a",
                "/0/maddr/3/address",
                json!("224.1.2.3"),
            ),
            // The others of the same network are secondary.
            (
                r#"addr_flush("a"); addr_add("a", "10.0.0.1/24"); addr_add("a", "10.0.0.2/24")"#,
                look,
                "/0/addr_info/1/secondary",
                json!(true),
            ),
        ],
    )
}

fn options_for_ipv6(user: User) -> Verdict {
    let look = "-6 addr show dev a scope global";
    steps(
        user,
        // Down, so that no detection begins, and ends.
        r#"veth_add("a", "b")"#,
        &[
            (
                r#"addr_add("a", "fd00::1/64")"#,
                look,
                "/0/addr_info/0/local",
                json!("fd00::1"),
            ),
            ("", look, "/0/addr_info/0/prefixlen", json!(64)),
            ("", look, "/0/addr_info/0/nodad", json!(true)),
            (
                r#"addr_flush("a"); addr_add("a", "fd00::1/64", #{ dad: true })"#,
                look,
                "/0/addr_info/0/nodad",
                Value::Null,
            ),
            ("", look, "/0/addr_info/0/tentative", json!(true)),
            (
                r#"addr_flush("a"); addr_add("a", "fd00::1/64", #{ dad: false })"#,
                look,
                "/0/addr_info/0/nodad",
                json!(true),
            ),
            (
                r#"addr_flush("a"); addr_add("a", "fd00::1/128", #{ peer: "fd00::2" })"#,
                look,
                "/0/addr_info/0/address",
                json!("fd00::2"),
            ),
            (
                r#"addr_flush("a"); addr_add("a", "fd00::1/64", #{ home: true })"#,
                look,
                "/0/addr_info/0/home",
                json!(true),
            ),
            (
                r#"addr_flush("a"); addr_add("a", "fd00::1/64", #{ noprefixroute: true })"#,
                look,
                "/0/addr_info/0/noprefixroute",
                json!(true),
            ),
            (
                r#"addr_flush("a"); addr_add("a", "fd00::1/64", #{ mngtmpaddr: true })"#,
                look,
                "/0/addr_info/0/mngtmpaddr",
                json!(true),
            ),
            (
                r#"addr_flush("a"); sysctl_set("net.ipv6.conf.a.optimistic_dad", 1); addr_add("a", "fd00::1/64", #{ optimistic: true, dad: true })"#,
                look,
                "/0/addr_info/0/optimistic",
                json!(true),
            ),
            (
                r#"addr_flush("a"); addr_add("a", "fd00::1/64", #{ metric: 77 })"#,
                look,
                "/0/addr_info/0/metric",
                json!(77),
            ),
            (
                r#"link_up("a"); link_up("b")"#,
                "-6 route show fd00::/64",
                "/0/metric",
                json!(77),
            ),
            (
                r#"addr_add("a", "fe80::77/64")"#,
                "-6 addr show dev a scope link",
                "/0/addr_info/0/local",
                json!("fe80::77"),
            ),
            (
                r#"addr_flush("a"); addr_add("a", "ff15::1/64", #{ autojoin: true, scope: "site" })"#,
                "-6 addr show dev a",
                "/0/addr_info/0/autojoin",
                json!(true),
            ),
        ],
    )
}

fn lifetimes(user: User) -> Verdict {
    let code = r#"
        veth_add("a", "b", #{ up: true });
        addr_add("a", "10.0.0.1/24", #{ valid_lft: 1000, preferred_lft: "5m" });
        addr_add("a", "fd00::1/64", #{ valid_lft: "1h", preferred_lft: 900 });
        addr_add("a", "fd01::1/64", #{ preferred_lft: 60.5 });
        addr_add("a", "10.2.0.1/24", #{ valid_lft: "forever", preferred_lft: "forever" });
        show(ip("addr show dev a scope global"));
        show(addr_list("a"));
    "#;
    let shown = observe(user, code)?;
    let wanted: [(&str, u64, u64); 4] = [
        ("10.0.0.1", 1000, 300),
        ("fd00::1", 3600, 900),
        ("fd01::1", u32::MAX.into(), 60),
        ("10.2.0.1", u32::MAX.into(), u32::MAX.into()),
    ];
    for (address, valid, preferred) in wanted {
        let ip = list(&shown[0][0]["addr_info"])
            .iter()
            .find(|found| found["local"] == address);
        let ip = ip.ok_or(format!("ip does not list {address}"))?;
        let mine = list(&shown[1])
            .iter()
            .find(|found| found["address"] == address);
        let mine = mine.ok_or(format!("netsh does not list {address}"))?;
        runs_down(&ip["valid_life_time"], valid)?;
        runs_down(&ip["preferred_life_time"], preferred)?;
        runs_down(&or_for_ever(&mine["valid_lft"]), valid)?;
        runs_down(&or_for_ever(&mine["preferred_lft"]), preferred)?;
    }
    Ok(())
}

fn or_for_ever(lifetime: &Value) -> Value {
    match lifetime {
        Value::Null => u32::MAX.into(),
        seconds => seconds.clone(),
    }
}

/// A lifetime that was given a moment ago is as long as it was given, or shorter; for ever stays for ever.
fn runs_down(found: &Value, given: u64) -> Verdict {
    let found = found.as_u64().ok_or(format!("{found} is no lifetime"))?;
    let right = match given == u64::from(u32::MAX) {
        true => found == given,
        false => (1..=given).contains(&found),
    };
    match right {
        true => Ok(()),
        false => Err(format!("a lifetime of {given} s is {found} s a moment later").into()),
    }
}

/// A temporary address is made by the kernel beside the one that manages it, and goes with it.
fn temporary_addresses(user: User) -> Verdict {
    let code = r#"
        veth_add("a", "b", #{ up: true });
        sysctl_set("net.ipv6.conf.a.use_tempaddr", 2);
        addr_add("a", "fd00::1/64", #{ mngtmpaddr: true });
        show(addr_list("a").filter(|addr| addr.flags.contains("temporary")).len());
        show(ip("-6 addr show dev a temporary"));
        addr_flush("a", #{ family: "inet6" });
        show(ip("-6 addr show dev a"));
    "#;
    let shown = observe(user, code)?;
    same(&shown[0], &json!(1))?;
    same(list(&shown[1][0]["addr_info"]).len(), 1)?;
    same(&shown[2][0]["addr_info"], &Value::Null)
}

/// Without `dad` an IPv6 address can be used the moment after.
fn usable_at_once(user: User) -> Verdict {
    let code = r#"
        let h1 = netns_add("h1");
        veth_add("a", "b", #{ peer_netns: h1, up: true });
        addr_add("a", "fd00::1/64");
        h1.addr_add("b", "fd00::2/64");
        show(ip("-6 addr show dev a scope global tentative"));
        show(ping("fd00::2", #{ source: "fd00::1", quiet: true, timeout: 60, count: 1 }).received);
    "#;
    let shown = observe(user, code)?;
    same(
        list(&shown[0])
            .iter()
            .filter(|link| link["addr_info"].is_array())
            .count(),
        0,
    )?;
    same(&shown[1], &json!(1))
}

fn deleted_one_by_one(user: User) -> Verdict {
    steps(
        user,
        r#"veth_add("a", "b"); let failed = #{}"#,
        &[
            (
                r#"addr_add("a", "10.0.0.1/24"); addr_add("a", "fd00::1/64"); addr_del("a", "10.0.0.1/24")"#,
                "addr show dev a",
                "/0/addr_info/0/local",
                json!("fd00::1"),
            ),
            (
                r#"addr_del("a", "fd00::1/64")"#,
                "addr show dev a",
                "/0/addr_info",
                json!([]),
            ),
            (
                r#"addr_add("a", "10.0.0.1/32", #{ peer: "10.9.0.1" }); addr_add("a", "10.0.0.1/32", #{ peer: "10.9.0.2" });
                   addr_del("a", "10.0.0.1/32", #{ peer: "10.9.0.1" })"#,
                "addr show dev a",
                "/0/addr_info/0/address",
                json!("10.9.0.2"),
            ),
            ("", "addr show dev a", "/0/addr_info/1", Value::Null),
            // The same address twice, and one that is not there, leave everything as it was.
            (
                r#"try { addr_del("a", "10.0.0.7/32") } catch (e) { failed = e; } assert(failed.errno == "EADDRNOTAVAIL")"#,
                "addr show dev a",
                "/0/addr_info/0/address",
                json!("10.9.0.2"),
            ),
            (
                r#"addr_add("a", "10.1.0.1/24"); try { addr_add("a", "10.1.0.1/24") } catch (e) { failed = e; } assert(failed.errno == "EEXIST")"#,
                "addr show dev a",
                "/0/addr_info/2",
                Value::Null,
            ),
            (
                r#"addr_del("lo", "127.0.0.1/8"); addr_del("lo", "::1/128")"#,
                "addr show dev lo",
                "/0/addr_info",
                json!([]),
            ),
        ],
    )
}

fn flushed(user: User) -> Verdict {
    let fill = r#"
        fn fill() {
            for n in 1..6 { addr_add("a", `10.0.0.${n}/24`); addr_add("a", `fd00::${n}/64`); }
            addr_add("a", "10.0.9.1/32", #{ peer: "10.9.9.9" });
        }
        veth_add("a", "b"); addr_add("b", "10.5.0.1/24")"#;
    steps(
        user,
        fill,
        &[
            (
                "fill()",
                "addr show dev a",
                "/0/addr_info/10/family",
                json!("inet6"),
            ),
            (
                r#"addr_flush("a", #{ family: "inet" })"#,
                "-4 addr show dev a",
                "/0/addr_info",
                Value::Null,
            ),
            (
                "",
                "-6 addr show dev a",
                "/0/addr_info/4/family",
                json!("inet6"),
            ),
            (
                r#"addr_flush("a", #{ family: "inet6" })"#,
                "addr show dev a",
                "/0/addr_info",
                json!([]),
            ),
            (
                r#"fill(); addr_flush("a")"#,
                "addr show dev a",
                "/0/addr_info",
                json!([]),
            ),
            (
                r#"addr_flush("a")"#,
                "addr show dev b",
                "/0/addr_info/0/local",
                json!("10.5.0.1"),
            ),
            // Where secondary addresses are promoted they don't go with their primary.
            (
                r#"sysctl_set("net.ipv4.conf.a.promote_secondaries", 1); fill(); addr_flush("a")"#,
                "addr show dev a",
                "/0/addr_info",
                json!([]),
            ),
        ],
    )
}

fn listed_as_by_ip(user: User) -> Verdict {
    let code = r#"
        veth_add("a", "b", #{ up: true });
        addr_add("a", "10.0.0.1/24", #{ broadcast: "+", label: "a:x" });
        addr_add("a", "10.0.0.2/24", #{ noprefixroute: true });
        addr_add("a", "10.1.0.1/32", #{ peer: "10.1.0.2", scope: "link" });
        addr_add("b", "fd00::1/64", #{ home: true });
        addr_add("b", "fd01::1/128", #{ peer: "fd01::2" });
        show(settled("addr", || addr_list()));
        show(settled("addr show dev b", || addr_list("b")));
    "#;
    for pair in observe(user, code)? {
        let (ip, mine) = (list(&pair[0]), list(&pair[1]));
        let mut wanted: Vec<Value> = ip
            .iter()
            .flat_map(|link| {
                let addresses = list(&link["addr_info"]).iter();
                addresses.map(|address| address_map(&link["ifname"], address))
            })
            .collect();
        let mut mine = mine.to_vec();
        // The kernel lists IPv4 of all links before IPv6; ip sorts by link.
        for addresses in [&mut wanted, &mut mine] {
            addresses.sort_by_key(|address| {
                (address["link"].to_string(), address["address"].to_string())
            });
        }
        same(mine, wanted)?;
    }
    Ok(())
}

fn of_another_namespace(user: User) -> Verdict {
    steps(
        user,
        r#"let h1 = netns_add("h1"); veth_add("a", "b", #{ peer_netns: h1 })"#,
        &[
            (
                r#"h1.addr_add("b", "10.0.0.2/24")"#,
                "-n h1 addr show dev b",
                "/0/addr_info/0/local",
                json!("10.0.0.2"),
            ),
            (
                r#"h1.addr_add("b", "fd00::2/64", #{ dad: true })"#,
                "-n h1 addr show dev b",
                "/0/addr_info/1/local",
                json!("fd00::2"),
            ),
            (
                r#"assert(h1.addr_list("b").len() == 2 && h1.addr_list().len() == 4 && addr_list("a").len() == 0)"#,
                "-n h1 addr show dev b",
                "/0/addr_info/2",
                Value::Null,
            ),
            (
                r#"h1.addr_del("b", "10.0.0.2/24")"#,
                "-n h1 addr show dev b",
                "/0/addr_info/0/local",
                json!("fd00::2"),
            ),
            (
                r#"h1.addr_flush("b", #{ family: "inet6" })"#,
                "-n h1 addr show dev b",
                "/0/addr_info",
                json!([]),
            ),
        ],
    )
}
