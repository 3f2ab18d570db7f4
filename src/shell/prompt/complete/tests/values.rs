//! Values: options, arguments, and what there is in the kernel.

use super::{all, completed};

#[test]
fn options_are_those_of_the_verb_that_are_not_given() {
    all(&[
        (
            "veth_add(\"a\", \"b\", #{ m^",
            &["mtu: ", "master: ", "mac: "],
        ),
        (
            "veth_add(\"a\", \"b\", #{ mtu: 1, m^",
            &["master: ", "mac: "],
        ),
        (
            "veth_add(\"a\", \"b\", #{ \"mtu\": 1, m^",
            &["master: ", "mac: "],
        ),
        (
            "veth_add(\"a\", \"b\", #{ m^, mac: x })",
            &["mtu: ", "master: "],
        ),
        ("veth_add(\"a\", \"b\", #{ ma^: 1 })", &["master", "mac"]),
        (
            "veth_add(\"a\", \"b\", #{ \"ma^",
            &["master\": ", "mac\": "],
        ),
        (
            "veth_add(\"a\", \"b\", #{ \"ma^\": 1 })",
            &["master", "mac"],
        ),
        (
            "veth_add(\"a\", \"b\", #{^",
            &[
                "peer_netns: ",
                "netns: ",
                "mtu: ",
                "txqueuelen: ",
                "master: ",
                "peer_master: ",
                "mac: ",
                "peer_mac: ",
                "up: ",
            ],
        ),
        ("host.addr_del(\"a\", \"b\", #{ ^", &["peer: "]),
        ("addr_del(\"a\", \"b\", ^", &["#{ "]),
        ("link_up(\"a\", #{ ^", &[]),
        ("x(#{ ^", &[]),
    ]);
}

#[test]
fn values_of_options_are_those_that_belong_there() {
    all(&[
        ("veth_add(\"a\", \"b\", #{ up: ^", &["true", "false"]),
        ("veth_add(\"a\", \"b\", #{ up: fa^", &["false"]),
        ("veth_add(\"a\", \"b\", #{ up: tr^", &["true"]),
        (
            "let trunk = true; veth_add(\"a\", \"b\", #{ up: tr^",
            &["true", "trunk"],
        ),
        ("veth_add(\"a\", \"b\", #{ up: link_ex^", &["link_exists"]),
        (
            "link_set(\"lo\", #{ master: \"v^",
            &["veth0\"", "veth0peer\""],
        ),
        (
            "link_set(\"lo\", #{ master: ^",
            &["\"lo\"", "\"veth0\"", "\"veth0peer\""],
        ),
        (
            "link_set(\"lo\", #{ netns: ^",
            &["host", "\"h1\"", "\"h2\""],
        ),
        ("link_set(\"lo\", #{ netns: \"^\"", &["h1", "h2"]),
        (
            "addr_add(\"a\", \"b\", #{ scope: ^",
            &["\"global\"", "\"site\"", "\"link\"", "\"host\""],
        ),
        ("addr_add(\"a\", \"b\", #{ \"scope\": \"s^", &["site\""]),
        ("ping(\"x\", #{ source: \"10^", &["10.0.0.1\""]),
        ("ping(\"x\", #{ count: ho^", &["host"]),
    ]);
}

