#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# smcss, smcr and smc_pnet print what the kernel did, as text and as JSON.
#
#	a conns ---- SMC-R over rxe0, or TCP ---- conns b
#
# timeout: 300
. "$RIG_LIB"
. "$(dirname "$RIG_LIB")/asking.sh"
. "$(dirname "$RIG_LIB")/tools_values.sh"

MONITORING=${RIG_LIB%/*}/monitoring.py
PROMTOOL=${XDG_CACHE_HOME:-$HOME/.cache}/smc_r/programs/usr/bin/promtool
NO_SMC=0x03010000

# Does its module have sock_diag and all of netlink?
declare -A complete=()
for guest in a b; do
	if [ "$(role_of $guest)" = stock ] || on $guest "insmod /rig/smc_r_diag.ko 2>/dev/null"; then
		complete[$guest]=yes
	fi
done

is_complete() {
	[ -n "${complete[$1]:-}" ]
}

module_of() {
	case $(role_of $1) in
	ours) echo smc_r ;;
	stock) echo smc ;;
	esac
}

for guest in a b; do
	start $guest smc "conns server -m smc 7000"
	start $guest tcp "conns server -m tcp 7001"
done
start b v6 "conns server -m smc -6 7006"
for guest in a b; do
	wait_port $guest 7001
done

# --- the host, user EIDs, PNET IDs ---

REFUSED_EIDS="smcr ueid add TOOLS.EID
	for eid in 'add TOOLS.EID' 'add tools' 'add $(printf %33s | tr ' ' A)' 'del OTHER'; do
		smcr ueid \$eid; echo \$?
	done
	unshare -r smcr ueid flush"
REFUSED_PNETS="smc_pnet -a NET3 -I dummy9; smc_pnet -a NET-3 -I dummy8; smc_pnet -d NET3; unshare -r smc_pnet -f"

LONG_PNETS="smc_pnet --add NETL --interface dummy9 --ibdevice nodev --ibport 0; smc_pnet -a NETM -D nodev2 -P 0
	smc_pnet | sort; smc_pnet --delete NETL; smc_pnet; smc_pnet --flush; smc_pnet"

for guest in a b; do
	ask $guest "smcr info" "smcr info --json" "smcr -d dev" "smcr device netdev eth0 --json" \
		"smcr linkgroup ffffff00; smcr device ibdev rxe1" "smcr ueid" "$REFUSED_EIDS" "smcr --json ueid" \
		"smcr u d TOOLS.EID; smcr ueid | wc -l" "smc_pnet"
	has $guest "info" "smcr info" 0 "^Module: +$(module_of $guest)\$" "^SMC Version: +2\.[0-9]" \
		"^SMC-R Features: +v1 v2" "^RoCE: .*v2"
	is "[\"$(module_of $guest)\", 2]" \
		"$(get $guest "smcr info --json" '[d["info"][k] for k in ("module", "version")]')" "$guest: the same in JSON"
	valid $guest "smcr info --json" "smcr device netdev eth0 --json" "smcr --json ueid"
	if is_complete $guest; then
		has $guest "device" "smcr -d dev" 0 '^Net-Dev +IB-Dev +IB-P +IB-State' \
			'^eth0 +rxe0 +1 +ACTIVE .* 0000 '
		is '["rxe0"]' "$(get $guest "smcr device netdev eth0 --json" '[r["ib_dev"] for r in d["devices"]]')" \
			"$guest: devices of an interface"
	fi
	prints $guest "none of other names" "smcr linkgroup ffffff00; smcr device ibdev rxe1" ""

	has $guest "ueid" "smcr ueid" 0 '^SMC-R-DEFAULT-EID *$'
	has $guest "what is refused" "$REFUSED_EIDS" 255 '^Error: .*defined already' '^Error: .*rejected' \
		'^Error: .*not defined' '^255$' '^Error: .*CAP_NET_ADMIN'
	is '["SMC-R-DEFAULT-EID", "TOOLS.EID"]' \
		"$(get $guest "smcr --json ueid" 'sorted(r["eid"] for r in d["ueids"])')" "$guest: one more"
	prints $guest "one less" "smcr u d TOOLS.EID; smcr ueid | wc -l" 1
	if ! is_complete $guest; then
		has $guest "no PNET IDs" "smc_pnet" 1 '^Error: SMC_PNETID not found'
		continue
	fi
	ask $guest "smc_pnet -a net1 -I dummy9; smc_pnet -D nodev -P 2 -a NET2; smc_pnet | sort" \
		"smc_pnet -s net2" "smc_pnet net2 --json" "$REFUSED_PNETS" "smc_pnet -d Net1; smc_pnet" "smc_pnet -f; smc_pnet" \
		"$LONG_PNETS"
	prints $guest "PNET IDs" "smc_pnet -a net1 -I dummy9; smc_pnet -D nodev -P 2 -a NET2; smc_pnet | sort" \
		"NET1 dummy9 n/a 255 NET2 n/a nodev 2"
	prints $guest "one of them" "smc_pnet -s net2" "NET2 n/a nodev 2"
	is '[{"pnetid": "NET2", "ib_dev": "nodev", "ib_port": 2}]' \
		"$(get $guest "smc_pnet net2 --json" 'd["pnetids"]')" "$guest: one of them"
	valid $guest "smc_pnet net2 --json"
	has $guest "what is refused" "$REFUSED_PNETS" 1 '^Error: Object exists$' \
		'^Error: Invalid input data or parameter$' '^Error: Object not found$' '^Error: Operation not permitted'
	prints $guest "one less" "smc_pnet -d Net1; smc_pnet" "NET2 n/a nodev 2"
	prints $guest "all gone" "smc_pnet -f; smc_pnet" ""
	prints $guest "long options, and port 0" "$LONG_PNETS" \
		"NETL dummy9 n/a 255 NETL n/a nodev 1 NETM n/a nodev2 1 NETM n/a nodev2 1"
done

# --- connections ---

for guest in a b; do
	on $guest "smcr stats reset >/run/reset"
done
start a held "conns client -m smc -H -n 3 -k smc $B 7000"
start a fallen "conns client -m smc -H -n 2 -k tcp $B 7001"
start b fallen "conns client -m tcp -H -n 1 $A 7000"
start a v6 "conns client -m tcp -6 -H -n 1 $B6 7006"
wait_for 10 on a '[ "$(smcnl stat fallback_client)" = 2 ] && [ "$(smcnl stat fallback_server)" = 1 ]'
wait_for 10 on b '[ "$(smcnl stat server_v2)" -ge 3 ] && [ "$(smcnl stat fallback_server)" = 1 ]'
sleep 1

KERNEL_STATS="smcnl stats | awk '\$1 ~ /_bytes|_calls/' | sort | awk '{print \$2}'"
SHOW_TOP="timeout 4 smcr -w 1 stats >/run/watched 2>/dev/null &
	(sleep 3; printf q) | TERM=linux script -qec 'stty rows 50 cols 120; smcr -w 1 top' /dev/null >/run/screen
	rc=\$?; wait; sed \"s/\$(printf '\\033')\\[[0-9;?]*[a-zA-Z]/ /g\" /run/screen | tr '\001-\011\013-\037' ' '
	echo; grep -c '^RX Stats' /run/watched; exit \$rc"

# Rows and the heading; nothing at all if there is no row.
BY_NAME="id=\$(smcr linkgroup | awk 'NR == 2 {print \$1}')
	for what in 'linkgroup all' \"linkgroup show \$id\" 'linkgroup link-show all' \"link \$id\" \
		'linkgroup pnetid NONE' 'device show all ibdev rxe0'; do smcr \$what | wc -l; done"

# show is what they do anyway
SHOW="for what in info stats link linkgroup device; do
	text=\$(smcr \$what); [ -n \"\$text\" ] && [ \"\$text\" = \"\$(smcr \$what show)\" ] || echo \$what; done"

for guest in a b; do
	role=CLNT peer=b tcp=3 listeners=1 reason="2 +client"
	[ $guest = a ] || role=SERV peer=a tcp=1 listeners=2 reason="1 +server"
	ask $guest "smcr linkgroup" "$BY_NAME" "$SHOW" "smcr -d linkgroup" "smcr -j linkgroup peer $peer" "smcr linkgroup link-show" \
		"smcr -dd link netdev eth0" "cat /sys/class/infiniband/rxe0/ports/1/gids/1" "smcr --json link" \
		"$KERNEL_STATS" "smcr -a --json stats" "smcr -d stats" "smcr --json stats" "smcr stats json" \
		"smcr stats reset >/dev/null; smcr stats json" "smcr stats json -a" "$SHOW_TOP" "smcr top </dev/null"
	has $guest "linkgroup" "smcr linkgroup" 0 '^LG-ID +LG-Role +LG-Type +VLAN +#Conns +PNET-ID$' \
		"^0[0-9a-f]{5}00 $role +SINGLE +0 +3\$"
	has $guest "linkgroup, more" "smcr -d linkgroup" 0 '^LG-Role  : '$role '^Version  : 2' \
		'^EID      : SMC-R-DEFAULT-EID' '^Peer-Host: '$peer '^#Conns   : 3'
	prints $guest "all, or by a name" "$BY_NAME" "2 2 2 2 0 2"
	prints $guest "show" "$SHOW" ""
	is '[3, true]' "$(get $guest "smcr -j linkgroup peer $peer" \
		'[d["linkgroups"][0]["conns"], d["linkgroups"][0]["direct"]]')" "$guest: the same in JSON"
	has $guest "link" "smcr linkgroup link-show" 0 '^LG-ID +LG-Role +LG-Type +Net-Dev +Link-State +#Conns$' \
		"^0[0-9a-f]{5}00 $role +SINGLE +eth0 +LINK_ACTIVE +3\$"
	has $guest "link, all" "smcr -dd link netdev eth0" 0 " rxe0 +1 .*:ffff:0a00:000[12] +.*:ffff:0a00:000[12]"
	prints $guest "the GID of the device" "cat /sys/class/infiniband/rxe0/ports/1/gids/1" \
		"$(get $guest "smcr --json link" 'd["links"][0]["gid"]')"
	prints $guest "stats as the kernel has them" "$KERNEL_STATS" \
		"$(get $guest "smcr -a --json stats" '" ".join(str(d["stats"]["smcr"][k]) for k in
			("rx_bytes", "rx_requests", "tx_bytes", "tx_requests"))')"
	is "[3, 0, 3]" "[$(for command in "smcr stats json" "smcr stats reset >/dev/null; smcr stats json" \
		"smcr stats json -a"; do get $guest "$command" \
		'd["SMCR"]["SMC_SRV_V2_SUCC_CNT"] + d["SMCR"]["SMC_CLNT_V2_SUCC_CNT"]'; done | paste -sd, | sed 's/,/, /g')]" \
		"$guest: stats anew, and not"
	valid $guest "smcr -j linkgroup peer $peer" "smcr --json link" "smcr --json stats" "smcr stats json"
	has $guest "top, and stats again and again" "$SHOW_TOP" 0 Throughput 'Open sockets' 'Link groups' \
		'Fallbacks by reason' '^[2-5]$'
	has $guest "top, what the kernel counts" "$SHOW_TOP" 0 "(^| )by SMC +3 " "(^| )by TCP +$tcp " \
		" $role +SINGLE +3 +$peer" "(^| )$reason +$NO_SMC "
	! is_complete $guest || has $guest "top, open sockets" "$SHOW_TOP" 0 "(^| )SMCR +3( |\$)" "(^ *|[^ y] +)TCP +$tcp( |\$)" \
		"(^| )LISTEN +$listeners( |\$)"
	has $guest "top without a terminal" "smcr top </dev/null" 1 '^Error: top needs a terminal'
done
has a "stats" "smcr -d stats" 0 '^  Total connections handled +6$' '^  SMC connections +3 \(client 3, server 0\)' \
	'^    v2 +3$' '^  TCP fallback +3 \(client 2, server 1\)' "^ +PEER_NO_SMC +2 \($NO_SMC" '^  Bufs ' '^  Reqs '
has b "stats" "smcr -d stats" 0 '^  Total connections handled +4$' '^  SMC connections +3 \(client 0, server 3\)' \
	'^  TCP fallback +1 \(client 0, server 1\)'
is '[["client", 2], ["server", 1]]' "$(get a "smcr --json stats" \
	'sorted([r["side"], r["count"]] for r in d["stats"]["fallback_reasons"] if r["code"] == "'$NO_SMC'")')" \
	"a: reasons in JSON"

# --- sockets ---

WHOSE="smcss --json -p --port 7000 | sed -n 's/.*\"inode\":\([0-9]*\),.*\"pid\":\([0-9]*\).*/\1 \2/p' |
	{ read -r inode pid; ls -l /proc/\$pid/fd | grep -c \"socket:.\$inode\"; }"

for guest in a b; do
	if ! is_complete $guest; then
		has $guest "sockets cannot be listed" "smcss" 1 '^State ' '^Error: .*smc_r_diag not loaded'
		continue
	fi
	role=CLNT
	[ $guest = a ] || role=SERV
	ask $guest "smcss" "smcss -D" "smcss -R" "smcss -d -W" "smcss -l --port 7000" "smcss --address $B --port 7000 --name conns -p" \
		"smcss --name nobody" "smcss -j --port 7000" "smcss -a --json" "$WHOSE" "smcss --port 7001 --json" \
		"smcss -a --port 7006" "smcss --address $A6" "smcss --address $A6 --json"
	is 3 "$(awk '$1 == "ACTIVE" && $7 == "SMCR"' <<<"${printed["$guest smcss"]}" | grep -c " $B:7000 ")" "$guest: smcss"
	is "SMCR $role rxe0 01 01" "$(awk 'NR == 2 {print $7, $8, $9, $10, $11}' <<<"${printed["$guest smcss -R"]}")" \
		"$guest: smcss -R"
	has $guest "no SMC-D sockets" "smcss -D" 0 '^State '
	is 1 "$(wc -l <<<"${printed["$guest smcss -D"]}")" "$guest: no row of them"
	has $guest "smcss -d" "smcss -d -W" 0 ' SMCR <-> +[0-9a-f]{8} 00[0-9a-f]{6} 00' ' txfin-Cursor$'
	is "LISTEN" "$(awk 'NR > 1 {print $1}' <<<"${printed["$guest smcss -l --port 7000"]}")" "$guest: smcss -l"
	has $guest "smcss -p" "smcss --address $B --port 7000 --name conns -p" 0 '^ACTIVE .* SMCR conns$'
	is 1 "$(wc -l <<<"${printed["$guest smcss --name nobody"]}")" "$guest: nobody's sockets"
	is true "$(get $guest "smcss -j --port 7000" 'all(s["inode"] and s["shutdown"] == 0 and s["gid"] != s["peer_gid"]
		for s in d["sockets"] if s["mode"] == "SMCR")')" "$guest: smcss --json"
	prints $guest "whose a socket is" "$WHOSE" 1
	valid $guest "smcss -a --json" "smcss -j --port 7000"
done
if is_complete a; then
	is "[\"$NO_SMC\", \"$NO_SMC\"]" "$(get a "smcss --port 7001 --json" '[s["reason"] for s in d["sockets"]]')" \
		"a: TCP and why"
fi
if is_complete b; then
	has b "an IPv6 socket" "smcss --address $A6" 0 "^ACTIVE .* $A6:[0-9]+ +0000 TCP $NO_SMC\$"
	has b "a listener of IPv6" "smcss -a --port 7006" 0 "^LISTEN +[0-9]+ [0-9]+ 0.0.0.0:7006\$"
	is "[\"$B6\", 7006]" "$(get b "smcss --address $A6 --json" \
		'[d["sockets"][0]["local_address"], d["sockets"][0]["local_port"]]')" "b: its addresses in JSON"
fi

for guest in $(guests ours); do
	is_complete $guest || continue
	tell $guest values.$guest "${TOLD[@]}"
	same $guest values.$guest sockets groups links devices stats text metrics
done

# Both forms of an option do the same.
FORMS="smc_pnet -a FIRST -D nodev
	for tool in smcss smcr smc_pnet; do
		\$tool -h | sed -nE 's/^  (-[A-Za-z]), (--[a-z]+)  .*/\1 \2/p' | while read -r short long; do
			word=
			case \$tool\$short in
			smcr-a) word=stats ;;
			smcr-d) word=linkgroup ;;
			smcr-j) word=ueid ;;
			smc_pnet-[adf]) continue ;;
			esac
			text=\$(\$tool \$short \$word)
			[ -n \"\$text\" ] && [ \"\$text\" = \"\$(\$tool \$long \$word)\" ] || echo \$tool \$short \$long
			# of smcr, long ones may begin with one dash
			[ \$tool != smcr ] || [ \"\$text\" = \"\$(\$tool \${long#-} \$word)\" ] || echo \$tool \${long#-}
		done
	done; smc_pnet -f"
[ -z "${RIG_LONG:-}" ] || prints a "long and short options" "$FORMS" ""

# --- metrics ---

for guest in a b; do
	role=client
	[ $guest = a ] || role=server
	on $guest "cd /run; smcr -o smc.prom metrics; ls smc.prom*; smcnl stat tx_bytes; cat smc.prom" >"$RIG_DIR/prom"
	is "smc.prom" "$(sed -n 1p "$RIG_DIR/prom")" "$guest: metrics leave one file"
	ok "$guest: ... and a device alone" on $guest "smcr -o /dev/null metrics && [ -c /dev/null ]"
	is 1 "$(on $guest "smcr --json info >/dev/full 2>/dev/null && echo 0 || echo \$?")" \
		"$guest: a full disk is told"
	bytes=$(sed -n 2p "$RIG_DIR/prom")
	sed -i 1,2d "$RIG_DIR/prom"
	is "" "$(grep -Ev '^# (HELP|TYPE) smc_[a-z_]+ |^smc_[a-z_]+(\{([a-z_]+="[^"]*",?)*\})? [0-9]+$' "$RIG_DIR/prom")" \
		"$guest: metrics are well-formed"
	is "" "$("$PROMTOOL" check metrics <"$RIG_DIR/prom" 2>&1)" "$guest: Prometheus takes them"
	ok "$guest: they have what alerts and dashboard use" "$MONITORING" check "$RIG_DIR/prom"
	is "" "$(sed -n 's/^# TYPE //p' "$RIG_DIR/prom" | cut -d ' ' -f 1 | sort | uniq -d)" "$guest: each has one type"
	is "smc_connections_total{role=\"$role\",version=\"2\"} 3" "$(grep "connections_total.*$role.*\"2\"" "$RIG_DIR/prom")" \
		"$guest: connections in metrics"
	is "$bytes" "$(sed -n 's/^smc_bytes_total{direction="tx"} //p' "$RIG_DIR/prom")" "$guest: bytes in metrics"
	like "^smc_link_group_connections\{.*\} 3$" "$(cat "$RIG_DIR/prom")" "$guest: link groups in metrics"
