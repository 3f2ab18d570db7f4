//! Packets of all kinds to apply filters to: whole, cut short, spoilt and random.

/// A packet with an Ethernet header, and what it is.
pub struct Packet {
    /// For people.
    pub name: String,
    /// All of it.
    pub bytes: Vec<u8>,
}

type Bytes = Vec<u8>;

const A: [u8; 4] = [10, 0, 0, 1];
const B: [u8; 4] = [10, 0, 0, 2];

fn join(parts: &[&[u8]]) -> Bytes {
    parts.concat()
}

fn ethernet(kind: u16, payload: &[u8]) -> Bytes {
    ethernet_to([2, 0, 0, 0, 0, 2], kind, payload)
}

fn ethernet_to(to: [u8; 6], kind: u16, payload: &[u8]) -> Bytes {
    join(&[&to, &[2, 0, 0, 0, 0, 1], &kind.to_be_bytes(), payload])
}

fn tagged(kind: u16, tags: &[(u16, u16)], payload: &[u8]) -> Bytes {
    let mut rest = payload.to_vec();
    let mut next = kind;
    for (kind, tag) in tags.iter().rev() {
        rest = join(&[&tag.to_be_bytes(), &next.to_be_bytes(), &rest]);
        next = *kind;
    }
    ethernet(next, &rest)
}

fn ip(from: [u8; 4], to: [u8; 4], protocol: u8, payload: &[u8]) -> Bytes {
    ip_with(from, to, protocol, payload, &[], 0x4000, 64)
}

fn ip_with(
    from: [u8; 4],
    to: [u8; 4],
    protocol: u8,
    payload: &[u8],
    options: &[u8],
    fragment: u16,
    ttl: u8,
) -> Bytes {
    let words = 5 + options.len() as u8 / 4;
    let length = u16::from(words) * 4 + payload.len() as u16;
    join(&[
        &[0x40 | words, 0],
        &length.to_be_bytes(),
        &[0, 1],
        &fragment.to_be_bytes(),
        &[ttl, protocol, 0, 0],
        &from,
        &to,
        options,
        payload,
    ])
}

fn v6(last: u8) -> [u8; 16] {
    let mut address = [0; 16];
    address[0] = 0xfd;
    address[15] = last;
    address
}

fn ip6(from: [u8; 16], to: [u8; 16], next: u8, payload: &[u8]) -> Bytes {
    let length = (payload.len() as u16).to_be_bytes();
    join(&[&[0x60, 0, 0, 0], &length, &[next, 64], &from, &to, payload])
}

fn tcp(from: u16, to: u16, flags: u8, payload: &[u8]) -> Bytes {
    let ports = [from.to_be_bytes(), to.to_be_bytes()].concat();
    join(&[
        &ports,
        &[0; 8],
        &[0x50, flags],
        &[1, 0, 0, 0, 0, 0],
        payload,
    ])
}

fn udp(from: u16, to: u16, payload: &[u8]) -> Bytes {
    let length = 8 + payload.len() as u16;
    let words = [from, to, length, 0].map(u16::to_be_bytes).concat();
    join(&[&words, payload])
}

fn arp(operation: u8, from: [u8; 4], to: [u8; 4]) -> Bytes {
    join(&[
        &[0, 1, 8, 0, 6, 4, 0, operation, 2, 0, 0, 0, 0, 1],
        &from,
        &[0; 6],
        &to,
        &[0; 18],
    ])
}

