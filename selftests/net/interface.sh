#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# What is below the connections changes while they send: the RDMA device and
# its driver go, the interface goes down and comes back, its address or MTU
# changes. Connections go on or end with ECONNRESET in time, and the next one
# works.
#
#	a xfer ---- SMC-R over rxe0, which changes at a ---- xfer b
#
# timeout: 400
. "$RIG_LIB"
. "$(dirname "$RIG_LIB")/traffic.sh"

C=10.0.0.3
# a connection stands still for so long at most
PAUSE=5

serve

# of the client, of the server; what either side tells the other may be lost
for guest in a b; do
	[ $guest = a ] && address=$A client=$TOLD server=$LOST || address=$B client=$LOST server=$TOLD
	name="device of $guest"
	busy
	on $guest "rdma link del rxe0"
	cut_at_client "$name" $client
	cut_at_server "$name" $server
	ok "$name: the next connection uses TCP" connection tcp
	on $guest "rdma link add rxe0 type rxe netdev eth0; /rig/wait-gid rxe0 $address"
	works_again "$name"
done

busy
on a "rmmod rdma_rxe"
cut_at_client "driver" $TOLD
cut_at_server "driver" $LOST
ok "driver: the next connection uses TCP" connection tcp
on a "modprobe rdma_rxe; rdma link add rxe0 type rxe netdev eth0; /rig/wait-gid rxe0 $A"
works_again "driver"

# Of rxe, the first packet that finds no route ends the queue pair: soon, as a
# rule.
for guest in a b; do
	[ $guest = a ] && address=$A || address=$B
	busy
	on $guest "ip link set eth0 down"
	[ $guest = a ] && cut_at_client "a down" $LOST || cut_at_server "b down" $LOST
	on $guest "ip link set eth0 up; /rig/wait-gid rxe0 $address"
	[ $guest = b ] && cut_at_client "b down" $LOST || cut_at_server "a down" $LOST
	works_again "$guest down and up"
done

busy
on a "ip addr del $A/24 dev eth0; ip addr add $C/24 dev eth0; /rig/wait-gid rxe0 $C"
cut_at_client "another address" $TOLD
cut_at_server "another address" $LOST
works_again "another address"
on a "ip addr del $C/24 dev eth0; ip addr add $A/24 dev eth0; /rig/wait-gid rxe0 $A"
works_again "the first address"

mtu() {
	on a "ip link set eth0 mtu $1"
	on b "ip link set eth0 mtu $1"
}

for mtu in 4200 1500; do
	busy
	mtu $mtu
	go_on "MTU $mtu" $PAUSE
done
# No packet of the old size fits.
busy
mtu 600
cut_at_client "MTU 600" $LOST
cut_at_server "MTU 600" $LOST
works_again "MTU 600"

ok "server ends" stop b server
for guest in a b; do
	ok "the module goes from $guest" unload $guest
done
done_testing
