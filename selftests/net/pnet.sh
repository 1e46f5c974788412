#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# PNET IDs: who may change the table and how, and what connections make of it.
#
#	a conns ---- SMC-R over rxe0, or over rxe1 with its PNET ID ---- conns b
#
# timeout: 120
. "$RIG_LIB"

read -r me < <(guests ours)
me=${me:-a}

pnet() {
	on $me "smcnl pnet $*" 2>&1 || true
}

# refused REASON ARGUMENTS: of smcnl pnet.
refused() {
	like "smcnl: kernel says: $1$" "$(pnet "${@:2}")" "${*:2}: $1"
}

# raw EXPECTED ARGUMENTS: what the kernel answers genlraw.
raw() {
	like "$1" "$(on $me "genlraw ${*:2}" | tail -n 1)" "${*:2}: $1"
}

invalid="^error: Invalid argument$"
is "" "$(pnet list)" "the table is empty"
ok "an interface" on $me "smcnl pnet add net1 eth0"
refused "File exists" add NET2 eth0
ok "one that does not exist" on $me "smcnl pnet add ' NET1 ' eth7"
ok "an RDMA device that does not" on $me "smcnl pnet add net1 - mlx9"
ok "both in one request" on $me "smcnl pnet add Net2 eth8 mlx8 2"
is "NET1 eth0 n/a 255
NET1 eth7 n/a 255
NET1 n/a mlx9 1
NET2 eth8 n/a 255
NET2 n/a mlx8 2" "$(pnet list | sort)" "what is there"
is "NET2 eth8 n/a 255
NET2 n/a mlx8 2" "$(pnet get NET2 | sort)" "those of one ID"
is "" "$(pnet get net2)" "none in lower case"
is "" "$(pnet get NOTHERE)" "none that is not there"
refused "No such file or directory" del net2
refused "No such file or directory" del NOTHERE
refused "File exists" add NET3 -
refused "File exists" add NET3 - mlx9
ok "a part of it is new" on $me "smcnl pnet add NET2 eth9 mlx8 2"
[ "$(role_of $me)" = stock ] ||
	ok "another port of that device" on $me "smcnl pnet add NET3 - mlx9 2"
for id in "" A-B "A B" ABCDEFGHIJKLMNOPQ A_B; do
	refused "Invalid argument" add "'$id'" eth5
done
for port in 0 3 255; do
	refused "Invalid argument" add NET5 - mlx5 $port
done
before=$(pnet list)
raw "$invalid" SMC_PNETID 2 do
raw "$invalid" SMC_PNETID 2 do 2=s:eth5
raw "$invalid" SMC_PNETID 2 do 1=r:NET5 2=s:eth5
raw "$invalid" SMC_PNETID 2 do 1=s:NET5 2=r:eth5
raw "$invalid" SMC_PNETID 2 do 1=s:NET5 2=s:interface7890123
raw "$invalid" SMC_PNETID 2 do 1=s:NET5 3=s:$(printf 'x%.0s' {1..64})
raw "$invalid" SMC_PNETID 2 do 1=x:
raw "$invalid" SMC_PNETID 2 do 1=n:8 2=s:eth5
raw "^error: (Invalid argument|Numerical result out of range)$" SMC_PNETID 2 do 1=s:NET5 3=s:mlx5 4=x:
raw "$invalid" SMC_PNETID 1 do
raw "$invalid" SMC_PNETID 3 do
raw "^error: Operation not supported$" SMC_PNETID 3 dump
raw "^error: Operation not supported$" SMC_PNETID 9 do
raw "^error: Operation not permitted$" -u 1000 SMC_PNETID 2 do 1=s:NET5 2=s:eth5
raw "^error: Operation not permitted$" -u 1000 SMC_PNETID 3 do 1=s:NET1
raw "^error: Operation not permitted$" -u 1000 SMC_PNETID 4 do
is "$before" "$(pnet list)" "all that changed nothing"
raw "^ok$" -u 1000 SMC_PNETID 1 dump
raw "^ok$" SMC_PNETID 2 do 1=s:NOTHERE 1=s:NET5 2=s:eth4 2=s:eth5 77=x:0102
is '1 1="NET5" 2="eth5" 3="n/a" 4=255
ok' "$(on $me "genlraw -u 1000 SMC_PNETID 1 do 1=s:NET5")" "anybody may ask for one ID, too"
is "NET5 eth5 n/a 255" "$(pnet get NET5)" "of two that are the same the last one, unknown ones do not count"

on $me "ip netns add other"
is "" "$(on $me 'ip netns exec other smcnl pnet list')" "another namespace has its own"
ok "an entry there" on $me "ip netns exec other smcnl pnet add NET1 eth0 mlx7"
is "NET1 eth0 n/a 255" "$(on $me 'ip netns exec other smcnl pnet list')" "only for interfaces"
like 'File exists$' "$(on $me 'ip netns exec other smcnl pnet add NET1 - mlx7' 2>&1 || true)" "as RDMA devices are not its business"
ok "it is flushed" on $me "ip netns exec other smcnl pnet flush"
is 0 "$(on $me 'ip netns exec other smcnl pnet list' | wc -l)" "and empty"
num "$(pnet list | wc -l) -ge 6" "ours is not"
on $me "ip netns del other"
for i in 1 2 3; do
	on $me "i=0; while [ \$i -lt 60 ]; do smcnl pnet add MANY x${i}y\$i; i=\$((i + 1)); done"
