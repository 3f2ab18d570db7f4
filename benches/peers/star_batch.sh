#!/usr/bin/env bash
# The star of star.rhai with as few processes as iproute2 needs: one here, and one for the inside of each host.
# usage: star_batch.sh HOSTS   (in a network and mount namespace of its own)
set -euo pipefail

outside() {
    echo "link add br0 type bridge"
    for ((i = 1; i <= $1; i++)); do
        echo "netns add h$i"
        echo "link add v$i type veth peer name eth0 netns h$i"
        echo "link set v$i master br0 up"
    done
}

outside "$1" | ip -batch -
for ((i = 1; i <= $1; i++)); do
    ip -n "h$i" -batch - <<INSIDE
addr add 10.0.$((i / 250)).$((i % 250 + 1))/16 dev eth0
link set eth0 up
link set lo up
INSIDE
done
ip link set br0 up
