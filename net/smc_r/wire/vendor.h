/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The vendor area of a PROPOSAL (wire.md 2.3), where smc_r hosts know each
 * other: a locally administered OUI, then a mask of what else is understood.
 * Other implementations leave it zero and ignore it.
 */
#ifndef SMCR_WIRE_VENDOR_H
#define SMCR_WIRE_VENDOR_H

#include "clc.h"

#define SMCR_VENDOR_OUI		0x025352
/* plain writes, Documentation/imm.md */
#define SMCR_VENDOR_IMM		0x01
/* bundles, Documentation/imm.md; only beside plain writes */
#define SMCR_VENDOR_BUNDLE	0x04
/* the version 1 GID is a RoCEv2 GID, Documentation/version1.md */
#define SMCR_VENDOR_ROUTABLE	0x02

#define SMCR_VENDOR_MASK_AT	3

static inline void smcr_vendor_offer(struct smcr_clc_proposal *prop, u8 bit)
{
	smcr_store_be24(prop->vendor, SMCR_VENDOR_OUI);
	prop->vendor[SMCR_VENDOR_MASK_AT] |= bit;
}

static inline u8 smcr_vendor_offered(const struct smcr_clc_proposal *prop)
{
	if (smcr_load_be24(prop->vendor) != SMCR_VENDOR_OUI)
		return 0;
	return prop->vendor[SMCR_VENDOR_MASK_AT];
}

static inline bool smcr_vendor_offers(const struct smcr_clc_proposal *prop,
				      u8 bit)
{
	return smcr_vendor_offered(prop) & bit;
}

#endif
