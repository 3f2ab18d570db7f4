//! traceroute: what it prints beside the traceroute of Debian, what it returns, and who is to blame when it can't.

use libtest_mimic::Trial;
use serde_json::{Value, json};

use crate::second_path::observe;
use crate::support::{Need, User, Verdict, binary, has, run, same, test};

const TRACEROUTE: &[Need] = &[Need::Program("traceroute")];
const SETPRIV: &[Need] = &[Need::Program("setpriv")];

/// The tests of this file.
pub fn trials() -> Vec<Trial> {
    [
        test(
            "traceroute: prints what traceroute prints",
            TRACEROUTE,
            prints_like_traceroute,
        ),
        test(
            "traceroute: and so it does where the way ends early",
            TRACEROUTE,
            annotations,
        ),
        test("traceroute: what it returns", &[], returns),
        test("traceroute: a silent router", &[], silent),
        test("traceroute: options that are seen", &[], options),
        test(
            "traceroute: without a privilege, in a network that is there",
            SETPRIV,
            unprivileged,
        ),
        test("traceroute: nobody answers at all", &[], black_hole),
        test("traceroute: wrong uses", &[], wrong),
        test("traceroute: fewer files than questions", &[], few_files),
    ]
    .into_iter()
    .flatten()
    .collect()
}

