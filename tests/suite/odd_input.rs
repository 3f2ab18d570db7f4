//! Odd input: every verb of the catalog with every argument, and every documented option, replaced by each of a list of values
//! that nobody means. Whatever comes of it, netsh ends with 0 or 1 and its own words, and never drives the terminal.

use std::collections::BTreeMap;
use std::sync::LazyLock;

use libtest_mimic::{Failed, Trial};
use netsh::catalog::Entry;
use regex::Regex;
use serde_json::Value;

use crate::folder::Folder;
use crate::support::{
    Ran, User, Verdict, is_root, of_row, run_bytes, run_in, run_with, same, test_named,
};

/// One test for each verb, and those of single scripts.
pub fn trials() -> Vec<Trial> {
    let catalog = netsh::script::catalog();
    let mut calls: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for entry in catalog.entries().iter().filter(|entry| is_verb(entry)) {
        let name = entry.signature.name.clone();
        calls.entry(name).or_default().extend(odd_calls(entry));
    }
    assert!(calls.len() > 20, "the catalog has hardly any verbs");
    let every = every();
    let of_verb = |(row, (verb, mut calls)): (usize, (String, Vec<String>))| {
        let name = format!("odd input: {verb}");
        let (mut number, first) = (0, verb.len() % every);
        calls.retain(|_| {
            number += 1;
            number % every == first
        });
        let trials = test_named(&name, &[], move |user| survives(user, &calls));
        of_row(row, trials)
    };
    let mut trials: Vec<Trial> = calls.into_iter().enumerate().flat_map(of_verb).collect();
    trials.extend(test_named("odd input: uncaught", &[], uncaught));
    trials.extend(test_named("odd input: callbacks", &[], callbacks));
    trials.extend(test_named("odd input: texts of scripts", &[], texts));
    trials
}

/// `exit` would end the script of all the others; modules in Rhai call verbs.
fn is_verb(entry: &Entry) -> bool {
    entry.signature.name != "exit" && entry.module.is_none()
}

