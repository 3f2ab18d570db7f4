//! Packets made up at random: what is encoded is read back, and no bytes are a panic.

use super::*;

/// Any options of a kind.
fn options(coding: Coding) -> BoxedStrategy<Value> {
    let long = || any::<u32>().prop_map(|number| Value::Number(number.into()));
    let short = || any::<u16>().prop_map(|number| Value::Number(number.into()));
    let byte = || any::<u8>().prop_map(|number| Value::Number(number.into()));
    let ip = || any::<u128>().prop_map(|ip| Value::Ip(Ipv6Addr::from(ip).into()));
    let unknown = |name: &'static str, length: usize| {
        let data = prop::collection::vec(any::<u8>(), length);
        data.prop_map(move |data| {
            let number = (name.into(), Value::Number(200));
            Value::Map(vec![number, ("data".into(), Value::Bytes(data))])
        })
    };
    match coding {
        Coding::Bytes => prop::collection::vec(any::<[u8; 8]>(), 1..5)
            .prop_map(|words| Value::Bytes(words.concat()))
            .boxed(),
        Coding::Ip => {
            let address = any::<u32>().prop_map(|ip| Value::Ip(Ipv4Addr::from(ip).into()));
            let addresses = prop::collection::vec(address, 1..4).prop_map(list);
            let option = prop_oneof![
                Just(Value::Text("nop".into())),
                short().prop_map(|value| one("router_alert", value)),
                (byte(), addresses).prop_map(|(pointer, addresses)| {
                    let fields = vec![("pointer".into(), pointer), ("addresses".into(), addresses)];
                    one("rr", Value::Map(fields))
                }),
                unknown("kind", 3),
            ];
            prop::collection::vec(option, 1..3).prop_map(list).boxed()
        }
        Coding::Tcp => {
            let option = prop_oneof![
                Just(Value::Text("nop".into())),
                Just(Value::Text("sackOK".into())),
                short().prop_map(|mss| one("mss", mss)),
                byte().prop_map(|shift| one("wscale", shift)),
                (long(), long())
                    .prop_map(|(left, right)| { one("sack", list(vec![list(vec![left, right])])) }),
                (long(), long()).prop_map(|(val, ecr)| {
                    let both = vec![("val".into(), val), ("ecr".into(), ecr)];
                    one("timestamps", Value::Map(both))
                }),
                unknown("kind", 3),
            ];
            prop::collection::vec(option, 1..4).prop_map(list).boxed()
        }
        Coding::Neighbour => {
            let mac = || any::<[u8; 6]>().prop_map(Value::Mac);
            let option = prop_oneof![
                mac().prop_map(|mac| one("source_link_address", mac)),
                mac().prop_map(|mac| one("target_link_address", mac)),
                long().prop_map(|mtu| one("mtu", mtu)),
                (ip(), byte(), any::<bool>(), any::<bool>(), long(), long()).prop_map(
                    |(address, length, on_link, autonomous, valid, preferred)| {
                        let fields = vec![
                            ("address".into(), address),
                            ("length".into(), length),
                            ("on_link".into(), Value::Flag(on_link)),
                            ("autonomous".into(), Value::Flag(autonomous)),
                            ("valid".into(), valid),
                            ("preferred".into(), preferred),
                        ];
                        one("prefix", Value::Map(fields))
                    }
                ),
                (long(), prop::collection::vec(ip(), 1..3)).prop_map(|(lifetime, servers)| {
                    let fields = vec![
                        ("lifetime".into(), lifetime),
                        ("servers".into(), list(servers)),
                    ];
                    one("rdnss", Value::Map(fields))
                }),
                unknown("type", 14),
            ];
            prop::collection::vec(option, 1..4).prop_map(list).boxed()
        }
        Coding::Extension => {
            let option = prop_oneof![
                short().prop_map(|value| one("router_alert", value)),
                (0..9usize).prop_flat_map(move |length| unknown("type", length)),
            ];
            prop::collection::vec(option, 1..4).prop_map(list).boxed()
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
        Form::Words(words, _) => prop::sample::subsequence(words.to_vec(), 0..=words.len())
            .prop_map(|words| Value::Words(words.join(",")))
            .boxed(),
        Form::Rest(coding) => options(coding),
        // Messages have tests of their own.
        Form::Whatever(_) => Just(Value::List(Vec::new())).boxed(),
    }
}

