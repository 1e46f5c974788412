#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# The peer's host knows nothing of SMC: everything goes by TCP.
#
#	a  SMC socket ---- TCP ---- TCP socket  b	and the reverse
#
# timeout: 120
. "$RIG_LIB"
plan 9

case $RIG_PEERS in
ours:none)
	ours=a role=client client=smc server=tcp
	;;
none:ours)
	ours=b role=server client=tcp server=smc
	;;
esac
packets=$(rdma_packets $ours)
start b server "xfer server -m $server 7000"
start b server6 "xfer server -m $server -6 7006"
wait_port b 7000
wait_port b 7006
ON_TIMEOUT=60 ok "data flows" on a \
	"xfer client -m $client -k tcp -n 10m -d both -T 50 $B 7000"
ON_TIMEOUT=60 ok "data flows over IPv6" on a \
	"xfer client -m $client -k tcp -6 -n 10m -d both -T 50 $B6 7006"
ok "many connections" on a \
	"xfer client -m $client -k tcp -n 10k -d both -c 20 -T 20 $B 7000"
is 22 "$(reason_count $ours $role 0x03010000)" "reason: the peer has no SMC"
is 22 "$(smc_stat $ours fallback)" "no other fallback"
is 0 "$(smc_stat $ours connections)" "no SMC connection"
is "$packets" "$(rdma_packets $ours)" "nothing went over RDMA"
ok "server ends" stop b server
ok "server6 ends" stop b server6
