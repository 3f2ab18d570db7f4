//! What can't be meant is refused in words: options that contradict each other or that the kernel never looks at, numbers that
//! would wrap, and refusals of the kernel that say nothing.

use libtest_mimic::Trial;

use crate::support::{Need, User, Verdict, has, limited, run, run_with, same, test};

/// The tests of this file.
pub fn trials() -> Vec<Trial> {
    let vxlan = vec![Need::link("vxlan")].leak();
    let macvlan = vec![Need::link("macvlan")].leak();
    let htb = vec![Need::Kernel("qdisc htb")].leak();
    let drr = vec![Need::Kernel("qdisc drr")].leak();
    let tbf = vec![Need::Kernel("qdisc tbf")].leak();
    [
        test("wrong input: combinations", &[], combinations),
        test("wrong input: values", &[], values),
        test(
            "wrong input: what the kernel only calls invalid",
            &[],
            invalid,
        ),
        test("wrong input: objections", &[], objections),
        test("wrong input: rules", &[], rules),
        test("wrong input: which way", &[], which_way),
        test("wrong input: vxlan", vxlan, vxlan_ports),
        test("wrong input: macvlan", macvlan, macvlans),
        test("wrong input: classes", htb, classes),
        test("wrong input: a class of another kind", drr, other_class),
        test("wrong input: buckets", tbf, buckets),
        test("wrong input: what is caught", &[], caught),
        test("wrong input: one file too many", &[], descriptors),
        test("wrong input: capture files", &[], capture_files),
        test("wrong input: a capture into a file", &[], capture_to_file),
    ]
    .into_iter()
    .flatten()
    .collect()
}

/// Each call is refused, and the message or the hint has these words.
fn refused(user: User, before: &str, calls: &[(&str, &str)]) -> Verdict {
    let mut code = format!(
        "let told = |e| if type_of(e) == \"map\" {{ `${{e.message}} | ${{e.get(\"hint\")}}` }} else {{ `${{e}}` }};\n{before}\n"
    );
    for (call, _) in calls {
        code +=
            &format!("try {{ {call}; print(\"taken\"); }} catch (e) {{ print(told.call(e)); }}\n");
    }
    let output = run(user, &code)?;
    same(output.lines().count(), calls.len())?;
    for ((call, words), line) in calls.iter().zip(output.lines()) {
        has(&format!("{call}: {line}"), words)?;
    }
    Ok(())
}

const PAIR: &str = r#"veth_add("a", "b", #{ up: true }); bridge_add("br0", #{ up: true }); link_set("a", #{ master: "br0" });"#;

