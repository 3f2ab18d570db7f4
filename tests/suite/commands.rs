//! What `--show-commands` prints is a bash script that makes the same network: run with the real iproute2 in a fresh
//! namespace, it is compared with what netsh made. Equal but for indexes, hardware addresses that nobody chose, and times.

use std::collections::BTreeSet;
use std::path::Path;

use libtest_mimic::{Completion, Failed, Trial};
use serde_json::Value;

use crate::labs::{SKIPPED, labs};
use crate::support::{
    Need, Ran, User, Verdict, lacking, netsh, of_row, program, run_with, same, test,
    test_that_may_end,
};

const TOOLS: &[Need] = &[
    Need::Program("ip"),
    Need::Program("bash"),
    Need::Program("unshare"),
    Need::Program("sysctl"),
];

const LAB_TOOLS: &[Need] = &[
    Need::Program("ip"),
    Need::Program("bridge"),
    Need::Program("tc"),
    Need::Program("nft"),
    Need::Program("bash"),
    Need::Program("unshare"),
    Need::Program("sysctl"),
];

/// The tests of this file.
pub fn trials() -> Vec<Trial> {
    [
        test(
            "commands: the lab uses every change with every option",
            &[],
            the_lab_uses_everything,
        ),
        test(
            "commands: printed, they are a script that makes the same lab",
            TOOLS,
            they_make_the_same_lab,
        ),
        test(
            "commands: what was refused and undone adds up too",
            TOOLS,
            refusals_add_up,
        ),
        test(
            "commands: any text survives the shell",
            TOOLS,
            any_text_survives,
        ),
        test(
            "commands: each before its change, on standard error",
            &[],
            each_before_its_change,
        ),
    ]
    .into_iter()
    .flatten()
    .chain(labs().into_iter().enumerate().flat_map(|(number, lab)| {
        let stem = lab.file_stem().unwrap_or_default().to_string_lossy();
        let name = format!("commands: those of the lab {stem} make what it has at its end");
        let trials = test_that_may_end(&name, LAB_TOOLS, move |user| of_a_lab(user, &lab));
        of_row(number, trials)
    }))
    .collect()
}

/// The verbs that change something.
const CHANGES: [&str; 26] = [
    "veth_add",
    "link_add",
    "link_up",
    "link_down",
    "link_del",
    "link_set",
    "link_altname_add",
    "link_altname_del",
    "addr_add",
    "addr_del",
    "addr_flush",
    "route_add",
    "route_append",
    "route_change",
    "route_replace",
    "route_del",
    "route_flush",
    "rule_add",
    "rule_del",
    "neigh_add",
    "neigh_replace",
    "neigh_del",
    "neigh_flush",
    "sysctl_set",
    "netns_add",
    "netns_del",
];

