#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# A peer that does the handshake by a script: wrong, cut, slow, or not at all.
# Each connection goes on over TCP for the right reason, or ends in time; the
# counters say so, and nothing remains.
#
#	a conns ---- SMC sockets over TCP ---- clcpeer b
#
# What is sent and what has to follow is in clc/. Addresses are those of the
# recorded messages: b is their client.
#
# capture: yes
# timeout: 400
. "$RIG_LIB"

PORT=7000
PORT6=7006
CLC=$(dirname "$RIG_LIB")/../net/clc
# how late anything may be in a guest
LATE=$((4 * SLOW))
# their limits pass together: a slow host cannot serve as many in that time
AT_ONCE=240
[ $SLOW = 1 ] || AT_ONCE=48
EXPECTED=$RIG_DIR/expected

put() {
	on b "cat >/tmp/$1 <<'EOT'
$(cat "$CLC/$1")
EOT"
}

# outcomes ROLE: what clcpeer counted, from its output, added to what a is
# expected to have counted in this role.
outcomes() {
	sed -n "s/^\(tcp\|lost\) /$1 &/p" >>"$EXPECTED"
}

# expected ROLE WORD: the sum of all outcomes that begin with WORD.
expected() {
	awk -v role=$1 -v word=$2 '$1 == role && $2 == word {n += $4} END {print n + 0}' \
		"$EXPECTED"
}

# reasons ROLE: fallbacks of a, expected and counted.
reasons_expected() {
	awk -v role=$1 '$1 == role && $2 == "tcp" {n[$3] += $4}
		END {for (code in n) print code, n[code]}' "$EXPECTED" | sort | xargs
}

reasons_counted() {
	on a "smcnl fback" | awk -v role=$1 '$1 == "reason" && $2 == role {print $3, $4}' |
		sort | xargs
}

counters_agree() {
	is "$(reasons_expected $1)" "$(reasons_counted $1)" "$1: reasons of fallbacks"
	is "$(expected $1 tcp)" "$(smc_stat a fallback_$1)" "$1: fallbacks"
	is "$(expected $1 lost)" "$(smc_stat a ${1}_errors)" "$1: failed handshakes"
	is 0 "$(smc_stat a ${1}_v2)" "$1: no connection uses SMC"
}

# sum WORDS TEXT: of the numbers that end lines beginning so.
sum() {
	awk -v words="$1 " 'index($0, words) == 1 {n += $NF} END {print n + 0}' <<<"$2"
}

conns_of() {
	on b "clcpeer check /tmp/$1" | sed -n 's/^cases=.* connections=//p'
}

# client SCRIPT OPTIONS...: b connects to a, or whatever $to says.
to="$A $PORT"
client() {
	local script=$1 out begin=$SECONDS
	shift

	put $script
	out=$(ON_TIMEOUT=180 on b "clcpeer client -t $LATE $* /tmp/$script $to" || true)
	is "connections=$(conns_of $script) failed=0" "$(grep ^connections= <<<"$out")" \
		"$script: each connection goes by it"
	note "$out"
	note "$script: $((SECONDS - begin)) s"
	outcomes server <<<"$out"
}

# server SCRIPT: a connects to b, with a program that needs an echo.
server() {
	local script=$1 count out log errors begin=$SECONDS

	put $script
	count=$(conns_of $script)
	start b peer "clcpeer server -t $LATE /tmp/$script $PORT"
	wait_port b $PORT
	out=$(ON_TIMEOUT=180 on a "conns client -m smc -n $count -p -b $AT_ONCE -T 150 $B $PORT" \
		2>/dev/null || true)
	ok "$script: the peer ends" finish b peer 20
	log=$(log_of b peer)
	is "connections=$count failed=0" "$(grep ^connections= <<<"$log")" \
		"$script: each connection goes by it"
	note "$log"
	note "$out"
	note "$script: $((SECONDS - begin)) s"
	outcomes client <<<"$log"
	like " smc=0 tcp=$(sum tcp "$log")\$" "$out" \
		"$script: those that fell back carry data"
	# Some cases leave it open which.
	for errors in EPROTO ETIMEDOUT ECONNRESET; do
		num "$(sum "failed $errors" "$out") -ge $(sum "lost $errors" "$log")" \
			"$script: its program is told $errors"
	done
	like "failed=$(sum lost "$log") " "$out" "$script: the others fail"
}

