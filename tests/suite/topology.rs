//! The modules `topo` and `expect`: what they make, as ip sees it, and what they say of what is not as expected.

use libtest_mimic::Trial;
use serde_json::json;

use crate::support::{Need, User, Verdict, has, run, run_json, same, test};

/// The tests.
pub fn trials() -> Vec<Trial> {
    [
        test("topo: as ip sees it", &[Need::Program("ip")], as_ip_sees_it),
        test("topo: three LANs in a row", &[], three_in_a_row),
        test("topo: a host on two LANs, and cables", &[], more_links),
        test("topo: wrong subnets", &[], wrong_subnets),
        test("topo: free subnets", &[], free_subnets),
        test(
            "expect: that nothing could be asked is no answer",
            &[],
            no_answer,
        ),
        test("expect: what is as expected", &[], as_expected),
        test("expect: what is not", &[], not_as_expected),
    ]
    .into_iter()
    .flatten()
    .collect()
}

/// Two LANs and a router, in both families.
const TWO: &str = r#"
    import "topo" as topo;
    import "expect" as expect;
    let office = topo::lan("office", ["alice", "carol"], #{ subnet: "10.1.0.0/24", subnet6: "fd00:1::/64" });
    let branch = topo::lan("branch", ["bob"], #{ subnet: "10.2.0.128/25", subnet6: "fd00:2::/64" });
    let r1 = topo::router("r1", [office, branch]);
    let alice = office.hosts.alice;
"#;

fn as_ip_sees_it(user: User) -> Verdict {
    let code = format!(
        r#"{TWO}
        fn ip(words) {{ exec("ip", words).stdout }}
        for host in [alice, branch.hosts.bob, r1.host] {{
            host.run(|| {{
                for line in ip(["-o", "addr", "show", "scope", "global"]).split("\n") {{
                    let words = line.split(" ").filter(|word| word != "");
                    if words.len() > 3 {{ print(`${{words[1]}} ${{words[3]}}`); }}
                }}
                for family in ["-4", "-6"] {{
                    let route = ip([family, "route", "show", "default"]).split(" ");
                    if route.len() > 2 {{ print(route[2]); }}
                }}
            }});
        }}
        office.bridge.run(|| print(ip(["-br", "link", "show", "master", "br0"]).split("\n").len() - 1));
        print(r1.host.sysctl_get("net.ipv4.ip_forward"));
    "#
    );
    let wanted = "eth0 10.1.0.1/24\neth0 fd00:1::1/64\n10.1.0.3\nfd00:1::3\n\
        eth0 10.2.0.129/25\neth0 fd00:2::1/64\n10.2.0.130\nfd00:2::2\n\
        eth0 10.1.0.3/24\neth0 fd00:1::3/64\neth1 10.2.0.130/25\neth1 fd00:2::2/64\n3\n1\n";
    same(run(user, &code)?.as_str(), wanted)
}

fn three_in_a_row(user: User) -> Verdict {
    let code = r#"
        import "topo" as topo;
        import "expect" as expect;
        let nets = [];
        for n in 1..=4 {
            let hosts = if n == 1 { ["a"] } else if n == 4 { ["b"] } else { [] };
            nets.push(topo::lan(`net${n}`, hosts, #{ subnet: `10.${n}.0.0/24`, subnet6: `fd00:${n}::/64` }));
        }
        let r1 = topo::router("r1", [nets[0], nets[1]]);
        let r2 = topo::router("r2", [nets[1], nets[2]]);
        let r3 = topo::router("r3", [nets[2], nets[3]]);
        topo::routes([r1, r2, r3], nets);
        let (a, b) = (nets[0].hosts.a, nets[3].addresses.b);
        show(expect::path(a, b, ["10.1.0.2", "10.2.0.2", "10.3.0.2", "10.4.0.1"]));
        show(expect::path(a, nets[3].addresses6.b, ["fd00:1::2", "fd00:2::2", "fd00:3::2", "fd00:4::1"]).len());
    "#;
    let code = code.replace(
        "let (a, b) = (nets[0].hosts.a, nets[3].addresses.b);",
        "let a = nets[0].hosts.a; let b = nets[3].addresses.b;",
    );
    same(
        run_json(user, &code)?,
        vec![
            json!(["10.1.0.2", "10.2.0.2", "10.3.0.2", "10.4.0.1"]),
            json!(4),
        ],
    )
}

fn more_links(user: User) -> Verdict {
    let code = r#"
        import "topo" as topo;
        import "expect" as expect;
        let one = topo::lan("one", ["a"], #{ subnet: "10.1.0.0/24" });
        let two = topo::lan("two", ["b", one.hosts.a], #{ subnet6: "fd00::/64" });
        show(one.hosts.a.link_list().map(|link| link.name));
        expect::reachable(one.hosts.a, two.addresses6.b);
        show([two.addresses.b, two.addresses6.a]);
        let names = topo::pair("a-host-with-a-long-name", "another", #{ subnet: "192.168.0.4/30" });
        show(names.addresses);
        show(topo::plug(one, names.hosts.another));
        let cable = topo::cable(one.hosts.a, two.hosts.b, #{ subnet: "10.9.0.0/31", subnet6: "fd09::/64" });
    "#;
    let code = code.replace("10.9.0.0/31", "10.9.0.0/30");
    same(
        run_json(user, &code)?,
        vec![
            json!(["lo", "eth0", "eth1"]),
            json!([null, "fd00::2"]),
            json!({"a-host-with-a-long-name": "192.168.0.5", "another": "192.168.0.6"}),
            json!({"link": "eth1", "address": "10.1.0.2", "address6": null}),
        ],
    )
}

/// Runs `call` and gives what it threw.
fn thrown(user: User, before: &str, call: &str) -> Result<String, libtest_mimic::Failed> {
    let code = format!(
        "import \"topo\" as topo; import \"expect\" as expect; {before}\n\
         try {{ {call}; print(\"nothing\"); }} catch (e) {{ print(if type_of(e) == \"map\" {{ e.message }} else {{ e }}); }}"
    );
    Ok(run(user, &code)?.trim_end().to_owned())
}

fn wrong_subnets(user: User) -> Verdict {
    for (call, words) in [
        (
            r#"topo::lan("x", ["a"], #{ subnet: "10.0.0.0" })"#,
            "\"10.0.0.0\" is no IPv4 network such as \"10.1.0.0/24\"",
        ),
        (
            r#"topo::lan("x", ["a"], #{ subnet: "fd00::/64" })"#,
            "\"fd00::/64\" is no IPv4 network such as \"10.1.0.0/24\"",
        ),
        (
            r#"topo::lan("x", ["a"], #{ subnet6: "10.0.0.0/8" })"#,
            "\"10.0.0.0/8\" is no IPv6 network such as \"fd00:1::/64\"",
        ),
        (
            r#"topo::lan("x", ["a", "b", "c"], #{ subnet: "10.0.0.0/30" })"#,
            "the network 10.0.0.0/30 has no address for number 3: it has 2",
        ),
        (
            r#"topo::pair("a", "b", #{ subnet: "10.0.0.999/24" })"#,
            "\"10.0.0.999/24\" is no IPv4 network such as \"10.1.0.0/24\"",
        ),
        (
            r#"topo::pair("a", "b", #{ subnet6: "fd00::/127" })"#,
            "the network fd00::/127 has no address for number 2: it has 1",
        ),
        (
            r#"topo::pair("a", "b", #{ subnet: "10.0.0.5/24" })"#,
            "\"10.0.0.5/24\" is an address in a network: the network is 10.0.0.0/24",
        ),
        (
            r#"topo::pair("a", "b", #{ subnet: "224.0.0.0/24" })"#,
            "\"224.0.0.0/24\" is for groups: no host has such an address",
        ),
        (
            r#"topo::pair("a", "b", #{ subnet: "0.0.0.0/0" })"#,
            "\"0.0.0.0/0\" is all addresses, and not a network of some",
        ),
        (
            r#"topo::lan("x", ["a"], #{ subnet: "10.0.0.1/32" })"#,
            "the network 10.0.0.1/32 has no address for number 1: it has none",
        ),
        (
            r#"topo::cable("x", "y")"#,
            "a host is the handle of a namespace, such as netns_get(\"h1\"), and not the string \"x\"",
        ),
        (
            r#"topo::lan("x", [5])"#,
            "a host is a name, or the handle of a namespace, and not the int 5",
        ),
        (
            r#"topo::plug(topo::lan("x", []), "b")"#,
            "a host is the handle of a namespace, such as netns_get(\"h1\"), and not the string \"b\"",
        ),
        (
            r#"let lan = topo::lan("x", []); topo::router("r", [lan, lan])"#,
            "the LAN x stands there twice",
        ),
        (
            r#"topo::router("r", [topo::lan("x", []), topo::lan("y", [], #{ subnet: "10.0.0.0/16" })])"#,
            "no router can tell x (10.0.0.0/24) from y (10.0.0.0/16): give one of them another subnet",
        ),
        (
            r#"topo::lan("x", [], #{ net: 1 })"#,
            "a LAN has no option \"net\"; there are subnet and subnet6",
        ),
        (
            r#"topo::pair("a", "b", #{ mtu: 1 })"#,
            "a cable has no option \"mtu\"; there are subnet and subnet6",
        ),
    ] {
        same((call, thrown(user, "", call)?.as_str()), (call, words))?;
    }
    for call in [
        r#"topo::lan("x", ["a", "b", "a"])"#,
        r#"netns_add("b"); topo::lan("x", ["a", "b"])"#,
        r#"netns_add("b"); topo::pair("a", "b")"#,
    ] {
        let left = "throw netns_list().map(|netns| netns.name).filter(|name| name != \"b\")";
        let call = format!("try {{ {call} }} catch {{ {left} }}");
        same(
            (call.as_str(), thrown(user, "", &call)?.as_str()),
            (&call, "[]"),
        )?;
    }
    Ok(())
}

fn free_subnets(user: User) -> Verdict {
    let code = r#"
        import "topo" as topo;
        import "expect" as expect;
        let first = topo::lan("first", ["a"]);
        let second = topo::lan("second", []);
        let third = topo::lan("third", ["c"]);
        let cable = topo::pair("x", "y");
        show([first.subnet, second.subnet, third.subnet, cable.addresses.x]);
        let routers = [topo::router("r1", [first, second]), topo::router("r2", [second, third])];
        topo::routes(routers, [first, second, third]);
        show(expect::reachable(first.hosts.a, third.hosts.c).received);
        netns_del("second");
        show(topo::lan("again", []).subnet);
        show(topo::lan("wide", [], #{ subnet: "10.0.0.0/8" }).subnet);
        show(topo::lan("last", []).subnet);
    "#;
    same(
        run_json(user, code)?,
        vec![
            json!(["10.0.0.0/24", "10.0.1.0/24", "10.0.2.0/24", "10.0.3.1"]),
            json!(3),
            json!("10.0.1.0/24"),
            json!("10.0.0.0/8"),
            json!("172.16.0.0/24"),
        ],
    )
}

/// Only what the network did counts: not that there was nothing to ask.
fn no_answer(user: User) -> Verdict {
    for (call, words) in [
        (
            r#"expect::unreachable(alice, "10.0.0.300")"#,
            "cannot ping 10.0.0.300: 10.0.0.300 is neither an address",
        ),
        ("expect::unreachable(5, 6)", "and not the int 6"),
        (
            r#"expect::unreachable("nope", "127.0.0.1")"#,
            "and not the string \"nope\"",
        ),
        (
            r#"let gone = netns_add("gone"); netns_del("gone"); expect::unreachable(gone, "10.1.0.1")"#,
            "there is no network namespace \"gone\"",
        ),
        (
            r#"expect::path(alice, "10.0.0.300", [()])"#,
            "10.0.0.300 is neither an address",
        ),
        (
            r#"expect::rtt_within(alice, "10.2.0.129", "x", 5)"#,
            "\"x\" is not a duration",
        ),
        (
            r#"expect::rtt_within(alice, "10.2.0.129", 0.0 / 0.0, 5)"#,
            "the float NaN is not a number of milliseconds",
        ),
        (
            r#"expect::rtt_within(alice, "10.2.0.129", "5s", "6s")"#,
            "the round trip from alice to 10.2.0.129 takes ",
        ),
        (
            r#"expect::throughput(alice, "10.2.0.129", "much")"#,
            "\"much\" is not a rate",
        ),
        (
            r#"expect::throughput(alice, "10.2.0.129", "900tbit", #{ time: "50ms" })"#,
            " bits per second get through from alice to 10.2.0.129, not 9",
        ),
        (
            r#"expect::packet_seen(alice, "icmp", || 1)"#,
            "the rule ends where a field of icmp has to stand",
        ),
        (
            r#"firewall_allow("input", "icmp")"#,
            "the rule ends where a field of icmp has to stand",
        ),
    ] {
        has(&format!("{call}: {}", thrown(user, TWO, call)?), words)?;
    }
    let code = format!(
        r#"{TWO}
        expect::unreachable(alice, "10.77.0.1");
        expect::unreachable(netns_add("alone"), "10.77.0.1");
        alice.route_add("10.78.0.0/16", #{{ type: "blackhole" }});
        expect::unreachable(alice, "10.78.0.1");
        expect::reachable(alice, branch.hosts.bob);
        expect::rtt_within(alice, branch.hosts.bob, "0ms", "5s");
        expect::throughput(alice, branch.hosts.bob, "1kbit", #{{ time: "50ms" }});
    "#
    );
    run(user, &code).map(drop)
}

fn as_expected(user: User) -> Verdict {
    let code = format!(
        r#"{TWO}
        let bob = branch.addresses.bob;
        expect::reachable(alice, bob);
        expect::reachable(alice, branch.addresses6.bob);
        expect::rtt_within(alice, bob, 0, 1000);
        expect::path(alice, bob, [r1.addresses.office, bob]);
        expect::path(alice, bob, [(), bob]);
        expect::throughput(alice, bob, 1000);
        show(expect::throughput(alice, bob, 1000, #{{ udp: true, rate: "1mbit", time: "100ms" }}).protocol);
        let ask = || alice.ping(bob, #{{ count: 2, interval: "1ms", quiet: true }}).received;
        show(expect::packet_seen(r1.host, "icmp type echo-request", ask));
        show(expect::packet_seen(alice, "ip daddr 10.2.0.129", ask).packets);
        show(expect::packet_unseen(office.hosts.carol, "icmp type echo-request", ask));
        branch.hosts.bob.link_down("eth0");
        expect::unreachable(alice, bob);
        show(r1.host.nft_list().len());
    "#
    );
    same(
        run_json(user, &code)?,
        vec![
            json!("udp"),
            json!({"packets": 2, "result": 2}),
            json!(2),
            json!(2),
            json!(0),
        ],
    )
}

fn not_as_expected(user: User) -> Verdict {
    for (call, words) in [
        (
            r#"expect::reachable(alice, "10.3.0.1")"#,
            "alice does not reach 10.3.0.1: 3 sent, 0 answered; Destination Net Unreachable from 10.1.0.3; why(\"10.3.0.1\", #{ from: \"alice\" }) tells what stopped it",
        ),
        (
            r#"expect::reachable(alice, "10.1.0.99")"#,
            "alice does not reach 10.1.0.99: 3 sent, 0 answered; Destination Host Unreachable from 10.1.0.1; why(\"10.1.0.99\", #{ from: \"alice\" }) tells what stopped it",
        ),
        (
            r#"expect::reachable(netns_add("alone"), "10.1.0.99")"#,
            "alone does not reach 10.1.0.99: cannot ping 10.1.0.99: there is no route to 10.1.0.99; why(\"10.1.0.99\", #{ from: \"alone\" }) tells what stopped it",
        ),
        (
            r#"expect::path(alice, "10.2.0.129", ["10.2.0.129"])"#,
            r#"the way from alice to 10.2.0.129 is ["10.1.0.3", "10.2.0.129"], not ["10.2.0.129"]"#,
        ),
        (
            r#"expect::packet_seen(r1.host, "udp dport 53", || 1)"#,
            "no packet came by r1 of which this is true: udp dport 53",
        ),
        (
            r#"expect::packet_unseen(alice, "icmp type echo-request", || expect::reachable(alice, "10.1.0.2"))"#,
            "3 packets came by alice of which this is true: icmp type echo-request",
        ),
        (
            r#"expect::packet_seen(r1.host, "udp dport 53", || throw "mine")"#,
            "mine",
        ),
    ] {
        same((call, thrown(user, TWO, call)?.as_str()), (call, words))?;
    }
    let reached = thrown(user, TWO, r#"expect::unreachable(alice, "10.2.0.129")"#)?;
    let words =
        "alice reaches 10.2.0.129: 3 of 3 pings were answered, the first by 10.2.0.129 after ";
    same((reached.starts_with(words), &reached), (true, &reached))?;
    let little = thrown(
        user,
        TWO,
        r#"expect::throughput(alice, "10.2.0.129", 1000000000000000, #{ time: "50ms" })"#,
    )?;
    let words = " bits per second get through from alice to 10.2.0.129, not 1000000000000000";
    same((little.ends_with(words), &little), (true, &little))?;
    let slow = thrown(
        user,
        TWO,
        r#"expect::rtt_within(alice, "10.2.0.129", 5000, 6000)"#,
    )?;
    let words = "the round trip from alice to 10.2.0.129 takes ";
    same((slow.starts_with(words), &slow), (true, &slow))
}
