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
stock_close
stock_end
ok "the module goes" unload a
done_testing
