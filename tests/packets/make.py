#!/usr/bin/env python3
"""Makes the packets that netsh's lines and decoding are held to: common.pcap, of which tcpdump's lines are to be the same, and
others.pcap, of which they need not be. Needs scapy (2.6 or 2.7): pip install scapy; python3 tests/packets/make.py"""

import logging
import os
import struct

logging.getLogger("scapy").setLevel(logging.ERROR)
from scapy.all import (
    ARP, BOOTP, DHCP, DNS, DNSQR, DNSRR, DNSRRMX, DNSRROPT, DNSRRSOA, DNSRRSRV, Dot1AD, Dot1Q, Dot3, Ether, GRE, ICMP, IP,
    ICMPv6DestUnreach, ICMPv6EchoReply, ICMPv6EchoRequest, ICMPv6MLDMultAddrRec, ICMPv6MLDone, ICMPv6MLQuery, ICMPv6MLQuery2,
    ICMPv6MLReport, ICMPv6MLReport2, ICMPv6ND_NA, ICMPv6ND_NS, ICMPv6ND_RA, ICMPv6ND_RS, ICMPv6ND_Redirect, ICMPv6NDOptDstLLAddr,
    ICMPv6NDOptMTU, ICMPv6NDOptPrefixInfo, ICMPv6NDOptRDNSS, ICMPv6NDOptSrcLLAddr, ICMPv6PacketTooBig, ICMPv6ParamProblem,
    ICMPv6TimeExceeded, ICMPv6Unknown, IPOption, IPv6, IPv6ExtHdrDestOpt, IPv6ExtHdrFragment, IPv6ExtHdrHopByHop,
    IPv6ExtHdrRouting, IPv6ExtHdrSegmentRouting, LLC, RouterAlert, SNAP, STP, TCP, UDP, fragment, fragment6,
)
from scapy.contrib.geneve import GENEVE
from scapy.contrib.igmp import IGMP
from scapy.contrib.igmpv3 import IGMPv3, IGMPv3gr, IGMPv3mq, IGMPv3mr
from scapy.contrib.lldp import (
    LLDPDUChassisID, LLDPDUEndOfLLDPDU, LLDPDUPortID, LLDPDUSystemName, LLDPDUTimeToLive,
)
from scapy.layers.vxlan import VXLAN

COMMON, OTHERS = [], []
common, others = COMMON.extend, OTHERS.extend

MAC = "02:00:00:00:00:01"
E = Ether(src=MAC, dst="02:00:00:00:00:02")
B = Ether(src=MAC, dst="ff:ff:ff:ff:ff:ff")
I = IP(src="10.0.0.1", dst="10.0.0.2")
BACK = IP(src="10.0.0.2", dst="10.0.0.1")
J = IPv6(src="fd00::1", dst="fd00::2")
ECHO = I / ICMP(type=8, id=1, seq=1)

# ARP
who = ARP(op=1, hwsrc=MAC, psrc="10.0.0.1", pdst="10.0.0.2")
common([
    B / who,
    E / ARP(op=2, hwsrc=MAC, psrc="10.0.0.1", hwdst="02:00:00:00:00:02", pdst="10.0.0.2"),
    B / ARP(op=1, hwsrc=MAC, psrc="10.0.0.1", pdst="10.0.0.1"),
    E / ARP(op=1, hwsrc=MAC, psrc="10.0.0.1", hwdst="02:00:00:00:00:02", pdst="10.0.0.2"),
    B / ARP(op=1, hwsrc=MAC, psrc="0.0.0.0", pdst="10.0.0.1"),
    E / ARP(op=3, hwsrc=MAC), E / ARP(op=4, hwsrc=MAC, psrc="10.0.0.1"), E / ARP(op=8, hwsrc=MAC), E / ARP(op=9, hwsrc=MAC),
    B / who / (b"\0" * 18),
])
others([E / ARP(op=77, hwsrc=MAC)])

