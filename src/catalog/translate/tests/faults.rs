//! What is said of commands that become nothing, or something a little different; and odd text.

use proptest::prelude::*;

use super::super::*;
use super::lines;
use crate::script::catalog;

/// The word that is to blame, and a part of what is said.
#[test]
fn faults_have_their_place() {
    for (command, blamed, said) in [
        (
            "ip link set veth0 trailers off",
            "trailers off",
            "\"trailers\" of ip link set",
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
            "ip link add br0 type bridge stp_stat 1",
            "stp_stat",
            "did you mean \"stp_state\"",
        ),
        (
            "ip link add br0 type bridge stp_state",
            "stp_state",
            "wants a value",
        ),
        (
            "ip link add br0 type bridge vlan_filtering maybe",
            "maybe",
            "not on or off",
        ),
        (
            "ip link add link e name v type vlan id 4095",
            "4095",
            "between 0 and 4094",
        ),
        (
            "ip link add link e name v type macvlan mode brige",
            "brige",
            "did you mean \"bridge\"",
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
            "ip addr add 10.3/16 dev eth0",
            "10.3/16",
            "a network, not an address",
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
        ("cat <<END\nEN", "<<", "no line below it is END"),
        ("cat <<", "<<", "a word has to follow"),
        (
            "nft -f - <<END && ip a\nEND",
            "<<END",
            "belongs to the shell",
        ),
        (
            "nft -f - <<END\nadd table ip $x\nEND",
            "add table ip $x\n",
            "what it stands for",
        ),
        (
            "nft -f - <<END\ntable ip a { chain b { drpo; } }\nEND",
            "drpo",
            "did you mean \"drop\"",
        ),
        (
            "nft add rule ip t c tpc dport 5 drop",
            "tpc dport 5 drop",
            "did you mean \"tcp\"",
        ),
        (
            "nft 'add set ip t s { type ipv4_addr; foo 5; }'",
            "foo",
            "not a part of a set",
        ),
        (
            "nft add chain ip t c '{ type nat hook postrouting priority srcant; }'",
            "add chain ip t c '{ type nat hook postrouting priority srcant; }'",
            "did you mean \"srcnat\"",
        ),
        (
            "ip addr show to 10.0.0.0/8",
            "to 10.0.0.0/8",
            "\"to\" of ip address show",
        ),
        (
            "ip link show type bridge_slave",
            "type bridge_slave",
            "\"type\" of ip link show",
        ),
        ("ip rule add frob", "frob", "ip rule add has no \"frob\""),
        (
            "ip rule add from 10.0.0.0/8 blackhol",
            "blackhol",
            "did you mean \"blackhole\"",
        ),
        ("nft flush ruleset ipx", "ipx", "no place here"),
        ("ip neigh flush nud all", "all", "no state \"all\""),
        ("ip neigh show nud a", "a", "no state \"a\""),
        (
            "ip neigh show nud stale nud failed",
            "nud",
            "neigh.state in",
        ),
        (
            "ip link add v0 parentdev 7 type dummy",
            "parentdev 7",
            "\"parentdev\" of ip link set",
        ),
    ] {
        let faults = translate(command, catalog()).faults;
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
        catalog(),
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

/// All of a command, or nothing.
#[test]
fn no_command_is_half_translated() {
    for command in [
        "ip link add v0 parentdev 7 type dummy",
        "ip link add veth0 numtxqueues 4 type veth peer veth1 numtxqueues 4",
    ] {
        let translation = translate(command, catalog());
        let lines = translation.lines;
        assert_eq!(lines, [format!("// not translated: {command}")]);
        assert_eq!(translation.notes, [""; 0]);
    }
}

#[test]
fn notes_tell_what_is_different() {
    for (command, part) in [
        ("ip -br a", "-brief"),
        ("ip netns add h1", "lo up"),
        ("ip a a fd00::1/64 dev eth0", "dad"),
        ("ping h", "count: 0"),
        ("ip maddress", "no verb for ip maddress show"),
        ("ip -4 neigh", "only inet"),
        ("ip link set x0 netns 1", "home"),
        ("set -e", "first error"),
        ("brctl show", "iproute2"),
        ("nft create table ip t", "fails where there is one"),
        ("nft -a list ruleset", "-a: only how nft prints"),
        ("tcpdump -w x.pcap", "goes on beside the script"),
        ("tcpdump -e", "-e: only how tcpdump prints"),
    ] {
        let notes = translate(command, catalog()).notes;
        assert!(
            notes.iter().any(|note| note.contains(part)),
            "{command}: {notes:?}"
        );
    }
    assert_eq!(translate("ip -j addr", catalog()).notes, [""; 0]);
}

/// Whether netsh's language can read a line.
fn is_rhai(line: &str) -> bool {
    thread_local! {
        static ENGINE: rhai::Engine = crate::script::vocabulary();
    }
    ENGINE.with(|engine| engine.compile(line).is_ok())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    #[test]
    fn no_text_is_a_panic(text in ".*") {
        let _ = translate(&text, catalog());
    }

    #[test]
    fn no_command_is_a_panic(words in prop::collection::vec(
        prop::sample::select(vec![
            "ip", "bridge", "sysctl", "ping", "arp", "cat", "echo", "sudo", "env", "-n", "h1", "netns", "exec", "link", "addr",
            "add", "set", "del", "show", "dev", "type", "veth", "peer", "name", "mtu", "1400", "x0", "10.0.0.1/24", "fd00::1",
            "-c", "-I", "-w", "a=1", "-a", "--pattern", "^net", "-", "--", "", "'", ";", "|", "&&", "||", "true", ">",
            "/proc/sys/net/x", "tee", "/dev/null", "<<", "<<-", "<<<", "EOF", "<<EOF\n", "\nEOF\n", "nft", "-f", "table ip é {", "}", "{", "$$", "$x", "#", "\n", "é", "(", "for", "done", "<", "up", "local", "-4",
        ]), 0..12)) {
        let text = words.join(" ");
        let translation = translate(&text, catalog());
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
        prop_assert!(is_rhai(line), "{}", line);
        let literal = line::quoted(&name);
        prop_assert_eq!(line, &format!("link_set({literal}, #{{ alias: {literal} }});"));
    }
}
