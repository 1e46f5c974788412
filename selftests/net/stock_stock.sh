#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# The kernel's own SMC on both sides: shows that the rig can serve as its
# peer, and that SMC-R over software RDMA works at all here.
#
#	a redis-benchmark ---- SMC-R over rxe0 ---- redis-server b
#
# 6.12 only: on 6.1 its link confirmation never arrives over rxe.
#
# rdma: both
# timeout: 180
. "$RIG_LIB"
plan 13

for guest in a b; do
	is SMC-R-DEFAULT-EID "$(on $guest 'smcnl ueid list')" "EID of $guest"
done
before=$(rdma_packets a)
start b redis "smc_run redis-server --protected-mode no --save '' --appendonly no"
wait_port b 6379
ON_TIMEOUT=100 ok "redis-benchmark runs" on a \
	"smc_run redis-benchmark -h $B -t set,get -n 2000 -c 4 -d 1024 -q"

num "$(smc_stat a client_v2) -ge 4" "client handshakes of SMC version 2"
num "$(smc_stat b server_v2) -ge 4" "server handshakes of SMC version 2"
for guest in a b; do
	is 0 "$(smc_stat $guest fallback)" "no fallback to TCP on $guest"
done
num "$(smc_stat a tx_bytes) -ge 2048000" "payload sent through SMC"
num "$(smc_stat b rx_bytes) -ge 2048000" "payload received through SMC"
num "$(($(rdma_packets a) - before)) -ge 2000" "payload went over RDMA"
like '^lgr 0x.* role client type single .* version 2 eid SMC-R-DEFAULT-EID ' \
	"$(on a 'smcnl lgr')" "link group of the client"
like '^link 1 .* dev rxe0 port 1 state active .*gid .*:ffff:0a00:0001 peer_gid .*:ffff:0a00:0002$' \
	"$(on a 'smcnl links')" "its link"
ok "redis ends" stop b redis