# ICMP
quoted = I / UDP(sport=40000, dport=9) / b"hello"
common([E / ECHO / ("x" * 56), E / I / ICMP(type=0, id=1, seq=1) / ("x" * 56), E / ECHO])
common([E / BACK / ICMP(type=3, code=code, nexthopmtu=1400) / quoted for code in range(18)])
for inner in (
    I / TCP(sport=1, dport=2), ECHO, I / GRE() / b"x", IP(src="10.0.0.1", dst="10.0.0.2", proto=132) / b"abcd1234",
):
    common([E / BACK / ICMP(type=3, code=code) / inner for code in (1, 2, 3, 13)])
common([E / BACK / ICMP(type=11, code=code) / quoted for code in range(3)])
common([E / I / ICMP(type=5, code=code, gw="10.0.0.9") / quoted for code in range(5)])
common([
    E / I / ICMP(type=4) / quoted, E / I / ICMP(type=12, code=0, ptr=20) / quoted, E / I / ICMP(type=12, code=1, ptr=0) / quoted,
    E / I / ICMP(type=10), E / I / ICMP(type=13, id=3, seq=4) / b"123456789012", E / I / ICMP(type=17, id=1, seq=2) / b"1234",
    E / I / ICMP(type=18, id=1, seq=2) / b"1234", E / I / ICMP(type=15), E / I / ICMP(type=16), E / I / ICMP(type=40),
])
others([E / I / ICMP(type=9) / b"1234567890123456", E / I / ICMP(type=14, id=3, seq=4) / b"123456789012"])

# TCP
for flags, options in [
    ("S", [("MSS", 1460), ("SAckOK", b""), ("Timestamp", (1, 0)), ("NOP", None), ("WScale", 7)]),
    ("SA", [("MSS", 1460), ("NOP", None), ("WScale", 7)]), ("A", []), ("PA", [("NOP", None), ("NOP", None), ("Timestamp", (5, 6))]),
    ("FA", []), ("R", []), ("RA", []), ("", []), ("SEC", []), ("AU", []),
    ("A", [("NOP", None), ("NOP", None), ("SAck", (100, 200, 300, 400))]), ("A", [("EOL", None)]), ("S", [("SAckOK", b""), ("EOL", None)]),
    ("FSRPAUEC", []),
]:
    tcp = TCP(sport=45000, dport=80, flags=flags, seq=1000, ack=2000, window=64240, options=options)
    common([E / I / tcp, E / J / tcp / b"data!"])
common([
    E / I / TCP(sport=45000, dport=443, flags="A", urgptr=7) / b"x", E / I / TCP(sport=45000, dport=443, flags="AU", urgptr=7) / b"x",
    E / I / TCP(sport=45000, dport=8080, flags="PA", seq=5, ack=6) / b"GET / HTTP/1.1\r\n\r\n",
    E / I / TCP(sport=80, dport=45000, flags="PA", seq=5, ack=6) / b"HTTP/1.1 200 OK\r\nHost: a\r\n\r\n",
    E / I / TCP(sport=443, dport=45000, flags="PA", seq=4294967290, ack=6) / b"xxxxxxxx",
])
others([
    E / I / TCP(sport=1, dport=2, flags="S", options=[(254, b"\xf9\x89abcd")]), E / I / TCP(sport=1, dport=2, flags="S", options=[(34, b"12345678")]),
    E / I / TCP(sport=22, dport=45000, flags="PA") / b"SSH-2.0-x\r\n",
])

