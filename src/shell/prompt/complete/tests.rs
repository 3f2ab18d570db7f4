//! A text with `^` for the cursor, and what is offered there.

use std::cell::RefCell;

use proptest::prelude::*;

use super::super::super::outline::Import;
use super::surroundings::{Surroundings, Variable};
use super::{Completion, complete};
use crate::catalog::Catalog;
use crate::catalog::signature::{Parameter, Signature};

/// Surroundings that know what they were asked.
#[derive(Default)]
struct Stage {
    asked: RefCell<Vec<&'static str>>,
}

impl Stage {
    fn answer(&self, question: &'static str, names: &[&str]) -> Vec<String> {
        self.asked.borrow_mut().push(question);
        names.iter().map(|name| (*name).to_owned()).collect()
    }
}

impl Surroundings for Stage {
    fn links(&self, netns: Option<&str>) -> Vec<String> {
        match netns {
            None => self.answer("links", &["lo", "veth0", "veth0peer"]),
            Some("h1") => self.answer("links", &["lo", "eth1"]),
            Some("h2") => self.answer("links", &["lo", "eth2"]),
            Some(_) => self.answer("links", &[]),
        }
    }

    fn namespaces(&self) -> Vec<String> {
        self.answer("namespaces", &["h1", "h2"])
    }

    fn addresses(&self, netns: Option<&str>, link: Option<&str>) -> Vec<String> {
        match (netns, link) {
            (None, None) => self.answer("addresses", &["127.0.0.1/8", "10.0.0.1/24", "fd00::1/64"]),
            (None, Some("lo")) => self.answer("addresses", &["127.0.0.1/8"]),
            (Some("h1"), Some("eth1")) => self.answer("addresses", &["10.0.0.2/24"]),
            _ => self.answer("addresses", &[]),
        }
    }

    fn sysctls(&self, netns: Option<&str>, prefix: &str) -> Vec<String> {
        if netns.is_some() {
            return self.answer("sysctls", &["net.of_another_namespace"]);
        }
        let all = [
            "net.",
            "vm.",
            "net.ipv4.",
            "net.ipv6.",
            "net.ipv4.conf.",
            "net.ipv4.ip_forward",
            "net.ipv4.conf.v0/10.",
        ];
        let below = |name: &&&str| {
            let rest = name.strip_prefix(prefix);
            rest.is_some_and(|rest| !rest.is_empty() && !rest.trim_end_matches('.').contains('.'))
        };
        let names: Vec<&str> = all.iter().filter(below).copied().collect();
        self.answer("sysctls", &names)
    }

    fn variables(&self) -> Vec<Variable> {
        self.asked.borrow_mut().push("variables");
        let variable = |(name, kind, netns, keys): (&str, &str, Option<&str>, &[&str])| Variable {
            name: name.into(),
            kind: kind.into(),
            netns: netns.map(str::to_owned),
            keys: keys.iter().map(|key| (*key).to_owned()).collect(),
        };
        [
            ("host", "netns", Some("h1"), [].as_slice()),
            ("reply", "map", None, &["loss", "lost time"]),
            ("rows", "array", None, &["mtu"]),
            ("title", "string", None, &[]),
            ("_", "array", None, &["mtu"]),
        ]
        .map(variable)
        .to_vec()
    }

    fn functions(&self) -> Vec<Signature> {
        self.asked.borrow_mut().push("functions");
        let parameter = |name: &str| Parameter {
            name: name.into(),
            kind: "any".into(),
        };
        vec![Signature {
            name: "plug".into(),
            parameters: ["left", "link"].map(parameter).to_vec(),
            returns: String::new(),
        }]
    }

    fn imports(&self) -> Vec<Import> {
        self.asked.borrow_mut().push("imports");
        vec![Import {
            path: "pairs".into(),
            name: "earlier".into(),
        }]
    }

    fn files(&self, prefix: &str) -> Vec<String> {
        match prefix {
            "" => self.answer("files", &["labs/", "lab.rhai", "notes.txt", ".hidden"]),
            "labs/" => self.answer("files", &["labs/one.rhai", "labs/two.rhai"]),
            _ => self.answer("files", &[]),
        }
    }

    fn programs(&self, prefix: &str) -> Vec<String> {
        let all = ["tcpdump", "tracepath", "bash"].into_iter();
        let names: Vec<&str> = all.filter(|name| name.starts_with(prefix)).collect();
        self.answer("programs", &names)
    }
}

