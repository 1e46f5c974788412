# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash
#
# What the sockbeh scenarios have in common. What may differ from TCP is in
# net/sockbeh.except, on a kernel in sockbeh.except.KERNEL, with the kernel's own
# SMC as peer in sockbeh.except.stock.
SOCKBEH_EXCEPT=$(dirname "$RIG_LIB")/../net/sockbeh.except
# guests are slow
SOCKBEH_T=${SOCKBEH_T:-$((3 * SLOW))}
# the kind of SMC sockets: smc, or inet for IPPROTO_SMC
SOCKBEH_MODE=${SOCKBEH_MODE:-smc}

# left_out: cases that would not end, with commas in between.
left_out() {
	[ -z "$(guests stock)" ] ||
		awk -F'\t+' '!/^#/ && $2 == "d" {print $1}' "$SOCKBEH_EXCEPT.stock" |
			paste -sd,
}

# neutral CASE: removes from a line on stdin what may differ.
neutral() {
	local files=$SOCKBEH_EXCEPT

	[ ! -e "$files.$RIG_KERNEL" ] || files="$files $files.$RIG_KERNEL"
	[ -z "$(guests stock)" ] || files="$files $SOCKBEH_EXCEPT.stock"
	# shellcheck disable=SC2086
	sed "$(awk -F'\t+' -v name="$1" '!/^#/ && $1 == name {print $2}' $files)"
}

# reference HOST PORT OPTIONS...: wait for the run over TCP. A case of it that
# met a busy moment and did not end says nothing of us: it gets another try.
reference() {
	local case

	finish a tcp 280 && return
	for case in $(on a "sed -n 's/:.* HANG\$//p' /tmp/tcp.out"); do
		note "again over TCP: $case"
		on a "sockbeh client -m tcp ${*:3} -t $case $1 $2 >/tmp/again &&
			grep -v '^$case:' /tmp/tcp.out >>/tmp/again &&
			mv /tmp/again /tmp/tcp.out" || return
	done
	on a "! grep -q 'HANG\|CRASH\|BROKEN' /tmp/tcp.out"
}

# compare NAME HOST PORT_TCP PORT_SMC OPTIONS...: the client's output over
# TCP and with SMC sockets, one test point for each case. Both run at the
# same time. Servers listen already.
compare() {
	local name=$1 host=$2 port_tcp=$3 port_smc=$4 case line wanted seen
	local options="-T $SOCKBEH_T -j 4 ${*:5}" without

	without=$(left_out)
	[ -z "$without" ] || options="$options -e $without"

	start a "tcp" "sockbeh client -v -m tcp $options $host $port_tcp >/tmp/tcp.out"
	start a "smc" "sockbeh client -v -m $SOCKBEH_MODE $options $host $port_smc >/tmp/smc.out"
	ok "$name: each case ends over TCP" reference $host $port_tcp $options
	ok "$name: each case ends with SMC" finish a smc 280
	wanted=$(on a "cat /tmp/tcp.out")
	seen=$(on a "cat /tmp/smc.out")
	num "$(wc -l <<<"$wanted") -ge 150" "$name: there are cases"
	while read -r line; do
		case=${line%%:*}
		# Not within the arguments: a bad expression must not go unseen.
		line=$(neutral $case <<<"$line")
		is "$line" "$( (grep "^$case:" <<<"$seen" || echo nothing) |
			neutral $case)" "$name: $case"
	done <<<"$wanted"
	if [ "$(guests ours | xargs)" = "a b" ]; then
		ok "$name: no connection is left" wait_for 20 no_connection
	fi
}

# keep_smc HOST PORT CASE...: these work over TCP as well, which hides that
# what they do drove their connection there.
keep_smc() {
	local case fallbacks conns

	for case in "${@:3}"; do
		fallbacks=$(($(smc_stat a fallback) + $(smc_stat b fallback)))
		conns=$(($(smc_stat a connections) + $(smc_stat b connections)))
		ok "$case ends" on a \
			"sockbeh client -m smc -T $SOCKBEH_T -t $case $1 $2"
		is $((conns + 2)) \
			$(($(smc_stat a connections) + $(smc_stat b connections))) \
			"$case has a connection"
		is $fallbacks \
			$(($(smc_stat a fallback) + $(smc_stat b fallback))) \
			"$case keeps it on SMC"
	done
}
