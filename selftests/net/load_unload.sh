#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# The module comes and goes: twenty times with traffic in between, nothing is
# left behind; not while it is in use; not beside the kernel's own smc.
#
#	a xfer ---- SMC-R over rxe0 ---- xfer b		insmod, data, rmmod: 20 times
#
# capture: yes
# timeout: 420
. "$RIG_LIB"

CYCLES=20
# seconds until the module of closed connections can go
GONE=5
OURS=$(guests ours)
# KiB; what a cycle may lose, and what the measurement wavers by
BOUND=$((CYCLES * 40 + 1024))

traffic() {
	start b server "xfer server -m smc 7000"
	wait_port b 7000
	on a "xfer client -m smc -k smc -d both -n 512k -T 20 $B 7000" >/dev/null
	stop b server
}

# in_ours COMMAND: in all guests with our module at the same time.
in_ours() {
	local guest pid pids=()

	for guest in $OURS; do
		$1 $guest &
		pids+=($!)
	done
	for pid in "${pids[@]}"; do
		wait $pid
	done
}

cycle() {
	in_ours load
	traffic
	in_ours unload
}

some=${OURS%%[!ab]*}
is 43,1,0 "$(on $some 'socktest 43,1,0' | sed -n 's/: errno=4000 .*//p')" \
	"AF_SMC sockets exist"
traffic
in_ours unload
like 'errno=97' "$(on $some 'socktest 43,1,0')" "none without the module"

# The first cycles fill caches.
cycle
cycle
for guest in $OURS; do
	eval "slab_$guest=$(slab_unreclaim $guest) mem_$guest=$(memavail $guest)"
	eval "rdma_$guest='$(rdma_resources $guest)'"
done
done_cycles=0
while [ $done_cycles -lt $CYCLES ] && cycle; do
	done_cycles=$((done_cycles + 1))
done
is $CYCLES $done_cycles "cycles of insmod, traffic over SMC, rmmod"
for guest in $OURS; do
	eval "slab=\$slab_$guest mem=\$mem_$guest rdma=\$rdma_$guest"
	slab_now=$(slab_unreclaim $guest)
	mem_now=$(memavail $guest)
	note "$guest: slab $slab to $slab_now KiB, available $mem to $mem_now KiB"
	num "$((slab_now - slab)) -le $BOUND" "unreclaimable slab of $guest stays"
	num "$((mem - mem_now)) -le $BOUND" "available memory of $guest stays"
	is "$rdma" "$(rdma_resources $guest)" "RDMA objects of $guest are as before"
	is 0 "$(on $guest "grep -c '^SMC' /proc/net/protocols" || true)" \
		"no protocol entries are left in $guest"
done

in_ours load
traffic
begin=$SECONDS
in_ours unload
note "rmmod after $((SECONDS - begin)) s"
num "$((SECONDS - begin)) -le $((GONE * SLOW))" "rmmod within $GONE s of the last connection"

# In use.
in_ours load
start b server "xfer server -m smc 7000"
wait_port b 7000
[ "$(role_of b)" != ours ] || fails "rmmod with a listener" on b "rmmod smc_r"
start a client "xfer client -m smc -k smc -n 1g -r 4096 -s 20000 -T 200 $B 7000"
wait_for 10 on a "smcnl lgr | grep -q 'conns 1 '"
fails "rmmod with a connection" on $some "rmmod smc_r"
like 'in use' "$(on $some 'rmmod smc_r' 2>&1 || true)" "it says why"
on a "kill -KILL \$(pidof xfer)"
stop b server
for guest in $OURS; do
	ok "rmmod on $guest after the client was killed" unload $guest
	eval "rdma=\$rdma_$guest"
	is "$rdma" "$(rdma_resources $guest)" "RDMA objects of $guest are as before"
done
[ $RIG_PEERS = ours:ours ] || { done_testing; exit; }

# Beside the kernel's own.
on a "modprobe smc"
on a "dmesg -c >/dev/null"
fails "insmod while smc is loaded" on a "insmod /rig/smc_r.ko"
like "smc_r: .*the kernel's own smc is loaded" "$(on a dmesg)" "it says why"
is 0 "$(on a "grep -c '^smc_r' /proc/modules" || true)" "nothing stays loaded"
on a "rmmod smc"
ok "insmod after rmmod smc" load a
load b
traffic
ok "and it works" unload a
unload b
done_testing
