//! Names: where one can stand, and what stands behind a dot.

use super::{all, completed, some_of};

#[test]
fn names_begin_where_an_expression_does() {
    all(&[
        ("addr_a^", &["addr_add"]),
        ("link_^up", &LINK_VERBS),
        ("let x = sysctl_g^", &["sysctl_get"]),
        ("link_up(\"lo\"); neigh_l^", &["neigh_list"]),
        ("if true { arp_t^", &["arp_table"]),
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
                "port_check",
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

const LINK_VERBS: [&str; 12] = [
    "link_add",
    "link_del",
    "link_down",
    "link_exists",
    "link_get",
    "link_list",
    "link_set",
    "link_up",
    "link_altname_add",
    "link_altname_del",
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
