#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# nginx and its clients by each way to an SMC socket but the library, for which
# prog_nginx is: workers are children that change their user.
#
#	a wrk, curl ---- SMC-R over rxe0 ---- nginx b
#
# programs: nginx wrk curl
# timeout: 400
. "$RIG_LIB"

url=http://$B:8080
conf='worker_processes 2; error_log stderr; pid /tmp/nginx.pid; daemon off;
user nginx; events { worker_connections 256; }
http { sendfile on; access_log off;
	client_body_temp_path /tmp/body; proxy_temp_path /tmp/proxy;
	fastcgi_temp_path /tmp/fastcgi; uwsgi_temp_path /tmp/uwsgi;
	scgi_temp_path /tmp/scgi;
	server { listen 8080; root /tmp/www; location /again/ { proxy_pass http://10.0.0.2:8080/; } } }'

# nginx_by NAME WRAPPER: serve, and fetch for itself, as a worker's client.
nginx_by() {
	local before out requests

	start b nginx "$2 nginx -c /tmp/nginx.conf -p /tmp"
	wait_port b 8080
	before=$(smc_stat a client_v2)
	out=$(ON_TIMEOUT=60 on a "$2 wrk -t 2 -c 16 -d 5 --timeout 10s $url/1k" 2>&1)
	requests=$(sed -n 's/^ *\([0-9]*\) requests in .*/\1/p' <<<"$out")
	num "$requests -ge 32" "$1: wrk"
	is "" "$(grep -E 'Socket errors|Non-2xx' <<<"$out")" "$1: no errors"
	is "$big" "$(on a "$2 curl -sS $url/big | sha256sum")" "$1: curl gets all of a file"
	num "$(($(smc_stat a client_v2) - before)) -ge 17" "$1: their connections used SMC"
	before=$(smc_stat b fallback_client)
	is "$big" "$(on a "$2 curl -sS $url/again/big | sha256sum")" "$1: by way of a worker's own connection"
	# To the own host there is no RDMA: its SMC socket falls back.
	num "$(smc_stat b fallback_client) -gt $before" "$1: whose socket was one of SMC"
	ok "$1: nginx ends" stop b nginx
	is "" "$(log_of b nginx | grep -E 'emerg|alert|crit')" "$1: it had no complaints"
}

on b "mkdir -p /tmp/www && cd /tmp/www && head -c 1024 /dev/urandom >1k && head -c 20m /dev/urandom >big
	chmod -R a+rX /tmp/www; chmod 1777 /tmp
	echo nginx:x:65534:65534::/:/bin/sh >>/etc/passwd; echo nginx:x:65534: >>/etc/group
	cat >/tmp/nginx.conf <<'END'
$conf
END"
big=$(on b "sha256sum </tmp/www/big")
nginx_by "IPPROTO_SMC" "smc_run -f inet"
nginx_by "supervisor" "smc_run -m seccomp"
# attached NAME WRAPPER RULE...: the same, by what is attached to the kernels.
attached() {
	for guest in a b; do
		on $guest "smc_run --attach ${*:3}"
	done
	nginx_by "$1" "$2"
	for guest in a b; do
		on $guest "smc_run --detach"
	done
}

if [ "$RIG_KERNEL" = 6.12 ]; then
	attached "the whole host" ""
	attached "by name" "" allow:comm=nginx allow:comm=wrk allow:comm=curl
	for guest in a b; do
		on $guest "mount -t cgroup2 none /sys/fs/cgroup; mkdir /sys/fs/cgroup/smc
			printf '#!/bin/sh\necho \$\$ >/sys/fs/cgroup/smc/cgroup.procs\nexec \"\$@\"\n' >/usr/bin/in_smc
			chmod +x /usr/bin/in_smc"
	done
	attached "by control group" in_smc allow:cgroup=/smc
fi
for guest in a b; do
	ok "the module of $guest goes" unload $guest
done
done_testing