done
is 180 "$(pnet list | grep -c ^MANY)" "more than a message"
[ "$(role_of $me)" = stock ] || is 180 "$(pnet get MANY | wc -l)" "of one ID as well"
ok "those of an ID go" on $me "smcnl pnet del MANY"
is 0 "$(pnet list | grep -c ^MANY || true)" "all of them"
ok "the table is flushed" on $me "smcnl pnet flush"
is "" "$(pnet list)" "and empty"
ok "twice" on $me "smcnl pnet flush"
[ $RIG_PEERS = ours:ours ] || { done_testing; exit; }

# Entries follow their devices.
on a "modprobe dummy numdummies=0; smcnl pnet add NETD dummy5; smcnl pnet add NETR - rxe5
	ip link add dummy5 type dummy; ip link set dummy5 name dummy6; ip link set dummy6 up"
is "NETD dummy6 n/a 255" "$(pnet get NETD)" "an interface that came is renamed"
on a "rdma link add rxe5 type rxe netdev dummy6"
like '^dev rxe5 port 1 .* pnetid NETR user 1 ' "$(on a 'smcnl devs')" "an RDMA device comes"
on a "rdma dev set rxe5 name rxe6"
is "NETR n/a rxe6 1" "$(pnet get NETR)" "and is renamed"
like '^dev rxe6 port 1 .* netdev [1-9][0-9]* pnetid NETR user 1 links 0 ' "$(on a 'smcnl devs')" "it keeps its ID"
on a "rdma link del rxe6; ip link del dummy6"
is "NETD dummy6 n/a 255
NETR n/a rxe6 1" "$(pnet list)" "both are gone, the entries are not"
on a "smcnl pnet flush"

# What is used.
start b server "conns server -m smc 7000"
wait_port b 7000
uses() {
	ok "$2: $1 is used" on a "conns client -m smc -k $1 -n 2 -p -T 20 $B 7000"
}

uses smc "no IDs"
on a "smcnl pnet add NETA eth0"
uses tcp "an interface whose ID no device has"
num "$(reason_count a client 0x03030000) -ge 1" "as there is no device"
on a "smcnl pnet add NETB - rxe0"
uses tcp "a device with another ID"
on a "smcnl pnet flush; smcnl pnet add NETB - rxe0"
uses smc "an interface without ID, above a device with one"
on a "smcnl pnet add NETB eth0"
uses smc "both with the same ID"
like ' pnetid NETB ' "$(on a 'smcnl lgr')" "the link group has it"
on a "smcnl pnet del NETB; smcnl pnet add NETC eth0 rxe0 2"
uses tcp "an ID of a port that does not exist"
on b "smcnl pnet add NETA eth0"
on a "smcnl pnet flush"
uses tcp "a server whose ID no device has"
num "$(reason_count b server 0x03030002) -ge 1" "as it says"
on b "smcnl pnet flush"

# A device that is not on the interface: rxe1 is on mv0, TCP goes by eth0.
for guest in a b; do
	n=1; [ $guest = a ] || n=2
	on $guest "modprobe macvlan; sysctl -qw net.ipv4.conf.all.arp_ignore=1
		ip link add link eth0 name mv0 type macvlan mode bridge; ip link set mv0 up
		ip addr add 10.0.0.1$n/24 dev mv0; rdma link add rxe1 type rxe netdev mv0
		/rig/wait-gid rxe1 10.0.0.1$n; smcnl pnet add NETM eth0 rxe1"
done
uses smc "a device that is not on the interface"
like ' dev rxe1 port 1 .* gid .*:ffff:0a00:000b peer_gid .*:ffff:0a00:000c$' "$(on a 'smcnl links')" "by its own address"
# the group of before may have a second link there since rxe1 came
like '^dev rxe1 port 1 state active .* pnetid NETM user 1 links [12] crit 1 pci 0000:0000 -$' \
	"$(on a 'smcnl devs')" "which is shown"
for guest in a b; do
	on $guest "smcnl pnet flush; rdma link del rxe1; ip link del mv0"
done
on a "smcnl pnet add NETM mv0; modprobe bridge; ip link add br0 type bridge; ip link set eth0 master br0
	ip addr del $A/24 dev eth0; ip addr add $A/24 dev br0; ip link set br0 up; smcnl pnet add NETE eth0"
uses tcp "the ID of the interface below the one of the route"
on a "smcnl pnet flush; ip link set eth0 nomaster; ip link del br0; ip addr add $A/24 dev eth0"

# A device with a parent, as hardware has: entries may name that.
pci=$(on a "basename \$(readlink -f /sys/class/net/eth0/device/..)")
kind=$(on a "cd /sys/bus/pci/devices/$pci; cat vendor device" | sed 's/0x//' | paste -sd:)
unload a
on a "insmod /rig/smcr_parent.ko device=rxe0 parent=$pci"
load a
on a "smcnl pnet add NETP eth0 $pci"
like "^dev rxe0 port 1 .* pnetid NETP user 1 .* pci $kind $pci\$" "$(on a 'smcnl devs')" "a device by its parent"
refused "File exists" add NETQ - rxe0
uses smc "the ID of a parent"
unload a
on a "rmmod smcr_parent"
load a

on b "kill -TERM \$(pidof conns)"
ok "server ends" finish b server 5
on a "smcnl pnet add NETA eth0 rxe0"
for guest in a b; do
	ok "the module goes from $guest" unload $guest
done
done_testing
