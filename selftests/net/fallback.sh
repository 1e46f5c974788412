#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# Whatever rules SMC out for a connection, its data flows over TCP, and both
# sides count why.
#
#	a xfer ---- TCP, sometimes SMC-R over rxe0 ---- xfer b
#
# The guests begin without RDMA devices; they come and go.
#
# rdma: none
# capture: yes
# timeout: 240
. "$RIG_LIB"

NONE=-
ANY=+
PEER_NO_SMC=0x03010000
CONFIG=0x03000000
NO_DEVICE=0x03030000
NO_RDMA_DEVICE=0x03030002
IPSEC=0x03020000
OPTION=0x03060000
PEER_DECLINED=0x05000000

# counts: what the counters of both guests are now, on one line.
counts() {
	echo "$(reason_count a client $1) $(smc_stat a fallback_client)" \
		"$(reason_count b server $2) $(smc_stat b fallback_server)"
}

# wanted REASON COUNT ALL: these counters after one more fallback.
wanted() {
	case $1 in
	$NONE) echo "0 $3" ;;
	$ANY) echo "0 $(($3 + 1))" ;;
	*) echo "$(($2 + 1)) $(($3 + 1))" ;;
	esac
}

# falls NAME CLIENT_REASON SERVER_REASON OPTIONS...: by TCP, each side counts
# one fallback for its reason, whatever that is if "+", or none at all if "-".
falls() {
	local name=$1 client=$2 server=$3 before
	shift 3
	before=($(counts $client $server))
	ok "$name: data flows" on a "xfer client -k tcp -n 1m -d both -T 20 $*"
	is "$(wanted $client ${before[*]:0:2}) $(wanted $server ${before[*]:2:2})" \
		"$(counts $client $server)" "$name: counted on both sides"
}

uses_smc() {
	local packets=$(rdma_packets a)
	ok "$1: SMC is used" on a "xfer client -m smc -k smc -n 1m -d both -T 20 $B 7000"
	num "$(($(rdma_packets a) - packets)) -ge 500" "$1: over RDMA"
}

# decline ADDRESS: the last one from there, header and peer ID.
decline() {
	pcap "ip.src == $1 && tcp.payload[0:5] == e2:d4:c3:d9:04" tcp.payload |
		tail -n 1 | cut -c 1-32
}

rxe_add() {
	on $1 "rdma link add rxe0 type rxe netdev eth0; /rig/wait-gid rxe0 $2"
}

for guest in a b; do
	on $guest "modprobe -a crc32_generic rdma_rxe xfrm_user"
done
start b smc "xfer server -m smc 7000"
start b tcp "xfer server -m tcp 7001"
start b fastopen "xfer server -m smc -F 7002"
start b md5 "xfer server -m smc -M 7003"
start b ipsec "xfer server -m smc -I 7004"
for port in 7000 7001 7002 7003 7004; do
	wait_port b $port
done

falls "no RDMA device" $NO_DEVICE $PEER_DECLINED -m smc $B 7000
rxe_add b $B
falls "none at the client" $NO_DEVICE $PEER_DECLINED -m smc $B 7000
is e2d4c3d904001c100000000000000000 "$(decline $A)" \
	"which says so in version 1, without a peer ID"
on b "rdma link del rxe0"
rxe_add a $A
falls "none at the server" $PEER_DECLINED $NO_RDMA_DEVICE -m smc $B 7000
is e2d4c3d904002c200000000000000000 "$(decline $B)" \
	"which says so in the version of the PROPOSAL, without a peer ID"
rxe_add b $B
uses_smc "devices on both sides"

falls "the server's program uses TCP" $PEER_NO_SMC $NONE -m smc $B 7001
falls "the client's program uses TCP" $NONE $PEER_NO_SMC -m tcp $B 7000
falls "fast open at the client" $OPTION $PEER_NO_SMC -m smc -F $B 7000
if [ "$(role_of b)" = ours ]; then
	falls "fast open at the server" $PEER_NO_SMC $OPTION -m smc $B 7002
else
	skip "fast open at the server" "stock does not wake its writer when TCP has room again"
fi
falls "IPv6, the client's program uses TCP" $PEER_NO_SMC $NONE -m smc -6 ::ffff:$B 7001
# stock tries, and counts what becomes of it
md5_a=$OPTION md5_b=$OPTION
[ "$(role_of a)" = ours ] || md5_a=$ANY
[ "$(role_of b)" = ours ] || md5_b=$ANY
falls "TCP-MD5" $md5_a $md5_b -m smc -M $B 7003
on b "echo 2 >/proc/sys/net/ipv4/tcp_syncookies"
falls "SYN cookies" $PEER_NO_SMC $PEER_NO_SMC -m smc $B 7000
on b "echo 1 >/proc/sys/net/ipv4/tcp_syncookies"
falls "IPsec at the client" $IPSEC $PEER_DECLINED -m smc -I $B 7000
falls "IPsec at the server" $PEER_DECLINED $IPSEC -m smc $B 7004
uses_smc "nothing is in the way"

on b "smcnl ueid flush"
falls "the server has no EID" $PEER_DECLINED $NO_DEVICE -m smc $B 7000
on b "smcnl ueid add OTHER-EID"
falls "the EIDs differ" $PEER_DECLINED $NO_DEVICE -m smc $B 7000
on a "smcnl ueid flush"
if [ $RIG_PEERS = ours:ours ]; then
	uses_smc "the client has no EID and offers version 1"
	num "$(smc_stat a client_v1) -eq 1" "which is used"
	# its address is not one of the interface of the route
	on a "ip addr add 10.9.0.1/32 dev lo; ip route add $B/32 dev eth0 src 10.9.0.1"
	on b "ip route add 10.9.0.1/32 dev eth0"
	falls "neither EID nor prefix at the client" $CONFIG $PEER_DECLINED -m smc $B 7000
	on a "ip route del $B/32 dev eth0 src 10.9.0.1; ip addr del 10.9.0.1/32 dev lo"
	on b "ip route del 10.9.0.1/32 dev eth0"
else
	# stock has version 1 with RoCE version 1 only
	falls "the client has no EID" $ANY $ANY -m smc $B 7000
fi
on a "smcnl ueid add FIRST-EID; smcnl ueid add OTHER-EID"
for bad in lower-case -MINUS .DOT A_B "" $(printf %33s | tr " " A) FIRST-EID; do
	fails "'$bad' is no new EID" on a "smcnl ueid add '$bad'" 2>/dev/null
done
uses_smc "one EID in common"
on a "smcnl ueid add $(printf %32s | tr " " Z); smcnl ueid add 4TH.EID"
fails "a fifth EID finds no room" on a "smcnl ueid add FIFTH" 2>/dev/null
uses_smc "one of four EIDs in common"

on a "rdma link del rxe0"
falls "the device of the client is gone" $NO_DEVICE $PEER_DECLINED -m smc $B 7000
like '^e2d4c3d904001c10....525400' "$(decline $A)" "its peer ID stays"
rxe_add a $A
on b "rdma link del rxe0"
falls "the device of the server is gone" $PEER_DECLINED $NO_RDMA_DEVICE -m smc $B 7000
rxe_add b $B
uses_smc "the devices are back"

for guest in a b; do
	is "0 0" "$(smc_stat $guest client_errors) $(smc_stat $guest server_errors)" \
		"no handshake of $guest failed"
done
for server in smc tcp fastopen md5 ipsec; do
	ok "server $server ends" stop b $server
done
for guest in $(guests ours); do
	ok "the module goes from $guest" unload $guest
done
done_testing
