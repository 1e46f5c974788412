#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# smcr doctor says why connections use TCP, or would, and what to do about it:
# each of its findings, made true before.
#
#	a smcr doctor ---- SMC-R over rxe0, or TCP ---- b conns, clcpeer
#
# programs: firewall
# timeout: 240
. "$RIG_LIB"
. "$(dirname "$RIG_LIB")/asking.sh"

NO_SMC=0x03010000
# both look the same; the long suite asks both
GUESTS=$(by_size a "a b")
declare -A address_of=([a]=$A [b]=$B) peer_of=([a]=$B [b]=$A)

# findings GUEST COMMAND CHECK: status and text of these, from its JSON.
findings() {
	get "$1" "$2" '"\n".join(c["status"] + " " + c["text"] for c in d["doctor"]["checks"] if c["check"] == "'"$3"'")'
}

# firewalls come later; until then nobody has to ask for their rules
for guest in a b; do
	on $guest "chmod -x /usr/sbin/nft"
	start $guest smc "conns server -m smc 7000"
	start $guest tcp "conns server -m tcp 7001"
done
start b smc6 "conns server -m smc -6 7006"
start b tcp6 "conns server -m tcp -6 7007"
for guest in a b; do
	wait_port $guest 7001
done
wait_port b 7007

# --- what did fall back; nothing is loaded yet that tells of each socket ---

for guest in $GUESTS; do
	peer=${peer_of[$guest]} self=${address_of[$guest]}
	HISTORY="conns client -m smc -k tcp -n 2 -p -T 20 $peer 7001 && conns client -m tcp -n 1 -p -T 20 $self 7000 &&
		smcr doctor"
	ask $guest "$HISTORY" "smcr doctor --json" "smcr doctor $peer:7001"
	has $guest "what fell back" "$HISTORY" 0 "^note +history +2 fell back as client, $NO_SMC: the peer did not offer" \
		"^note +history +1 fell back as server, $NO_SMC: " '^ +to do: load SMC on the peer' '^Nothing here keeps'
	is "note 2 fell back as client, note 1 fell back as server, " "$(findings $guest "smcr doctor --json" history |
		sed 's/,.*/, /' | sort -r | tr -d '\n')" "$guest: the same in JSON"
	valid $guest "smcr doctor --json"
	has $guest "by counters alone" "smcr doctor $peer:7001" 1 "^fail +peer +$peer answered without the SMC option; it was"
done
for guest in $(guests ours); do
	on $guest "insmod /rig/smc_r_diag.ko"
done

# --- devices, PNET IDs, EIDs, the peer ---

LOST="smcr ueid flush; smcr doctor"
FOUND="smcr ueid add SMC-R-DEFAULT-EID; smcr doctor"
for guest in $GUESTS; do
	peer=${peer_of[$guest]}
	module=smc_r
	[ "$(role_of $guest)" = ours ] || module=smc
	NO_PNET="smc_pnet -a NET1 -I eth0; smcr doctor $peer; rc=\$?; smc_pnet -f; exit \$rc"
	PNET="smc_pnet -a NET1 -I eth0; smc_pnet -a NET1 -D rxe0 -P 1; smcr doctor $peer:7000; rc=\$?; smc_pnet -f; exit \$rc"
	TCP="smcr doctor $peer:7009; smcr doctor $peer:7001"
	BY_NAME="echo $peer peer.test >>/etc/hosts; smcr doctor peer.test:7000"
	ask $guest "$LOST" "$FOUND" "$NO_PNET" "$PNET" "smcr doctor [::ffff:$peer]:7000" "$TCP" "$BY_NAME" \
		"smcr doctor --json $peer:7001"
	has $guest "no EID" "$LOST" 1 '^fail +eid ' 'to do: .*smcr ueid add' '^1 to put right'
	has $guest "content" "$FOUND" 0 "^ok +module +$module " '^ok +device +rxe0 port 1 on eth0' \
		'^ok +gid +.* for an IPv4 address' '^ok +eid +1 user EID' '^ok +memory '
	has $guest "a PNET ID without device" "$NO_PNET" 1 '^fail +pnetid .*NET1' 'to do: .smc_pnet -a NET1 -D' \
		"^note +peer +$peer was not asked" '^1 to put right'
	has $guest "a PNET ID with device" "$PNET" 0 '^ok +device +rxe0 port 1' \
		'^ok +pnetid +interface and an RDMA device have the PNET ID NET1' '^ok +peer .*used SMC'
	has $guest "SMC" "smcr doctor [::ffff:$peer]:7000" 0 "^ok +route +$peer is reached by eth0, from ${address_of[$guest]}\$" \
		"^ok +gid +.* for ${address_of[$guest]}\$" '^ok +pnetid +no PNET ID' '^ok +peer .*used SMC'
	has $guest "SMC, by a name" "$BY_NAME" 0 "^ok +route +$peer is reached by eth0, from ${address_of[$guest]}\$" \
		"^ok +peer +a connection to $peer, port 7000, used SMC"
	has $guest "no SMC there" "$TCP" 1 '^fail +peer +nothing listens on port 7009' \
		"^fail +peer +$peer answered without the SMC option; it was in this host's SYN" 'to do: .*smc_run' \
		'^1 to put right'
	valid $guest "smcr doctor --json $peer:7001"
