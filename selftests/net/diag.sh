#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# sock_diag shows the sockets of a as they are: in each state, in fallback,
# many of them, to anybody, and those of its own network namespace only.
#
#	a socks ---- SMC-R over rxe0, or TCP ---- socks b
#
# timeout: 150
. "$RIG_LIB"

MINIMAL=3,5

# hold GUEST NAME ARGUMENTS: socks there, ready.
hold() {
	start $1 $2 "socks $3"
	wait_for 15 on $1 "grep -q ^ready /run/rig/$2.log"
}

# inode NAME N: of the N-th argument.
inode() {
	on a "awk '\$1 == $2 {print \$3}' /run/rig/$1.log"
}

# cookie NAME N: its SO_COOKIE.
cookie() {
	on a "awk '\$1 == $2 {print \$5}' /run/rig/$1.log"
}

# line NAME N: what the dump says of it.
line() {
	on a "smcdiag" | grep " inode $(inode $1 $2) " || echo "not there"
}

# has NAME N REGEX WHAT
has() {
	like "$3" "$(line $1 $2)" "$4"
}

# matches NAME N REGEX
matches() {
	[[ $(line $1 $2) =~ $3 ]]
}

# becomes NAME N REGEX WHAT: within seconds.
becomes() {
	wait_for 5 matches "${@:1:3}" || true
	has "$@"
}

if [ "$(role_of a)" = ours ]; then
	fails "no handler without smc_r_diag" on a "smcdiag"
	on a "d=/lib/modules/\$(uname -r)/updates; mkdir -p \$d
		cp /rig/smc_r.ko /rig/smc_r_diag.ko \$d; depmod -a
		command -v modprobe >/proc/sys/kernel/modprobe"
	ok "the first request loads it" on a "smcdiag"
	on a "rmmod smc_r_diag"
	ok "it comes back by its name" on a "modprobe smc_r_diag"
	like 'used by|in use' "$(on a 'rmmod smc_r' 2>&1 || true)" "smc_r does not go before it"
fi

is "" "$(on a smcdiag)" "nothing to show"

hold b peer "smc,listen=7000 smc,listen=7001 smc,listen=7002 tcp,listen=7003"
start b drain "socks smc,listen=7010,accept,recv=1000,shut=w"
start b eof "socks smc,listen=7011,accept,wait"
wait_port b 7010
wait_port b 7011
hold a some "smc smc6 smc,bind=5000 smc,listen=5001 smc6,listen=5002 \
	smc,fastopen smc,fastopen,listen=5003 \
	smc,connect=$B:7000 smc6,connect=$B:7001 smc,connect=$B:7003 \
	smc,connect=$B:7000,shut=w smc,connect=$B:7000,shut=r \
	smc,connect=$B:7010,send=1000,recv=0 smc,connect=$B:7011,send=40000,shut=w" ||
	log_of a some
is 14 "$(on a "smcdiag | grep -c '^family 43 '")" "each is there, of family AF_SMC"
has some 1 "state INIT mode smcr src 0.0.0.0:0 dst 0.0.0.0:0 if 0 uid 0 .* shutdown 0 reason 0x00000000 peer 0x00000000 ext $MINIMAL$" "a fresh one"
has some 2 "state INIT mode smcr src 0.0.0.0:0 dst 0.0.0.0:0 " "for IPv6"
has some 3 "state INIT mode smcr src 0.0.0.0:5000 dst 0.0.0.0:0 .* ext $MINIMAL$" "a bound one"
has some 4 "state LISTEN mode smcr src 0.0.0.0:5001 dst 0.0.0.0:0 .* ext $MINIMAL$" "a listener"
has some 5 "state LISTEN mode smcr src 0.0.0.0:5002 " "for IPv6"
has some 6 "state INIT mode tcp .* reason 0x03060000 peer 0x00000000 ext $MINIMAL$" "ruled out before it connects"
has some 7 "state LISTEN mode tcp src 0.0.0.0:5003 .* reason 0x03060000 " "a listener"
has some 8 "state ACTIVE mode smcr src $A:[0-9]+ dst $B:7000 .* shutdown 0 reason 0x00000000 peer 0x00000000 token 0x.* rx 262144 .* link 1 dev rxe0 port 1 gid 0000:0000:0000:0000:0000:ffff:0a00:0001 peer_gid 0000:0000:0000:0000:0000:ffff:0a00:0002 role client ext 3,5,1,2$" "a connection"
has some 9 "state ACTIVE mode smcr src ::ffff:$A:[0-9]+ dst ::ffff:$B:7001 .* ext 3,5,1,2$" "one for IPv6"
has some 10 "state ACTIVE mode tcp src $A:[0-9]+ dst $B:7003 .* reason 0x03010000 peer 0x00000000 ext $MINIMAL$" "fallen back"
has some 11 "state PEERCLOSEWAIT1 mode smcr .* shutdown 2 .* flags 00:00:..:80 " "shut for writing"
has some 12 "state ACTIVE mode smcr .* shutdown 1 " "shut for reading"
wait_for 5 on b "grep -q ^ready /run/rig/drain.log"
has some 13 "state APPCLOSEWAIT1 mode smcr .* shutdown 1 .* rx_cons 0:1000 tx_prod 0:1000 .* prep 0:1000 sent 0:1000 .* flags ..:80:..:00 " "the peer has shut for writing"
wait_for 5 on b "grep -q ^ready /run/rig/eof.log"
has some 14 "state PEERCLOSEWAIT1 mode smcr .* tx_prod 0:40000 .* (prep 1:7232 sent 1:7232|prep 0:40000 sent 0:40000) " "where its cursors are"
is "$(on a "smcdiag -e 0 | sed 's/.* ext //' | sort -u")" "$MINIMAL" "no extension that is not asked for"
is "$(on a "smcdiag -e 1 | grep -c ' ext 3,5,1$'")" 6 "one that is"
for n in 4 8 10; do
	has some $n " inode $(inode some $n) cookie $(cookie some $n) " "the cookie of number $n is its SO_COOKIE"
