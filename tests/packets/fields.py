"""What scapy says of the packets of common.pcap: the fields of each, by the names that netsh has for them. Writes fields.json, which
the tests hold packet_decode and packet_encode against. Needs scapy (2.6 or later): python3 tests/packets/fields.py [FILE]

Each packet is {"bytes": hex, "packet": map}: the headers in one map, what is carried inside as another map under "payload", and at
the innermost the payload in hex. Only headers that are in HEADERS are told; what follows is payload."""
import json
import os
import sys

from scapy.all import (
    ARP, Dot1AD, Dot1Q, Ether, GRE, ICMP, IP, IPv6, Raw, TCP, UDP, NoPayload, Padding, rdpcap,
    ICMPv6DestUnreach, ICMPv6EchoReply, ICMPv6EchoRequest, ICMPv6ND_NA, ICMPv6ND_NS, ICMPv6NDOptDstLLAddr, ICMPv6NDOptSrcLLAddr,
    ICMPv6PacketTooBig, ICMPv6ParamProblem, ICMPv6TimeExceeded, IPv6ExtHdrFragment,
)
from scapy.contrib.geneve import GENEVE
from scapy.layers.inet import IPerror, TCPerror, UDPerror, ICMPerror
from scapy.layers.inet6 import IPerror6
from scapy.layers.vxlan import VXLAN

# The order in which headers stand in one map.
ORDER = ["ether", "vlan", "cvlan", "arp", "ip", "ip6", "frag", "icmp", "icmp6", "gre", "udp", "tcp", "vxlan"]


def ether(p):
    return {"daddr": p.dst, "saddr": p.src, "type": p.type}


def tag(p):
    return {"pcp": p.prio, "dei": bool(getattr(p, "dei", getattr(p, "id", 0))), "id": p.vlan, "type": p.type}


def arp(p):
    return {"operation": p.op, "saddr_ether": p.hwsrc, "saddr_ip": p.psrc, "daddr_ether": p.hwdst, "daddr_ip": p.pdst}


def ip(p):
    found = {
        "dscp": p.tos >> 2, "ecn": p.tos & 3, "id": p.id, "dont_fragment": "DF" in str(p.flags), "more_fragments": "MF" in str(p.flags),
        "frag_off": p.frag, "ttl": p.ttl, "protocol": p.proto, "saddr": p.src, "daddr": p.dst,
    }
    if p.options:
        return None
    return found


def ip6(p):
    return {"dscp": p.tc >> 2, "ecn": p.tc & 3, "flowlabel": p.fl, "nexthdr": p.nh, "hoplimit": p.hlim, "saddr": p.src, "daddr": p.dst}


def icmp(p):
    found = {"type": p.type, "code": p.code}
    if p.type in (0, 8, 13, 14, 15, 16, 17, 18):
        found.update(id=p.id, sequence=p.seq)
    elif p.type == 3:
        found.update(mtu=p.nexthopmtu)
    elif p.type == 5:
        found.update(gateway=p.gw)
    elif p.type == 12:
        # 8 bits, and 24 that nobody uses.
        found.update(rest=p.ptr << 24)
    elif p.type in (4, 11):
        found.update(rest=0)
    else:
        return None
    return found


def icmp6(p):
    found = {"type": p.type, "code": p.code}
    if isinstance(p, (ICMPv6EchoRequest, ICMPv6EchoReply)):
        found.update(id=p.id, sequence=p.seq)
    elif isinstance(p, ICMPv6PacketTooBig):
        found.update(mtu=p.mtu)
    elif isinstance(p, ICMPv6ParamProblem):
        found.update(pointer=p.ptr)
    elif isinstance(p, (ICMPv6ND_NS, ICMPv6ND_NA)):
        found.update(taddr=p.tgt)
        if isinstance(p, ICMPv6ND_NA):
            found.update(router=bool(p.R), solicited=bool(p.S), override=bool(p.O))
        # To scapy the one is the other, too.
        if isinstance(p.payload, ICMPv6NDOptDstLLAddr):
            found.update(options=[{"target_link_address": p.payload.lladdr}])
        elif isinstance(p.payload, ICMPv6NDOptSrcLLAddr):
            found.update(options=[{"source_link_address": p.payload.lladdr}])
    else:
        found.update(rest=0)
    return found


def frag(p):
    return {"nexthdr": p.nh, "frag_off": p.offset, "more_fragments": bool(p.m), "id": p.id}


def gre(p):
    if p.chksum_present or p.version or p.routing_present:
        return None
    found = {"protocol": p.proto}
    words = []
    if p.key_present:
        found["key"] = p.key
        words.append("key")
    if p.seqnum_present:
        found["sequence"] = p.sequence_number
        words.append("sequence")
    return found


def udp(p):
    return {"sport": p.sport, "dport": p.dport}


FLAGS = {"F": "fin", "S": "syn", "R": "rst", "P": "psh", "A": "ack", "U": "urg", "E": "ecn", "C": "cwr"}


