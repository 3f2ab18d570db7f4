use proptest::prelude::*;

use super::*;

/// An Ethernet header with this type, and what comes behind it.
fn frame(kind: u16, rest: &[u8]) -> Vec<u8> {
    let mut bytes = vec![2, 0, 0, 0, 0, 2, 2, 0, 0, 0, 0, 1];
    bytes.extend(kind.to_be_bytes());
    bytes.extend(rest);
    bytes
}

fn told(bytes: &[u8]) -> String {
    line(bytes, Link::Ethernet, bytes.len(), Detail::Usual)
}

/// The comparison with tcpdump is in the suite; here is what it does not say in the same words.
#[test]
fn what_is_not_read_is_told() {
    let cases = [
        (
            frame(0x1234, b"abc"),
            "ethertype Unknown (0x1234), length 3",
        ),
        (frame(0x0800, &[0x45, 0]), "[|ip]"),
        (vec![1, 2, 3], "[|ether], length 3"),
        (
            frame(7, &[0xe0, 0xe0, 3, 1, 2, 3, 4]),
            "LLC, dsap IPX (0xe0) Individual, ssap IPX (0xe0) Command, ctrl 0x03, length 7",
        ),
    ];
    for (bytes, words) in cases {
        assert_eq!(told(&bytes), words);
    }
}

/// An IPv4 packet, whose first bytes are these, with this protocol and what it carries.
fn ip(start: [u8; 4], protocol: u8, carried: &[u8]) -> Vec<u8> {
    let mut bytes = start.to_vec();
    bytes.extend([0, 1, 0, 0, 64, protocol, 0, 0, 10, 0, 0, 1, 10, 0, 0, 2]);
    bytes.extend(carried);
    frame(0x0800, &bytes)
}

fn udp(from: u16, to: u16, carried: &[u8]) -> Vec<u8> {
    let length = u16::try_from(carried.len() + 8).unwrap();
    let ports = [from, to, length, 0];
    let mut bytes: Vec<u8> = ports.iter().flat_map(|port| port.to_be_bytes()).collect();
    bytes.extend(carried);
    let [high, low] = (length + 20).to_be_bytes();
    ip([0x45, 0, high, low], 17, &bytes)
}

fn tcp(options: &[u8]) -> Vec<u8> {
    let mut bytes = vec![3, 232, 0, 80, 0, 0, 0, 1, 0, 0, 0, 0];
    let length = 20 + options.len().next_multiple_of(4);
    bytes.extend([
        u8::try_from(length / 4).unwrap() << 4,
        2,
        0,
        100,
        0,
        0,
        0,
        0,
    ]);
    bytes.extend(options);
    bytes.resize(length, 0);
    ip([0x45, 0, 0, u8::try_from(length + 20).unwrap()], 6, &bytes)
}

/// In the words of tcpdump 4.99.
#[test]
fn what_is_no_ip_packet_is_told() {
    let cases = [
        ([0x55, 0, 0, 32], "IP5 (invalid)"),
        ([0x05, 0, 0, 32], "IP0 (invalid)"),
        (
            [0x65, 0, 0, 32],
            "IP6, wrong link-layer encapsulation (invalid)",
        ),
        ([0x45, 0, 0, 10], "IP bad-len 10"),
        ([0x43, 0, 0, 32], "IP bad-hlen 12"),
    ];
    for (start, words) in cases {
        let bytes = ip(start, 17, &[0, 1, 0, 2, 0, 12, 0, 0, 97, 98, 99, 100]);
        assert_eq!(told(&bytes), words);
        let packet = crate::packet::layers::decode(&bytes, Link::Ethernet);
        assert_eq!(
            (packet.layers.len(), packet.payload.len()),
            (1, 32),
            "{words}"
        );
    }
    let raw = |bytes: &[u8]| line(bytes, Link::Ip, bytes.len(), Detail::Usual);
    assert_eq!(raw(&[0x55, 0, 0, 32]), "unknown ip 5");
    assert_eq!(raw(&[0x45, 0, 0, 10]), "IP bad-len 10");
}

