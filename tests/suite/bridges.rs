//! What bridges and tunnels know, in both directions: what netsh makes bridge sees as it sees what it makes itself by the commands
//! beside it, and netsh reads both alike. What the bridge of Debian 12 can't make it reads.
//!
//! The bytes are compared in `tests/kernel/bridge.rs`, with those of a newer one; here the kernel judges.

use libtest_mimic::{Failed, Trial};
use serde_json::{Value, json};

use crate::second_path::{list, observe};
use crate::support::{Need, User, Verdict, same, test};

const BRIDGE: &[Need] = &[Need::Program("ip"), Need::Program("bridge")];

const VLANS: &[Need] = &[
    Need::Program("bridge"),
    Need::Kernel("bridge vlan_filtering"),
];

/// The tests of this file.
pub fn trials() -> Vec<Trial> {
    [
        test(
            "bridges: made by netsh as by bridge, and read alike",
            BRIDGE,
            both_ways,
        ),
        test(
            "bridges: what netsh makes, as bridge sees it",
            BRIDGE,
            as_bridge_sees_it,
        ),
        test(
            "bridges: one entry or group is looked up as the list has it",
            BRIDGE,
            looked_up,
        ),
        test("bridges: flushed, and what stays", BRIDGE, flushed),
        test("bridges: what is refused, and why", &[], refused),
        test(
            "bridges: VLANs with their options and tunnels, as bridge sees them",
            VLANS,
            vlans,
        ),
    ]
    .into_iter()
    .flatten()
    .collect()
}

