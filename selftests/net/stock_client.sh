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
stock_sockbeh b a $A -r
stock_end

# What they said to each other about links and keys.
is "1 03" "$(llc_flags $B 21)" "one CONFIRM LINK of ours"
is "1 83" "$(llc_flags $A 21)" "one answer to it"
is "," "$(llc_flags $B 22),$(llc_flags $A 22)" "no ADD LINK: one link was agreed on"
is "$(llc_flags $A 26 | sed -n 's/^\([0-9]*\) 00.*/\1 80/p')" \
	"$(llc_flags $B 26 | grep -o '[0-9]* 80')" "each CONFIRM RKEY is answered"
is "$(llc_flags $A 29 | sed -n 's/^\([0-9]*\) 00.*/\1 80/p')" \
	"$(llc_flags $B 29 | grep -o '[0-9]* 80')" "each DELETE RKEY is answered"
ok "the module goes" unload b
done_testing
