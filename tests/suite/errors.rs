//! What a script can catch, and what it can't. What is printed of an error that nobody catches is in `golden.rs`.

use libtest_mimic::{Failed, Trial};
use nix::errno::Errno;
use serde_json::{Value, json};

use crate::support::{Need, User, Verdict, run, run_json, run_with, same, test};

/// The tests of this file.
pub fn trials() -> Vec<Trial> {
    [
        test(
            "errors: the map that a script catches",
            &[],
            the_map_that_a_script_catches,
        ),
        test(
            "errors: a failed verb leaves nothing half done",
            &[Need::Program("ip")],
            nothing_half_done,
        ),
        test(
            "errors: a throw inside run comes home",
            &[Need::Program("readlink")],
            a_throw_comes_home,
        ),
        test(
            "errors: a caught error is thrown again as it was",
            &[],
            thrown_again,
        ),
        test(
            "errors: no try keeps a script that eats the memory alive",
            &[],
            no_try_holds_the_memory,
        ),
    ]
    .into_iter()
    .flatten()
    .collect()
}

/// What is common to all cases: a pair with its one end in h1, where h2 is no more.
const SCENE: &str = r#"
let h1 = netns_add("h1");
let gone = netns_add("h2");
netns_del("h2");
veth_add("v0", "v1", #{ peer_netns: h1 });
addr_add("v0", "192.0.2.1/24");
"#;

/// A case: the code; and op, object, netns, errno, argument of the map.
type Case = (&'static str, [&'static str; 3], Option<Errno>, &'static str);

const CASES: &[Case] = &[
    (
        r#"link_up("v7")"#,
        ["link_up", "v7", ""],
        Some(Errno::ENODEV),
        "link",
    ),
    (
        r#"h1.link_up("v0")"#,
        ["link_up", "v0", "h1"],
        Some(Errno::ENODEV),
        "link",
    ),
    (
        r#"h1.run(|| link_get("v0"))"#,
        ["link_get", "v0", "h1"],
        Some(Errno::ENODEV),
        "link",
    ),
    (
        r#"link_set("v0", #{ master: "br9" })"#,
        ["link_set", "br9", ""],
        Some(Errno::ENODEV),
        "master",
    ),
    (
        r#"veth_add("v0", "v2")"#,
        ["veth_add", "v0", ""],
        Some(Errno::EEXIST),
        "name",
    ),
    (
        r#"veth_add("v2", "v0")"#,
        ["veth_add", "v2", ""],
        Some(Errno::EEXIST),
        "peer",
    ),
    (
        r#"veth_add("v2", "0123456789abcdef")"#,
        ["veth_add", "0123456789abcdef", ""],
        None,
        "peer",
    ),
    (
        r#"link_set("v0", #{ name: "a/b" })"#,
        ["link_set", "a/b", ""],
        None,
        "name",
    ),
    (
        r#"link_set("v0", #{ mtu: 70000 })"#,
        ["link_set", "v0", ""],
        Some(Errno::EINVAL),
        "mtu",
    ),
    (
        r#"link_add("w0", "warpdrive")"#,
        ["link_add", "w0", ""],
        Some(Errno::EOPNOTSUPP),
        "kind",
    ),
    (
        r#"link_del("lo")"#,
        ["link_del", "lo", ""],
        Some(Errno::EOPNOTSUPP),
        "link",
    ),
    (
        r#"addr_add("v0", "192.0.2.1/24")"#,
        ["addr_add", "v0", ""],
        Some(Errno::EEXIST),
        "cidr",
    ),
    (
        r#"addr_del("v0", "192.0.2.9/24")"#,
        ["addr_del", "v0", ""],
        Some(Errno::EADDRNOTAVAIL),
        "cidr",
    ),
    (
        r#"addr_add("v7", "192.0.2.1/24")"#,
        ["addr_add", "v7", ""],
        Some(Errno::ENODEV),
        "link",
    ),
    (
        r#"addr_add("v0", "192.0.2.0/24")"#,
        ["addr_add", "192.0.2.0/24", ""],
        None,
        "cidr",
    ),
    (
        r#"addr_list("v7")"#,
        ["addr_list", "v7", ""],
        Some(Errno::ENODEV),
        "link",
    ),
    (
        r#"neigh_list(#{ dev: "v7" })"#,
        ["neigh_list", "v7", ""],
        Some(Errno::ENODEV),
        "dev",
    ),
    (
        r#"veth_add("a", "b", #{ mtuu: 1 })"#,
        ["veth_add", "mtuu", ""],
        None,
        "mtuu",
    ),
    (
        r#"veth_add("a", "b", #{ up: 1 })"#,
        ["veth_add", "up", ""],
        None,
        "up",
    ),
    (
        r#"sysctl_get("net.ipv4.nothing")"#,
        ["sysctl_get", "net.ipv4.nothing", ""],
        Some(Errno::ENOENT),
        "name",
    ),
    (
        r#"sysctl_get("net.ipv4.conf")"#,
        ["sysctl_get", "net.ipv4.conf", ""],
        Some(Errno::EISDIR),
        "name",
    ),
    (
        r#"sysctl_set("net.ipv4.ip_forward", "x")"#,
        ["sysctl_set", "net.ipv4.ip_forward", ""],
        Some(Errno::EINVAL),
        "value",
    ),
    (
        r#"sysctl_set("vm.swappiness", 1)"#,
        ["sysctl_set", "vm.swappiness", ""],
        Some(Errno::EPERM),
        "name",
    ),
    (
        r#"netns_get("h3")"#,
        ["netns_get", "h3", ""],
        Some(Errno::ENOENT),
        "name",
    ),
    (
        r#"netns_add("h1")"#,
        ["netns_add", "h1", ""],
        Some(Errno::EEXIST),
        "name",
    ),
    (
        r#"netns_del("h3")"#,
        ["netns_del", "h3", ""],
        Some(Errno::ENOENT),
        "name",
    ),
    (
        r#"h1.run(|| netns_del("h1"))"#,
        ["netns_del", "h1", ""],
        Some(Errno::EBUSY),
        "name",
    ),
    (
        r#"gone.link_list()"#,
        ["link_list", "h2", ""],
        Some(Errno::ENOENT),
        "",
    ),
    (
        r#"gone.run(|| 1)"#,
        ["run", "h2", ""],
        Some(Errno::ENOENT),
        "",
    ),
    (
        r#"veth_add("a", "b", #{ peer_netns: "h3" })"#,
        ["veth_add", "h3", ""],
        Some(Errno::ENOENT),
        "peer_netns",
    ),
    (
        r#"exec("no-such-program", [])"#,
        ["exec", "no-such-program", ""],
        Some(Errno::ENOENT),
        "program",
    ),
    (
        r#"wait_until(|| false, "1ms")"#,
        ["wait_until", "", ""],
        Some(Errno::ETIMEDOUT),
        "condition",
    ),
    (
        r#"assert(1 == 2, "no")"#,
        ["assert", "", ""],
        None,
        "condition",
    ),
    (r#"sleep("a while")"#, ["sleep", "", ""], None, "time"),
    (
        r#"ping("203.0.113.1")"#,
        ["ping", "203.0.113.1", ""],
        Some(Errno::ENETUNREACH),
        "destination",
    ),
    (
        r#"ping("no-such-host.invalid")"#,
        ["ping", "no-such-host.invalid", ""],
        None,
        "destination",
    ),
    (
        r#"ping("127.0.0.1", #{ source: "192.0.2.9" })"#,
        ["ping", "192.0.2.9", ""],
        Some(Errno::EADDRNOTAVAIL),
        "source",
    ),
    (
        r#"ping("127.0.0.1", #{ iface: "v7" })"#,
        ["ping", "v7", ""],
        Some(Errno::ENODEV),
        "iface",
    ),
];

fn the_map_that_a_script_catches(user: User) -> Verdict {
    let attempts = CASES.iter().map(|(code, ..)| {
        format!("try {{ {code}; show(\"no error\"); }} catch (e) {{ show(e); }}\n")
    });
    let caught = run_json(user, &format!("{SCENE}{}", attempts.collect::<String>()))?;
    let faults = CASES.iter().zip(&caught);
    let faults: Vec<String> = faults
        .filter_map(|(case, caught)| fault(case, caught))
        .collect();
    same(caught.len(), CASES.len())?;
    same(faults, Vec::new())?;
    // A call that there is no function for has no less in it.
    let code = r#"try { link_up(1) } catch (e) { print([e.op, e.object, e.netns, e.errno, e.code, e.kernel, e.argument, "function" in e]) }"#;
    same(
        run(user, code)?.as_str(),
        "[\"link_up\", \"\", \"\", (), 0, \"\", \"\", false]\n",
    )
}

/// What is wrong with what was caught.
fn fault((code, [op, object, netns], errno, argument): &Case, caught: &Value) -> Option<String> {
    let text = |key: &str| caught[key].as_str().is_some();
    let wanted = json!({
        "argument": argument,
        "code": errno.map_or(0, |errno| errno as i32),
        "errno": errno.map(|errno| format!("{errno:?}")),
        "hint": caught["hint"],
        "kernel": caught["kernel"],
        "message": caught["message"],
        "netns": netns,
        "object": object,
        "op": op,
    });
    let has_words = text("hint") && text("kernel") && caught["message"].as_str() != Some("");
    (*caught != wanted || !has_words).then(|| format!("{code}: {caught}\n  wanted {wanted}"))
}

fn nothing_half_done(user: User) -> Verdict {
    let code = r#"
        let h1 = netns_add("h1");
        veth_add("taken", "peer", #{ peer_netns: h1 });
        let links = || exec("ip", ["-br", "link"]).stdout + h1.exec("ip", ["-br", "link"]).stdout;
        let before = links.call();
        let failed = 0;
        for attempt in [
            || veth_add("v0", "peer", #{ peer_netns: h1, up: true }),
            || veth_add("v0", "v0", #{ up: true }),
            || veth_add("v0", "v1", #{ mtu: 70000 }),
            || link_set("taken", #{ up: true, mtu: 1400, master: "lo" }),
        ] {
            try { attempt.call() } catch { failed += 1 }
            if links.call() != before { print(`${attempt}: ${before} became ${links.call()}`); before = links.call(); }
        }
        print(failed);
        // What is not undone is said.
        try { link_set("taken", #{ netns: h1, mtu: 70000 }) } catch (e) { print(e.message) }
        print(exec("ip", ["-br", "link"]).stdout.contains("taken"));
    "#;
    let moved = "cannot set mtu of taken: an MTU of 70000 is outside of what the link can do; \
                 taken has moved to netns h1 all the same";
    same(run(user, code)?, format!("4\n{moved}\nfalse\n"))
}

fn a_throw_comes_home(user: User) -> Verdict {
    let code = r#"
        let h1 = netns_add("h1");
        let h2 = netns_add("h2");
        let here = || exec("readlink", ["/proc/self/ns/net"]).stdout;
        let home = here.call();
        let inside = ();
        try {
            h1.run(|| {
                try { h2.run(|| { throw here.call() }) } catch (e) { inside = [e, here.call()]; }
                h2.run(|| link_up("nothing"));
            });
        } catch (e) { print(e.netns) }
        print(here.call() == home);
        print(inside[0] != inside[1] && inside[0] != home && inside[1] != home);
        try { h2.ping("203.0.113.1") } catch (e) { print(e.netns) }
        print(here.call() == home);
    "#;
    same(run(user, code)?.as_str(), "h2\ntrue\ntrue\nh2\ntrue\n")
}

fn thrown_again(user: User) -> Verdict {
    let code = "try { link_up(\"v7\") } catch (e) { e.hint = \"ask a friend\"; throw e; }";
    let ran = run_with(user, &[], code)?;
    same(ran.status, Some(1))?;
    for part in ["there is no link \"v7\"", "ENODEV", "help: ask a friend"] {
        if !ran.stderr.contains(part) {
            return Err(Failed::from(format!("{part:?} is not in {}", ran.stderr)));
        }
    }
    Ok(())
}

fn no_try_holds_the_memory(user: User) -> Verdict {
    let code = r#"
        let s = "x";
        try { loop { s += s; } } catch { print("caught") }
        print("alive");
    "#;
    let ran = run_with(user, &[], code)?;
    same((ran.status, ran.stdout.as_str()), (Some(1), ""))?;
    same(
        ran.stderr.starts_with("error: the script uses more than"),
        true,
    )
}
