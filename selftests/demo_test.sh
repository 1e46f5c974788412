#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# The first command of README.md is typed, and what it prints is what it is for.
# Prints TAP.

here=$(cd "$(dirname "$0")" && pwd)
. "$here/progs/tap.sh"

out=$tap_work/out
command=$(awk -v heading="Two commands" -v n=1 -f "$here/lib/commands.awk" "$here/../README.md" |
	sed 's/  *# .*//; 1!d')

# numbers KEY: those of TCP and of SMC-R in a line of what was printed.
numbers()
{
	sed -n "s/^$1  *\([0-9]*\)  *\([0-9]*\).*/\1 \2/p" "$out"
}

# rises KEY: is the number of SMC-R more than ten times that of TCP?
rises()
{
	local tcp smc

	read -r tcp smc < <(numbers "$1") && [ "$smc" -gt $((10 * tcp)) ]
}

tap_is "README.md's first command" "$command" "make demo"
(cd "$here/.." && $command) >"$out" 2>&1
tap_is "$command: exit status" $? 0
tap_is "$command: rows with requests by both ways" \
	"$(grep -cE '^[SG]ET .*clients? +[1-9][0-9]* +[1-9][0-9]* +[0-9.]+$' "$out")" \
	"$(sed -n '/^ROWS/,/^)/p' "$here/demo" | grep -c '^    ("')"
for key in "RDMA packets sent" "SMC connections" "bytes sent by SMC"; do
	tap_ok "$command: $key" rises "$key"
done
tap_is "$command: no fallback" "$(numbers "fallbacks to TCP")" "0 0"
tap_match "$command: its verdict" "$(cat "$out")" '^All data of the SMC-R runs went over RDMA'
sed 's/^/# /' "$out"
tap_end
