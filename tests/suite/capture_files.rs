//! Capture files, the lines of packets and their decoding, held against tcpdump and tshark. The packets are scapy's:
//! tests/packets/make.py.

use std::path::{Path, PathBuf};

use libtest_mimic::{Failed, Trial};
use serde_json::{Value, json};

use crate::folder::Folder;
use crate::support::{Need, Ran, User, Verdict, has, program, run, run_json, same, test};

const WITH_TCPDUMP: &[Need] = &[Need::Program("tcpdump")];
const WITH_TSHARK: &[Need] = &[Need::Program("tshark"), Need::Program("capinfos")];

/// The tests of this file.
pub fn trials() -> Vec<Trial> {
    [
        test("capture files: lines are tcpdump's", WITH_TCPDUMP, lines),
        test(
            "capture files: lines are tcpdump's, with the header of the link",
            WITH_TCPDUMP,
            lines_with_link,
        ),
        test("capture files: fields are tshark's", WITH_TSHARK, fields),
        test(
            "capture files: how much is kept of a packet",
            WITH_TSHARK,
            kept,
        ),
        test(
            "capture files: decoded packets are encoded to the same bytes",
            &[],
            decoded_and_encoded,
        ),
        test(
            "capture files: tshark reads what is written",
            WITH_TSHARK,
            written,
        ),
        test(
            "capture files: tcpdump reads what is written",
            WITH_TCPDUMP,
            written_for_tcpdump,
        ),
        test(
            "capture files: what other programs write is read",
            &[Need::Program("editcap")],
            others,
        ),
        test("capture files: what can't be read or written", &[], refused),
    ]
    .into_iter()
    .flatten()
    .collect()
}

/// Packets of which tcpdump's lines are to be the same.
fn common() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/packets/common.pcap")
}

fn output(user: User, name: &str, arguments: &[&str]) -> Result<String, Failed> {
    let ran = Ran::from(program(user, name).args(arguments).output()?);
    if ran.status != Some(0) {
        return Err(format!("{name} failed: {ran:#?}").into());
    }
    Ok(ran.stdout)
}

/// The corpus where every user can read it.
fn corpus(folder: &Folder) -> Result<String, Failed> {
    let path = folder.file("common", std::fs::read(common())?)?;
    Ok(path.display().to_string())
}

/// What tcpdump says in other words, or on more lines, as the header of `packet::line` has it.
fn in_our_words(text: &str) -> Vec<String> {
    let mut lines: Vec<String> = Vec::new();
    for line in text.lines() {
        let mut words: Vec<&str> = line.split_whitespace().collect();
        for word in &mut words {
            *word = match *word {
                "querymax" => "query max",
                "reportmax" => "report max",
                "donemax" => "done max",
                word => word,
            };
        }
        let line = words.join(" ");
        // What a VXLAN carries stands on a line of its own.
        match lines.last_mut() {
            Some(last) if last.contains("VXLAN, flags") && last.ends_with("vni 42") => {
                *last += ": ";
                *last += &line;
            }
            _ => lines.push(line),
        }
    }
    lines
}

fn compared(user: User, options: &str, arguments: &[&str]) -> Verdict {
    let folder = Folder::new()?;
    let file = corpus(&folder)?;
    let arguments = [&["-n", "-S", "-t"], arguments, &["-r", &file]].concat();
    let wanted = in_our_words(&output(user, "tcpdump", &arguments)?);
    let code =
        format!("for packet in pcap_read({file:?}, #{{ {options} }}) {{ print(packet.line) }}");
    let found: Vec<String> = run(user, &code)?.lines().map(String::from).collect();
    let different: Vec<_> = wanted
        .iter()
        .zip(&found)
        .filter(|(wanted, found)| wanted != found)
        .collect();
    same(different, Vec::new())?;
    same(found.len(), wanted.len())?;
    same(found.len() > 200, true)
}

fn lines(user: User) -> Verdict {
    compared(user, "", &[])
}

fn lines_with_link(user: User) -> Verdict {
    compared(user, "link_header: true", &["-e"])
}