# UDP
common([
    E / I / UDP(sport=1, dport=2) / b"hello", E / J / UDP(sport=1, dport=2) / b"hello", E / I / UDP(sport=1, dport=2),
    E / I / UDP(sport=1, dport=2, len=4) / b"abcdef", E / I / UDP(sport=1, dport=2, len=400) / b"abcdef",
    E / I / UDP(sport=1900, dport=1900) / b"M-SEARCH", E / I / UDP(sport=1, dport=443) / b"quic",
    E / I / UDP(sport=51820, dport=51820) / b"\x01\0\0\0abcdefg",
    E / IP(src="10.0.0.1", dst="10.0.0.2", tos=0xB8, ttl=3, id=77, flags="DF") / UDP(sport=1, dport=2),
    E / IP(src="10.0.0.1", dst="10.0.0.2", options=[IPOption(b"\x94\x04\0\0")]) / UDP(sport=1, dport=2),
])
others([
    E / I / UDP(sport=123, dport=123) / (b"\x23" + b"\0" * 47), E / I / UDP(sport=1, dport=514) / b"<13>hello", E / I / UDP(sport=1, dport=161) / b"abc",
    E / J / UDP(sport=546, dport=547) / b"\x01abcdefg", E / I / UDP(sport=137, dport=137) / (b"a" * 20), E / I / UDP(sport=520, dport=520) / b"\2\2\0\0",
])

# fragments
for whole in (I / UDP(sport=1, dport=2) / (b"x" * 3000), ECHO / (b"x" * 3000)):
    common([E / part for part in fragment(whole, 1400)])
common([E / IP(src="10.0.0.1", dst="10.0.0.2", flags="MF") / TCP(sport=1, dport=2) / (b"x" * 32)])
for whole in (J / IPv6ExtHdrFragment(id=77) / UDP(sport=1, dport=2) / (b"x" * 3000), J / IPv6ExtHdrFragment(id=77) / ICMPv6EchoRequest(id=1, seq=2, data=b"x" * 3000)):
    common([E / part for part in fragment6(whole, 1400)])

# extension headers
common([
    E / J / IPv6ExtHdrHopByHop() / UDP(sport=1, dport=2), E / J / IPv6ExtHdrDestOpt() / UDP(sport=1, dport=2) / b"xyz",
    E / J / IPv6ExtHdrRouting(addresses=["fd00::9"], type=0) / UDP(sport=1, dport=2),
    E / J / IPv6ExtHdrSegmentRouting(addresses=["fd00::9", "fd00::8"]) / UDP(sport=1, dport=2),
    E / J / IPv6ExtHdrHopByHop() / IPv6ExtHdrDestOpt() / IPv6ExtHdrFragment() / ICMPv6EchoRequest(id=1, seq=2),
    E / IPv6(src="fd00::1", dst="fd00::2", nh=59), E / IPv6(src="fd00::1", dst="fd00::2", nh=99) / b"abc",
    E / IP(src="10.0.0.1", dst="10.0.0.2", proto=253) / b"abcd",
])
others([E / IPv6(src="fd00::1", dst="fd00::2", nh=132) / b"abcdabcdabcdabcd"])
others([E / IP(src="10.0.0.1", dst="10.0.0.2", proto=proto) / b"abcdabcdabcdabcd" for proto in (132, 89, 50)])

