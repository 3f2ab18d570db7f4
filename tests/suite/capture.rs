//! Captures: netsh and tcpdump at the same links see the same packets, and what a capture does that tcpdump does not.

use std::path::Path;
use std::process::Command;

use libtest_mimic::{Failed, Trial};
use serde_json::{Value, json};

use crate::folder::Folder;
use crate::support::{Need, User, Verdict, has, run, run_json, run_with, same, test};

pub const WITH_TCPDUMP: &[Need] = &[Need::Program("tcpdump"), Need::Program("cc")];

/// The tests.
pub fn trials() -> Vec<Trial> {
    const TUN: &[Need] = &[Need::Kernel("device tun")];
    const VLAN: &[Need] = &[Need::Kernel("link vlan")];
    [
        test(
            "capture: tcpdump sees the same on a link",
            WITH_TCPDUMP,
            as_tcpdump,
        ),
        test(
            "capture: tcpdump sees the same on all links",
            WITH_TCPDUMP,
            as_tcpdump_on_all,
        ),
        test(
            "capture: tcpdump's filter lets the same pass",
            WITH_TCPDUMP,
            as_tcpdump_filters,
        ),
        test("capture: on lo all is seen twice", &[], loopback),
        test("capture: a tag is among the bytes", TUN, tag),
        test("capture: tags of VLANs", VLAN, vlan),
        test(
            "capture: a link without hardware addresses",
            TUN,
            without_addresses,
        ),
        test("capture: filters in the kernel", &[], filters),
        test("capture: of some links", &[], some_links),
        test("capture: as many as wanted", &[], count),
        test("capture: as long as wanted", &[], timeout),
        test("capture: no more than wanted of each packet", &[], snaplen),
        test("capture: packets are read while they come", &[], reading),
        test("capture: what has no room is told", &[], overflow),
        test("capture: into a file", &[], into_file),
        test("capture: two at once", &[], two),
        test("capture: a link that goes down and up", &[], down_and_up),
        test("capture: links that come and go", &[], come_and_go),
        test("capture: a namespace is not kept", &[], netns_deleted),
        test("capture: as long as a closure", &[], during),
        test("capture: no thread stays", &[], threads),
    ]
    .into_iter()
    .flatten()
    .collect()
}

