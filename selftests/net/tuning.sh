#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# What the settings of Documentation/tuning.md buy, as its tables. Each is measured in a module that has just come.
#
#	a iperf3, redis-benchmark, conns ---- SMC-R over rxe0 ---- the same b
#	                                 ---- rxe1, for links ----
#
# wires: 2
# timeout: 1200
. "$RIG_LIB"

ROUNDS=$(by_size 1 3)

# fresh [NAME=VALUE]...: a module with these settings on both guests.
fresh() {
	local guest setting

	for guest in a b; do
		unload $guest
		load $guest
		for setting in "$@"; do
			on $guest "echo ${setting#*=} >/proc/sys/net/smc/${setting%=*}"
		done
	done
}

iperf() {
	start b iperf "smc_run iperf3 -s"
	wait_port b 5201
	on a "smc_run iperf3 -c $B -t 2 -f k" | awk '/receiver/ {printf "%d\n", $7 / 1000}'
	stop b iperf
}

# SETs of 64 bytes in a second, of 32 clients with a pipeline of 16.
redis() {
	start b redis "smc_run redis-server --protected-mode no --save '' --appendonly no"
	wait_port b 6379
	on a "smc_run redis-benchmark -h $B -t set -d 64 -c 32 -n 40000 -P 16 -q" | tr '\r' '\n' |
		sed -n 's/^SET: \([0-9]*\)\.[0-9]* requests per second.*/\1/p' | tail -n 1
	stop b redis
}

for guest in a b; do
	on $guest "rdma link del rxe1"
done

# KiB of both rings of an idle connection, at one end.
rings() {
	start b server "conns server -m smc 7000"
	wait_port b 7000
	start a hold "conns client -m smc -k smc -n 20 -H $B 7000"
	wait_for 20 on a "grep -q '^holding 20' /run/rig/hold.log"
	echo $((($(smc_stat a tx_rmb_usage) + $(smc_stat a rx_rmb_usage)) / 20 / 1024))
	on a "kill -TERM \$(pidof conns)"
	stop b server
}

# --- rings and messages ---

SETTINGS=("wmem=16384 rmem=16384" "wmem=262144 rmem=262144" "wmem=1048576 rmem=1048576"
	"smcr_buf_type=1" "smcr_buf_type=2" "autocorking_size=0")
declare -A measured=()

# measure WHAT: with this setting in each round, and with the defaults just
# before: the machine's speed wavers.
measure() {
	measured["$setting $1 $with"]+="$($1) "
}

# ratios WHAT: to the defaults, the median of all rounds, the least and the most.
ratios() {
	paste -d ' ' <(xargs -n 1 <<<"${measured["$setting $1 setting"]}") \
		<(xargs -n 1 <<<"${measured["$setting $1 default"]}") |
		awk '{printf "%.2f\n", $1 / $2}' | sort -n |
		awk '{ratio[NR] = $1} END {print ratio[int((NR + 1) / 2)] " (" ratio[1] " to " ratio[NR] ")"}'
}

for ((round = 0; round < ROUNDS; round++)); do
	for setting in "${SETTINGS[@]}"; do
		for with in default setting; do
			if [ $with = default ]; then
				fresh
			else
				fresh $setting
			fi
			measure iperf
			measure redis
		done
	done
