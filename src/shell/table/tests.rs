//! Tables as they look, at several widths and into a pipe; and that no value breaks them.

use proptest::prelude::*;
use serde_json::json;

use super::*;

fn at(width: usize) -> Layout {
    Layout {
        width: Some(width),
        ..Layout::default()
    }
}

fn piped() -> Layout {
    Layout::default()
}

/// The text of a raw string that begins on the line after its quote.
fn golden(text: &str) -> &str {
    text.trim_start_matches('\n')
}

fn address(address: &str, prefix: u8, family: &str, scope: &str) -> Value {
    json!({
        "address": address, "broadcast": null, "family": family, "flags": ["permanent"], "label": null,
        "peer": null, "preferred_lft": "forever", "prefix": prefix, "scope": scope, "valid_lft": "forever",
    })
}

fn link(name: &str, index: u8, kind: Value, mac: &str, peer: Value, addresses: Value) -> Value {
    json!({
        "addresses": addresses, "alias": null, "carrier": true, "flags": ["broadcast", "up", "lower_up"],
        "index": index, "kind": kind, "mac": mac, "master": null, "mtu": 1500, "name": name,
        "operstate": "up", "peer": peer, "peer_netns": null, "promisc": false, "qdisc": "noqueue", "state": "up",
        "statistics": {"rx_bytes": 840, "rx_packets": 10, "tx_bytes": 1016, "tx_packets": 12}, "txqueuelen": 1000,
    })
}

/// What `link_list()` gives in the veth lab.
fn links() -> Value {
    let veth = |name, index, mac, peer, ipv4, ipv6| {
        let addresses = json!([
            address(ipv4, 24, "inet", "global"),
            address(ipv6, 64, "inet6", "link")
        ]);
        link(name, index, json!("veth"), mac, json!(peer), addresses)
    };
    let lo = json!([
        address("127.0.0.1", 8, "inet", "host"),
        address("::1", 128, "inet6", "host")
    ]);
    json!([
        link("lo", 1, Value::Null, "00:00:00:00:00:00", Value::Null, lo),
        veth(
            "veth0",
            3,
            "02:a5:d5:c5:62:a0",
            "veth0peer",
            "192.168.4.2",
            "fe80::a5:d5ff:fec5:62a0"
        ),
        veth(
            "veth0peer",
            2,
            "5a:d1:b7:b0:af:8a",
            "veth0",
            "192.168.4.3",
            "fe80::58d1:b7ff:feb0:af8a"
        ),
    ])
}

fn arp() -> Value {
    json!([{
        "device": "veth0peer", "flags": "0x2", "hw_address": "02:a5:d5:c5:62:a0", "hw_type": "0x1",
        "ip": "192.168.4.2", "mask": "*",
    }])
}

fn ping() -> Value {
    let reply = |seq, time| json!({"from": "192.168.4.3", "seq": seq, "time": time, "ttl": 64});
    json!({
        "destination": "192.168.4.3", "duplicates": 0, "loss": 0.0, "received": 2, "rtt_avg": 0.06700000001,
        "rtt_max": 0.1, "rtt_mdev": 0.03, "rtt_min": 0.05, "transmitted": 2,
        "replies": [reply(1, 0.1), reply(2, 0.05)],
    })
}

fn error() -> Value {
    json!({
        "code": 19, "errno": "ENODEV", "hint": "did you mean veth0? The links here are lo, veth0 and veth0peer",
        "message": "there is no link veth9", "netns": "home", "object": "veth9", "op": "addr_add",
    })
}

#[test]
fn links_on_40_columns() {
    let drawn = render(&links(), &at(40));
    let expected = golden(
        "
name       state  addresses
────────────────────────────────────────
lo         up     127.0.0.1/8, ::1/128
veth0      up     192.168.4.2/24,
                  fe80::a5:d5ff:fec5:
                  62a0/64
veth0peer  up     192.168.4.3/24,
                  fe80::58d1:b7ff:feb0:
                  af8a/64
no room for: mtu, kind, peer, mac,
operstate, master, peer_netns
more: index, flags, qdisc, txqueuelen,
alias, promisc, carrier, statistics
(show one link to see them)
",
    );
    assert_eq!(drawn, expected, "\n{drawn}");
}

