#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# Network namespaces: what is of one does not show, count or work in another.
#
#	a, namespace "in" -- veth -- a ---- SMC-R over rxe0 ---- b
#
# timeout: 120
. "$RIG_LIB"

read -r me < <(guests ours)
me=${me:-a}

# inside COMMAND
inside() {
	on $me "nsenter --net=/run/netns/in $1"
}

on $me "modprobe veth; ip netns add in; ip link add v0 type veth peer name v1 netns in
	ip addr add 10.9.0.1/24 dev v0; ip link set v0 up
	nsenter --net=/run/netns/in ip addr add 10.9.0.2/24 dev v1
	nsenter --net=/run/netns/in ip link set v1 up; nsenter --net=/run/netns/in ip link set lo up"
[ "$(role_of $me)" = stock ] || on $me "insmod /rig/smc_r_diag.ko"

start $me server "conns server -m smc 7000"
start b peer "conns server -m smc 7000"
wait_port $me 7000
wait_port b 7000

# a veth has no RDMA device; the host's is on eth0
ok "a connection between the namespaces" inside "conns client -m smc -k tcp -n 3 -p -T 20 10.9.0.1 7000"
ok "one of the host" on $me "conns client -m smc -k smc -n 2 -p -T 20 $([ $me = a ] && echo $B || echo $A) 7000"
is "3 0 0" "$(inside "smcnl stat fallback_client") $(inside "smcnl stat client_v2") $(inside "smcnl stat tx_bytes")" \
	"counters inside: three fell back"
is "0 2 3" "$(smc_stat $me fallback_client) $(smc_stat $me client_v2) $(smc_stat $me fallback_server)" \
	"outside: two used SMC, three were served"
is 1 "$(inside "smcnl fback" | grep -c '^reason client 0x0')" "why, inside"

start $me within "nsenter --net=/run/netns/in socks smc smc,listen=7001"
wait_for 5 on $me "grep -q ^ready /run/rig/within.log"
is "INIT LISTEN" "$(inside "smcdiag" | sed 's/.* state \([A-Z]*\) .*/\1/' | sort | xargs)" "sockets inside"
is 0 "$(on $me "smcdiag" | grep -c ':7001 ' || true)" "none of them outside"
is 1 "$(on $me "smcdiag" | grep -c 'state LISTEN .*:7000 ')" "but the server"

inside "sh -c 'echo 1 >/proc/sys/net/smc/limit_smc_hs'"
is "1 0" "$(inside "genlraw SMC_GEN_NETLINK 16 dump" | sed -n 's/^16 1=//p') $(on $me "genlraw SMC_GEN_NETLINK 16 dump" | sed -n 's/^16 1=//p')" \
	"a setting inside"
inside "genlraw SMC_GEN_NETLINK 18 do" >/dev/null
is 0 "$(inside "cat /proc/sys/net/smc/limit_smc_hs")" "by netlink as well"
inside "smcnl pnet add NET1 v1"
is "NET1 v1 n/a 255" "$(inside "smcnl pnet list")" "a PNET ID inside"
is "" "$(on $me "smcnl pnet list")" "none outside"
on $me "smcnl pnet add NET2 eth0 rxe0"
is "NET1 v1 n/a 255" "$(inside "smcnl pnet list")" "nor the other way round"
like ' pnetid NET2 ' "$(inside "smcnl devs")" "RDMA devices are shown to all"
num "$(inside "smcnl lgr" | wc -l) -ge 1" "as link groups are"

# Inside, another interface has the number of eth0.
on $me "modprobe dummy numdummies=0; index=\$(cat /sys/class/net/eth0/ifindex)
	ip -n in -o link | grep -q \"^\$index: \" || ip -n in link add d0 index \$index type dummy"
is "eth0 rxe0, n/a rxe0" "$(on $me "smcr device" | awk 'NR == 2 {print $1, $2}'), $(
	inside "smcr device" | awk 'NR == 2 {print $1, $2}')" "but not by the name of an interface inside"
is "1 0" "$(on $me "smcr --json device" | grep -c '"net_dev":"eth0"') $(inside "smcr --json device" | grep -c net_dev || true)" \
	"nor in JSON"

# Two namespaces with the same port, by PNET IDs, the same GID and the same
# peer. The one inside has an address of the GID's subnet, by proxy ARP: rxe
# sends from addresses of its own namespace only.
INSIDE=10.0.0.11
on $me "cd /proc/sys/net/ipv4; echo 1 >ip_forward
	for dev in v0 eth0; do
		echo 1 >conf/\$dev/proxy_arp; echo 0 >neigh/\$dev/proxy_delay
	done
	ip route add $INSIDE dev v0; ip -n in addr add $INSIDE/24 dev v1"
