use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use proptest::prelude::*;

use super::*;

/// An echo request of iputils' ping on Linux 6.18, read from a tun: 192.168.4.2 to 192.168.4.3, with 8 bytes of payload.
#[rustfmt::skip]
const ECHO: &[u8] = &[
    0x45, 0x00, 0x00, 0x24, 0x02, 0x43, 0x40, 0x00, 0x40, 0x01, 0xaf, 0x40,
    0xc0, 0xa8, 0x04, 0x02, 0xc0, 0xa8, 0x04, 0x03, 0x08, 0x00, 0x43, 0xe0,
    0xa4, 0x0a, 0x00, 0x01, 0x01, 0x02, 0x03, 0x04, 0x05, 0x06, 0x07, 0x08,
];

#[test]
fn a_ping_is_read() {
    let packet = decode(ECHO, Link::Ip);
    let names: Vec<&str> = packet.layers.iter().map(|layer| layer.kind.name).collect();
    assert_eq!(names, ["ip", "icmp"]);
    assert_eq!(packet.payload, [1, 2, 3, 4, 5, 6, 7, 8]);
    let [ip, icmp] = packet.layers.as_slice() else {
        panic!("{packet:?}");
    };
    let address = IpAddr::from([192, 168, 4, 2]);
    assert_eq!(ip.get("saddr"), Some(&Value::Ip(address)));
    assert_eq!(ip.get("dont_fragment"), Some(&Value::Flag(true)));
    assert_eq!(icmp.get("id"), Some(&Value::Number(0xa40a)));
    assert_eq!(icmp.get("rest"), None);
    // The kernel's sums are right, and need not be said.
    assert_eq!((ip.get("checksum"), icmp.get("checksum")), (None, None));
    assert_eq!(encode(&packet), Ok(ECHO.to_vec()));
}

#[test]
fn a_wrong_checksum_is_kept() {
    let mut bytes = ECHO.to_vec();
    bytes[22] ^= 0xff;
    let packet = decode(&bytes, Link::Ip);
    assert!(packet.layers[1].get("checksum").is_some(), "{packet:?}");
    assert_eq!(encode(&packet), Ok(bytes));
}

#[test]
fn padding_is_cut_off() {
    let mut frame = vec![2, 0, 0, 0, 0, 2, 2, 0, 0, 0, 0, 1, 0x08, 0x00];
    frame.extend(ECHO);
    let length = frame.len();
    frame.extend([0; 10]);
    let packet = decode(&frame, Link::Ethernet);
    assert_eq!(packet.payload.len(), 8);
    assert_eq!(encode(&packet), Ok(frame[..length].to_vec()));
}

#[test]
fn what_is_missing_is_said() {
    let layer = |name: &str| Layer::new(kind(name).expect("a kind"));
    let packet = Packet {
        layers: vec![layer("icmp")],
        payload: Vec::new(),
    };
    let error = encode(&packet).expect_err("no type");
    assert_eq!(error.to_string(), "icmp: it has no type");
    let mut ether = layer("ether");
    for name in ["saddr", "daddr"] {
        ether.fields.push((name, Value::Mac([2, 0, 0, 0, 0, 1])));
    }
    let packet = Packet {
        layers: vec![ether],
        payload: vec![1],
    };
    let error = encode(&packet).expect_err("no type");
    let words = "ether: it has no type, and nothing follows that would tell it";
    assert_eq!(error.to_string(), words);
}

#[test]
fn tables_are_sound() {
    for kind in kinds() {
        for field in kind.fields {
            let end = field.at + field.bits;
            assert!(end <= kind.length * 8, "{}.{}", kind.name, field.name);
        }
    }
}

