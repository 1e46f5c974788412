#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# Settings in /proc/sys/net/smc, and what they change.
#
#	a ---- SMC-R over rxe0 ---- b
#
# capture: yes
# timeout: 180
. "$RIG_LIB"

NAMES="wmem rmem smcr_testlink_time smcr_max_conns_per_lgr smcr_max_links_per_lgr smcr_buf_type limit_smc_hs autocorking_size smcr_max_send_wr smcr_max_recv_wr"
DEFAULTS="65536 65536 30 255 2 0 0 65536 256 256"
# whose settings are looked at
read -r me < <(guests ours)

# settings COMMAND: as COMMAND prints them.
settings() {
	on $me "${1-} cat $(printf "/proc/sys/net/smc/%s " $NAMES)" | xargs
}

# write GUEST NAME VALUE
write() {
	on $1 "echo $3 >/proc/sys/net/smc/$2"
}

# ring_is GUEST TYPE CODE NAME: announced in its last CLC message of this type,
# if our module decides on it: 16 KiB shifted by the code.
ring_is() {
	local address=$A

	[ "$(role_of $1)" = ours ] || return 0
	[ $1 = a ] || address=$B
	is $3 "$(pcap "ip.src == $address && tcp.payload[0:5] == e2:d4:c3:d9:$2" tcp.payload |
		tail -n 1 | cut -c 101)" "$4"
}

# link_limit GUEST: of its groups.
link_limit() {
	on $1 "genlraw SMC_GEN_NETLINK 2 dump" | sed -n 's/.* 8=\[ 1=1 2=[0-9]* 3=\([0-9]*\) .*/\1/p' | sort -u | xargs
}

is "$DEFAULTS" "$(settings)" "defaults"
for bad in "wmem 16383" "wmem 1073741824" "rmem 0" "rmem 1073741824" "smcr_testlink_time -1" "smcr_max_conns_per_lgr 15" \
	"smcr_max_conns_per_lgr 256" "smcr_max_links_per_lgr 0" "smcr_max_links_per_lgr 3" "smcr_buf_type 3" "limit_smc_hs 2" \
	"smcr_max_send_wr 1" "smcr_max_send_wr 2049" "smcr_max_recv_wr 1" "smcr_max_recv_wr 2049"; do
	fails "$bad is refused" write $me $bad 2>/dev/null
done
is "$DEFAULTS" "$(settings)" "and changes nothing"
like 'sndbuf=131072 rcvbuf=131072' "$(on $me 'socktest 43,1,0')" "size of new sockets"

write b smcr_max_conns_per_lgr 16
write b smcr_max_links_per_lgr 1
write a smcr_testlink_time 1
write b smcr_testlink_time 0
write b rmem 131072
start b server "conns server -m smc 7000"
wait_port b 7000
ok "a first connection" on a "conns client -m smc -k smc -n 1 -p -T 20 $B 7000"
is "1 1" "$(link_limit a) $(link_limit b)" "the limit of links is the server's"
write b smcr_max_links_per_lgr 2
write a smcr_max_links_per_lgr 1
ring_is b 02 3 "a ring of 128 KiB"
ring_is a 03 4 "a ring of 256 KiB"
write a rmem 20000
ok "another one" on a "conns client -m smc -k smc -n 1 -p -T 20 $B 7000"
ring_is a 03 1 "a ring of 32 KiB, as 20000 bytes are set"
write a rmem 65536

write $me smcr_max_send_wr 1000
write $me smcr_max_recv_wr $([ $RIG_PEERS = ours:ours ] && echo 512 || echo 2000)
start a hold "conns client -m smc -k smc -n 40 -H -T 60 $B 7000"
ok "40 connections" wait_for 30 on a "grep -q '^holding 40' /run/rig/hold.log"
for guest in a b; do
	is "16 16 8" "$(group_conns $guest)" "groups of 16 on $guest"
	is 1 "$(link_limit $guest)" "the limit of links is the client's on $guest"
done
# queues LEAST MOST: of so many entries; a device may round up.
queues() {
	on $me "rdma resource show cq" | grep -oE "cqe [0-9]+" |
		awk -v least=$1 -v most=$2 '$2 >= least && $2 <= most' | wc -l
}
is 2 "$(queues 1025 2047)" "send queues of two new groups are as long as they are set"
if [ $RIG_PEERS = ours:ours ]; then
	is 2 "$(queues 129 255)" "receive queues are a quarter of what is set, as they hold bundles"
else
	is 2 "$(queues 2049 4095)" "receive queues are as long as they are set"
fi
on a "kill -TERM \$(pidof conns)"
ok "each works" finish a hold 30
sleep 4
is "" "$(llc_flags $B 22)" "no second link is offered"
like '^[0-9]+ 00$' "$(llc_flags $A 27)" "the link is tested every second"
like '^[0-9]+ 80$' "$(llc_flags $B 27)" "by one side only"

# gathered SIZE: packets for 2000 small writes, as many of them wait as SIZE allows.
gathered() {
	local before=$(rdma_packets $me)

	write $me autocorking_size $1
	on $me "xfer client -m smc -k smc -n 200k -w 100 $peer 7001" >/dev/null
	echo $(($(rdma_packets $me) - before))
}

other=b peer=$B
[ $me = a ] || other=a peer=$A
start $other xfer "xfer server -m smc 7001"
wait_port $other 7001
with=$(gathered 65536)
without=$(gathered 0)
note "packets of 2000 writes: $with, not gathered: $without"
num "$without -ge $((with * 2))" "autocorking_size: small writes are gathered, or not"
ok "xfer ends" stop $other xfer
write $me autocorking_size 65536

like '^limit_hs: before=0 after=1 len=4 short=22 unknown=95 unknown=95$' \
	"$(on $me 'socktest limit_hs=5')" "option SMC_LIMIT_HS"
write $me limit_smc_hs 1
like '^limit_hs: before=1 after=0 ' "$(on $me 'socktest limit_hs=0')" "its default"
write $me wmem 1000000
write $me rmem 1073741823
like 'sndbuf=2000000 rcvbuf=2147483646$' "$(on $me 'socktest 43,1,0')" "size of new sockets"

on $me "ip netns add other"
is "$DEFAULTS" "$(settings 'ip netns exec other')" "other namespaces have their own"
on $me "ip netns del other"

on b "kill -TERM \$(pidof conns)"
ok "server ends" finish b server 5
for guest in $(guests ours); do
	ok "the module goes from $guest" unload $guest
	fails "and takes its settings along on $guest" on $guest "[ -e /proc/sys/net/smc ]"
done
done_testing
