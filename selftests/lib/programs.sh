# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash
#
# For prog_*: what holds for every program that ran under smc_run, b serving a.
declare -A PROG_BEFORE

prog_begin() {
	local guest

	for guest in a b; do
		PROG_BEFORE[$guest]=$(rdma_packets $guest)
	done
}

# random_file GUEST PATH MIB: nothing that could be compressed.
random_file() {
	on "$1" "mkdir -p ${2%/*} && head -c ${3}m /dev/urandom >$2"
}

# sum_of GUEST PATH...: one SHA-256 over the files, or the directories'.
sum_of() {
	on "$1" "find ${*:2} -type f | sort | xargs cat | sha256sum"
}

# went_over_smc GUEST BYTES: it sent so many, by SMC and by RDMA. A packet has
# 1024 of them at most.
went_over_smc() {
	local packets=$(($(rdma_packets $1) - PROG_BEFORE[$1]))

	num "$(smc_stat $1 tx_bytes) -ge $2" "$1 sent what it had to through SMC"
	num "$packets -ge $(($2 / 1024))" "and by RDMA"
}

no_conns() {
	[ "$(group_conns a | tr -d ' 0')$(group_conns b | tr -d ' 0')" = "" ]
}

# prog_end CONNECTIONS A_BYTES B_BYTES [BROKEN]: a made as many connections to b
# and more, all of them by SMC; each guest sent as much and more. BROKEN
# handshakes (0) and less may have failed since the client went away.
prog_end() {
	local guest broken=${4:-0} client server

	client=$(smc_stat a client_v2)
	server=$(smc_stat b server_v2)
	num "$client -ge $1" "connections of SMC version 2"
	num "$((client > server ? client - server : server - client)) -le $broken" \
		"as many of the server"
	for guest in a b; do
		no_fallback $guest
		is 0 "$(smc_stat $guest client_errors)" "no failed handshake on $guest"
		num "$(smc_stat $guest server_errors) -le $broken" "nor as server"
	done
	went_over_smc a $2
	went_over_smc b $3
	ok "no connection is left" wait_for 15 no_conns
	for guest in a b; do
		[ "$(role_of $guest)" = ours ] || continue
		ok "the module of $guest goes" unload $guest
	done
}
