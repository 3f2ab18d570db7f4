//! What happens, as netsh hears it, compared with what `ip -o monitor` prints of the same.

use libtest_mimic::{Failed, Trial};
use serde_json::{Value, json};

use crate::second_path::list;
use crate::support::{Need, User, Verdict, run, run_json, same, test};

const IP: &[Need] = &[Need::Program("ip")];

/// The tests of this file.
pub fn trials() -> Vec<Trial> {
    [
        test("events: as ip monitor writes them", IP, as_ip_monitor),
        test("events: of all namespaces in one order", IP, all_namespaces),
        test(
            "events: made by others, in namespaces of others",
            IP,
            made_by_others,
        ),
        test("events: objects are those of the lists", &[], objects),
        test(
            "events: only what was asked for",
            &[],
            only_what_was_asked_for,
        ),
        test(
            "events: the last statement is heard",
            &[],
            the_last_statement,
        ),
        test("events: the closure's result and its errors", &[], results),
        test(
            "monitor: ends after so many, and prints each",
            IP,
            monitored,
        ),
    ]
    .into_iter()
    .flatten()
    .collect()
}

/// A step for each kind of event. Addresses of IPv6 that the kernel makes by itself would come at any time.
const STEPS: &str = r#"
    sysctl_set("net.ipv6.conf.default.addr_gen_mode", 1);
    let work = || {
        veth_add("a", "b", #{ mac: "02:00:00:00:00:0a", peer_mac: "02:00:00:00:00:0b" });
        link_add("br0", "bridge");
        link_up("a");
        link_up("b");
        addr_add("a", "10.0.0.1/24", #{ broadcast: "+" });
        addr_add("a", "10.0.5.1/24", #{ label: "a:x", valid_lft: 1000, preferred_lft: 500 });
        addr_add("a", "10.0.6.1/32", #{ peer: "10.0.7.1" });
        addr_add("a", "fd00::1/64");
        sh("ip neigh add 10.0.0.7 lladdr 02:00:00:00:00:01 dev a nud permanent; ip neigh add fd00::5 lladdr 02:00:00:00:00:02 dev a router");
        sh("ip neigh del 10.0.0.7 dev a");
        sh("ip route add 10.9.0.0/16 via 10.0.0.4 mtu 1400; ip route add default dev a metric 5; ip route add blackhole 10.66.0.0/16");
        sh("ip route add 10.7.0.0/16 nexthop via 10.0.0.3 nexthop via 10.0.0.4 weight 2; ip route add fd07::/64 via fd00::9 table 77 proto static");
        sh("ip route del default dev a");
        link_set("a", #{ mtu: 1400 });
        link_set("br0", #{ name: "br2" });
        addr_del("a", "10.0.5.1/24");
        link_del("a");
    };
"#;

/// A line of ip's as netsh writes it: one blank between words, and nothing of the second line.
fn plain(line: &str) -> String {
    let parts = line.split('\\').collect::<Vec<_>>();
    let first = match parts.as_slice() {
        // The hops of a route are its second line and so on.
        [_, rest @ ..] if rest.iter().any(|part| part.contains("nexthop")) => parts.join(" "),
        _ => parts[0].to_string(),
    };
    let words: Vec<&str> = first.split_whitespace().collect();
    let text = words.join(" ");
    let end = text.find(" group ").unwrap_or(text.len());
    text[..end].to_string()
}

/// A line of netsh's without what ip writes in its second line.
fn first_part(text: &str) -> String {
    let ends = [" mac ", " valid_lft "].map(|end| text.find(end).unwrap_or(text.len()));
    text[..ends[0].min(ends[1])].to_string()
}

/// Runs `steps` while ip monitor writes what it hears, and gives both its lines and netsh's events.
fn side_by_side(user: User, steps: &str) -> Result<(Vec<String>, Vec<Value>), Failed> {
    let folder = tempfile::tempdir()?;
    let mode = std::os::unix::fs::PermissionsExt::from_mode(0o777);
    std::fs::set_permissions(folder.path(), mode)?;
    let heard = folder.path().join("heard");
    let file = heard.display();
    let code = format!(
        r#"{steps}
        // It asks for the names of all links before it listens, and what happens meanwhile is lost on it: so something happens until
        // it hears of it. The last step ends it when it has written that.
        sh("ip -o monitor link address route neigh > {file} 2>&1 & echo $! > {file}.pid");
        sh("ip link add first type bridge; until grep -q ': first:' {file}; do ip link set first mtu 1300; ip link set first mtu 1400; done");
        sh("ip link del first; until grep -q 'Deleted .*: first:' {file}; do :; done");
        let seen = events(work);
        link_add("last", "bridge");
        sh("until grep -q ': last:' {file}; do :; done; kill $(cat {file}.pid)");
        show(seen.events);"#
    );
    let shown = run_json(user, &code)?;
    let lines = std::fs::read_to_string(&heard)?;
    let is_ours = |line: &&str| {
        ![": first:", "dev first ", ": last:"]
            .iter()
            .any(|it| line.contains(it))
            && !line.starts_with("dev ")
    };
    let lines = lines.lines().filter(is_ours).map(plain).collect();
    Ok((lines, list(&shown[0]).to_vec()))
}

fn as_ip_monitor(user: User) -> Verdict {
    let (lines, events) = side_by_side(user, STEPS)?;
    let texts: Vec<String> = events
        .iter()
        .map(|event| first_part(event["text"].as_str().unwrap_or_default()))
        .collect();
    // ip calls a link that is gone, or not made yet, by what it remembers of it.
    let lower = |line: &String| {
        let end = line
            .split_once('@')
            .and_then(|(_, rest)| rest.split_once(':'));
        let name = end.map_or("", |(name, _)| name);
        line.replace(&format!("@{name}:"), "@:")
            .replace(",M-DOWN", "")
    };
    let both = |lines: &[String]| lines.iter().map(lower).collect::<Vec<_>>();
    same(both(&texts), both(&lines))
}

/// Where and what: `home link_new`.
fn what(events: &Value) -> Vec<String> {
    let text = |event: &Value, key: &str| event[key].as_str().unwrap_or_default().to_string();
    let events = list(events).iter();
    let what = events.map(|event| format!("{} {}", text(event, "netns"), text(event, "event")));
    let mut what: Vec<String> = what.collect();
    what.dedup();
    what
}

fn all_namespaces(user: User) -> Verdict {
    let code = r#"
        let before = netns_add("before");
        let seen = events(|| {
            let h1 = netns_add("h1", #{ lo: false });
            veth_add("a", "b", #{ peer_netns: h1 });
            h1.sh("ip route add blackhole 10.0.0.0/8");
            before.link_set("lo", #{ mtu: 1000 });
            sh("ip route add blackhole 10.0.0.0/8");
            h1.addr_add("b", "10.0.0.1/24");
            link_set("a", #{ mtu: 1400 });
            before.addr_add("lo", "10.0.0.2/32");
        });
        show(seen.events);
        let times = seen.events.map(|event| event.time);
        let sorted = times;
        sorted.sort();
        show(times == sorted);
    "#;
    let shown = run_json(user, code)?;
    same(
        what(&shown[0]),
        [
            // The far end of a pair that is made elsewhere comes to its namespace first.
            "h1 link_new",
            "home link_new",
            "h1 route_new",
            "before link_new",
            // Of an MTU below 1280 IPv6 is switched off.
            "before route_del",
            "before addr_del",
            "home route_new",
            "h1 addr_new",
            "h1 route_new",
            "home link_new",
            "before addr_new",
            "before route_new",
        ]
        .map(String::from)
        .to_vec(),
    )?;
    let first = &list(&shown[0])[1];
    same(&first["object"]["name"], &json!("a"))?;
    same(&first["object"]["peer_netns"], &json!("h1"))?;
    same(&shown[1], &json!(true))
}

fn made_by_others(user: User) -> Verdict {
    let code = r#"
        sh("ip netns add theirs");
        let seen = events(|| {
            sh("ip -n theirs link add br0 type bridge; ip netns add late; ip link add v type veth peer name w netns late; ip -n late link set w mtu 1300");
        });
        show(seen.events.map(|event| [event.netns, event.event, event.object.name, event.object.mtu]));
    "#;
    let shown = run_json(user, code)?;
    same(
        &shown[0],
        &json!([
            ["theirs", "link_new", "br0", 1500],
            ["home", "link_new", "v", 1500],
            ["late", "link_new", "w", 1300],
        ]),
    )
}

fn objects(user: User) -> Verdict {
    let code = r#"
        let seen = events(|| {
            veth_add("a", "b");
            link_set("a", #{ mtu: 1400, alias: "it" });
            link_up("a");
            link_up("b");
            addr_add("a", "10.0.0.1/24");
            route_add("10.9.0.0/16", #{ via: "10.0.0.4" });
            sh("ip neigh add 10.0.0.7 lladdr 02:00:00:00:00:01 dev a nud permanent");
        });
        fn last(seen, event, test) { seen.events.filter(|one| one.event == event && test.call(one.object)).pop().object }
        let link = last(seen, "link_new", |link| link.name == "a");
        let now = link_get("a");
        // Events have no addresses, and the counters run.
        for key in ["addresses", "statistics"] { link.remove(key); now.remove(key); }
        show(link == now);
        show(last(seen, "addr_new", |addr| addr.address == "10.0.0.1") == addr_list("a").filter(|addr| addr.address == "10.0.0.1")[0]);
        show(last(seen, "route_new", |route| route.destination == "10.9.0.0/16") == route_list().filter(|route| route.destination == "10.9.0.0/16")[0]);
        show(last(seen, "neigh_new", |one| one.address == "10.0.0.7") == neigh_list().filter(|one| one.address == "10.0.0.7")[0]);
    "#;
    same(run_json(user, code)?, vec![json!(true); 4])
}

fn only_what_was_asked_for(user: User) -> Verdict {
    let code = r#"
        let h1 = netns_add("h1");
        let work = || {
            veth_add("a", "b", #{ peer_netns: h1 });
            addr_add("a", "10.0.0.1/24");
            h1.addr_add("b", "10.0.0.2/24");
        };
        let seen = events(work, #{ kinds: "addr" });
        show(seen.events.map(|event| [event.netns, event.object.address, event.object.link]));
        link_del("a");
        let seen = events(work, #{ kinds: ["addr", "link"], netns: h1 });
        show(seen.events.map(|event| [event.event, event.text.sub_string(2, 3)]).dedup());
        link_del("a");
        show(events(work, #{ kinds: [] }).events);
        let failed = ();
        try { events(work, #{ kinds: ["links"] }) } catch (e) { failed = e.message; }
        show(failed);
    "#;
    let code = code.replace(".dedup()", "");
    let shown = run_json(user, &code)?;
    same(
        &shown[0],
        &json!([["home", "10.0.0.1", "a"], ["h1", "10.0.0.2", "b"]]),
    )?;
    let mut kinds: Vec<Value> = list(&shown[1]).to_vec();
    kinds.dedup();
    same(
        kinds,
        vec![json!(["link_new", " b@"]), json!(["addr_new", " b "])],
    )?;
    same(&shown[2], &json!([]))?;
    let wrong = "the option \"kinds\" is wrong: \"links\" is not one of link, addr, route, neigh";
    same(&shown[3], &json!(wrong))
}

fn the_last_statement(user: User) -> Verdict {
    let code = r#"
        veth_add("a", "b", #{ up: true });
        let missed = 0;
        for turn in 0..100 {
            let seen = events(|| { addr_add("a", `10.0.${turn}.1/32`); });
            let last = seen.events.filter(|event| event.event == "addr_new" && event.object.family == "inet");
            if last.len() != 1 || last[0].object.address != `10.0.${turn}.1` { missed += 1; }
        }
        show(missed);
        // A link that is brought up by the last statement has its carrier told.
        veth_add("c", "d");
        let seen = events(|| { link_up("c"); link_up("d"); });
        show(seen.events.filter(|event| event.event == "link_new" && event.object.operstate == "up").len() >= 2);
    "#;
    same(run_json(user, code)?, vec![json!(0), json!(true)])
}

fn results(user: User) -> Verdict {
    let code = r#"
        show(events(|| 7).result);
        show(events(|| events(|| { link_add("br0", "bridge"); 8 }).events.len()).result);
        try { events(|| link_up("none")) } catch (e) { show(e.errno); }
        try { events(|| throw "mine") } catch (e) { show(e); }
        show(events(|| link_up("lo")).events.len() >= 0);
    "#;
    let shown = run_json(user, code)?;
    same(
        shown,
        vec![
            json!(7),
            json!(1),
            json!("ENODEV"),
            json!("mine"),
            json!(true),
        ],
    )
}

fn monitored(user: User) -> Verdict {
    let code = r#"
        sh("(until awk '$2 == 0 && $4 == \"00000001\" { found = 1 } END { exit !found }' /proc/net/netlink; do :; done; ip link add br0 type bridge; ip link set br0 mtu 1400) > /dev/null 2>&1 &");
        print(monitor(#{ count: 2, kinds: "link" }));
        print(monitor(#{ time: 0.01 }));
        print(monitor(#{ count: 0 }));
    "#;
    let out = run(user, code)?;
    let lines: Vec<&str> = out.lines().collect();
    same(lines.len(), 5)?;
    for (line, mtu) in lines.iter().zip(["mtu 1500", "mtu 1400"]) {
        let is_it = line.contains(" home] 2: br0: <BROADCAST,MULTICAST> ") && line.contains(mtu);
        same((*line, is_it), (*line, true))?;
    }
    same(&lines[2..], &["2", "0", "0"])
}
