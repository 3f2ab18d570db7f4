//! `why`: a working lab is broken in a few lines; the verdict names what was broken, its mend is applied, and then it works.

use libtest_mimic::Trial;
use serde_json::{Value, json};

use netsh::lab::why::Cause;

use crate::support::{Need, User, Verdict, of_row, run_json, same, test, test_named};

/// One way to break a lab.
struct Case {
    name: &'static str,
    needs: &'static [Need],
    /// The lab that works.
    lab: &'static str,
    /// What breaks it.
    breaks: &'static str,
    /// The question.
    asks: &'static str,
    /// The causes, one after the other: each is found once the one before is mended.
    causes: &'static [&'static str],
}

/// The tests of this file.
pub fn trials() -> Vec<Trial> {
    let one = |case: &'static Case| {
        test_named(&format!("why: {}", case.name), case.needs, move |user| {
            mended(user, case)
        })
    };
    let told = |(name, needs, lab, asks, wanted): &'static Told| {
        test_named(&format!("why: {name}"), needs, move |user| {
            let fields = ["works", "cause", "mend", "outcome", "netns", "back"];
            let fields = fields.map(|field| format!("v.{field}")).join(", ");
            let code = format!(
                "{lab}\nlet v = {asks}; show([{fields}]); show(v.path); show(v.ruled_out.len() > 0);"
            );
            same(
                run_json(user, &code)?,
                serde_json::from_str::<Vec<Value>>(wanted)?,
            )
        })
    };
    let rows = CASES.iter().map(one).chain(TOLD.iter().map(told));
    let rows = rows.enumerate();
    let mut trials: Vec<Trial> = rows.flat_map(|(number, row)| of_row(number, row)).collect();
    trials.extend(test("why: what nobody can ask", &[], refused));
    trials.extend(test(
        "why: no address of the family",
        &[],
        no_address_of_the_family,
    ));
    trials.push(Trial::test("why: every cause has a case", covered));
    trials
}

/// What the manual names as a cause has been seen to be found.
fn covered() -> Verdict {
    let is_found = |word: &str| {
        CASES.iter().any(|case| case.causes.contains(&word))
            || TOLD
                .iter()
                .any(|told| told.4.contains(&format!("{word:?}")))
    };
    let words = Cause::ALL.iter().map(|cause| cause.word());
    let missing: Vec<&str> = words.filter(|word| !is_found(word)).collect();
    same(missing, Vec::<&str>::new())
}

/// Questions that have no answer: what is said, and what to ask instead.
fn refused(user: User) -> Verdict {
    const QUESTIONS: &[(&str, &str, &str, &str)] = &[
        ("224.0.0.1", "#{}", "not one host but a group", "trace("),
        ("ff02::1", "#{}", "not one host but a group", "trace("),
        ("255.255.255.255", "#{}", "broadcast", "one host"),
        ("10.0.0.255", "#{}", "broadcast", "one host"),
        ("10.0.0.0", "#{}", "the address of a network", "one host"),
        ("10.0.7.0", "#{}", "the address of a network", "one host"),
        ("10.0.7.255", "#{}", "broadcast", "one host"),
        ("0.0.0.0", "#{}", "no address of a host", "one host"),
        ("fe80::1", "#{}", "which one is meant?", "iface: \"eth0\""),
        ("10.0.0.2", "#{ ttl: 0 }", "ttl of 0", "neighbour"),
        (
            "10.0.0.2",
            "#{ ttl: 5, port: 80 }",
            "ttl is that of an echo",
            "leave",
        ),
        ("10.0.0.2", "#{ size: 65508 }", "at most 65507 bytes", "MTU"),
        ("fd00::2", "#{ size: 65528 }", "at most 65527 bytes", "MTU"),
        (
            "10.0.0.2",
            "#{ size: 9, port: 80 }",
            "size is that of an echo",
            "leave",
        ),
        (
            "10.0.0.2",
            "#{ source: \"fd00::1\" }",
            "one is IPv4",
            "IPv4 is needed",
        ),
        (
            "10.0.0.2",
            "#{ proto: \"icmp\", port: 80 }",
            "has no port",
            "tcp",
        ),
    ];
    let mut code = format!("{PAIR}\nh2.addr_add(\"eth0\", \"10.0.7.2/24\");\n");
    for (to, options, _, _) in QUESTIONS {
        code += &format!(
            "try {{ h1.why({to:?}, {options}); show(()); }} catch (e) {{ show([e.message, e.hint]); }}\n"
        );
    }
    let told = run_json(user, &code)?;
    same(told.len(), QUESTIONS.len())?;
    for (told, (to, options, words, hint)) in told.iter().zip(QUESTIONS) {
        let has = |at: usize, words: &str| told[at].as_str().is_some_and(|it| it.contains(words));
        if !has(0, words) || !has(1, hint) {
            return Err(format!("{to} {options}: {told}").into());
        }
    }
    Ok(())
}