/// What tshark calls a field, and what it is here; None where a number has another form.
const FIELDS: &[(&str, &str, &str)] = &[
    ("eth.src", "ether", "saddr"),
    ("eth.dst", "ether", "daddr"),
    ("arp.opcode", "arp", "operation"),
    ("arp.src.proto_ipv4", "arp", "saddr_ip"),
    ("arp.dst.proto_ipv4", "arp", "daddr_ip"),
    ("ip.src", "ip", "saddr"),
    ("ip.dst", "ip", "daddr"),
    ("ip.ttl", "ip", "ttl"),
    ("ip.proto", "ip", "protocol"),
    ("ipv6.src", "ip6", "saddr"),
    ("ipv6.hlim", "ip6", "hoplimit"),
    ("ipv6.nxt", "ip6", "nexthdr"),
    ("ipv6.fraghdr.offset", "frag", "frag_off"),
    ("icmp.type", "icmp", "type"),
    ("icmp.code", "icmp", "code"),
    ("icmp.mtu", "icmp", "mtu"),
    ("icmp.redir_gw", "icmp", "gateway"),
    ("icmpv6.type", "icmp6", "type"),
    ("icmpv6.mtu", "icmp6", "mtu"),
    ("igmp.type", "igmp", "type"),
    ("udp.srcport", "udp", "sport"),
    ("udp.dstport", "udp", "dport"),
    ("tcp.srcport", "tcp", "sport"),
    ("tcp.seq_raw", "tcp", "sequence"),
    ("tcp.ack_raw", "tcp", "ackseq"),
    ("tcp.window_size_value", "tcp", "window"),
    ("vxlan.vni", "vxlan", "vni"),
    ("gre.key", "gre", "key"),
    ("gre.sequence_number", "gre", "sequence"),
    ("geneve.vni", "geneve", "vni"),
    ("dhcp.id", "dhcp", "xid"),
    ("dhcp.ip.your", "dhcp", "yiaddr"),
    ("dhcp.hw.mac_addr", "dhcp", "chaddr"),
    ("lldp.time_to_live", "lldp", "ttl"),
    ("lldp.tlv.system.name", "lldp", "system_name"),
    ("dns.id", "dns", "id"),
    ("dns.flags.opcode", "dns", "opcode"),
    ("stp.root.hw", "stp", "root_address"),
    ("stp.root.cost", "stp", "root_cost"),
];

/// The values of a field in a packet, from the outside to the inside.
fn values(packet: &Value, kind: &str, field: &str) -> Vec<Value> {
    let mut found: Vec<Value> = packet[kind].get(field).cloned().into_iter().collect();
    if packet["payload"].is_object() {
        found.extend(values(&packet["payload"], kind, field));
    }
    found
}

/// A number as tshark has it, or any text.
fn plain(text: &str) -> Value {
    let number = match text.strip_prefix("0x") {
        Some(digits) => i64::from_str_radix(digits, 16).ok(),
        None => text.parse::<i64>().ok(),
    };
    number.map_or_else(|| json!(text), |number| json!(number))
}

fn fields(user: User) -> Verdict {
    let folder = Folder::new()?;
    let file = corpus(&folder)?;
    let mut arguments = vec![
        "-n",
        "-r",
        &file,
        "-T",
        "fields",
        "-E",
        "occurrence=a",
        "-E",
        "aggregator=|",
        "-E",
        "separator=;",
        "-o",
        "ip.defragment:FALSE",
        "-o",
        "ipv6.defragment:FALSE",
    ];
    for (name, ..) in FIELDS {
        arguments.extend(["-e", name]);
    }
    let told = output(user, "tshark", &arguments)?;
    let code = format!("show(pcap_read({file:?}).map(|packet| packet.packet))");
    let packets = run_json(user, &code)?;
    let packets = packets
        .first()
        .and_then(Value::as_array)
        .ok_or("no array")?;
    same(packets.len(), told.lines().count())?;
    let mut held = 0;
    for (number, (packet, line)) in packets.iter().zip(told.lines()).enumerate() {
        for ((name, kind, field), wanted) in FIELDS.iter().zip(line.split(';')) {
            let wanted: Vec<Value> = wanted
                .split('|')
                .filter(|text| !text.is_empty())
                .map(plain)
                .collect();
            let mut found = values(packet, kind, field);
            // Of a segment that an error quotes, tshark tells the ports.
            let is_quoted = packet["icmp"].is_object() || packet["icmp6"].is_object();
            if is_quoted && name.starts_with("tcp.") && *name != "tcp.srcport" {
                continue;
            }
            // What is no message of DNS, and one over TCP, is payload.
            if *kind == "dns" && !packet["dns"].is_object() {
                continue;
            }
            // tshark tells the MTU only of "need to frag".
            if *name == "icmp.mtu" && wanted.is_empty() {
                found.clear();
            }
            if found != wanted {
                return Err(format!(
                    "packet {}, {name}: {found:?}, and tshark has {wanted:?}",
                    number + 1
                )
                .into());
            }
            held += found.len();
        }
    }
    same(held > 2000, true)
}