done
fresh
note "defaults: rings of $(rings) KiB"
note "| Setting | iperf3, 1 stream | redis SET 64 B, 32 clients, pipeline of 16 | Rings of an idle connection, one end |"
note "|---|---|---|---|"
for setting in "${SETTINGS[@]}"; do
	fresh $setting
	kib=$(rings)
	note "| $setting | $(ratios iperf) | $(ratios redis) | $kib KiB |"
	for what in iperf redis; do
		is $ROUNDS "$(grep -oE '\b[1-9][0-9]*' <<<"${measured["$setting $what setting"]}" | wc -l)" \
			"$setting: $what is measured in each round"
	done
	case $setting in
	wmem*) is $((${setting##*=} / 512)) $kib "$setting: rings as large as they are set" ;;
	smcr_buf_type=2) like '"buf_type":"mixed"' "$(on a "smcr --json linkgroup")" "$setting: each is what it can be" ;;
	smcr_buf_type=1) like '"buf_type":"virtual"' "$(on a "smcr --json linkgroup")" "$setting: they are virtual" ;;
	esac
done

# --- link groups ---

# at_once N: so many connections: what became of them, and how long that took.
at_once() {
	start b server "conns server -m smc 7000"
	wait_port b 7000
	ON_TIMEOUT=60 on a "s=\$(cut -d ' ' -f 1 /proc/uptime)
		conns client -m smc -n $1 -p -T 50 $B 7000 | tail -n 1
		awk -v s=\$s '{printf \"seconds=%.1f\", \$1 - s}' /proc/uptime" | xargs
	stop b server
}

note "| Setting | connections at once | took | link groups |"
note "|---|---|---|---|"
for value in 16 64 255; do
	fresh smcr_max_conns_per_lgr=$value
	out=$(at_once 240)
	groups=$(on a "smcnl lgr | wc -l")
	note "| smcr_max_conns_per_lgr=$value | 240 | ${out##*seconds=} s | $groups |"
	like " connected=240 .* smc=240 " "$out" "$value for each group: all connect"
	num "$groups -ge $(((240 + value - 1) / value))" "$value for each group: so many groups"
done
# field NAME: of what at_once printed.
field() {
	sed "s/.* $1=\([0-9.]*\).*/\1/" <<<"$out"
}

note "| Setting | connections at once | took | SMC | TCP |"
note "|---|---|---|---|---|"
for value in 0 1; do
	fresh limit_smc_hs=$value
	out=$(at_once 600)
	note "| limit_smc_hs=$value | 600 | $(field seconds) s | $(field smc) | $(field tcp) |"
	like " connected=600 " "$out" "limit_smc_hs=$value: all connect"
	reasons=$(on a "smcnl fback" | awk '$1 == "reason" {print $2, $3, $4}' | xargs)
	if [ $value = 1 ]; then
		is "client 0x03010000 $(field tcp)" "$reasons" "those by TCP were not offered SMC"
		num "$(field tcp) -ge 100" "limit_smc_hs=1: many are by TCP"
	else
		note "fallbacks by reason: ${reasons:-none}"
		num "$(field smc) -ge 400" "limit_smc_hs=0: most are by SMC"
	fi
done
note "| Setting | packets of an idle link in 6 s |"
note "|---|---|"
for value in 0 1 30; do
	fresh smcr_testlink_time=$value
	start b server "conns server -m smc 7000"
	wait_port b 7000
	start a hold "conns client -m smc -k smc -n 1 -H $B 7000"
	wait_for 20 on a "grep -q '^holding 1' /run/rig/hold.log"
	packets=$(on a "f=/sys/class/infiniband/rxe0/ports/1/hw_counters/sent_pkts
		sleep 1; n=\$(cat \$f); sleep 6; echo \$((\$(cat \$f) - n))")
	note "| smcr_testlink_time=$value | $packets |"
	if [ $value = 1 ]; then
		num "$packets -ge 5" "a link is tested each second"
	else
		num "$packets -le 4" "smcr_testlink_time=$value: an idle link is quiet"
	fi
	on a "kill -TERM \$(pidof conns)"
	stop b server
done

# --- links ---

# resources KIND: all of a
resources() {
	on a "rdma resource show" | awk -v kind=$1 '{for (i = 3; i < NF; i++) if ($i == kind) n += $(i + 1)}
		END {print n + 0}'
}

# links_are N: of a's only group, or of none
links_are() {
	[ "$(on a "smcnl links" | grep -c .)" = $1 ]
}

for guest in a b; do
	on $guest "rdma link add rxe1 type rxe netdev eth1"
done
note "| Setting | 100 connections at once | queue pairs | memory regions | lost with one of two devices |"
note "|---|---|---|---|---|"
for value in 1 2; do
	fresh smcr_max_links_per_lgr=$value
	# those of the devices
	own_qps=$(resources qp)
	start b server "conns server -m smc 7000"
	wait_port b 7000
	start a hold "conns client -m smc -k smc -n 100 -H -T 30 $B 7000"
	ok "$value links: 100 connections" wait_for 30 on a "grep -q '^holding 100' /run/rig/hold.log"
	ok "$value links: so many there are" wait_for 15 links_are $value
	qps=$(($(resources qp) - own_qps)) mrs=$(resources mr)
	on b "rdma link del rxe0"
	ok "$value links: one less" wait_for 15 links_are $((value - 1))
	on a "kill -TERM \$(pidof conns)"
	finish a hold 60 || true
	out=$(log_of a hold | tr '\n' ' ')
	note "| smcr_max_links_per_lgr=$value | $(field total) s | $qps | $mrs | $(field failed) |"
	is $value $qps "$value links: as many queue pairs"
	num "$mrs -ge $((100 * value))" "$value links: each ring is registered for each"
	like " connected=100 failed=$((value == 1 ? 100 : 0)) smc=100 " "$out" "$value links: what is lost with one"
	stop b server
	on b "rdma link add rxe0 type rxe netdev eth0; /rig/wait-gid rxe0 $B"
done
done_testing
