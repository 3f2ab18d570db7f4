mod generated;

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

/// What IGMP has, a route, and an option of which nothing is known.
#[test]
fn options_of_ip_are_a_list() {
    let mut bytes = ECHO.to_vec();
    let options = [148, 4, 0, 0, 1, 7, 7, 4, 10, 0, 0, 1, 30, 3, 9, 0];
    bytes.splice(20..20, options);
    bytes[0] = 0x49;
    bytes[3] += 16;
    let packet = decode(&bytes, Link::Ip);
    let Some(Value::List(found)) = packet.layers[0].get("options") else {
        panic!("{packet:?}");
    };
    let names: Vec<String> = found
        .iter()
        .map(|option| match option {
            Value::Text(word) => word.clone(),
            Value::Map(entries) => entries[0].0.clone(),
            other => format!("{other:?}"),
        })
        .collect();
    assert_eq!(names, ["router_alert", "nop", "rr", "kind"]);
    assert_eq!(encode(&packet), Ok(bytes));
}

#[test]
fn flags_have_letters() {
    let flags = |flags: &str| {
        let mut tcp = Layer::new(kind("tcp").unwrap());
        tcp.fields = vec![
            ("sport", Value::Number(1)),
            ("dport", Value::Number(2)),
            ("flags", Value::Words(flags.into())),
        ];
        let packet = Packet {
            layers: vec![tcp],
            payload: Vec::new(),
        };
        encode(&packet).map(|bytes| bytes[13])
    };
    assert_eq!(flags("S."), Ok(0x12));
    assert_eq!(flags("syn,ack"), Ok(0x12));
    assert_eq!(flags("FPU"), Ok(0x29));
    assert!(flags("SX").is_err());
}

#[test]
fn a_wrong_checksum_is_kept() {
    let mut bytes = ECHO.to_vec();
    bytes[22] ^= 0xff;
    let packet = decode(&bytes, Link::Ip);
    assert!(packet.layers[1].get("checksum").is_some(), "{packet:?}");
    assert_eq!(encode(&packet), Ok(bytes));
}

/// UDP from a veth of Linux 6.18, as a packet socket sees it: nobody has worked its sum out. With a sum that is none, and a right one.
#[test]
fn a_sum_that_was_left_to_offload_is_not_wrong() {
    let left = "eae3cd8e132166ed481d1f87080045000022109c40004011162d0a0000010a000002c98d0009000e142268656c6c6f0a";
    let digits: Vec<u8> = left.bytes().collect();
    let byte = |pair: &[u8]| u8::from_str_radix(str::from_utf8(pair).expect("digits"), 16);
    let mut bytes: Vec<u8> = digits
        .chunks(2)
        .map(|pair| byte(pair).expect("digits"))
        .collect();
    let told = |bytes: &[u8]| {
        let sums = sums(bytes, Link::Ethernet);
        sums.iter()
            .map(|(kind, sum)| (kind.name, *sum))
            .collect::<Vec<_>>()
    };
    assert_eq!(told(&bytes), [("ip", Sum::Right), ("udp", Sum::Offloaded)]);
    // It is none that packet_encode would make, and so it is kept.
    let mut packet = decode(&bytes, Link::Ethernet);
    assert_eq!(
        packet.layers[2].get("checksum"),
        Some(&Value::Number(0x1422))
    );
    packet.layers[2]
        .fields
        .retain(|(name, _)| *name != "checksum");
    let right = encode(&packet).expect("all is given");
    assert_eq!(told(&right), [("ip", Sum::Right), ("udp", Sum::Right)]);
    bytes[41] ^= 1;
    assert_eq!(told(&bytes)[1], ("udp", Sum::Wrong));
    bytes[40..42].fill(0);
    assert_eq!(told(&bytes)[1], ("udp", Sum::Absent));
    // What is not all there can't be told, but of the header of IP.
    let cut = &right[..right.len() - 1];
    assert_eq!(told(cut), [("ip", Sum::Right), ("udp", Sum::Unknown)]);
}

/// The names of the headers of a packet.
fn names(bytes: &[u8], link: Link) -> Vec<&'static str> {
    let packet = decode(bytes, link);
    packet.layers.iter().map(|layer| layer.kind.name).collect()
}

