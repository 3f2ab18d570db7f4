use proptest::prelude::*;

use super::*;

fn start() -> Start {
    Start {
        destination: [10, 0, 0, 2].into(),
        source: [10, 0, 0, 1].into(),
        mac: "02:00:00:00:00:01".parse().expect("an address"),
        iface: "veth0".into(),
    }
}

fn options() -> ArpingOptions {
    ArpingOptions {
        count: Some(1),
        interval: Duration::ZERO,
        timeout: Duration::ZERO,
        deadline: None,
        first: false,
        broadcast: false,
        dad: false,
        unsolicited: false,
    }
}

/// Whether what is told in these bytes answers the question.
fn answers(bytes: &[u8], options: &ArpingOptions) -> bool {
    let seen = walk(bytes, Link::Ethernet);
    let arp = seen.iter().find(|layer| layer.kind.name == "arp");
    let told = arp.and_then(Told::read);
    told.is_some_and(|told| told.answers(&start(), options))
}

/// Who else has the address tells it to the one that asked.
fn reply() -> Vec<u8> {
    let other = Start {
        destination: [10, 0, 0, 1].into(),
        source: [10, 0, 0, 2].into(),
        mac: "02:00:00:00:00:02".parse().expect("an address"),
        iface: String::new(),
    };
    request(&other, start().mac.bytes(), TELL).expect("all fits")
}

#[test]
fn a_question_is_as_in_rfc_826() {
    let bytes = request(&start(), BROADCAST, ASK).expect("all fits");
    let wanted = [
        &[0xff; 6][..],
        &[2, 0, 0, 0, 0, 1, 8, 6, 0, 1, 8, 0, 6, 4, 0, 1],
        &[2, 0, 0, 0, 0, 1, 10, 0, 0, 1],
        &[0xff; 6],
        &[10, 0, 0, 2],
    ];
    assert_eq!(bytes, wanted.concat());
    assert!(!answers(&bytes, &options()));
}

#[test]
fn an_answer_comes_from_the_address_and_is_for_us() {
    let mut bytes = reply();
    assert!(answers(&bytes, &options()));
    let unsolicited = ArpingOptions {
        unsolicited: true,
        ..options()
    };
    assert!(!answers(&bytes, &unsolicited));
    // The hardware address that it is for, the one that it is from, and its hardware type.
    for at in [14 + 18, 14 + 17, 14] {
        bytes[at] ^= 1;
        assert!(!answers(&bytes, &options()), "{at}");
        bytes[at] ^= 1;
    }
}

#[test]
fn whoever_else_has_an_address_is_found() {
    let dad = ArpingOptions {
        dad: true,
        ..options()
    };
    let nobody = Start {
        source: Ipv4Addr::UNSPECIFIED,
        ..start()
    };
    let seen = |bytes: &[u8]| {
        let seen = walk(bytes, Link::Ethernet);
        let told = seen.iter().find(|layer| layer.kind.name == "arp");
        told.and_then(Told::read)
            .is_some_and(|told| told.answers(&nobody, &dad))
    };
    assert!(seen(&reply()));
    let own = Start {
        source: [10, 0, 0, 2].into(),
        ..start()
    };
    let own = request(&own, BROADCAST, ASK).expect("all fits");
    assert!(!seen(&own), "what we say ourselves is no conflict");
}

proptest! {
    #[test]
    fn no_bytes_are_a_panic(bytes: Vec<u8>, at in 0usize..42, byte: u8) {
        answers(&bytes, &options());
        let mut known = reply();
        known[at] = byte;
        answers(&known, &options());
    }
}
