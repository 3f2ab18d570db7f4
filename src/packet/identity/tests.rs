use proptest::prelude::*;

use super::*;
use crate::packet::layers::{Layer, Packet, Value, encode, kind};

fn layer(name: &str, fields: &[(&'static str, Value)]) -> Layer {
    let mut layer = Layer::new(kind(name).unwrap());
    layer.fields = fields.to_vec();
    layer
}

fn address(text: &str) -> Value {
    Value::Ip(text.parse().unwrap())
}

/// An echo request from one address to another.
fn echo(from: &str, to: &str, id: u64, ttl: u64) -> Vec<u8> {
    let ip = [
        ("saddr", address(from)),
        ("daddr", address(to)),
        ("id", Value::Number(77)),
        ("ttl", Value::Number(ttl)),
    ];
    let icmp = [
        ("type", Value::Number(8)),
        ("id", Value::Number(id)),
        ("sequence", Value::Number(3)),
    ];
    encode(&Packet {
        layers: vec![layer("ip", &ip), layer("icmp", &icmp)],
        payload: b"abcdefgh".to_vec(),
    })
    .unwrap()
}

fn in_ethernet(vlans: &[u16], kind: u16, inside: &[u8]) -> Vec<u8> {
    let mut frame = vec![2, 0, 0, 0, 0, 2, 2, 0, 0, 0, 0, 1];
    for vlan in vlans {
        frame.extend(0x8100u16.to_be_bytes());
        frame.extend(vlan.to_be_bytes());
    }
    frame.extend(kind.to_be_bytes());
    frame.extend(inside);
    frame
}

fn udp(from: &str, to: &str, dport: u64, payload: &[u8]) -> Vec<u8> {
    let ip = [("saddr", address(from)), ("daddr", address(to))];
    let ports = [
        ("sport", Value::Number(40_000)),
        ("dport", Value::Number(dport)),
    ];
    encode(&Packet {
        layers: vec![layer("ip", &ip), layer("udp", &ports)],
        payload: payload.to_vec(),
    })
    .unwrap()
}

#[test]
fn a_router_and_nat_change_what_may_change() {
    let (before, look) = read(&echo("10.0.0.2", "192.0.2.2", 5, 64), Link::Ip);
    let (after, seen) = read(&echo("192.0.2.1", "192.0.2.2", 9, 63), Link::Ip);
    assert_eq!(before, after);
    let told: Vec<String> = look
        .differences(&seen)
        .iter()
        .map(|one| format!("{} {} {}", one.field, one.before, one.now))
        .collect();
    assert_eq!(told, ["saddr 10.0.0.2 192.0.2.1", "id 5 9", "ttl 64 63"]);
}

#[test]
fn a_tag_and_a_tunnel_are_taken_off() {
    let inside = echo("10.0.0.2", "10.0.0.3", 5, 64);
    let (plain, look) = read(&inside, Link::Ip);
    assert!(look.vlans.is_empty());
    let (tagged, look) = read(&in_ethernet(&[10, 20], 0x0800, &inside), Link::Ethernet);
    assert_eq!((&tagged, look.vlans), (&plain, vec![10, 20]));
    let mut vxlan = vec![8, 0, 0, 0, 0, 0, 42, 0];
    vxlan.extend(in_ethernet(&[], 0x0800, &inside));
    let outer = udp("192.0.2.1", "192.0.2.2", 4789, &vxlan);
    let (packed, look) = read(&in_ethernet(&[], 0x0800, &outer), Link::Ethernet);
    assert_eq!(packed, plain);
    assert_eq!(
        look.tunnels[0].to_string(),
        "vxlan 42 192.0.2.1 > 192.0.2.2"
    );
    assert_eq!(look.source, Some("10.0.0.2".parse().unwrap()));
    assert_eq!(look.sport, None);
}

#[test]
fn what_is_inside_tells_packets_apart() {
    let one = read(&udp("10.0.0.2", "10.0.0.3", 53, b"one"), Link::Ip).0;
    let two = read(&udp("10.0.0.2", "10.0.0.3", 53, b"two"), Link::Ip).0;
    let elsewhere = read(&udp("10.0.0.2", "10.0.0.9", 5353, b"one"), Link::Ip).0;
    assert_ne!(one, two);
    assert_eq!(one, elsewhere);
}

#[test]
fn an_error_is_known_by_the_packet_that_it_quotes() {
    let error = |from: &str| {
        let mut body = vec![11, 0, 0, 0, 0, 0, 0, 0];
        body.extend(echo(from, "192.0.2.2", 5, 1));
        let ip = [
            ("saddr", address("192.0.2.9")),
            ("daddr", address(from)),
            ("protocol", Value::Number(1)),
        ];
        encode(&Packet {
            layers: vec![layer("ip", &ip)],
            payload: body,
        })
        .unwrap()
    };
    let (inside, outside) = (error("10.0.0.2"), error("192.0.2.1"));
    assert_eq!(read(&inside, Link::Ip).0, read(&outside, Link::Ip).0);
}

/// VXLAN at another port is known by its header, and what is on the wire is told too.
#[test]
fn vxlan_has_any_port() {
    let mut vxlan = vec![8, 0, 0, 0, 0, 0, 42, 0];
    vxlan.extend(in_ethernet(
        &[],
        0x0800,
        &echo("10.0.0.1", "10.0.0.2", 5, 64),
    ));
    let frame =
        |vxlan: &[u8]| in_ethernet(&[], 0x0800, &udp("192.0.2.1", "192.0.2.2", 4790, vxlan));
    let (_, look) = read(&frame(&vxlan), Link::Ethernet);
    assert_eq!(look.destination, Some("10.0.0.2".parse().unwrap()));
    assert_eq!(
        look.tunnels[0].to_string(),
        "vxlan 42 192.0.2.1 > 192.0.2.2"
    );
    let outer = outermost(&frame(&vxlan), Link::Ethernet);
    assert_eq!(outer.destination, Some("192.0.2.2".parse().unwrap()));
    assert_eq!((outer.dport, outer.tunnels.len()), (Some(4790), 0));
    // What is reserved is 0.
    vxlan[1] = 1;
    assert!(read(&frame(&vxlan), Link::Ethernet).1.tunnels.is_empty());
}

/// Cuts a packet of IPv4 at this byte of what it carries.
fn cut(packet: &[u8], at: usize) -> [Vec<u8>; 2] {
    let piece = |range: std::ops::Range<usize>, has_more: bool| {
        let offset = u16::try_from(range.start / 8).unwrap() | if has_more { 0x2000 } else { 0 };
        let mut piece = packet[..20].to_vec();
        let length = u16::try_from(20 + range.len()).unwrap();
        piece[2..4].copy_from_slice(&length.to_be_bytes());
        piece[6..8].copy_from_slice(&offset.to_be_bytes());
        piece.extend(&packet[20..][range]);
        piece
    };
    [piece(0..at, true), piece(at..packet.len() - 20, false)]
}

#[test]
fn pieces_are_known_by_their_bytes() {
    let packets = [
        echo("10.0.0.2", "192.0.2.2", 5, 64),
        udp("10.0.0.2", "192.0.2.2", 53, b"abcdefghijklmnop"),
    ];
    for packet in &packets {
        let whole = read(packet, Link::Ip).0;
        for piece in cut(packet, 8) {
            let (identity, look) = read(&piece, Link::Ip);
            assert!(look.fragment.is_some());
            assert!(whole.holds(&identity) && !identity.holds(&whole));
        }
        let others = packets.iter().filter(|other| *other != packet);
        for piece in others.flat_map(|other| cut(other, 8)) {
            assert!(!whole.holds(&read(&piece, Link::Ip).0));
        }
    }
    let [_, last] = cut(&packets[0], 8);
    let fragment = read(&last, Link::Ip).1.fragment.unwrap();
    assert_eq!(
        (fragment.to_string().as_str(), fragment.has_more),
        ("8-15", false)
    );
}

proptest! {
    #[test]
    fn no_bytes_are_a_panic(bytes: Vec<u8>) {
        let _ = outermost(&bytes, Link::Ethernet);
        let _ = read(&bytes, Link::Ethernet);
        let _ = read(&bytes, Link::Ip);
        let _ = read(&bytes, Link::Cooked);
        let _ = read(&bytes, Link::Cooked2);
    }

    /// Bytes that begin as packets do get further.
    #[test]
    fn no_changed_packet_is_a_panic(at in 0usize..120, byte: u8, cut in 0usize..140) {
        let mut vxlan = vec![8, 0, 0, 0, 0, 0, 42, 0];
        vxlan.extend(in_ethernet(&[7], 0x0800, &echo("10.0.0.2", "10.0.0.3", 5, 64)));
        let mut bytes = in_ethernet(&[], 0x0800, &udp("192.0.2.1", "192.0.2.2", 4789, &vxlan));
        if let Some(place) = bytes.get_mut(at) {
            *place = byte;
        }
        bytes.truncate(cut);
        let _ = read(&bytes, Link::Ethernet);
    }
}
