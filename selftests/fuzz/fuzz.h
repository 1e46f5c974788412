/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Common part of the fuzz targets. Each target hands its input to one decoder
 * and aborts if what it accepts does not survive a round trip. The sanitizers
 * see to reads outside of the input.
 */
#ifndef SMCR_FUZZ_H
#define SMCR_FUZZ_H

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "roundtrip.h"

int LLVMFuzzerTestOneInput(const u8 *data, size_t size);

static inline void require(const char *wrong)
{
	if (!wrong)
		return;
	fprintf(stderr, "round trip: %s\n", wrong);
	abort();
}

/*
 * The input as it is, and with a valid frame around it: nearly all mutations
 * break the length field or an eyecatcher, and nothing behind them would be
 * reached.
 */
static inline void fuzz_clc(const u8 *data, size_t size,
			    const char *(*roundtrip)(const u8 *buf, size_t len,
						     int *rc))
{
	static const u8 eyecatcher[4] = { 0xe2, 0xd4, 0xc3, 0xd9 };
	u8 *framed;

	require(roundtrip(data, size, NULL));
	if (size < SMCR_CLC_HDR_LEN + sizeof(eyecatcher) || size > 0xffff)
		return;
	framed = malloc(size);
	if (!framed)
		abort();
	memcpy(framed, data, size);
	memcpy(framed, eyecatcher, sizeof(eyecatcher));
	smcr_store_be16(framed + 5, (u16)size);
	memcpy(framed + size - sizeof(eyecatcher), eyecatcher,
	       sizeof(eyecatcher));
	require(roundtrip(framed, size, NULL));
	free(framed);
}

#endif
