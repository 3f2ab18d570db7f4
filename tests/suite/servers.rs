//! Datagrams, ports and the servers that answer by themselves, each held against nc and curl in the same namespaces.

use libtest_mimic::Trial;
use serde_json::{Value, json};

use crate::second_path::observe;
use crate::support::{HOSTS, Need, User, Verdict, has, run, run_with, same, test};

const NC: &[Need] = &[Need::Program("nc")];
const CURL: &[Need] = &[Need::Program("curl")];

/// The tests of this file.
pub fn trials() -> Vec<Trial> {
    [
        test("udp: asked and answered", &[], conversation),
        test("udp: nobody there, and how that is told", &[], refused),
        test(
            "udp: an answer comes from where it was asked",
            &[],
            from_where,
        ),
        test("udp: nc hears and is heard", NC, beside_nc),
        test("udp: wrong uses", &[], wrong_udp),
        test("echo_listen: TCP and UDP", &[], echo),
        test("echo_listen: much at once", &[], much),
        test(
            "servers: end with their namespace, and free their port",
            &[],
            ends,
        ),
        test("http: netsh by itself", &[], http),
        test("http: curl asks", CURL, beside_curl),
        test("http: nc answers", NC, odd_servers),
        test("http: wrong uses", &[], wrong_http),
        test("tcp: by names, by scopes, by links", &[], ways),
        test("port_check: as nmap says it", &[], ports),
        test("port_check: as nc says it", NC, ports_of_nc),
        test("port_check: wrong uses", &[], wrong_ports),
    ]
    .into_iter()
    .flatten()
    .collect()
}