fn combinations(user: User) -> Verdict {
    refused(
        user,
        PAIR,
        &[
            (
                r#"ping("127.0.0.1", #{ flood: true, interval: "10ms", count: 1 })"#,
                "a flood has no interval",
            ),
            (
                "rule_add(#{ target: 500, table: 5, priority: 100 })",
                "a rule of the action goto looks up no table, and table says nothing",
            ),
            (
                r#"rule_add(#{ action: "blackhole", table: 5 })"#,
                "a rule of the action blackhole looks up no table",
            ),
            (
                r#"rule_add(#{ action: "blackhole", target: 5 })"#,
                "a rule of the action blackhole goes on to no other rule",
            ),
            (
                "rule_add(#{ suppress_prefixlength: 129 })",
                "no prefix is 129 bits long: an address has 32",
            ),
            (
                r#"route_add("10.0.0.0/8", #{ dev: "b", pref: "high" })"#,
                "pref is for routes of IPv6",
            ),
            (
                r#"route_add("10.0.0.0/8", #{ dev: "b", expires: 5 })"#,
                "expires is for routes of IPv6",
            ),
            (
                r#"route_add("10.0.0.0/8", #{ dev: "b", from: "10.9.0.0/16" })"#,
                "from is for routes of IPv6",
            ),
            (
                r#"route_add("fd09::/16", #{ dev: "b", realms: 5 })"#,
                "realms is for routes of IPv4",
            ),
            (
                r#"route_add("fd09::/16", #{ dev: "b", scope: "link" })"#,
                "scope is for routes of IPv4",
            ),
            (
                r#"route_add("10.0.0.0/8", #{ dev: "b", ttl_propagate: true })"#,
                "it is for routes of MPLS",
            ),
            (
                r#"rule_add(#{ realms: 5, family: "inet6", table: 100 })"#,
                "realms are for rules of IPv4",
            ),
            (
                "rule_del(#{ fwmark: 0 })",
                "every packet has the mark 0 where no bits of it are looked at",
            ),
            (
                "rule_del(#{ tun_id: 0 })",
                "the id of a tunnel in a rule is above 0: 0",
            ),
            ("rule_del(#{ ipproto: 0 })", "no number from 1 to 255"),
            (
                r#"fdb_add("a", "02:00:00:00:00:09", #{ master: true, dst: "10.0.0.1" })"#,
                "cannot enter 02:00:00:00:00:09 as being behind a: dst is for the entries of a VXLAN link, and a is none",
            ),
            (
                r#"neigh_add("b", "10.0.0.9", #{ mac: "02:00:00:00:00:09", proxy: true })"#,
                "for whom this machine answers has no hardware address here",
            ),
            (
                r#"neigh_add("b", "10.0.0.9", #{ mac: "02:00:00:00:00:09", state: "incomplete" })"#,
                "a neighbour in the state incomplete has no hardware address yet",
            ),
            (
                r#"link_set("a", #{ port: #{ cost: 5 }, cost: 6 })"#,
                "cost stands there twice: by itself, and in port",
            ),
            (
                r#"link_set("br0", #{ settings: #{ ageing_time: 5 }, ageing_time: 6 })"#,
                "ageing_time stands there twice: by itself, and in settings",
            ),
        ],
    )
}

