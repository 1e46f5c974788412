#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# Rings of virtual memory, and such that go, with the kernel's own SMC as peer.
#
#	a xfer, conns ---- SMC-R over rxe0 ---- xfer, conns b
#
# 6.12 only: on 6.1 the other side's link confirmation never arrives over rxe.
#
# capture: yes
# timeout: 300
. "$RIG_LIB"

BURST=10
if [ "$(role_of a)" = ours ]; then
	OURS=a OUR_IP=$A STOCK_IP=$B
else
	OURS=b OUR_IP=$B STOCK_IP=$A
fi

# mr: registered rings of ours.
mr() {
	rdma_resources $OURS | grep -o ' mr [0-9]*' | cut -d ' ' -f 3
}

# count FLAGS: of "N FLAGS" pairs, the number for these flags.
count() {
	grep -o "[0-9]* $1" <<<"$2" | cut -d ' ' -f 1 || echo 0
}

shrink() {
	on $OURS "echo 2 >/proc/sys/vm/drop_caches"
}

hold() {
	start a hold "conns client -m smc -k smc -n $1 -H -T 60 $B 7001"
	wait_for 30 on a "grep -q '^holding $1' /run/rig/hold.log"
}

release() {
	on a "kill -TERM \$(pidof conns)"
	finish a hold 30
}

start b server "xfer server -m smc 7000"
start b conns "conns server -m smc 7001"
wait_port b 7000
wait_port b 7001
for type in 1 2 0; do
	on $OURS "echo $type >/proc/sys/net/smc/smcr_buf_type"
	ok "type $type: 5 MB each way" on a \
		"xfer client -m smc -k smc -n 5m -d both -T 25 $B 7000"
	ok "type $type: in random pieces, 4 connections" on a \
		"xfer client -m smc -k smc -n 500k -d both -w rand -r rand -c 4 -T 25 $B 7000"
	wait_for 10 eval '[ "$(group_conns $OURS)" = 0 ]'
	shrink
	ok "type $type: its link group ends" \
		wait_for 10 eval '[ -z "$(group_conns a)$(group_conns b)" ]'
	# Stock declines connections while it takes a group apart.
	sleep 3
done

hold $BURST
ok "$BURST connections" release
hold 1
before=$(mr)
# a group that ended above may have begun with its rings
asked=$(count 00 "$(llc_flags $OUR_IP 29)") answered=$(count 80 "$(llc_flags $STOCK_IP 29)")
num "$before -ge $BURST" "$BURST idle rings stay for others"
shrink
ok "until memory is short" wait_for 10 eval '[ "$(mr)" = 1 ]'
# what was captured is written a moment later
wait_for 10 eval '[ "$(count 80 "$(llc_flags $STOCK_IP 29)")" -ge $((answered + before - 1)) ]' || true
is $((before - 1)) "$(($(count 00 "$(llc_flags $OUR_IP 29)") - asked))" "a DELETE RKEY for each"
is $((before - 1)) "$(($(count 80 "$(llc_flags $STOCK_IP 29)") - answered))" "the peer knew each"
ok "another connection" on a "conns client -m smc -k smc -n 1 -p $B 7001"
is 1 "$(group_conns $OURS)" "the link group is the same"
ok "the one that stayed works" release

# end NAME: of connections that are held.
end() {
	on a "kill -TERM -\$(cat /run/rig/$1.pid)"
	finish a $1 30
}

# more NAME COUNT: connections that are held.
more() {
	start a $1 "conns client -m smc -k smc -n $2 -b 20 -H -T 60 $B 7001"
	wait_for 40 on a "grep -q '^holding $2' /run/rig/$1.log"
}

# A peer keeps 255 rings in mind. The first 32 are larger than those that come
# when there are more.
if [ "$RIG_LONG" ]; then
	more early 40
	more late 215
	is 255 "$(mr)" "255 rings"
	ok "the early ones end" end early
	ok "... on both sides" wait_for 10 eval '[ "$(group_conns a) $(group_conns b)" = "215 215" ]'
	ok "idle rings of another size are used before the peer knows too many" more again 40
	if [ $OURS = b ]; then
		is "255 255" "$(mr) $(group_conns b)" "there are not more"
	else
		# as server, stock looks for a free place among its keys (wire.md 4.2)
		is "295 215 40" "$(mr) $(group_conns a)" "stock begins a group for them"
	fi
	ok "these end" end again
	ok "and the late ones" end late
fi
all_used_smc
stop b server
on b "kill -TERM \$(pidof conns)"
finish b conns 5
ok "the module goes" unload $OURS
done_testing