#[test]
fn arguments_are_what_the_parameter_wants() {
    all(&[
        ("link_up(\"v^", &["veth0\"", "veth0peer\""]),
        ("link_up(\"v^\")", &["veth0", "veth0peer"]),
        ("link_up(`v^", &["veth0`", "veth0peer`"]),
        ("link_up(^", &["\"lo\"", "\"veth0\"", "\"veth0peer\""]),
        ("link_up(^)", &["\"lo\"", "\"veth0\"", "\"veth0peer\""]),
        ("link_up(peer^", &["\"veth0peer\""]),
        ("link_up(\"peer^", &["veth0peer\""]),
        ("plug(\"a\", \"v^", &["veth0\"", "veth0peer\""]),
        ("fn mine(link) { } mine(\"v^", &["veth0\"", "veth0peer\""]),
        ("netns_get(\"^", &["h1\"", "h2\""]),
        ("netns_del(^", &["host", "\"h1\"", "\"h2\""]),
        (
            "addr_add(\"lo\", \"^",
            &["127.0.0.1/8\"", "10.0.0.1/24\"", "fd00::1/64\""],
        ),
        ("addr_del(\"lo\", \"^", &["127.0.0.1/8\""]),
        ("addr_del(\"no\" + 1, \"f^", &["fd00::1/64\""]),
        ("host.addr_del(\"eth1\", ^", &["\"10.0.0.2/24\""]),
        ("ping(\"1^", &["127.0.0.1\"", "10.0.0.1\""]),
        ("link_add(\"a\", \"vx^", &["vxcan\"", "vxlan\""]),
        ("qdisc_add(\"lo\", \"f^", &["fq\"", "fq_codel\""]),
        ("qdisc_replace(\"lo\", \"b^", &["bfifo\""]),
        ("class_add(\"lo\", \"1:1\", \"^", &["drr\"", "htb\""]),
        (
            "filter_add(\"lo\", \"^",
            &["flower\"", "matchall\"", "u32\""],
        ),
        (
            "nft_set_add(\"ip t s\", \"ip^",
            &["ipv4_addr\"", "ipv6_addr\""],
        ),
        (
            "link_add(\"a\", bri^",
            &[
                "\"bridge\"",
                "bridge_add",
                "bridge_vlan_add",
                "bridge_vlan_del",
                "bridge_vlan_global_list",
                "bridge_vlan_global_set",
                "bridge_vlan_list",
                "bridge_vlan_set",
            ],
        ),
        ("exec(\"t^", &["tcpdump\"", "tracepath\""]),
        ("exec(\"bash\", [\"no^", &["notes.txt\""]),
        ("sh(\"t^", &["tcpdump", "tracepath"]),
        ("sh(\"tcpdump -i v^", &["veth0", "veth0peer"]),
        ("sh(\"echo a | b^", &["bash"]),
        ("sh(\"cat no^", &["notes.txt"]),
        ("help(\"neigh_l^", &["neigh_list\""]),
        ("link_up(x + \"v^", &[]),
        ("link_add(\"^", &[]),
    ]);
}

#[test]
fn links_are_those_of_the_namespace_of_the_handle() {
    all(&[
        ("host.link_up(\"e^", &["eth1\""]),
        ("host.addr_del(\"eth1\", \"^", &["10.0.0.2/24\""]),
        ("host.sysctl_get(\"net.^", &["of_another_namespace\""]),
        ("host.link_set(\"lo\", #{ master: \"e^", &["eth1\""]),
        ("host.run(|| link_up(\"e^", &["eth1\""]),
        ("host.run(|| { let x = 1; if x { link_up(\"e^", &["eth1\""]),
        ("let b = netns_add(\"h2\"); b.link_up(\"e^", &["eth2\""]),
        ("netns_get(\"h2\").link_up(\"e^", &["eth2\""]),
        ("let b = host; let c = b; c.link_up(\"e^", &["eth1\""]),
        ("let b = netns_add(x); b.link_up(\"^", &[]),
        ("host.run(|| 1); link_up(\"v^", &["veth0\"", "veth0peer\""]),
        ("let a = a; a.link_up(\"v^", &["veth0\"", "veth0peer\""]),
    ]);
}

#[test]
fn kernel_parameters_come_level_by_level_in_both_spellings() {
    all(&[
        ("sysctl_get(\"^", &["net.", "vm."]),
        ("sysctl_get(^", &["\"net.", "\"vm."]),
        ("sysctl_get(\"net.ipv4.^", &["conf.", "ip_forward\""]),
        ("sysctl_set(\"net.ipv4.ip_f^\", 1)", &["ip_forward"]),
        ("sysctl_get(\"net.ipv4.forw^", &["ip_forward\""]),
        ("sysctl_get(\"net.ipv4.conf.^", &["v0/10."]),
        ("sysctl_get(\"net/ipv4/conf/^", &["v0.10/"]),
        ("sysctl_get(\"net/ipv4/ip^", &["ip_forward\""]),
        ("sysctl_get(\"net/^", &["ipv4/", "ipv6/"]),
    ]);
    let (_, completion, _) = completed("sysctl_get(\"net.ipv4.ip_f^");
    assert_eq!(completion.start, "sysctl_get(\"net.ipv4.".len());
}
