#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# Each way to an SMC socket for programs that know TCP only.
#
#	a clients ---- SMC-R over rxe0 ---- servers b
#
# timeout: 240
. "$RIG_LIB"

# --- IPPROTO_SMC ---

# EPROTONOSUPPORT is 93, ESOCKTNOSUPPORT 94; type 3 is a raw IP socket.
is "2,1,256: errno=4000 domain=2 protocol=256 nonblock=0 cloexec=0 sndbuf=131072 rcvbuf=131072
10,526337,256: errno=4000 domain=10 protocol=256 nonblock=1 cloexec=1 sndbuf=131072 rcvbuf=131072
2,2,256: errno=93
10,2,256: errno=93
2,5,256: errno=94
10,5,256: errno=94
2,1,257: errno=93" \
	"$(on a "socktest 2,1,256 10,526337,256 2,2,256 10,2,256 2,5,256 10,5,256 2,1,257")" \
	"IPPROTO_SMC makes stream sockets of both families"
is "INET6_SMC INET_SMC SMC SMC6" \
	"$(on a "awk '\$8 == \"smc_r\" {print \$1}' /proc/net/protocols" | sort | xargs)" \
	"they are among the protocols"

is "net-pf-10-proto-256-type-1 net-pf-2-proto-256-type-1 net-pf-43" \
	"$(on a "modinfo -F alias /rig/smc_r.ko | grep -v family" | sort | xargs)" "they load the module"

# kind OPTIONS...: domain and protocol of a connected socket of a, SMC or not.
kind() {
	on a "sockbeh client $* -t domain_options" | sed 's/.*domain=\([0-9]*\) protocol=/\1 /'
}

start b smc "sockbeh server -m inet 7001"
start b smc6 "sockbeh server -m inet -6 7002"
start b tcp "sockbeh server -m tcp 7003"
for port in 7001 7002 7003; do
	wait_port b $port
done
is "2 256" "$(kind -m inet $B 7001)" "a connected socket is of AF_INET and IPPROTO_SMC"
is "10 256" "$(kind -m inet -6 $B6 7002)" "or of AF_INET6"
is "2 256" "$(kind -m inet -r $B 7001)" "an accepted one is of what its listener is"
is "10 256" "$(kind -m inet -6 -r $B6 7002)" "also over IPv6"
is "43 0" "$(kind -m smc $B 7001)" "AF_SMC stays AF_SMC"
num "$(smc_stat a connections) -ge 5" "all of them used SMC"
before=$(smc_stat a fallback)
is "2 6" "$(kind -m inet $B 7003)" "who fell back is of TCP"
is "2 6" "$(kind -m inet -r $B 7003)" "accepted or not"
num "$(smc_stat a fallback) -ge $((before + 2))" "that was a fallback"
is "$(on a "sockbeh client -m tcp -t reuseport $B 7003")" \
	"$(on a "sockbeh client -m inet -t reuseport $B 7001")" "SO_REUSEPORT does what it does for TCP"
fault a symbol=sock_create_kern retval=-12
is "2,1,256: errno=12 10,1,256: errno=12" "$(on a "socktest 2,1,256 10,1,256" | xargs)" \
	"no memory for the TCP socket inside"
is 2 "$(unfault a)" "that was a fault"

start b redis "smc_run -f inet redis-server --protected-mode no --save '' --appendonly no"
wait_port b 6379
before=$(smc_stat a client_v2)
ok "redis with IPPROTO_SMC" on a \
	"smc_run -f inet redis-benchmark -h $B -t set,get -n 1000 -c 4 -d 1024 -q"
num "$(smc_stat a client_v2) -ge $((before + 8))" "its connections used SMC"
ok "redis ends" stop b redis
for name in smc smc6 tcp; do
	ok "server $name ends" stop b $name
done

for guest in a b; do
	ok "the module of $guest goes" unload $guest
done
is "2,1,256: errno=93" "$(on a "socktest 2,1,256")" "and IPPROTO_SMC with it"
done_testing
