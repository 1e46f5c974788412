#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# Connections end in all ways a program can think of, or without its thinking:
# no byte is lost that TCP would not lose, the peer learns of it as with TCP,
# and nothing remains.
#
#	a sockbeh, xfer ---- TCP, then SMC-R over rxe0 ---- sockbeh, xfer b
#
# capture: yes
# timeout: 400
. "$RIG_LIB"
. "$(dirname "$RIG_LIB")/sockbeh.sh"

# seconds until the other end of a killed program knows
SOON=10

# The sockets that are looked at are ours. b's are accepted ones.
me=a peer=b address=$B options=
[ "$(role_of a)" = ours ] || me=b peer=a address=$A options=-r
CASES="half_close_both half_close_peer_first half_close_large
	shutdown_wr shutdown_rd_unread shutdown_rdwr
	close_peer_reads_eof close_unread close_peer_unread
	close_slow_reader close_very_slow_reader shutdown_close_slow_reader
	exit_slow_reader kill_slow_reader close_both_full peer_close_then_ours
	linger_delivers linger_waits linger_expires
	reset_so_error reset_send reset_wakes_recv reset_wakes_send
	reset_by_linger reset_after_data send_after_peer_close"
# Those of urgent data that need nothing of the peer behind the urgent byte.
[ $RIG_PEERS = ours:ours ] || CASES="$CASES urgent_send urgent_alone urgent_ignored
	urgent_sigurg urgent_often"

none_left() {
	wait_for 15 eval '[ "$(group_conns a)" = 0 ] && [ "$(group_conns b)" = 0 ]' || true
	is "0 0" "$(group_conns a) $(group_conns b)" "$1: no connection is left"
}

start $peer tcp "sockbeh server -m tcp -T $((3 * SLOW)) 7001"
start $peer smc "sockbeh server -m smc -T $((3 * SLOW)) 7002"
start b xfer "xfer server -m smc 7000"
wait_port b 7000
for port in 7001 7002; do
	wait_port $peer $port
done

run="for c in $(echo $CASES); do sockbeh client -m MODE -T $((3 * SLOW)) $options -t \$c $address PORT 2>/dev/null; done"
tcp=${run/MODE/tcp} smc=${run/MODE/smc}
start $me ref "${tcp/PORT/7001} >/tmp/tcp.out"
start $me test "${smc/PORT/7002} >/tmp/smc.out"
ok "sockbeh over TCP ends" finish $me ref 180
ok "sockbeh over SMC ends" finish $me test 180
for name in $CASES; do
	want=$(on $me "grep '^$name:' /tmp/tcp.out" || echo nothing)
	like "^$name: " "$want" "$name ends over TCP"
	is "$(neutral $name <<<"$want")" \
		"$( (on $me "grep '^$name:' /tmp/smc.out" || echo none) | neutral $name)" \
		"$name as over TCP"
done
is "$(smc_stat a client_v2)" "$(smc_stat a connections)" "all of these are SMC"
none_left sockbeh

# living: processes of the xfer server on b, its own first; without those
# that only wait to be reaped.
living() {
	on b 'for p in $(pidof xfer); do
		grep -q "^State:.[^Z]" /proc/$p/status && echo $p; done' | sort -n
}

# Killed in the middle of a transfer.
for who in client server; do
	for direction in up down; do
		start a client "xfer client -m smc -k smc -n 1g -d $direction -T 60 $B 7000"
		wait_for 10 on a "smcnl lgr | grep -q 'conns 1 '"
		sleep 1
		case $who in
		client)
			on a "kill -KILL \$(pidof xfer)"
			wait_for $SOON eval '[ "$(living | wc -l)" = 1 ]' || true
			is 1 "$(living | wc -l)" \
				"$direction, client killed: the server's end notices"
			;;
		server)
			on b "kill -KILL $(living | tail -n 1)"
			fails "$direction, server killed: the client notices" finish a client $SOON
			like 'cut: .*(ECONNRESET|EPIPE|EOF)' \
				"$(log_of a client)" "$direction, server killed: and says so"
			;;
		esac
		none_left "$direction, $who killed"
	done
done

ok "the next connection works" on a \
	"xfer client -m smc -k smc -n 1m -d both -T 20 $B 7000"
no_fallback a
no_fallback b
ok "server xfer ends" stop b xfer
for server in tcp smc; do
	ok "server $server ends" stop $peer $server
done
for guest in $(guests ours); do
	ok "the module goes from $guest" unload $guest
done
done_testing
