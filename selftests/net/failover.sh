#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# Connections survive the loss of a link: each byte arrives once.
#
#	a  eth0/rxe0 ---- eth0/rxe0  b
#	   eth1/rxe1 ---- eth1/rxe1
#
# wires: 2
# capture: yes
# timeout: 300
. "$RIG_LIB"
. "$(dirname "$RIG_LIB")/traffic.sh"

# seconds that a connection stands still, and until both sides have one link, or
# two again
PAUSE=8
LINKS=10
# ... where nothing tells: until the link is lost, and until it is tried again
CUT=10
RETRIED=25
# ... and until two are lost at once
ALL=16
# ... and until the last one is, to which nothing can be posted
POSTED=8
ENOMEM=-12
EINVAL=-22

# becomes TYPE NAME [SECONDS]
becomes() {
	become "$1" "$1" "$2: both groups are $1" ${3-$LINKS}
}

spread() {
	[ "$(conns_on a rxe0) $(conns_on a rxe1)" = "3 3" ]
}

# survives NAME GUEST COMMAND: traffic both ways, in pieces of all sizes, on
# connections on both links, while something happens.
survives() {
	writers move 6
	ok "$1: connections on both links" wait_for 10 spread
	ok "$1" on "$2" "$3"
	becomes single "$1"
	sleep $(by_size 1 10)
	enough
	ok "$1: each byte arrived" finish a move 60
	pause_ok "$1" $PAUSE
}

# code_of GUEST FUNCTION: where rxe's code for it is, to limit a fault to its calls.
code_of() {
	local at next

	read -r at next < <(on $1 "grep '\[rdma_rxe\]' /proc/kallsyms | sort" |
		awk -v name=$2 '$3 == name {at = $1; next} at && $1 != at {print at, $1; exit}')
	echo "from=0x$at len=$((0x$next - 0x$at))"
}

link_ids() {
	on $1 "smcnl links" | awk '{print $2}' | sort
}

links_differ() {
	[ "$(link_ids a)" != "$links" ]
}

other_links() {
	[ "$(group_type a) $(group_type b)" = "sym sym" ] && links_differ
}

# a packet cannot be made: the request ends with an error, and its link
completion_error() {
	local name="a completion error at $1" links code

	links=$(link_ids a) code=$(code_of $1 rxe_requester)
	writers move 6
	ok "$name: connections on both links" wait_for 10 spread
	fault $1 symbol=rdma_rxe:rxe_prepare retval=$EINVAL times=1 $code
	wait_for 10 links_differ || true
	sleep 1
	enough
	ok "$name: each byte arrived" finish a move 60
	pause_ok "$name" $PAUSE
	is 1 "$(unfault $1)" "$name: there was one"
	ok "$name: another link takes the place" wait_for $RETRIED other_links
}

serve
ok "the first connection" on a "xfer client -m smc -k smc -n 100000 $B 7000"
becomes sym "a new group"

survives "the client's second device goes" a "rdma link del rxe1"
on a "rdma link add rxe1 type rxe netdev eth1"
becomes sym "it returns"
survives "the server's second device goes" b "rdma link del rxe1"
on b "rdma link add rxe1 type rxe netdev eth1"
becomes sym "it returns"
survives "the server's first device goes" b "rdma link del rxe0"
on b "rdma link add rxe0 type rxe netdev eth0"
becomes sym "it returns"
survives "the client's second interface goes down" a "ip link set eth1 down"
on a "ip link set eth1 up"
becomes sym "it comes up"

completion_error a
completion_error b

for guest in a b; do
	# with packets under way, the qdisc would drop them, and rxe end the link
	on $guest "modprobe -a sch_ingress act_gact cls_matchall
		tc qdisc add dev eth0 ingress; tc qdisc add dev eth1 ingress"
done
writers move 6
ok "a wire is cut: connections on both links" wait_for 10 spread
cut_wires eth1
began=$SECONDS
becomes single "a wire is cut" $CUT
num "$((SECONDS - began)) -le $((CUT * SLOW))" "a wire is cut: known within $CUT s"
mend_wires eth1
mended=$SECONDS
enough
ok "a wire is cut: each byte arrived" finish a move 60
pause_ok "a wire is cut" $CUT
becomes sym "it is mended" $RETRIED
note "it is mended: after $((SECONDS - mended)) s"
num "$((SECONDS - mended)) -le $((RETRIED * SLOW))" "it is mended: within $RETRIED s"

no_fallback a
no_fallback b
is 43 "$(smc_stat a client_v2)" "connections of the client"
wait_for 10 eval '[ "$(group_conns a)" = 0 ] && [ "$(group_conns b)" = 0 ]' || true
is "0 0" "$(group_conns a) $(group_conns b)" "one group each, no connection is left"

busy
ok "both wires are cut: connections on both links" wait_for 10 eval \
	'[ "$(conns_on a rxe0) $(conns_on a rxe1)" = "2 2" ]'
cut_wires eth0 eth1
began=$SECONDS
cut_at_client "both wires are cut" $ALL
cut_at_server "both wires are cut" $ALL
mend_wires eth0 eth1
works_again "both wires are cut"
becomes sym "they are mended"
ok "server ends" stop b server

# ADD LINK does not leave in time, but later; then there is room for the next one.
on a "rdma link del rxe1"
becomes single "the client's second device goes once more"
fault b symbol=wait_for_completion_timeout retval=0 times=1 "$(module_code b)"
on a "rdma link add rxe1 type rxe netdev eth1"
becomes sym "it returns, and a message is late" $RETRIED
is 1 "$(unfault b)" "the fault was met"

# The device does not take REQUEST ADD LINK. Nothing else is sent, and TEST LINK
# is not due yet.
on a "rdma link del rxe1"
becomes single "the client's second device goes again"
fault a symbol=rxe_post_send retval=$ENOMEM times=1 "$(module_code a)"
on a "rdma link add rxe1 type rxe netdev eth1"
ok "a request that cannot be posted ends the last link" wait_for $POSTED no_group a
is 1 "$(unfault a)" "the fault was met"
note "$(decode a b)"
has_kinds "links that come and go" "SMC-Rv2 Add Link (v2)" "SMC-Rv2 Add Link (v2)(Resp)" \
	"SMC-Rv2 Request Add Link (v2)" "SMC-Rv2 Confirm Link (v2)(Resp)" \
	"SMC-Rv2 Delete Link (v2)" "SMC-Rv2 Delete Link (v2)(Resp)"
for guest in a b; do
	ok "the module goes from $guest" unload $guest
done
done_testing