def option(name, value):
    if name == "MSS":
        return {"mss": value}
    if name == "SAckOK":
        return "sackOK"
    if name == "Timestamp":
        return {"timestamps": {"val": value[0], "ecr": value[1]}}
    if name == "NOP":
        return "nop"
    if name == "WScale":
        return {"wscale": value}
    if name == "SAck":
        return {"sack": [list(value[i:i + 2]) for i in range(0, len(value), 2)]}
    return None


def tcp(p):
    found = {
        "sport": p.sport, "dport": p.dport, "sequence": p.seq, "ackseq": p.ack, "flags": ",".join(FLAGS[flag] for flag in str(p.flags)),
        "window": p.window, "urgptr": p.urgptr,
    }
    if p.options:
        options = [option(name, value) for name, value in p.options]
        # Ends of options, and what fills up behind them, is netsh's own business.
        if None in options or sum(length(one) for one in options) % 4:
            return None
        found["options"] = options
    return found


def length(one):
    name = one if isinstance(one, str) else next(iter(one))
    if name == "sack":
        return 2 + 8 * len(one["sack"])
    return {"mss": 4, "sackOK": 2, "timestamps": 10, "nop": 1, "wscale": 3}[name]


def vxlan(p):
    return {"vni": p.vni, "flags": int(p.flags)}


HEADERS = [
    (Ether, "ether", ether), (Dot1AD, "vlan", tag), (Dot1Q, "vlan", tag), (ARP, "arp", arp), (IPerror, "ip", ip), (IP, "ip", ip),
    (IPerror6, "ip6", ip6), (IPv6, "ip6", ip6), (ICMPerror, "icmp", icmp), (ICMP, "icmp", icmp),
    ((ICMPv6EchoRequest, ICMPv6EchoReply, ICMPv6DestUnreach, ICMPv6PacketTooBig, ICMPv6TimeExceeded, ICMPv6ParamProblem), "icmp6", icmp6),
    ((ICMPv6ND_NS, ICMPv6ND_NA), "icmp6", icmp6), (IPv6ExtHdrFragment, "frag", frag), (GRE, "gre", gre), (UDPerror, "udp", udp), (UDP, "udp", udp), (TCPerror, "tcp", tcp), (TCP, "tcp", tcp), (VXLAN, "vxlan", vxlan),
]


def headers(packet):
    """The headers that are told, as (name, fields), and the bytes behind the last of them; None for a packet with another header."""
    found, tags = [], 0
    if packet.haslayer(Padding):
        return None
    while not isinstance(packet, (NoPayload, Raw)):
        known = next(((name, read) for kind, name, read in HEADERS if isinstance(packet, kind)), None)
        if known is None and found and found[-1][0] in ("udp", "tcp") and not isinstance(packet, GENEVE):
            # DNS, DHCP and the like: the data of whoever uses the port.
            return found, packet.original
        if known is None:
            return None
        name, read = known
        fields = read(packet)
        if name == "vlan":
            tags += 1
            name = "vlan" if tags == 1 else "cvlan"
            if tags > 2:
                return None
        if fields is None:
            return None
        # What can't be worked out anew is told: in a fragment not all is there that they cover, and a length can be wrong.
        is_part = any(one.get("more_fragments") or one.get("frag_off") for _, one in found)
        is_wrong = name == "udp" and packet.len != len(packet.original)
        if name in ("icmp", "icmp6", "udp", "tcp") and (is_part or is_wrong):
            fields["checksum"] = packet.cksum if name == "icmp6" else packet.chksum
        if name == "udp" and (is_part or is_wrong):
            fields["length"] = packet.len
        found.append((name, fields))
        # The data of an echo of ICMPv6 is a field.
        if name == "icmp6" and hasattr(packet, "data"):
            return found, bytes(packet.data)
        if isinstance(packet, (ICMPv6ND_NS, ICMPv6ND_NA)):
            last = packet.payload if "options" in fields else packet
            return (found, b"") if isinstance(last.payload, NoPayload) else None
        if name == "icmp" and packet.type in (13, 14, 17, 18):
            # Times and masks, which are fields to scapy.
            return found, packet.original[8:]
        packet = packet.payload
    return found, bytes(packet)


def nested(found, payload):
    maps, before = [{}], None
    for name, fields in found:
        at = ORDER.index(name)
        if before is not None and (at <= ORDER.index(before) or (before, name) == ("ip", "ip6")):
            maps.append({})
        maps[-1][name] = fields
        before = name
    carried = payload.hex()
    for one in reversed(maps):
        one["payload"] = carried
        carried = one
    return carried


def main():
    folder = os.path.dirname(os.path.abspath(__file__))
    told, left_out = [], 0
    for packet in rdpcap(os.path.join(folder, "common.pcap")):
        read = headers(packet)
        if read is None:
            left_out += 1
            continue
        told.append({"bytes": bytes(packet).hex(), "packet": nested(*read)})
    path = sys.argv[1] if len(sys.argv) > 1 else os.path.join(folder, "fields.json")
    with open(path, "w") as file:
        file.write("[\n" + ",\n".join(json.dumps(one) for one in told) + "\n]\n")
    print(len(told), "packets,", left_out, "left out")


main()
