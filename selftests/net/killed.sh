#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# Programs are killed at random moments, 500 times in the long run: the other
# end is told, nothing remains.
#
#	a xfer, killed ---- SMC-R over rxe0 ---- xfer, killed b
#
# timeout: 560
. "$RIG_LIB"
. "$(dirname "$RIG_LIB")/traffic.sh"

TIMES=$(by_size 20 500)
# KiB; what the measurement wavers by
BOUND=2048

# killing GUEST TIMES FIRST: three clients at a time move data; every 150 ms or
# so an xfer of GUEST is killed, the FIRST oldest ones excepted.
killing() {
	on a "for i in 1 2 3; do
		until [ -e /run/enough ]; do
			xfer client -m smc -n 100m -w rand -r rand -d both -c 2 -T 20 $B 7000
		done >>/run/clients.log 2>&1 &
		done; wait" &
	on $1 "i=0; while [ \$i -lt $2 ]; do
		usleep \$((\$(od -An -N2 -tu2 /dev/urandom) * 4))
		pid=\$(pidof xfer | tr ' ' '\n' | sort -n | tail -n +$(($3 + 1)) | shuf -n 1)
		[ -z \"\$pid\" ] || { kill -KILL \$pid && i=\$((i + 1)); }; done" >/dev/null 2>&1
	on a "touch /run/enough; kill -KILL \$(pidof xfer)" 2>/dev/null || true
	wait $!
	on a "rm /run/enough"
}

no_connection() {
	[[ "$(group_conns a) $(group_conns b)" =~ ^[0\ ]*$ ]]
}

no_group() {
	[ -z "$(group_conns a)$(group_conns b)" ]
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
ON_TIMEOUT=60 killing a 5 0
measure "warm"
before_a=$slab_a before_b=$slab_b

ON_TIMEOUT=500 killing a $((TIMES / 2)) 0
measure "clients killed"
is "" "$(log_of b server | grep WRONG || true)" "clients killed: nothing wrong was read"

# not the one that listens
ON_TIMEOUT=500 killing b $((TIMES / 2)) 1
measure "servers killed"
is "" "$(on a "grep WRONG /run/clients.log" || true)" "servers killed: nothing wrong was read"
num "$(on a "grep -c '=ECONNRESET .* good$' /run/clients.log" || true) -ge 1" \
	"servers killed: clients see ECONNRESET"
num "$((slab_a - before_a)) -le $BOUND" "unreclaimable slab of a stays"
num "$((slab_b - before_b)) -le $BOUND" "and that of b"
note "slab: a $before_a to $slab_a, b $before_b to $slab_b KiB"
ok "the next connection uses SMC" connection smc

ok "server ends" stop b server
for guest in a b; do
	ok "the module goes from $guest" unload $guest
done
done_testing
