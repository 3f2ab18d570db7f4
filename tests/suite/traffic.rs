//! Traffic control, compared with `tc`: what netsh makes is what tc makes, and what netsh lists makes the same again. The bytes
//! are compared in tests/kernel/traffic.rs, with kinds that this kernel lacks.

use libtest_mimic::Trial;
use netsh::catalog::translate::translate;
use netsh::script::catalog;
use serde_json::{Value, json};

use crate::second_path::observe;
use crate::support::{Need, User, Verdict, has, run, run_json, run_with, same, test, test_named};

const TC: Need = Need::Program("tc");

/// A network made by commands of tc on the link eth0, and what of the kernel it needs.
struct Case {
    name: &'static str,
    needs: &'static [Need],
    commands: &'static [&'static str],
}

const fn case(
    name: &'static str,
    needs: &'static [Need],
    commands: &'static [&'static str],
) -> Case {
    Case {
        name,
        needs,
        commands,
    }
}

const CASES: &[Case] = &[
    case(
        "pfifo",
        &[TC],
        &["tc qdisc add dev eth0 root handle 1: pfifo limit 7"],
    ),
    case(
        "bfifo",
        &[TC],
        &["tc qdisc add dev eth0 root handle 1: bfifo limit 5000"],
    ),
    case(
        "tbf",
        &[TC, Need::Kernel("qdisc tbf")],
        &["tc qdisc add dev eth0 root handle 1: tbf rate 1mbit burst 32kb latency 400ms"],
    ),
    case(
        "tbf with a peak rate",
        &[TC, Need::Kernel("qdisc tbf")],
        &[
            "tc qdisc add dev eth0 root handle 1: tbf rate 10mbit burst 16k limit 30k peakrate 12mbit mtu 1514 mpu 64",
        ],
    ),
    case(
        "htb with classes and filters",
        &[TC, Need::Kernel("qdisc htb"), Need::Kernel("filter u32")],
        &[
            "tc qdisc add dev eth0 root handle 1: htb default 20 r2q 20",
            "tc class add dev eth0 parent 1: classid 1:1 htb rate 10mbit",
            "tc class add dev eth0 parent 1:1 classid 1:10 htb rate 8mbit ceil 10mbit burst 15k cburst 20k prio 1 quantum 3000",
            "tc class add dev eth0 parent 1:1 classid 1:20 htb rate 2mbit ceil 10mbit mpu 64 overhead 24",
            "tc class change dev eth0 parent 1:1 classid 1:20 htb rate 3mbit ceil 10mbit",
            "tc qdisc add dev eth0 parent 1:10 handle 10: pfifo limit 5",
            "tc filter add dev eth0 parent 1: protocol ip prio 1 u32 match ip dst 10.0.0.0/24 match ip dport 80 0xffff match ip protocol 6 0xff flowid 1:10",
            "tc filter add dev eth0 parent 1: protocol ipv6 prio 2 u32 match ip6 dst fd00::/64 match ip6 dport 80 0xffff flowid 1:20",
        ],
    ),
    case(
        "clsact with actions",
        &[
            TC,
            Need::Kernel("qdisc clsact"),
            Need::Kernel("filter u32"),
            Need::Kernel("action mirred"),
        ],
        &[
            "tc qdisc add dev eth0 clsact",
            "tc filter add dev eth0 ingress protocol all prio 1 u32 match u32 0 0 action mirred egress redirect dev eth1",
            "tc filter add dev eth0 egress protocol ip prio 2 u32 match ip tos 0x10 0xff action mirred egress mirror dev eth1",
        ],
    ),
    case(
        "ingress",
        &[TC, Need::Kernel("qdisc ingress")],
        &["tc qdisc add dev eth0 ingress"],
    ),
    case(
        "netem with everything",
        &[TC, Need::Kernel("qdisc netem")],
        &[
            "tc qdisc add dev eth0 root handle 1: netem limit 50 delay 10ms 1ms 5% loss 10% 25% ecn duplicate 1% 5% corrupt 0.1% 3% reorder 25% 50% gap 5 rate 1mbit 20 100 5",
        ],
    ),
    case(
        "netem with a distribution and slots",
        &[TC, Need::Kernel("qdisc netem")],
        &[
            "tc qdisc add dev eth0 root handle 1: netem delay 20ms 5ms distribution normal slot 10ms 20ms packets 5 bytes 1500",
        ],
    ),
    case(
        "netem with loss by states",
        &[TC, Need::Kernel("qdisc netem")],
        &["tc qdisc add dev eth0 root handle 1: netem loss state 1% 10% 20% 30% 5%"],
    ),
    case(
        "netem with loss in bursts",
        &[TC, Need::Kernel("qdisc netem")],
        &["tc qdisc add dev eth0 root handle 1: netem loss gemodel 1% 10% 70% 0.1%"],
    ),
    case(
        "prio with bands",
        &[TC, Need::Kernel("qdisc prio"), Need::Kernel("qdisc sfq")],
        &[
            "tc qdisc add dev eth0 root handle 1: prio bands 4 priomap 1 2 2 3",
            "tc qdisc add dev eth0 parent 1:1 handle 11: sfq limit 100 perturb 10 quantum 1514 divisor 512 flows 20 depth 50",
        ],
    ),
    case(
        "fq_codel",
        &[TC, Need::Kernel("qdisc fq_codel")],
        &[
            "tc qdisc add dev eth0 root handle 1: fq_codel limit 100 flows 64 quantum 300 interval 50ms target 2ms noecn ce_threshold 1024us memory_limit 1mb drop_batch 16",
        ],
    ),
    case(
        "codel",
        &[TC, Need::Kernel("qdisc codel")],
        &[
            "tc qdisc add dev eth0 root handle 1: codel limit 500 interval 70ms target 3ms ecn ce_threshold 2ms",
        ],
    ),
    case(
        "fq",
        &[TC, Need::Kernel("qdisc fq")],
        &[
            "tc qdisc add dev eth0 root handle 1: fq buckets 512 limit 5000 flow_limit 50 quantum 3000 initial_quantum 15000 maxrate 10mbit low_rate_threshold 1mbit refill_delay 30ms orphan_mask 511 ce_threshold 4096us timer_slack 5us horizon 2s horizon_cap",
        ],
    ),
    case(
        "red",
        &[TC, Need::Kernel("qdisc red")],
        &[
            "tc qdisc add dev eth0 root handle 1: red limit 400000 min 30000 max 90000 avpkt 1000 burst 55 ecn adaptive bandwidth 10mbit probability 0.1",
        ],
    ),
    case(
        "drr",
        &[TC, Need::Kernel("qdisc drr")],
        &[
            "tc qdisc add dev eth0 root handle 1: drr",
            "tc class add dev eth0 parent 1: classid 1:1 drr quantum 900",
        ],
    ),
    case(
        "flower and matchall with actions",
        &[
            TC,
            Need::Kernel("qdisc clsact"),
            Need::Kernel("filter flower"),
            Need::Kernel("filter matchall"),
            Need::Kernel("action gact"),
            Need::Kernel("action police"),
            Need::Kernel("action skbedit"),
            Need::Kernel("action vlan"),
        ],
        &[
            "tc qdisc add dev eth0 clsact",
            "tc filter add dev eth0 ingress protocol ip prio 1 flower src_ip 10.0.0.0/24 dst_ip 10.0.0.1 ip_proto tcp src_port 22 dst_port 80 action drop",
            "tc filter add dev eth0 ingress protocol ipv6 prio 2 flower src_ip fd00::/64 ip_proto udp dst_port 53 action pass",
            "tc filter add dev eth0 ingress protocol 802.1Q prio 3 flower vlan_id 10 vlan_prio 3 vlan_ethtype ip action drop",
            "tc filter add dev eth0 ingress protocol all prio 4 flower dst_mac 02:00:00:00:00:02/ff:ff:ff:00:00:00 src_mac 02:00:00:00:00:01 action drop",
            "tc filter add dev eth0 ingress protocol arp prio 5 flower arp_sip 10.0.0.0/8 arp_tip 10.0.0.1 action drop",
            "tc filter add dev eth0 ingress protocol ip prio 6 flower ip_proto icmp type 8 code 0 action drop",
            "tc filter add dev eth0 ingress protocol ip prio 7 flower ip_proto tcp tcp_flags 0x2/0x17 ip_tos 0x10/0xfc ip_ttl 64 action drop",
            "tc filter add dev eth0 ingress protocol ip prio 8 flower ip_proto tcp dst_port 80-90 action drop",
            "tc filter add dev eth0 egress protocol all prio 1 matchall action skbedit mark 5 action vlan push id 7 action pass",
            "tc filter add dev eth0 egress protocol all prio 2 matchall action police rate 1mbit burst 10k mtu 2000 conform-exceed drop",
            "tc filter add dev eth0 egress chain 3 protocol all prio 1 matchall action goto chain 5",
        ],
    ),
];

