// SPDX-License-Identifier: GPL-2.0
/* Fuzz the decoder of DECLINE. */
#include "fuzz.h"

int LLVMFuzzerTestOneInput(const u8 *data, size_t size)
{
	fuzz_clc(data, size, roundtrip_decline);
	return 0;
}