/// What tells which fields a header has: the field, and values of it.
fn telling(name: &str, inner: Option<&str>) -> Option<(&'static str, Vec<Value>)> {
    let numbers = |numbers: &[u64]| {
        numbers
            .iter()
            .map(|number| Value::Number(*number))
            .collect()
    };
    let words = |words: &[&str]| {
        words
            .iter()
            .map(|word| Value::Words((*word).into()))
            .collect()
    };
    Some(match (name, inner) {
        ("icmp", None) => ("type", numbers(&[0, 8, 13, 30])),
        ("icmp", Some(_)) => ("type", numbers(&[3, 5, 11, 12])),
        ("icmp6", None) => {
            let types = [128, 129, 130, 131, 133, 134, 135, 136, 137, 143, 200];
            ("type", numbers(&types))
        }
        ("icmp6", Some(_)) => ("type", numbers(&[1, 2, 3, 4])),
        ("igmp", _) => ("type", numbers(&[0x11, 0x16, 0x17, 0x22])),
        ("stp", _) => ("type", numbers(&[0, 2, 0x80])),
        ("udp", None) => ("dport", numbers(&[9])),
        ("gre", _) => {
            let flags = [
                "",
                "key",
                "sequence",
                "checksum",
                "sequence,key",
                "sequence,checksum",
                "key,checksum",
                "sequence,key,checksum",
            ];
            ("flags", words(&flags))
        }
        _ => return None,
    })
}

/// A layer with any values in the fields that are neither worked out nor tell how to read the rest.
fn layer(name: &'static str, inner: Option<&'static str>) -> BoxedStrategy<Layer> {
    let kind = kind(name).expect("a kind");
    let telling = telling(name, inner);
    let first = match telling {
        None => Just(Layer::new(kind)).boxed(),
        Some((field, values)) => prop::sample::select(values)
            .prop_map(move |value| Layer {
                kind,
                fields: vec![(field, value)],
            })
            .boxed(),
    };
    let fields = first.prop_flat_map(move |first| {
        // Only the fields that there are with this type.
        let mut typed = first.clone();
        for field in kind
            .fields
            .iter()
            .filter(|field| field.usual == Usual::Given)
        {
            if let (None, Form::Mac) = (typed.get(field.name), field.form) {
                typed.fields.push((field.name, Value::Mac([0; 6])));
            }
        }
        let mut header = vec![0; 64];
        for (told, value) in &first.fields {
            let field = kind.field(told).expect("a field");
            let number = match value {
                Value::Number(number) => *number,
                Value::Words(words) => [("sequence", 1), ("key", 2), ("checksum", 8)]
                    .iter()
                    .filter(|(word, _)| words.contains(word))
                    .map(|(_, bit)| bit)
                    .sum(),
                _ => 0,
            };
            bits::set(&mut header, field.at, field.bits, number);
        }
        let fields = kind.fields.iter().filter(|field| {
            field.is_in(&header)
                && !matches!(field.usual, Usual::Filled | Usual::Follows)
                && !kind.is_filled(field.name)
                && field.name != "frag_off"
                && first.get(field.name).is_none()
        });
        let fields: Vec<_> = fields
            .map(|field| value(field).prop_map(move |value| (field.name, value)))
            .collect();
        (Just(first), fields)
    });
    fields
        .prop_map(|(mut layer, fields)| {
            layer.fields.extend(fields);
            layer
        })
        .boxed()
}

