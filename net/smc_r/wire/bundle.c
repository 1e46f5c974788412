// SPDX-License-Identifier: GPL-2.0
/* Bundles of small writes, see Documentation/imm.md. */
#include "bundle.h"

#include "imm.h"

/**
 * smcr_bundle_next() - the next write of a bundle
 * @buf: the message
 * @len: its length in bytes
 * @pos: where to look, 0 at first; moved behind the entry
 * @entry: filled in
 *
 * Return: false at the end, or where the rest is no entry.
 */
bool smcr_bundle_next(const u8 *buf, u32 len, u32 *pos,
		      struct smcr_bundle_entry *entry)
{
	u32 at = *pos ? *pos : SMCR_BUNDLE_HDR_LEN;

	if (at > len || len - at <= SMCR_BUNDLE_ENTRY_LEN)
		return false;
	entry->imm = smcr_load_be32(buf + at);
	entry->at = at + SMCR_BUNDLE_ENTRY_LEN;
	entry->len = smcr_imm_len(entry->imm);
	if (!entry->len || entry->len > len - entry->at)
		return false;
	*pos = entry->at + entry->len;
	return true;
}

/**
 * smcr_bundle_validate() - is this a bundle?
 * @buf: the message
 * @len: its length in bytes, from the completion
 *
 * Return: 0, or -EBADMSG if its header or any entry is wrong, or there is
 * none.
 */
int smcr_bundle_validate(const u8 *buf, u32 len)
{
	struct smcr_bundle_entry entry;
	u32 pos = 0;

	if (len > SMCR_BUNDLE_MAX_LEN || len < SMCR_BUNDLE_HDR_LEN ||
	    buf[0] != SMCR_BUNDLE_TYPE || smcr_load_be16(buf + 2) != len)
		return -EBADMSG;
	while (smcr_bundle_next(buf, len, &pos, &entry))
		;
	return pos == len ? 0 : -EBADMSG;
}

/**
 * smcr_bundle_add_entry() - begin another entry
 * @buf: the message, with room for the entry and its data
 * @len: bytes so far, 0 at first
 * @imm: as of a plain write
 *
 * Return: offset where the data belongs.
 */
u32 smcr_bundle_add_entry(u8 *buf, u32 len, u32 imm)
{
	if (!len)
		len = SMCR_BUNDLE_HDR_LEN;
	smcr_store_be32(buf + len, imm);
	return len + SMCR_BUNDLE_ENTRY_LEN;
}

/**
 * smcr_bundle_finish() - write the header
 * @buf: the message, with all of its entries
 * @len: its length in bytes
 */
void smcr_bundle_finish(u8 *buf, u32 len)
{
	buf[0] = SMCR_BUNDLE_TYPE;
	buf[1] = 0;
	smcr_store_be16(buf + 2, len);
}
