//! Network namespaces: making, finding and deleting them, working in them, and coming home.

use libtest_mimic::Trial;
use serde_json::{Value, json};

use crate::second_path::{list, observe};
use crate::support::{Need, User, Verdict, run, same, test};

const IP: &[Need] = &[Need::Program("ip")];

/// The tests of this file.
pub fn trials() -> Vec<Trial> {
    [
        test("namespaces: made, listed, deleted", IP, made_listed_deleted),
        test(
            "namespaces: seen by ip netns, and the other way round",
            IP,
            shared_with_ip,
        ),
        test(
            "namespaces: each verb is a method",
            IP,
            each_verb_is_a_method,
        ),
        test(
            "namespaces: run gives what the closure gives",
            &[],
            run_gives_what_the_closure_gives,
        ),
        test(
            "namespaces: nested runs come home",
            IP,
            nested_runs_come_home,
        ),
        test("namespaces: a throw comes home", IP, a_throw_comes_home),
        test(
            "namespaces: handles after the end",
            IP,
            handles_after_the_end,
        ),
        test("namespaces: handles are values", &[], handles_are_values),
        test("namespaces: home", IP, home),
        test("namespaces: a hundred of them", IP, a_hundred),
        test(
            "namespaces: names that none can have",
            &[],
            names_that_none_can_have,
        ),
    ]
    .into_iter()
    .flatten()
    .collect()
}