fn packet() -> impl Strategy<Value = Packet> {
    let stacks: Vec<&[&'static str]> = vec![
        &["ether", "arp"],
        &["ether", "ip", "icmp"],
        &["ether", "ip", "igmp"],
        &["ether", "ip", "udp"],
        &["ether", "ip", "tcp"],
        &["ether", "ip6", "icmp6"],
        &["ether", "ip6", "udp"],
        &["ether", "ip6", "tcp"],
        &["ether", "vlan", "ip", "udp"],
        &["ether", "vlan", "cvlan", "ip6", "tcp"],
        &["ether", "vlan", "cvlan", "vlan", "arp"],
        &["ether", "llc", "stp"],
        &["ether", "vlan", "llc", "stp"],
        &["ether", "ip6", "hbh", "rt", "frag", "dst", "udp"],
        &["ether", "ip6", "hbh", "icmp6"],
        &["ether", "ip", "icmp", "ip", "udp"],
        &["ether", "ip6", "icmp6", "ip6", "tcp"],
        &["ether", "ip", "gre", "ip6", "tcp"],
        &["ether", "ip6", "gre", "ip", "icmp"],
        &["ether", "ip", "gre", "ether", "arp"],
        &["ether", "ip", "udp", "vxlan", "ether", "ip", "icmp"],
        &[
            "ether", "ip6", "udp", "vxlan", "ether", "vlan", "ip6", "udp",
        ],
        &["ether", "ip", "udp", "geneve", "ether", "ip6", "icmp6"],
        &["ether", "ip", "udp", "geneve", "ip", "tcp"],
        &["ether", "ip", "ip", "tcp"],
        &["ether", "ip", "ip6", "udp"],
        &["ether", "ip6", "ip6", "icmp6"],
        &["ether", "ip6", "ip", "icmp"],
    ];
    let stack = prop::sample::select(stacks);
    let payload = prop::collection::vec(any::<u8>(), 0..64);
    (stack, payload).prop_flat_map(|(stack, payload)| {
        let inner = stack.iter().skip(1).copied().map(Some).chain([None]);
        let layers: Vec<_> = stack
            .iter()
            .zip(inner)
            .map(|(name, inner)| layer(name, inner))
            .collect();
        layers.prop_map(move |layers| {
            // Options that go on to the end leave no payload.
            let has_options = layers.last().is_some_and(|last| {
                last.kind.name == "icmp6"
                    && matches!(last.get("type"), Some(Value::Number(133..=137)))
            });
            Packet {
                payload: if has_options {
                    Vec::new()
                } else {
                    payload.clone()
                },
                layers,
            }
        })
    })
}

proptest! {
    #[test]
    fn no_bytes_are_a_panic(bytes: Vec<u8>) {
        for link in [Link::Ethernet, Link::Ip, Link::Cooked, Link::Cooked2] {
            let _ = decode(&bytes, link);
            let _ = sums(&bytes, link);
        }
    }

    /// Headers with a beginning that leads on, and whatever follows.
    #[test]
    fn no_rest_is_a_panic(rest: Vec<u8>, start in prop::sample::select(vec![0x45u8, 0x46, 0x4f, 0x60]), protocol in prop::sample::select(vec![0u8, 1, 2, 4, 6, 17, 41, 43, 44, 47, 58, 60])) {
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

    /// What a packet says of its headers is so little changed that they are still found: nothing panics, and all comes back.
    #[test]
    fn changed_bytes_come_back(packet in packet(), at in any::<prop::sample::Index>(), flip: u8, cut in any::<prop::sample::Index>()) {
        let mut bytes = encode(&packet).expect("all is given");
        let at = at.index(bytes.len());
        bytes[at] ^= flip;
        bytes.truncate(cut.index(bytes.len()) + 1);
        let packet = decode(&bytes, Link::Ethernet);
        let again = encode(&packet).expect("what was decoded can be encoded");
        // What a frame was padded with is left out.
        prop_assert!(again.len() <= bytes.len(), "{packet:?}");
        let _ = sums(&bytes, Link::Ethernet);
    }

    /// The sums that are worked out are right, and what the kernel leaves to the card is told apart.
    #[test]
    fn sums_are_told(packet in packet()) {
        let bytes = encode(&packet).expect("all is given");
        for (kind, sum) in sums(&bytes, Link::Ethernet) {
            let is_fragment = packet.layers.iter().any(|layer| {
                layer.get("more_fragments") == Some(&Value::Flag(true))
            });
            prop_assert!(sum == Sum::Right || is_fragment && sum == Sum::Unknown, "{}: {sum:?}", kind.name);
        }
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