# ICMPv6
quoted6 = J / UDP(sport=40000, dport=9) / b"hello"
link = IPv6(src="fe80::1", dst="ff02::1:ff00:2", hlim=255)
alert = link / IPv6ExtHdrHopByHop(options=[RouterAlert()])
common([E / J / ICMPv6EchoRequest(id=1, seq=2, data=b"x" * 56), E / J / ICMPv6EchoReply(id=1, seq=2, data=b"x" * 56)])
common([E / J / ICMPv6DestUnreach(code=code) / quoted6 for code in range(5)])
common([E / J / ICMPv6DestUnreach(code=4) / J / TCP(sport=3, dport=4), E / J / ICMPv6DestUnreach(code=4) / J / IPv6ExtHdrFragment() / UDP(sport=3, dport=4)])
common([E / J / ICMPv6PacketTooBig(mtu=1280) / quoted6])
common([E / J / ICMPv6TimeExceeded(code=code) / quoted6 for code in range(3)])
common([E / J / ICMPv6ParamProblem(code=code, ptr=6) / quoted6 for code in range(4)])
common([
    E / link / ICMPv6ND_NS(tgt="fd00::2") / ICMPv6NDOptSrcLLAddr(lladdr=MAC), E / IPv6(src="::", dst="ff02::1:ff00:2", hlim=255) / ICMPv6ND_NS(tgt="fe80::2"),
    E / link / ICMPv6ND_NA(tgt="fd00::2", R=0, S=1, O=1) / ICMPv6NDOptDstLLAddr(lladdr=MAC), E / link / ICMPv6ND_NA(tgt="fd00::2", R=1, S=0, O=0),
    E / link / ICMPv6ND_RS(), E / link / ICMPv6ND_RS() / ICMPv6NDOptSrcLLAddr(lladdr=MAC),
    E / link / ICMPv6ND_RA(routerlifetime=1800) / ICMPv6NDOptPrefixInfo(prefix="fd00::", prefixlen=64) / ICMPv6NDOptMTU() / ICMPv6NDOptSrcLLAddr(lladdr=MAC) / ICMPv6NDOptRDNSS(dns=["fd00::53"]),
    E / link / ICMPv6ND_Redirect(tgt="fe80::9", dst="fd00::5"),
    E / alert / ICMPv6MLReport(mladdr="ff02::1:ff00:2"), E / alert / ICMPv6MLDone(mladdr="ff02::1:ff00:2"), E / alert / ICMPv6MLQuery(mladdr="ff02::5"),
    E / alert / ICMPv6MLReport2(records=[ICMPv6MLDMultAddrRec(dst="ff02::1:ff00:2", rtype=4)]),
    E / alert / ICMPv6MLReport2(records=[ICMPv6MLDMultAddrRec(dst="ff02::1:ff00:2", rtype=4), ICMPv6MLDMultAddrRec(dst="ff02::1:ff00:3", rtype=3)]),
    E / alert / ICMPv6MLQuery2(mladdr="ff02::5", mrd=1000),
])
others([E / J / ICMPv6DestUnreach(code=code) / quoted6 for code in (5, 6, 7)])
others([E / J / ICMPv6DestUnreach(code=4) / J / ICMPv6EchoRequest(), E / J / ICMPv6Unknown(type=200, code=1) / b"1234"])

# IGMP
def igmp(to, message):
    return E / IP(src="10.0.0.1", dst=to, ttl=1) / message


common([
    igmp("224.0.0.1", IGMP(type=0x11, gaddr="0.0.0.0")), igmp("224.0.0.9", IGMP(type=0x16, gaddr="224.0.0.9")),
    igmp("224.0.0.2", IGMP(type=0x17, gaddr="224.0.0.9")), igmp("224.0.0.9", IGMP(type=0x12, gaddr="224.0.0.9")),
    igmp("224.0.0.22", IGMPv3(type=0x22) / IGMPv3mr(records=[IGMPv3gr(rtype=4, maddr="239.1.1.1")])),
    igmp("224.0.0.1", IGMPv3(type=0x11) / IGMPv3mq(gaddr="239.1.1.1")),
])
others([E / IP(src="10.0.0.1", dst="224.0.0.1", ttl=1, proto=2) / b"\x13\0\0\0\0\0\0\0"])

