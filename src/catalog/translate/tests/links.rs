//! Commands that make and set links.

use super::{become_lines, lines};

#[test]
fn links_are_made() {
    become_lines(&[
        (
            "ip link add veth0 type veth peer name veth1",
            r#"veth_add("veth0", "veth1");"#,
        ),
        (
            "ip l a veth0 ty veth peer veth1",
            r#"veth_add("veth0", "veth1");"#,
        ),
        (
            "ip link add dev type type veth peer name name",
            r#"veth_add("type", "name");"#,
        ),
        (
            "ip link add veth0 type veth peer name veth1 netns h1",
            r#"veth_add("veth0", "veth1", #{ peer_netns: "h1" });"#,
        ),
        (
            "ip link add x0 mtu 1400 type veth peer name x1 mtu 1400 address 02:00:00:00:00:02",
            r#"veth_add("x0", "x1", #{ mtu: 1400, peer_mac: "02:00:00:00:00:02" });"#,
        ),
        // netsh has one MTU for both ends.
        (
            "ip link add x0 mtu 1400 type veth peer name x1",
            r#"veth_add("x0", "x1"); link_set("x0", #{ mtu: 1400 });"#,
        ),
        (
            "ip -n h1 link add x0 type veth peer name x1 mtu 1300 netns h2 up",
            r#"netns_get("h1").veth_add("x0", "x1", #{ peer_netns: "h2" }); netns_get("h2").link_set("x1", #{ mtu: 1300, up: true });"#,
        ),
        (
            "ip link add name x0 mtu 1400 addr 02:00:00:00:00:01 type dummy",
            r#"dummy_add("x0", #{ mtu: 1400, mac: "02:00:00:00:00:01" });"#,
        ),
        (
            "ip link add x0 netns h1 up type dummy",
            r#"dummy_add("x0", #{ netns: "h1", up: true });"#,
        ),
        (
            "ip link add x0 master br0 txqlen 7 type dummy",
            r#"dummy_add("x0", #{ master: "br0", txqueuelen: 7 });"#,
        ),
    ]);
}

#[test]
fn links_of_a_kind_are_made_with_its_settings() {
    become_lines(&[
        (
            "ip link add name br0 up type bridge stp_state 1 ageing_time 6000 mcast_query_interval 50",
            r#"bridge_add("br0", #{ up: true, stp: true, ageing_time: 60, mcast_query_interval: "500ms" });"#,
        ),
        (
            "ip link add link eth0 name eth0.5 type vlan proto 802.1ad id 5",
            r#"vlan_add("eth0.5", "eth0", 5, #{ protocol: "802.1ad" });"#,
        ),
        (
            "ip link add link eth0 name eth0.5 type vlan id 5 protocol 802.1ad reorder_hdr off egress-qos-map 0:1 1:2",
            r#"vlan_add("eth0.5", "eth0", 5, #{ protocol: "802.1ad", reorder_hdr: false, egress_qos_map: "0:1 1:2" });"#,
        ),
        (
            "ip -n h1 l a mv0 link eth0 type macvlan mode source macaddr set 02:00:00:00:00:05",
            r#"netns_get("h1").macvlan_add("mv0", "eth0", #{ mode: "source", macaddr: ["02:00:00:00:00:05"] });"#,
        ),
        (
            "ip link add vx0 type vxlan id 42 dev eth0 group 239.1.1.1 dstport 4789 nolearning srcport 1000 2000 tos 10 ttl inherit",
            r#"vxlan_add("vx0", 42, #{ dev: "eth0", group: "239.1.1.1", dstport: 4789, learning: false, srcport: [1000, 2000], tos: 16, ttl: "inherit" });"#,
        ),
        (
            "ip link add blue type vrf table 10",
            r#"vrf_add("blue", 10);"#,
        ),
        (
            "ip link add bond0 type bond mode active-backup miimon 100 arp_ip_target 10.0.0.1,10.0.0.2",
            r#"bond_add("bond0", #{ mode: "active-backup", miimon: "100ms", arp_ip_target: ["10.0.0.1", "10.0.0.2"] });"#,
        ),
        (
            "ip link add t0 type gre local 10.0.0.1 remote 10.0.0.2 key 5 csum nopmtudisc ttl inherit",
            r#"gre_add("t0", #{ local: "10.0.0.1", remote: "10.0.0.2", key: 5, csum: true, pmtudisc: false, ttl: "inherit" });"#,
        ),
        (
            "ip link add nk0 type netkit mode l2 blackhole peer name nk1",
            r#"link_add("nk0", "netkit", #{ mode: "l2", policy: "blackhole", peer: "nk1" });"#,
        ),
        (
            "ip link add link eth0 name m0 type macsec encrypt on cipher gcm-aes-256",
            r#"link_add("m0", "macsec", #{ parent: "eth0", encrypt: true, cipher: "gcm-aes-256" });"#,
        ),
        (
            "ip link add link eth0 iv0 type ipvlan mode l2 private",
            r#"ipvlan_add("iv0", "eth0", #{ mode: "l2", flags: "private" });"#,
        ),
    ]);
}

