#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# SMC_GEN_NETLINK: each command shows what there is, refuses what it has to,
# and the counters and tracepoints tell what programs did.
#
#	a socks, conns ---- SMC-R over rxe0 ---- socks, conns b
#
# timeout: 120
. "$RIG_LIB"

read -r me < <(guests ours)
me=${me:-a}

# raw EXPECTED ARGUMENTS: the last line of what the kernel answers genlraw.
raw() {
	like "$1" "$(on $me "genlraw ${*:2}" | tail -n 1)" "${*:2}: $1"
}

# shows REGEX ARGUMENTS: one of its messages.
shows() {
	like "$1" "$(on $me "genlraw ${*:2}")" "${*:2}"
}

G=SMC_GEN_NETLINK
EID="SMC-R-DEFAULT-EID               "
invalid="^error: Invalid argument$"
unsupported="^error: Operation not supported$"
denied="^error: Operation not permitted$"

shows "^1 1=\[ 1=2 2=1 3=0 4=\"$me {31}\" 6=1 \]$" $G 1 dump
shows "^6 6=\[ 2=0 3=0 4=0 5=0 6=0 7=0 8=\[ 1=0 2=0 3=[1-9][0-9]* 4=1 5=1 6=0 \] 9=\[ 1=0 2=0 3=0 4=0 5=0 6=0 \] 10=\"rxe0\" \]$" $G 6 dump
for command in 2 3 4 5 8; do
	is ok "$(on $me "genlraw $G $command dump")" "command $command has nothing to show"
done
shows '^9 1="SMC-R-DEFAULT-EID {15}"$' $G 9 dump
is "13
ok" "$(on $me "genlraw $G 13 dump")" "there is no system EID"
shows "^16 1=0$" $G 16 dump

for command in 1 2 3 4 5 6 7 8 9 13 16; do
	for attr in 1 2 77; do
		raw "$invalid" $G $command dump $attr=u8:1
	done
	raw "$unsupported" $G $command do
	raw "^ok$" -u 1000 $G $command dump
done
for command in 10 11 12 14 15 17 18; do
	raw "$unsupported" $G $command dump
	raw "$denied" -u 1000 $G $command do "1=s:'$EID'"
done
raw "$unsupported" $G 0 do
raw "$unsupported" $G 64 dump
raw "$unsupported" $G 14 do
raw "$unsupported" $G 15 do

for command in 10 11; do
	raw "$invalid" $G $command do
	raw "$invalid" $G $command do 1=s:TOO-SHORT
	raw "^error: Numerical result out of range$" $G $command do 1=x:
	raw "^error: Numerical result out of range$" $G $command do "1=r:'${EID}XX'"
	raw "^error: " $G $command do 1=n:8
done
for eid in "lower" "-X" "A B" " " "A_B"; do
	raw "$invalid" $G 10 do "1=s:'$(printf '%-32s' "$eid")'"
done
raw "^error: File exists$" $G 10 do "1=s:'$EID'"
raw "^error: No such file or directory$" $G 11 do "1=s:'$(printf '%-32s' NOBODY)'"
for eid in ONE TWO THREE; do
	raw "^ok$" $G 10 do "1=s:'$(printf '%-32s' $eid)'"
done
raw "^error: Numerical result out of range$" $G 10 do "1=s:'$(printf '%-32s' FOUR)'"
# full comes before defined
raw "^error: Numerical result out of range$" $G 10 do "1=s:'$(printf '%-32s' ONE)'"
raw "^ok$" $G 12 do
raw "^ok$" $G 12 do 1=u8:1
is ok "$(on $me "genlraw $G 9 dump")" "none is left"
raw "^ok$" $G 10 do "1=s:'$EID'"

raw "^ok$" $G 17 do
shows "^16 1=1$" $G 16 dump
is 1 "$(on $me 'cat /proc/sys/net/smc/limit_smc_hs')" "the setting is the same switch"
raw "^ok$" $G 18 do
shows "^16 1=0$" $G 16 dump

# By the thousand, good and bad: each is answered, and changes nothing that it may not.
state() {
	on $me "genlraw $G 9 dump; genlraw SMC_PNETID 1 dump; cat /proc/sys/net/smc/limit_smc_hs"
}

