#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# A host restarts without a word and comes back with the same addresses: the
# other one still has its link group (wire.md 4.1, 11). New connections work,
# and the old group goes.
#
#	a conns ---- SMC-R over rxe0, sometimes down ---- conns b
#
# timeout: 180
. "$RIG_LIB"

UNKNOWN_LINK=0x030b0000
SYNC=0x04000000
PEER_DECLINED=0x05000000
# seconds, as in lib/traffic.sh, and when somebody has said that the group is gone
LOST=14
ENDS=14

connection() {
	on a "conns client -m smc -k $1 -n 1 -p -T 30 $B 7000"
}

# restart GUEST ADDRESS: what it says at the end is for nobody.
restart() {
	on $1 "ip link set eth0 down"
	unload $1
	on $1 "ip link set eth0 up; /rig/wait-gid rxe0 $2"
	load $1
}

groups() {
	on $1 "smcnl lgr" | wc -l
}

serve() {
	start b server "conns server -m smc 7000"
	wait_port b 7000
}

serve
ok "a first connection" connection smc
restart a $A
ok "the client restarts: the next connection uses SMC" connection smc
is "1 2" "$(groups a) $(groups b)" "by another link group"
is "0 0" "$(smc_stat a fallback) $(smc_stat b fallback)" "no fallback"
on b "kill -TERM \$(pidof conns)"
ok "the server's program ends" finish b server 5

restart b $B
serve
on b "echo 1 >/proc/sys/net/smc/smcr_testlink_time"
ok "the server restarts: the next connection uses SMC" connection smc
is 1 "$(groups b)" "by another link group"
is "0 0" "$(smc_stat a fallback) $(smc_stat b fallback)" "no fallback"

# A client that does not say who it is, as stock: the server takes it for the
# same as before.
began=$SECONDS
restart a $A
ok "the test of the link ends the group of a client that is gone" wait_for $((1 + LOST)) no_group b
note "after $((SECONDS - began)) s"
num "$((SECONDS - began)) -le $(((1 + LOST) * SLOW))" "within $LOST s, and one of smcr_testlink_time"
on b "echo 30 >/proc/sys/net/smc/smcr_testlink_time"
fault a symbol=smcr_peer_id_copy retval=0
ok "a client without peer ID" connection smc
unfault a >/dev/null
restart a $A
fault a symbol=smcr_peer_id_copy retval=0
ok "restarts: the next connection uses TCP" connection tcp
began=$SECONDS
ok "the link group ends at the server within $ENDS s" wait_for $ENDS no_group b
note "after $((SECONDS - began)) s"
is "1 1" "$(reason_count a client $SYNC) $(reason_count b server $PEER_DECLINED)" \
	"as it does not know the link group"
ok "the one after that uses SMC" connection smc
unfault a >/dev/null

# A client may have lost the link that the server has chosen, but not the other one.
ok "a client that says who it is" connection smc
is "2 2" "$(groups a) $(groups b)" "has a link group of its own"
fault a symbol=smcr_group_get_client retval=0 times=1
ok "a client that does not know the link: TCP" connection tcp
is "1 1" "$(unfault a) $(reason_count a client $UNKNOWN_LINK)" "as it says"
is 2 "$(groups b)" "the link group stays"
ok "and is used" connection smc
is "2 2" "$(groups a) $(groups b)" "by the next connection"

on b "kill -TERM \$(pidof conns)"
ok "the server's program ends" finish b server 5
for guest in a b; do
	ok "the module goes from $guest" unload $guest
done
done_testing
