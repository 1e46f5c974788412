#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# Test of the test programs, over TCP on this host.  Prints TAP.

here=$(cd "$(dirname "$0")" && pwd)
cd "$here" || exit 1
. ./tap.sh

base=$((20000 + $$ % 12000))
pids=()

# serve PORT PROGRAM ARG...: start a server and wait until it is ready
serve()
{
	local port=$1 i

	shift
	: >"$tap_work/server.$port"
	"$@" "$port" >"$tap_work/server.$port" 2>&1 &
	pids+=($!)
	for ((i = 0; i < 100; i++)); do
		grep -qw ready "$tap_work/server.$port" && return
		sleep 0.05
	done
	echo "Bail out! $1 does not start: $(cat "$tap_work/server.$port")"
	exit 1
}

end_servers()
{
	kill "${pids[@]}"
	wait "${pids[@]}"
	pids=()
}

trap '[ ${#pids[@]} -eq 0 ] || kill "${pids[@]}"; rm -rf "$tap_work"' EXIT

# try COMMAND...: sets $rc, leaves $out
out=$tap_work/out
try()
{
	"$@" >"$out" 2>&1
	rc=$?
}

# --- sockbeh: the reference must not depend on time, run or address family ---

v4=$((base + 1))
v6=$((base + 2))
serve $v4 ./sockbeh server -m tcp
serve $v6 ./sockbeh server -m tcp -6
runs=()
# All at once: the load makes the timing worse, which is welcome here.
./sockbeh client -m tcp 127.0.0.1 $v4 >"$tap_work/first" 2>"$tap_work/first.err" & runs+=($!)
./sockbeh client -m tcp 127.0.0.1 $v4 >"$tap_work/second" 2>"$tap_work/second.err" & runs+=($!)
./sockbeh client -m tcp -r 127.0.0.1 $v4 >"$tap_work/reversed" 2>"$tap_work/reversed.err" & runs+=($!)
./sockbeh client -m tcp -6 ::1 $v6 >"$tap_work/v6" 2>"$tap_work/v6.err" & runs+=($!)
for name in first second reversed v6; do
	wait "${runs[0]}"
	tap_is "sockbeh $name: exit status" $? 0
	runs=("${runs[@]:1}")
	tap_is "sockbeh $name: nothing broken" \
		"$(grep -E 'HANG|CRASH|BROKEN|MISMATCH|LOST|WRONG|LONG|=late|=early|stuck=' "$tap_work/$name")" ""
done
tap_is "sockbeh: two runs are equal" "$(diff "$tap_work/first" "$tap_work/second")" ""
tap_is "sockbeh: reversed run is equal" "$(diff "$tap_work/first" "$tap_work/reversed")" ""
# The names of the IP options differ, nothing else.
tap_is "sockbeh: IPv6 run is equal" \
	"$(diff <(sed 's/ IP_[^ ]*//g' "$tap_work/first") <(sed -E 's/ (set_)?IPV6_[^ ]*//g' "$tap_work/v6"))" ""
tap_is "sockbeh: one line for each case" "$(cut -d: -f1 "$tap_work/first")" \
	"$(./sockbeh -l | grep -v '#')"
tap_is "sockbeh: names are unique" "$(./sockbeh -l | cut -d' ' -f1 | sort | uniq -d)" ""
try ./sockbeh client -m tcp -x -t fresh_mask 127.0.0.1 $v4
tap_match "sockbeh: exempt case runs on demand" "$(cat "$out")" '^fresh_mask: mask='
try ./sockbeh client -m tcp -t nosuchcase 127.0.0.1 $v4
tap_is "sockbeh: unknown case fails" $rc 1
try ./sockbeh client -m tcp -j 4 -t connect_ok 127.0.0.1 $v4
tap_is "sockbeh: one case needs one worker" $rc 0
try ./sockbeh client -m tcp -t connect_ok 127.0.0.1 $((base + 9))
tap_is "sockbeh: missing server fails" $rc 1
tap_match "sockbeh: missing server is told" "$(cat "$out")" '^connect_ok: BROKEN'
SOCKSPY_FLIP=500 LD_PRELOAD=./sockspy.so try ./sockbeh client -m tcp -t recv_sizes 127.0.0.1 $v4
tap_match "sockbeh: wrong data is told" "$(cat "$out")" 'DATA_MISMATCH'
end_servers

