#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# Much at once: 10000 connections that live at the same time, 100000 short ones
# of 32 processes, twice 50000 of one process in a row, 64 processes that move and
# check data of all sizes for ten minutes. Memory is as before each time.
# Of what is short or moves data, half is closed by the server first, the rest by
# the client, or by both at once.
#
#	a conns, xfer ==== SMC-R over rxe0, many link groups ==== conns, xfer b
#
# Without "long" it is a tenth of that or less.
#
# memory: 2048
# timeout: 7000
. "$RIG_LIB"

OPEN=$(by_size 1000 10000)
SHORT=$(by_size 2000 100000)
ROW=$(by_size 1000 50000)
SECS=$(by_size 60 600)
# KiB of an idle connection, with rings of 16 KiB
IDLE=80
PROCS=32
WRITERS=64
MANY="ulimit -Hn 30000; ulimit -n 30000; exec"

# measure NAME: when all is closed.
measure() {
	local guest

	ok "$1: all are closed" wait_for 60 no_connection
	for guest in a b; do
		eval "slab_$guest=$(slab_unreclaim $guest)"
	done
	ok "$1: link groups end when memory is short" wait_for 30 no_group
	for guest in a b; do
		eval "slab_$guest=$(slab_unreclaim $guest) mem_$guest=$(memavail $guest)
			rdma_$guest='$(rdma_resources $guest)'"
	done
}

# as_before NAME CONNECTIONS: 100 bytes of slab for each, but 2 MiB may waver; a
# ring has 16 KiB.
as_before() {
	local bound=$((2048 + $2 / 10))

	measure "$1"
	note "$1: slab a $was_slab_a to $slab_a, b $was_slab_b to $slab_b KiB;" \
		"available a $was_mem_a to $mem_a, b $was_mem_b to $mem_b KiB"
	for guest in a b; do
		num "$((slab_$guest - was_slab_$guest)) -le $bound" "$1: unreclaimable slab of $guest"
		num "$((was_mem_$guest - mem_$guest)) -le $((bound * 4))" "$1: memory of $guest"
		eval "is \"\$was_rdma_$guest\" \"\$rdma_$guest\" \"$1: RDMA objects of $guest\""
	done
}

remember() {
	for guest in a b; do
		eval "was_slab_$guest=\$slab_$guest was_mem_$guest=\$mem_$guest was_rdma_$guest=\$rdma_$guest"
	done
}

for guest in a b; do
	on $guest "echo 0 >/proc/sys/net/ipv4/tcp_max_tw_buckets
		echo 16384 | tee /proc/sys/net/smc/rmem >/proc/sys/net/smc/wmem
		echo '10000 65000' >/proc/sys/net/ipv4/ip_local_port_range"
done
start b server "sh -c '$MANY conns server -m smc 7000'"
wait_port b 7000
# closes each connection after its echo
start b closer "sh -c '$MANY conns server -m smc -1 7002'"
wait_port b 7002
start b data "xfer server -m smc 7001"
wait_port b 7001
# The first ones fill caches.
on a "conns client -m smc -k smc -n 300 -p -b 50 -T 29 $B 7000
	conns client -m smc -k smc -n 100 -s -e server -T 29 $B 7002" >/dev/null
on a "xfer client -m smc -k smc -n 100k -c $WRITERS -d both -T 25 $B 7001" >/dev/null
measure "warm"
remember

begin=$SECONDS
start a open "sh -c '$MANY conns client -m smc -k smc -n $OPEN -H -b 64 -T 900 $B 7000'"
ok "$OPEN connections are open, and each has moved data" \
	wait_for 900 on a "grep -q '^holding $OPEN' /run/rig/open.log"
note "after $((SECONDS - begin)) s"
for guest in a b; do
	each=$(((was_mem_$guest - $(memavail $guest)) / OPEN))
	note "$guest: $(group_conns $guest | wc -w) link groups, $each KiB for a connection"
	[ $SLOW != 1 ] || num "$each -le $IDLE" "an idle connection of $guest has $IDLE KiB at most"
	is $OPEN "$(($(group_conns $guest | tr ' ' +)))" "$OPEN on $guest"
done
begin=$SECONDS
on a "kill -TERM \$(pidof conns)"
ok "each works while the others are open" finish a open 400
note "$(log_of a open)"
note "after $((SECONDS - begin)) s"
as_before "$OPEN connections" $OPEN

begin=$SECONDS
ON_TIMEOUT=900 ok "$SHORT short connections of $PROCS processes" on a "pids=
	for i in \$(seq $PROCS); do
		case \$((i % 4)) in
		0) who=client port=7000 ;;
		1) who=both port=7002 ;;
		*) who=server port=7002 ;;
		esac
		conns client -m smc -k smc -n $((SHORT / PROCS)) -s -e \$who -T 880 $B \$port &
		pids=\"\$pids \$!\"
	done
	for pid in \$pids; do wait \$pid || exit 1; done"
note "after $((SECONDS - begin)) s"
as_before "$SHORT short connections" $SHORT

for row in client:7000 server:7002; do
	name="$ROW in a row, closed by the ${row%:*} first"
	out=$(ON_TIMEOUT=1820 on a \
		"conns client -m smc -k smc -n $ROW -s -e ${row%:*} -T 1800 $B ${row#*:}" || true)
	like "^ok: asked=$ROW connected=$ROW failed=0 smc=$ROW " "$out" "$name"
	note "$out"
	as_before "$name" $ROW
done

no_fallback a
no_fallback b

# Where the answer to CONFIRM RKEY is 2 s behind the data of all others, a
# connection uses TCP.
# Each process: connections of random size, directions, pieces and pauses.
begin=$SECONDS
ON_TIMEOUT=$((SECS + 120)) ok "$WRITERS processes for $SECS s, each byte checked" on a "pids=
	for i in \$(seq $WRITERS); do
		bash -c 'RANDOM=\$0; dirs=(up down both); ends=(client both server server)
		end=\$((SECONDS + $SECS))
		while [ \$SECONDS -lt \$end ]; do
			xfer client -m smc -n \$((RANDOM * RANDOM % 3000000 + 1)) -w rand -r rand \
				-s \$((RANDOM % 3 * RANDOM)) -d \${dirs[RANDOM % 3]} -E \$((RANDOM % 8 + 1)) \
				-C \${ends[RANDOM % 4]} -T 100 $B 7001 >/run/moves.\$0 2>&1 ||
				{ cat /run/moves.\$0; exit 1; }
			echo >>/run/moved
			usleep \$((RANDOM * 10))
		done' \$i & pids=\"\$pids \$!\"
	done
	for pid in \$pids; do wait \$pid || exit 1; done"
moved=$(on a "wc -l </run/moved") fallback=$(smc_stat a fallback)
note "$moved connections, $((SECONDS - begin)) s"
num "$((fallback * 4)) -le $moved" "most of them use SMC"
as_before "$WRITERS processes" $WRITERS

ok "server ends" stop b data
on b "kill -TERM \$(pidof conns)"
for name in server closer; do
	ok "and $name" finish b $name 10
	like ' errors=0 ' "$(log_of b $name)" "$name had no error"
	note "$(log_of b $name)"
done
for guest in a b; do
	ok "the module goes from $guest" unload $guest
done
done_testing