/// capinfos reads the lengths that the head of a file tells.
fn kept(user: User) -> Verdict {
    let folder = Folder::new()?;
    for (name, options, wanted) in [
        ("a.pcapng", "snaplen: 60, ", "60"),
        ("a.pcap", "snaplen: 60, ", "60"),
        ("b.pcap", "", "262144"),
    ] {
        let file = folder.path().join(name).display().to_string();
        let code = format!(
            "let c = capture(#{{ link: \"lo\", {options}file: {file:?} }});
            ping(\"127.0.0.1\", #{{ count: 1, quiet: true }});
            c.stop();"
        );
        run(user, &code)?;
        let told = output(user, "capinfos", &["-M", "-l", "-I", &file])?;
        let line = format!("Capture length = {wanted}\n");
        same((told.contains(&line), &told), (true, &told))?;
    }
    Ok(())
}

fn decoded_and_encoded(user: User) -> Verdict {
    let folder = Folder::new()?;
    let file = corpus(&folder)?;
    let code = format!(
        "
        let same = 0;
        for packet in pcap_read({file:?}) {{
            let again = packet_encode(packet.packet);
            // What a frame was padded with is left out.
            if again != packet.bytes.extract(0, again.len()) {{ print(packet.line) }}
            same += 1;
        }}
        show(same);
        "
    );
    same(run_json(user, &code)?, vec![json!(231)])
}

/// Packets of two namespaces, in both directions, with notes.
const WRITE: &str = r#"
    let frame = |id| packet_encode(#{
        ether: #{ saddr: "02:00:00:00:00:01", daddr: "02:00:00:00:00:02" },
        ip: #{ saddr: "10.0.0.1", daddr: "10.0.0.2" },
        icmp: #{ type: 8, id: id, sequence: 1 },
    });
    let packets = [
        #{ bytes: frame.call(1), time_ns: 1700000000123456789, netns: "h1", link: "eth0", direction: "out", comments: ["asked", "öß"] },
        #{ bytes: frame.call(2), time: 1700000000.5, netns: "h2", link: "eth0", direction: "in", length: 9000 },
        #{ bytes: frame.call(3).extract(14), time: 1700000001, link: "tun0", link_type: "ip" },
        frame.call(4),
    ];
"#;

fn written(user: User) -> Verdict {
    let folder = Folder::new()?;
    let file = folder.path().join("lab.pcapng").display().to_string();
    let code = format!(
        "{WRITE} show(pcap_write({file:?}, packets));
        let back = pcap_read({file:?});
        show(back.map(|p| [p.time_ns, p.netns, p.link, p.direction, p.link_type, p.length, p.comments]));
        show(back.map(|p| p.line));"
    );
    let line = |id| format!("IP 10.0.0.1 > 10.0.0.2: ICMP echo request, id {id}, seq 1, length 8");
    same(
        run_json(user, &code)?,
        vec![
            json!(4),
            json!([
                [
                    1_700_000_000_123_456_789u64,
                    "h1",
                    "eth0",
                    "out",
                    "ethernet",
                    42,
                    ["asked", "öß"]
                ],
                [
                    1_700_000_000_500_000_000u64,
                    "h2",
                    "eth0",
                    "in",
                    "ethernet",
                    9000,
                    []
                ],
                [
                    1_700_000_001_000_000_000u64,
                    null,
                    "tun0",
                    null,
                    "ip",
                    28,
                    []
                ],
                [0, null, "", null, "ethernet", 42, []],
            ]),
            json!([1, 2, 3, 4].map(line)),
        ],
    )?;
    let arguments = [
        "-n",
        "-r",
        &file,
        "-T",
        "fields",
        "-E",
        "separator=;",
        "-e",
        "frame.time_epoch",
        "-e",
        "frame.interface_name",
        "-e",
        "frame.interface_description",
        "-e",
        "frame.len",
        "-e",
        "frame.cap_len",
        "-e",
        "frame.packet_flags_direction",
        "-e",
        "frame.comment",
        "-e",
        "icmp.ident",
    ];
    let told = output(user, "tshark", &arguments)?;
    let wanted = [
        "1700000000.123456789;eth0;netns h1;42;42;2;asked,öß;1",
        "1700000000.500000000;eth0;netns h2;9000;42;1;;2",
        "1700000001.000000000;tun0;;28;28;;;3",
        // Its own word for an interface without a name.
        "0.000000000;unknown;;42;42;;;4",
    ];
    let told = told.replace("0x0000000", "");
    same(told.lines().collect::<Vec<_>>(), wanted.to_vec())?;
    let about = output(user, "capinfos", &["-M", &file])?;
    has(&about, "Number of packets:   4")?;
    has(&about, "nanoseconds (9)")
}

