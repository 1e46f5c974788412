#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# A link group ends because the device of one side goes. Both tell each other,
# each in its role (wire.md 6.12), the connections end with it, and the next
# one makes a new group.
#
#	a conns ---- SMC-R over rxe0, which goes and comes ---- conns b
#
# Of the kernel's own SMC the device stays: its removal hangs for long.
#
# mtu: 4200
# capture: yes
# timeout: 180
. "$RIG_LIB"

OPERATOR=00020000
PROGRAM=00030000

is_ours() {
	[ "$(role_of $1)" = ours ]
}

# mtu_codes ADDRESS TYPE: in all CLC messages of a type from there.
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

hold() {
	start a hold$1 "conns client -m smc -k smc -n 3 -H -T 100 $B 7000"
	ok "$1: 3 connections" wait_for 30 on a "grep -q '^holding 3' /run/rig/hold$1.log"
}

# ends NAME GUEST ADDRESS: its device goes, and comes back.
ends() {
	local before_a before_b

	before_a=$(said $A) before_b=$(said $B)
	hold $1
	on $2 "rdma link del rxe0"
	wait_for 20 eval '[ "$(group_conns a),$(group_conns b)" = , ]' || true
	is "," "$(group_conns a),$(group_conns b)" "$1: no link group is left"
	on a "kill -TERM \$(pidof conns)"
	fails "$1: its connections end" finish a hold$1 20
	on $2 "rdma link add rxe0 type rxe netdev eth0; /rig/wait-gid rxe0 $3"
	from_a=$(said $A) from_b=$(said $B)
	from_a=$(xargs <<<"${from_a#"$before_a"}") from_b=$(xargs <<<"${from_b#"$before_b"}")
	note "$1: client $from_a, server $from_b"
}

# RDMA MTU 1024, code 3; a has 4096, code 5.
! is_ours a || ! is_ours b || on b "ip link set eth0 mtu 1500"
start b server "conns server -m smc 7000"
wait_port b 7000

if is_ours a; then
	ends client a $A
	is 40:$OPERATOR "$from_a" "client: an operator ends it, not orderly"
	# What follows may find the queue pair gone.
	like "^60:$OPERATOR( 40:$PROGRAM)?\$" "$from_b" "server: repeats it, and ends it"
fi
if is_ours b; then
	ends server b $B
	is 40:$OPERATOR "$from_b" "server: an operator ends it, not orderly"
	like "^(40:$PROGRAM)?\$" "$from_a" "client: ends it, without a response"
fi
if is_ours a && is_ours b; then
	is 3 "$(mtu_codes $B 02)" "MTU of the server's port in each ACCEPT"
	is 3 "$(mtu_codes $A 03)" "the smaller MTU in each CONFIRM"
fi

ok "the next connections use SMC" on a "conns client -m smc -k smc -n 3 -p -T 30 $B 7000"
is 1 "$(pcap 'udp.dstport == 4791' ip.ttl | sort -u | xargs)" "hop limit of a direct link"
num "$(pcap 'infiniband.bth.opcode == 4 && infiniband.bth.se == 1' ip.src | wc -l) -ge 10" \
	"SENDs are solicited"
is "" "$(pcap 'infiniband.bth.opcode == 4 && infiniband.bth.se == 0' ip.src | sort -u | xargs)" \
	"all of them"
on b "kill -TERM \$(pidof conns)" || true
finish b server 10 || true
for guest in a b; do
	! is_ours $guest || ok "the module goes from $guest" unload $guest
done
done_testing
