#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# Each call of the module that allocates fails, wherever it is. What needed it
# works without, by SMC or TCP, or says why not; the next attempt works, and in
# the end all is as before.
#
#	a  eth0/rxe0 ---- eth0/rxe0  b	memory short in one of them
#	   eth1/rxe1 ---- eth1/rxe1
#
# The calls are those that lib/sites.py finds in smc_r.ko.
#
# wires: 2
# timeout: 1800
. "$RIG_LIB"
. "$(dirname "$RIG_LIB")/traffic.sh"

ENOMEM=-12
EINVAL=-22
# what a program may be told
REASONS="Cannot allocate memory|ENOMEM|reset by peer|ECONNRESET"
# and what it may not
BAD="signal|WRONG|wrong byte"
# seconds it may wait for that: to be connected, and for its data, and for both
SOON=12
BOTH=24
# seconds until a second link is tried again, and there
RETRIED=20
# calls, one after another, that are more than there are
ALL=100000

# --- what has to work, or to fail for a reason ---

# both SCRIPT: in both guests at the same time.
both() {
	local pid

	on a "$1" &
	pid=$!
	on b "$1" && wait $pid
}

# settle GUEST: until the fault has come, or the new group has two links.
settle() {
	on $1 "i=0; until [ \$(cat /sys/module/smcr_fault/parameters/failed) = 1 ] ||
		smcnl lgr | grep -q ' type sym'; do
		i=\$((i + 1)); [ \$i -lt $((30 * SLOW)) ] || exit 0; sleep 0.1; done"
}

transfer() {
	on a "xfer client -n 100k -d both -T $SOON $*"
}

do_links() { transfer -m smc -c 2 $B 7000 && settle $1; }
# alone: nobody else makes the listener look again
do_accept() { transfer -m smc $B 7000; }
do_links6() { transfer -m smc -6 $B6 7006; }
do_inet() { transfer -m inet $B 7000; }
do_ulp() { on a "LD_PRELOAD=/usr/local/lib/ulp.so xfer client -m tcp -n 100k -T $SOON $B 7000"; }
do_entry() { on a "smcnl pnet add NET1 eth7 mlx7 && [ \$(smcnl pnet list | wc -l) = 2 ]"; }
do_answer() { on a "smcnl pnet get NET1"; }
do_netns() { on a "unshare -n true"; }
do_load() { on a "insmod /rig/smc_r.ko"; }

renew() {
	on $1 "rdma link del rxe1; sleep 0.2; rdma link add rxe1 type rxe netdev eth1"
}

# the group has two links, one goes and comes again
do_device() {
	renew $1 && settle $1
}

# connections on both links, one of which goes
do_move() {
	local pid status=0

	on a "xfer client -m smc -k smc -n 4g -E $(lasting 4) -d both -c 4 -w rand -r rand -T $SOON $B 7000" &
	pid=$!
	sleep $((1 + SLOW))
	on $1 "rdma link del rxe1"
	wait $pid || status=$?
	on $1 "rdma link add rxe1 type rxe netdev eth1"
	return $status
}

# b has no second device, then one of a is new
do_alone() {
	transfer -m smc $B 7000 && renew a && sleep 2
}

do_trim() { forget; }

# rings without a connection go, the group stays
do_shrink() {
	transfer -m smc -c 4 $B 7000 || return
	on a "xfer client -m smc -n 4g -E 3 -d both -T $SOON $B 7000" &
	sleep 1.5
	both "echo 2 >/proc/sys/vm/drop_caches"
	wait $!
}

# nobody says anything for longer than smcr_testlink_time
do_quiet() {
	transfer -m smc -k smc $B 7000 && settle $1 &&
		on $1 "i=0; until [ \$(cat /sys/module/smcr_fault/parameters/failed) = 1 ]; do
		i=\$((i + 1)); [ \$i -lt 40 ] || exit 0; sleep 0.1; done"
}

do_version1() { do_links $1; }
do_device1() { do_device $1; }
do_virtual() { do_links $1; }
do_post() { do_links $1; }

# --- before, for each fault and for the first one of a kind ---

before() {
	case $1 in
	answer) on a "smcnl pnet flush; smcnl pnet add NET1 eth7" ;;
	entry) on a "smcnl pnet flush" ;;
	netns|load|ulp|inet) ;;
	device*|move|trim)
		forget
		wait_for 20 eval 'transfer -m smc $B 7000 >/dev/null; [ "$(group_type a) $(group_type b)" = "sym sym" ]' ;;
	*) forget ;;
	esac
}

