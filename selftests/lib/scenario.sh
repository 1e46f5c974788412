# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash
#
# For the scenarios of selftests/net, sourced first thing. selftests/run has
# booted the guests a and b by then. A command that fails outside of ok, is
# and the like ends the scenario as failed.
set -eEuo pipefail
trap 'command_failed $? "$BASH_COMMAND"' ERR

# The line of the scenario that led to it says more than one of this file.
# In a subshell the failure is still somebody's argument or condition.
command_failed() {
	[ "$BASH_SUBSHELL" = 0 ] || return 0
	echo "# ${0##*/}:${BASH_LINENO[-2]}: status $1 of: $2"
}

: "${RIG_DIR:?scenarios are started by selftests/run}"
: "${RIG_ON:?}" "${RIG_KERNEL:?}" "${RIG_PEERS:?}"

# Addresses of the guests.
A=10.0.0.1
B=10.0.0.2
A6=fd00::1
B6=fd00::2
# Seconds a command may take in a guest, where nothing else is said.
ON_TIMEOUT=30
# How many times longer a debug kernel may take for anything; 1 on others.
SLOW=${RIG_SLOW:-1}

TAP_POINTS=0

# --- guests ---

# on GUEST SCRIPT: run it in guest a or b; its output, its exit status. 124
# when it took longer than ON_TIMEOUT seconds (ON_TIMEOUT=100 on a '...').
on() {
	local script=$2 status=0

	# progs/ have limits of their own
	[ $SLOW = 1 ] || script="export RIG_SLOW=$SLOW; $script"
	"$RIG_ON" "$RIG_DIR/$1" $((ON_TIMEOUT * SLOW)) "$script" </dev/null || status=$?
	[ $status != 124 ] || echo "# too late in $1: $2" >&2
	return $status
}

quoted() {
	printf "'%s'" "${1//\'/\'\\\'\'}"
}

# start GUEST NAME SCRIPT: in the background, by a name.
start() {
	on "$1" "/rig/daemon start $2 $(quoted "$3")"
}

# stop GUEST NAME: TERM; fails when that does not end it within 5 seconds.
stop() {
	on "$1" "/rig/daemon stop $2"
}

# finish GUEST NAME SECONDS: wait for its end; its exit status, 124 if late. Of a
# failure, its last words.
finish() {
	local status=0

	ON_TIMEOUT=$(($3 + 10)) on "$1" "/rig/daemon finish $2 $(($3 * SLOW))" || status=$?
	[ $status = 0 ] || note "$(log_of $1 $2 | tail -n 20)"
	return $status
}

# log_of GUEST NAME: what it printed.
log_of() {
	on "$1" "/rig/daemon log $2"
}

# wait_for SECONDS COMMAND...: until it succeeds; fails when it never does.
wait_for() {
	# the second that runs does not count
	local end=$((SECONDS + $1 * SLOW + 1))
	shift
	until "$@"; do
		[ $SECONDS -lt $end ] || return 1
		sleep 0.2
	done
}

# lasting SECONDS: of traffic, which on a debug kernel takes longer to begin.
lasting() {
	echo $(($1 + 2 * (SLOW - 1)))
}

# writers NAME COUNT: as many connections write both ways, in pieces of all sizes, until
# `enough`. They are the only xfers of a.
writers() {
	start a $1 "xfer client -m smc -k smc -d both -c $2 -n 4g -w rand -r rand -E 200 -T 300 $B 7000"
}

enough() {
	on a "kill -USR1 \$(pidof xfer)"
}

# wait_port GUEST PORT: until something listens there.
wait_port() {
	on "$1" "i=0; until ss -Htln 'sport = :$2' | grep -q .; do
		i=\$((i + 1)); [ \$i -lt $((100 * SLOW)) ] || exit 1; sleep 0.1; done"
}

# by_size QUICK LONG: the second one in the long suite (make check-long).
by_size() {
	if [ -n "${RIG_LONG:-}" ]; then
		echo "$2"
	else
		echo "$1"
	fi
}

