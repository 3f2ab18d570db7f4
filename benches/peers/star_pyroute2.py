"""The star of star.rhai with pyroute2: one process, a socket in each namespace.

usage: python3 star_pyroute2.py HOSTS   (in a network and mount namespace of its own)
"""

import sys

from pyroute2 import IPRoute, NetNS, netns

LO = 1  # the index of the loopback link, in every namespace


def main(hosts):
    with IPRoute() as here:
        here.link("add", ifname="br0", kind="bridge")
        bridge = here.link_lookup(ifname="br0")[0]
        for i in range(1, hosts + 1):
            host = f"h{i}"
            netns.create(host)
            peer = {"ifname": "eth0", "net_ns_fd": host}
            here.link("add", ifname=f"v{i}", kind="veth", peer=peer)
            port = here.link_lookup(ifname=f"v{i}")[0]
            here.link("set", index=port, master=bridge, state="up")
            with NetNS(host) as there:
                eth0 = there.link_lookup(ifname="eth0")[0]
                address = f"10.0.{i // 250}.{i % 250 + 1}"
                there.addr("add", index=eth0, address=address, prefixlen=16)
                there.link("set", index=eth0, state="up")
                there.link("set", index=LO, state="up")
        here.link("set", index=bridge, state="up")


main(int(sys.argv[1]))
