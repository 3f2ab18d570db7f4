//! Tracked connections, compared with what conntrack(8) says of the same sandbox.

use libtest_mimic::{Failed, Trial};
use serde_json::{Map, Value, json};

use crate::second_path::{list, observe};
use crate::support::{Need, User, Verdict, run_json, same, test};

const CONNTRACK: &[Need] = &[Need::Program("conntrack"), Need::Program("nft")];

/// The tests of this file.
pub fn trials() -> Vec<Trial> {
    [
        test(
            "conntrack: as conntrack lists them",
            CONNTRACK,
            listed_as_by_conntrack,
        ),
        test(
            "conntrack: filters choose as conntrack's do",
            CONNTRACK,
            filters,
        ),
        test(
            "conntrack: some and all are forgotten",
            CONNTRACK,
            forgotten,
        ),
        test(
            "conntrack: events as conntrack -E prints them",
            CONNTRACK,
            events,
        ),
        test(
            "conntrack: rules traced as nft monitor trace does",
            CONNTRACK,
            traced,
        ),
        test("nft_trace: within another", &[], traced_within),
        test(
            "conntrack: of another namespace",
            CONNTRACK,
            of_another_namespace,
        ),
    ]
    .into_iter()
    .flatten()
    .collect()
}

/// Who traces may trace, flush the rules, and have a table of that name.
fn traced_within(user: User) -> Verdict {
    let code = r#"
        nft_table_add("inet netsh_trace");
        nft_table_add("inet t");
        nft_chain_add("inet t c", #{ type: "filter", hook: "output" });
        nft_rule_add("inet t c", "icmp type echo-request counter accept");
        fn asked() { ping("127.0.0.1", #{ count: 1, quiet: true }).received }
        let traced = nft_trace(|| nft_trace(|| asked()));
        let inner = traced.result;
        show([inner.result, inner.packets.len() > 0, traced.packets.len() == inner.packets.len()]);
        show(nft_trace(|| why("127.0.0.1").works).result);
        show(nft_list().map(|it| it.name));
        show(nft_trace(|| { nft_flush(); 5 }).result);
        show(nft_list());
    "#;
    let seen = run_json(user, code)?;
    let wanted = json!([[1, true, true], true, ["netsh_trace", "t"], 5, []]);
    same(Value::from(seen), wanted)
}

/// A rule that has Linux track, and connections of every kind: real ones, and such as conntrack makes.
const SETTING: &str = r#"
    sysctl_set("net.netfilter.nf_conntrack_acct", 1);
    sh("nft add table inet t; nft add chain inet t o '{ type filter hook output priority 0; }'; nft add rule inet t o ct state new counter");
    ping("127.0.0.1", #{ count: 2, interval: 0.01, quiet: true });
    ping("::1", #{ count: 1, quiet: true });
    fn made(words) {
        let out = exec("conntrack", ("-I -t 1000 " + words).split(" "));
        if out.code != 0 { throw out.stderr; }
    }
    made("-p tcp -s 10.0.0.2 -d 10.0.0.1 --sport 40000 --dport 80 --state ESTABLISHED -u ASSURED,SEEN_REPLY -m 5");
    made("-p tcp -s 10.0.0.3 -d 10.0.0.1 --sport 40001 --dport 80 --state SYN_SENT -g 10.1.0.9:8080 -m 0x15");
    made("-p tcp -s 10.0.1.3 -d 192.0.2.1 --sport 40002 --dport 443 --state TIME_WAIT -n 192.0.2.9 -u SEEN_REPLY -w 7");
    made("-p udp -s fd00::2 -d fd00::1 --sport 5000 --dport 53");
    made("-p udp -s 10.0.0.2 -d 10.0.0.1 --sport 5000 --dport 53 --orig-zone 3");
    made("-p gre -s 10.0.0.2 -d 10.0.0.1 --srckey 3 --dstkey 4");
    made("-p sctp -s 10.0.0.2 -d 10.0.0.1 --sport 3 --dport 4 --orig-vtag 1 --reply-vtag 2 --state ESTABLISHED");
    made("-p 50 -s 10.0.0.2 -d 10.0.0.1");
    fn told(words) { exec("conntrack", ("-L -o id " + words).split(" ")).stdout }
"#;

/// A line of `conntrack -L -o id` in the words of conntrack_list(), but for family, status and timeout.
fn entry(line: &str) -> Value {
    let words: Vec<&str> = line.split_whitespace().collect();
    let number = |word: &str| json!(word.parse::<i64>().expect("a number"));
    let mut entry = Map::new();
    let known = ["unknown"].contains(&words[0]);
    entry.insert(
        "proto".into(),
        json!(if known { words[1] } else { words[0] }),
    );
    let mut tuples = [Map::new(), Map::new()];
    for tuple in &mut tuples {
        for key in [
            "src", "dst", "sport", "dport", "type", "code", "id", "packets", "bytes",
        ] {
            tuple.insert(key.into(), Value::Null);
        }
    }
    let mut at = 0;
    for key in ["mark", "zone", "id"] {
        entry.insert(key.into(), json!(0));
    }
    for key in ["state", "helper"] {
        entry.insert(key.into(), Value::Null);
    }
    for (place, word) in words.iter().enumerate().skip(2) {
        match word.split_once('=') {
            Some(("src", _)) if !tuples[0]["src"].is_null() => at = 1,
            None if place == 3 && !word.starts_with('[') => {
                entry.insert("state".into(), json!(word));
            }
            _ => {}
        }
        match word.split_once('=') {
            Some((key @ ("src" | "dst"), value)) => {
                tuples[at].insert(key.into(), json!(value));
            }
            Some((key @ ("srckey" | "dstkey"), value)) => {
                let key = if key == "srckey" { "sport" } else { "dport" };
                let value = i64::from_str_radix(value.trim_start_matches("0x"), 16);
                tuples[at].insert(key.into(), json!(value.expect("a key")));
            }
            Some((key @ ("mark" | "zone"), value)) => {
                entry.insert(key.into(), number(value));
            }
            // The last one is the entry's own.
            Some(("id", value)) if place == words.len() - 1 => {
                entry.insert("id".into(), number(value));
            }
            Some((key, value)) if tuples[at].contains_key(key) => {
                tuples[at].insert(key.into(), number(value));
            }
            _ => {}
        }
    }
    let [original, reply] = tuples;
    entry.insert("original".into(), original.into());
    entry.insert("reply".into(), reply.into());
    entry.into()
}

/// What conntrack(8) printed, in the order of the ids.
fn entries(text: &Value) -> Vec<Value> {
    let text = text.as_str().unwrap_or_default();
    let mut entries: Vec<Value> = text.lines().map(entry).collect();
    entries.sort_by_key(|entry| entry["id"].as_i64());
    entries
}

fn without_more(entry: &Value) -> Value {
    let mut entry = entry.clone();
    if let Some(pairs) = entry.as_object_mut() {
        pairs.retain(|key, _| !["family", "status", "timeout", "nat"].contains(&key.as_str()));
    }
    entry
}

/// The entries that netsh gives, in the order of the ids.
fn sorted(found: &Value) -> Vec<Value> {
    let mut found = list(found).to_vec();
    found.sort_by_key(|entry| entry["id"].as_i64());
    found
}

fn by_id(mut entries: Vec<Value>) -> Vec<Value> {
    entries.sort_by_key(|entry| entry["id"].as_i64());
    entries
}

fn listed_as_by_conntrack(user: User) -> Verdict {
    let code = format!("{SETTING} show([told(\"\"), conntrack_list()]); show(conntrack_count());");
    let shown = observe(user, &code)?;
    let found = sorted(&shown[0][1]);
    let plain = by_id(found.iter().map(without_more).collect());
    same(plain, entries(&shown[0][0]))?;
    same(&shown[1], &json!(10))?;
    let of = |proto: &str, src: &str| {
        let is_it = |it: &&Value| it["proto"] == proto && it["original"]["src"] == src;
        found.iter().find(is_it).cloned().unwrap_or_default()
    };
    same(&of("udp", "fd00::2")["family"], &json!("inet6"))?;
    same(&of("tcp", "10.0.0.2")["nat"], &json!([]))?;
    same(&of("tcp", "10.0.0.3")["nat"], &json!(["dnat"]))?;
    same(&of("tcp", "10.0.1.3")["nat"], &json!(["snat"]))?;
    same(&of("tcp", "10.0.1.3")["reply"]["dst"], &json!("192.0.2.9"))?;
    same(&of("icmp", "127.0.0.1")["original"]["packets"], &json!(2))?;
    let timeout = of("gre", "10.0.0.2")["timeout"].as_i64();
    same(
        timeout.is_some_and(|seconds| (900..=1000).contains(&seconds)),
        true,
    )?;
    let status = of("tcp", "10.0.0.2")["status"].clone();
    let has = |name: &str| list(&status).contains(&json!(name));
    same(
        (has("ASSURED"), has("SEEN_REPLY"), has("EXPECTED")),
        (true, true, false),
    )
}

/// Options of netsh and of conntrack that are to choose the same, and how many entries these are.
const FILTERS: [(&str, &str, usize); 15] = [
    (r#"proto: "tcp""#, "-p tcp", 3),
    (r#"proto: 17"#, "-p 17", 2),
    (r#"family: "inet6""#, "-f ipv6", 2),
    (r#"family: "inet""#, "-f ipv4", 8),
    (r#"proto: "tcp", dport: 80"#, "-p tcp --dport 80", 2),
    (r#"proto: "tcp", sport: 40002"#, "-p tcp --sport 40002", 1),
    (r#"src: "10.0.0.2""#, "-s 10.0.0.2", 5),
    (r#"src: "10.0.0.0/23""#, "-s 10.0.0.0/23", 7),
    (r#"dst: "fd00::1""#, "-f ipv6 -d fd00::1", 1),
    (r#"reply_src: "10.1.0.9""#, "-r 10.1.0.9", 1),
    (r#"reply_dst: "192.0.2.9""#, "-q 192.0.2.9", 1),
    (
        r#"proto: "tcp", state: "time_wait""#,
        "-p tcp --state TIME_WAIT",
        1,
    ),
    (r#"nat: "dnat""#, "-g", 1),
    (r#"mark: "0x10/0x10""#, "-m 0x10/0x10", 1),
    (r#"zone: 7"#, "-w 7", 1),
];

fn filters(user: User) -> Verdict {
    let questions = FILTERS.iter().map(|(ours, theirs, _)| {
        format!("show([told(\"{theirs}\"), conntrack_list(#{{ {ours} }})]);\n")
    });
    let code = format!("{SETTING} {}", questions.collect::<String>());
    for (pair, (ours, theirs, count)) in observe(user, &code)?.iter().zip(FILTERS) {
        let found: Vec<Value> = sorted(&pair[1]).iter().map(without_more).collect();
        let wanted = entries(&pair[0]);
        let ids = |entries: &[Value]| {
            entries
                .iter()
                .map(|it| it["id"].clone())
                .collect::<Vec<_>>()
        };
        let both = (ids(&found), found.len());
        if both != (ids(&wanted), count) {
            return Err(format!("{ours}, {theirs}: {found:#?}\nbut {wanted:#?}").into());
        }
    }
    Ok(())
}

fn forgotten(user: User) -> Verdict {
    let code = format!(
        r#"{SETTING}
        conntrack_del(#{{ proto: "tcp", dport: 80 }});
        conntrack_del(#{{ zone: 7 }});
        conntrack_del(#{{ family: "inet6" }});
        conntrack_del(#{{ proto: 50 }});
        show(told(""));
        let failed = ();
        try {{ conntrack_del(#{{ proto: "tcp" }}) }} catch (e) {{ failed = [e.errno, e.hint]; }}
        show(failed);
        conntrack_flush();
        show(exec("conntrack", ["-C"]).stdout);
        try {{ conntrack_del(#{{ proto: "tcp" }}) }} catch (e) {{ failed = [e.errno, e.hint.contains("begins to track")]; }}
        show(failed);
        "#
    );
    let shown = observe(user, &code)?;
    let protocols: Vec<Value> = entries(&shown[0])
        .iter()
        .map(|it| it["proto"].clone())
        .collect();
    let mut protocols: Vec<&str> = protocols.iter().filter_map(Value::as_str).collect();
    protocols.sort_unstable();
    same(protocols, vec!["gre", "icmp", "sctp", "udp"])?;
    let hint = "4 other connections are tracked here: see conntrack_list()";
    same(&shown[1], &json!(["ENOENT", hint]))?;
    same(&shown[2], &json!("0\n"))?;
    same(&shown[3], &json!(["ENOENT", true]))
}

fn of_another_namespace(user: User) -> Verdict {
    let code = r#"
        let h1 = netns_add("h1");
        h1.sh("nft add table t; nft add chain t o '{ type filter hook output priority 0; }'; nft add rule t o ct state new counter");
        h1.ping("127.0.0.1", #{ count: 1, quiet: true });
        show([conntrack_count(), h1.conntrack_count(), h1.conntrack_list(#{ proto: "icmp" }).len()]);
        h1.conntrack_flush();
        show(h1.conntrack_list());
    "#;
    same(run_json(user, code)?, vec![json!([0, 1, 1]), json!([])])
}

/// Runs the code with a program listening beside it, whose socket has these groups, and gives what both heard.
fn beside(
    user: User,
    program: &str,
    setting: &str,
    verb: &str,
    work: &str,
) -> Result<(String, Value), Failed> {
    let folder = tempfile::tempdir()?;
    let mode = std::os::unix::fs::PermissionsExt::from_mode(0o777);
    std::fs::set_permissions(folder.path(), mode)?;
    let heard = folder.path().join("heard");
    let file = heard.display();
    // It listens when a socket of netfilter's has groups, and has heard all when its file holds the last word.
    let code = format!(
        r#"{setting}
        sh("stdbuf -oL {program} > {file} 2>/dev/null & echo $! > {file}.pid");
        sh("until awk '$2 == 12 && $4 != \"00000000\" {{ found = 1 }} END {{ exit !found }}' /proc/net/netlink; do :; done");
        let seen = {verb}(|| {{ {work} }});
        sh("until [ $(grep -c . {file}) -ge 3 ]; do :; done; kill $(cat {file}.pid)");
        show(seen);"#
    );
    let shown = run_json(user, &code)?;
    Ok((std::fs::read_to_string(&heard)?, shown[0].clone()))
}

fn events(user: User) -> Verdict {
    let setting = r#"sh("nft add table inet t; nft add chain inet t o '{ type filter hook output priority 0; }'; nft add rule inet t o ct state new counter");"#;
    let work = r#"ping("127.0.0.1", #{ count: 1, quiet: true }); conntrack_flush(); 7"#;
    let (lines, seen) = beside(user, "conntrack -E", setting, "conntrack_events", work)?;
    let plain = |line: &str| {
        let end = line.find(" [USERSPACE]").unwrap_or(line.len());
        line[..end].split_whitespace().collect::<Vec<_>>().join(" ")
    };
    let wanted: Vec<String> = lines.lines().map(plain).collect();
    let events = list(&seen["events"]);
    let found = events
        .iter()
        .map(|event| plain(event["text"].as_str().unwrap_or_default()));
    same(found.collect::<Vec<_>>(), wanted)?;
    let names: Vec<&str> = events
        .iter()
        .filter_map(|event| event["event"].as_str())
        .collect();
    same(names, vec!["new", "update", "destroy"])?;
    same(&seen["result"], &json!(7))
}

fn traced(user: User) -> Verdict {
    let setting = r#"
        nft_load("table inet t { chain x { ct state new counter; } chain o { type filter hook output priority 0; icmp type echo-request counter jump x; } chain i { type filter hook input priority 0; policy drop; icmp type echo-request drop; } }");
    "#;
    let work = r#"try { ping("127.0.0.1", #{ count: 1, timeout: 0.1, quiet: true }) } catch {} 7"#;
    let (lines, seen) = beside(user, "nft monitor trace", setting, "nft_trace", work)?;
    // trace id 83c24f84 inet t i rule icmp type echo-request drop (verdict drop)
    let theirs: Vec<Vec<&str>> = lines
        .lines()
        .map(|line| line.split_whitespace().collect())
        .filter(|words: &Vec<&str>| words.get(4) == Some(&"t") && words.get(6) != Some(&"packet:"))
        .collect();
    let mut wanted = Vec::new();
    for words in &theirs {
        let id = i64::from_str_radix(words[2], 16)?;
        let verdict = words.iter().position(|word| *word == "(verdict");
        let verdict = verdict.map(|at| words[at + 1..].join(" ").trim_end_matches(')').to_string());
        // Some kernels (6.1) tell the end of a chain with a verdict, and nft prints that: "verdict continue".
        let kind = match words[6] {
            "verdict" => "return",
            kind => kind,
        };
        wanted.push(json!([id, words[5], kind, verdict]));
    }
    let mut found = Vec::new();
    for packet in list(&seen["packets"]) {
        for step in list(&packet["steps"]) {
            let verdict = match step["type"] == "rule" {
                true => step["verdict"].clone(),
                false => Value::Null,
            };
            found.push(json!([packet["id"], step["chain"], step["type"], verdict]));
        }
    }
    same(found, wanted)?;
    let packets = list(&seen["packets"]);
    same(packets.len(), 2)?;
    same(&packets[0]["oif"], &json!("lo"))?;
    same(&packets[1]["iif"], &json!("lo"))?;
    same(
        &packets[1]["steps"][0]["rule"],
        &json!("icmp type echo-request drop"),
    )?;
    let headers = packets[0]["packet"].as_str().unwrap_or_default();
    same(
        headers.starts_with("ip saddr 127.0.0.1 ip daddr 127.0.0.1 ip ttl 64 ip protocol 1"),
        true,
    )?;
    same(
        (&seen["result"], &seen["complete"]),
        (&json!(7), &json!(true)),
    )
}