/// A host that has addresses, but none to speak to that one with.
fn no_address_of_the_family(user: User) -> Verdict {
    let code = r#"
        let h2 = netns_add("h2");
        veth_add("a", "b", #{ up: true, peer_netns: h2 });
        let ask = |to| { let v = why(to); show([v.words, v.mend]); };
        addr_add("a", "10.0.0.1/24");
        ask.call("fd00::2");
        h2.addr_add("b", "fd00::2/64");
        ask.call("fd00::2");
        addr_del("a", "10.0.0.1/24");
        addr_add("a", "fd00::1/64");
        ask.call("10.0.0.2");
    "#;
    let near = "no IPv6 address besides link-local ones";
    let wanted = [
        json!([format!("the home namespace has {near}"), null]),
        json!([
            format!("a of the home namespace has {near}"),
            "addr_add(\"a\", \"fd00::3/64\")"
        ]),
        json!(["the home namespace has no IPv4 address", null]),
    ];
    same(run_json(user, code)?, wanted.to_vec())
}

/// What has nothing to mend: a name, what it needs, a lab, a question, and `[works, cause, mend, outcome, netns, back]`, the path,
/// and whether something was ruled out.
type Told = (
    &'static str,
    &'static [Need],
    &'static str,
    &'static str,
    &'static str,
);

fn mended(user: User, case: &Case) -> Verdict {
    let Case {
        lab, breaks, asks, ..
    } = case;
    let mut code = format!(
        "{lab}\nlet ask = || {asks};\nv = ask.call(); show([v.works, v.words]);\n{breaks}\n"
    );
    let mut wanted = vec![json!([true, Value::Null])];
    for cause in case.causes {
        code += "v = ask.call(); show([v.works, v.cause]); eval(v.mend);\n";
        wanted.push(json!([false, cause]));
    }
    // What is not known is told whole.
    code += "v = ask.call(); show([v.works, if v.works { v.cause } else { [`${v}`, v] }]);";
    wanted.push(json!([true, Value::Null]));
    let code = format!("let v = ();\n{code}");
    same(run_json(user, &code)?, wanted)
}

/// Two hosts with a cable.
const PAIR: &str = r#"
    let h1 = netns_add("h1");
    let h2 = netns_add("h2");
    h1.veth_add("eth0", "eth0", #{ peer_netns: h2, up: true });
    h1.addr_add("eth0", "10.0.0.1/24");
    h2.addr_add("eth0", "10.0.0.2/24");
    h1.addr_add("eth0", "fd00::1/64");
    h2.addr_add("eth0", "fd00::2/64");
"#;

/// A host and a server.
const SERVER: &str = r#"
    let h1 = netns_add("h1");
    let h2 = netns_add("h2");
    h1.veth_add("eth0", "eth0", #{ peer_netns: h2, up: true });
    h1.addr_add("eth0", "10.0.0.1/24");
    h2.addr_add("eth0", "10.0.0.2/24");
    let server = h2.tcp_listen(80);
    let names = h2.udp_listen(53);
"#;

/// Two hosts in one VLAN of one cable.
const VLANS: &str = r#"
    let h1 = netns_add("h1");
    let h2 = netns_add("h2");
    h1.veth_add("eth0", "eth0", #{ peer_netns: h2, up: true });
    for n in 1..3 {
        let h = netns_get(`h${n}`);
        h.vlan_add("eth0.10", "eth0", 10, #{ up: true });
        h.addr_add("eth0.10", `10.0.0.${n}/24`);
    }
"#;

/// Two hosts in VLAN 10 of a bridge that looks at VLANs; the second may tag its frames by itself.
const SWITCH: &str = r#"
    let sw = netns_add("sw");
    sw.bridge_add("br0", #{ vlan_filtering: true, vlan_default_pvid: 0, up: true });
    let hosts = [];
    for n in 1..3 {
        let h = netns_add(`h${n}`);
        h.veth_add("eth0", `p${n}`, #{ peer_netns: sw, up: true });
        sw.link_set(`p${n}`, #{ master: "br0", up: true });
        sw.bridge_vlan_add(`p${n}`, 10, #{ pvid: true, untagged: true });
        h.addr_add("eth0", `10.0.0.${n}/24`);
        hosts.push(h);
    }
    let h1 = hosts[0];
    let h2 = hosts[1];
"#;

/// A host in VLAN 10 of a trunk, and one at an access port.
const TRUNK: &str = r#"
    let sw = netns_add("sw");
    sw.bridge_add("br0", #{ vlan_filtering: true, vlan_default_pvid: 0, up: true });
    let h1 = netns_add("h1");
    let h2 = netns_add("h2");
    h1.veth_add("eth0", "p1", #{ peer_netns: sw, up: true });
    h2.veth_add("eth0", "p2", #{ peer_netns: sw, up: true });
    for port in ["p1", "p2"] { sw.link_set(port, #{ master: "br0", up: true }); }
    sw.bridge_vlan_add("p1", 10);
    sw.bridge_vlan_add("p2", 10, #{ pvid: true, untagged: true });
    h1.vlan_add("eth0.10", "eth0", 10, #{ up: true });
    h1.addr_add("eth0.10", "10.0.0.1/24");
    h2.addr_add("eth0", "10.0.0.2/24");
"#;

/// Two hosts with two cables, where answers come back by the other one.
const TWO_CABLES: &str = r#"
    let h1 = netns_add("h1");
    let h2 = netns_add("h2");
    for n in 0..2 {
        h1.veth_add(`eth${n}`, `eth${n}`, #{ peer_netns: h2, up: true });
        h1.addr_add(`eth${n}`, `10.0.${n}.1/24`);
        h2.addr_add(`eth${n}`, `10.0.${n}.2/24`);
    }
"#;

/// Two hosts and a router between them.
const ROUTER: &str = r#"
    let h1 = netns_add("h1");
    let r = netns_add("r");
    let h2 = netns_add("h2");
    h1.veth_add("eth0", "eth0", #{ peer_netns: r, up: true });
    h2.veth_add("eth0", "eth1", #{ peer_netns: r, up: true });
    r.addr_add("eth0", "10.0.1.1/24");
    r.addr_add("eth1", "10.0.2.1/24");
    h1.addr_add("eth0", "10.0.1.2/24");
    h2.addr_add("eth0", "10.0.2.2/24");
    r.sysctl_set("net.ipv4.ip_forward", 1);
    h1.route_add("default", #{ via: "10.0.1.1" });
    h2.route_add("default", #{ via: "10.0.2.1" });
"#;

/// The same, of IPv6: a router asks for a neighbour only once its own link-local address is sure (RFC 4862).
const ROUTER6: &str = r#"
    let h1 = netns_add("h1");
    let r = netns_add("r");
    let h2 = netns_add("h2");
    h1.veth_add("eth0", "eth0", #{ peer_netns: r, up: true });
    h2.veth_add("eth0", "eth1", #{ peer_netns: r, up: true });
    r.addr_add("eth0", "fd01::1/64");
    r.addr_add("eth1", "fd02::1/64");
    h1.addr_add("eth0", "fd01::2/64");
    h2.addr_add("eth0", "fd02::2/64");
    r.sysctl_set("net.ipv6.conf.all.forwarding", 1);
    h1.route_add("default", #{ via: "fd01::1" });
    h2.route_add("default", #{ via: "fd02::1" });
    for netns in [h1, r, h2] {
        netns.run(|| wait_until(|| addr_list().all(|addr| !("tentative" in addr.flags)), 10));
    }
"#;

/// Two hosts and two routers between them.
const ROUTERS: &str = r#"
    let h1 = netns_add("h1");
    let r1 = netns_add("r1");
    let r2 = netns_add("r2");
    let h2 = netns_add("h2");
    h1.veth_add("eth0", "a", #{ peer_netns: r1, up: true });
    r1.veth_add("b", "a", #{ peer_netns: r2, up: true });
    h2.veth_add("eth0", "b", #{ peer_netns: r2, up: true });
    h1.addr_add("eth0", "10.0.1.2/24");
    r1.addr_add("a", "10.0.1.1/24");
    r1.addr_add("b", "10.0.3.1/24");
    r2.addr_add("a", "10.0.3.2/24");
    r2.addr_add("b", "10.0.2.1/24");
    h2.addr_add("eth0", "10.0.2.2/24");
    for r in [r1, r2] { r.sysctl_set("net.ipv4.ip_forward", 1); }
    h1.route_add("default", #{ via: "10.0.1.1" });
    h2.route_add("default", #{ via: "10.0.2.1" });
    r1.route_add("10.0.2.0/24", #{ via: "10.0.3.2" });
    r2.route_add("10.0.1.0/24", #{ via: "10.0.3.1" });
"#;

/// Three hosts at a bridge.
macro_rules! bridge {
    () => {
        r#"
    let sw = netns_add("sw");
    sw.bridge_add("br0", #{ up: true });
    let hosts = [];
    for n in 1..4 {
        let h = netns_add(`h${n}`);
        h.veth_add("eth0", `p${n}`, #{ peer_netns: sw, up: true });
        sw.link_set(`p${n}`, #{ master: "br0", up: true });
        h.addr_add("eth0", `10.0.0.${n}/24`);
        hosts.push(h);
    }
    let h1 = hosts[0];
    let h2 = hosts[1];
    let h3 = hosts[2];
"#
    };
}
const BRIDGE: &str = bridge!();

/// The same, and the first sends all that is for elsewhere to the second, who has such an address, too.
const GATEWAY: &str = concat!(
    bridge!(),
    r#"
    h2.addr_add("lo", "10.0.2.2/32");
    h1.route_add("default", #{ via: "10.0.0.2" });
"#
);

/// A host at a bridge that is a host itself.
const BRIDGED: &str = r#"
    let sw = netns_add("sw");
    sw.bridge_add("br0", #{ up: true });
    sw.addr_add("br0", "10.0.0.2/24");
    let h1 = netns_add("h1");
    h1.veth_add("eth0", "p1", #{ peer_netns: sw, up: true });
    sw.link_set("p1", #{ master: "br0", up: true });
    h1.addr_add("eth0", "10.0.0.1/24");
"#;

/// A private host behind a gateway that hides it, and a server outside.
const NAT: &str = r#"
    let h1 = netns_add("h1");
    let gw = netns_add("gw");
    let out = netns_add("out");
    h1.veth_add("eth0", "lan", #{ peer_netns: gw, up: true });
    out.veth_add("eth0", "wan", #{ peer_netns: gw, up: true });
    gw.addr_add("lan", "10.0.0.1/24");
    gw.addr_add("wan", "192.0.2.1/24");
    h1.addr_add("eth0", "10.0.0.2/24");
    out.addr_add("eth0", "192.0.2.9/24");
    gw.sysctl_set("net.ipv4.ip_forward", 1);
    h1.route_add("default", #{ via: "10.0.0.1" });
    let masquerade = gw.nat_masquerade("10.0.0.0/24", "wan");
    gw.nft_table_add("ip fw");
"#;

/// A server behind a gateway that publishes its port.
const PUBLISHED: &str = r#"
    let web = netns_add("web");
    let gw = netns_add("gw");
    let out = netns_add("out");
    web.veth_add("eth0", "lan", #{ peer_netns: gw, up: true });
    out.veth_add("eth0", "wan", #{ peer_netns: gw, up: true });
    gw.addr_add("lan", "10.0.0.1/24");
    gw.addr_add("wan", "192.0.2.1/24");
    web.addr_add("eth0", "10.0.0.2/24");
    out.addr_add("eth0", "192.0.2.9/24");
    gw.sysctl_set("net.ipv4.ip_forward", 1);
    web.route_add("default", #{ via: "10.0.0.1" });
    let server = web.tcp_listen(80);
    gw.nft_load("table ip nat { chain pre { type nat hook prerouting priority dstnat; ip daddr 192.0.2.1 tcp dport 8080 dnat to 10.0.0.2:80; } }");
"#;

/// A client and a server in one network, and a router that publishes the server and hides who asks.
const HAIRPIN: &str = r#"
    let sw = netns_add("sw");
    sw.bridge_add("br0", #{ up: true });
    let hosts = [];
    for (name, n) in ["gw", "web", "h1"] {
        let h = netns_add(name);
        h.veth_add("eth0", `p-${name}`, #{ peer_netns: sw, up: true });
        sw.link_set(`p-${name}`, #{ master: "br0" });
        h.addr_add("eth0", `10.0.0.${n + 1}/24`);
        hosts.push(h);
    }
    let gw = hosts[0];
    let web = hosts[1];
    let h1 = hosts[2];
    gw.addr_add("lo", "192.0.2.1/32");
    gw.sysctl_set("net.ipv4.ip_forward", 1);
    for h in [web, h1] { h.route_add("default", #{ via: "10.0.0.1" }); }
    let server = web.tcp_listen(80);
    gw.nft_load("table ip nat { chain pre { type nat hook prerouting priority dstnat; ip daddr 192.0.2.1 tcp dport 8080 dnat to 10.0.0.2:80; } }");
    gw.nft_load("table ip nat { chain post { type nat hook postrouting priority srcnat; ip saddr 10.0.0.0/24 ip daddr 10.0.0.2 masquerade; } }");
"#;

/// The same, where the router is the bridge.
const HAIRPIN_BRIDGE: &str = r#"
    let gw = netns_add("gw");
    gw.bridge_add("br0", #{ up: true });
    gw.addr_add("br0", "10.0.0.1/24");
    gw.sysctl_set("net.bridge.bridge-nf-call-iptables", 0);
    for (name, n) in ["web", "h1"] {
        let h = netns_add(name);
        h.veth_add("eth0", `p-${name}`, #{ peer_netns: gw, up: true });
        gw.link_set(`p-${name}`, #{ master: "br0" });
        h.addr_add("eth0", `10.0.0.${n + 2}/24`);
        h.route_add("default", #{ via: "10.0.0.1" });
    }
    let web = netns_get("web");
    let h1 = netns_get("h1");
    gw.addr_add("lo", "192.0.2.1/32");
    gw.sysctl_set("net.ipv4.ip_forward", 1);
    let server = web.tcp_listen(80);
    gw.nft_load("table ip nat { chain pre { type nat hook prerouting priority dstnat; ip daddr 192.0.2.1 tcp dport 8080 dnat to 10.0.0.2:80; } }");
    gw.nft_load("table ip nat { chain post { type nat hook postrouting priority srcnat; ip saddr 10.0.0.0/24 ip daddr 10.0.0.2 masquerade; } }");
"#;

/// The same port outside and inside.
const SAME_PORT: &str = r#"
    let gw = netns_add("gw");
    let web = netns_add("web");
    let out = netns_add("out");
    web.veth_add("eth0", "lan", #{ peer_netns: gw, up: true });
    out.veth_add("eth0", "wan", #{ peer_netns: gw, up: true });
    gw.addr_add("lan", "10.0.0.1/24");
    gw.addr_add("wan", "192.0.2.1/24");
    web.addr_add("eth0", "10.0.0.2/24");
    out.addr_add("eth0", "192.0.2.9/24");
    gw.sysctl_set("net.ipv4.ip_forward", 1);
    web.route_add("default", #{ via: "10.0.0.1" });
    let server = web.tcp_listen(8080);
    gw.nft_load("table ip nat { chain pre { type nat hook prerouting priority dstnat; ip daddr 192.0.2.1 tcp dport 8080 dnat to 10.0.0.2; } }");
"#;

/// Two machines with a VXLAN between them.
const VXLAN: &str = r#"
    let h1 = netns_add("h1");
    let h2 = netns_add("h2");
    h1.veth_add("eth0", "eth0", #{ peer_netns: h2, up: true });
    h1.addr_add("eth0", "192.0.2.1/24");
    h2.addr_add("eth0", "192.0.2.2/24");
    h1.vxlan_add("vx", 42, #{ remote: "192.0.2.2", dstport: 4789, up: true });
    h2.vxlan_add("vx", 42, #{ remote: "192.0.2.1", dstport: 4789, up: true });
    h1.addr_add("vx", "10.0.0.1/24");
    h2.addr_add("vx", "10.0.0.2/24");
"#;

/// Two hosts at bridges of two machines, with a VXLAN between these.
const OVERLAY: &str = r#"
    let h1 = netns_add("h1");
    let v1 = netns_add("v1");
    let v2 = netns_add("v2");
    let h2 = netns_add("h2");
    v1.veth_add("eth0", "eth0", #{ peer_netns: v2, up: true });
    v1.addr_add("eth0", "192.0.2.1/24");
    v2.addr_add("eth0", "192.0.2.2/24");
    for n in 1..3 {
        let v = netns_get(`v${n}`);
        let h = netns_get(`h${n}`);
        v.bridge_add("br0", #{ up: true });
        h.veth_add("eth0", "p1", #{ peer_netns: v, up: true });
        h.addr_add("eth0", `10.0.0.${n}/24`);
        v.vxlan_add("vx", 42, #{ remote: `192.0.2.${3 - n}`, dstport: 4789, up: true });
        for port in ["p1", "vx"] { v.link_set(port, #{ master: "br0", up: true }); }
    }
"#;

/// Two hosts at two bridges with two cables between them: the spanning tree protocol blocks one.
const LOOP: &str = r#"
    let s1 = netns_add("s1");
    let s2 = netns_add("s2");
    for n in 1..3 {
        let s = netns_get(`s${n}`);
        let h = netns_add(`h${n}`);
        s.bridge_add("br0", #{ stp: true, forward_delay: 2, hello_time: 1, priority: n * 4096, up: true });
        h.veth_add("eth0", "p1", #{ peer_netns: s, up: true });
        h.addr_add("eth0", `10.0.0.${n}/24`);
        s.link_set("p1", #{ master: "br0", up: true });
    }
    for link in ["up", "spare"] {
        s1.veth_add(link, link, #{ peer_netns: s2, up: true });
        for s in [s1, s2] { s.link_set(link, #{ master: "br0" }); }
    }
    let h1 = netns_get("h1");
    let h2 = netns_get("h2");
    let state = |s, port| s.link_get(port).port.state;
    wait_until(|| [state.call(s1, "p1"), state.call(s2, "p1"), state.call(s2, "up")].all(|one| one == "forwarding"), 20);
"#;

/// Two hosts in VLAN 10 of two bridges with a trunk between them.
const TRUNKS: &str = r#"
    let s1 = netns_add("s1");
    let s2 = netns_add("s2");
    s1.veth_add("trunk", "trunk", #{ peer_netns: s2, up: true });
    for n in 1..3 {
        let s = netns_get(`s${n}`);
        let h = netns_add(`h${n}`);
        s.bridge_add("br0", #{ vlan_filtering: true, vlan_default_pvid: 0, up: true });
        h.veth_add("eth0", "p1", #{ peer_netns: s, up: true });
        h.addr_add("eth0", `10.0.0.${n}/24`);
        for port in ["p1", "trunk"] { s.link_set(port, #{ master: "br0", up: true }); }
        s.bridge_vlan_add("p1", 10, #{ pvid: true, untagged: true });
        s.bridge_vlan_add("trunk", 10);
    }
    let h1 = netns_get("h1");
"#;

/// The veth pair of the article, in one namespace.
const ARTICLE: &str = r#"
    veth_add("veth0", "veth0peer", #{ up: true });
    addr_add("veth0", "192.168.4.2/24");
    addr_add("veth0peer", "192.168.4.3/24");
    for link in ["veth0", "veth0peer"] { sysctl_set(`net.ipv4.conf.${link}.accept_local`, 1); }
"#;

const TO_H2: &str = r#"why("10.0.0.2", #{ from: h1, timeout: 1 })"#;
const OTHER_CABLE: &str = r#"why("10.0.1.2", #{ from: h1, source: "10.0.0.1", timeout: 1 })"#;
const TO_H2_6: &str = r#"why("fd00::2", #{ from: h1, timeout: 1 })"#;
const THROUGH: &str = r#"why("10.0.2.2", #{ from: h1, timeout: 1 })"#;
const THROUGH_6: &str = r#"why("fd02::2", #{ from: h1, timeout: 1 })"#;
const BIG: &str = r#"why("10.0.2.2", #{ from: h1, size: 1400, timeout: 1 })"#;
const BIG_6: &str = r#"why("fd02::2", #{ from: h1, size: 1400, timeout: 1 })"#;
const BIG_TO_H2: &str = r#"why("10.0.0.2", #{ from: h1, size: 1400, timeout: 1 })"#;
const BIG_IN_VXLAN: &str = r#"why("10.0.0.2", #{ from: h1, size: 1450, timeout: 1 })"#;
const WEB: &str = r#"why("192.0.2.1", #{ from: out, port: 8080, timeout: 1 })"#;
const INSIDE: &str = r#"why("192.0.2.1", #{ from: h1, port: 8080, timeout: 1 })"#;
const BOUND: &str = r#"why("192.168.4.3", #{ iface: "veth0", timeout: 1 })"#;
const OUTSIDE: &str = r#"why("192.0.2.9", #{ from: h1, timeout: 1 })"#;

const HTTP: &str = r#"why("10.0.0.2", #{ from: h1, port: 80, timeout: 1 })"#;
const OWN_HTTP: &str = r#"h2.why("10.0.0.2", #{ port: 80, timeout: 1 })"#;
const LOOPED: &str = r#"h2.why("127.0.0.1", #{ port: 80, timeout: 1 })"#;
const DNS: &str = r#"why("10.0.0.2", #{ from: h1, proto: "udp", port: 53 })"#;
const FROM: &str = r#"why("10.0.0.2", #{ from: h1, source: "10.0.0.1", timeout: 1 })"#;
const BY_ETH1: &str = r#"why("10.0.1.2", #{ from: h1, iface: "eth1", timeout: 1 })"#;

macro_rules! cases {
    ($($(($($need:literal),+))? $lab:ident $asks:ident $name:literal $breaks:literal => $($cause:literal)+;)+) => {
        &[$(Case {
            name: $name,
            needs: &[$($(Need::Kernel($need)),+)?],
            lab: $lab,
            breaks: $breaks,
            asks: $asks,
            causes: &[$($cause),+],
        }),+]
    };
}

const CASES: &[Case] = cases! {
    PAIR TO_H2 "its own link is down" r#"h1.link_down("eth0");"# => "link_down";
    PAIR TO_H2 "the peer is down" r#"h2.link_down("eth0");"# => "link_down";
    PAIR TO_H2 "the address is missing" r#"h2.addr_del("eth0", "10.0.0.2/24");"# => "missing_address";
    PAIR TO_H2 "the address is another" r#"h2.addr_del("eth0", "10.0.0.2/24"); h2.addr_add("eth0", "10.0.0.3/24");"# => "missing_address";
    PAIR TO_H2 "its own address is missing" r#"h1.addr_del("eth0", "10.0.0.1/24");"# => "no_address";
    PAIR TO_H2 "the mask is wrong" r#"h1.addr_del("eth0", "10.0.0.1/24"); h1.addr_add("eth0", "10.0.0.1/32");"# => "wrong_mask";
    PAIR TO_H2 "a neighbour with a wrong MAC" r#"h1.neigh_replace("eth0", "10.0.0.2", #{ mac: "02:00:00:00:00:99" });"# => "wrong_mac";
    PAIR TO_H2 "arp_ignore" r#"h2.sysctl_set("net.ipv4.conf.eth0.arp_ignore", 8); h2.neigh_flush(#{ dev: "eth0" }); h1.neigh_flush(#{ dev: "eth0" });"# => "arp_ignore";
    TWO_CABLES TO_H2 "arp_filter" r#"h2.route_add("10.0.0.1/32", #{ dev: "eth1" }); for link in ["all", "eth0"] { h2.sysctl_set(`net.ipv4.conf.${link}.rp_filter`, 0); } h2.sysctl_set("net.ipv4.conf.eth0.arp_filter", 1); h1.neigh_flush();"# => "arp_filter";
    PAIR TO_H2 "who takes no part in ARP" r#"h2.link_set("eth0", #{ arp: false }); h1.neigh_flush();"# => "noarp";
    PAIR TO_H2 "its own link takes no part in ARP" r#"h1.link_set("eth0", #{ arp: false });"# => "noarp";
    BRIDGE TO_H2 "its own link takes no part in ARP, at a bridge" r#"h1.link_set("eth0", #{ arp: false });"# => "noarp";
    ROUTER THROUGH "its own link takes no part in ARP, before a router" r#"h1.link_set("eth0", #{ arp: false });"# => "noarp";
    ROUTER THROUGH "who answers takes no part in ARP" r#"h2.link_set("eth0", #{ arp: false });"# => "noarp";
    ROUTER THROUGH "a route of type throw" r#"h2.route_del("default", #{ via: "10.0.2.1" }); h2.route_add("10.0.1.0/24", #{ type: "throw" });"# => "no_route";
    HAIRPIN_BRIDGE INSIDE "the router is the bridge, and hides nobody" r#"gw.nft_flush("ip nat post");"# => "hairpin";
    PAIR TO_H2 "echo requests are ignored" r#"h2.sysctl_set("net.ipv4.icmp_echo_ignore_all", 1);"# => "echo_ignored";
    PAIR TO_H2 "a rule drops it at input" r#"h2.nft_load("table inet t { chain c { type filter hook input priority 0; icmp type echo-request drop; } }");"# => "rule_drop";
    PAIR TO_H2 "a rule drops it at output" r#"h1.nft_load("table inet t { chain c { type filter hook output priority 0; ip daddr 10.0.0.2 drop; } }");"# => "rule_drop";
    PAIR TO_H2 "a rule drops it at prerouting" r#"h2.nft_load("table ip t { chain c { type filter hook prerouting priority raw; ip protocol icmp drop; } }");"# => "rule_drop";
    PAIR TO_H2 "a rule drops it at postrouting" r#"h1.nft_load("table ip t { chain c { type filter hook postrouting priority srcnat; ip protocol icmp drop; } }");"# => "rule_drop";
    PAIR TO_H2 "a rule rejects it" r#"h2.nft_load("table inet t { chain c { type filter hook input priority 0; icmp type echo-request reject; } }");"# => "rule_drop";
    PAIR TO_H2 "the policy is drop" r#"h2.nft_load("table inet t { chain c { type filter hook input priority 0; policy drop; } }");"# => "policy_drop";
    PAIR TO_H2 "the answer is dropped" r#"h1.nft_load("table inet t { chain c { type filter hook input priority 0; icmp type echo-reply drop; } }");"# => "rule_drop";
    PAIR TO_H2 "a blackhole" r#"h1.route_add("10.0.0.2", #{ type: "blackhole" });"# => "refusing_route";
    PAIR TO_H2 "a route that prohibits" r#"h1.route_add("10.0.0.2", #{ type: "prohibit" });"# => "refusing_route";
    PAIR TO_H2 "an unreachable route" r#"h1.route_add("10.0.0.2", #{ type: "unreachable" });"# => "refusing_route";
    PAIR TO_H2 "a rule diverts it" r#"h1.route_add("10.0.0.2", #{ type: "blackhole", table: 100 }); h1.rule_add(#{ to: "10.0.0.2", table: 100 });"# => "policy_rule";
    PAIR TO_H2 "two causes at once" r#"h2.link_down("eth0"); h2.nft_load("table inet t { chain c { type filter hook input priority 0; icmp type echo-request drop; } }");"# => "link_down" "rule_drop";
    PAIR TO_H2_6 "IPv6 is disabled" r#"h2.sysctl_set("net.ipv6.conf.eth0.disable_ipv6", 1);"# => "ipv6_disabled";
    PAIR TO_H2_6 "IPv6, echo requests are ignored" r#"h2.sysctl_set("net.ipv6.icmp.echo_ignore_all", 1);"# => "echo_ignored";
    PAIR TO_H2_6 "IPv6, the peer is down" r#"h2.link_down("eth0"); h2.addr_add("eth0", "fd00::2/64");"# => "link_down";
    ROUTER THROUGH "no route" r#"h1.route_del("default", #{ via: "10.0.1.1" });"# => "no_route";
    ROUTER THROUGH "a wrong gateway" r#"h1.route_replace("default", #{ via: "10.0.1.9" });"# => "wrong_gateway";
    ROUTER THROUGH "the gateway does not forward" r#"r.sysctl_set("net.ipv4.ip_forward", 0);"# => "not_forwarding";
    ROUTER THROUGH "the gateway is silent" r#"r.sysctl_set("net.ipv4.conf.all.arp_ignore", 8); r.neigh_flush(#{ dev: "eth0" }); h1.neigh_flush(#{ dev: "eth0" });"# => "arp_ignore";
    TWO_CABLES OTHER_CABLE "strict reverse path" r#"h2.sysctl_set("net.ipv4.conf.eth1.rp_filter", 1);"# => "reverse_path";
    ROUTER THROUGH "no way back" r#"h2.route_del("default", #{ via: "10.0.2.1" });"# => "no_route";
    ROUTER THROUGH "a rule drops it at forward" r#"r.nft_load("table ip t { chain c { type filter hook forward priority 0; ip daddr 10.0.2.2 drop; } }");"# => "rule_drop";
    ROUTER THROUGH "the TTL is too small" r#"h1.sysctl_set("net.ipv4.ip_default_ttl", 1);"# => "ttl";
    ROUTER THROUGH "a blackhole on the way" r#"r.route_add("10.0.2.2", #{ type: "blackhole" });"# => "refusing_route";
    ROUTER THROUGH "a link is down behind the router" r#"r.link_down("eth1");"# => "link_down";
    ROUTER6 THROUGH_6 "IPv6 is not forwarded" r#"r.sysctl_set("net.ipv6.conf.all.forwarding", 0);"# => "not_forwarding";
    BRIDGE TO_H2 "a port is not enslaved" r#"sw.link_set("p2", #{ nomaster: true }); h1.neigh_flush(#{ dev: "eth0" });"# => "no_port";
    BRIDGE TO_H2 "a port is disabled" r#"sw.link_set("p2", #{ state: "disabled" }); h1.neigh_flush(#{ dev: "eth0" });"# => "port_state";
    BRIDGE TO_H2 "ports are isolated" r#"sw.link_set("p1", #{ isolated: true }); sw.link_set("p2", #{ isolated: true }); h1.neigh_flush(#{ dev: "eth0" });"# => "isolated";
    BRIDGE TO_H2 "the bridge is down" r#"sw.link_down("br0"); h1.neigh_flush(#{ dev: "eth0" });"# => "link_down";
    BRIDGE TO_H2 "an address that is there twice" r#"h3.addr_del("eth0", "10.0.0.3/24"); h3.addr_add("eth0", "10.0.0.1/24"); h2.neigh_replace("eth0", "10.0.0.1", #{ mac: h3.link_get("eth0").mac });"# => "duplicate_address" "wrong_mac";
    ARTICLE BOUND "accept_local" r#"sysctl_set("net.ipv4.conf.veth0peer.accept_local", 0); neigh_flush();"# => "accept_local";
    PAIR TO_H2_6 "an address that is tentative" r#"h2.addr_del("eth0", "fd00::2/64"); h2.sysctl_set("net.ipv6.conf.eth0.dad_transmits", 30); h2.addr_add("eth0", "fd00::2/64", #{ dad: true });"# => "tentative";
    ROUTER BIG "packets that are too long" r#"r.link_set("eth1", #{ mtu: 1300 });"# => "mtu";
    ROUTER BIG "too long, and nobody says so" r#"r.link_set("eth1", #{ mtu: 1300 }); r.nft_load("table ip t { chain c { type filter hook output priority 0; icmp type destination-unreachable drop; } }");"# => "mtu";
    BRIDGE TO_H2 "the bridge calls the rules for IP" r#"sw.sysctl_set("net.bridge.bridge-nf-call-iptables", 1); sw.nft_load("table ip t { chain c { type filter hook forward priority 0; policy drop; } }");"# => "bridge_nf";
    PUBLISHED WEB "a published port that is dead" r#"server.close();"# => "refused";
    PUBLISHED WEB "a published port that leads to a wrong host" r#"gw.nft_flush("ip nat"); gw.nft_rule_add("ip nat pre", "ip daddr 192.0.2.1 tcp dport 8080 dnat to 10.0.0.7:80");"# => "wrong_dnat";
    SAME_PORT WEB "a published port that leads to a wrong port" r#"gw.nft_flush("ip nat"); gw.nft_rule_add("ip nat pre", "ip daddr 192.0.2.1 tcp dport 8080 counter dnat to 10.0.0.2:81");"# => "wrong_dnat";
    HAIRPIN INSIDE "a published port, asked for from inside" r#"gw.nft_flush("ip nat post");"# => "hairpin";
    SERVER HTTP "a redirection to a wrong port" r#"h2.nft_load("table ip nat { chain pre { type nat hook prerouting priority dstnat; tcp dport 80 redirect to :8080; } }");"# => "wrong_dnat";
    SERVER HTTP "an element of a verdict map drops it" r#"h2.nft_load("table ip t { map ports { type inet_service : verdict; elements = { 22 : accept, 80 : drop, 81 : drop } } chain c { type filter hook input priority 0; tcp dport vmap @ports; } }");"# => "rule_drop";
    SERVER HTTP "an element of a verdict map without a name drops it" r#"h2.nft_load("table ip t { chain c { type filter hook input priority 0; tcp dport vmap { 22 : accept, 80 : drop, 81 : drop }; } }");"# => "rule_drop";
    ROUTER THROUGH "a rule for marked packets refuses it" r#"r.nft_load("table ip t { chain c { type filter hook prerouting priority mangle; icmp type echo-request meta mark set 7; } }"); r.rule_add(#{ fwmark: 7, table: 100 }); r.route_add("10.0.2.0/24", #{ type: "blackhole", table: 100 });"# => "policy_rule";
    ROUTER THROUGH "a rule prohibits marked packets" r#"r.nft_load("table ip t { chain c { type filter hook prerouting priority mangle; icmp type echo-request meta mark set 7; } }"); r.rule_add(#{ fwmark: 7, action: "prohibit" });"# => "policy_rule";
    ROUTER THROUGH "a rule diverts marked packets" r#"r.nft_load("table ip t { chain c { type filter hook prerouting priority mangle; icmp type echo-request meta mark set 7; } }"); r.rule_add(#{ fwmark: 7, table: 100 }); r.route_add("10.0.2.0/24", #{ via: "10.0.1.9", table: 100 });"# => "policy_rule";
    VXLAN TO_H2 "a VXLAN with another id" r#"let mac = h2.link_get("vx").mac; h2.link_del("vx"); h2.vxlan_add("vx", 43, #{ remote: "192.0.2.1", dstport: 4789, mac: mac, up: true }); h2.addr_add("vx", "10.0.0.2/24");"# => "vxlan_id";
    VXLAN TO_H2 "a VXLAN with a wrong remote" r#"h1.link_del("vx"); h1.vxlan_add("vx", 42, #{ remote: "192.0.2.7", dstport: 4789, up: true }); h1.addr_add("vx", "10.0.0.1/24");"# => "vxlan_remote";
    VXLAN TO_H2 "VXLAN, a rule drops its packets" r#"h2.nft_load("table inet t { chain c { type filter hook input priority 0; udp dport 4789 drop; } }");"# => "rule_drop";
    VXLAN TO_H2 "VXLAN, a rule drops its packets as they leave" r#"h1.nft_load("table inet t { chain c { type filter hook output priority 0; udp dport 4789 drop; } }");"# => "rule_drop";
    VXLAN TO_H2 "VXLAN, a rule drops its packets, and nobody knows his neighbour" r#"h2.nft_load("table inet t { chain c { type filter hook input priority 0; udp dport 4789 drop; } }"); h1.neigh_flush();"# => "rule_drop";
    VXLAN TO_H2 "VXLAN, a rule drops the packets of the answer" r#"h1.nft_load("table inet t { chain c { type filter hook input priority 0; udp dport 4789 drop; } }");"# => "rule_drop";
    VXLAN TO_H2 "VXLAN, a rule drops the packets of the answer, and nobody knows his neighbour" r#"h1.nft_load("table inet t { chain c { type filter hook input priority 0; udp dport 4789 drop; } }"); h1.neigh_flush(); h2.neigh_flush();"# => "rule_drop";
    VXLAN TO_H2 "VXLAN, the policy drops its packets" r#"h2.nft_load("table inet t { chain c { type filter hook input priority 0; policy drop; icmp type echo-request accept; } }"); h1.neigh_flush(#{ dev: "vx" });"# => "policy_drop";
    VXLAN TO_H2 "VXLAN, the other end is down" r#"h2.link_down("vx");"# => "link_down";
    VXLAN TO_H2 "VXLAN, another port at the other end" r#"let mac = h2.link_get("vx").mac; h2.link_del("vx"); h2.vxlan_add("vx", 42, #{ remote: "192.0.2.1", dstport: 4790, mac: mac, up: true }); h2.addr_add("vx", "10.0.0.2/24");"# => "vxlan_port";
    VXLAN TO_H2 "VXLAN, another port at this end" r#"h1.link_del("vx"); h1.vxlan_add("vx", 42, #{ remote: "192.0.2.2", dstport: 4790, up: true }); h1.addr_add("vx", "10.0.0.1/24");"# => "vxlan_port";
    VXLAN TO_H2 "VXLAN, the address of the other end is another" r#"h2.addr_del("eth0", "192.0.2.2/24"); h2.addr_add("eth0", "192.0.2.3/24"); h1.neigh_flush(#{ dev: "vx" });"# => "vxlan_remote";
    VXLAN TO_H2 "VXLAN, another id, and nobody knows his neighbour" r#"h2.link_del("vx"); h2.vxlan_add("vx", 43, #{ remote: "192.0.2.1", dstport: 4789, up: true }); h2.addr_add("vx", "10.0.0.2/24"); h1.neigh_flush();"# => "vxlan_id";
    VXLAN TO_H2 "VXLAN, no remote" r#"h1.link_del("vx"); h1.vxlan_add("vx", 42, #{ dstport: 4789, up: true }); h1.addr_add("vx", "10.0.0.1/24");"# => "vxlan_remote";
    VXLAN TO_H2 "VXLAN, its own network leads nowhere" r#"h1.route_add("192.0.2.2", #{ type: "blackhole" });"# => "refusing_route";
    VXLAN TO_H2 "VXLAN, its own network leads nowhere, and nobody knows his neighbour" r#"h1.route_add("192.0.2.2", #{ type: "blackhole" }); h1.neigh_flush();"# => "refusing_route";
    VXLAN TO_H2 "VXLAN, the cable is down" r#"h2.link_down("eth0");"# => "link_down";
    VXLAN TO_H2 "VXLAN, a wrong neighbour of its own network" r#"h1.neigh_replace("eth0", "192.0.2.2", #{ mac: "02:00:00:00:00:99" });"# => "wrong_mac";
    OVERLAY TO_H2 "VXLAN at a bridge, a rule drops its packets" r#"v2.nft_load("table inet t { chain c { type filter hook input priority 0; udp dport 4789 drop; } }"); h1.neigh_flush();"# => "rule_drop";
    OVERLAY TO_H2 "VXLAN at a bridge, another id" r#"v2.link_del("vx"); v2.vxlan_add("vx", 43, #{ remote: "192.0.2.1", dstport: 4789, master: "br0", up: true }); h1.neigh_flush();"# => "vxlan_id";
    OVERLAY TO_H2 "VXLAN at a bridge, another id, and the neighbour is known" r#"v2.link_del("vx"); v2.vxlan_add("vx", 43, #{ remote: "192.0.2.1", dstport: 4789, master: "br0", up: true });"# => "vxlan_id";
    OVERLAY TO_H2 "VXLAN at a bridge, a wrong remote" r#"v1.link_del("vx"); v1.vxlan_add("vx", 42, #{ remote: "192.0.2.7", dstport: 4789, master: "br0", up: true }); h1.neigh_flush();"# => "vxlan_remote";
    OVERLAY TO_H2 "VXLAN at a bridge, no remote" r#"v1.link_del("vx"); v1.vxlan_add("vx", 42, #{ dstport: 4789, master: "br0", up: true }); h1.neigh_flush();"# => "vxlan_remote";
    OVERLAY TO_H2 "VXLAN at a bridge, no port of it at this end" r#"v1.link_set("vx", #{ nomaster: true }); h1.neigh_flush();"# => "no_port";
    OVERLAY TO_H2 "VXLAN at a bridge, no port of it at the other end" r#"v2.link_set("vx", #{ nomaster: true }); h1.neigh_flush();"# => "no_port";
    OVERLAY TO_H2 "VXLAN at a bridge, no port of it at the other end, and the neighbour is known" r#"v2.link_set("vx", #{ nomaster: true });"# => "no_port";
    OVERLAY TO_H2 "VXLAN at a bridge, down at this end" r#"v1.link_down("vx"); h1.neigh_flush();"# => "link_down";
    OVERLAY TO_H2 "VXLAN at a bridge, down at the other end" r#"v2.link_down("vx"); h1.neigh_flush();"# => "link_down";
    OVERLAY TO_H2 "VXLAN at a bridge, down at the other end, and the neighbour is known" r#"v2.link_down("vx");"# => "link_down";
    OVERLAY TO_H2 "VXLAN at a bridge, none at the other end" r#"v2.link_del("vx"); h1.neigh_flush();"# => "vxlan_remote";
    OVERLAY TO_H2 "VXLAN at a bridge, none at the other end, and the neighbour is known" r#"v2.link_del("vx");"# => "vxlan_id";
    OVERLAY TO_H2 "VXLAN at a bridge, its own network leads nowhere" r#"v1.route_add("192.0.2.2", #{ type: "blackhole" }); h1.neigh_flush();"# => "refusing_route";
    BRIDGE TO_H2 "a port is not enslaved, and the neighbour is known" r#"sw.link_set("p1", #{ nomaster: true });"# => "no_port";
    BRIDGE TO_H2 "a port is disabled, and the neighbour is known" r#"sw.link_set("p2", #{ state: "disabled" });"# => "port_state";
    BRIDGE TO_H2 "a port is down, and the neighbour is known" r#"sw.link_down("p2");"# => "link_down";
    BRIDGE TO_H2 "a port listens" r#"sw.link_set("br0", #{ forward_delay: 4, stp: true }); sw.link_down("p2"); sw.link_up("p2"); h1.neigh_flush();"# => "port_state";
    LOOP TO_H2 "a loop, in which a blocked port is not to blame" r#"assert(state.call(s2, "spare") == "blocking"); s2.link_down("p1"); h1.neigh_flush();"# => "link_down" "port_state";
    LOOP TO_H2 "a guard heard the spanning tree protocol" r#"s2.link_set("up", #{ guard: true }); s2.link_set("spare", #{ nomaster: true }); wait_until(|| state.call(s2, "up") == "disabled", 20); h1.neigh_flush();"# => "port_state";
    LOOP TO_H2 "the port to the root may not be that" r#"s2.link_set("spare", #{ nomaster: true }); s2.link_set("up", #{ root_block: true }); wait_until(|| state.call(s2, "up") == "listening", 20); h1.neigh_flush();"# => "port_state";
    GATEWAY THROUGH "a gateway that is no router" r#"h1.route_replace("default", #{ via: "10.0.0.3" });"# => "wrong_gateway";
    PAIR TO_H2 "a rule rejects it at output" r#"h1.nft_load("table inet t { chain c { type filter hook output priority 0; icmp type echo-request reject; } }");"# => "rule_drop";
    PAIR TO_H2 "a rule rejects it at prerouting" r#"h2.nft_load("table inet t { chain c { type filter hook prerouting priority 0; icmp type echo-request reject; } }");"# => "rule_drop";
    BRIDGED TO_H2 "a rule of the bridge drops it at input" r#"sw.nft_load("table bridge t { chain c { type filter hook input priority 0; ip protocol icmp drop; } }");"# => "rule_drop";
    BRIDGED TO_H2 "a rule of the bridge drops the answer at output" r#"sw.nft_load("table bridge t { chain c { type filter hook output priority 0; ip protocol icmp drop; } }");"# => "rule_drop";
    BRIDGED TO_H2 "a rule of the bridge drops ARP at input" r#"sw.nft_load("table bridge t { chain c { type filter hook input priority 0; ether type arp drop; } }"); h1.neigh_flush(); sw.neigh_flush();"# => "rule_drop";
    BRIDGED TO_H2 "a rule of the bridge drops the answer of ARP at output" r#"sw.nft_load("table bridge t { chain c { type filter hook output priority 0; ether type arp drop; } }"); h1.neigh_flush(); sw.neigh_flush();"# => "rule_drop";
    ("qdisc netem") PAIR TO_H2 "all but a few are lost" r#"h1.qdisc_add("eth0", "netem", #{ loss: 99.9999 });"# => "loss";
    ("bridge vlan_filtering") TRUNKS TO_H2 "a trunk that lacks the VLAN at this end" r#"s1.bridge_vlan_del("trunk", 10); h1.neigh_flush();"# => "wrong_vlan";
    ("bridge vlan_filtering") TRUNKS TO_H2 "a trunk that lacks the VLAN at the other end" r#"s2.bridge_vlan_del("trunk", 10); h1.neigh_flush();"# => "wrong_vlan";
    ("bridge vlan_filtering") TRUNKS TO_H2 "a trunk that lacks the VLAN, and the neighbour is known" r#"s2.bridge_vlan_del("trunk", 10);"# => "wrong_vlan";
    ("bridge vlan_filtering") TRUNKS TO_H2 "a host behind a trunk in another VLAN" r#"s2.bridge_vlan_del("p1", 10); s2.bridge_vlan_add("p1", 20, #{ pvid: true, untagged: true }); h1.neigh_flush();"# => "wrong_vlan";
    PAIR TO_H2 "ARP, a question is dropped as it comes in" r#"h2.nft_load("table arp t { chain c { type filter hook input priority 0; arp operation request drop; } }"); h1.neigh_flush(); h2.neigh_flush();"# => "rule_drop";
    PAIR TO_H2 "ARP, a question is dropped as it leaves" r#"h1.nft_load("table arp t { chain c { type filter hook output priority 0; policy drop; } }"); h1.neigh_flush(); h2.neigh_flush();"# => "policy_drop";
    PAIR TO_H2 "ARP, the answer is dropped as it leaves" r#"h2.nft_load("table arp t { chain c { type filter hook output priority 0; arp operation reply drop; } }"); h1.neigh_flush(); h2.neigh_flush();"# => "rule_drop";
    PAIR TO_H2 "ARP, the answer is dropped as it comes in" r#"h1.nft_load("table arp t { chain c { type filter hook input priority 0; arp operation reply drop; } }"); h1.neigh_flush(); h2.neigh_flush();"# => "rule_drop";
    PAIR TO_H2_6 "IPv6, the policy drops the question for a neighbour, too" r#"h2.nft_load("table inet t { chain c { type filter hook input priority 0; policy drop; tcp dport 22 accept; } }"); h1.neigh_flush(); h2.neigh_flush();"# => "policy_drop";
    PAIR TO_H2 "a rule drops it at ingress" r#"h2.nft_load("table netdev t { chain c { type filter hook ingress device \"eth0\" priority 0; icmp type echo-request drop; } }");"# => "rule_drop";
    PAIR TO_H2 "a rule of family inet drops it at ingress" r#"h2.nft_load("table inet t { chain c { type filter hook ingress device \"eth0\" priority 0; ip saddr 10.0.0.1 drop; } }");"# => "rule_drop";
    PAIR TO_H2 "the policy at ingress drops all, ARP too" r#"h2.nft_load("table netdev t { chain c { type filter hook ingress device \"eth0\" priority 0; policy drop; } }"); h1.neigh_flush(); h2.neigh_flush();"# => "policy_drop" "policy_drop";
    PAIR TO_H2 "a rule drops it at egress" r#"h1.nft_load("table netdev t { chain c { type filter hook egress device \"eth0\" priority 0; icmp type echo-request drop; } }");"# => "rule_drop";
    PAIR TO_H2 "a rule that is jumped to drops it" r#"h2.nft_load("table inet t { chain bad { counter drop; } chain c { type filter hook input priority 0; ip saddr 10.0.0.1 jump bad; } }");"# => "rule_drop";
    BRIDGE TO_H2 "a rule of the bridge drops it at forward" r#"sw.nft_load("table bridge t { chain c { type filter hook forward priority 0; ip daddr 10.0.0.2 drop; } }"); sw.sysctl_set("net.bridge.bridge-nf-call-iptables", 0);"# => "rule_drop";
    BRIDGE TO_H2 "a rule of the bridge drops it at postrouting, with the rules for IP on" r#"sw.nft_load("table bridge t { chain c { type filter hook postrouting priority 0; ip protocol icmp drop; } }"); sw.sysctl_set("net.bridge.bridge-nf-call-iptables", 1);"# => "rule_drop";
    BRIDGE TO_H2 "a rule of the bridge drops ARP" r#"sw.nft_load("table bridge t { chain c { type filter hook prerouting priority 0; ether type arp drop; } }"); for h in hosts { h.neigh_flush(); }"# => "rule_drop";
    BRIDGE TO_H2 "a rule drops it at the ingress of a port" r#"sw.nft_load("table netdev t { chain c { type filter hook ingress device \"p1\" priority 0; icmp type echo-request drop; } }");"# => "rule_drop";
    BRIDGE TO_H2 "another answers in its place" r#"h3.veth_add("other", "end", #{ up: true }); h3.sysctl_set("net.ipv4.ip_forward", 1); h3.route_add("10.0.0.2", #{ dev: "other" }); h3.neigh_add("eth0", "10.0.0.2", #{ proxy: true }); h3.sysctl_set("net.ipv4.neigh.eth0.proxy_delay", 20); h1.sysctl_set("net.ipv4.neigh.eth0.locktime", 0); h1.neigh_flush(); h1.ping("10.0.0.2", #{ count: 1, quiet: true }); wait_until(|| h1.neigh_get("eth0", "10.0.0.2").mac == h3.link_get("eth0").mac, 10);"# => "neighbour_proxy";
    ROUTER THROUGH "packets of no connection are dropped" r#"r.nft_load("table ip t { chain pre { type filter hook prerouting priority raw; icmp type echo-request notrack; } chain c { type filter hook forward priority 0; ct state invalid drop; } }");"# => "rule_drop";
    ROUTER THROUGH "a router that answered for who is behind it" r#"h1.route_del("default", #{ via: "10.0.1.1" }); h1.route_add("10.0.2.0/24", #{ dev: "eth0" }); r.sysctl_set("net.ipv4.conf.eth0.proxy_arp", 1); v = ask.call(); assert(v.works); r.sysctl_set("net.ipv4.conf.eth0.proxy_arp", 0); h1.neigh_flush();"# => "not_on_link";
    ROUTER THROUGH "a mask that is too short" r#"h1.addr_del("eth0", "10.0.1.2/24"); h1.addr_add("eth0", "10.0.1.2/8");"# => "not_on_link";
    ROUTER THROUGH "a route by a wrong link" r#"r.route_replace("10.0.1.0/24", #{ dev: "eth1" });"# => "not_on_link";
    ROUTER THROUGH "a gateway that is somebody elsewhere" r#"h1.route_replace("default", #{ via: "10.0.2.2", onlink: true, dev: "eth0" });"# => "wrong_gateway";
    ROUTER THROUGH "a neighbour with a wrong MAC on the way back" r#"h2.neigh_replace("eth0", "10.0.2.1", #{ mac: "02:00:00:00:00:09" });"# => "wrong_mac";
    ROUTER BIG "a narrow link on the way" r#"r.link_set("eth1", #{ mtu: 1300 }); h2.link_set("eth0", #{ mtu: 1300 });"# => "mtu";
    ROUTER6 THROUGH_6 "IPv6, no route" r#"h1.route_del("default", #{ via: "fd01::1" });"# => "no_route";
    ROUTER6 THROUGH_6 "IPv6, no way back" r#"h2.route_del("default", #{ via: "fd02::1" });"# => "no_route";
    ROUTER6 THROUGH_6 "IPv6, a wrong gateway" r#"h1.route_replace("default", #{ via: "fd01::9" });"# => "wrong_gateway";
    ROUTER6 THROUGH_6 "IPv6, the policy is drop" r#"r.nft_load("table inet t { chain c { type filter hook forward priority 0; policy drop; } }");"# => "policy_drop";
    PUBLISHED WEB "a rule drops what comes to a published port" r#"gw.nft_load("table ip f { chain c { type filter hook forward priority 0; tcp dport 80 drop; } }");"# => "rule_drop";
    PUBLISHED WEB "a rule resets it" r#"gw.nft_load("table ip f { chain c { type filter hook forward priority 0; tcp dport 80 reject with tcp reset; } }");"# => "rule_drop";
    PUBLISHED WEB "a rule says that nobody is there" r#"web.nft_load("table ip f { chain c { type filter hook input priority 0; tcp dport 80 reject; } }");"# => "rule_drop";
    PUBLISHED WEB "a policy drops both ways of a published port" r#"gw.nft_load("table ip f { chain c { type filter hook forward priority 0; policy drop; } }");"# => "policy_drop" "policy_drop";
    PUBLISHED WEB "the answer of a published port is dropped" r#"gw.nft_load("table ip f { chain c { type filter hook forward priority 0; tcp sport 80 drop; } }");"# => "rule_drop";
    PUBLISHED WEB "a published port that has no way back" r#"web.route_del("default", #{ via: "10.0.0.1" });"# => "no_route";
    PUBLISHED WEB "a published port that is not forwarded to" r#"gw.sysctl_set("net.ipv4.ip_forward", 0);"# => "not_forwarding";
    PUBLISHED WEB "a server that listens at another address" r#"server.close(); server = web.tcp_listen(80, #{ address: "127.0.0.1" });"# => "refused";
    NAT OUTSIDE "the answer is dropped after its address is changed back" r#"gw.nft_load("table ip f { chain c { type filter hook forward priority 0; oifname \"lan\" drop; } }");"# => "rule_drop";
    ("qdisc netem") PAIR TO_H2 "everything is lost" r#"h1.qdisc_add("eth0", "netem", #{ loss: 100 });"# => "loss";
    ("qdisc netem") ROUTER THROUGH "everything is lost on the way back" r#"r.qdisc_add("eth0", "netem", #{ loss: 100 });"# => "loss";
    ("link vlan") VLANS TO_H2 "a VLAN with another id" r#"h2.link_del("eth0.10"); h2.vlan_add("eth0.20", "eth0", 20, #{ up: true }); h2.addr_add("eth0.20", "10.0.0.2/24");"# => "wrong_vlan";
    ("link vlan") VLANS TO_H2 "tagged here and untagged there" r#"h2.link_del("eth0.10"); h2.addr_add("eth0", "10.0.0.2/24");"# => "wrong_vlan";
    ("link vlan") VLANS TO_H2 "untagged here and tagged there" r#"h1.link_del("eth0.10"); h1.addr_add("eth0", "10.0.0.1/24");"# => "wrong_vlan";
    ("bridge vlan_filtering") SWITCH TO_H2 "a port in another VLAN" r#"sw.bridge_vlan_del("p2", 10); sw.bridge_vlan_add("p2", 20, #{ pvid: true, untagged: true });"# => "wrong_vlan";
    ("bridge vlan_filtering") SWITCH TO_H2 "a port that leaves the tag on" r#"sw.bridge_vlan_add("p2", 10);"# => "wrong_vlan";
    ("bridge vlan_filtering") SWITCH TO_H2 "a port in no VLAN" r#"sw.bridge_vlan_del("p1", 10);"# => "wrong_vlan";
    ("link vlan", "bridge vlan_filtering") TRUNK TO_H2 "a trunk without the VLAN" r#"sw.bridge_vlan_del("p1", 10); h1.neigh_flush();"# => "wrong_vlan";
    ("link vlan", "bridge vlan_filtering") TRUNK TO_H2 "an access port in another VLAN" r#"sw.bridge_vlan_del("p2", 10); sw.bridge_vlan_add("p2", 20, #{ pvid: true, untagged: true }); h1.neigh_flush();"# => "wrong_vlan";
    SERVER HTTP "nobody listens" r#"server.close();"# => "refused";
    SERVER OWN_HTTP "nobody listens at an own address" r#"server.close();"# => "refused";
    SERVER LOOPED "nobody listens at the loopback address" r#"server.close();"# => "refused";
    SERVER DNS "nobody takes datagrams" r#"names.close();"# => "refused";
    SERVER DNS "who takes datagrams does so at another address" r#"names.close(); names = h2.udp_listen(53, #{ address: "127.0.0.1" });"# => "refused";
    SERVER HTTP "nobody may know that somebody listens" r#"h2.nft_load("table inet t { chain c { type filter hook input priority 0; tcp dport 80 reject; } }");"# => "rule_drop";
    PAIR FROM "the address to come from is gone" r#"h1.addr_del("eth0", "10.0.0.1/24"); h1.addr_add("eth0", "10.0.0.5/24");"# => "no_source";
    TWO_CABLES BY_ETH1 "the link to leave by is down" r#"h1.link_down("eth1");"# => "link_down";
    ROUTER THROUGH "a router without the route of its own link" r#"r.route_del("10.0.2.0/24");"# => "no_route";
    ROUTER THROUGH "a router without an address" r#"r.addr_del("eth1", "10.0.2.1/24");"# => "no_address";
    ROUTER THROUGH "a router with an address of another network" r#"r.addr_del("eth1", "10.0.2.1/24"); r.addr_add("eth1", "10.0.7.1/24");"# => "wrong_address";
    ROUTER THROUGH "a router without its address on the way back" r#"r.addr_del("eth0", "10.0.1.1/24");"# => "no_address";
    ROUTER THROUGH "a gateway that lost its address" r#"r.addr_del("eth0", "10.0.1.1/24"); h1.neigh_flush();"# => "missing_address";
    ROUTERS THROUGH "the first of two routers has no route" r#"r1.route_del("10.0.2.0/24");"# => "no_route";
    ROUTERS THROUGH "the second of two routers has no route back" r#"r2.route_del("10.0.1.0/24");"# => "no_route";
    ROUTERS THROUGH "the second of two routers has no address at its far link" r#"r2.addr_del("b", "10.0.2.1/24");"# => "no_address";
    ROUTERS THROUGH "the second of two routers has no address at its near link" r#"r2.addr_del("a", "10.0.3.2/24");"# => "no_address" "no_route";
    ROUTERS THROUGH "the far link of the first of two routers is down" r#"r1.link_down("b");"# => "link_down" "no_route";
    ROUTERS THROUGH "two routers send it to each other" r#"r2.route_add("10.0.2.2/32", #{ via: "10.0.3.1" });"# => "routing_loop";
    ROUTERS THROUGH "two routers send it to each other, as one of them lost its address" r#"r2.addr_del("b", "10.0.2.1/24"); r2.route_add("default", #{ via: "10.0.3.1" });"# => "no_address";
    NAT OUTSIDE "the masquerade is missing" r#"gw.nft_rule_del("ip nat postrouting", masquerade); gw.conntrack_flush();"# => "no_masquerade";
    NAT OUTSIDE "the masquerade is missing, and the server has a default route" r#"gw.nft_rule_del("ip nat postrouting", masquerade); gw.conntrack_flush(); out.veth_add("x", "y", #{ up: true }); out.addr_add("x", "198.51.100.2/24"); out.route_add("default", #{ via: "198.51.100.1" });"# => "no_masquerade";
    NAT OUTSIDE "the masquerade is missing, and the server throws away what is private" r#"gw.nft_rule_del("ip nat postrouting", masquerade); gw.conntrack_flush(); out.route_add("10.0.0.0/8", #{ type: "blackhole" });"# => "no_masquerade";
    NAT OUTSIDE "the masquerade is at the wrong link" r#"gw.nft_rule_del("ip nat postrouting", masquerade); gw.conntrack_flush(); gw.nat_masquerade("10.0.0.0/24", "lan");"# => "no_masquerade";
    NAT OUTSIDE "the masquerade is for another network" r#"gw.nft_rule_del("ip nat postrouting", masquerade); gw.conntrack_flush(); gw.nat_masquerade("10.0.7.0/24", "wan");"# => "no_masquerade";
    NAT OUTSIDE "there is no table with a masquerade" r#"gw.nft_table_del("ip nat"); gw.conntrack_flush();"# => "no_masquerade";
    PAIR TO_H2 "its own link is down and has no address" r#"h1.addr_del("eth0", "10.0.0.1/24"); h1.link_down("eth0");"# => "link_down" "no_address";
    PAIR TO_H2 "its own address is of another network" r#"h1.addr_del("eth0", "10.0.0.1/24"); h1.addr_add("eth0", "10.0.9.1/24");"# => "wrong_address";
    PAIR TO_H2_6 "IPv6, its own address is of another network" r#"h1.addr_del("eth0", "fd00::1/64"); h1.addr_add("eth0", "fd09::1/64");"# => "wrong_address";
    ROUTER THROUGH "its own address is of another network than the router" r#"h1.addr_del("eth0", "10.0.1.2/24"); h1.addr_add("eth0", "10.0.9.2/24");"# => "wrong_address" "no_route";
    ROUTER THROUGH "a host route by a wrong link" r#"r.route_add("10.0.2.2/32", #{ dev: "eth0" });"# => "not_on_link";
    ROUTER THROUGH "a wrong mask behind a router" r#"h2.addr_del("eth0", "10.0.2.2/24"); h2.addr_add("eth0", "10.0.2.2/32");"# => "wrong_mask" "no_route";
    ROUTER THROUGH "a wrong mask before a router" r#"h1.addr_del("eth0", "10.0.1.2/24"); h1.addr_add("eth0", "10.0.1.2/32");"# => "wrong_mask" "no_route";
    PAIR TO_H2 "a policy rule prohibits it" r#"h1.rule_add(#{ to: "10.0.0.2", action: "prohibit" });"# => "policy_rule";
    PAIR TO_H2 "a policy rule throws it away" r#"h1.rule_add(#{ to: "10.0.0.2", action: "blackhole" });"# => "policy_rule";
    PAIR TO_H2 "a policy rule says that it is unreachable" r#"h1.rule_add(#{ to: "10.0.0.2", action: "unreachable", priority: 7 }); h1.rule_add(#{ to: "10.0.0.9", action: "unreachable", priority: 7 });"# => "policy_rule";
    PAIR TO_H2 "a policy rule refuses the answer" r#"h2.rule_add(#{ to: "10.0.0.1", action: "unreachable" });"# => "policy_rule";
    ROUTER THROUGH "a policy rule of a router refuses what comes in" r#"r.rule_add(#{ iif: "eth0", action: "blackhole" });"# => "policy_rule";
    ROUTER6 THROUGH_6 "IPv6, a policy rule of a router prohibits it" r#"r.rule_add(#{ to: "fd02::/64", action: "prohibit" });"# => "policy_rule";
    PAIR TO_H2_6 "IPv6 is disabled at the sender" r#"h1.sysctl_set("net.ipv6.conf.eth0.disable_ipv6", 1);"# => "ipv6_disabled";
    ROUTER6 THROUGH_6 "IPv6 is disabled where it comes in" r#"r.sysctl_set("net.ipv6.conf.eth0.accept_dad", 0); r.sysctl_set("net.ipv6.conf.eth0.disable_ipv6", 1);"# => "ipv6_disabled";
    ROUTER6 THROUGH_6 "IPv6 is disabled where it would leave" r#"r.sysctl_set("net.ipv6.conf.eth1.accept_dad", 0); r.sysctl_set("net.ipv6.conf.eth1.disable_ipv6", 1);"# => "ipv6_disabled";
    ROUTER6 THROUGH_6 "its own address is tentative" r#"h1.addr_del("eth0", "fd01::2/64"); h1.sysctl_set("net.ipv6.conf.eth0.dad_transmits", 30); h1.addr_add("eth0", "fd01::2/64", #{ dad: true });"# => "tentative";
    ROUTER6 THROUGH_6 "its own address is found elsewhere" r#"h1.addr_del("eth0", "fd01::2/64"); r.addr_add("eth0", "fd01::2/64"); h1.addr_add("eth0", "fd01::2/64", #{ dad: true }); h1.run(|| wait_until(|| addr_list().some(|addr| "dadfailed" in addr.flags), 10));"# => "duplicate_address";
    ROUTER6 BIG_6 "IPv6, packets that are too long" r#"r.link_set("eth1", #{ mtu: 1300 });"# => "mtu";
    ROUTER6 BIG_6 "IPv6, a narrow link on the way" r#"r.link_set("eth1", #{ mtu: 1300 }); h2.link_set("eth0", #{ mtu: 1300 });"# => "mtu";
    ROUTER6 THROUGH_6 "IPv6, the hop limit of the link is too small" r#"h1.sysctl_set("net.ipv6.conf.eth0.hop_limit", 1);"# => "ttl";
    ROUTER6 THROUGH_6 "IPv6, the hop limit of the answer is too small" r#"h2.sysctl_set("net.ipv6.conf.eth0.hop_limit", 1);"# => "ttl";
    ROUTER THROUGH "the hop limit of the route is too small" r#"h1.route_replace("default", #{ via: "10.0.1.1", hoplimit: 1 });"# => "ttl";
    PAIR TO_H2 "the other end has its address, too" r#"h2.addr_add("eth0", "10.0.0.1/24");"# => "duplicate_address";
    ROUTER THROUGH "a router has its address, too" r#"r.addr_add("eth1", "10.0.1.2/32");"# => "duplicate_address";
    PAIR TO_H2_6 "IPv6, the other end has its address, too" r#"h2.addr_add("eth0", "fd00::1/64");"# => "duplicate_address";
    PAIR BIG_TO_H2 "the other end of the cable is narrow" r#"h2.link_set("eth0", #{ mtu: 576 });"# => "mtu";
    ROUTER BIG "the other end of a cable on the way is narrow" r#"h2.link_set("eth0", #{ mtu: 576 });"# => "mtu";
    BRIDGE BIG_TO_H2 "a port is narrow" r#"sw.link_set("p2", #{ mtu: 576 });"# => "mtu";
    VXLAN BIG_IN_VXLAN "a VXLAN that is too wide" r#"for h in [h1, h2] { h.link_set("vx", #{ mtu: 1500 }); }"# => "mtu";
};

const TOLD: &[Told] = &[
    (
        "nothing is wrong",
        &[],
        PAIR,
        TO_H2,
        r#"[[true, null, null, "an answer came", "", false], ["h1/eth0 out", "h2/eth0 in"], false]"#,
    ),
    (
        "a connection to who listens",
        &[],
        SERVER,
        HTTP,
        r#"[[true, null, null, "an answer came", "", false], ["h1/eth0 out", "h2/eth0 in"], false]"#,
    ),
    (
        "no carrier, and nobody at the other end",
        &[Need::Kernel("device tun")],
        r#"
            let h1 = netns_add("h1");
            let h2 = netns_add("h2");
            for n in 1..3 {
                let h = netns_get(`h${n}`);
                h.tap_add("tap0", #{ persistent: true }).close();
                h.link_up("tap0");
                h.addr_add("tap0", `10.0.0.${n}/24`);
            }
        "#,
        TO_H2,
        r#"[[false, "no_carrier", null, "no answer came", "h1", false], [], true]"#,
    ),
    (
        "no cable leads there",
        &[],
        r#"
            let h1 = netns_add("h1");
            let h2 = netns_add("h2");
            for n in 1..3 {
                let h = netns_get(`h${n}`);
                h.veth_add("eth0", "eth1", #{ up: true });
                h.addr_add("eth0", `10.0.0.${n}/24`);
            }
        "#,
        TO_H2,
        r#"[[false, "not_connected", null, "no answer came", "h1", false], [], true]"#,
    ),
    (
        "who does not answer for a reason that is not known",
        &[],
        PAIR,
        r#"h2.run(|| {
            qdisc_add("eth0", "clsact");
            filter_add("eth0", "u32", #{ parent: "ingress", protocol: "all", matches: "u32 0 0 at 0", action: "mirred egress redirect dev lo" });
            h1.neigh_flush();
            why("10.0.0.2", #{ from: h1, timeout: 1 })
        })"#,
        r#"[[false, "silent_neighbour", null, "no answer came", "h1", false], [], true]"#,
    ),
    (
        "a datagram that nobody listens for",
        &[],
        PAIR,
        DNS,
        r#"[[false, "refused", "netns_get(\"h2\").echo_listen(53, #{ proto: \"udp\" })", "it was refused", "h2", false], ["h1/eth0 out", "h2/eth0 in"], true]"#,
    ),
    (
        "a connection that nobody listens for",
        &[],
        PAIR,
        HTTP,
        r#"[[false, "refused", "netns_get(\"h2\").echo_listen(80)", "it was refused", "h2", false], ["h1/eth0 out", "h2/eth0 in"], true]"#,
    ),
    (
        "a server that mends is there for good",
        &[],
        r#"
            let h1 = netns_add("h1");
            let h2 = netns_add("h2");
            h1.veth_add("eth0", "eth0", #{ peer_netns: h2, up: true });
            h1.addr_add("eth0", "10.0.0.1/24");
            h2.addr_add("eth0", "10.0.0.2/24");
            let http = || why("10.0.0.2", #{ from: h1, port: 80, timeout: 1 });
            eval(http.call().mend);
            for n in 0..4 { assert(http.call().works); }
            assert(h1.port_check("10.0.0.2", 80) == "open");
        "#,
        HTTP,
        r#"[[true, null, null, "an answer came", "", false], ["h1/eth0 out", "h2/eth0 in"], false]"#,
    ),
    (
        "a datagram that is rejected",
        &[],
        PAIR,
        r#"h2.run(|| {
            nft_load("table inet t { chain c { type filter hook input priority 0; udp dport 53 reject; } }");
            why("10.0.0.2", #{ from: h1, proto: "udp", port: 53 })
        })"#,
        r#"[[false, "rule_drop", "netns_get(\"h2\").nft_rule_del(\"inet t c\", 2)", "it was refused", "h2", false], ["h1/eth0 out", "h2/eth0 in"], false]"#,
    ),
    (
        "a datagram that is heard and not answered",
        &[Need::Program("python3")],
        // The listener stays behind, without the output of this script, and ends with the sandbox.
        r#"
            let h1 = netns_add("h1");
            let h2 = netns_add("h2");
            h1.veth_add("eth0", "eth0", #{ peer_netns: h2, up: true });
            h1.addr_add("eth0", "10.0.0.1/24");
            h2.addr_add("eth0", "10.0.0.2/24");
            let listen = `import os, signal, socket
s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
s.bind(("", 53))
if os.fork() == 0:
    os.closerange(0, 3)
    signal.pause()`;
            h2.exec("python3", ["-c", listen]);
        "#,
        r#"why("10.0.0.2", #{ from: h1, proto: "udp", port: 53, timeout: 0.3 })"#,
        r#"[[true, null, null, "it came to somebody who listens; UDP promises no answer", "h2", false], ["h1/eth0 out", "h2/eth0 in"], true]"#,
    ),
    (
        "an address that nobody in the lab has",
        &[],
        ROUTER,
        r#"why("8.8.8.8", #{ from: h1, timeout: 1 })"#,
        r#"[[false, "no_route", null, "Destination Net Unreachable", "r", false], ["h1/eth0 out", "r/eth0 in"], true]"#,
    ),
    (
        "a host without a link",
        &[],
        r#"let h1 = netns_add("h1");"#,
        TO_H2,
        r#"[[false, "no_address", null, "cannot ping 10.0.0.2: there is no route to 10.0.0.2", "h1", false], [], false]"#,
    ),
    (
        "an address that was missing, asked for until it is there",
        &[],
        ROUTER,
        r#"h1.run(|| {
            h2.addr_del("eth0", "10.0.2.2/24");
            h2.addr_add("eth0", "10.0.2.3/24");
            h2.route_replace("default", #{ via: "10.0.2.1" });
            r.neigh_flush();
            for n in 0..2 { assert(why("10.0.2.2", #{ from: h1, timeout: 1 }).cause == "missing_address"); }
            h2.addr_add("eth0", "10.0.2.2/24");
            why("10.0.2.2", #{ from: h1, timeout: 1 })
        })"#,
        r#"[[true, null, null, "an answer came", "", false], ["h1/eth0 out", "r/eth0 in", "r/eth1 out", "h2/eth0 in"], false]"#,
    ),
    (
        "an address of the same link that nobody has",
        &[],
        PAIR,
        r#"h1.run(|| {
            wait_until(|| addr_list().all(|addr| !("tentative" in addr.flags)), 10);
            why("fe80::1", #{ iface: "eth0", timeout: 1 })
        })"#,
        r#"[[false, "missing_address", "netns_get(\"h2\").addr_add(\"eth0\", \"fe80::1/64\")", "no answer came", "h1", false], [], true]"#,
    ),
    (
        "from an address that means the host itself",
        &[],
        ROUTER,
        r#"why("10.0.1.1", #{ from: h1, source: "127.0.0.1", timeout: 1 })"#,
        r#"[[false, "no_source", null, "cannot ping 10.0.1.1: the kernel knows no way that goes with the source", "h1", false], [], false]"#,
    ),
    (
        "by the loopback link",
        &[],
        ROUTER,
        r#"why("10.0.2.2", #{ from: h1, iface: "lo", timeout: 1 })"#,
        r#"[[false, "not_on_link", null, "no answer came", "h1", false], ["h1/lo out", "h1/lo in"], true]"#,
    ),
    (
        "a router turns it to a port of its own where nobody listens",
        &[],
        ROUTER,
        r#"r.run(|| {
            nft_load("table ip t { chain c { type nat hook prerouting priority dstnat; tcp dport 80 redirect to :81; } }");
            why("10.0.2.2", #{ from: h1, port: 80, timeout: 1 })
        })"#,
        r#"[[false, "refused", "netns_get(\"r\").echo_listen(81)", "it was refused", "r", false], ["h1/eth0 out", "r/eth0 in"], true]"#,
    ),
    (
        "a host turns it to a port where nobody listens",
        &[],
        PAIR,
        r#"h2.run(|| {
            nft_load("table ip t { chain c { type nat hook prerouting priority dstnat; tcp dport 80 redirect to :81; } }");
            why("10.0.0.2", #{ from: h1, port: 80, timeout: 1 })
        })"#,
        r#"[[false, "refused", "netns_get(\"h2\").echo_listen(81)", "it was refused", "h2", false], ["h1/eth0 out", "h2/eth0 in"], true]"#,
    ),
    (
        "a TTL that is asked for",
        &[],
        ROUTER,
        r#"why("10.0.2.2", #{ from: h1, ttl: 1, timeout: 1 })"#,
        r#"[[false, "ttl", null, "Time to live exceeded", "r", false], ["h1/eth0 out", "r/eth0 in"], true]"#,
    ),
    (
        "what netsh can't tell",
        &[],
        PAIR,
        r#"h2.run(|| {
            h1.nft_load("table ip t { chain c { type filter hook postrouting priority 0; icmp checksum set 1; } }");
            why("10.0.0.2", #{ from: h1, timeout: 0.3 })
        })"#,
        r#"[[false, null, null, "no answer came", "h2", false], ["h1/eth0 out", "h2/eth0 in"], true]"#,
    ),
];