fn values(user: User) -> Verdict {
    refused(
        user,
        PAIR,
        &[
            (
                r#"netns_add("c\x1b[31m")"#,
                "the name has a control character",
            ),
            (r#"netns_add("x\ny")"#, "the name has a control character"),
            (
                r#"link_set("a", #{ alias: "x\x00y" })"#,
                "it has a NUL character in it",
            ),
            (
                r#"let long = ""; long.pad(300, 'x'); link_set("a", #{ alias: long })"#,
                "it has 300 bytes, and the kernel keeps 255",
            ),
            (
                r#"rule_add(#{ iif: "a-name-of-twenty-bytes" })"#,
                "no link can be called",
            ),
            (
                r#"hex_decode("0x0x00")"#,
                "behind 0x stand the digits of a byte",
            ),
            (
                r#"hex_decode("0x")"#,
                "behind 0x stand the digits of a byte",
            ),
            (
                r#"conntrack_list(#{ family: "inet", src: "::1" })"#,
                "src and family contradict each other",
            ),
            (
                r#"nat_masquerade("10.0.0.1/8", "lo")"#,
                "is an address in a network, and not the network | the network is 10.0.0.0/8",
            ),
            (
                r#"port_check("127.0.0.1", [])"#,
                "there is no port in the array",
            ),
            (
                r#"throughput("127.0.0.1", #{ time: 0 })"#,
                "nothing gets through in no time",
            ),
            (
                r#"throughput("127.0.0.1", #{ rate: 0.0 / 0.0 })"#,
                "NaN is no rate",
            ),
            (r#"capture(#{ link: "" })"#, "the name of the link is empty"),
            (
                r#"packet_encode(#{ ip: #{ saddr: "10.0.0.1", daddr: "10.0.0.2" }, tcp: #{ dport: 1 }, udp: #{ dport: 2 } })"#,
                "a packet has tcp or udp",
            ),
            (
                r#"capture(#{ link: "lo", count: 0 })"#,
                "no packet at all is to be captured",
            ),
            (
                r#"ping("127.0.0.1", #{ iface: "\x00lo" })"#,
                "it has a NUL character in it",
            ),
            (
                r#"bridge_add("br1", #{ alias: "x\x00y" })"#,
                "it has a NUL character in it",
            ),
            (
                r#"link_add("br1", "bridge", #{ index: 0 })"#,
                "0 is not between 1 and 2147483647",
            ),
            (
                r#"link_add("br1", "bridge", #{ index: 1 })"#,
                "the index 1 is that of lo",
            ),
            (
                r#"link_add("br1", "bridge\x00y")"#,
                "has a NUL character in it",
            ),
            (
                r#"addr_add("b", "10.0.0.1/24", #{ home: true })"#,
                "10.0.0.1/24 is IPv4, and only IPv6 knows home",
            ),
            (
                r#"addr_add("b", "fd00::1/64", #{ label: "b:1" })"#,
                "fd00::1/64 is IPv6, and only IPv4 knows label",
            ),
            (
                r#"route_add("10.9.0.0/16", #{ dev: "b", hoplimit: 256 })"#,
                "256 is more than hoplimit can be: 255",
            ),
            (
                r#"route_add("10.9.0.0/16", #{ dev: "b", advmss: 70000 })"#,
                "70000 is more than advmss can be: 65495",
            ),
            (
                r#"fdb_flush("br0", #{ state: [] })"#,
                "there is no state in the array",
            ),
            (
                r#"http_get("http://user:pw@127.0.0.1/")"#,
                "has a name before the @",
            ),
            (
                "let bytes = blob(300000000); hex_encode(bytes)",
                "this would take 572 MiB of memory",
            ),
        ],
    )
}

fn invalid(user: User) -> Verdict {
    refused(
        user,
        PAIR,
        &[
            (
                r#"link_set("br0", #{ group_fwd_mask: 7 })"#,
                "group_fwd_mask can't be 7 | the lowest three bits can't be set",
            ),
            (
                r#"link_set("br0", #{ group_address: "02:00:00:00:00:01" })"#,
                "group_address can't be 02:00:00:00:00:01 | it is one of 01:80:c2",
            ),
            (
                r#"link_set("br0", #{ mtu: 100000 })"#,
                "a bridge takes 68 to 65535 bytes",
            ),
            (
                r#"addr_add("b", "10.0.0.1/24"); ping("10.0.0.9", #{ source: "127.0.0.1", iface: "b", count: 1, quiet: true })"#,
                "the kernel knows no way that goes with the source | what leaves by a link",
            ),
        ],
    )
}

fn rules(user: User) -> Verdict {
    refused(
        user,
        r#"nft_table_add("ip f"); nft_chain_add("ip f c");"#,
        &[
            (
                r#"nft_rule_add("ip f c", "accept", #{ index: 0, position: 1 })"#,
                "index and position say the same in two ways",
            ),
            (
                r#"nft_rule_add("ip f c", "accept", #{ comment: "x\x00y" })"#,
                "it has a NUL character in it",
            ),
            (
                r#"nft_rule_add("ip f c", "log prefix \"x\x00y\" accept")"#,
                "this text has a NUL character in it",
            ),
            (
                r#"nft_rule_add("ip f c", "@nh,0,0 1 accept")"#,
                "there is nothing in 0 bits | 1 to 128 bits",
            ),
            (
                r#"nft_rule_add("ip f c", "limit rate 0/second")"#,
                "a rate is at least 1",
            ),
            (
                r#"nft_rule_add("ip f c", "ip saddr")"#,
                "an IPv4 address has to stand here, but the rule ends",
            ),
            (
                r#"nft_set_add("ip f s", "ipv4_addr", #{ timeout: "1us" })"#,
                "elements stay for a millisecond at least",
            ),
            (
                r#"nft_set_add("ip f s", "ipv4_addr", #{ comment: "x\x00y" })"#,
                "it has a NUL character in it",
            ),
        ],
    )
}

fn which_way(user: User) -> Verdict {
    refused(
        user,
        "",
        &[
            (
                r#"route_get("127.0.0.1", #{ uid: 4242 })"#,
                "the user 4242: there are no such users in this user namespace | netsh's sandbox has one user, 0",
            ),
            (
                r#"route_get("127.0.0.1", #{ mark: "1/2" })"#,
                "\"1/2\" is no mark such as 1 or \"0x1\"",
            ),
            (
                r#"route_get("127.0.0.1", #{ ipproto: "tpc" })"#,
                "\"tpc\" is none of tcp, udp",
            ),
        ],
    )
}

fn vxlan_ports(user: User) -> Verdict {
    refused(
        user,
        "",
        &[
            (
                r#"vxlan_add("v", 6); let all = "00:00:00:00:00:00"; fdb_add("v", all, #{ dst: "10.0.0.1" }); fdb_add("v", all, #{ dst: "10.0.0.2" })"#,
                "there is such an entry behind v already | #{ append: true } adds another end beside it",
            ),
            (
                r#"fdb_add("v", "02:00:00:00:00:01", #{ dst: "10.0.0.1" }); fdb_add("v", "02:00:00:00:00:01", #{ dst: "10.0.0.2" })"#,
                "there is such an entry behind v already | fdb_del(...) removes it",
            ),
            (
                r#"fdb_add("v", "02:00:00:00:00:02", #{ master: true, dst: "10.0.0.1" })"#,
                "dst is for the entries of v itself, and master means those of its bridge",
            ),
            (
                r#"vxlan_add("x", 5, #{ srcport: [5, 3] })"#,
                "the first port, 5, is above the last, 3",
            ),
            (
                r#"vxlan_add("x", 5, #{ external: true })"#,
                "an external tunnel has no number",
            ),
        ],
    )
}

fn macvlans(user: User) -> Verdict {
    refused(
        user,
        PAIR,
        &[
            (
                r#"macvlan_add("m", "lo")"#,
                "lo is a loopback link, on which there can be no macvlan",
            ),
            (
                r#"macvlan_add("m", "b", #{ macaddr: ["02:00:00:00:00:05"] })"#,
                "only a macvlan of the mode source",
            ),
        ],
    )
}

fn classes(user: User) -> Verdict {
    refused(
        user,
        r#"veth_add("a", "b"); qdisc_add("a", "htb", #{ handle: "1:" }); class_add("a", "1:1", "htb", #{ rate: "1mbit" });"#,
        &[
            (
                r#"class_add("a", "1:5", "htb", #{ rate: "1mbit", parent: "1:99" })"#,
                "cannot give a the class 1:5: a has no class 1:99 | it has 1:1",
            ),
            (
                r#"class_add("a", "1:5", "drr", #{ quantum: 2000 })"#,
                "cannot give a the class 1:5: the qdisc 1: is htb, not drr | its classes, if it has any, are of the kind",
            ),
            (
                r#"class_add("b", "1:5", "htb", #{ rate: "1mbit", parent: "1:1" })"#,
                "cannot give b the class 1:5: b has no qdisc 1: | make it first",
            ),
            (
                r#"class_add("a", "1:5", "htb", #{ rate: "64kbit", burst: "10m" })"#,
                "a bucket of 10485760 bytes takes longer than 274 s to fill at 64kbit",
            ),
            (
                r#"qdisc_add("b", "htb", #{ r2q: 0 })"#,
                "is not between 1 and",
            ),
            (
                r#"qdisc_add("b", "htb", #{ default_class: "fffff" })"#,
                "is not the minor number of a class: one to four hexadecimal digits",
            ),
        ],
    )
}

/// The kernel takes the options of the one kind for those of the other.
fn other_class(user: User) -> Verdict {
    refused(
        user,
        r#"veth_add("a", "b"); qdisc_add("a", "drr", #{ handle: "1:" });"#,
        &[
            (
                r#"class_add("a", "1:5", "htb", #{ rate: "1mbit" })"#,
                "cannot give a the class 1:5: the qdisc 1: is drr, not htb | its classes, if it has any, are of the kind \"drr\"",
            ),
            (
                r#"class_replace("a", "1:5", "htb", #{ rate: "1mbit" })"#,
                "the qdisc 1: is drr, not htb",
            ),
        ],
    )
}

fn buckets(user: User) -> Verdict {
    refused(
        user,
        r#"veth_add("a", "b");"#,
        &[
            (
                r#"qdisc_add("a", "tbf", #{ rate: "64kbit", burst: "10m", limit: 10000 })"#,
                "burst is at most",
            ),
            (
                r#"qdisc_add("a", "tbf", #{ rate: "10gbit", burst: "1m", latency: "1h" })"#,
                "more than 4 GiB would wait within this latency at this rate",
            ),
            (
                r#"qdisc_add("a", "tbf", #{ rate: "10mbit", burst: "64k", limit: 10000, peakrate: "5mbit", mtu: 2000 })"#,
                "the peakrate is no more than the rate",
            ),
        ],
    )
}

/// What the kernel would take without a word is told like what it refuses, and is no command that was run.
fn objections(user: User) -> Verdict {
    let code = r#"
        let h1 = netns_add("h1");
        h1.veth_add("a", "b"); h1.bridge_add("br0");
        let told = |work| {
            try { work.call(); return "taken"; } catch (e) { return [e.object, e.netns, e.argument, e.message]; }
        };
        let to = #{ dst: "10.0.0.1" };
        show(told.call(|| h1.fdb_add("a", "02:00:00:00:00:09", to)));
        show(told.call(|| h1.fdb_add("a", "02:00:00:00:00:09", #{ norefresh: true })));
        show(told.call(|| h1.mdb_add("br0", "a", "239.1.1.1", to)));
        show(told.call(|| h1.mdb_del("br0", "a", "239.1.1.1", to)));
        show(told.call(|| h1.mdb_flush("br0", to)));
        show(told.call(|| h1.filter_add("a", "u32")));
        show(told.call(|| h1.link_impair("a", #{ reorder: 1 })));
        show(told.call(|| h1.fdb_add("nothing", "02:00:00:00:00:09", to)));
    "#;
    let ran = run_with(user, &["--json", "--show-commands"], code)?;
    let wanted = [
        r#"["02:00:00:00:00:09","h1","dst","cannot enter 02:00:00:00:00:09 as being behind a: dst is for the entries of a VXLAN link, and a is none"]"#,
        r#"["02:00:00:00:00:09","h1","norefresh","cannot enter 02:00:00:00:00:09 as being behind a: norefresh is for the entries of a bridge"]"#,
        r#"["239.1.1.1","h1","dst","cannot have a get the frames of group 239.1.1.1: dst is for the groups of a VXLAN tunnel, and br0 is none"]"#,
        r#"["239.1.1.1","h1","dst","cannot have a get the frames of group 239.1.1.1 no more: dst is for the groups of a VXLAN tunnel, and br0 is none"]"#,
        r#"["br0","h1","dst","cannot flush the multicast groups of br0: dst is for the groups of a VXLAN tunnel, and br0 is none"]"#,
        r#"["a","h1","","cannot give a the filter u32: u32 wants something to compare"]"#,
        r#"["a","h1","reorder","cannot give a the qdisc netem: without a delay no packet can overtake another"]"#,
        r#"["nothing","h1","link","cannot enter 02:00:00:00:00:09 as being behind nothing: there is no link \"nothing\""]"#,
    ];
    same(ran.stdout.lines().collect::<Vec<_>>(), wanted.to_vec())?;
    let begins = |line: &&str| line.starts_with("ip netns exec h1");
    let shown: Vec<&str> = ran.stderr.lines().filter(begins).collect();
    same(
        shown,
        vec![
            "ip netns exec h1 bridge fdb add 02:00:00:00:00:09 dev nothing dst 10.0.0.1 self permanent",
        ],
    )
}

fn capture_files(user: User) -> Verdict {
    let before = r#"
        let file = exec("mktemp", ["-u"]).stdout; file.trim();
        let bytes = blob(60);
        let long = ""; long.pad(100000, 'x');
    "#;
    refused(
        user,
        before,
        &[
            (
                r#"pcap_write(file + ".pcap", [#{ bytes: bytes, time: 5000000000 }])"#,
                "a pcap file has room for times until 2106",
            ),
            (
                "pcap_write(file, [#{ bytes: bytes, time: 1e18 }])",
                "a pcapng file has room for times until 2554",
            ),
            (
                "pcap_write(file, [#{ bytes: bytes, link: long }])",
                "names and comments of 65535 bytes, and one has 100000",
            ),
            (
                "pcap_write(file, [#{ bytes: bytes, comments: [long] }])",
                "names and comments of 65535 bytes, and one has 100000",
            ),
        ],
    )?;
    // A length that can't be is told; a file that ends in a packet is read, and that is told too.
    let code = r#"
        let file = exec("mktemp", []).stdout; file.trim(); file += ".pcap";
        pcap_write(file, [#{ bytes: blob(60) }, #{ bytes: blob(60) }]);
        exec("truncate", ["-s", "-1", file]);
        print(pcap_read(file).len());
        sh(`printf '\377' | dd of=${file} bs=1 seek=33 conv=notrunc 2>/dev/null`);
        try { pcap_read(file); print("taken"); } catch (e) { print(e.message.contains("of a packet of 60 bytes it says to have kept")); }
        exec("rm", [file]);
    "#;
    let ran = run_with(user, &[], code)?;
    same((ran.stdout.as_str(), ran.status), ("1\ntrue\n", Some(0)))?;
    has(
        &ran.stderr,
        "ends within a packet: the 1 before it were read",
    )?;
    // What is refused leaves no file.
    let code = r#"
        let file = exec("mktemp", ["-u"]).stdout; file.trim();
        try { pcap_write(file, [#{ bytes: blob(60) }, #{ bytes: blob(60), time: 1e18 }]); } catch {}
        print(exec("sh", ["-c", `ls ${file} 2>/dev/null | wc -l`]).stdout);
    "#;
    same(run(user, code)?.as_str(), "0\n\n")
}

/// With few descriptors what asks for one more is told of the limit.
fn descriptors(user: User) -> Verdict {
    for code in [
        "for number in 0..30 { netns_add(`n${number}`); }",
        "let all = []; for number in 0..30 { all.push(udp_listen(1000 + number)); }",
    ] {
        let ran = limited(user, "ulimit -n 24", &["-e", code])?;
        same((code, ran.status), (code, Some(1)))?;
        has(&ran.stderr, "EMFILE")?;
        has(&ran.stderr, "ulimit -n says how many files")?;
    }
    Ok(())
}

/// What a script catches of a call that there is no function for.
fn caught(user: User) -> Verdict {
    let alike = "vxlan_add takes (name: string, id: int, options?: map), but got (string, map)";
    refused(
        user,
        "fn mine(a) { a }",
        &[
            (r#"vxlan_add("x", #{ id: 5 })"#, alike),
            (r#"[1].map(|one| vxlan_add("x", #{ id: one }))"#, alike),
            (r#"netns_add("h").vxlan_add("x", #{ id: 5 })"#, alike),
            (
                "link_exists(1, 2)",
                "link_exists takes 1 argument, but got 2",
            ),
            ("link_exists(1, 2)", " | link_exists(link: string)"),
            ("mine(1, 2)", "mine takes 1 argument, but got 2"),
            (
                "link_upp(\"lo\")",
                "there is no function called link_upp | did you mean link_up?",
            ),
            ("[1].len(2, 3)", "len does not take (array, int, int)"),
            (
                "udp_listen(53).receive(1, [])",
                "receive takes 0 or 1 arguments, but got 2 | receive(timeout?)",
            ),
        ],
    )?;
    let code = "try { link_exists(1, 2); } catch (e) { let kept = e; e.message = 1; print([e.message, kept.message]); }";
    same(
        run(user, code)?.as_str(),
        "[1, \"link_exists takes 1 argument, but got 2\"]\n",
    )
}

fn capture_to_file(user: User) -> Verdict {
    let code = r#"
        let file = exec("mktemp", []).stdout; file.trim();
        let capture = capture(#{ link: "lo", filter: "icmp", file: file });
        ping("127.0.0.1", #{ count: 1, quiet: true });
        for ask in [|| capture.packets(), || capture.save("x"), || capture.read("1ms")] {
            try { ask.call(); print("taken"); } catch (e) { print(e.message.contains(`its packets are in ${file}`)); }
        }
        // Nobody has stopped it.
        wait_until(|| pcap_read(file).len() == 4, "10s");
        print("readable");
        capture.stop();
        exec("rm", [file]);
    "#;
    let ran = run_with(user, &[], code)?;
    same(ran.stderr.as_str(), "")?;
    same(ran.stdout.as_str(), "true\ntrue\ntrue\nreadable\n")
}
