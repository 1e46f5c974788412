#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
#
# usage: run.sh BUILD CORPUS SECONDS TARGET...
#
# Runs each target for some seconds, two at a time, and prints TAP. Inputs
# that a target finds go to BUILD/found/TARGET, so CORPUS stays as it is.
# Inputs that make it fail are kept in BUILD/crash and named in the output.

if [ "$1" = --one ]; then
	build=$2 corpus=$3 seconds=$4 target=$5
	log=$build/log/$target
	# a little more than the longest message that matters
	case $target in
	cdc | cdc_area | clc_decline) max_len=80 ;;
	# a step takes one to three bytes
	conn | group | pair) max_len=120 ;;
	clc_proposal) max_len=1100 ;;
	*) max_len=4400 ;;
	esac
	seeds=$(find "$corpus/$target" -type f | wc -l)
	mkdir -p "$build/found/$target"
	cp "$corpus/$target"/* "$build/found/$target/" || exit 0
	# The same inputs in each run, as far as the time goes: what is found by
	# chance is found by who looks for it (SEED=0).
	# freed memory is looked after for less long, as there is more of it
	ASAN_OPTIONS=quarantine_size_mb=16:$ASAN_OPTIONS \
	"$build/fuzz_$target" -seed="${SEED:-1}" -max_total_time="$seconds" -timeout=10 -entropic=0 \
		-max_len="$max_len" -rss_limit_mb=1024 -print_final_stats=1 \
		-artifact_prefix="$build/crash/$target-" \
		"$build/found/$target" > "$log" 2>&1
	rc=$?
	runs=$(sed -n 's/^stat::number_of_executed_units: *//p' "$log")
	# the seeds have to have been run, otherwise nothing was tested
	[ $rc -eq 0 ] && [ "${runs:-0}" -gt "$seeds" ] && [ "$seeds" -gt 0 ] &&
		echo "$runs" > "$build/log/$target.ok"
	exit 0
fi

if [ $# -lt 4 ]; then
	sed -n '4s/^# //p' "$0" >&2
	exit 2
fi
build=$1 corpus=$2 seconds=$3
shift 3
mkdir -p "$build/log" "$build/crash"
rm -f "$build"/log/*
touch "$build/log/started"

echo "TAP version 13"
echo "1..$#"
printf '%s\n' "$@" |
	xargs -P 2 -n 1 "$0" --one "$build" "$corpus" "$seconds"

number=0
failed=0
for target; do
	number=$((number + 1))
	if [ -s "$build/log/$target.ok" ]; then
		runs=$(cat "$build/log/$target.ok")
		echo "ok $number - fuzz_$target # $runs runs in $seconds s"
		continue
	fi
	failed=$((failed + 1))
	tail -n 40 "$build/log/$target" 2>/dev/null | sed 's/^/# /'
	echo "# log: $build/log/$target"
	find "$build/crash" -name "$target-*" -newer "$build/log/started" |
		sed 's/^/# input: /'
	echo "not ok $number - fuzz_$target"
done
[ "$failed" -eq 0 ]