/// A bridge with two ports, and two tunnels. IPv6 joins groups by itself; addresses that the kernel chooses differ.
const WORLD: &str = r#"
    sysctl_set("net.ipv6.conf.default.disable_ipv6", 1);
    link_add("br0", "bridge", #{ up: true, mac: "02:00:00:00:00:b0" });
    for n in 1..3 {
        veth_add(`p${n}`, `h${n}`, #{ mac: `02:00:00:00:01:0${n}`, peer_mac: `02:00:00:00:02:0${n}` });
        link_set(`p${n}`, #{ master: "br0" });
        link_up(`h${n}`); link_up(`p${n}`);
    }
    link_add("vx0", "vxlan", #{ id: 5, dstport: 4789, mac: "02:00:00:00:00:b1" });
    link_add("vx1", "vxlan", #{ external: true, vnifilter: true, dstport: 4790, dev: "h1", mac: "02:00:00:00:00:b2" });
    link_up("vx1");
"#;

/// What scripts of this file call.
const FUNCTIONS: &str = r#"
fn tool(program, words) {
    let out = exec(program, words.split(" "));
    if out.code != 0 { throw `${program} ${words}: ${out.stderr}`; }
    out.stdout
}
fn timeless(one) {
    for key in ["used", "updated", "timer"] { one.remove(key); }
    one
}
"#;

/// What netsh is told; what ip or bridge are, a command a line; what bridge is asked; what netsh is asked.
type Case = (&'static str, &'static str, &'static str, &'static str);

const FDB: (&str, &str) = ("-d fdb show", "fdb_list()");
const MDB: (&str, &str) = ("-d mdb show", "mdb_list()");
const VNI: (&str, &str) = ("vni show", "vni_list()");

const CASES: &[Case] = &[
    (
        r#"fdb_add("p1", "02:00:00:00:00:01", #{ master: true, state: "static" });
           fdb_replace("p2", "02:00:00:00:00:01", #{ master: true, state: "dynamic" });"#,
        "bridge fdb add 02:00:00:00:00:01 dev p1 master static
         bridge fdb replace 02:00:00:00:00:01 dev p2 master dynamic",
        FDB.0,
        FDB.1,
    ),
    (
        r#"fdb_add("p1", "02:00:00:00:00:01", #{ master: true, state: "dynamic", extern_learn: true });
           fdb_add("p1", "02:00:00:00:00:02", #{ master: true, in_use: true, state: "dynamic" });
           fdb_add("p1", "02:00:00:00:00:03", #{ master: true, state: "local" });
           fdb_add("br0", "02:00:00:00:00:04", #{ self: true, state: "local" });
           fdb_add("p2", "02:00:00:00:00:05", #{ master: true, state: "static", sticky: true });
           fdb_add("p2", "02:00:00:00:00:06", #{ self: true, master: true });"#,
        "bridge fdb add 02:00:00:00:00:01 dev p1 master dynamic extern_learn
         bridge fdb add 02:00:00:00:00:02 dev p1 master use dynamic
         bridge fdb add 02:00:00:00:00:03 dev p1 master local
         bridge fdb add 02:00:00:00:00:04 dev br0 self local
         bridge fdb add 02:00:00:00:00:05 dev p2 master static sticky
         bridge fdb add 02:00:00:00:00:06 dev p2 self master",
        FDB.0,
        FDB.1,
    ),
    (
        r#"fdb_add("vx0", "00:00:00:00:00:00", #{ dst: "10.0.0.1" });
           fdb_add("vx0", "00:00:00:00:00:00", #{ dst: "10.0.0.2", append: true, port: 99, vni: 7 });
           fdb_add("vx0", "02:00:00:00:00:01", #{ dst: "10.0.0.1", router: true });
           fdb_replace("vx0", "02:00:00:00:00:01", #{ dst: "10.0.0.3", via: "p1" });
           fdb_add("vx1", "02:00:00:00:00:01", #{ dst: "10.0.0.1", src_vni: 5, vni: 6 });"#,
        "bridge fdb add 00:00:00:00:00:00 dev vx0 dst 10.0.0.1
         bridge fdb append 00:00:00:00:00:00 dev vx0 dst 10.0.0.2 port 99 vni 7
         bridge fdb add 02:00:00:00:00:01 dev vx0 dst 10.0.0.1 router
         bridge fdb replace 02:00:00:00:00:01 dev vx0 dst 10.0.0.3 via p1
         bridge fdb add 02:00:00:00:00:01 dev vx1 dst 10.0.0.1 src_vni 5 vni 6",
        FDB.0,
        FDB.1,
    ),
    (
        r#"tool("ip", "nexthop add id 1 via 10.0.0.1 fdb"); tool("ip", "nexthop add id 9 group 1 fdb");
           fdb_add("vx0", "02:00:00:00:00:01", #{ nhid: 9 });"#,
        "ip nexthop add id 1 via 10.0.0.1 fdb
         ip nexthop add id 9 group 1 fdb
         bridge fdb add 02:00:00:00:00:01 dev vx0 nhid 9",
        FDB.0,
        FDB.1,
    ),
    (
        r#"vni_add("vx1", 10); vni_add("vx1", "20-24", #{ remote: "10.0.0.1" }); vni_add("vx1", "30-31", #{ group: "239.1.1.1" });
           vni_add("vx1", 10, #{ remote: "10.0.0.2" }); vni_del("vx1", "22-23");"#,
        "bridge vni add dev vx1 vni 10
         bridge vni add dev vx1 vni 20-24 remote 10.0.0.1
         bridge vni add dev vx1 vni 30-31 group 239.1.1.1
         bridge vni add dev vx1 vni 10 remote 10.0.0.2
         bridge vni delete dev vx1 vni 22-23",
        VNI.0,
        VNI.1,
    ),
    (
        r#"mdb_add("br0", "p1", "239.1.1.1", #{ state: "permanent" }); mdb_add("br0", "p2", "239.1.1.1", #{ src: "10.0.0.1" });
           mdb_add("br0", "br0", "239.1.1.2"); mdb_add("br0", "p1", "ff05::1", #{ state: "temp" });
           mdb_add("br0", "p1", "01:02:03:04:05:06", #{ state: "permanent" });
           mdb_add("br0", "p1", "239.1.1.3"); mdb_del("br0", "p1", "239.1.1.3");"#,
        "bridge mdb add dev br0 port p1 grp 239.1.1.1 permanent
         bridge mdb add dev br0 port p2 grp 239.1.1.1 src 10.0.0.1
         bridge mdb add dev br0 port br0 grp 239.1.1.2
         bridge mdb add dev br0 port p1 grp ff05::1 temp
         bridge mdb add dev br0 port p1 grp 01:02:03:04:05:06 permanent",
        MDB.0,
        MDB.1,
    ),
    (
        r#"link_set("p1", #{ mcast_router: 2 });"#,
        "bridge link set dev p1 mcast_router 2",
        MDB.0,
        "mdb_router_list()",
    ),
];

fn both_ways(user: User) -> Verdict {
    let mut code = FUNCTIONS.to_string();
    for (at, (netsh, commands, asked, list)) in CASES.iter().enumerate() {
        let commands: String = commands
            .lines()
            .filter_map(|line| line.trim().split_once(' '))
            .map(|(program, words)| format!("tool({program:?}, {words:?});"))
            .collect();
        for (side, made) in [("n", *netsh), ("b", &commands)] {
            code += &format!(
                "let h = netns_add(\"{side}{at}\"); h.run(|| {{ {WORLD}{made} }});\nshow([h.run(|| tool(\"bridge\", \"-j {asked}\")), h.run(|| {list}.map(|one| timeless(one)))]);\n"
            );
        }
    }
    let shown = observe(user, &code)?;
    same(shown.len(), 2 * CASES.len())?;
    let mut wrong = Vec::new();
    for ((case, _, asked, list), both) in CASES.iter().zip(shown.chunks(2)) {
        for (at, what) in [(0, asked), (1, list)] {
            let (mine, theirs) = (sorted(&both[0][at]), sorted(&both[1][at]));
            if mine != theirs || mine.len() < 6 {
                wrong.push(format!(
                    "{case}\n  {what}\n  by netsh:  {mine}\n  by bridge: {theirs}"
                ));
            }
        }
    }
    match wrong.is_empty() {
        true => Ok(()),
        false => Err(wrong.join("\n").into()),
    }
}

/// Lists as text, their items in one order, without what changes with time.
fn sorted(value: &Value) -> String {
    match value {
        Value::Array(items) => {
            let mut items: Vec<String> = items.iter().map(sorted).collect();
            items.sort();
            format!("[{}]", items.join(", "))
        }
        Value::Object(pairs) => {
            let pairs = pairs.iter().filter(|(key, _)| *key != "timer");
            let pairs: Vec<String> = pairs
                .map(|(key, value)| format!("{key}: {}", sorted(value)))
                .collect();
            format!("{{{}}}", pairs.join(", "))
        }
        other => other.to_string(),
    }
}

/// Linux from which on; what netsh is told; what bridge is asked; what is in an item of its answer; how many such items.
type Seen = ((u32, u32), &'static str, &'static str, fn() -> Value, usize);

const SEEN: &[Seen] = &[
    (
        (6, 2),
        r#"link_set("br0", #{ mcast_igmp_version: 3 }); mdb_add("br0", "p1", "239.1.1.1", #{ state: "permanent", filter_mode: "include", source_list: ["10.0.0.1", "10.0.0.2"], protocol: "zebra" })"#,
        "-d mdb show",
        || json!({ "grp": "239.1.1.1", "filter_mode": "include", "protocol": "zebra", "source_list": [{ "address": "10.0.0.1" }, { "address": "10.0.0.2" }] }),
        1,
    ),
    (
        (6, 2),
        r#"mdb_replace("br0", "p1", "239.1.1.1", #{ state: "permanent", filter_mode: "exclude", source_list: ["10.0.0.3"] })"#,
        "-d mdb show",
        || json!({ "grp": "239.1.1.1", "filter_mode": "exclude", "source_list": [{ "address": "10.0.0.3" }] }),
        1,
    ),
    (
        (6, 4),
        r#"mdb_add("vx1", "vx1", "239.1.1.1", #{ state: "permanent", dst: "10.0.0.1", src_vni: 10 })"#,
        "-d mdb show dev vx1",
        || json!({ "port": "vx1", "grp": "239.1.1.1", "state": "permanent" }),
        1,
    ),
    (
        (5, 14),
        r#"fdb_add("p1", "02:00:00:00:00:09", #{ master: true, state: "static", activity_notify: true, inactive: true })"#,
        "fdb show brport p1",
        || json!({ "mac": "02:00:00:00:00:09", "state": "static" }),
        1,
    ),
    (
        (6, 4),
        r#"assert(mdb_list(#{ dev: "vx1" }).map(|one| [one.dst, one.src_vni]) == [["10.0.0.1", 10]])"#,
        "-d mdb show dev vx1",
        || json!({ "grp": "239.1.1.1" }),
        1,
    ),
    (
        (5, 14),
        r#"assert(fdb_get("02:00:00:00:00:09", #{ br: "br0" }).flags == ["activity_notify", "inactive"])"#,
        "fdb show brport p1",
        || json!({ "mac": "02:00:00:00:00:09" }),
        1,
    ),
    (
        (6, 3),
        r#"link_set("p2", #{ mcast_max_groups: 3 }); assert(link_list().filter(|link| link.name == "p2")[0].port.mcast_max_groups == 3)"#,
        "-d link show dev p2",
        || json!({ "ifname": "p2" }),
        1,
    ),
    (
        (6, 2),
        r#"link_set("p2", #{ learning: true, locked: true, mab: true }); let port = link_list().filter(|link| link.name == "p2")[0].port; assert(port.mab && port.locked)"#,
        "-d link show dev p2",
        || json!({ "ifname": "p2", "locked": true }),
        1,
    ),
];

/// Whether this kernel is that new.
fn is_since((major, minor): (u32, u32)) -> Result<bool, Failed> {
    let release = std::fs::read_to_string("/proc/sys/kernel/osrelease")?;
    let mut numbers = release
        .split(['.', '-'])
        .map_while(|part| part.parse().ok());
    let now: (u32, u32) = (numbers.next().unwrap_or(0), numbers.next().unwrap_or(0));
    Ok(now >= (major, minor))
}

fn as_bridge_sees_it(user: User) -> Verdict {
    let mut code = format!("{FUNCTIONS}{WORLD}");
    let mut cases = Vec::new();
    for case in SEEN {
        if is_since(case.0)? {
            code += &format!("{};\nshow(tool(\"bridge\", \"-j {}\"));\n", case.1, case.2);
            cases.push(case);
        }
    }
    let shown = observe(user, &code)?;
    same(shown.len(), cases.len())?;
    let mut wrong = Vec::new();
    for ((_, code, asked, wanted, count), answer) in cases.into_iter().zip(&shown) {
        let items = match &answer[0]["mdb"] {
            Value::Null => list(answer),
            groups => list(groups),
        };
        let wanted = wanted();
        // A bridge that knows VLANs enters what is of none in each VLAN of the port too.
        let items = items.iter().filter(|item| item["vlan"].is_null());
        let found = items.filter(|item| contains(item, &wanted)).count();
        if found != *count {
            wrong.push(format!(
                "{code}\n  bridge {asked}: {answer}\n  lacks {wanted}"
            ));
        }
    }
    match wrong.is_empty() {
        true => Ok(()),
        false => Err(wrong.join("\n").into()),
    }
}

/// Whether a value has all that the wanted one has; lists have as many items, in any order.
fn contains(found: &Value, wanted: &Value) -> bool {
    match (found, wanted) {
        (Value::Object(found), Value::Object(wanted)) => wanted.iter().all(|(key, wanted)| {
            let found = found.get(key);
            found.is_some_and(|found| contains(found, wanted))
        }),
        (Value::Array(found), Value::Array(wanted)) => {
            let has = |wanted| found.iter().any(|found| contains(found, wanted));
            found.len() == wanted.len() && wanted.iter().all(has)
        }
        (found, wanted) => found == wanted,
    }
}

fn looked_up(user: User) -> Verdict {
    let mut code = format!(
        r#"{FUNCTIONS}{WORLD}
        fdb_add("p1", "02:00:00:00:00:01", #{{ master: true, state: "static" }});
        fdb_add("vx0", "02:00:00:00:00:02", #{{ dst: "10.0.0.1" }});
        let of = |mac| fdb_list().filter(|one| one.mac == mac && one.vlan == ()).map(|one| timeless(one))[0];
        let one = of.call("02:00:00:00:00:01");
        show([timeless(fdb_get("02:00:00:00:00:01", #{{ br: "br0" }})), one]);
        show([timeless(fdb_get("02:00:00:00:00:01", #{{ dev: "p2" }})), one]);
        show([timeless(fdb_get("02:00:00:00:00:02", #{{ dev: "vx0", self: true }})), of.call("02:00:00:00:00:02")]);
        "#
    );
    let mut count = 3;
    if is_since((6, 8))? {
        code += r#"
        mdb_add("br0", "p1", "239.1.1.1", #{ state: "permanent" });
        mdb_add("br0", "p2", "239.1.1.1", #{ state: "permanent", src: "10.0.0.1" });
        let all = mdb_list().filter(|one| one.group == "239.1.1.1");
        show([mdb_get("br0", "239.1.1.1"), all.filter(|one| one.src == ())]);
        show([mdb_get("br0", "239.1.1.1", #{ src: "10.0.0.1" }), all.filter(|one| one.src != ())]);
        "#;
        count += 2;
    }
    let shown = observe(user, &code)?;
    same(shown.len(), count)?;
    shown.iter().try_for_each(|both| {
        same(&both[0], &both[1])?;
        same(both[0].is_null(), false)
    })
}

/// What of the entries 1 (permanent), 2 (static), 3 (dynamic, learnt by others) and 4 (static, sticky, at the other port) stays.
const FLUSHES: &[(&str, &[i64])] = &[
    (r#"fdb_flush("br0")"#, &[]),
    (r#"fdb_flush("br0", #{ state: "permanent" })"#, &[2, 3, 4]),
    (r#"fdb_flush("br0", #{ state: "static" })"#, &[1, 3]),
    (r#"fdb_flush("br0", #{ state: "dynamic" })"#, &[1, 2, 4]),
    (
        r#"fdb_flush("br0", #{ state: ["nopermanent", "nostatic"] })"#,
        &[1, 2, 4],
    ),
    (
        r#"fdb_flush("br0", #{ extern_learn: false, sticky: false })"#,
        &[3, 4],
    ),
    (r#"fdb_flush("br0", #{ brport: "p2" })"#, &[1, 2, 3]),
    (
        r#"fdb_flush("p1", #{ master: true, state: "static" })"#,
        &[1, 3, 4],
    ),
    (r#"fdb_flush("br0", #{ vlan: 7 })"#, &[1, 2, 3, 4]),
];

fn flushed(user: User) -> Verdict {
    let mut code = format!("{FUNCTIONS}{WORLD}");
    for (flush, _) in FLUSHES {
        code += &format!(
            r#"
            fdb_replace("p1", "02:00:00:00:00:01", #{{ master: true }});
            fdb_replace("p1", "02:00:00:00:00:02", #{{ master: true, state: "static" }});
            fdb_replace("p1", "02:00:00:00:00:03", #{{ master: true, state: "dynamic", extern_learn: true }});
            fdb_replace("p2", "02:00:00:00:00:04", #{{ master: true, state: "static", sticky: true }});
            {flush};
            show(tool("bridge", "-j fdb show br br0"));
            "#
        );
    }
    let shown = observe(user, &code)?;
    same(shown.len(), FLUSHES.len())?;
    for ((flush, stay), answer) in FLUSHES.iter().zip(&shown) {
        let entries = list(answer).iter().filter(|one| one["vlan"].is_null());
        let macs = entries.filter_map(|one| one["mac"].as_str()?.strip_prefix("02:00:00:00:00:0"));
        let mut stayed: Vec<i64> = macs.filter_map(|mac| mac.parse().ok()).collect();
        stayed.sort_unstable();
        same((flush, stayed.as_slice()), (flush, *stay))?;
    }
    Ok(())
}

/// Linux from which on; what is refused; what is said, and which argument is to blame. The errno is another from kernel to kernel.
const REFUSED: &[((u32, u32), &str, &str, &str)] = &[
    (
        (5, 0),
        r#"bridge_vlan_set("h1", 10, #{ state: "blocking" })"#,
        "h1 is no port of a bridge",
        "link",
    ),
    (
        (5, 0),
        r#"bridge_vlan_set("p1", 10)"#,
        "there is nothing to set",
        "options",
    ),
    (
        (5, 0),
        r#"bridge_vlan_set("p1", 4095, #{ state: "blocking" })"#,
        "4095 is no VLAN: they go from 1 to 4094",
        "vid",
    ),
    (
        (5, 0),
        r#"bridge_vlan_global_set("p1", 1, #{ mcast_querier: true })"#,
        "p1 is no bridge",
        "bridge",
    ),
    (
        (5, 0),
        r#"bridge_vlan_global_set("br0", "9-5", #{ mcast_querier: true })"#,
        "ends before it begins",
        "vid",
    ),
    (
        (5, 0),
        r#"bridge_vlan_add("p1", 5, #{ tunnel_info: 16777216 })"#,
        "16777216 is no VXLAN network: they go from 0 to 16777215",
        "tunnel_info",
    ),
    (
        (5, 0),
        r#"bridge_vlan_add("p1", 5, #{ tunnel_info: 5, pvid: true })"#,
        "changes nothing else",
        "pvid",
    ),
    (
        (5, 0),
        r#"bridge_vlan_list(#{ vid: 0 })"#,
        "0 is no VLAN",
        "vid",
    ),
    (
        (5, 0),
        r#"fdb_get("02:00:00:00:00:01")"#,
        "nobody is asked",
        "options",
    ),
    (
        (5, 0),
        r#"fdb_list(#{ state: "permanet" })"#,
        "is no state of an entry",
        "state",
    ),
    (
        (5, 0),
        r#"fdb_add("p1", "02:00:00:00:00:01", #{ activity_notify: true })"#,
        "is for the entries of a bridge",
        "activity_notify",
    ),
    (
        (5, 0),
        r#"fdb_add("p1", "02:00:00:00:00:01", #{ master: true, inactive: true })"#,
        "only matters where",
        "inactive",
    ),
    (
        (5, 0),
        r#"fdb_add("p1", "02:00:00:00:00:01", #{ nhid: 5 })"#,
        "nhid is for the entries of a VXLAN link",
        "nhid",
    ),
    (
        (5, 19),
        r#"fdb_flush("h1", #{ master: true })"#,
        "h1 is no port of a bridge",
        "master",
    ),
    (
        (6, 8),
        r#"mdb_get("br0", "239.1.1.9")"#,
        "br0 has no such group",
        "group",
    ),
    ((6, 8), r#"mdb_flush("h1")"#, "h1 is no bridge", "bridge"),
    (
        (5, 19),
        r#"fdb_flush("br0", #{ brport: "h1" })"#,
        "h1 is no port of br0",
        "brport",
    ),
    (
        (5, 19),
        r#"bridge_add("br1"); link_set("h1", #{ master: "br1" }); fdb_flush("br0", #{ brport: "h1" })"#,
        "h1 is no port of br0",
        "brport",
    ),
    (
        (5, 19),
        r#"fdb_flush("br0", #{ brport: "br1" })"#,
        "br1 is another bridge than br0",
        "brport",
    ),
    (
        (5, 0),
        r#"link_set("h1", #{ nomaster: true }); mdb_add("br0", "h1", "239.1.1.9")"#,
        "h1 is no port of br0",
        "port",
    ),
    (
        (5, 0),
        r#"mdb_add("br0", "p1", "239.1.1.9", #{ filter_mode: "both" })"#,
        "neither include nor exclude",
        "filter_mode",
    ),
    (
        (5, 0),
        r#"mdb_add("br0", "p1", "239.1.1.9", #{ source_list: [5] })"#,
        "is no IP address of a sender",
        "source_list",
    ),
    (
        (5, 0),
        r#"vni_add("vx1", 16777216)"#,
        "is no VXLAN network",
        "vni",
    ),
    (
        (5, 0),
        r#"vni_list(#{ vni: 99999999 })"#,
        "99999999 is no VXLAN network: they go from 0 to 16777215",
        "vni",
    ),
    (
        (5, 0),
        r#"vni_list(#{ vni: -5 })"#,
        "-5 is no VXLAN network: they go from 0 to 16777215",
        "vni",
    ),
    (
        (5, 18),
        r#"vni_add("vx1", 0)"#,
        "the kernel takes network 0 only together with others",
        "vni",
    ),
    (
        (5, 0),
        r#"vni_add("vx1", "12-10")"#,
        "ends before it begins",
        "vni",
    ),
    (
        (5, 0),
        r#"vni_add("vx1", 10, #{ group: "10.0.0.1" })"#,
        "no address of a multicast group",
        "group",
    ),
    (
        (5, 0),
        r#"vni_add("vx1", 10, #{ group: "239.1.1.1", remote: "10.0.0.1" })"#,
        "or to one other end",
        "remote",
    ),
    (
        (5, 0),
        r#"vni_add("br0", 10)"#,
        "br0 is no VXLAN tunnel",
        "link",
    ),
];

fn refused(user: User) -> Verdict {
    let mut code = WORLD.to_string();
    let mut cases = Vec::new();
    for case in REFUSED {
        if is_since(case.0)? {
            code += &format!(
                "try {{ {}; show([(), ()]); }} catch (e) {{ show([e.message, e.argument]); }}\n",
                case.1
            );
            cases.push(case);
        }
    }
    let shown = observe(user, &code)?;
    same(shown.len(), cases.len())?;
    let mut wrong = Vec::new();
    for ((_, code, words, argument), said) in cases.into_iter().zip(&shown) {
        let has_words = said[0].as_str().is_some_and(|said| said.contains(words));
        if !has_words || said[1] != *argument {
            wrong.push(format!("{code}\n  says {said}"));
        }
    }
    match wrong.is_empty() {
        true => Ok(()),
        false => Err(wrong.join("\n").into()),
    }
}

/// Runs where bridges know VLANs: tests/vm/run.
fn vlans(user: User) -> Verdict {
    let code = format!(
        r#"{FUNCTIONS}{WORLD}
        link_set("br0", #{{ vlan_filtering: true }});
        link_add("vx2", "vxlan", #{{ external: true, dstport: 4791 }});
        link_set("vx2", #{{ master: "br0", vlan_tunnel: true }});
        bridge_vlan_add("p1", "10-14", #{{ untagged: true }}); bridge_vlan_add("br0", "10-11", #{{ self: true }});
        bridge_vlan_add("vx2", "10-13"); bridge_vlan_add("vx2", "10-13", #{{ tunnel_info: "1000-1003" }});
        bridge_vlan_del("vx2", "12-13", #{{ tunnel_info: "1002-1003" }});
        bridge_vlan_set("p1", "11-12", #{{ state: "blocking", mcast_router: 2 }});
        bridge_vlan_global_set("br0", "10-11", #{{ mcast_querier: true, mcast_last_member_count: 3 }});
        tool("bridge", "vlan set dev p1 vid 13 state learning");
        tool("bridge", "vlan global set dev br0 vid 14 mcast_startup_query_count 7");
        let mine = |link| bridge_vlan_list(#{{ dev: link }}).filter(|one| one.vid > 9);
        show([tool("bridge", "-j -d vlan show dev p1"), mine.call("p1").map(|one| [one.vid, one.options.state, one.options.mcast_router])]);
        show([tool("bridge", "-j vlan tunnelshow dev vx2"), mine.call("vx2").map(|one| [one.vid, one.tunnel])]);
        show([tool("bridge", "-j -d vlan global show dev br0"), bridge_vlan_global_list(#{{ dev: "br0" }}).filter(|one| one.vid > 9)
            .map(|one| [one.vid, one.options.mcast_querier, one.options.mcast_last_member_count, one.options.mcast_startup_query_count])]);
        let reasons = [];
        for bad in [
            || bridge_vlan_del("p1", 3000), || bridge_vlan_del("vx2", 10, #{{ tunnel_info: 50 }}),
            || bridge_vlan_del("vx2", 12, #{{ tunnel_info: 1002 }}), || bridge_vlan_set("p1", 77, #{{ state: "blocking" }}),
            || bridge_vlan_global_set("br0", 99, #{{ mcast_querier: true }}), || bridge_vlan_add("p1", 10, #{{ tunnel_info: 5 }}),
            || bridge_vlan_del("h1", 5),
        ] {{
            try {{ bad.call(); reasons.push(()); }} catch (e) {{ reasons.push(e.argument); }}
        }}
        show(reasons);
        "#
    );
    let shown = observe(user, &code)?;
    same(shown.len(), 4)?;
    same(
        &shown[0][1],
        &json!([
            [10, "forwarding", 1],
            [11, "blocking", 2],
            [12, "blocking", 2],
            [13, "learning", 1],
            [14, "forwarding", 1]
        ]),
    )?;
    let of_p1 = list(&shown[0][0][0]["vlans"]);
    let is_blocked = |one: &&Value| one["state"] == "blocking" && one["vlan"] == 11;
    same(of_p1.iter().filter(is_blocked).count(), 1)?;
    same(
        &shown[1][1],
        &json!([[10, 1000], [11, 1001], [12, null], [13, null]]),
    )?;
    same(
        &shown[1][0][0]["tunnels"],
        &json!([{ "vlan": 10, "vlanEnd": 11, "tunid": 1000, "tunidEnd": 1001 }]),
    )?;
    let of_all = list(&shown[2][1]);
    let wanted = [
        json!([10, true, 3, 2]),
        json!([11, true, 3, 2]),
        json!([14, false, 2, 7]),
    ];
    same(wanted.iter().all(|one| of_all.contains(one)), true)?;
    let global = list(&shown[2][0][0]["vlans"]);
    let asks = |one: &&Value| one["mcast_querier"] == 1 && one["mcast_last_member_count"] == 3;
    same(global.iter().any(|one| asks(&one)), true)?;
    same(
        &shown[3],
        &json!([
            "vid",
            "tunnel_info",
            "tunnel_info",
            "vid",
            "vid",
            "tunnel_info",
            "link"
        ]),
    )
}