/// Any value for a field.
fn value(field: &'static Field) -> BoxedStrategy<Value> {
    let bits = field.bits;
    match field.form {
        Form::Number => any::<u64>()
            .prop_map(move |number| Value::Number(number & ((1 << bits) - 1)))
            .boxed(),
        Form::Flag => any::<bool>().prop_map(Value::Flag).boxed(),
        Form::Mac => any::<[u8; 6]>().prop_map(Value::Mac).boxed(),
        Form::Ip4 => any::<u32>()
            .prop_map(|ip| Value::Ip(Ipv4Addr::from(ip).into()))
            .boxed(),
        Form::Ip6 => any::<u128>()
            .prop_map(|ip| Value::Ip(Ipv6Addr::from(ip).into()))
            .boxed(),
        Form::Words(words) => prop::sample::subsequence(words.to_vec(), 0..=words.len())
            .prop_map(|words| Value::Words(words.join(",")))
            .boxed(),
        Form::Rest => prop::collection::vec(any::<[u8; 4]>(), 1..10)
            .prop_map(|words| Value::Bytes(words.concat()))
            .boxed(),
    }
}

/// A layer with any values in the fields that are neither worked out nor tell how to read the rest.
fn layer(name: &'static str) -> BoxedStrategy<Layer> {
    let kind = kind(name).expect("a kind");
    let fields = kind.fields.iter().filter(|field| {
        let read_by = ["more_fragments", "frag_off", "rest"];
        !(matches!(field.usual, Usual::Filled | Usual::Follows)
            || kind.is_filled(field.name)
            || read_by.contains(&field.name)
            || name.starts_with("icmp") && field.name == "type")
    });
    let fields: Vec<_> = fields
        .map(|field| value(field).prop_map(move |value| (field.name, value)))
        .collect();
    fields
        .prop_map(move |mut fields| {
            match name {
                "icmp" => fields.push(("type", Value::Number(8))),
                "icmp6" => fields.push(("type", Value::Number(129))),
                _ => {}
            }
            Layer { kind, fields }
        })
        .boxed()
}

fn packet() -> impl Strategy<Value = Packet> {
    let stacks: Vec<&[&'static str]> = vec![
        &["ether", "arp"],
        &["ether", "ip", "icmp"],
        &["ether", "ip", "udp"],
        &["ether", "ip", "tcp"],
        &["ether", "ip6", "icmp6"],
        &["ether", "ip6", "udp"],
        &["ether", "ip6", "tcp"],
    ];
    let stack = prop::sample::select(stacks);
    let payload = prop::collection::vec(any::<u8>(), 0..64);
    (stack, payload).prop_flat_map(|(stack, payload)| {
        let layers: Vec<_> = stack.iter().map(|name| layer(name)).collect();
        layers.prop_map(move |layers| Packet {
            layers,
            payload: payload.clone(),
        })
    })
}

proptest! {
    #[test]
    fn no_bytes_are_a_panic(bytes: Vec<u8>) {
        for link in [Link::Ethernet, Link::Ip] {
            let _ = decode(&bytes, link);
        }
    }

    /// Headers with a beginning that leads on, and whatever follows.
    #[test]
    fn no_rest_is_a_panic(rest: Vec<u8>, start in prop::sample::select(vec![0x45u8, 0x46, 0x4f, 0x60]), protocol in prop::sample::select(vec![1u8, 6, 17, 58])) {
        let mut bytes = vec![start, 0, 0, 60, 0, 0, protocol, 0, 64, protocol];
        bytes.extend(&rest);
        let packet = decode(&bytes, Link::Ip);
        let _ = encode(&packet);
    }

    /// All that is given comes back, and what comes back gives the same bytes.
    #[test]
    fn there_and_back(packet in packet()) {
        let bytes = encode(&packet).expect("all is given");
        let back = decode(&bytes, Link::Ethernet);
        for (given, found) in packet.layers.iter().zip(&back.layers) {
            for (name, value) in &given.fields {
                prop_assert_eq!(found.get(name), Some(value), "{}.{}", given.kind.name, name);
            }
        }
        prop_assert_eq!(back.layers.len(), packet.layers.len());
        prop_assert_eq!(&back.payload, &packet.payload);
        prop_assert_eq!(encode(&back), Ok(bytes));
    }

    /// Lengths and sums are such that nothing of them has to be said.
    #[test]
    fn what_is_filled_in_is_left_out(packet in packet()) {
        let bytes = encode(&packet).expect("all is given");
        let back = decode(&bytes, Link::Ethernet);
        for layer in &back.layers {
            for (name, _) in &layer.fields {
                prop_assert!(!layer.kind.is_filled(name), "{}.{name}", layer.kind.name);
            }
        }
    }
}
