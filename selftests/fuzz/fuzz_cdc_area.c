// SPDX-License-Identifier: GPL-2.0
/* Fuzz the decoder of the SMC-D control area. */
#include "fuzz.h"

int LLVMFuzzerTestOneInput(const u8 *data, size_t size)
{
	require(roundtrip_cdc_area(data, size, NULL));
	return 0;
}
