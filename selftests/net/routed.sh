#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# Peers on different subnets: each has a gateway on the way, RoCEv2 is routed.
#
#	a 10.0.1.1 ---- 10.0.1.254 | 10.0.2.254 ---- 10.0.2.2 b
#
# The gateway has the MAC of the other end, so that two guests are enough.
#
# capture: yes
# timeout: 240
. "$RIG_LIB"

FAR_A=10.0.1.1
FAR_B=10.0.2.2

mac() {
	on $1 "cat /sys/class/net/eth0/address"
}

# move GUEST ADDRESS GATEWAY MAC SUBNET: to another subnet.
move() {
	on $1 "ip addr flush dev eth0 scope global && ip addr add $2/24 dev eth0 &&
		ip neigh replace $3 lladdr $4 dev eth0 && ip route add $5 via $3 &&
		/rig/wait-gid rxe0 $2"
}

move a $FAR_A 10.0.1.254 "$(mac b)" 10.0.2.0/24
move b $FAR_B 10.0.2.254 "$(mac a)" 10.0.1.0/24

start b xfer "xfer server -m smc 7000"
wait_port b 7000
packets=$(rdma_packets a)
ON_TIMEOUT=70 ok "10 MB each way" on a \
	"xfer client -m smc -k smc -n 10m -d both -T 60 $FAR_B 7000"
num "$(($(rdma_packets a) - packets)) -ge 9000" "over RDMA"
ON_TIMEOUT=70 ok "a second connection" on a \
	"xfer client -m smc -k smc -n 1m -d both -T 60 $FAR_B 7000"
is "1 1" "$(on a 'smcnl lgr' | wc -l) $(on b 'smcnl lgr' | wc -l)" \
	"in the same link group"
is "$FAR_A 64 $FAR_B 64" "$(pcap 'udp.dstport == 4791' ip.src ip.ttl | sort -u | xargs)" \
	"from there to there, with a hop limit for routers"
all_used_smc

ok "xfer server ends" stop b xfer
done_testing
