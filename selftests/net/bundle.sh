#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# Small writes of several connections share messages.
#
#	a redis-benchmark, xfer ---- SMC-R over rxe0 ---- redis-server, xfer b
#
# capture: yes
# timeout: 200
. "$RIG_LIB"

REQUESTS=4000

# bundles ADDRESS: how many messages from there are bundles. The first four
# bytes behind the transport header (12): type, 0, length.
bundles() {
	pcap 'infiniband.bth.opcode == 0 || infiniband.bth.opcode == 4' \
		ip.src udp.payload |
		awk -v from=$1 '$1 == from && substr($2, 25, 4) == "f500"' | wc -l
}

start b redis "smc_run redis-server --protected-mode no --save '' --appendonly no"
wait_port b 6379
before=$(rdma_packets a)
ON_TIMEOUT=100 ok "requests of 1 client" on a \
	"smc_run redis-benchmark -h $B -t set -n 200 -c 1 -d 64 -q"
is "0 0" "$(bundles $A) $(bundles $B)" "one connection alone needs no bundles"
alone=$(($(rdma_packets a) - before))
num "$alone -ge 400" "nor do they save packets"
before=$(rdma_packets a)
ON_TIMEOUT=100 ok "requests of 16 clients at once" on a \
	"smc_run redis-benchmark -h $B -t set -n $REQUESTS -c 16 -d 64 -q"
packets=$(($(rdma_packets a) - before))
note "packets of a: $alone for 200 requests of one, $packets for $REQUESTS of 16"
num "$packets -lt $((REQUESTS * 3 / 2))" "16 clients save packets"
num "$(bundles $A) -ge 100" "requests share messages"
num "$(bundles $B) -ge 100" "so do answers"

# What is in them arrives in order, among writes that are too large.
start b xfer "xfer server -m smc 7000"
wait_port b 7000
for size in 1 100 1000 4000 8192 9000 rand; do
	bytes=100000
	[ $size != 1 ] || bytes=5000
	ON_TIMEOUT=100 ok "16 connections, both ways, $size bytes at a time" on a \
		"xfer client -m smc -k smc -n $bytes -w $size -r rand -d both \
			-c 16 $B 7000"
done
all_used_smc
ok "redis ends" stop b redis
ok "xfer ends" stop b xfer
for guest in a b; do
	ok "the module goes from $guest" unload $guest
done
is "" "$(rdma_resources a | grep smc_r)" "and leaves nothing"
done_testing
