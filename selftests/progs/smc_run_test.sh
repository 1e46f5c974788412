#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# Test of smc_run and libsmc-preload.so.  Needs no SMC module: sockspy.so
# answers in place of the kernel.  Prints TAP.

here=$(cd "$(dirname "$0")" && pwd)
tools=${TOOLS:-$here/../../tools}
tools=$(cd "$tools" && pwd) || exit 1
run=$tools/smc_run
lib=$tools/libsmc-preload.so
spy=$here/sockspy.so
test=$here/socktest

. "$here/tap.sh"

for f in "$run" "$lib" "$spy" "$test"; do
	[ -e "$f" ] || { echo "Bail out! $f is not built"; exit 1; }
done
unset LD_PRELOAD SMC_DEBUG SMC_SNDBUF SMC_RCVBUF SMC_SOCK_FAMILY
out=$tap_work/out
err=$tap_work/err
log=$tap_work/log

# Is SMC asked for again, after 10 seconds? Looked at in the end.
SOCKSPY_SMC=97 SOCKSPY_LOG=$tap_work/again LD_PRELOAD=$lib:$spy "$test" 2,1,0 sleep=12 2,1,0 >/dev/null &
again=$!

# try COMMAND...: sets $rc, leaves $out and $err
try()
{
	"$@" >"$out" 2>"$err"
	rc=$?
}

# The program under smc_run sees SMC sockets whatever this host has.
try_run()
{
	LD_PRELOAD=$spy try "$run" "$@"
}

env_of()
{
	LD_PRELOAD=$spy "$run" "$@" sh -c 'env' 2>/dev/null
}

# --- smc_run: options ---

try "$run" -h
tap_is "-h: exit status" $rc 0
tap_is "-h: nothing on stderr" "$(cat "$err")" ""

help=$(cat "$out")
try "$run" --help
tap_is "--help: the same" "$rc $(cat "$out")" "0 $help"

for option in -v --version; do
	try "$run" $option
	tap_is "$option: exit status" $rc 0
	tap_match "$option: version" "$(cat "$out")" '^smc_run .* [0-9]+\.[0-9]+'
done

try "$run" --nothing true
tap_is "invalid name: exit status" $rc 1
tap_match "invalid name: message on stdout" "$(cat "$out")" 'invalid option: --nothing'

try "$run" -x true
tap_is "invalid option: exit status" $rc 1
tap_match "invalid option: message on stdout" "$(cat "$out")" 'invalid option: -x'
tap_is "invalid option: nothing on stderr" "$(cat "$err")" ""

try "$run"
tap_is "no command: exit status" $rc 1
tap_match "no command: message on stdout" "$(cat "$out")" 'missing command'

try "$run" -d
tap_is "option, no command: exit status" $rc 1

for option in -r -t -f -m; do
	try "$run" $option
	tap_is "$option without argument: exit status" $rc 1
	tap_match "$option without argument: message" "$(cat "$out")" "missing argument of option $option"
done

for size in '' k 1g -1 3kk 1.5m 2048m 2147483648 99999999999999999999 ' 1'; do
	for option in -r -t; do
		try "$run" $option "$size" touch "$tap_work/ran"
		tap_is "$option '$size': exit status" $rc 1
		tap_match "$option '$size': message" "$(cat "$out")" 'invalid size'
	done
done
tap_ok "invalid size: command not run" [ ! -e "$tap_work/ran" ]

for size in 64 1k 1K 16k 100000; do
	tap_match "-r $size: exported" "$(env_of -r $size)" "^SMC_RCVBUF=$size\$"
	tap_match "-t $size: exported" "$(env_of -t $size)" "^SMC_SNDBUF=$size\$"
done
tap_is "no sizes: none exported" "$(env_of | grep -E '^SMC_(SND|RCV)BUF')" ""

tap_match "-d: SMC_DEBUG=1" "$(env_of -d)" '^SMC_DEBUG=1$'
tap_match "no -d: SMC_DEBUG=0" "$(env_of)" '^SMC_DEBUG=0$'
tap_match "no -d: SMC_DEBUG of the caller does not count" "$(SMC_DEBUG=1 env_of)" '^SMC_DEBUG=0$'

