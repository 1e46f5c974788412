#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# Peers that stop in the middle of a message fill the handshakes of a network
# namespace. Another one does not notice.
#
#	a conns in a namespace, macvlan ---- TCP, half a PROPOSAL each ---- clcpeer b
#	a conns ---- TCP, whole ones ---- clcpeer b
#
# timeout: 160
. "$RIG_LIB"

# more than run at a time, and what does
STUCK=600
RUNNING=512
# handshakes of a listener whose backlog is less
OF_ONE=256
IN="/usr/bin/ip netns exec other"

# ten_take: milliseconds, of handshakes one after another that a declines
ten_take() {
	on b "begin=\$(cut -d ' ' -f 1 /proc/uptime)
		clcpeer client -t 8 -j 1 /tmp/whole.clc $A 7000 >/run/whole.log || exit 1
		echo \"\$(cut -d ' ' -f 1 /proc/uptime) \$begin\" | awk '{print int((\$1 - \$2) * 1000)}'"
}

on a "modprobe macvlan; mkdir -p /run/netns; ip netns add other
	ip link add mv0 link eth0 type macvlan mode bridge
	ip link set mv0 netns other
	ip -n other link set mv0 up
	ip -n other addr add 10.0.0.11/24 dev mv0
	$IN sysctl -qw net.core.somaxconn=4096 net.ipv4.tcp_max_syn_backlog=4096"
on b "insmod /rig/smcr_syn.ko port=7000
	printf '%s\n' 'role client' 'case half of it i=1..$STUCK: load proposal; cut 20; send; lost 6' >/tmp/half.clc
	sed 's/$STUCK/$((OF_ONE + 4))/' /tmp/half.clc >/tmp/few.clc
	printf '%s\n' 'role client' 'case whole i=1..10: load proposal; byte 105 0; send; expect decline 0x0303000b; tcp' >/tmp/whole.clc"
on a "smcnl ueid add SMCV2-TEST-EID"
start a flooded "$IN conns server -m smc -l 4096 7000"
start a server "conns server -m smc 7000"
wait_port a 7000
usual=$(ten_take)
note "undisturbed: $usual ms"

start b half "clcpeer client -t 8 -j $STUCK /tmp/half.clc 10.0.0.11 7000"
ok "$STUCK clients stop" wait_for 20 on b \
	"[ \$(ss -Htn state established 'dst 10.0.0.11:7000' | wc -l) -ge $STUCK ]"
sleep 1
disturbed=$(ten_take)
is $STUCK "$(on b "ss -Htn state established 'dst 10.0.0.11:7000' | wc -l")" "they still do"
is $RUNNING "$(on a "grep -l '\[smc_r\]' \$(grep -l ^kworker /proc/[0-9]*/comm | sed 's/comm$/stack/') | wc -l")" \
	"$RUNNING handshakes run, no more"
note "beside them: $disturbed ms"
num "$disturbed -le $((usual * 3 + 500))" "a handshake of another namespace is not delayed"
ok "those that stopped lose their connections" finish b half 30
like "^connections=$STUCK failed=0" "$(log_of b half | grep ^connections=)" "all, in time"
is $STUCK "$(on a "$IN smcnl stat server_errors")" "failed handshakes of their namespace"
is 0 "$(smc_stat a server_errors)" "and of the other"

# those of one listener
ok "its listener ends" stop a flooded
start a flooded "$IN conns server -m smc -l 200 7000"
wait_for 5 on a "grep -q ^ready /run/rig/flooded.log"
start b few "clcpeer client -t 12 -j $((OF_ONE + 4)) /tmp/few.clc 10.0.0.11 7000"
ok "$((OF_ONE + 4)) clients stop" wait_for 20 on b \
	"[ \$(ss -Htn state established 'dst 10.0.0.11:7000' | wc -l) = $((OF_ONE + 4)) ]"
sleep 1
is 4 "$(on a "$IN ss -Htnl 'sport = :7000'" | awk '{print $2}')" \
	"a backlog of 200: $OF_ONE handshakes, TCP keeps the others"
ok "they lose their connections" finish b few 40
like "^connections=$((OF_ONE + 4)) failed=0" "$(log_of b few | grep ^connections=)" "all of them"

on a "kill -TERM \$(pidof conns)"
for name in flooded server; do
	ok "$name ends" finish a $name 5
done
on a "ip netns del other"
ok "the module goes" unload a
done_testing