# closed_first: connections that the server of port $p was the first to close;
# TCP remembers them there.
closed_first()
{
	awk -v port="$(printf %04X "$p")" '$2 ~ port "$" && $4 == "06" {n++} END {print n + 0}' /proc/net/tcp
}

# --- xfer ---

p=$((base + 3))
serve $p ./xfer server -m tcp
xfer()
{
	try ./xfer client -m tcp "$@" 127.0.0.1 $p
}
for args in "-n 20m" "-n 20m -d down" "-n 5m -d both -c 4" "-n 2m -w rand -r rand -d both" \
	"-n 20001 -w 1 -r 7" "-n 0" "-n 200k -r 10k -s 5000"; do
	# shellcheck disable=SC2086
	xfer $args
	tap_is "xfer $args: exit status" $rc 0
	tap_match "xfer $args: result" "$(tail -n1 "$out")" '^ok: '
done
xfer -n 100000 -S 5 -d both
sums=$(grep -o 'sha256=.*' "$out")
tap_is "xfer: four sums, two different" "$(wc -l <<<"$sums")/$(sort -u <<<"$sums" | wc -l)" 4/2
# The sum is that of the data: the sequence of a seed never changes.
xfer -n 100000 -S 5 -d both -w 100 -r 77
tap_is "xfer: same seed, same sums" "$(grep -o 'sha256=.*' "$out")" "$sums"
tap_is "xfer: the client closes first" "$(closed_first)" 0
xfer -n 100k -d both -c 3 -C server
tap_is "xfer -C server: exit status" $rc 0
tap_is "xfer -C server: the server closes first" "$(closed_first)" 3
xfer -n 100k -d both -c 3 -C both
tap_is "xfer -C both: exit status" $rc 0
xfer -n 1 -k tcp
tap_is "xfer -k tcp: passes over TCP" $rc 0
xfer -n 1 -k smc
tap_is "xfer -k smc: fails over TCP" $rc 1
xfer -n 0
tap_match "xfer: sum of nothing" "$(cat "$out")" \
	'sha256=e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855'
SOCKSPY_FLIP=54321 LD_PRELOAD=./sockspy.so xfer -n 1m -d down
tap_is "xfer: a changed bit fails" $rc 1
tap_match "xfer: the place is told" "$(cat "$out")" 'first wrong byte at 54321$'
xfer -n 100m -r 1000 -s 1000 -T 1
tap_is "xfer: time limit fails" $rc 1
xfer -n 300 -w 100 -r 100 -s 300000 -d both
tap_is "xfer: a slow reader, gaps of both directions" "$(grep -cE 'longest gap ([3-9]|[0-9]+[0-9])[0-9]{2} ms' "$out")" 2
./xfer client -m tcp -n 400g -E 100 -d both -c 2 127.0.0.1 $p >"$tap_work/enough" &
sleep 1
# its children
# shellcheck disable=SC2046
kill -USR1 $(awk -v parent=$! '$4 == parent {print $1}' /proc/[0-9]*/stat 2>/dev/null)
wait $!
tap_is "xfer: told that it is enough: exit status" $? 0
tap_is "xfer: all four senders stop, in time" \
	"$(grep -cE 'transport=tcp [1-9]\.' "$tap_work/enough")/$(grep -cE ' sent=[0-9]{4,11} ' "$tap_work/enough")" 2/4
try ./xfer client -m tcp -n 1 127.0.0.1 $((base + 9))
tap_is "xfer: missing server fails" $rc 1
end_servers

# --- lulls ---

