#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# Redis, unchanged, under smc_run: all of its data goes by RDMA.
#
#	a redis-benchmark ---- SMC-R over rxe0 ---- redis-server b
#
# capture: yes
# timeout: 180
. "$RIG_LIB"
plan 17

before_a=$(rdma_packets a)
before_b=$(rdma_packets b)
start b redis "smc_run redis-server --protected-mode no --save '' --appendonly no"
wait_port b 6379
ON_TIMEOUT=100 ok "redis-benchmark: SET and GET of 1 KiB, 4 clients" on a \
	"smc_run redis-benchmark -h $B -t set,get -n 2000 -c 4 -d 1024 -q"
ON_TIMEOUT=100 ok "redis-benchmark: SET and GET of 100 kB, pipelined" on a \
	"smc_run redis-benchmark -h $B -t set,get -n 100 -c 2 -d 100000 -P 4 -q"
is PONG "$(on a "smc_run redis-cli -h $B ping")" "redis-cli gets its answer"
is "$(seq 20000 | md5sum)" \
	"$(on a "seq 20000 | smc_run redis-cli -h $B -x set key >/dev/null
		smc_run redis-cli -h $B --raw get key | head -c -1 | md5sum")" \
	"a value comes back as it was stored"

num "$(smc_stat a client_v2) -ge 8" "client handshakes of SMC version 2"
is "$(smc_stat a client_v2)" "$(smc_stat b server_v2)" "as many of the server"
for guest in a b; do
	is 0 "$(smc_stat $guest fallback)" "no fallback to TCP on $guest"
	is 0 "$(smc_stat $guest client_errors)" "no failed handshake on $guest"
done
num "$(smc_stat a tx_bytes) -ge 12000000" "payload sent through SMC"
num "$(smc_stat b rx_bytes) -ge 12000000" "payload received through SMC"
# 1024 is the RDMA MTU: 20 MB each way.
num "$(($(rdma_packets a) - before_a)) -ge 14000" "requests went over RDMA"
num "$(($(rdma_packets b) - before_b)) -ge 14000" "answers went over RDMA"
is "1 1" "$(on a 'smcnl lgr' | wc -l) $(on b 'smcnl lgr' | wc -l)" \
	"all of it in one link group"
like '^lgr 0x.* role server .* version 2 eid SMC-R-DEFAULT-EID ' \
	"$(on b 'smcnl lgr')" "link group of the server"
ok "redis ends" stop b redis
