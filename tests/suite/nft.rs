//! nftables, judged by nft itself: what netsh makes of a rule is what nft makes of it, expression by expression, and each lists
//! what the other made as the other does.
//!
//! The rules are data: `tests/nft/FAMILY.rules` for a chain that anything can stand in, `ip-HOOK.rules` for chains of type nat.
//! `tests/nft/ruleset.nft` has what else there is: sets and maps of many types, objects, base chains of every family.

use libtest_mimic::{Failed, Trial};
use serde_json::{Value, json};

use crate::support::{
    Need, User, Verdict, has, program, run_json, run_with, same, test, test_named,
};

const NFT: &[Need] = &[Need::Program("nft")];
const SHELL: &[Need] = &[
    Need::Program("nft"),
    Need::Program("unshare"),
    Need::Program("bash"),
];

/// The rules, with the family of their table and what hangs their chain up.
const RULES: [(&str, &str, &str, &str); 8] = [
    ("arp", "arp", "", include_str!("../nft/arp.rules")),
    (
        "bridge",
        "bridge",
        "type filter hook prerouting priority -150;",
        include_str!("../nft/bridge.rules"),
    ),
    (
        "inet",
        "inet",
        "type filter hook prerouting priority -150;",
        include_str!("../nft/inet.rules"),
    ),
    (
        "ip",
        "ip",
        "type filter hook prerouting priority -150;",
        include_str!("../nft/ip.rules"),
    ),
    (
        "ip6",
        "ip6",
        "type filter hook prerouting priority -150;",
        include_str!("../nft/ip6.rules"),
    ),
    ("netdev", "netdev", "", include_str!("../nft/netdev.rules")),
    (
        "destination NAT",
        "ip",
        "type nat hook prerouting priority -100;",
        include_str!("../nft/ip-prerouting.rules"),
    ),
    (
        "source NAT",
        "ip",
        "type nat hook postrouting priority 100;",
        include_str!("../nft/ip-postrouting.rules"),
    ),
];

const RULESET: &str = include_str!("../nft/ruleset.nft");

/// The tests of this file.
pub fn trials() -> Vec<Trial> {
    let mut trials = Vec::new();
    for (name, family, hook, rules) in RULES {
        let name = format!("nft: rules of {name}, made and listed as nft does");
        trials.extend(test_named(&name, NFT, move |user| {
            rules_are_nfts(user, family, hook, rules)
        }));
    }
    trials.extend(
        [
            test(
                "nft: a whole ruleset, loaded and printed as nft does",
                NFT,
                a_whole_ruleset,
            ),
            test("nft: the verbs, as nft sees them", NFT, the_verbs),
            test("nft: sets and maps, as nft sees them", NFT, sets_and_maps),
            test("nft: short forms, as nft sees them", NFT, short_forms),
            test("nft: what nft makes, as data", NFT, as_data),
            test(
                "nft: the commands that are shown make the same",
                SHELL,
                the_commands_make_the_same,
            ),
            test(
                "nft: prefixes and ranges go by themselves",
                NFT,
                ranges_with_timeouts,
            ),
            test(
                "nft: what is put into a set that merges is joined",
                NFT,
                merged_elements,
            ),
            test("nft: packets are masqueraded and counted", &[], packets),
            test(
                "nft: a load that is refused does nothing",
                &[],
                all_or_nothing,
            ),
        ]
        .into_iter()
        .flatten(),
    );
    trials
}

/// What both tables have beside their chain.
fn furniture(family: &str, table: &str, hook: &str) -> String {
    let hook = if hook.is_empty() {
        String::new()
    } else {
        format!("{{ {hook} }}")
    };
    let objects = [
        "table FT".to_string(),
        "chain FT other".into(),
        "set FT s { type ipv4_addr; flags interval; }".into(),
        "set FT p { type inet_service; }".into(),
        "map FT m { type inet_service : ipv4_addr; }".into(),
        "map FT mp { type inet_service : ipv4_addr . inet_service; }".into(),
        "map FT vm { type inet_service : verdict; }".into(),
        "map FT om { type inet_service : counter; }".into(),
        "set FT dyn { type ipv4_addr; flags dynamic,timeout; timeout 1m; size 100; }".into(),
        "set FT mk { type mark; flags interval; }".into(),
        "counter FT cnt".into(),
        "quota FT qt { 10 mbytes }".into(),
        "limit FT lm { rate 5/second }".into(),
        format!("chain FT c {hook}"),
    ];
    let place = format!("{family} {table}");
    let lines = objects
        .iter()
        .map(|one| format!("add {}\n", one.replace("FT", &place)));
    lines.collect()
}