p=$((base + 12))
# lulls SIGNALS SERVER... -- KIND=COUNT...: both ends, which get the signals; $rc of the
# server and of the client, $out of both
lulls()
{
	local signals=$1 server=() status i

	shift
	while [ "$1" != -- ]; do
		server+=("$1")
		shift
	done
	shift
	: >"$out"
	"${server[@]}" $p >>"$out" 2>&1 & pids=($!)
	for ((i = 0; i < 100; i++)); do
		grep -qw ready "$out" && break
		sleep 0.05
	done
	./lulls client -m tcp -k tcp -T 3 127.0.0.1 $p "$@" >>"$out" 2>&1 & pids+=($!)
	for ((i = 0; i < 100; i++)); do
		[ "$(grep -cx set "$out")" = 2 ] && break
		sleep 0.05
	done
	for i in $signals; do
		kill -"$i" "${pids[@]}" 2>/dev/null
		sleep 0.2
	done
	wait "${pids[0]}"
	status=$?
	wait "${pids[1]}"
	rc=$status/$?
	pids=()
}
all="recv=4 poll=4 epoll=4 trickle=4 half=4 urgent=4 unread=4 blocked=4 close=4 shut=4"
# shellcheck disable=SC2086
lulls "USR2 USR1 TERM" ./lulls server -m tcp -n 40 -- $all
tap_is "lulls: exit status" $rc 0/0
tap_is "lulls: each end of each connection" "$(grep -c ': ok, longest gap [0-9]* ms$' "$out")" 80
# the greeting has 100 bytes
SOCKSPY_FLIP=150 lulls TERM env LD_PRELOAD=./sockspy.so ./lulls server -m tcp -n 1 -- trickle=1
tap_match "lulls: a changed bit fails" "$(cat "$out")" '^\[0\] trickle reader: wrong byte: EBADMSG'
tap_is "lulls: ... and the server with it" "${rc%/*}" 1
# shellcheck disable=SC2086
lulls "" ./lulls server -m tcp -n 40 -T 2 -- $all
tap_is "lulls: without a signal none is over in time" "$rc $(grep -c '^\[.*FAILED' "$out")" "1/1 80"
try ./lulls client -m tcp 127.0.0.1 $((base + 9)) recv=1
tap_is "lulls: missing server fails" $rc 2

# --- conns ---

p=$((base + 4))
serve $p ./conns server -m tcp
try ./conns client -m tcp -n 300 -p 127.0.0.1 $p
tap_is "conns -p: exit status" $rc 0
tap_match "conns -p: result" "$(cat "$out")" '^ok: asked=300 connected=300 failed=0 smc=0 tcp=300$'
try ./conns client -m tcp -n 25 -p -b 10 127.0.0.1 $p
tap_match "conns -p -b: result" "$(cat "$out")" '^ok: asked=25 connected=25 failed=0 smc=0 tcp=25$'
try ./conns client -m tcp -n 1000 -s 127.0.0.1 $p
tap_is "conns -s: exit status" $rc 0
tap_match "conns -s: slowest connect" "$(cat "$out")" 'slowest=[0-9.]+$'
tap_is "conns -s: the client closes first" "$(closed_first)" 0
p=$((base + 11))
serve $p ./conns server -m tcp -1
try ./conns client -m tcp -n 50 -s -e server 127.0.0.1 $p
tap_is "conns -s -e server: exit status" $rc 0
tap_is "conns -s -e server: the server closes first" "$(closed_first)" 50
try ./conns client -m tcp -n 50 -s -e both 127.0.0.1 $p
tap_is "conns -s -e both: exit status" $rc 0
p=$((base + 4))
for how in -p -s; do
	try ./conns client -m tcp -n 5 $how -k tcp 127.0.0.1 $p
	tap_is "conns $how -k tcp: passes over TCP" $rc 0
	try ./conns client -m tcp -n 5 $how -k smc 127.0.0.1 $p
	tap_is "conns $how -k smc: fails over TCP" $rc 1
done
./conns client -m tcp -n 100 -H 127.0.0.1 $p >"$out" 2>&1 &
holder=$!
for ((i = 0; i < 100; i++)); do
	grep -q 'holding 100' "$out" && break
	sleep 0.05
done
tap_match "conns -H: holds" "$(cat "$out")" '^holding 100$'
kill $holder
wait $holder
tap_is "conns -H: exit status" $? 0
try ./conns client -m tcp -n 5 -p 127.0.0.1 $((base + 9))
tap_is "conns: refused connections fail" $rc 1
tap_match "conns: they are counted" "$(cat "$out")" '^FAILED: asked=5 connected=0 failed=5 '
SOCKSPY_FLIP=100 LD_PRELOAD=./sockspy.so try ./conns client -m tcp -n 5 -s 127.0.0.1 $p
tap_is "conns: wrong data fails" $rc 1
tap_match "conns: wrong data is counted" "$(cat "$out")" 'failed=1 '
./silent listen $((base + 5)) >"$tap_work/server.silent" &
pids+=($!)
sleep 0.3
try ./conns client -m tcp -n 3 -p -T 1 127.0.0.1 $((base + 5))
tap_is "conns: a silent server fails" $rc 1
end_servers
tap_match "conns server: counts" "$(cat "$tap_work/server.$p")" '^accepted=[0-9]+ ended=[0-9]+ errors=0 '

