//! Links: making, setting, listing and deleting them, each seen through ip as well.

use libtest_mimic::Trial;
use serde_json::{Value, json};

use crate::second_path::{link_map, list, observe, steps};
use crate::support::{Need, User, Verdict, limited, same, test};

const IP: &[Need] = &[Need::Program("ip")];

/// The tests of this file.
pub fn trials() -> Vec<Trial> {
    [
        test("links: options of veth_add", IP, options_of_veth_add),
        test(
            "links: a pair across namespaces",
            IP,
            pair_across_namespaces,
        ),
        test(
            "links: a pair made from elsewhere",
            IP,
            pair_made_from_elsewhere,
        ),
        test(
            "links: veth_add leaves nothing when it fails",
            IP,
            veth_add_leaves_nothing,
        ),
        test(
            "links: link_add of several kinds",
            IP,
            link_add_of_several_kinds,
        ),
        test("links: up, down, exists, delete", IP, up_down_exists_delete),
        test("links: options of link_set", IP, options_of_link_set),
        test("links: masters", IP, masters),
        test("links: altnames as ip has them", IP, altnames),
        test("links: found by their altnames", IP, found_by_altname),
        test("links: moving", IP, moving),
        test("links: moving and setting at once", IP, moving_and_setting),
        test(
            "links: a refused link_set changes nothing",
            IP,
            refused_link_set,
        ),
        test("links: one by one as ip lists them", IP, listed_as_by_ip),
        test("links: counters as ip counts them", IP, counters),
        test("links: names that others made", IP, names_that_others_made),
    ]
    .into_iter()
    .flatten()
    .collect()
}

fn options_of_veth_add(user: User) -> Verdict {
    steps(
        user,
        "let h1 = netns_add(\"h1\")",
        &[
            (
                r#"veth_add("a", "b")"#,
                "link show dev a",
                "/0/link",
                json!("b"),
            ),
            (
                "",
                "link show dev b",
                "/0/linkinfo/info_kind",
                json!("veth"),
            ),
            ("", "link show dev b", "/0/mtu", json!(1500)),
            ("", "link show dev a", "/0/operstate", json!("DOWN")),
            (
                r#"veth_add("c", "d", #{ mtu: 1400 })"#,
                "link show dev c",
                "/0/mtu",
                json!(1400),
            ),
            ("", "link show dev d", "/0/mtu", json!(1400)),
            (
                r#"veth_add("e", "f", #{ mtu: "9k" })"#,
                "link show dev f",
                "/0/mtu",
                json!(9216),
            ),
            (
                r#"veth_add("g", "h", #{ mac: "02:00:00:00:00:01", peer_mac: "02:00:00:00:00:02" })"#,
                "link show dev g",
                "/0/address",
                json!("02:00:00:00:00:01"),
            ),
            (
                "",
                "link show dev h",
                "/0/address",
                json!("02:00:00:00:00:02"),
            ),
            (
                r#"veth_add("i", "j", #{ up: true })"#,
                "link show dev i",
                "/0/flags",
                json!("LOWER_UP"),
            ),
            ("", "link show dev j", "/0/flags", json!("UP")),
            (
                r#"veth_add("k", "l", #{ up: false })"#,
                "link show dev k",
                "/0/operstate",
                json!("DOWN"),
            ),
            (
                r#"veth_add("m", "n", #{ txqueuelen: 77 })"#,
                "link show dev m",
                "/0/txqlen",
                json!(77),
            ),
            ("", "link show dev n", "/0/txqlen", json!(77)),
            (
                r#"bridge_add("br0"); veth_add("o", "p", #{ master: "br0", peer_master: "br0" })"#,
                "link show dev o",
                "/0/master",
                json!("br0"),
            ),
            ("", "link show dev p", "/0/master", json!("br0")),
            (
                r#"veth_add("type", "name")"#,
                "link show dev type",
                "/0/link",
                json!("name"),
            ),
            (
                r#"veth_add("v0.10", "v0@10")"#,
                "link show dev v0.10",
                "/0/link",
                json!("v0@10"),
            ),
        ],
    )
}

