#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# A peer stops without a word: for a moment, for long, for good; it comes back
# as it was, or rebooted with the same addresses. Connections go on or end with
# ECONNRESET in time, and the next one works.
#
#	a xfer ---- SMC-R over rxe0 ---- xfer b, whose emulator is stopped
#
# timeout: 400
# reboots: yes
. "$RIG_LIB"
. "$(dirname "$RIG_LIB")/traffic.sh"

# a connection stands still for so long at most
PAUSE=10

serve
ok "a first connection" connection smc

busy
freeze b
sleep 5
thaw b
go_on "frozen for 5 s" $PAUSE

freeze_for=$(by_size 15 30)
busy
freeze b
began=$SECONDS
cut_at_client "frozen for $freeze_for s" $LOST
is "" "$(group_conns a)" "the link group is gone"
while [ $((SECONDS - began)) -lt $freeze_for ]; do
	sleep 0.2
done
thaw b
began=$SECONDS
cut_at_server "resumed" $LOST
works_again "resumed"

# Who only waits for the peer knows as well, but later: a quiet link is tested
# at times, here after 5 s.
wait_for 20 eval '[ "$(group_conns a)" = 0 ]' || true
on a "echo 5 >/proc/sys/net/smc/smcr_testlink_time; echo 2 >/proc/sys/vm/drop_caches"
wait_for 10 eval '[ -z "$(group_conns a)" ]'
busy
start b conns "conns server -m smc 7001"
wait_port b 7001
on a "kill -KILL \$(pidof xfer)"
# each by a program of its own, which says what it was told
for n in 1 2 3; do
	start a quiet$n "conns client -m smc -k smc -n 1 -H -T 100 $B 7001"
done
for n in 1 2 3; do
	wait_for 20 on a "grep -q '^holding 1' /run/rig/quiet$n.log"
done
# as a host that has lost its power, and gets it back after they know
began=$SECONDS
freeze b
ok "killed: the group of quiet connections ends" wait_for $((5 + LOST)) \
	eval '[ -z "$(group_conns a)" ]'
note "killed: after $((SECONDS - began)) s"
on a "kill -TERM \$(pidof conns)"
for n in 1 2 3; do
	fails "killed: quiet connection $n is told" finish a quiet$n 10
	like "reset by peer" "$(log_of a quiet$n)" "killed: $n: with ECONNRESET"
done
thaw b
reboot b

# The group of the time before the boot still exists at a when it comes back.
serve
busy
reboot b &
rebooted=$!
cut_at_client "rebooted" $LOST
wait $rebooted
serve
ok "rebooted, same addresses: the next connection uses SMC" connection smc
all="$(smc_stat b fallback) $(smc_stat b server_errors)"
is "0 0" "$all" "it has no fallback and no failed handshake"

ok "server ends" stop b server
for guest in a b; do
	ok "the module goes from $guest" unload $guest
done
done_testing