# freeze GUEST: its emulator stops, and with it all it does; thaw GUEST: it
# goes on. Its kernel is not to take the gap for a fault of its own.
freeze() {
	on "$1" "echo 0 >/proc/sys/kernel/watchdog
		echo 1 >/sys/module/rcupdate/parameters/rcu_cpu_stall_suppress"
	kill -STOP "$(cat "$RIG_DIR/$1/pid")"
}

thaw() {
	kill -CONT "$(cat "$RIG_DIR/$1/pid")"
}

# booted GUEST TIMES
booted() {
	[ "$(grep -c "agent: ready" "$RIG_DIR/$1/console")" = $2 ]
}

# reboot GUEST: at once, without a word to anybody, and set up as before. Only
# with "reboots: yes" in the head.
reboot() {
	local before

	before=$(grep -c "agent: ready" "$RIG_DIR/$1/console" || true)
	on "$1" "echo b >/proc/sysrq-trigger" 2>/dev/null &
	wait_for 100 booted "$1" $((before + 1))
	kill $! 2>/dev/null || true
	ON_TIMEOUT=100 on "$1" "dmesg -n 7
		RIG_SLOW=$SLOW /rig/setup $1 $(role_of "$1") yes $RIG_MTU"
}

# role_of GUEST: ours, stock or none.
role_of() {
	case $1 in
	a) echo "${RIG_PEERS%:*}" ;;
	b) echo "${RIG_PEERS#*:}" ;;
	esac
}

# guests ROLE: the names of those that have it.
guests() {
	local guest

	for guest in a b; do
		[ "$(role_of $guest)" != "$1" ] || echo $guest
	done
}

# --- numbers of a guest ---

# smc_stat GUEST KEY: one number of `smcnl stats` or `smcnl fback`.
smc_stat() {
	on "$1" "smcnl stat $2"
}

# rdma_packets GUEST: RoCE packets its rxe0 has sent.
rdma_packets() {
	on "$1" "cat /sys/class/infiniband/rxe0/ports/1/hw_counters/sent_pkts"
}

# KiB of unreclaimable slab, after freeing what is only waiting to be freed. A
# debug kernel has no such number: KASAN keeps what was freed for a while. What
# is lost there, kmemleak finds.
slab_unreclaim() {
	[ $SLOW = 1 ] || { echo 0; return; }
	on "$1" "echo 3 >/proc/sys/vm/drop_caches; sleep 0.5
		awk '/^SUnreclaim:/ {print \$2}' /proc/meminfo"
}

# KiB available, with the free pages that each CPU keeps for itself, which
# are some MB and not part of the kernel's number. None for a debug kernel.
memavail() {
	[ $SLOW = 1 ] || { echo 0; return; }
	on "$1" "echo 3 >/proc/sys/vm/drop_caches; sleep 0.5
		awk '/^MemAvailable:/ {n += \$2} /^ +count:/ {n += \$2 * 4}
			END {print n}' /proc/meminfo /proc/zoneinfo"
}

# reason_count GUEST client|server CODE: fallbacks for this reason.
reason_count() {
	on "$1" "smcnl fback | awk '\$1 == \"reason\" && \$2 == \"$2\" &&
		\$3 == \"$3\" {n = \$4} END {print n + 0}'"
}

# group_type GUEST: of its newest link group: how its links share ports.
group_type() {
	ON_TIMEOUT=60 on "$1" "smcnl lgr" | sed -n '$s/.* type \([a-z_]*\) .*/\1/p'
}

# become TYPE-OF-A TYPE-OF-B NAME [SECONDS]: the newest link group of each, soon.
become() {
	wait_for ${4-15} eval '[ "$(group_type a) $(group_type b)" = "'"$1 $2"'" ]' || true
	is "$1 $2" "$(group_type a) $(group_type b)" "$3"
}

