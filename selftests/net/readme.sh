#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# A new user types what README.md and the quick start say, from the installed packages to the way back.
#
#	a smc_run iperf3, redis-benchmark ---- SMC-R over rxe0 ---- iperf3, redis-server b
#
# rdma: none
# packages: yes
# timeout: 300
. "$RIG_LIB"

TREE=$(realpath "${0%/*}/../..")

# What lines printed and how they ended, by guest and line.
declare -A printed=() ended=()

# typed FILE HEADING N: the lines of a block, with their comments.
typed() {
	awk -v heading="$2" -v n="$3" -f "$TREE/selftests/lib/commands.awk" "$TREE/$1"
}

# hosts_of COMMENT: the guests that it is for; b serves.
hosts_of() {
	case $1 in
	*"one host"*|*SERVER*) echo b ;;
	*"the other"*|*CLIENT*) echo a ;;
	*) echo a b ;;
	esac
}

# type_line GUEST LINE: a server, and what ends in "&", goes on.
type_line() {
	local line=${2//SERVER/$B} status=0

	case $line in
	*" &"|*"iperf3 -s"|*redis-server*)
		line=${line% &}
		start $1 "$(sed 's/.*smc_run \([a-z0-9-]*\).*/\1/' <<<"$line")" "$line"
		if [[ $line == *-server* ]]; then
			wait_port $1 6379
		elif [[ $line == *" -s" ]]; then
			wait_port $1 5201
		fi
		;;
	*)
		printed["$1 $2"]=$(on $1 "$line" 2>&1) || status=$?
		ended["$1 $2"]=$status
		;;
	esac
}

# follow FILE HEADING N [WORD]: type a block, of it the lines with this word.
# Packages are installed and removed otherwise, see packages/.
follow() {
	local line comment guest lines=0

	while IFS= read -r line; do
		comment=$(sed -n 's/.*  *# //p' <<<"$line")
		line=$(sed 's/  *# .*//' <<<"$line")
		case $line in
		apt-get*|*systemctl*) continue ;;
		*${4:-}*) ;;
		*) continue ;;
		esac
		lines=$((lines + 1))
		for guest in $(hosts_of "$comment"); do
			type_line $guest "$line"
		done
	done < <(typed "$@")
	num "$lines -ge 1" "$1, $2: commands are typed"
}

# said GUEST LINE REGEX NAME: it was typed, succeeded, and printed that.
said() {
	local text=${printed["$1 $2"]:-} match=other

	grep -Eq -- "$3" <<<"$text" && match=matches
	is "0 matches" "${ended["$1 $2"]:-not typed} $match" "$1: $4"
	[ $match = matches ] || note "$text"
}

# loaded GUEST: modules of SMC.
loaded() {
	on $1 "lsmod | awk '/^smc/ {print \$1}' | sort | xargs"
}

# loads GUEST MODULES COMMAND: into a kernel without any.
loads() {
	on $1 "$3" >/dev/null || true
	is "$2" "$(loaded $1)" "$1: $3 loads $2"
	unload $1
}

# --- before, and installing ---

for guest in a b; do
	on $guest "rm -f /etc/modprobe.d/smc.conf /usr/local/bin/smc* /usr/local/lib/libsmc*
		ln -s /usr/bin/modprobe /usr/sbin/modprobe; depmod -a"
done
on a "socktest 43,1,0" >/dev/null
is smc "$(loaded a)" "a: before, AF_SMC loads the kernel's own module"
for guest in a b; do
	ok "$guest: what the packages have" on $guest "tar -C / -xf /rig/packages.tar && depmod -a"
	like "/updates/dkms/smc_r.ko$" "$(on $guest "modinfo -n smc_r")" "$guest: the module is that of DKMS"
done
is "smc" "$(loaded a)" "a: the kernel's own module is left alone"
follow README.md "Peers with the kernel's own smc" 1
said a "smcr ueid add SMC-R-DEFAULT-EID" "" "the tools serve the kernel's own module"
is "smc" "$(loaded a)" "a: and load no other"
on b "[ ! -e /sys/module/smc_r ] || rmmod smc_r"

# --- first success ---

follow README.md "First success" 2
for guest in a b; do
	said $guest "rdma link add rxe0 type rxe netdev eth0" "" "software RDMA"