fn conversation(user: User) -> Verdict {
    let code = format!(
        r#"{HOSTS}
        for address in ["10.0.0.2", "fd00::2"] {{
            let server = h2.udp_listen(5000);
            let client = h1.udp_send(address, 5000, "one");
            client.write(blob(2, 255));
            let first = server.receive();
            let second = server.receive("1s");
            server.reply(first, "three");
            show([first.data.as_string(), second.data.len(), first.from.port == client.local.port, first.to == address,
                client.peer, client.read("1s").as_string(), server.receive("1ms"), client.read("1ms"), server.port]);
            server.close();
            client.close();
        }}
        let only = h2.udp_listen(5000, #{{ address: "10.0.0.2" }});
        h1.udp_send("10.0.0.2", 5000, "", #{{ ttl: 3, source: "10.0.0.1", iface: "eth0" }});
        let asked = only.receive("1s");
        show([only.address, asked.data.len(), asked.from.address]);
        "#
    );
    let pair = |address: &str| {
        let peer = json!({ "address": address, "port": 5000 });
        json!(["one", 2, true, true, peer, "three", null, null, 5000])
    };
    let wanted = vec![
        pair("10.0.0.2"),
        pair("fd00::2"),
        json!(["10.0.0.2", 0, "10.0.0.1"]),
    ];
    same(observe(user, &code)?, wanted)
}

fn refused(user: User) -> Verdict {
    let code = format!(
        r#"{HOSTS}
        fn told(work) {{ try {{ work.call(); return "no error"; }} catch (e) {{ return `${{e.errno}} ${{e.object}}: ${{e.message}}`; }} }}
        for address in ["10.0.0.2", "fd00::2"] {{
            let nobody = h1.udp_send(address, 9, "hello");
            print(told(|| nobody.read("2s")));
            let again = h1.udp_send(address, 9, "hello");
            h1.ping(address, #{{ count: 1, quiet: true }});
            print(told(|| again.write("more")));
            // It is told once.
            print(told(|| again.read("1ms")));
        }}
        h2.nft_load("table ip f {{ chain in {{ type filter hook input priority 0; reject with icmp type admin-prohibited; }} }}");
        let forbidden = h1.udp_send("10.0.0.2", 9, "hello");
        print(told(|| forbidden.read("2s")));
        "#
    );
    let text = run(user, &code)?;
    for words in [
        "ECONNREFUSED 10.0.0.2:9: cannot read what 10.0.0.2:9 sends: port 9 is unreachable: nobody listens there",
        "ECONNREFUSED 10.0.0.2:9: cannot send to 10.0.0.2:9: port 9 is unreachable",
        "ECONNREFUSED [fd00::2]:9: cannot read what [fd00::2]:9 sends",
        "EHOSTUNREACH 10.0.0.2:9: cannot read what 10.0.0.2:9 sends: 10.0.0.2 says: Packet filtered",
    ] {
        has(&text, words)?;
    }
    same(text.matches("no error").count(), 2)
}

/// A host with two addresses answers from the one that was asked, whatever it would take itself.
fn from_where(user: User) -> Verdict {
    let code = format!(
        r#"{HOSTS}
        h2.addr_add("lo", "10.9.9.9/32");
        h2.addr_add("lo", "fd00:9::9/128");
        h1.route_add("10.9.9.9", #{{ via: "10.0.0.2" }});
        h1.route_add("fd00:9::9", #{{ via: "fd00::2" }});
        h2.echo_listen(7);
        let server = h2.udp_listen(5000);
        for address in ["10.9.9.9", "fd00:9::9"] {{
            let client = h1.udp_send(address, 5000, "who");
            server.reply(server.receive("10s"), "me");
            show([client.read("10s").as_string(), h1.udp_send(address, 7, "echo").read("10s").as_string()]);
        }}
        "#
    );
    let wanted = json!(["me", "echo"]);
    same(observe(user, &code)?, vec![wanted.clone(), wanted])
}

fn beside_nc(user: User) -> Verdict {
    let code = format!(
        r#"{HOSTS}
        let server = h2.udp_listen(5000);
        h1.sh("echo from nc | nc -u -q0 -w1 10.0.0.2 5000");
        print(server.receive("5s").data.as_string());
        h2.echo_listen(7);
        h1.sh("echo udp | nc -u -w1 10.0.0.2 7");
        h1.sh("echo tcp | nc -N 10.0.0.2 7");
        h1.sh("echo six | nc -N fd00::2 7");
        "#
    );
    let text = run(user, &code)?;
    let words: Vec<&str> = text.split_whitespace().collect();
    same(words, vec!["from", "nc", "udp", "tcp", "six"])
}

fn wrong_udp(user: User) -> Verdict {
    let code = format!(
        r#"{HOSTS}
        let taken = h2.udp_listen(5000);
        let closed = h2.udp_listen(5001);
        closed.close();
        let gone = h1.udp_send("10.0.0.2", 5000, "");
        gone.close();
        for work in [
            || h2.udp_listen(5000),
            || h2.udp_listen(0),
            || h2.udp_listen(5002, #{{ address: "10.0.0.1" }}),
            || closed.receive(),
            || taken.reply(#{{}}, "x"),
            || taken.reply(#{{ from: #{{ address: "10.0.0.1", port: 5 }} }}, 5),
            || gone.read("1s"),
            || gone.write("x"),
            || h1.udp_send("192.0.2.1", 5, "x"),
            || h1.udp_send("nobody", 5, "x"),
            || h1.udp_send("10.0.0.2", 70000, "x"),
            || h1.udp_send("10.0.0.2", 5, 5),
            || h1.udp_send("10.0.0.2", 5, blob(70000)),
            || h1.udp_send("10.0.0.255", 5, "x"),
            || h1.udp_send("10.0.0.2", 5, "x", #{{ iface: "eth7" }}),
            || h1.udp_send("10.0.0.2", 5, "x", #{{ source: "10.0.0.9" }}),
            || h1.udp_send("10.0.0.2", 5, "x", #{{ ttl: 0 }}),
        ] {{
            try {{ work.call(); show("no error"); }} catch (e) {{ show([e.argument, e.errno]); }}
        }}
        h1.udp_send("10.0.0.255", 5, "x", #{{ broadcast: true }});
        "#
    );
    let wanted = [
        ("port", Some("EADDRINUSE")),
        ("port", None),
        ("address", Some("EADDRNOTAVAIL")),
        ("", Some("EBADF")),
        ("datagram", None),
        ("bytes", None),
        ("", Some("EBADF")),
        ("", Some("EBADF")),
        ("address", Some("ENETUNREACH")),
        ("address", None),
        ("port", None),
        ("bytes", None),
        ("bytes", Some("EMSGSIZE")),
        ("address", Some("EACCES")),
        ("iface", Some("ENODEV")),
        ("source", Some("EADDRNOTAVAIL")),
        ("ttl", Some("EINVAL")),
    ];
    let wanted = wanted.map(|(argument, errno)| json!([argument, errno]));
    same(observe(user, &code)?, wanted.to_vec())
}

fn echo(user: User) -> Verdict {
    let code = format!(
        r#"{HOSTS}
        let server = h2.echo_listen(7);
        let tcp = h1.tcp_connect("10.0.0.2", 7);
        tcp.write("hello");
        let first = tcp.read("2s").as_string();
        tcp.write(" again");
        let second = tcp.read("2s").as_string();
        let udp = h1.udp_send("fd00::2", 7, "datagram");
        let third = udp.read("2s").as_string();
        let empty = h1.udp_send("10.0.0.2", 7, "").read("2s").len();
        show([first, second, third, empty, server.count, server.port]);
        show(server.requests.map(|one| [one.proto, one.from.address, one.bytes]));
        let only = h2.echo_listen(8, #{{ proto: "udp", address: "10.0.0.2" }});
        show([h1.port_check("10.0.0.2", 8), only.address]);
        "#
    );
    let wanted = vec![
        json!(["hello", " again", "datagram", 0, 3, 7]),
        json!([
            ["tcp", "10.0.0.1", 11],
            ["udp", "fd00::1", 8],
            ["udp", "10.0.0.1", 0]
        ]),
        json!(["closed", "10.0.0.2"]),
    ];
    same(observe(user, &code)?, wanted)
}

/// More than all buffers hold: the server must not read what it can't send.
fn much(user: User) -> Verdict {
    let code = format!(
        r#"{HOSTS}
        let server = h2.echo_listen(7);
        let all = [];
        for number in 0..50 {{ all.push(h1.tcp_connect("10.0.0.2", 7)); }}
        for (one, number) in all {{ one.write(`${{number}}`); }}
        let back = all.map(|one| one.read("5s").as_string());
        let sent = 0;
        let one = all[0];
        let piece = blob(100000, 7);
        let got = 0;
        for turn in 0..30 {{
            one.write(piece);
            while got < (turn + 1) * 100000 {{ got += one.read("5s").len(); }}
        }}
        show([back[0], back[49], got, server.count, server.requests[0].bytes]);
        "#
    );
    same(
        observe(user, &code)?,
        vec![json!(["0", "49", 3_000_000, 50, 3_000_001])],
    )
}

fn ends(user: User) -> Verdict {
    let code = format!(
        r#"{HOSTS}
        let server = h2.http_listen(80);
        h1.http_get("http://10.0.0.2/");
        server.close();
        server.close();
        show([server.count, server.requests.len(), h1.port_check("10.0.0.2", 80)]);
        h2.http_listen(80);
        h2.echo_listen(81);
        netns_del(h2);
        // The cable goes with the namespace: nothing holds it.
        wait_until(|| !h1.link_exists("eth0"), 10);
        let again = netns_add("h2");
        again.http_listen(80);
        show(again.http_get("http://127.0.0.1/").status);
        "#
    );
    same(
        observe(user, &code)?,
        vec![json!([1, 1, "closed"]), json!(200)],
    )
}

fn http(user: User) -> Verdict {
    let code = format!(
        r#"{HOSTS}
        let plain = h2.http_listen(80);
        let page = h1.http_get("http://10.0.0.2/a?b=c");
        show([page.status, page.reason, page.body.starts_with("h2 at 10.0.0.2:80 answers 10.0.0.1:"), page.headers["content-type"]]);
        show(plain.requests.map(|one| [one.proto, one.from.address, one.method, one.path, one.status]));
        let pages = h2.http_listen(8080, #{{ pages: #{{ "/": "home", "/big": "xxxxxxxxx" }}, headers: #{{ "x-lab": "yes" }} }});
        let seen = [];
        for path in ["", "/", "/big", "/none"] {{
            let page = h1.http_get(`http://[fd00::2]:8080${{path}}`, #{{ headers: #{{ accept: "text/plain" }} }});
            seen.push([page.status, page.body, page.headers["x-lab"]]);
        }}
        show(seen);
        h2.http_listen(8081, #{{ body: "down", status: 503 }});
        let page = h1.http_get("http://10.0.0.2:8081/any", #{{ source: "10.0.0.1", iface: "eth0", timeout: 2 }});
        show([page.status, page.reason, page.body]);
        "#
    );
    let wanted = vec![
        json!([200, "OK", true, "text/plain; charset=utf-8"]),
        json!([["tcp", "10.0.0.1", "GET", "/a?b=c", 200]]),
        json!([
            [200, "home", "yes"],
            [200, "home", "yes"],
            [200, "xxxxxxxxx", "yes"],
            [404, "there is no page /none\n", "yes"]
        ]),
        json!([503, "Service Unavailable", "down"]),
    ];
    same(observe(user, &code)?, wanted)
}

fn beside_curl(user: User) -> Verdict {
    let code = format!(
        r#"{HOSTS}
        let server = h2.http_listen(80, #{{ pages: #{{ "/": "hello\n", "/two": "two\n" }} }});
        h1.sh("curl -s http://10.0.0.2/");
        // One connection for both, as it stays.
        h1.sh("curl -s http://10.0.0.2/ http://10.0.0.2/two -w '%{{num_connects}}\\n'");
        h1.sh("curl -s -o /dev/null -w '%{{http_code}} %{{size_download}}\\n' -g 'http://[fd00::2]/none'");
        h1.sh("curl -s -I http://10.0.0.2/ | tr -d '\\r' | head -1");
        h1.sh("curl -s --http1.0 http://10.0.0.2/");
        h1.sh("curl -s -d name=value -w '%{{http_code}}\\n' http://10.0.0.2/");
        print(server.requests.map(|one| one.method));
        "#
    );
    let lines: Vec<String> = run(user, &code)?
        .lines()
        .filter(|line| !line.is_empty())
        .map(str::to_owned)
        .collect();
    same(
        lines,
        [
            "hello",
            "hello",
            "1",
            "two",
            "0",
            "404 23",
            "HTTP/1.1 200 OK",
            "hello",
            "hello",
            "200",
            r#"["GET", "GET", "GET", "GET", "HEAD", "GET", "POST"]"#,
        ]
        .map(str::to_owned)
        .to_vec(),
    )
}

/// Servers that answer by the book in other ways, and some that don't.
fn odd_servers(user: User) -> Verdict {
    let code = format!(
        r#"{HOSTS}
        fn told(work) {{ try {{ let page = work.call(); return `${{page.status}} ${{page.body}}`; }} catch (e) {{ return `${{e.errno}} ${{e.argument}}: ${{e.message}}`; }} }}
        for (answer, number) in [
            "HTTP/1.0 200 OK\\r\\n\\r\\nto the end",
            "HTTP/1.1 200 OK\\r\\nTransfer-Encoding: chunked\\r\\n\\r\\n4\\r\\nin p\\r\\n5\\r\\niece\\163\\r\\n0\\r\\n\\r\\n",
            "SSH-2.0-OpenSSH_9.2\\r\\n",
            "HTTP/1.1 200 OK\\r\\nContent-Length: 10\\r\\n\\r\\nhalf",
        ] {{
            let port = 8000 + number;
            h2.sh(`printf '${{answer}}' | nc -l -N ${{port}} >/dev/null 2>&1 &`);
            let hexadecimal = ["1F40", "1F41", "1F42", "1F43"][number];
            wait_until(|| h2.sh(`grep -q :${{hexadecimal}} /proc/thread-self/net/tcp`) == 0, 10);
            print(told(|| h1.http_get(`http://10.0.0.2:${{port}}/`)));
        }}
        "#
    );
    let text = run(user, &code)?;
    for words in [
        "200 to the end\n",
        "200 in pieces\n",
        "url: cannot take what 10.0.0.2:8002 answers: it is no HTTP",
        "url: cannot take what 10.0.0.2:8003 answers: the connection ended before the end of it",
    ] {
        has(&text, words)?;
    }
    Ok(())
}

fn ways(user: User) -> Verdict {
    let code = format!(
        r#"{HOSTS}
        h2.echo_listen(7);
        h2.http_listen(80, #{{ body: "here" }});
        // An address of a link names its link, and so does the URL with it.
        let scoped = h2.addr_list("eth0").filter(|it| it.scope == "link")[0].address + "%eth0";
        wait_until(|| !("tentative" in h1.addr_list("eth0").filter(|it| it.scope == "link")[0].flags), 5);
        show([h1.tcp_connect(scoped, 7).peer.port, h1.http_get(`http://[${{scoped}}]/`).body, tcp_ask("localhost")]);
        fn tcp_ask(name) {{
            let listener = tcp_listen(9);
            let port = tcp_connect(name, 9).peer.port;
            listener.close();
            port
        }}
        for options in [
            #{{ iface: "" }},
            #{{ iface: "eth0-with-a-long-name" }},
            #{{ source: "fd00::1" }},
            #{{ source: "10.0.0.9" }},
        ] {{
            try {{ h1.tcp_connect("10.0.0.2", 7, options); show("no error"); }} catch (e) {{ show([e.argument, e.errno]); }}
        }}
        "#
    );
    let seen = run_with(user, &["--json"], &code)?.ok()?;
    let seen: Vec<Value> = seen
        .lines()
        .map(serde_json::from_str)
        .collect::<Result<_, _>>()?;
    let wanted = [
        json!([7, "here", 9]),
        json!(["iface", "ENODEV"]),
        json!(["iface", "ENODEV"]),
        json!(["source", "EAFNOSUPPORT"]),
        json!(["source", "EADDRNOTAVAIL"]),
    ];
    same(seen, wanted.to_vec())
}

fn wrong_http(user: User) -> Verdict {
    let code = format!(
        r#"{HOSTS}
        let silent = h2.tcp_listen(81);
        let taken = h2.http_listen(80);
        for work in [
            || h1.http_get("https://10.0.0.2/"),
            || h1.http_get("10.0.0.2"),
            || h1.http_get("http://nobody/"),
            || h1.http_get("http://10.0.0.2:82/"),
            || h1.http_get("http://192.0.2.1/"),
            || h1.http_get("http://10.0.0.2:81/", #{{ timeout: "100ms" }}),
            || h1.http_get("http://10.0.0.2/", #{{ headers: #{{ "a b": "c" }} }}),
            || h1.http_get("http://10.0.0.2/", #{{ headers: #{{ a: "b\r\nc: d" }} }}),
            || h1.http_get("http://10.0.0.2/", #{{ source: "10.0.0.9" }}),
            || h1.http_get("http://10.0.0.2/", #{{ iface: "eth7" }}),
            || h2.http_listen(80),
            || h2.http_listen(0),
            || h2.http_listen(90, #{{ pages: #{{ index: "x" }} }}),
            || h2.http_listen(90, #{{ pages: #{{ "/": 5 }} }}),
            || h2.http_listen(90, #{{ status: 42 }}),
            || h2.http_listen(90, #{{ address: "10.0.0.9" }}),
            || h2.echo_listen(90, #{{ proto: "sctp" }}),
        ] {{
            try {{ work.call(); show("no error"); }} catch (e) {{ show([e.argument, e.errno]); }}
        }}
        "#
    );
    let wanted = [
        ("url", None),
        ("url", None),
        ("url", None),
        ("url", Some("ECONNREFUSED")),
        ("url", Some("ENETUNREACH")),
        ("url", Some("ETIMEDOUT")),
        ("headers", None),
        ("headers", None),
        ("source", Some("EADDRNOTAVAIL")),
        ("iface", Some("ENODEV")),
        ("port", Some("EADDRINUSE")),
        ("port", None),
        ("pages", None),
        ("pages", None),
        ("status", None),
        ("address", Some("EADDRNOTAVAIL")),
        ("proto", None),
    ];
    let wanted = wanted.map(|(argument, errno)| json!([argument, errno]));
    same(observe(user, &code)?, wanted.to_vec())
}

fn ports(user: User) -> Verdict {
    let code = format!(
        r#"{HOSTS}
        h2.echo_listen(7);
        let silent = h2.udp_listen(5000);
        h2.nft_load("table inet f {{ chain in {{ type filter hook input priority 0; tcp dport 81 drop; tcp dport 82 reject; udp dport 83 drop; udp dport 84 reject with icmpx type admin-prohibited; tcp dport 85 reject with tcp reset; }} }}");
        for address in ["10.0.0.2", "fd00::2"] {{
            let tcp = h1.port_check(address, [7, 80, 81, 82, 85], #{{ timeout: "300ms" }});
            show(tcp.map(|one| [one.port, one.state, one.reason, one.time == ()]));
            let udp = h1.port_check(address, [7, 82, 83, 84, 5000], #{{ proto: "udp", data: "hello", timeout: "300ms" }});
            show(udp.map(|one| [one.port, one.state, one.reason, one.time == ()]));
        }}
        show([h1.port_check("10.0.0.2", 7), h1.port_check("10.0.0.2", 80), h1.port_check("10.0.0.9", 80, #{{ timeout: 10 }})]);
        let many = [];
        for port in 1..501 {{ many.push(port); }}
        let open = h1.port_check("10.0.0.2", many, #{{ timeout: "300ms" }}).filter(|one| one.state == "open");
        show(open.map(|one| one.port));
        "#
    );
    let tcp = json!([
        [7, "open", "syn-ack", false],
        [80, "closed", "conn-refused", false],
        [81, "filtered", "no-response", true],
        [82, "filtered", "port-unreach", false],
        [85, "closed", "conn-refused", false]
    ]);
    let udp = json!([
        [7, "open", "udp-response", false],
        [82, "closed", "port-unreach", false],
        [83, "open|filtered", "no-response", true],
        [84, "filtered", "admin-prohibited", false],
        [5000, "open|filtered", "no-response", true]
    ]);
    let wanted = vec![
        tcp.clone(),
        udp.clone(),
        tcp,
        udp,
        json!(["open", "closed", "filtered"]),
        json!([7]),
    ];
    same(observe(user, &code)?, wanted)
}

fn ports_of_nc(user: User) -> Verdict {
    let code = format!(
        r#"{HOSTS}
        h2.echo_listen(7);
        h2.nft_load("table inet f {{ chain in {{ type filter hook input priority 0; tcp dport 81 drop; }} }}");
        for port in [7, 80, 81] {{
            let theirs = h1.exec("nc", ["-z", "-v", "-w1", "10.0.0.2", `${{port}}`]).stderr;
            let ours = h1.port_check("10.0.0.2", port, #{{ timeout: 1 }});
            show([ours, theirs.contains("succeeded"), theirs.contains("refused"), theirs.contains("timed out")]);
        }}
        "#
    );
    let wanted = vec![
        json!(["open", true, false, false]),
        json!(["closed", false, true, false]),
        json!(["filtered", false, false, true]),
    ];
    same(observe(user, &code)?, wanted)
}

fn wrong_ports(user: User) -> Verdict {
    let code = format!(
        r#"{HOSTS}
        for work in [
            || h1.port_check("10.0.0.2", 0),
            || h1.port_check("10.0.0.2", [80, 70000]),
            || h1.port_check("10.0.0.2", ["http"]),
            || h1.port_check("nobody", 80),
            || h1.port_check("192.0.2.1", 80),
            || h1.port_check("10.0.0.2", 80, #{{ proto: "icmp" }}),
            || h1.port_check("10.0.0.2", 80, #{{ data: "x" }}),
            || h1.port_check("10.0.0.2", 80, #{{ iface: "eth7" }}),
            || h1.port_check("10.0.0.2", 80, #{{ source: "10.0.0.9" }}),
            || h1.port_check("10.0.0.2", 80, #{{ protocol: "udp" }}),
        ] {{
            try {{ work.call(); show("no error"); }} catch (e) {{ show([e.argument, e.errno]); print(`${{e.message}} | ${{e.hint}}`); }}
        }}
        "#
    );
    let wanted = [
        ("port", None),
        ("ports", None),
        ("ports", None),
        ("address", None),
        ("address", Some("ENETUNREACH")),
        ("proto", None),
        ("data", None),
        ("iface", Some("ENODEV")),
        ("source", Some("EADDRNOTAVAIL")),
        ("protocol", None),
    ];
    let wanted = wanted.map(|(argument, errno)| json!([argument, errno]));
    let ran = run_with(user, &["--json"], &code)?;
    let shown: Result<Vec<Value>, _> = ran.stdout.lines().map(serde_json::from_str).collect();
    same(shown?, wanted.to_vec())?;
    for words in [
        "70000 is no port: they go from 1 to 65535",
        "cannot check the ports of nobody: nobody is neither an address nor a name in /etc/hosts",
        "cannot check the ports of 192.0.2.1: there is no route to 192.0.2.1",
        "\"icmp\" has no ports here | what has them is \"tcp\" or \"udp\"",
        "there is no option \"protocol\" | ",
    ] {
        has(&ran.stderr, words)?;
    }
    Ok(())
}
