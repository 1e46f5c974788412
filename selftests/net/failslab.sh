#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# Allocations of the module fail at random, slabs and pages (failslab,
# fail_page_alloc): connections work, by SMC or TCP, or say why not. When memory
# is back, all is as before. alloc.sh has each call in turn; this has them in all
# combinations, on a kernel that finds what was forgotten.
#
#	a xfer ---- SMC-R over rxe0, rxe1 ---- xfer b, memory short in one or both
#
# wires: 2
# timeout: 300
. "$RIG_LIB"
. "$(dirname "$RIG_LIB")/traffic.sh"

# connections for each kind, and how many allocations of a hundred fail
TIMES=$(by_size 6 60)
PERCENT=10
# seconds that a program may wait for that: to be connected, and for its data, and
# for both; and until the next one uses SMC
SOON=12
BOTH=24
BACK=20
# more failures than there can be
ALL=1000000
# what a program may be told; the one with files is what TCP says as well
REASONS="Cannot allocate memory|ENOMEM|Too many open files in system|reset by peer|ECONNRESET"
# and what it may not
BAD="signal|WRONG|wrong byte"

# short KIND GUEST...: of calls that the module makes itself, or that are made for
# it not far below, unlike the memory of a queue pair
short() {
	local kind=$1 guest
	shift

	for guest in "$@"; do
		on $guest "cd /sys/kernel/debug/$kind
			start=\$(awk '\$4 == \"[smc_r]\" && \$2 ~ /[tT]/ {print \$1}' /proc/kallsyms | sort | head -n 1)
			end=\$(awk '\$4 == \"[smc_r]\" && \$2 ~ /[tT]/ {print \$1}' /proc/kallsyms | sort | tail -n 1)
			echo 0x\$start >require-start; echo 0x\$end >require-end
			echo 8 >stacktrace-depth; echo N >ignore-gfp-wait; [ ! -e min-order ] || echo 0 >min-order
			[ ! -e ignore-gfp-highmem ] || echo N >ignore-gfp-highmem
			echo 0 >verbose; echo 1 >interval; echo $ALL >times; echo $PERCENT >probability"
	done
}

# failures KIND GUEST...: how many there were, after which there are no more
failures() {
	local kind=$1 guest n=0
	shift

	for guest in "$@"; do
		n=$((n + ALL - $(on $guest "cd /sys/kernel/debug/$kind; echo 0 >probability; cat times")))
	done
	echo $n
}

# in_need KIND GUEST...: connections one after another, every third time by a new
# group that wants two links, and every fourth larger than its rings are.
in_need() {
	local name="$*" i out bad="" failed=0 n from

	short "$@"
	for ((i = 0; i < TIMES; i++)); do
		[ $((i % 3)) != 0 ] || on a "echo 2 >/proc/sys/vm/drop_caches"
		n=100k
		[ $((i % 4)) != 3 ] || n=2m
		from=$SECONDS
		out=$(on a "xfer client -m smc -n $n -c 3 -d both -T $SOON $B 7000" 2>&1) || {
			failed=$((failed + 1))
			grep -Eq "$REASONS" <<<"$out" || bad+=" $i: $out"
		}
		[ $((SECONDS - from)) -le $((BOTH * SLOW)) ] || bad+=" late$i"
		! grep -Eq "$BAD" <<<"$out" || bad+=" $i: $out"
	done
	n=$(failures "$@")
	is "" "$bad" "$name: connections work, or say why not"
	num "$n -ge 3" "$name: allocations failed"
	note "$name: $n allocations failed, $failed of $TIMES times a connection did; fallbacks: a $(smc_stat a fallback), b $(smc_stat b fallback)"
	ok "$name: then one uses SMC" wait_for $BACK connection smc
}

for guest in a b; do
	on $guest "mount -t debugfs none /sys/kernel/debug 2>/dev/null || [ -d /sys/kernel/debug/failslab ]"
done
before="$(rdma_resources a), $(rdma_resources b)"
serve
ok "a first connection" connection smc
for kind in failslab fail_page_alloc; do
	in_need $kind a
	in_need $kind b
	in_need $kind a b
done
ok "groups end" forget 20
wait_for 15 eval '[ "$before" = "$(rdma_resources a), $(rdma_resources b)" ]' || true
ok "no server waits" wait_for $BACK only_listeners b 1
connection any >/dev/null
is "" "$(log_of b server | grep -E "$BAD" || true)" "none has read a wrong byte"
is "$before" "$(rdma_resources a), $(rdma_resources b)" "RDMA objects are as before"
ok "server ends" stop b server
for guest in a b; do
	ok "the module goes from $guest" unload $guest
done
done_testing
