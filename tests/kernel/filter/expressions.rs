//! Random filters that tcpdump understands.
//!
//! Left out is what libpcap 1.10 reads wrongly: it forgets that a computation needs the header of which bytes stand right of an
//! operator, and takes the first number right of a shift for all of it.

use proptest::prelude::*;

fn one_of(words: &'static [&'static str]) -> impl Strategy<Value = String> {
    prop::sample::select(words).prop_map(String::from)
}

/// Words with blanks between, but for those that are empty.
fn words(parts: impl Strategy<Value = Vec<String>>) -> impl Strategy<Value = String> {
    parts.prop_map(|mut parts| {
        parts.retain(|part| !part.is_empty());
        parts.join(" ")
    })
}

fn direction() -> impl Strategy<Value = String> {
    one_of(&["", "", "src", "dst", "src or dst", "src and dst"])
}

fn host() -> impl Strategy<Value = String> {
    let four = one_of(&[
        "10.0.0.1",
        "10.0.0.2",
        "10.0.0.3",
        "192.168.1.7",
        "10.1.2.3",
    ]);
    let six = one_of(&["fd00::1", "fd00::2", "ff02::1", "::"]);
    let both = prop_oneof![
        (one_of(&["", "ip", "arp", "rarp"]), four.boxed()),
        (one_of(&["", "ip6"]), six.boxed()),
    ];
    let parts = (
        both,
        direction(),
        any::<bool>(),
        one_of(&["", "or", "and", "or not"]),
    );
    words(
        parts.prop_map(|((protocol, address), direction, says_host, again)| {
            let host = if says_host || direction.is_empty() {
                "host"
            } else {
                ""
            };
            let second = match again.as_str() {
                "" => String::new(),
                again => format!("{again} {address}"),
            };
            vec![protocol, direction, host.into(), address, second]
        }),
    )
}

fn network() -> impl Strategy<Value = String> {
    let networks = one_of(&[
        "10.0.0.0/8",
        "10.0.0.0/24",
        "10.0.0.0/31",
        "10",
        "10.1",
        "192.168",
        "0.0.0.0/0",
        "10.0.0.0 mask 255.0.0.0",
        "fd00::/16",
        "fd00::/64",
        "fd00::/127",
        "ff00::/8",
    ]);
    words(
        (direction(), networks)
            .prop_map(|(direction, network)| vec![direction, "net".into(), network]),
    )
}

fn port() -> impl Strategy<Value = String> {
    let number = || one_of(&["80", "443", "53", "22", "1500", "0x50", "domain", "ssh"]);
    let range = one_of(&["1000-2000", "80-443", "0-1023", "2000-1500"]);
    let what = prop_oneof![
        number().prop_map(|port| format!("port {port}")),
        (number(), number()).prop_map(|(one, other)| format!("port ({one} or {other})")),
        (number(), number()).prop_map(|(one, other)| format!("port {one} or {other}")),
        (number(), number()).prop_map(|(one, other)| format!("port {one} and not {other}")),
        range.prop_map(|range| format!("portrange {range}")),
    ];
    // A name is a port of one protocol only, or may be.
    let protocol = one_of(&["", "", "tcp", "udp", "sctp"]);
    let parts = (protocol, direction(), what);
    words(parts.prop_map(|(protocol, direction, what)| {
        let names = what.contains("ssh") || what.contains("domain");
        let protocol = if names { String::new() } else { protocol };
        vec![protocol, direction, what]
    }))
}

fn ether() -> impl Strategy<Value = String> {
    let address = one_of(&[
        "02:00:00:00:00:01",
        "02:00:00:00:00:02",
        "ff:ff:ff:ff:ff:ff",
    ]);
    let parts = (direction(), address);
    words(parts.prop_map(|(direction, address)| {
        let host = if direction.is_empty() { "host" } else { "" };
        vec!["ether".into(), direction, host.into(), address]
    }))
}

