#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# Many connections: 300 at once fill a link group of 255 and begin another;
# 2000 one after another leave nothing behind.
#
#	a conns ==== SMC-R over rxe0, 2 link groups ==== conns b
#
# capture: yes
# timeout: 500
. "$RIG_LIB"

# one after another; stock sets up a hundred in a second
SERIAL=2000
[ $RIG_PEERS = ours:ours ] || SERIAL=500

# TCP's own remains of a closed connection would spoil the measurement.
for guest in a b; do
	on $guest "echo 0 >/proc/sys/net/ipv4/tcp_max_tw_buckets"
done
start b server "conns server -m smc 7000"
wait_port b 7000

start a hold "conns client -m smc -k smc -n 300 -b 50 -H -T 100 $B 7000"
if ! wait_for 110 on a "grep -q '^holding' /run/rig/hold.log"; then
	note "$(log_of a hold)"
fi
is "holding 300" "$(log_of a hold | grep ^holding || true)" "300 connections at once"
for guest in a b; do
	is "255 45" "$(group_conns $guest)" "two link groups on $guest"
done
is 300 "$(smc_stat a client_v2)" "client handshakes"
is 300 "$(smc_stat b server_v2)" "server handshakes"
on a "kill -TERM \$(pidof conns)"
ok "each works while the others are open" finish a hold 60
note "$(log_of a hold)"
wait_for 20 eval '[ "$(group_conns a)" = "0 0" ] && [ "$(group_conns b)" = "0 0" ]' || true
is "0 0, 0 0" "$(group_conns a), $(group_conns b)" "all are closed"

# The first ones fill caches. Measuring makes memory short, which ends groups.
on a "conns client -m smc -k smc -n 200 -s -T 29 $B 7000" >/dev/null
wait_for 20 eval '[ "$(group_conns a)" = "0 0" ] && [ "$(group_conns b)" = "0 0" ]'
for guest in $(guests ours); do
	eval "slab_$guest=$(slab_unreclaim $guest) mem_$guest=$(memavail $guest)"
	wait_for 10 eval '[ -z "$(group_conns $guest)" ]'
	sleep 1
	eval "rdma_$guest='$(rdma_resources $guest)'"
done
note "$(rdma_resources a)"
ON_TIMEOUT=260 ok "$SERIAL connections one after another" on a \
	"conns client -m smc -k smc -n $SERIAL -s -T 250 $B 7000"
wait_for 20 eval '[ "$(group_conns a)" = 0 ] && [ "$(group_conns b)" = 0 ]' || true
is "0, 0" "$(group_conns a), $(group_conns b)" "in one group"
for guest in $(guests ours); do
	eval "slab=\$slab_$guest mem=\$mem_$guest rdma=\$rdma_$guest"
	slab_now=$(slab_unreclaim $guest)
	# what is freed late comes back, what is lost does not
	[ $slab_now -le $((slab + 768)) ] || { sleep 10; slab_now=$(slab_unreclaim $guest); }
	mem_now=$(memavail $guest)
	note "$guest: slab $slab to $slab_now KiB, available $mem to $mem_now KiB"
	# A socket is more than 1 KiB, a ring 64 KiB.
	num "$((slab_now - slab)) -le 768" "unreclaimable slab of $guest stays"
	num "$((mem - mem_now)) -le 3072" "available memory of $guest stays"
	wait_for 10 eval '[ "$rdma" = "$(rdma_resources $guest)" ]' || true
	is "$rdma" "$(rdma_resources $guest)" "RDMA objects of $guest are as before"
done
no_fallback a
no_fallback b
on b "kill -TERM \$(pidof conns)"
ok "server ends" finish b server 5
like "^accepted=$((SERIAL + 500)) ended=$((SERIAL + 500)) errors=0 bytes=$(((SERIAL + 800) * 64))\$" \
	"$(log_of b server)" \
	"the server's count"
done_testing