# --- silent ---

p=$((base + 6))
serve $p ./silent listen
try ./silent connect -n 3 -w 1 -R 127.0.0.1 $p
tap_is "silent connect: exit status" $rc 0
tap_match "silent connect: tells" "$(cat "$out")" '^connected 3$'
sleep 0.2
tap_is "silent listen: sees resets" "$(grep -c 'reset by peer' "$tap_work/server.$p")" 3
end_servers
p=$((base + 7))
serve $p ./silent listen -A
try ./silent connect -w 1 127.0.0.1 $p
tap_is "silent listen -A: accepts none" "$(grep -c accepted "$tap_work/server.$p")" 0
end_servers

# --- turns ---

both=$tap_work/both
loop() { echo "while :; do echo $1 >>$both; sleep 0.01; done"; }
try ./turns -s 0.1 -w 0.1 -t 0.5 -c "wc -l <$both" "$(loop 1)" "$(loop 2)"
tap_is "turns -t: exit status" $rc 0
tap_match "turns -t: reports" "$(tr '\n' ' ' <"$out")" '^before [0-9]+ after [0-9]+ ran [5-9][0-9]{2} [5-9][0-9]{2} $'
lines=$(wc -l <"$both")
turns=$(uniq "$both" | wc -l)
tap_ok "turns: each has some" [ "$turns" -ge 4 ]
tap_ok "turns: one at a time" [ "$turns" -le 12 ]
tap_ok "turns: both run" [ "$lines" -gt $((2 * turns)) ]
sleep 0.1
tap_is "turns -t: ends both" "$(wc -l <"$both")" "$lines"
try ./turns -s 0.1 'sleep 0.25' 'sleep 0.05'
tap_match "turns: waits for both" "$rc $(cat "$out")" '^0 ran [0-9]+ [0-9]+$'
try ./turns -s 0.1 -t 1 'sleep 9' 'sleep 0.05'
tap_is "turns -t: an early end fails" $rc 1
try ./turns -s 0.1 'sleep 0.05' false
tap_is "turns: a command that fails fails" $rc 1

# --- clcpeer: the language ---

script=$tap_work/script
# check LINE...: a script of these lines, as understood
check()
{
	printf '%s\n' "$@" >"$script"
	try ./clcpeer check "$script"
}
# rejects NAME MESSAGE LINE...
rejects()
{
	local name=$1 message=$2

	shift 2
	check "$@"
	tap_is "clcpeer: $name" "$rc $(cat "$out")" "2 $script:$message"
}

check 'role client # of the peer' '' 'def end2: cut $1; set 0 $2' 'def all: load proposal; end2 7 aabb' \
	'case one: all; send' '	; tcp 0x05000000 2' 'case two i=3..10: all; byte $i $i-1; send 5; lost'
