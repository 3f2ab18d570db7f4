//! The translation as tables; what can't be translated in `faults.rs`, against the manual in `equivalents.rs`, and with verbs that
//! there are not yet in `new_verbs.rs`.

mod equivalents;
mod faults;
mod links;
mod new_verbs;
mod nft;
mod probes;

use super::*;
use crate::script::catalog;

fn lines(text: &str) -> Vec<String> {
    let translation = translate(text, catalog());
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
    let faults = translate("tc qdisc add dev eth0 root netem dealy 20ms", catalog()).faults;
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
