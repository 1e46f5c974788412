/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Does the TCP handshake carry the SMC option, and does the peer decline? Told
 * from what an interface has sent and received, which is behind the rules of a
 * firewall on the way out and before them on the way in.
 */
#ifndef SMC_TOOLS_TAP_H
#define SMC_TOOLS_TAP_H

#include <stdbool.h>
#include <stdint.h>

#include "route.h"

enum seen { SEEN_NOTHING, SEEN_WITHOUT, SEEN_WITH };

struct tap {
	int fd;
	/* SYN of ours, SYN/ACK of the peer */
	enum seen syn, answer;
	/* why the peer declined; 0: it did not */
	uint32_t decline;
	/* there was no room for all packets: what was not seen may have been there */
	bool has_lost;
};

/* Begin to look; without CAP_NET_RAW nothing will be seen. */
void tap_open(struct tap *tap, const struct target *target);

/* Look through what came since, and end. */
void tap_close(struct tap *tap, const struct target *target);

#endif