on $me "ip netns add other; smcnl pnet add NETS eth5"
before=$(state)
for family in $G SMC_PNETID; do
	like "^sent [0-9]{4,} ok [1-9]" "$(on $me "nlfuzz -u 1000 $family")" "$family: requests of anybody are answered"
	is "$before" "$(state)" "$family: they change nothing"
	like "^sent [0-9]{4,} ok [1-9]" "$(on $me "unshare -rn nlfuzz $family")" "$family: those of a user namespace, too"
	is "$before" "$(state)" "$family: they change nothing"
	for seed in 1 2 29706; do
		like "^sent [0-9]{4,} ok [1-9]" "$(on $me "nlfuzz -s $seed $family")" "$family: those of root, $seed"
	done
	on $me "smcnl ueid flush; smcnl ueid add SMC-R-DEFAULT-EID; smcnl pnet flush; smcnl pnet add NETS eth5
		echo 0 >/proc/sys/net/smc/limit_smc_hs"
	is "$before" "$(state)" "$family: all is as it was"
done
like "^sent" "$(on $me "ip netns exec other nlfuzz SMC_PNETID")" "requests in another namespace"
is "$before" "$(state)" "do not change this one"
like "^sent" "$(on $me "ip netns exec other nlfuzz $G")" "for all but user EIDs, which are the host's, ..."
on $me "smcnl ueid flush; smcnl ueid add SMC-R-DEFAULT-EID"
is "$before" "$(state)" "nor do these"
on $me "ip netns del other; smcnl pnet flush"

# debugged: what dynamic_debug adds to the kernel log, $lines.
debugged() {
	if ! on a "[ -e $debug ]"; then
		skip "dynamic_debug" "this kernel has none"
		return
	fi
	like "smc_r: client handshake with $B:7002: version 2, error 0, reason 0x00000000" "$lines" \
		"dynamic_debug: a handshake"
	like "smc_r: client handshake with $B:7002: .* reason 0x05000000" "$lines" "one that is declined"
	like "smc_r: link 1 of group [0-9a-f]{6}00 by rxe0 to ::ffff:$B is up" "$lines" "link up"
	like "smc_r: link 1 of group .* is down" "$lines" "link down"
}

# layout EVENT: its own fields, as programs for tracepoints read them.
layout() {
	on a "sed -n '/field:.* common_/d; s/.*field:[^;]*[ *]\([a-z_]*\)\(\[\]\)*;.offset:\([0-9]*\);.size:\([0-9]*\);.*/\1 \3 \4/p' \
		$events/$1/format" | paste -sd,
}

# layouts: userspace-abi.md 6.1
layouts() {
	is "sk 8 8,clcsk 16 8,net_cookie 24 8,fallback_rsn 32 4" "$(layout smc_switch_to_fallback)" \
		"fields of smc_switch_to_fallback"
	for event in smc_tx_sendmsg smc_rx_recvmsg; do
		is "smc 8 8,net_cookie 16 8,len 24 8,name 32 4" "$(layout $event)" "of $event"
	done
	is "lnk 8 8,lgr 16 8,net_cookie 24 8,state 32 4,name 36 4,location 40 8" \
		"$(layout smcr_link_down)" "of smcr_link_down"
}

# many_reasons: more than there are slots for. The reasons do not exist.
many_reasons() {
	local before

	start a server "conns server -m smc 7003"
	wait_port a 7003
	on b "conns client -m tcp -n 1 -p -T 20 $A 7003; smcnl ueid flush; smcnl ueid add OTHER
		conns client -m smc -k tcp -n 1 -p -T 20 $A 7003; smcnl ueid flush; smcnl ueid add SMC-R-DEFAULT-EID"
	before=$(smc_stat a fallback_client)
	ON_TIMEOUT=120 on a "i=1; while [ \$i -le 40 ]; do
		insmod /rig/smcr_fault.ko symbol=smcr_hs_check_policy retval=\$i
		conns client -m smc -k tcp -n 1 -p -T 20 $B 7002 || exit 1
		rmmod smcr_fault; i=\$((i + 1)); done" >/dev/null
	is "36 40" "$(on a "smcnl fback" | grep -c '^reason client') $(($(smc_stat a fallback_client) - before))" \
		"36 reasons are kept; of more, the total rises"
	is 1 "$(reason_count a client 0x00000001)" "those that came first"
	is 0 "$(reason_count a client 0x00000028)" "not the last one"
	like "^1-2 0 1 0( 0){34}$" "$(on a "genlraw $G 8 dump" | sed -n 's/^8 8=\[ 1=\([01]\) \(2\)*.*/\1-\2/p' | sed 's/-$//' | xargs)" \
		"server and client in turn, with totals in the first message"
	is "36 0" "$(on a "for command in 'stats' 'stats reset' 'stats'; do
		smcr --json \$command | grep -o '\"side\":\"client\"' | wc -l; done" | sed 2d | xargs)" \
		"smcr: each of them begins anew"
	stop a server
}

