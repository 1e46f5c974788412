#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# A link group without connections stays for ten minutes, in which a connection
# uses it and the time begins anew. Then it ends on both sides.
#
#	a xfer ---- SMC-R over rxe0 ---- xfer b
#
# timeout: 1200
. "$RIG_LIB"
. "$(dirname "$RIG_LIB")/traffic.sh"

# seconds that it stays, what that wavers by, and when a connection comes
STAYS=600
WAVERS=20
AGAIN=120

# the numbers of its link groups
groups() {
	on $1 "smcnl lgr" | awk '{print $2}' | xargs
}

serve
rdma="$(rdma_resources a), $(rdma_resources b)"
ok "the first connection" connection smc
had="$(groups a) $(groups b)"
sleep $AGAIN
ok "one after $AGAIN s" connection smc
is "$had" "$(groups a) $(groups b)" "by the same link group"
sleep $((STAYS - WAVERS))
is "$had" "$(groups a) $(groups b)" "$((STAYS - WAVERS)) s later it is there"
ok "after $STAYS s it ends on both sides" wait_for $((2 * WAVERS)) no_group
ok "and so do its RDMA objects" wait_for 10 eval '[ "$rdma" = "$(rdma_resources a), $(rdma_resources b)" ]'
ok "the next connection uses SMC" connection smc
num "$(groups b | wc -w) -eq 1" "by a new link group"
ok "server ends" stop b server
done_testing
