#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# Firewall rules that let the packets of one user pass, and drop all others, know
# SMC sockets as they know those of TCP.
#
#	a clients, only those of uid 65534 may ---- b servers, the same
#
# programs: firewall
# timeout: 200
. "$RIG_LIB"

# not that of the shell, busybox
USER="/usr/bin/setpriv --reuid 65534 --regid 65534 --clear-groups"

# only_user GUEST MATCH
only_user() {
	on $1 "nft 'add table inet owner'
		nft 'add chain inet owner out { type filter hook output priority 0; policy accept; }'
		nft 'add rule inet owner out tcp $2 meta skuid 65534 counter accept'
		nft 'add rule inet owner out tcp $2 counter drop'"
}

# no_rules GUEST
no_rules() {
	on $1 "nft delete table inet owner"
}

# client MODE ARGUMENT...: of the user
client() {
	on a "$USER xfer client -m $1 -n 100k -d both -T 10 ${*:2} $B 7000"
}

for guest in a b; do
	on $guest "modprobe nf_tables"
done
for mode in tcp smc inet; do
	is_smc=
	[ $mode = tcp ] || is_smc="-k smc"
	start b user "$USER xfer server -m $mode 7000"
	wait_port b 7000
	only_user a "dport 7000"
	ok "$mode: the user's packets pass" client $mode $is_smc
	fails "$mode: root's do not" on a "xfer client -m $mode -n 100k -T 4 $B 7000"
	no_rules a
	only_user b "sport 7000 tcp flags & (syn | ack) == (syn | ack)"
	ok "$mode: the answer of the server passes" client $mode $is_smc
	no_rules b
	ok "$mode: server ends" stop b user
done

start b tcp "$USER xfer server -m tcp 7000"
wait_port b 7000
only_user a "dport 7000"
ok "those of a connection that falls back pass" client smc -k tcp
ok "server ends" stop b tcp
no_rules a

# The open file goes while the handshake waits for an answer.
speaks() {
	on a "ss -Htn state established 'dport = 7000'" | grep -q .
}

killed_client() {
	local status=0

	start a client "$USER xfer client -m smc -n 100k -T 10 $B 7000"
	ok "a client begins its handshake" wait_for 10 speaks
	on a "kill -KILL \$(pidof xfer)"
	finish a client 5 >/dev/null || status=$?
	is 137 $status "and is killed in it"
}

start b root "xfer server -m smc 7000"
wait_port b 7000
# how often the SYN is sent is of no interest
only_user a "dport 7000 tcp flags & syn == 0"
on b "modprobe sch_netem; tc qdisc add dev eth0 root netem delay 2s"
for i in 1 2 3 4 5; do
	killed_client
done
# of each one an acknowledgment, the PROPOSAL and a FIN
num "$(on a "nft list table inet owner" | sed -n 's/.*skuid.* packets \([0-9]*\) .*/\1/p') -ge 15" \
	"it had begun each time"
# what is under way, that of RDMA as well, is to arrive
on b "tc qdisc change dev eth0 root netem delay 0s; sleep 2; tc qdisc del dev eth0 root"
no_rules a
ok "the next connection uses SMC" on a "xfer client -m smc -k smc -n 100k -T 10 $B 7000"
ok "server ends" stop b root
for guest in a b; do
	ok "the module goes from $guest" unload $guest
done
done_testing
