#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# A peer that speaks LLC and CDC itself, by a script: wrong, at the wrong time,
# too much, or not at all.
#
#	a rdmapeer, a queue pair of its own ==== rxe0 ==== SMC sockets b
#
# kernels: 6.1 6.12
# peers: none:ours
# timeout: 200
. "$RIG_LIB"

PORT=7000
SCRIPTS=$(dirname "$RIG_LIB")/../net/rdma

put() {
	on a "cat >/tmp/$1 <<'EOT'
$(cat "$SCRIPTS/$1")
EOT"
}

on a "modprobe ib_uverbs; insmod /rig/smcr_syn.ko port=$PORT; ls /dev/infiniband"
put client.rdma
start b server "obey server $PORT"
wait_port b $PORT
out=$(on a "timeout 20 rdmapeer client /tmp/client.rdma $B $PORT" || true)
note "$out"
note "$(log_of b server)"
like "failed=0" "$out" ok
done_testing
