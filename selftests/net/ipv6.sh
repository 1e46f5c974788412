#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# The TCP connection runs over IPv6, or over IPv4 through an IPv6 socket.
#
#	a xfer, fd00::1 ---- SMC-R over rxe0 ---- fd00::2, xfer b
#
# kernels: 6.1 6.12
# peers: ours:ours
# timeout: 180
. "$RIG_LIB"
plan 17

start b server6 "xfer server -m smc -6 7006"
start b server4 "xfer server -m smc 7004"
wait_port b 7006
wait_port b 7004

# move NAME ARGUMENTS: 5 MB each way, by RDMA.
move() {
	local name=$1 packets
	shift
	packets=$(rdma_packets a)
	ON_TIMEOUT=60 ok "$name" on a \
		"xfer client -m smc -k smc -n 5000000 -d both -T 50 $*"
	num "$(($(rdma_packets a) - packets)) -ge 4500" "$name: over RDMA"
}

move "IPv6" -6 $B6 7006
move "IPv4 by an IPv6 socket to an IPv6 listener" -6 ::ffff:$B 7006
move "IPv4 by an IPv6 socket to an IPv4 listener" -6 ::ffff:$B 7004
move "IPv4 to an IPv6 listener" $B 7006
move "IPv4" $B 7004

start b redis "smc_run redis-server --bind $B6 --protected-mode no --save ''"
wait_port b 6379
is PONG "$(on a "smc_run redis-cli -h $B6 ping")" "redis over IPv6"
for guest in a b; do
	is 0 "$(smc_stat $guest fallback)" "no fallback on $guest"
done
num "$(smc_stat a client_v2) -ge 6" "all connections used SMC"
ok "redis ends" stop b redis
for server in server4 server6; do
	ok "$server ends" stop b $server
done
