#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# On hosts whose kernel has IPv6 disabled, SMC is for IPv4, and what asks for
# IPv6 is told what it is told of TCP.
#
#	a clients, tools ---- SMC-R over rxe0 ---- servers b, both with ipv6.disable=1
#
# cmdline: ipv6.disable=1
. "$RIG_LIB"

# EAFNOSUPPORT is 97
for guest in a b; do
	is "10,1,6: errno=97
10,1,256: errno=97
43,1,1: errno=97" "$(on $guest "socktest 10,1,6 10,1,256 43,1,1")" "$guest: no sockets of IPv6"
	is "43 2" "$(on $guest "socktest 43,1,0 2,1,256" | sed 's/.* domain=\([0-9]*\) .*/\1/' | xargs)" \
		"$guest: those of IPv4 are there"
	is "97" "$(on $guest "smc_run -m preload socktest 10,1,0 2>&1" | sed 's/.*errno=//')" \
		"$guest: smc_run converts none of IPv6"
done
for mode in smc inet; do
	start b $mode "xfer server -m $mode 7000"
	wait_port b 7000
	ok "a connection ($mode)" on a "xfer client -m $mode -k smc -n 1000000 -d both $B 7000"
	ok "the server ends ($mode)" stop b $mode
done
start b tcp "xfer server -m tcp 7001"
wait_port b 7001
ok "one that falls back" on a "xfer client -m smc -k tcp -n 1000000 -d both $B 7001"
start b redis "smc_run redis-server --protected-mode no --save '' --appendonly no"
wait_port b 6379
before=$(smc_stat a client_v2)
ok "redis" on a "smc_run redis-benchmark -h $B -t set,get -n 500 -c 4 -q"
num "$(smc_stat a client_v2) -ge $((before + 4))" "its connections use SMC"
ok "redis ends" stop b redis
like "ok +device" "$(on a "smcr doctor 2>&1" || true)" "the doctor finds the device"
ok "smcss" on a "insmod /rig/smc_r_diag.ko && smcss -a && rmmod smc_r_diag"
for guest in a b; do
	ok "$guest: the module goes" unload $guest
	is "43,1,0: errno=97" "$(on $guest "socktest 43,1,0")" "$guest: and its sockets"
	ok "$guest: and comes again" load $guest
done
done_testing