begin() {
	case $1 in
	version1|device1) both "smcnl ueid flush" ;;
	virtual) both "echo 1 >/proc/sys/net/smc/smcr_buf_type" ;;
	quiet) both "echo 1 >/proc/sys/net/smc/smcr_testlink_time" ;;
	alone) on b "rdma link del rxe1" ;;
	load) unload a ;;
	esac
}

end() {
	case $1 in
	version1|device1) both "smcnl ueid add SMC-R-DEFAULT-EID" ;;
	virtual) both "echo 0 >/proc/sys/net/smc/smcr_buf_type" ;;
	quiet) both "echo 30 >/proc/sys/net/smc/smcr_testlink_time" ;;
	alone) on b "rdma link add rxe1 type rxe netdev eth1" ;;
	load) on a "[ -e /sys/module/smc_r ]" || load a ;;
	answer|entry) on a "smcnl pnet flush" ;;
	esac
}

# after KIND GUEST: it works again.
after() {
	case $1 in
	netns|ulp|inet|entry|answer|links6) do_$1 ;;
	load)
		on a "[ ! -e /sys/module/smc_r ] || rmmod smc_r
			[ ! -e /proc/sys/net/smc ] && ! grep SMC /proc/net/protocols &&
			insmod /rig/smc_r.ko && rmmod smc_r" ;;
	device*) renew $2 && { connection smc || connection smc; } ;;
	# of two links that a request was not posted on, one may have to be found out
	post) connection any && wait_for $LOST connection smc ;;
	*) connection smc || connection smc ;;
	esac
}

# --- faults ---

retval_of() {
	case $1 in
	*kmalloc*|*vmalloc*|*get_free_pages*|*sk_alloc|*alloc_percpu|pcpu_alloc*|\
	alloc_workqueue*|__alloc_skb|shrinker_alloc|register_net_sysctl*|*smcr_llc_alloc)
		echo 0 ;;
	*)
		echo $ENOMEM ;;
	esac
}

# each_fails KIND GUEST LAST FAULT...: the call fails, the next time it is the
# second one, then the third, the fifth, the ninth, until there are no more or
# behind the last. Counts them in $failed, and what was wrong in $bad.
each_fails() {
	local kind=$1 guest=$2 last=$3 n=0 met=1 from out
	shift 3

	begin $kind
	while [ $n -lt $last ]; do
		before $kind || bad+=" before$n"
		fault $guest skip=$n times=1 "$@"
		from=$SECONDS
		out=$(do_$kind $guest 2>&1) || grep -Eq "$REASONS" <<<"$out" || bad+=" $n: $out"
		[ $((SECONDS - from)) -le $((BOTH * SLOW)) ] || bad+=" late$n"
		! grep -Eq "$BAD" <<<"$out" || bad+=" $n: $out"
		met=$(unfault $guest)
		[ $met = 1 ] || break
		out=$(after $kind $guest 2>&1) || bad+=" after$n: $out"
		failed=$((failed + 1)) n=$((n ? 2 * n : 1))
	done
	[ $met = 0 ] || [ $last != $ALL ] || bad+=" there are more than $n"
	end $kind
}

# kinds_of SYMBOL CALLER: what leads to the call.
kinds_of() {
	case $2 in
	alloc_entry+*) echo entry ;;
	alloc_answer+*) echo answer ;;
	init_net_*|init_hs_net+*) echo netns load ;;
	add_dev+*) echo device load ;;
	init_ulp+*|smcr_hs_alloc_around+*) echo ulp ;;
	init_inet+*) echo inet ;;
	to_init*) echo links ;;
	*_init+*|smcr_hs_register_protos+*|smcr_sock_register+*|smcr_ulp_register+*) echo load ;;
	exchange_keys*|send_cont+*) echo version1 ;;
	smcr_llc_req_add_link+*) echo device device1 ;;
	smcr_llc_send_delete_link+*|smcr_link_stop+*) echo device move ;;
	smcr_llc_add_no_link+*|smcr_llc_decline_req_add_link+*) echo alone ;;
	smcr_llc_send_delete_all+*) echo trim ;;
	smcr_llc_flush+*) echo shrink ;;
	smcr_hs_accept_work+*|smcr_hs_child_alloc+*) echo accept ;;
	exchange_rkey+*) echo links shrink ;;
	smcr_llc_test_link+*) echo quiet ;;
	smcr_hs_create+*) echo links links6 ;;
	create+*) [[ $1 = *vmalloc* ]] && echo virtual || echo links ;;
	# what it receives is longer than its buffers where there are no bundles
	smcr_link_create+*) [[ $1 = *kmalloc_[ct]* ]] && echo links version1 || echo links ;;
	*) echo links ;;
	esac
}

