// SPDX-License-Identifier: GPL-2.0
/* Fuzz bundles: what is valid comes apart to the last byte. */
#include "bundle.h"
#include "fuzz.h"

static volatile u8 sink;

static const char *take_apart(const u8 *data, u32 size)
{
	struct smcr_bundle_entry entry;
	u32 used = SMCR_BUNDLE_HDR_LEN;
	u32 pos = 0;
	u32 i;

	while (smcr_bundle_next(data, size, &pos, &entry)) {
		if (entry.at != used + SMCR_BUNDLE_ENTRY_LEN || !entry.len)
			return "an entry begins elsewhere";
		for (i = 0; i < entry.len; i++)
			sink = data[entry.at + i];
		used = entry.at + entry.len;
	}
	if (!smcr_bundle_validate(data, size) && used != size)
		return "valid, but not all of it";
	return NULL;
}

int LLVMFuzzerTestOneInput(const u8 *data, size_t size)
{
	u8 *framed;

	require(take_apart(data, size));
	if (size < SMCR_BUNDLE_HDR_LEN || size > SMCR_BUNDLE_MAX_LEN)
		return 0;
	framed = malloc(size);
	if (!framed)
		abort();
	memcpy(framed, data, size);
	smcr_bundle_finish(framed, size);
	require(take_apart(framed, size));
	free(framed);
	return 0;
}