done
on a "/rig/wait-gid rxe0 $A"
on b "/rig/wait-gid rxe0 $B"
follow README.md "First success" 1 modprobe
follow Documentation/quickstart.md "1. The module, on both hosts" 1 grep
follow Documentation/quickstart.md "2. The RDMA device, on both hosts" 1
for guest in a b; do
	said $guest "rmmod smc_diag smc; modprobe smc_r" "" "smc_r takes the place of the other"
	is "smc_r" "$(loaded $guest)" "$guest: only that is loaded"
	said $guest "grep '^SMC ' /proc/net/protocols" " smc_r " "it has AF_SMC"
	said $guest "rdma link" "rxe0/1 state ACTIVE .*netdev eth0" "the device"
	said $guest "ip -4 address show dev eth0" "inet 10.0.0." "its address"
done
follow README.md "First success" 1 smc_run
running='rdma resource show qp | grep smc_r'
ok "a queue pair is ready to send" wait_for 20 on a "$running | grep -q RTS"
follow README.md "First success" 1 rdma
for guest in a b; do
	said $guest "$running" "rxe0.*state RTS.*smc_r" "data goes over RDMA"
done

# --- use; does it work? ---

# seen enough of it: with 6.1, what it sends fills the link for all others
ok "iperf3 is stopped" stop a iperf3
ON_TIMEOUT=100 follow README.md Use 1
said a "smc_run redis-benchmark -h SERVER -t set,get -n 10000" "GET" "redis is used"
start a monitor "smc_run redis-cli -h $B monitor"
follow README.md "Does it work?" 1
said a "smcr doctor" "ok +device" "the doctor"
said a "smcr doctor SERVER:6379" "used SMC" "the doctor's connection"
shown=0
while IFS= read -r line; do
	shown=$((shown + 1))
	case $line in
	*EID)
		ok "$line" on a "$line"
		is 1 "$(on a "smcr ueid | grep -c '^EID *$'")" "$line: is there"
		;;
	*top)
		ok "$line" on a "(sleep 5; printf q) | TERM=linux script -qec 'stty rows 50 cols 120; $line' /dev/null >/run/shown"
		like "Link groups" "$(on a "cat /run/shown")" "$line: shows them"
		;;
	*)
		ok "$line" on a "$line >/run/shown && [ -s /run/shown ]"
		;;
	esac
done < <(sed -n '/^## Does it work/,/^## /s/^| \(`[^|]*`\) |.*/\1/p' "$TREE/README.md" | grep -o '`[^`]*`' | tr -d '`')
num "$shown -ge 9" "each of the table's commands"
like " SMCR" "$(on a "smcss")" "smcss has the connection"
is "smc_r smc_r_diag" "$(loaded a)" "for which it has loaded its module"
for path in $(grep -oE '(/proc)?/sys/[a-z0-9_/]*' "$TREE/README.md"); do
	ok "$path is there" on a "[ -e $path ]"
done

# inline TEXT: the command of README.md within a line that begins so.
inline() {
	grep -oE "\`$1[^\`]*\`" "$TREE/README.md" | head -n 1 | tr -d '\`'
}

