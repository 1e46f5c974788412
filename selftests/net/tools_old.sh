#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# The tools with the kernel's own SMC of an older kernel. Over software RDMA all
# of its connections use TCP.
#
#	a conns, SMC of the kernel ---- TCP ---- conns b, without SMC
#
# timeout: 100
. "$RIG_LIB"
. "$(dirname "$RIG_LIB")/asking.sh"

PROMTOOL=${XDG_CACHE_HOME:-$HOME/.cache}/smc_r/programs/usr/bin/promtool
NO_SMC=0x03010000

ask a "smcr info" "smcr info --json" "smcr -d dev" "smcr --json device" "smcr linkgroup; smcr link" "smcr ueid" \
	"smcr ueid add TOOLS.EID; smcr --json ueid" "smcr ueid add tools" "smcr ueid del OTHER" "smcr ueid del TOOLS.EID; smcr ueid"
has a "info" "smcr info" 0 '^Module: +smc$' '^SMC Version: +2' '^SMC-R Features: +v1'
is '["smc", 2]' "$(get a "smcr info --json" '[d["info"][k] for k in ("module", "version")]')" "a: the same in JSON"
has a "device" "smcr -d dev" 0 '^Net-Dev +IB-Dev +IB-P +IB-State' '^(eth0|n/a) +rxe0 +1 +ACTIVE'
is '["rxe0"]' "$(get a "smcr --json device" '[r["ib_dev"] for r in d["devices"]]')" "a: the same in JSON"
prints a "no link group" "smcr linkgroup; smcr link" ""
has a "ueid" "smcr ueid" 0 '^SMC-R-DEFAULT-EID *$'
is '["SMC-R-DEFAULT-EID", "TOOLS.EID"]' "$(get a "smcr ueid add TOOLS.EID; smcr --json ueid" \
	'sorted(r["eid"] for r in d["ueids"])')" "a: one more"
has a "a wrong one" "smcr ueid add tools" 255 '^Error: '
has a "one that is not there" "smcr ueid del OTHER" 255 '^Error: .*not defined'
prints a "one less" "smcr ueid del TOOLS.EID; smcr ueid" "SMC-R-DEFAULT-EID"
valid a "smcr info --json" "smcr --json device" "smcr ueid add TOOLS.EID; smcr --json ueid"

ask a "smc_pnet -a net1 -I eth0; smc_pnet" "smc_pnet -j" "smc_pnet -d NET3" "smc_pnet -f; smc_pnet"
prints a "PNET IDs" "smc_pnet -a net1 -I eth0; smc_pnet" "NET1 eth0 n/a 255"
is '["NET1"]' "$(get a "smc_pnet -j" '[r["pnetid"] for r in d["pnetids"]]')" "a: the same in JSON"
has a "what is refused" "smc_pnet -d NET3" 1 '^Error: '
prints a "all gone" "smc_pnet -f; smc_pnet" ""
valid a "smc_pnet -j"

start b server "conns server -m tcp 7000"
wait_port b 7000
on a "smcr stats reset >/run/reset"
start a held "conns client -m smc -H -n 2 -k tcp $B 7000"
wait_for 10 on a '[ "$(smcnl stat fallback_client)" = 2 ]'
ask a "smcr -d stats" "smcr stats json" "smcr stats reset >/dev/null; smcr -j stats" "smcss" "smcss --json" "smcr metrics" \
	"smcr doctor $B:7000"
has a "stats" "smcr -d stats" 0 '^  TCP fallback +2 \(client 2, server 0\)' "^ +PEER_NO_SMC +2 \($NO_SMC"
is 0 "$(get a "smcr stats reset >/dev/null; smcr -j stats" 'len(d["stats"]["fallback_reasons"])')" "a: stats anew"
is 2 "$(grep -c "^ACTIVE .*$B:7000 .* TCP $NO_SMC" <<<"${printed["a smcss"]}")" "a: smcss"
is "[\"$NO_SMC\", \"$NO_SMC\"]" "$(get a "smcss --json" '[s["reason"] for s in d["sockets"]]')" "a: the same in JSON"
like "^smc_fallbacks_total\{.*\} 2$" "${printed["a smcr metrics"]}" "a: metrics"
is "" "$("$PROMTOOL" check metrics <<<"${printed["a smcr metrics"]}" 2>&1)" "a: Prometheus takes them"
has a "doctor" "smcr doctor $B:7000" 1 '^ok +module +smc is loaded' '^ok +device +rxe0' \
	'^fail +peer .* without the SMC option'
valid a "smcr stats json" "smcr stats reset >/dev/null; smcr -j stats" "smcss --json"
has a "watched" "timeout 3 smcr -w 1 info" 143 '^Module: +smc$'
on a "kill -TERM \$(pidof conns)"
ok "connections work" finish a held 10
ok "server ends" stop b server
done_testing
