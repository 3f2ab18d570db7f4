//! What comes out, without tcpdump: tests/kernel/filter.rs compares with that.

mod faults;

use proptest::prelude::*;

use super::*;
use crate::packet::layers::Link;

const FILE: Source = Source::File(Link::Ethernet);

fn program(text: &str, source: Source) -> Vec<Instruction> {
    let expression = parse(text).unwrap_or_else(|fault| panic!("{text}: {fault:?}"));
    compile(&expression, source, 262_144).unwrap_or_else(|fault| panic!("{text}: {fault:?}"))
}

fn listing(text: &str, source: Source) -> String {
    Listing(&program(text, source)).to_string()
}

#[test]
fn a_program_is_shown_as_tcpdump_shows_it() {
    assert_eq!(
        listing("tcp port 80", FILE),
        "\
(000) ldh      [12]
(001) jeq      #0x86dd          jt 2\tjf 8
(002) ldb      [20]
(003) jeq      #0x6             jt 4\tjf 19
(004) ldh      [54]
(005) jeq      #0x50            jt 18\tjf 6
(006) ldh      [56]
(007) jeq      #0x50            jt 18\tjf 19
(008) jeq      #0x800           jt 9\tjf 19
(009) ldb      [23]
(010) jeq      #0x6             jt 11\tjf 19
(011) ldh      [20]
(012) jset     #0x1fff          jt 19\tjf 13
(013) ldxb     4*([14]&0xf)
(014) ldh      [x + 14]
(015) jeq      #0x50            jt 18\tjf 16
(016) ldh      [x + 16]
(017) jeq      #0x50            jt 18\tjf 19
(018) ret      #262144
(019) ret      #0
"
    );
    assert_eq!(listing("", FILE), "(000) ret      #262144\n");
    assert_eq!(listing("ip and arp", FILE), "(000) ret      #0\n");
    assert_eq!(listing("ip or not ip", FILE), "(000) ret      #262144\n");
    assert_eq!(
        program("ip", FILE)[1].to_string(),
        "jeq      #0x800           jt 1\tjf 2"
    );
}

#[test]
fn more_is_understood_than_by_tcpdump() {
    for (text, same) in [
        ("net 10/8", "net 10"),
        ("net 10 mask 255.0.0.0", "net 10"),
        ("ip proto tcp", r"ip proto \tcp"),
        ("ether proto arp", "arp"),
        ("port (not 80 or 443)", "port not 80 or 443"),
        (
            "port 80 and (443 or src port 53)",
            "port 80 and (port 443 or src port 53)",
        ),
        (
            "host ((10.0.0.1 or 10.0.0.2) or 10.0.0.3)",
            "host 10.0.0.1 or 10.0.0.2 or 10.0.0.3",
        ),
        (
            "ip multicast and len - ip[2:2] > 14",
            "ip multicast and len - ip[2:2] > 14 and ip",
        ),
    ] {
        assert_eq!(listing(text, FILE), listing(same, FILE), "{text}");
    }
    assert!(parse("net 10/8 or (11/8)").is_err());
    assert!(parse("net 10/8 or 11/8 = 1").is_ok());
}

#[test]
fn the_tag_of_a_packet_is_looked_for_beside_it_and_in_it() {
    assert_eq!(
        listing("vlan 5 and ip", Source::Socket(Link::Ethernet)),
        "\
(000) ldb      [vlanp]
(001) jeq      #0x1             jt 2\tjf 7
(002) ldh      [vlan_tci]
(003) and      #0xfff
(004) jeq      #0x5             jt 5\tjf 17
(005) ldh      [12]
(006) jeq      #0x800           jt 16\tjf 17
(007) ldh      [12]
(008) jeq      #0x8100          jt 11\tjf 9
(009) jeq      #0x88a8          jt 11\tjf 10
(010) jeq      #0x9100          jt 11\tjf 17
(011) ldh      [14]
(012) and      #0xfff
(013) jeq      #0x5             jt 14\tjf 17
(014) ldh      [16]
(015) jeq      #0x800           jt 16\tjf 17
(016) ret      #262144
(017) ret      #0
"
    );
}