/// Whether a chain of this family may reject packets. That chains of links can is an option that Debian's kernels are without
/// (CONFIG_NFT_REJECT_NETDEV): there the refusal has to say so.
fn may_reject(user: User, family: &str) -> Result<bool, Failed> {
    let code = format!(
        r#"nft_load("add table {family} x; add chain {family} x c"); nft_rule_add("{family} x c", "reject");"#
    );
    let ran = run_with(user, &[], &code)?;
    if family == "netdev" && ran.status != Some(0) {
        has(&ran.stderr, "this kernel has no expression reject")?;
        has(&ran.stderr, "CONFIG_NFT_REJECT_NETDEV")?;
        return Ok(false);
    }
    Ok(true)
}

fn rules_are_nfts(user: User, family: &str, hook: &str, rules: &str) -> Verdict {
    let may_reject = may_reject(user, family)?;
    let rules = rules.lines();
    let rules: Vec<&str> = rules
        .filter(|rule| may_reject || !rule.contains("reject"))
        .collect();
    let by_nft: String = rules
        .iter()
        .map(|rule| format!("add rule {family} theirs c {rule}\n"))
        .collect();
    let by_nft = format!("{}{by_nft}", furniture(family, "theirs", hook));
    let ours = furniture(family, "ours", hook);
    let code = format!(
        r#"
        fn nft(arguments) {{
            let ran = exec("nft", arguments);
            if ran.code != 0 {{ throw `nft ${{arguments}}: ${{ran.stderr}}`; }}
            ran.stdout
        }}
        nft([{by_nft}]);
        nft_load({ours});
        for rule in {rules} {{ nft_rule_add("{family} ours c", rule); }}
        show(nft(["list", "chain", "{family}", "theirs", "c"]));
        show(nft(["list", "chain", "{family}", "ours", "c"]));
        show(nft_rule_list("{family} theirs c").map(|rule| rule.text));
        show(nft_rule_list("{family} ours c").map(|rule| rule.text));
        show(nft(["--debug=netlink", "list", "table", "{family}", "theirs"]));
        show(nft(["--debug=netlink", "list", "table", "{family}", "ours"]));
        "#,
        by_nft = json!(by_nft),
        ours = json!(ours),
        rules = json!(rules),
    );
    let shown = run_json(user, &code)?;
    let [theirs, ours, their_texts, our_texts, their_code, our_code] = shown.as_slice() else {
        return Err(format!("{} answers", shown.len()).into());
    };
    let theirs = rules_of(theirs)?;
    same(theirs.len(), rules.len())?;
    // Each rule by itself, so that what differs is seen.
    let all = [rules_of(ours)?, texts(their_texts)?, texts(our_texts)?];
    for ((number, rule), wanted) in rules.iter().enumerate().zip(&theirs) {
        for (who, found) in [
            "netsh's, listed by nft",
            "nft's, listed by netsh",
            "netsh's, listed by netsh",
        ]
        .iter()
        .zip(&all)
        {
            let found = found.get(number).map_or("", String::as_str);
            if found != wanted {
                return Err(
                    format!("{rule}\n{who}: {found}\nnft's, listed by nft: {wanted}").into(),
                );
            }
        }
    }
    let (theirs, ours) = (expressions_of(their_code)?, expressions_of(our_code)?);
    for ((rule, theirs), ours) in rules.iter().zip(&theirs).zip(&ours) {
        if theirs != ours {
            return Err(format!("{rule}\nnetsh makes of it {ours}\nnft {theirs}").into());
        }
    }
    same(theirs.len(), ours.len())
}

