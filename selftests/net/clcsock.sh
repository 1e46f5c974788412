#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# The TCP connection inside is reset while data goes over RDMA: that ends
# nothing (wire.md 9.2). One that nobody waits for any more is released.
#
#	a xfer ---- SMC-R over rxe0, an RST on TCP ---- xfer b
#
# capture: yes
# timeout: 180
. "$RIG_LIB"

BYTES=$((8000000 / SLOW))

resets() {
	pcap "tcp.port == 7000 && tcp.flags.reset == 1 && ip.src == $1" frame.number | wc -l
}

# reset_by GUEST ADDRESS: kills the TCP socket there in the middle.
reset_by() {
	local before

	before=$(smc_stat a tx_bytes)
	start a client "xfer client -m smc -k smc -n $BYTES -d both -w 65536 -r 16384 -s 2000 -T 100 $B 7000"
	wait_for 30 eval '[ "$(smc_stat a tx_bytes)" -gt $((before + BYTES / 20)) ]' || true
	num "$(smc_stat a tx_bytes) -gt $before" "$1: data is under way"
	like '7000' "$(on $1 'ss -K -tn state established "( sport = 7000 or dport = 7000 )"')" \
		"$1: kills the TCP socket"
	num "$(smc_stat a tx_bytes) -lt $((before + BYTES))" "$1: and data still is"
	ok "$1: each byte arrives, both ways" finish a client 100
	num "$(resets $2) -ge 1" "$1: there was a reset on the wire"
}

on a "modprobe tcp_diag"; on b "modprobe tcp_diag"
start b server "xfer server -m smc 7000"
wait_port b 7000
reset_by a $A
reset_by b $B
ok "server ends" stop b server

# A socket connected to its own port gets SYN for SYN. Without an ACK it stays
# where TCP's shutdown() does nothing.
read -r me _ <<<"$(guests ours | xargs)"
both_syn() {
	on $me "ss -Htane state $1 'sport = :7200' | grep '$2'"
}
on $me "modprobe -a sch_ingress cls_u32 act_gact; tc qdisc add dev lo clsact
	tc filter add dev lo ingress protocol ip u32 match ip protocol 6 0xff \
		match ip dport 7200 0xffff match u8 0x10 0x10 at 33 action drop"
start $me both "socks smc,bind=7200,connect=127.0.0.1:7200"
ok "SYN for SYN" wait_for 5 both_syn syn-recv 'ino:[1-9]'
on $me "kill -9 \$(pidof socks)"
wait_for 5 eval '! both_syn all "ino:[1-9]"' || true
is "" "$(both_syn all 'ino:[1-9]' || true)" "SYN for SYN: nobody's TCP socket is kept"
on $me "tc qdisc del dev lo clsact"

# One connection is accepted, the next one waits in TCP's queue. It goes to the
# other listener of the port when that of SMC ends, and wakes its new owner.
listeners() {
	on $me "ss -Hltn 'sport = :7300'"
}
on $me "sysctl -qw net.ipv4.tcp_migrate_req=1"
start $me old "socks inet,reuseport,listen=7300,backlog=0"
wait_port $me 7300
start $me clients "socks tcp,connect=127.0.0.1:7300 tcp,connect=127.0.0.1:7300"
ok "a connection waits in TCP's queue" wait_for 5 eval 'listeners | grep -q "LISTEN 1 "'
start $me heir "socks tcp,reuseport,listen=7300,accept,wait"
wait_for 5 eval '[ "$(listeners | wc -l)" = 2 ]'
stop $me old
stop $me clients
ok "in the queue of another listener, it is TCP's" wait_for 5 eval 'log_of $me heir | grep -q ready'
stop $me heir
for guest in $(guests ours); do
	ok "the module goes from $guest" unload $guest
done
done_testing