done

# --- more packets than the doctor can look at ---

# flooded TARGET: they pass by between its first look and its SYN
flooded() {
	echo "xfer client -m tcp -n 400g -E $(lasting 30) -d both $B 7011 >/run/flood 2>&1 &
		strace --seccomp-bpf -f -o /dev/null -e trace=connect \
			-e inject=connect:delay_enter=$((SLOW * 1000000)) smcr doctor $1
		rc=\$?; kill \$(pidof xfer); wait; exit \$rc"
}

start b flood "xfer server -m tcp 7011"
wait_port b 7011
CANNOT_TELL="^note +peer +more packets passed eth0 than could be looked at: .* cannot be told\$"
has a "no SMC there, seen in part" "$(flooded $B:7001)" 1 "^fail +peer +$B answered without the SMC option\$" \
	"$CANNOT_TELL" '^1 to put right'

# --- the way there ---

NO_ROUTE="smcr doctor 192.0.2.1:80; smcr doctor [fd99::1]:80"
OTHER="modprobe dummy; ip link add dummy7 type dummy; ip link set dummy7 up; ip addr add 10.7.0.1/24 dev dummy7
	smcr doctor 10.7.0.2"
ADDRESS="ip addr add 10.8.0.1/32 dev lo; ip route add $B/32 dev eth0 src 10.8.0.1
	smcr doctor $B; rc=\$?; ip route del $B/32; ip addr del 10.8.0.1/32 dev lo; exit \$rc"
GATEWAY="ip route add 10.9.0.0/24 via $B; smcr doctor 10.9.0.1"
IP6="smcr doctor [$B6]:7006"
IP6_TCP="smcr doctor [$B6]:7007; smcr doctor [$B6]:7009"
ask a "$NO_ROUTE" "$OTHER" "$ADDRESS" "$GATEWAY" "$IP6" "$IP6_TCP"
has a "no route" "$NO_ROUTE" 1 '^fail +route +there is no route to 192.0.2.1' \
	'^fail +route +there is no route to fd99::1' '^1 to put right'
has a "another interface" "$OTHER" 1 '^fail +device +no RDMA device is on dummy7'
has a "an address of no RDMA device" "$ADDRESS" 1 '^ok +route .* by eth0, from 10.8.0.1' \
	'^fail +gid +no GID of the RDMA device is for 10.8.0.1' '^1 to put right'
has a "a gateway" "$GATEWAY" 0 "^ok +route +10.9.0.1 is reached by eth0, from $A, behind a gateway\$" \
	'^note +route +behind a gateway, SMC needs version 2'
if [ $RIG_PEERS = ours:ours ]; then
	has a "IPv6" "$IP6" 0 "^ok +route +$B6 is reached by eth0, from $A6\$" \
		'^ok +gid +.* for an IPv4 address$' '^ok +pnetid ' "^ok +peer +a connection to $B6, port 7006, used SMC"
else
	has a "IPv6, which stock leaves to TCP" "$IP6" 1 \
		"^ok +route +$B6 is reached by eth0, from $A6\$" '^ok +gid ' '^fail +peer ' '^1 to put right'
fi
has a "no SMC there over IPv6" "$IP6_TCP" 1 \
	"^fail +peer +$B6 answered without the SMC option; it was in this host's SYN" \
	"^fail +peer +nothing listens on port 7009 of $B6"

# --- firewalls ---

