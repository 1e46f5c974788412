#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# Each kind of message that the module sends is on the wire, and tshark knows
# it for what it is.
#
#	a ---- SMC-R over rxe0 ---- b
#
# capture: yes
# timeout: 180
. "$RIG_LIB"

EID=SMC-R-DEFAULT-EID
OURS=$(guests ours)

# connect KIND COUNT: connections of a at once, that use smc or tcp.
connect() {
	on a "conns client -m smc -k $1 -n $2 -p -T 25 $B 7000"
}

client_sends() {
	[ "$(role_of a)" = ours ] || return 0
	has_kinds "client" "SMC-Rv2-Proposal" "SMC-Rv2-Confirm" "SMC-Decline" \
		"SMC-Rv2 Confirm Link (v2)(Resp)"
}

server_sends() {
	[ "$(role_of b)" = ours ] || return 0
	has_kinds "server" "SMC-Rv2-Accept" "SMCv2-Decline" "SMC-Rv2 Confirm Link (v2)"
}

# by_version_1: two hosts without user EIDs.
by_version_1() {
	for guest in a b; do
		on $guest "smcnl ueid flush"
	done
	ok "version 1: connections" connect smc 3
	sleep 3
	on b "smcnl ueid add $EID; ip addr del $B/24 dev eth0; ip addr add $B/25 dev eth0"
	ok "version 1: another subnet, so TCP" connect tcp 1
}

for guest in a b; do
	on $guest "echo 1 >/proc/sys/net/smc/smcr_testlink_time"
done
start b server "conns server -m smc 7000"
wait_port b 7000
ok "the first connection of a group" connect smc 1
ok "more in the same group" connect smc 5
is "1 1" "$(on a 'smcnl lgr' | wc -l) $(on b 'smcnl lgr' | wc -l)" "one group"
sleep 3

for guest in a b; do
	on $guest "smcnl ueid flush; smcnl ueid add OTHER-${guest^^}"
done
ok "no user EID in common: TCP" connect tcp 1
if [ "$(role_of a)" = ours ]; then
	on a "rdma link del rxe0"
	ok "the client has no device: TCP" connect tcp 1
	on a "rdma link add rxe0 type rxe netdev eth0; /rig/wait-gid rxe0 $A"
fi
[ $RIG_PEERS != ours:ours ] || by_version_1
on b "kill -TERM \$(pidof conns)"
ok "server ends" finish b server 5
for guest in $OURS; do
	ok "the module goes from $guest" unload $guest
done

note "$(decode a b)"
client_sends
server_sends
has_kinds "either side" "SMC-Rv2 Confirm Rkey (v2)" "SMC-Rv2 Confirm Rkey (v2)(Resp)" \
	"SMC-Rv2 Delete Link (v2)" "SMC-R CDC Message"
like '^SMC-Rv2 Test Link' "$(sent $OURS)" "either side: tests the link, or answers"
case $RIG_PEERS in
ours:ours)
	has_kinds "either side" "SMC-Rv2 Test Link (v2)" "SMC-Rv2 Test Link (v2)(Resp)"
	has_kinds "version 1" "SMC-R-Proposal" "SMC-R-Accept" "SMC-R-Confirm" \
		"SMC-R Confirm Link" "SMC-R Confirm Link(Resp)" \
		"SMC-R Add Link" "SMC-R Add Link(Resp)" \
		"SMC-R Confirm Rkey" "SMC-R Confirm Rkey(Resp)" \
		"SMC-R Test Link" "SMC-R Test Link(Resp)" "SMC-R Delete Link"
	;;
*)
	is "1 00" "$(llc_flags $B 22)" "one ADD LINK: the client waits for it"
	like '^1 c[0-9a-f]$' "$(llc_flags $A 22)" "it is rejected"
	;;
esac
if [ $RIG_PEERS != ours:ours ]; then
	is "1 03" "$(llc_flags $B 21)" "one CONFIRM LINK"
	is "1 83" "$(llc_flags $A 21)" "one answer to it"
	has_kinds "to what only stock says" "SMC-Rv2 Delete Rkey (v2)(Resp)"
	mine=$A other=$B
	[ $OURS = a ] || mine=$B other=$A
	for type in 26 29; do
		is "$(llc_flags $other $type | sed -n 's/^\([0-9]*\) 00.*/\1 80/p')" \
			"$(llc_flags $mine $type | grep -o '[0-9]* 80')" \
			"each request of type $type is answered"
	done
fi
done_testing
