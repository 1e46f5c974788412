#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# Connections of all kinds survive the loss of the link they are on: quiet ones,
# half-closed ones, with small writes, with urgent data, without room. Those that
# close meanwhile leave nothing behind.
#
#	a  eth0/rxe0 ---- eth0/rxe0  b
#	   eth1/rxe1 ---- eth1/rxe1
#
# wires: 2
# capture: yes
# timeout: 300
. "$RIG_LIB"
. "$(dirname "$RIG_LIB")/traffic.sh"

# seconds that a connection stands still, and until both sides have one link, or
# two again
PAUSE=8
LINKS=10
# ... where nothing tells
CUT=10
# ... and until no connection is left
LEFT=5

# of each kind as many on each link, and of these as many that a writes to
KINDS="recv=4 poll=4 epoll=4 trickle=16 half=4 urgent=4 unread=4 blocked=4 close=16 shut=16"
COUNT=76

becomes() {
	become "$1" "$1" "$2: both groups are $1" ${3-$LINKS}
}

# bundles ADDRESS: messages of several connections from there, on eth0
bundles() {
	pcap 'infiniband.bth.opcode == 0 || infiniband.bth.opcode == 4' ip.src udp.payload |
		awk -v from=$1 '$1 == from && substr($2, 25, 4) == "f500"' | wc -l
}

are_set() {
	local guest

	for guest in a b; do
		log_of $guest lulls | grep -qx set || return 1
	done
}

# ends_on DEVICE: kinds that a has there as writer or as reader.
ends_on() {
	awk 'NR == FNR {is_there[$1]; next} $4 == "port" && $5 in is_there {print $2, $3}' \
		<(on a smcdiag | sed -n "s/.* src [^ ]*:\([0-9]*\) .* dev $1 .*/\1/p") \
		<(log_of a lulls) | sort -u
}

# say GUEST SIGNAL: what becomes of one that has failed is seen at the end.
say() {
	on $1 "kill -$2 \$(pidof lulls) 2>/dev/null || true"
}

# gap: the longest time, in ms, that one waited for bytes, or for the other's end
gap() {
	local guest

	for guest in a b; do
		log_of $guest lulls
	done | sed -n 's/.* longest gap \([0-9]*\) ms$/\1/p' | sort -n | tail -n 1
}

none_left() {
	wait_for $LEFT no_connection || note "$(on a "smcnl links") $(on b "smcnl links")"
	is "0 0" "$(group_conns a) $(group_conns b)" "$1: no connection is left within $LEFT s"
}

# survive NAME DEVICE PAUSE COMMAND: the link on a device goes. Meanwhile some close;
# others go on, at a before the loss is known, if it takes that long, at b after it.
survive() {
	local name=$1 kind ends ms guest

	start b lulls "lulls server -m smc -n $COUNT 7001"
	wait_port b 7001
	start a lulls "lulls client -m smc -k smc $B 7001 $KINDS"
	ok "$name: connections are set" wait_for 20 are_set
	is "$((COUNT / 2)) $((COUNT / 2))" "$(conns_on a rxe0) $(conns_on a rxe1)" \
		"$name: connections on both links"
	ends=$(for kind in $KINDS; do
		printf '%s reader\n%s writer\n' ${kind%=*} ${kind%=*}
	done | sort)
	is "$ends" "$(ends_on $2)" "$name: all kinds on that one, both ways"
	say a USR2 &
	say b USR2 &
	"${@:4}"
	wait
	say a USR1
	becomes single "$name" $3
	say b USR1
	sleep 1
	say a TERM
	say b TERM
	ok "$name: each byte arrived at b, and each end" finish b lulls 30
	ok "$name: each byte arrived at a, and each end" finish a lulls 30
	for guest in a b; do
		log_of $guest lulls | grep FAILED | sed "s/^/# $guest: /" || true
	done
	ms=$(gap)
	note "$name: ${ms:-no} ms without bytes at most"
	num "$ms -le $(($3 * 1000 * SLOW))" "$name: a pause of $3 s at most"
	none_left "$name"
}

for guest in a b; do
	on $guest "insmod /rig/smc_r_diag.ko
		modprobe -a sch_ingress act_gact cls_matchall; tc qdisc add dev eth1 ingress"
done
serve
ok "the first connection" on a "xfer client -m smc -k smc -n 100000 $B 7000"
becomes sym "a new group"
is "0 0" "$(bundles $A) $(bundles $B)" "one connection alone needs no bundles"

survive "the server's first device goes" rxe0 $PAUSE on b "rdma link del rxe0"
num "$(bundles $A) -ge 10" "the client's small writes shared messages"
num "$(bundles $B) -ge 10" "the server's, too"
on b "rdma link add rxe0 type rxe netdev eth0"
becomes sym "it returns"
survive "the client's second device goes" rxe1 $PAUSE on a "rdma link del rxe1"
on a "rdma link add rxe1 type rxe netdev eth1"
becomes sym "it returns"
survive "a wire is cut" rxe1 $CUT cut_wires eth1

no_fallback a
no_fallback b
ok "server ends" stop b server
for guest in a b; do
	ok "the module goes from $guest" unload $guest
done
done_testing
