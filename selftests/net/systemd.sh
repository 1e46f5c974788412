#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# A real systemd runs the units of the packages, and services with them.
#
#	a systemd, its services ---- SMC-R over rxe0 ---- clients b
#
# packages: yes
# programs: systemd
# timeout: 150
. "$RIG_LIB"

TREE=$(realpath "${0%/*}/../..")
PROMTOOL=${XDG_CACHE_HOME:-$HOME/.cache}/smc_r/programs/usr/bin/promtool
UNITS=/etc/systemd/system
CONVERT=/lib/systemd/system/smc-convert.service
MONITORING=/usr/share/smc_r/monitoring
PROM=/var/lib/prometheus/node-exporter/smc.prom

# typed FILE HEADING N: the lines of a block that the reader types.
typed() {
	awk -v heading="$2" -v n="$3" -f "$TREE/selftests/lib/commands.awk" "$TREE/$1"
}

# follow DIRECTORY: a types the lines of stdin there.
follow() {
	local line

	while IFS= read -r line; do
		ok "a: $line" on a "cd $1 && $line"
	done
}

# write FILE TEXT: on a.
write() {
	on a "mkdir -p ${1%/*}; printf '%s\\n' $(quoted "$2") >$1"
}

# edit UNIT TEXT: its drop-in, as "systemctl edit" leaves it.
edit() {
	write $UNITS/$1.d/override.conf "$2"
	on a "systemctl daemon-reload"
}

# head_of NAME: of smc-convert.service, what is edited into that unit.
head_of() {
	awk -v name="$1" '/^#\tsystemctl edit/ { is_it = $4 == name; next }
		!/^#(\t|$)/ { is_it = 0 }
		is_it { print substr($0, 3) }' "$TREE/tools/bpf/smc-convert.service"
}

# state UNIT: what it is, what became of its last run, more of what it is.
state() {
	on a "systemctl show -p ActiveState -p SubState -p Result $1" | sort | cut -d= -f2 | xargs
}

# failed: the units that are.
failed() {
	on a "systemctl list-units --failed --plain --no-legend" | cut -d' ' -f1 | sort | xargs
}

# said UNIT REGEX: the journal has that line of it, soon.
said() {
	wait_for 10 on a "journalctl -q --no-pager -o cat -u $1 | grep -E -e $(quoted "$2")"
}

booted() {
	[[ $(on a "systemctl is-system-running 2>/dev/null") =~ ^(running|degraded)$ ]]
}

# boot NAME: systemd is the first process of a namespace. Its control groups,
# /run and /etc are those of a.
boot() {
	on a "rm -rf /run/systemd /run/log; mount -t cgroup2 none /sys/fs/cgroup
		mount -t bpf bpf /sys/fs/bpf"
	start a systemd "exec unshare -m -p -f sh -c '
		read pid rest </proc/self/stat; echo \$pid >/run/systemd.pid
		mount -t proc proc /proc
		mount --bind /dev/null /dev/console
		exec env -i /lib/systemd/systemd --log-target=journal --show-status=no'"
	ok "$1" wait_for 60 booted
	booted
}

# power_off: at once; its control groups go, and what is in its file systems.
power_off() {
	on a "kill -KILL \$(cat /run/systemd.pid)"
	finish a systemd 10 || true
	on a "find /sys/fs/cgroup -mindepth 1 -depth -type d -exec rmdir {} +
		umount /sys/fs/cgroup /sys/fs/bpf"
}

# served SCRIPT: what it prints in b, and how many connections a took by SMC.
served() {
	local before

	before=$(smc_stat a server_v2)
	echo "$(on b "$1" 2>&1) $(($(smc_stat a server_v2) - before))"
}

ping="smc_run redis-cli -h $A ping"

# protocol UNIT...: of the TCP socket that each of these services gets.
protocol() {
	local unit

	for unit; do
		on a "systemctl start $unit; sed 's/.* protocol=\\([0-9]*\\) .*/\\1/' /run/$unit.out"
	done | xargs
}

# --- the host ---

for guest in a b; do
	on $guest "cd /usr/local; rm -f /etc/modprobe.d/smc.conf bin/smc_* bin/smcr bin/smcss lib/libsmc*
		ln -s /usr/bin/modprobe /usr/sbin/modprobe
		tar -C / -xf /rig/packages.tar && depmod -a"
