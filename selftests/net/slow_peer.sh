#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# Peers that stop in the middle of the handshake delay nobody else.
#
#	a 30 clients that stop ---- TCP ---- one listener b
#	  conns --- SMC-R over rxe0 -------- the same
#
# A client stops because the function that sends its next message does not
# run, and says it did.
#
# capture: yes
# timeout: 180
. "$RIG_LIB"

STUCK=30
# of 10 connections: as fast as without the others, with room for noise
ms_of() {
	sed -n 's/.*slowest=\([0-9]*\)\..*/\1/p' <<<"$1"
}

start b server "conns server -m smc 7000"
wait_port b 7000
# The link group exists.
out=$(on a "conns client -m smc -k smc -n 10 -s $B 7000")
note "undisturbed: $out"
usual=$(ms_of "$out")
limit=$((usual * 5 + 200))

# in_time BEGIN NAME: those that hang give up after 6 s, on any kernel.
in_time() {
	if [ $SLOW = 1 ]; then
		num "$((SECONDS - $1)) -lt 6" "$2"
	else
		skip "$2" "a debug kernel needs longer"
	fi
}

# stuck NAME FUNCTION [CALL]: while STUCK clients hang in their handshake. In
# the end CALL fails for them.
stuck() {
	local name=$1 function=$2 error=${3-} out begin

	fault a symbol=$function retval=0 times=$STUCK
	begin=$SECONDS
	start a stuck "conns client -m smc -n $STUCK -p -T 30 $B 7000"
	ok "$name: $STUCK clients stop" wait_for 5 on a \
		"grep -qx $STUCK /sys/module/smcr_fault/parameters/failed"
	out=$(on a "conns client -m smc -k smc -n 10 -s -T 25 $B 7000" || echo failed)
	note "$name: $out"
	like '^ok:' "$out" "$name: others connect"
	num "$(ms_of "$out") -le $limit" "$name: within $limit ms"
	ok "$name: and programs without SMC" on a \
		"conns client -m tcp -k tcp -n 10 -s -T 5 $B 7000"
	in_time $begin "$name: while they hung"
	if [ "$error" ]; then
		# At once: the server closes their connections after 6 s.
		fails "$name: in the end they fail, none falls back" finish a stuck 10
		like "^connection [0-9]+: $error: Connection (timed out|reset by peer)" \
			"$(log_of a stuck)" "$name: with this error"
		like " failed=$STUCK " "$(log_of a stuck)" "$name: all"
	fi
	on a "kill -KILL \$(pidof conns)" 2>/dev/null || true
	is $STUCK "$(unfault a)" "$name: no other was touched"
}

stuck "no PROPOSAL" smcr_clc_send_proposal connect
is $STUCK "$(smc_stat b server_errors)" "failed handshakes of the server"
is $STUCK "$(smc_stat a client_errors)" "failed handshakes of the client"
# A client that believes it has sent CONFIRM uses the connection. What it sends
# is for nobody, but it is the server that must not suffer.
stuck "no CONFIRM" smcr_clc_send_accept
wait_for 10 eval '[ "$(smc_stat b server_errors)" = $((STUCK * 2)) ]' || true
is $((STUCK * 2)) "$(smc_stat b server_errors)" "failed handshakes of the server"

# A short queue is for those whose handshake is over. A few at a time: more
# SYNs than the queue is long, and TCP uses cookies, which lose the option.
start b short "conns server -m smc -l 5 7001"
wait_port b 7001
before=$(smc_stat b server_errors)
fault a symbol=smcr_clc_send_proposal retval=0 times=12
begin=$SECONDS
ok "12 silent clients of a queue of 5" on a "for n in 3 6 9 12; do
	/rig/daemon start stuck\$n 'conns client -m smc -n 3 -p -T 30 $B 7001' || exit
	until grep -qx \$n /sys/module/smcr_fault/parameters/failed; do usleep 50000; done; done"
out=$(on a "conns client -m smc -k smc -n 10 -s -T 25 $B 7001" || echo failed)
like '^ok:' "$out" "others connect beside them"
num "$(ms_of "$out") -le $limit" "within $limit ms"
in_time $begin "while they hung"
on a "kill -KILL \$(pidof conns)" 2>/dev/null || true
is 12 "$(unfault a)" "no other was touched"
wait_for 10 eval '[ "$(smc_stat b server_errors)" = $((before + 12)) ]' || true
is $((before + 12)) "$(smc_stat b server_errors)" "failed handshakes of the server"
ok "server of the short queue ends" stop b short

# Half a message is no better than none.
start a half "silent connect -n 20 -w 4 $B 7000"
wait_for 5 on a "grep -q '^connected' /run/rig/half.log"
out=$(on a "conns client -m smc -k smc -n 10 -s -T 25 $B 7000" || echo failed)
like '^ok:' "$out" "others connect beside 20 that are idle"
num "$(ms_of "$out") -le $limit" "within $limit ms"
ok "the idle ones end" finish a half 10

wait_for 15 eval '[ "$(group_conns b)" = 0 ]' || true
is 0 "$(group_conns b)" "no connection is left on the server"
# 20 that were idle, and those of programs without SMC.
is "0 40" "$(smc_stat a fallback) $(reason_count b server 0x03010000)" \
	"nobody with SMC fell back"
# Who wishes so does not let the others wait: by the option, whose default is the
# setting limit_smc_hs.
start b limited "conns server -m smc -l 512 -L 7002"
wait_port b 7002
ok "SMC is used while there is room" on a "conns client -m smc -k smc -n 10 -s $B 7002"
fault a symbol=smcr_clc_send_proposal retval=0 times=128
start a stuck "conns client -m smc -n 128 -p -T 30 $B 7002"
ok "128 clients stop" wait_for 5 on a \
	"grep -qx 128 /sys/module/smcr_fault/parameters/failed"
if [ $SLOW = 1 ]; then
	out=$(on a "conns client -m smc -k tcp -n 10 -s -T 25 $B 7002" || echo failed)
	like '^ok:' "$out" "others use TCP beside them"
	num "$(ms_of "$out") -le $limit" "within $limit ms"
	is 10 "$(reason_count a client 0x03010000)" "as the server did not want SMC"
else
	skip "others use TCP beside them" "a debug kernel needs longer, the 128 have given up by then"
fi
on a "kill -KILL \$(pidof conns)" 2>/dev/null || true
is 128 "$(unfault a)" "no other was touched"
wait_for 10 on a "conns client -m smc -k smc -n 1 -s $B 7002" || true
ok "SMC is used again" on a "conns client -m smc -k smc -n 10 -s $B 7002"

# TCP_DEFER_ACCEPT holds back those that say nothing, but not the listener.
start b deferring "socks smc,defer=60,listen=7003,accept"
wait_port b 7003
start a silent "socks smc,*140,connect=$B:7003"
ok "not all of 140 that say nothing are held back" wait_for 20 eval 'log_of b deferring | grep -q ready'
ok "they connect" wait_for 20 eval 'log_of a silent | grep -q ready'
ok "they end" stop a silent
ok "and their server" stop b deferring

on b "kill -TERM \$(pidof conns)"
ok "server ends" finish b server 5
for guest in a b; do
	ok "the module goes from $guest" unload $guest
done
done_testing
