# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash
#
# What stock_client and stock_server have in common: one guest is the kernel's
# own SMC, the other ours.

# redis and its counters, over a link group that is then used again.
stock_redis() {
	local packets

	packets=$(rdma_packets a)
	start b redis "smc_run redis-server --protected-mode no --save '' --appendonly no"
	wait_port b 6379
	ON_TIMEOUT=100 ok "redis-benchmark runs" on a \
		"smc_run redis-benchmark -h $B -t set,get -n 1000 -c 4 -d 1024 -q"
	num "$(smc_stat a client_v2) -ge 4" "client handshakes of SMC version 2"
	is "$(smc_stat a client_v2)" "$(smc_stat b server_v2)" "as many of the server"
	num "$(smc_stat a tx_bytes) -ge 1024000" "payload sent through SMC"
	num "$(smc_stat b rx_bytes) -ge 1024000" "payload received through SMC"
	num "$(($(rdma_packets a) - packets)) -ge 2000" "payload went over RDMA"
	like '^lgr 0x.* role client .* version 2 eid SMC-R-DEFAULT-EID ' \
		"$(on a 'smcnl lgr')" "link group of the client"
	like '^lgr 0x.* role server .* version 2 eid SMC-R-DEFAULT-EID ' \
		"$(on b 'smcnl lgr')" "link group of the server"
	ok "redis-benchmark again" on a \
		"smc_run redis-benchmark -h $B -t get -n 200 -c 2 -d 100 -q"
	is "1 1" "$(on a 'smcnl lgr' | wc -l) $(on b 'smcnl lgr' | wc -l)" \
		"in the same link group"
	ok "redis ends" stop b redis
}

stock_xfer() {
	local direction

	start b xfer "xfer server -m smc 7000"
	wait_port b 7000
	for direction in up down both; do
		ON_TIMEOUT=70 ok "xfer $direction: 10 MB with SHA-256" on a \
			"xfer client -m smc -k smc -n 10m -d $direction -T 60 $B 7000"
	done
	ON_TIMEOUT=70 ok "xfer in random pieces, 4 connections" on a \
		"xfer client -m smc -k smc -n 1m -d both -w rand -r rand -c 4 -T 60 $B 7000"
	ON_TIMEOUT=70 ok "xfer to a slow reader" on a \
		"xfer client -m smc -k smc -n 1m -r 8192 -s 3000 -d both -T 60 $B 7000"
	ok "xfer server ends" stop b xfer
}

# stock_sockbeh OURS STOCK ADDRESS OPTIONS...: half-close, end of file, reset
# and urgent data as over TCP, at our end; ADDRESS is that of the stock guest.
# Behind an urgent byte stock sends nothing before all is read (wire.md 8.6).
stock_sockbeh() {
	local ours=$1 stock=$2 address=$3 name run wanted before
	local cases="half_close_both half_close_peer_first half_close_large
		close_peer_reads_eof close_peer_unread peer_close_then_ours
		urgent_send urgent_alone urgent_ignored urgent_sigurg
		urgent_often"

	run="sockbeh client -T 3 ${*:4}"
	before=$(smc_stat $ours connections)
	start $stock tcp "sockbeh server -m tcp -T 3 7001"
	start $stock smc "sockbeh server -m smc -T 3 7002"
	wait_port $stock 7001
	wait_port $stock 7002
	for name in $cases; do
		wanted=$(on $ours "$run -m tcp -t $name $address 7001")
		like "^$name: .*=" "$wanted" "$name ends over TCP"
		is "$wanted" "$(on $ours "$run -m smc -t $name $address 7002")" \
			"$name as over TCP"
	done
	# Each uses a connection, a few more than one.
	num "$(($(smc_stat $ours connections) - before)) -ge $(wc -w <<<"$cases")" \
		"these used SMC"
	ok "sockbeh server ends" stop $stock smc
	stop $stock tcp
}

stock_end() {
	all_used_smc
	wait_for 15 eval '[ "$(group_conns a)" = 0 ] && [ "$(group_conns b)" = 0 ]' || true
	is "0 0" "$(group_conns a) $(group_conns b)" "no connection is left"
}