# fast_open N...: so many sockets at a time, which fall back at once.
fast_open() {
	ON_TIMEOUT=100 on a "for n in $*; do
		socks smc,*\$n,fastopen >/run/wrapped & socks=\$!
		until grep -q ^ready /run/wrapped; do sleep 0.1; done
		kill \$socks; wait \$socks; done" || true
}

# fast_opened: what the kernel says of them, and smcr since its reset.
fast_opened() {
	on a "genlraw $G 8 dump | sed -n 's/.* 4=$((0x03060000)) 5=\([0-9]*\) .*/\1/p'
		smcr --json stats | sed -n 's/.*\"code\":\"0x03060000\"[^}]*\"count\":\([0-9]*\).*/\1/p'" | xargs
}

# What is told of a counter are 16 bits; 0 is not a free slot.
wrapped_reason() {
	fast_open 16384 16384 16384 16378
	is "65530 65530" "$(fast_opened)" "65530 of a reason"
	on a "smcr stats reset >/dev/null"
	fast_open 6
	is "0 6" "$(fast_opened)" "six more: 65536 are 0, smcr knows better"
	fast_open 3
	is "3 9" "$(fast_opened)" "65539 are 3"
	on a "rm /tmp/.smcstats.u0.*"
}

# As they are sent: tools read GIDs of 39 characters, and IDs of groups before their links.
GID="0000:0000:0000:0000:0000:ffff:0a00:000"
GROUP='^2 2=\[ 1=[0-9]+ 2=0 3=1 4=0 5=0 6=1 7=\[ 0=2 1=1 2=2 3="SMC-R-DEFAULT-EID {15}" 4="b {31}" \]'
COOKIE=$(on a "socktest netns")
GROUP+=" 8=\[ 1=1 2=255 3=2 \] 9=$COOKIE 11=0 12=32768 13=32768 \]\$"
LINK="^3 3=\[ 1=1 2=\"rxe0\" 3=1 4=\"${GID}1\" 5=\"${GID}2\" 6=1 7=[1-9][0-9]* 8=[1-9][0-9]* 9=[1-9][0-9]* 10=3 \]\$"

# What is counted. The rings of these are of a size that is asked for.
events=/sys/kernel/tracing/events/smc
debug=/proc/dynamic_debug/control
for guest in $(guests ours); do
	on $guest "echo 1 >$events/enable; : >/sys/kernel/tracing/trace
		[ ! -e $debug ] || echo 'module smc_r +p' >$debug"
done
for guest in a b; do
	on $guest "echo 32768 >/proc/sys/net/smc/wmem; echo 32768 >/proc/sys/net/smc/rmem"
done
start b peer "socks smc,listen=7000,accept,recv=70000,send=1,wait"
start b server "conns server -m smc 7002"
wait_port b 7000
wait_port b 7002
start a client "socks smc,connect=$B:7000,nodelay,cork,uncork,send=5000,send=65000,recv=1,shut=w"
wait_for 15 on a "grep -q ^ready /run/rig/client.log"
if [ "$(role_of a)" = ours ]; then
	is 1 "$(smc_stat a client_v2)" "a connection"
	is 70000 "$(smc_stat a tx_bytes)" "its bytes"
	is "1 1" "$(smc_stat a nodelay) $(smc_stat a cork)" "TCP_NODELAY was set, TCP_CORK cleared"
	is "[ 1=1 2=0 3=0 4=1 5=0 6=0 7=0 8=0 9=0 ]" "$(on a "genlraw $G 7 dump" | grep -o ' 3=\[ 1=[^]]*\]' | sed 's/ 3=//')" \
		"a call of up to 8 KiB, one of up to 64 KiB"
	is "[ 1=0 2=0 3=1 4=0 5=0 6=0 7=0 8=0 9=0 ]" "$(on a "genlraw $G 7 dump" | grep -o ' 2=\[ 1=[0-9]* 2=0 3=[^]]*\]' | tail -n 1 | sed 's/ 2=//')" \
		"a receive ring of 32 KiB"
	is "32768 32768" "$(smc_stat a tx_rmb_usage) $(smc_stat a rx_rmb_usage)" "what it has now"
	is "1 1" "$(smc_stat a tx_buf_alloc) $(smc_stat a rx_buf_alloc)" "both are new"
	is "1 1" "$(smc_stat a tx_buf_small) $(smc_stat a tx_buf_small_peer)" "a write is longer than either"
	num "$(smc_stat a tx_buf_full) -ge 1" "it had to wait"
	is "0 0" "$(smc_stat a tx_buf_downgrade) $(smc_stat a rx_buf_reuse)" "none is smaller, none was used before"
	shows "$GROUP" $G 2 dump
	is 1 "$(on a "genlraw $G 3 dump" | awk '/^2 /{group = NR} /^3 /{print group ? NR - group : "none"}')" \
		"a link comes behind its group"
	shows "$LINK" $G 3 dump
	before=$(on a "genlraw $G 2 dump; genlraw $G 3 dump")
	for family in $G SMC_PNETID; do
		like "^sent [0-9]{4,} ok [1-9]" "$(on a "nlfuzz -u 1000 $family")" "$family: while there is a group"
	done
	is "$before" "$(on a "genlraw $G 2 dump; genlraw $G 3 dump")" "which stays as it is"
