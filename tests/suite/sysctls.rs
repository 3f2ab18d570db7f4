//! Kernel parameters, each seen through /proc as well.

use libtest_mimic::Trial;
use serde_json::{Value, json};

use crate::second_path::{list, observe};
use crate::support::{Need, User, Verdict, same, test};

/// The tests of this file.
pub fn trials() -> Vec<Trial> {
    [
        test("sysctls: set and read", &[], set_and_read),
        test(
            "sysctls: of links with a dot in their names",
            &[],
            of_links_with_a_dot,
        ),
        test(
            "sysctls: each namespace has its own",
            &[],
            each_namespace_has_its_own,
        ),
        test("sysctls: the machine's own", &[], the_machines_own),
        test(
            "sysctls: listed as they are in /proc",
            &[],
            listed_as_in_proc,
        ),
        test(
            "sysctls: those that can't be read",
            &[],
            those_that_cannot_be_read,
        ),
        test(
            "sysctls: as sysctl(8) calls them",
            &[Need::Program("sysctl")],
            as_sysctl_calls_them,
        ),
    ]
    .into_iter()
    .flatten()
    .collect()
}

/// What a script does, the file of the parameter, and what is in it then.
fn set_and_read(user: User) -> Verdict {
    let steps = [
        (
            r#"sysctl_set("net.ipv4.ip_forward", 1)"#,
            "net/ipv4/ip_forward",
            "1",
        ),
        (
            r#"sysctl_set("net/ipv4/ip_forward", "0")"#,
            "net/ipv4/ip_forward",
            "0",
        ),
        (
            r#"sysctl_set("net.ipv4.ip_forward", true)"#,
            "net/ipv4/ip_forward",
            "1",
        ),
        (
            r#"sysctl_set("net.ipv4.ip_forward", false)"#,
            "net/ipv4/ip_forward",
            "0",
        ),
        (
            r#"sysctl_set("net.ipv6.conf.all.forwarding", 1)"#,
            "net/ipv6/conf/all/forwarding",
            "1",
        ),
        (
            r#"sysctl_set("net.ipv4.conf.lo.accept_local", 1)"#,
            "net/ipv4/conf/lo/accept_local",
            "1",
        ),
        (
            r#"sysctl_set("net.ipv6.conf.lo.hop_limit", 7)"#,
            "net/ipv6/conf/lo/hop_limit",
            "7",
        ),
        (
            r#"sysctl_set("net.ipv4.ip_local_port_range", "2000 3000")"#,
            "net/ipv4/ip_local_port_range",
            "2000\t3000",
        ),
        (
            r#"sysctl_set("net.ipv4.route.flush", 1)"#,
            "net/ipv4/ip_local_port_range",
            "2000\t3000",
        ),
    ];
    let code: String = steps
        .iter()
        .map(|(code, file, _)| {
            format!("{code};\nshow(exec(\"cat\", [\"/proc/sys/{file}\"]).stdout);\n")
        })
        .collect();
    let reads = r#"
        show(sysctl_get("net.ipv4.ip_forward"));
        show(sysctl_get("net/ipv4/ip_local_port_range"));
        show(type_of(sysctl_get("net.ipv4.ip_forward")));
    "#;
    let shown = observe(user, &format!("{code}{reads}"))?;
    for ((code, _, wanted), found) in steps.iter().zip(&shown) {
        if *found != json!(format!("{wanted}\n")) {
            return Err(format!("after {code}: {found}").into());
        }
    }
    same(
        shown[steps.len()..].to_vec(),
        vec![json!(0), json!("2000\t3000"), json!("i64")],
    )
}