done
on b "modprobe smc_r"
# As Debian has it: the linker is below /lib. Redis may start nothing else.
on a "ld=/usr/lib/x86_64-linux-gnu/ld-linux-x86-64.so.2; cp /lib64/\${ld##*/} \$ld; ln -sf \$ld /lib64/
	echo redis:x:100:100::/var/lib/redis:/bin/false >>/etc/passwd
	echo redis:x:100: >>/etc/group
	printf '%s\\n' 'bind $A' 'protected-mode no' >>/etc/redis/redis.conf
	mkdir -p /var/tmp /var/lib/redis /var/log/redis ${PROM%/*}
	chown -R redis:redis /var/lib/redis /var/log/redis /etc/redis
	echo 0123456789abcdef0123456789abcdef >/etc/machine-id
	cd $UNITS; mkdir -p sysinit.target.wants sockets.target.wants
	for unit in multi-user.target systemd-journald.service systemd-journald.socket; do
		ln -s /lib/systemd/system/\$unit /run; done
	mv /run/multi-user.target default.target; mv /run/*.socket sockets.target.wants
	mv /run/*.service sysinit.target.wants"
write /etc/systemd/journald.conf "[Journal]
Audit=no
ReadKMsg=no
Storage=volatile"
# systemd answers only whom it sees in its own namespace.
write /usr/local/bin/systemctl "#!/bin/sh
exec nsenter -t \$(cat /run/systemd.pid) -m -p /usr/bin/systemctl \"\$@\""
on a "chmod +x /usr/local/bin/systemctl"
for unit in inside outside; do
	write $UNITS/$unit.service "[Service]
Type=oneshot
ExecStart=/usr/local/bin/socktest 2,1,6
StandardOutput=truncate:/run/$unit.out"
done
# Who waits for the network.
write $UNITS/online.service "[Unit]
Wants=network-online.target
After=network-online.target

[Service]
Type=oneshot
ExecStart=sh -c 'smcr ueid; smc_pnet'
StandardOutput=truncate:/run/online.out

[Install]
WantedBy=multi-user.target"
write $UNITS/echo.socket "[Socket]
ListenStream=$A:7100
Accept=yes
Slice=smc.slice"
write $UNITS/echo@.service "[Service]
ExecStart=cat
StandardInput=socket
StandardOutput=socket"

# --- installed, nothing configured ---

boot "a boots"
is "running" "$(on a "systemctl is-system-running")" "it is well"
is "enabled disabled" "$(on a "systemctl is-enabled smc_r-config smc-convert" | xargs)" "what the packages enable"
is "" "$(on a "systemd-analyze verify --man=no smc_r-config.service smc-convert.service \
	$MONITORING/smcr-metrics.service $MONITORING/smcr-metrics.timer 2>&1")" "systemd finds no fault in the units"
is "inactive success dead" "$(state smc_r-config)" "without files smc_r-config does nothing"
is "no" "$(on a "systemctl show --value -p ConditionResult smc_r-config")" "... as its condition says"
is "" "$(on a "lsmod | grep ^smc")" "... and loads nothing"

# --- EIDs and PNETIDs ---

follow / < <(typed Documentation/quickstart.md "3. A user EID in common" 1)
is "active success exited" "$(state smc_r-config)" "smc_r-config has run"
like "^CLUSTER-1 " "$(on a "smcr ueid")" "... the EID is set"
like "^smc_r " "$(on a "lsmod")" "... by the module that it has loaded"

write /etc/smc_r/net.conf "pnetid net1 eth0 rxe0"
ok "a reload" on a "systemctl reload smc_r-config"
is "NET1 eth0 n/a 255
NET1 n/a rxe0 1" "$(on a smc_pnet)" "... takes what is new"
write /etc/smc_r/net.conf "pnetid net1 eth0 rxe0
ueid CLUSTER-2"
ok "a restart" on a "systemctl restart smc_r-config"
like "^CLUSTER-2 " "$(on a "smcr ueid")" "... too"

write /etc/smc_r/wrong.conf "uied CLUSTER-3
ueid CLUSTER-4"
fails "a reload of a wrong file fails" on a "systemctl reload smc_r-config"
is "active success exited" "$(state smc_r-config)" "... and the unit stays what it was"
fails "a restart fails" on a "systemctl restart smc_r-config"
is "failed exit-code failed" "$(state smc_r-config)" "... and the unit"
ok "the journal has the line" said smc_r-config "^/etc/smc_r/wrong.conf:1: unknown word uied\$"
like "wrong.conf:1: unknown word uied" "$(on a "systemctl status --full smc_r-config || true")" "systemctl status, too"
like "^CLUSTER-4 " "$(on a "smcr ueid")" "the other line is set"
on a "mv /etc/smc_r/wrong.conf /run"
ok "without it, it starts" on a "systemctl restart smc_r-config"

# --- metrics ---

follow $MONITORING < <(typed tools/monitoring/README.md "Monitoring SMC" 1 | grep -v '^apt-get')
ok "the timer leaves metrics at once" wait_for 10 on a "[ -s $PROM ]"
is "" "$(on a "cat $PROM" | "$PROMTOOL" check metrics 2>&1)" "... which Prometheus takes"
like '^smc_info\{module="smc_r",' "$(on a "cat $PROM")" "... and which are of smc_r"
on a "rm $PROM"

# --- a service by smc_run ---

edit redis-server.service "$(typed Documentation/quickstart.md "4. A program" 2)"
ok "Debian's Redis starts with smc_run" on a "systemctl start redis-server"
is "PONG 1" "$(served "$ping")" "... and serves by SMC"

# --- services by smc-convert ---

converted() {
	edit inside.service "$(head_of NAME)"
	edit redis-server.service "$(head_of NAME)"
	is "6 6" "$(protocol inside outside)" "before, services have TCP"
	ok "smc-convert is enabled" on a "systemctl enable --now smc-convert"
	is "active success exited" "$(state smc-convert)" "... and has run"
	is "attached
rule 1: allow cgroup=/smc.slice
others: deny" "$(on a "smc_run --status" | head -n 3)" "... what it did"
	is "256 6" "$(protocol inside outside)" "services in smc.slice have SMC"
	ok "Redis starts in it" on a "systemctl restart redis-server"
	is "PONG 1" "$(served "$ping")" "... and serves by SMC"
	start b monitor "smc_run redis-cli -h $A monitor"
	ok "... which smcss shows" wait_for 10 on a "smcss | grep ':6379 .* SMCR'"
	stop b monitor
	on a "systemctl stop redis-server; systemctl daemon-reload"
	is "256" "$(protocol inside)" "the slice stays when it is empty"

	ok "a socket unit in it" on a "systemctl start echo.socket"
	is "hello 1" "$(served "smc_run bash -c 'exec 3<>/dev/tcp/$A/7100; echo hello >&3; head -n 1 <&3'")" \
		"... is one of SMC"

	on a "systemctl start redis-server; systemctl stop smc-convert"
	is "inactive success dead" "$(state smc-convert)" "smc-convert stops"
	is "not attached" "$(on a "smc_run --status || true")" "... nothing is attached"
	is "6" "$(protocol inside)" "... and new sockets are of TCP"
	is "PONG 1" "$(served "$ping")" "... those that there are go on"
	ok "Redis starts anew" on a "systemctl restart redis-server"
	is "PONG 0" "$(served "$ping")" "... and serves by TCP"

	edit smc-convert.service "$(head_of smc-convert)"
	ok "smc-convert for the host" on a "systemctl start smc-convert"
	is "256 256" "$(protocol inside outside)" "... converts all services"
	on a "systemctl stop smc-convert; rm -r $UNITS/smc-convert.service.d; systemctl daemon-reload"
	is "6 6" "$(protocol inside outside)" "... until it stops"
}

not_converted() {
	edit redis-server.service "$(head_of NAME)"
	fails "smc-convert does not start" on a "systemctl enable --now smc-convert"
	is "failed exit-code failed" "$(state smc-convert)" "... and has failed"
	ok "the journal says why" said smc-convert "this kernel has no hook for that .*: it takes Linux 6.6\$"
	ok "... and what to do" said smc-convert "^Use 'smc_run COMMAND' instead"
	ok "Redis starts with it all the same" on a "systemctl restart redis-server"
	is "PONG 0" "$(served "$ping")" "... and serves by TCP"
}

if [ "$RIG_KERNEL" = 6.12 ]; then
	by_smc=1 broken=smc_r-config.service
	converted
else
	by_smc=0 broken="smc-convert.service smc_r-config.service"
	not_converted
fi

# --- all of it at boot ---

ok "the timer leaves metrics again" wait_for 25 on a "[ -s $PROM ]"
ok "services are enabled" on a "systemctl enable redis-server online"
power_off
unload a
on a "mv /run/wrong.conf /etc/smc_r"
boot "a boots again"
is "$broken" "$(failed)" "what is wrong has failed, and nothing else"
is "CLUSTER-1 CLUSTER-2 CLUSTER-4 SMC-R-DEFAULT-EID" \
	"$(on a "grep -oE '^(CLUSTER|SMC-R)[-A-Z0-9]*' /run/online.out" | sort | xargs)" \
	"who waits for the network finds the EIDs"
is "NET1 eth0 n/a 255
NET1 n/a rxe0 1" "$(on a "grep ^NET /run/online.out")" "... and the PNET IDs"
is "PONG $by_smc" "$(served "$ping")" "Redis serves"

# --- without SMC ---

on a "systemctl stop smcr-metrics.timer redis-server"
before=$(on a "md5sum <$PROM")
unload a
on a "printf 'install %s false\\n' smc smc_r >/etc/modprobe.d/none.conf"
fails "no metrics without a module" on a "systemctl start smcr-metrics"
is "failed exit-code failed" "$(state smcr-metrics)" "... their unit fails"
is "$before" "$(on a "md5sum <$PROM")" "... and leaves the file as it is"
power_off
done_testing