fn pair_across_namespaces(user: User) -> Verdict {
    steps(
        user,
        r#"let h1 = netns_add("h1"); let h2 = netns_add("h2")"#,
        &[
            // By handle and by name; up brings up both ends wherever they are.
            (
                r#"veth_add("a", "b", #{ peer_netns: h1, up: true, mtu: 1300, peer_mac: "02:00:00:00:00:0b" })"#,
                "-n h1 link show dev b",
                "/0/flags",
                json!("LOWER_UP"),
            ),
            (
                "",
                "-n h1 link show dev b",
                "/0/address",
                json!("02:00:00:00:00:0b"),
            ),
            ("", "-n h1 link show dev b", "/0/mtu", json!(1300)),
            ("", "link show dev a", "/0/flags", json!("LOWER_UP")),
            (
                r#"veth_add("c", "d", #{ netns: "h2", up: true })"#,
                "-n h2 link show dev c",
                "/0/flags",
                json!("LOWER_UP"),
            ),
            ("", "link show dev d", "/0/mtu", json!(1500)),
            (
                r#"veth_add("e", "f", #{ netns: h1, peer_netns: "h2", up: true })"#,
                "-n h1 link show dev e",
                "/0/flags",
                json!("LOWER_UP"),
            ),
            ("", "-n h2 link show dev f", "/0/operstate", json!("UP")),
            // Both ends in the same other namespace.
            (
                r#"veth_add("g", "i", #{ netns: h1, peer_netns: h1 })"#,
                "-n h1 link show dev g",
                "/0/link",
                json!("i"),
            ),
            // A port where it is made, not where it is asked for.
            (
                r#"h1.bridge_add("br1"); veth_add("k", "l", #{ peer_netns: h1, peer_master: "br1", up: true })"#,
                "-n h1 link show dev l",
                "/0/master",
                json!("br1"),
            ),
            (
                "assert(!link_exists(\"e\") && !link_exists(\"g\"))",
                "-n h2 link",
                "/2/ifname",
                json!("f"),
            ),
        ],
    )
}

fn pair_made_from_elsewhere(user: User) -> Verdict {
    steps(
        user,
        r#"let h1 = netns_add("h1"); let h2 = netns_add("h2")"#,
        &[
            (
                r#"h1.veth_add("a", "b")"#,
                "-n h1 link show dev a",
                "/0/link",
                json!("b"),
            ),
            (
                r#"h1.veth_add("c", "d", #{ peer_netns: "home", up: true })"#,
                "link show dev d",
                "/0/flags",
                json!("LOWER_UP"),
            ),
            (
                r#"h1.veth_add("e", "f", #{ netns: "home" })"#,
                "-n h1 link show dev f",
                "/0/mtu",
                json!(1500),
            ),
            ("", "link show dev e", "/0/mtu", json!(1500)),
            (
                r#"h1.veth_add("g", "h", #{ netns: h2, up: true })"#,
                "-n h2 link show dev g",
                "/0/flags",
                json!("LOWER_UP"),
            ),
            ("", "-n h1 link show dev h", "/0/flags", json!("LOWER_UP")),
        ],
    )
}

