//! Commands that probe and watch.

use super::{become_lines, lines};

#[test]
fn pings() {
    become_lines(&[
        ("ping 10.0.0.1", r#"ping("10.0.0.1");"#),
        ("ping -c 4 10.0.0.1", r#"ping("10.0.0.1");"#),
        (
            "ping -c 3 -i 0.2 -I veth0 10.0.0.1",
            r#"ping("10.0.0.1", #{ count: 3, interval: 0.2, iface: "veth0" });"#,
        ),
        (
            "/bin/ping 10.0.0.1 -qc3 -I10.0.0.5 -W .5",
            r#"ping("10.0.0.1", #{ quiet: true, count: 3, source: "10.0.0.5", timeout: 0.5 });"#,
        ),
        (
            "ping -M do -s 1400 -t 5 -p ff -f -w 9 h",
            r#"ping("h", #{ dont_fragment: true, size: 1400, ttl: 5, pattern: "ff", flood: true, deadline: 9 });"#,
        ),
        (
            "ping6 -c1 h",
            r#"ping("h", #{ count: 1, family: "inet6" });"#,
        ),
        (
            "ping -4 -c1 h",
            r#"ping("h", #{ count: 1, family: "inet" });"#,
        ),
        (
            "ping -nc1 h >/dev/null",
            r#"ping("h", #{ count: 1, quiet: true });"#,
        ),
    ]);
}

#[test]
fn questions_of_arp() {
    become_lines(&[
        ("arping 10.0.0.1", r#"arping("10.0.0.1");"#),
        (
            "arping -I veth0 -c2 -w 3 10.0.0.1",
            r#"arping("10.0.0.1", #{ iface: "veth0", count: 2, deadline: 3 });"#,
        ),
        (
            "sudo arping -D -I veth0 -c 1 -s 10.0.0.5 10.0.0.1 >/dev/null",
            r#"arping("10.0.0.1", #{ dad: true, iface: "veth0", count: 1, source: "10.0.0.5", quiet: true });"#,
        ),
        (
            "arping -Ubq -i 0.5 10.0.0.1",
            r#"arping("10.0.0.1", #{ unsolicited: true, broadcast: true, quiet: true, interval: 0.5 });"#,
        ),
        (
            "arping -f -c 1 -I veth0 10.0.0.1",
            r#"arp_request("veth0", "10.0.0.1");"#,
        ),
    ]);
}

#[test]
fn ways_and_ports() {
    become_lines(&[
        ("traceroute 10.0.0.1", r#"traceroute("10.0.0.1");"#),
        (
            "traceroute -n -I -m 5 -q1 -w 2,3,10 h",
            r#"traceroute("h", #{ proto: "icmp", max_hops: 5, queries: 1, timeout: 2 });"#,
        ),
        (
            "traceroute --tcp --port=443 -f 2 -i eth0 -s 10.0.0.5 h 1400",
            r#"traceroute("h", #{ proto: "tcp", port: 443, first: 2, iface: "eth0", source: "10.0.0.5", size: 1400 });"#,
        ),
        (
            "traceroute6 -F h",
            r#"traceroute("h", #{ dont_fragment: true, family: "inet6" });"#,
        ),
        ("tracepath -n h", r#"traceroute("h");"#),
        ("nc 10.0.0.1 80", r#"tcp_connect("10.0.0.1", 80);"#),
        (
            "nc -zv -w 2 10.0.0.1 80",
            r#"port_check("10.0.0.1", 80, #{ timeout: 2 });"#,
        ),
        (
            "nc -zu 10.0.0.1 53",
            r#"port_check("10.0.0.1", 53, #{ proto: "udp" });"#,
        ),
        ("nc -l 80", "tcp_listen(80);"),
        ("nc -lk -p 80", "tcp_listen(80);"),
        (
            "nc -lu 10.0.0.1 53",
            r#"udp_listen(53, #{ address: "10.0.0.1" });"#,
        ),
        (
            "curl -s -m 2 http://10.0.0.1/",
            r#"show(http_get("http://10.0.0.1/", #{ timeout: 2 }));"#,
        ),
        (
            "curl --interface eth0 10.0.0.1:8080",
            r#"show(http_get("http://10.0.0.1:8080", #{ iface: "eth0" }));"#,
        ),
        ("python3 -m http.server 8000", "http_listen(8000);"),
        (
            "sudo tcpdump -nei eth0 -c 3 -s 96 -w x.pcap icmp or arp",
            r#"let packets = capture(#{ link: "eth0", count: 3, snaplen: 96, file: "x.pcap", filter: "icmp or arp" });"#,
        ),
        ("tcpdump -w -", r#"sh("tcpdump -w -");"#),
        ("tcpdump -r - icmp", r#"sh("tcpdump -r - icmp");"#),
        (
            "tcpdump --interface=eth0 --count 3 -w x.pcap",
            r#"let packets = capture(#{ link: "eth0", count: 3, file: "x.pcap" });"#,
        ),
        (
            "tcpdump -nr x.pcap -c 2",
            r#"show(pcap_read("x.pcap", #{ count: 2 }));"#,
        ),
        (
            "iperf3 -c 10.0.0.2 -t 5 -u -b 10M",
            r#"show(throughput("10.0.0.2", #{ time: 5, udp: true, rate: "10mbit" }));"#,
        ),
        (
            "iperf3 --client=10.0.0.2 --parallel 4",
            r#"show(throughput("10.0.0.2", #{ streams: 4 }));"#,
        ),
    ]);
}

#[test]
fn what_tcpdump_sees_is_printed() {
    let text = "ip netns exec h1 tcpdump -npi any 'tcp port 80'";
    let wanted = [
        r#"let packets = netns_get("h1").capture(#{ promisc: false, filter: "tcp port 80" });"#,
        "loop {",
        "    let packet = packets.read();",
        "    if packet == () { break; }",
        "    print(packet.line);",
        "}",
    ];
    assert_eq!(lines(text), wanted);
}
