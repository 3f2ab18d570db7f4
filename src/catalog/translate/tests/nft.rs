//! Commands of nft.

use super::{become_lines, lines};
use crate::catalog::translate::translate;
use crate::script::catalog;

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
    let found = translate(script, catalog());
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
