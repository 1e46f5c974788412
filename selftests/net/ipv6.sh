#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# The TCP connection runs over IPv6, or over IPv4 through an IPv6 socket.
#
#	a xfer, fd00::1 ---- SMC-R over rxe0 ---- fd00::2, xfer b
#
# capture: yes
# timeout: 180
. "$RIG_LIB"

start b server6 "xfer server -m smc -6 7006"
start b server4 "xfer server -m smc 7004"
wait_port b 7006
wait_port b 7004

# What stock leaves to TCP: IPv6, and any IPv6 socket of a client.
ipv6=smc mapped=smc
[ $RIG_PEERS = ours:ours ] || ipv6=tcp
[ "$(role_of a)" = ours ] || mapped=tcp
declare -A used=([smc]=0 [tcp]=0)

# move NAME KIND ARGUMENTS: 5 MB each way, by SMC and RDMA or by TCP.
move() {
	local name=$1 kind=$2 packets
	shift 2
	packets=$(rdma_packets a)
	ON_TIMEOUT=60 ok "$name" on a \
		"xfer client -m smc -k $kind -n 5000000 -d both -T 50 $*"
	used[$kind]=$((used[$kind] + 1))
	packets=$(($(rdma_packets a) - packets))
	case $kind in
	smc) num "$packets -ge 4500" "$name: over RDMA" ;;
	tcp) num "$packets -le 100" "$name: by TCP" ;;
	esac
}

move "IPv6" $ipv6 -6 $B6 7006
move "IPv4 by an IPv6 socket to an IPv6 listener" $mapped -6 ::ffff:$B 7006
move "IPv4 by an IPv6 socket to an IPv4 listener" $mapped -6 ::ffff:$B 7004
move "IPv4 to an IPv6 listener" smc $B 7006
move "IPv4" smc $B 7004

start b redis "smc_run redis-server --bind $B6 --protected-mode no --save ''"
wait_port b 6379
is PONG "$(on a "smc_run redis-cli -h $B6 ping")" "redis over IPv6"
used[$ipv6]=$((used[$ipv6] + 1))
for guest in a b; do
	is ${used[tcp]} "$(smc_stat $guest fallback)" "no other fallback on $guest"
done
is ${used[smc]} "$(smc_stat a client_v2)" "connections that used SMC"
ok "redis ends" stop b redis
for server in server4 server6; do
	ok "$server ends" stop b $server
done
done_testing
