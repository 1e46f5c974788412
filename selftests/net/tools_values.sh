#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# Each column, member and sample that the tools print has the kernel's value.
#
#	a socks ---- SMC-R over rxe0 and rxe1, or TCP ---- socks b
#
# wires: 2
# timeout: 100
. "$RIG_LIB"
. "${RIG_LIB%/*}/tools_values.sh"

HERE=${0%/*}
A7=fd00:1111:2222:3333:4444:5555:6666:1
B7=fd00:1111:2222:3333:4444:5555:6666:2

# hold GUEST NAME ARGUMENTS: socks there, ready.
hold() {
	start $1 $2 "socks $3"
	wait_for 15 on $1 "grep -q ^ready /run/rig/$2.log" || log_of $1 $2
}

# counts GUEST KEY...: of smcnl stat.
counts() {
	on $1 "for key in ${*:2}; do smcnl stat \$key; done" | xargs
}

# --- something of everything, so that no two columns look the same ---

# In pieces of all sizes: one of 1 MiB, two of half of it, three ...
sends= recvs= size=1048576
for n in 1 2 3 4 5 6 7 8; do
	for ((i = 0; i < n; i++)); do
		sends+=,send=$((size - i))
		recvs+=,unread=$((size - i)),recv=$((size - i))
	done
	size=$((size / 2))
done
for guest in a b; do
	address=A7
	[ $guest = a ] || address=B7
	on $guest "insmod /rig/smc_r_diag.ko; sysctl -qw net.core.rmem_max=8388608 net.core.wmem_max=8388608
		ip addr add ${!address}/64 dev eth0 nodad"
done
start b sizes "socks smc,sndbuf=131072,rcvbuf=4194304,listen=7001,accept$recvs,send=4000,recv=700"
start b calls "socks smc,rcvbuf=65536,listen=7002,accept,unread=65536,recv=85000,send=1$(
	),unread=200,splice=100,splice=100,send=1,recvoob,send=1"
hold b others "smc,rcvbuf=65536,listen=7003 smc,listen=7004 smc6,listen=7005 tcp,listen=7006"
wait_port b 7001
wait_port b 7002
# a group that only b has had: from now on they have other numbers there
fault a symbol=smcr_conn_create retval=0 times=1
hold a apart "smc,connect=$B:7004"
unfault a >/dev/null
hold a many "smc,listen=7000 smc,bind=7008 \
	smc,sndbuf=32768,rcvbuf=65536,connect=$B:7001$sends,recv=3000,send=700,shut=w \
	smc,sndbuf=16384,nodelay,connect=$B:7002,nodelay,nodelay,cork,uncork,uncork,uncork,send=85000,recv=1$(
	),send=200,recv=1,oob,recv=1 \
	smc,sndbuf=131072,rcvbuf=16384,dev=eth0,connect=$B:7003,send=85000 \
	smc,*3,sndbuf=16384,connect=$B:7004,close smc6,connect=$B7:7005 smc,*2,connect=$B:7006 \
	smc,*2,sndbuf=1048576,rcvbuf=16384,connect=$B:7004 smc,*3,sndbuf=524288,rcvbuf=131072,connect=$B:7004 \
	smc,*4,sndbuf=262144,rcvbuf=1048576,connect=$B:7004 uid=1000 smc,connect=$B:7004,shut=r"
hold b back "tcp,connect=$A:7000"
is "1 3 2 0 0" "$(counts a urgent cork nodelay splice rx_buf_full)" "a: calls that it made"
is "1 0 0 2 1" "$(counts b urgent cork nodelay splice rx_buf_full)" "b: calls that it made"
is 1 "$(smc_stat b rx_buf_downgrade)" "b: a ring that could not be as large as it should"
on b "smcnl ueid flush"
hold a declined "smc,connect=$B:7004"
on a "smcnl ueid flush"
on b "smcnl ueid add SMC-R-DEFAULT-EID"
hold a version1 "smc,connect=$B:7004"
on a "smcnl ueid add SMC-R-DEFAULT-EID
	insmod /rig/smcr_fault.ko symbol=smcr_clc_send_proposal retval=-5 times=1; socks smc,connect=$B:7004
	rmmod smcr_fault
	modprobe macvlan; ip link add mv0 link eth0 type macvlan; rdma link add rxe2 type rxe netdev mv0
	smc_pnet -a NETA -D rxe0" 2>/dev/null
wait_for 10 eval '[ "$(smc_stat b server_errors)" = 1 ]' || true
is "1 0, 0 1" "$(counts a client_errors server_errors), $(counts b client_errors server_errors)" \
	"failed handshakes of each role"

become sym sym "the newest group has two links"

for guest in a b; do
	tell $guest values.$guest "${TOLD[@]}"
	same $guest values.$guest sockets groups links devices stats text metrics
	like " ${B7:0:16}\.\.:7005 " "$(grep fd00 "$RIG_DIR/values.$guest")" "$guest: an address that is cut"
done

# --- completion ---

TRY='try() { COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1)); _smc; echo "${COMPREPLY[*]}"; }
try smcr linkgroup peer b; try smcr linkgroup pnetid N; try smc_pnet -d N; try smcr ueid del S; try smcss --name s
try smcr link 0'
is "b NETA NETA SMC-R-DEFAULT-EID socks $(on a "smcnl lgr" | sed 's/lgr 0x\([0-9a-f]*\) .*/\1/' | sort | xargs)" \
	"$(on a "cat >/run/complete <<'TRY'
$(cat "$HERE/../../tools/completion")
$TRY
TRY
ln -sf /proc/self/fd /dev/fd; bash /run/complete" | xargs)" "completion knows what is in the kernel"

# --- top, while data flows ---

TOP="echo '@@@ before'; smcnl stats; read -r begin rest </proc/uptime; echo '@@@ smcr top'
	(until [ -e /run/quit ]; do sleep 0.2; done; printf q) | TERM=linux script -qefc 'stty rows 50 cols 120
		(until grep -q Throughput /run/screen; do sleep 0.2; done; sleep 3.5
			stty rows 49 </dev/tty; sleep 0.5; touch /run/quit) & smcr -w 2 top' /run/screen
	echo; echo '@@@ after'; smcnl stats; read -r end rest </proc/uptime
	echo '@@@ seconds'; echo \$begin \$end | awk '{print \$2 - \$1}'"
start b flow "xfer server -m smc 7010"
wait_port b 7010
start a flow "xfer client -m smc -k smc -n 40g -d both -w 4096 -r 4096 -T 60 $B 7010"
for guest in a b; do
	on $guest "$TOP" >"$RIG_DIR/top.$guest" &
done
wait
same a top.a top
same b top.b top
on a "/rig/daemon stop flow; true"

# --- the zero point of statistics ---

tell a before "genlraw SMC_GEN_NETLINK 7 dump" "genlraw SMC_GEN_NETLINK 8 dump" "smcr stats reset"
# that of another network namespace is another one
on a "ip netns add other; ip netns exec other smcr stats reset >/dev/null; ip netns del other"
hold a more "smc,*2,connect=$B:7006 smc,connect=$B:7004,send=20000 smc,*3,fastopen,connect=$B:7004"
tell a after "genlraw SMC_GEN_NETLINK 7 dump" "genlraw SMC_GEN_NETLINK 8 dump" "smcr stats json" "smcr --json stats" \
	"smcr -d stats" "smcr -a --json stats"
same "a: since the zero point" after:before stats text
# in turn a symbolic link, a second name and somebody else's file, with a zero point in it
is "1 ignored 1 ignored 1 ignored same" "$(on a "smcr stats reset >/dev/null; f=\$(ls -t /tmp/.smcstats.u0.* | head -n 1)
	mv \$f /tmp/other; sum=\$(md5sum </tmp/other)
	for how in 'ln -s' ln cp; do
		rm -f \$f; \$how /tmp/other \$f; [ \"\$how\" != cp ] || chown 1000 \$f
		smcr stats reset >/dev/null 2>&1; echo \$?
		[ \"\$(smcr stats json)\" != \"\$(smcr -a stats json)\" ] || echo ignored
	done; [ \"\$(md5sum </tmp/other)\" != \"\$sum\" ] || echo same; rm \$f; smcr stats reset >/dev/null" | xargs)" \
	"files of others in /tmp are left alone"
for guest in a b; do
	on $guest "for f in /run/rig/*.pid; do name=\${f##*/}; /rig/daemon stop \${name%.pid} || true; done"
done
unload a
load a
hold b again "smc,listen=7001"
hold a again "smc,connect=$B:7001"
is "1 1" "$(on a "[ \"\$(smcr stats json)\" != \"\$(smcr -a stats json)\" ] || smcnl stat client_v2
	smcr stats json | grep -o 'CLNT_V2_SUCC_CNT\":[0-9-]*' | cut -d : -f 2" | xargs)" \
	"it ends when the module is loaded anew"
done_testing
