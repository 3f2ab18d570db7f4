//! What throughput measures, held against what the kernel counted and what the link was told to be.

use libtest_mimic::Trial;

use crate::second_path::observe;
use crate::support::{HOSTS, User, Verdict, same, test};

/// The tests of this file.
pub fn trials() -> Vec<Trial> {
    [
        test("throughput: TCP, as the links count it", &[], counted),
        test("throughput: several streams and a rate", &[], streams),
        test("throughput: UDP", &[], datagrams),
        test(
            "throughput: what keeps it from being measured",
            &[],
            refused,
        ),
    ]
    .into_iter()
    .flatten()
    .collect()
}

fn counted(user: User) -> Verdict {
    let code = format!(
        r#"{HOSTS}
        for address in ["10.0.0.2", "fd00::2"] {{
            let before = h2.link_get("eth0").statistics.rx_bytes;
            let start = timestamp();
            let seen = h1.throughput(address, #{{ time: "1s", rate: "100mbit" }});
            // On a machine that is busy it goes on for longer than it counts.
            let took = start.elapsed;
            let passed = h2.link_get("eth0").statistics.rx_bytes - before;
            // What was still on its way at the end is not in `bytes`, but the rate held for it too.
            let most = 12500000.0 * took * 1.1 + 100000.0;
            show([seen.protocol, seen.bytes > 100000, passed >= seen.bytes, passed < most, seen.seconds >= 1.0]);
        }}
        "#
    );
    let wanted = serde_json::json!(["tcp", true, true, true, true]);
    same(observe(user, &code)?, vec![wanted.clone(), wanted])
}

fn streams(user: User) -> Verdict {
    let code = format!(
        r#"{HOSTS}
        let seen = h1.throughput("10.0.0.2", #{{ time: "1s", streams: 3, rate: "40mbit", port: 5001 }});
        let named = h1.throughput("10.0.0.2", #{{ time: "1s", server: h2 }});
        show([seen.streams, seen.bits_per_second > 4000000.0, seen.bits_per_second < 44000000.0, named.bytes > 0]);
        "#
    );
    same(
        observe(user, &code)?,
        vec![serde_json::json!([3, true, true, true])],
    )
}

fn datagrams(user: User) -> Verdict {
    let code = format!(
        r#"{HOSTS}
        let before = h2.link_get("eth0").statistics.rx_packets;
        let seen = h1.throughput("10.0.0.2", #{{ time: "500ms", udp: true, rate: "4mbit", length: 500 }});
        let passed = h2.link_get("eth0").statistics.rx_packets - before;
        show([seen.protocol, seen.sent >= 50, seen.sent == seen.received + seen.lost, seen.lost, seen.loss,
            passed >= seen.received, seen.jitter < 50.0, seen.bytes == seen.received * 500]);
        "#
    );
    let wanted = serde_json::json!(["udp", true, true, 0, 0.0, true, true, true]);
    same(observe(user, &code)?, vec![wanted])
}

fn refused(user: User) -> Verdict {
    let code = format!(
        r#"{HOSTS}
        for work in [
            || h1.throughput("10.0.0.9"),
            || h1.throughput("10.0.0.9", #{{ server: h2 }}),
            || throughput("10.0.0.2"),
            || h1.throughput("10.0.0.2", #{{ udp: true, streams: 2 }}),
            || h1.throughput("10.0.0.2", #{{ length: 100 }}),
            || h1.throughput("10.0.0.2", #{{ port: 70000 }}),
            || h1.throughput("10.0.0.2", #{{ streams: 0 }}),
            || h1.throughput("h2"),
        ] {{
            try {{ work.call(); show("no error"); }} catch (e) {{ show([e.argument, e.errno]); }}
        }}
        "#
    );
    let wanted = [
        ("destination", None),
        ("destination", Some("EADDRNOTAVAIL")),
        ("destination", Some("ENETUNREACH")),
        ("streams", None),
        ("length", None),
        ("port", None),
        ("streams", None),
        ("destination", None),
    ];
    let wanted = wanted.map(|(argument, errno)| serde_json::json!([argument, errno]));
    same(observe(user, &code)?, wanted.to_vec())
}