tap_match "-f inet: exported" "$(env_of -f inet)" '^SMC_SOCK_FAMILY=inet$'
tap_match "SMC_SOCK_FAMILY: kept" "$(SMC_SOCK_FAMILY=auto env_of)" '^SMC_SOCK_FAMILY=auto$'
try "$run" -f tcp true
tap_is "-f tcp: exit status" $rc 1
tap_match "-f tcp: message" "$(cat "$out")" 'invalid family: tcp'
try "$run" -m none true
tap_is "-m none: exit status" $rc 1
tap_match "-m none: message" "$(cat "$out")" 'invalid method: none'

tap_match "LD_PRELOAD: appended" "$(env_of)" "^LD_PRELOAD=$spy:$lib\$"
tap_match "LD_PRELOAD: colon also when it was empty" \
	"$("$run" env 2>/dev/null)" "^LD_PRELOAD=:$lib\$"

# --- smc_run: the command ---

try_run sh -c 'exit 7'
tap_is "command: exit status" $rc 7
try_run printf '%s|' 'a b' '' '*'
tap_is "command: arguments" "$(cat "$out")" 'a b||*|'
try_run echo -d -x
tap_is "command: its options are its own" "$(cat "$out")" '-d -x'
try_run -- echo x
tap_is "--: ends the options" "$(cat "$out")" 'x'
try_run /nonexistent/command
tap_is "command not found: exit status" $rc 127
tap_match "command not found: message" "$(cat "$err")" '/nonexistent/command: No such file'
try_run /
tap_is "command not executable: exit status" $rc 126
LD_PRELOAD=$spy "$run" sh -c 'echo $$' >"$out" 2>/dev/null &
wait $!
tap_is "command: executed in place" "$(cat "$out")" "$!"

# --- smc_run: which way? ---

# way COMMAND...: what it is run by
way()
{
	"$run" -d "$@" >"$out" 2>"$err"
	rc=$?
	if grep -q '^smc_run: process' "$err"; then
		echo seccomp
	elif grep -q '^libsmc-preload' "$err"; then
		echo preload
	else
		echo none
	fi
}

plain=$here/plain
tap_is "dynamic program: library" "$(way "$test" 2,1,0)" preload
tap_is "static program: supervisor" "$(way "$plain" socket 127.0.0.1)" seccomp
tap_is "static-pie program: supervisor" "$(way "$plain-raw" socket 127.0.0.1)" seccomp
tap_is "found in PATH: supervisor" "$(PATH=$here:$PATH way plain socket 127.0.0.1)" seccomp
printf '#! %s socket\n' "$plain" >"$tap_work/script"
printf '#!%s\n' "$tap_work/script" >"$tap_work/script2"
printf '#!/bin/sh\n%s socket 127.0.0.1\n' "$plain" >"$tap_work/script3"
chmod +x "$tap_work"/script*
tap_is "script of a static program: supervisor" "$(way "$tap_work/script")" seccomp
tap_is "script of a script: supervisor" "$(way "$tap_work/script2")" seccomp
tap_is "script of a dynamic program: library" "$(way "$tap_work/script3")" none
tap_is "-m seccomp: supervisor, children included" "$(way -m seccomp "$tap_work/script3")" seccomp
tap_is "-m seccomp: dynamic programs, too" "$(way -m seccomp "$test" 2,1,0)" seccomp
tap_is "-m preload: library" "$(way -m preload "$plain" socket 127.0.0.1)" none
# What Go's linker leaves in a program that is linked with libc, too.
cat >"$tap_work/go.s" <<'END'
.section .note.go.buildid,"a",@note
.p2align 2
.long 4, 4, 4
.asciz "Go\0"
.long 0
END
sed 's/^\.long 4, 4, 4/.long 3, 4, 4/; s/"Go\\0"/"Go"/; s/^\.long 0/.byte 0\n.long 0/' \
	"$tap_work/go.s" >"$tap_work/go3.s"