#[test]
fn one_link_on_40_columns() {
    let drawn = render(&links()[1], &at(40));
    let expected = golden(
        "
name        veth0
index       3
kind        veth
state       up
operstate   up
mtu         1500
mac         02:a5:d5:c5:62:a0
master
peer        veth0peer
peer_netns
flags       broadcast, up, lower_up
qdisc       noqueue
txqueuelen  1000
alias
promisc     false
carrier     true
addresses
  address                 prefix  scope
  ──────────────────────────────────────
  192.168.4.2                 24  global
  fe80::a5:d5ff:fec5:         64  link
  62a0
  no room for: family, valid_lft,
  preferred_lft, flags, label, peer,
  broadcast
statistics
  rx_packets  10
  rx_bytes    840
  tx_packets  12
  tx_bytes    1016
",
    );
    assert_eq!(drawn, expected, "\n{drawn}");
}

#[test]
fn links_on_80_columns() {
    let drawn = render(&links(), &at(80));
    let expected = golden(
        "
name       kind  state   mtu  peer       addresses
────────────────────────────────────────────────────────────────────────────────
lo               up     1500             127.0.0.1/8, ::1/128
veth0      veth  up     1500  veth0peer  192.168.4.2/24,
                                         fe80::a5:d5ff:fec5:62a0/64
veth0peer  veth  up     1500  veth0      192.168.4.3/24,
                                         fe80::58d1:b7ff:feb0:af8a/64
no room for: mac, operstate, master, peer_netns
more: index, flags, qdisc, txqueuelen, alias, promisc, carrier, statistics (show
one link to see them)
",
    );
    assert_eq!(drawn, expected, "\n{drawn}");
}

#[test]
fn one_link_on_80_columns() {
    let drawn = render(&links()[1], &at(80));
    let expected = golden(
        "
name        veth0
index       3
kind        veth
state       up
operstate   up
mtu         1500
mac         02:a5:d5:c5:62:a0
master
peer        veth0peer
peer_netns
flags       broadcast, up, lower_up
qdisc       noqueue
txqueuelen  1000
alias
promisc     false
carrier     true
addresses
  address                  prefix  family  scope   valid_lft  preferred_lft
  ─────────────────────────────────────────────────────────────────────────
  192.168.4.2                  24  inet    global  forever    forever
  fe80::a5:d5ff:fec5:62a0      64  inet6   link    forever    forever
  no room for: flags, label, peer, broadcast
statistics
  rx_packets  10
  rx_bytes    840
  tx_packets  12
  tx_bytes    1016
",
    );
    assert_eq!(drawn, expected, "\n{drawn}");
}

#[test]
fn links_on_120_columns() {
    let drawn = render(&links(), &at(120));
    let expected = golden(
            "
name       kind  state  operstate   mtu  mac                master  peer       peer_netns  addresses
────────────────────────────────────────────────────────────────────────────────────────────────────────────────────────
lo               up     up         1500  00:00:00:00:00:00                                 127.0.0.1/8, ::1/128
veth0      veth  up     up         1500  02:a5:d5:c5:62:a0          veth0peer              192.168.4.2/24,
                                                                                           fe80::a5:d5ff:fec5:62a0/64
veth0peer  veth  up     up         1500  5a:d1:b7:b0:af:8a          veth0                  192.168.4.3/24,
                                                                                           fe80::58d1:b7ff:feb0:af8a/64
more: index, flags, qdisc, txqueuelen, alias, promisc, carrier, statistics (show one link to see them)
",
        );
    assert_eq!(drawn, expected, "\n{drawn}");
}