tap_is "clcpeer: definitions, ranges, long lines" "$rc $(cat "$out")" \
"0 one: load proposal; cut 7; set 0 aabb; send; tcp 0x05000000 2
two i=3..10: load proposal; cut 7; set 0 aabb; byte \$i \$i-1; send 5; lost
cases=2 connections=9"
r='role client'
rejects "no role" "1: role is missing" 'case x: reset'
rejects "unknown role" "1: unknown role: guest" 'role guest'
rejects "two roles" "2: one role, before all cases" "$r" "$r"
rejects "no case" "1: no case" "$r"
rejects "unknown line" "2: unknown line: send" "$r" 'send'
rejects "no colon" "2: no colon" "$r" 'case x'
rejects "unknown command" "2: unknown command: frob" "$r" 'case x: frob; reset'
rejects "empty command" "2: empty command" "$r" 'case x: send;; reset'
rejects "no end" "2: the case has no end" "$r" 'case x: send'
rejects "two ends" "2: lost: behind the end of the case" "$r" 'case x: reset; lost'
rejects "unknown message" "2: unknown message: hello" "$r" 'case x: load hello; reset'
rejects "unknown type" "2: unknown message: hello" "$r" 'case x: expect hello; reset'
rejects "decline without code" "2: a decline has a code" "$r" 'case x: expect decline; reset'
rejects "no number" "2: no number: 1x" "$r" 'case x: cut 1x; reset'
rejects "negative number" "2: no number: -1" "$r" 'case x: cut -1; reset'
rejects "no bytes" "2: no bytes: abc" "$r" 'case x: add abc; reset'
rejects "no digits" "2: no bytes: zz" "$r" 'case x: add zz; reset'
rejects "two bytes to flip" "2: no bytes: 0101" "$r" 'case x: flip 0 0101; reset'
rejects "unknown errno" "2: unknown errno: EFOO" "$r" 'case x: lost 1 EFOO'
rejects "too few arguments" "2: set: too few arguments" "$r" 'case x: set 1; reset'
rejects "too many arguments" "2: send: too many arguments" "$r" 'case x: send 1 2; reset'
rejects "no index" "2: the case has no i: \$i" "$r" 'case x: cut $i; reset'
rejects "no range" "2: no range: 3" "$r" 'case x i=3: reset'
rejects "empty range" "2: empty or too long: 3..2" "$r" 'case x i=3..2: reset'
rejects "long range" "2: empty or too long: 0..65536" "$r" 'case x i=0..65536: reset'
rejects "missing argument" "3: m: no argument \$1" "$r" 'def m: cut $1' 'case x: m; reset'
rejects "argument too many" "3: m: too many arguments" "$r" 'def m: cut $1' 'case x: m 1 2; reset'
rejects "name of a command" "2: send is a command" "$r" 'def send: cut 1'
rejects "recursion" "3: m: defined by itself" "$r" 'def m: m' 'case x: m; reset'
rejects "error in a long line" "4: unknown command: frob" "$r" 'case x: send' '	;' '	frob; reset' 'case y: reset'
for name in ../net/clc/*.clc; do
	try ./clcpeer check "$name"
	tap_match "clcpeer: ${name##*/} is understood" "$(tail -n 1 "$out")" '^cases=[0-9]+ connections=[0-9]+$'
done

# --- rdmapeer: the language ---

# what "check" says of these lines
understands()
{
	local name=$1 status=$2 message=$3

	shift 3
	printf '%s\n' "$@" >"$script"
	try ./rdmapeer check "$script"
	tap_match "rdmapeer: $name" "$rc $(cat "$out")" "^$status $message"
}

understands "definitions, ranges, long lines" 0 'cases=4 connections=8$' '# of the peer' \
	'def open: propose; accept; confirm' 'def two: open; order $1 $2; open' \
	'case one: two s' 'case two i=1..3: two w $i' '	; cut $i'
understands "no colon" 2 "$script:1: no colon" 'case x'
understands "unknown line" 2 "$script:1: neither def nor case: send" 'send: cut 1'
understands "empty case" 2 "$script:2: an empty case" 'def nothing: ' 'case x: nothing'
understands "unknown command" 2 "line 1: unknown: frob" 'case x: frob'
understands "too few arguments" 2 "line 1: arguments of set" 'case x: set 1'
understands "too many arguments" 2 "line 1: arguments of alive" 'case x: alive 1'
understands "no index" 2 "$script:1: unknown: [$]i" 'case x: cut $i'
understands "no range" 2 "$script:1: no range:  i=3" 'case x i=3: alive'
understands "recursion" 2 "$script:2: definitions without end" 'def m: m' 'case x: m'
for name in ../net/rdma/*.rdma; do
	try ./rdmapeer check "$name"
	tap_match "rdmapeer: ${name##*/} is understood" "$rc $(cat "$out")" \
		'^0 cases=[0-9]+ connections=[0-9]+$'
done

# --- obey: each order ---

p=$((base + 10))
serve $p ./obey server -m tcp -T 1
# obeys NAME ORDER EXPECTED: what comes back for these bytes, and how it ends
obeys()
{
	tap_is "obey: $1" "$(printf "$2" | socat -t 3 - TCP:127.0.0.1:$p | tr '\0' 0)" "$3"
}
obeys "echo" 'e\0\0\1hello' hello
obeys "read" 's\0\0\1hello' ''
obeys "shut down" 'd\0\0\1hello' ''
obeys "nothing" 'c\0\0\1' ''
obeys "no order" 'e\0' ''
tap_is "obey: urgent byte" "$(printf 'u\1\0\1' | socat -t 3 - TCP:127.0.0.1:$p | wc -c)" 16394
tap_is "obey: write" "$(printf 'w\2\0\1' | socat -t 3 - TCP:127.0.0.1:$p | wc -c)" 32768
tap_is "obey: how it ended" "$(grep -v ready "$tap_work/server.$p" | sort | uniq -c | xargs)" \
	"7 sees tcp eof"
