#!/bin/bash
# Writes iproute2.txt anew: each command of commands.txt, and the bytes of the message that this machine's iproute2 sends for it
# (without its sequence number, which is the time). Needs gcc and user namespaces; nothing outside of a namespace of its own is
# touched. Whether the kernel has such links does not matter: what is sent is written down before it answers.
cd "$(dirname "$0")" || exit
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
gcc -shared -fPIC -o "$work/record.so" record.c -ldl || exit
export RECORD=$work/sent work
unshare -Urn bash -c '
    ip link add p0 type veth peer name p1
    echo "# $(ip -V); p0 has the index $(cat <(ip -o link show p0 | cut -d: -f1)), p1 $(ip -o link show p1 | cut -d: -f1). Written by record.sh."
    grep -v "^#" commands.txt | while read -r command; do
        rm -f "$RECORD"
        LD_PRELOAD=$work/record.so $command >/dev/null 2>"$work/error"
        ip link del x 2>/dev/null
        # A message is 10000500 in its fifth and the following bytes if it is an RTM_NEWLINK that asks for an acknowledgement.
        sent=$(grep "^........1000" "$RECORD" 2>/dev/null | tail -1)
        echo "$command"
        if [ -n "$sent" ]; then echo "    ${sent:0:16}00000000${sent:24}"; else echo "    nothing: $(head -1 "$work/error")"; fi
    done' > iproute2.txt
grep -B1 "nothing:" iproute2.txt