/// What a script has at hand. The handle `gone` is of a namespace that is no more; where there are no tun devices, their handles
/// are ().
const SCENE: &str = r#"
let h1 = netns_add("h1");
let gone = netns_add("gone");
netns_del("gone");
veth_add("v0", "v1", #{ peer_netns: h1, up: true });
let long = "x";
while long.len() < 100000 { long += long; }
let deep = 1;
for i in 0..100 { deep = [deep]; }
let told = [];
let device = ();
let closed = ();
try { device = tun_add("device", #{ up: true }); closed = tap_add("closed"); closed.close(); } catch {}
"#;

/// Where there is much of a kind, each is tried with every fourth of the values, beginning at another one.
const APART: usize = 4;

/// NETSH_ODD_EVERY=N: only every Nth of the calls, beginning at another one for each verb. What a verb says to odd arguments
/// depends hardly on the kernel: an emulator need not try them all.
fn every() -> usize {
    let given = std::env::var("NETSH_ODD_EVERY").ok();
    given.map_or(1, |given| match given.parse() {
        Ok(number) if number > 0 => number,
        _ => panic!("NETSH_ODD_EVERY={given}: it is a number from 1 on"),
    })
}

/// Values that nobody means. (Texts are UTF-8 in the language; other bytes are tried in files.)
const ODD: &[&str] = &[
    "()",
    "0",
    "-1",
    "9223372036854775807",
    "-9223372036854775808",
    "0.5",
    "-0.0",
    "1.0e300",
    "0.0/0.0",
    "1.0/0.0",
    "true",
    "'\\n'",
    r#""""#,
    r#"" ""#,
    "long",
    r#""a\x00b""#,
    r#""a\nb\r\tc""#,
    r#""\x1b[31mred\x1b[0m\x07\x9b""#,
    "\"\u{65e5}\u{672c}\u{202e}e\u{301}\u{1f980}\"",
    r#""../../..""#,
    r#""-h""#,
    r#""%s%n$(id)`id`'""#,
    r#""99999999999999999999""#,
    "[]",
    "[[[[1], ()], #{}]]",
    "deep",
    "#{}",
    "#{ \"\": 0, \"a\\x1b\\nb\": [#{}], mtuu: 1 }",
    "|| 1",
    "|x, y| throw x",
    "|| { throw #{ op: 1, message: [] } }",
    "|| undefined",
    "Fn(\"nothing\")",
    "h1",
    "gone",
    "blob(3, 255)",
    "0..5",
    "timestamp()",
];

/// A value that does, so that one odd argument is odd alone.
fn usual(verb: &str, parameter: &str) -> &'static str {
    match (verb, parameter.trim_end_matches('?')) {
        ("sysctl_get" | "sysctl_set", "name") => r#""net.ipv4.ip_forward""#,
        ("netns_add" | "netns_get" | "netns_del" | "netns_enter", "name") => r#""h1""#,
        ("assert", "condition") => "true",
        ("monitor", "options") => "#{ time: 0 }",
        ("ping", "options") => r#"#{ count: 1, deadline: "1ms" }"#,
        ("arping", "options") => r#"#{ count: 1, deadline: "1ms" }"#,
        ("arp_request" | "send_receive", "options") => r#"#{ timeout: "1ms" }"#,
        ("arping" | "arp_request", "address") => r#""192.0.2.9""#,
        ("hex_decode", "text") => r#""45 00""#,
        ("hex_encode", "bytes") => "blob(20, 69)",
        ("kernel_has", "name") => r#""link veth""#,
        (_, "names") => r#""link veth""#,
        (_, "classid") => r#""1:10""#,
        ("qdisc_add" | "qdisc_replace" | "qdisc_change", "kind") => r#""netem""#,
        ("class_add" | "class_change" | "class_replace", "kind") => r#""htb""#,
        ("filter_add" | "filter_replace", "kind") => r#""flower""#,
        ("nft_set_add", "kind") => r#""ipv4_addr""#,
        ("nft_map_add", "kind") => r#""inet_service : verdict""#,
        (verb, "table" | "object") if verb.starts_with("nft_") => r#""ip t""#,
        (_, "chain") => r#""ip t c""#,
        (_, "set" | "map") => r#""ip t s""#,
        (_, "rule") => r#""tcp dport 22""#,
        (_, "elements") => r#""10.0.0.1""#,
        (_, "text") => r#""table ip t { chain c { accept; } }""#,
        (_, "handle") => "1",
        (_, "dev") => r#""v0""#,
        ("mdb_add" | "mdb_replace" | "mdb_del", "port") => r#""v0""#,
        (_, "port") => "80",
        (_, "ports") => "[80]",
        (_, "url") => r#""http://127.0.0.1/""#,
        (_, "datagram") => r#"#{ from: #{ address: "127.0.0.1", port: 9 } }"#,
        (_, "to") => r#""10.0.0.1:80""#,
        (_, "hook") => r#""input""#,
        (_, "policy") => r#""accept""#,
        ("link_altname_add" | "link_altname_del", "name") => r#""another-name""#,
        (_, "name" | "link") => r#""v0""#,
        (_, "peer") => r#""v9""#,
        (_, "parent") => r#""v1""#,
        (_, "id" | "table") => "5",
        (_, "kind") => r#""bridge""#,
        (_, "cidr") => r#""192.0.2.9/24""#,
        (_, "options") => "#{}",
        (_, "prefix") => r#""net.ipv4.conf.lo""#,
        (_, "program" | "command") => r#""true""#,
        (_, "args") => "[]",
        (_, "value") => "1",
        (_, "time") => "0",
        (_, "condition" | "work") => "|| true",
        (_, "answer") => "|packet| ()",
        ("packet_encode", "packet") => "#{ icmp: #{ type: 8 } }",
        (_, "packet") => "blob(20, 69)",
        (_, "packets") => "[blob(20, 69)]",
        (_, "file") => r#""/dev/null""#,
        (_, "timeout") => r#""1ms""#,
        (_, "message") => r#""why""#,
        (_, "topic") => r#""veth_add""#,
        (_, "address") => r#""192.0.2.8""#,
        (_, "destination") => r#""127.0.0.1""#,
        (_, "destinations") => r#"["127.0.0.1"]"#,
        (_, "mac") => r#""02:00:00:00:00:99""#,
        (_, "vid" | "vni") => "5",
        (_, "bridge") => r#""v0""#,
        (_, "group") => r#""239.1.1.1""#,
        (_, "bytes") => r#""hello""#,
        (verb, parameter) => panic!("odd_input.rs: no usual value for {parameter} of {verb}"),
    }
}

/// All odd calls of one way to call a verb.
fn odd_calls(entry: &Entry) -> Vec<String> {
    let verb = entry.signature.name.as_str();
    let names: Vec<&str> = entry
        .signature
        .parameters
        .iter()
        .map(|parameter| parameter.name.as_str())
        .collect();
    let mut calls = Vec::new();
    let odd_values = ODD.iter().copied().filter(|odd| is_for(verb, odd));
    for (number, odd) in odd_values.enumerate() {
        for place in 0..names.len() {
            let call = call(entry, &names, place, odd);
            match entry.receiver.as_deref() {
                Some("tuntap") => calls.push(call.replace("device.", "closed.")),
                Some(_) => calls.push(call.replace("h1.", "gone.")),
                // Methods are made of all verbs in one place.
                None if number % APART == place % APART => calls.push(format!("h1.{call}")),
                None => {}
            }
            calls.push(call);
        }
        if let Some(place) = names.iter().position(|name| name.starts_with("options")) {
            let with = |key| call(entry, &names, place, &options(verb, key, odd));
            // Those that it takes as another verb does are tried with that one.
            let is_own = entry.manual.options_of.is_empty();
            let options = entry.manual.options.iter().filter(|_| is_own);
            // Options are read by a few readers: each meets a part of the values, its neighbours the others.
            let options = options.skip(number % APART).step_by(APART);
            calls.extend(options.map(|option| option.key.as_str()).map(with));
        }
    }
    calls
}

/// What a shell says to an odd command is not netsh's, and what goes on until Ctrl-C has no end here.
fn is_for(verb: &str, odd: &str) -> bool {
    if verb == "monitor" {
        // monitor(h1) is h1.monitor().
        return !["#{}", "h1"].contains(&odd);
    }
    verb != "sh"
        || matches!(odd, r#""""# | r#""a\x00b""#)
        || !(odd.starts_with('"') || odd == "long")
}

fn call(entry: &Entry, names: &[&str], place: usize, odd: &str) -> String {
    let verb = entry.signature.name.as_str();
    let argument = |(at, name): (usize, &&str)| if at == place { odd } else { usual(verb, name) };
    let arguments: Vec<&str> = names.iter().enumerate().map(argument).collect();
    let arguments = arguments.join(", ");
    match entry.receiver.as_deref() {
        Some("tuntap") => format!("device.{verb}({arguments})"),
        Some(_) => format!("h1.{verb}({arguments})"),
        None => format!("{verb}({arguments})"),
    }
}

fn options(verb: &str, key: &str, odd: &str) -> String {
    match (verb, key) {
        ("ping", "deadline") => format!("#{{ count: 1, deadline: {odd} }}"),
        ("ping", "count") => format!("#{{ count: {odd}, deadline: \"1ms\" }}"),
        ("monitor", "time") => format!("#{{ count: 0, time: {odd} }}"),
        ("monitor", key) => format!("#{{ time: 0, {key}: {odd} }}"),
        ("why", "timeout") => format!("#{{ timeout: {odd} }}"),
        ("why", key) => format!("#{{ timeout: \"10ms\", {key}: {odd} }}"),
        ("ping", key) => format!("#{{ count: 1, deadline: \"1ms\", {key}: {odd} }}"),
        (_, key) => format!("#{{ {key}: {odd} }}"),
    }
}

/// Makes the calls, here and in another namespace, and looks at what was caught.
fn survives(user: User, calls: &[String]) -> Verdict {
    let mut script = SCENE.to_owned();
    for (number, call) in calls.iter().enumerate() {
        script += &format!("try {{ {call} }} catch (e) {{ told.push([{number}, e]) }}\n");
    }
    script += "for one in told { show(one) }\n";
    // Some of the values are names of files.
    let folder = Folder::new()?;
    for arguments in ways_to_run(user) {
        let ran = run_in(folder.path(), user, arguments, script.as_bytes())?;
        same(ran.status, Some(0)).map_err(|_| shortened(&ran))?;
        harmless(&ran)?;
        let caught: Vec<&str> = ran
            .stdout
            .lines()
            .filter(|line| line.starts_with('['))
            .collect();
        // A few of many may all be taken well.
        if every() == 1 {
            same(caught.is_empty(), calls.is_empty())?;
        }
        for line in caught {
            plain_words(calls, line)?;
        }
    }
    Ok(())
}

/// With all that netsh can tell, and without: one of them for root, the other for an ordinary user whom root can become.
fn ways_to_run(user: User) -> &'static [&'static [&'static str]] {
    const WAYS: &[&[&str]] = &[
        &["--json"],
        &["--json", "--show-commands", "--show-netlink"],
    ];
    match user {
        User::Myself if is_root() => &WAYS[..1],
        User::Myself => WAYS,
        User::Nobody => &WAYS[1..],
    }
}

/// Neither a fault of netsh's own, nor anything that drives a terminal.
fn harmless(ran: &Ran) -> Verdict {
    for stream in [&ran.stdout, &ran.stderr] {
        let control = |c: char| c.is_control() && c != '\n';
        if let Some(at) = stream.find(control) {
            let line = stream[..at].rsplit('\n').next().unwrap_or_default();
            return Err(format!("a raw control character after {line:?}").into());
        }
        if stream.contains("panicked") || stream.contains("netsh itself failed") {
            return Err(shortened(ran));
        }
    }
    Ok(())
}

/// Words of Rust.
static RUST: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(
        r"\bi64|f64|u32|u64|usize|&str|ImmutableString|Dynamic|FnPtr|anon\$|Some\(|Err\(|Failure|\(os error",
    )
    .expect("a regular expression")
});

/// What a verb threw speaks of scripts, not of Rust, and can be printed as it is.
fn plain_words(calls: &[String], line: &str) -> Verdict {
    let caught: Value = serde_json::from_str(line)?;
    let error = &caught[1];
    if !error["op"].is_string() {
        return Ok(());
    }
    for key in ["message", "hint", "kernel"] {
        let words = error[key].as_str().unwrap_or("\u{0}");
        if words.contains(|c: char| c.is_control() && c != '\n' && c != '\t')
            || RUST.is_match(words)
        {
            let number = caught[0].as_u64().unwrap_or(0) as usize;
            let short: String = words.chars().take(300).collect();
            return Err(format!("{}: {key} is {short:?}", calls[number]).into());
        }
    }
    Ok(())
}

/// Scripts that fail, with an odd value in the place of `ODD`.
const FAILING: &[&str] = &[
    "link_up(ODD)",
    "throw ODD",
    "netns_get(ODD)",
    "assert(false, ODD)",
    "addr_add(\"v0\", ODD)",
    "veth_add(\"a\", \"b\", #{ mtu: ODD })",
    "ping(ODD)",
    "sysctl_get(ODD)",
    "h1.run(ODD)",
    "gone.run(ODD)",
    "-(ODD)",
    "let x = [1] - ODD",
    "h1.undefined(ODD)",
    "if type_of(ODD) != \"i64\" || ODD != 0 { exit(ODD) }",
];

/// The same errors where nobody catches them: what is printed begins with `error:`. Every value is tried in some of the scripts, half
/// of them by root and half by an ordinary user whom root can become.
fn uncaught(user: User) -> Verdict {
    let users = User::all();
    let own = users.iter().position(|one| *one == user).unwrap_or(0);
    let chosen = ODD.iter().skip(own).step_by(users.len() * every());
    for (at, odd) in chosen.enumerate() {
        for failing in FAILING.iter().skip(at % APART).step_by(APART) {
            let code = format!("{SCENE}\n{};", failing.replace("ODD", odd));
            let ran = run_with(user, &["--quiet"], &code)?;
            ends_well(&ran)
                .map_err(|error| format!("{failing} {odd}: {}", error.message().unwrap_or("")))?;
        }
    }
    Ok(())
}

fn ends_well(ran: &Ran) -> Verdict {
    harmless(ran)?;
    match ran.status {
        Some(0) if ran.stderr.is_empty() => Ok(()),
        Some(1) if ran.stderr.starts_with("error: ") => Ok(()),
        _ => Err(shortened(ran)),
    }
}

/// Closures that throw in closures, calls that never end, values that hold themselves; each with its exit status.
const CALLBACKS: &[(&str, i32)] = &[
    ("fn f(h, n) { h.run(|| f(h, n + 1)) } f(h1, 0)", 1),
    ("fn f(n) { wait_until(|| f(n + 1), \"1s\") } f(0)", 1),
    ("let f = |g| g.call(g); f.call(f)", 1),
    (
        "[1].map(|x| [2].filter(|y| h1.run(|| wait_until(|| [3].map(|z| throw [x, y, z]), \"5ms\"))))",
        1,
    ),
    ("wait_until(|| wait_until(|| false, \"1ms\"), \"5ms\")", 1),
    (
        "for i in 0..300 { try { h1.run(|| h1.run(|| throw i)) } catch {} }",
        0,
    ),
    ("h1.run(|| h1.run(|| netns_del(\"home\")))", 1),
    (
        "let h2 = netns_add(\"h2\"); h1.run(|| { h2.run(|| netns_del(\"h1\")); link_list() })",
        1,
    ),
    (
        "h1.run(|| { h1.run(|| ()); assert(h1.name == \"h1\" && h1.wait_until(|| h1.link_exists(\"lo\"), 1)) })",
        0,
    ),
    ("let a = [h1]; a[0].run(|| a.clear())", 1),
    ("let m = #{}; let f = || m; m.f = f; m.f.call()", 1),
    ("let x = [1]; let f = || x; x.push(f)", 1),
    ("let m = #{}; let f = || m; m.f = f; throw m", 1),
    ("eval(\"eval(\\\"link_up(1)\\\")\")", 1),
    ("exec(\"true\", [|| 1])", 1),
    (
        "let x = []; for i in 0..200 { x = [[[[[[[[x]]]]]]]]; } print(x)",
        0,
    ),
    ("let a = []; a.pad(9223372036854775807, 1)", 1),
    ("blob(9223372036854775807, 1)", 1),
    ("debug(\"\\x1b\")", 0),
];

fn callbacks(user: User) -> Verdict {
    for (code, status) in CALLBACKS {
        let ran = run_with(user, &[], &format!("{SCENE}{code};"))?;
        harmless(&ran)?;
        let words = *status == 0 || ran.stderr.starts_with("error: ");
        same((ran.status, words), (Some(*status), true))
            .map_err(|_| format!("{code}: {:?}", shortened(&ran)))?;
    }
    Ok(())
}

/// Texts that are no scripts, or hardly; each with what standard error begins with.
fn texts(user: User) -> Verdict {
    let nested = |open: &str, close: &str| {
        format!("let x = {}1{};", open.repeat(50_000), close.repeat(50_000))
    };
    let long = format!("/*{}*/ link_up(\"x\");", "x".repeat(10_000_000));
    for (text, words) in [
        (b"".as_slice(), ""),
        (
            b"\xef\xbb\xbf#!/usr/bin/env netsh\nlink_up(\"x\");",
            "error: cannot bring x up",
        ),
        (
            b"#!/usr/bin/env netsh\r\nlink_up(\"x\");\r\n",
            "error: cannot bring x up",
        ),
        (b"let x = \"a\0b\";", ""),
        (b"let x = 1;\0link_up(x);", "error: "),
        (b"link_up(\"\x1b[31m\xc2\x9b\");", "error: "),
        (b"link_up(\"\xff\");", "netsh: - is not UTF-8 text (byte 9)"),
        (b"\xff\xfep\0r\0", "netsh: - is not UTF-8 text (byte 0)"),
        (long.as_bytes(), "error: cannot bring x up"),
        (
            nested("[", "]").as_bytes(),
            "error: too much is nested here",
        ),
        (
            nested("(", ")").as_bytes(),
            "error: too much is nested here",
        ),
        (nested("!", "").as_bytes(), "error: too much is nested here"),
        (
            nested("`${", "}`").as_bytes(),
            "error: too much is nested here",
        ),
        ("1+".repeat(50_000).as_bytes(), "error: "),
        ("\"\\".repeat(50_000).as_bytes(), "error: "),
    ] {
        let ran = run_bytes(user, &[], text)?;
        harmless(&ran)?;
        let start = String::from_utf8_lossy(&text[..text.len().min(40)]);
        let ends_well = ran.stderr.starts_with(words) && ran.stderr.is_empty() == words.is_empty();
        same(
            (ran.status, ends_well),
            (Some(i32::from(!words.is_empty())), true),
        )
        .map_err(|_| format!("{start:?}: {:?}", shortened(&ran)))?;
    }
    Ok(())
}

fn shortened(ran: &Ran) -> Failed {
    let start = |text: &str| text.chars().take(1000).collect::<String>();
    format!(
        "status {:?}\n{}\n{}",
        ran.status,
        start(&ran.stdout),
        start(&ran.stderr)
    )
    .into()
}
