/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Plain writes, an extension between smc_r hosts (Documentation/imm.md): data
 * that comes with no news but itself is announced by the immediate value of
 * its RDMA write instead of a CDC message behind it. Agreed on in vendor
 * fields that other implementations leave zero.
 */
#ifndef SMCR_WIRE_IMM_H
#define SMCR_WIRE_IMM_H

#include "vendor.h"

#define SMCR_IMM_BLOCKED	0x800000
#define SMCR_IMM_MAX_LEN	0x7fffff

/* first contact extension: the mask of the PROPOSAL behind two known bytes */
#define SMCR_IMM_FCE_MAGIC	0x5352

/* the receiver's slot is the low byte of its token */
static inline u32 smcr_imm_make(u32 peer_token, bool is_blocked, u32 len)
{
	return (peer_token & 0xff) << 24 |
	       (is_blocked ? SMCR_IMM_BLOCKED : 0) | len;
}

static inline u8 smcr_imm_slot(u32 imm)
{
	return imm >> 24;
}

static inline bool smcr_imm_is_blocked(u32 imm)
{
	return imm & SMCR_IMM_BLOCKED;
}

static inline u32 smcr_imm_len(u32 imm)
{
	return imm & SMCR_IMM_MAX_LEN;
}

/* what of these extensions is understood and agreed on, as a mask */
#define SMCR_IMM_EXTENSIONS	(SMCR_VENDOR_IMM | SMCR_VENDOR_BUNDLE)

static inline u8 smcr_imm_valid(u8 mask)
{
	return mask & SMCR_VENDOR_IMM ? mask & SMCR_IMM_EXTENSIONS : 0;
}

static inline void smcr_imm_offer(struct smcr_clc_proposal *prop)
{
	smcr_vendor_offer(prop, SMCR_IMM_EXTENSIONS);
}

static inline u8 smcr_imm_offered(const struct smcr_clc_proposal *prop)
{
	return prop->release ? smcr_imm_valid(smcr_vendor_offered(prop)) : 0;
}

static inline void smcr_imm_agree(struct smcr_clc_fce *fce, u8 mask)
{
	if (!mask)
		return;
	smcr_store_be16(fce->vendor, SMCR_IMM_FCE_MAGIC);
	fce->vendor[3] = mask;
}

static inline u8 smcr_imm_agreed(const struct smcr_clc_fce *fce)
{
	if (!fce->release ||
	    smcr_load_be16(fce->vendor) != SMCR_IMM_FCE_MAGIC)
		return 0;
	return smcr_imm_valid(fce->vendor[3]);
}

#endif
