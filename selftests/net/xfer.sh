#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# Much data, each byte checked and SHA-256 compared, in pieces of all sizes.
#
#	a xfer ---- SMC-R over rxe0 ---- xfer b
#
# timeout: 560
. "$RIG_LIB"

# a quarter of it, and a tenth with stock, unless there is time
SCALE=4
[ $RIG_PEERS = ours:ours ] || SCALE=10
[ -z "$RIG_LONG" ] || SCALE=1

start b server "xfer server -m smc 7000"
wait_port b 7000

# move BYTES NAME OPTIONS...: arrives unchanged, as many bytes of SMC and
# RDMA packets are counted, nothing by TCP. A slow kernel gets less of it.
move() {
	local bytes=$(($1 / SCALE / SLOW)) name tx rx packets begin=$SECONDS
	name="$((bytes / 1000)) kB $2"
	shift 2
	tx=$(smc_stat a tx_bytes)
	rx=$(smc_stat a rx_bytes)
	packets=$(($(rdma_packets a) + $(rdma_packets b)))
	ON_TIMEOUT=250 ok "$name" on a \
		"xfer client -m smc -k smc -n $bytes $* -T 240 $B 7000"
	num "$(($(smc_stat a tx_bytes) + $(smc_stat a rx_bytes) - tx - rx)) -ge $bytes" \
		"$name: counted by SMC"
	packets=$(($(rdma_packets a) + $(rdma_packets b) - packets))
	num "$packets -ge $((bytes / 4096))" "$name: went over RDMA"
	note "$name: $((SECONDS - begin)) s, $packets packets"
}

move 200000000 "up, 1 MB at a time" -w 1048576 -r 1048576
move 200000000 "down, a page at a time" -w 4096 -r 4096 -d down
move 50000000 "each way at once" -d both
move 10000000 "each way in random pieces, 8 connections" -d both \
	-w rand -r rand -c 8
move 300000 "up, a byte at a time" -w 1 -r 65536
move 100000 "down, read a byte at a time" -w 65536 -r 1 -d down
move 8000000 "up to a slow reader" -w 1048576 -r 16384 -s 5000
move 8000000 "down to a slow reader" -w 65536 -r 16384 -s 5000 -d down
move 2000000 "both ways, both slow" -w 4096 -r 4096 -s 5000 -d both

no_fallback a
no_fallback b
is 16 "$(smc_stat a client_v2)" "connections of the client"
wait_for 10 eval '[ "$(group_conns a)" = 0 ] && [ "$(group_conns b)" = 0 ]' || true
is "0 0" "$(group_conns a) $(group_conns b)" "one group each, no connection is left"
ok "server ends" stop b server
done_testing
