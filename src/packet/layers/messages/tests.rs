use proptest::prelude::*;

use super::*;
use crate::packet::layers::{Link, Packet, decode, encode, kind};

/// A message over UDP, in Ethernet.
fn over_udp(port: u64, bytes: &[u8]) -> Vec<u8> {
    let mut layers: Vec<Layer> = ["ether", "ip", "udp"]
        .iter()
        .map(|name| Layer::new(kind(name).unwrap()))
        .collect();
    let mac = Value::Mac([2, 0, 0, 0, 0, 1]);
    layers[0].fields = vec![("saddr", mac.clone()), ("daddr", mac)];
    let address = |last: u8| Value::Ip(std::net::IpAddr::from([10, 0, 0, last]));
    layers[1].fields = vec![("saddr", address(1)), ("daddr", address(2))];
    layers[2].fields = vec![("sport", number(port)), ("dport", number(40_000u16))];
    let payload = bytes.to_vec();
    encode(&Packet { layers, payload }).unwrap()
}

/// The last layer of a packet, which has nothing behind it and comes out as it went in.
fn last(frame: &[u8], name: &str) -> Layer {
    let packet = decode(frame, Link::Ethernet);
    assert_eq!(encode(&packet).as_deref(), Ok(frame));
    assert!(packet.payload.is_empty(), "{packet:?}");
    let layer = packet.layers.last().unwrap().clone();
    assert_eq!(layer.kind.name, name);
    layer
}

/// An answer of dnsmasq: a question, an alias, an address, and OPT.
const ANSWER: &[u8] = b"\x12\x34\x85\x80\0\x01\0\x02\0\0\0\x01\x03www\x07example\0\0\x01\0\x01\
    \xc0\x0c\0\x05\0\x01\0\0\0\x3c\0\x05\x02h1\xc0\x10\xc0\x29\0\x01\0\x01\0\0\0\x3c\0\x04\x0a\0\0\x01\
    \0\0\x29\x04\xd0\0\0\0\0\0\0";

#[test]
fn an_answer_of_dns() {
    let dns = last(&over_udp(53, ANSWER), "dns");
    // It is laid out as it would be here, with its pointers.
    assert_eq!(dns.get(BYTES), None);
    assert_eq!(dns.get("ancount"), None);
    assert_eq!(dns.get("qr"), Some(&Value::Flag(true)));
    let text = |text: &str| Value::Text(text.into());
    let alias = map([
        ("name", text("www.example.")),
        ("type", text("CNAME")),
        ("ttl", number(60u8)),
        ("data", text("h1.example.")),
    ]);
    let address = map([
        ("name", text("h1.example.")),
        ("type", text("A")),
        ("ttl", number(60u8)),
        ("data", text("10.0.0.1")),
    ]);
    assert_eq!(dns.get("answers"), Some(&Value::List(vec![alias, address])));
    let Some(Value::List(additional)) = dns.get("additional") else {
        panic!("{dns:?}");
    };
    assert_eq!(entry(&additional[0], "class"), Some(&number(1232u16)));
}

/// What is laid out in another way keeps its bytes, and they don't outlive a change.
#[test]
fn bytes_count_until_something_is_changed() {
    let mut plain = ANSWER[..12].to_vec();
    plain[7] = 1;
    plain[11] = 0;
    plain.extend(b"\x01a\0\0\x01\0\x01\x01a\0\0\x01\0\x01\0\0\0\x3c\0\x04\x0a\0\0\x01");
    let frame = over_udp(53, &plain);
    let dns = last(&frame, "dns");
    assert_eq!(dns.get(BYTES), Some(&Value::Bytes(plain.clone())));
    let mut packet = decode(&frame, Link::Ethernet);
    let layer = packet.layers.last_mut().unwrap();
    let id = layer
        .fields
        .iter_mut()
        .find(|(name, _)| *name == "id")
        .unwrap();
    id.1 = number(7u8);
    let changed = encode(&packet).unwrap();
    assert!(changed.len() < frame.len());
    let dns = last(&changed, "dns");
    assert_eq!(dns.get("id"), Some(&number(7u8)));
    let Some(Value::List(answers)) = dns.get("answers") else {
        panic!("{dns:?}");
    };
    assert_eq!(answers.len(), 1);
}

#[test]
fn odd_names_come_back() {
    let mut bytes = ANSWER[..12].to_vec();
    (bytes[7], bytes[11]) = (0, 0);
    bytes.extend(b"\x05a.\\\x00\xff\0\0\x01\0\x01");
    let dns = last(&over_udp(53, &bytes), "dns");
    let Some(Value::List(questions)) = dns.get("questions") else {
        panic!("{dns:?}");
    };
    let name = Value::Text("a\\.\\\\\\000\\255.".into());
    assert_eq!(entry(&questions[0], "name"), Some(&name));
    assert_eq!(dns.get(BYTES), None);
}