#[test]
fn a_later_fragment_has_no_header_of_its_own() {
    let mut bytes = ECHO.to_vec();
    bytes[6..8].copy_from_slice(&[0x20, 0]);
    assert_eq!(names(&bytes, Link::Ip), ["ip", "icmp"]);
    bytes[6..8].copy_from_slice(&[0, 1]);
    assert_eq!(names(&bytes, Link::Ip), ["ip"]);
}

/// An error quotes a packet of which there is less than its lengths say: all of them are kept.
#[test]
fn a_quoted_packet_comes_back() {
    let mut error = Layer::new(kind("icmp").expect("a kind"));
    error.fields = vec![("type", Value::Number(3)), ("code", Value::Number(1))];
    let mut ip = Layer::new(kind("ip").expect("a kind"));
    for (name, last) in [("saddr", 1), ("daddr", 2)] {
        ip.fields
            .push((name, Value::Ip(IpAddr::from([10, 0, 0, last]))));
    }
    let quoting = Packet {
        layers: vec![ip.clone(), error],
        payload: ECHO[..28].to_vec(),
    };
    let bytes = encode(&quoting).expect("all is given");
    let packet = decode(&bytes, Link::Ip);
    assert_eq!(names(&bytes, Link::Ip), ["ip", "icmp", "ip", "icmp"]);
    assert_eq!(packet.layers[2].get("length"), Some(&Value::Number(36)));
    assert_eq!(encode(&packet), Ok(bytes));
}

/// Headers in headers end somewhere: a packet of nothing else would be a value of any depth.
#[test]
fn headers_end() {
    let mut bytes = vec![2, 0, 0, 0, 0, 2, 2, 0, 0, 0, 0, 1, 0x81, 0];
    bytes.extend([0, 1, 0x81, 0].repeat(10_000));
    let packet = decode(&bytes, Link::Ethernet);
    assert_eq!(packet.layers.len(), 32);
    assert_eq!(encode(&packet), Ok(bytes));
}

#[test]
fn options_are_those_that_were_sent() {
    // The SYN of Linux 6.18, and an option that nobody knows, and one that is cut short.
    let syn = [
        2, 4, 5, 180, 4, 2, 8, 10, 0, 0, 0, 1, 0, 0, 0, 0, 1, 3, 3, 7,
    ];
    let number = Value::Number;
    let wanted = list(vec![
        one("mss", number(1460)),
        Value::Text("sackOK".into()),
        one(
            "timestamps",
            Value::Map(vec![("val".into(), number(1)), ("ecr".into(), number(0))]),
        ),
        Value::Text("nop".into()),
        one("wscale", number(7)),
    ]);
    assert_eq!(Coding::Tcp.read(&syn), wanted);
    assert_eq!(Coding::Tcp.write(&wanted), Ok(syn.to_vec()));
    let short = [2, 40, 0, 0];
    assert_eq!(Coding::Tcp.read(&short), Value::Bytes(short.to_vec()));
    let error = Coding::Tcp.write(&list(vec![Value::Text("mass".into())]));
    assert!(
        error
            .expect_err("no option")
            .contains("none of the options")
    );
}

#[test]
fn a_field_that_this_type_has_not_is_refused() {
    let mut icmp = Layer::new(kind("icmp").expect("a kind"));
    icmp.fields = vec![("type", Value::Number(3)), ("sequence", Value::Number(1))];
    let packet = Packet {
        layers: vec![icmp],
        payload: Vec::new(),
    };
    let error = encode(&packet).expect_err("no sequence");
    assert_eq!(
        error.to_string(),
        "icmp.sequence: there is none with this type"
    );
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
            let place = format!("{}.{}", kind.name, field.name);
            let end = field.at + field.bits;
            match field.when {
                None => assert!(end <= kind.length * 8, "{place}"),
                Some(when) => assert!(
                    when.byte < kind.length && when.byte * 8 < field.at,
                    "{place}"
                ),
            }
            let first = kind.field(field.name).expect("a field");
            assert_eq!(first.form, field.form, "{place}");
            if matches!(field.form, Form::Rest(_)) {
                assert_eq!((field.bits, field.at % 8), (0, 0), "{place}");
            }
        }
        let same = kinds().iter().filter(|other| other.name == kind.name);
        assert_eq!(same.count(), 1, "{}", kind.name);
    }
}

fn list(values: Vec<Value>) -> Value {
    Value::List(values)
}

fn one(name: &str, value: Value) -> Value {
    Value::Map(vec![(name.into(), value)])
}
