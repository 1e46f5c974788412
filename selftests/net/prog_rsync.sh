#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# An rsync daemon under smc_run: up, down, differences only.
#
#	a rsync ---- SMC-R over rxe0 ---- rsync --daemon b
#
# programs: rsync
# memory: 1536
# timeout: 200
. "$RIG_LIB"
. "$(dirname "$RIG_LIB")/programs.sh"

mib=$(by_size 20 100)
url=rsync://$B/data
rsync="smc_run rsync -a --stats"

# What rsync says it took from the other side's copy instead of the network.
matched() {
	sed -n 's/^Matched data: \([0-9,]*\) bytes/\1/p' <<<"$1" | tr -d ,
}

on b "mkdir /tmp/data && echo 'use chroot = no
uid = 0
gid = 0
[data]
path = /tmp/data
read only = no' >/tmp/rsyncd.conf"
random_file a /tmp/src/big $mib
on a "cd /tmp/src && mkdir -p many/deep/er && for i in \$(seq 300); do
	head -c \$((i * 101)) /dev/urandom >many/deep/er/\$i; done"
prog_begin
start b rsync "smc_run rsync --daemon --no-detach --config=/tmp/rsyncd.conf --address=$B"
wait_port b 873

ON_TIMEOUT=100 ok "up" on a "$rsync /tmp/src/ $url/"
is "$(sum_of a /tmp/src)" "$(sum_of b /tmp/data)" "all is the same"
ON_TIMEOUT=100 ok "down" on a "$rsync $url/ /tmp/back/"
is "$(sum_of a /tmp/src)" "$(sum_of a /tmp/back)" "all is the same"
on a "printf changed | dd of=/tmp/src/big bs=1 seek=1000000 conv=notrunc 2>/dev/null
	rm /tmp/src/many/deep/er/5"
out=$(ON_TIMEOUT=100 on a "$rsync --delete --no-whole-file /tmp/src/ $url/" 2>&1) || true
num "$(matched "$out") -ge $(((mib - 1) << 20))" "of a changed file only that goes up"
is "$(sum_of a /tmp/src)" "$(sum_of b /tmp/data)" "all is the same"
out=$(ON_TIMEOUT=100 on a "$rsync --delete -z $url/ /tmp/back/" 2>&1) || true
num "$(matched "$out") -ge $(((mib - 1) << 20))" "and down, compressed"
is "$(sum_of a /tmp/src)" "$(sum_of a /tmp/back)" "all is the same"
is "" "$(ON_TIMEOUT=100 on a "smc_run rsync -acni --delete /tmp/src/ $url/")" \
	"rsync -c finds nothing to do"
ok "the daemon ends" stop b rsync
prog_end 5 $((mib << 20)) $((mib << 20))
done_testing
