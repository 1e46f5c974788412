#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# The RDMA device is the one of the interface that the route uses: below a
# VLAN, on a bridge, on a bond, and of several the right one.
#
#	a conns ---- SMC-R over rxe0 or rxe1 ---- conns b
#
# capture: yes
# timeout: 240
. "$RIG_LIB"

start b server "conns server -m smc 7000"
wait_port b 7000

# uses WHAT NAME ADDRESS: what connections to there use.
uses() {
	ok "$2: $1 is used" on a "conns client -m smc -k $1 -n 3 -p -T 20 $3 7000"
}

# stock looks for the device on the lowest interface only
upper=smc
[ $RIG_PEERS = ours:ours ] || upper=tcp

both() {
	on a "N=1; $1"
	on b "N=2; $1"
}

# links: devices of the link groups of a, in order.
links() {
	on a "smcnl links" | sed 's/.* dev \([^ ]*\) .*/\1/' | sort | xargs
}

uses smc "interface itself" $B
like 'dev rxe0 ' "$(on a 'smcnl links')" "by rxe0"

both "modprobe 8021q; ip link add link eth0 name eth0.5 type vlan id 5 &&
	ip addr add 10.5.0.\$N/24 dev eth0.5 && ip link set eth0.5 up &&
	/rig/wait-gid rxe0 10.5.0.\$N"
uses smc "VLAN" 10.5.0.2
num "$(pcap 'vlan.id == 5 && udp.dstport == 4791' ip.src | wc -l) -ge 10" \
	"RDMA goes through the VLAN"
is "0 5" "$(on a 'smcnl lgr' | sed 's/.* vlan //' | sort -n | xargs)" "by a group of its own, which tells of it"
is "0 0x5" "$(on a "smcr linkgroup" | awk 'NR > 1 {print $4}' | sort | xargs)" "as smcr shows it"

# Nobody's route goes there.
both "modprobe dummy numdummies=0; ip link add dummy0 type dummy && ip link set dummy0 up &&
	ip addr add 10.6.0.\$N/32 dev dummy0 && rdma link add rxe1 type rxe netdev dummy0 &&
	/rig/wait-gid rxe1 10.6.0.\$N"
uses smc "another device beside it" $B
is "rxe0 rxe0" "$(links)" "which is not used"
both "rdma link del rxe0"
uses tcp "only the other device is left" $B
both "rdma link del rxe1; ip link del dummy0; ip link del eth0.5"

both "modprobe bridge; ip link add br0 type bridge && ip addr flush dev eth0 scope global &&
	ip link set eth0 master br0 && ip link set br0 up &&
	ip addr add 10.0.0.\$N/24 dev br0 && rdma link add rxe0 type rxe netdev br0 &&
	/rig/wait-gid rxe0 10.0.0.\$N"
uses $upper "bridge" $B
[ $upper = tcp ] || like 'dev rxe0 ' "$(on a 'smcnl links')" "by rxe0 on it"
both "rdma link del rxe0; ip link set eth0 nomaster; ip link del br0"

both "modprobe bonding max_bonds=0
	ip link add bond0 type bond mode active-backup && ip link set eth0 down &&
	ip link set eth0 master bond0 && ip link set bond0 up &&
	ip addr add 10.0.0.\$N/24 dev bond0 && rdma link add rxe0 type rxe netdev bond0 &&
	/rig/wait-gid rxe0 10.0.0.\$N"
uses $upper "bond" $B
[ $upper = tcp ] || like 'dev rxe0 ' "$(on a 'smcnl links')" "by rxe0 on it"

on b "kill -TERM \$(pidof conns)"
ok "server ends" finish b server 5
for guest in $(guests ours); do
	ok "the module goes from $guest" unload $guest
done
done_testing