fn of_links_with_a_dot(user: User) -> Verdict {
    let code = r#"
        veth_add("v0.10", "v1");
        let file = |family| exec("cat", [`/proc/sys/net/${family}/conf/v0.10/forwarding`]).stdout;
        sysctl_set("net.ipv4.conf.v0/10.forwarding", 1);
        show([sysctl_get("net/ipv4/conf/v0.10/forwarding"), file.call("ipv4")]);
        sysctl_set("net/ipv6/conf/v0.10/forwarding", 1);
        show([sysctl_get("net.ipv6.conf.v0/10.forwarding"), file.call("ipv6")]);
        show(sysctl_list("net.ipv4.conf.v0/10").filter(|found| found.name == "net.ipv4.conf.v0/10.forwarding"));
        show(sysctl_list("net/ipv4/conf/v0.10").len() == sysctl_list("net.ipv4.conf.v0/10").len());
    "#;
    let shown = observe(user, code)?;
    same(&shown[0], &json!([1, "1\n"]))?;
    same(&shown[1], &json!([1, "1\n"]))?;
    same(
        &shown[2],
        &json!([{ "name": "net.ipv4.conf.v0/10.forwarding", "value": 1 }]),
    )?;
    same(&shown[3], &json!(true))
}

fn each_namespace_has_its_own(user: User) -> Verdict {
    let code = r#"
        let h1 = netns_add("h1");
        let file = "/proc/sys/net/ipv4/ip_forward";
        sysctl_set("net.ipv4.ip_forward", 0);
        h1.sysctl_set("net.ipv4.ip_forward", 1);
        show([sysctl_get("net.ipv4.ip_forward"), h1.sysctl_get("net.ipv4.ip_forward")]);
        show([exec("cat", [file]).stdout, h1.exec("cat", [file]).stdout]);
        h1.run(|| sysctl_set("net.ipv4.ip_forward", 0));
        sysctl_set("net.ipv4.ip_forward", 1);
        show([exec("cat", [file]).stdout, h1.exec("cat", [file]).stdout]);
        h1.veth_add("a", "b");
        let failed = ();
        try { sysctl_get("net.ipv4.conf.a.forwarding") } catch (e) { failed = e.errno; }
        show([failed, h1.sysctl_list("net.ipv4.conf.a.forwarding").len()]);
    "#;
    let shown = observe(user, code)?;
    let wanted = [
        json!([0, 1]),
        json!(["0\n", "1\n"]),
        json!(["1\n", "0\n"]),
        json!(["ENOENT", 1]),
    ];
    same(shown, wanted.to_vec())
}

/// In the sandbox they can be read and not be set, however the name is written.
fn the_machines_own(user: User) -> Verdict {
    let before = std::fs::read_to_string("/proc/sys/vm/swappiness")?;
    let code = r#"
        let errnos = [];
        for name in ["vm.swappiness", "vm/swappiness", "kernel.hostname", "fs.file-max", "net.ipv4.no_such_thing"] {
            try { sysctl_set(name, sysctl_get("vm.swappiness") + 1); errnos.push("set"); } catch (e) { errnos.push(e.errno); }
        }
        for name in ["net/../vm/swappiness", "net.//.vm.swappiness", "/proc/sys/vm/swappiness", "", "net/./ipv4"] {
            try { sysctl_set(name, 1); errnos.push("set"); } catch (e) { errnos.push(e.argument); }
        }
        show(errnos);
        show(sysctl_get("vm.swappiness"));
    "#;
    let shown = observe(user, code)?;
    let name = "name";
    let wanted = json!([
        "EPERM", "EPERM", "EPERM", "EPERM", "ENOENT", name, name, name, name, name
    ]);
    same(&shown[0], &wanted)?;
    same(shown[1].to_string(), before.trim().to_string())?;
    same(std::fs::read_to_string("/proc/sys/vm/swappiness")?, before)
}