# VLAN tags and tunnels
inner = Ether(src="02:00:00:00:01:01", dst="02:00:00:00:01:02") / IP(src="192.168.0.1", dst="192.168.0.2") / ICMP(type=8, id=9, seq=1) / b"abcdefgh"
inner4 = inner[IP]
inner6 = IPv6(src="fd01::1", dst="fd01::2") / UDP(sport=3, dport=4) / b"abc"
common([
    E / Dot1Q(vlan=10) / ECHO, E / Dot1Q(vlan=10, prio=5) / who, E / Dot1AD(vlan=100) / Dot1Q(vlan=10, id=1) / I / UDP(sport=1, dport=2),
    E / Dot1Q(vlan=1) / Dot1Q(vlan=2) / Dot1Q(vlan=3) / J / UDP(sport=1, dport=2),
    E / I / UDP(sport=50000, dport=4789) / VXLAN(vni=42, flags=8) / inner, E / J / UDP(sport=50000, dport=4789) / VXLAN(vni=42, flags=8) / inner,
    E / I / UDP(sport=50000, dport=4789) / VXLAN(vni=42, flags=0) / inner, E / I / UDP(sport=50000, dport=4789) / VXLAN(vni=42, flags=8) / B / who,
    E / I / GRE() / inner4, E / I / GRE(key_present=1, key=5) / inner4, E / I / GRE(key_present=1, key=5, seqnum_present=1, sequence_number=7, chksum_present=1) / inner4,
    E / I / GRE(seqnum_present=1, sequence_number=7) / inner6, E / I / GRE(proto=0x6558) / inner, E / J / GRE() / inner4,
    E / I / inner4, E / I / inner6, E / J / inner4, E / J / inner6, E / I / GRE(proto=0x1234) / b"abcdef",
    E / I / UDP(sport=50000, dport=6081) / GENEVE(vni=42, proto=0x6558) / inner, E / I / UDP(sport=50000, dport=6081) / GENEVE(vni=42, proto=0x0800) / inner4,
    E / I / UDP(sport=50000, dport=6081) / GENEVE(vni=42, proto=0x6558, optionlen=2, options=b"\x01\x02\x80\x01\1\2\3\4") / inner,
])
others([E / I / GRE(version=1, proto=0x880B) / b"abcdef"])

# bridges
bpdu = Dot3(src=MAC, dst="01:80:c2:00:00:00") / LLC(dsap=0x42, ssap=0x42, ctrl=3)


def stp(**fields):
    return bpdu / STP(rootid=32768, rootmac=MAC, bridgeid=32768, bridgemac=MAC, portid=0x8001, **fields)


common([stp(), stp(bpduflags=1, pathcost=4), bpdu / b"\0\0\0\x80", stp(version=2, bpdutype=2, bpduflags=0x3C) / b"\0", stp(version=2, bpdutype=2, bpduflags=0x0E) / b"\0"])
common([Ether(src=MAC, dst="01:80:c2:00:00:0e") / LLDPDUChassisID(subtype=4, id=MAC) / LLDPDUPortID(subtype=5, id=b"eth0") / LLDPDUTimeToLive(ttl=120) / LLDPDUSystemName(system_name=b"host1") / LLDPDUEndOfLLDPDU()])
others([
    Dot3(src=MAC, dst=MAC) / LLC(dsap=0xAA, ssap=0xAA, ctrl=3) / SNAP(OUI=0x0C, code=0x2000) / b"abcd", Dot3(src=MAC, dst=MAC) / LLC(dsap=0xE0, ssap=0xE0, ctrl=3) / b"abcd",
    Ether(src=MAC, dst=MAC, type=0x88CC) / b"\x02\x07", Ether(src=MAC, dst=MAC, type=0x1234) / b"abcdef", Ether(src=MAC, dst=MAC, type=0x8847) / b"\0\1\2\3abcdef",
    Ether(src=MAC, dst=MAC, type=0x888E) / b"\1\0\0\0",
])

# DNS
def ask(**fields):
    return E / I / UDP(sport=40000, dport=53) / DNS(id=1, **fields)


def tell(name="example.com", kind="A", **fields):
    return E / I / UDP(sport=53, dport=40000) / DNS(id=1, qr=1, qd=DNSQR(qname=name, qtype=kind), **fields)


