#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# Accepted sockets behave with SMC as with TCP.
#
#	a sockbeh ---- TCP, then SMC-R over rxe0 ---- sockbeh b
#
# capture: yes
# timeout: 400
. "$RIG_LIB"
. "$(dirname "$RIG_LIB")/sockbeh.sh"

start b tcp "sockbeh server -m tcp -T $SOCKBEH_T 7001"
start b smc "sockbeh server -m smc -T $SOCKBEH_T 7002"
wait_port b 7001
wait_port b 7002
compare accept $B 7001 7002 -r
num "$(smc_stat a connections) -ge 150" "the cases used SMC"
done_testing