for name in go go3; do
	cc -o "$tap_work/$name" "$here/socktest.c" "$here/ring.c" "$tap_work/$name.s" 2>"$err"
	tap_is "program of Go, linked dynamically: supervisor ($name)" \
		"$(way "$tap_work/$name" 2,1,0)" seccomp
done
cp "$plain" "$tap_work/suid"
chmod 4755 "$tap_work/suid"
chmod 755 "$tap_work"
if [ "$(id -u)" -ne 0 ]; then
	tap_skip "set-uid" "needs root"
else
	# not from here: others may not read it
	mkdir "$tap_work/bin"
	cp "$run" "$lib" "$plain" "$tap_work/bin"
	as_nobody="setpriv --reuid 65534 --regid 65534 --clear-groups"
	run="$as_nobody $tap_work/bin/smc_run"
	try $run "$tap_work/suid" socket 127.0.0.1
	tap_is "set-uid static program: runs" $rc 0
	tap_match "set-uid static program: keeps what it is for" "$(cat "$err")" 'runs over plain TCP'
	try $run -d "$tap_work/bin/plain" socket 127.0.0.1
	tap_match "unprivileged: supervisor" "$(cat "$err")" '^smc_run: process'
	try $run -d "$tap_work/bin/plain" storm 127.0.0.1 20
	tap_match "unprivileged: children and threads" "$(cat "$out")" '^failed=0 left=0'
	run=$tools/smc_run
fi

# --- smc_run: the supervisor is not seen ---

supervised="$run -m seccomp"
try $supervised sh -c 'exit 7'
tap_is "supervised: exit status" $rc 7
{ try $supervised sh -c 'kill -TERM $$'; } 2>/dev/null
tap_is "supervised: signal" $rc 143
$supervised sh -c 'echo $$' >"$out" 2>/dev/null &
wait $!
tap_is "supervised: executed in place" "$(cat "$out")" "$!"
try $supervised sh -c 'ps -o comm= --ppid $$ | grep -v "ps\|grep"'
tap_is "supervised: no child that it did not make" "$(cat "$out")" ""
try $supervised -r 64k -t 64k env
tap_is "supervised: environment" "$(grep -E '^(LD_PRELOAD|SMC_)' "$out")" ""
try $supervised cat /proc/self/status
tap_match "supervised: no signal pending" "$(grep -E '^(Sig|Shd)Pnd' "$out" | sort -u | paste -sd' ')" \
	'^ShdPnd:.0{16} SigPnd:.0{16}$'
try $supervised ls /proc/self/fd
tap_is "supervised: no descriptor left" "$(wc -l <"$out")" "$(ls /proc/self/fd | wc -l)"
try $supervised "$plain" storm 127.0.0.1 300
tap_match "supervised: no call fails, no descriptor stays" "$(cat "$out")" '^failed=0 left=0'
try $supervised $supervised -d true
tap_match "supervised twice: the first one decides" "$(cat "$err")" 'another supervisor'
try $supervised /nonexistent/command
tap_is "supervised, not found: exit status" $rc 127
# Under a name of its own, as others may run it, too. The program has that
# name until it is executed, so it has to have said something before.
mkfifo "$tap_work/fifo"
name=smc_run$$
cp "$run" "$tap_work/$name"
"$tap_work/$name" -m seccomp sh -c "'$plain' storm 127.0.0.1 20; cat '$tap_work/fifo'" >"$out" 2>&1 &
child=$!
super=
for _ in $(seq 100); do
	grep -q '^failed' "$out" && super=$(pgrep -x "$name") && break
	sleep 0.1
done
# standard streams, its listener, /proc, its namespace
tap_is "supervisor: keeps no descriptor of a call" "$(ls "/proc/$super/fd" | wc -l)" 6
kill -TERM "$super"
echo >"$tap_work/fifo"
wait "$child"
gone=
for _ in $(seq 100); do
	case $(ps -o stat= -p "${super:-1}") in ''|Z*) gone=yes; break ;; esac
	sleep 0.1
