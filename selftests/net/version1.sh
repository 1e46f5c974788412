#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# Without user EIDs there is no version 2: two hosts agree on SMC version 1.
#
#	a ---- SMC-R version 1 over rxe0 ---- b
#
# capture: yes
# timeout: 240
. "$RIG_LIB"

for guest in a b; do
	on $guest "smcnl ueid flush"
	is "" "$(on $guest "smcnl ueid list")" "$guest has no user EID"
done

start b redis "smc_run redis-server --protected-mode no --save '' --appendonly no"
wait_port b 6379
ON_TIMEOUT=100 ok "redis-benchmark" on a \
	"smc_run redis-benchmark -h $B -t set,get -n 500 -c 4 -d 1024 -q"
ok "redis ends" stop b redis
like '^lgr 0x.* role client .* version 1 eid - ' "$(on a 'smcnl lgr')" \
	"link group of the client"
like '^lgr 0x.* role server .* version 1 eid - ' "$(on b 'smcnl lgr')" \
	"link group of the server"

start b xfer "xfer server -m smc 7000"
start b xfer6 "xfer server -m smc -6 7006"
wait_port b 7000
wait_port b 7006
ON_TIMEOUT=70 ok "10 MB each way with SHA-256" on a \
	"xfer client -m smc -k smc -n 10m -d both -T 60 $B 7000"
ON_TIMEOUT=70 ok "in random pieces, 4 connections" on a \
	"xfer client -m smc -k smc -n 1m -d both -w rand -r rand -c 4 -T 60 $B 7000"
ON_TIMEOUT=70 ok "to a slow reader" on a \
	"xfer client -m smc -k smc -n 1m -r 8192 -s 3000 -d both -T 60 $B 7000"
ON_TIMEOUT=70 ok "with an IPv6 prefix" on a \
	"xfer client -m smc -k smc -n 1m -d both -T 60 -6 $B6 7006"

start b conns "conns server -m smc 7001"
wait_port b 7001
ON_TIMEOUT=100 ok "300 connections at once" on a \
	"conns client -m smc -k smc -n 300 -b 50 -p -T 90 $B 7001"
num "$(smc_stat a client_v1) -ge 310" "client handshakes of version 1"
is "$(smc_stat a client_v1)" "$(smc_stat b server_v1)" "as many of the server"
is "0 0" "$(smc_stat a client_v2) $(smc_stat b server_v2)" "none of version 2"
all_used_smc
wait_for 15 eval '[ "$(group_conns a)" = "0 0" ] && [ "$(group_conns b)" = "0 0" ]' || true
is "0 0, 0 0" "$(group_conns a), $(group_conns b)" "two groups, no connection is left"

is "" "$(llc_flags $A 21)$(llc_flags $B 21)" "no LLC message of version 2"
is "2 03" "$(llc_flags $B 01)" "CONFIRM LINK of each group"
is "2 83" "$(llc_flags $A 01)" "each is answered"
is "2 00" "$(llc_flags $B 02)" "ADD LINK of each group"
is "2 c0" "$(llc_flags $A 02)" "each is rejected"
like '^[0-9]* 00 [0-9]* 80$' "$(llc_flags $A 06)" "CONFIRM RKEY of version 1"

on b "smcnl ueid add SMC-R-DEFAULT-EID"
before=$(smc_stat b server_v1)
ok "who has user EIDs accepts version 1 as well" on a \
	"conns client -m smc -k smc -n 1 -p -T 20 $B 7001"
is $((before + 1)) "$(smc_stat b server_v1)" "and does use it"
on b "smcnl ueid flush"
on a "smcnl ueid add SMC-R-DEFAULT-EID"
ok "who offers version 2 only goes on over TCP" on a \
	"conns client -m smc -k tcp -n 1 -p -T 20 $B 7001"
is 1 "$(reason_count b server 0x03030000)" "no common mode"
on a "smcnl ueid flush"

# Both reach each other, yet the server's subnet is a smaller one.
on b "ip addr del $B/24 dev eth0 && ip addr add $B/25 dev eth0"
ok "another subnet: TCP" on a "conns client -m smc -k tcp -n 1 -p -T 20 $B 7001"
is 1 "$(reason_count b server 0x03070000)" "because of the prefix"
on b "ip addr del $B6/64 dev eth0 && ip addr add $B6/80 dev eth0 nodad"
ok "another subnet of IPv6: TCP" on a "xfer client -m smc -k tcp -n 1k -d both -T 20 -6 $B6 7006"
is 2 "$(reason_count b server 0x03070000)" "because of the IPv6 prefix"
before=$(smc_stat b server_v1)
on a "ip addr add fd01::1/48 dev eth0 nodad"
on b "ip addr add fd01::2/48 dev eth0 nodad"
ok "one of two subnets in common" on a "xfer client -m smc -k smc -n 1k -d both -T 20 -6 $B6 7006"
is $((before + 1)) "$(smc_stat b server_v1)" "is enough for version 1"

for server in xfer xfer6 conns; do
	ok "$server ends" stop b $server
done
for guest in a b; do
	ok "the module goes from $guest" unload $guest
done
done_testing