fi
like '^lgr 0x.*00 role client type single conns 1 ' "$(on a 'smcnl lgr')" "the link group"
[ "$(role_of a)" != ours ] || for what in qp pd cq mr; do
	like 'comm \[?smc_r\]?' "$(on a "rdma resource show $what")" "our name is on its $what"
done
like '^dev rxe0 port 1 .* links 1 crit 1 ' "$(on $me 'smcnl devs')" "the device is in use"
on a "kill -TERM \$(pidof socks)"
on b "kill -TERM \$(pidof socks)"
if [ "$(role_of a)" = ours ]; then
	ok "its rings are not in use any more" wait_for 5 eval \
		'[ "$(smc_stat a tx_rmb_usage) $(smc_stat a rx_rmb_usage)" = "0 0" ]'
	ok "another connection" on a "conns client -m smc -k smc -n 1 -p -T 20 $B 7002"
	num "$(smc_stat a tx_buf_reuse) -ge 1" "has the send ring of the first one"
	on b "smcnl ueid flush"
	ok "one that is declined" on a "conns client -m smc -k tcp -n 1 -p -T 20 $B 7002"
	on b "smcnl ueid add SMC-R-DEFAULT-EID"
	shows "^8 8=\[ 1=0 2=0 3=1 4=83886080 5=1 \]$" $G 8 dump
	fault a symbol=smcr_clc_send_proposal retval=-5 times=1
	fails "one that fails" on a "socks smc,connect=$B:7002"
	unfault a >/dev/null
	on a "rdma link del rxe0"
	trace=$(on a "cat /sys/kernel/tracing/trace; echo 0 >$events/enable")
	lines=$(on a "dmesg; [ ! -e $debug ] || echo 'module smc_r -p' >$debug")
	like "smc_tx_sendmsg: smc=[0-9a-f]+ net=$COOKIE len=5000 dev=rxe0" "$trace" "tracepoint: send"
	like "smc_rx_recvmsg: smc=[0-9a-f]+ net=$COOKIE len=1 dev=rxe0" "$trace" "receive"
	like "smcr_handshake: sk=[0-9a-f]+ net=$COOKIE role=client version=2 err=0 reason=0x00000000" "$trace" "handshake"
	like "smcr_handshake: .* err=0 reason=0x05000000" "$trace" "one that is declined"
	like "smcr_handshake: .* net=$COOKIE role=client version=[0-9] err=-5 reason=0x00000000" "$trace" "one that fails"
	like "smc_switch_to_fallback: sk=[0-9a-f]+ clcsk=[0-9a-f]+ net=$COOKIE fallback_rsn=83886080" "$trace" "fallback"
	like "smcr_link_up: lnk=[0-9a-f]+ lgr=[0-9a-f]+ net=$COOKIE dev=rxe0" "$trace" "link up"
	like "smcr_link_down: lnk=[0-9a-f]+ lgr=[0-9a-f]+ net=$COOKIE state=1 dev=rxe0 location=smcr_group_kill_dev\+" "$trace" \
		"link down"
	trace=$(on b "cat /sys/kernel/tracing/trace; echo 0 >$events/enable")
	like "smcr_handshake: .* role=server version=2 err=0 reason=0x00000000" "$trace" "server: handshake"
	like "smcr_handshake: .* role=server version=[0-9] err=0 reason=0x03030000" "$trace" "one that it declines"
	like "smcr_handshake: .* role=server version=[0-9] err=-[1-9][0-9]* reason=0x00000000" "$trace" "one that fails"
	debugged
	layouts
	[ -z "${RIG_LONG:-}" ] || { wrapped_reason; many_reasons; }
fi
on b "kill -TERM \$(pidof conns)"
for guest in $(guests ours); do
	ok "the module goes from $guest" unload $guest
done
done_testing