#[test]
fn links_in_a_pipe() {
    let drawn = render(&links(), &piped());
    let expected = golden(
            "
name       kind  state  operstate  mtu   mac                master  peer       peer_netns  addresses
lo         -     up     up         1500  00:00:00:00:00:00  -       -          -           127.0.0.1/8,::1/128
veth0      veth  up     up         1500  02:a5:d5:c5:62:a0  -       veth0peer  -           192.168.4.2/24,fe80::a5:d5ff:fec5:62a0/64
veth0peer  veth  up     up         1500  5a:d1:b7:b0:af:8a  -       veth0      -           192.168.4.3/24,fe80::58d1:b7ff:feb0:af8a/64
",
        );
    assert_eq!(drawn, expected, "\n{drawn}");
}

#[test]
fn one_link_in_a_pipe() {
    let drawn = render(&links()[1], &piped());
    let expected = golden(
        "
name                   veth0
index                  3
kind                   veth
state                  up
operstate              up
mtu                    1500
mac                    02:a5:d5:c5:62:a0
master                 -
peer                   veth0peer
peer_netns             -
addresses              192.168.4.2/24,fe80::a5:d5ff:fec5:62a0/64
flags                  broadcast,up,lower_up
qdisc                  noqueue
txqueuelen             1000
alias                  -
promisc                false
carrier                true
statistics.rx_packets  10
statistics.rx_bytes    840
statistics.tx_packets  12
statistics.tx_bytes    1016
",
    );
    assert_eq!(drawn, expected, "\n{drawn}");
}

#[test]
fn arp_on_40_columns() {
    let drawn = render(&arp(), &at(40));
    let expected = golden(
        "
ip           hw_address
──────────────────────────────
192.168.4.2  02:a5:d5:c5:62:a0
no room for: device, flags, hw_type,
mask
",
    );
    assert_eq!(drawn, expected, "\n{drawn}");
}

#[test]
fn arp_on_80_columns() {
    let drawn = render(&arp(), &at(80));
    let expected = golden(
        "
ip           hw_type  flags  hw_address         mask  device
───────────────────────────────────────────────────────────────
192.168.4.2  0x1      0x2    02:a5:d5:c5:62:a0  *     veth0peer
",
    );
    assert_eq!(drawn, expected, "\n{drawn}");
}

#[test]
fn ping_on_80_columns() {
    let drawn = render(&ping(), &at(80));
    let expected = golden(
        "
destination  192.168.4.3
transmitted  2
received     2
duplicates   0
loss         0
rtt_min      0.05
rtt_avg      0.067
rtt_max      0.1
rtt_mdev     0.03
replies
  seq  from         ttl  time
  ───────────────────────────
    1  192.168.4.3   64   0.1
    2  192.168.4.3   64  0.05
",
    );
    assert_eq!(drawn, expected, "\n{drawn}");
}

#[test]
fn ping_in_a_pipe() {
    let drawn = render(&ping(), &piped());
    let expected = golden(
        "
destination     192.168.4.3
transmitted     2
received        2
duplicates      0
loss            0
rtt_min         0.05
rtt_avg         0.067
rtt_max         0.1
rtt_mdev        0.03
replies.0.seq   1
replies.0.from  192.168.4.3
replies.0.ttl   64
replies.0.time  0.1
replies.1.seq   2
replies.1.from  192.168.4.3
replies.1.ttl   64
replies.1.time  0.05
",
    );
    assert_eq!(drawn, expected, "\n{drawn}");
}

#[test]
fn error_on_40_columns() {
    let drawn = render(&error(), &at(40));
    let expected = golden(
        "
op       addr_add
object   veth9
netns    home
errno    ENODEV
code     19
message  there is no link veth9
hint     did you mean veth0? The links
         here are lo, veth0 and
         veth0peer
",
    );
    assert_eq!(drawn, expected, "\n{drawn}");
}

