//! ping: what it returns, what it prints beside the ping of iputils, and what the kernel's own counters say of it.

use libtest_mimic::{Failed, Trial};
use serde_json::Value;

use crate::support::{Need, User, Verdict, binary, run, run_json, same, test};

const IP: &[Need] = &[Need::Program("ip")];
const PING: &[Need] = &[Need::Program("ping")];
const SETPRIV: &[Need] = &[Need::Program("setpriv")];

/// The tests of this file.
pub fn trials() -> Vec<Trial> {
    [
        test("ping: replies over a cable, IPv4 and IPv6", &[], replies),
        test(
            "ping: the kernel counts the same requests",
            &[],
            kernel_counters,
        ),
        test(
            "ping: prints what iputils prints",
            PING,
            prints_like_iputils,
        ),
        test("ping: a silent host is 100 percent loss", &[], all_lost),
        test("ping: nobody there is told by this host", &[], unreachable),
        test(
            "ping: a router tells that the TTL is used up",
            IP,
            ttl_exceeded,
        ),
        test(
            "ping: a router tells the MTU that would do",
            IP,
            fragmentation_needed,
        ),
        test("ping: options that are seen from outside", &[], options),
        test("ping: deadline, and no count", &[], deadline),
        test("ping: a flood leaves nothing out", &[], flood),
        test(
            "ping: as a method, in the handle's namespace",
            &[],
            as_a_method,
        ),
        test("ping: names of /etc/hosts", &[], names),
        test(
            "ping: a datagram socket where raw ones are refused",
            SETPRIV,
            datagram_socket,
        ),
        test("ping: quiet ways", &[], quiet),
    ]
    .into_iter()
    .flatten()
    .collect()
}