#[test]
fn the_port_of_dns_counts_before_that_of_mdns() {
    let question = b"\0\x01\x01\0\0\x01\0\0\0\0\0\0\x01a\0\0\x01\0\x01";
    for (from, to, words) in [
        (5353, 53, "A? a."),
        (53, 5353, "A? a."),
        (5353, 5353, "A (QM)? a."),
    ] {
        let line = told(&udp(from, to, question));
        assert_eq!(
            line,
            format!("IP 10.0.0.1.{from} > 10.0.0.2.{to}: 1+ {words} (19)")
        );
    }
}

#[test]
fn rare_options_of_tcp_have_names() {
    let cases: [(&[u8], &str); 10] = [
        (
            b"\x1e\x0c\x00\x81\x01\x02\x03\x04\x05\x06\x07\x08",
            "mptcp 12 capable v0 csum {0x102030405060708}",
        ),
        (b"\x1e\x04\x01\x01", "mptcp 4 capable v1"),
        (
            b"\x13\x12\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\x0f",
            "md5 0000000000000000000000000000000f,eol",
        ),
        (b"\x1c\x04\x80\x05", "uto 0x8005 983160"),
        (
            b"\x1d\x08\x01\x02\0\0\0\x07",
            "tcp-ao keyid 1 rnextkeyid 2 mac 0x00000007",
        ),
        (b"\x22\x02", "tfo cookiereq,eol"),
        (b"\x22\x06\x01\x02\x03\x04", "tfo cookie 01020304,eol"),
        (b"\xfe\x04\xf9\x89", "exp-tfo cookiereq"),
        (b"\x0b\x06\0\0\0\x01", "cc 1,eol"),
        (b"\xfd\x06\x0a\x0b\x0c\x0d", "unknown-253 0x0a0b0c0d,eol"),
    ];
    for (options, words) in cases {
        let line = told(&tcp(options));
        assert!(
            line.contains(&format!("options [{words}], length 0")),
            "{line}"
        );
    }
}

/// Linux has VXLAN on 8472 unless it is told a port.
#[test]
fn vxlan_is_read_on_the_port_of_linux() {
    let inner = udp(1, 2, b"abc");
    let vxlan = [&[8, 0, 0, 0, 0, 0, 42, 0], inner.as_slice()].concat();
    let words = "IP 10.0.0.1.40000 > 10.0.0.2.8472: VXLAN, flags [I] (0x08), vni 42: IP 10.0.0.1.1 > 10.0.0.2.2: UDP, length 3";
    assert_eq!(told(&udp(40000, 8472, &vxlan)), words);
    let other = [&[8, 0, 0, 0, 0, 0, 42, 1], inner.as_slice()].concat();
    let line = told(&udp(40000, 8472, &other));
    assert!(line.ends_with("UDP, length 53"), "{line}");
}

proptest! {
    #[test]
    fn no_bytes_are_a_panic(bytes: Vec<u8>, length in 0usize..3000) {
        for link in [Link::Ethernet, Link::Ip, Link::Cooked, Link::Cooked2] {
            for detail in [Detail::Usual, Detail::Link] {
                let _ = line(&bytes, link, length, detail);
            }
            let _ = label(&bytes, link);
        }
    }

    /// Whatever is in a packet, its line is one line, and nothing in it moves a terminal's cursor.
    #[test]
    fn a_line_is_a_line(kind in prop::sample::select(vec![0x0800u16, 0x86dd, 0x8100, 0x88cc, 0x0806, 40]), rest: Vec<u8>) {
        let bytes = frame(kind, &rest);
        for text in [told(&bytes), label(&bytes, Link::Ethernet)] {
            prop_assert!(text.chars().all(|char| !char.is_control()), "{text:?}");
        }
    }
}