/// The tests of this file.
pub fn trials() -> Vec<Trial> {
    let mut trials = Vec::new();
    for case in CASES {
        let name = format!("traffic control: {} as tc makes it", case.name);
        trials.extend(test_named(&name, case.needs, |user| {
            as_tc_makes_it(user, case)
        }));
    }
    for more in [
        test("traffic control: statistics", &[TC], statistics),
        test("traffic control: impaired without netem", &[TC], impaired),
        test(
            "traffic control: impaired with netem",
            &[TC, Need::Kernel("qdisc netem")],
            impaired_by_netem,
        ),
        test(
            "traffic control: what u32 would keep or not look at",
            &[Need::Kernel("qdisc htb"), Need::Kernel("filter u32")],
            kept_filters,
        ),
        test("traffic control: shown commands run", &[TC], shown),
        test("impair: every profile is one", &[], profiles),
        test("kernel features", &[], features),
        test("kernel features: require", &[], require),
    ] {
        trials.extend(more);
    }
    trials
}

/// What tc says of eth0, without what differs from one moment to the next.
const LOOK: &str = r#"
fn look(host) {
    let all = "";
    for what in ["qdisc", "class", "filter"] {
        for place in if what == "filter" { ["root", "ingress", "egress"] } else { [""] } {
            let out = host.exec("sh", ["-c", `tc -s -d ${what} show dev eth0 ${place} | grep -v tokens: | sed 's/installed.*//; s/refcnt [0-9]*//; s/dev eth0//'`]);
            if out.stderr == "" { all += out.stdout; }
        }
    }
    all
}
fn host(name) {
    let host = netns_add(name);
    host.veth_add("eth1", "eth0");
    host
}
"#;

