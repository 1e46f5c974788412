#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# What the handshake needs fails, step by step, at the server and at the
# client: the connection goes on over TCP, both sides count why, the next one
# uses SMC again, and nothing is left behind.
#
#	a xfer ---- TCP, then SMC-R over rxe0 ---- xfer b
#
# Each case begins with a freshly loaded module, so that there is no link
# group yet; those for later connections make one first.
#
# capture: yes
# cmdline: slub_debug=FZP,kmalloc-*,SMC*
# timeout: 560
. "$RIG_LIB"

# seconds until a connection has moved its data by TCP
SOON=25
ENOMEM=-12
EIO=-5

MEMORY=0x01010000
CONFIRM_TIMEOUT=0x02010000
PEER_DECLINED=0x05000000
NO_ACTIVE_LINK=0x030a0000
RTOKENS=0x09990001
LINK_READY=0x09990002
REG_BUFFER=0x09990003

connection() {
	on a "xfer client -m smc -k $1 -n 300k -d both -T $SOON $B 7000"
}

fresh() {
	unload a & unload b
	wait $!
	load a & load b
	wait $!
	start b server "xfer server -m smc 7000"
	wait_port b 7000
}

# check NAME GUEST CLIENT_REASON SERVER_REASON FAULT...: with the fault in
# GUEST the connection falls back for these reasons. A reason may be a choice,
# as in "X|Y", where it depends on who is faster.
check() {
	local name=$1 guest=$2 client=$3 server=$4 begin=$SECONDS
	shift 4

	fault $guest "$@"
	ok "$name: data flows by TCP" connection tcp
	num "$((SECONDS - begin)) -le $((SOON * SLOW))" "$name: within $SOON s"
	num "$(unfault $guest) -ge 1" "$name: the fault was met"
	like "^reason client ($client) 1\$" "$(on a 'smcnl fback')" \
		"$name: reason of the client"
	like "^reason server ($server) 1\$" "$(on b 'smcnl fback')" \
		"$name: reason of the server"
	is "1 1" "$(smc_stat a fallback) $(smc_stat b fallback)" \
		"$name: one fallback each"
	ok "$name: the next connection uses SMC" connection smc
	is "1 1" "$(smc_stat a fallback) $(smc_stat b fallback)" \
		"$name: no more fallbacks"
	is "0 0" "$(smc_stat a client_errors) $(smc_stat b server_errors)" \
		"$name: no failed handshake"
	note "$name: $((SECONDS - begin)) s"
	stop b server
}

first() {
	fresh
	check "$@"
}

# alike: what differs little from the step before; in the long suite only.
alike() {
	[ -z "${RIG_LONG:-}" ] || first "$@"
}

later() {
	fresh
	connection smc >/dev/null
	check "$@"
}

for guest in a b; do
	is "1 1" "$(on $guest "cd /sys/kernel/slab/kmalloc-64 && cat red_zone poison | xargs")" \
		"$guest: allocations have red zones and are poisoned"
done
unload a
unload b
rdma_a=$(rdma_resources a)
rdma_b=$(rdma_resources b)
load a
load b

# The server fails. It tells the client before its ACCEPT, or later, when the
# client waits for the link already.
first "server, no connection" b $PEER_DECLINED $MEMORY symbol=smcr_conn_create retval=0 times=1
alike "server, no send ring" b $PEER_DECLINED $MEMORY symbol=smcr_buf_get retval=0 times=1
alike "server, no receive ring" b $PEER_DECLINED $MEMORY symbol=smcr_buf_get retval=0 skip=1 times=1
first "server, no link" b $PEER_DECLINED $MEMORY symbol=smcr_link_create retval=$ENOMEM times=1
first "server, no completion queue" b $PEER_DECLINED $MEMORY symbol=__ib_alloc_cq_any retval=$ENOMEM times=1
alike "server, no memory region" b $PEER_DECLINED $MEMORY symbol=ib_alloc_mr retval=$ENOMEM
alike "server, no queue pair" b $PEER_DECLINED $MEMORY symbol=ib_create_qp_kernel retval=$ENOMEM times=1
first "server, link not ready to receive" b "$CONFIRM_TIMEOUT|$PEER_DECLINED" \
	$LINK_READY symbol=smcr_link_to_rtr retval=$EIO times=1
alike "server, link not ready to send" b "$CONFIRM_TIMEOUT|$PEER_DECLINED" \
	$LINK_READY symbol=smcr_link_to_rts retval=$EIO times=1
first "server, ring not registered" b "$CONFIRM_TIMEOUT|$PEER_DECLINED" \
	$REG_BUFFER symbol=smcr_link_register retval=$EIO times=1
alike "server, CONFIRM LINK not sent" b "$CONFIRM_TIMEOUT|$PEER_DECLINED" \
	"$CONFIRM_TIMEOUT|$PEER_DECLINED" symbol=smcr_llc_send_confirm_link retval=$EIO times=1
first "server, CONFIRM LINK lost" b "$CONFIRM_TIMEOUT|$PEER_DECLINED" \
	"$CONFIRM_TIMEOUT|$PEER_DECLINED" symbol=smcr_llc_send_confirm_link retval=0 times=1

