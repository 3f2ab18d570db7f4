//! Crafted packets: tcpdump sees what was sent, the kernel answers it, and arping prints what that of iputils prints.

use libtest_mimic::{Failed, Trial};
use regex::Regex;
use serde_json::{Value, json};

use crate::capture::{WITH_TCPDUMP, records, tcpdump_in};
use crate::folder::Folder;
use crate::support::{Need, User, Verdict, program, run, run_json, same, test};

/// A question and an answer of DNS, an offer of DHCP, and LLDP: as maps, and what tcpdump says of them.
const MESSAGES: &str = r#"
    let ether = #{ saddr: "02:00:00:00:00:01", daddr: "02:00:00:00:00:02" };
    let ip = #{ saddr: "10.0.0.1", daddr: "10.0.0.2" };
    let packets = [
        #{ ether: ether, ip: ip, udp: #{ sport: 40000 }, dns: #{ id: 7, questions: [#{ name: "www.example.", type: "AAAA" }] } },
        #{ ether: ether, ip: ip, udp: #{ sport: 53, dport: 40000 }, dns: #{ id: 7, qr: true, aa: true, ra: true,
            questions: [#{ name: "example", type: "MX" }],
            answers: [#{ name: "example.", type: "MX", ttl: 60, data: #{ preference: 10, exchange: "mx.example." } }],
            additional: [#{ name: "mx.example.", type: "A", ttl: 60, data: "10.0.0.9" }] } },
        #{ ether: ether, ip: ip, udp: #{ sport: 67, dport: 68 }, dhcp: #{ op: 2, xid: 5, yiaddr: "10.0.0.7",
            chaddr: "02:00:00:00:00:01", message: "offer", options: [#{ server_id: "10.0.0.1" }, #{ lease_time: 3600 }] } },
        #{ ether: ether, lldp: #{ chassis_id: #{ mac: "02:00:00:00:00:01" }, port_id: #{ ifname: "eth0" }, ttl: 120, system_name: "sw" } },
        #{ ether: ether, ip: ip, tcp: #{ sport: 1, dport: 2, flags: "S." } },
    ];
"#;

fn messages(user: User) -> Verdict {
    let folder = Folder::new()?;
    let file = folder.path().join("messages.pcap").display().to_string();
    let code = format!(
        r#"{MESSAGES}
        pcap_write({file:?}, packets.map(|packet| packet_encode(packet)));
        for packet in packets {{
            let bytes = packet_encode(packet);
            let back = packet_decode(bytes);
            show(packet_encode(back) == bytes);
            for name in ["dns", "dhcp", "lldp"] {{
                if !(name in packet) {{ continue; }}
                for field in packet[name].keys() {{
                    if field != "questions" && back[name][field] != packet[name][field] {{ show(`${{name}}.${{field}}: ${{back[name]}}`); }}
                }}
                if "bytes" in back[name] {{ show(`${{name}} is laid out in another way`); }}
            }}
        }}
        let changed = packet_decode(packet_encode(packets[1]));
        changed.dns.answers[0].data.exchange = "other.example.";
        show(packet_decode(packet_encode(changed)).dns.answers[0].data.exchange);
        "#
    );
    let wanted = [vec![json!(true); 5], vec![json!("other.example.")]].concat();
    same(run_json(user, &code)?, wanted)?;
    let told = program(user, "tcpdump")
        .args(["-n", "-t", "-S", "-r", &file])
        .output()?;
    let told = String::from_utf8_lossy(&told.stdout).into_owned();
    let lines: Vec<&str> = told.lines().collect();
    let wanted = [
        "IP 10.0.0.1.40000 > 10.0.0.2.53: 7+ AAAA? www.example. (29)",
        "IP 10.0.0.1.53 > 10.0.0.2.40000: 7* 1/0/1 MX mx.example. 10 (60)",
        "IP 10.0.0.1.67 > 10.0.0.2.68: BOOTP/DHCP, Reply, length 300",
        "LLDP, length 26: sw",
        "IP 10.0.0.1.1 > 10.0.0.2.2: Flags [S.], seq 0, ack 0, win 65535, length 0",
    ];
    same(lines, wanted.to_vec())
}

const IP: &[Need] = &[Need::Program("ip")];
const MACVLAN: &[Need] = &[Need::Kernel("link macvlan")];
const TUN: &[Need] = &[Need::Kernel("device tun")];

/// The tests of this file.
pub fn trials() -> Vec<Trial> {
    [
        test(
            "crafting: messages of DNS, DHCP and LLDP",
            WITH_TCPDUMP,
            messages,
        ),
        test(
            "crafting: tcpdump sees what was sent",
            WITH_TCPDUMP,
            as_tcpdump_sees,
        ),
        test(
            "crafting: what a packet lacks is filled in as the kernel would",
            IP,
            filled_in,
        ),
        test(
            "crafting: links without Ethernet, and lo",
            TUN,
            without_ethernet,
        ),
        test(
            "crafting: answers belong to the question",
            MACVLAN,
            answered,
        ),
        test(
            "crafting: what a script answers itself is received",
            TUN,
            answered_by_a_script,
        ),
        test("crafting: a flood, and a slow one", IP, floods),
        test(
            "crafting: as a method, in the handle's namespace",
            &[],
            as_a_method,
        ),
        test(
            "arping: prints what iputils prints",
            &[Need::Program("arping")],
            prints_like_iputils,
        ),
        test("arping: what it returns", MACVLAN, arping_returns),
    ]
    .into_iter()
    .flatten()
    .collect()
}

/// Two hosts and a cable, with hardware addresses that are known.
const CABLE: &str = r#"
    sysctl_set("net.ipv6.conf.default.disable_ipv6", 1);
    let h1 = netns_add("h1");
    h1.sysctl_set("net.ipv6.conf.default.disable_ipv6", 1);
    veth_add("a", "b", #{ peer_netns: h1 });
    link_set("a", #{ mac: "02:00:00:00:00:01", up: true });
    h1.link_set("b", #{ mac: "02:00:00:00:00:02", up: true });
    addr_add("a", "10.0.0.1/24");
    h1.addr_add("b", "10.0.0.2/24");
"#;

/// The question of ARP, UDP with its sums, bytes as they are, and a packet of a file.
fn as_tcpdump_sees(user: User) -> Verdict {
    let folder = Folder::new()?;
    let [file, said] = ["tcpdump.pcap", "said"].map(|name| folder.path().join(name));
    std::fs::write(&said, "")?;
    std::fs::set_permissions(&said, std::os::unix::fs::PermissionsExt::from_mode(0o666))?;
    let tcpdump = tcpdump_in(&folder)?;
    let quoted = said.display();
    let shell = format!(
        "({tcpdump} -i b -Q in -c 6 -U -w {}) >/dev/null 2>{quoted} &",
        file.display()
    );
    let code = format!(
        r#"{CABLE}
        h1.exec("sh", ["-c", {shell:?}]);
        wait_until(|| exec("cat", ["{quoted}"]).stdout.contains("listening"), "5s");
        neigh_add("a", "10.0.0.2", #{{ mac: "02:00:00:00:00:02" }});
        send("a", #{{ arp: #{{ operation: 1, daddr_ip: "10.0.0.2" }} }});
        let datagram = #{{ ip: #{{ daddr: "10.0.0.2", id: 7 }}, udp: #{{ sport: 5, dport: 6 }}, payload: "hi" }};
        show(send("a", datagram, #{{ count: 2 }}));
        let frame = "02:00:00:00:00:02 02:00:00:00:00:09 88b5 0102";
        send("a", [frame, hex_decode(frame)]);
        // Of a link without Ethernet.
        let bytes = packet_encode(#{{ ip: #{{ saddr: "10.9.9.9", daddr: "10.0.0.2" }}, icmp: #{{ type: 8 }} }});
        send("a", #{{ bytes: bytes, link_type: "ip" }});
        wait_until(|| exec("cat", ["{quoted}"]).stdout.contains("captured"), "5s");
        "#,
    );
    let shown = run_json(user, &code)?;
    same(&shown[0]["packets"], &json!(2))?;
    same(&shown[0]["bytes"], &json!(88))?;
    let written = std::fs::read(file)?;
    let seen: Vec<String> = records(&written)?
        .into_iter()
        .map(|(_, bytes)| bytes.iter().map(|byte| format!("{byte:02x}")).collect())
        .collect();
    // RFC 826; RFC 791 and RFC 768, with sums worked out by hand (and by tcpdump -v).
    let arp =
        "ffffffffffff020000000001080600010800060400010200000000010a0000010000000000000a000002";
    let udp =
        "02000000000202000000000108004500001e00070000401166c60a0000010a00000200050006000a83636869";
    let frame = "02000000000202000000000988b50102";
    let icmp =
        "02000000000202000000000108004500001c0000000040015dce0a0909090a0000020800f7ff00000000";
    same(seen.len(), 6)?;
    same(seen[0].as_str(), arp)?;
    same(&seen[1], &seen[2])?;
    same(seen[1].as_str(), udp)?;
    same([seen[3].as_str(), seen[4].as_str()], [frame, frame])?;
    same(seen[5].as_str(), icmp)
}

/// Hardware addresses of neighbours, routers, groups and all; sources of both families.
fn filled_in(user: User) -> Verdict {
    let code = format!(
        r#"{CABLE}
        for where in [netns_get("home"), h1] {{
            where.run(|| sysctl_set("net.ipv6.conf.all.disable_ipv6", 0));
        }}
        addr_add("a", "fd00::1/64");
        h1.addr_add("b", "fd00::2/64");
        route_add("10.9.0.0/16", #{{ via: "10.0.0.2" }});
        route_add("fd09::/64", #{{ via: "fd00::2" }});
        fn sent(to) {{
            let version = if to.contains(":") {{ "ip6" }} else {{ "ip" }};
            let packet = #{{ udp: #{{ sport: 9, dport: 9 }} }};
            packet[version] = #{{ daddr: to }};
            let seen = capture_during(|| send("a", packet), #{{ link: "a", filter: "udp port 9 and udp src port 9" }});
            let seen = seen.filter(|it| it.direction == "out")[0].packet;
            [to, seen.ether.saddr, seen.ether.daddr, seen[version].saddr]
        }}
        for to in ["10.0.0.2", "10.9.1.1", "10.0.0.255", "255.255.255.255", "224.0.0.251", "fd00::2", "fd09::1", "ff02::1:2"] {{
            show(sent(to));
        }}
        show(exec("ip", ["neigh", "show", "dev", "a"]).stdout.contains("fd00::2 lladdr 02:00:00:00:00:02"));
        "#
    );
    let shown = run_json(user, &code)?;
    let [own, far] = ["02:00:00:00:00:01", "02:00:00:00:00:02"];
    let all = "ff:ff:ff:ff:ff:ff";
    let wanted = [
        ("10.0.0.2", far, "10.0.0.1"),
        ("10.9.1.1", far, "10.0.0.1"),
        ("10.0.0.255", all, "10.0.0.1"),
        ("255.255.255.255", all, "10.0.0.1"),
        ("224.0.0.251", "01:00:5e:00:00:fb", "10.0.0.1"),
        ("fd00::2", far, "fd00::1"),
        ("fd09::1", far, "fd00::1"),
    ];
    for ((to, mac, source), found) in wanted.iter().zip(&shown) {
        same(found, &json!([to, own, mac, source]))?;
    }
    same(&shown[7][2], &json!("33:33:00:01:00:02"))?;
    same(shown.get(8), Some(&Value::Bool(true)))
}

/// A tun is read by the script; what goes out of lo comes in there.
fn without_ethernet(user: User) -> Verdict {
    let code = r#"
        let tun = tun_add("tun0", #{ up: true });
        addr_add("tun0", "10.0.0.1/24");
        sysctl_set("net.ipv6.conf.tun0.disable_ipv6", 1);
        while tun.read("50ms") != () {}
        let bytes = packet_encode(#{ ip: #{ saddr: "10.0.0.1", daddr: "10.0.0.9" }, icmp: #{ type: 8 } });
        send("tun0", #{ ip: #{ daddr: "10.0.0.9" }, icmp: #{ type: 8 } });
        assert(tun.read("1s") == bytes, "a map");
        send("tun0", bytes);
        assert(tun.read("1s") == bytes, "bytes");
        send("tun0", #{ bytes: hex_decode("020000000002 020000000001 0800" + hex_encode(bytes)) });
        assert(tun.read("1s") == bytes, "a frame, without its header");

        for name in ["accept_local", "route_localnet"] { sysctl_set(`net.ipv4.conf.lo.${name}`, 1); }
        let answers = send_receive("lo", #{ ip: #{ daddr: "127.0.0.1" }, icmp: #{ type: 8, id: 5 } });
        print(answers[0].line);
        let answers = send_receive("lo", #{ ip6: #{ daddr: "::1" }, icmp6: #{ type: 128, id: 5, sequence: 3 } });
        print(answers[0].line);
    "#;
    let wanted = "IP 127.0.0.1 > 127.0.0.1: ICMP echo reply, id 5, seq 0, length 8\n\
                  IP6 ::1 > ::1: ICMP6, echo reply, id 5, seq 3, length 8\n";
    same(run(user, code)?.as_str(), wanted)
}

/// Each question with the line of what is answered.
const ANSWERS: &[(&str, &str)] = &[
    (
        r#"#{ arp: #{ operation: 1, daddr_ip: "10.0.0.2" } }"#,
        "ARP, Reply 10.0.0.2 is-at 02:00:00:00:00:02, length 28",
    ),
    (
        r#"#{ ip: #{ daddr: "10.0.0.2" }, icmp: #{ type: 8, id: 5, sequence: 7 }, payload: "abcd" }"#,
        "IP 10.0.0.2 > 10.0.0.1: ICMP echo reply, id 5, seq 7, length 12",
    ),
    (
        r#"#{ ip: #{ daddr: "10.0.0.2" }, udp: #{ sport: 5, dport: 6 } }"#,
        "IP 10.0.0.2 > 10.0.0.1: ICMP 10.0.0.2 udp port 6 unreachable, length 36",
    ),
    (
        r#"#{ ip: #{ daddr: "10.0.0.2" }, tcp: #{ sport: 5000, dport: 6, flags: "syn", sequence: 10 } }"#,
        "IP 10.0.0.2.6 > 10.0.0.1.5000: Flags [R.], seq 0, ack 11, win 0, length 0",
    ),
    (
        r#"#{ ip: #{ daddr: "10.9.9.9", ttl: 1 }, udp: #{ sport: 5, dport: 6 } }"#,
        "IP 10.0.0.2 > 10.0.0.1: ICMP time exceeded in-transit, length 36",
    ),
    (
        r#"#{ ip: #{ daddr: "10.0.0.2", protocol: 253 }, payload: "abcdefgh" }"#,
        "IP 10.0.0.2 > 10.0.0.1: ICMP 10.0.0.2 protocol 253 unreachable, length 36",
    ),
    (
        r#"#{ ip6: #{ daddr: "fd00::2" }, icmp6: #{ type: 128, id: 5, sequence: 7 } }"#,
        "IP6 fd00::2 > fd00::1: ICMP6, echo reply, id 5, seq 7, length 8",
    ),
    (
        r#"#{ ip6: #{ daddr: "ff02::1:ff00:2", hoplimit: 255 }, icmp6: #{ type: 135, taddr: "fd00::2", options: [#{ source_link_address: "02:00:00:00:00:01" }] } }"#,
        "IP6 fd00::2 > fe80::ff:fe00:1: ICMP6, neighbor advertisement, tgt is fd00::2, length 32",
    ),
    (
        r#"#{ ip6: #{ daddr: "fd00::2" }, udp: #{ sport: 5, dport: 6 } }"#,
        "IP6 fd00::2 > fd00::1: ICMP6, destination unreachable, unreachable port, fd00::2 udp port 6, length 56",
    ),
];

fn answered(user: User) -> Verdict {
    let asked: String = ANSWERS
        .iter()
        .map(|(question, _)| {
            format!(
                "for answer in send_receive(\"a\", {question}) {{ print(answer.line); assert(answer.rtt > 0.0 && answer.rtt < 1000.0); }}\n"
            )
        })
        .collect();
    let code = format!(
        r#"{CABLE}
        for where in [netns_get("home"), h1] {{
            where.run(|| sysctl_set("net.ipv6.conf.all.disable_ipv6", 0));
        }}
        addr_add("a", "fd00::1/64");
        h1.addr_add("b", "fd00::2/64");
        h1.sysctl_set("net.ipv4.ip_forward", 1);
        route_add("default", #{{ via: "10.0.0.2" }});
        h1.route_add("10.9.0.0/16", #{{ via: "10.0.0.1" }});
        // Errors of ICMP are rationed.
        h1.sysctl_set("net.ipv4.icmp_ratelimit", 0);
        h1.sysctl_set("net.ipv6.icmp.ratelimit", 0);
        {asked}
        // Nobody answers: an array of none, after as many attempts.
        let nobody = #{{ ether: #{{ daddr: "02:00:00:00:00:07" }}, ip: #{{ daddr: "10.0.0.7" }}, icmp: #{{ type: 8 }} }};
        let asked = 0;
        let seen = capture_during(|| {{
            assert(send_receive("a", nobody, #{{ timeout: "20ms", retry: 2 }}).is_empty());
        }}, #{{ link: "a", filter: "icmp and host 10.0.0.7" }});
        print(`${{seen.len()}} questions`);
        // What a filter lets pass, whatever it is; and all that come.
        let seen = send_receive("a", #{{ ip: #{{ daddr: "10.0.0.2" }}, icmp: #{{ type: 8, id: 5 }} }}, #{{ filter: "icmp[0] == 8" }});
        assert(seen.is_empty(), "the question itself is none");
        h1.link_add("c", "macvlan", #{{ parent: "b", mac: "02:00:00:00:00:03", up: true }});
        h1.addr_add("c", "10.0.0.3/24");
        let both = send_receive("a", #{{ arp: #{{ operation: 1, daddr_ip: "10.0.0.2" }} }}, #{{ answers: 0, timeout: "100ms" }});
        let macs = both.map(|it| it.packet.arp.saddr_ether);
        macs.sort();
        print(macs);
        "#
    );
    let mut wanted: String = ANSWERS
        .iter()
        .map(|(_, line)| format!("{line}\n"))
        .collect();
    wanted += "3 questions\n[\"02:00:00:00:00:02\", \"02:00:00:00:00:03\"]\n";
    same(run(user, &code)?, wanted)
}

/// While netsh waits for an answer, it gives one.
fn answered_by_a_script(user: User) -> Verdict {
    let code = r#"
        let tun = tun_add("tun0", #{ up: true });
        addr_add("tun0", "10.0.0.1/24");
        let answers = tun.serve(|bytes| {
            let asked = packet_decode(bytes, #{ link: "ip" });
            if !("udp" in asked) { return (); }
            packet_encode(#{
                ip: #{ saddr: asked.ip.daddr, daddr: asked.ip.saddr },
                udp: #{ sport: asked.udp.dport, dport: asked.udp.sport },
                payload: "pong",
            })
        }, || send_receive("tun0", #{ ip: #{ daddr: "10.0.0.9" }, udp: #{ sport: 5, dport: 6 }, payload: "ping" }));
        print(answers[0].packet.payload.as_string());
        // The kernel takes the tag of a VLAN out of a frame, and it is put back.
        let tap = tap_add("tap0", #{ up: true, mac: "02:00:00:00:00:01" });
        let answers = tap.serve(|bytes| {
            let asked = packet_decode(bytes);
            if !("arp" in asked) { return (); }
            asked.arp = #{ operation: 2, saddr_ether: "02:00:00:00:00:09", saddr_ip: asked.arp.daddr_ip,
                daddr_ether: asked.arp.saddr_ether, daddr_ip: asked.arp.saddr_ip };
            asked.ether = #{ daddr: asked.ether.saddr, saddr: "02:00:00:00:00:09" };
            packet_encode(asked)
        }, || send_receive("tap0", #{ vlan: #{ id: 10, pcp: 3 }, arp: #{ operation: 1, saddr_ip: "10.9.0.1", daddr_ip: "10.9.0.9" } }));
        print([answers[0].packet.vlan.id, answers[0].packet.vlan.pcp, answers[0].packet.arp.saddr_ip]);
    "#;
    same(run(user, code)?.as_str(), "pong\n[10, 3, \"10.9.0.9\"]\n")
}

fn floods(user: User) -> Verdict {
    let code = format!(
        r#"{CABLE}
        show(exec("ip", ["-j", "-s", "link", "show", "a"]).stdout);
        let frame = hex_decode("020000000002 020000000001 88b5");
        frame.pad(60, 0);
        let sent = send("a", frame, #{{ count: 20000 }});
        show(exec("ip", ["-j", "-s", "link", "show", "a"]).stdout);
        show([sent.packets, sent.bytes]);
        let slow = send("a", frame, #{{ count: 4, interval: "20ms" }});
        show([slow.packets, slow.time >= 60.0]);
        "#
    );
    let shown = run_json(user, &code)?;
    let counted = |at: usize| -> Result<[i64; 2], Failed> {
        let text = shown.get(at).and_then(Value::as_str).unwrap_or_default();
        let links: Value = serde_json::from_str(text)?;
        let tx = &links[0]["stats64"]["tx"];
        Ok(["packets", "bytes"].map(|key| tx[key].as_i64().unwrap_or(0)))
    };
    let (before, after) = (counted(0)?, counted(1)?);
    same(
        [after[0] - before[0], after[1] - before[1]],
        [20_000, 1_200_000],
    )?;
    same(&shown[2], &json!([20_000, 1_200_000]))?;
    same(&shown[3], &json!([4, true]))
}

fn as_a_method(user: User) -> Verdict {
    let code = format!(
        r#"{CABLE}
        show(h1.send_receive("b", #{{ arp: #{{ operation: 1, daddr_ip: "10.0.0.1" }} }})[0].packet.arp.saddr_ether);
        show(h1.send("b", #{{ arp: #{{ operation: 1, daddr_ip: "10.0.0.1" }} }}).packets);
        show(h1.arping("10.0.0.1", #{{ count: 1, first: true }}).macs);
        show(h1.arp_request("b", "10.0.0.1"));
        show(h1.arp_request("b", "10.0.0.77", #{{ timeout: "20ms" }}));
        "#
    );
    let own = "02:00:00:00:00:01";
    let wanted = vec![json!(own), json!(1), json!([own]), json!(own), Value::Null];
    same(run_json(user, &code)?, wanted)
}

/// The arguments of both.
const ARPINGS: &[(&str, &str)] = &[
    ("10.0.0.2", "-c 2 -i 0.2"),
    ("10.0.0.2", "-c 1 -f"),
    ("10.0.0.2", "-c 2 -b -s 10.0.0.1"),
    ("10.0.0.77", "-c 1"),
    ("10.0.0.2", "-D -c 1"),
    ("10.0.0.77", "-D -c 1"),
    ("10.0.0.1", "-U -c 1"),
    ("10.0.0.2", "-q -c 1"),
];

fn prints_like_iputils(user: User) -> Verdict {
    let times = Regex::new(r" [0-9]+\.[0-9]{3}ms")?;
    let mut code = CABLE.to_string();
    for (address, options) in ARPINGS {
        let mut ours = String::new();
        let mut words = options.split(' ');
        while let Some(word) = words.next() {
            let mut value = || words.next().unwrap_or_default();
            ours += &match word {
                "-c" => format!("count: {}, ", value()),
                "-i" => format!("interval: {}, ", value()),
                "-s" => format!("source: {:?}, ", value()),
                "-f" => "first: true, ".into(),
                "-b" => "broadcast: true, ".into(),
                "-D" => "dad: true, ".into(),
                "-U" => "unsolicited: true, ".into(),
                "-q" => "quiet: true, ".into(),
                other => return Err(format!("nobody knows {other}").into()),
            };
        }
        // iputils takes whole seconds.
        let theirs = format!("-I a {} {address}", options.replace("-i 0.2", "-i 1"));
        let theirs: Vec<&str> = theirs.split(' ').collect();
        let theirs = format!("{theirs:?}");
        code += &format!(
            r#"
            print("-- {options}");
            print(exec("arping", {theirs}).stdout + "--");
            arping({address:?}, #{{ {ours}iface: "a", timeout: "100ms" }});
            "#
        );
    }
    let printed = times.replace_all(&run(user, &code)?, " TIME").into_owned();
    for part in printed.split("-- ").skip(1) {
        let mut halves = part.split("\n--\n");
        let theirs = halves.next().unwrap_or_default();
        let (options, theirs) = theirs.split_once('\n').unwrap_or((theirs, ""));
        let ours = halves.next().unwrap_or_default();
        same((options, ours.trim_end()), (options, theirs.trim_end()))?;
    }
    same(printed.matches("-- ").count(), ARPINGS.len())
}

fn arping_returns(user: User) -> Verdict {
    let code = format!(
        r#"{CABLE}
        let found = arping("10.0.0.2", #{{ count: 3, interval: "10ms", timeout: "50ms", quiet: true }});
        show([found.destination, found.source, found.iface, found.transmitted, found.received, found.loss, found.macs]);
        assert(found.rtt_min > 0.0 && found.rtt_min <= found.rtt_avg && found.rtt_avg <= found.rtt_max);
        show(found.replies.map(|it| [it.seq, it.mac, it.broadcast, it.request, it.duplicate]));
        // Twice the same address.
        h1.link_add("c", "macvlan", #{{ parent: "b", mac: "02:00:00:00:00:03", up: true }});
        h1.addr_add("c", "10.0.0.3/24");
        let both = arping("10.0.0.2", #{{ count: 1, timeout: "100ms", quiet: true }});
        show([both.transmitted, both.received, both.loss, both.macs.len(), both.replies.map(|it| it.duplicate)]);
        let none = arping("10.0.0.99", #{{ count: 1, timeout: "10ms", quiet: true }});
        show([none.received, none.loss, none.rtt_avg, none.macs]);
        // The neighbours learn what they are told.
        h1.sysctl_set("net.ipv4.neigh.b.locktime", 0);
        h1.neigh_add("b", "10.0.0.50", #{{ mac: "02:00:00:00:00:50", state: "stale" }});
        show(arping("10.0.0.50", #{{ iface: "a", unsolicited: true, count: 1, quiet: true }}).received);
        wait_until(|| h1.neigh_get("b", "10.0.0.50").mac == "02:00:00:00:00:01", "1s");
        "#
    );
    let far = "02:00:00:00:00:02";
    let wanted = vec![
        json!(["10.0.0.2", "10.0.0.1", "a", 3, 3, 0.0, [far]]),
        json!([
            [1, far, false, false, false],
            [2, far, false, false, false],
            [3, far, false, false, false]
        ]),
        json!([1, 2, 0.0, 2, [false, true]]),
        json!([0, 100.0, null, []]),
        json!(0),
    ];
    same(run_json(user, &code)?, wanted)
}
