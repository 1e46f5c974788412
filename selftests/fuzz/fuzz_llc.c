// SPDX-License-Identifier: GPL-2.0
/* Fuzz the decoder of LLC messages. */
#include "fuzz.h"

int LLVMFuzzerTestOneInput(const u8 *data, size_t size)
{
	require(roundtrip_llc(data, size, NULL));
	return 0;
}
