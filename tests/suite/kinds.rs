//! Links of each kind, ports, and their settings, in both directions: what netsh makes ip sees as it sees what it makes itself by
//! the command beside it, and netsh reads both as they were given. The bytes are compared in `kernel::kind`; here the kernel
//! judges. A kind that this kernel lacks is counted as ignored.

use libtest_mimic::{Failed, Trial};
use serde_json::{Value, json};

use crate::second_path::observe;
use crate::support::{Need, User, Verdict, has, run_with, same, test, test_named};

const IP: &[Need] = &[Need::Program("ip")];

/// A link `x` of a kind: the kind; what makes it by netsh, up to the options; the options; what makes it by ip.
type Case = (&'static str, &'static str, &'static str, &'static str);

/// `p0` and `p1` are the ends of a pair that is up; p0 has addresses of both families.
const LINKS: &[Case] = &[
    (
        "bridge",
        r#"bridge_add("x""#,
        "stp: true, forward_delay: 4, hello_time: 1, max_age: 6, ageing_time: 60, priority: 4096, group_fwd_mask: 16384, mcast_snooping: false, no_linklocal_learn: true",
        "name x type bridge stp_state 1 forward_delay 400 hello_time 100 max_age 600 ageing_time 6000 priority 4096 group_fwd_mask 0x4000 mcast_snooping 0 no_linklocal_learn 1",
    ),
    (
        "bridge",
        r#"bridge_add("x""#,
        "mcast_querier: true, mcast_query_interval: 60, mcast_igmp_version: 3, mcast_hash_max: 512, nf_call_iptables: true, mcast_router: 2, mcast_stats_enabled: true",
        "name x type bridge mcast_querier 1 mcast_query_interval 6000 mcast_igmp_version 3 mcast_hash_max 512 nf_call_iptables 1 mcast_router 2 mcast_stats_enabled 1",
    ),
    (
        "vxlan",
        r#"vxlan_add("x", 42"#,
        r#"remote: "10.0.0.2", local: "10.0.0.1", dev: "p0", dstport: 4789, srcport: [1000, 2000], ttl: 7, tos: 16, ageing: 60, maxaddress: 100"#,
        "name x type vxlan id 42 remote 10.0.0.2 local 10.0.0.1 dev p0 dstport 4789 srcport 1000 2000 ttl 7 tos 0x10 ageing 60 maxaddress 100",
    ),
    (
        "vxlan",
        r#"vxlan_add("x", 16777215"#,
        r#"group: "239.1.1.1", dev: "p0", dstport: 8472, ttl: "inherit", learning: false, proxy: true, rsc: true, l2miss: true, l3miss: true, df: "set", gbp: true"#,
        "name x type vxlan id 16777215 group 239.1.1.1 dev p0 dstport 8472 ttl inherit nolearning proxy rsc l2miss l3miss df set gbp",
    ),
    (
        "vxlan",
        r#"vxlan_add("x", 1"#,
        r#"remote: "fd00::2", dstport: 4789, udp6zerocsumtx: true, udp6zerocsumrx: true, flowlabel: 5, tos: "inherit""#,
        "name x type vxlan id 1 remote fd00::2 dstport 4789 udp6zerocsumtx udp6zerocsumrx flowlabel 0x5 tos inherit",
    ),
    (
        "vxlan",
        r#"link_add("x", "vxlan""#,
        r#"external: true, dstport: 4789"#,
        "name x type vxlan external dstport 4789",
    ),
    (
        "vxlan",
        r#"link_add("x", "vxlan""#,
        r#"id: 42, dstport: 4789"#,
        "name x type vxlan id 42 dstport 4789",
    ),
    (
        "vlan",
        r#"link_add("x", "vlan""#,
        r#"parent: "p0", id: 7"#,
        "link p0 name x type vlan id 7",
    ),
    (
        "vrf",
        r#"link_add("x", "vrf""#,
        r#"table: 7"#,
        "name x type vrf table 7",
    ),
    (
        "macvlan",
        r#"macvlan_add("x", "p0""#,
        r#"mode: "bridge", bcqueuelen: 500"#,
        "link p0 name x type macvlan mode bridge bcqueuelen 500",
    ),
    (
        "macvlan",
        r#"macvlan_add("x", "p0""#,
        r#"mode: "source", macaddr: ["02:00:00:00:00:05", "02:00:00:00:00:06"], nodst: true"#,
        "link p0 name x type macvlan mode source flag nodst macaddr set 02:00:00:00:00:05 02:00:00:00:00:06",
    ),
    (
        "macvlan",
        r#"macvlan_add("x", "p0""#,
        r#"mode: "passthru", nopromisc: true"#,
        "link p0 name x type macvlan mode passthru flag nopromisc",
    ),
    (
        "macvtap",
        r#"macvtap_add("x", "p0""#,
        r#"mode: "private""#,
        "link p0 name x type macvtap mode private",
    ),
    (
        "ipvlan",
        r#"ipvlan_add("x", "p0""#,
        r#"mode: "l2", flags: "private""#,
        "link p0 name x type ipvlan mode l2 private",
    ),
    (
        "ipvtap",
        r#"ipvtap_add("x", "p0""#,
        r#"mode: "l3s""#,
        "link p0 name x type ipvtap mode l3s",
    ),
    (
        "vlan",
        r#"vlan_add("x", "p0", 5"#,
        r#"protocol: "802.1ad", reorder_hdr: false, loose_binding: true, ingress_qos_map: "1:2 3:4", egress_qos_map: "5:6""#,
        "link p0 name x type vlan id 5 protocol 802.1ad reorder_hdr off loose_binding on ingress-qos-map 1:2 3:4 egress-qos-map 5:6",
    ),
    (
        "vlan",
        r#"vlan_add("x", "p0", 4094"#,
        r#"gvrp: true, mvrp: true"#,
        "link p0 name x type vlan id 4094 gvrp on mvrp on",
    ),
    ("dummy", r#"dummy_add("x""#, "", "name x type dummy"),
    ("ifb", r#"ifb_add("x""#, "", "name x type ifb"),
    ("nlmon", r#"link_add("x", "nlmon""#, "", "name x type nlmon"),
    ("vcan", r#"link_add("x", "vcan""#, "", "name x type vcan"),
    ("team", r#"link_add("x", "team""#, "", "name x type team"),
    (
        "wireguard",
        r#"wireguard_add("x""#,
        "",
        "name x type wireguard",
    ),
    ("vrf", r#"vrf_add("x", 10"#, "", "name x type vrf table 10"),
    (
        "bond",
        r#"bond_add("x""#,
        r#"mode: "active-backup", miimon: 0.1, updelay: 0.2, downdelay: 0.3, fail_over_mac: "active", num_grat_arp: 4, resend_igmp: 3, primary_reselect: "better""#,
        "name x type bond mode active-backup miimon 100 updelay 200 downdelay 300 fail_over_mac active num_grat_arp 4 resend_igmp 3 primary_reselect better",
    ),
    (
        "bond",
        r#"bond_add("x""#,
        r#"mode: "802.3ad", lacp_rate: "fast", ad_select: "bandwidth", xmit_hash_policy: "layer3+4", min_links: 2, ad_user_port_key: 5, ad_actor_sys_prio: 6, ad_actor_system: "02:00:00:00:00:07""#,
        "name x type bond mode 802.3ad lacp_rate fast ad_select bandwidth xmit_hash_policy layer3+4 min_links 2 ad_user_port_key 5 ad_actor_sys_prio 6 ad_actor_system 02:00:00:00:00:07",
    ),
    (
        "bond",
        r#"bond_add("x""#,
        r#"mode: "active-backup", arp_interval: 0.5, arp_ip_target: ["10.0.0.1", "10.0.0.2"], arp_validate: "all", arp_all_targets: "all", arp_missed_max: 4"#,
        "name x type bond mode active-backup arp_interval 500 arp_ip_target 10.0.0.1,10.0.0.2 arp_validate all arp_all_targets all arp_missed_max 4",
    ),
    (
        "bond",
        r#"bond_add("x""#,
        r#"mode: "balance-rr", packets_per_slave: 5, all_slaves_active: true, lp_interval: 5"#,
        "name x type bond mode balance-rr packets_per_slave 5 all_slaves_active 1 lp_interval 5",
    ),
    (
        "gre",
        r#"gre_add("x""#,
        r#"local: "10.0.0.1", remote: "10.0.0.2", dev: "p0", ttl: 9, tos: 16, key: 5, csum: true, seq: true, fwmark: 3"#,
        "name x type gre local 10.0.0.1 remote 10.0.0.2 dev p0 ttl 9 tos 0x10 key 5 csum seq fwmark 3",
    ),
    (
        "gre",
        r#"gre_add("x""#,
        r#"local: "10.0.0.1", remote: "10.0.0.2", ikey: 1, okey: 2, icsum: true, oseq: true, pmtudisc: false, ttl: "inherit""#,
        "name x type gre local 10.0.0.1 remote 10.0.0.2 ikey 1 okey 2 icsum oseq nopmtudisc ttl inherit",
    ),
    (
        "gretap",
        r#"gretap_add("x""#,
        r#"local: "10.0.0.1", remote: "10.0.0.2""#,
        "name x type gretap local 10.0.0.1 remote 10.0.0.2",
    ),
    (
        "gretap",
        r#"gretap_add("x""#,
        "external: true",
        "name x type gretap external",
    ),
    (
        "erspan",
        r#"link_add("x", "erspan""#,
        r#"local: "10.0.0.1", remote: "10.0.0.2", key: 5, seq: true, erspan_ver: 1, erspan: 123"#,
        "name x type erspan local 10.0.0.1 remote 10.0.0.2 key 5 seq erspan_ver 1 erspan 123",
    ),
    (
        "ipip",
        r#"ipip_add("x""#,
        r#"local: "10.0.0.1", remote: "10.0.0.2", ttl: 9, mode: "any""#,
        "name x type ipip local 10.0.0.1 remote 10.0.0.2 ttl 9 mode any",
    ),
    (
        "sit",
        r#"sit_add("x""#,
        r#"local: "10.0.0.1", remote: "10.0.0.2", mode: "ip6ip""#,
        "name x type sit local 10.0.0.1 remote 10.0.0.2 mode ip6ip",
    ),
    (
        "ip6tnl",
        r#"ip6tnl_add("x""#,
        r#"local: "fd00::1", remote: "fd00::2", mode: "any", hoplimit: 9, encaplimit: 3, tclass: 16, flowlabel: 5"#,
        "name x type ip6tnl local fd00::1 remote fd00::2 mode any hoplimit 9 encaplimit 3 tclass 0x10 flowlabel 0x5",
    ),
    (
        "ip6tnl",
        r#"ip6tnl_add("x""#,
        r#"local: "fd00::1", remote: "fd00::2", mode: "ipip6", encaplimit: "none", tclass: "inherit", flowlabel: "inherit""#,
        "name x type ip6tnl local fd00::1 remote fd00::2 mode ipip6 encaplimit none tclass inherit flowlabel inherit",
    ),
    (
        "ip6gre",
        r#"ip6gre_add("x""#,
        r#"local: "fd00::1", remote: "fd00::2", hoplimit: 9, key: 5, csum: true"#,
        "name x type ip6gre local fd00::1 remote fd00::2 hoplimit 9 key 5 csum",
    ),
    (
        "ip6gretap",
        r#"link_add("x", "ip6gretap""#,
        r#"local: "fd00::1", remote: "fd00::2""#,
        "name x type ip6gretap local fd00::1 remote fd00::2",
    ),
    (
        "geneve",
        r#"geneve_add("x", 42"#,
        r#"remote: "10.0.0.2", dstport: 6082, ttl: 9, tos: 32"#,
        "name x type geneve id 42 remote 10.0.0.2 dstport 6082 ttl 9 tos 0x20",
    ),
    (
        "geneve",
        r#"geneve_add("x", 42"#,
        r#"remote: "fd00::2", ttl: "inherit", udp6zerocsumtx: true, df: "set""#,
        "name x type geneve id 42 remote fd00::2 ttl inherit udp6zerocsumtx df set",
    ),
    (
        "geneve",
        r#"link_add("x", "geneve""#,
        "external: true",
        "name x type geneve external",
    ),
    (
        "vti",
        r#"link_add("x", "vti""#,
        r#"local: "10.0.0.1", remote: "10.0.0.2", key: 5"#,
        "name x type vti local 10.0.0.1 remote 10.0.0.2 key 5",
    ),
    (
        "vti6",
        r#"link_add("x", "vti6""#,
        r#"local: "fd00::1", remote: "fd00::2", ikey: 5, okey: 6"#,
        "name x type vti6 local fd00::1 remote fd00::2 ikey 5 okey 6",
    ),
    (
        "macsec",
        r#"link_add("x", "macsec""#,
        r#"parent: "p0", port: 5, encrypt: true, cipher: "gcm-aes-256", replay: true, window: 64, validate: "check""#,
        "link p0 name x type macsec port 5 encrypt on cipher gcm-aes-256 replay on window 64 validate check",
    ),
    (
        "xfrm",
        r#"link_add("x", "xfrm""#,
        r#"dev: "p0", if_id: 42"#,
        "name x type xfrm dev p0 if_id 42",
    ),
    (
        "vxcan",
        r#"link_add("x", "vxcan""#,
        r#"peer: "y""#,
        "name x type vxcan peer name y",
    ),
];

/// What makes links of these kinds impossible beside others of them that are there from the start of the driver.
const SETUP: &str = r#"
    sysctl_set("net.ipv6.conf.all.disable_ipv6", 0);
    veth_add("p0", "p1", #{ up: true });
    addr_add("p0", "10.0.0.1/24");
    addr_add("p0", "fd00::1/64");
"#;

/// The tests of this file.
pub fn trials() -> Vec<Trial> {
    let mut trials = Vec::new();
    for (number, case) in LINKS.iter().enumerate() {
        let needs: &'static [Need] = Box::leak(Box::new([Need::Program("ip"), Need::link(case.0)]));
        let name = format!("kinds: {} as ip makes it ({number})", case.0);
        trials.extend(test_named(&name, needs, move |user| {
            as_ip_makes_it(user, case)
        }));
    }
    trials.extend(test("kinds: options of any link", IP, options_of_any_link));
    trials.extend(test("kinds: ports of a bridge", IP, ports_of_a_bridge));
    trials.extend(test("kinds: states of a port", IP, states_of_a_port));
    trials.extend(test(
        "kinds: ports of a bond",
        Box::leak(Box::new([Need::Program("ip"), Need::link("bond")])),
        ports_of_a_bond,
    ));
    trials.extend(test(
        "kinds: settings that change later",
        IP,
        settings_that_change,
    ));
    trials.extend(test(
        "kinds: a tunnel keeps what is not said anew",
        Box::leak(Box::new([Need::Program("ip"), Need::link("gre")])),
        a_tunnel_keeps_the_rest,
    ));
    trials.extend(test(
        "kinds: the usual port of a VXLAN",
        Box::leak(Box::new([Need::Program("ip"), Need::link("vxlan")])),
        the_usual_port,
    ));
    trials.extend(test(
        "kinds: keys and peers of WireGuard",
        Box::leak(Box::new([Need::Program("ip"), Need::link("wireguard")])),
        wireguard,
    ));
    trials.extend(test(
        "kinds: a bridge without VLANs says so",
        IP,
        a_bridge_without_vlans,
    ));
    trials
}

/// What does not tell one link from the next of its kind.
fn likeness(ip: &Value) -> Value {
    let mut link = ip[0].clone();
    let passing = [
        "ifindex",
        "address",
        "stats64",
        "operstate",
        "link_index",
        "permaddr",
        "link_netnsid",
    ];
    if let Some(pairs) = link.as_object_mut() {
        pairs.retain(|key, _| !passing.contains(&key.as_str()));
    }
    // A bridge's timers run, and its own hardware address is in its identifiers.
    if let Some(data) = link
        .pointer_mut("/linkinfo/info_data")
        .and_then(Value::as_object_mut)
    {
        let passing = [
            "gc_timer",
            "hello_timer",
            "tcn_timer",
            "topology_change_timer",
            "bridge_id",
            "root_id",
            "sci",
        ];
        data.retain(|key, _| !passing.contains(&key.as_str()));
    }
    link
}

/// Whether a setting is what was given; times are given as ints and told as floats.
fn is_given(told: &Value, given: &Value) -> bool {
    match (
        told.as_f64(),
        given.as_f64(),
        told.as_array(),
        given.as_array(),
    ) {
        (Some(told), Some(given), ..) => (told - given).abs() < 1e-9,
        // The kernel keeps hardware addresses by their hashes.
        (_, _, Some(told), Some(given)) => {
            told.len() == given.len() && given.iter().all(|one| told.contains(one))
        }
        _ => told == given,
    }
}

/// What the kernel does not tell: what is no setting (the other end, the link below), a part of macsec's identifier, and what a bond
/// says of itself to its partner, which only root outside of user namespaces may know (bond_fill_info in
/// drivers/net/bonding/bond_netlink.c).
const UNTOLD: [&str; 6] = [
    "peer",
    "parent",
    "port",
    "ad_user_port_key",
    "ad_actor_sys_prio",
    "ad_actor_system",
];

fn as_ip_makes_it(user: User, (kind, call, options, command): &Case) -> Verdict {
    let code = format!(
        r##"
        {SETUP}
        {call}, #{{ {options} }});
        show([ip("link show dev x"), link_get("x").settings, link_get("x").kind]);
        link_del("x");
        let out = exec("ip", "link add {command}".split(" "));
        if out.code != 0 {{ throw out.stderr; }}
        show([ip("link show dev x"), link_get("x").settings, link_get("x").kind]);
        show(#{{ {options} }});
        "##
    );
    let shown = observe(user, &code)?;
    let [ours, theirs, given] = shown.as_slice() else {
        return Err(format!("{} answers", shown.len()).into());
    };
    same(likeness(&ours[0]), likeness(&theirs[0]))?;
    same(ours[1].clone(), theirs[1].clone())?;
    same(&ours[2], &json!(kind))?;
    let given = given.as_object().cloned().unwrap_or_default();
    let wrong: Vec<String> = given
        .iter()
        .filter(|(key, _)| !UNTOLD.contains(&key.as_str()))
        .filter(|(key, given)| !is_given(&theirs[1][key], given))
        .map(|(key, given)| format!("{key}: given {given}, told {}", theirs[1][key]))
        .collect();
    same(wrong, Vec::new())
}

fn options_of_any_link(user: User) -> Verdict {
    let code = format!(
        r##"
        {SETUP}
        let h1 = netns_add("h1");
        bridge_add("br0");
        ifb_add("x", #{{ mtu: 1400, mac: "02:00:00:00:00:01", txqueuelen: 77, numtxqueues: 4, numrxqueues: 3, group: 7, index: 77, alias: "a b", up: true }});
        macvlan_add("mv0", "p0", #{{ master: "br0", up: true }});
        macvlan_add("mv1", "p0", #{{ netns: h1, alias: "away", up: true }});
        bridge_add("x", #{{ netns: "h1", ageing_time: 7, group: 3 }});
        show(ip("link show dev x"));
        show(ip("link show dev mv0"));
        show(h1.run(|| ip("link show dev mv1")));
        show(h1.run(|| ip("link show dev x")));
        show([link_get("x").group, h1.link_get("mv1").parent, h1.link_get("mv1").peer_netns]);
        "##
    );
    let shown = observe(user, &code)?;
    for (at, pointer, wanted) in [
        (0, "/0/mtu", json!(1400)),
        (0, "/0/address", json!("02:00:00:00:00:01")),
        (0, "/0/txqlen", json!(77)),
        (0, "/0/ifindex", json!(77)),
        (0, "/0/num_tx_queues", json!(4)),
        (0, "/0/num_rx_queues", json!(3)),
        (0, "/0/group", json!("7")),
        (0, "/0/ifalias", json!("a b")),
        (1, "/0/master", json!("br0")),
        (1, "/0/linkinfo/info_slave_kind", json!("bridge")),
        (2, "/0/ifalias", json!("away")),
        (3, "/0/linkinfo/info_data/ageing_time", json!(700)),
        (4, "", json!([7, "p0", "home"])),
    ] {
        same(
            (pointer, shown[at].pointer(pointer)),
            (pointer, Some(&wanted)),
        )?;
    }
    for up in &shown[..3] {
        let flags = up[0]["flags"].as_array().cloned().unwrap_or_default();
        same(flags.contains(&json!("UP")), true)?;
    }
    Ok(())
}

/// Each option by netsh and by both ways of iproute2.
fn ports_of_a_bridge(user: User) -> Verdict {
    let code = format!(
        r##"
        {SETUP}
        bridge_add("br0");
        veth_add("q0", "q1");
        link_set("q0", #{{ master: "br0" }});
        fn look() {{ [ip("link show dev p0"), link_get("p0").port] }}
        link_set("p0", #{{ master: "br0", cost: 7, priority: 9, hairpin: true, guard: true, root_block: true, learning: false,
            flood: false, mcast_flood: false, bcast_flood: false, isolated: true, proxy_arp: true, neigh_suppress: true,
            vlan_tunnel: true, mcast_router: 2, mcast_to_unicast: true, group_fwd_mask: 8, backup_port: "q0", locked: true }});
        show(look());
        link_set("p0", #{{ nomaster: true }});
        sh("ip link set p0 master br0; ip link set p0 type bridge_slave cost 7 priority 9 hairpin on guard on root_block on learning off flood off mcast_flood off bcast_flood off isolated on proxy_arp on neigh_suppress on vlan_tunnel on mcast_router 2 mcast_to_unicast on group_fwd_mask 8 backup_port q0 locked on");
        show(look());
        link_set("p0", #{{ nomaster: true }});
        link_set("p0", #{{ master: "br0" }});
        sh("bridge link set dev p0 cost 9 isolated on learning off");
        show(link_get("p0").port);
        link_set("p0", #{{ port: #{{ isolated: false }}, learning: true, mtu: 1400, backup_port: "" }});
        show(ip("link show dev p0"));
        "##
    );
    let shown = observe(user, &code)?;
    let data = |link: &Value| {
        let mut data = link[0]["linkinfo"]["info_slave_data"].clone();
        if let Some(pairs) = data.as_object_mut() {
            pairs.retain(|key, _| !key.ends_with("_timer") && key != "state");
        }
        data
    };
    same(data(&shown[0][0]), data(&shown[1][0]))?;
    for (key, wanted) in [
        ("cost", json!(7)),
        ("hairpin", json!(true)),
        ("learning", json!(false)),
        ("isolated", json!(true)),
        ("backup_port", json!("q0")),
        ("group_fwd_mask", json!(8)),
    ] {
        same((key, &shown[0][1][key]), (key, &wanted))?;
        same((key, &shown[1][1][key]), (key, &wanted))?;
    }
    let by_bridge = &shown[2];
    same(
        (
            &by_bridge["cost"],
            &by_bridge["isolated"],
            &by_bridge["learning"],
        ),
        (&json!(9), &json!(true), &json!(false)),
    )?;
    let last = &shown[3][0];
    let data = &last["linkinfo"]["info_slave_data"];
    same(
        (&data["isolated"], &data["learning"], &last["mtu"]),
        (&json!(false), &json!(true), &json!(1400)),
    )
}

/// Where no spanning tree protocol runs, states are set by hand; only a port that is blocked forwards again at once
/// (br_port_state_selection in net/bridge/br_stp.c). Set together with other properties the state comes last.
fn states_of_a_port(user: User) -> Verdict {
    let code = r#"
        bridge_add("br0", #{ up: true });
        veth_add("p0", "p1", #{ up: true });
        link_set("p0", #{ master: "br0" });
        wait_until(|| link_get("p0").port.state == "forwarding", 5);
        for state in ["listening", "learning", "disabled", "forwarding"] {
            link_set("p0", #{ mtu: 1400, cost: 7, state: state });
            show([state, link_get("p0").port.state, ip("link show dev p0")]);
        }
    "#;
    for answer in observe(user, code)? {
        same(&answer[0], &answer[1])?;
        same(
            &answer[0],
            &answer[2][0]["linkinfo"]["info_slave_data"]["state"],
        )?;
    }
    Ok(())
}

fn ports_of_a_bond(user: User) -> Verdict {
    let code = r#"
        bond_add("bond0", #{ mode: "active-backup", miimon: "100ms", up: true });
        veth_add("p0", "p1");
        veth_add("q0", "q1");
        link_set("p0", #{ master: "bond0", queue_id: 1 });
        link_set("q0", #{ master: "bond0", up: true });
        link_set("bond0", #{ primary: "p0" });
        show([link_get("p0").port, ip("link show dev p0"), link_get("bond0").settings, ip("link show dev bond0")]);
    "#;
    let shown = observe(user, code)?;
    let [port, ip_port, bond, ip_bond] = shown[0]
        .as_array()
        .cloned()
        .unwrap_or_default()
        .try_into()
        .map_err(|_| Failed::from("four answers"))?;
    let slave = ip_port;
    same(&port["queue_id"], &json!(1))?;
    same(
        &port["queue_id"],
        &slave[0]["linkinfo"]["info_slave_data"]["queue_id"],
    )?;
    let data = ip_bond;
    same(&bond["primary"], &json!("p0"))?;
    same(
        &bond["primary"],
        &data[0]["linkinfo"]["info_data"]["primary"],
    )
}

fn settings_that_change(user: User) -> Verdict {
    let code = format!(
        r##"
        {SETUP}
        bridge_add("br0");
        vxlan_add("vx0", 42, #{{ remote: "10.0.0.2", dstport: 4789 }});
        macvlan_add("mv0", "p0", #{{ mode: "vepa" }});
        link_set("br0", #{{ ageing_time: 100, priority: 8192, mtu: 1400, up: true }});
        link_set("vx0", #{{ ageing: "2m", learning: false, remote: "10.0.0.3" }});
        link_set("mv0", #{{ mode: "bridge" }});
        show(ip("link show dev br0"));
        show(ip("link show dev vx0"));
        show(ip("link show dev mv0"));
        sh("ip link set br0 type bridge ageing_time 700");
        show([link_get("br0").settings.ageing_time, link_get("br0").settings.priority]);
        "##
    );
    let shown = observe(user, &code)?;
    for (at, pointer, wanted) in [
        (0, "/0/linkinfo/info_data/ageing_time", json!(10000)),
        (0, "/0/linkinfo/info_data/priority", json!(8192)),
        (0, "/0/mtu", json!(1400)),
        (1, "/0/linkinfo/info_data/ageing", json!(120)),
        (1, "/0/linkinfo/info_data/learning", json!(false)),
        (1, "/0/linkinfo/info_data/remote", json!("10.0.0.3")),
        (1, "/0/linkinfo/info_data/port", json!(4789)),
        (2, "/0/linkinfo/info_data/mode", json!("bridge")),
        (3, "", json!([7.0, 8192])),
    ] {
        same(
            (pointer, shown[at].pointer(pointer)),
            (pointer, Some(&wanted)),
        )?;
    }
    Ok(())
}

fn a_tunnel_keeps_the_rest(user: User) -> Verdict {
    let code = format!(
        r##"
        {SETUP}
        gre_add("x", #{{ local: "10.0.0.1", remote: "10.0.0.2", ttl: 9, key: 5 }});
        link_set("x", #{{ ttl: 7 }});
        show(ip("link show dev x"));
        "##
    );
    let shown = observe(user, &code)?;
    let data = &shown[0][0]["linkinfo"]["info_data"];
    same(
        (&data["ttl"], &data["remote"], &data["ikey"]),
        (&json!(7), &json!("10.0.0.2"), &json!("0.0.0.5")),
    )
}

/// As ip takes it, too: the kernel puts its own in the place of 0.
fn the_usual_port(user: User) -> Verdict {
    let code = format!(
        r##"
        {SETUP}
        vxlan_add("x", 42, #{{ dstport: 0 }});
        show(ip("link show dev x"));
        show(exec("ip", ["link", "add", "y", "type", "vxlan", "id", "43", "dstport", "0"]).code);
        show(ip("link show dev y"));
        "##
    );
    let shown = observe(user, &code)?;
    let port = |at: usize| &shown[at][0]["linkinfo"]["info_data"]["port"];
    same((port(0), port(2)), (&json!(8472), &json!(8472)))
}

/// On a kernel without them the words name the symbol; on one with them the setting is set.
fn a_bridge_without_vlans(user: User) -> Verdict {
    let code = r#"bridge_add("br0", #{ vlan_filtering: true }); show(link_get("br0").settings.vlan_filtering);"#;
    let ran = run_with(user, &["--json"], code)?;
    match ran.status {
        Some(0) => same(ran.stdout.trim(), "true"),
        _ => has(
            &ran.stderr,
            "this kernel has no vlan_filtering: CONFIG_BRIDGE_VLAN_FILTERING",
        ),
    }
}

/// Two machines, a tunnel between them, and no program but ping's replacement: a handshake is the proof of keys and peers.
fn wireguard(user: User) -> Verdict {
    let code = r##"
        let h1 = netns_add("h1");
        let h2 = netns_add("h2");
        veth_add("eth0", "eth0", #{ netns: h1, peer_netns: h2, up: true });
        for h in [h1, h2] {
            h.wireguard_add("wg0");
            h.wireguard_set("wg0", #{ private_key: "new", listen_port: 51820 });
        }
        h1.addr_add("eth0", "10.0.0.1/24");
        h2.addr_add("eth0", "10.0.0.2/24");
        let secret = wireguard_key();
        h1.wireguard_set("wg0", #{ fwmark: 7, peers: [#{ public_key: h2.wireguard_get("wg0").public_key, preshared_key: secret,
            endpoint: "10.0.0.2:51820", allowed_ips: ["10.1.0.2/32", "fd01::/64"], persistent_keepalive: 25 }] });
        h2.wireguard_set("wg0", #{ peers: [#{ public_key: h1.wireguard_get("wg0").public_key, preshared_key: secret,
            allowed_ips: ["10.1.0.1/32"] }] });
        h1.addr_add("wg0", "10.1.0.1/24");
        h2.addr_add("wg0", "10.1.0.2/24");
        h1.link_up("wg0");
        h2.link_up("wg0");
        // A handshake that was lost is repeated after 5 seconds.
        wait_until(|| h1.ping("10.1.0.2", #{ count: 1, timeout: 1 }).received > 0, 30);
        let there = h1.wireguard_get("wg0");
        let peer = there.peers[0];
        show([there.listen_port, there.fwmark, peer.endpoint, peer.allowed_ips, peer.persistent_keepalive,
            peer.preshared_key == secret, peer.latest_handshake > 0, peer.rx_bytes > 0]);
        h1.wireguard_set("wg0", #{ peers: [#{ public_key: peer.public_key, remove: true }] });
        show(h1.wireguard_get("wg0").peers.len());
    "##;
    // A key that both know beside their own: any 32 bytes.
    let code = code.replace(
        "wireguard_key()",
        "\"AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=\"",
    );
    let shown = observe(user, &code)?;
    same(
        &shown[0],
        &json!([
            51820,
            7,
            "10.0.0.2:51820",
            ["10.1.0.2/32", "fd01::/64"],
            25,
            true,
            true,
            true
        ]),
    )?;
    same(&shown[1], &json!(0))
}
