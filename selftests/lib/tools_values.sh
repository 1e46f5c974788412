# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash
#
# What the tools print in guests, and whether it is what the kernel says:
# tools_values.py.

# Commands for all that it can compare but top.
TOLD=("smcdiag -e 3" "smcss -a --json" "smcss -d -R -W" "smcss -a" "ip -o link" "smcr metrics"
	"smcr --json linkgroup" "smcr linkgroup" "smcr -d linkgroup" "smcr --json linkgroup pnetid NETA"
	"smcr --json link" "smcr -dd link" "smcr --json link ibdev rxe1" "smcr --json device" "smcr -d device"
	"smcr -a stats json" "smcr -a --json stats" "smcr -a -d stats")
for command in 1 2 3 6 7 8; do
	TOLD+=("genlraw SMC_GEN_NETLINK $command dump")
done

# tell GUEST FILE COMMAND...: keep what these print.
tell() {
	local guest=$1 file=$RIG_DIR/$2 script= command

	for command in "${@:3}"; do
		script+="echo '@@@ $command'; $command"$'\n'
	done
	on $guest "$script" >"$file"
}

# same NAME FILE[:BEFORE] WHAT...: no difference.
same() {
	local what before=

	[ "$2" = "${2%:*}" ] || before=$RIG_DIR/${2#*:}
	for what in "${@:3}"; do
		is "" "$("${RIG_LIB%/*}/tools_values.py" $what "$RIG_DIR/${2%:*}" $before 2>&1)" "$1: $what"
	done
}