done
stop b drain
becomes some 13 "state APPCLOSEWAIT1 mode smcr .* flags ..:c0:..:00 " "the peer is gone, what it was sent was read"

# a peer that declines
on b "smcnl ueid flush"
hold a declined "smc,connect=$B:7000"
has declined 1 "state ACTIVE mode tcp src $A:[0-9]+ dst $B:7000 .* reason 0x05000000 peer 0x03030000 ext $MINIMAL$" "the peer has declined, and why"
on b "smcnl ueid add SMC-R-DEFAULT-EID"
stop a declined

# how they end: PEERFINCLOSEWAIT is of closed ones only, which are not shown
ENDS="accept,wait,shut=w accept,shut=w accept,wait,close accept,close accept,wait,send=1 accept,unread=1000,close"
port=7030
for steps in $ENDS; do
	start b end$port "socks smc,listen=$port,$steps"
	port=$((port + 1))
done
start b end7036 "socks tcp,listen=7036,accept,wait,close"
for port in 7030 7031 7032 7033 7034 7035 7036; do
	wait_port b $port
done
hold a ends "smc,connect=$B:7030,shut=w,wait smc,connect=$B:7031,wait,shut=w smc,connect=$B:7032,shut=w,wait \
	smc,connect=$B:7033,wait,send=1 smc,connect=$B:7034,shut=rw smc,connect=$B:7035,send=1000 \
	smc,connect=$B:7036,shut=w,wait smc,dev=eth0,connect=$B:7000 smc,dev=eth0,listen=5004" || log_of a ends
has ends 1 "state PEERCLOSEWAIT2 mode smcr .* shutdown 3 .* flags ..:80:..:80 " "both have shut for writing, a first"
has ends 2 "state APPCLOSEWAIT2 mode smcr .* shutdown 3 .* flags ..:80:..:80 " "b first"
has ends 3 "state APPFINCLOSEWAIT1 mode smcr .* shutdown 3 .* flags ..:[4c]0:..:80 " "b has closed"
has ends 4 "state CLOSED mode smcr " "b had closed when a wrote"
becomes ends 5 "state PEERABORTWAIT mode smcr .* shutdown 3 " "a is shut both ways when b writes"
becomes ends 6 "state PROCESSABORT mode smcr .* shutdown 3 " "b has closed without reading"
becomes ends 7 "state CLOSED mode tcp .* reason 0x03010000 " "the same by TCP: both have closed"
index=$(on a "cat /sys/class/net/eth0/ifindex")
for n in 8 9; do
	has ends $n " if $index uid " "the interface of number $n"
done
stop a ends
for port in 7030 7031 7032 7033 7034 7035 7036; do
	stop b end$port
done
if [ "$(role_of a)" = ours ]; then
	fault a symbol=smcr_clc_send_proposal retval=-5 times=1
	hold a failed "smc,fail=$B:7000"
	is 1 "$(unfault a)" "a handshake fails"
	has failed 1 "state CLOSED mode smcr " "so that it is closed"
	stop a failed
fi