/// Two hosts and a cable.
const CABLE: &str = r#"
let h1 = netns_add("h1");
let h2 = netns_add("h2");
h1.veth_add("eth0", "eth0x", #{ up: true });
h1.link_set("eth0x", #{ netns: h2, name: "eth0", up: true });
h1.addr_add("eth0", "10.0.0.1/24");
h2.addr_add("eth0", "10.0.0.2/24");
h1.addr_add("eth0", "fd00::1/64");
h2.addr_add("eth0", "fd00::2/64");
"#;

/// A host, a router, a host; the router's second cable has a smaller MTU.
const ROUTER: &str = r#"
let h1 = netns_add("h1");
let r = netns_add("r");
let h2 = netns_add("h2");
r.veth_add("r1", "eth0", #{ peer_netns: h1, up: true });
r.veth_add("r2", "eth0", #{ peer_netns: h2, up: true, mtu: 1280 });
h1.addr_add("eth0", "10.0.1.2/24");
r.addr_add("r1", "10.0.1.1/24");
r.addr_add("r2", "10.0.2.1/24");
h2.addr_add("eth0", "10.0.2.2/24");
r.sysctl_set("net.ipv4.ip_forward", 1);
h1.exec("ip", ["route", "add", "default", "via", "10.0.1.1"]);
h2.exec("ip", ["route", "add", "default", "via", "10.0.2.1"]);
"#;

/// Runs `code` after `setting`, and returns the last value that it showed.
fn shown(user: User, setting: &str, code: &str) -> Result<Value, Failed> {
    let mut values = run_json(user, &format!("{setting}\n{code}"))?;
    values.pop().ok_or_else(|| "nothing was shown".into())
}

fn replies(user: User) -> Verdict {
    for destination in ["10.0.0.2", "fd00::2"] {
        let code = format!(
            r#"show(h1.ping("{destination}", #{{ count: 3, interval: "10ms", size: 100, ttl: 9 }}));"#
        );
        let result = shown(user, CABLE, &code)?;
        same(&result["destination"], &Value::from(destination))?;
        same(&result["transmitted"], &Value::from(3))?;
        same(&result["received"], &Value::from(3))?;
        same(&result["loss"], &Value::from(0.0))?;
        let replies = result["replies"].as_array().ok_or("no replies")?;
        let sequences: Vec<_> = replies.iter().map(|reply| reply["seq"].as_i64()).collect();
        same(sequences, vec![Some(1), Some(2), Some(3)])?;
        for reply in replies {
            same(&reply["from"], &Value::from(destination))?;
            // The ICMP header has 8 bytes; the reply has a TTL of its own sender's.
            same(&reply["bytes"], &Value::from(108))?;
            same(&reply["ttl"], &Value::from(64))?;
        }
        let time = |key: &str| result[key].as_f64().ok_or(format!("no {key}"));
        let (least, mean, most) = (time("rtt_min")?, time("rtt_avg")?, time("rtt_max")?);
        if !(0.0 < least && least <= mean && mean <= most) {
            return Err(format!("times out of order: {least} {mean} {most}").into());
        }
    }
    Ok(())
}

/// /proc/net/snmp of the host that is pinged: OutEchoReps is the 22nd column of its second Icmp line's names.
fn kernel_counters(user: User) -> Verdict {
    let code = r#"
        fn echoes(host) {
            let lines = host.exec("cat", ["/proc/net/snmp"]).stdout.split("\n").filter(|line| line.starts_with("Icmp:"));
            let names = lines[0].split(" ");
            let values = lines[1].split(" ");
            [parse_int(values[names.index_of("InEchos")]), parse_int(values[names.index_of("OutEchoReps")])]
        }
        let before = echoes(h2);
        let result = h1.ping("10.0.0.2", #{ count: 7, interval: 0.005 });
        let after = echoes(h2);
        show([after[0] - before[0], after[1] - before[1], result.transmitted, result.received]);
    "#;
    same(shown(user, CABLE, code)?, serde_json::json!([7, 7, 7, 7]))
}

/// Digits that differ from run to run become #.
fn without_times(text: &str) -> String {
    let mut lines = Vec::new();
    for line in text.lines() {
        let parts: Vec<&str> = line.split("time").collect();
        let line = match parts.as_slice() {
            [before, after] => format!("{before}time{}", hashed(after)),
            // On a busy machine iputils may have sent the next request before a reply was read: a pipe of 2.
            _ if line.starts_with("rtt ") => hashed(line.split(", pipe").next().unwrap_or(line)),
            _ => line.to_string(),
        };
        lines.push(line);
    }
    lines.join("\n")
}

fn hashed(text: &str) -> String {
    let mut out = String::new();
    for c in text.chars() {
        match c {
            '0'..='9' | '.' if out.ends_with('#') => {}
            '0'..='9' | '.' => out.push('#'),
            c => out.push(c),
        }
    }
    out
}

fn prints_like_iputils(user: User) -> Verdict {
    let situations = [
        ("10.0.0.2", "-c 3 -i 0.2", "count: 3, interval: 0.2"),
        (
            "10.0.0.2",
            "-c 1 -I eth0 -s 100",
            r#"count: 1, iface: "eth0", size: 100"#,
        ),
        (
            "10.0.0.2",
            "-c 1 -I 10.0.0.1 -t 5",
            r#"count: 1, source: "10.0.0.1", ttl: 5"#,
        ),
        ("fd00::2", "-c 2 -i 0.2", "count: 2, interval: 0.2"),
        ("10.0.0.9", "-c 1 -W 5", "count: 1, timeout: 5"),
    ];
    for (destination, theirs, ours) in situations {
        let theirs: Vec<String> = theirs.split(' ').map(|word| format!("{word:?}")).collect();
        let theirs = theirs.join(", ");
        let code = format!(
            r#"{CABLE}
            print(h1.exec("ping", [{theirs}, "{destination}"]).stdout);
            print("=====");
            h1.ping("{destination}", #{{ {ours} }});"#
        );
        let output = run(user, &code)?;
        let (iputils, netsh) = output.split_once("=====\n").ok_or("no mark")?;
        same(without_times(netsh.trim()), without_times(iputils.trim()))?;
    }
    Ok(())
}

fn all_lost(user: User) -> Verdict {
    let code = r#"
        h2.sysctl_set("net.ipv4.icmp_echo_ignore_all", 1);
        let result = h1.ping("10.0.0.2", #{ count: 2, interval: "1ms", timeout: "50ms" });
        show([result.loss, result.received, result.rtt_avg, result.problems.len()]);
    "#;
    same(
        shown(user, CABLE, code)?,
        serde_json::json!([100.0, 0, null, 0]),
    )
}

fn unreachable(user: User) -> Verdict {
    let code = r#"
        let result = h1.ping("10.0.0.9", #{ count: 1, timeout: 10 });
        let problem = result.problems[0];
        show([result.loss, result.errors, problem.from, problem.message, problem.type, problem.code]);
    "#;
    same(
        shown(user, CABLE, code)?,
        serde_json::json!([100.0, 1, "10.0.0.1", "Destination Host Unreachable", 3, 1]),
    )
}

fn ttl_exceeded(user: User) -> Verdict {
    let code = r#"
        assert(h1.ping("10.0.2.2", #{ count: 1 }).received == 1, "the router forwards");
        let problem = h1.ping("10.0.2.2", #{ count: 1, ttl: 1 }).problems[0];
        show([problem.from, problem.message, problem.type, problem.code]);
    "#;
    same(
        shown(user, ROUTER, code)?,
        serde_json::json!(["10.0.1.1", "Time to live exceeded", 11, 0]),
    )
}

fn fragmentation_needed(user: User) -> Verdict {
    let code = r#"
        let problem = h1.ping("10.0.2.2", #{ count: 1, size: 1400, dont_fragment: true }).problems[0];
        show([problem.from, problem.mtu, problem.type, problem.code]);
        assert(h1.ping("10.0.2.2", #{ count: 1, size: 1400 }).received == 1, "fragments pass");
    "#;
    same(
        shown(user, ROUTER, code)?,
        serde_json::json!(["10.0.1.1", 1280, 3, 4]),
    )
}

/// Without `iface` the ping to the other end of one's own cable never leaves lo; with it, both ends count frames.
fn options(user: User) -> Verdict {
    let code = r#"
        veth_add("a", "b", #{ up: true });
        addr_add("a", "10.1.0.1/24");
        addr_add("b", "10.1.0.2/24");
        sysctl_set("net.ipv4.conf.a.accept_local", 1);
        sysctl_set("net.ipv4.conf.b.accept_local", 1);
        let lo = |result| { let before = link_get("lo").statistics.tx_packets; result.call(); link_get("lo").statistics.tx_packets - before };
        // Request and reply on lo, or the reply alone.
        let plain = lo.call(|| assert(ping("10.1.0.2", #{ count: 4, interval: 0 }).received == 4, "plain"));
        let bound = lo.call(|| assert(ping("10.1.0.2", #{ count: 4, interval: 0, iface: "a" }).received == 4, "bound"));
        show([plain, bound]);
    "#;
    same(shown(user, "", code)?, serde_json::json!([8, 4]))?;
    let code = r#"
        let big = ping("127.0.0.1", #{ count: 1, size: "2k", pattern: "ff00", source: "127.0.0.9", dont_fragment: true });
        show([big.received, big.replies[0].bytes]);
    "#;
    same(shown(user, "", code)?, serde_json::json!([1, 2056]))
}

fn deadline(user: User) -> Verdict {
    let code = r#"
        let result = ping("127.0.0.1", #{ deadline: "300ms", interval: "20ms", quiet: true });
        // 15 fit into the time; on a busy machine it may be fewer, never more than one beside the edge.
        show([result.transmitted > 4, result.transmitted <= 16, result.received == result.transmitted]);
    "#;
    same(
        shown(user, "", code)?,
        serde_json::json!([true, true, true]),
    )
}

fn flood(user: User) -> Verdict {
    let code = r#"
        let result = h1.ping("10.0.0.2", #{ count: 2000, flood: true, quiet: true });
        show([result.transmitted, result.received, result.duplicates, result.replies.len()]);
    "#;
    same(
        shown(user, CABLE, code)?,
        serde_json::json!([2000, 2000, 0, 2000]),
    )
}

fn as_a_method(user: User) -> Verdict {
    let code = r#"
        let there = h2.run(|| ping("10.0.0.1", #{ count: 1 }).received);
        let refused = try_ping();
        fn try_ping() { try { ping("10.0.0.1", #{ count: 1 }); } catch (e) { return e.errno; } "home has a way" }
        show([h1.ping("10.0.0.2", #{ count: 1 }).received, there, refused]);
    "#;
    same(
        shown(user, CABLE, code)?,
        serde_json::json!([1, 1, "ENETUNREACH"]),
    )
}

fn names(user: User) -> Verdict {
    let code = r#"show(ping("localhost", #{ count: 1, family: "inet" }).destination);"#;
    same(shown(user, "", code)?, Value::from("127.0.0.1"))
}

/// A netsh without CAP_NET_RAW, in the namespace of a sandbox.
fn datagram_socket(user: User) -> Verdict {
    let inner = format!(
        "setpriv --bounding-set=-net_raw --inh-caps=-net_raw {} --host -e 'let r = ping(\"127.0.0.1\", #{{ count: 2, interval: 0.01 }}); let s = ping(\"::1\", #{{ count: 1 }}); exit(r.received + s.received);'",
        binary().display()
    );
    let output = run(user, &format!("sh({});", serde_json::to_string(&inner)?))?;
    let replies = output.matches("64 bytes from").count();
    same(replies, 3)
}

fn quiet(user: User) -> Verdict {
    same(
        run(user, r#"ping("127.0.0.1", #{ count: 1, quiet: true });"#)?,
        String::new(),
    )?;
    let json = run_json(user, r#"show(ping("127.0.0.1", #{ count: 1 }).received);"#)?;
    same(json, vec![Value::from(1)])
}