question = DNSQR(qname="example.com", qtype="A")
common([ask(rd=1, qd=DNSQR(qname="example.com", qtype=kind)) for kind in ("A", "AAAA", "MX", "TXT", 255, 65)])
common([
    ask(rd=0, qd=DNSQR(qname="x.y", qtype="PTR")), ask(rd=1, ad=1, qd=question), ask(rd=1, qd=question, ar=DNSRROPT(rclass=4096)),
    ask(opcode=5, qd=question), ask(opcode=4, qd=question), ask(opcode=2, qd=question), ask(rd=1, qd=DNSQR(qname=".", qtype="NS")),
    ask(rd=1, qd=DNSQR(qname="example.com", qtype="A", qclass=3)), ask(rd=1, qd=[question, DNSQR(qname="b.c", qtype="AAAA")]),
    E / I / UDP(sport=40000, dport=53) / b"a question", E / I / UDP(sport=40000, dport=53),
    tell(rd=1, ra=1, an=DNSRR(rrname="example.com", type="A", rdata="1.2.3.4", ttl=60)),
    tell(aa=1, rd=1, ra=1, an=[DNSRR(rrname="example.com", type="CNAME", rdata="www.example.com"), DNSRR(rrname="www.example.com", type="A", rdata="1.2.3.4"), DNSRR(rrname="www.example.com", type="AAAA", rdata="fd00::1")]),
    tell(rcode=3, rd=1, ra=1), tell(rcode=2, rd=1, ra=0), tell(rcode=5), tell(tc=1), tell(rcode=3, ns=DNSRRSOA(rrname="com", mname="a.com", rname="b.com", serial=1)),
    tell(kind="TXT", an=DNSRR(rrname="example.com", type="TXT", rdata=[b"hello world", b"two"])), tell(kind="MX", an=DNSRRMX(rrname="example.com", exchange="mx.a", preference=10)),
    tell(kind="NS", an=DNSRR(rrname="example.com", type="NS", rdata="ns.a")), tell("1.0.0.10.in-addr.arpa", "PTR", an=DNSRR(rrname="1.0.0.10.in-addr.arpa", type="PTR", rdata="h.a")),
    tell("_s._tcp.a", "SRV", an=DNSRRSRV(rrname="_s._tcp.a", priority=1, weight=2, port=80, target="h.a")), tell(kind="SOA", an=DNSRRSOA(rrname="a.b", mname="a.com", rname="b.com", serial=1)),
    E / I / UDP(sport=5353, dport=5353) / DNS(id=0, qd=DNSQR(qname="x.local", qtype="A")),
    E / I / UDP(sport=5353, dport=5353) / DNS(id=0, qr=1, aa=1, qd=[], an=DNSRR(rrname="x.local", rclass=1, type="A", rdata="10.0.0.1")),
])
message = bytes(DNS(id=1, rd=1, qd=question))
common([E / I / TCP(sport=40000, dport=53, flags="PA", seq=1) / (len(message).to_bytes(2, "big") + message)])
others([E / I / UDP(sport=5353, dport=5353) / DNS(id=0, qr=1, aa=1, qd=[], an=DNSRR(rrname="x.local", rclass=0x8001, type="A", rdata="10.0.0.1"))])

# DHCP
def dhcp(options, **fields):
    hardware = bytes.fromhex("020000000001")
    return E / IP(src="0.0.0.0", dst="255.255.255.255") / UDP(sport=68, dport=67) / BOOTP(chaddr=hardware, xid=0x1234, **fields) / DHCP(options=options + ["end"])


common([
    dhcp([("message-type", "discover")], op=1), dhcp([("message-type", "request"), ("requested_addr", "10.0.0.5")], op=1, flags=0x8000),
    dhcp([("message-type", "offer")], op=2, yiaddr="10.0.0.5", siaddr="10.0.0.1"), dhcp([("message-type", "release")], op=1, ciaddr="10.0.0.5", secs=3, hops=1, giaddr="10.0.0.254"),
])

for name, packets in (("common", COMMON), ("others", OTHERS)):
    with open(os.path.join(os.path.dirname(__file__), name + ".pcap"), "wb") as file:
        file.write(struct.pack("<IHHiIII", 0xA1B23C4D, 2, 4, 0, 0, 65535, 1))
        for number, packet in enumerate(packets):
            data = bytes(packet)
            file.write(struct.pack("<IIII", 1_000_000_000 + number, 123_456_789, len(data), len(data)) + data)
    print(name, len(packets))
