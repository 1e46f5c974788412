#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# Sockets of IPPROTO_SMC behave as those of TCP: connected ones over IPv4,
# accepted ones over IPv6.
#
#	a sockbeh ---- TCP, then SMC-R over rxe0 ---- sockbeh b
#
# timeout: 640
. "$RIG_LIB"
SOCKBEH_MODE=inet
. "$(dirname "$RIG_LIB")/sockbeh.sh"

start b tcp "sockbeh server -m tcp -T $SOCKBEH_T 7001"
start b smc "sockbeh server -m inet -T $SOCKBEH_T 7002"
start b tcp6 "sockbeh server -m tcp -6 -T $SOCKBEH_T 7003"
start b smc6 "sockbeh server -m inet -6 -T $SOCKBEH_T 7004"
for port in 7001 7002 7003 7004; do
	wait_port b $port
done
compare connect $B 7001 7002
compare "accept, IPv6" $B6 7003 7004 -6 -r
num "$(smc_stat a connections) -ge 300" "the cases used SMC"
done_testing
