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
is "INET6_SMC -1 NI 0 yes
INET_SMC -1 NI 0 yes
SMC -1 NI 0 yes
SMC6 -1 NI 0 yes" \
	"$(on a "awk '\$8 == \"smc_r\" {print \$1, \$4, \$5, \$6, \$7}' /proc/net/protocols" | sort)" \
	"they are among the protocols"
ok "... and among the slabs" on a "cd /sys/kernel/slab && ls -d INET6_SMC INET_SMC SMC SMC6"

is "net-pf-10-proto-256-type-1 net-pf-2-proto-256-type-1 net-pf-43 tcp-ulp-smc" \
	"$(on a "modinfo -F alias /rig/smc_r.ko | grep -v family" | sort | xargs)" "they load the module"

# The library, with each of its options.
is "domain=43 protocol=0 sndbuf=131072 rcvbuf=131072
domain=2 protocol=256 sndbuf=32768 rcvbuf=65536
domain=10 protocol=256 sndbuf=131072 rcvbuf=131072" \
	"$(on a "smc_run -m preload -f smc socktest 2,1,0; smc_run -f auto -t 16k -r 32k socktest 2,1,0
		smc_run -f inet socktest 10,1,6" | sed 's/.* domain/domain/; s/nonblock=. cloexec=. //')" \
	"smc_run: family and sizes that are asked for"
limits=$(on a "cd /proc/sys/net/core; cat rmem_max wmem_max" | xargs)
like "sndbuf=16777216 rcvbuf=33554432$" "$(on a "smc_run -t 8m -r 16m socktest 2,1,0")" "sizes above the limits"
is "16777216 8388608" "$(on a "cd /proc/sys/net/core; cat rmem_max wmem_max" | xargs)" "which it raises"
on a "cd /proc/sys/net/core; echo ${limits% *} >rmem_max; echo ${limits#* } >wmem_max"
like "^libsmc-preload: socket [0-9]+: AF_INET converted to AF_SMC" "$(on a "smc_run -d socktest 2,1,0 2>&1")" "and tells of it"

# domains SMC_RUN-OPTIONS... COMMAND...: of the sockets that socktest gets. A
# debug kernel may have no io_uring, which is error 38.
domains() {
	on a "smc_run $*" | sed 's/.*domain=\([0-9]*\) .*/\1/' | xargs
}

like "^43 (2|ring=2,1,0: errno=38)$" "$(domains -m preload socktest 2,1,0 ring=2,1,0)" "what io_uring makes is not converted"

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
# stock has no SMC over IPv6
kind6="10 256" used=5
[ "$(role_of b)" = ours ] || kind6="10 6" used=3
is "$kind6" "$(kind -m inet -6 $B6 7002)" "or of AF_INET6"
is "2 256" "$(kind -m inet -r $B 7001)" "an accepted one is of what its listener is"
is "$kind6" "$(kind -m inet -6 -r $B6 7002)" "also over IPv6"
is "43 0" "$(kind -m smc $B 7001)" "AF_SMC stays AF_SMC"
num "$(smc_stat a connections) -ge $used" "all of them used SMC"
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

# --- static programs ---

# A debug kernel may lack what some ways need.
has_seccomp() {
	on a "grep -q '^Seccomp:' /proc/self/status"
}

# used_smc N: so many connections of a used SMC since the last time.
seen=0
used_smc() {
	local count

	count=$(smc_stat a client_v2)
	num "$((count - seen)) -ge $1" "connections that used SMC: $1 and more"
	seen=$count
}

supervised() {
	seen=$(smc_stat a client_v2)
	start b musl "smc_run -d plain server $B 7101"
	start b raw "smc_run -d plain-raw server $B 7102"
	start b musl6 "smc_run -d plain server $B6 7103"
	for port in 7101 7102 7103; do
		wait_port b $port
	done
	like "^smc_run: process [0-9]+, socket [0-9]+: AF_INET converted to AF_SMC" \
		"$(log_of b musl)" "a static server is supervised"
	is "      8 domain=43 protocol=0 nonblock=0 cloexec=0 sndbuf=131072" \
		"$(on a "smc_run plain client $B 7101 4 300000" | uniq -c)" \
		"musl: connections of threads and of a child"
	used_smc 8
	is "      4 domain=2 protocol=256 nonblock=0 cloexec=0 sndbuf=32768" \
		"$(on a "smc_run -f inet -t 16k plain-raw client $B 7102 2 300000" | uniq -c)" \
		"system calls without libc, IPPROTO_SMC"
	used_smc 4
	if [ "$(role_of b)" = ours ]; then
		is "      4 domain=43 protocol=1 nonblock=0 cloexec=0 sndbuf=131072" \
			"$(on a "smc_run plain client $B6 7103 2 300000" | uniq -c)" "IPv6"
		used_smc 4
	fi
	is "domain=43 protocol=0 nonblock=1 cloexec=1 sndbuf=131072" \
		"$(on a "smc_run plain socket $B")" "flags of a socket are kept"
	is "domain=43 protocol=0 nonblock=1 cloexec=1 sndbuf=131072" \
		"$(on a "setpriv --reuid 65534 --regid 65534 --clear-groups smc_run plain socket $B")" \
		"without privilege"
	is "2 43" "$(on a "setpriv --reuid 65534 --regid 65534 --clear-groups smc_run -m seccomp socktest nodump 2,1,0
		smc_run -m seccomp socktest nodump 2,1,0" | sed 's/.*domain=\([0-9]*\) .*/\1/' | xargs)" \
		"a process that may not be looked into has TCP, unless the supervisor has CAP_SYS_PTRACE"
	like "^43 (2|ring=2,1,0: errno=38)$" "$(domains -m seccomp socktest 2,1,0 ring=2,1,0)" "what io_uring makes is not converted"
	like "^failed=0 left=0
domain=43 protocol=0 .* cloexec=1" "$(on a "smc_run plain storm $B 100")" \
		"signals and killed processes cost no call and no descriptor"
	# Its standard streams, its listener, /proc, its namespace.
	is 6 "$(on a "smc_run -m seccomp sh -c 'plain storm $B 50 >/dev/null
		ls /proc/\$(pidof smc_run)/fd | wc -l'")" "nor the supervisor one"
	is "" "$(on a "left() { for p in \$(pidof smc_run); do grep -l '^State:.[^Z]' /proc/\$p/status; done; }
		smc_run plain socket $B >/dev/null; i=0
		while [ \"\$(left)\" ] && [ \$i -lt 50 ]; do usleep 100000; i=\$((i + 1)); done; left")" \
		"a supervisor goes with its program"
	# busybox is static, too; its shell starts it again for each command.
	on b "mkdir -p /tmp/www && seq 100000 >/tmp/www/file"
	start b httpd "smc_run busybox httpd -f -p $B:7104 -h /tmp/www"
	wait_port b 7104
	is "$(seq 100000 | md5sum)" \
		"$(on a "smc_run -m seccomp sh -c 'busybox wget -q -O - http://$B:7104/file | md5sum'")" \
		"children of a shell: wget gets its file from httpd"
	used_smc 1
	like "^domain=2 protocol=6 " "$(on a "smc_run setpriv --clear-groups plain socket $B")" \
		"a static child of a dynamic program is not reached without -m seccomp"

	# In another network namespace, port 7105 is open there and not here.
	is "inside 1
outside 0" "$(on a "smc_run -m seccomp unshare -n sh -c '
		ip link set lo up
		plain server 127.0.0.1 7105 &
		until ss -Htln \"sport = :7105\" | grep -q .; do usleep 100000; done
		echo inside \$(ss -Htln \"sport = :7105\" | wc -l)
		touch /run/listens; until [ -e /run/seen ]; do usleep 100000; done; kill \$!' &
		until [ -e /run/listens ]; do usleep 100000; done
		outside=\$(ss -Htln 'sport = :7105' | wc -l); touch /run/seen; wait; echo outside \$outside")" \
		"a socket is made in the namespace of the caller"

	# The owner that a firewall would see.
	is "uid:65534" "$(on a "smc_run -m seccomp sh -c '
		setpriv --reuid 65534 --regid 65534 --clear-groups plain server $A 7106 &
		until ss -Htln \"sport = :7106\" | grep -q .; do usleep 100000; done
		ss -Htlne \"sport = :7106\" | grep -o uid:[0-9]*; kill \$!'")" \
		"and for the user of the caller"
	for name in musl raw musl6 httpd; do
		ok "server $name ends" stop b $name
	done
}

if has_seccomp; then
	supervised
else
	skip "static programs" "this kernel has no seccomp"
fi

# --- redis ---

# try_redis NAME SERVER CLIENT: redis-server and redis-benchmark, started so.
try_redis() {
	local before

	start b redis "$2 redis-server --protected-mode no --save '' --appendonly no"
	wait_port b 6379
	before=$(smc_stat a client_v2)
	ok "redis, $1" on a "$3 redis-benchmark -h $B -t set,get -n 500 -c 4 -d 1024 -q"
	num "$(smc_stat a client_v2) -ge $((before + 8))" "its connections used SMC"
	ok "redis ends" stop b redis
}

try_redis "IPPROTO_SMC" "smc_run -f inet" "smc_run -f inet"
if has_seccomp; then
	try_redis "supervised" "smc_run -m seccomp" "smc_run -m seccomp"
fi

for name in smc smc6 tcp; do
	ok "server $name ends" stop b $name
done

# --- a program in the kernel ---

# protocol COMMAND...: of the socket that a program of a gets.
protocol() {
	on a "$*" | sed 's/.* protocol=\([0-9]*\) .*/\1/'
}

attached() {
	local in_cgroup="echo \$\$ >/sys/fs/cgroup/smc" guest

	on a "mount -t cgroup2 none /sys/fs/cgroup && mkdir -p /sys/fs/cgroup/smc/below"
	is "not attached 1" "$(on a "smc_run --status; echo \$?" | xargs)" "nothing is attached"
	is 6 "$(protocol plain socket $A)" "a TCP socket is one of TCP"
	for guest in a b; do
		ok "attached on $guest" on $guest "smc_run --attach"
	done
	is 256 "$(protocol plain socket $A)" "then it is one of IPPROTO_SMC"
	is "2,2,0: errno=4000 domain=2 protocol=17 2,1,6: errno=4000 domain=2 protocol=256 10,1,0: errno=4000 domain=10 protocol=256" \
		"$(on a "socktest 2,2,0 2,1,6 10,1,0" | sed 's/ nonblock.*//' | xargs)" \
		"only those of TCP, both families"
	is "256 6" "$(protocol socktest 2,1,0 ring=2,1,0 | xargs)" "not those that io_uring makes"
	try_redis "without a wrapper" "" ""
	is "attached
others: allow
converted: yes
refused: 0
unavailable: 0" "$(on b "smc_run --status" | sed 's/^\(converted: \)[1-9][0-9]*$/\1yes/')" \
		"status of the server"

	on a "smc_run --attach deny:comm=plain allow:uid=0"
	is "6 256 6" "$(protocol plain socket $A) $(protocol plain-raw socket $A) $(protocol \
		setpriv --reuid 65534 --regid 65534 --clear-groups plain-raw socket $A)" \
		"rules by command and user, the first one decides"
	on a "echo backup:x:65534:65534::/:/bin/sh >>/etc/passwd; smc_run --attach deny:uid=backup"
	is "256 6" "$(protocol plain socket $A) $(protocol \
		setpriv --reuid 65534 --regid 65534 --clear-groups plain socket $A)" "a user by name"
	on a "smc_run --attach deny:comm=renamed"
	is "256 256 6" "$(protocol socktest 2,1,0) $(protocol socktest thread=renamed 2,1,0) $(protocol \
		socktest comm=renamed 2,1,0)" "the name is that of the process now, not of a thread"
	on a "smc_run --attach deny:comm=plain-raw,uid=65534"
	is "256 256 6" "$(protocol plain socket $A) $(protocol plain-raw socket $A) $(protocol \
		setpriv --reuid 65534 --regid 65534 --clear-groups plain-raw socket $A)" \
		"all conditions of a rule, and the rest"
	is 256 "$(protocol setpriv --euid 65534 plain-raw socket $A)" "the user is the real one"
	on a "smc_run --attach deny:cgroup=/smc/below allow:cgroup=/smc"
	is "6 256 6" "$(protocol plain socket $A) $(protocol \
		"$in_cgroup/cgroup.procs; plain socket $A") $(protocol \
		"$in_cgroup/below/cgroup.procs; plain socket $A")" "rules by control group"
	is "attached
rule 1: deny cgroup=/smc/below
rule 2: allow cgroup=/smc
others: deny
converted: 1
refused: 2
unavailable: 0" "$(on a "smc_run --status")" "status with rules"
	on a "rmdir /sys/fs/cgroup/smc/below && mkdir /sys/fs/cgroup/smc/below"
	like "below \(gone\)$" "$(on a "smc_run --status")" "a group that went is told"

	fails "no control group" on a "smc_run --attach allow:cgroup=/none"
	fails "no privilege" on a \
		"setpriv --reuid 65534 --regid 65534 --clear-groups smc_run --attach"
	like "^rule 2: allow cgroup=/smc$" "$(on a "smc_run --status")" "these changed nothing"

	on a "smc_run --attach"
	ok "the module goes" unload a
	is 6 "$(protocol plain socket $A)" "without it, sockets are of TCP"
	like "^unavailable: 1$" "$(on a "smc_run --status")" "which is counted"
	on a "insmod /rig/smcr_syn.ko port=7999"
	is 6 "$(protocol plain socket $A)" "also with a module that has the TCP option only, as smc before 6.11"
	on a "rmmod smcr_syn"
	ok "it comes back" load a
	is 256 "$(protocol plain socket $A)" "and they are of IPPROTO_SMC again"
	for guest in a b; do
		ok "detached on $guest" on $guest "smc_run --detach"
	done
	is "6 0" "$(protocol plain socket $A) $(on a "ls /sys/fs/bpf | wc -l")" "nothing is left of it"
}

if [ "$RIG_KERNEL" = 6.12 ]; then
	attached
else
	like "no hook for that.*smc_run COMMAND" \
		"$(on a "! smc_run --attach 2>&1" | xargs)" "attaching says what to do instead"
	is 6 "$(protocol plain socket $A)" "and does nothing"
fi

for guest in $(guests ours); do
	ok "the module of $guest goes" unload $guest
done
is "2,1,256: errno=93" "$(on a "socktest 2,1,256")" "and IPPROTO_SMC with it"
done_testing