/// What begins with the header of IP.
fn networks() -> Vec<(String, u16, Bytes)> {
    let mut all: Vec<(String, u16, Bytes)> = Vec::new();
    let mut four = |name: &str, bytes| all.push((format!("ip {name}"), 0x800, bytes));
    for (from, to) in [
        (80, 1500),
        (1500, 80),
        (443, 22),
        (53, 53),
        (2000, 1000),
        (999, 2001),
    ] {
        let ports = format!("{from} {to}");
        four(
            &format!("tcp {ports}"),
            ip(A, B, 6, &tcp(from, to, 2, b"GET /")),
        );
        four(
            &format!("udp {ports}"),
            ip(B, A, 17, &udp(from, to, b"abc")),
        );
        four(
            &format!("sctp {ports}"),
            ip(A, A, 132, &tcp(from, to, 0, b"")),
        );
    }
    for flags in [1, 2, 4, 0x10, 0x12, 0x18, 0x3f, 0xc2] {
        let segment = tcp(1500, 80, flags, b"");
        four(
            &format!("tcp flags {flags:#x}"),
            ip(A, [192, 168, 1, 7], 6, &segment),
        );
    }
    for (kind, code) in [(0, 0), (3, 3), (3, 1), (8, 0), (11, 0)] {
        four(
            &format!("icmp {kind} {code}"),
            ip(A, B, 1, &[kind, code, 0, 0, 0, 0, 0, 1]),
        );
    }
    for protocol in [0, 2, 4, 9, 47, 50, 51, 58, 103, 112, 255] {
        let first = if protocol == 2 { 0x11 } else { 0x20 };
        let packet = ip([10, 1, 2, 3], [224, 0, 0, 5], protocol, &[first; 30]);
        four(&format!("protocol {protocol}"), packet);
    }
    let segment = tcp(80, 443, 0x10, &[0; 60]);
    for (name, fragment) in [("first", 0x2000), ("later", 0x2010), ("last", 1)] {
        let packet = ip_with(A, B, 6, &segment, &[], fragment, 1);
        four(&format!("fragment {name}"), packet);
    }
    for options in [4, 8, 40] {
        let packet = ip_with(B, A, 6, &segment, &vec![1; options], 0x4000, 200);
        four(&format!("options {options}"), packet);
    }
    for (from, to) in [
        (A, A),
        (B, B),
        ([10, 0, 0, 3], [192, 168, 1, 7]),
        ([10, 1, 2, 3], [10, 0, 1, 1]),
        ([0; 4], [255; 4]),
        ([192, 168, 1, 1], [192, 168, 255, 1]),
        ([172, 16, 0, 1], [8, 8, 8, 8]),
    ] {
        four(
            &format!("{from:?} {to:?}"),
            ip(from, to, 17, &udp(67, 68, &[0; 20])),
        );
    }
    // A header that says it is shorter, or longer, than it can be.
    for first in [0x40, 0x4f, 0x55, 0x05] {
        let mut packet = ip(A, B, 6, &segment);
        packet[0] = first;
        four(&format!("first {first:#x}"), packet);
    }
    let mut six = |name: &str, bytes| all.push((format!("ip6 {name}"), 0x86dd, bytes));
    let mut all_nodes = [0; 16];
    [all_nodes[0], all_nodes[1], all_nodes[15]] = [0xff, 2, 1];
    let mut elsewhere = v6(5);
    elsewhere[3] = 1;
    for (from, to) in [(80, 1500), (1500, 80), (53, 1000), (443, 80)] {
        let ports = format!("{from} {to}");
        six(
            &format!("tcp {ports}"),
            ip6(v6(1), v6(2), 6, &tcp(from, to, 2, b"GET /")),
        );
        six(
            &format!("udp {ports}"),
            ip6(v6(2), v6(1), 17, &udp(from, to, b"abc")),
        );
        six(
            &format!("sctp {ports}"),
            ip6(v6(1), v6(1), 132, &udp(from, to, b"")),
        );
    }
    for kind in [1, 128, 129, 134, 135, 136, 143] {
        let message = [kind, 0, 0, 0, 0, 0, 0, 1];
        six(
            &format!("icmp6 {kind}"),
            ip6(v6(1), all_nodes, 58, &message),
        );
    }
    for next in [0, 6, 17, 43, 44, 50, 51, 58, 59, 103] {
        let header = [next, 0, 0, 1, 0, 80, 0, 80, 0, 0];
        six(
            &format!("fragment of {next}"),
            ip6(v6(3), elsewhere, 44, &header),
        );
        six(
            &format!("next {next}"),
            ip6(elsewhere, [0; 16], next, &header),
        );
    }
    all
}

