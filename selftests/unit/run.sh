#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
#
# Runs the test programs named as arguments and prints one KTAP document, with
# the output of each program nested in it. Fails if a program fails, dies, or
# does not run as many cases as it planned.

if [ $# -eq 0 ]; then
	echo "usage: $0 PROGRAM..." >&2
	exit 2
fi

# sanitizers have to end the program, whatever the environment says
export ASAN_OPTIONS=detect_leaks=1:abort_on_error=0:exitcode=99
export UBSAN_OPTIONS=print_stacktrace=1

echo "TAP version 13"
echo "1..$#"
number=0
failed=0
for program; do
	number=$((number + 1))
	name=$(basename "$program")
	log=$program.log
	"$program" > "$log" 2>&1
	rc=$?
	sed 's/^/  /' "$log"
	planned=$(sed -n 's/^1\.\.\([0-9]*\)$/\1/p' "$log")
	ran=$(grep -c '^ok ' "$log")
	if [ "$rc" -eq 0 ] && [ "$planned" = "$ran" ] && [ "$ran" -gt 0 ]; then
		echo "ok $number - $name"
	else
		echo "# $name: exit status $rc, ${planned:-no} cases planned, $ran ok"
		echo "not ok $number - $name"
		failed=$((failed + 1))
	fi
done
[ "$failed" -eq 0 ] || echo "# $failed of $# programs failed"
[ "$failed" -eq 0 ]