fn as_tc_makes_it(user: User, case: &Case) -> Verdict {
    let mut by_tc = String::new();
    let mut by_netsh = String::new();
    for command in case.commands {
        by_tc += &format!("tc.sh({command:?});\n");
        let line = translate(command, catalog()).lines.join(" ");
        by_netsh += &format!("netsh.run(|| {{ {line} }});\n");
    }
    // The third is made from what netsh reads of the one that tc made.
    let code = format!(
        r#"{LOOK}
        let tc = host("tc");
        let netsh = host("netsh");
        let again = host("again");
        {by_tc}
        {by_netsh}
        for qdisc in tc.qdisc_list("eth0").filter(|one| one.handle != "0:" && one.parent in ["root", "ingress"]) {{
            let options = qdisc.options;
            if qdisc.parent == "root" {{ options.handle = qdisc.handle; }}
            if qdisc.kind == "red" {{ options += #{{ avpkt: 1000, burst: 55, bandwidth: "10mbit" }}; }}
            if qdisc.kind == "netem" && "jitter" in options && !("correlation" in options) {{ options.distribution = "normal"; }}
            again.qdisc_add("eth0", qdisc.kind, options);
        }}
        let classes = tc.class_list("eth0").filter(|one| one.kind in ["htb", "drr"]);
        classes.sort(|one, other| one.classid.len() - other.classid.len());
        for class in classes {{
            let options = class.options;
            if class.parent != "root" {{ options.parent = class.parent; }}
            again.class_add("eth0", class.classid, class.kind, options);
        }}
        for qdisc in tc.qdisc_list("eth0").filter(|one| one.handle != "0:" && !(one.parent in ["root", "ingress"])) {{
            let options = qdisc.options;
            options.handle = qdisc.handle;
            options.parent = qdisc.parent;
            again.qdisc_add("eth0", qdisc.kind, options);
        }}
        for filter in tc.filter_list("eth0") {{
            let options = filter.options;
            options += #{{ parent: filter.parent, prio: filter.prio, protocol: filter.protocol, classid: filter.classid }};
            options.action = filter.actions.map(|one| one.action);
            if filter.chain != 0 {{ options.chain = filter.chain; }}
            if filter.kind == "u32" {{ options.matches = filter.matches; }}
            again.filter_add("eth0", filter.kind, options);
        }}
        show([look(tc), look(netsh), look(again)]);
        show([tc.qdisc_list("eth0"), netsh.qdisc_list("eth0")]);
        show([tc.class_list("eth0"), netsh.class_list("eth0")]);
        show([tc.filter_list("eth0"), netsh.filter_list("eth0")]);
        "#
    );
    let seen = observe(user, &code)?;
    let [told, lists @ ..] = seen.as_slice() else {
        return Err(format!("{seen:?}").into());
    };
    let text = |at: usize| told[at].as_str().unwrap_or_default().to_owned();
    // What was to be made is there.
    has(&text(0), case.name.split(' ').next().unwrap_or_default())
        .or_else(|_| has(&text(0), "clsact"))?;
    same(text(1), text(0))?;
    same(text(2), text(0))?;
    for pair in lists {
        same(&pair[1], &pair[0])?;
    }
    Ok(())
}

/// What passed, as tc and netsh count it.
fn statistics(user: User) -> Verdict {
    let code = r#"
        let h1 = netns_add("h1");
        veth_add("a", "b", #{ peer_netns: h1, up: true });
        addr_add("a", "10.0.0.1/24");
        h1.addr_add("b", "10.0.0.2/24");
        qdisc_add("a", "pfifo", #{ handle: "1:", limit: 100 });
        ping("10.0.0.2", #{ count: 5, interval: "1ms", quiet: true });
        sysctl_set("net.ipv6.conf.a.disable_ipv6", 1);
        let before = qdisc_list("a")[0].statistics;
        let tc = exec("tc", ["-j", "-s", "qdisc", "show", "dev", "a"]).stdout;
        let after = qdisc_list("a")[0].statistics;
        show([before == after, after, tc]);
    "#;
    let seen = observe(user, code)?;
    let [still, found, tc] = seen[0].as_array().map_or(&[][..], Vec::as_slice) else {
        return Err(format!("{seen:?}").into());
    };
    same(still, &json!(true))?;
    let tc = &tc[0];
    let wanted: Value = [
        "bytes",
        "packets",
        "drops",
        "overlimits",
        "requeues",
        "backlog",
        "qlen",
    ]
    .into_iter()
    .map(|key| (key.to_owned(), tc[key].clone()))
    .collect::<serde_json::Map<_, _>>()
    .into();
    same(found, &wanted)?;
    same(found["packets"].as_u64() >= Some(5), true)
}

/// A rate alone needs no netem; and it is one discipline, however often.
fn impaired(user: User) -> Verdict {
    let code = r#"
        veth_add("a", "b", #{ up: true });
        link_impair("a", #{ rate: "10mbit" });
        link_impair("a", #{ rate: "20mbit" });
        let twice = qdisc_list("a").map(|one| [one.parent, one.options.rate]);
        link_impair("a", #{});
        let none = qdisc_list("a").map(|one| one.handle);
        link_unimpair("a");
        qdisc_add("a", "htb", #{ handle: "7:" });
        let refused = "";
        try { link_impair("a", #{ rate: "1mbit" }); } catch (e) { refused = e.message; }
        show([twice, none, refused, qdisc_list("a").map(|one| one.handle)]);
        link_impair("b", #{ rate: "1tbit" });
        let fast = qdisc_list("b").map(|one| one.options.rate);
        // Too slow for tbf, in place of a netem that is not there: it is the rate that is to blame.
        let slow = ["8bit", "rate"];
        try { link_impair("b", #{ rate: "8bit" }); } catch (e) { slow = [e.message.split(" ").pop(), e.argument]; }
        show([fast, slow]);
    "#;
    let wanted = json!([
        [["root", 20_000_000]],
        ["0:"],
        "a has at its root the qdisc htb 7:",
        ["7:"]
    ]);
    let ends = json!([[1_000_000_000_000_u64], ["8bit", "rate"]]);
    same(observe(user, code)?, vec![wanted, ends])
}

/// What is not said again is gone.
fn impaired_by_netem(user: User) -> Verdict {
    let code = r#"
        veth_add("a", "b", #{ up: true });
        link_impair("a", #{ delay: "20ms", jitter: "5ms", distribution: "normal", corrupt: 1, rate: "1mbit" });
        link_impair("a", #{ loss: "2%" });
        show(qdisc_list("a").map(|one| [one.kind, one.options]));
        print(exec("tc", ["qdisc", "show", "dev", "a"]).stdout);
    "#;
    let ran = run_with(user, &["--json"], code)?;
    has(
        &format!("{}{}", ran.stdout, ran.stderr),
        "limit 1000 loss 2%",
    )?;
    has(&ran.stdout, r#"[["netem",{"limit":1000,"loss":2.0}]]"#)
}

/// A filter of u32 is found by its handle whatever the priority; and a kernel whose u32 looks at no marks says nothing of it.
fn kept_filters(user: User) -> Verdict {
    let code = r#"
        let of = |work| { let said = "done"; try { work.call(); } catch (error) { said = error.message; } said };
        veth_add("eth0", "eth1", #{ up: true });
        qdisc_add("eth0", "htb", #{ handle: "1:" });
        class_add("eth0", "1:10", "htb", #{ rate: "1mbit" });
        filter_add("eth0", "u32", #{ parent: "1:", prio: 1, matches: "ip dst 9.9.9.9", classid: "1:10" });
        show(of.call(|| filter_replace("eth0", "u32", #{ parent: "1:", prio: 5, handle: "800::800", matches: "ip dst 1.2.3.4", classid: "1:10" })));
        let said = of.call(|| filter_add("eth0", "u32", #{ parent: "1:", prio: 2, matches: "mark 5 0xff", classid: "1:10" }));
        let all = filter_list("eth0", #{ parent: "1:" }).map(|filter| filter.matches);
        show(all == [["ip dst 9.9.9.9/32"], ["mark 0x5 0xff"]] && said == "done"
            || all == [["ip dst 9.9.9.9/32"]] && said.contains("looks at no marks (CONFIG_CLS_U32_MARK)"));
    "#;
    let kept =
        "cannot give eth0 the filter u32: the filter 800::800 has the priority 1, which it keeps";
    same(run_json(user, code)?, vec![json!(kept), json!(true)])
}

/// The commands that a script stands for, run by a shell, make the same.
fn shown(user: User) -> Verdict {
    let lines = r#"
        veth_add("eth1", "eth0");
        qdisc_add("eth0", "htb", #{ handle: "1:", default_class: "20" });
        class_add("eth0", "1:10", "htb", #{ rate: "8mbit", ceil: "10mbit" });
        class_add("eth0", "1:20", "htb", #{ rate: "2mbit" });
        class_change("eth0", "1:20", "htb", #{ rate: "3mbit" });
        qdisc_add("eth0", "tbf", #{ parent: "1:10", handle: "10:", rate: "1mbit", burst: "16k", limit: "20k" });
        qdisc_change("eth0", "tbf", #{ parent: "1:10", handle: "10:", rate: "2mbit", burst: "16k", limit: "20k" });
        filter_add("eth0", "u32", #{ parent: "1:", prio: 1, matches: ["ip dst 10.0.0.0/24", "ip dport 80"], classid: "1:10" });
        filter_add("eth0", "u32", #{ parent: "1:", prio: 2, matches: "ip src 10.0.0.1", classid: "1:20" });
        filter_del("eth0", #{ parent: "1:", prio: 2 });
        qdisc_add("eth0", "clsact");
        filter_add("eth0", "u32", #{ parent: "ingress", prio: 1, matches: "u32 0 0", action: "mirred egress redirect dev eth1" });
        link_impair("eth1", #{ rate: "10mbit" });
        link_unimpair("eth1");
        qdisc_add("eth1", "ingress");
        qdisc_del("eth1", #{ parent: "ingress" });
    "#;
    let all = format!("{LOOK}\nlet here = netns_get(\"home\");\n{lines}\nprint(look(here));");
    let ran = run_with(user, &["--show-commands"], &all)?;
    same(ran.status, Some(0))?;
    let commands: Vec<&str> = ran
        .stderr
        .lines()
        .filter(|line| line.starts_with("tc ") || line.starts_with("ip link add"))
        .collect();
    same(commands.len() >= 16, true)?;
    let script = commands.join("\n");
    let code = format!(
        "{LOOK}\nlet here = netns_get(\"home\");\nlet ran = exec(\"bash\", [\"-ec\", {script:?}]);\nif ran.code != 0 {{ throw ran.stderr; }}\nprint(look(here));"
    );
    same(run(user, &code)?, ran.stdout)
}

/// Whatever this kernel has, the options of a profile go together.
fn profiles(user: User) -> Verdict {
    let code = r#"
        import "impair" as impair;
        veth_add("a", "b");
        let faults = [];
        for name in impair::profiles() {
            try { impair::link("a", name); } catch (e) { if e.errno != "ENOENT" { faults += `${name}: ${e.message}`; } }
        }
        try { impair::profile("moon"); } catch (e) { faults += e; }
        show(faults);
    "#;
    let unknown = "there is no profile \"moon\"; the profiles are: lan, wifi, dsl, cable, lte, 3g, satellite, intercontinental, lossy";
    same(observe(user, code)?, vec![json!([unknown])])
}

fn features(user: User) -> Verdict {
    let code = r#"
        show([kernel_has("link veth"), kernel_has("qdisc pfifo"), kernel_has("link bridge")]);
        for wrong in ["netem", "qdisc netm", "", "device veth"] {
            try { kernel_has(wrong); show("no error"); } catch (e) { show([e.argument, e.hint]); }
        }
    "#;
    let form = r#"it is written as "link vlan", "qdisc netem", "filter flower", "action mirred", "bridge vlan_filtering" or "device tun""#;
    same(
        observe(user, code)?,
        vec![
            json!([true, true, true]),
            json!(["name", "did you mean \"qdisc netem\"?"]),
            json!(["name", "did you mean \"qdisc netem\"?"]),
            json!(["name", form]),
            json!(["name", form]),
        ],
    )
}

/// The script ends as skipped; no `try` keeps it.
fn require(user: User) -> Verdict {
    same(
        run(user, r#"require("link veth"); require([]); print("on")"#)?,
        "on\n".into(),
    )?;
    // A kernel with all of them has nothing to skip.
    let code = r#"for one in ["qdisc netem", "qdisc teql", "link batadv", "link gtp", "qdisc gred"] {
        if !kernel_has(one) { try { require(["link veth", one]); } catch (e) { print("caught"); } print("on"); }
    }"#;
    let ran = run_with(user, &[], code)?;
    if ran.status == Some(0) {
        return same(ran.stdout, String::new());
    }
    same(ran.status, Some(77))?;
    same(ran.stdout.starts_with("skipped: this kernel has no "), true)?;
    same((ran.stdout.lines().count(), ran.stderr.as_str()), (1, ""))
}