#[test]
fn a_message_of_dhcp() {
    let mut bytes = vec![1, 1, 6, 0, 0xde, 0xad, 0xbe, 0xef, 0, 0, 0x80, 0];
    bytes.resize(28, 0);
    bytes.extend([2, 0, 0, 0, 0, 1]);
    bytes.resize(236, 0);
    bytes.extend(b"\x63\x82\x53\x63\x35\x01\x01\x3d\x07\x01\x02\0\0\0\0\x01\x32\x04\x0a\0\0\x07\x37\x02\x01\x03\xfa\x01\x09\xff");
    bytes.resize(300, 0);
    let dhcp = last(&over_udp(67, &bytes), "dhcp");
    assert_eq!(dhcp.get(BYTES), None);
    assert_eq!(dhcp.get("message"), Some(&Value::Text("discover".into())));
    assert_eq!(dhcp.get("broadcast"), Some(&Value::Flag(true)));
    let options = Value::List(vec![
        map([("client_id", Value::Bytes(vec![1, 2, 0, 0, 0, 0, 1]))]),
        map([("requested_address", Value::Text("10.0.0.7".into()))]),
        map([("parameters", Value::List(vec![number(1u8), number(3u8)]))]),
        map([("type", number(250u8)), ("data", Value::Bytes(vec![9]))]),
    ]);
    assert_eq!(dhcp.get("options"), Some(&options));
    // Options in another order, and what comes behind the end, keep their bytes.
    bytes[299] = 1;
    let dhcp = last(&over_udp(67, &bytes), "dhcp");
    assert_eq!(dhcp.get(BYTES), Some(&Value::Bytes(bytes)));
}

#[test]
fn a_message_of_lldp() {
    let mut frame = vec![1, 0x80, 0xc2, 0, 0, 0x0e, 2, 0, 0, 0, 0, 1, 0x88, 0xcc];
    frame.extend(b"\x02\x07\x04\x02\0\0\0\0\x01\x04\x05\x05eth0\x06\x02\0\x78\x0a\x02sw\x0e\x04\0\x14\0\x04\xfe\x04\0\x80\xc2\x01\0\0");
    let lldp = last(&frame, "lldp");
    assert_eq!(lldp.get(BYTES), None);
    let text = |text: &str| Value::Text(text.into());
    assert_eq!(
        lldp.get("chassis_id"),
        Some(&map([("mac", text("02:00:00:00:00:01"))]))
    );
    assert_eq!(lldp.get("port_id"), Some(&map([("ifname", text("eth0"))])));
    assert_eq!(lldp.get("ttl"), Some(&number(120u8)));
    assert_eq!(lldp.get("system_name"), Some(&text("sw")));
    let words = |words: &[&str]| Value::List(words.iter().map(|word| text(word)).collect());
    let capabilities = map([
        ("supported", words(&["bridge", "router"])),
        ("enabled", words(&["bridge"])),
    ]);
    assert_eq!(lldp.get("capabilities"), Some(&capabilities));
    // What the frame is padded with is payload.
    frame.resize(60, 0);
    let packet = decode(&frame, Link::Ethernet);
    assert_eq!(packet.layers.last().unwrap().kind.name, "lldp");
    assert_eq!(encode(&packet), Ok(frame));
}

#[test]
fn what_is_no_message_is_payload() {
    for (port, bytes) in [
        (53, &b"a question"[..]),
        (67, &[1; 300]),
        (53, &ANSWER[..40]),
    ] {
        let packet = decode(&over_udp(port, bytes), Link::Ethernet);
        assert_eq!(packet.layers.len(), 3, "{packet:?}");
        assert_eq!(packet.payload, bytes);
    }
}

#[test]
fn what_is_wrong_is_said() {
    let refused = |name: &str, field: &'static str, value: Value| {
        let mut layer = Layer::new(kind(name).unwrap());
        if name == "dhcp" {
            layer
                .fields
                .push(("chaddr", Value::Mac([2, 0, 0, 0, 0, 1])));
        }
        layer.fields.push((field, value));
        let packet = Packet {
            layers: vec![layer],
            payload: Vec::new(),
        };
        encode(&packet).unwrap_err().to_string()
    };
    let text = |text: &str| Value::Text(text.into());
    let question = map([("name", text("a..b")), ("type", text("A"))]);
    assert_eq!(
        refused("dns", "questions", Value::List(vec![question])),
        "dns.questions: it wants another name than \"a..b\": a label is empty"
    );
    assert_eq!(
        refused("dns", "answers", number(1u8)),
        "dns.answers: it wants an array"
    );
    assert!(refused("dhcp", "message", text("hello")).contains("\"hello\" is none of discover"));
    assert_eq!(
        refused("lldp", "ttl", number(1u8)),
        "lldp.chassis_id: it is missing, and every message has it"
    );
}

proptest! {
    /// Whatever becomes of a message, it is read without a panic, and comes out as it went in.
    #[test]
    fn changed_messages_come_back(which in 0usize..2, changes in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 0..6)) {
        let mut dhcp = vec![2; 236];
        dhcp.extend(b"\x63\x82\x53\x63\x35\x01\x05\x33\x04\0\0\x0e\x10\x0f\x02ab\xff");
        dhcp.resize(300, 0);
        let (port, mut bytes) = match which {
            0 => (53, ANSWER.to_vec()),
            _ => (67, dhcp),
        };
        for (at, byte) in changes {
            let at = at.index(bytes.len());
            bytes[at] = byte;
        }
        let frame = over_udp(port, &bytes);
        let packet = decode(&frame, Link::Ethernet);
        let again = encode(&packet);
        prop_assert_eq!(again.as_deref(), Ok(frame.as_slice()), "{:?}", packet);
    }

    #[test]
    fn no_bytes_are_a_panic(bytes: Vec<u8>) {
        for message in [Message::Dns, Message::Dhcp, Message::Lldp] {
            let _ = message.length(&bytes);
            let _ = message.read(&bytes);
        }
    }
}