fn catalog() -> Catalog {
    let code = "/// Shows the manual.\nfn help(topic) {}\n/// Makes two.\nfn couple(a, b) {}";
    let ast = rhai::Engine::new().compile(code).expect("a module");
    crate::script::catalog().with_module("Pairs", "pairs", &ast)
}

fn completed(marked: &str) -> (String, Completion, Vec<&'static str>) {
    let cursor = marked.find('^').expect("a cursor");
    let text = marked.replacen('^', "", 1);
    let stage = Stage::default();
    let completion = complete(&text, cursor, &catalog(), &stage);
    assert!(completion.start <= cursor, "{marked:?}");
    (text, completion, stage.asked.into_inner())
}

/// What is written, without the brackets behind the name of a function.
fn replacements(marked: &str) -> Vec<String> {
    let written = written(marked).into_iter();
    let bare = |one: String| one.trim_end_matches("()").trim_end_matches('(').to_owned();
    written.map(bare).collect()
}

fn written(marked: &str) -> Vec<String> {
    let candidates = completed(marked).1.candidates.into_iter();
    candidates.map(|one| one.replacement).collect()
}

#[test]
fn a_call_gets_its_brackets() {
    assert_eq!(written("addr_a^"), ["addr_add("]);
    assert_eq!(written("addr_a^(\"lo\")"), ["addr_add"]);
    assert_eq!(written("addr_l^"), ["addr_list("]);
    assert_eq!(written("arp_t^"), ["arp_table()"]);
    assert_eq!(written("host.addr_a^"), ["addr_add("]);
}

/// Holds a table of texts to all that is offered.
#[track_caller]
fn all(table: &[(&str, &[&str])]) {
    for (text, expected) in table {
        assert_eq!(replacements(text), *expected, "{text:?}");
    }
}

/// Holds a table of texts to some of what is offered, and some of what is not.
#[track_caller]
fn some_of(table: &[(&str, &[&str], &[&str])]) {
    for (text, offered, absent) in table {
        let found = replacements(text);
        let has = |name: &&&str| found.iter().any(|one| one == **name);
        let missing: Vec<_> = offered.iter().filter(|name| !has(name)).collect();
        let odd: Vec<_> = absent.iter().filter(has).collect();
        assert!(
            missing.is_empty() && odd.is_empty(),
            "{text:?}: missing {missing:?}, odd {odd:?} in {found:?}"
        );
    }
}

#[test]
fn names_begin_where_an_expression_does() {
    all(&[
        ("addr_a^", &["addr_add"]),
        ("link_^up", &LINK_VERBS),
        ("let x = sysctl_g^", &["sysctl_get"]),
        ("link_up(\"lo\"); neigh_l^", &["neigh_list"]),
        ("if true { arp^", &["arp_table"]),
        ("ho^", &["host"]),
        ("plu^", &["plug"]),
        ("whi^", &["while"]),
        ("print(`${ho^", &["host"]),
        ("f(|x| ho^", &["host"]),
        ("let abc = 1; ab^", &["abc", "abs"]),
        ("fn mine(a) { } min^", &["mine", "min"]),
        ("for x i^", &["in"]),
        ("import \"pairs\" as p; p::^", &["couple", "help"]),
        (
            "import \"pairs\" as p; p^",
            &[
                "plug",
                "ping",
                "pcap_read",
                "pcap_write",
                "packet_decode",
                "packet_encode",
                "p::",
                "parse_float",
                "parse_int",
                "parse_json",
                "print",
                "private",
            ],
        ),
        ("pairs::co^", &["couple"]),
        ("earl^", &["earlier::"]),
        ("earlier::co^", &["couple"]),
        // Nothing begins like it: what has it within, what is like it.
        ("dr_ad^", &["addr_add"]),
        ("adr_add^", &["addr_add"]),
        ("zzzz^", &[]),
        (":time ho^", &["host"]),
    ]);
    some_of(&[
        (
            "^",
            &["host", "plug", "veth_add", "let", "print"],
            &["run", "couple"],
        ),
        ("let y = ^", &["host", "veth_add"], &["name"]),
    ]);
}

const LINK_VERBS: [&str; 10] = [
    "link_add",
    "link_del",
    "link_down",
    "link_exists",
    "link_get",
    "link_list",
    "link_set",
    "link_up",
    "link_impair",
    "link_unimpair",
];