done
tap_is "supervisor: ignores TERM, ends with the program" "$gone" yes

# Another one, to be killed: TCP sockets fail then, others do not.
name=killed$$
cp "$run" "$tap_work/$name"
"$tap_work/$name" -m seccomp sh -c "'$test' 2,1,0; cat '$tap_work/fifo'; '$test' 2,1,0 2,1,6 2,2,0" >"$out" 2>&1 &
child=$!
super=
for _ in $(seq 100); do
	grep -q '^2,1,0' "$out" && super=$(pgrep -x "$name") && break
	sleep 0.1
done
tap_match "supervisor: there is one" "$(cat "$out")" '^2,1,0: errno=4000 '
kill -KILL "$super"
echo >"$tap_work/fifo"
wait "$child"
tap_is "supervisor killed: the program goes on" $? 0
tap_match "supervisor killed: ENOSYS for TCP, nothing else" "$(tail -n 3 "$out" | paste -sd ' ')" \
	'^2,1,0: errno=38 2,1,6: errno=38 2,2,0: errno=4000 '

# --- smc_run: rules ---

# Nothing is attached to this host: rules are read first.
for rule in permit allow:pid=1 allow:uid= allow:uid=12x allow:uid=-1 deny:cgroup=/none/of/that deny:comm allow:uid=0,; do
	try "$run" --attach deny:comm=x "$rule"
	tap_is "--attach $rule: exit status" $rc 1
	tap_match "--attach $rule: message" "$(cat "$err")" \
		'^smc_run: no (rule|condition|user|control group)'
done
for rule in allow:uid=0,uid=1 deny:comm=x,uid=0,comm=y; do
	try "$run" --attach $rule
	tap_is "--attach $rule: exit status" $rc 1
	tap_match "--attach $rule: message" "$(cat "$err")" '^smc_run: two conditions (uid|comm)= in a rule'
done
try "$run" --attach $(seq -f allow:uid=%.0f 65)
tap_match "--attach, 65 rules: message" "$(cat "$err")" 'more than 64 rules'

# --- smc_run: is there SMC? ---

try_run true
tap_is "SMC available: no message" "$(cat "$err")" ""
for e in 97 94 93 1; do
	SOCKSPY_SMC=$e try_run echo runs
	tap_is "SMC missing ($e): command runs" "$(cat "$out")/$rc" "runs/0"
	tap_match "SMC missing ($e): says what happens" "$(cat "$err")" 'not available.*plain TCP'
	tap_match "SMC missing ($e): says what to do" "$(cat "$err")" 'modprobe smc_r'
done
SOCKSPY_INET=93 try_run -f inet true
tap_match "-f inet, protocol missing: message" "$(cat "$err")" 'modprobe smc_r'
SOCKSPY_INET=93 try_run -f auto true
tap_is "-f auto, protocol missing: no message" "$(cat "$err")" ""
SOCKSPY_INET=93 SOCKSPY_SMC=97 try_run -f auto true
tap_match "-f auto, both missing: message" "$(cat "$err")" 'modprobe smc_r'

# --- smc_run: limits, in a mount namespace of our own ---

# limit_test OPTION FILE SIZE START EXPECTED
limit_test()
{
	echo "$4" >"$tap_work/limit"
	unshare -m sh -c "mount --bind '$tap_work/limit' /proc/sys/net/core/$2 &&
		'$run' $1 $3 true" 2>"$err"
	tap_is "$1 $3: $2 $4 becomes $5" "$(cat "$tap_work/limit")" "$5"
}

if [ "$(id -u)" -ne 0 ] || ! unshare -m true 2>/dev/null; then
	tap_skip "limits" "needs root and mount namespaces"
else
	limit_test -r rmem_max 4m 212992 4194304
	limit_test -t wmem_max 1M 212992 1048576
	limit_test -r rmem_max 16k 212992 212992
	limit_test -t wmem_max 212992 212992 212992
fi

# --- the library: conversion ---