#[test]
fn each_packet_of_a_socket_of_all_links_is_read_as_its_link_has_it() {
    let ether = |hardware| Beside {
        hardware,
        ..Beside::default()
    };
    let mut ip = vec![0x45];
    ip.resize(20, 0);
    let mut frame = vec![0; 12];
    frame.extend([8, 0]);
    frame.extend(&ip);
    let wanted = |text: &str, packet: &[u8], hardware: u16| {
        run(&program(text, Source::AllLinks), packet, &ether(hardware)) > 0
    };
    for ethernet in [1, 772] {
        assert!(wanted("ip", &frame, ethernet));
        assert!(!wanted("ip", &ip, ethernet));
        assert!(wanted("ether[12:2] = 0x800", &frame, ethernet));
    }
    // ARPHRD_NONE (tun), ARPHRD_TUNNEL (ipip), ARPHRD_SIT, ARPHRD_IPGRE.
    for other in [0xfffe, 768, 776, 778] {
        assert!(!wanted("ip", &frame, other));
        assert!(wanted("ip", &ip, other));
        for text in [
            "ether[0] = 0x45",
            "ether[0] >= 0",
            "multicast",
            "broadcast",
            "ether src 0:0:0:0:0:0",
            "vlan",
            "arp",
        ] {
            assert!(!wanted(text, &ip, other), "{text}");
            assert!(wanted(&format!("not {text}"), &ip, other), "{text}");
        }
    }
    assert!(wanted("less 20 and not outbound", &ip, 768));
    assert!(wanted("greater 34", &frame, 1));
}

#[test]
fn what_is_deep_or_long_is_refused_or_compiled() {
    let deep = |count: usize| format!("{}tcp{}", "(".repeat(count), ")".repeat(count));
    assert_eq!(listing(&deep(64), FILE), listing("tcp", FILE));
    assert!(parse(&deep(65)).is_err());
    assert!(parse(&"(".repeat(60_000)).is_err());
    assert!(parse(&"tcp[".repeat(16_000)).is_err());
    assert!(parse(&format!("{}len > 5", "-".repeat(60_000))).is_err());
    let opposite = format!("{}tcp", "!".repeat(60_001));
    assert_eq!(listing(&opposite, FILE), listing("not tcp", FILE));
    let sums = |count: usize| format!("len{} > 5", " + ip[0]".repeat(count));
    assert!(parse(&sums(200)).is_ok());
    assert!(parse(&sums(201)).is_err());
    assert!(parse(&" ".repeat(1 << 16)).is_ok());
    assert!(parse(&" ".repeat((1 << 16) + 1)).is_err());
    // However it is nested, a computation finds memory.
    let nested = |count: usize, before: &str, after: &str| {
        format!("{}ip[len]{} > 5", before.repeat(count), after.repeat(count))
    };
    let balanced = (0..7).fold("ip[len]".to_string(), |half, _| {
        format!("({half} - {half})")
    });
    for text in [
        sums(200),
        nested(60, "ip[len] - (", ")"),
        nested(60, "(", " - ip[len])"),
        nested(30, "ip[ip[len] - ip[", "]]"),
        nested(50, "", " - tcp[ip[0] & 15]"),
        format!("{balanced} > ip[len]"),
    ] {
        let program = program(&text, FILE);
        let words = program
            .iter()
            .filter(|one| matches!(one.code, 0x02 | 0x60 | 0x61));
        let most = words.map(|one| one.k).max();
        assert!(most < Some(8), "{text}: {most:?}");
        run(&program, &from(1), &Beside::default());
    }
}

/// A packet of IPv4 from an address.
fn from(address: u32) -> Vec<u8> {
    let mut packet = vec![0; 12];
    packet.extend([8, 0, 0x45]);
    packet.resize(26, 0);
    packet.extend(address.to_be_bytes());
    packet.resize(60, 0);
    packet
}