fn word() -> impl Strategy<Value = String> {
    one_of(&[
        "ip",
        "ip6",
        "arp",
        "rarp",
        "tcp",
        "udp",
        "sctp",
        "icmp",
        "icmp6",
        "igmp",
        "pim",
        "esp",
        "stp",
        "ipx",
        "atalk",
        "broadcast",
        "multicast",
        "ip multicast",
        "ip6 multicast",
        "proto 17",
        "ip proto 6",
        "ip6 proto 58",
        "ip6 proto 44",
        "ether proto 0x88cc",
        "ether proto 0x42",
        r"ether proto \ip",
        r"ip proto \udp",
        "less 60",
        "greater 60",
        "less 0",
        "vlan",
        "vlan 5",
        "vlan 6",
    ])
}

/// Bytes of a header at a place that is known.
fn bytes() -> impl Strategy<Value = String> {
    let protocol = one_of(&[
        "ether", "ip", "ip6", "arp", "tcp", "udp", "sctp", "icmp", "icmp6", "igmp",
    ]);
    let offset = one_of(&[
        "0", "1", "2", "6", "8", "9", "12", "13", "16", "tcpflags", "icmptype", "40", "90",
    ]);
    let size = one_of(&["", ":1", ":2", ":4"]);
    (protocol, offset, size)
        .prop_map(|(protocol, offset, size)| format!("{protocol}[{offset}{size}]"))
}

fn known() -> impl Strategy<Value = String> {
    one_of(&[
        "0", "1", "2", "5", "6", "8", "15", "16", "64", "80", "0x45", "255", "0x1fff", "tcp-syn",
        "(3)",
    ])
}

/// What is computed.
fn number() -> impl Strategy<Value = String> {
    let leaf = prop_oneof![4 => bytes(), 1 => known(), 1 => Just("len".to_string())];
    leaf.prop_recursive(4, 8, 2, |inner| {
        let right = || prop_oneof![3 => one_of(&["1", "2", "3", "8", "15", "64"]), 1 => Just("len".to_string())];
        let plain = one_of(&["+", "-", "*", "&", "|", "/"]);
        let alone = one_of(&["<< 2", ">> 4", "% 3", "^ 5", "& 0x3f", "| 1"]);
        prop_oneof![
            (inner.clone(), plain, right()).prop_map(|(left, sign, right)| format!("{left} {sign} {right}")),
            (inner.clone(), alone).prop_map(|(left, rest)| format!("(({left}) {rest})")),
            inner.clone().prop_map(|of| format!("- ({of})")),
            (one_of(&["ip", "ether", "tcp", "icmp6"]), inner).prop_map(|(protocol, offset)| {
                format!("{protocol}[({offset}) & 63]")
            }),
        ]
    })
}

fn relation() -> impl Strategy<Value = String> {
    let sign = one_of(&["=", "==", "!=", "<", "<=", ">", ">="]);
    let right = prop_oneof![3 => known(), 1 => number()];
    (number(), sign, right).prop_map(|(left, sign, right)| format!("{left} {sign} {right}"))
}

/// Any filter.
pub fn expressions() -> impl Strategy<Value = String> {
    let leaf = prop_oneof![
        3 => word(),
        2 => host(),
        1 => network(),
        3 => port(),
        1 => ether(),
        2 => relation(),
    ];
    leaf.prop_recursive(4, 12, 2, |inner| {
        prop_oneof![
            2 => (inner.clone(), inner.clone()).prop_map(|(left, right)| format!("{left} and {right}")),
            2 => (inner.clone(), inner.clone()).prop_map(|(left, right)| format!("{left} or {right}")),
            1 => inner.clone().prop_map(|of| format!("not {of}")),
            1 => inner.clone().prop_map(|of| format!("({of})")),
            1 => inner.prop_map(|of| format!("not ({of})")),
        ]
    })
}
