#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# Test of tools/monitoring with promtool, of Prometheus: each alert comes when it
# should, and only then; the dashboard's expressions are ones.  That `smcr
# metrics` prints what they name is in ../net/tools.sh.  Prints TAP.

here=$(cd "$(dirname "$0")" && pwd)
monitoring=$here/../../tools/monitoring
promtool=${XDG_CACHE_HOME:-$HOME/.cache}/smc_r/programs/usr/bin/promtool

. "$here/tap.sh"

# quiet COMMAND...: what it prints matters only if it fails
quiet()
{
	"$@" >"$tap_work/out" 2>&1 && return
	sed 's/^/# /' "$tap_work/out"
	return 1
}

# alerts_tested REGEX: by an expectation that begins so
alerts_tested()
{
	grep -A 1 'alertname: ' "$here/alerts_test.yml" | grep -B 1 -E "exp_alerts: *$1" |
		sed -n 's/.*alertname: //p' | sort -u
}

alerts=$(sed -n 's/.*- alert: //p' "$monitoring/alerts.yml" | sort)
tap_ok "the alerts are rules" quiet "$promtool" check rules --lint-fatal "$monitoring/alerts.yml"
tap_ok "they come when they should" quiet "$promtool" test rules "$here/alerts_test.yml"
tap_is "each is made to come" "$(alerts_tested '(&.*|\*.*)?$')" "$alerts"
tap_is "and not to come" "$(alerts_tested '\[\]$')" "$alerts"

# rules_of_dashboard: its expressions, as promtool wants them
rules_of_dashboard()
{
	"$here/../lib/monitoring.py" rules >"$tap_work/rules.yml" &&
		[ "$(grep -o '"expr"' "$tap_work/rules.yml" | wc -l)" -ge 10 ]
}

tap_ok "the dashboard has expressions" rules_of_dashboard
tap_ok "they are ones" quiet "$promtool" check rules "$tap_work/rules.yml"

tap_end
