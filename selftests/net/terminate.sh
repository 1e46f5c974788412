#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# A link group ends because the device of one side goes. Both tell each other,
# each in its role (wire.md 6.12), the connections end with it, and the next
# one makes a new group.
#
#	a conns ---- SMC-R over rxe0, which goes and comes ---- conns b
#
# kernels: 6.12
# peers: ours:ours ours:stock stock:ours
# mtu: 4200
# capture: yes
# timeout: 180
. "$RIG_LIB"

# RDMA MTU 1024, code 3; a has 4096, code 5.
on b "ip link set eth0 mtu 1500"

start b server "conns server -m smc 7000"
wait_port b 7000

hold() {
	start a hold$1 "conns client -m smc -k smc -n 3 -H -T 100 $B 7000"
	ok "$2: 3 connections" wait_for 20 on a "grep -q '^holding 3' /run/rig/hold$1.log"
}

# ends GUEST N NAME: its device goes, and comes back.
ends() {
	on $1 "rdma link del rxe0"
	wait_for 10 eval '[ "$(group_conns $1)" = "" ]'
	on a "kill -TERM \$(pidof conns)"
	fails "$3: the client's program is told" finish a hold$2 20
	wait_for 15 eval '[ "$(group_conns a),$(group_conns b)" = , ]' || true
	is "," "$(group_conns a),$(group_conns b)" "$3: no link group is left"
	on $1 "rdma link add rxe0 type rxe netdev eth0; /rig/wait-gid rxe0 $4"
}

# One CONFIRM with the MTU of both, whatever the contact (wire.md 2.4).
mtu_codes() {
	pcap "ip.src == $1 && tcp.payload[0:5] == e2:d4:c3:d9:$2" tcp.payload |
		cut -c 102 | sort -u | xargs
}

# said ADDRESS: flags and reasons of the DELETE LINKs from there.
said() {
	pcap 'infiniband.bth.opcode == 4' ip.src udp.payload \
		infiniband.bth.destqp infiniband.bth.psn |
		awk -v from=$1 '$1 == from && substr($2, 25, 2) == "24" && !seen[$3, $4]++ {
			print substr($2, 31, 2) ":" substr($2, 35, 8) }' | xargs
}

hold 1 "client's device"
is 3 "$(mtu_codes $B 02)" "MTU of the server's port in each ACCEPT"
is 3 "$(mtu_codes $A 03)" "the smaller MTU in each CONFIRM"
ends a 1 "client's device" $A
note "client $(said $A), server $(said $B)"
if [ "$(role_of a)" = ours ]; then
	is "40:00020000" "$(said $A)" "client: an operator ends it, not orderly"
fi
if [ "$(role_of b)" = ours ]; then
	like '^60:00020000( 40:00030000)?$' "$(said $B)" "server: repeats it, and ends it"
fi
before_a=$(said $A) before_b=$(said $B)

hold 2 "server's device"
ends b 2 "server's device" $B
from_a=$(said $A) from_b=$(said $B)
from_a=${from_a#"$before_a"} from_b=${from_b#"$before_b"}
note "client $from_a, server $from_b"
if [ "$(role_of b)" = ours ]; then
	is " 40:00020000" "$from_b" "server: an operator ends it, not orderly"
fi
if [ "$(role_of a)" = ours ]; then
	like '^( 40:00030000)?$' "$from_a" "client: ends it, no response"
fi

ok "the next connections use SMC" on a "conns client -m smc -k smc -n 3 -p -T 30 $B 7000"
on b "kill -TERM \$(pidof conns)" 2>/dev/null || true
for guest in a b; do
	[ "$(role_of $guest)" = ours ] || continue
	ok "the module goes from $guest" unload $guest
done
done_testing