# Connections of each link group, largest first, on one line.
group_conns() {
	on "$1" "smcnl lgr" | sed 's/.* conns \([0-9]*\) .*/\1/' | sort -nr | xargs
}

# no_connection: of neither guest has a link group one.
no_connection() {
	[[ "$(group_conns a) $(group_conns b)" =~ ^[0\ ]*$ ]]
}

# no_group [GUEST...]: they have no link group, both if none is named.
no_group() {
	local guest

	for guest in ${*:-a b}; do
		[ -z "$(group_conns $guest)" ] || return 1
	done
}

forgotten() {
	on a "echo 2 >/proc/sys/vm/drop_caches"
	on b "echo 2 >/proc/sys/vm/drop_caches"
	no_group
}

# forget [SECONDS]: groups without connections end when memory is short.
forget() {
	wait_for ${1-10} forgotten
}

# conns_on GUEST DEVICE: connections of its link there.
conns_on() {
	ON_TIMEOUT=60 on "$1" "smcnl links" | sed -n "s/.* dev $2 .* conns \([0-9]*\) .*/\1/p"
}

# second_on GUEST NUMBER: another device on the subnet of eth0: rxe2 of mv0. Only
# mv0 answers for its address: what came in by eth0, rxe0 would get. Others know
# it by the same one as the last time.
second_on() {
	on "$1" "echo 1 >/proc/sys/net/ipv4/conf/all/arp_ignore
		modprobe macvlan
		ip link add mv0 link eth0 address 52:54:00:00:02:0$2 type macvlan mode bridge
		ip link set mv0 up; ip addr add 10.0.0.2$2/24 dev mv0
		rdma link add rxe2 type rxe netdev mv0; /rig/wait-gid rxe2 10.0.0.2$2"
}

# Objects that exist on rxe0: queue pairs, memory regions, ...
rdma_resources() {
	on "$1" "rdma resource show" | sed 's/^[0-9]*: //'
}

# pcap FILTER FIELD...: of the packets guest a has sent and received. Only
# with "capture: yes" in the head.
pcap() {
	local filter=$1 field args=()
	shift
	for field in "$@"; do
		args+=(-e "$field")
	done
	tshark -r "$RIG_DIR/a/wire.pcap" -Y "$filter" -T fields "${args[@]}" \
		2>/dev/null
}

# decode GUEST...: what these have sent as SMC so far, by kinds: decode.py.
decode() {
	"$(dirname "$RIG_LIB")/decode.py" "$RIG_DIR/a/wire.pcap" \
		$(printf '52:54:00:00:00:%02d ' $(printf '%s\n' "$@" | tr ab 12))
}

# sent GUEST...: kinds of messages these have sent, as tshark calls them.
sent() {
	decode "$@" | sed -n 's/^[0-9]* SMC/SMC/p' | sort -u
}

# has_kinds NAME KIND...: by those with our module, all of these.
has_kinds() {
	local name=$1 missing
	shift
	missing=$(printf '%s\n' "$@" | sort | comm -23 - <(sent $(guests ours)))
	is "" "$missing" "$name: none is missing"
}

# llc_flags ADDRESS TYPE: the flags of each LLC message of a type (first byte,
# 2 hex digits) from there, on one line. Of what is sent over a queue pair,
# the message follows 12 bytes of header. A packet sent twice is one message.
llc_flags() {
	pcap 'infiniband.bth.opcode == 4' ip.src udp.payload \
		infiniband.bth.destqp infiniband.bth.psn |
		awk -v from=$1 -v type=$2 '$1 == from && substr($2, 25, 2) == type &&
			!seen[$3, $4]++ { print substr($2, 31, 2) }' |
		sort | uniq -c | xargs
}

# --- the module under test and faults ---

# unload GUEST: connections that are closing keep the module for a while;
# smc_r_diag, if loaded, goes first.
unload() {
	on "$1" "[ ! -e /sys/module/smc_r_diag ] || rmmod smc_r_diag
		i=0; until rmmod smc_r 2>/run/rmmod; do
		i=\$((i + 1)); [ \$i -lt $((75 * SLOW)) ] || { cat /run/rmmod; exit 1; }
		sleep 0.2; done"
}

