#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# What the settings of Documentation/tuning.md buy, as its tables. Each is measured in a module that has just come.
#
#	a iperf3, redis-benchmark, conns ---- SMC-R over rxe0 ---- the same b
#
# timeout: 600
. "$RIG_LIB"

ROUNDS=$(by_size 1 2)

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
	"smcr_buf_type=1" "autocorking_size=0")
declare -A sum=()

# measure WHAT: what is sent in all rounds with this setting, and with the
# defaults just before: the machine's speed wavers.
measure() {
	local value

	value=$($1)
	sum["$setting $1 $with"]=$((${sum["$setting $1 $with"]:-0} + value))
}

# ratio WHAT: to the defaults.
ratio() {
	awk -v a="${sum["$setting $1 setting"]}" -v b="${sum["$setting $1 default"]}" 'BEGIN {printf "%.2f", a / b}'
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
	note "| $setting | $(ratio iperf) | $(ratio redis) | $kib KiB |"
	for what in iperf redis; do
		num "${sum["$setting $what setting"]} -gt 0" "$setting: $what is measured"
	done
	case $setting in
	wmem*) is $((${setting##*=} / 512)) $kib "$setting: rings as large as they are set" ;;
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
note "| Setting | connections at once | took | SMC | TCP |"
note "|---|---|---|---|---|"
for value in 0 1; do
	fresh limit_smc_hs=$value
	out=$(at_once 600)
	note "| limit_smc_hs=$value | 600 | ${out##*seconds=} s | $(sed 's/.* smc=\([0-9]*\).*/\1/' <<<"$out") | $(sed 's/.* tcp=\([0-9]*\).*/\1/' <<<"$out") |"
	like " connected=600 " "$out" "limit_smc_hs=$value: all connect"
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
done_testing