#[test]
fn settings_of_links_and_of_ports_are_set() {
    become_lines(&[
        (
            "ip link set br0 type bridge vlan_filtering 1 forward_delay 400",
            r#"link_set("br0", #{ vlan_filtering: true, forward_delay: 4 });"#,
        ),
        (
            "ip link set dev p0 type bridge_slave state 3 hairpin on cost 7",
            r#"link_set("p0", #{ state: "forwarding", hairpin: true, cost: 7 });"#,
        ),
        (
            "bridge link set dev p0 isolated on state blocking learning off",
            r#"link_set("p0", #{ isolated: true, state: "blocking", learning: false });"#,
        ),
        (
            "ip link set p0 master bond0 type bond_slave queue_id 3",
            r#"link_set("p0", #{ master: "bond0", queue_id: 3 });"#,
        ),
    ]);
}

#[test]
fn links_are_set() {
    become_lines(&[
        ("ip link set veth0 up", r#"link_up("veth0");"#),
        ("ip link set up dev veth0", r#"link_up("veth0");"#),
        ("ip link set dev up up", r#"link_up("up");"#),
        ("ip l set veth0 down", r#"link_down("veth0");"#),
        (
            "ip link set veth0 up mtu 1400",
            r#"link_set("veth0", #{ up: true, mtu: 1400 });"#,
        ),
        (
            "ip link set veth0 nomaster",
            r#"link_set("veth0", #{ nomaster: true });"#,
        ),
        (
            "ip link set veth0 vrf blue",
            r#"link_set("veth0", #{ master: "blue" });"#,
        ),
        (
            "ip link set veth0 promisc off",
            r#"link_set("veth0", #{ promisc: false });"#,
        ),
        (
            "ip link set veth0 netns $$",
            r#"link_set("veth0", #{ netns: "home" });"#,
        ),
        (
            "ip link set veth0 netns '$$'",
            r#"link_set("veth0", #{ netns: "$$" });"#,
        ),
        (
            "ip link set veth0 alias 'a \"b\" \\ $c'",
            r#"link_set("veth0", #{ alias: "a \"b\" \\ $c" });"#,
        ),
        ("ip link del veth0", r#"link_del("veth0");"#),
        ("ip link delete dev br0 type bridge", r#"link_del("br0");"#),
        ("ip l s lo", r#"link_set("lo");"#),
        (
            "ip link set group 5 down",
            r#"sh("ip link set group 5 down");"#,
        ),
        (
            "ip tuntap add dev t0 mode tun user root",
            r#"tun_add("t0", #{ owner: 0, persistent: true });"#,
        ),
        (
            "bridge vni add vni 10,12-19 dev vx",
            r#"vni_add("vx", 10); vni_add("vx", "12-19");"#,
        ),
        (
            "bridge fdb flush dev br0 static nopermanent",
            r#"fdb_flush("br0", #{ state: ["static", "nopermanent"] });"#,
        ),
    ]);
}

#[test]
fn altnames_are_one_change_each() {
    become_lines(&[
        (
            "ip link property add dev eth0 altname uplink",
            r#"link_altname_add("eth0", "uplink");"#,
        ),
        (
            "ip l prop add eth0 alt uplink",
            r#"link_altname_add("eth0", "uplink");"#,
        ),
        (
            "ip -n h1 link property del altname uplink dev eth0",
            r#"netns_get("h1").link_altname_del("eth0", "uplink");"#,
        ),
    ]);
    let both = "ip link property add dev eth0 altname a altname b";
    let wanted = "link_altname_add(\"eth0\", \"a\");\nlink_altname_add(\"eth0\", \"b\");";
    assert_eq!(lines(both).join("\n"), wanted);
}
