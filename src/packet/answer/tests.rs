use proptest::prelude::*;

use super::super::hex;
use super::*;
use crate::packet::layers::{Layer, Packet, Value, encode, kind};

/// A packet of these headers, each with its fields.
fn packet(headers: &[(&str, &[(&'static str, Value)])], payload: &[u8]) -> Vec<u8> {
    let layers = headers.iter().map(|(name, fields)| Layer {
        kind: kind(name).expect("a known header"),
        fields: fields.to_vec(),
    });
    let packet = Packet {
        layers: layers.collect(),
        payload: payload.to_vec(),
    };
    encode(&packet).expect("all is given")
}

fn ip(address: &str) -> Value {
    Value::Ip(address.parse().expect("an address"))
}

fn number(number: u64) -> Value {
    Value::Number(number)
}

fn between(from: &str, to: &str) -> Vec<(&'static str, Value)> {
    vec![("saddr", ip(from)), ("daddr", ip(to))]
}

fn answers(question: &[u8], answer: &[u8]) -> bool {
    is_answer((question, Link::Ip), (answer, Link::Ip))
}

fn echo(from: &str, to: &str, kind: u64, id: u64, sequence: u64) -> Vec<u8> {
    let fields = [
        ("type", number(kind)),
        ("id", number(id)),
        ("sequence", number(sequence)),
    ];
    packet(&[("ip", &between(from, to)), ("icmp", &fields)], b"data")
}

const A: &str = "10.0.0.1";
const B: &str = "10.0.0.2";
const C: &str = "10.0.0.3";

#[test]
fn an_echo_is_answered_by_its_reply() {
    let question = echo(A, B, 8, 7, 1);
    assert!(answers(&question, &echo(B, A, 0, 7, 1)));
    for other in [
        echo(A, B, 8, 7, 1),
        echo(B, A, 8, 7, 1),
        echo(B, A, 0, 8, 1),
        echo(B, A, 0, 7, 2),
        echo(C, A, 0, 7, 1),
        echo(B, C, 0, 7, 1),
    ] {
        assert!(!answers(&question, &other), "{}", hex::encode(&other));
    }
    let to_all = echo(A, "255.255.255.255", 8, 7, 1);
    assert!(answers(&to_all, &echo(B, A, 0, 7, 1)));
    assert!(answers(&to_all, &echo(C, A, 0, 7, 1)));
}

fn udp(from: (&str, u64), to: (&str, u64)) -> Vec<u8> {
    let ports = [("sport", number(from.1)), ("dport", number(to.1))];
    packet(&[("ip", &between(from.0, to.0)), ("udp", &ports)], b"data")
}

fn tcp(from: (&str, u64), to: (&str, u64), flags: &str, sequence: u64, ack: u64) -> Vec<u8> {
    let fields = [
        ("sport", number(from.1)),
        ("dport", number(to.1)),
        ("flags", Value::Words(flags.into())),
        ("sequence", number(sequence)),
        ("ackseq", number(ack)),
    ];
    packet(&[("ip", &between(from.0, to.0)), ("tcp", &fields)], b"")
}

#[test]
fn ports_are_the_other_way_round() {
    let question = udp((A, 5000), (B, 53));
    assert!(answers(&question, &udp((B, 53), (A, 5000))));
    assert!(!answers(&question, &udp((B, 53), (A, 5001))));
    assert!(!answers(&question, &udp((B, 5000), (A, 53))));
    assert!(!answers(&question, &tcp((B, 53), (A, 5000), "rst", 0, 0)));
    // DHCP: who has no address yet is answered wherever it may hear.
    let question = udp(("0.0.0.0", 68), ("255.255.255.255", 67));
    assert!(answers(&question, &udp((B, 67), ("255.255.255.255", 68))));
    assert!(answers(&question, &udp((B, 67), (C, 68))));

    let question = tcp((A, 5000), (B, 80), "syn", 100, 0);
    assert!(answers(
        &question,
        &tcp((B, 80), (A, 5000), "syn,ack", 9, 101)
    ));
    assert!(answers(
        &question,
        &tcp((B, 80), (A, 5000), "rst,ack", 0, 101)
    ));
    assert!(answers(&question, &tcp((B, 80), (A, 5000), "rst", 0, 0)));
    let older = tcp((B, 80), (A, 5000), "ack", 9, 55);
    assert!(!answers(&question, &older));
    // Numbers begin anew.
    let question = tcp((A, 5000), (B, 80), "syn", 0xffff_ffff, 0);
    assert!(answers(
        &question,
        &tcp((B, 80), (A, 5000), "syn,ack", 9, 0)
    ));
}

/// An ICMP error about a packet, which has gone so many hops less.
fn error(from: &str, kind: u64, about: &[u8]) -> Vec<u8> {
    let fields = [("type", number(kind)), ("code", number(1))];
    packet(&[("ip", &between(from, A)), ("icmp", &fields)], about)
}

#[test]
fn errors_are_about_what_they_quote() {
    for question in [
        udp((A, 5000), (B, 53)),
        tcp((A, 5000), (B, 80), "syn", 100, 0),
        echo(A, B, 8, 7, 1),
    ] {
        let least = &question[..28];
        for kind in [3, 11] {
            assert!(answers(&question, &error(C, kind, least)));
        }
        let mut hopped = question.clone();
        hopped[8] -= 1;
        assert!(answers(&question, &error(C, 11, &hopped)));
        // Its identification, its destination, and its ports or its sequence.
        for at in [5, 19, if question[9] == 1 { 27 } else { 23 }] {
            let mut other = question.clone();
            other[at] ^= 1;
            assert!(!answers(&question, &error(C, 3, &other)), "{at}");
        }
        assert!(!answers(&question, &echo(C, A, 0, 7, 1)));
    }
}

fn icmp6(from: &str, to: &str, fields: &[(&'static str, Value)]) -> Vec<u8> {
    packet(&[("ip6", &between(from, to)), ("icmp6", fields)], b"")
}

#[test]
fn a_neighbour_that_is_solicited_advertises_itself() {
    let about = |kind: u64, target: &str| [("type", number(kind)), ("taddr", ip(target))];
    let question = icmp6("fe80::1", "ff02::1:ff00:2", &about(135, "fd00::2"));
    let told = icmp6("fd00::2", "fe80::1", &about(136, "fd00::2"));
    assert!(answers(&question, &told));
    let alone = icmp6("fd00::1", "fd00::2", &about(135, "fd00::2"));
    let from_elsewhere = icmp6("fe80::2", "fd00::1", &about(136, "fd00::2"));
    assert!(answers(&alone, &from_elsewhere));
    let another = icmp6("fd00::2", "fe80::1", &about(136, "fd00::3"));
    assert!(!answers(&question, &another));
    let router = icmp6("fe80::1", "ff02::2", &[("type", number(133))]);
    let told = icmp6("fe80::9", "ff02::1", &[("type", number(134))]);
    assert!(answers(&router, &told));
    let echo = |from: &str, to: &str, kind: u64, id: u64| {
        icmp6(from, to, &[("type", number(kind)), ("id", number(id))])
    };
    let question = echo("fd00::1", "fd00::2", 128, 5);
    assert!(answers(&question, &echo("fd00::2", "fd00::1", 129, 5)));
    assert!(!answers(&question, &echo("fd00::2", "fd00::1", 129, 6)));
    assert!(!answers(&question, &echo("fd00::3", "fd00::1", 129, 5)));
    let fields = [("type", number(3))];
    let error = packet(
        &[("ip6", &between("fd00::9", "fd00::1")), ("icmp6", &fields)],
        &question,
    );
    assert!(answers(&question, &error));
}

#[test]
fn arp_and_other_frames() {
    let mac = |last: u8| Value::Mac([2, 0, 0, 0, 0, last]);
    let arp = |operation: u64, from: &str, to: &str| {
        let ether = [("daddr", mac(2)), ("saddr", mac(1))];
        let arp = [
            ("operation", number(operation)),
            ("saddr_ether", mac(1)),
            ("saddr_ip", ip(from)),
            ("daddr_ip", ip(to)),
        ];
        packet(&[("ether", &ether), ("arp", &arp)], b"")
    };
    let on = |question: &[u8], answer: &[u8]| {
        is_answer((question, Link::Ethernet), (answer, Link::Ethernet))
    };
    let question = arp(1, A, B);
    assert!(on(&question, &arp(2, B, A)));
    assert!(!on(&question, &arp(2, C, A)));
    assert!(!on(&question, &arp(1, B, A)));
    let frame = |from: u8, to: u8, kind: u64| {
        let ether = [
            ("daddr", mac(to)),
            ("saddr", mac(from)),
            ("type", number(kind)),
        ];
        packet(&[("ether", &ether)], b"data")
    };
    assert!(on(&frame(1, 2, 0x88b5), &frame(2, 1, 0x88b5)));
    assert!(!on(&frame(1, 2, 0x88b5), &frame(3, 1, 0x88b5)));
    assert!(!on(&frame(1, 2, 0x88b5), &frame(2, 1, 0x88b6)));
    assert!(!on(&frame(1, 2, 0x88b5), &question));
}

proptest! {
    #[test]
    fn no_bytes_are_a_panic(question: Vec<u8>, answer: Vec<u8>, at in 0usize..32, byte: u8) {
        for link in [Link::Ethernet, Link::Ip] {
            is_answer((&question, link), (&answer, link));
        }
        let mut known = error(C, 3, &echo(A, B, 8, 7, 1));
        known[at] = byte;
        answers(&echo(A, B, 8, 7, 1), &known);
        answers(&known, &question);
    }
}
