#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# SMC sockets that have fallen back behave as TCP sockets: there is no RDMA
# device, which the server learns by a DECLINE.
#
#	a sockbeh ---- TCP ---- sockbeh b
#
# rdma: none
# capture: yes
# timeout: 400
. "$RIG_LIB"
. "$(dirname "$RIG_LIB")/sockbeh.sh"

start b tcp "sockbeh server -m tcp -T $SOCKBEH_T 7001"
start b smc "sockbeh server -m smc -T $SOCKBEH_T 7002"
wait_port b 7001
wait_port b 7002
compare "no RDMA device" $B 7001 7002
num "$(reason_count a client 0x03030000) -ge 100" "clients declined"
is 0 "$(smc_stat a connections)" "nothing used SMC"
done_testing