/// The rules in what `nft list chain` prints.
fn rules_of(listing: &Value) -> Result<Vec<String>, Failed> {
    let text = listing.as_str().ok_or("a text")?;
    let lines = text.lines().filter_map(|line| line.strip_prefix("\t\t"));
    let rules = lines.filter(|line| !line.starts_with("type "));
    Ok(rules.map(Into::into).collect())
}

fn texts(list: &Value) -> Result<Vec<String>, Failed> {
    let list = list.as_array().ok_or("an array")?;
    Ok(list
        .iter()
        .map(|one| one.as_str().unwrap_or("").to_string())
        .collect())
}

/// The expressions of each rule of chain c in what `nft --debug=netlink list` prints; sets without a name have numbers, which
/// the kernel counts.
fn expressions_of(debug: &Value) -> Result<Vec<String>, Failed> {
    let text = debug.as_str().ok_or("a text")?;
    let number = regex::Regex::new(r"__(set|map|objmap)\d+")?;
    let mut rules: Vec<String> = Vec::new();
    let mut inside = false;
    for line in text.lines() {
        if line.starts_with("  [") && inside {
            if let Some(rule) = rules.last_mut() {
                rule.push_str(&number.replace_all(line.trim(), "__$1"));
                rule.push('\n');
            }
            continue;
        }
        let words: Vec<&str> = line.split_whitespace().collect();
        inside = matches!(words.as_slice(), [_, "ours" | "theirs", "c", ..]);
        if inside {
            rules.push(String::new());
        }
    }
    Ok(rules)
}

fn a_whole_ruleset(user: User) -> Verdict {
    let code = format!(
        r#"
        let text = {text};
        exec("nft", [text]);
        show([exec("nft", ["list", "ruleset"]).stdout, nft_text()]);
        nft_flush();
        show(exec("nft", ["list", "ruleset"]).stdout);
        nft_load(text);
        show([exec("nft", ["list", "ruleset"]).stdout, nft_text()]);
        let again = nft_text();
        nft_load("flush ruleset\n" + again);
        show([exec("nft", ["list", "ruleset"]).stdout, nft_text()]);
        "#,
        text = json!(RULESET)
    );
    let shown = run_json(user, &code)?;
    let [theirs, nothing, ours, again] = shown.as_slice() else {
        return Err(format!("{} answers", shown.len()).into());
    };
    let wanted = &theirs[0];
    same(
        wanted.as_str().map_or(0, |text| text.lines().count()) > 150,
        true,
    )?;
    same(nothing, &json!(""))?;
    for found in [&theirs[1], &ours[0], &ours[1], &again[0], &again[1]] {
        same(found, wanted)?;
    }
    Ok(())
}