done

# --- again and again, while things change ---

# Each command, what a print of it has once, and what is in a print so many times, and
# once more when an EID, a PNET ID and a connection have come.
REPEATED='smcr -w 1 info|^Module:||
smcr -w 1 ueid|^SMC-R-DEFAULT-EID|^AGAIN|0
smcr -w 1 linkgroup|^LG-ID||
smcr -w 1 link|^LG-ID| 4$|0
smcr -w 1 device|^Net-Dev|AGAIN|0
smcr -a -w 1 stats|^RX Stats|SMC connections .* 4$|0
smcr -w 1 metrics|^# TYPE smc_info |^smc_link_group_connections.* 4$|0
smcss -w 1|^State|:7000 .* SMCR|3
smc_pnet -w 1|^FIRST|^AGAIN|0
smcr -j -w 1 ueid|^{|"AGAIN|0
smcr -j -w 1 linkgroup|^{|"conns":4|0
smcss -j -w 1|^{|"peer_port":7000|3
smc_pnet -w 1 -j|^{|"AGAIN"|0'

repeated() {
	on a "smc_pnet -a FIRST -D nodev
		cat >/run/again <<'END'
$REPEATED
END
		n=0
		while IFS='|' read -r command rest; do
			n=\$((n + 1)); \$command >/run/again.\$n </dev/null & pids=\"\$pids \$!\"
		done </run/again
		until [ \$(find /run/again.* -size +0c | wc -l) = \$n ]; do sleep 0.1; done
		smcr ueid add AGAIN; smc_pnet -a AGAIN -D rxe0
		conns client -m smc -H -n 1 -k smc $B 7000 >/dev/null & pids=\"\$pids \$!\"
		until smcnl lgr | grep -q ' conns 4 '; do sleep 0.1; done
		sleep $((2 * SLOW)); until [ \$(grep -c ^Module: /run/again.1) -ge 2 ]; do sleep 0.2; done
		kill \$pids; wait
		smcr ueid del AGAIN; smc_pnet -f
		n=0
		while IFS='|' read -r command head new before; do
			n=\$((n + 1)); prints=\$(grep -c \"\$head\" /run/again.\$n); news=\$(grep -o \"\$new\" /run/again.\$n | wc -l)
			[ \$prints -ge 2 ] && { [ -z \"\$new\" ] || { [ \$news -gt \$((before * prints)) ] &&
				[ \$news -lt \$(((before + 1) * prints)) ]; }; } || echo \"\$command: \$news in \$prints\"
		done </run/again"
}
! is_complete a || is "" "$(repeated)" "a: again and again, each time what there is"

# --- without a module ---

on a "for name in held fallen v6 smc; do /rig/daemon stop \$name; done"
on b "for name in fallen v6 smc; do /rig/daemon stop \$name; done"
MISSING="smcr info; echo \$?; smcss; echo \$?; smc_pnet; smcr -o /run/new.prom metrics
	rc=\$?; ls /run/new* 2>/dev/null; exit \$rc"
for guest in $(guests ours); do
	start $guest metrics "smcr -w 1 -o /run/kept.prom metrics"
	wait_for 5 on $guest "[ -e /run/kept.prom ]"
	unload $guest
	status=0
	finish $guest metrics 5 || status=$?
	is "1 /run/kept.prom" "$status $(on $guest "ls /run/kept*" | xargs)" "$guest: metrics end with the module, and leave one file"
	has $guest "without a module" "$MISSING" 1 \
		'^Error: SMC module not loaded' '^1$' '^State ' '^Error: SMC_PNETID not found'
done
done_testing
