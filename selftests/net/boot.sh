#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# The rig itself: guests boot, the wire carries IP and RDMA. No SMC in use.
#
#	a 10.0.0.1 eth0 ---- wire ---- eth0 10.0.0.2 b
#	  fd00::1  rxe0                rxe0 fd00::2
#
# rdma: both
# timeout: 120
. "$RIG_LIB"

ok "ping over IPv4" on a "ping -c 2 -W 5 $B"
ok "ping over IPv6" on b "ping -c 2 -W 5 $A6"
for guest in a b; do
	like 'state ACTIVE.*netdev eth0' "$(on $guest 'rdma link show rxe0/1')" \
		"rxe0 of $guest is active"
done

start b lat "ib_send_lat -d rxe0 -x 1 -n 200 -F"
wait_port b 18515
ok "verbs send and receive" on a "ib_send_lat -d rxe0 -x 1 -n 200 -F $B"
ok "their server ends well" finish b lat 20
num "$(rdma_packets a) -ge 200" "the packets went through rxe0"

start b rping "rping -s -a $B -v -C 20"
wait_for 10 on b "rdma resource show cm_id | grep -q LISTEN"
ok "RDMA connection manager" on a "rping -c -a $B -C 20"
ok "its server ends well" finish b rping 20

# The rig's own promises.
is 3 "$(on a 'exit 3' && echo 0 || echo $?)" "exit status of a guest's command"
is 124 "$(ON_TIMEOUT=1 on b 'sleep 30' 2>/dev/null && echo 0 || echo $?)" \
	"a command that takes too long is ended"
is "out err" "$(on a 'echo out; echo err >&2' 2>&1 | sort -r | xargs)" \
	"stdout and stderr arrive"
fails "in-tree smc stays out by itself" on a "modprobe net-pf-43 && lsmod | grep -q ^smc"
# The kernel's own checks: lib/rig.py asks for this one where Debian has it.
kfence() {
	on a "mountpoint -q /sys/kernel/debug || mount -t debugfs none /sys/kernel/debug
		sed -n 's/^$1: //p' /sys/kernel/debug/kfence/stats"
}

if [ "$RIG_KERNEL" = 6.12 ]; then
	is 1 "$(kfence enabled)" "KFENCE is on"
	num "$(kfence 'total allocations') -ge 1" "it looks at allocations"
fi
done_testing