# ruled PREROUTING OUTPUT COMMAND: with these rules of nft.
ruled() {
	printf '%s\n' "nft -f - <<'EOT'" "table inet doctor {" \
		"chain in { type filter hook prerouting priority -300; $1" "}" \
		"chain out { type filter hook output priority 0; $2" "}" "}" EOT \
		"$3; rc=\$?; nft delete table inet doctor; exit \$rc"
}

# tabled RULE COMMAND: with this rule of iptables, its program in place of nft
tabled() {
	echo "chmod -x /usr/sbin/nft; iptables-nft $1; $2; rc=\$?; chmod +x /usr/sbin/nft; nft flush ruleset; exit \$rc"
}

NFT_OUT=$(ruled "" "tcp dport 7000 reset tcp option 254" "smcr doctor $B:7000")
NFT_IN=$(ruled "tcp sport 7000 reset tcp option 254" "" "smcr doctor $B:7000")
NFT_DROP=$(ruled "" "tcp dport 7000 tcp option 254 exists counter drop" "smcr doctor --json")
NFT_OTHERS=$(ruled "" "tcp dport 7009 tcp option @254,16,32 0xe2d4c3d9 drop" "smcr doctor $B:7000")
IPT_STRIP=$(tabled "-t mangle -A OUTPUT -p tcp -m tcp --dport 7000 -j TCPOPTSTRIP --strip-options sack-permitted,254" \
	"smcr doctor $B:7000")