command=$(inline "smc_pnet -a")
ok "$command, on this device" on a "${command//mlx5_0/rxe0}"
is "NET1 eth0 n/a 255
NET1 n/a rxe0 1" "$(on a smc_pnet)" "$command: has both"
command=$(inline "echo 1 >/sys")
ok "$command" on a "$command"
is PONG "$(on a "smc_run redis-cli -h $B ping")" "redis is used with both"
like "smcr_handshake: .* role=client .* err=0 reason=0x00000000" "$(on a "cat /sys/kernel/tracing/trace; echo 0 >${command##*>}")" "... by SMC, as traced"

# --- by itself ---

for guest in a b; do
	on $guest "for f in /run/rig/*.pid; do n=\${f##*/}; /rig/daemon stop \${n%.pid}; done"
done
unload a
loads a smc_r "socktest 43,1,0"
loads a smc_r "socktest 2,1,256"
loads a smc_r "socktest 10,1,256"
loads a smc_r "smcr info"
loads a smc_r "smc_pnet"
loads a "smc_r smc_r_diag" "socktest 43,1,0; smcss"
loads a smc_r "smc_run iperf3 -c 127.0.0.1"
loads a smc_r "ulp -6"
follow Documentation/quickstart.md "3. A user EID in common" 1
on a "echo 'pnetid net1 eth0 rxe0' >/etc/smc_r/net.conf"
config=$(on a "sed -n 's/^ExecStart=//p' /lib/systemd/system/smc_r-config.service")
for time in first second; do
	ok "a: the service's program, the $time time" on a "$config"
done
like "^CLUSTER-1 " "$(on a "smcr ueid")" "a: it sets the user EID"
is "NET1 eth0 n/a 255
NET1 n/a rxe0 1" "$(on a smc_pnet)" "a: and the PNET ID"
is smc_r "$(loaded a)" "a: and has loaded the module"

is 1 "$(on a "mkdir -p /var/lib/prometheus/node-exporter
	$(sed -n 's/^ExecStart=//p' "$TREE/tools/monitoring/smcr-metrics.service")
	grep -c '^smc_info{module=\"smc_r\",' /var/lib/prometheus/node-exporter/smc.prom")" \
	"a: the program of smcr-metrics.service leaves metrics for node_exporter"

# The drop-in of a service, whose program finds a configuration as Debian's.
on b "mkdir -p /etc/redis; printf '%s\\n' 'bind $B' 'protected-mode no' 'daemonize yes' >/etc/redis/redis.conf"
service=$(typed Documentation/quickstart.md "4. A program" 2 | sed -n 's/^ExecStart=\(.\)/\1/p')
start b service "$service"
wait_port b 6379
is PONG "$(on a "smc_run redis-cli -h $B ping")" "$service serves"
start a monitor "smc_run redis-cli -h $B monitor"
ok "... by SMC" wait_for 10 on b "smcss | grep ':6379 .* SMCR'"
ok "a client ends" stop a monitor
ok "it ends" stop b service

# of_unit KEY: what smc-convert.service calls.
of_unit() {
	on a "sed -n 's/^$1=-*//p' /lib/systemd/system/smc-convert.service"
}

# in_slice: the protocol of a TCP socket of a service in smc.slice.
in_slice() {
	on a "sh -c 'echo \$\$ >/sys/fs/cgroup/smc.slice/cgroup.procs; exec socktest 2,1,6'" |
		sed 's/.* protocol=\([0-9]*\) .*/\1/'
}

if [ "$RIG_KERNEL" = 6.12 ]; then
	on a "mount -t cgroup2 none /sys/fs/cgroup; mkdir /sys/fs/cgroup/smc.slice"
	is 6 "$(in_slice)" "a: a service in smc.slice has TCP"
	on a "$(of_unit ExecStartPre); $(of_unit ExecStart)"
	is 256 "$(in_slice)" "a: with smc-convert.service, SMC"
	like "^2,1,6: .* protocol=6 " "$(on a "socktest 2,1,6")" "a: nobody else has"
	on a "$(of_unit ExecStop)"
	is 6 "$(in_slice)" "a: when it has stopped, TCP again"
fi

# --- back ---

# pins: what smc_run --attach has in the kernel.
pins() {
	on a "cd /sys/fs/bpf/smc_run 2>/dev/null && ls | xargs"
}

if [ "$RIG_KERNEL" = 6.12 ]; then
	ok "a: smc_run --attach" on a "smc_run --attach"
	is "config counts link rules" "$(pins)" "a: is there"
fi
follow README.md "Back to the kernel's own" 1 detach
for guest in a b; do
	said $guest "smc_run --detach" "" "nothing is attached"
	on $guest "smcss >/dev/null; cd /; xargs rm -f </rig/packages.removed 2>/dev/null; depmod -a"
done
is "" "$(pins || true)" "a: nothing is left of it"
like "^2,1,6: .* protocol=6 " "$(on a "socktest 2,1,6")" "a: nothing is converted"
is "smc_r smc_r_diag" "$(loaded a)" "a: removing unloads nothing"
follow README.md "Back to the kernel's own" 1 rmmod
for guest in a b; do
	said $guest "rmmod smc_r_diag smc_r; modprobe smc" "" "the kernel's own module is back"
	is smc "$(loaded $guest)" "$guest: and only that"
	on $guest "rmmod smc; socktest 43,1,0" >/dev/null
	is smc "$(loaded $guest)" "$guest: which AF_SMC loads"
done
done_testing
