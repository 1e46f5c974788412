#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# iperf3 under smc_run: up, down, both ways at once, eight streams.
#
#	a iperf3 ---- SMC-R over rxe0 ---- iperf3 -s b
#
# timeout: 400
. "$RIG_LIB"
. "$(dirname "$RIG_LIB")/programs.sh"

mib=$(by_size 16 100)
bytes=$((mib << 20))

# received JSON KEY: bytes that iperf3 says have arrived.
received() {
	python3 -c 'import json, sys
print(json.loads(sys.argv[1])["end"][sys.argv[2]]["bytes"])' "$@" || echo none
}

# run NAME OPTIONS...: leaves iperf3's account of it in $json.
run() {
	local status=0

	json=$(ON_TIMEOUT=60 on a "smc_run iperf3 -c $B -J -n ${mib}M ${*:2}") ||
		status=$?
	is 0 $status "iperf3 $1 ends well"
}

prog_begin
start b iperf "smc_run iperf3 -s"
wait_port b 5201
run up
# The server counts until it hears on another connection that this is the end.
num "$(received "$json" sum_received) -ge $((bytes * 3 / 4))" "data arrived"
run down -R
num "$(received "$json" sum_received) -ge $bytes" "all of it arrived"
run "both ways" --bidir
# The side that is done first ends the test.
num "$(received "$json" sum_received) -ge $((bytes / 4))" "data went up"
num "$(received "$json" sum_received_bidir_reverse) -ge $((bytes / 4))" \
	"and down"
run "8 streams" -P 8
num "$(received "$json" sum_received) -ge $((bytes * 3 / 4))" "data arrived"
run "8 streams down" -P 8 -R
num "$(received "$json" sum_received) -ge $bytes" "all of it arrived"
ok "the server ends" stop b iperf
prog_end 24 $((bytes * 2)) $((bytes * 2))
done_testing