# gives_back SLAB AVAILABLE SCRIPT COMMAND...: what it takes of a's memory, but for
# as many KiB.
gives_back() {
	local most=$1 most_mem=$2 script=$3 slab mem slab_now mem_now
	shift 3

	# nor what the script before still has
	wait_for 15 eval '[ "$rdma" = "$(rdma_resources a)" ]' || true
	slab=$(slab_unreclaim a) mem=$(memavail a)
	"$@"
	slab_now=$(slab_unreclaim a) mem_now=$(memavail a)
	note "$script: slab $slab to $slab_now KiB, available $mem to $mem_now KiB"
	num "$((slab_now - slab)) -le $most" "$script: unreclaimable slab stays"
	num "$((mem - mem_now)) -le $most_mem" "$script: available memory stays"
}

# grant CONNECTIONS: of a link group of a
grant() {
	on a "echo $1 >/proc/sys/net/smc/smcr_max_conns_per_lgr"
}

: >"$EXPECTED"
for guest in a b; do
	on $guest "echo 0 >/proc/sys/net/ipv4/tcp_max_tw_buckets"
done
on a "smcnl ueid add SMCV2-TEST-EID"
on b "insmod /rig/smcr_syn.ko port=$PORT"
rdma=$(rdma_resources a)

start a server "conns server -m smc $PORT"
wait_port a $PORT
client golden.clc -j 1
grant 200
client proposal.clc -j $AT_ONCE
client confirm.clc -j $AT_ONCE

# Now that caches and worker threads are as many as they get: of 480 and of 1540
# connections, each leaves about a KiB at most, and less than a ring.
gives_back 512 3072 silence.clc client silence.clc -j $AT_ONCE
gives_back 512 3072 confirm.clc client confirm.clc -j $AT_ONCE
on a "kill -TERM \$(pidof conns)"
ok "the server ends" finish a server 5
like "^accepted=$(expected server tcp) ended=$(expected server tcp) errors=0 " \
	"$(log_of a server)" "its program saw those that fell back"

on a "ip addr add fd01::1/48 dev eth0 nodad"
on b "rmmod smcr_syn; insmod /rig/smcr_syn.ko port=$PORT6"
start a server "conns server -m smc -6 $PORT6"
wait_port a $PORT6
to="$A6 $PORT6" client proposal_v6.clc -6 -j $AT_ONCE
on a "kill -TERM \$(pidof conns)"
ok "the server of IPv6 ends" finish a server 5
on b "rmmod smcr_syn; insmod /rig/smcr_syn.ko port=$PORT"
on a "ip addr del fd01::1/48 dev eth0"
counters_agree server

grant 255
server accept.clc
server silence_server.clc
# No version 2 without them.
on a "smcnl ueid flush"
server accept_v1.clc
on a "smcnl ueid add SMC-R-DEFAULT-EID"
counters_agree client

like ' SMC-Decline$' "$(decode a)" "a DECLINE of version 1 is among the messages"

put behind.clc
start b peer "clcpeer server -t $LATE /tmp/behind.clc $PORT"
wait_port b $PORT
for version in 2 1; do
	is hello "$(on a "smc_run bash -c 'cat </dev/tcp/$B/$PORT'")" \
		"data right behind a DECLINE of version $version"
done
ok "the peer ends" finish b peer 10

wait_for 15 eval '[ "$rdma" = "$(rdma_resources a)" ]' || true
is "$rdma" "$(rdma_resources a)" "RDMA objects are as before"
is "" "$(on a "smcnl lgr")" "no link group is left"

# A real peer.
on b "rmmod smcr_syn; modprobe ib_core"
load b
start b server "conns server -m smc $PORT"
wait_port b $PORT
start a server "conns server -m smc $PORT"
wait_port a $PORT
ok "as client, a works as ever" on a "conns client -m smc -k smc -n 10 -p -T 20 $B $PORT"
ok "as server, a works as ever" on b "conns client -m smc -k smc -n 10 -p -T 20 $A $PORT"
for guest in a b; do
	ok "server of $guest ends" stop $guest server
	ok "the module goes from $guest" unload $guest
done
done_testing