fn made_listed_deleted(user: User) -> Verdict {
    let code = r#"
        let h1 = netns_add("h1");
        let h2 = netns_add("h 2", #{ lo: false });
        show(netns_list().map(|found| found.name));
        show(netns_list().map(|found| found.inode));
        show(exec("stat", ["-c", "%i", "/run/netns/h 2", "/run/netns/h1"]).stdout);
        show(h1.exec("readlink", ["/proc/self/ns/net"]).stdout);
        show([ip("-n h1 link show dev lo"), h2.link_get("lo").state]);
        let failed = [];
        try { netns_add("h1") } catch (e) { failed.push(e.errno); }
        netns_del("h1");
        netns_del(h2);
        try { netns_del("h1") } catch (e) { failed.push(e.errno); }
        try { netns_get("h1") } catch (e) { failed.push(e.errno); }
        show(failed);
        show([netns_list().len(), exec("ls", ["/run/netns"]).stdout]);
    "#;
    let shown = observe(user, code)?;
    same(&shown[0], &json!(["h 2", "h1"]))?;
    let inodes: Vec<&str> = shown[2].as_str().unwrap_or_default().lines().collect();
    let mine: Vec<String> = list(&shown[1]).iter().map(ToString::to_string).collect();
    same(
        mine.iter().map(String::as_str).collect::<Vec<_>>(),
        inodes.clone(),
    )?;
    same(
        shown[3].as_str(),
        Some(format!("net:[{}]\n", inodes[1]).as_str()),
    )?;
    let lo = &shown[4][0][0]["flags"];
    same(list(lo).contains(&json!("UP")), true)?;
    same(&shown[4][1], &json!("down"))?;
    same(&shown[5], &json!(["EEXIST", "ENOENT", "ENOENT"]))?;
    same(&shown[6], &json!([0, ""]))
}

fn shared_with_ip(user: User) -> Verdict {
    let code = r#"
        let mine = netns_add("mine");
        mine.veth_add("a", "b", #{ peer_netns: "home" });
        show(exec("ip", ["-j", "netns", "exec", "mine", "ip", "-j", "link", "show", "dev", "a"]).stdout);
        show(exec("ip", ["netns", "exec", "mine", "ls", "--hide=bonding_masters", "/sys/class/net"]).stdout);
        exec("ip", ["netns", "add", "theirs"]);
        let theirs = netns_get("theirs");
        theirs.veth_add("c", "d");
        theirs.addr_add("c", "10.0.0.1/24");
        show(ip("-n theirs addr show dev c"));
        show(netns_list().map(|found| found.name));
        veth_add("e", "f", #{ peer_netns: "theirs" });
        show([link_get("e").peer, link_get("e").peer_netns]);
        // Deleted by somebody else, and made anew.
        exec("ip", ["netns", "del", "mine"]);
        let failed = ();
        try { netns_get("mine"); failed = "there"; } catch (e) { failed = e.errno; }
        show([failed, netns_list().len()]);
        exec("ip", ["netns", "add", "mine"]);
        show([netns_get("mine") == mine, netns_get("mine").link_exists("a"), mine.link_exists("a")]);
        netns_del("mine");
        netns_del("theirs");
        show(exec("ip", ["netns", "list"]).stdout);
    "#;
    let shown = observe(user, code)?;
    same(&shown[0][0]["ifname"], &json!("a"))?;
    let names: Vec<&str> = shown[1]
        .as_str()
        .unwrap_or_default()
        .split_whitespace()
        .collect();
    same(names, vec!["a", "lo"])?;
    same(&shown[2][0]["addr_info"][0]["local"], &json!("10.0.0.1"))?;
    same(&shown[3], &json!(["mine", "theirs"]))?;
    same(&shown[4], &json!(["f", "theirs"]))?;
    same(&shown[5], &json!(["ENOENT", 1]))?;
    same(&shown[6], &json!([false, false, true]))?;
    same(&shown[7], &json!(""))
}

/// With options and without, with results and without.
fn each_verb_is_a_method(user: User) -> Verdict {
    let code = r#"
        let h1 = netns_add("h1");
        h1.veth_add("a", "b");
        h1.veth_add("c", "d", #{ mtu: 1400 });
        h1.link_add("br0", "bridge");
        h1.link_add("br1", "bridge", #{ up: true });
        h1.link_up("a");
        h1.link_up("b");
        h1.link_down("b");
        h1.link_set("c", #{ master: "br0" });
        h1.addr_add("a", "10.0.0.1/24");
        h1.addr_add("a", "fd00::1/64", #{ home: true });
        h1.addr_add("d", "10.1.0.1/24");
        h1.addr_del("d", "10.1.0.1/24");
        h1.addr_add("d", "10.2.0.1/24");
        h1.addr_flush("d");
        h1.sysctl_set("net.ipv4.ip_forward", 1);
        show(ip("-n h1 addr"));
        show([h1.link_get("c").mtu, h1.link_list().len(), h1.link_exists("a"), h1.addr_list().len() > 3, h1.addr_list("a")[0].address]);
        show([h1.neigh_list().len() >= 0, h1.neigh_list(#{ dev: "a" }).len(), h1.arp_table().len()]);
        show([h1.sysctl_get("net.ipv4.ip_forward"), h1.sysctl_list("net.ipv4.conf.a").len() > 20, sysctl_get("net.ipv4.ip_forward")]);
        show([h1.netns_list()[0].name, h1.netns_get("home").name]);
        let inner = h1.netns_add("inner");
        h1.netns_del("inner");
        h1.link_del("a");
        show(h1.exec("ip", ["-j", "link", "show", "dev", "br1"]).stdout);
        show([h1.sh("exit 7"), h1.exec("ip", ["link", "show", "dev", "b"]).code]);
        h1.assert(true);
        h1.assert(true, "words");
        h1.sleep(0);
        show(h1.wait_until(|| link_get("c").mtu, 60));
        h1.show("shown");
        show(h1.ping("127.0.0.1", #{ count: 1, quiet: true }).received);
    "#;
    let shown = observe(user, code)?;
    let links = list(&shown[0]);
    let link = |name: &str| {
        links
            .iter()
            .find(|link| link["ifname"] == name)
            .cloned()
            .unwrap_or_default()
    };
    same(links.len(), 7)?;
    same(&link("c")["master"], &json!("br0"))?;
    same(&link("c")["mtu"], &json!(1400))?;
    same(list(&link("a")["flags"]).contains(&json!("UP")), true)?;
    same(&link("b")["operstate"], &json!("DOWN"))?;
    let global = |address: &&Value| address["scope"] == "global";
    same(
        list(&link("a")["addr_info"]).iter().filter(global).count(),
        2,
    )?;
    same(&link("d")["addr_info"], &json!([]))?;
    same(&shown[1], &json!([1400, 7, true, true, "10.0.0.1"]))?;
    same(&shown[2], &json!([true, 0, 0]))?;
    same(&shown[3], &json!([1, true, 0]))?;
    same(&shown[4], &json!(["h1", "home"]))?;
    same(list(&shown[5][0]["flags"]).contains(&json!("UP")), true)?;
    same(
        shown[6..].to_vec(),
        vec![json!([7, 1]), json!(1400), json!("shown"), json!(1)],
    )
}

fn run_gives_what_the_closure_gives(user: User) -> Verdict {
    let code = r#"
        let h1 = netns_add("h1");
        let outer = 40;
        print(h1.run(|| outer + 2));
        print(h1.run(|| #{ a: [1, 2] }));
        print(h1.run(|| ()) == ());
        h1.run(|| { outer += 1; });
        print(outer);
        fn in_a_function(netns) { netns.run(|| link_list().len()) }
        print(in_a_function(h1));
        print(h1.run(|| netns_get("h1").name));
        let f = || link_exists("a");
        veth_add("a", "b");
        print([f.call(), h1.run(f)]);
    "#;
    same(
        run(user, code)?.as_str(),
        "42\n#{\"a\": [1, 2]}\ntrue\n41\n1\nh1\n[true, false]\n",
    )
}

fn nested_runs_come_home(user: User) -> Verdict {
    let code = r#"
        let h1 = netns_add("h1");
        let h2 = netns_add("h2");
        veth_add("in_home", "p");
        h1.veth_add("in_h1", "p");
        h2.veth_add("in_h2", "p");
        let here = || exec("ip", ["-j", "link"]).stdout;
        let seen = [];
        seen.push(here.call());
        h1.run(|| {
            seen.push(here.call());
            h2.run(|| { seen.push(here.call()); netns_get("h1").run(|| seen.push(here.call())); seen.push(here.call()); netns_get("home").run(|| seen.push(here.call())); });
            seen.push(here.call());
            netns_get("h2").link_exists("in_h2");
            seen.push(here.call());
        });
        seen.push(here.call());
        show(seen);
    "#;
    let shown = observe(user, code)?;
    let places: Vec<&Value> = list(&shown[0])
        .iter()
        .map(|links| &links[2]["ifname"])
        .collect();
    let wanted = [
        "in_home", "in_h1", "in_h2", "in_h1", "in_h2", "in_home", "in_h1", "in_h1", "in_home",
    ];
    same(places, wanted.map(|place| json!(place)).iter().collect())
}

fn a_throw_comes_home(user: User) -> Verdict {
    let code = r#"
        let h1 = netns_add("h1");
        veth_add("a", "b");
        let here = || [link_exists("a"), exec("ip", ["link", "show", "dev", "a"]).code];
        let caught = [];
        fn deep(n) { if n == 0 { link_up("nothing"); } else { deep(n - 1); } }
        try { h1.run(|| { throw "mine"; }); } catch (e) { caught.push(e); }
        show(here.call());
        try { h1.run(|| { netns_get("h1").run(|| deep(5)); }); } catch (e) { caught.push([e.errno, e.netns, e.object]); }
        show(here.call());
        try { h1.addr_add("nothing", "10.0.0.1/24"); } catch (e) { caught.push([e.errno, e.netns, e.op]); }
        show(here.call());
        try { h1.run(|| [][1]); } catch { caught.push("index"); }
        show(here.call());
        // Caught inside, the closure goes on where it is.
        show(h1.run(|| { try { link_up("a"); } catch { } link_exists("a") }));
        for turn in 0..3 { h1.run(|| { if turn == 1 { return; } }); }
        show(here.call());
        show(caught);
    "#;
    let shown = observe(user, code)?;
    let home = json!([true, 0]);
    for at in [0, 1, 2, 3, 5] {
        same(&shown[at], &home)?;
    }
    same(&shown[4], &json!(false))?;
    let wanted = json!([
        "mine",
        ["ENODEV", "h1", "nothing"],
        ["ENODEV", "h1", "addr_add"],
        "index"
    ]);
    same(&shown[6], &wanted)
}

fn handles_after_the_end(user: User) -> Verdict {
    let code = r#"
        let h1 = netns_add("h1");
        veth_add("a", "b", #{ peer_netns: h1 });
        netns_del(h1);
        // Nobody else has it open: the kernel ends it, and the pair with it.
        wait_until(|| exec("ip", ["link", "show", "dev", "a"]).code != 0, 60);
        let failed = [];
        try { h1.run(|| 1) } catch (e) { failed.push([e.errno, e.object]); }
        try { h1.link_list() } catch (e) { failed.push([e.errno, e.object]); }
        try { veth_add("a", "b", #{ peer_netns: h1 }) } catch (e) { failed.push([e.errno, e.object, e.argument]); }
        try { netns_del(h1) } catch (e) { failed.push([e.errno, e.object]); }
        show(failed);
        show([h1.name, `${h1}`]);
        // A new one of the same name is another one.
        let again = netns_add("h1");
        again.veth_add("c", "d");
        let old = ();
        try { old = h1.link_exists("c") } catch (e) { old = e.errno; }
        show([again == h1, old, netns_get("h1") == again]);
        // Not while somebody is in it.
        let busy = [];
        again.run(|| { try { netns_del("h1") } catch (e) { busy.push(e.errno); } });
        try { netns_del("home") } catch (e) { busy.push(e.errno); }
        show(busy);
        show(netns_list().len());
    "#;
    let shown = observe(user, code)?;
    let gone = json!(["ENOENT", "h1"]);
    same(
        &shown[0],
        &json!([gone, gone, ["ENOENT", "h1", "peer_netns"], gone]),
    )?;
    same(&shown[1], &json!(["h1", "netns h1"]))?;
    same(&shown[2], &json!([false, "ENOENT", true]))?;
    same(&shown[3], &json!(["EBUSY", "EBUSY"]))?;
    same(&shown[4], &json!(1))
}

fn handles_are_values(user: User) -> Verdict {
    let code = r#"
        let hosts = [];
        for n in 1..4 { hosts.push(netns_add(`h${n}`)); }
        let by_name = #{};
        for host in hosts { by_name[host.name] = host; }
        by_name.h2.veth_add("a", "b");
        print(hosts.map(|host| host.link_exists("a")));
        print(hosts[1] == by_name.h2 && hosts[0] != hosts[1]);
        print(hosts);
        print(type_of(hosts[0]));
    "#;
    let wanted = "[false, true, false]\ntrue\n[netns h1, netns h2, netns h3]\nnetns\n";
    same(run(user, code)?.as_str(), wanted)
}

fn home(user: User) -> Verdict {
    let code = r#"
        let home = netns_get("home");
        let h1 = netns_add("h1");
        home.veth_add("a", "b");
        show(ip("link show dev a"));
        show(h1.run(|| home.link_exists("a")));
        show([home.name, home == netns_get("home"), netns_list().len()]);
        let failed = ();
        try { netns_add("home") } catch (e) { failed = e.argument; }
        show(failed);
    "#;
    let shown = observe(user, code)?;
    same(&shown[0][0]["link"], &json!("b"))?;
    same(
        shown[1..].to_vec(),
        vec![json!(true), json!(["home", true, 1]), json!("name")],
    )
}

/// Descriptors, sockets and mounts of so many, and all of them gone again.
fn a_hundred(user: User) -> Verdict {
    let code = r#"
        for n in 0..100 {
            let host = netns_add(`h${n}`);
            veth_add(`v${n}`, "eth0", #{ peer_netns: host, up: true });
            host.addr_add("eth0", `10.0.${n}.1/24`);
        }
        show([link_list().len(), netns_list().len()]);
        show(exec("ip", ["-j", "link"]).stdout);
        show(exec("ip", ["-j", "-n", "h99", "-4", "addr", "show", "dev", "eth0"]).stdout);
        show(link_list().filter(|link| link.kind == "veth" && link.peer == "eth0" && link.peer_netns == `h${link.name.sub_string(1)}`).len());
        for n in 0..100 { netns_del(`h${n}`); }
        wait_until(|| link_list().len() == 1, 60);
        show(exec("ls", ["/run/netns"]).stdout);
    "#;
    let shown = observe(user, code)?;
    same(&shown[0], &json!([101, 100]))?;
    same(list(&shown[1]).len(), 101)?;
    same(&shown[2][0]["addr_info"][0]["local"], &json!("10.0.99.1"))?;
    same(shown[3..].to_vec(), vec![json!(100), json!("")])
}

fn names_that_none_can_have(user: User) -> Verdict {
    let code = r#"
        let long = "";
        for n in 0..256 { long += "x"; }
        let failed = [];
        for name in ["", ".", "..", "a/b", "../escape", long, "home"] {
            try { netns_add(name, #{}); failed.push("made"); } catch (e) { failed.push(e.argument); }
            try { netns_get(name + "/"); failed.push("there"); } catch (e) { failed.push(e.errno); }
        }
        show(failed);
        show(netns_list().len());
        for name in ["ü", "a b", "'quoted'", "-n", "0"] { netns_add(name, #{}).veth_add("a", "b"); netns_del(name); }
    "#;
    let shown = observe(user, code)?;
    let pair = [json!("name"), json!("ENOENT")];
    same(
        &shown[0],
        &Value::Array(pair.iter().cycle().take(14).cloned().collect()),
    )?;
    same(&shown[1], &json!(0))
}
