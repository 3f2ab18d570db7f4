//! `netsh doctor`: what it says is there, the real tools can make, and what it says is missing they can't.

use std::collections::BTreeMap;

use libtest_mimic::{Failed, Trial};
use serde_json::Value;

use crate::support::{Need, Ran, User, Verdict, has, netsh, run, run_json, same, test};

/// The tests.
pub fn trials() -> Vec<Trial> {
    [
        test("doctor: on the command line", &[], on_the_command_line),
        test(
            "doctor: ip and tc agree",
            &[Need::Program("ip"), Need::Program("tc")],
            ip_and_tc_agree,
        ),
        test("doctor: nft agrees", &[Need::Program("nft")], nft_agrees),
        test("doctor: what is missing has a remedy", &[], remedies),
    ]
    .into_iter()
    .flatten()
    .collect()
}

/// Whether each thing is there, by kind and name.
fn found(user: User) -> Result<BTreeMap<(String, String), bool>, Failed> {
    let shown = run_json(user, "show(doctor());")?;
    let rows = shown.first().and_then(Value::as_array).cloned();
    let text = |row: &Value, key: &str| row[key].as_str().unwrap_or_default().to_owned();
    let rows = rows.unwrap_or_default();
    let pairs = rows.iter().map(|row| {
        let name = (text(row, "kind"), text(row, "name"));
        (name, row["ok"] == true)
    });
    Ok(pairs.collect())
}

fn on_the_command_line(user: User) -> Verdict {
    let printed = Ran::from(netsh(user).arg("doctor").output()?).ok()?;
    has(&printed, "name             kind        ok     remedy\n")?;
    has(&printed, "\nCAP_NET_ADMIN    capability  true   -\n")?;
    let json = Ran::from(netsh(user).args(["doctor", "--json"]).output()?).ok()?;
    let rows: Value = serde_json::from_str(&json)?;
    let veth = rows
        .as_array()
        .and_then(|rows| rows.iter().find(|row| row["name"] == "veth"));
    same(veth.map(|row| row["ok"].clone()), Some(true.into()))
}

fn ip_and_tc_agree(user: User) -> Verdict {
    let found = found(user)?;
    let mut cases = Vec::new();
    for (kind, arguments) in [
        ("bond", ""),
        ("bridge", ""),
        ("dummy", ""),
        ("ifb", ""),
        ("macvlan", "link v0"),
        ("nlmon", ""),
        ("veth", ""),
        ("vlan", "link v0"),
        ("vrf", ""),
        ("vxlan", ""),
        ("wireguard", ""),
    ] {
        let own = match kind {
            "vlan" => "id 5",
            "vrf" => "table 5",
            "vxlan" => "id 5 dstport 4789",
            _ => "",
        };
        cases.push((
            ("link", kind),
            format!("ip link add x0 {arguments} type {kind} {own}"),
        ));
    }
    for (kind, arguments) in [
        ("netem", "delay 1ms"),
        ("tbf", "rate 1mbit burst 10k latency 1ms"),
        ("htb", ""),
        ("prio", ""),
        ("fq_codel", ""),
        ("sfq", ""),
        ("pfifo", ""),
    ] {
        cases.push((
            ("qdisc", kind),
            format!("tc qdisc add dev v0 root {kind} {arguments}"),
        ));
    }
    for ((kind, name), command) in cases {
        let code = format!("veth_add(\"v0\", \"v1\"); print(sh(\"{command} 2>/dev/null\") == 0);");
        let made = run(user, &code)? == "true\n";
        let said = found.get(&(kind.to_owned(), name.to_owned()));
        same((&command, said), (&command, Some(&made)))?;
    }
    Ok(())
}

fn nft_agrees(user: User) -> Verdict {
    let found = found(user)?;
    let chain = "{ type filter hook input priority 0; }";
    let mut cases: Vec<(&str, &str, String)> = ["ip", "ip6", "inet", "arp", "bridge"]
        .map(|family| {
            let text = format!("add table {family} t; add chain {family} t c {chain}");
            ("nft family", family, text)
        })
        .to_vec();
    for (name, hook, rule) in [
        (
            "masquerade",
            "{ type nat hook postrouting priority 0; }",
            "masquerade",
        ),
        (
            "redirect",
            "{ type nat hook prerouting priority 0; }",
            "redirect",
        ),
        ("reject", chain, "reject"),
        ("fib", chain, "fib daddr type local"),
        ("queue", chain, "queue"),
        ("limit", chain, "limit rate 1/second"),
        ("quota", chain, "quota 10 mbytes"),
        ("log", chain, "log"),
        ("ct", chain, "ct state new"),
    ] {
        let text = format!("add table ip t; add chain ip t c {hook}; add rule ip t c {rule}");
        cases.push(("nft", name, text));
    }
    for (kind, name, text) in cases {
        let code = format!("print(exec(\"nft\", [{text:?}]).code == 0);");
        let made = run(user, &code)? == "true\n";
        let said = found.get(&(kind.to_owned(), name.to_owned()));
        same((&text, said), (&text, Some(&made)))?;
    }
    Ok(())
}

fn remedies(user: User) -> Verdict {
    let code = r#"
        for one in doctor() {
            if one.ok != (one.remedy == ()) { print(one); }
        }
        // Where nothing may be opened or made, that is told too.
        sh("mount -t tmpfs none /dev/net");
        let tun = doctor().find(|one| one.kind == "device");
        print(tun.ok);
        print(tun.remedy.contains("docker run --device /dev/net/tun"));
    "#;
    same(run(user, code)?.as_str(), "false\ntrue\n")
}
