//! tun and tap devices: looked at through `ip`, made by `ip tuntap` and looked at by netsh, and what passes through them.

use libtest_mimic::Trial;
use serde_json::{Value, json};

use crate::support::{Need, User, Verdict, has, run, run_json, run_with, same, test};

const WITH_IP: &[Need] = &[Need::Kernel("device tun"), Need::Program("ip")];
const TUN: &[Need] = &[Need::Kernel("device tun")];

/// The tests.
pub fn trials() -> Vec<Trial> {
    [
        test("tuntap: ip sees what netsh makes", WITH_IP, made_by_netsh),
        test("tuntap: netsh sees what ip makes", WITH_IP, made_by_ip),
        test("tuntap: the commands make the same", WITH_IP, commands),
        test("tuntap: a device goes with its handle", TUN, life),
        test("tuntap: in another namespace", TUN, elsewhere),
        test("tuntap: no packet is lost or cut", TUN, packets),
        test("tuntap: several queues", TUN, queues),
        test("tuntap: headers before the packets", TUN, headers),
        test("tuntap: whatever waits answers", TUN, every_wait),
        test(
            "tuntap: an answer that fails ends the wait",
            TUN,
            failing_answers,
        ),
        test("tuntap: servers in servers", TUN, nested),
        test("tuntap: a device that somebody else holds", WITH_IP, held),
        test("tuntap: without the right to the device", &[], forbidden),
        test("tuntap: what packets can't be made", &[], packets_refused),
        test("tuntap: the kernel takes what is encoded", TUN, encoded),
    ]
    .into_iter()
    .flatten()
    .collect()
}

/// What is made, what `ip -d` says of it, and what `tuntap_list` says.
type Case = (&'static str, &'static str, Value, Value);

fn cases() -> Vec<Case> {
    vec![
        (
            r#"tun_add("t0")"#,
            "mode tun",
            json!({"type": "tun", "pi": false, "vnet_hdr": false, "persist": false}),
            json!({"mode": "tun", "persistent": false, "owner": null}),
        ),
        (
            r#"tap_add("t0", #{ persistent: true })"#,
            "mode tap",
            json!({"type": "tap", "persist": true}),
            json!({"mode": "tap", "persistent": true, "multi_queue": false, "queues": null}),
        ),
        (
            r#"tun_add("t0", #{ pi: true, vnet_hdr: true, persistent: true })"#,
            "mode tun pi vnet_hdr",
            json!({"type": "tun", "pi": true, "vnet_hdr": true}),
            json!({"mode": "tun", "pi": true, "vnet_hdr": true}),
        ),
        (
            r#"tun_add("t0", #{ owner: 0, group: 0, persistent: true })"#,
            "mode tun user 0 group 0",
            json!({"user": "root", "group": "root"}),
            json!({"owner": 0, "group": 0}),
        ),
        (
            r#"tap_add("t0", #{ multi_queue: true, persistent: true })"#,
            "mode tap multi_queue",
            json!({"type": "tap", "multi_queue": true}),
            json!({"multi_queue": true}),
        ),
    ]
}

/// The values of `found` under the keys of `wanted`.
fn part_of(found: &Value, wanted: &Value) -> Value {
    let keys = wanted.as_object().into_iter().flat_map(|map| map.keys());
    keys.map(|key| (key.clone(), found[key].clone())).collect()
}