end_servers
try ./obey client -m tcp -n 3 127.0.0.1 $p
tap_is "obey: nobody there" "$rc $(xargs <"$out")" \
	"0 sees nobody ECONNREFUSED sees nobody ECONNREFUSED sees nobody ECONNREFUSED"

# --- clcpeer: two of them ---

p=$((base + 8))
# peers SERVER-CASE CLIENT-CASE: sets $rc of the client, $told by the server
peers()
{
	printf 'role server\ncase s: %s\n' "$1" >"$script.s"
	printf 'role client\ncase c: %s\n' "$2" >"$script.c"
	serve $p ./clcpeer server -t 1 "$script.s"
	try ./clcpeer client -t 1 "$script.c" 127.0.0.1 $p
	wait "${pids[@]}"
	pids=()
	told=$(grep -v ready "$tap_work/server.$p" | tr '\n' ' ')
}
# agree NAME OUTCOME SERVER-CASE CLIENT-CASE: both go by their script
agree()
{
	peers "$3" "$4"
	tap_is "clcpeer: $1" "$rc $(tr '\n' ' ' <"$out")/ $told" \
		"0 connections=1 failed=0 $2 1 / connections=1 failed=0 $2 1 "
}
# differs NAME MESSAGE SERVER-CASE CLIENT-CASE: the client does not
differs()
{
	peers "$3" "$4"
	tap_match "clcpeer: $1" "$rc $(tr '\n' ' ' <"$out")" "^1 c: $2 connections=1 failed=1 $"
}
agree "handshake" "tcp 0x02010000" \
	'expect proposal; load accept; send; expect confirm; load decline; set 16 02010000; send; tcp 0x02010000' \
	'load proposal; send; expect accept; load confirm; send; expect decline 0x02010000; tcp'
agree "data behind a message" "tcp 0x03000000" \
	'expect proposal; load decline; send; tcp 0x03000000' \
	'load proposal; data; send; expect decline 0x03000000; tcp'
agree "two pieces, slowly" "tcp 0x03000000" \
	'expect proposal; load decline; send 5; tcp 0x03000000' \
	'load proposal; split 100 100; expect decline 0x03000000; tcp'
agree "changes" "tcp 0x03030004" \
	'expect proposal; load decline; set 16 0303; byte 19 5; flip 19 01; send; tcp 0x03030004' \
	'load proposal; cut 152; pad 32; byte 80 2; seal; send; expect decline 0x03030004; tcp'
agree "end" "lost EPROTO" 'expect proposal; end; lost' 'load proposal; send; lost'
agree "settles" "lost any" 'expect proposal; end; settle' 'load proposal; send; settle'
agree "late end" "lost ETIMEDOUT" 'expect proposal; wait 1000; end; lost 1' 'load proposal; send; lost 1'
agree "reset" "lost ECONNRESET" 'expect proposal; reset' 'load proposal; send; lost 0 ECONNRESET'
differs "other code" 'expect decline 1 expected, DECLINE 0x03000000 came after 0\.[0-9] s' \
	'expect proposal; load decline; send; settle' 'load proposal; send; expect decline 1; tcp'
differs "other message" 'ACCEPT expected, DECLINE 0x03000000 came after 0\.[0-9] s' \
	'expect proposal; load decline; send; settle' 'load proposal; send; expect accept; reset'
differs "message instead of an end" 'end expected, ACCEPT came after 0\.[0-9] s' \
	'expect proposal; load accept; send; settle' 'load proposal; send; lost'
agree "what a message has" "tcp 0x03000000" \
	'expect proposal; has_length 156; has 0 e2d4c3d901009c22; has_byte 105 1; load decline; send; tcp 0x03000000' \
	'load proposal; send; expect decline 0x03000000; has_length 44; has_byte 4 4; has 40 e2d4c3d9; tcp'
