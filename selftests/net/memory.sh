#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# Memory of rings: of each kind and size, who pays for it, and when it goes.
#
#	a xfer, conns ---- SMC-R over rxe0 ---- xfer, conns b
#
# capture: yes
# timeout: 560
. "$RIG_LIB"

BURST=20
# seconds that a peer without answers costs them all
ANSWER=6

# set_type TYPE: of the rings of new groups.
set_type() {
	on a "echo $1 >/proc/sys/net/smc/smcr_buf_type"
	on b "echo $1 >/proc/sys/net/smc/smcr_buf_type"
}

# virtual GUEST PAGES: how many virtually contiguous rings of this size.
virtual() {
	on $1 "grep -c '\[smc_r\] pages=$2 vmalloc' /proc/vmallocinfo || true"
}

# mr GUEST: registered rings.
mr() {
	rdma_resources $1 | grep -o ' mr [0-9]*' | cut -d ' ' -f 3
}

# count FLAGS: of "N FLAGS" pairs, the number for these flags.
count() {
	grep -o "[0-9]* $1" <<<"$2" | cut -d ' ' -f 1 || echo 0
}

# size_codes: of the rings in the last ACCEPT of b and CONFIRM of a.
size_codes() {
	local type

	for type in "$B 02" "$A 03"; do
		pcap "ip.src == ${type% *} && tcp.payload[0:5] == e2:d4:c3:d9:${type#* }" \
			tcp.payload | tail -n 1 | cut -c 101
	done | xargs
}

xfer() {
	on a "xfer client -m smc -k smc -T 25 $* $B 7000"
}

# charged GUEST: KiB that the cgroup of the test has.
charged() {
	on $1 "echo \$((\$(cat /sys/fs/cgroup/test/memory.current) / 1024))"
}

hold() {
	start a hold "${2-} conns client -m smc -n $1 -H -T 150 $B 7001"
	wait_for 30 on a "grep -q '^holding $1' /run/rig/hold.log"
}

release() {
	on a "kill -TERM \$(pidof conns)"
	finish a hold 30
}

start b conns "conns server -m smc 7001"
wait_port b 7001
for type in 0 1 2; do
	forget
	set_type $type
	start b server "xfer server -m smc 7000"
	wait_port b 7000
	ok "type $type: 5 MB each way, the send ring grows" xfer -n 5m -d both
	ok "type $type: in random pieces, 4 connections" \
		xfer -n 500k -d both -w rand -r rand -c 4
	ok "type $type: to a slow reader" xfer -n 500k -w 4096 -r 16384 -s 5000
	hold 1
	case $type in
	# 256 KiB for receiving; for sending it has grown before, or is new.
	1) num "$(virtual a 64) -ge 1" "type $type: rings are virtual at a"
	   num "$(virtual b 64) -ge 1" "type $type: rings are virtual at b"
	   num "$(virtual a 8) -ge 1" "type $type: the small send ring as well" ;;
	*) is "0 0" "$(virtual a 64) $(virtual a 8)" "type $type: rings are physical" ;;
	esac
	ok "type $type: connection held" release
	ok "type $type: server ends" stop b server
done

# Type 2 when what is left of memory is in pieces
forget
start b server "xfer server -m smc 7000"
wait_port b 7000
pages=$(on a "awk '\$3 ~ /^(__get_free_pages|get_free_pages_noprof)\$/ {print \$3}' /proc/kallsyms | head -n 1")
fault a symbol=$pages retval=0 $(module_code a)
ok "type 2, in pieces: 5 MB each way" xfer -n 5m -d both
hold 1
num "$(virtual a 64) -ge 1" "type 2, in pieces: rings are virtual at a"
is 0 "$(virtual b 64)" "type 2, in pieces: and physical at b"
ok "type 2, in pieces: connection held" release
num "$(unfault a) -ge 2" "type 2, in pieces: there were no others"
stop b server

# set_size GUEST BYTES: of the rings of new sockets.
set_size() {
	on $1 "echo $2 >/proc/sys/net/smc/wmem; echo $2 >/proc/sys/net/smc/rmem"
}

