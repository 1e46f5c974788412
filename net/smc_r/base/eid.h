/* SPDX-License-Identifier: GPL-2.0 */
/* The user EIDs of this host (wire.md 3.5). */
#ifndef SMCR_BASE_EID_H
#define SMCR_BASE_EID_H

#include "../wire/clc.h"

/* at most this many in the table, as stock Linux has it */
#define SMCR_EID_MAX	4

/* in the table from load on, so that two smc_r hosts agree unconfigured */
#define SMCR_EID_DEFAULT	"SMC-R-DEFAULT-EID"

void smcr_eid_init(void);
int smcr_eid_add(const char *name, size_t len);
int smcr_eid_remove(const char *name, size_t len);
void smcr_eid_flush(void);
u8 smcr_eid_copy_all(u8 eid[SMCR_EID_MAX][SMCR_EID_LEN]);
const u8 *smcr_eid_choose(const u8 (*offer)[SMCR_EID_LEN], u8 count);
bool smcr_eid_is_ours(const u8 eid[SMCR_EID_LEN]);

#endif
