#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# setsockopt(TCP_ULP, "smc") converts a socket, or says that it cannot.
#
#	a clients ---- SMC-R over rxe0 ---- servers b
#
# programs: nginx curl
# timeout: 240
. "$RIG_LIB"

by_ulp="LD_PRELOAD=/usr/local/lib/ulp.so ULP_LOG=/tmp/ulp.log"

like "(^| )tcp-ulp-smc( |$)" "$(on a "modinfo -F alias /rig/smc_r.ko" | xargs)" "it loads the module"
like "(^| )smc( |$)" "$(on a "cat /proc/sys/net/ipv4/tcp_available_ulp")" "it is among the ULPs"

# --- one socket ---

is "fresh: 0 domain=10 protocol=256 ulp=smc
again: EEXIST
tls: EOPNOTSUPP
fresh works
bound: 0 256 works" "$(on a "ulp -6")" "a socket of AF_INET6 is converted"

cases=$(on a ulp)
# A kernel may lack the call by a ring, or rings.
case $cases in
*"io_uring: none"*)
	skip "io_uring" "this kernel has none" ;;
*)
	is "registered: EBUSY 6" "$(grep ^registered <<<"$cases")" "a ring holds the socket"
	like "^by the ring alone: E(BUSY|OPNOTSUPP|INVAL)\$" "$(grep '^by the ring alone' <<<"$cases")" \
		"a ring has it alone"
	like "^by the ring: E(BUSY|OPNOTSUPP|INVAL) 6\$" "$(grep '^by the ring:' <<<"$cases")" \
		"a ring makes the call"
	is "after the ring: 0 256" "$(grep '^after the ring' <<<"$cases")" "then it is converted" ;;
esac
is "fresh: 0 domain=2 protocol=256 ulp=smc
again: EEXIST
tls: EOPNOTSUPP
fresh works
bound: 0 256 works
its error: ECONNRESET
dissolved: 0 6 works
dissolved again: works
listening: EISCONN 6 works
connected: EISCONN 6 works
connecting: EISCONN 6
udp: ENOPROTOOPT
unix: EOPNOTSUPP
AF_SMC: EEXIST EOPNOTSUPP
fast open: EOPNOTSUPP 6 works
zero copy: EOPNOTSUPP 6 works
locked filter: EOPNOTSUPP 6 works
repair: EOPNOTSUPP 6 works
signatures: EOPNOTSUPP 6 works
dup: EBUSY 6, then 0 256 works
child: EBUSY 6, then 0 256 works
in flight: EBUSY 6, then 0 256 works
thread: EBUSY 6, then 0 256 works
epoll: EBUSY 6, then 0 256 works
SIGIO: EBUSY 6, then 0 256 works
path: 0 256, owner changed" "$(grep -v ring <<<"$cases" | grep -v '^registered')" \
	"each case has its answer, and leaves a socket that works"
out=$(on a "ulp options")
like "^buffers 100000 100000 reuse 1 1 keepalive 1 inline 1 linger 7 timeout 3 lowat 5 " "$out" \
	"options are set"
is 1 "$(sort -u <<<"$out" | wc -l)" "and the same after the conversion"

# --- programs ---

start b redis "$by_ulp redis-server --protected-mode no --save '' --appendonly no"
wait_port b 6379
before=$(smc_stat a client_v2)
packets=$(rdma_packets a)
ok "redis" on a "$by_ulp redis-benchmark -h $B -t set,get -n 500 -c 4 -d 1024 -q"
num "$(smc_stat a client_v2) -ge $((before + 8))" "its connections used SMC"
num "$(rdma_packets a) -ge $((packets + 1000))" "data went over RDMA"
is 0 "$(on a "sort -u /tmp/ulp.log")" "each socket of the client was converted"
is 0 "$(on b "sort -u /tmp/ulp.log")" "and of the server"
ok "redis ends" stop b redis

start b redis6 "$by_ulp redis-server --bind $B6 --protected-mode no --save '' --appendonly no"
before=$(smc_stat a client_v2)
wait_for 10 on a "$by_ulp redis-cli -h $B6 ping"
is "$(seq 20000 | md5sum)" "$(on a "seq 20000 | $by_ulp redis-cli -h $B6 -x set key >/dev/null
	$by_ulp redis-cli -h $B6 --raw get key | head -c -1 | md5sum")" "redis over IPv6"
