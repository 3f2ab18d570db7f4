//! The translation as tables; what can't be translated in `faults.rs`, against the manual in `equivalents.rs`, and with verbs that
//! there are not yet in `new_verbs.rs`.

mod equivalents;
mod faults;
mod new_verbs;

use super::*;
use crate::script::catalog;

fn lines(text: &str) -> Vec<String> {
    let translation = translate(text, &catalog());
    assert_eq!(translation.faults, [], "{text}");
    translation.lines
}

/// Commands that are one line, or several.
fn become_lines(table: &[(&str, &str)]) {
    for (command, wanted) in table {
        assert_eq!(lines(command).join(" "), *wanted, "{command}");
    }
}

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
fn traffic_control() {
    become_lines(&[
        (
            "tc qdisc add dev eth0 root netem delay 20ms loss 1%",
            r#"qdisc_add("eth0", "netem", #{ delay: "20ms", loss: "1%" });"#,
        ),
        (
            "tc qdisc add dev eth0 parent 1:10 handle 10: netem delay 100ms 10ms 25% distribution normal loss random 0.3% 25%",
            r#"qdisc_add("eth0", "netem", #{ parent: "1:10", handle: "10:", delay: "100ms", jitter: "10ms", correlation: "25%", distribution: "normal", loss: "0.3%", loss_correlation: "25%" });"#,
        ),
        // A bare number is microseconds for tc.
        (
            "tc qdisc add dev eth0 root netem delay 100 loss gemodel 1% 10% 70% 0.1%",
            r#"qdisc_add("eth0", "netem", #{ delay: "100us", loss_gemodel: ["1%", "10%", "70%", "0.1%"] });"#,
        ),
        (
            "tc qdisc replace dev eth0 root netem delay 20ms",
            r#"link_impair("eth0", #{ delay: "20ms" });"#,
        ),
        (
            "tc qdisc change dev eth0 root fq_codel limit 100 noecn",
            r#"qdisc_change("eth0", "fq_codel", #{ limit: 100, ecn: false });"#,
        ),
        (
            "tc qdisc add dev eth0 root tbf rate 1mbit burst 32kbit latency 400ms",
            r#"qdisc_add("eth0", "tbf", #{ rate: "1mbit", burst: "32kbit", latency: "400ms" });"#,
        ),
        (
            "tc qdisc add dev eth0 ingress",
            r#"qdisc_add("eth0", "ingress");"#,
        ),
        ("tc qdisc del dev eth0 root", r#"qdisc_del("eth0");"#),
        (
            "tc qdisc del dev eth0 root netem",
            r#"link_unimpair("eth0");"#,
        ),
        (
            "tc qdisc del dev eth0 clsact",
            r#"qdisc_del("eth0", #{ parent: "clsact" });"#,
        ),
        ("tc -s qdisc show dev eth0", r#"show(qdisc_list("eth0"));"#),
        (
            "tc qdisc show dev eth0 root",
            r#"show(qdisc_list("eth0").filter(|qdisc| qdisc.parent == "root"));"#,
        ),
        (
            "tc qdisc show dev eth0 clsact",
            r#"show(qdisc_list("eth0").filter(|qdisc| qdisc.parent == "ingress"));"#,
        ),
        (
            "tc filter add dev eth0 pref 1 proto ip u32 match ip df flowid 1:1",
            r#"filter_add("eth0", "u32", #{ prio: 1, protocol: "ip", classid: "1:1", matches: "ip df" });"#,
        ),
        // Kinds that netsh does not have.
        (
            "tc filter add dev eth0 parent 1: handle 6 fw flowid 1:1",
            r#"sh("tc filter add dev eth0 parent 1: handle 6 fw flowid 1:1");"#,
        ),
        (
            "tc qdisc add dev eth0 root cake",
            r#"sh("tc qdisc add dev eth0 root cake");"#,
        ),
        (
            "tc qdisc add dev eth0 root handle 1: htb default 10",
            r#"qdisc_add("eth0", "htb", #{ handle: "1:", default_class: "10" });"#,
        ),
        (
            "tc class add dev eth0 parent 1: classid 1:10 htb rate 1mbit ceil 2mbit burst 15k",
            r#"class_add("eth0", "1:10", "htb", #{ parent: "1:", rate: "1mbit", ceil: "2mbit", burst: "15k" });"#,
        ),
        (
            "tc filter add dev eth0 parent 1: protocol ip prio 1 u32 match ip src 10.0.0.0/8 police rate 1mbit burst 10k drop flowid 1:1",
            r#"filter_add("eth0", "u32", #{ parent: "1:", protocol: "ip", prio: 1, classid: "1:1", matches: "ip src 10.0.0.0/8", action: "police rate 1mbit burst 10k drop" });"#,
        ),
        (
            "ip route show to match 10.1",
            r#"show(route_list(#{ matches: "10.1.0.0" }));"#,
        ),
        (
            "ip route show exact default",
            r#"show(route_list(#{ exact: "default" }));"#,
        ),
        (
            "tc filter add dev eth0 protocol ip parent 1: prio 1 u32 match ip dport 80 0xffff match ip dst 10.0.0.1 flowid 1:10",
            r#"filter_add("eth0", "u32", #{ protocol: "ip", parent: "1:", prio: 1, classid: "1:10", matches: ["ip dport 80 0xffff", "ip dst 10.0.0.1"] });"#,
        ),
        (
            "tc filter add dev eth0 ingress protocol ip flower ip_proto tcp dst_port 80 action mirred egress redirect dev eth1",
            r#"filter_add("eth0", "flower", #{ parent: "ingress", protocol: "ip", ip_proto: "tcp", dst_port: "80", action: "mirred egress redirect dev eth1" });"#,
        ),
        (
            "tc filter del dev eth0 parent 1: prio 1",
            r#"filter_del("eth0", #{ parent: "1:", prio: 1 });"#,
        ),
    ]);
    let faults = translate("tc qdisc add dev eth0 root netem dealy 20ms", &catalog()).faults;
    assert_eq!(faults[0].title, "netem has no option \"dealy\"");
}

#[test]
fn addresses() {
    become_lines(&[
        (
            "ip addr add 10.0.0.1/24 dev eth0",
            r#"addr_add("eth0", "10.0.0.1/24");"#,
        ),
        (
            "ip a a dev eth0 10.0.0.1/24",
            r#"addr_add("eth0", "10.0.0.1/24");"#,
        ),
        (
            "ip a a local 10.0.0.1/24 dev eth0",
            r#"addr_add("eth0", "10.0.0.1/24");"#,
        ),
        (
            "ip addr add 10.0.0.1 dev eth0",
            r#"addr_add("eth0", "10.0.0.1/32");"#,
        ),
        (
            "ip addr add 10.0.0.1 peer 10.0.0.2/30 brd + label eth0:1 dev eth0 metric 5",
            r#"addr_add("eth0", "10.0.0.1/30", #{ peer: "10.0.0.2", broadcast: "+", label: "eth0:1", metric: 5 });"#,
        ),
        (
            "ip addr add 10.0.0.1/24 dev eth0 valid_lft forever preferred_lft 60 noprefixroute",
            r#"addr_add("eth0", "10.0.0.1/24", #{ valid_lft: "forever", preferred_lft: 60, noprefixroute: true });"#,
        ),
        (
            "ip addr add fd00::1/64 dev eth0 nodad",
            r#"addr_add("eth0", "fd00::1/64");"#,
        ),
        (
            "ip addr add fd00::1/64 dev eth0",
            r#"addr_add("eth0", "fd00::1/64", #{ dad: true });"#,
        ),
        (
            "ip addr add 10.0.0.1/24 dev eth0 nodad",
            r#"addr_add("eth0", "10.0.0.1/24");"#,
        ),
        (
            "ip addr del 10.0.0.1/24 dev eth0",
            r#"addr_del("eth0", "10.0.0.1/24");"#,
        ),
        ("ip a f eth0", r#"addr_flush("eth0");"#),
        (
            "ip -6 addr flush dev eth0",
            r#"addr_flush("eth0", #{ family: "inet6" });"#,
        ),
        (
            "ip -family inet addr flush dev eth0",
            r#"addr_flush("eth0", #{ family: "inet" });"#,
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

#[test]
fn questions_are_shown() {
    become_lines(&[
        ("ip a", "show(addr_list());"),
        ("ip addr sh", "show(addr_list());"),
        ("ip -br a", "show(addr_list());"),
        ("ip a s lo", r#"show(addr_list("lo"));"#),
        ("ip -s -d addr show dev lo", r#"show(link_get("lo"));"#),
        (
            "ip -4 a s lo",
            r#"show(addr_list("lo").filter(|addr| addr.family == "inet"));"#,
        ),
        (
            "ip -6 a s scope link",
            r#"show(addr_list().filter(|addr| addr.scope == "link" && addr.family == "inet6"));"#,
        ),
        ("ip l", "show(link_list());"),
        ("ip -s link show lo", r#"show(link_get("lo"));"#),
        (
            "ip link show up type veth",
            r#"show(link_list().filter(|link| link.state == "up" && link.kind == "veth"));"#,
        ),
        (
            "ip link show lo >/dev/null 2>&1",
            r#"show(link_exists("lo"));"#,
        ),
        (
            "ip addr show dynamic",
            r#"show(addr_list().filter(|addr| !("permanent" in addr.flags)));"#,
        ),
        (
            "ip addr show dev lo primary",
            r#"show(addr_list("lo").filter(|addr| !("secondary" in addr.flags || "temporary" in addr.flags)));"#,
        ),
        // The addresses of links have no kind; the links with their addresses have.
        (
            "ip addr show type veth",
            r#"show(link_list().filter(|link| link.kind == "veth"));"#,
        ),
        ("ip n", "show(neigh_list());"),
        (
            "ip neigh show dev eth0",
            r#"show(neigh_list(#{ dev: "eth0" }));"#,
        ),
        (
            "ip nei sh nud stale",
            r#"show(neigh_list(#{ state: "stale" }));"#,
        ),
        (
            "ip -s neigh flush 10.0.0.3",
            r#"neigh_flush(#{ to: "10.0.0.3" });"#,
        ),
        ("ip neigh show nud all", "show(neigh_list(#{ all: true }));"),
        ("ip netns", "show(netns_list());"),
        ("ip net ls", "show(netns_list());"),
        ("ip netns l", "show(netns_list());"),
        ("arp -n", "show(arp_table());"),
        ("arp -an", "show(arp_table());"),
        ("cat /proc/net/arp", "show(arp_table());"),
    ]);
}

#[test]
fn namespaces() {
    become_lines(&[
        ("ip netns add h1", r#"netns_add("h1", #{ lo: false });"#),
        (
            "ip netns add h1; ip -n h1 link set lo up",
            r#"netns_add("h1");"#,
        ),
        (
            "ip netns add h1 && ip netns add h2 && ip netns exec h2 ip link set lo up",
            r#"netns_add("h1", #{ lo: false }); netns_add("h2");"#,
        ),
        (
            "ip netns add h1; ip link set veth0 up; ip -n h1 link set lo up",
            r#"netns_add("h1", #{ lo: false }); link_up("veth0"); netns_get("h1").link_up("lo");"#,
        ),
        ("ip netns del h1", r#"netns_del("h1");"#),
        ("ip netns del 5", r#"netns_del("5");"#),
        (
            "ip -n h1 a s lo",
            r#"show(netns_get("h1").addr_list("lo"));"#,
        ),
        (
            "ip netns exec h1 ip link set lo up",
            r#"netns_get("h1").link_up("lo");"#,
        ),
        (
            "ip netns exec 'h 1' tshark -i eth0",
            r#"netns_get("h 1").sh("tshark -i eth0");"#,
        ),
        (
            "ip netns exec h1 sh -c 'echo hi; id'",
            r#"netns_get("h1").sh("echo hi; id");"#,
        ),
        (
            "ip netns exec h1 sudo ping -c1 ::1",
            r#"netns_get("h1").ping("::1", #{ count: 1 });"#,
        ),
    ]);
}

#[test]
fn parameters_of_the_kernel() {
    become_lines(&[
        (
            "sysctl -w net.ipv4.ip_forward=1",
            r#"sysctl_set("net.ipv4.ip_forward", 1);"#,
        ),
        (
            "sysctl -qw net.x.a=1 net.x.b='2 3'",
            r#"sysctl_set("net.x.a", 1); sysctl_set("net.x.b", "2 3");"#,
        ),
        (
            "sysctl net.ipv4.ip_forward",
            r#"show(sysctl_get("net.ipv4.ip_forward"));"#,
        ),
        ("sysctl --values net.x.a", r#"show(sysctl_get("net.x.a"));"#),
        ("sysctl -a", r#"show(sysctl_list("net"));"#),
        (
            "sysctl -ar '^net\\.ipv4\\..*'",
            r#"show(sysctl_list("net.ipv4"));"#,
        ),
        (
            "sysctl -a --pattern=^net.ipv4",
            r#"show(sysctl_list("net.ipv4"));"#,
        ),
        (
            "cat /proc/sys/net/ipv4/conf/v0.10/rp_filter",
            r#"show(sysctl_get("net.ipv4.conf.v0/10.rp_filter"));"#,
        ),
        (
            "echo 1 > /proc/sys/net/ipv4/ip_forward",
            r#"sysctl_set("net.ipv4.ip_forward", 1);"#,
        ),
        (
            "echo -n 0 0 | sudo tee /proc/sys/net/ipv4/ping_group_range",
            r#"sysctl_set("net.ipv4.ping_group_range", "0 0");"#,
        ),
    ]);
}

#[test]
fn pings() {
    become_lines(&[
        ("ping 10.0.0.1", r#"ping("10.0.0.1");"#),
        ("ping -c 4 10.0.0.1", r#"ping("10.0.0.1");"#),
        (
            "ping -c 3 -i 0.2 -I veth0 10.0.0.1",
            r#"ping("10.0.0.1", #{ count: 3, interval: 0.2, iface: "veth0" });"#,
        ),
        (
            "/bin/ping 10.0.0.1 -qc3 -I10.0.0.5 -W .5",
            r#"ping("10.0.0.1", #{ quiet: true, count: 3, source: "10.0.0.5", timeout: 0.5 });"#,
        ),
        (
            "ping -M do -s 1400 -t 5 -p ff -f -w 9 h",
            r#"ping("h", #{ dont_fragment: true, size: 1400, ttl: 5, pattern: "ff", flood: true, deadline: 9 });"#,
        ),
        (
            "ping6 -c1 h",
            r#"ping("h", #{ count: 1, family: "inet6" });"#,
        ),
        (
            "ping -4 -c1 h",
            r#"ping("h", #{ count: 1, family: "inet" });"#,
        ),
        (
            "ping -nc1 h >/dev/null",
            r#"ping("h", #{ count: 1, quiet: true });"#,
        ),
    ]);
}

#[test]
fn questions_of_arp() {
    become_lines(&[
        ("arping 10.0.0.1", r#"arping("10.0.0.1");"#),
        (
            "arping -I veth0 -c2 -w 3 10.0.0.1",
            r#"arping("10.0.0.1", #{ iface: "veth0", count: 2, deadline: 3 });"#,
        ),
        (
            "sudo arping -D -I veth0 -c 1 -s 10.0.0.5 10.0.0.1 >/dev/null",
            r#"arping("10.0.0.1", #{ dad: true, iface: "veth0", count: 1, source: "10.0.0.5", quiet: true });"#,
        ),
        (
            "arping -Ubq -i 0.5 10.0.0.1",
            r#"arping("10.0.0.1", #{ unsolicited: true, broadcast: true, quiet: true, interval: 0.5 });"#,
        ),
        (
            "arping -f -c 1 -I veth0 10.0.0.1",
            r#"arp_request("veth0", "10.0.0.1");"#,
        ),
    ]);
}

#[test]
fn ways_and_ports() {
    become_lines(&[
        ("traceroute 10.0.0.1", r#"traceroute("10.0.0.1");"#),
        (
            "traceroute -n -I -m 5 -q1 -w 2,3,10 h",
            r#"traceroute("h", #{ proto: "icmp", max_hops: 5, queries: 1, timeout: 2 });"#,
        ),
        (
            "traceroute --tcp --port=443 -f 2 -i eth0 -s 10.0.0.5 h 1400",
            r#"traceroute("h", #{ proto: "tcp", port: 443, first: 2, iface: "eth0", source: "10.0.0.5", size: 1400 });"#,
        ),
        (
            "traceroute6 -F h",
            r#"traceroute("h", #{ dont_fragment: true, family: "inet6" });"#,
        ),
        ("tracepath -n h", r#"traceroute("h");"#),
        ("nc 10.0.0.1 80", r#"tcp_connect("10.0.0.1", 80);"#),
        (
            "nc -zv -w 2 10.0.0.1 80",
            r#"port_check("10.0.0.1", 80, #{ timeout: 2 });"#,
        ),
        (
            "nc -zu 10.0.0.1 53",
            r#"port_check("10.0.0.1", 53, #{ proto: "udp" });"#,
        ),
        ("nc -l 80", "tcp_listen(80);"),
        ("nc -lk -p 80", "tcp_listen(80);"),
        (
            "nc -lu 10.0.0.1 53",
            r#"udp_listen(53, #{ address: "10.0.0.1" });"#,
        ),
        (
            "curl -s -m 2 http://10.0.0.1/",
            r#"show(http_get("http://10.0.0.1/", #{ timeout: 2 }));"#,
        ),
        (
            "curl --interface eth0 10.0.0.1:8080",
            r#"show(http_get("http://10.0.0.1:8080", #{ iface: "eth0" }));"#,
        ),
        ("python3 -m http.server 8000", "http_listen(8000);"),
        (
            "sudo tcpdump -nei eth0 -c 3 -s 96 -w x.pcap icmp or arp",
            r#"let packets = capture(#{ link: "eth0", count: 3, snaplen: 96, file: "x.pcap", filter: "icmp or arp" });"#,
        ),
        ("tcpdump -w -", r#"sh("tcpdump -w -");"#),
        ("tcpdump -r - icmp", r#"sh("tcpdump -r - icmp");"#),
        (
            "tcpdump --interface=eth0 --count 3 -w x.pcap",
            r#"let packets = capture(#{ link: "eth0", count: 3, file: "x.pcap" });"#,
        ),
        (
            "tcpdump -nr x.pcap -c 2",
            r#"show(pcap_read("x.pcap", #{ count: 2 }));"#,
        ),
        (
            "iperf3 -c 10.0.0.2 -t 5 -u -b 10M",
            r#"show(throughput("10.0.0.2", #{ time: 5, udp: true, rate: "10mbit" }));"#,
        ),
        (
            "iperf3 --client=10.0.0.2 --parallel 4",
            r#"show(throughput("10.0.0.2", #{ streams: 4 }));"#,
        ),
    ]);
}

#[test]
fn what_tcpdump_sees_is_printed() {
    let text = "ip netns exec h1 tcpdump -npi any 'tcp port 80'";
    let wanted = [
        r#"let packets = netns_get("h1").capture(#{ promisc: false, filter: "tcp port 80" });"#,
        "loop {",
        "    let packet = packets.read();",
        "    if packet == () { break; }",
        "    print(packet.line);",
        "}",
    ];
    assert_eq!(lines(text), wanted);
}

#[test]
fn tables_of_nft() {
    become_lines(&[
        ("nft flush ruleset", "nft_flush();"),
        // Not all families.
        ("nft flush ruleset ip", r#"nft_load("flush ruleset ip");"#),
        ("nft list ruleset ip6", r#"sh("nft list ruleset ip6");"#),
        ("nft list ruleset", "print(nft_text());"),
        ("nft -nn list table ip t", r#"print(nft_text("ip t"));"#),
        ("nft -j list ruleset", "show(nft_list());"),
        ("nft -c add table ip t", r#"sh("nft -c add table ip t");"#),
        ("nft create table ip t", r#"nft_table_add("ip t");"#),
        (
            "nft add table ip t '{ flags dormant; }'",
            r#"nft_load("add table ip t { flags dormant; }");"#,
        ),
        (
            "nft delete table ip handle 5",
            r#"sh("nft delete table ip handle 5");"#,
        ),
        (
            "nft add counter ip t c",
            r#"nft_load("add counter ip t c");"#,
        ),
        (
            "nft 'add table ip a; add set ip a b { type ipv4_addr; }'",
            r#"nft_load("add table ip a; add set ip a b { type ipv4_addr; }");"#,
        ),
        (
            "nft rename chain ip t c d",
            r#"sh("nft rename chain ip t c d");"#,
        ),
        ("nft destroy table ip t", r#"sh("nft destroy table ip t");"#),
        (
            "nft get element ip t s '{ 10.0.0.1 }'",
            r#"sh("nft get element ip t s '{ 10.0.0.1 }'");"#,
        ),
        ("nft flush map ip t m", r#"nft_set_flush("ip t m");"#),
        ("nft describe tcp dport", r#"sh("nft describe tcp dport");"#),
    ]);
}

#[test]
fn chains_and_rules_of_nft() {
    become_lines(&[
        (
            "nft add chain ip t c '{ type nat hook postrouting priority srcnat; }'",
            r#"nft_chain_add("ip t c", #{ type: "nat", hook: "postrouting", priority: "srcnat" });"#,
        ),
        (
            "nft add chain ip t c { type filter hook input priority filter + 10 \\; policy drop \\; }",
            r#"nft_chain_add("ip t c", #{ type: "filter", hook: "input", priority: "filter + 10", policy: "drop" });"#,
        ),
        (
            "nft add chain netdev t c '{ type filter hook ingress device \"eth0\" priority -5; }'",
            r#"nft_chain_add("netdev t c", #{ type: "filter", hook: "ingress", device: "eth0", priority: -5 });"#,
        ),
        (
            "nft add chain ip t c '{ comment \"x\"; }'",
            r#"nft_load("add chain ip t c { comment \"x\"; }");"#,
        ),
        (
            "nft add rule ip t c ip saddr @s counter drop comment '\"a  b\"'",
            r#"nft_rule_add("ip t c", "ip saddr @s counter drop comment \"a  b\"");"#,
        ),
        (
            "nft replace rule ip t c handle 5 tcp dport 22 accept",
            r#"nft_rule_add("ip t c", "tcp dport 22 accept", #{ position: 5 }); nft_rule_del("ip t c", 5);"#,
        ),
        (
            "nft add rule ip t c synproxy mss 1460",
            r#"sh("nft add rule ip t c synproxy mss 1460");"#,
        ),
    ]);
}

#[test]
fn sets_of_nft() {
    become_lines(&[
        (
            "nft add set ip t s '{ type ipv4_addr; flags timeout; timeout 1h; size 9; }'",
            r#"nft_set_add("ip t s", "ipv4_addr", #{ flags: "timeout", timeout: "1h", size: 9 });"#,
        ),
        (
            "nft add set ip t s '{ type ipv4_addr; flags dynamic,timeout; comment \"a; b\"; elements = { 10.0.0.1, 10.0.0.2 } }'",
            r#"nft_set_add("ip t s", "ipv4_addr", #{ flags: "dynamic, timeout", comment: "a; b", elements: "10.0.0.1, 10.0.0.2" });"#,
        ),
        (
            "nft add map ip t m '{ type ipv4_addr : verdict; }'",
            r#"nft_map_add("ip t m", "ipv4_addr : verdict");"#,
        ),
        // What the verb has no option for.
        (
            "nft add set ip t s '{ type ipv4_addr; flags interval; auto-merge; }'",
            r#"nft_load("add set ip t s { type ipv4_addr; flags interval; auto-merge; }");"#,
        ),
        (
            "nft add set ip t s '{ typeof ip saddr; counter; }'",
            r#"nft_load("add set ip t s { typeof ip saddr; counter; }");"#,
        ),
        (
            "nft add set ip t s '{ type ipv4_addr; timeout 1h30m; }'",
            r#"nft_load("add set ip t s { type ipv4_addr; timeout 1h30m; }");"#,
        ),
    ]);
}

#[test]
fn here_documents_are_texts() {
    let script = "ip netns exec h1 nft -f - <<EOF # all\ntable ip a {\n\tchain b { oif \\$x; }\n}\nEOF\nip a";
    // A variable of nft's, in a text that is the shell's no more.
    let found = translate(script, &catalog());
    assert_eq!(found.faults.len(), 1);
    assert_eq!(
        found.lines.last().map(String::as_str),
        Some("show(addr_list());")
    );
    for (script, wanted) in [
        (
            "nft -f - <<EOF # all\ntable ip a {\n\tchain b { drop; }\n}\nEOF\nip a",
            "nft_load(`\ntable ip a {\n\tchain b { drop; }\n}\n`); // all\nshow(addr_list());",
        ),
        (
            "ip netns exec h1 nft --file /dev/stdin <<-'EOF'\n\tadd table ip a\n\tEOF\nip a",
            "netns_get(\"h1\").nft_table_add(\"ip a\");\nshow(addr_list());",
        ),
        (
            "sudo nft -f- <<< 'add table ip a'",
            "nft_table_add(\"ip a\");",
        ),
        (
            "cat > x <<A 2>y <<B\n$1\nA\n2\nB\nip a",
            "sh(\"cat > x <<A 2>y <<B\\n$1\\nA\\n2\\nB\");\nshow(addr_list());",
        ),
    ] {
        assert_eq!(lines(script).join("\n"), wanted, "{script}");
    }
}

#[test]
fn tracked_connections() {
    become_lines(&[
        ("conntrack -L", "show(conntrack_list());"),
        (
            "sudo conntrack -L conntrack -p tcp --dport 80 -o extended",
            r#"show(conntrack_list(#{ proto: "tcp", dport: 80 }));"#,
        ),
        (
            "conntrack --dump --src=10.0.0.0/24 --src-nat -f ipv6",
            r#"show(conntrack_list(#{ src: "10.0.0.0/24", nat: "snat", family: "inet6" }));"#,
        ),
        (
            "ip netns exec h1 conntrack -F",
            r#"netns_get("h1").conntrack_flush();"#,
        ),
        (
            "conntrack -D -p udp -d 10.0.0.1 -m 0x10/0xff",
            r#"conntrack_del(#{ proto: "udp", dst: "10.0.0.1", mark: "0x10/0xff" });"#,
        ),
        ("ip monitor", "monitor();"),
        (
            "ip -o monitor address all-nsid",
            r#"monitor(#{ kinds: "addr" });"#,
        ),
        ("conntrack -C", "show(conntrack_count());"),
        (
            "conntrack -I -p tcp -s 10.0.0.1",
            r#"sh("conntrack -I -p tcp -s 10.0.0.1");"#,
        ),
    ]);
}

#[test]
fn routes() {
    become_lines(&[
        (
            "ip route add default via 10.0.0.1",
            r#"route_add("default", #{ via: "10.0.0.1" });"#,
        ),
        (
            "ip -6 r a default via fe80::1 dev eth0",
            r#"route_add("default", #{ via: "fe80::1", dev: "eth0", family: "inet6" });"#,
        ),
        (
            "ip ro add to 10.0.0.0/8 dev eth0 table 100 proto static scope link src 10.1.1.1 prio 5 onlink",
            r#"route_add("10.0.0.0/8", #{ dev: "eth0", table: "100", protocol: "static", scope: "link", src: "10.1.1.1", metric: 5, onlink: true });"#,
        ),
        (
            "ip route add blackhole 10.0.0.0/8",
            r#"route_add("10.0.0.0/8", #{ type: "blackhole" });"#,
        ),
        (
            "ip route add 10.0.0.0/8 via inet6 fe80::1 dev eth0 mtu lock 1400 rtt 20ms",
            r#"route_add("10.0.0.0/8", #{ lock: ["mtu"], via: "inet6 fe80::1", dev: "eth0", mtu: 1400, rtt: "20ms" });"#,
        ),
        (
            "ip route replace 10.0.0.0/8 nexthop via 10.1.1.1 weight 2 nexthop dev eth0 onlink",
            r#"route_replace("10.0.0.0/8", #{ nexthops: [#{ via: "10.1.1.1", weight: 2 }, #{ dev: "eth0", onlink: true }] });"#,
        ),
        (
            "ip ro append default via 10.0.0.1",
            r#"route_append("default", #{ via: "10.0.0.1" });"#,
        ),
        (
            "ip ro chg default via 10.0.0.1",
            r#"route_change("default", #{ via: "10.0.0.1" });"#,
        ),
        (
            "ip route del default via 10.0.0.1",
            r#"route_del("default", #{ via: "10.0.0.1" });"#,
        ),
        (
            "ip route add 10/8 via 10.0.0.1",
            r#"route_add("10.0.0.0/8", #{ via: "10.0.0.1" });"#,
        ),
        (
            "ip route add 10.1.0.0/255.255.0.0 dev eth0",
            r#"route_add("10.1.0.0/16", #{ dev: "eth0" });"#,
        ),
        (
            "ip rule add from 192.168/16 lookup 5",
            r#"rule_add(#{ from: "192.168.0.0/16", table: "5" });"#,
        ),
        (
            "ip rule add from 0/0 lookup 5",
            r#"rule_add(#{ from: "all", table: "5" });"#,
        ),
        (
            "ip rule add not from all fwmark 0xca6c lookup 51820",
            r#"rule_add(#{ not: true, from: "all", fwmark: "0xca6c", table: "51820" });"#,
        ),
        (
            "ip neigh add 10.0.0.1 lladdr 02:00:00:00:00:01 nud perm dev eth0",
            r#"neigh_add("eth0", "10.0.0.1", #{ mac: "02:00:00:00:00:01", state: "permanent" });"#,
        ),
        ("ip r", "show(route_list());"),
        ("ip -4 r", r#"show(route_list(#{ family: "inet" }));"#),
        ("ip -n h1 ro", r#"show(netns_get("h1").route_list());"#),
        (
            "ip -6 route show table all type unicast dev lo",
            r#"show(route_list(#{ table: "all", type: "unicast", dev: "lo", family: "inet6" }));"#,
        ),
        (
            "ip r s 10.0.0.0/8",
            r#"show(route_list(#{ exact: "10.0.0.0/8" }));"#,
        ),
        (
            "ip route get 10.0.0.1 ipproto udp dport 53",
            r#"show(route_get("10.0.0.1", #{ ipproto: "udp", dport: 53 }));"#,
        ),
        (
            "ip route get 10.0.0.1 from 10.0.0.2 iif eth0 mark 0x10 ipproto tcp",
            r#"show(route_get("10.0.0.1", #{ from: "10.0.0.2", iif: "eth0", mark: "0x10", ipproto: "tcp" }));"#,
        ),
        (
            "ip route flush table 100",
            r#"route_flush(#{ table: "100", family: "inet" });"#,
        ),
        ("route -n", "show(route_list());"),
        ("netstat -rn", "show(route_list());"),
    ]);
}

#[test]
fn other_programs_are_run() {
    become_lines(&[
        (
            "ip route prepend default via 10.0.0.1",
            r#"sh("ip route prepend default via 10.0.0.1");"#,
        ),
        ("ip maddr", r#"sh("ip maddr");"#),
        (
            "tc actions add action drop",
            r#"sh("tc actions add action drop");"#,
        ),
        ("ip -n h1 token", r#"sh("ip -n h1 token");"#),
        ("sudo ifconfig eth0 up", r#"sh("ifconfig eth0 up");"#),
        ("arp -d 10.0.0.1", r#"sh("arp -d 10.0.0.1");"#),
        (
            "ip addr | grep \"inet\"",
            r#"sh("ip addr | grep \"inet\"");"#,
        ),
        ("ip a > file", r#"sh("ip a > file");"#),
        ("iperf3 -s &", r#"sh("iperf3 -s &");"#),
        ("ip a || exit 1", r#"sh("ip a || exit 1");"#),
        (
            "ip l del x0 2>/dev/null || true",
            r#"try { link_del("x0"); } catch { }"#,
        ),
        ("sleep 0.5", "sleep(0.5);"),
        ("exit 3", "exit(3);"),
        ("exit", "exit(0);"),
        ("bash -c 'ip a'", r#"sh("bash -c 'ip a'");"#),
        ("ip netns exec h1 bash", r#"netns_enter("h1");"#),
    ]);
}

#[test]
fn scripts_keep_their_comments() {
    let script = "#!/bin/bash\nset -e\n# a lab\n\nip link add veth0 type veth \\\n  peer name veth1  # a cable\nip l set veth0 up; ip l set veth1 up # both\n";
    let wanted = [
        "// a lab",
        "",
        "veth_add(\"veth0\", \"veth1\"); // a cable",
        "link_up(\"veth0\");",
        "link_up(\"veth1\"); // both",
    ];
    assert_eq!(lines(script), wanted);
}