differs "another byte" '0x3a expected at 17, 0x00 came' \
	'expect proposal; load decline; send; settle' 'load proposal; send; expect decline 0x03000000; has 16 033a; tcp'
differs "another number" '0x05 expected at 16, 0x03 came' \
	'expect proposal; load decline; send; settle' \
	'load proposal; send; expect decline 0x03000000; has_byte 16 5; tcp'
differs "byte behind the message" 'message of 44 bytes came, none at 44' \
	'expect proposal; load decline; send; settle' \
	'load proposal; send; expect decline 0x03000000; has 40 e2d4c3d900; tcp'
differs "another length" '45 bytes expected, 44 came' \
	'expect proposal; load decline; send; settle' \
	'load proposal; send; expect decline 0x03000000; has_length 45; tcp'
# What a server chooses is looked at, whatever the case.
refuses()
{
	differs "$1" "$1" "expect proposal; $2; send; settle" 'load proposal; send; expect accept; reset'
}
refuses 'ACCEPT of release 2' 'load accept; byte 105 0x22'
refuses 'ACCEPT of release 0' 'load accept; byte 105 0x20; set 140 00000000'
refuses 'ACCEPT with 15 connections' 'load accept; byte 140 15'
refuses 'ACCEPT with 0 links' 'load accept; byte 141 0'
refuses 'ACCEPT with 2 links' 'load accept; byte 141 2'
refuses 'ACCEPT of OS 1' 'load accept; byte 105 0x11'
refuses 'ACCEPT with features 0x0001' 'load accept; byte 143 1'
refuses 'ACCEPT with an EID of its own' 'load accept; flip 64 01'
refuses 'ACCEPT of a mode that was not offered' 'load clc_accept_v1_smcr_first_contact'
refuses 'ACCEPT of a link group that nobody has' 'load accept_later'
refuses 'ACCEPT without queue pair or token' 'load accept; set 38 000000'
differs 'ACCEPT with more connections' 'ACCEPT with 255 connections' \
	'expect proposal; load accept; send; settle' 'load proposal; byte 104 254; send; expect accept; reset'
differs 'ACCEPT of a wrong PROPOSAL' 'ACCEPT of a PROPOSAL that is wrong' \
	'wait 200; load accept; send; settle' 'load proposal; byte 80 9; send; expect accept; reset'
differs "reserved bytes" 'ACCEPT expected, nonsense came after 0\.[0-9] s' \
	'expect proposal; load accept; set 96 01; send; settle' 'load proposal; send; expect accept; reset'
differs "version of a DECLINE" 'DECLINE 0x03000000 of version 1' \
	'expect proposal; load decline_v1; send; settle' 'load proposal; send; expect decline 0x03000000; tcp'
differs "out-of-sync bit" 'DECLINE 0x04000000 with a wrong out-of-sync bit' \
	'expect proposal; load decline; set 16 04000000; send; settle' \
	'load proposal; send; expect decline 0x04000000; tcp'
differs "early end" 'too early, after 0\.[0-9] s' \
	'expect proposal; end; settle' 'load proposal; send; lost 4'
differs "no end" 'end expected, nothing came for 1\.[0-9] s' \
	'expect proposal; wait 1500; settle' 'load proposal; send; lost'
differs "early message" 'too early, after 0\.[0-9] s' \
	'expect proposal; load accept; send; settle' 'load proposal; send; expect accept 4; reset'
differs "no data" 'end instead of data after 0\.[0-9] s' \
	'expect proposal; load decline; send; end; settle' \
	'load proposal; send; expect decline 0x03000000; tcp'
# What a client repeats is looked at by the server.
for change in "140 10" "141 02" "64 41" "143 01" "105 11" "50 24" "46 00000000" "175 ff"; do
	peers 'expect proposal; load accept; send; expect confirm; settle' \
		"load proposal; send; expect accept; load confirm; set $change; send; settle"
	tap_match "clcpeer: CONFIRM with $change" "$told" '^s: CONFIRM (has|does not|with features|of OS) .* failed=1 $'
done
try ./clcpeer client "$script.c" 127.0.0.1 $((base + 9))
tap_match "clcpeer: missing server" "$rc $(cat "$out")" '^1 c: no connection: Connection refused'
try ./clcpeer client "$script.s" 127.0.0.1 $((base + 9))
tap_is "clcpeer: wrong role" $rc 2

tap_end
