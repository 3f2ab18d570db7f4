//! The neighbour tables, compared with `ip -j neigh` and with /proc.

use libtest_mimic::Trial;
use serde_json::{Value, json};

use crate::second_path::{list, observe};
use crate::support::{Need, User, Verdict, same, test};

const IP: &[Need] = &[Need::Program("ip")];

/// The tests of this file.
pub fn trials() -> Vec<Trial> {
    [
        test("neighbours: as ip lists them", IP, listed_as_by_ip),
        test(
            "neighbours: options of neigh_list",
            IP,
            options_of_neigh_list,
        ),
        test(
            "neighbours: the ARP table as in /proc",
            IP,
            arp_table_as_in_proc,
        ),
        test("neighbours: of another namespace", IP, of_another_namespace),
    ]
    .into_iter()
    .flatten()
    .collect()
}

/// Two links with neighbours of every kind that stands still: learnt, given, asked for in vain, IPv4 and IPv6.
const SETTING: &str = r#"
    let h1 = netns_add("h1");
    veth_add("a", "b", #{ peer_netns: h1, up: true, mac: "02:00:00:00:00:0a", peer_mac: "02:00:00:00:00:0b" });
    veth_add("c", "d", #{ up: true });
    addr_add("a", "10.0.0.1/24");
    h1.addr_add("b", "10.0.0.2/24");
    addr_add("a", "fd00::1/64");
    h1.addr_add("b", "fd00::2/64");
    ping("10.0.0.2", #{ count: 1, quiet: true });
    ping("fd00::2", #{ count: 1, quiet: true });
    exec("ip", ["neigh", "add", "10.0.0.9", "lladdr", "02:00:00:00:00:09", "dev", "a", "nud", "permanent"]);
    exec("ip", ["neigh", "add", "fd00::9", "lladdr", "02:00:00:00:00:99", "dev", "a", "nud", "stale", "router"]);
    exec("ip", ["neigh", "add", "10.0.0.8", "dev", "a", "nud", "failed"]);
    exec("ip", ["neigh", "add", "10.7.0.7", "lladdr", "02:00:00:00:00:07", "dev", "c", "nud", "noarp"]);
    exec("ip", ["neigh", "add", "fd07::7", "lladdr", "02:00:00:00:00:77", "dev", "c", "nud", "reachable"]);
"#;

/// A neighbour of `ip -j neigh` in the words of neigh_list().
/// Asked for one link, ip does not name it.
fn neighbour_map(ip: &Value, link: &str) -> Value {
    let flags = ["router", "proxy", "extern_learn", "offload"];
    let has = |flag: &&&str| ip.get(**flag).is_some();
    json!({
        "address": ip["dst"],
        "link": ip["dev"].as_str().unwrap_or(link),
        "mac": ip["lladdr"],
        "state": ip["state"][0].as_str().unwrap_or_default().to_lowercase(),
        "flags": flags.iter().filter(has).collect::<Vec<_>>(),
    })
}

/// The same neighbours, whatever their order.
fn same_neighbours(pair: &Value, link: &str) -> Verdict {
    let ip = list(&pair[0]).iter();
    let mut wanted: Vec<Value> = ip.map(|ip| neighbour_map(ip, link)).collect();
    let mut found = list(&pair[1]).to_vec();
    for neighbours in [&mut wanted, &mut found] {
        neighbours.sort_by_key(|neighbour| {
            (
                neighbour["link"].to_string(),
                neighbour["address"].to_string(),
            )
        });
    }
    same(found, wanted)
}

fn listed_as_by_ip(user: User) -> Verdict {
    let code = format!(
        r#"{SETTING}
        // The times of -s run on, so ip is asked without.
        fn quietly(words) {{ exec("ip", ("-j " + words).split(" ")).stdout }}
        fn together(words, question) {{
            let before = quietly(words);
            loop {{
                let answer = question.call();
                let after = quietly(words);
                if before == after {{ return [after, answer]; }}
                before = after;
            }}
        }}
        show(together("neigh", || neigh_list()));
        show(together("neigh show nud all", || neigh_list(#{{ all: true }})));
        show(together("neigh show dev c nud all", || neigh_list(#{{ dev: "c", all: true }})));
        show(together("neigh show dev a", || neigh_list(#{{ dev: "a", all: false }})));
        "#
    );
    let shown = observe(user, &code)?;
    for (pair, link) in shown.iter().zip(["", "", "c", "a"]) {
        same_neighbours(pair, link)?;
    }
    let states: Vec<&Value> = list(&shown[0][1])
        .iter()
        .map(|neighbour| &neighbour["state"])
        .collect();
    for state in ["permanent", "stale", "failed", "reachable"] {
        if !states.iter().any(|found| *found == state) {
            return Err(format!("no neighbour is {state}: {states:?}").into());
        }
    }
    Ok(())
}

fn options_of_neigh_list(user: User) -> Verdict {
    let code = format!(
        r#"{SETTING}
        let links = |list| list.map(|neighbour| neighbour.link);
        let addresses = |list| list.map(|neighbour| neighbour.address);
        show(addresses.call(neigh_list(#{{ dev: "c" }})));
        show(addresses.call(neigh_list(#{{ dev: "c", all: true }}).filter(|found| !found.address.starts_with("ff02:"))));
        show(links.call(neigh_list(#{{ dev: "d" }})));
        show(neigh_list(#{{ dev: "a" }}).filter(|found| found.address == "10.0.0.2"));
        show(neigh_list(#{{ dev: "a" }}).filter(|found| found.address == "fd00::9"));
        show(neigh_list(#{{ dev: "a" }}).filter(|found| found.address == "10.0.0.8"));
        "#
    );
    let shown = observe(user, &code)?;
    same(&shown[0], &json!(["fd07::7"]))?;
    same(&shown[1], &json!(["10.7.0.7", "fd07::7"]))?;
    same(&shown[2], &json!([]))?;
    same(&shown[3][0]["mac"], &json!("02:00:00:00:00:0b"))?;
    same(&shown[4][0]["flags"], &json!(["router"]))?;
    same(
        &shown[5][0],
        &json!({ "address": "10.0.0.8", "link": "a", "mac": null, "state": "failed", "flags": [] }),
    )
}

fn arp_table_as_in_proc(user: User) -> Verdict {
    let code = format!(
        r#"{SETTING}
        let proc = |netns| netns.exec("cat", ["/proc/net/arp"]).stdout;
        loop {{
            let before = proc.call(netns_get("home"));
            let table = arp_table();
            if before == proc.call(netns_get("home")) {{ show(table); show(before); break; }}
        }}
        show(h1.arp_table());
        "#
    );
    let shown = observe(user, &code)?;
    let text = shown[1].as_str().unwrap_or_default();
    let columns = ["ip", "hw_type", "flags", "hw_address", "mask", "device"];
    let mut wanted: Vec<Value> = text
        .lines()
        .skip(1)
        .map(|line| {
            let pairs = columns.iter().zip(line.split_whitespace());
            Value::Object(
                pairs
                    .map(|(key, word)| (key.to_string(), json!(word)))
                    .collect(),
            )
        })
        .collect();
    let mut found = list(&shown[0]).to_vec();
    for table in [&mut wanted, &mut found] {
        table.sort_by_key(|entry| entry["ip"].to_string());
    }
    same(&found, &wanted)?;
    let entry = |ip: &str| found.iter().find(|entry| entry["ip"] == ip).cloned();
    let complete = json!({ "ip": "10.0.0.2", "hw_type": "0x1", "flags": "0x2", "hw_address": "02:00:00:00:00:0b", "mask": "*", "device": "a" });
    same(entry("10.0.0.2"), Some(complete))?;
    same(
        entry("10.0.0.9").map(|entry| entry["flags"].clone()),
        Some(json!("0x6")),
    )?;
    same(
        entry("10.0.0.8").map(|entry| entry["flags"].clone()),
        Some(json!("0x0")),
    )?;
    // The other end has learnt from the request.
    same(&shown[2][0]["ip"], &json!("10.0.0.1"))?;
    same(&shown[2][0]["device"], &json!("b"))
}

fn of_another_namespace(user: User) -> Verdict {
    let code = format!(
        r#"{SETTING}
        show(h1.run(|| neigh_list()).filter(|found| found.address == "10.0.0.1"));
        show(h1.neigh_list(#{{ dev: "b" }}).filter(|found| found.address == "10.0.0.1"));
        show(h1.run(|| ip("neigh show 10.0.0.1")));
        let failed = ();
        try {{ h1.neigh_list(#{{ dev: "a" }}) }} catch (e) {{ failed = [e.errno, e.argument, e.netns]; }}
        show(failed);
        "#
    );
    let shown = observe(user, &code)?;
    same(&shown[0][0]["mac"], &shown[2][0]["lladdr"])?;
    same(&shown[1][0]["link"], &shown[2][0]["dev"])?;
    same(&shown[2][0]["lladdr"], &json!("02:00:00:00:00:0a"))?;
    same(&shown[3], &json!(["ENODEV", "dev", "h1"]))
}
