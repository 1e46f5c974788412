/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Bundles, an extension between smc_r hosts (Documentation/imm.md): small
 * writes of several connections in one message. Each entry is the immediate
 * value of a plain write and the data itself, which the receiver puts where
 * the write would have put it.
 */
#ifndef SMCR_WIRE_BUNDLE_H
#define SMCR_WIRE_BUNDLE_H

#include "port.h"

/* no LLC message, nor CDC */
#define SMCR_BUNDLE_TYPE	0xf5
#define SMCR_BUNDLE_HDR_LEN	4
#define SMCR_BUNDLE_ENTRY_LEN	4
/* the whole message; what each posted receive must have room for */
#define SMCR_BUNDLE_MAX_LEN	16384

/**
 * struct smcr_bundle_entry - a write in a bundle
 * @imm: as of a plain write: slot, whether the writer is blocked, length
 * @at: offset of the data in the message
 * @len: bytes of data, at least 1
 */
struct smcr_bundle_entry {
	u32 imm;
	u32 at;
	u32 len;
};

int smcr_bundle_validate(const u8 *buf, u32 len);
bool smcr_bundle_next(const u8 *buf, u32 len, u32 *pos,
		      struct smcr_bundle_entry *entry);
u32 smcr_bundle_add_entry(u8 *buf, u32 len, u32 imm);
void smcr_bundle_finish(u8 *buf, u32 len);

#endif
