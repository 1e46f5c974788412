#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# A peer that speaks LLC and CDC itself, by a script: wrong, at the wrong time,
# too much, or not at all. It loses its own connection or link group, in time;
# another peer does not notice, and nothing remains.
#
#	a rdmapeer, queue pairs of its own ==== rxe0 ==== SMC sockets (obey) b
#
# What is said and what has to follow is in rdma/.
#
# cmdline: slub_debug=FZP,kmalloc-*,SMC*
# timeout: 240
. "$RIG_LIB"

PORT=7000
A_TOO=10.0.0.3
SCRIPTS=$(dirname "$RIG_LIB")/../net/rdma
# of an echo of the good peer, while others flood their links
SLOWEST_MS=$((3000 * SLOW))
# at a time: what is too much for a slow host would miss the module's own limits
JOBS=8
FEW="-j 32"
[ $SLOW = 1 ] || { JOBS=2; FEW="-j 4"; }
seen=$RIG_DIR/seen
promised=$RIG_DIR/promised

put() {
	on a "cat >/tmp/$1 <<'EOT'
$(cat "$SCRIPTS/$1")
EOT"
}

# count WORD TEXT: a number that rdmapeer prints.
count() {
	sed -n "s/.*\b$1=\([0-9]*\).*/\1/p" <<<"$2" | tail -n 1
}

# what sockets were told, by the peer's word and by their own
outcomes() {
	sed -n '/^sees /p' <<<"$1" | sort
}

# went_by_script NAME OUTPUT LOG [OTHER]: of rdmapeer and obey, and of the other
# rdmapeer at that time.
went_by_script() {
	like "^cases=[1-9][0-9]* failed=0\$" "$(grep ^cases= <<<"$2")" "$1: each case goes by it"
	note "$(sed '/^sees /d' <<<"$2")"
	outcomes "$2
${4-}" >"$promised"
	outcomes "$3" >"$seen"
	is "" "$(diff "$promised" "$seen")" "$1: each socket is told what happened"
}

all_ended() {
	ok "$1: all link groups end" wait_for 20 no_group b
}

is "1 1" "$(on b "cd /sys/kernel/slab/kmalloc-64 && cat red_zone poison | xargs")" \
	"allocations have red zones and are poisoned"
on a "modprobe ib_uverbs; insmod /rig/smcr_syn.ko port=$PORT"
# for a second link by the same device
on a "ip addr add $A_TOO/24 dev eth0; /rig/wait-gid rxe0 $A_TOO"
# Small rings wrap often, and a peer that went is missed soon.
on b "cd /proc/sys/net/smc && echo 16384 | tee rmem wmem >/dev/null && echo 3 >smcr_testlink_time"
for script in client server good many one_more forget; do
	put $script.rdma
done
# until there are all of them
on a "sed -i 's/wait 20000/wait $((20000 * SLOW))/' /tmp/many.rdma"
rdma=$(rdma_resources b)

# --- the peer is the client ---
start b server "obey server -T $((20 * SLOW)) $PORT"
wait_port b $PORT
start a good "rdmapeer client /tmp/good.rdma $B $PORT"
begin=$SECONDS
out=$(ON_TIMEOUT=100 on a "rdmapeer client -j $JOBS /tmp/client.rdma $B $PORT" || true)
note "client: $((SECONDS - begin)) s"
ok "the good peer ends" finish a good 60
good=$(log_of a good)
all_ended client
went_by_script client "$out" "$(log_of b server)" "$good"
like "^cases=1 failed=0\$" "$(grep ^cases= <<<"$good")" "the good peer had no trouble"
num "$(count slowest_ms "$good") -le $SLOWEST_MS" "the good peer was never slow"
is $(($(count smc "$out") + 1)) "$(smc_stat b server_v2)" "connections of the server"
is "$(count declined "$out")" "$(smc_stat b fallback_server)" "fallbacks of the server"
is "$(count lost "$out")" "$(smc_stat b server_errors)" "failed handshakes of the server"
stop b server
wait_for 10 eval '[ "$rdma" = "$(rdma_resources b)" ]' || true
is "$rdma" "$(rdma_resources b)" "client: RDMA objects are as before"

# --- a client that is asked to forget keys ---
start b forgetful "obey server -T $((20 * SLOW)) $PORT"
wait_port b $PORT
out=$(on a "rdmapeer client -j 1 /tmp/forget.rdma $B $PORT" || true)
all_ended forget
went_by_script forget "$out" "$(log_of b forgetful)"
stop b forgetful

# --- a client that is another one each time ---
start b server "obey server -T 200 $PORT"
wait_port b $PORT
start a many "for i in \$(seq 8); do
	rdmapeer client -j 8 /tmp/many.rdma $B $PORT & usleep 500000; done; wait"

# groups_are N
groups_are() {
	[ "$(on b "smcnl lgr" | wc -l)" = $1 ]
}

# as many as rdma/group.c allows
ok "64 link groups of one host" wait_for 20 groups_are 64
like "failed=0\$" "$(on a "rdmapeer client /tmp/one_more.rdma $B $PORT" || true)" "one more uses TCP"
finish a many 60 || true
like "^8 0$" "$(log_of a many | sed -n 's/^cases=8 failed=//p' | sort | uniq -c | xargs)" \
	"those that there are go on"
all_ended many
# 4 is a DECLINE, 2 an ACCEPT
like "message 4 expected, 2 came" "$(on a "rdmapeer client /tmp/one_more.rdma $B $PORT" || true)" \
	"then one is accepted again"
stop b server

# --- the peer is the server ---
start a peer "rdmapeer server /tmp/server.rdma $PORT"
wait_port a $PORT
conns=$(on a "rdmapeer check /tmp/server.rdma" | sed 's/.*=//')
begin=$SECONDS
log=$(ON_TIMEOUT=80 on b "obey client -T $((20 * SLOW)) -n $conns $FEW $A $PORT" || true)
ok "the peer ends" finish a peer 20
out=$(log_of a peer)
note "server: $((SECONDS - begin)) s"
all_ended server
went_by_script server "$out" "$log"
is "$(count smc "$out")" "$(smc_stat b client_v2)" "connections of the client"
is "$(count declined "$out")" "$(smc_stat b fallback_client)" "fallbacks of the client"
is "$(count lost "$out")" "$(smc_stat b client_errors)" "failed handshakes of the client"
wait_for 10 eval '[ "$rdma" = "$(rdma_resources b)" ]' || true
is "$rdma" "$(rdma_resources b)" "server: RDMA objects are as before"

is "" "$(on b dmesg | grep -i 'smc' | grep -v 'ommand line: \|loading out-of-tree\|verification failed\|PF_SMC\|smcr_race')" \
	"nothing is logged"
ok "the module goes" unload b
done_testing