# IPPROTO_SMC is of the family that was asked for, accepted or not
start a inet "socks inet,listen=7020,accept"
start a inet6 "socks inet6,listen=7021,accept"
wait_port a 7020
wait_port a 7021
hold b clients "inet,connect=$A:7020 inet6,connect=$A:7021"
hold a connected "inet,connect=$B:7000 inet6,connect=$B:7001"
has connected 1 "^family 2 state ACTIVE mode smcr src $A:[0-9]+ dst $B:7000 " "IPPROTO_SMC of AF_INET"
has connected 2 "^family 10 state ACTIVE mode smcr src ::ffff:$A:[0-9]+ dst ::ffff:$B:7001 " "of AF_INET6"
for name in inet inet6; do
	wait_for 5 on a "grep -q ^ready /run/rig/$name.log"
done
has inet 1 "^family 2 state ACTIVE mode smcr src $A:7020 dst $B:[0-9]+ " "an accepted one"
has inet6 1 "^family 10 state ACTIVE mode smcr src ::ffff:$A:7021 dst ::ffff:$B:[0-9]+ " "of AF_INET6"
for name in connected inet inet6; do
	stop a $name
done
stop b clients

# who may ask, and for what
hold a user "uid=1000 smc,connect=$B:7000"
has user 2 "state ACTIVE .* uid 1000 " "its owner"
is "$(on a 'smcdiag | sort')" "$(on a 'smcdiag -u 1000 | sort')" \
	"the same for everybody"
like " uid 65534 inode $(inode user 2) " "$(on a 'unshare -r smcdiag')" "who has no name in a user namespace"
like 'Operation not supported' "$(on a 'smcdiag -k -f 4' 2>&1 || true)" "nobody can destroy them"
stop a user
for flags in 0x100 0x200 0x300; do
	like '^sockets 14 ' "$(on a "smcdiag -c -f $flags")" "a dump by flags $flags"
done
is "sockets 0 messages 0 doubled 0" "$(on a 'smcdiag -c -f 0')" "none without"
if [ "$(role_of a)" = ours ]; then
	for len in 0 1 4 51; do
		like 'Invalid argument' "$(on a "smcdiag -c -l $len" 2>&1 || true)" \
			"a request of $len bytes"
	done
	like '^sockets 14 ' "$(on a 'smcdiag -c -l 200')" "a longer one"
	like '^sent [0-9]+ ok [1-9]' "$(on a 'nlfuzz sock_diag')" "all kinds of requests are answered"
	like '^sent [0-9]+ ok [1-9]' "$(on a "nlfuzz -u 1000 sock_diag")" "anybody's, too"
	like '^sent [0-9]+ ok [1-9]' "$(on a "unshare -rn nlfuzz sock_diag")" "those of a user namespace"
fi
on a "ip netns add other"
[ "$(role_of a)" != ours ] || like '^sent [0-9]+ ok [1-9]' "$(on a "ip netns exec other nlfuzz sock_diag")" \
	"those in another network namespace"
is "sockets 0 messages 1 doubled 0" "$(on a 'ip netns exec other smcdiag -c')" "none in another namespace"
start a there "nsenter --net=/run/netns/other socks smc smc,listen=5001"
wait_for 5 on a "grep -q ^ready /run/rig/there.log"
like '^sockets 2 ' "$(on a 'ip netns exec other smcdiag -c')" "but its own"
like '^sockets 14 ' "$(on a 'smcdiag -c')" "which are not ours"
stop a there
on a "ip netns del other"
stop a some
is 0 "$(on a 'smcdiag' | wc -l)" "none is left when all are closed"

# more than a message, while others come and go
hold a many "smc,*3000"
start a churn "while :; do socktest 43,1,0 43,1,1 >/dev/null; done"
for round in 1 2 3; do
	like '^sockets 300[0-9] messages [0-9]+ doubled 0$' "$(on a 'smcdiag -c')" "3000 sockets, each once"
done
stop a churn
is 3000 "$(on a "smcdiag | grep -c 'state INIT'")" "not one more"
num "$(on a 'smcdiag -c' | cut -d' ' -f4) -ge 10" "in several messages"
stop a many
for prog in peer eof; do
	stop b $prog
done
if [ "$(role_of a)" = ours ]; then
	ok "the modules go" unload a
	on a "rm -r /lib/modules/\$(uname -r)/updates; depmod -a"
	on a "modprobe -a smc smc_diag; dmesg -c >/dev/null"
	like 'refused|exists|Unknown symbol|busy' "$(on a 'insmod /rig/smc_r_diag.ko' 2>&1 || true)" \
		"not beside the kernel's own"
	on a "rmmod smc_diag smc"
fi
done_testing