/// All packets with an Ethernet header.
pub fn ethernets() -> Vec<Packet> {
    let mut all: Vec<(String, Bytes)> = Vec::new();
    for (name, kind, bytes) in networks() {
        all.push((name, ethernet(kind, &bytes)));
    }
    for operation in 1..=4 {
        let payload = arp(operation, A, B);
        all.push((
            format!("arp {operation}"),
            ethernet_to([0xff; 6], 0x806, &payload),
        ));
        all.push((
            format!("rarp {operation}"),
            ethernet(0x8035, &arp(operation, B, A)),
        ));
    }
    all.push((
        "arp other".into(),
        ethernet(0x806, &arp(1, [192, 168, 1, 7], [10, 1, 2, 3])),
    ));
    for kind in [
        0x42, 100, 1500, 1501, 0x809b, 0x80f3, 0x8137, 0x88cc, 0x9000, 0x6003, 0x8100, 0x8847,
    ] {
        all.push((format!("type {kind:#x}"), ethernet(kind, &[0; 46])));
    }
    for (name, begins) in [
        ("stp", [0x42, 0x42, 3, 0, 0, 0, 0, 0]),
        ("ip", [6, 6, 3, 0, 0, 0, 0, 0]),
        ("iso", [0xfe, 0xfe, 3, 0x83, 0, 0, 0, 0]),
        ("netbeui", [0xf0, 0xf0, 3, 0, 0, 0, 0, 0]),
        ("ipx", [0xe0, 0xe0, 3, 0, 0, 0, 0, 0]),
        ("ipx alone", [0xff, 0xff, 0, 0, 0, 0, 0, 0]),
        ("snap ipx", [0xaa, 0xaa, 3, 0, 0, 0, 0x81, 0x37]),
        ("snap atalk", [0xaa, 0xaa, 3, 8, 0, 7, 0x80, 0x9b]),
        ("snap aarp", [0xaa, 0xaa, 3, 0, 0, 0, 0x80, 0xf3]),
        ("snap ip", [0xaa, 0xaa, 3, 0, 0, 0, 8, 0]),
    ] {
        let to = [1, 0x80, 0xc2, 0, 0, 0];
        all.push((
            format!("llc {name}"),
            ethernet_to(to, 46, &join(&[&begins, &[0; 38]])),
        ));
    }
    for (index, (name, kind, bytes)) in networks().into_iter().enumerate().step_by(5) {
        for tags in [
            &[(0x8100, 5)][..],
            &[(0x8100, 0x2006)],
            &[(0x88a8, 5), (0x8100, 6)],
            &[(0x9100, 0), (0x8100, 5), (0x8100, 4095)],
        ] {
            if index % 2 == 0 || tags.len() == 1 {
                all.push((format!("{name} {tags:x?}"), tagged(kind, tags, &bytes)));
            }
        }
    }
    all.push((
        "vlan arp".into(),
        tagged(0x806, &[(0x8100, 5)], &arp(1, A, B)),
    ));
    with_spoilt(all)
}

/// All packets with the header of IP.
pub fn ips() -> Vec<Packet> {
    let all = networks();
    with_spoilt(
        all.into_iter()
            .map(|(name, _, bytes)| (name, bytes))
            .collect(),
    )
}

/// The same, and cut short, with a byte spoilt, and random.
fn with_spoilt(whole: Vec<(String, Bytes)>) -> Vec<Packet> {
    let mut dice = Dice(0x2545_f491_4f6c_dd1d);
    let mut all: Vec<(String, Bytes)> = Vec::new();
    for (index, (name, bytes)) in whole.iter().enumerate() {
        if index % 6 == 0 {
            let lengths = 0..bytes.len().min(90);
            all.extend(
                lengths.map(|length| (format!("{name}, {length} of it"), bytes[..length].into())),
            );
        }
        for _ in 0..2 {
            let mut spoilt = bytes.clone();
            let at = dice.below(spoilt.len());
            spoilt[at] = dice.below(256) as u8;
            all.push((format!("{name}, {at} spoilt"), spoilt));
        }
    }
    for number in 0..100 {
        let length = dice.below(120);
        let mut random: Bytes = (0..length).map(|_| dice.below(256) as u8).collect();
        if let (Some(kind), true) = (random.get_mut(12..14), number % 2 == 0) {
            kind.copy_from_slice(&[[8, 0], [0x86, 0xdd], [8, 6], [0x81, 0]][number / 2 % 4]);
        }
        all.push((format!("random {number}"), random));
    }
    let all = whole.into_iter().chain(all);
    all.map(|(name, bytes)| Packet { name, bytes }).collect()
}

/// Numbers that are the same each time (xorshift64).
struct Dice(u64);

impl Dice {
    fn below(&mut self, limit: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 >> 16) as usize % limit.max(1)
    }
}