fn written_for_tcpdump(user: User) -> Verdict {
    let folder = Folder::new()?;
    for name in ["lab.pcap", "lab.pcapng"] {
        let file = folder.path().join(name).display().to_string();
        let code = format!(
            "{WRITE} show(pcap_write({file:?}, packets.filter(|p| type_of(p) == \"blob\" || !(\"link_type\" in p))));"
        );
        same(run_json(user, &code)?, vec![json!(3)])?;
        let arguments = ["-n", "-tt", "--nano", "-r", &file];
        let told = output(user, "tcpdump", &arguments)?;
        let wanted = [
            "1700000000.123456789 IP 10.0.0.1 > 10.0.0.2: ICMP echo request, id 1, seq 1, length 8",
            "1700000000.500000000 IP 10.0.0.1 > 10.0.0.2: ICMP echo request, id 2, seq 1, length 8",
            "0.000000000 IP 10.0.0.1 > 10.0.0.2: ICMP echo request, id 4, seq 1, length 8",
        ];
        same(told.lines().collect::<Vec<_>>(), wanted.to_vec())?;
    }
    Ok(())
}

/// Wireshark's own programs turn the corpus into all formats that are read.
fn others(user: User) -> Verdict {
    let folder = Folder::new()?;
    let file = corpus(&folder)?;
    let code =
        |file: &str| format!("show(pcap_read({file:?}).map(|p| [p.time_ns, p.length, p.line]))");
    let wanted = run_json(user, &code(&file))?;
    for (format, is_exact) in [("pcapng", true), ("nsecpcap", true), ("pcap", false)] {
        let other = folder.path().join(format).display().to_string();
        output(user, "editcap", &["-F", format, &file, &other])?;
        let mut wanted = wanted.clone();
        if !is_exact {
            // Microseconds have no room for the last digits.
            for packet in wanted[0].as_array_mut().into_iter().flatten() {
                let time = packet[0].as_i64().unwrap_or(0);
                packet[0] = json!(time / 1000 * 1000);
            }
        }
        same(run_json(user, &code(&other))?, wanted)?;
    }
    Ok(())
}

fn refused(user: User) -> Verdict {
    let folder = Folder::new()?;
    let path = |name: &str| folder.path().join(name).display().to_string();
    folder.file("script", "#!/bin/sh\n")?;
    // A block that claims to be longer than memory.
    let mut large = std::fs::read(common())?;
    large.truncate(24);
    large.extend([0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff, 0xff, 0x7f, 0, 0, 0, 0]);
    folder.file("large", &large)?;
    let (missing, script, large) = (path("missing"), path("script"), path("large"));
    let place = folder.path().display().to_string();
    let (nowhere, old) = (path("no/where.pcap"), path("old.pcap"));
    let cases = [
        (
            format!("pcap_read({missing:?})"),
            format!("cannot read {missing}: No such file or directory"),
            "file",
        ),
        (
            format!("pcap_read({script:?})"),
            format!("cannot read {script}: it is neither a pcap nor a pcapng file"),
            "file",
        ),
        (
            format!("pcap_read({large:?})"),
            format!("cannot read {large}: a packet of 2147483647 bytes is more than there can be"),
            "file",
        ),
        (
            format!("pcap_read({place:?})"),
            format!("cannot read {place}: it is a directory"),
            "file",
        ),
        (
            "pcap_read(\"/dev/zero\")".into(),
            "cannot read /dev/zero: it is no plain file".into(),
            "file",
        ),
        (
            format!("pcap_write({nowhere:?}, [])"),
            format!("cannot write {nowhere}: No such file or directory"),
            "file",
        ),
        (
            format!("pcap_write({old:?}, [blob(1), #{{ bytes: blob(1), link_type: \"ip\" }}])"),
            format!(
                "cannot write {old}: a pcap file has packets of one link type, and these are of ethernet and ip: pcapng has room for both"
            ),
            "file",
        ),
        (
            format!("pcap_write({old:?}, [5])"),
            "a captured packet is a map or a blob, not the int 5".into(),
            "packets",
        ),
        (
            format!("pcap_write({old:?}, [#{{}}])"),
            "a captured packet has no bytes".into(),
            "packets",
        ),
        (
            format!("pcap_write({old:?}, [#{{ bytes: blob(1), direction: \"up\" }}])"),
            "direction of a captured packet has to be \"in\" or \"out\"".into(),
            "packets",
        ),
        (
            format!("pcap_write({old:?}, [#{{ bytes: blob(1), time: -1 }}])"),
            "time of a captured packet has to be a number of seconds from 0".into(),
            "packets",
        ),
        (
            format!("pcap_write({old:?}, [], #{{ format: \"snoop\" }})"),
            "there is no capture file of the format \"snoop\"".into(),
            "format",
        ),
    ];
    for (call, message, argument) in cases {
        let code = format!("try {{ {call}; }} catch (e) {{ show([e.message, e.argument]); }}");
        same(run_json(user, &code)?, vec![json!([message, argument])])?;
    }
    Ok(())
}
