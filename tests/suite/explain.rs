//! `netsh explain`, from the command line: what it prints and how it ends; and both ways, commands to lines and lines to
//! commands, with netsh and iproute2 as each other's judges.

use std::io::Write;
use std::process::Stdio;

use libtest_mimic::{Failed, Trial};

use crate::commands::{LAB, made_by_iproute2, made_by_netsh, same_objects};
use crate::support::{Need, Ran, User, Verdict, has, netsh, program, run_with, same, test};

const NFT: &[Need] = &[
    Need::Program("nft"),
    Need::Program("bash"),
    Need::Program("unshare"),
];

const TOOLS: &[Need] = &[
    Need::Program("ip"),
    Need::Program("bash"),
    Need::Program("unshare"),
    Need::Program("sysctl"),
];

/// The tests of this file.
pub fn trials() -> Vec<Trial> {
    [
        test("explain: one command", &[], one_command),
        test("explain: a part that is not known", &[], not_known),
        test("explain: a program without a verb", &[], without_a_verb),
        test("explain: a script on standard input", &[], a_script),
        test("explain: odd arguments", &[], odd_arguments),
        test(
            "explain: the whole lab, to commands and back",
            &[],
            the_lab_comes_back,
        ),
        test(
            "explain: any text survives both ways",
            &[],
            any_text_comes_back,
        ),
        test(
            "explain: a script as people write it makes the same network",
            TOOLS,
            as_people_write,
        ),
        test(
            "explain: a script of nft makes the same rules",
            NFT,
            the_same_rules,
        ),
        test("explain: what tcpdump sees", &[], what_tcpdump_sees),
    ]
    .into_iter()
    .flatten()
    .collect()
}

fn explain(user: User, words: &[&str]) -> Result<Ran, Failed> {
    Ok(netsh(user).arg("explain").args(words).output()?.into())
}