# guests_of KIND CALLER: a connects, b listens.
guests_of() {
	case $1-$2 in
	entry-*|answer-*|netns-*|load-*|ulp-*|inet-*|links6-*) echo a ;;
	*-smcr_hs_connect+*|*-smcr_clc_send_proposal+*|*-smcr_hs_create+*|*-smcr_llc_req_add_link+*)
		echo a ;;
	*-smcr_hs_accept_work+*|*-smcr_hs_child_alloc+*|*-smcr_hs_serve+*|*-smcr_add_link_server+*|\
	alone-*)
		echo b ;;
	*)
		echo a b ;;
	esac
}

# last_of KIND CALLER: of calls in a loop all matter, of others that of the first
# link and of the second one.
last_of() {
	case $1-$2 in
	*-smcr_link_create+*|*-smcr_bundle_alloc+*|*-smcr_hs_register_protos+*|\
	shrink-exchange_rkey+*)
		echo $ALL ;;
	load-*) echo 1 ;;
	*) echo 2 ;;
	esac
}

# call SYMBOL CALLER
call() {
	local symbol=$1 kind guest failed=0 was before bad="" where=""

	[[ $symbol != smcr_* ]] || symbol=smc_r:$symbol
	for kind in $(kinds_of $1 $2); do
		was=$failed
		for guest in $(guests_of $kind $2); do
			before=$failed
			each_fails $kind $guest $(last_of $kind $2) symbol=$symbol retval=$(retval_of $1) caller=$2
			where+=" $kind $guest $((failed - before)),"
		done
		[ $failed -gt $was ] || bad+=" $kind: it was never met"
	done
	is "" "$bad" "${2%+*} calls $1: it fails$where"
}

start b server "xfer server -m smc 7000"
start b server6 "xfer server -m smc -6 7006"
wait_port b 7000
wait_port b 7006
rdma_a=$(rdma_resources a) rdma_b=$(rdma_resources b)
connection smc >/dev/null

on a "base64 /rig/smc_r.ko" | base64 -d >"$RIG_DIR/smc_r.ko"
sites=$("$(dirname "$RIG_LIB")/sites.py" "$RIG_DIR/smc_r.ko")
num "$(wc -l <<<"$sites") -ge 72" "calls that are found in the module"
on a "base64 /rig/smc_r_diag.ko" | base64 -d >"$RIG_DIR/smc_r_diag.ko"
ok "the one for sock_diag is a module" readelf -h "$RIG_DIR/smc_r_diag.ko"
is "" "$("$(dirname "$RIG_LIB")/sites.py" "$RIG_DIR/smc_r_diag.ko")" "and has none"
while read -r symbol caller; do
	call $symbol $caller
done <<<"$sites"

# inlined into the module, which calls the driver's
for guest in a b; do
	for symbol in rxe_post_send rxe_post_recv; do
		failed=0 bad=""
		each_fails post $guest $ALL symbol=rdma_rxe:$symbol retval=$EINVAL
		is "" "$bad" "$guest: $symbol fails, $failed times"
		num "$failed -ge 1" "$guest: $symbol was met"
	done
done

# A second link that there was no memory for comes later.
for guest in a b; do
	forget
	fault $guest symbol=__ib_alloc_pd retval=$ENOMEM skip=1 times=1 $(module_code $guest)
	do_links $guest >/dev/null
	is 1 "$(unfault $guest)" "$guest has no memory for the second link"
	ok "and within $RETRIED s it has" wait_for $RETRIED eval '[ "$(group_type a) $(group_type b)" = "sym sym" ]'
done
forget
wait_for 15 eval '[ "$rdma_a, $rdma_b" = "$(rdma_resources a), $(rdma_resources b)" ]' || true
is "$rdma_a, $rdma_b" "$(rdma_resources a), $(rdma_resources b)" "RDMA objects are as before"

ok "no server waits" wait_for $RETRIED only_listeners b 2
connection any >/dev/null
is "" "$(log_of b server | grep -E "$BAD" || true)" "none has read a wrong byte"
ok "server ends" stop b server
ok "and the other one" stop b server6
for guest in a b; do
	ok "the module goes from $guest" unload $guest
done
done_testing
