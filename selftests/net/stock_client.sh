#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# The kernel's own SMC connects to ours.
#
#	a stock smc.ko ---- SMC-R over rxe0 ---- smc_r.ko b
#
# 6.12 only: on 6.1 the other side's link confirmation never arrives over rxe.
#
# kernels: 6.12
# peers: stock:ours
# timeout: 400
# capture: yes
. "$RIG_LIB"
. "$(dirname "$RIG_LIB")/stock_peer.sh"

stock_redis
stock_xfer
stock_close
stock_end
# Of one link, there is no more talk than about this.
is "1 2" "$(echo $(pcap 'smc.llc_msg == 1' smc.confirm.link.response | sort | uniq -c |
	awk '{n += $1} END {print NR - 1, n}'))" "CONFIRM LINK, one request and one response"
is "" "$(pcap 'smc.llc_msg == 2' smc.llc_msg)" "no ADD LINK: one link was agreed on"
ok "the module goes" unload b
done_testing