/// `netsh explain -`.
fn explain_script(user: User, script: &str) -> Result<Ran, Failed> {
    let mut child = netsh(user)
        .args(["explain", "-"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()?;
    let mut input = child.stdin.take().ok_or("no standard input")?;
    input.write_all(script.as_bytes())?;
    drop(input);
    Ok(child.wait_with_output()?.into())
}

fn one_command(user: User) -> Verdict {
    let wanted = "veth_add(\"veth0\", \"veth1\");\n";
    let line = "ip link add veth0 type veth peer name veth1";
    same(explain(user, &[line])?.ok()?.as_str(), wanted)?;
    let words: Vec<&str> = line.split(' ').collect();
    same(explain(user, &words)?.ok()?.as_str(), wanted)?;
    // The words of a shell are not read as a shell's again.
    let words = ["ip", "-n", "h1", "link", "set", "x0", "alias", "a; b $c"];
    let wanted = "netns_get(\"h1\").link_set(\"x0\", #{ alias: \"a; b $c\" });\n";
    same(explain(user, &words)?.ok()?.as_str(), wanted)
}

fn not_known(user: User) -> Verdict {
    let ran = explain(user, &["ip link set veth0 mtuu 1400"])?;
    same((ran.status, ran.stdout.as_str()), (Some(1), ""))?;
    let wanted = r#"error: ip link set has no "mtuu"
  ╭▸ 
1 │ ip link set veth0 mtuu 1400
  │                   ━━━━ not understood
  │
  ╰ help: did you mean "mtu"?
"#;
    same(ran.stderr.as_str(), wanted)
}

fn without_a_verb(user: User) -> Verdict {
    let ran = explain(user, &["ip -n h1 monitor"])?;
    same(
        (ran.status, ran.stdout.as_str()),
        (Some(0), "sh(\"ip -n h1 monitor\");\n"),
    )?;
    has(&ran.stderr, "no verb for ip monitor")
}

fn a_script(user: User) -> Verdict {
    let script = "#!/bin/sh\n# a host\nip netns add h1\nip -n h1 link set lo up # its own\n\nip link frob\n\
                  ip netns exec h1 ping -c1 127.0.0.1\n";
    let ran = explain_script(user, script)?;
    let wanted = "// a host\nnetns_add(\"h1\"); // its own\n\n// not translated: ip link frob\n\
                  netns_get(\"h1\").ping(\"127.0.0.1\", #{ count: 1 });\n";
    same((ran.status, ran.stdout.as_str()), (Some(1), wanted))?;
    has(&ran.stderr, "6 │ ip link frob")?;
    let printed = run_with(user, &[], wanted)?.ok()?;
    has(&printed, "1 packets transmitted, 1 received")
}

fn odd_arguments(user: User) -> Verdict {
    same(explain(user, &[])?.status, Some(2))?;
    same(explain(user, &[""])?.ok()?.as_str(), "")?;
    same(
        explain(user, &["# nothing"])?.ok()?.as_str(),
        "// nothing\n",
    )?;
    let ran = explain(user, &["ip link \u{1b}[31m\u{85} add"])?;
    same(
        (ran.status, ran.stderr.contains('\u{1b}')),
        (Some(1), false),
    )?;
    has(&ran.stderr, "ip link \u{fffd}[31m\u{fffd} add")?;
    let long = "ip link set veth0 mtu 1400 ".repeat(10_000);
    same(explain_script(user, &long)?.status, Some(1))
}

fn runs_programs(lines: &str) -> bool {
    let runs = |line: &str| line.starts_with("sh(") || line.contains(").sh(");
    lines.lines().any(runs)
}

/// What netsh prints of the changes of a script, without what the sandbox did before.
fn commands_of(user: User, script: &str) -> Result<String, Failed> {
    let ran = run_with(user, &["--show-commands", "--quiet"], script)?;
    if ran.status != Some(0) {
        return Err(format!("netsh failed: {}\n{script}", ran.stderr).into());
    }
    match ran.stderr.split_once('\n') {
        Some(("ip link set dev lo up", commands)) => Ok(commands.into()),
        _ => Err(format!("no commands: {}", ran.stderr).into()),
    }
}

/// Every change with every option: what was printed is explained, and run it prints the same again.
fn the_lab_comes_back(user: User) -> Verdict {
    let commands = commands_of(user, LAB)?;
    let explained = explain_script(user, &commands)?;
    same(
        (explained.status, explained.stderr.contains("error")),
        (Some(0), false),
    )?;
    same(runs_programs(&explained.stdout), false)?;
    let again = commands_of(user, &explained.stdout)?;
    let lines = |text: &str| text.lines().map(str::to_owned).collect::<Vec<_>>();
    same(lines(&again), lines(&commands))?;
    let twice = explain_script(user, &again)?;
    same(lines(&twice.stdout), lines(&explained.stdout))?;
    same(commands.lines().count() > 80, true)
}

fn any_text_comes_back(user: User) -> Verdict {
    let make = r##"
        let n = 0;
        for alias in ["$$", "'", "\\", "a'b\\c$d`e\"f", "\u001b[31mred\u0007", "line\nline", "tab\t", "\u0085", "-n", "*", "é", " ",
            "!!", "{a,b}", "~", "${n}", "#", "", "\u202e"] {
            n += 1; link_add(`x${n}`, "bridge"); link_set(`x${n}`, #{ alias: alias });
        }
        link_add("$$", "bridge"); link_add("~", "bridge"); link_add("a'b", "bridge"); link_add("*", "bridge");
        netns_add("$$").veth_add("in", "other"); netns_get("$$").link_set("in", #{ netns: "home" });
        veth_add("moved", "stays"); link_set("moved", #{ netns: "$$" });
    "##;
    let commands = commands_of(user, make)?;
    let explained = explain_script(user, &commands)?;
    same(explained.status, Some(0))?;
    same(commands_of(user, &explained.stdout)?, commands)
}

/// A script as it stands in tutorials: abbreviations, any order, things left unsaid.
const BY_HAND: &str = r#"
sysctl -qw net.ipv6.conf.default.addr_gen_mode=1
ip netns add red
ip netns add blue
ip -n red l set lo up
ip netns exec red sysctl -qw net.ipv6.conf.default.addr_gen_mode=1
ip netns exec blue sysctl -qw net.ipv6.conf.default.addr_gen_mode=1
# A bridge and two hosts.
ip link add name br0 ad 02:00:00:00:00:b0 type bridge
ip l a dev r0 mtu 1400 type veth peer eth0 netns red address 02:00:00:00:00:0e
ip -n red l set eth0 up
ip link add b0 address 02:00:00:00:00:0b ty veth peer name eth0 mtu 1300 netns blue
ip link add d0 addr 02:00:00:00:00:0d txqlen 9 mas br0 up type veth peer d1 addr 02:00:00:00:00:1d
ip l set master br0 dev r0 up; ip link set b0 mas br0
ip link set up dev b0 && sudo ip link set br0 up
ip netns exec blue ip link set dev eth0 qlen 7 up
ip netns exec red sysctl -w net.ipv4.ip_forward=1 net.ipv4.conf.all.rp_filter=2
echo 1 > /proc/sys/net/ipv4/ip_forward
ip -n red a a dev eth0 10.0.0.1/24 brd +
ip -n blue addr add local 10.0.0.2/24 dev eth0 scope 253 metric 7
ip a add 10.1.0.1 dev br0
ip a add 10.1.0.2 peer 10.1.0.3/30 dev br0
ip addr add 10.1.0.9/24 dev br0; ip a d 10.1.0.9/24 dev br0
ip -6 a a fd00::1/64 dev br0 nodad pref 9
ip a a dev br0 fd00::2/128 noprefixroute nodad
ip link del nothing 2>/dev/null || true
ip link set b0 down
ip link set b0 name b1 alias "it's a port"
ip l set b1 nomas up
ip link add x0 type bridge
ip l del x0 type bridge
"#;

fn as_people_write(user: User) -> Verdict {
    let explained = explain_script(user, BY_HAND)?;
    same(
        (explained.status, runs_programs(&explained.stdout)),
        (Some(0), false),
    )?;
    let named = "red blue";
    let (_, mine) = made_by_netsh(user, &explained.stdout, named)?;
    // Nobody is asked for a password here.
    let commands = format!("sudo() {{ \"$@\"; }}\n{BY_HAND}");
    let theirs = made_by_iproute2(user, "set -e", &commands, named)?;
    if theirs.status != Some(0) {
        return Err(format!("bash failed: {}", theirs.stderr).into());
    }
    same(same_objects(&mine, &theirs.stdout)? > 1000, true)
}

/// As firewalls are written by hand: with here-documents, names of priorities, sets of all kinds.
const RULES: &str = r#"
nft add table inet f
nft create chain inet f input '{ type filter hook input priority filter + 10; policy drop; }'
nft add chain inet f mine '{ comment "a; b"; }'
nft 'add chain inet f route { type route hook output priority mangle; }'
nft add set inet f blocked '{ type ipv4_addr; flags interval; auto-merge; }'
nft add set inet f seen { typeof ip saddr\; flags dynamic,timeout\; timeout 1h\; size 100\; }
nft add set inet f ports '{ type inet_service; comment "seen  lately"; elements = { 22, 80 }; }'
nft add map inet f ways '{ type inet_service : verdict; }'
nft add element inet f ways { 22 : accept, 23 : jump mine }
nft add element inet f blocked '{ 10.0.0.0/8, 11.0.0.0/8 }'
nft -f - <<EOF
table ip nat {
	chain post {
		type nat hook postrouting priority srcnat - 5; policy accept;
		ip saddr 172.17.0.0/16 masquerade
	}
}
EOF
nft add counter inet f dropped
nft add rule inet f input tcp dport @ports counter accept comment '"a  b"'
nft insert rule inet f input ct state established,related accept
nft -f /dev/stdin <<-'END' # another way
	add rule inet f input ip saddr @blocked counter name "dropped" drop
	END
nft -f - <<< 'add rule inet f mine return'
nft flush map inet f ways
nft add table ip6 gone
nft flush ruleset ip6
"#;

fn the_same_rules(user: User) -> Verdict {
    let explained = explain_script(user, RULES)?;
    same(
        (explained.status, runs_programs(&explained.stdout)),
        (Some(0), false),
    )?;
    let lines = format!("{}print(nft_text());", explained.stdout);
    let mine = run_with(user, &[], &lines)?.ok()?;
    let script = format!("set -e\n{RULES}nft list ruleset");
    let theirs: Ran = program(user, "unshare")
        .args(["-Urn", "bash", "-c", &script])
        .output()?
        .into();
    same(mine.trim(), theirs.ok()?.trim())
}

fn what_tcpdump_sees(user: User) -> Verdict {
    let explained = explain(user, &["tcpdump -ni lo -c 2 icmp"])?.ok()?;
    let ping = "ping(\"127.0.0.1\", #{ count: 1, quiet: true }); loop";
    let printed = run_with(user, &[], &explained.replace("loop", ping))?.ok()?;
    same(printed.lines().count(), 2)?;
    has(&printed, "IP 127.0.0.1 > 127.0.0.1: ICMP echo request")
}