#[test]
fn maps_of_no_known_kind_take_the_known_order_and_then_the_alphabet() {
    let value =
        json!([{"zebra": 1, "apple": {"b": 1, "a": 2}, "mac": "x", "name": "n"}, {"zebra": 100.0}]);
    assert_eq!(
        render(&value, &at(80)),
        golden(
            "
name  mac  apple         zebra
──────────────────────────────
n     x    {a: 2, b: 1}      1
                           100
"
        )
    );
    assert_eq!(
        render(&value, &piped()),
        "name  mac  apple      zebra\nn     x    {a:2,b:1}  1\n-     -    -          100\n"
    );
}

#[test]
fn a_column_that_does_not_fit_is_named() {
    let row: Map<String, Value> = ('a'..='h')
        .map(|key| (key.to_string(), json!("x".repeat(10))))
        .collect();
    let drawn = render(&json!([row]), &at(40));
    assert_eq!(drawn.lines().last(), Some("no room for: d, e, f, g, h"));
}

#[test]
fn scalars_and_lists_print_as_themselves() {
    for layout in [at(20), piped()] {
        let shown = |value: Value| render(&value, &layout);
        assert_eq!(
            shown(json!("two words\nand a line")),
            "two words\nand a line\n"
        );
        assert_eq!(shown(json!(null)), "()\n");
        assert_eq!(shown(json!("")), "\n");
        assert_eq!(shown(json!(true)), "true\n");
        assert_eq!(shown(json!([])), "(none)\n");
        assert_eq!(shown(json!({})), "(none)\n");
        assert_eq!(shown(json!(["a", 2, null, 0.5])), "a\n2\n()\n0.5\n");
    }
    assert_eq!(
        render(&json!([1, {"a": [1, 2]}]), &at(20)),
        "1\n{a: [1, 2]}\n"
    );
    assert_eq!(render(&json!([{}, {}]), &at(20)), "{}\n{}\n");
}

#[test]
fn a_terminal_escape_in_an_alias_does_not_reach_the_terminal() {
    let value = json!({"alias": "\u{1b}[2Jgone\u{202e}\u{7}\r"});
    assert_eq!(
        render(&value, &at(80)),
        "alias  \\u{1b}[2Jgone\\u{202e}\\u{7}\\r\n"
    );
    assert_eq!(
        render(&value, &piped()),
        "alias  \\u{1b}[2Jgone\\u{202e}\\u{7}\\r\n"
    );
}

#[test]
fn wide_characters_are_measured_by_their_width() {
    let value = json!([{"a": "漢字", "b": 1}, {"a": "ab", "b": 2}]);
    assert_eq!(render(&value, &piped()), "a     b\n漢字  1\nab    2\n");
}

#[test]
fn an_ascii_terminal_gets_ascii() {
    let layout = Layout {
        ascii: true,
        ..at(80)
    };
    assert_eq!(
        render(&json!([{"a": "é"}]), &layout),
        "a\n------\n\\u{e9}\n"
    );
}

#[test]
fn colour_sets_off_headers_keys_and_remarks() {
    let coloured = |value: &Value| {
        let layout = Layout {
            colour: true,
            ..at(40)
        };
        render(value, &layout)
    };
    let row = json!([{"a": 1}]);
    assert_eq!(
        coloured(&row),
        "\u{1b}[1m a\u{1b}[0m\n\u{1b}[2m──\u{1b}[0m\n 1\n"
    );
    assert_eq!(coloured(&json!({"a": 1})), "\u{1b}[1ma \u{1b}[0m  1\n");
}

#[test]
fn awk_finds_each_value_in_its_field() {
    let drawn = render(&links(), &piped());
    let fields = |line: &str| line.split_whitespace().count();
    let counts: Vec<usize> = drawn.lines().map(fields).collect();
    assert_eq!(counts, [10, 10, 10, 10]);
}

