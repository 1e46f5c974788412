#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# A bad network: packets are lost, late, twice, in another order, or all lost
# for a while. Connections go on; each byte is checked.
#
#	a xfer ---- SMC-R over rxe0, netem where packets come in ---- xfer b
#
# Not where they leave: of rxe on 6.12 a queue pair fails when the queueing
# discipline of its own host drops a packet.
#
# timeout: 900
. "$RIG_LIB"
. "$(dirname "$RIG_LIB")/traffic.sh"

SECS=$(by_size 2 60)
# a connection stands still for so long at most
PAUSE=10
# when each direction may be done with what was under way
LATE=$(by_size 20 60)

netem() {
	local guest

	for guest in a b; do
		on $guest "tc qdisc replace dev ifb0 root netem limit 5000 $*"
	done
}

# netem_for SECONDS NETEM...: each guest looks at its own clock. Not with the tc of
# busybox, which its shell would take.
netem_for() {
	local guest

	netem "${@:2}"
	for guest in a b; do
		start $guest mend "sleep $1; /usr/bin/tc qdisc replace dev ifb0 root netem limit 5000 delay 0"
	done
}

# counted packets|drops: of what the queueing disciplines of both have met.
counted() {
	local guest

	for guest in a b; do
		on $guest "tc -s -j qdisc show dev ifb0"
	done | grep -o "\"$1\":[0-9]*" | awk -F : '{n += $2} END {print n + 0}'
}

# rxe COUNTER: of both.
rxe() {
	local guest

	for guest in a b; do
		on $guest "cat /sys/class/infiniband/rxe0/ports/1/hw_counters/$1"
	done | awk '{n += $1} END {print n}'
}

# met NETEM...: how often packets met just this.
met() {
	case $* in
	loss*)      counted drops ;;
	*reorder*)  rxe out_of_seq_request ;;
	duplicate*) rxe duplicate_request ;;
	*)          counted packets ;;
	esac
}

# under NAME NETEM...: writers both ways for SECS seconds of it, whose
# connections all live on and are exact, and move data all the time.
under() {
	local name=$1 rx packets before
	shift

	packets=$(counted packets) before=$(met "$@")
	writers move 4
	wait_for 20 eval '[ "$(group_conns a)" = 4 ]'
	rx=$(smc_stat b rx_bytes)
	netem_for $SECS "$@"
	[ "$*" != "delay 50ms" ] || slow_path "$name" 100
	sleep $SECS
	is 4 "$(group_conns a)" "$name: all connections live after $SECS s"
	num "$(met "$@") -gt $before" "$name: so it was"
	[ $1 = loss ] || num "$(counted packets) -gt $((packets + 100))" "$name: packets were met"
	ok "$name: it is over" finish a mend 20
	ok "$name: at the other host, too" finish b mend 20
	note "$name: $((($(smc_stat b rx_bytes) - rx) / 1000)) kB to b"
	enough
	ok "$name: each byte arrives, once and in order" finish a move $LATE
	pause_ok "$name" $PAUSE
}

# slow_path NAME MS: a packet and its answer take so long at least.
slow_path() {
	local ms

	ms=$(on a "ping -c 1 $B" | sed -n 's/.* time=\([0-9]*\).*/\1/p' || true)
	num "$ms -ge $2" "$1: $2 ms there and back"
}

serve
for guest in a b; do
	on $guest "modprobe -a sch_netem sch_ingress act_mirred cls_matchall
		modprobe ifb numifbs=0; ip link add ifb0 type ifb; ip link set ifb0 up
		tc qdisc add dev eth0 ingress
		tc filter add dev eth0 ingress matchall action mirred egress redirect dev ifb0"
done
under "1 % lost" loss 1%
under "5 % lost" loss 5%
under "20 % lost" loss 20%
under "50 ms late" delay 50ms
under "10 % out of order" delay 5ms reorder 90%
under "5 % twice" duplicate 5%
SECS=5 under "wire cut for 5 s" loss 100%
ok "the next connection uses SMC" connection smc
is 1 "$(on a 'smcnl lgr' | wc -l)" "all by one link group"
all_used_smc

# too_long SECONDS: for the connections; peer_gone has the like of it.
too_long() {
	local name="wire cut for $1 s"

	busy
	netem loss 100%
	began=$SECONDS
	cut_at_client "$name" $LOST
	cut_at_server "$name" $LOST
	while [ $((SECONDS - began)) -lt $1 ]; do
		sleep 0.2
	done
	netem delay 0
	works_again "$name"
}

[ -z "$RIG_LONG" ] || too_long 60
ok "server ends" stop b server
for guest in a b; do
	ok "the module goes from $guest" unload $guest
done
done_testing
