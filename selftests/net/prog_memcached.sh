#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# memcached under smc_run: both protocols, and load with each value checked.
#
#	a memccapable, memcaslap ---- SMC-R over rxe0 ---- memcached b
#
# programs: memcached
# memory: 1536
# timeout: 400
. "$RIG_LIB"
. "$(dirname "$RIG_LIB")/programs.sh"

operations=$(by_size 3000 20000)

# load NAME OPTIONS...: all that was got is what was set.
load() {
	local out

	out=$(ON_TIMEOUT=100 on a "smc_run memcaslap -s $B:11211 -T 2 -c 16 \
		-x $operations -v 1 ${*:2}" 2>&1) || out="status $? $out"
	like '^verify_failed: 0$' "$out" "$1: each value as it was set"
	like '^get_misses: 0$' "$out" "$1: nothing got lost"
	num "$(sed -n 's/^cmd_get: //p' <<<"$out") -ge 500" "$1: there were some"
	num "$(sed -n 's/^cmd_set: //p' <<<"$out") -ge 50" "$1: of both kinds"
}

prog_begin
start b memcached "smc_run memcached -u root -m 600 -t 2 -l $B"
wait_port b 11211
# Its status is 0 only if all tests passed.
ON_TIMEOUT=100 ok "memccapable: text protocol" on a "smc_run memccapable -h $B -p 11211 -a"
ON_TIMEOUT=100 ok "memccapable: binary protocol" on a "smc_run memccapable -h $B -p 11211 -b"
load "values of 1 KiB"
load "values of 20 kB" -X 20000 -w 1k -c 4
load "binary protocol" -B
ok "memcached ends" stop b memcached
prog_end 32 3000000 3000000
done_testing
