/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Messages that a valid peer could send, for scripts to change:
 *
 *	proposal		SMC-R version 2.1
 *	proposal_v20		the same, version 2.0
 *	accept, confirm		first contact
 *	accept_later, confirm_later	in a link group that exists
 *	decline, decline_v1	"configuration error"
 *	clc_...			as recorded in unit/golden.txt
 */
#ifndef CLC_MESSAGE_H
#define CLC_MESSAGE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "clc.h"

/**
 * struct clc_facts - what a message depends on
 * @id: number of the connection, among those of this program and its earlier
 *	runs
 * @gid: RoCEv2 GID of this host
 * @eid: user EID, blank padded; of the PROPOSAL if one was received
 * @accept: as received; zero before
 */
struct clc_facts {
	uint64_t id;
	uint8_t gid[SMCR_GID_LEN];
	uint8_t eid[SMCR_EID_LEN];
	struct smcr_clc_accept accept;
};

bool clc_message_exists(const char *name);
int clc_message_build(const char *name, const struct clc_facts *facts, uint8_t *buf, size_t cap);
void clc_message_set_eid(uint8_t to[SMCR_EID_LEN], const char *eid);
void clc_message_stamp(const struct clc_facts *facts, uint8_t *peer_id);

#endif
