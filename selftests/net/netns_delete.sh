#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# A network namespace and its sockets: it has counters and settings of its own,
# and goes when the last socket does, with data under way.
#
#	a xfer in a namespace, macvlan on eth0 ---- TCP: rxe has no address of others ---- xfer b
#	a xfer in a namespace, veth, PNET IDs ---- SMC-R over rxe0 ---- xfer b
#
# timeout: 300
. "$RIG_LIB"
. "$(dirname "$RIG_LIB")/traffic.sh"

IN="/usr/bin/ip netns exec other"
# seconds until a namespace is gone, and its link groups
GONE=20

make_ns() {
	on a "modprobe -a macvlan veth; mkdir -p /run/netns; ip netns add other
		ip link add mv0 link eth0 type macvlan mode bridge
		ip link add sign type veth peer name sign0
		ip link set mv0 netns other; ip link set sign0 netns other
		ip -n other link set lo up
		ip -n other link set mv0 up
		ip -n other addr add 10.0.0.11/24 dev mv0; sleep 1"
}

# The namespace's addresses are known outside: rxe sends from those only.
make_smc_ns() {
	on a "ip netns add other; ip link add sign type veth peer name sign0 netns other
		ip link set sign up; ip -n other link set lo up; ip -n other link set sign0 up
		cd /proc/sys/net/ipv4; echo 1 >ip_forward
		for dev in sign eth0; do
			echo 1 >conf/\$dev/proxy_arp; echo 0 >neigh/\$dev/proxy_delay
		done
		ip addr add 10.9.0.1/24 dev sign; ip route add 10.0.0.11 dev sign
		ip -n other addr add 10.0.0.11/24 dev sign0; $IN smcnl pnet add NET2 sign0"
	on b "ip neigh flush all"
}

# The namespace is really gone, with all its devices.
is_gone() {
	on a "! ip link show sign" 2>/dev/null
}

in_ns() {
	start a inside "$IN xfer client -m smc -d both -c 4 -n 4g -w rand -r rand -E 200 -T 300 $B 7000"
	wait_for 20 on b "[ \$(ss -Htn state established 'src $B:7000 and dst 10.0.0.11' | wc -l) = 4 ]"
	sleep 1
}

serve
ok "a connection of the first namespace" connection smc
make_ns
before="$(on a "smcnl lgr; smcnl stats; smcnl fback")"
in_ns
sleep 2
enough
ok "a namespace with devices of its own: data moves" finish a inside 30
note "$(log_of a inside | grep transport=)"
is "$before" "$(on a "smcnl lgr; smcnl stats; smcnl fback")" \
	"the first one sees nothing of it in link groups and counters"
is 4 "$(($(on a "$IN smcnl stat client_v2") + $(on a "$IN smcnl stat fallback")))" \
	"they are in its own"
is 65536 "$(on a "echo 16384 >/proc/sys/net/smc/wmem
	$IN sh -c 'cat /proc/sys/net/smc/wmem'; echo 65536 >/proc/sys/net/smc/wmem")" \
	"nor it of the first one's settings"

# Root of another user namespace has no CAP_NET_ADMIN here.
ueids=$(on a "smcnl ueid list")
for change in "add OTHER-EID" "del SMC-R-DEFAULT-EID" flush; do
	fails "$change without CAP_NET_ADMIN" on a "unshare -Ur smcnl ueid $change"
done
is "$ueids" "$(on a "unshare -Ur smcnl ueid list")" "looking is allowed"

# outlives HOW WHAT: the namespace is deleted below connections by WHAT, whose
# programs come to their end (TERM) or are killed. It goes after them.
outlives() {
	on a "ip netns del other"
	sleep 1
	fails "$2, $1: it lives while sockets do" is_gone
	if [ $1 = TERM ]; then
		enough
		ok "$2, deleted: each byte still arrives" finish a inside 30
	else
		on a "kill -KILL \$(pidof xfer)"
	fi
	ok "$2, $1: it goes after them" wait_for $GONE is_gone
}

for how in TERM KILL; do
	[ $how = TERM ] || make_ns
	in_ns
	outlives $how TCP
done

# with sockets that use SMC, in a link group of their own
on a "smcnl pnet add NET2 eth0 rxe0"
groups="$(group_conns a), $(group_conns b)"
no_other() {
	[ "$(group_conns a), $(group_conns b)" = "$groups" ]
}
for how in TERM KILL; do
	make_smc_ns
	start a inside "$IN xfer client -m smc -k smc -d both -c 4 -n 4g -w rand -r rand -E 200 -T 300 $B 7000"
	wait_for 20 eval '[ "$(group_conns a), $(group_conns b)" = "4 0, 4 0" ]'
	sleep 1
	outlives $how SMC
	ok "SMC, $how: so do its link groups, of both sides" wait_for $GONE no_other
done
ok "the next connection uses SMC" connection smc

ok "server ends" stop b server
for guest in a b; do
	ok "the module goes from $guest" unload $guest
done
done_testing