const VERBS: &str = r#"
    nft_table_add("ip nat");
    nft_chain_add("ip nat postrouting", #{ type: "nat", hook: "postrouting", priority: "srcnat", policy: "accept" });
    nft_rule_add("ip nat postrouting", "ip saddr 172.17.0.0/16 oifname != docker0 counter masquerade");
    nft_table_add("inet filter");
    nft_chain_add("inet filter input", #{ type: "filter", hook: "input", priority: "filter - 5", policy: "drop" });
    nft_chain_add("inet filter mine");
    let second = nft_rule_add("inet filter mine", "tcp dport 22 accept", #{ comment: "second" });
    nft_rule_add("inet filter mine", "tcp dport 1 accept", #{ insert: true });
    nft_rule_add("inet filter mine", "tcp dport 3 accept", #{ position: second });
    nft_rule_add("inet filter mine", "tcp dport { 25, 27-30 } accept", #{ index: 1 });
    nft_rule_add("inet filter input", "iif lo jump mine");
    let gone = nft_rule_add("inet filter mine", "drop");
    nft_rule_del("inet filter mine", gone);
    nft_table_add("ip6 gone");
    nft_table_del("ip6 gone");
    nft_chain_add("inet filter gone");
    nft_chain_del("inet filter gone");
    nft_chain_add("ip nat flushed");
    nft_rule_add("ip nat flushed", "accept");
    nft_flush("ip nat flushed");
    nft_chain_add("ip nat input", #{ type: "nat", hook: "input" });
    nft_table_add("netdev n");
    nft_chain_add("netdev n in", #{ hook: "ingress", device: "lo", priority: 7 });
"#;

const VERBS_TEXT: &str = r#"table ip nat {
	chain postrouting {
		type nat hook postrouting priority srcnat; policy accept;
		ip saddr 172.17.0.0/16 oifname != "docker0" counter packets 0 bytes 0 masquerade
	}

	chain flushed {
	}

	chain input {
		type nat hook input priority 100; policy accept;
	}
}
table inet filter {
	chain input {
		type filter hook input priority filter - 5; policy drop;
		iif "lo" jump mine
	}

	chain mine {
		tcp dport 1 accept
		tcp dport 22 accept comment "second"
		tcp dport { 25, 27-30 } accept
		tcp dport 3 accept
	}
}
table netdev n {
	chain in {
		type filter hook ingress device "lo" priority filter + 7; policy accept;
	}
}
"#;

const SETS: &str = r#"
    nft_table_add("ip filter");
    nft_set_add("ip filter hosts", "ipv4_addr", #{ elements: ["10.0.0.1", "10.0.0.2"], comment: "some" });
    nft_set_add("ip filter nets", "ipv4_addr", #{ flags: "interval", elements: "10.0.0.0/8, 11.0.0.1-11.0.0.5" });
    nft_set_add("ip filter pairs", "ipv4_addr . inet_service", #{ flags: ["interval"] });
    nft_element_add("ip filter pairs", "10.0.0.0/8 . 80-90, 11.0.0.1 . http");
    nft_set_add("ip filter short", "ipv4_addr", #{ timeout: "1h", size: 10 });
    nft_map_add("ip filter verdicts", "inet_service : verdict", #{ elements: "22 : accept, 23 : drop" });
    nft_map_add("ip filter marks", "ipv4_addr : mark");
    nft_element_add("ip filter marks", ["10.0.0.1 : 5", "10.0.0.2 : 0x10"]);
    nft_element_del("ip filter marks", "10.0.0.1");
    nft_element_del("ip filter hosts", ["10.0.0.2"]);
    nft_element_add("ip filter hosts", "10.0.0.9");
    nft_set_add("ip filter gone", "inet_service");
    nft_set_del("ip filter gone");
    nft_set_add("ip filter empty", "inet_service", #{ elements: [1, 2] });
    nft_set_flush("ip filter empty");
"#;

const SETS_TEXT: &str = r#"table ip filter {
	set hosts {
		type ipv4_addr
		comment "some"
		elements = { 10.0.0.1, 10.0.0.9 }
	}

	set nets {
		type ipv4_addr
		flags interval
		elements = { 10.0.0.0/8, 11.0.0.1-11.0.0.5 }
	}

	set pairs {
		type ipv4_addr . inet_service
		flags interval
		elements = { 10.0.0.0/8 . 80-90,
			     11.0.0.1 . 80 }
	}

	set short {
		type ipv4_addr
		size 10
		timeout 1h
	}

	map verdicts {
		type inet_service : verdict
		elements = { 22 : accept, 23 : drop }
	}

	map marks {
		type ipv4_addr : mark
		elements = { 10.0.0.2 : 0x00000010 }
	}

	set empty {
		type inet_service
	}
}
"#;

const ONE_LINE: &str = r#"
    nft_load("table ip t { comment \"a  b\"; counter web { }; set s { type ipv4_addr; flags interval; auto-merge; elements = { 1.1.1.1, 1.1.1.0/24 } } chain c { type filter hook input priority 0; policy drop; ip saddr @s counter name web accept; log prefix \"a  b\" accept } }");
    nft_element_add("ip t s", "1.1.2.0/24, 9.9.9.9");
"#;

const ONE_LINE_TEXT: &str = r#"table ip t {
	comment "a  b"
	counter web {
		packets 0 bytes 0
	}

	set s {
		type ipv4_addr
		flags interval
		auto-merge
		elements = { 1.1.1.0-1.1.2.255, 9.9.9.9 }
	}

	chain c {
		type filter hook input priority filter; policy drop;
		ip saddr @s counter name "web" accept
		log prefix "a  b" accept
	}
}
"#;

const SHORT: &str = r#"
    nat_masquerade("172.17.0.0/16", "eth0");
    nat_masquerade("fd00::/64", "eth0");
    nat_dnat(8080, "172.17.0.2:80", #{ dev: "eth0" });
    nat_dnat(53, "172.17.0.3", #{ proto: "udp", daddr: "10.0.0.1", output: true });
    nat_dnat(80, "[fd00::2]:8080");
    firewall_policy("forward", "drop");
    firewall_allow("forward", "ct state established,related");
    firewall_deny("input", "tcp dport 23");
"#;

const SHORT_TEXT: &str = r#"table ip nat {
	chain postrouting {
		type nat hook postrouting priority srcnat; policy accept;
		ip saddr 172.17.0.0/16 oifname "eth0" masquerade
	}

	chain prerouting {
		type nat hook prerouting priority dstnat; policy accept;
		iifname "eth0" tcp dport 8080 dnat to 172.17.0.2:80
		ip daddr 10.0.0.1 udp dport 53 dnat to 172.17.0.3
	}

	chain output {
		type nat hook output priority -100; policy accept;
		ip daddr 10.0.0.1 udp dport 53 dnat to 172.17.0.3
	}
}
table ip6 nat {
	chain postrouting {
		type nat hook postrouting priority srcnat; policy accept;
		ip6 saddr fd00::/64 oifname "eth0" masquerade
	}

	chain prerouting {
		type nat hook prerouting priority dstnat; policy accept;
		tcp dport 80 dnat to [fd00::2]:8080
	}
}
table inet filter {
	chain forward {
		type filter hook forward priority filter; policy drop;
		ct state established,related counter packets 0 bytes 0 accept
	}

	chain input {
		type filter hook input priority filter; policy accept;
		tcp dport 23 counter packets 0 bytes 0 drop
	}
}
"#;

/// Runs verbs, and compares what nft and netsh print with what is wanted.
fn printed(user: User, verbs: &str, wanted: &str) -> Verdict {
    let code =
        format!("{verbs}\nshow(exec(\"nft\", [\"list\", \"ruleset\"]).stdout);\nshow(nft_text());");
    let shown = run_json(user, &code)?;
    same(shown.len(), 2)?;
    for found in &shown {
        same(found.as_str().unwrap_or(""), wanted)?;
    }
    Ok(())
}

fn ranges_with_timeouts(user: User) -> Verdict {
    let code = r#"
        nft_table_add("ip f");
        nft_set_add("ip f s", "ipv4_addr", #{ flags: ["interval", "timeout"] });
        nft_element_add("ip f s", "10.0.0.0/8 timeout 5m, 11.0.0.1-11.0.0.9 timeout 1h");
        nft_set_add("ip f plain", "ipv4_addr", #{ flags: ["interval"] });
        let said = "";
        try { nft_element_add("ip f plain", "10.0.0.0/8 timeout 5m"); } catch (e) { said = e.message; }
        show([exec("nft", ["-s", "list", "set", "ip", "f", "s"]).stdout, said]);
        show(nft_element_list("ip f s"));
    "#;
    let shown = run_json(user, code)?;
    let [told, elements] = shown.as_slice() else {
        return Err(format!("{} answers", shown.len()).into());
    };
    has(
        told[0].as_str().unwrap_or(""),
        "elements = { 10.0.0.0/8 timeout 5m, 11.0.0.1-11.0.0.9 timeout 1h }",
    )?;
    has(told[1].as_str().unwrap_or(""), "the set takes no timeouts")?;
    has(&texts(elements)?.join(", "), "10.0.0.0/8 timeout 5m")
}

fn merged_elements(user: User) -> Verdict {
    let code = r#"
        nft_load("table ip t { set s { type ipv4_addr; flags interval; auto-merge; elements = { 1.1.1.0/24, 9.9.9.9 }; }; }");
        nft_element_add("ip t s", "1.1.1.7");
        show(nft_element_list("ip t s"));
        nft_element_add("ip t s", "1.1.0.0/24, 8.8.8.8");
        show(nft_element_list("ip t s"));
        nft_load("add element ip t s { 9.9.9.8 }\nadd element ip t s { 9.9.9.10 }");
        show(exec("nft", ["list", "set", "ip", "t", "s"]).stdout);
        nft_load("flush set ip t s\nadd element ip t s { 9.9.9.8 }");
        show(nft_element_list("ip t s"));
        try { nft_load("add element ip t s { 9.9.9.9 }\nadd rule ip t nowhere drop"); } catch (e) { show(e.message); }
        try { nft_load("table ip q { set s { type ipv4_addr; size 2; elements = { 1.1.1.1, 1.1.1.2, 1.1.1.3 } } }"); } catch (e) { show(e.message); }
    "#;
    let shown = run_json(user, code)?;
    let [same_set, wider, by_load, flushed, said, full] = shown.as_slice() else {
        return Err(format!("{} answers", shown.len()).into());
    };
    same(same_set, &json!(["1.1.1.0/24", "9.9.9.9"]))?;
    same(wider, &json!(["1.1.0.0/23", "8.8.8.8", "9.9.9.9"]))?;
    has(
        by_load.as_str().unwrap_or(""),
        "elements = { 1.1.0.0/23, 8.8.8.8,\n\t\t\t     9.9.9.8-9.9.9.10 }",
    )?;
    same(flushed, &json!(["9.9.9.8"]))?;
    has(said.as_str().unwrap_or(""), "nowhere")?;
    has(full.as_str().unwrap_or(""), "the set is full")
}

fn the_verbs(user: User) -> Verdict {
    printed(user, VERBS, VERBS_TEXT)
}

fn sets_and_maps(user: User) -> Verdict {
    printed(user, SETS, SETS_TEXT)
}

fn short_forms(user: User) -> Verdict {
    printed(user, SHORT, SHORT_TEXT)
}

fn as_data(user: User) -> Verdict {
    let code = r#"
        exec("nft", ["table ip t { counter web { packets 3 bytes 4; }; quota q { over 10 mbytes; }; set s { type ipv4_addr; flags interval; elements = { 10.0.0.0/8 } }; chain c { type filter hook input priority 5; policy drop; ip saddr @s counter packets 1 bytes 2 accept comment \"x\"; drop; }; chain d { }; }"]);
        show(nft_list());
        show(nft_rule_list("ip t c"));
        show(nft_element_list("ip t s"));
    "#;
    let shown = run_json(user, code)?;
    let [tables, rules, elements] = shown.as_slice() else {
        return Err(format!("{} answers", shown.len()).into());
    };
    same(elements, &json!(["10.0.0.0/8"]))?;
    let table = &tables[0];
    let pick = |value: &Value, keys: &[&str]| {
        keys.iter()
            .map(|key| value[*key].clone())
            .collect::<Vec<_>>()
    };
    same(
        pick(table, &["family", "name"]),
        vec![json!("ip"), json!("t")],
    )?;
    let chain = &table["chains"][0];
    same(
        pick(
            chain,
            &["name", "type", "hook", "priority", "policy", "devices"],
        ),
        vec![
            json!("c"),
            json!("filter"),
            json!("input"),
            json!(5),
            json!("drop"),
            json!([]),
        ],
    )?;
    same(
        pick(&table["chains"][1], &["name", "type", "hook"]),
        vec![json!("d"), Value::Null, Value::Null],
    )?;
    same(&chain["rules"], rules)?;
    same(
        pick(&rules[0], &["text", "packets", "bytes", "comment"]),
        vec![
            json!("ip saddr @s counter packets 1 bytes 2 accept comment \"x\""),
            json!(1),
            json!(2),
            json!("x"),
        ],
    )?;
    same(
        pick(&rules[1], &["text", "packets", "comment"]),
        vec![json!("drop"), Value::Null, Value::Null],
    )?;
    let objects = &table["objects"];
    let shown = |at: usize| pick(&objects[at], &["name", "kind", "text", "packets", "bytes"]);
    same(
        [shown(0), shown(1)],
        [
            vec![
                json!("web"),
                json!("counter"),
                json!("packets 3 bytes 4"),
                json!(3),
                json!(4),
            ],
            vec![
                json!("q"),
                json!("quota"),
                json!("over 10 mbytes"),
                Value::Null,
                json!(0),
            ],
        ],
    )?;
    let set = &table["sets"][0];
    same(
        pick(
            set,
            &["name", "kind", "type", "flags", "timeout", "elements"],
        ),
        vec![
            json!("s"),
            json!("set"),
            json!("ipv4_addr"),
            json!(["interval"]),
            Value::Null,
            json!(["10.0.0.0/8"]),
        ],
    )
}

fn the_commands_make_the_same(user: User) -> Verdict {
    for (verbs, wanted) in [
        (VERBS.to_string(), VERBS_TEXT),
        (SETS.to_string(), SETS_TEXT),
        (SHORT.to_string(), SHORT_TEXT),
        (format!("nft_load({});", json!(VERBS_TEXT)), VERBS_TEXT),
        // netsh needs no line ends where nft does.
        (ONE_LINE.to_string(), ONE_LINE_TEXT),
    ] {
        let ran = run_with(user, &["--show-commands"], &verbs)?;
        same(ran.status, Some(0))?;
        let script = format!("set -e\n{}\nnft list ruleset\n", ran.stderr);
        let mut shell = program(user, "unshare");
        let output = shell.args(["-Urn", "bash", "-c", &script]).output()?;
        let printed = String::from_utf8_lossy(&output.stdout);
        let complaints = String::from_utf8_lossy(&output.stderr);
        same((printed.as_ref(), complaints.as_ref()), (wanted, ""))?;
    }
    Ok(())
}

/// Two hosts and a router between: what the one sends arrives with the router's address.
fn packets(user: User) -> Verdict {
    let code = r#"
        let inside = netns_add("inside");
        let outside = netns_add("outside");
        veth_add("in0", "eth0", #{ peer_netns: inside, up: true });
        veth_add("out0", "eth0", #{ peer_netns: outside, up: true });
        addr_add("in0", "10.0.0.1/24");
        addr_add("out0", "192.0.2.1/24");
        inside.addr_add("eth0", "10.0.0.2/24");
        outside.addr_add("eth0", "192.0.2.2/24");
        sysctl_set("net.ipv4.ip_forward", 1);
        nft_load("table ip count { chain out { type filter hook postrouting priority 200; oifname out0 ip saddr 10.0.0.2 counter; } }");
        nat_masquerade("10.0.0.0/24", "out0");
        outside.nft_load("table ip count { chain in { type filter hook input priority 0; icmp type echo-request ip saddr 192.0.2.1 counter; icmp type echo-request ip saddr 10.0.0.2 counter; } }");
        inside.exec("sh", ["-c", "ip route add default via 10.0.0.1 || route add default gw 10.0.0.1"]);
        show(inside.ping("192.0.2.2", #{ count: 2, interval: "10ms" }).received);
        show(outside.nft_rule_list("ip count in").map(|rule| rule.packets));
    "#;
    let shown = run_json(user, code)?;
    same(shown, vec![json!(2), json!([2, 0])])
}

fn all_or_nothing(user: User) -> Verdict {
    let code = r#"
        let said = "";
        try { nft_load("table ip a { chain c { accept; } }\ntable ip b { chain c { jump nowhere; } }"); } catch (e) { said = e.message; }
        show([nft_list().len(), said]);
    "#;
    let shown = run_json(user, code)?;
    same(&shown[0][0], &json!(0))?;
    has(shown[0][1].as_str().unwrap_or(""), "nowhere")
}
