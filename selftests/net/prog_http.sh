#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# Python's http.server and curl under smc_run.
#
#	a curl ---- SMC-R over rxe0 ---- python3 -m http.server b
#
# programs: python curl
# memory: 1536
# timeout: 200
. "$RIG_LIB"
. "$(dirname "$RIG_LIB")/programs.sh"

mib=$(by_size 20 100)
files=$(by_size 40 200)
url=http://$B:8000
curl="smc_run curl -sS --fail"

prog_begin
random_file b /tmp/www/big $mib
on b "cd /tmp/www && mkdir some && cd some &&
	for i in \$(seq $files); do head -c \$((i * 997)) /dev/urandom >\$i; done"
start b http "cd /tmp/www && smc_run python3.11 -u -m http.server --bind $B 8000"
# The interpreter reads and compiles its library first.
wait_for 30 wait_port b 8000

ON_TIMEOUT=60 ok "a large file" on a "$curl -o /tmp/got/big --create-dirs $url/big"
is "$(sum_of b /tmp/www/big)" "$(sum_of a /tmp/got/big)" "it is the same"
ON_TIMEOUT=60 ok "many files, one connection for each" on a \
	"$curl '$url/some/[1-$files]' -o '/tmp/got/some/#1' --create-dirs"
is "$(sum_of b /tmp/www/some)" "$(sum_of a /tmp/got/some)" "they are the same"
ON_TIMEOUT=60 ok "8 at a time" on a \
	"$curl -Z --parallel-max 8 '$url/some/[1-$files]' -o '/tmp/got/fast/#1' --create-dirs"
is "$(sum_of b /tmp/www/some)" "$(sum_of a /tmp/got/fast)" "they are the same"
like "Content-Length: $((mib << 20))" "$(on a "$curl -I $url/big")" "a HEAD request"
like '<a href="some/">' "$(on a "$curl $url/")" "a list of the directory"
is 22 "$(on a "$curl $url/nothing 2>/dev/null; echo \$?")" "nothing there: status 404"
is 28 "$(on a "$curl --limit-rate 100k --max-time 1 -o /dev/null $url/big 2>/dev/null
	echo \$?")" "a client that breaks off"
is "$(sum_of b /tmp/www/some/7)" "$(on a "$curl $url/some/7 | sha256sum")" \
	"the server goes on"
ok "the server ends" stop b http
is $((files * 2 + 1)) "$(log_of b http | grep -c '"GET /some/[0-9]* HTTP/1.1" 200')" \
	"the server has seen all requests"
prog_end $((files * 2)) $((files * 100)) $((mib << 20))
done_testing
