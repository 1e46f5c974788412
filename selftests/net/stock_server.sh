#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# Ours connects to the kernel's own SMC.
#
#	a smc_r.ko ---- SMC-R over rxe0 ---- stock smc.ko b
#
# 6.12 only: on 6.1 the other side's link confirmation never arrives over rxe.
#
# kernels: 6.12
# peers: ours:stock
# timeout: 400
# capture: yes
. "$RIG_LIB"
. "$(dirname "$RIG_LIB")/stock_peer.sh"

stock_redis
stock_xfer
stock_sockbeh a b $B
stock_end

# What they said to each other about links and keys.
is "1 03" "$(llc_flags $B 21)" "one CONFIRM LINK of the other side"
is "1 83" "$(llc_flags $A 21)" "one answer to it"
is "1 00" "$(llc_flags $B 22)" "one ADD LINK: stock wants a second link"
like '^1 c[0-9a-f]$' "$(llc_flags $A 22)" "it is rejected"
is "$(llc_flags $B 26 | sed -n 's/^\([0-9]*\) 00.*/\1 80/p')" \
	"$(llc_flags $A 26 | grep -o '[0-9]* 80')" "each CONFIRM RKEY is answered"
is "$(llc_flags $B 29 | sed -n 's/^\([0-9]*\) 00.*/\1 80/p')" \
	"$(llc_flags $A 29 | grep -o '[0-9]* 80')" "each DELETE RKEY is answered"
ok "the module goes" unload a
done_testing
