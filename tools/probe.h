/* SPDX-License-Identifier: GPL-2.0 */
/*
 * A connection that is made to see what becomes of it.
 */
#ifndef SMC_TOOLS_PROBE_H
#define SMC_TOOLS_PROBE_H

#include <stdint.h>

#include "route.h"
#include "tap.h"

/**
 * struct probe - what became of a connection
 * @err: of the connection; 0: it was made
 * @has_smc: it uses SMC; otherwise the following is set
 * @reason: why it fell back; 0 if nobody tells
 * @peer_reason: what the peer said when it declined; 0 if nobody tells
 * @tap: what was seen on the wire
 * @tcp_answers: nothing came back, but it does when TCP is used without SMC
 */
struct probe {
	int err;
	bool has_smc;
	uint32_t reason;
	uint32_t peer_reason;
	struct tap tap;
	bool tcp_answers;
};

/* Connect an SMC socket to the target and close it again. */
void probe_run(struct probe *probe, const struct target *target);

#endif
