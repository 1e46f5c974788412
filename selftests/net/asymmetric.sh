#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# A second link where one host has one device on the subnet, and the other two;
# failover over it; version 1.
#
#	a  eth0/rxe0 ---- eth0/rxe0  b
#	                  mv0/rxe2	(macvlan)
#
# wires: 2
# capture: yes
# timeout: 240
. "$RIG_LIB"

move() {
	start a move "xfer client -m smc -k smc -n 2000000 -c 4 -d both -w rand -r rand -T 100 $B 7000"
}

start b server "xfer server -m smc 7000"
wait_port b 7000
for guest in a b; do
	on $guest "rdma link del rxe1"
done
ok "the first connection" on a "xfer client -m smc -k smc -n 100000 $B 7000"
become single single "one device each: one link"

second_on b 2
become asym_local asym_peer "the server gets a second one"
move
sleep 1
on b "rdma link del rxe0"
ok "its first one goes: each byte arrived" finish a move 100
become single single "one link is left"
on b "rdma link del rxe2; ip link del mv0
	rdma link add rxe0 type rxe netdev eth0; /rig/wait-gid rxe0 $B"
wait_for 10 eval '[ -z "$(on a "smcnl lgr")" ]' || true

ok "a new group" on a "xfer client -m smc -k smc -n 100000 $B 7000"
for guest in a b; do
	on $guest "rdma link add rxe1 type rxe netdev eth1"
done
become sym sym "each gets one"
for guest in a b; do
	on $guest "smcnl ueid flush"
done
ok "version 1" on a "xfer client -m smc -k smc -n 100000 $B 7000"
become sym sym "version 1: two links"
move
sleep 1
on a "rdma link del rxe1"
ok "version 1: each byte arrived" finish a move 100
become single single "version 1: one link is left"
ok "server ends" stop b server
note "$(decode a b)"
has_kinds "links of version 1" "SMC-R Add Link" "SMC-R Add Link(Resp)" \
	"SMC-R Add Link Continuous" "SMC-R Add Link Continuous(Resp)" "SMC-R Delete Link"
for guest in a b; do
	ok "the module goes from $guest" unload $guest
done
done_testing