# calls ARG...: socket() calls as they leave the library
calls()
{
	: >"$log"
	SOCKSPY_LOG=$log LD_PRELOAD=$lib:$spy "$test" "$@" >"$out" 2>"$err"
	paste -sd' ' "$log"
}

nonblock=$((1 | 2048))
cloexec=$((1 | 524288))
both=$((1 | 2048 | 524288))
while read -r from to; do
	tap_is "socket($from) becomes ($to)" "$(calls "$from")" "$to"
done <<END
2,1,0 43,1,0
2,1,6 43,1,0
10,1,0 43,1,1
10,1,6 43,1,1
2,$nonblock,0 43,$nonblock,0
10,$cloexec,6 43,$cloexec,1
2,$both,0 43,$both,0
2,2,0 2,2,0
10,2,17 10,2,17
2,3,6 2,3,6
2,1,132 2,1,132
10,1,132 10,1,132
2,1,256 2,1,256
1,1,0 1,1,0
16,3,0 16,3,0
43,1,0 43,1,0
2,5,0 2,5,0
END
calls "2,$both,0" >/dev/null
tap_match "flags take effect" "$(cat "$out")" 'nonblock=1 cloexec=1'
tap_match "errno is kept" "$(cat "$out")" 'errno=4000'
tap_is "no debug lines by default" "$(cat "$err")" ""
SMC_DEBUG=0 calls 2,1,0 >/dev/null
tap_is "SMC_DEBUG=0: no lines" "$(cat "$err")" ""
SMC_DEBUG=1 calls 2,1,0 10,1,6 2,2,0 >/dev/null
tap_is "SMC_DEBUG=1: one line for each conversion" "$(grep -c 'converted to AF_SMC' "$err")" 2
tap_is "SMC_DEBUG=1: no other lines" "$(grep -vc 'converted' "$err")" 0

SMC_SOCK_FAMILY=inet
export SMC_SOCK_FAMILY
tap_is "inet: protocol instead of family" "$(calls 2,1,0 10,1,6)" "2,1,256 10,1,256"
tap_is "inet: falls back to TCP" "$(SOCKSPY_INET=93 calls 2,1,6)" "2,1,256 2,1,6"
SMC_SOCK_FAMILY=auto
tap_is "auto: protocol first" "$(calls 2,1,0)" "2,1,256"
tap_is "auto: then family" "$(SOCKSPY_INET=93 calls 10,1,0)" "10,1,256 43,1,1"
tap_is "auto: then TCP" "$(SOCKSPY_INET=93 SOCKSPY_SMC=97 calls 2,1,0)" "2,1,256 43,1,0 2,1,0"
tap_is "auto: other errors end it" "$(SOCKSPY_INET=24 calls 2,1,0)" "2,1,256"
SMC_SOCK_FAMILY=smc
tap_is "smc: the family" "$(calls 2,1,0)" "43,1,0"
unset SMC_SOCK_FAMILY

# --- the library: fallback ---

for e in 97 94 93 13 1; do
	tap_is "SMC refused with $e: TCP as asked for" "$(SOCKSPY_SMC=$e calls 2,$both,6)" \
		"43,$both,0 2,$both,6"
	tap_match "SMC refused with $e: works" "$(cat "$out")" \
		'errno=4000 domain=2 protocol=6 nonblock=1 cloexec=1'
done
for e in 24 12; do
	tap_is "SMC failed with $e: no fallback" "$(SOCKSPY_SMC=$e calls 2,1,0)" "43,1,0"
	tap_match "SMC failed with $e: error is told" "$(cat "$out")" "errno=$e\$"
done
tap_is "SMC refused: not asked for again at once" "$(SOCKSPY_SMC=97 calls 2,1,0 2,1,0 2,1,0)" \
	"43,1,0 2,1,0 2,1,0 2,1,0"
tap_is "SMC over IPv6 refused: IPv4 still converted" \
	"$(SOCKSPY_SMC6=97 calls 10,1,0 2,1,0)" "43,1,1 10,1,0 43,1,0"
