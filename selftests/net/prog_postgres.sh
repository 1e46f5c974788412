#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# PostgreSQL and pgbench under smc_run.
#
#	a pgbench, psql ---- SMC-R over rxe0 ---- postgres b
#
# programs: postgres
# memory: 2048
# timeout: 400
. "$RIG_LIB"
. "$(dirname "$RIG_LIB")/programs.sh"

transactions=$(by_size 25 200)
scale=$(by_size 1 5)
bin=/usr/lib/postgresql/15/bin
database="-h $B -p 5432 -U postgres postgres"
psql="smc_run $bin/psql -X -A -t -q -v ON_ERROR_STOP=1 $database"

# It refuses to run as root.
as_postgres() {
	echo "su -s /bin/sh postgres -c $(quoted "$1")"
}

# bench NAME TRANSACTIONS OPTIONS...: so many of each of 8 clients.
bench() {
	local out

	out=$(ON_TIMEOUT=100 on a "smc_run $bin/pgbench -n -c 8 -j 2 -t $2 \
		${*:3} $database" 2>&1) || out="status $? $out"
	like '^number of failed transactions: 0 ' "$out" "pgbench, $1: none failed"
	num "$(sed -n 's/^number of transactions actually processed: \([0-9]*\).*/\1/p' \
		<<<"$out") -eq $((8 * $2))" "and all were made"
	note "$1: $(grep ^tps <<<"$out")"
}

on b "echo postgres:x:70:70::/tmp:/bin/sh >>/etc/passwd
	echo postgres:x:70: >>/etc/group
	chmod 1777 /dev/shm"
ON_TIMEOUT=100 on b "$(as_postgres "$bin/initdb -N --locale=C -A trust -D /tmp/data") >/dev/null 2>&1
	echo host all all samenet trust >>/tmp/data/pg_hba.conf"
prog_begin
start b postgres "$(as_postgres "exec smc_run $bin/postgres -D /tmp/data -F \
	-c listen_addresses=$B -c unix_socket_directories=/tmp")"
wait_for 20 on a "$psql -c 'select 1' >/dev/null 2>&1"

ON_TIMEOUT=100 ok "pgbench fills its tables" on a \
	"smc_run $bin/pgbench -i -q -s $scale $database"
bench "a connection for 8 clients each" $transactions
bench "prepared statements, read only" $((transactions * 4)) -S -M prepared
bench "a connection for each transaction" $((transactions / 5)) -C -S
# Each transaction has added the same to four tables.
is t "$(on a "$psql -c 'select (select sum(abalance) from pgbench_accounts) = sum(delta) and
	(select sum(bbalance) from pgbench_branches) = sum(delta) and
	(select sum(tbalance) from pgbench_tellers) = sum(delta) and
	sum(delta) <> 0 from pgbench_history'")" "the balances add up"
rows=$(by_size 20000 200000)
copy="copy (select i, md5(i::text) from generate_series(1, $rows) i) to stdout"
ON_TIMEOUT=100
is "$(on b "psql=$bin/psql; \$psql -h /tmp -U postgres -c \"$copy\" postgres | sha256sum")" \
	"$(on a "$psql -c \"$copy\" | sha256sum")" "COPY of $rows rows out"
on a "$psql -c 'create table copied (i int, m text)'"
is $rows "$(on a "$psql -c \"$copy\" | $psql -c 'copy copied from stdin' &&
	$psql -c 'select count(*) from copied where m = md5(i::text)'")" "and in"
# psql asks for it on a connection of its own.
like "canceling statement due to user request" "$(on a "
	$psql -c 'select pg_sleep(20)' 2>&1 & sleep 2; kill -INT \$!; wait")" \
	"a query is cancelled"
ok "postgres ends" stop b postgres
is "" "$(log_of b postgres | grep -E 'PANIC|could not (send|receive)')" \
	"postgres had no complaints"
prog_end 50 $((scale * 2000000)) $((rows * 38))
done_testing