/// Every change with every option. No IPv6 addresses of the links' own making: they depend on hardware addresses that the
/// kernel chooses.
pub const LAB: &str = r#"
    sysctl_set("net.ipv6.conf.default.addr_gen_mode", 1);
    let h1 = netns_add("h1");
    let h2 = netns_add("h 2", #{ lo: false });
    let gone = netns_add("gone", #{ lo: true });
    for netns in [h1, h2] { netns.sysctl_set("net/ipv6/conf/default/addr_gen_mode", 1); }
    netns_del(gone);

    veth_add("a", "b");
    veth_add("type", "name", #{ mtu: 1400, mac: "02:00:00:00:00:01", peer_mac: "02:00:00:00:00:02", up: true });
    veth_add("c", "d", #{ peer_netns: h1, mtu: 1300, up: true, peer_mac: "02:00:00:00:00:0d" });
    veth_add("e", "f", #{ netns: "h1", mac: "02:00:00:00:00:0e" });
    veth_add("g", "h", #{ netns: h1, peer_netns: h2, up: true });
    h1.veth_add("i", "j", #{ peer_netns: "home", mtu: 2000 });
    h1.veth_add("k", "l", #{ netns: "home", peer_netns: h2, peer_mac: "02:00:00:00:00:11" });
    h2.veth_add("up", "down");
    veth_add("v0.10", "v0@10");
    veth_add("temporary", "short");
    link_add("br0", "bridge", #{ mtu: 1450, mac: "02:00:00:00:00:b0", up: true });
    link_add("br1", "bridge", #{ mac: "02:00:00:00:00:b1" });
    h1.link_add("dev", "bridge", #{ mac: "02:00:00:00:00:b2", up: false });
    link_del("temporary");
    h1.bridge_add("far", #{ mac: "02:00:00:00:00:b3" });
    veth_add("near", "there", #{ txqueuelen: 70, master: "br0", peer_netns: h1, peer_master: "far" });

    link_set("a", #{ master: "br0", mtu: 1350, mac: "02:00:00:00:00:0a", up: true });
    link_set("b", #{ master: "br1" });
    link_set("b", #{ nomaster: true, promisc: true, txqueuelen: 17, alias: "it's $HOME, `x` \"q\" \\ é" });
    link_set("b", #{ name: "renamed", up: true });
    link_set("type", #{ promisc: true });
    link_set("type", #{ promisc: false, alias: "to go" });
    link_set("type", #{ alias: "" });
    link_set("j", #{ netns: h2 });
    h2.link_set("j", #{ netns: "home", name: "back", mtu: 1900, up: true });
    link_set("f", #{ netns: "h1", name: "fff", txqueuelen: 0 });
    h1.link_set("dev", #{ up: true });
    h2.link_up("up");
    h2.link_up("down");
    h2.link_up("lo");
    link_up("k");
    link_down("k");
    link_up("v0.10");
    link_up("v0@10");

    veth_add("m", "n", #{ up: true });
    link_add("mv0", "macvlan", #{ parent: "m", mode: "bridge", mac: "02:00:00:00:00:c0", numtxqueues: 2, numrxqueues: 3, txqueuelen: 9, group: 5, index: 90, alias: "it's above", master: "br1" });
    link_add("away", "bridge", #{ netns: h1, mac: "02:00:00:00:00:c1", ageing_time: 7, up: true });
    macvlan_add("mv1", "m", #{ netns: h1, mac: "02:00:00:00:00:c2", mode: "source", macaddr: ["02:00:00:00:00:05"], nodst: true, up: true });
    bridge_add("br2", #{ mac: "02:00:00:00:00:c3", forward_delay: 4, hello_time: "1500ms", mcast_snooping: false, no_linklocal_learn: true, group_fwd_mask: 8 });
    vxlan_add("vx0", 42, #{ mac: "02:00:00:00:00:c4", dev: "m", group: "239.1.1.1", dstport: 4789, srcport: [1000, 2000], ttl: "inherit", tos: 16, learning: false, proxy: true, gbp: true, ageing: "1m" });
    link_set("br2", #{ settings: #{ priority: 4096 } });
    link_set("br2", #{ max_age: 9, group: 6 });
    link_set("n", #{ master: "br2", cost: 7, priority: 9, hairpin: true, guard: true, root_block: true, fastleave: true, learning: false, flood: false, mcast_flood: false, bcast_flood: false, mcast_to_unicast: true, mcast_router: 2, isolated: true, locked: true, proxy_arp: true, proxy_arp_wifi: true, neigh_suppress: true, vlan_tunnel: true, group_fwd_mask: 8, fdb_flush: true });
    link_set("type", #{ master: "br2", port: #{ cost: 9 } });
    link_set("n", #{ backup_port: "type", state: "disabled" });
    link_set("type", #{ nomaster: true });
    link_set("n", #{ backup_port: "" });

    veth_add("p0", "p1", #{ mac: "02:00:00:00:00:e0", peer_mac: "02:00:00:00:00:e1" });
    link_set("p0", #{ arp: false, multicast: false, allmulticast: true, dynamic: true, addrgenmode: "none", broadcast: "ff:ff:ff:ff:ff:fe", gso_max_size: 10000, gso_max_segs: 10, gro_max_size: 20000 });

    link_altname_add("p0", "altname");
    link_altname_add("altname", "an-altname-of-more-than-15-bytes:$HOME,'é'");
    link_altname_add("p0", "gone");
    h1.link_altname_add("d", "altname");
    link_set("an-altname-of-more-than-15-bytes:$HOME,'é'", #{ alias: "found" });
    link_altname_del("gone", "gone");

    addr_add("type", "10.0.0.1/24");
    addr_add("type", "10.0.0.2/25", #{ broadcast: "+", label: "type:two", scope: "link", noprefixroute: true });
    addr_add("type", "10.1.0.1/32", #{ peer: "10.1.0.2", metric: 300 });
    addr_add("type", "10.2.0.1/24", #{ broadcast: "10.2.0.99", valid_lft: 5000, preferred_lft: "1h" });
    addr_add("type", "224.1.2.3/32", #{ autojoin: true });
    addr_add("type", "fd00::1/64");
    addr_add("type", "fd01::1/64", #{ dad: false, home: true, metric: 77 });
    addr_add("type", "fd02::1/128", #{ peer: "fd02::2" });
    addr_add("back", "fd03::1/64", #{ dad: true, optimistic: true, mngtmpaddr: true, valid_lft: "forever", preferred_lft: "forever" });
    addr_add("lo", "127.0.0.9/8");
    addr_add("lo", "10.9.9.9/32", #{ scope: "host" });
    h1.addr_add("d", "10.0.1.1/24");
    h1.addr_add("d", "fe80::77/64");
    h2.run(|| addr_add("up", "10.3.0.1/24", #{ broadcast: "+" }));
    addr_add("type", "10.4.0.1/24");
    addr_del("type", "10.4.0.1/24");
    addr_add("type", "10.5.0.1/32", #{ peer: "10.5.0.2" });
    addr_del("type", "10.5.0.1/32", #{ peer: "10.5.0.2" });
    for n in 1..4 { addr_add("renamed", `10.6.0.${n}/24`); addr_add("renamed", `fd06::${n}/64`); }
    for n in 1..4 { addr_add("v0.10", `10.7.0.${n}/24`); addr_add("v0.10", `fd07::${n}/64`); }
    for n in 1..4 { h1.addr_add("fff", `10.8.0.${n}/24`); h1.addr_add("fff", `fd08::${n}/64`); }
    addr_flush("renamed", #{ family: "inet" });
    addr_flush("v0.10", #{ family: "inet6" });
    h1.addr_flush("fff");

    veth_add("r0", "r1", #{ mac: "02:00:00:00:00:70", peer_mac: "02:00:00:00:00:71", up: true });
    addr_add("r0", "10.70.0.1/24");
    addr_add("r0", "fd70::1/64");
    route_add("10.71.0.0/16", #{ via: "10.70.0.2", dev: "r0", src: "10.70.0.1", metric: 5, table: 100, scope: "global", protocol: "static", tos: 16, type: "unicast", family: "inet", mtu: 1400, advmss: 1300, window: 9000, rtt: "20ms", rttvar: "10ms", rto_min: "50ms", ssthresh: 9, cwnd: 10, initcwnd: 11, initrwnd: 12, reordering: 4, hoplimit: 9, quickack: 1, congctl: "reno", features: "ecn", fastopen_no_cookie: 1, realms: "3/5", lock: ["mtu", "cwnd"] });
    route_add("10.72.0.0/16", #{ via: "172.16.0.1", dev: "r0", onlink: true });
    route_add("10.73.0.0/16", #{ nexthops: [#{ via: "10.70.0.2", weight: 2 }, #{ dev: "r0", via: "10.70.0.3" }] });
    route_add("10.74.0.0/16", #{ via: "inet6 fd70::2", dev: "r0" });
    route_add("default", #{ via: "fd70::2", from: "fd71::/64", pref: "high", expires: "1h", metric: 9 });
    route_add("default", #{ type: "blackhole", family: "inet6", table: 77 });
    route_replace("10.71.1.0/24", #{ via: "10.70.0.2", dev: "r0", src: "10.70.0.1", metric: 5, table: 100, scope: "global", protocol: "static", tos: 16, type: "unicast", family: "inet", mtu: 1400, advmss: 1300, window: 9000, rtt: "20ms", rttvar: "10ms", rto_min: "50ms", ssthresh: 9, cwnd: 10, initcwnd: 11, initrwnd: 12, reordering: 4, hoplimit: 9, quickack: 1, congctl: "reno", features: "ecn", fastopen_no_cookie: 1, realms: 5, lock: ["mtu"] });
    route_replace("10.72.0.0/16", #{ via: "172.16.0.3", dev: "r0", onlink: true });
    route_replace("10.73.0.0/16", #{ nexthops: [#{ via: "10.70.0.4" }, #{ via: "10.70.0.5", weight: 9 }] });
    route_replace("default", #{ via: "fd70::3", from: "fd72::/64", pref: "low", expires: "1h", metric: 9 });
    route_append("10.71.1.0/24", #{ via: "10.70.0.5", dev: "r0", src: "10.70.0.1", metric: 5, table: 100, scope: "global", protocol: "static", tos: 16, type: "unicast", family: "inet", mtu: 1400, advmss: 1300, window: 9000, rtt: "20ms", rttvar: "10ms", rto_min: "50ms", ssthresh: 9, cwnd: 10, initcwnd: 11, initrwnd: 12, reordering: 4, hoplimit: 9, quickack: 1, congctl: "reno", features: "ecn", fastopen_no_cookie: 1, realms: 5, lock: ["mtu"] });
    route_append("10.72.0.0/16", #{ via: "172.16.0.5", dev: "r0", onlink: true });
    route_append("10.73.0.0/16", #{ nexthops: [#{ via: "10.70.0.5" }, #{ via: "10.70.0.9", weight: 7 }] });
    route_append("default", #{ via: "fd70::5", from: "fd73::/64", pref: "low", expires: "1h", metric: 9 });
    route_change("10.71.1.0/24", #{ via: "10.70.0.6", dev: "r0", src: "10.70.0.1", metric: 5, table: 100, scope: "global", protocol: "static", tos: 16, type: "unicast", family: "inet", mtu: 1400, advmss: 1300, window: 9000, rtt: "20ms", rttvar: "10ms", rto_min: "50ms", ssthresh: 9, cwnd: 10, initcwnd: 11, initrwnd: 12, reordering: 4, hoplimit: 9, quickack: 1, congctl: "reno", features: "ecn", fastopen_no_cookie: 1, realms: 5, lock: ["mtu"] });
    route_change("10.72.0.0/16", #{ via: "172.16.0.6", dev: "r0", onlink: true });
    route_change("10.73.0.0/16", #{ nexthops: [#{ via: "10.70.0.6" }, #{ via: "10.70.0.9", weight: 7 }] });
    route_change("default", #{ via: "fd70::6", from: "fd72::/64", pref: "low", expires: "1h", metric: 9 });
    route_add("10.75.0.0/16", #{ via: "10.70.0.2", dev: "r0", src: "10.70.0.1", metric: 5, tos: 16, protocol: "static" });
    route_del("10.75.0.0/16", #{ via: "10.70.0.2", dev: "r0", src: "10.70.0.1", metric: 5, table: "main", scope: "global", protocol: "static", tos: 16, type: "unicast", family: "inet" });
    route_add("10.76.0.0/16", #{ nexthops: [#{ via: "10.70.0.2" }, #{ via: "10.70.0.3" }] });
    route_del("10.76.0.0/16", #{ nexthops: [#{ via: "10.70.0.2" }, #{ via: "10.70.0.3" }] });
    for n in 0..4 { route_add(`10.77.${n}.0/24`, #{ via: "10.70.0.2", table: 78, protocol: if n < 2 { "static" } else { "boot" } }); }
    route_flush(#{ table: 78, dev: "r0", via: "10.70.0.2", family: "inet", type: "unicast", protocol: "static" });
    rule_add(#{ priority: 7, from: "10.0.0.0/8", to: "10.2.0.1", table: 1000, iif: "r0", oif: "lo", fwmark: "0x1/0xff", tos: 16, uidrange: 0, ipproto: "tcp", sport: "80-90", dport: 443, not: true, protocol: "static", suppress_prefixlength: 0, suppress_ifgroup: 5 });
    for n in 0..4 { route_add(`10.78.${n}.0/24`, #{ via: "10.70.0.2", table: 79 }); }
    route_flush(#{ table: 79, root: "10.78.0.0/23", scope: "global" });
    route_flush(#{ table: 79, matches: "10.78.2.9" });
    route_flush(#{ table: 79, exact: "10.78.3.0/24" });
    rule_add(#{ priority: 9, l3mdev: true, tun_id: 7, realms: "3/5" });
    rule_add(#{ priority: 10, l3mdev: true, tun_id: 8, realms: 6 });
    rule_del(#{ priority: 10, l3mdev: true, tun_id: 8, realms: 6 });
    rule_add(#{ family: "inet", action: "prohibit", iif: "r0" });
    rule_add(#{ target: 7, priority: 3 });
    rule_add(#{ priority: 8, from: "10.0.0.0/8", to: "10.2.0.1", table: 1000, iif: "r0", oif: "lo", fwmark: "0x1/0xff", tos: 16, uidrange: 0, ipproto: "tcp", sport: "80-90", dport: 443, not: true, protocol: "static", suppress_prefixlength: 0, suppress_ifgroup: 5 });
    rule_del(#{ priority: 8, from: "10.0.0.0/8", to: "10.2.0.1", table: 1000, iif: "r0", oif: "lo", fwmark: "0x1/0xff", tos: 16, uidrange: 0, ipproto: "tcp", sport: "80-90", dport: 443, not: true, protocol: "static", suppress_prefixlength: 0, suppress_ifgroup: 5 });
    rule_add(#{ target: 7, priority: 4 });
    rule_add(#{ action: "blackhole", priority: 5, family: "inet6" });
    rule_del(#{ action: "goto", target: 7, priority: 4 });
    rule_del(#{ action: "blackhole", family: "inet6" });
    neigh_add("r0", "10.70.0.9", #{ mac: "02:00:00:00:00:79" });
    neigh_add("r0", "fd70::9", #{ mac: "02:00:00:00:00:79", router: true, state: "noarp", extern_learn: false });
    neigh_add("r0", "10.70.0.8", #{ proxy: true });
    neigh_replace("r0", "10.70.0.9", #{ mac: "02:00:00:00:00:7a", router: false, state: "permanent", extern_learn: true });
    neigh_replace("r0", "10.70.0.7", #{ proxy: true });
    neigh_del("r0", "10.70.0.7", #{ proxy: true });
    neigh_add("r0", "10.70.0.6", #{ mac: "02:00:00:00:00:76", state: "stale" });
    neigh_flush(#{ to: "10.70.0.0/29", dev: "r0", family: "inet", state: "stale" });
    link_set("r1", #{ master: "br0" });
    fdb_add("r1", "02:00:00:00:00:05", #{ master: true, state: "static", sticky: true });
    fdb_add("r1", "02:00:00:00:00:06", #{ self: true });
    fdb_add("r1", "02:00:00:00:00:07", #{ master: true, state: "dynamic", extern_learn: true });
    fdb_add("r1", "02:00:00:00:00:08", #{ master: true });
    fdb_del("r1", "02:00:00:00:00:08", #{ master: true });
    fdb_del("r1", "02:00:00:00:00:06", #{ self: true });
    mdb_add("br0", "r1", "239.1.1.1", #{ state: "permanent" });
    mdb_add("br0", "r1", "239.1.1.2", #{ state: "permanent", src: "10.0.0.1" });
    mdb_add("br0", "r1", "239.1.1.3", #{ state: "permanent", src: "10.0.0.1" });
    mdb_del("br0", "r1", "239.1.1.3", #{ src: "10.0.0.1" });
    fdb_add("r1", "02:00:00:00:00:0d", #{ master: true, state: "static" });
    fdb_replace("r1", "02:00:00:00:00:0d", #{ master: true, state: "static", sticky: true });
    fdb_add("r1", "02:00:00:00:00:0e", #{ master: true, state: "static", extern_learn: true });
    fdb_flush("br0", #{ brport: "r1", state: "static", extern_learn: true, sticky: false, added_by_user: true });
    link_add("vx1", "vxlan", #{ external: true, vnifilter: true, dstport: 4790, dev: "r0", mac: "02:00:00:00:00:d1" });
    vni_add("vx1", "10-19", #{ remote: "10.0.0.2" });
    vni_add("vx1", 20, #{ group: "239.1.1.1" });
    vni_del("vx1", "15-16");
    fdb_add("vx1", "02:00:00:00:00:0f", #{ dst: "10.0.0.3", src_vni: 10, vni: 11, port: 99, via: "r0" });
    fdb_add("vx1", "00:00:00:00:00:00", #{ dst: "10.0.0.4", src_vni: 10, append: true });

    sysctl_set("net.ipv4.ip_forward", 1);
    sysctl_set("net.ipv4.conf.v0/10.accept_local", true);
    sysctl_set("net/ipv4/conf/v0@10/rp_filter", 2);
    sysctl_set("net.ipv4.ip_local_port_range", "2000 3000");
    h1.sysctl_set("net.ipv6.conf.d.hop_limit", 9);
    h2.sysctl_set("net.ipv4.conf.all.log_martians", "1");
"#;

/// Refused changes, halves that are undone, and what is done all the same.
const REFUSALS: &str = r#"
    sysctl_set("net.ipv6.conf.default.addr_gen_mode", 1);
    let h1 = netns_add("h1");
    let refused = 0;
    veth_add("a", "b", #{ mtu: 1400, mac: "02:00:00:00:00:0a", peer_mac: "02:00:00:00:00:0b" });
    veth_add("c", "d", #{ peer_netns: h1, mac: "02:00:00:00:00:0c", peer_mac: "02:00:00:00:00:0d" });
    try { veth_add("a", "x") } catch { refused += 1; }
    try { link_set("a", #{ mtu: 1200, alias: "never", name: "c" }) } catch { refused += 1; }
    try { link_set("a", #{ mtu: 1200, name: "never", master: "lo" }) } catch { refused += 1; }
    try { link_set("a", #{ txqueuelen: 3, mtu: 1 }) } catch { refused += 1; }
    try { addr_add("a", "10.0.0.1/24"); addr_add("a", "10.0.0.1/24"); } catch { refused += 1; }
    try { h1.link_set("d", #{ netns: "home", mtu: 1500, name: "a" }) } catch { refused += 1; }
    try { netns_add("h1") } catch { refused += 1; }
    try { sysctl_set("net.ipv4.ip_forward", "many") } catch { refused += 1; }
    assert(refused == 8, `${refused} were refused`);
"#;

/// Functions for a look at what there is as bash with iproute2 sees it, one line for each object. The look at a namespace is one bash,
/// and what one program can tell it tells at once: in an emulator a process is dear.
/// The kernel works on carriers in the background; asking for each link makes it come to an end first, since Linux 6.8.
const ASKING: &str = r#"
settled() {
    local -a links
    mapfile -t links < <(sed -n 's/^ *\([^ ]*\):.*/\1/p' /proc/net/dev)
    printf 'link show dev %s\n' "${links[@]}" | ip -batch - >/dev/null
    # A VLAN of a bridge may stay like that.
    for _ in {1..6}; do
        ip -o -d link | grep -Eq 'LOWER_UP.* state (DOWN|LOWERLAYERDOWN) |state UNKNOWN.* veth' || break
        sleep 0.2
    done
}
told() { # NAMESPACE OPTIONS WHAT...
    local ns=$1 options=$2; shift 2
    paste <(printf "$ns\t$options %s\n" "$@") <(printf '%s\n' "$@" | ip -j -d $options -batch -)
}
sysctls() { # NAMESPACE
    grep -rs '' /proc/sys/net/ipv4 /proc/sys/net/ipv6 /proc/sys/net/bridge | sed "s/^/$1\tsysctl\t/"
}
"#;

/// The look at the home namespace and at those named after.
const LOOK: &str = r#"
look() {
    local ns=$1 family
    settled
    told "$ns" '' link addr neigh 'neigh show nud permanent' 'neigh show proxy'
    for family in -4 -6; do told "$ns" "$family" 'route show table all' rule; done
    printf '%s\tfdb\t%s\n' "$ns" "$(bridge -j -d fdb show br br0 state static 2>/dev/null)"
    printf '%s\tfdb\t%s\n' "$ns" "$(bridge -j -d fdb show brport vx1 2>/dev/null)"
    printf '%s\tvni\t%s\n' "$ns" "$(bridge -j vni show 2>/dev/null)"
    sysctls "$ns"
}
"#;

/// The look at what a lab has at its end, in all its namespaces; without what packets have left behind.
const LAB_LOOK: &str = r#"
look() {
    local ns=$1 family link vlans what
    settled
    told "$ns" '' link addr 'neigh show nud permanent' 'neigh show proxy'
    for family in -4 -6; do told "$ns" "$family" 'route show table all' rule; done
    printf '%s\tfdb\t%s\n' "$ns" "$(bridge -j -d fdb show state permanent 2>/dev/null)"
    # A kernel without VLANs of bridges leaves half a list.
    vlans=$(bridge -j -d vlan show 2>/dev/null) || vlans=
    printf '%s\tvlan\t%s\n' "$ns" "$vlans"
    printf '%s\tqdisc\t%s\n' "$ns" "$(tc -j qdisc show | tr -d '\n')"
    # What has classes and filters is no noqueue.
    for link in $(tc qdisc show | sed -n '/^qdisc noqueue/d; s/.* dev \([^ ]*\) .*/\1/p' | sort -u); do
        for what in class 'filter show root' 'filter show ingress'; do
            printf '%s\t%s %s\t%s\n' "$ns" "$link" "$what" "$(tc -j ${what/class/class show} dev "$link" 2>/dev/null | tr -d '\n')"
        done
    done
    printf '%s\tnft\t%s\n' "$ns" "$(nft -s -j list ruleset | sed 's/^{"nftables": //; s/}$//')"
    sysctls "$ns"
}
mapfile -t NAMED < <(ip netns list | sed 's/ (id: .*//' | sort)
"#;

/// Looks at the home namespace and at those named.
const ALL: &str = r#"
export -f settled told sysctls look
look home
for ns in "${NAMED[@]}"; do ip netns exec "$ns" bash -c 'look "$1"' - "$ns"; done
"#;

/// A namespace as the sandbox is at its start, made without netsh.
const FRESH: &str = "mount -t tmpfs fresh /run && mkdir /run/netns && ip link set lo up && echo 0 0 > /proc/sys/net/ipv4/ping_group_range\n";

/// Runs the lab by netsh; gives the commands that it printed and what there was at the end.
pub fn made_by_netsh(user: User, lab: &str, named: &str) -> Result<(String, String), Failed> {
    let ran = looked_at(user, lab, &format!("NAMED=({named}){ASKING}{LOOK}{ALL}"))?;
    if ran.status != Some(0) {
        return Err(format!("netsh failed: {}\n{}", ran.stdout, ran.stderr).into());
    }
    Ok((ran.stderr, ran.stdout))
}

/// Runs the lab by netsh, and then this look at it.
fn looked_at(user: User, lab: &str, look: &str) -> Result<Ran, Failed> {
    let code = format!(
        "{lab}\nprint(\"{END}\");\nlet out = exec(\"bash\", [\"-c\", ARGS[0]]); assert(out.code == 0, out.stderr); print(out.stdout);"
    );
    let output = netsh(user)
        .args(["--show-commands", "-e", &code, look])
        .output()?;
    let mut ran = Ran::from(output);
    if let Some((_, found)) = ran.stdout.split_once(&format!("{END}\n")) {
        ran.stdout = found.to_owned();
    }
    Ok(ran)
}

/// What stands between the words of a lab and the look at it.
const END: &str = "that was the lab";

/// Runs the commands by bash and iproute2; gives what there was at the end.
pub fn made_by_iproute2(
    user: User,
    options: &str,
    commands: &str,
    named: &str,
) -> Result<Ran, Failed> {
    looked_at_by_bash(
        user,
        options,
        commands,
        &format!("NAMED=({named}){ASKING}{LOOK}{ALL}"),
    )
}

/// Runs the commands by bash and iproute2, and then this look at what they made.
fn looked_at_by_bash(user: User, options: &str, commands: &str, look: &str) -> Result<Ran, Failed> {
    let script = format!("{FRESH}{{ {options}\n{commands}\n}} >/dev/null\nset +e\n{look}");
    let output = program(user, "unshare")
        .args(["-Urnm", "--propagation", "private", "bash", "-c", &script])
        .output()?;
    Ok(output.into())
}

/// Every object of a listing as a line, without what may differ.
fn objects(listing: &str) -> Result<BTreeSet<String>, Failed> {
    let mut objects = BTreeSet::new();
    for line in listing.lines().filter(|line| !line.is_empty()) {
        let mut columns = line.splitn(3, '\t');
        let (Some(ns), Some(what), Some(found)) = (columns.next(), columns.next(), columns.next())
        else {
            return Err(format!("a line that is none: {line}").into());
        };
        if what == "sysctl" {
            objects.insert(line.to_string());
            continue;
        }
        let list: Vec<Value> = match found {
            "" => Vec::new(),
            found => match serde_json::from_str(found) {
                Ok(list) => list,
                // tc has no JSON for the classes of some queueing disciplines.
                Err(_) => vec![Value::String(found.into())],
            },
        };
        let is_lasting = |object: &Value| !is_link_local(object) && !is_tap(object);
        for mut object in list.into_iter().filter(is_lasting) {
            forget(&mut object);
            objects.insert(format!("{ns}\t{what}\t{object}"));
        }
    }
    Ok(objects)
}

/// Takes out indexes, hardware addresses that nobody chose, times, and counters.
fn forget(object: &mut Value) {
    const INDEXES: [&str; 5] = ["ifindex", "link_index", "link_netnsid", "iflink", "handle"];
    match object {
        Value::Array(items) => {
            items.retain(|item| !is_link_local(item));
            items.iter_mut().for_each(forget);
        }
        Value::Object(pairs) => {
            pairs.retain(|key, value| {
                let is_index = INDEXES.contains(&key.as_str());
                let is_time =
                    key.ends_with("_timer") || ["expires", "used"].contains(&key.as_str());
                // Packets that htb has no class for: neighbour discovery, if it has begun.
                let is_count = key == "direct_packets_stat";
                let chosen =
                    |text: &str| text.starts_with("02:00:00") || !is_hardware_address(text);
                // The id of a bridge is its priority and its address, whose zeros are not written.
                let is_id = ["bridge_id", "root_id"].contains(&key.as_str())
                    && !value.as_str().is_some_and(|id| id.contains(".2:0:0:"));
                let is_random = is_id || value.as_str().is_some_and(|text| !chosen(text));
                !(is_index || is_time || is_count || is_random)
            });
            for (key, value) in pairs {
                // Which of the two a link without a carrier is called hangs on its peer's index (rfc2863_policy in
                // net/core/link_watch.c looks for the peer in the wrong namespace).
                if key == "operstate" && *value == "LOWERLAYERDOWN" {
                    *value = "DOWN".into();
                }
                if key.ends_with("_life_time") && *value != u32::MAX {
                    *value = "limited".into();
                }
                forget(value);
            }
        }
        _ => {}
    }
}

/// An address that the kernel made of a hardware address, and what it makes when nobody has objected to one.
fn is_link_local(object: &Value) -> bool {
    let made = |key: &str| {
        let text = object[key].as_str().unwrap_or_default();
        text.starts_with("fe80::") && text.len() > 12 && !text.ends_with("/64")
    };
    object["type"] == "anycast" || ["local", "dst"].into_iter().any(made)
}

/// A tap device, and what is above it, has a carrier as long as somebody has it open, which is the script that made it.
fn is_tap(object: &Value) -> bool {
    let name = |key: &str| object[key].as_str().unwrap_or_default();
    ["ifname", "dev"]
        .into_iter()
        .any(|key| name(key).starts_with("tap0"))
}

fn is_hardware_address(text: &str) -> bool {
    text.len() == 17
        && text.bytes().filter(|byte| *byte == b':').count() == 5
        && text != "ff:ff:ff:ff:ff:ff"
}

/// Fails with what only one of the two has.
pub fn same_objects(netsh: &str, iproute2: &str) -> Result<usize, Failed> {
    let (mine, theirs) = (objects(netsh)?, objects(iproute2)?);
    let only_mine = mine
        .difference(&theirs)
        .map(|line| format!("only by netsh: {line}"));
    let only_theirs = theirs
        .difference(&mine)
        .map(|line| format!("only by iproute2: {line}"));
    let different: Vec<String> = only_mine.chain(only_theirs).collect();
    if different.is_empty() {
        Ok(mine.len())
    } else {
        Err(different.join("\n").into())
    }
}

fn the_lab_uses_everything(_: User) -> Verdict {
    let catalog = netsh::script::catalog();
    let mut missing = Vec::new();
    for verb in CHANGES {
        let call = format!("{verb}(");
        let calls: String = LAB.lines().filter(|line| line.contains(&call)).collect();
        if calls.is_empty() {
            missing.push(verb.to_string());
        }
        for option in catalog.called(verb).flat_map(|entry| &entry.manual.options) {
            // Not every kernel has bonds or a link that lets its carrier be set, and the ip of Debian 12 not what came later.
            let is_rare = ["of a link that lets it be", "(Linux 6."]
                .iter()
                .any(|words| option.text.contains(words));
            if is_rare || option.text.starts_with("of a port of a bond") {
                continue;
            }
            if !calls.contains(&format!(" {}: ", option.key)) {
                missing.push(format!("{verb} {}", option.key));
            }
        }
    }
    same(missing, Vec::new())
}

fn they_make_the_same_lab(user: User) -> Verdict {
    let named = "h1 'h 2'";
    let (commands, mine) = made_by_netsh(user, LAB, named)?;
    let theirs = made_by_iproute2(user, "set -e", &commands, named)?;
    if theirs.status != Some(0) || !theirs.stderr.is_empty() {
        return Err(format!("bash failed: {}\n{commands}", theirs.stderr).into());
    }
    let objects = same_objects(&mine, &theirs.stdout)?;
    // Three namespaces with hundreds of sysctls and dozens of links, addresses and routes.
    same(objects > 1000, true)
}

fn of_a_lab(user: User, lab: &Path) -> Result<Completion, Failed> {
    let look = format!("{ASKING}{LAB_LOOK}{ALL}");
    let mine = looked_at(user, &std::fs::read_to_string(lab)?, &look)?;
    match mine.status {
        Some(0) => {}
        SKIPPED => return lacking("the lab says what this kernel lacks".into()),
        _ => return Err(mine.stderr.into()),
    }
    let theirs = looked_at_by_bash(user, "", &mine.stderr, &look)?;
    // What packets made, commands alone have not made: there it can't be deleted.
    let learned = mine.stderr.matches("bridge fdb del ").count();
    let complaints = theirs.stderr.lines().count();
    if theirs.status != Some(0) || complaints > learned {
        return Err(format!("bash failed: {}\n{}", theirs.stderr, mine.stderr).into());
    }
    let compared = same_objects(&mine.stdout, &theirs.stdout)?;
    same(compared > 300, true).map(|()| Completion::Completed)
}

fn refusals_add_up(user: User) -> Verdict {
    let (commands, mine) = made_by_netsh(user, REFUSALS, "h1")?;
    let theirs = made_by_iproute2(user, "", &commands, "h1")?;
    same_objects(&mine, &theirs.stdout).map(drop)?;
    // iproute2 is refused what netsh was refused.
    match theirs.stderr.lines().count() {
        8.. => Ok(()),
        few => Err(format!("{few} lines of refusals: {}", theirs.stderr).into()),
    }
}

/// Aliases take anything; what the shell makes of the printed command has to be what was meant.
fn any_text_survives(user: User) -> Verdict {
    let aliases = r#"["$$", "'", "\\", "a'b\\c$d`e\"f", "\u001b[31mred\u0007", "line\nline", "tab\t", "\u0085", "-n", "*", "é", " ", "!!", "{a,b}", "~"]"#;
    let make = format!(
        r#"let n = 0; for alias in {aliases} {{ n += 1; link_add(`x${{n}}`, "bridge"); link_set(`x${{n}}`, #{{ alias: alias }}); }}
        link_add("$$", "bridge"); link_add("~", "bridge"); link_add("a'b", "bridge"); link_add("*", "bridge");
        netns_add("$$").veth_add("in", "other"); netns_get("$$").link_set("in", #{{ netns: "home" }});
        veth_add("moved", "stays"); link_set("moved", #{{ netns: "$$" }});"#
    );
    let look = r#"show([link_list().map(|link| [link.name, link.alias]), netns_get("$$").link_list().map(|link| link.name)]);"#;
    let ran = run_with(
        user,
        &["--show-commands", "--json"],
        &format!("{make}{look}"),
    )?;
    if ran.status != Some(0) {
        return Err(format!("netsh failed: {}", ran.stderr).into());
    }
    let raw = ran.stderr.chars().find(|c| c.is_control() && *c != '\n');
    same(raw, None)?;
    let code = format!(
        "let out = exec(\"bash\", [\"-e\", \"-c\", ARGS[0]]); assert(out.code == 0, out.stderr); {look}"
    );
    let again = netsh(user)
        .args(["--json", "-e", &code, &ran.stderr])
        .output()?;
    let again = Ran::from(again).ok()?;
    same(again, ran.stdout)
}

fn each_before_its_change(user: User) -> Verdict {
    let code = r#"
        print("first");
        veth_add("a", "b");
        addr_list();
        let h1 = netns_add("h1", #{ lo: false });
        link_set("b", #{ netns: h1 });
        h1.link_set("b", #{ netns: "home" });
        h1.run(|| sysctl_set("net.ipv4.ip_forward", 1));
        link_up("nothing");
    "#;
    let ran = run_with(user, &["--show-commands"], code)?;
    same(ran.status, Some(1))?;
    same(ran.stdout.as_str(), "first\n")?;
    let lines: Vec<&str> = ran.stderr.lines().take(7).collect();
    let wanted = [
        "ip link set dev lo up",
        "ip link add dev a type veth peer name b",
        "ip netns add h1",
        "ip link set dev b netns h1",
        "ip -n h1 link set dev b netns $$",
        "ip netns exec h1 sysctl -w net.ipv4.ip_forward=1",
        "ip link set dev nothing up",
    ];
    same(lines, wanted.to_vec())
}