SMC_DEBUG=1 SOCKSPY_SMC=97 calls 2,1,0 2,1,0 >/dev/null
tap_is "SMC refused: one debug line" "$(wc -l <"$err")" 1
tap_match "SMC refused: debug line" "$(cat "$err")" 'not available.*using TCP'
SOCKSPY_SMC=97 calls 2,1,0 >/dev/null
tap_is "SMC refused: silent without SMC_DEBUG" "$(cat "$err")" ""

# --- the library: buffers ---

buffers()
{
	SMC_SNDBUF=$1 SMC_RCVBUF=$2 SMC_DEBUG=1 calls "$3" >/dev/null
	sed -n 's/.*sndbuf=\([0-9]*\) rcvbuf=\([0-9]*\)$/\1 \2/p' "$out"
}

plain=$(buffers '' '' 2,1,0)
udp=$(buffers '' '' 2,2,0)
# The kernel reports twice what was asked for.
tap_is "buffers: set on converted sockets" "$(buffers 10000 20k 2,1,0)" "20000 40960"
tap_is "buffers: send only" "$(buffers 10000 '' 2,1,0)" "20000 ${plain#* }"
tap_is "buffers: not set on other sockets" "$(buffers 10000 20k 2,2,0)" "$udp"
tap_is "buffers: not set on fallback sockets" "$(SOCKSPY_SMC=97 buffers 10000 20k 2,1,0)" "$plain"
tap_is "buffers: invalid value ignored" "$(buffers 10x 20k 2,1,0)" "${plain% *} 40960"
tap_match "buffers: invalid value told" "$(cat "$err")" 'SMC_SNDBUF=10x is no size'

# --- the whole, with whatever this kernel has ---

port=$((20000 + $$ % 20000))
coproc server { exec "$here/conns" server -m tcp $port; }
server_pid=$!
read -r _ <&"${server[0]}"
try "$run" "$here/conns" client -m tcp -n 5 -s 127.0.0.1 $port
tap_is "program under smc_run talks to a TCP server" "$rc" 0
kill "$server_pid"
wait "$server_pid"

# --- installation ---

if ! command -v make >/dev/null || ! command -v cc >/dev/null || [ ! -e "$tools/Makefile" ]; then
	tap_skip "installation" "needs make, cc and the sources"
else
	cp -r "$tools" "$tap_work/src"
	prefix=$tap_work/usr
	# quickly, and nothing but smc_run
	make=(make -s -C "$tap_work/src" CFLAGS=-O0 TOOLS= HAVE_BPF=)
	"${make[@]}" install PREFIX="$prefix" >"$out" 2>&1
	tap_is "make install" "$?" 0
	tap_is "installed: library mode" "$(stat -c %a "$prefix/lib/libsmc-preload.so")" 4755
	tap_ok "installed: soname link" [ "$prefix/lib/libsmc-preload.so.1" -ef "$prefix/lib/libsmc-preload.so" ]
	tap_ok "installed: man page" [ -s "$prefix/share/man/man8/smc_run.8" ]
	tap_match "installed: smc_run finds the library" \
		"$("$prefix/bin/smc_run" env 2>/dev/null)" "^LD_PRELOAD=:$prefix/lib/libsmc-preload.so\$"
	rm "$prefix/lib/libsmc-preload.so"
	try "$prefix/bin/smc_run" true
	tap_is "library missing: exit status" $rc 1
	tap_match "library missing: message" "$(cat "$err")" 'libsmc-preload.so not found'
	"${make[@]}" install PREFIX=/usr DESTDIR="$tap_work/dest" >"$out" 2>&1
	tap_ok "DESTDIR: files" [ -x "$tap_work/dest/usr/bin/smc_run" ]
	tap_match "soname" "$(strings -a "$tap_work/dest/usr/lib/libsmc-preload.so")" \
		'^libsmc-preload\.so\.1$'
	"${make[@]}" clean
	tap_ok "make clean" [ ! -e "$tap_work/src/smc_run" ]
fi

wait "$again"
tap_is "SMC refused: asked for again later" "$(paste -sd' ' "$tap_work/again")" "43,1,0 2,1,0 43,1,0 2,1,0"

tap_end
