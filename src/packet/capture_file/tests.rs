use std::time::Duration;

use proptest::prelude::*;

use super::*;

/// All packets of a file, and why no more could be read.
fn read(bytes: &[u8]) -> (Vec<Captured>, Option<Fault>) {
    let reader = match Reader::new(bytes) {
        Ok(reader) => reader,
        Err(fault) => return (Vec::new(), Some(fault)),
    };
    let mut packets = Vec::new();
    for packet in reader {
        match packet {
            Ok(packet) => packets.push(packet),
            Err(fault) => return (packets, Some(fault)),
        }
    }
    (packets, None)
}

fn written(packets: &[Captured], format: Format) -> Vec<u8> {
    let mut writer = Writer::new(Vec::new(), format).expect("a vector");
    for packet in packets {
        writer.packet(packet).expect("a vector");
    }
    writer.finish().expect("a vector")
}

fn packet(at: Duration) -> Captured {
    Captured {
        at,
        netns: Some("h1".into()),
        link: "eth0".into(),
        direction: Some(Direction::Out),
        link_type: LinkType::Ethernet,
        length: 60,
        bytes: vec![1, 2, 3, 4, 5],
        comments: vec!["looked at".into()],
    }
}

/// A file of tcpdump's on a machine of the other order: one packet of 2 bytes, 1.5 s after 1970.
#[test]
fn both_orders_and_units_are_read() {
    let big = |magic: u32, fraction: u32| {
        let mut bytes = Vec::new();
        for number in [magic, 0x0002_0004, 0, 0, 65_535, 1, 1, fraction, 2, 7] {
            bytes.extend(number.to_be_bytes());
        }
        bytes.extend([8, 9]);
        bytes
    };
    let little = |magic: u32, fraction: u32| {
        let mut bytes = Vec::new();
        for number in [magic, 0x0004_0002, 0, 0, 65_535, 101, 1, fraction, 2, 7] {
            bytes.extend(number.to_le_bytes());
        }
        bytes.extend([8, 9]);
        bytes
    };
    for (bytes, link_type) in [
        (big(pcap::MICRO, 500_000), LinkType::Ethernet),
        (big(pcap::NANO, 500_000_000), LinkType::Ethernet),
        (little(pcap::MICRO, 500_000), LinkType::Ip),
        (little(pcap::NANO, 500_000_000), LinkType::Ip),
    ] {
        let (packets, fault) = read(&bytes);
        assert!(fault.is_none(), "{fault:?}");
        let [packet] = packets.as_slice() else {
            panic!("{packets:?}");
        };
        assert_eq!(packet.at, Duration::from_millis(1500));
        assert_eq!((packet.length, packet.link_type), (7, link_type));
        assert_eq!(packet.bytes, [8, 9]);
    }
}

/// A section of big-endian blocks: an interface with this resolution and offset, and a packet at this time.
fn section(resolution: u8, offset: i64, time: u64) -> Vec<u8> {
    let mut bytes = MAGIC_BLOCK.to_vec();
    let mut interface = vec![0, 1, 0, 0, 0, 0, 0, 0];
    interface.extend([0, 9, 0, 1, resolution, 0, 0, 0]);
    interface.extend([0, 14, 0, 8]);
    interface.extend(offset.to_be_bytes());
    interface.extend([0; 4]);
    let mut packet = vec![0; 4];
    packet.extend(time.to_be_bytes());
    packet.extend([0, 0, 0, 3, 0, 0, 0, 3, 7, 8, 9, 0]);
    // A comment that is no UTF-8, and one that goes beyond the block.
    packet.extend([0, 1, 0, 2, 0xff, b'x', 0, 0, 0, 1, 0, 200]);
    for (kind, body) in [(1u32, interface), (6, packet)] {
        let length = u32::try_from(body.len() + 12).expect("short");
        bytes.extend(kind.to_be_bytes());
        bytes.extend(length.to_be_bytes());
        bytes.extend(body);
        bytes.extend(length.to_be_bytes());
    }
    bytes
}

#[rustfmt::skip]
const MAGIC_BLOCK: &[u8] = &[
    0x0a, 0x0d, 0x0d, 0x0a, 0, 0, 0, 28, 0x1a, 0x2b, 0x3c, 0x4d, 0, 1, 0, 0,
    0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0, 0, 0, 28,
];