IN_ORDER=$(ruled "" "tcp dport 7000 reset tcp option 254" "sysctl -qw net.ipv4.tcp_syncookies=2
	smcr doctor --json $B:7000; sysctl -qw net.ipv4.tcp_syncookies=1")
IPT_DROP=$(tabled "-A OUTPUT -p tcp -m tcp --dport 7000 --tcp-option 254 -j DROP" "smcr doctor")
FLOODED=$(ruled "" "tcp dport 7000 tcp option 254 exists drop" "( $(flooded $B:7000) )")
HARMLESS=$(ruled "tcp option 254 exists accept" \
	"tcp option 254 missing tcp dport 7009 drop; reset tcp option sack-perm; tcp option @254,16,16 63881 drop" \
	"iptables-nft -t mangle -A OUTPUT -p tcp -j TCPOPTSTRIP --strip-options sack-permitted
	iptables-nft -A INPUT -p tcp -m tcp --dport 7009 ! --tcp-option 254 -j DROP
	nft list ruleset 2>/dev/null | grep -c 'option 254'; iptables-save | grep -c -e STRIP -e 'option 254'
	smcr doctor | grep -c firewall")
if on a "modprobe -a nf_tables nft_compat xt_TCPOPTSTRIP xt_tcpudp 2>/dev/null"; then
	has_firewall=yes
	on a "chmod +x /usr/sbin/nft; ln -s iptables-nft /usr/sbin/iptables-save"
	ask a "$NFT_OUT" "$IPT_STRIP" "$IN_ORDER"
	is "module route device gid pnetid eid limit memory firewall peer" "$(get a "$IN_ORDER" \
		'"\n".join(c["check"] for c in d["doctor"]["checks"])' | uniq | xargs)" \
		"a: all checks, in the order in which faults are to be put right"
	has a "a rule takes the option out of the SYN" "$NFT_OUT" 1 \
		'^fail +firewall +.*takes the SMC option out of TCP: tcp dport 7000 reset tcp option 254$' \
		"^fail +peer +this host sent its SYN without the SMC option" '^2 to put right'
	has a "iptables takes the option out" "$IPT_STRIP" 1 \
		'^fail +firewall .*: -A OUTPUT .*-j TCPOPTSTRIP --strip-options 4,254$' \
		"^fail +peer +this host sent its SYN without the SMC option"
else
	skip "a: firewalls" "this kernel has none"
fi

# --- limits, EIDs ---

COOKIES="sysctl -qw net.ipv4.tcp_syncookies=2; smcr doctor $B:7000; echo from here: \$?
	smcr doctor; rc=\$?; sysctl -qw net.ipv4.tcp_syncookies=1; exit \$rc"
LIMIT="sysctl -qw net.smc.limit_smc_hs=1; smcr doctor; rc=\$?; sysctl -qw net.smc.limit_smc_hs=0; exit \$rc"
read -r me < <(guests ours)
has a "SYN cookies" "$COOKIES" 1 '^note +limit +every connection to this host gets a SYN cookie' '^from here: 0$' \
	'^fail +limit +every connection to this host gets a SYN cookie' '^1 to put right'
has $me "a limit of handshakes" "$LIMIT" 0 '^note +limit +listeners take connections by TCP while many'
on b "smcnl ueid flush; smcnl ueid add OTHER-EID"
has a "no EID in common" "smcr doctor $B:7000 # EID" 1 '^ok +eid ' \
	'^fail +peer +.*declined with 0x0303' 'to do: on the peer: .*EID'
# Version 1, which two hosts of ours have over these GIDs, needs none.
WITHOUT="smcr ueid flush; smcr doctor $B:7000; rc=\$?; smcr ueid add SMC-R-DEFAULT-EID; exit \$rc"
if [ "$(guests ours | xargs)" = "a b" ]; then
	on b "smcnl ueid flush"
	has a "no EID, and SMC all the same" "$WITHOUT" 0 '^note +eid +there is no user EID' \
		'^ok +peer +.*used SMC' '^Nothing here keeps'
	on b "smcnl ueid add OTHER-EID"
fi
[ -n "${RIG_LONG:-}" ] || { done_testing; exit; }
has b "no EID in common" "smcr doctor $A:7000 # EID" 1 '^fail +peer +.*declined with 0x0303' \
	'to do: on the peer: .*EID'
on b "smcnl ueid flush; smcnl ueid add SMC-R-DEFAULT-EID"

# --- rules that strip and drop, or do not ---

# Time-outs: nothing of the port comes back, or nothing with the option. Also where
# TCP sockets of the doctor are converted.
SUPERVISED="smc_run -m seccomp" ATTACH=: STATUS=:
[ "$RIG_KERNEL" != 6.12 ] || ATTACH="smc_run --attach allow:uid=1000" STATUS="smc_run --status; smc_run --detach"
on a "grep -q '^Seccomp:' /proc/self/status" || SUPERVISED=
DROPPED=$(ruled "" "tcp dport { 7000, 7007 } tcp option 254 exists drop; tcp dport 7001 drop" \
	"smcr doctor $B:7000 >/run/by_root & smcr doctor $B:7001 >/run/silent &
	$SUPERVISED smcr doctor [$B6]:7007 >/run/supervised & $ATTACH
	setpriv --reuid 1000 --clear-groups smcr doctor $B:7000; rc=\$?; wait; cat /run/by_root /run/silent /run/supervised
	$STATUS; (exit \$rc)")
if [ -n "${has_firewall:-}" ]; then
	ask a "$NFT_IN" "$NFT_DROP" "$NFT_OTHERS" "$IPT_DROP" "$HARMLESS; nft flush ruleset"
	has a "a rule takes the option out of the SYN/ACK" "$NFT_IN" 1 \
		'^fail +firewall .*: tcp sport 7000 reset tcp option 254$' \
		"^fail +peer +$B offered SMC, and a rule of this host removed the option from its SYN/ACK" '^2 to put right'
	valid a "$NFT_DROP"
	like '^fail .* drops TCP packets with the SMC option: tcp dport 7000 tcp option 254 exists counter .* drop$' \
		"$(findings a "$NFT_DROP" firewall)" "a: a rule drops the option"
	has a "a rule that is for others" "$NFT_OTHERS" 0 '^note +firewall .* though not here: .* 3805594585 drop$' \
		'^ok +peer .*used SMC'
	has a "iptables drops the option" "$IPT_DROP" 1 '^fail +firewall .* drops .*--tcp-option 254 -j DROP$' \
		'^1 to put right'
	prints a "rules that do no harm" "$HARMLESS; nft flush ruleset" "3 2 0"
	ON_TIMEOUT=60 has a "what is dropped" "$DROPPED" 1 '^fail +firewall .* drops ' \
		"^fail +peer +$B answers only without the SMC option: a firewall drops packets" \
		"^fail +peer +$B answers by TCP, and not by SMC\$" 'to do: ask again as root' \
		"^fail +peer +$B does not answer\$" "to do: .*'ping $B'" \
		"^fail +peer +$B6 answers only without the SMC option: a firewall drops packets"
	ON_TIMEOUT=60 has a "what is dropped, seen in part" "$FLOODED" 1 "^fail +peer +$B answers by TCP, and not by SMC\$" \
		'to do: ask again while there is less traffic on eth0' "$CANNOT_TELL"
	is 0 "$(grep -c "peer .*firewall" <<<"${printed["a $FLOODED"]}" || true)" "a: and the peer's line blames no firewall"
	[ "$ATTACH" = : ] || like '^converted: [1-9]' "${printed["a $DROPPED"]}" "a: TCP sockets were converted"
	on a "chmod -x /usr/sbin/nft"
fi

# --- devices, memory ---

# The SMC option is the last of a SYN, 20 bytes behind the TCP header.
STRIPPED="modprobe -a sch_ingress cls_u32 act_pedit act_csum; tc qdisc add dev eth0 clsact
	tc filter add dev eth0 egress protocol ip u32 match ip protocol 6 0xff match u8 2 0x12 at 33 action \
		pedit ex munge offset 60 u32 set 0x01010101 munge offset 64 u32 set 0x01010101 pipe action csum ip4h tcp
	smcr doctor $B:7000; rc=\$?; tc qdisc del dev eth0 clsact; exit \$rc"
# The limit is that of a cgroup above. Not as root, who asks for rules by programs
# that need more.
CGROUP="mount -t cgroup2 none /sys/fs/cgroup; cd /sys/fs/cgroup; echo +memory >cgroup.subtree_control
	mkdir -p small/inner; echo 2M >small/memory.max
	sh -c 'echo \$\$ >small/inner/cgroup.procs; exec setpriv --reuid 1000 --clear-groups smcr --json doctor'"
# What the kernel keeps for itself is not available.
MEMORY="keep=/proc/sys/vm/min_free_kbytes; old=\$(cat \$keep)
	awk '/^MemFree:/ {print int(\$2 * 3 / 4)}' /proc/meminfo >\$keep
	smcr doctor; rc=\$?; echo \$old >\$keep; exit \$rc"
DESCRIPTORS="ulimit -n 4; smcr doctor"
DOWN="ip link set eth0 down; sleep 1; smcr doctor; rc=\$?; ip link set eth0 up
	ip addr add $A6/64 dev eth0 nodad; exit \$rc"
NO_DEVICE="rdma link del rxe0; smcr doctor $B:7000; rc=\$?
	rdma link add rxe0 type rxe netdev eth0; /rig/wait-gid rxe0 $A; exit \$rc"
USER="setpriv --reuid 1000 --clear-groups smcr doctor $B:7001"
ON_TIMEOUT=60 ask a "$STRIPPED" "$CGROUP" "$MEMORY" "$DESCRIPTORS" "$USER" "smcr doctor 10.0.0.99:80" "$DOWN" "$NO_DEVICE"
has a "the option is taken out behind the firewall" "$STRIPPED" 1 '^fail +peer +this host sent its SYN without'
valid a "$CGROUP"
is '[["memory", true]]' "$(get a "$CGROUP" '[[c["check"], "memory.max" in c["fix"]] for c in d["doctor"]["checks"]
	if c["status"] == "fail"]')" "a: little is left to a memory cgroup"
has a "no memory" "$MEMORY" 1 '^fail +memory +only [0-9]+ KiB of memory are free' '^1 to put right'
has a "no sockets" "$DESCRIPTORS" 1 '^fail +module +SMC sockets cannot be made: Too many open files'
has a "no SMC there, seen by a user" "$USER" 1 "^fail +peer +$B answered without the SMC option\$"
has a "nobody there" "smcr doctor 10.0.0.99:80" 1 \
	'^fail +peer +10.0.0.99 cannot be connected to: No route to host' '^1 to put right'
has a "the link is down" "$DOWN" 1 '^fail +device +the port of rxe0 is not active' 'to do: bring the link up'
has a "no RDMA device" "$NO_DEVICE" 1 '^fail +device +there is no RDMA device' '^fail +peer .*0x03030000' \
	'to do: .*rdma link add'

# --- IPv6 and PNET IDs, where RDMA goes another way ---

# SMC uses IPv4 addresses of the device whatever address TCP has.
SOURCE="ip -6 addr add fd08::1/128 dev lo; ip -6 route add $B6/128 dev eth0 src fd08::1
	smcr doctor [$B6]:7006; rc=\$?; ip -6 route del $B6/128 dev eth0; ip -6 addr del fd08::1/128 dev lo; exit \$rc"
NO_IP4="ip addr del $A/24 dev eth0; i=0
	while grep -q :ffff:0a00:0001 /sys/class/infiniband/rxe0/ports/1/gids/*; do
		i=\$((i + 1)); [ \$i -lt 50 ] || exit 9; sleep 0.1; done
	smcr doctor [$B6]:7006; rc=\$?; ip addr add $A/24 dev eth0; /rig/wait-gid rxe0 $A; exit \$rc"
GATEWAY6="ip -6 route add fd09::/64 via $B6; smcr doctor fd09::1"
TWO_IDS="smc_pnet -a NETLOW -I eth0; smc_pnet -a NETUP -I eth0.7; modprobe 8021q; ip link add link eth0 name eth0.7 type vlan id 7
	ip addr add 10.7.7.1/24 dev eth0.7; ip link set eth0.7 up; smcr doctor 10.7.7.2; rc=\$?
	smc_pnet -f; ip link del eth0.7; exit \$rc"
OTHER_DEVICE="smc_pnet -a NETM -I eth0; smc_pnet -a NETM -D rxe2 -P 1; smcr doctor $B; rc=\$?; smc_pnet -f; exit \$rc"
has a "of two PNET IDs, that of the interface itself" "$TWO_IDS" 1 '^ok +route .* by eth0.7, ' \
	'^fail +pnetid +the interface has the PNET ID NETUP,'
if [ $RIG_PEERS = ours:ours ]; then
	on b "ip -6 route add fd08::1/128 via $A6 dev eth0"
	ask a "$SOURCE" "$NO_IP4" "$GATEWAY6"
	has a "an IPv6 address of no RDMA device" "$SOURCE" 0 "^ok +route +$B6 is reached by eth0, from fd08::1\$" \
		'^ok +gid ' '^ok +peer .*used SMC'
	has a "no IPv4 address" "$NO_IP4" 1 '^fail +gid +.* no GID of RoCE version 2 for an IPv4 address' \
		'^fail +peer .*0x03030000' 'to do: give its interface an IPv4 address'
	has a "a gateway of IPv6" "$GATEWAY6" 0 "^ok +route +fd09::1 is reached by eth0, from $A6, behind a gateway\$" \
		'^note +route +behind a gateway, SMC needs .*IPv4'
	second_on a 1
	has a "a device on another interface, by its PNET ID" "$OTHER_DEVICE" 0 '^ok +device +rxe2 port 1 on mv0' \
		"^ok +gid .* for $A\$" '^ok +pnetid .* NETM$'
	on a "rdma link del rxe2; ip link del mv0"
fi

# --- a peer that breaks off, and no module ---

MISSING="smcr doctor; smcr doctor $B:7000"
without_module() {
	on $1 "for name in smc smc6; do /rig/daemon stop \$name; done 2>/dev/null; true"
	unload $1
	has $1 "no module" "$MISSING" 1 '^fail +module +the kernel has no SMC' 'to do: .*modprobe smc_r' '^ok +device '
}

if [ $RIG_PEERS = ours:ours ]; then
	without_module b
	start b peer "insmod /rig/smcr_syn.ko port=7010; printf '%s\n' 'role server' \
		'case breaks off: expect proposal; load accept; flip 0 01; send; lost' \
		'case silent: expect proposal; lost 6' >/tmp/doctor.clc; clcpeer server -t 4 /tmp/doctor.clc 7010"
	wait_port b 7010
	# which of them comes first is open
	BREAKS="smcr doctor $B:7010; smcr doctor $B:7010"
	ON_TIMEOUT=60 has a "a peer that breaks off, one that is silent" "$BREAKS" 1 \
		"^fail +peer +$B agreed to SMC, then broke off: Protocol error\$" \
		"^fail +peer +$B does not answer the SMC handshake\$" 'to do: look at the kernel log of the peer'
	ok "as its script has it" finish b peer 20
	on b "rmmod smcr_syn"
	without_module a
	# as hardware has, whose PCI address an entry may name
	pci=$(on a "basename \$(readlink -f /sys/class/net/eth0/device/..)")
	on a "insmod /rig/smcr_parent.ko device=rxe0 parent=$pci"
	load a
	PARENT="smcr ueid add SMC-R-DEFAULT-EID; smc_pnet -a NETP -I eth0 -D $pci -P 1; smcr doctor $B"
	has a "a PNET ID with the parent of a device" "$PARENT" 0 '^ok +device +rxe0 port 1 on eth0' \
		'^ok +pnetid +interface and an RDMA device have the PNET ID NETP'
	unload a
	on a "rmmod smcr_parent"
else
	for guest in $(guests ours); do
		without_module $guest
	done
fi
done_testing