/// Bringing the far end up needs a socket there. With all file descriptors taken there is none to be had, and the pair
/// that was already made has to go again.
fn veth_add_leaves_nothing(user: User) -> Verdict {
    let code = r#"
        // Home and h1 have their sockets, h2 has none yet.
        link_exists("lo");
        let h1 = netns_add("h1");
        let h2 = netns_add("h2", #{ lo: false });
        let fillers = [];
        // A namespace takes one descriptor, and for a moment two; sockets of some take those that are left, however many
        // descriptors there were. A namespace that can't be finished leaves nothing either.
        for number in 0..4 { fillers.push(netns_add(`f${number}`, #{ lo: false })); }
        try { loop { fillers.push(netns_add(`f${fillers.len()}`)); } }
        catch (e) { if e.errno != "EMFILE" { throw e; } }
        try { for filler in fillers { filler.link_exists("lo"); } }
        catch (e) { if e.errno != "EMFILE" { throw e; } }
        let messages = [];
        for options in [#{ peer_netns: h2, up: true }, #{ netns: h1, peer_netns: h2, up: true }, #{ netns: h2, up: true }] {
            try { veth_add("a", "b", options); messages.push("made"); }
            catch (e) { messages.push(e.message); }
        }
        for filler in fillers { netns_del(filler); }
        show(messages);
        show(netns_list().len());
        show(exec("ip", ["-j", "link"]).stdout);
        show(exec("ip", ["-j", "-n", "h1", "link"]).stdout);
        show(exec("ip", ["-j", "-n", "h2", "link"]).stdout);
    "#;
    let shown = limited(user, "ulimit -n 48", &["--json", "-e", code])?.ok()?;
    let shown: Vec<Value> = shown
        .lines()
        .map(serde_json::from_str)
        .collect::<Result<_, _>>()?;
    for message in list(&shown[0]) {
        let message = message.as_str().unwrap_or_default();
        if !message.starts_with("cannot bring ") || message.contains("half done") {
            return Err(format!("another failure than the one wanted: {message}").into());
        }
    }
    same(list(&shown[0]).len(), 3)?;
    same(&shown[1], &json!(2))?;
    for links in &shown[2..] {
        let links: Vec<Value> = serde_json::from_str(links.as_str().unwrap_or_default())?;
        same(links.len(), 1)?;
    }
    Ok(())
}

fn link_add_of_several_kinds(user: User) -> Verdict {
    steps(
        user,
        "let unknown = #{};",
        &[
            (
                r#"link_add("br0", "bridge")"#,
                "link show dev br0",
                "/0/linkinfo/info_kind",
                json!("bridge"),
            ),
            (
                r#"link_add("br1", "bridge", #{ mtu: 1280, mac: "02:00:00:00:00:07", up: true })"#,
                "link show dev br1",
                "/0/mtu",
                json!(1280),
            ),
            (
                "",
                "link show dev br1",
                "/0/address",
                json!("02:00:00:00:00:07"),
            ),
            ("", "link show dev br1", "/0/flags", json!("UP")),
            (
                r#"link_add("type", "bridge")"#,
                "link show dev type",
                "/0/operstate",
                json!("DOWN"),
            ),
            (
                r#"try { link_add("x", "no-such-kind", #{ up: true }) } catch (e) { unknown = e; }"#,
                "link",
                "/4",
                Value::Null,
            ),
            (
                r#"assert(unknown.errno == "EOPNOTSUPP" && unknown.argument == "kind")"#,
                "link",
                "/3/ifname",
                json!("type"),
            ),
        ],
    )
}

fn up_down_exists_delete(user: User) -> Verdict {
    steps(
        user,
        r#"veth_add("a", "b"); let h1 = netns_add("h1")"#,
        &[
            (
                r#"link_up("a")"#,
                "link show dev a",
                "/0/flags",
                json!("UP"),
            ),
            ("", "link show dev a", "/0/flags", json!("NO-CARRIER")),
            (
                r#"link_up("b")"#,
                "link show dev a",
                "/0/operstate",
                json!("UP"),
            ),
            (
                r#"link_down("b")"#,
                "link show dev b",
                "/0/operstate",
                json!("DOWN"),
            ),
            (
                "",
                "link show dev a",
                "/0/operstate",
                json!("LOWERLAYERDOWN"),
            ),
            (
                r#"assert(link_exists("a") && link_exists("lo") && !link_exists("c"))"#,
                "link show dev a",
                "/0/ifname",
                json!("a"),
            ),
            (
                r#"assert(!link_exists("") && !link_exists("a name that no link can have"))"#,
                "link",
                "/2/ifname",
                json!("a"),
            ),
            (
                r#"link_del("a"); assert(!link_exists("a") && !link_exists("b"))"#,
                "link",
                "/1",
                Value::Null,
            ),
            (
                r#"h1.veth_add("a", "b", #{ peer_netns: "home" }); link_del("b")"#,
                "-n h1 link",
                "/1",
                Value::Null,
            ),
            (
                r#"h1.link_down("lo")"#,
                "-n h1 link show dev lo",
                "/0/operstate",
                json!("DOWN"),
            ),
            (
                r#"h1.link_up("lo")"#,
                "-n h1 link show dev lo",
                "/0/flags",
                json!("UP"),
            ),
        ],
    )
}

fn options_of_link_set(user: User) -> Verdict {
    steps(
        user,
        r#"veth_add("a", "b"); let h1 = netns_add("h1")"#,
        &[
            (
                r#"link_set("a", #{ up: true })"#,
                "link show dev a",
                "/0/flags",
                json!("UP"),
            ),
            (
                r#"link_set("a", #{ up: false })"#,
                "link show dev a",
                "/0/operstate",
                json!("DOWN"),
            ),
            (
                r#"link_set("a", #{ mtu: 1400 })"#,
                "link show dev a",
                "/0/mtu",
                json!(1400),
            ),
            (
                r#"link_set("a", #{ mtu: "1k" })"#,
                "link show dev a",
                "/0/mtu",
                json!(1024),
            ),
            (
                r#"link_set("a", #{ mac: "02:00:00:00:00:0A" })"#,
                "link show dev a",
                "/0/address",
                json!("02:00:00:00:00:0a"),
            ),
            (
                r#"link_set("a", #{ promisc: true })"#,
                "link show dev a",
                "/0/promiscuity",
                json!(1),
            ),
            (
                r#"link_set("a", #{ promisc: false })"#,
                "link show dev a",
                "/0/promiscuity",
                json!(0),
            ),
            (
                r#"link_set("a", #{ arp: false, multicast: false, allmulticast: true, dynamic: true })"#,
                "link show dev a",
                "/0/flags",
                json!("NOARP"),
            ),
            ("", "link show dev a", "/0/flags", json!("ALLMULTI")),
            ("", "link show dev a", "/0/flags", json!("DYNAMIC")),
            (
                r#"link_set("a", #{ arp: true, multicast: true, allmulticast: false, dynamic: false })"#,
                "link show dev a",
                "/0/flags",
                json!("MULTICAST"),
            ),
            (
                r#"link_set("a", #{ gso_max_size: 10000, gso_max_segs: 10, gro_max_size: 20000, broadcast: "ff:ff:ff:ff:ff:fe" })"#,
                "link show dev a",
                "/0/gso_max_size",
                json!(10000),
            ),
            ("", "link show dev a", "/0/gso_max_size", json!(10000)),
            ("", "link show dev a", "/0/gso_max_segs", json!(10)),
            ("", "link show dev a", "/0/gro_max_size", json!(20000)),
            (
                "",
                "link show dev a",
                "/0/broadcast",
                json!("ff:ff:ff:ff:ff:fe"),
            ),
            (
                r#"link_set("a", #{ txqueuelen: 17 })"#,
                "link show dev a",
                "/0/txqlen",
                json!(17),
            ),
            (
                r#"link_set("a", #{ alias: "to b, \"é\"" })"#,
                "link show dev a",
                "/0/ifalias",
                json!("to b, \"é\""),
            ),
            (
                r#"link_set("a", #{ alias: "" })"#,
                "link show dev a",
                "/0/ifalias",
                Value::Null,
            ),
            (
                r#"link_set("a", #{ name: "z9" })"#,
                "link show dev z9",
                "/0/link",
                json!("b"),
            ),
            (
                r#"link_set("z9", #{ name: "a" })"#,
                "link show dev a",
                "/0/txqlen",
                json!(17),
            ),
            // Everything at once, under the new name.
            (
                r#"link_set("a", #{ name: "y", mtu: 1300, mac: "02:00:00:00:00:0c", promisc: true, txqueuelen: 5, alias: "all", up: true })"#,
                "link show dev y",
                "/0/mtu",
                json!(1300),
            ),
            (
                "",
                "link show dev y",
                "/0/address",
                json!("02:00:00:00:00:0c"),
            ),
            ("", "link show dev y", "/0/promiscuity", json!(1)),
            ("", "link show dev y", "/0/txqlen", json!(5)),
            ("", "link show dev y", "/0/ifalias", json!("all")),
            ("", "link show dev y", "/0/flags", json!("UP")),
            (
                r#"link_set("y", #{})"#,
                "link show dev y",
                "/0/mtu",
                json!(1300),
            ),
            // A link can be called by any of its names.
            (
                r#"exec("ip", ["link", "property", "add", "dev", "y", "altname", "another"]); link_set("another", #{ mtu: 1234 })"#,
                "link show dev y",
                "/0/mtu",
                json!(1234),
            ),
        ],
    )
}

fn altnames(user: User) -> Verdict {
    let longest = "x".repeat(127);
    steps(
        user,
        r#"veth_add("a", "b")"#,
        &[
            (
                r#"link_altname_add("a", "short")"#,
                "link show dev short",
                "/0/ifname",
                json!("a"),
            ),
            (
                r#"link_altname_add("short", "longer-than-any-first-name")"#,
                "link show dev a",
                "/0/altnames",
                json!(["short", "longer-than-any-first-name"]),
            ),
            // The name by which the link is called may be the one that goes.
            (
                r#"link_altname_del("longer-than-any-first-name", "longer-than-any-first-name")"#,
                "link show dev a",
                "/0/altnames",
                json!(["short"]),
            ),
            (
                r#"let name = ""; name.pad(127, "x"); link_altname_add("b", name)"#,
                "link show dev b",
                "/0/altnames",
                json!([longest]),
            ),
            (
                r#"exec("ip", ["link", "property", "add", "dev", "a", "altname", "made-by-another"]);
                   assert(link_get("made-by-another").altnames == ["short", "made-by-another"]);
                   link_altname_del("a", "short"); link_altname_del("a", "made-by-another")"#,
                "link show dev a",
                "/0/altnames",
                Value::Null,
            ),
        ],
    )
}

/// The ioctl has room for one of the names, the other is asked for by rtnetlink.
fn found_by_altname(user: User) -> Verdict {
    let code = r#"
        fn look(a, b) {
            link_add("br0", "bridge");
            link_up(a);
            link_up(b);
            link_down(b);
            link_set(b, #{ mtu: 1300, master: "br0", cost: 9 });
            link_up(b);
            addr_add(a, "10.0.0.1/24");
            addr_add(a, "10.0.0.2/24");
            addr_del(a, "10.0.0.2/24");
            route_add("10.1.0.0/16", #{ dev: a, via: "10.0.0.9" });
            neigh_add(a, "10.0.0.9", #{ mac: "02:00:00:00:00:09" });
            fdb_add(b, "02:00:00:00:00:05", #{ master: true, state: "static" });
            rule_add(#{ iif: "lo", priority: 9 });
            rule_del(#{ iif: "lo", priority: 9 });
            show([
                link_get(a).name, link_exists(b), link_get(b).mtu, link_get(b).port.cost, link_get(a).state,
                addr_list(a).filter(|addr| addr.family == "inet").map(|addr| addr.link), route_list(#{ dev: a, via: "10.0.0.9" })[0].dev,
                neigh_list(#{ dev: a, to: "10.0.0.9" }).len(), route_get("10.1.2.3", #{ oif: a }).dev,
            ]);
            link_set("br0", #{ up: true, mac: "02:00:00:00:00:b0" });
            link_del(a);
            assert(!link_exists(b));
            link_del("br0");
        }
        for name in ["short", "longer-than-any-first-name"] {
            veth_add("a", "b");
            for link in ["a", "b"] { link_altname_add(link, `${link}-${name}`); }
            look(`a-${name}`, `b-${name}`);
        }
        // The kernel would look for what stands before the NUL.
        link_altname_add("lo", "loopback-of-this-host");
        show([link_exists("lo\x00lo"), link_exists("loopback-of-this-host\x00"), link_exists("loopback-of-this-host")]);
        let h1 = netns_add("h1");
        veth_add("a", "b", #{ up: true, peer_netns: h1 });
        h1.link_up("b");
        addr_add("a", "10.0.0.1/24");
        h1.addr_add("b", "10.0.0.2/24");
        link_altname_add("a", "longer-than-any-first-name");
        show(why("10.0.0.2", #{ iface: "longer-than-any-first-name" }).works);
        // No socket is bound by a long one, and that is said.
        link_up("lo");
        let said = "";
        try { ping("127.0.0.1", #{ iface: "loopback-of-this-host", count: 1, quiet: true }); } catch (e) { said = e.message + ": " + e.hint; }
        show(said.contains("altname") && said.contains("\"lo\""));
    "#;
    let both = json!(["a", true, 1300, 9, "up", ["a"], "a", 1, "a"]);
    let wanted = [
        both.clone(),
        both,
        json!([false, false, true]),
        json!(true),
        json!(true),
    ];
    same(observe(user, code)?, wanted.to_vec())
}

fn masters(user: User) -> Verdict {
    steps(
        user,
        r#"veth_add("a", "b"); link_add("br0", "bridge"); link_add("br1", "bridge")"#,
        &[
            (
                r#"link_set("a", #{ master: "br0" })"#,
                "link show dev a",
                "/0/master",
                json!("br0"),
            ),
            (
                "",
                "link show dev a",
                "/0/linkinfo/info_slave_kind",
                json!("bridge"),
            ),
            (
                r#"assert(link_get("a").master == "br0")"#,
                "link show master br0",
                "/0/ifname",
                json!("a"),
            ),
            (
                r#"link_set("a", #{ master: "br1", up: true })"#,
                "link show dev a",
                "/0/master",
                json!("br1"),
            ),
            (
                r#"link_set("a", #{ nomaster: true })"#,
                "link show dev a",
                "/0/master",
                Value::Null,
            ),
            (
                r#"link_set("a", #{ nomaster: false })"#,
                "link show dev a",
                "/0/master",
                Value::Null,
            ),
            (
                r#"let refused = #{}; try { link_set("a", #{ master: "br0", nomaster: true }) } catch (e) { refused = e; }
                   assert(refused.argument == "nomaster")"#,
                "link show dev a",
                "/0/master",
                Value::Null,
            ),
        ],
    )
}

fn moving(user: User) -> Verdict {
    steps(
        user,
        r#"let h1 = netns_add("h1"); let h2 = netns_add("h2"); veth_add("a", "b")"#,
        &[
            (
                r#"link_set("b", #{ netns: h1 })"#,
                "-n h1 link show dev b",
                "/0/mtu",
                json!(1500),
            ),
            (r#"assert(!link_exists("b"))"#, "link", "/2", Value::Null),
            (
                r#"h1.link_set("b", #{ netns: "h2" })"#,
                "-n h2 link show dev b",
                "/0/mtu",
                json!(1500),
            ),
            ("", "-n h1 link", "/1", Value::Null),
            (
                r#"h2.link_set("b", #{ netns: "home" })"#,
                "link show dev b",
                "/0/link",
                json!("a"),
            ),
            (
                r#"link_set("b", #{ netns: netns_get("home") })"#,
                "link show dev b",
                "/0/link",
                json!("a"),
            ),
            // A namespace of somebody else's.
            (
                r#"exec("ip", ["netns", "add", "theirs"]); link_set("b", #{ netns: "theirs" })"#,
                "-n theirs link show dev b",
                "/0/mtu",
                json!(1500),
            ),
        ],
    )
}

fn moving_and_setting(user: User) -> Verdict {
    steps(
        user,
        r#"let h1 = netns_add("h1"); veth_add("a", "b", #{ up: true }); let failed = #{}"#,
        &[
            (
                r#"link_set("b", #{ netns: h1, name: "eth0", mtu: 1400, mac: "02:00:00:00:00:0b", up: true })"#,
                "-n h1 link show dev eth0",
                "/0/mtu",
                json!(1400),
            ),
            (
                "",
                "-n h1 link show dev eth0",
                "/0/address",
                json!("02:00:00:00:00:0b"),
            ),
            ("", "-n h1 link show dev eth0", "/0/flags", json!("UP")),
            // The second step fails; where the link is now has to be said.
            (
                r#"try { h1.link_set("eth0", #{ netns: "home", mtu: 1200, name: "a" }) } catch (e) { failed = e; }"#,
                "link show dev eth0",
                "/0/mtu",
                json!(1400),
            ),
            (
                r#"assert(failed.errno == "EEXIST" && failed.message.contains("eth0 has moved to netns home all the same"))"#,
                "link show dev a",
                "/0/mtu",
                json!(1500),
            ),
        ],
    )
}

/// The kernel sets one property after the other and stops at the first that it refuses.
fn refused_link_set(user: User) -> Verdict {
    let code = r#"
        veth_add("a", "b", #{ up: true });
        veth_add("c", "d");
        link_add("br0", "bridge");
        link_set("b", #{ master: "br0", alias: "before", txqueuelen: 77 });
        exec("ip", ["link", "property", "add", "dev", "d", "altname", "another"]);
        let errnos = [];
        fn attempt(link, options) {
            let look = || exec("ip", ["-j", "link"]).stdout;
            let before = look.call();
            let errno = ();
            try { link_set(link, options); } catch (e) { errno = e.errno; assert(!e.message.contains("half"), e.message); }
            [errno, before == look.call()]
        }
        // Refused at the name: the link with the new name is another one. (Links that are up can be renamed since Linux 6.2.)
        show(attempt("c", #{ mtu: 1300, mac: "02:00:00:00:00:0a", name: "a" }));
        show(attempt("a", #{ mac: "02:00:00:00:00:0a", mtu: 1300, alias: "new", promisc: true, master: "lo" }));
        // Refused after the renaming.
        show(attempt("c", #{ mtu: 1300, name: "nobody", master: "lo" }));
        show(attempt("another", #{ mtu: 1300, name: "nobody", master: "lo" }));
        show(attempt("b", #{ txqueuelen: 3, alias: "", up: false, nomaster: true, mtu: 1 }));
        show(attempt("b", #{ txqueuelen: 3, mtu: 1400, master: "nothing" }));
        show(attempt("b", #{ mtu: 1400, netns: "nowhere" }));
        show(attempt("b", #{ mtu: 1400, nmae: "c" }));
        show(attempt("b", #{ mtu: 1400, name: "a/b" }));
    "#;
    let wanted = [
        json!(["EEXIST", true]),
        json!(["EOPNOTSUPP", true]),
        json!(["EOPNOTSUPP", true]),
        json!(["EOPNOTSUPP", true]),
        json!(["EINVAL", true]),
        json!(["ENODEV", true]),
        json!(["ENOENT", true]),
        json!([null, true]),
        json!([null, true]),
    ];
    same(observe(user, code)?, wanted.to_vec())
}

fn listed_as_by_ip(user: User) -> Verdict {
    let code = r#"
        let h1 = netns_add("h1");
        link_add("br0", "bridge", #{ up: true });
        veth_add("a", "b", #{ up: true });
        veth_add("c", "d");
        veth_add("out", "in", #{ peer_netns: h1, up: true });
        link_set("a", #{ master: "br0", alias: "port", promisc: true, txqueuelen: 9 });
        link_set("c", #{ up: true, txqueuelen: 0 });
        addr_add("br0", "10.0.0.1/24", #{ broadcast: "+" });
        addr_add("br0", "fd00::1/64");
        addr_add("lo", "10.9.9.9/32");
        show(settled("addr", || link_list()));
        show(link_list().map(|link| link_get(link.name) == link || link.statistics != ()));
        show(settled("addr show dev br0", || [link_get("br0")]));
        show([link_get("out").peer, link_get("out").peer_netns, h1.link_get("in").peer, h1.link_get("in").peer_netns]);
        show(h1.run(|| link_list()).map(|link| link.name));
        link_set("br0", #{ addrgenmode: "none" });
        show(settled("link", || link_list().map(|link| link.properties.addrgenmode)));
    "#;
    let shown = observe(user, code)?;
    for pair in [&shown[0], &shown[2]] {
        let (ip, mine) = (list(&pair[0]), list(&pair[1]));
        same(mine.len(), ip.len())?;
        for (ip, mine) in ip.iter().zip(mine) {
            let mut wanted = link_map(ip);
            if ip["ifname"] == "out" {
                wanted["peer"] = json!("in");
                wanted["peer_netns"] = json!("h1");
            }
            // What is in them is held to ip for each kind by the tests of kinds.
            for (key, data) in [("settings", "info_data"), ("port", "info_slave_data")] {
                same(mine[key].is_null(), ip["linkinfo"][data].is_null())?;
                wanted[key] = mine[key].clone();
            }
            wanted["properties"]["addrgenmode"] = mine["properties"]["addrgenmode"].clone();
            same(mine, &wanted)?;
        }
    }
    let (ip, mine) = (list(&shown[5][0]), list(&shown[5][1]));
    let modes = ip.iter().map(|link| link["inet6_addr_gen_mode"].clone());
    same(mine, modes.collect::<Vec<_>>().as_slice())?;
    same(&mine[1], &json!("none"))?;
    same(list(&shown[0][1]).len(), 7)?;
    same(&shown[3], &json!(["in", "h1", "out", "home"]))?;
    same(&shown[4], &json!(["lo", "in"]))
}

/// Traffic, so that the counters are not all zero.
fn counters(user: User) -> Verdict {
    let code = r#"
        let h1 = netns_add("h1");
        veth_add("a", "b", #{ peer_netns: h1, up: true });
        addr_add("a", "10.0.0.1/24");
        h1.addr_add("b", "10.0.0.2/24");
        ping("10.0.0.2", #{ count: 3, interval: 0.01, quiet: true });
        show(settled("addr show dev a", || link_get("a")));
    "#;
    let shown = observe(user, code)?;
    let (ip, mine) = (link_map(&shown[0][0][0]), &shown[0][1]);
    same(&mine["statistics"], &ip["statistics"])?;
    let packets = mine["statistics"]["tx_packets"].as_i64().unwrap_or(0);
    match packets {
        // Three requests and what ARP needed.
        4.. => Ok(()),
        few => Err(format!("{few} packets sent").into()),
    }
}

/// The kernel takes nearly any bytes for a name, and others use them.
fn names_that_others_made(user: User) -> Verdict {
    let code = r#"
        let out = exec("sh", ["-c", `
            x=$(printf 'x\377') && ip link add "$x" type veth peer name '"quoted"' &&
            ip link set '"quoted"' alias "$(printf 'a\377\033[31mb')" up && ip addr add 10.0.0.1/24 dev "$x" &&
            ip link add dev dev type bridge && ip link add ';rm' type bridge && ip link add '日本語' type bridge`]);
        assert(out.code == 0, out.stderr);
        show(link_list().map(|link| link.name));
        show(link_get("\"quoted\"").alias);
        show(addr_list().filter(|addr| addr.address == "10.0.0.1").map(|addr| addr.link));
        link_set("日本語", #{ up: true, mtu: 1400 });
        link_del("dev");
        link_del(";rm");
        show(ip("link show dev 日本語"));
        show(exec("ip", ["link", "show", "dev", ";rm"]).code);
    "#;
    let shown = observe(user, code)?;
    same(
        &shown[0],
        &json!(["lo", "\"quoted\"", "x?", "dev", ";rm", "日本語"]),
    )?;
    same(&shown[1], &json!("a?\u{1b}[31mb"))?;
    same(&shown[2], &json!(["x?"]))?;
    same(&shown[3][0]["mtu"], &json!(1400))?;
    same(&shown[4], &json!(1))
}
