// SPDX-License-Identifier: GPL-2.0
/* Fuzz the decoder of ACCEPT and CONFIRM. */
#include "fuzz.h"

int LLVMFuzzerTestOneInput(const u8 *data, size_t size)
{
	fuzz_clc(data, size, roundtrip_accept);
	return 0;
}