num "$(smc_stat a client_v2) -ge $((before + 3))" "its connections used SMC"
ok "redis ends" stop b redis6

on b "mkdir -p /tmp/www && head -c 4m /dev/urandom >/tmp/www/big && chmod -R a+rX /tmp/www; chmod 1777 /tmp
	echo nginx:x:65534:65534::/:/bin/sh >>/etc/passwd; echo nginx:x:65534: >>/etc/group
	cat >/tmp/nginx.conf <<'END'
worker_processes 2; error_log stderr; pid /tmp/nginx.pid; daemon off; user nginx;
events { worker_connections 64; }
http { sendfile on; access_log off;
	client_body_temp_path /tmp/body; proxy_temp_path /tmp/proxy;
	fastcgi_temp_path /tmp/fastcgi; uwsgi_temp_path /tmp/uwsgi; scgi_temp_path /tmp/scgi;
	server { listen 8080; root /tmp/www; } }
END"
start b nginx "$by_ulp nginx -c /tmp/nginx.conf -p /tmp"
wait_port b 8080
before=$(smc_stat a client_v2)
# curl resolves names, and has nothing to resolve here, in a thread.
is "$(on b "sha256sum </tmp/www/big")" "$(on a "smc_run -f inet curl -sS http://$B:8080/big | sha256sum")" "nginx"
num "$(smc_stat a client_v2) -gt $before" "its connection used SMC"
ok "nginx ends" stop b nginx
is "" "$(log_of b nginx | grep -E 'emerg|alert|crit')" "it had no complaints"
is 0 "$(on b "sort -u /tmp/ulp.log")" "its sockets were converted"

# --- who reaches for the socket meanwhile ---

# storm SECONDS HAMMER...: $out has the counts, each as a word.
storm() {
	out=$(ON_TIMEOUT=60 on a "ulpstorm $*" 2>&1 | tail -n 3)
	note "$*: $out"
	like "^converted=[0-9]+ busy=[0-9]+ connected=[0-9]+ other=0 wrong=0 reached=[1-9]" "$out" \
		"hammers: ${*:2}"
}

count_of() {
	sed "s/.*\b$1=\([0-9]*\).*/\1/" <<<"$out"
}

secs=$(by_size 2 15)
storm "$secs" thread
is 0 "$(count_of converted)" "never while a thread is there"
storm "$secs" steal steal
num "$(count_of converted) -ge $((20 / SLOW))" "converted while others take the descriptor"
num "$(count_of busy) -ge 1" "not when they have it"
storm "$secs" proc kcmp
num "$(count_of converted) -ge $((20 / SLOW))" "converted while others look at the descriptor"
storm "$secs" diag diag
num "$(count_of converted) -ge $((20 / SLOW))" "converted while others list sockets"
storm "$secs" steal steal proc diag kcmp
num "$(count_of converted) -ge $((20 / SLOW))" "converted while they all do"

start a hold "ulp hold"
wait_for 5 on a "[ \$(cat /sys/module/smc_r/refcnt) -ge 3 ]"
like "in use" "$(on a "[ ! -e /sys/module/smc_r_diag ] || rmmod smc_r_diag; rmmod smc_r 2>&1" || true)" \
	"the module stays as long as there is a converted socket"
ok "it is closed" stop a hold
for guest in a b; do
	ok "the module of $guest goes" unload $guest
done

# --- without the module ---

on a "d=/lib/modules/\$(uname -r)/updates; mkdir -p \$d; cp /rig/smc_r.ko \$d; depmod -a
	command -v modprobe >/proc/sys/kernel/modprobe"
like "^fresh: ENOENT domain=10 protocol=6 " "$(on a "setpriv --reuid 1000 --regid 1000 --clear-groups ulp -6")" \
	"for a user there is no such ULP"
fails "nor is it loaded for him" on a "grep '^smc_r ' /proc/modules"
like "^fresh: 0 domain=10 protocol=256 " "$(on a "ulp -6")" "for root it is loaded"
is "smc_r" "$(on a "sed -n 's/^\(smc\|smc_r\) .*/\1/p' /proc/modules")" "this one"
done_testing