#[test]
fn jumps_go_as_far_as_they_have_to() {
    let hosts = |count: u32| {
        let hosts = (1..=count).map(|host| format!("src host 10.0.{}.{}", host >> 8, host & 255));
        hosts.collect::<Vec<_>>().join(" or ")
    };
    for count in [1, 50, 120, 130, 140, 300, 600] {
        for source in [FILE, Source::Socket(Link::Ethernet), Source::AllLinks] {
            let program = program(&hosts(count), source);
            let beside = Beside {
                hardware: 1,
                ..Beside::default()
            };
            for host in 0..=count + 1 {
                let packet = from(0x0a00_0000 + host);
                let wanted = (1..=count).contains(&host);
                assert_eq!(
                    run(&program, &packet, &beside) > 0,
                    wanted,
                    "{host} of {count}"
                );
            }
        }
    }
    let long = (0..1200).map(|at| format!("ip[{at}:2] = ip[{}:2]", at + 2));
    let found = parse(&long.collect::<Vec<_>>().join(" or ")).expect("a filter");
    let found = compile(&found, FILE, 1).expect_err("too long");
    let words = "the kernel takes 4096";
    assert!(found.words.ends_with(words), "{}", found.words);
    let longest = (0..4000)
        .map(|port| format!("port {port}"))
        .collect::<Vec<_>>();
    let found = parse(&longest.join(" or ")).expect("a filter");
    assert!(compile(&found, Source::AllLinks, 1).is_err());
}

/// Words and signs of the language, to be put together in any order.
fn pieces() -> impl Strategy<Value = String> {
    let words = words::PROTOCOLS.iter().map(|(word, _)| *word);
    let words = words.chain(words::BEGINNINGS.iter().copied());
    let words = words.chain([
        "and",
        "or",
        "(",
        ")",
        "[",
        "]",
        ":",
        "&",
        "|",
        "+",
        "-",
        "*",
        "/",
        "%",
        "^",
        "<<",
        "=",
        "!=",
        ">",
        "10.0.0.1",
        "10.1",
        "fd00::1",
        "0:1:2:3:4:5",
        "80",
        "5",
        "0",
        "4",
        "1000-2000",
        "http",
        r"\tcp",
        "tcp-syn",
        "mask",
        "mpls",
    ]);
    let words: Vec<&str> = words.collect();
    prop::collection::vec(prop::sample::select(words), 0..12).prop_map(|words| words.join(" "))
}

/// The kernel's own demands (bpf_check_classic of net/core/filter.c): it ends, and does not jump past its end.
fn is_sound(program: &[Instruction]) -> bool {
    let ends = program.last().is_some_and(|last| last.code == 0x06);
    let mut all = program.iter().enumerate();
    let stays = all.all(|(at, one)| match one.code & 7 {
        5 if one.code == 5 => at + 1 + (one.k as usize) < program.len(),
        5 => at + 1 + usize::from(one.jt.max(one.jf)) < program.len(),
        _ => true,
    });
    ends && stays && program.len() <= LONGEST
}

proptest! {
    #[test]
    fn any_text_is_understood_or_refused_within_it(text in prop_oneof![".*", pieces()], bytes: Vec<u8>) {
        match parse(&text) {
            Ok(expression) => for source in [FILE, Source::File(Link::Ip), Source::AllLinks] {
                match compile(&expression, source, 1) {
                    Ok(program) => {
                        prop_assert!(is_sound(&program));
                        prop_assert!(run(&program, &bytes, &Beside::default()) <= 1);
                    }
                    Err(fault) => prop_assert!(text.get(fault.at).is_some()),
                }
            },
            Err(fault) => prop_assert!(text.get(fault.at).is_some()),
        }
    }

    #[test]
    fn no_program_is_a_panic(
        program in prop::collection::vec((0u16..256, 0u8..9, 0u8..9, prop_oneof![0u32..40, any::<u32>()]), 0..40),
        packet: Vec<u8>,
        length: Option<u32>,
        vlan_tag: Option<u16>,
    ) {
        let instruction = |(code, jt, jf, k)| Instruction { code, jt, jf, k };
        let program: Vec<Instruction> = program.into_iter().map(instruction).collect();
        let beside = Beside { length, vlan_tag, ..Beside::default() };
        run(&program, &packet, &beside);
        prop_assert_eq!(Listing(&program).to_string().lines().count(), program.len());
    }
}
