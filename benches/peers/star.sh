#!/usr/bin/env bash
# The star of star.rhai with one `ip` process for each step.
# usage: star.sh HOSTS   (in a network and mount namespace of its own)
set -euo pipefail

ip link add br0 type bridge
for ((i = 1; i <= $1; i++)); do
    ip netns add "h$i"
    ip link add "v$i" type veth peer name eth0 netns "h$i"
    ip link set "v$i" master br0 up
    ip -n "h$i" addr add "10.0.$((i / 250)).$((i % 250 + 1))/16" dev eth0
    ip -n "h$i" link set eth0 up
    ip -n "h$i" link set lo up
done
ip link set br0 up
