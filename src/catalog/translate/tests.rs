//! The translation as tables; against the manual in `equivalents.rs`, and with verbs that there are not yet in `new_verbs.rs`.

mod equivalents;
mod new_verbs;

use proptest::prelude::*;

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
            r#"link_add("x0", "dummy", #{ mtu: 1400, mac: "02:00:00:00:00:01" });"#,
        ),
        (
            "ip link add x0 netns h1 up type dummy",
            r#"link_add("x0", "dummy", #{ up: true }); link_set("x0", #{ netns: "h1" });"#,
        ),
        (
            "ip link add x0 master br0 txqlen 7 type dummy",
            r#"link_add("x0", "dummy"); link_set("x0", #{ master: "br0", txqueuelen: 7 });"#,
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
    ]);
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
            r#"show(neigh_list().filter(|neigh| neigh.state == "stale"));"#,
        ),
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
            "ip netns exec 'h 1' tcpdump -i eth0",
            r#"netns_get("h 1").sh("tcpdump -i eth0");"#,
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
fn other_programs_are_run() {
    become_lines(&[
        (
            "ip route add default via 10.0.0.1",
            r#"sh("ip route add default via 10.0.0.1");"#,
        ),
        ("ip r", r#"sh("ip r");"#),
        ("ip -n h1 ro", r#"sh("ip -n h1 ro");"#),
        ("bridge fdb show", r#"sh("bridge fdb show");"#),
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

/// The word that is to blame, and a part of what is said.
#[test]
fn faults_have_their_place() {
    for (command, blamed, said) in [
        (
            "ip link set veth0 arp off",
            "arp off",
            "\"arp\" of ip link set",
        ),
        ("ip link set veth0 frob", "frob", "no \"frob\""),
        ("ip link set veth0 mtuu 5", "mtuu", "did you mean \"mtu\""),
        ("ip link set veth0 mtu big", "big", "not a number"),
        ("ip link set veth0 mtu", "mtu", "wants a value"),
        ("ip link set veth0 mtu 1 mtu 2", "mtu", "twice"),
        (
            "ip link set mtu 1400",
            "ip link set mtu 1400",
            "dev LINK is missing",
        ),
        (
            "ip link set veth0 promisc maybe",
            "maybe",
            "neither on nor off",
        ),
        (
            "ip link add br0 type bridge stp_state 1",
            "stp_state",
            "\"stp_state\"",
        ),
        (
            "ip link add link e name v type vlan id 5",
            "id",
            "type vlan",
        ),
        (
            "ip link add link e name v type macvlan",
            "link e",
            "\"link\" of ip link set",
        ),
        ("ip link add x0", "ip link add x0", "type KIND is missing"),
        ("ip link add a type veth", "a", "dev a"),
        ("ip link set m up", "m", "beginning of \"master\""),
        ("ip link sett x up", "sett", "did you mean \"set\""),
        ("ip lnk", "lnk", "did you mean \"link\""),
        ("ip", "ip", "what to work on"),
        ("ip link help", "ip link help", "netsh help"),
        ("ip -batch file", "-batch", "-batch"),
        ("ip -b file", "-b", "-batch"),
        ("ip -x a", "-x", "no \"-x\""),
        ("ip -n", "-n", "wants a value"),
        ("ip netns exec h1", "ip netns exec h1", "a command"),
        ("ip netns exec h1 ip lnk", "lnk", "link"),
        (
            "ip addr add 10.0.0.1/33 dev eth0",
            "10.0.0.1/33",
            "too long",
        ),
        (
            "ip addr add 10.0.0.1/24",
            "ip addr add 10.0.0.1/24",
            "dev LINK is missing",
        ),
        (
            "ip addr del 10.0.0.1 dev eth0",
            "10.0.0.1",
            "ip addr shows it",
        ),
        (
            "ip addr flush dev eth0 scope link",
            "scope link",
            "\"scope\"",
        ),
        ("ip addr show group 5", "group 5", "\"group\""),
        ("ping", "ping", "DESTINATION is missing"),
        ("ping -c", "-c", "wants a value"),
        ("ping -R h", "-R", "\"-R\""),
        ("ping a b", "b", "ping"),
        ("ping -c 010 h", "010", "octal"),
        ("sysctl", "sysctl", "which parameter"),
        ("sysctl -a -r rp_filter", "rp_filter", "sysctl_list"),
        ("cat 'x", "'", "not closed"),
        ("for i in 1 2; do ip l; done", "for", "the shell's own"),
        ("if true; then ip a; fi", "if", "the shell's own"),
        ("(ip a)", "(", "the shell's own"),
        ("X=1", "X=1", "let name"),
        ("ip link add $X type dummy", "$X", "what it stands for"),
        ("cat <<END\nEND", "<<", "here-documents"),
    ] {
        let faults = translate(command, &catalog()).faults;
        let [fault] = faults.as_slice() else {
            panic!("{command}: {faults:?}");
        };
        assert_eq!(
            command.get(fault.span.clone()),
            Some(blamed),
            "{command}: {fault:?}"
        );
        let told = format!("{} {} {:?}", fault.title, fault.label, fault.help);
        let told = told.replace("\\\"", "\"");
        assert!(told.contains(said), "{command}: {told}");
    }
}

#[test]
fn a_script_goes_on_behind_a_fault() {
    let translation = translate(
        "ip l set x0 up\nip l frob\nfor i in 1; do\nip a\ndone\nip a",
        &catalog(),
    );
    let wanted = [
        "link_up(\"x0\");",
        "// not translated: ip l frob",
        "// not translated: for i in 1; do",
        "// not translated: ip a",
        "// not translated: done",
        "show(addr_list());",
    ];
    assert_eq!(translation.lines, wanted);
    assert_eq!(translation.faults.len(), 2);
}

#[test]
fn notes_tell_what_is_different() {
    for (command, part) in [
        ("ip -br a", "-brief"),
        ("ip netns add h1", "lo up"),
        ("ip a a fd00::1/64 dev eth0", "dad"),
        ("ping h", "count: 0"),
        ("ip route", "no verb for ip route show"),
        ("ip -4 neigh", "only inet"),
        ("ip link set x0 netns 1", "home"),
        ("set -e", "first error"),
        ("brctl show", "iproute2"),
    ] {
        let notes = translate(command, &catalog()).notes;
        assert!(
            notes.iter().any(|note| note.contains(part)),
            "{command}: {notes:?}"
        );
    }
    assert_eq!(translate("ip -j addr", &catalog()).notes, [""; 0]);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    #[test]
    fn no_text_is_a_panic(text in ".*") {
        let _ = translate(&text, &catalog());
    }

    #[test]
    fn no_command_is_a_panic(words in prop::collection::vec(
        prop::sample::select(vec![
            "ip", "bridge", "sysctl", "ping", "arp", "cat", "echo", "sudo", "env", "-n", "h1", "netns", "exec", "link", "addr",
            "add", "set", "del", "show", "dev", "type", "veth", "peer", "name", "mtu", "1400", "x0", "10.0.0.1/24", "fd00::1",
            "-c", "-I", "-w", "a=1", "-a", "--pattern", "^net", "-", "--", "", "'", ";", "|", "&&", "||", "true", ">",
            "/proc/sys/net/x", "tee", "/dev/null", "$$", "$x", "#", "\n", "é", "(", "for", "done", "<", "up", "local", "-4",
        ]), 0..12)) {
        let text = words.join(" ");
        let translation = translate(&text, &catalog());
        for fault in translation.faults {
            prop_assert!(text.get(fault.span.clone()).is_some(), "{:?}", fault);
        }
    }

    /// Whatever the name, the line is Rhai that means it.
    #[test]
    fn any_name_is_quoted(name in "[^\u{0}]{1,12}") {
        let words = ["ip", "link", "set", "dev", &name, "alias", &name];
        let text = shlex::try_join(words).expect("no NUL in it");
        let found = lines(&text);
        let [line] = found.as_slice() else { panic!("{found:?}") };
        let ast = crate::script::vocabulary().compile(line);
        prop_assert!(ast.is_ok(), "{}: {:?}", line, ast.err());
        let literal = line::quoted(&name);
        prop_assert_eq!(line, &format!("link_set({literal}, #{{ alias: {literal} }});"));
    }
}
