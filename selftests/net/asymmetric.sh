#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# A second link where one host has one device on the subnet, and the other two,
# or both have two; failover over it; with both versions of SMC.
#
#	a  eth0/rxe0 ---- eth0/rxe0  b	and in one of them
#			  mv0/rxe2	(macvlan)
#
# wires: 2
# capture: yes
# timeout: 360
. "$RIG_LIB"
. "$(dirname "$RIG_LIB")/traffic.sh"

# seconds that a connection stands still, and until the links are as they should
PAUSE=5
LINKS=15

# move NAME GUEST DEVICE: each byte arrives while the device of a link goes, with
# connections on it.
move() {
	writers move 4
	wait_for 10 eval '[ "$(group_conns a)" = 4 ]'
	num "$(conns_on $2 $3) -ge 1" "$1: it has connections"
	on $2 "rdma link del $3"
	become single single "$1: one link is left" $LINKS
	sleep 1
	enough
	ok "$1: each byte arrived" finish a move 60
	pause_ok "$1" $PAUSE
}

first() {
	ok "$1: the first connection" on a "xfer client -m smc -k smc -n 100000 $B 7000"
}

# one_has_two NAME GUEST TYPE-OF-A TYPE-OF-B
one_has_two() {
	local address

	[ $2 = a ] && address=$A || address=$B
	first "$1"
	become single single "$1: one device each: one link"
	second_on $2 2
	become $3 $4 "$1: two links" $LINKS
	move "$1, its first one goes" $2 rxe0
	on $2 "rdma link del rxe2; ip link del mv0
		rdma link add rxe0 type rxe netdev eth0; /rig/wait-gid rxe0 $address"
	ok "$1: the group ends with its last device" wait_for $LINKS eval '[ -z "$(on '$2' "smcnl lgr")" ]'
	forget $LINKS
}

# both_have_two NAME GUEST
both_have_two() {
	for guest in a b; do
		on $guest "rdma link add rxe1 type rxe netdev eth1"
	done
	first "$1"
	become sym sym "$1: two links" $LINKS
	move "$1, one goes" $2 rxe1
	for guest in a b; do
		on $guest "[ ! -e /sys/class/infiniband/rxe1 ] || rdma link del rxe1"
	done
	forget $LINKS
}

# Ports that are on different networks, until the administrator thinks better of it.
late_pnet_id() {
	on b "smcnl pnet add NETX - rxe1"
	on a "rdma link add rxe1 type rxe netdev eth1; /rig/wait-gid rxe1 10.0.1.1"
	on b "rdma link add rxe1 type rxe netdev eth1; /rig/wait-gid rxe1 10.0.1.2"
	first "a PNET ID for one port"
	sleep 2
	become single single "a PNET ID for one port: one link"
	on b "smcnl pnet flush"
	become sym sym "the PNET ID goes: two links" $PAUSE
	for guest in a b; do
		on $guest "rdma link del rxe1"
	done
	forget $LINKS
}

# forms NAME GUEST
forms() {
	one_has_two "$1, the server has two devices" b asym_local asym_peer
	one_has_two "$1, the client has two devices" a asym_peer asym_local
	both_have_two "$1, both have two devices" $2
}

for guest in a b; do
	on $guest "rdma link del rxe1"
done
serve
forms "version 2" b
late_pnet_id
before=$(smc_stat a client_v1)
for guest in a b; do
	on $guest "smcnl ueid flush"
done
forms "version 1" a
num "$(smc_stat a client_v1) -gt $before" "version 1 it was"
ok "server ends" stop b server
note "$(decode a b)"
has_kinds "links of version 2" "SMC-Rv2 Add Link (v2)" "SMC-Rv2 Add Link (v2)(Resp)" \
	"SMC-Rv2 Request Add Link (v2)" "SMC-Rv2 Delete Link (v2)"
has_kinds "links of version 1" "SMC-R Add Link" "SMC-R Add Link(Resp)" \
	"SMC-R Add Link Continuous" "SMC-R Add Link Continuous(Resp)" "SMC-R Delete Link"
all_used_smc
for guest in a b; do
	ok "the module goes from $guest" unload $guest
done
done_testing
