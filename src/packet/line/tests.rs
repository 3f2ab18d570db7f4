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