#[test]
fn where_a_new_name_or_nothing_can_stand_nothing_is_offered() {
    all(&[
        ("let ho^", &[]),
        ("fn ho^", &[]),
        ("fn f(ho^", &[]),
        ("// ho^", &[]),
        ("/* ho^", &[]),
        ("print(\"ho^", &[]),
        ("\"ho^", &[]),
        ("`a ${host} ho^", &[]),
        ("12^", &[]),
        ("f()^", &[]),
        ("#{ ho^", &[]),
        ("unknown(\"^", &[]),
    ]);
}

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
        (
            "link_add(\"a\", bri^",
            &[
                "\"bridge\"",
                "bridge_add",
                "bridge_vlan_add",
                "bridge_vlan_del",
                "bridge_vlan_list",
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

#[test]
fn methods_and_fields_are_those_of_the_value() {
    all(&[
        ("host.addr_a^", &["addr_add"]),
        ("host.run^", &["run"]),
        ("host.nam^", &["name"]),
        ("link_get(\"lo\").mt^", &["mtu"]),
        ("link_list()[0].mt^", &["mtu"]),
        ("let l = link_get(\"lo\"); l.mt^", &["mtu"]),
        ("for l in link_list() { l.mt^", &["mtu"]),
        ("link_list().filter(|l| l.mt^", &["mtu"]),
        ("link_list().filter(|l| l.up).find(|l| l.mt^", &["mtu"]),
        ("link_get(\"lo\").addresses[0].lab^", &["label"]),
        ("ping(\"x\").replies[0].se^", &["seq", "set"]),
        ("reply.lo^", &["loss"]),
        ("reply[\"lo^", &["loss\"", "lost time\""]),
        ("_[0].mt^", &["mtu"]),
        ("_.filt^", &["filter"]),
        ("rows[0].m^", &["mtu", "mixin"]),
        ("rows.filter(|row| row.mt^", &["mtu"]),
        ("#{ abc: 1 }.ab^", &["abc"]),
        ("let m = #{ abc: 1, \"d\": 2 }; m.ab^", &["abc"]),
        ("title.sub^", &["sub_string"]),
        ("title.len().to_h^", &["to_hex"]),
        ("\"a\".to_up^", &["to_upper"]),
        ("rows?.fil^", &["filter"]),
        ("unknown.for_^", &["for_each"]),
        ("unknown.link_up^", &["link_up"]),
        (".^", &[]),
    ]);
    some_of(&[
        (
            "host.^",
            &["run", "name", "link_up", "ping"],
            &["len", "let"],
        ),
        (
            "let t = tun_add(\"t0\", #{ up: true }); t.^",
            &["name", "kind", "read", "write", "serve", "close"],
            &["link_up", "push", "run"],
        ),
        (
            "tuntap_get(\"t0\").^",
            &["read", "close"],
            &["link_up", "run"],
        ),
        (
            "netns_get(\"h1\").^",
            &["run", "tun_add"],
            &["read", "serve"],
        ),
        ("link_get(\"lo\").^", &["mtu", "keys"], &["link_up", "push"]),
        ("rows.^", &["push", "map", "len"], &["mtu", "link_up"]),
    ]);
}

#[test]
fn names_with_a_dot_before_them_know_what_is_said_about_them() {
    let about = |marked: &str| completed(marked).1.candidates.remove(0).display;
    assert_eq!(about("link_get(\"lo\").mt^"), "mtu  bytes");
    assert_eq!(about("addr_a^"), "addr_add  Adds an address to a link.");
    assert_eq!(about("hos^"), "host  netns h1");
    assert_eq!(about("plu^"), "plug  (left, link)");
}

#[test]
fn files_and_modules_are_offered_where_a_script_is_wanted() {
    all(&[
        ("import \"la^", &["labs/", "lab\""]),
        ("import \"labs/t^", &["two\""]),
        ("f(tr^", &["trace", "true"]),
        ("x[tr^", &["trace", "true"]),
        ("tr^", &["trace", "try", "true"]),
        ("import \"labs/^", &["one\"", "two\""]),
        ("import \"pa^", &["pairs\""]),
        ("import pa^", &["\"pairs\""]),
        (":load la^", &["labs/", "lab.rhai"]),
        (":load labs/^", &["one.rhai", "two.rhai"]),
        (":load .h^", &[".hidden"]),
    ]);
}

#[test]
fn commands_of_the_prompt_and_programs_have_their_arguments() {
    all(&[
        (":le^", &["leave"]),
        (":lo^", &["load"]),
        (" :lo^", &["load"]),
        (":enter h^", &["h1", "h2"]),
        (":commands o^", &["on", "off"]),
        (":time link_up(\"v^", &["veth0\"", "veth0peer\""]),
        (":quit ^", &[]),
        (":unknown ^", &[]),
        ("!t^", &["tcpdump", "tracepath"]),
        ("!tcpdump -i ve^", &["veth0", "veth0peer"]),
        ("!cat no^", &["notes.txt"]),
        ("!cat labs/o^", &["one.rhai"]),
    ]);
}

#[test]
fn the_surroundings_are_asked_only_for_what_is_wanted() {
    for (text, expected) in [
        ("link_up(\"^", ["links"].as_slice()),
        ("link_get(\"lo\").^", &[]),
        ("veth_add(1, 2, #{ ^", &[]),
        ("sysctl_get(\"^", &["sysctls"]),
        ("netns_get(\"^", &["namespaces"]),
        ("addr_a^", &["variables", "functions", "imports"]),
    ] {
        assert_eq!(completed(text).2, expected, "{text:?}");
    }
}

#[test]
fn the_cursor_can_stand_in_the_text_or_in_a_character() {
    let stage = Stage::default();
    let completion = complete("veth_a é", 6, &catalog(), &stage);
    assert_eq!((completion.start, completion.candidates.len()), (0, 1));
    for cursor in 0..20 {
        let _ = complete("éé.link_up(\"é", cursor, &catalog(), &stage);
    }
}

thread_local! {
    static CATALOG: Catalog = catalog();
}

fn piece() -> impl Strategy<Value = String> {
    prop_oneof![
        4 => prop::sample::select(vec![
            "link_up", "veth_add", "addr_add", "(", ")", "#{", "}", "{", "[", "]", ",", ":", "\"", "`", "${", "\\",
            ".", "::", "host", "reply", "rows", "|", "||", "let ", "for ", " in ", "=", ";", "x", " ", "\n", "//", "/*",
            "*/", "mtu", "master: ", "sysctl_get", "net.", "net/", "import ", "fn ", "!", ":load ", ":time ", "'", "é",
            "\u{85}", "#\"", "1", "1.", "filter", "?.", "?[", "run", "sh(\"", "help",
        ])
        .prop_map(str::to_owned),
        1 => any::<String>(),
    ]
}

proptest! {
    /// At any byte of any text there is an answer, and what it replaces is a part of the text before the cursor.
    #[test]
    fn no_text_and_no_cursor_panics(pieces in prop::collection::vec(piece(), 0..16), cursor in 0usize..80) {
        let text = pieces.concat();
        let stage = Stage::default();
        for cursor in [cursor, text.len()] {
            let completion = CATALOG.with(|catalog| complete(&text, cursor, catalog, &stage));
            prop_assert!(completion.start <= cursor.min(text.len()));
            prop_assert!(text.is_char_boundary(completion.start));
        }
    }
}

#[test]
fn of_too_many_there_is_what_they_have_in_common() {
    let completion = |names: &[&str]| Completion {
        start: 3,
        candidates: names.iter().map(|name| candidate(name)).collect(),
    };
    let candidate_names = |completion: Completion| -> Vec<String> {
        let candidates = completion.candidates.into_iter();
        candidates.map(|one| one.replacement).collect()
    };
    for (names, typed, expected) in [
        (&["ab1", "ab2"][..], "a", &["ab1", "ab2"][..]),
        (&["ab1", "ab2", "ab"], "a", &["ab"]),
        (&["ab1", "ab2", "abü"], "ab", &[]),
        (&["aü", "aé", "aü"], "", &["a"]),
        (&["x", "y", "z"], "", &[]),
    ] {
        let few = completion(names).of_at_most(2, typed);
        assert_eq!(few.start, 3);
        assert_eq!(candidate_names(few), expected, "{names:?}");
    }
}

fn candidate(name: &str) -> super::Candidate {
    super::Candidate {
        replacement: name.into(),
        name: name.into(),
        about: String::new(),
        display: name.into(),
    }
}
