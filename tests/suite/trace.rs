//! `trace`: packets are one packet on their way, through routers, bridges, NAT, VLANs and tunnels, and are drawn and written.

use libtest_mimic::{Failed, Trial};
use serde_json::{Value, json};

use crate::folder::Folder;
use crate::support::{Need, Ran, User, Verdict, netsh, program, run, run_json, same, test};

const VLAN: &[Need] = &[Need::Kernel("link vlan")];
const TCPDUMP: &[Need] = &[Need::Program("tcpdump")];

/// The tests of this file.
pub fn trials() -> Vec<Trial> {
    [
        test("trace: through a router", &[], router),
        test("trace: through a bridge", &[], bridge),
        test("trace: through NAT", &[], nat),
        test(
            "trace: two hosts behind one NAT that say the same",
            &[],
            alike,
        ),
        test("trace: in pieces", &[], pieces),
        test("trace: through a VXLAN", &[], vxlan),
        test("trace: through VLANs on one cable", VLAN, vlan),
        test("trace: round in a circle", &[], circle),
        test("trace: a packet that nobody takes", &[], stopped),
        test("trace: of what throws", &[], thrown),
        test(
            "trace: namespaces that the closure makes",
            &[],
            made_meanwhile,
        ),
        test("trace: links that go meanwhile", &[], departed),
        test(
            "trace: namespaces that go meanwhile",
            &[],
            departed_namespace,
        ),
        test("trace: links with names of others", &[], same_names),
        test("trace: an address that moves", &[], moved_address),
        test("trace: a flood", &[], flood),
        test("trace: as a picture and a diagram", &[], drawn),
        test("trace: on a dumb terminal", &[], dumb),
        test("trace: as a capture file", TCPDUMP, written),
    ]
    .into_iter()
    .flatten()
    .collect()
}