/// Three routers between two hosts. Errors are not counted: with two who ask, the kernel would keep some back.
pub const CHAIN: &str = r#"
let all = ["h1", "r1", "r2", "r3", "h2"].map(|name| netns_add(name));
let h1 = all[0]; let r1 = all[1]; let r2 = all[2]; let r3 = all[3]; let h2 = all[4];
for number in 1..5 {
    let left = all[number - 1];
    let right = all[number];
    left.veth_add("right", "left", #{ peer_netns: right, up: true });
    for (host, at) in [left, right] {
        let link = ["right", "left"][at];
        host.addr_add(link, `10.0.${number}.${at + 1}/24`);
        host.addr_add(link, `fd00:${number}::${at + 1}/64`);
    }
}
for (host, at) in all {
    host.sysctl_set("net.ipv4.ip_forward", 1);
    host.sysctl_set("net.ipv6.conf.all.forwarding", 1);
    host.sysctl_set("net.ipv4.icmp_ratelimit", 0);
    host.sysctl_set("net.ipv6.icmp.ratelimit", 0);
    // The limit for all together: a namespace has its own since Linux 6.12.
    try { host.sysctl_set("net.ipv4.icmp_msgs_burst", 10000); } catch { }
    for number in 1..5 {
        if number > at + 1 {
            host.route_add(`10.0.${number}.0/24`, #{ via: `10.0.${at + 1}.2` });
            host.route_add(`fd00:${number}::/64`, #{ via: `fd00:${at + 1}::2` });
        } else if number < at {
            host.route_add(`10.0.${number}.0/24`, #{ via: `10.0.${at}.1` });
            host.route_add(`fd00:${number}::/64`, #{ via: `fd00:${at}::1` });
        }
    }
}
// The neighbours are known: nobody's first question waits.
h1.ping("10.0.4.2", #{ count: 1, quiet: true });
h1.ping("fd00:4::2", #{ count: 1, quiet: true });
"#;

/// Times become #, and the end of the line is the same with or without spaces.
fn without_times(text: &str) -> String {
    let mut out = String::new();
    for line in text.trim().lines() {
        let words = line.split("  ").map(|word| match word.strip_suffix(" ms") {
            Some(_) => "# ms".to_owned(),
            None => match word.split_once(" ms ") {
                Some((time, note)) if time.parse::<f64>().is_ok() => format!("# ms {note}"),
                _ => word.to_owned(),
            },
        });
        let words: Vec<String> = words.collect();
        out += words.join("  ").trim_end();
        out.push('\n');
    }
    out
}

/// Runs both, in a setting, and holds one to the other.
fn alike(user: User, setting: &str, situations: &[(&str, &str, &str)]) -> Verdict {
    let mut code = format!("{CHAIN}\n{setting}\n");
    for (destination, theirs, ours) in situations {
        let words: Vec<String> = theirs.split(' ').map(|word| format!("{word:?}")).collect();
        let words = words.join(", ");
        code += &format!(
            r#"print(h1.exec("traceroute", ["-n", "-w", "5", {words}, "{destination}"]).stdout);
            print("=====");
            h1.traceroute("{destination}", #{{ {ours} }});
            print("%%%%%");"#
        );
    }
    let output = run(user, &code)?;
    let mut seen = 0;
    for both in output
        .split("%%%%%\n")
        .filter(|both| !both.trim().is_empty())
    {
        let (theirs, ours) = both.split_once("=====\n").ok_or("no mark")?;
        same(without_times(ours), without_times(theirs))?;
        seen += 1;
    }
    same(seen, situations.len())
}

fn prints_like_traceroute(user: User) -> Verdict {
    alike(
        user,
        "h2.tcp_listen(81);",
        &[
            ("10.0.4.2", "-q 3", ""),
            ("fd00:4::2", "-q 3", ""),
            ("10.0.4.2", "-I", r#"proto: "icmp""#),
            ("fd00:4::2", "-I", r#"proto: "icmp""#),
            ("10.0.4.2", "-T", r#"proto: "tcp""#),
            ("fd00:4::2", "-T", r#"proto: "tcp""#),
            ("10.0.4.2", "-T -p 81", r#"proto: "tcp", port: 81"#),
            ("10.0.4.2", "-f 2 -q 1", "first: 2, queries: 1"),
            ("10.0.4.2", "-m 2 -q 2", "max_hops: 2, queries: 2"),
            (
                "10.0.4.2",
                "-s 10.0.1.1 -i right",
                r#"source: "10.0.1.1", iface: "right""#,
            ),
            ("127.0.0.1", "-q 3", ""),
        ],
    )?;
    // The length of the packets stands behind the address.
    let code = format!(
        r#"{CHAIN}
        print(h1.exec("traceroute", ["-n", "-w", "5", "10.0.4.2", "1400"]).stdout);
        print("=====");
        h1.traceroute("10.0.4.2", #{{ size: 1400 }});"#
    );
    let output = run(user, &code)?;
    let (theirs, ours) = output.split_once("=====\n").ok_or("no mark")?;
    same(without_times(ours), without_times(theirs))
}

fn annotations(user: User) -> Verdict {
    let reject = |family: &str, words: &str| {
        format!(
            r#"r2.nft_load("table {family} f {{ chain forward {{ type filter hook forward priority 0; reject with {words}; }} }}");"#
        )
    };
    let both: &[(&str, &str, &str)] = &[
        ("10.0.4.2", "-q 3", ""),
        ("10.0.4.2", "-I", r#"proto: "icmp""#),
        ("10.0.4.2", "-T", r#"proto: "tcp""#),
    ];
    for words in [
        "icmp type host-unreachable",
        "icmp type net-unreachable",
        "icmp type admin-prohibited",
        "icmp type prot-unreachable",
    ] {
        alike(user, &reject("ip", words), both)?;
    }
    for words in ["icmpv6 type no-route", "icmpv6 type admin-prohibited"] {
        let setting = reject("ip6", words);
        alike(user, &setting, &[("fd00:4::2", "-q 3", "")])?;
    }
    // A link that takes less, on the way and at home.
    let narrow = r#"r2.link_set("right", #{ mtu: 1280 }); r3.link_set("left", #{ mtu: 1280 });"#;
    let code = format!(
        r#"{CHAIN} {narrow}
        print(h1.exec("traceroute", ["-n", "-F", "10.0.4.2", "1400"]).stdout);
        print("=====");
        h1.traceroute("10.0.4.2", #{{ size: 1400, dont_fragment: true }});"#
    );
    let output = run(user, &code)?;
    let (theirs, ours) = output.split_once("=====\n").ok_or("no mark")?;
    has(ours, "!F-1280")?;
    same(without_times(ours), without_times(theirs))
}

fn returns(user: User) -> Verdict {
    let code = format!(
        r#"{CHAIN}
        for proto in ["udp", "icmp", "tcp"] {{
            let way = h1.traceroute("10.0.4.2", #{{ proto: proto, queries: 2 }});
            let hop = way.hops[1];
            let query = hop.queries[0];
            show([way.destination, way.proto, way.reached, way.hops.map(|hop| hop.address), hop.ttl, hop.addresses, hop.times.len(),
                [query.from, query.type, query.code, query.note, query.message, query.time == hop.times[0] && query.time > 0.0]]);
            let last = way.hops[-1].queries[0];
            show([last.type, last.code, last.note]);
        }}"#
    );
    let mut wanted = Vec::new();
    for (proto, last) in [
        ("udp", json!([3, 3, null])),
        ("icmp", json!([null, null, null])),
        ("tcp", json!([null, null, null])),
    ] {
        wanted.push(json!([
            "10.0.4.2",
            proto,
            true,
            ["10.0.1.2", "10.0.2.2", "10.0.3.2", "10.0.4.2"],
            2,
            ["10.0.2.2"],
            2,
            ["10.0.2.2", 11, 0, null, "Time to live exceeded", true]
        ]));
        wanted.push(last);
    }
    same(observe(user, &code)?, wanted)
}

fn silent(user: User) -> Verdict {
    let code = format!(
        r#"{CHAIN}
        r2.nft_load("table ip f {{ chain out {{ type filter hook output priority 0; icmp type time-exceeded drop; }} }}");
        let way = h1.traceroute("10.0.4.2", #{{ quiet: true }});
        let hop = way.hops[1];
        show([way.reached, hop.address, hop.addresses, hop.times, hop.queries[0].from, way.hops[2].address]);"#
    );
    let wanted = json!([true, null, [], [], null, "10.0.3.2"]);
    same(observe(user, &code)?, vec![wanted])
}

/// What goes out, as a capture sees it.
fn options(user: User) -> Verdict {
    let code = format!(
        r#"{CHAIN}
        let seen = capture_during(|| h1.traceroute("10.0.4.2", #{{ port: 40000, queries: 2, max_hops: 2, size: 100, dont_fragment: true }}),
            #{{ netns: r1, link: "left", filter: "udp" }});
        show(seen.map(|one| [one.packet.ip.ttl, one.packet.udp.dport, one.packet.payload.len(), one.packet.ip.dont_fragment]));"#
    );
    let seen = observe(user, &code)?;
    let packets = seen.first().and_then(Value::as_array).ok_or("no packets")?;
    let fields =
        |at: usize| -> Vec<i64> { packets.iter().filter_map(|one| one[at].as_i64()).collect() };
    same(fields(0), vec![1, 1, 2, 2])?;
    same(fields(1), vec![40000, 40001, 40002, 40003])?;
    same(fields(2), vec![72, 72, 72, 72])?;
    same(packets.iter().all(|one| one[3] == true), true)
}

/// A netsh without CAP_NET_RAW: UDP and TCP need none, ICMP has its datagram sockets.
fn unprivileged(user: User) -> Verdict {
    let inner = format!(
        "setpriv --bounding-set=-net_raw --inh-caps=-net_raw {} --host -e 'for proto in [\"udp\", \"icmp\", \"tcp\"] {{ let way = traceroute(\"127.0.0.1\", #{{ proto: proto, quiet: true }}); print(`${{proto}} ${{way.reached}} ${{way.hops.len()}}`); }}'",
        binary().display()
    );
    let output = run(user, &format!("sh({});", serde_json::to_string(&inner)?))?;
    same(output.as_str(), "udp true 1\nicmp true 1\ntcp true 1\n")
}

fn black_hole(user: User) -> Verdict {
    let code = format!(
        r#"{CHAIN}
        h1.nft_load("table ip f {{ chain in {{ type filter hook input priority 0; drop; }} }}");
        for proto in ["udp", "icmp", "tcp"] {{
            let way = h1.traceroute("10.0.4.2", #{{ proto: proto, max_hops: 20, timeout: "200ms" }});
            show([way.reached, way.hops.len(), way.hops[19].queries.len()]);
        }}"#
    );
    let wanted = json!([false, 20, 3]);
    same(
        observe(user, &code)?,
        vec![wanted.clone(), wanted.clone(), wanted],
    )
}

fn wrong(user: User) -> Verdict {
    let code = format!(
        r#"{CHAIN}
        h1.route_add("10.9.0.0/16", #{{ type: "prohibit" }});
        for work in [
            || h1.traceroute("192.0.2.1"),
            || h1.traceroute("10.9.0.1"),
            || h1.traceroute("nobody"),
            || h1.traceroute("10.0.4.2", #{{ proto: "sctp" }}),
            || h1.traceroute("10.0.4.2", #{{ proto: "icmp", port: 5 }}),
            || h1.traceroute("10.0.4.2", #{{ proto: "tcp", size: 100 }}),
            || h1.traceroute("10.0.4.2", #{{ port: 0 }}),
            || h1.traceroute("10.0.4.2", #{{ queries: 11 }}),
            || h1.traceroute("10.0.4.2", #{{ first: 0 }}),
            || h1.traceroute("10.0.4.2", #{{ max_hops: 256 }}),
            || h1.traceroute("10.0.4.2", #{{ first: 5, max_hops: 4 }}),
            || h1.traceroute("10.0.4.2", #{{ iface: "eth7" }}),
            || h1.traceroute("10.0.4.2", #{{ source: "10.0.4.2" }}),
            || h1.traceroute("10.0.4.2", #{{ source: "fd00:1::1" }}),
            || h1.traceroute("10.0.4.2", #{{ size: 70000 }}),
            || h1.traceroute("10.0.4.2", #{{ family: "inet6" }}),
            || h1.traceroute("10.0.4.2", #{{ max_ttl: 5 }}),
        ] {{
            try {{ work.call(); show("no error"); }} catch (e) {{ show([e.argument, e.errno]); print(`${{e.message}} | ${{e.hint}}`); }}
        }}"#
    );
    let wanted = [
        ("destination", Some("ENETUNREACH")),
        ("destination", Some("EACCES")),
        ("destination", None),
        ("proto", None),
        ("port", None),
        ("size", None),
        ("port", None),
        ("queries", None),
        ("first", None),
        ("max_hops", None),
        ("max_hops", None),
        ("iface", Some("ENODEV")),
        ("source", Some("EADDRNOTAVAIL")),
        ("source", Some("EAFNOSUPPORT")),
        ("size", Some("EMSGSIZE")),
        ("family", None),
        ("max_ttl", None),
    ];
    let wanted = wanted.map(|(argument, errno)| json!([argument, errno]));
    let ran = crate::support::run_with(user, &["--json"], &code)?;
    let shown: Result<Vec<Value>, _> = ran.stdout.lines().map(serde_json::from_str).collect();
    same(shown?, wanted.to_vec())?;
    for words in [
        "cannot trace the way to 192.0.2.1: there is no route to 192.0.2.1 | no link here that is up",
        "cannot trace the way to 10.9.0.1: the kernel forbids it",
        "cannot trace the way to 10.0.4.2: there is no link \"eth7\"",
        "a traceroute can't be made with \"sctp\" | what can be asked with is \"udp\", \"icmp\" or \"tcp\"",
        "the way can't end at hop 4 when it begins at hop 5",
    ] {
        has(&ran.stderr, words)?;
    }
    Ok(())
}

fn few_files(user: User) -> Verdict {
    let code = r#"
        nft_load("table ip f { chain in { type filter hook input priority 0; drop; } }");
        let way = traceroute("127.0.0.1", #{ max_hops: 20, queries: 10, timeout: "100ms", quiet: true });
        print(`${way.hops.len()} ${way.hops[19].queries.len()}`);
    "#;
    let ran = crate::support::limited(user, "ulimit -n 64", &["-e", code])?;
    same(ran.ok()?.as_str(), "20 10\n")
}
