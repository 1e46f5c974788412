#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# Sockets behave with SMC as with TCP, over IPv6.
#
#	a sockbeh ---- TCP, then SMC-R over rxe0 ---- sockbeh b
#
# capture: yes
# timeout: 400
. "$RIG_LIB"
. "$(dirname "$RIG_LIB")/sockbeh.sh"

start b tcp "sockbeh server -m tcp -6 -T $SOCKBEH_T 7001"
start b smc "sockbeh server -m smc -6 -T $SOCKBEH_T 7002"
wait_port b 7001
wait_port b 7002
compare IPv6 $B6 7001 7002 -6
num "$(smc_stat a connections) -ge 100" "the cases used SMC"
done_testing