/// Two hosts with something between them: both of its links go there.
const ENDS: &str = r#"
    let h1 = netns_add("h1");
    let mid = netns_add("mid");
    let h2 = netns_add("h2");
    h1.veth_add("eth0", "left", #{ peer_netns: mid, up: true });
    h2.veth_add("eth0", "right", #{ peer_netns: mid, up: true });
    for netns in [h1, mid, h2] { netns.sysctl_set("net.ipv6.conf.all.disable_ipv6", 1); }
    // The path of the only journey with this label, and the fields that changed at each step.
    fn way(t, label) {
        let found = t.journeys.filter(|journey| journey.label.starts_with(label));
        assert(found.len() == 1, `${found.len()} journeys: ${label}`);
        [found[0].path, found[0].steps.map(|step| step.changes
            .filter(|change| !change.field.starts_with("ether")).map(|change| change.field)), found[0].delivered]
    }
"#;

fn ways(user: User, code: &str, wanted: Vec<Value>) -> Verdict {
    same(run_json(user, &format!("{ENDS}{code}"))?, wanted)
}

fn router(user: User) -> Verdict {
    let code = r#"
        h1.addr_add("eth0", "10.0.1.2/24"); mid.addr_add("left", "10.0.1.1/24");
        h2.addr_add("eth0", "10.0.2.2/24"); mid.addr_add("right", "10.0.2.1/24");
        h1.route_add("default", #{ via: "10.0.1.1" }); h2.route_add("default", #{ via: "10.0.2.1" });
        mid.sysctl_set("net.ipv4.ip_forward", 1);
        let t = trace(|| h1.ping("10.0.2.2", #{ count: 1, quiet: true }));
        show(t.result.received);
        show(way(t, "echo request"));
        show(way(t, "echo reply"));
    "#;
    let there = ["h1/eth0 out", "mid/left in", "mid/right out", "h2/eth0 in"];
    let back = ["h2/eth0 out", "mid/right in", "mid/left out", "h1/eth0 in"];
    let changes = json!([[], [], ["ttl"], []]);
    let wanted = vec![
        json!(1),
        json!([there, changes, true]),
        json!([back, changes, true]),
    ];
    ways(user, code, wanted)
}

fn bridge(user: User) -> Verdict {
    let code = r#"
        mid.bridge_add("br0", #{ up: true });
        for port in ["left", "right"] { mid.link_set(port, #{ master: "br0" }); }
        h1.addr_add("eth0", "10.0.0.1/24"); h2.addr_add("eth0", "10.0.0.2/24");
        h1.ping("10.0.0.2", #{ count: 1, quiet: true });
        let t = trace(|| h1.ping("10.0.0.2", #{ count: 1, quiet: true }));
        show(way(t, "echo request"));
    "#;
    let there = ["h1/eth0 out", "mid/left in", "mid/right out", "h2/eth0 in"];
    ways(user, code, vec![json!([there, [[], [], [], []], true])])
}

fn nat(user: User) -> Verdict {
    let code = r#"
        h1.addr_add("eth0", "10.0.1.2/24"); mid.addr_add("left", "10.0.1.1/24");
        h2.addr_add("eth0", "192.0.2.2/24"); mid.addr_add("right", "192.0.2.1/24");
        h1.route_add("default", #{ via: "10.0.1.1" });
        mid.sysctl_set("net.ipv4.ip_forward", 1);
        mid.nat_masquerade("10.0.1.0/24", "right");
        let t = trace(|| h1.ping("192.0.2.2", #{ count: 1, quiet: true }));
        show(way(t, "echo request"));
        show(way(t, "echo reply"));
    "#;
    let there = ["h1/eth0 out", "mid/left in", "mid/right out", "h2/eth0 in"];
    let back = ["h2/eth0 out", "mid/right in", "mid/left out", "h1/eth0 in"];
    let wanted = vec![
        json!([there, [[], [], ["saddr", "ttl"], []], true]),
        json!([back, [[], [], ["daddr", "ttl"], []], true]),
    ];
    ways(user, code, wanted)
}

/// The same ports and words from both, and the same echo request.
fn alike(user: User) -> Verdict {
    let code = r#"
        let h3 = netns_add("h3");
        h3.veth_add("eth0", "second", #{ peer_netns: mid, up: true });
        h3.sysctl_set("net.ipv6.conf.all.disable_ipv6", 1);
        mid.bridge_add("br0", #{ up: true });
        for port in ["left", "second"] { mid.link_set(port, #{ master: "br0" }); }
        mid.addr_add("br0", "10.0.1.1/24");
        h1.addr_add("eth0", "10.0.1.2/24"); h3.addr_add("eth0", "10.0.1.3/24");
        h2.addr_add("eth0", "192.0.2.2/24"); mid.addr_add("right", "192.0.2.1/24");
        for host in [h1, h3] { host.route_add("default", #{ via: "10.0.1.1" }); }
        mid.sysctl_set("net.ipv4.ip_forward", 1);
        mid.nat_masquerade("10.0.1.0/24", "right");
        for host in [h1, h3] { host.ping("192.0.2.2", #{ count: 1, quiet: true }); }
        let t = trace(|| {
            for host in [h1, h3] {
                host.send("eth0", #{ ip: #{ daddr: "192.0.2.2" }, icmp: #{ type: 8, id: 7, sequence: 1 } });
                host.send("eth0", #{ ip: #{ daddr: "192.0.2.2" }, udp: #{ sport: 5000, dport: 9 }, payload: "same" });
            }
            wait_until(|| mid.conntrack_list(#{ proto: "udp" }).len() == 2, 5);
        });
        for label in ["echo request", "UDP 9"] {
            for journey in t.journeys.filter(|journey| journey.label.starts_with(label)) {
                let ttl = journey.steps.map(|step| step.changes.filter(|change| change.field == "ttl").len());
                show([journey.path, ttl, journey.delivered]);
            }
        }
    "#;
    let way = |host: &str, port: &str| {
        let path = [
            format!("{host}/eth0 out"),
            format!("mid/{port} in"),
            "mid/br0 in".into(),
            "mid/right out".into(),
            "h2/eth0 in".into(),
        ];
        json!([path, [0, 0, 0, 1, 0], true])
    };
    let wanted = [way("h1", "left"), way("h3", "second")];
    ways(user, code, [wanted.clone(), wanted].concat())
}

/// A router cuts a packet for a cable that takes less, and drops none of them, or one.
fn pieces(user: User) -> Verdict {
    let code = r#"
        h1.addr_add("eth0", "10.0.1.2/24"); mid.addr_add("left", "10.0.1.1/24");
        h2.addr_add("eth0", "10.0.2.2/24"); mid.addr_add("right", "10.0.2.1/24");
        h1.route_add("default", #{ via: "10.0.1.1" }); h2.route_add("default", #{ via: "10.0.2.1" });
        mid.sysctl_set("net.ipv4.ip_forward", 1);
        mid.link_set("right", #{ mtu: 1000 });
        h1.ping("10.0.2.2", #{ count: 1, quiet: true });
        let packet = #{ ip: #{ daddr: "10.0.2.2", id: 77 }, udp: #{ sport: 5000, dport: 9 }, payload: blob(1400, 7) };
        let t = trace(|| h1.send("eth0", packet));
        // Whether the first piece arrives before the second one leaves is the kernel's affair.
        let seen = way(t, "UDP 9");
        let steps = [];
        for (place, at) in seen[0] { steps.push(`${place} ${seen[1][at]}`); }
        steps.sort();
        show([steps, seen[2]]);
        show(t.text().contains("stops here"));
        // What the sender cuts is one packet too.
        h2.link_set("eth0", #{ mtu: 1000 });
        let t = trace(|| h1.ping("10.0.2.2", #{ count: 1, size: 2000, quiet: true }));
        show(t.journeys.filter(|journey| journey.label.starts_with("echo")).map(|journey| journey.delivered));
    "#;
    let steps = [
        "h1/eth0 out []",
        "h2/eth0 in []",
        "h2/eth0 in []",
        "mid/left in []",
        r#"mid/right out ["ttl", "fragment"]"#,
        r#"mid/right out ["ttl", "fragment"]"#,
    ];
    let wanted = vec![json!([steps, true]), json!(false), json!([true, true])];
    ways(user, code, wanted)
}

fn vxlan(user: User) -> Verdict {
    let code = r#"
        mid.bridge_add("br0", #{ up: true });
        for port in ["left", "right"] { mid.link_set(port, #{ master: "br0" }); }
        h1.addr_add("eth0", "192.0.2.1/24"); h2.addr_add("eth0", "192.0.2.2/24");
        h1.vxlan_add("vx", 42, #{ remote: "192.0.2.2", dstport: 4789, up: true });
        h2.vxlan_add("vx", 42, #{ remote: "192.0.2.1", dstport: 4789, up: true });
        h1.addr_add("vx", "10.0.0.1/24"); h2.addr_add("vx", "10.0.0.2/24");
        h1.ping("10.0.0.2", #{ count: 1, quiet: true });
        let t = trace(|| h1.ping("10.0.0.2", #{ count: 1, quiet: true }));
        show(way(t, "echo request"));
    "#;
    let there = [
        "h1/vx out",
        "h1/eth0 out",
        "mid/left in",
        "mid/right out",
        "h2/eth0 in",
        "h2/vx in",
    ];
    let changes = json!([[], ["tunnel"], [], [], [], ["tunnel"]]);
    ways(user, code, vec![json!([there, changes, true])])
}

fn vlan(user: User) -> Verdict {
    let code = r#"
        for host in [h1, h2] { host.vlan_add("eth0.7", "eth0", 7, #{ up: true }); }
        mid.bridge_add("br0", #{ up: true });
        for port in ["left", "right"] { mid.link_set(port, #{ master: "br0" }); }
        h1.addr_add("eth0.7", "10.0.7.1/24"); h2.addr_add("eth0.7", "10.0.7.2/24");
        h1.ping("10.0.7.2", #{ count: 1, quiet: true });
        let t = trace(|| h1.ping("10.0.7.2", #{ count: 1, quiet: true }));
        show(way(t, "echo request"));
    "#;
    let there = [
        "h1/eth0.7 out",
        "h1/eth0 out",
        "mid/left in",
        "mid/right out",
        "h2/eth0 in",
        "h2/eth0.7 in",
    ];
    let changes = json!([[], ["vlan id"], [], [], [], ["vlan id"]]);
    ways(user, code, vec![json!([there, changes, true])])
}

/// Two routers that take each other for the way there: one packet, until its TTL is used up.
fn circle(user: User) -> Verdict {
    let code = r#"
        h1.addr_add("eth0", "10.0.1.2/24"); mid.addr_add("left", "10.0.1.1/24");
        h2.addr_add("eth0", "10.0.2.2/24"); mid.addr_add("right", "10.0.2.1/24");
        h1.route_add("default", #{ via: "10.0.1.1" });
        mid.route_add("default", #{ via: "10.0.2.2" }); h2.route_add("default", #{ via: "10.0.2.1" });
        for netns in [mid, h2] { netns.sysctl_set("net.ipv4.ip_forward", 1); }
        let t = trace(|| h1.ping("10.9.9.9", #{ count: 1, ttl: 5, timeout: 1, quiet: true }));
        let found = t.journeys.filter(|journey| journey.label.starts_with("echo request"));
        show([found.len(), found[0].delivered, found[0].steps.len()]);
    "#;
    // Out and in on five cables, with a TTL of 5, 4, 3, 2 and 1.
    ways(user, code, vec![json!([1, false, 10])])
}

fn stopped(user: User) -> Verdict {
    let code = r#"
        h1.addr_add("eth0", "10.0.1.2/24"); mid.addr_add("left", "10.0.1.1/24");
        h1.route_add("default", #{ via: "10.0.1.1" });
        let t = trace(|| h1.ping("10.9.9.9", #{ count: 1, timeout: "100ms", quiet: true }));
        let found = t.journeys.filter(|journey| journey.label.starts_with("echo request"));
        show([found[0].delivered, found[0].ends]);
    "#;
    let end = json!({"end": "stopped", "link": "left", "netns": "mid"});
    ways(user, code, vec![json!([false, [end]])])
}

fn thrown(user: User) -> Verdict {
    let code = r#"
        try { trace(|| throw "on"); } catch (e) { show(e); }
        show(trace(|| 42).result);
    "#;
    same(run_json(user, code)?, vec![json!("on"), json!(42)])
}

fn made_meanwhile(user: User) -> Verdict {
    let code = r#"
        let t = trace(|| {
            let h = netns_add("late");
            veth_add("here", "there", #{ peer_netns: h, up: true });
            addr_add("here", "10.0.0.1/24"); h.addr_add("there", "10.0.0.2/24");
            ping("10.0.0.2", #{ count: 1, quiet: true });
        });
        show(t.journeys.filter(|journey| journey.label.starts_with("echo request"))[0].path);
    "#;
    same(
        run_json(user, code)?,
        vec![json!(["here out", "late/there in"])],
    )
}

/// Two links that are renamed, moved to another namespace and deleted, and one that another program deletes: what was seen there
/// before is what it was.
fn departed(user: User) -> Verdict {
    let code = r#"
        let h = netns_add("h");
        let other = netns_add("other");
        for netns in [h, other] { netns.sysctl_set("net.ipv6.conf.all.disable_ipv6", 1); }
        sysctl_set("net.ipv6.conf.all.disable_ipv6", 1);
        let once = |to| ping(to, #{ count: 1, quiet: true, timeout: 2 }).received;
        veth_add("a", "b", #{ peer_netns: h, up: true });
        addr_add("a", "10.0.0.1/24"); h.addr_add("b", "10.0.0.2/24");
        veth_add("c", "d", #{ peer_netns: h, up: true });
        addr_add("c", "10.0.1.1/24"); h.addr_add("d", "10.0.1.2/24");
        let t = trace(|| {
            once.call("10.0.0.2");
            h.link_set("b", #{ up: false, name: "e" });
            h.link_up("e");
            once.call("10.0.0.2");
            h.link_set("e", #{ netns: other });
            other.addr_add("e", "10.0.0.2/24"); other.link_up("e");
            neigh_flush(#{ dev: "a" });
            once.call("10.0.0.2");
            link_del("a");
            once.call("10.0.1.2");
            exec("ip", ["link", "del", "c"]);
        });
        for journey in t.journeys.filter(|journey| journey.label.starts_with("echo request")) {
            show([journey.path, journey.delivered]);
        }
        show(t.departed.map(|gone| [gone.netns, gone.link, gone.what, gone.time == ()]));
        let text = t.text();
        for words in ["h/b is renamed to e x", "h/e is moved to other x", "a is deleted x",
            "other/e is deleted with its other end x", "c is gone meanwhile", "h/d is gone meanwhile"] {
            assert(text.contains(words), `${words}: ${text}`);
        }
        assert(!text.contains("stops here") && !text.contains("not seen"), text);
    "#;
    let gone = json!([
        ["h", "d", "is gone", true],
        ["home", "c", "is gone", true],
        ["h", "b", "is renamed to e", false],
        ["h", "e", "is moved to other", false],
        ["home", "a", "is deleted", false],
        ["other", "e", "is deleted with its other end", false],
    ]);
    let wanted = vec![
        json!([["a out", "h/b in"], true]),
        json!([["a out", "h/e in"], true]),
        json!([["a out", "other/e in"], true]),
        json!([["c out", "h/d in"], true]),
        gone,
    ];
    same(run_json(user, code)?, wanted)
}

/// A link that gets another name sends packets of its own by that, like as they may be; and who is made again with the name of
/// one that is deleted is another one.
fn same_names(user: User) -> Verdict {
    let code = r#"
        let h1 = netns_add("h1");
        let h2 = netns_add("h2");
        for netns in [h1, h2] { netns.sysctl_set("net.ipv6.conf.all.disable_ipv6", 1); }
        h1.veth_add("eth0", "eth0", #{ peer_netns: h2, up: true });
        h1.addr_add("eth0", "10.0.0.1/24"); h2.addr_add("eth0", "10.0.0.2/24");
        let once = || h1.ping("10.0.0.2", #{ count: 1, quiet: true, timeout: 2 }).received;
        let t = trace(|| {
            once.call();
            h1.link_set("eth0", #{ up: false, name: "eth9" });
            h1.link_up("eth9");
            once.call()
        });
        show(t.result);
        for journey in t.journeys.filter(|journey| journey.label == "ARP who-has 10.0.0.2") { show(journey.path); }
        h1.link_set("eth9", #{ up: false, name: "eth0" });
        h1.link_up("eth0");
        let t = trace(|| {
            once.call();
            h1.link_del("eth0");
            h1.veth_add("eth0", "eth0", #{ peer_netns: h2, up: true });
        });
        show(t.departed.map(|gone| [gone.netns, gone.link, gone.what, gone.time == ()]));
        let text = t.text();
        for words in ["h1/eth0 is deleted x", "h2/eth0 is deleted with its other end x"] {
            assert(text.contains(words), `${words}: ${text}`);
        }
    "#;
    let wanted = vec![
        json!(1),
        json!(["h1/eth0 out", "h2/eth0 in"]),
        json!(["h1/eth9 out", "h2/eth0 in"]),
        json!([
            ["h1", "eth0", "is deleted", false],
            ["h2", "eth0", "is deleted with its other end", false],
        ]),
    ];
    same(run_json(user, code)?, wanted)
}

fn departed_namespace(user: User) -> Verdict {
    let code = r#"
        h1.addr_add("eth0", "10.0.1.2/24"); mid.addr_add("left", "10.0.1.1/24");
        h2.addr_add("eth0", "192.0.2.2/24"); mid.addr_add("right", "192.0.2.1/24");
        h1.route_add("default", #{ via: "10.0.1.1" });
        mid.sysctl_set("net.ipv4.ip_forward", 1);
        mid.nat_masquerade("10.0.1.0/24", "right");
        let t = trace(|| {
            h1.ping("192.0.2.2", #{ count: 1, quiet: true });
            netns_del("mid");
            netns_del("h2");
            // One that is made and goes in it.
            let late = netns_add("late");
            veth_add("here", "there", #{ peer_netns: late, up: true });
            addr_add("here", "10.0.5.1/24"); late.addr_add("there", "10.0.5.2/24");
            ping("10.0.5.2", #{ count: 1, quiet: true });
            netns_del("late");
        });
        for label in ["echo request", "echo reply"] {
            for journey in t.journeys.filter(|journey| journey.label.starts_with(label)) {
                show([journey.path, journey.delivered]);
            }
        }
        let text = t.text();
        for words in ["mid/left is deleted with its namespace x", "h1/eth0 is deleted with its other end x",
            "late/there is deleted with its namespace x", "here is deleted with its other end x"] {
            assert(text.contains(words), `${words}: ${text}`);
        }
        assert(!text.contains("stops here") && !text.contains("not seen"), text);
    "#;
    let there = ["h1/eth0 out", "mid/left in", "mid/right out", "h2/eth0 in"];
    let back = ["h2/eth0 out", "mid/right in", "mid/left out", "h1/eth0 in"];
    let wanted = vec![
        json!([there, true]),
        json!([["here out", "late/there in"], true]),
        json!([back, true]),
        json!([["late/there out", "here in"], true]),
    ];
    ways(user, code, wanted)
}

/// Whom it was for had it, while it had the address.
fn moved_address(user: User) -> Verdict {
    let code = r#"
        mid.bridge_add("br0", #{ up: true });
        for port in ["left", "right"] { mid.link_set(port, #{ master: "br0" }); }
        mid.addr_add("br0", "10.0.0.9/24");
        h1.addr_add("eth0", "10.0.0.7/24"); h2.addr_add("eth0", "10.0.0.2/24");
        let once = || mid.ping("10.0.0.7", #{ count: 1, quiet: true, timeout: "100ms" }).received;
        let t = trace(|| {
            let before = once.call();
            h1.addr_del("eth0", "10.0.0.7/24");
            let gone = once.call();
            h2.addr_add("eth0", "10.0.0.7/24");
            mid.neigh_flush(#{ dev: "br0" });
            [before, gone, once.call()]
        });
        show(t.result);
        let found = t.journeys.filter(|journey| journey.label.starts_with("echo request"));
        show(found.map(|journey| [journey.delivered, journey.ends[0].netns]));
    "#;
    let wanted = vec![
        json!([1, 0, 1]),
        json!([[true, "h1"], [false, "h1"], [true, "h2"]]),
    ];
    ways(user, code, wanted)
}

/// Of so many the picture shows some, and says how many it leaves out.
fn flood(user: User) -> Verdict {
    let code = r#"
        veth_add("a", "b", #{ up: true });
        for link in ["a", "b"] { sysctl_set(`net.ipv6.conf.${link}.disable_ipv6`, 1); }
        // All alike.
        let packet = #{ ether: #{ daddr: link_get("b").mac }, ip: #{ saddr: "10.0.0.1", daddr: "10.0.0.2", id: 0 }, udp: #{ sport: 5000, dport: 9 }, payload: "same" };
        let t = trace(|| send("a", packet, #{ count: 3000 }));
        show([t.journeys.len(), t.journeys.filter(|journey| journey.path == ["a out", "b in"]).len()]);
        let text = t.text();
        // Two steps of each, the rest is lost: nobody has the address.
        show([text.split("\n").filter(|line| line.contains("stops here")).len(), text.contains("and 2100 journeys more, 2100 of them not delivered")]);
        show(t.mermaid().contains("2100 journeys more"));
    "#;
    let wanted = vec![json!([3000, 3000]), json!([900, true]), json!(true)];
    same(run_json(user, code)?, wanted)
}

/// The same rows in each.
fn drawn(user: User) -> Verdict {
    let folder = Folder::new()?;
    let file = folder.path().join("t.svg");
    let code = format!(
        r#"
        sysctl_set("net.ipv6.conf.all.disable_ipv6", 1);
        let t = trace(|| ping("127.0.0.1", #{{ count: 1, quiet: true }}));
        t.svg({:?});
        print(t.mermaid());
        print(t.text());
        "#,
        file.display().to_string()
    );
    let printed = run(user, &code)?;
    let svg = std::fs::read_to_string(file)?;
    for label in [
        "echo request seq 1  127.0.0.1",
        "echo reply seq 1  127.0.0.1",
    ] {
        same((printed.matches(label).count(), label), (2, label))?;
    }
    let document = roxmltree::Document::parse(&svg)?;
    let nodes = |class: &str| {
        let nodes = document.descendants();
        nodes
            .filter(|node| node.attribute("class") == Some(class))
            .count()
    };
    let texts: Vec<&str> = document
        .descendants()
        .filter(roxmltree::Node::is_text)
        .filter_map(|node| node.text())
        .collect();
    for label in [
        "echo request seq 1  127.0.0.1 > 127.0.0.1",
        "echo reply seq 1  127.0.0.1 > 127.0.0.1",
        "lo",
        "home",
    ] {
        same(
            (texts.iter().filter(|text| **text == label).count(), label),
            (1, label),
        )?;
    }
    // A point for each packet, which stays on lo, and a tick.
    same((nodes("move"), nodes("yes")), (2, 2))?;
    same(printed.is_ascii(), true)
}

/// Its locale is that of UTF-8, and yet it takes ASCII alone.
fn dumb(user: User) -> Verdict {
    let code = r#"show(trace(|| ping("127.0.0.1", #{ count: 1, quiet: true })))"#;
    for (term, is_plain) in [("dumb", true), ("xterm", false)] {
        let mut command = netsh(user);
        let ran = command.args(["-e", code]).env("TERM", term).output()?;
        let drawn = Ran::from(ran).ok()?;
        same((term, drawn.is_ascii()), (term, is_plain))?;
        same(drawn.contains("echo reply"), true)?;
    }
    Ok(())
}

fn written(user: User) -> Verdict {
    let folder = Folder::new()?;
    let file = folder.path().join("t.pcapng");
    let file = file.display();
    let code = format!(
        r#"
        let t = trace(|| ping("127.0.0.1", #{{ count: 2, interval: "10ms", quiet: true }}));
        print(t.pcapng("{file}"));
        for packet in t.packets {{ print(packet.line); }}
        "#
    );
    let printed = run(user, &code)?;
    let output = program(user, "tcpdump")
        .args(["-n", "-t", "-r", &file.to_string()])
        .output()?;
    let read = String::from_utf8_lossy(&output.stdout).into_owned();
    let count = read.lines().count();
    // Of a newer kind of file tcpdump tells more than the packet: whence it is.
    let ours: Vec<&str> = printed.lines().collect();
    same(ours.first().copied(), Some(count.to_string().as_str()))?;
    let missing: Vec<&&str> = ours
        .iter()
        .skip(1)
        .filter(|line| !read.contains(**line))
        .collect();
    same(missing.len(), 0).map_err(|_| Failed::from(format!("{missing:?} in {read}")))
}
