#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# Redis under smc_run: pipelines, pub/sub, mass insertion, replication.
#
#	a redis-benchmark, redis-cli, replica ---- SMC-R ---- redis-server b
#
# timeout: 600
# memory: 1536
. "$RIG_LIB"
. "$(dirname "$RIG_LIB")/programs.sh"

mib=$(by_size 40 200)
server="smc_run redis-server --protected-mode no --save '' --appendonly no
	--enable-debug-command yes --rdbcompression no --repl-diskless-sync-delay 0
	--unixsocket /run/redis.sock"
server=${server//[$'\n\t']/ }
remote="smc_run redis-cli -h $B"

# Not over the network, so that it uses no SMC.
local_cli() {
	ON_TIMEOUT=100 on "$1" "redis-cli -s /run/redis.sock ${*:2}"
}

replica_has() {
	local_cli a info replication | grep -q "$1"
}

prog_begin
start b redis "$server"
wait_port b 6379

# Its exit status is 0 only if each answer was as it must be.
ON_TIMEOUT=100 ok "redis-benchmark, 20 clients" on a \
	"smc_run redis-benchmark -h $B -q -n $(by_size 1000 5000) -c 20 -d 200 \
		-t ping,set,get,incr,lpush,rpop,sadd,hset,zadd,lrange_100,mset"
ON_TIMEOUT=100 ok "redis-benchmark with pipelines of 32" on a \
	"smc_run redis-benchmark -h $B -q -n $(by_size 10000 50000) -c 20 -P 32 -t set,get"

messages=$(by_size 2000 10000)
start a sub "$remote subscribe news"
wait_for 5 eval '[ "$(local_cli b pubsub numsub news | tail -n 1)" = 1 ]'
ON_TIMEOUT=100 ok "as many messages are published" on a "
	[ \$(seq $messages | sed 's/^/publish news m/' | $remote | grep -c '^1') = $messages ]"
wait_for 10 eval 'log_of a sub | grep -q "^m$messages\$"' || true
is "$(seq $messages | sed 's/^/m/' | sha256sum)" \
	"$(on a "/rig/daemon log sub | grep '^m[0-9]' | sha256sum")" \
	"each has come, in order"
ok "the subscriber ends" stop a sub

pairs=$(by_size 20000 100000)
like "errors: 0, replies: $pairs" "$(ON_TIMEOUT=60 on a "
	seq $pairs | awk '{ k = \"pipe:\" \$1; v = \"value \" \$1 * 7
		printf \"*3\r\n\$3\r\nSET\r\n\$%d\r\n%s\r\n\$%d\r\n%s\r\n\",
			length(k), k, length(v), v }' | $remote --pipe" 2>&1)" \
	"redis-cli --pipe: $pairs commands"
is "value $((pairs * 7))" "$(on a "$remote --raw get pipe:$pairs")" "the last one is there"

is OK "$(local_cli b debug populate $mib big 1048576)" "$mib MiB more in the data set"
before=$(smc_stat b tx_bytes)
begin=$SECONDS
start a replica "$server --replicaof $B 6379"
wait_for 5 on a "[ -S /run/redis.sock ]"
ok "the replica has it all" wait_for 120 replica_has master_link_status:up
note "replication of $mib MiB took $((SECONDS - begin)) s"
num "$(($(smc_stat b tx_bytes) - before)) -ge $((mib << 20))" "it came through SMC"
ok "and what is written from now on" on a \
	"seq 1000 | sed 's/.*/set late:& &/' | $remote | grep -c OK | grep -qx 1000"
is OK "$(on a "$remote set last one")" "one more"
wait_for 10 eval '[ "$(local_cli a get last)" = one ]' || true
is "$(local_cli b debug digest)" "$(local_cli a debug digest)" "same digest of all data"
ok "the replica ends" stop a replica
ok "redis ends" stop b redis
prog_end 50 4000000 $((mib << 20))
done_testing
