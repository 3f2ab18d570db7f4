//! Routes, rules, neighbours and what bridges know: made by netsh and read by iproute2, made by iproute2 and read by netsh.

use libtest_mimic::Trial;
use serde_json::{Value, json};

use crate::second_path::{Step, list, observe, steps};
use crate::support::{Need, User, Verdict, run_json, same, test};

const IP: &[Need] = &[Need::Program("ip")];
const BRIDGE: &[Need] = &[Need::Program("ip"), Need::Program("bridge")];

/// The tests of this file.
pub fn trials() -> Vec<Trial> {
    [
        test("routes: made, as ip sees them", IP, made_by_netsh),
        test("routes: of ip's making, listed", IP, made_by_ip),
        test("routes: what is listed can be given again", IP, given_again),
        test("routes: many in one verb, all or none", IP, many_at_once),
        test("routes: the filters of the list", &[], filters),
        test("routes: asked for", IP, asked_for),
        test("rules: made, as ip sees them", IP, rules_made_by_netsh),
        test("rules: of ip's making, listed", IP, rules_made_by_ip),
        test(
            "neighbours: made, as ip sees them",
            IP,
            neighbours_made_by_netsh,
        ),
        test(
            "neighbours: the filters of the list",
            &[],
            neighbours_chosen,
        ),
        test(
            "fdb: made and listed, as bridge sees it",
            BRIDGE,
            forwarding,
        ),
        test("mdb: made and listed, as bridge sees it", BRIDGE, groups),
    ]
    .into_iter()
    .flatten()
    .collect()
}