fn made_by_netsh(user: User) -> Verdict {
    for (code, _, wanted, _) in cases() {
        let code = format!(
            r#"let t = {code}; print(exec("ip", ["-j", "-d", "link", "show", "t0"]).stdout);"#
        );
        let printed = run(user, &code)?;
        let found: Value = serde_json::from_str(&printed)?;
        let data = &found[0]["linkinfo"]["info_data"];
        // iproute2 writes some flags as "on".
        let text = data
            .to_string()
            .replace("\"on\"", "true")
            .replace("\"off\"", "false");
        let data: Value = serde_json::from_str(&text)?;
        let mut part = part_of(&data, &wanted);
        for (key, value) in part.as_object_mut().into_iter().flatten() {
            // ... and of others nothing where they are off.
            if value.is_null() && wanted[key] == json!(false) {
                *value = json!(false);
            }
        }
        same((&code, part), (&code, wanted))?;
    }
    let code = r#"
        let t = tap_add("t0", #{ mac: "02:00:00:00:00:07", mtu: 1400, up: true });
        print(exec("ip", ["-j", "link", "show", "t0"]).stdout);
    "#;
    let found: Value = serde_json::from_str(&run(user, code)?)?;
    let wanted = json!({"address": "02:00:00:00:00:07", "mtu": 1400});
    same(part_of(&found[0], &wanted), wanted)?;
    same(found[0]["flags"].to_string().contains("\"UP\""), true)
}

fn made_by_ip(user: User) -> Verdict {
    for (_, arguments, _, wanted) in cases() {
        let code = format!(
            r#"sh("ip tuntap add dev t0 {arguments}"); show(tuntap_list()); show(link_get("t0").kind); show(tuntap_get("t0"));"#
        );
        let found = run_json(user, &code)?;
        let mut wanted = wanted;
        // What ip makes stays.
        wanted["persistent"] = json!(true);
        same(part_of(&found[0][0], &wanted), wanted.clone())?;
        same(&found[1], &json!("tun"))?;
        let mode = wanted["mode"].as_str().unwrap_or_default();
        let mode = if mode.is_empty() {
            arguments.split(' ').nth(1).unwrap_or("")
        } else {
            mode
        };
        same(&found[2], &json!(format!("{mode} t0")))?;
    }
    Ok(())
}

fn commands(user: User) -> Verdict {
    for (code, arguments, _, _) in cases() {
        let ran = run_with(user, &["--show-commands"], &format!("let t = {code};"))?;
        has(&ran.stderr, &format!("ip tuntap add dev t0 {arguments}\n"))?;
    }
    let code = r#"
        let t = tap_add("t0", #{ mac: "02:00:00:00:00:07", mtu: 1400, up: true, persistent: true });
        addr_add("t0", "10.0.0.1/24");
        t.close();
        let u = tun_add("u0");
        u.close();
    "#;
    let look = r#"print(exec("ip", ["-d", "addr", "show", "t0"]).stdout.replace(" ", "\n")); print(exec("ip", ["tuntap"]).stdout);"#;
    let ran = run_with(user, &["--show-commands"], &format!("{code}\n{look}"))?;
    let commands: Vec<&str> = ran
        .stderr
        .lines()
        .filter(|line| line.starts_with("ip tuntap ") || line.contains(" dev t0"))
        .collect();
    same(
        commands.last().copied(),
        Some("ip tuntap del dev u0 mode tun"),
    )?;
    let script = commands.join(" && ");
    let again = run_with(user, &[], &format!("sh({script:?}); {look}"))?;
    let plain = |text: &str| -> Vec<String> {
        let lines = text.lines().filter(|line| !line.starts_with("fe80"));
        lines.map(str::to_owned).collect()
    };
    same(plain(&again.stdout), plain(&ran.stdout))
}

fn life(user: User) -> Verdict {
    let code = r#"
        let seen = [];
        let see = || seen.push(link_exists("t0"));
        let t = tun_add("t0");
        let same_one = t;
        see.call();
        t = ();
        see.call();
        same_one = ();
        see.call();
        { let t = tun_add("t0"); }
        see.call();
        let t = tun_add("t0");
        t.close();
        t.close();
        see.call();
        let t = tun_add("t0", #{ persistent: true });
        t.close();
        see.call();
        link_del("t0");
        let t = tun_add("t0");
        link_set("t0", #{ name: "t1" });
        seen.push(t.name);
        t.close();
        seen.push(link_exists("t1"));
        let t = tun_add("t0");
        link_del("t0");
        t.close();
        // A step that fails takes the device with it.
        try { tun_add("t0", #{ mtu: 1 }); } catch (e) { seen.push(e.argument); }
        see.call();
        show(seen);
    "#;
    let wanted = json!([
        true, true, false, false, false, true, "t1", false, "mtu", false
    ]);
    same(run_json(user, code)?, vec![wanted])
}

fn elsewhere(user: User) -> Verdict {
    let code = r#"
        let h1 = netns_add("h1");
        let a = tun_add("t0", #{ netns: h1, up: true });
        let b = h1.tap_add("t1");
        show([h1.tuntap_list().map(|d| d.name), tuntap_list().len()]);
        h1.addr_add("t0", "10.0.0.1/24");
        h1.ping("10.0.0.2", #{ count: 1, timeout: "1ms", quiet: true });
        show(a.read("5s").len() > 0);
        // An answer acts where it was said.
        let seen = [];
        h1.run(|| a.serve(|bytes| { seen.push(link_exists("t1")); () }, || netns_get("home").run(|| {
            h1.ping("10.0.0.2", #{ count: 1, timeout: "10ms", quiet: true });
        })));
        show([seen.len() > 0, seen.all(|one| one)]);
        b.close();
        show(h1.link_exists("t1"));
        netns_del(h1);
        a.close();
        try { a.read(); } catch (e) { show(e.errno); }
    "#;
    same(
        run_json(user, code)?,
        vec![
            json!([["t0", "t1"], 0]),
            json!(true),
            json!([true, true]),
            json!(false),
            json!("EBADF"),
        ],
    )
}

/// Large and small ones, in their order, and those that come while nobody reads.
fn packets(user: User) -> Verdict {
    let code = r#"
        let t = tun_add("t0", #{ mtu: 65000, up: true });
        sysctl_set("net.ipv6.conf.t0.disable_ipv6", 1);
        addr_add("t0", "10.0.0.1/24");
        let first = t.read("1ms"); // an IPv6 packet of before, or ()
        for size in [0, 1, 1400, 64000, 9] {
            ping("10.0.0.2", #{ count: 1, timeout: "1ms", quiet: true, size: size });
        }
        let sizes = [];
        loop {
            let bytes = t.read("20ms");
            if bytes == () { break; }
            let packet = packet_decode(bytes, #{ link: "ip" });
            if "icmp" in packet { sizes.push(packet.payload.len()); }
        }
        show(sizes);
    "#;
    same(run_json(user, code)?, vec![json!([0, 1, 1400, 64000, 9])])
}

fn queues(user: User) -> Verdict {
    let code = r#"
        let a = tap_add("t0", #{ multi_queue: true });
        let b = tuntap_get("t0");
        show(tuntap_list()[0].queues);
        a.close();
        show([link_exists("t0"), tuntap_list()[0].queues]);
        b.close();
        show(link_exists("t0"));
        let one = tap_add("t1");
        try { tuntap_get("t1"); } catch (e) { show([e.errno, e.argument]); }
        try { tuntap_get("lo"); } catch (e) { show(e.message); }
        try { tuntap_get("nothing"); } catch (e) { show([e.errno, e.argument]); }
    "#;
    same(
        run_json(user, code)?,
        vec![
            json!(2),
            json!([true, 1]),
            json!(false),
            json!(["EBUSY", "name"]),
            json!("cannot take hold of lo: it is no tun or tap device"),
            json!(["ENODEV", "name"]),
        ],
    )
}

/// 4 bytes of flags and protocol; 10 bytes of virtio.
fn headers(user: User) -> Verdict {
    let code = r#"
        // The kernel's own IPv6 packets come as well: an IPv4 packet is known by its first
        // byte, at the place where the headers end.
        fn first(t, at) {
            addr_add("t0", "10.0.0.1/24");
            loop {
                ping("10.0.0.2", #{ count: 1, timeout: "1ms", quiet: true });
                let bytes = t.read("5s");
                if bytes[at] == 0x45 { return bytes; }
            }
        }
        let t = tun_add("t0", #{ pi: true, up: true });
        let bytes = first(t, 4);
        show([bytes[2], bytes[3], bytes.len()]);
        t.close();
        let t = tun_add("t0", #{ vnet_hdr: true, up: true });
        show(first(t, 10).len());
    "#;
    // An echo request has 84 bytes.
    same(
        run_json(user, code)?,
        vec![json!([8, 0, 4 + 84]), json!(10 + 84)],
    )
}

/// The host behind a tun, for the tests below.
const HOST: &str = r#"
    let t = tun_add("t0", #{ up: true });
    addr_add("t0", "10.0.0.1/24");
    let requests = 0;
    let host = |bytes| {
        let packet = packet_decode(bytes, #{ link: "ip" });
        if !("icmp" in packet) { return (); }
        requests += 1;
        let from = packet.ip.saddr;
        packet.ip.saddr = packet.ip.daddr;
        packet.ip.daddr = from;
        packet.icmp.type = 0;
        [packet_encode(packet)]
    };
"#;

fn every_wait(user: User) -> Verdict {
    let code = format!(
        r#"{HOST}
        show(t.serve(host, || ping("10.0.0.2", #{{ count: 3, interval: "1ms", quiet: true }}).received));
        // A request that was sent before is answered while something else waits.
        let ask = || ping("10.0.0.2", #{{ count: 1, timeout: "0ms", quiet: true }});
        let answered = |wait| {{
            ask.call();
            let before = requests;
            t.serve(host, wait);
            requests > before
        }};
        show(answered.call(|| sleep("20ms")));
        show(answered.call(|| wait_until(|| requests > 4, "60s")));
        show(answered.call(|| exec("sleep", ["0.05"])));
        show(answered.call(|| sh("sleep 0.05")));
        let other = tun_add("t1");
        show(answered.call(|| other.read("20ms")));
        // When it is over nobody answers.
        show(ping("10.0.0.2", #{{ count: 1, timeout: "20ms", quiet: true }}).received);
    "#
    );
    let mut wanted = vec![json!(3)];
    wanted.extend(vec![json!(true); 5]);
    wanted.push(json!(0));
    same(run_json(user, &code)?, wanted)
}

fn failing_answers(user: User) -> Verdict {
    let code = format!(
        r#"{HOST}
        let work = || ping("10.0.0.2", #{{ count: 0, quiet: true }});
        try {{ t.serve(|bytes| throw "no", work); }} catch (e) {{ show(e); }}
        try {{ t.serve(|bytes| 5, work); }} catch (e) {{ show([e.message, e.argument]); }}
        try {{ t.serve(|bytes| blob(3), work); }} catch (e) {{ show([e.errno, e.op]); }}
        try {{ t.serve(host, || throw "from the work"); }} catch (e) {{ show(e); }}
        try {{ t.serve(|bytes| {{ t.close(); () }}, || {{ ping("10.0.0.2", #{{ count: 1, timeout: "10ms", quiet: true }}); t.read() }}); }} catch (e) {{ show(e.errno); }}
        show(link_exists("t0"));
        try {{ t.serve(host, || 1); }} catch (e) {{ show([e.errno, e.op]); }}
    "#
    );
    same(
        run_json(user, &code)?,
        vec![
            json!("no"),
            json!([
                "cannot answer a packet: it takes a blob, an array of them or (), not the int 5",
                "answer"
            ]),
            json!(["EINVAL", "serve"]),
            json!("from the work"),
            json!("EBADF"),
            json!(false),
            json!(["EBADF", "serve"]),
        ],
    )
}

/// An answer that waits itself leaves the other devices their turn.
fn nested(user: User) -> Verdict {
    let code = format!(
        r#"{HOST}
        let u = tun_add("u0", #{{ up: true }});
        addr_add("u0", "10.0.1.1/24");
        let relay = |bytes| {{
            let packet = packet_decode(bytes, #{{ link: "ip" }});
            if "icmp" in packet {{
                // Somebody behind the other device is asked first.
                let asked = ping("10.0.0.2", #{{ count: 1, quiet: true }}).received;
                if asked == 1 {{ host.call(bytes) }}
            }}
        }};
        show(t.serve(host, || u.serve(relay, || ping("10.0.1.2", #{{ count: 2, interval: "10ms", quiet: true }}).received)));
    "#
    );
    same(run_json(user, &code)?, vec![json!(2)])
}

fn held(user: User) -> Verdict {
    let code = r#"
        veth_add("t0", "t1");
        try { tun_add("t0"); } catch (e) { show([e.errno, e.argument, e.hint.contains("link_del")]); }
        link_del("t0");
        let t = tap_add("t0");
        try { tun_add("t0"); } catch (e) { show([e.errno, e.argument]); }
        show(exec("ip", ["tuntap", "add", "dev", "t0", "mode", "tap"]).code);
    "#;
    same(
        run_json(user, code)?,
        vec![
            json!(["EBUSY", "name", true]),
            json!(["EBUSY", "name"]),
            json!(1),
        ],
    )
}

fn forbidden(user: User) -> Verdict {
    if user != User::Nobody {
        return Ok(());
    }
    // In the sandbox an ordinary user may mount, and this is a file that he may not open.
    let code = r#"
        if sh("test -e /dev/net/tun && mount --bind /etc/shadow /dev/net/tun") != 0 { exit(0); }
        try { tun_add("t0"); } catch (e) { show([e.errno, e.message, e.hint]); }
    "#;
    for said in run_json(user, code)? {
        same(
            said,
            json!([
                "EACCES",
                "cannot make tun device t0: this user may not open /dev/net/tun",
                "on the host root can open it to all, as most distributions do: chmod 666 /dev/net/tun"
            ]),
        )?;
    }
    Ok(())
}

fn packets_refused(user: User) -> Verdict {
    let cases = [
        (
            "#{ ipp: #{} }",
            "ipp: there is no header of this name",
            "did you mean \"ip\"?",
        ),
        (
            "#{ ip: #{ ttll: 5 } }",
            "ip.ttll: there is no such field",
            "did you mean \"ttl\"?",
        ),
        (
            "#{ ip: #{ saddr: \"10.0.0.1\" }, icmp: #{ type: 8 } }",
            "ip: it has no daddr",
            "",
        ),
        (
            "#{ ip: #{ saddr: \"10.0.0.1\", daddr: \"10.0.0.2\", ttl: 256 }, icmp: #{ type: 8 } }",
            "ip.ttl: 256 is not between 0 and 255",
            "",
        ),
        (
            "#{ ip: #{ saddr: \"fd00::1\" } }",
            "ip.saddr: it wants an IPv4 address, not the string \"fd00::1\"",
            "",
        ),
        (
            "#{ icmp: 5 }",
            "icmp: it is a map of its fields, not the int 5",
            "",
        ),
        (
            "#{ icmp: #{ type: -1 } }",
            "icmp.type: -1 is less than 0",
            "",
        ),
        (
            "#{ tcp: #{ sport: 1, dport: 2, flags: \"syn,nak\" } }",
            "tcp.flags: \"nak\" is none of fin, syn, rst, psh, ack, urg, ecn, cwr",
            "",
        ),
        (
            "#{ ip: #{ saddr: \"10.0.0.1\", daddr: \"10.0.0.2\" }, payload: \"x\" }",
            "ip: it has no protocol, and nothing follows that would tell it",
            "",
        ),
        (
            "#{ udp: #{ sport: 1, dport: 2 }, payload: blob(70000) }",
            "udp: with 70008 bytes it is longer than a packet can be",
            "",
        ),
        (
            "#{ payload: 5 }",
            "payload: it wants a blob, a string or a packet, not the int 5",
            "",
        ),
    ];
    for (packet, words, hint) in cases {
        let code = format!(
            "try {{ packet_encode({packet}); }} catch (e) {{ show([e.message, e.hint]); }}"
        );
        let message = format!("cannot encode the packet: {words}");
        same(run_json(user, &code)?, vec![json!([message, hint])])?;
    }
    Ok(())
}

/// UDP, TCP and ICMP in both families come in by a tun: the kernel checks lengths and sums.
fn encoded(user: User) -> Verdict {
    let code = r#"
        let t = tun_add("t0", #{ up: true });
        addr_add("t0", "10.0.0.1/24");
        addr_add("t0", "fd00::1/64");
        fn answer(t, packet, kind) {
            t.write(packet_encode(packet));
            loop {
                let bytes = t.read("5s");
                if bytes == () { return "nothing"; }
                let found = packet_decode(bytes, #{ link: "ip" });
                if kind in found && !(kind == "icmp6" && found.icmp6.type in 133..=143) { return found; }
            }
        }
        let ip = #{ saddr: "10.0.0.2", daddr: "10.0.0.1" };
        let ip6 = #{ saddr: "fd00::2", daddr: "fd00::1" };
        // Nobody listens: port unreachable, and a reset.
        show(answer(t, #{ ip: ip, udp: #{ sport: 7, dport: 9 }, payload: "hello" }, "icmp").icmp.type);
        show(answer(t, #{ ip6: ip6, udp: #{ sport: 7, dport: 9 }, payload: "hello" }, "icmp6").icmp6.type);
        let syn = #{ sport: 7, dport: 9, sequence: 100, flags: "syn" };
        let reset = answer(t, #{ ip: ip, tcp: syn }, "tcp").tcp;
        show([reset.flags, reset.ackseq]);
        show(answer(t, #{ ip6: ip6, tcp: syn }, "tcp").tcp.flags);
        show(answer(t, #{ ip: ip, icmp: #{ type: 8, id: 3, sequence: 4 } }, "icmp").icmp);
        show(answer(t, #{ ip6: ip6, icmp6: #{ type: 128, id: 3 }, payload: "x" }, "icmp6").icmp6.type);
        // A packet in a packet: IPv4 in IPv4 is not for this host.
        let inner = #{ ip: ip, icmp: #{ type: 8, id: 5 } };
        show(packet_decode(packet_encode(#{ ip: #{ saddr: "10.0.0.2", daddr: "10.0.0.1", protocol: 4 }, payload: inner }), #{ link: "ip" }).payload.icmp.id);
        // What they carry of checksums is right: nothing is said of them.
        let reply = answer(t, inner, "icmp");
        show(["checksum" in reply.ip, "checksum" in reply.icmp, "length" in reply.ip]);
    "#;
    same(
        run_json(user, code)?,
        vec![
            json!(3),
            json!(1),
            json!(["rst,ack", 101]),
            json!("rst,ack"),
            json!({"code": 0, "id": 3, "sequence": 4, "type": 0}),
            json!(129),
            json!(5),
            json!([false, false, false]),
        ],
    )
}
