#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# Test of the test programs, over TCP on this host.  Prints TAP.

here=$(cd "$(dirname "$0")" && pwd)
cd "$here" || exit 1
. ./tap.sh

base=$((20000 + $$ % 20000))
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
		grep -q ready "$tap_work/server.$port" && return
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
try ./xfer client -m tcp -n 1 127.0.0.1 $((base + 9))
tap_is "xfer: missing server fails" $rc 1
end_servers

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

tap_end
