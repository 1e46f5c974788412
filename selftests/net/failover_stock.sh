#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# Connections to a peer with the kernel's own SMC survive the loss of a link.
#
#	a  eth0/rxe0 -+-- eth0/rxe0  b
#	   mv0/rxe2  -+-- mv0/rxe2	(macvlan)
#
# capture: yes
# timeout: 240
. "$RIG_LIB"

spread() {
	[[ "$(conns_on $ours rxe0) $(conns_on $ours rxe2)" = [1-9]*' '[1-9]* ]]
}

# move DIRECTION NAME
move() {
	start a move "xfer client -m smc -k smc -n $(by_size 3000000 4000000) -c 6 -d $1 -w rand -r rand -T 100 $B 7000"
	ok "$2: connections on both links" wait_for 10 spread
}

# returns GUEST: its second device.
returns() {
	on $1 "rdma link add rxe2 type rxe netdev mv0"
	become sym sym "it returns"
}

ours=$(guests ours)
stock=$(guests stock)
# Each interface answers for its own address, so that each is reached by its own
# device. Stock adds a link where PNET IDs say that there is a way, and only where
# the device has an address in the subnet of the connection.
for guest in a b; do
	on $guest "sysctl -q net.ipv4.conf.all.arp_ignore=1"
	second_on $guest $([ $guest = a ] && echo 1 || echo 2)
	on $guest "smcnl pnet add WIRE eth0 rxe0 1
		smcnl pnet add WIRE mv0 rxe2 1"
done
start b server "xfer server -m smc 7000"
wait_port b 7000
ok "the first connection" on a "xfer client -m smc -k smc -n 100000 $B 7000"
become sym sym "a new group: two links"
# How the links share devices, as each side says, when stock has one.
of_one=(asym_local asym_peer)
to_stock=down
if [ $stock = b ]; then
	of_one=(asym_peer asym_local)
	to_stock=up
fi
# Only from us to stock: what it sends while it moves may be wrong. It writes
# again from a buffer that the last completions of the lost link have freed.
move $to_stock "stock's second device goes"
ok "stock's second device goes" on $stock "rdma link del rxe2"
become "${of_one[@]}" "stock's second device goes: we go on with our two"
ok "stock's second device goes: each byte arrived" finish a move 100
returns $stock
# Not under way: what stock sends to a device that is gone it repeats for ever
# over rxe, and it waits for the end of that before it lets go of the link.
ok "our second device goes" on $ours "rdma link del rxe2"
become "${of_one[1]}" "${of_one[0]}" "our second device goes: stock goes on with its two"
returns $ours
move both "both are there again"
ok "both are there again: each byte arrived" finish a move 100
no_fallback a
no_fallback b
note "$(decode a b)"
ok "server ends" stop b server
done_testing