#[test]
fn times_have_the_unit_of_their_interface() {
    let cases = [
        (6, 0, 1_500_000, Duration::from_millis(1500)),
        (9, 0, 1_500_000_001, Duration::from_nanos(1_500_000_001)),
        (0, 0, 3, Duration::from_secs(3)),
        (12, 0, 1_500_000_000_999, Duration::from_millis(1500)),
        (0x80 | 10, 0, 1536, Duration::from_millis(1500)),
        (6, 100, 1_500_000, Duration::from_millis(101_500)),
        (6, -100, 1_500_000, Duration::ZERO),
        (127, 0, u64::MAX, Duration::ZERO),
        (255, 0, u64::MAX, Duration::ZERO),
    ];
    for (resolution, offset, time, wanted) in cases {
        let (packets, fault) = read(&section(resolution, offset, time));
        assert!(fault.is_none(), "{fault:?}");
        assert_eq!(packets[0].at, wanted, "{resolution:#x}");
        assert_eq!(packets[0].bytes, [7, 8, 9]);
        assert_eq!(packets[0].comments, ["\u{fffd}x"]);
    }
}

#[test]
fn all_whole_packets_of_a_cut_file_are_read() {
    let one = packet(Duration::from_secs(1));
    for format in [Format::Pcap, Format::Pcapng] {
        let bytes = written(&[one.clone(), one.clone()], format);
        let (packets, fault) = read(&bytes[..bytes.len() - 1]);
        assert_eq!(packets.len(), 1);
        assert!(matches!(fault, Some(Fault::Cut)), "{fault:?}");
    }
    assert!(matches!(read(b"").1, Some(Fault::Unknown)));
    assert!(matches!(read(b"#!/bin/sh").1, Some(Fault::Unknown)));
}

#[test]
fn an_old_file_has_one_link_type() {
    let mut writer = Writer::new(Vec::new(), Format::Pcap).expect("a vector");
    let one = packet(Duration::ZERO);
    writer.packet(&one).expect("the first");
    let other = Captured {
        link_type: LinkType::Ip,
        ..one
    };
    let error = writer.packet(&other).expect_err("another");
    assert!(error.to_string().contains("ethernet and ip"), "{error}");
}

#[test]
fn what_a_file_has_no_room_for_is_refused() {
    let refused = |packet: Captured, format| {
        let mut writer = Writer::new(Vec::new(), format).expect("a vector");
        writer.packet(&packet).is_err()
    };
    let late = Duration::from_secs(5_000_000_000);
    assert!(refused(packet(late), Format::Pcap));
    assert!(!refused(packet(late), Format::Pcapng));
    assert!(refused(
        packet(Duration::from_secs(1 << 60)),
        Format::Pcapng
    ));
    let mut long = packet(Duration::ZERO);
    long.link = "x".repeat(100_000);
    assert!(refused(long.clone(), Format::Pcapng));
    long.link = "x".into();
    long.comments = vec!["x".repeat(100_000)];
    assert!(refused(long, Format::Pcapng));
}

#[test]
fn as_many_links_are_written_as_are_read() {
    let mut writer = Writer::new(Vec::new(), Format::Pcapng).expect("a vector");
    let mut packet = packet(Duration::ZERO);
    for number in (0..65_536).chain([5]) {
        packet.link = format!("l{number}");
        writer
            .packet(&packet)
            .expect("there is room, or it is known");
    }
    let bytes = writer.finish().expect("a vector");
    let (packets, fault) = read(&bytes);
    assert!(fault.is_none(), "{fault:?}");
    assert_eq!(packets.len(), 65_537);
    assert_eq!(packets.last(), Some(&packet));

    let mut writer = Writer::new(Vec::new(), Format::Pcapng).expect("a vector");
    let refused = (0..=65_536).position(|number| {
        packet.link = format!("l{number}");
        writer.packet(&packet).is_err()
    });
    assert_eq!(refused, Some(65_536));
}

#[test]
fn a_link_type_that_there_is_not_is_refused() {
    let mut bytes = written(&[packet(Duration::ZERO)], Format::Pcap);
    bytes[20..24].copy_from_slice(&0x0fff_ffffu32.to_ne_bytes());
    assert!(matches!(read(&bytes), (packets, Some(Fault::Wrong(_))) if packets.is_empty()));
}