load() {
	on "$1" "insmod /rig/smc_r.ko"
}

# fault GUEST symbol=F retval=N [skip=N] [times=N]: see kmod/smcr_fault.c.
fault() {
	on "$1" "insmod /rig/smcr_fault.ko ${*:2}"
}

# module_code GUEST: where smc_r's code is, to limit a fault to its calls.
module_code() {
	on $1 "awk '\$1 == \"smc_r\" {print \"from=\" \$6 \" len=\" \$2}' /proc/modules"
}

# unfault GUEST: prints how often it has failed.
unfault() {
	on "$1" "cat /sys/module/smcr_fault/parameters/failed; rmmod smcr_fault"
}

# --- assertions: one TAP line each ---

plan() {
	echo "1..$1"
}

# For scenarios that only know at their end how many points they had. Its
# absence tells the runner of a scenario that ended early.
done_testing() {
	echo "1..$TAP_POINTS"
}

tap() {
	TAP_POINTS=$((TAP_POINTS + 1))
	echo "$1 $TAP_POINTS - $2"
}

# ok NAME COMMAND...: the command succeeds. Its output is shown if not.
ok() {
	local name=$1 out status=0
	shift
	out=$("$@" 2>&1) || status=$?
	if [ $status = 0 ]; then
		tap ok "$name"
	else
		tap "not ok" "$name"
		echo "# status $status of: $*"
		printf '%s\n' "$out" | tail -n 40 | sed 's/^/#   /'
	fi
}

# fails NAME COMMAND...: the command does not succeed, and did end by itself.
fails() {
	local name=$1 out status=0
	shift
	out=$("$@" 2>&1) || status=$?
	case $status in
	0|124|125)
		tap "not ok" "$name"
		echo "# status $status of: $*"
		printf '%s\n' "$out" | tail -n 40 | sed 's/^/#   /'
		;;
	*)
		tap ok "$name"
		;;
	esac
}

# is EXPECTED ACTUAL NAME
is() {
	if [ "$1" = "$2" ]; then
		tap ok "$3"
	else
		tap "not ok" "$3"
		echo "# expected: $1"
		echo "# actual:   $2"
	fi
}

# like REGEX ACTUAL NAME
like() {
	if grep -Eq -- "$1" <<<"$2"; then
		tap ok "$3"
	else
		tap "not ok" "$3"
		echo "# expected to match: $1"
		printf '%s\n' "$2" | sed 's/^/#   /'
	fi
}

# num EXPRESSION NAME: integer comparison such as "$x -ge 10"; an operand that
# is no number fails.
num() {
	local left op right
	read -r left op right <<<"$1"
	if [[ $left =~ ^-?[0-9]+$ && $right =~ ^-?[0-9]+$ ]] &&
	   test "$left" "$op" "$right"; then
		tap ok "$2"
	else
		tap "not ok" "$2"
		echo "# does not hold: $1"
	fi
}

# skip NAME REASON: for what this kernel or role cannot do by design. Counted
# apart, never as passed; a check that was made already cannot be taken back.
skip() {
	tap ok "$1 # SKIP $2"
}

note() {
	printf '%s\n' "$*" | sed 's/^/# /'
}

# no_fallback GUEST: it counted none; else with the reasons.
no_fallback() {
	local count

	count=$(smc_stat $1 fallback)
	is 0 "$count" "no fallback on $1"
	[ "$count" = 0 ] || note "$(on $1 "smcnl fback")"
}

# all_used_smc: both guests counted neither a fallback nor a failed handshake.
all_used_smc() {
	local guest

	for guest in a b; do
		no_fallback $guest
		is 0 "$(smc_stat $guest client_errors)" "no failed handshake on $guest"
		is 0 "$(smc_stat $guest server_errors)" "nor as server"
	done
}