const LINKS: &str = r#"
    sysctl_set("net.ipv6.conf.default.addr_gen_mode", 1);
    veth_add("a", "b", #{ up: true });
    veth_add("c", "d", #{ up: true });
    addr_add("a", "10.0.0.1/24"); addr_add("a", "fd00::1/64"); addr_add("c", "10.1.0.1/24");
"#;

/// More than go into one datagram; and one that is refused among them, after those of a first datagram.
fn many_at_once(user: User) -> Verdict {
    let code = r#"
        let count = || sh("ip route show table 100 | wc -l");
        let all = []; for n in 0..200 { all.push(`10.5.${n}.0/24`); }
        route_add([], #{ table: 100 });
        route_add(all, #{ via: "10.0.0.2", table: 100 });
        count.call();
        route_flush(#{ table: 100 });
        route_add("10.5.150.0/24", #{ type: "blackhole", table: 100 });
        try { route_add(all, #{ via: "10.0.0.2", table: 100 }); } catch (e) { show([e.errno, e.argument, e.object]); }
        count.call();
        for wrong in [["10.0.0.1/8"], [5]] {
            try { route_add(wrong); } catch (e) { show(e.argument); }
        }
    "#;
    let found = run_json(user, &(LINKS.to_string() + code))?;
    let refused = json!(["EEXIST", "destinations", "10.5.150.0/24"]);
    same(
        found,
        vec![
            json!(200),
            refused,
            json!(1),
            json!("destinations"),
            json!("destinations"),
        ],
    )
}

fn made_by_netsh(user: User) -> Verdict {
    let all: &[Step] = &[
        (
            r#"route_add("10.5.0.0/16", #{ via: "10.0.0.2", mtu: 1400, advmss: 1300, metric: 5, protocol: "static" })"#,
            "route show 10.5.0.0/16",
            "/0",
            json!({"type": "unicast", "dst": "10.5.0.0/16", "gateway": "10.0.0.2", "dev": "a", "protocol": "static",
                "scope": "global", "metric": 5, "flags": [], "metrics": [{"mtu": 1400, "advmss": 1300}]}),
        ),
        (
            r#"route_add("10.5.1.0/24", #{ via: "10.0.0.2", rtt: "20ms", rto_min: 0.05, lock: ["rto_min"] })"#,
            "route show 10.5.1.0/24",
            "/0/metrics/0/rto_min",
            json!(50),
        ),
        (
            r#"route_add("10.6.0.0/16", #{ nexthops: [#{ via: "10.0.0.2", weight: 3 }, #{ via: "10.1.0.2", dev: "c" }] })"#,
            "route show 10.6.0.0/16",
            "/0/nexthops",
            json!([{"gateway": "10.0.0.2", "dev": "a", "weight": 3, "flags": []}, {"gateway": "10.1.0.2", "dev": "c", "weight": 1, "flags": []}]),
        ),
        (
            r#"route_add("fd06::/16", #{ nexthops: [#{ via: "fd00::2" }, #{ via: "fd00::3", weight: 2 }] })"#,
            "-6 route show fd06::/16",
            "/0/nexthops/1/weight",
            json!(2),
        ),
        (
            r#"route_add("10.7.0.0/16", #{ via: "inet6 fd00::9", dev: "a" })"#,
            "route show 10.7.0.0/16",
            "/0/via",
            json!({"family": "inet6", "host": "fd00::9"}),
        ),
        (
            r#"route_add("10.8.8.8", #{ dev: "a", src: "10.1.0.1" })"#,
            "route show 10.8.8.8",
            "/0",
            json!({"type": "unicast", "dst": "10.8.8.8", "dev": "a", "protocol": "boot", "scope": "link", "prefsrc": "10.1.0.1", "flags": []}),
        ),
        (
            r#"route_add("10.9.0.0/16", #{ type: "prohibit", table: 1000 })"#,
            "route show table 1000",
            "/0/type",
            json!("prohibit"),
        ),
        (
            r#"route_add("10.10.0.0/16", #{ via: "172.16.0.1", dev: "c", onlink: true })"#,
            "route show 10.10.0.0/16",
            "/0/flags",
            json!(["onlink"]),
        ),
        (
            r#"route_add("default", #{ via: "fd00::4", pref: "high", metric: 9 })"#,
            "-6 route show default",
            "/0/pref",
            json!("high"),
        ),
        (
            r#"route_replace("10.5.0.0/16", #{ via: "10.0.0.3", metric: 5 })"#,
            "route show 10.5.0.0/16",
            "/0/gateway",
            json!("10.0.0.3"),
        ),
        (
            r#"route_append("10.5.0.0/16", #{ via: "10.0.0.4", metric: 5 })"#,
            "route show 10.5.0.0/16",
            "/1/gateway",
            json!("10.0.0.4"),
        ),
        (
            r#"route_change("10.5.0.0/16", #{ via: "10.0.0.5", metric: 5 })"#,
            "route show 10.5.0.0/16",
            "/0/gateway",
            json!("10.0.0.5"),
        ),
        (
            r#"route_del("10.5.0.0/16", #{ via: "10.0.0.4", metric: 5 })"#,
            "route show 10.5.0.0/16",
            "/0/gateway",
            json!("10.0.0.5"),
        ),
        (
            r#"route_append("default", #{ via: "fd00::5", metric: 9 })"#,
            "-6 route show default",
            "/0/nexthops/1/gateway",
            json!("fd00::5"),
        ),
        (
            r#"route_del("10.5.0.0/16", #{ metric: 5 })"#,
            "route show 10.5.0.0/16",
            "",
            json!([]),
        ),
        (
            r#"route_del("default", #{ family: "inet6" })"#,
            "-6 route show default",
            "",
            json!([]),
        ),
        (
            r#"route_flush(#{ table: 1000 })"#,
            "route show table 1000",
            "",
            json!([]),
        ),
        (
            r#"route_flush(#{ dev: "c", family: "inet" })"#,
            "route show dev c",
            "",
            json!([]),
        ),
    ];
    steps(user, LINKS, all)
}

/// A route of `ip -j -d route show table all` in the words of route_list().
fn route_map(ip: &Value, family: &str) -> Value {
    let via = |ip: &Value| match &ip["via"] {
        Value::Null => ip["gateway"].clone(),
        other => json!(format!(
            "{} {}",
            other["family"].as_str().unwrap_or_default(),
            other["host"].as_str().unwrap_or_default()
        )),
    };
    let nexthops: Vec<Value> = list(&ip["nexthops"])
        .iter()
        .map(|hop| json!({"via": via(hop), "dev": hop["dev"], "weight": hop["weight"], "flags": hop["flags"]}))
        .collect();
    let realms = match (ip["flow"]["from"].as_str(), ip["flow"]["to"].as_str()) {
        (Some(from), Some(to)) => json!(format!("{from}/{to}")),
        (_, to) => json!(to),
    };
    json!({
        "destination": ip["dst"], "family": family, "via": via(ip), "dev": ip["dev"], "src": ip["prefsrc"],
        "metric": ip["metric"], "type": ip["type"], "protocol": ip["protocol"], "scope": ip["scope"],
        "table": ip["table"].as_str().unwrap_or("main"), "tos": 0,
        "flags": ip["flags"], "nexthops": if nexthops.is_empty() { Value::Null } else { nexthops.into() },
        "metrics": ip["metrics"].get(0).cloned().unwrap_or(json!({})), "pref": ip["pref"],
        "expires": null, "from": ip["from"], "realms": realms, "nhid": null,
    })
}

const MADE_BY_IP: &str = r#"
    for words in [
        "route add 10.5.0.0/16 via 10.0.0.2 mtu 1400 metric 5 proto static",
        "route add 10.6.0.0/16 nexthop via 10.0.0.2 weight 3 nexthop via 10.1.0.2 dev c",
        "route add 10.7.0.0/16 via inet6 fd00::9 dev a",
        "route add blackhole 10.8.0.0/16 table 1000",
        "route add 10.11.0.0/16 via 10.0.0.2 realms 5",
        "route add 10.12.0.0/16 via 10.0.0.2 realms 3/5",
        "route add unreachable 10.8.1.0/24",
        "route add throw 10.8.2.0/24 table 77",
        "route add 10.9.9.9 dev a src 10.1.0.1 advmss 1200 hoplimit 9 initcwnd 20",
        "route add 10.10.0.0/16 via 172.16.0.1 dev c onlink",
        "route add default via 10.0.0.3 proto 99",
        "-6 route add fd06::/16 nexthop via fd00::2 nexthop via fd00::3 weight 2",
        "-6 route add default via fd00::4 pref low metric 7",
        "-6 route add prohibit fd08::/32",
    ] {
        let out = exec("ip", words.split(" ")); assert(out.code == 0, out.stderr);
    }
"#;

fn made_by_ip(user: User) -> Verdict {
    let code = format!(
        r#"{LINKS}{MADE_BY_IP}
        show([ip("-4 route show table all"), ip("-6 route show table all"), route_list(#{{ table: "all" }})]);"#
    );
    let shown = observe(user, &code)?;
    let [both] = shown.as_slice() else {
        return Err(format!("{shown:?}").into());
    };
    let ipv4 = list(&both[0]).iter().map(|ip| route_map(ip, "inet"));
    let ipv6 = list(&both[1]).iter().map(|ip| route_map(ip, "inet6"));
    let mut wanted: Vec<Value> = ipv4.chain(ipv6).collect();
    let mut found = list(&both[2]).to_vec();
    for all in [&mut wanted, &mut found] {
        all.sort_by_key(Value::to_string);
    }
    same(found.len() > 20, true)?;
    same(found, wanted)
}

fn given_again(user: User) -> Verdict {
    let code = format!(
        r#"{LINKS}{MADE_BY_IP}
        let before = route_list();
        for route in before {{
            route_del(route.destination, #{{ family: route.family, metric: route.metric, table: route.table }});
        }}
        show(route_list().len());
        before.sort(|a, b| if a.protocol == "kernel" {{ -1 }} else if b.protocol == "kernel" {{ 1 }} else {{ 0 }});
        for route in before {{
            let options = #{{ family: route.family, metric: route.metric, table: route.table, type: route.type,
                protocol: route.protocol, src: route.src, via: route.via, dev: route.dev, pref: route.pref, realms: route.realms }};
            if route.nexthops != () {{
                options.nexthops = route.nexthops.map(|hop| #{{ via: hop.via, dev: hop.dev, weight: hop.weight }});
            }}
            if "onlink" in route.flags {{ options.onlink = true; }}
            if route.type == "unreachable" || route.type == "prohibit" {{ options.dev = (); }}
            for key in route.metrics.keys() {{ options[key] = route.metrics[key]; }}
            route_add(route.destination, options);
        }}
        let text = |routes| {{ let lines = routes.map(|route| `${{route}}`); lines.sort(); lines }};
        show(text.call(before) == text.call(route_list()));"#
    );
    same(run_json(user, &code)?, vec![json!(0), json!(true)])
}

fn filters(user: User) -> Verdict {
    let code = format!(
        r#"{LINKS}
        route_add("10.5.0.0/16", #{{ via: "10.0.0.2", protocol: "static" }});
        route_add("10.5.1.0/24", #{{ type: "blackhole" }});
        route_add("10.6.0.0/16", #{{ dev: "c", table: 1000 }});
        route_add("fd05::/16", #{{ via: "fd00::2" }});
        let to = |options| route_list(options).map(|route| route.destination);
        show(to.call(#{{ table: 1000 }}));
        show(to.call(#{{ table: 999 }}));
        show(to.call(#{{ type: "blackhole", table: "all" }}));
        show(to.call(#{{ protocol: "static" }}));
        show(to.call(#{{ via: "10.0.0.2" }}));
        show(to.call(#{{ root: "10.5.0.0/16" }}));
        show(to.call(#{{ exact: "10.5.0.0/16" }}));
        show(to.call(#{{ matches: "10.5.1.9" }}));
        show(to.call(#{{ dev: "c", family: "inet" }}));
        show(to.call(#{{ family: "inet6", protocol: "boot" }}));
        show(to.call(#{{ scope: "link", family: "inet" }}));
        route_flush(#{{ matches: "10.5.1.9", exact: "10.5.1.0/24" }});
        route_flush(#{{ root: "fd05::/16" }});
        show(to.call(#{{ matches: "10.5.1.9" }}) + to.call(#{{ exact: "fd05::/16" }}));"#
    );
    let wanted = [
        json!(["10.6.0.0/16"]),
        json!([]),
        json!(["10.5.1.0/24"]),
        json!(["10.5.0.0/16"]),
        json!(["10.5.0.0/16"]),
        json!(["10.5.0.0/16", "10.5.1.0/24"]),
        json!(["10.5.0.0/16"]),
        json!(["10.5.0.0/16", "10.5.1.0/24"]),
        json!(["10.1.0.0/24"]),
        json!(["fd05::/16"]),
        json!(["10.0.0.0/24", "10.1.0.0/24"]),
        json!(["10.5.0.0/16"]),
    ];
    same(run_json(user, &code)?, wanted.to_vec())
}

fn asked_for(user: User) -> Verdict {
    let code = format!(
        r#"{LINKS}
        route_add("10.5.0.0/16", #{{ via: "10.0.0.2" }});
        route_add("10.5.0.0/16", #{{ via: "10.1.0.2", table: 100 }});
        route_add("fd05::/16", #{{ via: "fd00::2" }});
        rule_add(#{{ fwmark: 7, table: 100 }});
        for words in ["10.5.1.1", "10.5.1.1 mark 7", "10.0.0.1", "10.0.0.255", "10.0.0.9 from 10.1.0.1", "fd05::1", "10.5.1.1 fibmatch"] {{
            let parts = words.split(" ");
            let options = #{{}};
            if words.contains("mark") {{ options.mark = "0x7"; options.ipproto = "tcp"; }}
            if words.contains("from") {{ options.from = parts[2]; }}
            if words.contains("fib") {{ options.fibmatch = true; }}
            let way = route_get(parts[0], options);
            show([ip("route get " + words), way]);
        }}
        sysctl_set("net.ipv4.ip_forward", 1);
        show([ip("route get 10.5.1.1 from 10.1.0.9 iif c"), route_get("10.5.1.1", #{{ from: "10.1.0.9", iif: "c" }})]);"#
    );
    let answers = observe(user, &code)?;
    same(answers.len(), 8)?;
    for both in answers {
        let (ip, netsh) = (&both[0][0], &both[1]);
        let pairs = [
            ("gateway", "via"),
            ("dev", "dev"),
            ("prefsrc", "src"),
            ("type", "type"),
            ("iif", "iif"),
            ("dst", "destination"),
        ];
        for (theirs, mine) in pairs {
            if ip[theirs].is_null() && (mine == "dev" || mine == "type") {
                continue;
            }
            same((mine, &netsh[mine]), (mine, &ip[theirs]))?;
        }
    }
    Ok(())
}

fn rules_made_by_netsh(user: User) -> Verdict {
    let all: &[Step] = &[
        (
            r#"rule_add(#{ from: "10.1.0.0/16", table: 100, priority: 1000 })"#,
            "rule show priority 1000",
            "/0",
            json!({"priority": 1000, "src": "10.1.0.0", "srclen": 16, "table": "100", "protocol": "unspec"}),
        ),
        (
            r#"rule_add(#{ priority: 7, to: "10.2.0.1", table: 1000, iif: "a", oif: "b", fwmark: "0x1/0xff", tos: 16, uidrange: 0, ipproto: "tcp", sport: "80-90", dport: 443, "not": true, protocol: "static", suppress_prefixlength: 0 })"#,
            "rule show priority 7",
            "/0",
            json!({"priority": 7, "not": null, "src": "all", "dst": "10.2.0.1", "tos": "0x10", "fwmark": "0x1", "fwmask": "0xff",
                "iif": "a", "oif": "b", "uid_start": 0, "uid_end": 0, "ipproto": "tcp", "sport_start": 80, "sport_end": 90,
                "dport": 443, "table": "1000", "suppress_prefixlen": 0, "protocol": "static"}),
        ),
        (
            r#"rule_add(#{ family: "inet6", action: "prohibit", iif: "a", priority: 8 })"#,
            "-6 rule show priority 8",
            "/0/action",
            json!("prohibit"),
        ),
        (
            r#"rule_add(#{ target: 1000, priority: 500 })"#,
            "rule show priority 500",
            "/0/goto",
            json!(1000),
        ),
        (
            r#"rule_add(#{ from: "10.9.0.0/16", realms: "3/5", tun_id: 7, l3mdev: true, priority: 600 })"#,
            "rule show priority 600",
            "/0",
            json!({"priority": 600, "src": "10.9.0.0", "srclen": 16, "tun_id": 7, "l3mdev": null, "flow_from": "3", "flow_to": "5", "protocol": "unspec"}),
        ),
        (
            r#"rule_del(#{ tun_id: 7, l3mdev: true, realms: "3/5" })"#,
            "rule show priority 600",
            "",
            json!([]),
        ),
        (
            r#"rule_del(#{ from: "10.1.0.0/16" })"#,
            "rule show priority 1000",
            "",
            json!([]),
        ),
        (
            r#"rule_del(#{ priority: 8, family: "inet6" })"#,
            "-6 rule show priority 8",
            "",
            json!([]),
        ),
    ];
    steps(user, LINKS, all)
}

fn rules_made_by_ip(user: User) -> Verdict {
    let code = format!(
        r#"{LINKS}
        for words in [
            "rule add from 10.1.0.0/16 to 10.2.0.0/24 table 100 priority 1000",
            "rule add not fwmark 0x10/0xf0 iif a table 1000 priority 900",
            "rule add ipproto udp sport 53 dport 1000-2000 prohibit priority 800",
            "rule add realms 3/5 tun_id 7 from 10.9.0.0/16 table 100 priority 750",
            "rule add goto 1000 priority 700",
            "-6 rule add from fd00::/16 blackhole priority 600 suppress_prefixlength 8",
        ] {{ let out = exec("ip", words.split(" ")); assert(out.code == 0, out.stderr); }}
        show(rule_list().filter(|rule| rule.priority in 1..2000).map(|rule| {{
            let said = #{{}};
            for key in rule.keys() {{ if !(rule[key] in [(), false, 0, [], "unspec"]) {{ said[key] = rule[key]; }} }}
            said
        }}));"#
    );
    let wanted = json!([
        {"priority": 700, "family": "inet", "action": "goto", "target": 1000},
        {"priority": 750, "family": "inet", "from": "10.9.0.0/16", "tun_id": 7, "realms": "3/5", "action": "lookup", "table": "100"},
        {"priority": 800, "family": "inet", "ipproto": 17, "sport": "53-53", "dport": "1000-2000", "action": "prohibit"},
        {"priority": 900, "family": "inet", "not": true, "fwmark": 16, "fwmask": 240, "iif": "a", "action": "lookup", "table": "1000"},
        {"priority": 1000, "family": "inet", "from": "10.1.0.0/16", "to": "10.2.0.0/24", "action": "lookup", "table": "100"},
        {"priority": 600, "family": "inet6", "from": "fd00::/16", "action": "blackhole", "suppress_prefixlength": 8},
    ]);
    same(run_json(user, &code)?, vec![wanted])
}

fn neighbours_chosen(user: User) -> Verdict {
    let code = format!(
        r#"{LINKS}
        neigh_add("a", "10.0.0.9", #{{ mac: "02:00:00:00:00:09" }});
        neigh_add("a", "10.0.0.7", #{{ mac: "02:00:00:00:00:07", state: "stale" }});
        neigh_add("c", "fd00::9", #{{ mac: "02:00:00:00:00:08", state: "noarp" }});
        let of = |options| neigh_list(options).map(|one| one.address);
        show(of.call(#{{ to: "10.0.0.9" }}));
        show(of.call(#{{ to: "10.0.0.0/29", dev: "a" }}));
        show(of.call(#{{ state: "permanent" }}));
        show(of.call(#{{ state: "noarp", to: "fd00::/16" }}));"#
    );
    let wanted = ["10.0.0.9", "10.0.0.7", "10.0.0.9", "fd00::9"].map(|one| json!([one]));
    same(run_json(user, &code)?, wanted.to_vec())
}

fn neighbours_made_by_netsh(user: User) -> Verdict {
    let all: &[Step] = &[
        (
            r#"neigh_add("a", "10.0.0.9", #{ mac: "02:00:00:00:00:09" })"#,
            "neigh show to 10.0.0.9",
            "/0/state",
            json!(["PERMANENT"]),
        ),
        (
            r#"neigh_replace("a", "10.0.0.9", #{ mac: "02:00:00:00:00:19", state: "noarp" })"#,
            "neigh show to 10.0.0.9 nud noarp",
            "/0/lladdr",
            json!("02:00:00:00:00:19"),
        ),
        (
            r#"neigh_add("a", "fd00::9", #{ mac: "02:00:00:00:00:09", state: "stale", router: true, extern_learn: true })"#,
            "neigh show to fd00::9",
            "/0/router",
            json!(null),
        ),
        (
            r#"neigh_add("c", "10.0.0.8", #{ proxy: true })"#,
            "neigh show proxy",
            "/0/dst",
            json!("10.0.0.8"),
        ),
        (
            r#"neigh_del("c", "10.0.0.8", #{ proxy: true })"#,
            "neigh show proxy",
            "",
            json!([]),
        ),
        (
            r#"neigh_del("a", "10.0.0.9")"#,
            "neigh show to 10.0.0.9",
            "",
            json!([]),
        ),
        (
            r#"for one in ["10.0.0.6", "10.0.0.7"] { neigh_add("a", one, #{ mac: "02:00:00:00:00:09", state: "stale" }); }
            neigh_flush(#{ to: "10.0.0.6/31", dev: "b" }); neigh_flush(#{ to: "10.0.0.6" })"#,
            "-4 neigh show dev a",
            "/0/dst",
            json!("10.0.0.7"),
        ),
        (
            r#"neigh_flush(#{ dev: "a", family: "inet" })"#,
            "-4 neigh show dev a",
            "",
            json!([]),
        ),
    ];
    steps(user, LINKS, all)
}

const PORT: &str = r#"
    link_add("br0", "bridge", #{ up: true });
    veth_add("p", "q", #{ up: true });
    link_set("p", #{ master: "br0" });
    fn bridge(words) { let out = exec("bridge", ("-j -d " + words).split(" ")); assert(out.code == 0, out.stderr); out.stdout }
"#;

/// An entry of `bridge -j -d fdb` in the words of fdb_list(), so far as bridge has them.
fn entry_map(bridge: &Value) -> Value {
    let state = match bridge["state"].as_str() {
        Some("") | None => "reachable",
        Some(state) => state,
    };
    json!([
        bridge["mac"],
        bridge["ifname"],
        bridge["master"],
        state,
        bridge["flags"],
        bridge["dst"],
        bridge["vni"],
        bridge["port"]
    ])
}

fn forwarding(user: User) -> Verdict {
    // IPv6 joins groups and speaks by itself, between the two lists too.
    let quiet = r#"sysctl_set("net.ipv6.conf.default.disable_ipv6", 1);"#;
    let code = format!("{quiet}{PORT}")
        + r#"
        let out = exec("ip", "link add vx type vxlan id 5 dstport 4789 noudpcsum local 10.0.0.1".split(" ")); assert(out.code == 0, out.stderr);
        fdb_add("p", "02:00:00:00:00:05", #{ master: true, state: "static" });
        fdb_add("p", "02:00:00:00:00:06", #{ master: true, sticky: true, state: "static" });
        fdb_add("p", "02:00:00:00:00:07");
        fdb_add("p", "02:00:00:00:00:08", #{ master: true, state: "dynamic" });
        fdb_add("p", "02:00:00:00:00:0a", #{ master: true });
        fdb_del("p", "02:00:00:00:00:0a", #{ master: true });
        fdb_add("p", "02:00:00:00:00:0b");
        fdb_del("p", "02:00:00:00:00:0b", #{ self: true });
        fdb_add("vx", "00:00:00:00:00:00", #{ dst: "10.0.0.7" });
        fdb_add("vx", "00:00:00:00:00:00", #{ dst: "10.0.0.8", append: true, port: 99, vni: 77 });
        for words in ["fdb add 02:00:00:00:01:05 dev p master static", "fdb add 02:00:00:00:01:06 dev vx dst 10.0.0.9"] {
            let out = exec("bridge", words.split(" ")); assert(out.code == 0, out.stderr);
        }
        let row = |entry| [entry.mac, entry.link, entry.master, entry.state, entry.flags, entry.dst, entry.vni, entry.port];
        show([bridge("fdb show"), fdb_list().map(row)]);
        show([bridge("fdb show br br0"), fdb_list(#{ br: "br0" }).map(row)]);
        show([bridge("fdb show brport p"), fdb_list(#{ dev: "p" }).map(row)]);
        // What the other end has said of itself meanwhile was learnt too.
        let learnt = fdb_list(#{ dev: "p", dynamic: true }).filter(|entry| entry.vlan == ()).map(|entry| entry.mac);
        show(learnt.filter(|mac| mac.starts_with("02:00:00:")));
        "#;
    let shown = observe(user, &code)?;
    same(shown.len(), 4)?;
    // bridge leaves the name of the port out where it was asked for one.
    for (both, asked) in shown.iter().zip([Value::Null, Value::Null, json!("p")]) {
        let named = |entry: &Value| {
            let mut entry = entry.clone();
            if entry["ifname"].is_null() {
                entry["ifname"] = asked.clone();
            }
            entry_map(&entry)
        };
        let mut wanted: Vec<Value> = list(&both[0]).iter().map(named).collect();
        let mut found = list(&both[1]).to_vec();
        for all in [&mut wanted, &mut found] {
            all.sort_by_key(Value::to_string);
        }
        same(found.len() > 4, true)?;
        same(found, wanted)?;
    }
    same(&shown[3], &json!(["02:00:00:00:00:08"]))
}

fn groups(user: User) -> Verdict {
    let code = format!(
        r#"{PORT}
        mdb_add("br0", "p", "239.1.1.1", #{{ state: "permanent" }});
        mdb_add("br0", "p", "239.1.1.2", #{{ src: "10.0.0.1" }});
        mdb_add("br0", "p", "ff05::5");
        mdb_add("br0", "p", "01:02:03:04:05:06", #{{ state: "permanent" }});
        mdb_add("br0", "p", "239.1.1.9");
        mdb_del("br0", "p", "239.1.1.9");
        bridge("mdb add dev br0 port p grp 239.1.1.3 permanent");
        let of_test = |one| one.group.starts_with("239.") || one.group.starts_with("ff05") || one.group.contains("03:04");
        let row = |one| [one.bridge, one.port, one.group, one.state, one.src];
        show([bridge("mdb show"), mdb_list(#{{ dev: "br0" }}).filter(of_test).map(row)]);"#
    );
    let shown = observe(user, &code)?;
    let both = shown.first().ok_or("nothing shown")?;
    let is_of_test = |group: &Value| {
        let group = group.as_str().unwrap_or_default();
        group.starts_with("239.") || group.starts_with("ff05") || group.contains("03:04")
    };
    let mut wanted: Vec<Value> = list(&both[0][0]["mdb"])
        .iter()
        .filter(|one| is_of_test(&one["grp"]))
        .map(|one| {
            json!([
                one["dev"],
                one["port"],
                one["grp"],
                one["state"],
                one["src"]
            ])
        })
        .collect();
    let mut found = list(&both[1]).to_vec();
    for all in [&mut wanted, &mut found] {
        all.sort_by_key(Value::to_string);
    }
    same(found.len() >= 5, true)?;
    same(found, wanted)
}
