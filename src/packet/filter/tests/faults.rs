//! What is said of texts that are no filters, and of which part of them.

use super::super::*;
use super::FILE;
use crate::packet::fault::Fault;
use crate::packet::layers::Link;

/// What is wrong with a text: the part that is meant, the words, what to do.
fn fault(text: &str) -> (String, String, String) {
    let found = parse(text).and_then(|expression| compile(&expression, FILE, 1));
    let Err(Fault {
        words, at, hint, ..
    }) = found
    else {
        panic!("{text} is understood");
    };
    let part = text.get(at.clone());
    let part = part.unwrap_or_else(|| panic!("{text}: {at:?}"));
    (part.to_string(), words, hint)
}

#[test]
fn what_is_wrong_is_shown_where_it_stands() {
    for (text, part, words, hint) in [
        (
            "hots 10.0.0.1",
            "hots",
            "\"hots\" is not a word of filters",
            "such as \"tcp port 80\", \"host 10.0.0.1 and icmp\", \"net 10.0.0.0/8\"",
        ),
        (
            "host",
            "",
            "the filter ends where an address has to stand",
            "",
        ),
        (
            "host and tcp",
            "and",
            "an address has to stand here, not \"and\"",
            "",
        ),
        (
            "port 70000",
            "70000",
            "70000 is no port: they end with 65535",
            "",
        ),
        (
            "net 10.0.0.1/8",
            "10.0.0.1/8",
            "10.0.0.1 has bits set that are not of its network",
            "the network is 10.0.0.0/8",
        ),
        (
            "net fd00::1/64",
            "fd00::1/64",
            "fd00::1 has bits set that are not of its network",
            "the network is fd00::/64",
        ),
        (
            "tcp[",
            "",
            "the filter ends where an offset has to stand",
            "",
        ),
        (
            "tcp[0:3] = 1",
            "3",
            "3 is not 1, 2 or 4: so many bytes are a number",
            "",
        ),
        (
            "tcp[13]",
            "",
            "the filter ends where a comparison has to stand",
            "numbers are compared with =, !=, <, <=, > and >=",
        ),
        (
            "vlan 4096",
            "4096",
            "4096 is too large: a VLAN is at most 4095",
            "",
        ),
        ("(tcp", "(", "this bracket is not closed", ""),
        ("tcp)", ")", "this bracket closes nothing", ""),
        (
            "host example.com",
            "example.com",
            "\"example.com\" is not an address",
            "names of hosts are not looked up: give the address",
        ),
        (
            "ip host fd00::1",
            "fd00::1",
            "fd00::1 is an IPv6 address, which ip has not",
            "\"ip\" is IPv4 alone: \"ip6\", or nothing, is for this one",
        ),
        (
            "ip6 host 10.0.0.1",
            "10.0.0.1",
            "10.0.0.1 is an IPv4 address, which ip6 has not",
            "\"ip6\" is IPv6 alone: \"ip\", or nothing, is for this one",
        ),
        (
            "10.0.0.1",
            "10.0.0.1",
            "what 10.0.0.1 is of has to stand before it",
            "\"host 10.0.0.1\", \"src 10.0.0.1\" or \"dst 10.0.0.1\"",
        ),
        (
            "tcp and 80",
            "80",
            "what 80 is has to stand before it",
            "such as \"port 80\" or \"len > 80\"",
        ),
        (
            "host 10.0.0.1 and 80",
            "80",
            "80 is not an address",
            "a port is \"port 80\"",
        ),
        (
            "host 10.1",
            "10.1",
            "10.1 is not a whole address",
            "a host has four numbers; \"net 10.1\" is a network",
        ),
        (
            "src 10.0.0.0/8",
            "10.0.0.0/8",
            "10.0.0.0/8 is a network, not a host",
            "\"net 10.0.0.0/8\"",
        ),
        (
            "host 10.0.0.256",
            "10.0.0.256",
            "10.0.0.256 is not an IPv4 address: 256 is none of 0 to 255",
            "",
        ),
        (
            "tcp host 10.0.0.1",
            "tcp",
            "tcp has no such addresses",
            "\"tcp and host\" asks for both",
        ),
        (
            "icmp port 80",
            "icmp",
            "icmp has no ports",
            "\"icmp and port\" asks for both",
        ),
        (
            "port http-alternative",
            "http-alternative",
            "\"http-alternative\" is not the name of a port that netsh knows",
            "its number can stand here",
        ),
        (
            "udp port ssh",
            "ssh",
            "ssh is a port of tcp",
            "its number is 22",
        ),
        (
            "port 80-90",
            "80-90",
            "80-90 is a range of ports",
            "\"portrange 80-90\"",
        ),
        (
            "port 80,443",
            ",",
            "',' has no place in a filter",
            "\"or\" stands between alternatives: \"port 80 or 443\"",
        ),
        (
            "tcp port 80 host 10.0.0.1",
            "host",
            "\"host\" has no place here",
            "between two conditions stands \"and\" or \"or\"",
        ),
        (
            "tcp & port 80",
            "&",
            "\"&\" has no place here",
            "\"&\" computes with numbers: between conditions stands \"and\" or \"or\"",
        ),
        (
            "host 0:1:2:3:4:5",
            "0:1:2:3:4:5",
            "0:1:2:3:4:5 is a hardware address, which only \"ether\" has",
            "\"ether host 0:1:2:3:4:5\"",
        ),
        (
            "host fe80:1",
            "fe80",
            "\"fe80\" is not an address",
            "names of hosts are not looked up: give the address",
        ),
        (
            "host fe80:1:2",
            "fe80:1:2",
            "\"fe80:1:2\" is neither an IPv6 address nor a hardware address",
            "",
        ),
        (
            "mpls 5",
            "mpls",
            "\"mpls\" is not one of the words that netsh knows of filters",
            "\"ether proto 0x8847\" is MPLS, 0x8863 and 0x8864 are PPPoE",
        ),
        (
            "ip6 protochain 6",
            "protochain",
            "\"protochain\" is not one of the words that netsh knows of filters",
            "its program would need a loop, which the kernel refuses: \"ip6 proto\" looks at the first header",
        ),
        (
            "ip broadcast",
            "ip broadcast",
            "which addresses are broadcasts depends on the network",
            "\"broadcast\" is that of the link; \"dst host 10.0.0.255\" is one of IP",
        ),
        (
            "ip[2] % 3 + 1 = 2",
            "%",
            "it is not clear what \"%\" is to be done with",
            "brackets say it: tcpdump reads \"a % b + c\" as \"a % (b + c)\"",
        ),
        (
            "ip[2] / (3 - 3) = 2",
            "/",
            "nothing can be divided by 0",
            "",
        ),
        (
            "ip[2] << 32 = 2",
            "<<",
            "a number has 32 bits and can't be shifted by 32",
            "",
        ),
        (
            "inbound",
            "inbound",
            "which way a packet went is not in its bytes",
            "it is known while packets are captured",
        ),
        (
            "ether",
            "ether",
            "what of ether has to stand behind it",
            "\"ether host\", \"ether src\", \"ether dst\", \"ether proto\"",
        ),
        (
            "ip proto 256",
            "256",
            "the number of a protocol is at most 255 here",
            "",
        ),
        (
            "port 08",
            "08",
            "08 begins with 0 and so is octal, which has no 8 and no 9",
            "",
        ),
        (
            "port (tcp)",
            "tcp",
            "a port has to stand here, not \"tcp\"",
            "",
        ),
        (
            "tcp or",
            "",
            "the filter ends where a condition has to stand",
            "",
        ),
        (
            "src or host",
            "host",
            "\"dst\" has to stand here, not \"host\"",
            "",
        ),
        ("tcp; ip", ";", "';' has no place in a filter", ""),
    ] {
        let found = fault(text);
        let found = (found.0.as_str(), found.1.as_str(), found.2.as_str());
        assert_eq!(found, (part, words, hint), "{text}");
    }
    let expression = parse("icmp or ether host 0:1:2:3:4:5").expect("a filter");
    let found = compile(&expression, Source::File(Link::Ip), 1).expect_err("no Ethernet");
    assert_eq!(
        found.words,
        "the packets have no Ethernet header that could be looked at"
    );
    assert_eq!(found.at, 19..30);
    assert!(compile(&expression, Source::AllLinks, 1).is_ok());
}

#[test]
fn a_misspelt_word_is_told_with_those_that_there_are() {
    let among = |text: &str| parse(text).expect_err(text).alike.expect("words");
    let (wrong, words) = among("hots 10.0.0.1");
    assert_eq!(wrong, "hots");
    assert!(words.contains(&"host".to_string()), "{words:?}");
    assert!(among("port htpp").1.contains(&"http".to_string()));
    assert!(
        among("host 10.0.0.1 or prot 80")
            .1
            .contains(&"port".to_string())
    );
}
