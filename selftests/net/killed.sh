#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# Programs are killed at random moments, 500 times in the long run: the other
# end of each is told, nobody else is, nothing remains.
#
#	a xfer, killed ---- SMC-R over rxe0 ---- xfer, killed b
#
# timeout: 560
. "$RIG_LIB"
. "$(dirname "$RIG_LIB")/traffic.sh"

TIMES=$(by_size 16 500)
# KiB; what the measurement wavers by
BOUND=2048
# seconds until the other end is told
SOON=10

# xfers of a guest that are not dead yet and have a connection, or are about to: one
# process begins them, and they have others compute digests
LIVING='living() { for pid in $(pidof xfer); do
	read -r pid name state parent rest </proc/$pid/stat && [ $state != Z ] &&
		read -r x name state grandparent rest </proc/$parent/stat && [ $name = "(xfer)" ] &&
		read -r x name rest </proc/$grandparent/stat && [ $name != "(xfer)" ] && echo $pid
	done 2>/dev/null; }'

# What an end prints that was told, in the middle or at the end of what it did,
# and one that was not.
REASON="0|ECONNRESET|EPIPE|EOF"
TOLD="cut: send=($REASON) receive=($REASON) received=[0-9]+ good\$"
TOLD+="|\(last error: (Connection reset by peer|Broken pipe|No data available)\)\$"
WELL="^\[[01]\] ((up|down) (sent=|received=|longest gap |ok\$)|transport=)"

told() {
	grep -cE "$TOLD" || true
}

strange() {
	grep -vE "$TOLD|$WELL|^\$|^(ok|FAILED): 2 conn|^a connection ended by signal 9\$|^Killed\$" || true
}

# killing GUEST TIMES NAME: three clients at a time move data over two connections
# each; every 150 ms or so an end of GUEST is killed, and all of them in the end.
killing() {
	local pid killed clients servers lines own other

	lines=$(log_of b server | wc -l)
	on a "for i in 1 2 3; do
		until [ -e /run/enough ]; do
			xfer client -m smc -n 4g -E 3 -w rand -r rand -d both -c 2 -T 30 $B 7000 \
				>>/run/rig/clients.log 2>&1
		done &
		done; wait" &
	pid=$!
	killed=$(on $1 "$LIVING; i=0; while [ \$i -lt $2 ]; do
		usleep \$((\$(od -An -N2 -tu2 /dev/urandom) * 4))
		pid=\$(living | shuf -n 1)
		[ -z \"\$pid\" ] || { kill -KILL \$pid && i=\$((i + 1)); }; done 2>/dev/null; echo \$i")
	on a "touch /run/enough"
	# those that begin just now, too
	killed=$((killed + $(on $1 "$LIVING; i=0; for round in 1 2 3 4 5 6 7 8 9 10; do
		for pid in \$(living); do kill -KILL \$pid && i=\$((i + 1)); done 2>/dev/null
		usleep 200000; done; echo \$i")))
	began=$SECONDS
	wait $pid
	ok "$3: the other ends end" wait_for $SOON only_listeners b 1
	num "$((SECONDS - began)) -le $((SOON * SLOW))" "$3: within $SOON s"

	note "$3: the last ones after $((SECONDS - began)) s"
	clients=$(log_of a clients) servers=$(log_of b server | tail -n +$((lines + 1)))
	[ $1 = a ] && own=$clients other=$servers || own=$servers other=$clients
	on a "rm /run/enough /run/rig/clients.log"
	note "$3: $killed killed, $(told <<<"$other") told"
	# who was killed may have had no connection yet, or none any more
	num "$(told <<<"$other") -ge $((killed / 2))" "$3: other ends are told"
	num "$(told <<<"$other") -le $killed" "$3: as many as were killed, at most"
	is "" "$(grep -E "$TOLD" <<<"$own")" "$3: nobody beside them is told"
	is "" "$(strange <<<"$own"$'\n'"$other")" "$3: nothing else happens, no byte is wrong"
}

# measure NAME: sets slab_*; groups without connections end when
# memory is short.
measure() {
	ok "$1: no connection is left" wait_for 60 no_connection
	slab_a=$(slab_unreclaim a) slab_b=$(slab_unreclaim b)
	ok "$1: no link group either" wait_for 10 no_group
	ok "$1: RDMA objects are as before" wait_for 10 \
		eval '[ "$rdma" = "$(rdma_resources a), $(rdma_resources b)" ]'
}

for guest in a b; do
	on $guest "echo 0 >/proc/sys/net/ipv4/tcp_max_tw_buckets"
done
rdma="$(rdma_resources a), $(rdma_resources b)"
serve
ON_TIMEOUT=60 killing a 3 "warm"
measure "warm"
before_a=$slab_a before_b=$slab_b

ON_TIMEOUT=500 killing a $((TIMES / 2)) "clients killed"
measure "clients killed"

ON_TIMEOUT=500 killing b $((TIMES / 2)) "servers killed"
measure "servers killed"
num "$((slab_a - before_a)) -le $BOUND" "unreclaimable slab of a stays"
num "$((slab_b - before_b)) -le $BOUND" "and that of b"
note "slab: a $before_a to $slab_a, b $before_b to $slab_b KiB"
ok "the next connection uses SMC" connection smc

ok "server ends" stop b server
for guest in a b; do
	ok "the module goes from $guest" unload $guest
done
done_testing
