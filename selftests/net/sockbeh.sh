#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# Sockets behave with SMC as with TCP: calls, flags, options, errors, poll,
# select, epoll, signals, closing.
#
#	a sockbeh ---- TCP, then SMC-R over rxe0 ---- sockbeh b
#
# capture: yes
# timeout: 400
. "$RIG_LIB"
. "$(dirname "$RIG_LIB")/sockbeh.sh"

start b tcp "sockbeh server -m tcp -T $SOCKBEH_T 7001"
start b smc "sockbeh server -m smc -T $SOCKBEH_T 7002"
wait_port b 7001
wait_port b 7002
compare connect $B 7001 7002
keep_smc $B 7002 connect_rcvlowat connect_corked accept_rcvlowat
num "$(smc_stat a connections) -ge 150" "the cases used SMC"

[ $RIG_PEERS = ours:ours ] || { done_testing; exit; }

# Answers are late: calls come in the middle of a first contact.
on b "modprobe sch_netem; tc qdisc add dev eth0 root netem delay 250ms"
for case in connect_nb_shutdown connect_nb_unspec; do
	ok "$case: link groups end" forget
	late="sockbeh client -T $((3 * SOCKBEH_T)) -t $case"
	is "$(on a "$late -m tcp $B 7001")" "$(on a "$late -m smc $B 7002")" "$case in a handshake"
done
on b "tc qdisc del dev eth0 root"
done_testing