first "server, no key" b "$CONFIRM_TIMEOUT|$PEER_DECLINED" \
	$RTOKENS symbol=smcr_rtoken_adopt retval=0 times=1

# The client fails.
alike "client, no connection" a $MEMORY $PEER_DECLINED symbol=smcr_conn_create retval=0 times=1
first "client, no send ring" a $MEMORY $PEER_DECLINED symbol=smcr_buf_get retval=0 times=1
alike "client, no receive ring" a $MEMORY $PEER_DECLINED symbol=smcr_buf_get retval=0 skip=1 times=1
alike "client, no link" a $MEMORY $PEER_DECLINED symbol=smcr_link_create retval=$ENOMEM times=1
alike "client, no completion queue" a $MEMORY $PEER_DECLINED symbol=__ib_alloc_cq_any retval=$ENOMEM times=1
# of any size
first "client, no memory region" a $MEMORY $PEER_DECLINED symbol=ib_alloc_mr retval=$ENOMEM
first "client, no queue pair" a $MEMORY $PEER_DECLINED symbol=ib_create_qp_kernel retval=$ENOMEM times=1
alike "client, link not ready to receive" a $LINK_READY $PEER_DECLINED \
	symbol=smcr_link_to_rtr retval=$EIO times=1
first "client, link not ready to send" a $LINK_READY "$CONFIRM_TIMEOUT|$PEER_DECLINED" \
	symbol=smcr_link_to_rts retval=$EIO times=1
alike "client, ring not registered" a $REG_BUFFER "$CONFIRM_TIMEOUT|$PEER_DECLINED" \
	symbol=smcr_link_register retval=$EIO times=1
first "client, CONFIRM LINK not sent" a "$CONFIRM_TIMEOUT|$PEER_DECLINED" \
	"$CONFIRM_TIMEOUT|$PEER_DECLINED" symbol=smcr_llc_send_confirm_link retval=$EIO times=1

# In a link group that exists.
later "server, no ring in the group" b $PEER_DECLINED $MEMORY symbol=smcr_buf_get retval=0 times=1
later "client, no ring in the group" a $MEMORY $PEER_DECLINED symbol=smcr_buf_get retval=0 times=1
later "server, CONFIRM RKEY fails" b $PEER_DECLINED $REG_BUFFER \
	symbol=smcr_llc_confirm_rkey retval=$EIO times=1
later "client, CONFIRM RKEY fails" a $REG_BUFFER $PEER_DECLINED \
	symbol=smcr_llc_confirm_rkey retval=$EIO times=1

# falls_back NAME GUEST REASON SYMBOL RETVAL: a later connection, each by the same
# link group
falls_back() {
	local name=$1 guest=$2 reason=$3 ours=client before

	[ $guest = a ] || ours=server
	before=$(reason_count $guest $ours $reason)
	fault $guest symbol=$4 retval=$5 times=1
	ok "$name: data flows by TCP" connection tcp
	is 1 "$(unfault $guest)" "$name: the fault was met"
	is $((before + 1)) "$(reason_count $guest $ours $reason)" "$name: reason of the $ours"
	ok "$name: the next connection uses SMC" connection smc
}

fresh
connection smc >/dev/null
falls_back "server, link lost" b $NO_ACTIVE_LINK smcr_group_attach $EIO
falls_back "client, link lost" a $NO_ACTIVE_LINK smcr_group_attach $EIO
falls_back "client, no key" a $RTOKENS smcr_rtoken_adopt 0
is "1 2" "$(reason_count a client $PEER_DECLINED) $(reason_count b server $PEER_DECLINED)" \
	"the other one is told"
# The client is in SMC already.
fault b symbol=smcr_rtoken_adopt retval=0 times=1
began=$SECONDS
fails "server, no key in the group: the connection ends" connection smc
num "$((SECONDS - began)) -le $((5 * SLOW))" "server, no key in the group: within 5 s"
is 1 "$(unfault b)" "server, no key in the group: the fault was met"
is "0 1" "$(smc_stat a client_errors) $(smc_stat b server_errors)" "server, no key in the group: its handshake has failed"
ok "server, no key in the group: the next connection uses SMC" connection smc
is "1 1" "$(on a "smcnl lgr" | wc -l) $(on b "smcnl lgr" | wc -l)" "in one link group"
stop b server

# A send ring that cannot grow: two rings for the handshake come before.
fresh
fault a symbol=smcr_buf_get retval=0 skip=2 times=1
ok "client, no larger send ring: data flows by SMC" connection smc
num "$(unfault a) -ge 1" "client, no larger send ring: the fault was met"
is "0 0" "$(smc_stat a fallback) $(smc_stat b fallback)" \
	"client, no larger send ring: no fallback"
stop b server

ok "the module goes from a" unload a
ok "the module goes from b" unload b
is "$rdma_a" "$(rdma_resources a)" "RDMA objects of a are as before"
is "$rdma_b" "$(rdma_resources b)" "RDMA objects of b are as before"
done_testing