# Sizes asked for; 2 MiB are what rxe registers at once.
for type in 0 1; do
	for size in 16384:0 100000:3 2097152:7 8388608:7; do
		bytes=${size%:*} code=${size#*:}
		forget
		set_type $type
		set_size a $bytes
		set_size b $bytes
		start b server "xfer server -m smc 7000"
		wait_port b 7000
		ok "type $type, $bytes bytes: 3 MB each way" xfer -n 3m -d both
		# So much in one piece may not be left.
		[ $type = 0 ] && [ $code = 7 ] ||
			is "$code $code" "$(size_codes)" "type $type, $bytes bytes: ring sizes"
		stop b server
	done
done
num "$(virtual a 512) -ge 2" "2 MiB for sending and for receiving"
set_size a 65536
set_size b 65536
start b iperf "smc_run iperf3 -s"
wait_port b 5201
ok "SO_SNDBUF and SO_RCVBUF" on a "smc_run iperf3 -c $B -n 1M -w 100000"
is "3 3" "$(size_codes)" "decide the size of rings"
stop b iperf

# A program pays for its rings, also those that a work item has made.
set_type 0
forget
for guest in a b; do
	on $guest "mount -t cgroup2 none /sys/fs/cgroup
		echo +memory >/sys/fs/cgroup/cgroup.subtree_control
		mkdir /sys/fs/cgroup/test"
done
stop b conns
in_cgroup="echo \$\$ >/sys/fs/cgroup/test/cgroup.procs; exec"
start b conns "sh -c '$in_cgroup conns server -m smc 7001'"
wait_port b 7001
before_a=$(charged a) before_b=$(charged b)
hold $BURST "sh -c '$in_cgroup \"\$@\"' -"
charged_a=$(($(charged a) - before_a)) charged_b=$(($(charged b) - before_b))
note "charged: $charged_a KiB at a, $charged_b KiB at b"
# 256 KiB and 32 KiB each, less what was charged ahead.
num "$charged_a -ge $((BURST * 256))" "the client's cgroup is charged"
num "$charged_b -ge $((BURST * 256))" "the server's cgroup is charged"
ok "they work" release

# With one connection left, idle rings go and the peer is told.
hold 1
before=$(mr a)
deleted=$(count 00 "$(llc_flags $A 29)")
confirmed=$(count 00 "$(llc_flags $A 26)")
num "$before -ge $BURST" "$BURST idle rings stay for others"
on a "echo 2 >/proc/sys/vm/drop_caches"
ok "until memory is short" wait_for 10 eval '[ "$(mr a)" = 1 ]'
num "$(charged a) -lt $((before_a + 1024))" "the cgroup gets it back"
# What was captured is written a moment later.
wait_for 10 eval '[ "$(llc_flags $A 29)" ]' || true
is $((before - 1)) "$(($(count 00 "$(llc_flags $A 29)") - deleted))" \
	"a DELETE RKEY for each"
is "$(count 00 "$(llc_flags $A 29)")" "$(count 80 "$(llc_flags $B 29)")" \
	"each is answered"
ok "another connection" on a "conns client -m smc -k smc -n 1 -p $B 7001"
is $((confirmed + 1)) "$(count 00 "$(llc_flags $A 26)")" "its ring is a new one"
ok "another connection" on a "conns client -m smc -k smc -n 1 -p $B 7001"
is $((confirmed + 1)) "$(count 00 "$(llc_flags $A 26)")" "its ring is that of the one before"
is 1 "$(group_conns a)" "the link group is the same"
ok "the one that stayed works" release

# The limit of a cgroup makes rings smaller. The program needs some, too.
forget
set_size a 2097152
on a "echo 16384 >/proc/sys/net/smc/wmem"
start b server "xfer server -m smc 7000"
wait_port b 7000
limit=$(($(charged a) + 2040))
on a "echo ${limit}K >/sys/fs/cgroup/test/memory.max"
ok "a cgroup with 2040 KiB left wants 2 MiB for receiving" on a \
	"$in_cgroup xfer client -m smc -k smc -n 1m -d both -T 25 $B 7000"
like '^4 [4-6]$' "$(size_codes)" "its ring is smaller"
num "$(charged a) -le $limit" "its limit holds"
stop b server
set_size a 65536
on a "echo max >/sys/fs/cgroup/test/memory.max"

# A peer that does not read does not keep the send ring small: 256 KiB are in
# its ring, as much waits in ours.
forget
start b server "xfer server -m smc 7000"
wait_port b 7000
before=$(smc_stat a tx_bytes)
start a slow "xfer client -m smc -k smc -n 1m -w 4096 -r 16384 -s 200000 -T 60 $B 7000"
sleep 0.5
on b "kill -STOP \$(pidof xfer)"
sleep 2
num "$(($(smc_stat a tx_bytes) - before)) -ge 480000" \
	"the send ring grows while the peer does not read"
on b "kill -CONT \$(pidof xfer)"
ok "each byte arrives" finish a slow 50

# tx_ring: of the connection of a, bytes. send_rings: of its group, KiB.
tx_ring() {
	on a "smcdiag" | sed -n 's/.* tx \([0-9]*\) rx .*/\1/p'
}

send_rings() {
	on a "smcr -j linkgroup" | grep -o '"sndbuf_bytes":[0-9]*' | awk -F : '{print $2 / 1024}'
}

# Who says nothing gives the large ring back, and gets it again when he goes on.
on a "insmod /rig/smc_r_diag.ko"
forget
start a fickle "xfer client -m smc -k smc -n 4g -E 200 -w 65536 -T 300 $B 7000"
ok "a writer has a large send ring" wait_for 10 eval '[ "$(tx_ring)" = 262144 ]'
on a "kill -STOP \$(pidof xfer)"
sleep 1
is 262144 "$(tx_ring)" "it keeps that when it stops"
ok "until memory is short" wait_for 10 eval 'on a "echo 2 >/proc/sys/vm/drop_caches"
	[ "$(tx_ring) $(send_rings)" = "32768 32" ]'
on a "kill -CONT \$(pidof xfer)"
ok "a writer again, it has one again" wait_for 10 eval '[ "$(tx_ring)" = 262144 ]'
enough
ok "each byte arrives" finish a fickle 60

# While memory is short all the time
writers move 8
wait_for 10 eval '[ "$(group_conns a)" = 8 ]'
ON_TIMEOUT=100 on a "for i in \$(seq 30); do echo 2 >/proc/sys/vm/drop_caches; usleep 200000; done" &
ON_TIMEOUT=100 on b "for i in \$(seq 30); do echo 2 >/proc/sys/vm/drop_caches; usleep 200000; done"
wait $!
enough
ok "memory is short all the time: each byte arrives" finish a move 60
ok "server ends" stop b server

# Without need they go as well, after a minute; looked at every half.
if [ "$RIG_KERNEL" = 6.12 ]; then
	forget
	hold $BURST
	release
	hold 1
	before=$(mr a)
	sleep 20
	is "$before" "$(mr a)" "idle rings stay for a while"
	ok "but not for ever" wait_for 100 eval '[ "$(mr a)" = 1 ] && [ "$(mr b)" = 1 ]'
	ok "the one that stayed works" release
else
	skip "idle rings go" "takes long, and is the same on 6.12"
fi

# A peer that answers nothing costs each handshake the time of one answer.
forget
hold 1
fault b symbol=smcr_link_send_llc retval=0
begin=$SECONDS
ok "$BURST connections beside a silent link" on a \
	"conns client -m smc -k tcp -n $BURST -p -T 25 $B 7001"
num "$((SECONDS - begin)) -le $((ANSWER * SLOW))" "by TCP, after the time of one answer"
note "$((SECONDS - begin)) s"
unfault b >/dev/null
ok "the one before works" release
ok "server ends" stop b conns

for guest in a b; do
	ok "the module goes from $guest" unload $guest
	is 0 "$(mr $guest)" "no ring is left on $guest"
done
done_testing
