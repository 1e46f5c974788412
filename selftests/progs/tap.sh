# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash
# TAP output for the shell tests of this directory; to be sourced.

tap_number=0
tap_failed=0
tap_work=$(mktemp -d)
trap 'rm -rf "$tap_work"' EXIT

# tap_ok NAME COMMAND...: passes if the command does
tap_ok()
{
	local name=$1

	shift
	tap_number=$((tap_number + 1))
	if "$@"; then
		echo "ok $tap_number $name"
	else
		echo "not ok $tap_number $name"
		tap_failed=$((tap_failed + 1))
	fi
}

# tap_is NAME ACTUAL EXPECTED
tap_is()
{
	tap_ok "$1" [ "$2" = "$3" ]
	if [ "$2" != "$3" ]; then
		echo "#   expected: ${3//$'\n'/$'\n'#             }"
		echo "#   actual:   ${2//$'\n'/$'\n'#             }"
	fi
}

# tap_match NAME ACTUAL REGEX
tap_match()
{
	tap_ok "$1" grep -qE -- "$3" <<<"$2"
	if ! grep -qE -- "$3" <<<"$2"; then
		echo "#   pattern: $3"
		echo "#   actual:  ${2//$'\n'/$'\n'#            }"
	fi
}

tap_skip()
{
	tap_number=$((tap_number + 1))
	echo "ok $tap_number # SKIP $1: $2"
}

tap_end()
{
	echo "1..$tap_number"
	[ "$tap_failed" -eq 0 ] || echo "# $tap_failed failed"
	exit $((tap_failed != 0))
}