inside "smcnl pnet flush"
inside "smcnl pnet add NET2 v1"

# hold GUEST NAME COUNT ADDRESS PORT [PREFIX]: connections, open until let_go
hold() {
	start $1 $2 "${6-} conns client -m smc -k smc -n $3 -H -T 60 $4 $5"
	wait_for 20 on $1 "grep -q '^holding' /run/rig/$2.log" || true
	is "holding $3" "$(log_of $1 $2 | grep ^holding)" "$2: $3 connections by SMC"
}

# let_go GUEST NAME...
let_go() {
	local name

	for name in "${@:2}"; do
		stop $1 $name
		like "^ok: " "$(log_of $1 $name)" "$name: they work"
	done
}

hold $me outside 2 $B 7000
hold $me inside 3 $B 7000 "nsenter --net=/run/netns/in"
is "3 2, 3 2" "$(group_conns $me), $(group_conns b)" "each namespace has its own link group"
is "eth0 eth0, n/a n/a" "$(on $me "smcr link" | awk 'NR > 1 {print $4}' | xargs), $(
	inside "smcr link" | awk 'NR > 1 {print $4}' | xargs)" "on the interface of the host, which has no name inside"
let_go $me outside inside
doctor=$(inside "smcr doctor $B:7000" || true)
is "ok note ok ok" "$(awk '$2 ~ /^(device|gid|pnetid|peer)$/ {print $1}' <<<"$doctor" | xargs)" \
	"the doctor inside finds the device by its PNET ID, which is in the table outside"
like '^ok +device +rxe0 port 1 on an interface of another network namespace' "$doctor" "and that it is on an interface there"
start $me inner "nsenter --net=/run/netns/in conns server -m smc 7002"
wait_for 5 on $me "grep -q ^ready /run/rig/inner.log"
hold b to_outside 2 $A 7000
hold b to_inside 3 $INSIDE 7002
is "3 2 0 0, 3 2 0 0" "$(group_conns $me), $(group_conns b)" "as server as well"
let_go b to_outside to_inside

# Root of a user namespace is not root here.
for request in "SMC_PNETID 2 do 1=s:NET3 2=s:v1" "SMC_PNETID 3 do 1=s:NET2" "SMC_PNETID 4 do" \
	"SMC_GEN_NETLINK 10 do 1=s:OTHER-EID" "SMC_GEN_NETLINK 11 do 1=s:SMC-R-DEFAULT-EID" \
	"SMC_GEN_NETLINK 12 do" "SMC_GEN_NETLINK 14 do" "SMC_GEN_NETLINK 15 do" \
	"SMC_GEN_NETLINK 17 do" "SMC_GEN_NETLINK 18 do"; do
	like '^error: Operation not permitted$' \
		"$(on $me "unshare --user --map-root-user --net genlraw $request" || true)" "root of a container: $request"
done

# Who owns a network namespace has its settings, as those of TCP, and no others.
as_user="setpriv --reuid 1000 --regid 1000 --clear-groups"
container="$as_user unshare --user --map-root-user"
# which can be written with what they are
writable="sh -c 'cd /proc/sys/net/smc; for name in *; do
	value=\$(cat \$name); { echo \$value >\$name; } 2>/dev/null && echo \$name; done"
before=$(on $me "grep . /proc/sys/net/smc/*")
is "" "$(on $me "$as_user $writable'")" "settings are not for users"
is "" "$(on $me "$container $writable'")" "nor for root of a container with this network namespace"
is "" "$(inside "$container $writable'")" "or with another one that is not its own"
is "$(on $me "ls /proc/sys/net/smc; echo 1")" \
	"$(on $me "$container --net $writable; echo 1 >limit_smc_hs; cat limit_smc_hs'")" "but with its own"
is "$before" "$(on $me "grep . /proc/sys/net/smc/*")" "which has nothing to do with those of the host"

on $me "kill -TERM \$(pidof socks) \$(pidof conns); smcnl pnet flush"
on b "kill -TERM \$(pidof conns)"
ok "server ends" finish $me server 5
on $me "ip link del v0; ip netns del in"
sleep 1
for guest in $(guests ours); do
	ok "the module goes from $guest" unload $guest
done
done_testing
