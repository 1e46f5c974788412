# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash
#
# Traffic whose bytes are checked, through faults: what its programs see, and
# how soon. Sourced by scenarios. The limits are those of
# Documentation/reliability.md.

# In seconds, of which a built kernel has more. A peer that is gone, with data
# under way
LOST=14
# what is known at once, and told to the peer
TOLD=5
CONNS=4

# A debug kernel takes as long to register large rings as a peer waits for an
# answer.
if [ $SLOW != 1 ]; then
	for guest in a b; do
		on $guest "cd /proc/sys/net/smc && echo 32768 >rmem && echo 32768 >wmem"
	done
fi

serve() {
	start b server "xfer server -m smc 7000"
	wait_port b 7000
}

# busy: connections that write both ways until the end of it, or of them.
busy() {
	cuts=$(log_of b server | grep -c 'cut:' || true)
	writers busy $CONNS
	wait_for 20 eval '[[ " $(group_conns a) " = *" $CONNS "* ]]'
	sleep 1
	began=$SECONDS
}

# only_listeners GUEST COUNT: of its xfers, as many live as listen.
only_listeners() {
	[ "$(on $1 "for pid in \$(pidof xfer); do grep -L '^State:.Z' /proc/\$pid/status; done 2>/dev/null | wc -l")" = $2 ]
}

# go_on NAME SECONDS: they all go on, without bytes for so long at most.
go_on() {
	sleep 2
	enough
	ok "$1: each byte arrives, once and in order" finish a busy 30
	pause_ok "$1" $2 busy
}

# all_cut LOG: each of them was told of a reset by one of its calls, of an end by the
# other if that came later, and had read nothing wrong.
all_cut() {
	local reset="send=ECONNRESET receive=(ECONNRESET|EOF)|send=EPIPE receive=ECONNRESET"

	[ "$(grep 'cut:' <<<"$1" | grep -cE " ($reset) .* good\$")" = $CONNS ]
}

server_cuts() {
	log_of b server | grep 'cut:' | tail -n +$((cuts + 1))
}

# cut NAME SECONDS: each of them ends with ECONNRESET, since `busy` or the last
# setting of $began.
cut_at_client() {
	fails "$1: the client's connections end" finish a busy $(($2 + 5))
	note "$1: the client knows after $((SECONDS - began)) s"
	num "$((SECONDS - began)) -le $(($2 * SLOW))" "$1: within $2 s"
	ok "$1: with ECONNRESET, all they had read was right" all_cut "$(log_of a busy)"
}

cut_at_server() {
	wait_for $2 eval 'all_cut "$(server_cuts)"' || note "$(server_cuts)"
	note "$1: the server knows after $((SECONDS - began)) s"
	num "$((SECONDS - began)) -le $(($2 * SLOW))" "$1: the server's as well"
	ok "$1: with ECONNRESET, all they had read was right" all_cut "$(server_cuts)"
}

# pause_ok NAME SECONDS [LOG]: no connection of `move` at a, which has ended, was without
# bytes for longer, either way.
pause_ok() {
	local ms

	ms=$(log_of a ${3-move} | sed -n 's/.* longest gap \([0-9]*\) ms$/\1/p' | sort -n | tail -n 1)
	note "$1: ${ms:-no} ms without bytes at most"
	num "$ms -le $(($2 * 1000 * SLOW))" "$1: a pause of $2 s at most"
}

# connection smc|tcp|any [SECONDS [ADDRESS]]
connection() {
	local kind="-k $1"

	[ $1 != any ] || kind=
	on a "xfer client -m smc $kind -n 100k -d both -T ${2-20} ${3-$B} 7000"
}

# works_again NAME: the next connection works, and soon they use SMC: when the
# peer knows, too, that the old link group is lost.
works_again() {
	local from=$SECONDS

	ok "$1: the next connection works" connection any
	ok "$1: SMC within $LOST s" wait_for $LOST connection smc
	note "$1: SMC after $((SECONDS - from)) s"
}

# filters add|del WHAT WIRE...: of what comes in there, at both ends.
filters() {
	local guest wire

	for guest in a b; do
		for wire in "${@:3}"; do
			on $guest "tc filter $1 dev $wire ingress $2"
		done
	done
}

# cut_wires WIRE..., mend_wires WIRE...: nothing tells of it. They have an ingress
# qdisc, and nothing but this on it.
cut_wires() {
	filters add "matchall action drop" "$@"
}

mend_wires() {
	filters del "" "$@"
}
