#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# nginx with sendfile, and wrk, under smc_run: keep-alive and not.
#
#	a wrk, curl ---- SMC-R over rxe0 ---- nginx b
#
# programs: nginx wrk curl
# timeout: 400
. "$RIG_LIB"
. "$(dirname "$RIG_LIB")/programs.sh"

mib=$(by_size 20 100)
seconds=$(by_size 5 15)
url=http://$B:8080
conf='worker_processes 2; error_log stderr; pid /tmp/nginx.pid; daemon off;
user root; events { worker_connections 256; }
http { sendfile on; tcp_nopush on; keepalive_requests 100000; access_log off;
	client_body_temp_path /tmp/body; proxy_temp_path /tmp/proxy;
	fastcgi_temp_path /tmp/fastcgi; uwsgi_temp_path /tmp/uwsgi;
	scgi_temp_path /tmp/scgi; server { listen 8080; root /tmp/www; } }'

# load NAME URL OPTIONS...: sets $requests.
load() {
	local out

	out=$(ON_TIMEOUT=60 on a \
		"smc_run wrk -t 2 -c 16 -d $seconds --timeout 10s ${*:3} $2" 2>&1) ||
		out="status $? $out"
	requests=$(sed -n 's/^ *\([0-9]*\) requests in .*/\1/p' <<<"$out")
	num "$requests -ge 32" "wrk, $1"
	is "" "$(grep -E 'Socket errors|Non-2xx|status' <<<"$out")" "no errors"
	note "$1: $(grep Requests/sec <<<"$out")"
}

prog_begin
random_file b /tmp/www/1k 0
on b "cd /tmp/www && head -c 1024 /dev/urandom >1k && head -c 100k /dev/urandom >100k"
random_file b /tmp/www/big $mib
on b "cat >/tmp/nginx.conf <<'END'
$conf
END"
start b nginx "smc_run nginx -c /tmp/nginx.conf -p /tmp"
wait_port b 8080

load "1 KiB, keep-alive" $url/1k
load "100 KiB, keep-alive" $url/100k
before=$(smc_stat a client_v2)
load "1 KiB, a connection for each" $url/1k -H "'Connection: close'"
num "$(($(smc_stat a client_v2) - before)) -ge $requests" "each had its own"
load "100 KiB, a connection for each" $url/100k -H "'Connection: close'"
for name in 1k 100k big; do
	is "$(on b "sha256sum </tmp/www/$name")" \
		"$(on a "smc_run curl -sS $url/$name | sha256sum")" "curl gets all of $name"
done
is "$(on b "tail -c +1000001 /tmp/www/big | head -c 5000000 | sha256sum")" \
	"$(on a "smc_run curl -sS -r 1000000-5999999 $url/big | sha256sum")" "a part of it"
is 28 "$(on a "smc_run curl -sS --limit-rate 100k --max-time 1 -o /dev/null $url/big 2>/dev/null
	echo \$?")" "a client that breaks off"
is 200 "$(on a "smc_run curl -sS -o /dev/null -w '%{http_code}' $url/1k")" "the server goes on"
ok "nginx ends" stop b nginx
is "" "$(log_of b nginx | grep -E 'emerg|alert|crit')" "nginx had no complaints"
# wrk stops when its time is over, whatever its connections do.
prog_end 64 20000 $((mib << 20)) 32
done_testing