#[test]
fn deep_nesting_is_drawn_and_not_followed_for_ever() {
    for wrap in [
        (|value| json!({ "a": value })) as fn(Value) -> Value,
        |value| json!([value]),
        |value| json!([{ "a": value, "b": [value] }]),
    ] {
        let mut value = json!(1);
        for _ in 0..12 {
            value = wrap(value);
        }
        for layout in [at(4000), at(80), piped()] {
            assert!(!render(&value, &layout).is_empty());
        }
    }
    let wrap = |value| Value::Object(std::iter::once(("a".to_owned(), value)).collect());
    let deep = (0..3000).fold(json!(1), |value, _| wrap(value));
    for layout in [at(4000), piped()] {
        assert!(render(&deep, &layout).contains("{1 key}"));
    }
}

/// Text with all that can go wrong on a terminal in it.
fn any_text() -> impl Strategy<Value = String> {
    prop_oneof![
        "[a-z0-9:/. ]{0,40}",
        any::<String>(),
        "[\u{0}-\u{20}\u{7f}-\u{a0}\u{200b}-\u{202e}\u{300}漢字🙂\u{fe0f}\u{200d}👩🇩🇪ᄀ가\u{5d0}]{0,30}",
    ]
}

fn any_key() -> impl Strategy<Value = String> {
    prop_oneof![
        prop::sample::select(vec![
            "name",
            "index",
            "mtu",
            "operstate",
            "address",
            "prefix",
            "peer",
            "flags",
            "statistics",
            "seq",
            "time",
        ])
        .prop_map(str::to_owned),
        any_text(),
    ]
}

fn any_value() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<f64>().prop_map(Value::from),
        any_text().prop_map(Value::from),
    ];
    leaf.prop_recursive(4, 64, 8, |inner| {
        let map = prop::collection::vec((any_key(), inner.clone()), 0..8)
            .prop_map(|pairs| Value::Object(pairs.into_iter().collect()))
            .boxed();
        prop_oneof![
            prop::collection::vec(inner, 0..6).prop_map(Value::Array),
            prop::collection::vec(map.clone(), 0..6).prop_map(Value::Array),
            map,
        ]
    })
}

proptest! {
    #[test]
    fn any_value_fits_any_terminal(value in any_value(), width in 0_usize..200, ascii: bool) {
        let layout = Layout { width: Some(width), colour: false, ascii };
        let drawn = render(&value, &layout);
        prop_assert!(drawn.ends_with('\n'));
        prop_assert!(!drawn.chars().any(|character| character.is_control() && character != '\n'), "{drawn:?}");
        prop_assert!(!ascii || drawn.is_ascii());
        // Scalars are written as they are.
        if matches!(Kind::of(&value), Kind::Maps(..) | Kind::Map(_)) {
            for line in drawn.lines() {
                prop_assert!(line.width() <= width.max(NARROWEST), "{width}: {line:?} in\n{drawn}");
                prop_assert_eq!(line, line.trim_end());
            }
        }
        let coloured = render(&value, &Layout { colour: true, ..layout });
        let bare = ["\u{1b}[0m", "\u{1b}[1m", "\u{1b}[2m"].iter().fold(coloured, |text, code| text.replace(code, ""));
        prop_assert_eq!(bare, drawn);
    }

    #[test]
    fn any_value_is_safe_in_a_pipe(value in any_value()) {
        let drawn = render(&value, &Layout::default());
        prop_assert!(drawn.ends_with('\n'));
        prop_assert!(!drawn.chars().any(|character| character.is_control() && character != '\n'), "{drawn:?}");
        if let Kind::Maps(rows, _) = Kind::of(&value) {
            prop_assert_eq!(drawn.lines().count(), rows.len() + 1);
        }
        if matches!(Kind::of(&value), Kind::Maps(..) | Kind::Map(_)) {
            prop_assert!(drawn.lines().all(|line| !line.is_empty() && line == line.trim_end()));
        }
    }
}
