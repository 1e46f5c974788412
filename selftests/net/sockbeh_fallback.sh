#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# SMC sockets that have fallen back behave as TCP sockets: their peer has no
# SMC.
#
#	a sockbeh ---- TCP ---- sockbeh b
#
# rdma: none
# timeout: 560
. "$RIG_LIB"
. "$(dirname "$RIG_LIB")/sockbeh.sh"

start b tcp "sockbeh server -m tcp -T $SOCKBEH_T 7001"
wait_port b 7001
compare "peer without SMC" $B 7001 7001
compare "peer without SMC, accept" $B 7001 7001 -r
num "$(reason_count a client 0x03010000) -ge 100" "clients found no SMC"
num "$(reason_count a server 0x03010000) -ge 10" "listeners found no SMC"

on a "ip rule add fwmark 0x77 prohibit"
is "mark_reroutes: send=1 mark=0 send=1 unsent=1" \
	"$(on a "sockbeh client -v -x -m smc -t mark_reroutes $B 7001")" \
	"SO_MARK of a connection changes its route"
is 0 "$(smc_stat a connections)" "nothing used SMC"
done_testing
