// SPDX-License-Identifier: GPL-2.0
/* Fuzz the decoder of CDC messages. */
#include "fuzz.h"

int LLVMFuzzerTestOneInput(const u8 *data, size_t size)
{
	require(roundtrip_cdc(data, size, NULL));
	return 0;
}