#[test]
fn what_was_counted_is_kept() {
    let counted = Counted {
        netns: Some("h1".into()),
        link: "eth0".into(),
        received: Some(1_000_000_000_000),
        dropped: Some(0),
    };
    let mut writer = Writer::new(Vec::new(), Format::Pcapng).expect("a vector");
    writer.packet(&packet(Duration::ZERO)).expect("a vector");
    writer.counted(&counted).expect("a vector");
    let bytes = writer.finish().expect("a vector");
    let mut reader = Reader::new(bytes.as_slice()).expect("a file");
    assert_eq!(reader.by_ref().count(), 1);
    assert_eq!(reader.counted(), [counted]);
}

/// The header of `any` tells the direction: this is a packet that went out.
#[test]
fn cooked_packets_have_a_direction() {
    let mut bytes = vec![0, 4, 0, 1, 0, 6, 2, 0, 0, 0, 0, 1, 0, 0, 0x08, 0x06];
    bytes.extend([0; 28]);
    let one = Captured {
        direction: None,
        link_type: LinkType::Cooked,
        bytes,
        ..packet(Duration::ZERO)
    };
    let (packets, _) = read(&written(&[one], Format::Pcapng));
    assert_eq!(packets[0].direction, Some(Direction::Out));
    assert!(packets[0].line(Default::default()).starts_with("ARP, "));
}

fn any_packet() -> impl Strategy<Value = Captured> {
    let link_type =
        prop::sample::select(vec![LinkType::Ethernet, LinkType::Ip, LinkType::Other(147)]);
    let direction = prop::sample::select(vec![None, Some(Direction::In), Some(Direction::Out)]);
    (
        any::<u64>(),
        prop::option::of("[a-z]{1,9}"),
        "[a-z0-9]{0,15}",
        direction,
        link_type,
        0u32..2000,
        any::<Vec<u8>>(),
        prop::collection::vec("[^\\x00]{0,20}", 0..3),
    )
        .prop_map(
            |(time, netns, link, direction, link_type, more, bytes, comments)| Captured {
                at: Duration::from_nanos(time),
                netns,
                link,
                direction,
                link_type,
                length: u32::try_from(bytes.len()).expect("short") + more,
                bytes,
                comments,
            },
        )
}

proptest! {
    #[test]
    fn pcapng_there_and_back(packets in prop::collection::vec(any_packet(), 0..8)) {
        let (back, fault) = read(&written(&packets, Format::Pcapng));
        prop_assert!(fault.is_none(), "{fault:?}");
        prop_assert_eq!(back, packets);
    }

    #[test]
    fn pcap_there_and_back(packets in prop::collection::vec(any_packet(), 0..8)) {
        let packets: Vec<Captured> = packets.into_iter().map(|packet| Captured {
            netns: None,
            link: String::new(),
            direction: None,
            link_type: LinkType::Ethernet,
            comments: Vec::new(),
            // There is room for 32 bits of seconds.
            at: Duration::new(packet.at.as_secs() & 0xffff_ffff, packet.at.subsec_nanos()),
            ..packet
        }).collect();
        let (back, fault) = read(&written(&packets, Format::Pcap));
        prop_assert!(fault.is_none(), "{fault:?}");
        prop_assert_eq!(back, packets);
    }

    #[test]
    fn no_bytes_are_a_panic(bytes: Vec<u8>, magic in prop::sample::select(vec![
        [0xa1u8, 0xb2, 0xc3, 0xd4], [0xd4, 0xc3, 0xb2, 0xa1], [0xa1, 0xb2, 0x3c, 0x4d], [0x4d, 0x3c, 0xb2, 0xa1], pcapng::MAGIC,
    ])) {
        let _ = read(&bytes);
        let _ = read(&[magic.as_slice(), &bytes].concat());
        let _ = read(&[MAGIC_BLOCK, &bytes].concat());
    }

    #[test]
    fn no_change_is_a_panic(packets in prop::collection::vec(any_packet(), 1..4), changes in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..5), old: bool) {
        // The old format ends in 2106.
        let end = if old { 1 << 32 } else { u64::MAX };
        let packets = packets.into_iter().map(|packet| Captured {
            link_type: LinkType::Ethernet,
            at: Duration::new(packet.at.as_secs() % end, packet.at.subsec_nanos()),
            ..packet
        });
        let packets: Vec<Captured> = packets.collect();
        let mut bytes = written(&packets, if old { Format::Pcap } else { Format::Pcapng });
        for (at, byte) in changes {
            let at = at.index(bytes.len());
            bytes[at] = byte;
        }
        let _ = read(&bytes);
    }
}