/// Two namespaces, a pair of links, and no IPv6 that would talk by itself.
const LAB: &str = r#"
    let h1 = netns_add("h1");
    for where in [netns_get("home"), h1] {
        where.run(|| sysctl_set("net.ipv6.conf.default.disable_ipv6", 1));
    }
    veth_add("a", "b", #{ up: true, peer_netns: "h1" });
    addr_add("a", "10.0.0.1/24");
    h1.link_up("b");
    h1.addr_add("b", "10.0.0.2/24");
    fn seen(packets) { packets.map(|it| [it.link, it.direction, it.length, it.bytes]) }
"#;

/// ARP, ICMP with fragments, UDP, TCP with segments that are put together and taken apart, and a refusal.
const TRAFFIC: &str = r#"
    ping("10.0.0.2", #{ count: 2, interval: "10ms", quiet: true });
    ping("10.0.0.2", #{ count: 1, size: 4000, quiet: true });
    try { tcp_connect("10.0.0.2", 9) } catch {}
    let server = h1.tcp_listen(80);
    let client = tcp_connect("10.0.0.2", 80);
    let there = server.accept("1s");
    let text = "";
    text.pad(20000, 'y');
    client.write(text);
    let got = 0;
    while got < 20000 { got += there.read("1s").len(); }
    there.close();
    client.read("1s");
    client.close();
    ping("10.0.0.2", #{ count: 1, size: 1234, quiet: true }); // the last
"#;

/// A packet: its link, whether it went out, its length, and its bytes.
type Packet = (String, bool, u64, Vec<u8>);

/// Fails at the first packet that is not the same. Both ends of a TCP connection may send at the same time, and then two who look
/// can see it in two orders; of all else each packet answers another.
fn same_packets(found: Vec<String>, wanted: Vec<String>) -> Verdict {
    let sorted = |lines: Vec<String>| {
        let (mut tcp, others): (Vec<_>, Vec<_>) =
            lines.into_iter().partition(|line| line.contains(TCP));
        tcp.sort();
        [others, tcp].concat()
    };
    let (found, wanted) = (sorted(found), sorted(wanted));
    same(wanted.len() > 4, true)?;
    for (number, (found, wanted)) in found.iter().zip(&wanted).enumerate() {
        same((number, found), (number, wanted))?;
    }
    same(found.len(), wanted.len())
}

/// Of a packet as hex: don't fragment, a time to live of 64, protocol 6.
const TCP: &str = "40004006";

/// A packet as a line.
fn line(length: u64, bytes: &[u8]) -> String {
    let bytes: Vec<String> = bytes.iter().map(|byte| format!("{byte:02x}")).collect();
    format!("{length}: {}", bytes.concat())
}

/// A shell's command that runs tcpdump in a sandbox, to be followed by its arguments.
pub fn tcpdump_in(folder: &Folder) -> Result<String, Failed> {
    // In a sandbox there is one group, and tcpdump wants to set those of its user.
    let source =
        "#include <sys/types.h>\nint initgroups(const char *user, gid_t group) { return 0; }\n";
    let [source, library] = [
        folder.file("groups.c", source)?,
        folder.path().join("groups.so"),
    ];
    let mut compiler = Command::new("cc");
    compiler
        .args(["-shared", "-fPIC", "-o"])
        .arg(&library)
        .arg(source);
    same(compiler.status()?.success(), true)?;
    let library = library.display();
    Ok(format!("LD_PRELOAD={library} exec tcpdump -n -Z root"))
}

/// netsh's packets and those of `tcpdump ARGUMENTS` of the same traffic; `prepared` gives `indexes`, the numbers of links.
fn both(user: User, arguments: &str, capture: &str) -> Result<(Vec<Value>, Vec<u8>), Failed> {
    let folder = Folder::new()?;
    let tcpdump = tcpdump_in(&folder)?;
    let [file, said] = ["tcpdump.pcap", "said"].map(|name| folder.path().join(name));
    std::fs::write(&said, "")?;
    std::fs::set_permissions(&said, std::os::unix::fs::PermissionsExt::from_mode(0o666))?;
    let quoted = |path: &Path| path.display().to_string();
    let writing = format!("{tcpdump} {arguments} -U -w {}", quoted(&file));
    let reading = format!("{tcpdump} -r {} 'icmp[0] == 0'", quoted(&file));
    let said = quoted(&said);
    let code = format!(
        r#"{LAB}
        exec("sh", ["-c", {:?}]);
        wait_until(|| exec("cat", [{said:?}]).stdout.contains("listening"), "60s");
        let pid = exec("cat", ["{said}.pid"]).stdout;
        let capture = capture(#{{ {capture} }});
        {TRAFFIC}
        let stats = capture.stop();
        show(seen(capture.packets()));
        show(stats);
        show(["a", "lo"].map(|name| [name, link_get(name).index]));
        // What it has not read yet when it is told to end is lost.
        wait_until(|| exec("sh", ["-c", {reading:?}]).stdout.contains("length 1242"), "60s");
        sh(`kill -INT ${{pid}}`);
        wait_until(|| exec("cat", [{said:?}]).stdout.contains("dropped by kernel"), "60s");
        "#,
        format!("({writing}) >/dev/null 2>{said} & echo $! >{said}.pid"),
    );
    let shown = run_json(user, &code)?;
    has(
        &std::fs::read_to_string(said)?,
        "\n0 packets dropped by kernel",
    )?;
    Ok((shown, std::fs::read(file)?))
}

/// The records of a pcap file (pcap-savefile(5)): how long each packet was, and its bytes.
pub fn records(file: &[u8]) -> Result<Vec<(u64, &[u8])>, Failed> {
    let word = |at: usize| -> Result<usize, Failed> {
        let bytes = file.get(at..at + 4).ok_or("the file is cut off")?;
        Ok(u32::from_ne_bytes(bytes.try_into()?) as usize)
    };
    let mut at = 24;
    let mut records = Vec::new();
    while at < file.len() {
        let (kept, length) = (word(at + 8)?, word(at + 12)?);
        let bytes = file.get(at + 16..at + 16 + kept);
        records.push((length as u64, bytes.ok_or("the file is cut off")?));
        at += 16 + kept;
    }
    Ok(records)
}

/// The same as lines.
fn lines(file: &[u8]) -> Result<Vec<String>, Failed> {
    let records = records(file)?.into_iter();
    Ok(records.map(|(length, bytes)| line(length, bytes)).collect())
}

/// What `seen` shows.
fn packets(shown: &Value) -> Result<Vec<Packet>, Failed> {
    let shown = shown.as_array().ok_or("no array of packets")?;
    let packet = |it: &Value| -> Option<Packet> {
        let bytes = it[3].as_array()?.iter();
        let bytes = bytes.map(|byte| u8::try_from(byte.as_u64()?).ok());
        Some((
            it[0].as_str()?.to_owned(),
            it[1].as_str()? == "out",
            it[2].as_u64()?,
            bytes.collect::<Option<_>>()?,
        ))
    };
    let packets = shown.iter().map(packet);
    Ok(packets.collect::<Option<_>>().ok_or("no packet")?)
}

fn as_tcpdump(user: User) -> Verdict {
    let (shown, file) = both(user, "-i a", r#"link: "a""#)?;
    let found = packets(&shown[0])?;
    let found: Vec<String> = found.iter().map(|it| line(it.2, &it.3)).collect();
    same_packets(found, lines(&file)?)?;
    let all = shown[0].as_array().map_or(0, Vec::len);
    let stats =
        json!({"captured": all, "dropped": 0, "overflowed": 0, "received": all, "running": false});
    same(shown[1].clone(), stats)
}

/// On all links tcpdump has a header of its own in place of that of the link (LINKTYPE_LINUX_SLL2).
fn as_tcpdump_on_all(user: User) -> Verdict {
    let (shown, file) = both(user, "-i any", "")?;
    let mut indexes = std::collections::HashMap::new();
    for pair in shown[2].as_array().into_iter().flatten() {
        indexes.insert(
            pair[0].as_str().unwrap_or_default().to_owned(),
            pair[1].as_u64(),
        );
    }
    let found: Vec<String> = packets(&shown[0])?
        .into_iter()
        .map(|(link, out, length, bytes)| {
            let index = indexes.get(&link).copied().flatten().unwrap_or_default();
            let bytes = bytes.get(14..).unwrap_or_default();
            format!("{index} {out} {}", line(length - 14, bytes))
        })
        .collect();
    let wanted: Vec<String> = records(&file)?
        .into_iter()
        .map(|(length, bytes)| {
            let index = u32::from_be_bytes([bytes[4], bytes[5], bytes[6], bytes[7]]);
            let out = bytes[10] == 4;
            format!("{index} {out} {}", line(length - 20, &bytes[20..]))
        })
        .collect();
    same_packets(found, wanted)
}

fn as_tcpdump_filters(user: User) -> Verdict {
    let filter =
        "arp or tcp[tcpflags] & tcp-syn != 0 or ip[6:2] & 0x1fff != 0 or icmp and greater 1200";
    let (shown, file) = both(
        user,
        &format!("-i a '{filter}'"),
        &format!(r#"link: "a", filter: "{filter}""#),
    )?;
    let found = packets(&shown[0])?;
    let found: Vec<String> = found.iter().map(|it| line(it.2, &it.3)).collect();
    same_packets(found, lines(&file)?)
}

fn loopback(user: User) -> Verdict {
    let code = r#"
        let seen = capture_during(|| ping("127.0.0.1", #{ count: 2, interval: "1ms", quiet: true }));
        show(seen.map(|it| [it.link, it.direction, it.netns, it.link_type, it.length]));
        let times = seen.map(|it| it.time_ns);
        let sorted = times; sorted.sort();
        show([times == sorted, (timestamp_of(seen[0]) - times[0]).abs() < 1000]);
        fn timestamp_of(packet) { (packet.time * 1e9).to_int() }
    "#;
    let one = |direction: &str| json!(["lo", direction, "home", "ethernet", 98]);
    let all: Vec<Value> = (0..4).flat_map(|_| [one("out"), one("in")]).collect();
    same(run_json(user, code)?, vec![json!(all), json!([true, true])])
}

/// The kernel takes the tag out of the frame as it comes in, with or without VLANs of its own.
fn tag(user: User) -> Verdict {
    let code = r#"
        let tap = tap_add("t", #{ up: true });
        let addresses = blob_of([2, 0, 0, 0, 0, 1, 2, 0, 0, 0, 0, 2]);
        fn blob_of(numbers) { let all = blob(); for number in numbers { all.push(number); } all }
        let seen = capture_during(|| {
            for tag in [[0x81, 0, 0x20, 100], [0x88, 0xa8, 0, 7], []] {
                tap.write(addresses + blob_of(tag) + blob_of([8, 0, 0x45, 0, 0, 20]));
            }
        }, #{ link: "t" });
        seen = seen.filter(|it| it.direction == "in");
        show(seen.map(|it| [it.length, it.bytes.extract(12)]));
        let cut = capture_during(|| tap.write(addresses + blob_of([0x81, 0, 0, 1, 8, 0, 0x45, 0])), #{ link: "t", snaplen: 15 });
        show(cut.map(|it| [it.length, it.bytes.extract(12)]));
    "#;
    let seen = json!([
        [22, [0x81, 0, 0x20, 100, 8, 0, 0x45, 0, 0, 20]],
        [22, [0x88, 0xa8, 0, 7, 8, 0, 0x45, 0, 0, 20]],
        [18, [8, 0, 0x45, 0, 0, 20]]
    ]);
    same(
        run_json(user, code)?,
        vec![seen, json!([[20, [0x81, 0, 0]]])],
    )
}

fn vlan(user: User) -> Verdict {
    let code = format!(
        r#"{LAB}
        vlan_add("a.7", "a", 7, #{{ up: true }});
        h1.vlan_add("b.7", "b", 7, #{{ up: true }});
        addr_add("a.7", "10.0.7.1/24");
        h1.addr_add("b.7", "10.0.7.2/24");
        let seen = capture_during(|| ping("10.0.7.2", #{{ count: 1, quiet: true }}), #{{ filter: "icmp or (vlan and icmp)" }});
        show(seen.map(|it| [it.link, it.direction, it.length, it.bytes.extract(12, 4)]));
        "#
    );
    let tagged = [0x81, 0, 0, 7];
    let plain = [8, 0, 0x45, 0];
    let wanted = json!([
        ["a.7", "out", 98, plain],
        ["a", "out", 102, tagged],
        ["a", "in", 102, tagged],
        ["a.7", "in", 98, plain]
    ]);
    same(run_json(user, &code)?, vec![wanted])
}

fn without_addresses(user: User) -> Verdict {
    let code = r#"
        let tun = tun_add("t", #{ up: true });
        addr_add("t", "10.0.0.1/24");
        let packet = packet_encode(#{ ip: #{ saddr: "10.0.0.2", daddr: "10.0.0.1" }, icmp: #{ type: 8 } });
        let seen = capture_during(|| { tun.write(packet); }, #{ filter: "icmp" });
        show(seen.map(|it| [it.link, it.direction, it.link_type, it.length, it.bytes[0]]));
        show(seen[0].bytes == packet);
    "#;
    let one = |direction: &str| json!(["t", direction, "ip", 28, 0x45]);
    same(
        run_json(user, code)?,
        vec![json!([one("in"), one("out")]), json!(true)],
    )
}

/// What the filter does not want never comes out of the kernel.
fn filters(user: User) -> Verdict {
    let code = format!(
        r#"{LAB}
        let capture = capture(#{{ filter: "icmp[icmptype] == icmp-echoreply and src host 10.0.0.2" }});
        ping("10.0.0.2", #{{ count: 3, interval: "1ms", quiet: true }});
        let stats = capture.stop();
        show([stats.received, capture.packets().map(|it| it.direction)]);
        "#
    );
    same(run_json(user, &code)?, vec![json!([3, ["in", "in", "in"]])])
}

fn some_links(user: User) -> Verdict {
    let code = format!(
        r#"{LAB}
        veth_add("c", "d", #{{ up: true }});
        let work = || {{
            ping("10.0.0.2", #{{ count: 1, quiet: true }});
            ping("127.0.0.1", #{{ count: 1, quiet: true }});
        }};
        for links in ["a", ["lo"], ["lo", "c", "a"], ["c", "d"]] {{
            let seen = capture_during(work, #{{ link: links, filter: "icmp" }});
            show(seen.map(|it| it.link));
        }}
        let seen = capture_during(work, #{{ netns: h1, filter: "icmp" }});
        show(seen.map(|it| [it.netns, it.link, it.direction]));
        show(h1.capture_during(work, #{{ filter: "icmp" }}).len());
        "#
    );
    let wanted = vec![
        json!(["a", "a"]),
        json!(["lo", "lo", "lo", "lo"]),
        json!(["a", "a", "lo", "lo", "lo", "lo"]),
        json!([]),
        json!([["h1", "b", "in"], ["h1", "b", "out"]]),
        // There, 10.0.0.2 and 127.0.0.1 are its own.
        json!(8),
    ];
    same(run_json(user, &code)?, wanted)
}

fn count(user: User) -> Verdict {
    let code = r#"
        let capture = capture(#{ count: 3 });
        ping("127.0.0.1", #{ count: 3, interval: "1ms", quiet: true });
        let stats = capture.stats();
        show([stats.captured, stats.running, capture.packets().len()]);
        for turn in 0..3 { capture.read(); }
        show([capture.read(), capture.read("1s"), capture.stop().captured]);
    "#;
    same(
        run_json(user, code)?,
        vec![json!([3, false, 3]), json!([null, null, 3])],
    )
}

fn timeout(user: User) -> Verdict {
    let code = r#"
        let capture = capture(#{ timeout: "1s" });
        ping("127.0.0.1", #{ count: 1, quiet: true });
        let number = 0;
        while capture.read() != () { number += 1; }
        ping("127.0.0.1", #{ count: 1, quiet: true });
        show([number, capture.stats().running, capture.packets().len()]);
    "#;
    same(run_json(user, code)?, vec![json!([4, false, 4])])
}

fn snaplen(user: User) -> Verdict {
    let code = r#"
        for options in [#{ snaplen: 40 }, #{ snaplen: 40, filter: "icmp" }, #{}] {
            let seen = capture_during(|| ping("127.0.0.1", #{ count: 1, quiet: true }), options);
            show(seen.map(|it| [it.length, it.bytes.len(), it.checksum]));
        }
    "#;
    // What a checksum of ICMP covers is not all there.
    let four = |kept: u32, sum: Value| json!(vec![json!([98, kept, sum]); 4]);
    same(
        run_json(user, code)?,
        vec![
            four(40, Value::Null),
            four(40, Value::Null),
            four(98, json!("right")),
        ],
    )
}

/// A read waits for what comes, and no longer than it is told.
fn reading(user: User) -> Verdict {
    let code = r#"
        let capture = capture(#{ link: "lo", filter: "icmp" });
        show(capture.read("1ms"));
        ping("127.0.0.1", #{ count: 1, quiet: true });
        show([0, 1, 2, 3].map(|turn| capture.read(0).direction));
        ping("127.0.0.1", #{ count: 1, quiet: true });
        show(capture.read("10s").direction);
        show([capture.packets().len(), capture.stop().captured, capture.read().direction]);
    "#;
    same(
        run_json(user, code)?,
        vec![
            json!(null),
            json!(["out", "in", "out", "in"]),
            json!("out"),
            json!([8, 8, "in"]),
        ],
    )
}

fn overflow(user: User) -> Verdict {
    let code = format!(
        r#"{LAB}
        let capture = capture(#{{ link: "a" }});
        while capture.stats().overflowed == 0 {{ throughput("10.0.0.2", #{{ time: "200ms" }}); }}
        let stats = capture.stop();
        show([stats.captured > 100, stats.received == stats.captured + stats.overflowed + stats.dropped]);
        let first = capture.read();
        show([first.direction, first.bytes.len() > 0]);
        "#
    );
    let ran = run_with(user, &["--json"], &code)?;
    same(ran.status, Some(0))?;
    same(ran.stdout, "[true,true]\n[\"out\",true]\n".into())?;
    has(&ran.stderr, "capture of a: ")?;
    has(&ran.stderr, "packets had no room in memory")
}

/// The packets of a capture into a file are those of one into memory.
fn into_file(user: User) -> Verdict {
    let folder = Folder::new()?;
    let file = folder.path().join("direct.pcapng");
    let saved = folder.path().join("saved.pcapng");
    let code = format!(
        r#"{LAB}
        let direct = capture(#{{ file: {file:?} }});
        let capture = capture();
        {TRAFFIC}
        let counts = [direct.stop().captured, capture.stop().captured];
        show([counts[0] == counts[1], counts[0] > 20]);
        capture.save({saved:?});
        show([{file:?}, {saved:?}].map(|file| seen(pcap_read(file)) == seen(capture.packets())));
        "#
    );
    same(
        run_json(user, &code)?,
        vec![json!([true, true]), json!([true, true])],
    )
}

fn two(user: User) -> Verdict {
    let code = format!(
        r#"{LAB}
        let one = capture(#{{ link: "a", filter: "icmp" }});
        let other = h1.capture(#{{ filter: "arp" }});
        let inner = capture_during(|| ping("10.0.0.2", #{{ count: 1, quiet: true }}), #{{ link: "a" }});
        show([one.stop().captured, other.stop().captured, inner.len(), one == one, one == other]);
        "#
    );
    same(run_json(user, &code)?, vec![json!([2, 2, 4, true, false])])
}

fn down_and_up(user: User) -> Verdict {
    let code = format!(
        r#"{LAB}
        link_down("a");
        let capture = capture(#{{ link: "a", filter: "icmp" }});
        for turn in 0..2 {{
            link_up("a");
            ping("10.0.0.2", #{{ count: 1, quiet: true }});
            link_down("a");
        }}
        show(capture.stop().captured);
        "#
    );
    same(run_json(user, &code)?, vec![json!(4)])
}

fn come_and_go(user: User) -> Verdict {
    let code = r#"
        sysctl_set("net.ipv6.conf.default.disable_ipv6", 1);
        let try_ping = |to| { try { ping(to, #{ count: 1, timeout: "1ms", quiet: true }); } catch {} };
        let seen = capture_during(|| {
            for name in ["one", "two", "three"] {
                veth_add(name, "peer", #{ up: true });
                addr_add(name, "10.0.0.1/24");
                try_ping.call("10.0.0.8");
                // Up to Linux 6.1 a link that is up keeps its name.
                link_down(name);
                link_set(name, #{ name: name + "x" });
                link_up(name + "x");
                try_ping.call("10.0.0.9");
                link_del(name + "x");
            }
        }, #{ filter: "arp and outbound" });
        let names = [];
        for packet in seen { if !(packet.link in names) { names.push(packet.link); } }
        show(names);
    "#;
    let names = json!(["one", "onex", "two", "twox", "three", "threex"]);
    same(run_json(user, code)?, vec![names])
}

/// A socket would keep a namespace alive, and its end of the pair with it.
fn netns_deleted(user: User) -> Verdict {
    let code = format!(
        r#"{LAB}
        let capture = h1.capture(#{{ filter: "icmp" }});
        ping("10.0.0.2", #{{ count: 1, quiet: true }});
        netns_del("h1");
        wait_until(|| !link_exists("a"), "10s");
        show([capture.packets().len(), capture.stats().received]);
        "#
    );
    same(run_json(user, &code)?, vec![json!([2, 2])])
}

/// What the closure throws is thrown on, and its capture has ended.
fn during(user: User) -> Verdict {
    let code = r#"
        try {
            capture_during(|| { ping("127.0.0.1", #{ count: 1, quiet: true }); throw "enough"; });
        } catch (error) { show(error); }
        show(capture_during(|| 7));
        show(capture_during(|| { for turn in 0..3 { ping("127.0.0.1", #{ count: 1, quiet: true }) } }, #{ count: 2 }).len());
        try { capture_during(|| (), #{ file: "x" }) } catch (error) { show(error.argument); }
    "#;
    let wanted = vec![json!("enough"), json!([]), json!(2), json!("file")];
    same(run_json(user, code)?, wanted)?;
    let fails = "capture_during(|| ping(\"nonsense\"));";
    has(
        &run_with(user, &[], fails)?.stderr,
        "called from here: the closure, by capture_during()",
    )
}

fn threads(user: User) -> Verdict {
    let code = r#"
        fn threads() { exec("sh", ["-c", "cat /proc/$PPID/task/*/comm"]).stdout.split("\n").filter(|it| it == "packets").len() }
        let one = capture();
        let two = capture();
        // A thread says its name when it has begun.
        wait_until(|| threads() == 2, "10s");
        two.stop();
        one = ();
        wait_until(|| threads() == 0, "10s");
        fn begin() { let unkept = capture(); 0 }
        begin();
        wait_until(|| threads() == 0, "10s");
        print("none");
    "#;
    same(run(user, code)?, "none\n".into())
}
