#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# The completion queue is slow: its host is busy, or each look at it takes long.
# Connections and their link go on.
#
#	a xfer ---- SMC-R over rxe0 ---- xfer b, one of them slow
#
# timeout: 120
. "$RIG_LIB"
. "$(dirname "$RIG_LIB")/traffic.sh"

# ms of each look at the queue, and how many of them take so long
EACH=200
LOOKS=$(by_size 10 40)
# seconds that a connection may stand still
PAUSE=5

# the link group of each guest, by its number
groups() {
	on a "smcnl lgr" | awk '{print $2}'
	on b "smcnl lgr" | awk '{print $2}'
}

traffic() {
	writers move 4
	wait_for 10 eval '[ "$(group_conns a)" = 4 ]'
}

# has_been_slow GUEST: each time it was to be.
has_been_slow() {
	[ "$(on $1 "cat /sys/module/smcr_fault/parameters/failed")" = $LOOKS ]
}

# slow GUEST...: the queues of these
slow() {
	local guest

	traffic
	for guest in "$@"; do
		fault $guest symbol=rdma_rxe:rxe_poll_cq delay=$EACH times=$LOOKS
	done
	for guest in "$@"; do
		ok "slow at $*: $guest was" wait_for 20 has_been_slow $guest
		on $guest "rmmod smcr_fault"
	done
	sleep 1
	enough
	ok "slow at $*: each byte arrives" finish a move 60
	pause_ok "slow at $*" $PAUSE
	ok "slow at $*: the next connection uses SMC" connection smc
}

serve
ok "the first connection" connection smc
had=$(groups)
slow a
slow b
slow a b

# Completions come when another process does nothing but burn.
traffic
on b "for i in 1 2 3 4; do timeout 8 sh -c 'while :; do :; done' & done; wait" || true
enough
ok "b is busy: each byte arrives" finish a move 60
pause_ok "b is busy" $PAUSE
is "$had" "$(groups)" "by one link group"
all_used_smc
ok "server ends" stop b server
for guest in a b; do
	ok "the module goes from $guest" unload $guest
done
done_testing