fn listed_as_in_proc(user: User) -> Verdict {
    let code = r#"
        veth_add("v0.10", "v1");
        for prefix in ["net.ipv4.conf", "net/ipv6/conf/", "net.ipv4.conf.", "net.ipv4.ip_forward"] { show(sysctl_list(prefix)); }
        show(exec("sh", ["-c", "cd /proc/sys && find net/ipv4/conf -type f -readable | while read f; do echo \"$f=$(cat $f)\"; done"]).stdout);
    "#;
    let shown = observe(user, code)?;
    let mut wanted: Vec<(String, String)> = shown[4]
        .as_str()
        .unwrap_or_default()
        .lines()
        .filter_map(|line| line.split_once('='))
        .map(|(path, value)| (dotted(path), value.to_string()))
        .collect();
    wanted.sort();
    let mut found: Vec<(String, String)> = list(&shown[0]).iter().map(name_and_value).collect();
    found.sort();
    same(&found, &wanted)?;
    if !found
        .iter()
        .any(|(name, _)| name == "net.ipv4.conf.v0/10.rp_filter")
        || found.len() < 50
    {
        return Err("the list is too short".into());
    }
    same(&shown[2], &shown[0])?;
    let all_ipv6 = list(&shown[1]).iter().all(|found| {
        found["name"]
            .as_str()
            .is_some_and(|name| name.starts_with("net.ipv6.conf."))
    });
    same(all_ipv6 && list(&shown[1]).len() > 50, true)?;
    same(
        &shown[3],
        &json!([{ "name": "net.ipv4.ip_forward", "value": 0 }]),
    )
}

/// The dotted spelling of a path.
fn dotted(path: &str) -> String {
    path.chars()
        .map(|c| match c {
            '/' => '.',
            '.' => '/',
            c => c,
        })
        .collect()
}

fn name_and_value(found: &Value) -> (String, String) {
    let value = match &found["value"] {
        Value::String(text) => text.clone(),
        number => number.to_string(),
    };
    (
        found["name"].as_str().unwrap_or_default().to_string(),
        value,
    )
}

fn those_that_cannot_be_read(user: User) -> Verdict {
    let code = r#"
        let failed = [];
        try { sysctl_get("net.ipv4.route.flush") } catch (e) { failed.push(e.errno); }
        try { sysctl_get("net.ipv4.conf") } catch (e) { failed.push(e.errno); }
        try { sysctl_set("net.ipv4.conf", 1) } catch (e) { failed.push(e.errno); }
        try { sysctl_set("net.ipv4.ip_forward", "many") } catch (e) { failed.push(e.errno); }
        try { sysctl_set("net.ipv4.ip_forward", [1]) } catch (e) { failed.push(e.argument); }
        try { sysctl_list("net.ipv5") } catch (e) { failed.push(e.errno); }
        show(failed);
        show(sysctl_list("net.ipv4.route").filter(|found| found.name == "net.ipv4.route.flush"));
    "#;
    let shown = observe(user, code)?;
    same(
        &shown[0],
        &json!(["EACCES", "EISDIR", "EISDIR", "EINVAL", "value", "ENOENT"]),
    )?;
    same(&shown[1], &json!([]))
}

fn as_sysctl_calls_them(user: User) -> Verdict {
    let code = r#"
        veth_add("v0.10", "v1");
        sysctl_set("net.ipv4.conf.v0/10.rp_filter", 2);
        show(exec("sysctl", ["-n", "net.ipv4.conf.v0/10.rp_filter"]).stdout);
        show(exec("sysctl", ["-n", "net/ipv4/conf/v0.10/rp_filter"]).stdout);
        exec("sysctl", ["-w", "net.ipv4.conf.v0/10.rp_filter=1"]);
        show(sysctl_get("net.ipv4.conf.v0/10.rp_filter"));
        let mine = sysctl_list("net.ipv4.conf").map(|found| found.name);
        let theirs = exec("sysctl", ["-N", "-a", "-r", "^net.ipv4.conf"]).stdout.split("\n").filter(|name| name != "");
        mine.sort();
        theirs.sort();
        show(mine == theirs);
    "#;
    same(
        observe(user, code)?,
        vec![json!("2\n"), json!("2\n"), json!(1), json!(true)],
    )
}
